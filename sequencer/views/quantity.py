"""Calls of a quantity: the list, one call, and what the planner does with them by name."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid
from sequencer.access import guarded
from sequencer.boards import quantity as board
from sequencer.models import QuantityCall, UnloadingPoint
from sequencer.services import quantity as verbs
from sequencer.services.quantity.emptying import empty_box
from sequencer.services.quantity.entering import read_entry
from sequencer.services.shipping import plan_box_truck
from sequencer.views.board import person

SECTION = {"section": "quantity"}


@guarded
@require_safe
def calls(request: HttpRequest) -> HttpResponseBase:
    """By due time; filters are in the address."""
    point = request.GET.get("point", "")
    context = board.calls(
        at=timezone.now(),
        show=request.GET.get("show", "open"),
        q=request.GET.get("q", "").strip(),
        point=int(point) if point.isdecimal() and len(point) < 10 else None,
    )
    return render(request, "quantity/list.html", context | SECTION)


@guarded
@require_safe
def call(request: HttpRequest, call_id: int) -> HttpResponseBase:
    return render(request, "quantity/call.html", board.call(call_id, at=timezone.now()) | SECTION)


@guarded
def enter(request: HttpRequest) -> HttpResponseBase:
    """A call by hand: telephone, paper, EDI down. The schedule that names it later becomes this call."""
    if request.method == "POST":
        said = {name: request.POST.get(name, "").strip() for name in
                ("point", "part", "pieces", "due", "line_feed", "signal", "cards", "reason")}  # fmt: skip
        news = read_entry(**{name: said[name] for name in said if name != "reason"})
        made, _ = verbs.call_quantity(
            news,
            source=QuantityCall.Source.HAND,
            by=str(person(request)),
            reason=said["reason"],
            at=timezone.now(),
        )
        return redirect("quantity-call", made.pk)
    points = UnloadingPoint.objects.select_related("plant")
    return render(request, "quantity/enter.html", {"points": points, "now": timezone.now(), **SECTION})


@guarded
@require_POST
def change(request: HttpRequest, call_id: int) -> HttpResponseBase:
    """Another quantity, or none: POST pieces and reason; `withdraw` takes the rest back."""
    by, reason, at = str(person(request)), request.POST.get("reason", ""), timezone.now()
    if "withdraw" in request.POST:
        verbs.withdraw_call(call_id, by=by, reason=reason, at=at)
    else:
        verbs.change_call(call_id, _pieces(request.POST.get("pieces", "")), by=by, reason=reason, at=at)
    return redirect("quantity-call", call_id)


@guarded
@require_POST
def empty(request: HttpRequest, box_id: int) -> HttpResponseBase:
    by, reason = str(person(request)), request.POST.get("reason", "")
    box = empty_box(box_id, by=by, reason=reason, at=timezone.now())
    return redirect("quantity-call", box.call_id)


@guarded
@require_POST
def truck(request: HttpRequest, point_id: int) -> HttpResponseBase:
    """A truck for the boxes that wait there."""
    shipment = plan_box_truck(point_id, by=str(person(request)), at=timezone.now())
    return redirect("shipment", shipment.pk)


def _pieces(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid("bad_quantity", f"{text or 'nothing'} is no count of pieces; write a whole number")
    return int(text)
