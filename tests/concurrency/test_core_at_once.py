"""Two at once, with connections of their own: one effect, and the other told so."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from inventory.errors import Refused, Stale
from sequencer.models import (
    CallOff,
    Commodity,
    ComponentGroup,
    Line,
    Override,
    PlantEvent,
    Rack,
    ScanEvent,
    SequenceStream,
    SequencingProgram,
    Shipment,
    Slot,
    Station,
    Unit,
    UnloadingPoint,
)
from sequencer.rules import CalledPart, CallNews
from sequencer.services import (
    depart_shipment,
    plan_shipments,
    record_scan,
    take_call_off,
)
from sequencer.services.overrides import grant_override
from sequencer.services.shipping import _plan_point
from tests.factories import START, Plant, make_plant

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Runs the jobs in threads that start together; returns results, or the refusal's code."""
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return job()
        except Refused as no:
            return no.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


@pytest.fixture
def plant() -> Plant:
    return make_plant(serial=True)


def second_station(plant: Plant) -> Station:
    return Station.objects.create(code="S2", name="Doors 2", commodity=plant.commodity)


def label(serial: str) -> str:
    return f"[)>\x1e06\x1dPA\x1dS{serial}\x1e\x04"


def scan(plant: Plant, station: Station, raw: str, nonce: str) -> str:
    return record_scan(station.pk, raw, nonce, at=plant.at).code


def test_one_carrier_scanned_at_two_stations_goes_to_one(plant: Plant) -> None:
    for n in range(1, 7):
        plant.new(n)
    other = second_station(plant)
    plant.scans("%B:OP")
    plant.scans("%B:OP", station=other)
    codes = at_once(
        lambda: scan(plant, plant.station, "%R:R1", "a"), lambda: scan(plant, other, "%R:R1", "b")
    )
    assert codes.count("OK") == 1
    assert Rack.objects.filter(carrier__code="R1").count() == 1


def test_two_stations_never_take_the_same_rack(plant: Plant) -> None:
    for n in range(1, 7):
        plant.new(n)
    other = second_station(plant)
    plant.scans("%B:OP")
    plant.scans("%B:OP", station=other)
    at_once(lambda: scan(plant, plant.station, "%R:R1", "a"), lambda: scan(plant, other, "%R:R2", "b"))
    started = Rack.objects.exclude(carrier=None)
    assert started.count() == len({rack.carrier_id for rack in started})
    held = [s.rack_id for s in Station.objects.filter(kind="PACK") if s.rack_id]
    assert len(held) == len(set(held))


def test_one_serial_at_two_stations_is_one_piece(plant: Plant) -> None:
    for n in range(1, 7):
        plant.new(n)
    other = second_station(plant)
    plant.start_rack("R1")
    plant.scans("%B:OP", "%R:R2", station=other)
    codes = at_once(
        lambda: scan(plant, plant.station, label("7"), "a"), lambda: scan(plant, other, label("7"), "b")
    )
    assert sorted(codes) == ["DUPLICATE", "OK"]
    assert Unit.objects.count() == 1


def test_the_same_post_twice_at_once_is_one_scan(plant: Plant) -> None:
    plant.new(1)
    plant.start_rack("R1")
    codes = at_once(*[lambda: scan(plant, plant.station, label("7"), "same")] * 4)
    assert codes == ["OK"] * 4
    assert ScanEvent.objects.filter(nonce="same").count() == 1


def test_a_truck_departs_once(plant: Plant) -> None:
    plant.new(1)
    for n in (2, 3):
        plant.new(n)
    plant.start_rack("R1")
    for n in (1, 2, 3):
        plant.pack("A", n, serial=f"{n}")
    plant.scans("%C:SEAL", "%R:R1")
    plant.plan()
    truck = Shipment.objects.get()
    plant.scans("%B:OP", f"%T:{truck.number}", "%R:R1", station=plant.dock)
    results = at_once(*[lambda: depart_shipment(truck.pk, at=plant.at, by="x").status] * 3)
    assert sorted(results) == ["DEPARTED", "not_loaded", "not_loaded"]
    assert (
        PlantEvent.objects.filter(kind="departed", topic=f"dock:{plant.dock.unloading_point_id}").count() == 1
    )


def test_sweeps_at_once_plan_a_rack_once(plant: Plant) -> None:
    for n in range(1, 7):
        plant.new(n)
    at_once(*[lambda: plan_shipments(at=plant.at)] * 3)
    racks = list(Rack.objects.values_list("shipment", flat=True))
    assert None not in racks
    assert Shipment.objects.count() == 2


def test_docks_that_plan_at_once_number_their_trucks_apart(plant: Plant) -> None:
    docks = []
    for n in range(1, 5):
        point = UnloadingPoint.objects.create(plant=plant.line.plant, code=f"X{n}", racks_per_truck=1)
        line = Line.objects.create(plant=plant.line.plant, code=f"X{n}", name="x")
        plant.program = SequencingProgram.objects.create(
            code=f"X{n}",
            name="x",
            line=line,
            stream=SequenceStream.objects.create(line=line),
            unloading_point=point,
        )
        Commodity.objects.create(
            program=plant.program,
            family="DOOR",
            name="x",
            rack_prefix=f"X{n}",
            rack_type=plant.commodity.rack_type,
        )
        plant.new(1)
        docks.append(point)
    results = at_once(
        *[lambda point=point: _plan_point(point, START + timedelta(hours=1)) for point in docks]
    )
    assert results == [1, 1, 1, 1]
    assert Shipment.objects.values("number").distinct().count() == 4


def take(plant: Plant, event: str, number: str, sequence: str, part: str) -> str:
    news = CallNews(event, number, sequence, required_at=START, parts=(CalledPart(part),))
    while True:
        # As edi does: a rack that changed trucks in between is looked at again.
        with suppress(Stale), transaction.atomic():
            return take_call_off(plant.program.pk, news, at=plant.at).outcome


def test_the_same_call_taken_by_two_workers_is_one_call(plant: Plant) -> None:
    outcomes = at_once(*[lambda: take(plant, "NEW", "V1", "0001", "C-A")] * 3)
    assert sorted(outcomes) == ["APPLIED", "DUPLICATE", "DUPLICATE"]
    assert (
        CallOff.objects.count()
        == ComponentGroup.objects.count()
        == Slot.objects.filter(group__isnull=False).count()
        == 1
    )


@pytest.mark.parametrize("turn", range(4))
def test_a_change_and_the_scan_that_packs_never_both_win(plant: Plant, turn: int) -> None:
    """Either the slot was packed first and is open again, or the scan met the changed call."""
    plant.new(1)
    plant.start_rack("R1")
    plant.scan(label("7"))
    at_once(
        lambda: take(plant, "CHANGE", "V0001", "0001", "C-B"),
        lambda: scan(plant, plant.station, "%L:1", "pack"),
    )
    slot = Slot.objects.get(group=plant.group(1))
    assert slot.status in {"REOPENED", "EMPTY"}
    assert plant.group(1).status == "RELEASED"
    assert Unit.objects.get().status == "BUFFER"


def test_a_change_and_the_seal_never_both_win(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack("R1")
    for n in (1, 2, 3):
        plant.pack("A", n, serial=f"{n}")
    at_once(
        lambda: take(plant, "CHANGE", "V0002", "0002", "C-B"),
        lambda: scan(plant, plant.station, "%C:SEAL", "seal"),
    )
    assert plant.rack(1).status == "REOPENED"


def test_a_change_and_the_departure_never_both_win(plant: Plant) -> None:
    """The truck left with the old part and a person is told, or it did not leave."""
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack("R1")
    for n in (1, 2, 3):
        plant.pack("A", n, serial=f"{n}")
    plant.scans("%C:SEAL", "%R:R1")
    plant.plan()
    truck = Shipment.objects.get()
    plant.scans("%B:OP", f"%T:{truck.number}", "%R:R1", station=plant.dock)
    at_once(
        lambda: take(plant, "CHANGE", "V0002", "0002", "C-B"),
        lambda: depart_shipment(truck.pk, at=plant.at, by="x").status,
    )
    truck.refresh_from_db()
    group = plant.group(2)
    if truck.status == "DEPARTED":
        assert group.status == "SHIPPED"
        assert group.tasks.filter(kind="CHANGE_AFTER_DEPARTURE").exists()
    else:
        assert group.status == "RELEASED"
        assert plant.rack(1).status == "REOPENED"


def test_stations_and_calls_at_full_tilt_leave_no_lock_standing(plant: Plant) -> None:
    """Calls arrive, two stations pack, trucks are planned: nothing dies on a lock and every call ends once."""
    for n in range(1, 4):
        plant.new(n)
    other = second_station(plant)
    plant.start_rack("R1")
    plant.scans("%B:OP", station=other)

    def calls() -> int:
        return sum(take(plant, "NEW", f"V{n:04d}", f"{n:04d}", "C-A") == "APPLIED" for n in range(4, 20))

    def changes() -> int:
        return sum(take(plant, "CHANGE", f"V{n:04d}", f"{n:04d}", "C-B") == "APPLIED" for n in (1, 2, 3))

    def packing(station: Station, carrier: str) -> int:
        raws = [f"%R:{carrier}"] + [
            raw for k in range(3) for raw in (label(f"{carrier}{k}"), f"%L:{k + 1}", "%C:RETURN")
        ]
        return sum(bool(scan(plant, station, raw, f"{carrier}{i}")) for i, raw in enumerate(raws))

    results = at_once(
        calls,
        changes,
        lambda: packing(plant.station, "R1"),
        lambda: packing(other, "R2"),
        lambda: plan_shipments(at=plant.at),
    )
    assert results[:4] == [16, 3, 10, 10]
    assert CallOff.objects.count() == 19


def test_two_stations_at_the_last_unit_of_an_override_get_it_once(plant: Plant) -> None:
    """The count is never overdrawn, and who came second is asked for the slot as if nothing had been granted."""
    for n in range(1, 7):
        plant.new(n)
    other = second_station(plant)
    plant.start_rack("R1")
    plant.scans("%B:OP", "%R:R2", station=other)
    grant_override(
        plant.station,
        "SLOT_CHALLENGE",
        extent="LINE-10-MIN",
        reason="LABEL-DAMAGED",
        by=plant.supervisor,
        at=plant.at,
    )
    Override.objects.update(limit=1)
    codes = at_once(
        lambda: scan(plant, plant.station, label("11"), "a"), lambda: scan(plant, other, label("12"), "b")
    )
    assert sorted(codes) == ["OK", "OVERRIDDEN"]
    row = Override.objects.get()
    assert (row.status, row.used, row.uses.count()) == ("USED", 1, 1)
    assert Slot.objects.filter(status="FILLED").count() == 1
    assert ComponentGroup.objects.filter(status="VERIFIED").count() == 1
