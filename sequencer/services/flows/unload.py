"""UNLOAD: racks come off the truck, so that one that belongs before them is loaded first, or for another reason."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext, gettext_noop

from sequencer.labels import Kind
from sequencer.models import Badge, Carrier, HandlingUnit, Rack, Shipment, Station
from sequencer.services.flows.loading import DOCK_ONLY, no_truck, reason_cards, truck_here
from sequencer.services.moves import belongs_before, insert_locked, lock_both
from sequencer.services.quantity.boxes import box_of, lock_box
from sequencer.services.quantity.trucks import boxes_loaded, unload_box
from sequencer.services.racks import lock_racks
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.shipping import open_again, settle_truck, stands_on_truck, unload_locked
from sequencer.services.verdicts import Judged
from sequencer.states import HandlingStatus, RackStatus
from sequencer.trailer import come_off

REASONS = ("WRONG-LOAD", "QUALITY", "DAMAGED", "OTHER-TRUCK")


class Unload(Flow):
    """UNLOAD: a rack belongs before what stands on the truck, or something must come off for a reason.

    A supervisor decides; then the dock says rack by rack what comes off, and loads in the new order.
    """

    command = "UNLOAD"
    kinds = DOCK_ONLY
    title = gettext_noop("Take racks off the truck")

    def begin(self, judging: Judging) -> Judged:
        shipment = truck_here(judging)
        if shipment is None:
            return no_truck("UNLOAD")
        first = belongs_before(shipment)
        if first is not None:
            judging.want_supervisor(self, f"INSERT:{first.pk}")
            return Judged(
                "OK",
                "UNLOAD",
                hint=gettext("%(first)s belongs before: scan the supervisor's badge")
                % {"first": first.number},
                sound="wait",
                rack=first,
                shipment=shipment,
            )
        if not any(stands_on_truck(rack) for rack in shipment.racks.all()) and not boxes_loaded(shipment):
            return Judged(
                "NOT_NOW", "UNLOAD", hint=gettext("Nothing is on the truck"), sound="check", shipment=shipment
            )
        judging.wait(self, "REASON")
        return Judged("OK", "UNLOAD", hint=gettext("Scan the reason"), sound="wait", shipment=shipment)

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        if state == "REASON":
            return Ask(
                "REASON",
                gettext("SCAN THE REASON"),
                gettext("why racks come off, or BACK"),
                reason_cards(REASONS),
            )
        cards = tuple(
            (gettext("Rack %(rack)s") % {"rack": code}, f"%R:{code}", "rack")
            for code in Rack.objects.filter(shipment=station.shipment_id, status=RackStatus.LOADED)
            .order_by("-truck_place")
            .values_list("carrier__code", flat=True)
        )
        return Ask(
            "UNLOAD",
            gettext("SCAN THE RACK THAT COMES OFF"),
            gettext("from the door inwards; BACK when done"),
            cards,
        )

    def step(self, judging: Judging, state: str) -> Judged:
        if state == "REASON":
            if judging.label.kind is not Kind.REASON or judging.label.value not in REASONS:
                return Judged("NOT_NOW", "UNLOAD", seen=judging.label.shown, hint=gettext("Scan a reason, or BACK"),
                              sound="check")  # fmt: skip
            judging.want_supervisor(self, f"FREE:{judging.label.value}")
            return Judged("OK", "UNLOAD", hint=gettext("Scan the supervisor's badge"), sound="wait")
        return self._take_off(judging, state)

    def authorised(self, judging: Judging, badge: Badge, state: str) -> Judged:
        kind, _, rest = state.partition(":")
        by = badge.user.get_username()
        if kind == "FREE":
            judging.wait(self, f"OFF:{by}:{rest}")
            return Judged(
                "OK", "UNLOAD", hint=gettext("Scan each rack that comes off; BACK when done"), sound="wait"
            )
        assert judging.station.shipment_id is not None
        shipment = lock_both(judging.station.shipment_id, int(rest))
        number = Rack.objects.get(pk=int(rest)).number
        reason = f"{number} belongs before what is loaded"
        pushed = insert_locked(shipment, int(rest), by=by, reason=reason, at=judging.at)
        listed = (
            gettext("%(number)s is on the list; %(racks)s waits for the next truck")
            if pushed
            else gettext("%(number)s is on the list")
        )
        return Judged(
            "OK",
            "UNLOAD",
            seen=number,
            hint=listed % {"number": number, "racks": ", ".join(rack.number for rack in pushed)},
            shipment=shipment,
        )

    def _take_off(self, judging: Judging, state: str) -> Judged:
        shipment, label = truck_here(judging), judging.label
        if shipment is None:
            judging.leave()
            return no_truck("UNLOAD")
        box = box_of(label, judging.raw)
        if box is not None:
            return self._take_box_off(judging, shipment, box, state)
        carrier = Carrier.objects.filter(code=label.value).first() if label.kind is Kind.CARRIER else None
        on_it = {r.carrier_id: r for r in shipment.racks.select_related("carrier") if stands_on_truck(r)}
        rack = on_it.get(carrier.pk) if carrier is not None else None
        if rack is None:
            return Judged("WRONG_RACK", "UNLOAD", seen=label.shown, hint=gettext("This is no rack on this truck"),
                          shipment=shipment)  # fmt: skip
        places = {r.pk: r.truck_place for r in on_it.values() if r.truck_place is not None}
        others = {pk: place for pk, place in places.items() if pk != rack.pk}
        first = come_off(shipment.layout, places, others)[0]
        if first != rack.pk:
            name = next(r.carrier.code for r in on_it.values() if r.pk == first and r.carrier is not None)
            return Judged(
                "WRONG_ORDER",
                "UNLOAD",
                expected=name,
                seen=label.value,
                hint=gettext("%(name)s stands before it") % {"name": name},
                rack=rack,
                shipment=shipment,
            )
        _, by, reason = state.split(":", 2)
        locked = lock_racks([rack.pk])[rack.pk]
        unload_locked(shipment, locked, at=judging.at, by=by, reason=reason.replace("-", " ").lower())
        return Judged(
            "OK", "UNLOAD", seen=label.value, hint=gettext("Off the truck"), rack=locked, shipment=shipment
        )

    def _take_box_off(self, judging: Judging, shipment: Shipment, found: HandlingUnit, state: str) -> Judged:
        """A box comes off in any order; it waits for the next truck, or is emptied."""
        box = lock_box(found.pk)
        if box.shipment_id != shipment.pk or box.status != HandlingStatus.LOADED:
            return Judged(
                "WRONG_BOX",
                "UNLOAD",
                seen=box.number,
                hint=gettext("This is no box on this truck"),
                shipment=shipment,
            )
        _, by, reason = state.split(":", 2)
        unload_box(shipment, box, at=judging.at, by=by, reason=reason.replace("-", " ").lower())
        open_again(shipment)
        settle_truck(shipment)
        return Judged("OK", "UNLOAD", seen=box.number, hint=gettext("Off the truck"), shipment=shipment)
