"""What production has to work with: work centres, calendars, resources, setup times, and the sequencing steps."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from scheduling.engine import ProblemError, read_problem
from scheduling.engine.keys import KEY_LENGTH, Align
from scheduling.engine.problem import MOST_DAYS, GapControl, OrderBy, SetupRule, Sort, StepType
from scheduling.models.words import choices, json_object
from scheduling.sayings import say

POSITIVE = MinValueValidator(0.0)
KEY_CHARACTER = [MinValueValidator(1), MaxValueValidator(KEY_LENGTH)]
HORIZON = [MinValueValidator(0), MaxValueValidator(MOST_DAYS)]


def saturday_and_sunday() -> list[int]:
    return [6, 7]


def by_key() -> list[str]:
    return ["key"]


def sort_settings(value: Any) -> None:
    """What the engine takes as sort settings, refused in its own words."""
    try:
        read_problem({"start": "2026-01-05T06:00", "initial_step": {"sort_settings": value}})
    except ProblemError as error:
        raise ValidationError(say(error.sentence)) from None


class WorkCentre(models.Model):
    """Resources that do the same kind of work. Operations ask for a work centre, plans name the resource."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class ShiftCalendar(models.Model):
    """When resources work: the shifts of a week, and days on which none starts."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Shift(models.Model):
    """One shift of a week, on the plant's clock. One that ends at or before its start ends on the next day."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    calendar = models.ForeignKey(ShiftCalendar, on_delete=models.CASCADE, related_name="shifts")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    starts = models.TimeField()
    ends = models.TimeField(help_text="At or before the start: on the next day")

    class Meta:
        ordering = ["calendar", "weekday", "starts"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "weekday", "starts"], name="production_shift_once"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="production_shift_weekday_known"),
        ]

    def __str__(self) -> str:
        return f"{self.calendar} {self.get_weekday_display()} {self.starts:%H:%M}-{self.ends:%H:%M}"


class ClosedDay(models.Model):
    """A day on which no shift of a calendar starts."""

    calendar = models.ForeignKey(ShiftCalendar, on_delete=models.CASCADE, related_name="closed_days")
    day = models.DateField()
    note = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["calendar", "day"]
        constraints = [models.UniqueConstraint(fields=["calendar", "day"], name="closed_day_once")]

    def __str__(self) -> str:
        return f"{self.calendar} {self.day}"


class NonProductionDay(models.Model):
    """A day the delay calendar does not count: horizons and grouping times pass over it, as over weekends."""

    day = models.DateField(unique=True)
    note = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return str(self.day)


class PlanningRules(models.Model):
    """The initial step: what holds for every run. There is one row."""

    class StartControl(models.TextChoices):
        PLANNED = "planned", "planned start"
        EARLIEST = "earliest", "earliest start"
        LATEST = "latest", "latest start"

    sequencing = models.BooleanField(default=True, help_text="Off: runs plan forward and no step sequences")
    horizon_days = models.PositiveSmallIntegerField(
        null=True, blank=True, default=10, validators=HORIZON,
        help_text="Production days from the start; without one, steps that name none sequence nothing",
    )  # fmt: skip
    start_control = models.CharField(max_length=8, choices=StartControl.choices, default=StartControl.PLANNED)
    overlap = models.BooleanField(default=False)
    same_secondary_resource = models.BooleanField(default=False)
    sort_settings = models.JSONField(
        default=by_key, validators=[sort_settings],
        help_text="What sorting in a group goes by: key first, then due, weight, quantity or hours among equal "
        'ones; a minus sorts falling, as in ["key", "due", "-quantity"]',
    )  # fmt: skip
    pull_up = models.BooleanField(default=False, help_text="Shorten lead times after sequencing")
    synchronise = models.BooleanField(default=False, help_text="Re-time components against their parents")
    locked_horizon_hours = models.FloatField(
        default=0.0,
        validators=[POSITIVE],
        help_text="From the start of a plan; what starts there is not moved",
    )
    weekend = models.JSONField(
        default=saturday_and_sunday,
        blank=True,
        help_text="Weekdays the delay calendar leaves out, 1 is Monday",
    )
    run_seconds = models.FloatField(
        default=30.0, validators=[POSITIVE], help_text="Of a run nobody gave a time"
    )
    stock_hours = models.FloatField(
        default=24.0, validators=[POSITIVE],
        help_text="How old a stock count may be for planned orders to be netted against it",
    )  # fmt: skip

    class Meta:
        verbose_name_plural = "planning rules"
        constraints = [
            models.CheckConstraint(
                condition=Q(pk=1), name="planning_rules_once", violation_error_message="There is one row."
            ),
            models.CheckConstraint(
                condition=Q(horizon_days__isnull=True) | Q(horizon_days__lte=MOST_DAYS),
                name="planning_rules_horizon",
            ),
        ]

    def __str__(self) -> str:
        return "planning rules"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuses a weekend that is no list of weekdays, or all of them."""
        days = self.weekend
        if not isinstance(days, list) or not set(map(repr, days)) < set(map(repr, range(1, 8))):
            raise ValidationError(
                {"weekend": "Write a list of weekdays, 1 Monday to 7 Sunday, and leave a working day."}
            )


class Resource(models.Model):
    """One machine or line of a work centre."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=80, blank=True)
    work_centre = models.ForeignKey(WorkCentre, on_delete=models.PROTECT, related_name="resources")
    calendar = models.ForeignKey(
        ShiftCalendar, on_delete=models.PROTECT, null=True, blank=True, related_name="resources",
        help_text="Empty: works around the clock",
    )  # fmt: skip
    efficiency = models.FloatField(default=1.0, help_text="2 makes an hour's work in half an hour")
    sequencing_priority = models.IntegerField(
        default=10, help_text="Lowest first; follow the flow of production"
    )
    state = models.CharField(
        max_length=KEY_LENGTH, blank=True, help_text="Key it was last set up for; empty: not known"
    )
    setup_rule = models.CharField(
        max_length=10, choices=choices(SetupRule), default=SetupRule.OPERATION.value,
        help_text="Where the setup time comes from without a record in the matrix",
    )  # fmt: skip
    setup_standard = models.FloatField("setup, standard (h)", null=True, blank=True, validators=[POSITIVE])
    setup_reduced = models.FloatField("setup, reduced (h)", null=True, blank=True, validators=[POSITIVE])
    more = models.JSONField(
        default=dict, blank=True, validators=[json_object],
        help_text="Entries of the problem file that only some steps know, such as the capacity of an oven",
    )  # fmt: skip
    active = models.BooleanField(default=True, help_text="Inactive: plans leave it out")

    class Meta:
        ordering = ["sequencing_priority", "code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(efficiency__gt=0),
                name="resource_efficiency_positive",
                violation_error_message="A resource without efficiency never ends its work; make it inactive.",
            ),
            models.CheckConstraint(
                condition=Q(setup_rule__in=[rule.value for rule in SetupRule]),
                name="resource_setup_rule_known",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ResourceCapacity(models.Model):
    """From a day on, how many times its normal output a resource makes; 1 before the first."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="capacities")
    from_date = models.DateField()
    factor = models.FloatField(validators=[POSITIVE])

    class Meta:
        ordering = ["resource", "from_date"]
        verbose_name_plural = "resource capacities"
        constraints = [
            models.UniqueConstraint(fields=["resource", "from_date"], name="capacity_once_a_day"),
            models.CheckConstraint(condition=Q(factor__gte=0), name="capacity_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.factor:g} from {self.from_date}"


class SetupTime(models.Model):
    """One record of the setup matrix. Keys are whole, or patterns: `*` any characters, `?` one."""

    resource = models.ForeignKey(
        Resource, on_delete=models.CASCADE, null=True, blank=True, related_name="setup_times",
        help_text="Empty: all",
    )  # fmt: skip
    from_key = models.CharField(max_length=KEY_LENGTH)
    to_key = models.CharField(max_length=KEY_LENGTH)
    hours = models.FloatField(default=0.0, validators=[POSITIVE])
    valid_from = models.DateField(default="2000-01-01")
    valid_to = models.DateField(
        null=True, blank=True, help_text="Last day; by the operation's earliest start"
    )
    forbidden = models.BooleanField(default=False, help_text="Never planned; hours mean nothing then")

    class Meta:
        ordering = ["resource", "from_key", "to_key", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["resource", "from_key", "to_key", "valid_from"],
                name="setup_time_once",
                violation_error_message="This pair already has a time from that day on.",
            ),
            models.UniqueConstraint(
                fields=["from_key", "to_key", "valid_from"],
                condition=Q(resource__isnull=True),
                name="setup_time_of_all_once",
                violation_error_message="This pair already has a time from that day on.",
            ),
            models.CheckConstraint(condition=Q(hours__gte=0), name="setup_time_not_negative"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="setup_time_ends_after_start",
                violation_error_message="The last day lies before the first.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource or 'all'} {self.from_key} to {self.to_key}"


class SequencingStep(models.Model):
    """One step of the sequence optimisation; its parameters are those of docs/scheduling-engine.md."""

    number = models.PositiveIntegerField(
        unique=True,
        validators=[MinValueValidator(1)],
        help_text="Lowest first; follow the flow of production",
    )
    type = models.CharField(max_length=20, choices=choices(StepType), default=StepType.STANDARD.value)
    description = models.CharField(max_length=120, blank=True)
    enabled = models.BooleanField(default=True)
    work_centre = models.ForeignKey(
        WorkCentre, on_delete=models.PROTECT, null=True, blank=True, related_name="steps",
        help_text="Empty for a forward step: everything",
    )  # fmt: skip
    group_from = models.PositiveSmallIntegerField(null=True, blank=True, validators=KEY_CHARACTER)
    group_to = models.PositiveSmallIntegerField(null=True, blank=True, validators=KEY_CHARACTER)
    seq_from = models.PositiveSmallIntegerField(null=True, blank=True, validators=KEY_CHARACTER)
    seq_to = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=KEY_CHARACTER, help_text="Empty: to the end of the key"
    )
    max_group_hours = models.FloatField(
        null=True, blank=True, validators=[POSITIVE], help_text="Maximum time for grouping"
    )
    respect_delay_calendar = models.BooleanField(default=False)
    max_operation_hours = models.FloatField(null=True, blank=True, validators=[POSITIVE])
    max_resource_hours = models.FloatField(null=True, blank=True, validators=[POSITIVE])
    horizon_days = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=HORIZON, help_text="Empty: the planning rules' own"
    )
    same_schedule_number = models.BooleanField(default=False)
    break_if_delay = models.BooleanField(default=False)
    order_by = models.CharField(max_length=5, choices=choices(OrderBy), default=OrderBy.SORT.value)
    sort = models.CharField(
        max_length=15, choices=choices(Sort), blank=True, help_text="Not with grouping of the sequencing part"
    )
    common_resources_only = models.BooleanField(default=False)
    gap_control = models.CharField(
        max_length=1, blank=True,
        choices=[
            (GapControl.REMOVE.value, "S: to the next group"), (GapControl.POSTPONE.value, "P: postpone"),
            (GapControl.NEW_GROUP.value, "Y: close the group"),
        ],
        help_text="Empty: every gap is accepted",
    )  # fmt: skip
    max_gap_centihours = models.FloatField(
        null=True, blank=True, validators=[POSITIVE], help_text="1 is 36 seconds"
    )
    more = models.JSONField(
        default=dict, blank=True, validators=[json_object],
        help_text="Parameters only this type knows, such as lambda, profile, levels or batch_size",
    )  # fmt: skip

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=Q(number__gt=0), name="step_number_positive"),
            models.CheckConstraint(
                condition=Q(type__in=[kind.value for kind in StepType]), name="step_type_known"
            ),
            models.CheckConstraint(
                condition=Q(group_from__isnull=True)
                | Q(group_to__isnull=True)
                | Q(group_to__gte=F("group_from")),
                name="step_group_from_before_to",
                violation_error_message="The grouping part begins behind its end; swap the two.",
            ),
            models.CheckConstraint(
                condition=Q(seq_from__isnull=True) | Q(seq_to__isnull=True) | Q(seq_to__gte=F("seq_from")),
                name="step_seq_from_before_to",
                violation_error_message="The sequencing part begins behind its end; swap the two.",
            ),
            models.CheckConstraint(
                condition=Q(order_by=OrderBy.SORT.value) | Q(sort=""),
                name="step_sort_not_with_grouping",
                violation_error_message="Groups are sorted on planned start; leave the sort option empty.",
            ),
            models.CheckConstraint(
                condition=Q(horizon_days__isnull=True) | Q(horizon_days__lte=MOST_DAYS), name="step_horizon"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.get_type_display()}"


class KeyRule(models.Model):
    """A piece of the co-sorting key of a work centre: characters of an attribute, padded, in order of position."""

    work_centre = models.ForeignKey(WorkCentre, on_delete=models.CASCADE, related_name="key_rules")
    position = models.PositiveSmallIntegerField()
    attribute = models.CharField(
        max_length=40, help_text="Of the operation's routing, or part, family, colour, schedule_number"
    )
    first = models.PositiveSmallIntegerField(
        "from", null=True, blank=True, validators=[MinValueValidator(1)],
        help_text="First character taken; empty: the value must fit whole",
    )  # fmt: skip
    length = models.PositiveSmallIntegerField(validators=KEY_CHARACTER)
    pad = models.CharField(max_length=1, default=" ", help_text="Fills up")
    align = models.CharField(max_length=5, choices=choices(Align), default=Align.LEFT.value)
    map = models.JSONField(
        default=dict,
        blank=True,
        validators=[json_object],
        help_text="Text of each value; one that is not named is refused",
    )

    class Meta:
        ordering = ["work_centre", "position"]
        constraints = [
            models.UniqueConstraint(fields=["work_centre", "position"], name="key_rule_once_a_position"),
            models.CheckConstraint(
                condition=Q(length__gte=1, length__lte=KEY_LENGTH)
                & (Q(first__isnull=True) | Q(first__gte=1)),
                name="key_rule_characters",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_centre} {self.position} {self.attribute}"
