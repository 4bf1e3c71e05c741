"""Admin of authority: process controls and challenge labels are kept here; what verbs wrote is only shown."""

from __future__ import annotations

from django.contrib import admin

from sequencer.admin import Journal, MasterData, ReadOnlyRows
from sequencer.models import (
    Bypass,
    ChallengeLabel,
    ErrorProofingCheck,
    Override,
    OverrideUse,
    ProcessControl,
)


@admin.register(ChallengeLabel)
class ChallengeLabelAdmin(MasterData):
    list_display = ["station", "kind", "name", "raw", "active"]
    list_filter = ["station", "kind", "active"]
    list_select_related = ["station"]


@admin.register(ProcessControl)
class ProcessControlAdmin(MasterData):
    list_display = ["code", "device", "line", "alternate", "max_minutes", "approved_by", "approved_on"]
    list_filter = ["line"]
    list_select_related = ["line"]
    search_fields = ["code", "device"]


class OverrideUseRows(ReadOnlyRows):
    model = OverrideUse


@admin.register(Override)
class OverrideAdmin(Journal):
    list_display = [
        "granted_at",
        "what",
        "station",
        "scope",
        "reason",
        "granted_by",
        "used",
        "limit",
        "status",
        "reviewed_by",
    ]
    list_filter = ["status", "what", "line"]
    list_select_related = ["station", "granted_by", "reviewed_by"]
    inlines = [OverrideUseRows]


@admin.register(ErrorProofingCheck)
class ErrorProofingCheckAdmin(Journal):
    list_display = ["at", "station", "shift_at", "passed", "by"]
    list_filter = ["passed", "station"]
    list_select_related = ["station"]


@admin.register(Bypass)
class BypassAdmin(Journal):
    list_display = ["opened_at", "control", "station", "owner", "until", "status", "checked_by", "closed_at"]
    list_filter = ["status", "control"]
    list_select_related = ["control", "station", "owner"]
