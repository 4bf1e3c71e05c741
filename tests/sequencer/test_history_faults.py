"""Faults that generated histories or the checked net have found, each as the shortest shift that shows it."""

from __future__ import annotations

import pytest

from inventory.errors import Refused
from sequencer.models import ComponentGroup, Rack, Shipment
from sequencer.services import approve_holes
from sequencer.services.reorders import reorder_group
from tests.factories import Plant, make_plant


@pytest.fixture
def pair(db: None) -> Plant:
    """Racks of two, calls 1 and 2 there."""
    plant = make_plant(capacity=2)
    plant.new(1)
    plant.new(2)
    return plant


def stand(plant: Plant, sequence: int) -> tuple[str, str, str]:
    """Group, slot and rack of a call's first group."""
    group = plant.group(sequence)
    return group.status, group.slot.status, group.slot.rack.status


def leave(plant: Plant, carrier: str = "R1") -> None:
    """The staged rack goes on a truck and leaves."""
    plant.plan()
    truck = Shipment.objects.exclude(status__in=["DEPARTED", "CANCELLED"]).order_by("pk").first()
    assert truck is not None
    dock = plant.dock
    assert (
        plant.scans("%B:OP", f"%T:{truck.number}", f"%R:{carrier}", "%C:DEPART", station=dock) == ["OK"] * 4
    )


def test_a_cancel_reaches_the_first_piece_of_a_call_that_was_ordered_again(pair: Plant) -> None:
    pair.build([1, 2])
    reorder_group(pair.group(1).pk, by="boss", reason="scratched", at=pair.tick())
    pair.take("CANCEL", "V0001", part="")
    assert stand(pair, 1) == ("CANCELLED", "CANCELLED", "FULL")
    assert (
        not ComponentGroup.objects.filter(call_off__call_number="V0001").exclude(status="CANCELLED").exists()
    )


def test_a_call_reinstated_after_its_rack_has_left_is_built(pair: Plant) -> None:
    pair.start_rack()
    pair.take("CANCEL", "V0001", part="")
    pair.pack("A", 2)
    assert pair.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    leave(pair)
    pair.new(1)
    group = pair.group(1)
    assert (group.status, group.slot.rack.status) == ("RELEASED", "PLANNED")
    assert pair.scans("%R:R2", "PA", "%L:1", "%C:SEAL") == ["OK"] * 4


@pytest.mark.parametrize("staged", [False, True])
def test_a_call_reinstated_into_a_closed_rack_opens_it(pair: Plant, staged: bool) -> None:
    pair.start_rack()
    pair.take("CANCEL", "V0001", part="")
    pair.pack("A", 2)
    assert pair.scans("%C:SEAL", *(["%R:R1"] if staged else [])) == ["OK"] * (2 if staged else 1)
    pair.new(1)
    assert stand(pair, 1) == ("RELEASED", "EMPTY", "REOPENED")


def test_a_missing_call_that_moves_is_asked_for_at_its_new_place(pair: Plant) -> None:
    pair.start_rack()
    assert pair.scans("%C:MISSING", "%M:EMPTY-BIN") == ["OK", "OK"]
    pair.take("RESEQUENCE", "V0001", "0003", part="")
    assert stand(pair, 1)[:2] == ("RELEASED", "EMPTY")


def test_a_changed_part_of_a_hole_opens_the_closed_rack(pair: Plant) -> None:
    pair.start_rack()
    assert pair.scans("%C:MISSING", "%M:EMPTY-BIN") == ["OK", "OK"]
    pair.pack("A", 2)
    approve_holes(pair.rack(1).pk, by=pair.supervisor, reason="later", at=pair.tick())
    assert pair.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    pair.take("CHANGE", "V0001", part="C-B")
    assert stand(pair, 1) == ("RELEASED", "EMPTY", "REOPENED")


def test_a_part_that_was_missing_when_its_rack_left_can_be_ordered_again(pair: Plant) -> None:
    pair.start_rack()
    assert pair.scans("%C:MISSING", "%M:EMPTY-BIN") == ["OK", "OK"]
    with pytest.raises(Refused, match="built anyway"):
        reorder_group(pair.group(1).pk, by="boss", reason="found", at=pair.tick())
    pair.pack("A", 2)
    approve_holes(pair.rack(1).pk, by=pair.supervisor, reason="later", at=pair.tick())
    assert pair.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    leave(pair)
    again = reorder_group(pair.group(1).pk, by="boss", reason="found", at=pair.tick())
    assert (again.priority, again.status) == ("RUSH", "RELEASED")


def test_a_call_ordered_again_leaves_no_place_behind_when_it_moves(db: None) -> None:
    """History 2772: the old place followed the call's new sequence, and two racks began with it."""
    plant = make_plant(capacity=2, every_vehicle=False)
    for number in range(1, 7):
        plant.new(number)
    plant.start_rack()
    plant.take("REORDER", "V0005", "", "")
    plant.take("RESEQUENCE", "V0001", "0009")
    plant.take("RESEQUENCE", "V0005", "0001")
    plant.take("RESEQUENCE", "V0004", "0008")
    planned = Rack.objects.filter(status="PLANNED", priority="NORMAL").order_by("low_position")
    held = [
        (rack.low_position, [slot.group.call_off.position for slot in rack.slots.filter(group__isnull=False)])
        for rack in planned
    ]
    assert held == [(3, [3, 6]), (8, [8, 9])]
