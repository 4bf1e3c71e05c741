"""The planner's page of demand that is not called in sequence."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sequencer.access import guarded
from sequencer.boards.demand import Asked, choices, demand_table


@guarded
@require_safe
def demand(request: HttpRequest) -> HttpResponseBase:
    """Per part the next days and weeks, the last change and how both counts stand. Filters are in the address."""
    names = ("q", "feed", "ship_to", "show")
    page = request.GET.get("page", "")
    asked = Asked(
        **{name: request.GET.get(name, "").strip() for name in names},
        page=int(page) if page.isdecimal() and len(page) < 6 else 1,
    )
    query = request.GET.copy()
    query.pop("page", None)
    table = demand_table(asked, today=timezone.localdate())
    context = {
        "table": table,
        "asked": asked,
        "choices": choices(),
        "query": query.urlencode(),
        "section": "demand",
    }
    return render(request, "demand/demand.html", context)
