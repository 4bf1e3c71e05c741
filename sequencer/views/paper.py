"""Paper mode: whether the folder is fresh, the next racks as sheets, and all of them in one file."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Unknown
from sequencer.access import guarded
from sequencer.models import Line, PaperFolder, PaperRow, PaperSheet
from sequencer.services import paper
from sequencer.services.paper.folder import STALE, folder_of
from sequencer.services.paper.sheets import pdf_of
from sequencer.views.floor import pdf_answer

TYPED = 50


@guarded
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Each line's folder with its age, the sheets in it, and what was typed in last."""
    lines = Line.objects.filter(programs__isnull=False).distinct().select_related("plant", "paper")
    typed = PaperSheet.objects.filter(begun_at__isnull=False).select_related("rack", "packed_by", "station")
    return render(
        request,
        "offline/paper.html",
        {
            "lines": [_line(line) for line in lines],
            "typed": [_typed(sheet) for sheet in typed.order_by("-begun_at")[:TYPED]],
            "hours": settings.PAPER_HOURS,
            "section": "offline",
        },
    )


def _line(line: Line) -> dict[str, Any]:
    folder: PaperFolder | None = getattr(line, "paper", None)
    now = timezone.now()
    rendered = folder.rendered_at if folder else None
    age = now - rendered if rendered else None
    return {
        "line": line,
        "folder": folder,
        "path": folder_of(line),
        "minutes": int(age.total_seconds() // 60) if age is not None else None,
        "alarm": age is None or age > STALE or bool(folder and folder.problem),
        "sheets": _sheets(folder),
    }


def _sheets(folder: PaperFolder | None) -> list[PaperSheet]:
    codes = folder.sheets if folder else []
    found = {
        sheet.code: sheet
        for sheet in PaperSheet.objects.filter(code__in=codes).select_related(
            "rack__commodity__program__line__plant", "rack__carrier"
        )
    }
    return [found[code] for code in codes if code in found]


def _typed(sheet: PaperSheet) -> dict[str, Any]:
    rows = list(sheet.rows.select_related("typed_by"))
    return {
        "sheet": sheet,
        "packed": sum(row.outcome == PaperRow.Outcome.PACKED for row in rows),
        "different": [row for row in rows if row.outcome == PaperRow.Outcome.DIFFERENT],
        "by": rows[-1].typed_by if rows else None,
    }


@guarded
@require_POST
def render_now(request: HttpRequest, line_id: int) -> HttpResponseBase:
    paper.render_line(_of(line_id), at=timezone.now())
    return redirect("paper")


@guarded
@require_safe
def all_sheets(request: HttpRequest, line_id: int) -> HttpResponseBase:
    """Every sheet of the last rendering in the order to build."""
    line = _of(line_id)
    sheets = _sheets(getattr(line, "paper", None))
    if not sheets:
        raise Unknown("no_sheets", _("no sheets are rendered for %(line)s") % {"line": line})
    return pdf_answer(pdf_of(sheets, printed=timezone.now()), f"{line.code}-paper.pdf")


@guarded
@require_safe
def sheet(request: HttpRequest, code: str) -> HttpResponseBase:
    """One sheet as its calls stood then, whatever version."""
    found = PaperSheet.objects.select_related("rack__commodity__program__line__plant", "rack__carrier")
    one = found.filter(code=code).first()
    if one is None:
        raise Unknown("no_sheet", _("there is no sheet %(code)s") % {"code": code})
    return pdf_answer(pdf_of([one], printed=timezone.now()), f"{one.rack.number}-v{one.version}.pdf")


def _of(line_id: int) -> Line:
    line = Line.objects.select_related("plant", "paper").filter(pk=line_id).first()
    if line is None:
        raise Unknown("no_line", _("there is no line %(line_id)s") % {"line_id": line_id})
    return line
