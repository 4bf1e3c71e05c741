"""The scheduling passes: forward with finite capacity, backward with infinite capacity.

An operation occupies its resource from `start` to `end`; its setup comes first and, like the work, waits for the
operation's predecessors. Work may pause where the calendar does, never for another operation.
"""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from scheduling.engine.calendars import HOUR, Capacity, NoWorkingTimeError, ShiftCalendar, WorkClock
from scheduling.engine.problem import Operation, Problem, Status
from scheduling.engine.reading import ProblemError
from scheduling.engine.setups import Setup, Setups, Source

Chains = Mapping[int, Sequence[int]]
"""By resource, the operations that keep their order there."""

NOWHERE = -1
# Behind every due date: what an order without one, or an operation without a latest start, sorts by.
NEVER = 1 << 60


class Shop:
    """A problem laid out for the passes: operations and resources are numbers here, in the problem's order."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.start = problem.start
        self.operations = problem.operations
        self.resources = problem.resources
        self.setups = Setups(problem)
        self.resource_number = {resource.id: number for number, resource in enumerate(problem.resources)}
        self.number = {operation.id: number for number, operation in enumerate(problem.operations)}
        self.order = {order.id: order for order in problem.orders}
        clocks: dict[tuple[ShiftCalendar, Capacity], WorkClock] = {}
        for resource in problem.resources:
            shape = resource.calendar, resource.capacity
            if shape not in clocks:
                clocks[shape] = self._clock(resource.id, *shape)
        self.clocks = [clocks[resource.calendar, resource.capacity] for resource in problem.resources]
        self.before: list[tuple[int, ...]] = [
            tuple(self.number[name] for name in problem.routing[operation.id])
            for operation in problem.operations
        ]
        self.after: list[list[int]] = [[] for _ in problem.operations]
        for number, before in enumerate(self.before):
            for earlier in before:
                self.after[earlier].append(number)
        self.allowed = [self._allowed(operation) for operation in problem.operations]
        self.due = [
            NEVER if self.order[operation.order].due is None else self.order[operation.order].due or 0
            for operation in problem.operations
        ]
        self.earliest = [
            max(self.start, operation.earliest or self.start) for operation in problem.operations
        ]

    def work(self, operation: int, resource: int) -> float:
        """The nominal seconds of an operation on a resource, by its efficiency."""
        return self.operations[operation].hours * HOUR / self.resources[resource].efficiency

    def finish(self, operation: int, resource: int, begin: int) -> int:
        """When an operation that is set up would end."""
        return self.clocks[resource].make(begin, self.work(operation, resource))

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
            raise ProblemError("calendar", f"resource {name} never works; give it windows") from None

    def _allowed(self, operation: Operation) -> tuple[int, ...]:
        """The resource it is forced on, else those it names, else all of its work centre."""
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
    return Plan([NOWHERE] * count, [0] * count, [0] * count, [0] * count, [], [])


@dataclass(frozen=True, slots=True)
class Fit:
    """A place an operation could take: behind the stretch with this number."""

    operation: int
    resource: int
    start: int
    end: int
    setup: int
    behind: int


class Timeline:
    """What occupies one resource: stretches of operations without a pause between them, in order of time.

    Nothing that is placed moves. A later operation finds the first pause it fits into, with its own setup and
    without making the setup of the one behind it any longer.
    """

    def __init__(self, shop: Shop, resource: int) -> None:
        self._shop = shop
        self._resource = resource
        self._clock = shop.clocks[resource]
        self._state = shop.resources[resource].state
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._reserved: list[int] = []

    def mark(self) -> tuple[list[int], ...]:
        """A memory of what is placed, for `back_to`."""
        return self._starts[:], self._ends[:], self._firsts[:], self._lasts[:], self._reserved[:]

    def back_to(self, mark: tuple[list[int], ...]) -> None:
        """Forget what was placed since."""
        self._starts, self._ends, self._firsts, self._lasts, self._reserved = mark

    def fit(self, operation: int, ready: int, after: int = 0, *, forced: bool = False) -> Fit | None:
        """The first place at or after both moments; None when a forbidden transition bars each.

        `ready` is the operation's earliest start, by which its setup is looked up. `forced` takes a forbidden
        transition too.
        """
        moment = max(ready, after)
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
        before = self._state if behind < 0 else self._shop.operations[self._lasts[behind]].key
        return self._shop.setups.between(before, self._shop.operations[operation], self._resource, ready)

    def put(self, fit: Fit) -> None:
        """Take a place that `fit` found, nothing having been put since."""
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

    def occupy(self, fit: Fit) -> None:
        """Put what has its place already, whatever stands there; called in order of time."""
        self.put(replace(fit, behind=len(self._starts) - 1))

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
        ready = self._shop.earliest[follower]
        key = self._shop.operations[operation].key
        setup = self._shop.setups.between(key, self._shop.operations[follower], self._resource, ready)
        if setup.source is Source.FORBIDDEN:
            return False
        if self._shop.operations[follower].fixed:
            return setup.seconds <= self._reserved[behind]
        return setup.seconds == self._reserved[behind]


def fixed_fits(shop: Shop) -> list[Fit]:
    """The places of what never moves, by start: locked operations, and those in progress, whose setup is done."""
    found: list[Fit] = []
    by_resource: dict[int, list[int]] = {}
    for number, operation in enumerate(shop.operations):
        if operation.fixed:
            by_resource.setdefault(shop.allowed[number][0], []).append(number)
    for resource, numbers in by_resource.items():
        clock = shop.clocks[resource]
        state = shop.resources[resource].state
        for number in sorted(numbers, key=lambda each: (_fixed_start(shop, each), each)):
            operation, start = shop.operations[number], _fixed_start(shop, number)
            seconds = 0
            if not operation.in_progress and operation.hours:
                seconds = shop.setups.between(state, operation, resource, shop.earliest[number]).seconds
            end = shop.finish(number, resource, clock.add(start, seconds))
            if operation.in_progress:
                # It should be over by its times and is not: it ends no earlier than now.
                end = max(end, shop.start)
            found.append(Fit(number, resource, start, end, seconds, NOWHERE))
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
        if operation.kept and operation.hours:
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
    return _Forward(shop, chains).run()


class _Forward:
    def __init__(self, shop: Shop, chains: Chains) -> None:
        self._shop = shop
        self._plan = empty_plan(shop)
        self._timelines = [Timeline(shop, number) for number in range(len(shop.resources))]
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
                self._timelines[fit.resource].occupy(fit)
            self._settle(fit, queue=False)
        for number in range(len(self._waiting)):
            self._offer(number)
        while self._heap or self._give_way():
            if self._heap:
                self._place(heapq.heappop(self._heap)[-1])
        self._report()
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
            self._ready[later] = max(self._ready[later], fit.end)
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
        self._plan.gave_way.append(
            f"The order kept on {resource} gave way: {name} no longer waits for {other}, which its routing or a "
            "forbidden setup holds up."
        )
        self._push(number)
        return True

    def _report(self) -> None:
        """Say what was barred, what waits for it, and what never moves though its predecessor is late."""
        shop, plan = self._shop, self._plan
        for number, operation in enumerate(shop.operations):
            if number in self._barred:
                plan.warnings.append(
                    f"{operation.id} is left out: on each resource it may use only a forbidden setup leads to it."
                )
            elif not plan.placed(number):
                plan.warnings.append(
                    f"{operation.id} is left out: it waits for an operation that has no place."
                )
            elif operation.fixed:
                late = [each for each in shop.before[number] if plan.end[each] > plan.start[number]]
                for each in late:
                    plan.warnings.append(
                        f"{operation.id} does not move and starts before {shop.operations[each].id} ends, "
                        "which it waits for."
                    )


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
        f"{operation.id} needs {operation.hours:g} h, and its resource never works that long in 20 years",
    )


def backward(shop: Shop, plan: Plan) -> tuple[list[int], list[int]]:
    """Latest starts and latest ends by infinite capacity, back from the due dates, without setups; NEVER for none.

    Reckoned on the resource each operation has in the plan.
    """
    starts, ends = [NEVER] * len(shop.operations), [NEVER] * len(shop.operations)
    for number in reversed(shop.topological()):
        ends[number] = min([shop.due[number], *(starts[later] for later in shop.after[number])])
        if ends[number] == NEVER:
            continue
        resource = plan.resource[number] if plan.placed(number) else shop.allowed[number][0]
        starts[number] = shop.clocks[resource].unmake(ends[number], shop.work(number, resource))
    return starts, ends


def true_setups(shop: Shop, plan: Plan) -> list[str]:
    """Give what never moves the setup it has behind its predecessor in the plan, and name missing pairs.

    An operation in a pause before a locked one may have made the locked one's setup shorter.
    """
    warnings: list[str] = []
    for resource, sequence in enumerate(plan.sequences(shop)):
        state = shop.resources[resource].state
        missing: dict[tuple[str, str], None] = {}
        clock = shop.clocks[resource]
        free = 0
        for number in sequence:
            operation = shop.operations[number]
            ready = ready_in(shop, plan, number)
            setup = shop.setups.between(
                state, operation, resource, shop.earliest[number] if operation.fixed else ready
            )
            if not operation.in_progress:
                if setup.source is Source.MISSING:
                    missing["(not known)" if state is None else state, operation.key] = None
                if setup.source is Source.FORBIDDEN:
                    warnings.append(
                        f"{operation.id} follows the key {state!r} on {shop.resources[resource].id}, which the setup "
                        "matrix forbids; its order was kept."
                    )
                if operation.fixed and setup.seconds < plan.setup[number]:
                    plan.setup[number] = setup.seconds
                    begin = clock.add(plan.start[number], setup.seconds)
                    plan.end[number] = shop.finish(number, resource, begin)
            if plan.start[number] < free:
                warnings.append(
                    f"{operation.id} is locked where {shop.resources[resource].id} is still occupied."
                )
            free = max(free, plan.end[number])
            state = operation.key
        if missing:
            (before, key), count = next(iter(missing)), len(missing)
            warnings.append(
                f"{shop.resources[resource].id}: no setup time for {count} {'pair' if count == 1 else 'pairs'} of "
                f"keys, for example {before!r} to {key!r}; 0 h was counted. Add a matrix record or a standard time."
            )
    return warnings


def ready_in(shop: Shop, plan: Plan, number: int) -> int:
    """The earliest start of an operation by a plan's predecessors."""
    return max([shop.earliest[number], *(plan.end[earlier] for earlier in shop.before[number])])


def keeps_order(operation: Operation) -> str:
    """Why an operation stands where it stands, for one no step placed."""
    if operation.in_progress:
        return "In progress (50): never moves."
    if operation.status is Status.LOCKED:
        return "Locked (20): never moves."
    if operation.status is Status.SEQUENCE_LOCKED:
        return "Sequence locked by hand (17): keeps its resource and order, re-timed forward."
    if operation.status is Status.SEQUENCED:
        return "Sequenced by an earlier run (15): keeps its resource and order, re-timed forward."
    if not operation.hours:
        return "No operation time: stands at its earliest start and is not sequenced."
    return "Forward: as early as predecessors, resources and calendars allow."
