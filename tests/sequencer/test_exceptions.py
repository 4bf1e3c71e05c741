"""Exceptions of the floor: scrap, repair, missing, re-order, swap, repack. Each in at most three scans, each a row."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inventory.errors import Refused, Unknown
from sequencer.models import FloorException, PrintJob, Rack, ScanEvent, Shipment, Station, Task, Unit
from sequencer.services import depart_shipment, station_view
from sequencer.services.reorders import reorder_group
from sequencer.services.scrap import scrap_unit
from sequencer.views.rack_picture import rack_drawing
from tests.factories import START, Plant, make_plant


def part(serial: str, number: str = "A") -> str:
    return f"[)>\x1e06\x1dP{number}\x1dS{serial}\x1e\x04"


@pytest.fixture
def floor(db: None) -> Plant:
    """Serial parts, three calls, rack R1 being loaded, piece 11 packed in slot 1."""
    plant = make_plant(serial=True)
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.pack("A", 1, serial="11")
    return plant


def row(kind: str) -> FloorException:
    return FloorException.objects.get(kind=kind)


def asked(plant: Plant) -> str:
    return str(station_view(plant.station.pk, at=plant.at)["ask"]["code"])


def drawn(plant: Plant) -> list[str]:
    """The small word of each slot in the rack's drawing."""
    view = station_view(plant.station.pk, at=plant.at)
    return [slot["above"] for slot in rack_drawing(view["rack"])["slots"]]


def test_a_slot_says_why_it_is_open_again(floor: Plant) -> None:
    floor.pack("A", 2, serial="12")
    floor.pack("A", 3, serial="13")
    floor.scans("%C:REPAIR", "%L:1", "%M:SCRATCH", "%C:SCRAP", "%L:2", "%M:DAMAGED")
    floor.take("CHANGE", "V0003", part="C-B")
    assert drawn(floor) == ["REPAIR 07:41", "SCRAPPED", "MOVE"], "the old piece still stands there"
    assert floor.scans("%C:MOVES", "%L:3", "%C:RETURN") == ["OK"] * 3
    assert drawn(floor)[2] == "CHANGED"
    floor.scans("%C:REPAIRED", part("11"))
    assert drawn(floor)[0] == "AGAIN"


def test_a_piece_on_hold_is_not_drawn_as_good(floor: Plant) -> None:
    floor.hold(1)
    assert drawn(floor) == ["ON HOLD", "", ""]


@pytest.mark.parametrize(
    ("command", "stays"), [("SCRAP", False), ("REPACK", False), ("SWAP", False), ("MISSING", True)]
)
def test_what_is_asked_for_stays_in_sight_only_where_the_flow_is_about_it(
    floor: Plant, command: str, stays: bool
) -> None:
    floor.scan(f"%C:{command}")
    assert (station_view(floor.station.pk, at=floor.at)["now"] is not None) == stays


# (scans before, scan, code, what is asked afterwards); slot 1 is filled with serial 11, slot 2 is asked for
SCRAP_REFUSALS = [
    ([], "%C:SCRAP", "OK", "PIECE"),
    (["%C:SCRAP"], "%M:DAMAGED", "NOT_NOW", "PIECE"),
    (["%C:SCRAP"], "%L:3", "NOT_NOW", "PART"),
    (["%C:SCRAP"], "%L:R9:1", "NOT_NOW", "PART"),
    (["%C:SCRAP"], "S999", "NOT_NOW", "PART"),
    (["%C:SCRAP"], "%R:R1", "NOT_NOW", "PART"),
    (["%C:SCRAP", "%L:1"], "%M:BORED", "NOT_NOW", "REASON"),
    (["%C:SCRAP", "%L:1"], "PA", "NOT_NOW", "PART"),
    (["%C:SCRAP", "%L:1"], "%C:BACK", "OK", "PART"),
]


@pytest.mark.parametrize(("before", "raw", "code", "then"), SCRAP_REFUSALS)
def test_what_scrap_refuses(floor: Plant, before: list[str], raw: str, code: str, then: str) -> None:
    floor.scans(*before)
    verdict = floor.scan(raw)
    assert (verdict.code, asked(floor)) == (code, then)
    assert ScanEvent.objects.get(pk=verdict.scan_id).code == code
    assert Unit.objects.get(serial="11").status == "PACKED"
    assert not FloorException.objects.exists()


def test_scrap_forgets_a_part_whose_serial_was_awaited(floor: Plant) -> None:
    """The next serial is of the piece that is built again, not of the one scanned before the scrap."""
    assert floor.scan("PA").code == "NEED_SERIAL"
    assert floor.scans("%C:SCRAP", "%L:1", "%M:DAMAGED") == ["OK"] * 3
    assert Station.objects.get(pk=floor.station.pk).pending_unit_part == ""


def test_scrap_from_a_filled_slot_keeps_the_slot_and_asks_for_it_first(floor: Plant) -> None:
    floor.pack("A", 2, serial="12")
    assert floor.scans("%C:SCRAP", "%L:1", "%M:DAMAGED") == ["OK"] * 3
    unit, group = Unit.objects.get(serial="11"), floor.group(1)
    assert (unit.status, unit.group) == ("SCRAPPED", None)
    assert (group.status, group.attempt, group.slot.number, group.slot.status) == (
        "RELEASED",
        2,
        1,
        "REOPENED",
    )
    view = station_view(floor.station.pk, at=floor.at)
    assert (view["now"]["sequence"], view["now"]["slot"]) == ("0001", 1)
    noted = row("SCRAP")
    assert (noted.by, noted.reason, noted.unit, noted.slot, noted.resolved_at) == (
        "op", "damaged", unit, group.slot, None,
    )  # fmt: skip
    assert noted.due_at is not None
    assert PrintJob.objects.filter(kind="NOK_STICKER", subject_id=unit.pk).count() == 1
    floor.pack("A", 1, serial="13")
    noted.refresh_from_db()
    assert (noted.resolution, noted.resolved_by) == ("packed in slot 1, attempt 2", "op")
    assert not Task.objects.filter(kind="SCRAP").exclude(status="DONE").exists()


def test_scrap_of_the_part_in_the_hand_takes_two_scans(floor: Plant) -> None:
    floor.scan(part("12"))
    assert asked(floor) == "SLOT"
    assert floor.scans("%C:SCRAP", "%M:SURFACE") == ["OK", "OK"]
    group = floor.group(2)
    assert (group.status, group.attempt, group.slot.status) == ("RELEASED", 2, "EMPTY")
    assert Unit.objects.get(serial="12").status == "SCRAPPED"
    assert asked(floor) == "PART"


def test_a_scrapped_piece_is_never_taken_again_and_says_so(floor: Plant) -> None:
    floor.scans("%C:SCRAP", "%L:1", "%M:DAMAGED")
    verdict = floor.scan(part("11"))
    assert (verdict.code, "scrap" in verdict.hint) == ("DUPLICATE", True)
    assert floor.scans("%C:SCRAP", part("11"), "%M:DAMAGED")[-1] == "NOT_NOW"


def test_scrap_out_of_a_sealed_rack_opens_it_again(floor: Plant) -> None:
    floor.pack("A", 2, serial="12")
    floor.pack("A", 3, serial="13")
    assert floor.scan("%C:SEAL").code == "OK"
    scrap_unit(Unit.objects.get(serial="12").pk, by="boss", reason="recall", at=floor.tick())
    rack = floor.rack(1)
    assert (rack.status, floor.group(2).attempt) == ("REOPENED", 2)
    floor.pack("A", 2, serial="14")
    assert floor.scan("%C:SEAL").code == "OK"


def test_scrap_wants_a_reason_and_a_piece_that_is_here(floor: Plant) -> None:
    unit = Unit.objects.get(serial="11")
    with pytest.raises(Refused) as refused:
        scrap_unit(unit.pk, by="boss", reason=" ", at=floor.tick())
    assert refused.value.code == "reason_missing"
    scrap_unit(unit.pk, by="boss", reason="recall", at=floor.tick())
    with pytest.raises(Refused) as refused:
        scrap_unit(unit.pk, by="boss", reason="recall", at=floor.tick())
    assert refused.value.code == "forbidden_move"


# --- missing: the plant is searched before a hole is left -------------------------------------------------------


def test_missing_offers_the_buffer_first_then_a_later_call(floor: Plant) -> None:
    floor.pack("A", 2, serial="12")
    floor.scans("%C:REPAIR", "%L:1", "%M:LOOSE", "%C:REPAIRED", part("11"))
    verdict = floor.scan("%C:MISSING")
    assert verdict.hint == "serial 11 lies in the buffer: take that, or scan the reason"
    ask = station_view(floor.station.pk, at=floor.at)["ask"]
    assert ask["text"] == "SCAN IT, OR A REASON"
    assert ask["detail"] == "serial 11 lies in the buffer; serial 12 stands in R-1 slot 2 for 0002"
    assert floor.scans(part("11"), "%L:1") == ["OK", "OK"]
    assert floor.group(1).status == "PACKED"


def test_missing_takes_the_piece_of_a_later_call_which_is_built_again(floor: Plant) -> None:
    floor.pack("A", 2, serial="12")
    floor.scans("%C:SCRAP", "%L:1", "%M:DAMAGED")
    assert floor.scans("%C:MISSING", part("12"), "%L:1") == ["OK", "OK", "OK"]
    unit, lender = Unit.objects.get(serial="12"), floor.group(2)
    assert (unit.group, lender.status, lender.slot.status) == (floor.group(1), "RELEASED", "REOPENED")
    noted = row("SWAP")
    assert (noted.group, noted.by, "went to 0001" in noted.text) == (lender, "op", True)


def test_missing_never_offers_a_held_piece_nor_one_of_an_earlier_call(floor: Plant) -> None:
    verdict = floor.scan("%C:MISSING")
    assert verdict.hint == "None found anywhere: scan the reason"
    assert floor.scan(part("11")).code == "DUPLICATE"


def test_a_hole_is_a_row_until_it_is_filled(floor: Plant) -> None:
    assert floor.scans("%C:MISSING", "%M:EMPTY-BIN") == ["OK", "OK"]
    noted = row("MISSING")
    assert (noted.reason, noted.by, noted.slot, noted.resolved_at) == (
        "empty-bin",
        "op",
        floor.group(2).slot,
        None,
    )
    assert floor.scan("%L:2").code == "OK"
    noted.refresh_from_db()
    assert noted.resolution == "found"


# --- repair ---------------------------------------------------------------------------------------------------

REPAIR_REFUSALS = [
    (["%C:REPAIR"], "%M:LOOSE", "NOT_NOW", "PIECE"),
    (["%C:REPAIR"], "%L:2", "NOT_NOW", "PART"),
    (["%C:REPAIR"], "S999", "NOT_NOW", "PART"),
    (["%C:REPAIR", "%L:1"], "%M:BORED", "NOT_NOW", "REASON"),
    (["%C:REPAIR", "%L:1"], "%C:BACK", "OK", "PART"),
    (["%C:REPAIRED"], "%L:1", "NOT_NOW", "PART"),
    (["%C:REPAIRED"], "S11", "NOT_NOW", "PART"),
    (["%C:REPAIRED"], "%M:LOOSE", "NOT_NOW", "PART"),
]


@pytest.mark.parametrize(("before", "raw", "code", "then"), REPAIR_REFUSALS)
def test_what_repair_refuses(floor: Plant, before: list[str], raw: str, code: str, then: str) -> None:
    floor.scans(*before)
    assert (floor.scan(raw).code, asked(floor)) == (code, then)
    assert Unit.objects.get(serial="11").status == "PACKED"
    assert not FloorException.objects.exists()


def test_repair_holds_the_place_until_the_piece_is_back(floor: Plant) -> None:
    verdicts = [floor.scan(raw) for raw in ("%C:REPAIR", part("11"), "%M:SCRATCH")]
    assert [v.code for v in verdicts] == ["OK"] * 3
    group, unit = floor.group(1), Unit.objects.get(serial="11")
    assert (group.status, group.slot.status, unit.status) == ("REPAIR", "REOPENED", "REPAIR")
    # Due at 08:01 UTC less 20 minutes of way.
    assert (group.slot.reason, group.slot.announced) == ("in repair, needed by 07:41", "repair")
    drawn = station_view(floor.station.pk, at=floor.at)["rack"]["slots"][0]
    assert drawn["repair"] == "in repair, needed by 07:41"
    task = Task.objects.get(kind="REPAIR")
    assert task.due_at == row("REPAIR").due_at == START + timedelta(minutes=101)
    # Building goes on behind it, the rack waits.
    floor.pack("A", 2, serial="12")
    floor.pack("A", 3, serial="13")
    assert floor.scan("%C:SEAL").code != "OK"
    assert station_view(floor.station.pk, at=floor.at)["ask"]["detail"] == "slot 1 in repair, needed by 07:41"
    assert floor.scan(part("11")).code == "NOT_NOW"
    assert floor.scans("%C:REPAIRED", part("11")) == ["OK", "OK"]
    floor.pack("A", 1, serial="11")
    assert floor.scan("%C:SEAL").code == "OK"
    assert (row("REPAIR").resolution, Task.objects.get(kind="REPAIR").status) == ("repaired", "DONE")


def test_repair_of_the_part_in_the_hand(floor: Plant) -> None:
    floor.scan(part("12"))
    assert floor.scans("%C:REPAIR", "%M:LOOSE") == ["OK", "OK"]
    assert (floor.group(2).status, floor.group(2).slot.status) == ("REPAIR", "EMPTY")
    assert station_view(floor.station.pk, at=floor.at)["now"]["sequence"] == "0003"


def test_a_piece_that_cannot_be_repaired_is_scrapped_and_its_call_built_again(floor: Plant) -> None:
    floor.scans("%C:REPAIR", "%L:1", "%M:SCRATCH")
    assert floor.scans("%C:SCRAP", part("11"), "%M:DAMAGED") == ["OK"] * 3
    assert (floor.group(1).status, floor.group(1).attempt) == ("RELEASED", 2)
    assert row("REPAIR").resolution == "scrapped: damaged"
    assert Task.objects.get(kind="REPAIR").status == "DONE"
    floor.pack("A", 1, serial="14")


# --- exchange, repack -----------------------------------------------------------------------------------------


def test_two_equal_pieces_change_their_calls_and_both_histories_stay(floor: Plant) -> None:
    floor.pack("A", 2, serial="12")
    floor.pack("A", 3, serial="13")
    assert floor.scans("%C:SWAP", "%L:1", part("13")) == ["OK"] * 3
    assert Unit.objects.get(serial="11").group == floor.group(3)
    assert Unit.objects.get(serial="13").group == floor.group(1)
    texts = sorted(FloorException.objects.filter(kind="SWAP").values_list("text", flat=True))
    assert texts == ["piece A 11 of 0001 went to 0003 for A 13", "piece A 13 of 0003 went to 0001 for A 11"]
    assert floor.scan("%C:SEAL").code == "OK"


@pytest.mark.parametrize(("truck", "asks"), [("none", True), ("one", False), ("two", True)])
def test_an_exchange_between_racks_that_may_leave_apart_needs_a_supervisor(
    floor: Plant, truck: str, asks: bool
) -> None:
    for n in (4, 5, 6):
        floor.new(n)
    other = Station.objects.create(code="S2", name="Doors 2", commodity=floor.commodity)
    assert floor.scans("%B:OP", "%R:R2", part("21"), "%L:1", station=other) == ["OK"] * 4
    trucks = [
        Shipment.objects.create(number=f"T-{n}", unloading_point=floor.dock.unloading_point,
                                planned_at=floor.at, leaves_at=floor.at) for n in (1, 2)
    ]  # fmt: skip
    if truck != "none":
        Rack.objects.filter(carrier__code="R1").update(shipment=trucks[0], load_position=1)
        Rack.objects.filter(carrier__code="R2").update(shipment=trucks[truck == "two"], load_position=2)
    # The piece made last is scanned first: the rows must name the second piece whatever its number.
    assert floor.scans("%C:SWAP", part("21"), part("11")) == ["OK"] * 3
    assert (Unit.objects.get(serial="11").group == floor.group(1)) is asks
    if asks:
        assert floor.scans("%B:OP", "%B:BOSS", "%P:4711") == ["NOT_ALLOWED", "OK", "OK"]
        reasons = set(FloorException.objects.filter(kind="SWAP").values_list("reason", flat=True))
        assert reasons == {"exchanged between two racks, agreed by boss"}
    assert Unit.objects.get(serial="11").group == floor.group(4)
    assert str(ScanEvent.objects.filter(step="SWAP").latest("pk").unit) == "A 11"


@pytest.mark.parametrize(
    ("before", "raw", "hint"),
    [
        (["%C:SWAP", "%L:1"], "%L:1", "both pieces are of one call"),
        (["%C:SWAP", "%L:1"], "%L:2", "No piece stands in that slot"),
        (["%C:SWAP", "%L:1"], part("21", "B"), "names no piece"),
        (["%C:SWAP"], "%M:LOOSE", "names no piece"),
    ],
)
def test_what_an_exchange_refuses(floor: Plant, before: list[str], raw: str, hint: str) -> None:
    floor.scans(*before)
    verdict = floor.scan(raw)
    assert (verdict.code, hint in verdict.hint, asked(floor)) == ("NOT_NOW", True, "PART")
    assert not FloorException.objects.exists()


def test_other_parts_and_closed_racks_are_never_exchanged(db: None) -> None:
    plant = make_plant(serial=True)
    plant.new(1)
    plant.new(2, "C-B")
    plant.new(3)
    plant.start_rack()
    plant.pack("A", 1, serial="11")
    plant.pack("B", 2, serial="12")
    plant.pack("A", 3, serial="13")
    plant.scans("%C:SWAP", "%L:1")
    assert "not the same part" in plant.scan("%L:2").hint
    plant.scan("%C:SEAL")
    plant.scans("%C:SWAP", "%L:1")
    assert "is closed; open it first" in plant.scan("%L:3").hint


def test_repack_opens_a_sealed_rack_until_every_slot_is_verified_again(floor: Plant) -> None:
    floor.pack("A", 2, serial="12")
    floor.pack("A", 3, serial="13")
    floor.scans("%C:SEAL", "%R:R1")
    assert floor.scans("%C:REPACK", "%R:R1", "%M:CHECK") == ["OK"] * 3
    assert floor.rack(1).status == "STAGED"
    assert floor.scans("%B:BOSS", "%P:4711") == ["OK"] * 2
    assert floor.rack(1).status == "REOPENED"
    assert (row("REPACK").reason, row("REPACK").by) == ("check, agreed by boss", "op")
    for slot, serial in enumerate(("11", "12", "13"), start=1):
        assert floor.scan("%C:SEAL").code != "OK"
        floor.pack("A", slot, serial=serial)
    assert floor.scan("%C:SEAL").code == "OK"


@pytest.mark.parametrize(
    ("before", "raw", "code"),
    [
        (["%C:REPACK"], "%R:R9", "NOT_NOW"),
        (["%C:REPACK"], "%M:BORED", "NOT_NOW"),
        (["%C:REPACK"], "%M:CHECK", "NOT_NOW"),
        ([part("12")], "%C:REPACK", "NOT_NOW"),
    ],
)
def test_what_repack_refuses(floor: Plant, before: list[str], raw: str, code: str) -> None:
    floor.scans(*before)
    assert floor.scan(raw).code == code
    assert floor.rack(1).status == "LOADING"
    assert not FloorException.objects.exists()


# --- a cancelled call with a built piece ------------------------------------------------------------------------


@pytest.mark.parametrize(("choice", "status", "how"), [("BUFFER", "BUFFER", "unit to buffer"),
                                                       ("SCRAP", "SCRAPPED", "unit to scrap")])  # fmt: skip
def test_the_piece_of_a_cancelled_call_is_decided_by_scan(
    floor: Plant, choice: str, status: str, how: str
) -> None:
    floor.take("CANCEL", "V0001", "0001")
    noted = row("CANCELLED")
    assert (noted.resolved_at, noted.group) == (None, floor.group(1))
    assert floor.scans("%C:TAKE-OUT", "%L:1", f"%M:{choice}") == ["OK"] * 3
    noted.refresh_from_db()
    assert (noted.resolution, noted.resolved_by) == (how, "op")
    assert Unit.objects.get(serial="11").status == status
    assert not Task.objects.filter(kind="TAKE_OUT").exclude(status="DONE").exists()
    assert PrintJob.objects.filter(kind="NOK_STICKER").exists() == (choice == "SCRAP")


@pytest.mark.parametrize(
    ("before", "raw"),
    [(["%C:TAKE-OUT"], "%L:1"), (["%C:TAKE-OUT"], part("11")), (["%C:TAKE-OUT"], "%M:BUFFER")],
)
def test_nothing_is_taken_out_of_a_call_that_is_wanted(floor: Plant, before: list[str], raw: str) -> None:
    floor.scans(*before)
    assert (floor.scan(raw).code, asked(floor)) == ("NOT_NOW", "PART")
    assert Unit.objects.get(serial="11").status == "PACKED"


# --- re-order, and what comes back ------------------------------------------------------------------------------


def ship(plant: Plant) -> None:
    plant.pack("A", 2, serial="12")
    plant.pack("A", 3, serial="13")
    plant.scans("%C:SEAL", "%R:R1")
    plant.tick(minutes=100)
    plant.plan()
    shipment = Shipment.objects.get()
    plant.scans("%B:OP", f"%T:{shipment.number}", "%R:R1", station=plant.dock)
    depart_shipment(shipment.pk, at=plant.tick(), by="op")


@pytest.mark.parametrize(("gone", "when", "status"), [(False, "before delivery", "CANCELLED"),
                                                      (True, "after delivery", "SHIPPED")])  # fmt: skip
def test_a_reorder_replaces_keeps_the_sequence_and_jumps_the_queue(
    floor: Plant, gone: bool, when: str, status: str
) -> None:
    if gone:
        ship(floor)
    old = floor.group(1)
    new = reorder_group(old.pk, by="boss", reason="scratched at the OEM", at=floor.tick())
    assert (new.replaces, new.priority, new.status) == (old, "RUSH", "RELEASED")
    assert new.call_off.sequence_number == "0001"
    assert new.slot.rack.priority == "RUSH"
    old.refresh_from_db()
    assert old.status == status
    noted = row("REORDER")
    assert (noted.by, noted.reason, noted.text) == (
        "boss",
        "scratched at the OEM",
        f"0001 DOOR ordered again {when}",
    )


def test_what_was_ordered_again_before_delivery_is_taken_out_before_the_seal(floor: Plant) -> None:
    """Else two pieces went to one vehicle: the old one in its rack, the new one with the rush rack."""
    floor.pack("A", 2, serial="12")
    floor.pack("A", 3, serial="13")
    assert floor.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    reorder_group(floor.group(1).pk, by="boss", reason="scratched in the rack", at=floor.tick())
    assert floor.rack(1).status == "FULL"
    floor.scan("%R:R1")
    refused = floor.scan("%C:SEAL")
    assert (refused.code, "0001 still stands there" in refused.hint) == ("OUT_OF_DATE_CALL", True), (
        refused.hint
    )
    assert floor.scans("%C:TAKE-OUT", "%L:1", "%M:BUFFER") == ["OK"] * 3
    assert row("CANCELLED").resolution == "unit to buffer"
    assert floor.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]


def test_what_a_reorder_refuses(floor: Plant) -> None:
    for group_id, reason, code in (
        (floor.group(1).pk, " ", "reason_missing"),
        (floor.group(2).pk, "why", "not_built"),
        (10**6, "why", "no_group"),
    ):
        with pytest.raises((Refused, Unknown)) as refused:
            reorder_group(group_id, by="boss", reason=reason, at=floor.tick())
        assert refused.value.code == code
    reorder_group(floor.group(1).pk, by="boss", reason="why", at=floor.tick())
    with pytest.raises(Refused) as refused:
        reorder_group(floor.group(1).pk, by="boss", reason="why", at=floor.tick())
    assert refused.value.code == "reordered"


@pytest.mark.parametrize(("then", "status", "how"), [(["%C:REPAIRED", part("11")], "BUFFER", "found good"),
    (["%C:SCRAP", part("11"), "%M:DAMAGED"], "SCRAPPED", "scrapped: damaged")])  # fmt: skip
def test_a_piece_that_came_back_waits_for_quality(
    floor: Plant, then: list[str], status: str, how: str
) -> None:
    ship(floor)
    assert floor.scans("%C:OEM-RETURN", part("11"), "%M:OEM-REJECT") == ["OK"] * 3
    unit = Unit.objects.get(serial="11")
    assert (unit.status, floor.group(1).status) == ("RETURNED", "SHIPPED")
    assert (row("RETURNED").group, row("RETURNED").reason) == (floor.group(1), "oem-reject")
    assert floor.scans(*then)[-1] == "OK"
    unit.refresh_from_db()
    assert (unit.status, row("RETURNED").resolution) == (status, how)


def test_only_what_has_left_comes_back(floor: Plant) -> None:
    floor.scans("%C:OEM-RETURN", part("11"))
    assert floor.scan("%M:BORED").code == "NOT_NOW"
    verdict = floor.scan("%M:DAMAGED")
    assert (verdict.code, "has not left" in verdict.hint) == ("NOT_NOW", True)
