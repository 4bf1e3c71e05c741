"""The oven steps: operations of equal grouping part run together as one load, with one start and one end.

A load starts when the last of its members is ready and takes as long as the longest. Oven repetition runs further loads
of the same key on the same oven before another key has its turn.
"""

from __future__ import annotations

from scheduling.engine.packing import fullest
from scheduling.engine.passes import Fit
from scheduling.engine.problem import Operation, Oven, StepType, seconds_of
from scheduling.engine.sentences import Sentence
from scheduling.engine.sequencing import DUST, Grouping


class OvenLoads(Grouping):
    """Loads, one after the other: closed when full, or when waiting would be too long or make a member late."""

    def _run_group(self, initiator: int) -> bool:
        start = self._first_place(initiator)
        if start is None or not self._load(initiator, start, self._until(initiator)):
            return False
        if self._step.type is StepType.OVEN_REPETITION:
            self._repeat(initiator, start.resource, self._until(initiator))
        return True

    def _repeat(self, initiator: int, resource: int, until: int) -> None:
        """Further loads of the same key on the same oven, as long as the grouping time has some."""
        again = True
        while again:
            waiting = self._waiting(self._group_part[initiator], resource, until)
            again = False
            for number in waiting[:1]:
                start = self._timelines[resource].fit(
                    number, self._ready(number) or 0, self._frontier[resource]
                )
                again = start is not None and self._load(number, start, until)

    def _waiting(self, part: str, resource: int, until: int) -> list[int]:
        """What could be loaded, by when it is ready."""
        ready = {
            number: self._ready(number)
            for number in self._buckets[part]
            if number in self._open
            and resource in self._usable[number]
            and self._start[number] <= until
            and self._size(number, resource) <= self._oven(resource).capacity + DUST
        }
        moments = {number: moment for number, moment in ready.items() if moment is not None}
        return sorted(moments, key=lambda number: (moments[number], self._start[number], number))

    def _load(self, initiator: int, start: Fit, until: int) -> bool:
        """Fill and place one load that holds the initiator."""
        resource = start.resource
        room = self._oven(resource).capacity
        if self._size(initiator, resource) > room + DUST:
            return False
        members, used, closed = (
            [initiator],
            self._size(initiator, resource),
            Sentence("nothing-else"),
        )
        fit: Fit | None = start
        left_out: list[int] = []
        for number in self._waiting(self._group_part[initiator], resource, until):
            self._shop.heed()
            if number == initiator:
                continue
            if used >= room - DUST:
                closed = Sentence("full")
                break
            size = self._size(number, resource)
            if used + size > room + DUST:
                left_out.append(number)
                closed = Sentence("none-fits")
                continue
            more = self._fit([*members, number], resource)
            why = self._too_late(members, start, fit, more, used / room)
            if more is None or why:
                closed = why or Sentence("bars-others")
                break
            members, used, fit = [*members, number], used + size, more
        members, fit = self._fuller(members, left_out, resource, fit)
        if fit is None:
            return False
        used = sum(self._size(number, resource) for number in members)
        self._put(members, fit, Sentence("full") if used >= room - DUST else closed, used / room)
        return True

    def _fuller(
        self, members: list[int], left_out: list[int], resource: int, fit: Fit | None
    ) -> tuple[list[int], Fit | None]:
        """The fullest load of what is ready by its start anyway; the initiator stays in it."""
        by_start = [number for number in left_out if fit and (self._ready(number) or 0) <= fit.start]
        others = [*members[1:], *by_start]
        room = self._oven(resource).capacity - self._size(members[0], resource)
        chosen = [others[each] for each in fullest([self._size(n, resource) for n in others], room)]
        if (
            sum(self._size(n, resource) for n in chosen)
            <= sum(self._size(n, resource) for n in members[1:]) + DUST
        ):
            return members, fit
        better = self._fit([members[0], *chosen], resource)
        if better is None or fit is None or better.end > fit.end:
            return members, fit
        return [members[0], *chosen], better

    def _too_late(
        self, members: list[int], start: Fit, fit: Fit | None, more: Fit | None, fill: float
    ) -> Sentence | None:
        """Why the load goes without waiting for one more; None when it waits."""
        if more is None or fit is None:
            return None
        step = self._step
        if step.max_wait_hours is not None:
            waited = self._shop.clocks[start.resource].between(start.start, more.start)
            if waited > seconds_of(step.max_wait_hours):
                return Sentence("would-wait", hours=step.max_wait_hours)
        if fill * 100 < step.min_fill_percent - DUST:
            return None
        for number in members:
            due = self._shop.order[self._shop.operations[number].order].due
            if due is not None and self._order_end(number, fit.end) <= due < self._order_end(
                number, more.end
            ):
                return Sentence("would-be-late", order=self._shop.operations[number].order)
        return None

    def _fit(self, members: list[int], resource: int) -> Fit | None:
        """Where a load could stand: its longest member stands for all."""
        ready = max(self._ready(number) or 0 for number in members)
        return self._timelines[resource].fit(self._lead(members), ready, self._frontier[resource])

    def _lead(self, members: list[int]) -> int:
        return max(members, key=lambda number: (self._shop.operations[number].hours, -number))

    def _put(self, members: list[int], fit: Fit, closed: Sentence, fill: float) -> None:
        self._groups += 1
        name, step = f"{self._step.id}-{self._groups}", self._step
        lead = fit.operation
        load = (lead, *(number for number in members if number != lead))
        self._timelines[fit.resource].put(fit)
        self._frontier[fit.resource] = fit.end
        oven = self._oven(fit.resource)
        said = Sentence(
            "rule-oven", step=step.id, load=name, part=self._group_part[lead].rstrip(), percent=round(fill * 100),
            capacity=oven.capacity, unit=Sentence(oven.unit), closed=closed,
        )  # fmt: skip
        for number in load:
            self._open.discard(number)
            own = fit if number == lead else Fit(number, fit.resource, fit.start, fit.end, 0, fit.behind)
            self._outcome.placed[number] = own
            self._outcome.group[number], self._outcome.rule[number] = name, said
        self._outcome.loads.append((name, load))
        if fill * 100 < step.min_fill_percent - DUST:
            told = Sentence(
                "below-fill", step=step.id, load=name, resource=self._shop.resources[fit.resource].id,
                percent=round(fill * 100), least=step.min_fill_percent, closed=closed,
            )  # fmt: skip
            self._outcome.warnings.append(told)

    def _oven(self, resource: int) -> Oven:
        oven = self._shop.resources[resource].oven
        return oven if oven is not None else NO_OVEN

    def _size(self, number: int, resource: int) -> float:
        return size_of(self._shop.operations[number], self._oven(resource))


# A resource outside the step's work centre need not be an oven; nothing fits into this one.
NO_OVEN = Oven("pieces", 0.0)


def size_of(operation: Operation, oven: Oven) -> float:
    """How much of an oven's capacity an operation takes."""
    return {
        "pieces": operation.quantity, "volume": operation.volume or 0.0, "positions": operation.positions or 0.0,
    }[oven.unit]  # fmt: skip
