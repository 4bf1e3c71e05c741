"""One run: forward reference, steps in ascending id, forward again."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from scheduling.engine.arrays import WORTH_COMPILING
from scheduling.engine.batches import BatchSize
from scheduling.engine.calendars import NoWorkingTimeError, all_hours
from scheduling.engine.cyclic import Cyclic
from scheduling.engine.linter import cautions, no_horizon, zero_times
from scheduling.engine.minimise import Budget, Minimise
from scheduling.engine.multi_level import MultiLevel
from scheduling.engine.oven import OvenLoads, size_of
from scheduling.engine.passes import (
    NOWHERE,
    CancelledError,
    Plan,
    Shop,
    backward,
    forward,
    keeps_order,
    kept_chains,
    nobody_cancels,
    true_setups,
)
from scheduling.engine.problem import Operation, Problem, Status, Step, StepType, read_problem
from scheduling.engine.pull_up import compact
from scheduling.engine.reading import ProblemError
from scheduling.engine.result import Placed, PlacedLoad, Result, changes, figures, lead_times, order_ends
from scheduling.engine.sentences import Sentence
from scheduling.engine.sequencing import Batch, Bounds, Grouping, Outcome, Searched, candidates
from scheduling.engine.standard import Standard

SEQUENCED = int(Status.SEQUENCED)

RUNS: dict[StepType, type[Grouping]] = {
    StepType.STANDARD: Standard,
    StepType.CYCLIC: Cyclic,
    StepType.OVEN: OvenLoads,
    StepType.OVEN_REPETITION: OvenLoads,
    StepType.BATCH_SIZE: BatchSize,
}


def solve(problem: Problem, budget: Budget | None = None) -> Result:
    """A plan for a problem, with the figures before and after and the rule that placed each operation.

    `budget` limits the searching steps, which share it alike. The same problem, seed and iterations give the same
    plan. A run that is cancelled ends within a quarter of a second of work, without a plan. Raises ProblemError where a
    calendar has no room for an operation.
    """
    budget, begun = budget or Budget(), time.perf_counter()
    # Of all that a plan is made of nothing is thrown away before it is done: looking for rubbish among it is in vain.
    gc.freeze()
    try:
        return _solved(problem, budget, begun)
    except CancelledError:
        return Result.of_cancelled(budget.seed, budget.spent, round(time.perf_counter() - begun, 3))
    except NoWorkingTimeError:
        raise ProblemError(
            "calendar",
            Sentence("beyond-calendars"),
        ) from None
    finally:
        gc.unfreeze()


@cache
def warm_up() -> None:
    """Compile what plans many operations, or load what was compiled before, once in a process.

    A run that needs it does so too; whoever calls this first has nobody wait for it.
    """
    common = {"type": "standard", "work_centre": "A", "group_from": 1, "group_to": 1}
    solve(
        read_problem(
            {
                "start": "2000-01-03T00:00",
                "horizon_days": 99,
                "resources": [{"id": "A", "work_centre": "A"}],
                "orders": [{"id": "A", "due": "2000-01-04T00:00"}],
                "operations": [
                    {"id": f"{number}", "order": "A", "number": number, "work_centre": "A", "hours": 1,
                     "setup_standard": 0.01, "key": "AB"[number % 2]}
                    for number in range(WORTH_COMPILING)
                ],
                # One step places rows, the other one by one, with what the first sequenced in the way. Of few
                # operations each: what is loaded is the same, and each worker of a plant waits for it at its start.
                "steps": [
                    {"id": 1, **common, "horizon_days": 1},
                    {"id": 2, **common, "horizon_days": 3, "gap_control": "P"},
                ],
            }
        )
    )  # fmt: skip


def _solved(problem: Problem, budget: Budget, begun: float) -> Result:
    shop = Shop(problem, nobody_cancels if budget.cancelled is None else budget.heed)
    run = _Run(shop, budget)
    before = figures(shop, run.plan)
    shop.heed()
    told = cautions(shop, run.plan)
    shop.heed()
    lasted = lead_times(shop, run.plan)
    run.steps()
    after = figures(shop, run.plan)
    return Result(
        before=before,
        after=after,
        operations=tuple(run.placed()),
        orders=changes(lasted, lead_times(shop, run.plan)),
        loads=tuple(run.loads()),
        batches=tuple(run.batches),
        searches=tuple(run.searches),
        cautions=told,
        warnings=tuple(dict.fromkeys(run.warnings)),
        seed=run.budget.seed,
        iterations=run.budget.spent,
        seconds=round(time.perf_counter() - begun, 3),
    )


class _Run:
    """The plan of a run as it grows."""

    def __init__(self, shop: Shop, budget: Budget) -> None:
        self._shop = shop
        self.budget = budget
        self._loads: list[tuple[str, tuple[int, ...]]] = []
        self.batches: list[Batch] = []
        self.searches: list[Searched] = []
        self._released: set[int] = set()
        self.warnings: list[str] = []
        self._keep_loads()
        shop.heed()
        self._chains = kept_chains(shop)
        shop.heed()
        self._outcome = Outcome()
        self._timed = True
        self._told_cut = False
        self._searches = sum(step.enabled and step.searches for step in shop.problem.steps)
        self.plan = forward(shop, self._chains)
        self.warnings += self.plan.gave_way
        self._notes = true_setups(shop, self.plan)
        self._reference_end = order_ends(shop, self.plan)
        self._operation_end = list(self.plan.end)

    def steps(self) -> None:
        """Run the enabled steps and re-time forward what they changed."""
        problem = self._shop.problem
        initial = problem.initial_step
        self._warn_of_no_time()
        level = None
        if initial.sequencing:
            for step in problem.steps:
                if not step.enabled:
                    continue
                if step.type is StepType.FORWARD or (initial.synchronise and step.work_centre != level):
                    self._forward()
                if step.type is not StepType.FORWARD:
                    self._sequence(step)
                    level = step.work_centre
        self._forward()
        if initial.pull_up or initial.synchronise:
            compact(self._shop, self.plan, orders=initial.pull_up, components=initial.synchronise)
        self.warnings += self.plan.warnings + self._notes

    def placed(self) -> Iterator[Placed]:
        """The operations as the result shows them."""
        shop, plan, plant = self._shop, self.plan, self._shop.problem.plant
        # NOWHERE is the last of them.
        named = [*(resource.id for resource in shop.resources), None]
        starts: list[str | None] = [*plant.texts(plan.start)]
        shop.heed()
        ends: list[str | None] = [*plant.texts(plan.end)]
        shop.heed()
        for number, resource in enumerate(plan.resource):
            if resource == NOWHERE:
                starts[number] = ends[number] = None
        setups = all_hours(np.array(plan.setup, dtype=np.int64))
        shop.heed()
        for number, operation in enumerate(shop.operations):
            shop.heed()
            status, group, rule = self._told(number, operation)
            resource, secondary = plan.resource[number], plan.secondary[number]
            yield Placed(
                operation.id, named[resource], starts[number], ends[number], setups[number], status, group, rule,
                named[secondary],
            )  # fmt: skip

    def loads(self) -> list[PlacedLoad]:
        """The loads of the ovens, by start."""
        shop, plan = self._shop, self.plan
        found = []
        for name, members in sorted(self._loads, key=lambda load: plan.start[load[1][0]]):
            lead = members[0]
            if not plan.placed(lead):
                continue
            resource = shop.resources[plan.resource[lead]]
            oven = resource.oven
            used = sum(size_of(shop.operations[each], oven) for each in members) if oven else 0.0
            found.append(
                PlacedLoad(
                    id=name,
                    resource=resource.id,
                    start=shop.problem.plant.text(plan.start[lead]),
                    end=shop.problem.plant.text(plan.end[lead]),
                    operations=tuple(shop.operations[each].id for each in members),
                    fill=round(used / oven.capacity, 6) if oven else 0.0,
                )
            )
        return found

    def _keep_loads(self) -> None:
        """What stands on an oven with the same start from before is one load, and stays one."""
        shop = self._shop
        if not any(resource.oven for resource in shop.resources):
            return
        standing: dict[tuple[str, int, bool, bool], list[int]] = {}
        for number, operation in enumerate(shop.operations):
            there = operation.fixed or operation.kept
            if there and operation.hours and shop.resources[shop.allowed[number][0]].oven is not None:
                where = str(operation.resource), operation.start or shop.start
                standing.setdefault((*where, operation.in_progress, operation.kept), []).append(number)
        for members in standing.values():
            members.sort(key=lambda number: (-shop.operations[number].hours, number))
            if len(members) > 1 and not shop.independent(members):
                names = ", ".join(shop.operations[number].id for number in members)
                self.warnings.append(Sentence("load-apart", names=names))
                continue
            self._loads.append((f"kept-{len(self._loads) + 1}", tuple(members)))
            shop.run_as_one(members)

    def _told(self, number: int, operation: Operation) -> tuple[int, str | None, Sentence]:
        """Status, group and rule of an operation as the result shows them."""
        there, rule = self.plan.resource[number] != NOWHERE, self._outcome.rule.get(number)
        group = self._outcome.group.get(number) if there else None
        if group is not None and rule is not None:
            return SEQUENCED, group, rule
        again = number in self._released
        status = Status.SEQUENCED if group is not None else Status.ACTIVE if again else operation.status
        if not there:
            rule = Sentence("left-out")
        elif again and rule is None:
            rule = Sentence("released")
        return int(status), group, rule or keeps_order(operation)

    def _warn_of_no_time(self) -> None:
        idle = [operation.id for operation in self._shop.problem.operations if not operation.hours]
        if idle:
            self.warnings.append(zero_times(idle))

    def _forward(self) -> None:
        """Everything anew and as early as it goes, in the order the steps gave."""
        if not self._timed:
            self.plan = forward(self._shop, self._chains)
            self.warnings += self.plan.gave_way
            self._notes = true_setups(self._shop, self.plan)
            self._timed = True

    def _sequence(self, step: Step) -> None:
        """Sequence one work centre and keep its order from here on."""
        shop, default = self._shop, self._shop.problem.initial_step.horizon_days
        if step.horizon_days is None and default is None:
            self.warnings.append(no_horizon(step))
            return
        sequenced = {number for chain in self._chains.values() for number in chain}
        if step.reoptimise:
            sequenced -= self._sequenced_before()
        found = candidates(shop, self.plan, step, sequenced, default or 0)
        if not found:
            self.warnings.append(Sentence("nothing-found", step=step.id, centre=step.work_centre))
            return
        if step.reoptimise:
            self._release(found)
        shop.heed()
        bounds = Bounds(*backward(shop, self.plan), self._reference_end, self._operation_end)
        asked = shop, self.plan, step, self._chains, found, bounds
        if step.type is StepType.MINIMISE_SETUP:
            self._keep(Minimise(*asked).minimise(self.budget, 1 / self._searches))
        elif step.type is StepType.MULTI_LEVEL:
            self._keep(MultiLevel(*asked).run_within(self.budget, 1 / max(1, self._searches)))
        else:
            self._keep(RUNS[step.type](*asked).run())
        self._searches -= step.searches
        if self.budget.cut and not self._told_cut:
            self._told_cut = True
            code = "search-cut-again" if self.budget.workers == 1 else "search-cut"
            self.warnings.append(Sentence(code, step=step.id, moves=self.budget.spent))

    def _sequenced_before(self) -> set[int]:
        """What an earlier run put in order, this one not yet, and no load holds."""
        loads = {each for _, members in self._loads if len(members) > 1 for each in members}
        return {
            number
            for chain in self._chains.values()
            for number in chain
            if self._shop.operations[number].status is Status.SEQUENCED
            and number not in self._outcome.group
            and number not in loads
        }

    def _release(self, found: Sequence[int]) -> None:
        """Take what a step sequences again out of the order it kept; any resource it is allowed on is open to it."""
        again = {number for number in found if self._shop.operations[number].status is Status.SEQUENCED}
        self._released |= again
        for number in again:
            self._shop.release(number)
        if again:
            for resource, chain in self._chains.items():
                self._chains[resource] = [number for number in chain if number not in again]

    def _keep(self, outcome: Outcome) -> None:
        self.warnings += outcome.warnings
        self._outcome.group.update(outcome.group)
        self._outcome.rule.update(outcome.rule)
        plan: Plan = self.plan
        self.batches += outcome.batches
        self.searches += outcome.searches
        for name, members in outcome.loads:
            self._loads.append((name, members))
            self._shop.run_as_one(members)
        lead, chains = self._shop.lead, self._chains
        for number, fit in outcome.placed.items():
            plan.put(fit)
            if fit.secondary != NOWHERE:
                self._shop.secondary[number] = (fit.secondary,)
            if number not in lead:
                chains.setdefault(fit.resource, []).append(number)
        self._shop.heed()
        for members in outcome.together:
            self._shop.wait_together(members)
        for chain in self._chains.values():
            self._put_in_order(chain)
        self._timed = False

    def _put_in_order(self, chain: list[int]) -> None:
        """Sort by start; what keeps its order and waits for something without a place yet stays behind the same one."""
        moments: dict[int, int] = {}
        last = 0
        for number in chain:
            if self.plan.placed(number):
                last = self.plan.start[number]
            moments[number] = last
        chain.sort(key=moments.__getitem__)
