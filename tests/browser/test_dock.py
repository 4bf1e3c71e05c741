"""The dock, driven by key events: load in order, depart, see the ASN come back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from sequencer.models import Shipment
from sequencer.services import record_asn_status
from sequencer.states import AsnStatus
from tests.browser.conftest import Floor
from tests.factories import Plant, make_plant, person

pytestmark = pytest.mark.browser


@pytest.fixture
def plant(transactional_db: None) -> Plant:
    """Two staged racks for one truck."""
    plant = make_plant(racks_per_truck=2)
    plant.build([1, 2, 3], "R1")
    plant.build([4, 5, 6], "R2")
    plant.plan()
    return plant


@pytest.fixture
def dock(visit: Callable[..., Floor], plant: Plant) -> Floor:
    loader = person("lou", "logistics", "LOU")
    return visit(loader).open(f"/dock/{plant.dock.pk}/")


@pytest.fixture
def truck(dock: Floor, plant: Plant) -> Floor:
    """Badge and truck scanned; the first rack is asked for."""
    number = Shipment.objects.get().number
    return dock.scan("%B:LOU").asked("SCAN TRUCK").scan(f"%T:{number}").asked("LOAD RACK R1")


def test_a_truck_is_loaded_in_order_departs_and_its_asn_comes_back(truck: Floor, plant: Plant) -> None:
    truck.scan("%R:R1").asked("LOAD RACK R2").scan("%R:R2").asked("SCAN DEPART").scan("%C:DEPART").turned(
        "ok"
    )
    truck.page.wait_for_selector(".asn >> text=ASN")
    shipment = Shipment.objects.get()
    assert shipment.status == "DEPARTED"
    record_asn_status(shipment.pk, AsnStatus.ACCEPTED, at=timezone.now())
    truck.page.wait_for_selector(".asn.asn-accepted >> text=ASN accepted")


def test_a_rack_out_of_order_is_refused_and_the_right_one_goes_on(truck: Floor) -> None:
    truck.scan("%R:R2").turned("stop").told("WRONG ORDER").told("NEED").scan("%R:R1").turned("ok")
    truck.asked("LOAD RACK R2")


def test_a_truck_that_is_not_complete_does_not_depart(truck: Floor) -> None:
    truck.scan("%C:DEPART").turned("stop").told("load every rack first")
    assert Shipment.objects.get().status == "OPEN"


def test_sending_short_needs_a_supervisors_badge_and_pin(truck: Floor) -> None:
    truck.scan("%R:R1").asked("LOAD RACK R2").scan("%C:SHORT").asked("SCAN THE REASON").scan(
        "%M:RACK-LATE"
    ).asked("SUPERVISOR BADGE")
    truck.scan("%B:LOU").told("NOT ALLOWED").scan("%B:BOSS").page.wait_for_selector("#pin-field:focus")
    truck.page.keyboard.type("4711", delay=60)
    truck.page.keyboard.press("Enter")
    truck.told("left behind")
    assert Shipment.objects.filter(status="DEPARTED").count() == 1


def test_the_trailer_shows_places_in_loading_order_and_what_is_missing_where(
    visit: Callable[..., Floor], plant: Plant
) -> None:
    page = visit(plant.supervisor).open(f"/dock/{plant.dock.pk}/").page
    assert page.locator(".place b").all_inner_texts() == ["R1", "R2"]
    assert page.inner_text(".carrier") == "R1"
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")


def test_the_countdown_is_the_largest_thing_beside_the_rack(dock: Floor) -> None:
    size = "one => parseFloat(getComputedStyle(one).fontSize)"
    assert dock.page.locator(".countdown b").evaluate(size) >= 76
    assert dock.page.inner_text(".countdown span") in {"min", "min late"}
