"""The print queue in Chromium: a printer without paper is seen, mended and seen to print; a preview can be scanned."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from sequencer.channels import printers
from sequencer.models import LabelIssuer, LabelRecord, Printer, PrinterAssignment, PrintJob
from sequencer.services import printing
from sequencer.services.printing import DocumentKind
from sequencer.services.printing.asking import document_of
from tests.decoding import decoded
from tests.factories import Plant
from tests.printers import printer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# A folder to keep pictures in, for who wants to look at them.
PICTURES = os.environ.get("JIS_PICTURES", "")


def photograph(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def test_a_printer_without_paper_is_seen_mended_and_seen_to_print(
    visit: Callable[..., Any], plant: Plant
) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    with printer(paper_out=True) as fake:
        row = Printer.objects.create(code="ZP-1", name="Line side 4", host="127.0.0.1", port=fake.port)
        PrinterAssignment.objects.create(kind=DocumentKind.RACK_LABEL, printer=row)
        job = printing.print_document(
            DocumentKind.RACK_LABEL, plant.rack(1), at=timezone.now(), by="op", station=plant.station
        )
        printers.work_off(row.pk)
        page = visit(plant.supervisor).page
        page.goto("/printing/")
        page.wait_for_selector("#stream-light[data-state=live]")
        assert "paper out" in page.inner_text("[data-part=printers]")
        assert "no paper" in page.inner_text("[data-part=jobs]")
        photograph(page, "queue-paper-out")
        fake.mend()
        printers.work_off(row.pk)
        page.wait_for_function(
            "() => document.querySelector('[data-part=jobs]').innerText.includes('Nothing waits')"
        )
        assert len(fake.labels) == 1
    page.click("text=All")
    page.click("text=Reprint")
    page.wait_for_selector("#act[open]")
    photograph(page, "queue-reprint")
    page.fill("#reason", "torn at the rack")
    page.click("#act button.primary")
    page.wait_for_function("() => document.querySelector('[data-part=jobs]').innerText.includes('void')")
    photograph(page, "queue-void")
    new = PrintJob.objects.get(replaces=job)
    assert new.reason == "torn at the rack"
    assert LabelRecord.objects.get(job=job).void_at is not None


def test_what_the_preview_shows_can_be_scanned_from_the_screen(
    visit: Callable[..., Any], plant: Plant
) -> None:
    """The picture in the browser holds the symbols the printer gets."""
    LabelIssuer.objects.create(
        name="Demo Interior", address="Example Road 1", agency="UN", company="123456789", series="A"
    )
    row = Printer.objects.create(code="PAPER", driver="FOLDER")
    for kind in (DocumentKind.MASTER_LABEL, DocumentKind.MANIFEST):
        PrinterAssignment.objects.create(kind=kind, printer=row)
    plant.new(1)
    plant.new(2)
    plant.new(3)
    plant.start_rack()
    plant.pack("A", 1, "SN1")
    page = visit(plant.supervisor, width=1600, height=1100).page
    for kind in (DocumentKind.MASTER_LABEL, DocumentKind.MANIFEST):
        job = printing.print_document(kind, plant.rack(1), at=timezone.now(), by="op", station=plant.station)
        page.goto(f"/printing/{job.pk}/")
        photograph(page, f"job-{kind.value.lower()}")
        page.evaluate("() => { document.querySelector('.paper-page').style.width = '2400px' }")
        page.evaluate("() => { document.querySelector('.paper-page').style.maxWidth = 'none' }")
        content = page.locator(".paper-page svg").first.screenshot()
        found = sorted(data.decode() for _, data in decoded(Image.open(io.BytesIO(content)).convert("L")))
        symbols = [e.data for e in document_of(job).pages[0].elements if hasattr(e, "module")]
        assert found == sorted(symbols)


def test_a_paper_is_looked_at_before_it_is_printed(visit: Callable[..., Any], plant: Plant) -> None:
    page = visit(plant.supervisor).page
    page.goto(f"/printing/preview/command-sheet/{plant.station.pk}/")
    assert page.locator(".paper-page").count() >= 1
    photograph(page, "preview-commands")
    page.click("text=Print >> nth=-1")
    page.wait_for_url("**/printing/*/")
    assert "No printer is assigned" in page.inner_text(".paper-facts")
    photograph(page, "job-without-printer")
