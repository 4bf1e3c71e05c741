"""Talks to printers: one worker a printer, one job at a time, in the order they were asked for."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from inventory.errors import Refused, Stale, Unreachable
from sequencer.documents import host_status, pdf, zpl
from sequencer.documents.drawing import PAPERS
from sequencer.documents.elements import Code, Document, Symbol, Text, single
from sequencer.documents.host_status import HostStatus
from sequencer.models import Printer, PrintJob
from sequencer.services.printing import queue
from sequencer.services.printing.asking import document_of

CONNECT_SECONDS, ANSWER_SECONDS = 2.0, 2.0
# A slow printer reads the whole label before it answers; given up earlier it would print one label again and again.
# Together they are shorter than a claim: nobody takes the printer over meanwhile.
STALL_SECONDS, AFTER_LABEL_SECONDS = 10.0, 15.0
CHUNK = 16 * 1024
# Forgets half a label that a cut connection left behind, so that the next one is not read as its end.
FORGET_HALF = b"~JX"
# A worker gives the printer back after so many labels: the next sweep goes on, a stuck printer holds nobody up.
MOST_AT_ONCE = 40
FAULTS = frozenset({"HEAD_OPEN", "PAPER_OUT", "RIBBON_OUT", "PAUSED"})
SILENT = "takes connections but does not answer; look at paper, ribbon and head"
WORDS = {
    "HEAD_OPEN": "the print head is open",
    "PAPER_OUT": "no paper",
    "RIBBON_OUT": "no ribbon",
    "PAUSED": "somebody paused it",
    "BUSY": "its memory is full of labels",
}


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"


def work_off(printer_id: int, *, now: Callable[[], datetime] = timezone.now) -> int:
    """Sends what waits for one printer. Returns how many jobs it was handed. Safe to run twice at once."""
    printer = queue.claim_printer(printer_id, worker=worker_name(), at=now())
    if printer is None:
        return 0
    try:
        driver = Printer.Driver(printer.driver)
        _left_behind(printer, now)
        if driver is Printer.Driver.ZPL and printer.answers:
            return _labels(printer, now)
        return _one_way(printer, now)
    except Stale:
        # Somebody replaced a job between the look and the move; the next sweep sees it as it is.
        return 0
    finally:
        queue.release_printer(printer)


# label printers that answer


def _labels(printer: Printer, now: Callable[[], datetime]) -> int:
    """Asks first, sends, asks again. Nothing is sent to a printer that says it cannot print."""
    try:
        with connection(printer) as wire:
            status = _ask(wire)
            if not _settle(printer, status, now):
                return 0
            return _send_labels(printer, wire, now)
    except Unreachable as error:
        state = _trouble(error)
        if state == Printer.State.OFFLINE:
            _lost(printer, now)
        queue.note_trouble(printer, state, str(error), at=now())
        return 0


def _settle(printer: Printer, status: HostStatus, now: Callable[[], datetime]) -> bool:
    """Books what came out since, and says whether more may be sent."""
    state = status.state
    if state in FAULTS:
        queue.note_trouble(printer, state, WORDS[state], at=now())
        return False
    queue.note_state(printer, state, WORDS.get(state, ""), at=now())
    if status.done:
        for job in queue.handed_over(printer):
            with unless_replaced():
                queue.book_printed(job, at=now())
    return state == "READY"


def _send_labels(printer: Printer, wire: socket.socket, now: Callable[[], datetime]) -> int:
    sent = 0
    while sent < MOST_AT_ONCE and queue.keep_claim(printer, at=now()):
        job = queue.next_job(printer, at=now())
        if job is None:
            break
        content = _rendered(printer, job)
        if content is None:
            continue
        try:
            _send(wire, (FORGET_HALF if job.attempt > 1 else b"") + content, printer, now)
            status = _ask(wire, AFTER_LABEL_SECONDS)
        except (OSError, Unreachable) as error:
            queue.book_unsure(
                job, f"{printer.code} was lost while it took the label ({_said(error)})", at=now()
            )
            raise Unreachable(f"lost while sending: {_said(error)}") from error
        sent += 1
        with unless_replaced():
            if status.done:
                queue.book_printed(job, at=now())
                continue
            queue.book_sent(job, WORDS.get(status.state, ""))
        if not _settle(printer, status, now):
            break
    return sent


def _left_behind(printer: Printer, now: Callable[[], datetime]) -> None:
    """Labels in the memory of a device that stood at another address: what stands here now knows nothing of them."""
    for job in queue.handed_over(printer):
        if job.sent_to not in {"", printer.address}:
            with unless_replaced():
                why = f"{printer.code} was replaced; the label is in the one at {job.sent_to}"
                queue.book_unsure(job, why, at=now())


def _lost(printer: Printer, now: Callable[[], datetime]) -> None:
    """A printer that went away with labels in its memory: nobody knows whether they came out."""
    for job in queue.handed_over(printer):
        with unless_replaced():
            queue.book_unsure(job, f"{printer.code} went away before it said the label was out", at=now())


def unless_replaced() -> suppress:
    """A job that was replaced while it was sent stays void: its label is refused when scanned, whatever came out."""
    return suppress(Stale)


def _rendered(printer: Printer, job: PrintJob) -> bytes | None:
    """What goes over the wire; None when the data cannot be said, which is booked."""
    try:
        if printer.driver == Printer.Driver.ZPL and job.design in PAPERS:
            raise ValueError(f"{printer.code} prints labels, no sheets of paper; assign a page printer")
        return _bytes(printer, document_of(job), job.copies)
    except ValueError as error:
        with unless_replaced():
            queue.book_unprintable(job, str(error))
        return None


def _send(wire: socket.socket, content: bytes, printer: Printer, now: Callable[[], datetime]) -> None:
    """All of it, however slowly it is taken. TimeoutError when nothing is taken any more for `STALL_SECONDS`.

    The claim is kept meanwhile; whoever lost it stops, as another worker sends the label again.
    """
    wire.settimeout(STALL_SECONDS)
    rest = memoryview(content)
    while rest:
        rest = rest[wire.send(rest[:CHUNK]) :]
        if not queue.keep_claim(printer, at=now()):
            raise Unreachable("another worker took the printer over")


def _ask(wire: socket.socket, seconds: float | None = None) -> HostStatus:
    """The host status, whole within so many seconds (`ANSWER_SECONDS`), however it dribbles.

    Unreachable when none comes: without paper, ribbon or with an open head some say nothing.
    """
    answer = b""
    until = time.monotonic() + (seconds or ANSWER_SECONDS)
    try:
        wire.sendall(host_status.QUESTION)
        while not host_status.is_whole(answer):
            wire.settimeout(max(until - time.monotonic(), 0.001))
            piece = wire.recv(1024)
            if not piece:
                raise Unreachable("closed the connection instead of answering")
            answer += piece
        return host_status.read(answer)
    except TimeoutError as error:
        raise Unreachable(SILENT) from error
    except OSError as error:
        raise Unreachable(_said(error)) from error
    except ValueError as error:
        raise Unreachable(str(error)) from error


def try_out(printer_id: int, *, now: Callable[[], datetime] = timezone.now) -> str:
    """One test label past the queue, for who sets a printer up. Returns what the printer says.

    Refuses while a worker talks to it; Unreachable when it does not answer. No job, no number: it labels nothing.
    """
    printer = queue.claim_printer(printer_id, worker=worker_name(), at=now())
    if printer is None:
        raise Refused("printer_claimed", "it is out of use or printing just now; try again in a moment")
    try:
        content = _bytes(printer, sample(printer, now()), 1)
        if printer.driver == Printer.Driver.FOLDER:
            return f"wrote {_store(printer, 'test', content)}"
        with connection(printer) as wire:
            wire.sendall(content)
            if printer.driver == Printer.Driver.ZPL and printer.answers:
                status = _ask(wire)
                queue.note_state(printer, status.state, WORDS.get(status.state, ""), at=now())
                return f"test label sent; the printer says: {WORDS.get(status.state, 'ready')}"
        return "test label sent; this printer does not answer"
    except OSError as error:
        raise Unreachable(_said(error)) from error
    finally:
        queue.release_printer(printer)


def sample(printer: Printer, at: datetime) -> Document:
    """50 x 25 mm: fits every roll, says which printer it came from, and holds one symbol of each width."""
    code = f"TEST {printer.code}"
    return single(
        code,
        50,
        25,
        [
            Text(3, 2, code, 4.5, bold=True, width=44),
            Text(3, 7, f"{timezone.localtime(at):%d.%m.%Y %H:%M:%S}  {printer.dpi} dpi", 3, width=44),
            Symbol(5, 11.5, Code.CODE_128, printer.code[:12], 0.25, 9, room=28),
            Symbol(36, 11, Code.DATA_MATRIX, code, 0.5),
        ],
    )


# printers that only take


def _one_way(printer: Printer, now: Callable[[], datetime]) -> int:
    """Page printers, folders, and label printers that answer nothing: done is what was taken whole."""
    sent = 0
    while sent < MOST_AT_ONCE and queue.keep_claim(printer, at=now()):
        job = queue.next_job(printer, at=now())
        if job is None:
            if not sent and printer.failures:
                _probe(printer, now)
            break
        content = _rendered(printer, job)
        if content is None:
            continue
        try:
            _put(printer, job, content, now)
        except Unreachable as error:
            with unless_replaced():
                queue.book_not_taken(job, str(error))
            queue.note_trouble(printer, _trouble(error), str(error), at=now())
            break
        except OSError as error:
            queue.book_unsure(
                job, f"{printer.code} was lost while it took the paper ({_said(error)})", at=now()
            )
            queue.note_trouble(printer, Printer.State.OFFLINE, _said(error), at=now())
            break
        with unless_replaced():
            queue.book_printed(job, at=now())
        queue.note_state(printer, Printer.State.READY, "", at=now())
        sent += 1
    return sent


def _bytes(printer: Printer, document: Document, copies: int) -> bytes:
    if printer.driver == Printer.Driver.ZPL:
        return zpl.render(document, printer.dpi, copies)
    return pdf.render(Document(document.title, document.pages * copies))


def _put(printer: Printer, job: PrintJob, content: bytes, now: Callable[[], datetime]) -> None:
    """Unreachable: nothing was sent. OSError: nobody knows."""
    if printer.driver == Printer.Driver.FOLDER:
        _write(printer, job, content)
        return
    with connection(printer) as wire:
        try:
            _send(wire, content, printer, now)
            wire.shutdown(socket.SHUT_WR)
        except Unreachable as error:
            raise OSError(str(error)) from error


def _write(printer: Printer, job: PrintJob, content: bytes) -> None:
    """Under its final name only when whole; the same attempt writes the same file."""
    _store(printer, f"{job.key} {job.kind} {job.subject}", content)


def _store(printer: Printer, words: str, content: bytes) -> Path:
    try:
        folder = folder_of(printer)
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9-]+", "-", words).strip("-").lower()[:120]
        staged = folder / f".{name}.part"
        staged.write_bytes(content)
        return staged.replace(folder / f"{name}.pdf")
    except OSError as error:
        raise Unreachable(f"cannot write to {printer.folder or printer.code}: {_said(error)}") from error


def folder_of(printer: Printer) -> Path:
    """Below var/print only: a folder name from admin must not reach elsewhere."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", printer.folder or printer.code)
    return Path(settings.VAR_DIR) / "print" / name


def _probe(printer: Printer, now: Callable[[], datetime]) -> None:
    """A printer in trouble without work is tried, so that the next label finds it again."""
    try:
        if printer.driver != Printer.Driver.FOLDER:
            with connection(printer):
                pass
        queue.note_state(printer, Printer.State.READY, "", at=now())
    except Unreachable as error:
        queue.note_trouble(printer, Printer.State.OFFLINE, str(error), at=now())


@contextmanager
def connection(printer: Printer) -> Iterator[socket.socket]:
    """A connection with deadlines. Unreachable when none is to be had."""
    try:
        wire = socket.create_connection((printer.host, printer.port), timeout=CONNECT_SECONDS)
    except OSError as error:
        raise Unreachable(f"{printer.host}:{printer.port} {_said(error)}") from error
    try:
        wire.settimeout(ANSWER_SECONDS)
        yield wire
    finally:
        with suppress(OSError):
            wire.close()


def _trouble(error: Unreachable) -> str:
    return str(Printer.State.FAULT if str(error) == SILENT else Printer.State.OFFLINE)


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "does not answer"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
