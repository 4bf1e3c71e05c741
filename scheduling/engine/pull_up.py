"""Pull-up and material synchronisation: operations start as late as what waits for them lets them, in the same order.

Pull-up compacts each order: its last operation stays, the earlier ones come closer to it. Synchronisation moves
component orders whole, towards the parents that wait for them. No due order ends later, no resource changes its
sequence, and no setup changes.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from scheduling.engine.passes import NOWHERE, Plan, Shop


def all_may(number: int) -> bool:
    """Hold nothing where it is."""
    return True


def compact(
    shop: Shop, plan: Plan, *, orders: bool, components: bool, free: Callable[[int], bool] = all_may
) -> None:
    """Move operations of a finished plan later: within all orders, within and behind component orders, or both.

    What is not `free` stays where it is, beside what never moves in the problem.
    """
    may_move = _movable(shop, orders=orders, components=components)
    followers: dict[int, list[int]] = {}
    for sequence in [*plan.sequences(shop), *_beside(plan)]:
        for number, follower in pairwise(sequence):
            followers.setdefault(number, []).append(follower)
    rank = {number: place for place, number in enumerate(shop.topological())}
    # What waits for an operation, and what follows it on its resource, has its time when the operation's turn comes.
    placed = [number for number in range(len(shop.operations)) if plan.placed(number)]
    for number in sorted(placed, key=lambda each: (plan.start[each], rank[each]), reverse=True):
        shop.heed()
        limits = [plan.start[later] for later in shop.after[number] if plan.placed(later)]
        if number in shop.lead or not limits or not may_move(number) or not free(number):
            continue
        limits += [plan.start[each] for each in followers.get(number, ())]
        _move(shop, plan, number, min(limits))
    shop.spread(plan)


def _beside(plan: Plan) -> list[list[int]]:
    """By secondary resource, its operations in order."""
    found: dict[int, list[int]] = {}
    for number, resource in enumerate(plan.secondary):
        if resource != NOWHERE:
            found.setdefault(resource, []).append(number)
    return [sorted(numbers, key=lambda number: plan.start[number]) for numbers in found.values()]


def _movable(shop: Shop, *, orders: bool, components: bool) -> Callable[[int], bool]:
    """Whether an operation may move at all; one that stands for a load moves only where each of them may."""
    last = {order: max(shop.operations[each].number for each in numbers) for order, numbers in shop.of_order.items()
            if numbers}  # fmt: skip
    parents = {
        shop.operations[number].order
        for number, after in enumerate(shop.after)
        if any(shop.operations[each].order != shop.operations[number].order for each in after)
    }
    # The setup of a dated matrix goes by when the operation is ready, which a move of what it waits for would change.
    dated = {number for number, matrix in enumerate(shop.setups.matrices) if matrix.dated}
    members: dict[int, list[int]] = {}
    for number, lead in shop.lead.items():
        members.setdefault(lead, []).append(number)

    def one(number: int) -> bool:
        operation = shop.operations[number]
        component = components and operation.order in parents
        return component or (orders and operation.number < last[operation.order])

    def may_move(number: int) -> bool:
        loaded = [number, *members.get(number, ())]
        where = {each for one in (number, *shop.after[number]) for each in shop.allowed[one]}
        return not shop.operations[number].fixed and not where & dated and all(map(one, loaded))

    return may_move


def _move(shop: Shop, plan: Plan, number: int, limit: int) -> None:
    """The latest start from which the operation, its setup as it is, ends by a moment; never an earlier one."""
    if not shop.operations[number].hours:
        plan.start[number] = plan.end[number] = max(plan.start[number], limit)
        return
    resource, setup = plan.resource[number], plan.setup[number]
    clock = shop.clocks[resource]

    def end(start: int) -> int:
        return shop.finish(number, resource, clock.add(clock.opens(start), setup))

    early, late = plan.start[number], limit
    while late - early > 1:
        middle = (early + late) // 2
        if end(middle) <= limit:
            early = middle
        else:
            late = middle
    start = clock.opens(early)
    if plan.start[number] < start and end(start) <= limit:
        plan.start[number], plan.end[number] = start, end(start)
