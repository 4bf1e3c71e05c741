"""What a file would do, found by doing it in a transaction that is taken back: no row, no file, no wake-up stays."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edi.formats import ProfileError
from edi.models import Delivery, InboundEvent, InboundMessage, TradingPartner
from edi.services.booking import book_contents, content_prints, read_as
from edi.services.events import book_outcome, decide, facts_of, in_oem_order, locked_event, settle_message
from edi.services.lanes import ORDER_FIELDS, RETRY_BATCH, counter_span
from edi.services.profiles import profile_of
from edi.services.receipts import RECEIPT
from edi.services.rehearsal import taken_back
from edi.services.releases import SCHEDULE
from edi.states import DeliveryStatus, EventStatus, MessageStatus
from inventory.errors import Refused
from sequencer.models import SequenceGap, Task
from sequencer.states import GapStatus, TaskStatus

# The stations wait while a simulation holds the plant's rows, so it is short: so many bytes, so many events.
BYTES_AT_MOST = 5_000_000
EVENTS_AT_MOST = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One fact that would change, or one event that changes nothing (`field` empty).

    `kind`: call, part, receipt, gap or task; `subject` its number; `now` and `then` None where there is nothing.
    `outcome` is the status the event would get, `code` and `text` why.
    """

    kind: str
    subject: str
    field: str
    now: Any
    then: Any
    outcome: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a delivery would come to. `left_out` events were not tried because there are too many."""

    status: str
    note: str
    messages: tuple[dict[str, Any], ...]
    rows: tuple[Row, ...]
    counts: dict[str, int] = field(default_factory=dict)
    left_out: int = 0

    @property
    def clean(self) -> bool:
        """True when nothing of it would need a person."""
        refused = any(message["status"] == "REJECTED" for message in self.messages)
        stopped = self.counts.get(EventStatus.QUARANTINED, 0) + self.counts.get(EventStatus.HELD, 0)
        return self.status != DeliveryStatus.QUARANTINED and not refused and not stopped


def simulate_delivery(
    raw: bytes, partner: TradingPartner, *, at: datetime, name: str = "simulated"
) -> Simulation:
    """Takes `raw` through storing, reading and applying as if `partner` had sent it now, and takes all of it back.

    Promise: afterwards every row and every number is as before and nobody was told (on PostgreSQL ids of rows may
    be skipped, as by any transaction that is taken back). Refuses what is too large, a profile that cannot be used,
    and while the plant is at work on the same racks. Locks what the real intake locks.
    """
    if len(raw) > BYTES_AT_MOST:
        raise Refused("too_large", f"{len(raw)} bytes; at most {BYTES_AT_MOST} are simulated")
    try:
        with taken_back():
            return _play(raw, partner, name, at=at)
    except ProfileError as error:
        raise Refused("profile_unusable", f"the profile of {partner} cannot be used: {error}") from None


def _play(raw: bytes, partner: TradingPartner, name: str, *, at: datetime) -> Simulation:
    sha256 = hashlib.sha256(raw).hexdigest()
    delivery: Delivery = Delivery.objects.create(
        partner=partner, file_name=name[:255], inode=-1, mtime_ns=int(at.timestamp() * 1e9), size=len(raw),
        sha256=sha256, raw=raw, status=DeliveryStatus.PARSING, written_at=at, received_at=at,
    )  # fmt: skip
    profile = profile_of(read_as(delivery, profile_of(partner)))
    status = book_contents(delivery, profile, content_prints(io.BytesIO(raw), sha256, profile), at=at)
    messages = list(
        InboundMessage.objects.filter(interchange__delivery=delivery)
        .select_related("interchange__partner")
        .order_by("interchange__number", "number")
    )
    gaps, tasks = _open_gaps(), _open_tasks()
    ids, left_out = _ids(messages)
    rows = [row for event_id in ids for row in _apply(event_id, at=at)]
    rows += [row for row in _retried(messages, at=at) if row.outcome != EventStatus.HELD]
    for message in messages:
        if message.status == MessageStatus.PENDING:
            settle_message(message.pk, at=at)
    counts: dict[str, int] = {}
    for outcome in InboundEvent.objects.filter(pk__in=ids).values_list("status", flat=True):
        counts[outcome] = counts.get(outcome, 0) + 1
    delivery.refresh_from_db(fields=["note"])
    return Simulation(
        str(status),
        delivery.note,
        tuple(_message(message) for message in messages),
        (*rows, *_told(gaps, tasks)),
        counts,
        left_out,
    )


def _ids(messages: list[InboundMessage]) -> tuple[list[int], int]:
    """The events of the file in the order they would be applied, as many as are tried, and how many are not."""
    ids: list[int] = []
    for message in messages:
        events = list(message.events.order_by("number").values_list(*ORDER_FIELDS))
        ids += in_oem_order(events, span=counter_span(message.interchange.partner)) if events else []
    return ids[:EVENTS_AT_MOST], max(0, len(ids) - EVENTS_AT_MOST)


def _apply(event_id: int, *, at: datetime) -> Iterator[Row]:
    event = locked_event(event_id)
    before = facts_of(event)
    outcome = decide(event, at=at, by="simulation", hold_stale=True)
    book_outcome(event, outcome, at=at)
    after = facts_of(event)
    kind = {SCHEDULE: "part", RECEIPT: "receipt"}.get(event.event, "call")
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    for name in names or [""]:
        yield Row(
            kind, event.call_number, name, before.get(name), after.get(name), str(outcome.status), outcome.code,
            outcome.note,
        )  # fmt: skip


def _retried(messages: list[InboundMessage], *, at: datetime) -> Iterator[Row]:
    """Events that wait from before and that this file would free."""
    partners = {message.interchange.partner_id for message in messages}
    held = InboundEvent.objects.filter(partner__in=partners, status=EventStatus.HELD)
    held = held.exclude(message__in=messages)
    for event_id in sorted(held.order_by("tried_at", "pk").values_list("pk", flat=True)[:RETRY_BATCH]):
        yield from _apply(event_id, at=at)


def _open_gaps() -> set[tuple[int, str]]:
    rows = SequenceGap.objects.filter(status=GapStatus.OPEN).order_by("stream", "position")
    return set(rows.values_list("position", "sequence_number"))


def _open_tasks() -> dict[tuple[str, str], str]:
    rows = Task.objects.exclude(status=TaskStatus.DONE).order_by("pk")
    return {(kind, subject): text for kind, subject, text in rows.values_list("kind", "subject", "text")}


def _told(gaps: set[tuple[int, str]], tasks: dict[tuple[str, str], str]) -> Iterator[Row]:
    """Gaps and tasks that would open or close."""
    now = _open_gaps()
    for _, number in sorted(now - gaps):
        yield Row("gap", number, "missing", None, "missing", "", "", "opens a gap")
    for _, number in sorted(gaps - now):
        yield Row("gap", number, "missing", "missing", None, "", "", "fills a gap")
    then = _open_tasks()
    for kind, subject in {**tasks, **then}:
        before, after = tasks.get((kind, subject)), then.get((kind, subject))
        if before != after:
            text = "asks for a person" if after else "is settled"
            yield Row("task", subject, kind, before, after, "", "", text)


def _message(message: InboundMessage) -> dict[str, Any]:
    message.refresh_from_db(fields=["status"])
    return {
        "type": message.type,
        "kind": message.kind,
        "control_ref": message.interchange.control_ref,
        "interchange": message.interchange.status,
        "test": message.interchange.test,
        "partner": message.interchange.partner.code,
        "ref": message.ref,
        "status": message.status,
        "problems": message.problems,
    }
