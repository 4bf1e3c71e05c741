"""The cut: which groups share a rack. The calls decide, never the order they came in."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import Invalid
from sequencer.rules import CutSpec, Entry, cut_runs, read_cut_value, shift_of

# A slow draw on a busy machine is no fault of the cut.
START = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
THREE = (("", 3),)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def positions(entries: list[Entry], spec: CutSpec, edges: Any = ()) -> list[list[int]]:
    return [[entry.position for entry in run] for run in cut_runs(entries, spec, edges)]


def line(count: int, **more: Any) -> list[Entry]:
    return [Entry(n, ref=n, due=at(n), **more) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("spec", "runs"),
    [
        (CutSpec(THREE), [[1, 2, 3], [4, 5, 6], [7]]),
        (CutSpec(THREE, most=2), [[1, 2], [3, 4], [5, 6], [7]]),
        (CutSpec((("", 9),), span=timedelta(minutes=2)), [[1, 2, 3], [4, 5, 6], [7]]),
        (CutSpec((("", 9),), span=timedelta(seconds=30)), [[1], [2], [3], [4], [5], [6], [7]]),
        (CutSpec((("", 9),), clocks=(time(5, 34),)), [[1, 2, 3], [4, 5, 6, 7]]),
        (CutSpec((("", 9),), clocks=(time(6, 34),), zone="Europe/Berlin"), [[1, 2, 3], [4, 5, 6, 7]]),
    ],
)
def test_places_count_span_and_clock(spec: CutSpec, runs: list[list[int]]) -> None:
    assert positions(line(7), spec) == runs


def test_what_has_its_own_racks_stands_apart_and_in_order() -> None:
    entries = [Entry(n, ref=n, key="red" if n % 2 else "blue") for n in range(1, 9)]
    assert positions(entries, CutSpec(THREE, own=("OWN_COLOUR",))) == [[1, 3, 5], [2, 4, 6], [7], [8]]


def test_the_pieces_of_a_vehicle_stay_together() -> None:
    spec = CutSpec((("L", 2), ("R", 2)))
    entries = [Entry(n, mark, n * 2 + (mark == "R")) for n in (1, 2, 3) for mark in "LR"]
    assert positions(entries, spec) == [[1, 1, 2, 2], [3, 3]]
    lone = [Entry(1, "R", 1), Entry(2, "R", 2), Entry(3, "L", 3), Entry(3, "R", 4)]
    assert positions(lone, spec) == [[1, 2], [3, 3]]


def test_a_cut_by_hand_stays_where_it_was_made() -> None:
    assert positions(line(6), CutSpec(THREE), {("", 2)}) == [[1, 2], [3, 4, 5], [6]]
    assert positions(line(6), CutSpec(THREE), {("red", 2)}) == [[1, 2, 3], [4, 5, 6]]


def test_the_night_shift_belongs_to_the_day_it_began() -> None:
    clocks = (time(6), time(14), time(22))
    night = [datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (22, 23)]
    night.append(datetime(2026, 11, 24, 5, 59, tzinfo=UTC))
    assert len({shift_of(moment, clocks, "UTC") for moment in night}) == 1
    assert shift_of(datetime(2026, 11, 24, 6, tzinfo=UTC), clocks, "UTC") != shift_of(night[0], clocks, "UTC")


def test_a_call_without_time_is_cut_by_count_alone() -> None:
    entries = [Entry(1, ref=1, due=at(1)), Entry(2, ref=2), Entry(3, ref=3, due=at(2))]
    assert positions(entries, CutSpec((("", 9),), span=timedelta(minutes=5))) == [[1, 2, 3]]


def test_the_marks_that_fit_least_bound_the_rack() -> None:
    assert CutSpec((("L", 6), ("R", 6)), most=4).sequences == 4
    assert CutSpec((("L", 6), ("R", 6))).sequences == 6


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("MAX_SEQUENCES", ""),
        ("MAX_SEQUENCES", "0"),
        ("MAX_SEQUENCES", "six"),
        ("MINUTES", "-5"),
        ("MINUTES", "٣"),
        ("CLOCK", ""),
        ("CLOCK", "25:00"),
        ("CLOCK", "06:00+02:00"),
        ("OWN_OPTION", ""),
        ("OWN_OPTION", "COL A"),
        ("OWN_DOCK", "D1"),
    ],
)
def test_a_value_that_cannot_be_is_refused(kind: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_cut_value(kind, value)
    assert refused.value.code == "bad_cut_value"


def test_values_are_read() -> None:
    assert read_cut_value("CLOCK", "22:00, 06:00 14:00") == (time(6), time(14), time(22))
    assert read_cut_value("MINUTES", " 45 ") == 45


@st.composite
def entries(draw: Any) -> list[Entry]:
    places = draw(st.lists(st.integers(1, 60), unique=True, max_size=30))
    made = []
    for position in places:
        key = draw(st.sampled_from(["", "red", "blue"]))
        due = draw(st.none() | st.integers(0, 300).map(at))
        for mark in draw(st.sampled_from(["L", "R", "LR"])):
            made.append(Entry(position, mark, position * 2 + (mark == "R"), key, due))
    return made


SPECS = st.builds(
    CutSpec,
    places=st.integers(1, 6).map(lambda n: (("L", n), ("R", n))),
    most=st.none() | st.integers(1, 8),
    span=st.none() | st.integers(0, 90).map(lambda m: timedelta(minutes=m)),
    clocks=st.sampled_from([(), (time(6),), (time(6), time(8, 15))]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Chicago"]),
)
EDGES = st.sets(st.tuples(st.sampled_from(["", "red"]), st.integers(1, 60)), max_size=3)


@given(entries(), SPECS, EDGES, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_racks(
    found: list[Entry], spec: CutSpec, edges: set[tuple[str, int]], dice: Any
) -> None:
    shuffled = list(found)
    dice.shuffle(shuffled)
    assert cut_runs(shuffled, spec, edges) == cut_runs(found, spec, edges)


@given(entries(), SPECS, EDGES)
def test_every_rule_holds_in_every_rack(
    found: list[Entry], spec: CutSpec, edges: set[tuple[str, int]]
) -> None:
    runs = cut_runs(found, spec, edges)
    assert sorted(entry for run in runs for entry in run) == sorted(found)
    for run in runs:
        assert len({entry.key for entry in run}) == 1
        vehicles = {entry.position for entry in run}
        # One vehicle alone may break a rule that no cut can heal; two together must not.
        if len(vehicles) > 1:
            assert all(sum(e.mark == mark for e in run) <= room for mark, room in spec.places)
            assert spec.most is None or len(vehicles) <= spec.most
            dues = [entry.due for entry in run if entry.due is not None]
            assert spec.span is None or not dues or max(dues) - min(dues) <= spec.span
            assert len({shift_of(due, spec.clocks, spec.zone) for due in dues}) <= 1
            assert not any(key == run[0].key and min(vehicles) <= edge < max(vehicles) for key, edge in edges)


@given(entries(), SPECS)
def test_inside_a_key_the_racks_follow_the_sequence(found: list[Entry], spec: CutSpec) -> None:
    for key in {entry.key for entry in found}:
        mine = [run for run in cut_runs(found, spec) if run[0].key == key]
        order = [entry.position for run in mine for entry in run]
        assert order == sorted(order)
