"""Admin of what belongs to trucks: trailers and stops are kept here, the ledgers are only shown."""

from __future__ import annotations

from django.contrib import admin

from sequencer.admin import Journal, MasterData
from sequencer.models import (
    BillingLine,
    CarrierMovement,
    DeliveryLine,
    DeliveryReceipt,
    DockSignal,
    ShareLink,
    TrailerType,
    Trip,
    TruckStop,
)


@admin.register(TrailerType)
class TrailerTypeAdmin(MasterData):
    list_display = [
        "code",
        "name",
        "lanes",
        "places",
        "fill",
        "door",
        "scan_place",
        "needs_seal",
        "needs_driver",
        "max_load_kg",
    ]
    search_fields = ["code", "name"]


@admin.register(Trip)
class TripAdmin(Journal):
    list_display = ["number", "planned_at", "planned_by"]
    search_fields = ["number", "shipments__number"]


@admin.register(TruckStop)
class TruckStopAdmin(MasterData):
    list_display = ["unloading_point", "number", "commodity", "name"]
    list_filter = ["unloading_point"]
    list_select_related = ["unloading_point__plant", "commodity__program__line"]


@admin.register(CarrierMovement)
class CarrierMovementAdmin(Journal):
    list_display = ["at", "carrier", "kind", "shipment", "loop_minutes", "by", "reason"]
    list_filter = ["kind", "carrier__rack_type"]
    list_select_related = ["carrier", "shipment"]
    search_fields = ["carrier__code", "shipment__number"]
    ordering = ["-id"]


@admin.register(DeliveryLine)
class DeliveryLineAdmin(Journal):
    list_display = [
        "shipment",
        "customer_part",
        "shipped",
        "confirmed",
        "billed",
        "discrepancy",
        "settled_by",
    ]
    list_select_related = ["shipment"]
    search_fields = ["shipment__number", "customer_part"]
    ordering = ["-id"]


@admin.register(DeliveryReceipt)
class DeliveryReceiptAdmin(Journal):
    list_display = ["at", "shipment", "customer_part", "quantity", "discrepancy", "by", "source"]
    list_select_related = ["shipment"]
    search_fields = ["shipment__number", "customer_part"]
    ordering = ["-id"]


@admin.register(BillingLine)
class BillingLineAdmin(Journal):
    list_display = [
        "document",
        "line",
        "despatch_number",
        "customer_part",
        "quantity",
        "amount",
        "currency",
        "delivery",
    ]
    list_select_related = ["delivery__shipment"]
    search_fields = ["document", "despatch_number", "customer_part"]
    ordering = ["-id"]


@admin.register(ShareLink)
class ShareLinkAdmin(Journal):
    """Made and withdrawn at the desk; the address is shown there only."""

    list_display = ["name", "plant", "created_by", "expires_at", "revoked_at", "opened_count", "opened_at"]
    list_filter = ["plant"]
    list_select_related = ["plant"]
    exclude = ["nonce"]


@admin.register(DockSignal)
class DockSignalAdmin(Journal):
    list_display = ["at", "station", "kind", "why", "done_at"]
    list_filter = ["station", "why"]
    list_select_related = ["station"]
    ordering = ["-id"]
