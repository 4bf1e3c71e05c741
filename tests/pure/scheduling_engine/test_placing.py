"""The compiled way of the passes: on generated plants the plan of the plain way, to the second and to the word."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from bench.schedule_size import generated as plant
from scheduling.engine import Budget, ProblemError, arrays, placing, read_problem, solve, warm_up
from scheduling.engine.passes import (
    Busy,
    QuickTimeline,
    Shop,
    Timeline,
    backward,
    forward,
    kept_chains,
    true_setups,
)
from tests.bounds import seeds
from tests.pure.scheduling_engine.plant import DAY_SHIFT, MONDAY, keyed, operation, press, problem, step
from tests.pure.scheduling_engine.test_legal_plans import generated, other_steps

NEVER_COMPILED = 1 << 30


def told(data: dict[str, Any], worth: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any] | str:
    """All a run says, or why it refuses, where so many operations are worth the compiled way."""
    monkeypatch.setattr(arrays, "WORTH_COMPILING", worth)
    checked = read_problem(data)
    assert worth or Shop(checked).floor is not None
    try:
        result = solve(checked, Budget(iterations=100)).as_json()
    except ProblemError as refused:
        return str(refused)
    return {name: value for name, value in result.items() if name != "seconds"}


def both_ways(data: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any] | str:
    """What both ways say alike."""
    plain = told(data, NEVER_COMPILED, monkeypatch)
    assert told(data, 0, monkeypatch) == plain
    return plain


def bent(random: Random, data: dict[str, Any]) -> dict[str, Any]:
    """The same plant with long operations, due dates of all kinds, and what runs already."""
    for order in data["orders"]:
        order["due"] = random.choice([order["due"], None, "2099-12-31T00:00", "2026-10-01T12:00"])
    for each in data["operations"]:
        if random.random() < 0.1:
            each["hours"] = random.choice([0.001, 40, 900])
        if each.get("resource") and random.random() < 0.4:
            each["operation_status"] = 50
    return data


@pytest.mark.parametrize("seed", seeds(60))
def test_both_ways_plan_standard_steps_alike(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    data = generated(random)
    both_ways(bent(random, data) if seed % 2 else data, monkeypatch)


@pytest.mark.parametrize("seed", seeds(60))
def test_both_ways_plan_every_other_step_alike(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    data = other_steps(random, generated(random))
    for each in data["operations"]:
        each.pop("secondary", None)
    data["initial_step"]["overlap"] = False
    both_ways(bent(random, data) if seed % 2 else data, monkeypatch)


def test_a_step_places_its_groups_alike_in_a_row_and_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forbidden setup in the middle of a group: what comes behind it goes on, and it is tried again."""
    barred = [{"from": "RED1", "to": "RED2", "forbidden": True}, {"from": "RED3", "to": "RED2", "hours": 1}]
    data = problem(operations=keyed("RED1,RED2,RED3,BLU1,RED2"), setup=barred, steps=[step()])
    for gap_control in (" ", "P"):
        data["steps"][0].update(gap_control=gap_control, max_gap_centihours=100_000)
        assert isinstance(both_ways(data, monkeypatch), dict)


def test_a_calendar_is_written_on_while_the_compiled_way_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Years of work, more than is written out at first, in every pass and in the step."""
    operations = keyed("RED1,BLU1,RED2,BLU2,RED3", hours=700.0)
    result = both_ways(problem(operations=operations, calendar=DAY_SHIFT, steps=[step()]), monkeypatch)
    assert isinstance(result, dict)
    assert max(each["end"] for each in result["operations"]) > "2027-06"


def test_both_ways_refuse_alike_what_no_calendar_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    data = problem(operations=[operation("A10", 200_000.0), operation("B10")], steps=[step()])
    refusal = both_ways(data, monkeypatch)
    assert isinstance(refusal, str)
    assert "A10 needs 200000 h" in refusal


def test_orders_that_contradict_their_routing_give_way_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """B before A on one press and A before B on the other, while each waits for its own order."""
    kept = {"status": 17, "resource": "M1"}
    operations = [
        operation("A10", **kept, start="2026-11-24T06:00"),
        operation("A20", **kept, start=MONDAY),
        operation("B10"),
    ]
    result = both_ways(problem(operations=operations), monkeypatch)
    assert isinstance(result, dict)
    assert any("gave way" in warning for warning in result["warnings"])


@pytest.mark.parametrize("seed", range(30))
def test_timelines_of_both_ways_agree_in_every_answer(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places asked for in any order and at any moment, put, taken back, and the idle time between."""
    monkeypatch.setattr(arrays, "WORTH_COMPILING", 0)
    random = Random(seed)
    shop = Shop(read_problem(generated(random)))
    working = [number for number, each in enumerate(shop.operations) if each.hours]
    for resource in range(len(shop.resources)):
        ways = Timeline(shop, resource, Busy()), QuickTimeline(shop, resource)
        for number in random.choices(working, k=12):
            ready, after = (shop.start + random.randrange(3 * 86_400) for _ in range(2))
            forced = random.random() < 0.2
            plain, quick = (way.fit(number, ready, after, forced=forced) for way in ways)
            assert plain == quick
            if plain is None:
                continue
            marks = [way.mark() for way in ways]
            for way in ways:
                way.put(plain)
            if random.random() < 0.2:
                for way, mark in zip(ways, marks, strict=True):
                    way.back_to(mark)
            since = shop.start + random.randrange(4 * 86_400)
            assert ways[0].idle(since, plain.end) == ways[1].idle(since, plain.end)
            assert [*ways[0].stretches()] == [*ways[1].stretches()]
        ready = [shop.start + random.randrange(86_400) for _ in working]
        assert ways[0].row(working, ready, shop.start) == ways[1].row(working, ready, shop.start)


@pytest.mark.parametrize(
    "over",
    [
        {"initial_step": {"overlap": True}},
        {"setup": [{"from": "RED*", "to": "BLU*", "hours": 1, "valid_from": "2026-11-24T00:00"}]},
        {"operations": [*keyed("RED1,BLU1"), operation("C10", secondary=["M2"])]},
    ],
    ids=["overlap", "dated matrix", "secondary resource"],
)
def test_what_the_compiled_way_does_not_know_goes_the_plain_way(
    over: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "WORTH_COMPILING", 0)
    plain = {"resources": [press("M1"), press("M2", work_centre="TOOLS")], "operations": keyed("RED1,BLU1")}
    assert Shop(read_problem(problem(**plain))).floor is not None
    assert Shop(read_problem(problem(**{**plain, **over}))).floor is None


def test_a_small_plan_needs_nothing_compiled_and_a_huge_table_is_not_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = problem(
        operations=keyed("RED1,BLU1"), setup=[{"from": "RED1", "to": "BLU1", "hours": 1}], steps=[step()]
    )
    assert Shop(read_problem(data)).floor is None
    monkeypatch.setattr(arrays, "WORTH_COMPILING", 2)
    assert Shop(read_problem(data)).floor is not None
    monkeypatch.setattr(arrays, "LARGEST_TABLE", 3)
    assert Shop(read_problem(data)).floor is None


def test_warming_up_compiles_what_a_plan_needs() -> None:
    """All loops, for the kinds of arrays a plan has: else a planner would wait for the compiler.

    With nothing compiled before, a loop that others call is compiled for their kinds of numbers as well.
    """
    warm_up()
    loops = (
        placing.begin_forward, placing.plan_forward, placing.plan_backward, placing.prioritise,
        placing.look_through, placing.work_through, placing.pause, placing.put, placing.put_row, placing.occupy,
    )  # fmt: skip
    warm = [set(loop.signatures) for loop in loops]
    assert all(warm)
    solve(read_problem(plant(arrays.WORTH_COMPILING)))
    assert [set(loop.signatures) for loop in loops] == warm


@pytest.mark.parametrize("seed", seeds(20))
def test_latest_starts_are_the_same_both_ways(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Due before the plan's start, in it, years behind it and never."""
    random = Random(seed)
    checked = read_problem(bent(random, generated(random)))
    found = []
    for worth in (NEVER_COMPILED, 0):
        monkeypatch.setattr(arrays, "WORTH_COMPILING", worth)
        shop = Shop(checked)
        try:
            found.append(backward(shop, forward(shop, kept_chains(shop))))
        except ProblemError as refused:
            found.append(refused.args)
    assert found[0] == found[1]


@pytest.mark.parametrize("capacity", [[], [["2026-11-24", 0.5], ["2026-11-25", 3.0]]])
def test_work_is_taken_back_alike_from_the_first_to_the_last_written_moment(
    capacity: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In shifts, in pauses, at the ends of both and of all that is written; much work, and none at all."""
    monkeypatch.setattr(arrays, "WORTH_COMPILING", 0)
    data = problem(
        resources=[press("M1", capacity=capacity)], calendar={"default": [["06:00", "22:00"]] * 5},
        operations=keyed("RED1,BLU1"),
    )  # fmt: skip
    shop = Shop(read_problem(data))
    floor, clock = shop.floor, shop.clocks[0]
    assert floor is not None
    opens, closes, *_ = clock.written()
    edges = [*opens[-4:].tolist(), *closes[-4:].tolist(), *opens[40:46].tolist(), *closes[40:46].tolist()]
    moments = {edge + aside for edge in edges for aside in (-7200, -1, 0, 1, 7200)}
    for moment in sorted(moment for moment in moments if moment < closes[-1]):
        for work in (0.0, 1.0, 3600.0, 16 * 3600.0, 9e5, 1e8):
            assert placing.unmake(floor, 0, moment, work) == clock.unmake(moment, work)
    # The last written second: without work nothing is taken back, also where only the stretch without an end follows.
    for moment in (int(closes[-1]), int(closes[-1]) + 1, int(closes[-1]) + 3600):
        assert placing.unmake(floor, 0, moment, 0.0) == moment


def test_a_locked_operation_that_ends_behind_the_written_calendar_has_it_written_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What runs before it makes its setup shorter; where it ends then is a night behind all that was written out."""
    monkeypatch.setattr(arrays, "WORTH_COMPILING", 0)
    locked = operation("B10", 40.0, key="BLU1", status=20, resource="M1", start="2027-01-20T06:00")
    data = problem(
        calendar=DAY_SHIFT, resources=[press("M1", state="RED1")],
        operations=[operation("A10", key="BLU1"), locked],
        setup=[{"from": "RED1", "to": "BLU1", "hours": 30}],
    )  # fmt: skip
    places = []
    for worth in (NEVER_COMPILED, 0):
        monkeypatch.setattr(arrays, "WORTH_COMPILING", worth)
        shop = Shop(read_problem(data))
        # Written out as far as it is before anybody asks for more.
        floor = shop.floor
        plan = forward(shop, {})
        assert plan.setup[1] == 30 * 3600
        true_setups(shop, plan)
        places.append(plan.fit(1))
        assert floor is None or placing.unknown_from(floor, 0) < plan.end[1]
    assert places[0] == places[1]
    assert places[0].setup == 0
