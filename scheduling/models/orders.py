"""What is to be made: routings, manufacturing orders and their operations, with what the floor did of them."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from inventory.models import DemandLine, Part
from scheduling.engine.keys import KEY_LENGTH
from scheduling.engine.problem import Status
from scheduling.models.plant import POSITIVE, Resource, WorkCentre
from scheduling.models.words import choices, json_object
from scheduling.states import OperationStatus, OrderSource, OrderStatus


class Routing(models.Model):
    """How a part is made: its operations in order."""

    part = models.OneToOneField(Part, on_delete=models.PROTECT, related_name="routing")
    note = models.CharField(max_length=120, blank=True)
    net = models.BooleanField(
        "net planned orders",
        default=False,
        help_text="Orders of releases are reduced by counted stock and open orders; off: what the release asks",
    )
    lot_size = models.DecimalField(
        max_digits=15, decimal_places=3, null=True, blank=True, validators=[MinValueValidator(0)],
        help_text="Netted orders are rounded up to whole lots; empty: to the piece",
    )  # fmt: skip

    class Meta:
        ordering = ["part"]
        constraints = [
            models.CheckConstraint(
                condition=Q(lot_size__isnull=True) | Q(lot_size__gt=0),
                name="routing_lot_size_positive",
                violation_error_message="A lot has some pieces; leave it empty for none.",
            ),
        ]

    def __str__(self) -> str:
        return str(self.part)


class RoutingOperation(models.Model):
    """One operation of a routing: so many hours whatever the quantity, and so many for each piece."""

    routing = models.ForeignKey(Routing, on_delete=models.CASCADE, related_name="operations")
    number = models.PositiveIntegerField(help_text="Lower ones end before higher ones begin")
    work_centre = models.ForeignKey(WorkCentre, on_delete=models.PROTECT, related_name="routing_operations")
    resources = models.ManyToManyField(Resource, blank=True, help_text="Empty: all of the work centre")
    hours_fixed = models.FloatField(default=0.0, validators=[POSITIVE])
    hours_each = models.FloatField(default=0.0, validators=[POSITIVE])
    setup_standard = models.FloatField("setup, standard (h)", null=True, blank=True, validators=[POSITIVE])
    setup_reduced = models.FloatField("setup, reduced (h)", null=True, blank=True, validators=[POSITIVE])
    attributes = models.JSONField(
        default=dict, blank=True, validators=[json_object], help_text="What the co-sorting key is made from"
    )

    class Meta:
        ordering = ["routing", "number"]
        constraints = [
            models.UniqueConstraint(fields=["routing", "number"], name="routing_operation_once"),
            models.CheckConstraint(
                condition=Q(hours_fixed__gte=0, hours_each__gte=0), name="routing_operation_hours"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.routing} {self.number}"


class ManufacturingOrder(models.Model):
    """So many pieces of a part until a moment."""

    number = models.CharField(max_length=40, unique=True)
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="orders")
    quantity = models.DecimalField(max_digits=15, decimal_places=3, validators=[MinValueValidator(0)])
    due_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(
        null=True, blank=True, help_text="Its first operation starts no earlier; empty: at once"
    )
    weight = models.FloatField(
        default=1.0, validators=[POSITIVE], help_text="2 makes an hour late count double"
    )
    schedule_number = models.CharField(
        max_length=40,
        blank=True,
        help_text="Orders of the same number are sequenced together where a step says so",
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="components",
        help_text="The order this one makes a component for",
    )  # fmt: skip
    source = models.CharField(
        max_length=10, choices=choices(OrderSource), default=OrderSource.HAND.value, editable=False
    )
    demand_line = models.OneToOneField(
        DemandLine, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="order"
    )
    demand_key = models.CharField(
        max_length=210, blank=True, editable=False,
        help_text="Feed, place and period it was planned from; the next release finds it again by this. "
        "Further orders of the same need have a number behind it",
    )  # fmt: skip
    status = models.CharField(
        max_length=10, choices=choices(OrderStatus), default=OrderStatus.PLANNED.value, editable=False
    )
    reason = models.CharField(max_length=200, blank=True, editable=False, help_text="Why it was cancelled")
    created_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["due_at", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["demand_key"], condition=~Q(demand_key=""), name="order_once_a_demand"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="order_quantity_not_negative"),
            models.CheckConstraint(condition=Q(status__in=list(OrderStatus)), name="order_status_known"),
            models.CheckConstraint(condition=Q(source__in=list(OrderSource)), name="order_source_known"),
            models.CheckConstraint(
                condition=~Q(status__in=[OrderStatus.RELEASED, OrderStatus.DONE])
                | Q(released_at__isnull=False),
                name="order_released_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[OrderStatus.DONE, OrderStatus.CANCELLED], closed_at__isnull=False)
                | (~Q(status__in=[OrderStatus.DONE, OrderStatus.CANCELLED]) & Q(closed_at__isnull=True)),
                name="order_closed_has_time",
            ),
        ]
        indexes = [models.Index(fields=["status", "due_at"], name="order_open")]

    def __str__(self) -> str:
        return self.number

    @property
    def firm(self) -> bool:
        """Whether it stands whatever the customer's release says; batch sizing leaves it alone."""
        return self.status in (OrderStatus.FIRM, OrderStatus.RELEASED)


class Operation(models.Model):
    """One operation of an order. The planned columns are those of the published plan."""

    order = models.ForeignKey(ManufacturingOrder, on_delete=models.CASCADE, related_name="operations")
    number = models.PositiveIntegerField()
    work_centre = models.ForeignKey(WorkCentre, on_delete=models.PROTECT, related_name="operations")
    resources = models.ManyToManyField(
        Resource, blank=True, related_name="may_run", help_text="Empty: all of the work centre"
    )
    hours = models.FloatField(validators=[POSITIVE], help_text="At normal capacity, without setup")
    quantity = models.DecimalField(max_digits=15, decimal_places=3)
    attributes = models.JSONField(default=dict, blank=True, validators=[json_object])
    key = models.CharField(
        "co-sorting key",
        max_length=KEY_LENGTH,
        blank=True,
        help_text="Empty: from the key rules when it is saved",
    )
    setup_standard = models.FloatField("setup, standard (h)", null=True, blank=True, validators=[POSITIVE])
    setup_reduced = models.FloatField("setup, reduced (h)", null=True, blank=True, validators=[POSITIVE])
    forced_resource = models.ForeignKey(
        Resource, on_delete=models.PROTECT, null=True, blank=True, related_name="forced_operations"
    )
    more = models.JSONField(
        default=dict, blank=True, validators=[json_object],
        help_text="Entries of the problem file that only some steps know, such as secondary resources",
    )  # fmt: skip
    sequencing_status = models.PositiveSmallIntegerField(
        choices=choices(Status), default=Status.ACTIVE.value, editable=False
    )
    operation_status = models.PositiveSmallIntegerField(
        choices=choices(OperationStatus), default=OperationStatus.OPEN.value, editable=False
    )
    planned_resource = models.ForeignKey(
        Resource, on_delete=models.PROTECT, null=True, blank=True, editable=False,
        related_name="planned_operations",
    )  # fmt: skip
    planned_position = models.PositiveIntegerField(null=True, blank=True, editable=False)
    planned_starts_at = models.DateTimeField(null=True, blank=True, editable=False)
    planned_ends_at = models.DateTimeField(null=True, blank=True, editable=False)
    actual_resource = models.ForeignKey(
        Resource,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="worked_operations",
    )
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    started_by = models.CharField(max_length=60, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_by = models.CharField(max_length=60, blank=True, editable=False)
    good_count = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True, editable=False)

    class Meta:
        ordering = ["order", "number"]
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="operation_once"),
            models.CheckConstraint(condition=Q(hours__gte=0), name="operation_hours_not_negative"),
            models.CheckConstraint(
                condition=Q(sequencing_status__in=[status.value for status in Status]),
                name="operation_sequencing_status_known",
            ),
            models.CheckConstraint(
                condition=Q(operation_status__in=[status.value for status in OperationStatus]),
                name="operation_operation_status_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    operation_status=OperationStatus.OPEN.value,
                    started_at__isnull=True,
                    finished_at__isnull=True,
                )
                | Q(
                    operation_status=OperationStatus.IN_PROGRESS.value,
                    started_at__isnull=False,
                    finished_at__isnull=True,
                    actual_resource__isnull=False,
                )
                | Q(
                    operation_status=OperationStatus.DONE.value,
                    started_at__isnull=False,
                    finished_at__isnull=False,
                ),
                name="operation_status_has_times",
            ),
            models.CheckConstraint(
                condition=Q(sequencing_status=Status.ACTIVE.value)
                | Q(planned_resource__isnull=False, planned_starts_at__isnull=False),
                name="operation_sequenced_has_place",
            ),
        ]
        indexes = [
            models.Index(fields=["planned_resource", "planned_position"], name="operation_work_list"),
            models.Index(fields=["operation_status"], name="operation_open"),
        ]

    def __str__(self) -> str:
        return f"{self.order.number}/{self.number}"
