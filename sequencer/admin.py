"""Master data of the core and the people of the plant. What verbs write is shown here and changed nowhere by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from rest_framework.authtoken.models import TokenProxy
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from inventory.errors import Refused
from inventory.rights import ByRole, ReadOnly
from sequencer import services
from sequencer.access import may
from sequencer.admin_clocks import due_column
from sequencer.models import (
    Badge,
    CallComponent,
    CallOff,
    Commodity,
    ComponentGroup,
    Heartbeat,
    Line,
    OemPlant,
    PlantEvent,
    Rack,
    ScanEvent,
    SequenceGap,
    SequenceStream,
    SequencingProgram,
    Shipment,
    Slot,
    Station,
    StreamHold,
    Task,
    Unit,
    UnloadingPoint,
)


def may_enter(request: HttpRequest) -> bool:
    """Who comes into admin stands in the table of roles, not in a flag of the user."""
    return bool(request.user.is_active and may(request.user, "admin"))


admin.site.has_permission = may_enter  # type: ignore[method-assign]


class MasterData(ByRole, ModelAdmin):
    """What people keep. A row that something refers to cannot be deleted (the database protects it)."""

    list_per_page = 50


class Journal(ReadOnly, ModelAdmin):
    list_per_page = 50
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Every field of the row; a due time as the list has it, on both clocks."""
        columns = {getattr(column, "admin_order_field", ""): column for column in self.list_display}
        return [columns.get(name, name) for name in super().get_fields(request, obj)]


class ReadOnlyRows(ReadOnly, TabularInline):
    extra = 0
    can_delete = False


# the OEM's side


class UnloadingPointRows(ByRole, TabularInline):
    model = UnloadingPoint
    extra = 0


class LineRows(ByRole, TabularInline):
    model = Line
    extra = 0


@admin.register(OemPlant)
class OemPlantAdmin(MasterData):
    list_display = ["code", "name", "customer", "time_zone", "transit_minutes"]
    list_select_related = ["customer"]
    search_fields = ["code", "name"]
    inlines = [LineRows, UnloadingPointRows]


@admin.register(UnloadingPoint)
class UnloadingPointAdmin(MasterData):
    list_display = ["code", "name", "plant", "racks_per_truck", "load_order", "trailer_type"]
    list_filter = ["plant"]
    list_select_related = ["plant"]
    search_fields = ["code", "name"]


@admin.register(Line)
class LineAdmin(MasterData):
    list_display = ["name", "code", "plant", "takt_seconds"]
    list_filter = ["plant"]
    list_select_related = ["plant"]
    search_fields = ["code", "name"]


class NextNumberForm(forms.Form):
    """Where a counter begins, or begins anew."""

    number = forms.IntegerField(
        min_value=0,
        label="Next number",
        help_text="Digits only, without prefix",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    reason = forms.CharField(
        max_length=200, help_text="Who told so, and where it is written", widget=UnfoldAdminTextInputWidget
    )


@admin.register(SequenceStream)
class SequenceStreamAdmin(MasterData):
    """Where a stream stands is moved by the verbs behind "Declare the next number", never by the form."""

    actions_detail = ["next_number"]
    list_display = ["line", "broadcast_point", "prefix", "width", "first", "last", "dense", "last_position"]
    list_filter = ["line", "dense"]
    list_select_related = ["line__plant"]
    readonly_fields = ["first_position", "last_position"]

    @action(description="Declare the next number", url_path="next", permissions=["change"])
    def next_number(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A page of its own, as the verb owns its transaction: cutover before the first call, or a new count."""
        stream = SequenceStream.objects.select_related("line__plant").filter(pk=object_id).first()
        if stream is None:
            raise Http404
        form, refused = NextNumberForm(request.POST or None), ""
        if form.is_valid():
            try:
                _declare_next(stream, **form.cleaned_data, by=request.user)
            except Refused as refusal:
                refused = refusal.message
            else:
                messages.success(request, f"{stream} goes on with {form.cleaned_data['number']}.")
                return redirect("admin:sequencer_sequencestream_change", stream.pk)
        last = stream.last_position
        page = {
            **self.admin_site.each_context(request),
            "title": "Declare the next number",
            "stream": stream,
            "form": form,
            "refused": refused,
            "standing": "nothing called yet" if last is None else f"last called {stream.counter.text(last)}",
            "meaning": STARTS if last is None else RESTARTS,
        }
        return render(request, "admin/stream_next.html", page)


STARTS = (
    "A file that is taken first although an earlier one is on its way then leaves a gap, instead of being taken for "
    "the beginning."
)
RESTARTS = (
    "The OEM began its count anew. The last racks of the old count are cut short so that they can go; what is open "
    "of it stays as it is."
)


def _declare_next(stream: SequenceStream, *, number: int, reason: str, by: Any) -> None:
    now = timezone.now()
    if stream.last_position is None:
        services.start_stream(stream.pk, number, at=now, by=str(by), reason=reason)
    else:
        services.restart_stream(stream.pk, number, by=by, reason=reason, at=now)


@admin.register(StreamHold)
class StreamHoldAdmin(Journal):
    list_display = ["ref", "stream", "reason", "after_position", "since", "released_at", "released_by"]
    list_filter = ["stream"]
    list_select_related = ["stream__line"]
    search_fields = ["ref", "reason"]
    ordering = ["-id"]


class CommodityRows(ByRole, TabularInline):
    model = Commodity
    extra = 0


@admin.register(SequencingProgram)
class SequencingProgramAdmin(MasterData):
    list_display = ["code", "name", "line", "unloading_point", "lead_minutes", "sequence_break", "active"]
    list_filter = ["active", "line"]
    list_select_related = ["line__plant", "unloading_point__plant"]
    search_fields = ["code", "name"]
    inlines = [CommodityRows]


# stations


@admin.register(Station)
class StationAdmin(MasterData):
    """The scanner's state is shown; only `record_scan` writes it."""

    list_display = [
        "code",
        "name",
        "kind",
        "commodity",
        "unloading_point",
        "operator",
        "lock_code",
        "last_scan_at",
    ]
    list_filter = ["kind"]
    list_select_related = ["commodity__program__line", "unloading_point__plant", "operator"]
    search_fields = ["code", "name"]
    actions = ["revoke_browsers"]
    fields = [
        "code",
        "name",
        "kind",
        "commodity",
        "unloading_point",
        "sequence_break",
        "break_after",
        "shows_steps",
        "wants_challenge",
        "twin_works",
    ]
    readonly_state = [
        "challenge_passed_at",
        "operator",
        "rack",
        "shipment",
        "lock_code",
        "lock_need",
        "lock_got",
        "locked_at",
        "replay_left",
        "hand_what",
        "set_aside",
        "andon_at",
        "enrolment",
        "last_scan_at",
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.readonly_state

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        sets: list[Any] = [(None, {"fields": self.fields})]
        return sets if obj is None else [*sets, ("As it stands now", {"fields": self.readonly_state})]

    @admin.action(description="Revoke every enrolled browser", permissions=["change"])
    def revoke_browsers(self, request: HttpRequest, queryset: QuerySet[Station]) -> None:
        count = queryset.update(enrolment=F("enrolment") + 1)
        messages.success(request, f"Browsers of {count} station(s) must be enrolled again.")


# people


class BadgeForm(forms.ModelForm):
    """A PIN is written, never shown: only its hash is kept."""

    new_pin = forms.RegexField(
        regex=r"^[0-9]{4,8}$",
        required=False,
        label="Set PIN",
        help_text="4 to 8 digits; empty keeps the present one. Needed for what a badge alone may not do.",
        error_messages={"invalid": "A PIN has 4 to 8 digits."},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "inputmode": "numeric"}),
    )
    language = forms.ChoiceField(
        choices=lambda: [("", "as the browser asks"), *settings.LANGUAGES],
        required=False,
        help_text="What this person is told things in, at every station and on every page.",
    )

    class Meta:
        model = Badge
        fields = ["code", "user", "language", "active"]

    def save(self, commit: bool = True) -> Badge:
        if self.cleaned_data.get("new_pin"):
            self.instance.set_pin(self.cleaned_data["new_pin"])
        return super().save(commit)


@admin.register(Badge)
class BadgeAdmin(MasterData):
    form = BadgeForm
    list_display = ["code", "user", "language", "has_pin", "shut_until", "active"]
    list_filter = ["active", "language"]
    actions = ["open_again"]
    list_select_related = ["user"]
    search_fields = ["code", "user__username", "user__first_name", "user__last_name"]
    autocomplete_fields = ["user"]

    @admin.display(boolean=True, description="PIN")
    def has_pin(self, badge: Badge) -> bool:
        return bool(badge.pin_hash)

    @admin.display(description="shut until")
    def shut_until(self, badge: Badge) -> datetime | None:
        until = badge.pin_shut_until
        return until if until is not None and until > timezone.now() else None

    @admin.action(description="Open badges that wrong PINs have shut")
    def open_again(self, request: HttpRequest, queryset: QuerySet[Badge]) -> None:
        count = queryset.update(wrong_pins=0, pin_shut_until=None)
        messages.success(request, f"{count} badge(s) may be used with their PIN again.")


class BadgeRows(ByRole, StackedInline):
    model = Badge
    form = BadgeForm
    extra = 0
    max_num = 1


admin.site.unregister([User, Group])


@admin.register(User)
class UserAdmin(ByRole, DjangoUserAdmin, ModelAdmin):
    """People are deactivated, not deleted: the journal names them."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "roles", "is_active", "last_login"]
    list_filter = ["groups", "is_active"]
    fieldsets = [
        (None, {"fields": ["username", "password", "first_name", "last_name", "email"]}),
        ("Roles", {"fields": ["groups", "is_active", "is_superuser"]}),
    ]
    filter_horizontal = ["groups"]
    inlines = [BadgeRows]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An administrator must not become a superuser by giving one a new password."""
        if obj is not None and obj.is_superuser and not getattr(request.user, "is_superuser", False):
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Only a superuser makes another."""
        return [] if getattr(request.user, "is_superuser", False) else ["is_superuser"]


@admin.register(Group)
class GroupAdmin(ReadOnly, DjangoGroupAdmin, ModelAdmin):
    """The roles are code; what each may do stands in `sequencer.access`."""

    fields = ["name"]


if admin.site.is_registered(TokenProxy):
    admin.site.unregister(TokenProxy)


@admin.register(TokenProxy)
class TokenAdmin(MasterData):
    """API tokens: one a user; delete it to revoke it."""

    list_display = ["user", "created"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    autocomplete_fields = ["user"]
    fields = ["user"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# what happened


class GroupRows(ReadOnlyRows):
    model = ComponentGroup
    fields = [
        "commodity",
        "status",
        "priority",
        "on_hold",
        "problem",
        "revision",
        "verified_at",
        "shipped_at",
    ]
    fk_name = "call_off"


@admin.register(CallOff)
class CallOffAdmin(Journal):
    list_display = [
        "call_number",
        "sequence_number",
        "program",
        "stage",
        "held",
        due_column("required_at", "program.line.plant"),
        "vin",
        "revision",
    ]
    list_filter = ["stage", "held", "program"]
    list_select_related = ["program__line__plant"]
    search_fields = ["call_number", "sequence_number", "vin", "production_number"]
    ordering = ["-id"]
    inlines = [GroupRows]


class ComponentRows(ReadOnlyRows):
    model = CallComponent
    fields = ["customer_part", "part", "quantity", "options", "called", "required"]


@admin.register(ComponentGroup)
class ComponentGroupAdmin(Journal):
    list_display = ["call_off", "commodity", "status", "priority", "on_hold", "problem"]
    list_filter = ["status", "on_hold", "commodity"]
    list_select_related = ["call_off", "commodity__program__line"]
    search_fields = ["call_off__call_number", "call_off__sequence_number", "call_off__vin"]
    ordering = ["-id"]
    inlines = [ComponentRows]


class SlotRows(ReadOnlyRows):
    model = Slot
    fields = ["number", "position", "group", "status", "packed_revision", "packed_at", "reason"]


@admin.register(Rack)
class RackAdmin(Journal):
    list_display = ["number", "commodity", "status", "low_position", "high_position", "carrier", "shipment"]
    list_filter = ["status", "commodity"]
    list_select_related = ["commodity__program__line", "carrier", "shipment"]
    search_fields = ["number", "carrier__code"]
    ordering = ["-id"]
    inlines = [SlotRows]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rack]:
        return super().get_queryset(request).prefetch_related("slots__group__call_off")


@admin.register(Unit)
class UnitAdmin(Journal):
    list_display = ["part", "serial", "status", "group", "taken_at"]
    list_filter = ["status"]
    list_select_related = ["part", "group__call_off", "group__commodity"]
    search_fields = ["serial", "part__number"]
    ordering = ["-id"]


@admin.register(Shipment)
class ShipmentAdmin(Journal):
    list_display = [
        "number", "kind", "unloading_point", "status", due_column("leaves_at", "unloading_point.plant"), "departed_at",
        "asn_status", "trip", "stop",
    ]  # fmt: skip
    list_filter = ["status", "kind", "asn_status", "unloading_point"]
    list_select_related = ["unloading_point__plant", "trip"]
    search_fields = ["number", "truck", "trip__number"]


@admin.register(SequenceGap)
class SequenceGapAdmin(Journal):
    list_display = [
        "sequence_number", "stream", "status", "opened_at", due_column("needed_by", "stream.line.plant"), "accepted_by",
        "reason",
    ]  # fmt: skip
    list_filter = ["status"]
    list_select_related = ["stream__line__plant", "accepted_by"]
    search_fields = ["sequence_number"]
    ordering = ["-id"]


@admin.register(ScanEvent)
class ScanEventAdmin(Journal):
    list_display = ["recorded_at", "station", "operator", "code", "accepted", "raw", "expected", "seen"]
    list_filter = ["accepted", "code", "station"]
    list_select_related = ["station", "operator"]
    search_fields = ["raw"]


@admin.register(PlantEvent)
class PlantEventAdmin(Journal):
    list_display = ["at", "topic", "kind", "subject", "by", "reason"]
    list_filter = ["kind"]
    search_fields = ["subject", "by"]
    ordering = ["-id"]


@admin.register(Task)
class TaskAdmin(Journal):
    list_display = [
        "kind",
        "subject",
        "line",
        "status",
        "opened_at",
        due_column("due_at", "line.plant"),
        "owner",
    ]
    list_filter = ["status", "kind", "line"]
    list_select_related = ["line__plant", "owner"]
    search_fields = ["subject", "text"]
    ordering = ["-id"]


@admin.register(Heartbeat)
class HeartbeatAdmin(Journal):
    list_display = ["name", "at"]


# They register their pages with the mixins above, so they come last.
from sequencer import (  # noqa: E402, F401
    admin_authority,
    admin_exceptions,
    admin_flow,
    admin_offline,
    admin_printing,
    admin_quantity,
    admin_racks,
    admin_shipping,
    admin_station,
)
