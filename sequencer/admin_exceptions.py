"""Admin of exceptions and quality holds: a journal; it is written by the floor and the quality page alone."""

from __future__ import annotations

from django.contrib import admin

from sequencer.admin import Journal
from sequencer.admin_clocks import due_column
from sequencer.models import FloorException, QualityHold


@admin.register(FloorException)
class FloorExceptionAdmin(Journal):
    list_display = ["at", "kind", "text", "reason", "by", due_column("due_at", "line.plant"), "resolved_at"]
    list_filter = ["kind", "line"]
    list_select_related = ["line__plant"]
    search_fields = ["text", "reason", "by"]
    ordering = ["-id"]


@admin.register(QualityHold)
class QualityHoldAdmin(Journal):
    list_display = ["id", "placed_at", "subject", "reason", "placed_by", "released_at", "released_by"]
    list_select_related = ["part", "group__call_off", "group__commodity"]
    search_fields = ["serial", "lot", "reason", "placed_by"]
    ordering = ["-id"]
