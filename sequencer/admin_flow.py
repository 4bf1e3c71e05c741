"""Admin of release pacing and sets: the lead of a program, where its line is, and the families that belong together."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError

from sequencer.admin import Journal, MasterData
from sequencer.admin_clocks import due_column
from sequencer.models import (
    CommodityRoute,
    GroupRoute,
    LightCommand,
    LineConsumption,
    ReleasePace,
    RouteSwitch,
    SetRelease,
    SetRule,
    StationLights,
)


@admin.register(ReleasePace)
class ReleasePaceAdmin(MasterData):
    list_display = ["program", "lead_minutes", "trust_minutes"]
    list_select_related = ["program"]


@admin.register(LineConsumption)
class LineConsumptionAdmin(Journal):
    list_display = ["stream", "sequence_number", due_column("due_at", "stream.line.plant"), "consumed_at"]
    list_select_related = ["stream__line__plant"]


class SetRuleForm(forms.ModelForm):
    class Meta:
        model = SetRule
        fields = ["name", "commodities", "active"]

    def clean_commodities(self) -> object:
        """A set has two families at least, all of vehicles of one customer."""
        chosen = self.cleaned_data["commodities"]
        if len(chosen) < 2:
            raise ValidationError("A set has at least two families.")
        if len({commodity.program.line.plant.customer_id for commodity in chosen}) > 1:
            raise ValidationError("These families go to different customers; no vehicle has them all.")
        return chosen


@admin.register(SetRule)
class SetRuleAdmin(MasterData):
    form = SetRuleForm
    list_display = ["name", "families", "active"]
    filter_horizontal = ["commodities"]

    @admin.display(description="Families")
    def families(self, rule: SetRule) -> str:
        return ", ".join(str(commodity) for commodity in rule.commodities.all())


@admin.register(SetRelease)
class SetReleaseAdmin(Journal):
    list_display = ["decided_at", "rack", "rule", "call_off", "missing", "decided_by", "reason"]
    list_select_related = ["rack", "rule", "call_off"]


@admin.register(CommodityRoute)
class CommodityRouteAdmin(MasterData):
    list_display = ["commodity", "route"]
    list_select_related = ["commodity__program__line"]


@admin.register(RouteSwitch)
class RouteSwitchAdmin(Journal):
    list_display = ["decided_at", "commodity", "part", "route", "from_rack", "decided_by", "reason"]
    list_select_related = ["commodity__program__line", "part"]


@admin.register(GroupRoute)
class GroupRouteAdmin(Journal):
    list_display = ["decided_at", "group", "route", "decided_by", "reason"]
    list_select_related = ["group__call_off", "group__commodity"]


@admin.register(StationLights)
class StationLightsAdmin(MasterData):
    list_display = ["station", "colour", "slot_lights", "horn", "active"]
    list_select_related = ["station"]


@admin.register(LightCommand)
class LightCommandAdmin(Journal):
    list_display = [
        "id",
        "station",
        "kind",
        "address",
        "on",
        "quantity",
        "written_at",
        "acknowledged_at",
        "problem",
    ]
    list_filter = ["station", "kind"]
    list_select_related = ["station"]
    ordering = ["-id"]
