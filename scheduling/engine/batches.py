"""The batch-size step: component orders of equal grouping part make up batches of a fixed size.

Two levels: the batch is as near its size as orders fill it, never above; what is missing is produced all the same, and
this surplus goes to the component orders and on to their parents in proportion. Firm orders are never touched, nor
those with an operation that has begun, is locked or sequenced before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scheduling.engine.packing import fullest
from scheduling.engine.passes import Plan, Shop
from scheduling.engine.problem import Status, Step
from scheduling.engine.sentences import Sentence
from scheduling.engine.sequencing import Batch, Bounds, Change, Grouping


class BatchSize(Grouping):
    """Batches of the step's fixed size, each a group that starts when its last order is ready."""

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
        self._size = step.batch_size or 0.0
        self._firm = firm_orders(shop)
        self._parents = parents_of(shop)
        self._quantity = quantities(shop)
        first: dict[str, int] = {}
        for number in found:
            first.setdefault(shop.operations[number].order, number)
        for number in found:
            operation = shop.operations[number]
            if operation.order in self._firm or first[operation.order] != number or not operation.quantity:
                self._open.discard(number)

    def _run_group(self, initiator: int) -> bool:
        start = self._first_place(initiator)
        if start is None:
            return False
        until = self._until(initiator)
        others = [
            number
            for number in self._buckets[self._group_part[initiator]]
            if number in self._open
            and number != initiator
            and start.resource in self._usable[number]
            and self._start[number] <= until
            and self._ready(number) is not None
        ]
        room = self._size - self._pieces(initiator)
        chosen = (
            [others[each] for each in fullest([self._pieces(n) for n in others], room)] if room > 0 else []
        )
        members = [initiator, *chosen]
        name = f"{self._step.id}-{self._groups + 1}"
        total = sum(self._pieces(number) for number in members)
        said = Sentence(
            "rule-batch", step=self._step.id, batch=name, part=self._group_part[initiator].rstrip(), total=total,
            size=self._size,
        )  # fmt: skip
        if room < 0:
            self._outcome.warnings.append(
                Sentence(
                    "above-size",
                    step=self._step.id,
                    operation=self._shop.operations[initiator].id,
                    quantity=total,
                    size=self._size,
                )
            )
        else:
            self._fill_up(name, self._shop.resources[start.resource].id, members, self._size - total)
        placed = self._place_together(name, start.resource, sorted(members, key=self._planned), said)
        self._open.difference_update(members)
        self._groups += bool(placed)
        return True

    def _planned(self, number: int) -> tuple[int, int]:
        return self._start[number], number

    def _pieces(self, number: int) -> float:
        return self._shop.operations[number].quantity

    # The surplus.

    def _fill_up(self, name: str, resource: str, members: Sequence[int], surplus: float) -> None:
        """Give the surplus to the components, in proportion, and on to their parents; scale what takes time."""
        orders = [self._shop.operations[number].order for number in members]
        quantity = [self._pieces(number) for number in members]
        open_parents = {order: self._open_parents(order) for order in orders}
        weights = [each if open_parents[order] else 0.0 for order, each in zip(orders, quantity, strict=True)]
        shares = distribute(surplus, weights if any(weights) else quantity)
        components, stock = [], 0.0
        gained, needed = dict[str, float](), dict[str, float]()
        for order, before, share in zip(orders, quantity, shares, strict=True):
            components.append(Change(order, before, before + share))
            self._shop.scale(order, (before + share) / before)
            parents = open_parents[order]
            stock += 0.0 if parents else share
            weights = [self._quantity[parent] for parent in parents]
            for parent, part in zip(parents, distribute(share, weights), strict=True):
                gained[parent] = gained.get(parent, 0.0) + part
                needed[parent] = needed.get(parent, 0.0) + before / sum(weights)
        grown, left = self._grow(gained, needed)
        self._outcome.batches.append(
            Batch(
                name, resource, self._size, surplus, tuple(components), tuple(grown), round(stock + left, 6)
            )
        )

    def _grow(self, gained: dict[str, float], needed: dict[str, float]) -> tuple[list[Change], float]:
        """Let parents grow by the pieces they gained, each taking what it needs of the batch; the rest is stock.

        A parent of several components in the batch grows once, by what all of them give.
        """
        changes, stock = [], 0.0
        for parent, pieces in gained.items():
            own, each = self._quantity[parent], needed[parent]
            more = pieces / each
            if own == int(own):
                more = float(math.floor(more + 1e-9))
            stock += pieces - more * each
            if more:
                changes.append(Change(parent, own, own + more))
                self._shop.scale(parent, (own + more) / own)
                self._firm.add(parent)
        return changes, stock

    def _open_parents(self, order: str) -> list[str]:
        """Parents that may still grow: not firm, and not grown with another batch before."""
        return [
            each for each in self._parents.get(order, ()) if each not in self._firm and self._quantity[each]
        ]


def firm_orders(shop: Shop) -> set[str]:
    """The orders nobody may change: firmed, or with an operation that has a place in the plan already."""
    found = {name for name, order in shop.order.items() if order.firm}
    found.update(
        operation.order
        for operation in shop.operations
        if operation.in_progress or operation.status is not Status.ACTIVE
    )
    # A load that is closed has no room for more pieces.
    found.update(shop.operations[number].order for number in shop.loaded)
    return found


def parents_of(shop: Shop) -> dict[str, list[str]]:
    """By order, those that wait for it."""
    found: dict[str, dict[str, None]] = {}
    for number, later in enumerate(shop.after):
        order = shop.operations[number].order
        for each in later:
            parent = shop.operations[each].order
            if parent != order:
                found.setdefault(order, {})[parent] = None
    return {order: list(parents) for order, parents in found.items()}


def quantities(shop: Shop) -> dict[str, float]:
    """By order, the quantity of its first operation."""
    found: dict[str, float] = {}
    for operation in sorted(shop.operations, key=lambda each: each.number):
        found.setdefault(operation.order, operation.quantity)
    return found


def distribute(total: float, weights: Sequence[float]) -> list[float]:
    """A total in proportion to weights; a whole one in whole parts, the rest by the largest remainder."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    if total != int(total):
        return exact
    parts = [math.floor(each + 1e-9) for each in exact]
    by_remainder = sorted(range(len(parts)), key=lambda each: (parts[each] - exact[each], each))
    for each in by_remainder[: int(total) - sum(parts)]:
        parts[each] += 1
    return [float(part) for part in parts]
