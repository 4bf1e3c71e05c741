"""Pick-to-light: the commands follow what is asked for, in order, and cost nothing where there are no lights."""

from __future__ import annotations

import pytest
from django.utils import timezone

from inventory.errors import Refused
from inventory.models import Part
from sequencer.models import LightCommand, StationLights
from sequencer.services import forget_lights, refresh_lights
from sequencer.services.lights import acknowledge_light, waiting_commands
from tests.factories import Plant


def told(plant: Plant) -> list[str]:
    """What was written since the last look, as `kind address on/off`, all acknowledged."""
    found = waiting_commands(plant.station.pk)
    for command in found:
        acknowledge_light(command.pk, at=plant.at, by="driver")
    return [f"{c.kind} {c.address} {'on' if c.on else 'off'}".replace("  ", " ") for c in found]


@pytest.fixture
def lit(plant: Plant) -> Plant:
    StationLights.objects.create(station=plant.station)
    Part.objects.filter(number="A").update(storage_bin="A-01")
    Part.objects.filter(number="B").update(storage_bin="B-02")
    plant.new(1)
    plant.new(2, "C-B")
    return plant


def test_a_station_without_lights_writes_none(plant: Plant) -> None:
    plant.new(1)
    plant.start_rack()
    assert not LightCommand.objects.exists()


def test_the_lights_lead_from_bin_to_slot_to_the_next_bin(lit: Plant) -> None:
    lit.start_rack()
    command = waiting_commands(lit.station.pk)[0]
    assert (command.colour, command.quantity, command.group_id) == ("GREEN", 1, lit.group(1).pk)
    assert told(lit) == ["BIN A-01 on"]
    assert lit.scans("PA") == ["OK"]
    assert told(lit) == ["BIN A-01 off", "SLOT 1 on"]
    assert lit.scans("%L:1") == ["OK"]
    assert told(lit) == ["SLOT 1 off", "BIN B-02 on"]


def test_a_wrong_part_sounds_the_horn_and_puts_the_light_out(lit: Plant) -> None:
    lit.start_rack()
    told(lit)
    assert lit.scans("PB") == ["WRONG_PART"]
    assert told(lit) == ["BIN A-01 off", "HORN on"]
    assert lit.scans("%C:RETURN") == ["OK"]
    assert told(lit) == ["BIN A-01 on"]


def test_a_change_of_the_call_moves_the_light_without_a_scan(lit: Plant) -> None:
    lit.start_rack()
    told(lit)
    lit.take("CHANGE", "V0001", "0001", "C-B")
    assert refresh_lights(at=lit.at) == 2
    assert told(lit) == ["BIN A-01 off", "BIN B-02 on"]
    assert refresh_lights(at=lit.at) == 0


def test_commands_are_reported_in_order_and_once(lit: Plant) -> None:
    lit.start_rack()
    lit.scan("PA")
    first, second, *_ = waiting_commands(lit.station.pk)
    with pytest.raises(Refused, match=f"light command {first.pk} comes before"):
        acknowledge_light(second.pk, at=timezone.now(), by="driver")
    done = acknowledge_light(first.pk, at=lit.at, by="driver", problem="lamp broken")
    again = acknowledge_light(first.pk, at=lit.tick(), by="other")
    assert (again.acknowledged_at, again.acknowledged_by, again.problem) == (
        done.acknowledged_at,
        "driver",
        "lamp broken",
    )
    assert second in waiting_commands(lit.station.pk)


def test_commands_are_forgotten_after_a_week(lit: Plant) -> None:
    lit.start_rack()
    assert forget_lights(at=lit.tick(days=7)) == 0
    assert forget_lights(at=lit.tick(minutes=1)) == 1
    assert not LightCommand.objects.exists()
