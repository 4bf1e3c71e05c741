"""Generated problems of every parameter: whatever a plan looks like, it is a legal one.

A judge that knows no pass goes through the result: each operation once, where it may run, after what it waits for,
with the setup the matrix says, in working time, one at a time; what is locked stands, what was in order stays so.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from scheduling.engine import Problem, Result, read_problem, solve
from scheduling.engine.calendars import WorkClock
from scheduling.engine.result import Placed
from scheduling.engine.setups import Setups, Source
from tests.pure.scheduling_engine.plant import MONDAY

COLOURS = ("RED", "BLU", "GRN")


def generated(random: Random) -> dict[str, Any]:
    """A week of two work centres with locked, running and kept operations and a step for each."""
    machines = {"PRESS": ["M1", "M2"], "SAW": ["S1"]}
    resources = [
        {
            "id": name, "work_centre": centre, "state": random.choice([*COLOURS, None]),
            "efficiency": random.choice([1.0, 0.5, 1.5]), "priority": random.randint(1, 3),
            "capacity": random.choice([[], [["2026-11-24", 0.5]], [["2026-11-24", 0], ["2026-11-25", 1.5]]]),
            "setup_rule": random.choice(["operation", "resource", "longest", "sum"]),
            "setup_standard": 0.5, "setup_reduced": 0.1,
        }
        for centre, names in machines.items()
        for name in names
    ]  # fmt: skip
    orders, operations = [], []
    for place in range(random.randint(3, 14)):
        order = f"O{place}"
        orders.append({"id": order, "schedule_number": random.choice([None, None, "7", "8"]),
                       "due": random.choice([None, f"2026-11-{random.randint(23, 30)}T12:00"])})  # fmt: skip
        for number in range(10, 10 * random.randint(2, 4), 10):
            centre = random.choice(["PRESS", "SAW"])
            each: dict[str, Any] = {
                "id": f"{order}-{number}", "order": order, "number": number, "work_centre": centre,
                "hours": random.choice([0, 0.5, 1, 2, 3.25]), "setup_standard": 0.75,
                "key": f"{random.choice(COLOURS)} {random.randint(1, 3)}",
                "earliest": random.choice([None, None, _some_hour(random, 26)]),
            }  # fmt: skip
            if operations and random.random() < 0.15:
                each["predecessors"] = [random.choice(operations)["id"]]
            if random.random() < 0.15:
                each["resource"] = random.choice(machines[centre])
                each["status"] = random.choice([10, 15, 17, 17])
                each["start"] = _some_hour(random, 25)
            operations.append(each)
    if random.random() < 0.5:
        operations[0].update(
            resource="S1", work_centre="SAW", status=20, start="2026-11-24T09:00", earliest=None, hours=3
        )
    steps: list[dict[str, Any]] = []
    for number, centre in ((10, "PRESS"), (30, "SAW")):
        order_by = random.choice(["sort", "group"])
        steps.append(
            {
                "id": number, "type": "standard", "work_centre": centre, "group_from": 1, "group_to": 3, "seq_from": 4,
                "order_by": order_by, "gap_control": random.choice([" ", "S", "P", "Y"]),
                "max_gap_centihours": random.choice([None, 50, 400]), "max_group_hours": random.choice([None, 8, 48]),
                "respect_delay_calendar": random.random() < 0.5, "horizon_days": random.choice([None, 2]),
                "max_operation_hours": random.choice([None, 2, 6]), "max_resource_hours": random.choice([None, 3, 9]),
                "same_schedule_number": random.random() < 0.4, "break_if_delay": random.random() < 0.5,
                "common_resources_only": random.random() < 0.5,
            }
        )  # fmt: skip
        if order_by == "sort":
            steps[-1]["sort"] = random.choice(["standard", "planned_start", "latest_start"])
    if random.random() < 0.7:
        steps.append({"id": 20, "type": "forward"})
    matrix = [
        {
            "from": f"{one}*",
            "to": f"{other}*",
            "hours": random.choice([0.25, 1, 2]),
            "forbidden": random.random() < 0.15,
        }
        for one in COLOURS
        for other in COLOURS
        if random.random() < 0.7
    ]
    return {
        "start": MONDAY, "horizon_days": random.choice([5, 20]), "resources": resources, "orders": orders,
        "operations": operations, "steps": steps, "setup": matrix,
        "calendar": {"default": [["06:00", "22:00"]] * 5, "closed": ["2026-11-26"]},
    }  # fmt: skip


def _some_hour(random: Random, last: int) -> str:
    return f"2026-11-{random.randint(23, last)}T{random.randint(0, 23):02d}:00"


def judge(problem: Problem, result: Result) -> None:
    """Each rule of a plan, from the result alone."""
    by_id = {each.id: each for each in result.operations}
    start, end = (
        {
            each.id: problem.plant.seconds(datetime.fromisoformat(text))
            for each in result.operations
            if (text := getattr(each, name))
        }
        for name in ("start", "end")
    )
    number = {resource.id: place for place, resource in enumerate(problem.resources)}
    setups = Setups(problem)
    clocks = [
        WorkClock(problem.plant, each.calendar, problem.start, each.capacity) for each in problem.resources
    ]
    gave_way = any("gave way" in warning for warning in result.warnings)
    assert len(by_id) == len(problem.operations)
    chains: dict[str, list[str]] = {}
    for operation in problem.operations:
        placed = by_id[operation.id]
        if placed.resource is None:
            assert any(operation.id in warning for warning in result.warnings)
            continue
        machine = problem.resources[number[placed.resource]]
        allowed = operation.resources or tuple(
            each.id for each in problem.resources if each.work_centre == operation.work_centre
        )
        assert placed.resource in ((operation.resource,) if operation.resource else allowed)
        if operation.fixed:
            assert start[operation.id] == operation.start
            continue
        assert start[operation.id] >= max(problem.start, operation.earliest or 0)
        for earlier in problem.routing[operation.id]:
            assert end[earlier] <= start[operation.id], f"{operation.id} before {earlier} ends"
        if operation.hours:
            clock = clocks[number[placed.resource]]
            setup = round(placed.setup_hours * 3600)
            begin = clock.add(start[operation.id], setup)
            assert end[operation.id] == clock.make(begin, operation.hours * 3600 / machine.efficiency)
            if operation.kept:
                chains.setdefault(placed.resource, []).append(operation.id)
    operations = {operation.id: operation for operation in problem.operations}
    for resource, names in chains.items():
        by_old_start = sorted(names, key=lambda name: operations[name].start or 0)
        if not gave_way:
            starts = [(operations[name].start, start[name]) for name in by_old_start]
            for one, other in pairwise(starts):
                assert one[0] == other[0] or one[1] < other[1], f"the kept order of {resource}"
    for resource, place in number.items():
        row = [
            each.id for each in result.operations if each.resource == resource and operations[each.id].hours
        ]
        row.sort(key=start.__getitem__)
        state = problem.resources[place].state
        for before, name in zip([None, *row], row, strict=False):
            if before is not None:
                assert end[before] <= start[name] or operations[name].fixed, (
                    f"{before} and {name} on {resource}"
                )
            operation = operations[name]
            ready = max(
                [problem.start, operation.earliest or 0, *(end[each] for each in problem.routing[name])]
            )
            setup = setups.between(state, operation, place, ready)
            assert round(by_id[name].setup_hours * 3600) == setup.seconds, f"the setup of {name}"
            told = any(warning.startswith(f"{name} follows the key") for warning in result.warnings)
            assert (setup.source is Source.FORBIDDEN) == told
            state = operation.key


def judge_groups(problem: Problem, result: Result) -> None:
    """Each group: one resource, equal grouping parts, and no more hours than its step allows."""
    operations = {operation.id: operation for operation in problem.operations}
    steps = {step.id: step for step in problem.steps}
    groups: dict[str, list[Placed]] = {}
    for each in result.operations:
        assert (each.group is not None) == (each.status == 15 and operations[each.id].status == 10)
        if each.group is not None:
            groups.setdefault(each.group, []).append(each)
    for name, members in groups.items():
        step = steps[int(name.split("-")[0])]
        assert len({each.resource for each in members}) == 1, name
        assert len({step.group.of(operations[each.id].key) for each in members}) == 1, name
        hours = sum(operations[each.id].hours for each in members)
        if step.max_operation_hours is not None and not step.same_schedule_number:
            assert hours <= step.max_operation_hours or len(members) == 1, name


# In the last two an operation is sequenced and then left out, as a forbidden setup bars what it waits for.
@pytest.mark.parametrize("seed", [*range(150), 2196, 2377])
def test_every_plan_is_legal_and_the_same_again(seed: int) -> None:
    problem = read_problem(generated(Random(seed)))
    result = solve(problem)
    judge(problem, result)
    judge_groups(problem, result)
    assert solve(problem).operations == result.operations


@pytest.mark.parametrize("seed", [*range(150, 190), 2196, 2377])
def test_a_result_is_kept_when_it_is_planned_again(seed: int) -> None:
    """What the first run sequenced stands as 15 in the second, which may not change its order."""
    data = generated(Random(seed))
    first = solve(read_problem(data))
    for operation, placed in zip(data["operations"], first.operations, strict=True):
        if placed.group is not None:
            operation.update(status=placed.status, resource=placed.resource, start=placed.start)
    problem = read_problem(data)
    again = solve(problem)
    judge(problem, again)
    grouped = [{each.id for each in result.operations if each.group} for result in (first, again)]
    assert grouped[0].isdisjoint(grouped[1])
