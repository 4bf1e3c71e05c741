"""Racks in Chromium: a changed order is carried out by scan at the station, a sealed one is decided on its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sequencer.models import Carrier, RackType
from tests.factories import Plant
from tests.sequencer.test_rack_moves import back, label, packed, swap

pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def carts(plant: Plant) -> Plant:
    plant.commodity.rack_type.columns = 4
    plant.commodity.rack_type.save()
    Carrier.objects.create(
        code="H-1", kind="HOLD", rack_type=RackType.objects.create(code="HOLD", rows=1, columns=4)
    )
    return plant


def test_the_station_leads_through_the_move_list(visit: Callable[..., Any], carts: Plant) -> None:
    packed(carts, 1, 2, 3)
    swap(carts, 1, 3)
    station = visit(carts.operator).open(f"/station/{carts.station.pk}/")
    station.asked("SCAN MOVES")
    station.page.wait_for_selector(".slot.loose")
    station.scan("%C:MOVES").asked("TAKE FROM SLOT 1")
    station.scan("%L:2").told("WRONG SLOT")
    station.scan("%L:1").asked("PUT ON HOLD CART H-1")
    station.scan("%R:H-1").asked("TAKE FROM SLOT 3")
    station.scan("%L:3").asked("SCAN THE PIECE")
    station.scan(label(3)).asked("PUT INTO SLOT 1")
    station.scan("%L:1").asked("TAKE FROM HOLD CART H-1")
    station.scan("%R:H-1").asked("SCAN THE PIECE")
    station.scan(label(1)).asked("PUT INTO SLOT 3")
    station.scan("%L:3").asked("SCAN PART")
    assert station.page.locator(".slot.loose").count() == 0
    assert station.page.locator(".slot.filled").count() == 3


def test_a_sealed_rack_is_decided_on_its_page(visit: Callable[..., Any], carts: Plant) -> None:
    packed(carts, 1, 2, 3, 4, of=8)
    assert carts.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    boss = visit(carts.supervisor)
    page = boss.page
    page.goto(f"{boss.address}/racks/")
    page.click("text=Drawing >> nth=0")
    page.click("#act >> text=Open rack")
    page.wait_for_selector("#stream-light[data-state=live]")
    assert page.locator(".rack-decide").count() == 0
    swap(carts, 1, 3)
    page.wait_for_selector(".rack-decide .countdown")
    page.click("text=Reopen and move")
    assert carts.rack(1).status == "STAGED", "a reason is asked for"
    page.fill("#reason", "truck waits")
    swap(carts, 2, 4)
    page.wait_for_function("() => document.querySelectorAll('.rack-decide .moves li').length === 4")
    assert page.input_value("#reason") == "truck waits", "news do not take what is being typed"
    assert page.evaluate("() => document.activeElement.id") == "reason"
    page.click("text=Reopen and move")
    page.wait_for_function(
        "() => document.querySelector('[data-part=moves]').innerText.includes('slot 3 → slot 1')"
    )
    assert carts.rack(1).status == "REOPENED"
    back(carts, 2, 4)
    back(carts, 1, 3)
    page.wait_for_function(
        "() => document.querySelector('[data-part=moves]').innerText.includes('Every piece stands')"
    )


def test_a_press_without_end_holds_news_back_not_for_good(visit: Callable[..., Any], carts: Plant) -> None:
    packed(carts, 1, 2, 3, 4, of=8)
    assert carts.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    boss = visit(carts.supervisor)
    page = boss.page
    page.goto(f"{boss.address}/racks/{carts.rack(1).pk}/")
    page.wait_for_selector("#stream-light[data-state=live]")
    page.hover("[data-part=slots] h2")
    page.mouse.down()
    # The browser swallows the end of a press where a menu opens: here it never comes.
    swap(carts, 1, 3)
    page.wait_for_selector(".rack-decide .countdown")
    assert page.locator(".rack-decide .moves li").count() == 2
    page.mouse.up()


def test_a_rack_type_is_drawn_while_it_is_typed(visit: Callable[..., Any], carts: Plant) -> None:
    carts.supervisor.is_superuser = carts.supervisor.is_staff = True
    carts.supervisor.save()
    admin = visit(carts.supervisor)
    page = admin.page
    page.goto(f"{admin.address}/admin/sequencer/racktype/add/")
    page.fill("#id_drawing", "o o | o\no # | o")
    page.wait_for_function("() => document.querySelectorAll('[data-rack-preview] .slot.sample').length === 5")
    page.fill("#id_drawing", "o o | o\no #")
    page.wait_for_selector("[data-rack-preview] [role=alert]")
    assert "line 2 has 2 cells, line 1 has 3" in page.inner_text("[data-rack-preview]")
