"""A resequence meets racks in work and sealed ones: the move list by scan, hold carts, the supervisor's decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from inventory.errors import Refused
from sequencer.models import (
    Carrier,
    LoosePiece,
    PlantEvent,
    RackType,
    SealedMove,
    SequencingProgram,
    Slot,
    Task,
    Unit,
)
from sequencer.services import depart_shipment, station_view
from sequencer.services.racks import decide_sealed, move_list, place_of
from sequencer.states import SealedChoice
from tests.factories import START, Plant, make_plant


@pytest.fixture
def plant(db: None) -> Plant:
    return floor()


def floor(**kind: Any) -> Plant:
    plant = make_plant(**{"capacity": 4, "serial": True, **kind})
    cart = RackType.objects.create(code="HOLD4", rows=1, columns=4)
    Carrier.objects.create(code="H-1", rack_type=cart, kind="HOLD")
    Carrier.objects.create(code="H-2", rack_type=cart, kind="HOLD")
    return plant


def packed(plant: Plant, *sequences: int, of: int = 4) -> None:
    """A rack in work: `of` calls, these of them packed, serial S<sequence>."""
    for n in range(1, of + 1):
        plant.new(n)
    plant.start_rack("R1")
    for n in sequences:
        plant.pack("A", n, f"S{n}")


def swap(plant: Plant, a: int, b: int) -> None:
    plant.take("RESEQUENCE", f"V{a:04d}", f"{b:04d}", "", required=120 + b)
    plant.take("RESEQUENCE", f"V{b:04d}", f"{a:04d}", "", required=120 + a)


def back(plant: Plant, *sequences: int) -> None:
    """The OEM takes it back: each call at its old sequence again."""
    for n in sequences:
        plant.take("RESEQUENCE", f"V{n:04d}", f"{n:04d}", "", required=120 + n)


def moves(plant: Plant) -> list[str]:
    return [str(move) for move in move_list(plant.rack(1))]


def asked(plant: Plant) -> str:
    return str(station_view(plant.station.pk, at=plant.at)["ask"]["text"])


def slots(plant: Plant) -> list[tuple[int, str, str]]:
    found = plant.rack(1).slots.order_by("number")
    return [(s.number, s.group.call_off.sequence_number if s.group else "", s.status) for s in found]


def label(n: int) -> str:
    return f"[)>\x1e06\x1dPA\x1dSS{n}\x1e\x04"


# --- racks in work -----------------------------------------------------------------------------------------


def test_two_pieces_change_places_over_the_hold_cart(plant: Plant) -> None:
    packed(plant, 1, 2, 3)
    swap(plant, 1, 3)
    assert moves(plant) == [
        "0003: slot 1 → hold cart H-1",
        "0001: slot 3 → slot 1",
        "0003: hold cart H-1 → slot 3",
    ]
    assert plant.scan("%C:MOVES").hint == "3 to move; now 0003: slot 1 → hold cart H-1"
    assert asked(plant) == "TAKE FROM SLOT 1"
    assert plant.scans("%L:1", "%R:H-2") == ["OK", "OK"]
    assert place_of(Unit.objects.get(serial="S1")) == "is on hold cart H-2 place 1"
    assert asked(plant) == "TAKE FROM SLOT 3"
    assert plant.scans("%L:3", label(3), "%L:1") == ["OK", "OK", "OK"]
    assert plant.rack(1).status == "LOADING"
    assert plant.scans("%R:H-2", label(1), "%L:3") == ["OK", "OK", "OK"]
    assert slots(plant)[:3] == [(1, "0001", "FILLED"), (2, "0002", "FILLED"), (3, "0003", "FILLED")]
    assert dict(Unit.objects.values_list("serial", "group__call_off__call_number")) == {
        "S1": "V0001",
        "S2": "V0002",
        "S3": "V0003",
    }
    assert (moves(plant), LoosePiece.objects.count()) == ([], 0)
    plant.pack("A", 4, "S4")
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    done = PlantEvent.objects.filter(kind="piece_moved").order_by("id")
    assert [(e.by, e.facts["source"], e.facts["target"]) for e in done] == [
        ("op", "slot 1", "hold cart H-2 place 1"),
        ("op", "slot 3", "slot 1"),
        ("op", "hold cart H-2 place 1", "slot 3"),
    ]


def test_a_piece_goes_straight_to_a_free_slot(plant: Plant) -> None:
    packed(plant, 1, 2)
    swap(plant, 1, 4)
    assert moves(plant) == ["0004: slot 1 → slot 4"]
    assert plant.scans("%C:MOVES", "%L:R1:1", label(1), "%L:R1:4") == ["OK"] * 4
    assert slots(plant)[3] == (4, "0004", "FILLED")


def test_the_rack_is_open_until_every_touched_slot_is_verified(plant: Plant) -> None:
    packed(plant, 1, 2, 3, 4)
    assert plant.rack(1).status == "FULL"
    swap(plant, 1, 2)
    assert plant.rack(1).status == "REOPENED"
    assert plant.scan("%C:SEAL").code == "NOT_NOW"
    assert plant.scans("%C:MOVES", "%L:1", "%R:H-1", "%L:2", label(2), "%L:1") == ["OK"] * 6
    assert plant.rack(1).status == "REOPENED"
    assert plant.scans("%R:H-1", label(1), "%L:2") == ["OK"] * 3
    assert plant.rack(1).status == "FULL"


@pytest.mark.parametrize(
    ("scans", "code"),
    [
        (["%L:2"], "WRONG_POSITION"),
        (["%R:R1"], "WRONG_POSITION"),
        ([label(1)], "WRONG_POSITION"),
        (["%L:1", "%L:3"], "WRONG_POSITION"),
        (["%L:1", "%R:R5"], "WRONG_POSITION"),
        (["%L:1", "%R:NONE"], "WRONG_POSITION"),
        (["%L:1", "%R:H-1", "%L:3", "%L:1"], "WRONG_POSITION"),
        (["%L:1", "%R:H-1", "%L:3", label(1)], "WRONG_PIECE"),
        (["%L:1", "%R:H-1", "%L:3", "PA"], "WRONG_PIECE"),
        (["%L:1", "%R:H-1", "%L:3", label(3), "%L:2"], "WRONG_POSITION"),
    ],
)
def test_a_wrong_scan_moves_nothing(plant: Plant, scans: list[str], code: str) -> None:
    packed(plant, 1, 2, 3)
    swap(plant, 1, 3)
    plant.scan("%C:MOVES")
    *right, wrong = scans
    assert plant.scans(*right) == ["OK"] * len(right)
    before = (slots(plant), moves(plant))
    assert plant.scan(wrong).code == code
    assert (slots(plant), moves(plant)) == before


def test_a_wrong_piece_locks_the_station(plant: Plant) -> None:
    packed(plant, 1, 2, 3)
    swap(plant, 1, 3)
    assert plant.scans("%C:MOVES", "%L:1", "%R:H-1", "%L:3", label(1)) == ["OK"] * 4 + ["WRONG_PIECE"]
    assert plant.scans("%L:1", "%C:RETURN", "%C:MOVES") == ["LOCKED", "OK", "OK"]


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"blocked": True}, "H-2 is in repair; take another"),
        ({"rack_type": "ONE"}, "H-2 has no free place; take another"),
        ({"kind": "RACK"}, "Scan hold cart H-1"),
    ],
)
def test_a_cart_that_takes_no_piece_is_refused(plant: Plant, change: dict[str, Any], hint: str) -> None:
    packed(plant, 1, 2, 3)
    if change.get("rack_type"):
        change = {"rack_type": RackType.objects.create(code="ONE", rows=1, columns=1)}
    Carrier.objects.filter(code="H-2").update(**change)
    cart, unit = (
        Carrier.objects.get(code="H-2"),
        Unit.objects.create(part=plant.parts["B"], status="BUFFER", taken_at=START),
    )
    LoosePiece.objects.create(unit=unit, group=plant.group(4), cart=cart, place=1, since=START)
    swap(plant, 1, 3)
    plant.scans("%C:MOVES", "%L:1")
    assert plant.scan("%R:H-2").hint == hint
    assert moves(plant)[0].startswith("0003: slot 1")


def test_nothing_to_move_is_said(plant: Plant) -> None:
    packed(plant, 1)
    assert plant.scan("%C:MOVES").hint == "Every piece of this rack stands where it belongs"


def test_the_list_waits_for_the_part_in_the_hand(plant: Plant) -> None:
    packed(plant, 1, 2)
    assert plant.scan(label(3)).code == "OK"
    swap(plant, 1, 2)
    assert plant.scan("%C:MOVES").hint == "First finish the part in your hand"


def test_the_list_changes_under_the_hand(plant: Plant) -> None:
    packed(plant, 1, 2, 3)
    swap(plant, 1, 3)
    assert plant.scans("%C:MOVES", "%L:1") == ["OK", "OK"]
    back(plant, 1, 3)
    verdict = plant.scan("%R:H-1")
    assert verdict.hint == "The OEM changed the list: put it back; everything is moved"
    assert not LoosePiece.objects.filter(cart__isnull=False).exists()
    # Both pieces stand in their own slots again and are verified there.
    plant.pack("A", 1, "S1")
    plant.pack("A", 3, "S3")
    assert slots(plant)[2] == (3, "0003", "FILLED")


def test_the_piece_of_another_rack_waits_on_the_cart_until_that_is_started(plant: Plant) -> None:
    packed(plant, 1, 2, 3, of=8)
    swap(plant, 1, 6)
    assert moves(plant) == ["0006: slot 1 → hold cart H-1"]
    assert plant.scans("%C:MOVES", "%L:1", "%R:H-1") == ["OK"] * 3
    plant.pack("A", 1, "S6")
    plant.pack("A", 4, "S4")
    assert plant.scans("%C:SEAL", "%R:R1", "%R:R2") == ["OK", "OK", "OK"]
    assert [str(move) for move in move_list(plant.rack(5))] == ["0006: hold cart H-1 place 1 → slot 2"]
    assert plant.scans("%C:MOVES", "%L:H-1:1", label(1), "%L:2") == ["OK"] * 4


def test_who_packs_in_the_ordinary_way_has_emptied_the_slot(plant: Plant) -> None:
    packed(plant, 1, 2, 3)
    swap(plant, 1, 3)
    plant.pack("A", 1, "S7")
    assert moves(plant) == ["0001: slot 3 → hold cart H-1"]
    assert place_of(Unit.objects.get(serial="S1")) == "lies in the buffer"


def test_where_is_a_piece_that_was_left_standing(plant: Plant) -> None:
    packed(plant, 1, 2, 3)
    plant.take("CANCEL", "V0002", "", "")
    assert place_of(Unit.objects.get(serial="S2")) == "still stands in rack R-1 slot 2"


def test_a_cancelled_piece_does_not_leave_unseen(plant: Plant) -> None:
    packed(plant, 1, 2, 3, 4)
    plant.take("CANCEL", "V0002", "", "")
    assert asked(plant) == "SCAN MOVES"
    verdict = plant.scan("%C:SEAL")
    assert (verdict.code, verdict.hint) == ("OUT_OF_DATE_CALL", "slot 2: 0002 still stands there; scan MOVES")
    assert plant.scans("%C:MOVES", "%L:2", "%C:RETURN", "%C:SEAL") == ["OK"] * 4


def test_racks_filled_by_count_have_a_move_list_too(db: None) -> None:
    plant = floor(every_vehicle=False, dense=False)
    packed(plant, 1, 2, 3)
    swap(plant, 1, 3)
    assert moves(plant)[0] == "0003: slot 1 → hold cart H-1"
    assert plant.scans(
        "%C:MOVES", "%L:1", "%R:H-1", "%L:3", label(3), "%L:1", "%R:H-1", label(1), "%L:3"
    ) == ["OK"] * 9  # fmt: skip
    assert [(n, s) for n, s, _ in slots(plant)][:3] == [(1, "0001"), (2, "0002"), (3, "0003")]


def test_the_banner_says_that_the_order_changed(plant: Plant) -> None:
    packed(plant, 1, 2, 3)
    swap(plant, 1, 3)
    banner = next(b for b in station_view(plant.station.pk, at=plant.at)["banners"] if b["kind"] == "moves")
    assert banner["text"] == "2 pieces of this rack stand wrong: scan MOVES"


# --- sealed racks ------------------------------------------------------------------------------------------


def sealed(plant: Plant, *, loaded: bool = False) -> None:
    packed(plant, 1, 2, 3, 4, of=8)
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    plant.plan()


def decide(plant: Plant, choice: str, reason: str = "by phone with the dispatcher") -> None:
    decide_sealed(plant.rack(1).pk, SealedChoice(choice), by=plant.supervisor, reason=reason, at=plant.tick())


def test_a_sealed_rack_is_not_opened_by_itself(plant: Plant) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    rack = plant.rack(1)
    assert (rack.status, [s[2] for s in slots(plant)]) == ("STAGED", ["FILLED"] * 4)
    task = Task.objects.get(kind="SEALED_MOVE")
    assert task.text == (
        "RACK R-1 is staged and the OEM moved 0001 to 0003, 0003 to 0001: reopen it or ship it as it is"
    )
    assert task.due_at == START + timedelta(minutes=121 - 20)


def test_until_it_is_decided_the_rack_is_neither_loaded_nor_leaves(plant: Plant) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    truck = plant.rack(1).shipment
    assert truck is not None
    plant.scans("%B:BOSS", f"%T:{truck.number}", station=plant.dock)
    verdict = plant.scan("%R:R1", station=plant.dock)
    assert (verdict.code, "a supervisor decides" in verdict.hint) == ("OUT_OF_DATE_CALL", True)
    assert plant.rack(1).status == "STAGED"
    back(plant, 1, 3)
    assert plant.scan("%R:R1", station=plant.dock).code == "OK"
    swap(plant, 1, 3)
    with pytest.raises(Refused) as refused:
        depart_shipment(truck.pk, at=plant.at, by="boss")
    assert refused.value.code == "host_check"


def test_reopen_makes_the_move_list(plant: Plant) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    decide(plant, "REOPEN")
    assert plant.rack(1).status == "REOPENED"
    assert moves(plant)[1] == "0001: slot 3 → slot 1"
    assert not Task.objects.filter(kind="SEALED_MOVE").exclude(status="DONE").exists()
    assert plant.scans("%R:R1", "%C:MOVES", "%L:1", "%R:H-1", "%L:3", label(3), "%L:1") == ["OK"] * 7
    assert plant.scans("%R:H-1", label(1), "%L:3", "%C:SEAL", "%R:R1") == ["OK"] * 5


def test_as_is_ships_the_pieces_where_they_stand(plant: Plant) -> None:
    SequencingProgram.objects.update(ship_as_sealed=True)
    sealed(plant)
    swap(plant, 1, 3)
    decide(plant, "AS_IS")
    rack = plant.rack(1)
    assert (rack.status, [s[2] for s in slots(plant)]) == ("STAGED", ["FILLED"] * 4)
    assert list(rack.slots.order_by("number").values_list("position", flat=True)) == [3, 2, 1, 4]
    stored = set(SealedMove.objects.values_list("choice", "decided_by", "reason"))
    assert stored == {("AS_IS", "boss", "by phone with the dispatcher")}


def test_as_is_gives_up_the_place_that_was_kept_elsewhere(plant: Plant) -> None:
    """The call that wanted the sealed place goes in a rack of its own; the place of the sealed one is given up."""
    SequencingProgram.objects.update(ship_as_sealed=True)
    sealed(plant)
    swap(plant, 1, 6)
    assert plant.group(6).status == "RELEASED"
    assert not Slot.objects.filter(group=plant.group(6)).exists()
    decide(plant, "AS_IS")
    given_up = Slot.objects.get(rack=plant.rack(5), position=6)
    assert (given_up.status, given_up.reason) == ("CANCELLED", "went as sealed in R-1")
    assert plant.group(6).slot.rack.priority == "RUSH"


def test_reopen_gives_the_sealed_place_to_who_waited_for_it(plant: Plant) -> None:
    sealed(plant)
    swap(plant, 1, 6)
    decide(plant, "REOPEN")
    assert (plant.group(6).slot.number, plant.group(6).slot.rack.number) == (1, "R-1")
    assert (plant.group(1).slot.number, plant.group(1).slot.rack.number) == (2, "R-5")


def test_a_call_that_comes_back_leaves_nothing_to_decide(plant: Plant) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    back(plant, 1, 3)
    assert set(SealedMove.objects.values_list("choice", flat=True)) == {"LAPSED"}
    assert not Task.objects.filter(kind="SEALED_MOVE").exclude(status="DONE").exists()
    assert plant.rack(1).status == "STAGED"


def test_a_cancelled_call_leaves_nothing_to_decide(plant: Plant) -> None:
    sealed(plant)
    plant.take("RESEQUENCE", "V0001", "0009", "", required=129)
    plant.take("CANCEL", "V0001", "", "")
    assert set(SealedMove.objects.values_list("choice", flat=True)) == {"LAPSED"}


@pytest.mark.parametrize(
    ("choice", "reason", "moved", "code"),
    [
        ("REOPEN", " ", True, "reason_missing"),
        ("REOPEN", "x", False, "nothing_moved"),
        ("OPEN", "x", True, "no_choice"),
        ("LAPSED", "x", True, "no_choice"),
        ("AS_IS", "x", True, "not_as_sealed"),
    ],
)
def test_refusals_of_the_decision(plant: Plant, choice: str, reason: str, moved: bool, code: str) -> None:
    sealed(plant)
    if moved:
        swap(plant, 1, 3)
    with pytest.raises(Refused) as refused:
        decide(plant, choice, reason)
    assert refused.value.code == code
    assert plant.rack(1).status == "STAGED"


def test_the_decision_by_badge_and_pin(plant: Plant) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    assert plant.scans("%C:REOPEN-RACK", "%R:R1", "%B:BOSS", "%P:4711") == ["OK"] * 4
    assert plant.rack(1).status == "REOPENED"
    assert set(SealedMove.objects.values_list("decided_by", "reason")) == {("boss", "reopen and move, at S1")}


@pytest.mark.parametrize(
    ("scans", "codes"),
    [
        (["%C:SHIP-AS-IS", "%R:R1", "%B:BOSS", "%P:4711"], ["OK", "OK", "OK", "NOT_NOW"]),
        (["%C:REOPEN-RACK", "%R:R1", "%B:OP"], ["OK", "OK", "NOT_ALLOWED"]),
        (["%C:REOPEN-RACK", "%R:R1", "%B:BOSS", "%P:0000"], ["OK", "OK", "OK", "BAD_PIN"]),
        (["%C:REOPEN-RACK", "%R:R2"], ["OK", "NOT_NOW"]),
        (["%C:REOPEN-RACK", "%L:1"], ["OK", "NOT_NOW"]),
    ],
)
def test_a_decision_that_does_not_stand_changes_nothing(
    plant: Plant, scans: list[str], codes: list[str]
) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    assert plant.scans(*scans) == codes
    assert plant.rack(1).status == "STAGED"
    assert set(SealedMove.objects.values_list("choice", flat=True)) == {"OPEN"}
