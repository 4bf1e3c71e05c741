"""What the EDI pages show: plain dictionaries, read with a fixed number of queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from edi import overview
from edi.models import Delivery, InboundEvent, InboundMessage, Interchange, OutboundMessage, TradingPartner
from edi.states import DeliveryStatus, EventStatus, MessageStatus, OutboundStatus

Rows = list[dict[str, Any]]

LIST_ROWS = 60
RECENT = timedelta(days=7)
WAITING_EVENTS = [EventStatus.HELD, EventStatus.QUARANTINED]
UNSENT = Q(status__in=[OutboundStatus.READY, OutboundStatus.SENDING])
# What we send goes out within seconds; what still stands here after a minute does not.
UNSENT_SECONDS = 60
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
    """One row a partner and message type: last received, expected, today's counts, what waits and since when."""
    found = TradingPartner.objects.filter(active=True).order_by("code")
    if line is not None:
        found = found.filter(routes__program__line=line).distinct()
    rows = list(found)
    counts = _Counts(rows, at)
    return [row for partner in rows for row in counts.rows_of(partner)]


class _Counts:
    """The figures of some partners, each read once for all of them."""

    def __init__(self, partners: Sequence[TradingPartner], at: datetime) -> None:
        self.at = at
        self.heads = overview.heads(at=at, partners=partners)
        today = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
        self.inbound = self._inbound(partners, today)
        self.outbound = self._outbound(partners, today)
        self.waiting = self._waiting(partners)
        self.stopped = self._stopped(partners)

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
        waits = Q(status=OutboundStatus.SENT, ack_expected=True, answered_at__isnull=True)
        rows = (
            OutboundMessage.objects.filter(partner__in=partners, created_at__gte=self.at - RECENT)
            .order_by("partner", "kind")
            .values("partner", "kind")
            .annotate(
                last=Max("sent_at"),
                today=Count("pk", filter=Q(created_at__gte=today)),
                unanswered=Count("pk", filter=waits),
                since=Min("sent_at", filter=waits),
                overdue=Count("pk", filter=waits & Q(overdue_at__isnull=False)),
                ready=Count("pk", filter=UNSENT),
                ready_since=Min("created_at", filter=UNSENT),
                stopped=Count("pk", filter=Q(status__in=STOPPED_OUT)),
            )
        )
        return _grouped(rows)

    def _waiting(
        self, partners: Sequence[TradingPartner]
    ) -> dict[tuple[int, str, str], tuple[int, datetime]]:
        rows = (
            InboundEvent.objects.filter(partner__in=partners, status__in=WAITING_EVENTS)
            .order_by()
            .values_list("partner", "message__interchange__message_type", "status")
            .annotate(Count("pk"), Min("message__interchange__delivery__received_at"))
        )
        return {(partner, kind, status): (count, since) for partner, kind, status, count, since in rows}

    def _stopped(self, partners: Sequence[TradingPartner]) -> Counter[tuple[int, str]]:
        """Files and messages that could not be taken and nobody decided about, by the type they were read as."""
        found: Counter[tuple[int, str]] = Counter()
        files = overview.stopped_files().filter(partner__in=partners).order_by()
        for partner, kind, count in files.values_list("partner", "interchanges__message_type").annotate(
            Count("pk", distinct=True)
        ):
            found[partner, kind or ""] += count
        messages = overview.rejected_messages().filter(interchange__partner__in=partners).order_by()
        for partner, kind, count in messages.values_list("interchange__partner", "type").annotate(
            Count("pk")
        ):
            found[partner, kind] += count
        return found

    def rows_of(self, partner: TradingPartner) -> Rows:
        head = self.heads[partner.pk]
        inbound = {row["message_type"]: row for row in self.inbound.get(partner.pk, [])}
        for pk, kind, *_ in [*self.waiting, *self.stopped]:
            if pk == partner.pk:
                inbound.setdefault(kind, {"last": None, "today": 0})
        if not inbound:
            inbound[""] = {"last": None, "today": 0}
        rows = [
            self._in_row(partner, head, kind, inbound[kind]) for kind in sorted(inbound, key=_unreadable_last)
        ]
        rows += [self._out_row(head, row) for row in self.outbound.get(partner.pk, [])]
        rows[0] |= {"span": len(rows)}
        return rows

    def _head(self, head: Mapping[str, Any]) -> dict[str, Any]:
        names = ("name", "test", "pulse", "silent", "level", "gaps", "zone", "standing")
        return {"partner": head["code"], "span": 0, **{name: head[name] for name in names}}

    def _in_row(
        self, partner: TradingPartner, head: Mapping[str, Any], kind: str, row: Mapping[str, Any]
    ) -> dict[str, Any]:
        held, since_held = self.waiting.get((partner.pk, kind, EventStatus.HELD), (0, None))
        stopped, since_stopped = self.waiting.get((partner.pk, kind, EventStatus.QUARANTINED), (0, None))
        since = min((moment for moment in (since_held, since_stopped) if moment), default=None)
        return {
            **self._head(head),
            "direction": "in",
            "type": kind,
            "age": (self.at - row["last"]).total_seconds() if row["last"] else None,
            "today": row["today"],
            "held": held,
            "errors": stopped + self.stopped[partner.pk, kind],
            "oldest": (self.at - since).total_seconds() if since else None,
            "unanswered": 0,
        }

    def _out_row(self, head: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
        ready = row["ready_since"]
        return {
            **self._head(head),
            "stuck": ready is not None and (self.at - ready).total_seconds() > UNSENT_SECONDS,
            "direction": "out",
            "level": "",
            "type": row["kind"],
            "age": (self.at - row["last"]).total_seconds() if row["last"] else None,
            "today": row["today"],
            "held": row["ready"],
            "errors": row["stopped"],
            "oldest": (self.at - row["since"]).total_seconds() if row["since"] else None,
            "late": row["overdue"],
            "unanswered": row["unanswered"],
        }


def _unreadable_last(kind: str) -> tuple[bool, str]:
    return not kind, kind


def _grouped(rows: Iterable[Mapping[str, Any]]) -> dict[int, Rows]:
    found: dict[int, Rows] = defaultdict(list)
    for row in rows:
        found[row["partner"]].append(dict(row))
    return found


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
    zones = overview.zones_of(TradingPartner.objects.all())
    for row in rows:
        row["zone"] = zones.get(row.pop("partner_id"), "")
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
        InboundMessage.objects.filter(
            interchange__delivery__in=deliveries, status=MessageStatus.REJECTED, settled_at__isnull=True
        )
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
    own = "" if delivery.settled_at else LEVELS.get(delivery.status, "")
    return {
        "direction": "in",
        "id": delivery.pk,
        "at": delivery.received_at,
        "partner": delivery.partner.code,
        "partner_id": delivery.partner_id,
        "name": delivery.file_name,
        "type": ", ".join(types) or "—",
        "control": ", ".join(dict.fromkeys(e.control_ref for e in envelopes if e.control_ref)) or "—",
        "status": delivery.status,
        "level": "stop" if rejected else own or LEVELS.get(worst, ""),
        "kind": delivery.kind,
        "settled": delivery.settled_note if delivery.settled_at else "",
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
        "partner_id": message.partner_id,
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
