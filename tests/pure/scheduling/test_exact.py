"""Proofs by the solver: held against every order there is, against our own search, and against its limits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import permutations
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from scheduling.engine.search import Found, Limits, TardinessProblem, TourProblem, exact
from scheduling.engine.search import search as search_freely
from scheduling.engine.search.running import Problem

SEEDS = range(8)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A plant without OR-Tools: importing it fails."""
    monkeypatch.setitem(sys.modules, "ortools", None)
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    exact._solver.cache_clear()
    yield
    monkeypatch.undo()
    exact._solver.cache_clear()


def tour(seed: int, size: int, least: int = 0) -> TourProblem:
    return TourProblem(np.random.default_rng(seed).integers(least, 300, (size, size)))


def late(seed: int, size: int, setup_weight: int = 0) -> TardinessProblem:
    """Due dates bind: about half of all can be in time."""
    numbers = np.random.default_rng(seed)
    process = numbers.integers(50, 150, size)
    return TardinessProblem(
        numbers.integers(0, 100, (size + 1, size)),
        process,
        numbers.integers(0, 10, size),
        numbers.integers(0, int(process.sum()), size),
        setup_weight,
    )


def best_of(problem: Problem, size: int, first: tuple[int, ...] = ()) -> int:
    rest = [one for one in range(size) if one not in first]
    return min(problem.objective(np.array([*first, *order])) for order in permutations(rest))


@pytest.mark.parametrize("seed", SEEDS)
def test_tours_are_proven_to_be_the_best_of_all(seed: int) -> None:
    size = 5 + seed % 4
    problem = tour(seed, size, least=-50 if seed % 2 else 0)
    found = exact.search(problem, Limits(iterations=500, workers=1))
    assert found.objective == problem.objective(found.sequence) == best_of(problem, size, (0,))
    assert found.bound == found.objective


@pytest.mark.parametrize("seed", SEEDS)
def test_orders_with_due_dates_are_proven_to_be_the_best_of_all(seed: int) -> None:
    size = 4 + seed % 4
    problem = late(seed, size, setup_weight=seed % 3)
    found = exact.search(problem, Limits(iterations=40_000, workers=1))
    assert found.objective == problem.objective(found.sequence) == best_of(problem, size)
    assert found.bound == found.objective


@pytest.mark.parametrize(("make", "size"), [(tour, 9), (late, 7)])
def test_the_solver_finds_what_the_search_did_not(make: Callable[[int, int], Problem], size: int) -> None:
    """Given a poor order and no search at all, the solver alone comes to what the search finds."""
    problem = make(3, size)
    known = search_freely(problem, Limits(iterations=5_000, workers=1))
    order = np.arange(size)
    poor = Found(order, problem.objective(order), problem.floor, 0, 0.0)
    found = exact.settle(problem, poor, Limits(iterations=200_000, workers=1))
    assert poor.objective > known.objective == found.objective == found.bound


def test_tours_of_forty_operations_are_proven_in_counted_work() -> None:
    """Nearly as long there as back: the assignment falls into many rings and leaves a gap, the solver closes it."""
    places = np.random.default_rng(11).integers(0, 1000, (exact.MOST_OPERATIONS, 2))
    problem = TourProblem(np.abs(places[:, None] - places).sum(axis=2))
    alone = search_freely(problem, Limits(iterations=2_000, workers=1))
    found = exact.search(problem, Limits(iterations=20_000, workers=1))
    assert alone.bound < alone.objective
    assert (found.proven_gap_percent, found.objective <= alone.objective) == (0.0, True)


def test_with_iterations_every_run_is_the_same() -> None:
    """The solver's work is counted: nothing of the result hangs on how busy the machine is."""
    problem = late(5, 16)
    limits = Limits(iterations=300, seed=7, workers=1)
    one, other = (exact.search(problem, limits) for _ in range(2))
    assert (one.objective, one.bound, one.iterations) == (other.objective, other.bound, other.iterations)
    assert one.sequence.tolist() == other.sequence.tolist()
    assert search_freely(problem, limits).bound < one.bound < one.objective


def test_a_time_limit_is_kept() -> None:
    """Too much to be proven: nothing is left over of the time, and nothing is taken beyond it."""
    problem = late(1, 30)
    exact.search(problem, Limits(iterations=1, workers=1))
    begun = perf_counter()
    found = exact.search(problem, Limits(seconds=2.0, workers=1))
    took = perf_counter() - begun
    assert found.bound < found.objective
    assert 1.5 < took < 2.1
    assert found.seconds == pytest.approx(took, abs=0.05)


def test_a_cancellation_is_heard_while_the_solver_works(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = late(1, 30)
    exact.search(problem, Limits(iterations=1, workers=1))
    begun: list[float] = []
    settle = exact.settle

    def settled(*arguments: Any) -> Found:
        begun.append(perf_counter())
        return settle(*arguments)

    monkeypatch.setattr(exact, "settle", settled)
    found = exact.search(
        problem,
        Limits(seconds=6, workers=1),
        cancelled=lambda: bool(begun) and perf_counter() > begun[0] + 0.5,
    )
    assert 0.5 < perf_counter() - begun[0] < 1.5
    assert found.objective == problem.objective(found.sequence)


def test_what_is_proven_ends_a_search_by_time() -> None:
    exact.available()
    begun = perf_counter()
    found = exact.search(tour(2, 12), Limits(seconds=8, workers=1))
    assert found.proven_gap_percent == 0.0
    assert perf_counter() - begun < 5


def test_a_better_order_of_the_solver_is_told() -> None:
    told: list[int] = []
    problem = late(4, 9)
    found = exact.search(problem, Limits(iterations=0, workers=1), lambda each: told.append(each.objective))
    assert found.objective == found.bound
    assert told[-1] == found.objective


@pytest.mark.usefixtures("missing")
def test_without_the_solver_the_search_goes_on_alone() -> None:
    problem = late(5, 9)
    limits = Limits(iterations=300, workers=1)
    alone, found = search_freely(problem, limits), exact.search(problem, limits)
    assert not exact.available()
    assert (found.objective, found.bound) == (alone.objective, alone.bound)
    assert found.sequence.tolist() == alone.sequence.tolist()


def test_what_is_too_large_is_searched_alone() -> None:
    assert exact.fits(tour(1, exact.MOST_OPERATIONS))
    assert not exact.fits(tour(1, exact.MOST_OPERATIONS + 1))
    assert not exact.fits(late(1, exact.MOST_OPERATIONS + 1))


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_of_late_orders_is_never_above_the_best(seed: int) -> None:
    """What the k-th operation waits for at least, assigned at its cheapest; nothing of it needs the solver."""
    size = 4 + seed % 4
    problem = late(seed, size, setup_weight=seed % 3)
    assert 0 <= problem.floor <= problem.bound <= best_of(problem, size)


def test_a_queue_is_bounded_by_those_that_stand_before() -> None:
    """Sixty operations due at once: one after the other at least, which no operation by itself can tell."""
    ones = np.ones(60, dtype=np.int64)
    problem = TardinessProblem(np.ones((61, 60), dtype=np.int64), 9 * ones, ones, 10 * ones)
    assert (problem.floor, problem.bound) == (0, 10 * sum(range(60)))
