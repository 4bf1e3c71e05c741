"""Partners and their routes; what came in and went out is read here and decided on the EDI pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from edi.channels import configured, try_channel
from edi.models import (
    CallOffRoute,
    Delivery,
    DeliveryConfirmation,
    FeedUsage,
    FetchedFile,
    InboundEvent,
    InboundMessage,
    Interchange,
    LedgerClosing,
    LinePulse,
    OemCalendar,
    OutboundMessage,
    PartnerChannel,
    PlannedBreak,
    SequenceCycle,
    SpecialDay,
    TradingPartner,
    TransmissionCounter,
    TransmissionGap,
    WorkingHours,
)
from inventory.errors import Refused, Unreachable
from inventory.rights import ByRole, ReadOnly


class RouteRows(ByRole, TabularInline):
    model = CallOffRoute
    extra = 0


@admin.register(TradingPartner)
class TradingPartnerAdmin(ByRole, ModelAdmin):
    """The control number counts by itself; setting it back would repeat numbers the partner has seen."""

    list_display = [
        "code",
        "name",
        "customer",
        "profile",
        "pulse_seconds",
        "test_partner",
        "test_side",
        "active",
    ]
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


@admin.register(FeedUsage)
class FeedUsageAdmin(Journal):
    """What a feed uses, as a named person accepted it; `manage.py edi_usage` reports and accepts."""

    list_display = ["partner", "message_type", "accepted_by", "accepted_at", "told_at", "reason"]
    list_filter = ["partner"]
    list_select_related = ["partner", "accepted_by"]


class PartnerChannelForm(forms.ModelForm):
    """An active channel must be able to work; one that is not active may be half entered."""

    def clean(self) -> dict[str, Any]:
        entered: dict[str, Any] = super().clean() or {}
        if entered.get("active") and entered.get("partner") and not self.errors:
            # What the form holds, on a row of its own: the instance is only filled afterwards.
            row = PartnerChannel(pk=self.instance.pk)
            for name, value in entered.items():
                setattr(row, name, value)
            try:
                configured(row)
            except Refused as refusal:
                raise forms.ValidationError(refusal.message, code=refusal.code) from None
        return entered


@admin.register(PartnerChannel)
class PartnerChannelAdmin(ByRole, ModelAdmin):
    """Wires to partners. Keys and passphrases are files of the secrets folder, never entered here."""

    form = PartnerChannelForm
    list_display = [
        "__str__",
        "kind",
        "active",
        "host",
        "last_ok_at",
        "failures",
        "next_try_at",
        "last_error",
    ]
    list_filter = ["kind", "active", "partner"]
    list_select_related = ["partner"]
    search_fields = ["name", "partner__code", "host"]
    readonly_fields = ["last_ok_at", "failures", "last_error", "next_try_at"]
    actions = ["test_connection"]
    fieldsets = [
        (None, {"fields": ["partner", "name", "kind", "active", "test_side"]}),
        ("How it fares", {"fields": ["last_ok_at", "failures", "last_error", "next_try_at"]}),
        ("SFTP, and the address of a socket", {
            "fields": ["host", "port", "user", "key_name", "passphrase_name", "known_hosts"],
        }),
        ("Fetching", {
            "fields": [
                "in_folder", "file_pattern", "after_fetch", "archive_folder", "poll_seconds", "stable_seconds",
            ],
        }),
        ("Sending", {"fields": ["out_folder"]}),
        ("Gateway", {"fields": ["receipt_folder", "taken_folder", "receipt_minutes"]}),
        ("Socket", {
            "fields": ["framing", "ack", "nak", "peers", "max_telegram_bytes", "max_clients", "idle_seconds"],
        }),
    ]  # fmt: skip

    @admin.action(description="Test connection", permissions=["change"])
    def test_connection(self, request: HttpRequest, channels: QuerySet[PartnerChannel]) -> None:
        for channel in channels.select_related("partner"):
            try:
                self.message_user(request, f"{channel}: {try_channel(channel)}", messages.SUCCESS)
            except Refused as refusal:
                self.message_user(request, f"{channel}: {refusal.message}", messages.ERROR)
            except Unreachable as error:
                self.message_user(request, f"{channel} does not answer: {error}", messages.ERROR)


@admin.register(FetchedFile)
class FetchedFileAdmin(Journal):
    list_display = ["fetched_at", "channel", "remote_path", "size", "placed_at", "removed_at", "receipt_at"]
    list_filter = ["channel"]
    list_select_related = ["channel__partner"]
    search_fields = ["remote_path", "sha256"]
    ordering = ["-id"]


class HoursRows(ByRole, TabularInline):
    model = WorkingHours
    extra = 0


class BreakRows(ByRole, TabularInline):
    model = PlannedBreak
    extra = 0


class SpecialDayRows(ByRole, TabularInline):
    model = SpecialDay
    extra = 0


@admin.register(OemCalendar)
class OemCalendarAdmin(ByRole, ModelAdmin):
    """Times are the plant's own; a shift that ends at or before its start ends on the next day."""

    list_display = ["plant", "name"]
    list_filter = ["plant"]
    list_select_related = ["plant"]
    inlines = [HoursRows, BreakRows, SpecialDayRows]


@admin.register(LinePulse)
class LinePulseAdmin(ByRole, ModelAdmin):
    list_display = [
        "partner", "line", "calendar", "expected_seconds", "allowed_seconds", "active", "last_at", "silent_since",
    ]  # fmt: skip
    list_filter = ["partner", "active"]
    list_select_related = ["partner", "line", "calendar__plant"]
    readonly_fields = ["last_at", "silent_since"]


@admin.register(TransmissionCounter)
class TransmissionCounterAdmin(Journal):
    """How far each count has come; a count that began anew is restarted on the gaps page."""

    list_display = ["partner", "series", "last_ref", "last_prepared", "seen_at"]
    list_filter = ["partner"]
    list_select_related = ["partner"]


@admin.register(SequenceCycle)
class SequenceCycleAdmin(Journal):
    """Rounds of the vehicle counts that wrap or that partners set back."""

    list_display = ["partner", "point", "name", "began", "last", "seen_at"]
    list_filter = ["partner"]
    list_select_related = ["partner"]


@admin.register(TransmissionGap)
class TransmissionGapAdmin(Journal):
    list_display = [
        "partner",
        "series",
        "first_ref",
        "last_ref",
        "status",
        "since",
        "closed_at",
        "by",
        "reason",
    ]
    list_filter = ["status", "partner"]
    list_select_related = ["partner", "by"]
    ordering = ["-id"]


@admin.register(LedgerClosing)
class LedgerClosingAdmin(Journal):
    list_display = ["day", "balanced", "closed_at", "chain"]
    list_filter = ["balanced"]
    ordering = ["-day"]


@admin.register(DeliveryConfirmation)
class DeliveryConfirmationAdmin(Journal):
    list_display = [
        "booked_at", "partner", "despatch_number", "customer_part", "shipped", "received", "difference", "discrepancy",
    ]  # fmt: skip
    list_filter = ["partner"]
    list_select_related = ["partner"]
    search_fields = ["despatch_number", "customer_part", "shipment__number"]
    ordering = ["-id"]
