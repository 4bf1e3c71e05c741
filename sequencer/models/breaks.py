"""Pieces that came to a station out of their vehicle's turn, and what became of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sequencer.models.calls import ComponentGroup, choices
from sequencer.models.floor import Station
from sequencer.models.racks import Unit
from sequencer.states import BreakOutcome, BreakPolicy


class SequenceBreak(models.Model):
    """One piece of another vehicle than the one asked for: who scanned it, under which policy, how it ended.

    `after` units may be packed at the station before a delayed policy acts; `passed` counts them.
    """

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="breaks")
    asked = models.ForeignKey(ComponentGroup, on_delete=models.PROTECT, related_name="+")
    found = models.ForeignKey(ComponentGroup, on_delete=models.PROTECT, related_name="breaks")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="breaks")
    policy = models.CharField(max_length=20, choices=choices(BreakPolicy))
    after = models.PositiveSmallIntegerField(default=0)
    passed = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=12, choices=choices(BreakOutcome), default=BreakOutcome.OPEN)
    announced = models.CharField(max_length=60, blank=True, help_text="Why it was expected, if it was")
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=60)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["station", "found"],
                condition=Q(outcome=BreakOutcome.OPEN),
                name="break_open_once_a_station",
            ),
            models.CheckConstraint(
                condition=Q(outcome=BreakOutcome.OPEN, closed_at__isnull=True)
                | (~Q(outcome=BreakOutcome.OPEN) & Q(closed_at__isnull=False)),
                name="break_closed_has_time",
            ),
            models.CheckConstraint(condition=~Q(asked=models.F("found")), name="break_is_of_another_vehicle"),
            models.CheckConstraint(condition=Q(outcome__in=list(BreakOutcome)), name="break_outcome_known"),
            models.CheckConstraint(condition=Q(policy__in=list(BreakPolicy)), name="break_policy_known"),
        ]

    def __str__(self) -> str:
        return f"{self.found} at {self.station}"
