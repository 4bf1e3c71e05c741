"""Exceptions of the floor, as the address filters them."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid
from sequencer.access import guarded
from sequencer.boards.exceptions import Asked, exception_list
from sequencer.models import ComponentGroup
from sequencer.services.reorders import reorder_group
from sequencer.views.board import acted, person

LABELS = {"kind": "Kind", "state": "State", "line": "Line", "sort": "Order"}


@guarded
@require_safe
def exceptions(request: HttpRequest) -> HttpResponseBase:
    names = ("q", *LABELS)
    given = {name: request.GET.get(name, "").strip() for name in names if request.GET.get(name)}
    page = request.GET.get("page", "")
    asked = Asked(**given, page=int(page) if page.isdecimal() and len(page) < 6 else 1)
    query = request.GET.copy()
    query.pop("page", None)
    table = exception_list(asked, at=timezone.now())
    filters = [
        (name, LABELS[name], choices, getattr(asked, name), name != "sort")
        for name, choices in table["choices"].items()
    ]
    context = {
        "table": table,
        "asked": asked,
        "filters": filters,
        "query": query.urlencode(),
        "section": "exceptions",
    }
    return render(request, "exceptions/list.html", context)


@guarded
@require_POST
def reorder(request: HttpRequest) -> HttpResponseBase:
    """Orders the part of a built or delivered call once more."""
    call, family = request.POST.get("call", "").strip(), request.POST.get("family", "").strip()
    rows = ComponentGroup.objects.filter(replacement__isnull=True).exclude(call_off__stage="CANCELLED")
    if family:
        rows = rows.filter(commodity__family__iexact=family)
    found = list(rows.filter(call_off__call_number=call)[:2])
    found = found or list(rows.filter(call_off__sequence_number=call).order_by("-pk")[:2])
    if len(found) != 1:
        what = "several parts; say the family, or the call number" if found else "no such call"
        raise Invalid("no_call", f"{call[:40] or 'nothing'}: {what}")
    reorder_group(
        found[0].pk, by=str(person(request)), reason=request.POST.get("reason", ""), at=timezone.now()
    )
    return acted()
