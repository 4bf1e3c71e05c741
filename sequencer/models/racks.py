"""Racks, their slots and the pieces in them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.models import Part
from sequencer.models.calls import CallComponent, ComponentGroup, choices
from sequencer.models.plant import Carrier, Commodity
from sequencer.models.shipping import Shipment
from sequencer.states import (
    BOUND_RACKS,
    CLOSED_RACKS,
    GONE_RACKS,
    Priority,
    RackStatus,
    SlotStatus,
    UnitStatus,
)


class Rack(models.Model):
    """One filling of a carrier: a run of positions of one commodity, cut by the rack type's capacity."""

    number = models.CharField(max_length=30, unique=True)
    commodity = models.ForeignKey(Commodity, on_delete=models.PROTECT, related_name="racks")
    status = models.CharField(max_length=12, choices=choices(RackStatus), default=RackStatus.PLANNED)
    priority = models.CharField(max_length=8, choices=choices(Priority), default=Priority.NORMAL)
    low_position = models.BigIntegerField(help_text="Lowest position this rack may hold")
    high_position = models.BigIntegerField(help_text="Highest position this rack may hold")
    closed = models.BooleanField(default=False, help_text="Cut short by CLOSE or shift end: takes no more")
    carrier = models.ForeignKey(
        Carrier, on_delete=models.PROTECT, null=True, blank=True, related_name="racks"
    )
    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, null=True, blank=True, related_name="racks"
    )
    load_position = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1 = loaded first")
    holes_approved_by = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    sealed_at = models.DateTimeField(null=True, blank=True)
    loaded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["commodity", "low_position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["commodity", "low_position"],
                condition=Q(priority=Priority.NORMAL) & ~Q(status=RackStatus.CANCELLED),
                name="rack_cut_once",
            ),
            models.UniqueConstraint(
                fields=["carrier"],
                condition=Q(status__in=sorted(BOUND_RACKS)),
                name="carrier_in_one_rack",
                violation_error_message="This carrier already holds a rack that has not come back.",
            ),
            models.UniqueConstraint(
                fields=["shipment", "load_position"],
                condition=Q(shipment__isnull=False),
                name="load_position_once_a_shipment",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=sorted(CLOSED_RACKS | GONE_RACKS)) | Q(sealed_at__isnull=False),
                name="rack_sealed_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=sorted(BOUND_RACKS)) | Q(carrier__isnull=False),
                name="rack_in_work_has_carrier",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[RackStatus.LOADED, *sorted(GONE_RACKS)])
                | (Q(shipment__isnull=False) & Q(loaded_at__isnull=False)),
                name="rack_loaded_is_on_a_shipment",
            ),
            models.CheckConstraint(condition=Q(status__in=list(RackStatus)), name="rack_status_known"),
        ]
        indexes = [models.Index(fields=["commodity", "status", "low_position"], name="rack_work")]

    def __str__(self) -> str:
        return self.number


class Slot(models.Model):
    """A place in a rack. `number` counts in loading order; `position` is the sequence it is kept for."""

    rack = models.ForeignKey(Rack, on_delete=models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField()
    position = models.BigIntegerField(null=True, blank=True)
    group = models.OneToOneField(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="slot"
    )
    status = models.CharField(max_length=10, choices=choices(SlotStatus), default=SlotStatus.EMPTY)
    packed_revision = models.PositiveIntegerField(
        null=True, blank=True, help_text="Revision that was verified"
    )
    packed_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["rack_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["rack", "number"], name="slot_number_once_a_rack"),
            models.CheckConstraint(
                condition=~Q(status=SlotStatus.FILLED)
                | (Q(group__isnull=False) & Q(packed_revision__isnull=False) & Q(packed_at__isnull=False)),
                name="slot_filled_holds_a_verified_group",
            ),
            models.CheckConstraint(condition=Q(status__in=list(SlotStatus)), name="slot_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.rack} slot {self.number}"


class Unit(models.Model):
    """A physical piece: one serial, one unit, for ever; it belongs to at most one group at a time."""

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="units")
    serial = models.CharField(max_length=40, null=True, blank=True)
    status = models.CharField(max_length=10, choices=choices(UnitStatus), default=UnitStatus.ALLOCATED)
    group = models.ForeignKey(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="units"
    )
    component = models.ForeignKey(
        CallComponent, on_delete=models.SET_NULL, null=True, blank=True, related_name="units"
    )
    taken_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["part", "serial"], condition=Q(serial__isnull=False), name="serial_once_a_part"
            ),
            models.CheckConstraint(
                condition=Q(status=UnitStatus.BUFFER, group__isnull=True)
                | (~Q(status=UnitStatus.BUFFER) & Q(group__isnull=False)),
                name="unit_has_its_group",
            ),
            models.CheckConstraint(condition=Q(status__in=list(UnitStatus)), name="unit_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.serial or ''}".strip()
