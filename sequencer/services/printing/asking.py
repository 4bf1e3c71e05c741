"""Asking for paper: the job, the number of its label, and what becomes void by it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale, Unknown
from inventory.statements import Question, field
from sequencer.clocks import our_clock
from sequencer.documents import pdf
from sequencer.documents.designs import DESIGNS, USUAL
from sequencer.documents.drawing import draw, facts_of
from sequencer.documents.elements import Document
from sequencer.documents.envelope import is_own, label_number
from sequencer.documents.kinds import NUMBERED, DocumentKind
from sequencer.languages import speaking_on_paper
from sequencer.models import LabelIssuer, LabelLayout, LabelRecord, PrinterAssignment, PrintJob, Station
from sequencer.models.printing import SERIAL_DIGITS, subject_type
from sequencer.services.journal import record_event
from sequencer.services.printing.gather import facts_for, plant_of, stored
from sequencer.spoken import in_words
from sequencer.states import PRINT_MOVES, PrintStatus, check_move

NO_PRINTER = (
    "No printer is assigned for this. Assign one in admin and retry, or open the preview and print it there"
)
NO_ISSUER = "A licence plate needs a label issuer. Enter one in admin and retry"
# Numbers that are no licence plates.
OWN = "L"
# Stands where a licence plate would: agency code ZZ is nobody's.
SAMPLE = "ZZ000000000"
# What pages of the print queue listen to.
TOPIC = "printing"
# So many people may ask for one label in the same moment.
AT_ONCE = 6
WAITING = (PrintStatus.QUEUED, PrintStatus.FAILED)


def print_document(
    kind: DocumentKind,
    subject: Any,
    *,
    at: datetime,
    by: str,
    station: Station | None = None,
    reason: str = "",
) -> PrintJob:
    """Asks for a document in the caller's transaction; the queue's worker sends it after the commit.

    `subject` is the row the paper lies on: Unit (part label, NOK sticker, transport label of a single piece), Slot
    (sequence label), Rack (rack label, manifest, transport label), Shipment (bill of lading), Station (command sheet,
    badges) or Badge. An earlier live label of the same kind on the same subject becomes void. Refuses a subject the
    kind is not made for; never for want of a printer: the job is then FAILED and says so. Locks the subject's older
    jobs.
    """
    for tries_left in reversed(range(AT_ONCE)):
        try:
            with transaction.atomic():
                return _ask(DocumentKind(kind), subject, at=at, by=by, station=station, reason=reason)
        except IntegrityError:
            # Others pressed Print in the same moment: one of their labels is there now, and becomes void.
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _ask(
    kind: DocumentKind, subject: Any, *, at: datetime, by: str, station: Station | None, reason: str
) -> PrintJob:
    layout = layout_for(kind, subject)
    supplier = layout.supplier_code if layout else ""
    with speaking_on_paper():
        facts = facts_for(kind, subject, at=at, by=by, reason=reason, supplier=supplier)
    if kind in NUMBERED:
        void_labels(subject, kind=kind, at=at, reason=reason or "printed anew")
    assignment = next(iter(assignments(kind, station)), None)
    job = PrintJob.objects.create(
        kind=kind,
        subject_type=subject_type(subject),
        subject_id=subject.pk,
        subject=str(subject)[:80],
        station=station,
        design=layout.design if layout else USUAL[kind],
        copies=layout.copies if layout else 1,
        data=stored(facts) | {"language": settings.LANGUAGE_CODE},
        printer=assignment.printer if assignment else None,
        status=PrintStatus.QUEUED,
        due_at=at,
        asked_at=at,
        asked_by=by[:60],
        reason=reason[:200],
    )
    if kind in NUMBERED:
        number_label(job, at=at)
    if assignment is None:
        fail(job, NO_PRINTER)
    elif lacks_issuer(job):
        fail(job, NO_ISSUER)
    record_event(TOPIC, "print_asked", job.subject, at=at, by=by, reason=reason, paper=kind.value)
    return job


def layout_for(kind: DocumentKind, subject: Any) -> LabelLayout | None:
    """The layout of the plant the paper is for, else the one for every plant."""
    fitting = LabelLayout.objects.filter(Q(plant=plant_of(subject)) | Q(plant__isnull=True), kind=kind)
    return fitting.order_by(F("plant").asc(nulls_last=True)).first()


def assignments(kind: str, station: Station | None) -> list[PrinterAssignment]:
    """Who prints the kind there, first choice first. A station with printers of its own uses no others."""
    found = _ASSIGNED.rows(kind=kind, station=station)
    own = [row for row in found if row.station_id is not None]
    return own or found


def _assigned() -> QuerySet[PrinterAssignment]:
    here = Q(station=field(PrinterAssignment, "station")) | Q(station__isnull=True)
    kind = field(PrinterAssignment, "kind")
    found = PrinterAssignment.objects.filter(here, kind=kind, printer__active=True)
    return found.select_related("printer").order_by("rank")


_ASSIGNED = Question(_assigned)


def is_assigned(kind: str, station: Station | None) -> bool:
    """Does anybody print this here? What nobody waits for is not asked for."""
    return bool(assignments(kind, station))


def number_label(job: PrintJob, *, at: datetime) -> LabelRecord:
    """The number the job's label carries: from its own row, so it is never given twice.

    A transport label takes a licence plate (ISO/IEC 15459) of the active issuer, everything else a number of ours.
    """
    issuer = LabelIssuer.objects.filter(active=True).first() if DESIGNS[job.design].licence_plate else None
    record = LabelRecord.objects.create(
        job=job, kind=job.kind, subject_type=job.subject_type, subject_id=job.subject_id, issued_at=at
    )
    record.number = f"{issuer.prefix if issuer else OWN}{record.pk:0{SERIAL_DIGITS}d}"
    record.save(update_fields=["number"])
    return record


def lacks_issuer(job: PrintJob) -> bool:
    return DESIGNS[job.design].licence_plate and not LabelIssuer.objects.filter(active=True).exists()


def fail(job: PrintJob, problem: str) -> None:
    move_job(job, PrintStatus.FAILED, problem=problem[:300])


def move_job(job: PrintJob, to: PrintStatus, **changes: Any) -> None:
    """One move of the net; raises `Stale` when somebody else moved the job meanwhile."""
    check_move(PRINT_MOVES, job.status, to, str(job))
    if not PrintJob.objects.filter(pk=job.pk, status=job.status).update(status=to, **changes):
        raise Stale(f"print job {job.pk}")
    job.status = to
    for name, value in changes.items():
        setattr(job, name, value)


def counts(kind: DocumentKind, subject: Any) -> bool:
    """Whether such a paper lies on the subject already: one that was printed, or is on its way, and is not void."""
    jobs = PrintJob.objects.filter(subject_type=subject_type(subject), subject_id=subject.pk, kind=kind)
    return kind in NUMBERED and jobs.exclude(status__in=[PrintStatus.VOID, PrintStatus.FAILED]).exists()


def void_labels(subject: Any, *, at: datetime, reason: str, kind: DocumentKind | None = None) -> int:
    """Every live label on the subject (of that kind) counts no longer: scrapped, printed anew, taken off.

    Runs in the caller's transaction and locks the jobs. A scan of such a label is answered by `is_void`.
    """
    kinds = [kind] if kind else sorted(NUMBERED)
    jobs = list(
        PrintJob.objects.select_for_update(no_key=True)
        .filter(subject_type=subject_type(subject), subject_id=subject.pk, kind__in=kinds)
        .exclude(status=PrintStatus.VOID)
        .order_by("pk")
    )
    for job in jobs:
        make_void(job, at=at, reason=reason)
    return len(jobs)


def make_void(job: PrintJob, *, at: datetime, reason: str) -> None:
    """The job's labels count no longer; both it and its successor stay visible. The caller has locked the job."""
    move_job(job, PrintStatus.VOID, void_at=at)
    LabelRecord.objects.filter(job=job, void_at__isnull=True).update(void_at=at, void_reason=reason[:200])


def reprint(job_id: int, *, at: datetime, by: str, reason: str) -> PrintJob:
    """The same document once more, as things stand now. The older label becomes void, both stay visible.

    Refuses without a reason, and a job that was replaced already. Locks the job.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("say why it is printed again"))
    with transaction.atomic():
        job = locked_job(job_id)
        if job.status == PrintStatus.VOID:
            raise Refused(
                "already_void", _("%(job)s was replaced already; reprint the newer one") % {"job": job}
            )
        subject = subject_of(job)
        make_void(job, at=at, reason=reason)
        new = _ask(DocumentKind(job.kind), subject, at=at, by=by, station=job.station, reason=reason)
        PrintJob.objects.filter(pk=new.pk).update(replaces=job)
        new.replaces = job
        record_event(TOPIC, "reprinted", job.subject, at=at, by=by, reason=reason, paper=job.kind)
    return new


def retry(job_id: int, *, at: datetime, by: str) -> PrintJob:
    """A failed job goes to its printer again, at once. Refuses one that has not failed. Locks the job."""
    with transaction.atomic():
        job = locked_job(job_id)
        if job.status not in WAITING:
            raise Refused(
                "not_failed",
                _("%(job)s is %(status)s; there is nothing to try again")
                % {"job": job, "status": in_words(job.status)},
            )
        assignment = next(iter(assignments(job.kind, job.station)), None)
        if assignment is None:
            raise Refused("no_printer", NO_PRINTER)
        if lacks_issuer(job):
            raise Refused("no_issuer", NO_ISSUER)
        if not plate_fits(job):
            renumber(job, at=at, reason="the issuer was not known before")
        changes: dict[str, Any] = {"printer": assignment.printer, "due_at": at, "tries": 0, "problem": ""}
        if job.status == PrintStatus.QUEUED:
            PrintJob.objects.filter(pk=job.pk).update(**changes)
        else:
            move_job(job, PrintStatus.QUEUED, **changes)
        record_event(TOPIC, "print_retried", job.subject, at=at, by=by, paper=job.kind)
    return job


def settle_doubt(job_id: int, *, at: datetime, by: str) -> PrintJob:
    """A person has looked for the doubled label. Refuses when there is no doubt. Locks the job."""
    with transaction.atomic():
        job = locked_job(job_id)
        if not job.warning:
            raise Refused("no_doubt", _("%(job)s came out once; there is nothing to look for") % {"job": job})
        record_event(TOPIC, "doubt_settled", job.subject, at=at, by=by, reason=job.warning, paper=job.kind)
        PrintJob.objects.filter(pk=job.pk).update(warning="")
    return job


def plate_fits(job: PrintJob) -> bool:
    """A transport label asked for before there was an issuer has a number that is no licence plate."""
    label = live_label(job)
    return label is None or not DESIGNS[job.design].licence_plate or not is_own(str(label))


def renumber(job: PrintJob, *, at: datetime, reason: str) -> None:
    """A new number for the next attempt; should the older label come out of a printer after all, it is void."""
    voided = LabelRecord.objects.filter(job=job, void_at__isnull=True).update(
        void_at=at, void_reason=reason[:200]
    )
    if voided:
        number_label(job, at=at)


def locked_job(job_id: int) -> PrintJob:
    job = (
        PrintJob.objects.select_for_update(of=("self",), no_key=True)
        .select_related("station", "printer")
        .filter(pk=job_id)
        .first()
    )
    if job is None:
        raise Unknown("no_print_job", _("there is no print job %(job_id)s") % {"job_id": job_id})
    return job


def subject_of(job: PrintJob) -> Any:
    subject = apps.get_model("sequencer", job.subject_type).objects.filter(pk=job.subject_id).first()
    if subject is None:
        raise Unknown("no_subject", _("%(subject)s does not exist any more") % {"subject": job.subject})
    return subject


def live_label(job: PrintJob) -> LabelRecord | None:
    return LabelRecord.objects.filter(job=job, void_at__isnull=True).order_by("-pk").first()


def document_of(job: PrintJob) -> Document:
    """The pages of a job as they are, or were, printed. Raises ValueError for data its symbols cannot say."""
    label = LabelRecord.objects.filter(job=job).order_by("-pk").first()
    # Jobs from before papers had a language are English.
    with translation.override(job.data.get("language", "en")):
        return draw(
            job.design,
            facts_of(job.design, job.data),
            number=str(label) if label else "",
            key=job.key,
            printed=our_clock(job.asked_at, day=True),
            say=_,
        )


def drawn_now(kind: DocumentKind, subject: Any, *, at: datetime) -> Document:
    """A paper as things stand now. Nothing is asked for, so it carries the number of the label that counts."""
    layout = layout_for(kind, subject)
    design = layout.design if layout else USUAL[kind]
    live = LabelRecord.objects.filter(
        kind=kind, subject_type=subject_type(subject), subject_id=subject.pk, void_at__isnull=True
    ).first()
    supplier = layout.supplier_code if layout else ""
    number = str(live) if live else SAMPLE if DESIGNS[design].licence_plate else ""
    with speaking_on_paper():
        facts = facts_for(kind, subject, at=at, by="", supplier=supplier)
        return draw(design, facts, number=number, printed=our_clock(at, day=True), say=_)


def paper_now(kind: DocumentKind, subject: Any, *, at: datetime) -> bytes:
    """The same as a PDF, to print from a browser."""
    return pdf.render(drawn_now(kind, subject, at=at))


def is_void(raw: str) -> str | None:
    """None while a label counts or carries no number of ours; otherwise what to tell who scanned it.

    One query, and only for labels that carry a number.
    """
    number = label_number(raw)
    if number is None:
        return None
    label = LabelRecord.objects.filter(number=number, void_at__isnull=False).first()
    if label is None or label.void_at is None:
        return None
    at = our_clock(label.void_at)
    newer = LabelRecord.objects.filter(
        kind=label.kind, subject_type=label.subject_type, subject_id=label.subject_id, void_at__isnull=True
    ).exists()
    return f"Label void, reprinted at {at}" if newer else f"Label void since {at}: {label.void_reason}"
