"""The longest language at the station: every word of German fits at the sizes of the visual rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sequencer.models import Badge
from tests.browser.conftest import Floor
from tests.browser.test_station_states import CLIPPED, GOOD, OTHER, label, plant  # noqa: F401 - the same twelve slots
from tests.factories import Plant

pytestmark = [pytest.mark.browser, pytest.mark.engine_free]
SIZES = ((1280, 800), (1920, 1080))


def test_german_fits(visit: Callable[..., Floor], plant: Plant) -> None:  # noqa: F811
    Badge.objects.update(language="de")
    floor = visit(plant.operator).open(f"/station/{plant.station.pk}/")
    broken: list[str] = []

    def look(name: str) -> None:
        for width, height in SIZES:
            floor.page.set_viewport_size({"width": width, "height": height})
            broken.extend(f"{name} {width}: {what}" for what in floor.page.evaluate(CLIPPED))
            if not floor.page.evaluate("() => document.documentElement.scrollHeight <= innerHeight"):
                broken.append(f"{name} {width}: scrolls")

    floor.scan("%B:OP").asked("LEERES GESTELL SCANNEN")
    look("rack")
    floor.scan("%R:R1").asked("TEIL SCANNEN")
    look("part")
    floor.scan(label(OTHER, "S1")).told("FALSCHES TEIL")
    look("wrong part")
    floor.scan("%C:RETURN").asked("TEIL SCANNEN").scan("%C:MISSING").asked("GRUND SCANNEN")
    look("reason")
    floor.scan("%C:BACK").asked("TEIL SCANNEN").scan(label(GOOD, "S2")).asked("FACH 1 SCANNEN")
    look("slot")
    floor.scan("%C:SUPERVISOR").asked("MEISTERAUSWEIS SCANNEN")
    look("supervisor")
    assert broken == []
    assert floor.page.evaluate("() => document.documentElement.lang") == "de"
