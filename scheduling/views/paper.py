"""A plan to take away: its bars as CSV, and a work list a resource as PDF."""

from __future__ import annotations

import csv
import io

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from scheduling.boards.paper import CSV_COLUMNS, bars_to_print, csv_rows, work_lists
from scheduling.boards.plan import find_plan, resources_asked
from sequencer.access import guarded
from sequencer.documents.pdf import render


@guarded
@require_safe
def plan_csv(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """Every bar in its sequence, times by the plant's clock; ?resource= and ?work_centre= narrow it."""
    plan = find_plan(plan_id)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows(csv_rows(bars_to_print(plan, _resources(request))))
    return _file(out.getvalue().encode(), "text/csv; charset=utf-8", f"plan-{plan.number}.csv", download=True)


@guarded
@require_safe
def plan_pdf(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """What the floor works by: each resource on pages of its own, in order."""
    plan = find_plan(plan_id)
    document = work_lists(plan, bars_to_print(plan, _resources(request)))
    return _file(render(document), "application/pdf", f"plan-{plan.number}.pdf", download=False)


def _resources(request: HttpRequest) -> list[int]:
    return resources_asked(request.GET.get("work_centre", ""), request.GET.getlist("resource"))


def _file(content: bytes, kind: str, name: str, *, download: bool) -> HttpResponse:
    way = "attachment" if download else "inline"
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'{way}; filename="{name}"'}
    )
