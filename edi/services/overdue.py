"""What should have come by now: acknowledgements, receipts, and messages that do not get away. One alarm each.

The mark on the row says that it was told, so however often the sweep comes by, nobody is told twice; whatever moves
the message on takes mark and alarm away.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from edi.formats import ProfileError
from edi.models import FetchedFile, OutboundMessage
from edi.services.alarms import raise_alarm
from edi.services.outbound import OVERDUE_ALARM, RECEIPT_ALARM, by_channel
from edi.services.profiles import profile_of
from edi.states import ChannelKind, OutboundStatus

# Where the profile agrees no time.
ANSWER_MINUTES = 60
# A message that waits so long is stuck behind something a person should know.
READY_MINUTES = 10
RECENT = timedelta(days=1)


def sweep_overdue(*, at: datetime) -> int:
    """Tells what is overdue and was not told yet; returns how many. Safe to call any number of times."""
    return unanswered(at=at) + without_receipt(at=at) + owed_receipts(at=at) + not_sent(at=at)


def unanswered(*, at: datetime) -> int:
    """Messages that were sent, whose partner acknowledges, and did not within the time of his profile."""
    waiting = OutboundMessage.objects.filter(
        status=OutboundStatus.SENT, ack_expected=True, overdue_at__isnull=True
    ).select_related("partner")
    told = 0
    for message in waiting.defer("content").order_by("pk"):
        minutes = _answer_minutes(message)
        if message.sent_at is not None and at - message.sent_at >= timedelta(minutes=minutes):
            text = (
                f"{message.partner} has not acknowledged {message.kind} {message.control_ref} "
                f"({message.file_name}) within {minutes} minutes; ask whether it arrived, then resend or wait"
            )
            told += _tell(message, "overdue_at", OVERDUE_ALARM, text, at=at)
    return told


def _answer_minutes(message: OutboundMessage) -> int:
    try:
        return profile_of(message.partner).acknowledge_minutes or ANSWER_MINUTES
    except ProfileError:
        return ANSWER_MINUTES


def without_receipt(*, at: datetime) -> int:
    """Messages handed to a gateway whose receipt (EERP, MDN) did not come within the channel's time."""
    waiting = OutboundMessage.objects.filter(
        status=OutboundStatus.SENT,
        channel__kind=ChannelKind.GATEWAY,
        channel__receipt_minutes__gt=0,
        receipt_status="",
        receipt_overdue_at__isnull=True,
    ).select_related("partner", "channel")
    told = 0
    for message in waiting.exclude(channel__receipt_folder="").defer("content").order_by("pk"):
        minutes = message.channel.receipt_minutes if message.channel else 0
        if message.sent_at is not None and at - message.sent_at >= timedelta(minutes=minutes):
            text = (
                f"no receipt for {message.file_name} within {minutes} minutes: see in the gateway whether it went "
                f"out, then ask {message.partner}"
            )
            told += _tell(message, "receipt_overdue_at", RECEIPT_ALARM, text, at=at)
    return told


def not_sent(*, at: datetime) -> int:
    """Messages that should be out by now: their channel is off, or the other side does not take them."""
    waiting = OutboundMessage.objects.filter(status=OutboundStatus.READY, overdue_at__isnull=True)
    told = 0
    for message in waiting.select_related("partner").defer("content").order_by("pk"):
        minutes = _ready_minutes(message)
        if at - message.created_at < timedelta(minutes=minutes):
            continue
        why = message.note or _why_waiting(message)
        text = f"{message.file_name} waits to be sent to {message.partner} since {minutes} minutes: {why}"
        told += _tell(message, "overdue_at", OVERDUE_ALARM, text, at=at)
    return told


def _ready_minutes(message: OutboundMessage) -> int:
    """An ASN has to be there when the profile says so; the rest may wait a while."""
    if message.shipment_id is None:
        return READY_MINUTES
    try:
        return profile_of(message.partner).asn.due_minutes or READY_MINUTES
    except ProfileError:
        return READY_MINUTES


def _why_waiting(message: OutboundMessage) -> str:
    channel = by_channel().filter(partner=message.partner_id).order_by("-active", "pk").first()
    if channel is None:
        return "see whether the workers run"
    return channel.last_error or ("see whether edi_channels runs" if channel.active else f"{channel} is off")


def _tell(message: OutboundMessage, mark: str, kind: str, text: str, *, at: datetime) -> bool:
    """One alarm: the mark is set by whoever comes first, on the state that was judged."""
    rows = OutboundMessage.objects.filter(pk=message.pk, status=message.status, **{f"{mark}__isnull": True})
    with transaction.atomic():
        if not rows.update(**{mark: at}):
            return False
        raise_alarm(message.partner, kind, message.file_name, text, at=at)
    return True


# what we owe


def owed_subject(row: FetchedFile) -> str:
    return f"receipt {row.channel_id}/{row.pk}"


def owed_receipts(*, at: datetime) -> int:
    """Files fetched from a gateway for which it has not sent our receipt; the sender counts the minutes, too."""
    told = 0
    for row in _owed(at):
        minutes = row.channel.receipt_minutes
        if at - row.fetched_at < timedelta(minutes=minutes):
            continue
        with transaction.atomic():
            if not FetchedFile.objects.filter(pk=row.pk, overdue_at__isnull=True).update(overdue_at=at):
                continue
            done = "it was told that the file is safe" if row.taken_at else "the file is not taken in yet"
            text = (
                f"{row.channel} sent no receipt (EERP) for {row.remote_path} within {minutes} minutes; {done}. "
                f"Look at the gateway; {row.channel.partner} waits for it"
            )
            raise_alarm(row.channel.partner, RECEIPT_ALARM, owed_subject(row), text, at=at)
            told += 1
    return told


def _owed(at: datetime) -> QuerySet[FetchedFile]:
    return (
        FetchedFile.objects.filter(
            channel__kind=ChannelKind.GATEWAY,
            channel__receipt_minutes__gt=0,
            receipt_at__isnull=True,
            overdue_at__isnull=True,
            # A receipt folder entered later does not make yesterday's files overdue.
            fetched_at__gte=at - RECENT,
        )
        .exclude(channel__taken_folder="")
        .exclude(channel__receipt_folder="")
        .select_related("channel__partner")
        .order_by("pk")
    )
