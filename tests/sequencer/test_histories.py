"""A slice of the generated histories that `make soak` runs by the thousand, and proof that they would see a fault."""

from __future__ import annotations

from typing import Any

import pytest

from sequencer import rules
from sequencer.models import Rack, ScanEvent, Slot
from sequencer.services.scans import recording
from sequencer.services.scans.nonces import remember
from tests.histories.floor import WEIGHTS, Fault, Floor, draw, run, undone
from tests.histories.spans import BRANCHES, spans_of
from tests.histories.truth import Broken, Truth

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("beginning", range(4))
def test_what_the_oem_finds_in_the_truck_was_scanned_for_it(beginning: int) -> None:
    first = beginning * BRANCHES
    done = run(range(first, first + 3))
    assert sum(count for name, count in done.items() if name.startswith("scan ")) > 20


def test_a_history_is_the_same_every_time_and_every_act_is_drawn() -> None:
    assert draw("begin 0", 30) == draw("begin 0", 30)
    assert {name for name, *_ in draw("long", 5000)} == set(WEIGHTS)
    assert all(callable(getattr(Floor, name)) for name in WEIGHTS)


def test_histories_are_cut_where_another_beginning_starts() -> None:
    spans = spans_of(30, 60)
    assert [(span.start, span.stop) for span in spans] == [(30, 40), (40, 80), (80, 90)]
    assert sum(map(len, spans_of(7, 10_000))) == 10_000


@pytest.fixture
def packed() -> Any:
    """A floor with two calls, the first of them packed."""
    with undone():
        floor = Floor("planted 3")
        for part in (0, 0):
            floor.next(part)
        floor.follow(0, 4)
        assert floor.units("PACKED")
        yield floor


def test_a_station_that_takes_any_part_is_found_out(packed: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    def take_anything(label: Any, needs: list[rules.Need], pending: str) -> rules.PartJudgement:
        return rules.PartJudgement("OK", needs[0], label.serial)

    monkeypatch.setattr(rules, "judge_part", take_anything)
    with pytest.raises(Broken, match="credited"):
        packed.wrong_part(0, 1, 0)


def test_a_change_that_leaves_the_piece_in_its_slot_is_found_out(
    packed: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sequencer.services.calls._Taking.change_group", lambda *_: None)
    with pytest.raises(Broken, match="was scanned for"):
        packed.changes(Truth.number(packed.units("PACKED")[0].group_id or 0, packed.world), "B")


def test_a_refusal_that_writes_is_found_out(packed: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = remember

    def writes(scan: ScanEvent) -> None:
        plain(scan)
        Rack.objects.update(priority="RUSH")

    monkeypatch.setattr(recording, "remember", writes)
    with pytest.raises(Broken, match="refused, and yet changed racks"):
        packed.scan("GIBBERISH")


def test_a_move_no_table_has_is_found_out(packed: Floor) -> None:
    with pytest.raises(Broken, match="which its table does not have"):
        packed.verb("by hand", lambda: Slot.objects.filter(status="FILLED").update(status="HOLE"))


def test_a_fault_tells_its_number_and_the_last_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Floor, "work", lambda *_: 1 / 0)
    with pytest.raises(Fault, match=r"history 0: ZeroDivisionError") as broken:
        run(range(1))
    assert broken.value.acts[-1][0] == "work"
