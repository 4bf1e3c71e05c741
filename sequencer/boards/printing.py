"""The print queue as a person reads it: printers and what is wrong with them, jobs and what to do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from sequencer.documents.kinds import WORDS, DocumentKind
from sequencer.models import LabelRecord, Printer, PrintJob
from sequencer.services.printing.queue import OPEN
from sequencer.states import PrintStatus

MOST = 100
# symbol and colour of a state; grey until it matters
LOOKS = {
    PrintStatus.QUEUED: ("", "…"),
    PrintStatus.SENDING: ("info", "→"),
    PrintStatus.SENT: ("info", "→"),
    PrintStatus.PRINTED: ("ok", "✓"),
    PrintStatus.FAILED: ("stop", "✕"),
    PrintStatus.VOID: ("quiet", "⌀"),
}
TROUBLE = frozenset({"PAPER_OUT", "RIBBON_OUT", "HEAD_OPEN", "PAUSED", "FAULT", "OFFLINE"})
SHOWS = {
    "waiting": Q(status__in=[*OPEN, PrintStatus.FAILED]),
    "failed": Q(status=PrintStatus.FAILED),
    "doubtful": ~Q(warning="") & ~Q(status=PrintStatus.VOID),
    "all": Q(),
}


def queue(*, show: str, find: str, at: datetime) -> dict[str, Any]:
    """The page: ?show= waiting, failed, doubtful or all; ?q= a subject, a label number or a job."""
    show = show if show in SHOWS else "waiting"
    jobs = _found(find) if find else PrintJob.objects.filter(SHOWS[show])
    rows = list(jobs.select_related("station", "printer", "replaced_by").order_by("-pk")[: MOST + 1])
    # One count each: every one of them has a small index of its own, the table has years of jobs.
    counts = {
        name: PrintJob.objects.filter(wanted).count() for name, wanted in SHOWS.items() if name != "all"
    }
    words = {"waiting": _("Waiting"), "failed": _("Failed"), "doubtful": _("Doubtful"), "all": _("All")}
    return {
        "show": show,
        "find": find,
        "tabs": [{"code": code, "words": words[code], "count": counts.get(code, "")} for code in SHOWS],
        "rows": [_row(job) for job in rows[:MOST]],
        "more": len(rows) > MOST,
        "printers": [_printer(printer) for printer in _printers()],
        "now": at,
    }


def _found(text: str) -> QuerySet[PrintJob]:
    wanted = Q(subject__icontains=text) | Q(labels__number__iexact=text)
    if text.isascii() and text.isdigit() and len(text) < 12:
        wanted |= Q(pk=int(text))
    return PrintJob.objects.filter(wanted).distinct()


def _row(job: PrintJob) -> dict[str, Any]:
    look, sign = LOOKS[PrintStatus(job.status)]
    return {"job": job, "kind": WORDS[DocumentKind(job.kind)], "look": look, "sign": sign}


def _printers() -> QuerySet[Printer]:
    return Printer.objects.filter(active=True).annotate(
        waiting=Count("jobs", filter=Q(jobs__status__in=OPEN))
    )


def _printer(printer: Any) -> dict[str, Any]:
    trouble = printer.state in TROUBLE
    look = "stop" if trouble else "soon" if printer.state == "BUSY" else ""
    return {
        "printer": printer,
        "waiting": printer.waiting,
        "look": look,
        "sign": "✕" if trouble else "▲" if look else "",
    }


def paper(job: PrintJob) -> dict[str, Any]:
    """One job: what it says, each number it carried, what it replaced and what replaced it."""
    return _row(job) | {
        "labels": list(LabelRecord.objects.filter(job=job).order_by("pk")),
        "replaced_by": PrintJob.objects.filter(replaces=job).first(),
    }
