"""Statuses of what crosses the gate, and the only moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class DeliveryStatus(StrEnum):
    """One dropped file. RECEIVED is durable bytes; nothing leaves this table."""

    RECEIVED = "RECEIVED"
    PARSING = "PARSING"
    PARSED = "PARSED"
    DUPLICATE = "DUPLICATE"
    QUARANTINED = "QUARANTINED"


class InterchangeStatus(StrEnum):
    """One envelope of a file. Only ACCEPTED uses its control number up; CONFLICT, REJECTED want a person."""

    ACCEPTED = "ACCEPTED"
    DUPLICATE = "DUPLICATE"
    CONFLICT = "CONFLICT"
    REJECTED = "REJECTED"


class MessageStatus(StrEnum):
    """One message. PENDING has events still to apply; PARTLY_APPLIED has some that wait."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    PARTLY_APPLIED = "PARTLY_APPLIED"
    REJECTED = "REJECTED"
    IGNORED = "IGNORED"


class EventStatus(StrEnum):
    """One call-off event of a message. HELD waits for a condition, QUARANTINED for a person."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    DUPLICATE = "DUPLICATE"
    HELD = "HELD"
    QUARANTINED = "QUARANTINED"
    DISCARDED = "DISCARDED"


class OutboundStatus(StrEnum):
    READY = "READY"
    SENDING = "SENDING"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    ATTENTION = "ATTENTION"


Moves = Mapping[StrEnum, frozenset[StrEnum]]

DELIVERY_MOVES: Moves = {
    DeliveryStatus.RECEIVED: frozenset({DeliveryStatus.PARSING}),
    DeliveryStatus.PARSING: frozenset(
        {
            DeliveryStatus.RECEIVED,
            DeliveryStatus.PARSED,
            DeliveryStatus.DUPLICATE,
            DeliveryStatus.QUARANTINED,
        }
    ),
    # Read again by a named person: a corrected profile may take what it rejected before.
    DeliveryStatus.PARSED: frozenset({DeliveryStatus.RECEIVED}),
    DeliveryStatus.DUPLICATE: frozenset(),
    DeliveryStatus.QUARANTINED: frozenset({DeliveryStatus.RECEIVED}),
}
EVENT_MOVES: Moves = {
    EventStatus.PENDING: frozenset(
        {EventStatus.APPLIED, EventStatus.DUPLICATE, EventStatus.HELD, EventStatus.QUARANTINED}
    ),
    EventStatus.HELD: frozenset({EventStatus.PENDING, EventStatus.DISCARDED}),
    EventStatus.QUARANTINED: frozenset({EventStatus.PENDING, EventStatus.DISCARDED}),
    EventStatus.APPLIED: frozenset(),
    EventStatus.DUPLICATE: frozenset(),
    EventStatus.DISCARDED: frozenset(),
}
OUTBOUND_MOVES: Moves = {
    OutboundStatus.READY: frozenset({OutboundStatus.SENDING}),
    OutboundStatus.SENDING: frozenset({OutboundStatus.READY, OutboundStatus.SENT, OutboundStatus.ATTENTION}),
    OutboundStatus.SENT: frozenset({OutboundStatus.ACCEPTED, OutboundStatus.REJECTED, OutboundStatus.READY}),
    OutboundStatus.REJECTED: frozenset({OutboundStatus.READY}),
    OutboundStatus.ATTENTION: frozenset({OutboundStatus.READY, OutboundStatus.SENT}),
    OutboundStatus.ACCEPTED: frozenset(),
}
