"""Rack planning: mixed racks, cut rules, and the same racks whatever order the calls came in."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from inventory.errors import Refused
from inventory.models import CustomerPart, Part
from sequencer.models import Commodity, CutRule, Rack, RackType, Slot
from sequencer.rules import CalledPart
from sequencer.services import close_stream, finish_racks_past_time
from sequencer.services.racks import cut_commodity_again
from tests.factories import START, Plant, make_plant
from tests.sequencer.test_histories import undone

# sequence -> (dock, part, minutes)
CALLS = {
    1: ("D1", "C-A", 100),
    2: ("D2", "C-B", 101),
    3: ("D1", "C-A", 102),
    4: ("D1", "C-C", 130),
    5: ("D2", "C-A", 131),
    6: ("D1", "C-B", 132),
    7: ("D2", "C-B", 133),
    8: ("D1", "C-A", 190),
}
RULES: list[tuple[str, dict[str, str]]] = [
    ("kept places", {}),
    ("most", {"MAX_SEQUENCES": "2"}),
    ("dock", {"OWN_DOCK": ""}),
    ("colour", {"OWN_COLOUR": ""}),
    ("minutes", {"MINUTES": "20"}),
    ("clock", {"CLOCK": "08:11"}),
    ("dock and minutes", {"OWN_DOCK": "", "MINUTES": "20", "MAX_SEQUENCES": "2"}),
]


def ruled(rules: dict[str, str], **kind: Any) -> Plant:
    plant = make_plant(**kind)
    for part in plant.parts.values():
        Part.objects.filter(pk=part.pk).update(colour=part.description)
    for name, value in rules.items():
        rule = CutRule(commodity=plant.commodity, kind=name, value=value)
        rule.full_clean()
        rule.save()
    return plant


def call(plant: Plant, *sequences: int) -> None:
    for sequence in sequences:
        dock, part, minutes = CALLS[sequence]
        plant.new(sequence, part, dock=dock, required=minutes)


def racks() -> list[tuple[str, list[int]]]:
    """Every rack with the sequences it holds, in loading order."""
    found = Slot.objects.filter(group__isnull=False).order_by("rack__low_position", "number")
    held: dict[str, list[int]] = {}
    for number, position in found.values_list("rack__number", "group__call_off__position"):
        held.setdefault(number, []).append(position)
    return list(held.items())


def places() -> list[tuple[str, int, int | None]]:
    """Rack, slot and sequence: all that may differ."""
    found = Slot.objects.filter(group__isnull=False).order_by("rack__number", "number")
    return list(found.values_list("rack__number", "number", "group__call_off__position"))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, [("R-1", [1, 2, 3, 4]), ("R-5", [5, 6, 7, 8])]),
        ({"MAX_SEQUENCES": "3"}, [("R-1", [1, 2, 3]), ("R-4", [4, 5, 6]), ("R-7", [7, 8])]),
        ({"OWN_DOCK": ""}, [("R-1", [1, 3, 4, 6]), ("R-2", [2, 5, 7]), ("R-8", [8])]),
        ({"OWN_COLOUR": ""}, [("R-1", [1, 3, 5, 8]), ("R-2", [2, 6, 7]), ("R-4", [4])]),
        ({"MINUTES": "20"}, [("R-1", [1, 2, 3]), ("R-4", [4, 5, 6, 7]), ("R-8", [8])]),
        # 08:11 at the OEM (UTC here): the required times run from 07:40 to 09:10
        ({"CLOCK": "08:11"}, [("R-1", [1, 2, 3, 4]), ("R-5", [5, 6, 7, 8])]),
        ({"CLOCK": "08:10"}, [("R-1", [1, 2, 3]), ("R-4", [4, 5, 6, 7]), ("R-8", [8])]),
    ],
)
def test_cut_rules(db: None, rules: dict[str, str], expected: list[tuple[str, list[int]]]) -> None:
    plant = ruled(rules, capacity=4)
    call(plant, *CALLS)
    assert racks() == expected


def test_own_racks_for_an_option_code(db: None) -> None:
    plant = ruled({"OWN_OPTION": "COL-"}, capacity=4)
    for sequence, colour in ((1, "COL-RED"), (2, "COL-BLUE"), (3, "COL-RED")):
        parts = (CalledPart("C-A", options=("HEATED", colour)),)
        plant.take("NEW", f"V{sequence:04d}", f"{sequence:04d}", parts=parts, required=100)
    assert racks() == [("R-1", [1, 3]), ("R-2", [2])]


def come(name: str, build_order: str, *order: int) -> list[tuple[str, int, int | None]]:
    """The places of calls that came in this order; nothing of them stays."""
    with undone():
        call(ruled(dict(RULES)[name], capacity=3, build_order=build_order), *order)
        return places()


@cache
def in_turn(name: str, build_order: str) -> list[tuple[str, int, int | None]]:
    return come(name, build_order, *CALLS)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("name", "build_order"),
    [*((name, "FORWARD") for name, _ in RULES), ("kept places", "REVERSE"), ("minutes", "REVERSE")],
)
@settings(
    max_examples=5,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(order=st.permutations(list(CALLS)))
def test_any_order_of_arrival_gives_the_same_racks(
    db: None, name: str, build_order: str, order: list[int]
) -> None:
    """Not only which calls share a rack: number, slot and sequence, as if they had come one after the other."""
    assert come(name, build_order, *order) == in_turn(name, build_order)


def test_cutting_again_changes_nothing(db: None) -> None:
    for rules in (value for _, value in RULES):
        with undone():
            plant = ruled(rules, capacity=3)
            call(plant, *CALLS)
            before = places()
            cut_commodity_again(plant.commodity.pk, by=plant.supervisor, reason="look", at=START)
            assert places() == before


def test_a_new_rule_cuts_what_nobody_has_started(db: None) -> None:
    plant = ruled({}, capacity=3)
    call(plant, *CALLS)
    plant.start_rack("R1")
    CutRule.objects.create(commodity=plant.commodity, kind="MAX_SEQUENCES", value="2")
    left = cut_commodity_again(plant.commodity.pk, by=plant.supervisor, reason="shorter racks", at=START)
    assert left == 3
    assert racks() == [("R-1", [1, 2, 3]), ("R-4", [4]), ("R-5", [5, 6]), ("R-7", [7, 8])]


@pytest.mark.parametrize("code", ["reason_missing", "no_commodity", "rides"])
def test_refusals_of_cutting_again(db: None, code: str) -> None:
    plant = mixed()
    rider = Commodity.objects.get(mark="R")
    asked = {
        "reason_missing": (plant.commodity.pk, " "),
        "no_commodity": (0, "x"),
        "rides": (rider.pk, "x"),
    }[code]
    with pytest.raises(Refused) as refused:
        cut_commodity_again(asked[0], by=plant.supervisor, reason=asked[1], at=START)
    assert refused.value.code == code


def test_a_rack_cut_by_time_is_full_with_fewer_pieces(db: None) -> None:
    plant = ruled({"MINUTES": "20"}, capacity=4, slot_check_every=1)
    call(plant, 1, 2, 3)
    plant.start_rack("R1")
    for slot, part in ((1, "A"), (2, "B"), (3, "A")):
        plant.pack(part, slot)
    assert plant.rack(1).status == "LOADING"
    call(plant, 4)
    rack = plant.rack(1)
    assert (rack.status, rack.slots.count()) == ("FULL", 3)


@pytest.mark.parametrize(("minutes", "finished"), [(0, 0), (110, 0), (120, 0), (121, 1)])
def test_time_itself_finishes_a_rack_cut_by_minutes(db: None, minutes: int, finished: int) -> None:
    """Calls 1 to 3 are needed from minute 100 on; what comes after minute 120 belongs into another rack."""
    plant = ruled({"MINUTES": "20"}, capacity=4)
    call(plant, 1, 2, 3)
    plant.start_rack("R1")
    for slot, part in ((1, "A"), (2, "B"), (3, "A")):
        plant.pack(part, slot)
    assert finish_racks_past_time(at=START + timedelta(minutes=minutes)) == finished
    assert plant.rack(1).status == ("FULL" if finished else "LOADING")
    assert finish_racks_past_time(at=START + timedelta(minutes=minutes)) == 0


def test_a_closed_rack_stays_closed_when_it_is_cut_again(db: None) -> None:
    plant = ruled({"MINUTES": "500"}, capacity=4)
    call(plant, 1, 3)
    close_stream(plant.program.pk, at=START)
    call(plant, 4)
    assert racks() == [("R-1", [1, 3]), ("R-4", [4])]
    call(plant, 2)
    assert racks() == [("R-1", [1, 2, 3]), ("R-4", [4])]
    assert plant.rack(1).closed


def test_a_call_that_changes_its_colour_changes_its_rack(db: None) -> None:
    plant = ruled({"OWN_COLOUR": ""}, capacity=4)
    call(plant, 1, 2, 3)
    plant.take("CHANGE", "V0003", "0003", "C-B", required=102)
    assert racks() == [("R-1", [1]), ("R-2", [2, 3])]


def test_a_call_with_a_new_time_changes_its_rack(db: None) -> None:
    plant = ruled({"MINUTES": "20"}, capacity=4)
    call(plant, 1, 2, 3)
    plant.take("RESEQUENCE", "V0003", "0003", "", required=150)
    assert racks() == [("R-1", [1, 2]), ("R-3", [3])]


def test_a_resequence_cuts_racks_nobody_has_started_again(db: None) -> None:
    plant = ruled({"OWN_DOCK": ""}, capacity=2)
    call(plant, 1, 3, 4, 6)
    assert racks() == [("R-1", [1, 3]), ("R-4", [4, 6])]
    plant.take("RESEQUENCE", "V0006", "0002", "", required=132)
    assert racks() == [("R-1", [1, 2]), ("R-3", [3, 4])]
    assert Rack.objects.filter(status="PLANNED").count() == 2


# --- mixed racks -----------------------------------------------------------------------------------------


def mixed(drawing: str = "[left]\nL L L\n[right]\nR R R", **kind: Any) -> Plant:
    """Left and right doors of a vehicle in one rack."""
    plant = make_plant(**kind)
    RackType.objects.filter(pk=plant.commodity.rack_type_id).update(drawing=drawing)
    Commodity.objects.filter(pk=plant.commodity.pk).update(mark="L")
    plant.commodity.refresh_from_db()
    rider = Commodity(
        program=plant.program, family="DOOR-RH", name="Doors RH", rack_prefix="RR",
        rack_type=plant.commodity.rack_type, rides_with=plant.commodity, mark="R",
    )  # fmt: skip
    rider.full_clean()
    rider.save()
    right = Part.objects.create(number="Z", family="DOOR-RH")
    CustomerPart.objects.create(customer=plant.customer, number="C-Z", part=right)
    return plant


def pair(plant: Plant, *sequences: int) -> None:
    for sequence in sequences:
        parts = (CalledPart("C-A"), CalledPart("C-Z"))
        plant.take("NEW", f"V{sequence:04d}", f"{sequence:04d}", parts=parts, required=100 + sequence)


def held(rack: Rack) -> list[tuple[int, str, str]]:
    found = rack.slots.filter(group__isnull=False).order_by("number")
    return list(found.values_list("number", "group__call_off__sequence_number", "group__commodity__family"))


@pytest.mark.parametrize("every_vehicle", [True, False])
def test_each_side_of_a_mixed_rack_holds_every_vehicle_once(db: None, every_vehicle: bool) -> None:
    plant = mixed()
    Commodity.objects.update(every_vehicle=every_vehicle)
    pair(plant, 1, 2, 3, 4)
    assert held(plant.rack(1)) == [
        (1, "0001", "DOOR"), (2, "0002", "DOOR"), (3, "0003", "DOOR"),
        (4, "0001", "DOOR-RH"), (5, "0002", "DOOR-RH"), (6, "0003", "DOOR-RH"),
    ]  # fmt: skip
    assert [family for _, _, family in held(plant.rack(4))] == ["DOOR", "DOOR-RH"]


def test_pairs_side_by_side_in_reverse(db: None) -> None:
    plant = mixed("1L 2R\n3L 4R", build_order="REVERSE")
    pair(plant, 1, 2)
    assert held(plant.rack(1)) == [
        (1, "0002", "DOOR"), (2, "0002", "DOOR-RH"), (3, "0001", "DOOR"), (4, "0001", "DOOR-RH"),
    ]  # fmt: skip


def test_a_mixed_rack_is_built_and_sealed_at_one_station(db: None) -> None:
    plant = mixed("L L\nR R")
    pair(plant, 1, 2)
    plant.start_rack("R1")
    # Slot 1 is low at the right: the lower row of this drawing holds the right doors.
    for part, slot in (("Z", 1), ("Z", 2), ("A", 3), ("A", 4)):
        plant.pack(part, slot)
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]


def test_a_rush_piece_stands_on_a_place_of_its_mark(db: None) -> None:
    plant = mixed()
    pair(plant, 1)
    plant.take("REORDER", "V0001", "", "C-Z")
    slot = Slot.objects.get(rack__priority="RUSH")
    assert (slot.number, slot.mark, slot.rack.commodity) == (4, "R", plant.commodity)


# --- the masters refuse what cannot be -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"drawing": "o o\no"}, "line 2 has 1 cells, line 1 has 2"),
        (
            {"drawing": "o | o\no | o", "seen": "ABOVE", "path": "LANES", "first_place": "TOP_LEFT"},
            "highest sequence",
        ),
        ({"code": ""}, "blank"),
    ],
)
def test_a_rack_type_that_cannot_be_is_refused(db: None, fields: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        RackType(**{"code": "X", **fields}).full_clean()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"mark": "X"}, "no places of mark X"),
        ({"mark": "L"}, "mark L is taken"),
        ({"every_vehicle": False}, "every vehicle"),
    ],
)
def test_a_rider_that_cannot_be_is_refused(db: None, fields: dict[str, Any], told: str) -> None:
    mixed()
    rider = Commodity.objects.get(mark="R")
    for name, value in fields.items():
        setattr(rider, name, value)
    with pytest.raises(ValidationError, match=told):
        rider.full_clean()


def test_a_rack_type_in_use_keeps_its_drawing(db: None) -> None:
    plant = make_plant()
    plant.new(1)
    rack_type = plant.commodity.rack_type
    rack_type.columns = 2
    with pytest.raises(ValidationError, match="1 rack of this type has not gone"):
        rack_type.full_clean()
    rack_type.refresh_from_db()
    rack_type.name = "another name"
    rack_type.full_clean()


def test_the_span_of_a_rack_is_the_oems_time(db: None) -> None:
    """A clock cut is read in the OEM plant's zone, not in ours."""
    plant = ruled({"CLOCK": "09:11"}, capacity=4)
    plant.line.plant.time_zone = "Europe/Berlin"
    plant.line.plant.save()
    call(plant, 3, 4, 5)
    assert START + timedelta(minutes=131) == plant.call(5).required_at
    assert racks() == [("R-3", [3, 4]), ("R-5", [5])]
