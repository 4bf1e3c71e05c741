"""The start-of-shift challenge: labels that must be refused, by the judging that judges parts, or nobody works."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from inventory.errors import Invalid
from sequencer import rules
from sequencer.models import (
    ChallengeLabel,
    ErrorProofingCheck,
    Override,
    PlantEvent,
    ScanEvent,
    SequenceBreak,
    Task,
    Unit,
)
from sequencer.services import station_view, tell_missed_challenges
from sequencer.shifts import read_starts, shift_start
from tests.factories import START, Plant

BAD, WRONG = "PMASTER-BAD", "%L:MASTER:1"


@pytest.fixture
def proofed(plant: Plant) -> Plant:
    """A station that wants both labels refused; shifts begin at 06, 14 and 22 hours; it is six o'clock."""
    plant.station.wants_challenge = True
    plant.station.save()
    ChallengeLabel.objects.create(station=plant.station, kind="BAD_PART", name="Master bad", raw=BAD)
    ChallengeLabel.objects.create(station=plant.station, kind="WRONG_SLOT", name="Master slot", raw=WRONG)
    for number in (1, 2, 3):
        plant.new(number)
    plant.start_rack()
    return plant


def test_nobody_works_before_both_labels_were_refused(proofed: Plant) -> None:
    plant = proofed
    assert plant.scans("PA", "%L:1") == ["CHALLENGE_DUE", "CHALLENGE_DUE"]
    assert plant.scans("%C:CHALLENGE", BAD, WRONG) == ["OK", "OK", "OK"]
    assert plant.scans("PA", "%L:1") == ["OK", "OK"]
    check = ErrorProofingCheck.objects.get()
    assert (check.passed, check.by, check.shift_at) == (True, "op", START)
    assert [(r["wanted"], r["given"]) for r in check.results] == [
        ("WRONG_PART", "WRONG_PART"),
        ("WRONG_POSITION", "WRONG_POSITION"),
    ]


def test_the_challenge_leaves_nothing_behind(proofed: Plant) -> None:
    plant = proofed
    plant.scans("%C:CHALLENGE", BAD, WRONG)
    plant.station.refresh_from_db()
    assert (plant.station.lock_code, plant.station.mode, plant.station.hand_group_id) == ("", "", None)
    assert plant.group(1).status == "RELEASED"
    assert not Unit.objects.exists()
    assert not SequenceBreak.objects.exists()
    assert not PlantEvent.objects.filter(kind__in=["station_locked", "packed"]).exists()


def test_a_check_that_takes_the_bad_part_keeps_the_station_shut(
    proofed: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The labels go through the real judging: when it takes everything, the challenge says so."""
    plant = proofed

    def takes_all(label: Any, needs: Any, pending: str) -> rules.PartJudgement:
        return rules.PartJudgement("OK", needs[0])

    monkeypatch.setattr(rules, "judge_part", takes_all)
    assert plant.scans("%C:CHALLENGE", BAD) == ["OK", "CHALLENGE_FAILED"]
    monkeypatch.undo()
    assert plant.scan("PA").code == "CHALLENGE_DUE"
    assert not Unit.objects.exists()
    assert ErrorProofingCheck.objects.get().passed is False
    assert "Master bad was judged OK" in Task.objects.get(kind="CHALLENGE_FAILED").text
    assert plant.scans("%C:CHALLENGE", BAD, WRONG) == ["OK"] * 3
    assert Task.objects.get(kind="CHALLENGE_FAILED").status == "DONE"


def test_a_wrong_slot_that_is_believed_keeps_the_station_shut(proofed: Plant) -> None:
    plant = proofed
    # Somebody printed the slot's own label as the known-wrong one.
    ChallengeLabel.objects.filter(raw=WRONG).update(raw="%L:1")
    assert plant.scans("%C:CHALLENGE", BAD, "%L:1") == ["OK", "OK", "CHALLENGE_FAILED"]
    assert plant.group(1).status == "RELEASED"
    assert plant.scan("PA").code == "CHALLENGE_DUE"


def test_a_label_that_is_no_challenge_proves_nothing(proofed: Plant) -> None:
    plant = proofed
    assert plant.scans("%C:CHALLENGE", "PB", "PB") == ["OK", "NOT_NOW", "NOT_NOW"]
    assert not ErrorProofingCheck.objects.exists()


def test_one_of_two_labels_is_not_enough(proofed: Plant) -> None:
    plant = proofed
    assert plant.scans("%C:CHALLENGE", BAD, BAD, "%C:BACK", "PA")[-1] == "CHALLENGE_DUE"
    assert not ErrorProofingCheck.objects.exists()


def test_it_is_due_again_with_the_next_shift_and_the_hand_is_emptied_first(proofed: Plant) -> None:
    plant = proofed
    plant.scans("%C:CHALLENGE", BAD, WRONG)
    plant.at = START + timedelta(hours=7, minutes=59, seconds=45)
    assert plant.scan("PA").code == "OK"
    plant.at = START + timedelta(hours=8)
    assert plant.scan("%C:CHALLENGE").code == "NOT_NOW"
    assert plant.scan("%L:1").code == "OK"
    assert plant.scan("PA").code == "CHALLENGE_DUE"


def full_before_the_shift(plant: Plant) -> None:
    """A rack that was packed to the last slot before the next shift began."""
    plant.scans("%C:CHALLENGE", BAD, WRONG)
    for slot in (1, 2, 3):
        plant.pack("A", slot)
    plant.tick(hours=9)


def test_no_rack_is_sealed_before_the_shifts_challenge_though_it_is_full(proofed: Plant) -> None:
    plant = proofed
    full_before_the_shift(plant)
    assert plant.scan("%C:SEAL").code == "CHALLENGE_DUE"
    assert plant.rack(1).status == "FULL"
    assert plant.scans("%C:CHALLENGE", BAD, WRONG) == ["OK", "OK", "OK"], "against the piece packed last"
    rack = plant.rack(1)
    assert (rack.status, [slot.status for slot in rack.slots.all()]) == ("FULL", ["FILLED"] * 3)
    assert set(Unit.objects.values_list("status", flat=True)) == {"PACKED"}
    assert plant.scan("%C:SEAL").code == "OK"


def test_a_full_rack_finds_a_check_that_is_broken(proofed: Plant) -> None:
    plant = proofed
    full_before_the_shift(plant)
    ChallengeLabel.objects.filter(kind="BAD_PART").update(raw="PA")
    assert plant.scans("%C:CHALLENGE", "PA") == ["OK", "CHALLENGE_FAILED"]
    assert plant.scan("%C:SEAL").code == "CHALLENGE_DUE"


def test_an_override_of_the_challenge_lets_a_rack_be_sealed_and_counts_it(proofed: Plant) -> None:
    plant = proofed
    full_before_the_shift(plant)
    assert plant.scans("%C:OVERRIDE:CD:LD:S10M", "%B:BOSS", "%P:4711") == ["OK"] * 3
    assert plant.scan("%C:SEAL").code == "OVERRIDDEN"
    assert Override.objects.get().used == 1


def test_an_override_lets_work_begin_and_counts_each_unit(proofed: Plant) -> None:
    plant = proofed
    plant.scans(
        "%C:OVERRIDE", "%M:CHALLENGE-DUE", "%M:LABEL-DAMAGED", "%M:STATION-5-UNITS", "%B:BOSS", "%P:4711"
    )
    assert plant.scans("PA", "%L:1", "PA") == ["OVERRIDDEN", "OK", "OVERRIDDEN"]


def test_the_screen_asks_for_it(proofed: Plant) -> None:
    plant = proofed
    words = [banner["word"] for banner in station_view(plant.station.pk, at=plant.at)["banners"]]
    assert words == ["CHALLENGE DUE"]
    plant.scan("%C:CHALLENGE")
    ask = station_view(plant.station.pk, at=plant.at)["ask"]
    assert (ask["code"], ask["text"]) == ("CHALLENGE_LABEL", "SCAN MASTER BAD")


def test_a_missed_challenge_is_a_task_until_it_passed(proofed: Plant) -> None:
    plant = proofed
    assert tell_missed_challenges(at=START + timedelta(minutes=10)) == 0
    assert tell_missed_challenges(at=START + timedelta(minutes=16)) == 1
    assert tell_missed_challenges(at=START + timedelta(minutes=17)) == 0
    plant.scans("%C:CHALLENGE", BAD, WRONG)
    assert Task.objects.get(kind="CHALLENGE_MISSED").status == "DONE"


def test_a_station_that_wants_none_is_never_asked(plant: Plant) -> None:
    plant.new(1)
    plant.start_rack()
    assert plant.scan("PA").code == "OK"
    assert plant.scan("%C:BACK").code == "OK"
    assert "CHALLENGE_DUE" not in ScanEvent.objects.values_list("code", flat=True)


@pytest.mark.parametrize(
    ("at", "start"),
    [
        ("2026-11-23T05:00+00:00", "2026-11-23T05:00+00:00"),
        ("2026-11-23T04:59+00:00", "2026-11-22T21:00+00:00"),
        ("2026-03-29T12:30+00:00", "2026-03-29T12:00+00:00"),
        ("2026-03-28T12:30+00:00", "2026-03-28T05:00+00:00"),
        ("2026-03-28T13:00+00:00", "2026-03-28T13:00+00:00"),
    ],
    ids=["to the minute", "before it", "after clocks went on", "the day before", "the afternoon"],
)
def test_shifts_begin_by_the_plants_clock(at: str, start: str) -> None:
    starts = read_starts("22:00,06:00, 14:00")
    found = shift_start(starts, ZoneInfo("Europe/Berlin"), datetime.fromisoformat(at))
    assert found.astimezone(UTC) == datetime.fromisoformat(start)


def test_no_shifts_named_is_midnight_and_nonsense_is_refused() -> None:
    assert shift_start((), UTC, START).time() == time(0)
    with pytest.raises(Invalid, match="25:00"):
        read_starts("06:00, 25:00")
