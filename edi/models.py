"""What crosses the gate: partners, received files and their contents, messages to send."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from edi.states import (
    DeliveryStatus,
    EventStatus,
    InterchangeStatus,
    MessageStatus,
    Moves,
    OutboundStatus,
)
from inventory.errors import Refused, Stale
from inventory.models import Customer
from sequencer.models import SequencingProgram, Shipment


def choices(states: type) -> list[tuple[str, str]]:
    """Model choices of a status enumeration."""
    return [(state.value, state.value.replace("_", " ").lower()) for state in states]  # type: ignore[attr-defined]


def move_row(row: models.Model, moves: Moves, new: str, **fields: Any) -> None:
    """Moves one row along its net by a conditional UPDATE and brings `row` up to date.

    Refuses a move the net does not have; raises `Stale` when somebody else moved the row first.
    """
    old: str = row.status  # type: ignore[attr-defined]
    if new not in next(allowed for state, allowed in moves.items() if state == old):
        raise Refused("forbidden_move", f"{row} is {old}; it cannot become {new}", old=old, new=new)
    rows = type(row)._default_manager.filter(pk=row.pk, status=old)
    if not rows.update(status=new, **fields):
        raise Stale(str(row))
    for name, value in {"status": new, **fields}.items():
        setattr(row, name, value)


class TradingPartner(models.Model):
    """Who sends to us and gets our ASNs. Its folders below the spool: `<code>/in`, `<code>/out`, ... ."""

    code = models.CharField(
        max_length=20, unique=True, validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    )
    name = models.CharField(max_length=120)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="partners")
    profile = models.CharField(
        max_length=60,
        validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")],
        help_text="Folder below edi/partners",
    )
    active = models.BooleanField(default=True)
    test_partner = models.BooleanField(
        default=False, help_text="Test side of this partner: interchanges with the test indicator are applied"
    )
    pulse_seconds = models.PositiveIntegerField(default=60, help_text="Expected time between files")
    next_control_number = models.PositiveBigIntegerField(default=1)
    lane_worker = models.CharField(max_length=80, blank=True, editable=False)
    lane_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class CallOffRoute(models.Model):
    """Which program a call belongs to. Empty fields match anything; the route with most fields set wins."""

    partner = models.ForeignKey(TradingPartner, on_delete=models.CASCADE, related_name="routes")
    dock = models.CharField(max_length=20, blank=True)
    line_feed = models.CharField(max_length=20, blank=True)
    program = models.ForeignKey(SequencingProgram, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["partner", "dock", "line_feed"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "dock", "line_feed"], name="route_once_a_place")
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.dock or '*'} {self.line_feed or '*'}"


class Delivery(models.Model):
    """One dropped file with its unaltered bytes. A partner's duplicate is a delivery of its own."""

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="deliveries")
    file_name = models.CharField(max_length=255)
    inode = models.BigIntegerField()
    mtime_ns = models.BigIntegerField()
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    raw = models.BinaryField()
    status = models.CharField(max_length=12, choices=choices(DeliveryStatus), default=DeliveryStatus.RECEIVED)
    claimed_by = models.CharField(max_length=80, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0, help_text="How often reading it was begun")
    written_at = models.DateTimeField(help_text="When the partner finished the file (rename or last write)")
    received_at = models.DateTimeField()
    parsed_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    archive_path = models.CharField(
        max_length=400, blank=True, help_text="Below the spool; fixed on receipt, true from archived_at on"
    )
    duplicate_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="duplicates"
    )
    problems = models.JSONField(default=list)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "file_name", "inode", "mtime_ns", "size"], name="delivery_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=list(DeliveryStatus)), name="delivery_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "partner", "id"], name="delivery_due"),
            models.Index(fields=["partner", "received_at"], name="delivery_pulse"),
            models.Index(
                fields=["partner"], condition=Q(archived_at__isnull=True), name="delivery_unarchived"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.file_name}"


class Interchange(models.Model):
    """One envelope of a file. An accepted control key is used once in its period."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="interchanges")
    number = models.PositiveIntegerField(default=1, help_text="Place in the file, from 1")
    status = models.CharField(
        max_length=10, choices=choices(InterchangeStatus), default=InterchangeStatus.ACCEPTED
    )
    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="interchanges")
    message_type = models.CharField(max_length=20)
    control_ref = models.CharField(max_length=35)
    period = models.CharField(max_length=10, help_text="Year of preparation: control numbers roll over")
    content_sha256 = models.CharField(max_length=64)
    sender = models.CharField(max_length=40, blank=True)
    recipient = models.CharField(max_length=40, blank=True)
    group_ref = models.CharField(max_length=35, blank=True)
    prepared_at = models.CharField(max_length=20, blank=True)
    test = models.BooleanField(default=False)
    problems = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "message_type", "control_ref", "period"],
                condition=Q(status=InterchangeStatus.ACCEPTED),
                name="interchange_once",
            ),
            models.UniqueConstraint(fields=["delivery", "number"], name="interchange_once_a_place"),
            models.CheckConstraint(
                condition=Q(status__in=list(InterchangeStatus)), name="interchange_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_type} {self.control_ref}"


class InboundMessage(models.Model):
    """One message of an interchange."""

    interchange = models.ForeignKey(Interchange, on_delete=models.PROTECT, related_name="messages")
    number = models.PositiveIntegerField(help_text="Place in the interchange, from 1")
    type = models.CharField(max_length=20)
    directory = models.CharField(max_length=10, blank=True)
    ref = models.CharField(max_length=35, blank=True)
    function = models.CharField(max_length=20, blank=True)
    kind = models.CharField(max_length=24)
    document_number = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=16, choices=choices(MessageStatus), default=MessageStatus.PENDING)
    segment_first = models.PositiveIntegerField(default=0)
    segment_last = models.PositiveIntegerField(default=0)
    call_off_count = models.PositiveIntegerField(
        default=0, help_text="Call-offs read; the ledger holds the events against it"
    )
    problems = models.JSONField(default=list)

    class Meta:
        ordering = ["interchange", "number"]
        constraints = [
            models.UniqueConstraint(fields=["interchange", "number"], name="message_once"),
            models.CheckConstraint(condition=Q(status__in=list(MessageStatus)), name="message_status_known"),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(status=MessageStatus.PENDING), name="message_due")]

    def __str__(self) -> str:
        return f"{self.type} {self.ref}"


class InboundEvent(models.Model):
    """One call-off of a message, applied in a transaction of its own."""

    message = models.ForeignKey(InboundMessage, on_delete=models.PROTECT, related_name="events")
    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField(help_text="Place in the message, from 1")
    event = models.CharField(max_length=12)
    call_number = models.CharField(max_length=40, blank=True)
    sequence_number = models.CharField(max_length=20, blank=True)
    content = models.JSONField(help_text="The canonical reading (design page edi, section 3)")
    status = models.CharField(max_length=12, choices=choices(EventStatus), default=EventStatus.PENDING)
    code = models.CharField(max_length=40, blank=True, help_text="Why it is held, quarantined or discarded")
    note = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    applied_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True, help_text="A held event is tried again from here")
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="event_once"),
            models.CheckConstraint(condition=Q(status__in=list(EventStatus)), name="event_status_known"),
            models.CheckConstraint(
                condition=~Q(status=EventStatus.DISCARDED) | (Q(by__isnull=False) & ~Q(note="")),
                name="event_discarded_by_name_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "partner", "id"], name="event_due"),
            models.Index(fields=["partner", "call_number"], name="event_of_a_call"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.call_number}"


class OutboundMessage(models.Model):
    """Bytes to send with number and name fixed beforehand; the wire is at-least-once under a stable key."""

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="outbound")
    kind = models.CharField(max_length=12, help_text="DESADV 856 CONTRL 997")
    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, null=True, blank=True, related_name="messages"
    )
    answers = models.ForeignKey(
        Interchange, on_delete=models.PROTECT, null=True, blank=True, related_name="answers"
    )
    control_ref = models.CharField(max_length=14)
    file_name = models.CharField(max_length=120, unique=True)
    content = models.BinaryField()
    status = models.CharField(max_length=10, choices=choices(OutboundStatus), default=OutboundStatus.READY)
    ack_expected = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="Next try not before")
    claimed_by = models.CharField(max_length=80, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    put_at = models.DateTimeField(
        null=True, blank=True, help_text="From here on the partner may have it; before, he cannot"
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "kind"], condition=Q(shipment__isnull=False), name="asn_once_a_shipment"
            ),
            models.UniqueConstraint(
                fields=["answers", "kind"], condition=Q(answers__isnull=False), name="answer_once"
            ),
            models.UniqueConstraint(fields=["partner", "control_ref"], name="outbound_control_ref_once"),
            models.CheckConstraint(
                condition=~Q(
                    status__in=[OutboundStatus.SENT, OutboundStatus.ACCEPTED, OutboundStatus.REJECTED]
                )
                | Q(sent_at__isnull=False),
                name="outbound_sent_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=list(OutboundStatus)), name="outbound_status_known"
            ),
        ]
        indexes = [models.Index(fields=["status", "due_at"], name="outbound_due")]

    def __str__(self) -> str:
        return self.file_name
