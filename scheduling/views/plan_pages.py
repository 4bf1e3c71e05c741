"""Plans as pages: their list, a new one, a copy, publishing with what it changes, two of them side by side."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid
from scheduling import services
from scheduling.boards.plan import compared_gains, find_plan, first_start, plan_end, plan_in_hand
from scheduling.models import Plan, ScheduleRun
from scheduling.states import PlanStatus
from sequencer.access import guarded
from sequencer.views.board import acted, person

SHOWN_ORDERS = 30
SHOWN_PLANS = 40


@guarded
@require_safe
def plans(request: HttpRequest) -> HttpResponseBase:
    start = (timezone.localtime() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:00")
    page = {"section": "schedule", "tab": "plans", "plan": plan_in_hand(), "start": start}
    return render(request, "scheduling/plans.html", page | _list())


@guarded
@require_safe
def plans_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "scheduling/_plans.html", _list())


def _list() -> dict[str, Any]:
    plans = Plan.objects.select_related("copied_from").defer("problem", "copied_from__problem")
    refused = ScheduleRun.objects.filter(plan=OuterRef("pk")).exclude(publish_code="")
    rows = plans.annotate(unpublished=Exists(refused)).order_by("-number")[:SHOWN_PLANS]
    return {"rows": rows, "zone": settings.TIME_ZONE}


@guarded
@require_POST
def plan_make(request: HttpRequest) -> HttpResponseBase:
    """A draft of the open orders from the moment on that the form says, by the plant's clock."""
    made = services.plan_from_orders(
        start=_moment(request.POST.get("start", "")),
        by=person(request).get_username(), at=timezone.now(), name=request.POST.get("name", "").strip()[:80],
    )  # fmt: skip
    return _to_board(made)


@guarded
@require_POST
def plan_copy(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    return _to_board(services.copy_plan(plan_id, by=person(request).get_username(), at=timezone.now()))


def _to_board(plan: Plan) -> HttpResponseBase:
    """To its board, from a form as from a button of HTMX."""
    answer = redirect("schedule-plan", plan.pk)
    return HttpResponse(status=204, headers={"HX-Redirect": answer.headers["Location"]})


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise Invalid("no_moment", _("Say when the plan begins."))
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


@guarded
def plan_publish(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """What the floor would work by from now on, against what it works by; then published as it was seen."""
    plan = find_plan(plan_id)
    if request.method == "POST":
        version = request.POST.get("version", "")
        services.publish_plan(
            plan_id, version=int(version) if version.isdecimal() else -1,
            by=person(request).get_username(), at=timezone.now(),
        )  # fmt: skip
        return acted()
    floor = Plan.objects.filter(status=PlanStatus.PUBLISHED).first()
    page: dict[str, Any] = {"plan": plan, "floor": floor, "zone": settings.TIME_ZONE}
    if floor is not None:
        page |= _compared(floor, plan)
    return render(request, "scheduling/_publish.html", page)


@guarded
def plan_take_back(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """A published plan becomes a draft again, and the one before it holds."""
    plan = find_plan(plan_id)
    if request.method == "POST":
        services.unpublish_plan(plan_id, by=person(request).get_username(), at=timezone.now())
        return acted()
    return render(request, "scheduling/_take_back.html", {"plan": plan})


@guarded
@require_safe
def compare(request: HttpRequest) -> HttpResponseBase:
    """?before=&after= (ids): the two under one another. Without `before`: what is published, else its origin."""
    after = find_plan(_id(request.GET.get("after", "")))
    asked = request.GET.get("before", "")
    before = find_plan(_id(asked)) if asked else _other(after)
    page = {
        "section": "schedule", "tab": "plans", "plan": after, "zone": settings.TIME_ZONE,
        "before": before, "after": after, "end": max(plan_end(before), plan_end(after)),
        "first": min(first_start(before), first_start(after)),
        "sides": [(before, _("Before")), (after, _("After"))],
    }  # fmt: skip
    return render(request, "scheduling/compare.html", page | _compared(before, after))


def _compared(before: Plan, after: Plan) -> dict[str, Any]:
    compared = services.compare_plans(before.pk, after.pk)
    orders = [*compared.later, *compared.earlier]
    return {
        "compared": compared,
        "gains": compared_gains(compared),
        "bottleneck": max(compared.utilisation, key=lambda code: compared.utilisation[code][0], default=""),
        "shown_orders": orders[:SHOWN_ORDERS],
        "more_orders": max(0, len(orders) - SHOWN_ORDERS),
    }


def _other(plan: Plan) -> Plan:
    published = Plan.objects.filter(status=PlanStatus.PUBLISHED).exclude(pk=plan.pk).first()
    found = published or plan.copied_from or plan.replaced
    if found is None:
        raise Invalid(
            "nothing_to_compare",
            _("There is no other plan to compare with. Copy this one and change the copy."),
        )
    return found


def _id(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
