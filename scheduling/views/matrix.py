"""The setup matrix: the grid, what a change or a file would do, and the file itself."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid
from scheduling.boards.matrix import matrix as matrix_grid
from scheduling.boards.plan import plan_in_hand
from scheduling.models import SetupTime
from scheduling.services.setup_matrix import (
    Entry,
    change_setup_times,
    entry_of,
    judge_setup_times,
    matrix_csv,
    read_matrix_csv,
)
from sequencer.access import guarded, may
from sequencer.views.board import acted, person

SHOWN = 40


@guarded
@require_safe
def matrix(request: HttpRequest) -> HttpResponseBase:
    asked = request.GET
    grid = matrix_grid(
        asked.get("resource", ""),
        day=timezone.localdate(),
        added=[key.strip() for key in asked.getlist("add")],
        begins=asked.get("begins", "").strip(),
    )
    page = {"section": "schedule", "tab": "matrix", "plan": plan_in_hand()}
    return render(
        request, "scheduling/matrix.html", grid | page | {"writes": may(request.user, "schedule-matrix-save")}
    )


@guarded
@require_POST
def preview(request: HttpRequest) -> HttpResponseBase:
    """What cells (`entries`, JSON) or a file (`file`) would change, with the form that does it."""
    upload = request.FILES.get("file")
    entries = read_matrix_csv(_text(upload)) if upload else _entries(request.POST.get("entries", "[]"))
    differences = judge_setup_times(entries)
    page = {
        "differences": differences[:SHOWN],
        "count": len(differences),
        "more": max(0, len(differences) - SHOWN),
    }
    return render(request, "scheduling/_matrix_preview.html", page | {"entries": json.dumps(_rows(entries))})


@guarded
@require_POST
def save(request: HttpRequest) -> HttpResponseBase:
    change_setup_times(
        _entries(request.POST.get("entries", "[]")),
        by=person(request).get_username(), reason=request.POST.get("reason", ""), at=timezone.now(),
    )  # fmt: skip
    return acted()


@guarded
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    rows = SetupTime.objects.select_related("resource")
    code = request.GET.get("resource", "")
    if code:
        rows = rows.filter(resource__code=code)
    headers = {"Content-Disposition": 'attachment; filename="setup-matrix.csv"'}
    return HttpResponse(matrix_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)


def _entries(text: str) -> list[Entry]:
    try:
        rows = json.loads(text)
    except ValueError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid("no_entries", _("The entries cannot be read."))
    return [entry_of(row, f"{row.get('from_key')} → {row.get('to_key')}") for row in rows]


def _rows(entries: list[Entry]) -> list[dict[str, Any]]:
    return [
        {
            "resource": entry.resource,
            "from_key": entry.from_key,
            "to_key": entry.to_key,
            "hours": "x" if entry.forbidden else "" if entry.hours is None else entry.hours,
            "valid_from": entry.valid_from.isoformat(),
            "valid_to": entry.valid_to.isoformat() if entry.valid_to else "",
        }
        for entry in entries
    ]


def _text(upload: Any) -> str:
    try:
        return str(upload.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Invalid("encoding", _("The file is not UTF-8 text; save it as CSV UTF-8.")) from None
