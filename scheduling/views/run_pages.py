"""A run as the board shows it: asked for with its limits, followed while it searches, cancelled."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid
from scheduling import services
from scheduling.boards.plan import find_plan, has_other_steps, last_run
from scheduling.models import PlanningRules
from sequencer.access import guarded
from sequencer.views.board import acted, person


@guarded
def run_ask(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """The dialog of a run; posted, the run waits for a worker."""
    plan = find_plan(plan_id)
    if request.method != "POST":
        seconds = (PlanningRules.objects.first() or PlanningRules()).run_seconds
        asked = {"plan": plan, "seconds": f"{seconds:g}", "other_steps": has_other_steps(plan)}
        return render(request, "scheduling/_run_ask.html", asked)
    services.request_run(
        plan_id,
        seconds=_number(request, "seconds"),
        seed=int(_number(request, "seed") or 0),
        keep=bool(request.POST.get("keep")),
        version=int(_number(request, "version") or 0),
        by=person(request).get_username(),
        at=timezone.now(),
    )
    return acted()


@guarded
@require_safe
def run_panel(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """How far the run of a plan is; asks again by itself as long as it is under way."""
    plan = find_plan(plan_id)
    return render(request, "scheduling/_run.html", {"plan": plan} | last_run(plan))


@guarded
@require_POST
def run_stop(request: HttpRequest, run_id: int) -> HttpResponseBase:
    services.cancel_run(run_id, by=person(request).get_username(), at=timezone.now())
    return acted()


@guarded
@require_POST
def run_seen(request: HttpRequest, run_id: int) -> HttpResponseBase:
    """A planner takes note that the run did not publish its plan."""
    services.see_unpublished(run_id, by=person(request).get_username(), at=timezone.now())
    return render(request, "scheduling/_alarms.html")


@guarded
@require_safe
def alarms(request: HttpRequest) -> HttpResponseBase:
    """What every page of the schedule says on top."""
    return render(request, "scheduling/_alarms.html")


def _number(request: HttpRequest, name: str) -> float | None:
    text = request.POST.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise Invalid("no_number", _("%(text)s is no number.") % {"text": text}) from None
