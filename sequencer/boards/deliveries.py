"""Shipped = confirmed = billed: what agrees, what differs, what nobody has answered yet."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet

from sequencer.models import BillingLine, DeliveryLine, Shipment
from sequencer.states import ShipmentStatus

Board = dict[str, Any]
# A customer books within a day; a bill follows within a week.
CONFIRM_WITHIN, BILL_WITHIN = timedelta(hours=24), timedelta(days=7)
ROWS = 80
SHOW = (
    ("differences", "Differences"),
    ("unconfirmed", "Not confirmed"),
    ("unbilled", "Not billed"),
    ("agreed", "Agreed"),
    ("all", "All"),
)


def deliveries(*, at: datetime, show: str = "differences", number: str = "") -> Board:
    """The page: how many lines stand how, and the lines asked for."""
    lines = DeliveryLine.objects.select_related("shipment__unloading_point__plant")
    if number:
        lines = lines.filter(Q(shipment__number__icontains=number) | Q(customer_part__icontains=number))
    sets = _sets(lines)
    chosen = sets.get(show, sets["differences"])
    strays = BillingLine.objects.filter(delivery__isnull=True, settled_at__isnull=True)
    counts = {name: rows.count() for name, rows in sets.items()}
    return {
        "show": show,
        "number": number,
        "tabs": [{"code": code, "words": words, "count": counts[code]} for code, words in SHOW],
        "rows": [
            _row(line, at) for line in chosen.order_by("-shipment__departed_at", "customer_part")[:ROWS]
        ],
        "more": max(0, counts.get(show, 0) - ROWS),
        "strays": list(strays[:ROWS]),
        "stray_count": strays.count(),
        "open": _open(at),
        "totals": counts,
    }


def _sets(lines: QuerySet[DeliveryLine]) -> dict[str, QuerySet[DeliveryLine]]:
    agreed = Q(confirmed=F("shipped"), billed=F("shipped")) | Q(settled_at__isnull=False)
    differs = (
        (Q(confirmed__isnull=False) & ~Q(confirmed=F("shipped")))
        | (Q(billed__isnull=False) & ~Q(billed=F("shipped")))
        | ~Q(discrepancy="")
    )
    return {
        "differences": lines.filter(differs, settled_at__isnull=True),
        "unconfirmed": lines.filter(confirmed__isnull=True, settled_at__isnull=True),
        "unbilled": lines.filter(billed__isnull=True, settled_at__isnull=True),
        "agreed": lines.filter(agreed),
        "all": lines,
    }


def _row(line: DeliveryLine, at: datetime) -> Board:
    left = line.shipment.departed_at
    age = at - left if left else timedelta()
    return {
        "id": line.pk,
        "shipment": line.shipment,
        "part": line.customer_part,
        "shipped": line.shipped,
        "confirmed": line.confirmed,
        "billed": line.billed,
        "words": in_words(line, age),
        "settled": line.settled_at is not None,
        "line": line,
        "age": age,
    }


def in_words(line: DeliveryLine, age: timedelta) -> list[tuple[str, str]]:
    """(look, sentence) of everything that does not agree; an empty list is the good news."""
    said: list[tuple[str, str]] = []
    if line.settled_at is not None:
        return [("ok", f"settled by {line.settled_by}: {line.settled_reason}")]
    if line.confirmed is None:
        said.append(("soon" if age > CONFIRM_WITHIN else "", "not confirmed yet"))
    elif line.confirmed != line.shipped:
        said.append(("stop", f"confirmed {_fewer(line.confirmed - line.shipped)}"))
    if line.discrepancy:
        said.append(("stop", f"customer says {line.discrepancy}"))
    if line.billed is None:
        said.append(("soon" if age > BILL_WITHIN else "", "not billed yet"))
    elif line.billed != line.shipped:
        said.append(("stop", f"billed {_fewer(line.billed - line.shipped)}"))
    return said


def _fewer(difference: Decimal) -> str:
    return f"{abs(difference).normalize():f} {'more' if difference > 0 else 'fewer'} than shipped"


def _open(at: datetime) -> list[Board]:
    """Shipments on the road or waiting for their confirmation, the oldest first."""
    found = (
        Shipment.objects.filter(status__in=[ShipmentStatus.DEPARTED, ShipmentStatus.ARRIVED])
        .select_related("unloading_point__plant")
        .order_by("departed_at")[:20]
    )
    return [
        {
            "shipment": shipment,
            "minutes": int((at - shipment.departed_at).total_seconds() // 60) if shipment.departed_at else 0,
            "late": bool(shipment.departed_at and at - shipment.departed_at > CONFIRM_WITHIN),
        }
        for shipment in found
    ]
