"""RESULT: what a run hands out, and the figures before and after."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from scheduling.engine.calendars import hours
from scheduling.engine.linter import Caution
from scheduling.engine.passes import NOWHERE, Plan, Shop, worked
from scheduling.engine.sequencing import Batch, Searched


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


class Placed(NamedTuple):
    """One operation of the result; times are null for one that is left out."""

    id: str
    resource: str | None
    start: str | None
    end: str | None
    setup_hours: float
    status: int
    group: str | None
    rule: str
    secondary: str | None = None


class LeadTime(NamedTuple):
    """How long an order takes from its first start to its last end, in clock hours, before the steps and after all."""

    id: str
    lead_time_before: float
    lead_time_after: float
    change: float


@dataclass(frozen=True, slots=True)
class PlacedLoad:
    """One load of an oven, its longest operation first; `fill` is the share of the capacity."""

    id: str
    resource: str
    start: str
    end: str
    operations: tuple[str, ...]
    fill: float


@dataclass(frozen=True, slots=True)
class Result:
    """All a run hands out. `cautions` are the linter's; the file has their sentences among the warnings.

    A cancelled one has no plan: no operations and figures of nothing.
    """

    before: Figures
    after: Figures
    operations: tuple[Placed, ...]
    orders: tuple[LeadTime, ...]
    loads: tuple[PlacedLoad, ...]
    batches: tuple[Batch, ...]
    searches: tuple[Searched, ...]
    cautions: tuple[Caution, ...]
    warnings: tuple[str, ...]
    seed: int
    iterations: int
    seconds: float
    cancelled: bool = False

    @classmethod
    def of_cancelled(cls, seed: int, iterations: int, seconds: float) -> Result:
        """What is handed out of a run nobody waits for any more."""
        nothing = Figures(0.0, 0, 0.0, 0.0, {})
        said = ("The run was cancelled; there is no plan.",)
        return cls(nothing, nothing, (), (), (), (), (), (), said, seed, iterations, seconds, cancelled=True)

    def as_json(self) -> dict[str, Any]:
        """The result as the file format has it."""
        return {
            "before": asdict(self.before),
            "after": asdict(self.after),
            "operations": [placed._asdict() for placed in self.operations],
            "orders": [order._asdict() for order in self.orders],
            "loads": [asdict(load) for load in self.loads],
            "batches": [asdict(batch) for batch in self.batches],
            "searches": [asdict(search) for search in self.searches],
            "warnings": list(dict.fromkeys([*(each.sentence for each in self.cautions), *self.warnings])),
            "seed": self.seed,
            "iterations": self.iterations,
            "seconds": self.seconds,
        }


def order_ends(shop: Shop, plan: Plan) -> dict[str, int]:
    """When each order's last placed operation ends."""
    ends: dict[str, int] = {}
    for operation, resource, end in zip(shop.operations, plan.resource, plan.end, strict=True):
        if resource != NOWHERE and end > ends.get(operation.order, -1):
            ends[operation.order] = end
    return ends


def lead_times(shop: Shop, plan: Plan) -> dict[str, int]:
    """By order, the seconds from its first start to its last end; what has no place counts for nothing."""
    found = {}
    for order, numbers in shop.of_order.items():
        placed = [number for number in numbers if plan.placed(number)]
        if placed:
            found[order] = max(plan.end[each] for each in placed) - min(plan.start[each] for each in placed)
    return found


def changes(before: dict[str, int], after: dict[str, int]) -> tuple[LeadTime, ...]:
    """The lead times of the orders that both plans have."""
    return tuple(
        LeadTime(order, hours(before[order]), hours(after[order]), hours(after[order] - before[order]))
        for order in after
        if order in before
    )


def figures(shop: Shop, plan: Plan) -> Figures:
    """The figures of a plan; what has no place counts in none of them."""
    late = [
        end - due
        for name, end in order_ends(shop, plan).items()
        if (due := shop.order[name].due) is not None and end > due
    ]
    placed = [number for number, resource in enumerate(plan.resource) if resource != NOWHERE]
    last = max([shop.start, *(plan.end[number] for number in placed)])
    used = worked(shop, plan)
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
