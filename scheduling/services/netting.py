"""What releases ask of each part against counted stock and open orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from inventory.models import CustomerPart, StockCount
from scheduling.models import ManufacturingOrder, PlanningRules, Routing
from scheduling.netting import NOTHING, Need, Receipt, net_needs
from scheduling.states import OrderStatus
from sequencer.models import DeliveryLine

OPEN = (OrderStatus.PLANNED, OrderStatus.FIRM, OrderStatus.RELEASED)


@dataclass(frozen=True, slots=True)
class Stock:
    """The latest count of a part, and what is known to have come and gone since."""

    counted: Decimal
    at: datetime
    made: Decimal
    left: Decimal

    @property
    def there(self) -> Decimal:
        return self.counted + self.made - self.left


@dataclass(frozen=True, slots=True)
class Reckoning:
    """How a part's planned orders come about. `gross` says why nothing is taken off: off, no_count, old_count,
    less_left (more has left than was counted); empty: it is netted."""

    part: str
    gross: str
    demand: Decimal
    stock: Stock | None
    open: Decimal
    net: Decimal
    lot_size: Decimal | None
    planned: Decimal


def reckon(
    needs: Iterable[Need], orders: Iterable[ManufacturingOrder], *, at: datetime
) -> tuple[dict[str, Decimal], list[Reckoning]]:
    """What to make of each need of the netted parts, and the reckoning of every part, by its number.

    A part is netted where its routing says so and its stock was counted lately enough; else it is gross, and the
    reckoning says why. Orders of components are their parents' and cover no release. Reads only.
    """
    by_part: dict[int, list[Need]] = {}
    for need in needs:
        by_part.setdefault(need.part_id, []).append(need)
    theirs: dict[int, list[ManufacturingOrder]] = {}
    for order in orders:
        theirs.setdefault(order.part_id, []).append(order)
    routings = Routing.objects.filter(part__in=by_part).select_related("part").order_by("part__number")
    stocks = _stocks([routing.part_id for routing in routings if routing.net])
    oldest = at - timedelta(hours=(PlanningRules.objects.first() or PlanningRules()).stock_hours)
    to_make: dict[str, Decimal] = {}
    told = []
    for routing in routings:
        asked = by_part[routing.part_id]
        orders_of, reckoning = _of_part(
            routing, asked, theirs.get(routing.part_id, []), stocks.get(routing.part_id), oldest, at
        )
        told.append(reckoning)
        if not reckoning.gross:
            to_make |= {need.key: orders_of.get(need.key, NOTHING) for need in asked if not need.over}
    return to_make, told


def _of_part(
    routing: Routing, needs: Sequence[Need], orders: Sequence[ManufacturingOrder], stock: Stock | None,
    oldest: datetime, at: datetime,
) -> tuple[dict[str, Decimal], Reckoning]:  # fmt: skip
    gross = _why_gross(routing, stock, oldest)
    asked = [need for need in needs if not need.over]
    own, settled, receipts = _supply(needs, orders, at)
    if gross or stock is None:
        orders_of = {need.key: need.quantity for need in asked if need.key not in {*own, *settled}}
        left = sum(orders_of.values(), NOTHING)
    else:
        whole, rounded = (
            net_needs(asked, stock=stock.there, receipts=receipts, own=own, settled=settled, lot_size=lot)
            for lot in (None, routing.lot_size)
        )
        orders_of, left = rounded, sum(whole.values(), NOTHING)
    coming = sum((one.quantity for one in receipts), NOTHING) + sum(own.values(), NOTHING)
    demand = sum((need.quantity for need in asked), NOTHING)
    planned = sum(orders_of.values(), NOTHING)
    return orders_of, Reckoning(
        routing.part.number, gross, demand, stock, coming, left, routing.lot_size, planned
    )


def _why_gross(routing: Routing, stock: Stock | None, oldest: datetime) -> str:
    if not routing.net:
        return "off"
    if stock is None:
        return "no_count"
    if stock.at < oldest:
        return "old_count"
    return "less_left" if stock.there < 0 else ""


def _supply(
    needs: Iterable[Need], orders: Iterable[ManufacturingOrder], at: datetime
) -> tuple[dict[str, Decimal], set[str], list[Receipt]]:
    """Firm orders by the need they were made for, needs whose order is over, and what else will come.

    Planned orders that the next taking of the releases rewrites bring nothing. One that is past due and still to be
    made brings what its own need does not take.
    """
    asked = {need.key: need for need in needs}
    midnight = _midnight(at)
    own: dict[str, Decimal] = {}
    settled: set[str] = set()
    receipts = []
    for order in orders:
        need = asked.get(order.demand_key) if order.demand_key else None
        if order.status not in OPEN:
            settled |= {need.key} if need else set()
        elif order.parent_id is not None:
            continue
        elif need is not None and not need.over:
            if order.status != OrderStatus.PLANNED:
                own[need.key] = order.quantity
        elif need is not None:
            receipts.append(Receipt(max(NOTHING, order.quantity - need.quantity), None))
        elif order.status != OrderStatus.PLANNED or not order.demand_key or _past(order, midnight):
            receipts.append(Receipt(order.quantity, _midnight(order.due_at) if order.due_at else None))
    return own, settled, receipts


def _past(order: ManufacturingOrder, midnight: datetime) -> bool:
    return order.due_at is None or order.due_at < midnight


def _midnight(moment: datetime) -> datetime:
    """Pieces that are due in the course of a day cover what is wanted on that day."""
    return timezone.make_aware(datetime.combine(timezone.localtime(moment).date(), time()))


def _stocks(part_ids: Sequence[int]) -> dict[int, Stock]:
    latest: dict[int, StockCount] = {}
    for count in StockCount.objects.filter(part__in=part_ids).order_by("counted_at"):
        latest[count.part_id] = count
    return {
        part_id: Stock(count.quantity, count.counted_at, _made_since(count), _left_since(count))
        for part_id, count in latest.items()
    }


def _made_since(count: StockCount) -> Decimal:
    """Good pieces of orders that were finished after the count, by their last operation."""
    done = ManufacturingOrder.objects.filter(
        part=count.part_id, parent=None, status=OrderStatus.DONE, closed_at__gt=count.counted_at
    )
    last = [
        max(order.operations.all(), key=lambda one: one.number)
        for order in done.prefetch_related("operations")
    ]
    return sum((one.good_count for one in last if one.good_count is not None), NOTHING)


def _left_since(count: StockCount) -> Decimal:
    """What trucks took of the part after the count, in any customer's number for it."""
    names = CustomerPart.objects.filter(part=count.part_id).values_list("customer", "number").distinct()
    left = NOTHING
    for customer, number in names:
        rows = DeliveryLine.objects.filter(
            customer_part=number,
            shipment__unloading_point__plant__customer=customer,
            shipment__departed_at__gt=count.counted_at,
        )
        left += rows.aggregate(Sum("shipped"))["shipped__sum"] or NOTHING
    return left
