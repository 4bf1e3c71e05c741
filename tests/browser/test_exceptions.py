"""Exceptions in Chromium: each flow's band at the station, the list, and a quality hold placed and released.

With JIS_PICTURES naming a folder each state is kept as a picture, to be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.factories import Plant, person
from tests.sequencer.test_exceptions import part

pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.django_db(transaction=True)]
PICTURES = os.environ.get("JIS_PICTURES", "")


def look(page: Any, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(200)
        page.screenshot(path=f"{PICTURES}/{name}.png")


def test_every_exception_asks_for_its_scans_on_the_band(visit: Callable[..., Any], plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.pack("A", 1, serial="11")
    floor = visit(plant.operator).open(f"/station/{plant.station.pk}/")
    steps = [
        ("%C:REPAIR", "SCAN PIECE OR SLOT"), ("%L:1", "SCAN THE REASON"), ("%M:SCRATCH", "SCAN PART"),
        ("%C:REPAIRED", "SCAN THE PIECE"), ("S11", "SCAN PART"),
        ("%C:MISSING", "SCAN IT, OR A REASON"), ("S11", "SCAN SLOT 1"), ("%L:1", "SCAN PART"),
        ("%C:SCRAP", "SCAN PIECE OR SLOT"), ("%L:1", "SCAN THE REASON"), ("%M:DAMAGED", "SCAN PART"),
        ("%C:SWAP", "SCAN THE FIRST PIECE"), ("%C:BACK", "SCAN PART"),
        ("%C:REPACK", "SCAN THE RACK"), ("%C:BACK", "SCAN PART"),
        ("%C:TAKE-OUT", "SCAN PIECE OR SLOT"), ("%C:BACK", "SCAN PART"),
        ("%C:OEM-RETURN", "SCAN THE PIECE"), ("%C:BACK", "SCAN PART"),
    ]  # fmt: skip
    for number, (code, asked) in enumerate(steps):
        floor.scan(part("11") if code == "S11" else code).asked(asked)
        look(floor.page, f"{number:02d}-{asked.lower().replace(' ', '-')}")
    boss = visit(plant.supervisor)
    boss.page.goto(f"{boss.address}/exceptions/")
    assert boss.page.locator("tbody tr").count() == 2
    look(boss.page, "exceptions")


def test_quality_holds_and_frees_on_its_page(visit: Callable[..., Any], plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.pack("A", 1, serial="11")
    quality = visit(person("quinn", "quality", "Q"))
    page = quality.page
    page.goto(f"{quality.address}/quality/")
    page.fill("#part", "A")
    page.fill("#reason", "clip cracked, 8D-114")
    look(page, "quality-place")
    page.click("button.danger")
    page.wait_for_selector("tbody tr")
    look(page, "quality-list")
    floor = visit(plant.operator).open(f"/station/{plant.station.pk}/")
    floor.scan(part("12")).told("QUALITY HOLD")
    look(floor.page, "held-at-the-station")
    page.click("tbody a")
    page.wait_for_selector("text=rack R-1 slot 1")
    look(page, "quality-detail")
    page.fill("#reason", "measured: good")
    page.click("button.primary")
    page.wait_for_selector("h1 >> text=released")
    # The same label within two seconds would be one scan.
    page.wait_for_timeout(2_000)
    floor.scan(part("12")).asked("SCAN SLOT 2")
