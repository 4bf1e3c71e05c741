"""A supervisor's PIN guessed at several stations in the same moment: every guess counts, and no more than five."""

from __future__ import annotations

from functools import partial

import pytest

from sequencer.models import Badge, ScanEvent, Station, Task
from tests.concurrency.test_core_at_once import at_once, scan
from tests.factories import make_plant

pytestmark = pytest.mark.django_db(transaction=True)


def test_guesses_at_many_stations_at_once_are_counted_one_by_one() -> None:
    plant = make_plant()
    stations = [
        Station.objects.create(code=f"X{n}", name="Doors", commodity=plant.commodity) for n in range(8)
    ]
    for station in stations:
        for step, raw in enumerate(("%B:OP", "%C:SUPERVISOR", "%B:BOSS")):
            assert scan(plant, station, raw, f"{station.code} {step}") == "OK"
    guesses = [partial(scan, plant, station, "%P:1111", f"{station.code} pin") for station in stations[:7]]
    assert at_once(*guesses) == ["BAD_PIN"] * 7
    assert Badge.objects.get(code="BOSS").wrong_pins == 5, "the sixth and seventh were not even compared"
    assert ScanEvent.objects.filter(code="BAD_PIN", hint__contains="shut").count() == 3
    assert Task.objects.filter(kind="BADGE_SHUT").count() == 1
    assert scan(plant, stations[7], "%P:4711", "right") == "BAD_PIN"
