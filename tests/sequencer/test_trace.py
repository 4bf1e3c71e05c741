"""Trace and recall: every number finds its thing, both directions agree, and the statement says what is missing."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from inventory.errors import Invalid, Refused, Unknown
from inventory.models import Part
from sequencer.models import (
    CallOff,
    Carrier,
    PlantEvent,
    Rack,
    RecallList,
    ScanArchive,
    Shipment,
    Unit,
)
from sequencer.models.exceptions import FloorException
from sequencer.models.offline import OfflineSpell
from sequencer.models.quality import QualityHold
from sequencer.services import depart_shipment, seal_journal
from sequencer.services.trace import (
    Asked,
    Kind,
    Source,
    find,
    issue_recall,
    life_of,
    proof_of,
    recall_rows,
    recall_statement,
)
from sequencer.states import UnitStatus
from tests.bounds import seeds
from tests.factories import START, Plant, make_plant, person

GS, RS, EOT = "\x1d", "\x1e", "\x04"


def label(part: str, **fields: str) -> str:
    """An ISO 15434 label of a part: lot (1T), serial (S), supplier (V)."""
    said = [f"{name}{value}" for name, value in (("S", fields.get("serial")), ("1T", fields.get("lot")),
            ("V", fields.get("supplier"))) if value]  # fmt: skip
    return "[)>" + RS + "06" + GS + GS.join([f"P{part}", *said]) + RS + EOT


@pytest.fixture
def lots(db: None) -> Plant:
    """Part A is traced by lot, B by serial, C by nothing."""
    plant = make_plant()
    Part.objects.filter(number="A").update(trace=Part.Trace.LOT)
    Part.objects.filter(number="B").update(trace=Part.Trace.SERIAL)
    return plant


def rack_of(plant: Plant, *labels: str, first: int = 1, carrier: str = "R1") -> Rack:
    """Calls from `first` on, each packed with its label, the rack sealed and staged."""
    for n, text in enumerate(labels, first):
        part = text.split(GS)[1][1:].rstrip(RS + EOT) if GS in text else text[1:]
        plant.take("NEW", f"V{n:04d}", f"{n:04d}", f"C-{part}", required=120 + n, vin=f"WVWZZZ1KZ9W00{n:04d}")
    plant.start_rack(carrier)
    for slot, text in enumerate(labels, 1):
        assert plant.scans(text, f"%L:{slot}") == ["OK", "OK"]
    assert plant.scans("%C:SEAL", f"%R:{carrier}") == ["OK", "OK"]
    return Rack.objects.get(carrier__code=carrier)


def send(plant: Plant) -> Shipment:
    plant.plan()
    shipment = Shipment.objects.filter(departed_at=None).order_by("pk")[0]
    rack = shipment.racks.get()
    assert rack.carrier is not None
    assert (
        plant.scans("%B:OP", f"%T:{shipment.number}", f"%R:{rack.carrier.code}", station=plant.dock)[0]
        == "OK"
    )
    depart_shipment(shipment.pk, at=plant.tick(), by="op")
    shipment.refresh_from_db()
    return shipment


def stated(asked: Asked, plant: Plant) -> Any:
    seal_journal(settled_before=plant.at + timedelta(days=1))
    return recall_statement(asked, recall_rows(asked), at=plant.at)


def codes(asked: Asked, plant: Plant) -> list[str]:
    return [finding.code for finding in stated(asked, plant).findings]


# --- lots at the station


def test_a_lot_stands_on_the_label_of_the_part(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7", supplier="ACME"), label("A", lot="L7"), label("A", lot="L8"))
    assert list(Unit.objects.order_by("pk").values_list("lot", "supplier")) == [
        ("L7", "ACME"), ("L7", ""), ("L8", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("said", ["L7", "1TL7", f"[)>{RS}06{GS}1TL7{RS}{EOT}"])
def test_a_lot_may_come_by_its_own_scan(lots: Plant, said: str) -> None:
    lots.new(1)
    lots.start_rack()
    assert lots.scans("PA", said, "%L:1") == ["NEED_LOT", "OK", "OK"]
    assert Unit.objects.get().lot == "L7"


def test_a_part_is_no_lot(lots: Plant) -> None:
    lots.new(1)
    lots.start_rack()
    assert lots.scans("PA", "PB") == ["NEED_LOT", "WRONG_PART"]
    assert not Unit.objects.exists()


def test_the_lot_of_another_part_is_not_lent(lots: Plant) -> None:
    lots.new(1)
    lots.start_rack()
    assert lots.scans("PA", label("B", lot="L7")) == ["NEED_LOT", "WRONG_PART"]


def test_the_part_s_own_label_keeps_its_lot_while_the_serial_is_awaited(lots: Plant) -> None:
    lots.new(1, "C-B")
    lots.start_rack()
    assert lots.scans(label("B", lot="L9", supplier="ACME"), "S77", "%L:1") == ["NEED_SERIAL", "OK", "OK"]
    unit = Unit.objects.get()
    assert (unit.serial, unit.lot, unit.supplier) == ("77", "L9", "ACME")


def test_a_lot_awaited_for_one_piece_is_not_given_to_the_next(lots: Plant) -> None:
    lots.new(1, "C-B")
    lots.new(2, "C-C")
    lots.start_rack()
    assert lots.scans(label("B", lot="L9"), "S77", "%L:1", "PC", "%L:2") == ["NEED_SERIAL", *["OK"] * 4]
    assert Unit.objects.get(part__number="C").lot == ""


# --- the box


def test_every_number_finds_its_thing(lots: Plant) -> None:
    rack = rack_of(lots, label("B", serial="S-1"), label("A", lot="L7"), label("C"))
    shipment = send(lots)
    call = CallOff.objects.get(call_number="V0002")
    unit = Unit.objects.get(serial="S-1")
    expected = {
        "V0002": (Kind.CALL, str(call.pk)),
        "0002": (Kind.CALL, str(call.pk)),
        "WVWZZZ1KZ9W000002": (Kind.CALL, str(call.pk)),
        "wvwzzz1kz9w000002": (Kind.CALL, str(call.pk)),
        "W000002": (Kind.CALL, str(call.pk)),
        "S-1": (Kind.UNIT, str(unit.pk)),
        label("B", serial="S-1"): (Kind.UNIT, str(unit.pk)),
        "L7": (Kind.LOT, "L7"),
        rack.number: (Kind.RACK, str(rack.pk)),
        "R1": (Kind.CARRIER, str(rack.carrier_id)),
        "%R:R1": (Kind.CARRIER, str(rack.carrier_id)),
        shipment.number: (Kind.SHIPMENT, str(shipment.pk)),
        f"%T:{shipment.number}": (Kind.SHIPMENT, str(shipment.pk)),
        "C-B": (Kind.PART, str(lots.parts["B"].pk)),
        "PB": (Kind.PART, str(lots.parts["B"].pk)),
    }
    found = {text: [(hit.kind, hit.key) for hit in find(text)] for text in expected}
    assert found == {text: [hit] for text, hit in expected.items()}


@pytest.mark.parametrize("text", ["", "nothing", "%", "\x00", "0", "[)>", "%X:1", "002'--", "😀"])
def test_what_fits_nothing_finds_nothing(lots: Plant, text: str) -> None:
    lots.new(1)
    assert find(text) == []


def test_a_sequence_that_came_round_finds_both_vehicles_the_newer_first(lots: Plant) -> None:
    lots.new(1)
    lots.new(2)
    CallOff.objects.filter(call_number="V0001").update(sequence_number="0002")
    assert [hit.title for hit in find("0002")] == ["V0002", "V0001"]


# --- a life


def test_the_life_of_a_vehicle_tells_calls_scans_rack_truck_and_who(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L7"), label("A", lot="L7"))
    send(lots)
    call = CallOff.objects.get(call_number="V0002")
    life = life_of("call", str(call.pk))
    told = [entry.what for entry in life.entries]
    assert any("new" in what for what in told)
    assert any("packed" in what for what in told)
    assert any("rack sealed" in what for what in told)
    assert any("departed" in what for what in told)
    assert "Op" in life.people
    assert life.entries == sorted(life.entries, key=lambda entry: entry.at)
    assert {entry.source for entry in life.entries} >= {Source.CALL, Source.SCAN, Source.MOVE}
    assert [unit.lot for unit in life.subject.units] == ["L7"]
    assert [shipment.number for shipment in life.subject.shipments] == [Shipment.objects.get().number]


def test_a_piece_that_was_taken_out_stays_in_the_life_of_its_vehicle(lots: Plant) -> None:
    lots.new(1, "C-B")
    lots.start_rack()
    lots.scans(label("B", serial="S-1"))
    unit = Unit.objects.get()
    Unit.objects.filter(pk=unit.pk).update(status=UnitStatus.BUFFER, group=None, component=None)
    life = life_of("call", str(lots.call(1).pk))
    assert life.subject.units == [unit]
    assert [call.call_number for call in life_of("unit", str(unit.pk)).subject.calls] == ["V0001"]


def test_refused_scans_stand_in_the_life(lots: Plant) -> None:
    lots.new(1)
    lots.start_rack()
    lots.scans("PB")
    refused = [entry for entry in life_of("call", str(lots.call(1).pk)).entries if entry.bad]
    assert any("WRONG PART" in entry.what and "needed A" in entry.detail for entry in refused)


def test_a_hold_by_lot_stands_in_the_life_of_its_pieces_and_of_no_other(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L8"), label("C"))
    QualityHold.objects.create(lot="L7", reason="crack", placed_at=lots.tick(), placed_by="quinn")
    on_hold = {
        key: [
            entry.reason
            for entry in life_of("call", str(lots.call(key).pk)).entries
            if entry.source == "hold"
        ]
        for key in (1, 2, 3)
    }
    assert on_hold == {1: ["crack"], 2: [], 3: []}
    assert [entry.source for entry in life_of("lot", "L7").entries] == [Source.HOLD]


def test_an_exception_and_its_settlement_are_told(lots: Plant) -> None:
    lots.new(1)
    FloorException.objects.create(
        kind="MISSING", line=lots.line, group=lots.group(1), text="part missing", reason="EMPTY", at=lots.tick(),
        by="op", resolved_at=lots.tick(), resolved_by="boss", resolution="found",
    )  # fmt: skip
    told = [e for e in life_of("call", str(lots.call(1).pk)).entries if e.source == Source.EXCEPTION]
    assert [(e.who, e.reason, e.bad) for e in told] == [("Op", "EMPTY", True), ("Boss", "found", False)]


def test_a_call_of_the_same_number_on_another_line_is_another_life(lots: Plant) -> None:
    lots.new(1)
    call = lots.call(1)
    before = len(life_of("call", str(call.pk)).entries)
    PlantEvent.objects.create(at=START, topic="line:999", kind="cancel", subject=call.call_number)
    assert len(life_of("call", str(call.pk)).entries) == before


def test_another_app_tells_its_part(lots: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    from sequencer.services.trace import Entry, add_source, life

    monkeypatch.setattr(life, "_added", [])

    def gate(subject: Any) -> list[Entry]:
        return [Entry(START, Source.MESSAGE, f"message of {subject.title}")]

    add_source(gate)
    add_source(gate)
    lots.new(1)
    told = [entry.what for entry in life_of("call", str(lots.call(1).pk)).entries]
    assert sum("message of" in what for what in told) == 1


def test_every_kind_has_a_life_in_a_fixed_number_of_queries(
    lots: Plant, django_assert_max_num_queries: Any
) -> None:
    rack = rack_of(lots, label("A", lot="L7"), label("A", lot="L7"), label("A", lot="L7"))
    shipment = send(lots)
    keys = {
        Kind.CALL: lots.call(1).pk, Kind.UNIT: Unit.objects.all()[0].pk, Kind.RACK: rack.pk,
        Kind.CARRIER: rack.carrier_id, Kind.SHIPMENT: shipment.pk, Kind.LOT: "L7",
        Kind.PART: lots.parts["A"].pk,
    }  # fmt: skip
    for kind, key in keys.items():
        with django_assert_max_num_queries(24):
            life_of(kind, str(key))


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("call", "99"),
        ("call", "x"),
        ("unit", ""),
        ("unit", "9" * 30),
        ("lot", "none"),
        ("people", "1"),
        ("rack", "²"),
    ],
)
def test_what_does_not_exist_has_no_life(db: None, kind: str, key: str) -> None:
    with pytest.raises(Unknown):
        life_of(kind, key)


def test_archived_scans_are_named_in_the_life(lots: Plant) -> None:
    lots.new(1)
    archived(date(2026, 11, 1))
    assert [row.file for row in life_of("call", str(lots.call(1).pk)).archived] == ["old.csv.gz"]


def archived(month: date) -> None:
    ScanArchive.objects.create(
        month=month, scan_count=9, file="old.csv.gz", sha256="0" * 64, archived_at=timezone.now(),
        archived_by="anna", reason="retention",
    )  # fmt: skip


# --- recall


def test_a_lot_leads_to_vehicles_and_shipments_and_back(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L8"), label("A", lot="L7"))
    shipment = send(lots)
    forward = list(recall_rows(Asked(lot="L7")))
    assert [(row.call_number, row.slot, row.shipment, row.place) for row in forward] == [
        ("V0001", 1, shipment.number, "shipped"),
        ("V0003", 3, shipment.number, "shipped"),
    ]
    assert [row.lot for row in recall_rows(Asked(vehicle="V0003"))] == ["L7"]
    assert [row.lot for row in recall_rows(Asked(shipment=shipment.number))] == ["L7", "L8", "L7"]
    assert codes(Asked(lot="L7"), lots) == []
    assert stated(Asked(lot="L7"), lots).complete


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked(), "nothing_asked"),
        (Asked(lot="L", vehicle="V"), "two_directions"),
        (Asked(serial="1", serial_to="9"), "range_of_what"),
        (Asked(part="A", serial="10", serial_to="9"), "bad_range"),
        (Asked(part="A", serial="9", serial_to="10"), "bad_range"),
        (Asked(part="NONE"), "no_part"),
        (Asked(vehicle="NONE"), "no_vehicle"),
        (Asked(rack="NONE"), "no_rack"),
        (Asked(shipment="NONE"), "no_shipment"),
        (Asked(supplier="ACME"), "supplier_alone"),
        (Asked(lot="L\x007"), "bad_text"),
        (Asked(first=START, last=START - timedelta(days=1)), "bad_window"),
    ],
)
def test_questions_that_are_refused(lots: Plant, asked: Asked, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        list(recall_rows(asked))
    assert refusal.value.code == code


def test_a_vehicle_without_production_number_is_not_found_by_none(lots: Plant) -> None:
    lots.new(1)
    with pytest.raises(Invalid, match="there is no vehicle"):
        list(recall_rows(Asked(vehicle="0001")))


def test_a_window_takes_both_of_its_ends(lots: Plant) -> None:
    rack_of(lots, label("C"), label("C"), label("C"))
    taken = list(Unit.objects.order_by("pk").values_list("taken_at", flat=True))
    rows = list(recall_rows(Asked(part="C-C", first=taken[0], last=taken[1])))
    assert [row.taken_at for row in rows] == taken[:2]


def test_a_supplier_s_lot_is_not_another_supplier_s(lots: Plant) -> None:
    rack_of(
        lots,
        label("A", lot="L7", supplier="ACME"),
        label("A", lot="L7", supplier="BOLT"),
        label("A", lot="L7"),
    )
    rows = list(recall_rows(Asked(lot="L7", supplier="ACME")))
    assert [row.call_number for row in rows] == ["V0001"]
    assert codes(Asked(lot="L7", supplier="ACME"), lots) == ["silent_supplier"]


# --- the statement: each finding can stand, and goes when its cause goes


def test_a_piece_that_carries_no_lot_makes_the_list_incomplete(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L7"), label("A", lot="L8"))
    assert codes(Asked(lot="L7"), lots) == []
    Unit.objects.filter(lot="L8").update(lot="")
    statement = stated(Asked(lot="L7"), lots)
    assert [(finding.code, finding.count) for finding in statement.findings] == [("silent_lot", 1)]
    assert not statement.complete


def test_a_part_that_is_not_traced_by_lot_is_named(lots: Plant) -> None:
    rack_of(lots, label("C", lot="L7"), label("C"), label("C"))
    statement = stated(Asked(part="C", lot="L7"), lots)
    assert statement.pieces == 1
    assert [finding.code for finding in statement.findings] == ["silent_lot"]
    assert "not traced by lot" in statement.findings[0].text


def test_a_lot_nobody_scanned_is_complete_only_if_every_piece_says_its_lot(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L7"), label("A", lot="L7"))
    assert stated(Asked(lot="L99"), lots).complete
    Unit.objects.filter(pk=Unit.objects.all()[0].pk).update(lot="")
    assert codes(Asked(lot="L99"), lots) == ["silent_lot"]


def test_a_serial_missing_where_it_is_required(lots: Plant) -> None:
    rack_of(lots, label("B", serial="S1"), label("B", serial="S2"), label("B", serial="S3"))
    Unit.objects.filter(serial="S2").update(serial=None)
    assert codes(Asked(part="B", first=START), lots) == ["piece_without_serial"]
    assert codes(Asked(serial="S1"), lots) == ["silent_serial"]


def test_serials_of_a_range_that_were_never_scanned_are_named(lots: Plant) -> None:
    rack_of(lots, label("B", serial="S08"), label("B", serial="S09"), label("B", serial="S11"))
    finding = stated(Asked(part="B", serial="S08", serial_to="S12"), lots).findings[0]
    assert (finding.code, finding.count) == ("serial_not_scanned", 2)
    assert "S10, S12" in finding.text
    assert stated(Asked(part="B", serial="S08", serial_to="S09"), lots).complete


def test_an_open_rack_and_a_piece_in_the_hand(lots: Plant) -> None:
    lots.new(1)
    lots.new(2)
    lots.start_rack()
    lots.scans(label("A", lot="L7"), "%L:1", label("A", lot="L7"))
    assert codes(Asked(lot="L7"), lots) == ["place_unknown", "open_rack"]


def test_a_vehicle_that_is_not_built(lots: Plant) -> None:
    lots.new(1)
    assert codes(Asked(vehicle="V0001"), lots) == ["not_built"]


def test_a_built_group_whose_piece_is_gone(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L7"), label("A", lot="L7"))
    assert codes(Asked(vehicle="V0001"), lots) == []
    unit = Unit.objects.get(group__call_off__call_number="V0001")
    Unit.objects.filter(pk=unit.pk).update(status=UnitStatus.BUFFER, group=None, component=None)
    assert codes(Asked(vehicle="V0001"), lots) == ["piece_not_recorded"]


def test_archived_scans_within_the_question_and_only_those(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L7"), label("A", lot="L7"))
    archived(date(2026, 10, 1))
    assert codes(Asked(lot="L7"), lots) == []
    archived(date(2026, 11, 1))
    assert codes(Asked(lot="L7"), lots) == ["scans_archived"]


def test_scans_that_are_still_at_a_station_make_the_list_incomplete(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L7"), label("A", lot="L7"))
    spell = OfflineSpell.objects.create(
        station=lots.station, spell="s", client="c", pack="p", since=START, back_at=lots.at
    )
    assert codes(Asked(lot="L7"), lots) == ["scans_not_reconciled"]
    OfflineSpell.objects.filter(pk=spell.pk).update(closed_at=lots.at, holes=2)
    assert codes(Asked(lot="L7"), lots) == ["scans_never_came"]
    OfflineSpell.objects.update(holes=0)
    assert codes(Asked(lot="L7"), lots) == []


def test_a_journal_nobody_seals_is_no_proof(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L7"), label("A", lot="L7"))
    asked = Asked(lot="L7")
    later = lots.at + timedelta(minutes=10)
    assert [f.code for f in recall_statement(asked, recall_rows(asked), at=later).findings] == [
        "journal_not_sealed"
    ]
    seal_journal(settled_before=later)
    assert recall_statement(asked, recall_rows(asked), at=later).complete


# --- issued lists


def issued(asked: Asked, plant: Plant) -> tuple[RecallList, str]:
    seal_journal(settled_before=plant.at + timedelta(days=1))
    file = io.StringIO()
    row = issue_recall(asked, file, at=plant.tick(), by="anna", reason="8D 4711")
    return row, file.getvalue()


def test_an_issued_list_has_its_statement_and_can_be_proven(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L8"), label("A", lot="L7"))
    row, text = issued(Asked(lot="L7"), lots)
    lines = list(csv.reader(text.splitlines()))
    assert [line[8] for line in lines[1:3]] == ["V0001", "V0003"]
    assert ["#statement", "complete"] in lines
    assert row.head
    assert ["#signature", row.signature] in lines
    event = PlantEvent.objects.get(kind="recall_issued")
    assert (event.subject, event.by, event.reason) == (row.number, "anna", "8D 4711")
    assert proof_of(row, text.splitlines()) == []


def test_a_changed_line_statement_or_journal_is_seen(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L8"), label("A", lot="L7"))
    row, text = issued(Asked(lot="L7"), lots)
    assert proof_of(row, text.replace("V0003", "V0002").splitlines()) == [
        "the lines of the file are not those that were issued"
    ]
    row.findings = [{"code": "x", "text": "x", "count": 1}]
    assert proof_of(row, text.splitlines()) == ["the question or the statement was changed since"]
    row.refresh_from_db()
    PlantEvent.objects.filter(pk=row.head_event).update(by="somebody else")
    assert proof_of(row, text.splitlines()) == ["the journal's link it was signed with is not in the journal"]


def test_the_command_tells_a_genuine_list_from_a_changed_one(
    lots: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L8"), label("A", lot="L7"))
    row, text = issued(Asked(lot="L7"), lots)
    file = tmp_path / "list.csv"
    file.write_text(text)
    call_command("verify_recall", str(file))
    assert f"{row.number} is genuine: 2 pieces, complete" in capsys.readouterr().out
    file.write_text(text.replace("V0003", "V0002"))
    with pytest.raises(CommandError, match="not those that were issued"):
        call_command("verify_recall", str(file))
    file.write_text("nothing")
    with pytest.raises(CommandError, match="names no recall list"):
        call_command("verify_recall", str(file))


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("anna", " ")])
def test_no_list_without_name_and_reason(lots: Plant, by: str, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        issue_recall(Asked(lot="L7"), io.StringIO(), at=START, by=by, reason=reason)
    assert refusal.value.code == "no_reason"
    assert not RecallList.objects.exists()


def test_a_cell_is_no_formula(lots: Plant) -> None:
    rack_of(lots, label("A", lot="=1+1"), label("A", lot="L8"), label("A", lot="L7"))
    row, text = issued(Asked(lot="=1+1"), lots)
    assert ",'=1+1," in text
    assert proof_of(row, text.splitlines()) == []


# --- both directions agree


@pytest.mark.parametrize("seed", seeds(6))
def test_forward_and_backward_find_the_same(lots: Plant, seed: int) -> None:
    """Random racks, some sent, pieces put back: whatever is found from one side is found from the other."""
    chance = random.Random(seed)
    sent = 0
    for rack in range(3):
        labels = [
            label("A", lot=f"L{chance.randint(1, 3)}")
            if chance.random() < 0.5
            else label("B", serial=f"S{rack}{n}{seed}", lot=chance.choice(["", "L1"]))
            for n in range(3)
        ]
        rack_of(lots, *labels, first=rack * 3 + 1, carrier=f"R{rack + 1}")
        if chance.random() < 0.6:
            send(lots)
            sent += 1
    for unit in Unit.objects.exclude(status=UnitStatus.SHIPPED):
        if chance.random() < 0.2:
            Unit.objects.filter(pk=unit.pk).update(status=UnitStatus.BUFFER, group=None, component=None)
    everything = {row.unit: row for row in recall_rows(Asked(first=START))}
    assert set(everything) == set(Unit.objects.values_list("pk", flat=True))
    by_vehicle = {
        row.unit: row
        for call in CallOff.objects.all()
        for row in recall_rows(Asked(vehicle=call.call_number))
    }
    assert by_vehicle == {pk: row for pk, row in everything.items() if row.call_number}
    by_shipment = {
        row.unit: row
        for shipment in Shipment.objects.all()
        for row in recall_rows(Asked(shipment=shipment.number))
    }
    assert by_shipment == {pk: row for pk, row in everything.items() if row.shipment}
    for row in everything.values():
        if row.serial:
            assert list(recall_rows(Asked(serial=row.serial))) == [row]
        if row.lot:
            assert row in list(recall_rows(Asked(lot=row.lot)))
    for lot in ("L1", "L2", "L3"):
        vehicles = {row.call_number for row in recall_rows(Asked(lot=lot))} - {""}
        assert all(
            lot in {piece.lot for piece in recall_rows(Asked(vehicle=vehicle))} for vehicle in vehicles
        )


# --- pages and API


@pytest.fixture
def office(lots: Plant, client: Client) -> Client:
    client.force_login(person("quinn", "quality", "QQ"))
    return client


def test_a_single_hit_opens_its_page(lots: Plant, office: Client) -> None:
    lots.new(1)
    answer = office.get(reverse("trace"), {"q": "V0001"})
    assert answer.status_code == 302
    page = office.get(answer["Location"])
    assert page.status_code == 200
    assert b"V0001" in page.content


def test_several_hits_are_listed_and_none_says_so(lots: Plant, office: Client) -> None:
    lots.new(1)
    Carrier.objects.create(code="V0001", rack_type=Carrier.objects.all()[0].rack_type)
    page = office.get(reverse("trace"), {"q": "V0001"}).content.decode()
    assert page.count("trace/call/") == 1
    assert page.count("trace/carrier/") == 1
    assert "Nothing has that number" in office.get(reverse("trace"), {"q": "zzz"}).content.decode()


def test_every_kind_of_page_opens(lots: Plant, office: Client) -> None:
    rack = rack_of(lots, label("B", serial="S/1"), label("A", lot="L/7 x"), label("C"))
    shipment = send(lots)
    for kind, key in (
        ("call", lots.call(1).pk), ("unit", Unit.objects.all()[0].pk), ("rack", rack.pk), ("lot", "L/7 x"),
        ("carrier", rack.carrier_id), ("shipment", shipment.pk), ("part", lots.parts["A"].pk),
    ):  # fmt: skip
        assert office.get(reverse("trace-subject", args=[kind, key])).status_code == 200, kind
    assert office.get(reverse("trace-subject", args=["lot", "none"])).status_code == 404


def test_the_recall_page_states_and_issues(lots: Plant, office: Client) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L8"), label("A", lot="L7"))
    page = office.get(reverse("recall"), {"lot": "L7"}).content.decode()
    assert "V0003" in page
    assert "COMPLETE" in page
    assert office.post(reverse("recall-issue"), {"lot": "L7", "reason": ""}).status_code == 409
    answer = office.post(reverse("recall-issue"), {"lot": "L7", "reason": "8D"})
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    row = RecallList.objects.get()
    assert answer["Content-Disposition"] == f'attachment; filename="{row.number}.csv"'
    assert proof_of(row, text.splitlines()) == []
    assert "Proven by the journal" in office.get(reverse("recall-list", args=[row.pk])).content.decode()


@pytest.mark.parametrize(
    "query", [{"lot": "x", "rack": "y"}, {"first": "yesterday"}, {"first": "2026-13-45T99:99"}]
)
def test_a_bad_question_is_said_on_the_page(office: Client, query: dict[str, str]) -> None:
    answer = office.get(reverse("recall"), query)
    assert answer.status_code == 422
    assert b"Refused" in answer.content


def test_who_may_not_issue_sees_no_button(lots: Plant, client: Client) -> None:
    client.force_login(person("adm", "administrator", "AA"))
    assert b"Issue signed list" not in client.get(reverse("recall"), {"lot": "L7"}).content
    assert client.post(reverse("recall-issue"), {"lot": "L7", "reason": "x"}).status_code == 403


def test_the_api_answers_like_the_pages(lots: Plant) -> None:
    rack_of(lots, label("A", lot="L7"), label("A", lot="L8"), label("A", lot="L7"))
    user = User.objects.get(username="boss")
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
    assert [hit["kind"] for hit in api.get("/api/v1/trace/", {"q": "L7"}).json()] == ["lot"]
    life = api.get(f"/api/v1/trace/call/{lots.call(1).pk}/").json()
    assert life["title"].startswith("V0001")
    assert {entry["source"] for entry in life["entries"]} >= {"scan", "call"}
    assert api.get("/api/v1/trace/call/999/").status_code == 404
    answer = api.get("/api/v1/recalls/", {"lot": "L7"}).json()
    assert (answer["computed"], answer["pieces"], [row["call_number"] for row in answer["rows"]]) == (
        True, 2, ["V0001", "V0003"],
    )  # fmt: skip
    assert api.get("/api/v1/recalls/").status_code == 422
    made = api.post("/api/v1/recalls/issue/", {"lot": "L7", "reason": "8D"}, format="json").json()
    assert proof_of(RecallList.objects.get(), made["csv"].splitlines()) == []
