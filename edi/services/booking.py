"""T2: a delivery's bytes become interchanges, messages and pending events, in one transaction.

What an envelope is worth is decided when its trailer has been read: ACCEPTED, a DUPLICATE of what came
before, a CONFLICT (number used before for other content) or REJECTED. Only ACCEPTED uses the control
number up, so a file that was cut off can be sent again under its own number.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, BinaryIO

from django.db import transaction

from edi import failpoints, formats
from edi.formats import (
    CallOffEvent,
    InterchangeEnd,
    InterchangeStart,
    Message,
    Problem,
    Profile,
    Receipt,
    Release,
)
from edi.models import Delivery, InboundEvent, InboundMessage, Interchange, TradingPartner, move_row
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.services.counters import count_arrivals
from edi.services.cycles import Cycles, cycle_in, named
from edi.services.entered import booked_ref, parts_of
from edi.services.outbound import issue_acknowledgement, take_answer
from edi.services.receipts import RECEIPT, receipt_content
from edi.services.releases import SCHEDULE, release_content
from edi.states import DELIVERY_MOVES, DeliveryKind, DeliveryStatus, InterchangeStatus, MessageStatus

EVENT_BATCH = 500
CALL_KINDS = frozenset({"call_off", "sequence_forecast"})


def book_delivery(
    delivery: Delivery, profile: Profile, *, at: datetime, fence: Callable[[], None]
) -> DeliveryStatus:
    """Reads a PARSING delivery and stores what it holds.

    Promise: booking it again, after a crash or by a person, adds nothing twice; a bad message parks itself
    and the rest goes on. `fence` raises when another worker holds the partner's lane by now. Returns the
    delivery's status.
    """
    prints = content_prints(io.BytesIO(delivery.raw), delivery.sha256, profile)
    with transaction.atomic(durable=True):
        fence()
        status = book_contents(delivery, profile, prints, at=at)
        failpoints.reach("before_commit")
    failpoints.reach("after_commit")
    return status


def book_contents(delivery: Delivery, profile: Profile, prints: list[str], *, at: datetime) -> DeliveryStatus:
    """The work of `book_delivery`, inside the caller's transaction."""
    booking = _Booking(delivery, profile, prints, at)
    for part in parts_of(delivery, profile):
        booking.take(part)
    return booking.finish()


def read_as(delivery: Delivery, profile: Profile) -> TradingPartner:
    """By whose dialect a file is read: that of the test side when it begins as a test, else the partner's own."""
    partner = delivery.partner
    if partner.test_side is None:
        return partner
    first = next((part for part in parts_of(delivery, profile) if isinstance(part, InterchangeStart)), None)
    test = profile.files.is_test(delivery.file_name) or (first is not None and first.test)
    return addressee(partner, test=test)


def content_prints(source: BinaryIO, whole: str, profile: Profile) -> list[str]:
    """A sha256 of each interchange's segments: line ends between them may differ, the content may not.

    Each transmission of VDA records has its own, also one that only the partner's layout knows. A file that is not
    cut into segments has its own hash (`whole`) for its one interchange.
    """
    prints: list[Any] = []
    opens = formats.envelope_tags(profile)
    for segment in formats.segments(source, profile):
        # As the reader tells them: three letters open an interchange, whatever stands behind.
        if segment.tag[:3] in opens:
            prints.append(hashlib.sha256())
        if prints:
            prints[-1].update(segment.text.encode("utf-8", "backslashreplace") + b"\n")
    return [item.hexdigest() for item in prints] or [whole]


@dataclass(slots=True)
class _Booking:
    """What one reading of one delivery has come to so far."""

    delivery: Delivery
    profile: Profile
    prints: list[str]
    at: datetime
    problems: list[Any] = field(default_factory=list)
    statuses: list[InterchangeStatus] = field(default_factory=list)
    start: InterchangeStart | None = None
    row: Interchange | None = None
    again: bool = False
    first: Interchange | None = None
    messages: list[Message] = field(default_factory=list)
    came: list[tuple[str, str]] = field(default_factory=list)
    events: list[InboundEvent] = field(default_factory=list)
    rejected: int = 0
    cycles: Cycles | None = None

    def take(self, part: InterchangeStart | Message | InterchangeEnd | Problem) -> None:
        if isinstance(part, Problem):
            self.problems.append(formats.as_json(part))
        elif isinstance(part, InterchangeStart):
            test = part.test or self.profile.files.is_test(self.delivery.file_name)
            self.start, self.row, self.messages, self.came = replace(part, test=test), None, [], []
            self.cycles = None
        elif isinstance(part, Message):
            self.take_message(part)
        else:
            self.close(part)

    # one interchange

    def open(self, message_type: str) -> Interchange:
        """The row of this envelope: the one a former reading made, or a new one with its verdict so far."""
        assert self.start is not None
        number = len(self.statuses) + 1
        row = self.delivery.interchanges.filter(number=number).first()
        self.again = row is not None and row.status in (
            InterchangeStatus.ACCEPTED,
            InterchangeStatus.DUPLICATE,
        )
        if row is not None and self.again:
            return row
        if row is not None:
            InboundMessage.objects.filter(interchange=row).delete()
        start = self.start
        partner = addressee(self.delivery.partner, test=start.test)
        row = row or Interchange(delivery=self.delivery, number=number)
        row.partner = partner
        row.message_type = message_type[:20]
        row.control_ref = booked_ref(self.delivery, start.control_ref)
        row.period = (start.prepared_at or "")[:4]
        row.content_sha256 = self.prints[number - 1]
        row.sender, row.recipient = (start.sender or "")[:40], (start.recipient or "")[:40]
        row.prepared_at = (start.prepared_at or "")[:20]
        row.test = start.test
        row.problems = []
        row.status = self.verdict(row)
        row.save()
        return row

    def verdict(self, row: Interchange) -> InterchangeStatus:
        former = Interchange.objects.filter(
            partner=row.partner, message_type=row.message_type, control_ref=row.control_ref,
            period=row.period, status=InterchangeStatus.ACCEPTED,
        ).first()  # fmt: skip
        self.first = former
        if former is None:
            return InterchangeStatus.ACCEPTED
        if former.content_sha256 == row.content_sha256:
            return InterchangeStatus.DUPLICATE
        text = f"number {row.control_ref} was used before (delivery {former.delivery_id}) for other content"
        row.problems = [_problem("control_number_reused", text, code_0085="26")]
        return InterchangeStatus.CONFLICT

    def take_message(self, message: Message) -> None:
        self.row = self.row or self.open(message.type)
        self.messages.append(replace(message, call_offs=(), releases=(), despatch=None, receipts=()))
        if self.row.status != InterchangeStatus.ACCEPTED:
            return
        stored = self.stored(message)
        if stored is not None:
            self.events += self.new_events(stored, message)
            if stored.status != MessageStatus.REJECTED:
                self.came.append((message.type, message.ref or ""))
        if len(self.events) >= EVENT_BATCH:
            self.flush()

    def stored(self, message: Message) -> InboundMessage | None:
        """The row of a message; None when a former reading took it already."""
        assert self.row is not None
        number = len(self.messages)
        former = self.row.messages.filter(number=number).first() if self.again else None
        if former is not None and (former.status != MessageStatus.REJECTED or former.settled_at is not None):
            return None
        row = former or InboundMessage(interchange=self.row, number=number)
        row.type, row.directory = message.type[:20], (message.directory or "")[:10]
        row.ref, row.function = (message.ref or "")[:35], (message.function or "")[:20]
        row.kind, row.document_number = message.kind[:24], (message.document_number or "")[:40]
        row.segment_first, row.segment_last = message.segment_first, message.segment_last
        row.problems = [formats.as_json(problem) for problem in message.problems]
        row.status = _status_of(message)
        row.call_off_count = len(_said(message)) if row.status == MessageStatus.PENDING else 0
        row.save()
        self.rejected += row.status == MessageStatus.REJECTED
        return row

    def new_events(self, row: InboundMessage, message: Message) -> Iterator[InboundEvent]:
        if row.status != MessageStatus.PENDING:
            return
        for number, said in enumerate(_said(message), 1):
            event, content = _fact(message, said)
            if isinstance(said, CallOffEvent) and self.profile.sequence.counted:
                content |= self.in_cycle(row.interchange.partner, said)
            yield InboundEvent(
                message=row,
                partner=row.interchange.partner,
                number=number,
                event=event[:12],
                call_number=(content["call_number"] or "")[:40],
                sequence_number=(content.get("sequence_number") or "")[:20],
                content=content,
                booked_at=self.at,
            )

    def in_cycle(self, partner: TradingPartner, call: CallOffEvent) -> dict[str, str | None]:
        """The round of the partner's count a call belongs to, and its identity with it."""
        assert self.start is not None
        if self.start.format == "manual":
            # People name the call they mean; what they write down moves no count.
            return {"call_number": call.call_number, "cycle": cycle_in(call.call_number)}
        self.cycles = self.cycles or Cycles(partner, self.profile)
        cycle = self.cycles.name(call, self.start.prepared_at or "", at=self.at)
        return {"call_number": named(call.call_number, cycle), "cycle": cycle}

    def flush(self) -> None:
        InboundEvent.objects.bulk_create(self.events, batch_size=EVENT_BATCH)
        self.events = []

    def close(self, end: InterchangeEnd) -> None:
        """The trailer is read: what the envelope is worth, and our answer to it."""
        self.flush()
        row = self.row = self.row or self.open("")
        self.statuses.append(InterchangeStatus(row.status))
        if self.again:
            self.count(again=True)
            self.keep_cycles()
            return
        row.group_ref = (end.group_ref or "")[:35]
        row.problems = [*row.problems, *(formats.as_json(problem) for problem in end.problems)]
        if row.status == InterchangeStatus.ACCEPTED and any(p.severity == "reject" for p in end.problems):
            InboundEvent.objects.filter(message__interchange=row).delete()
            row.messages.update(status=MessageStatus.REJECTED, call_off_count=0)
            row.status = self.statuses[-1] = InterchangeStatus.REJECTED
        row.save()
        if row.status == InterchangeStatus.ACCEPTED:
            self.take_answers()
            self.count(again=False)
            self.keep_cycles()
        self.answer(row, end)

    def count(self, *, again: bool) -> None:
        """What arrived, in the partner's own numbers: a break in the count that has no holes is a gap."""
        if self.start is not None:
            count_arrivals(self.delivery, self.start, self.came, self.profile, again=again, at=self.at)

    def keep_cycles(self) -> None:
        if self.cycles is not None:
            self.cycles.save(at=self.at)

    def take_answers(self) -> None:
        assert self.row is not None
        for message in self.messages:
            # What was counted (RECADV, 861) is a receipt with its own task, no verdict on our message.
            if not message.accepted or not message.acknowledged or message.kind == "receiving_advice":
                continue
            verdicts = [message.acknowledged]
            if message.kind == "application_error":
                # An application may speak of several despatches at once, each with a verdict of its own.
                verdicts = [(verdict,) for verdict in message.acknowledged]
            for found in verdicts:
                take_answer(self.row.partner, message.type, found, at=self.at)

    def answer(self, row: Interchange, end: InterchangeEnd) -> None:
        """What the partner agreed to, and asked for where he has to; an acknowledgement is never acknowledged."""
        assert self.start is not None
        kinds = self.profile.answers_to(requested=self.start.ack_requested)
        if not kinds or self.delivery.kind != DeliveryKind.FILE:
            return
        answers = ("acknowledgement", "application_error")
        if self.messages and all(message.kind in answers for message in self.messages):
            return
        received = formats.Interchange(
            sender=self.start.sender,
            recipient=self.start.recipient,
            control_ref=self.start.control_ref,
            prepared_at=self.start.prepared_at,
            test=self.start.test,
            group_ref=end.group_ref,
            problems=end.problems,
            messages=tuple(self.messages),
        )
        for kind in kinds:
            issue_acknowledgement(row, received, self.profile, kind=kind, at=self.at)

    # the whole file

    def finish(self) -> DeliveryStatus:
        status = self.outcome()
        duplicate_of = self.first.delivery_id if status == DeliveryStatus.DUPLICATE and self.first else None
        note = self.note(status)
        move_row(
            self.delivery, DELIVERY_MOVES, status,
            parsed_at=self.at, problems=self.problems, note=note[:300], duplicate_of_id=duplicate_of,
        )  # fmt: skip
        code, name, subject = (
            self.delivery.partner.code,
            self.delivery.file_name,
            f"delivery {self.delivery.pk}",
        )
        kind = f"delivery_{status.value.lower()}"
        journal(kind, name, at=self.at, partner=code, delivery=self.delivery.pk, note=note)
        if status == DeliveryStatus.QUARANTINED or self.rejected:
            raise_alarm(self.delivery.partner, "EDI_DELIVERY", subject, f"{code} {name}: {note}", at=self.at)
        else:
            clear_alarm("EDI_DELIVERY", subject, at=self.at, note=note)
        return status

    def outcome(self) -> DeliveryStatus:
        """QUARANTINED: a person must look; whatever was good in the file is booked all the same."""
        found = set(self.statuses)
        refused = any(problem["severity"] == "reject" for problem in self.problems)
        if refused or not found or found & {InterchangeStatus.CONFLICT, InterchangeStatus.REJECTED}:
            return DeliveryStatus.QUARANTINED
        return DeliveryStatus.DUPLICATE if found == {InterchangeStatus.DUPLICATE} else DeliveryStatus.PARSED

    def note(self, status: DeliveryStatus) -> str:
        if status == DeliveryStatus.DUPLICATE:
            return f"all of it came before, in delivery {self.first.delivery_id if self.first else '?'}"
        for row in self.delivery.interchanges.exclude(problems=[]).order_by("number"):
            if row.status in (InterchangeStatus.CONFLICT, InterchangeStatus.REJECTED):
                return str(row.problems[0]["text"])
        if self.problems:
            return str(self.problems[0]["text"])
        return f"{self.rejected} message(s) rejected" if self.rejected else ""


def addressee(partner: TradingPartner, *, test: bool) -> TradingPartner:
    """Whose an interchange is: what arrives marked as a test goes to the partner's test side, if he has one."""
    return partner.test_side if test and partner.test_side is not None else partner


def _said(message: Message) -> Sequence[CallOffEvent | Release | Receipt]:
    """What of a message is applied, each by itself: call-offs, releases of parts or receipts."""
    if message.kind in CALL_KINDS:
        return message.call_offs
    if message.kind == "release":
        return message.releases
    return message.receipts if message.kind == "receiving_advice" else ()


def _fact(message: Message, said: CallOffEvent | Release | Receipt) -> tuple[str, dict[str, Any]]:
    """The event and the facts that are kept of it."""
    if isinstance(said, Release):
        return SCHEDULE, release_content(message, said)
    if isinstance(said, Receipt):
        return RECEIPT, receipt_content(said)
    return said.event, _call_content(said)


def _call_content(call: CallOffEvent) -> dict[str, Any]:
    content = formats.as_json(call)
    assert isinstance(content, dict)
    # No key of the canonical JSON, but what the event is about: kept beside the facts.
    return {**content, "call_number": call.call_number}


def _status_of(message: Message) -> MessageStatus:
    if not message.accepted:
        return MessageStatus.REJECTED
    if _said(message):
        return MessageStatus.PENDING
    answers = message.kind == "acknowledgement" or message.acknowledged
    return MessageStatus.APPLIED if answers else MessageStatus.IGNORED


def _problem(code: str, text: str, **facts: str) -> dict[str, Any]:
    nowhere = dict.fromkeys(("segment", "tag", "element"))
    return {"code": code, "severity": "reject", **nowhere, "text": text, **facts}
