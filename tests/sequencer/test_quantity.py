"""Calls of a quantity: packed, labelled, loaded and shipped by the same scans as a rack, and never counted twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from inventory.errors import Invalid, Refused
from inventory.models import Part
from sequencer.models import (
    DeliveryLine,
    FloorException,
    HandlingUnit,
    KanbanCard,
    LabelIssuer,
    OemPlant,
    PackingInstruction,
    PrintJob,
    QuantityCall,
    ScanEvent,
    Shipment,
    Station,
    Task,
    Unit,
    UnloadingPoint,
)
from sequencer.services import depart_shipment, record_delivery, station_view
from sequencer.services.quality import Caught, place_hold, release_hold
from sequencer.services.quantity import (
    QuantityNews,
    call_quantity,
    calls_for,
    change_call,
    progress_of,
    withdraw_call,
)
from sequencer.services.quantity.emptying import empty_box
from sequencer.services.quantity.picture import calls_ahead
from sequencer.services.shipping import plan_box_truck
from tests.factories import START, Plant


@pytest.fixture
def packing(plant: Plant) -> PackingInstruction:
    LabelIssuer.objects.create(name="We", agency="UN", company="123456789")
    for name in "ABC":
        PackingInstruction.objects.create(part=plant.parts[name], pieces=24, package_type="KLT4314")
    return PackingInstruction.objects.get(part=plant.parts["A"])


def news(plant: Plant, called: int = 60, part: str = "A", **more: Any) -> QuantityNews:
    fields: dict[str, Any] = {
        "unloading_point_id": plant.program.unloading_point_id, "part_id": plant.parts[part].pk,
        "customer_part": f"C-{part}", "due_at": START + timedelta(hours=4), "called": called, "signal": "PULL-1",
    }  # fmt: skip
    return QuantityNews(**fields | more)


def call(plant: Plant, called: int = 60, **more: Any) -> QuantityCall:
    return call_quantity(news(plant, called, **more), source="API", by="erp", at=plant.tick())[0]


def plate(box: HandlingUnit) -> str:
    """The licence plate as the scanner sends it from the label."""
    job = PrintJob.objects.filter(subject_type="handlingunit", subject_id=box.pk).latest("pk")
    return f"1J{job.labels.get().number}"


def full_box(plant: Plant) -> HandlingUnit:
    """Begins, fills and labels the next box."""
    assert plant.scans("%C:BOX", "PA", "%Q:PACK") == ["OK", "OK", "OK"]
    box = HandlingUnit.objects.latest("pk")
    assert plant.scans(plate(box)) == ["OK"]
    return box


# --- the whole way -----------------------------------------------------------------------------------------


def test_packed_loaded_and_shipped_short_the_rest_stays_open(
    plant: Plant, packing: PackingInstruction
) -> None:
    made = call(plant, 60)
    plant.scan("%B:OP")
    first, second = full_box(plant), full_box(plant)
    made.refresh_from_db()
    assert (made.status, progress_of(made).house) == ("IN_WORK", 48)
    truck = plan_box_truck(made.unloading_point_id, by="desk", at=plant.tick())
    loaded = (f"%T:{truck.number}", plate(first), f"%H:{second.number}", "%C:DEPART")
    assert plant.scans("%B:OP", *loaded, station=plant.dock) == ["OK"] * 5
    made.refresh_from_db()
    assert (made.status, progress_of(made).shipped) == ("IN_WORK", 48)
    assert [(line.customer_part, line.shipped) for line in DeliveryLine.objects.all()] == [("C-A", 48)]
    assert set(Unit.objects.values_list("status", flat=True)) == {"SHIPPED"}
    # The rest is one box of twelve, and then the call is served and confirmed like any other.
    assert plant.scans("%C:BOX", "PA", "%Q:PACK") == ["OK"] * 3
    last = HandlingUnit.objects.latest("pk")
    assert (last.pieces, last.status) == (12, "CLOSED")
    assert plant.scans(f"%H:{last.number}") == ["OK"]
    truck = plan_box_truck(made.unloading_point_id, by="desk", at=plant.tick())
    assert plant.scans(f"%T:{truck.number}", plate(last), "%C:DEPART", station=plant.dock) == ["OK"] * 3
    made.refresh_from_db()
    assert made.status == "SHIPPED"
    for shipment in Shipment.objects.order_by("pk"):
        record_delivery_of(shipment, plant)
    made.refresh_from_db()
    assert made.status == "CONFIRMED"


def record_delivery_of(shipment: Shipment, plant: Plant) -> None:
    with transaction.atomic():
        record_delivery(
            shipment.pk, source=f"r{shipment.pk}", customer_part="", quantity=None, at=plant.tick(hours=1)
        )


def test_boxes_go_beside_racks_on_one_truck(plant: Plant, packing: PackingInstruction) -> None:
    call(plant, 24)
    rack = plant.build([1, 2, 3])
    box = full_box(plant)
    plant.plan()
    box.refresh_from_db()
    rack.refresh_from_db()
    assert box.shipment_id == rack.shipment_id is not None
    truck = rack.shipment
    assert truck is not None
    at_dock = plant.scans("%B:OP", f"%T:{truck.number}", plate(box), station=plant.dock)
    truck.refresh_from_db()
    assert (at_dock, truck.status) == (["OK"] * 3, "OPEN")
    assert plant.scans("%R:R1", "%C:DEPART", station=plant.dock) == ["OK", "OK"]
    assert {line.customer_part: line.shipped for line in DeliveryLine.objects.all()} == {"C-A": 27}


# --- what is refused at the station ------------------------------------------------------------------------

REFUSED = [
    ("another part locks as at a rack", ["PB"], "WRONG_PART", "stop"),
    ("more than the box takes", ["PA", "%Q:25"], "TOO_MANY", "stop"),
    ("a mixed part while the count is awaited", ["PA", "PB"], "WRONG_PART", "stop"),
    ("the same part again is no count", ["PA", "PA"], "NOT_NOW", "check"),
    ("a count without a part", ["%Q:5"], "NOT_NOW", "check"),
    ("a count that is none", ["PA", "%Q:0"], "NOT_NOW", "check"),
    ("a rack in between", ["%R:R2"], "NOT_NOW", "check"),
    ("a card nobody called", ["%A:K-99"], "NOT_NOW", "check"),
    ("a second box", ["%C:BOX"], "NOT_NOW", "check"),
    ("an empty box sealed", ["%C:SEAL"], "NOT_NOW", "check"),
    ("a box nobody knows", ["%H:H-99999"], "UNKNOWN_LABEL", "stop"),
    ("a part on quality hold", ["HOLD A", "PA"], "ON_HOLD", "stop"),
]


@pytest.mark.parametrize(
    ("scans", "code", "sound"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_box_refuses_with_the_words_and_sounds_of_a_rack(
    plant: Plant, packing: PackingInstruction, scans: list[str], code: str, sound: str
) -> None:
    call(plant)
    assert plant.scans("%B:OP", "%C:BOX") == ["OK", "OK"]
    for raw in scans[:-1]:
        if raw == "HOLD A":
            place_hold(Caught(part="A"), by="quality", reason="burr", at=plant.tick())
        else:
            assert plant.scan(raw).accepted, raw
    verdict = plant.scan(scans[-1])
    assert (verdict.code, verdict.sound) == (code, sound)
    assert HandlingUnit.objects.get().pieces == 0
    assert not Unit.objects.exists()
    # Every refusal is kept like any scan, and a station that locked opens by the return bin.
    assert ScanEvent.objects.latest("pk").code == code
    if code == "WRONG_PART":
        assert plant.scans("PA", "%C:RETURN", "PA", "%Q:3") == ["LOCKED", "OK", "OK", "OK"]


def test_lot_and_serial_are_asked_as_at_a_rack(plant: Plant, packing: PackingInstruction) -> None:
    Part.objects.filter(number="A").update(trace=Part.Trace.LOT)
    Part.objects.filter(number="B").update(trace=Part.Trace.SERIAL)
    call(plant, 4)
    plant.scan("%B:OP")
    # A lot-traced part without its lot is not counted; a part number is no lot.
    assert plant.scans("%C:BOX", "PA", "PB", "%C:RETURN") == ["OK", "NEED_LOT", "WRONG_PART", "OK"]
    assert plant.scans("PA", "1TL77", "%Q:4") == ["NEED_LOT", "OK", "OK"]
    assert set(Unit.objects.values_list("lot", flat=True)) == {"L77"}
    plant.scan(f"%H:{HandlingUnit.objects.get().number}")
    call(plant, 2, part="B")
    label = "[)>\x1e06\x1dPB\x1dS{}\x1e\x04"
    assert plant.scans("%C:BOX", label.format(1)) == ["OK", "OK"]
    twin = plant.scan(label.format(1))
    assert (twin.code, "is in box" in twin.hint) == ("DUPLICATE", True)
    assert plant.scans(label.format(2)) == ["OK"]
    assert HandlingUnit.objects.latest("pk").status == "CLOSED"


def test_a_box_left_aside_frees_the_station_and_is_gone_on_with(
    plant: Plant, packing: PackingInstruction
) -> None:
    call(plant, 24)
    plant.new(1, "C-B")
    plant.start_rack()
    assert plant.scans("%C:BOX", "PA", "%Q:20", "PA", "%C:BOX-ASIDE") == ["OK"] * 5
    # The count that was asked for is forgotten with it; its room stays promised to it.
    assert plant.scans("%C:BOX-ASIDE", "PB", "%L:1") == ["NOT_NOW", "OK", "OK"]
    box = HandlingUnit.objects.get()
    assert (box.status, box.pieces, box.stations.exists()) == ("OPEN", 20, False)
    assert plant.scans("%C:BOX", "PA", "%Q:PACK") == ["OK"] * 3
    box.refresh_from_db()
    assert (HandlingUnit.objects.count(), box.status, box.pieces) == (1, "CLOSED", 24)


IN_A_BOX = [("SCRAP", "DAMAGED"), ("REPAIR", "SCRATCH"), ("SWAP", "")]


@pytest.mark.parametrize(("command", "reason"), IN_A_BOX, ids=[row[0] for row in IN_A_BOX])
def test_a_piece_in_a_box_is_no_piece_for_itself(
    plant: Plant, packing: PackingInstruction, command: str, reason: str
) -> None:
    """History 45: the database had to say no. The count on the box's label would be wrong; the box is emptied first."""
    Part.objects.filter(number="A").update(trace=Part.Trace.SERIAL)
    call(plant, 2)
    label = "[)>\x1e06\x1dPA\x1dS{}\x1e\x04"
    plant.scans("%B:OP", "%C:BOX", label.format(1), label.format(2))
    box = HandlingUnit.objects.get()
    plant.scan(f"%H:{box.number}")
    steps = [label.format(1), f"%M:{reason}" if reason else label.format(2)]
    last = [plant.scan(raw) for raw in (f"%C:{command}", *steps)][-1]
    assert (last.code, f"lies in {box.number}" in last.hint) == ("NOT_NOW", True)
    plant.scans("%C:BACK", "%C:EMPTY-BOX", f"%H:{box.number}", "%M:QUALITY")
    assert plant.scans("%C:SCRAP", label.format(1), "%M:DAMAGED") == ["OK"] * 3
    assert set(Unit.objects.values_list("status", flat=True)) == {"SCRAPPED", "BUFFER"}


def test_a_piece_of_a_box_comes_back_from_the_oem(plant: Plant, packing: PackingInstruction) -> None:
    """History 85."""
    Part.objects.filter(number="A").update(trace=Part.Trace.SERIAL)
    made = call(plant, 1)
    label = "[)>\x1e06\x1dPA\x1dS1\x1e\x04"
    plant.scans("%B:OP", "%C:BOX", label)
    box = HandlingUnit.objects.get()
    plant.scan(f"%H:{box.number}")
    truck = plan_box_truck(made.unloading_point_id, by="desk", at=plant.tick())
    plant.scans("%B:OP", f"%T:{truck.number}", plate(box), "%C:DEPART", station=plant.dock)
    assert plant.scans("%C:OEM-RETURN", label, "%M:DAMAGED") == ["OK"] * 3
    assert [(unit.status, unit.handling_unit_id) for unit in Unit.objects.all()] == [("RETURNED", None)]
    assert f"box {box.number}" in FloorException.objects.get().text
    made.refresh_from_db()
    assert (made.status, progress_of(made).shipped) == ("SHIPPED", 1)


# --- kanban ------------------------------------------------------------------------------------------------


def test_a_card_is_one_full_box_and_closes_once(plant: Plant, packing: PackingInstruction) -> None:
    made = call(plant, 0, cards=("K-1", "K-2"))
    assert (made.called, made.quantity) == (48, 48)
    plant.scan("%B:OP")
    assert plant.scans("%C:BOX", "%A:K-1", "PA", "%Q:20") == ["NOT_NOW", "OK", "OK", "OK"]
    # A card means a whole box: it is not sealed short.
    assert plant.scans("%C:SEAL", "PA", "%Q:PACK") == ["NOT_NOW", "OK", "OK"]
    box = HandlingUnit.objects.get()
    assert plant.scans(plate(box)) == ["OK"]
    card = KanbanCard.objects.get(number="K-1")
    assert (card.closed_by, card.closed_at is not None, box.card_id) == ("op", True, card.pk)
    again = plant.scan("15KK-1")
    assert (again.code, box.number in again.hint, "by op" in again.hint) == ("CARD_USED", True, True)
    # Without a rack at the station the card's bare number will do.
    assert plant.scans("K-2", "PA", "%Q:PACK") == ["OK", "OK", "OK"]
    made.refresh_from_db()
    assert made.status == "PACKED"


def test_a_card_comes_round_only_when_its_box_is_packed(plant: Plant, packing: PackingInstruction) -> None:
    call(plant, 0, cards=("K-1",))
    later = START + timedelta(hours=9)
    with pytest.raises(Refused, match="card K-1 is called with Q-"):
        call(plant, 0, cards=("K-1",), due_at=later)
    assert QuantityCall.objects.count() == 1
    assert plant.scans("%B:OP", "%A:K-1", "PA", "%Q:PACK") == ["OK"] * 4
    assert call(plant, 0, cards=("K-1",), due_at=later).called == 24


# --- copies and changes ------------------------------------------------------------------------------------


def test_said_twice_it_is_called_once(plant: Plant, packing: PackingInstruction) -> None:
    first, new = call_quantity(news(plant, 60), source="API", by="erp", at=plant.tick())
    again, newer = call_quantity(news(plant, 60), source="API", by="erp", at=plant.tick())
    assert (first.pk, new, newer) == (again.pk, True, False)
    with pytest.raises(Refused, match="stands with 60 pieces, not 61") as no:
        call(plant, 61)
    assert no.value.code == "call_differs"


def test_fewer_than_are_packed_keeps_the_surplus_here(plant: Plant, packing: PackingInstruction) -> None:
    made = call(plant, 48)
    plant.scan("%B:OP")
    first, second = full_box(plant), full_box(plant)
    change_call(made.pk, 24, by="planner", reason="telephone", at=plant.tick())
    assert Task.objects.get(kind="QUANTITY_EXCESS").text.endswith("empty boxes of 24")
    truck = plan_box_truck(made.unloading_point_id, by="desk", at=plant.tick())
    codes = plant.scans("%B:OP", f"%T:{truck.number}", plate(first), plate(second), station=plant.dock)
    assert codes == ["OK", "OK", "OK", "OUT_OF_DATE_CALL"]
    assert plant.scans("%C:EMPTY-BOX", plate(second), "%M:CALL-CHANGED") == ["OK", "OK", "OK"]
    assert plant.scan(plate(second)).code == "VOID_LABEL"
    assert Task.objects.get(kind="QUANTITY_EXCESS").status == "DONE"
    # Nothing is waited for any more: the truck may go with the first.
    assert plant.scan("%C:DEPART", station=plant.dock).code == "OK"
    second.refresh_from_db()
    assert (second.status, Unit.objects.filter(status="BUFFER").count()) == ("CANCELLED", 24)


def test_a_call_that_shrinks_under_the_hand_takes_no_more(plant: Plant, packing: PackingInstruction) -> None:
    made = call(plant, 24)
    assert plant.scans("%B:OP", "%C:BOX", "PA", "%Q:10") == ["OK"] * 4
    change_call(made.pk, 12, by="planner", reason="telephone", at=plant.tick())
    assert plant.scans("PA", "%Q:PACK", "PA", "%Q:2", "PA") == [
        "OK", "OUT_OF_DATE_CALL", "OK", "OK", "OUT_OF_DATE_CALL",
    ]  # fmt: skip
    assert plant.scans("%C:SEAL") == ["OK"]
    made.refresh_from_db()
    assert (made.status, HandlingUnit.objects.get().pieces) == ("PACKED", 12)


def test_what_is_withdrawn_is_begun_no_more(plant: Plant, packing: PackingInstruction) -> None:
    made = call(plant, 24)
    withdraw_call(made.pk, by="planner", reason="model change", at=plant.tick())
    assert plant.scans("%B:OP", "%C:BOX") == ["OK", "NOT_NOW"]
    made.refresh_from_db()
    assert (made.status, made.quantity, made.called) == ("CANCELLED", 0, 24)
    # Called again it is the same call.
    assert call(plant, 24).pk == made.pk


BAD = [
    ({"called": 0}, "bad_quantity"),
    ({"called": -3}, "bad_quantity"),
    ({"called": 10**7}, "bad_quantity"),
    ({"called": 0, "cards": ("K-1", "K-1")}, "bad_card"),
    ({"called": 25, "cards": ("K-1",)}, "bad_quantity"),
    ({"line_feed": "x" * 36}, "value_too_long"),
]


@pytest.mark.parametrize(("more", "code"), BAD)
def test_a_call_that_cannot_be_is_refused(
    plant: Plant, packing: PackingInstruction, more: dict[str, Any], code: str
) -> None:
    with pytest.raises((Refused, Invalid)) as no:
        call(plant, **more)
    assert no.value.code == code
    assert not QuantityCall.objects.exists()


# --- what is refused at the dock ---------------------------------------------------------------------------


def _elsewhere(plant: Plant, box: HandlingUnit) -> None:
    other = UnloadingPoint.objects.create(plant=OemPlant.objects.get(), code="D2")
    QuantityCall.objects.update(unloading_point=other)


def _other_truck(plant: Plant, box: HandlingUnit) -> None:
    other = Shipment.objects.create(
        number="T-OTHER", unloading_point=plant.program.unloading_point, planned_at=START, leaves_at=START
    )
    HandlingUnit.objects.filter(pk=box.pk).update(shipment=other)


def _held(plant: Plant, box: HandlingUnit) -> None:
    place_hold(Caught(part="A"), by="quality", reason="burr", at=plant.tick())


def _withdrawn(plant: Plant, box: HandlingUnit) -> None:
    withdraw_call(box.call_id, by="planner", reason="too late", at=plant.tick())


def _open(plant: Plant, box: HandlingUnit) -> None:
    HandlingUnit.objects.filter(pk=box.pk).update(status="CLOSED")


AT_DOCK = [
    (_elsewhere, "WRONG_DOOR"),
    (_other_truck, "WRONG_TRUCK"),
    (_held, "ON_HOLD"),
    (_withdrawn, "OUT_OF_DATE_CALL"),
    (_open, "WRONG_BOX"),
]


@pytest.mark.parametrize(("spoil", "code"), AT_DOCK, ids=[code for _, code in AT_DOCK])
def test_the_dock_refuses_a_box_with_the_horn(
    plant: Plant, packing: PackingInstruction, spoil: Any, code: str
) -> None:
    call(plant, 24)
    plant.scan("%B:OP")
    box = full_box(plant)
    truck = plan_box_truck(box.call.unloading_point_id, by="desk", at=plant.tick())
    assert plant.scans("%B:OP", f"%T:{truck.number}", station=plant.dock) == ["OK", "OK"]
    spoil(plant, box)
    verdict = plant.scan(plate(box), station=plant.dock)
    assert (verdict.code, verdict.sound) == (code, "stop")
    assert plant.dock.signals.get().why == code
    box.refresh_from_db()
    assert box.status != "LOADED"


def test_a_hold_or_change_after_loading_stops_the_departure(
    plant: Plant, packing: PackingInstruction
) -> None:
    call(plant, 24)
    plant.scan("%B:OP")
    box = full_box(plant)
    truck = plan_box_truck(box.call.unloading_point_id, by="desk", at=plant.tick())
    assert plant.scans("%B:OP", f"%T:{truck.number}", plate(box), station=plant.dock) == ["OK"] * 3
    _held(plant, box)
    with pytest.raises(Refused, match="on quality hold") as no:
        depart_shipment(truck.pk, at=plant.tick(), by="desk")
    assert no.value.code == "host_check"
    # It comes off by a supervisor, and nothing else was on the truck.
    codes = plant.scans("%C:UNLOAD", "%M:QUALITY", "%B:BOSS", "%P:4711", plate(box), station=plant.dock)
    assert codes == ["OK"] * 5
    box.refresh_from_db()
    truck.refresh_from_db()
    assert (box.status, box.shipment_id) == ("STAGED", None)


def test_short_leaves_boxes_for_the_next_truck(plant: Plant, packing: PackingInstruction) -> None:
    call(plant, 48)
    plant.scan("%B:OP")
    first, second = full_box(plant), full_box(plant)
    truck = plan_box_truck(first.call.unloading_point_id, by="desk", at=plant.tick())
    assert (
        plant.scans("%B:OP", f"%T:{truck.number}", plate(first), "%C:DEPART", station=plant.dock)[-1]
        == "NOT_NOW"
    )
    codes = plant.scans("%C:SHORT", "%M:OEM-ASKS", "%B:BOSS", "%P:4711", station=plant.dock)
    truck.refresh_from_db()
    second.refresh_from_db()
    assert (truck.status, second.status, second.shipment_id) == ("DEPARTED", "STAGED", None), codes


def test_a_station_packs_what_its_instruction_names(plant: Plant, packing: PackingInstruction) -> None:
    other = Station.objects.create(code="S2", name="Boxes", commodity=plant.commodity)
    PackingInstruction.objects.filter(pk=packing.pk).update(station=other)
    call(plant, 24)
    assert plant.scans("%B:OP", "%C:BOX") == ["OK", "NOT_NOW"]
    assert plant.scans("%B:OP", "%C:BOX", station=other) == ["OK", "OK"]
    # Two stations never promise the same pieces twice.
    PackingInstruction.objects.filter(pk=packing.pk).update(station=None)
    assert plant.scans("%C:BOX") == ["NOT_NOW"]


# --- what a second look found ------------------------------------------------------------------------------


def test_a_card_of_a_withdrawn_call_is_free_when_its_box_is_emptied(
    plant: Plant, packing: PackingInstruction
) -> None:
    """It stood open on a call nobody packs any more: the customer could never call that card again."""
    made = call(plant, 0, cards=("K-1",))
    assert plant.scans("%B:OP", "%A:K-1", "PA", "%Q:PACK") == ["OK"] * 4
    withdraw_call(made.pk, by="planner", reason="model change", at=plant.tick())
    assert plant.scans("%C:EMPTY-BOX", "%M:CALL-CHANGED") == ["OK", "OK"]
    assert KanbanCard.objects.get().withdrawn_at is not None
    assert call(plant, 0, cards=("K-1",), due_at=START + timedelta(hours=9)).called == 24


def test_a_piece_held_after_it_was_put_in_keeps_the_box_open(
    plant: Plant, packing: PackingInstruction
) -> None:
    call(plant, 24)
    assert plant.scans("%B:OP", "%C:BOX", "PA", "%Q:20") == ["OK"] * 4
    hold = place_hold(Caught(part="A"), by="quinn", reason="cracks", at=plant.tick())
    assert plant.scan("%C:SEAL").code == "ON_HOLD"
    assert HandlingUnit.objects.get().status == "OPEN"
    assert not PrintJob.objects.exists()
    release_hold(hold.pk, by="quinn", reason="measured good", at=plant.tick())
    assert plant.scan("%C:SEAL").code == "OK"


def test_a_hold_placed_before_the_count_stops_the_count(plant: Plant, packing: PackingInstruction) -> None:
    call(plant, 24)
    assert plant.scans("%B:OP", "%C:BOX", "PA", "%Q:20", "PA") == ["OK"] * 5
    hold = place_hold(Caught(part="A"), by="quinn", reason="cracks", at=plant.tick())
    assert plant.scan("%Q:PACK").code == "ON_HOLD"
    assert HandlingUnit.objects.get().pieces == 20, "what is refused is not counted"
    release_hold(hold.pk, by="quinn", reason="measured good", at=plant.tick())
    assert plant.scans("PA", "%Q:PACK") == ["OK", "OK"]
    assert HandlingUnit.objects.get().status == "CLOSED"


def test_a_good_piece_that_fills_a_box_with_a_held_one_is_taken_and_the_box_waits(
    plant: Plant, packing: PackingInstruction
) -> None:
    Part.objects.filter(number="A").update(trace=Part.Trace.LOT)
    call(plant, 24)
    assert plant.scans("%B:OP", "%C:BOX", "PA", "1TL1", "%Q:20")[-1] == "OK"
    hold = place_hold(Caught(lot="L1"), by="quinn", reason="cracks", at=plant.tick())
    plant.scans("PA", "1TL2")
    last = plant.scan("%Q:PACK")
    assert last.accepted
    assert "is not closed" in last.hint
    box = HandlingUnit.objects.get()
    assert (box.status, box.pieces) == ("OPEN", 24)
    assert station_view(plant.station.pk, at=plant.at)["ask"]["code"] == "BOX_FULL"
    release_hold(hold.pk, by="quinn", reason="measured good", at=plant.tick())
    assert plant.scan("%C:SEAL").code == "OK"


def test_the_lot_read_twice_is_no_wrong_part(plant: Plant, packing: PackingInstruction) -> None:
    Part.objects.filter(number="A").update(trace=Part.Trace.LOT)
    call(plant, 24)
    assert plant.scans("%B:OP", "%C:BOX", "PA", "1TL77", "1TL77", "%Q:4") == [
        "OK", "OK", "NEED_LOT", "OK", "NOT_NOW", "OK",
    ]  # fmt: skip
    assert set(Unit.objects.values_list("lot", flat=True)) == {"L77"}


def test_the_instruction_that_counts_names_the_station(plant: Plant, packing: PackingInstruction) -> None:
    """That of the unloading point goes before that for everywhere, also in who packs it."""
    two, three = (
        Station.objects.create(code=code, name="Boxes", commodity=plant.commodity) for code in ("S2", "S3")
    )
    PackingInstruction.objects.filter(pk=packing.pk).update(station=two)
    call(plant, 24)
    assert calls_for(two).exists()
    PackingInstruction.objects.create(
        part=plant.parts["A"], unloading_point=plant.program.unloading_point, pieces=12, station=three
    )
    assert [calls_for(station).exists() for station in (plant.station, two, three)] == [False, False, True]
    assert plant.scans("%B:OP", "%C:BOX", station=three) == ["OK", "OK"]
    assert HandlingUnit.objects.get().capacity == 12


def test_a_station_is_not_asked_for_what_another_one_is_packing(
    plant: Plant, packing: PackingInstruction
) -> None:
    other = Station.objects.create(code="S2", name="Boxes", commodity=plant.commodity)
    call(plant, 24)
    call(plant, 0, part="B", cards=("K-1",))
    plant.scan("%B:OP")
    assert len(calls_ahead(plant.station)) == 2
    assert plant.scans("%B:OP", "%C:BOX", station=other) == ["OK", "OK"]
    assert [ahead["cards"] for ahead in calls_ahead(plant.station)] == [["K-1"]]
    third = Station.objects.create(code="S3", name="Boxes", commodity=plant.commodity)
    assert plant.scans("%B:OP", "%A:K-1", station=third) == ["OK", "OK"]
    assert calls_ahead(plant.station) == []
    assert station_view(plant.station.pk, at=plant.at)["ask"]["code"] == "WAIT"


def test_a_box_is_not_emptied_from_another_station(plant: Plant, packing: PackingInstruction) -> None:
    other = Station.objects.create(code="S2", name="Boxes", commodity=plant.commodity)
    call(plant, 24)
    assert plant.scans("%B:OP", "%C:BOX", "PA", "%Q:4", "PA") == ["OK"] * 5
    box = HandlingUnit.objects.get()
    verdicts = plant.scans("%B:OP", "%C:EMPTY-BOX", f"%H:{box.number}", "%M:DAMAGED", station=other)
    assert verdicts == ["OK", "OK", "OK", "NOT_NOW"]
    assert "is packed at S1" in ScanEvent.objects.latest("pk").hint
    # The office may: the station that has it forgets the half-done count with it.
    empty_box(box.pk, by="planner", reason="damp", at=plant.tick())
    plant.station.refresh_from_db()
    assert (plant.station.handling_unit, plant.station.mode) == (None, "")
    assert Unit.objects.filter(status="BUFFER").count() == 4
