"""What needs a person at the gate, the most pressing first, and the counts beside it. Plain dictionaries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from edi.models import (
    CallOffRoute,
    Delivery,
    InboundEvent,
    InboundMessage,
    LinePulse,
    ManualEntry,
    OutboundMessage,
    PartnerChannel,
    TradingPartner,
    TransmissionGap,
)
from edi.services.profiles import standing_of
from edi.states import DeliveryStatus, EntryStatus, EventStatus, MessageStatus, OutboundStatus
from sequencer.models import SequenceGap
from sequencer.states import GapStatus

Need = dict[str, Any]

# A pulse is late after three of its beats and lost after ten.
LATE_BEATS, LOST_BEATS = 3, 10
UNREAD_SECONDS = 60
GAP_SOON_MINUTES = 60
FAILURES = 3
UNREAD = (DeliveryStatus.RECEIVED, DeliveryStatus.PARSING)
LEVELS = {"stop": 0, "soon": 1, "info": 2}
WAITING = (EventStatus.HELD, EventStatus.QUARANTINED)


def needs(*, at: datetime) -> list[Need]:
    """Everything that waits for a person, the most pressing first: line-stop risk, then deadline, then age."""
    found = [
        *_gaps(at),
        *_transmission_gaps(at),
        *_silences(at),
        *_stopped_files(),
        *_rejected_messages(),
        *_waiting_events(at),
        *_stopped_outbound(),
        *_overdue_answers(at),
        *_approvals(at),
        *_unread(at),
        *_channels(at),
    ]
    found.sort(key=lambda need: (LEVELS[need["level"]], need["minutes"], -need["age"]))
    return found


def _need(kind: str, level: str, figure: object, unit: str, title: str, text: str, **more: Any) -> Need:
    far = float("inf")
    plain = {"minutes": far, "age": 0.0, "link": "", "action": "", "partner": ""}
    return {
        **plain, "kind": kind, "level": level, "figure": figure, "unit": unit, "title": title, "text": text, **more,
    }  # fmt: skip


def _minutes(moment: datetime, at: datetime) -> int:
    return int((moment - at).total_seconds() // 60)


def _left(minutes: int) -> tuple[int, str]:
    """Figure and unit: minutes as long as minutes matter."""
    return (minutes, "min left") if minutes < 180 else (minutes // 60, "h left")


def _quarantine(**query: str) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items() if value)
    return reverse("quarantine") + (f"?{asked}" if asked else "")


# order


def _gaps(at: datetime) -> Iterable[Need]:
    """Missing sequence numbers of streams that a partner feeds, one need a line."""
    streams = CallOffRoute.objects.values("program__stream")
    rows = (
        SequenceGap.objects.filter(status=GapStatus.OPEN, stream__in=streams)
        .order_by()
        .values("stream__line", "stream__line__name", "stream__line__plant__code")
        .annotate(
            count=Count("pk"), by=Min("needed_by"), first=Min("sequence_number"), last=Max("sequence_number")
        )
    )
    for row in rows:
        left = _minutes(row["by"], at)
        span = row["first"] if row["count"] == 1 else f"{row['first']}–{row['last']}"
        number = "number has" if row["count"] == 1 else "numbers have"
        yield _need(
            "gap",
            "stop" if left < GAP_SOON_MINUTES else "soon",
            *_left(left),
            f"Gap {span} on {row['stream__line__name']}",
            f"{row['count']} {number} not come to plant {row['stream__line__plant__code']}; racks that need them "
            "are built on but not sealed. Ask for them again, or accept that they will not come.",
            minutes=left,
            link=reverse("line", args=[row["stream__line"]]) + "?show=gap",
            action="Decide the gap",
        )


def _transmission_gaps(at: datetime) -> Iterable[Need]:
    rows = TransmissionGap.objects.filter(status=GapStatus.OPEN).select_related("partner").order_by("since")
    for gap in rows[:20]:
        age = (at - gap.since).total_seconds()
        span = gap.first_ref if gap.count == 1 else f"{gap.first_ref}–{gap.last_ref}"
        yield _need(
            "transmission_gap",
            "stop" if gap.hold_ref else "soon",
            gap.count,
            "missing",
            f"{gap.partner} has not sent {span}",
            "Files of a number that counts every transmission are missing; ask the partner to send them again.",
            age=age,
            partner=gap.partner.code,
            link="/edi/gaps/",
            action="Show the gap",
        )


def _silences(at: datetime) -> Iterable[Need]:
    for partner in heads(at=at).values():
        if partner["level"]:
            lost = partner["level"] == "stop"
            yield _need(
                "silence",
                partner["level"],
                int(partner["silent"] // 60) if partner["silent"] is not None else "—",
                "min silent",
                f"{partner['code']} is silent",
                f"A file is expected every {span_words(partner['pulse'])}. "
                + (
                    "Phone the partner's EDI desk; look at the channel."
                    if lost
                    else "It is late, not lost yet."
                ),
                age=partner["silent"] or 0,
                partner=partner["code"],
                link=f"{reverse('edi')}?partner={partner['code']}",
                action="Show its files",
            )


def span_words(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


# what stands still


def stopped_files() -> QuerySet[Delivery]:
    """Files in quarantine that nobody decided about."""
    return Delivery.objects.filter(status=DeliveryStatus.QUARANTINED, settled_at__isnull=True)


def rejected_messages() -> QuerySet[InboundMessage]:
    """Messages that could not be read, in files the rest of which was taken."""
    return InboundMessage.objects.filter(
        status=MessageStatus.REJECTED,
        settled_at__isnull=True,
        interchange__delivery__status=DeliveryStatus.PARSED,
    )


def _stopped_files() -> Iterable[Need]:
    rows = list(stopped_files().defer("raw").select_related("partner").order_by("received_at")[:50])
    if rows:
        yield _need(
            "file",
            "stop",
            len(rows),
            "file" if len(rows) == 1 else "files",
            "Quarantine: not taken",
            f"{rows[0].partner} {rows[0].file_name}: {rows[0].note}",
            age=(timezone.now() - rows[0].received_at).total_seconds(),
            link=_quarantine(kind="delivery"),
            action="Open quarantine",
        )


def _rejected_messages() -> Iterable[Need]:
    rows = rejected_messages().select_related("interchange__partner").order_by("pk")
    count = rows.count()
    if count:
        first = rows[0]
        problem = next((p["text"] for p in first.problems if p.get("severity") == "reject"), "")
        yield _need(
            "message",
            "stop",
            count,
            "message" if count == 1 else "messages",
            "Rejected: calls in them are missing",
            f"{first.interchange.partner} {first}: {problem}",
            link=_quarantine(kind="message"),
            action="Open quarantine",
        )


def _waiting_events(at: datetime) -> Iterable[Need]:
    rows = (
        InboundEvent.objects.filter(status__in=WAITING)
        .order_by()
        .values("status")
        .annotate(
            count=Count("pk"), first=Min("pk"), since=Min("message__interchange__delivery__received_at")
        )
    )
    firsts = InboundEvent.objects.in_bulk([row["first"] for row in rows])
    for row in rows:
        event, quarantined = firsts[row["first"]], row["status"] == EventStatus.QUARANTINED
        yield _need(
            "event",
            "stop" if quarantined else "soon",
            row["count"],
            "call" if row["count"] == 1 else "calls",
            "Quarantine: refused by the rules" if quarantined else "Held: waiting for something to arrive",
            f"{event.event} {event.call_number}: {event.note}",
            age=(at - row["since"]).total_seconds(),
            link=_quarantine(kind="event", status=row["status"]),
            action="Open quarantine",
        )


# what we send


def unanswered() -> QuerySet[OutboundMessage]:
    """Sent, and an answer is agreed that has not come."""
    return OutboundMessage.objects.filter(
        status=OutboundStatus.SENT, ack_expected=True, answered_at__isnull=True
    )


def _stopped_outbound() -> Iterable[Need]:
    rows = OutboundMessage.objects.filter(status__in=[OutboundStatus.REJECTED, OutboundStatus.ATTENTION])
    rows = rows.defer("content").select_related("partner", "shipment").order_by("created_at")
    count = rows.count()
    if count:
        first = rows[0]
        what = f"{first.kind} {first.control_ref} to {first.partner}"
        yield _need(
            "outbound",
            "stop",
            count,
            "message" if count == 1 else "messages",
            "Sent, but not well: rejected or uncertain",
            f"{what}: {first.note or first.status.lower()}",
            partner=first.partner.code,
            link=reverse("outbound", args=[first.pk]) if count == 1 else f"{reverse('edi')}?direction=out",
            action="Open the message",
        )


def _overdue_answers(at: datetime) -> Iterable[Need]:
    late = unanswered().filter(overdue_at__isnull=False)
    late = late.defer("content").select_related("partner").order_by("sent_at")
    count = late.count()
    if count:
        first = late[0]
        assert first.sent_at is not None
        minutes = int((at - first.sent_at).total_seconds() // 60)
        yield _need(
            "answer",
            "soon",
            minutes,
            "min without answer",
            f"{count} acknowledgement{'s' if count > 1 else ''} overdue",
            f"{first.kind} {first.control_ref} to {first.partner} is the oldest; ask the partner whether it has it.",
            age=minutes * 60.0,
            partner=first.partner.code,
            link=reverse("outbound", args=[first.pk]),
            action="Open the message",
        )


# our own


def _approvals(at: datetime) -> Iterable[Need]:
    rows = ManualEntry.objects.filter(status=EntryStatus.ENTERED).select_related("partner", "entered_by")
    rows = rows.order_by("entered_at")
    count = rows.count()
    if count:
        first = rows[0]
        yield _need(
            "approval",
            "soon",
            count,
            "entry" if count == 1 else "entries",
            "Entered by hand: a second person is needed",
            f"{first.entered_by}: {len(first.calls)} call-off(s) of {first.partner}, {first.reason}",
            age=(at - first.entered_at).total_seconds(),
            link=reverse("manual-entry", args=[first.pk]) if count == 1 else reverse("manual"),
            action="Look and approve",
        )


def _unread(at: datetime) -> Iterable[Need]:
    rows = Delivery.objects.filter(status__in=UNREAD, received_at__lt=at - timedelta(seconds=UNREAD_SECONDS))
    count = rows.count()
    if count:
        oldest = rows.aggregate(at=Min("received_at"))["at"]
        yield _need(
            "unread",
            "stop",
            count,
            "unread",
            "Files are stored but nobody reads them",
            "The bytes are safe. Look whether the worker runs (`manage.py alive worker`) and whether the partner's "
            "profile can be used.",
            age=(at - oldest).total_seconds(),
            link=f"{reverse('edi')}?status=RECEIVED",
            action="Show the files",
        )


def _channels(at: datetime) -> Iterable[Need]:
    """Wires that fail again and again; a single failure is tried again by itself and told by nobody."""
    rows = PartnerChannel.objects.filter(active=True, failures__gte=FAILURES).select_related("partner")
    for channel in rows.order_by("pk"):
        since = (at - channel.last_ok_at).total_seconds() if channel.last_ok_at else 0.0
        yield _need(
            "channel",
            "stop",
            channel.failures,
            "failures",
            f"{channel.partner} {channel.name} does not answer",
            f"{channel.get_kind_display()}: {channel.last_error}",
            age=since,
            partner=channel.partner.code,
            link=reverse("admin:edi_partnerchannel_change", args=[channel.pk]),
            action="Open the channel",
        )


def channels(*, at: datetime) -> list[dict[str, Any]]:
    """Each active wire: when it last worked, what went wrong since, and when it is tried again."""
    rows = PartnerChannel.objects.filter(active=True).select_related("partner").order_by("partner", "name")
    return [
        {
            "row": row,
            "age": (at - row.last_ok_at).total_seconds() if row.last_ok_at else None,
            "level": "stop" if row.failures >= FAILURES else "soon" if row.failures else "",
            "next": (row.next_try_at - at).total_seconds() if row.next_try_at and row.failures else None,
        }
        for row in rows
    ]


# counts


def counts(*, at: datetime) -> list[dict[str, Any]]:
    """The row of figures under the most pressing thing; a figure that is not 0 has a colour and a word."""
    events = dict(
        InboundEvent.objects.filter(status__in=WAITING).order_by().values_list("status").annotate(Count("pk"))
    )
    quarantined = (
        events.get(EventStatus.QUARANTINED, 0) + stopped_files().count() + rejected_messages().count()
    )
    answers = unanswered().aggregate(all=Count("pk"), late=Count("pk", filter=Q(overdue_at__isnull=False)))
    streams = CallOffRoute.objects.values("program__stream")
    gaps = SequenceGap.objects.filter(status=GapStatus.OPEN, stream__in=streams).count()
    gaps += TransmissionGap.objects.filter(status=GapStatus.OPEN).count()
    approvals = ManualEntry.objects.filter(status=EntryStatus.ENTERED).count()
    return [
        _figure("in quarantine", quarantined, "stop", _quarantine()),
        _figure("held", events.get(EventStatus.HELD, 0), "soon", _quarantine(status="HELD")),
        _figure("open gaps", gaps, "stop", "/edi/gaps/"),
        _figure(
            "answers awaited",
            answers["all"],
            "soon" if answers["late"] else "",
            f"{reverse('edi')}?status=SENT",
        ),
        _figure("to approve", approvals, "soon", reverse("manual")),
    ]


def _figure(name: str, count: int, level: str, link: str) -> dict[str, Any]:
    return {"name": name, "count": count, "level": level if count else "", "link": link}


# partners


def heads(*, at: datetime, partners: Iterable[TradingPartner] | None = None) -> dict[int, dict[str, Any]]:
    """What is true of a partner whatever its messages: how long silent, what waits, gaps, zone of its plants."""
    rows = list(
        partners if partners is not None else TradingPartner.objects.filter(active=True).order_by("code")
    )
    pulses: dict[int, list[LinePulse]] = defaultdict(list)
    for pulse in LinePulse.objects.filter(partner__in=rows, active=True):
        pulses[pulse.partner_id].append(pulse)
    lasts = _last_files(rows)
    waiting, files, messages = _waiting(rows), _by_partner(stopped_files(), rows), _messages(rows)
    gaps, zones = _gaps_of(rows), zones_of(rows)
    return {
        partner.pk: {
            "code": partner.code,
            "name": partner.name,
            "test": partner.test_partner,
            **_silence(partner, pulses[partner.pk], lasts.get(partner.pk), at),
            "held": waiting[partner.pk].get(EventStatus.HELD, (0, None))[0],
            "quarantined": waiting[partner.pk].get(EventStatus.QUARANTINED, (0, None))[0]
            + files.get(partner.pk, 0)
            + messages.get(partner.pk, 0),
            "oldest": _oldest(waiting[partner.pk], at),
            "gaps": gaps.get(partner.pk, 0),
            "zone": zones.get(partner.pk, ""),
            "standing": standing_of(partner),
        }
        for partner in rows
    }


def _last_files(partners: list[TradingPartner]) -> Mapping[int, datetime]:
    rows = Delivery.objects.filter(partner__in=partners, kind="FILE").order_by().values_list("partner")
    return dict(rows.annotate(Max("received_at")))


def _silence(
    partner: TradingPartner, pulses: list[LinePulse], last: datetime | None, at: datetime
) -> dict[str, Any]:
    """Silence against the expected pulse: by the OEM's calendar where one is kept, else by beats."""
    silent = (at - last).total_seconds() if last else None
    if pulses:
        quiet = min((p.silent_since for p in pulses if p.silent_since), default=None)
        pulse = min(p.expected_seconds for p in pulses)
        return {"pulse": pulse, "silent": silent, "level": "stop" if quiet else "", "last_at": last}
    beats = silent / partner.pulse_seconds if silent is not None and partner.pulse_seconds else 0
    level = "stop" if beats > LOST_BEATS else "soon" if beats > LATE_BEATS else ""
    return {"pulse": partner.pulse_seconds, "silent": silent, "level": level, "last_at": last}


def _waiting(partners: list[TradingPartner]) -> dict[int, dict[str, tuple[int, datetime | None]]]:
    rows = (
        InboundEvent.objects.filter(partner__in=partners, status__in=WAITING)
        .order_by()
        .values_list("partner", "status")
        .annotate(Count("pk"), Min("message__interchange__delivery__received_at"))
    )
    found: dict[int, dict[str, tuple[int, datetime | None]]] = defaultdict(dict)
    for partner, status, count, since in rows:
        found[partner][status] = (count, since)
    return found


def _oldest(waiting: Mapping[str, tuple[int, datetime | None]], at: datetime) -> float | None:
    since = min((moment for _, moment in waiting.values() if moment), default=None)
    return (at - since).total_seconds() if since else None


def _by_partner(rows: QuerySet[Any], partners: list[TradingPartner]) -> dict[int, int]:
    counted = rows.filter(partner__in=partners).order_by().values_list("partner").annotate(Count("pk"))
    return dict(counted)


def _messages(partners: list[TradingPartner]) -> dict[int, int]:
    rows = rejected_messages().filter(interchange__partner__in=partners).order_by()
    return dict(rows.values_list("interchange__partner").annotate(Count("pk")))


def _gaps_of(partners: list[TradingPartner]) -> dict[int, int]:
    """Open gaps of each partner: missing sequence numbers of its streams and missing transmissions."""
    found: dict[int, int] = defaultdict(int)
    per_stream = dict(
        SequenceGap.objects.filter(status=GapStatus.OPEN)
        .order_by()
        .values_list("stream")
        .annotate(Count("pk"))
    )
    routes = CallOffRoute.objects.filter(partner__in=partners).order_by()
    for partner, stream in routes.values_list("partner", "program__stream").distinct():
        found[partner] += per_stream.get(stream, 0)
    gaps = TransmissionGap.objects.filter(status=GapStatus.OPEN, partner__in=partners).order_by()
    for partner, count in gaps.values_list("partner").annotate(Count("pk")):
        found[partner] += count
    return found


def zones_of(partners: Iterable[TradingPartner]) -> dict[int, str]:
    """The time zone of the OEM plant a partner's calls are for; none where its plants have several."""
    zones: dict[int, set[str]] = defaultdict(set)
    rows = CallOffRoute.objects.filter(partner__in=list(partners)).order_by()
    for partner, zone in rows.values_list("partner", "program__line__plant__time_zone").distinct():
        zones[partner].add(zone)
    return {partner: found.pop() for partner, found in zones.items() if len(found) == 1}
