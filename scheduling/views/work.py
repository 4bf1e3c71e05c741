"""The work list of a resource: what is begun, what comes next, in the order of the published plan."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid, Unknown
from scheduling import services
from scheduling.models import Plan, Resource
from scheduling.states import OperationStatus, PlanStatus
from sequencer.access import guarded, may
from sequencer.views.board import person

SHOWN = 12


@guarded
@require_safe
def resources(request: HttpRequest) -> HttpResponseBase:
    """Which work list: every active resource with what it works on."""
    rows = Resource.objects.filter(active=True).select_related("work_centre").order_by("work_centre", "code")
    return render(request, "scheduling/work_lists.html", {"resources": rows, "section": "work"})


@guarded
@require_safe
def work(request: HttpRequest, code: str) -> HttpResponseBase:
    return render(request, "scheduling/work.html", _picture(request, code))


@guarded
@require_safe
def work_live(request: HttpRequest, code: str) -> HttpResponseBase:
    return render(request, "scheduling/_work.html", _picture(request, code))


@guarded
@require_POST
def work_do(request: HttpRequest, code: str) -> HttpResponseBase:
    """POST start or finish (an operation's id), with good for the pieces."""
    resource, by, at = _resource(code), person(request).get_username(), timezone.now()
    if "start" in request.POST:
        services.start_operation(_id(request.POST["start"]), resource_id=resource.pk, by=by, at=at)
    else:
        good = _count(request.POST.get("good", ""))
        services.finish_operation(_id(request.POST.get("finish", "")), good_count=good, by=by, at=at)
    return redirect("schedule-work", code)


def _picture(request: HttpRequest, code: str) -> dict[str, object]:
    resource = _resource(code)
    operations = list(services.work_list(resource.pk)[: SHOWN + 1])
    begun = [one for one in operations if one.operation_status == OperationStatus.IN_PROGRESS]
    waiting = [one for one in operations if one.operation_status == OperationStatus.OPEN]
    return {
        "resource": resource,
        # What it will be set up for when the next one comes: what runs now, else what ran last.
        "stands": begun[-1].key if begun else resource.state,
        "begun": begun,
        "next": waiting[0] if waiting else None,
        "later": waiting[1:SHOWN],
        "more": len(operations) > SHOWN,
        "plan": Plan.objects.filter(status=PlanStatus.PUBLISHED).defer("problem").first(),
        "works": may(request.user, "schedule-work-do"),
        "section": "work",
    }


def _resource(code: str) -> Resource:
    found = Resource.objects.filter(code=code).select_related("work_centre").first()
    if found is None:
        raise Unknown("unknown_resource", _("There is no resource %(code)s.") % {"code": code})
    return found


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Invalid("bad_id", _("That is no operation."))
    return int(text)


def _count(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Invalid("bad_count", _("Say how many good pieces there are.")) from None
