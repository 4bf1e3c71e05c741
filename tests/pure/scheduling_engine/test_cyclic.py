"""The cyclic step, parameter by parameter: each test fails when its parameter is ignored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pure.scheduling_engine.plant import (
    DAY_SHIFT,
    bars,
    groups,
    keyed,
    operation,
    plan,
    press,
    problem,
    sequence,
    step,
)

SHADES = ["LIGHT", "MID", "DARK", "MID"]


def cycle(number: int = 10, **over: Any) -> dict[str, Any]:
    """Up and down the shades; what stands behind the shade in the key sorts."""
    plain = {"type": "cyclic", "group_from": 1, "group_to": 5, "seq_from": 6, "profile": SHADES}
    return step(number, **{**plain, **over})


def walked(keys: str, *, over: dict[str, Any] | None = None, **parameters: Any) -> list[str]:
    """The groups a cyclic step makes of keys in planned order."""
    return groups(plan(problem(operations=keyed(keys), steps=[cycle(**parameters)], **(over or {}))))


def test_profile_the_stops_are_walked_in_its_order() -> None:
    keys = "DARK,LIGHT,MID,LIGHT,DARK"
    assert walked(keys) == ["B D", "C", "A E"]
    assert walked(keys, profile=["MID", "DARK", "LIGHT"]) == ["C", "A E", "B D"]


def test_profile_the_walk_begins_where_the_resource_stands_and_wraps() -> None:
    data = problem(operations=keyed("LIGHT,MID,DARK"), steps=[cycle(profile=["LIGHT", "MID", "DARK"])])
    for state, expected in (("MID", "B C A"), ("DARK", "C A B"), ("BLACK", "A B C"), (None, "A B C")):
        data["resources"] = [press("M1", state=state)]
        assert sequence(plan(data)) == expected


def test_profile_the_last_operation_in_the_way_says_where_the_resource_stands() -> None:
    running = operation("R10", key="MID", operation_status=50, resource="M1", start="2026-11-23T06:00")
    data = problem(
        operations=[running, *keyed("LIGHT,MID,DARK")], steps=[cycle(profile=["LIGHT", "MID", "DARK"])]
    )
    assert sequence(plan(data)) == "R B C A"


def test_profile_an_empty_stop_costs_nothing() -> None:
    """From LIGHT the walk goes straight to DARK: one changeover, no time for the stop between."""
    data = problem(
        operations=keyed("DARK,LIGHT"), steps=[cycle()], resources=[press("M1", state="LIGHT")],
        setup=[{"from": "LIGHT", "to": "DARK", "hours": 1}, {"from": "*", "to": "MID", "hours": 9}],
    )  # fmt: skip
    done = plan(data)
    assert bars(done) == ["B10 M1 0-1", "A10 M1 1-3"]
    assert done.after.setup_hours == 1


def test_profile_a_value_may_stand_in_it_twice() -> None:
    """Two hours a stop: the second MID operation runs on the way back from DARK."""
    assert walked("MID,MID,DARK,LIGHT", max_operation_hours=1) == ["D", "A", "C", "B"]


def test_profile_each_resource_may_have_its_own() -> None:
    two = [press("M1"), press("M2")]
    keys = keyed("LIGHT,DARK,LIGHT,DARK", resources=["M1"]) + [
        {**each, "id": f"{name}10", "order": name, "resources": ["M2"]}
        for name, each in zip("WXYZ", keyed("LIGHT,DARK,LIGHT,DARK"), strict=True)
    ]
    profiles = {"M1": ["LIGHT", "DARK"], "M2": ["DARK", "LIGHT"]}
    done = plan(problem(operations=keys, resources=two, steps=[cycle(profile=profiles)]))
    assert (sequence(done, "M1"), sequence(done, "M2")) == ("A C B D", "X Z W Y")


def test_a_value_without_a_stop_is_told_and_planned_forward() -> None:
    done = plan(problem(operations=keyed("RED,LIGHT,RED"), steps=[cycle()]))
    assert (groups(done), [each.status for each in done.operations]) == (["B"], [10, 15, 10])
    assert done.warnings == (
        "Step 10: no profile has the key value 'RED'; planned forward: 2 of that value.",
    )


def test_the_group_starts_with_its_latest_operation_and_stays_so() -> None:
    """All gaps are accepted before the group, so there are none inside; the last pass keeps that."""
    late = [operation("A10", key="LIGHT1"), operation("B10", key="LIGHT2", earliest="2026-11-23T10:00")]
    assert bars(plan(problem(operations=late, steps=[cycle()]))) == ["A10 M1 4-5", "B10 M1 5-6"]


def test_an_operation_that_waits_for_one_of_the_group_comes_at_a_later_stop() -> None:
    chain = [operation("A10", key="LIGHT"), operation("A20", key="LIGHT"), operation("B10", key="DARK")]
    assert groups(plan(problem(operations=chain, steps=[cycle()]))) == ["A", "B", "A20"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["A C", "B D"]),
        ({"max_group_hours": 1}, ["A", "B", "C", "D"]),
        ({"max_operation_hours": 1}, ["A", "B", "C", "D"]),
        ({"max_resource_hours": 1}, ["A", "B", "C", "D"]),
        ({"group_from": 6, "group_to": 6, "profile": ["1", "2"]}, ["A D", "B C"]),
        ({"enabled": False}, []),
        ({"horizon_days": 0}, []),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_collecting(parameters: dict[str, Any], expected: list[str]) -> None:
    assert walked("LIGHT1,DARK 2,LIGHT2,DARK 1", **{"seq_from": None, **parameters}) == expected


@pytest.mark.parametrize("respect", [False, True], ids=["clock", "delay calendar"])
def test_grouping_time_according_to_the_delay_calendar(respect: bool) -> None:
    days = [("A10", "2026-11-27T08:00"), ("B10", "2026-12-01T08:00")]
    data = problem(
        operations=[operation(name, key="LIGHT", earliest=day) for name, day in days], calendar=DAY_SHIFT,
        steps=[cycle(max_group_hours=48, respect_delay_calendar=respect)],
    )  # fmt: skip
    assert groups(plan(data)) == (["A B"] if respect else ["A", "B"])


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["D B C A"]),
        ({"seq_from": None}, ["A B C D"]),
        ({"seq_from": 7}, ["C D A B"]),
        ({"seq_to": 6}, ["B D A C"]),
        ({"order_by": "group", "seq_to": 6}, ["D B C A"]),
        ({"sort": "latest_start", "seq_to": 6}, ["D B C A"]),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_the_order_at_a_stop(parameters: dict[str, Any], expected: list[str]) -> None:
    orders = [
        {"id": name, "due": f"2026-11-24T0{hour}:00"} for name, hour in zip("ABCD", "9876", strict=True)
    ]
    assert walked("LIGHT22,LIGHT12,LIGHT21,LIGHT11", over={"orders": orders}, **parameters) == expected


def test_sorted_on_planned_start() -> None:
    late = [operation("A10", key="LIGHT", earliest="2026-11-23T09:00"), operation("B10", key="LIGHT")]
    for sort, expected in (("standard", "A B"), ("planned_start", "B A")):
        assert groups(plan(problem(operations=late, steps=[cycle(sort=sort)]))) == [expected]


def test_only_use_resources_common_to_step() -> None:
    outside = {"id": "X1", "work_centre": "OTHER", "state": ""}
    data = problem(
        operations=keyed("LIGHT,DARK", hours=2, resources=["X1", "M1"]), resources=[outside, press("M1")]
    )
    data["operations"][0]["resources"] = ["X1"]
    for common, expected in ((False, "X1"), (True, "M1")):
        data["steps"] = [cycle(common_resources_only=common)]
        assert plan(data).operations[1].resource == expected
