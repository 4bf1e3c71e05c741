"""Partners and their routes; what came in and went out is read here and decided on the EDI pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from edi.models import (
    CallOffRoute,
    Delivery,
    InboundEvent,
    InboundMessage,
    Interchange,
    OutboundMessage,
    TradingPartner,
)
from inventory.rights import ByRole, ReadOnly


class RouteRows(ByRole, TabularInline):
    model = CallOffRoute
    extra = 0


@admin.register(TradingPartner)
class TradingPartnerAdmin(ByRole, ModelAdmin):
    """The control number counts by itself; setting it back would repeat numbers the partner has seen."""

    list_display = ["code", "name", "customer", "profile", "pulse_seconds", "test_partner", "active"]
    list_filter = ["active", "test_partner"]
    list_select_related = ["customer"]
    search_fields = ["code", "name"]
    readonly_fields = ["next_control_number"]
    inlines = [RouteRows]


@admin.register(CallOffRoute)
class CallOffRouteAdmin(ByRole, ModelAdmin):
    list_display = ["partner", "dock", "line_feed", "program"]
    list_filter = ["partner"]
    list_select_related = ["partner", "program"]


class Journal(ReadOnly, ModelAdmin):
    list_per_page = 50
    show_full_result_count = False


@admin.register(Delivery)
class DeliveryAdmin(Journal):
    list_display = ["received_at", "partner", "file_name", "status", "size", "archived_at", "note"]
    list_filter = ["status", "partner"]
    list_select_related = ["partner"]
    search_fields = ["file_name", "sha256"]
    ordering = ["-id"]
    exclude = ["duplicate_of"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("raw")


@admin.register(Interchange)
class InterchangeAdmin(Journal):
    list_display = ["message_type", "control_ref", "partner", "status", "sender", "recipient", "prepared_at"]
    list_filter = ["status", "partner", "message_type"]
    list_select_related = ["partner"]
    search_fields = ["control_ref"]
    ordering = ["-id"]


@admin.register(InboundMessage)
class InboundMessageAdmin(Journal):
    list_display = ["type", "ref", "interchange", "kind", "status", "document_number"]
    list_filter = ["status", "type"]
    list_select_related = ["interchange"]
    search_fields = ["document_number", "ref"]
    ordering = ["-id"]


@admin.register(InboundEvent)
class InboundEventAdmin(Journal):
    list_display = ["event", "call_number", "sequence_number", "partner", "status", "code", "applied_at"]
    list_filter = ["status", "event", "partner"]
    list_select_related = ["partner"]
    search_fields = ["call_number", "sequence_number"]
    ordering = ["-id"]


@admin.register(OutboundMessage)
class OutboundMessageAdmin(Journal):
    list_display = [
        "created_at",
        "partner",
        "kind",
        "control_ref",
        "shipment",
        "status",
        "sent_at",
        "answered_at",
    ]
    list_filter = ["status", "kind", "partner"]
    list_select_related = ["partner", "shipment"]
    search_fields = ["file_name", "control_ref", "shipment__number"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("content")
