"""Customers, parts and what they are made of. A supervisor may enter a part that a call waits for."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from inventory.models import (
    BomLine,
    CumulativeBalance,
    CumulativeOpening,
    Customer,
    CustomerPart,
    DemandLine,
    DemandSchedule,
    Part,
    StockCount,
)
from inventory.rights import ADMINISTRATOR, PLANNER, SUPERVISOR, ByRole, ReadOnly


class PartData(ByRole, ModelAdmin):
    editors = frozenset({ADMINISTRATOR, SUPERVISOR})
    list_per_page = 50


@admin.register(Customer)
class CustomerAdmin(ByRole, ModelAdmin):
    list_display = ["code", "name"]
    search_fields = ["code", "name"]


class CustomerPartRows(ByRole, TabularInline):
    editors = PartData.editors
    model = CustomerPart
    extra = 0


class BomRows(ByRole, TabularInline):
    editors = PartData.editors
    model = BomLine
    fk_name = "parent"
    extra = 0
    autocomplete_fields = ["component"]


@admin.register(Part)
class PartAdmin(PartData):
    """Deactivate a part rather than delete it: units and calls refer to it."""

    list_display = ["number", "description", "family", "storage_bin", "trace", "net_weight_kg", "active"]
    list_filter = ["active", "family", "trace"]
    search_fields = ["number", "description", "customer_parts__number"]
    inlines = [CustomerPartRows, BomRows]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(CustomerPart)
class CustomerPartAdmin(PartData):
    list_display = ["number", "customer", "part", "valid_from", "valid_until"]
    list_filter = ["customer"]
    list_select_related = ["customer", "part"]
    search_fields = ["number", "part__number"]
    autocomplete_fields = ["part"]


@admin.register(BomLine)
class BomLineAdmin(PartData):
    list_display = ["parent", "option", "component", "quantity", "valid_from", "valid_until"]
    list_select_related = ["parent", "component"]
    search_fields = ["parent__number", "component__number", "option"]
    autocomplete_fields = ["parent", "component"]


@admin.register(StockCount)
class StockCountAdmin(PartData):
    """Counted stock, from which planned orders may be netted; a later count replaces an earlier one."""

    editors = frozenset({*PartData.editors, PLANNER})
    list_display = ["part", "quantity", "counted_at", "by", "note"]
    list_select_related = ["part"]
    search_fields = ["part__number", "note"]
    autocomplete_fields = ["part"]
    date_hierarchy = "counted_at"

    def save_model(self, request: HttpRequest, obj: StockCount, form: Any, change: bool) -> None:
        obj.by = str(request.user)
        super().save_model(request, obj, form, change)


class DemandLineRows(ReadOnly, TabularInline):
    model = DemandLine
    extra = 0


@admin.register(DemandSchedule)
class DemandScheduleAdmin(ReadOnly, ModelAdmin):
    """Every release as it was taken; the one that counts is current."""

    list_display = [
        "customer_part", "feed", "ship_to", "dock", "horizon", "release_number", "received_at", "current", "change",
    ]  # fmt: skip
    list_filter = ["current", "test", "horizon", "feed"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["customer_part", "part__number", "release_number", "order_ref"]
    ordering = ["-id"]
    inlines = [DemandLineRows]


@admin.register(CumulativeOpening)
class CumulativeOpeningAdmin(PartData):
    """What had left before this program counted; enter it once a part at cutover."""

    list_display = ["customer_part", "customer", "ship_to", "quantity", "day", "note"]
    list_filter = ["customer"]
    list_select_related = ["customer"]
    search_fields = ["customer_part"]


@admin.register(CumulativeBalance)
class CumulativeBalanceAdmin(ReadOnly, ModelAdmin):
    list_display = [
        "customer_part", "feed", "ship_to", "dock", "shipped", "in_transit", "received", "difference", "compared_at",
    ]  # fmt: skip
    list_filter = ["feed"]
    list_per_page = 50
    search_fields = ["customer_part"]
