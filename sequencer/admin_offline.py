"""Admin of outages: certificates, sheets of paper mode and what was typed in of them, to be read only."""

from __future__ import annotations

from django.contrib import admin

from sequencer.admin import Journal, ReadOnlyRows
from sequencer.models import OfflineSpell, PaperRow, PaperSheet


class PaperRows(ReadOnlyRows):
    model = PaperRow


@admin.register(PaperSheet)
class PaperSheetAdmin(Journal):
    list_display = ["rack", "version", "code", "rendered_at", "packed_by", "begun_at", "done_at", "station"]
    list_filter = ["rack__commodity", "station"]
    list_select_related = ["rack", "packed_by", "station"]
    search_fields = ["code", "rack__number"]
    inlines = [PaperRows]


@admin.register(OfflineSpell)
class OfflineSpellAdmin(Journal):
    list_display = [
        "station",
        "since",
        "closed_at",
        "sent",
        "taken",
        "doubled",
        "holes",
        "tasks",
        "given_up_by",
    ]
    list_filter = ["station"]
    list_select_related = ["station"]
    search_fields = ["station__code", "spell"]
