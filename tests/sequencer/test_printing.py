"""Asking for paper: which number it carries, what becomes void, who prints it, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from inventory.errors import Refused
from sequencer.documents import pdf
from sequencer.labels import KEYBOARD_TEST
from sequencer.models import (
    Badge,
    LabelIssuer,
    LabelLayout,
    LabelRecord,
    PlantEvent,
    Printer,
    PrinterAssignment,
    PrintJob,
    Slot,
    Unit,
)
from sequencer.services import printing
from sequencer.services.flows import FLOWS
from sequencer.services.printing import DocumentKind
from sequencer.services.printing.sheets import PLAIN, reasons_of
from sequencer.states import PrintStatus
from tests.decoding import codes, words
from tests.factories import Plant, make_plant


@pytest.fixture
def plant(db: None) -> Plant:
    """Three calls, nothing packed, a folder that prints everything everywhere."""
    plant = make_plant(serial=True)
    for n in (1, 2, 3):
        plant.new(n)
    folder = Printer.objects.create(code="PAPER", driver="FOLDER")
    for kind in DocumentKind:
        PrinterAssignment.objects.create(kind=kind, printer=folder)
    return plant


@pytest.fixture
def issuer(plant: Plant) -> LabelIssuer:
    return LabelIssuer.objects.create(
        name="ACME Interior", address="Ringstr. 4, Ingolstadt", agency="UN", company="123456789", series="A"
    )


def ask(plant: Plant, kind: DocumentKind, subject: object, reason: str = "") -> PrintJob:
    return printing.print_document(
        kind, subject, at=plant.tick(), by="op", station=plant.station, reason=reason
    )


def number(job: PrintJob) -> str:
    return str(LabelRecord.objects.filter(job=job).latest("pk"))


# which kinds, for whom


def packed(plant: Plant) -> Unit:
    plant.start_rack()
    plant.pack("A", 1, "SN1")
    return Unit.objects.get(serial="SN1")


def test_every_kind_has_its_paper(plant: Plant, issuer: LabelIssuer) -> None:
    unit = packed(plant)
    rack = plant.rack(1)
    plant.plan()
    subjects = {
        DocumentKind.PART_LABEL: unit,
        DocumentKind.NOK_STICKER: unit,
        DocumentKind.SEQUENCE_LABEL: rack.slots.get(number=2),
        DocumentKind.RACK_LABEL: rack,
        DocumentKind.MANIFEST: rack,
        DocumentKind.MASTER_LABEL: rack,
        DocumentKind.KIT_LIST: rack,
        DocumentKind.BADGE_SHEET: Badge.objects.get(code="OP"),
        DocumentKind.COMMAND_SHEET: plant.station,
    }
    for kind, subject in subjects.items():
        job = ask(plant, kind, subject, "SCRATCHED")
        assert (job.status, job.problem) == (PrintStatus.QUEUED, ""), kind
        assert pdf.render(printing.document_of(job)).startswith(b"%PDF"), kind
    assert set(DocumentKind) - set(subjects) == {DocumentKind.BILL_OF_LADING}


@pytest.mark.parametrize("kind", DocumentKind)
def test_a_subject_it_is_not_made_for_is_refused(plant: Plant, kind: DocumentKind) -> None:
    with pytest.raises(Refused) as refusal:
        ask(plant, kind, plant.call(1))
    assert refusal.value.code == "no_such_paper"


def test_the_part_label_is_scanned_as_the_part_it_lies_on(plant: Plant) -> None:
    job = ask(plant, DocumentKind.PART_LABEL, packed(plant))
    (said,) = codes(pdf.render(printing.document_of(job)))
    assert said == f"[)>\x1e06\x1dPC-A\x1d1PA\x1dSSN1\x1dZ{number(job)}\x1e\x04"


def test_the_rack_label_names_low_high_plant_and_line(plant: Plant) -> None:
    packed(plant)
    job = ask(plant, DocumentKind.RACK_LABEL, plant.rack(1))
    content = pdf.render(printing.document_of(job))
    assert set(codes(content)) == {f"%R:R1#{number(job)}"}
    for word in ("0001 – 0003", "P1 Plant 1", "L1 Line 1", "D1", "1 of 3", "NOT SEALED"):
        assert word in words(content), word


def test_a_label_says_what_was_true_when_it_was_asked_for(plant: Plant) -> None:
    job = ask(plant, DocumentKind.SEQUENCE_LABEL, Slot.objects.get(number=1))
    plant.take("CHANGE", "V0001", "0001", "C-B")
    assert "C-A" in words(pdf.render(printing.document_of(job)))


# numbers


def test_no_number_is_given_twice(plant: Plant) -> None:
    seen = [number(ask(plant, DocumentKind.RACK_LABEL, plant.rack(1))) for _ in range(4)]
    assert len(set(seen)) == 4
    LabelRecord.objects.all().delete()
    PrintJob.objects.all().delete()
    assert number(ask(plant, DocumentKind.RACK_LABEL, plant.rack(1))) not in seen


def test_a_licence_plate_is_agency_company_series_and_number(plant: Plant, issuer: LabelIssuer) -> None:
    packed(plant)
    job = ask(plant, DocumentKind.MASTER_LABEL, plant.rack(1))
    assert number(job).startswith("UN123456789A")
    assert f"6J{number(job)}" in codes(pdf.render(printing.document_of(job)))


def test_without_an_issuer_a_licence_plate_waits_for_one(plant: Plant) -> None:
    packed(plant)
    job = ask(plant, DocumentKind.MASTER_LABEL, plant.rack(1))
    assert job.status == PrintStatus.FAILED
    assert "issuer" in job.problem
    with pytest.raises(Refused, match="issuer"):
        printing.retry(job.pk, at=plant.at, by="boss")
    LabelIssuer.objects.create(name="ACME", agency="OD", company="AB12", series="")
    job = printing.retry(job.pk, at=plant.at, by="boss")
    assert job.status == PrintStatus.QUEUED
    assert number(job).startswith("ODAB12")


def test_after_a_restore_the_series_keeps_plates_apart(plant: Plant, issuer: LabelIssuer) -> None:
    packed(plant)
    first = number(ask(plant, DocumentKind.MASTER_LABEL, plant.rack(1)))
    issuer.series = "B"
    issuer.save()
    assert number(ask(plant, DocumentKind.MASTER_LABEL, plant.rack(1)))[:12] != first[:12]


def test_a_single_piece_travels_under_a_plate_of_its_own(plant: Plant, issuer: LabelIssuer) -> None:
    job = ask(plant, DocumentKind.MASTER_LABEL, packed(plant))
    assert f"1J{number(job)}" in codes(pdf.render(printing.document_of(job)))


# void


def test_a_second_label_on_the_same_thing_makes_the_first_void(plant: Plant) -> None:
    first = ask(plant, DocumentKind.RACK_LABEL, plant.rack(1))
    second = ask(plant, DocumentKind.RACK_LABEL, plant.rack(1))
    first.refresh_from_db()
    assert first.status == PrintStatus.VOID
    assert printing.is_void(f"%R:R1#{number(first)}") == f"Label void, reprinted at {plant.at:%H:%M}"
    assert printing.is_void(f"%R:R1#{number(second)}") is None


def test_a_manifest_does_not_make_a_rack_label_void(plant: Plant) -> None:
    label = ask(plant, DocumentKind.RACK_LABEL, plant.rack(1))
    ask(plant, DocumentKind.MANIFEST, plant.rack(1))
    assert printing.is_void(f"%R:R1#{number(label)}") is None


def test_laminated_sheets_hang_twice(plant: Plant) -> None:
    first = ask(plant, DocumentKind.COMMAND_SHEET, plant.station)
    ask(plant, DocumentKind.COMMAND_SHEET, plant.station)
    first.refresh_from_db()
    assert first.status == PrintStatus.QUEUED


def test_what_carries_no_number_of_ours_is_never_void(plant: Plant) -> None:
    for raw in ("PC-A", "%R:R1", "%C:SEAL", "[)>\x1e06\x1dPC-A\x1dSSN1\x1e\x04", "%R:R1#L999999999"):
        assert printing.is_void(raw) is None


def test_asking_whether_a_bare_label_is_void_costs_nothing(
    plant: Plant, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert printing.is_void("[)>\x1e06\x1dPC-A\x1dSSN1\x1e\x04") is None


def test_labels_of_a_scrapped_piece_are_void_with_the_reason(plant: Plant) -> None:
    unit = packed(plant)
    job = ask(plant, DocumentKind.PART_LABEL, unit)
    assert printing.void_labels(unit, at=plant.at, reason="scrapped") == 1
    assert printing.is_void(f"[)>\x1e06\x1dPC-A\x1dSSN1\x1dZ{number(job)}\x1e\x04") == (
        f"Label void since {plant.at:%H:%M}: scrapped"
    )


def test_a_reprint_needs_a_reason_and_both_stay_visible(plant: Plant) -> None:
    job = ask(plant, DocumentKind.RACK_LABEL, plant.rack(1))
    with pytest.raises(Refused) as refusal:
        printing.reprint(job.pk, at=plant.at, by="op", reason="  ")
    assert refusal.value.code == "reason_missing"
    new = printing.reprint(job.pk, at=plant.at, by="op", reason="torn")
    job.refresh_from_db()
    assert (job.status, job.replaced_by, new.reason) == (PrintStatus.VOID, new, "torn")
    assert PlantEvent.objects.get(kind="reprinted").reason == "torn"


def test_a_void_job_is_not_printed_again(plant: Plant) -> None:
    job = ask(plant, DocumentKind.RACK_LABEL, plant.rack(1))
    printing.reprint(job.pk, at=plant.at, by="op", reason="torn")
    with pytest.raises(Refused) as refusal:
        printing.reprint(job.pk, at=plant.at, by="op", reason="torn")
    assert refusal.value.code == "already_void"


# which printer, which layout


def test_a_station_with_a_printer_of_its_own_uses_no_other(plant: Plant) -> None:
    own = Printer.objects.create(code="OWN", driver="FOLDER")
    PrinterAssignment.objects.create(kind=DocumentKind.RACK_LABEL, station=plant.station, printer=own)
    assert ask(plant, DocumentKind.RACK_LABEL, plant.rack(1)).printer == own
    assert ask(plant, DocumentKind.MANIFEST, plant.rack(1)).printer.code == "PAPER"


def test_without_a_printer_the_act_goes_on_and_the_job_says_why(plant: Plant) -> None:
    PrinterAssignment.objects.all().delete()
    job = ask(plant, DocumentKind.RACK_LABEL, plant.rack(1))
    assert job.status == PrintStatus.FAILED
    assert "No printer" in job.problem
    with pytest.raises(Refused) as refusal:
        printing.retry(job.pk, at=plant.at, by="boss")
    assert refusal.value.code == "no_printer"


def test_a_printer_taken_out_of_use_leaves_its_jobs_to_another(plant: Plant) -> None:
    job = ask(plant, DocumentKind.RACK_LABEL, plant.rack(1))
    Printer.objects.filter(code="PAPER").update(active=False)
    other = Printer.objects.create(code="OTHER", driver="FOLDER")
    PrinterAssignment.objects.create(kind=DocumentKind.RACK_LABEL, printer=other, rank=2)
    printing.adopt_orphans(at=plant.at)
    job.refresh_from_db()
    assert job.printer == other


def test_the_layout_of_the_oem_plant_goes_before_the_one_for_all(plant: Plant, issuer: LabelIssuer) -> None:
    packed(plant)
    LabelLayout.objects.create(kind=DocumentKind.MASTER_LABEL, design="gtl-210x74")
    oem = plant.rack(1).commodity.program.line.plant
    LabelLayout.objects.create(
        kind=DocumentKind.MASTER_LABEL, plant=oem, design="aiag-b10", copies=2, supplier_code="77123"
    )
    job = ask(plant, DocumentKind.MASTER_LABEL, plant.rack(1))
    assert (job.design, job.copies) == ("aiag-b10", 2)
    assert "V77123" in codes(pdf.render(printing.document_of(job)))


# sheets


@pytest.mark.parametrize("where", ["station", "dock"])
def test_every_command_and_reason_of_every_flow_is_on_the_sheet(plant: Plant, where: str) -> None:
    station = getattr(plant, where)
    said = codes(printing.paper_now(DocumentKind.COMMAND_SHEET, station, at=plant.at))
    assert KEYBOARD_TEST in said
    for word, _ in PLAIN[station.kind]:
        assert f"%C:{word}" in said
    for flow in FLOWS.values():
        if flow.printed and station.kind in flow.kinds:
            assert f"%C:{flow.command}" in said
            for reason in reasons_of(flow):
                assert f"%M:{reason}" in said, (flow.command, reason)
            for tail, _ in flow.ready:
                assert f"%C:{flow.command}:{tail}" in said


def test_the_reasons_of_missing_are_found() -> None:
    """The rule by which reasons are found can fail: it finds those everybody knows."""
    assert "EMPTY-BIN" in reasons_of(FLOWS["MISSING"])


def test_a_rack_paper_in_the_browser_carries_the_number_that_counts(plant: Plant) -> None:
    packed(plant)
    job = ask(plant, DocumentKind.MANIFEST, plant.rack(1))
    shown = printing.paper_now(DocumentKind.MANIFEST, plant.rack(1), at=plant.at)
    assert set(codes(shown)) == {f"%R:R1#{number(job)}"}


def test_a_paper_speaks_the_plants_language_whoever_asks_and_stays_as_it_was(
    plant: Plant, settings: Any
) -> None:
    settings.LANGUAGE_CODE = "de"
    plant.new(1)
    rack = plant.rack(1)
    Badge.objects.update(language="fr")
    with translation.override("es"):
        job = printing.print_document(DocumentKind.MANIFEST, rack, at=plant.tick(), by="test")
        now = words(pdf.render(printing.drawn_now(DocumentKind.COMMAND_SHEET, plant.station, at=plant.at)))
    settings.LANGUAGE_CODE = "en"
    said = words(pdf.render(printing.document_of(job)))
    assert all(word in said for word in ("FACH", "SEQUENZ", "NOCH NICHT VERSIEGELT", "Seite 1 von 1"))
    assert "Gründe für" in now
    PrintJob.objects.filter(pk=job.pk).update(data={k: v for k, v in job.data.items() if k != "language"})
    job.refresh_from_db()
    assert "SEQUENCE" in words(pdf.render(printing.document_of(job))), (
        "a job from before papers had a language"
    )
