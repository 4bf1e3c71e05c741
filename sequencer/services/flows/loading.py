"""PLACE: the rack is right, its place in the trailer is scanned as well. And what all flows of the dock ask."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext, gettext_noop

from inventory.statements import Question, text
from sequencer.labels import Kind
from sequencer.models import Carrier, Rack, Shipment, Station
from sequencer.services.flows.hold import held_rack
from sequencer.services.racks import lock_racks
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.shipping import (
    load_locked,
    lock_shipment,
)
from sequencer.services.verdicts import Judged
from sequencer.states import DONE_SHIPMENTS, RackStatus

DOCK_ONLY = frozenset({Station.Kind.DOCK})


def truck_here(judging: Judging) -> Shipment | None:
    """The truck at this door, locked."""
    station = judging.station
    if station.shipment_id is None:
        return None
    shipment = lock_shipment(station.shipment_id)
    return None if shipment.status in DONE_SHIPMENTS else shipment


def no_truck(step: str) -> Judged:
    return Judged("NOT_NOW", step, hint=gettext("Scan the truck first"), sound="check")


def reason_cards(reasons: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple((word, f"%M:{word}", "command") for word in reasons)


class Place(Flow):
    """The rack is right; its place in the trailer is scanned as well. The dock begins this by itself."""

    command = "PLACE"
    kinds = DOCK_ONLY
    printed = False
    title = gettext_noop("Place in the trailer")

    def begin(self, judging: Judging) -> Judged:
        return Judged("NOT_NOW", "PLACE", hint=gettext("Scan the rack first"), sound="check")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        rack = (
            Rack.objects.select_related("carrier", "shipment__trailer_type", "shipment__unloading_point")
            .filter(pk=int(state))
            .first()
        )
        if rack is None or rack.shipment is None:
            return Ask("PLACE", gettext("SCAN BACK"), gettext("this rack changed trucks meanwhile"))
        lane, place = rack.shipment.layout.spot(rack.load_position or 1)
        name = rack.carrier.code if rack.carrier else rack.number
        other = lane % rack.shipment.layout.lanes + 1
        cards = [
            (
                gettext("Place %(lane)s-%(place)s") % {"lane": lane, "place": place},
                f"%Z:{station.code}:{lane}-{place}",
                "place",
            )
        ]
        if other != lane:
            cards.append(
                (
                    gettext("Place %(other)s-%(place)s") % {"other": other, "place": place},
                    f"%Z:{station.code}:{other}-{place}",
                    "place",
                )
            )
        return Ask(
            "PLACE",
            gettext("SCAN PLACE %(lane)s-%(place)s") % {"lane": lane, "place": place},
            gettext("%(name)s on lane %(lane)s, place %(place)s")
            % {"name": name, "lane": lane, "place": place},
            tuple(cards),
        )

    def step(self, judging: Judging, state: str) -> Judged:
        shipment = truck_here(judging)
        rack = lock_racks([int(state)]).get(int(state))
        if (
            shipment is None
            or rack is None
            or rack.shipment_id != shipment.pk
            or rack.status != RackStatus.STAGED
        ):
            judging.leave()
            return Judged(
                "NOT_NOW", "PLACE", hint=gettext("This rack changed meanwhile; scan it again"), sound="check"
            )
        label, (lane, place) = judging.label, shipment.layout.spot(rack.load_position or 1)
        if label.kind is not Kind.PLACE:
            return Judged(
                "NOT_NOW",
                "PLACE",
                seen=label.shown,
                hint=gettext("Scan place %(lane)s-%(place)s, or BACK") % {"lane": lane, "place": place},
                sound="check",
                rack=rack,
                shipment=shipment,
            )
        code, hint = self._judged(judging.station, label.value, lane, place)
        if code != "OK":
            return Judged(code, "PLACE", expected=f"{lane}-{place}", seen=label.value.rpartition(":")[2], hint=hint,
                          rack=rack, shipment=shipment)  # fmt: skip
        held = held_rack(judging, rack)
        if held is not None:
            judging.leave()
            return held
        load_locked(shipment, rack, at=judging.at, by=str(judging.station.operator))
        judging.leave()
        return Judged("OK", "PLACE", seen=f"{lane}-{place}", hint=hint, rack=rack, shipment=shipment)

    @staticmethod
    def _judged(station: Station, value: str, lane: int, place: int) -> tuple[str, str]:
        """A place label reads DOOR:LANE-PLACE; without a door it is this one's."""
        door, _, spot = value.rpartition(":")
        first, _, second = spot.partition("-")
        if not (first.isascii() and first.isdigit() and second.isascii() and second.isdigit()):
            return "UNKNOWN_LABEL", gettext("This is no place label")
        if door and door != station.code:
            return "WRONG_DOOR", gettext("This place is at %(door)s") % {"door": door}
        if int(first) != lane:
            return "WRONG_LANE", gettext("Lane %(lane)s is loaded now") % {"lane": lane}
        if int(second) != place:
            return "WRONG_PLACE", gettext("Place %(place)s of lane %(lane)s is loaded now") % {
                "place": place,
                "lane": lane,
            }
        return "OK", gettext("On lane %(lane)s place %(place)s") % {"lane": lane, "place": place}


def lost_carrier(judging: Judging) -> Judged | None:
    """Gate: a rack that was given up is filled by nobody before the dock has found it again."""
    if judging.label.kind is not Kind.CARRIER or judging.station.kind == Station.Kind.DOCK:
        return None
    if _lost.first(code=judging.label.value) is None:
        return None
    return Judged(
        "NOT_NOW",
        "RACK",
        seen=judging.label.value,
        hint=gettext("This rack was reported lost; scan it in at the dock"),
    )


@Question
def _lost() -> QuerySet[Carrier, tuple[int]]:
    return Carrier.objects.filter(code=text("code"), lost_at__isnull=False).values_list("pk").order_by()
