"""`record_scan` as a refusal table: what each scan answers at each step, and that every scan is stored."""

from __future__ import annotations

import pytest

from inventory.errors import Unknown
from inventory.models import Part
from sequencer.models import Badge, Carrier, PlantEvent, QualityHold, RackType, ScanEvent, Station, Task, Unit
from sequencer.services import record_scan, reopen_rack, station_view
from tests.factories import Plant, make_plant, person


def fresh(plant: Plant) -> None:
    """Three calls, operator at the station, rack R1 being loaded."""
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()


# (scans before, scan, code, what is asked afterwards)
REFUSALS = [
    ([], "PA", "NO_BADGE", "BADGE"),
    ([], "%R:R1", "NO_BADGE", "BADGE"),
    ([], "%B:NOBODY", "UNKNOWN_LABEL", "BADGE"),
    (["%B:OP"], "PA", "NOT_NOW", "RACK"),
    (["%B:OP"], "%R:R99", "UNKNOWN_LABEL", "RACK"),
    (["%B:OP"], "%C:SEAL", "NOT_NOW", "RACK"),
    (["%B:OP"], "%C:MISSING", "NOT_NOW", "RACK"),
    (["%B:OP"], "%T:T-00001", "NOT_NOW", "RACK"),
    (["%B:OP"], "%C:DANCE", "UNKNOWN_LABEL", "RACK"),
    (["%B:OP", "%R:R1"], "PB", "WRONG_PART", "LOCKED"),
    (["%B:OP", "%R:R1"], "rubbish", "WRONG_PART", "LOCKED"),
    (["%B:OP", "%R:R1"], "%L:1", "NOT_NOW", "PART"),
    (["%B:OP", "%R:R1"], "%C:SEAL", "NOT_NOW", "PART"),
    (["%B:OP", "%R:R1"], "%R:R2", "WRONG_RACK", "PART"),
    (["%B:OP", "%R:R1"], "%C:RETURN", "NOT_NOW", "PART"),
    (["%B:OP", "%R:R1", "PA"], "PA", "NOT_NOW", "SLOT"),
    (["%B:OP", "%R:R1", "PA"], "%L:2", "WRONG_POSITION", "SLOT"),
    (["%B:OP", "%R:R1", "PA"], "%L:R2:1", "WRONG_POSITION", "SLOT"),
    (["%B:OP", "%R:R1", "PB"], "PA", "LOCKED", "LOCKED"),
    (["%B:OP", "%R:R1", "PB"], "%C:SEAL", "LOCKED", "LOCKED"),
    (["%B:OP", "%R:R1", "%C:SUPERVISOR"], "%B:OP", "NOT_ALLOWED", "SUPERVISOR"),
    (["%B:OP", "%R:R1", "%C:SUPERVISOR", "%B:BOSS"], "%P:0000", "BAD_PIN", "PIN"),
    (["%B:OP", "%R:R1"], "%P:4711", "NOT_NOW", "PART"),
    (["%B:OP", "%R:R1", "%C:MISSING"], "%L:1", "NOT_NOW", "REASON"),
]


@pytest.mark.parametrize(("before", "raw", "code", "asked"), REFUSALS)
def test_refusals(plant: Plant, before: list[str], raw: str, code: str, asked: str) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.scans(*before)
    verdict = plant.scan(raw)
    assert (verdict.accepted, verdict.code) == (False, code)
    assert verdict.word
    assert station_view(plant.station.pk, at=plant.at)["ask"]["code"] == asked
    stored = ScanEvent.objects.get(pk=verdict.scan_id)
    assert (stored.code, stored.accepted) == (code, False)


def test_right_way(plant: Plant) -> None:
    fresh(plant)
    plant.pack("A", 1)
    assert plant.group(1).status == "PACKED"
    assert station_view(plant.station.pk, at=plant.at)["now"]["sequence"] == "0002"


def test_wrong_part_says_need_and_got_in_one_line(plant: Plant) -> None:
    fresh(plant)
    verdict = plant.scan("PB")
    assert (verdict.expected, verdict.seen, verdict.sound) == ("A chrome", "B black", "stop")


def test_customer_number_on_the_label_fits_too(plant: Plant) -> None:
    fresh(plant)
    assert plant.scan("PC-A").code == "OK"


def test_lock_opens_at_the_return_bin_and_not_by_the_right_part(plant: Plant) -> None:
    fresh(plant)
    assert plant.scans("PB", "PA", "%C:RETURN", "PA") == ["WRONG_PART", "LOCKED", "OK", "OK"]


def test_lock_opens_by_supervisor_with_badge_and_pin_noted_by_name(plant: Plant) -> None:
    fresh(plant)
    codes = plant.scans("PB", "%C:SUPERVISOR", "%B:BOSS", "%P:4711", "PA")
    assert codes == ["WRONG_PART", "OK", "OK", "OK", "OK"]
    event = PlantEvent.objects.get(kind="lock_cleared")
    assert (event.by, event.reason) == ("boss", "WRONG_PART")


def test_a_supervisors_badge_without_pin_does_not_open_a_lock(plant: Plant) -> None:
    fresh(plant)
    plant.scans("PB", "%B:BOSS")
    assert plant.scan("PA").code == "LOCKED"


def test_the_pin_is_never_stored(plant: Plant) -> None:
    fresh(plant)
    plant.scans("PB", "%C:SUPERVISOR", "%B:BOSS", "%P:4711")
    assert not ScanEvent.objects.filter(raw__contains="4711").exists()


def test_five_wrong_pins_at_a_station_stop_the_sixth_of_whoever(plant: Plant) -> None:
    fresh(plant)
    person("vera", "supervisor", "VERA", pin="2580")
    plant.scans(
        "PB", "%C:SUPERVISOR", "%B:BOSS", *["%P:1111"] * 3, "%C:SUPERVISOR", "%B:VERA", *["%P:1111"] * 2
    )
    assert plant.scan("%P:2580").code == "BAD_PIN"
    plant.tick(minutes=6)
    assert plant.scan("%P:2580").code == "OK"


def tries(plant: Plant, station: Station, *pins: str) -> list[str]:
    plant.scans("%B:OP", "%C:SUPERVISOR", "%B:BOSS", station=station)
    return plant.scans(*(f"%P:{pin}" for pin in pins), station=station)


@pytest.fixture
def stations(plant: Plant) -> list[Station]:
    fresh(plant)
    return [
        Station.objects.create(code=f"X{n}", name="Doors", commodity=plant.commodity, lock_code="WRONG_PART")
        for n in range(6)
    ]


def test_a_pin_guessed_at_many_stations_shuts_the_badge_everywhere(
    plant: Plant, stations: list[Station]
) -> None:
    for station in stations[:5]:
        assert tries(plant, station, "1111") == ["BAD_PIN"]
    assert tries(plant, stations[5], "4711") == ["BAD_PIN"]
    assert "shut for 1" in ScanEvent.objects.latest("pk").hint
    assert tries(plant, plant.dock, "4711") == ["BAD_PIN"]
    assert Station.objects.get(code="X5").lock_code == "WRONG_PART"
    task = Task.objects.get(kind="BADGE_SHUT")
    assert (task.subject, task.status) == ("boss", "OPEN")
    assert [e.facts["tries"] for e in PlantEvent.objects.filter(kind="wrong_pin").order_by("pk")] == [
        1,
        2,
        3,
        4,
    ]
    assert PlantEvent.objects.get(kind="badge_shut").facts["station"] == "X4"
    assert not PlantEvent.objects.filter(facts__icontains="1111").exists()


def test_a_shut_badge_opens_by_time_and_shuts_at_once_when_the_next_pin_is_wrong(
    plant: Plant, stations: list[Station]
) -> None:
    for station in stations[:5]:
        tries(plant, station, "1111")
    plant.tick(minutes=16)
    assert tries(plant, stations[0], "2222", "4711") == ["BAD_PIN", "BAD_PIN"], (
        "one guess in a quarter of an hour"
    )
    plant.tick(minutes=16)
    assert tries(plant, stations[1], "4711") == ["OK"]
    badge = Badge.objects.get(code="BOSS")
    assert (badge.wrong_pins, badge.pin_shut_until) == (0, None), "a PIN that fits begins anew"
    assert Task.objects.get(kind="BADGE_SHUT").status == "OPEN", "somebody asks the owner who had it"


def test_a_new_pin_opens_a_shut_badge(plant: Plant, stations: list[Station]) -> None:
    for station in stations[:5]:
        tries(plant, station, "1111")
    badge = Badge.objects.get(code="BOSS")
    badge.set_pin("9753")
    badge.save()
    assert tries(plant, stations[5], "9753") == ["OK"]


def test_the_same_nonce_is_judged_once_and_answered_alike(plant: Plant) -> None:
    fresh(plant)
    first = plant.scan("PA", nonce="abc")
    again = plant.scan("PA", nonce="abc")
    assert (again.scan_id, again.code, again.repeated) == (first.scan_id, "OK", True)
    assert Unit.objects.count() == 1


def test_unknown_station(plant: Plant) -> None:
    with pytest.raises(Unknown):
        record_scan(9999, "PA", "x", at=plant.at)


@pytest.fixture
def serials(db: None) -> Plant:
    return make_plant(serial=True)


def test_part_then_serial(serials: Plant) -> None:
    fresh(serials)
    assert serials.scans("PA", "S77", "%L:1") == ["NEED_SERIAL", "OK", "OK"]
    assert Unit.objects.get().serial == "77"


def test_another_part_is_never_taken_for_a_serial(serials: Plant) -> None:
    fresh(serials)
    assert serials.scans("PA", "B") == ["NEED_SERIAL", "WRONG_PART"]
    assert not Unit.objects.exists()


def test_serial_of_another_parts_full_label_is_refused(serials: Plant) -> None:
    fresh(serials)
    assert serials.scans("PA", "[)>\x1e06\x1dPB\x1dS5\x1e\x04") == ["NEED_SERIAL", "WRONG_PART"]


def test_used_serial_says_where_it_is(serials: Plant) -> None:
    fresh(serials)
    serials.pack("A", 1, serial="77")
    verdict = serials.scan("[)>\x1e06\x1dPA\x1dS77\x1e\x04")
    assert verdict.code == "DUPLICATE"
    assert verdict.hint == "serial 77 is in rack R-1 slot 1 for 0001"
    assert serials.scan("[)>\x1e06\x1dPA\x1dS78\x1e\x04").code == "OK"


def test_a_piece_from_the_buffer_is_taken_again(serials: Plant) -> None:
    fresh(serials)
    serials.pack("A", 1, serial="77")
    serials.take("CHANGE", "V0001", "0001", "C-B", required=121)
    assert serials.scan("[)>\x1e06\x1dPB\x1dS1\x1e\x04").code == "OK"
    serials.scan("%L:1")
    serials.pack("A", 2, serial="77")
    assert Unit.objects.get(serial="77").group == serials.group(2)


def test_own_label_pattern_of_a_part(plant: Plant) -> None:
    Part.objects.filter(number="A").update(
        label_pattern=r"ZF\|(?P<part>\w+)\|(?P<serial>\d+)", trace="SERIAL"
    )
    fresh(plant)
    assert plant.scan("ZF|A|42").code == "OK"
    assert Unit.objects.get().serial == "42"


def test_implied_slots_ask_for_every_nth_only(db: None) -> None:
    plant = make_plant(slot_check_every=2)
    fresh(plant)
    assert plant.scans("PA", "PA", "%L:2", "PA") == ["OK", "OK", "OK", "OK"]
    assert plant.rack(1).status == "FULL"


def test_missing_part_leaves_a_hole_that_a_supervisor_must_approve(plant: Plant) -> None:
    fresh(plant)
    assert plant.scans("%C:MISSING", "%M:EMPTY-BIN") == ["OK", "OK"]
    plant.pack("A", 2)
    plant.pack("A", 3)
    assert plant.group(1).status == "MISSING"
    codes = plant.scans("%C:SEAL", "%B:BOSS", "%P:4711", "%C:SEAL")
    assert codes == ["NOT_ALLOWED", "OK", "OK", "OK"]
    assert plant.rack(1).holes_approved_by == "boss"


def test_found_part_fills_its_hole(plant: Plant) -> None:
    fresh(plant)
    plant.scans("%C:MISSING", "%M:EMPTY-BIN")
    plant.pack("A", 2)
    assert plant.scans("%L:1", "PA", "%L:1") == ["OK", "OK", "OK"]
    assert plant.group(1).status == "PACKED"


def test_reverse_rack_asks_for_the_highest_first(db: None) -> None:
    plant = make_plant(build_order="REVERSE")
    fresh(plant)
    assert station_view(plant.station.pk, at=plant.at)["now"]["sequence"] == "0003"
    plant.pack("A", 1)
    assert plant.group(3).slot.status == "FILLED"


def test_building_goes_on_behind_a_gap_and_sealing_waits(plant: Plant) -> None:
    plant.new(1)
    plant.new(3)
    plant.start_rack()
    plant.pack("A", 1)
    plant.pack("A", 3)
    assert plant.scan("%C:SEAL").code == "NOT_NOW"
    ask = station_view(plant.station.pk, at=plant.at)["ask"]
    assert (ask["code"], ask["detail"]) == ("WAIT", "call 0002 is missing; the supervisor knows")
    plant.new(2)
    plant.pack("A", 2)
    assert plant.scan("%C:SEAL").code == "OK"


def test_quality_hold_stops_pick_and_seal(plant: Plant) -> None:
    fresh(plant)
    plant.hold(1)
    assert station_view(plant.station.pk, at=plant.at)["now"]["sequence"] == "0002"
    plant.pack("A", 2)
    plant.hold(2)
    plant.pack("A", 3)
    assert plant.scan("%C:SEAL").accepted is False


def test_hold_on_a_packed_unit_refuses_the_seal(plant: Plant) -> None:
    fresh(plant)
    for n in (1, 2, 3):
        plant.pack("A", n)
    plant.hold(2)
    verdict = plant.scan("%C:SEAL")
    assert verdict.code == "ON_HOLD"
    hold = QualityHold.objects.get()
    assert verdict.hint == f"slot 2 (0002): on quality hold {hold} scratches"


def test_a_rack_opened_by_hand_is_verified_slot_by_slot(plant: Plant) -> None:
    rack = plant.build([1, 2, 3])
    reopen_rack(rack.pk, by=plant.supervisor, reason="check", at=plant.tick())
    assert set(rack.slots.values_list("status", flat=True)) == {"REOPENED"}
    assert plant.scan("%R:R1").code == "OK"
    for n in (1, 2, 3):
        plant.pack("A", n)
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]


@pytest.mark.parametrize("what", ["blocked", "other type", "bound"])
def test_carriers_that_may_not_be_filled(plant: Plant, what: str) -> None:
    for n in range(1, 7):
        plant.new(n)
    plant.start_rack("R1")
    other = Station.objects.create(code="S2", name="Doors 2", commodity=plant.commodity)
    if what == "blocked":
        Carrier.objects.filter(code="R2").update(blocked=True)
    if what == "other type":
        Carrier.objects.filter(code="R2").update(rack_type=RackType.objects.create(code="X"))
    code = "R1" if what == "bound" else "R2"
    assert plant.scans("%B:OP", f"%R:{code}", station=other) == ["OK", "WRONG_RACK"]


def test_two_stations_take_two_racks_in_order(plant: Plant) -> None:
    for n in range(1, 7):
        plant.new(n)
    other = Station.objects.create(code="S2", name="Doors 2", commodity=plant.commodity)
    plant.start_rack("R1")
    plant.scans("%B:OP", "%R:R2", station=other)
    assert [plant.rack(1).carrier.code, plant.rack(4).carrier.code] == ["R1", "R2"]


def test_rush_rack_is_taken_next(plant: Plant) -> None:
    for n in range(1, 7):
        plant.new(n)
    plant.take("REORDER", "V0005", "", "")
    plant.start_rack("R1")
    plant.station.refresh_from_db()
    assert plant.station.rack is not None
    assert plant.station.rack.priority == "RUSH"


def test_change_while_the_part_is_in_the_hand(plant: Plant) -> None:
    fresh(plant)
    plant.scan("PA")
    plant.take("CHANGE", "V0001", "0001", "C-B", required=121)
    assert plant.scans("%L:1", "PB") == ["PUT_BACK", "PUT_BACK"]
    assert plant.scans("%C:RETURN", "PB", "%L:1") == ["OK", "OK", "OK"]


def test_a_call_that_comes_up_meanwhile_is_not_credited_with_the_part(db: None) -> None:
    """Slots implied, loaded highest first: 2 is asked for, then 3 arrives and belongs into the slot before it."""
    plant = make_plant(build_order="REVERSE", slot_check_every=0)
    plant.new(1)
    plant.new(2)
    plant.start_rack()
    seen = station_view(plant.station.pk, at=plant.at)["now"]
    assert seen["sequence"] == "0002"
    plant.new(3)
    late = record_scan(plant.station.pk, "PA", "late", at=plant.tick(), shown=seen["group"])
    assert (late.accepted, late.code) == (False, "NOT_NOW")
    assert plant.group(3).status == "RELEASED"
    again = station_view(plant.station.pk, at=plant.at)["now"]
    right = record_scan(plant.station.pk, "PA", "right", at=plant.tick(), shown=again["group"])
    assert right.accepted
    assert plant.group(3).status == "PACKED"


@pytest.mark.parametrize("before", [["PA"], ["PA", "S7"]])
def test_what_is_in_the_hand_is_finished_before_a_call_that_arrives_for_a_lower_slot(
    db: None, before: list[str]
) -> None:
    plant = make_plant(build_order="REVERSE", serial=True)
    plant.new(1)
    plant.new(2)
    plant.start_rack()
    plant.scans(*before)
    plant.new(3)
    assert station_view(plant.station.pk, at=plant.at)["now"]["sequence"] == "0002"


def test_places_before_the_first_call_of_a_stream_are_not_waited_for(plant: Plant) -> None:
    """A rack was begun before a lower call came: the rack before it is cut backwards, with places nobody calls."""
    plant.new(4)
    other = Station.objects.create(code="S2", name="Doors too", commodity=plant.commodity)
    assert plant.scans("%B:OP", "%R:R9", station=other) == ["OK", "OK"]
    plant.new(3)
    assert plant.rack(1).slots.count() == 3
    plant.start_rack("R1")
    plant.pack("A", 3)
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]


def test_a_still_lower_call_opens_such_a_rack_again_and_leaves_a_gap(plant: Plant) -> None:
    test_places_before_the_first_call_of_a_stream_are_not_waited_for(plant)
    plant.new(1)
    rack = plant.rack(1)
    assert (rack.status, list(rack.slots.values_list("status", flat=True))) == (
        "REOPENED",
        ["EMPTY", "EMPTY", "FILLED"],
    )
    assert plant.scan("%R:R1").code == "OK"
    plant.pack("A", 1)
    assert plant.scan("%C:SEAL").code == "NOT_NOW"
    plant.new(2)
    plant.pack("A", 2)
    assert plant.scan("%C:SEAL").code == "OK"
