"""Branch and bound on the assignment: against all rings there are, and what it says of them on the way."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from scheduling.engine.search import Limits, TourProblem, branch, search, tours
from scheduling.engine.search.assignment import Assignment
from scheduling.engine.search.branch import BARRED, BEST, Branching

Costs = NDArray[np.int64]
NONE_KNOWN = 1 << 40


def by_lot(size: int, seed: int) -> Costs:
    return np.random.default_rng(seed).integers(0, 100, (size, size))


def with_ties(size: int, seed: int) -> Costs:
    return np.random.default_rng(seed).integers(0, 4, (size, size))


def both_ways(size: int, seed: int) -> Costs:
    half = by_lot(size, seed)
    return np.asarray(half + half.T)


def in_groups(size: int, seed: int) -> Costs:
    """The cheapest assignment has a ring in each group."""
    of = np.arange(size) % 2
    return np.asarray(with_ties(size, seed) + 50 * (of[:, None] != of))


def begun(costs: Costs) -> tuple[Branching, int]:
    """Branching from the cheapest assignment, and what that costs."""
    relaxed = Assignment(costs)
    list(relaxed.start())
    while not relaxed.done:
        relaxed.advance()
    successors = relaxed.successors
    assert successors is not None
    reduced = costs - relaxed.rows[:, None] - relaxed.columns
    return Branching(reduced, successors), int(relaxed.rows.sum() + relaxed.columns.sum())


def length(costs: Costs, ring: Costs) -> int:
    return int(costs[ring, np.roll(ring, -1)].sum())


def least_of_all(costs: Costs) -> int:
    rings = permutations(range(1, len(costs)))
    return min(length(costs, np.array([0, *ring])) for ring in rings)


KINDS = [by_lot, with_ties, both_ways, in_groups]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [4, 5, 7, 8])
@pytest.mark.parametrize("seed", range(3))
def test_it_ends_with_the_best_ring_and_never_bounds_above_it(
    kind: Callable[[int, int], Costs], size: int, seed: int
) -> None:
    costs = kind(size, seed)
    branching, below = begun(costs)
    least = least_of_all(costs)
    while not branching.done:
        assert below + branching.bound <= least
        branching.advance(1, NONE_KNOWN)
    assert below + branching.bound == below + int(branching.state[BEST]) == least
    assert sorted(branching.tour) == list(range(size))
    assert length(costs, branching.tour) == least


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_is_proven_and_not_found_again(kind: Callable[[int, int], Costs]) -> None:
    costs = kind(7, 5)
    branching, below = begun(costs)
    least = least_of_all(costs)
    while not branching.done:
        assert not branching.advance(1, least - below)
    assert below + branching.bound == least


@pytest.mark.parametrize("limit", [("MOST_OPEN", 2), ("MOST_BARRED", 1)])
@pytest.mark.parametrize("seed", range(4))
def test_parts_without_room_are_left_alone_and_still_bound(
    limit: tuple[str, int], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branch, *limit)
    costs = in_groups(8, seed)
    branching, below = begun(costs)
    while not branching.done:
        branching.advance(1, NONE_KNOWN)
    assert below + branching.bound <= least_of_all(costs) <= below + int(branching.state[BEST])
    assert int(branching.state[BEST]) < BARRED


def test_the_costs_are_as_before_when_a_part_is_done() -> None:
    branching, _ = begun(by_lot(40, 1))
    costs = branching._arrays[0]
    before = costs.copy()
    for _ in range(20):
        branching.advance(1, NONE_KNOWN)
        assert (costs == before).all()


@pytest.mark.parametrize("size", [60, 200])
def test_setups_by_lot_are_proven(size: int) -> None:
    """Where one change tells nothing of another the local search is percents off; this ends with the best."""
    problem = TourProblem(np.random.default_rng(size).integers(0, 10**6, (size, size)))
    found = search(problem, Limits(iterations=20 * size, workers=1))
    assert found.objective == found.bound == problem.objective(found.sequence)
    kicked = problem.walk(1, 1)
    kicked.advance(20 * size)
    assert kicked.objective > found.objective


def test_a_walk_that_branches_gives_the_same_however_it_is_cut() -> None:
    problem = TourProblem(in_groups(60, 2) * 7 + by_lot(60, 3))
    one, other = problem.walk(3, 0), problem.walk(3, 0)
    assert one._branching
    one.advance(2000)
    while other._state[tours.DONE] < 2000:
        other.advance(min(37, 2000 - int(other._state[tours.DONE])))
    assert one.sequence.tolist() == other.sequence.tolist()
    assert one.bound == other.bound


def test_nearly_symmetric_setups_are_left_to_the_local_search() -> None:
    places = np.random.default_rng(1).integers(0, 1000, (150, 2))
    costs = np.abs(places[:, None] - places).sum(axis=2)
    assert not TourProblem(costs).walk(1, 0)._branching
