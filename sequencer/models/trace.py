"""The recall lists that left the house: what was asked, what was found, and how to prove it later."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class RecallList(models.Model):
    """One issued list. `digest` is the sha256 of its lines, `head` the journal's last link when it was made."""

    asked = models.JSONField(help_text="What was asked for")
    piece_count = models.PositiveIntegerField()
    vehicle_count = models.PositiveIntegerField()
    shipment_count = models.PositiveIntegerField()
    complete = models.BooleanField()
    findings = models.JSONField(default=list, help_text="What is missing, exactly")
    digest = models.CharField(max_length=64)
    head = models.CharField(max_length=64, blank=True, help_text="Empty: nothing was sealed yet")
    head_event = models.BigIntegerField(null=True, blank=True)
    signature = models.CharField(max_length=64, help_text="sha256 over head, question, findings and digest")
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=60)
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason="") & ~Q(issued_by=""), name="recall_list_says_why")
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"RC-{self.pk:06d}"
