"""The line boards and the decisions taken from them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Unknown
from sequencer import boards, services
from sequencer.access import guarded
from sequencer.models import Task

# Nobody scrolls a wall board: what is not pressing is counted.
WALL_ROWS, DESK_ROWS = 7, 40
SHOW = (
    ("gap", "gaps"),
    ("hold", "holds"),
    ("part", "parts"),
    ("station", "stations"),
    ("task", "tasks"),
    ("call", "calls"),
)


@guarded
@require_safe
def lines(request: HttpRequest) -> HttpResponseBase:
    return render(request, "board/lines.html", boards.lines_board(at=timezone.now()) | {"section": "lines"})


@guarded
@require_safe
def lines_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "board/_lines.html", boards.lines_board(at=timezone.now()))


@guarded
@require_safe
def line(request: HttpRequest, line_id: int) -> HttpResponseBase:
    page = _board(request, line_id)
    page |= {"section": "lines", "families": boards.families(line_id), "shows": SHOW}
    return render(request, "board/line.html", page)


@guarded
@require_safe
def line_live(request: HttpRequest, line_id: int) -> HttpResponseBase:
    return render(request, "board/_line.html", _board(request, line_id))


def _board(request: HttpRequest, line_id: int) -> dict[str, Any]:
    """As the address asks: ?family= one commodity, ?show= one kind of to-do, ?kiosk=1 a wall board."""
    kiosk, family = bool(request.GET.get("kiosk")), request.GET.get("family", "")
    page = boards.line_board(line_id, at=timezone.now(), family=family, names=not kiosk)
    show = request.GET.get("show", "")
    rows = [row for row in page["todo"] if show in ("", row["kind"])]
    most = WALL_ROWS if kiosk else DESK_ROWS
    page |= {"todo": rows[:most], "todo_more": max(0, len(rows) - most)}
    return page | {"kiosk": kiosk, "family": family, "show": show, "query": request.GET.urlencode()}


@guarded
@require_safe
def gap(request: HttpRequest, stream_id: int, first: int, last: int) -> HttpResponseBase:
    facts = boards.gap_facts(stream_id, first, last, at=timezone.now())
    return render(request, "board/_gap.html", {"gap": facts})


@guarded
@require_POST
def gap_accept(request: HttpRequest, stream_id: int, first: int, last: int) -> HttpResponseBase:
    services.accept_gap(stream_id, first, last, **_signed(request))
    return acted()


@guarded
@require_safe
def task(request: HttpRequest, task_id: int) -> HttpResponseBase:
    found = Task.objects.select_related("owner", "line__plant").filter(pk=task_id).first()
    if found is None:
        raise Unknown("no_task", _("That task is closed and gone."), task=task_id)
    return render(request, "board/_task.html", {"task": found})


@guarded
@require_POST
def task_acknowledge(request: HttpRequest, task_id: int) -> HttpResponseBase:
    services.acknowledge_task(task_id, by=person(request), at=timezone.now(), note=_words(request, "note"))
    return acted()


@guarded
@require_POST
def task_close(request: HttpRequest, task_id: int) -> HttpResponseBase:
    services.close_task(task_id, by=person(request), at=timezone.now(), note=_words(request, "note"))
    return acted()


def _signed(request: HttpRequest) -> dict[str, Any]:
    """Who decides, why and when: every decision carries the three."""
    at: datetime = timezone.now()
    return {"by": person(request), "reason": _words(request, "reason"), "at": at}


def _words(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").strip()


def person(request: HttpRequest) -> AbstractBaseUser:
    """The person behind a guarded request."""
    assert isinstance(request.user, AbstractBaseUser)
    return request.user


def acted() -> HttpResponse:
    """Done: the page closes its dialog and refreshes (see live.js)."""
    return HttpResponse(status=204, headers={"HX-Trigger": "acted"})
