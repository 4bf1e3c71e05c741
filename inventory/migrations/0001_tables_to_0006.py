"""The parts and their stock as they stood after 0006, each table made whole."""

from __future__ import annotations

from django.core.validators import FileExtensionValidator
from django.db import migrations, models
from django.db.models import F, Q

from inventory.models import small_picture
from inventory.tables import CreateModels

TABLES = [
    migrations.CreateModel(
        name="Customer",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("name", models.CharField(max_length=120)),
        ],
        options={
            "ordering": ["code"],
        },
    ),
    migrations.CreateModel(
        name="Part",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("number", models.CharField(max_length=35, unique=True)),
            (
                "description",
                models.CharField(blank=True, help_text="What the operator reads: BLACK · HEATED · LHD", max_length=120),
            ),
            (
                "family",
                models.CharField(blank=True, help_text="Commodity this part belongs to, e.g. DOOR-LH", max_length=20),
            ),
            ("colour", models.CharField(blank=True, help_text="Racks may be cut apart by it", max_length=20)),
            ("storage_bin", models.CharField(blank=True, help_text="Where the operator takes it from", max_length=20)),
            (
                "trace",
                models.CharField(
                    choices=[("NONE", "no serial"), ("LOT", "lot on every piece"), ("SERIAL", "serial on every piece")],
                    default="NONE",
                    max_length=10,
                ),
            ),
            (
                "label_pattern",
                models.CharField(
                    blank=True,
                    help_text="Regular expression with groups (?P<part>), (?P<serial>) and (?P<lot>); empty: DI P/S/1T, ISO 15434 or bare number",
                    max_length=200,
                ),
            ),
            (
                "picture",
                models.ImageField(
                    blank=True,
                    help_text="What the operator sees beside the number: PNG, JPEG or WebP, at most 1 MB",
                    upload_to="parts/",
                    validators=[FileExtensionValidator(["png", "jpg", "jpeg", "webp"]), small_picture],
                ),
            ),
            (
                "net_weight_kg",
                models.DecimalField(
                    blank=True,
                    decimal_places=4,
                    help_text="Of one piece; empty: not known, and no despatch advice tells a weight it is part of",
                    max_digits=9,
                    null=True,
                    verbose_name="net weight (kg)",
                ),
            ),
            ("active", models.BooleanField(default=True)),
            ("updated_at", models.DateTimeField(auto_now=True, db_index=True)),
        ],
        options={
            "ordering": ["number"],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(net_weight_kg__isnull=True) | Q(net_weight_kg__gt=0),
                    name="part_weight_positive",
                    violation_error_message="A piece weighs something; leave it empty when nobody knows.",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="CustomerPart",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("customer", models.ForeignKey(on_delete=models.PROTECT, related_name="parts", to="inventory.customer")),
            ("number", models.CharField(help_text="As the customer writes it, inner blanks kept", max_length=35)),
            ("part", models.ForeignKey(on_delete=models.PROTECT, related_name="customer_parts", to="inventory.part")),
            ("valid_from", models.DateField(default="2000-01-01")),
            ("valid_until", models.DateField(blank=True, help_text="Last day; empty: open", null=True)),
            ("updated_at", models.DateTimeField(auto_now=True, db_index=True)),
        ],
        options={
            "ordering": ["customer", "number", "valid_from"],
            "constraints": [
                models.UniqueConstraint(
                    fields=("customer", "number", "valid_from"),
                    name="customer_part_once_a_date",
                    violation_error_message="This customer number already starts on that day.",
                ),
                models.CheckConstraint(
                    condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                    name="customer_part_ends_after_start",
                    violation_error_message="The last day lies before the first.",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="BomLine",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("parent", models.ForeignKey(on_delete=models.PROTECT, related_name="bom_lines", to="inventory.part")),
            ("option", models.CharField(blank=True, help_text="Empty: always", max_length=20)),
            ("component", models.ForeignKey(on_delete=models.PROTECT, related_name="used_in", to="inventory.part")),
            ("quantity", models.PositiveIntegerField(default=1)),
            ("valid_from", models.DateField(default="2000-01-01")),
            ("valid_until", models.DateField(blank=True, null=True)),
            ("updated_at", models.DateTimeField(auto_now=True, db_index=True)),
        ],
        options={
            "ordering": ["parent", "option", "component"],
            "constraints": [
                models.UniqueConstraint(
                    fields=("parent", "option", "component", "valid_from"), name="bom_line_once_a_date"
                ),
                models.CheckConstraint(condition=Q(quantity__gte=1), name="bom_line_quantity_positive"),
                models.CheckConstraint(condition=~Q(parent=F("component")), name="bom_line_not_itself"),
            ],
        },
    ),
    migrations.CreateModel(
        name="StockCount",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("part", models.ForeignKey(on_delete=models.PROTECT, related_name="stock_counts", to="inventory.part")),
            ("quantity", models.DecimalField(decimal_places=3, max_digits=15)),
            ("counted_at", models.DateTimeField()),
            ("by", models.CharField(blank=True, editable=False, max_length=60)),
            ("note", models.CharField(blank=True, max_length=120)),
        ],
        options={
            "ordering": ["part", "-counted_at"],
            "constraints": [
                models.UniqueConstraint(
                    fields=("part", "counted_at"),
                    name="stock_count_once",
                    violation_error_message="This part was counted at that moment already.",
                ),
                models.CheckConstraint(
                    condition=Q(quantity__gte=0),
                    name="stock_count_not_negative",
                    violation_error_message="Nobody counts fewer than no pieces.",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="DemandSchedule",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "customer",
                models.ForeignKey(on_delete=models.PROTECT, related_name="schedules", to="inventory.customer"),
            ),
            ("feed", models.CharField(max_length=20)),
            (
                "test",
                models.BooleanField(default=False, help_text="From the test side of a partner: nobody plans with it"),
            ),
            ("horizon", models.CharField(choices=[("PLAN", "plan"), ("CALL", "call-off")], max_length=4)),
            ("customer_part", models.CharField(max_length=35)),
            ("part", models.ForeignKey(on_delete=models.PROTECT, related_name="schedules", to="inventory.part")),
            ("ship_to", models.CharField(blank=True, max_length=35)),
            ("dock", models.CharField(blank=True, max_length=35)),
            ("line_feed", models.CharField(blank=True, max_length=35)),
            ("order_ref", models.CharField(blank=True, max_length=35)),
            ("unit", models.CharField(blank=True, max_length=3)),
            ("release_number", models.CharField(blank=True, max_length=40)),
            ("previous_number", models.CharField(blank=True, max_length=40)),
            ("issued", models.CharField(blank=True, help_text="As sent, local to the customer's plant", max_length=25)),
            ("received_at", models.DateTimeField()),
            ("source", models.CharField(help_text="The line of the message; taken once", max_length=40)),
            ("message", models.CharField(help_text="The message; it speaks of a place once", max_length=40)),
            ("current", models.BooleanField(default=True)),
            ("replaced_at", models.DateTimeField(blank=True, null=True)),
            ("withdrawn", models.BooleanField(default=False, help_text="The customer took it back; nothing is wanted")),
            ("change", models.CharField(blank=True, help_text="Against the release before, in words", max_length=200)),
            ("change_quantity", models.DecimalField(decimal_places=3, default=0, max_digits=15)),
            ("cumulative_received", models.DecimalField(blank=True, decimal_places=3, max_digits=15, null=True)),
            ("cumulative_required", models.DecimalField(blank=True, decimal_places=3, max_digits=15, null=True)),
            (
                "last_despatch",
                models.CharField(blank=True, help_text="Last of ours the customer booked", max_length=35),
            ),
        ],
        options={
            "ordering": ["customer_part", "ship_to", "dock", "-id"],
            "indexes": [models.Index(fields=["current", "test", "customer_part"], name="schedule_current")],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(current=True),
                    fields=("feed", "horizon", "customer_part", "ship_to", "dock", "line_feed", "order_ref"),
                    name="schedule_current_once_a_place",
                ),
                models.UniqueConstraint(fields=("feed", "source"), name="schedule_once_a_source"),
                models.CheckConstraint(
                    condition=Q(current=True, replaced_at__isnull=True) | Q(current=False, replaced_at__isnull=False),
                    name="schedule_replaced_has_time",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="DemandLine",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "schedule",
                models.ForeignKey(on_delete=models.CASCADE, related_name="lines", to="inventory.demandschedule"),
            ),
            ("number", models.PositiveIntegerField()),
            ("first", models.DateField(blank=True, null=True)),
            ("last", models.DateField(blank=True, help_text="Empty: the first day alone", null=True)),
            ("time", models.CharField(blank=True, help_text="Of the first day, where one was sent", max_length=5)),
            ("quantity", models.DecimalField(decimal_places=3, max_digits=15)),
            ("firmness", models.CharField(blank=True, help_text="firm, material or planned", max_length=8)),
            ("interval", models.CharField(blank=True, help_text="day, week, month or date", max_length=5)),
            ("urgency", models.CharField(blank=True, help_text="Without a day: backlog or immediate", max_length=10)),
            ("order_ref", models.CharField(blank=True, help_text="Order of this quantity alone", max_length=35)),
            (
                "kanban_cards",
                models.JSONField(
                    blank=True, default=list, help_text="The cards this quantity is called by, one full box each"
                ),
            ),
        ],
        options={
            "ordering": ["schedule", "number"],
            "constraints": [
                models.UniqueConstraint(fields=("schedule", "number"), name="demand_line_once"),
                models.CheckConstraint(condition=Q(quantity__gte=0), name="demand_line_not_negative"),
                models.CheckConstraint(
                    condition=Q(last__isnull=True) | Q(last__gte=F("first")), name="demand_line_ends_after_start"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="CumulativeOpening",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("customer", models.ForeignKey(on_delete=models.PROTECT, related_name="openings", to="inventory.customer")),
            ("customer_part", models.CharField(max_length=35)),
            (
                "ship_to",
                models.CharField(blank=True, help_text="As the release says; empty: everywhere", max_length=35),
            ),
            ("quantity", models.DecimalField(decimal_places=3, max_digits=15)),
            (
                "day",
                models.DateField(help_text="Counts in the period this day lies in; what leaves from here on is added"),
            ),
            ("note", models.CharField(blank=True, help_text="Where the figure comes from", max_length=200)),
        ],
        options={
            "ordering": ["customer", "customer_part", "ship_to", "-day"],
            "constraints": [
                models.UniqueConstraint(
                    fields=("customer", "customer_part", "ship_to", "day"), name="opening_once_a_day"
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="CumulativeBalance",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("customer", models.ForeignKey(on_delete=models.PROTECT, related_name="balances", to="inventory.customer")),
            ("feed", models.CharField(max_length=20)),
            ("customer_part", models.CharField(max_length=35)),
            ("ship_to", models.CharField(blank=True, max_length=35)),
            ("dock", models.CharField(blank=True, max_length=35)),
            (
                "since",
                models.DateField(blank=True, help_text="Start of the count; empty: it never restarts", null=True),
            ),
            ("shipped", models.DecimalField(decimal_places=3, max_digits=15)),
            ("in_transit", models.DecimalField(decimal_places=3, max_digits=15)),
            ("received", models.DecimalField(decimal_places=3, max_digits=15)),
            ("difference", models.DecimalField(decimal_places=3, max_digits=15)),
            ("note", models.CharField(blank=True, max_length=200)),
            ("compared_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["customer_part", "ship_to", "dock"],
            "constraints": [
                models.UniqueConstraint(
                    fields=("feed", "customer_part", "ship_to", "dock"), name="balance_once_a_place"
                )
            ],
        },
    ),
]


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("inventory", "0001_first_tables"),
        ("inventory", "0002_gateway"),
        ("inventory", "0003_asn_facts"),
        ("inventory", "0004_shop_floor"),
        ("inventory", "0005_kanban_cards"),
        ("inventory", "0006_stock_counts"),
    ]
    dependencies = []

    operations = [
        CreateModels(TABLES),
    ]
