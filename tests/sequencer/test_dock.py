"""The dock with a real trailer: every wrong scan by its code, close with seal and driver, unload to reorder."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.errors import Refused
from sequencer.models import (
    Commodity,
    DockSignal,
    PlantEvent,
    Rack,
    RackType,
    Shipment,
    Station,
    Task,
    TrailerType,
    TruckStop,
    UnloadingPoint,
)
from sequencer.services import (
    cancel_shipment,
    close_again,
    depart_shipment,
    dock_view,
    escalate_asns,
    insert_rack,
    move_group,
    move_rack_to,
    plan_emergency_run,
    record_asn_status,
    set_trailer,
)
from sequencer.states import AsnStatus
from tests.factories import Plant, make_plant


def trailer(plant: Plant, **fields: object) -> TrailerType:
    given = {
        "code": "T2x2",
        "lanes": 2,
        "places": 2,
        "scan_place": True,
        "needs_seal": True,
        "needs_driver": True,
    }
    kind = TrailerType.objects.create(**{**given, **fields})
    UnloadingPoint.objects.update(trailer_type=kind)
    return kind


def stage(plant: Plant, count: int) -> None:
    for n in range(count):
        plant.build([3 * n + 1, 3 * n + 2, 3 * n + 3], f"R{n + 1}")


@pytest.fixture
def three(db: None) -> Plant:
    """Racks R1, R2, R3 staged for one truck with two lanes of two places, filled lane by lane."""
    plant = make_plant(racks_per_truck=3)
    trailer(plant)
    stage(plant, 3)
    plant.plan()
    return plant


def truck(plant: Plant) -> Shipment:
    return Shipment.objects.select_related("trailer_type").order_by("pk")[0]


def at_dock(plant: Plant, *raw: str, station: Station | None = None) -> list[str]:
    return plant.scans(*raw, station=station or plant.dock)


def opened(plant: Plant) -> None:
    assert at_dock(plant, "%B:OP", f"%T:{truck(plant).number}") == ["OK", "OK"]


def load_all(plant: Plant) -> None:
    opened(plant)
    for rack, place in (("R1", "1-1"), ("R2", "1-2"), ("R3", "2-1")):
        assert at_dock(plant, f"%R:{rack}", f"%Z:D:{place}") == ["OK", "OK"]


# --- the refusal table -----------------------------------------------------------------------------------


def test_every_wrong_scan_while_loading(three: Plant) -> None:
    three.build([10, 11, 12], "R4")
    three.build([13, 14, 15], "R5")
    Rack.objects.filter(carrier__code="R5").update(shipment=None, load_position=None)
    three.plan()
    opened(three)
    table = {
        "%R:NONE": "UNKNOWN_LABEL",  # no such rack
        "%R:R9": "WRONG_RACK",  # empty
        "%R:R2": "WRONG_ORDER",  # its place comes later
        "%Z:D:1-1": "NOT_NOW",  # a place before its rack
        "PA": "NOT_NOW",  # a part
        "%L:1": "NOT_NOW",  # a slot
        "%C:DEPART": "NOT_NOW",  # not loaded
        "%C:SEAL": "UNKNOWN_LABEL",  # a packing command
        "%T:T-NONE": "UNKNOWN_LABEL",
    }
    assert {raw: three.scan(raw, station=three.dock).code for raw in table} == table
    at_dock(three, "%R:R1")
    places = {
        "%Z:D:2-1": "WRONG_LANE",
        "%Z:D:1-2": "WRONG_PLACE",
        "%Z:DOCK9:1-1": "WRONG_DOOR",
        "%Z:D:left": "UNKNOWN_LABEL",
        "%R:R2": "NOT_NOW",  # the place is asked for
        "%Z:D:1-1": "OK",
    }
    assert {raw: three.scan(raw, station=three.dock).code for raw in places} == places
    assert three.scan("%R:R1", station=three.dock).code == "NOT_NOW"  # on the truck already


def test_a_rack_of_another_truck_and_of_another_door(three: Plant) -> None:
    stage_more = [10, 11, 12]
    three.build(stage_more, "R4")
    three.tick(hours=2)
    three.plan()
    second = Shipment.objects.order_by("pk")[1]
    opened(three)
    verdict = three.scan("%R:R4", station=three.dock)
    assert (verdict.code, second.number in verdict.hint) == ("WRONG_TRUCK", True)
    assert three.scan(f"%T:{second.number}", station=three.dock).code == "WRONG_TRUCK"
    other = Station.objects.create(
        code="D-B", name="Door B", kind="DOCK", unloading_point=three.dock.unloading_point
    )
    assert at_dock(three, "%B:BOSS", f"%T:{truck(three).number}", station=other) == ["OK", "WRONG_DOOR"]
    assert at_dock(three, f"%T:{second.number}", station=other) == ["OK"]
    assert three.scan("%R:R4", station=three.dock).code == "WRONG_DOOR"
    assert three.scan("%R:R1", station=other).code == "WRONG_DOOR"


def test_a_truck_of_another_unloading_point_is_at_another_door(three: Plant) -> None:
    point = UnloadingPoint.objects.create(plant=three.line.plant, code="D9")
    far = Station.objects.create(code="D-9", name="Dock 9", kind="DOCK", unloading_point=point)
    verdict = at_dock(three, "%B:OP", f"%T:{truck(three).number}", "%R:R1", station=far)
    assert verdict == ["OK", "WRONG_DOOR", "NOT_NOW"]


def test_a_refused_scan_sounds_the_horn_and_a_good_one_does_not(three: Plant) -> None:
    opened(three)
    assert not DockSignal.objects.exists()
    verdict = three.scan("%R:R2", station=three.dock)
    assert verdict.sound == "stop"
    assert list(DockSignal.objects.values_list("station__code", "kind", "why")) == [
        ("D", "HORN", "WRONG_ORDER")
    ]
    at_dock(three, "%R:R1", "%Z:D:2-1")
    assert list(DockSignal.objects.values_list("why", flat=True)) == ["WRONG_ORDER", "WRONG_LANE"]
    at_dock(three, "%Z:D:1-1", "%C:BACK")
    assert DockSignal.objects.count() == 2


def test_a_repeated_wrong_scan_sounds_the_horn_once(three: Plant) -> None:
    opened(three)
    for _ in range(3):
        three.scan("%R:R2", station=three.dock, nonce="same")
    assert DockSignal.objects.count() == 1


# --- the trailer -----------------------------------------------------------------------------------------


def test_the_map_shows_lanes_and_places_in_loading_order(three: Plant) -> None:
    view = dock_view(three.dock.pk, at=three.at)["shipment"]
    assert view["trailer"] == {"type": "T2x2", "lanes": 2, "places": 2, "door": "REAR"}
    assert [(r["carrier"], r["lane"], r["place"]) for r in view["racks"]] == [
        ("R1", 1, 1),
        ("R2", 1, 2),
        ("R3", 2, 1),
    ]


def test_the_last_stop_is_loaded_first(db: None) -> None:
    """Two commodities of one dock: what is dropped last stands deepest."""
    plant = make_plant(racks_per_truck=4)
    trailer(plant, load_order="REVERSE", scan_place=False)
    other = Commodity.objects.create(
        program=plant.program, family="SEAT", name="Seats", rack_prefix="S", rack_type=RackType.objects.get()
    )
    for number, commodity in ((1, plant.commodity), (2, other)):
        TruckStop.objects.create(
            unloading_point=plant.dock.unloading_point, commodity=commodity, number=number
        )
    rows = []
    for commodity, low in ((plant.commodity, 1), (plant.commodity, 4), (other, 1), (other, 4)):
        rows.append(Rack(number=f"{commodity.rack_prefix}-{low}", commodity=commodity, low_position=low,
                         high_position=low + 2))  # fmt: skip
    from sequencer.services.shipping import loading_order

    Rack.objects.bulk_create(rows)
    order = loading_order(plant.dock.unloading_point, TrailerType.objects.get(), rows)
    assert [rack.number for rack in order] == ["S-4", "S-1", "R-4", "R-1"]


def test_another_trailer_is_ordered_anew_and_only_while_it_is_empty(three: Plant) -> None:
    small = TrailerType.objects.create(code="T1", lanes=1, places=1)
    back = TrailerType.objects.create(code="BACK", lanes=1, places=4, load_order="REVERSE")
    with pytest.raises(Refused, match="1 places for 3"):
        set_trailer(truck(three).pk, trailer_type_id=small.pk, truck="", by="lou", at=three.tick())
    set_trailer(truck(three).pk, trailer_type_id=back.pk, truck="PB 77", by="lou", at=three.tick())
    assert list(Rack.objects.order_by("load_position").values_list("low_position", flat=True)) == [7, 4, 1]
    opened(three)
    at_dock(three, "%R:R3")
    with pytest.raises(Refused, match="cannot change"):
        set_trailer(truck(three).pk, trailer_type_id=None, truck="", by="lou", at=three.tick())


# --- close and depart ------------------------------------------------------------------------------------


def asked(plant: Plant) -> str:
    return str(dock_view(plant.dock.pk, at=plant.at)["ask"]["code"])


def test_seal_and_driver_before_departure(three: Plant) -> None:
    load_all(three)
    assert asked(three) == "DOOR_SEAL"
    assert at_dock(three, "%C:DEPART", "%D:JAN", "x") == ["NOT_NOW", "NOT_NOW", "NOT_NOW"]
    assert at_dock(three, "seal-4711") == ["OK"]
    assert asked(three) == "DRIVER"
    assert at_dock(three, "%C:DEPART", "%D:JAN KOWALSKI") == ["NOT_NOW", "OK"]
    assert asked(three) == "DEPART"
    assert at_dock(three, "%C:DEPART") == ["OK"]
    gone = truck(three)
    assert (gone.status, gone.seal_number, gone.driver) == ("DEPARTED", "SEAL-4711", "JAN KOWALSKI")


def test_a_visitors_badge_is_the_drivers_and_a_colleagues_is_the_next_operators(three: Plant) -> None:
    load_all(three)
    at_dock(three, "SEAL-1")
    assert at_dock(three, "%B:BOSS") == ["OK"]
    assert truck(three).driver == ""
    assert at_dock(three, "%B:CARRIER-77") == ["OK"]
    assert truck(three).driver == "CARRIER-77"
    assert three.scan("%B:CARRIER-77", station=three.dock).code == "UNKNOWN_LABEL"


def test_a_seal_number_is_used_once(three: Plant) -> None:
    load_all(three)
    at_dock(three, "SEAL-1", "%D:JAN", "%C:DEPART")
    for n in (10, 11, 12):
        three.new(n)
    three.build([10, 11, 12], "R4")
    three.tick(hours=2)
    three.plan()
    second = Shipment.objects.order_by("pk")[1]
    at_dock(three, f"%T:{second.number}", "%R:R4", "%Z:D:1-1")
    verdict = three.scan("SEAL-1", station=three.dock)
    assert (verdict.code, truck(three).number in verdict.hint) == ("NOT_NOW", True)


def test_the_driver_is_in_no_journal(three: Plant) -> None:
    """A driver is a person of another firm: his name is with the shipment, not in a log that is never deleted."""
    load_all(three)
    at_dock(three, "SEAL-1", "%D:JAN KOWALSKI", "%C:DEPART")
    rows = PlantEvent.objects.values_list("by", "reason", "subject", "facts")
    assert not any("KOWALSKI" in str(row) for row in rows)


def test_a_rack_opened_on_the_truck_breaks_the_seal_and_comes_off_with_what_is_in_its_way(
    three: Plant,
) -> None:
    load_all(three)
    at_dock(three, "SEAL-1")
    three.take("CHANGE", "V0002", "0002", "C-B", required=122)
    assert (truck(three).status, truck(three).seal_number) == ("OPEN", "")
    view = dock_view(three.dock.pk, at=three.at)
    assert (view["ask"]["code"], view["ask"]["text"]) == ("UNLOAD", "TAKE OFF R2")
    assert at_dock(three, "%R:R1", "%R:R3", "%R:R2", "%R:R1") == ["WRONG_ORDER", "WRONG_ORDER", "OK", "OK"]
    assert asked(three) == "WAIT"
    # Lane 2 is reached without moving anything: R3 stays.
    assert list(Rack.objects.filter(status="LOADED").values_list("carrier__code", flat=True)) == ["R3"]


def test_short_at_a_trailer_with_seal_waits_for_the_seal(three: Plant) -> None:
    opened(three)
    at_dock(three, "%R:R1", "%Z:D:1-1")
    codes = at_dock(three, "%C:SHORT", "PA", "%M:OEM-ASKS", "%B:BOSS", "%P:4711")
    assert codes == ["OK", "NOT_NOW", "OK", "OK", "OK"]
    assert asked(three) == "DOOR_SEAL"
    assert at_dock(three, "S-100", "%D:JAN", "%C:DEPART") == ["OK", "OK", "OK"]
    assert truck(three).short_reason == "oem asks"
    assert Rack.objects.filter(shipment=None).count() == 2


# --- unload to reorder -----------------------------------------------------------------------------------


@pytest.fixture
def overtaken(db: None) -> Plant:
    """R2 (4-6) and R3 (7-9) are on the truck; R1 (1-3), the first, was left to wait."""
    plant = make_plant(racks_per_truck=2)
    trailer(plant, code="T1x2", lanes=1, needs_seal=False, needs_driver=False, scan_place=False)
    stage(plant, 3)
    plant.plan()
    plant.tick(hours=2)
    Rack.objects.update(shipment=None, load_position=None)
    shipment = truck(plant)
    Shipment.objects.exclude(pk=shipment.pk).delete()
    for n, code in enumerate(("R2", "R3"), start=1):
        Rack.objects.filter(carrier__code=code).update(shipment=shipment, load_position=n)
    opened(plant)
    assert at_dock(plant, "%R:R2") == ["OK"]
    return plant


def test_a_rack_that_belongs_before_is_inserted_by_scan(overtaken: Plant) -> None:
    plant = overtaken
    assert dock_view(plant.dock.pk, at=plant.at)["shipment"]["belongs_before"]["number"] == "R-1"
    at_dock(plant, "%R:R3")
    assert at_dock(plant, "%C:DEPART") == ["NOT_NOW"]
    assert at_dock(plant, "%C:UNLOAD", "%B:BOSS", "%P:4711") == ["OK", "OK", "OK"]
    assert dock_view(plant.dock.pk, at=plant.at)["ask"]["text"] == "TAKE OFF R3"
    assert at_dock(plant, "%R:R2", "%R:R3", "%R:R2") == ["WRONG_ORDER", "OK", "OK"]
    assert Rack.objects.get(carrier__code="R3").shipment is None, "the truck holds two: the last waits"
    assert at_dock(plant, "%R:R2", "%R:R1", "%R:R2", "%C:DEPART") == ["WRONG_ORDER", "OK", "OK", "OK"]
    assert set(Rack.objects.filter(status="IN_TRANSIT").values_list("carrier__code", flat=True)) == {
        "R1",
        "R2",
    }
    event = PlantEvent.objects.get(kind="rack_inserted")
    assert (event.by, event.reason) == ("boss", "R-1 belongs before what is loaded")


def test_inserting_needs_a_reason_and_a_rack_that_fits(overtaken: Plant) -> None:
    plant, shipment = overtaken, truck(overtaken)
    first = Rack.objects.get(carrier__code="R1")
    with pytest.raises(Refused, match="say why"):
        insert_rack(shipment.pk, first.pk, by="boss", reason=" ", at=plant.tick())
    with pytest.raises(Refused, match="already"):
        insert_rack(
            shipment.pk, Rack.objects.get(carrier__code="R2").pk, by="boss", reason="x", at=plant.tick()
        )


def test_racks_come_off_from_the_door_inwards(three: Plant) -> None:
    load_all(three)
    codes = at_dock(
        three, "%C:UNLOAD", "%M:DAMAGED", "%B:BOSS", "%P:4711", "%R:R9", "%R:R1", "%R:R2", "%R:R1", "%C:BACK"
    )
    assert codes == ["OK", "OK", "OK", "OK", "WRONG_RACK", "WRONG_ORDER", "OK", "OK", "OK"]
    assert asked(three) == "RACK"
    assert truck(three).status == "OPEN"
    events = PlantEvent.objects.filter(kind="rack_unloaded", topic__startswith="dock")
    assert set(events.values_list("by", "reason")) == {("boss", "damaged")}


def test_unloading_an_empty_truck_is_refused(three: Plant) -> None:
    assert at_dock(three, "%B:OP", "%C:UNLOAD") == ["OK", "NOT_NOW"]
    at_dock(three, f"%T:{truck(three).number}")
    assert at_dock(three, "%C:UNLOAD") == ["NOT_NOW"]


# --- between deliveries ----------------------------------------------------------------------------------


def test_a_rack_changes_trucks_with_its_status_intact(three: Plant) -> None:
    three.build([10, 11, 12], "R4")
    three.tick(hours=2)
    three.plan()
    first, second = Shipment.objects.order_by("pk")
    rack = Rack.objects.get(carrier__code="R3")
    moved = move_rack_to(rack.pk, second.pk, by="boss", reason="trailer too short", at=three.tick())
    assert (moved.shipment, moved.status, moved.sealed_at) == (second, "STAGED", rack.sealed_at)
    order = Rack.objects.filter(shipment=second).order_by("load_position")
    assert list(order.values_list("carrier__code", flat=True)) == ["R3", "R4"]
    off = move_rack_to(Rack.objects.get(carrier__code="R2").pk, None, by="boss", reason="x", at=three.tick())
    assert (off.shipment, off.status) == (None, "STAGED")
    assert Rack.objects.filter(shipment=first).count() == 1


def test_a_rack_may_not_leave_later_ones_ahead_of_it(three: Plant) -> None:
    first = Rack.objects.get(carrier__code="R1")
    with pytest.raises(Refused) as refused:
        move_rack_to(first.pk, None, by="boss", reason="x", at=three.tick())
    assert refused.value.code == "before_it"
    opened(three)
    at_dock(three, "%R:R1", "%Z:D:1-1")
    with pytest.raises(Refused) as refused:
        move_rack_to(first.pk, None, by="boss", reason="x", at=three.tick())
    assert refused.value.code == "loaded"


def test_an_emergency_run_overtakes_trucks_but_not_the_sequence(three: Plant) -> None:
    point = three.dock.unloading_point
    assert point is not None
    ids = {code: Rack.objects.get(carrier__code=code).pk for code in ("R1", "R2")}
    with pytest.raises(Refused, match="cost reason"):
        plan_emergency_run(point.pk, [ids["R1"]], cost_reason="", note="x", by="boss", at=three.tick())
    with pytest.raises(Refused) as refused:
        plan_emergency_run(point.pk, [ids["R2"]], cost_reason="CARRIER", note="x", by="boss", at=three.tick())
    assert refused.value.code == "before_it"
    run = plan_emergency_run(
        point.pk, [ids["R1"]], cost_reason="CARRIER", note="truck broke down", by="boss", at=three.tick()
    )
    assert (run.kind, run.number[:2], run.cost_reason) == ("EMERGENCY", "E-", "CARRIER")
    assert (
        at_dock(three, "%B:OP", f"%T:{run.number}", "%R:R1", "%Z:D:1-1", "S-1", "%D:JO", "%C:DEPART")
        == ["OK"] * 7
    )
    run.refresh_from_db()
    assert (run.status, run.asn_status) == ("DEPARTED", "DUE")
    assert Rack.objects.filter(shipment=truck(three)).count() == 2


def test_a_truck_is_called_off_and_its_racks_wait(three: Plant) -> None:
    shipment = truck(three)
    opened(three)
    with pytest.raises(Refused, match="say why"):
        cancel_shipment(shipment.pk, by="boss", reason="", at=three.tick())
    at_dock(three, "%R:R1", "%Z:D:1-1")
    with pytest.raises(Refused, match="take it off"):
        cancel_shipment(shipment.pk, by="boss", reason="no driver", at=three.tick())
    at_dock(three, "%C:UNLOAD", "%M:OTHER-TRUCK", "%B:BOSS", "%P:4711", "%R:R1", "%C:BACK")
    cancel_shipment(shipment.pk, by="boss", reason="no driver", at=three.tick())
    shipment.refresh_from_db()
    assert shipment.status == "CANCELLED"
    assert Rack.objects.filter(shipment=None, status="STAGED").count() == 3
    assert Station.objects.get(pk=three.dock.pk).shipment is None
    assert at_dock(three, f"%T:{shipment.number}") == ["NOT_NOW"]


def test_a_truck_opened_by_mistake_is_closed_again(three: Plant) -> None:
    opened(three)
    close_again(truck(three).pk, by="boss", at=three.tick())
    assert (truck(three).status, truck(three).opened_at) == ("PLANNED", None)
    assert asked(three) == "TRUCK"


def test_one_piece_goes_ahead_in_a_rack_of_its_own(three: Plant) -> None:
    group = three.group(5)
    run_rack = move_group(
        group.pk, "R8", shipment_id=None, by="boss", reason="OEM asks for it", at=three.tick()
    )
    group = three.group(5)
    assert (group.status, group.slot.rack, group.slot.status) == ("PACKED", run_rack, "FILLED")
    run_rack.refresh_from_db()
    assert (run_rack.status, run_rack.carrier.code) == ("STAGED", "R8")
    old = Rack.objects.get(carrier__code="R2")
    assert (old.status, old.holes_approved_by) == ("FULL", "boss")
    assert list(old.slots.values_list("status", flat=True)) == ["FILLED", "HOLE", "FILLED"]
    with pytest.raises(Refused, match="not free"):
        move_group(three.group(6).pk, "R8", shipment_id=None, by="boss", reason="x", at=three.tick())


# --- the ASN clock ---------------------------------------------------------------------------------------


def test_an_asn_without_answer_is_a_task_after_five_minutes_and_loud_after_ten(three: Plant) -> None:
    load_all(three)
    at_dock(three, "S-100", "%D:JO", "%C:DEPART")
    left = truck(three).departed_at
    assert left is not None
    assert escalate_asns(at=left + timedelta(minutes=4)) == 0
    assert escalate_asns(at=left + timedelta(minutes=5)) == 1
    task = Task.objects.get(kind="ASN_LATE")
    assert (task.due_at, "5 min" in task.text) == (left + timedelta(minutes=10), True)
    escalate_asns(at=left + timedelta(minutes=10))
    task.refresh_from_db()
    assert "10 min" in task.text
    assert PlantEvent.objects.filter(kind="asn_late").count() == 2
    escalate_asns(at=left + timedelta(minutes=11))
    assert PlantEvent.objects.filter(kind="asn_late").count() == 2
    record_asn_status(truck(three).pk, AsnStatus.ACCEPTED, at=left + timedelta(minutes=12))
    task.refresh_from_db()
    assert task.status == "DONE"
    assert escalate_asns(at=left + timedelta(minutes=13)) == 0


def test_a_partner_that_never_answers_is_late_only_until_it_is_sent(three: Plant) -> None:
    load_all(three)
    at_dock(three, "S-100", "%D:JO", "%C:DEPART")
    record_asn_status(truck(three).pk, AsnStatus.SENT, at=three.at, answered=False)
    assert escalate_asns(at=three.at + timedelta(minutes=30)) == 0


def test_depart_by_the_desk_asks_for_seal_and_driver_too(three: Plant) -> None:
    load_all(three)
    with pytest.raises(Refused) as refused:
        depart_shipment(truck(three).pk, at=three.tick(), by="lou")
    assert refused.value.code == "no_seal"
    depart_shipment(truck(three).pk, at=three.tick(), by="lou", seal_number="A-1", driver="Jo")
    assert truck(three).status == "DEPARTED"
