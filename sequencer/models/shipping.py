"""A truck's load. Physical only; the message beside it belongs to edi."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sequencer.models.plant import UnloadingPoint
from sequencer.states import AsnStatus, ShipmentStatus


class Shipment(models.Model):
    """Racks of one unloading point in loading order. Departure is one moment and never undone."""

    number = models.CharField(max_length=30, unique=True)
    unloading_point = models.ForeignKey(UnloadingPoint, on_delete=models.PROTECT, related_name="shipments")
    status = models.CharField(
        max_length=10,
        choices=[(s.value, s.value.lower()) for s in ShipmentStatus],
        default=ShipmentStatus.PLANNED,
    )
    planned_at = models.DateTimeField()
    leaves_at = models.DateTimeField(help_text="Latest departure that still reaches the line in time")
    opened_at = models.DateTimeField(null=True, blank=True)
    departed_at = models.DateTimeField(null=True, blank=True)
    truck = models.CharField(max_length=20, blank=True)
    seal_number = models.CharField(max_length=20, blank=True)
    driver = models.CharField(max_length=60, blank=True)
    asn_status = models.CharField(
        max_length=10, choices=[(s.value, s.value.lower()) for s in AsnStatus], default=AsnStatus.NONE
    )
    asn_status_at = models.DateTimeField(null=True, blank=True)
    asn_answered = models.BooleanField(
        default=True, help_text="The partner acknowledges ASNs; otherwise SENT is the last word"
    )
    asn_note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=ShipmentStatus.DEPARTED, departed_at__isnull=False)
                | (~Q(status=ShipmentStatus.DEPARTED) & Q(departed_at__isnull=True)),
                name="shipment_departed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status=ShipmentStatus.DEPARTED) | Q(asn_status=AsnStatus.NONE),
                name="no_asn_before_departure",
            ),
            models.CheckConstraint(
                condition=Q(status__in=list(ShipmentStatus)), name="shipment_status_known"
            ),
            models.CheckConstraint(
                condition=Q(asn_status__in=list(AsnStatus)), name="shipment_asn_status_known"
            ),
        ]
        indexes = [models.Index(fields=["status", "asn_status"], name="shipment_asn_due")]

    def __str__(self) -> str:
        return self.number
