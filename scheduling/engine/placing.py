"""The compiled way of the passes: the same places as `passes` finds plainly, over arrays, some fifty times as fast.

What it promises: to the second the plan of the plain way, or it says that it cannot tell: that a calendar has to be
written out further (`BEYOND`, or the number of the resource), or that kept orders contradict each other (`STUCK`).
Then the caller writes out more and asks anew, or goes the plain way. Nothing is allocated and no question is left to
an error inside. The rules are those of `passes.Timeline`, `passes._Forward`, `passes.backward` and
`passes.true_setups`, in the same order, and the tests hold both ways against each other.

It knows neither secondary resources, nor orders that overlap, nor a setup matrix with dates: these go the plain way.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from scheduling.engine.search.compiled import compiled
from scheduling.engine.search.timing import (
    CLOSES,
    DUST,
    FAR,
    FORBIDDEN,
    MADE,
    MISSING,
    OPENS,
    RATE,
    Changes,
    Clocks,
    Numbers,
    Shares,
    between,
    change,
    finish,
)

NOWHERE = -1
# Columns of a stretch of operations without a pause: as `passes.Timeline` has them.
START, END, FIRST, LAST, RESERVED = range(5)
# Rows of a plan, and columns of a place that is taken already.
RESOURCE, STARTS, ENDS, SETUP = range(4)
PLACE = 5
# How an operation stands: it moves, it is locked, it is in progress.
MOVES, LOCKED, RUNNING = range(3)
# Instead of the stretch behind which an operation fits: a forbidden setup bars each, or the calendar ends before.
BARRED, BEYOND = -2, -3
# How a pass ended, if not at the calendar of a resource; it is not over yet.
DONE, STUCK, MORE = -1, -2, -3
# What a pass keeps between its slices: how many operations are queued, and how many only forbidden setups lead to.
QUEUED, OUT = range(2)
# What a look through the finished lines finds: a pair nobody defined, a forbidden one, a place that is still occupied.
NO_SETUP, BAD_SETUP, OCCUPIED = 1, 2, 4


class Floor(NamedTuple):
    """What a pass needs to know of resources and operations, by their numbers.

    `last` is the stretch without an end behind what is written out of a resource's calendar, `left` the state it was
    left in; `state` is what an operation leaves, `standing` how it stands, `nominal` its seconds of work.
    """

    clocks: Clocks
    last: Numbers
    changes: Changes
    left: Numbers
    efficiency: Shares
    state: Numbers
    standing: Numbers
    nominal: Shares


class Routing(NamedTuple):
    """What waits for what: the operations behind operation n stand in `after` from `first[n]` to `first[n + 1]`.

    `waiting` counts what each waits for; `before` is what that is and `allowed` are its resources, laid out like
    `after`.
    """

    first: Numbers
    after: Numbers
    waiting: Numbers
    before_first: Numbers
    before: Numbers
    allowed_first: Numbers
    allowed: Numbers


class Kept(NamedTuple):
    """The order to keep: the resource of an operation, its neighbours there and its priority; NOWHERE for none."""

    on: Numbers
    before: Numbers
    after: Numbers
    priority: Numbers


class Lines(NamedTuple):
    """What occupies the resources: stretches in order of time, those of resource r from `first[r]` on."""

    stretches: Numbers
    first: Numbers
    counts: Numbers


@compiled
def stretch_at(floor: Floor, resource: int, moment: int) -> int:
    """Return the stretch of working time a moment lies in, else the next."""
    low, high = floor.clocks.first[resource], floor.last[resource]
    while low < high:
        middle = (low + high) // 2
        if floor.clocks.stretches[middle, CLOSES] <= moment:
            low = middle + 1
        else:
            high = middle
    return int(low)


@compiled
def unknown_from(floor: Floor, resource: int) -> int:
    """Return the first moment that is not written out."""
    return int(floor.clocks.stretches[floor.last[resource], OPENS])


@compiled
def pause(
    floor: Floor, resource: int, line: Numbers, count: int, operation: int, moment: int, forced: bool
) -> tuple[int, int, int, int]:
    """Return start, end, setup, and the stretch it comes behind of the first pause that holds an operation."""
    clocks, unknown = floor.clocks, unknown_from(floor, resource)
    work = floor.nominal[operation] / floor.efficiency[resource]
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if line[middle, START] <= moment:
            low = middle + 1
        else:
            high = middle
    behind = low - 1
    while True:
        begin = max(moment, line[behind, END]) if behind >= 0 else moment
        at = stretch_at(floor, resource, begin)
        begin = max(begin, clocks.stretches[at, OPENS])
        if begin >= unknown:
            return begin, begin, 0, BEYOND
        limit = line[behind + 1, START] if behind + 1 < count else FAR
        if begin < limit:
            before = floor.state[line[behind, LAST]] if behind >= 0 else floor.left[resource]
            setup = change(floor.changes, resource, before, floor.state[operation])
            if setup != FORBIDDEN or forced:
                setup = max(setup, 0)
                end, _ = finish(clocks, at, begin, setup, work)
                if end >= unknown:
                    return begin, end, setup, BEYOND
                if limit == FAR or (
                    end <= limit and leaves_setup(floor, resource, line, operation, behind + 1)
                ):
                    return begin, end, setup, behind
        if limit == FAR:
            return begin, begin, 0, BARRED
        behind += 1


@compiled
def leaves_setup(floor: Floor, resource: int, line: Numbers, operation: int, behind: int) -> bool:
    """Return whether the stretch that would follow needs no longer setup than it has."""
    follower = line[behind, FIRST]
    if floor.standing[follower] == RUNNING:
        return True
    setup = change(floor.changes, resource, floor.state[operation], floor.state[follower])
    if setup == FORBIDDEN:
        return False
    if floor.standing[follower] == LOCKED:
        return bool(max(setup, 0) <= line[behind, RESERVED])
    return bool(max(setup, 0) == line[behind, RESERVED])


@compiled
def put(
    floor: Floor, resource: int, line: Numbers, count: int,
    operation: int, start: int, end: int, setup: int, behind: int,
) -> int:  # fmt: skip
    """Take a place and return how many stretches there are then; BEYOND, and nothing is done, without a calendar."""
    if behind >= 0:
        since = line[behind, END]
        if start > since and start >= unknown_from(floor, resource):
            return BEYOND
        if not between(floor.clocks, stretch_at(floor, resource, since), since, start):
            line[behind, END] = max(since, end)
            line[behind, LAST] = operation
            return count
    for place in range(count, behind + 1, -1):
        for column in range(5):
            line[place, column] = line[place - 1, column]
    line[behind + 1, START], line[behind + 1, END] = start, end
    line[behind + 1, FIRST] = line[behind + 1, LAST] = operation
    line[behind + 1, RESERVED] = setup
    return count + 1


@compiled
def occupy(
    floor: Floor, resource: int, line: Numbers, count: int, places: Numbers, done: int
) -> tuple[int, int]:
    """Put what has its place already, in order of time; return how many stretches there are and how many are put."""
    for one in range(done, len(places)):
        start, end, setup = places[one, 2], places[one, 3], places[one, 4]
        more = put(floor, resource, line, count, places[one, 0], start, end, setup, count - 1)
        if more == BEYOND:
            return count, one
        count = more
    return count, len(places)


@compiled
def prioritise(routing: Routing, kept: Kept, order: Numbers, priority: Numbers, room: Numbers) -> None:
    """Give what keeps its order, and all it waits for, the priority of the first resource it leads to.

    `order` has the kept operations by priority, `priority` is that of the resources.
    """
    for number in order:
        own = priority[kept.on[number]]
        kept.priority[number] = own
        room[0], left = number, 1
        while left:
            left -= 1
            each = room[left]
            for place in range(routing.before_first[each], routing.before_first[each + 1]):
                before = routing.before[place]
                if kept.priority[before] == FAR:
                    on = kept.on[before]
                    kept.priority[before] = priority[on] if on >= 0 else own
                    room[left] = before
                    left += 1


@compiled
def put_row(
    floor: Floor, resource: int, line: Numbers, count: int,
    operations: Numbers, ready: Numbers, after: int, done: int, places: Numbers,
) -> tuple[int, int, int]:  # fmt: skip
    """Put operations behind each other, from number `done` on; return how many stretches and places there are then.

    Third, how it ended: BARRED or BEYOND at the first one left, else NOWHERE. A place has the columns of
    a `passes.Fit`.
    """
    for one in range(done, len(operations)):
        moment = max(ready[one], after)
        start, end, setup, behind = pause(floor, resource, line, count, operations[one], moment, False)
        if behind < NOWHERE:
            return count, one, behind
        more = put(floor, resource, line, count, operations[one], start, end, setup, behind)
        if more == BEYOND:
            return count, one, BEYOND
        count, after = more, end
        places[one, 0], places[one, 1], places[one, 6] = operations[one], resource, NOWHERE
        places[one, 2], places[one, 3], places[one, 4], places[one, 5] = start, end, setup, behind
    return count, len(operations), NOWHERE


@compiled
def earlier(heap: Numbers, one: int, other: int) -> bool:
    """Return whether one entry comes before another."""
    for column in range(4):
        if heap[one, column] != heap[other, column]:
            return bool(heap[one, column] < heap[other, column])
    return False


@compiled
def swap(heap: Numbers, one: int, other: int) -> None:
    """Let two entries change places."""
    for column in range(4):
        heap[one, column], heap[other, column] = heap[other, column], heap[one, column]


@compiled
def push(heap: Numbers, size: int, priority: int, ready: int, due: int, operation: int) -> int:
    """Queue an operation and return how many there are."""
    place = size
    heap[place, 0], heap[place, 1], heap[place, 2], heap[place, 3] = priority, ready, due, operation
    while place and earlier(heap, place, (place - 1) // 2):
        swap(heap, place, (place - 1) // 2)
        place = (place - 1) // 2
    return size + 1


@compiled
def pop(heap: Numbers, size: int) -> int:
    """Take the first operation out of the queue and return it."""
    operation = heap[0, 3]
    size -= 1
    swap(heap, 0, size)
    place = 0
    while True:
        least = place
        for child in (2 * place + 1, 2 * place + 2):
            if child < size and earlier(heap, child, least):
                least = child
        if least == place:
            return int(operation)
        swap(heap, place, least)
        place = least


@compiled
def offer(
    routing: Routing, kept: Kept, plan: Numbers, due: Numbers, ready: Numbers, heap: Numbers, size: int, number: int
) -> int:  # fmt: skip
    """Queue an operation that waits for nothing any more."""
    before = kept.before[number]
    if before >= 0 and plan[RESOURCE, before] == NOWHERE:
        return size
    if routing.waiting[number] or plan[RESOURCE, number] != NOWHERE:
        return size
    return push(heap, size, kept.priority[number], ready[number], due[number], number)


@compiled
def settle(
    routing: Routing, kept: Kept, plan: Numbers, due: Numbers, ready: Numbers, heap: Numbers, size: int,
    number: int, resource: int, start: int, end: int, setup: int, queue: bool,
) -> int:  # fmt: skip
    """Write down a place and offer what waited for it."""
    plan[RESOURCE, number], plan[STARTS, number] = resource, start
    plan[ENDS, number], plan[SETUP, number] = end, setup
    for place in range(routing.first[number], routing.first[number + 1]):
        later = routing.after[place]
        ready[later] = max(ready[later], end)
        routing.waiting[later] -= 1
        if queue:
            size = offer(routing, kept, plan, due, ready, heap, size, later)
    follower = kept.after[number]
    return size if follower < 0 else offer(routing, kept, plan, due, ready, heap, size, follower)


@compiled
def first_of(
    floor: Floor, routing: Routing, kept: Kept, lines: Lines, plan: Numbers, number: int, ready: int
) -> tuple[int, int, int, int, int]:
    """Return the resource and the place of an operation that starts first, then ends first; for a kept one its own."""
    resource = kept.on[number]
    if resource >= 0:
        before = kept.before[number]
        after = plan[ENDS, before] if before >= 0 and plan[RESOURCE, before] != NOWHERE else 0
        line, count = lines.stretches[lines.first[resource] :], lines.counts[resource]
        moment = max(ready, after)
        start, end, setup, behind = pause(floor, resource, line, count, number, moment, False)
        if behind == BARRED:
            start, end, setup, behind = pause(floor, resource, line, count, number, moment, True)
        return resource, start, end, setup, behind
    best = NOWHERE, FAR, FAR, 0, BARRED
    for place in range(routing.allowed_first[number], routing.allowed_first[number + 1]):
        resource = routing.allowed[place]
        line, count = lines.stretches[lines.first[resource] :], lines.counts[resource]
        start, end, setup, behind = pause(floor, resource, line, count, number, ready, False)
        if behind == BEYOND:
            return resource, start, end, setup, behind
        if behind != BARRED and (start < best[1] or (start == best[1] and end < best[2])):
            best = resource, start, end, setup, behind
    return best


@compiled
def begin_forward(
    floor: Floor, routing: Routing, kept: Kept, standing: Numbers, lines: Lines, due: Numbers, ready: Numbers,
    plan: Numbers, heap: Numbers, queue: Numbers,
) -> int:  # fmt: skip
    """Put what never moves, whose places are `standing`, by start, and queue what waits for nothing; how that ended."""
    size = 0
    for place in range(len(standing)):
        number, resource, setup = standing[place, 0], standing[place, 1], standing[place, 4]
        start, end = standing[place, 2], standing[place, 3]
        if floor.nominal[number]:
            line, count = lines.stretches[lines.first[resource] :], lines.counts[resource]
            count = put(floor, resource, line, count, number, start, end, setup, count - 1)
            if count == BEYOND:
                return int(resource)
            lines.counts[resource] = count
        size = settle(routing, kept, plan, due, ready, heap, size, number, resource, start, end, setup, False)
    for number in range(len(ready)):
        size = offer(routing, kept, plan, due, ready, heap, size, number)
    queue[QUEUED] = size
    return MORE


@compiled
def plan_forward(
    floor: Floor, routing: Routing, kept: Kept, lines: Lines, due: Numbers, ready: Numbers, plan: Numbers,
    heap: Numbers, barred: Numbers, queue: Numbers, most: int,
) -> int:  # fmt: skip
    """Place at most so many operations of the queue; return how that ended, MORE where some are left.

    Changes all arrays but the floor, so a second try, unlike the next slice, needs fresh ones.
    """
    size, out = queue[QUEUED], queue[OUT]
    while size:
        if not most:
            queue[QUEUED], queue[OUT] = size, out
            return MORE
        most -= 1
        number = pop(heap, size)
        size -= 1
        if plan[RESOURCE, number] != NOWHERE:
            continue
        if not floor.nominal[number]:
            resource, moment = routing.allowed[routing.allowed_first[number]], ready[number]
            size = settle(
                routing, kept, plan, due, ready, heap, size, number, resource, moment, moment, 0, True
            )
            continue
        resource, start, end, setup, behind = first_of(
            floor, routing, kept, lines, plan, number, ready[number]
        )
        if behind == BEYOND:
            return int(resource)
        if behind == BARRED:
            barred[out] = number
            out += 1
            continue
        line, count = lines.stretches[lines.first[resource] :], lines.counts[resource]
        lines.counts[resource] = put(floor, resource, line, count, number, start, end, setup, behind)
        size = settle(routing, kept, plan, due, ready, heap, size, number, resource, start, end, setup, True)
        still = 0
        for place in range(out):
            other = barred[place]
            if may_run(routing, other, resource):
                size = push(heap, size, kept.priority[other], ready[other], due[other], other)
            else:
                barred[still] = other
                still += 1
        out = still
    queue[QUEUED], queue[OUT] = size, out
    return STUCK if holds_up(routing, kept, plan, barred, out) else DONE


@compiled
def may_run(routing: Routing, number: int, resource: int) -> bool:
    """Return whether an operation may run on a resource."""
    for place in range(routing.allowed_first[number], routing.allowed_first[number + 1]):
        if routing.allowed[place] == resource:
            return True
    return False


@compiled
def holds_up(routing: Routing, kept: Kept, plan: Numbers, barred: Numbers, out: int) -> bool:
    """Return whether the order to keep alone keeps an operation from its place."""
    for number in range(len(kept.on)):
        if kept.before[number] >= 0 and not routing.waiting[number] and plan[RESOURCE, number] == NOWHERE:
            held = True
            for place in range(out):
                held = held and barred[place] != number
            if held:
                return True
    return False


@compiled
def unmake(floor: Floor, resource: int, moment: int, work: float) -> int:
    """Return the latest moment from which so much work is done by another, one that is written out."""
    clocks, first, last = floor.clocks, floor.clocks.first[resource], floor.last[resource]
    at = stretch_at(floor, resource, moment)
    opens, closes = clocks.stretches[at, OPENS], clocks.stretches[at, CLOSES]
    target = clocks.rates[at, MADE] - (closes - max(moment, opens)) * clocks.rates[at, RATE] - work
    if target < 0:
        more: int = math.ceil(-target - DUST)
        return int(clocks.stretches[first, OPENS]) - more
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if clocks.rates[middle, MADE] <= target + DUST:
            low = middle + 1
        else:
            high = middle
    over = math.ceil((clocks.rates[low, MADE] - target) / clocks.rates[low, RATE] - DUST)
    return int(min(moment, clocks.stretches[low, CLOSES] - over))


@compiled
def plan_backward(
    floor: Floor, routing: Routing, on: Numbers, complete: Numbers, order: Numbers, starts: Numbers, ends: Numbers
) -> int:  # fmt: skip
    """Work out latest starts and ends; return how that ended.

    `ends` comes as the due dates, FAR for none, `on` says on which resource each operation is reckoned and `complete`
    which calendars are written out as far as they ever are. `order` is room to work in.
    """
    count = 0
    for number in range(len(on)):
        if not routing.waiting[number]:
            order[count] = number
            count += 1
    for place in range(len(on)):
        if place == count:
            break
        for each in range(routing.first[order[place]], routing.first[order[place] + 1]):
            later = routing.after[each]
            routing.waiting[later] -= 1
            if not routing.waiting[later]:
                order[count] = later
                count += 1
    for place in range(count - 1, -1, -1):
        number = order[place]
        for each in range(routing.first[number], routing.first[number + 1]):
            ends[number] = min(ends[number], starts[routing.after[each]])
        if ends[number] == FAR:
            continue
        resource = on[number]
        work = floor.nominal[number] / floor.efficiency[resource]
        if ends[number] + 1 < unknown_from(floor, resource):
            starts[number] = unmake(floor, resource, ends[number], work)
        elif complete[resource]:
            starts[number] = ends[number] - math.ceil(work - DUST)
        else:
            return int(resource)
    return DONE


@compiled
def look_through(floor: Floor, order: Numbers, first: Numbers, plan: Numbers, told: Numbers) -> int:
    """Look through finished lines for setups nobody defined, forbidden ones and overlaps; return how that ended.

    `order` has the operations of resource r from `first[r]` to `first[r + 1]`. What is locked gets the shorter setup
    it may have now.
    """
    for resource in range(len(first) - 1):
        before, free = floor.left[resource], 0
        for place in range(first[resource], first[resource + 1]):
            number = order[place]
            setup = change(floor.changes, resource, before, floor.state[number])
            if floor.standing[number] != RUNNING:
                if setup == MISSING:
                    told[place] |= NO_SETUP
                if setup == FORBIDDEN:
                    told[place] |= BAD_SETUP
                setup = max(setup, 0)
                if floor.standing[number] == LOCKED and setup < plan[SETUP, number]:
                    at = stretch_at(floor, resource, plan[STARTS, number])
                    begin = max(plan[STARTS, number], floor.clocks.stretches[at, OPENS])
                    work = floor.nominal[number] / floor.efficiency[resource]
                    end, _ = finish(floor.clocks, at, begin, setup, work)
                    if end >= unknown_from(floor, resource):
                        return resource
                    plan[SETUP, number], plan[ENDS, number] = setup, end
            if plan[STARTS, number] < free:
                told[place] |= OCCUPIED
            free = max(free, plan[ENDS, number])
            before = floor.state[number]
    return DONE


@compiled
def work_through(floor: Floor, start: int, plan: Numbers, used: Numbers) -> int:
    """Add up by resource the working seconds of its operations from a moment on, without setup; how that ended."""
    for number in range(len(floor.nominal)):
        resource = plan[RESOURCE, number]
        if resource == NOWHERE or not floor.nominal[number]:
            continue
        end = plan[ENDS, number]
        if end + 1 >= unknown_from(floor, resource):
            return int(resource)
        at = stretch_at(floor, resource, plan[STARTS, number])
        begin = max(plan[STARTS, number], floor.clocks.stretches[at, OPENS])
        begin, at = finish(floor.clocks, at, begin, plan[SETUP, number], 0.0)
        begin = max(begin, start)
        used[resource] += between(floor.clocks, stretch_at(floor, resource, begin), begin, end)
    return DONE
