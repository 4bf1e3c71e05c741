"""A station that is cut off: the same verdicts from the pack, nothing lost and nothing doubled when it is back."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import Http404
from django.utils import timezone

from inventory.models import Part
from sequencer.models import (
    Carrier,
    HandlingUnit,
    OfflineSpell,
    Override,
    PackingInstruction,
    Rack,
    ScanEvent,
    Station,
    Task,
    Unit,
)
from sequencer.services import offline, record_scan
from sequencer.services.offline import standing_of, work_pack
from sequencer.services.overrides import grant_override
from sequencer.services.quality import Caught, place_hold
from sequencer.services.quantity import QuantityNews, call_quantity
from tests.browser.conftest import FOUND, Floor
from tests.factories import Plant

pytestmark = pytest.mark.browser


@pytest.fixture
def service_workers() -> str:
    return "allow"


# Every kind of scan from every state the pack can tell; DB and browser must answer with the same codes.
TABLE = [
    "%C:SEAL", "PA", "%B:NOBODY", "%B:OP", "%C:SEAL", "%C:RETURN", "%L:1", "PA", "%R:NONE", "%R:R1", "%R:R1",
    "%R:R2", "%L:1", "PB", "PB", "%L:1", "%C:RETURN", "PA", "PA", "%L:1", "PB", "%C:RETURN", "PA", "%C:BACK", "PA",
    "SN1",
    "%L:2", "%L:1", "%K:AYZQWM-ayzqwm-0123456789/#;_", "%T:X", "]C1[)>\x1e06\x1dPC-B\x1dSN2\x1e\x04", "%R:R1",
    "%L:R2:2",
    "%L:R1:2", "[)>\x1e06\x1dPA\x1dSN1\x1e\x04", "[)>\x1e06\x1dPA\x1dSN3\x1e\x04", "PA", "%C:SEAL", "%L:3", "PA",
    "%L:1",
    "%C:SEAL", "%C:SEAL", "%R:R2", "%R:R1", "%R:R1", "%R:R2", "[)>\x1e06\x1d1PC-A\x1dS77\x1e\x04", "%L:1",
    "%C:CHANGE-OPERATOR", "%L:2", "%B:OP", "%B:BOSS", "PX", "%C:RETURN", "",
]  # fmt: skip

# Holds, a lost rack, a shift that begins, overrides that run out or are used up. `+n`: so many minutes later.
GATES = [
    "%B:OP", "%R:R5", "%R:R1", "[)>\x1e06\x1dPA\x1dSBAD1\x1e\x04", "PA", "PA", "PA", "%C:SEAL", "%R:R1", "%R:R2",
    "PB", "B1", "PA", "BAD1", "+17", "S55", "%L:1", "%L:2", "PA", "%L:3", "%C:SEAL",
]  # fmt: skip

RUN = """async ([pack, standing, scans]) => {
    const { begin, judge } = await import("/static/js/offline/judge.js");
    let state = begin(pack, standing);
    return scans.map(([raw, at]) => {
        const { state: after, verdict } = judge(pack, state, raw, at);
        state = after;
        return [verdict.code, verdict.step];
    });
}"""


def label(part: str, serial: str) -> str:
    return f"[)>\x1e06\x1dP{part}\x1dS{serial}\x1e\x04"


def both(station: Floor, plant: Plant, table: list[str]) -> tuple[list[Any], list[Any]]:
    """The verdicts of browser and server on the same scans made at the same times."""
    pack, standing = work_pack(plant.station.pk, at=plant.at), standing_of(plant.station.pk)
    scans = []
    for raw in table:
        if raw.startswith("+"):
            plant.tick(minutes=int(raw))
        elif raw:
            scans.append((raw, plant.tick()))
    said = [[raw, at.isoformat()] for raw, at in scans]
    there = station.page.evaluate(RUN, [json.loads(json.dumps(pack)), standing, said])
    here = []
    for number, (raw, at) in enumerate(scans):
        told = record_scan(plant.station.pk, raw, f"table{number:06d}", at=at)
        here.append((raw, told.code, told.step))
    return [(raw, *one) for (raw, _), one in zip(scans, there, strict=True)], here


def test_the_browser_judges_as_the_server_does(station: Floor, plant: Plant) -> None:
    for number, part in ((1, "C-A"), (2, "C-B"), (3, "C-A"), (4, "C-A"), (5, "C-B")):
        plant.new(number, part)
    there, here = both(station, plant, TABLE)
    assert there == here
    assert len({code for _, code, _ in here}) >= 10


SEAL = """async ([pack, standing, scans, at]) => {
    const { begin, judge, replay } = await import("/static/js/offline/judge.js");
    const { state } = judge(pack, replay(pack, standing, scans.map((raw) => ({ raw, at }))), "%C:SEAL", at);
    return Object.values(state.racks).flatMap((rack) => rack.unknown ?? []);
}"""


def test_a_set_built_elsewhere_is_sealed_subject_to_host_check_and_said_so(
    station: Floor, plant: Plant
) -> None:
    for number in range(1, 4):
        plant.new(number)
    pack, standing = work_pack(plant.station.pk, at=plant.at), standing_of(plant.station.pk)
    first, second = (plant.group(n).pk for n in (1, 2))
    pack["sets"] = {
        first: [{"group": None, "set": "Doors", "missing": "Right doors not begun"}],
        second: [{"group": first, "set": "Own", "missing": "not begun at the cut"}],
    }
    scans = ["%B:OP", "%R:R1"]
    for slot in range(1, 4):
        scans += [label("A", f"SN{slot}"), f"%L:{slot}"]
    said = json.loads(json.dumps([pack, standing, scans, plant.at.isoformat()]))
    assert station.page.evaluate(SEAL, said) == ["0001: set Doors, Right doors not begun"]


def test_the_browser_knows_the_gates_of_the_server(station: Floor, plant: Plant) -> None:
    for number, part in enumerate(("C-A", "C-A", "C-A", "C-B", "C-A", "C-A"), start=1):
        plant.new(number, part)
    by = str(plant.supervisor)
    place_hold(Caught(part="A", serial="BAD1"), by=by, reason="cracks", at=plant.at)
    Carrier.objects.filter(code="R5").update(lost_at=plant.at)
    start = plant.at + timedelta(minutes=16)
    plant.line.shift_starts = f"05:00, {start:%H:%M}"
    plant.line.save()
    Station.objects.filter(pk=plant.station.pk).update(wants_challenge=True, challenge_passed_at=plant.at)
    for what, extent in (("SERIAL_REQUIRED", "STATION-5-UNITS"), ("SLOT_CHALLENGE", "STATION-10-MIN")):
        grant_override(
            plant.station, what, extent=extent, reason="LABEL-DAMAGED", by=plant.supervisor, at=plant.at
        )
    Override.objects.filter(what="SERIAL_REQUIRED").update(limit=3)
    there, here = both(station, plant, GATES)
    assert there == here
    told = {code for _, code, _ in here}
    assert told >= {"ON_HOLD", "OVERRIDDEN", "NEED_SERIAL", "CHALLENGE_DUE", "NOT_NOW"}


def ready(floor: Floor) -> Floor:
    """The pack of the rack that stands here is there and signed, and the worker keeps the page."""
    # One that was fetched while the plant was being made lacks its later calls; a page that is loaded asks anew.
    floor.page.reload()
    floor.asked("SCAN PART")
    floor.page.wait_for_function("() => document.documentElement.dataset.packRacks")
    floor.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    floor.page.wait_for_function(
        "async () => (await (await caches.open('station-shell-1')).keys())"
        ".some((one) => one.url.endsWith('judge.js')) && navigator.serviceWorker.controller"
    )
    return floor


def answered(floor: Floor, text: str) -> Floor:
    """Waits until the band of the station that is alone says this."""
    floor.page.wait_for_function(
        "text => document.getElementById('alone-band')?.innerText.toUpperCase()"
        ".replace(/\\s+/g, ' ').includes(text)",
        arg=text,
    )
    return floor


def cut_off(floor: Floor) -> Floor:
    floor.page.context.set_offline(True)
    floor.page.wait_for_selector(".alone-stripe")
    return floor


def back(floor: Floor) -> str:
    floor.page.context.set_offline(False)
    return str(floor.page.wait_for_selector(".alone-figures", timeout=30_000).inner_text())


@pytest.fixture
def loading(station: Floor, plant: Plant) -> Floor:
    for number, part in ((1, "C-A"), (2, "C-B"), (3, "C-A")):
        plant.new(number, part)
    station.scan("%B:OP").asked("SCAN EMPTY RACK").scan("%R:R1").asked("SCAN PART")
    return ready(station)


def test_an_outage_loses_nothing_and_doubles_nothing(loading: Floor, plant: Plant, tmp_path: Any) -> None:
    page = loading.page
    loading.scan(label("A", "SN1")).asked("SCAN SLOT 1")
    cut_off(loading)
    answered(loading.scan("%L:1"), "SCAN PART B")
    page.wait_for_function("() => document.querySelector('.alone-stripe').innerText.includes('1 scan kept')")
    # The page is loaded anew and goes on where it stood.
    page.reload()
    answered(loading, "SCAN PART B")
    answered(loading.scan(label("A", "SN9")), "WRONG PART")
    answered(loading.scan("%C:MISSING"), "NOT WHILE OFFLINE")
    answered(loading.scan("%C:RETURN"), "SCAN PART B")
    # A second tab of the same browser knows what the first one did, and is cut off with it.
    other = Floor(page.context.new_page(), loading.address)
    other.page.goto(f"{loading.address}/station/{plant.station.pk}/")
    answered(other, "SCAN PART B")
    answered(other.scan(label("B", "SN2")), "SCAN SLOT 2")
    other.page.close()
    page.bring_to_front()
    answered(loading.scan("%L:2"), "SCAN PART A")
    answered(loading.scan(label("A", "SN1")), "SERIAL ALREADY USED")
    answered(loading.scan(label("A", "SN3")), "SCAN SLOT 3")
    answered(loading.scan("%L:3"), "SCAN SEAL")
    answered(loading.scan("%C:SEAL"), "SCAN RACK")
    assert "subject to host check" in page.inner_text(".alone-rack")
    assert ScanEvent.objects.count() == 3
    assert Rack.objects.get(low_position=1).status == "LOADING"

    told = back(loading)
    assert told == "9 scans sent, 9 accepted, 0 doubled, 0 tasks"
    loading.asked("SCAN RACK")
    assert Rack.objects.get(low_position=1).status == "SEALED"
    assert list(ScanEvent.objects.order_by("id").values_list("code", flat=True)) == [
        *["OK"] * 4, "WRONG_PART", "OK", "OK", "OK", "DUPLICATE", "OK", "OK", "OK",
    ]  # fmt: skip
    row = OfflineSpell.objects.get()
    assert (row.sent, row.taken, row.agreed, row.doubled, row.holes) == (9, 9, 9, 0, 0)
    assert page.evaluate("async () => (await indexedDB.databases()).length") == 1


# A part without serial.
CLIP = "[)>\x1e06\x1dPC\x1e\x04"


@pytest.fixture
def boxed(loading: Floor, plant: Plant) -> Floor:
    """A rack in work, and before it a box of C, begun, called by cards and pieces."""
    PackingInstruction.objects.create(part=plant.parts["C"], pieces=4)
    news = QuantityNews(
        unloading_point_id=plant.dock.unloading_point_id or 0, part_id=plant.parts["C"].pk, customer_part="C-C",
        due_at=timezone.now() + timedelta(hours=3), called=8,
    )  # fmt: skip
    call_quantity(news, source="API", by="erp", at=timezone.now())
    Part.objects.filter(number="C").update(trace=Part.Trace.NONE)
    loading.scan("%C:BOX").told("scan the part").scan(CLIP).asked("SCAN PACK OR A COUNT")
    loading.scan("%Q:1").asked("SCAN PART")
    return loading


def test_browser_and_server_leave_a_box_aside_alike(boxed: Floor, plant: Plant) -> None:
    plant.at = timezone.now()
    table = ["%C:BOX-ASIDE", "%C:BOX-ASIDE", label("A", "SN1"), "%L:1", "%C:SEAL", label("B", "SN2")]
    there, here = both(boxed, plant, table)
    assert there == here
    assert [code for _, code, _ in here] == ["OK", "NOT_NOW", "OK", "OK", "NOT_NOW", "OK"]


def test_boxes_wait_for_the_server_and_the_rack_goes_on(boxed: Floor, plant: Plant) -> None:
    page = boxed.page
    cut_off(boxed)
    answered(boxed, "SCAN BOX ASIDE")
    for raw in (CLIP, "%Q:2", "%C:SEAL", "%C:BOX", "%R:R2"):
        answered(boxed.scan(raw), "NOT WHILE OFFLINE")
        assert "server" in page.inner_text("#alone-band")
    if os.environ.get("JIS_PICTURES"):
        page.screenshot(path=f"{os.environ['JIS_PICTURES']}/offline-box.png")
    answered(boxed.scan("%C:BOX-ASIDE"), "SCAN PART A")
    answered(boxed.scan("%A:K-1"), "NOT WHILE OFFLINE")
    answered(boxed.scan(label("A", "SN1")), "SCAN SLOT 1")
    answered(boxed.scan("%L:1"), "SCAN PART B")
    assert back(boxed) == "3 scans sent, 3 accepted, 0 doubled, 0 tasks"
    box = HandlingUnit.objects.get()
    assert (box.status, box.pieces, box.stations.count(), box.units.count()) == ("OPEN", 1, 0, 1)
    assert list(Unit.objects.filter(serial="SN1").values_list("status", flat=True)) == ["PACKED"]
    boxed.scan("%C:BOX").asked("SCAN PART").scan(CLIP).scan("%Q:PACK").asked("STICK THE LABEL ON, SCAN IT")


def test_cut_before_the_pack_of_the_rack_came_it_waits_and_asks_for_no_other_rack(
    station: Floor, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page was opened before the rack was cut, and the pack with it never arrives."""
    station.page.wait_for_function("() => document.documentElement.dataset.packRacks === ''")

    def lost(*_: Any, **__: Any) -> None:
        raise Http404

    monkeypatch.setattr(offline, "work_pack", lost)
    plant.new(1)
    station.scan("%B:OP").asked("SCAN EMPTY RACK").scan("%R:R1").asked("SCAN PART")
    answered(cut_off(station), "WAIT THIS RACK IS NOT IN THE WORK PACK")


def test_cut_again_under_the_certificate_the_question_stays(loading: Floor, plant: Plant) -> None:
    page = loading.page
    # The certificate stands for 12 s; here for one.
    page.evaluate(
        "() => { const real = setTimeout; window.setTimeout = (act, ms) => real(act, ms === 12000 ? 1000 : ms); }"
    )
    answered(cut_off(loading).scan(label("A", "SN1")), "SCAN SLOT 1")
    assert back(loading) == "1 scan sent, 1 accepted, 0 doubled, 0 tasks"
    page.context.set_offline(True)
    answered(loading, "SCAN SLOT 1")
    page.wait_for_timeout(1_500)
    assert page.inner_text("#alone-band strong").upper() == "SCAN SLOT 1"
    assert page.query_selector("#alone.certificate") is None


def test_what_changed_meanwhile_becomes_tasks_and_a_stop(visit: Callable[..., Floor], plant: Plant) -> None:
    for number, part in ((1, "C-A"), (2, "C-B"), (3, "C-A")):
        plant.new(number, part)
    floor = visit(plant.operator)
    # A clock two hours ahead: times are the server's all the same.
    floor.page.add_init_script("const real = Date.now.bind(Date); Date.now = () => real() + 7200_000;")
    floor.open(f"/station/{plant.station.pk}/")
    ready(floor.scan("%B:OP").asked("SCAN EMPTY RACK").scan("%R:R1").asked("SCAN PART"))
    # The answer to this scan is lost after the server has taken it.
    context = floor.page.context
    floor.page.route("**/scan", lambda route: (route.fetch(), context.set_offline(True), route.abort()))
    floor.scan(label("A", "SN1"))
    floor.page.wait_for_selector(".alone-stripe")
    answered(floor, "SCAN SLOT 1").scan("%L:1")
    answered(floor, "SCAN PART B").scan(label("B", "SN2"))
    answered(floor, "SCAN SLOT 2").scan("%L:2")
    answered(floor, "SCAN PART A").scan(label("A", "SN3"))
    answered(floor, "SCAN SLOT 3").scan("%L:3")
    answered(floor, "SCAN SEAL").scan("%C:SEAL")
    answered(floor, "SCAN RACK").scan("%R:R1")
    answered(floor, "SCAN EMPTY RACK")
    plant.take("CHANGE", "V0002", "0002", "C-C", required=122)
    Unit.objects.create(part=plant.parts["A"], serial="SN3", status="SCRAPPED", taken_at=plant.at)

    floor.page.unroute("**/scan")
    told = back(floor)
    assert told.startswith("8 scans sent, 8 accepted, 0 doubled, ")
    row = OfflineSpell.objects.get()
    assert (row.known, row.doubled, row.holes) == (1, 0, 0)
    assert row.tasks == Task.objects.filter(kind="OFFLINE_CONFLICT").count() >= 2
    assert Task.objects.filter(kind="OFFLINE_CONFLICT", due_at__isnull=True).count() == 0
    assert abs(row.skew_seconds) < 60 or abs(row.skew_seconds - 7200) < 60
    assert Station.objects.get(code="S1").lock_code == "OFFLINE_CONFLICT"
    rack = Rack.objects.get(low_position=1)
    assert rack.status not in {"SEALED", "STAGED", "LOADED"}
    # What was right is kept, what was wrong is not: only slot 1 is filled.
    assert rack.slots.get(number=1).status == "FILLED"
    assert not Unit.objects.filter(serial="SN2", status="PACKED").exists()
    floor.turned("stop")


def test_a_false_pack_is_refused_and_scans_wait(visit: Callable[..., Floor], plant: Plant) -> None:
    plant.new(1)
    floor = visit(plant.operator)

    def forge(route: Any) -> None:
        answer = route.fetch().json()
        # Somebody on the way wants another part to be right.
        route.fulfill(json={**answer, "body": answer["body"].replace('"C-A"', '"C-B"')})

    floor.page.route("**/pack", forge)
    floor.open(f"/station/{plant.station.pk}/")
    floor.page.wait_for_function("() => document.body.innerText.includes('false signature')")
    assert floor.page.evaluate("() => document.documentElement.dataset.pack") is None
    floor.page.context.set_offline(True)
    floor.scan("%B:OP")
    floor.page.wait_for_function("() => !document.getElementById('offline').hidden")
    assert floor.waits() == 1
    assert floor.page.query_selector(".alone-stripe") is None
    floor.page.context.set_offline(False)
    floor.asked("SCAN EMPTY RACK")
    floor.page.unroute_all(behavior="ignoreErrors")


def test_plain_http_says_that_it_cannot_go_on_alone(visit: Callable[..., Floor], plant: Plant) -> None:
    floor = visit(plant.operator)
    cookie = floor.page.context.cookies()[0]
    floor.page.context.add_cookies([{**cookie, "domain": "plant.example"}])

    def pass_on(route: Any) -> None:
        # A name that is not this computer, without a certificate: the browser's own idea of plain http.
        asked = route.request
        if "/events/" in asked.url:
            return route.abort()
        url = asked.url.replace("http://plant.example", floor.address)
        return route.fulfill(response=route.fetch(url=url))

    floor.page.route("http://plant.example/**", pass_on)
    floor.page.goto(f"http://plant.example/station/{plant.station.pk}/")
    floor.page.wait_for_selector("#light:not([data-state=quiet])")
    assert not floor.page.evaluate("() => window.isSecureContext")
    assert "NO OFFLINE" in floor.page.inner_text("#light").upper()
    assert "https" in str(floor.page.get_attribute("#light", "title"))
    floor.page.unroute_all(behavior="ignoreErrors")


def killed(profile: str) -> None:
    """kill -9 of the browser that was started with this profile, and of nothing else."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (entry / "cmdline").exists():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if f"--user-data-dir={profile}".encode() in words:
                    os.kill(int(entry.name), signal.SIGKILL)


def test_a_browser_killed_over_its_log_loses_and_doubles_nothing(
    visit: Callable[..., Floor], chromium: Any, server: Any, plant: Plant, tmp_path: Path
) -> None:
    for number, part in ((1, "C-A"), (2, "C-B"), (3, "C-A")):
        plant.new(number, part)
    profile = str(tmp_path / "profile")
    cookie = visit(plant.operator).page.context.cookies()[0]

    def opened() -> Floor:
        path = next(path for path in FOUND if path)
        context = chromium.browser_type.launch_persistent_context(
            profile, executable_path=path, args=["--no-sandbox"], base_url=server.address
        )
        context.set_default_timeout(30_000)
        context.add_cookies([cookie])
        floor = Floor(context.pages[0], server.address)
        floor.page.goto(f"{server.address}/station/{plant.station.pk}/")
        return floor

    floor = opened()
    floor.page.wait_for_selector("#light:not([data-state=quiet])")
    ready(floor.scan("%B:OP").asked("SCAN EMPTY RACK").scan("%R:R1").asked("SCAN PART"))
    cut_off(floor)
    answered(floor.scan(label("A", "SN1")), "SCAN SLOT 1").scan("%L:1")
    answered(floor, "SCAN PART B")
    floor.scan(label("B", "SN2"))
    killed(profile)
    with suppress(Exception):
        floor.page.context.close()
    # Killed over the last scan: it is kept or it never was; what the operator was told of is kept.
    floor = opened()
    told = str(floor.page.wait_for_selector(".alone-figures", timeout=30_000).inner_text())
    row = OfflineSpell.objects.get()
    assert row.sent in {2, 3}
    assert told == f"{row.sent} scans sent, {row.sent} accepted, 0 doubled, 0 tasks"
    assert (row.taken, row.doubled, row.holes, row.tasks) == (row.sent, 0, 0, 0)
    assert ScanEvent.objects.count() == 2 + row.sent
    assert plant.rack(1).slots.get(number=1).status == "FILLED"
    if row.sent == 2:
        # Keys typed before the page is its own again would be lost with it.
        floor.page.wait_for_selector("#light:not([data-state=quiet])")
        floor.asked("SCAN PART").scan(label("B", "SN2"))
    floor.asked("SCAN SLOT 2")
    floor.page.context.close()
