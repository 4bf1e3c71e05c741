"""What the steps that place group after group have in common: candidates, what is in the way, when one is ready.

The initiator of a group is the candidate without a place that has the earliest start; it chooses the resource.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from scheduling.engine.calendars import HOUR, NoWorkingTimeError, hours
from scheduling.engine.passes import (
    NEVER,
    NOWHERE,
    Busy,
    Fit,
    Plan,
    Shop,
    earliest_starts,
    first_of,
    fixed_fits,
    never_fits,
    timelines,
)  # fmt: skip
from scheduling.engine.problem import OrderBy, Sort, SortBy, StartControl, Status, Step, seconds_of
from scheduling.engine.sentences import Sentence

# Sums of hours are compared with limits; less than this is rounding.
DUST = 1e-9


@dataclass(frozen=True, slots=True)
class Change:
    """The quantity of an order before and after."""

    order: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch. `stock` is the part of the surplus no parent could take."""

    id: str
    resource: str
    size: float
    surplus: float
    components: tuple[Change, ...]
    parents: tuple[Change, ...]
    stock: float


class Searched(NamedTuple):
    """What one search of a step found and what is proven about it.

    `hours` are setup + lambda x weighted tardiness + gaps too large; no order of these operations has less than
    `bound_hours`, so none is better by more than `gap_percent`. Both are null where nothing is proven. The note says
    why more was not tried.
    """

    step: int
    operations: int
    hours: float
    bound_hours: float | None
    gap_percent: float | None
    moves: int
    note: Sentence | None = None


@dataclass(slots=True)
class Outcome:
    """What a step did: where it placed operations, in which group and by which rule, and what it could not do.

    `together` are operations that start no earlier than the last of them is ready, in their order; `loads` run as
    one, with their names, the longest first.
    """

    placed: dict[int, Fit] = field(default_factory=dict)
    group: dict[int, str] = field(default_factory=dict)
    rule: dict[int, Sentence] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    together: list[tuple[int, ...]] = field(default_factory=list)
    loads: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    searches: list[Searched] = field(default_factory=list)


def candidates(shop: Shop, plan: Plan, step: Step, sequenced: Iterable[int], horizon_days: int) -> list[int]:
    """What a step may sequence, by planned start.

    Active operations (those of earlier runs too where the step re-optimises them) with work to do, planned (or
    forced) on a resource of the step's work centre, ending before the schedule's start plus the horizon in production
    days, and not sequenced by an earlier step.
    """
    centre = {
        number for number, resource in enumerate(shop.resources) if resource.work_centre == step.work_centre
    }
    taken = set(sequenced)
    days = step.horizon_days if step.horizon_days is not None else horizon_days
    horizon = shop.problem.delay.add(shop.start, days * 24 * HOUR)
    there = np.isin(plan.resource, [*centre]) & (np.array(plan.end, dtype=np.int64) < horizon)
    found = [
        number
        for number in np.flatnonzero(there).tolist()
        if (operation := shop.operations[number]).hours
        and (operation.status is Status.ACTIVE or (step.reoptimise and operation.status is Status.SEQUENCED))
        and not operation.in_progress
        and number not in taken
    ]
    return sorted(found, key=plan.start.__getitem__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a step compares with: latest starts and ends, and when orders and operations end in the reference plan."""

    latest_start: Sequence[int]
    latest_end: Sequence[int]
    reference_end: dict[str, int]
    operation_end: Sequence[int]


class Sequencing:
    """What one run of a step stands on: its candidates, where they may run, and what is in the way.

    Changes neither plan nor chains; what chains hold and what never moves stands in the way.
    """

    def __init__(
        self,
        shop: Shop,
        plan: Plan,
        step: Step,
        chains: dict[int, list[int]],
        found: Sequence[int],
        bounds: Bounds,
    ) -> None:
        self._shop, self._plan, self._step, self._bounds = shop, plan, step, bounds
        self._start = self._controlled()
        self._found = sorted(sorted(found), key=self._start.__getitem__)
        self._open = set(found)
        self._frontier = [0] * len(shop.resources)
        self._busy = Busy()
        self._timelines = timelines(shop, self._busy)
        # With "continue at the same secondary resource" the one the group took first that is being placed.
        self._beside = NOWHERE
        self._stand(chains)
        key = {number: shop.operations[number].key for number in found}
        keys = {*key.values()}
        group_part = {key: step.group.of(key) for key in keys}
        part = {key: step.sequence.of(key) if step.sequence else "" for key in keys}
        self._group_part = dict(zip(key, map(group_part.__getitem__, key.values()), strict=True))
        self._part = dict(zip(key, map(part.__getitem__, key.values()), strict=True))
        self._buckets: dict[str, list[int]] = {}
        for number in self._found:
            self._buckets.setdefault(self._group_part[number], []).append(number)
        self._centre = {
            number for number, each in enumerate(shop.resources) if each.work_centre == step.work_centre
        }
        self._usable = {
            number: tuple(each for each in shop.allowed[number] if each in self._centre)
            if step.common_resources_only
            else shop.allowed[number]
            for number in found
        }
        self._behind_candidate = _descendants(shop, found)
        self._ends: dict[int, int] = {}
        self._outcome = Outcome()
        self._groups = 0

    def _controlled(self) -> Sequence[int]:
        """The starts that choose initiators and count in the grouping time: planned, earliest or latest ones."""
        control = self._shop.problem.initial_step.start_control
        if control is StartControl.EARLIEST:
            return earliest_starts(self._shop, self._plan)
        return self._bounds.latest_start if control is StartControl.LATEST else self._plan.start

    def _stand(self, chains: dict[int, list[int]]) -> None:
        """What is in the way: operations that never move, and those that keep their order, where the plan has them."""
        standing = [fit for fit in fixed_fits(self._shop) if self._shop.operations[fit.operation].hours]
        plan = self._plan
        for chain in chains.values():
            standing += [plan.fit(number) for number in chain if plan.resource[number] != NOWHERE]
        by_resource: dict[int, list[Fit]] = {}
        for fit in sorted(standing, key=attrgetter("start", "operation")):
            by_resource.setdefault(fit.resource, []).append(fit)
        for resource, fits in by_resource.items():
            self._timelines[resource].occupy(fits)

    def _ready(self, number: int) -> int | None:
        """The earliest start by predecessors as they stand now; None while a candidate among them has no place."""
        ready = self._shop.earliest[number]
        for earlier in self._shop.before[number]:
            end = self._end(earlier)
            if end is None:
                return None
            ready = max(ready, self._released(earlier, number, end))
        return ready

    def _released(self, earlier: int, number: int, end: int) -> int:
        """When an operation may start behind another one; where that one's end is reckoned only, at its end."""
        if not self._shop.overlap:
            return end
        fit = self._outcome.placed.get(earlier)
        if fit is None and end == self._plan.end[earlier] and self._plan.placed(earlier):
            fit = self._plan.fit(earlier)
        return end if fit is None else self._shop.released(fit, number)

    def _end(self, number: int) -> int | None:
        """When a predecessor ends: as placed, as planned, or later where a candidate before it moved."""
        known = self._known_end(number)
        if known is not None and number not in self._open:
            return known
        left = [number]
        while left:
            # One after the other and not by recursion: a chain of components may be thousands long.
            earlier = self._shop.before[left[-1]] if self._known_end(left[-1]) is None else ()
            unknown = [each for each in earlier if self._known_end(each) is None]
            if left[-1] in self._open or any(each in self._open for each in unknown):
                return None
            if unknown:
                left += unknown
                continue
            last = left.pop()
            if self._known_end(last) is None:
                ready = max([self._shop.earliest[last], *(self._known_end(each) or 0 for each in earlier)])
                self._ends[last] = max(self._plan.end[last], self._run_through(last, ready))
        return self._known_end(number)

    def _known_end(self, number: int) -> int | None:
        """The end of an operation where nothing has to be worked out."""
        fit = self._outcome.placed.get(number)
        if fit is not None:
            return fit.end
        if number in self._behind_candidate and self._plan.placed(number):
            return self._ends.get(number)
        return None if number in self._open else self._plan.end[number]

    def _run_through(self, number: int, ready: int) -> int:
        """When an operation that no step places would end if its resource were free."""
        if not self._shop.operations[number].hours:
            return ready
        resource = self._plan.resource[number]
        return self._shop.finish(number, resource, self._shop.clocks[resource].opens(ready))

    def _first_place(self, number: int) -> Fit | None:
        """Where an operation can start first behind the step's groups; None while it waits or is barred."""
        ready = self._ready(number)
        if ready is None:
            return None
        timelines, frontier = self._timelines, self._frontier
        return first_of([timelines[each].fit(number, ready, frontier[each]) for each in self._usable[number]])

    def _until(self, initiator: int) -> int:
        """The end of the grouping time: the latest planned start that comes along."""
        step = self._step
        if step.max_group_hours is None:
            return NEVER
        start, length = self._start[initiator], seconds_of(step.max_group_hours)
        if start == NEVER:
            return NEVER
        if step.respect_delay_calendar:
            return self._shop.problem.delay.add(start, length)
        return start + length

    def _arranged(self, numbers: Iterable[int]) -> list[int]:
        """The operations in the order the step asks for; what nothing tells apart, as listed."""
        start, part = self._plan.start, self._part
        if self._step.order_by is OrderBy.GROUP:
            by_start = sorted(numbers, key=lambda n: (start[n], n))
            first: dict[str, int] = {}
            for number in by_start:
                first.setdefault(part[number], len(first))
            return sorted(by_start, key=lambda n: first[part[n]])
        by_part, *others = self._shop.problem.initial_step.sort_settings
        arranged = sorted(numbers)
        # A stable sort keeps what an earlier one did among equals: the least telling comes first.
        for setting in reversed(others):
            arranged.sort(key=partial(self._sorted_by, setting.by), reverse=setting.falling)
        if self._step.sort is not Sort.STANDARD:
            times = start if self._step.sort is Sort.PLANNED_START else self._bounds.latest_start
            arranged.sort(key=times.__getitem__)
        arranged.sort(key=part.__getitem__, reverse=by_part.falling)
        return arranged

    def _sorted_by(self, by: SortBy, number: int) -> float:
        """What a sort setting compares; an order without a due date is the latest."""
        operation = self._shop.operations[number]
        order = self._shop.order[operation.order]
        if by is SortBy.DUE:
            return NEVER if order.due is None else order.due
        if by is SortBy.WEIGHT:
            return order.weight
        return operation.quantity if by is SortBy.QUANTITY else operation.hours

    def _order_end(self, number: int, end: int) -> int:
        """When the order could end at best after this operation, its later ones waiting for no resource."""
        order, over = self._shop.operations[number].order, end
        ends = {number: end}
        left = deque([number])
        while left:
            each = left.popleft()
            for later in self._shop.after[each]:
                if self._shop.operations[later].order == order and self._plan.placed(later):
                    reached = self._run_through(later, ends[each])
                    if reached > ends.get(later, 0):
                        ends[later] = reached
                        left.append(later)
                        over = max(over, reached)
        return over

    def _stay_beside(self, fit: Fit) -> None:
        """Let the rest of a group continue at the secondary resource its first operation took, if asked."""
        if self._shop.problem.initial_step.same_secondary_resource and self._beside == NOWHERE:
            self._beside = fit.secondary

    def _within_limits(self, units: Iterable[int], start: Fit) -> list[int]:
        """As many of the operations as the group may have; the first always, up to the first that passes a limit."""
        members: list[int] = []
        nominal = 0.0
        for number in units:
            self._shop.heed()
            nominal += self._shop.operations[number].hours
            if members and self._passed(start, nominal):
                break
            members.append(number)
        return members

    def _place_together(self, name: str, resource: int, members: Sequence[int], said: Sentence) -> list[int]:
        """Place operations behind each other from when the last is ready; those a forbidden setup bars stay open."""
        ready = max(self._ready(number) or 0 for number in members)
        timeline, placed = self._timelines[resource], list[int]()
        self._beside = NOWHERE
        for number in members:
            self._shop.heed()
            fit = timeline.fit(number, ready, self._frontier[resource], beside=self._beside)
            if fit is None:
                continue
            timeline.put(fit)
            self._stay_beside(fit)
            self._open.discard(number)
            self._outcome.placed[number] = fit
            self._outcome.group[number], self._outcome.rule[number] = name, said
            self._frontier[resource] = fit.end
            placed.append(number)
        if len(placed) > 1:
            self._outcome.together.append(tuple(placed))
        return placed

    def _passed(self, start: Fit, nominal: float) -> Sentence | None:
        """The limit of the group that so many hours would pass; a sum right at the limit passes none."""
        step = self._step
        if step.max_operation_hours is not None and nominal > step.max_operation_hours + DUST:
            return Sentence("passes-operation-time", hours=nominal, most=step.max_operation_hours)
        most = self._most_resource_hours(start.resource)
        if most is not None:
            clock = self._shop.clocks[start.resource]
            work = nominal * HOUR / self._shop.resources[start.resource].efficiency
            taken = hours(clock.between(start.start, clock.make(start.start, work)))
            if taken > most + DUST:
                return Sentence("passes-resource-time", hours=taken, most=most)
        return None

    def _most_resource_hours(self, resource: int) -> float | None:
        """The step's maximum resource time or the resource's own for a group, whichever is less."""
        limits = (self._step.max_resource_hours, self._shop.resources[resource].group_maximum)
        return min((limit for limit in limits if limit is not None), default=None)


class Grouping(Sequencing, ABC):
    """A step that collects groups around initiators; its type says in `_run_group` how.

    What only forbidden transitions or waiting operations keep out is named in the warnings and left to the forward
    pass.
    """

    def run(self) -> Outcome:
        """Place group after group until no candidate is left that can be placed."""
        shut: set[int] = set()
        position = 0
        while self._open:
            self._shop.heed()
            while position < len(self._found) and self._found[position] not in self._open:
                position += 1
            initiator = self._next(position, shut)
            if initiator is None:
                break
            try:
                placed = self._run_group(initiator)
            except NoWorkingTimeError:
                raise never_fits(self._shop.operations[initiator]) from None
            if placed:
                shut.clear()
            else:
                shut.add(initiator)
        for number in sorted(self._open):
            self._outcome.warnings.append(
                Sentence("kept-out", step=self._step.id, operation=self._shop.operations[number].id)
            )
        return self._outcome

    @abstractmethod
    def _run_group(self, initiator: int) -> bool:
        """Build, order and place one group; False when its initiator cannot be placed now."""

    def _next(self, position: int, shut: set[int]) -> int | None:
        """The open candidate with the earliest planned start that is not shut out just now."""
        for place in range(position, len(self._found)):
            number = self._found[place]
            if number in self._open and number not in shut:
                return number
        return None


def _descendants(shop: Shop, numbers: Iterable[int]) -> set[int]:
    """Everything that waits for one of these, however far."""
    found: set[int] = set()
    left = list(numbers)
    while left:
        for later in shop.after[left.pop()]:
            if later not in found:
                found.add(later)
                left.append(later)
    return found
