"""Two at once at the printer: one live label, one voice on the wire."""

from __future__ import annotations

import pytest
from django.utils import timezone

from sequencer.channels import printers
from sequencer.models import LabelRecord, Printer, PrinterAssignment, PrintJob
from sequencer.services import printing
from sequencer.services.printing import DocumentKind
from tests.concurrency.test_core_at_once import at_once
from tests.factories import make_plant
from tests.printers import printer

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_people_print_one_label_and_one_of_both_counts() -> None:
    plant = make_plant()
    plant.new(1)
    rack = plant.rack(1)

    def ask() -> str:
        printing.print_document(DocumentKind.RACK_LABEL, rack, at=timezone.now(), by="op")
        return "ok"

    assert at_once(*[ask] * 4) == ["ok"] * 4
    assert LabelRecord.objects.filter(void_at__isnull=True).count() == 1
    assert LabelRecord.objects.count() == PrintJob.objects.count() == 4


def test_two_workers_send_each_label_once() -> None:
    plant = make_plant()
    for n in range(1, 31):
        plant.new(n)
    with printer() as fake:
        row = Printer.objects.create(code="ZP", host="127.0.0.1", port=fake.port)
        PrinterAssignment.objects.create(kind=DocumentKind.RACK_LABEL, printer=row)
        for low in range(1, 31, 3):
            printing.print_document(DocumentKind.RACK_LABEL, plant.rack(low), at=timezone.now(), by="op")
        at_once(*[lambda: printers.work_off(row.pk)] * 3)
        printers.work_off(row.pk)
        assert fake.numbers() == list(LabelRecord.objects.order_by("pk").values_list("number", flat=True))


def test_a_reprint_and_the_worker_meet() -> None:
    """Whoever comes first: the newest label is the one that counts, and it is printed."""
    plant = make_plant()
    plant.new(1)
    with printer() as fake:
        row = Printer.objects.create(code="ZP", host="127.0.0.1", port=fake.port)
        PrinterAssignment.objects.create(kind=DocumentKind.RACK_LABEL, printer=row)
        job = printing.print_document(DocumentKind.RACK_LABEL, plant.rack(1), at=timezone.now(), by="op")
        at_once(
            lambda: printers.work_off(row.pk),
            lambda: printing.reprint(job.pk, at=timezone.now(), by="op", reason="torn"),
        )
        for _ in range(3):
            printers.work_off(row.pk)
        live = LabelRecord.objects.get(void_at__isnull=True)
        assert live.job.reason == "torn"
        assert fake.numbers().count(str(live)) == 1
