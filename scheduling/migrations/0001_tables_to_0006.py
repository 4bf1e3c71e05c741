"""Production planning as it stood after 0006, each table made whole."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import migrations, models
from django.db.models import F, Q

from inventory.tables import CreateModels
from scheduling.models.plant import by_key, saturday_and_sunday, sort_settings
from scheduling.models.words import json_object

TABLES = [
    migrations.CreateModel(
        name="WorkCentre",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("name", models.CharField(blank=True, max_length=80)),
        ],
        options={
            "ordering": ["code"],
        },
    ),
    migrations.CreateModel(
        name="ShiftCalendar",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("name", models.CharField(blank=True, max_length=80)),
        ],
        options={
            "ordering": ["code"],
        },
    ),
    migrations.CreateModel(
        name="Shift",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "calendar",
                models.ForeignKey(on_delete=models.CASCADE, related_name="shifts", to="scheduling.shiftcalendar"),
            ),
            (
                "weekday",
                models.PositiveSmallIntegerField(
                    choices=[
                        (0, "Monday"),
                        (1, "Tuesday"),
                        (2, "Wednesday"),
                        (3, "Thursday"),
                        (4, "Friday"),
                        (5, "Saturday"),
                        (6, "Sunday"),
                    ]
                ),
            ),
            ("starts", models.TimeField()),
            ("ends", models.TimeField(help_text="At or before the start: on the next day")),
        ],
        options={
            "ordering": ["calendar", "weekday", "starts"],
            "constraints": [
                models.UniqueConstraint(fields=("calendar", "weekday", "starts"), name="production_shift_once"),
                models.CheckConstraint(condition=Q(weekday__lte=6), name="production_shift_weekday_known"),
            ],
        },
    ),
    migrations.CreateModel(
        name="ClosedDay",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "calendar",
                models.ForeignKey(on_delete=models.CASCADE, related_name="closed_days", to="scheduling.shiftcalendar"),
            ),
            ("day", models.DateField()),
            ("note", models.CharField(blank=True, max_length=80)),
        ],
        options={
            "ordering": ["calendar", "day"],
            "constraints": [models.UniqueConstraint(fields=("calendar", "day"), name="closed_day_once")],
        },
    ),
    migrations.CreateModel(
        name="NonProductionDay",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("day", models.DateField(unique=True)),
            ("note", models.CharField(blank=True, max_length=80)),
        ],
        options={
            "ordering": ["day"],
        },
    ),
    migrations.CreateModel(
        name="PlanningRules",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("sequencing", models.BooleanField(default=True, help_text="Off: runs plan forward and no step sequences")),
            (
                "horizon_days",
                models.PositiveSmallIntegerField(
                    blank=True,
                    default=10,
                    help_text="Production days from the start; without one, steps that name none sequence nothing",
                    null=True,
                    validators=[MinValueValidator(0), MaxValueValidator(999)],
                ),
            ),
            (
                "start_control",
                models.CharField(
                    choices=[("planned", "planned start"), ("earliest", "earliest start"), ("latest", "latest start")],
                    default="planned",
                    max_length=8,
                ),
            ),
            ("overlap", models.BooleanField(default=False)),
            ("same_secondary_resource", models.BooleanField(default=False)),
            (
                "sort_settings",
                models.JSONField(
                    default=by_key,
                    help_text='What sorting in a group goes by: key first, then due, weight, quantity or hours among equal ones; a minus sorts falling, as in ["key", "due", "-quantity"]',
                    validators=[sort_settings],
                ),
            ),
            ("pull_up", models.BooleanField(default=False, help_text="Shorten lead times after sequencing")),
            ("synchronise", models.BooleanField(default=False, help_text="Re-time components against their parents")),
            (
                "locked_horizon_hours",
                models.FloatField(
                    default=0.0,
                    help_text="From the start of a plan; what starts there is not moved",
                    validators=[MinValueValidator(0.0)],
                ),
            ),
            (
                "weekend",
                models.JSONField(
                    blank=True,
                    default=saturday_and_sunday,
                    help_text="Weekdays the delay calendar leaves out, 1 is Monday",
                ),
            ),
            (
                "run_seconds",
                models.FloatField(
                    default=30.0, help_text="Of a run nobody gave a time", validators=[MinValueValidator(0.0)]
                ),
            ),
            (
                "stock_hours",
                models.FloatField(
                    default=24.0,
                    help_text="How old a stock count may be for planned orders to be netted against it",
                    validators=[MinValueValidator(0.0)],
                ),
            ),
        ],
        options={
            "verbose_name_plural": "planning rules",
            "constraints": [
                models.CheckConstraint(
                    condition=Q(pk=1), name="planning_rules_once", violation_error_message="There is one row."
                ),
                models.CheckConstraint(
                    condition=Q(horizon_days__isnull=True) | Q(horizon_days__lte=999), name="planning_rules_horizon"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Resource",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("name", models.CharField(blank=True, max_length=80)),
            (
                "work_centre",
                models.ForeignKey(on_delete=models.PROTECT, related_name="resources", to="scheduling.workcentre"),
            ),
            (
                "calendar",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: works around the clock",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="resources",
                    to="scheduling.shiftcalendar",
                ),
            ),
            ("efficiency", models.FloatField(default=1.0, help_text="2 makes an hour's work in half an hour")),
            (
                "sequencing_priority",
                models.IntegerField(default=10, help_text="Lowest first; follow the flow of production"),
            ),
            (
                "state",
                models.CharField(blank=True, help_text="Key it was last set up for; empty: not known", max_length=20),
            ),
            (
                "setup_rule",
                models.CharField(
                    choices=[
                        ("operation", "operation"),
                        ("resource", "resource"),
                        ("longest", "longest"),
                        ("sum", "sum"),
                    ],
                    default="operation",
                    help_text="Where the setup time comes from without a record in the matrix",
                    max_length=10,
                ),
            ),
            (
                "setup_standard",
                models.FloatField(
                    blank=True, null=True, validators=[MinValueValidator(0.0)], verbose_name="setup, standard (h)"
                ),
            ),
            (
                "setup_reduced",
                models.FloatField(
                    blank=True, null=True, validators=[MinValueValidator(0.0)], verbose_name="setup, reduced (h)"
                ),
            ),
            (
                "more",
                models.JSONField(
                    blank=True,
                    default=dict,
                    help_text="Entries of the problem file that only some steps know, such as the capacity of an oven",
                    validators=[json_object],
                ),
            ),
            ("active", models.BooleanField(default=True, help_text="Inactive: plans leave it out")),
        ],
        options={
            "ordering": ["sequencing_priority", "code"],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(efficiency__gt=0),
                    name="resource_efficiency_positive",
                    violation_error_message="A resource without efficiency never ends its work; make it inactive.",
                ),
                models.CheckConstraint(
                    condition=Q(setup_rule__in=["operation", "resource", "longest", "sum"]),
                    name="resource_setup_rule_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="ResourceCapacity",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "resource",
                models.ForeignKey(on_delete=models.CASCADE, related_name="capacities", to="scheduling.resource"),
            ),
            ("from_date", models.DateField()),
            ("factor", models.FloatField(validators=[MinValueValidator(0.0)])),
        ],
        options={
            "verbose_name_plural": "resource capacities",
            "ordering": ["resource", "from_date"],
            "constraints": [
                models.UniqueConstraint(fields=("resource", "from_date"), name="capacity_once_a_day"),
                models.CheckConstraint(condition=Q(factor__gte=0), name="capacity_not_negative"),
            ],
        },
    ),
    migrations.CreateModel(
        name="SetupTime",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "resource",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: all",
                    null=True,
                    on_delete=models.CASCADE,
                    related_name="setup_times",
                    to="scheduling.resource",
                ),
            ),
            ("from_key", models.CharField(max_length=20)),
            ("to_key", models.CharField(max_length=20)),
            ("hours", models.FloatField(default=0.0, validators=[MinValueValidator(0.0)])),
            ("valid_from", models.DateField(default="2000-01-01")),
            (
                "valid_to",
                models.DateField(blank=True, help_text="Last day; by the operation's earliest start", null=True),
            ),
            ("forbidden", models.BooleanField(default=False, help_text="Never planned; hours mean nothing then")),
        ],
        options={
            "ordering": ["resource", "from_key", "to_key", "valid_from"],
            "constraints": [
                models.UniqueConstraint(
                    fields=("resource", "from_key", "to_key", "valid_from"),
                    name="setup_time_once",
                    violation_error_message="This pair already has a time from that day on.",
                ),
                models.UniqueConstraint(
                    condition=Q(resource__isnull=True),
                    fields=("from_key", "to_key", "valid_from"),
                    name="setup_time_of_all_once",
                    violation_error_message="This pair already has a time from that day on.",
                ),
                models.CheckConstraint(condition=Q(hours__gte=0), name="setup_time_not_negative"),
                models.CheckConstraint(
                    condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                    name="setup_time_ends_after_start",
                    violation_error_message="The last day lies before the first.",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="SequencingStep",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "number",
                models.PositiveIntegerField(
                    help_text="Lowest first; follow the flow of production",
                    unique=True,
                    validators=[MinValueValidator(1)],
                ),
            ),
            (
                "type",
                models.CharField(
                    choices=[
                        ("standard", "standard"),
                        ("minimise_setup", "minimise setup"),
                        ("oven", "oven"),
                        ("oven_repetition", "oven repetition"),
                        ("cyclic", "cyclic"),
                        ("batch_size", "batch size"),
                        ("multi_level", "multi level"),
                        ("forward", "forward"),
                    ],
                    default="standard",
                    max_length=20,
                ),
            ),
            ("description", models.CharField(blank=True, max_length=120)),
            ("enabled", models.BooleanField(default=True)),
            (
                "work_centre",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty for a forward step: everything",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="steps",
                    to="scheduling.workcentre",
                ),
            ),
            (
                "group_from",
                models.PositiveSmallIntegerField(
                    blank=True, null=True, validators=[MinValueValidator(1), MaxValueValidator(20)]
                ),
            ),
            (
                "group_to",
                models.PositiveSmallIntegerField(
                    blank=True, null=True, validators=[MinValueValidator(1), MaxValueValidator(20)]
                ),
            ),
            (
                "seq_from",
                models.PositiveSmallIntegerField(
                    blank=True, null=True, validators=[MinValueValidator(1), MaxValueValidator(20)]
                ),
            ),
            (
                "seq_to",
                models.PositiveSmallIntegerField(
                    blank=True,
                    help_text="Empty: to the end of the key",
                    null=True,
                    validators=[MinValueValidator(1), MaxValueValidator(20)],
                ),
            ),
            (
                "max_group_hours",
                models.FloatField(
                    blank=True, help_text="Maximum time for grouping", null=True, validators=[MinValueValidator(0.0)]
                ),
            ),
            ("respect_delay_calendar", models.BooleanField(default=False)),
            ("max_operation_hours", models.FloatField(blank=True, null=True, validators=[MinValueValidator(0.0)])),
            ("max_resource_hours", models.FloatField(blank=True, null=True, validators=[MinValueValidator(0.0)])),
            (
                "horizon_days",
                models.PositiveSmallIntegerField(
                    blank=True,
                    help_text="Empty: the planning rules' own",
                    null=True,
                    validators=[MinValueValidator(0), MaxValueValidator(999)],
                ),
            ),
            ("same_schedule_number", models.BooleanField(default=False)),
            ("break_if_delay", models.BooleanField(default=False)),
            (
                "order_by",
                models.CharField(choices=[("sort", "sort"), ("group", "group")], default="sort", max_length=5),
            ),
            (
                "sort",
                models.CharField(
                    blank=True,
                    choices=[
                        ("standard", "standard"),
                        ("planned_start", "planned start"),
                        ("latest_start", "latest start"),
                    ],
                    help_text="Not with grouping of the sequencing part",
                    max_length=15,
                ),
            ),
            ("common_resources_only", models.BooleanField(default=False)),
            (
                "gap_control",
                models.CharField(
                    blank=True,
                    choices=[("S", "S: to the next group"), ("P", "P: postpone"), ("Y", "Y: close the group")],
                    help_text="Empty: every gap is accepted",
                    max_length=1,
                ),
            ),
            (
                "max_gap_centihours",
                models.FloatField(
                    blank=True, help_text="1 is 36 seconds", null=True, validators=[MinValueValidator(0.0)]
                ),
            ),
            (
                "more",
                models.JSONField(
                    blank=True,
                    default=dict,
                    help_text="Parameters only this type knows, such as lambda, profile, levels or batch_size",
                    validators=[json_object],
                ),
            ),
        ],
        options={
            "ordering": ["number"],
            "constraints": [
                models.CheckConstraint(condition=Q(number__gt=0), name="step_number_positive"),
                models.CheckConstraint(
                    condition=Q(
                        type__in=[
                            "standard",
                            "minimise_setup",
                            "oven",
                            "oven_repetition",
                            "cyclic",
                            "batch_size",
                            "multi_level",
                            "forward",
                        ]
                    ),
                    name="step_type_known",
                ),
                models.CheckConstraint(
                    condition=Q(group_from__isnull=True) | Q(group_to__isnull=True) | Q(group_to__gte=F("group_from")),
                    name="step_group_from_before_to",
                    violation_error_message="The grouping part begins behind its end; swap the two.",
                ),
                models.CheckConstraint(
                    condition=Q(seq_from__isnull=True) | Q(seq_to__isnull=True) | Q(seq_to__gte=F("seq_from")),
                    name="step_seq_from_before_to",
                    violation_error_message="The sequencing part begins behind its end; swap the two.",
                ),
                models.CheckConstraint(
                    condition=Q(order_by="sort") | Q(sort=""),
                    name="step_sort_not_with_grouping",
                    violation_error_message="Groups are sorted on planned start; leave the sort option empty.",
                ),
                models.CheckConstraint(
                    condition=Q(horizon_days__isnull=True) | Q(horizon_days__lte=999), name="step_horizon"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="KeyRule",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "work_centre",
                models.ForeignKey(on_delete=models.CASCADE, related_name="key_rules", to="scheduling.workcentre"),
            ),
            ("position", models.PositiveSmallIntegerField()),
            (
                "attribute",
                models.CharField(
                    help_text="Of the operation's routing, or part, family, colour, schedule_number", max_length=40
                ),
            ),
            (
                "first",
                models.PositiveSmallIntegerField(
                    blank=True,
                    help_text="First character taken; empty: the value must fit whole",
                    null=True,
                    validators=[MinValueValidator(1)],
                    verbose_name="from",
                ),
            ),
            ("length", models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(20)])),
            ("pad", models.CharField(default=" ", help_text="Fills up", max_length=1)),
            ("align", models.CharField(choices=[("left", "left"), ("right", "right")], default="left", max_length=5)),
            (
                "map",
                models.JSONField(
                    blank=True,
                    default=dict,
                    help_text="Text of each value; one that is not named is refused",
                    validators=[json_object],
                ),
            ),
        ],
        options={
            "ordering": ["work_centre", "position"],
            "constraints": [
                models.UniqueConstraint(fields=("work_centre", "position"), name="key_rule_once_a_position"),
                models.CheckConstraint(
                    condition=Q(length__gte=1) & Q(length__lte=20) & (Q(first__isnull=True) | Q(first__gte=1)),
                    name="key_rule_characters",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Routing",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("part", models.OneToOneField(on_delete=models.PROTECT, related_name="routing", to="inventory.part")),
            ("note", models.CharField(blank=True, max_length=120)),
            (
                "net",
                models.BooleanField(
                    default=False,
                    help_text="Orders of releases are reduced by counted stock and open orders; off: what the release asks",
                    verbose_name="net planned orders",
                ),
            ),
            (
                "lot_size",
                models.DecimalField(
                    blank=True,
                    decimal_places=3,
                    help_text="Netted orders are rounded up to whole lots; empty: to the piece",
                    max_digits=15,
                    null=True,
                    validators=[MinValueValidator(0)],
                ),
            ),
        ],
        options={
            "ordering": ["part"],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(lot_size__isnull=True) | Q(lot_size__gt=0),
                    name="routing_lot_size_positive",
                    violation_error_message="A lot has some pieces; leave it empty for none.",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="RoutingOperation",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "routing",
                models.ForeignKey(on_delete=models.CASCADE, related_name="operations", to="scheduling.routing"),
            ),
            ("number", models.PositiveIntegerField(help_text="Lower ones end before higher ones begin")),
            (
                "work_centre",
                models.ForeignKey(
                    on_delete=models.PROTECT, related_name="routing_operations", to="scheduling.workcentre"
                ),
            ),
            ("hours_fixed", models.FloatField(default=0.0, validators=[MinValueValidator(0.0)])),
            ("hours_each", models.FloatField(default=0.0, validators=[MinValueValidator(0.0)])),
            (
                "setup_standard",
                models.FloatField(
                    blank=True, null=True, validators=[MinValueValidator(0.0)], verbose_name="setup, standard (h)"
                ),
            ),
            (
                "setup_reduced",
                models.FloatField(
                    blank=True, null=True, validators=[MinValueValidator(0.0)], verbose_name="setup, reduced (h)"
                ),
            ),
            (
                "attributes",
                models.JSONField(
                    blank=True, default=dict, help_text="What the co-sorting key is made from", validators=[json_object]
                ),
            ),
            (
                "resources",
                models.ManyToManyField(blank=True, help_text="Empty: all of the work centre", to="scheduling.resource"),
            ),
        ],
        options={
            "ordering": ["routing", "number"],
            "constraints": [
                models.UniqueConstraint(fields=("routing", "number"), name="routing_operation_once"),
                models.CheckConstraint(
                    condition=Q(hours_each__gte=0, hours_fixed__gte=0), name="routing_operation_hours"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="ManufacturingOrder",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("number", models.CharField(max_length=40, unique=True)),
            ("part", models.ForeignKey(on_delete=models.PROTECT, related_name="orders", to="inventory.part")),
            ("quantity", models.DecimalField(decimal_places=3, max_digits=15, validators=[MinValueValidator(0)])),
            ("due_at", models.DateTimeField(blank=True, null=True)),
            (
                "not_before",
                models.DateTimeField(
                    blank=True, help_text="Its first operation starts no earlier; empty: at once", null=True
                ),
            ),
            (
                "weight",
                models.FloatField(
                    default=1.0, help_text="2 makes an hour late count double", validators=[MinValueValidator(0.0)]
                ),
            ),
            (
                "schedule_number",
                models.CharField(
                    blank=True,
                    help_text="Orders of the same number are sequenced together where a step says so",
                    max_length=40,
                ),
            ),
            (
                "parent",
                models.ForeignKey(
                    blank=True,
                    help_text="The order this one makes a component for",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="components",
                    to="scheduling.manufacturingorder",
                ),
            ),
            (
                "source",
                models.CharField(
                    choices=[("RELEASE", "release"), ("HAND", "hand"), ("CSV", "csv")],
                    default="HAND",
                    editable=False,
                    max_length=10,
                ),
            ),
            (
                "demand_line",
                models.OneToOneField(
                    blank=True,
                    editable=False,
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="order",
                    to="inventory.demandline",
                ),
            ),
            (
                "demand_key",
                models.CharField(
                    blank=True,
                    editable=False,
                    help_text="Feed, place and period it was planned from; the next release finds it again by this",
                    max_length=200,
                ),
            ),
            (
                "status",
                models.CharField(
                    choices=[
                        ("PLANNED", "planned"),
                        ("FIRM", "firm"),
                        ("RELEASED", "released"),
                        ("DONE", "done"),
                        ("CANCELLED", "cancelled"),
                    ],
                    default="PLANNED",
                    editable=False,
                    max_length=10,
                ),
            ),
            ("reason", models.CharField(blank=True, editable=False, help_text="Why it was cancelled", max_length=200)),
            ("created_at", models.DateTimeField(auto_now_add=True)),
            ("released_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ("closed_at", models.DateTimeField(blank=True, editable=False, null=True)),
        ],
        options={
            "ordering": ["due_at", "number"],
            "indexes": [models.Index(fields=["status", "due_at"], name="order_open")],
            "constraints": [
                models.UniqueConstraint(
                    condition=~Q(demand_key=""), fields=("demand_key",), name="order_once_a_demand"
                ),
                models.CheckConstraint(condition=Q(quantity__gte=0), name="order_quantity_not_negative"),
                models.CheckConstraint(
                    condition=Q(status__in=["PLANNED", "FIRM", "RELEASED", "DONE", "CANCELLED"]),
                    name="order_status_known",
                ),
                models.CheckConstraint(condition=Q(source__in=["RELEASE", "HAND", "CSV"]), name="order_source_known"),
                models.CheckConstraint(
                    condition=~Q(status__in=["RELEASED", "DONE"]) | Q(released_at__isnull=False),
                    name="order_released_has_time",
                ),
                models.CheckConstraint(
                    condition=Q(closed_at__isnull=False, status__in=["DONE", "CANCELLED"])
                    | (~Q(status__in=["DONE", "CANCELLED"]) & Q(closed_at__isnull=True)),
                    name="order_closed_has_time",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Operation",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "order",
                models.ForeignKey(
                    on_delete=models.CASCADE, related_name="operations", to="scheduling.manufacturingorder"
                ),
            ),
            ("number", models.PositiveIntegerField()),
            (
                "work_centre",
                models.ForeignKey(on_delete=models.PROTECT, related_name="operations", to="scheduling.workcentre"),
            ),
            (
                "hours",
                models.FloatField(help_text="At normal capacity, without setup", validators=[MinValueValidator(0.0)]),
            ),
            ("quantity", models.DecimalField(decimal_places=3, max_digits=15)),
            ("attributes", models.JSONField(blank=True, default=dict, validators=[json_object])),
            (
                "key",
                models.CharField(
                    blank=True,
                    help_text="Empty: from the key rules when it is saved",
                    max_length=20,
                    verbose_name="co-sorting key",
                ),
            ),
            (
                "setup_standard",
                models.FloatField(
                    blank=True, null=True, validators=[MinValueValidator(0.0)], verbose_name="setup, standard (h)"
                ),
            ),
            (
                "setup_reduced",
                models.FloatField(
                    blank=True, null=True, validators=[MinValueValidator(0.0)], verbose_name="setup, reduced (h)"
                ),
            ),
            (
                "forced_resource",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="forced_operations",
                    to="scheduling.resource",
                ),
            ),
            (
                "more",
                models.JSONField(
                    blank=True,
                    default=dict,
                    help_text="Entries of the problem file that only some steps know, such as secondary resources",
                    validators=[json_object],
                ),
            ),
            (
                "sequencing_status",
                models.PositiveSmallIntegerField(
                    choices=[(10, "active"), (15, "sequenced"), (17, "sequence locked"), (20, "locked")],
                    default=10,
                    editable=False,
                ),
            ),
            (
                "operation_status",
                models.PositiveSmallIntegerField(
                    choices=[(20, "open"), (50, "in progress"), (90, "done")], default=20, editable=False
                ),
            ),
            (
                "planned_resource",
                models.ForeignKey(
                    blank=True,
                    editable=False,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="planned_operations",
                    to="scheduling.resource",
                ),
            ),
            ("planned_position", models.PositiveIntegerField(blank=True, editable=False, null=True)),
            ("planned_starts_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ("planned_ends_at", models.DateTimeField(blank=True, editable=False, null=True)),
            (
                "actual_resource",
                models.ForeignKey(
                    blank=True,
                    editable=False,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="worked_operations",
                    to="scheduling.resource",
                ),
            ),
            ("started_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ("started_by", models.CharField(blank=True, editable=False, max_length=60)),
            ("finished_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ("finished_by", models.CharField(blank=True, editable=False, max_length=60)),
            ("good_count", models.DecimalField(blank=True, decimal_places=3, editable=False, max_digits=15, null=True)),
            (
                "resources",
                models.ManyToManyField(
                    blank=True,
                    help_text="Empty: all of the work centre",
                    related_name="may_run",
                    to="scheduling.resource",
                ),
            ),
        ],
        options={
            "ordering": ["order", "number"],
            "indexes": [
                models.Index(fields=["planned_resource", "planned_position"], name="operation_work_list"),
                models.Index(fields=["operation_status"], name="operation_open"),
            ],
            "constraints": [
                models.UniqueConstraint(fields=("order", "number"), name="operation_once"),
                models.CheckConstraint(condition=Q(hours__gte=0), name="operation_hours_not_negative"),
                models.CheckConstraint(
                    condition=Q(sequencing_status__in=[10, 15, 17, 20]), name="operation_sequencing_status_known"
                ),
                models.CheckConstraint(
                    condition=Q(operation_status__in=[20, 50, 90]), name="operation_operation_status_known"
                ),
                models.CheckConstraint(
                    condition=Q(finished_at__isnull=True, operation_status=20, started_at__isnull=True)
                    | Q(
                        actual_resource__isnull=False,
                        finished_at__isnull=True,
                        operation_status=50,
                        started_at__isnull=False,
                    )
                    | Q(finished_at__isnull=False, operation_status=90, started_at__isnull=False),
                    name="operation_status_has_times",
                ),
                models.CheckConstraint(
                    condition=Q(sequencing_status=10)
                    | Q(planned_resource__isnull=False, planned_starts_at__isnull=False),
                    name="operation_sequenced_has_place",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Plan",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("number", models.PositiveIntegerField(unique=True)),
            ("name", models.CharField(blank=True, max_length=80)),
            (
                "status",
                models.CharField(
                    choices=[("DRAFT", "draft"), ("PUBLISHED", "published"), ("ARCHIVED", "archived")],
                    default="DRAFT",
                    max_length=10,
                ),
            ),
            ("start_at", models.DateTimeField(help_text="Nothing new starts before")),
            ("version", models.PositiveIntegerField(default=1)),
            (
                "copied_from",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.SET_NULL, related_name="copies", to="scheduling.plan"
                ),
            ),
            (
                "replaced",
                models.ForeignKey(
                    blank=True,
                    help_text="The plan that was published before; it comes back when this one is taken back",
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="replaced_by",
                    to="scheduling.plan",
                ),
            ),
            (
                "problem",
                models.JSONField(help_text="PROBLEM as docs/scheduling-engine.md has it, at the moment of planning"),
            ),
            (
                "figures",
                models.JSONField(default=dict, help_text="Setup hours, late orders, tardiness, makespan, utilisation"),
            ),
            (
                "batches",
                models.JSONField(blank=True, default=list, help_text="Of the last run: quantities before and after"),
            ),
            ("warnings", models.JSONField(default=list)),
            (
                "slot",
                models.CharField(
                    blank=True,
                    help_text="The scheduled run and its moment; one plan is made for it, however often",
                    max_length=80,
                ),
            ),
            ("created_by", models.CharField(max_length=60)),
            ("created_at", models.DateTimeField()),
            ("published_by", models.CharField(blank=True, max_length=60)),
            ("published_at", models.DateTimeField(blank=True, null=True)),
        ],
        options={
            "ordering": ["-number"],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(status="PUBLISHED"),
                    fields=("status",),
                    name="plan_published_once",
                    violation_error_message="Another plan is published; the floor works by one.",
                ),
                models.CheckConstraint(
                    condition=Q(status__in=["DRAFT", "PUBLISHED", "ARCHIVED"]), name="plan_status_known"
                ),
                models.CheckConstraint(
                    condition=Q(published_at__isnull=True, status="DRAFT")
                    | (Q(published_at__isnull=False) & Q(status__in=["PUBLISHED", "ARCHIVED"]) & ~Q(published_by="")),
                    name="plan_published_by_name_with_time",
                ),
                models.UniqueConstraint(condition=~Q(slot=""), fields=("slot",), name="plan_once_a_slot"),
            ],
        },
    ),
    migrations.CreateModel(
        name="PlannedOperation",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("plan", models.ForeignKey(on_delete=models.CASCADE, related_name="operations", to="scheduling.plan")),
            (
                "operation",
                models.ForeignKey(on_delete=models.CASCADE, related_name="planned", to="scheduling.operation"),
            ),
            ("resource", models.ForeignKey(on_delete=models.PROTECT, related_name="planned", to="scheduling.resource")),
            (
                "secondary",
                models.ForeignKey(
                    blank=True,
                    help_text="The secondary resource, such as a tool, it takes beside",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="planned_beside",
                    to="scheduling.resource",
                ),
            ),
            ("position", models.PositiveIntegerField(help_text="In the sequence of the resource, from 1")),
            ("starts_at", models.DateTimeField(help_text="Setup first")),
            ("ends_at", models.DateTimeField()),
            ("setup_hours", models.FloatField(default=0.0)),
            (
                "status",
                models.PositiveSmallIntegerField(
                    choices=[(10, "active"), (15, "sequenced"), (17, "sequence locked"), (20, "locked")]
                ),
            ),
            ("late", models.BooleanField(default=False)),
            (
                "late_minutes",
                models.PositiveIntegerField(default=0, help_text="Its order ends so long after it is due"),
            ),
            ("rule", models.TextField(blank=True, help_text="What placed it")),
            ("group", models.CharField(blank=True, max_length=40)),
        ],
        options={
            "ordering": ["plan", "resource", "position"],
            "indexes": [models.Index(fields=["plan", "resource", "starts_at"], name="planned_on_a_resource")],
            "constraints": [
                models.UniqueConstraint(fields=("plan", "operation"), name="planned_operation_once"),
                models.CheckConstraint(condition=Q(status__in=[10, 15, 17, 20]), name="planned_operation_status_known"),
                models.CheckConstraint(
                    condition=Q(ends_at__gte=F("starts_at")), name="planned_operation_ends_after_start"
                ),
                models.CheckConstraint(
                    condition=Q(late=False, late_minutes=0) | Q(late=True), name="planned_operation_late_minutes"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="PlanMove",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("plan", models.ForeignKey(on_delete=models.CASCADE, related_name="moves", to="scheduling.plan")),
            ("number", models.PositiveIntegerField()),
            (
                "kind",
                models.CharField(
                    choices=[("MOVE", "move"), ("LOCK", "lock"), ("UNLOCK", "unlock"), ("RUN", "run")], max_length=10
                ),
            ),
            (
                "operation",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: several",
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="moves",
                    to="scheduling.operation",
                ),
            ),
            ("before", models.JSONField(default=list)),
            ("after", models.JSONField(default=list)),
            ("by", models.CharField(max_length=60)),
            ("at", models.DateTimeField()),
            ("undone_at", models.DateTimeField(blank=True, null=True)),
        ],
        options={
            "ordering": ["plan", "-number"],
            "constraints": [
                models.UniqueConstraint(fields=("plan", "number"), name="plan_move_once"),
                models.CheckConstraint(
                    condition=Q(kind__in=["MOVE", "LOCK", "UNLOCK", "RUN"]), name="plan_move_kind_known"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="ScheduleRun",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("plan", models.ForeignKey(on_delete=models.CASCADE, related_name="runs", to="scheduling.plan")),
            (
                "status",
                models.CharField(
                    choices=[
                        ("QUEUED", "queued"),
                        ("RUNNING", "running"),
                        ("DONE", "done"),
                        ("CANCELLED", "cancelled"),
                        ("FAILED", "failed"),
                    ],
                    default="QUEUED",
                    max_length=10,
                ),
            ),
            ("requested_by", models.CharField(max_length=60)),
            ("requested_at", models.DateTimeField()),
            ("seconds", models.FloatField(help_text="Time for searching", validators=[MinValueValidator(0.0)])),
            (
                "iterations",
                models.PositiveIntegerField(
                    blank=True, help_text="Most of a search; with it a run can be repeated exactly", null=True
                ),
            ),
            ("seed", models.PositiveIntegerField(default=0)),
            ("workers", models.PositiveSmallIntegerField(default=2, validators=[MinValueValidator(1)])),
            ("publish", models.BooleanField(default=False, help_text="Publish the plan when the run is done")),
            ("problem", models.JSONField(help_text="What this run planned")),
            ("plan_version", models.PositiveIntegerField(help_text="Of the plan it started from")),
            ("worker", models.CharField(blank=True, max_length=80)),
            ("claimed_at", models.DateTimeField(blank=True, null=True)),
            ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
            ("claim_count", models.PositiveSmallIntegerField(default=0)),
            ("progress", models.FloatField(default=0.0, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])),
            ("best_objective", models.FloatField(blank=True, null=True)),
            ("iteration_count", models.PositiveBigIntegerField(default=0)),
            ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
            ("cancel_requested_by", models.CharField(blank=True, max_length=60)),
            ("result", models.JSONField(blank=True, null=True)),
            ("engine_version", models.CharField(blank=True, max_length=20)),
            ("warnings", models.JSONField(blank=True, default=list)),
            ("error", models.CharField(blank=True, max_length=500)),
            ("finished_at", models.DateTimeField(blank=True, null=True)),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [models.Index(fields=["status", "requested_at"], name="run_due")],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(status__in=["QUEUED", "RUNNING"]),
                    fields=("plan",),
                    name="run_once_at_a_time",
                    violation_error_message="A run of this plan is under way.",
                ),
                models.CheckConstraint(
                    condition=Q(status__in=["QUEUED", "RUNNING", "DONE", "CANCELLED", "FAILED"]),
                    name="run_status_known",
                ),
                models.CheckConstraint(
                    condition=Q(progress__gte=0.0, progress__lte=1.0), name="run_progress_is_a_share"
                ),
                models.CheckConstraint(
                    condition=Q(claimed_at__isnull=True, finished_at__isnull=True, status="QUEUED")
                    | (
                        Q(claimed_at__isnull=False)
                        & Q(heartbeat_at__isnull=False)
                        & Q(status="RUNNING")
                        & Q(finished_at__isnull=True)
                        & ~Q(worker="")
                    )
                    | Q(finished_at__isnull=False, result__isnull=False, status="DONE")
                    | (Q(finished_at__isnull=False) & Q(status="FAILED") & ~Q(error=""))
                    | Q(cancel_requested_at__isnull=False, finished_at__isnull=False, status="CANCELLED"),
                    name="run_status_has_times",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="ScheduledRun",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("name", models.CharField(max_length=80, unique=True)),
            ("at", models.TimeField(help_text="On the plant's clock")),
            (
                "weekdays",
                models.CharField(
                    default="12345",
                    help_text="Such as 12345: 1 is Monday, 7 is Sunday",
                    max_length=7,
                    validators=[RegexValidator("^[1-7]+$", "Write the weekdays as digits, such as 12345.")],
                ),
            ),
            ("seconds", models.FloatField(default=60.0, validators=[MinValueValidator(0.0)])),
            ("seed", models.PositiveIntegerField(default=0)),
            ("publish", models.BooleanField(default=False, help_text="Publish the plan when the run is done")),
            ("active", models.BooleanField(default=True)),
            ("last_slot", models.DateTimeField(blank=True, editable=False, null=True)),
        ],
        options={
            "ordering": ["at", "name"],
        },
    ),
    migrations.CreateModel(
        name="ExportRow",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("plan", models.ForeignKey(on_delete=models.CASCADE, related_name="export_rows", to="scheduling.plan")),
            ("order_number", models.CharField(max_length=40)),
            ("part_number", models.CharField(max_length=35)),
            ("quantity", models.DecimalField(decimal_places=3, max_digits=15)),
            ("quantity_before", models.DecimalField(decimal_places=3, max_digits=15)),
            ("due_at", models.DateTimeField(blank=True, null=True)),
            ("starts_at", models.DateTimeField()),
            ("ends_at", models.DateTimeField()),
            ("starts_before", models.DateTimeField(blank=True, help_text="By the plan published before", null=True)),
            ("ends_before", models.DateTimeField(blank=True, null=True)),
            ("late_minutes", models.PositiveIntegerField(default=0)),
            ("changed", models.BooleanField(help_text="Against the plan published before")),
        ],
        options={
            "ordering": ["plan", "order_number"],
            "constraints": [models.UniqueConstraint(fields=("plan", "order_number"), name="export_row_once")],
        },
    ),
]


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("scheduling", "0001_production_planning"),
        ("scheduling", "0002_key_rules_of_the_engine"),
        ("scheduling", "0003_scheduled_runs"),
        ("scheduling", "0004_netting"),
        ("scheduling", "0005_secondary_of_a_bar"),
        ("scheduling", "0006_sort_settings"),
    ]
    dependencies = [
        ("inventory", "0001_tables_to_0006"),
    ]

    operations = [
        CreateModels(TABLES),
    ]
