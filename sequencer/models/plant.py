"""Master data: whose line we feed, in which order, with which racks."""

from __future__ import annotations

import zoneinfo

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from inventory.models import Customer
from sequencer.rules import Counter


def check_time_zone(name: str) -> None:
    """Refuses a name the zone database does not know."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name} is no IANA time zone; write for example Europe/Berlin")


class OemPlant(models.Model):
    """An assembly plant of a customer; its clock gives the meaning of every time it sends."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="plants")
    time_zone = models.CharField(max_length=40, default="UTC", validators=[check_time_zone])
    transit_minutes = models.PositiveIntegerField(default=20, help_text="Our dock to the OEM's line")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class UnloadingPoint(models.Model):
    """A dock of the OEM plant. Racks of one truck go to one unloading point."""

    class LoadOrder(models.TextChoices):
        FORWARD = "FORWARD", "lowest sequence first"
        REVERSE = "REVERSE", "highest sequence first (unloads last in, first out)"

    plant = models.ForeignKey(OemPlant, on_delete=models.PROTECT, related_name="unloading_points")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=120, blank=True)
    racks_per_truck = models.PositiveIntegerField(default=4)
    load_order = models.CharField(max_length=10, choices=LoadOrder.choices, default=LoadOrder.FORWARD)

    class Meta:
        ordering = ["plant", "code"]
        constraints = [
            models.UniqueConstraint(fields=["plant", "code"], name="unloading_point_code_once_a_plant"),
            models.CheckConstraint(condition=Q(racks_per_truck__gte=1), name="truck_holds_a_rack"),
        ]

    def __str__(self) -> str:
        return f"{self.plant.code} {self.code}"


class Line(models.Model):
    """An assembly line of the OEM plant."""

    plant = models.ForeignKey(OemPlant, on_delete=models.PROTECT, related_name="lines")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    takt_seconds = models.PositiveIntegerField(default=60, help_text="One vehicle every so many seconds")

    class Meta:
        ordering = ["plant", "code"]
        constraints = [
            models.UniqueConstraint(fields=["plant", "code"], name="line_code_once_a_plant"),
            models.CheckConstraint(condition=Q(takt_seconds__gte=1), name="line_takt_positive"),
        ]

    def __str__(self) -> str:
        return self.name


class SequenceStream(models.Model):
    """One counter of one line and broadcast point. Its row is the lock under which calls take positions.

    `last_position` is the highest unwrapped position seen; `first_position` where the stream began for us.
    `cycle` names the count the OEM is in (a year, a model year), `cycle_from` is the position of its first number.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="streams")
    broadcast_point = models.CharField(max_length=10, blank=True, help_text="DE 1159 of SEQ, or empty")
    prefix = models.CharField(max_length=10, blank=True)
    width = models.PositiveSmallIntegerField(default=4)
    first = models.PositiveBigIntegerField(default=1)
    last = models.PositiveBigIntegerField(default=9999)
    dense = models.BooleanField(default=True, help_text="Every number occurs: a missing one is a gap")
    max_jump = models.PositiveIntegerField(default=200, help_text="A larger step is held for a person")
    first_position = models.BigIntegerField(null=True, blank=True, editable=False)
    last_position = models.BigIntegerField(null=True, blank=True, editable=False)
    cycle = models.CharField(max_length=10, blank=True, editable=False)
    cycle_from = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["line", "broadcast_point"]
        constraints = [
            models.UniqueConstraint(fields=["line", "broadcast_point"], name="stream_once_a_broadcast_point"),
            models.CheckConstraint(condition=Q(last__gt=F("first")), name="stream_counts_up"),
        ]

    def __str__(self) -> str:
        return f"{self.line} {self.broadcast_point}".strip()

    @property
    def counter(self) -> Counter:
        return Counter(self.prefix, self.width, self.first, self.last)


class SequencingProgram(models.Model):
    """What we supply to one line (JIT area): identity, stream, lead and dock of its calls."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="programs")
    stream = models.ForeignKey(SequenceStream, on_delete=models.PROTECT, related_name="programs")
    unloading_point = models.ForeignKey(UnloadingPoint, on_delete=models.PROTECT, related_name="programs")
    lead_minutes = models.PositiveIntegerField(
        default=120, help_text="Broadcast to line side, used when a call carries no required time"
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class RackType(models.Model):
    """A rack's drawing and how it is filled. Slots are numbered in loading order."""

    class BuildOrder(models.TextChoices):
        FORWARD = "FORWARD", "lowest sequence loaded first"
        REVERSE = "REVERSE", "highest sequence loaded first"

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120, blank=True)
    rows = models.PositiveSmallIntegerField(default=2)
    columns = models.PositiveSmallIntegerField(default=6)
    build_order = models.CharField(max_length=10, choices=BuildOrder.choices, default=BuildOrder.FORWARD)
    slot_check_every = models.PositiveSmallIntegerField(
        default=1, help_text="Scan the slot label at every n-th slot; 1 = every slot, 0 = slots are implied"
    )

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(rows__gte=1) & Q(columns__gte=1), name="rack_type_has_slots"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def capacity(self) -> int:
        return self.rows * self.columns


class Commodity(models.Model):
    """One family of a program and how its racks are cut.

    `every_vehicle`: each position of the stream has one group of this family, so a missing call keeps its slot.
    Otherwise slots are filled by count in the order of the stream.
    """

    program = models.ForeignKey(SequencingProgram, on_delete=models.PROTECT, related_name="commodities")
    family = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    rack_prefix = models.CharField(
        max_length=10, unique=True, help_text="Rack numbers read PREFIX-lowest position"
    )
    rack_type = models.ForeignKey(RackType, on_delete=models.PROTECT, related_name="commodities")
    every_vehicle = models.BooleanField(default=True)
    cut_from = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["program", "family"]
        verbose_name_plural = "commodities"
        constraints = [
            models.UniqueConstraint(fields=["program", "family"], name="commodity_family_once_a_program")
        ]

    def __str__(self) -> str:
        return f"{self.program.line} · {self.name}"


class Carrier(models.Model):
    """A physical returnable rack with its own number; a `Rack` is one filling of it."""

    code = models.CharField(max_length=20, unique=True)
    rack_type = models.ForeignKey(RackType, on_delete=models.PROTECT, related_name="carriers")
    blocked = models.BooleanField(default=False, help_text="In repair: refused at the station")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code
