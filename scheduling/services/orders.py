"""Manufacturing orders: their operations from routings, what releases ask for, firmed and cancelled by people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.demand import Wanted, left_to_plan
from inventory.errors import Invalid, Refused, Stale, Unknown
from inventory.models import DemandSchedule, Part
from inventory.services import current_schedules, lines_of
from scheduling.engine import ProblemError
from scheduling.engine.keys import KeyGenerator, read_key_rules
from scheduling.models import KeyRule, ManufacturingOrder, Operation, Routing, RoutingOperation, move_row
from scheduling.netting import Need, further_key, need_of
from scheduling.sayings import refusal
from scheduling.services.netting import OPEN, Reckoning, reckon
from scheduling.states import ORDER_MOVES, OperationStatus, OrderSource, OrderStatus
from sequencer.services.journal import record_event

TOPIC = "schedule"
FIRM = (OrderStatus.FIRM, OrderStatus.RELEASED)
# How far ahead releases become orders.
DAYS_AHEAD = 60
# Orders whose operations are written in one stroke.
TOGETHER = 500
FOLLOWED = ("work_centre", "hours", "quantity", "attributes", "setup_standard", "setup_reduced", "key")
FACTS = ("quantity", "due_at", "not_before", "weight", "schedule_number")


def key_generator(work_centre_id: int) -> KeyGenerator:
    """The key rules of a work centre; refuses (422) rules the engine refuses."""
    rules = [
        {"attribute": rule.attribute, "length": rule.length, "from": rule.first, "pad": rule.pad,
         "align": rule.align, "map": rule.map}
        for rule in KeyRule.objects.filter(work_centre=work_centre_id).order_by("position")
    ]  # fmt: skip
    try:
        return read_key_rules(rules)
    except ProblemError as error:
        raise refusal("bad_key_rules", error) from error


def attributes_of(order: ManufacturingOrder, own: Mapping[str, Any]) -> dict[str, str]:
    """What a key may be made from: the part, the order, and what the routing says of the operation."""
    facts = {
        "part": order.part.number, "family": order.part.family, "colour": order.part.colour,
        "schedule_number": order.schedule_number,
    }  # fmt: skip
    return {**facts, **{name: str(value) for name, value in own.items()}}


def write_operations(*orders: ManufacturingOrder) -> int:
    """The operations of orders as routing and quantity have them, in the caller's transaction; gives how many.

    What stands is brought to the routing's hours; an operation the floor has begun, and one the routing does not
    know, stays. Without a routing nothing happens. Refuses (422) an attribute the key rules cannot use.
    """
    steps = _steps_of({order.part_id for order in orders})
    keys = {
        step.work_centre_id: key_generator(step.work_centre_id) for part in steps.values() for step in part
    }
    for start in range(0, len(orders), TOGETHER):
        _write_some(orders[start : start + TOGETHER], steps, keys)
    return sum(len(steps.get(order.part_id, ())) for order in orders)


def _write_some(
    orders: Sequence[ManufacturingOrder],
    steps: Mapping[int, list[RoutingOperation]],
    keys: Mapping[int, KeyGenerator],
) -> None:
    """In a few statements: a file of ten thousand orders must not keep the floor from writing for a minute."""
    rows = Operation.objects.filter(order__in=orders).prefetch_related("resources")
    known = {(row.order_id, row.number): row for row in rows}
    may_run = {row.pk: {resource.pk for resource in row.resources.all()} for row in known.values()}
    written: list[tuple[Operation, RoutingOperation]] = []
    for order in orders:
        for step in steps.get(order.part_id, ()):
            operation = known.get((order.pk, step.number)) or Operation(order=order, number=step.number)
            if operation.operation_status == OperationStatus.OPEN:
                _follow_routing(operation, order, step, keys[step.work_centre_id])
                written.append((operation, step))
    Operation.objects.bulk_update([row for row, _ in written if row.pk], FOLLOWED)
    Operation.objects.bulk_create([row for row, _ in written if not row.pk])
    wanted = {row.pk: {resource.pk for resource in step.resources.all()} for row, step in written}
    changed = [pk for pk, resources in wanted.items() if resources != may_run.get(pk, set())]
    pairs = Operation.resources.through
    pairs.objects.filter(operation__in=changed).delete()
    pairs.objects.bulk_create(
        pairs(operation_id=pk, resource_id=resource) for pk in changed for resource in sorted(wanted[pk])
    )


def _steps_of(part_ids: Iterable[int]) -> dict[int, list[RoutingOperation]]:
    steps: dict[int, list[RoutingOperation]] = {}
    rows = RoutingOperation.objects.filter(routing__part__in=part_ids).select_related("routing")
    for step in rows.prefetch_related("resources"):
        steps.setdefault(step.routing.part_id, []).append(step)
    return steps


def _follow_routing(
    operation: Operation, order: ManufacturingOrder, step: RoutingOperation, keys: KeyGenerator
) -> None:
    operation.work_centre_id = step.work_centre_id
    operation.hours = round(step.hours_fixed + step.hours_each * float(order.quantity), 6)
    operation.quantity = order.quantity
    operation.attributes = step.attributes
    operation.setup_standard, operation.setup_reduced = step.setup_standard, step.setup_reduced
    try:
        key = keys.key(attributes_of(order, step.attributes), f"{order.part} {step.number}")
    except ProblemError as error:
        raise refusal("bad_key", error) from error
    operation.key = key.rstrip()


def firm_order(order_id: int, *, by: str, at: datetime) -> ManufacturingOrder:
    """The order stands from now on, whatever the customer's release says. Refuses one that is begun or over."""
    with transaction.atomic(durable=True):
        order = _found(order_id)
        move_row(order, ORDER_MOVES, OrderStatus.FIRM)
        record_event(TOPIC, "order_firmed", order.number, at=at, by=by)
    return order


def cancel_order(order_id: int, *, by: str, reason: str, at: datetime) -> ManufacturingOrder:
    """The order is not made; the release it came from does not bring it back. Refuses one that is begun or over."""
    if not reason.strip():
        raise Invalid("no_reason", _("Say why the order is cancelled."))
    with transaction.atomic(durable=True):
        order = _found(order_id)
        _cancel(order, reason, at)
        record_event(TOPIC, "order_cancelled", order.number, at=at, by=by, reason=reason)
    return order


def _cancel(order: ManufacturingOrder, reason: str, at: datetime, **more: Any) -> None:
    move_row(order, ORDER_MOVES, OrderStatus.CANCELLED, reason=reason[:200], closed_at=at, **more)


def _found(order_id: int) -> ManufacturingOrder:
    order = ManufacturingOrder.objects.filter(pk=order_id).first()
    if order is None:
        raise Unknown("unknown_order", f"There is no order with the id {order_id}.")
    return order


@dataclass(slots=True)
class Taken:
    """What became of the releases, by order number. `kept` are firm orders the releases now see otherwise."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def take_releases(*, by: str, at: datetime, days: int = DAYS_AHEAD) -> Taken:
    """Orders for what current releases ask of parts that have a routing.

    Promise: said again nothing changes. A planned order follows its release in quantity and time and is cancelled when
    the release asks no more for it; a firm or begun one stays and is named in `kept`. Call-offs count before plans.
    Where a part is netted, an order is what stock and open orders leave of its need, and none where they cover it.
    What a firm or begun order is too small for, as its need has grown, is a further order.
    What is wanted in days gone by makes no order and cancels none. Two at once: one is told to try again (409).
    """
    taken = Taken()
    try:
        with transaction.atomic(durable=True):
            _take(taken, at, days)
            if taken.created or taken.changed or taken.cancelled:
                counts = [len(taken.created), len(taken.changed), len(taken.cancelled)]
                words = "{} created, {} changed, {} cancelled".format(*counts)
                record_event(TOPIC, "releases_taken", words, at=at, by=by, counts=counts)
    except IntegrityError as error:
        raise Stale("orders of the releases") from error
    return taken


def _take(taken: Taken, at: datetime, days: int) -> None:
    today = timezone.localtime(at).date()
    needs = {need.key: need for need in _needs(at, today, today + timedelta(days=days))}
    orders = ManufacturingOrder.objects.exclude(demand_key="").select_related("part")
    known: dict[str, list[ManufacturingOrder]] = {}
    for order in orders.prefetch_related("operations").order_by("pk"):
        known.setdefault(need_of(order.demand_key), []).append(order)
    to_make, _reckonings = reckon(needs.values(), _orders_of(needs.values()), at=at)
    for key, need in needs.items():
        _of_need(need, known.get(key, []), to_make.get(key), at, taken)
    midnight = timezone.make_aware(datetime.combine(today, time()))
    for order in (order for key, theirs in known.items() if key not in needs for order in theirs):
        if order.due_at is not None and order.due_at >= midnight:
            if order.status == OrderStatus.PLANNED:
                _let_go(order, "No longer in the customer's release.", at, taken)
            elif order.status in FIRM:
                taken.kept.append(order.number)


def _of_need(
    need: Need, orders: Sequence[ManufacturingOrder], make: Decimal | None, at: datetime, taken: Taken
) -> None:
    """Brings the orders of one need to what is left to make of it; None where its day is over."""
    planned = next((order for order in orders if order.status == OrderStatus.PLANNED), None)
    firm = [order for order in orders if order.status in FIRM]
    asked = need.quantity, need.due_at
    if (
        firm
        and (sum(order.quantity for order in firm), max(order.due_at or need.due_at for order in firm))
        != asked
    ):
        taken.kept += [order.number for order in firm]
    if make is None:
        if planned is not None and len(orders) == 1:
            _follow(planned, need, taken)
    elif planned is not None and make:
        _follow(planned, replace(need, quantity=make), taken)
    elif planned is not None:
        cancelled = any(order.status == OrderStatus.CANCELLED for order in orders)
        reason = (
            "Another order of its need was cancelled." if cancelled else "Covered by stock and open orders."
        )
        _let_go(planned, reason, at, taken)
    elif make:
        key = further_key(need.key, [order.demand_key for order in orders])
        taken.created.append(_create(replace(need, key=key, quantity=make)).number)


def reckon_releases(*, at: datetime, days: int = DAYS_AHEAD) -> list[Reckoning]:
    """How the planned orders of each part with a routing come about, by its number, with what is to be looked at.

    Reads only.
    """
    today = timezone.localtime(at).date()
    needs = list(_needs(at, today, today + timedelta(days=days)))
    return reckon(needs, _orders_of(needs), at=at)[1]


def _orders_of(needs: Iterable[Need]) -> list[ManufacturingOrder]:
    """What is open of their parts, what was ever made of a need, and what stands firm though no need is left."""
    theirs = ManufacturingOrder.objects.filter(
        Q(part__in={need.part_id for need in needs}) | Q(status__in=FIRM) & ~Q(demand_key="")
    )
    return list(theirs.filter(Q(status__in=OPEN) | ~Q(demand_key="")))


def _let_go(order: ManufacturingOrder, reason: str, at: datetime, taken: Taken) -> None:
    """Cancelled, and no longer known by its need: should the need come back, it makes another order."""
    _cancel(order, reason, at, demand_key="", demand_line=None)
    taken.cancelled.append(order.number)


def _follow(order: ManufacturingOrder, need: Need, taken: Taken) -> None:
    """Brings a planned order to what its release now says."""
    if (order.quantity, order.due_at) == (need.quantity, need.due_at):
        return
    order.quantity, order.due_at = need.quantity, need.due_at
    order.save(update_fields=["quantity", "due_at"])
    write_operations(order)
    taken.changed.append(order.number)


def _create(need: Need) -> ManufacturingOrder:
    order = ManufacturingOrder(
        part_id=need.part_id, quantity=need.quantity, due_at=need.due_at, source=OrderSource.RELEASE,
        demand_key=need.key,
    )  # fmt: skip
    order.number = _free_number(f"{order.part.number}-{timezone.localtime(need.due_at):%y%m%d}")
    order.save()
    write_operations(order)
    return order


def _free_number(wanted: str) -> str:
    taken = set(ManufacturingOrder.objects.filter(number__startswith=wanted).values_list("number", flat=True))
    return next(
        name for name in (wanted, *(f"{wanted}-{n}" for n in range(2, len(taken) + 3))) if name not in taken
    )


def _needs(at: datetime, today: date, until: date) -> Iterable[Need]:
    places: dict[tuple[str, ...], list[DemandSchedule]] = {}
    routed = Routing.objects.values("part")
    for schedule in current_schedules().filter(part__in=routed, withdrawn=False).prefetch_related("lines"):
        names = (schedule.feed, schedule.customer_part, schedule.ship_to, schedule.dock, schedule.line_feed)
        places.setdefault(names, []).append(schedule)
    for place, schedules in places.items():
        calls = _lines(schedules, DemandSchedule.Horizon.CALL)
        wanted = [*calls, *left_to_plan(calls, _lines(schedules, DemandSchedule.Horizon.PLAN))]
        yield from _of_place(place, schedules[0].part_id, wanted, at, today, until)


def _lines(schedules: Iterable[DemandSchedule], horizon: str) -> list[Wanted]:
    return [line for schedule in schedules if schedule.horizon == horizon for line in lines_of(schedule)]


def _of_place(
    place: tuple[str, ...], part_id: int, lines: Iterable[Wanted], at: datetime, today: date, until: date
) -> Iterable[Need]:
    """The needs of one place; lines of the same moment and order are one."""
    sums: dict[str, tuple[Decimal, datetime, bool]] = {}
    for line in lines:
        if not line.quantity or (line.first is not None and line.first > until):
            continue
        moment = f"{line.first or 'at once'} {line.time}".strip()
        key = "|".join((*place, line.order_ref, moment))[:200]
        over = line.end is not None and line.end < today
        quantity, due, _ = sums.get(key, (Decimal(0), _due(line, at), over))
        sums[key] = quantity + line.quantity, due, over
    for key, (quantity, due, over) in sums.items():
        yield Need(key, part_id, quantity, due, over)


def _due(line: Wanted, at: datetime) -> datetime:
    """The first day's time, or its beginning; what is wanted at once is due today."""
    if line.first is None:
        return timezone.make_aware(datetime.combine(timezone.localtime(at).date(), time()))
    hour, _, minute = line.time.partition(":")
    clock = time(int(hour), int(minute)) if hour.isdigit() and minute.isdigit() else time()
    return timezone.make_aware(datetime.combine(line.first, clock))


def enter_order(*, by: str, at: datetime, **facts: Any) -> ManufacturingOrder:
    """An order entered by hand or by another system, with the operations of its part's routing.

    Refuses (409) a number that is taken, (404) a part or parent that is not there.
    """
    try:
        with transaction.atomic(durable=True):
            if ManufacturingOrder.objects.filter(number=facts["number"]).exists():
                raise Refused(
                    "number_taken", _("There is an order %(order)s already.") % {"order": facts["number"]}
                )
            order = write_order(facts, source=OrderSource.HAND)
            record_event(TOPIC, "order_entered", order.number, at=at, by=by)
    except IntegrityError as error:
        raise Stale(f"order {facts['number']}") from error
    return order


def write_order(facts: Mapping[str, Any], *, source: OrderSource) -> ManufacturingOrder:
    """An order of that number as these facts say, with its operations; in the caller's transaction."""
    return write_orders([facts], source=source)[0]


def write_orders(facts: Sequence[Mapping[str, Any]], *, source: OrderSource) -> list[ManufacturingOrder]:
    """Orders of these numbers as the facts say, with their operations; in the caller's transaction.

    Refuses (404) a part that is not there and a parent that is neither there nor among them.
    """
    named = {one[name] for one in facts for name in ("number", "parent") if one.get(name)}
    known = ManufacturingOrder.objects.in_bulk(sorted(named), field_name="number")
    parts = Part.objects.in_bulk(sorted({one["part"] for one in facts}), field_name="number")
    written = []
    for one in facts:
        if one["part"] not in parts:
            raise Unknown("unknown_part", _("There is no part %(part)s.") % {"part": one["part"]})
        order = known.get(one["number"]) or ManufacturingOrder(number=one["number"], source=source)
        order.part = parts[one["part"]]
        for name in FACTS:
            setattr(order, name, one[name])
        written.append(order)
    ManufacturingOrder.objects.bulk_create([order for order in written if not order.pk], TOGETHER)
    there = known | {order.number: order for order in written}
    for order, one in zip(written, facts, strict=True):
        order.parent = there.get(one.get("parent") or "")
        if one.get("parent") and order.parent is None:
            raise Unknown("unknown_order", _("There is no order %(order)s.") % {"order": one["parent"]})
    stood = [order for order in written if order.number in known or order.parent]
    ManufacturingOrder.objects.bulk_update(stood, ("part", "parent", *FACTS), TOGETHER)
    write_operations(*written)
    return written
