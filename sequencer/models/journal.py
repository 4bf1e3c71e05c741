"""What happened, in order, and what waits for a person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from sequencer.models.calls import ComponentGroup, choices
from sequencer.models.plant import Line
from sequencer.states import TaskStatus


class PlantEvent(models.Model):
    """Append-only journal, written in the transaction it tells of and chained by one sealer afterwards.

    `topic` is what pages listen to: `line:<id>`, `station:<id>`, `dock:<id>`, `edi`.
    """

    at = models.DateTimeField()
    topic = models.CharField(max_length=40, db_index=True)
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, help_text="What it concerns: a call, rack, shipment ... number")
    by = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict)
    chain = models.CharField(
        max_length=64, blank=True, help_text="sha256 over the previous link and this row"
    )

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(chain=""), name="event_unsealed"),
            # A scan has a row of its own; what is looked up by what it concerns is everything else.
            models.Index(fields=["subject"], condition=~Q(kind="scan"), name="event_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Task(models.Model):
    """A decision only a person can take, with its deadline. The same open condition is stored once."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=80)
    text = models.CharField(max_length=300)
    group = models.ForeignKey(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks"
    )
    status = models.CharField(max_length=12, choices=choices(TaskStatus), default=TaskStatus.OPEN)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks"
    )
    note = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=~Q(status=TaskStatus.DONE), name="task_open_once"
            ),
            models.CheckConstraint(
                condition=~Q(status=TaskStatus.DONE) | Q(closed_at__isnull=False), name="task_done_has_time"
            ),
            models.CheckConstraint(condition=Q(status__in=list(TaskStatus)), name="task_status_known"),
        ]
        indexes = [models.Index(fields=["subject"], name="task_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Heartbeat(models.Model):
    """Who is alive: one row a process kind and host; health looks at its age."""

    name = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
