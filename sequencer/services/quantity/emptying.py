"""A box is emptied: its pieces go back, its call is open again, and a truck that waited for it waits no more."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale
from sequencer.models import HandlingUnit, KanbanCard, Shipment, Station, Unit
from sequencer.services import printing
from sequencer.services.quantity.boxes import lock_box, move_box, open_card
from sequencer.services.quantity.calls import settle_call, tell
from sequencer.services.shipping import lock_shipment, settle_truck
from sequencer.states import DONE_QUANTITIES, HandlingStatus, UnitStatus


def empty_box(
    box_id: int, *, by: str, reason: str, at: datetime, station: Station | None = None
) -> HandlingUnit:
    """The pieces go back to the buffer; call and card are open again, the label is void.

    `station`: where it is scanned; from there another station's box is not taken away. Refuses without a reason, a box
    on a truck (take it off first) or gone, and a kanban box whose card is out again. A card whose call wants nothing
    more is free for the next call. Locks the stations it stands at, the truck it was planned for, then its call.
    """
    with transaction.atomic():
        if station is None:
            here = Station.objects.select_for_update(no_key=True).filter(handling_unit=box_id)
            mine = {found.pk for found in here.order_by("pk")}
        else:
            mine = {station.pk}
        planned = HandlingUnit.objects.filter(pk=box_id, shipment__isnull=False).values_list(
            "shipment", flat=True
        )
        truck = next((lock_shipment(pk) for pk in planned), None)
        box = lock_box(box_id)
        if box.shipment_id not in {None, truck.pk if truck is not None else None}:
            raise Stale(f"box {box.number}")
        other = box.stations.exclude(pk__in=mine).first()
        if other is not None:
            raise Refused(
                "at_station", _("%(box)s is packed at %(station)s") % {"box": box, "station": other.code}
            )
        _empty(box, by=by, reason=reason, at=at)
        if truck is not None and _holds_anything(truck):
            settle_truck(truck)
    return box


def _holds_anything(truck: Shipment) -> bool:
    return truck.racks.exists() or truck.boxes.exists()


def _empty(box: HandlingUnit, *, by: str, reason: str, at: datetime) -> None:
    if not reason.strip():
        raise Refused("reason_missing", "say why the box is emptied")
    if box.status == HandlingStatus.LOADED:
        raise Refused("loaded", f"{box.number} stands on a truck; take it off first")
    pieces = box.pieces
    again = open_card(box.card.number) if box.card is not None and box.card.closed_at is not None else None
    if again is not None:
        raise Refused(
            "card_called",
            f"card {again} is out again with {again.call.number}; take the pieces off that call",
        )
    Unit.objects.filter(handling_unit=box).update(status=UnitStatus.BUFFER, handling_unit=None)
    card = box.card
    move_box(box, HandlingStatus.CANCELLED, card=None, shipment=None, emptied_reason=reason.strip()[:200])
    Station.objects.filter(handling_unit=box).update(
        handling_unit=None, mode="", pending_unit_part="", pending_unit_lot=""
    )
    printing.void_labels(box, at=at, reason=reason)
    settle_call(box.call, at=at)
    if card is not None:
        # Of a call that was withdrawn nobody packs it again: the customer may call it with another one.
        over = at if box.call.status in DONE_QUANTITIES else None
        KanbanCard.objects.filter(pk=card.pk).update(closed_at=None, closed_by="", withdrawn_at=over)
    tell(box.call, "box_emptied", at=at, by=by, reason=reason, box=box.number, pieces=pieces)
