"""Admin of rack planning: types drawn while they are typed, carriers and hold carts, commodities and their cuts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from inventory.errors import Refused
from inventory.rights import ByRole
from sequencer.admin import Journal, MasterData
from sequencer.admin_clocks import due_column
from sequencer.models import Carrier, Commodity, CutRule, LoosePiece, RackType, SealedMove
from sequencer.services.racks import cut_commodity_again
from sequencer.services.racks.picture import type_view
from sequencer.views.board import person
from sequencer.views.rack_picture import rack_drawing

DRAWN_BY = ("rows", "columns", "drawing", "path", "first_place", "build_order", "seen", "unload_face")


class RackTypeForm(forms.ModelForm):
    class Meta:
        model = RackType
        fields = [*DRAWN_BY, "code", "name", "slot_check_every"]
        widgets = {
            "drawing": UnfoldAdminTextareaWidget(
                attrs={
                    "rows": 8,
                    "spellcheck": "false",
                    "style": "font-family: monospace",
                    "placeholder": "o o o\no o o",
                }
            )
        }


@admin.register(RackType)
class RackTypeAdmin(MasterData):
    """A type is a small drawing; what it says is drawn beside it while it is typed, refusals included."""

    form = RackTypeForm
    list_display = [
        "code",
        "name",
        "places",
        "build_order",
        "path",
        "unload_face",
        "slot_check_every",
        "tare_kg",
    ]
    search_fields = ["code", "name"]
    readonly_fields = ["preview"]
    fieldsets = [
        (None, {"fields": ["code", "name", "slot_check_every", "tare_kg"]}),
        ("Drawing", {"fields": [("rows", "columns"), "drawing", ("path", "first_place"), ("seen", "unload_face"),
                                "build_order", "preview"]}),
    ]  # fmt: skip

    class Media:
        css = {"all": ["css/tokens.css", "css/rack.css", "css/rack_preview.css"]}
        js = ["js/rack_preview.js"]

    @admin.display(description="Places")
    def places(self, rack_type: RackType) -> int:
        return rack_type.capacity

    @admin.display(description="As it stands before the operator")
    def preview(self, rack_type: RackType | None) -> SafeString:
        return previewed(rack_type or RackType())

    def get_urls(self) -> list[Any]:
        own = path(
            "preview/", self.admin_site.admin_view(self.preview_view), name="sequencer_racktype_preview"
        )
        return [own, *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The drawing of what stands in the form now; nothing is stored."""
        typed: dict[str, Any] = {name: request.GET[name] for name in DRAWN_BY if name in request.GET}
        for name in ("rows", "columns"):
            number = typed.get(name, "")
            typed[name] = (
                int(number) if number.isascii() and number.isdigit() and 0 < int(number) <= 30 else 1
            )
        return HttpResponse(previewed(RackType(code="preview", **typed)))


def previewed(rack_type: RackType) -> SafeString:
    """Drawing and what is wrong with it, as a fragment of a page."""
    told: list[str] = []
    try:
        rack_type.clean_fields(exclude=["code", "name"])
        rack_type.clean()
    except ValidationError as error:
        told = error.messages
    try:
        view = type_view(rack_type)
    except Refused:
        return render_to_string("racks/_type.html", {"told": told})
    oem = type_view(rack_type, by_oem=True) if rack_type.unload_face == RackType.Face.BACK else None
    page = {
        "told": told,
        "view": view,
        "drawing": rack_drawing(view),
        "oem": rack_drawing(oem) if oem else None,
        "layout": rack_type.layout,
    }
    return render_to_string("racks/_type.html", page)


@admin.register(Carrier)
class CarrierAdmin(MasterData):
    list_display = ["code", "kind", "rack_type", "blocked"]
    list_filter = ["kind", "rack_type", "blocked"]
    list_select_related = ["rack_type"]
    search_fields = ["code"]


class CutRuleRows(ByRole, TabularInline):
    model = CutRule
    extra = 0


class ReasonForm(forms.Form):
    """Why the racks are cut again; the journal keeps it."""

    reason = forms.CharField(
        max_length=200, help_text="What changed, and who asked for it", widget=UnfoldAdminTextInputWidget
    )


@admin.register(Commodity)
class CommodityAdmin(MasterData):
    """Rules count for what is called from now on; "Cut again" applies them to the racks nobody has started."""

    actions_detail = ["cut_again"]
    list_display = ["family", "name", "program", "rack_type", "rides_with", "rack_prefix", "every_vehicle"]
    list_filter = ["program"]
    list_select_related = ["program", "rack_type", "rides_with__program__line"]
    search_fields = ["family", "name"]
    inlines = [CutRuleRows]

    @action(description="Cut again", url_path="cut-again", permissions=["change"])
    def cut_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A page of its own, as the verb owns its transaction."""
        commodity = Commodity.objects.select_related("program__line").filter(pk=object_id).first()
        if commodity is None:
            raise Http404
        form, refused = ReasonForm(request.POST or None), ""
        if form.is_valid():
            try:
                racks = cut_commodity_again(
                    commodity.pk, by=person(request), reason=form.cleaned_data["reason"], at=timezone.now()
                )
            except Refused as refusal:
                refused = refusal.message
            else:
                messages.success(request, f"{commodity}: {racks} racks that nobody has started.")
                return redirect("admin:sequencer_commodity_change", commodity.pk)
        page = {
            **self.admin_site.each_context(request),
            "title": "Cut again",
            "commodity": commodity,
            "form": form,
            "refused": refused,
        }
        return render(request, "admin/cut_again.html", page)


@admin.register(LoosePiece)
class LoosePieceAdmin(Journal):
    list_display = ["unit", "group", "slot", "cart", "place", "goes_on", "since", "reason"]
    list_filter = ["cart"]
    list_select_related = ["unit__part", "group__call_off", "group__commodity", "slot__rack", "cart"]


@admin.register(SealedMove)
class SealedMoveAdmin(Journal):
    list_display = [
        "rack",
        "group",
        "from_position",
        "to_position",
        due_column("due_at", "rack.commodity.program.line.plant"),
        "choice",
        "decided_by",
        "decided_at",
        "reason",
    ]
    list_filter = ["choice"]
    list_select_related = ["rack__commodity__program__line__plant", "group__call_off", "group__commodity"]
    search_fields = ["rack__number"]
