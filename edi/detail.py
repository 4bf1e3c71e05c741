"""One file or message as its page shows it: raw segments, the reading, and each problem at its place."""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Q

from edi import formats, overview
from edi.formats import Inspection, ProfileError
from edi.formats.description import Description, describe, mark
from edi.formats.manual import is_manual
from edi.formats.profile import EVENTS
from edi.formats.tokens import HEAD_BYTES
from edi.models import Delivery, InboundEvent, InboundMessage, Interchange, OutboundMessage, TradingPartner
from edi.monitor import LEVELS, STOPPED_OUT, WAITING_EVENTS, Rows
from edi.services import profile_of
from edi.states import DeliveryStatus, EventStatus, InterchangeStatus, MessageStatus, OutboundStatus
from inventory.errors import Unknown

SEGMENT_ROWS = 400
EVENT_ROWS = 200
WAITING_ROWS = 12
MESSAGE_ROWS = 60
# Counting the segments of a larger file would take longer than a page may.
COUNTED_BYTES = 8 * 1024 * 1024
# Shorter values (a count, a qualifier) stand in too many segments to name a call.
NAMING_CHARS = 4
NAMES = ("production_number", "vin", "sequence_number", "call_number")
# A page lists this much of a text that has no lines.
PLAIN_CHARS = 16_000


def delivery_facts(delivery_id: int, *, start: int = 1) -> dict[str, Any]:
    """One received file from segment `start` on: segments, problems, envelopes, messages, the calls named there."""
    found = (
        Delivery.objects.select_related(
            "partner",
            "duplicate_of",
            "entered_by",
            "settled_by",
            "corrects",
            "corrects_event",
            "corrects_message",
        )
        .defer("duplicate_of__raw", "corrects__raw")
        .filter(pk=delivery_id)
        .first()
    )
    if found is None:
        raise Unknown("unknown_delivery", f"There is no delivery {delivery_id}.", delivery=delivery_id)
    interchanges = list(found.interchanges.order_by("number"))
    messages = list(
        InboundMessage.objects.filter(interchange__in=interchanges)
        .select_related("settled_by")
        .order_by("interchange__number", "number")
    )
    raw = bytes(found.raw)
    form = description(found.partner, raw)
    problems = numbered_problems(found, interchanges, messages)
    segments = listing(raw, problems, start, form)
    events, more = _events(found, messages, segments["rows"])
    waiting = InboundEvent.objects.filter(message__in=messages, status__in=WAITING_EVENTS).count()
    rejected = sum(m.status == MessageStatus.REJECTED and m.settled_at is None for m in messages)
    return {
        "delivery": found,
        "level": "stop" if rejected else "" if found.settled_at else LEVELS.get(found.status, ""),
        "rejected": rejected,
        "waiting": waiting,
        "form": form,
        "zone": overview.zones_of([found.partner]).get(found.partner_id, ""),
        "interchanges": _tree(interchanges, messages, segments),
        "events": events,
        "events_more": more,
        "problems": problems,
        "segments": segments,
        "corrections": list(found.corrections.defer("raw").select_related("entered_by").order_by("pk")),
        "may_reprocess": _readable_again(found, messages),
        "may_correct": _correctable(found),
    }


def description(partner: TradingPartner, raw: bytes) -> Description:
    """How the file is written, read with the character set the partner's profile may force."""
    try:
        encoding = profile_of(partner).encoding
    except ProfileError:
        encoding = None
    return describe(raw[:HEAD_BYTES], encoding)


def _correctable(delivery: Delivery) -> bool:
    waits = delivery.status == DeliveryStatus.QUARANTINED and delivery.settled_at is None
    return waits and bool(delivery.sha256)


def _readable_again(delivery: Delivery, messages: Sequence[InboundMessage]) -> bool:
    """Something in it was not taken, nobody decided about it, and its bytes are here."""
    stopped = delivery.status == DeliveryStatus.QUARANTINED
    open_ones = any(m.status == MessageStatus.REJECTED and m.settled_at is None for m in messages)
    return bool(delivery.sha256) and delivery.settled_at is None and (stopped or open_ones)


# problems


def numbered_problems(
    delivery: Delivery, interchanges: Sequence[Interchange], messages: Sequence[InboundMessage]
) -> Rows:
    """Every problem once, in the order of the file, numbered so that segment and list can point at each other."""
    seen: dict[tuple[Any, ...], dict[str, Any]] = {}
    owners: list[Delivery | Interchange | InboundMessage] = [delivery, *interchanges, *messages]
    for problem in (problem for owner in owners for problem in owner.problems):
        key = (problem.get("segment"), problem.get("code"), problem.get("element"), problem.get("text"))
        seen.setdefault(key, problem)
    ordered = sorted(seen.values(), key=lambda p: p.get("segment") or 0)
    return [
        {**problem, "number": number, "page": page_of(problem.get("segment"))}
        for number, problem in enumerate(ordered, 1)
    ]


def page_of(segment: int | None) -> int:
    """The first segment of the page a segment stands on."""
    return ((segment or 1) - 1) // SEGMENT_ROWS * SEGMENT_ROWS + 1


# segments


def listing(
    raw: bytes, problems: Sequence[Mapping[str, Any]], start: int, form: Description | None = None
) -> dict[str, Any]:
    """Numbered segments, records or lines from `start` on, each with the problems that stand at it."""
    form = form or describe(raw[:HEAD_BYTES])
    at: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for problem in problems:
        at[problem.get("segment") or 0].append(problem)
    cut = next((problem for problem in problems if problem.get("code") == "truncated"), None)
    rest = _rest(raw, form, cut["segment"]) if cut and cut.get("segment") else None
    found = list(islice(_numbered(raw, rest), max(0, start - 1), start + SEGMENT_ROWS))
    rows = [_row(segment, at[segment.number], form) for segment in found[:SEGMENT_ROWS]]
    return {
        "rows": rows,
        "first": rows[0]["number"] if rows else None,
        "last": rows[-1]["number"] if rows else None,
        "total": sum(1 for _ in _numbered(raw, rest)) if len(raw) <= COUNTED_BYTES else None,
        "more_from": found[SEGMENT_ROWS].number if len(found) > SEGMENT_ROWS else None,
        "less_from": max(1, start - SEGMENT_ROWS) if start > 1 else None,
        "plain": "" if rows else raw[:PLAIN_CHARS].decode("latin-1"),
        "word": {"edifact": "segment", "x12": "segment", "vda": "record"}.get(form.format or "", "line"),
    }


def _numbered(raw: bytes, rest: formats.RawSegment | None = None) -> Iterator[formats.RawSegment]:
    """The segments of a file as its format cuts it; text of a format we cannot cut is listed line by line.

    `rest`: the beginning of a segment with which a file that was cut off ends.
    """
    segments = formats.segments(io.BytesIO(raw))
    first = next(segments, None)
    if first is not None:
        yield first
        yield from segments
        if rest is not None:
            yield rest
    elif b"\n" in raw[:PLAIN_CHARS] and not raw[:PLAIN_CHARS].translate(None, _TEXT):
        for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
            yield formats.RawSegment(number, "", line, [])


def _rest(raw: bytes, form: Description, number: int) -> formats.RawSegment | None:
    """What stands behind the last segment that ends, where its problem says that it stands."""
    if not form.has_segments:
        return None
    text = raw[-PLAIN_CHARS:].decode(form.encoding, "replace").rstrip("\r\n\x1a\x00 ")
    place = text.rfind(form.terminator)
    while place > 0 and form.release.strip() and text[place - 1] == form.release:
        place = text.rfind(form.terminator, 0, place)
    text = text[place + 1 :].lstrip("\r\n")
    return formats.RawSegment(number, text[:3], text, [])


_TEXT = bytes(range(0x20, 0x100)) + b"\t\r\n\x1a\x00"


def _row(
    segment: formats.RawSegment, problems: Sequence[Mapping[str, Any]], form: Description
) -> dict[str, Any]:
    place = next((str(problem["element"]) for problem in problems if problem.get("element")), "")
    return {
        "number": segment.number,
        "tag": segment.tag,
        "text": segment.text,
        # The blanks a record is filled up with say nothing.
        "pieces": mark(segment.text, place, form) if place else [(segment.text.rstrip(), False)],
        "problems": problems,
        "values": {part for element in segment.elements for part in element if len(part) >= NAMING_CHARS},
        "events": [],
    }


# events


def _events(delivery: Delivery, messages: Sequence[InboundMessage], rows: Rows) -> tuple[Rows, int]:
    """Calls that wait, then those that the listed segments name; the two point at each other."""
    events = InboundEvent.objects.filter(message__in=messages).select_related("by", "message")
    waiting = list(events.filter(status__in=WAITING_EVENTS).order_by("pk")[:WAITING_ROWS])
    values = {value for row in rows for value in row["values"]}
    here = Q(call_number__in=values) | Q(sequence_number__in=values)
    named = list(events.filter(here).exclude(pk__in=[e.pk for e in waiting]).order_by("pk")[:EVENT_ROWS])
    if not named:
        rest = events.exclude(pk__in=[event.pk for event in waiting]).order_by("pk")
        named = list(rest[:EVENT_ROWS])
    shown = [*waiting, *named]
    total = sum(message.call_off_count for message in messages)
    places = _naming(shown, rows)
    return [_event(event, places[event.pk]) for event in shown], max(0, total - len(shown))


def _naming(events: Sequence[InboundEvent], rows: Rows) -> dict[int, list[int]]:
    """Which listed segments name which call, as an exact value; each row learns its calls."""
    owners: dict[str, list[InboundEvent]] = defaultdict(list)
    for event in events:
        for value in {str(event.content.get(name) or "") for name in NAMES} - {""}:
            owners[value].append(event)
    places: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        for event in {event.pk: event for value in row["values"] for event in owners.get(value, ())}.values():
            row["events"].append(event)
            places[event.pk].append(row["number"])
    return places


def _event(event: InboundEvent, places: Sequence[int]) -> dict[str, Any]:
    return {
        "row": event,
        "level": LEVELS.get(event.status, ""),
        "waits": event.status in WAITING_EVENTS,
        "is_call": event.event in EVENTS,
        "corrected": event.status == EventStatus.DISCARDED and event.code == "corrected",
        "tree": tree(event.content),
        "places": places[:6],
    }


def _tree(
    interchanges: Sequence[Interchange], messages: Sequence[InboundMessage], listed: Mapping[str, Any]
) -> Rows:
    """Envelopes with their messages; of very many only those that were rejected or stand in the listed part."""
    by_interchange: dict[int, list[InboundMessage]] = defaultdict(list)
    left_out: Counter[int] = Counter()
    first, last = listed["first"] or 1, listed["last"] or 0
    for message in messages:
        here = message.segment_first <= last and message.segment_last >= first
        if len(messages) <= MESSAGE_ROWS or here or message.status == MessageStatus.REJECTED:
            by_interchange[message.interchange_id].append(message)
        else:
            left_out[message.interchange_id] += 1
    return [
        {
            "row": interchange,
            "level": LEVELS.get(interchange.status, "soon" if interchange.status == "DUPLICATE" else ""),
            "messages": [_message(m, interchange) for m in by_interchange[interchange.pk]],
            "more": left_out[interchange.pk],
        }
        for interchange in interchanges
    ]


def _message(message: InboundMessage, interchange: Interchange) -> dict[str, Any]:
    open_one = message.status == MessageStatus.REJECTED and message.settled_at is None
    return {
        "row": message,
        "level": "" if message.settled_at else LEVELS.get(message.status, ""),
        "page": page_of(message.segment_first),
        "may_correct": open_one and interchange.status == InterchangeStatus.ACCEPTED,
        "may_discard": open_one,
    }


def tree(value: Any, name: str = "") -> Rows:
    """A canonical reading as indented (depth, name, text) lines; absent facts are left out."""
    return list(_lines(value, name, 0))


def _lines(value: Any, name: str, depth: int) -> Iterable[dict[str, Any]]:
    if isinstance(value, dict):
        if name:
            yield {"depth": depth, "name": name, "text": ""}
        for key, inner in value.items():
            yield from _lines(inner, key, depth + bool(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            yield from _lines(inner, f"{name} {number}", depth)
    elif value is not None and value != "":
        yield {"depth": depth, "name": name, "text": str(value)}


def stored_delivery(delivery_id: int) -> Delivery:
    """A delivery with its partner; the page of an unknown one is a 404."""
    found = Delivery.objects.select_related("partner").filter(pk=delivery_id).first()
    if found is None:
        raise Unknown("unknown_delivery", f"There is no delivery {delivery_id}.", delivery=delivery_id)
    return found


def canonical(delivery_id: int) -> tuple[Delivery, Iterator[str]]:
    """The canonical JSON of a file, piece by piece, read with the partner's profile of today."""
    found = stored_delivery(delivery_id)
    raw = bytes(found.raw)
    if is_manual(raw):
        return found, iter([json.dumps(json.loads(raw), ensure_ascii=False, indent=2)])
    return found, Inspection(io.BytesIO(raw), profile_of(found.partner)).pieces()


# what we send


def outbound_facts(message_id: int, *, start: int = 1, at: datetime | None = None) -> dict[str, Any]:
    """One message of ours: its bytes as segments and how its sending went."""
    found = (
        OutboundMessage.objects.select_related("partner", "shipment", "answers").filter(pk=message_id).first()
    )
    if found is None:
        raise Unknown("unknown_message", f"There is no outbound message {message_id}.", outbound=message_id)
    raw = bytes(found.content)
    form = description(found.partner, raw)
    return {
        "message": found,
        "level": LEVELS.get(found.status, ""),
        "form": form,
        "zone": overview.zones_of([found.partner]).get(found.partner_id, ""),
        "segments": listing(raw, [], start, form),
        "may_resend": found.status in {OutboundStatus.SENT, *STOPPED_OUT},
    }
