"""Incomplete sets with the decision to let one go, kit lists for pick carts, and which way commodities go."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from inventory.models import Part
from sequencer.access import guarded
from sequencer.models import Commodity, WorkRoute
from sequencer.services import racks_with_open_sets, release_sets
from sequencer.services.kits import kit_of, racks_to_kit, switch_from_next_rack, switches_of
from sequencer.services.kits import kit_pdf as paper_of
from sequencer.views.board import person

# More racks than anybody kits ahead.
SHOWN = 40
# Of what was switched before, so much is of use today.
ROUTES_SHOWN = 5


@guarded
@require_safe
def sets(request: HttpRequest) -> HttpResponseBase:
    return render(request, "sets/list.html", {"rows": racks_with_open_sets(), "section": "racks"})


@guarded
@require_POST
def sets_release(request: HttpRequest, rack_id: int) -> HttpResponseBase:
    """A supervisor lets a rack be sealed without the other half."""
    reason = request.POST.get("reason", "").strip()
    release_sets(rack_id, by=person(request), reason=reason, at=timezone.now())
    return redirect("sets")


@guarded
@require_safe
def kits(request: HttpRequest) -> HttpResponseBase:
    return render(request, "kits/list.html", {"racks": racks_to_kit()[:SHOWN], "section": "racks"})


@guarded
@require_safe
def kit(request: HttpRequest, rack_id: int) -> HttpResponseBase:
    context = {"kit": kit_of(rack_id, at=timezone.now()), "rack_id": rack_id, "section": "racks"}
    return render(request, "kits/kit.html", context)


@guarded
@require_safe
def kit_pdf(request: HttpRequest, rack_id: int) -> HttpResponseBase:
    answer = HttpResponse(paper_of(rack_id, at=timezone.now()), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="kit-{rack_id}.pdf"'
    return answer


@guarded
@require_safe
def routes(request: HttpRequest) -> HttpResponseBase:
    """Pick or build of every commodity, with what planners switched and from which rack on."""
    commodities = list(
        Commodity.objects.select_related("program__line", "route").order_by("program__line", "name")
    )
    switches = switches_of(commodity.pk for commodity in commodities)
    rows = [{"commodity": c, "switches": switches.get(c.pk, [])[::-1][:ROUTES_SHOWN],
             "parts": Part.objects.filter(family=c.family, active=True)} for c in commodities]  # fmt: skip
    return render(request, "kits/routes.html", {"rows": rows, "routes": WorkRoute.choices, "section": "kits"})


@guarded
@require_POST
def routes_switch(request: HttpRequest, commodity_id: int) -> HttpResponseBase:
    """From the next rack nobody has started."""
    said = {name: request.POST.get(name, "").strip() for name in ("route", "part", "reason")}
    switch_from_next_rack(
        commodity_id, said["route"], part_number=said["part"], by=str(person(request)), reason=said["reason"],
        at=timezone.now(),
    )  # fmt: skip
    return redirect("routes")
