"""The EDI pages in Chromium: they live, a choice survives news, and two people enter one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from edi.models import CallOffRoute, InboundEvent, ManualEntry, TradingPartner
from edi.services import run_lane
from edi.services.sides import make_test_side
from sequencer.models import CallOff
from tests.edi.files import Call, Sender, deljit, interchange, message, stored
from tests.edi.schedules import delfor
from tests.factories import Plant, person

# How the pages of tests/edi_pages, which are held to both engines there, look and are worked with.
pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.django_db(transaction=True)]

# Every element that takes a click must be reachable by the keyboard and carry a name.
NAMELESS = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea')]
  .filter(e => e.checkVisibility())
  .filter(e => e.tabIndex < 0 || !(e.innerText || e.ariaLabel || e.labels?.length || e.title || '').toString().trim())
  .map(e => e.outerHTML.slice(0, 120))"""
# Relative luminance of text against the first opaque ground behind it (WCAG 2.2, 1.4.3).
FAINT = """() => {
  const lum = c => { const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const rgb = s => (s.match(/[\\d.]+/g) || []).map(Number);
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll('main *, .topbar *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.offsetParent === null || e.closest('[disabled]')) continue;
    const [a, b] = [lum(rgb(getComputedStyle(e).color).slice(0, 3)), lum(ground(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push(ratio.toFixed(2) + ' ' + e.outerHTML.slice(0, 100));
  }
  return found;
}"""


@pytest.fixture
def sender(plant: Plant) -> Sender:
    partner = TradingPartner.objects.create(
        code="OEM-D", name="An OEM", customer=plant.customer, profile="generic_deljit", pulse_seconds=60
    )
    CallOffRoute.objects.create(partner=partner, program=plant.program)
    return Sender(partner)


@pytest.fixture
def clerk(plant: Plant) -> User:
    return person("clerk", "logistics", "LOG")


@pytest.fixture
def look(visit: Callable[..., Any], clerk: User) -> Callable[..., Any]:
    """Opens a page of the gate at a desk, as the clerk unless somebody else is named."""

    def open_page(address: str, user: User | None = None) -> Any:
        floor = visit(user or clerk, width=1920, height=1080)
        floor.page.goto(f"{floor.address}{address}")
        return floor.page

    return open_page


def live(page: Any) -> Any:
    page.wait_for_selector("#stream-light[data-state=live]")
    return page


def rejected(sender: Sender) -> Any:
    raw = interchange([message([Call(n)], ref=str(n)) for n in (1, 2)], 41)
    return sender.send_raw(
        raw.replace(b"SEQ+3+0002:3'\nDTM+2:202611231400", b"SEQ+3+0002:3'\nDTM+2:20261399")
    )


def test_what_needs_a_person_appears_large_by_itself(look: Any, sender: Sender) -> None:
    sender.send(Call(1))
    page = live(look("/edi/"))
    assert "Nothing needs you" in page.inner_text("#need-title")
    sender.send(Call(900))
    page.wait_for_function("() => document.querySelector('#need-title').innerText.includes('Held')")
    largest = page.evaluate(
        "() => Math.max(...[...document.querySelectorAll('main *')].map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert (
        page.evaluate("() => parseFloat(getComputedStyle(document.querySelector('.need-figure b')).fontSize)")
        == largest
    )
    page.click("#need-go")
    page.wait_for_url("**/edi/quarantine/**")
    assert "The sequence jumps" in page.inner_text("[data-part=rows]")


def test_a_problem_is_reached_in_the_raw_text_and_back(look: Any, sender: Sender) -> None:
    delivery = rejected(sender)
    page = look(f"/edi/deliveries/{delivery.pk}/")
    page.click("#p1 a")
    assert page.is_visible(".segments li:target mark")
    assert page.inner_text(".segments li:target mark") == "20261399"
    page.click(".segments li:target em a")
    assert page.evaluate("() => document.querySelector(':target').id") == "p1"


def test_ten_thousand_segments_open_and_page_quickly(look: Any, sender: Sender) -> None:
    delivery = stored(sender.partner, deljit([Call(n) for n in range(1, 1500)], 5))
    page = look(f"/edi/deliveries/{delivery.pk}/?from=9001")
    assert page.locator(".segments li").count() == 400
    took = page.evaluate("() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert took < 4000, f"{took:.0f} ms"
    page.fill("#from", "10001")
    page.press("#from", "Enter")
    page.wait_for_selector("#s10001")


def test_a_choice_survives_news_and_is_discarded_with_a_reason(look: Any, sender: Sender) -> None:
    sender.send(Call(1), Call(900), Call(901))
    page = live(look("/edi/quarantine/"))
    assert page.is_disabled("text=Discard")
    page.focus("[name=key] >> nth=0")
    page.keyboard.press("Space")
    assert page.inner_text("[data-chosen]") == "1"
    sender.send(Call(902))
    page.wait_for_function("() => document.querySelectorAll('[name=key]').length === 3")
    assert page.locator("[name=key]:checked").count() == 1
    page.check("[data-choose-all]")
    page.fill("#reason", "list of yesterday")
    page.click(".bulk >> text=Discard")
    page.wait_for_function(
        "() => document.querySelector('[data-part=rows]').innerText.includes('Quarantine is empty')"
    )
    assert "3 discarded" in page.inner_text("#bulk-answer")
    assert InboundEvent.objects.filter(status="DISCARDED", note="list of yesterday").count() == 3


def test_a_held_call_is_corrected_after_a_look_at_what_it_does(look: Any, sender: Sender) -> None:
    sender.send(Call(1), Call(900))
    page = look("/edi/quarantine/")
    page.click("text=Correct …")
    page.fill("#sequence_number", "0002")
    page.click("text=Check")
    assert "applied" in page.inner_text(".verdict-line")
    page.fill("#reason", "phone, Ms Weber")
    page.click("button >> text=Correct")
    page.wait_for_url("**/edi/deliveries/**")
    assert "correction" in page.inner_text(".facts")
    run_lane(sender.partner.pk)
    assert CallOff.objects.get(call_number="V0900").sequence_number == "0002"


def test_two_people_enter_one_call_and_the_message_that_comes_later_is_the_same(
    look: Any, sender: Sender, plant: Plant
) -> None:
    page = look("/edi/manual/new/?partner=OEM-D")
    for name, value in {
        "production_number": "V0001", "vin": f"VIN{1:014d}", "sequence_number": "0001", "dock": "D1",
        "line_feed": "F1", "required_at": "2026-11-23 14:00",
    }.items():  # fmt: skip
        page.fill(f"#{name}", value)
    page.fill("[name=part_number] >> nth=0", "C-A")
    page.click("text=Check")
    assert "would be applied" in page.inner_text(".checks")
    page.fill("#reason", "phone, Ms Weber")
    page.click("text=Enter for approval")
    page.wait_for_url("**/edi/manual/*/")
    assert "You entered this" in page.inner_text(".decision")
    assert page.locator("button", has_text="Approve").count() == 0
    entry = ManualEntry.objects.get()
    boss = look(f"/edi/manual/{entry.pk}/", plant.supervisor)
    boss.fill("#note", "list of 03:10")
    with boss.expect_navigation():
        boss.click("button >> text=Approve")
    assert "approved" in boss.inner_text(".facts")
    run_lane(sender.partner.pk)
    sender.send(Call(1))
    boss.reload()
    assert "the same" in boss.inner_text(".desk-side")
    assert CallOff.objects.count() == 1


def test_a_file_is_tried_out_by_upload(look: Any, sender: Sender) -> None:
    page = look("/edi/simulate/")
    page.select_option("#partner", "OEM-D")
    raw = deljit([Call(1)], 9)
    page.set_input_files("#file", {"name": "try.edi", "mimeType": "text/plain", "buffer": raw})
    page.click("button >> text=Simulate")
    assert "without a person" in page.inner_text("#sim-title")
    assert not CallOff.objects.exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_is_reached_by_keyboard_and_read_with_weak_eyes(
    look: Any, sender: Sender, plant: Plant, scheme: str
) -> None:
    make_test_side(sender.partner, at=timezone.now())
    sender.partner.refresh_from_db()
    delivery = rejected(sender)
    sender.send(Call(1, part="C-B"), test=True)
    sender.send_raw(delfor(1, 120), "delfor.edi")
    sender.send(Call(900))
    held = InboundEvent.objects.get(status="HELD")
    page = look("/edi/")
    page.emulate_media(color_scheme=scheme)
    root = page.url.removesuffix("/edi/")
    addresses = (
        "/edi/", "/edi/quarantine/", f"/edi/deliveries/{delivery.pk}/", f"/edi/events/{held.pk}/correct/",
        "/edi/manual/", "/edi/manual/new/?partner=OEM-D", "/edi/simulate/", "/edi/parallel/", "/edi/usage/",
        "/edi/gaps/", "/edi/closings/", "/demand/",
    )  # fmt: skip
    for address in addresses:
        page.goto(root + address)
        assert page.evaluate(NAMELESS) == [], address
        assert page.evaluate(FAINT) == [], address
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 1920, address


def test_a_parallel_run_is_reached_by_its_tab_and_leads_to_both_files(look: Any, sender: Sender) -> None:
    make_test_side(sender.partner, at=timezone.now())
    sender.partner.refresh_from_db()
    sender.send(Call(1), Call(2))
    sender.send(Call(1, part="C-B"), Call(2), test=True)
    page = look("/edi/")
    page.click("nav.tabs >> text=Parallel run")
    assert "1 call differs" in page.inner_text("#run-title")
    page.select_option("[name=days]", "1")
    page.click("button >> text=Compare")
    page.wait_for_url("**days=1")
    page.click(".parallel-calls a >> text=test")
    page.wait_for_url("**/edi/deliveries/*/#e*")
    assert "C-B" in page.inner_text(".event:target")
