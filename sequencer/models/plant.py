"""Master data: whose line we feed, in which order, with which racks."""

from __future__ import annotations

import zoneinfo
from datetime import time, timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from inventory.errors import Invalid
from inventory.models import Customer
from sequencer import drawing as drawn
from sequencer import rules
from sequencer.rules import Counter
from sequencer.shifts import read_starts
from sequencer.states import BOUND_RACKS, BreakPolicy, RackStatus

STANDING_RACKS = BOUND_RACKS | {RackStatus.PLANNED}


def check_time_zone(name: str) -> None:
    """Refuses a name the zone database does not know."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name} is no IANA time zone; write for example Europe/Berlin")


def check_shifts(text: str) -> None:
    """Refuses starts of shifts that are no times of day."""
    try:
        read_starts(text)
    except Invalid as wrong:
        raise ValidationError(wrong.message) from wrong


def check_folder(path: str) -> None:
    """Refuses a folder that is not named from the root."""
    if path and not path.startswith("/"):
        raise ValidationError(f"{path} must begin with /; it is a folder of the server")


class OemPlant(models.Model):
    """An assembly plant of a customer; its clock gives the meaning of every time it sends."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="plants")
    time_zone = models.CharField(max_length=40, default="UTC", validators=[check_time_zone])
    transit_minutes = models.PositiveIntegerField(default=20, help_text="Our dock to the OEM's line")
    loop_hours = models.PositiveIntegerField(
        default=24, help_text="A returnable rack that left is expected back after so many hours"
    )
    ship_from_code = models.CharField(
        max_length=35,
        blank=True,
        help_text="How this plant calls the place we ship from (NAD SF, N1 SF, VDA 712)",
    )
    ship_from_name = models.CharField(
        max_length=35, blank=True, help_text="Name of that place, as it is told"
    )
    supplier_code = models.CharField(
        max_length=35, blank=True, help_text="Our supplier number at this plant; empty: our EDI address"
    )

    contact = models.CharField(
        max_length=120,
        blank=True,
        help_text="Who is told there, by name and phone, when something on the road must not be used",
    )

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ship_from_name="") | ~Q(ship_from_code=""),
                name="ship_from_name_has_code",
                violation_error_message="The name of the place goes with the code the plant has for it.",
            ),
        ]

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
    trailer_type = models.ForeignKey(
        "sequencer.TrailerType", on_delete=models.PROTECT, null=True, blank=True, related_name="unloading_points",
        help_text="What usually comes for this dock; empty: one lane, no places scanned",
    )  # fmt: skip

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
    shift_starts = models.CharField(
        max_length=60,
        default="06:00, 14:00, 22:00",
        blank=True,
        validators=[check_shifts],
        help_text="In the plant's clock",
    )
    paper_folder = models.CharField(
        max_length=200, blank=True, validators=[check_folder],
        help_text="Where the sheets of paper mode go, as /mnt/print/line1; empty: a folder of the plant's own",
    )  # fmt: skip

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
    sequence_break = models.CharField(
        max_length=20,
        choices=[(policy.value, policy.name.replace("_", " ").lower()) for policy in BreakPolicy],
        default=BreakPolicy.STOP,
        help_text="A piece of another vehicle was scanned at a station; a station may have its own policy",
    )
    break_after = models.PositiveSmallIntegerField(
        default=3, help_text="Units that may go before it, for the delayed policies"
    )
    ship_as_sealed = models.BooleanField(
        default=False,
        help_text="The OEM takes a sealed rack in the order it was sealed, if a supervisor says so",
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class RackType(models.Model):
    """A rack's drawing and how it is filled. Slots are numbered in loading order.

    `drawing` is a small text (see `sequencer.drawing`); without it the type is a plain grid of rows and columns.
    """

    class BuildOrder(models.TextChoices):
        FORWARD = "FORWARD", "lowest sequence loaded first"
        REVERSE = "REVERSE", "highest sequence loaded first"

    class Path(models.TextChoices):
        ROWS = drawn.Path.ROWS, "row by row, each from the same end"
        ROWS_SNAKE = drawn.Path.ROWS_SNAKE, "snake: row by row, turning back at each end"
        LANES = drawn.Path.LANES, "lane by lane, each from the same end"
        LANES_SNAKE = drawn.Path.LANES_SNAKE, "snake: lane by lane, turning back at each end"

    class Corner(models.TextChoices):
        BOTTOM_RIGHT = drawn.Corner.BOTTOM_RIGHT, "bottom right"
        BOTTOM_LEFT = drawn.Corner.BOTTOM_LEFT, "bottom left"
        TOP_RIGHT = drawn.Corner.TOP_RIGHT, "top right"
        TOP_LEFT = drawn.Corner.TOP_LEFT, "top left"

    class Face(models.TextChoices):
        FRONT = drawn.Face.FRONT, "front, where the operator stands"
        BACK = drawn.Face.BACK, "back"
        LEFT = drawn.Face.LEFT, "left side"
        RIGHT = drawn.Face.RIGHT, "right side"

    class Seen(models.TextChoices):
        FRONT = drawn.Seen.FRONT, "from the front: rows are levels"
        ABOVE = drawn.Seen.ABOVE, "from above: rows stand one behind another in lanes"

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120, blank=True)
    rows = models.PositiveSmallIntegerField(default=2, help_text="Counts only without a drawing")
    columns = models.PositiveSmallIntegerField(default=6, help_text="Counts only without a drawing")
    drawing = models.TextField(
        blank=True,
        help_text="One line a row as the operator stands before it, top first. o place, A-Z place of a commodity's"
        " mark, # blocked, . nothing, | between lanes, [name] begins a side, a number gives the turn itself."
        " Empty: rows x columns",
    )
    path = models.CharField(max_length=12, choices=Path.choices, default=Path.ROWS)
    first_place = models.CharField(max_length=12, choices=Corner.choices, default=Corner.BOTTOM_RIGHT)
    build_order = models.CharField(max_length=10, choices=BuildOrder.choices, default=BuildOrder.FORWARD)
    seen = models.CharField(max_length=5, choices=Seen.choices, default=Seen.FRONT, verbose_name="drawn")
    unload_face = models.CharField(
        max_length=5, choices=Face.choices, default=Face.FRONT, help_text="Where the OEM takes from"
    )
    slot_check_every = models.PositiveSmallIntegerField(
        default=1, help_text="Scan the slot label at every n-th slot; 1 = every slot, 0 = slots are implied"
    )
    tare_kg = models.DecimalField(
        "tare (kg)", max_digits=8, decimal_places=2, null=True, blank=True,
        help_text="Empty rack with its inserts; empty: not known, and no gross weight is told",
    )  # fmt: skip

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(tare_kg__isnull=True) | Q(tare_kg__gt=0),
                name="rack_type_tare_positive",
                violation_error_message="A rack weighs something; leave it empty when nobody knows.",
            ),
            models.CheckConstraint(condition=Q(rows__gte=1) & Q(columns__gte=1), name="rack_type_has_slots"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def layout(self) -> drawn.Drawing:
        """Every place with its number, row, column, lane, side and mark. Refuses a drawing that cannot be read."""
        if self.drawing.strip():
            return drawn.read_drawing(self.drawing, self.path, self.first_place)
        return drawn.grid(self.rows, self.columns, self.path, self.first_place)

    @property
    def reverse(self) -> bool:
        return self.build_order == self.BuildOrder.REVERSE

    @property
    def capacity(self) -> int:
        return self.layout.capacity

    def clean(self) -> None:
        try:
            layout = self.layout
        except Invalid as invalid:
            raise ValidationError({"drawing": invalid.message}) from invalid
        blocked = drawn.in_the_way(layout, seen=self.seen, face=self.unload_face, reverse=self.reverse)
        if blocked:
            raise ValidationError({"build_order": blocked})
        self._check_in_use(layout)

    def _check_in_use(self, layout: drawn.Drawing) -> None:
        """Slot labels hang on the steel and racks are filled by them: places may not move under their contents."""
        before = type(self)._default_manager.filter(pk=self.pk).first()
        if before is None or (before.layout, before.build_order) == (layout, self.build_order):
            return
        racks = (
            self.commodities.filter(racks__status__in=sorted(STANDING_RACKS))
            .values("racks")
            .distinct()
            .count()
        )
        if racks:
            told = f"{racks} rack{'s' if racks > 1 else ''} of this type {'have' if racks > 1 else 'has'} not gone"
            raise ValidationError(f"{told}; make a new rack type and give it to the commodity")


class Commodity(models.Model):
    """One family of a program and how its racks are cut.

    `every_vehicle`: each position of the stream has one group of this family, so a missing call keeps its slot.
    Otherwise slots are filled by count in the order of the stream. Commodities that ride in another's racks stand on
    the places of their `mark` there; rack type, cut rules and stations are those of the other.
    """

    program = models.ForeignKey(SequencingProgram, on_delete=models.PROTECT, related_name="commodities")
    family = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    rack_prefix = models.CharField(
        max_length=10, unique=True, help_text="Rack numbers read PREFIX-lowest position"
    )
    rack_type = models.ForeignKey(RackType, on_delete=models.PROTECT, related_name="commodities")
    rides_with = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="riders",
        help_text="Stands in the racks of this commodity; empty: racks of its own",
    )
    mark = models.CharField(
        max_length=1, blank=True, help_text="Its letter in the drawing of a mixed rack, e.g. L and R"
    )
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

    @property
    def lead(self) -> Commodity:
        """Whose racks it stands in: its own, or those of the commodity it rides with."""
        return self.rides_with or self

    @property
    def cut_spec(self) -> rules.CutSpec:
        """Its cut rules as one value; without any, racks are as long as the drawing."""
        return cut_spec(list(self.cut_rules.all()), self.rack_type.layout, self.program.line.plant.time_zone)

    def clean(self) -> None:
        if self.rides_with is None:
            return
        if self.rides_with_id == self.pk or self.rides_with.rides_with_id:
            raise ValidationError({"rides_with": "name the commodity whose racks these are, not a rider"})
        if self.rides_with.program_id != self.program_id:
            raise ValidationError({"rides_with": f"{self.rides_with} belongs to another program"})
        if self.mark not in self.rides_with.rack_type.layout.marks or not self.mark:
            raise ValidationError(
                {
                    "mark": f"the drawing of {self.rides_with.rack_type} has no places of mark {self.mark or '(empty)'}"
                }
            )
        taken = [self.rides_with, *self.rides_with.riders.exclude(pk=self.pk)]
        if any(other.mark == self.mark for other in taken):
            raise ValidationError({"mark": f"mark {self.mark} is taken in these racks"})
        if self.every_vehicle != self.rides_with.every_vehicle:
            raise ValidationError({"every_vehicle": f"as for {self.rides_with.name}: every vehicle, or not"})


class CutRule(models.Model):
    """Where one rack of a commodity ends and the next begins, beside the places that the drawing has."""

    class Kind(models.TextChoices):
        MAX_SEQUENCES = "MAX_SEQUENCES", "at most so many sequences a rack"
        OWN_DOCK = "OWN_DOCK", "own racks for each dock of the call"
        OWN_LINE = "OWN_LINE", "own racks for each line feed point of the call"
        OWN_COLOUR = "OWN_COLOUR", "own racks for each colour of the part"
        OWN_OPTION = "OWN_OPTION", "own racks for each option code that begins with the value"
        MINUTES = "MINUTES", "at most so many minutes from the first required time to the last"
        CLOCK = "CLOCK", "a new rack at these times of the OEM's day (06:00 14:00 22:00)"

    commodity = models.ForeignKey(Commodity, on_delete=models.CASCADE, related_name="cut_rules")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    value = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["commodity", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["commodity", "kind"], name="cut_rule_once_a_commodity"),
            models.CheckConstraint(
                condition=Q(kind__in=["OWN_DOCK", "OWN_LINE", "OWN_COLOUR"]) | ~Q(value=""),
                name="cut_rule_has_its_value",
                violation_error_message="This kind of cut needs a value.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}".strip()

    def clean(self) -> None:
        try:
            rules.read_cut_value(self.kind, self.value)
        except Invalid as invalid:
            raise ValidationError({"value": invalid.message}) from invalid


def cut_spec(found: list[CutRule], layout: drawn.Drawing, zone: str) -> rules.CutSpec:
    """Rows into one value. Refuses (`Invalid`) a row whose value cannot be read."""
    values = {rule.kind: rules.read_cut_value(rule.kind, rule.value) for rule in found}
    minutes, most = values.get("MINUTES"), values.get("MAX_SEQUENCES")
    clocks = values.get("CLOCK")
    return rules.CutSpec(
        places=tuple((mark, layout.places_of(mark)) for mark in layout.marks),
        most=most if isinstance(most, int) else None,
        span=timedelta(minutes=minutes) if isinstance(minutes, int) else None,
        clocks=tuple(t for t in clocks if isinstance(t, time)) if isinstance(clocks, tuple) else (),
        zone=zone,
        own=tuple(sorted(kind for kind in values if kind.startswith("OWN_"))),
        option=next((rule.value for rule in found if rule.kind == "OWN_OPTION"), ""),
    )


class Carrier(models.Model):
    """A physical returnable rack with its own number; a `Rack` is one filling of it.

    A hold cart never leaves: pieces that a resequence took off their slot wait on its places.
    """

    class Kind(models.TextChoices):
        RACK = "RACK", "returnable rack"
        HOLD = "HOLD", "hold cart"

    code = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.RACK)
    rack_type = models.ForeignKey(RackType, on_delete=models.PROTECT, related_name="carriers")
    blocked = models.BooleanField(default=False, help_text="In repair: refused at the station")
    lost_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Reported lost; a scan at the dock finds it again"
    )

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code
