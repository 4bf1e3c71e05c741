"""RESULT: what a run hands out, and the figures before and after."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.calendars import all_hours, hours
from scheduling.engine.linter import Caution
from scheduling.engine.passes import NEVER, NOWHERE, Plan, Shop, worked
from scheduling.engine.sentences import Sentence, told
from scheduling.engine.sequencing import Batch, Searched

# Before every end: what an order without a placed operation ends by.
UNPLACED = -NEVER


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
    rule: Sentence
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
        of_rule = cache(told)
        said = list(dict.fromkeys([*(each.sentence for each in self.cautions), *self.warnings]))
        return {
            "before": asdict(self.before),
            "after": asdict(self.after),
            "operations": [{**placed._asdict(), "told": of_rule(placed.rule)} for placed in self.operations],
            "orders": [order._asdict() for order in self.orders],
            "loads": [asdict(load) for load in self.loads],
            "batches": [asdict(batch) for batch in self.batches],
            "searches": [{**search._asdict(), "note": told(search.note)} for search in self.searches],
            "warnings": said,
            "told": [told(sentence) for sentence in said],
            "seed": self.seed,
            "iterations": self.iterations,
            "seconds": self.seconds,
        }


def order_ends(shop: Shop, plan: Plan) -> dict[str, int]:
    """When each order's last placed operation ends."""
    return {
        order: end
        for order, end in zip(shop.of_order, _ends(shop, plan).tolist(), strict=True)
        if end != NOWHERE
    }


def lead_times(shop: Shop, plan: Plan) -> dict[str, int]:
    """By order, the seconds from its first start to its last end; what has no place counts for nothing."""
    ends, starts = _ends(shop, plan), np.full(len(shop.of_order), NEVER, dtype=np.int64)
    there = np.array(plan.resource, dtype=np.int64) != NOWHERE
    np.minimum.at(starts, shop.order_of[there], np.array(plan.start, dtype=np.int64)[there])
    lasted = zip(shop.of_order, (ends - starts).tolist(), ends.tolist(), strict=True)
    return {order: length for order, length, end in lasted if end != UNPLACED}


def _ends(shop: Shop, plan: Plan) -> NDArray[np.int64]:
    """By order, in the problem's order, when its last placed operation ends; UNPLACED without one."""
    ends = np.full(len(shop.of_order), UNPLACED, dtype=np.int64)
    there = np.array(plan.resource, dtype=np.int64) != NOWHERE
    np.maximum.at(ends, shop.order_of[there], np.array(plan.end, dtype=np.int64)[there])
    return ends


def changes(before: dict[str, int], after: dict[str, int]) -> tuple[LeadTime, ...]:
    """The lead times of the orders that both plans have."""
    both = [order for order in after if order in before]
    was, now = (np.array([lasted[order] for order in both], dtype=np.int64) for lasted in (before, after))
    return tuple(
        map(LeadTime._make, zip(both, all_hours(was), all_hours(now), all_hours(now - was), strict=True))
    )


def figures(shop: Shop, plan: Plan) -> Figures:
    """The figures of a plan; what has no place counts in none of them."""
    due = np.array(
        [NEVER if order.due is None else order.due for order in shop.order.values()], dtype=np.int64
    )
    late = np.maximum(_ends(shop, plan) - due, 0)
    there = np.array(plan.resource, dtype=np.int64) != NOWHERE
    last = max(shop.start, int(np.max(np.array(plan.end, dtype=np.int64), initial=0, where=there)))
    used = worked(shop, plan)
    return Figures(
        setup_hours=hours(int(np.array(plan.setup, dtype=np.int64)[there].sum())),
        late_orders=int(np.count_nonzero(late)),
        tardiness_hours=hours(int(late.sum())),
        makespan=hours(last - shop.start),
        utilisation={
            resource.id: round(used[number] / working, 6)
            if (working := shop.clocks[number].between(shop.start, last))
            else 0.0
            for number, resource in enumerate(shop.resources)
        },
    )
