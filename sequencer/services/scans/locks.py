"""A locked station: only the return bin, a supervisor or the slot the part is for opens it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from sequencer import rules
from sequencer.labels import Kind, read_label
from sequencer.models import ScanEvent
from sequencer.services.scans import breaks
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.parts import take_unit, too_long
from sequencer.services.scans.running import begin_flow
from sequencer.services.scans.slots import workable_slots
from sequencer.services.verdicts import Judged
from sequencer.states import BreakOutcome, GroupStatus


def while_locked(judging: Judging) -> Judged:
    """The return bin opens a lock, a supervisor, or the open slot the part is for; never the right part."""
    station = judging.station
    if judging.label.kind is Kind.COMMAND and judging.label.value == "RETURN":
        if station.lock_code == "OUT_OF_SEQUENCE":
            by = str(station.operator)
            breaks.close_stopped(station, BreakOutcome.PUT_BACK, at=judging.at, by=by)
        judging.unlock()
        return Judged("OK", "RETURN", seen=station.lock_got, hint=_("Part put back; go on"))
    if judging.label.kind is Kind.COMMAND and judging.label.value == "SUPERVISOR":
        station.mode = "SUPERVISOR"
        return Judged("OK", "SUPERVISOR", hint=_("Scan the supervisor's badge"), sound="wait")
    flow = judging.flows.get(judging.label.value) if judging.label.kind is Kind.COMMAND else None
    if flow is not None and flow.when_locked:
        return begin_flow(judging, flow)
    if judging.label.kind is Kind.SLOT and station.lock_code == "WRONG_PART":
        matched = match_other_slot(judging)
        if matched is not None:
            return matched
    return Judged(
        "LOCKED",
        "LOCKED",
        expected=station.lock_need,
        seen=station.lock_got,
        hint=_("Put the wrong part into the return bin and scan the bin"),
    )


def match_other_slot(judging: Judging) -> Judged | None:
    """The part that was wrong here is right for another open slot of this rack, whose label is scanned now.

    It is judged against that slot's call like any other and packed there at once, under the rack's lock. None when
    it does not fit, or a piece of the call asked for is in the hand as well: the station stays locked.
    """
    rack = judging.rack()
    if rack is None or judging.station.hand_group_id is not None:
        return None
    if judging.label.value not in {"", rack.carrier.code if rack.carrier else ""}:
        return None
    slot = workable_slots(rack.pk).filter(number=judging.label.slot or 0).first()
    wrong = (
        ScanEvent.objects.filter(
            station=judging.station, code="WRONG_PART", recorded_at__gte=judging.at - timedelta(days=1)
        )
        .order_by("-id")
        .first()
    )
    if slot is None or slot.group is None or wrong is None or slot.group.status != GroupStatus.RELEASED:
        return None
    group, needs = slot.group, judging.needs(slot.group)
    judgement = rules.judge_part(read_label(wrong.raw), needs, "")
    if judgement.code != "OK" or len(needs) != 1 or needs[0].left != 1 or too_long(judgement):
        return None
    judged = take_unit(judging, rack, slot, group, needs, judgement, placed=True)
    if judged.accepted:
        judging.unlock()
    return judged
