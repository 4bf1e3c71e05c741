"""Printers, who we are on labels, layouts and what is printed where; jobs and label numbers to read."""

from __future__ import annotations

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import TabularInline
from unfold.decorators import action

from inventory.errors import Refused, Unreachable
from inventory.rights import ByRole
from sequencer.admin import Journal, MasterData
from sequencer.channels import printers
from sequencer.models import (
    LabelIssuer,
    LabelLayout,
    LabelRecord,
    Printer,
    PrinterAssignment,
    PrintJob,
)


class AssignmentRows(ByRole, TabularInline):
    model = PrinterAssignment
    extra = 0
    autocomplete_fields = ["station"]


@admin.register(Printer)
class PrinterAdmin(MasterData):
    """What a printer said last is written by the queue; the test button asks it now."""

    actions_detail = ["test_label"]
    list_display = ["code", "name", "driver", "host", "port", "dpi", "state", "state_at", "active"]
    list_filter = ["driver", "state", "active"]
    search_fields = ["code", "name", "host"]
    fields = ["code", "name", "driver", "host", "port", "dpi", "answers", "folder", "active"]
    inlines = [AssignmentRows]

    def save_model(self, request: HttpRequest, obj: Printer, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and {"host", "port"} & set(form.changed_data):
            # Another device: it is asked now, not when the old one's turn would have come.
            Printer.objects.filter(pk=obj.pk).update(retry_at=None)

    @action(description="Print a test label", url_path="test", permissions=["change"])
    def test_label(self, request: HttpRequest, object_id: str) -> HttpResponse:
        printer = Printer.objects.filter(pk=object_id).first()
        if printer is None:
            raise Http404
        try:
            messages.success(request, f"{printer.code}: {printers.try_out(printer.pk)}")
        except (Refused, Unreachable) as error:
            messages.error(request, f"{printer.code}: {error}")
        return redirect("admin:sequencer_printer_change", printer.pk)


@admin.register(PrinterAssignment)
class PrinterAssignmentAdmin(MasterData):
    list_display = ["kind", "station", "printer", "rank"]
    list_filter = ["kind", "station", "printer"]
    list_select_related = ["station", "printer"]
    autocomplete_fields = ["station", "printer"]


@admin.register(LabelIssuer)
class LabelIssuerAdmin(MasterData):
    list_display = ["name", "agency", "company", "series", "active"]


@admin.register(LabelLayout)
class LabelLayoutAdmin(MasterData):
    list_display = ["kind", "plant", "design", "copies", "supplier_code"]
    list_filter = ["kind", "plant"]
    list_select_related = ["plant"]
    autocomplete_fields = ["plant"]


@admin.register(PrintJob)
class PrintJobAdmin(Journal):
    list_display = [
        "id",
        "kind",
        "subject",
        "station",
        "printer",
        "status",
        "asked_at",
        "asked_by",
        "problem",
    ]
    list_filter = ["status", "kind", "printer"]
    list_select_related = ["station", "printer"]
    search_fields = ["subject"]


@admin.register(LabelRecord)
class LabelRecordAdmin(Journal):
    list_display = ["number", "kind", "job", "issued_at", "void_at", "void_reason"]
    list_filter = ["kind"]
    list_select_related = ["job"]
    search_fields = ["number", "job__subject"]
