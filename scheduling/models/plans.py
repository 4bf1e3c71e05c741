"""Plans, what stands in them, what people moved, and the runs of the engine."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from scheduling.engine.problem import Status
from scheduling.models.orders import Operation
from scheduling.models.plant import POSITIVE, Resource
from scheduling.models.words import choices
from scheduling.states import MoveKind, PlanStatus, RunStatus


class Plan(models.Model):
    """A plan and the problem it was made from. `version` counts its changes; who moves a bar says which he saw."""

    number = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=10, choices=choices(PlanStatus), default=PlanStatus.DRAFT.value)
    start_at = models.DateTimeField(help_text="Nothing new starts before")
    version = models.PositiveIntegerField(default=1)
    copied_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="copies"
    )
    replaced = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replaced_by",
        help_text="The plan that was published before; it comes back when this one is taken back",
    )  # fmt: skip
    problem = models.JSONField(
        help_text="PROBLEM as docs/scheduling-engine.md has it, at the moment of planning"
    )
    figures = models.JSONField(
        default=dict, help_text="Setup hours, late orders, tardiness, makespan, utilisation"
    )
    batches = models.JSONField(
        default=list, blank=True, help_text="Of the last run: quantities before and after"
    )
    warnings = models.JSONField(default=list)
    slot = models.CharField(
        max_length=80,
        blank=True,
        help_text="The scheduled run and its moment; one plan is made for it, however often",
    )
    created_by = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    published_by = models.CharField(max_length=60, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["status"],
                condition=Q(status=PlanStatus.PUBLISHED),
                name="plan_published_once",
                violation_error_message="Another plan is published; the floor works by one.",
            ),
            models.UniqueConstraint(fields=["slot"], condition=~Q(slot=""), name="plan_once_a_slot"),
            models.CheckConstraint(condition=Q(status__in=list(PlanStatus)), name="plan_status_known"),
            models.CheckConstraint(
                condition=Q(status=PlanStatus.DRAFT, published_at__isnull=True)
                | (
                    Q(status__in=[PlanStatus.PUBLISHED, PlanStatus.ARCHIVED], published_at__isnull=False)
                    & ~Q(published_by="")
                ),
                name="plan_published_by_name_with_time",
            ),
        ]

    def __str__(self) -> str:
        return f"plan {self.number}"


class PlannedOperation(models.Model):
    """One bar: where a plan has an operation. What a plan could not place has none."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="operations")
    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="planned")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="planned")
    secondary = models.ForeignKey(
        Resource, on_delete=models.PROTECT, null=True, blank=True, related_name="planned_beside",
        help_text="The secondary resource, such as a tool, it takes beside",
    )  # fmt: skip
    position = models.PositiveIntegerField(help_text="In the sequence of the resource, from 1")
    starts_at = models.DateTimeField(help_text="Setup first")
    ends_at = models.DateTimeField()
    setup_hours = models.FloatField(default=0.0)
    status = models.PositiveSmallIntegerField(choices=choices(Status))
    late = models.BooleanField(default=False)
    late_minutes = models.PositiveIntegerField(default=0, help_text="Its order ends so long after it is due")
    rule = models.TextField(blank=True, help_text="What placed it")
    told = models.JSONField(
        null=True, blank=True, help_text="The same as code and values, for any language; null in plans of old"
    )
    group = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["plan", "resource", "position"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "operation"], name="planned_operation_once"),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in Status]),
                name="planned_operation_status_known",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gte=F("starts_at")), name="planned_operation_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(late=False, late_minutes=0) | Q(late=True), name="planned_operation_late_minutes"
            ),
        ]
        indexes = [models.Index(fields=["plan", "resource", "starts_at"], name="planned_on_a_resource")]

    def __str__(self) -> str:
        return f"{self.operation} on {self.resource}"


class PlanMove(models.Model):
    """What changed a plan, with the bars before and after, so that it can be taken back."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="moves")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=choices(MoveKind))
    operation = models.ForeignKey(
        Operation, on_delete=models.SET_NULL, null=True, blank=True, related_name="moves",
        help_text="Empty: several",
    )  # fmt: skip
    before = models.JSONField(default=list)
    after = models.JSONField(default=list)
    rules = models.JSONField(
        default=list,
        help_text="What had placed the bars it was about: operation, text, and its code and values",
    )
    by = models.CharField(max_length=60)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["plan", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="plan_move_once"),
            models.CheckConstraint(condition=Q(kind__in=list(MoveKind)), name="plan_move_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} move {self.number}"


class ScheduleRun(models.Model):
    """One run of the engine over a plan. A worker claims it and lives as long as its heartbeat says."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="runs")
    status = models.CharField(max_length=10, choices=choices(RunStatus), default=RunStatus.QUEUED.value)
    requested_by = models.CharField(max_length=60)
    requested_at = models.DateTimeField()
    seconds = models.FloatField(validators=[POSITIVE], help_text="Time for searching")
    iterations = models.PositiveIntegerField(
        null=True, blank=True, help_text="Most of a search; with it a run can be repeated exactly"
    )
    seed = models.PositiveIntegerField(default=0)
    workers = models.PositiveSmallIntegerField(default=2, validators=[MinValueValidator(1)])
    publish = models.BooleanField(default=False, help_text="Publish the plan when the run is done")
    published_at = models.DateTimeField(
        null=True, blank=True, help_text="When it published its plan as it was asked to"
    )
    publish_code = models.CharField(max_length=40, blank=True, help_text="Why it could not publish its plan")
    publish_refusal = models.CharField(max_length=500, blank=True, help_text="The same in words")
    publish_seen_by = models.CharField(max_length=60, blank=True, help_text="Who took note of it")
    problem = models.JSONField(help_text="What this run planned")
    plan_version = models.PositiveIntegerField(help_text="Of the plan it started from")
    worker = models.CharField(max_length=80, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    claim_count = models.PositiveSmallIntegerField(default=0)
    progress = models.FloatField(default=0.0, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    best_objective = models.FloatField(null=True, blank=True)
    iteration_count = models.PositiveBigIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_by = models.CharField(max_length=60, blank=True)
    result = models.JSONField(null=True, blank=True)
    engine_version = models.CharField(max_length=20, blank=True)
    warnings = models.JSONField(default=list, blank=True)
    error = models.CharField(max_length=500, blank=True)
    told = models.JSONField(
        null=True, blank=True, help_text="The error as code and values, for any language, where it has them"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan"],
                condition=Q(status__in=[RunStatus.QUEUED, RunStatus.RUNNING]),
                name="run_once_at_a_time",
                violation_error_message="A run of this plan is under way.",
            ),
            models.CheckConstraint(condition=Q(status__in=list(RunStatus)), name="run_status_known"),
            models.CheckConstraint(
                condition=Q(progress__gte=0.0, progress__lte=1.0), name="run_progress_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(status=RunStatus.QUEUED, claimed_at__isnull=True, finished_at__isnull=True)
                | (
                    Q(status=RunStatus.RUNNING, claimed_at__isnull=False, heartbeat_at__isnull=False)
                    & Q(finished_at__isnull=True)
                    & ~Q(worker="")
                )
                | Q(status=RunStatus.DONE, finished_at__isnull=False, result__isnull=False)
                | (Q(status=RunStatus.FAILED, finished_at__isnull=False) & ~Q(error=""))
                | Q(status=RunStatus.CANCELLED, finished_at__isnull=False, cancel_requested_at__isnull=False),
                name="run_status_has_times",
            ),
            models.CheckConstraint(
                condition=Q(publish_code="")
                | (Q(publish=True, published_at__isnull=True) & ~Q(publish_refusal="")),
                name="run_refused_to_publish_in_words",
            ),
        ]
        indexes = [models.Index(fields=["status", "requested_at"], name="run_due")]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.plan}"


class ScheduledRun(models.Model):
    """A run the clock starts: on its weekdays at its time a new plan is made of the open orders and run."""

    name = models.CharField(max_length=80, unique=True)
    at = models.TimeField(help_text="On the plant's clock")
    weekdays = models.CharField(
        max_length=7,
        default="12345",
        help_text="Such as 12345: 1 is Monday, 7 is Sunday",
        validators=[RegexValidator(r"^[1-7]+$", "Write the weekdays as digits, such as 12345.")],
    )
    seconds = models.FloatField(default=60.0, validators=[POSITIVE])
    seed = models.PositiveIntegerField(default=0)
    publish = models.BooleanField(default=False, help_text="Publish the plan when the run is done")
    active = models.BooleanField(default=True)
    since = models.DateTimeField(
        default=timezone.now, editable=False, help_text="What was due before is not made up for"
    )
    last_slot = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The due time it was run for last"
    )
    refusal = models.CharField(
        max_length=500, blank=True, editable=False, help_text="Why no plan could be made then"
    )
    told = models.JSONField(
        null=True, blank=True, editable=False, help_text="The same as code and values, for any language"
    )

    class Meta:
        ordering = ["at", "name"]

    def __str__(self) -> str:
        return self.name


class ExportRow(models.Model):
    """What a published plan says of one order to the ERP: its dates and quantity, and what they were before."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="export_rows")
    order_number = models.CharField(max_length=40)
    part_number = models.CharField(max_length=35)
    quantity = models.DecimalField(max_digits=15, decimal_places=3)
    quantity_before = models.DecimalField(max_digits=15, decimal_places=3)
    due_at = models.DateTimeField(null=True, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    starts_before = models.DateTimeField(null=True, blank=True, help_text="By the plan published before")
    ends_before = models.DateTimeField(null=True, blank=True)
    late_minutes = models.PositiveIntegerField(default=0)
    changed = models.BooleanField(help_text="Against the plan published before")

    class Meta:
        ordering = ["plan", "order_number"]
        constraints = [models.UniqueConstraint(fields=["plan", "order_number"], name="export_row_once")]

    def __str__(self) -> str:
        return f"{self.plan} {self.order_number}"
