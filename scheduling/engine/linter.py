"""The planner's linter: what in a problem makes sequencing useless or harmful, one sentence each, before a run.

It refuses nothing. Figures come from the forward plan before the steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import median

from scheduling.engine.calendars import DAY, HOUR
from scheduling.engine.passes import NEVER, Plan, Shop, backward, forward, kept_chains
from scheduling.engine.problem import GapControl, Problem, Status, Step, StepType
from scheduling.engine.sentences import Sentence, some

# A part of the key with more than this share of the hours leaves the others no room.
DOMINATING = 0.5
# Below this share of the work there is no setup worth saving.
LEAST_SETUP = 0.02
# Types that put a whole group on one resource.
ONE_RESOURCE = (StepType.STANDARD, StepType.MULTI_LEVEL, StepType.BATCH_SIZE)
# Types in whose groups a gap can arise.
WITH_GAPS = (StepType.STANDARD, StepType.MULTI_LEVEL, StepType.MINIMISE_SETUP)


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing to look at. `step` is the id of the step it is about, None for the whole problem."""

    code: str
    step: int | None
    sentence: Sentence


def lint(problem: Problem) -> tuple[Caution, ...]:
    """The cautions of a problem; raises ProblemError where a calendar has no room for an operation."""
    shop = Shop(problem)
    return cautions(shop, forward(shop, kept_chains(shop)))


def cautions(shop: Shop, plan: Plan) -> tuple[Caution, ...]:
    """The cautions of a problem that has been planned forward."""
    return tuple(_Linter(shop, plan).run())


class _Linter:
    def __init__(self, shop: Shop, plan: Plan) -> None:
        self._shop, self._plan = shop, plan
        problem = shop.problem
        self._initial = problem.initial_step
        self._enabled = [step for step in problem.steps if step.enabled] if self._initial.sequencing else []
        self._steps = [step for step in self._enabled if step.type is not StepType.FORWARD]
        self._on: dict[str, list[int]] = {step.work_centre: [] for step in self._steps}
        for number, operation in enumerate(shop.operations):
            if plan.placed(number) and operation.hours and operation.status is Status.ACTIVE:
                centre = shop.resources[plan.resource[number]].work_centre
                if centre in self._on:
                    self._on[centre].append(number)
        self._flow = self._flows()
        self._latest, _ = backward(shop, plan)

    def run(self) -> Iterator[Caution]:
        yield from self._zero_times()
        yield from self._forced_elsewhere()
        yield from self._unused()
        yield from self._no_forward_between()
        yield from self._steps_against_the_flow()
        yield from self._before_the_bottleneck()
        for step in self._steps:
            yield from self._horizon(step)
            yield from self._several_resources(step)
            yield from self._buffer(step)
            yield from self._little_setup(step)
            yield from self._on_the_floor(step)
            yield from self._dominating(step)
            yield from self._delivery_bound(step)
        yield from self._fill_up()

    def _flows(self) -> Counter[tuple[str, str]]:
        """How often work goes from one centre to another: in an order, however far, and from component to parent."""
        shop = self._shop
        found: Counter[tuple[str, str]] = Counter()
        for numbers in shop.of_order.values():
            routing = sorted(numbers, key=lambda each: shop.operations[each].number)
            found.update(
                combinations(dict.fromkeys(shop.operations[each].work_centre for each in routing), 2)
            )
        for number, operation in enumerate(shop.operations):
            for earlier in shop.before[number]:
                before = shop.operations[earlier]
                if before.order != operation.order and before.work_centre != operation.work_centre:
                    found[before.work_centre, operation.work_centre] += 1
        return found

    def _against(self, first: str, second: str) -> int:
        """How many orders go through the second before the first, where more do so than the other way round."""
        back, forth = self._flow[second, first], self._flow[first, second]
        return back if back > forth else 0

    # The problem as a whole.

    def _zero_times(self) -> Iterator[Caution]:
        idle = [operation.id for operation in self._shop.problem.operations if not operation.hours]
        if idle:
            yield _caution(None, zero_times(idle))

    def _forced_elsewhere(self) -> Iterator[Caution]:
        """A forced resource wins over those an operation may use: that may be meant, or a slip."""
        shop = self._shop
        found = []
        for operation in shop.problem.operations:
            own = operation.resources or tuple(
                each.id for each in shop.resources if each.work_centre == operation.work_centre
            )
            free = operation.status is Status.ACTIVE and not operation.in_progress
            if free and operation.resource is not None and operation.resource not in own:
                found.append(f"{operation.id} on {operation.resource}")
        if found:
            yield _caution(None, Sentence("forced-elsewhere", names=some(found), count=len(found)))

    def _unused(self) -> Iterator[Caution]:
        for step in self._enabled:
            if step.unused:
                yield _caution(step.id, Sentence("unused", step=step.id, names=", ".join(step.unused)))

    def _no_forward_between(self) -> Iterator[Caution]:
        if self._initial.synchronise:
            return
        for one, other in pairwise(self._enabled):
            if StepType.FORWARD not in (one.type, other.type) and one.work_centre != other.work_centre:
                said = Sentence(
                    "no-forward-between", step=other.id, centre=other.work_centre, earlier=one.id,
                    other=one.work_centre,
                )  # fmt: skip
                yield _caution(other.id, said)

    def _steps_against_the_flow(self) -> Iterator[Caution]:
        for place, one in enumerate(self._steps):
            for other in self._steps[place + 1 :]:
                count = self._against(one.work_centre, other.work_centre)
                if count:
                    said = Sentence(
                        "step-order", step=one.id, centre=one.work_centre, later=other.id, other=other.work_centre,
                        count=count,
                    )  # fmt: skip
                    yield _caution(one.id, said)

    def _before_the_bottleneck(self) -> Iterator[Caution]:
        """Sequencing priorities against the flow, named where the later centre is the bottleneck."""
        priority = self._priorities()
        bottleneck = self._bottleneck()
        told: set[tuple[str, str]] = set()
        for (earlier, later), count in self._flow.items():
            against = earlier in priority and later in priority and priority[earlier] > priority[later]
            if (
                not against
                or later not in self._on
                or not self._against(later, earlier)
                or (earlier, later) in told
            ):
                continue
            told.add((earlier, later))
            if later == bottleneck:
                said = Sentence(
                    "before-bottleneck", centre=earlier, bottleneck=later, count=count, priority=priority[earlier],
                    other=priority[later],
                )  # fmt: skip
            else:
                said = Sentence(
                    "priority", centre=earlier, priority=priority[earlier], later=later, other=priority[later],
                    count=count,
                )  # fmt: skip
            yield _caution(None, said)

    def _priorities(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for resource in self._shop.resources:
            found[resource.work_centre] = min(
                resource.priority, found.get(resource.work_centre, resource.priority)
            )
        return found

    def _bottleneck(self) -> str | None:
        """The optimised centre with the most work for each of its resources."""
        load = {
            centre: sum(self._shop.operations[each].hours for each in numbers) / self._resources(centre)
            for centre, numbers in self._on.items()
        }
        return max(load, key=lambda centre: load[centre], default=None)

    def _resources(self, centre: str) -> int:
        return max(1, sum(resource.work_centre == centre for resource in self._shop.resources))

    def _fill_up(self) -> Iterator[Caution]:
        for resource in self._shop.resources:
            if resource.fill_up and resource.work_centre in self._on:
                yield _caution(None, Sentence("fill-up", resource=resource.id, centre=resource.work_centre))

    # One step.

    def _days(self, step: Step) -> int | None:
        return step.horizon_days if step.horizon_days is not None else self._initial.horizon_days

    def _horizon(self, step: Step) -> Iterator[Caution]:
        if self._days(step) is None:
            yield _caution(step.id, no_horizon(step))

    def _several_resources(self, step: Step) -> Iterator[Caution]:
        count = self._resources(step.work_centre)
        if count > 1 and step.type in ONE_RESOURCE:
            said = Sentence("several-resources", step=step.id, centre=step.work_centre, count=count)
            yield _caution(step.id, said)

    def _buffer(self, step: Step) -> Iterator[Caution]:
        """Half of the operations cannot wait as long as the horizon may move them."""
        days, numbers = self._days(step), self._on[step.work_centre]
        room = [
            (self._latest[number] - self._plan.start[number]) / DAY
            for number in numbers
            if self._latest[number] != NEVER
        ]
        if days and room and median(room) < days:
            left = round(max(0.0, median(room)), 1)
            yield _caution(
                step.id, Sentence("buffer", step=step.id, centre=step.work_centre, buffer=left, days=days)
            )

    def _little_setup(self, step: Step) -> Iterator[Caution]:
        if step.type in (StepType.OVEN, StepType.OVEN_REPETITION, StepType.BATCH_SIZE):
            return
        numbers = self._on[step.work_centre]
        setup = sum(self._plan.setup[number] for number in numbers) / HOUR
        work = sum(self._shop.operations[number].hours for number in numbers)
        if work and setup < LEAST_SETUP * work:
            figures = {"work": round(work, 1), "setup": round(setup, 1)}
            yield _caution(
                step.id, Sentence("little-setup", step=step.id, centre=step.work_centre, **figures)
            )

    def _on_the_floor(self, step: Step) -> Iterator[Caution]:
        for resource in self._shop.resources:
            if resource.work_centre == step.work_centre and resource.order_on_floor:
                yield _caution(step.id, Sentence("on-the-floor", step=step.id, resource=resource.id))

    def _dominating(self, step: Step) -> Iterator[Caution]:
        """One part of the key has most of the hours and nothing cuts its groups."""
        limits = (step.max_group_hours, step.max_operation_hours, step.max_resource_hours)
        if any(limit is not None for limit in limits) or step.type not in ONE_RESOURCE:
            return
        shop, numbers = self._shop, self._on[step.work_centre]
        hours: dict[str, float] = {}
        for number in numbers:
            part = step.group.of(shop.operations[number].key).rstrip()
            hours[part] = hours.get(part, 0.0) + shop.operations[number].hours
        most = max(hours, key=lambda part: hours[part], default="")
        total = sum(hours.values())
        if len(hours) > 1 and hours[most] > DOMINATING * total:
            said = Sentence(
                "dominating-key", step=step.id, part=most, percent=round(100 * hours[most] / total),
                centre=step.work_centre,
            )  # fmt: skip
            yield _caution(step.id, said)

    def _delivery_bound(self, step: Step) -> Iterator[Caution]:
        if step.gap_control is not GapControl.ACCEPT or step.type not in WITH_GAPS:
            return
        shop = self._shop
        bound = {
            shop.operations[number].order
            for number in self._on[step.work_centre]
            if shop.order[shop.operations[number].order].delivery_bound
        }
        if bound:
            said = Sentence(
                "delivery-bound", step=step.id, count=len(bound), order=min(bound), centre=step.work_centre
            )
            yield _caution(step.id, said)


def _caution(step: int | None, sentence: Sentence) -> Caution:
    return Caution(sentence.code, step, sentence)


def no_horizon(step: Step) -> Sentence:
    """The sentence of a step without a horizon, before and in a run."""
    return Sentence("no-horizon", step=step.id)


def zero_times(names: list[str]) -> Sentence:
    """The sentence about operations without time, before and in a run."""
    return Sentence("zero-time", count=len(names), names=some(names))
