"""What is in the operator's hand, and where it goes when its call changed meanwhile."""

from __future__ import annotations

from django.utils.translation import gettext as _

from sequencer import rules
from sequencer.labels import Kind
from sequencer.models import ComponentGroup
from sequencer.services.journal import record_event
from sequencer.services.racks import move_group, put_back
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.slots import hand_end
from sequencer.services.verdicts import Judged
from sequencer.spoken import in_words
from sequencer.states import GroupStatus


def take_in_hand(judging: Judging, group: ComponentGroup, need: rules.Need) -> None:
    """What was scanned last is in the operator's hand, for this call as it stands now."""
    station, what = judging.station, need.description or need.number
    if station.hand_group_id == group.pk:
        # A further piece of the same call; the same one again while its serial was awaited.
        known = station.hand_what.split(" + ")
        station.hand_what = " + ".join(known if what in known else [*known, what])[:120]
        bins = [b for b in station.hand_bin.split(", ") if b]
        station.hand_bin = ", ".join(bins if need.bin in {*bins, ""} else [*bins, need.bin])[:60]
    else:
        station.hand_what, station.hand_bin = what[:120], need.bin[:60]
    station.hand_group, station.hand_revision = group, group.revision


def end_in_hand(judging: Judging) -> rules.HandEnd | None:
    """Why the piece in the hand is not wanted any more. Costs nothing while it is: its slot is read anyway."""
    station = judging.station
    if station.hand_group_id is None:
        return None
    rack = judging.rack()
    slot = judging.current(rack) if rack is not None else None
    if slot is None or slot.group_id != station.hand_group_id:
        slot = None
    end = hand_end(station, slot)
    if end is rules.HandEnd.DONE:
        judging.empty_hand()
        return None
    return end


def while_late(judging: Judging, end: rules.HandEnd) -> Judged:
    """The call changed while its piece was in the hand. Only the bin it came from, or the return bin, goes on."""
    kind, value, station = judging.label.kind, judging.label.value, judging.station
    group = station.hand_group
    assert group is not None
    sequence = group.call_off.sequence_number
    bins = {name.strip().upper() for name in station.hand_bin.split(",") if name.strip()}
    scanned_bin = kind is Kind.GOODS and value.strip().upper() in bins
    if not scanned_bin and not (kind is Kind.COMMAND and value == "RETURN"):
        return Judged(
            "PUT_BACK",
            "RETURN",
            seen=judging.label.shown,
            sound="check",
            hint=_("%(sequence)s %(end)s: put back %(hand_what)s, scan the bin")
            % {"sequence": sequence, "end": in_words(end), "hand_what": station.hand_what},
            group=group,
        )
    return back_in_bin(judging, group, end)


def back_in_bin(judging: Judging, group: ComponentGroup, end: rules.HandEnd) -> Judged:
    """The piece lies in its bin again; the hand is free for what the OEM wants now."""
    station = judging.station
    rack = judging.rack()
    if end in {rules.HandEnd.HELD, rules.HandEnd.ON_HOLD}:
        # Nobody took the pieces off a held call yet.
        put_back(group)
        move_group(group, GroupStatus.RELEASED)
    record_event(
        f"line:{judging.line_id}", "put_back", group.call_off.call_number, at=judging.at,
        by=str(station.operator), reason=end.lower(), what=station.hand_what, bin=station.hand_bin,
    )  # fmt: skip
    judging.empty_hand()
    station.pending_unit_part = station.pending_unit_lot = station.mode = ""
    judging.slot_asked = None
    return Judged("OK", "RETURN", seen=group.call_off.sequence_number, hint=_("Put back; go on"), rack=rack)
