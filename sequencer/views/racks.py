"""Racks: the list that its address filters, one rack with its move list, and the decision of a sealed one."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid
from sequencer.access import guarded
from sequencer.boards.racks import Asked, rack_detail, rack_list
from sequencer.services.racks import decide_sealed
from sequencer.states import SealedChoice
from sequencer.views.board import acted, person
from sequencer.views.rack_picture import rack_drawing


@guarded
@require_safe
def racks(request: HttpRequest) -> HttpResponseBase:
    names = ("q", "status", "commodity", "fill", "needs", "due", "age", "sort")
    given = {name: request.GET.get(name, "").strip() for name in names if request.GET.get(name)}
    page = request.GET.get("page", "")
    asked = Asked(**given, page=int(page) if page.isdecimal() and len(page) < 6 else 1)
    query = request.GET.copy()
    query.pop("page", None)
    table = rack_list(asked, at=timezone.now())
    context = {
        "table": table,
        "asked": asked,
        "filters": [
            (name, _(label), choices, getattr(asked, name), name not in ("status", "sort"))
            for (name, choices), label in zip(table["choices"].items(), LABELS, strict=True)
        ],
        "query": query.urlencode(),
        "section": "racks",
    }
    return render(request, "racks/list.html", context)


LABELS = (
    gettext_noop("Status"), gettext_noop("Commodity"), gettext_noop("Fill"), gettext_noop("Needs"), gettext_noop("Due"),
    gettext_noop("Age"), gettext_noop("Order"),
)  # fmt: skip


@guarded
@require_safe
def rack(request: HttpRequest, rack_id: int) -> HttpResponseBase:
    return render(request, "racks/detail.html", _page(rack_id))


@guarded
@require_safe
def rack_live(request: HttpRequest, rack_id: int) -> HttpResponseBase:
    return render(request, "racks/_rack.html", _page(rack_id))


@guarded
@require_safe
def rack_look(request: HttpRequest, rack_id: int) -> HttpResponseBase:
    """The drawing alone, for the dialog of the list."""
    return render(request, "racks/_look.html", _page(rack_id))


def _page(rack_id: int) -> dict[str, object]:
    page = rack_detail(rack_id, at=timezone.now())
    return {**page, "drawing": rack_drawing(page["view"]), "section": "racks"}


@guarded
@require_POST
def rack_decide(request: HttpRequest, rack_id: int) -> HttpResponseBase:
    """A supervisor reopens a sealed rack whose calls moved, or ships it as it is."""
    choice = request.POST.get("choice", "")
    if choice not in set(SealedChoice):
        raise Invalid("no_choice", _("choose: reopen the rack, or ship it as it is"))
    reason = request.POST.get("reason", "").strip()
    decide_sealed(rack_id, SealedChoice(choice), by=person(request), reason=reason, at=timezone.now())
    return acted()
