"""Is the check itself working? Labels that must be refused are scanned at shift start; until then nobody works.

A known-bad part that is taken, or a known-wrong slot that is believed, means that no verdict of this station is worth
anything. So the labels go through the very judging that parts go through, against the part asked for at that moment;
of a full rack that waits for its seal, against the one packed last. What it would write is taken back.
"""

from __future__ import annotations

import copy
from datetime import datetime, timedelta

from django.db import transaction

from sequencer.labels import read_label
from sequencer.models import ChallengeLabel, ErrorProofingCheck, HandlingUnit, Rack, Slot, Station, Task
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.services.racks import move_group, put_back
from sequencer.services.scans.boxes import judge_box
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.packing import judge_slot
from sequencer.services.scans.parts import judge_part
from sequencer.services.verdicts import Judged
from sequencer.shifts import read_starts, shift_start
from sequencer.states import GroupStatus, HandlingStatus, RackStatus, SlotStatus, TaskStatus

MISSED, FAILED = "CHALLENGE_MISSED", "CHALLENGE_FAILED"
# A station where somebody works is challenged within this after shift start, or its supervisor is told.
GRACE = timedelta(minutes=15)
MUST_BE = {
    ChallengeLabel.Kind.BAD_PART: "WRONG_PART",
    ChallengeLabel.Kind.WRONG_SLOT: "WRONG_POSITION",
}


def shift_began(station: Station, at: datetime) -> datetime:
    commodity = station.commodity
    assert commodity is not None  # a packing station has one by constraint
    line = commodity.program.line
    return shift_start(read_starts(line.shift_starts), line.plant.zone, at)


def is_due(station: Station, at: datetime) -> bool:
    """Nothing was proven since the shift began. Asks the database for nothing."""
    if not station.wants_challenge or station.commodity is None:
        return False
    passed = station.challenge_passed_at
    return passed is None or passed < shift_began(station, at)


def can_try(judging: Judging) -> bool:
    """There is a call the labels can be judged against: asked for, packed last in a full rack, or of an open box.

    A box has no slots: it proves a station only where no wrong slot is to be refused.
    """
    rack, station = judging.rack(), judging.station
    if rack is not None:
        return judging.current(rack) is not None or _packed_last(rack) is not None
    slots = ChallengeLabel.objects.filter(station=station, active=True, kind=ChallengeLabel.Kind.WRONG_SLOT)
    open_box = HandlingUnit.objects.filter(pk=station.handling_unit_id or 0, status=HandlingStatus.OPEN)
    return open_box.exists() and not slots.exists()


def _packed_last(rack: Rack) -> Slot | None:
    if rack.status != RackStatus.FULL:
        return None
    filled = rack.slots.filter(status=SlotStatus.FILLED, group__status=GroupStatus.PACKED)
    last: Slot | None = filled.select_related("group", "rack").order_by("-packed_at", "-number").first()
    return last


def _ask_again(rack: Rack) -> None:
    """The piece packed last is asked for once more: inside a trial that is taken back."""
    slot = _packed_last(rack)
    if slot is None or slot.group is None:
        return
    put_back(slot.group)
    move_group(slot.group, GroupStatus.RELEASED)
    Slot.objects.filter(pk=slot.pk).update(status=SlotStatus.REOPENED)


def try_label(judging: Judging, challenge: ChallengeLabel) -> Judged:
    """How this station judges the label now: the same code, rack and call as for a part. Leaves nothing behind."""
    trial = copy.copy(judging.station)
    trial.mode = trial.pending_unit_part = trial.pending_unit_lot = ""
    probe = Judging(trial, read_label(challenge.raw), judging.at, raw=challenge.raw)
    with transaction.atomic():
        rack = probe.rack()
        if rack is not None and probe.current(rack) is None:
            _ask_again(rack)
        slot = probe.current(rack) if rack is not None else None
        if challenge.kind == ChallengeLabel.Kind.WRONG_SLOT and slot is not None and slot.group is not None:
            # The slot is judged only with a verified part in the hand.
            if slot.group.status == GroupStatus.RELEASED:
                move_group(slot.group, GroupStatus.IN_WORK)
            move_group(slot.group, GroupStatus.VERIFIED, verified_at=judging.at)
            judged = judge_slot(probe)
        elif rack is None:
            judged = judge_box(probe) or judge_part(probe)
        else:
            judged = judge_part(probe)
        transaction.set_rollback(True)
    return judged


def note_check(station: Station, results: list[dict[str, str]], *, at: datetime, by: str) -> bool:
    """Stores one check; passed when every label was refused as it must be. Runs in the scan's transaction."""
    commodity = station.commodity
    assert commodity is not None  # a packing station has one by constraint
    line = commodity.program.line
    passed = all(result["given"] == result["wanted"] for result in results)
    ErrorProofingCheck.objects.create(
        station=station, shift_at=shift_began(station, at), passed=passed, results=results, at=at, by=by[:60]
    )
    record_event(
        f"line:{line.pk}", "challenge_passed" if passed else "challenge_failed", station.code, at=at, by=by,
        results=results,
    )  # fmt: skip
    station.challenge_passed_at = at if passed else None
    if passed:
        close_tasks(MISSED, station.code, at=at, note="every challenge label was refused", also=(FAILED,))
        return True
    bad = next(result for result in results if result["given"] != result["wanted"])
    text = f"CHECK IS BROKEN at {station.code}: {bad['label']} was judged {bad['given']}, must be {bad['wanted']}"
    open_task(line, FAILED, station.code, text, at=at, due_at=at)
    return False


def tell_missed_challenges(*, at: datetime) -> int:
    """Stations where somebody is logged in and the challenge of the shift is late. For a sweep, safe to run twice."""
    count = 0
    open_now = set(
        Task.objects.filter(kind=MISSED).exclude(status=TaskStatus.DONE).values_list("subject", flat=True)
    )
    stations = Station.objects.filter(wants_challenge=True, operator__isnull=False).select_related(
        "commodity__program__line__plant"
    )
    for station in stations:
        if not is_due(station, at) or station.code in open_now or station.commodity is None:
            continue
        began = shift_began(station, at)
        if at < began + GRACE:
            continue
        with transaction.atomic():
            text = (
                f"NOT CHALLENGED: {station.code} {station.name} stands since the shift began; scan its labels"
            )
            open_task(station.commodity.program.line, MISSED, station.code, text, at=at, due_at=began + GRACE)
        count += 1
    return count
