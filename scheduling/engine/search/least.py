"""What sequencing a step's operations costs at least, whatever their order: the bound that a search is measured by.

Each operation is set up behind something: behind another operation, the state its resource is in now, or what stands
there already. The cheapest way to give each its own, whether or not that makes lines, costs no more than any plan
(the assignment relaxation, as for tours); and none ends before it is released, set up and worked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.assignment import Assignment
from scheduling.engine.search.compiled import compiled
from scheduling.engine.search.timing import FORBIDDEN, MISSING, OPENS, change, finish, stretch

if TYPE_CHECKING:
    from scheduling.engine.search.lines import Work

Numbers = NDArray[np.int64]
# The exact assignment grows with the cube of the operations; above this each takes the cheapest by itself.
MOST_ASSIGNED = 400
# Above so many setups to compare no bound is worth its time.
MOST_COMPARED = 5_000_000


def least(work: Work, second: int, barred: int, columns: tuple[int, int, int, int]) -> int:
    """A figure no lines of these operations go below, in units of the search; 0 where there is no bound at hand.

    `second` is what a second of setup costs, `barred` what an operation costs that nothing may stand before;
    `columns` are those of a task's state, release, due date and weight.
    """
    count, state = len(work.nominal), columns[0]
    kinds, kind, members = np.arange(count), np.arange(count), np.ones(count, dtype=np.int64)
    if count > MOST_ASSIGNED:
        alike = np.column_stack([work.tasks[:, state], work.allowed])
        _, kinds, kind, members = np.unique(
            alike, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
    before = _before(work, work.tasks[kinds, state])
    if len(before) * len(kinds) * len(work.lines) > MOST_COMPARED:
        return 0
    entries = np.empty((len(before), len(kinds)), dtype=np.int64)
    fill(work, before, kinds, members, state, (second, barred), entries)
    cheapest = entries.min(axis=0)[kind.reshape(-1)]
    late = lateness(work, cheapest // second, columns)
    if count > MOST_ASSIGNED:
        return int(cheapest.sum()) + late
    # Rows are what stands before, columns the operations and, for what nothing follows, nothing.
    square = np.zeros((len(before), len(before)), dtype=np.int64)
    square[:, :count] = entries
    behind = Assignment(square)
    for _ in behind.start():
        pass
    while not behind.done:
        behind.advance()
    return int(behind.rows.sum() + behind.columns.sum()) + late


def _before(work: Work, states: Numbers) -> Numbers:
    """What an operation can stand behind: each kind of operation, then what each resource is set up for at some time.

    Columns: the state, and the resource where it is left; -1 for an operation, which may be on each it is allowed on.
    """
    rows = [(int(one), -1) for one in states]
    for resource, (_, initial, first, last) in enumerate(work.lines.tolist()):
        rows.append((initial, resource))
        rows += [(int(left), resource) for left in work.walls[first:last, 2]]
    return np.array(rows, dtype=np.int64)


@compiled
def fill(
    work: Work, before: Numbers, kinds: Numbers, members: Numbers, column: int, costs: tuple[int, int],
    entries: Numbers,
) -> None:  # fmt: skip
    """Write down what a setup costs for each kind of operation behind each of what it may stand behind, where least.

    Of a kind with several members one may stand behind another.
    """
    second, barred = costs
    dear = work.rules[0]
    for row in range(entries.shape[0]):
        state, where = before[row]
        for place in range(kinds.size):
            one = kinds[place]
            cheapest = barred
            for resource in range(work.allowed.shape[1]):
                if not work.allowed[one, resource] or (row == place and members[place] == 1):
                    continue
                if (where >= 0 and where != resource) or (
                    where < 0 and not work.allowed[kinds[row], resource]
                ):
                    continue
                setup = change(work.changes, resource, state, work.tasks[one, column])
                if setup != FORBIDDEN:
                    cheapest = min(cheapest, second * (dear if setup == MISSING else setup))
            entries[row, place] = cheapest


@compiled
def lateness(work: Work, setup: Numbers, columns: tuple[int, int, int, int]) -> int:
    """What the operations cost for being late even if each were the first on the resource where it ends soonest."""
    _, release, due, weight = columns
    clocks, total = work.clocks, 0
    for one in range(work.nominal.size):
        task = work.tasks[one]
        if task[weight] == 0:
            continue
        soonest = -1
        for resource in range(work.allowed.shape[1]):
            if not work.allowed[one, resource]:
                continue
            moment = max(work.lines[resource, 0], task[release])
            at = stretch(clocks, clocks.first[resource], moment)
            begin = max(moment, clocks.stretches[at, OPENS])
            end, _ = finish(clocks, at, begin, setup[one], work.nominal[one] / work.efficiency[resource])
            if soonest < 0 or end < soonest:
                soonest = end
        if soonest > task[due]:
            total += task[weight] * (soonest - task[due])
    return total
