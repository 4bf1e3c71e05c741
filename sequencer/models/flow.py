"""How work flows to the floor: when a call is released, and which families of a vehicle belong together."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from inventory.models import Part
from sequencer.models.calls import CallOff, ComponentGroup
from sequencer.models.floor import Station
from sequencer.models.plant import Commodity, SequenceStream, SequencingProgram
from sequencer.models.racks import Rack


class ReleasePace(models.Model):
    """How long before the OEM's line needs it a call is given to the floor. Without it: as soon as it is firm."""

    program = models.OneToOneField(SequencingProgram, on_delete=models.CASCADE, related_name="pace")
    lead_minutes = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Released so many minutes before the line needs it; empty: at once, however early it is called",
    )
    trust_minutes = models.PositiveSmallIntegerField(
        default=15,
        help_text="The line's own word where it stands counts so long; older, only the required times count",
    )

    class Meta:
        ordering = ["program"]
        verbose_name = "release pace"
        constraints = [
            models.CheckConstraint(
                condition=Q(lead_minutes__isnull=True) | Q(lead_minutes__gte=1),
                name="pace_lead_positive",
                violation_error_message="A lead has at least one minute; leave it empty to release at once.",
            ),
        ]

    def __str__(self) -> str:
        lead = "at once" if self.lead_minutes is None else f"{self.lead_minutes} min before"
        return f"{self.program} {lead}"

    def clean(self) -> None:
        if self.lead_minutes is None or self.program_id is None:
            return
        transit = self.program.line.plant.transit_minutes
        if self.lead_minutes <= transit:
            raise ValidationError(
                {"lead_minutes": f"the way to the line alone takes {transit} min; write more than that"}
            )


class LineConsumption(models.Model):
    """The last vehicle of a counter that the OEM's line is known to have taken."""

    stream = models.OneToOneField(SequenceStream, on_delete=models.CASCADE, related_name="consumption")
    position = models.BigIntegerField()
    sequence_number = models.CharField(max_length=20)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When the call said that it would be")
    consumed_at = models.DateTimeField()

    class Meta:
        ordering = ["stream"]
        verbose_name_plural = "line consumption"

    def __str__(self) -> str:
        return f"{self.stream} at {self.sequence_number}"


class SetRule(models.Model):
    """Families that make one set on a vehicle: left and right, front and rear, also built on different lines."""

    name = models.CharField(max_length=40, unique=True)
    commodities = models.ManyToManyField(Commodity, related_name="sets")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SetRelease(models.Model):
    """A named person lets a rack be sealed although a set in it is not complete. It counts for that rack's vehicle."""

    rack = models.ForeignKey(Rack, on_delete=models.CASCADE, related_name="set_releases")
    rule = models.ForeignKey(SetRule, on_delete=models.PROTECT, related_name="+")
    call_off = models.ForeignKey(CallOff, on_delete=models.PROTECT, related_name="+")
    missing = models.CharField(max_length=200, help_text="What was missing and where it was")
    decided_by = models.CharField(max_length=60)
    decided_at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["rack", "rule", "call_off"], name="set_released_once_a_rack"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(decided_by=""), name="set_release_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} of {self.call_off} in {self.rack}"


class WorkRoute(models.TextChoices):
    """How the piece of a call comes about: taken from stock, or built at the station from its components."""

    PICK = "PICK", "pick to sequence"
    BUILD = "BUILD", "build to sequence"


class CommodityRoute(models.Model):
    """The usual route of a commodity. Without it: picked, or built where the station shows its steps."""

    commodity = models.OneToOneField(Commodity, on_delete=models.CASCADE, related_name="route")
    route = models.CharField(max_length=5, choices=WorkRoute.choices, default=WorkRoute.PICK)

    class Meta:
        ordering = ["commodity"]

    def __str__(self) -> str:
        return f"{self.commodity}: {self.get_route_display()}"


class RouteSwitch(models.Model):
    """From one rack on a commodity, or one part of it, goes the other way. The newest that reaches a rack counts."""

    commodity = models.ForeignKey(Commodity, on_delete=models.PROTECT, related_name="route_switches")
    part = models.ForeignKey(
        Part, on_delete=models.PROTECT, null=True, blank=True, related_name="route_switches",
        help_text="Empty: the whole commodity",
    )  # fmt: skip
    route = models.CharField(
        max_length=5,
        choices=WorkRoute.choices,
        blank=True,
        help_text="Empty: the part goes as its commodity again",
    )
    from_position = models.BigIntegerField(help_text="Lowest position of the first rack it counts for")
    from_rack = models.CharField(max_length=30, blank=True, help_text="That rack; empty: it was not cut yet")
    decided_by = models.CharField(max_length=60)
    decided_at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "route switches"
        constraints = [
            models.CheckConstraint(condition=~Q(reason="") & ~Q(decided_by=""), name="route_switch_says_why"),
            models.CheckConstraint(
                condition=Q(part__isnull=False) | ~Q(route=""), name="route_switch_names_a_route"
            ),
        ]
        indexes = [models.Index(fields=["commodity", "from_position"], name="route_switch_reach")]

    def __str__(self) -> str:
        return f"{self.part or self.commodity}: {self.get_route_display() or 'as its commodity'}"


class GroupRoute(models.Model):
    """One call that goes the other way than its commodity: its slot, rack, label and dock stay as they are."""

    group = models.OneToOneField(ComponentGroup, on_delete=models.CASCADE, related_name="route")
    route = models.CharField(max_length=5, choices=WorkRoute.choices)
    decided_by = models.CharField(max_length=60)
    decided_at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason="") & ~Q(decided_by=""), name="group_route_says_why")
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.get_route_display()}"


class StationLights(models.Model):
    """A station with pick-to-light. `lit` is what its last commands left alight; written under the station's lock."""

    class Colour(models.TextChoices):
        GREEN = "GREEN", "green"
        BLUE = "BLUE", "blue"
        YELLOW = "YELLOW", "yellow"
        WHITE = "WHITE", "white"

    station = models.OneToOneField(Station, on_delete=models.CASCADE, related_name="lights")
    colour = models.CharField(max_length=6, choices=Colour.choices, default=Colour.GREEN)
    slot_lights = models.BooleanField(default=True, help_text="The rack place has a light, too")
    horn = models.BooleanField(default=True, help_text="Sounds when a scan is refused with STOP")
    active = models.BooleanField(default=True)
    lit = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering = ["station"]
        verbose_name_plural = "station lights"

    def __str__(self) -> str:
        return f"lights of {self.station}"


class LightCommand(models.Model):
    """One order to a station's lights, by number. Written with the decision it follows; the driver reports back."""

    class Kind(models.TextChoices):
        BIN = "BIN", "light at a bin"
        SLOT = "SLOT", "light at a rack place"
        HORN = "HORN", "horn"

    station = models.ForeignKey(
        Station, on_delete=models.CASCADE, related_name="light_commands", db_index=False
    )
    kind = models.CharField(max_length=4, choices=Kind.choices)
    address = models.CharField(
        max_length=30, blank=True, help_text="Bin as the part names it, or number of the slot"
    )
    on = models.BooleanField()
    colour = models.CharField(max_length=6, blank=True)
    quantity = models.PositiveIntegerField(default=0, help_text="Shown at the bin; 0: nothing is shown")
    group = models.ForeignKey(
        ComponentGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    written_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=60, blank=True)
    problem = models.CharField(max_length=200, blank=True, help_text="What the driver could not do")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by="", problem="")
                | (Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by="")),
                name="light_command_acknowledged_by_name",
            ),
            models.CheckConstraint(condition=Q(kind="HORN") | ~Q(address=""), name="light_has_address"),
        ]
        indexes = [
            models.Index(
                fields=["station", "id"], condition=Q(acknowledged_at__isnull=True), name="light_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.address} {'on' if self.on else 'off'}"
