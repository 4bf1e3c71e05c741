"""What Minimise setup proves of small steps, against every order there is: with calendars, capacity that changes,
locked operations in the way, forbidden transitions, gaps and ends that must be kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product
from random import Random
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from scheduling.engine import Budget, read_problem, solve
from scheduling.engine.search import Found, Limits, exact
from scheduling.engine.search.lines import GAP_WEIGHT, OVER, SECOND, LinesProblem
from tests.bounds import seeds
from tests.pure.scheduling_engine.plant import press
from tests.pure.scheduling_engine.test_minimise import MATRIX, least, plant, searched

MOST_TRIED = 1_500


def caught(seed: int, monkeypatch: pytest.MonkeyPatch) -> list[tuple[LinesProblem, Found]]:
    """The searches of a generated plant with what a few moves found; of odd seeds capacity never changes."""
    problems: list[tuple[LinesProblem, Found]] = []

    def settled(problem: LinesProblem, found: Found, *_: Any) -> Found:
        problems.append((problem, found))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(exact, "settle", settled)
        data = searched(seed)
        for resource in data["resources"] if seed % 2 else []:
            resource["capacity"] = []
        solve(read_problem(data), Budget(iterations=300))
    return problems


def worth(problem: LinesProblem, order: np.ndarray) -> int | None:
    """What an order costs without the thousandth for the length of its lines; None where something is barred."""
    lengths, barred = problem.apart(problem.times(order))
    return None if barred else problem.objective(order) - lengths


def orders(problem: LinesProblem) -> Iterator[np.ndarray]:
    allowed = [np.flatnonzero(row).tolist() for row in problem.work.allowed]
    for order in permutations(range(len(allowed))):
        for resources in product(*(allowed[one] for one in order)):
            yield np.array(list(zip(order, resources, strict=True)))


def tried(problem: LinesProblem) -> int:
    return int(
        np.prod(problem.work.allowed.sum(axis=1)) * np.prod(np.arange(1, len(problem.work.nominal) + 1))
    )


@pytest.mark.parametrize("seed", seeds(40))
def test_no_order_is_better_than_what_is_proven(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is never above the best of all orders; where capacity stays as it is and no gap counts, it is that."""
    for problem, found in caught(seed, monkeypatch)[:2]:
        if tried(problem) > MOST_TRIED or worth(problem, found.sequence) is None:
            continue
        best = min(cost for order in orders(problem) if (cost := worth(problem, order)) is not None)
        settled = exact.settle(problem, replace(found, bound=0), Limits(iterations=25_000, workers=1))
        cost = worth(problem, settled.sequence)
        assert cost is not None
        assert settled.bound <= best <= cost
        assert settled.objective == problem.objective(settled.sequence)
        if seed % 2 and not problem.work.rules[GAP_WEIGHT] and best < OVER * SECOND:
            assert settled.bound == best == cost


@pytest.mark.parametrize("seed", seeds(8))
def test_setups_alone_are_proven_on_several_resources(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without due dates no time holds the lines together: each still begins with what its resource is set up for."""
    random = Random(seed)
    keys = ",".join(random.choice(["RED", "BLU", "GRN"]) for _ in range(5))
    machines = [press(name, state=random.choice(["RED", "BLU", "GRN"])) for name in ("M1", "M2", "M3")]
    records = [{**each, "hours": random.randint(1, 5)} for each in MATRIX]
    data = plant(keys, resources=machines, setup=records, steps=[least(**{"lambda": 0})])
    found: list[tuple[LinesProblem, Found]] = []
    monkeypatch.setattr(exact, "settle", lambda problem, each, *_: found.append((problem, each)) or each)
    solve(read_problem(data), Budget(iterations=1))
    monkeypatch.undo()
    ((problem, first),) = found
    best = min(cost for order in orders(problem) if (cost := worth(problem, order)) is not None)
    poor = problem.planned
    start = replace(first, sequence=poor, objective=problem.objective(poor), bound=0)
    settled = exact.settle(problem, start, Limits(iterations=20_000, workers=1))
    assert sorted(settled.sequence[:, 0].tolist()) == list(range(5))
    assert settled.bound == best == worth(problem, settled.sequence)


def large() -> dict[str, Any]:
    """Thirty operations of three colours with due dates nobody can keep all: more than is proven in seconds."""
    keys = [("RED", "BLU", "GRN")[number % 3] for number in range(30)]
    data = plant(",".join(keys[:8]))
    one = data["operations"][0]
    data["operations"] = [
        {**one, "id": f"O{place}-10", "order": f"O{place}", "key": key, "hours": 1 + place % 4}
        for place, key in enumerate(keys)
    ]
    data["orders"] = [
        {"id": f"O{place}", "due": f"2026-11-{23 + place * 7 % 5}T12:00", "weight": 1 + place % 3}
        for place in range(30)
    ]
    return data | {"steps": [least(**{"lambda": 0.3})], "horizon_days": 90}


def test_a_step_has_a_better_bound_than_the_cheapest_setups_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = read_problem(plant("BLU,GRN,RED,BLU,GRN,RED", steps=[least(**{"lambda": 0.2})]))
    (proven,) = solve(checked, Budget(iterations=2_000)).searches
    monkeypatch.setattr(exact, "fits", lambda problem: False)
    (alone,) = solve(checked, Budget(iterations=2_000)).searches
    assert (proven.gap_percent, proven.bound_hours) == (0.0, proven.hours)
    assert alone.bound_hours is None or alone.bound_hours < proven.bound_hours


def test_seed_and_iterations_give_the_same_bound() -> None:
    checked = read_problem(large())
    one, other = (solve(checked, Budget(iterations=3_000)) for _ in range(2))
    assert (one.searches, one.operations) == (other.searches, other.operations)


def test_a_planner_waits_no_longer_for_a_proof() -> None:
    """Search and proof share the seconds, and a cancellation ends both."""
    checked = read_problem(large())
    solve(checked, Budget(seconds=0.5))
    begun = perf_counter()
    solve(checked, Budget(seconds=2.0))
    assert perf_counter() - begun < 2.5
    begun = perf_counter()
    solve(checked, Budget(seconds=30.0, cancelled=lambda: perf_counter() - begun > 1.0))
    assert perf_counter() - begun < 2.0


def test_without_the_solver_the_plan_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = read_problem(large())
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "ortools", None)
        patched.setitem(sys.modules, "ortools.sat.python", None)
        exact._solver.cache_clear()
        without = solve(checked, Budget(iterations=3_000))
    exact._solver.cache_clear()
    monkeypatch.setattr(exact, "fits", lambda problem: False)
    alone = solve(checked, Budget(iterations=3_000))
    found = tuple(searched._replace(note=None) for searched in without.searches)
    assert (without.operations, found) == (alone.operations, alone.searches)
