"""One truck from the first scan to the accepted ASN, by a scanner's key events only, every wrong scan on the way.

JIS_PICTURES=<folder> keeps a picture of each state.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from sequencer.models import DockSignal, Rack, Shipment, TrailerType, UnloadingPoint
from sequencer.services import record_asn_status, share, token_of
from sequencer.states import AsnStatus
from tests.browser.conftest import Floor
from tests.factories import Plant, make_plant, person

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("JIS_PICTURES", "")


def keep(floor: Floor, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        floor.page.wait_for_timeout(250)
        for width, height in ((1280, 800), (1920, 1080)):
            floor.page.set_viewport_size({"width": width, "height": height})
            floor.page.wait_for_timeout(120)
            floor.page.screenshot(path=f"{PICTURES}/{name}-{width}.png")
        floor.page.set_viewport_size({"width": 1280, "height": 800})


@pytest.fixture
def plant(transactional_db: None) -> Plant:
    """Three staged racks for a trailer with two lanes of two places; seal, driver and places are scanned."""
    plant = make_plant(racks_per_truck=3)
    trailer = TrailerType.objects.create(
        code="T2x2", name="two lanes", lanes=2, places=2, scan_place=True, needs_seal=True, needs_driver=True
    )
    UnloadingPoint.objects.update(trailer_type=trailer)
    for n in range(3):
        plant.build([3 * n + 1, 3 * n + 2, 3 * n + 3], f"R{n + 1}")
    plant.plan()
    # The browser lives now, the plant of the tests some days ahead of it.
    Shipment.objects.update(leaves_at=timezone.now() + timedelta(minutes=12, seconds=40))
    return plant


def test_one_truck_by_wedge_events(visit: Callable[..., Floor], plant: Plant) -> None:
    loader = person("lou", "logistics", "LOU")
    number = Shipment.objects.get().number
    dock = visit(loader).open(f"/dock/{plant.dock.pk}/")
    keep(dock, "01-badge")
    dock.scan("%B:LOU").asked("SCAN TRUCK").scan(f"%T:{number}").asked("LOAD RACK R1")
    keep(dock, "02-load")
    dock.scan("%R:R2").turned("stop").told("WRONG ORDER").told("NEED")
    keep(dock, "03-wrong-order")
    dock.scan("%R:R9").told("WRONG RACK").scan("%R:R1").asked("SCAN PLACE 1-1")
    keep(dock, "04-place")
    dock.scan("%Z:D:2-1").turned("stop").told("WRONG LANE")
    keep(dock, "05-wrong-lane")
    dock.scan("%Z:D:1-1").turned("ok").asked("LOAD RACK R2")
    dock.scan("%R:R2").asked("SCAN PLACE 1-2").scan("%Z:D:1-2").asked("LOAD RACK R3")
    keep(dock, "06-half")
    dock.scan("%R:R3").asked("SCAN PLACE 2-1").scan("%Z:D:2-1").asked("SCAN THE SEAL")
    keep(dock, "07-seal")
    dock.scan("%C:DEPART").turned("stop").told("no seal")
    dock.scan("SEAL-4711").asked("DRIVER").scan("%D:JAN KOWALSKI").asked("SCAN DEPART")
    keep(dock, "08-depart")
    dock.scan("%C:DEPART").turned("ok")
    dock.page.wait_for_selector(".asn >> text=ASN")
    shipment = Shipment.objects.get()
    assert (shipment.status, shipment.seal_number) == ("DEPARTED", "SEAL-4711")
    assert DockSignal.objects.count() == 4, "each refused scan that stopped the loading sounded the horn"
    record_asn_status(shipment.pk, AsnStatus.ACCEPTED, at=timezone.now())
    dock.page.wait_for_selector(".asn.asn-accepted >> text=/ASN accepted/")
    assert dock.page.locator(".asn.asn-accepted time").inner_text().count(":") == 2
    keep(dock, "09-accepted")
    assert dock.page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")


def test_a_rack_opened_on_the_truck_is_taken_off_by_scan(visit: Callable[..., Floor], plant: Plant) -> None:
    loader = person("lou", "logistics", "LOU")
    dock = visit(loader).open(f"/dock/{plant.dock.pk}/")
    dock.scan("%B:LOU").asked("SCAN TRUCK").scan(f"%T:{Shipment.objects.get().number}").asked("LOAD RACK R1")
    for rack, place in (("R1", "1-1"), ("R2", "1-2")):
        dock.scan(f"%R:{rack}").asked("SCAN PLACE").scan(f"%Z:D:{place}").asked("LOAD RACK")
    plant.take("CHANGE", "V0002", "0002", "C-B", required=122)
    dock.asked("TAKE OFF R2")
    keep(dock, "10-take-off")
    dock.scan("%R:R1").turned("stop").told("WRONG ORDER").scan("%R:R2").asked("TAKE OFF R1")
    dock.scan("%R:R1").asked("WAIT FOR R-1")
    assert set(Rack.objects.values_list("status", flat=True)) == {"REOPENED", "STAGED"}


def test_the_desk_says_why_a_truck_may_not_leave_and_the_oem_sees_it(
    visit: Callable[..., Floor], plant: Plant
) -> None:
    desk = visit(plant.supervisor)
    page = desk.page
    page.goto(desk.address + "/shipping/")
    page.wait_for_selector(".truck")
    keep(desk, "20-desk")
    page.click(".truck a")
    page.wait_for_selector(".gates .unmet")
    keep(desk, "21-shipment")
    assert page.locator("button:has-text('Depart')").is_disabled()
    assert "R-1 is staged" in page.inner_text(".gates")
    link = share(plant.line.plant_id, name="Dispatcher", days=7, by="boss", at=timezone.now())
    stranger = visit(None)
    stranger.page.goto(f"{stranger.address}/share/{token_of(link)}/")
    assert "R3" in stranger.page.inner_text("main")
    keep(stranger, "22-share")
    page.click("button:has-text('Call off')")
    page.fill("#reason", "no driver today")
    page.click("dialog button.danger")
    page.wait_for_selector("text=This truck was called off")
    assert Shipment.objects.get().status == "CANCELLED"
    page.goto(desk.address + "/shipping/")
    page.wait_for_selector(".rack-card")
