"""Trucks: planned in order, loaded by scan, departed once, and never past a gap or out of sequence."""

from __future__ import annotations

import pytest

from inventory.errors import Refused
from sequencer.models import Carrier, ComponentGroup, Rack, Shipment, Task
from sequencer.services import (
    close_stream,
    depart_shipment,
    dock_view,
    plan_shipments,
    record_asn_status,
    return_carrier,
    send_short,
)
from sequencer.states import AsnStatus
from tests.factories import Plant, make_plant


def two_racks(plant: Plant) -> Shipment:
    """Racks R-1 (carrier R1) and R-4 (carrier R2) staged on one planned truck."""
    plant.build([1, 2, 3], "R1")
    plant.build([4, 5, 6], "R2")
    plant.plan()
    return Shipment.objects.order_by("pk")[0]


@pytest.fixture
def pair(db: None) -> Plant:
    return make_plant(racks_per_truck=2)


def test_a_truck_is_planned_when_enough_racks_wait(pair: Plant) -> None:
    for n in (1, 2, 3):
        pair.new(n, required=600)
    assert pair.plan() == 0
    for n in (4, 5, 6):
        pair.new(n, required=600)
    assert pair.plan() == 1
    assert list(Rack.objects.order_by("load_position").values_list("low_position", flat=True)) == [1, 4]
    assert pair.plan() == 0


def test_a_due_rack_does_not_wait_for_a_full_truck(pair: Plant) -> None:
    for n in (1, 2, 3):
        pair.new(n, required=600)
    pair.tick(minutes=565)
    assert pair.plan() == 1


def test_the_last_racks_of_a_shift_go_with_a_part_load(pair: Plant) -> None:
    pair.new(1, required=600)
    assert pair.plan() == 0
    close_stream(pair.program.pk, at=pair.tick())
    assert pair.plan() == 1


def test_reverse_unloading_is_loaded_highest_first(db: None) -> None:
    plant = make_plant(racks_per_truck=2, load_order="REVERSE")
    two_racks(plant)
    assert list(Rack.objects.order_by("load_position").values_list("low_position", flat=True)) == [4, 1]


def test_dock_refusals(pair: Plant) -> None:
    truck = two_racks(pair)

    def at_dock(raw: str) -> str:
        return pair.scan(raw, station=pair.dock).code

    assert at_dock("%R:R1") == "NO_BADGE"
    assert at_dock("%B:OP") == "OK"
    assert at_dock("%R:R1") == "NOT_NOW"
    assert at_dock("%T:NONE") == "UNKNOWN_LABEL"
    assert at_dock("%C:DEPART") == "NOT_NOW"
    assert at_dock(f"%T:{truck.number}") == "OK"
    assert at_dock("%R:R2") == "WRONG_ORDER"
    assert at_dock("%R:R9") == "WRONG_RACK"
    assert at_dock("%R:NONE") == "UNKNOWN_LABEL"
    assert at_dock("PA") == "NOT_NOW"
    assert at_dock("%R:R1") == "OK"
    assert at_dock("%R:R1") == "NOT_NOW"
    assert at_dock("%C:DEPART") == "NOT_NOW"
    assert at_dock("%R:R2") == "OK"
    assert at_dock("%C:DEPART") == "OK"
    assert at_dock("%C:DEPART") == "NOT_NOW"


def test_a_rack_that_is_not_sealed_is_not_loaded(pair: Plant) -> None:
    for n in range(1, 7):
        pair.new(n)
    pair.plan()
    pair.start_rack("R1")
    truck = Shipment.objects.get()
    codes = pair.scans("%B:OP", f"%T:{truck.number}", "%R:R1", station=pair.dock)
    assert codes == ["OK", "OK", "WRONG_RACK"]
    view = dock_view(pair.dock.pk, at=pair.at)
    assert view["shipment"]["racks"][0]["where"] == "loading at S1"


def load(plant: Plant, truck: Shipment, *carriers: str) -> None:
    codes = plant.scans("%B:OP", f"%T:{truck.number}", *[f"%R:{c}" for c in carriers], station=plant.dock)
    assert set(codes) == {"OK"}


def test_nothing_departs_past_a_gap(plant: Plant) -> None:
    plant.new(1)
    for n in (4, 5, 6):
        plant.new(n)
    rack = plant.rack(4)
    plant.start_rack("R1")
    assert plant.rack(1).status == "LOADING"
    from sequencer.models import Station

    other = Station.objects.create(code="S2", name="Doors 2", commodity=plant.commodity)
    plant.scans("%B:OP", "%R:R2", station=other)
    for n in (1, 2, 3):
        plant.scans("PA", f"%L:{n}", station=other)
    assert plant.scans("%C:SEAL", "%R:R2", station=other) == ["OK", "OK"]
    plant.plan()
    _first, second = Shipment.objects.order_by("pk")
    rack.refresh_from_db()
    assert rack.shipment == second
    Shipment.objects.filter(pk=second.pk).update(status="LOADED")
    Rack.objects.filter(pk=rack.pk).update(status="LOADED", loaded_at=plant.at)
    with pytest.raises(Refused) as refused:
        depart_shipment(second.pk, at=plant.tick(), by="boss")
    assert refused.value.code == "past_gap"
    assert ComponentGroup.objects.filter(status="SHIPPED").count() == 0


def test_nothing_departs_before_what_comes_earlier(plant: Plant) -> None:
    plant.build([1, 2, 3], "R1")
    plant.build([4, 5, 6], "R2")
    plant.plan()
    _first, second = Shipment.objects.order_by("pk")
    Shipment.objects.filter(pk=second.pk).update(status="LOADED")
    Rack.objects.filter(shipment=second).update(status="LOADED", loaded_at=plant.at)
    with pytest.raises(Refused) as refused:
        depart_shipment(second.pk, at=plant.tick(), by="boss")
    assert refused.value.code == "before_it"


def test_a_change_on_the_truck_takes_the_truck_back(plant: Plant) -> None:
    plant.build([1, 2, 3], "R1")
    plant.plan()
    truck = Shipment.objects.get()
    load(plant, truck, "R1")
    plant.take("CHANGE", "V0002", "0002", "C-B", required=122)
    truck.refresh_from_db()
    assert truck.status == "OPEN"
    assert plant.scan("%C:DEPART", station=plant.dock).code == "NOT_NOW"


def test_departing_twice_is_refused(plant: Plant) -> None:
    plant.build([1, 2, 3], "R1")
    plant.plan()
    truck = Shipment.objects.get()
    load(plant, truck, "R1")
    depart_shipment(truck.pk, at=plant.tick(), by="boss")
    with pytest.raises(Refused) as refused:
        depart_shipment(truck.pk, at=plant.tick(), by="boss")
    assert refused.value.code == "not_loaded"


def test_a_short_truck_leaves_the_rest_for_the_next(pair: Plant) -> None:
    truck = two_racks(pair)
    load(pair, truck, "R1")
    with pytest.raises(Refused, match="say why"):
        send_short(truck.pk, by="boss", reason="", at=pair.tick())
    send_short(truck.pk, by="boss", reason="OEM needs it now", at=pair.tick())
    assert Rack.objects.get(low_position=4).shipment is None
    pair.tick(hours=2)
    assert pair.plan() == 1
    assert Rack.objects.get(low_position=4).shipment == Shipment.objects.order_by("pk")[1]


def test_short_at_the_dock_needs_a_supervisor(pair: Plant) -> None:
    truck = two_racks(pair)
    load(pair, truck, "R1")
    codes = pair.scans("%C:SHORT", "%M:RACK-LATE", "%B:OP", "%B:BOSS", "%P:4711", station=pair.dock)
    assert codes == ["OK", "OK", "NOT_ALLOWED", "OK", "OK"]
    truck.refresh_from_db()
    assert (truck.status, truck.short_reason) == ("DEPARTED", "rack late")


def test_short_refused_at_the_door_leaves_every_rack_with_its_truck(pair: Plant) -> None:
    truck = two_racks(pair)
    load(pair, truck, "R1")
    pair.hold(1)
    codes = pair.scans("%C:SHORT", "%M:RACK-LATE", "%B:BOSS", "%P:4711", station=pair.dock)
    assert codes == ["OK", "OK", "OK", "NOT_NOW"]
    truck.refresh_from_db()
    assert (truck.status, truck.short_reason, truck.racks.count()) == ("OPEN", "", 2)


def test_short_may_not_leave_a_lower_sequence_behind(db: None) -> None:
    plant = make_plant(racks_per_truck=2, load_order="REVERSE")
    truck = two_racks(plant)
    load(plant, truck, "R2")
    with pytest.raises(Refused) as refused:
        send_short(truck.pk, by="boss", reason="late", at=plant.tick())
    assert refused.value.code == "before_it"


def test_trucks_are_opened_in_order(plant: Plant) -> None:
    plant.build([1, 2, 3], "R1")
    plant.build([4, 5, 6], "R2")
    plant.plan()
    second = Shipment.objects.order_by("pk")[1]
    assert plant.scans("%B:OP", f"%T:{second.number}", station=plant.dock) == ["OK", "WRONG_ORDER"]


def test_an_empty_carrier_comes_back_and_is_filled_again(plant: Plant) -> None:
    plant.build([1, 2, 3], "R1")
    plant.plan()
    load(plant, Shipment.objects.get(), "R1")
    plant.new(4)
    assert plant.scan("%C:DEPART", station=plant.dock).code == "OK"
    assert plant.scan("%R:R1").code == "WRONG_RACK"
    assert plant.scan("%R:R1", station=plant.dock).code == "OK"
    assert plant.scan("%R:R1").code == "OK"
    with pytest.raises(Refused):
        return_carrier("R1", at=plant.tick(), by="x")


def test_a_cancelled_call_leaves_no_trace_on_the_truck(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.take("CANCEL", "V0002", "", "")
    plant.start_rack("R1")
    plant.pack("A", 1)
    plant.pack("A", 3)
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    plant.plan()
    load(plant, Shipment.objects.get(), "R1")
    plant.scan("%C:DEPART", station=plant.dock)
    assert [plant.group(n).status for n in (1, 2, 3)] == ["SHIPPED", "CANCELLED", "SHIPPED"]


def test_rush_rack_goes_first_with_the_next_truck(pair: Plant) -> None:
    for n in range(1, 4):
        pair.new(n)
    pair.take("REORDER", "V0001", "", "")
    assert pair.plan() == 1
    assert Rack.objects.get(load_position=1).priority == "RUSH"


def test_rejected_asn_becomes_a_task(plant: Plant) -> None:
    plant.build([1, 2, 3], "R1")
    plant.plan()
    truck = Shipment.objects.get()
    with pytest.raises(Refused):
        record_asn_status(truck.pk, AsnStatus.SENT, at=plant.at)
    load(plant, truck, "R1")
    depart_shipment(truck.pk, at=plant.tick(), by="x")
    record_asn_status(truck.pk, AsnStatus.REJECTED, at=plant.tick(), note="UCI 4")
    assert Task.objects.get().kind == "ASN"


def test_planning_twice_at_once_plans_once(plant: Plant) -> None:
    for n in range(1, 4):
        plant.new(n)
    assert plan_shipments(at=plant.tick()) == 1
    assert plan_shipments(at=plant.tick()) == 0
    assert Carrier.objects.count() == 9


def test_no_truck_is_planned_past_a_whole_rack_of_missing_calls(pair: Plant) -> None:
    """A file overtook the one before it: racks 1 and 7 stand, 4 does not yet."""
    for n in (1, 2, 3, 7, 8, 9):
        pair.new(n, required=600)
    assert pair.plan() == 0
    for n in (4, 5, 6):
        pair.new(n, required=600)
    assert pair.plan() == 1
    loaded = Rack.objects.filter(shipment__isnull=False).order_by("load_position")
    assert list(loaded.values_list("low_position", flat=True)) == [1, 4]


def test_an_unopened_truck_is_planned_again_for_a_rack_that_belongs_before_it(plant: Plant) -> None:
    for n in range(1, 7):
        plant.new(n)
    for n in (1, 2, 3):
        plant.take("CANCEL", f"V{n:04d}", "", "")
    assert plant.plan() == 1
    plant.take("NEW", "V0002", "0002", "C-A", required=122)
    assert plant.plan() == 2
    trucks = (
        Rack.objects.filter(shipment__isnull=False)
        .order_by("shipment_id")
        .values_list("low_position", flat=True)
    )
    assert list(trucks) == [1, 4]
