"""The pages, admin and API of printing: who sees what, and that every act is the verb."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from sequencer.channels import printers
from sequencer.models import (
    LabelIssuer,
    LabelLayout,
    LabelRecord,
    PlantEvent,
    Printer,
    PrinterAssignment,
    PrintJob,
    Slot,
)
from sequencer.services import printing
from sequencer.services.printing import DocumentKind, queue
from tests.decoding import codes
from tests.factories import Plant, make_plant, person
from tests.printers import printer


@pytest.fixture
def plant(db: None) -> Plant:
    plant = make_plant()
    for n in (1, 2, 3):
        plant.new(n)
    row = Printer.objects.create(code="PAPER", driver="FOLDER")
    PrinterAssignment.objects.create(kind=DocumentKind.RACK_LABEL, printer=row)
    return plant


@pytest.fixture
def job(plant: Plant) -> PrintJob:
    return printing.print_document(
        DocumentKind.RACK_LABEL, plant.rack(1), at=timezone.now(), by="op", station=plant.station
    )


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_stranger_sees_no_labels(plant: Plant, job: PrintJob) -> None:
    for path in ("/printing/", f"/printing/{job.pk}/", f"/printing/{job.pk}/paper.pdf"):
        assert Client().get(path).headers["Location"].startswith("/login/")


def test_the_queue_shows_printers_jobs_and_what_is_wrong(plant: Plant, job: PrintJob) -> None:
    queue.note_trouble(Printer.objects.get(), "PAPER_OUT", "no paper", at=timezone.now())
    page = browser(plant.operator).get("/printing/").content.decode()
    for word in ("PAPER", "paper out", "no paper", "R-1", "Rack label", "queued", "Reprint"):
        assert word in page, word


def test_the_queue_asks_the_database_no_more_for_more_jobs(
    plant: Plant, job: PrintJob, django_assert_max_num_queries: object
) -> None:
    for slot in Slot.objects.all():
        printing.print_document(DocumentKind.SEQUENCE_LABEL, slot, at=timezone.now(), by="op")
    client = browser(plant.operator)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        assert client.get("/printing/?show=all").status_code == 200


def test_a_label_is_found_by_its_number(plant: Plant, job: PrintJob) -> None:
    found = browser(plant.operator).get(f"/printing/?q={LabelRecord.objects.get().number}").content.decode()
    assert "R-1" in found
    assert "R-1" not in browser(plant.operator).get("/printing/?q=L999999999").content.decode()


def test_the_preview_is_a_picture_of_the_label(plant: Plant, job: PrintJob) -> None:
    page = browser(plant.operator).get(f"/printing/{job.pk}/").content.decode()
    assert "<svg" in page
    assert "0001 – 0003" in page
    assert str(LabelRecord.objects.get()) in page


def test_what_stands_on_a_label_is_no_html(plant: Plant) -> None:
    rack = plant.rack(1)
    rack.commodity.name = "<script>alert(1)</script>"
    rack.commodity.save()
    job = printing.print_document(DocumentKind.RACK_LABEL, rack, at=timezone.now(), by="op")
    page = browser(plant.operator).get(f"/printing/{job.pk}/").content.decode()
    assert "<script>alert" not in page


def test_the_paper_as_pdf_says_the_same(plant: Plant, job: PrintJob) -> None:
    answer = browser(plant.operator).get(f"/printing/{job.pk}/paper.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert codes(answer.content) == [], "no carrier yet, so nothing to scan"
    assert browser(plant.supervisor).get(f"/printing/{job.pk}/label.zpl").content.startswith(b"^XA")


def test_a_reprint_by_the_page_asks_for_the_reason(plant: Plant, job: PrintJob) -> None:
    client = browser(plant.operator)
    asked = client.get(f"/printing/{job.pk}/reprint/", headers={"HX-Request": "true"})
    assert str(LabelRecord.objects.get()) in asked.content.decode()
    refused = client.post(f"/printing/{job.pk}/reprint/", {"reason": ""}, headers={"HX-Request": "true"})
    assert "say why" in refused.content.decode()
    assert client.post(f"/printing/{job.pk}/reprint/", {"reason": "torn"}).status_code == 204
    assert PrintJob.objects.get(replaces=job).asked_by == plant.operator.get_username()


def test_a_failed_job_is_tried_again_by_the_page(plant: Plant) -> None:
    job = printing.print_document(DocumentKind.MANIFEST, plant.rack(1), at=timezone.now(), by="op")
    client = browser(plant.operator)
    refused = client.post(f"/printing/{job.pk}/retry/", headers={"HX-Request": "true"})
    assert "No printer" in refused.content.decode()
    PrinterAssignment.objects.create(kind=DocumentKind.MANIFEST, printer=Printer.objects.get())
    assert client.post(f"/printing/{job.pk}/retry/").status_code == 204
    job.refresh_from_db()
    assert job.status == "QUEUED"


@pytest.mark.parametrize("kind", ["rack-label", "manifest", "command-sheet", "badge-sheet", "sequence-label"])
def test_any_paper_can_be_seen_before_it_is_printed(plant: Plant, kind: str) -> None:
    subject = {
        "command-sheet": plant.station,
        "badge-sheet": plant.station,
        "sequence-label": Slot.objects.first(),
    }
    target = subject.get(kind, plant.rack(1))
    client = browser(plant.operator)
    assert "<svg" in client.get(f"/printing/preview/{kind}/{target.pk}/").content.decode()
    assert not PrintJob.objects.exists()
    assert client.post(f"/printing/preview/{kind}/{target.pk}/print/").status_code == 302
    assert PrintJob.objects.get().kind == kind.upper().replace("-", "_")


def test_a_paper_nobody_knows_is_said(plant: Plant) -> None:
    assert browser(plant.operator).get("/printing/preview/love-letter/1/").status_code == 404
    assert browser(plant.operator).get("/printing/preview/manifest/999/").status_code == 404
    assert browser(plant.operator).get("/printing/999/").status_code == 404


def test_the_test_button_prints_and_says_what_the_printer_says(plant: Plant) -> None:
    admin = person("root", "administrator", "ROOT")
    with printer() as fake:
        row = Printer.objects.create(code="ZP1", host="127.0.0.1", port=fake.port)
        answer = browser(admin).get(f"/admin/sequencer/printer/{row.pk}/test/", follow=True)
        assert "the printer says: ready" in answer.content.decode()
        assert "TEST ZP1" in fake.labels[0]
    answer = browser(admin).get(f"/admin/sequencer/printer/{row.pk}/test/", follow=True)
    assert "refused" in answer.content.decode()
    assert not PrintJob.objects.exists()


def test_the_test_button_waits_for_the_worker(plant: Plant) -> None:
    row = Printer.objects.get()
    queue.claim_printer(row.pk, worker="worker", at=timezone.now())
    with pytest.raises(Exception, match="printing just now"):
        printers.try_out(row.pk)


def test_only_administrators_test_printers(plant: Plant) -> None:
    row = Printer.objects.get()
    assert browser(plant.supervisor).get(f"/admin/sequencer/printer/{row.pk}/test/").status_code == 403


def test_the_api_lists_jobs_and_labels_and_reprints(plant: Plant, job: PrintJob) -> None:
    client = browser(plant.operator)
    (row,) = client.get("/api/v1/print-jobs/?kind=RACK_LABEL").json()["results"]
    assert (row["subject"], row["status"], row["printer"], row["station"]) == ("R-1", "QUEUED", "PAPER", "S1")
    number = row["numbers"][-1]
    path, why = f"/api/v1/print-jobs/{job.pk}/reprint/", {"reason": "torn"}
    assert client.post(path, why, content_type="application/json").status_code == 200
    (label,) = client.get(f"/api/v1/labels/?number={number}").json()["results"]
    assert label["void_reason"] == "torn"
    assert client.post(path, why, content_type="application/json").status_code == 409
    assert client.get("/api/v1/printers/").json()["results"][0]["code"] == "PAPER"


@pytest.mark.parametrize("model", ["printer", "printerassignment", "labellayout", "labelissuer"])
def test_admin_keeps_what_printing_needs(plant: Plant, model: str) -> None:
    client = browser(person("root", "administrator", "ROOT"))
    for path in (f"/admin/sequencer/{model}/", f"/admin/sequencer/{model}/add/"):
        assert client.get(path).status_code == 200, path
    assert browser(plant.supervisor).get(f"/admin/sequencer/{model}/add/").status_code == 403


def test_admin_shows_jobs_and_numbers_and_changes_none(plant: Plant, job: PrintJob) -> None:
    client = browser(person("root", "administrator", "ROOT"))
    for path in (f"printjob/{job.pk}/change", "labelrecord", "printjob"):
        assert client.get(f"/admin/sequencer/{path}/").status_code == 200, path
    assert client.get("/admin/sequencer/printjob/add/").status_code == 403


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (LabelLayout(kind="RACK_LABEL", design="gtl-a5"), "is no rack label"),
        (LabelIssuer(name="A", agency="UN", company="12-3"), "capital letters and digits"),
        (PrinterAssignment(kind="MANIFEST", printer=Printer(code="Z", pk=1)), "sheets of paper"),
    ],
)
def test_what_cannot_work_is_refused_in_admin(row: Model, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        row.clean()


def test_a_doubt_is_settled_by_a_person(plant: Plant, job: PrintJob) -> None:
    PrintJob.objects.filter(pk=job.pk).update(warning="A label marked job 1-1 may lie about")
    client = browser(plant.operator)
    assert "may lie about" in client.get("/printing/?show=doubtful").content.decode()
    assert client.post(f"/printing/{job.pk}/settle/").status_code == 204
    assert PlantEvent.objects.get(kind="doubt_settled").by == plant.operator.get_username()
    assert client.post(f"/printing/{job.pk}/settle/", headers={"HX-Request": "true"}).status_code == 409
