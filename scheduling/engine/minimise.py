"""The Minimise setup step: least setup + lambda x weighted tardiness + gaps that are too large, on all its resources.

A search over arrays finds the lines of the resources; what it found is placed operation by operation as every other
step places, so calendars, locked operations and predecessors count as they do everywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.arrays import States, clocks_of, likes
from scheduling.engine.calendars import HOUR, NoWorkingTimeError, hours
from scheduling.engine.passes import NOWHERE, CancelledError, never_fits, ready_in
from scheduling.engine.problem import GapControl
from scheduling.engine.reading import ProblemError
from scheduling.engine.search import exact
from scheduling.engine.search.lines import BARRED, SECOND, LinesProblem, Work, warm_up
from scheduling.engine.search.running import Found, Limits, Problem, search
from scheduling.engine.search.timing import FAR, FULL
from scheduling.engine.sentences import Sentence
from scheduling.engine.sequencing import Outcome, Searched, Sequencing

# A centihour of a planner.
CENTIHOUR = HOUR // 100
# Moves tried for each operation where nobody gives a limit, and at least so many in all.
MOVES_EACH = 200
LEAST_MOVES = 20_000
# Orders tried around secondary resources, each placed as it would run, and operations placed for them in all.
MOST_TRIALS = 300
MOST_PLACED = 20_000
# So many places later an operation is tried that waits for its secondary resource.
LATER = (1, 2, 4, 8)
# A search that has no time left gets so much of it, for its start.
LEAST_SECONDS = 0.01


Usable = Mapping[int, Sequence[int]]
"""By operation, the resources it may run on."""

Order = list[tuple[int, int]]
"""Operations with their resources, in the order they are placed."""


@dataclass
class Budget:
    """What the searches of a run may take: each stops at its first limit, without any after some moves.

    `ceiling` are seconds for a run that names neither seconds nor iterations; `cut` tells that they ran out.
    `progress` hears of each better sequence, `cancelled` is asked at least four times in a second of work, in a search
    twenty times a second. `spent` counts the moves tried.
    """

    seconds: float | None = None
    iterations: int | None = None
    seed: int = 0
    workers: int = 1
    progress: Callable[[Found], None] | None = None
    cancelled: Callable[[], bool] | None = None
    ceiling: float | None = None
    spent: int = field(default=0, init=False)
    cut: bool = field(default=False, init=False)

    def search(
        self, problem: Problem, share: float, moves: int, *, enough: int | None = None, prove: bool = False
    ) -> Found:
        """Search with a share of what is left, and take it off; without any limit so many moves.

        Under a time limit alone no more than `enough` moves, if that is given. `prove` what is small as well.
        """
        bare = self.seconds is None and self.iterations is None
        seconds = self.ceiling if bare else self.seconds
        iterations = moves if bare else enough
        if self.iterations is not None:
            iterations = int(share * self.iterations)
        if seconds is not None:
            seconds = max(share * seconds, LEAST_SECONDS)
            warm_up()
            prove = prove and exact.available()
        run = exact.search if prove else search
        found = run(
            problem, Limits(seconds, iterations, self.seed, self.workers), self.progress, self.cancelled
        )
        self.spent += found.iterations
        if bare:
            proven = found.objective == found.bound
            self.cut |= found.iterations < moves * self.workers and not proven and not self.over()
        self._take_off(found.seconds, iterations or 0)
        return found

    def part(self, share: float) -> Budget:
        """A budget of a share of what is left, for `took`."""
        return replace(
            self,
            seconds=None if self.seconds is None else share * self.seconds,
            iterations=None if self.iterations is None else int(share * self.iterations),
            ceiling=None if self.ceiling is None else share * self.ceiling,
        )

    def took(self, part: Budget, share: float) -> None:
        """Take off what a part of this share has used."""
        self.spent += part.spent
        self.cut |= part.cut
        pairs = (self.seconds, part.seconds), (self.ceiling, part.ceiling)
        used = [share * whole - left for whole, left in pairs if whole is not None and left is not None]
        moves = int(share * (self.iterations or 0)) - (part.iterations or 0)
        self._take_off(max([0.0, *used]), moves)

    def _take_off(self, seconds: float, iterations: int) -> None:
        if self.seconds is not None:
            self.seconds = max(self.seconds - seconds, LEAST_SECONDS)
        if self.ceiling is not None:
            self.ceiling = max(self.ceiling - seconds, LEAST_SECONDS)
        if self.iterations is not None:
            self.iterations -= iterations

    def over(self) -> bool:
        """Whether somebody cancelled the run."""
        return self.cancelled is not None and self.cancelled()

    def heed(self) -> None:
        """Raises CancelledError where somebody cancelled the run."""
        if self.over():
            raise CancelledError


class Minimise(Sequencing):
    """One run of the step. Gap control S and Y search again for what a gap kept out, as the next group."""

    def minimise(self, budget: Budget, share: float) -> Outcome:
        """Search with a share of what the budget has left, and place until every candidate that can be has a place."""
        stays = [number for number in self._found if not self._usable[number]]
        self._open.difference_update(stays)
        # What waits for a gap is searched again, each time with half of the time that is left.
        again = self._step.gap_control in (GapControl.REMOVE, GapControl.NEW_GROUP)
        self._lines: dict[int, list[tuple[int, int]]] = {}
        self._why: dict[int, dict[str, float]] = {}
        # By resource the group that runs there, and the secondary resource it took first.
        self._took: dict[int, tuple[tuple[int, str], int]] = {}
        # Of one placement: the gaps beyond what is allowed, and what waited for its secondary resource.
        self._gaps, self._held = 0, list[int]()
        round_, left = 0, len(self._open) + 1
        while self._open and len(self._open) < left:
            round_, left = round_ + 1, len(self._open)
            self._round(round_, budget, share / 2 if again else share)
        self._leave_out([*stays, *sorted(self._open)])
        self._name_groups(budget)
        self._warn_of_later()
        return self._outcome

    def _round(self, round_: int, budget: Budget, share: float) -> None:
        """Search the lines of all open candidates and place them; some stay open for the next round."""
        numbers = [number for number in self._found if number in self._open]
        with_tools = any(self._shop.secondary[number] for number in numbers)
        part = budget.part(share)
        order = self._searched(part, numbers, self._usable, 0.5 if with_tools else 1.0, told=not with_tools)
        if with_tools:
            order = self._around_tools(round_, part, numbers, order)
        budget.took(part, share)
        self._place(round_, order)

    def _searched(
        self, budget: Budget, numbers: Sequence[int], usable: Usable, share: float, *, told: bool = False
    ) -> Order:
        """The best lines found on these resources, as operations with their resources by when they would run."""
        problem = LinesProblem(self._work(numbers, usable), self._planned(numbers, usable))
        found = budget.search(problem, share, max(LEAST_MOVES, MOVES_EACH * len(numbers)), prove=told)
        times = problem.times(found.sequence)
        if told:
            self._outcome.searches.append(self._proven(problem, found, times))
        first = np.lexsort((times[:, 3], times[:, 0]))
        return [(numbers[one], int(times[one, 3])) for one in first if times[one, 3] >= 0]

    def _place(self, round_: int, order: Order) -> None:
        """Place operations on their resources in this order; those that wait for another, behind it."""
        waiting: Order = []
        begun: set[int] = set()
        ended: set[int] = set()
        for one in order:
            self._shop.heed()
            waiting.append(one)
            moved = True
            while moved:
                moved = False
                for entry in list(waiting):
                    if entry[1] in ended:
                        waiting.remove(entry)
                    elif self._ready(entry[0]) is not None:
                        waiting.remove(entry)
                        moved |= self._put(round_, *entry, begun, ended)

    # Secondary resources: the search knows nothing of them, so what it found is tried as it would be placed.

    def _around_tools(self, round_: int, budget: Budget, numbers: Sequence[int], first: Order) -> Order:
        """The best order found once operations wait for their secondary resources.

        Beside what was searched freely one in which what shares a secondary resource shares a resource; the better of
        them is improved by letting what waits for its secondary resource come later or go elsewhere.
        """
        begun, left = time.perf_counter(), budget.seconds
        tried = [first]
        bound = self._bound_by_tools(numbers)
        if bound is not None:
            tried.append(self._searched(budget, numbers, bound, 1.0))
        best, (cost, held) = min(
            ((order, self._attempt(round_, numbers, order)) for order in tried), key=lambda found: found[1][0]
        )
        trials = min(MOST_TRIALS, MOST_PLACED // len(numbers))
        found = True
        while found:
            found = False
            for order in self._otherwise(best, held):
                late = left is not None and time.perf_counter() - begun > left
                if not trials or late or budget.over():
                    return best
                trials -= 1
                other, waiting = self._attempt(round_, numbers, order)
                if other < cost:
                    best, cost, held, found = order, other, waiting, True
                    break
        return best

    def _bound_by_tools(self, numbers: Sequence[int]) -> Usable | None:
        """Where operations may run if those of one secondary resource share a resource; None where nothing changes."""
        shared: dict[int, list[int]] = {}
        for number in numbers:
            for tool in self._shop.secondary[number][:1]:
                shared.setdefault(tool, []).append(number)
        hours_of = {tool: sum(self._shop.operations[n].hours for n in each) for tool, each in shared.items()}
        load = dict.fromkeys(range(len(self._shop.resources)), 0.0)
        usable = dict(self._usable)
        for tool in sorted(shared, key=lambda each: (-hours_of[each], each)):
            common = set.intersection(*(set(usable[number]) for number in shared[tool]))
            if common:
                resource = min(common, key=lambda each: (load[each], each))
                load[resource] += hours_of[tool]
                usable |= dict.fromkeys(shared[tool], (resource,))
        return None if usable == self._usable else usable

    def _attempt(
        self, round_: int, numbers: Sequence[int], order: Order
    ) -> tuple[tuple[int, int, int, int], list[int]]:
        """What an order costs as placed, and what waits for its secondary resource. Nothing stays placed.

        Compared are what finds no place, what ends later than it may, the objective, and the ends of all.
        """
        timelines = [timeline.mark() for timeline in self._timelines]
        busy, frontier, open_ = self._busy.mark(), self._frontier[:], set(self._open)
        placed, ends, why = dict(self._outcome.placed), dict(self._ends), dict(self._why)
        took = dict(self._took)
        lines = {resource: line[:] for resource, line in self._lines.items()}
        self._gaps, self._held = 0, list[int]()
        self._place(round_, order)
        cost = self._cost(numbers)
        for timeline, mark in zip(self._timelines, timelines, strict=True):
            timeline.back_to(mark)
        self._busy.back_to(busy)
        self._frontier, self._open, self._lines, self._why = frontier, open_, lines, why
        self._took = took
        self._outcome.placed, self._ends = placed, ends
        return cost, self._held

    def _cost(self, numbers: Sequence[int]) -> tuple[int, int, int, int]:
        missing = later = length = 0
        objective = self._gaps * SECOND
        for number, weight in zip(numbers, self._weights(numbers).tolist(), strict=True):
            fit = self._outcome.placed.get(number)
            if fit is None:
                missing += 1
                continue
            later += self._step.never_later and fit.end > self._bounds.operation_end[number]
            objective += fit.setup * SECOND + weight * max(0, fit.end - self._bounds.latest_end[number])
            length += fit.end
        return missing, later, objective, length

    def _otherwise(self, order: Order, held: Sequence[int]) -> Iterable[Order]:
        """The order with one that waits elsewhere: on another resource, or behind some of those that follow."""
        place = {number: at for at, (number, _) in enumerate(order)}
        for number in held:
            at = place[number]
            rest = [*order[:at], *order[at + 1 :]]
            for resource in self._usable[number]:
                if resource != order[at][1]:
                    yield [*rest[:at], (number, resource), *rest[at:]]
            for later in LATER:
                if at + later <= len(rest):
                    yield [*rest[: at + later], order[at], *rest[at + later :]]

    def _proven(self, problem: LinesProblem, found: Found, times: NDArray[np.int64]) -> Searched:
        """What was found in hours, without the thousandth by which the search tells equal lines apart."""
        lengths, barred = problem.apart(times)
        value = found.objective - lengths - barred * BARRED
        # What stays out is no proof of anything.
        bound = 0 if barred else min(found.bound, value)
        proven = bound > 0 or (value == 0 and not barred)
        best = proven and value == bound
        return Searched(
            step=self._step.id,
            operations=len(times),
            hours=hours(round(value / SECOND)),
            bound_hours=hours(round(bound / SECOND)) if proven else None,
            gap_percent=round(100 * (value - bound) / max(bound, 1), 2) if proven else None,
            moves=found.iterations,
            note=Sentence("no-proof-tried") if not best and exact.missed(problem) else None,
        )

    def _put(self, round_: int, number: int, resource: int, begun: set[int], ended: set[int]) -> bool:
        """Place an operation behind the last one of its line, unless the gap control or a bar keeps it out."""
        timeline, last = self._timelines[resource], self._frontier[resource]
        ready, group = self._ready(number), (round_, self._group_part[number])
        running, took = self._took.get(resource, (group, NOWHERE))
        self._beside = took if running == group else NOWHERE
        try:
            fit = timeline.fit(number, ready or 0, last, beside=self._beside)
        except NoWorkingTimeError:
            raise never_fits(self._shop.operations[number]) from None
        if fit is None:
            return False
        if fit.secondary != NOWHERE and timeline.idle(max(last, ready or 0), fit.start):
            self._held.append(number)
        if resource in begun and self._step.gap_control is not GapControl.ACCEPT:
            gap = timeline.idle(last, fit.start)
            over = gap - self._step.max_gap_centihours * CENTIHOUR
            if over > 0 and self._step.gap_control is GapControl.POSTPONE:
                self._gaps += round(over)
            elif over > 0:
                most = self._step.max_gap_centihours / 100
                self._why[number] = {"gap": hours(gap), "most": most}
                if self._step.gap_control is GapControl.NEW_GROUP:
                    ended.add(resource)
                return False
        timeline.put(fit)
        self._stay_beside(fit)
        self._took[resource] = group, self._beside
        begun.add(resource)
        self._open.discard(number)
        self._outcome.placed[number] = fit
        self._frontier[resource] = fit.end
        self._lines.setdefault(resource, []).append((round_, number))
        return True

    def _leave_out(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._outcome.warnings.append(
                Sentence("kept-out-beside", step=self._step.id, operation=self._shop.operations[number].id)
            )

    def _name_groups(self, budget: Budget) -> None:
        """Each run of equal grouping parts on a resource is a group; each operation tells what it stands behind."""
        step, shop = self._step, self._shop
        count = 0
        elsewhere: list[str] = []
        for resource in sorted(self._lines):
            before: tuple[int, str] | None = None
            self._beside = NOWHERE
            for round_, number in self._lines[resource]:
                shop.heed()
                part = self._group_part[number]
                if (round_, part) != before:
                    count += 1
                    self._beside = NOWHERE
                fit = self._outcome.placed[number]
                self._stay_beside(fit)
                if fit.secondary != NOWHERE and self._beside not in (NOWHERE, fit.secondary):
                    elsewhere.append(shop.operations[number].id)
                before = round_, part
                name = f"{step.id}-{count}"
                setup = hours(fit.setup)
                self._outcome.group[number] = name
                why = self._why.get(number, {})
                self._outcome.rule[number] = Sentence(
                    "rule-minimise-gap" if why else "rule-minimise", step=step.id, group=name,
                    weight=step.weight_of_tardiness, moves=budget.spent, setup=setup,
                    resource=shop.resources[resource].id, **why,
                )  # fmt: skip
        if elsewhere:
            self._outcome.warnings.append(
                Sentence("beside-elsewhere", step=step.id, count=len(elsewhere), operation=elsewhere[0])
            )

    def _warn_of_later(self) -> None:
        """Name what ends later than before although nothing should."""
        if not self._step.never_later:
            return
        later = [
            self._shop.operations[number].id
            for number, fit in self._outcome.placed.items()
            if fit.end > self._bounds.operation_end[number]
        ]
        if later:
            self._outcome.warnings.append(
                Sentence("ends-later", step=self._step.id, count=len(later), operation=later[0])
            )

    # The problem as arrays.

    def _planned(self, numbers: Sequence[int], usable: Usable) -> NDArray[np.int64]:
        """The candidates as they are planned, each on a resource it may use."""
        plan = self._plan
        return np.array(
            [
                (
                    one,
                    plan.resource[number] if plan.resource[number] in usable[number] else usable[number][0],
                )
                for one, number in enumerate(numbers)
            ],
            dtype=np.int64,
        )

    def _work(self, numbers: Sequence[int], usable: Usable) -> Work:
        """All the search needs to know of these candidates."""
        shop, step = self._shop, self._step
        count, resources = len(numbers), range(len(shop.resources))
        states = States(shop.setups)
        release = [ready_in(shop, self._plan, number) for number in numbers]
        state = [states.of(shop.operations[n], ready) for n, ready in zip(numbers, release, strict=True)]
        initial = [states.left(resource.state) for resource in shop.resources]
        first_wall, walls = self._walls(states)
        changes = states.changes()
        allowed = np.zeros((count, len(resources)), dtype=np.bool_)
        for one, number in enumerate(numbers):
            allowed[one, list(usable[number])] = True
        nominal = np.array([shop.operations[number].hours * HOUR for number in numbers])
        efficiency = np.array([resource.efficiency for resource in shop.resources])
        # A pair nobody defined counts nothing in the plan; the search keeps away from it.
        dear = 2 * max(1, int(changes.records.max()), int(changes.states[:, changes.asks[:, FULL]].max()))
        longest = [
            float(nominal[allowed[:, r]].sum()) / efficiency[r] + dear * int(allowed[:, r].sum())
            for r in resources
        ]
        last = max(release) - shop.start
        clocks = clocks_of(shop, [seconds + last for seconds in longest])
        weight = self._weights(numbers)
        if int(weight.max()) * (last + max(longest)) * count >= 2**62:
            raise ProblemError(f"step {self._step.id}", Sentence("too-much-weight"))
        ends = self._bounds.operation_end
        columns = [
            state,
            likes(changes, _array(state)),
            release,
            [min(self._bounds.latest_end[number], int(FAR)) for number in numbers],
            weight,
            [ends[number] if step.never_later else int(FAR) for number in numbers],
        ]
        gap_weight = 0 if step.gap_control is GapControl.ACCEPT else SECOND
        return Work(
            clocks=clocks,
            changes=changes,
            tasks=np.array(columns, dtype=np.int64).T.copy(),
            nominal=nominal,
            allowed=allowed,
            efficiency=efficiency,
            lines=np.array(
                [
                    [max(free, shop.start) for free in self._frontier],
                    initial,
                    first_wall[:-1],
                    first_wall[1:],
                ],
                dtype=np.int64,
            ).T.copy(),
            walls=walls,
            rules=_array([dear, round(step.max_gap_centihours * CENTIHOUR), gap_weight]),
        )

    def _weights(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """What a second late costs: counted once for each order, at its last candidate."""
        shop = self._shop
        behind = [False] * len(shop.operations)
        among = set(numbers)
        for number in reversed(shop.topological()):
            order = shop.operations[number].order
            behind[number] = any(
                (later in among or behind[later]) and shop.operations[later].order == order
                for later in shop.after[number]
            )
        return _array(
            [
                0 if behind[number]
                else round(SECOND * self._step.weight_of_tardiness * shop.order[shop.operations[number].order].weight)
                for number in numbers
            ]
        )  # fmt: skip

    def _walls(self, states: States) -> tuple[list[int], NDArray[np.int64]]:
        """What stands on the resources: where each one's walls begin, and how long a setup each may have."""
        shop = self._shop
        rows: list[tuple[int, int, int, int, int, int]] = []
        first = [0]
        for timeline in self._timelines:
            for start, end, head, tail, setup in timeline.stretches():
                operation = shop.operations[head]
                needs = -1 if operation.in_progress else states.of(operation, shop.earliest[head])
                least = 0 if operation.fixed else setup
                rows.append((start, end, states.left(shop.operations[tail].key), needs, least, setup))
            first.append(len(rows))
        return first, np.array(rows, dtype=np.int64).reshape(-1, 6)


def _array(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)
