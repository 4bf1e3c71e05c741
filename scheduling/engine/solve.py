"""One run: forward reference, steps in ascending id, forward again."""

from __future__ import annotations

import time

from scheduling.engine.passes import (
    Plan,
    Shop,
    backward,
    forward,
    keeps_order,
    kept_chains,
    true_setups,
)
from scheduling.engine.problem import Problem, Status, Step, StepType
from scheduling.engine.result import Placed, Result, figures, order_ends
from scheduling.engine.standard import Bounds, Outcome, candidates, run_standard


def solve(problem: Problem, *, seed: int = 0) -> Result:
    """A plan for a problem, with the figures before and after and the rule that placed each operation.

    The same problem gives the same plan. Raises ProblemError where a calendar has no room for an operation.
    """
    begun = time.perf_counter()
    shop = Shop(problem)
    run = _Run(shop)
    before = figures(shop, run.plan)
    run.steps()
    after = figures(shop, run.plan)
    return Result(
        before=before,
        after=after,
        operations=tuple(run.placed(number) for number in range(len(shop.operations))),
        warnings=tuple(dict.fromkeys(run.warnings)),
        seed=seed,
        iterations=0,
        seconds=round(time.perf_counter() - begun, 3),
    )


class _Run:
    """The plan of a run as it grows."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._chains = kept_chains(shop)
        self._outcome = Outcome()
        self._timed = True
        self.warnings: list[str] = []
        self.plan = forward(shop, self._chains)
        self.warnings += self.plan.gave_way
        self._notes = true_setups(shop, self.plan)
        self._reference_end = order_ends(shop, self.plan)

    def steps(self) -> None:
        """Run the enabled steps and re-time forward what they changed."""
        problem = self._shop.problem
        self._warn_of_no_time()
        if problem.initial_step.sequencing:
            for step in problem.steps:
                if step.enabled and step.type is StepType.FORWARD:
                    self._forward()
                elif step.enabled:
                    self._standard(step)
        self._forward()
        self.warnings += self.plan.warnings + self._notes

    def placed(self, number: int) -> Placed:
        """One operation as the result shows it."""
        shop, plan, operation = self._shop, self.plan, self._shop.operations[number]
        there = plan.placed(number)
        sequenced = there and number in self._outcome.group
        return Placed(
            id=operation.id,
            resource=shop.resources[plan.resource[number]].id if there else None,
            start=shop.problem.plant.text(plan.start[number]) if there else None,
            end=shop.problem.plant.text(plan.end[number]) if there else None,
            setup_hours=round(plan.setup[number] / 3600, 6),
            status=int(Status.SEQUENCED if sequenced else operation.status),
            group=self._outcome.group[number] if sequenced else None,
            rule=self._rule(number),
        )

    def _rule(self, number: int) -> str:
        if not self.plan.placed(number):
            return "Left out; see warnings."
        return self._outcome.rule.get(number) or keeps_order(self._shop.operations[number])

    def _warn_of_no_time(self) -> None:
        idle = [operation.id for operation in self._shop.operations if not operation.hours]
        if idle:
            some = ", ".join(idle[:5]) + (", ..." if len(idle) > 5 else "")
            self.warnings.append(
                f"{len(idle)} operations have no operation time and are not sequenced: {some}."
            )

    def _forward(self) -> None:
        """Everything anew and as early as it goes, in the order the steps gave."""
        if not self._timed:
            self.plan = forward(self._shop, self._chains)
            self.warnings += self.plan.gave_way
            self._notes = true_setups(self._shop, self.plan)
            self._timed = True

    def _standard(self, step: Step) -> None:
        """Sequence one work centre and keep its order from here on."""
        shop, default = self._shop, self._shop.problem.initial_step.horizon_days
        if step.horizon_days is None and default is None:
            self.warnings.append(
                f"Step {step.id} has no sequencing horizon: nothing is sequenced. Give horizon_days."
            )
            return
        sequenced = [number for chain in self._chains.values() for number in chain]
        found = candidates(shop, self.plan, step, sequenced, default or 0)
        if not found:
            self.warnings.append(
                f"Step {step.id} found nothing to sequence: no active operation on {step.work_centre} is planned "
                "to end within its horizon."
            )
            return
        latest, _ = backward(shop, self.plan)
        outcome = run_standard(
            shop, self.plan, step, self._chains, found, Bounds(latest, self._reference_end)
        )
        self._keep(outcome)

    def _keep(self, outcome: Outcome) -> None:
        self.warnings += outcome.warnings
        self._outcome.group.update(outcome.group)
        self._outcome.rule.update(outcome.rule)
        plan: Plan = self.plan
        for number, fit in outcome.placed.items():
            plan.put(fit)
            self._chains.setdefault(fit.resource, []).append(number)
        for chain in self._chains.values():
            chain.sort(key=lambda number: (plan.start[number], number))
        self._timed = False
