"""What people let pass and what stands in for a broken check. Every act is one verb."""

from __future__ import annotations

import csv

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid, Unknown
from sequencer import services
from sequencer.access import guarded
from sequencer.boards.authority import bypass_board, overrides_board
from sequencer.models import Bypass, Station
from sequencer.services.challenge_sheet import challenge_sheet
from sequencer.services.trace.recall import as_text
from sequencer.views.board import person


@guarded
@require_safe
def overrides(request: HttpRequest) -> HttpResponseBase:
    page = overrides_board(at=timezone.now())
    return render(request, "authority/overrides.html", page | {"section": "overrides"})


@guarded
@require_POST
def override_review(request: HttpRequest, override_id: int) -> HttpResponseBase:
    services.review_override(override_id, by=person(request), note=_said(request, "note"), at=timezone.now())
    return redirect("overrides")


@guarded
@require_POST
def override_revoke(request: HttpRequest, override_id: int) -> HttpResponseBase:
    services.revoke_override(
        override_id, by=person(request), reason=_said(request, "reason"), at=timezone.now()
    )
    return redirect("overrides")


@guarded
@require_safe
def bypass(request: HttpRequest) -> HttpResponseBase:
    page = bypass_board(at=timezone.now())
    return render(request, "authority/bypass.html", page | {"section": "bypass"})


@guarded
@require_POST
def bypass_open(request: HttpRequest) -> HttpResponseBase:
    owner = User.objects.filter(pk=_number(request, "owner"), is_active=True).first()
    if owner is None:
        raise Invalid("no_owner", _("choose who owns this bypass"))
    chosen = request.POST.get("station", "")
    station = (
        Station.objects.select_related("commodity__program").filter(pk=_number(request, "station")).first()
        if chosen
        else None
    )
    if chosen and station is None:
        raise Invalid("no_station", _("choose a station of the list, or the whole line"))
    services.open_bypass(
        _number(request, "control"),
        owner=owner,
        minutes=_number(request, "minutes"),
        reason=_said(request, "reason"),
        by=person(request),
        at=timezone.now(),
        station=station,
    )
    return redirect("bypass")


@guarded
@require_POST
def bypass_do(request: HttpRequest, bypass_id: int, act: str) -> HttpResponseBase:
    words, by, at = _said(request, "words"), person(request), timezone.now()
    if act == "restart":
        services.pass_restart_check(bypass_id, result=words, by=by, at=at)
    elif act == "fail":
        services.fail_again(bypass_id, reason=words, by=by, at=at)
    elif act == "close":
        services.close_bypass(bypass_id, note=words, by=by, at=at)
    else:
        raise Unknown("no_act", _("a bypass knows no %(act)s") % {"act": act})
    return redirect("bypass")


@guarded
@require_safe
def bypass_units(request: HttpRequest, bypass_id: int) -> HttpResponseBase:
    """Every piece packed under one bypass, as a file for quality."""
    found = Bypass.objects.select_related("control").filter(pk=bypass_id).first()
    if found is None:
        raise Unknown("no_bypass", _("there is no bypass %(bypass_id)s") % {"bypass_id": bypass_id})
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="bypass-{bypass_id}-units.csv"'
    rows = csv.writer(answer)
    rows.writerow(["part", "serial", "lot", "sequence", "packed_at"])
    for link in found.units.select_related("unit__part", "unit__group__call_off").iterator(chunk_size=1000):
        unit = link.unit
        sequence = unit.group.call_off.sequence_number if unit.group else ""
        facts = (unit.part.number, unit.serial, unit.lot, sequence, link.packed_at)
        rows.writerow([as_text(fact) for fact in facts])
    return answer


@guarded
@require_safe
def challenge_labels(request: HttpRequest, code: str) -> HttpResponseBase:
    """The challenge labels of a station as barcodes to laminate."""
    station = Station.objects.filter(code=code).first()
    if station is None:
        raise Unknown("no_station", _("there is no station %(code)s") % {"code": code})
    answer = HttpResponse(challenge_sheet(station), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{station.code}-challenge.pdf"'
    return answer


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Invalid("no_number", _("%(name)s is missing or no number") % {"name": name})
    return int(text)


def _said(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").strip()
