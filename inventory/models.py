"""What things are: customers, parts, the cross-reference and the bill of material, each with its validity."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator
from django.db import models
from django.db.models import F, Q

PICTURE_BYTES = 1_000_000


def small_picture(picture: Any) -> None:
    """Stations fetch it between two scans."""
    if picture.size > PICTURE_BYTES:
        raise ValidationError(f"The picture has {picture.size / 1e6:.1f} MB; at most 1 MB is taken.")


class Customer(models.Model):
    """Whom we deliver to (sold-to). Part numbers of the customer are read in this customer's words."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Part(models.Model):
    """One of our own part numbers."""

    class Trace(models.TextChoices):
        NONE = "NONE", "no serial"
        LOT = "LOT", "lot on every piece"
        SERIAL = "SERIAL", "serial on every piece"

    number = models.CharField(max_length=35, unique=True)
    description = models.CharField(
        max_length=120, blank=True, help_text="What the operator reads: BLACK · HEATED · LHD"
    )
    family = models.CharField(
        max_length=20, blank=True, help_text="Commodity this part belongs to, e.g. DOOR-LH"
    )
    colour = models.CharField(max_length=20, blank=True, help_text="Racks may be cut apart by it")
    storage_bin = models.CharField(max_length=20, blank=True, help_text="Where the operator takes it from")
    trace = models.CharField(max_length=10, choices=Trace.choices, default=Trace.NONE)
    label_pattern = models.CharField(
        max_length=200,
        blank=True,
        help_text="Regular expression with groups (?P<part>), (?P<serial>) and (?P<lot>); empty: DI P/S/1T, ISO 15434"
        " or bare number",
    )
    picture = models.ImageField(
        upload_to="parts/",
        blank=True,
        validators=[FileExtensionValidator(["png", "jpg", "jpeg", "webp"]), small_picture],
        help_text="What the operator sees beside the number: PNG, JPEG or WebP, at most 1 MB",
    )
    net_weight_kg = models.DecimalField(
        "net weight (kg)", max_digits=9, decimal_places=4, null=True, blank=True,
        help_text="Of one piece; empty: not known, and no despatch advice tells a weight it is part of",
    )  # fmt: skip
    active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(net_weight_kg__isnull=True) | Q(net_weight_kg__gt=0),
                name="part_weight_positive",
                violation_error_message="A piece weighs something; leave it empty when nobody knows.",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CustomerPart(models.Model):
    """The customer's number for one of our parts, from a date on (cross-reference, effective-dated)."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="parts")
    number = models.CharField(max_length=35, help_text="As the customer writes it, inner blanks kept")
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="customer_parts")
    valid_from = models.DateField(default="2000-01-01")
    valid_until = models.DateField(null=True, blank=True, help_text="Last day; empty: open")
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        ordering = ["customer", "number", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "number", "valid_from"],
                name="customer_part_once_a_date",
                violation_error_message="This customer number already starts on that day.",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="customer_part_ends_after_start",
                violation_error_message="The last day lies before the first.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer.code} {self.number}"


class BomLine(models.Model):
    """A component of a part; with an option code it counts only for calls that carry the option."""

    parent = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="bom_lines")
    option = models.CharField(max_length=20, blank=True, help_text="Empty: always")
    component = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="used_in")
    quantity = models.PositiveIntegerField(default=1)
    valid_from = models.DateField(default="2000-01-01")
    valid_until = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        ordering = ["parent", "option", "component"]
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "option", "component", "valid_from"], name="bom_line_once_a_date"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="bom_line_quantity_positive"),
            models.CheckConstraint(condition=~Q(parent=F("component")), name="bom_line_not_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.parent} {self.option or 'always'} {self.quantity} x {self.component}"


class StockCount(models.Model):
    """How many good pieces of a part were in the house at a moment, as a person or another system counted them.

    The latest counts. What is made and what leaves afterwards is known elsewhere; nothing here is reckoned on.
    """

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="stock_counts")
    quantity = models.DecimalField(max_digits=15, decimal_places=3)
    counted_at = models.DateTimeField()
    by = models.CharField(max_length=60, blank=True, editable=False)
    note = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["part", "-counted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["part", "counted_at"],
                name="stock_count_once",
                violation_error_message="This part was counted at that moment already.",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=0),
                name="stock_count_not_negative",
                violation_error_message="Nobody counts fewer than no pieces.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.quantity}"


class DemandSchedule(models.Model):
    """What a customer wants of one part at one place, as one release of his said it.

    Every release stays; of each place one is `current`. `feed` names who sent it (a customer may send from several
    systems that know nothing of each other), `source` the one message line it came from. `CALL` is the short-range
    delivery call-off, `PLAN` the long-range schedule; where both speak of a day the call-off counts.
    """

    class Horizon(models.TextChoices):
        PLAN = "PLAN", "plan"
        CALL = "CALL", "call-off"

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="schedules")
    feed = models.CharField(max_length=20)
    test = models.BooleanField(
        default=False, help_text="From the test side of a partner: nobody plans with it"
    )
    horizon = models.CharField(max_length=4, choices=Horizon.choices)
    customer_part = models.CharField(max_length=35)
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="schedules")
    ship_to = models.CharField(max_length=35, blank=True)
    dock = models.CharField(max_length=35, blank=True)
    line_feed = models.CharField(max_length=35, blank=True)
    order_ref = models.CharField(max_length=35, blank=True)
    unit = models.CharField(max_length=3, blank=True)
    release_number = models.CharField(max_length=40, blank=True)
    previous_number = models.CharField(max_length=40, blank=True)
    issued = models.CharField(max_length=25, blank=True, help_text="As sent, local to the customer's plant")
    received_at = models.DateTimeField()
    source = models.CharField(max_length=40, help_text="The line of the message; taken once")
    message = models.CharField(max_length=40, help_text="The message; it speaks of a place once")
    current = models.BooleanField(default=True)
    replaced_at = models.DateTimeField(null=True, blank=True)
    withdrawn = models.BooleanField(default=False, help_text="The customer took it back; nothing is wanted")
    change = models.CharField(max_length=200, blank=True, help_text="Against the release before, in words")
    change_quantity = models.DecimalField(max_digits=15, decimal_places=3, default=0)
    cumulative_received = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    cumulative_required = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    last_despatch = models.CharField(max_length=35, blank=True, help_text="Last of ours the customer booked")

    class Meta:
        ordering = ["customer_part", "ship_to", "dock", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "feed", "horizon", "customer_part", "ship_to", "dock", "line_feed", "order_ref",
                ],
                condition=Q(current=True),
                name="schedule_current_once_a_place",
            ),
            models.UniqueConstraint(fields=["feed", "source"], name="schedule_once_a_source"),
            models.CheckConstraint(
                condition=Q(current=True, replaced_at__isnull=True)
                | Q(current=False, replaced_at__isnull=False),
                name="schedule_replaced_has_time",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["current", "test", "customer_part"], name="schedule_current")]

    def __str__(self) -> str:
        return f"{self.feed} {self.customer_part} release {self.release_number or self.issued}"


class DemandLine(models.Model):
    """One quantity in one period. Without a first day it is wanted at once."""

    schedule = models.ForeignKey(DemandSchedule, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    first = models.DateField(null=True, blank=True)
    last = models.DateField(null=True, blank=True, help_text="Empty: the first day alone")
    time = models.CharField(max_length=5, blank=True, help_text="Of the first day, where one was sent")
    quantity = models.DecimalField(max_digits=15, decimal_places=3)
    firmness = models.CharField(max_length=8, blank=True, help_text="firm, material or planned")
    interval = models.CharField(max_length=5, blank=True, help_text="day, week, month or date")
    urgency = models.CharField(max_length=10, blank=True, help_text="Without a day: backlog or immediate")
    order_ref = models.CharField(max_length=35, blank=True, help_text="Order of this quantity alone")
    kanban_cards = models.JSONField(
        default=list, blank=True, help_text="The cards this quantity is called by, one full box each"
    )

    class Meta:
        ordering = ["schedule", "number"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "number"], name="demand_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="demand_line_not_negative"),
            models.CheckConstraint(
                condition=Q(last__isnull=True) | Q(last__gte=F("first")), name="demand_line_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.first or 'at once'}"


class CumulativeOpening(models.Model):
    """What was shipped of a part before this program counted, so that both counts start from the same figure."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="openings")
    customer_part = models.CharField(max_length=35)
    ship_to = models.CharField(max_length=35, blank=True, help_text="As the release says; empty: everywhere")
    quantity = models.DecimalField(max_digits=15, decimal_places=3)
    day = models.DateField(
        help_text="Counts in the period this day lies in; what leaves from here on is added"
    )
    note = models.CharField(max_length=200, blank=True, help_text="Where the figure comes from")

    class Meta:
        ordering = ["customer", "customer_part", "ship_to", "-day"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "customer_part", "ship_to", "day"], name="opening_once_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_part} {self.quantity} on {self.day}"


class CumulativeBalance(models.Model):
    """Our count of a part against the customer's, as compared last. `difference` is what nobody can see on the road."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="balances")
    feed = models.CharField(max_length=20)
    customer_part = models.CharField(max_length=35)
    ship_to = models.CharField(max_length=35, blank=True)
    dock = models.CharField(max_length=35, blank=True)
    since = models.DateField(null=True, blank=True, help_text="Start of the count; empty: it never restarts")
    shipped = models.DecimalField(max_digits=15, decimal_places=3)
    in_transit = models.DecimalField(max_digits=15, decimal_places=3)
    received = models.DecimalField(max_digits=15, decimal_places=3)
    difference = models.DecimalField(max_digits=15, decimal_places=3)
    note = models.CharField(max_length=200, blank=True)
    compared_at = models.DateTimeField()

    class Meta:
        ordering = ["customer_part", "ship_to", "dock"]
        constraints = [
            models.UniqueConstraint(
                fields=["feed", "customer_part", "ship_to", "dock"], name="balance_once_a_place"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feed} {self.customer_part} {self.difference:+}"
