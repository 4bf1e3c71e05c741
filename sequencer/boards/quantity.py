"""Pages of what is called by quantity: calls by due time, one call with boxes and cards, boxes without truck."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from inventory.errors import Unknown
from sequencer.models import HandlingUnit, PackingInstruction, QuantityCall, UnloadingPoint
from sequencer.services.quantity.boxes import plate_of
from sequencer.services.quantity.calls import progress_of
from sequencer.services.quantity.picture import cards_of
from sequencer.states import DONE_QUANTITIES, HOUSE_BOXES, HandlingStatus

Board = dict[str, Any]
ROWS = 100
SHOW = (
    ("open", "Open"),
    ("late", "Late"),
    ("excess", "Too many packed"),
    ("done", "Shipped"),
    ("all", "All"),
)


def with_progress(calls: QuerySet[QuantityCall]) -> QuerySet[Any, Any]:
    """Calls with their pieces: in boxes in the house, shipped."""
    return calls.annotate(
        house=Sum("boxes__pieces", filter=Q(boxes__status__in=sorted(HOUSE_BOXES)), default=0),
        left=Sum("boxes__pieces", filter=Q(boxes__status=HandlingStatus.SHIPPED), default=0),
        box_count=Count("boxes", filter=~Q(boxes__status=HandlingStatus.CANCELLED)),
    ).select_related("part", "unloading_point__plant")


def calls(*, at: datetime, show: str = "open", q: str = "", point: int | None = None) -> Board:
    """The page: calls by due time. `q` is a part, a call, a signal or a card."""
    found = QuantityCall.objects.all()
    if point is not None:
        found = found.filter(unloading_point=point)
    if q:
        by_card = QuantityCall.objects.filter(cards__number__iexact=q).values("pk")
        found = found.filter(
            Q(number__icontains=q) | Q(customer_part__icontains=q) | Q(part__number__icontains=q)
            | Q(signal__icontains=q) | Q(pk__in=by_card)
        )  # fmt: skip
    open_calls = found.exclude(status__in=sorted(DONE_QUANTITIES))
    rows = {
        "open": open_calls,
        "late": open_calls.filter(due_at__lt=at),
        "done": found.filter(status__in=sorted(DONE_QUANTITIES)),
        "all": found,
        "excess": with_progress(found).filter(house__gt=0, quantity__lt=F("house") + F("left")),
    }.get(show, open_calls)
    # Sums make Django forget the order a model has of itself.
    order = ("-due_at", "-pk") if show == "done" else ("due_at", "pk")
    shown = list(with_progress(rows).order_by(*order)[: ROWS + 1])
    return {
        "rows": [_row(call, at) for call in shown[:ROWS]],
        "more": len(shown) > ROWS,
        "show": show,
        "q": q,
        "point": point,
        "tabs": SHOW,
        "points": list(UnloadingPoint.objects.select_related("plant")),
        "waiting": waiting_boxes(),
    }


def _row(call: Any, at: datetime) -> Board:
    house, left = call.house, call.left
    return {
        "call": call,
        "house": house,
        "shipped": left,
        "open": max(0, call.quantity - house - left),
        "excess": max(0, house + left - call.quantity),
        "late": call.due_at < at and call.status not in DONE_QUANTITIES,
        "percent": min(100, 100 * (house + left) // call.quantity) if call.quantity else 0,
        "zone": call.unloading_point.plant.time_zone,
    }


def waiting_boxes() -> list[Board]:
    """Finished boxes that no truck takes yet, by unloading point."""
    rows = (
        HandlingUnit.objects.filter(status=HandlingStatus.STAGED, shipment__isnull=True)
        .values("call__unloading_point", "call__unloading_point__code", "call__unloading_point__plant__code")
        .annotate(boxes=Count("pk"), pieces=Sum("pieces"))
        .order_by("call__unloading_point__plant__code", "call__unloading_point__code")
    )
    return [
        {
            "point": row["call__unloading_point"],
            "words": f"{row['call__unloading_point__plant__code']} {row['call__unloading_point__code']}",
            "boxes": row["boxes"],
            "pieces": row["pieces"],
        }
        for row in rows
    ]


def call(call_id: int, *, at: datetime) -> Board:
    """One call: what is packed and shipped of it, its cards, each box with licence plate and where it is."""
    found = with_progress(QuantityCall.objects.filter(pk=call_id)).first()
    if found is None:
        raise Unknown("no_call", f"there is no quantity call {call_id}")
    boxes = found.boxes.select_related("shipment", "card").order_by("pk")
    return {
        **_row(found, at),
        "progress": progress_of(found),
        "cards": cards_of(found),
        "boxes": [
            {
                "box": box,
                "plate": plate_of(box),
                "station": box.stations.values_list("code", flat=True).first() or "",
                "may_empty": box.status
                in {HandlingStatus.OPEN, HandlingStatus.CLOSED, HandlingStatus.STAGED},
            }
            for box in boxes
        ],
        "packing": PackingInstruction.objects.filter(part=found.part).select_related("station").first(),
    }
