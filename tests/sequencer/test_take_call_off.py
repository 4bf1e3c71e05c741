"""`take_call_off` as a table: what each event does, what is refused, and that nothing is doubled or guessed."""

from __future__ import annotations

import pytest

from inventory.errors import Refused
from inventory.models import CustomerPart, Part
from sequencer.models import CallOff, ComponentGroup, Rack, SequenceGap, Slot, Task, Unit
from sequencer.rules import CalledPart
from sequencer.services import HOLD_CODES, accept_gap, close_stream, resolve_unresolved, start_stream
from sequencer.states import Stage
from tests.factories import Plant, make_plant


def gaps(plant: Plant) -> list[str]:
    return list(SequenceGap.objects.filter(status="OPEN").values_list("sequence_number", flat=True))


def test_new_is_released_with_its_slot(plant: Plant) -> None:
    taken = plant.new(7)
    group = plant.group(7)
    assert (taken.outcome, group.status, group.slot.number, group.slot.rack.number) == (
        "APPLIED",
        "RELEASED",
        1,
        "R-7",
    )


def test_the_same_new_twice_has_one_effect(plant: Plant) -> None:
    plant.new(1)
    assert plant.new(1).outcome == "DUPLICATE"
    assert CallOff.objects.count() == ComponentGroup.objects.count() == 1


def test_a_later_stage_never_doubles(plant: Plant) -> None:
    plant.take("NEW", "V1", "", stage=Stage.PREVIEW)
    assert ComponentGroup.objects.get().status == "RESOLVED"
    plant.take("NEW", "V1", "0001", stage=Stage.PLANNED, required=120)
    plant.take("FIRM", "V1", "0001", required=120)
    group = ComponentGroup.objects.get()
    assert (group.status, group.slot.position) == ("RELEASED", 1)


def test_required_time_is_computed_from_takt_and_lead(plant: Plant) -> None:
    plant.take("NEW", "V1", "0001")
    plant.take("NEW", "V3", "0003")
    first, third = CallOff.objects.order_by("position")
    assert first.required_computed
    assert first.required_at is not None
    assert third.required_at is not None
    assert (third.required_at - first.required_at).total_seconds() == 2 * 60


@pytest.mark.parametrize(
    ("event", "number", "sequence", "part", "code", "held"),
    [
        ("CANCEL", "V9", "", "", "unknown_call", True),
        ("HOLD", "V9", "", "", "unknown_call", True),
        ("RESEQUENCE", "V9", "0004", "", "unknown_call", True),
        ("REORDER", "V9", "", "C-A", "unknown_call", True),
        ("NEW", "V9", "0900", "C-A", "sequence_jump", True),
        ("NEW", "V9", "9x", "C-A", "bad_sequence", False),
        ("NEW", "V9", "", "C-A", "bad_sequence", False),
        ("NEW", "V9", "0002", "", "no_parts", False),
        ("NEW", "", "0002", "C-A", "no_call_number", False),
        ("NEW", "V0001", "0001", "C-B", "call_differs", False),
        ("NEW", "V0001", "0005", "C-A", "call_differs", False),
        ("BOGUS", "V0001", "0001", "C-A", "unknown_event", False),
    ],
)
def test_refusals(
    plant: Plant, event: str, number: str, sequence: str, part: str, code: str, held: bool
) -> None:
    plant.new(1)
    with pytest.raises(Refused) as refused:
        plant.take(event, number, sequence, part, required=130)
    assert refused.value.code == code
    assert (code in HOLD_CODES) is held
    assert CallOff.objects.count() == 1


def test_a_move_far_back_among_called_numbers_is_no_jump(db: None) -> None:
    plant = make_plant(max_jump=5)
    for n in range(1, 15):
        plant.new(n)
    plant.take("RESEQUENCE", "V0014", "0002", "")
    assert plant.call(14).position == 2
    with pytest.raises(Refused) as refused:
        plant.new(20)
    assert refused.value.code == "sequence_jump"


def test_family_that_cannot_be_told_is_held_and_taken_later(plant: Plant) -> None:
    Part.objects.create(number="SEAT-1", family="SEAT")
    with pytest.raises(Refused) as refused:
        plant.new(1, part="SEAT-1")
    assert refused.value.code == "unknown_family"
    assert refused.value.code in HOLD_CODES


def test_a_step_over_numbers_opens_gaps_with_deadline(plant: Plant) -> None:
    plant.new(1)
    plant.new(4)
    assert gaps(plant) == ["0002", "0003"]
    early, late = SequenceGap.objects.order_by("position")
    assert (late.needed_by - early.needed_by).total_seconds() == 60
    assert plant.group(4).status == "RELEASED"


def test_a_late_call_fills_its_gap_in_its_own_slot(plant: Plant) -> None:
    plant.new(1)
    plant.new(3)
    plant.new(2)
    assert gaps(plant) == []
    assert plant.group(2).slot.number == 2


def test_a_sparse_stream_knows_no_gap(db: None) -> None:
    plant = make_plant(dense=False, every_vehicle=False)
    plant.new(1)
    plant.new(50)
    assert gaps(plant) == []
    assert plant.group(50).slot.number == 2


def test_sparse_call_in_between_is_cut_into_its_order(db: None) -> None:
    plant = make_plant(dense=False, every_vehicle=False)
    for n in (10, 20, 40, 50):
        plant.new(n)
    plant.new(30)
    order = list(
        Slot.objects.filter(group__isnull=False)
        .order_by("rack__low_position", "number")
        .values_list("group__call_off__position", "rack__low_position")
    )
    assert order == [(10, 10), (20, 10), (30, 10), (40, 40), (50, 40)]


def test_sparse_call_behind_the_operators_hands_gets_a_rush_rack(db: None) -> None:
    plant = make_plant(dense=False, every_vehicle=False)
    for n in (10, 30, 40):
        plant.new(n)
    plant.start_rack()
    plant.new(20)
    assert plant.group(20).priority == "RUSH"
    assert Task.objects.get().kind == "LATE_CALL"


def test_sparse_calls_that_swap_in_a_started_rack_take_each_others_place(db: None) -> None:
    plant = make_plant(dense=False, every_vehicle=False)
    for n in (10, 20):
        plant.new(n)
    plant.start_rack()
    plant.take("RESEQUENCE", "V0010", "0020", "", required=140)
    plant.take("RESEQUENCE", "V0020", "0010", "", required=130)
    assert (plant.group(20).slot.number, plant.group(10).slot.number) == (1, 2)
    assert plant.group(20).priority == "NORMAL"
    assert Rack.objects.count() == 1


def test_sparse_call_at_the_sequence_a_started_rack_begins_with(db: None) -> None:
    plant = make_plant(dense=False, every_vehicle=False)
    plant.new(10)
    plant.start_rack()
    plant.take("RESEQUENCE", "V0010", "0030", "", required=150)
    plant.take("NEW", "LATE", "0010", required=130)
    late = ComponentGroup.objects.get(call_off__call_number="LATE")
    assert (late.slot.rack.low_position, late.slot.number, late.priority) == (10, 1, "NORMAL")


def test_wrap_goes_on_in_the_next_rack(db: None) -> None:
    plant = make_plant(last=9999)
    for n in (9998, 9999):
        plant.new(n)
    plant.take("NEW", "W1", "0001", required=130)
    assert gaps(plant) == []
    assert CallOff.objects.get(call_number="W1").position == 10000
    assert Rack.objects.count() == 1


def test_duplicate_sequence_is_a_condition_not_a_guess(plant: Plant) -> None:
    plant.new(1)
    plant.take("NEW", "OTHER", "0001", required=120)
    other = CallOff.objects.get(call_number="OTHER")
    assert other.position is None
    assert Task.objects.get().kind == "DISPLACED"
    assert not Slot.objects.filter(group__call_off=other).exists()


def test_two_calls_swap_their_places(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.take("RESEQUENCE", "V0001", "0002", "")
    assert plant.call(2).position is None
    plant.take("RESEQUENCE", "V0002", "0001", "")
    assert (plant.group(1).slot.number, plant.group(2).slot.number) == (2, 1)
    assert gaps(plant) == []
    assert not Task.objects.exclude(status="DONE").exists()


def test_a_vacated_place_is_a_gap_until_someone_holds_it(plant: Plant) -> None:
    for n in (1, 2):
        plant.new(n)
    plant.take("RESEQUENCE", "V0001", "0003", "")
    assert gaps(plant) == ["0001"]


def test_change_narrows_to_resequence_when_only_time_differs(plant: Plant) -> None:
    plant.new(1)
    assert plant.take("CHANGE", "V0001", "0001", "C-A", required=200).event == "RESEQUENCE"
    assert plant.take("CHANGE", "V0001", "0001", "C-A", required=200).outcome == "DUPLICATE"


def test_change_before_pick_is_silent(plant: Plant) -> None:
    plant.new(1)
    plant.take("CHANGE", "V0001", "0001", "C-B", required=121)
    assert plant.group(1).components.get().part == plant.parts["B"]
    assert not Task.objects.exists()


def test_change_after_pack_reopens_its_own_slot_only(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    for slot in (1, 2):
        plant.pack("A", slot)
    plant.take("CHANGE", "V0001", "0001", "C-B", required=121)
    states = list(plant.rack(1).slots.values_list("status", flat=True))
    assert states == ["REOPENED", "FILLED", "EMPTY"]
    assert plant.group(1).status == "RELEASED"
    assert Unit.objects.get(status="BUFFER").group is None
    assert Task.objects.get().kind == "LATE_CHANGE"


def test_change_opens_a_sealed_rack_again(plant: Plant) -> None:
    rack = plant.build([1, 2, 3])
    plant.take("CHANGE", "V0002", "0002", "C-B", required=122)
    rack.refresh_from_db()
    assert rack.status == "REOPENED"
    assert set(Task.objects.values_list("kind", flat=True)) == {"LATE_CHANGE", "REOPENED_RACK"}


def test_change_after_departure_is_a_task_and_nothing_else(plant: Plant) -> None:
    depart(plant)
    plant.take("CHANGE", "V0002", "0002", "C-B", required=122)
    assert plant.group(2).status == "SHIPPED"
    assert plant.group(2).components.get().part == plant.parts["A"]
    assert Task.objects.get().kind == "CHANGE_AFTER_DEPARTURE"


def depart(plant: Plant) -> None:
    from sequencer.models import Shipment

    plant.build([1, 2, 3])
    plant.plan()
    truck = Shipment.objects.get()
    codes = plant.scans("%B:OP", f"%T:{truck.number}", "%R:R1", "%C:DEPART", station=plant.dock)
    assert codes == ["OK"] * 4


def test_cancel_before_pick_leaves_the_rack(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.take("CANCEL", "V0002", "", "")
    assert (plant.group(2).status, plant.group(2).slot.status) == ("CANCELLED", "CANCELLED")
    assert gaps(plant) == []
    assert plant.take("CANCEL", "V0002", "", "").outcome == "DUPLICATE"


def test_cancel_of_a_packed_unit_asks_to_take_it_out(plant: Plant) -> None:
    rack = plant.build([1, 2, 3])
    plant.take("CANCEL", "V0002", "", "")
    rack.refresh_from_db()
    assert rack.status == "FULL"
    assert "TAKE_OUT" in Task.objects.exclude(status="DONE").values_list("kind", flat=True)
    assert plant.scans("%R:R1", "%C:SEAL") == ["OK", "OUT_OF_DATE_CALL"]
    assert plant.scans("%C:MOVES", "%L:2", "%C:RETURN") == ["OK", "OK", "OK"]
    assert not Task.objects.filter(kind="TAKE_OUT").exclude(status="DONE").exists()
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]


def test_a_rack_with_every_call_cancelled_is_cancelled(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    for n in (1, 2, 3):
        plant.take("CANCEL", f"V{n:04d}", "", "")
    assert plant.rack(1).status == "CANCELLED"


def test_a_cancelled_call_comes_back(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.take("CANCEL", "V0002", "", "")
    plant.take("NEW", "V0002", "0002", "C-B", required=122)
    group = plant.group(2)
    assert (group.status, group.slot.status, group.slot.number) == ("RELEASED", "EMPTY", 2)
    assert group.components.get().part == plant.parts["B"]


def test_hold_keeps_a_call_from_being_asked_for(plant: Plant) -> None:
    for n in (1, 2):
        plant.new(n)
    plant.start_rack()
    plant.take("HOLD", "V0001", "", "")
    plant.scan("PA")
    assert plant.group(1).status == "RELEASED"
    assert plant.group(2).status == "VERIFIED"
    assert plant.take("RELEASE", "V0001", "", "").outcome == "APPLIED"


def test_reorder_is_a_new_rush_group_beside_the_old(plant: Plant) -> None:
    depart(plant)
    plant.take("REORDER", "V0002", "", "")
    old, new = ComponentGroup.objects.filter(call_off=plant.call(2)).order_by("pk")
    assert (old.status, new.status, new.priority, new.replaces) == ("SHIPPED", "RELEASED", "RUSH", old)
    assert new.slot.rack.priority == "RUSH"


def test_unknown_part_holds_its_own_call_only_and_releases_it_when_entered(plant: Plant) -> None:
    plant.new(1, part="C-X")
    plant.new(2)
    assert plant.group(1).status == "UNRESOLVED"
    assert plant.group(1).problem == "UNKNOWN PART C-X"
    assert plant.group(2).status == "RELEASED"
    assert resolve_unresolved(at=plant.tick()) == 0
    CustomerPart.objects.create(customer=plant.customer, number="C-X", part=plant.parts["C"])
    assert resolve_unresolved(at=plant.tick()) == 1
    assert plant.group(1).status == "RELEASED"


def test_sweep_does_not_look_again_while_the_master_stands_still(
    plant: Plant, django_assert_max_num_queries: object
) -> None:
    plant.new(1, part="C-X")
    resolve_unresolved(at=plant.tick(days=400))
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        assert resolve_unresolved(at=plant.tick()) == 0


def test_second_family_of_the_same_call_adds_a_group(plant: Plant) -> None:
    from sequencer.models import Commodity

    Commodity.objects.create(
        program=plant.program,
        family="SEAT",
        name="Seats",
        rack_prefix="S",
        rack_type=plant.commodity.rack_type,
    )
    Part.objects.create(number="SEAT-1", family="SEAT")
    plant.new(1)
    plant.new(1, part="SEAT-1")
    assert CallOff.objects.count() == 1
    assert set(plant.call(1).groups.values_list("commodity__family", flat=True)) == {"DOOR", "SEAT"}


def test_accepted_gap_lets_the_rack_be_sealed(plant: Plant) -> None:
    plant.new(1)
    plant.new(3)
    plant.start_rack()
    plant.pack("A", 1)
    plant.pack("A", 3)
    assert plant.scan("%C:SEAL").code == "NOT_NOW"
    with pytest.raises(Refused, match="say why"):
        accept_gap(plant.stream.pk, 2, 2, by=plant.supervisor, reason=" ", at=plant.tick())
    assert (
        accept_gap(plant.stream.pk, 2, 2, by=plant.supervisor, reason="OEM says scrapped", at=plant.tick())
        == 1
    )
    assert plant.scan("%C:SEAL").code == "OK"


def test_a_call_for_an_accepted_gap_opens_the_rack_again(plant: Plant) -> None:
    test_accepted_gap_lets_the_rack_be_sealed(plant)
    plant.new(2)
    assert plant.rack(1).status == "REOPENED"
    assert plant.group(2).slot.status == "EMPTY"


def test_close_cuts_the_partial_rack_and_the_next_call_starts_a_new_one(plant: Plant) -> None:
    for n in (1, 2, 3, 4):
        plant.new(n)
    assert close_stream(plant.program.pk, at=plant.tick()) == 1
    assert plant.rack(4).slots.count() == 1
    assert close_stream(plant.program.pk, at=plant.tick()) == 0
    plant.new(5)
    assert plant.group(5).slot.rack.low_position == 5


def test_reverse_rack_cut_short_loads_its_highest_first(db: None) -> None:
    plant = make_plant(build_order="REVERSE")
    for n in (1, 2):
        plant.new(n)
    close_stream(plant.program.pk, at=plant.tick())
    assert (plant.group(2).slot.number, plant.group(1).slot.number) == (1, 2)


def test_components_of_a_call_are_exploded_for_the_operator(plant: Plant) -> None:
    from inventory.models import BomLine

    BomLine.objects.create(parent=plant.parts["A"], component=plant.parts["B"])
    BomLine.objects.create(parent=plant.parts["A"], component=plant.parts["C"], option="HEAT")
    plant.new(1, parts=(CalledPart("C-A", options=("HEAT",)),))
    required = plant.group(1).components.filter(required=True)
    assert sorted(required.values_list("part__number", flat=True)) == ["B", "C"]


def test_a_declared_start_makes_earlier_numbers_a_gap_with_their_own_slots(plant: Plant) -> None:
    start_stream(plant.stream.pk, 1, at=plant.tick(), by="boss")
    plant.new(3)
    assert gaps(plant) == ["0001", "0002"]
    assert plant.group(3).slot.number == 3
    with pytest.raises(Refused) as refused:
        start_stream(plant.stream.pk, 1, at=plant.tick())
    assert refused.value.code == "has_begun"
