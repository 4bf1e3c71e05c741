"""The books of each day are closed: counts, a sha256 over every class of rows, and a link to the day before.

What is hashed never changes after it was written: what came (with its bytes), what was read from it, what was
put out (with its bytes). What became of it later (a held call applied the next morning, an acknowledgement) is
counted as it stood at the closing and is not hashed. A row that is altered, added or missing afterwards shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from edi.models import Delivery, InboundEvent, InboundMessage, LedgerClosing, OutboundMessage
from edi.services.alarms import journal
from edi.services.ledger import archive_faults
from edi.states import DeliveryStatus, EventStatus, OutboundStatus
from inventory.errors import Refused
from sequencer.models import PlantEvent

# Rows of transactions that were open at midnight are there by then.
SETTLED = timedelta(minutes=15)
# A file that is still being read keeps its day open so long at most.
PATIENCE = timedelta(hours=6)
# A sweep that was away for long closes so many days at a time.
DAYS_A_RUN = 31
UNREAD = (DeliveryStatus.RECEIVED, DeliveryStatus.PARSING)
CLOSED = "books_closed"
Row = list[Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where the books are not what was closed."""

    day: date
    row_class: str
    text: str


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The day of the server's own zone, midnight to midnight, as instants."""
    begin = timezone.make_aware(datetime.combine(day, time()))
    return begin, timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


def close_books(*, at: datetime, until: date | None = None) -> list[LedgerClosing]:
    """Closes every day that is over and not closed yet, the oldest first, up to `until` (yesterday by default).

    Promise: each day once, in an unbroken chain, however often and from however many places it is called. A day
    waits while a file of it is still being read, six hours at most. Refuses a day that is not over.
    """
    last = until or timezone.localdate(at) - timedelta(days=1)
    if last >= timezone.localdate(at):
        raise Refused(
            "day_not_over", f"{last} is not over; its books are closed after midnight", day=str(last)
        )
    closed: list[LedgerClosing] = []
    for day in _open_days(last):
        if _must_wait(day, at=at) or len(closed) >= DAYS_A_RUN:
            break
        made = _close(day, at=at)
        if made is None:
            break
        closed.append(made)
    return closed


def _open_days(last: date) -> Iterator[date]:
    """The days after the last closing, or from the first row there is; a plant without any has none."""
    newest = LedgerClosing.objects.order_by("-day").first()
    day = newest.day + timedelta(days=1) if newest else _first_day()
    while day is not None and day <= last:
        yield day
        day += timedelta(days=1)


def _first_day() -> date | None:
    first = [
        Delivery.objects.order_by("received_at").values_list("received_at", flat=True).first(),
        OutboundMessage.objects.order_by("created_at").values_list("created_at", flat=True).first(),
    ]
    known = [moment for moment in first if moment is not None]
    return timezone.localdate(min(known)) if known else None


def _must_wait(day: date, *, at: datetime) -> bool:
    end = day_bounds(day)[1]
    if at < end + SETTLED:
        return True
    reading = Delivery.objects.filter(Q(received_at__lt=end) | Q(claimed_at__lt=end), status__in=UNREAD)
    return at < end + PATIENCE and reading.exists()


def _close(day: date, *, at: datetime) -> LedgerClosing | None:
    """One day; None when somebody else closed it at this very moment."""
    previous = LedgerClosing.objects.filter(day__lt=day).order_by("-day").first()
    counts, faults = _counts(day)
    closing = LedgerClosing(
        day=day,
        closed_at=at,
        counts=counts,
        balanced=not faults,
        faults=faults[:20],
        digests=digests(day),
        previous=previous.chain if previous else "",
    )
    closing.chain = link(closing)
    try:
        with transaction.atomic(durable=True):
            closing.save(force_insert=True)
            journal(CLOSED, f"{day}", at=at, balanced=closing.balanced, chain=closing.chain)
    except IntegrityError:
        return None
    return closing


def link(closing: LedgerClosing) -> str:
    """The chain value of a closing: sha256 over the one before and everything the row says."""
    said = [
        closing.previous, closing.day.isoformat(), closing.counts, closing.balanced, closing.faults, closing.digests,
    ]  # fmt: skip
    return _sha(said)


def _sha(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# the counts of one day


def _counts(day: date) -> tuple[dict[str, dict[str, int]], list[str]]:
    """What the files, events and messages of a day had come to, and a sentence for what does not add up."""
    begin, end = day_bounds(day)
    faults: list[str] = []
    files = Delivery.objects.filter(received_at__gte=begin, received_at__lt=end)
    by_status = _by_status(files, DeliveryStatus)
    archived = files.filter(archived_at__isnull=False).count()
    counts = {
        "files": {"received": sum(by_status.values()), "archived": archived, **by_status},
        "events": _event_counts(begin, end, faults),
        "outbound": _by_status(
            OutboundMessage.objects.filter(created_at__gte=begin, created_at__lt=end), OutboundStatus
        ),
    }
    waiting = by_status["received_unread"] + by_status["parsing"]
    if waiting:
        faults.append(f"{waiting} file(s) of the day are not read yet")
    faults += archive_faults(files)
    return counts, faults


def _by_status(rows: Any, statuses: Any) -> dict[str, int]:
    found = dict(rows.order_by().values_list("status").annotate(n=Count("pk")))
    names = {status: status.value.lower() for status in statuses}
    if statuses is DeliveryStatus:
        names[DeliveryStatus.RECEIVED] = "received_unread"
    return {name: found.get(status, 0) for status, name in names.items()}


def _event_counts(begin: datetime, end: datetime, faults: list[str]) -> dict[str, int]:
    """Call-offs read in the day's files against the events booked for them, whatever day that was."""
    in_day = Q(interchange__delivery__received_at__gte=begin, interchange__delivery__received_at__lt=end)
    read: int = InboundMessage.objects.filter(in_day).aggregate(n=Sum("call_off_count"))["n"] or 0
    events = InboundEvent.objects.filter(
        message__interchange__delivery__received_at__gte=begin,
        message__interchange__delivery__received_at__lt=end,
    )
    counts = {"received": read, **_by_status(events, EventStatus)}
    booked = sum(counts.values()) - read
    if booked != read:
        faults.append(f"{read} call-offs were read, {booked} are booked")
    if counts["pending"]:
        faults.append(f"{counts['pending']} event(s) of the day are not applied yet")
    return counts


# what is hashed


def _deliveries(begin: datetime, end: datetime) -> Iterator[Row]:
    rows = Delivery.objects.filter(received_at__gte=begin, received_at__lt=end).order_by("pk")
    for row in rows.select_related("partner").iterator(chunk_size=50):
        yield [
            row.pk, row.partner.code, row.file_name, row.size, row.received_at.isoformat(), row.sha256,
            hashlib.sha256(bytes(row.raw)).hexdigest(),
        ]  # fmt: skip


def _events(begin: datetime, end: datetime) -> Iterator[Row]:
    names = (
        "pk",
        "message_id",
        "partner__code",
        "number",
        "event",
        "call_number",
        "sequence_number",
        "content",
    )
    rows = InboundEvent.objects.filter(booked_at__gte=begin, booked_at__lt=end).order_by("pk")
    for row in rows.values_list(*names, "booked_at").iterator(chunk_size=500):
        yield [*row[:-1], row[-1].isoformat()]


def _outbound(begin: datetime, end: datetime) -> Iterator[Row]:
    rows = OutboundMessage.objects.filter(created_at__gte=begin, created_at__lt=end).order_by("pk")
    for row in rows.select_related("partner").iterator(chunk_size=50):
        yield [
            row.pk, row.partner.code, row.kind, row.control_ref, row.file_name, row.created_at.isoformat(),
            hashlib.sha256(bytes(row.content)).hexdigest(),
        ]  # fmt: skip


ROW_CLASSES: dict[str, Callable[[datetime, datetime], Iterator[Row]]] = {
    "deliveries": _deliveries,
    "events": _events,
    "outbound": _outbound,
}


def digests(day: date) -> dict[str, dict[str, Any]]:
    """For each class of rows of a day: how many there are and one sha256 over all of them in order."""
    bounds = day_bounds(day)
    return {name: _digest(rows(*bounds)) for name, rows in ROW_CLASSES.items()}


def _digest(rows: Iterator[Row]) -> dict[str, Any]:
    count, digest = 0, hashlib.sha256()
    for row in rows:
        count += 1
        digest.update(_sha(row).encode())
    return {"rows": count, "sha256": digest.hexdigest()}


def verify_closings() -> Difference | None:
    """Recomputes the whole chain; None when every day is what was closed, else the first day and class that differ."""
    previous, expected = "", None
    told = dict(PlantEvent.objects.filter(kind=CLOSED).values_list("subject", "facts__chain"))
    for closing in LedgerClosing.objects.order_by("day"):
        chain = told.pop(f"{closing.day}", closing.chain)
        if expected is not None and closing.day != expected:
            return Difference(expected, "closing", "the closing of this day is missing")
        if closing.previous != previous or closing.chain != link(closing):
            return Difference(
                closing.day, "closing", "the closing itself was altered, or one before it is missing"
            )
        if chain != closing.chain:
            return Difference(closing.day, "closing", "the journal tells of another closing of this day")
        for name, rows in ROW_CLASSES.items():
            now, then = _digest(rows(*day_bounds(closing.day))), closing.digests.get(name)
            if now != then:
                return Difference(closing.day, name, _difference(then or {}, now))
        previous, expected = closing.chain, closing.day + timedelta(days=1)
    lost = min(told, default="")
    return (
        Difference(date.fromisoformat(lost), "closing", "the journal tells of it, and it is gone")
        if lost
        else None
    )


def _difference(then: dict[str, Any], now: dict[str, Any]) -> str:
    if then.get("rows") != now["rows"]:
        return f"{then.get('rows', 0)} rows were closed, {now['rows']} are there now"
    return f"{now['rows']} rows, and at least one is not what was closed"
