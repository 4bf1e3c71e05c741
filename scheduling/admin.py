"""What production is planned from. Planners keep it; what verbs wrote is shown and changed nowhere by hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline

from inventory.errors import Refused
from inventory.rights import ADMINISTRATOR, PLANNER, ByRole, ReadOnly
from scheduling import services
from scheduling.models import (
    ClosedDay,
    ExportRow,
    KeyRule,
    ManufacturingOrder,
    NonProductionDay,
    Operation,
    Plan,
    PlanMove,
    PlanningRules,
    Resource,
    ResourceCapacity,
    Routing,
    RoutingOperation,
    ScheduledRun,
    ScheduleRun,
    SequencingStep,
    SetupTime,
    Shift,
    ShiftCalendar,
    WorkCentre,
)
from scheduling.steps import refused_entry

PLANNERS = frozenset({ADMINISTRATOR, PLANNER})


class PlanningData(ByRole, ModelAdmin):
    editors = PLANNERS
    list_per_page = 50


class PlanningRows(ByRole, TabularInline):
    editors = PLANNERS
    extra = 0


class Journal(ReadOnly, ModelAdmin):
    list_per_page = 50
    show_full_result_count = False


class ReadOnlyRows(ReadOnly, TabularInline):
    extra = 0
    can_delete = False


# the plant


@admin.register(WorkCentre)
class WorkCentreAdmin(PlanningData):
    list_display = ["code", "name"]
    search_fields = ["code", "name"]


class ShiftRows(PlanningRows):
    model = Shift


class ClosedDayRows(PlanningRows):
    model = ClosedDay


@admin.register(ShiftCalendar)
class ShiftCalendarAdmin(PlanningData):
    list_display = ["code", "name"]
    search_fields = ["code", "name"]
    inlines = [ShiftRows, ClosedDayRows]


@admin.register(NonProductionDay)
class NonProductionDayAdmin(PlanningData):
    list_display = ["day", "note"]
    date_hierarchy = "day"


class CapacityRows(PlanningRows):
    model = ResourceCapacity


@admin.register(Resource)
class ResourceAdmin(PlanningData):
    """Deactivate a resource rather than delete it: plans refer to it."""

    list_display = [
        "code", "name", "work_centre", "calendar", "efficiency", "sequencing_priority", "state", "setup_rule", "active",
    ]  # fmt: skip
    list_filter = ["active", "work_centre"]
    list_select_related = ["work_centre", "calendar"]
    search_fields = ["code", "name"]
    inlines = [CapacityRows]


@admin.register(SetupTime)
class SetupTimeAdmin(PlanningData):
    list_display = ["from_key", "to_key", "resource", "hours", "forbidden", "valid_from", "valid_to"]
    list_filter = ["resource", "forbidden"]
    list_select_related = ["resource"]
    search_fields = ["from_key", "to_key"]


@admin.register(KeyRule)
class KeyRuleAdmin(PlanningData):
    list_display = ["work_centre", "position", "attribute", "first", "length", "pad"]
    list_filter = ["work_centre"]
    list_select_related = ["work_centre"]


class StepForm(forms.ModelForm):
    """The engine itself judges the entries, so a step that is saved can be run."""

    def clean(self) -> dict[str, Any]:
        entered: dict[str, Any] = super().clean() or {}
        if not self.errors:
            row = SequencingStep(**entered)
            sentence = refused_entry(row)
            if sentence:
                raise forms.ValidationError(sentence, code="step_refused")
        return entered


@admin.register(SequencingStep)
class SequencingStepAdmin(PlanningData):
    """Steps run by number, lowest first; a disabled one keeps its entries for another season."""

    form = StepForm
    list_display = ["number", "type", "description", "work_centre", "enabled", "horizon_days", "gap_control"]
    list_display_links = ["number", "type"]
    list_editable = ["enabled"]
    list_filter = ["enabled", "type", "work_centre"]
    list_select_related = ["work_centre"]
    fieldsets = [
        (None, {"fields": ["number", "type", "description", "enabled", "work_centre", "horizon_days"]}),
        ("Groups", {
            "fields": [
                "group_from", "group_to", "max_group_hours", "respect_delay_calendar", "max_operation_hours",
                "max_resource_hours", "same_schedule_number", "break_if_delay", "common_resources_only",
            ],
        }),
        ("Order in a group", {"fields": ["seq_from", "seq_to", "order_by", "sort"]}),
        ("Gaps", {"fields": ["gap_control", "max_gap_centihours"]}),
        ("Other types", {"fields": ["more"]}),
    ]  # fmt: skip

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """A tick in the list switches a step; its entries were judged when it was saved."""
        return super().get_changelist_form(request, **kwargs | {"form": forms.ModelForm})


@admin.register(PlanningRules)
class PlanningRulesAdmin(PlanningData):
    """The initial step: one row, made with the first look."""

    list_display = [
        "__str__",
        "sequencing",
        "horizon_days",
        "locked_horizon_hours",
        "start_control",
        "run_seconds",
    ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and not PlanningRules.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ScheduledRun)
class ScheduledRunAdmin(PlanningData):
    list_display = ["name", "at", "weekdays", "seconds", "publish", "active", "last_slot", "refusal"]
    list_filter = ["active"]

    def save_model(self, request: HttpRequest, obj: ScheduledRun, form: ModelForm[Any], change: bool) -> None:
        """A clock that was set anew makes up for nothing that lies before."""
        if {"at", "weekdays", "active"} & set(form.changed_data):
            obj.since = timezone.now()
        obj.refusal = ""
        super().save_model(request, obj, form, change)


# what is to be made


class RoutingOperationRows(PlanningRows):
    model = RoutingOperation


@admin.register(Routing)
class RoutingAdmin(PlanningData):
    list_display = ["part", "net", "lot_size", "note"]
    list_filter = ["net"]
    list_select_related = ["part"]
    search_fields = ["part__number", "part__description"]
    autocomplete_fields = ["part"]
    inlines = [RoutingOperationRows]


class OperationRows(PlanningRows):
    """By hand where a part has no routing; otherwise the routing writes them."""

    model = Operation
    fields = ["number", "work_centre", "hours", "quantity", "key", "forced_resource"]
    fk_name = "order"


@admin.register(ManufacturingOrder)
class ManufacturingOrderAdmin(PlanningData):
    list_display = ["number", "part", "quantity", "due_at", "weight", "schedule_number", "status", "source"]
    list_filter = ["status", "source"]
    list_select_related = ["part"]
    search_fields = ["number", "part__number", "schedule_number"]
    autocomplete_fields = ["part", "parent"]
    readonly_fields = ["status", "source", "demand_key", "reason", "released_at", "closed_at"]
    inlines = [OperationRows]
    actions = ["make_firm"]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A part with a routing gets its operations from there, and new hours with a new quantity."""
        super().save_related(request, form, formsets, change)
        try:
            services.write_operations(form.instance)
        except Refused as refusal:
            messages.warning(request, f"The routing's operations were not written: {refusal.message}")

    @admin.action(description="Make firm: releases no longer change them", permissions=["change"])
    def make_firm(self, request: HttpRequest, queryset: QuerySet[ManufacturingOrder]) -> None:
        for order in queryset:
            try:
                services.firm_order(order.pk, by=str(request.user), at=timezone.now())
            except Refused as refusal:
                messages.error(request, refusal.message)
            else:
                messages.success(request, f"{order} is firm.")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Cancelled, not deleted: plans and the ERP know it."""
        return False


@admin.register(Operation)
class OperationAdmin(Journal):
    list_display = [
        "__str__", "work_centre", "key", "hours", "sequencing_status", "operation_status", "planned_resource",
        "planned_position", "planned_starts_at", "good_count",
    ]  # fmt: skip
    list_filter = ["operation_status", "sequencing_status", "work_centre"]
    list_select_related = ["order", "work_centre", "planned_resource"]
    search_fields = ["order__number", "key"]


# plans and runs


@admin.register(Plan)
class PlanAdmin(Journal):
    list_display = [
        "number",
        "name",
        "status",
        "start_at",
        "version",
        "created_by",
        "created_at",
        "published_by",
    ]
    list_filter = ["status"]

    exclude = ["problem"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("problem")


@admin.register(PlanMove)
class PlanMoveAdmin(Journal):
    list_display = ["plan", "number", "kind", "operation", "by", "at", "undone_at"]
    list_filter = ["kind"]
    list_select_related = ["plan", "operation__order"]
    ordering = ["-id"]


@admin.register(ScheduleRun)
class ScheduleRunAdmin(Journal):
    list_display = [
        "id", "plan", "status", "requested_by", "requested_at", "progress", "best_objective", "worker", "error",
        "publish_refusal",
    ]  # fmt: skip
    list_filter = ["status"]
    list_select_related = ["plan"]
    exclude = ["problem", "result"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("problem", "result", "plan__problem")


@admin.register(ExportRow)
class ExportRowAdmin(Journal):
    list_display = [
        "order_number",
        "plan",
        "part_number",
        "quantity",
        "due_at",
        "starts_at",
        "ends_at",
        "changed",
    ]
    list_filter = ["changed"]
    list_select_related = ["plan"]
    search_fields = ["order_number", "part_number"]
