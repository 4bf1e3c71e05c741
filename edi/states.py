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


class DeliveryKind(StrEnum):
    """Who made the bytes: the partner, two people of ours by hand, or one who corrected what came."""

    FILE = "FILE"
    MANUAL = "MANUAL"
    CORRECTION = "CORRECTION"


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


class EntryStatus(StrEnum):
    """A call-off entered by hand. It has no effect before a second person has APPROVED it."""

    ENTERED = "ENTERED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"


class ChannelKind(StrEnum):
    """How files come from and go to a partner beside his own folders in the spool."""

    FOLDER = "FOLDER"
    SFTP_PULL = "SFTP_PULL"
    SFTP_PUSH = "SFTP_PUSH"
    TCP_LISTEN = "TCP_LISTEN"
    GATEWAY = "GATEWAY"


class Framing(StrEnum):
    """Where one telegram of a broadcast socket ends."""

    NEWLINE = "NEWLINE"
    STX_ETX = "STX_ETX"
    LENGTH = "LENGTH"


class AfterFetch(StrEnum):
    """What becomes of a fetched file on the other side. KEEP leaves it; the other side tidies up."""

    ARCHIVE = "ARCHIVE"
    DELETE = "DELETE"
    KEEP = "KEEP"


class ReceiptStatus(StrEnum):
    """What the partner's system said to the gateway of ours: EERP or a good MDN, NERP or a failed one."""

    DELIVERED = "DELIVERED"
    REFUSED = "REFUSED"


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
    # CONTRL and 997 accept the syntax; the application may still refuse what it says (APERAK, 824).
    OutboundStatus.ACCEPTED: frozenset({OutboundStatus.REJECTED}),
}
ENTRY_MOVES: Moves = {
    EntryStatus.ENTERED: frozenset({EntryStatus.APPROVED, EntryStatus.REFUSED}),
    EntryStatus.APPROVED: frozenset(),
    EntryStatus.REFUSED: frozenset(),
}
