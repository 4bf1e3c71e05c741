"""What came wrong, put right by a named person: the original stays, a delivery of kind CORRECTION follows it.

Three things can be corrected: the facts of one call that waits, the text of one message that was rejected, and
the text of a file nothing of which could be taken.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from edi import formats
from edi.formats import CallOffEvent, Reading
from edi.formats.calls import identify
from edi.formats.description import Description, describe
from edi.formats.manual import ManualHead, call_facts, call_of, write_manual
from edi.formats.profile import EVENTS
from edi.formats.tokens import HEAD_BYTES
from edi.models import Delivery, InboundEvent, InboundMessage, TradingPartner, move_row
from edi.services.cycles import named_by_hand
from edi.services.entered import enter_delivery, release_delivery, said
from edi.services.events import Preview, decide, facts_of, journal_by, settle_message, waiting_event
from edi.services.intake import flushed_commit
from edi.services.profiles import profile_of
from edi.services.rehearsal import taken_back
from edi.services.settling import (
    quarantined_delivery,
    rejected_message,
    settle_delivery,
    settle_message_row,
)
from edi.states import EVENT_MOVES, DeliveryKind, EventStatus, InterchangeStatus
from inventory.errors import Invalid, Refused

# A person reads what a person changes; a larger file is sent again by the partner.
MOST_CHARS = 400_000
IDENTITY_FACTS = ("production_number", "vin", "sequence_number", "sequence_source", "required_at")


@dataclass(frozen=True, slots=True)
class Original:
    """What a person corrects: its text, a segment a line where the format has segments, and how it is written."""

    text: str
    form: Description
    opening: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()


# the facts of one call


def correct_event(
    event_id: int, facts: Mapping[str, Any], *, by: AbstractBaseUser, reason: str, at: datetime
) -> Delivery:
    """Replaces a call that waits by one with other facts; the original is discarded by the same person.

    Promise: both happen or neither; the original and the correction know each other. Refuses facts that
    cannot be read, facts that are the same, and a call that no longer waits. Locks the event.
    """
    why = said(reason)
    with flushed_commit():
        event = waiting_event(event_id)
        _refuse_no_call(event)
        call = corrected_call(event, facts)
        if call_facts(call) == call_facts(call_of(event.content)):
            raise Refused("nothing_changed", "no fact was changed; release the call instead")
        message, original = event.message, event.message.interchange.delivery
        number = event.corrections.count() + 1
        head = ManualHead(
            control_ref=f"correction-{event.pk}-{number}",
            prepared_at=at.isoformat(timespec="seconds"),
            kind=message.kind,
            document_number=message.document_number or None,
            test=message.interchange.test,
        )
        delivery = enter_delivery(
            event.partner, f"correction-of-event-{event.pk}-{number}.json", write_manual(head, [call]),
            kind=DeliveryKind.CORRECTION, by=by, reason=why, at=at, corrects=original, event=event,
        )  # fmt: skip
        note = f"corrected by delivery {delivery.pk}: {why}"
        move_row(event, EVENT_MOVES, EventStatus.DISCARDED, by=by, code="corrected", note=note[:300])
        journal_by(event, "event_corrected", by, at=at, reason=why)
        settle_message(event.message_id, at=at)
    release_delivery(delivery, at=at)
    return delivery


def _refuse_no_call(event: InboundEvent) -> None:
    if event.event not in EVENTS:
        raise Refused(
            "not_a_call", f"a {event.event.lower()} is no call-off; its message is corrected or sent again"
        )


def corrected_call(event: InboundEvent, facts: Mapping[str, Any]) -> CallOffEvent:
    """The call as a person wrote it. Its identity follows from the facts by the partner's own rule."""
    try:
        call = call_of(facts)
    except ValueError as error:
        raise Invalid("bad_facts", f"these facts cannot be taken: {error}") from error
    if any(facts.get(name) != event.content.get(name) for name in IDENTITY_FACTS):
        number = identity_of(event.partner, call, event.message.document_number)
    else:
        number = event.call_number
    if not number:
        raise Invalid("no_call_number", "the facts name no call: give a production number or a VIN")
    return call_of({**facts, "call_number": number})


def identity_of(partner: TradingPartner, call: CallOffEvent, document: str) -> str | None:
    """The call number by the partner's identity rule, None when the facts do not give one."""
    profile = profile_of(partner)
    number = identify(
        profile,
        call.production_number,
        call.vin,
        document or None,
        call.sequence_number,
        source=call.sequence_source,
        moment=call.required_at,
    )
    return None if number is None else named_by_hand(partner, profile, call, number)


def preview_correction(event_id: int, facts: Mapping[str, Any], *, at: datetime) -> Preview:
    """What the corrected call would change, found by doing it and taking it back."""
    with taken_back():
        event = waiting_event(event_id)
        call = corrected_call(event, facts)
        event.event, event.call_number = call.event, call.call_number or ""
        event.sequence_number, event.content = call.sequence_number or "", call_facts(call)
        before = facts_of(event)
        outcome = decide(event, at=at, by="preview", hold_stale=True)
        after = facts_of(event)
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    changes = {key: (before.get(key), after.get(key)) for key in keys}
    return Preview(outcome.status, outcome.code, outcome.note, changes)


# the text of a file


def original_of_delivery(delivery: Delivery) -> Original:
    """The whole text of a file. Refuses one without bytes, one too large for a person, one of another character set."""
    raw = bytes(delivery.raw)
    if not raw:
        raise Refused("no_bytes", "the file was refused unread; there is nothing to correct")
    form = _form(delivery.partner, raw)
    text = _decoded(raw, form.encoding)
    end = form.terminator
    if form.has_segments and end not in "\r\n" and "\n" not in text:
        text = text.replace(end, f"{end}\n")
    return Original(_fit(text), form)


def correct_delivery(
    delivery_id: int, text: str, *, by: AbstractBaseUser, reason: str, at: datetime
) -> Delivery:
    """Has a quarantined file read with corrected text; the file itself stays and counts as decided.

    Promise: interchanges that were taken already come as duplicates, for their number and content are known.
    Refuses what `quarantined_delivery` refuses, unchanged text, and characters the file's set does not have.
    Locks the file.
    """
    why = said(reason)
    with flushed_commit():
        found = quarantined_delivery(delivery_id)
        original = original_of_delivery(found)
        raw = rewritten(original, text)
        number = found.corrections.count() + 1
        delivery = enter_delivery(
            found.partner, f"correction-of-file-{found.pk}-{number}.txt", raw,
            kind=DeliveryKind.CORRECTION, by=by, reason=why, at=at, corrects=found,
        )  # fmt: skip
        settle_delivery(found, by=by, note=f"corrected by delivery {delivery.pk}: {why}", at=at)
    release_delivery(delivery, at=at)
    return delivery


# the text of one message


def original_of_message(message: InboundMessage) -> Original:
    """One message with the envelope it stood in. Refuses a format whose messages cannot be taken out."""
    delivery = message.interchange.delivery
    raw = bytes(delivery.raw)
    form = _form(delivery.partner, raw)
    if not form.has_segments:
        raise Refused(
            "not_separable", f"a message of a {form.format} file cannot be taken out; correct the file"
        )
    if len(set(re.findall(rb"UNA[^A-Za-z0-9]{6}", raw))) > 1:
        raise Refused(
            "mixed_separators",
            "this file changes its separators; enter the calls by hand or ask for it again",
        )
    opening, inside, closing = _cut_out(raw, message, form)
    return Original(_fit("\n".join(inside)), form, opening, closing)


def _cut_out(
    raw: bytes, message: InboundMessage, form: Description
) -> tuple[tuple[str, ...], list[str], tuple[str, ...]]:
    """Opening segments, the message's own, closing segments whose counts say that one message is inside."""
    end = "" if form.terminator in "\r\n" else form.terminator
    opens = {"UNB": "UNZ", "UNG": "UNE", "ISA": "IEA", "GS": "GE"}
    standing: dict[str, str] = {}
    inside: list[str] = []
    closing: list[str] = []
    for segment in formats.segments(io.BytesIO(raw)):
        if segment.number < message.segment_first:
            if segment.tag in ("UNB", "ISA"):
                standing = {}
            if segment.tag in opens:
                standing[segment.tag] = segment.text
            elif segment.tag in opens.values():
                standing.pop(next(tag for tag, closer in opens.items() if closer == segment.tag), None)
        elif segment.number <= message.segment_last:
            inside.append(segment.text + end)
        elif segment.tag in opens.values():
            if next(tag for tag, closer in opens.items() if closer == segment.tag) in standing:
                closing.append(_counting_one(segment.tag, segment.text) + end)
            if segment.tag in ("UNZ", "IEA"):
                break
    return tuple(text + end for text in standing.values()), inside, tuple(closing)


def _counting_one(tag: str, text: str) -> str:
    separator = text[len(tag) : len(tag) + 1]
    parts = text.split(separator)
    return separator.join([parts[0], "1", *parts[2:]]) if separator and len(parts) > 1 else text


def correct_message(
    message_id: int, text: str, *, by: AbstractBaseUser, reason: str, at: datetime
) -> Delivery:
    """Has a rejected message read with corrected text, in its own envelope; the rest of its file is untouched.

    Refuses a message whose envelope was not taken (the file is corrected as a whole then), one that is decided,
    unchanged text. Locks the file.
    """
    why = said(reason)
    with flushed_commit():
        found = rejected_message(message_id)
        if found.interchange.status != InterchangeStatus.ACCEPTED:
            raise Refused("correct_the_file", "nothing of its envelope was taken; correct the whole file")
        original = original_of_message(found)
        raw = rewritten(original, text)
        number = found.corrections.count() + 1
        of = found.interchange.delivery
        delivery = enter_delivery(
            of.partner, f"correction-of-message-{found.pk}-{number}.txt", raw,
            kind=DeliveryKind.CORRECTION, by=by, reason=why, at=at, corrects=of, message=found,
        )  # fmt: skip
        settle_message_row(found, by=by, note=f"corrected by delivery {delivery.pk}: {why}", at=at)
    release_delivery(delivery, at=at)
    return delivery


# both


def rewritten(original: Original, text: str) -> bytes:
    """The bytes of a corrected text. Refuses unchanged text and characters the file's set does not have."""
    plain = text.replace("\r\n", "\n").strip("\n")
    if plain == original.text.replace("\r\n", "\n").strip("\n"):
        raise Refused("nothing_changed", "the text is as it was; correct what the problems name")
    una = (original.form.una,) if original.opening and original.form.una else ()
    whole = "\n".join([*una, *original.opening, plain, *original.closing]) + "\n"
    if not original.opening and "\r\n" in original.text:
        whole = whole.replace("\n", "\r\n")
    try:
        return whole.encode(original.form.encoding)
    except UnicodeEncodeError as error:
        sign = error.object[error.start]
        raise Invalid(
            "not_in_charset", f"{sign!r} cannot be written in {original.form.encoding}; write it otherwise"
        ) from error


def read_again(partner: TradingPartner, original: Original, text: str) -> Reading:
    """What the corrected text says, read without writing anything: its problems and its calls."""
    return formats.read(rewritten(original, text), profile_of(partner))


def _form(partner: TradingPartner, raw: bytes) -> Description:
    return describe(raw[:HEAD_BYTES], profile_of(partner).encoding)


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused(
            "unreadable_text",
            f"byte {error.start + 1} is no {encoding}; the text would not come back as it was",
        ) from error


def _fit(text: str) -> str:
    if len(text) > MOST_CHARS:
        raise Refused("too_large_to_correct", f"{len(text)} characters are too many to correct by hand")
    return text
