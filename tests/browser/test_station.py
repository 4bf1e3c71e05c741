"""The scan station, driven by key events alone, as a scanner drives it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Error

from inventory.models import Part
from sequencer.labels import KEYBOARD_TEST, LAYOUTS
from sequencer.models import Rack, ScanEvent, Station, Unit
from sequencer.views import floor
from tests.browser.conftest import Floor
from tests.factories import Plant, person

# What the page makes of keys, colours and lost answers. Its way on the other engine is that of `test_full_shift`, and
# what a scan is judged to be stands in tests/sequencer for both.
pytestmark = [pytest.mark.browser, pytest.mark.engine_free]


# Key events inside the page: a busy machine can only stretch the gaps between them.
KEYS = """async ([code, gap]) => {
    let at = performance.now();
    for (const key of [...code, "Enter"]) {
        const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
        // The time of a key is a fact of the scanner; how long this page was kept from running is not.
        Object.defineProperty(event, "timeStamp", { value: at });
        document.body.dispatchEvent(event);
        at += gap;
    }
}"""


def label(part: str, serial: str) -> str:
    return f"[)>\x1e06\x1dP{part}\x1dS{serial}\x1e\x04"


def codes() -> list[str]:
    """What was judged, oldest first."""
    return list(ScanEvent.objects.order_by("id").values_list("code", flat=True))


@pytest.fixture
def loading(station: Floor, plant: Plant) -> Floor:
    """Calls 1 to 3 in a rack of three, badge and rack scanned, the first part asked for."""
    for number, part in ((1, "C-A"), (2, "C-B"), (3, "C-A")):
        plant.new(number, part)
    station.scan("%B:OP").asked("SCAN EMPTY RACK")
    return station.scan("%R:R1").asked("SCAN PART")


def test_a_rack_goes_from_badge_to_staged_by_scans_alone(station: Floor, plant: Plant) -> None:
    for number in (1, 2, 3):
        plant.new(number)
    station.asked("SCAN YOUR BADGE").scan("%B:OP").turned("ok")
    station.asked("SCAN EMPTY RACK").scan("%R:R1")
    for slot in (1, 2, 3):
        station.asked("SCAN PART").scan(label("A", f"SN{slot}")).asked(f"SCAN SLOT {slot}").scan(f"%L:{slot}")
    station.asked("SCAN SEAL").scan("%C:SEAL").asked("SCAN RACK")
    assert station.page.get_by_role("link", name="MANIFEST").get_attribute("href").endswith("manifest.pdf")
    station.scan("%R:R1").asked("NOTHING TO BUILD")
    assert Rack.objects.get().status == "STAGED"
    assert set(codes()) == {"OK"}


def test_green_goes_by_itself_and_the_next_question_stands(station: Floor) -> None:
    station.scan("%B:OP").turned("ok").told("OK")
    station.turned("wait").asked("NOTHING TO BUILD")


def test_a_wrong_part_locks_and_the_right_part_does_not_open_it(loading: Floor) -> None:
    loading.scan(label("B", "SN9")).turned("stop").told("WRONG PART").told("NEED").told("GOT")
    assert loading.page.locator("[data-part=judged] u").all_inner_texts() == ["A", "chrome", "B", "black"]
    loading.scan(label("A", "SN1")).answered()
    assert codes()[-2:] == ["WRONG_PART", "LOCKED"]
    assert loading.ground == "stop"
    assert Station.objects.get(code="S1").lock_code == "WRONG_PART"
    assert not Unit.objects.exists()


def test_the_return_bin_opens_the_lock(loading: Floor) -> None:
    loading.scan(label("B", "SN9")).turned("stop").scan("%C:RETURN").turned("ok")
    loading.turned("wait").asked("SCAN PART")


def test_a_lock_is_still_red_after_a_reload(loading: Floor) -> None:
    loading.scan(label("B", "SN9")).turned("stop")
    loading.page.reload()
    loading.turned("stop").told("WRONG PART")


def test_a_supervisor_opens_a_lock_and_the_pin_is_written_down_nowhere(loading: Floor, plant: Plant) -> None:
    loading.scan(label("B", "SN9")).turned("stop").scan("%C:SUPERVISOR").asked("SUPERVISOR BADGE")
    loading.scan("%B:BOSS").page.wait_for_selector("#pin-field:focus")
    loading.page.keyboard.type("4711", delay=60)
    loading.page.keyboard.press("Enter")
    loading.asked("SCAN PART").turned("wait")
    assert not ScanEvent.objects.filter(raw__contains="4711").exists()
    assert "4711" not in loading.page.evaluate("() => JSON.stringify(localStorage)")


def test_a_label_scanned_while_the_pin_is_asked_is_still_a_label(loading: Floor) -> None:
    loading.scan("%C:SUPERVISOR").asked("SUPERVISOR BADGE").scan("%B:BOSS").asked("PIN")
    loading.page.wait_for_selector("#pin-field:focus")
    loading.scan("%C:BACK").asked("SCAN PART")
    assert not ScanEvent.objects.filter(code="BAD_PIN").exists()


def test_a_serial_used_already_is_refused_by_where_it_is(loading: Floor) -> None:
    loading.scan(label("A", "SN7")).asked("SCAN SLOT 1").scan("%L:1").asked("SCAN PART")
    loading.scan(label("B", "SN8")).asked("SCAN SLOT 2").scan("%L:2").asked("SCAN PART")
    loading.scan(label("A", "SN7")).told("SERIAL ALREADY USED").told("slot 1").turned("stop")


def test_a_wrong_slot_says_the_right_one_and_is_corrected_by_the_next_scan(loading: Floor) -> None:
    loading.scan(label("A", "SN1")).asked("SCAN SLOT 1").scan("%L:3")
    loading.turned("stop").told("WRONG SLOT").scan("%L:1").turned("ok")


def test_a_missing_part_leaves_a_hole_that_the_drawing_shows(loading: Floor) -> None:
    loading.scan("%C:MISSING").asked("SCAN THE REASON").scan("%M:DAMAGED").turned("check")
    loading.page.wait_for_selector(".slot.hole")
    loading.turned("wait").asked("SCAN PART")


def test_the_same_label_twice_in_two_seconds_is_one_scan_and_said_so(station: Floor) -> None:
    # Two labels within two seconds, however slowly the keys of the second get through.
    station.page.evaluate("() => { const now = performance.now(); performance.now = () => now; }")
    station.scan("%B:OP", "%B:OP").turned("ok")
    station.page.wait_for_function(
        "() => document.getElementById('quiet').innerText.includes('counted once')"
    )
    station.answered()
    assert codes() == ["OK"]


def test_scans_made_while_one_is_judged_wait_in_order(station: Floor, plant: Plant) -> None:
    plant.new(1)
    slow(station.page, 700)
    station.scan("%B:OP", "%R:R1", label("A", "SN1"), "%L:1").turned("checking")
    assert station.page.inner_text("#checking strong") == "CHECKING"
    station.page.wait_for_selector(".slot.filled")
    assert codes() == ["OK", "OK", "OK", "OK"]


@pytest.fixture
def waiting(visit: Callable[..., Floor], plant: Plant) -> Floor:
    """A station without a work pack: it does not go on alone, its scans wait for the server."""
    floor = visit(plant.operator)
    floor.page.route("**/pack", lambda route: route.abort())
    return floor.open(f"/station/{plant.station.pk}/")


def test_an_answer_that_is_lost_is_asked_for_again_with_the_same_nonce(waiting: Floor) -> None:
    station = waiting
    tries = lose_answers(station.page, 2)
    station.scan("%B:OP").turned("offline")
    station.page.wait_for_function("() => !['offline', 'checking'].includes(document.body.dataset.ground)")
    assert len(tries) == 3
    assert codes() == ["OK"]


def test_scans_made_without_a_server_survive_a_reload_and_are_judged_later(waiting: Floor) -> None:
    station = waiting
    station.page.route("**/scan", lambda route: route.abort())
    station.scan("%B:OP").turned("offline")
    station.page.reload()
    assert station.waits() == 1
    station.page.unroute("**/scan")
    station.asked("NOTHING TO BUILD")
    assert codes() == ["OK"]
    assert station.waits() == 0


def test_a_change_in_the_hand_fills_the_screen_until_the_bin_is_scanned(loading: Floor, plant: Plant) -> None:
    loading.scan(label("A", "SN1")).asked("SCAN SLOT 1")
    plant.take("CHANGE", "V0001", "0001", "C-B", required=121)
    loading.told("0001 CHANGED").turned("check")
    loading.page.wait_for_selector(".late")
    assert "black" in loading.page.inner_text(".late")
    loading.scan("%L:1").answered()
    assert loading.ground == "check"
    loading.page.reload()
    loading.turned("check").scan("%C:RETURN").asked("SCAN PART").turned("wait")
    loading.scan(label("B", "SN2")).asked("SCAN SLOT 1").scan("%L:1").turned("ok")
    assert codes()[-4:] == ["PUT_BACK", "OK", "OK", "OK"]


def test_a_rush_is_taken_between_two_units_by_scans_alone(loading: Floor, plant: Plant) -> None:
    loading.scan(label("A", "SN1")).asked("SCAN SLOT 1")
    plant.take("REORDER", "V0003", "", "")
    loading.page.wait_for_selector(".rush")
    loading.scan("%R:R2").told("NOT NOW").scan("%L:1").turned("ok").scan("%R:R2").asked("SCAN PART")
    loading.scan(label("A", "SN3")).asked("SCAN SLOT 1").scan("%L:1").asked("SCAN SEAL")
    loading.scan("%C:SEAL").asked("SCAN RACK").scan("%R:R2").asked("SCAN RACK R1").scan("%R:R1").asked(
        "SCAN PART"
    )
    loading.page.wait_for_selector(".rush", state="detached")


def test_a_piece_of_another_vehicle_locks_until_the_return_bin(loading: Floor, plant: Plant) -> None:
    group = plant.group(3)
    Unit.objects.create(
        part=plant.parts["A"], serial="X3", group=group, component=group.components.get(), taken_at=plant.at
    )
    loading.scan(label("A", "X3")).turned("stop").told("OUT OF SEQUENCE").told("seq 0003")
    loading.scan("%C:RETURN").asked("SCAN PART").turned("wait")


def test_help_is_called_by_a_button_and_answered_by_a_badge(loading: Floor) -> None:
    loading.page.get_by_role("navigation", name="Commands").get_by_role("button", name="ANDON").click()
    loading.page.wait_for_selector(".banner-andon")
    loading.turned("wait").scan("%B:BOSS").told("is here")
    loading.page.wait_for_selector(".banner-andon", state="detached")
    assert "Op" in loading.page.inner_text("[data-part=bar]")


def test_reprint_in_three_scans(loading: Floor) -> None:
    loading.scan("%C:REPRINT").asked("SCAN PIECE, SLOT OR RACK").scan("%L:1").asked("SCAN THE REASON")
    loading.scan("%M:TORN").told("REPRINT").asked("SCAN PART")


def test_a_keyboard_of_another_country_is_told_at_log_in(station: Floor) -> None:
    station.page.evaluate(KEYS, ["%B:OP".translate(LAYOUTS["German"]), 4])
    station.turned("stop").told("WRONG KEYBOARD").told("German")
    station.page.evaluate(KEYS, [KEYBOARD_TEST, 4])
    station.turned("ok").scan("%B:OP").asked("NOTHING TO BUILD")


def test_the_last_label_is_shown_as_it_was_sent_and_never_a_pin(loading: Floor) -> None:
    loading.scan(label("A", "SN1")).asked("SCAN SLOT 1")
    loading.page.get_by_role("button", name="MORE").click()
    loading.page.get_by_role("button", name="LAST LABEL").click()
    assert loading.page.inner_text("#raw") == "[)>␞06␝PA␝SSN1␞␄"
    loading.scan("%C:SUPERVISOR").asked("SUPERVISOR BADGE").scan("%B:BOSS").asked("PIN")
    loading.page.wait_for_selector("#pin-field:focus")
    loading.page.keyboard.type("0000", delay=60)
    loading.page.keyboard.press("Enter")
    loading.told("WRONG PIN")
    loading.page.get_by_role("button", name="MORE").click()
    loading.page.get_by_role("button", name="LAST LABEL").click()
    assert loading.page.inner_text("#raw") == "%P:****"


def test_a_scan_never_presses_the_button_in_focus(loading: Floor) -> None:
    loading.page.get_by_role("navigation", name="Commands").get_by_role("button", name="MISSING").focus()
    loading.scan("%L: 3").told("NOT NOW")
    assert not ScanEvent.objects.filter(raw="%C:MISSING").exists()


def test_what_a_hand_types_is_no_scan(
    visit: Callable[..., Floor], plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(floor.WEDGE, "gap", 35)
    station = visit(plant.operator).open(f"/station/{plant.station.pk}/")
    station.page.keyboard.type("%B:OP", delay=250)
    station.page.keyboard.press("Enter")
    station.page.wait_for_function(
        "() => document.getElementById('quiet').textContent.includes('press TYPE')"
    )
    assert codes() == []


@pytest.mark.parametrize(("gap", "judged"), [(4, 1), (60, 0)])
def test_a_scan_is_told_from_a_hand_by_its_speed(
    visit: Callable[..., Floor], plant: Plant, monkeypatch: pytest.MonkeyPatch, gap: int, judged: int
) -> None:
    monkeypatch.setitem(floor.WEDGE, "gap", 35)
    monkeypatch.setitem(floor.WEDGE, "silence", 400)
    station = visit(plant.operator).open(f"/station/{plant.station.pk}/")
    station.page.evaluate(KEYS, ["%B:OP", gap])
    if not judged:
        station.page.wait_for_function(
            "() => document.getElementById('quiet').innerText.includes('Typed by hand')"
        )
    station.answered()
    assert len(codes()) == judged


def test_typed_entry_stands_behind_a_button(station: Floor) -> None:
    station.page.get_by_role("button", name="MORE").click()
    station.page.get_by_role("button", name="TYPE").click()
    station.page.keyboard.type("%B:OP", delay=60)
    station.page.keyboard.press("Enter")
    station.asked("NOTHING TO BUILD")
    assert codes() == ["OK"]


def test_the_scanners_symbology_identifier_is_cut_off(station: Floor) -> None:
    station.scan("]C1%B:OP").turned("ok")
    assert ScanEvent.objects.get().raw == "%B:OP"


def test_the_tray_scans_by_key_events(station: Floor, plant: Plant) -> None:
    plant.new(1)
    Part.objects.filter(number="B").update(number="B-9000")
    station.page.reload()
    station.page.get_by_role("button", name="My badge").click()
    station.asked("SCAN EMPTY RACK").page.locator(".label.fits").click()
    station.asked("SCAN PART").page.locator(".label-wrong").click()
    station.turned("stop").told("WRONG PART")


def test_the_page_follows_what_happens_elsewhere(station: Floor, plant: Plant) -> None:
    station.page.wait_for_selector("#light[data-state=live]")
    plant.scan("%B:OP")
    # While its stream is open the page asks by no clock: only the stream can bring this.
    station.page.wait_for_function("() => document.querySelector('[data-part=bar]').innerText.includes('Op')")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080)])
def test_everything_stands_on_one_screen_and_the_number_is_biggest(
    visit: Callable[..., Floor], plant: Plant, width: int, height: int
) -> None:
    plant.new(1)
    plant.start_rack()
    page = visit(plant.operator, width=width, height=height).open(f"/station/{plant.station.pk}/").page
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    assert (
        page.evaluate("() => parseFloat(getComputedStyle(document.querySelector('.sequence b')).fontSize)")
        >= 160
    )
    assert clipped(page) == []
    assert (
        min(
            page.evaluate(
                "() => [...document.querySelectorAll('.commands [data-set=work] .command')].map(b => b.offsetHeight)"
            )
        )
        >= 64
    )


def test_an_enrolled_browser_needs_no_log_in_until_it_is_revoked(
    visit: Callable[..., Floor], plant: Plant, settings: Any
) -> None:
    browser = visit(plant.supervisor).open(f"/station/{plant.station.pk}/")
    browser.page.get_by_role("link", name="Enrol this browser").click()
    browser.page.get_by_role("button", name="Enrol this browser").click()
    browser.page.wait_for_selector(".stage")
    browser.page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    browser.open(f"/station/{plant.station.pk}/").scan("%B:OP").turned("ok")
    browser.page.wait_for_selector("#light[data-state=live]")
    Station.objects.filter(pk=plant.station.pk).update(enrolment=2)
    # The page may find out by itself and be on its way to the log-in already.
    with suppress(Error):
        browser.page.goto(f"{browser.address}/station/{plant.station.pk}/")
    browser.page.wait_for_url("**/login/**")


def test_who_may_not_work_here_is_told_who_may(visit: Callable[..., Floor], plant: Plant) -> None:
    browser = visit(person("lou", "logistics", "LOU"))
    answer = browser.page.goto(f"{browser.address}/station/{plant.station.pk}/")
    assert answer.status == 403
    assert "supervisor" in browser.page.inner_text("main")


def slow(page: Any, milliseconds: int) -> None:
    """A network on which every answer takes its time."""
    wire = page.context.new_cdp_session(page)
    wire.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": milliseconds, "downloadThroughput": -1, "uploadThroughput": -1},
    )


def lose_answers(page: Any, count: int) -> list[str]:
    """The first answers reach the wire and get lost on it; gives back what was posted."""
    posted: list[str] = []

    def lose(route: Any) -> None:
        posted.append(route.request.post_data)
        if len(posted) > count:
            return route.continue_()
        route.fetch()
        return route.abort()

    page.route("**/scan", lose)
    return posted


def clipped(page: Any) -> list[str]:
    """Texts that do not fit where they stand."""
    return list(
        page.evaluate(
            "() => [...document.querySelectorAll('.card, .band-ask, .bar-end')]"
            ".filter(one => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)"
            ".map(one => one.className)"
        )
    )
