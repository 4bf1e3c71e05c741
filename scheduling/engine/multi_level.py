"""The multi-level step: up to 20 levels over the key, each putting the groups of the level above in order.

A level groups (as first planned), sorts (by the key's characters) or minimises (least setup from group to group). The
operations a level can no longer tell apart run as planned.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scheduling.engine.calendars import HOUR
from scheduling.engine.minimise import Budget
from scheduling.engine.passes import NOWHERE, Fit
from scheduling.engine.problem import GapControl, LevelBy
from scheduling.engine.search import TourProblem
from scheduling.engine.search.tours import MOST_OPERATIONS
from scheduling.engine.sentences import Sentence
from scheduling.engine.sequencing import Grouping, Outcome
from scheduling.engine.setups import Source

# A centihour of a planner.
CENTIHOUR = HOUR // 100
# A forbidden transition in seconds of setup: dearer than any way round.
BARRED = 10**9
# Kicks of the search for each group to put in order where nobody gives a limit; a time limit alone allows more.
KICKS = 50
MOST_KICKS = 2000

Members = tuple[int, ...]


class MultiLevel(Grouping):
    """A block is what the grouping time holds from the initiator on, on the resource where that can start first."""

    def run_within(self, budget: Budget, share: float) -> Outcome:
        """Run the step; its searches take their share of what the budget has left."""
        self._budget = budget.part(share)
        outcome = self.run()
        budget.took(self._budget, share)
        return outcome

    def _run_group(self, initiator: int) -> bool:
        start = self._first_place(initiator)
        if start is None:
            return False
        until = self._until(initiator)
        waiting = [initiator] + [
            number
            for number in self._found
            if number != initiator
            and number in self._open
            and start.resource in self._usable[number]
            and self._start[number] <= until
        ]
        members = tuple(sorted(self._within_limits(waiting, start), key=self._planned))
        self._typical: dict[tuple[Members, int], Members] = {}
        ordered = self._level(start.resource, members, 0, self._timelines[start.resource].key(start.behind))
        return self._place(initiator, start, ordered)

    def _planned(self, number: int) -> tuple[int, int]:
        return self._start[number], number

    # The order.

    def _level(self, resource: int, members: Members, depth: int, before: str | None) -> Members:
        """Members in the order of a level and all below it, behind the key of what runs before them."""
        if depth == len(self._step.levels) or len(members) == 1:
            return members
        level = self._step.levels[depth]
        groups: dict[str, list[int]] = {}
        for number in members:
            groups.setdefault(level.part.of(self._shop.operations[number].key), []).append(number)
        parts = sorted(groups) if level.by is LevelBy.SORT else list(groups)
        ordered = [tuple(groups[part]) for part in parts]
        if level.by is LevelBy.MINIMISE and len(ordered) > 1:
            ordered = self._least_setup(resource, ordered, depth, before)
        found: list[int] = []
        for group in ordered:
            found += self._level(resource, group, depth + 1, before)
            before = self._shop.operations[found[-1]].key
        return tuple(found)

    def _least_setup(
        self, resource: int, groups: list[Members], depth: int, before: str | None
    ) -> list[Members]:
        """The groups in the order of least setup between the last of one and the first of the next."""
        if len(groups) >= MOST_OPERATIONS:
            self._outcome.warnings.append(
                Sentence(
                    "many-groups",
                    step=self._step.id,
                    level=depth + 1,
                    count=len(groups),
                    most=MOST_OPERATIONS - 1,
                )
            )
            return groups
        inside = [self._inside(resource, group, depth + 1) for group in groups]
        costs = np.zeros((len(groups) + 1, len(groups) + 1), dtype=np.int64)
        for column, after in enumerate(inside, 1):
            if self._budget.over():
                return groups
            costs[0, column] = self._setup(before, after[0], resource)
            for row, group in enumerate(inside, 1):
                if row != column:
                    key = self._shop.operations[group[-1]].key
                    costs[row, column] = self._setup(key, after[0], resource)
        # By the operations put in order of all that are open, on each level that searches.
        searching = sum(level.by is LevelBy.MINIMISE for level in self._step.levels)
        part = sum(map(len, groups)) / (len(self._open) * searching)
        count = len(groups)
        found = self._budget.search(
            TourProblem(costs), min(part, 1.0), KICKS * count, enough=MOST_KICKS * count
        )
        ring = [int(each) for each in found.sequence]
        begin = ring.index(0)
        return [groups[each - 1] for each in ring[begin + 1 :] + ring[:begin]]

    def _inside(self, resource: int, members: Members, depth: int) -> Members:
        """The order of a group whatever runs before it; its first and last tell what it costs beside others."""
        known = self._typical.get((members, depth))
        if known is None:
            known = self._level(resource, members, depth, None)
            self._typical[members, depth] = known
        return known

    def _setup(self, before: str | None, number: int, resource: int) -> int:
        operation = self._shop.operations[number]
        setup = self._shop.setups.between(before, operation, resource, self._plan.start[number])
        return BARRED if setup.source is Source.FORBIDDEN else setup.seconds

    # The places.

    def _place(self, initiator: int, start: Fit, ordered: Members) -> bool:
        """Place the block in its order; what cannot come yet is tried again after each placement."""
        left, part = list(ordered), None
        self._beside = NOWHERE
        while left:
            fit = self._choose(start.resource, left, first=part is None)
            if fit is None:
                break
            number, moved = fit.operation, fit.operation != left[0]
            left.remove(number)
            if (
                part is not None
                and self._step.gap_control is GapControl.REMOVE
                and self._gap(fit) > self._most_gap
            ):
                continue
            if self._group_part[number] != part:
                self._groups += 1
                self._beside = NOWHERE
            part = self._group_part[number]
            self._timelines[start.resource].put(fit)
            self._stay_beside(fit)
            self._open.discard(number)
            self._outcome.placed[number] = fit
            self._frontier[start.resource] = fit.end
            self._explain(initiator, fit, moved=moved)
        return part is not None

    def _choose(self, resource: int, left: Sequence[int], *, first: bool) -> Fit | None:
        """The next of the order that can come; with gap control P one that leaves too large a gap has its gap added
        to its setup, so that another goes first where that is cheaper."""
        best: tuple[int, Fit] | None = None
        for number in left:
            self._shop.heed()
            ready = self._ready(number)
            if ready is None:
                continue
            fit = self._timelines[resource].fit(number, ready, self._frontier[resource], beside=self._beside)
            if fit is None:
                continue
            if first or self._step.gap_control is not GapControl.POSTPONE:
                return fit
            gap = self._gap(fit)
            if best is None and gap <= self._most_gap:
                return fit
            cost = fit.setup + (gap if gap > self._most_gap else 0)
            if best is None or cost < best[0]:
                best = cost, fit
        return None if best is None else best[1]

    @property
    def _most_gap(self) -> float:
        return self._step.max_gap_centihours * CENTIHOUR

    def _gap(self, fit: Fit) -> int:
        return self._timelines[fit.resource].idle(self._frontier[fit.resource], fit.start)

    def _explain(self, initiator: int, fit: Fit, *, moved: bool) -> None:
        """Write down the rule; operations of equal first level that run behind each other are a group."""
        step, operation = self._step, self._shop.operations[fit.operation]
        name = f"{step.id}-{self._groups}"
        levels = [
            Sentence(f"level-{level.by}", part=level.part.of(operation.key).rstrip()) for level in step.levels
        ]
        notes = []
        if fit.operation == initiator:
            notes.append(Sentence("opens-block", resource=self._shop.resources[fit.resource].id))
        if moved:
            notes.append(Sentence("before-others"))
        more = {"notes": notes} if notes else {}
        code = "rule-levels-noted" if notes else "rule-levels"
        self._outcome.group[fit.operation] = name
        self._outcome.rule[fit.operation] = Sentence(code, step=step.id, group=name, levels=levels, **more)
