"""The assignment relaxation: every operation gets one successor, whether or not that makes one sequence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.compiled import compiled

Costs = NDArray[np.int64]
FAR = np.int64(1) << np.int64(60)


@compiled
def assign(costs: Costs) -> tuple[Costs, Costs]:
    """Return the row and column potentials of a cheapest assignment off the diagonal.

    No cost off the diagonal is below the sum of its two potentials, and the sum of all of them is what the
    cheapest assignment costs: no tour costs less.
    """
    size = costs.shape[0]
    rows = np.zeros(size, np.int64)
    columns = np.empty(size, np.int64)
    row_of = np.full(size, -1, np.int64)
    column_of = np.full(size, -1, np.int64)
    for column in range(size):
        columns[column] = FAR
        for row in range(size):
            if row != column and costs[row, column] < columns[column]:
                columns[column] = costs[row, column]
    distance = np.empty(size, np.int64)
    via = np.empty(size, np.int64)
    done = np.empty(size, np.bool_)
    for free in range(size):
        # The shortest way from this row to a column nobody has (Dijkstra over reduced costs).
        done[:] = False
        for column in range(size):
            via[column] = free
            distance[column] = costs[free, column] - rows[free] - columns[column] if column != free else FAR
        while True:
            end = -1
            for column in range(size):
                if not done[column] and (end < 0 or distance[column] < distance[end]):
                    end = column
            if row_of[end] < 0:
                break
            done[end] = True
            row = row_of[end]
            for column in range(size):
                if not done[column] and column != row:
                    length = distance[end] + costs[row, column] - rows[row] - columns[column]
                    if length < distance[column]:
                        distance[column] = length
                        via[column] = row
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
    return rows, columns


# The exact relaxation grows with the cube of the operations; above this the cheapest way out and in must do.
MOST_ASSIGNED = 1500


def potentials(costs: Costs) -> tuple[Costs, Costs]:
    """Return potentials that bound every tour from below: exact up to 1,500 operations, plain minima above."""
    if len(costs) <= MOST_ASSIGNED:
        return assign(costs)
    blocked = costs.copy()
    np.fill_diagonal(blocked, FAR)
    columns = blocked.min(axis=0)
    return (blocked - columns).min(axis=1), columns
