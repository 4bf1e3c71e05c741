"""The operator's pages: scan station and dock. One question a screen; every scan is `record_scan`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from inventory.errors import Invalid, Refused, Unknown
from sequencer import manifest
from sequencer.access import guarded, may
from sequencer.forms import ScanForm
from sequencer.models import Station
from sequencer.services import Verdict, dock_view, record_event, record_scan, station_view
from sequencer.views import picture
from sequencer.views.enrolment import enrol, enrolled_station, topics_of

# What a plain keyboard-wedge scanner does; a station with another one says so in these data attributes.
WEDGE = {"prefix": "", "suffix": "Enter Tab", "silence": 60, "gap": 35, "shortest": 4}
# A scan that waited longer than this in a browser is not the same shift's work any more.
OLDEST_SCAN = timedelta(hours=12)

StationView = Callable[[HttpRequest, Station], HttpResponseBase]


def at_station(view: StationView) -> Callable[[HttpRequest, int], HttpResponseBase]:
    """Opens a station to the browser enrolled as it and to its page's groups; others learn who may."""

    @wraps(view)
    def gate(request: HttpRequest, station_id: int) -> HttpResponseBase:
        station = _station(station_id)
        here = enrolled_station(request)
        if (here is not None and here.pk == station.pk) or may(request.user, _page(station)):
            return view(request, station)
        return _turned_away(request, station, here)

    return never_cache(gate)


def _station(station_id: int) -> Station:
    found = (
        Station.objects.select_related("commodity__program", "unloading_point").filter(pk=station_id).first()
    )
    if found is None:
        raise Unknown("no_station", f"there is no station {station_id}")
    return found


def _page(station: Station) -> str:
    return "dock" if station.kind == Station.Kind.DOCK else "station"


def _turned_away(request: HttpRequest, station: Station, here: Station | None) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        return HttpResponse("This browser is not enrolled here.", status=401, content_type="text/plain")
    if not request.user.is_authenticated and here is None:
        return redirect_to_login(request.get_full_path())
    return render(request, "station/closed.html", {"station": station, "here": here}, status=403)


@require_safe
@at_station
def page(request: HttpRequest, station: Station) -> HttpResponseBase:
    """The whole page of a station or dock."""
    if request.resolver_match and request.resolver_match.url_name != _page(station):
        return redirect(_page(station), station.pk)
    template = "dock/dock.html" if station.kind == Station.Kind.DOCK else "station/station.html"
    return render(request, template, _shown(request, station, at=timezone.now()))


@require_GET
@at_station
def state(request: HttpRequest, station: Station) -> HttpResponseBase:
    """The parts of the page that change, after something happened elsewhere."""
    return render(request, _state_template(station), _shown(request, station, at=timezone.now()))


@require_POST
@at_station
def scan(request: HttpRequest, station: Station) -> HttpResponseBase:
    """One scan judged; the answer carries the verdict and the page as it stands after it."""
    form = ScanForm(request.POST)
    if not form.is_valid():
        raise Invalid("bad_scan", f"This is no scan: {', '.join(form.errors)}")
    now = timezone.now()
    at = _scanned_at(form.cleaned_data["scanned_at"], now)
    raw, nonce, asked = (form.cleaned_data[name] for name in ("raw", "nonce", "shown"))
    verdict = record_scan(station.pk, raw, nonce, at=at, now=now, shown=asked)
    shown = _shown(request, station, at=timezone.now(), verdict=verdict)
    html = render_to_string(_state_template(station), shown, request)
    return JsonResponse({"verdict": verdict.as_dict(), "html": html})


def _scanned_at(said: datetime, now: datetime) -> datetime:
    """The browser's own time of the scan, never in the future."""
    if said < now - OLDEST_SCAN:
        raise Invalid("old_scan", "This scan waited too long; scan it again")
    return min(said, now)


def _state_template(station: Station) -> str:
    return "dock/_state.html" if station.kind == Station.Kind.DOCK else "station/_state.html"


def _shown(
    request: HttpRequest, station: Station, *, at: datetime, verdict: Verdict | None = None
) -> dict[str, Any]:
    """Everything the templates ask for, from one picture of the station."""
    dock = station.kind == Station.Kind.DOCK
    view = dock_view(station.pk, at=at) if dock else station_view(station.pk, at=at)
    return {
        "view": view,
        "now_at": at,
        "address": reverse(_page(station), args=[station.pk]),
        "topics": ",".join(topics_of(station)),
        "wedge": WEDGE,
        "enrolled": enrolled_station(request) is not None,
        "may_enrol": may(request.user, "station-enrol"),
        "judged": picture.judged(view, verdict),
        "ask_symbol": picture.ASK_SYMBOLS.get(view["ask"]["code"], "go"),
        "commands": picture.commands(view),
        "last": picture.last_scans(view),
        "tray": picture.tray(view),
        **(_dock_parts(view) if dock else _station_parts(view)),
    }


def _station_parts(view: dict[str, Any]) -> dict[str, Any]:
    rack, now = view["rack"], view["now"]
    look, word = picture.buffer_look(view["buffer"]["minutes"])
    return {
        "sequence": picture.split_sequence(now["sequence"]) if now else None,
        "then": [{**unit, **picture.split_sequence(unit["sequence"])} for unit in view["then"]],
        "drawing": picture.rack_drawing(rack) if rack else None,
        "standing": None if now else picture.standing(view),
        "manifest": bool(rack) and rack["status"] == "SEALED",
        "buffer_look": look,
        "buffer_word": word,
    }


def _dock_parts(view: dict[str, Any]) -> dict[str, Any]:
    racks = view["shipment"]["racks"] if view["shipment"] else []
    places = picture.trailer(racks)
    return {
        "places": places,
        "next_rack": next((rack for rack in places if rack["next"]), None),
        "absent": [rack for rack in places if rack["look"] in {"away", "awaited"}],
        "departed": picture.departed(view["departed"]),
    }


@guarded
def enrolment(request: HttpRequest, station_id: int) -> HttpResponseBase:
    """A supervisor makes this browser the station, for as long as the station's enrolment count stands."""
    station = _station(station_id)
    if request.method != "POST":
        here = enrolled_station(request)
        return render(
            request, "station/enrol.html", {"station": station, "here": here, "page": _page(station)}
        )
    with transaction.atomic():
        record_event(
            f"station:{station.pk}",
            "browser_enrolled",
            station.code,
            at=timezone.now(),
            by=request.user.get_username(),
        )
    answer = redirect(_page(station), station.pk)
    enrol(answer, station)
    return answer


@require_safe
@at_station
def command_sheet(request: HttpRequest, station: Station) -> HttpResponseBase:
    """Every command, reason and badge of the station as barcodes to laminate."""
    return _pdf(manifest.command_sheet(station), f"{station.code}-commands.pdf")


@require_safe
def rack_manifest(request: HttpRequest, rack_id: int) -> HttpResponseBase:
    """The paper that hangs on the rack; for enrolled stations and every role of the plant."""
    if enrolled_station(request) is None and not may(request.user, "rack-manifest"):
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise _NotYours("not_your_role", "This needs a role of the plant")
    paper = manifest.rack_manifest(rack_id, at=timezone.now())
    return _pdf(paper.content, f"{paper.number}-manifest.pdf")


class _NotYours(Refused):
    status = 403


def _pdf(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer
