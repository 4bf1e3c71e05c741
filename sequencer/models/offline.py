"""What a station did while it was cut off from the server."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sequencer.clocks import our_clock
from sequencer.models.floor import Station


class OfflineSpell(models.Model):
    """One outage of one browser at a station, from its first kept scan to the last that was sent: the certificate.

    Its figures add up: `sent` = `taken` + what the server refused to look at, and `doubled` is counted from the scans
    that are stored, not from what was meant.
    """

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="offline_spells")
    spell = models.CharField(max_length=40, help_text="The browser's number of the outage")
    client = models.CharField(max_length=40, help_text="The browser's own number")
    pack = models.CharField(max_length=60, help_text="Work pack it judged from")
    since = models.DateTimeField()
    last_scan_at = models.DateTimeField(null=True, blank=True)
    back_at = models.DateTimeField(help_text="When its first scan came")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When its last scan came")
    first_counter = models.BigIntegerField(null=True, blank=True)
    next_counter = models.BigIntegerField(null=True, blank=True, help_text="The counter that must follow")
    last_counter = models.BigIntegerField(
        null=True, blank=True, help_text="The last one its browser has told of"
    )
    sent = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0, help_text="Stored by the server, each once")
    known = models.PositiveIntegerField(
        default=0, help_text="Of these, judged before the cut: the answer was lost"
    )
    agreed = models.PositiveIntegerField(default=0, help_text="Judged as the browser had judged")
    conflicts = models.PositiveIntegerField(default=0, help_text="Taken offline, refused by the server")
    doubled = models.PositiveIntegerField(default=0)
    holes = models.PositiveIntegerField(default=0, help_text="Counters that never came")
    skew_seconds = models.FloatField(default=0, help_text="Browser's clock ahead of the server's")
    tasks = models.PositiveIntegerField(default=0)
    given_up_by = models.CharField(max_length=60, blank=True, help_text="Who said that the rest never comes")
    given_up_why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["station", "spell"], name="offline_spell_once"),
            models.CheckConstraint(condition=Q(taken__lte=models.F("sent")), name="offline_taken_of_sent"),
            models.CheckConstraint(
                condition=Q(given_up_by="") | ~Q(given_up_why=""), name="offline_given_up_says_why"
            ),
        ]

    @property
    def left(self) -> int:
        """Scans its browser has told of that have not come."""
        if self.last_counter is None or self.next_counter is None:
            return 0
        return max(0, self.last_counter + 1 - self.next_counter)

    def __str__(self) -> str:
        return f"{self.station} offline since {our_clock(self.since, day=True)}"
