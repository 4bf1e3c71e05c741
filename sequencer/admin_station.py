"""Admin of the station: what came out of its turn, to be read only."""

from __future__ import annotations

from django.contrib import admin

from sequencer.admin import Journal
from sequencer.models import SequenceBreak


@admin.register(SequenceBreak)
class SequenceBreakAdmin(Journal):
    list_display = ["found", "station", "asked", "policy", "outcome", "announced", "opened_at", "opened_by"]
    list_filter = ["outcome", "policy", "station"]
    list_select_related = [
        "found__call_off",
        "found__commodity",
        "asked__call_off",
        "asked__commodity",
        "station",
    ]
    search_fields = ["found__call_off__sequence_number", "found__call_off__call_number"]
