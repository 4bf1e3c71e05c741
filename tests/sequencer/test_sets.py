"""Sets: a rack with a part of an incomplete set is not sealed, unless a named person lets it go."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.errors import Refused
from inventory.models import CustomerPart, Part
from sequencer.models import (
    CallOff,
    Carrier,
    Commodity,
    ComponentGroup,
    Line,
    PlantEvent,
    SequenceStream,
    SequencingProgram,
    SetRelease,
    SetRule,
    Slot,
    Station,
    Task,
)
from sequencer.rules import CalledPart
from sequencer.services import racks_with_open_sets, release_sets, seal_rack, tell_broken_sets
from sequencer.services.offline import work_pack
from sequencer.services.quality import Caught, place_hold
from sequencer.services.sets import broken_banner, open_sets
from sequencer.services.shipping import objections
from tests.factories import Plant, make_plant


@pytest.fixture
def plant(db: None) -> Plant:
    return make_plant(capacity=1)


def right_door(plant: Plant, *, program: SequencingProgram | None = None, every: bool = True) -> Commodity:
    """The family that goes with DOOR, packed at station S2 into racks of its own."""
    right = Commodity.objects.create(
        program=program or plant.program, family="RIGHT", name="Right doors", rack_prefix="Q",
        rack_type=plant.commodity.rack_type, every_vehicle=every,
    )  # fmt: skip
    part = Part.objects.create(number="Z", description="right", family="RIGHT")
    CustomerPart.objects.create(customer=plant.customer, number="C-Z", part=part)
    Carrier.objects.create(code="Q1", rack_type=plant.commodity.rack_type)
    rule = SetRule.objects.create(name="Doors")
    rule.commodities.set([plant.commodity, right])
    Station.objects.create(code="S2", name="Right doors", commodity=right)
    return right


def both(plant: Plant, sequence: int = 1, **more: Any) -> None:
    plant.new(sequence, parts=(CalledPart("C-A"), CalledPart("C-Z")), **more)


def packed(plant: Plant) -> Any:
    """0001's left door in its slot, its rack full."""
    plant.start_rack()
    plant.pack("A", 1)
    return plant.rack(1)


def test_a_work_pack_says_what_goes_together_and_what_is_let_go(plant: Plant) -> None:
    right_door(plant)
    both(plant)
    left = packed(plant).slots.get().group_id
    told = work_pack(plant.station.pk, at=plant.at)["sets"]
    right = ComponentGroup.objects.get(commodity__family="RIGHT")
    assert told == {
        left: [
            {
                "group": right.pk,
                "set": "Doors",
                "missing": "Line 1 · Right doors not begun, for rack Q-1 slot 1",
            }
        ]
    }
    plant.scan("%C:SEAL")
    release_sets(plant.rack(1).pk, by=plant.supervisor, reason="spare", at=plant.tick())
    assert work_pack(plant.station.pk, at=plant.at)["sets"] == {left: []}


def test_a_rack_waits_for_the_other_half_and_says_where_it_is(plant: Plant) -> None:
    right_door(plant)
    both(plant)
    rack = packed(plant)
    verdict = plant.scan("%C:SEAL")
    assert (verdict.code, verdict.word) == ("SET_OPEN", "SET NOT COMPLETE")
    told = "0001: set Doors is not complete: Line 1 · Right doors not begun, for rack Q-1 slot 1"
    assert told in verdict.hint
    with pytest.raises(Refused, match="Right doors not begun") as refused:
        seal_rack(rack.pk, by=plant.supervisor, at=plant.tick())
    assert refused.value.code == "host_check"
    assert [(r.number, len(waiting)) for r, waiting in racks_with_open_sets()] == [(rack.number, 1)]


def test_it_is_sealed_once_the_other_half_stands_in_its_slot(plant: Plant) -> None:
    right_door(plant)
    both(plant)
    packed(plant)
    other = Station.objects.get(code="S2")
    assert plant.scans("%B:OP", "%R:Q1", "PZ", "%L:1", station=other) == ["OK"] * 4
    assert plant.scans("%C:SEAL") == ["OK"]
    assert plant.scans("%C:SEAL", station=other) == ["OK"]


def test_a_supervisor_at_the_station_lets_it_go_by_name(plant: Plant) -> None:
    right_door(plant)
    both(plant, vin="VIN1")
    packed(plant)
    assert plant.scans("%C:SUPERVISOR", "%B:BOSS", "%P:4711", "%C:SEAL") == ["OK"] * 4
    released = SetRelease.objects.get()
    assert (released.decided_by, released.reason) == ("boss", "at the station")
    assert released.missing == "Line 1 · Right doors not begun, for rack Q-1 slot 1"
    assert PlantEvent.objects.get(kind="sets_released").facts == {"vehicles": ["0001"]}


def test_a_release_needs_a_reason_and_something_that_is_missing(plant: Plant) -> None:
    right_door(plant)
    both(plant)
    rack = packed(plant)
    with pytest.raises(Refused, match="say why"):
        release_sets(rack.pk, by=plant.supervisor, reason=" ", at=plant.tick())
    release_sets(rack.pk, by=plant.supervisor, reason="OEM agreed", at=plant.tick())
    assert racks_with_open_sets() == []
    SetRule.objects.update(active=False)
    with pytest.raises(Refused, match="complete"):
        release_sets(rack.pk, by=plant.supervisor, reason="OEM agreed", at=plant.tick())


def test_a_set_reaches_over_lines_by_the_vin_within_one_customer(plant: Plant) -> None:
    line = Line.objects.create(plant=plant.line.plant, code="L2", name="Line 2", takt_seconds=60)
    stream = SequenceStream.objects.create(line=line)
    program = SequencingProgram.objects.create(
        code="P2", name="Right", line=line, stream=stream, unloading_point=plant.program.unloading_point
    )
    right = right_door(plant, program=program)
    plant.new(1, vin="VIN1")
    rack = packed(plant)
    assert [str(s) for s in open_sets(rack)] == [
        "0001 (VIN1): set Doors is not complete: Line 2 · Right doors is not called"
    ]
    plant.program = program
    plant.take("NEW", "W0500", "0500", "C-Z", vin="VIN1", required=200)
    assert open_sets(rack)[0].missing.startswith("Line 2 · Right doors not begun, for rack Q-")
    CallOff.objects.get(call_number="W0500").groups.update(status="PACKED", verified_at=timezone.now())
    assert open_sets(rack) == []
    assert right.sets.count() == 1


def test_what_not_every_vehicle_has_is_not_missed(plant: Plant) -> None:
    right_door(plant, every=False)
    plant.new(1)
    assert open_sets(packed(plant)) == []


def test_a_cancelled_half_of_an_optional_family_is_not_waited_for(plant: Plant) -> None:
    right = right_door(plant, every=False)
    both(plant)
    rack = packed(plant)
    assert len(open_sets(rack)) == 1
    plant.call(1).groups.filter(commodity=right).update(status="CANCELLED")
    assert open_sets(rack) == []


def test_without_rules_the_seal_asks_once(plant: Plant) -> None:
    plant.new(1)
    rack = packed(plant)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert open_sets(rack) == []
    assert len(queries) == 1


def test_the_page_names_what_is_missing_and_only_a_supervisor_lets_it_go(
    plant: Plant, client: Client
) -> None:
    right_door(plant)
    both(plant)
    rack = packed(plant)
    client.force_login(plant.operator)
    page = client.get(reverse("sets")).content.decode()
    assert "Right doors not begun, for rack Q-1 slot 1" in page
    release = reverse("sets-release", args=[rack.pk])
    assert release not in page
    assert client.post(release, {"reason": "x"}).status_code == 403
    client.force_login(plant.supervisor)
    assert client.post(release, {"reason": "OEM agreed"}).status_code == 302
    assert SetRelease.objects.get().reason == "OEM agreed"


def test_the_api_lists_open_sets_lights_and_takes_the_lines_position(plant: Plant, client: Client) -> None:
    right_door(plant)
    both(plant)
    packed(plant)
    client.force_login(plant.supervisor)
    rows = client.get("/api/v1/open-sets/").json()
    assert [row["number"] for row in rows] == ["R-1"]
    assert client.get(f"/api/v1/light-commands/?station={plant.station.pk}").json() == []
    told = client.post(
        "/api/v1/line-positions/",
        {"program": plant.program.pk, "sequence": "0001"},
        content_type="application/json",
    )
    assert (told.status_code, told.json()["code"]) == (404, "no_call"), "nothing is paced"


def _scrapped(plant: Plant) -> None:
    Slot.objects.filter(group__commodity__family="RIGHT").update(status="REOPENED")
    ComponentGroup.objects.filter(commodity__family="RIGHT").update(status="RELEASED")


def _held(plant: Plant) -> None:
    group = ComponentGroup.objects.get(commodity__family="RIGHT")
    place_hold(Caught(group_id=group.pk), by="quality", reason="burr", at=plant.tick())


def _cancelled(plant: Plant) -> None:
    ComponentGroup.objects.filter(commodity__family="RIGHT").update(status="CANCELLED")


BROKEN = [(_scrapped, "not begun"), (_held, "on quality hold"), (_cancelled, "is not called")]


@pytest.mark.parametrize(("break_it", "why"), BROKEN, ids=[why for _, why in BROKEN])
def test_a_set_broken_after_the_seal_is_told_and_not_loaded(plant: Plant, break_it: Any, why: str) -> None:
    right = right_door(plant)
    both(plant)
    plant.start_rack()
    plant.pack("A", 1)
    second = Station.objects.get(commodity=right)
    assert plant.scans("%B:OP", "%R:Q1", "PZ", "%L:1", "%C:SEAL", "%R:Q1", station=second) == ["OK"] * 6
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    rack = plant.rack(1)
    assert tell_broken_sets(at=plant.tick()) == 0
    plant.plan()
    rack.refresh_from_db()
    assert rack.shipment is not None
    break_it(plant)
    assert tell_broken_sets(at=plant.tick()) == 1
    task = Task.objects.get(kind="SET_BROKEN")
    assert (task.subject, why in task.text) == (rack.number, True)
    assert [b["word"] for b in broken_banner(plant.dock, plant.at)] == ["SET BROKEN"]
    assert [r.pk for r, _ in racks_with_open_sets()] == [rack.pk]
    assert plant.scans("%B:OP", f"%T:{rack.shipment.number}", station=plant.dock) == ["OK", "OK"]
    verdict = plant.scan("%R:R1", station=plant.dock)
    assert (verdict.code, verdict.sound, why in verdict.hint) == ("SET_OPEN", "stop", True)
    # The departure asks the same: what was loaded before stays here as well.
    assert "set_open" in [o.code for o in objections(rack.shipment, [rack])]
    # A named person lets it go, and the task ends by itself.
    release_sets(rack.pk, by=plant.supervisor, reason="customer agrees", at=plant.tick())
    assert tell_broken_sets(at=plant.tick()) == 0
    task.refresh_from_db()
    assert task.status == "DONE"
    assert "set_open" not in [o.code for o in objections(rack.shipment, [rack])]
