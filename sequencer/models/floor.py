"""Stations, badges and every scan ever made."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import models

from sequencer.models.calls import ComponentGroup
from sequencer.models.plant import Commodity, UnloadingPoint
from sequencer.models.racks import Rack, Slot, Unit
from sequencer.models.shipping import Shipment


class Badge(models.Model):
    """Identifies a person at a station. It is no authentication: what a badge may not do needs the PIN."""

    code = models.CharField(max_length=20, unique=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="badge")
    pin_hash = models.CharField(max_length=200, blank=True, editable=False)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    def set_pin(self, pin: str) -> None:
        self.pin_hash = make_password(pin)

    def pin_fits(self, pin: str) -> bool:
        return bool(self.pin_hash) and check_password(pin, self.pin_hash)


class Station(models.Model):
    """A place with a scanner. Its row is the lock of everything scanned there."""

    class Kind(models.TextChoices):
        PACK = "PACK", "rack loading"
        DOCK = "DOCK", "truck loading"

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.PACK)
    commodity = models.ForeignKey(
        Commodity, on_delete=models.PROTECT, null=True, blank=True, related_name="stations"
    )
    unloading_point = models.ForeignKey(
        UnloadingPoint, on_delete=models.PROTECT, null=True, blank=True, related_name="stations"
    )
    twin_works = models.BooleanField(default=True, help_text="The demo twin works this station")
    # What stands at the station now; written only by record_scan under the row's lock.
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    rack = models.ForeignKey(Rack, on_delete=models.SET_NULL, null=True, blank=True, related_name="stations")
    shipment = models.ForeignKey(
        Shipment, on_delete=models.SET_NULL, null=True, blank=True, related_name="stations"
    )
    pending_unit_part = models.CharField(max_length=35, blank=True, help_text="Part scanned, serial awaited")
    lock_code = models.CharField(max_length=20, blank=True)
    lock_need = models.CharField(max_length=120, blank=True)
    lock_got = models.CharField(max_length=120, blank=True)
    locked_at = models.DateTimeField(null=True, blank=True)
    mode = models.CharField(max_length=40, blank=True, help_text="A command that waits for its next scan")
    enrolment = models.PositiveIntegerField(default=1, help_text="Raised to revoke every enrolled browser")
    last_scan_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="PACK", commodity__isnull=False)
                | models.Q(kind="DOCK", unloading_point__isnull=False),
                name="station_knows_its_work",
                violation_error_message="A packing station needs a commodity, a dock an unloading point.",
            )
        ]

    def __str__(self) -> str:
        return self.code


class ScanEvent(models.Model):
    """Append-only: every scan, accepted or not. (station, nonce) makes a repeated post the same scan."""

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="scans")
    nonce = models.CharField(max_length=40)
    raw = models.CharField(max_length=400)
    code = models.CharField(max_length=24)
    accepted = models.BooleanField()
    step = models.CharField(max_length=12, blank=True)
    expected = models.CharField(max_length=200, blank=True)
    seen = models.CharField(max_length=200, blank=True)
    hint = models.CharField(max_length=300, blank=True)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    rack = models.ForeignKey(Rack, on_delete=models.PROTECT, null=True, blank=True, related_name="scans")
    slot = models.ForeignKey(Slot, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    group = models.ForeignKey(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="scans"
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="scans")
    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, null=True, blank=True, related_name="scans"
    )
    scanned_at = models.DateTimeField(help_text="The scanner's time")
    recorded_at = models.DateTimeField(help_text="When the server judged it")

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["station", "nonce"], name="scan_once_a_nonce")]
        indexes = [models.Index(fields=["station", "recorded_at"], name="scan_pace")]

    def __str__(self) -> str:
        return f"{self.station} {self.code} {self.raw}"
