"""A cancelled run ends within a second: nothing between two looks at the flag takes longer than a small part of one.

Counted on a clock of the test's own, so that a busy machine changes nothing.
"""

from __future__ import annotations

import numpy as np
import pytest

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
