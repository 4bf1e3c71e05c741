"""Planned orders netted against counted stock and open orders, with the reckoning a planner reads."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.utils import timezone

from inventory.errors import Refused
from inventory.models import CustomerPart, DemandSchedule, StockCount
from inventory.services import record_stock_count
from scheduling import services
from scheduling.demo import add_demo_production
from scheduling.models import ManufacturingOrder, Operation, Routing, RoutingOperation
from scheduling.states import OrderSource
from sequencer.models import DeliveryLine, Shipment
from tests.factories import make_plant
from tests.scheduling.shop import MONDAY, Shop, browser
from tests.scheduling.test_orders_and_floor import FRIDAY, TUESDAY, release

AT = {"by": "planner", "at": MONDAY}


@pytest.fixture
def netted(transactional_db: None, shop: Shop) -> Shop:
    routing = Routing.objects.create(part=shop.part, net=True)
    RoutingOperation.objects.create(routing=routing, number=10, work_centre=shop.press, hours_each=0.1)
    return shop


def count(quantity: int, hours_ago: float = 2.0) -> StockCount:
    return record_stock_count(
        "HOUSING", Decimal(quantity), counted_at=MONDAY - timedelta(hours=hours_ago), **AT
    )


def planned() -> dict[str, int]:
    rows = ManufacturingOrder.objects.filter(status="PLANNED", source="RELEASE").order_by("number")
    return {order.number: int(order.quantity) for order in rows}


def delivered(shop: Shop, quantity: int) -> None:
    """A truck of the customer's left at six with so many pieces."""
    plant = make_plant()
    CustomerPart.objects.create(customer=plant.customer, number="C-H", part=shop.part)
    shipment = Shipment.objects.create(
        number="S1", unloading_point=plant.program.unloading_point, status="DEPARTED", planned_at=MONDAY,
        leaves_at=MONDAY, departed_at=MONDAY,
    )  # fmt: skip
    DeliveryLine.objects.create(shipment=shipment, customer_part="C-H", shipped=quantity)


def reckoned() -> services.Reckoning:
    (one,) = services.reckon_releases(at=MONDAY)
    return one


def figures(one: services.Reckoning) -> tuple[Any, ...]:
    return one.gross, int(one.demand), int(one.open), int(one.net), int(one.planned)


def test_a_part_without_counted_stock_is_gross_and_says_so(netted: Shop) -> None:
    release(netted, (TUESDAY, 20), (FRIDAY, 40))
    assert figures(reckoned()) == ("no_count", 60, 0, 60, 60)
    services.take_releases(**AT)
    assert planned() == {"HOUSING-261124": 20, "HOUSING-261127": 40}


def test_stock_and_open_orders_are_taken_off_and_rounded_to_lots(netted: Shop) -> None:
    Routing.objects.update(lot_size=25)
    release(netted, (TUESDAY, 20), (FRIDAY, 60))
    netted.order("BY-HAND", due_hours=24)
    count(15)
    assert figures(reckoned()) == ("", 80, 10, 55, 75)
    services.take_releases(**AT)
    assert planned() == {"HOUSING-261127": 75}
    assert services.take_releases(**AT) == type(services.take_releases(**AT))(), "said again nothing changes"


def test_what_is_left_to_make_is_told_without_the_rests_of_lots(netted: Shop) -> None:
    Routing.objects.update(lot_size=25)
    release(netted, (TUESDAY, 80), (FRIDAY, 60))
    count(40)
    assert figures(reckoned()) == ("", 140, 0, 100, 100)
    release(netted, (TUESDAY, 81), (FRIDAY, 60), number="2")
    assert figures(reckoned()) == ("", 141, 0, 101, 125)


def test_planned_orders_follow_a_new_count_and_go_when_it_covers_them(netted: Shop) -> None:
    release(netted, (TUESDAY, 20), (FRIDAY, 40))
    services.take_releases(**AT)
    count(30)
    taken = services.take_releases(**AT)
    assert (taken.cancelled, taken.changed) == (["HOUSING-261124"], ["HOUSING-261127"])
    assert planned() == {"HOUSING-261127": 30}
    assert (
        ManufacturingOrder.objects.get(number="HOUSING-261124").reason == "Covered by stock and open orders."
    )
    count(0, hours_ago=1)
    assert services.take_releases(**AT).created == ["HOUSING-261124-2"], (
        "no longer covered, it is a new order"
    )


def test_the_switch_off_and_an_old_count_take_nothing_off(netted: Shop) -> None:
    release(netted, (TUESDAY, 20))
    count(30, hours_ago=30)
    assert reckoned().gross == "old_count"
    count(30)
    Routing.objects.update(net=False)
    assert figures(reckoned()) == ("off", 20, 0, 20, 20)
    services.take_releases(**AT)
    assert planned() == {"HOUSING-261124": 20}


def test_firm_orders_count_and_stay(netted: Shop) -> None:
    release(netted, (TUESDAY, 20), (FRIDAY, 40))
    services.take_releases(**AT)
    services.firm_order(ManufacturingOrder.objects.get(number="HOUSING-261124").pk, **AT)
    count(5)
    services.take_releases(**AT)
    assert planned() == {"HOUSING-261127": 35}, "the firm order covers its own need, five are too many"


def order_of(number: str) -> ManufacturingOrder:
    return ManufacturingOrder.objects.get(number=number)


def told(one: services.Reckoning) -> list[tuple[str, str, int]]:
    return [(caution.code, caution.order, int(caution.quantity)) for caution in one.cautions]


@pytest.mark.parametrize("net", [True, False])
def test_a_need_that_outgrows_its_firm_order_gets_a_further_one(netted: Shop, net: bool) -> None:
    Routing.objects.update(net=net, lot_size=25)
    count(0)
    release(netted, (TUESDAY, 25))
    services.take_releases(**AT)
    services.firm_order(order_of("HOUSING-261124").pk, **AT)
    release(netted, (TUESDAY, 60), number="2")
    assert services.take_releases(**AT).created == ["HOUSING-261124-2"]
    assert planned() == {"HOUSING-261124-2": 50 if net else 35}, "lots round what is netted"
    assert services.take_releases(**AT).created == []
    # The further one is firm too, and the need grows again; then it shrinks below both.
    services.firm_order(order_of("HOUSING-261124-2").pk, **AT)
    release(netted, (TUESDAY, 90), number="3")
    assert services.take_releases(**AT).created == ["HOUSING-261124-3"]
    release(netted, (TUESDAY, 70), number="4")
    taken = services.take_releases(**AT)
    assert ("HOUSING-261124-3" in taken.cancelled) == net
    release(netted, (TUESDAY, 20), number="5")
    services.take_releases(**AT)
    assert planned() == {}
    assert told(reckoned()) == [
        ("not_needed", "HOUSING-261124-2", 50 if net else 35),
        ("not_needed", "HOUSING-261124", 5),
    ]


def test_a_firm_order_whose_need_is_gone_is_told_and_covers_others(netted: Shop) -> None:
    release(netted, (TUESDAY, 20), (FRIDAY, 40))
    services.take_releases(**AT)
    services.firm_order(order_of("HOUSING-261124").pk, **AT)
    count(0)
    release(netted, (FRIDAY, 15), number="2")
    services.take_releases(**AT)
    assert planned() == {}
    assert told(reckoned()) == [("not_needed", "HOUSING-261124", 5)]
    release(netted, number="3")
    services.take_releases(**AT)
    assert told(reckoned()) == [("not_needed", "HOUSING-261124", 20)], (
        "also where the part is asked for no more"
    )


def test_a_firm_order_that_comes_too_late_and_a_cancelled_one_are_told(netted: Shop) -> None:
    release(netted, (TUESDAY, 20), (FRIDAY, 40))
    count(5)
    services.take_releases(**AT)
    services.firm_order(order_of("HOUSING-261124").pk, **AT)
    ManufacturingOrder.objects.filter(number="HOUSING-261124").update(due_at=MONDAY + timedelta(days=3))
    services.cancel_order(order_of("HOUSING-261127").pk, reason="dropped", **AT)
    services.take_releases(**AT)
    assert planned() == {}
    assert sorted(told(reckoned())) == [("late", "HOUSING-261124", 15), ("short", "", 40)]
    page = browser().get("/schedule/orders/").content.decode()
    assert "HOUSING-261124 stands firm and comes too late" in page
    assert "40 are missing" in page


def test_whatever_happens_needs_are_covered_or_told_and_twice_is_once(netted: Shop) -> None:
    """Forty releases, counts, firmed and cancelled orders, drawn with one seed."""
    chance = Random(20261122)
    for round_ in range(40):
        Routing.objects.update(lot_size=chance.choice([None, 7, 25]))
        StockCount.objects.all().delete()
        count(chance.randrange(60))
        days = sorted(chance.sample(range(1, 12), chance.randrange(1, 5)))
        asked = [(MONDAY.date() + timedelta(days=day), chance.randrange(1, 80)) for day in days]
        release(netted, *asked, number=str(round_))
        services.take_releases(**AT)
        again = services.take_releases(**AT)
        assert (again.created, again.changed, again.cancelled) == ([], [], [])
        covered(asked)
        for order in ManufacturingOrder.objects.filter(status="PLANNED", source="RELEASE"):
            if chance.random() < 0.4:
                services.firm_order(order.pk, **AT)
            elif chance.random() < 0.2:
                services.cancel_order(order.pk, reason="drawn", **AT)


def covered(asked: list[tuple[date, int]]) -> None:
    """Up to each day stock, open orders and what is told to be short or late are no less than what is asked."""
    (one,) = services.reckon_releases(at=MONDAY)
    assert one.stock is not None
    short = {(caution.due_at, caution.quantity) for caution in one.cautions if caution.code == "short"}
    orders = ManufacturingOrder.objects.filter(status__in=("PLANNED", "FIRM", "RELEASED"))
    for day, _ in asked:
        there = one.stock.there + sum(n for due, n in short if due and timezone.localtime(due).date() <= day)
        there += sum(
            order.quantity
            for order in orders
            if order.due_at and timezone.localtime(order.due_at).date() <= day
        )
        assert there >= sum(n for due, n in asked if due <= day), (day, asked)


def test_what_was_made_since_the_count_is_there_and_what_left_is_not(netted: Shop) -> None:
    count(30)
    order = netted.order("DONE-1", status="DONE", released_at=MONDAY, closed_at=MONDAY)
    Operation.objects.filter(order=order).update(
        operation_status=90, started_at=MONDAY, finished_at=MONDAY, good_count=8
    )
    delivered(netted, 33)
    release(netted, (TUESDAY, 20), (FRIDAY, 40))
    one = reckoned()
    assert one.stock is not None
    assert (int(one.stock.made), int(one.stock.left), int(one.net)) == (8, 33, 55)
    DeliveryLine.objects.update(shipped=50)
    assert figures(reckoned()) == ("less_left", 60, 0, 60, 60), "more left than was there: the count is wrong"


def test_an_order_for_a_component_covers_no_release(netted: Shop) -> None:
    release(netted, (FRIDAY, 40))
    count(0)
    netted.order("PART-OF", parent=netted.order("TOP", status="CANCELLED", closed_at=MONDAY), due_hours=24)
    assert figures(reckoned()) == ("", 40, 0, 40, 40)


def test_a_count_is_refused_that_cannot_be(netted: Shop) -> None:
    count(1)
    with pytest.raises(Refused, match="counted at that moment already"):
        count(2)
    with pytest.raises(Refused, match="still to come"):
        count(2, hours_ago=-1)


def test_the_page_shows_the_reckoning_and_follows_the_releases(netted: Shop) -> None:
    now = timezone.localdate()
    release(netted, (now + timedelta(days=2), 20))
    client = browser()
    assert "its stock was never counted" in client.get("/schedule/orders/").content.decode()
    posted = client.post(
        "/api/v1/stock-counts/", {"part": "HOUSING", "quantity": "12.5"}, content_type="application/json"
    )
    assert (posted.status_code, posted.json()["by"]) == (201, "planner")
    (row,) = client.get("/api/v1/manufacturing-orders/reckoning/").json()
    assert (row["gross"], row["stock"], row["net"]) == ("", "12.500", "7.500")
    told = client.post("/schedule/orders/follow/").content.decode()
    assert "1 new" in told
    assert "net: 12.5 counted" in told
    assert ManufacturingOrder.objects.get().quantity == Decimal("7.5")
    reader = browser("quality")
    assert reader.post("/schedule/orders/follow/").status_code == 403
    refused = reader.post(
        "/api/v1/stock-counts/", {"part": "HOUSING", "quantity": "1"}, content_type="application/json"
    )
    assert refused.status_code == 403


def test_the_demo_plant_has_netting_to_look_at(transactional_db: None) -> None:
    """Two customers, four docks: a part netted from a count, one nobody counted, one that is not netted."""
    add_demo_production(at=timezone.now())
    schedules = DemandSchedule.objects.filter(current=True, part__routing__isnull=False)
    assert {(one.customer.code, one.dock) for one in schedules} == {
        ("NORTH", "D1"), ("NORTH", "D3"), ("SOUTH", "03"), ("SOUTH", "05"),
    }  # fmt: skip
    told = {one.part: one for one in services.reckon_releases(at=timezone.now())}
    assert {part: one.gross for part, one in told.items()} == {
        "TR-100-WHT": "", "TR-200-RED": "off", "TR-200-SIL": "", "TR-300-BLK": "no_count",
    }  # fmt: skip
    assert 0 < told["TR-100-WHT"].net < told["TR-100-WHT"].demand
    assert told["TR-100-WHT"].planned % 20 == 0
    planned = ManufacturingOrder.objects.filter(source=OrderSource.RELEASE)
    assert set(planned.values_list("part__number", flat=True)) >= {"TR-200-RED", "TR-300-BLK"}
