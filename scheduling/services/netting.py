"""What releases ask of each part against counted stock and open orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from inventory.models import CustomerPart, StockCount
from scheduling.models import ManufacturingOrder, PlanningRules, Routing
from scheduling.netting import NOTHING, Need, Netted, Receipt, Supply, need_of, net_needs, still_to_order
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
class OrderCaution:
    """What netting does not put right by itself. `code`: not_needed (of the firm order so many pieces are too many),
    late (the firm order is due after the need it is for), short (the need lacks so many, as an order of it is done
    or a person cancelled one). `order` is empty where no order stands for it."""

    code: str
    order: str
    quantity: Decimal
    due_at: datetime | None


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
    cautions: tuple[OrderCaution, ...] = ()


def reckon(
    needs: Iterable[Need], orders: Iterable[ManufacturingOrder], *, at: datetime
) -> tuple[dict[str, Decimal], list[Reckoning]]:
    """What to make of each need beside the firm orders it has, and the reckoning of every part, by its number.

    A part is netted where its routing says so and its stock was counted lately enough; else it is gross, and the
    reckoning says why. Orders of components are their parents' and cover no release. Reads only.
    """
    by_part: dict[int, list[Need]] = {}
    for need in needs:
        by_part.setdefault(need.part_id, []).append(need)
    theirs: dict[int, list[ManufacturingOrder]] = {}
    for order in orders:
        theirs.setdefault(order.part_id, []).append(order)
    standing = {part for part, rows in theirs.items() if any(one.demand_key and _firm(one) for one in rows)}
    routings = Routing.objects.filter(part__in={*by_part, *standing}).select_related("part")
    stocks = _stocks([routing.part_id for routing in routings if routing.net])
    oldest = at - timedelta(hours=(PlanningRules.objects.first() or PlanningRules()).stock_hours)
    to_make: dict[str, Decimal] = {}
    told = []
    for routing in routings.order_by("part__number"):
        asked = by_part.get(routing.part_id, [])
        orders_of, reckoning = _of_part(
            routing, asked, theirs.get(routing.part_id, []), stocks.get(routing.part_id), oldest, at
        )
        told.append(reckoning)
        to_make |= {need.key: orders_of.get(need.key, NOTHING) for need in asked if not need.over}
    return to_make, told


def _of_part(
    routing: Routing, needs: Sequence[Need], orders: Sequence[ManufacturingOrder], stock: Stock | None,
    oldest: datetime, at: datetime,
) -> tuple[Mapping[str, Decimal], Reckoning]:  # fmt: skip
    gross = _why_gross(routing, stock, oldest)
    asked = [need for need in needs if not need.over]
    supply = _supply(needs, orders, at)
    if gross or stock is None:
        plain = rounded = _gross(asked, supply)
    else:
        plain, rounded = (
            net_needs(asked, supply, stock=stock.there, lot_size=lot) for lot in (None, routing.lot_size)
        )
    coming = sum((one.quantity for one in supply.receipts), NOTHING) + sum(supply.own.values(), NOTHING)
    return rounded.orders, Reckoning(
        routing.part.number, gross, sum((need.quantity for need in asked), NOTHING), stock, coming,
        sum(plain.orders.values(), NOTHING), routing.lot_size, sum(rounded.orders.values(), NOTHING),
        tuple(_cautions(asked, orders, plain, rounded, at)),
    )  # fmt: skip


def _gross(needs: Iterable[Need], supply: Supply) -> Netted:
    """Each need by itself: nothing but its own orders is taken off."""
    orders, short, spare = dict[str, Decimal](), dict[str, Decimal](), NOTHING
    for need in needs:
        own, done = supply.own.get(need.key, NOTHING), supply.done.get(need.key, NOTHING)
        make = still_to_order(need, supply)
        if make:
            orders[need.key] = make
        if need.key in supply.refused and own + done < need.quantity:
            short[need.key] = need.quantity - own - done
        spare += max(NOTHING, own - need.quantity)
    asked = {need.key for need in needs}
    spare += sum((own for key, own in supply.own.items() if key not in asked), NOTHING)
    return Netted(orders, short, spare)


def _cautions(
    needs: Iterable[Need], orders: Iterable[ManufacturingOrder], plain: Netted, rounded: Netted, at: datetime
) -> Iterator[OrderCaution]:
    """What stands otherwise than the releases ask: firm orders that come late or are not needed, and what is short."""
    asked, midnight = {need.key: need for need in needs}, _midnight(at)
    for key, quantity in rounded.short.items():
        yield OrderCaution("short", "", quantity, asked[key].due_at)
    spare = plain.spare
    firm = [one for one in orders if one.demand_key and _firm(one) and one.parent_id is None]
    # Of several the last is the first to be let go.
    for order in sorted(firm, key=lambda one: (one.due_at is not None, one.due_at, one.number), reverse=True):
        need = asked.get(need_of(order.demand_key))
        if need is not None and order.due_at is not None and order.due_at > need.due_at:
            yield OrderCaution("late", order.number, order.quantity, need.due_at)
        too_many = min(order.quantity, spare)
        spare -= too_many
        if too_many and not _past(order, midnight):
            yield OrderCaution("not_needed", order.number, too_many, order.due_at)


def _firm(order: ManufacturingOrder) -> bool:
    return order.status in (OrderStatus.FIRM, OrderStatus.RELEASED)


def _why_gross(routing: Routing, stock: Stock | None, oldest: datetime) -> str:
    if not routing.net:
        return "off"
    if stock is None:
        return "no_count"
    if stock.at < oldest:
        return "old_count"
    return "less_left" if stock.there < 0 else ""


def _supply(needs: Iterable[Need], orders: Iterable[ManufacturingOrder], at: datetime) -> Supply:
    """Firm and done orders by the need they were made for, needs a person refused, and what else will come.

    Planned orders that the next taking of the releases rewrites bring nothing. Those of a need that is past due bring
    together what it does not take.
    """
    asked = {need.key: need for need in needs}
    midnight = _midnight(at)
    own, done, over = (defaultdict[str, Decimal](Decimal) for _ in range(3))
    refused: set[str] = set()
    receipts = []
    for order in orders:
        need = asked.get(need_of(order.demand_key)) if order.demand_key else None
        if order.status not in OPEN:
            if need is not None and order.status == OrderStatus.CANCELLED:
                refused.add(need.key)
            elif need is not None:
                done[need.key] += order.quantity
        elif order.parent_id is not None:
            continue
        elif need is not None and need.over:
            over[need.key] += order.quantity
        elif need is not None:
            own[need.key] += order.quantity if _firm(order) else NOTHING
        elif _firm(order) or not order.demand_key or _past(order, midnight):
            receipts.append(Receipt(order.quantity, _midnight(order.due_at) if order.due_at else None))
    receipts += [Receipt(max(NOTHING, sum_ - asked[key].quantity), None) for key, sum_ in over.items()]
    return Supply({key: value for key, value in own.items() if value}, done, refused, receipts)


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
