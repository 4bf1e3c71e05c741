"""The Standard step: sequence groups of equal grouping parts, each run through on one resource.

The initiator is the unscheduled candidate with the earliest planned start. It chooses the resource, draws in its
like, and the group is put in order and placed behind what the step placed there before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scheduling.engine.calendars import HOUR, hours
from scheduling.engine.passes import NOWHERE, Fit, Plan, Shop
from scheduling.engine.problem import GapControl, OrderBy, Step
from scheduling.engine.sentences import Sentence
from scheduling.engine.sequencing import Bounds, Grouping

# A centihour of a planner.
CENTIHOUR = HOUR // 100

Unit = tuple[int, ...]
"""Operations that travel together: one, or those of one schedule number."""


@dataclass(frozen=True, slots=True)
class _No:
    """Why a unit is not placed now."""

    why: Sentence
    gap: bool = False
    delay: bool = False


class Standard(Grouping):
    """Groups of equal grouping parts: collected, put in order, placed unit after unit."""

    def __init__(
        self,
        shop: Shop,
        plan: Plan,
        step: Step,
        chains: dict[int, list[int]],
        found: Sequence[int],
        bounds: Bounds,
    ) -> None:
        super().__init__(shop, plan, step, chains, found, bounds)
        self._bucket_from = dict.fromkeys(self._buckets, 0)
        self._bucket_starts = {
            part: [self._start[number] for number in bucket] for part, bucket in self._buckets.items()
        }
        self._mates: dict[str, list[int]] = {}
        if step.same_schedule_number:
            for number in found:
                name = self._schedule_number(number)
                if name is not None:
                    self._mates.setdefault(name, []).append(number)
        sorted_ = step.order_by is OrderBy.SORT
        self._how = Sentence(f"sorted-{step.sort}" if sorted_ else "brought-together")
        self._notes: dict[int, list[Sentence]] = {}
        self._reported: set[Sentence] = set()

    def _schedule_number(self, number: int) -> str | None:
        return self._shop.order[self._shop.operations[number].order].schedule_number

    def _run_group(self, initiator: int) -> bool:
        start = self._first_place(initiator)
        if start is None:
            return False
        self._beside = NOWHERE
        units = self._collect(initiator, start)
        own = next(unit for unit in units if initiator in unit)
        self._groups += 1
        part = self._group_part[initiator].rstrip()
        name = f"{self._step.id}-{self._groups}"
        said = Sentence("part-as", part=part, operation=self._shop.operations[initiator].id)
        rule = Sentence("rule-standard", step=self._step.id, group=name, said=said, how=self._how)
        group = _Group(name, start.resource, initiator, own, rule)
        self._place(group, self._arrange(units))
        if (group.broken or not group.placed) and initiator in self._open:
            # The initiator is never sent back: it would begin the same group again.
            self._admit(group, own, force=True)
        if not group.placed:
            self._groups -= 1
        return bool(group.placed)

    def _collect(self, initiator: int, start: Fit) -> list[Unit]:
        """The members: equal grouping part, allowed on the resource, in the grouping time, up to the limits."""
        shop, until = self._shop, self._until(initiator)
        own = self._unit_of(initiator, start.resource)
        units, taken, nominal = [own], set(own), self._nominal(own)
        limited = (
            self._step.max_operation_hours is not None
            or self._most_resource_hours(start.resource) is not None
        )
        mates = self._step.same_schedule_number
        usable, resource, open_ = self._usable, start.resource, self._open
        part = self._group_part[initiator]
        bucket, at = self._buckets[part], self._bucket_from[part]
        while at < len(bucket) and bucket[at] not in self._open:
            at += 1
        self._bucket_from[part] = at
        behind = bisect_right(self._bucket_starts[part], until)
        for number in [each for each in bucket[at:behind] if each in open_ and resource in usable[each]]:
            if number in taken:
                continue
            if not limited and not mates:
                units.append((number,))
                continue
            shop.heed()
            unit = self._unit_of(number, start.resource) if mates else (number,)
            total = nominal + self._nominal(unit)
            passed = self._passed(start, total) if limited else None
            if passed:
                name = shop.operations[initiator].id
                self._note(unit, Sentence("not-in-group", operation=name, why=passed))
                break
            units.append(unit)
            taken.update(unit)
            nominal = total
        return units

    def _nominal(self, unit: Unit) -> float:
        if len(unit) == 1:
            return self._shop.operations[unit[0]].hours
        return sum(self._shop.operations[number].hours for number in unit)

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
                self._report(mate, "mate-of-other-part", schedule=name)
            elif resource not in self._usable[mate]:
                self._report(mate, "mate-may-not", schedule=name, resource=self._shop.resources[resource].id)
            else:
                unit.append(mate)
        return tuple(unit)

    def _report(self, number: int, code: str, **values: str) -> None:
        operation = self._shop.operations[number].id
        sentence = Sentence(code, step=self._step.id, operation=operation, **values)
        if sentence not in self._reported:
            self._reported.add(sentence)
            self._outcome.warnings.append(sentence)

    def _arrange(self, units: Sequence[Unit]) -> deque[Unit]:
        """The units in the order the step asks for; one of several operations stands where its first one does."""
        if not self._step.same_schedule_number:
            return deque((number,) for number in self._arranged([unit[0] for unit in units]))
        unit_of = {number: unit for unit in units for number in unit}
        ordered = self._arranged(unit_of)
        rank = {number: position for position, number in enumerate(ordered)}
        whole = dict.fromkeys(unit_of[number] for number in ordered)
        return deque(tuple(sorted(unit, key=rank.__getitem__)) for unit in whole)

    def _place(self, group: _Group, waiting: deque[Unit]) -> None:
        """Place unit after unit; one that has to wait is tried again after each other one."""
        self._place_row(group, waiting)
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

    def _place_row(self, group: _Group, waiting: deque[Unit]) -> None:
        """Place the first units at one go, as many as nothing but a forbidden setup could keep from their places."""
        step, initial, ready = self._step, self._shop.problem.initial_step, list[int]()
        watched = step.break_if_delay or initial.same_secondary_resource
        if watched or step.gap_control is not GapControl.ACCEPT:
            return
        for unit in waiting:
            moment = self._ready(unit[0]) if len(unit) == 1 else None
            if moment is None:
                break
            ready.append(moment)
        if not ready:
            return
        resource = group.resource
        row = [unit[0] for unit, _ in zip(waiting, ready, strict=False)]
        fits = self._timelines[resource].row(row, ready, self._frontier[resource])
        if not fits:
            return
        numbers = row[: len(fits)]
        self._open.difference_update(numbers)
        self._outcome.placed.update(zip(numbers, fits, strict=True))
        self._frontier[resource] = fits[-1].end
        group.placed += numbers
        for number in numbers:
            waiting.popleft()
            self._explain(group, number)

    def _take(self, group: _Group, fit: Fit) -> None:
        """Write down where an operation of the group has been put."""
        self._open.discard(fit.operation)
        self._outcome.placed[fit.operation] = fit
        self._frontier[group.resource] = fit.end
        group.placed.append(fit.operation)

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
        self._shop.heed()
        timeline = self._timelines[group.resource]
        single = len(unit) == 1
        mark = None if single else (timeline.mark(), self._busy.mark(), self._beside)
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
            self._stay_beside(fit)
            self._take(group, fit)
        if refusal is None:
            for number in unit:
                self._explain(group, number)
            return None
        if mark is not None:
            timeline.back_to(mark[0])
            self._busy.back_to(mark[1])
            self._beside = mark[2]
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
            return None, _No(Sentence("waits"))
        timeline, last = self._timelines[group.resource], self._frontier[group.resource]
        fit = timeline.fit(number, ready, last, beside=self._beside)
        if fit is None:
            return None, _No(Sentence("setup-forbidden"))
        first_unit = force or not group.placed or (group.placed[0] in group.own and number in group.own)
        if not first_unit and self._step.gap_control is not GapControl.ACCEPT:
            gap = timeline.idle(last, fit.start)
            if gap > self._step.max_gap_centihours * CENTIHOUR:
                most = self._step.max_gap_centihours / 100
                return None, _No(Sentence("gap-above", gap=hours(gap), most=most), gap=True)
        if self._step.break_if_delay and number not in group.own and self._delays(number, fit.end):
            order = self._shop.operations[number].order
            return None, _No(Sentence("would-delay", order=order), delay=True)
        return fit, None

    def _delays(self, number: int, end: int) -> bool:
        """Whether ending then makes the order later than it is due and later than in the reference plan."""
        operation = self._shop.operations[number]
        due = self._shop.order[operation.order].due
        if due is None:
            return False
        over = self._order_end(number, end)
        return over > due and over > self._bounds.reference_end[operation.order]

    def _send_back(self, group: _Group, units: Iterable[Unit], why: Sentence) -> None:
        for unit in units:
            self._note(unit, Sentence("sent-back", group=group.name, why=why))

    def _note(self, unit: Unit, sentence: Sentence) -> None:
        for number in unit:
            notes = self._notes.setdefault(number, [])
            if sentence not in notes:
                notes.append(sentence)

    def _explain(self, group: _Group, number: int) -> None:
        """Write down the rule that placed an operation, with what happened to it before."""
        self._outcome.group[number] = group.name
        if number != group.initiator and not self._mates and number not in self._notes:
            self._outcome.rule[number] = group.rule
            return
        if number == group.initiator:
            resource = self._shop.resources[group.resource].id
            said = Sentence("opens-group", resource=resource)
        elif number in group.own or self._shares_number(number):
            part = self._group_part[number].rstrip()
            said = Sentence("part-and-number", part=part, schedule=self._schedule_number(number))
        else:
            part, initiator = self._group_part[number].rstrip(), self._shop.operations[group.initiator].id
            said = Sentence("part-as", part=part, operation=initiator)
        placed = {"step": self._step.id, "group": group.name, "said": said, "how": self._how}
        notes = self._notes.get(number)
        self._outcome.rule[number] = (
            Sentence("rule-standard-noted", **placed, notes=notes)
            if notes
            else Sentence("rule-standard", **placed)
        )

    def _shares_number(self, number: int) -> bool:
        name = self._schedule_number(number)
        return name is not None and len(self._mates.get(name, ())) > 1


@dataclass(slots=True)
class _Group:
    """A group while it is placed; `rule` is what its members tell that nothing happened to."""

    name: str
    resource: int
    initiator: int
    own: Unit
    rule: Sentence
    placed: list[int] = field(default_factory=list)
    broken: bool = False
