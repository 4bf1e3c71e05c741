"""What people let pass for a time, how the checks themselves are checked, and what stood in for a check that failed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from sequencer.clocks import our_clock
from sequencer.models.calls import ComponentGroup, choices
from sequencer.models.floor import Station
from sequencer.models.plant import Line
from sequencer.models.racks import Rack, Unit
from sequencer.states import BypassStatus, OverrideScope, OverrideStatus, OverrideWhat


class Override(models.Model):
    """A supervisor lets one named check pass at one place, for a time and perhaps a number of units.

    `used` counts units (racks for a hole); each scan it helped is an `OverrideUse`.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="overrides")
    station = models.ForeignKey(
        Station, on_delete=models.PROTECT, related_name="overrides", help_text="Where it was granted"
    )
    what = models.CharField(max_length=20, choices=choices(OverrideWhat))
    scope = models.CharField(max_length=10, choices=choices(OverrideScope))
    group = models.ForeignKey(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="overrides"
    )
    reason = models.CharField(max_length=60)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()
    operator = models.CharField(max_length=60, blank=True, help_text="Who worked there")
    until = models.DateTimeField()
    limit = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Units; empty: time alone")
    used = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=choices(OverrideStatus), default=OverrideStatus.GRANTED)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=60, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["line", "what"],
                condition=Q(status__in=[OverrideStatus.GRANTED, OverrideStatus.USED]),
                name="override_in_force",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=list(OverrideStatus)), name="override_status_known"
            ),
            models.CheckConstraint(condition=Q(what__in=list(OverrideWhat)), name="override_what_known"),
            models.CheckConstraint(condition=Q(until__gt=F("granted_at")), name="override_has_an_end"),
            models.CheckConstraint(
                condition=Q(limit__isnull=True) | Q(used__lte=F("limit")), name="override_within_limit"
            ),
            models.CheckConstraint(
                condition=~Q(scope=OverrideScope.UNIT) | Q(group__isnull=False),
                name="override_names_its_unit",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("granted_by")),
                name="override_reviewed_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(status=OverrideStatus.REVIEWED)
                | (Q(reviewed_by__isnull=False) & ~Q(review_note="")),
                name="override_review_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.station}"


class OverrideUse(models.Model):
    """One scan an override helped through. Append-only."""

    override = models.ForeignKey(Override, on_delete=models.PROTECT, related_name="uses")
    scan_id = models.BigIntegerField()
    recorded_at = models.DateTimeField(help_text="Of the scan; finds its month")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    operator = models.CharField(max_length=60, blank=True)
    group = models.ForeignKey(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    rack = models.ForeignKey(Rack, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["override", "scan_id"], name="override_once_a_scan")]

    def __str__(self) -> str:
        return f"{self.override} {self.scan_id}"


class ChallengeLabel(models.Model):
    """A label that must be refused at its station, hung where the scanner hangs and scanned at shift start."""

    class Kind(models.TextChoices):
        BAD_PART = "BAD_PART", "known-bad part"
        WRONG_SLOT = "WRONG_SLOT", "known-wrong slot"

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="challenges")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=60)
    raw = models.CharField(
        max_length=200, help_text="What the scanner types, for example PMASTER-BAD or %L:MASTER:99"
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["station", "id"]
        constraints = [
            models.UniqueConstraint(fields=["station", "raw"], name="challenge_once_a_station"),
            models.CheckConstraint(condition=~Q(raw=""), name="challenge_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.station} {self.name}"


class ErrorProofingCheck(models.Model):
    """One start-of-shift check: each challenge label and how it was judged. Append-only."""

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="error_proofing")
    shift_at = models.DateTimeField(help_text="Start of the shift it was made for")
    passed = models.BooleanField()
    results = models.JSONField(default=list, help_text="label, kind, wanted and given verdict of each")
    at = models.DateTimeField()
    by = models.CharField(max_length=60)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["station", "at"], name="error_proofing_when")]

    def __str__(self) -> str:
        return f"{self.station} {our_clock(self.at, day=True)}"


class ProcessControl(models.Model):
    """A check by a device and the alternate that is approved to stand in for it (IATF 16949 8.5.6.1.1)."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="controls")
    code = models.CharField(max_length=20, unique=True)
    device = models.CharField(max_length=80)
    alternate = models.CharField(max_length=200, help_text="What is done by hand instead")
    max_minutes = models.PositiveIntegerField(default=480, help_text="Longest bypass")
    restart_check = models.CharField(max_length=200, help_text="What proves that the device works again")
    approved_by = models.CharField(max_length=60, help_text="Who approved the alternate")
    approved_on = models.DateField()

    class Meta:
        ordering = ["code"]
        constraints = [models.CheckConstraint(condition=Q(max_minutes__gte=1), name="control_bypass_ends")]

    def __str__(self) -> str:
        return f"{self.code} {self.device}"


class Bypass(models.Model):
    """A device is out of work and its approved alternate stands in, until a restart check proves it again."""

    control = models.ForeignKey(ProcessControl, on_delete=models.PROTECT, related_name="bypasses")
    station = models.ForeignKey(
        Station, on_delete=models.PROTECT, null=True, blank=True, related_name="bypasses",
        help_text="Empty: every station of the line",
    )  # fmt: skip
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bypasses")
    reason = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=choices(BypassStatus), default=BypassStatus.OPEN)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=60)
    until = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    checked_by = models.CharField(max_length=60, blank=True)
    check_result = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=60, blank=True)
    close_note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "bypasses"
        indexes = [models.Index(fields=["control"], condition=Q(closed_at__isnull=True), name="bypass_open")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=list(BypassStatus)), name="bypass_status_known"),
            models.CheckConstraint(condition=Q(until__gt=F("opened_at")), name="bypass_has_an_end"),
            models.CheckConstraint(condition=~Q(reason=""), name="bypass_says_why"),
            models.CheckConstraint(
                condition=Q(status=BypassStatus.OPEN)
                | (Q(checked_at__isnull=False) & ~Q(checked_by="") & ~Q(check_result="")),
                name="bypass_ends_by_a_check",
            ),
            models.CheckConstraint(
                condition=(Q(status=BypassStatus.CLOSED) & Q(closed_at__isnull=False))
                | (~Q(status=BypassStatus.CLOSED) & Q(closed_at__isnull=True)),
                name="bypass_closed_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.control.code} {our_clock(self.opened_at, day=True)}"


class BypassUnit(models.Model):
    """A piece packed while a bypass was open: what has to be found if the alternate let something through."""

    bypass = models.ForeignKey(Bypass, on_delete=models.PROTECT, related_name="units")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="bypasses")
    packed_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["bypass", "unit"], name="bypass_unit_once")]

    def __str__(self) -> str:
        return f"{self.bypass} {self.unit}"
