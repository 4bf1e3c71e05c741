"""What the EDI pages show: plain dictionaries, read with a fixed number of queries."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from edi import formats
from edi.models import Delivery, InboundEvent, InboundMessage, Interchange, OutboundMessage, TradingPartner
from edi.states import DeliveryStatus, EventStatus, InterchangeStatus, MessageStatus, OutboundStatus
from inventory.errors import Unknown

Rows = list[dict[str, Any]]

LIST_ROWS = 60
SEGMENT_ROWS = 1000
EVENT_ROWS = 300
RECENT = timedelta(days=7)
# A pulse is late after three of its beats and lost after ten.
LATE_BEATS, LOST_BEATS = 3, 10
WAITING_EVENTS = [EventStatus.HELD, EventStatus.QUARANTINED]
STOPPED_OUT = [OutboundStatus.REJECTED, OutboundStatus.ATTENTION]
LEVELS = {
    "QUARANTINED": "stop",
    "REJECTED": "stop",
    "ATTENTION": "stop",
    "CONFLICT": "stop",
    "HELD": "soon",
    "PARTLY_APPLIED": "soon",
    "ACCEPTED": "",
}


def partners(*, at: datetime, line: int | None = None) -> Rows:
    """One row a partner and message type: last received, expected, today's counts, what waits."""
    found = TradingPartner.objects.filter(active=True).order_by("code")
    if line is not None:
        found = found.filter(routes__program__line=line).distinct()
    last = Delivery.objects.filter(partner=OuterRef("pk")).order_by("-id").values("received_at")[:1]
    rows = list(found.annotate(last_at=Subquery(last)))
    counts = _Counts(rows, at)
    return [row for partner in rows for row in counts.rows_of(partner)]


class _Counts:
    """Today's figures of some partners, each read once for all of them."""

    def __init__(self, partners: Sequence[TradingPartner], at: datetime) -> None:
        self.at = at
        today = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
        self.inbound = self._inbound(partners, today)
        self.outbound = self._outbound(partners, today)
        self.waiting = self._waiting(partners)
        self.stopped = _by_partner(
            Delivery.objects.filter(partner__in=partners, status=DeliveryStatus.QUARANTINED)
        )

    def _inbound(self, partners: Sequence[TradingPartner], today: datetime) -> dict[int, Rows]:
        rows = (
            Interchange.objects.filter(partner__in=partners, delivery__received_at__gte=self.at - RECENT)
            .order_by("partner", "message_type")
            .values("partner", "message_type")
            .annotate(
                last=Max("delivery__received_at"),
                today=Count("pk", filter=Q(delivery__received_at__gte=today)),
            )
        )
        return _grouped(rows)

    def _outbound(self, partners: Sequence[TradingPartner], today: datetime) -> dict[int, Rows]:
        rows = (
            OutboundMessage.objects.filter(partner__in=partners, created_at__gte=self.at - RECENT)
            .order_by("partner", "kind")
            .values("partner", "kind")
            .annotate(
                last=Max("sent_at"),
                today=Count("pk", filter=Q(created_at__gte=today)),
                unanswered=Count(
                    "pk", filter=Q(status=OutboundStatus.SENT, ack_expected=True, answered_at__isnull=True)
                ),
                stopped=Count("pk", filter=Q(status__in=STOPPED_OUT)),
            )
        )
        return _grouped(rows)

    def _waiting(self, partners: Sequence[TradingPartner]) -> dict[tuple[int, str], int]:
        rows = (
            InboundEvent.objects.filter(partner__in=partners, status__in=WAITING_EVENTS)
            .order_by()
            .values("partner", "status")
            .annotate(count=Count("pk"))
        )
        return {(row["partner"], row["status"]): row["count"] for row in rows}

    def rows_of(self, partner: Any) -> Rows:
        inbound, outbound = self.inbound.get(partner.pk, []), self.outbound.get(partner.pk, [])
        head = self._head(partner)
        rows = [self._in_row(head, row) for row in inbound] or [self._in_row(head, None)]
        return rows + [self._out_row(head, row) for row in outbound]

    def _head(self, partner: Any) -> dict[str, Any]:
        silent = (self.at - partner.last_at).total_seconds() if partner.last_at else None
        beats = silent / partner.pulse_seconds if silent is not None and partner.pulse_seconds else 0
        return {
            "partner": partner.code,
            "name": partner.name,
            "pulse": partner.pulse_seconds,
            "silent": silent,
            "level": "stop" if beats > LOST_BEATS else "soon" if beats > LATE_BEATS else "",
            "held": self.waiting.get((partner.pk, EventStatus.HELD), 0),
            "quarantined": self.waiting.get((partner.pk, EventStatus.QUARANTINED), 0),
            "stopped_files": self.stopped.get(partner.pk, 0),
        }

    def _in_row(self, head: Mapping[str, Any], row: Mapping[str, Any] | None) -> dict[str, Any]:
        return {
            **head,
            "direction": "in",
            "type": row["message_type"] if row else "",
            "age": (self.at - row["last"]).total_seconds() if row else None,
            "today": row["today"] if row else 0,
            "errors": head["quarantined"] + head["stopped_files"],
            "unanswered": 0,
        }

    def _out_row(self, head: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **head,
            "direction": "out",
            "level": "",
            "held": 0,
            "type": row["kind"],
            "age": (self.at - row["last"]).total_seconds() if row["last"] else None,
            "today": row["today"],
            "errors": row["stopped"],
            "unanswered": row["unanswered"],
        }


def _grouped(rows: Iterable[Mapping[str, Any]]) -> dict[int, Rows]:
    found: dict[int, Rows] = defaultdict(list)
    for row in rows:
        found[row["partner"]].append(dict(row))
    return found


def _by_partner(rows: QuerySet[Any]) -> dict[int, int]:
    return {
        row["partner"]: row["count"] for row in rows.order_by().values("partner").annotate(count=Count("pk"))
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of the address."""

    partner: str = ""
    direction: str = ""
    type: str = ""
    status: str = ""
    q: str = ""
    until: datetime | None = None


def traffic(wanted: Wanted) -> dict[str, Any]:
    """Files received and messages sent, the newest first, and where the older ones begin."""
    rows: Rows = []
    if wanted.direction != "out":
        rows += _received(wanted)
    if wanted.direction != "in":
        rows += _sent(wanted)
    rows.sort(key=lambda row: row["at"], reverse=True)
    return {"rows": rows[:LIST_ROWS], "older": rows[LIST_ROWS - 1]["at"] if len(rows) > LIST_ROWS else None}


def _received(wanted: Wanted) -> Rows:
    deliveries = Delivery.objects.defer("raw").select_related("partner").order_by("-received_at", "-id")
    if wanted.partner:
        deliveries = deliveries.filter(partner__code=wanted.partner)
    if wanted.until:
        deliveries = deliveries.filter(received_at__lt=wanted.until)
    if wanted.type:
        deliveries = deliveries.filter(
            pk__in=Interchange.objects.filter(message_type=wanted.type).values("delivery")
        )
    if wanted.status:
        deliveries = deliveries.filter(_of_status(wanted.status))
    if wanted.q:
        deliveries = deliveries.filter(_about(wanted.q))
    found = list(deliveries[: LIST_ROWS + 1])
    envelopes = _envelopes(found)
    events, rejected = _events_of(found), _rejected_of(found)
    return [_received_row(d, envelopes[d.pk], events[d.pk], rejected.get(d.pk, 0)) for d in found]


def _of_status(status: str) -> Q:
    """A file is found by its own state, or by that of an event in it."""
    events = InboundEvent.objects.filter(status=status)
    return Q(status=status) | Q(pk__in=events.values("message__interchange__delivery"))


def _about(text: str) -> Q:
    events = InboundEvent.objects.filter(
        Q(call_number__iexact=text) | Q(sequence_number=text) | Q(message__document_number=text)
    )
    envelopes = Interchange.objects.filter(control_ref=text)
    return (
        Q(pk__in=events.values("message__interchange__delivery"))
        | Q(pk__in=envelopes.values("delivery"))
        | Q(file_name__icontains=text)
    )


def _envelopes(deliveries: Sequence[Delivery]) -> dict[int, list[Interchange]]:
    found: dict[int, list[Interchange]] = defaultdict(list)
    for interchange in Interchange.objects.filter(delivery__in=deliveries).order_by("number"):
        found[interchange.delivery_id].append(interchange)
    return found


def _events_of(deliveries: Sequence[Delivery]) -> dict[int, Counter[str]]:
    rows = (
        InboundEvent.objects.filter(message__interchange__delivery__in=deliveries)
        .order_by()
        .values("message__interchange__delivery", "status")
        .annotate(count=Count("pk"))
    )
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row["message__interchange__delivery"]][row["status"]] = row["count"]
    return found


def _rejected_of(deliveries: Sequence[Delivery]) -> dict[int, int]:
    """Messages of each file that could not be read: their calls must be sent again."""
    rows = (
        InboundMessage.objects.filter(interchange__delivery__in=deliveries, status=MessageStatus.REJECTED)
        .order_by()
        .values("interchange__delivery")
        .annotate(count=Count("pk"))
    )
    return {row["interchange__delivery"]: row["count"] for row in rows}


def _received_row(
    delivery: Delivery, envelopes: Sequence[Interchange], events: Counter[str], rejected: int
) -> dict[str, Any]:
    types = sorted({envelope.message_type for envelope in envelopes if envelope.message_type})
    worst = next((s for s in ("QUARANTINED", "HELD", "PENDING") if events[s]), "")
    return {
        "direction": "in",
        "id": delivery.pk,
        "at": delivery.received_at,
        "partner": delivery.partner.code,
        "name": delivery.file_name,
        "type": ", ".join(types) or "—",
        "control": ", ".join(dict.fromkeys(e.control_ref for e in envelopes if e.control_ref)) or "—",
        "status": delivery.status,
        "level": "stop" if rejected else LEVELS.get(delivery.status) or LEVELS.get(worst, ""),
        "events": _event_words(events),
        "note": delivery.note,
        "attempts": delivery.attempts,
    }


def _event_words(events: Counter[str]) -> str:
    order = ["APPLIED", "DUPLICATE", "HELD", "QUARANTINED", "DISCARDED", "PENDING"]
    return " · ".join(f"{events[s]} {s.lower()}" for s in order if events[s])


def _sent(wanted: Wanted) -> Rows:
    messages = OutboundMessage.objects.defer("content").select_related("partner", "shipment")
    if wanted.partner:
        messages = messages.filter(partner__code=wanted.partner)
    if wanted.until:
        messages = messages.filter(created_at__lt=wanted.until)
    if wanted.type:
        messages = messages.filter(kind=wanted.type)
    if wanted.status:
        messages = messages.filter(status=wanted.status)
    if wanted.q:
        messages = messages.filter(
            Q(shipment__number__iexact=wanted.q) | Q(control_ref=wanted.q) | Q(file_name__icontains=wanted.q)
        )
    return [_sent_row(m) for m in messages.order_by("-created_at", "-id")[: LIST_ROWS + 1]]


def _sent_row(message: OutboundMessage) -> dict[str, Any]:
    return {
        "direction": "out",
        "id": message.pk,
        "at": message.created_at,
        "partner": message.partner.code,
        "name": message.file_name,
        "type": message.kind,
        "control": message.control_ref,
        "status": message.status,
        "level": LEVELS.get(message.status, ""),
        "events": f"shipment {message.shipment.number}" if message.shipment else "",
        "note": message.note,
        "attempts": message.attempts,
    }


def choices(*, at: datetime) -> dict[str, list[str]]:
    """What the filters offer."""
    recent = Interchange.objects.filter(delivery__received_at__gte=at - RECENT)
    types = set(recent.order_by().values_list("message_type", flat=True).distinct())
    types |= set(
        OutboundMessage.objects.filter(created_at__gte=at - RECENT).order_by().values_list("kind", flat=True)
    )
    statuses = {*DeliveryStatus, *EventStatus, *OutboundStatus}
    return {
        "partners": list(TradingPartner.objects.order_by("code").values_list("code", flat=True)),
        "types": sorted(t for t in types if t),
        "statuses": sorted(str(status) for status in statuses),
    }


def delivery_facts(delivery_id: int, *, start: int = 1) -> dict[str, Any]:
    """One received file: segments with the problems at their place, envelopes, messages, events."""
    found = Delivery.objects.select_related("partner", "duplicate_of__partner").filter(pk=delivery_id).first()
    if found is None:
        raise Unknown("unknown_delivery", f"There is no delivery {delivery_id}.", delivery=delivery_id)
    interchanges = list(found.interchanges.order_by("number"))
    messages = list(
        InboundMessage.objects.filter(interchange__in=interchanges).order_by("interchange__number", "number")
    )
    problems = _problems(found, interchanges, messages)
    events = InboundEvent.objects.filter(message__in=messages).select_related("by", "message")
    # What waits for a person comes first, then the order of the file.
    ordered = sorted(events[:EVENT_ROWS], key=lambda e: (e.status not in WAITING_EVENTS, e.pk))
    return {
        "delivery": found,
        "level": LEVELS.get(found.status, ""),
        "interchanges": _tree(interchanges, messages),
        "events": [_event(event) for event in ordered],
        "events_more": max(0, events.count() - EVENT_ROWS),
        "problems": problems,
        "segments": listing(bytes(found.raw), problems, start),
        "may_reprocess": _readable_again(found, messages),
    }


def _readable_again(delivery: Delivery, messages: Sequence[InboundMessage]) -> bool:
    """Something in it was not taken, and its bytes are here."""
    stopped = delivery.status == DeliveryStatus.QUARANTINED
    return bool(delivery.sha256) and (stopped or any(m.status == MessageStatus.REJECTED for m in messages))


def _problems(
    delivery: Delivery, interchanges: Sequence[Interchange], messages: Sequence[InboundMessage]
) -> Rows:
    """Every problem once, in the order of the file."""
    seen: dict[tuple[Any, ...], dict[str, Any]] = {}
    owners: list[Delivery | Interchange | InboundMessage] = [delivery, *interchanges, *messages]
    for problem in (problem for owner in owners for problem in owner.problems):
        key = (problem.get("segment"), problem.get("code"), problem.get("element"), problem.get("text"))
        seen.setdefault(key, problem)
    return sorted(seen.values(), key=lambda p: p.get("segment") or 0)


def listing(raw: bytes, problems: Sequence[Mapping[str, Any]], start: int) -> dict[str, Any]:
    """Numbered segments from `start` on, each with the problems that stand at it."""
    at: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for problem in problems:
        at[problem.get("segment") or 0].append(problem)
    found = list(islice(formats.segments(io.BytesIO(raw)), max(0, start - 1), start + SEGMENT_ROWS))
    rows = [
        {"number": s.number, "tag": s.tag, "text": s.text, "problems": at[s.number]}
        for s in found[:SEGMENT_ROWS]
    ]
    return {
        "rows": rows,
        "more_from": found[SEGMENT_ROWS].number if len(found) > SEGMENT_ROWS else None,
        "less_from": max(1, start - SEGMENT_ROWS) if start > 1 else None,
        "plain": "" if rows else raw[:4000].decode("latin-1"),
    }


def _tree(interchanges: Sequence[Interchange], messages: Sequence[InboundMessage]) -> Rows:
    by_interchange: dict[int, list[InboundMessage]] = defaultdict(list)
    for message in messages:
        by_interchange[message.interchange_id].append(message)
    return [
        {
            "row": interchange,
            "level": LEVELS.get(interchange.status, "soon" if interchange.status == "DUPLICATE" else ""),
            "conflict": interchange.status == InterchangeStatus.CONFLICT,
            "messages": [
                {"row": m, "level": LEVELS.get(m.status, "")} for m in by_interchange[interchange.pk]
            ],
        }
        for interchange in interchanges
    ]


def _event(event: InboundEvent) -> dict[str, Any]:
    return {
        "row": event,
        "level": LEVELS.get(event.status, ""),
        "waits": event.status in WAITING_EVENTS,
        "tree": tree(event.content),
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


def outbound_facts(message_id: int, *, start: int = 1) -> dict[str, Any]:
    """One message of ours: its bytes as segments and how its sending went."""
    found = (
        OutboundMessage.objects.select_related("partner", "shipment", "answers").filter(pk=message_id).first()
    )
    if found is None:
        raise Unknown("unknown_message", f"There is no outbound message {message_id}.", outbound=message_id)
    return {
        "message": found,
        "level": LEVELS.get(found.status, ""),
        "segments": listing(bytes(found.content), [], start),
        "may_resend": found.status in {OutboundStatus.SENT, *STOPPED_OUT},
    }
