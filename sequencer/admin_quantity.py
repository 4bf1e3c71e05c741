"""Admin of packing instructions; calls of a quantity, cards and boxes to look at."""

from __future__ import annotations

from django.contrib import admin

from sequencer.admin import Journal, MasterData
from sequencer.admin_clocks import due_column
from sequencer.models import HandlingUnit, KanbanCard, PackingInstruction, QuantityCall


@admin.register(PackingInstruction)
class PackingInstructionAdmin(MasterData):
    list_display = ["part", "unloading_point", "pieces", "package_type", "station"]
    list_select_related = ["part", "unloading_point__plant", "station"]
    search_fields = ["part__number", "package_type"]
    autocomplete_fields = ["part"]


@admin.register(QuantityCall)
class QuantityCallAdmin(Journal):
    list_display = [
        "number", "customer_part", "unloading_point", due_column("due_at", "unloading_point.plant"), "quantity",
        "status", "source",
    ]  # fmt: skip
    list_filter = ["status", "source"]
    list_select_related = ["unloading_point__plant"]
    search_fields = ["number", "customer_part", "signal"]


@admin.register(KanbanCard)
class KanbanCardAdmin(Journal):
    list_display = ["number", "call", "closed_at", "closed_by", "withdrawn_at"]
    list_select_related = ["call"]
    search_fields = ["number"]


@admin.register(HandlingUnit)
class HandlingUnitAdmin(Journal):
    list_display = ["number", "call", "pieces", "capacity", "status", "shipment"]
    list_filter = ["status"]
    list_select_related = ["call", "shipment"]
    search_fields = ["number", "call__number"]
