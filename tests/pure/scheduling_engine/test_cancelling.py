"""A cancelled run ends within a second: nothing between two looks at the flag takes longer than a small part of one.

Counted on a clock of the test's own, or in calls, so that a busy machine changes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from bench.schedule_size import generated
from scheduling.engine import Budget, passes, read_problem, solve, warm_up
from scheduling.engine.search import Limits, running, search
from scheduling.engine.search.running import NEVER, Flag, Sequence


class Slow:
    """A search of which each move takes so long; it never gets better."""

    bound, floor = 0, 0
    first = np.arange(1)

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now, self.longest, self.moves = seconds, 0.0, 0.0, 0

    def prepare(self, over: object) -> bool:
        return True

    def walk(self, seed: int, worker: int) -> Slow.Walk:
        return Slow.Walk(self)

    def proof(self) -> None:
        return None

    def objective(self, sequence: Sequence) -> int:
        return 1

    class Walk:
        """Moves the clock on."""

        objective = 1
        bound = None
        sequence = np.arange(1)

        def __init__(self, whole: Slow) -> None:
            self._whole = whole

        def advance(self, iterations: int, stop: Flag = NEVER) -> int:
            whole = self._whole
            whole.now += iterations * whole.seconds
            whole.moves += iterations
            whole.longest = max(whole.longest, iterations * whole.seconds)
            return iterations


@pytest.mark.parametrize("seconds", [1e-6, 1e-4, 5e-3, 0.2])
def test_a_walk_looks_at_the_flag_every_hundredth_second_or_after_each_move(seconds: float) -> None:
    slow = Slow(seconds)
    found = search(slow, Limits(iterations=3000, workers=1), clock=lambda: slow.now)
    assert found.iterations == slow.moves == 3000
    assert slow.longest <= max(running.LOOK, seconds) * 1.001


def test_whoever_waits_is_asked_several_times_a_second() -> None:
    assert running.TELL + running.LOOK < 0.1


# A second of work is about four million calls: the longest stretch without a question is far below a quarter of it.
MOST_CALLS = 400_000


class Waiting:
    """Whoever waits for a plan: counts how often it is asked, and the calls between; cancels at a question."""

    def __init__(self, cancels_at: int | None = None) -> None:
        self.asked = self.calls = self.longest = 0
        self._cancels_at = cancels_at

    def __call__(self) -> bool:
        self.asked, self.longest, self.calls = self.asked + 1, max(self.longest, self.calls), 0
        return self.asked == self._cancels_at

    @contextmanager
    def counting(self) -> Iterator[None]:
        def count(frame: object, event: str, argument: object) -> None:
            self.calls += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            yield
        finally:
            sys.setprofile(None)
        self.longest = max(self.longest, self.calls)


@pytest.fixture(scope="module", autouse=True)
def compiled_before() -> None:
    """As in a worker: no run waits for the compiler."""
    warm_up()


@pytest.fixture(scope="module")
def plant() -> dict[str, Any]:
    """20,000 operations of Standard, forward, Standard, and a pull-up."""
    return {**generated(20_000), "initial_step": {"pull_up": True}}


def test_a_run_of_20_000_operations_is_over_at_the_question_that_is_answered_with_yes(
    plant: dict[str, Any],
) -> None:
    """Told at its first, at several and at its last question, it asks no other and has no plan."""
    problem, whole = read_problem(plant), Waiting()
    with whole.counting():
        result = solve(problem, Budget(cancelled=whole))
    assert not result.cancelled
    assert len(result.operations) == 20_000
    assert whole.longest < MOST_CALLS
    for moment in (1, whole.asked // 3, 2 * whole.asked // 3, whole.asked):
        waiting = Waiting(moment)
        result = solve(problem, Budget(cancelled=waiting))
        assert (waiting.asked, result.cancelled, result.operations) == (moment, True, ())
        assert result.as_json()["warnings"] == ["The run was cancelled; there is no plan."]


def test_a_compiled_pass_is_asked_between_its_slices(
    plant: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In calls a compiled pass is one: it is called for a part of the operations, and the plan stays the same."""
    problem, whole, sliced = read_problem({**plant, "steps": []}), Waiting(), Waiting()
    plain = solve(problem, Budget(cancelled=whole)).operations
    monkeypatch.setattr(passes, "SLICE", 100)
    assert solve(problem, Budget(cancelled=sliced)).operations == plain
    assert sliced.asked - whole.asked >= 20_000 // 100 - 20_000 // 5_000


@pytest.mark.parametrize("over", [{"overlap": True}, {"start_control": "earliest"}, {"synchronise": True}])
@pytest.mark.parametrize("changed", [{}, {"gap_control": "P", "max_gap_centihours": 50, "max_group_hours": None},
                                     {"break_if_delay": True}, {"order_by": "group"}])  # fmt: skip
def test_every_way_of_a_standard_run_asks_all_along(over: dict[str, Any], changed: dict[str, Any]) -> None:
    data = generated(2_000)
    data["initial_step"] = over
    for each in data["steps"]:
        if each["type"] == "standard":
            each.update(changed)
    waiting = Waiting()
    problem = read_problem(data)
    with waiting.counting():
        solve(problem, Budget(cancelled=waiting))
    assert waiting.longest < MOST_CALLS / 10
