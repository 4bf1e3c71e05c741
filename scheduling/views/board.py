"""The scheduling board: the page of a plan, its live parts, its strip, and what is said of chosen bars."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from inventory.errors import Invalid
from scheduling import services
from scheduling.boards.plan import (
    chosen as chosen_bars,
)
from scheduling.boards.plan import (
    find_plan,
    first_start,
    plan_end,
    plan_in_hand,
    resources_asked,
    standing,
    strip,
    why,
)
from scheduling.models import Plan, Resource, WorkCentre
from scheduling.sayings import say
from scheduling.states import PlanStatus
from sequencer.access import guarded

ZOOMS = ("shift", "day", "week")
MOST_CHOSEN = 500


@guarded
@require_safe
def schedule(request: HttpRequest) -> HttpResponseBase:
    """The plan in hand, or what to do when there is none."""
    plan = plan_in_hand()
    if plan is not None:
        return redirect("schedule-plan", plan.pk)
    return render(request, "scheduling/empty.html", {"section": "schedule", "tab": "board"})


@guarded
@require_safe
def plan(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    found = find_plan(plan_id)
    return render(request, "scheduling/board.html", standing(found) | _asked(request) | _frame(found))


@guarded
@require_safe
def plan_live(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    return render(request, "scheduling/_live.html", standing(find_plan(plan_id)))


@guarded
@require_safe
def overview(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    return JsonResponse(strip(find_plan(plan_id)))


@guarded
@require_safe
def cautions(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """What to look at before a run, and what was told when the plan was made."""
    found = find_plan(plan_id)
    told = list(dict.fromkeys(say(one) for one in [*services.cautions(found.pk), *found.warnings]))
    return render(request, "scheduling/_cautions.html", {"cautions": told})


@guarded
@require_safe
def chosen(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """?operation= (one: why it stands there; several: their setup) and ?before=, the hours they had."""
    found = find_plan(plan_id)
    operations = [int(one) for one in request.GET.getlist("operation")[:MOST_CHOSEN] if one.isdecimal()]
    if not operations:
        raise Invalid("nothing_chosen", _("Choose at least one bar."))
    page = why(found, operations[0]) if len(operations) == 1 else chosen_bars(found, operations)
    before = {"before": request.GET.get("before", "")}
    frame = {"plan": found, "zone": settings.TIME_ZONE, "draft": found.status == PlanStatus.DRAFT}
    return render(request, "scheduling/_chosen.html", page | before | frame)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """What the address filters: ?work_centre=, ?resource= (several), ?late=1, ?order=, ?zoom=."""
    centre = request.GET.get("work_centre", "")
    chosen = [int(one) for one in request.GET.getlist("resource") if one.isdecimal() and len(one) < 10]
    zoom = request.GET.get("zoom", "")
    return {
        "work_centre": centre,
        "chosen_resources": chosen,
        "resource_ids": ",".join(map(str, resources_asked(centre, request.GET.getlist("resource")))),
        "late": bool(request.GET.get("late")),
        "order": request.GET.get("order", "").strip(),
        "zoom": zoom if zoom in ZOOMS else "day",
    }


def _frame(plan: Plan) -> dict[str, Any]:
    return {
        "section": "schedule",
        "tab": "board",
        "zone": settings.TIME_ZONE,
        "first": first_start(plan),
        "end": plan_end(plan),
        "operation_count": plan.operations.count(),
        "work_centres": WorkCentre.objects.values_list("code", flat=True),
        "all_resources": Resource.objects.filter(active=True),
    }
