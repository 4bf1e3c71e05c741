"""What the OEM called: one call a vehicle, one component group a commodity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from inventory.models import Part
from sequencer.models.plant import Commodity, SequenceStream, SequencingProgram
from sequencer.states import OPEN_GROUPS, SHIPPED_GROUPS, GapStatus, GroupStatus, Priority, Stage

if TYPE_CHECKING:
    from sequencer.models.racks import Slot


def choices(states: type) -> list[tuple[str, str]]:
    """Model choices of a status enumeration."""
    return [(state.value, state.value.replace("_", " ").lower()) for state in states]  # type: ignore[attr-defined]


class CallOff(models.Model):
    """One vehicle's call. `call_number` is its identity; the sequence may change and wraps."""

    program = models.ForeignKey(SequencingProgram, on_delete=models.PROTECT, related_name="calls")
    call_number = models.CharField(max_length=40)
    stream = models.ForeignKey(SequenceStream, on_delete=models.PROTECT, related_name="calls")
    sequence_number = models.CharField(max_length=20, blank=True, help_text="As sent, zeros and prefix kept")
    position = models.BigIntegerField(null=True, blank=True, help_text="Unwrapped sequence; null: displaced")
    vin = models.CharField(max_length=20, blank=True, db_index=True)
    production_number = models.CharField(max_length=40, blank=True)
    document_number = models.CharField(max_length=40, blank=True)
    dock = models.CharField(max_length=20, blank=True)
    line_feed = models.CharField(max_length=20, blank=True)
    stage = models.CharField(max_length=10, choices=choices(Stage), default=Stage.FIRM)
    held = models.BooleanField(default=False, help_text="Set out by the OEM; nothing is built meanwhile")
    required_at = models.DateTimeField(null=True, blank=True, help_text="When the OEM's line needs it")
    required_computed = models.BooleanField(
        default=False, help_text="No time was sent: takt and lead gave it"
    )
    revision = models.PositiveIntegerField(default=1, help_text="Counts every change that touches the build")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        # By key: the order of streams among themselves means nothing, and following it would join five tables.
        ordering = ["stream_id", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "call_number"],
                name="call_number_once_a_program",
                violation_error_message="This program already has a call of that number.",
            ),
            models.UniqueConstraint(
                fields=["stream", "position"],
                condition=Q(position__isnull=False),
                name="position_once_a_stream",
                violation_error_message="Another call holds that position.",
            ),
            models.CheckConstraint(
                condition=~Q(stage=Stage.FIRM) | Q(required_at__isnull=False),
                name="firm_call_has_required_time",
            ),
            models.CheckConstraint(condition=~Q(call_number=""), name="call_number_not_empty"),
            models.CheckConstraint(condition=Q(stage__in=list(Stage)), name="call_stage_known"),
        ]
        indexes = [
            models.Index(fields=["program", "stage", "required_at"], name="call_due"),
            models.Index(fields=["stream", "required_at"], name="call_pace"),
            models.Index(fields=["call_number"], name="call_by_number"),
            # The number comes round: the newest of its vehicles are read, not all of them.
            models.Index(fields=["sequence_number", "-id"], name="call_by_sequence"),
            models.Index(
                fields=["production_number"], condition=~Q(production_number=""), name="call_by_production"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call_number} seq {self.sequence_number}"


class ComponentGroup(models.Model):
    """One commodity for one vehicle: the unit of work."""

    call_off = models.ForeignKey(CallOff, on_delete=models.PROTECT, related_name="groups")
    commodity = models.ForeignKey(Commodity, on_delete=models.PROTECT, related_name="groups")
    status = models.CharField(max_length=12, choices=choices(GroupStatus), default=GroupStatus.CREATED)
    priority = models.CharField(max_length=8, choices=choices(Priority), default=Priority.NORMAL)
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replacement"
    )
    on_hold = models.BooleanField(default=False, help_text="Quality hold: stops pick, pack, load and ASN")
    problem = models.CharField(max_length=200, blank=True, help_text="Why it is unresolved or missing")
    attempt = models.PositiveSmallIntegerField(
        default=1, help_text="Counts builds: one more for each piece scrapped"
    )
    revision = models.PositiveIntegerField(default=1, help_text="Of the parts; the host check compares it")
    verified_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)

    if TYPE_CHECKING:
        slot: Slot

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["call_off", "commodity"],
                condition=Q(replaces__isnull=True),
                name="group_family_once_a_call",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[GroupStatus.VERIFIED, GroupStatus.PACKED, *sorted(SHIPPED_GROUPS)])
                | Q(verified_at__isnull=False),
                name="group_packed_was_verified",
            ),
            models.CheckConstraint(
                condition=Q(status__in=sorted(SHIPPED_GROUPS), shipped_at__isnull=False)
                | (~Q(status__in=sorted(SHIPPED_GROUPS)) & Q(shipped_at__isnull=True)),
                name="group_shipped_has_time",
            ),
            models.CheckConstraint(condition=Q(status__in=list(GroupStatus)), name="group_status_known"),
        ]
        indexes = [
            models.Index(fields=["commodity", "status"], name="group_work"),
            # What is still to be built or to leave, among the groups of years.
            models.Index(
                fields=["commodity", "call_off"],
                condition=Q(status__in=sorted(OPEN_GROUPS)),
                name="group_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call_off.sequence_number} {self.commodity.family}"


class CallComponent(models.Model):
    """What was called and what it resolves to. One row a piece number to be scanned.

    `required` false: a called header part that a BOM explodes into the rows the operator scans.
    """

    group = models.ForeignKey(ComponentGroup, on_delete=models.CASCADE, related_name="components")
    customer_part = models.CharField(max_length=35, help_text="As called")
    part = models.ForeignKey(Part, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    quantity = models.PositiveIntegerField(default=1)
    unit_code = models.CharField(max_length=3, blank=True)
    options = models.CharField(max_length=200, blank=True, help_text="Option codes as called, blank between")
    order_ref = models.CharField(max_length=35, blank=True)
    called = models.BooleanField(default=True, help_text="Stands in the call itself, not only in the BOM")
    required = models.BooleanField(default=True, help_text="To be scanned at the station")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="component_quantity_positive"),
        ]
        # Quantities to date are added up over all that ever left, while a truck waits for its advice.
        indexes = [models.Index(fields=["customer_part"], name="component_customer_part")]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.customer_part}"


class SequenceGap(models.Model):
    """One missing position of a dense stream. Stored, with a deadline, until filled or accepted by a person."""

    stream = models.ForeignKey(SequenceStream, on_delete=models.PROTECT, related_name="gaps")
    position = models.BigIntegerField()
    sequence_number = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=choices(GapStatus), default=GapStatus.OPEN)
    opened_at = models.DateTimeField()
    needed_by = models.DateTimeField(help_text="When the OEM's line reaches it, less transit")
    closed_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        # By key: the order of streams among themselves means nothing, and following it would join five tables.
        ordering = ["stream_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["stream", "position"], name="gap_once_a_position"),
            models.CheckConstraint(
                condition=~Q(status=GapStatus.ACCEPTED) | (Q(accepted_by__isnull=False) & ~Q(reason="")),
                name="gap_accepted_by_name_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(status=GapStatus.OPEN, closed_at__isnull=True)
                | (~Q(status=GapStatus.OPEN) & Q(closed_at__isnull=False)),
                name="gap_closed_has_time",
            ),
            models.CheckConstraint(condition=Q(status__in=list(GapStatus)), name="gap_status_known"),
        ]

    def __str__(self) -> str:
        return f"gap {self.sequence_number}"


class StreamHold(models.Model):
    """Something is missing in a stream that no number tells: past it nothing is sealed or departs meanwhile.

    Opened and released by whoever knows the cause (the gate: a transmission that did not come). Building goes on.
    """

    stream = models.ForeignKey(SequenceStream, on_delete=models.PROTECT, related_name="holds")
    ref = models.CharField(max_length=80, help_text="Names the cause; the same cause holds a stream once")
    reason = models.CharField(max_length=200)
    after_position = models.BigIntegerField(
        null=True, blank=True, help_text="Last position known before the cause; empty: everything is held"
    )
    since = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=60, blank=True)
    note = models.CharField(max_length=200, blank=True, help_text="Why it ended")

    class Meta:
        ordering = ["stream", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "ref"], condition=Q(released_at__isnull=True), name="hold_once_a_cause"
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(ref=""), name="hold_says_why"),
        ]

    def __str__(self) -> str:
        return f"hold {self.ref}"
