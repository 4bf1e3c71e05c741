"""Paper mode: racks printed ahead while the server lives, and typed in after it was away."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from sequencer.models.floor import Station
from sequencer.models.plant import Line
from sequencer.models.racks import Rack


class PaperFolder(models.Model):
    """What became of the last rendering of a line's sheets. Its row is the lock of the rendering."""

    line = models.OneToOneField(Line, on_delete=models.CASCADE, related_name="paper")
    path = models.CharField(max_length=400, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    rendered_at = models.DateTimeField(null=True, blank=True, help_text="When all sheets stood in the folder")
    sheets = models.JSONField(
        default=list, help_text="Codes of the sheets in the folder, in the order to build"
    )
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["line"]

    def __str__(self) -> str:
        return f"paper of {self.line}"


class PaperSheet(models.Model):
    """One rack as its calls stood when its sheet was drawn. Calls that change make a new version; this one stays.

    `code` stands in the sheet's barcodes: drawn by lot, so that a sheet that was printed after the last backup is
    unknown and never taken for another.
    """

    code = models.CharField(max_length=8, unique=True)
    rack = models.ForeignKey(Rack, on_delete=models.PROTECT, related_name="papers")
    version = models.PositiveIntegerField()
    picture = models.JSONField(help_text="The slots with their calls at printing")
    rendered_at = models.DateTimeField()
    # Typing it in.
    begun_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    station = models.ForeignKey(
        Station, on_delete=models.PROTECT, null=True, blank=True, related_name="papers"
    )
    packed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Whose badge stands on the sheet",
    )  # fmt: skip

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["rack", "version"], name="paper_version_once_a_rack"),
            models.CheckConstraint(
                condition=Q(begun_at__isnull=True) | Q(packed_by__isnull=False), name="paper_says_who_packed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rack.number} v{self.version}"


class PaperRow(models.Model):
    """One row of a sheet that was typed in: taken as printed, or told as different. Append-only."""

    class Outcome(models.TextChoices):
        PACKED = "PACKED", "packed as printed"
        DIFFERENT = "DIFFERENT", "differs from the latest call: a task"

    sheet = models.ForeignKey(PaperSheet, on_delete=models.PROTECT, related_name="rows")
    slot = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    told = models.CharField(max_length=200, blank=True)
    typed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    typed_at = models.DateTimeField()

    class Meta:
        ordering = ["sheet", "slot"]
        constraints = [
            models.UniqueConstraint(fields=["sheet", "slot"], name="paper_row_once"),
            models.CheckConstraint(
                condition=Q(outcome="PACKED") | ~Q(told=""), name="paper_difference_says_what"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sheet} slot {self.slot}"
