"""Every state of the station against the visual rules: sizes, contrast, buttons, nothing clipped, one screen.

With JIS_PICTURES naming a folder each state is kept as a picture, to be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from inventory.models import Part
from sequencer.models import RackType, Station
from sequencer.services import view as views
from tests.browser.conftest import Floor
from tests.factories import Plant, make_plant

pytestmark = [pytest.mark.browser, pytest.mark.engine_free]

PICTURES = os.environ.get("JIS_PICTURES", "")
NAMES = {
    "A": ("DL-4410-A", "CHROME · HEATED · LHD", "B-11"),
    "B": ("DL-4410-B", "BLACK · HEATED · LHD", "B-12"),
}

# Text a person reads: [what it says, contrast against what lies behind it].
CONTRASTS = """() => {
    const parse = text => [...text.matchAll(/rgba?\\(([^)]+)\\)|color\\(srgb ([^)]+)\\)/g)].map(found => {
        const values = (found[1] ?? found[2]).split(/[ ,/]+/).map(Number);
        return found[1] ? values : [...values.slice(0, 3).map(v => v * 255), values[3] ?? 1];
    });
    const light = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = element => {
        for (let at = element; at; at = at.parentElement) {
            const style = getComputedStyle(at);
            if (style.backgroundImage !== "none") return parse(style.backgroundImage);
            const [colour] = parse(style.backgroundColor);
            if (colour && (colour[3] ?? 1) > 0.99) return [colour];
        }
        return [[255, 255, 255]];
    };
    const walker = document.createTreeWalker(document.querySelector(".stage"), NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.data.trim() || element.closest("svg, .tray") || !element.getClientRects().length) continue;
        const ink = light(parse(getComputedStyle(element).color)[0]);
        const ratio = Math.min(...behind(element).map(light).map(
            ground => (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05)));
        found.push([node.data.trim(), ratio]);
    }
    return found;
}"""
CLIPPED = """() => [...document.querySelectorAll(
        ".card, .band-ask, .band-judged, .bar-end, .late, .notices p, .command")]
    .filter(one => one.getClientRects().length && !one.matches(".last"))
    .filter(one => !(one.matches(".band-ask") && document.querySelector(".band-judged").children.length))
    .filter(one => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)
    .map(one => `${one.className}: ${one.innerText.slice(0, 40)}`)"""
SIZES = """() => [...document.querySelectorAll(".command")].filter(b => b.getClientRects().length)
    .map(b => [b.innerText, b.offsetHeight])"""
# What is set smaller than the sequence number: its lead, dimmed by the visual rules.
DIMMED = frozenset({"connecting", "online", "live", "polling"})


@pytest.fixture
def plant(chromium: Any, transactional_db: None) -> Plant:
    """Twelve slots, real part numbers, sequence 3406 and on."""
    plant = make_plant(capacity=12, serial=True)
    RackType.objects.update(rows=2, columns=6)
    for short, (number, description, storage_bin) in NAMES.items():
        Part.objects.filter(number=short).update(
            number=number, description=description, storage_bin=storage_bin
        )
    for number in range(3406, 3418):
        plant.new(number, "C-B" if number % 4 == 0 else "C-A")
    return plant


def label(part: str, serial: str) -> str:
    return f"[)>\x1e06\x1dP{part}\x1dS{serial}\x1e\x04"


GOOD, OTHER = "DL-4410-A", "DL-4410-B"


class Gallery:
    """Looks at one state after another and says at the end what breaks a rule of the visual language where."""

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        self.broken: list[str] = []

    def look(self, floor: Floor, name: str, *, sequence: bool = False) -> None:
        page = floor.page
        width, height = page.viewport_size["width"], page.viewport_size["height"]
        scale = min(width / 1280, height / 800)
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            page.wait_for_timeout(150)
            page.screenshot(path=f"{PICTURES}/{name}-{width}{self.suffix}.png")
        if not page.evaluate("() => document.documentElement.scrollHeight <= innerHeight"):
            self.broken.append(f"{name}: scrolls")
        self.broken += [f"{name}: clipped {what}" for what in page.evaluate(CLIPPED)]
        buttons = page.evaluate(SIZES)
        if len(buttons) > 6:
            self.broken.append(f"{name}: {len(buttons)} buttons")
        self.broken += [f"{name}: {text} is {high} px high" for text, high in buttons if high < 64]
        self.broken += [
            f"{name}: {text} has {ratio:.1f}:1"
            for text, ratio in page.evaluate(CONTRASTS)
            if ratio < 7 and text not in DIMMED
        ]
        word = ".band-judged strong" if page.query_selector(".band-judged strong") else ".band-ask strong"
        for selector, least in ((".sequence b", 160), (word, 52)):
            if selector != ".sequence b" or sequence:
                size = size_of(page, selector)
                if size < least * scale:
                    self.broken.append(f"{name}: {selector} is {size} px")


def size_of(page: Any, selector: str) -> float:
    return float(page.eval_on_selector(selector, "one => parseFloat(getComputedStyle(one).fontSize)"))


# With the demo's tray of labels there is least room; a large screen must not leave the words behind.
@pytest.mark.parametrize(("width", "height", "tray"), [(1280, 800, True), (1920, 1080, False)])
def test_every_state_keeps_the_visual_rules(
    visit: Callable[..., Floor],
    plant: Plant,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
    width: int,
    height: int,
    tray: bool,
) -> None:
    settings.DEMO, settings.MEDIA_ROOT = tray, tmp_path
    gallery = Gallery("-tray" if tray else "")
    look = gallery.look
    floor = visit(plant.operator, width=width, height=height)
    # Without a work pack the station waits for the server: "offline" stands as long as its picture takes.
    floor.page.route("**/pack", lambda route: route.abort())
    floor.open(f"/station/{plant.station.pk}/")
    look(floor.asked("SCAN YOUR BADGE"), "badge")
    floor.scan("%B:OP").turned("ok")
    look(floor, "logged-in")
    look(floor.turned("wait").asked("SCAN EMPTY RACK"), "no-rack")
    floor.scan("%R:R1").asked("SCAN PART").turned("wait")
    look(floor, "wait", sequence=True)
    part = Part.objects.get(number=GOOD)
    part.picture.save("door.png", ContentFile(picture()))
    floor.page.reload()
    look(floor.asked("SCAN PART"), "picture", sequence=True)
    assert floor.page.eval_on_selector(".part-picture", "one => one.naturalWidth") == 320
    floor.scan(label(GOOD, "1")).turned("ok")
    look(floor, "ok", sequence=True)
    floor.asked("SCAN SLOT 1").scan("%L:5").turned("stop").told("WRONG SLOT")
    look(floor, "wrong-slot", sequence=True)
    floor.scan("%L:1").turned("ok").asked("SCAN PART")
    floor.scan(label(OTHER, "9")).turned("stop").told("WRONG PART")
    look(floor, "wrong-part", sequence=True)
    floor.scan(label(GOOD, "8")).answered()
    look(floor.turned("stop"), "locked", sequence=True)
    floor.scan("%C:SUPERVISOR").asked("SCAN SUPERVISOR BADGE")
    floor.scan("%B:BOSS").page.wait_for_selector("#pin-field:focus")
    look(floor, "pin")
    floor.scan("%C:BACK").asked("PUT IT BACK")
    floor.scan("%C:RETURN").asked("SCAN PART").turned("wait")
    floor.scan("%C:MISSING").asked("SCAN THE REASON")
    look(floor, "reason", sequence=True)
    floor.scan("%M:EMPTY-BIN").page.wait_for_selector(".slot.hole")
    look(floor, "hole", sequence=True)
    floor.turned("wait")
    floor.page.get_by_role("button", name="MORE").click()
    floor.page.get_by_role("button", name="LAST LABEL").click()
    look(floor, "more", sequence=True)
    floor.scan("PDL-4410-B").asked("SCAN SERIAL")
    look(floor, "serial", sequence=True)
    plant.take("CHANGE", "V3408", "3408", "C-A", required=121)
    floor.told("3408 CHANGED").turned("check")
    look(floor, "late-change")
    floor.scan("B-12").turned("ok").turned("wait").asked("SCAN PART")
    plant.take("REORDER", "V3412", "", "")
    floor.page.wait_for_selector(".rush")
    look(floor, "rush", sequence=True)
    hold = {
        "kind": "hold",
        "word": "QUALITY HOLD",
        "text": "lot 4711 of DL-4410-A: do not pick",
        "until": None,
    }
    monkeypatch.setattr(views, "BANNERS", (lambda station, at: [hold],))
    floor.scan("%C:ANDON").page.wait_for_selector(".banner-hold")
    look(floor, "hold-banner", sequence=True)
    monkeypatch.setattr(views, "BANNERS", ())
    Station.objects.filter(pk=plant.station.pk).update(shows_steps=True)
    floor.page.reload()
    look(floor.asked("SCAN PART"), "build-station", sequence=True)
    Station.objects.filter(pk=plant.station.pk).update(shows_steps=False)
    fill(plant)
    floor.page.reload()
    look(floor.asked("SCAN SEAL"), "full")
    floor.scan("%C:SEAL").answered()
    floor.scan("%B:BOSS").page.wait_for_selector("#pin-field:focus")
    floor.scan("%P:4711").told("approved")
    floor.scan("%C:SEAL").asked("SCAN RACK").turned("wait")
    look(floor, "sealed")
    floor.scan("%R:R1").turned("ok")
    look(floor, "staged")
    held: list[Any] = []
    floor.turned("wait").page.route("**/scan", lambda route: held.append(route))
    floor.scan("%R:R2").turned("checking")
    look(floor, "checking")
    floor.turned("offline")
    look(floor, "offline")
    floor.page.unroute("**/scan")
    for route in held:
        route.abort()
    floor.turned("ok")
    assert not gallery.broken, "\n".join(gallery.broken)


def picture() -> bytes:
    """A door panel, roughly."""
    image = Image.new("RGB", (320, 240), "#f3f4f6")
    ImageDraw.Draw(image).rounded_rectangle(
        (40, 30, 280, 210), 30, fill="#474f57", outline="#14181c", width=6
    )
    content = BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def fill(plant: Plant) -> None:
    """The rest of the rack, by the station's own scans."""
    for _ in range(12):
        now = views.station_view(plant.station.pk, at=plant.tick())["now"]
        if now is None:
            return
        plant.scans(label(now["part"], f"F{now['slot']}"), f"%L:{now['slot']}")
