"""The print queue's rows: who talks to a printer, what goes next, and what is booked of each attempt.

A job is handed to a printer in three steps: claimed (SENDING), bytes over the wire, booked. Whoever dies between the
first and the last may have printed. Such an attempt is never trusted: its label number becomes void and the next
attempt carries a new one, so of two labels on the floor one counts and the other is refused when scanned.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from sequencer.models import Line, Printer, PrintJob
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.services.printing.asking import (
    NO_PRINTER,
    TOPIC,
    assignments,
    fail,
    live_label,
    move_job,
    renumber,
)
from sequencer.states import PrintStatus

# A worker holds a printer for seconds; a claim older than this belongs to a dead one.
STALE = timedelta(seconds=30)
BACK_OFF_SECONDS = (1, 2, 5, 10, 30, 60)
# A label in a printer that cannot print goes to the next one after this long.
STUCK = timedelta(seconds=20)
# A label nobody could print in this time is nobody's help any more; a person decides.
GIVE_UP = timedelta(minutes=30)
OPEN = (PrintStatus.QUEUED, PrintStatus.SENDING, PrintStatus.SENT)
TASK = "PRINTER"
# A printer that holds a label is asked at least so often: switched off and on it has forgotten it, and says nothing.
WATCH_SECONDS = 5


def due_printers(*, at: datetime) -> list[int]:
    """Printers somebody should talk to now: with work, or in trouble when last asked; free, and not in back-off."""
    work = PrintJob.objects.filter(printer=OuterRef("pk"), status__in=OPEN)
    found = (
        Printer.objects.filter(active=True)
        .filter(Q(claimed_at__isnull=True) | Q(claimed_at__lt=at - STALE))
        .filter(Q(retry_at__isnull=True) | Q(retry_at__lte=at))
        .filter(Q(Exists(work)) | Q(failures__gt=0))
    )
    return list(found.order_by("pk").values_list("pk", flat=True))


def adopt_orphans(*, at: datetime) -> None:
    """Jobs of a printer that was taken out of use go to one that is in use, or say that there is none."""
    for job in PrintJob.objects.filter(printer__active=False, status=PrintStatus.QUEUED).select_related(
        "station"
    ):
        assignment = next(iter(assignments(job.kind, job.station)), None)
        with transaction.atomic(durable=True):
            if assignment is None:
                fail(job, NO_PRINTER)
            else:
                PrintJob.objects.filter(pk=job.pk, status=PrintStatus.QUEUED).update(
                    printer=assignment.printer
                )


def claim_printer(printer_id: int, *, worker: str, at: datetime) -> Printer | None:
    """The printer, held by this worker alone; None when another has it. What a dead worker was sending is repeated."""
    with transaction.atomic(durable=True):
        claimed = (
            Printer.objects.filter(pk=printer_id, active=True)
            .filter(Q(claimed_at__isnull=True) | Q(claimed_at__lt=at - STALE))
            .update(claimed_by=worker[:80], claimed_at=at)
        )
        if not claimed:
            return None
        printer = Printer.objects.get(pk=printer_id)
        for job in PrintJob.objects.filter(printer=printer, status=PrintStatus.SENDING):
            _repeat(job, "the worker that sent it stopped", at=at)
    return printer


def keep_claim(printer: Printer, *, at: datetime) -> bool:
    """Says that the worker still lives; False when another one has taken the printer over."""
    held = Printer.objects.filter(pk=printer.pk, claimed_by=printer.claimed_by)
    return bool(held.update(claimed_at=at))


def release_printer(printer: Printer) -> None:
    Printer.objects.filter(pk=printer.pk, claimed_by=printer.claimed_by).update(
        claimed_by="", claimed_at=None
    )


def next_job(printer: Printer, *, at: datetime) -> PrintJob | None:
    """The oldest queued job of a printer, now SENDING: labels come out in the order they were asked for."""
    with transaction.atomic(durable=True):
        job = (
            PrintJob.objects.filter(printer=printer, status=PrintStatus.QUEUED, due_at__lte=at)
            .select_related("station")
            .order_by("pk")
            .first()
        )
        if job is None:
            return None
        move_job(job, PrintStatus.SENDING, attempt=job.attempt + 1, sent_at=at, sent_to=printer.address)
    return job


def handed_over(printer: Printer) -> list[PrintJob]:
    """Jobs the printer has and has not reported as done."""
    return list(PrintJob.objects.filter(printer=printer, status=PrintStatus.SENT).order_by("pk"))


def book_printed(job: PrintJob, *, at: datetime) -> None:
    with transaction.atomic(durable=True):
        move_job(job, PrintStatus.PRINTED, printed_at=at, problem="")
        record_event(
            TOPIC,
            "printed",
            job.subject,
            at=at,
            by=job.asked_by,
            paper=job.kind,
            label=str(live_label(job) or ""),
        )


def book_sent(job: PrintJob, problem: str = "") -> None:
    """The printer took it all and says that it is not out yet."""
    with transaction.atomic(durable=True):
        move_job(job, PrintStatus.SENT, problem=problem)


def book_not_taken(job: PrintJob, problem: str) -> None:
    """Certainly nothing was sent: the same label with the same number goes again."""
    with transaction.atomic(durable=True):
        move_job(job, PrintStatus.QUEUED, attempt=job.attempt - 1, problem=problem[:300])


def book_unsure(job: PrintJob, problem: str, *, at: datetime) -> None:
    """It may or may not lie in the printer's tray: the number becomes void, the job goes again with a new one."""
    with transaction.atomic(durable=True):
        _repeat(job, problem, at=at)


def book_unprintable(job: PrintJob, problem: str) -> None:
    """The data cannot be said on this label; trying again would not help."""
    with transaction.atomic(durable=True):
        move_job(job, PrintStatus.FAILED, problem=problem[:300])


def _repeat(job: PrintJob, problem: str, *, at: datetime) -> None:
    """Under the job's lock: a new number, and what to tell. Stale when the job was replaced meanwhile."""
    PrintJob.objects.select_for_update(no_key=True).get(pk=job.pk)
    old = str(live_label(job) or "")
    key = job.key
    renumber(job, at=at, reason=f"printed again: {problem}")
    void = f", {old} is void" if old else ""
    warning = f"A label marked job {key} may lie about: throw it away{void}"
    move_job(job, PrintStatus.QUEUED, problem=problem[:300], warning=warning[:200])
    record_event(TOPIC, "label_doubtful", job.subject, at=at, reason=problem, label=old, key=key)


# what is known of the printer


def note_state(printer: Printer, state: str, note: str, *, at: datetime) -> None:
    """The printer is well, or busy. What was wrong before is over."""
    was_broken = printer.failures > 0
    busy = state == Printer.State.BUSY
    printer.failures, printer.state = 0, state
    with transaction.atomic(durable=True):
        Printer.objects.filter(pk=printer.pk).update(
            state=state,
            state_note=note[:200],
            state_at=at,
            failures=0,
            retry_at=at + timedelta(seconds=BACK_OFF_SECONDS[0]) if busy else None,
        )
        if was_broken:
            close_tasks(TASK, printer.code, at=at, note="the printer answers")
            record_event(TOPIC, "printer_back", printer.code, at=at)


def note_trouble(printer: Printer, state: str, note: str, *, at: datetime) -> None:
    """The printer cannot print. Its jobs go to the next printer of their station; without one they wait, and a
    person is told. Asked again after 1, 2, 5 ... 60 seconds."""
    first = printer.failures == 0 or printer.state != state
    wait = BACK_OFF_SECONDS[min(printer.failures, len(BACK_OFF_SECONDS) - 1)]
    if handed_over(printer):
        wait = min(wait, WATCH_SECONDS)
    printer.failures, printer.state = printer.failures + 1, state
    with transaction.atomic(durable=True):
        Printer.objects.filter(pk=printer.pk).update(
            state=state,
            state_note=note[:200],
            state_at=at,
            failures=F("failures") + 1,
            retry_at=at + timedelta(seconds=wait),
        )
        if first:
            record_event(
                "printing", "printer_trouble", printer.code, at=at, reason=f"{state.lower()} {note}".strip()
            )
        _pass_on(printer, f"{printer.code}: {note or state.replace('_', ' ').lower()}", at=at)


def _pass_on(printer: Printer, why: str, *, at: datetime) -> None:
    stuck = []
    for job in (
        PrintJob.objects.filter(printer=printer, status__in=OPEN).select_related("station").order_by("pk")
    ):
        other = _other_printer(job, printer)
        if job.status == PrintStatus.QUEUED and other is not None:
            PrintJob.objects.filter(pk=job.pk).update(
                printer=other, problem=f"{why}. Went to {other.code}"[:300]
            )
        elif job.status == PrintStatus.SENT and other is not None and _is_stuck(job, at):
            _repeat(job, why, at=at)
            PrintJob.objects.filter(pk=job.pk).update(printer=other)
        elif job.status == PrintStatus.QUEUED and job.asked_at < at - GIVE_UP:
            move_job(job, PrintStatus.FAILED, problem=f"{why}. Nobody could print it in 30 minutes"[:300])
        else:
            PrintJob.objects.filter(pk=job.pk).update(problem=why[:300], tries=F("tries") + 1)
            stuck.append(job)
    if stuck:
        _tell(printer, stuck, why, at=at)


def _is_stuck(job: PrintJob, at: datetime) -> bool:
    return job.sent_at is None or job.sent_at < at - STUCK


def _other_printer(job: PrintJob, broken: Printer) -> Printer | None:
    """The next printer of the station that was well when last asked."""
    for assignment in assignments(job.kind, job.station):
        if assignment.printer_id != broken.pk and assignment.printer.failures == 0:
            return assignment.printer
    return None


def _tell(printer: Printer, jobs: list[PrintJob], why: str, *, at: datetime) -> None:
    """One task a printer, on the line of the first station that waits for it."""
    stations = [job.station for job in jobs if job.station is not None]
    line = Line.objects.filter(programs__commodities__stations__in=stations).order_by("pk").first()
    if line is None and stations:
        line = Line.objects.filter(plant__unloading_points__stations__in=stations).order_by("pk").first()
    if line is not None:
        text = f"{len(jobs)} label(s) wait. {why}"
        open_task(line, TASK, printer.code, text, at=at, due_at=at + timedelta(minutes=5))
