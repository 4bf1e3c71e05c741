"""Orders that concern labels: printers, units to label, a print worker that is killed, and what the rows say."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from typing import Any


def install(port: str) -> None:
    from sequencer.models import Printer, PrinterAssignment

    printer = Printer.objects.create(code="ZP", host="127.0.0.1", port=int(port))
    PrinterAssignment.objects.create(kind="PART_LABEL", printer=printer)


def label(count: str) -> None:
    """So many pieces, each with a label asked for in the transaction that books it."""
    from django.db import transaction
    from django.utils import timezone

    from inventory.models import Part
    from sequencer.models import Unit
    from sequencer.services.printing import DocumentKind, print_document

    part = Part.objects.get(number="A")
    for n in range(int(count)):
        with transaction.atomic():
            unit = Unit.objects.create(
                part=part, serial=f"SN{n:05d}", status="BUFFER", taken_at=timezone.now()
            )
            print_document(DocumentKind.PART_LABEL, unit, at=timezone.now(), by="op")


def press(milliseconds: str = "") -> int:
    """A print worker: killed with -9 after that time, or left alone until nothing waits."""
    from tests.crash.mortal import child

    pid = child(_until_killed if milliseconds else _until_done)
    if milliseconds:
        time.sleep(int(milliseconds) / 1000)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _sweep() -> None:
    from django.utils import timezone

    from sequencer.channels import printers
    from sequencer.services.printing import queue

    queue.STALE = timedelta(seconds=0.3)
    for printer_id in queue.due_printers(at=timezone.now()):
        printers.work_off(printer_id)


def _until_killed() -> None:
    while True:
        _sweep()


def _until_done() -> None:
    from sequencer.models import PrintJob

    until = time.monotonic() + 30
    while PrintJob.objects.filter(status__in=["QUEUED", "SENDING", "SENT"]).exists():
        assert time.monotonic() < until, "labels still wait"
        _sweep()
        time.sleep(0.02)


def papers() -> dict[str, Any]:
    from sequencer.models import LabelRecord, PrintJob

    return {
        "states": sorted(set(PrintJob.objects.values_list("status", flat=True))),
        "attempts": list(PrintJob.objects.values_list("attempt", flat=True)),
        "live": list(LabelRecord.objects.filter(void_at__isnull=True).values_list("number", flat=True)),
        "void": list(LabelRecord.objects.filter(void_at__isnull=False).values_list("number", flat=True)),
        "warned": PrintJob.objects.exclude(warning="").count(),
    }


ORDERS = {"printer": install, "label": label, "press": press, "papers": papers}
