"""The assignment relaxation: every operation gets one successor, whether or not that makes one sequence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.compiled import compiled

Costs = NDArray[np.int64]
FAR = np.int64(1) << np.int64(60)
# A call looks at about so many costs, some milliseconds of work, so that whoever calls can look at the clock.
PART = 500_000
# Potentials hold at any time; behind so many looks, a second of work, they are taken as far as they came.
MOST_LOOKS = 1_000_000_000


@compiled
def cheapest_in(costs: Costs, columns: Costs, begin: int, end: int) -> None:
    """Lower the potential of each column to the cheapest way into it from some rows."""
    for row in range(begin, end):
        for column in range(columns.size):
            if row != column and costs[row, column] < columns[column]:
                columns[column] = costs[row, column]


@compiled
def cheapest_out(
    costs: Costs, rows: Costs, columns: Costs, row_of: Costs, column_of: Costs, begin: int, end: int
) -> None:
    """Take from some rows the cheapest way out, behind the cheapest into each column, and match what needs no more."""
    size = costs.shape[0]
    for row in range(begin, end):
        least, place = FAR, -1
        for column in range(size):
            if row != column:
                cost = costs[row, column] - columns[column]
                if cost < least or (cost == least and row_of[place] >= 0 and row_of[column] < 0):
                    least, place = cost, column
        rows[row] = least
        if row_of[place] < 0:
            row_of[place], column_of[row] = row, place


@compiled
def match(
    costs: Costs, rows: Costs, columns: Costs, row_of: Costs, column_of: Costs, begin: int, looks: int
) -> tuple[int, int]:
    """Match the rows from `begin` on until `looks` costs were looked at; return the next row and the looks it took."""
    size = costs.shape[0]
    distance = np.empty(size, np.int64)
    via = np.empty(size, np.int64)
    done = np.empty(size, np.bool_)
    taken = 0
    for free in range(begin, size):
        if column_of[free] >= 0:
            continue
        if taken >= looks:
            return free, taken
        # The shortest way from this row to a column nobody has (Dijkstra over reduced costs); of equally near ones
        # such a column first, or ties would have it look at all of them.
        done[:] = False
        distance[:] = FAR
        row, reached, end = free, np.int64(0), -1
        while True:
            following = -1
            for column in range(size):
                if done[column]:
                    continue
                if column != row:
                    length = reached + costs[row, column] - rows[row] - columns[column]
                    if length < distance[column]:
                        distance[column] = length
                        via[column] = row
                if (
                    following < 0
                    or distance[column] < distance[following]
                    or (
                        distance[column] == distance[following]
                        and row_of[column] < 0
                        and row_of[following] >= 0
                    )
                ):
                    following = column
            taken += size
            end = following
            if row_of[end] < 0:
                break
            done[end] = True
            row, reached = row_of[end], distance[end]
        shortest = distance[end]
        rows[free] += shortest
        for column in range(size):
            if done[column]:
                columns[column] += distance[column] - shortest
                rows[row_of[column]] += shortest - distance[column]
        while True:
            row = via[end]
            row_of[end] = row
            end, column_of[row] = column_of[row], end
            if row == free:
                break
    return size, taken


class Assignment:
    """Row and column potentials of a cheapest assignment off the diagonal, reached part by part.

    At any time no cost off the diagonal is below the sum of its two potentials, so that no tour costs less than the
    sum of all of them; once `done` this is what the cheapest assignment costs, or as far as a second of work goes.
    """

    def __init__(self, costs: Costs) -> None:
        """Begin; `start` comes first."""
        size = len(costs)
        self._costs = costs
        self.rows, self.columns = np.empty(size, np.int64), np.full(size, FAR)
        self._row_of, self._column_of = np.full(size, -1), np.full(size, -1)
        self._next = self._looks = 0

    def start(self) -> Iterator[None]:
        """Take the plain minima of columns and rows, and stop between parts of a few milliseconds."""
        size = len(self._costs)
        blocks = [
            (begin, min(size, begin + max(1, PART // size))) for begin in range(0, size, max(1, PART // size))
        ]
        for block in blocks:
            cheapest_in(self._costs, self.columns, *block)
            yield
        for block in blocks:
            cheapest_out(self._costs, self.rows, self.columns, self._row_of, self._column_of, *block)
            yield

    @property
    def done(self) -> bool:
        """Whether another part would change nothing."""
        return self._next == len(self._costs) or self._looks >= MOST_LOOKS

    @property
    def successors(self) -> Costs | None:
        """What follows each operation in the cheapest assignment; None as long as some have nothing."""
        return None if (self._column_of < 0).any() else self._column_of

    def advance(self) -> None:
        """Match on for some milliseconds."""
        self._next, looks = match(
            self._costs, self.rows, self.columns, self._row_of, self._column_of, self._next, PART
        )
        self._looks += looks
