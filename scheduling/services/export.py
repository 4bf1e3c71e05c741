"""What a published plan says to the ERP, as a file: one row an order."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from django.utils import timezone

from scheduling.models import ExportRow
from scheduling.services.plans import found

COLUMNS = (
    "plan", "order", "part", "quantity", "quantity_before", "due_at", "starts_at", "ends_at", "starts_before",
    "ends_before", "late_minutes", "changed",
)  # fmt: skip
# A spreadsheet would reckon a cell that begins so.
RECKONED = ("=", "+", "-", "@", "\t", "\r")


def export_csv(plan_id: int) -> str:
    """The rows of a plan by order; none for one that was never published. Refuses (404) a plan that is not there."""
    plan = found(plan_id)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in ExportRow.objects.filter(plan=plan):
        writer.writerow([
            plan.number, _text(row.order_number), _text(row.part_number), f"{row.quantity.normalize():f}",
            f"{row.quantity_before.normalize():f}", _moment(row.due_at), _moment(row.starts_at),
            _moment(row.ends_at), _moment(row.starts_before), _moment(row.ends_before), row.late_minutes,
            "yes" if row.changed else "no",
        ])  # fmt: skip
    return out.getvalue()


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(RECKONED) else value


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else timezone.localtime(moment).isoformat(timespec="minutes")
