"""Quality holds: the list, placing one, one hold with where every piece is, and its release."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid, Unknown
from sequencer.access import guarded
from sequencer.models import ComponentGroup, QualityHold
from sequencer.services.quality import Caught, place_hold, release_hold, where_every_unit_is
from sequencer.states import OPEN_GROUPS
from sequencer.views.board import acted, person

SHOWN = 200


@guarded
@require_safe
def quality(request: HttpRequest) -> HttpResponseBase:
    state = request.GET.get("state", "open")
    holds = QualityHold.objects.select_related("part", "group__call_off", "group__commodity")
    if state in {"open", "released"}:
        holds = holds.filter(released_at__isnull=state == "open")
    context = {"holds": holds[:SHOWN], "state": state, "section": "quality"}
    return render(request, "quality/list.html", context)


@guarded
@require_safe
def quality_hold(request: HttpRequest, hold_id: int) -> HttpResponseBase:
    rows = QualityHold.objects.select_related("part", "group__call_off", "group__commodity")
    hold = rows.filter(pk=hold_id).first()
    if hold is None:
        raise Unknown("no_hold", _("there is no quality hold %(hold_id)s") % {"hold_id": hold_id})
    context = {"hold": hold, "found": where_every_unit_is(hold), "section": "quality"}
    return render(request, "quality/detail.html", context)


@guarded
@require_POST
def quality_place(request: HttpRequest) -> HttpResponseBase:
    said = {name: request.POST.get(name, "").strip() for name in ("part", "serial", "lot", "call")}
    caught = Caught(
        part=said["part"], serial=said["serial"], lot=said["lot"],
        made_from=_moment(request.POST, "from"), made_to=_moment(request.POST, "to"),
        group_id=_group(said["call"]),
    )  # fmt: skip
    place_hold(caught, by=str(person(request)), reason=request.POST.get("reason", ""), at=timezone.now())
    return acted()


@guarded
@require_POST
def quality_release(request: HttpRequest, hold_id: int) -> HttpResponseBase:
    release_hold(hold_id, by=str(person(request)), reason=request.POST.get("reason", ""), at=timezone.now())
    return acted()


def _moment(sent: Any, name: str) -> datetime | None:
    text = sent.get(name, "").strip()
    if not text:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise Invalid("bad_time", _("%(text)s is no time; choose day and time") % {"text": text[:20]})
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _group(call: str) -> int | None:
    """The only open group of a call number or sequence; several commodities are held by part or serial."""
    if not call:
        return None
    open_ = ComponentGroup.objects.filter(status__in=sorted(OPEN_GROUPS))
    found = list(open_.filter(call_off__call_number=call)[:2]) or list(
        open_.filter(call_off__sequence_number=call)[:2]
    )
    if len(found) != 1:
        many = (
            "several parts are open for it; say the part or the serial" if found else "nothing is open for it"
        )
        raise Invalid("no_call", _("call %(call)s: %(many)s") % {"call": call[:40], "many": many})
    return found[0].pk
