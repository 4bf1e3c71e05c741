"""The answer to what a message says, after it was taken: APERAK or 824, where the partner agreed to one.

A CONTRL or 997 tells him at once that we could read it. This one waits until every line of the message is settled:
"accepted" said before the business step succeeded would be a promise nobody made.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from edi import formats
from edi.formats import Problem, Profile, ProfileError
from edi.models import InboundMessage, OutboundMessage, TradingPartner
from edi.services.alarms import journal, raise_alarm
from edi.services.outbound import next_control_number
from edi.services.profiles import profile_of
from edi.states import DeliveryKind, EventStatus, InterchangeStatus, MessageStatus, OutboundStatus

# What a partner wants an answer to; an answer to an answer would never end.
ANSWERED_KINDS = ("call_off", "sequence_forecast", "release")
SETTLED = (MessageStatus.APPLIED, MessageStatus.REJECTED)
# Agreeing to answers today must not send one for everything that ever came.
ANSWERED_FOR = timedelta(days=2)
WRITERS: dict[str, Callable[..., bytes]] = {"APERAK": formats.write_aperak, "824": formats.write_824}


def issue_business_answers(*, at: datetime) -> int:
    """Writes the answer to every settled message of partners who agreed to one; returns how many.

    Once a message: a second worker finds the row and writes nothing. What cannot be written is told once.
    """
    issued = 0
    for partner in TradingPartner.objects.all():
        try:
            profile = profile_of(partner)
        except ProfileError:
            continue
        if profile.acknowledge_business in WRITERS:
            waiting = _unanswered(partner, profile.acknowledge_business, at=at)
            issued += sum(_issue(message, profile, at=at) for message in waiting)
    return issued


def _unanswered(partner: TradingPartner, kind: str, *, at: datetime) -> QuerySet[InboundMessage]:
    return (
        InboundMessage.objects.filter(
            interchange__partner=partner,
            interchange__status=InterchangeStatus.ACCEPTED,
            interchange__delivery__kind=DeliveryKind.FILE,
            interchange__delivery__received_at__gte=at - ANSWERED_FOR,
            kind__in=ANSWERED_KINDS,
            status__in=SETTLED,
        )
        .exclude(answers__kind=kind)
        .select_related("interchange")
        .order_by("pk")
    )


def _issue(row: InboundMessage, profile: Profile, *, at: datetime) -> bool:
    """One answer in one transaction: its number is used up only with the row that carries it."""
    kind, partner = profile.acknowledge_business, row.interchange.partner
    try:
        with transaction.atomic():
            number = next_control_number(partner)
            content = WRITERS[kind](
                *(_message(row), profile),
                control_ref=str(number), message_ref="1", document_number=str(number), prepared_at=at,
                errors=_refusals(row), test=row.interchange.test,
            )  # fmt: skip
            ends = {"our": profile.our.id, "their": profile.their.id}
            OutboundMessage.objects.create(
                partner=partner,
                kind=kind,
                answers_message=row,
                control_ref=str(number),
                file_name=profile.files.out_name(kind, partner.code, number, **ends, at=at),
                content=content,
                status=OutboundStatus.READY,
                created_at=at,
                due_at=at,
            )
            journal("business_answer", str(row), at=at, partner=partner.code, answer=kind)
    except IntegrityError:
        return False
    except ValueError as error:
        text = f"message {row} cannot be answered: {error}"
        raise_alarm(partner, "EDI_ANSWER", f"{kind} of message {row.pk}", text, at=at)
        return False
    return True


def _message(row: InboundMessage) -> formats.Message:
    return formats.Message(
        type=row.type,
        directory=row.directory or None,
        ref=row.ref or None,
        kind=row.kind,
        document_number=row.document_number or None,
        group_ref=row.interchange.group_ref or None,
        segment_first=row.segment_first,
        problems=tuple(Problem(**found) for found in row.problems),
    )


def _refusals(row: InboundMessage) -> list[Problem] | None:
    """What the floor did not take: lines somebody discarded. None for a message that could not be read."""
    if row.status == MessageStatus.REJECTED:
        return None
    discarded = row.events.filter(status=EventStatus.DISCARDED).order_by("number")
    return [
        Problem(event.code or "discarded", "reject", text=f"{event.event} {event.call_number}: {event.note}")
        for event in discarded
    ]
