"""The shop floor as it stood after 0014, each table made whole; a plant that began before went by the steps."""

from __future__ import annotations

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

from inventory.tables import CreateModels
from sequencer.migrations._scan_months import cut, drop_tails, index_tails, join
from sequencer.models.plant import check_folder, check_shifts, check_time_zone
from sequencer.models.printing import design_choices

TABLES = [
    migrations.CreateModel(
        name="OemPlant",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("name", models.CharField(max_length=120)),
            ("customer", models.ForeignKey(on_delete=models.PROTECT, related_name="plants", to="inventory.customer")),
            ("time_zone", models.CharField(default="UTC", max_length=40, validators=[check_time_zone])),
            ("transit_minutes", models.PositiveIntegerField(default=20, help_text="Our dock to the OEM's line")),
            (
                "loop_hours",
                models.PositiveIntegerField(
                    default=24, help_text="A returnable rack that left is expected back after so many hours"
                ),
            ),
            (
                "ship_from_code",
                models.CharField(
                    blank=True,
                    help_text="How this plant calls the place we ship from (NAD SF, N1 SF, VDA 712)",
                    max_length=35,
                ),
            ),
            (
                "ship_from_name",
                models.CharField(blank=True, help_text="Name of that place, as it is told", max_length=35),
            ),
            (
                "supplier_code",
                models.CharField(
                    blank=True, help_text="Our supplier number at this plant; empty: our EDI address", max_length=35
                ),
            ),
            (
                "contact",
                models.CharField(
                    blank=True,
                    help_text="Who is told there, by name and phone, when something on the road must not be used",
                    max_length=120,
                ),
            ),
        ],
        options={
            "ordering": ["code"],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(ship_from_name="") | ~Q(ship_from_code=""),
                    name="ship_from_name_has_code",
                    violation_error_message="The name of the place goes with the code the plant has for it.",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="TrailerType",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("name", models.CharField(blank=True, max_length=60)),
            (
                "lanes",
                models.PositiveSmallIntegerField(default=1, help_text="Seen from the door, lane 1 is on the left"),
            ),
            ("places", models.PositiveSmallIntegerField(default=4, help_text="Places in each lane; 1 is at the cab")),
            (
                "fill",
                models.CharField(
                    choices=[("LANE", "lane by lane"), ("ROW", "row by row across the lanes")],
                    default="LANE",
                    max_length=4,
                    verbose_name="filled",
                ),
            ),
            (
                "door",
                models.CharField(
                    choices=[("REAR", "rear door"), ("SIDE", "side curtain: every place is reached")],
                    default="REAR",
                    max_length=4,
                ),
            ),
            (
                "load_order",
                models.CharField(
                    blank=True,
                    choices=[
                        ("", "as the unloading point says"),
                        ("FORWARD", "lowest sequence first"),
                        ("REVERSE", "last stop and highest sequence first (unloads last in, first out)"),
                    ],
                    default="",
                    max_length=10,
                ),
            ),
            (
                "scan_place",
                models.BooleanField(
                    default=False, help_text="After the rack its place in the trailer is scanned as well"
                ),
            ),
            ("needs_seal", models.BooleanField(default=False, help_text="No departure without a seal number")),
            ("needs_driver", models.BooleanField(default=False, help_text="No departure without a driver")),
            (
                "max_load_kg",
                models.PositiveIntegerField(
                    blank=True,
                    help_text="A truck that weighs more does not leave; empty: no limit",
                    null=True,
                    verbose_name="payload (kg)",
                ),
            ),
        ],
        options={
            "ordering": ["code"],
            "constraints": [
                models.CheckConstraint(condition=Q(lanes__gte=1, places__gte=1), name="trailer_has_places"),
                models.CheckConstraint(condition=Q(fill__in=["LANE", "ROW"]), name="trailer_fill_known"),
                models.CheckConstraint(condition=Q(door__in=["REAR", "SIDE"]), name="trailer_door_known"),
            ],
        },
    ),
    migrations.CreateModel(
        name="UnloadingPoint",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "plant",
                models.ForeignKey(on_delete=models.PROTECT, related_name="unloading_points", to="sequencer.oemplant"),
            ),
            ("code", models.CharField(max_length=20)),
            ("name", models.CharField(blank=True, max_length=120)),
            ("racks_per_truck", models.PositiveIntegerField(default=4)),
            (
                "load_order",
                models.CharField(
                    choices=[
                        ("FORWARD", "lowest sequence first"),
                        ("REVERSE", "highest sequence first (unloads last in, first out)"),
                    ],
                    default="FORWARD",
                    max_length=10,
                ),
            ),
            (
                "trailer_type",
                models.ForeignKey(
                    blank=True,
                    help_text="What usually comes for this dock; empty: one lane, no places scanned",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="unloading_points",
                    to="sequencer.trailertype",
                ),
            ),
        ],
        options={
            "ordering": ["plant", "code"],
            "constraints": [
                models.UniqueConstraint(fields=("plant", "code"), name="unloading_point_code_once_a_plant"),
                models.CheckConstraint(condition=Q(racks_per_truck__gte=1), name="truck_holds_a_rack"),
            ],
        },
    ),
    migrations.CreateModel(
        name="Line",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("plant", models.ForeignKey(on_delete=models.PROTECT, related_name="lines", to="sequencer.oemplant")),
            ("code", models.CharField(max_length=20)),
            ("name", models.CharField(max_length=120)),
            ("takt_seconds", models.PositiveIntegerField(default=60, help_text="One vehicle every so many seconds")),
            (
                "shift_starts",
                models.CharField(
                    blank=True,
                    default="06:00, 14:00, 22:00",
                    help_text="In the plant's clock",
                    max_length=60,
                    validators=[check_shifts],
                ),
            ),
            (
                "paper_folder",
                models.CharField(
                    blank=True,
                    help_text="Where the sheets of paper mode go, as /mnt/print/line1; empty: a folder of the plant's own",
                    max_length=200,
                    validators=[check_folder],
                ),
            ),
        ],
        options={
            "ordering": ["plant", "code"],
            "constraints": [
                models.UniqueConstraint(fields=("plant", "code"), name="line_code_once_a_plant"),
                models.CheckConstraint(condition=Q(takt_seconds__gte=1), name="line_takt_positive"),
            ],
        },
    ),
    migrations.CreateModel(
        name="SequenceStream",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("line", models.ForeignKey(on_delete=models.PROTECT, related_name="streams", to="sequencer.line")),
            ("broadcast_point", models.CharField(blank=True, help_text="DE 1159 of SEQ, or empty", max_length=10)),
            ("prefix", models.CharField(blank=True, max_length=10)),
            ("width", models.PositiveSmallIntegerField(default=4)),
            ("first", models.PositiveBigIntegerField(default=1)),
            ("last", models.PositiveBigIntegerField(default=9999)),
            ("dense", models.BooleanField(default=True, help_text="Every number occurs: a missing one is a gap")),
            ("max_jump", models.PositiveIntegerField(default=200, help_text="A larger step is held for a person")),
            ("first_position", models.BigIntegerField(blank=True, editable=False, null=True)),
            ("last_position", models.BigIntegerField(blank=True, editable=False, null=True)),
            ("cycle", models.CharField(blank=True, editable=False, max_length=10)),
            ("cycle_from", models.BigIntegerField(blank=True, editable=False, null=True)),
        ],
        options={
            "ordering": ["line", "broadcast_point"],
            "constraints": [
                models.UniqueConstraint(fields=("line", "broadcast_point"), name="stream_once_a_broadcast_point"),
                models.CheckConstraint(condition=Q(last__gt=F("first")), name="stream_counts_up"),
            ],
        },
    ),
    migrations.CreateModel(
        name="SequencingProgram",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("name", models.CharField(max_length=120)),
            ("line", models.ForeignKey(on_delete=models.PROTECT, related_name="programs", to="sequencer.line")),
            (
                "stream",
                models.ForeignKey(on_delete=models.PROTECT, related_name="programs", to="sequencer.sequencestream"),
            ),
            (
                "unloading_point",
                models.ForeignKey(on_delete=models.PROTECT, related_name="programs", to="sequencer.unloadingpoint"),
            ),
            (
                "lead_minutes",
                models.PositiveIntegerField(
                    default=120, help_text="Broadcast to line side, used when a call carries no required time"
                ),
            ),
            (
                "sequence_break",
                models.CharField(
                    choices=[
                        ("STOP", "stop"),
                        ("WARN", "warn"),
                        ("DETAIN_NOW", "detain now"),
                        ("DELAYED_THEN_DETAIN", "delayed then detain"),
                        ("DELAYED_THEN_SCRAP", "delayed then scrap"),
                        ("IGNORE", "ignore"),
                    ],
                    default="STOP",
                    help_text="A piece of another vehicle was scanned at a station; a station may have its own policy",
                    max_length=20,
                ),
            ),
            (
                "break_after",
                models.PositiveSmallIntegerField(
                    default=3, help_text="Units that may go before it, for the delayed policies"
                ),
            ),
            (
                "ship_as_sealed",
                models.BooleanField(
                    default=False,
                    help_text="The OEM takes a sealed rack in the order it was sealed, if a supervisor says so",
                ),
            ),
            ("active", models.BooleanField(default=True)),
        ],
        options={
            "ordering": ["code"],
        },
    ),
    migrations.CreateModel(
        name="RackType",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("name", models.CharField(blank=True, max_length=120)),
            ("rows", models.PositiveSmallIntegerField(default=2, help_text="Counts only without a drawing")),
            ("columns", models.PositiveSmallIntegerField(default=6, help_text="Counts only without a drawing")),
            (
                "drawing",
                models.TextField(
                    blank=True,
                    help_text="One line a row as the operator stands before it, top first. o place, A-Z place of a commodity's mark, # blocked, . nothing, | between lanes, [name] begins a side, a number gives the turn itself. Empty: rows x columns",
                ),
            ),
            (
                "path",
                models.CharField(
                    choices=[
                        ("ROWS", "row by row, each from the same end"),
                        ("ROWS_SNAKE", "snake: row by row, turning back at each end"),
                        ("LANES", "lane by lane, each from the same end"),
                        ("LANES_SNAKE", "snake: lane by lane, turning back at each end"),
                    ],
                    default="ROWS",
                    max_length=12,
                ),
            ),
            (
                "first_place",
                models.CharField(
                    choices=[
                        ("BOTTOM_RIGHT", "bottom right"),
                        ("BOTTOM_LEFT", "bottom left"),
                        ("TOP_RIGHT", "top right"),
                        ("TOP_LEFT", "top left"),
                    ],
                    default="BOTTOM_RIGHT",
                    max_length=12,
                ),
            ),
            (
                "build_order",
                models.CharField(
                    choices=[("FORWARD", "lowest sequence loaded first"), ("REVERSE", "highest sequence loaded first")],
                    default="FORWARD",
                    max_length=10,
                ),
            ),
            (
                "seen",
                models.CharField(
                    choices=[
                        ("FRONT", "from the front: rows are levels"),
                        ("ABOVE", "from above: rows stand one behind another in lanes"),
                    ],
                    default="FRONT",
                    max_length=5,
                    verbose_name="drawn",
                ),
            ),
            (
                "unload_face",
                models.CharField(
                    choices=[
                        ("FRONT", "front, where the operator stands"),
                        ("BACK", "back"),
                        ("LEFT", "left side"),
                        ("RIGHT", "right side"),
                    ],
                    default="FRONT",
                    help_text="Where the OEM takes from",
                    max_length=5,
                ),
            ),
            (
                "slot_check_every",
                models.PositiveSmallIntegerField(
                    default=1, help_text="Scan the slot label at every n-th slot; 1 = every slot, 0 = slots are implied"
                ),
            ),
            (
                "tare_kg",
                models.DecimalField(
                    blank=True,
                    decimal_places=2,
                    help_text="Empty rack with its inserts; empty: not known, and no gross weight is told",
                    max_digits=8,
                    null=True,
                    verbose_name="tare (kg)",
                ),
            ),
        ],
        options={
            "ordering": ["code"],
            "constraints": [
                models.CheckConstraint(condition=Q(rows__gte=1) & Q(columns__gte=1), name="rack_type_has_slots"),
                models.CheckConstraint(
                    condition=Q(tare_kg__isnull=True) | Q(tare_kg__gt=0),
                    name="rack_type_tare_positive",
                    violation_error_message="A rack weighs something; leave it empty when nobody knows.",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Commodity",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "program",
                models.ForeignKey(
                    on_delete=models.PROTECT, related_name="commodities", to="sequencer.sequencingprogram"
                ),
            ),
            ("family", models.CharField(max_length=20)),
            ("name", models.CharField(max_length=60)),
            (
                "rack_prefix",
                models.CharField(help_text="Rack numbers read PREFIX-lowest position", max_length=10, unique=True),
            ),
            (
                "rack_type",
                models.ForeignKey(on_delete=models.PROTECT, related_name="commodities", to="sequencer.racktype"),
            ),
            (
                "rides_with",
                models.ForeignKey(
                    blank=True,
                    help_text="Stands in the racks of this commodity; empty: racks of its own",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="riders",
                    to="sequencer.commodity",
                ),
            ),
            (
                "mark",
                models.CharField(
                    blank=True, help_text="Its letter in the drawing of a mixed rack, e.g. L and R", max_length=1
                ),
            ),
            ("every_vehicle", models.BooleanField(default=True)),
            ("cut_from", models.BigIntegerField(blank=True, editable=False, null=True)),
        ],
        options={
            "verbose_name_plural": "commodities",
            "ordering": ["program", "family"],
            "constraints": [
                models.UniqueConstraint(fields=("program", "family"), name="commodity_family_once_a_program")
            ],
        },
    ),
    migrations.CreateModel(
        name="CutRule",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "commodity",
                models.ForeignKey(on_delete=models.CASCADE, related_name="cut_rules", to="sequencer.commodity"),
            ),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("MAX_SEQUENCES", "at most so many sequences a rack"),
                        ("OWN_DOCK", "own racks for each dock of the call"),
                        ("OWN_LINE", "own racks for each line feed point of the call"),
                        ("OWN_COLOUR", "own racks for each colour of the part"),
                        ("OWN_OPTION", "own racks for each option code that begins with the value"),
                        ("MINUTES", "at most so many minutes from the first required time to the last"),
                        ("CLOCK", "a new rack at these times of the OEM's day (06:00 14:00 22:00)"),
                    ],
                    max_length=14,
                ),
            ),
            ("value", models.CharField(blank=True, max_length=60)),
        ],
        options={
            "ordering": ["commodity", "kind"],
            "constraints": [
                models.UniqueConstraint(fields=("commodity", "kind"), name="cut_rule_once_a_commodity"),
                models.CheckConstraint(
                    condition=Q(kind__in=["OWN_DOCK", "OWN_LINE", "OWN_COLOUR"]) | ~Q(value=""),
                    name="cut_rule_has_its_value",
                    violation_error_message="This kind of cut needs a value.",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Carrier",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            (
                "kind",
                models.CharField(
                    choices=[("RACK", "returnable rack"), ("HOLD", "hold cart")], default="RACK", max_length=4
                ),
            ),
            (
                "rack_type",
                models.ForeignKey(on_delete=models.PROTECT, related_name="carriers", to="sequencer.racktype"),
            ),
            ("blocked", models.BooleanField(default=False, help_text="In repair: refused at the station")),
            (
                "lost_at",
                models.DateTimeField(
                    blank=True, editable=False, help_text="Reported lost; a scan at the dock finds it again", null=True
                ),
            ),
        ],
        options={
            "ordering": ["code"],
        },
    ),
    migrations.CreateModel(
        name="CallOff",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "program",
                models.ForeignKey(on_delete=models.PROTECT, related_name="calls", to="sequencer.sequencingprogram"),
            ),
            ("call_number", models.CharField(max_length=40)),
            (
                "stream",
                models.ForeignKey(on_delete=models.PROTECT, related_name="calls", to="sequencer.sequencestream"),
            ),
            (
                "sequence_number",
                models.CharField(blank=True, help_text="As sent, zeros and prefix kept", max_length=20),
            ),
            (
                "position",
                models.BigIntegerField(blank=True, help_text="Unwrapped sequence; null: displaced", null=True),
            ),
            ("vin", models.CharField(blank=True, db_index=True, max_length=20)),
            ("production_number", models.CharField(blank=True, max_length=40)),
            ("document_number", models.CharField(blank=True, max_length=40)),
            ("dock", models.CharField(blank=True, max_length=20)),
            ("line_feed", models.CharField(blank=True, max_length=20)),
            (
                "stage",
                models.CharField(
                    choices=[
                        ("PREVIEW", "preview"),
                        ("PLANNED", "planned"),
                        ("FIRM", "firm"),
                        ("CANCELLED", "cancelled"),
                    ],
                    default="FIRM",
                    max_length=10,
                ),
            ),
            ("held", models.BooleanField(default=False, help_text="Set out by the OEM; nothing is built meanwhile")),
            ("required_at", models.DateTimeField(blank=True, help_text="When the OEM's line needs it", null=True)),
            (
                "required_computed",
                models.BooleanField(default=False, help_text="No time was sent: takt and lead gave it"),
            ),
            (
                "revision",
                models.PositiveIntegerField(default=1, help_text="Counts every change that touches the build"),
            ),
            ("created_at", models.DateTimeField()),
            ("changed_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["stream_id", "position"],
            "indexes": [
                models.Index(fields=["program", "stage", "required_at"], name="call_due"),
                models.Index(fields=["stream", "required_at"], name="call_pace"),
                models.Index(fields=["call_number"], name="call_by_number"),
                models.Index(fields=["sequence_number", "-id"], name="call_by_sequence"),
                models.Index(
                    condition=~Q(production_number=""), fields=["production_number"], name="call_by_production"
                ),
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("program", "call_number"),
                    name="call_number_once_a_program",
                    violation_error_message="This program already has a call of that number.",
                ),
                models.UniqueConstraint(
                    condition=Q(position__isnull=False),
                    fields=("stream", "position"),
                    name="position_once_a_stream",
                    violation_error_message="Another call holds that position.",
                ),
                models.CheckConstraint(
                    condition=~Q(stage="FIRM") | Q(required_at__isnull=False), name="firm_call_has_required_time"
                ),
                models.CheckConstraint(condition=~Q(call_number=""), name="call_number_not_empty"),
                models.CheckConstraint(
                    condition=Q(stage__in=["PREVIEW", "PLANNED", "FIRM", "CANCELLED"]), name="call_stage_known"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="ComponentGroup",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("call_off", models.ForeignKey(on_delete=models.PROTECT, related_name="groups", to="sequencer.calloff")),
            ("commodity", models.ForeignKey(on_delete=models.PROTECT, related_name="groups", to="sequencer.commodity")),
            (
                "status",
                models.CharField(
                    choices=[
                        ("CREATED", "created"),
                        ("UNRESOLVED", "unresolved"),
                        ("RESOLVED", "resolved"),
                        ("RELEASED", "released"),
                        ("IN_WORK", "in work"),
                        ("VERIFIED", "verified"),
                        ("PACKED", "packed"),
                        ("MISSING", "missing"),
                        ("REPAIR", "repair"),
                        ("SHIPPED", "shipped"),
                        ("CONFIRMED", "confirmed"),
                        ("CLOSED", "closed"),
                        ("CANCELLED", "cancelled"),
                    ],
                    default="CREATED",
                    max_length=12,
                ),
            ),
            (
                "priority",
                models.CharField(choices=[("NORMAL", "normal"), ("RUSH", "rush")], default="NORMAL", max_length=8),
            ),
            (
                "replaces",
                models.OneToOneField(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="replacement",
                    to="sequencer.componentgroup",
                ),
            ),
            ("on_hold", models.BooleanField(default=False, help_text="Quality hold: stops pick, pack, load and ASN")),
            ("problem", models.CharField(blank=True, help_text="Why it is unresolved or missing", max_length=200)),
            (
                "attempt",
                models.PositiveSmallIntegerField(
                    default=1, help_text="Counts builds: one more for each piece scrapped"
                ),
            ),
            ("revision", models.PositiveIntegerField(default=1, help_text="Of the parts; the host check compares it")),
            ("verified_at", models.DateTimeField(blank=True, null=True)),
            ("shipped_at", models.DateTimeField(blank=True, null=True)),
        ],
        options={
            "ordering": ["id"],
            "indexes": [models.Index(fields=["commodity", "status"], name="group_work")],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(replaces__isnull=True),
                    fields=("call_off", "commodity"),
                    name="group_family_once_a_call",
                ),
                models.CheckConstraint(
                    condition=~Q(status__in=["VERIFIED", "PACKED", "CLOSED", "CONFIRMED", "SHIPPED"])
                    | Q(verified_at__isnull=False),
                    name="group_packed_was_verified",
                ),
                models.CheckConstraint(
                    condition=Q(shipped_at__isnull=False, status__in=["CLOSED", "CONFIRMED", "SHIPPED"])
                    | (~Q(status__in=["CLOSED", "CONFIRMED", "SHIPPED"]) & Q(shipped_at__isnull=True)),
                    name="group_shipped_has_time",
                ),
                models.CheckConstraint(
                    condition=Q(
                        status__in=[
                            "CREATED",
                            "UNRESOLVED",
                            "RESOLVED",
                            "RELEASED",
                            "IN_WORK",
                            "VERIFIED",
                            "PACKED",
                            "MISSING",
                            "REPAIR",
                            "SHIPPED",
                            "CONFIRMED",
                            "CLOSED",
                            "CANCELLED",
                        ]
                    ),
                    name="group_status_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="CallComponent",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "group",
                models.ForeignKey(on_delete=models.CASCADE, related_name="components", to="sequencer.componentgroup"),
            ),
            ("customer_part", models.CharField(help_text="As called", max_length=35)),
            (
                "part",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to="inventory.part"
                ),
            ),
            ("quantity", models.PositiveIntegerField(default=1)),
            ("unit_code", models.CharField(blank=True, max_length=3)),
            (
                "options",
                models.CharField(blank=True, help_text="Option codes as called, blank between", max_length=200),
            ),
            ("order_ref", models.CharField(blank=True, max_length=35)),
            ("called", models.BooleanField(default=True, help_text="Stands in the call itself, not only in the BOM")),
            ("required", models.BooleanField(default=True, help_text="To be scanned at the station")),
        ],
        options={
            "ordering": ["id"],
            "indexes": [models.Index(fields=["customer_part"], name="component_customer_part")],
            "constraints": [models.CheckConstraint(condition=Q(quantity__gte=1), name="component_quantity_positive")],
        },
    ),
    migrations.CreateModel(
        name="SequenceGap",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("stream", models.ForeignKey(on_delete=models.PROTECT, related_name="gaps", to="sequencer.sequencestream")),
            ("position", models.BigIntegerField()),
            ("sequence_number", models.CharField(max_length=20)),
            (
                "status",
                models.CharField(
                    choices=[("OPEN", "open"), ("FILLED", "filled"), ("ACCEPTED", "accepted")],
                    default="OPEN",
                    max_length=10,
                ),
            ),
            ("opened_at", models.DateTimeField()),
            ("needed_by", models.DateTimeField(help_text="When the OEM's line reaches it, less transit")),
            ("closed_at", models.DateTimeField(blank=True, null=True)),
            (
                "accepted_by",
                models.ForeignKey(blank=True, null=True, on_delete=models.PROTECT, to=settings.AUTH_USER_MODEL),
            ),
            ("reason", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["stream_id", "position"],
            "constraints": [
                models.UniqueConstraint(fields=("stream", "position"), name="gap_once_a_position"),
                models.CheckConstraint(
                    condition=~Q(status="ACCEPTED") | (Q(accepted_by__isnull=False) & ~Q(reason="")),
                    name="gap_accepted_by_name_with_reason",
                ),
                models.CheckConstraint(
                    condition=Q(closed_at__isnull=True, status="OPEN")
                    | (~Q(status="OPEN") & Q(closed_at__isnull=False)),
                    name="gap_closed_has_time",
                ),
                models.CheckConstraint(condition=Q(status__in=["OPEN", "FILLED", "ACCEPTED"]), name="gap_status_known"),
            ],
        },
    ),
    migrations.CreateModel(
        name="StreamHold",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "stream",
                models.ForeignKey(on_delete=models.PROTECT, related_name="holds", to="sequencer.sequencestream"),
            ),
            ("ref", models.CharField(help_text="Names the cause; the same cause holds a stream once", max_length=80)),
            ("reason", models.CharField(max_length=200)),
            (
                "after_position",
                models.BigIntegerField(
                    blank=True, help_text="Last position known before the cause; empty: everything is held", null=True
                ),
            ),
            ("since", models.DateTimeField()),
            ("released_at", models.DateTimeField(blank=True, null=True)),
            ("released_by", models.CharField(blank=True, max_length=60)),
            ("note", models.CharField(blank=True, help_text="Why it ended", max_length=200)),
        ],
        options={
            "ordering": ["stream", "id"],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(released_at__isnull=True), fields=("stream", "ref"), name="hold_once_a_cause"
                ),
                models.CheckConstraint(condition=~Q(reason="") & ~Q(ref=""), name="hold_says_why"),
            ],
        },
    ),
    migrations.CreateModel(
        name="TruckStop",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "unloading_point",
                models.ForeignKey(on_delete=models.CASCADE, related_name="stops", to="sequencer.unloadingpoint"),
            ),
            (
                "commodity",
                models.OneToOneField(on_delete=models.CASCADE, related_name="stop", to="sequencer.commodity"),
            ),
            ("number", models.PositiveSmallIntegerField(help_text="1 = the first stop at the OEM")),
            ("name", models.CharField(blank=True, help_text="Line feed or hall", max_length=40)),
        ],
        options={
            "ordering": ["unloading_point", "number"],
            "constraints": [models.CheckConstraint(condition=Q(number__gte=1), name="stop_counts_from_one")],
        },
    ),
    migrations.CreateModel(
        name="Trip",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("number", models.CharField(max_length=30, unique=True)),
            ("planned_at", models.DateTimeField()),
            ("planned_by", models.CharField(max_length=60)),
        ],
        options={
            "ordering": ["-id"],
        },
    ),
    migrations.CreateModel(
        name="Shipment",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("number", models.CharField(max_length=30, unique=True)),
            (
                "unloading_point",
                models.ForeignKey(on_delete=models.PROTECT, related_name="shipments", to="sequencer.unloadingpoint"),
            ),
            (
                "kind",
                models.CharField(
                    choices=[("NORMAL", "planned truck"), ("EMERGENCY", "emergency run")],
                    default="NORMAL",
                    max_length=10,
                ),
            ),
            (
                "trailer_type",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="shipments",
                    to="sequencer.trailertype",
                ),
            ),
            (
                "trip",
                models.ForeignKey(
                    blank=True,
                    help_text="The truck it shares with shipments of other unloading points",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="shipments",
                    to="sequencer.trip",
                ),
            ),
            (
                "stop",
                models.PositiveSmallIntegerField(
                    blank=True, help_text="On a trip: 1 is unloaded first and loaded last", null=True
                ),
            ),
            (
                "status",
                models.CharField(
                    choices=[
                        ("PLANNED", "planned"),
                        ("OPEN", "open"),
                        ("LOADED", "loaded"),
                        ("DEPARTED", "departed"),
                        ("ARRIVED", "arrived"),
                        ("CONFIRMED", "confirmed"),
                        ("CANCELLED", "cancelled"),
                    ],
                    default="PLANNED",
                    max_length=10,
                ),
            ),
            ("planned_at", models.DateTimeField()),
            ("leaves_at", models.DateTimeField(help_text="Latest departure that still reaches the line in time")),
            ("opened_at", models.DateTimeField(blank=True, null=True)),
            ("departed_at", models.DateTimeField(blank=True, null=True)),
            ("arrived_at", models.DateTimeField(blank=True, null=True)),
            ("confirmed_at", models.DateTimeField(blank=True, null=True)),
            ("cancelled_at", models.DateTimeField(blank=True, null=True)),
            ("truck", models.CharField(blank=True, max_length=20)),
            ("seal_number", models.CharField(blank=True, max_length=20)),
            ("driver", models.CharField(blank=True, max_length=60)),
            ("short_reason", models.CharField(blank=True, help_text="Why racks were left behind", max_length=120)),
            (
                "cost_reason",
                models.CharField(
                    blank=True,
                    choices=[
                        ("LATE_CALL", "call or change came late"),
                        ("OUR_DELAY", "we were late"),
                        ("OUR_QUALITY", "quality of ours"),
                        ("CARRIER", "carrier failed"),
                        ("OEM_DAMAGE", "damaged at the OEM"),
                        ("OTHER", "other, see the reason"),
                    ],
                    max_length=12,
                ),
            ),
            ("cost_note", models.CharField(blank=True, max_length=200)),
            (
                "asn_status",
                models.CharField(
                    choices=[
                        ("NONE", "none"),
                        ("DUE", "due"),
                        ("READY", "ready"),
                        ("SENDING", "sending"),
                        ("SENT", "sent"),
                        ("ACCEPTED", "accepted"),
                        ("REJECTED", "rejected"),
                        ("ATTENTION", "attention"),
                    ],
                    default="NONE",
                    max_length=10,
                ),
            ),
            ("asn_status_at", models.DateTimeField(blank=True, null=True)),
            (
                "asn_answered",
                models.BooleanField(
                    default=True, help_text="The partner acknowledges ASNs; otherwise SENT is the last word"
                ),
            ),
            ("asn_note", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [
                models.Index(fields=["status", "asn_status"], name="shipment_asn_due"),
                models.Index(condition=~Q(seal_number=""), fields=["seal_number"], name="shipment_seal"),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        asn_status__in=["NONE", "DUE", "READY", "SENDING", "SENT", "ACCEPTED", "REJECTED", "ATTENTION"]
                    ),
                    name="shipment_asn_status_known",
                ),
                models.CheckConstraint(
                    condition=Q(departed_at__isnull=False, status__in=["ARRIVED", "CONFIRMED", "DEPARTED"])
                    | (~Q(status__in=["ARRIVED", "CONFIRMED", "DEPARTED"]) & Q(departed_at__isnull=True)),
                    name="shipment_departed_has_time",
                ),
                models.CheckConstraint(
                    condition=~Q(status__in=["ARRIVED", "CONFIRMED"]) | Q(arrived_at__isnull=False),
                    name="shipment_arrived_has_time",
                ),
                models.CheckConstraint(
                    condition=~Q(status="CONFIRMED") | Q(confirmed_at__isnull=False), name="shipment_confirmed_has_time"
                ),
                models.CheckConstraint(
                    condition=~Q(status="CANCELLED") | Q(cancelled_at__isnull=False), name="shipment_cancelled_has_time"
                ),
                models.CheckConstraint(
                    condition=Q(status__in=["ARRIVED", "CONFIRMED", "DEPARTED"]) | Q(asn_status="NONE"),
                    name="no_asn_before_departure",
                ),
                models.CheckConstraint(
                    condition=~Q(kind="EMERGENCY") | ~Q(cost_reason=""), name="emergency_run_says_who_pays"
                ),
                models.CheckConstraint(
                    condition=Q(
                        status__in=["PLANNED", "OPEN", "LOADED", "DEPARTED", "ARRIVED", "CONFIRMED", "CANCELLED"]
                    ),
                    name="shipment_status_known",
                ),
                models.CheckConstraint(
                    condition=Q(stop__isnull=True, trip__isnull=True) | Q(stop__gte=1, trip__isnull=False),
                    name="shipment_on_a_trip_has_its_stop",
                ),
                models.UniqueConstraint(fields=("trip", "stop"), name="one_shipment_a_stop"),
            ],
        },
    ),
    migrations.CreateModel(
        name="CarrierMovement",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("carrier", models.ForeignKey(on_delete=models.PROTECT, related_name="movements", to="sequencer.carrier")),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("OUT", "left with a truck"),
                        ("BACK", "came back empty"),
                        ("LOST", "reported lost"),
                        ("FOUND", "found again"),
                    ],
                    max_length=5,
                ),
            ),
            ("at", models.DateTimeField()),
            ("by", models.CharField(blank=True, max_length=60)),
            ("reason", models.CharField(blank=True, max_length=200)),
            (
                "shipment",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="carrier_movements",
                    to="sequencer.shipment",
                ),
            ),
            (
                "plant",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="carrier_movements",
                    to="sequencer.oemplant",
                ),
            ),
            (
                "loop_minutes",
                models.PositiveIntegerField(
                    blank=True, help_text="BACK: how long it was out; one loop is done", null=True
                ),
            ),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [models.Index(fields=["carrier", "kind", "-at"], name="carrier_ledger")],
            "constraints": [
                models.CheckConstraint(
                    condition=~Q(kind="LOST") | (~Q(by="") & ~Q(reason="")), name="carrier_lost_by_a_name"
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="DeliveryLine",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("shipment", models.ForeignKey(on_delete=models.PROTECT, related_name="lines", to="sequencer.shipment")),
            ("customer_part", models.CharField(max_length=35)),
            ("shipped", models.DecimalField(decimal_places=3, max_digits=15)),
            ("confirmed", models.DecimalField(blank=True, decimal_places=3, max_digits=15, null=True)),
            ("confirmed_at", models.DateTimeField(blank=True, null=True)),
            ("billed", models.DecimalField(blank=True, decimal_places=3, max_digits=15, null=True)),
            ("billed_at", models.DateTimeField(blank=True, null=True)),
            ("discrepancy", models.CharField(blank=True, help_text="In the customer's words", max_length=80)),
            ("settled_by", models.CharField(blank=True, max_length=60)),
            ("settled_at", models.DateTimeField(blank=True, null=True)),
            ("settled_reason", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["shipment", "customer_part"],
            "constraints": [
                models.UniqueConstraint(fields=("shipment", "customer_part"), name="delivery_line_once_a_shipment"),
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True) | (~Q(settled_by="") & ~Q(settled_reason="")),
                    name="difference_settled_by_a_name",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="DeliveryReceipt",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("source", models.CharField(max_length=60, unique=True)),
            ("shipment", models.ForeignKey(on_delete=models.PROTECT, related_name="receipts", to="sequencer.shipment")),
            ("customer_part", models.CharField(blank=True, max_length=35)),
            ("quantity", models.DecimalField(blank=True, decimal_places=3, max_digits=15, null=True)),
            ("discrepancy", models.CharField(blank=True, max_length=80)),
            ("at", models.DateTimeField()),
            ("by", models.CharField(blank=True, max_length=60)),
        ],
        options={
            "ordering": ["id"],
        },
    ),
    migrations.CreateModel(
        name="BillingLine",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("document", models.CharField(max_length=40)),
            ("line", models.CharField(max_length=10)),
            ("despatch_number", models.CharField(max_length=35)),
            ("customer_part", models.CharField(max_length=35)),
            ("quantity", models.DecimalField(decimal_places=3, max_digits=15)),
            ("amount", models.DecimalField(blank=True, decimal_places=2, max_digits=15, null=True)),
            ("currency", models.CharField(blank=True, max_length=3)),
            ("billed_on", models.DateField(blank=True, null=True)),
            (
                "delivery",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="billing_lines",
                    to="sequencer.deliveryline",
                ),
            ),
            ("taken_at", models.DateTimeField()),
            ("taken_by", models.CharField(max_length=60)),
            ("settled_by", models.CharField(blank=True, max_length=60)),
            ("settled_at", models.DateTimeField(blank=True, null=True)),
            ("settled_reason", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["-id"],
            "constraints": [models.UniqueConstraint(fields=("document", "line"), name="billing_line_once_a_document")],
        },
    ),
    migrations.CreateModel(
        name="QuantityCall",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("number", models.CharField(max_length=30, unique=True)),
            (
                "unloading_point",
                models.ForeignKey(
                    on_delete=models.PROTECT, related_name="quantity_calls", to="sequencer.unloadingpoint"
                ),
            ),
            ("part", models.ForeignKey(on_delete=models.PROTECT, related_name="quantity_calls", to="inventory.part")),
            ("customer_part", models.CharField(help_text="As called", max_length=35)),
            (
                "line_feed",
                models.CharField(blank=True, help_text="Door or place at the customer's line", max_length=35),
            ),
            ("signal", models.CharField(blank=True, help_text="Pull signal, delivery order or release", max_length=35)),
            ("due_at", models.DateTimeField(help_text="When it is wanted at the unloading point")),
            ("called", models.PositiveIntegerField(help_text="As the customer's line says")),
            ("quantity", models.PositiveIntegerField(help_text="Shipped and still to ship under this call")),
            ("unit_code", models.CharField(blank=True, max_length=3)),
            ("order_ref", models.CharField(blank=True, max_length=35)),
            (
                "status",
                models.CharField(
                    choices=[
                        ("RELEASED", "released"),
                        ("IN_WORK", "in work"),
                        ("PACKED", "packed"),
                        ("SHIPPED", "shipped"),
                        ("CONFIRMED", "confirmed"),
                        ("CLOSED", "closed"),
                        ("CANCELLED", "cancelled"),
                    ],
                    default="RELEASED",
                    max_length=10,
                ),
            ),
            (
                "source",
                models.CharField(
                    choices=[("RELEASE", "delivery schedule"), ("API", "other system"), ("HAND", "by hand")],
                    max_length=8,
                ),
            ),
            ("feed", models.CharField(blank=True, help_text="Partner whose schedule it comes from", max_length=20)),
            ("revision", models.PositiveIntegerField(default=1, help_text="Counts every change of the quantity")),
            ("created_at", models.DateTimeField()),
            ("created_by", models.CharField(max_length=60)),
            ("changed_at", models.DateTimeField()),
            ("changed_by", models.CharField(max_length=60)),
            ("reason", models.CharField(blank=True, help_text="Of the last change", max_length=200)),
        ],
        options={
            "ordering": ["due_at", "pk"],
            "indexes": [
                models.Index(fields=["unloading_point", "status", "due_at"], name="quantity_call_due"),
                models.Index(fields=["customer_part", "due_at"], name="quantity_call_part"),
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("unloading_point", "customer_part", "line_feed", "signal", "due_at"),
                    name="quantity_call_once",
                    violation_error_message="This part is called there for that time already.",
                ),
                models.CheckConstraint(condition=Q(called__lte=1000000000), name="quantity_call_counts"),
                models.CheckConstraint(condition=~Q(source="HAND") | ~Q(created_by=""), name="quantity_call_by_a_name"),
                models.CheckConstraint(
                    condition=Q(
                        status__in=["RELEASED", "IN_WORK", "PACKED", "SHIPPED", "CONFIRMED", "CLOSED", "CANCELLED"]
                    ),
                    name="quantity_status_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="KanbanCard",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("call", models.ForeignKey(on_delete=models.PROTECT, related_name="cards", to="sequencer.quantitycall")),
            ("number", models.CharField(max_length=35)),
            ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ("closed_at", models.DateTimeField(blank=True, help_text="Its box was full", null=True)),
            ("closed_by", models.CharField(blank=True, max_length=60)),
        ],
        options={
            "ordering": ["call", "number"],
            "indexes": [models.Index(fields=["number", "-id"], name="card_by_number")],
            "constraints": [
                models.UniqueConstraint(fields=("call", "number"), name="card_once_a_call"),
                models.UniqueConstraint(
                    condition=Q(closed_at__isnull=True, withdrawn_at__isnull=True),
                    fields=("number",),
                    name="card_open_once",
                    violation_error_message="This card is called already and its box is not packed yet.",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="HandlingUnit",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("number", models.CharField(max_length=30, unique=True)),
            ("call", models.ForeignKey(on_delete=models.PROTECT, related_name="boxes", to="sequencer.quantitycall")),
            (
                "card",
                models.OneToOneField(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="box", to="sequencer.kanbancard"
                ),
            ),
            ("capacity", models.PositiveIntegerField(help_text="Pieces when it is full")),
            ("package_type", models.CharField(blank=True, max_length=20)),
            ("tare_kg", models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
            (
                "status",
                models.CharField(
                    choices=[
                        ("OPEN", "open"),
                        ("CLOSED", "closed"),
                        ("STAGED", "staged"),
                        ("LOADED", "loaded"),
                        ("SHIPPED", "shipped"),
                        ("CANCELLED", "cancelled"),
                    ],
                    default="OPEN",
                    max_length=10,
                ),
            ),
            (
                "pieces",
                models.PositiveIntegerField(default=0, help_text="Kept with each scan; the pieces are the truth"),
            ),
            ("opened_at", models.DateTimeField()),
            ("opened_by", models.CharField(max_length=60)),
            ("closed_at", models.DateTimeField(blank=True, null=True)),
            ("closed_by", models.CharField(blank=True, max_length=60)),
            ("loaded_at", models.DateTimeField(blank=True, null=True)),
            ("emptied_reason", models.CharField(blank=True, max_length=200)),
            (
                "shipment",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="boxes", to="sequencer.shipment"
                ),
            ),
        ],
        options={
            "verbose_name": "handling unit",
            "ordering": ["pk"],
            "indexes": [models.Index(fields=["status"], name="box_status")],
            "constraints": [
                models.CheckConstraint(condition=Q(pieces__lte=F("capacity")), name="box_not_overfull"),
                models.CheckConstraint(
                    condition=Q(status__in=["OPEN", "CANCELLED"]) | Q(closed_at__isnull=False, pieces__gte=1),
                    name="box_closed_holds_pieces",
                ),
                models.CheckConstraint(
                    condition=~Q(status__in=["LOADED", "SHIPPED"]) | Q(shipment__isnull=False),
                    name="box_loaded_on_a_truck",
                ),
                models.CheckConstraint(
                    condition=Q(status__in=["OPEN", "CLOSED", "STAGED", "LOADED", "SHIPPED", "CANCELLED"]),
                    name="box_status_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Rack",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("number", models.CharField(max_length=30, unique=True)),
            ("commodity", models.ForeignKey(on_delete=models.PROTECT, related_name="racks", to="sequencer.commodity")),
            (
                "status",
                models.CharField(
                    choices=[
                        ("PLANNED", "planned"),
                        ("LOADING", "loading"),
                        ("FULL", "full"),
                        ("SEALED", "sealed"),
                        ("STAGED", "staged"),
                        ("LOADED", "loaded"),
                        ("IN_TRANSIT", "in transit"),
                        ("AT_OEM", "at oem"),
                        ("RETURNED", "returned"),
                        ("REOPENED", "reopened"),
                        ("CANCELLED", "cancelled"),
                    ],
                    default="PLANNED",
                    max_length=12,
                ),
            ),
            (
                "priority",
                models.CharField(choices=[("NORMAL", "normal"), ("RUSH", "rush")], default="NORMAL", max_length=8),
            ),
            ("low_position", models.BigIntegerField(help_text="Lowest position this rack may hold")),
            ("high_position", models.BigIntegerField(help_text="Highest position this rack may hold")),
            (
                "cut_key",
                models.CharField(
                    blank=True,
                    help_text="Dock, line, colour or option that these racks are cut apart by",
                    max_length=80,
                ),
            ),
            ("closed", models.BooleanField(default=False, help_text="Cut short by CLOSE or shift end: takes no more")),
            (
                "carrier",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="racks", to="sequencer.carrier"
                ),
            ),
            (
                "shipment",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="racks", to="sequencer.shipment"
                ),
            ),
            ("load_position", models.PositiveSmallIntegerField(blank=True, help_text="1 = loaded first", null=True)),
            (
                "truck_place",
                models.PositiveSmallIntegerField(
                    blank=True, help_text="Loading position it was put on the truck at; it stands there", null=True
                ),
            ),
            ("holes_approved_by", models.CharField(blank=True, max_length=60)),
            ("started_at", models.DateTimeField(blank=True, null=True)),
            ("sealed_at", models.DateTimeField(blank=True, null=True)),
            ("loaded_at", models.DateTimeField(blank=True, null=True)),
        ],
        options={
            "ordering": ["commodity", "low_position", "id"],
            "indexes": [models.Index(fields=["commodity", "status", "low_position"], name="rack_work")],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(priority="NORMAL") & ~Q(status="CANCELLED"),
                    fields=("commodity", "low_position"),
                    name="rack_cut_once",
                ),
                models.UniqueConstraint(
                    condition=Q(shipment__isnull=False),
                    fields=("shipment", "load_position"),
                    name="load_position_once_a_shipment",
                ),
                models.UniqueConstraint(
                    condition=Q(
                        status__in=["AT_OEM", "FULL", "IN_TRANSIT", "LOADED", "LOADING", "REOPENED", "SEALED", "STAGED"]
                    ),
                    fields=("carrier",),
                    name="carrier_in_one_rack",
                    violation_error_message="This carrier already holds a rack that has not come back.",
                ),
                models.CheckConstraint(
                    condition=~Q(status__in=["AT_OEM", "IN_TRANSIT", "LOADED", "RETURNED", "SEALED", "STAGED"])
                    | Q(sealed_at__isnull=False),
                    name="rack_sealed_has_time",
                ),
                models.CheckConstraint(
                    condition=~Q(
                        status__in=["AT_OEM", "FULL", "IN_TRANSIT", "LOADED", "LOADING", "REOPENED", "SEALED", "STAGED"]
                    )
                    | Q(carrier__isnull=False),
                    name="rack_in_work_has_carrier",
                ),
                models.CheckConstraint(
                    condition=~Q(status__in=["LOADED", "AT_OEM", "IN_TRANSIT", "RETURNED"])
                    | Q(shipment__isnull=False) & Q(loaded_at__isnull=False),
                    name="rack_loaded_is_on_a_shipment",
                ),
                models.CheckConstraint(
                    condition=Q(
                        status__in=[
                            "PLANNED",
                            "LOADING",
                            "FULL",
                            "SEALED",
                            "STAGED",
                            "LOADED",
                            "IN_TRANSIT",
                            "AT_OEM",
                            "RETURNED",
                            "REOPENED",
                            "CANCELLED",
                        ]
                    ),
                    name="rack_status_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Station",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("name", models.CharField(max_length=60)),
            (
                "kind",
                models.CharField(
                    choices=[("PACK", "rack loading"), ("DOCK", "truck loading")], default="PACK", max_length=5
                ),
            ),
            (
                "commodity",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="stations", to="sequencer.commodity"
                ),
            ),
            (
                "unloading_point",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="stations",
                    to="sequencer.unloadingpoint",
                ),
            ),
            (
                "sequence_break",
                models.CharField(
                    blank=True,
                    choices=[
                        ("STOP", "stop"),
                        ("WARN", "warn"),
                        ("DETAIN_NOW", "detain now"),
                        ("DELAYED_THEN_DETAIN", "delayed then detain"),
                        ("DELAYED_THEN_SCRAP", "delayed then scrap"),
                        ("IGNORE", "ignore"),
                    ],
                    help_text="A piece of another vehicle was scanned; empty: as the program says",
                    max_length=20,
                ),
            ),
            (
                "break_after",
                models.PositiveSmallIntegerField(
                    default=0, help_text="Units that may go before it, for the delayed policies of this station"
                ),
            ),
            (
                "shows_steps",
                models.BooleanField(
                    default=False, help_text="Build station: the steps of a unit stand in a table instead of one part"
                ),
            ),
            ("twin_works", models.BooleanField(default=True, help_text="The demo twin works this station")),
            (
                "operator",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            (
                "rack",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.SET_NULL, related_name="stations", to="sequencer.rack"
                ),
            ),
            (
                "shipment",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.SET_NULL, related_name="stations", to="sequencer.shipment"
                ),
            ),
            (
                "handling_unit",
                models.ForeignKey(
                    blank=True,
                    help_text="The box that is packed here now; a rack at the station waits meanwhile",
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="stations",
                    to="sequencer.handlingunit",
                ),
            ),
            (
                "pending_unit_part",
                models.CharField(blank=True, help_text="Part scanned, serial or lot awaited", max_length=35),
            ),
            (
                "pending_unit_lot",
                models.CharField(blank=True, help_text="Lot and supplier its label said already", max_length=64),
            ),
            ("lock_code", models.CharField(blank=True, max_length=20)),
            (
                "replay_left",
                models.PositiveIntegerField(
                    default=0, help_text="Scans of an outage its browser has yet to send; until then nobody scans here"
                ),
            ),
            ("lock_need", models.CharField(blank=True, max_length=120)),
            ("lock_got", models.CharField(blank=True, max_length=120)),
            ("locked_at", models.DateTimeField(blank=True, null=True)),
            ("mode", models.CharField(blank=True, help_text="A command that waits for its next scan", max_length=200)),
            (
                "hand_group",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="+",
                    to="sequencer.componentgroup",
                ),
            ),
            ("hand_revision", models.PositiveIntegerField(default=0)),
            ("hand_what", models.CharField(blank=True, max_length=120)),
            ("hand_bin", models.CharField(blank=True, max_length=60)),
            (
                "set_aside",
                models.ForeignKey(
                    blank=True,
                    help_text="Left for a rush; taken up again after it",
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="+",
                    to="sequencer.rack",
                ),
            ),
            (
                "andon_at",
                models.DateTimeField(blank=True, help_text="Help was called and nobody has come yet", null=True),
            ),
            ("open_breaks", models.PositiveSmallIntegerField(default=0, help_text="Sequence breaks that count units")),
            (
                "wants_challenge",
                models.BooleanField(
                    default=False, help_text="No work at shift start before the challenge labels were refused"
                ),
            ),
            ("challenge_passed_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ("enrolment", models.PositiveIntegerField(default=1, help_text="Raised to revoke every enrolled browser")),
            ("last_scan_at", models.DateTimeField(blank=True, null=True)),
        ],
        options={
            "ordering": ["code"],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(commodity__isnull=False, kind="PACK") | Q(kind="DOCK", unloading_point__isnull=False),
                    name="station_knows_its_work",
                    violation_error_message="A packing station needs a commodity, a dock an unloading point.",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="DockSignal",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("station", models.ForeignKey(on_delete=models.CASCADE, related_name="signals", to="sequencer.station")),
            ("kind", models.CharField(choices=[("HORN", "horn")], default="HORN", max_length=8)),
            ("why", models.CharField(help_text="Code of the scan that was refused", max_length=24)),
            ("seconds", models.PositiveSmallIntegerField(default=2)),
            ("at", models.DateTimeField()),
            ("done_at", models.DateTimeField(blank=True, null=True)),
        ],
        options={
            "ordering": ["id"],
            "indexes": [models.Index(condition=Q(done_at__isnull=True), fields=["station"], name="signal_due")],
        },
    ),
    migrations.CreateModel(
        name="ShareLink",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("name", models.CharField(help_text="Who has it", max_length=60)),
            ("plant", models.ForeignKey(on_delete=models.CASCADE, related_name="share_links", to="sequencer.oemplant")),
            ("nonce", models.CharField(editable=False, max_length=22, unique=True)),
            ("created_at", models.DateTimeField()),
            ("created_by", models.CharField(max_length=60)),
            ("expires_at", models.DateTimeField()),
            ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ("revoked_by", models.CharField(blank=True, max_length=60)),
            ("opened_count", models.PositiveIntegerField(default=0)),
            ("opened_at", models.DateTimeField(blank=True, null=True)),
        ],
        options={
            "ordering": ["-id"],
            "constraints": [
                models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="share_link_expires")
            ],
        },
    ),
    migrations.CreateModel(
        name="Slot",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("rack", models.ForeignKey(on_delete=models.CASCADE, related_name="slots", to="sequencer.rack")),
            ("number", models.PositiveSmallIntegerField()),
            ("position", models.BigIntegerField(blank=True, null=True)),
            ("mark", models.CharField(blank=True, help_text="Commodity it is kept for in a mixed rack", max_length=1)),
            (
                "group",
                models.OneToOneField(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="slot", to="sequencer.componentgroup"
                ),
            ),
            (
                "status",
                models.CharField(
                    choices=[
                        ("EMPTY", "empty"),
                        ("FILLED", "filled"),
                        ("HOLE", "hole"),
                        ("REOPENED", "reopened"),
                        ("CANCELLED", "cancelled"),
                    ],
                    default="EMPTY",
                    max_length=10,
                ),
            ),
            (
                "packed_revision",
                models.PositiveIntegerField(blank=True, help_text="Revision that was verified", null=True),
            ),
            ("packed_at", models.DateTimeField(blank=True, null=True)),
            ("reason", models.CharField(blank=True, max_length=120)),
            (
                "announced",
                models.CharField(
                    blank=True,
                    help_text="Out of its turn by decision (repair, QA pull): stations do not alarm again",
                    max_length=60,
                ),
            ),
        ],
        options={
            "ordering": ["rack_id", "number"],
            "constraints": [
                models.UniqueConstraint(fields=("rack", "number"), name="slot_number_once_a_rack"),
                models.CheckConstraint(
                    condition=~Q(status="FILLED")
                    | Q(group__isnull=False) & Q(packed_revision__isnull=False) & Q(packed_at__isnull=False),
                    name="slot_filled_holds_a_verified_group",
                ),
                models.CheckConstraint(
                    condition=Q(status__in=["EMPTY", "FILLED", "HOLE", "REOPENED", "CANCELLED"]),
                    name="slot_status_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Unit",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "part",
                models.ForeignKey(db_index=False, on_delete=models.PROTECT, related_name="units", to="inventory.part"),
            ),
            ("serial", models.CharField(blank=True, max_length=40, null=True)),
            ("lot", models.CharField(blank=True, help_text="As its label says it (DI 1T, else T)", max_length=40)),
            ("supplier", models.CharField(blank=True, help_text="Whose lot it is (DI V, 12V or 18V)", max_length=20)),
            (
                "status",
                models.CharField(
                    choices=[
                        ("ALLOCATED", "allocated"),
                        ("PACKED", "packed"),
                        ("BUFFER", "buffer"),
                        ("REPAIR", "repair"),
                        ("SCRAPPED", "scrapped"),
                        ("SHIPPED", "shipped"),
                        ("RETURNED", "returned"),
                    ],
                    default="ALLOCATED",
                    max_length=10,
                ),
            ),
            (
                "group",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="units", to="sequencer.componentgroup"
                ),
            ),
            (
                "component",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.SET_NULL, related_name="units", to="sequencer.callcomponent"
                ),
            ),
            (
                "handling_unit",
                models.ForeignKey(
                    blank=True,
                    help_text="The box it is packed in, for a call of a quantity",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="units",
                    to="sequencer.handlingunit",
                ),
            ),
            ("taken_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["id"],
            "indexes": [
                models.Index(condition=Q(serial__isnull=False), fields=["serial"], name="unit_serial"),
                models.Index(condition=~Q(lot=""), fields=["lot"], name="unit_lot"),
                models.Index(fields=["part", "taken_at"], name="unit_made"),
                models.Index(fields=["taken_at"], name="unit_taken"),
                models.Index(condition=Q(lot=""), fields=["part", "taken_at"], name="unit_without_lot"),
                models.Index(condition=Q(serial__isnull=True), fields=["part", "taken_at"], name="unit_without_serial"),
            ],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(serial__isnull=False), fields=("part", "serial"), name="serial_once_a_part"
                ),
                models.CheckConstraint(
                    condition=Q(
                        status__in=["ALLOCATED", "PACKED", "BUFFER", "REPAIR", "SCRAPPED", "SHIPPED", "RETURNED"]
                    ),
                    name="unit_status_known",
                ),
                models.CheckConstraint(
                    condition=Q(group__isnull=False, handling_unit__isnull=True, status="ALLOCATED")
                    | Q(group__isnull=False, handling_unit__isnull=True, status__in=["PACKED", "SHIPPED"])
                    | Q(group__isnull=True, handling_unit__isnull=False, status__in=["PACKED", "SHIPPED"])
                    | Q(
                        group__isnull=True,
                        handling_unit__isnull=True,
                        status__in=["BUFFER", "REPAIR", "RETURNED", "SCRAPPED"],
                    ),
                    name="unit_has_its_place",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="LoosePiece",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("unit", models.OneToOneField(on_delete=models.CASCADE, related_name="loose", to="sequencer.unit")),
            (
                "group",
                models.ForeignKey(on_delete=models.CASCADE, related_name="loose_pieces", to="sequencer.componentgroup"),
            ),
            ("goes_on", models.BooleanField(default=False)),
            (
                "slot",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.CASCADE, related_name="loose_pieces", to="sequencer.slot"
                ),
            ),
            (
                "cart",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="loose_pieces", to="sequencer.carrier"
                ),
            ),
            ("place", models.PositiveSmallIntegerField(blank=True, null=True)),
            ("since", models.DateTimeField()),
            ("reason", models.CharField(blank=True, max_length=120)),
        ],
        options={
            "ordering": ["id"],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(cart__isnull=True, place__isnull=True, slot__isnull=False)
                    | Q(cart__isnull=False, place__isnull=False, slot__isnull=True),
                    name="loose_piece_stands_in_one_place",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="SealedMove",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("rack", models.ForeignKey(on_delete=models.PROTECT, related_name="sealed_moves", to="sequencer.rack")),
            (
                "group",
                models.ForeignKey(on_delete=models.PROTECT, related_name="sealed_moves", to="sequencer.componentgroup"),
            ),
            (
                "slot",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.SET_NULL, related_name="+", to="sequencer.slot"
                ),
            ),
            ("from_position", models.BigIntegerField(blank=True, null=True)),
            ("to_position", models.BigIntegerField(blank=True, null=True)),
            ("opened_at", models.DateTimeField()),
            ("due_at", models.DateTimeField(blank=True, null=True)),
            (
                "choice",
                models.CharField(
                    choices=[("OPEN", "open"), ("REOPEN", "reopen"), ("AS_IS", "as is"), ("LAPSED", "lapsed")],
                    default="OPEN",
                    max_length=8,
                ),
            ),
            ("decided_by", models.CharField(blank=True, max_length=60)),
            ("decided_at", models.DateTimeField(blank=True, null=True)),
            ("reason", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["id"],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(choice="OPEN"), fields=("group",), name="sealed_move_open_once_a_group"
                ),
                models.CheckConstraint(
                    condition=Q(choice="OPEN", decided_at__isnull=True)
                    | (~Q(choice="OPEN") & Q(decided_at__isnull=False) & ~Q(decided_by="") & ~Q(reason="")),
                    name="sealed_move_decided_by_name_with_reason",
                ),
                models.CheckConstraint(
                    condition=Q(choice__in=["OPEN", "REOPEN", "AS_IS", "LAPSED"]), name="sealed_choice_known"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Badge",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("user", models.OneToOneField(on_delete=models.CASCADE, related_name="badge", to=settings.AUTH_USER_MODEL)),
            ("pin_hash", models.CharField(blank=True, editable=False, max_length=200)),
            ("active", models.BooleanField(default=True)),
            (
                "language",
                models.CharField(
                    blank=True,
                    help_text="What this person is told things in, e.g. de; empty: as the browser asks",
                    max_length=10,
                ),
            ),
            (
                "wrong_pins",
                models.PositiveSmallIntegerField(
                    default=0, editable=False, help_text="At every station together, since a PIN fitted last"
                ),
            ),
            ("pin_shut_until", models.DateTimeField(blank=True, editable=False, null=True)),
        ],
        options={
            "ordering": ["code"],
        },
    ),
    migrations.CreateModel(
        name="ScanEvent",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "station",
                models.ForeignKey(
                    db_index=False, on_delete=models.PROTECT, related_name="scans", to="sequencer.station"
                ),
            ),
            ("nonce", models.CharField(max_length=40)),
            ("raw", models.CharField(max_length=400)),
            ("code", models.CharField(max_length=24)),
            ("accepted", models.BooleanField()),
            ("step", models.CharField(blank=True, max_length=12)),
            (
                "source",
                models.CharField(
                    blank=True,
                    db_default="",
                    default="",
                    help_text="OFFLINE: judged anew from a browser's log; PAPER: typed in from a sheet, the operator packed it",
                    max_length=8,
                ),
            ),
            ("expected", models.CharField(blank=True, max_length=200)),
            ("seen", models.CharField(blank=True, max_length=200)),
            ("hint", models.CharField(blank=True, max_length=300)),
            (
                "operator",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
            (
                "rack",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="scans",
                    to="sequencer.rack",
                ),
            ),
            (
                "slot",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="+",
                    to="sequencer.slot",
                ),
            ),
            (
                "group",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="scans",
                    to="sequencer.componentgroup",
                ),
            ),
            (
                "unit",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="scans",
                    to="sequencer.unit",
                ),
            ),
            (
                "shipment",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="scans",
                    to="sequencer.shipment",
                ),
            ),
            ("scanned_at", models.DateTimeField(help_text="The scanner's time")),
            ("recorded_at", models.DateTimeField(help_text="When the server judged it")),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [
                models.Index(fields=["station", "recorded_at"], name="scan_pace"),
                models.Index(condition=Q(group__isnull=False), fields=["group"], name="scan_group"),
                models.Index(condition=Q(unit__isnull=False), fields=["unit"], name="scan_unit"),
                models.Index(condition=Q(rack__isnull=False), fields=["rack"], name="scan_rack"),
                models.Index(condition=Q(slot__isnull=False), fields=["slot"], name="scan_slot"),
                models.Index(condition=Q(shipment__isnull=False), fields=["shipment"], name="scan_shipment"),
            ],
        },
    ),
    migrations.CreateModel(
        name="ScanNonce",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "station",
                models.ForeignKey(db_index=False, on_delete=models.CASCADE, related_name="+", to="sequencer.station"),
            ),
            ("nonce", models.CharField(max_length=40)),
            ("scan_id", models.BigIntegerField()),
            ("recorded_at", models.DateTimeField(db_index=True, help_text="Of the scan; finds its month")),
        ],
        options={
            "constraints": [models.UniqueConstraint(fields=("station", "nonce"), name="scan_once_a_nonce")],
        },
    ),
    migrations.CreateModel(
        name="ScanArchive",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("month", models.DateField(help_text="Its first day", unique=True)),
            ("scan_count", models.BigIntegerField()),
            ("first_id", models.BigIntegerField(blank=True, null=True)),
            ("last_id", models.BigIntegerField(blank=True, null=True)),
            ("file", models.CharField(max_length=200)),
            ("sha256", models.CharField(max_length=64)),
            ("archived_at", models.DateTimeField()),
            ("archived_by", models.CharField(max_length=60)),
            ("reason", models.CharField(max_length=200)),
        ],
        options={
            "ordering": ["month"],
            "constraints": [models.CheckConstraint(condition=~Q(reason=""), name="scan_archive_says_why")],
        },
    ),
    migrations.CreateModel(
        name="Override",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("line", models.ForeignKey(on_delete=models.PROTECT, related_name="overrides", to="sequencer.line")),
            (
                "station",
                models.ForeignKey(
                    help_text="Where it was granted",
                    on_delete=models.PROTECT,
                    related_name="overrides",
                    to="sequencer.station",
                ),
            ),
            (
                "what",
                models.CharField(
                    choices=[
                        ("SLOT_CHALLENGE", "slot challenge"),
                        ("SERIAL_REQUIRED", "serial required"),
                        ("LOT_REQUIRED", "lot required"),
                        ("SEQUENCE_ORDER", "sequence order"),
                        ("HOLE_AT_SEAL", "hole at seal"),
                        ("CHALLENGE_DUE", "challenge due"),
                    ],
                    max_length=20,
                ),
            ),
            (
                "scope",
                models.CharField(choices=[("UNIT", "unit"), ("STATION", "station"), ("LINE", "line")], max_length=10),
            ),
            (
                "group",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="overrides",
                    to="sequencer.componentgroup",
                ),
            ),
            ("reason", models.CharField(max_length=60)),
            ("granted_by", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ("granted_at", models.DateTimeField()),
            ("operator", models.CharField(blank=True, help_text="Who worked there", max_length=60)),
            ("until", models.DateTimeField()),
            ("limit", models.PositiveSmallIntegerField(blank=True, help_text="Units; empty: time alone", null=True)),
            ("used", models.PositiveIntegerField(default=0)),
            (
                "status",
                models.CharField(
                    choices=[
                        ("GRANTED", "granted"),
                        ("USED", "used"),
                        ("EXPIRED", "expired"),
                        ("REVOKED", "revoked"),
                        ("REVIEWED", "reviewed"),
                    ],
                    default="GRANTED",
                    max_length=10,
                ),
            ),
            ("ended_at", models.DateTimeField(blank=True, null=True)),
            ("ended_by", models.CharField(blank=True, max_length=60)),
            (
                "reviewed_by",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            ("reviewed_at", models.DateTimeField(blank=True, null=True)),
            ("review_note", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [
                models.Index(
                    condition=Q(status__in=["GRANTED", "USED"]), fields=["line", "what"], name="override_in_force"
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(status__in=["GRANTED", "USED", "EXPIRED", "REVOKED", "REVIEWED"]),
                    name="override_status_known",
                ),
                models.CheckConstraint(
                    condition=Q(
                        what__in=[
                            "SLOT_CHALLENGE",
                            "SERIAL_REQUIRED",
                            "LOT_REQUIRED",
                            "SEQUENCE_ORDER",
                            "HOLE_AT_SEAL",
                            "CHALLENGE_DUE",
                        ]
                    ),
                    name="override_what_known",
                ),
                models.CheckConstraint(condition=Q(until__gt=F("granted_at")), name="override_has_an_end"),
                models.CheckConstraint(
                    condition=Q(limit__isnull=True) | Q(used__lte=F("limit")), name="override_within_limit"
                ),
                models.CheckConstraint(
                    condition=~Q(scope="UNIT") | Q(group__isnull=False), name="override_names_its_unit"
                ),
                models.CheckConstraint(
                    condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("granted_by")),
                    name="override_reviewed_by_another",
                ),
                models.CheckConstraint(
                    condition=~Q(status="REVIEWED") | (Q(reviewed_by__isnull=False) & ~Q(review_note="")),
                    name="override_review_says_why",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="OverrideUse",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("override", models.ForeignKey(on_delete=models.PROTECT, related_name="uses", to="sequencer.override")),
            ("scan_id", models.BigIntegerField()),
            ("recorded_at", models.DateTimeField(help_text="Of the scan; finds its month")),
            ("station", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="sequencer.station")),
            ("operator", models.CharField(blank=True, max_length=60)),
            (
                "group",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to="sequencer.componentgroup"
                ),
            ),
            (
                "rack",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to="sequencer.rack"
                ),
            ),
        ],
        options={
            "ordering": ["id"],
            "constraints": [models.UniqueConstraint(fields=("override", "scan_id"), name="override_once_a_scan")],
        },
    ),
    migrations.CreateModel(
        name="ChallengeLabel",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("station", models.ForeignKey(on_delete=models.CASCADE, related_name="challenges", to="sequencer.station")),
            (
                "kind",
                models.CharField(
                    choices=[("BAD_PART", "known-bad part"), ("WRONG_SLOT", "known-wrong slot")], max_length=10
                ),
            ),
            ("name", models.CharField(max_length=60)),
            (
                "raw",
                models.CharField(
                    help_text="What the scanner types, for example PMASTER-BAD or %L:MASTER:99", max_length=200
                ),
            ),
            ("active", models.BooleanField(default=True)),
        ],
        options={
            "ordering": ["station", "id"],
            "constraints": [
                models.UniqueConstraint(fields=("station", "raw"), name="challenge_once_a_station"),
                models.CheckConstraint(condition=~Q(raw=""), name="challenge_says_something"),
            ],
        },
    ),
    migrations.CreateModel(
        name="ErrorProofingCheck",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "station",
                models.ForeignKey(on_delete=models.PROTECT, related_name="error_proofing", to="sequencer.station"),
            ),
            ("shift_at", models.DateTimeField(help_text="Start of the shift it was made for")),
            ("passed", models.BooleanField()),
            ("results", models.JSONField(default=list, help_text="label, kind, wanted and given verdict of each")),
            ("at", models.DateTimeField()),
            ("by", models.CharField(max_length=60)),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [models.Index(fields=["station", "at"], name="error_proofing_when")],
        },
    ),
    migrations.CreateModel(
        name="ProcessControl",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("line", models.ForeignKey(on_delete=models.PROTECT, related_name="controls", to="sequencer.line")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("device", models.CharField(max_length=80)),
            ("alternate", models.CharField(help_text="What is done by hand instead", max_length=200)),
            ("max_minutes", models.PositiveIntegerField(default=480, help_text="Longest bypass")),
            ("restart_check", models.CharField(help_text="What proves that the device works again", max_length=200)),
            ("approved_by", models.CharField(help_text="Who approved the alternate", max_length=60)),
            ("approved_on", models.DateField()),
        ],
        options={
            "ordering": ["code"],
            "constraints": [models.CheckConstraint(condition=Q(max_minutes__gte=1), name="control_bypass_ends")],
        },
    ),
    migrations.CreateModel(
        name="Bypass",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "control",
                models.ForeignKey(on_delete=models.PROTECT, related_name="bypasses", to="sequencer.processcontrol"),
            ),
            (
                "station",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: every station of the line",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="bypasses",
                    to="sequencer.station",
                ),
            ),
            (
                "owner",
                models.ForeignKey(on_delete=models.PROTECT, related_name="bypasses", to=settings.AUTH_USER_MODEL),
            ),
            ("reason", models.CharField(max_length=120)),
            (
                "status",
                models.CharField(
                    choices=[("OPEN", "open"), ("RESTARTED", "restarted"), ("CLOSED", "closed")],
                    default="OPEN",
                    max_length=10,
                ),
            ),
            ("opened_at", models.DateTimeField()),
            ("opened_by", models.CharField(max_length=60)),
            ("until", models.DateTimeField()),
            ("checked_at", models.DateTimeField(blank=True, null=True)),
            ("checked_by", models.CharField(blank=True, max_length=60)),
            ("check_result", models.CharField(blank=True, max_length=200)),
            ("closed_at", models.DateTimeField(blank=True, null=True)),
            ("closed_by", models.CharField(blank=True, max_length=60)),
            ("close_note", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "verbose_name_plural": "bypasses",
            "ordering": ["-id"],
            "indexes": [models.Index(condition=Q(closed_at__isnull=True), fields=["control"], name="bypass_open")],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(status__in=["OPEN", "RESTARTED", "CLOSED"]), name="bypass_status_known"
                ),
                models.CheckConstraint(condition=Q(until__gt=F("opened_at")), name="bypass_has_an_end"),
                models.CheckConstraint(condition=~Q(reason=""), name="bypass_says_why"),
                models.CheckConstraint(
                    condition=Q(status="OPEN")
                    | (Q(checked_at__isnull=False) & ~Q(checked_by="") & ~Q(check_result="")),
                    name="bypass_ends_by_a_check",
                ),
                models.CheckConstraint(
                    condition=Q(status="CLOSED") & Q(closed_at__isnull=False)
                    | (~Q(status="CLOSED") & Q(closed_at__isnull=True)),
                    name="bypass_closed_has_time",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="BypassUnit",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("bypass", models.ForeignKey(on_delete=models.PROTECT, related_name="units", to="sequencer.bypass")),
            ("unit", models.ForeignKey(on_delete=models.PROTECT, related_name="bypasses", to="sequencer.unit")),
            ("packed_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["id"],
            "constraints": [models.UniqueConstraint(fields=("bypass", "unit"), name="bypass_unit_once")],
        },
    ),
    migrations.CreateModel(
        name="SequenceBreak",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("station", models.ForeignKey(on_delete=models.PROTECT, related_name="breaks", to="sequencer.station")),
            ("asked", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="sequencer.componentgroup")),
            (
                "found",
                models.ForeignKey(on_delete=models.PROTECT, related_name="breaks", to="sequencer.componentgroup"),
            ),
            (
                "unit",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="breaks", to="sequencer.unit"
                ),
            ),
            (
                "policy",
                models.CharField(
                    choices=[
                        ("STOP", "stop"),
                        ("WARN", "warn"),
                        ("DETAIN_NOW", "detain now"),
                        ("DELAYED_THEN_DETAIN", "delayed then detain"),
                        ("DELAYED_THEN_SCRAP", "delayed then scrap"),
                        ("IGNORE", "ignore"),
                    ],
                    max_length=20,
                ),
            ),
            ("after", models.PositiveSmallIntegerField(default=0)),
            ("passed", models.PositiveSmallIntegerField(default=0)),
            (
                "outcome",
                models.CharField(
                    choices=[
                        ("OPEN", "open"),
                        ("CAME_RIGHT", "came right"),
                        ("PUT_BACK", "put back"),
                        ("RELEASED", "released"),
                        ("DETAINED", "detained"),
                        ("SCRAPPED", "scrapped"),
                        ("NOTED", "noted"),
                    ],
                    default="OPEN",
                    max_length=12,
                ),
            ),
            ("announced", models.CharField(blank=True, help_text="Why it was expected, if it was", max_length=60)),
            ("opened_at", models.DateTimeField()),
            ("opened_by", models.CharField(max_length=60)),
            ("closed_at", models.DateTimeField(blank=True, null=True)),
            ("closed_by", models.CharField(blank=True, max_length=60)),
        ],
        options={
            "ordering": ["-id"],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(outcome="OPEN"), fields=("station", "found"), name="break_open_once_a_station"
                ),
                models.CheckConstraint(
                    condition=Q(closed_at__isnull=True, outcome="OPEN")
                    | (~Q(outcome="OPEN") & Q(closed_at__isnull=False)),
                    name="break_closed_has_time",
                ),
                models.CheckConstraint(condition=~Q(asked=F("found")), name="break_is_of_another_vehicle"),
                models.CheckConstraint(
                    condition=Q(
                        outcome__in=["OPEN", "CAME_RIGHT", "PUT_BACK", "RELEASED", "DETAINED", "SCRAPPED", "NOTED"]
                    ),
                    name="break_outcome_known",
                ),
                models.CheckConstraint(
                    condition=Q(
                        policy__in=["STOP", "WARN", "DETAIN_NOW", "DELAYED_THEN_DETAIN", "DELAYED_THEN_SCRAP", "IGNORE"]
                    ),
                    name="break_policy_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="FloorException",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("MISSING", "missing part"),
                        ("SCRAP", "scrapped"),
                        ("REPAIR", "repair"),
                        ("HOLD", "quality hold"),
                        ("REORDER", "re-ordered"),
                        ("RETURNED", "sent back by the OEM"),
                        ("SWAP", "swapped"),
                        ("REPACK", "repacked"),
                        ("CANCELLED", "built, then cancelled"),
                    ],
                    max_length=10,
                ),
            ),
            ("line", models.ForeignKey(on_delete=models.PROTECT, related_name="floor_exceptions", to="sequencer.line")),
            (
                "station",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="+",
                    to="sequencer.station",
                ),
            ),
            (
                "group",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="floor_exceptions",
                    to="sequencer.componentgroup",
                ),
            ),
            (
                "unit",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="floor_exceptions",
                    to="sequencer.unit",
                ),
            ),
            (
                "rack",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="+",
                    to="sequencer.rack",
                ),
            ),
            (
                "slot",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="+",
                    to="sequencer.slot",
                ),
            ),
            ("text", models.CharField(help_text="What happened, in a sentence that stays true", max_length=200)),
            ("reason", models.CharField(max_length=200)),
            ("at", models.DateTimeField()),
            ("by", models.CharField(max_length=60)),
            ("due_at", models.DateTimeField(blank=True, help_text="When the place must be filled again", null=True)),
            ("resolved_at", models.DateTimeField(blank=True, null=True)),
            ("resolved_by", models.CharField(blank=True, max_length=60)),
            ("resolution", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [
                models.Index(fields=["kind", "at"], name="exception_kind"),
                models.Index(condition=Q(resolved_at__isnull=True), fields=["line"], name="exception_open"),
            ],
            "constraints": [
                models.CheckConstraint(condition=~Q(reason="") & ~Q(by=""), name="exception_says_who_and_why"),
                models.CheckConstraint(
                    condition=Q(resolved_at__isnull=True) | (~Q(resolved_by="") & ~Q(resolution="")),
                    name="exception_resolved_by_name",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="ReleasePace",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "program",
                models.OneToOneField(on_delete=models.CASCADE, related_name="pace", to="sequencer.sequencingprogram"),
            ),
            (
                "lead_minutes",
                models.PositiveIntegerField(
                    blank=True,
                    help_text="Released so many minutes before the line needs it; empty: at once, however early it is called",
                    null=True,
                ),
            ),
            (
                "trust_minutes",
                models.PositiveSmallIntegerField(
                    default=15,
                    help_text="The line's own word where it stands counts so long; older, only the required times count",
                ),
            ),
        ],
        options={
            "verbose_name": "release pace",
            "ordering": ["program"],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(lead_minutes__isnull=True) | Q(lead_minutes__gte=1),
                    name="pace_lead_positive",
                    violation_error_message="A lead has at least one minute; leave it empty to release at once.",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="LineConsumption",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "stream",
                models.OneToOneField(
                    on_delete=models.CASCADE, related_name="consumption", to="sequencer.sequencestream"
                ),
            ),
            ("position", models.BigIntegerField()),
            ("sequence_number", models.CharField(max_length=20)),
            ("due_at", models.DateTimeField(blank=True, help_text="When the call said that it would be", null=True)),
            ("consumed_at", models.DateTimeField()),
        ],
        options={
            "verbose_name_plural": "line consumption",
            "ordering": ["stream"],
        },
    ),
    migrations.CreateModel(
        name="SetRule",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("name", models.CharField(max_length=40, unique=True)),
            ("active", models.BooleanField(default=True)),
            ("commodities", models.ManyToManyField(related_name="sets", to="sequencer.commodity")),
        ],
        options={
            "ordering": ["name"],
        },
    ),
    migrations.CreateModel(
        name="SetRelease",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("rack", models.ForeignKey(on_delete=models.CASCADE, related_name="set_releases", to="sequencer.rack")),
            ("rule", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="sequencer.setrule")),
            ("call_off", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="sequencer.calloff")),
            ("missing", models.CharField(help_text="What was missing and where it was", max_length=200)),
            ("decided_by", models.CharField(max_length=60)),
            ("decided_at", models.DateTimeField()),
            ("reason", models.CharField(max_length=200)),
        ],
        options={
            "ordering": ["-id"],
            "constraints": [
                models.UniqueConstraint(fields=("rack", "rule", "call_off"), name="set_released_once_a_rack"),
                models.CheckConstraint(condition=~Q(reason="") & ~Q(decided_by=""), name="set_release_says_why"),
            ],
        },
    ),
    migrations.CreateModel(
        name="CommodityRoute",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "commodity",
                models.OneToOneField(on_delete=models.CASCADE, related_name="route", to="sequencer.commodity"),
            ),
            (
                "route",
                models.CharField(
                    choices=[("PICK", "pick to sequence"), ("BUILD", "build to sequence")], default="PICK", max_length=5
                ),
            ),
        ],
        options={
            "ordering": ["commodity"],
        },
    ),
    migrations.CreateModel(
        name="RouteSwitch",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "commodity",
                models.ForeignKey(on_delete=models.PROTECT, related_name="route_switches", to="sequencer.commodity"),
            ),
            (
                "part",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: the whole commodity",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="route_switches",
                    to="inventory.part",
                ),
            ),
            (
                "route",
                models.CharField(
                    blank=True,
                    choices=[("PICK", "pick to sequence"), ("BUILD", "build to sequence")],
                    help_text="Empty: the part goes as its commodity again",
                    max_length=5,
                ),
            ),
            ("from_position", models.BigIntegerField(help_text="Lowest position of the first rack it counts for")),
            (
                "from_rack",
                models.CharField(blank=True, help_text="That rack; empty: it was not cut yet", max_length=30),
            ),
            ("decided_by", models.CharField(max_length=60)),
            ("decided_at", models.DateTimeField()),
            ("reason", models.CharField(max_length=200)),
        ],
        options={
            "verbose_name_plural": "route switches",
            "ordering": ["-id"],
            "indexes": [models.Index(fields=["commodity", "from_position"], name="route_switch_reach")],
            "constraints": [
                models.CheckConstraint(condition=~Q(reason="") & ~Q(decided_by=""), name="route_switch_says_why"),
                models.CheckConstraint(
                    condition=Q(part__isnull=False) | ~Q(route=""), name="route_switch_names_a_route"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="GroupRoute",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "group",
                models.OneToOneField(on_delete=models.CASCADE, related_name="route", to="sequencer.componentgroup"),
            ),
            (
                "route",
                models.CharField(choices=[("PICK", "pick to sequence"), ("BUILD", "build to sequence")], max_length=5),
            ),
            ("decided_by", models.CharField(max_length=60)),
            ("decided_at", models.DateTimeField()),
            ("reason", models.CharField(max_length=200)),
        ],
        options={
            "ordering": ["-id"],
            "constraints": [
                models.CheckConstraint(condition=~Q(reason="") & ~Q(decided_by=""), name="group_route_says_why")
            ],
        },
    ),
    migrations.CreateModel(
        name="StationLights",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("station", models.OneToOneField(on_delete=models.CASCADE, related_name="lights", to="sequencer.station")),
            (
                "colour",
                models.CharField(
                    choices=[("GREEN", "green"), ("BLUE", "blue"), ("YELLOW", "yellow"), ("WHITE", "white")],
                    default="GREEN",
                    max_length=6,
                ),
            ),
            ("slot_lights", models.BooleanField(default=True, help_text="The rack place has a light, too")),
            ("horn", models.BooleanField(default=True, help_text="Sounds when a scan is refused with STOP")),
            ("active", models.BooleanField(default=True)),
            ("lit", models.JSONField(default=dict, editable=False)),
        ],
        options={
            "verbose_name_plural": "station lights",
            "ordering": ["station"],
        },
    ),
    migrations.CreateModel(
        name="LightCommand",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "station",
                models.ForeignKey(
                    db_index=False, on_delete=models.CASCADE, related_name="light_commands", to="sequencer.station"
                ),
            ),
            (
                "kind",
                models.CharField(
                    choices=[("BIN", "light at a bin"), ("SLOT", "light at a rack place"), ("HORN", "horn")],
                    max_length=4,
                ),
            ),
            (
                "address",
                models.CharField(
                    blank=True, help_text="Bin as the part names it, or number of the slot", max_length=30
                ),
            ),
            ("on", models.BooleanField()),
            ("colour", models.CharField(blank=True, max_length=6)),
            ("quantity", models.PositiveIntegerField(default=0, help_text="Shown at the bin; 0: nothing is shown")),
            (
                "group",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="+",
                    to="sequencer.componentgroup",
                ),
            ),
            ("written_at", models.DateTimeField()),
            ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
            ("acknowledged_by", models.CharField(blank=True, max_length=60)),
            ("problem", models.CharField(blank=True, help_text="What the driver could not do", max_length=200)),
        ],
        options={
            "ordering": ["id"],
            "indexes": [
                models.Index(condition=Q(acknowledged_at__isnull=True), fields=["station", "id"], name="light_waiting")
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(acknowledged_at__isnull=True, acknowledged_by="", problem="")
                    | (Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by="")),
                    name="light_command_acknowledged_by_name",
                ),
                models.CheckConstraint(condition=Q(kind="HORN") | ~Q(address=""), name="light_has_address"),
            ],
        },
    ),
    migrations.CreateModel(
        name="PlantEvent",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("at", models.DateTimeField()),
            ("topic", models.CharField(db_index=True, max_length=40)),
            ("kind", models.CharField(max_length=40)),
            (
                "subject",
                models.CharField(help_text="What it concerns: a call, rack, shipment ... number", max_length=80),
            ),
            ("by", models.CharField(blank=True, max_length=60)),
            ("reason", models.CharField(blank=True, max_length=200)),
            ("facts", models.JSONField(default=dict)),
            (
                "chain",
                models.CharField(blank=True, help_text="sha256 over the previous link and this row", max_length=64),
            ),
        ],
        options={
            "ordering": ["id"],
            "indexes": [
                models.Index(condition=Q(chain=""), fields=["id"], name="event_unsealed"),
                models.Index(condition=~Q(kind="scan"), fields=["subject"], name="event_subject"),
            ],
        },
    ),
    migrations.CreateModel(
        name="Task",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("line", models.ForeignKey(on_delete=models.PROTECT, related_name="tasks", to="sequencer.line")),
            ("kind", models.CharField(max_length=30)),
            ("subject", models.CharField(max_length=80)),
            ("text", models.CharField(max_length=300)),
            (
                "group",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="tasks", to="sequencer.componentgroup"
                ),
            ),
            (
                "status",
                models.CharField(
                    choices=[("OPEN", "open"), ("ACKNOWLEDGED", "acknowledged"), ("DONE", "done")],
                    default="OPEN",
                    max_length=12,
                ),
            ),
            ("opened_at", models.DateTimeField()),
            ("due_at", models.DateTimeField(blank=True, null=True)),
            (
                "owner",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="tasks", to=settings.AUTH_USER_MODEL
                ),
            ),
            ("note", models.CharField(blank=True, max_length=200)),
            ("closed_at", models.DateTimeField(blank=True, null=True)),
        ],
        options={
            "ordering": ["due_at", "id"],
            "constraints": [
                models.UniqueConstraint(condition=~Q(status="DONE"), fields=("kind", "subject"), name="task_open_once"),
                models.CheckConstraint(
                    condition=~Q(status="DONE") | Q(closed_at__isnull=False), name="task_done_has_time"
                ),
                models.CheckConstraint(
                    condition=Q(status__in=["OPEN", "ACKNOWLEDGED", "DONE"]), name="task_status_known"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Heartbeat",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("name", models.CharField(max_length=60, unique=True)),
            ("at", models.DateTimeField()),
        ],
    ),
    migrations.CreateModel(
        name="LoginTries",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("user_name", models.CharField(max_length=150)),
            ("address", models.CharField(blank=True, max_length=45)),
            ("wrong_count", models.PositiveIntegerField(default=0)),
            ("last_at", models.DateTimeField(db_index=True)),
        ],
        options={
            "verbose_name_plural": "login tries",
            "ordering": ["-last_at"],
            "constraints": [models.UniqueConstraint(fields=("user_name", "address"), name="login_tries_once")],
        },
    ),
    migrations.CreateModel(
        name="OfflineSpell",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "station",
                models.ForeignKey(on_delete=models.PROTECT, related_name="offline_spells", to="sequencer.station"),
            ),
            ("spell", models.CharField(help_text="The browser's number of the outage", max_length=40)),
            ("client", models.CharField(help_text="The browser's own number", max_length=40)),
            ("pack", models.CharField(help_text="Work pack it judged from", max_length=60)),
            ("since", models.DateTimeField()),
            ("last_scan_at", models.DateTimeField(blank=True, null=True)),
            ("back_at", models.DateTimeField(help_text="When its first scan came")),
            ("closed_at", models.DateTimeField(blank=True, help_text="When its last scan came", null=True)),
            ("first_counter", models.BigIntegerField(blank=True, null=True)),
            ("next_counter", models.BigIntegerField(blank=True, help_text="The counter that must follow", null=True)),
            (
                "last_counter",
                models.BigIntegerField(blank=True, help_text="The last one its browser has told of", null=True),
            ),
            ("sent", models.PositiveIntegerField(default=0)),
            ("taken", models.PositiveIntegerField(default=0, help_text="Stored by the server, each once")),
            (
                "known",
                models.PositiveIntegerField(
                    default=0, help_text="Of these, judged before the cut: the answer was lost"
                ),
            ),
            ("agreed", models.PositiveIntegerField(default=0, help_text="Judged as the browser had judged")),
            ("conflicts", models.PositiveIntegerField(default=0, help_text="Taken offline, refused by the server")),
            ("doubled", models.PositiveIntegerField(default=0)),
            ("holes", models.PositiveIntegerField(default=0, help_text="Counters that never came")),
            ("skew_seconds", models.FloatField(default=0, help_text="Browser's clock ahead of the server's")),
            ("tasks", models.PositiveIntegerField(default=0)),
            (
                "given_up_by",
                models.CharField(blank=True, help_text="Who said that the rest never comes", max_length=60),
            ),
            ("given_up_why", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["-id"],
            "constraints": [
                models.UniqueConstraint(fields=("station", "spell"), name="offline_spell_once"),
                models.CheckConstraint(condition=Q(taken__lte=F("sent")), name="offline_taken_of_sent"),
                models.CheckConstraint(
                    condition=Q(given_up_by="") | ~Q(given_up_why=""), name="offline_given_up_says_why"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="PaperFolder",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("line", models.OneToOneField(on_delete=models.CASCADE, related_name="paper", to="sequencer.line")),
            ("path", models.CharField(blank=True, max_length=400)),
            ("tried_at", models.DateTimeField(blank=True, null=True)),
            (
                "rendered_at",
                models.DateTimeField(blank=True, help_text="When all sheets stood in the folder", null=True),
            ),
            (
                "sheets",
                models.JSONField(default=list, help_text="Codes of the sheets in the folder, in the order to build"),
            ),
            ("problem", models.CharField(blank=True, max_length=300)),
        ],
        options={
            "ordering": ["line"],
        },
    ),
    migrations.CreateModel(
        name="PaperSheet",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=8, unique=True)),
            ("rack", models.ForeignKey(on_delete=models.PROTECT, related_name="papers", to="sequencer.rack")),
            ("version", models.PositiveIntegerField()),
            ("picture", models.JSONField(help_text="The slots with their calls at printing")),
            ("rendered_at", models.DateTimeField()),
            ("begun_at", models.DateTimeField(blank=True, null=True)),
            ("done_at", models.DateTimeField(blank=True, null=True)),
            (
                "station",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="papers", to="sequencer.station"
                ),
            ),
            (
                "packed_by",
                models.ForeignKey(
                    blank=True,
                    help_text="Whose badge stands on the sheet",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
        ],
        options={
            "ordering": ["-id"],
            "constraints": [
                models.UniqueConstraint(fields=("rack", "version"), name="paper_version_once_a_rack"),
                models.CheckConstraint(
                    condition=Q(begun_at__isnull=True) | Q(packed_by__isnull=False), name="paper_says_who_packed"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="PaperRow",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("sheet", models.ForeignKey(on_delete=models.PROTECT, related_name="rows", to="sequencer.papersheet")),
            ("slot", models.PositiveIntegerField()),
            (
                "outcome",
                models.CharField(
                    choices=[("PACKED", "packed as printed"), ("DIFFERENT", "differs from the latest call: a task")],
                    max_length=10,
                ),
            ),
            ("told", models.CharField(blank=True, max_length=200)),
            (
                "typed_by",
                models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
            ),
            ("typed_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["sheet", "slot"],
            "constraints": [
                models.UniqueConstraint(fields=("sheet", "slot"), name="paper_row_once"),
                models.CheckConstraint(condition=Q(outcome="PACKED") | ~Q(told=""), name="paper_difference_says_what"),
            ],
        },
    ),
    migrations.CreateModel(
        name="LabelIssuer",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("name", models.CharField(help_text="As printed under From", max_length=60)),
            ("address", models.CharField(blank=True, help_text="Street, city, country", max_length=120)),
            ("country_of_origin", models.CharField(blank=True, help_text="ISO 3166, two letters: DE", max_length=2)),
            (
                "agency",
                models.CharField(
                    help_text="Issuing agency code: UN for a D-U-N-S number, OD for Odette, LE ...", max_length=3
                ),
            ),
            ("company", models.CharField(help_text="Our identification at that agency", max_length=20)),
            (
                "series",
                models.CharField(
                    blank=True, default="", help_text="Letters or digits; raise it after a restore", max_length=4
                ),
            ),
            ("active", models.BooleanField(default=True)),
        ],
        options={
            "verbose_name": "label issuer",
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(active=True),
                    fields=("active",),
                    name="one_active_issuer",
                    violation_error_message="One issuer is active already; end that first.",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="LabelLayout",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("PART_LABEL", "Part label"),
                        ("SEQUENCE_LABEL", "Sequence label"),
                        ("RACK_LABEL", "Rack label"),
                        ("MASTER_LABEL", "Transport label"),
                        ("MANIFEST", "Manifest"),
                        ("BILL_OF_LADING", "Bill of lading"),
                        ("NOK_STICKER", "NOK sticker"),
                        ("BADGE_SHEET", "Badge sheet"),
                        ("COMMAND_SHEET", "Command sheet"),
                        ("KIT_LIST", "Kit list"),
                    ],
                    max_length=16,
                ),
            ),
            (
                "plant",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: every plant",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="layouts",
                    to="sequencer.oemplant",
                ),
            ),
            ("design", models.CharField(choices=design_choices, max_length=30)),
            (
                "copies",
                models.PositiveSmallIntegerField(default=1, help_text="Same number on each, for two sides of a rack"),
            ),
            ("supplier_code", models.CharField(blank=True, help_text="As this customer numbers us", max_length=20)),
        ],
        options={
            "ordering": ["kind", "plant"],
            "constraints": [
                models.UniqueConstraint(
                    fields=("kind", "plant"),
                    name="layout_once_a_plant",
                    violation_error_message="This plant has a layout of that kind already.",
                ),
                models.UniqueConstraint(
                    condition=Q(plant__isnull=True),
                    fields=("kind",),
                    name="layout_once_for_all",
                    violation_error_message="There is a layout of that kind for every plant already.",
                ),
                models.CheckConstraint(condition=Q(copies__gte=1, copies__lte=9), name="layout_copies_few"),
            ],
        },
    ),
    migrations.CreateModel(
        name="Printer",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("code", models.CharField(max_length=20, unique=True)),
            ("name", models.CharField(blank=True, help_text="Where it stands", max_length=60)),
            (
                "driver",
                models.CharField(
                    choices=[
                        ("ZPL", "label printer: ZPL over TCP"),
                        ("PDF", "page printer: PDF over TCP"),
                        ("FOLDER", "folder: PDF files"),
                    ],
                    default="ZPL",
                    max_length=6,
                ),
            ),
            ("host", models.CharField(blank=True, max_length=120)),
            ("port", models.PositiveIntegerField(default=9100)),
            ("dpi", models.PositiveSmallIntegerField(choices=[(203, "203 dpi"), (300, "300 dpi")], default=203)),
            (
                "answers",
                models.BooleanField(
                    default=True, help_text="Answers ~HS; off for printers that only take what is sent"
                ),
            ),
            (
                "folder",
                models.CharField(blank=True, help_text="Below var/print; empty: the printer's code", max_length=60),
            ),
            ("active", models.BooleanField(default=True)),
            (
                "state",
                models.CharField(
                    choices=[
                        ("UNKNOWN", "not asked yet"),
                        ("READY", "ready"),
                        ("BUSY", "busy"),
                        ("PAPER_OUT", "paper out"),
                        ("RIBBON_OUT", "ribbon out"),
                        ("HEAD_OPEN", "head open"),
                        ("PAUSED", "paused"),
                        ("FAULT", "fault"),
                        ("OFFLINE", "does not answer"),
                    ],
                    default="UNKNOWN",
                    editable=False,
                    max_length=10,
                ),
            ),
            ("state_note", models.CharField(blank=True, editable=False, max_length=200)),
            ("state_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ("retry_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ("failures", models.PositiveIntegerField(default=0, editable=False)),
            ("claimed_by", models.CharField(blank=True, editable=False, max_length=80)),
            ("claimed_at", models.DateTimeField(blank=True, editable=False, null=True)),
        ],
        options={
            "ordering": ["code"],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(driver="FOLDER") | ~Q(host=""),
                    name="printer_has_address",
                    violation_error_message="A network printer needs a host.",
                ),
                models.CheckConstraint(
                    condition=Q(claimed_at__isnull=True, claimed_by="")
                    | (~Q(claimed_by="") & Q(claimed_at__isnull=False)),
                    name="printer_claim_has_time",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="PrinterAssignment",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("PART_LABEL", "Part label"),
                        ("SEQUENCE_LABEL", "Sequence label"),
                        ("RACK_LABEL", "Rack label"),
                        ("MASTER_LABEL", "Transport label"),
                        ("MANIFEST", "Manifest"),
                        ("BILL_OF_LADING", "Bill of lading"),
                        ("NOK_STICKER", "NOK sticker"),
                        ("BADGE_SHEET", "Badge sheet"),
                        ("COMMAND_SHEET", "Command sheet"),
                        ("KIT_LIST", "Kit list"),
                    ],
                    max_length=16,
                ),
            ),
            (
                "station",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: every other",
                    null=True,
                    on_delete=models.CASCADE,
                    related_name="printers",
                    to="sequencer.station",
                ),
            ),
            (
                "printer",
                models.ForeignKey(on_delete=models.PROTECT, related_name="assignments", to="sequencer.printer"),
            ),
            ("rank", models.PositiveSmallIntegerField(default=1)),
        ],
        options={
            "ordering": ["kind", "station", "rank"],
            "constraints": [
                models.UniqueConstraint(
                    fields=("kind", "station", "rank"),
                    name="assignment_once_a_rank",
                    violation_error_message="Another printer has that rank there.",
                ),
                models.UniqueConstraint(
                    condition=Q(station__isnull=True),
                    fields=("kind", "rank"),
                    name="assignment_once_a_rank_for_all",
                    violation_error_message="Another printer has that rank for every station.",
                ),
                models.UniqueConstraint(
                    fields=("kind", "station", "printer"),
                    name="assignment_once_a_printer",
                    violation_error_message="That printer is assigned there already.",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="PrintJob",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("PART_LABEL", "Part label"),
                        ("SEQUENCE_LABEL", "Sequence label"),
                        ("RACK_LABEL", "Rack label"),
                        ("MASTER_LABEL", "Transport label"),
                        ("MANIFEST", "Manifest"),
                        ("BILL_OF_LADING", "Bill of lading"),
                        ("NOK_STICKER", "NOK sticker"),
                        ("BADGE_SHEET", "Badge sheet"),
                        ("COMMAND_SHEET", "Command sheet"),
                        ("KIT_LIST", "Kit list"),
                    ],
                    max_length=16,
                ),
            ),
            ("subject_type", models.CharField(max_length=20)),
            ("subject_id", models.BigIntegerField()),
            (
                "subject",
                models.CharField(help_text="For people: the rack's number, the part and serial ...", max_length=80),
            ),
            (
                "station",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="print_jobs", to="sequencer.station"
                ),
            ),
            ("design", models.CharField(blank=True, max_length=30)),
            ("data", models.JSONField(default=dict)),
            ("copies", models.PositiveSmallIntegerField(default=1)),
            (
                "printer",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="jobs", to="sequencer.printer"
                ),
            ),
            (
                "status",
                models.CharField(
                    choices=[
                        ("QUEUED", "queued"),
                        ("SENDING", "sending"),
                        ("SENT", "sent"),
                        ("PRINTED", "printed"),
                        ("FAILED", "failed"),
                        ("VOID", "void"),
                    ],
                    default="QUEUED",
                    max_length=8,
                ),
            ),
            ("attempt", models.PositiveSmallIntegerField(default=0, help_text="Times a printer was handed the label")),
            (
                "tries",
                models.PositiveSmallIntegerField(default=0, help_text="Printers asked in vain since it was queued"),
            ),
            ("problem", models.CharField(blank=True, help_text="Why it is not out yet", max_length=300)),
            ("warning", models.CharField(blank=True, help_text="A doubled label that may lie about", max_length=200)),
            ("due_at", models.DateTimeField()),
            ("asked_at", models.DateTimeField()),
            ("asked_by", models.CharField(max_length=60)),
            ("reason", models.CharField(blank=True, max_length=200)),
            ("sent_at", models.DateTimeField(blank=True, null=True)),
            (
                "sent_to",
                models.CharField(blank=True, editable=False, help_text="Where that printer stood", max_length=130),
            ),
            ("printed_at", models.DateTimeField(blank=True, null=True)),
            ("void_at", models.DateTimeField(blank=True, null=True)),
            (
                "replaces",
                models.OneToOneField(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="replaced_by", to="sequencer.printjob"
                ),
            ),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [
                models.Index(
                    condition=Q(status__in=["QUEUED", "SENDING", "SENT"]), fields=["printer", "id"], name="print_work"
                ),
                models.Index(fields=["subject_type", "subject_id", "kind"], name="print_subject"),
                models.Index(
                    condition=Q(status__in=["QUEUED", "SENDING", "SENT", "FAILED"]),
                    fields=["status"],
                    name="print_open",
                ),
                models.Index(condition=~Q(warning=""), fields=["id"], name="print_doubtful"),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(status__in=["QUEUED", "SENDING", "SENT", "PRINTED", "FAILED", "VOID"]),
                    name="print_status_known",
                ),
                models.CheckConstraint(
                    condition=~Q(status="PRINTED") | Q(printed_at__isnull=False), name="printed_has_time"
                ),
                models.CheckConstraint(
                    condition=Q(status="VOID", void_at__isnull=False) | (~Q(status="VOID") & Q(void_at__isnull=True)),
                    name="print_void_has_time",
                ),
                models.CheckConstraint(
                    condition=~Q(status__in=["SENDING", "SENT"]) | Q(printer__isnull=False),
                    name="print_sent_has_printer",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="LabelRecord",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("number", models.CharField(max_length=40, null=True, unique=True)),
            ("job", models.ForeignKey(on_delete=models.PROTECT, related_name="labels", to="sequencer.printjob")),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("PART_LABEL", "Part label"),
                        ("SEQUENCE_LABEL", "Sequence label"),
                        ("RACK_LABEL", "Rack label"),
                        ("MASTER_LABEL", "Transport label"),
                        ("MANIFEST", "Manifest"),
                        ("BILL_OF_LADING", "Bill of lading"),
                        ("NOK_STICKER", "NOK sticker"),
                        ("BADGE_SHEET", "Badge sheet"),
                        ("COMMAND_SHEET", "Command sheet"),
                        ("KIT_LIST", "Kit list"),
                    ],
                    max_length=16,
                ),
            ),
            ("subject_type", models.CharField(max_length=20)),
            ("subject_id", models.BigIntegerField()),
            ("issued_at", models.DateTimeField()),
            ("void_at", models.DateTimeField(blank=True, null=True)),
            ("void_reason", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["id"],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(
                        kind__in=[
                            "BILL_OF_LADING",
                            "MANIFEST",
                            "MASTER_LABEL",
                            "NOK_STICKER",
                            "PART_LABEL",
                            "RACK_LABEL",
                            "SEQUENCE_LABEL",
                        ],
                        void_at__isnull=True,
                    ),
                    fields=("kind", "subject_type", "subject_id"),
                    name="one_live_label",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="QualityHold",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "part",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="quality_holds", to="inventory.part"
                ),
            ),
            ("serial", models.CharField(blank=True, max_length=40)),
            ("lot", models.CharField(blank=True, max_length=40)),
            ("made_from", models.DateTimeField(blank=True, help_text="Scanned at or after", null=True)),
            ("made_to", models.DateTimeField(blank=True, help_text="Scanned before", null=True)),
            (
                "group",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="quality_holds",
                    to="sequencer.componentgroup",
                ),
            ),
            ("reason", models.CharField(max_length=200)),
            ("placed_at", models.DateTimeField()),
            ("placed_by", models.CharField(max_length=60)),
            ("released_at", models.DateTimeField(blank=True, null=True)),
            ("released_by", models.CharField(blank=True, max_length=60)),
            ("release_reason", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [models.Index(condition=Q(released_at__isnull=True), fields=["id"], name="quality_hold_open")],
            "constraints": [
                models.CheckConstraint(
                    condition=~Q(reason="") & ~Q(placed_by=""), name="quality_hold_says_who_and_why"
                ),
                models.CheckConstraint(
                    condition=Q(group__isnull=False)
                    | Q(part__isnull=False)
                    | ~Q(serial="")
                    | ~Q(lot="")
                    | Q(made_from__isnull=False, made_to__isnull=False),
                    name="quality_hold_says_what",
                ),
                models.CheckConstraint(
                    condition=Q(released_at__isnull=True) | (~Q(released_by="") & ~Q(release_reason="")),
                    name="quality_hold_released_by_name",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="PackingInstruction",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("part", models.ForeignKey(on_delete=models.PROTECT, related_name="packing", to="inventory.part")),
            (
                "unloading_point",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: wherever the part goes",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="packing",
                    to="sequencer.unloadingpoint",
                ),
            ),
            (
                "station",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: the packing stations of the part's family",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="packing",
                    to="sequencer.station",
                ),
            ),
            ("pieces", models.PositiveIntegerField(help_text="In a full box: the standard pack")),
            (
                "package_type",
                models.CharField(
                    blank=True,
                    help_text="The customer's code of the box, as the despatch advice says it",
                    max_length=20,
                ),
            ),
            (
                "tare_kg",
                models.DecimalField(
                    blank=True,
                    decimal_places=2,
                    help_text="Empty box; empty: not known",
                    max_digits=8,
                    null=True,
                    verbose_name="tare (kg)",
                ),
            ),
        ],
        options={
            "ordering": ["part", "unloading_point"],
            "constraints": [
                models.UniqueConstraint(
                    fields=("part", "unloading_point"),
                    name="packing_once_a_point",
                    violation_error_message="This part has a packing instruction for that unloading point already.",
                ),
                models.UniqueConstraint(
                    condition=Q(unloading_point__isnull=True),
                    fields=("part",),
                    name="packing_once_everywhere",
                    violation_error_message="This part has a packing instruction for every unloading point already.",
                ),
                models.CheckConstraint(
                    condition=Q(pieces__gte=1, pieces__lte=5000),
                    name="packing_holds_pieces",
                    violation_error_message="A box holds 1 to 5000 pieces.",
                ),
                models.CheckConstraint(
                    condition=Q(tare_kg__isnull=True) | Q(tare_kg__gt=0),
                    name="packing_tare_positive",
                    violation_error_message="A box weighs something; leave it empty when nobody knows.",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="RecallList",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("asked", models.JSONField(help_text="What was asked for")),
            ("piece_count", models.PositiveIntegerField()),
            ("vehicle_count", models.PositiveIntegerField()),
            ("shipment_count", models.PositiveIntegerField()),
            ("complete", models.BooleanField()),
            ("findings", models.JSONField(default=list, help_text="What is missing, exactly")),
            ("digest", models.CharField(max_length=64)),
            ("head", models.CharField(blank=True, help_text="Empty: nothing was sealed yet", max_length=64)),
            ("head_event", models.BigIntegerField(blank=True, null=True)),
            ("signature", models.CharField(help_text="sha256 over head, question, findings and digest", max_length=64)),
            ("issued_at", models.DateTimeField()),
            ("issued_by", models.CharField(max_length=60)),
            ("reason", models.CharField(max_length=200)),
        ],
        options={
            "ordering": ["-id"],
            "constraints": [
                models.CheckConstraint(condition=~Q(reason="") & ~Q(issued_by=""), name="recall_list_says_why")
            ],
        },
    ),
]


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("sequencer", "0001_first_tables"),
        ("sequencer", "0002_gateway"),
        ("sequencer", "0003_asn_facts"),
        ("sequencer", "0004_scan_months"),
        ("sequencer", "0005_shop_floor"),
        ("sequencer", "0006_replay_left"),
        ("sequencer", "0007_quantity_calls"),
        ("sequencer", "0008_paper_mode"),
        ("sequencer", "0009_badge_language"),
        ("sequencer", "0010_routes_and_kit_lists"),
        ("sequencer", "0011_contact_and_payload"),
        ("sequencer", "0012_badge_shut"),
        ("sequencer", "0013_print_address"),
        ("sequencer", "0014_trips"),
    ]
    dependencies = [
        ("inventory", "0001_tables_to_0006"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [CreateModels(TABLES), migrations.RunPython(cut, join), migrations.RunPython(index_tails, drop_tails)]
