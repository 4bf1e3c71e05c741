"""Setup, weighted tardiness and gaps on several resources with calendars; a move is timed anew till nothing differs.

Each resource has a line of operations that run in their order. What stands on a resource already is a wall: an
operation goes before it where it fits and leaves its setup as it is, else behind it.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search import tours
from scheduling.engine.search.chance import Stream, below, stream
from scheduling.engine.search.compiled import compiled
from scheduling.engine.search.least import least
from scheduling.engine.search.rings import Rings
from scheduling.engine.search.running import NEVER, Flag, Over, never
from scheduling.engine.search.timing import (
    FAR,
    FORBIDDEN,
    MISSING,
    NO_RECORD,
    OPENS,
    Changes,
    Clocks,
    Numbers,
    Shares,
    between,
    change,
    finish,
    stretch,
)

Flags = NDArray[np.bool_]

# A second of setup in the objective; a weight of tardiness may be a thousandth of it.
SECOND = 1000
# An operation only a forbidden transition leads to, and a second behind a limit, outweigh whatever they could save.
BARRED = 10**14
OVER = 10**6
# Runs of equal states that move whole are at most so long.
RUN = 400
# So many operations behind a change are timed at once; the rest only where what is late among it would not spoil it.
LOOK = 40
# A block moves at most so many places on its own resource, but to where its like are.
REACH = 40
NEIGHBOURS = 8
# Kinds of state above this are compared with a sample of so many.
MOST_COMPARED = 1500
# Operations a start looks at for each place, the most urgent ones that are left.
WINDOW = 300
# How far the starts look ahead in due dates and in setups, in average operation times and setups. The most unlike
# first: of tens of thousands of operations there is time for two or three.
LOOKS = ((1.0, 0.3), (200.0, 0.1), (20.0, 0.2), (4.0, 1.5), (4.0, 0.3))
# How much worse a move may make it, in average setups: nothing at first, then falling from each of these over a cycle.
HEATS = (0.0, 0.6, 0.15)
CYCLE = 60
# Behind so many moves, more for more operations, a walk tries an order by setup alone.
ROUND = 500
# Behind this share of the time no further start is made.
STARTING = 0.3

# Columns of a task: its state, the kind of states with equal setups, when it is released and due, what a second late
# costs, and the end it should not pass.
STATE, LIKE, RELEASE, DUE, WEIGHT, LIMIT = range(6)
# Columns of a line: when the resource is free, the state it has, its first wall and the one behind its last.
FREE, INITIAL, FIRST_WALL, LAST_WALL = range(4)
# Columns of a wall: start, end, the state it leaves, the state it needs (-1 for one that is set up), and between what
# and what its setup may be.
START, OVER_AT, LEFT, NEEDS, LEAST, MOST = range(6)
# Rows of `rules`: a setup nobody defined counts as so many seconds; a gap above so many costs its rest times a weight.
DEAR, GAP, GAP_WEIGHT = range(3)

# What is kept of each operation: when it ends, its share of the objective, the stretch it ends in, the first wall
# behind it and the state it leaves.
END, COST, AT, WALL, LEAVES = range(5)
# What is summed along a line of what is late.
SAVED, HEAVY = range(2)
# Places in the array that a walk carries from call to call.
NOW, BEST, DONE = range(3)


class Work(NamedTuple):
    """What is to be sequenced, and what stands in its way.

    `nominal` are the seconds of work of each task, `allowed` the resources it may run on, `efficiency` those of the
    resources. The first task of a line counts no gap.
    """

    clocks: Clocks
    changes: Changes
    tasks: Numbers
    nominal: Shares
    allowed: Flags
    efficiency: Shares
    lines: Numbers
    walls: Numbers
    rules: Numbers


@compiled
def leaves_setup(work: Work, resource: int, state: int, wall: int) -> bool:
    """Whether a wall behind a state needs a setup it has: between what it has and the most it may have."""
    if work.walls[wall, NEEDS] < 0:
        return True
    setup = change(work.changes, resource, state, work.walls[wall, NEEDS])
    if setup == MISSING:
        setup = 0
    if setup == FORBIDDEN:
        return False
    return bool(work.walls[wall, LEAST] <= setup <= work.walls[wall, MOST])


@compiled
def place(
    work: Work, resource: int, one: int, end: int, at: int, wall: int, before: int, first: bool
) -> tuple[int, int, int, int, int, int, int]:
    """Time a task behind what ends then: its start, end, setup, cost, stretch, next wall and the state it leaves.

    One that only forbidden transitions lead to takes no time and leaves everything as it was.
    """
    clocks, task, walls = work.clocks, work.tasks[one], work.walls
    last, weighs = work.lines[resource, LAST_WALL], work.rules[GAP_WEIGHT] and not first
    moment = max(end, task[RELEASE])
    free, behind, idle, since, number = end, before, 0, at, wall
    at = stretch(clocks, at, moment)
    while True:
        limit = walls[number, START] if number < last else FAR
        begin = moment
        if limit > moment:
            begin = max(moment, free)
            at = stretch(clocks, at, begin)
            begin = max(begin, clocks.stretches[at, OPENS])
            if begin < limit:
                setup = change(work.changes, resource, behind, task[STATE])
                if setup != FORBIDDEN:
                    seconds = max(setup, 0)
                    over, where = finish(
                        clocks, at, begin, seconds, work.nominal[one] / work.efficiency[resource]
                    )
                    if limit == FAR or (over <= limit and leaves_setup(work, resource, task[STATE], number)):
                        break
        if limit == FAR:
            return end, end, 0, BARRED, at, wall, before
        if weighs:
            idle += between(clocks, since, free, limit)
        free, behind = max(free, walls[number, OVER_AT]), walls[number, LEFT]
        number += 1
    # Of equal lines the one that is over first: a second of the line costs a thousandth of one of setup.
    cost = SECOND * (work.rules[DEAR] if setup == MISSING else seconds) + over - end
    if over > task[DUE]:
        cost += task[WEIGHT] * (over - task[DUE])
    if over > task[LIMIT]:
        cost += OVER * SECOND * (over - task[LIMIT])
    if weighs:
        idle += between(clocks, since, free, begin)
        if idle > work.rules[GAP]:
            cost += work.rules[GAP_WEIGHT] * (idle - work.rules[GAP])
    return begin, over, seconds, cost, where, number, task[STATE]


@compiled
def before_of(
    work: Work, kept: Numbers, line: Numbers, resource: int, position: int
) -> tuple[int, int, int, int]:
    """Return what stands before a position of a line: its end, stretch, next wall and state."""
    if position == 0:
        row = work.lines[resource]
        return row[FREE], work.clocks.first[resource], row[FIRST_WALL], row[INITIAL]
    one = line[resource, position - 1]
    return kept[one, END], kept[one, AT], kept[one, WALL], kept[one, LEAVES]


@compiled
def retime(
    work: Work, kept: Numbers, line: Numbers, count: Numbers, late: Numbers,
    resource: int, start: int, stop: int,
) -> int:  # fmt: skip
    """Time a line anew from a position; behind `stop` until nothing differs. Return the change of the objective."""
    end, at, wall, state = before_of(work, kept, line, resource, start)
    total = 0
    for k in range(start, count[resource]):
        one = line[resource, k]
        _, end, _, cost, at, wall, state = place(work, resource, one, end, at, wall, state, k == 0)
        same = k >= stop and end == kept[one, END] and wall == kept[one, WALL] and state == kept[one, LEAVES]
        total += cost - kept[one, COST]
        kept[one, END], kept[one, COST], kept[one, AT] = end, cost, at
        kept[one, WALL], kept[one, LEAVES] = wall, state
        if same:
            break
    # What could be saved at most by moving what is late, and what a second later costs, summed up to each position.
    saved, heavy = late[resource, start, SAVED], late[resource, start, HEAVY]
    for k in range(start, count[resource]):
        one = line[resource, k]
        if kept[one, END] > work.tasks[one, DUE] or kept[one, END] > work.tasks[one, LIMIT]:
            saved += kept[one, COST]
            heavy += work.tasks[one, WEIGHT]
        late[resource, k + 1, SAVED], late[resource, k + 1, HEAVY] = saved, heavy
    return total


@compiled
def difference(
    work: Work, kept: Numbers, line: Numbers, late: Numbers, pieces: Numbers, most: int, look: int
) -> int:
    """Time a line made of pieces of the lines, and return what its operations cost more than they do now.

    The first row names the resource, the position from which its line differs and the number of rows; the last piece
    is the line's own end and ends with it. Given up, as FAR, once `most` cannot be kept any more. So many operations
    of the own end as `look` says are timed, the rest is taken to shift with the last of them.
    """
    resource, start, rows = pieces[0, 0], pieces[0, 1], pieces[0, 2]
    end, at, wall, state = before_of(work, kept, line, resource, start)
    total: int = 0
    first = start == 0
    for piece in range(1, rows):
        source, low, high = pieces[piece, 0], pieces[piece, 1], pieces[piece, 2]
        own_end = piece == rows - 1
        for k in range(low, high):
            one = line[source, k]
            _, end, _, cost, at, wall, state = place(work, resource, one, end, at, wall, state, first)
            first = False
            total += cost - kept[one, COST]
            if own_end:
                if end == kept[one, END] and wall == kept[one, WALL] and state == kept[one, LEAVES]:
                    return total
                rest = late[resource, high, SAVED] - late[resource, k + 1, SAVED]
                if total - rest > most:
                    return FAR
                if k - low == look:
                    heavy = late[resource, high, HEAVY] - late[resource, k + 1, HEAVY]
                    return total + int(max((end - kept[one, END]) * heavy, -rest))
    return total


@compiled
def cost_of(
    work: Work, kept: Numbers, line: Numbers, late: Numbers, plan: Numbers, sides: int, most: int, look: int
) -> int:
    """Return what one or two changed lines cost more than now; FAR for more than `most`."""
    total = 0
    for side in range(sides):
        lost = difference(
            work, kept, line, late, plan[side], most - total if side == sides - 1 else FAR, look
        )
        if lost == FAR:
            return FAR
        total += lost
    return total


@compiled
def write_piece(plan: Numbers, side: int, row: int, source: int, low: int, high: int) -> None:
    """Write down one piece of a changed line."""
    plan[side, row, 0], plan[side, row, 1], plan[side, row, 2] = source, low, high


@compiled
def plan_move(plan: Numbers, count: Numbers, source: int, low: int, high: int, target: int, to: int) -> int:
    """Let the block from `low` to before `high` stand before position `to` of a line; return how many lines change."""
    if source == target:
        first, last = min(low, to), max(high, to)
        write_piece(plan, 0, 0, source, first, 4)
        if to < low:
            write_piece(plan, 0, 1, source, low, high)
            write_piece(plan, 0, 2, source, to, low)
        else:
            write_piece(plan, 0, 1, source, high, to)
            write_piece(plan, 0, 2, source, low, high)
        write_piece(plan, 0, 3, source, last, count[source])
        return 1
    write_piece(plan, 0, 0, source, low, 2)
    write_piece(plan, 0, 1, source, high, count[source])
    write_piece(plan, 1, 0, target, to, 3)
    write_piece(plan, 1, 1, source, low, high)
    write_piece(plan, 1, 2, target, to, count[target])
    return 2


@compiled
def plan_swap(
    plan: Numbers, count: Numbers, one: int, low: int, high: int, other: int, begin: int, stop: int
) -> int:
    """Let two blocks change places, on one line the first before the second; return how many lines change."""
    if one == other:
        write_piece(plan, 0, 0, one, low, 5)
        write_piece(plan, 0, 1, one, begin, stop)
        write_piece(plan, 0, 2, one, high, begin)
        write_piece(plan, 0, 3, one, low, high)
        write_piece(plan, 0, 4, one, stop, count[one])
        return 1
    write_piece(plan, 0, 0, one, low, 3)
    write_piece(plan, 0, 1, other, begin, stop)
    write_piece(plan, 0, 2, one, high, count[one])
    write_piece(plan, 1, 0, other, begin, 3)
    write_piece(plan, 1, 1, one, low, high)
    write_piece(plan, 1, 2, other, stop, count[other])
    return 2


@compiled
def carry_out(
    work: Work, kept: Numbers, line: Numbers, count: Numbers, where: Numbers, late: Numbers,
    plan: Numbers, sides: int, spare: Numbers,
) -> None:  # fmt: skip
    """Make the planned lines true and time them."""
    sizes = (0, 0)
    for side in range(sides):
        size = 0
        for row in range(1, plan[side, 0, 2]):
            for k in range(plan[side, row, 1], plan[side, row, 2]):
                spare[side, size] = line[plan[side, row, 0], k]
                size += 1
        sizes = (size, sizes[1]) if side == 0 else (sizes[0], size)
    for side in range(sides):
        resource, start, rows = plan[side, 0, 0], plan[side, 0, 1], plan[side, 0, 2]
        own = plan[side, rows - 1, 2] - plan[side, rows - 1, 1]
        count[resource] = start + sizes[side]
        for k in range(sizes[side]):
            one = spare[side, k]
            line[resource, start + k] = one
            where[one, 0], where[one, 1] = resource, start + k
        retime(work, kept, line, count, late, resource, start, start + sizes[side] - own)


@compiled
def all_allowed(work: Work, line: Numbers, source: int, low: int, high: int, target: int) -> bool:
    """Whether a block of a line may run on another resource."""
    if source == target:
        return True
    k = low
    while k < high and work.allowed[line[source, k], target]:
        k += 1
    return k == high


@compiled
def position_at(kept: Numbers, line: Numbers, count: Numbers, resource: int, moment: int) -> int:
    """Return the first position of a line that ends behind a moment."""
    low, high = 0, count[resource]
    while low < high:
        middle = (low + high) // 2
        if kept[line[resource, middle], END] <= moment:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def some_like(
    members: Numbers,
    first: Numbers,
    rank: Numbers,
    when: Numbers,
    kind: int,
    one: int,
    like: int,
    numbers: Stream,
) -> int:
    """Draw an operation of a kind: mostly one that is wanted at about the same time."""
    low, high = first[kind], first[kind + 1]
    if below(numbers, 4) == 0:
        return int(members[low + below(numbers, high - low)])
    if kind == like:
        near = rank[one]
    else:
        near, stop = low, high
        while near < stop:
            middle = (near + stop) // 2
            if when[members[middle]] < when[one]:
                near = middle + 1
            else:
                stop = middle
    near += below(numbers, 9) - 4
    return int(members[min(max(near, low), high - 1)])


@compiled
def run_of(work: Work, line: Numbers, count: Numbers, resource: int, position: int) -> tuple[int, int]:
    """Return the run of like operations round a position."""
    like = work.tasks[line[resource, position], LIKE]
    low, high = position, position + 1
    while low > 0 and position - low < RUN and work.tasks[line[resource, low - 1], LIKE] == like:
        low -= 1
    while high < count[resource] and high - position < RUN and work.tasks[line[resource, high], LIKE] == like:
        high += 1
    return low, high


@compiled
def some_block(
    work: Work, line: Numbers, count: Numbers, resource: int, position: int, numbers: Stream
) -> tuple[int, int]:
    """Draw a block round a position: the operation alone, its run, a part of it, or a few neighbours."""
    kind = below(numbers, 6)
    if kind < 2:
        return position, position + 1
    low, high = run_of(work, line, count, resource, position)
    if kind == 2:
        return low, high
    if kind == 3:
        return position, high
    if kind == 4:
        return low, position + 1
    return position, min(position + 1 + below(numbers, 6), count[resource])


@compiled
def some_place(
    work: Work, kept: Numbers, line: Numbers, count: Numbers, where: Numbers, after: Numbers, before: Numbers,
    members: Numbers, first: Numbers, rank: Numbers, when: Numbers,
    source: int, low: int, high: int, numbers: Stream,
) -> tuple[int, int]:  # fmt: skip
    """Draw where a block could go: behind or before what it needs little setup from or to, nearby, to another line."""
    kind = below(numbers, 8)
    head, tail = line[source, low], line[source, high - 1]
    if kind < 3:
        like = work.tasks[head, LIKE]
        other = like if kind == 0 else before[like, below(numbers, before.shape[1])]
        behind = some_like(members, first, rank, when, other, head, like, numbers)
        return where[behind, 0], where[behind, 1] + 1
    if kind < 5:
        like = work.tasks[tail, LIKE]
        other = like if kind == 3 else after[like, below(numbers, after.shape[1])]
        ahead = some_like(members, first, rank, when, other, tail, like, numbers)
        return where[ahead, 0], where[ahead, 1]
    if kind < 7:
        step = 1 + below(numbers, REACH)
        if below(numbers, 2):
            return source, max(low - step, 0)
        return source, min(high + step, count[source])
    target = below(numbers, count.size)
    if target == source:
        return source, below(numbers, count[source] + 1)
    moment = kept[head, END]
    near = position_at(kept, line, count, target, moment) + below(numbers, 7) - 3
    return target, min(max(near, 0), count[target])


@compiled
def draw(
    work: Work, kept: Numbers, line: Numbers, count: Numbers, where: Numbers, after: Numbers, before: Numbers,
    members: Numbers, first: Numbers, rank: Numbers, when: Numbers, plan: Numbers, numbers: Stream,
) -> int:  # fmt: skip
    """Plan a move at random: a block to another place, or two blocks for each other; 0 lines where it cannot be."""
    one = below(numbers, where.shape[0])
    source = where[one, 0]
    low, high = some_block(work, line, count, source, where[one, 1], numbers)
    target, to = some_place(
        work, kept, line, count, where, after, before, members, first, rank, when, source, low, high, numbers
    )
    if not all_allowed(work, line, source, low, high, target):
        return 0
    if below(numbers, 4) or to == count[target]:
        if source == target and low <= to <= high:
            return 0
        return plan_move(plan, count, source, low, high, target, to)
    stop = min(to + 1 + (below(numbers, 6) if below(numbers, 2) else 0), count[target])
    if not all_allowed(work, line, target, to, stop, source):
        return 0
    if source == target:
        if low < stop and to < high:
            return 0
        if to < low:
            low, high, to, stop = to, stop, low, high
    return plan_swap(plan, count, source, low, high, target, to, stop)


@compiled
def wander(
    work: Work, kept: Numbers, line: Numbers, count: Numbers, where: Numbers, late: Numbers, best: Numbers,
    after: Numbers, before: Numbers, members: Numbers, first: Numbers, rank: Numbers, when: Numbers,
    plan: Numbers, spare: Numbers, state: Numbers, numbers: Stream, iterations: int, heats: Numbers, cycle: int,
    stop: Flag,
) -> int:  # fmt: skip
    """Draw moves, make those that gain, or lose no more than the heat of the cycle allows; return how many."""
    made = 0
    # The best is written down when it is left, not at each of the many gains on the way to it.
    told = True
    while made < iterations and not stop[0]:
        made += 1
        heat = heats[state[DONE] // cycle % heats.size]
        allowed = below(numbers, heat - heat * (state[DONE] % cycle) // cycle + 1)
        state[DONE] += 1
        sides = draw(work, kept, line, count, where, after, before, members, first, rank, when, plan, numbers)
        if not sides:
            continue
        if cost_of(work, kept, line, late, plan, sides, allowed, LOOK) > allowed:
            continue
        lost = cost_of(work, kept, line, late, plan, sides, allowed, FAR)
        if lost > allowed:
            continue
        if lost >= 0 and not told:
            keep(line, count, best)
            told = True
        carry_out(work, kept, line, count, where, late, plan, sides, spare)
        state[NOW] += lost
        if state[NOW] < state[BEST]:
            state[BEST] = state[NOW]
            told = False
    if not told:
        keep(line, count, best)
    return made


@compiled
def keep(line: Numbers, count: Numbers, best: Numbers) -> None:
    """Write the lines down one behind the other, each with its resource."""
    at = 0
    for resource in range(count.size):
        for k in range(count[resource]):
            best[at, 0], best[at, 1] = line[resource, k], resource
            at += 1


@compiled
def urgent_first(
    work: Work, ordered: Numbers, urgency: Shares, ahead: float, near: float, order: Numbers
) -> None:
    """Let the resource that is free first take the most urgent of its next operations: late, short, near, released.

    Apparent tardiness cost with setups, in logarithms; `order` gets operation and resource in the order chosen.
    """
    size, resources = work.nominal.size, work.efficiency.size
    following = np.empty((resources, size + 1), np.int64)
    previous = np.empty((resources, size + 1), np.int64)
    for resource in range(resources):
        last = size
        for k in range(size):
            one = ordered[k]
            if work.allowed[one, resource]:
                following[resource, last] = one
                previous[resource, one] = last
                last = one
        following[resource, last] = size
        previous[resource, size] = last
    end, at, wall, state = (
        work.lines[:, FREE].copy(),
        work.clocks.first.copy(),
        work.lines[:, FIRST_WALL].copy(),
        work.lines[:, INITIAL].copy(),
    )
    taken = np.zeros(resources, np.bool_)
    for k in range(size):
        resource = -1
        for each in range(resources):
            if following[each, size] != size and (resource < 0 or end[each] < end[resource]):
                resource = each
        chosen, least, looked = -1, 0.0, 0
        one = following[resource, size]
        while one != size and looked < WINDOW:
            looked += 1
            setup = change(work.changes, resource, state[resource], work.tasks[one, STATE])
            cost = near * (work.rules[DEAR] if setup == MISSING else setup) - urgency[one]
            if setup == FORBIDDEN:
                cost += 1e9
            begin = max(end[resource], work.tasks[one, RELEASE])
            cost += near * (begin - end[resource])
            if work.tasks[one, DUE] < FAR:
                slack = work.tasks[one, DUE] - begin - work.nominal[one] / work.efficiency[resource]
                cost += ahead * max(slack, 0.0)
            if chosen < 0 or cost < least:
                chosen, least = one, cost
            one = following[resource, one]
        _, end[resource], _, _, at[resource], wall[resource], state[resource] = place(
            work,
            resource,
            chosen,
            end[resource],
            at[resource],
            wall[resource],
            state[resource],
            not taken[resource],
        )
        taken[resource] = True
        order[k, 0], order[k, 1] = chosen, resource
        for each in range(resources):
            if work.allowed[chosen, each]:
                following[each, previous[each, chosen]] = following[each, chosen]
                previous[each, following[each, chosen]] = previous[each, chosen]


@compiled
def times(work: Work, kept: Numbers, line: Numbers, count: Numbers, found: Numbers) -> None:
    """Write down start, end, setup and resource of each operation; one that is barred gets resource -1."""
    for resource in range(count.size):
        for k in range(count[resource]):
            one = line[resource, k]
            end, at, wall, state = before_of(work, kept, line, resource, k)
            start, over, setup, cost, _, _, _ = place(work, resource, one, end, at, wall, state, k == 0)
            found[one, 0], found[one, 1], found[one, 2] = start, over, setup
            found[one, 3] = -1 if cost == BARRED else resource


@compiled
def nearest(work: Work, of: Numbers, resource: int, among: Numbers, forward: bool, near: Numbers) -> None:
    """Fill in for each kind of state those with the least setup to it (or from it), cheapest first."""
    for kind in range(of.size):
        known = np.full(near.shape[1], FAR, np.int64)
        near[kind, :] = kind
        for other in among:
            if other == kind:
                continue
            setup = (
                change(work.changes, resource, work.tasks[of[kind], STATE], work.tasks[of[other], STATE])
                if forward
                else change(work.changes, resource, work.tasks[of[other], STATE], work.tasks[of[kind], STATE])
            )
            cost = FAR if setup == FORBIDDEN else work.rules[DEAR] if setup == MISSING else setup
            place = known.size
            while place > 0 and known[place - 1] > cost:
                place -= 1
            if place < known.size:
                for k in range(known.size - 1, place, -1):
                    known[k], near[kind, k] = known[k - 1], near[kind, k - 1]
                known[place], near[kind, place] = cost, other


class LinesProblem:
    """Find the lines of operations on resources that need least setup + weighted tardiness + gaps that are too large.

    `planned` are operation and resource in the order of an earlier plan; it is one of the starts. No operation may be
    without a resource it is allowed on.
    """

    def __init__(self, work: Work, planned: NDArray[np.integer]) -> None:
        self.work = work
        self.planned = planned.astype(np.int64)
        self.floor = 0
        self._ready = False

    @cached_property
    def bound(self) -> int:
        """What all lines cost at least; setup and lateness count, gaps do not."""
        return least(self.work, SECOND, BARRED, (STATE, RELEASE, DUE, WEIGHT))

    @cached_property
    def when(self) -> Numbers:
        """When an operation is wanted: by its due date, else as it is released."""
        tasks = self.work.tasks
        return np.where((tasks[:, DUE] < FAR) & (tasks[:, WEIGHT] > 0), tasks[:, DUE], tasks[:, RELEASE])

    @cached_property
    def neighbours(self) -> tuple[Numbers, Numbers]:
        """By kind of state, the nearest ones behind it and the nearest ones before it."""
        work = self.work
        kinds, of = np.unique(work.tasks[:, LIKE], return_index=True)
        width = max(1, min(NEIGHBOURS, len(kinds) - 1))
        among = np.arange(len(kinds))
        if len(kinds) > MOST_COMPARED:
            among = among[:: -(-len(kinds) // MOST_COMPARED)]
        resource = int(np.argmax(work.allowed.sum(axis=0)))
        found = []
        for forward in (True, False):
            near = np.empty((len(kinds), width), dtype=np.int64)
            nearest(work, of.astype(np.int64), resource, among, forward, near)
            found.append(near)
        return found[0], found[1]

    @cached_property
    def like_by_time(self) -> tuple[Numbers, Numbers, Numbers]:
        """The operations by kind and by when they are wanted, where each kind begins, and each one's place."""
        like = self.work.tasks[:, LIKE]
        members = np.lexsort((self.when, like))
        first = np.searchsorted(like[members], np.arange(like.max() + 2))
        rank = np.empty(len(members), dtype=np.int64)
        rank[members] = np.arange(len(members))
        return members.astype(np.int64), first.astype(np.int64), rank

    @cached_property
    def _starts(self) -> list[tuple[int, Numbers]]:
        """The starts made so far with what they cost: the plan as it was, then one for each look ahead."""
        return [(self.objective(self.planned), self.planned)]

    def prepare(self, over: Over) -> bool:
        """Make neighbours and starts one by one; False where `over` says in between that there is no time left.

        A share of the time behind which no further start is made leaves the rest to the walks.
        """
        if self._ready:
            return True
        for part in ("neighbours", "like_by_time", "usual", "_starts"):
            getattr(self, part)
            if over():
                return False
        for look in LOOKS[len(self._starts) - 1 :]:
            if over(STARTING):
                break
            order = self._urgent_first(*look)
            self._starts.append((self.objective(order), order))
            if over():
                return False
        self._ready = True
        return True

    @property
    def first(self) -> Numbers:
        """The best start made so far; the plan itself of equal ones."""
        return min(self._starts, key=lambda found: found[0])[1]

    @property
    def start(self) -> tuple[int, Numbers]:
        """The best of the starts with what it costs."""
        self.prepare(never)
        return min(self._starts, key=lambda found: found[0])

    def _urgent_first(self, look_ahead: float, look_setup: float) -> Numbers:
        work = self.work
        pace = max(1.0, float(work.nominal.mean()))
        urgency = np.log(np.maximum(work.tasks[:, WEIGHT], 1) / np.maximum(work.nominal, 1.0))
        order = np.empty_like(self.planned)
        urgent_first(
            work, np.argsort(self.when, kind="stable"), urgency, 1 / (look_ahead * pace),
            1 / (look_setup * max(1, self.usual)), order,
        )  # fmt: skip
        return order

    @cached_property
    def usual(self) -> int:
        """A usual setup in seconds, between neighbouring kinds of state."""
        work, after = self.work, self.neighbours[0]
        _, of = np.unique(work.tasks[:, LIKE], return_index=True)
        states = work.tasks[of, STATE]
        resource = int(np.argmax(work.allowed.sum(axis=0)))
        some = [
            change(work.changes, resource, states[kind], states[other])
            for kind in range(0, len(of), -(-len(of) // 200))
            for other in after[kind]
        ]
        positive = [seconds for seconds in some if seconds > 0]
        return int(sum(positive) / len(positive)) if positive else 60

    def objective(self, order: NDArray[np.integer]) -> int:
        """What an order of operations on resources costs."""
        return Lines(self.work, order).cost

    def times(self, order: NDArray[np.integer]) -> Numbers:
        """Start, end, setup and resource of each operation in an order; resource -1 for one that is barred."""
        lines = Lines(self.work, order)
        found = np.empty((len(self.work.nominal), 4), dtype=np.int64)
        times(self.work, lines.kept, lines.line, lines.count, found)
        return found

    def apart(self, times: Numbers) -> tuple[int, int]:
        """The thousandths by which lines of equal cost are told apart, and how many operations are barred."""
        lengths = 0
        for resource, free in enumerate(self.work.lines[:, FREE].tolist()):
            ends = times[times[:, 3] == resource, 1]
            lengths += int(ends.max()) - free if len(ends) else 0
        return lengths, int((times[:, 3] < 0).sum())

    def walk(self, seed: int, worker: int) -> LinesWalk:
        """Start one walk; same seed and worker, same walk."""
        return LinesWalk(self, seed, worker)

    def proof(self) -> None:
        """No better bound is known."""


class Lines:
    """The lines of an order, timed."""

    def __init__(self, work: Work, order: NDArray[np.integer]) -> None:
        size, resources = len(work.nominal), len(work.lines)
        self.line = np.zeros((resources, size), dtype=np.int64)
        self.count = np.zeros(resources, dtype=np.int64)
        self.where = np.zeros((size, 2), dtype=np.int64)
        for one, resource in order.tolist():
            position = self.count[resource]
            self.line[resource, position] = one
            self.where[one] = resource, position
            self.count[resource] += 1
        self.kept = np.zeros((size, 5), dtype=np.int64)
        self.late = np.zeros((resources, size + 1, 2), dtype=np.int64)
        self.cost = 0
        for resource in range(resources):
            self.cost += retime(work, self.kept, self.line, self.count, self.late, resource, 0, size)


class LinesWalk:
    """One worker's way through the lines: an iteration is one move drawn, timed, and made or not."""

    def __init__(self, problem: LinesProblem, seed: int, worker: int) -> None:
        """Start from the best start."""
        cost, order = problem.start
        lines = Lines(problem.work, order)
        self._state = np.array([cost, cost, 0], dtype=np.int64)
        self._best = order[np.argsort(order[:, 1], kind="stable")].copy()
        size = len(order)
        heats = np.array([heat * problem.usual * SECOND for heat in HEATS], dtype=np.int64)
        self._arrays = (
            problem.work, lines.kept, lines.line, lines.count, lines.where, lines.late, self._best,
            *problem.neighbours, *problem.like_by_time, problem.when, np.zeros((2, 6, 3), dtype=np.int64),
            np.empty((2, size), dtype=np.int64), self._state,
            stream(seed * 1_000_003 + worker),
        )  # fmt: skip
        self._pace = heats, CYCLE * size
        self._round = max(ROUND, size)
        self._rings = Rings(seed, worker)

    def _try_ring(self, stop: Flag) -> None:
        """Run a stretch of a line in the order of its least setup, if that is better for the whole."""
        work, kept, line, count, where, late = self._arrays[:6]
        if (found := self._rings.stretch(count)) is None:
            return
        part, resource, low, high = found
        before = int(before_of(work, kept, line, resource, low)[3])
        behind = int(work.tasks[line[resource, high], STATE]) if high < count[resource] else -1
        old = line[resource, low:high].copy()
        states = work.tasks[old, STATE]
        dear = int(work.rules[DEAR])
        new = self._rings.order(work.changes, part, resource, old, states, before, behind, dear, stop)
        line[resource, low:high] = new
        gained = retime(work, kept, line, count, late, resource, low, high)
        if gained >= 0:
            line[resource, low:high] = old
            retime(work, kept, line, count, late, resource, low, high)
        else:
            where[new, 1] = np.arange(low, high)
            self._state[NOW] += gained
            if self._state[NOW] < self._state[BEST]:
                self._state[BEST] = self._state[NOW]
                keep(line, count, self._best)
        self._rings.told(part, gained < 0)

    @property
    def bound(self) -> int | None:
        """One line with nothing in its way is set up at least as long as the cheapest way through all its states."""
        work = self._arrays[0]
        if len(work.lines) > 1 or work.lines[0, FIRST_WALL] != work.lines[0, LAST_WALL]:
            return None
        setup = self._rings.bound(0, len(self._best))
        return None if setup is None else SECOND * setup

    @property
    def objective(self) -> int:
        """The best figure so far."""
        return int(self._state[BEST])

    @property
    def sequence(self) -> Numbers:
        """The best order so far: operation and resource, line by line."""
        return self._best.copy()

    def advance(self, iterations: int, stop: Flag = NEVER) -> int:
        """Draw on; how the moves are split over calls changes nothing. Once `stop` is set no further one is drawn."""
        made = 0
        while made < iterations and not stop[0]:
            moved = int(self._state[DONE]) % self._round
            if not moved:
                self._try_ring(stop)
            count = min(iterations - made, self._round - moved)
            made += wander(*self._arrays, count, *self._pace, stop)
        return made


@cache
def warm_up() -> None:
    """Compile, or load what was compiled before, once in a process: no time limit should run out over it."""
    tours.warm_up()
    size, lines, end = 16, 2, 1 << 50
    far, none = np.full(size, FAR), np.zeros(size, dtype=np.int64)
    state = np.arange(size) % 3
    work = Work(
        clocks=Clocks(
            np.zeros(lines, dtype=np.int64), np.array([[0, end, end]]), np.array([[float(end), 1.0]])
        ),
        changes=Changes(
            np.array([[0, 1, 1, 2, 3, 4, 5]] * lines),
            np.array([[kind, 0, 0, kind, 60, 30] for kind in range(3)]),
            np.array([NO_RECORD], dtype=np.int32),
        ),
        tasks=np.stack([state, state, none, none, none + SECOND, far], axis=1),
        nominal=np.full(size, 600.0),
        allowed=np.ones((size, lines), dtype=np.bool_),
        efficiency=np.ones(lines),
        lines=np.zeros((lines, 4), dtype=np.int64),
        walls=np.zeros((0, 6), dtype=np.int64),
        rules=np.array([60, 0, 0]),
    )
    problem = LinesProblem(work, np.stack([np.arange(size), none], axis=1))
    walk = problem.walk(1, 0)
    walk.advance(100)
    problem.times(walk.sequence)
    least(work, SECOND, BARRED, (STATE, RELEASE, DUE, WEIGHT))
