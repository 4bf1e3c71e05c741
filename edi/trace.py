"""What the gate tells of a traced thing: the messages that called it, and those that left for it.

`EdiConfig.ready` hands `messages` to the core, which knows nothing of the gate.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from edi.models import CallOffRoute, DeliveryConfirmation, InboundEvent, OutboundMessage
from edi.states import EventStatus
from sequencer.services.trace import MOST_ENTRIES, Entry, Kind, Source, Subject

STOPPED = {EventStatus.QUARANTINED, EventStatus.DISCARDED}


def messages(subject: Subject) -> Iterator[Entry]:
    if subject.kind in {Kind.CALL, Kind.UNIT}:
        yield from _calls(subject)
    if subject.kind in {Kind.CALL, Kind.UNIT, Kind.RACK, Kind.SHIPMENT}:
        yield from _despatch(subject)


def _calls(subject: Subject) -> Iterator[Entry]:
    """By the partners that call for the program: a call number is known to no other."""
    partners = CallOffRoute.objects.filter(program__in=[call.program_id for call in subject.calls])
    events = (
        InboundEvent.objects.filter(
            partner__in=partners.order_by().values("partner").distinct(),
            call_number__in=[call.call_number for call in subject.calls],
        )
        .select_related("partner", "by", "message__interchange__delivery", "message__interchange")
        .defer("content", "message__interchange__delivery__raw")
        .order_by("-pk")
    )
    for event in events[:MOST_ENTRIES]:
        interchange = event.message.interchange
        told = f"{event.message.type} {interchange.control_ref}, file {interchange.delivery.file_name}"
        yield Entry(
            interchange.delivery.received_at,
            Source.MESSAGE,
            f"{event.event} received: {event.status.replace('_', ' ').lower()}",
            str(event.by or ""),
            str(event.partner),
            ", ".join(text for text in (f"sequence {event.sequence_number}", told, event.code) if text),
            event.note,
            reverse("delivery", args=[interchange.delivery_id]),
            bad=event.status in STOPPED,
        )


def _despatch(subject: Subject) -> Iterator[Entry]:
    out = OutboundMessage.objects.filter(shipment__in=subject.shipments).select_related("partner", "shipment")
    for message in out.defer("content"):
        link, name = reverse("outbound", args=[message.pk]), f"{message.kind} {message.control_ref}"
        where = str(message.partner)
        yield Entry(
            message.created_at, Source.MESSAGE, f"{name} written for {message.shipment}", "", where, link=link
        )
        if message.sent_at:
            yield Entry(
                message.sent_at, Source.MESSAGE, f"{name} sent", "", where, message.file_name, link=link
            )
        if message.answered_at:
            what = f"{name} {message.status.lower()} by the partner"
            yield Entry(
                message.answered_at, Source.MESSAGE, what, "", where, message.note, link=link,
                bad=message.status == "REJECTED",
            )  # fmt: skip
    confirmed = DeliveryConfirmation.objects.filter(shipment__in=subject.shipments).select_related("partner")
    for confirmation in confirmed:
        yield Entry(
            confirmation.booked_at,
            Source.MESSAGE,
            f"receipt of {confirmation.customer_part} confirmed",
            "",
            str(confirmation.partner),
            f"difference {confirmation.difference:+}" if confirmation.difference else "",
            bad=bool(confirmation.difference),
        )
