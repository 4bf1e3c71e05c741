"""RESULT: what a run hands out, and the figures before and after."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from scheduling.engine.calendars import hours
from scheduling.engine.passes import Plan, Shop


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a plan is. Tardiness adds up clock hours over the orders, unweighted.

    The makespan is in clock hours from the schedule's start; utilisation is the work, without setup, in the working
    hours up to the makespan.
    """

    setup_hours: float
    late_orders: int
    tardiness_hours: float
    makespan: float
    utilisation: dict[str, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """One operation of the result; times are null for one that is left out."""

    id: str
    resource: str | None
    start: str | None
    end: str | None
    setup_hours: float
    status: int
    group: str | None
    rule: str


@dataclass(frozen=True, slots=True)
class Result:
    """All a run hands out. Loads and batches belong to step types that are not built yet."""

    before: Figures
    after: Figures
    operations: tuple[Placed, ...]
    warnings: tuple[str, ...]
    seed: int
    iterations: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The result as the file format has it."""
        return {
            "before": asdict(self.before),
            "after": asdict(self.after),
            "operations": [asdict(placed) for placed in self.operations],
            "loads": [],
            "batches": [],
            "warnings": list(self.warnings),
            "seed": self.seed,
            "iterations": self.iterations,
            "seconds": self.seconds,
        }


def order_ends(shop: Shop, plan: Plan) -> dict[str, int]:
    """When each order's last placed operation ends."""
    ends: dict[str, int] = {}
    for number, operation in enumerate(shop.operations):
        if plan.placed(number):
            ends[operation.order] = max(plan.end[number], ends.get(operation.order, 0))
    return ends


def figures(shop: Shop, plan: Plan) -> Figures:
    """The figures of a plan; what has no place counts in none of them."""
    late = [
        end - due
        for name, end in order_ends(shop, plan).items()
        if (due := shop.order[name].due) is not None and end > due
    ]
    placed = [number for number in range(len(shop.operations)) if plan.placed(number)]
    last = max([shop.start, *(plan.end[number] for number in placed)])
    used = [0] * len(shop.resources)
    for number in placed:
        resource = plan.resource[number]
        if shop.operations[number].hours:
            clock = shop.clocks[resource]
            begin = max(clock.add(plan.start[number], plan.setup[number]), shop.start)
            used[resource] += clock.between(begin, plan.end[number])
    return Figures(
        setup_hours=hours(sum(plan.setup[number] for number in placed)),
        late_orders=len(late),
        tardiness_hours=hours(sum(late)),
        makespan=hours(last - shop.start),
        utilisation={
            resource.id: round(used[number] / there, 6)
            if (there := shop.clocks[number].between(shop.start, last))
            else 0.0
            for number, resource in enumerate(shop.resources)
        },
    )
