"""Orders from routings and releases, what the floor does of them, and what a published plan writes for both."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from inventory.errors import Refused
from inventory.models import Customer, DemandLine, DemandSchedule
from scheduling import services
from scheduling.models import (
    ExportRow,
    KeyRule,
    ManufacturingOrder,
    Operation,
    Plan,
    PlannedOperation,
    Resource,
    Routing,
    RoutingOperation,
)
from scheduling.states import OrderStatus, PlanStatus
from tests.scheduling.shop import MONDAY, Shop

AT = {"by": "planner", "at": MONDAY}


@pytest.fixture
def routed(transactional_db: None, shop: Shop) -> Shop:
    """HOUSING is pressed in half an hour and 0.1 h a piece, on P2 alone; its key is colour and tool."""
    routing = Routing.objects.create(part=shop.part)
    step = RoutingOperation.objects.create(
        routing=routing, number=10, work_centre=shop.press, hours_fixed=0.5, hours_each=0.1,
        attributes={"tool": "T7"},
    )  # fmt: skip
    step.resources.set([shop.p2])
    RoutingOperation.objects.create(routing=routing, number=20, work_centre=shop.paint, hours_fixed=1)
    shop.part.colour = "RED"
    shop.part.save()
    KeyRule.objects.create(
        work_centre=shop.press, position=1, attribute="colour", length=4, map={"RED": "R10"}
    )
    KeyRule.objects.create(work_centre=shop.press, position=2, attribute="tool", length=3)
    return shop


def release(shop: Shop, *lines: tuple[date | None, int], number: str = "1", **more: Any) -> DemandSchedule:
    """A newer release of the customer; what he said before no longer counts."""
    customer, _ = Customer.objects.get_or_create(code="OEM")
    DemandSchedule.objects.update(current=False, replaced_at=MONDAY)
    schedule = DemandSchedule.objects.create(
        customer=customer, feed="OEM", horizon="PLAN", customer_part="C-H", part=shop.part, received_at=MONDAY,
        release_number=number, source=number, message=number, **more,
    )  # fmt: skip
    for place, (first, quantity) in enumerate(lines):
        DemandLine.objects.create(schedule=schedule, number=place, first=first, quantity=quantity)
    return schedule


TUESDAY, FRIDAY = date(2026, 11, 24), date(2026, 11, 27)


def test_a_release_becomes_orders_with_the_operations_of_the_routing(routed: Shop) -> None:
    release(routed, (TUESDAY, 20), (FRIDAY, 40), (date(2027, 6, 1), 5))
    taken = services.take_releases(**AT)
    assert taken.created == ["HOUSING-261124", "HOUSING-261127"], "what lies far ahead makes no order yet"
    order = ManufacturingOrder.objects.get(number="HOUSING-261124")
    assert (order.quantity, order.due_at, order.source) == (20, MONDAY + timedelta(hours=18), "RELEASE")
    press, paint = order.operations.all()
    assert (press.hours, press.key, paint.hours, paint.key) == (2.5, "R10 T7", 1.0, "")
    assert [one.code for one in press.resources.all()] == ["P2"]
    assert services.take_releases(**AT) == type(taken)(), "said again nothing changes"


def test_planned_orders_follow_the_next_release_and_firm_ones_stay(routed: Shop) -> None:
    release(routed, (TUESDAY, 20), (FRIDAY, 40), (date(2026, 11, 30), 60))
    services.take_releases(**AT)
    services.firm_order(ManufacturingOrder.objects.get(number="HOUSING-261127").pk, **AT)
    release(routed, (TUESDAY, 25), (FRIDAY, 10), number="2")
    taken = services.take_releases(**AT)
    assert (taken.changed, taken.kept, taken.cancelled) == (
        ["HOUSING-261124"], ["HOUSING-261127"], ["HOUSING-261130"],
    )  # fmt: skip
    assert Operation.objects.get(order__number="HOUSING-261124", number=10).hours == 3.0
    assert ManufacturingOrder.objects.get(number="HOUSING-261127").quantity == 40
    release(routed, (date(2026, 11, 30), 60), number="3")
    assert services.take_releases(**AT).created == ["HOUSING-261130-2"], "wanted again, it is a new order"


def test_what_a_person_cancelled_no_release_brings_back(routed: Shop) -> None:
    release(routed, (TUESDAY, 20))
    services.take_releases(**AT)
    order = ManufacturingOrder.objects.get()
    with pytest.raises(Refused, match="Say why"):
        services.cancel_order(order.pk, reason=" ", **AT)
    services.cancel_order(order.pk, reason="made last week", **AT)
    assert services.take_releases(**AT).created == []


def published(shop: Shop) -> Plan:
    plan = services.plan_from_orders(start=MONDAY, **AT)
    return services.publish_plan(plan.pk, version=1, **AT)


def operation(order: str, number: int = 10) -> Operation:
    return Operation.objects.get(order__number=order, number=number)


def codes(*actions: Any) -> list[str]:
    found = []
    for action in actions:
        with pytest.raises(Refused) as refusal:
            action()
        found.append(refusal.value.code)
    return found


def test_the_published_plan_is_the_work_list_and_the_rows_for_the_erp(
    transactional_db: None, shop: Shop
) -> None:
    shop.order("A", due_hours=3)
    shop.order("B", due_hours=50)
    first = published(shop)
    rows = {row.order_number: row for row in ExportRow.objects.filter(plan=first)}
    assert rows["A"].late_minutes == 60, "two hours of press and two of paint from six o'clock, due at nine"
    assert (rows["B"].late_minutes, rows["B"].changed) == (0, True)
    again = services.export_csv(first.pk).splitlines()
    assert again[0].startswith("plan,order,part,quantity,quantity_before,due_at,starts_at")
    assert again[1].startswith(
        "1,A,HOUSING,10,10,2026-11-23T09:00+00:00,2026-11-23T06:00+00:00,2026-11-23T10:00+00:00"
    )
    ExportRow.objects.filter(plan=first).update(part_number="=1+1")
    assert "1,A,'=1+1,10" in services.export_csv(first.pk), "no spreadsheet reckons what a partner wrote"
    assert [str(one) for one in services.work_list(shop.p1.pk)] == ["A/10"]
    assert operation("A").planned_starts_at == MONDAY
    second = published(shop)
    assert not ExportRow.objects.filter(plan=second, changed=True).exists()
    first.refresh_from_db()
    assert (first.status, second.status) == (PlanStatus.ARCHIVED, PlanStatus.PUBLISHED)
    moved = PlannedOperation.objects.filter(plan=first, operation=operation("A"))
    moved.update(position=7)
    assert services.unpublish_plan(second.pk, **AT) == first
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (PlanStatus.PUBLISHED, PlanStatus.DRAFT)
    assert operation("A").planned_position == 7
    assert services.unpublish_plan(first.pk, **AT) is None
    assert operation("A").planned_starts_at is None
    assert codes(lambda: services.unpublish_plan(first.pk, **AT)) == ["forbidden_move"]


def test_the_floor_begins_and_ends_operations_and_the_next_plan_knows(
    transactional_db: None, shop: Shop
) -> None:
    shop.order("A", key="BLUE")
    shop.order("B")
    published(shop)
    a, paint = operation("A"), operation("A", 20)
    begun = MONDAY + timedelta(hours=1)
    assert codes(
        lambda: services.start_operation(paint.pk, resource_id=shop.coat.pk, **AT),
        lambda: services.start_operation(a.pk, resource_id=shop.coat.pk, **AT),
        lambda: services.finish_operation(a.pk, good_count=Decimal(10), **AT),
    ) == ["waits", "not_allowed_there", "wrong_state"]
    services.start_operation(a.pk, resource_id=shop.p2.pk, by="operator", at=begun)
    assert ManufacturingOrder.objects.get(number="A").status == OrderStatus.RELEASED
    assert codes(
        lambda: services.start_operation(a.pk, resource_id=shop.p2.pk, **AT),
        lambda: services.finish_operation(a.pk, good_count=Decimal(-1), **AT),
        lambda: services.cancel_order(a.order_id, reason="too late", **AT),
    ) == ["wrong_state", "bad_count", "forbidden_move"]
    plan = services.plan_from_orders(start=begun + timedelta(minutes=30), **AT)
    bar = PlannedOperation.objects.select_related("resource").get(plan=plan, operation=a)
    assert (bar.resource.code, bar.starts_at) == ("P2", begun), "it stays where it was begun"
    assert [str(one) for one in services.work_list(shop.p2.pk)] == ["A/10", "B/10"]
    services.finish_operation(a.pk, good_count=Decimal(9), by="operator", at=begun + timedelta(hours=2))
    assert Resource.objects.get(code="P2").state == "BLUE"
    services.start_operation(paint.pk, resource_id=shop.coat.pk, **AT)
    services.finish_operation(paint.pk, good_count=Decimal(9), **AT)
    assert ManufacturingOrder.objects.get(number="A").status == OrderStatus.DONE
    left = services.plan_from_orders(start=begun, **AT)
    assert {entry["order"] for entry in left.problem["operations"]} == {"B"}


def test_a_problem_leaves_out_what_nobody_can_make(transactional_db: None, shop: Shop) -> None:
    shop.order("A")
    component = shop.order("C", parent=shop.order("B"))
    ManufacturingOrder.objects.create(number="N", part=shop.part, quantity=1)
    operation("A").resources.set([shop.p1])
    Resource.objects.filter(pk=shop.p1.pk).update(active=False)
    plan = services.plan_from_orders(start=MONDAY, **AT)
    assert [one["text"] for one in plan.warnings[:2]] == [
        "A is left out: A/10 has no active resource in PRESS.",
        "N has no open operation; give HOUSING a routing.",
    ]
    assert {entry["id"] for entry in plan.problem["orders"]} == {"B", "C"}
    waits = {entry["id"]: entry.get("predecessors") for entry in plan.problem["operations"]}
    assert waits["B/10"] == [f"{component}/20"], "a parent waits for its component"


def test_two_plans_are_compared(transactional_db: None, shop: Shop) -> None:
    for name in ("A", "B"):
        shop.order(name, due_hours=6).operations.get(number=10).resources.set([shop.p1])
    plan = services.plan_from_orders(start=MONDAY, **AT)
    copy = services.copy_plan(plan.pk, **AT)
    services.move_operation(copy.pk, operation("B").pk, shop.p1.pk, 1, version=1, **AT)
    told = services.compare_plans(plan.pk, copy.pk)
    # The paint line keeps its order, so B waits there behind A.
    assert [(one.order, one.minutes) for one in told.later] == [("A", 120), ("B", 120)]
    assert told.moved_count == 4
    assert told.setup_hours[0] == told.setup_hours[1]
    back = services.compare_plans(copy.pk, plan.pk)
    assert ([one.order for one in back.earlier], back.later) == (["A", "B"], [])
    assert told.tardiness_hours == tuple(reversed(back.tardiness_hours))
