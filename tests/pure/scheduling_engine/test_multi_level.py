"""The multi-level step, parameter by parameter: each test fails when its parameter is ignored."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any

import pytest

from scheduling.engine import Budget, Result, read_problem, solve
from scheduling.engine.multi_level import KICKS
from scheduling.engine.search import Found, tours
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


def level(first: int, last: int, by: str = "group") -> dict[str, Any]:
    return {"from": first, "to": last, "by": by}


def levels(*levels: dict[str, Any], **over: Any) -> dict[str, Any]:
    """A multi-level step of the press shop."""
    plain = {"id": 10, "type": "multi_level", "work_centre": "PRESS", "levels": list(levels)}
    return {**plain, **over}


def leveled(keys: str, *each: dict[str, Any], over: dict[str, Any] | None = None, **parameters: Any) -> str:
    """The order a step with these levels makes of keys in planned order."""
    return sequence(
        plan(problem(operations=keyed(keys), steps=[levels(*each, **parameters)], **(over or {})))
    )


def changeovers(hours: dict[str, int]) -> dict[str, Any]:
    """A matrix of the keys' first characters, `AB` being from A to B; 9 hours where it is silent."""
    matrix = [{"from": f"{pair[0]}*", "to": f"{pair[1]}*", "hours": each} for pair, each in hours.items()]
    matrix += [{"from": f"{one}*", "to": f"{one}*", "hours": 0} for one in "PQRS"]
    return {"setup": [*matrix, {"from": "*", "to": "*", "hours": 9}], "horizon_days": 99}


@pytest.mark.parametrize(
    ("by", "expected"), [("group", "A D B E C"), ("sort", "B E A D C")], ids=["group", "sort"]
)
def test_levels_one_that_groups_and_one_that_sorts(by: str, expected: str) -> None:
    assert leveled("b,a,c,b,a", level(1, 1, by)) == expected


def test_levels_one_that_minimises() -> None:
    """From the state P: R is nearest by list and by letter, and S, Q, R is the cheapest way."""
    matrix = changeovers({"PS": 1, "SQ": 1, "QR": 1, "PQ": 2, "PR": 2})
    over = {**matrix, "resources": [press("M1", state="P")]}
    assert leveled("R,Q,S", level(1, 1, "minimise"), over=over) == "C B A"
    assert leveled("R,Q,S", level(1, 1, "sort"), over=over) == "B A C"


def test_levels_minimising_finds_the_least_setup_of_six_keys() -> None:
    """Against all 720 orders; the search may not depend on luck."""
    letters = "KLMNOP"
    hours = {(a, b): (7 * i * i + 11 * j + 3 * i * j) % 13 for i, a in enumerate("S" + letters)
             for j, b in enumerate(letters)}  # fmt: skip
    matrix = [{"from": a, "to": b, "hours": each} for (a, b), each in hours.items()]
    data = problem(
        operations=keyed(",".join(letters)), resources=[press("M1", state="S")], setup=matrix, horizon_days=99,
        steps=[levels(level(1, 1, "minimise"))],
    )  # fmt: skip
    best = min(
        sum(hours[pair] for pair in zip(("S", *order), order, strict=False))
        for order in permutations(letters)
    )
    assert plan(data).after.setup_hours == best


def test_levels_each_works_inside_the_groups_of_the_one_above() -> None:
    keys = "b2,a1,b1,a2,b2"
    assert leveled(keys, level(1, 1), level(2, 2, "sort")) == "C A E B D"
    assert leveled(keys, level(1, 1, "sort"), level(2, 2)) == "B D A E C"
    assert leveled(keys, level(2, 2), level(1, 1)) == "A E D B C"
    assert leveled(keys, level(1, 1)) == "A C E B D"


def test_levels_minimising_counts_from_the_last_of_a_group_to_the_first_of_the_next() -> None:
    """Groups 1 and 2: inside, level two sorts; 1 ends in R and 2 begins with Q, so 2 then 1 saves the 9 hours."""
    matrix = changeovers({"PQ": 1, "QS": 1, "SP": 0, "PR": 1})
    data = {**matrix, "resources": [press("M1", state="P")]}
    keys = "P1,R1,Q2,S2"
    assert leveled(keys, level(2, 2, "minimise"), level(1, 1, "sort"), over=data) == "C D A B"


def test_levels_twenty_are_allowed() -> None:
    assert leveled("b" * 20 + "," + "a" * 20, *[level(n, n, "sort") for n in range(1, 21)]) == "B A"


def test_levels_the_first_one_is_the_group_of_the_result() -> None:
    done = plan(problem(operations=keyed("a1,b1,a2,b2"), steps=[levels(level(1, 1), level(2, 2))]))
    assert groups(done) == ["A C", "B D"]
    assert done.operations[2].rule == "Step 10, group 10-1: levels group 'a', group '2'."


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "A C E B D F"),
        ({"max_group_hours": 2}, "A C B D F E"),
        ({"max_operation_hours": 3}, "A C B D F E"),
        ({"max_resource_hours": 3}, "A C B D F E"),
        ({"enabled": False}, "A B C D E F"),
        ({"horizon_days": 0}, "A B C D E F"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_collecting_a_block(parameters: dict[str, Any], expected: str) -> None:
    assert leveled("a,b,a,b,a,b", level(1, 1), **parameters) == expected


@pytest.mark.parametrize("respect", [False, True], ids=["clock", "delay calendar"])
def test_grouping_time_according_to_the_delay_calendar(respect: bool) -> None:
    """Friday and Tuesday, the later one with the smaller key: two production days apart."""
    days = [("A10", "b", "2026-11-27T08:00"), ("B10", "a", "2026-12-01T08:00")]
    data = problem(
        operations=[operation(name, key=key, earliest=day) for name, key, day in days], calendar=DAY_SHIFT,
        steps=[levels(level(1, 1, "sort"), max_group_hours=48, respect_delay_calendar=respect)],
    )  # fmt: skip
    assert sequence(plan(data)) == ("B A" if respect else "A B")


def test_only_use_resources_common_to_step() -> None:
    outside = {"id": "X1", "work_centre": "OTHER", "state": ""}
    data = problem(operations=keyed("a,b", hours=2, resources=["X1", "M1"]), resources=[outside, press("M1")])
    data["operations"][0]["resources"] = ["X1"]
    for common, expected in ((False, "X1"), (True, "M1")):
        data["steps"] = [levels(level(1, 1), common_resources_only=common)]
        assert plan(data).operations[1].resource == expected


# Gaps.


def gapped(**parameters: Any) -> str:
    """A, then by the key C that is ready at six o'clock only, then D, then the long E."""
    data = problem(
        operations=[operation("A10", key="1"), operation("C10", key="2", earliest="2026-11-23T12:00"),
                    operation("D10", key="3"), operation("E10", 4, key="4")],
        steps=[levels(level(1, 1, "sort"), **parameters)],
    )  # fmt: skip
    return sequence(plan(data))


@pytest.mark.parametrize(
    ("control", "expected"), [(" ", "A C D E"), ("S", "A D E C"), ("P", "A D E C")], ids=["blank", "S", "P"]
)
def test_gap_control(control: str, expected: str) -> None:
    assert gapped(gap_control=control, max_gap_centihours=100) == expected


@pytest.mark.parametrize(("most", "expected"), [(500, "A C D E"), (499, "A D C E"), (None, "A D E C")])
def test_maximum_gaps_allowed_within_groups(most: int | None, expected: str) -> None:
    assert gapped(gap_control="P", max_gap_centihours=most) == expected


def test_gap_control_p_goes_by_setup_and_gap_and_sends_nothing_back() -> None:
    """C leaves a gap of two hours; D would need three hours of setup, so C keeps its place. S sends C back."""
    data = problem(
        operations=[operation("A10", key="P1"), operation("C10", key="P2", earliest="2026-11-23T09:00"),
                    operation("D10", key="Q3")],
        **changeovers({"PQ": 3}),
    )  # fmt: skip
    data["resources"] = [press("M1", state="P")]
    done = {}
    for control in ("P", "S"):
        data["steps"] = [levels(level(1, 2, "sort"), gap_control=control)]
        done[control] = bars(plan(data))
    assert done["P"] == ["A10 M1 0-1", "C10 M1 3-4", "D10 M1 4-8"]
    assert [bar.split()[0] for bar in done["S"]] == ["A10", "D10", "C10"]


def test_an_operation_waits_in_its_block_for_the_one_before_it() -> None:
    operations = [operation("A10", key="2"), operation("A20", key="1"), operation("B10", key="3")]
    done = plan(problem(operations=operations, steps=[levels(level(1, 1, "sort"))]))
    assert sequence(done) == "A A20 B"
    assert done.operations[0].rule.endswith("before others of the order, which had to wait.")


def test_a_forbidden_transition_is_gone_around() -> None:
    over = {"setup": [{"from": "a", "to": "b", "forbidden": True}, {"from": "*", "to": "*", "hours": 1}]}
    for by in ("sort", "minimise", "group"):
        assert leveled("a,b,c", level(1, 1, by), over=over) in ("A C B", "B A C", "C B A", "B C A")


def test_a_later_step_with_other_keys_keeps_the_order() -> None:
    data = problem(operations=keyed("b,a"), steps=[levels(level(1, 1, "sort")), step(20)])
    assert sequence(plan(data)) == "B A"


# The budget of the run.


def colourful(count: int = 40, **over: Any) -> dict[str, Any]:
    """So many keys with a matrix of chance between them; the level searches the order of all."""
    random = Random(5)
    keys = [f"K{number:02d}" for number in range(count)]
    matrix = [
        {"from": one, "to": other, "hours": random.randint(1, 60) / 10} for one in keys for other in keys
    ]
    operations = [
        {"id": f"{key}/10", "order": key, "number": 10, "work_centre": "PRESS", "hours": 1, "key": key}
        for key in keys
    ]
    data = problem(
        operations=operations, setup=matrix, resources=[press("M1", state="K00")], horizon_days=99,
        steps=[levels(level(1, 3, "minimise"))],
    )  # fmt: skip
    return {**data, **over}


@pytest.fixture
def kicks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No branch and bound, which settles a matrix of chance before the moves of the run are spent."""
    monkeypatch.setattr(tours, "promising", lambda *_: False)


def within(data: dict[str, Any], **limits: Any) -> Result:
    return solve(read_problem(data), Budget(**limits))


@pytest.mark.usefixtures("kicks_alone")
def test_seed_and_iterations_decide_the_order_and_more_are_no_worse() -> None:
    data = colourful()
    one, same, other = (within(data, iterations=3, seed=seed) for seed in (1, 1, 2))
    assert one.operations == same.operations != other.operations
    assert (one.seed, one.iterations, other.seed) == (1, 3, 2)
    hours = [within(data, iterations=count, seed=1).after.setup_hours for count in (0, 3, 300, 3000)]
    assert hours == sorted(hours, reverse=True)
    assert hours[0] > hours[-1]


@pytest.mark.usefixtures("kicks_alone")
def test_without_a_limit_each_group_has_its_kicks_and_under_one_of_time_there_is_an_end() -> None:
    assert plan(colourful(9)).iterations == 9 * KICKS
    assert within(colourful(9), seconds=3600.0).iterations < 9 * 2001


@pytest.mark.usefixtures("kicks_alone")
def test_it_shares_the_moves_of_the_run_with_other_searching_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"id": 20, "type": "minimise_setup", "work_centre": "SAW"}
    data = colourful(20)
    data["resources"].append({"id": "S1", "work_centre": "SAW", "state": "K00"})
    for key in ("K01", "K02", "K03"):
        data["operations"].append(
            {"id": f"{key}/20", "order": key, "number": 20, "work_centre": "SAW", "hours": 1, "key": key}
        )
    tried: list[int] = []
    whole = Budget.search

    def counted(self: Budget, *asked: Any, **more: Any) -> Found:
        found = whole(self, *asked, **more)
        tried.append(found.iterations)
        return found

    monkeypatch.setattr(Budget, "search", counted)
    for steps, moves in (
        (data["steps"], [1000]),
        ([*data["steps"], other], [500, 500]),
        ([levels(level(1, 3, "sort")), other], [1000]),
    ):
        tried.clear()
        done = within({**data, "steps": steps}, iterations=1000)
        assert (tried, done.iterations) == (moves, 1000)


def test_a_cancelled_search_tries_nothing_more() -> None:
    done = within(colourful(), seconds=3600.0, cancelled=lambda: True)
    assert (done.iterations, done.cancelled) == (0, True)
