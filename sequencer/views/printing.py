"""The print queue, the preview of any paper, and reprints. Every act is one verb."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid, Refused, Unknown
from sequencer.access import guarded
from sequencer.boards import printing as board
from sequencer.documents import pdf, svg, zpl
from sequencer.documents.drawing import LABELS
from sequencer.documents.elements import Document
from sequencer.documents.kinds import WORDS, DocumentKind
from sequencer.models import PrintJob, Rack, Shipment, Slot, Station, Unit
from sequencer.services import printing
from sequencer.views.board import acted

SUBJECTS: dict[DocumentKind, type[models.Model]] = {
    DocumentKind.PART_LABEL: Unit,
    DocumentKind.SEQUENCE_LABEL: Slot,
    DocumentKind.RACK_LABEL: Rack,
    DocumentKind.MASTER_LABEL: Rack,
    DocumentKind.MANIFEST: Rack,
    DocumentKind.BILL_OF_LADING: Shipment,
    DocumentKind.NOK_STICKER: Unit,
    DocumentKind.BADGE_SHEET: Station,
    DocumentKind.COMMAND_SHEET: Station,
    DocumentKind.KIT_LIST: Rack,
}


@guarded
@require_safe
def queue(request: HttpRequest) -> HttpResponseBase:
    return render(request, "printing/queue.html", _queue(request) | {"section": "printing"})


@guarded
@require_safe
def queue_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "printing/_queue.html", _queue(request))


def _queue(request: HttpRequest) -> dict[str, Any]:
    asked = request.GET
    page = board.queue(show=asked.get("show", ""), find=asked.get("q", "").strip()[:80], at=timezone.now())
    return page | {"query": asked.urlencode()}


@guarded
@require_safe
def job(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """One paper as it is, or was, printed."""
    found = _job(job_id)
    page = board.paper(found) | {"section": "printing", "is_label": found.design in LABELS}
    return render(request, "printing/job.html", page | _pictures(lambda: printing.document_of(found)))


@guarded
@require_safe
def job_pdf(request: HttpRequest, job_id: int) -> HttpResponseBase:
    found = _job(job_id)
    return _file(
        pdf.render(_drawn(lambda: printing.document_of(found))), f"job-{found.pk}.pdf", "application/pdf"
    )


@guarded
@require_safe
def job_zpl(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """The commands a label printer gets, to send by hand or to read."""
    found = _job(job_id)
    dpi = found.printer.dpi if found.printer else 203
    content = _drawn(lambda: zpl.render(printing.document_of(found), dpi, found.copies))
    return _file(content, f"job-{found.pk}.zpl", "text/plain; charset=utf-8")


@guarded
@require_POST
def job_retry(request: HttpRequest, job_id: int) -> HttpResponseBase:
    printing.retry(job_id, at=timezone.now(), by=request.user.get_username())
    return acted()


@guarded
@require_POST
def job_settle(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """The doubled label was found and thrown away, or was never printed."""
    printing.settle_doubt(job_id, at=timezone.now(), by=request.user.get_username())
    return acted()


@guarded
def job_reprint(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """Asks for the reason, then prints anew."""
    if request.method != "POST":
        return render(request, "printing/_reprint.html", board.paper(_job(job_id)))
    reason = request.POST.get("reason", "")
    printing.reprint(job_id, at=timezone.now(), by=request.user.get_username(), reason=reason)
    return acted()


@guarded
@require_safe
def preview(request: HttpRequest, kind: str, subject_id: int) -> HttpResponseBase:
    """A paper as it would be printed now, before anybody asked for it."""
    paper, subject = _subject(kind, subject_id)
    facts = _pictures(lambda: printing.drawn_now(paper, subject, at=timezone.now()))
    page = {"section": "printing", "kind": WORDS[paper], "code": paper.value, "subject": subject}
    return render(request, "printing/preview.html", page | facts)


@guarded
@require_POST
def print_it(request: HttpRequest, kind: str, subject_id: int) -> HttpResponseBase:
    paper, subject = _subject(kind, subject_id)
    reason = request.POST.get("reason", "").strip()
    if not reason and printing.counts(paper, subject):
        raise Refused(
            "reason_missing",
            _("a %(WORDS)s of it is out; reprint that one and say why") % {"WORDS": WORDS[paper].lower()},
        )
    made = printing.print_document(
        paper,
        subject,
        at=timezone.now(),
        by=request.user.get_username(),
        station=subject if isinstance(subject, Station) else None,
        reason=reason,
    )
    return redirect("print-job", made.pk)


def _subject(kind: str, subject_id: int) -> tuple[DocumentKind, models.Model]:
    name = kind.upper().replace("-", "_")
    if name not in DocumentKind.__members__:
        raise Unknown("no_such_paper", _("there is no paper %(kind)s") % {"kind": kind})
    paper = DocumentKind[name]
    subject = SUBJECTS[paper]._default_manager.filter(pk=subject_id).first()
    if subject is None:
        raise Unknown(
            "no_subject",
            _("there is no %(what)s %(subject_id)s")
            % {"what": SUBJECTS[paper]._meta.verbose_name, "subject_id": subject_id},
        )
    return paper, subject


def _job(job_id: int) -> PrintJob:
    found = PrintJob.objects.select_related("station", "printer", "replaces").filter(pk=job_id).first()
    if found is None:
        raise Unknown("no_print_job", _("there is no print job %(job_id)s") % {"job_id": job_id})
    return found


def _pictures(make: Any) -> dict[str, Any]:
    """The pages as pictures, or why they cannot be drawn. The renderer escapes what stands in them."""
    try:
        document: Document = make()
        pages = [mark_safe(svg.render(page, document.title)) for page in document.pages]  # noqa: S308
        return {"pages": pages, "title": document.title, "paper_wide": document.pages[0].width > 105}
    except ValueError as error:
        return {"pages": [], "cannot": str(error)}


def _drawn(make: Any) -> Any:
    try:
        return make()
    except ValueError as error:
        raise Invalid("cannot_be_drawn", str(error)) from error


def _file(content: bytes, name: str, content_type: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=content_type)
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer
