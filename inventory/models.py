"""What things are: customers, parts, the cross-reference and the bill of material, each with its validity."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


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
        SERIAL = "SERIAL", "serial on every piece"

    number = models.CharField(max_length=35, unique=True)
    description = models.CharField(
        max_length=120, blank=True, help_text="What the operator reads: BLACK · HEATED · LHD"
    )
    family = models.CharField(
        max_length=20, blank=True, help_text="Commodity this part belongs to, e.g. DOOR-LH"
    )
    storage_bin = models.CharField(max_length=20, blank=True, help_text="Where the operator takes it from")
    trace = models.CharField(max_length=10, choices=Trace.choices, default=Trace.NONE)
    label_pattern = models.CharField(
        max_length=200,
        blank=True,
        help_text="Regular expression with groups (?P<part>) and (?P<serial>); empty: DI P/S, ISO 15434 or bare number",
    )
    active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        ordering = ["number"]

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
