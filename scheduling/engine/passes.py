"""The scheduling passes: forward with finite capacity, backward with infinite capacity.

An operation occupies its resource from `start` to `end`; its setup comes first and, like the work, waits for the
operation's predecessors. Work may pause where the calendar does, never for another operation.
"""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduling.engine import placing
from scheduling.engine.arrays import floor_of, routing_of, written_clocks
from scheduling.engine.calendars import HOUR, Capacity, NoWorkingTimeError, ShiftCalendar, WorkClock
from scheduling.engine.placing import Floor, Routing
from scheduling.engine.problem import Operation, Problem, Status
from scheduling.engine.reading import ProblemError
from scheduling.engine.sentences import Sentence
from scheduling.engine.setups import Setup, Setups, Source

Chains = Mapping[int, Sequence[int]]
"""By resource, the operations that keep their order there."""

NOWHERE = -1
# Behind every due date: what an order without one, or an operation without a latest start, sorts by.
NEVER = 1 << 60
# So many operations the compiled forward pass places before it is asked whether anybody still waits.
SLICE = 5_000


class CancelledError(Exception):
    """Nobody waits for the plan any more."""


def nobody_cancels() -> None:
    """Heed nothing."""


class Shop:
    """A problem laid out for the passes: operations and resources are numbers here, in the problem's order.

    `heed` is called wherever much is done, at least four times in a second of work; it may raise CancelledError.
    """

    def __init__(self, problem: Problem, heed: Callable[[], None] = nobody_cancels) -> None:
        self.problem = problem
        self.heed = heed
        self.start = problem.start
        self.operations = list(problem.operations)
        self.lead: dict[int, int] = {}
        self.loaded: set[int] = set()
        self.overlap = problem.initial_step.overlap
        self.resources = problem.resources
        self.setups = Setups(problem)
        self._routing: Routing | None = None
        self.resource_number = {resource.id: number for number, resource in enumerate(problem.resources)}
        self.number = {operation.id: number for number, operation in enumerate(problem.operations)}
        self.order = {order.id: order for order in problem.orders}
        self.of_order: dict[str, list[int]] = {order.id: [] for order in problem.orders}
        for number, operation in enumerate(problem.operations):
            self.of_order[operation.order].append(number)
        clocks: dict[tuple[ShiftCalendar, Capacity], WorkClock] = {}
        for resource in problem.resources:
            shape = resource.calendar, resource.capacity
            if shape not in clocks:
                clocks[shape] = self._clock(resource.id, *shape)
        self.clocks = [clocks[resource.calendar, resource.capacity] for resource in problem.resources]
        heed()
        self.before: list[tuple[int, ...]] = [
            tuple(map(self.number.__getitem__, problem.routing[operation.id]))
            for operation in problem.operations
        ]
        self.after: list[list[int]] = [[] for _ in problem.operations]
        for number, before in enumerate(self.before):
            for earlier in before:
                self.after[earlier].append(number)
        heed()
        self._known: dict[tuple[str | None, tuple[str, ...], str], tuple[int, ...]] = {}
        self.allowed = [self._allowed(operation) for operation in problem.operations]
        self.secondary: list[tuple[int, ...]] = [
            tuple(map(self.resource_number.__getitem__, operation.secondary))
            for operation in problem.operations
        ]
        due = {order.id: NEVER if order.due is None else order.due for order in problem.orders}
        self.due = [due[operation.order] for operation in problem.operations]
        self.earliest = [
            self.start if operation.earliest is None else max(self.start, operation.earliest)
            for operation in problem.operations
        ]
        self.fixed = [number for number, operation in enumerate(problem.operations) if operation.fixed]
        if any(order.delivery_bound for order in problem.orders):
            self._bound_by_delivery()

    @cached_property
    def order_of(self) -> NDArray[np.int64]:
        """The number of each operation's order, in the problem's order."""
        place = {order: number for number, order in enumerate(self.of_order)}
        return _whole([place[operation.order] for operation in self.operations])

    @cached_property
    def floor(self) -> Floor | None:
        """What the compiled way needs to know of this shop; None where all goes the plain way."""
        return floor_of(self)

    @property
    def routing(self) -> Routing:
        """What waits for what and may run where, as it is now, for the compiled way; with counts of its own."""
        if self._routing is None:
            self._routing = routing_of(self)
        return self._routing._replace(waiting=self._routing.waiting.copy())

    def write_on(self, resource: int) -> None:
        """Let the compiled way know more of a resource's calendar; raises NoWorkingTimeError where there is no more."""
        assert self.floor is not None
        clock, floor = self.clocks[resource], self.floor
        if clock.count <= floor.last[resource] - floor.clocks.first[resource]:
            clock.write_on()
        clocks, last = written_clocks(self.clocks)
        self.floor = floor._replace(clocks=clocks, last=last)

    def _change(self, number: int, operation: Operation) -> None:
        self.operations[number] = operation
        if self.floor is not None:
            self.floor.nominal[number] = operation.hours * HOUR

    def _bound_by_delivery(self) -> None:
        """Keep the first operations of flagged orders back until their due date asks for them.

        Counted back from it by infinite capacity, each operation with the longest standard setup it may need.
        """
        starts, _ = backward(self, empty_plan(self), setups=True)
        for number, operation in enumerate(self.operations):
            self.heed()
            first = all(self.operations[each].order != operation.order for each in self.before[number])
            if first and self.order[operation.order].delivery_bound and starts[number] != NEVER:
                self.earliest[number] = max(self.earliest[number], starts[number])

    def release(self, number: int) -> None:
        """Let an operation of an earlier run go to any resource it is allowed on again."""
        self.allowed[number] = self._allowed(replace(self.operations[number], resource=None))
        self._routing = None

    def work(self, operation: int, resource: int) -> float:
        """The nominal seconds of an operation on a resource, by its efficiency."""
        return self.operations[operation].hours * HOUR / self.resources[resource].efficiency

    def released(self, fit: Fit, later: int) -> int:
        """When an operation may start behind one it waits for: at its end, or where orders may overlap, before.

        Within an order the next operation may start when the first piece is done, and so that it ends no earlier than
        its own last piece takes behind the end of the one before, on whatever resource it may run. Loads never overlap.
        """
        if not self.overlap or not self._may_overlap(fit.operation, later):
            return fit.end
        earlier, operation = self.operations[fit.operation], self.operations[later]
        clock = self.clocks[fit.resource]
        begin = clock.add(fit.start, fit.setup)
        first = clock.make(begin, self.work(fit.operation, fit.resource) / earlier.quantity)
        for resource in self.allowed[later]:
            work, own = self.work(later, resource), self.clocks[resource]
            last = own.make(fit.end, work / operation.quantity)
            first = max(first, own.unmake(last, work))
        return min(first, fit.end)

    def _may_overlap(self, earlier: int, later: int) -> bool:
        one, other = self.operations[earlier], self.operations[later]
        loads = {*self.lead, *self.lead.values()}
        pieces = min(one.quantity, other.quantity)
        return one.order == other.order and pieces > 1 and not {earlier, later} & loads

    def finish(self, operation: int, resource: int, begin: int) -> int:
        """When an operation that is set up would end."""
        return self.clocks[resource].make(begin, self.work(operation, resource))

    def beside(self, number: int) -> int:
        """The first secondary resource an operation may use, NOWHERE without any."""
        return self.secondary[number][0] if self.secondary[number] else NOWHERE

    def wait_together(self, members: Sequence[int]) -> None:
        """From here on none of these is ready before all are; none may wait for another of them."""
        awaited = tuple(dict.fromkeys(each for member in members for each in self.before[member]))
        earliest = max(self.earliest[member] for member in members)
        for member in members:
            for each in awaited:
                if each not in self.before[member]:
                    self.after[each].append(member)
            self.before[member], self.earliest[member] = awaited, earliest
        self._routing = None

    def run_as_one(self, members: Sequence[int]) -> None:
        """From here on the first stands for all in the passes: the others take no time and have its times in the end.

        What waits for one of them waits for the first, and the earliest due counts.
        """
        lead, *others = members
        self.loaded.update(members)
        self.wait_together(members)
        self.due[lead] = min(self.due[member] for member in members)
        for number in others:
            self.lead[number] = lead
            self._change(number, replace(self.operations[number], hours=0.0))
            for later in self.after[number]:
                waits = (lead if each == number else each for each in self.before[later])
                self.before[later] = tuple(dict.fromkeys(waits))
                if later not in self.after[lead]:
                    self.after[lead].append(later)
            self.after[number] = []
        self._routing = None

    def spread(self, plan: Plan) -> None:
        """Give all of a load the times of the one that stands for it, without a second setup."""
        for number, lead in self.lead.items():
            plan.resource[number], plan.setup[number] = plan.resource[lead], 0
            plan.start[number], plan.end[number] = plan.start[lead], plan.end[lead]
            plan.secondary[number] = NOWHERE

    def scale(self, order: str, factor: float) -> None:
        """From here on an order has so many times its quantity, with all that is in proportion to it."""
        for number in self.of_order[order]:
            operation = self.operations[number]
            volume, positions = operation.volume, operation.positions
            changed = replace(
                operation,
                quantity=operation.quantity * factor,
                hours=operation.hours * factor,
                volume=None if volume is None else volume * factor,
                positions=None if positions is None else positions * factor,
            )
            self._change(number, changed)

    def independent(self, members: Sequence[int]) -> bool:
        """Whether none of these waits for another, however far."""
        seen: set[int] = set()
        left = list(members)
        while left:
            for later in self.after[left.pop()]:
                if later in members:
                    return False
                if later not in seen:
                    seen.add(later)
                    left.append(later)
        return True

    def topological(self) -> list[int]:
        """The operations, each behind all it waits for."""
        waiting = [len(before) for before in self.before]
        ordered = [number for number, count in enumerate(waiting) if not count]
        for number in ordered:
            for later in self.after[number]:
                waiting[later] -= 1
                if not waiting[later]:
                    ordered.append(later)
        return ordered

    def _clock(self, name: str, calendar: ShiftCalendar, capacity: Capacity) -> WorkClock:
        try:
            return WorkClock(self.problem.plant, calendar, self.start, capacity)
        except NoWorkingTimeError:
            raise ProblemError("calendar", Sentence("never-works", resource=name)) from None

    def _allowed(self, operation: Operation) -> tuple[int, ...]:
        """The resource it is forced on, else those it names, else all of its work centre."""
        asked = operation.resource, operation.resources, operation.work_centre
        if asked not in self._known:
            self._known[asked] = self._resources_of(operation)
        return self._known[asked]

    def _resources_of(self, operation: Operation) -> tuple[int, ...]:
        if operation.resource is not None:
            return (self.resource_number[operation.resource],)
        if operation.resources:
            return tuple(dict.fromkeys(self.resource_number[name] for name in operation.resources))
        return tuple(
            number
            for number, resource in enumerate(self.resources)
            if resource.work_centre == operation.work_centre
        )


@dataclass(slots=True)
class Plan:
    """Where each operation stands; `resource` is NOWHERE for what could not be placed."""

    resource: list[int]
    start: list[int]
    end: list[int]
    setup: list[int]
    secondary: list[int]
    warnings: list[str]
    gave_way: list[str]

    def placed(self, operation: int) -> bool:
        """Whether an operation has a place."""
        return self.resource[operation] != NOWHERE

    def put(self, fit: Fit) -> None:
        """Write down a place."""
        number = fit.operation
        self.resource[number] = fit.resource
        self.start[number], self.end[number], self.setup[number] = fit.start, fit.end, fit.setup
        self.secondary[number] = fit.secondary

    def fit(self, operation: int) -> Fit:
        """Where an operation stands."""
        return Fit(
            operation, self.resource[operation], self.start[operation], self.end[operation], self.setup[operation], 0,
            self.secondary[operation],
        )  # fmt: skip

    def sequences(self, shop: Shop) -> list[list[int]]:
        """By resource, its operations in order. What takes no time occupies nothing and is left out."""
        found: list[list[int]] = [[] for _ in shop.resources]
        for number, resource in enumerate(self.resource):
            if resource != NOWHERE and shop.operations[number].hours:
                found[resource].append(number)
        for sequence in found:
            sequence.sort(key=lambda number: (self.start[number], self.end[number], number))
        return found


def empty_plan(shop: Shop) -> Plan:
    """A plan in which nothing has a place yet."""
    count = len(shop.operations)
    return Plan([NOWHERE] * count, [0] * count, [0] * count, [0] * count, [NOWHERE] * count, [], [])


class Fit(NamedTuple):
    """A place an operation could take: behind the stretch with this number."""

    operation: int
    resource: int
    start: int
    end: int
    setup: int
    behind: int
    secondary: int = NOWHERE


class Busy:
    """When the secondary resources (tools, fixtures, people) of a pass are taken, one set for all its timelines.

    They are asked to be free from an operation's start to its end, pauses of the calendar included.
    """

    def __init__(self) -> None:
        self._taken: dict[int, list[tuple[int, int]]] = {}

    def mark(self) -> dict[int, list[tuple[int, int]]]:
        """A memory of what is taken, for `back_to`."""
        return {resource: taken[:] for resource, taken in self._taken.items()}

    def back_to(self, mark: dict[int, list[tuple[int, int]]]) -> None:
        """Forget what was taken since."""
        self._taken = mark

    def take(self, fit: Fit) -> None:
        """Occupy the secondary resource of a place, if it has one."""
        if fit.secondary != NOWHERE:
            insort(self._taken.setdefault(fit.secondary, []), (fit.start, fit.end))

    def free(self, resource: int, start: int, end: int) -> int:
        """The start if the resource is free until the end, else when to try again."""
        blocking = [until for since, until in self._taken.get(resource, ()) if since < end and until > start]
        return max(blocking, default=start)


class Timeline:
    """What occupies one resource: stretches of operations without a pause between them, in order of time.

    Nothing that is placed moves. A later operation finds the first pause it fits into, with its own setup and
    without making the setup of the one behind it any longer.
    """

    def __init__(self, shop: Shop, resource: int, busy: Busy | None = None) -> None:
        self._shop = shop
        self._resource = resource
        self._busy = Busy() if busy is None else busy
        self._clock = shop.clocks[resource]
        self._state = shop.resources[resource].state
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._reserved: list[int] = []
        # By operation, the earliest start its setup was looked up for: whoever goes before it asks for the same.
        self._asked: dict[int, int] = {}

    def mark(self) -> tuple[list[int], ...]:
        """A memory of what is placed, for `back_to`."""
        return self._starts[:], self._ends[:], self._firsts[:], self._lasts[:], self._reserved[:]

    def back_to(self, mark: tuple[list[int], ...]) -> None:
        """Forget what was placed since."""
        self._starts, self._ends, self._firsts, self._lasts, self._reserved = mark

    def fit(
        self, operation: int, ready: int, after: int = 0, *, forced: bool = False, beside: int = NOWHERE
    ) -> Fit | None:
        """The first place at or after both moments; None when a forbidden transition bars each.

        `ready` is the operation's earliest start, by which its setup is looked up. `forced` takes a forbidden
        transition too. `beside` is the one secondary resource to take, where the operation may use it.
        """
        self._asked[operation] = ready
        fit = self._pause(operation, ready, max(ready, after), forced)
        options = self._shop.secondary[operation]
        if beside in options:
            options = (beside,)
        while fit is not None and options:
            at, _, chosen = min(
                (self._busy.free(each, fit.start, fit.end), place, each) for place, each in enumerate(options)
            )
            if at <= fit.start:
                return fit._replace(secondary=chosen)
            fit = self._pause(operation, ready, at, forced)
        return fit

    def _pause(self, operation: int, ready: int, moment: int, forced: bool) -> Fit | None:
        """The first pause from a moment on that holds the operation."""
        behind = bisect_right(self._starts, moment) - 1
        last = len(self._starts) - 1
        while True:
            begin = self._clock.opens(max(moment, self._ends[behind]) if behind >= 0 else moment)
            limit = self._starts[behind + 1] if behind < last else None
            if limit is None or begin < limit:
                setup = self.setup(operation, behind, ready)
                if setup.source is not Source.FORBIDDEN or forced:
                    end = self._shop.finish(operation, self._resource, self._clock.add(begin, setup.seconds))
                    if limit is None or (end <= limit and self._leaves_setup(operation, behind + 1)):
                        return Fit(operation, self._resource, begin, end, setup.seconds, behind)
            if limit is None:
                return None
            behind += 1

    def setup(self, operation: int, behind: int, ready: int) -> Setup:
        """The setup of an operation behind a stretch; behind none, after the resource's last known state."""
        before = self.key(behind)
        return self._shop.setups.between(before, self._shop.operations[operation], self._resource, ready)

    def key(self, behind: int) -> str | None:
        """The key a stretch leaves; behind none, the resource's last known state."""
        return self._state if behind < 0 else self._shop.operations[self._lasts[behind]].key

    def put(self, fit: Fit) -> None:
        """Take a place that `fit` found, nothing having been put since."""
        self._busy.take(fit)
        behind = fit.behind
        if behind >= 0 and not self._clock.between(self._ends[behind], fit.start):
            self._ends[behind] = max(self._ends[behind], fit.end)
            self._lasts[behind] = fit.operation
            return
        for column, value in (
            (self._starts, fit.start), (self._ends, fit.end), (self._firsts, fit.operation),
            (self._lasts, fit.operation), (self._reserved, fit.setup),
        ):  # fmt: skip
            column.insert(behind + 1, value)

    def row(self, operations: Sequence[int], ready: Sequence[int], after: int) -> list[Fit]:
        """Put operations behind each other, each at its first place, up to the first that a forbidden setup bars."""
        found: list[Fit] = []
        for operation, moment in zip(operations, ready, strict=True):
            fit = self.fit(operation, moment, after)
            if fit is None:
                break
            self.put(fit)
            found.append(fit)
            after = fit.end
        return found

    def occupy(self, fits: Iterable[Fit]) -> None:
        """Put what has its place already, whatever stands there, in order of time."""
        for fit in fits:
            self.put(fit._replace(behind=len(self._starts) - 1))

    def stretches(self) -> Iterable[tuple[int, int, int, int, int]]:
        """What is placed, in order of time: start, end, first and last operation, and the first one's setup."""
        return zip(self._starts, self._ends, self._firsts, self._lasts, self._reserved, strict=True)

    def idle(self, since: int, until: int) -> int:
        """The working seconds between two moments in which nothing is placed."""
        left = self._clock.between(since, until)
        number = max(bisect_right(self._starts, since) - 1, 0)
        while number < len(self._starts) and self._starts[number] < until:
            left -= self._clock.between(max(since, self._starts[number]), min(until, self._ends[number]))
            number += 1
        return left

    def _leaves_setup(self, operation: int, behind: int) -> bool:
        """Whether the stretch that would follow needs no longer setup than it has."""
        follower = self._firsts[behind]
        if self._shop.operations[follower].in_progress:
            return True
        ready = self._asked.get(follower, self._shop.earliest[follower])
        key = self._shop.operations[operation].key
        setup = self._shop.setups.between(key, self._shop.operations[follower], self._resource, ready)
        if setup.source is Source.FORBIDDEN:
            return False
        if self._shop.operations[follower].fixed:
            return setup.seconds <= self._reserved[behind]
        return setup.seconds == self._reserved[behind]


class QuickTimeline(Timeline):
    """The same over an array, by the compiled way: for a shop that has a floor, so without secondary resources."""

    def __init__(self, shop: Shop, resource: int) -> None:
        super().__init__(shop, resource)
        self._line = np.empty((8, placing.PLACE), dtype=np.int64)
        self._count = 0

    @property
    def _floor(self) -> Floor:
        assert self._shop.floor is not None
        return self._shop.floor

    def mark(self) -> tuple[list[int], ...]:
        """A memory of what is placed, for `back_to`."""
        return tuple(self._line[: self._count].T.tolist())

    def back_to(self, mark: tuple[list[int], ...]) -> None:
        """Forget what was placed since."""
        self._count = len(mark[0])
        self._line[: self._count] = np.array(mark, dtype=np.int64).T

    def fit(
        self, operation: int, ready: int, after: int = 0, *, forced: bool = False, beside: int = NOWHERE
    ) -> Fit | None:
        """The first place at or after both moments; None when a forbidden transition bars each."""
        shop, resource, moment = self._shop, self._resource, max(ready, after)
        while True:
            start, end, setup, behind = placing.pause(
                self._floor, resource, self._line, self._count, operation, moment, forced
            )
            if behind >= NOWHERE:
                return Fit(operation, resource, start, end, setup, behind)
            if behind == placing.BARRED:
                return None
            shop.write_on(resource)

    def put(self, fit: Fit) -> None:
        """Take a place that `fit` found, nothing having been put since."""
        self._make_room(1)
        place = fit.operation, fit.start, fit.end, fit.setup, fit.behind
        while True:
            count = placing.put(self._floor, self._resource, self._line, self._count, *place)
            if count != placing.BEYOND:
                self._count = count
                return
            self._shop.write_on(self._resource)

    def _make_room(self, more: int) -> None:
        """Let the array have room for so many more stretches."""
        if self._count + more > len(self._line):
            self._line = np.concatenate(
                [self._line, np.empty((len(self._line) + more, placing.PLACE), np.int64)]
            )

    def row(self, operations: Sequence[int], ready: Sequence[int], after: int) -> list[Fit]:
        """Put operations behind each other, each at its first place, up to the first that a forbidden setup bars."""
        self._make_room(len(operations))
        numbers, moments = _whole(operations), _whole(ready)
        places = np.empty((len(operations), len(Fit._fields)), dtype=np.int64)
        done = 0
        while True:
            self._count, done, ended = placing.put_row(
                self._floor,
                self._resource,
                self._line,
                self._count,
                numbers,
                moments,
                after,
                done,
                places,
            )
            if ended != placing.BEYOND:
                break
            self._shop.write_on(self._resource)
            after = max(after, int(places[done - 1, 3])) if done else after
        # What has all columns of a place is made one without counting them again.
        return [tuple.__new__(Fit, place) for place in places[:done].tolist()]

    def occupy(self, fits: Iterable[Fit]) -> None:
        """Put what has its place already, whatever stands there, in order of time."""
        places = _places(fits)
        self._make_room(len(places))
        done = 0
        while True:
            self._count, done = placing.occupy(
                self._floor, self._resource, self._line, self._count, places, done
            )
            if done == len(places):
                break
            self._shop.write_on(self._resource)

    def key(self, behind: int) -> str | None:
        """The key a stretch leaves; behind none, the resource's last known state."""
        if behind < 0:
            return self._state
        return self._shop.operations[int(self._line[behind, placing.LAST])].key

    def stretches(self) -> Iterable[tuple[int, int, int, int, int]]:
        """What is placed, in order of time: start, end, first and last operation, and the first one's setup."""
        return (tuple(row) for row in self._line[: self._count].tolist())

    def idle(self, since: int, until: int) -> int:
        """The working seconds between two moments in which nothing is placed."""
        starts = self._line[: self._count, placing.START]
        first = max(int(np.searchsorted(starts, since, side="right")) - 1, 0)
        last = int(np.searchsorted(starts, until, side="left"))
        left = self._clock.between(since, until)
        for start, end in self._line[first:last, : placing.FIRST].tolist():
            left -= self._clock.between(max(since, start), min(until, end))
        return left


def timelines(shop: Shop, busy: Busy) -> Sequence[Timeline]:
    """A timeline with nothing on it for each resource of a shop, all with the same secondary resources."""
    numbers = range(len(shop.resources))
    if shop.floor is not None:
        return [QuickTimeline(shop, number) for number in numbers]
    return [Timeline(shop, number, busy) for number in numbers]


def fixed_fits(shop: Shop) -> list[Fit]:
    """The places of what never moves, by start: locked operations, and those in progress, whose setup is done."""
    found: list[Fit] = []
    by_resource: dict[int, list[int]] = {}
    for number in shop.fixed:
        by_resource.setdefault(shop.allowed[number][0], []).append(number)
    for resource, numbers in by_resource.items():
        clock = shop.clocks[resource]
        state = shop.resources[resource].state
        for number in sorted(numbers, key=lambda each: (_fixed_start(shop, each), each)):
            shop.heed()
            operation, start = shop.operations[number], _fixed_start(shop, number)
            seconds = 0
            if not operation.in_progress and operation.hours:
                seconds = shop.setups.between(state, operation, resource, shop.earliest[number]).seconds
            try:
                end = shop.finish(number, resource, clock.add(start, seconds))
            except NoWorkingTimeError:
                raise never_fits(operation) from None
            if operation.in_progress:
                # It should be over by its times and is not: it ends no earlier than now.
                end = max(end, shop.start)
            found.append(Fit(number, resource, start, end, seconds, NOWHERE, shop.beside(number)))
            if operation.hours:
                state = operation.key
    return sorted(found, key=lambda fit: (fit.start, fit.operation))


def _fixed_start(shop: Shop, number: int) -> int:
    start = shop.operations[number].start
    return shop.start if start is None else start


def kept_chains(shop: Shop) -> dict[int, list[int]]:
    """What earlier runs and hands put in order (15 and 17), by resource, in the order of the old starts."""
    chains: dict[int, list[int]] = {}
    for number, operation in enumerate(shop.operations):
        if operation.status is not Status.ACTIVE and operation.kept and operation.hours:
            chains.setdefault(shop.allowed[number][0], []).append(number)
    for chain in chains.values():
        chain.sort(key=lambda number: (shop.operations[number].start or 0, number))
    return chains


def forward(shop: Shop, chains: Chains) -> Plan:
    """The forward finite plan: everything as early as its predecessors, resources and calendars let it.

    What never moves stands where it stands. Then the operations of the chains in their order, on the resource of
    the lowest sequencing priority first, with all they wait for; then the rest as it becomes ready, by due date
    where two are ready at once, on the resource where it starts first. A chain that contradicts a routing gives
    way with a warning; an operation that only forbidden transitions lead to is left out with one.
    """
    plan = _quick_forward(shop, chains)
    return _Forward(shop, chains).run() if plan is None else plan


def _quick_forward(shop: Shop, chains: Chains) -> Plan | None:
    """The same by the compiled way; None where only the plain way can tell."""
    count, busiest = len(shop.operations), len(shop.resources)
    standing = _places(fixed_fits(shop))
    while shop.floor is not None:
        routing = shop.routing
        kept = _kept(shop, routing, chains)
        most = np.bincount(routing.allowed, minlength=busiest)
        most += np.bincount(kept.on[kept.on >= 0], minlength=busiest)
        first = np.concatenate([[0], np.cumsum(most)])
        lines = placing.Lines(
            np.empty((first[-1] + 1, placing.PLACE), dtype=np.int64), first, np.zeros(busiest, dtype=np.int64)
        )
        columns = np.zeros((4, count), dtype=np.int64)
        columns[placing.RESOURCE] = NOWHERE
        # An operation is queued when it waits for no other, again when none of its line is before it, or once barred.
        heap, barred = np.empty((3 * count + 1, 4), dtype=np.int64), np.empty(3 * count + 1, dtype=np.int64)
        due, earliest, queue = _whole(shop.due), _whole(shop.earliest), np.zeros(2, dtype=np.int64)
        ended = placing.begin_forward(
            shop.floor, routing, kept, standing, lines, due, earliest, columns, heap, queue
        )
        while ended == placing.MORE:
            shop.heed()
            ended = placing.plan_forward(
                shop.floor, routing, kept, lines, due, earliest, columns, heap, barred, queue, SLICE
            )
        if ended == placing.STUCK:
            return None
        if ended == placing.DONE:
            plan = empty_plan(shop)
            plan.resource, plan.start, plan.end, plan.setup = columns.tolist()
            shop.spread(plan)
            _report(shop, plan, {*barred[: queue[placing.OUT]].tolist()})
            return plan
        with suppress(NoWorkingTimeError):
            shop.write_on(ended)
            continue
        return None
    return None


def _kept(shop: Shop, routing: Routing, chains: Chains) -> placing.Kept:
    """The order to keep, for the compiled way."""
    kept = placing.Kept(*np.full((4, len(shop.operations)), NOWHERE, dtype=np.int64))
    for resource, chain in chains.items():
        numbers = _whole(chain)
        kept.on[numbers] = resource
        kept.before[numbers[1:]] = numbers[:-1]
        kept.after[numbers[:-1]] = numbers[1:]
    kept.priority[:] = NEVER
    order = np.flatnonzero(kept.on >= 0)
    priority = _whole([resource.priority for resource in shop.resources])
    order = order[np.argsort(priority[kept.on[order]], kind="stable")]
    placing.prioritise(routing, kept, order, priority, np.empty(len(kept.on), dtype=np.int64))
    return kept


def _places(fits: Iterable[Fit]) -> NDArray[np.int64]:
    return _whole([fit[: placing.PLACE] for fit in fits]).reshape(-1, placing.PLACE)


def _whole(numbers: Sequence[object]) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)


class _Forward:
    def __init__(self, shop: Shop, chains: Chains) -> None:
        self._shop = shop
        self._plan = empty_plan(shop)
        busy = Busy()
        self._timelines = [Timeline(shop, number, busy) for number in range(len(shop.resources))]
        self._heap: list[tuple[int, int, int, int]] = []
        self._waiting = [len(before) for before in shop.before]
        self._ready = shop.earliest[:]
        self._on: dict[int, int] = {}
        self._chain_before: dict[int, int] = {}
        self._chain_after: dict[int, int] = {}
        for resource, chain in chains.items():
            self._on.update(dict.fromkeys(chain, resource))
            for earlier, later in itertools.pairwise(chain):
                self._chain_before[later] = earlier
                self._chain_after[earlier] = later
        self._first = _priorities(shop, self._on)
        self._barred: list[int] = []

    def run(self) -> Plan:
        for fit in fixed_fits(self._shop):
            if self._shop.operations[fit.operation].hours:
                self._timelines[fit.resource].occupy([fit])
            self._settle(fit, queue=False)
        for number in range(len(self._waiting)):
            self._offer(number)
        while self._heap or self._give_way():
            self._shop.heed()
            if self._heap:
                self._place(heapq.heappop(self._heap)[-1])
        self._shop.spread(self._plan)
        _report(self._shop, self._plan, {*self._barred})
        return self._plan

    def _place(self, number: int) -> None:
        shop, ready = self._shop, self._ready[number]
        if self._plan.placed(number):
            return
        resource = self._on.get(number)
        best: Fit | None = None
        try:
            if not shop.operations[number].hours:
                best = Fit(number, shop.allowed[number][0], ready, ready, 0, NOWHERE)
                self._settle(best)
                return
            if resource is not None:
                earlier = self._chain_before.get(number)
                after = self._plan.end[earlier] if earlier is not None and self._plan.placed(earlier) else 0
                timeline = self._timelines[resource]
                best = timeline.fit(number, ready, after) or timeline.fit(number, ready, after, forced=True)
            else:
                best = first_of(self._timelines[each].fit(number, ready) for each in shop.allowed[number])
        except NoWorkingTimeError:
            raise never_fits(shop.operations[number]) from None
        if best is None:
            self._barred.append(number)
            return
        self._timelines[best.resource].put(best)
        self._settle(best)
        again, self._barred = self._barred, []
        for other in again:
            if best.resource in shop.allowed[other]:
                self._push(other)
            else:
                self._barred.append(other)

    def _settle(self, fit: Fit, *, queue: bool = True) -> None:
        """Write down a place and offer what waited for it."""
        self._plan.put(fit)
        for later in self._shop.after[fit.operation]:
            self._ready[later] = max(self._ready[later], self._shop.released(fit, later))
            self._waiting[later] -= 1
            if queue:
                self._offer(later)
        follower = self._chain_after.get(fit.operation)
        if follower is not None:
            self._offer(follower)

    def _offer(self, number: int) -> None:
        """Queue an operation that waits for nothing any more."""
        earlier = self._chain_before.get(number)
        free = earlier is None or self._plan.placed(earlier)
        if free and not self._waiting[number] and not self._plan.placed(number):
            self._push(number)

    def _push(self, number: int) -> None:
        priority = self._first.get(number, NEVER)
        heapq.heappush(self._heap, (priority, self._ready[number], self._shop.due[number], number))

    def _give_way(self) -> bool:
        """When chains and routings wait for each other: free the first operation only its chain holds back."""
        held = [
            number
            for number in self._chain_before
            if not self._waiting[number] and not self._plan.placed(number) and number not in self._barred
        ]
        if not held:
            return False
        number = min(held, key=lambda each: (self._shop.resources[self._on[each]].priority, each))
        earlier = self._chain_before.pop(number)
        del self._chain_after[earlier]
        name, other = self._shop.operations[number].id, self._shop.operations[earlier].id
        resource = self._shop.resources[self._on[number]].id
        self._plan.gave_way.append(Sentence("gave-way", resource=resource, operation=name, earlier=other))
        self._push(number)
        return True


def _report(shop: Shop, plan: Plan, barred: Set[int]) -> None:
    """Say what was barred, what waits for it, and what never moves though its predecessor is late."""
    left_out = (number for number, resource in enumerate(plan.resource) if resource == NOWHERE)
    for number in sorted({*left_out, *shop.fixed, *barred}):
        shop.heed()
        operation = shop.operations[number]
        if number in barred:
            plan.warnings.append(Sentence("barred", operation=operation.id))
        elif not plan.placed(number):
            plan.warnings.append(Sentence("waits-in-vain", operation=operation.id))
        else:
            late = [each for each in shop.before[number] if plan.end[each] > plan.start[number]]
            for each in late:
                earlier = shop.operations[each].id
                plan.warnings.append(Sentence("too-early", operation=operation.id, earlier=earlier))


def _priorities(shop: Shop, on: Mapping[int, int]) -> dict[int, int]:
    """The sequencing priority of what keeps its order, and of all it waits for: the lowest resource's it leads to."""
    found: dict[int, int] = {}
    for number in sorted(on, key=lambda each: (shop.resources[on[each]].priority, each)):
        priority = shop.resources[on[number]].priority
        found[number] = priority
        left = [number]
        while left:
            for earlier in shop.before[left.pop()]:
                if earlier not in found:
                    found[earlier] = shop.resources[on[earlier]].priority if earlier in on else priority
                    left.append(earlier)
    return found


def first_of(fits: Iterable[Fit | None]) -> Fit | None:
    """The place that starts first, then ends first; of equal ones that of the resource named first."""
    return min((fit for fit in fits if fit is not None), key=lambda fit: (fit.start, fit.end), default=None)


def never_fits(operation: Operation) -> ProblemError:
    """The refusal of an operation no calendar has room for."""
    return ProblemError(
        "calendar",
        Sentence("never-fits", operation=operation.id, hours=f"{operation.hours:.10g}"),
    )


def backward(shop: Shop, plan: Plan, *, setups: bool = False) -> tuple[list[int], list[int]]:
    """Latest starts and latest ends by infinite capacity, back from the due dates; NEVER for none.

    Reckoned on the resource each operation has in the plan, else on its first; with setups, each counts the longest
    standard one.
    """
    if not setups and shop.floor is not None:
        return _quick_backward(shop, plan)
    starts, ends = [NEVER] * len(shop.operations), [NEVER] * len(shop.operations)
    for number in reversed(shop.topological()):
        shop.heed()
        ends[number] = min([shop.due[number], *(starts[later] for later in shop.after[number])])
        if ends[number] == NEVER:
            continue
        resource = plan.resource[number] if plan.placed(number) else shop.allowed[number][0]
        starts[number] = shop.clocks[resource].unmake(ends[number], shop.work(number, resource))
        if setups:
            standard = shop.operations[number].setup_standard, shop.resources[resource].setup_standard
            longest = max((each for each in standard if each is not None), default=0.0)
            starts[number] = shop.clocks[resource].unmake(starts[number], longest * HOUR)
    return starts, ends


def _quick_backward(shop: Shop, plan: Plan) -> tuple[list[int], list[int]]:
    """The same by the compiled way."""
    count = len(shop.operations)
    while shop.floor is not None:
        routing = shop.routing
        on = _whole(plan.resource)
        on = np.where(on == NOWHERE, routing.allowed[routing.allowed_first[:-1]], on)
        complete = _whole([clock.complete for clock in shop.clocks])
        ends, starts = _whole(shop.due), np.full(count, NEVER, dtype=np.int64)
        ended = placing.plan_backward(
            shop.floor, routing, on, complete, np.empty(count, dtype=np.int64), starts, ends
        )
        if ended == placing.DONE:
            break
        with suppress(NoWorkingTimeError):
            shop.write_on(ended)
    return starts.tolist(), ends.tolist()


def earliest_starts(shop: Shop, plan: Plan) -> list[int]:
    """Earliest starts by infinite capacity, without setups, on the resource each operation has in the plan."""
    starts, ends = [0] * len(shop.operations), [0] * len(shop.operations)
    for number in shop.topological():
        shop.heed()
        ready = max([shop.earliest[number], *(ends[earlier] for earlier in shop.before[number])])
        resource = plan.resource[number] if plan.placed(number) else shop.allowed[number][0]
        starts[number] = shop.clocks[resource].opens(ready) if shop.operations[number].hours else ready
        ends[number] = shop.finish(number, resource, starts[number])
    return starts


def true_setups(shop: Shop, plan: Plan) -> list[str]:
    """Give what never moves the setup it has behind its predecessor in the plan, and name missing pairs.

    An operation in a pause before a locked one may have made the locked one's setup shorter.
    """
    warnings: list[str] = []
    seen = _quick_look(shop, plan)
    for resource, noticed in enumerate(_look(shop, plan) if seen is None else seen):
        shop.heed()
        missing: dict[tuple[str, str], None] = {}
        for number, state, told in noticed:
            operation = shop.operations[number]
            if told & placing.NO_SETUP:
                missing["(not known)" if state is None else state, operation.key] = None
            if told & placing.BAD_SETUP:
                where = shop.resources[resource].id
                warnings.append(
                    Sentence("forbidden-kept", operation=operation.id, state=state, resource=where)
                )
            if told & placing.OCCUPIED:
                where = shop.resources[resource].id
                warnings.append(Sentence("occupied", operation=operation.id, resource=where))
        if missing:
            (before, key), count = next(iter(missing)), len(missing)
            where = shop.resources[resource].id
            warnings.append(Sentence("no-setup-time", resource=where, before=before, key=key, count=count))
    return warnings


Noticed = list[tuple[int, str | None, int]]
"""Operations of one resource with the key before them and what is to be told of them, in their order."""


def _look(shop: Shop, plan: Plan) -> Iterator[Noticed]:
    """Look through the finished lines, and let what is locked have the shorter setup it may have now."""
    for resource, sequence in enumerate(plan.sequences(shop)):
        noticed: Noticed = []
        state = shop.resources[resource].state
        clock = shop.clocks[resource]
        free = 0
        for number in sequence:
            shop.heed()
            operation, told = shop.operations[number], 0
            ready = ready_in(shop, plan, number)
            setup = shop.setups.between(
                state, operation, resource, shop.earliest[number] if operation.fixed else ready
            )
            if not operation.in_progress:
                told |= placing.NO_SETUP * (setup.source is Source.MISSING)
                told |= placing.BAD_SETUP * (setup.source is Source.FORBIDDEN)
                if operation.fixed and setup.seconds < plan.setup[number]:
                    plan.setup[number] = setup.seconds
                    begin = clock.add(plan.start[number], setup.seconds)
                    plan.end[number] = shop.finish(number, resource, begin)
            told |= placing.OCCUPIED * (plan.start[number] < free)
            if told:
                noticed.append((number, state, told))
            free = max(free, plan.end[number])
            state = operation.key
        yield noticed


def _quick_look(shop: Shop, plan: Plan) -> list[Noticed] | None:
    """The same by the compiled way; None where only the plain way can tell."""
    while shop.floor is not None:
        columns = _whole([plan.resource, plan.start, plan.end, plan.setup])
        on, starts, ends, _ = columns
        numbers = np.flatnonzero((on != NOWHERE) & (shop.floor.nominal != 0))
        order = numbers[np.lexsort((ends[numbers], starts[numbers], on[numbers]))]
        first = np.searchsorted(on[order], np.arange(len(shop.resources) + 1))
        told = np.zeros(len(order), dtype=np.int64)
        ended = placing.look_through(shop.floor, order, first, columns, told)
        if ended == placing.DONE:
            for number in shop.fixed:
                plan.setup[number], plan.end[number] = columns[[placing.SETUP, placing.ENDS], number].tolist()
            found: list[Noticed] = [[] for _ in shop.resources]
            for place in np.flatnonzero(told).tolist():
                number = int(order[place])
                resource = plan.resource[number]
                state = shop.resources[resource].state
                if place > first[resource]:
                    state = shop.operations[order[place - 1]].key
                found[resource].append((number, state, int(told[place])))
            return found
        with suppress(NoWorkingTimeError):
            shop.write_on(ended)
            continue
        return None
    return None


def worked(shop: Shop, plan: Plan) -> list[int]:
    """By resource, the working seconds of its operations from the schedule's start on, without setup."""
    while shop.floor is not None:
        used = np.zeros(len(shop.resources), dtype=np.int64)
        columns = _whole([plan.resource, plan.start, plan.end, plan.setup])
        ended = placing.work_through(shop.floor, shop.start, columns, used)
        if ended == placing.DONE:
            return used.tolist()
        shop.write_on(ended)
    found = [0] * len(shop.resources)
    for number, resource in enumerate(plan.resource):
        shop.heed()
        if resource != NOWHERE and shop.operations[number].hours:
            clock = shop.clocks[resource]
            begin = max(clock.add(plan.start[number], plan.setup[number]), shop.start)
            found[resource] += clock.between(begin, plan.end[number])
    return found


def ready_in(shop: Shop, plan: Plan, number: int) -> int:
    """The earliest start of an operation by a plan's predecessors."""
    return max(
        [shop.earliest[number], *(shop.released(plan.fit(each), number) for each in shop.before[number])]
    )


# Said of thousands of operations alike.
STANDS = {
    code: Sentence(code)
    for code in ("in-progress", "locked-behind", "locked", "by-hand", "by-earlier-run", "no-time", "forward")
}


def keeps_order(operation: Operation) -> Sentence:
    """Why an operation stands where it stands, for one no step placed."""
    if operation.in_progress:
        return STANDS["in-progress"]
    if operation.loose:
        return STANDS["locked-behind"]
    if operation.status is Status.LOCKED:
        return STANDS["locked"]
    if operation.status is Status.SEQUENCE_LOCKED:
        return STANDS["by-hand"]
    if operation.status is Status.SEQUENCED:
        return STANDS["by-earlier-run"]
    if not operation.hours:
        return STANDS["no-time"]
    return STANDS["forward"]
