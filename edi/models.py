"""What crosses the gate: partners, received files and their contents, messages to send."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from edi.states import (
    AfterFetch,
    ChannelKind,
    DeliveryKind,
    DeliveryStatus,
    EntryStatus,
    EventStatus,
    Framing,
    InterchangeStatus,
    MessageStatus,
    Moves,
    OutboundStatus,
    ReceiptStatus,
)
from inventory.errors import Refused, Stale
from inventory.models import Customer
from sequencer.models import Line, OemPlant, SequencingProgram, Shipment
from sequencer.states import GapStatus

# What a partner's own text of a resend request may name, each in braces.
RESEND_FACTS = (
    "{partner}", "{plant}", "{line}", "{counter}", "{first}", "{last}", "{numbers}", "{count}", "{by}", "{zone}",
)  # fmt: skip


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
    test_side = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="production_side",
        limit_choices_to={"test_partner": True},
        help_text="The test partner that takes what arrives here marked as a test",
    )  # fmt: skip
    pulse_seconds = models.PositiveIntegerField(default=60, help_text="Expected time between files")
    next_control_number = models.PositiveBigIntegerField(default=1)
    resend_to = models.EmailField(blank=True, help_text="Who sends missing calls again: of the ready request")
    resend_subject = models.CharField(max_length=120, blank=True, help_text="Empty: ours; may hold {facts}")
    resend_text = models.TextField(
        blank=True, help_text="Text of a resend request; empty: ours. Facts: " + " ".join(RESEND_FACTS)
    )
    lane_worker = models.CharField(max_length=80, blank=True, editable=False)
    lane_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(test_partner=False) | Q(test_side__isnull=True),
                name="test_partner_has_no_test_side",
                violation_error_message="A test partner is a test side itself.",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """Refuses a resend request that names a fact there is none of."""
        super().clean()
        for name in ("resend_subject", "resend_text"):
            unknown = sorted(set(re.findall(r"\{[^{}]*\}", getattr(self, name))) - set(RESEND_FACTS))
            if unknown:
                known = " ".join(RESEND_FACTS)
                raise ValidationError({name: f"{', '.join(unknown)} stands for nothing; use {known}"})


class CallOffRoute(models.Model):
    """Which program a call belongs to. Empty fields match anything; the route with most fields set wins."""

    partner = models.ForeignKey(TradingPartner, on_delete=models.CASCADE, related_name="routes")
    dock = models.CharField(max_length=20, blank=True)
    line_feed = models.CharField(max_length=20, blank=True)
    broadcast_point = models.CharField(
        max_length=10, blank=True, help_text="DE 1159 of SEQ: each point of a line has a counter of its own"
    )
    program = models.ForeignKey(SequencingProgram, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["partner", "dock", "line_feed", "broadcast_point"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "dock", "line_feed", "broadcast_point"], name="route_once_a_place"
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.dock or '*'} {self.line_feed or '*'} {self.broadcast_point or '*'}"


class Delivery(models.Model):
    """One dropped file with its unaltered bytes. A partner's duplicate is a delivery of its own.

    A delivery that people made (`kind`) says whom it `corrects`, who entered it and why. `settled_*`: a person
    has decided about what was refused in it, by a correction or by giving it up.
    """

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
    kind = models.CharField(max_length=10, choices=choices(DeliveryKind), default=DeliveryKind.FILE)
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections"
    )
    corrects_message = models.ForeignKey(
        "InboundMessage", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections"
    )
    corrects_event = models.ForeignKey(
        "InboundEvent", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections"
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why people made it")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settled_note = models.CharField(max_length=200, blank=True)

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
            models.CheckConstraint(condition=Q(kind__in=list(DeliveryKind)), name="delivery_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=DeliveryKind.FILE) | (Q(entered_by__isnull=False) & ~Q(reason="")),
                name="delivery_made_by_name_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | (Q(settled_by__isnull=False) & ~Q(settled_note="")),
                name="delivery_settled_by_name_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "partner", "id"], name="delivery_due"),
            models.Index(fields=["partner", "received_at"], name="delivery_pulse"),
            models.Index(
                fields=["partner"], condition=Q(archived_at__isnull=True), name="delivery_unarchived"
            ),
            models.Index(
                fields=["partner", "received_at"],
                condition=Q(kind=DeliveryKind.MANUAL),
                name="delivery_by_hand",
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
    settled_at = models.DateTimeField(null=True, blank=True, help_text="A person decided about its rejection")
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settled_note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["interchange", "number"]
        constraints = [
            models.UniqueConstraint(fields=["interchange", "number"], name="message_once"),
            models.CheckConstraint(condition=Q(status__in=list(MessageStatus)), name="message_status_known"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(status=MessageStatus.PENDING), name="message_due"),
            models.Index(
                fields=["id"],
                condition=Q(status=MessageStatus.REJECTED, settled_at__isnull=True),
                name="message_undecided",
            ),
        ]

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
    booked_at = models.DateTimeField(
        default=timezone.now, editable=False, help_text="The day whose closing counts it"
    )
    program = models.ForeignKey(
        SequencingProgram, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Where its route led; the pulse of a line is read from it",
    )  # fmt: skip

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
    answers_message = models.ForeignKey(
        InboundMessage, on_delete=models.PROTECT, null=True, blank=True, related_name="answers",
        help_text="What an APERAK or 824 is about",
    )  # fmt: skip
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
    overdue_at = models.DateTimeField(
        null=True, blank=True, help_text="When its missing acknowledgement or receipt was told"
    )
    channel = models.ForeignKey(
        "PartnerChannel", on_delete=models.PROTECT, null=True, blank=True, related_name="sent",
        help_text="By which wire it went; empty: the partner's own out folder",
    )  # fmt: skip
    receipt_status = models.CharField(
        max_length=10,
        choices=choices(ReceiptStatus),
        blank=True,
        help_text="What the gateway heard: EERP, MDN",
    )
    receipt_at = models.DateTimeField(null=True, blank=True)
    receipt_note = models.CharField(max_length=200, blank=True)
    receipt_overdue_at = models.DateTimeField(null=True, blank=True, help_text="When its lack was told")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "kind"], condition=Q(shipment__isnull=False), name="asn_once_a_shipment"
            ),
            models.UniqueConstraint(
                fields=["answers", "kind"], condition=Q(answers__isnull=False), name="answer_once"
            ),
            models.UniqueConstraint(
                fields=["answers_message", "kind"],
                condition=Q(answers_message__isnull=False),
                name="business_answer_once",
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
            models.CheckConstraint(
                condition=Q(receipt_status__in=list(ReceiptStatus)) | Q(receipt_status=""),
                name="outbound_receipt_known",
            ),
        ]
        indexes = [models.Index(fields=["status", "due_at"], name="outbound_due")]

    def __str__(self) -> str:
        return self.file_name


class ManualEntry(models.Model):
    """Call-offs one person entered because their message did not come; another person approves them.

    `calls` are canonical call-offs (design page edi, section 3) with their `call_number`. Approval makes a
    delivery of kind MANUAL of them, which then goes the way of every file.
    """

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="manual_entries")
    calls = models.JSONField()
    reason = models.CharField(max_length=200, help_text="Why by hand: who said so, and where it is written")
    status = models.CharField(max_length=10, choices=choices(EntryStatus), default=EntryStatus.ENTERED)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_note = models.CharField(max_length=200, blank=True)
    delivery = models.OneToOneField(
        Delivery, on_delete=models.PROTECT, null=True, blank=True, related_name="manual_entry"
    )

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "manual entries"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=list(EntryStatus)), name="entry_status_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="entry_has_reason"),
            models.CheckConstraint(
                condition=~Q(status=EntryStatus.APPROVED)
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("entered_by")) & Q(delivery__isnull=False)),
                name="entry_approved_by_another_person",
            ),
            models.CheckConstraint(
                condition=~Q(status=EntryStatus.REFUSED)
                | (Q(decided_by__isnull=False) & ~Q(decided_note="")),
                name="entry_refused_by_name_with_reason",
            ),
        ]
        indexes = [models.Index(fields=["status", "entered_at"], name="entry_due")]

    def __str__(self) -> str:
        return f"{self.partner} manual entry {self.pk}"


class TransmissionCounter(models.Model):
    """How far a partner's own count of transmissions or messages has come, one row a series."""

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="counters")
    series = models.CharField(
        max_length=100, help_text="What is counted together: sender and recipient, or type"
    )
    first_number = models.BigIntegerField(help_text="Where this count began for us, unwrapped")
    last_number = models.BigIntegerField(help_text="Unwrapped")
    last_ref = models.CharField(max_length=35, help_text="As sent")
    last_prepared = models.CharField(
        max_length=20, blank=True, help_text="When the partner wrote the last one"
    )
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["partner", "series"]
        constraints = [models.UniqueConstraint(fields=["partner", "series"], name="counter_once_a_series")]

    def __str__(self) -> str:
        return f"{self.partner} {self.series} {self.last_ref}"


class SequenceCycle(models.Model):
    """One round of a partner's vehicle count at one broadcast point, where the calendar does not tell the rounds.

    `last` is the highest number of the round so far, counted from 1. A round that began once is never taken back.
    """

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="cycles")
    point = models.CharField(max_length=10, blank=True, help_text="Broadcast point, where the calls name one")
    number = models.IntegerField(help_text="Counted by us, from 1")
    began = models.CharField(
        max_length=25, blank=True, help_text="When the partner wrote what began it; empty: before we listened"
    )
    last = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField(help_text="When we read that it began")

    class Meta:
        ordering = ["partner", "point", "number"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "point", "number"], name="cycle_once_a_point")
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.point} {self.name}"

    @property
    def name(self) -> str:
        """As it stands in call numbers; later rounds sort behind earlier ones, and behind every year."""
        return f"c{self.number:04d}"


class TransmissionGap(models.Model):
    """A run of missing numbers of a dense transmission or message counter, until they came or a person accepts it.

    Numbers are unwrapped, `first_ref` and `last_ref` as the partner writes them. A number that comes late cuts
    its run in pieces, so rows never overlap and each keeps what became of it. `hold_ref` names the hold of the
    streams behind it, shared by the pieces; empty when the profile only warns.
    """

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="transmission_gaps")
    series = models.CharField(max_length=100)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    first_ref = models.CharField(max_length=35)
    last_ref = models.CharField(max_length=35)
    status = models.CharField(max_length=10, choices=choices(GapStatus), default=GapStatus.OPEN)
    since = models.DateTimeField()
    shown_by = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="The file that came although these had not",
    )  # fmt: skip
    filled_by = models.ForeignKey(Delivery, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    hold_ref = models.CharField(max_length=80, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["partner", "series", "first"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "series", "first"], name="transmission_gap_once"),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="transmission_gap_counts_up"),
            models.CheckConstraint(
                condition=~Q(status=GapStatus.ACCEPTED) | (Q(by__isnull=False) & ~Q(reason="")),
                name="transmission_gap_accepted_by_name_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(status=GapStatus.OPEN, closed_at__isnull=True)
                | (~Q(status=GapStatus.OPEN) & Q(closed_at__isnull=False)),
                name="transmission_gap_closed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=list(GapStatus)), name="transmission_gap_status_known"
            ),
        ]
        indexes = [models.Index(fields=["status", "partner"], name="transmission_gap_open")]

    def __str__(self) -> str:
        return f"{self.partner} {self.first_ref}-{self.last_ref}"

    @property
    def count(self) -> int:
        return self.last - self.first + 1


WEEKDAYS = [
    (0, "Monday"), (1, "Tuesday"), (2, "Wednesday"), (3, "Thursday"), (4, "Friday"), (5, "Saturday"), (6, "Sunday"),
]  # fmt: skip


class OemCalendar(models.Model):
    """When an OEM plant builds cars, by its own clock: shifts, breaks, and days that are different."""

    plant = models.ForeignKey(OemPlant, on_delete=models.PROTECT, related_name="calendars")
    name = models.CharField(max_length=60, help_text="For example: Line 1, two shifts")

    class Meta:
        ordering = ["plant", "name"]
        verbose_name = "OEM calendar"
        constraints = [models.UniqueConstraint(fields=["plant", "name"], name="calendar_once_a_plant")]

    def __str__(self) -> str:
        return f"{self.plant} {self.name}"


class WorkingHours(models.Model):
    """One shift of one weekday. An end that is not after the start lies on the next day."""

    calendar = models.ForeignKey(OemCalendar, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(choices=WEEKDAYS)
    start = models.TimeField()
    end = models.TimeField(help_text="Not after the start: on the next day; 00:00 is midnight")

    class Meta:
        ordering = ["weekday", "start"]
        verbose_name_plural = "working hours"
        constraints = [
            models.UniqueConstraint(fields=["calendar", "weekday", "start"], name="shift_once_a_start"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="shift_weekday_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start:%H:%M}-{self.end:%H:%M}"


class PlannedBreak(models.Model):
    """A pause inside the working hours, by the clock; no weekday means every day."""

    calendar = models.ForeignKey(OemCalendar, on_delete=models.CASCADE, related_name="breaks")
    weekday = models.PositiveSmallIntegerField(choices=WEEKDAYS, null=True, blank=True)
    start = models.TimeField()
    end = models.TimeField()

    class Meta:
        ordering = ["weekday", "start"]

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


class SpecialDay(models.Model):
    """A day that is not like its weekday: a holiday, or an extra shift. Shifts count to the day they start on."""

    calendar = models.ForeignKey(OemCalendar, on_delete=models.CASCADE, related_name="special_days")
    day = models.DateField()
    start = models.TimeField(null=True, blank=True, help_text="Both empty: nothing is built on this day")
    end = models.TimeField(null=True, blank=True)
    note = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["day", "start"]
        constraints = [
            models.CheckConstraint(
                condition=Q(start__isnull=True, end__isnull=True) | Q(start__isnull=False, end__isnull=False),
                name="special_day_has_both_times_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.note}".strip()


class LinePulse(models.Model):
    """How often a partner is heard of, and how long it may be silent inside the OEM's working time."""

    partner = models.ForeignKey(TradingPartner, on_delete=models.CASCADE, related_name="pulses")
    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Only call-offs of this line count; empty: any file of the partner",
    )  # fmt: skip
    calendar = models.ForeignKey(
        OemCalendar, on_delete=models.PROTECT, null=True, blank=True, related_name="pulses",
        help_text="Empty: the line never stops",
    )  # fmt: skip
    expected_seconds = models.PositiveIntegerField(default=60, help_text="Usual time between two files")
    allowed_seconds = models.PositiveIntegerField(
        default=600, help_text="Longer silence inside working time is an alarm"
    )
    active = models.BooleanField(default=True)
    last_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_event = models.BigIntegerField(default=0, editable=False)
    silent_since = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["partner", "line"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "line"], name="pulse_once_a_line"),
            models.UniqueConstraint(
                fields=["partner"], condition=Q(line__isnull=True), name="pulse_once_a_partner"
            ),
            models.CheckConstraint(
                condition=Q(expected_seconds__gte=1) & Q(allowed_seconds__gte=F("expected_seconds")),
                name="pulse_allows_what_it_expects",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.line or 'any file'}"


class LedgerClosing(models.Model):
    """The books of one day: its counts, a sha256 over each class of its rows, and the link to the day before."""

    day = models.DateField(unique=True)
    closed_at = models.DateTimeField()
    counts = models.JSONField(help_text="files, events, outbound: what they had come to at the closing")
    balanced = models.BooleanField()
    faults = models.JSONField(default=list)
    digests = models.JSONField(
        help_text="Row class: number of rows and sha256 over what never changes in them"
    )
    previous = models.CharField(max_length=64, blank=True, help_text="Chain value of the day closed before")
    chain = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class PartnerChannel(models.Model):
    """One wire to a partner. What is secret stands in files of the secrets folder; here only their names.

    Which fields count depends on the kind; `edi.channels.configured` says in a sentence what is missing.
    One process works a channel at a time: `held_by` with its heartbeat `held_at`.
    """

    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="channels")
    name = models.CharField(
        max_length=30, validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")], help_text="A plain word"
    )
    kind = models.CharField(max_length=10, choices=choices(ChannelKind))
    active = models.BooleanField(default=False)
    test_side = models.BooleanField(
        default=False, help_text="This wire leads to test systems; only a test partner may have it"
    )
    host = models.CharField(
        max_length=120,
        blank=True,
        help_text="SFTP: a name on JIS_PARTNER_HOSTS. TCP: the address to listen on; empty is 127.0.0.1",
    )
    port = models.PositiveIntegerField(default=22, validators=[MaxValueValidator(65535)])
    user = models.CharField(max_length=60, blank=True, help_text="SFTP: our log-in at the partner")
    key_name = models.CharField(
        max_length=60, blank=True, help_text="SFTP: name of the private key file in the secrets folder"
    )
    passphrase_name = models.CharField(
        max_length=60, blank=True, help_text="File in the secrets folder that holds the key's passphrase"
    )
    known_hosts = models.TextField(
        blank=True, help_text="SFTP: the server's public host keys, one a line: ssh-ed25519 AAAA..."
    )
    in_folder = models.CharField(
        max_length=200, blank=True, help_text="Where the partner's files wait for us"
    )
    out_folder = models.CharField(max_length=200, blank=True, help_text="Where we put what we send")
    archive_folder = models.CharField(max_length=200, blank=True, help_text="Fetched files go here: ARCHIVE")
    receipt_folder = models.CharField(max_length=200, blank=True, help_text="Gateway: where receipts lie")
    taken_folder = models.CharField(
        max_length=200, blank=True, help_text="Gateway: where we say that a file is safe, so that it confirms"
    )
    file_pattern = models.CharField(
        max_length=200, blank=True, help_text="Regular expression of whole file names; empty fetches all"
    )
    after_fetch = models.CharField(max_length=8, choices=choices(AfterFetch), default=AfterFetch.ARCHIVE)
    poll_seconds = models.PositiveIntegerField(default=15, validators=[MinValueValidator(1)])
    stable_seconds = models.PositiveIntegerField(
        default=3, help_text="A file unchanged for so long is finished; 0 where the partner renames"
    )
    receipt_minutes = models.PositiveIntegerField(
        default=20, help_text="Gateway: alarm without a receipt (EERP, MDN) after this; 0 expects none"
    )
    framing = models.CharField(max_length=8, choices=choices(Framing), default=Framing.NEWLINE)
    ack = models.CharField(
        max_length=40,
        blank=True,
        default=r"\x06",
        help_text=r"TCP: answer to a safe telegram, as \x06 or OK\r\n",
    )
    nak = models.CharField(
        max_length=40, blank=True, default=r"\x15{reason}\n",
        help_text="TCP: answer to a refused telegram; {reason} is replaced by one word",
    )  # fmt: skip
    peers = models.CharField(
        max_length=400, blank=True, help_text="TCP: addresses that may connect, as 10.1.2.0/24, by blanks"
    )
    max_telegram_bytes = models.PositiveIntegerField(default=65536, validators=[MinValueValidator(1)])
    max_clients = models.PositiveIntegerField(default=16, validators=[MinValueValidator(1)])
    idle_seconds = models.PositiveIntegerField(default=300, validators=[MinValueValidator(1)])
    last_ok_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="In a row")
    next_try_at = models.DateTimeField(null=True, blank=True, editable=False)
    held_by = models.CharField(max_length=80, blank=True, editable=False)
    held_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["partner", "name"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "name"], name="channel_once_a_name"),
            models.CheckConstraint(condition=Q(kind__in=list(ChannelKind)), name="channel_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.partner}/{self.name}"


class FetchedFile(models.Model):
    """One file taken from a partner's side. Written before the file enters our inbox, so none comes twice.

    Name, inode, time and size are those it has in our inbox: whether a crash came before or after it got
    there can be looked up. `removed_at`: it was archived or deleted on the other side, or is gone there.
    """

    channel = models.ForeignKey(PartnerChannel, on_delete=models.PROTECT, related_name="fetched")
    remote_path = models.CharField(max_length=400)
    size = models.BigIntegerField()
    mtime = models.BigIntegerField(help_text="As the other side tells it, in its own resolution")
    sha256 = models.CharField(max_length=64)
    local_name = models.CharField(max_length=255)
    hidden_name = models.CharField(max_length=80)
    inode = models.BigIntegerField()
    local_mtime_ns = models.BigIntegerField()
    fetched_at = models.DateTimeField()
    placed_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True, help_text="When the gateway was told it is safe")
    receipt_at = models.DateTimeField(null=True, blank=True, help_text="When the gateway sent our receipt")
    overdue_at = models.DateTimeField(null=True, blank=True, help_text="When its missing receipt was told")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "remote_path", "size", "mtime"],
                condition=Q(removed_at__isnull=True),
                name="fetched_once",
            )
        ]
        indexes = [
            models.Index(fields=["channel"], condition=Q(removed_at__isnull=True), name="fetched_open"),
        ]

    def __str__(self) -> str:
        return self.remote_path


class DeliveryConfirmation(models.Model):
    """What a partner says he received of one part of one shipment (RECADV, 861), beside what we sent."""

    event = models.OneToOneField(InboundEvent, on_delete=models.PROTECT, related_name="confirmation")
    partner = models.ForeignKey(TradingPartner, on_delete=models.PROTECT, related_name="confirmations")
    despatch_number = models.CharField(max_length=35, blank=True, help_text="As the partner names it")
    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, null=True, blank=True, related_name="confirmations",
        help_text="Empty: no shipment of ours has that number",
    )  # fmt: skip
    customer_part = models.CharField(max_length=35, blank=True)
    order_ref = models.CharField(max_length=35, blank=True)
    shipped = models.DecimalField(
        max_digits=15, decimal_places=3, null=True, blank=True, help_text="By our own books"
    )
    received = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    accepted = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    difference = models.DecimalField(
        max_digits=15, decimal_places=3, default=0, help_text="Confirmed less shipped"
    )
    discrepancy = models.CharField(max_length=80, blank=True, help_text="As sent")
    received_on = models.CharField(max_length=25, blank=True, help_text="As sent")
    booked_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["partner", "customer_part"], name="confirmation_of_a_part")]

    def __str__(self) -> str:
        return f"{self.partner} {self.despatch_number} {self.customer_part}"


class FeedUsage(models.Model):
    """What one message type of a partner's feed makes use of, as a named person accepted it.

    `told`: what left it since, each told once. A row nobody accepted yet is a type that came on its own.
    """

    partner = models.ForeignKey(TradingPartner, on_delete=models.CASCADE, related_name="usage")
    message_type = models.CharField(max_length=20, help_text="UNB, ISA, VDA, flat: the feed's envelopes")
    usage = models.JSONField(default=dict, blank=True)
    told = models.JSONField(default=list, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["partner", "message_type"]
        verbose_name_plural = "feed usage"
        constraints = [
            models.UniqueConstraint(fields=["partner", "message_type"], name="usage_once_a_type"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(accepted_by__isnull=False),
                name="usage_accepted_by_name",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.message_type}"
