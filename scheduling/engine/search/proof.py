"""A better lower bound for tours: trees under prices for leaving and entering each operation (Held and Karp).

A tour leaves and enters every operation once and holds together. The cheapest tree with one way out of and one into an
operation of its own holds together but leaves and enters others too often or never; prices on that, raised and
lowered step by step, make the tree alike to a tour. Whatever the prices are, no tour costs less than the tree and them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.compiled import compiled

Numbers = NDArray[np.int64]

# A step takes the square of the operations; above this it is not even begun.
MOST_PROVEN = 1500
# Prices are whole multiples of this share of a unit, coarser where the sums could leave 64 bits.
FINEST = 1 << 10
# The steps shrink by half after so many without a better bound, and end when they are this small.
PATIENCE = 200
FIRST_STEP, LAST_STEP = 2.0, 1e-3
# A call looks at about so many costs, and all of them together at so many: some seconds of work.
PART = 500_000
MOST_LOOKS = 3_000_000_000
# Places in the array that is carried from call to call.
BEST, STALE = range(2)


@compiled
def tree(
    ways: Numbers, back: Numbers, leaving: Numbers, entering: Numbers, outs: Numbers, ins: Numbers,
    left: Numbers, near: Numbers, via: Numbers,
) -> int:  # fmt: skip
    """Return what the cheapest tree with one way out of and into operation 0 costs; count leaving and entering.

    `back` is the transposed `ways`. `via` names where an operation is reached from, or is below 0 where it leads there.
    """
    size = ways.shape[0]
    outs[:] = 0
    ins[:] = 0
    total = np.int64(0)
    first_out, first_in = 1, 1
    for one in range(1, size):
        if ways[0, one] - entering[one] < ways[0, first_out] - entering[first_out]:
            first_out = one
        if back[0, one] - leaving[one] < back[0, first_in] - leaving[first_in]:
            first_in = one
    total += ways[0, first_out] - leaving[0] - entering[first_out]
    total += back[0, first_in] - leaving[first_in] - entering[0]
    outs[0] = ins[0] = 1
    ins[first_out] += 1
    outs[first_in] += 1
    count = size - 2
    for k in range(count):
        left[k] = k + 2
        near[k] = np.int64(1) << np.int64(62)
    one = 1
    while count:
        out, into, place = leaving[one], entering[one], 0
        for k in range(count):
            other = left[k]
            there = ways[one, other] - out - entering[other]
            here = back[one, other] - leaving[other] - into
            if there < near[k]:
                near[k], via[k] = there, one
            if here < near[k]:
                near[k], via[k] = here, -one
            if near[k] < near[place]:
                place = k
        other = left[place]
        total += near[place]
        if via[place] > 0:
            outs[via[place]] += 1
            ins[other] += 1
        else:
            ins[-via[place]] += 1
            outs[other] += 1
        count -= 1
        left[place], near[place], via[place] = left[count], near[count], via[count]
        one = other
    return int(total)


@compiled
def ascend(
    ways: Numbers, back: Numbers, leaving: Numbers, entering: Numbers, best_out: Numbers, best_in: Numbers,
    outs: Numbers, ins: Numbers, left: Numbers, near: Numbers, via: Numbers, state: Numbers, pace: NDArray[np.float64],
    target: int, steps: int, most: int,
) -> int:  # fmt: skip
    """Change the prices so many times; return how often, fewer where a step became too small or the target is met."""
    size = ways.shape[0]
    for made in range(steps):
        if pace[0] < LAST_STEP or state[BEST] >= target:
            return made
        bound = tree(ways, back, leaving, entering, outs, ins, left, near, via)
        for one in range(size):
            bound += leaving[one] + entering[one]
        state[STALE] += 1
        if bound > state[BEST]:
            state[BEST] = bound
            best_out[:] = leaving
            best_in[:] = entering
            state[STALE] = 0
        if state[STALE] >= PATIENCE:
            pace[0] /= 2
            state[STALE] = 0
            leaving[:] = best_out
            entering[:] = best_in
        wrong = 0
        for one in range(size):
            wrong += (1 - outs[one]) ** 2 + (1 - ins[one]) ** 2
        if wrong == 0:
            pace[0] = 0
            return made + 1
        stride = pace[0] * max(target - bound, 1) / wrong
        for one in range(size):
            # Held within limits, so that no sum leaves 64 bits.
            leaving[one] = max(-most, min(most, leaving[one] + int(stride * (1 - outs[one]))))
            entering[one] = max(-most, min(most, entering[one] + int(stride * (1 - ins[one]))))
    return steps


class TourProof:
    """A bound of all tours over reduced costs that climbs step by step; it holds at any time."""

    def __init__(self, reduced: Numbers, least: int) -> None:
        """Start from what every tour costs beside the reduced costs, which are 0 at least."""
        self._least = least
        size = len(reduced)
        self._most = (1 << 60) // (8 * size)
        self._scale = max(1, min(FINEST, self._most // max(1, int(reduced.max()))))
        ways = reduced * self._scale
        self._state = np.zeros(2, dtype=np.int64)
        self._pace = np.array([FIRST_STEP])
        self._arrays: tuple[Any, ...] = (
            ways, np.ascontiguousarray(ways.T), *np.zeros((9, size), dtype=np.int64), self._state, self._pace,
        )  # fmt: skip
        self._steps, self._left = max(1, PART // size**2), max(1, MOST_LOOKS // size**2)

    @property
    def bound(self) -> int:
        """No tour costs less: costs are whole, so the next whole number above counts."""
        return self._least - -int(self._state[BEST]) // self._scale

    def advance(self, target: int) -> bool:
        """Climb some milliseconds towards the cost of a known tour; whether more would help."""
        steps = min(self._steps, self._left)
        aim = (target - self._least - 1) * self._scale + 1
        arguments = (*self._arrays, aim, steps, self._most)
        self._left -= ascend(*arguments)
        return self._left > 0 and self._pace[0] >= LAST_STEP and self.bound < target
