"""A box at the dock: no order among boxes, but the right door and truck, and nothing held or not wanted."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from sequencer.models import HandlingUnit, Station
from sequencer.services.held import held_boxes
from sequencer.services.quantity.boxes import lock_box, may_leave
from sequencer.services.quantity.trucks import load_box
from sequencer.services.shipping import lock_shipment, settle_truck
from sequencer.services.verdicts import Judged
from sequencer.states import DONE_SHIPMENTS, HandlingStatus


def load(station: Station, found: HandlingUnit, at: datetime) -> Judged:
    """A box's label: onto the truck that is open at this door, when it may go there."""
    point = found.call.unloading_point
    here = station.shipment.unloading_point_id if station.shipment is not None else station.unloading_point_id
    if point.pk != here:
        return Judged("WRONG_DOOR", "BOX", expected=str(station.unloading_point), seen=found.number,
                      hint=_("This box goes to %(point)s") % {"point": point})  # fmt: skip
    if station.shipment_id is None or station.shipment is None or station.shipment.status in DONE_SHIPMENTS:
        return Judged("NOT_NOW", "BOX", seen=found.number, hint=_("Scan the truck first"), sound="check")
    shipment = lock_shipment(station.shipment_id)
    box = lock_box(found.pk)

    def no(code: str, hint: str, sound: str = "", expected: str = "") -> Judged:
        return Judged(
            code, "BOX", expected=expected, seen=box.number, hint=hint, sound=sound, shipment=shipment
        )

    if box.status == HandlingStatus.LOADED and box.shipment_id == shipment.pk:
        return no("NOT_NOW", _("This box is on the truck already"), "check")
    if box.status in {HandlingStatus.LOADED, HandlingStatus.SHIPPED}:
        told = (
            _("This box left with %(truck)s: one of the two labels is a copy")
            if box.status == HandlingStatus.SHIPPED
            else _("This box stands on %(truck)s: one of the two labels is a copy")
        )
        return no("WRONG_BOX", told % {"truck": box.shipment})
    if box.status == HandlingStatus.CANCELLED:
        return no(
            "WRONG_BOX",
            _("%(box)s was emptied: %(emptied_reason)s")
            % {"box": box.number, "emptied_reason": box.emptied_reason},
        )
    if box.status != HandlingStatus.STAGED:
        return no(
            "WRONG_BOX",
            _("%(box)s is not finished at its station") % {"box": box.number},
            expected=_("a finished box"),
        )
    held = held_boxes([box.pk]).get(box.pk)
    if held is not None:
        return no("ON_HOLD", held)
    if not may_leave(box.call, box):
        return no(
            "OUT_OF_DATE_CALL",
            _("%(call)s wants %(quantity)s now; this box is too many")
            % {"call": box.call.number, "quantity": box.call.quantity},
        )
    if box.shipment_id not in {None, shipment.pk}:
        return no(
            "WRONG_TRUCK",
            _("This box goes with %(shipment)s") % {"shipment": box.shipment},
            expected=shipment.number,
        )
    if shipment.seal_number:
        return no("NOT_NOW", _("%(shipment)s is sealed already") % {"shipment": shipment.number}, "check")
    load_box(shipment, box, at=at, by=str(station.operator))
    settle_truck(shipment)
    return Judged(
        "OK",
        "BOX",
        seen=box.number,
        shipment=shipment,
        hint=_("%(pieces)s x %(customer_part)s for %(call)s")
        % {"pieces": box.pieces, "customer_part": box.call.customer_part, "call": box.call.number},
    )
