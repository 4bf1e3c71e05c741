"""Branch and bound on the assignment relaxation: finds and proves tours where changes have little in common.

The cheapest assignment gives every operation a successor, mostly in several cycles. Where setups are like drawn by
lot few of its steps are wrong, and a local search, which changes a few steps at a time, hardly ever meets the
right ones. Here the cycles are joined to a tour (Karp 1979), and a cycle is broken up by forbidding one of its steps
after the other (Carpaneto and Toth 1980), depth first. Where setups are nearly the same both ways there are very
many cycles, the relaxation says little, and nothing is begun here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.compiled import compiled
from scheduling.engine.search.running import NEVER, Flag

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

BARRED = np.int64(1) << np.int64(58)
# More operations would need hundreds of megabytes for the costs alone.
MOST_BRANCHED = 1500
# With more cycles than this the tours found were worse than those of the local search on every kind of matrix tried
# (streets, cranes, nearly symmetric ones), and none was proven.
MOST_CYCLES = 30
# What open parts may take of memory, and how many steps may be forbidden on the way to one; beyond either a part is
# left alone, and its bound is kept.
MOST_BYTES = 64_000_000
MOST_OPEN = 20_000
MOST_BARRED = 400

# Places in the array that is carried from call to call.
OPEN, BEST, LEFT_ALONE, FOUND = range(4)


@compiled
def label(after: Numbers, cycle: Numbers) -> int:
    """Number the cycles of an assignment by their lowest operation; return how many there are."""
    count = 0
    cycle[:] = -1
    for one in range(after.size):
        if cycle[one] >= 0:
            continue
        at = one
        while cycle[at] < 0:
            cycle[at] = count
            at = after[at]
        count += 1
    return count


@compiled
def join(costs: Numbers, after: Numbers, cycle: Numbers, count: int, most: int) -> int:
    """Join the cycles to one ring, always another to the first where it costs least; return what that costs.

    Gives up, with `most` or more, where the ring would cost so much.
    """
    size = after.size
    total = 0
    for _ in range(count - 1):
        least, here, there = BARRED, -1, -1
        for one in range(size):
            if cycle[one]:
                continue
            way, following = costs[one, after[one]], after[one]
            for other in range(size):
                if cycle[other]:
                    change = (
                        costs[one, after[other]] + costs[other, following] - way - costs[other, after[other]]
                    )
                    if change < least:
                        least, here, there = change, one, other
        total += int(least)
        if total >= most or here < 0:
            return max(most, total)
        old = cycle[there]
        after[here], after[there] = after[there], after[here]
        for one in range(size):
            if cycle[one] == old:
                cycle[one] = 0
    return total


@compiled
def reassign(
    costs: Numbers, rows: Numbers, columns: Numbers, before: Numbers, after: Numbers, held: Flags,
    row: int, column: int, limit: int, distance: Numbers, via: Numbers, done: Flags,
) -> tuple[int, int]:  # fmt: skip
    """Give `row` another successor and `column` another predecessor where that costs less than `limit`.

    What `held` names keeps its successor. Returns what it costs, `limit` where it would cost as much, and the looks.
    """
    size = after.size
    for other in range(size):
        # Of what is held the column is nobody else's.
        done[other] = other != column and held[before[other]]
        distance[other] = BARRED
    at, reached, looks = row, np.int64(0), 0
    while True:
        following = -1
        base = reached - rows[at]
        for other in range(size):
            if done[other]:
                continue
            length = base + costs[at, other] - columns[other]
            if length < distance[other]:
                distance[other] = length
                via[other] = at
            if following < 0 or distance[other] < distance[following]:
                following = other
        looks += size
        if following < 0 or distance[following] >= limit:
            return limit, looks
        # Of equally near ones the wanted, or ties would have it look at all of them.
        if following == column or distance[column] == distance[following]:
            break
        done[following] = True
        at, reached = before[following], distance[following]
    shortest = distance[column]
    rows[row] += shortest
    for other in range(size):
        if done[other] and not held[before[other]]:
            columns[other] += distance[other] - shortest
            rows[before[other]] += shortest - distance[other]
    end = column
    while True:
        at = via[end]
        before[end] = at
        end, after[at] = after[at], end
        if at == row:
            return shortest, looks


@compiled
def branch(
    costs: Numbers, order: Numbers, bounds: Numbers, all_rows: Numbers, all_columns: Numbers, all_after: Numbers,
    all_held: Flags, counts: Numbers, bars: Numbers, tour: Numbers, state: Numbers, looks: int, stop: Flag,
) -> int:  # fmt: skip
    """Take open parts until so many costs were looked at; return how many were. `tour` and BEST are the best ring."""
    size = costs.shape[0]
    rows, columns, after, before = np.empty((4, size), np.int64)
    joined, cycle, distance, via = np.empty((4, size), np.int64)
    held, done = np.empty((2, size), np.bool_)
    own = np.empty((bars.shape[1], 2), np.int64)
    taken = 0
    while state[OPEN] and taken < looks and not stop[0]:
        state[OPEN] -= 1
        slot = order[state[OPEN]]
        bound, barred = bounds[slot], counts[slot]
        if bound >= state[BEST]:
            continue
        rows[:], columns[:], after[:], held[:] = (
            all_rows[slot],
            all_columns[slot],
            all_after[slot],
            all_held[slot],
        )
        for one in range(size):
            before[after[one]] = one
        for k in range(barred):
            own[k] = bars[slot, k]
            costs[own[k, 0], own[k, 1]] += BARRED
        count = label(after, cycle)
        taken += 4 * size
        # The cycle with the fewest ways to break it up: each is a part of its own.
        shortest, ways = -1, size + 1
        joined[:] = 0
        for one in range(size):
            if not held[one]:
                joined[cycle[one]] += 1
        for one in range(count):
            if joined[one] < ways:
                shortest, ways = one, joined[one]
        first = 0
        while count > 1 and cycle[first] != shortest:
            first += 1
        joined[:] = after
        price = join(costs, joined, cycle, count, state[BEST] - bound)
        taken += size * size * (count - 1) // 4
        if bound + price < state[BEST]:
            state[BEST] = bound + price
            state[FOUND] += 1
            at = 0
            for k in range(size):
                tour[k] = at
                at = joined[at]
        if count > 1 and ways and bound < state[BEST]:
            begin = state[OPEN]
            at = first
            while True:
                if not held[at]:
                    child = order[state[OPEN]] if state[OPEN] < order.size else -1
                    if child < 0 or barred == own.shape[0]:
                        state[LEFT_ALONE] = min(state[LEFT_ALONE], bound)
                    else:
                        all_rows[child], all_columns[child], all_after[child] = rows, columns, after
                        all_held[child] = held
                        joined[:] = before
                        following = after[at]
                        costs[at, following] += BARRED
                        price, looked = reassign(
                            costs, all_rows[child], all_columns[child], joined, all_after[child], held,
                            at, following, state[BEST] - bound, distance, via, done,
                        )  # fmt: skip
                        costs[at, following] -= BARRED
                        taken += looked
                        if bound + price < state[BEST]:
                            bounds[child] = bound + price
                            for k in range(barred):
                                bars[child, k] = own[k]
                            bars[child, barred, 0], bars[child, barred, 1] = at, following
                            counts[child] = barred + 1
                            # The most promising is taken first: it stands last.
                            place = state[OPEN]
                            while place > begin and bounds[order[place - 1]] < bounds[child]:
                                order[place] = order[place - 1]
                                place -= 1
                            order[place] = child
                            state[OPEN] += 1
                    held[at] = True
                at = after[at]
                if at == first:
                    break
        for k in range(barred):
            costs[own[k, 0], own[k, 1]] -= BARRED
    return taken


def promising(after: Numbers) -> bool:
    """Whether the cheapest assignment is so near to one ring that branching is worth its time."""
    size = len(after)
    return size <= MOST_BRANCHED and label(after, np.empty(size, dtype=np.int64)) <= MOST_CYCLES


class Branching:
    """A search through all rings over reduced costs, from their cheapest assignment, which costs nothing there."""

    def __init__(self, reduced: Numbers, after: Numbers) -> None:
        """Begin with the whole problem; `after` names each operation's successor in the assignment."""
        size = len(after)
        most = max(2, min(MOST_OPEN, MOST_BYTES // (25 * size + 16 * MOST_BARRED)))
        costs = reduced.copy()
        np.fill_diagonal(costs, BARRED)
        self.state = np.zeros(4, dtype=np.int64)
        self.state[[OPEN, BEST, LEFT_ALONE]] = 1, BARRED, BARRED
        self.tour = np.arange(size)
        self._bounds = np.zeros(most, dtype=np.int64)
        self._order = np.arange(most)
        all_rows, all_columns, all_after = (np.empty((most, size), dtype=np.int64) for _ in range(3))
        held = np.empty((most, size), dtype=np.bool_)
        all_rows[0] = all_columns[0] = held[0] = 0
        all_after[0] = after
        self._arrays = (
            costs, self._order, self._bounds, all_rows, all_columns, all_after, held,
            np.zeros(most, dtype=np.int64), np.empty((most, MOST_BARRED, 2), dtype=np.int64), self.tour, self.state,
        )  # fmt: skip

    @property
    def bound(self) -> int:
        """No ring costs less: the least of what is open, left alone, or the best there is."""
        still = self._bounds[self._order[: self.state[OPEN]]]
        return int(min(self.state[BEST], self.state[LEFT_ALONE], still.min(initial=BARRED)))

    @property
    def done(self) -> bool:
        """Whether nothing is open."""
        return not self.state[OPEN]

    def advance(self, looks: int, known: int, stop: Flag = NEVER) -> bool:
        """Search on for so many looks at costs below a `known` total; whether it has a better ring than that."""
        self.state[BEST] = min(self.state[BEST], known)
        found = self.state[FOUND]
        branch(*self._arrays, looks, stop)
        return bool(self.state[FOUND] > found)
