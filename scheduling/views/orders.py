"""Manufacturing orders as a page: a file is judged, shown line by line, and taken as it was seen."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid, Refused
from scheduling import services
from scheduling.boards.orders import order_counts
from scheduling.boards.plan import plan_in_hand
from scheduling.services.order_files import COLUMNS, MOST_ROWS, NEEDED
from sequencer.access import guarded
from sequencer.views.board import person

# Refusals and changes first, as there the planner has something to do.
ORDER = ("refuse", "change", "create", "same")
SHOWN = 200


@guarded
@require_safe
def orders(request: HttpRequest) -> HttpResponseBase:
    page = {"section": "schedule", "tab": "orders", "plan": plan_in_hand(), "counts": order_counts()}
    file = {"needed": ", ".join(NEEDED), "other": ", ".join(COLUMNS[len(NEEDED) :]), "most": MOST_ROWS}
    return render(request, "scheduling/orders.html", page | file | _reckoned())


@guarded
@require_POST
def follow(request: HttpRequest) -> HttpResponseBase:
    """Planned orders are brought to what the releases ask; then how they come about, anew."""
    taken = services.take_releases(by=person(request).get_username(), at=timezone.now())
    return render(request, "scheduling/_reckoning.html", {"taken": taken} | _reckoned())


def _reckoned() -> dict[str, Any]:
    rows = services.reckon_releases(at=timezone.now())
    return {"reckonings": rows[:SHOWN], "more_parts": max(0, len(rows) - SHOWN), "zone": settings.TIME_ZONE}


@guarded
@require_safe
def template(request: HttpRequest) -> HttpResponseBase:
    """An example to fill in; semicolons, as most spreadsheets of the plant's languages part columns by them."""
    headers = {"Content-Disposition": 'attachment; filename="manufacturing-orders.csv"'}
    return HttpResponse(services.order_template(), content_type="text/csv; charset=utf-8", headers=headers)


@guarded
@require_POST
def judge(request: HttpRequest) -> HttpResponseBase:
    """What the file would do, line by line; nothing is stored."""
    raw = _uploaded(request)
    judged = services.judge_orders(services.read_order_file(raw))
    return _table(request, judged, {"seen": hashlib.sha256(raw).hexdigest()})


@guarded
@require_POST
def take(request: HttpRequest) -> HttpResponseBase:
    """The file that was looked at, whole; what was changed since then is refused."""
    raw = _uploaded(request)
    if hashlib.sha256(raw).hexdigest() != request.POST.get("seen"):
        raise Refused("not_seen", _("This is not the file that was checked. Check it again."))
    text = services.read_order_file(raw)
    judged = services.import_orders(text, by=person(request).get_username(), at=timezone.now())
    return _table(request, judged, {"taken": True})


def _uploaded(request: HttpRequest) -> bytes:
    upload = request.FILES.get("file")
    if upload is None:
        raise Invalid("no_file", _("Choose a file."))
    # One byte more than is taken tells the reader that it is too long.
    return bytes(upload.read(services.MOST_BYTES + 1))


def _table(request: HttpRequest, judged: list[services.Judged], more: dict[str, Any]) -> HttpResponseBase:
    counts = services.counts_of(judged)
    rows = sorted(
        (row for row in judged if row.does != "same"), key=lambda row: (ORDER.index(row.does), row.line)
    )
    page = {
        "counts": counts, "rows": rows[:SHOWN], "left_out": max(0, len(rows) - SHOWN),
        "news": counts["create"] + counts["change"],
    }  # fmt: skip
    return render(request, "scheduling/_orders_judged.html", page | more)
