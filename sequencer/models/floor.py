"""Stations, badges and every scan ever made."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import models
from django.db.models import Q

from sequencer.models.calls import ComponentGroup, choices
from sequencer.models.plant import Commodity, UnloadingPoint
from sequencer.models.racks import Rack, Slot, Unit
from sequencer.models.shipping import Shipment
from sequencer.states import BreakPolicy


class Badge(models.Model):
    """Identifies a person at a station. It is no authentication: what a badge may not do needs the PIN."""

    code = models.CharField(max_length=20, unique=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="badge")
    pin_hash = models.CharField(max_length=200, blank=True, editable=False)
    active = models.BooleanField(default=True)
    language = models.CharField(
        max_length=10,
        blank=True,
        help_text="What this person is told things in, e.g. de; empty: as the browser asks",
    )
    wrong_pins = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="At every station together, since a PIN fitted last"
    )
    pin_shut_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    def set_pin(self, pin: str) -> None:
        self.pin_hash = make_password(pin)
        self.wrong_pins, self.pin_shut_until = 0, None

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
    sequence_break = models.CharField(
        max_length=20,
        choices=choices(BreakPolicy),
        blank=True,
        help_text="A piece of another vehicle was scanned; empty: as the program says",
    )
    break_after = models.PositiveSmallIntegerField(
        default=0, help_text="Units that may go before it, for the delayed policies of this station"
    )
    shows_steps = models.BooleanField(
        default=False, help_text="Build station: the steps of a unit stand in a table instead of one part"
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
    handling_unit = models.ForeignKey(
        "sequencer.HandlingUnit", on_delete=models.SET_NULL, null=True, blank=True, related_name="stations",
        help_text="The box that is packed here now; a rack at the station waits meanwhile",
    )  # fmt: skip
    pending_unit_part = models.CharField(
        max_length=35, blank=True, help_text="Part scanned, serial or lot awaited"
    )
    pending_unit_lot = models.CharField(
        max_length=64, blank=True, help_text="Lot and supplier its label said already"
    )
    lock_code = models.CharField(max_length=20, blank=True)
    replay_left = models.PositiveIntegerField(
        default=0, help_text="Scans of an outage its browser has yet to send; until then nobody scans here"
    )
    lock_need = models.CharField(max_length=120, blank=True)
    lock_got = models.CharField(max_length=120, blank=True)
    locked_at = models.DateTimeField(null=True, blank=True)
    mode = models.CharField(max_length=200, blank=True, help_text="A command that waits for its next scan")
    # What is in the operator's hand: the call as it stood when its part was scanned. A change since is told.
    hand_group = models.ForeignKey(
        ComponentGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    hand_revision = models.PositiveIntegerField(default=0)
    hand_what = models.CharField(max_length=120, blank=True)
    hand_bin = models.CharField(max_length=60, blank=True)
    set_aside = models.ForeignKey(
        Rack,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Left for a rush; taken up again after it",
    )
    andon_at = models.DateTimeField(
        null=True, blank=True, help_text="Help was called and nobody has come yet"
    )
    open_breaks = models.PositiveSmallIntegerField(default=0, help_text="Sequence breaks that count units")
    wants_challenge = models.BooleanField(
        default=False, help_text="No work at shift start before the challenge labels were refused"
    )
    challenge_passed_at = models.DateTimeField(null=True, blank=True, editable=False)
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
    """Append-only: every scan, accepted or not. A repeated post is the same scan by `ScanNonce`.

    On PostgreSQL the table is cut by month of `recorded_at`, so the database's own key is (id, recorded_at): a
    foreign key to it needs `db_constraint=False`, and a query that knows the time should say so.
    """

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="scans", db_index=False)
    nonce = models.CharField(max_length=40)
    raw = models.CharField(max_length=400)
    code = models.CharField(max_length=24)
    accepted = models.BooleanField()
    step = models.CharField(max_length=12, blank=True)
    source = models.CharField(
        max_length=8, blank=True, db_default="", default="",
        help_text="OFFLINE: judged anew from a browser's log; PAPER: typed in from a sheet, the operator packed it",
    )  # fmt: skip
    expected = models.CharField(max_length=200, blank=True)
    seen = models.CharField(max_length=200, blank=True)
    hint = models.CharField(max_length=300, blank=True)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    rack = models.ForeignKey(
        Rack, on_delete=models.PROTECT, null=True, blank=True, related_name="scans", db_index=False
    )
    slot = models.ForeignKey(
        Slot, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    group = models.ForeignKey(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="scans", db_index=False
    )
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="scans", db_index=False
    )
    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, null=True, blank=True, related_name="scans", db_index=False
    )
    scanned_at = models.DateTimeField(help_text="The scanner's time")
    recorded_at = models.DateTimeField(help_text="When the server judged it")

    class Meta:
        ordering = ["-id"]
        # Each index is paid for by every scan: most scans touch few of these, so they leave out what is empty.
        indexes = [
            models.Index(fields=["station", "recorded_at"], name="scan_pace"),
            models.Index(fields=["group"], condition=Q(group__isnull=False), name="scan_group"),
            models.Index(fields=["unit"], condition=Q(unit__isnull=False), name="scan_unit"),
            models.Index(fields=["rack"], condition=Q(rack__isnull=False), name="scan_rack"),
            models.Index(fields=["slot"], condition=Q(slot__isnull=False), name="scan_slot"),
            models.Index(fields=["shipment"], condition=Q(shipment__isnull=False), name="scan_shipment"),
        ]

    def __str__(self) -> str:
        return f"{self.station} {self.code} {self.raw}"


class ScanNonce(models.Model):
    """Guards that a scan is judged once: a table cut by month cannot hold a unique key without the month.

    Kept as long as a repeat is still taken (`services.scans.nonces`), then forgotten.
    """

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="+", db_index=False)
    nonce = models.CharField(max_length=40)
    scan_id = models.BigIntegerField()
    recorded_at = models.DateTimeField(db_index=True, help_text="Of the scan; finds its month")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "nonce"], name="scan_once_a_nonce")]

    def __str__(self) -> str:
        return self.nonce


class ScanArchive(models.Model):
    """A month of scans that was taken out of the table: where its file lies and how to know it is whole."""

    month = models.DateField(unique=True, help_text="Its first day")
    scan_count = models.BigIntegerField()
    first_id = models.BigIntegerField(null=True, blank=True)
    last_id = models.BigIntegerField(null=True, blank=True)
    file = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    archived_at = models.DateTimeField()
    archived_by = models.CharField(max_length=60)
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["month"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="scan_archive_says_why")]

    def __str__(self) -> str:
        return f"scans of {self.month:%Y-%m}"
