"""Release pacing: what waits for its time, what never waits, and how the OEM's own line moves it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.errors import Unknown
from sequencer.boards.tiles import tiles
from sequencer.models import LineConsumption, PlantEvent, ReleasePace
from sequencer.services import note_consumption, release_due, station_view
from sequencer.services.pacing import drift_of
from sequencer.states import Stage
from tests.factories import START, Plant, make_plant

MIN = timedelta(minutes=1)


def paced(plant: Plant, lead: int | None = 60) -> None:
    ReleasePace.objects.create(program=plant.program, lead_minutes=lead, trust_minutes=15)


@pytest.mark.parametrize("row", [False, True])
def test_without_a_lead_a_firm_call_goes_to_the_floor_at_once(plant: Plant, row: bool) -> None:
    if row:
        paced(plant, None)
    plant.new(1)
    assert plant.group(1).status == "RELEASED"


def test_a_call_waits_until_its_lead_and_then_goes_by_the_sweep(plant: Plant) -> None:
    paced(plant)
    plant.new(1, required=121)
    assert plant.group(1).status == "RESOLVED"
    assert plant.group(1).slot.rack.low_position == 1
    assert release_due(at=START + 60 * MIN) == 0
    assert release_due(at=START + 61 * MIN) == 1
    assert plant.group(1).status == "RELEASED"
    told = PlantEvent.objects.get(kind="released")
    assert told.facts == {"count": 1, "first": "0001", "last": "0001"}


def test_a_call_that_comes_later_than_its_lead_goes_at_once(plant: Plant) -> None:
    paced(plant)
    plant.new(1, required=59)
    assert plant.group(1).status == "RELEASED"


def test_a_rush_waits_for_nothing(plant: Plant) -> None:
    paced(plant)
    plant.new(1, required=500)
    plant.take("REORDER", "V0001", "0001")
    again = plant.call(1).groups.get(replaces__isnull=False)
    assert (again.priority, again.status) == ("RUSH", "RELEASED")


def test_a_preview_is_never_released_by_time(plant: Plant) -> None:
    paced(plant)
    plant.take("PREVIEW", "V0001", "0001", required=10, stage=Stage.PREVIEW)
    assert release_due(at=START + 100 * MIN) == 0
    assert plant.group(1).status == "RESOLVED"


def test_what_waits_when_the_lead_is_taken_away_goes_with_the_next_sweep(plant: Plant) -> None:
    paced(plant)
    plant.new(1, required=500)
    ReleasePace.objects.update(lead_minutes=None)
    assert release_due(at=START) == 1


def test_a_change_of_a_waiting_call_leaves_it_waiting(plant: Plant) -> None:
    paced(plant)
    plant.new(1, required=500)
    plant.take("CHANGE", "V0001", "0001", "C-B", required=500)
    assert plant.group(1).status == "RESOLVED"


def test_a_reversed_rack_is_released_whole_with_its_first_vehicle(db: None) -> None:
    plant = make_plant(build_order="REVERSE")
    paced(plant)
    for n in (1, 2, 3, 4):
        plant.new(n, required=120 + 10 * n)
    assert release_due(at=START + 70 * MIN) == 3
    assert [plant.group(n).status for n in (1, 2, 3, 4)] == ["RELEASED"] * 3 + ["RESOLVED"]


def test_a_line_ahead_of_its_plan_brings_releases_forward(plant: Plant) -> None:
    paced(plant)
    for n in (1, 2):
        plant.new(n, required=40 + 30 * n)
    assert release_due(at=START + 5 * MIN) == 0
    plant.at = START + 11 * MIN
    taken = plant.take("POSITION", "V0001", part="")
    assert (taken.outcome, taken.text) == ("APPLIED", "the line is at 0001")
    # It took 0001, needed at 70, at minute 11: 59 ahead of its plan. 0002, needed at 100, is due an hour before 41.
    assert plant.group(2).status == "RELEASED"


def test_a_line_that_is_late_holds_the_releases_back(plant: Plant) -> None:
    paced(plant)
    plant.new(1, required=10)
    plant.new(2, required=82)
    note_consumption(plant.program.pk, "0001", at=START + 20 * MIN, by="counter")
    assert release_due(at=START + 31 * MIN) == 0, "0001 was ten minutes late, so 0002 is not due at minute 22"
    assert release_due(at=START + 32 * MIN) == 1


def test_drift_of_a_line() -> None:
    def drift(consumed: int, due: int, nxt: int | None, at: int) -> int:
        found = drift_of(
            START + consumed * MIN,
            START + due * MIN,
            START + nxt * MIN if nxt is not None else None,
            at=START + at * MIN,
            trust=15 * MIN,
            lead=60 * MIN,
        )
        return round(found / MIN)

    assert drift(110, 100, 101, 110) == 10, "the last one was ten minutes late"
    assert drift(100, 100, 101, 112) == 11, "on time, but the next one is overdue: the line stands"
    assert drift(100, 100, 101, 120) == 0, "no word for twenty minutes: the plan counts"
    assert drift(90, 100, 101, 120) == -10, (
        "an old word that it is ahead still counts: early is the safe side"
    )
    assert drift(110, 10, 11, 110) == 60, "never more than the lead"


def test_a_position_is_ignored_where_nothing_is_paced(plant: Plant) -> None:
    plant.new(1)
    assert plant.take("POSITION", "V0001", part="").outcome == "IGNORED"
    assert not LineConsumption.objects.exists()


def test_an_older_position_changes_nothing(plant: Plant) -> None:
    paced(plant)
    plant.new(1)
    plant.new(2)
    assert note_consumption(plant.program.pk, "0002", at=START, by="counter").sequence_number == "0002"
    note_consumption(plant.program.pk, "0001", at=START + MIN, by="counter")
    assert LineConsumption.objects.get().sequence_number == "0002"
    with pytest.raises(Unknown, match="no call 0009"):
        note_consumption(plant.program.pk, "0009", at=START, by="counter")


def test_the_station_does_not_say_that_nothing_follows_while_the_rest_waits(plant: Plant) -> None:
    paced(plant)
    plant.new(1, required=30)
    plant.new(2, required=150)
    plant.start_rack()
    view = station_view(plant.station.pk, at=START)
    assert (view["now"]["sequence"], view["then"], view["then_waits"]) == ("0001", [], "07:30")


def test_station_and_board_say_until_when_it_waits(plant: Plant) -> None:
    paced(plant)
    plant.new(1, required=121)
    assert plant.scans("%B:OP") == ["OK"]
    ask = station_view(plant.station.pk, at=START)["ask"]
    assert (ask["code"], ask["text"]) == ("WAIT", "WAIT UNTIL 07:01")
    plant.scan("%R:R1")
    ask = station_view(plant.station.pk, at=START)["ask"]
    assert (ask["code"], ask["detail"]) == ("WAIT", "waits until 07:01")
    tile = tiles([plant.line], {plant.line.pk: []}, START)[plant.line.pk][0]
    assert tile["waits_until"] == START + 61 * MIN
