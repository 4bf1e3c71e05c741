"""Calls of a quantity, not of a vehicle: what is wanted, its kanban cards, and the boxes it is packed in."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from inventory.models import Part
from sequencer.models.calls import choices
from sequencer.models.plant import UnloadingPoint
from sequencer.models.shipping import Shipment
from sequencer.states import HandlingStatus, QuantityStatus

# One box is one transaction of pieces; beyond this somebody mistyped.
PIECES_AT_MOST = 5000


class PackingInstruction(models.Model):
    """How a part is packed for an unloading point: pieces in a full box, which box, and where it is done."""

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="packing")
    unloading_point = models.ForeignKey(
        UnloadingPoint, on_delete=models.PROTECT, null=True, blank=True, related_name="packing",
        help_text="Empty: wherever the part goes",
    )  # fmt: skip
    station = models.ForeignKey(
        "sequencer.Station", on_delete=models.PROTECT, null=True, blank=True, related_name="packing",
        help_text="Empty: the packing stations of the part's family",
    )  # fmt: skip
    pieces = models.PositiveIntegerField(help_text="In a full box: the standard pack")
    package_type = models.CharField(
        max_length=20, blank=True, help_text="The customer's code of the box, as the despatch advice says it"
    )
    tare_kg = models.DecimalField(
        "tare (kg)", max_digits=8, decimal_places=2, null=True, blank=True, help_text="Empty box; empty: not known"
    )  # fmt: skip

    class Meta:
        ordering = ["part", "unloading_point"]
        constraints = [
            models.UniqueConstraint(
                fields=["part", "unloading_point"], name="packing_once_a_point",
                violation_error_message="This part has a packing instruction for that unloading point already.",
            ),
            models.UniqueConstraint(
                fields=["part"], condition=Q(unloading_point__isnull=True), name="packing_once_everywhere",
                violation_error_message="This part has a packing instruction for every unloading point already.",
            ),
            models.CheckConstraint(
                condition=Q(pieces__gte=1, pieces__lte=PIECES_AT_MOST), name="packing_holds_pieces",
                violation_error_message=f"A box holds 1 to {PIECES_AT_MOST} pieces.",
            ),
            models.CheckConstraint(
                condition=Q(tare_kg__isnull=True) | Q(tare_kg__gt=0), name="packing_tare_positive",
                violation_error_message="A box weighs something; leave it empty when nobody knows.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.pieces} x {self.part}"

    def clean(self) -> None:
        if self.station is not None and self.station.commodity_id is None:
            raise ValidationError({"station": "A dock packs nothing; name a packing station."})


class QuantityCall(models.Model):
    """So many pieces of a part at one place at one time. Its identity is what, where, when and under which signal.

    `called` is what the customer's line says. `quantity` is what this call delivers in all, shipped and still to ship:
    less than called where pieces on the road cover it, more where a line came again after a part of it had left.
    """

    class Source(models.TextChoices):
        RELEASE = "RELEASE", "delivery schedule"
        API = "API", "other system"
        HAND = "HAND", "by hand"

    number = models.CharField(max_length=30, unique=True)
    unloading_point = models.ForeignKey(
        UnloadingPoint, on_delete=models.PROTECT, related_name="quantity_calls"
    )
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="quantity_calls")
    customer_part = models.CharField(max_length=35, help_text="As called")
    line_feed = models.CharField(max_length=35, blank=True, help_text="Door or place at the customer's line")
    signal = models.CharField(max_length=35, blank=True, help_text="Pull signal, delivery order or release")
    due_at = models.DateTimeField(help_text="When it is wanted at the unloading point")
    called = models.PositiveIntegerField(help_text="As the customer's line says")
    quantity = models.PositiveIntegerField(help_text="Shipped and still to ship under this call")
    unit_code = models.CharField(max_length=3, blank=True)
    order_ref = models.CharField(max_length=35, blank=True)
    status = models.CharField(max_length=10, choices=choices(QuantityStatus), default=QuantityStatus.RELEASED)
    source = models.CharField(max_length=8, choices=Source.choices)
    feed = models.CharField(max_length=20, blank=True, help_text="Partner whose schedule it comes from")
    revision = models.PositiveIntegerField(default=1, help_text="Counts every change of the quantity")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=60)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=60)
    reason = models.CharField(max_length=200, blank=True, help_text="Of the last change")

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["unloading_point", "customer_part", "line_feed", "signal", "due_at"],
                name="quantity_call_once",
                violation_error_message="This part is called there for that time already.",
            ),
            models.CheckConstraint(condition=Q(called__lte=10**9), name="quantity_call_counts"),
            models.CheckConstraint(
                condition=~Q(source="HAND") | ~Q(created_by=""), name="quantity_call_by_a_name"
            ),
            models.CheckConstraint(
                condition=Q(status__in=list(QuantityStatus)), name="quantity_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["unloading_point", "status", "due_at"], name="quantity_call_due"),
            models.Index(fields=["customer_part", "due_at"], name="quantity_call_part"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.customer_part}"


class KanbanCard(models.Model):
    """One card of a kanban call: one full box. The same card comes round again with a later call."""

    call = models.ForeignKey(QuantityCall, on_delete=models.PROTECT, related_name="cards")
    number = models.CharField(max_length=35)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="Its box was full")
    closed_by = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["call", "number"]
        constraints = [
            models.UniqueConstraint(fields=["call", "number"], name="card_once_a_call"),
            models.UniqueConstraint(
                fields=["number"],
                condition=Q(closed_at__isnull=True, withdrawn_at__isnull=True),
                name="card_open_once",
                violation_error_message="This card is called already and its box is not packed yet.",
            ),
        ]
        indexes = [models.Index(fields=["number", "-id"], name="card_by_number")]

    def __str__(self) -> str:
        return self.number


class HandlingUnit(models.Model):
    """A box of one call's pieces; its licence plate is the number of its transport label. Pieces point at it."""

    number = models.CharField(max_length=30, unique=True)
    call = models.ForeignKey(QuantityCall, on_delete=models.PROTECT, related_name="boxes")
    card = models.OneToOneField(
        KanbanCard, on_delete=models.PROTECT, null=True, blank=True, related_name="box"
    )
    capacity = models.PositiveIntegerField(help_text="Pieces when it is full")
    package_type = models.CharField(max_length=20, blank=True)
    tare_kg = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    status = models.CharField(max_length=10, choices=choices(HandlingStatus), default=HandlingStatus.OPEN)
    pieces = models.PositiveIntegerField(default=0, help_text="Kept with each scan; the pieces are the truth")
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=60)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=60, blank=True)
    loaded_at = models.DateTimeField(null=True, blank=True)
    emptied_reason = models.CharField(max_length=200, blank=True)
    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, null=True, blank=True, related_name="boxes"
    )

    class Meta:
        ordering = ["pk"]
        verbose_name = "handling unit"
        constraints = [
            models.CheckConstraint(condition=Q(pieces__lte=F("capacity")), name="box_not_overfull"),
            models.CheckConstraint(
                condition=Q(status__in=[HandlingStatus.OPEN, HandlingStatus.CANCELLED])
                | (Q(closed_at__isnull=False) & Q(pieces__gte=1)),
                name="box_closed_holds_pieces",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[HandlingStatus.LOADED, HandlingStatus.SHIPPED])
                | Q(shipment__isnull=False),
                name="box_loaded_on_a_truck",
            ),
            models.CheckConstraint(condition=Q(status__in=list(HandlingStatus)), name="box_status_known"),
        ]
        indexes = [models.Index(fields=["status"], name="box_status")]

    def __str__(self) -> str:
        return self.number
