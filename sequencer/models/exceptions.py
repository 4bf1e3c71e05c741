"""What went another way than planned on the floor: a row each, with who, when and why."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sequencer.models.calls import ComponentGroup
from sequencer.models.floor import Station
from sequencer.models.plant import Line
from sequencer.models.racks import Rack, Slot, Unit


class FloorException(models.Model):
    """One exception of one piece, call or rack. Open until `resolved_at`; never deleted, never written over."""

    class Kind(models.TextChoices):
        MISSING = "MISSING", "missing part"
        SCRAP = "SCRAP", "scrapped"
        REPAIR = "REPAIR", "repair"
        HOLD = "HOLD", "quality hold"
        REORDER = "REORDER", "re-ordered"
        RETURNED = "RETURNED", "sent back by the OEM"
        SWAP = "SWAP", "swapped"
        REPACK = "REPACK", "repacked"
        CANCELLED = "CANCELLED", "built, then cancelled"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="floor_exceptions")
    station = models.ForeignKey(
        Station, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    group = models.ForeignKey(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="floor_exceptions"
    )
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="floor_exceptions"
    )
    rack = models.ForeignKey(
        Rack, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    slot = models.ForeignKey(
        Slot, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    text = models.CharField(max_length=200, help_text="What happened, in a sentence that stays true")
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()
    by = models.CharField(max_length=60)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When the place must be filled again")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=60, blank=True)
    resolution = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason="") & ~Q(by=""), name="exception_says_who_and_why"),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True) | (~Q(resolved_by="") & ~Q(resolution="")),
                name="exception_resolved_by_name",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "at"], name="exception_kind"),
            models.Index(fields=["line"], condition=Q(resolved_at__isnull=True), name="exception_open"),
        ]

    def __str__(self) -> str:
        return self.text
