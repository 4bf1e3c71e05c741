"""The oven steps, parameter by parameter: each test fails when its parameter is ignored."""

from __future__ import annotations

from typing import Any

import pytest

from scheduling.engine import Result
from tests.pure.scheduling_engine.plant import (
    DAY_SHIFT,
    bars,
    groups,
    keyed,
    operation,
    plan,
    press,
    problem,
)

KINDS = ("oven", "oven_repetition")


def at(hour: float) -> str:
    return f"2026-11-23T{int(6 + hour):02d}:{int(hour * 60) % 60:02d}"


def oven(name: str = "M1", capacity: float = 10, unit: str = "pieces", **over: Any) -> dict[str, Any]:
    return press(name, oven={"unit": unit, "capacity": capacity}, **over)


def firing(number: int = 10, **over: Any) -> dict[str, Any]:
    """An oven step of the press shop: the first three characters group."""
    plain = {"id": number, "type": "oven", "work_centre": "PRESS", "group_from": 1, "group_to": 3}
    return {**plain, **over}


def pieces(*each: tuple[str, float, float, float], **over: Any) -> list[dict[str, Any]]:
    """Red operations as (name, hours, pieces, hour from which it may run)."""
    return [
        operation(f"{name}10", hours, key="RED", quantity=quantity, earliest=at(ready), **over)
        for name, hours, quantity, ready in each
    ]


def fired(operations: list[dict[str, Any]], *, over: dict[str, Any] | None = None, **step: Any) -> Result:
    """The plan of an oven of ten pieces."""
    data = problem(operations=operations, resources=[oven()], steps=[firing(**step)])
    return plan({**data, **(over or {})})


def loads(result: Result) -> list[str]:
    """The operations of each load, by start, the longest first."""
    return [" ".join(name.removesuffix("10") for name in load.operations) for load in result.loads]


def test_equal_keys_load_together_with_one_start_and_one_end() -> None:
    """Start: the latest member is ready at two; duration: the longest takes three hours."""
    done = fired([*pieces(("A", 1, 3, 0), ("B", 3, 3, 2)), operation("C10", 1, key="BLU", earliest=at(5))])
    assert bars(done) == ["A10 M1 2-5", "B10 M1 2-5", "C10 M1 5-6"]
    assert [(load.id, load.resource, load.start, load.end, load.fill) for load in done.loads] == [
        ("10-1", "M1", "2026-11-23T08:00:00", "2026-11-23T11:00:00", 0.6),
        ("10-2", "M1", "2026-11-23T11:00:00", "2026-11-23T12:00:00", 0.1),
    ]
    assert (loads(done), groups(done)) == (["B A", "C"], ["A B", "C"])


def test_the_plan_before_runs_them_one_by_one() -> None:
    done = fired(pieces(("A", 2, 3, 0), ("B", 2, 3, 0)))
    assert (done.before.makespan, done.after.makespan) == (4.0, 2.0)
    assert (done.before.utilisation["M1"], done.after.utilisation["M1"]) == (1.0, 1.0)


def test_the_load_is_set_up_once_and_again_between_loads() -> None:
    colours = [
        {"from": "RED", "to": "BLU", "hours": 2},
        {"from": "*", "to": "RED", "hours": 1},
        {"from": "RED", "to": "RED", "hours": 0.5},
    ]
    data = [*pieces(("A", 1, 6, 0), ("B", 1, 4, 0), ("C", 1, 9, 0)), operation("D10", 1, key="BLU")]
    done = fired(data, over={"setup": colours})
    assert bars(done) == ["A10 M1 0-2", "B10 M1 0-2", "C10 M1 2-3.5", "D10 M1 3.5-6.5"]
    assert [each.setup_hours for each in done.operations] == [1.0, 0.0, 0.5, 2.0]


def test_what_waits_for_a_member_waits_for_the_load() -> None:
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    data = problem(
        operations=[*pieces(("A", 1, 3, 0), ("B", 3, 3, 2)), operation("A20", 1, work_centre="SAW")],
        resources=[oven(), saw], steps=[firing()],
    )  # fmt: skip
    assert bars(plan(data))[-1] == "A20 S1 5-6"


@pytest.mark.parametrize(
    ("capacity", "expected"),
    [(10, ["A B", "C"]), (9, ["A B", "C"]), (8, ["A C", "B"]), (4, ["A", "B", "C"])],
)
def test_capacity_in_pieces(capacity: float, expected: list[str]) -> None:
    """Four, five and four pieces: what does not fit waits for the next load, what is smaller goes with the first."""
    data = pieces(("A", 1, 4, 0), ("B", 1, 4 if capacity == 4 else 5, 0), ("C", 1, 4, 0))
    done = fired(data, over={"resources": [oven(capacity=capacity)]})
    assert loads(done) == expected


@pytest.mark.parametrize(
    "told",
    [
        {"oven": {"unit": "pieces", "capacity": 8}},
        {"oven": {"unit": "pieces", "capacity": 8}, "group_maximum": 3},
        {"group_maximum": 8},
        {"group_maximum": 8, "capacity": [["2026-11-23", 1.0]]},
        {"capacity": [["2026-11-23", 8.0]]},
    ],
    ids=["oven", "oven first", "group_maximum", "capacity 1 is a speed", "capacity"],
)
def test_where_an_oven_has_its_size_from(told: dict[str, Any]) -> None:
    """Without `oven` the largest group, else the capacity is the size in pieces, and then no speed."""
    done = fired(
        pieces(("A", 2, 4, 0), ("B", 2, 5, 0), ("C", 2, 4, 0)), over={"resources": [press("M1", **told)]}
    )
    assert bars(done) == ["A10 M1 0-2", "C10 M1 0-2", "B10 M1 2-4"]
    assert [load.fill for load in done.loads] == [1.0, 0.625]


@pytest.mark.parametrize("gap_control", [" ", "S", "P", "Y"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_oven_accepts_all_gaps(kind: str, gap_control: str) -> None:
    done = fired(pieces(("A", 1, 3, 0), ("B", 1, 3, 2)), type=kind, gap_control=gap_control)
    assert bars(done) == ["A10 M1 2-3", "B10 M1 2-3"]


@pytest.mark.parametrize("unit", ["volume", "positions"])
def test_capacity_in_volume_and_in_positions(unit: str) -> None:
    sized = [
        {**each, unit: size}
        for each, size in zip(pieces(*[(n, 1, 99, 0) for n in "ABC"]), (0.5, 0.75, 0.5), strict=False)
    ]
    done = fired(sized, over={"resources": [oven(capacity=1, unit=unit)]})
    assert (loads(done), [load.fill for load in done.loads]) == (["A C", "B"], [1.0, 0.75])


def test_of_what_is_ready_the_fullest_load_is_taken() -> None:
    """By start A and B would come first, nine pieces; A, C and D are ten."""
    done = fired(pieces(("A", 1, 4, 0), ("B", 1, 5, 0), ("C", 1, 3, 0), ("D", 1, 3, 0)))
    assert [sorted(load.split()) for load in loads(done)] == [["A", "C", "D"], ["B"]]
    assert done.loads[0].fill == 1


def test_a_full_load_waits_for_nobody() -> None:
    done = fired(pieces(("A", 1, 5, 0), ("B", 1, 5, 0), ("C", 1, 5, 3)))
    assert bars(done) == ["A10 M1 0-1", "B10 M1 0-1", "C10 M1 3-4"]
    assert done.operations[0].rule.endswith("100% of 10 pieces; closed: full.")


def test_a_load_closes_when_waiting_would_make_a_member_late() -> None:
    """B is ready at three; A must be out by three and a half."""
    data = pieces(("A", 1, 5, 0), ("B", 1, 5, 3))
    assert loads(fired(data)) == ["A B"]
    due = {"orders": [{"id": "A", "due": at(3.5)}, {"id": "B"}]}
    done = fired(data, over=due)
    assert (loads(done), done.after.late_orders) == (["A", "B"], 0)
    assert "closed: waiting on would make order A late" in done.operations[0].rule


def test_a_load_of_a_late_order_waits_no_worse_than_it_must() -> None:
    """A is late whatever happens: then waiting makes nobody late who would not be."""
    data = pieces(("A", 1, 5, 0), ("B", 1, 5, 3))
    assert loads(fired(data, over={"orders": [{"id": "A", "due": at(0.5)}, {"id": "B"}]})) == ["A B"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("most", "expected"), [(None, ["A B"]), (3, ["A B"]), (2.9, ["A", "B"])])
def test_maximum_wait(kind: str, most: float | None, expected: list[str]) -> None:
    assert loads(fired(pieces(("A", 1, 5, 0), ("B", 1, 5, 3)), type=kind, max_wait_hours=most)) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_minimum_fill_makes_a_load_wait_though_it_gets_late(kind: str) -> None:
    data, due = pieces(("A", 1, 5, 0), ("B", 1, 3, 3)), {"orders": [{"id": "A", "due": at(3.5)}, {"id": "B"}]}
    assert loads(fired(data, over=due, type=kind, min_fill_percent=50)) == ["A", "B"]
    assert loads(fired(data, over=due, type=kind, min_fill_percent=51)) == ["A B"]


def test_below_the_minimum_fill_the_maximum_wait_closes_and_it_is_told() -> None:
    done = fired(pieces(("A", 1, 5, 0), ("B", 1, 3, 3)), min_fill_percent=80, max_wait_hours=2)
    assert loads(done) == ["A", "B"]
    assert done.warnings[0] == (
        "Step 10: load 10-1 on M1 is 50% full, below the minimum fill of 80 %; waiting on would pass 2 h."
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["A C D", "B"]),
        ({"group_to": 4}, ["A D", "B", "C"]),
        ({"group_from": 4, "group_to": 4}, ["A D", "B C"]),
        ({"max_group_hours": 1}, ["A", "B", "C D"]),
        ({"enabled": False}, []),
        ({"horizon_days": 0}, []),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_collecting(kind: str, parameters: dict[str, Any], expected: list[str]) -> None:
    done = fired(keyed("RED1,BLU2,RED2,RED1"), type=kind, **parameters)
    assert sorted(" ".join(sorted(load.split())) for load in loads(done)) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("respect", [False, True], ids=["clock", "delay calendar"])
def test_grouping_time_according_to_the_delay_calendar(kind: str, respect: bool) -> None:
    days = [("A10", "2026-11-27T08:00"), ("B10", "2026-12-01T08:00")]
    done = fired(
        [operation(name, key="RED", earliest=day) for name, day in days], over={"calendar": DAY_SHIFT},
        type=kind, max_group_hours=48, respect_delay_calendar=respect,
    )  # fmt: skip
    assert loads(done) == (["A B"] if respect else ["A", "B"])


@pytest.mark.parametrize("kind", KINDS)
def test_only_use_resources_common_to_step(kind: str) -> None:
    outside = {"id": "X1", "work_centre": "OTHER", "state": "", "oven": {"unit": "pieces", "capacity": 5}}
    data = problem(operations=keyed("RED,BLU", hours=2, resources=["X1", "M1"]), resources=[outside, oven()])
    data["operations"][0]["resources"] = ["X1"]
    for common, expected in ((False, "X1"), (True, "M1")):
        data["steps"] = [firing(type=kind, common_resources_only=common)]
        assert plan(data).operations[1].resource == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("oven", {"M1": ["A B", "E F"], "M2": ["C D"]}),
        ("oven_repetition", {"M1": ["A B", "C D"], "M2": ["E F"]}),
    ],
)
def test_oven_repetition_runs_loads_of_one_key_on_the_same_oven(
    kind: str, expected: dict[str, list[str]]
) -> None:
    """Four red, then two blue operations of five pieces on two ovens of ten."""
    red = pieces(*[(name, 2, 5, 0) for name in "ABCD"])
    blue = [operation(f"{name}10", 2, key="BLU", quantity=5, earliest=at(0)) for name in "EF"]
    done = fired([*red, *blue], over={"resources": [oven(), oven("M2")]}, type=kind)
    found: dict[str, list[str]] = {}
    for load, names in zip(done.loads, loads(done), strict=True):
        found.setdefault(load.resource, []).append(names)
    assert found == expected


def test_oven_repetition_ends_with_the_grouping_time() -> None:
    """C is planned three hours after A: outside two hours of grouping, so blue goes first."""
    data = [*pieces(("A", 1, 10, 0), ("C", 1, 10, 3)), operation("B10", 1, key="BLU", earliest=at(1))]
    orders = {
        limit: [bar.split()[0] for bar in bars(fired(data, type="oven_repetition", max_group_hours=limit))]
        for limit in (None, 2)
    }
    assert orders == {None: ["A10", "C10", "B10"], 2: ["A10", "B10", "C10"]}


def test_loads_from_before_stay_together() -> None:
    """What a first run loaded comes back with status 15; locked, it stands as one load too."""
    data = problem(
        operations=[*pieces(("A", 1, 3, 0), ("B", 3, 3, 2)), *pieces(("C", 1, 3, 0))],
        resources=[oven(capacity=6)], steps=[firing()],
    )  # fmt: skip
    first = plan(data)
    for status in (15, 17, 20):
        for each, placed in zip(data["operations"], first.operations, strict=True):
            each.update(status=status, resource=placed.resource, start=placed.start)
        again = plan(data)
        assert bars(again) == bars(first)
        assert [load.operations for load in again.loads] == [load.operations for load in first.loads]
        assert len(again.warnings) == 1, "that nothing is left to sequence"
