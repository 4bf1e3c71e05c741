"""The Standard step: sequence groups of equal grouping parts, each run through on one resource.

The initiator is the unscheduled candidate with the earliest planned start. It chooses the resource, draws in its
like, and the group is put in order and placed behind what the step placed there before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scheduling.engine.calendars import HOUR, NoWorkingTimeError, hours
from scheduling.engine.passes import NEVER, Fit, Plan, Shop, Timeline, first_of, fixed_fits, never_fits
from scheduling.engine.problem import GapControl, OrderBy, Sort, Status, Step, seconds_of

# A centihour of a planner.
CENTIHOUR = HOUR // 100
# Sums of hours are compared with limits; less than this is rounding.
DUST = 1e-9

Unit = tuple[int, ...]
"""Operations that travel together: one, or those of one schedule number."""


@dataclass(slots=True)
class Outcome:
    """What a step did: where it placed operations, in which group and by which rule, and what it could not do."""

    placed: dict[int, Fit] = field(default_factory=dict)
    group: dict[int, str] = field(default_factory=dict)
    rule: dict[int, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _No:
    """Why a unit is not placed now."""

    why: str
    gap: bool = False
    delay: bool = False


def candidates(shop: Shop, plan: Plan, step: Step, sequenced: Iterable[int], horizon_days: int) -> list[int]:
    """What a step may sequence, by planned start.

    Active operations with work to do, planned (or forced) on a resource of the step's work centre, ending before
    the schedule's start plus the horizon in production days, and not sequenced by an earlier step.
    """
    centre = {
        number for number, resource in enumerate(shop.resources) if resource.work_centre == step.work_centre
    }
    taken = set(sequenced)
    days = step.horizon_days if step.horizon_days is not None else horizon_days
    horizon = shop.problem.delay.add(shop.start, days * 24 * HOUR)
    found = [
        number
        for number, operation in enumerate(shop.operations)
        if operation.status is Status.ACTIVE
        and not operation.in_progress
        and operation.hours
        and plan.resource[number] in centre
        and plan.end[number] < horizon
        and number not in taken
    ]
    return sorted(found, key=lambda number: (plan.start[number], number))


def run_standard(
    shop: Shop, plan: Plan, step: Step, chains: dict[int, list[int]], found: Sequence[int], bounds: Bounds
) -> Outcome:
    """Place the candidates of a step group by group; what chains hold and what never moves stands in the way.

    Changes neither plan nor chains. What only forbidden transitions or waiting operations keep out is named in the
    warnings and left to the forward pass.
    """
    return _Standard(shop, plan, step, chains, found, bounds).run()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What sorting and breaking compare with: latest starts, and when each order ends in the reference plan."""

    latest_start: Sequence[int]
    reference_end: dict[str, int]


class _Standard:
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
        self._found = found
        self._open = set(found)
        self._frontier = [0] * len(shop.resources)
        self._timelines = [Timeline(shop, number) for number in range(len(shop.resources))]
        self._stand(chains)
        self._group_part = {number: step.group.of(shop.operations[number].key) for number in found}
        self._part = {
            number: step.sequence.of(shop.operations[number].key) if step.sequence else "" for number in found
        }
        self._buckets: dict[str, list[int]] = {}
        for number in found:
            self._buckets.setdefault(self._group_part[number], []).append(number)
        self._bucket_from = dict.fromkeys(self._buckets, 0)
        self._mates: dict[str, list[int]] = {}
        if step.same_schedule_number:
            for number in found:
                name = self._schedule_number(number)
                if name is not None:
                    self._mates.setdefault(name, []).append(number)
        centre = {n for n, resource in enumerate(shop.resources) if resource.work_centre == step.work_centre}
        self._usable = {
            number: tuple(each for each in shop.allowed[number] if each in centre)
            if step.common_resources_only
            else shop.allowed[number]
            for number in found
        }
        self._behind_candidate = _descendants(shop, found)
        self._ends: dict[int, int] = {}
        self._notes: dict[int, list[str]] = {}
        self._reported: set[tuple[int, str]] = set()
        self._outcome = Outcome()
        self._groups = 0

    def run(self) -> Outcome:
        shut: set[int] = set()
        position = 0
        while self._open:
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
                f"Step {self._step.id} could not sequence {self._shop.operations[number].id}: forbidden setup "
                "transitions or operations it waits for keep it out; it is planned forward."
            )
        return self._outcome

    def _next(self, position: int, shut: set[int]) -> int | None:
        """The open candidate with the earliest planned start that is not shut out just now."""
        for place in range(position, len(self._found)):
            number = self._found[place]
            if number in self._open and number not in shut:
                return number
        return None

    def _stand(self, chains: dict[int, list[int]]) -> None:
        """What is in the way: operations that never move, and those that keep their order, where the plan has them."""
        standing = [fit for fit in fixed_fits(self._shop) if self._shop.operations[fit.operation].hours]
        for resource, chain in chains.items():
            for number in chain:
                if self._plan.placed(number):
                    plan = self._plan
                    standing.append(
                        Fit(number, resource, plan.start[number], plan.end[number], plan.setup[number], 0)
                    )
        for fit in sorted(standing, key=lambda fit: (fit.start, fit.operation)):
            self._timelines[fit.resource].occupy(fit)

    def _schedule_number(self, number: int) -> str | None:
        return self._shop.order[self._shop.operations[number].order].schedule_number

    # When an operation may start.

    def _ready(self, number: int) -> int | None:
        """The earliest start by predecessors as they stand now; None while a candidate among them has no place."""
        ready = self._shop.earliest[number]
        for earlier in self._shop.before[number]:
            end = self._end(earlier)
            if end is None:
                return None
            ready = max(ready, end)
        return ready

    def _end(self, number: int) -> int | None:
        """When a predecessor ends: as placed, as planned, or later where a candidate before it moved."""
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

    # One group.

    def _run_group(self, initiator: int) -> bool:
        """Build, order and place one group; False when its initiator cannot be placed now."""
        ready = self._ready(initiator)
        if ready is None:
            return False
        start = first_of(
            self._timelines[each].fit(initiator, ready, self._frontier[each])
            for each in self._usable[initiator]
        )
        if start is None:
            return False
        units = self._collect(initiator, start)
        own = next(unit for unit in units if initiator in unit)
        self._groups += 1
        group = _Group(f"{self._step.id}-{self._groups}", start.resource, initiator, own)
        self._place(group, self._arrange(units))
        if (group.broken or not group.placed) and initiator in self._open:
            # The initiator is never sent back: it would begin the same group again.
            self._admit(group, own, force=True)
        if not group.placed:
            self._groups -= 1
        return bool(group.placed)

    def _collect(self, initiator: int, start: Fit) -> list[Unit]:
        """The members: equal grouping part, allowed on the resource, in the grouping time, up to the limits."""
        step, plan, shop = self._step, self._plan, self._shop
        until = NEVER
        if step.max_group_hours is not None:
            length = seconds_of(step.max_group_hours)
            until = plan.start[initiator] + length
            if step.respect_delay_calendar:
                until = shop.problem.delay.add(plan.start[initiator], length)
        own = self._unit_of(initiator, start.resource)
        units, taken, nominal = [own], set(own), self._nominal(own)
        part = self._group_part[initiator]
        bucket, at = self._buckets[part], self._bucket_from[part]
        while at < len(bucket) and bucket[at] not in self._open:
            at += 1
        self._bucket_from[part] = at
        for position in range(at, len(bucket)):
            number = bucket[position]
            if number not in self._open or number in taken or start.resource not in self._usable[number]:
                continue
            if plan.start[number] > until:
                break
            unit = self._unit_of(number, start.resource)
            total = nominal + self._nominal(unit)
            passed = self._passed(start, total)
            if passed:
                self._note(unit, f"not in the group of {shop.operations[initiator].id}: {passed}")
                break
            units.append(unit)
            taken.update(unit)
            nominal = total
        return units

    def _nominal(self, unit: Unit) -> float:
        return sum(self._shop.operations[number].hours for number in unit)

    def _passed(self, start: Fit, nominal: float) -> str:
        """The limit of the group that so many hours would pass; a sum right at the limit passes none."""
        step = self._step
        if step.max_operation_hours is not None and nominal > step.max_operation_hours + DUST:
            return f"{nominal:g} h would pass the maximum operation time of {step.max_operation_hours:g} h"
        if step.max_resource_hours is not None:
            clock = self._shop.clocks[start.resource]
            work = nominal * HOUR / self._shop.resources[start.resource].efficiency
            taken = hours(clock.between(start.start, clock.make(start.start, work)))
            if taken > step.max_resource_hours + DUST:
                return f"{taken:g} h would pass the maximum resource time of {step.max_resource_hours:g} h"
        return ""

    def _unit_of(self, number: int, resource: int) -> Unit:
        """The operation with its mates of the same schedule number; a mate that cannot come along is reported."""
        name = self._schedule_number(number) if self._step.same_schedule_number else None
        if name is None:
            return (number,)
        unit = []
        for mate in self._mates[name]:
            if mate not in self._open:
                continue
            if self._group_part[mate] != self._group_part[number]:
                self._report(mate, f"has the schedule number {name} but another grouping part of its key")
            elif resource not in self._usable[mate]:
                self._report(
                    mate,
                    f"has the schedule number {name} but may not run on {self._shop.resources[resource].id}",
                )
            else:
                unit.append(mate)
        return tuple(unit)

    def _report(self, number: int, sentence: str) -> None:
        if (number, sentence) not in self._reported:
            self._reported.add((number, sentence))
            self._outcome.warnings.append(
                f"Step {self._step.id}: {self._shop.operations[number].id} {sentence}; it is not grouped with it."
            )

    def _arrange(self, units: Sequence[Unit]) -> deque[Unit]:
        """The units in the order the step asks for; one of several operations stands where its first one does."""
        unit_of = {number: unit for unit in units for number in unit}
        start, latest, part = self._plan.start, self._bounds.latest_start, self._part
        if self._step.order_by is OrderBy.GROUP:
            by_start = sorted(unit_of, key=lambda n: (start[n], n))
            first: dict[str, int] = {}
            for number in by_start:
                first.setdefault(part[number], len(first))
            ordered = sorted(by_start, key=lambda n: first[part[n]])
        elif self._step.sort is Sort.PLANNED_START:
            ordered = sorted(unit_of, key=lambda n: (part[n], start[n], n))
        elif self._step.sort is Sort.LATEST_START:
            ordered = sorted(unit_of, key=lambda n: (part[n], latest[n], n))
        else:
            ordered = sorted(unit_of, key=lambda n: (part[n], n))
        rank = {number: position for position, number in enumerate(ordered)}
        whole = dict.fromkeys(unit_of[number] for number in ordered)
        return deque(tuple(sorted(unit, key=rank.__getitem__)) for unit in whole)

    def _place(self, group: _Group, waiting: deque[Unit]) -> None:
        """Place unit after unit; one that has to wait is tried again after each other one."""
        postponed: list[Unit] = []
        why: dict[Unit, _No] = {}
        while waiting:
            unit = waiting.popleft()
            refusal = self._admit(group, unit)
            if refusal is None:
                refusal = self._retry(group, postponed, why)
                if refusal is None:
                    continue
                unit = next(each for each in postponed if why[each] is refusal)
                postponed.remove(unit)
            if refusal.delay:
                group.broken = True
                self._send_back(group, [unit, *postponed, *waiting], refusal.why)
                return
            if refusal.gap and self._step.gap_control is GapControl.NEW_GROUP:
                self._send_back(group, [unit, *postponed, *waiting], refusal.why)
                return
            if refusal.gap and self._step.gap_control is GapControl.REMOVE:
                self._send_back(group, [unit], refusal.why)
                continue
            why[unit] = refusal
            postponed.append(unit)
        for unit in postponed:
            self._send_back(group, [unit], why[unit].why)

    def _retry(self, group: _Group, postponed: list[Unit], why: dict[Unit, _No]) -> _No | None:
        """Try what was postponed, from the first again after each success; the refusal that breaks the group."""
        again = True
        while again:
            again = False
            for unit in list(postponed):
                refusal = self._admit(group, unit)
                if refusal is None:
                    postponed.remove(unit)
                    again = True
                    break
                why[unit] = refusal
                if refusal.delay:
                    return refusal
        return None

    def _admit(self, group: _Group, unit: Unit, *, force: bool = False) -> _No | None:
        """Place a whole unit, or nothing of it and say why. Forced, only what cannot be is refused."""
        timeline = self._timelines[group.resource]
        single = len(unit) == 1
        mark = None if single else timeline.mark()
        known, frontier, done = len(self._ends), self._frontier[group.resource], len(group.placed)
        left = list(unit)
        refusal: _No | None = None
        while left and refusal is None:
            number = next((each for each in left if self._ready(each) is not None), left[0])
            fit, refusal = self._try(group, number, force=force)
            if fit is None:
                break
            left.remove(number)
            timeline.put(fit)
            self._open.discard(number)
            self._outcome.placed[number] = fit
            self._frontier[group.resource] = fit.end
            group.placed.append(number)
        if refusal is None:
            for number in unit:
                self._explain(group, number)
            return None
        if mark is not None:
            timeline.back_to(mark)
        self._frontier[group.resource] = frontier
        for number in group.placed[done:]:
            del self._outcome.placed[number]
            self._open.add(number)
        del group.placed[done:]
        while len(self._ends) > known:
            self._ends.popitem()
        return refusal

    def _try(self, group: _Group, number: int, *, force: bool) -> tuple[Fit | None, _No | None]:
        """Where an operation would come next, or why it may not."""
        ready = self._ready(number)
        if ready is None:
            return None, _No("it waits for an operation that has no place yet")
        timeline, last = self._timelines[group.resource], self._frontier[group.resource]
        fit = timeline.fit(number, ready, last)
        if fit is None:
            return None, _No("its setup transition is forbidden")
        first_unit = force or not group.placed or (group.placed[0] in group.own and number in group.own)
        if not first_unit and self._step.gap_control is not GapControl.ACCEPT:
            gap = timeline.idle(last, fit.start)
            if gap > self._step.max_gap_centihours * CENTIHOUR:
                most = self._step.max_gap_centihours / 100
                return None, _No(f"its gap of {hours(gap):g} h is above {most:g} h", gap=True)
        if self._step.break_if_delay and number not in group.own and self._delays(number, fit.end):
            order = self._shop.operations[number].order
            return None, _No(f"order {order} would be late, and later than planned forward", delay=True)
        return fit, None

    def _delays(self, number: int, end: int) -> bool:
        """Whether ending then makes the order later than it is due and later than in the reference plan."""
        operation = self._shop.operations[number]
        due = self._shop.order[operation.order].due
        if due is None:
            return False
        over = self._order_end(number, end)
        return over > due and over > self._bounds.reference_end[operation.order]

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

    def _send_back(self, group: _Group, units: Iterable[Unit], why: str) -> None:
        for unit in units:
            self._note(unit, f"sent back from group {group.name}: {why}")

    def _note(self, unit: Unit, sentence: str) -> None:
        for number in unit:
            notes = self._notes.setdefault(number, [])
            if sentence not in notes:
                notes.append(sentence)

    def _explain(self, group: _Group, number: int) -> None:
        """Write down the rule that placed an operation, with what happened to it before."""
        step, shop = self._step, self._shop
        part = self._group_part[number].rstrip()
        if number == group.initiator:
            said = f"opens the group: earliest planned start, {shop.resources[group.resource].id} free first"
        elif number in group.own or self._shares_number(number):
            said = f"grouping part {part!r}, with its schedule number {self._schedule_number(number)}"
        else:
            said = f"grouping part {part!r} as {shop.operations[group.initiator].id}"
        how = f"sorted ({step.sort})" if step.order_by is OrderBy.SORT else "grouped by sequencing part"
        notes = "".join(f"; {note}" for note in self._notes.get(number, ()))
        self._outcome.group[number] = group.name
        self._outcome.rule[number] = f"Step {step.id}, group {group.name}: {said}; {how}{notes}."

    def _shares_number(self, number: int) -> bool:
        name = self._schedule_number(number)
        return name is not None and len(self._mates.get(name, ())) > 1


@dataclass(slots=True)
class _Group:
    """A group while it is placed."""

    name: str
    resource: int
    initiator: int
    own: Unit
    placed: list[int] = field(default_factory=list)
    broken: bool = False


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
