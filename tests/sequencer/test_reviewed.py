"""What a review of the floor's rules found: each is a day in a plant that must not come again."""

from __future__ import annotations

import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from inventory.errors import Refused
from inventory.models import CustomerPart
from sequencer import services, tasks
from sequencer.models import (
    CallOff,
    Commodity,
    ComponentGroup,
    DeliveryLine,
    FloorException,
    Line,
    OfflineSpell,
    Printer,
    PrinterAssignment,
    PrintJob,
    ScanEvent,
    SequenceStream,
    SequencingProgram,
    Shipment,
    Station,
    Task,
    TrailerType,
    Unit,
)
from sequencer.rules import CalledPart
from sequencer.services import (
    approve_holes,
    confirm_by_hand,
    move_group,
    printing,
    record_scan,
    station_view,
    take_billing,
)
from sequencer.services.offline import KeptScan
from sequencer.services.offline import replay as replaying
from sequencer.services.quality import Caught, place_hold, release_hold
from sequencer.services.reorders import reorder_group
from sequencer.states import Stage
from tests.factories import Plant, make_plant, person


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


def asked(plant: Plant) -> str | None:
    """The sequence that is asked for now."""
    now = station_view(plant.station.pk, at=plant.at)["now"]
    return now["sequence"] if now else None


def other_line(plant: Plant) -> Station:
    """A second line of the OEM, with a station S2 that packs the same parts into racks Q."""
    line = Line.objects.create(plant=plant.line.plant, code="L2", name="Line 2", takt_seconds=60)
    stream = SequenceStream.objects.create(line=line)
    program = SequencingProgram.objects.create(
        code="P2", name="Second", line=line, stream=stream, unloading_point=plant.program.unloading_point
    )
    commodity = Commodity.objects.create(
        program=program, family="DOOR", name="Doors 2", rack_prefix="Q", rack_type=plant.commodity.rack_type
    )
    return Station.objects.create(code="S2", name="Second", commodity=commodity)


# --- scans -------------------------------------------------------------------------------------------------


def test_a_clock_that_runs_ahead_gives_no_further_pins(plant: Plant) -> None:
    plant.new(1)
    plant.start_rack()
    plant.scans("%C:SUPERVISOR", "%B:BOSS")
    codes = []
    for n in range(7):
        now = plant.tick(seconds=1)
        scanned = now + timedelta(minutes=5)
        raw = "%P:4711" if n == 6 else "%P:0000"
        verdict = record_scan(plant.station.pk, raw, f"pin{n:05d}", at=scanned, now=now)
        codes.append((verdict.code, verdict.hint))
    assert "Too many" in codes[-1][1]


def test_a_nonce_is_never_answered_for_another_label(plant: Plant) -> None:
    """A handheld that counts from 1 again after a restart must not hear OK for a part nobody judged."""
    plant.new(1)
    plant.start_rack()
    assert plant.scan("PA", nonce="00000001").code == "OK"
    with pytest.raises(Refused) as refused:
        plant.scan("PB", nonce="00000001")
    assert refused.value.code == "nonce_reused"
    assert plant.scan("PA", nonce="00000001").repeated


@pytest.mark.parametrize("label", ["S" + "1" * 60, part("2" * 60)])
def test_a_serial_longer_than_is_kept_is_an_answer(floor: Plant, label: str) -> None:
    """Two labels read as one by a held trigger: PostgreSQL refuses the long text, SQLite would keep it."""
    floor.scan("PA")
    verdict = floor.scan(label)
    assert not verdict.accepted
    assert not Unit.objects.filter(serial__startswith="1111").exists()
    assert not Unit.objects.filter(serial__startswith="2222").exists()


@pytest.mark.parametrize("command", ["MISSING"])
def test_a_reason_that_is_none_is_refused(floor: Plant, command: str) -> None:
    floor.scan(f"%C:{command}")
    assert floor.scan("%M:" + "X" * 390).code == "NOT_NOW"
    assert floor.group(2).status == "RELEASED"


def test_scrap_takes_no_other_part_with_the_same_serial(floor: Plant) -> None:
    floor.take("NEW", "V0004", "0004", "C-B", required=124)
    before = Unit.objects.get(serial="11")
    assert floor.scans("%C:SCRAP", part("11", "B")) == ["OK", "NOT_NOW"]
    before.refresh_from_db()
    assert before.status == "PACKED"


@pytest.mark.parametrize("flow", [("SCRAP", "DAMAGED"), ("REPAIR", "SCRATCH")])
def test_what_is_done_to_another_lines_piece_is_told_to_that_line(
    floor: Plant, flow: tuple[str, str]
) -> None:
    station = other_line(floor)
    assert floor.scans("%B:OP", f"%C:{flow[0]}", "%L:R1:1", f"%M:{flow[1]}", station=station) == ["OK"] * 4
    task = Task.objects.get(kind=flow[0])
    assert task.line == floor.line
    assert FloorException.objects.get(kind=flow[0]).line == floor.line


def test_missing_that_takes_nothing_leaves_the_later_call_alone(floor: Plant) -> None:
    """The piece of a later call is named by its serial alone: it is not judged as the part, and stays where it is."""
    floor.pack("A", 2, serial="12")
    floor.pack("A", 3, serial="13")
    floor.scans("%C:SCRAP", "%L:1", "%M:DAMAGED")
    assert asked(floor) == "0001"
    floor.scan("%C:MISSING")
    verdict = floor.scan("S13")
    unit = Unit.objects.get(serial="13")
    if verdict.accepted:
        assert unit.group == floor.group(1)
    else:
        assert (unit.status, floor.group(3).status) == ("PACKED", "PACKED")
        floor.station.refresh_from_db()
        assert floor.station.lock_code == ""


def test_two_stations_never_work_on_one_rack_after_repack(floor: Plant) -> None:
    floor.pack("A", 2, serial="12")
    floor.pack("A", 3, serial="13")
    second = Station.objects.create(code="S1B", name="Doors too", commodity=floor.commodity)
    floor.scans("%B:OP", "%C:REPACK", "%R:R1", "%M:CHECK", station=second)
    assert Station.objects.filter(rack=floor.rack(1)).count() == 1


def test_a_hole_filled_in_a_sealed_rack_opens_it(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.scans("%C:MISSING", "%M:EMPTY-BIN")
    plant.pack("A", 2)
    plant.pack("A", 3)
    plant.scans("%C:SEAL", "%B:BOSS", "%P:4711", "%C:SEAL")
    assert plant.rack(1).status == "SEALED"
    assert plant.scan("%L:1").code == "OK"
    assert plant.rack(1).status == "REOPENED"
    plant.pack("A", 1)
    assert plant.scan("%C:SEAL").code == "OK"


def test_a_hole_that_is_found_later_is_not_let_pass_by_an_older_word(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.scans("%C:MISSING", "%M:EMPTY-BIN")
    approve_holes(plant.rack(1).pk, by=plant.supervisor, reason="OEM agreed for 0001", at=plant.tick())
    plant.pack("A", 2)
    plant.scans("%C:MISSING", "%M:EMPTY-BIN")
    assert plant.scan("%C:SEAL").code == "NOT_ALLOWED"


def test_a_place_whose_piece_went_ahead_is_no_hole_to_fill(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.pack("A", 1)
    move_group(plant.group(1).pk, "R2", shipment_id=None, by="boss", reason="hot", at=plant.tick())
    plant.scan("%L:1")
    plant.pack("A", 2)
    plant.pack("A", 3)
    assert plant.scan("%C:SEAL").code == "OK"


def test_a_call_in_a_rack_of_its_own_stays_there_when_its_sequence_changes(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.pack("A", 1)
    move_group(plant.group(1).pk, "R2", shipment_id=None, by="boss", reason="hot", at=plant.tick())
    own = plant.group(1).slot.rack
    plant.take("CHANGE", "V0001", "0001", "C-B")
    plant.take("RESEQUENCE", "V0001", "0009")
    slot = plant.group(1).slot
    assert (slot.rack, slot.position) == (own, 9)


def test_a_piece_that_goes_ahead_approves_no_other_hole(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.scans("%C:MISSING", "%M:EMPTY-BIN")
    plant.pack("A", 2)
    plant.pack("A", 3)
    move_group(plant.group(2).pk, "R2", shipment_id=None, by="boss", reason="hot", at=plant.tick())
    assert plant.scan("%C:SEAL").code == "NOT_ALLOWED"


def test_a_hold_whose_reason_says_hole_is_no_hole(floor: Plant) -> None:
    floor.pack("A", 2, serial="12")
    floor.pack("A", 3, serial="13")
    place_hold(Caught(serial="12"), by="q", reason="pinhole in paint", at=floor.tick())
    assert floor.scan("%C:SEAL").code == "ON_HOLD"


def test_an_unknown_badge_too_short_for_a_driver_is_an_answer(plant: Plant) -> None:
    trailer = TrailerType.objects.create(code="T", lanes=1, places=3, needs_seal=False, needs_driver=True)
    point = plant.program.unloading_point
    point.trailer_type = trailer
    point.save()
    plant.build([1, 2, 3])
    plant.plan()
    plant.scans("%B:OP", f"%T:{Shipment.objects.get().number}", "%R:R1", station=plant.dock)
    assert not plant.scan("%B:x", station=plant.dock).accepted


# --- quality -----------------------------------------------------------------------------------------------


def test_a_call_whose_held_piece_was_scrapped_is_built_again(floor: Plant) -> None:
    hold = place_hold(Caught(serial="11"), by="q", reason="scratches", at=floor.tick())
    assert floor.scans("%C:SCRAP", "%L:1", "%M:SURFACE")[-1] == "OK"
    assert asked(floor) == "0001"
    release_hold(hold.pk, by="q", reason="sorted", at=floor.tick())
    assert not ComponentGroup.objects.filter(on_hold=True).exists()


def test_a_piece_of_the_buffer_does_not_leave_its_window_by_being_scanned_again(floor: Plant) -> None:
    began = floor.at
    floor.scans("%C:MISSING", "%M:EMPTY-BIN")  # slot 2 becomes a hole, 3 is asked for
    floor.scan(part("33"))
    floor.scans("%C:MISSING", "%M:DAMAGED")  # the piece of 3 lies in the buffer
    floor.tick(hours=2)
    place_hold(
        Caught(part="A", made_from=began, made_to=began + timedelta(hours=1)), by="q", reason="bad batch",
        at=floor.tick(),
    )  # fmt: skip
    floor.new(4)
    floor.scans("%L:3")
    assert floor.scan(part("33")).code == "ON_HOLD"


# --- calls -------------------------------------------------------------------------------------------------


def test_a_change_is_taken_while_the_piece_is_in_repair(floor: Plant) -> None:
    floor.scans("%C:REPAIR", "%L:1", "%M:SCRATCH")
    assert floor.take("CHANGE", "V0001", "0001", "C-B").outcome == "APPLIED"
    assert asked(floor) == "0001"
    assert not Task.objects.filter(kind="REPAIR").exclude(status="DONE").exists()
    # The old piece is good again one day; it belongs to nobody.
    floor.scans("%C:REPAIRED", part("11"))
    assert Unit.objects.get(serial="11").status == "BUFFER"
    assert floor.group(1).status == "RELEASED"


def leave(plant: Plant, carrier: str = "R1") -> None:
    plant.plan()
    number = Shipment.objects.order_by("-pk")[0].number
    assert (
        plant.scans("%B:OP", f"%T:{number}", f"%R:{carrier}", "%C:DEPART", station=plant.dock) == ["OK"] * 4
    )


def test_a_call_that_comes_back_after_its_rack_has_left_is_built(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.take("CANCEL", "V0002", part="")
    plant.start_rack()
    plant.pack("A", 1)
    plant.pack("A", 3)
    plant.scans("%C:SEAL", "%R:R1")
    leave(plant)
    assert plant.new(2).outcome == "APPLIED"
    rack = plant.group(2).slot.rack
    assert (rack.priority, rack.status) == ("RUSH", "PLANNED")
    assert Task.objects.filter(kind="LATE_CALL").exists()


def test_a_call_that_comes_back_opens_its_sealed_rack(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.take("CANCEL", "V0002", part="")
    plant.start_rack()
    plant.pack("A", 1)
    plant.pack("A", 3)
    plant.scan("%C:SEAL")
    plant.new(2)
    assert plant.rack(1).status == "REOPENED"
    plant.pack("A", 2)
    assert plant.scan("%C:SEAL").code == "OK"


def test_a_late_call_in_a_rush_rack_is_cancelled_and_comes_back(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.take("CANCEL", "V0002", part="")
    plant.start_rack()
    plant.pack("A", 1)
    plant.pack("A", 3)
    plant.scans("%C:SEAL", "%R:R1")
    leave(plant)
    plant.new(2)
    plant.take("CANCEL", "V0002", part="")
    assert plant.new(2).outcome == "APPLIED"
    assert plant.group(2).slot.rack.status == "PLANNED"


def test_a_missing_call_that_moves_is_asked_for_again(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.scans("%C:MISSING", "%M:EMPTY-BIN")
    plant.take("RESEQUENCE", "V0001", "0004")
    plant.take("RESEQUENCE", "V0002", "0001")
    moved = plant.group(1)
    assert (moved.status, moved.slot.status) == ("RELEASED", "EMPTY")
    assert not Task.objects.filter(kind="MISSING").exclude(status="DONE").exists()


@pytest.mark.parametrize("scans", [("%C:MISSING", "%M:EMPTY-BIN"), ("%C:REPAIR", "%L:1", "%M:SCRATCH")])
def test_what_a_cancelled_call_waited_for_is_nobodys_task(floor: Plant, scans: tuple[str, ...]) -> None:
    floor.scans(*scans)
    floor.take("CANCEL", f"V000{1 if len(scans) == 3 else 2}", part="")
    assert not Task.objects.filter(kind__in=["MISSING", "REPAIR"]).exclude(status="DONE").exists()
    assert not FloorException.objects.filter(kind="MISSING", resolved_at=None).exists()


def test_a_late_call_that_was_packed_is_nobodys_task(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.take("CANCEL", "V0002", part="")
    plant.start_rack()
    plant.pack("A", 1)
    plant.pack("A", 3)
    plant.scans("%C:SEAL", "%R:R1")
    leave(plant)
    plant.new(2)
    assert plant.scan("%R:R2").code == "OK"
    plant.pack("A", 1)
    assert not Task.objects.filter(kind="LATE_CALL").exclude(status="DONE").exists()


def test_exchanged_pieces_carry_the_labels_of_their_new_calls(floor: Plant) -> None:
    floor.pack("A", 2, serial="12")
    row = Printer.objects.create(code="PAPER", driver="FOLDER")
    for kind in ("PART_LABEL", "SEQUENCE_LABEL"):
        PrinterAssignment.objects.create(kind=kind, printer=row)
    unit, slot = Unit.objects.get(serial="11"), floor.group(1).slot
    for paper, subject in (("PART_LABEL", unit), ("SEQUENCE_LABEL", slot)):
        printing.print_document(printing.DocumentKind(paper), subject, at=floor.tick(), by="op")
    assert floor.scans("%C:SWAP", "%L:1", "%L:2") == ["OK"] * 3
    live = PrintJob.objects.exclude(status="VOID")
    assert live.get(kind="PART_LABEL").data["sequence"] == "0002"
    assert live.get(kind="SEQUENCE_LABEL").data["serial"] == "12"
    assert PrintJob.objects.filter(status="VOID").count() == 2


def left_with_a_hole(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.scans("%C:MISSING", "%M:EMPTY-BIN")
    plant.pack("A", 2)
    plant.pack("A", 3)
    plant.scans("%C:SEAL", "%B:BOSS", "%P:4711", "%C:SEAL", "%R:R1")
    leave(plant)


def test_what_left_as_a_hole_can_be_sent_after(plant: Plant) -> None:
    left_with_a_hole(plant)
    again = reorder_group(plant.group(1).pk, by="boss", reason="the part is here now", at=plant.tick())
    assert (again.status, again.slot.rack.priority) == ("RELEASED", "RUSH")


def test_a_change_of_what_left_as_a_hole_is_built_and_sent_after(plant: Plant) -> None:
    left_with_a_hole(plant)
    plant.take("CHANGE", "V0001", "0001", "C-B")
    group = ComponentGroup.objects.get(call_off__call_number="V0001", replacement__isnull=True)
    told = Task.objects.filter(kind="CHANGE_AFTER_DEPARTURE").exists()
    assert told or group.slot.rack.status == "PLANNED"


def test_a_cancelled_preview_comes_back_with_a_time(plant: Plant) -> None:
    plant.take("PREVIEW", "V0001", "", "C-A", stage=Stage.PREVIEW)
    plant.take("CANCEL", "V0001", part="")
    plant.take("NEW", "V0001", "0001", "C-A")
    call = CallOff.objects.get()
    assert (call.stage, call.required_at is not None) == ("FIRM", True)


# --- offline, deliveries, API ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_comes_again_while_it_is_judged_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser gave up waiting and sent the batch again while the server was still at the first."""
    plant = make_plant()
    for n in (1, 2):
        plant.new(n)
    plant.start_rack()
    scans = [
        KeptScan(1, "kept000001", "PA", plant.tick(), "OK", "PART", plant.group(1).pk),
        KeptScan(2, "kept000002", "%L:1", plant.tick(), "OK", "SLOT", plant.group(1).pk),
    ]
    now = plant.tick()

    def send() -> OfflineSpell:
        return replaying(
            plant.station.pk, "spell-1", scans, client="c", pack="p", since=now, skew=0, last=True, now=now
        )

    module = sys.modules["sequencer.services.offline.replay"]
    real, again = module.record_scan, []

    def slow(*args: Any, **more: Any) -> Any:
        if not again:
            again.append(True)
            send()
        return real(*args, **more)

    monkeypatch.setattr(module, "record_scan", slow)
    row = send()
    assert (row.sent, row.taken, row.known, row.conflicts) == (2, 2, 0, 0)


def test_a_long_part_confirmed_by_hand_is_corrected_by_hand(plant: Plant) -> None:
    number = "X" * 35
    CustomerPart.objects.create(customer=plant.customer, number=number, part=plant.parts["A"])
    for n in (1, 2, 3):
        plant.new(n, number)
    plant.start_rack()
    for slot in (1, 2, 3):
        plant.pack("A", slot)
    plant.scans("%C:SEAL", "%R:R1")
    leave(plant)
    shipment = Shipment.objects.get()
    for pieces in (2, 3):
        confirm_by_hand(
            shipment.pk, customer_part=number, quantity=Decimal(pieces), by="lou", reason="by telephone",
            at=plant.tick(),
        )  # fmt: skip
    assert DeliveryLine.objects.get().confirmed == 3


@pytest.fixture
def api(plant: Plant) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=plant.supervisor).key}")
    return client


@pytest.mark.parametrize(
    "path",
    [
        "racks/x/seal/", "racks/x/reopen/", "racks/x/approve-holes/", "shipments/x/depart/", "tasks/x/acknowledge/",
        "print-jobs/x/reprint/", "print-jobs/x/retry/", "shipment-decisions/x/cancel/", "shipment-decisions/x/arrive/",
        "racks/999999/seal/", "print-jobs/999999/retry/",
    ],
)  # fmt: skip
def test_a_key_that_is_none_is_not_found(api: APIClient, path: str) -> None:
    assert api.post(f"/api/v1/{path}", {"reason": "x"}, format="json").status_code == 404


@pytest.mark.parametrize(("group", "kind", "status"), [
    ("operator", "PACK", 200), ("operator", "DOCK", 403), ("logistics", "DOCK", 200), ("logistics", "PACK", 403),
    ("supervisor", "PACK", 200), ("supervisor", "DOCK", 200),
])  # fmt: skip
def test_who_scans_where_by_the_api_as_by_the_page(plant: Plant, group: str, kind: str, status: int) -> None:
    client = APIClient()
    client.force_authenticate(person("somebody", group, "SB"))
    station = plant.dock if kind == "DOCK" else plant.station
    body = {"station": station.pk, "raw": "%B:SB", "nonce": "n-000001", "scanned_at": timezone.now()}
    answer = client.post("/api/v1/scans/", body, format="json")
    assert answer.status_code == status
    assert ScanEvent.objects.exists() is (status == 200)


@pytest.mark.parametrize("path", ["rack-moves/?rack=", "light-commands/?station=", "racks/?line="])
def test_a_number_beyond_every_key_is_an_answer(api: APIClient, path: str) -> None:
    assert api.get(f"/api/v1/{path}{'9' * 30}").status_code == 422


# --- sweeps, bills, papers ---------------------------------------------------------------------------------


def test_one_step_of_the_sweep_that_fails_keeps_no_other_waiting(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*, at: Any) -> int:
        raise Refused("unknown_family", "somebody renamed a family")

    monkeypatch.setattr(services, "resolve_unresolved", broken)
    for n in (1, 2, 3):
        plant.new(n, required=None)
    with pytest.raises(ExceptionGroup):
        tasks.sweep()
    assert Shipment.objects.exists()


def test_one_group_that_cannot_be_resolved_keeps_no_other_waiting(plant: Plant) -> None:
    plant.new(1, "C-X", parts=(CalledPart("C-X", family="DOOR"),))
    plant.new(2, "C-Y", parts=(CalledPart("C-Y", family="DOOR"),))
    other = Commodity.objects.create(
        program=plant.program,
        family="GONE",
        name="Gone",
        rack_prefix="G",
        rack_type=plant.commodity.rack_type,
    )
    ComponentGroup.objects.filter(pk=plant.group(1).pk).update(commodity=other)
    Commodity.objects.filter(pk=other.pk).update(program=other_line(plant).commodity.program)
    CustomerPart.objects.create(customer=plant.customer, number="C-Y", part=plant.parts["A"])
    assert services.resolve_unresolved(at=plant.tick()) == 1
    assert plant.group(2).status == "RELEASED"


HEAD = "document,line,despatch_number,part,quantity"


@pytest.mark.parametrize(
    "lines",
    [
        ["N1,1,T-00001,C-A,1", "N1,1,T-00001,C-A,2"],
        ["N1,000000000010,T-00001,C-A,1", "N1,000000000020,T-00001,C-A,1"],
        ["N1,1,T-00001,C-A\x00,1"],
        ["N1,1,T-00001,C-A,1," + "x" * 200_000],
    ],
)
def test_no_billed_line_is_dropped_unseen(plant: Plant, lines: list[str]) -> None:
    with pytest.raises(Refused):
        take_billing("\n".join([HEAD, *lines]).encode(), by="lou", at=plant.tick())


def test_a_billed_line_that_comes_again_with_another_quantity_is_refused(plant: Plant) -> None:
    take_billing(f"{HEAD}\nN1,1,T-00001,C-A,1".encode(), by="lou", at=plant.tick())
    again = take_billing(f"{HEAD}\nN1,1,T-00001,C-A,1".encode(), by="lou", at=plant.tick())
    assert (again.taken, again.known) == (0, 1)
    with pytest.raises(Refused, match="row 2"):
        take_billing(f"{HEAD}\nN1,1,T-00001,C-A,4".encode(), by="lou", at=plant.tick())


@pytest.mark.parametrize("quantity", ["NaN", "Infinity", "1e20", "-1"])
def test_a_quantity_that_is_none_is_refused(plant: Plant, client: Client, quantity: str) -> None:
    plant.build([1, 2, 3])
    leave(plant)
    client.force_login(person("lou", "logistics", "LOU"))
    line = DeliveryLine.objects.get()
    answer = client.post(f"/deliveries/{line.pk}/settle/", {"quantity": quantity, "reason": "by telephone"})
    assert answer.status_code == 422
    line.refresh_from_db()
    assert line.confirmed is None


def test_a_label_that_counts_is_printed_again_only_with_a_reason(plant: Plant, client: Client) -> None:
    rack = plant.build([1, 2, 3])
    client.force_login(plant.supervisor)
    path = f"/printing/preview/rack-label/{rack.pk}/print/"
    assert client.post(path).status_code == 302
    PrintJob.objects.update(status="PRINTED", printed_at=plant.at)
    assert client.post(path).status_code == 409
    assert PrintJob.objects.count() == 1
    assert client.post(path, {"reason": "torn"}).status_code == 302


def test_a_held_rack_is_not_put_on_its_place(plant: Plant) -> None:
    trailer = TrailerType.objects.create(
        code="T", lanes=1, places=3, needs_seal=False, needs_driver=False, scan_place=True
    )
    point = plant.program.unloading_point
    point.trailer_type = trailer
    point.save()
    plant.build([1, 2, 3])
    plant.plan()
    plant.scans("%B:OP", f"%T:{Shipment.objects.get().number}", "%R:R1", station=plant.dock)
    plant.hold(2)
    assert plant.scan("%Z:D:1-1", station=plant.dock).code == "ON_HOLD"
    assert plant.rack(1).status == "STAGED"


def test_a_deadlocks_victim_is_judged_again(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["sequencer.services.scans.recording"]
    real, tries = module._record_once, []

    class Deadlock(Exception):
        sqlstate = "40P01"

    def once(*args: Any) -> Any:
        tries.append(args)
        if len(tries) == 1:
            raise OperationalError("deadlock detected") from Deadlock()
        return real(*args)

    monkeypatch.setattr(module, "_record_once", once)
    assert plant.scan("%B:OP").code == "OK"
    assert len(tries) == 2
