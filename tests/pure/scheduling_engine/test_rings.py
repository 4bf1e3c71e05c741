"""Orders of whole lines by setup alone: a press whose changes have no pattern gets the best there is."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

from scheduling.engine import Budget, read_problem, solve
from scheduling.engine.search import Limits, TourProblem, lines, rings, search
from scheduling.engine.search.lines import BEST, NOW, Lines, LinesProblem, LinesWalk
from scheduling.engine.search.rings import MOST_SKIPPED, Rings
from tests.pure.scheduling_engine.plant import press, problem


def changes(size: int, seed: int) -> np.ndarray:
    """Hours of setup from each key to each; key 0 is what the press is set up for."""
    return np.random.default_rng(seed).integers(1, 100, (size, size))


def shop(costs: np.ndarray, presses: int = 1, **over: Any) -> dict[str, Any]:
    """An operation of an hour for each key but the first."""
    keys = [f"K{number:03d}" for number in range(len(costs))]
    return problem(
        resources=[press(f"M{number}", state=keys[0]) for number in range(presses)],
        orders=[{"id": key} for key in keys[1:]],
        operations=[
            {"id": f"{key}-10", "order": key, "number": 10, "work_centre": "PRESS", "hours": 1.0, "key": key}
            for key in keys[1:]
        ],
        setup=[
            {"from": keys[one], "to": keys[other], "hours": float(costs[one, other])}
            for one in range(len(keys))
            for other in range(1, len(keys))
            if one != other
        ],
        horizon_days=999,
        steps=[{"id": 10, "type": "minimise_setup", "work_centre": "PRESS"}],
        **over,
    )


@pytest.mark.parametrize("seed", range(3))
def test_one_press_is_set_up_as_little_as_the_best_tour(seed: int) -> None:
    costs = changes(60, seed)
    ring = costs.copy()
    ring[:, 0] = 0
    best = search(TourProblem(ring), Limits(iterations=5000))
    assert best.objective == best.bound
    plan = solve(read_problem(shop(costs)), Budget(iterations=3000, seed=seed))
    assert plan.after.setup_hours == best.objective
    assert (plan.searches[0].hours, plan.searches[0].gap_percent) == (best.objective, 0.0)


@pytest.mark.parametrize("binding", [False, True])
def test_what_one_press_is_proven_to_need_is_less_than_any_order(
    binding: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rings, "LEAST_STRETCH", 2)
    monkeypatch.setattr(lines, "ROUND", 10)
    for seed in range(6):
        data = shop(changes(7, seed))
        found = caught(due(data) if binding else data, monkeypatch)
        least = min(
            found.objective(np.array([(one, 0) for one in order])) for order in permutations(range(6))
        )
        walk = LinesWalk(found, 1, 0)
        assert walk.bound is None
        walk.advance(200)
        assert walk.bound is not None
        assert 0 < walk.bound <= least
    # With a second press, or with something locked, another line may need less.
    assert LinesWalk(caught(shop(changes(9, 1), presses=2), monkeypatch), 1, 0).bound is None


def test_what_is_locked_stays_before_and_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way through a line that a locked operation cuts is only taken where the line is better for it."""
    costs = changes(30, 5)
    data = shop(costs)
    data["operations"][7] |= {"status": 20, "resource": "M0", "start": "2026-11-30T06:00"}
    with_rings = solve(read_problem(data), Budget(iterations=2000))
    monkeypatch.setattr(Rings, "stretch", lambda *_: None)
    without = solve(read_problem(data), Budget(iterations=2000))
    assert with_rings.after.setup_hours < without.after.setup_hours
    locked = {each.id: each for each in with_rings.operations}["K008-10"]
    assert (locked.status, locked.resource, (locked.end or "")[:10]) == (20, "M0", locked.start[:10])


def caught(data: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> LinesProblem:
    found: list[LinesProblem] = []
    init = LinesProblem.__init__

    def noted(self: LinesProblem, *arguments: Any) -> None:
        init(self, *arguments)
        found.append(self)

    with monkeypatch.context() as patched:
        patched.setattr(LinesProblem, "__init__", noted)
        solve(read_problem(data), Budget(iterations=1))
    return found[0]


def due(data: dict[str, Any]) -> dict[str, Any]:
    for number, order in enumerate(data["orders"]):
        order["due"] = f"2026-12-{1 + number * 7 % 28:02d}T06:00"
    return data


@pytest.mark.parametrize("binding", [False, True])
def test_a_walk_holds_what_its_lines_cost(binding: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each way tried, taken or not, sums and places are those of the lines timed anew."""
    monkeypatch.setattr(lines, "ROUND", 20)
    data = shop(changes(50, 3), presses=3)
    found = caught(due(data) if binding else data, monkeypatch)
    walk = LinesWalk(found, 1, 0)
    for _ in range(30):
        walk.advance(20)
        line, count, where = walk._arrays[2:5]
        order = np.array(
            [(line[resource, k], resource) for resource in range(3) for k in range(count[resource])]
        )
        assert sorted(order[:, 0]) == list(range(49))
        assert Lines(found.work, order).cost == walk._state[NOW]
        assert found.objective(walk.sequence) == walk._state[BEST] == walk.objective
        assert all(line[tuple(where[one])] == one for one in range(49))


def test_however_a_walk_is_cut_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = caught(shop(changes(40, 8), presses=2), monkeypatch)
    one, other = LinesWalk(found, 4, 0), LinesWalk(found, 4, 0)
    one.advance(3000)
    for _ in range(100):
        other.advance(30)
    assert one.sequence.tolist() == other.sequence.tolist()


def test_what_brings_nothing_is_asked_for_ever_more_rarely() -> None:
    asking = Rings(1, 0)
    counts = np.array([40])
    visits = []
    for _ in range(6 * MOST_SKIPPED):
        asked = asking.stretch(counts)
        if asked and asked[0] == 0:
            visits.append(asking._turn)
            asking.told(0, gained=False)
    assert 4 <= len(visits) <= 10
    asking.told(0, gained=True)
    assert next(asking.stretch(counts) is not None for _ in range(3))
