"""Orders of a line by setup alone: the search of tours, tried beside single moves as the line would really run.

Where due dates do not bind, the best line is the cheapest way from the state before it through all its states, and
moves one by one stay percents above it. So a walk over lines now and then asks for such a way through a whole line
or a stretch of one; whether it is better with calendars, due dates and gaps the walk judges itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.chance import below, stream
from scheduling.engine.search.compiled import compiled
from scheduling.engine.search.proof import TourProof
from scheduling.engine.search.running import Flag
from scheduling.engine.search.timing import FORBIDDEN, MISSING, Changes, change
from scheduling.engine.search.tours import TourProblem, TourWalk

Numbers = NDArray[np.int64]

# A stretch has at most so many operations: a matrix between them is made for it.
MOST_STRETCH = 600
# The whole of it, and parts of it, which are less in the way of due dates; none shorter than the least.
PARTS = (1, 4, 16)
LEAST_STRETCH = 8
# Kicks for each state of a stretch at one visit.
KICKS = 10
# A part that brought nothing is visited half as often each time, down to one visit in so many.
MOST_SKIPPED = 64
# What a forbidden transition counts, in seconds: more than any setup, and far from leaving 64 bits in sums.
NEVER_TAKEN = 10**9


@compiled
def ring_costs(
    changes: Changes, resource: int, states: Numbers, before: int, behind: int, dear: int, costs: Numbers
) -> None:
    """Fill in the setups of a ring: place 0 is the state before the stretch, and what follows it (-1: nothing)."""
    for one in range(states.size + 1):
        old = before if one == 0 else states[one - 1]
        for other in range(states.size + 1):
            new = behind if other == 0 else states[other - 1]
            if one == other or new < 0:
                costs[one, other] = 0
                continue
            seconds = change(changes, resource, old, new)
            costs[one, other] = (
                NEVER_TAKEN if seconds == FORBIDDEN else dear if seconds == MISSING else seconds
            )


@dataclass
class Known:
    """A way that goes on where it stopped as long as the stretch keeps its operations, and a bound that climbs."""

    same: bytes
    operations: Numbers
    walk: TourWalk
    proof: TourProof | None
    bound: int

    def prove(self) -> None:
        """Climb some milliseconds, until more would not help."""
        if self.proof and not self.proof.advance(self.walk.objective):
            self.bound, self.proof = max(self.bound, self.proof.bound), None
        elif self.proof:
            self.bound = max(self.bound, self.proof.bound)
        self.bound = max(self.bound, self.walk.bound or self.bound)


class Rings:
    """What one walk over lines asks, in turn over resources and parts; seed and questions decide the answers."""

    def __init__(self, seed: int, worker: int) -> None:
        """Begin with whole lines."""
        self._seed, self._worker = seed, worker
        self._numbers = stream(seed * 1_000_003 + worker + 500_000)
        self._turn = 0
        self._skip, self._waited = [1] * len(PARTS), [0] * len(PARTS)
        self._known: dict[tuple[int, int], Known] = {}

    def stretch(self, counts: Numbers) -> tuple[int, int, int, int] | None:
        """Name the next part to be tried: which part, the resource, and from where to where; None to skip it."""
        part, resource = self._turn % len(PARTS), self._turn // len(PARTS) % len(counts)
        self._turn += 1
        if resource == 0:
            self._waited[part] += 1
        if self._waited[part] % self._skip[part]:
            return None
        count = int(counts[resource])
        length = min(count, MOST_STRETCH) // PARTS[part]
        if length < LEAST_STRETCH:
            return None
        low = below(self._numbers, count - length + 1)
        return part, resource, low, low + length

    def told(self, part: int, gained: bool) -> None:
        """Hear whether a way was better."""
        self._skip[part] = 1 if gained else min(2 * self._skip[part], MOST_SKIPPED)

    def order(
        self, changes: Changes, part: int, resource: int, line: Numbers, states: Numbers, before: int, behind: int,
        dear: int, stop: Flag,
    ) -> Numbers:  # fmt: skip
        """Return the operations of a stretch in the cheapest order found."""
        same = np.sort(line).tobytes() + bytes(f"{before} {behind}", "ascii")
        known = self._known.get((part, resource))
        if known is None or known.same != same:
            costs = np.empty((len(line) + 1, len(line) + 1), dtype=np.int64)
            ring_costs(changes, resource, states, before, behind, dear, costs)
            problem = TourProblem(costs)
            known = Known(
                same, line.copy(), problem.walk(self._seed, self._worker), problem.proof(), problem.bound
            )
            self._known[part, resource] = known
        known.walk.advance(KICKS * len(known.walk.sequence), stop)
        known.prove()
        ring = known.walk.sequence
        return known.operations[np.roll(ring, -int(np.flatnonzero(ring == 0)[0]))[1:] - 1]

    def bound(self, resource: int, operations: int) -> int | None:
        """The least setup, in seconds, of a line that holds so many operations whole; None where it is not known."""
        known = self._known.get((0, resource))
        return known.bound if known and len(known.operations) == operations else None
