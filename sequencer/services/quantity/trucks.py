"""Boxes and trucks: who takes them, what keeps them here, what becomes of them when the truck goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db.models import Sum

from sequencer.models import HandlingUnit, Shipment, Unit
from sequencer.services.held import held_boxes
from sequencer.services.journal import record_event
from sequencer.services.quantity.boxes import may_leave, move_box
from sequencer.services.quantity.calls import calls_on, settle_call
from sequencer.states import HandlingStatus, UnitStatus


def boxes_on(shipment: Shipment | int) -> list[HandlingUnit]:
    """Every box on a truck's list, loaded or not, in the order they were made."""
    rows = HandlingUnit.objects.filter(shipment=shipment).exclude(status=HandlingStatus.CANCELLED)
    return list(rows.select_related("call__part", "call__unloading_point", "card").order_by("pk"))


def boxes_waiting(shipment: Shipment | int) -> bool:
    """Whether a box on the list does not stand on the truck yet."""
    return HandlingUnit.objects.filter(shipment=shipment, status=HandlingStatus.STAGED).exists()


def boxes_loaded(shipment: Shipment | int) -> bool:
    return HandlingUnit.objects.filter(shipment=shipment, status=HandlingStatus.LOADED).exists()


def staged_boxes(unloading_point_id: int) -> list[HandlingUnit]:
    """Boxes with their label on that no truck takes yet, the one due first on top."""
    rows = HandlingUnit.objects.filter(
        status=HandlingStatus.STAGED, shipment__isnull=True, call__unloading_point=unloading_point_id
    )
    return list(rows.select_related("call").order_by("call__due_at", "pk"))


def free_boxes(shipment_ids: Iterable[int]) -> list[str]:
    """Takes what is not loaded off the lists of these locked trucks; it waits for the next one. Returns the numbers."""
    rows = HandlingUnit.objects.filter(shipment__in=list(shipment_ids), status=HandlingStatus.STAGED)
    names = list(rows.order_by("pk").values_list("number", flat=True))
    rows.update(shipment=None)
    return names


def box_objections(boxes: Iterable[HandlingUnit]) -> Iterator[tuple[str, str]]:
    """Why these boxes keep their truck here: code and sentence."""
    boxes = list(boxes)
    held = held_boxes([box.pk for box in boxes])
    for box in boxes:
        if box.status != HandlingStatus.LOADED:
            yield "not_loaded", f"box {box.number} is {box.status.lower()}"
        if box.pk in held:
            yield "host_check", f"box {box.number}: on quality hold {held[box.pk]}"
        if not may_leave(box.call, box):
            text = f"box {box.number}: {box.call.number} wants {box.call.quantity} now; take it off"
            yield "host_check", text


def load_box(shipment: Shipment, box: HandlingUnit, *, at: datetime, by: str) -> None:
    """Puts a staged box on its truck; shipment and call are locked."""
    move_box(box, HandlingStatus.LOADED, shipment=shipment, loaded_at=at)
    record_event(
        f"dock:{shipment.unloading_point_id}", "box_loaded", box.number, at=at, by=by, truck=shipment.number
    )


def unload_box(shipment: Shipment, box: HandlingUnit, *, at: datetime, by: str, reason: str) -> None:
    """Takes a box off its truck and its list; shipment and call are locked."""
    move_box(box, HandlingStatus.STAGED, shipment=None, loaded_at=None)
    record_event(
        f"dock:{shipment.unloading_point_id}", "box_unloaded", box.number, at=at, by=by, reason=reason
    )


def ship_boxes(shipment: Shipment, boxes: Sequence[HandlingUnit], *, at: datetime) -> dict[str, int]:
    """The truck leaves: boxes and pieces are shipped, calls as far as they are served. Pieces by customer part."""
    for box in boxes:
        move_box(box, HandlingStatus.SHIPPED)
    Unit.objects.filter(handling_unit__in=[box.pk for box in boxes]).update(status=UnitStatus.SHIPPED)
    for call in calls_on(shipment.pk):
        settle_call(call, at=at)
    rows = HandlingUnit.objects.filter(pk__in=[box.pk for box in boxes]).order_by()
    left = rows.values("call__customer_part").annotate(total=Sum("pieces"))
    return {row["call__customer_part"]: int(row["total"]) for row in left}
