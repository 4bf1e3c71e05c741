"""Planned orders netted against counted stock and open orders, with the reckoning a planner reads."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from inventory.errors import Refused
from inventory.models import CustomerPart, StockCount
from inventory.services import record_stock_count
from scheduling import services
from scheduling.models import ManufacturingOrder, Operation, Routing, RoutingOperation
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
