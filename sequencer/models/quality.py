"""Quality holds: what must not move on until quality says so."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.models import Part
from sequencer.clocks import our_clock
from sequencer.models.calls import ComponentGroup


class QualityHold(models.Model):
    """Holds every piece that fits all it says: part, serial, lot, time of taking; or one call's group.

    A piece that is scanned later and fits is held as well, so that a hold needs no list.
    """

    part = models.ForeignKey(
        Part, on_delete=models.PROTECT, null=True, blank=True, related_name="quality_holds"
    )
    serial = models.CharField(max_length=40, blank=True)
    lot = models.CharField(max_length=40, blank=True)
    made_from = models.DateTimeField(null=True, blank=True, help_text="Scanned at or after")
    made_to = models.DateTimeField(null=True, blank=True, help_text="Scanned before")
    group = models.ForeignKey(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="quality_holds"
    )
    reason = models.CharField(max_length=200)
    placed_at = models.DateTimeField()
    placed_by = models.CharField(max_length=60)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=60, blank=True)
    release_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(placed_by=""), name="quality_hold_says_who_and_why"
            ),
            models.CheckConstraint(
                condition=Q(group__isnull=False)
                | Q(part__isnull=False)
                | ~Q(serial="")
                | ~Q(lot="")
                | (Q(made_from__isnull=False) & Q(made_to__isnull=False)),
                name="quality_hold_says_what",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | (~Q(released_by="") & ~Q(release_reason="")),
                name="quality_hold_released_by_name",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(released_at__isnull=True), name="quality_hold_open")
        ]

    def __str__(self) -> str:
        return f"Q-{self.pk}"

    @property
    def subject(self) -> str:
        """What it holds, in words."""
        if self.group is not None:
            return f"call {self.group.call_off.sequence_number} {self.group.commodity.family}"
        said = [
            self.part.number if self.part else "",
            f"serial {self.serial}" if self.serial else "",
            f"lot {self.lot}" if self.lot else "",
        ]
        if self.made_from:
            said.append(f"from {our_clock(self.made_from, day=True)}")
        if self.made_to:
            said.append(f"to {our_clock(self.made_to, day=True)}")
        return " ".join(filter(None, said))
