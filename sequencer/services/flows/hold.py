"""Quality holds at stations and docks: what they catch is neither taken nor packed nor loaded."""

from __future__ import annotations

from django.utils.translation import gettext

from inventory.models import CustomerPart, Part
from sequencer.labels import GS, Kind
from sequencer.models import ComponentGroup, Rack, Station, Unit
from sequencer.services.held import held_groups, hold_on, open_holds, pieces_of, told
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged
from sequencer.states import RackStatus


def quality_hold(judging: Judging) -> Judged | None:
    """Gate: a piece that fits an open hold is not taken; a rack that holds one is not loaded.

    A rack that stands on the truck already comes off as ever: that is what the hold wants.
    """
    if judging.label.kind is Kind.GOODS and judging.station.kind == Station.Kind.PACK:
        return _piece(judging)
    if judging.label.kind is Kind.CARRIER and judging.station.kind == Station.Kind.DOCK:
        return _rack(judging)
    return None


def _piece(judging: Judging) -> Judged | None:
    if not judging.standing.held:
        return None
    holds = [hold for hold in open_holds() if hold.group_id is None]
    if not holds:
        return None
    label, station = judging.label, judging.station
    numbers = {*label.numbers, station.pending_unit_part} - {""}
    parts = set(Part.objects.filter(number__in=numbers).values_list("pk", flat=True))
    parts.update(CustomerPart.objects.filter(number__in=numbers).values_list("part_id", flat=True))
    lot = station.pending_unit_lot.partition(GS)[0] if station.pending_unit_part else ""
    # A bare label may be the serial, or the lot, that is awaited.
    serials = frozenset({label.serial or label.value, label.value})
    lots = frozenset({label.lot or lot, lot, label.value} - {""})
    # A piece that was here before is caught by what is known of it, too: its lot, and when it was first taken.
    known = Unit.objects.filter(part__in=parts, serial__in=serials)
    for hold in holds:
        if known.filter(pieces_of(hold)).exists() or hold_on(
            hold, part_ids=frozenset(parts), serials=serials, lots=lots, at=judging.at
        ):
            return Judged(
                "ON_HOLD", "PART", expected=gettext("a piece that is not held"), seen=label.shown,
                hint=gettext("%(told)s: put it aside, take another") % {"told": told(hold)},
            )  # fmt: skip
    return None


def _rack(judging: Judging) -> Judged | None:
    rack = Rack.objects.filter(carrier__code=judging.label.value, status=RackStatus.STAGED).first()
    return held_rack(judging, rack) if rack is not None else None


def held_rack(judging: Judging, rack: Rack) -> Judged | None:
    """Refuses to load a rack with a held piece, naming it."""
    groups = ComponentGroup.objects.filter(slot__rack=rack).values_list(
        "pk", "on_hold", "call_off__sequence_number"
    )
    rows = list(groups.order_by("slot__number"))
    held = held_groups([pk for pk, _, _ in rows])
    for pk, on_hold, sequence in rows:
        if on_hold or pk in held:
            why = held.get(pk, gettext("quality hold"))
            return Judged(
                "ON_HOLD",
                "LOAD",
                seen=judging.label.value,
                hint=gettext("%(sequence)s in %(rack)s: %(why)s")
                % {"sequence": sequence, "rack": rack.number, "why": why},
                rack=rack,
            )
    return None
