"""The operator's pages: scan station and dock. One question a screen; every scan is `record_scan`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from inventory.errors import Invalid, Refused, Unknown
from inventory.models import Part
from sequencer.access import guarded, may
from sequencer.forms import ScanForm
from sequencer.languages import following, speak_here
from sequencer.models import Rack, Station
from sequencer.services import Verdict, dock_view, offline, printing, record_event, record_scan, station_view
from sequencer.services.printing import DocumentKind
from sequencer.views import dock_picture, picture
from sequencer.views.enrolment import enrol, enrolled_station, station_of_page, topics_of
from sequencer.views.rack_picture import rack_drawing

# What a plain keyboard-wedge scanner does; a station with another one says so in these data attributes.
WEDGE = {"prefix": "", "suffix": "Enter Tab", "silence": 60, "gap": 35, "shortest": 4}
# A scan that waited longer than this in a browser is not the same shift's work any more.
OLDEST_SCAN = timedelta(hours=12)

PICTURE_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}

StationView = Callable[[HttpRequest, Station], HttpResponseBase]


def at_station(view: StationView) -> Callable[[HttpRequest, int], HttpResponseBase]:
    """Opens a station to the browser enrolled as it and to its page's groups; others learn who may."""

    @wraps(view)
    def gate(request: HttpRequest, station_id: int) -> HttpResponseBase:
        here = enrolled_station(request)
        station = here if here is not None and here.pk == station_id else _station(station_id)
        if (here is not None and here.pk == station.pk) or may(request.user, _page(station)):
            return view(request, station)
        return _turned_away(request, station, here)

    return never_cache(gate)


def _station(station_id: int) -> Station:
    found = station_of_page.first(station=station_id)
    if found is None:
        raise Unknown("no_station", _("there is no station %(station_id)s") % {"station_id": station_id})
    return found


def _page(station: Station) -> str:
    return "dock" if station.kind == Station.Kind.DOCK else "station"


def _turned_away(request: HttpRequest, station: Station, here: Station | None) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        return HttpResponse(_("This browser is not enrolled here."), status=401, content_type="text/plain")
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
    return HttpResponse(_html(request, station, template))


@require_GET
@at_station
def state(request: HttpRequest, station: Station) -> HttpResponseBase:
    """The parts of the page that change, after something happened elsewhere."""
    return HttpResponse(_html(request, station, _state_template(station)))


@require_POST
@at_station
def scan(request: HttpRequest, station: Station) -> HttpResponseBase:
    """One scan judged; the answer carries the verdict and the page as it stands after it."""
    form = ScanForm(request.POST)
    if not form.is_valid():
        raise Invalid("bad_scan", _("This is no scan: %(errors)s") % {"errors": ", ".join(form.errors)})
    now = timezone.now()
    at = _scanned_at(form.cleaned_data["scanned_at"], now)
    raw, nonce, asked = (form.cleaned_data[name] for name in ("raw", "nonce", "shown"))
    verdict = record_scan(station.pk, raw, nonce, at=at, now=now, shown=asked)
    html = _html(request, station, _state_template(station), verdict=verdict)
    return JsonResponse({"verdict": verdict.as_dict(), "html": html})


def _scanned_at(said: datetime, now: datetime) -> datetime:
    """The browser's own time of the scan, never in the future."""
    if said < now - OLDEST_SCAN:
        raise Invalid("old_scan", _("This scan waited too long; scan it again"))
    return min(said, now)


def _state_template(station: Station) -> str:
    return "dock/_state.html" if station.kind == Station.Kind.DOCK else "station/_state.html"


def _html(request: HttpRequest, station: Station, template: str, *, verdict: Verdict | None = None) -> str:
    """The page as it stands now, in the language of the badge that is signed on here, whoever is logged in."""
    at = timezone.now()
    dock = station.kind == Station.Kind.DOCK
    view = dock_view(station.pk, at=at) if dock else station_view(station.pk, at=at)
    with translation.override(view["language"] or translation.get_language()):
        return render_to_string(template, _shown(request, station, view, at, verdict), request)


def _shown(
    request: HttpRequest, station: Station, view: dict[str, Any], at: datetime, verdict: Verdict | None
) -> dict[str, Any]:
    """Everything the templates ask for, from one picture of the station."""
    dock = station.kind == Station.Kind.DOCK
    return {
        "view": view,
        "now_at": at,
        "address": reverse(_page(station), args=[station.pk]),
        "topics": ",".join(topics_of(station)),
        "wedge": WEDGE,
        "enrolled": enrolled_station(request) is not None,
        "languages": len(settings.LANGUAGES) > 1,
        "may_enrol": may(request.user, "station-enrol"),
        "judged": picture.judged(view, verdict),
        "ask_symbol": picture.ASK_SYMBOLS.get(view["ask"]["code"], "go"),
        "ask_long": picture.ask_long(view["ask"]),
        "commands": picture.commands(view),
        "last": picture.last_scans(view),
        "tray": picture.tray(view),
        "banners": picture.banners(view),
        "arrow": picture.arrow(view["buffer"].get("trend", "")) if "buffer" in view else None,
        **(_dock_parts(view) if dock else _station_parts(view)),
    }


def _station_parts(view: dict[str, Any]) -> dict[str, Any]:
    rack, now = view["rack"], view["now"]
    # Nothing is picked while a command, a badge or a put-back is asked for first.
    now = now if view["ask"]["code"] not in {"SUPERVISOR", "BADGE"} else None
    look, word = picture.buffer_look(view["buffer"]["minutes"])
    return {
        "now": now,
        "sequence": picture.split_sequence(now["sequence"]) if now else None,
        "then": [{**unit, **picture.split_sequence(unit["sequence"])} for unit in view["then"]],
        "drawing": rack_drawing(rack) if rack else None,
        "box_checks": picture.box_checks(view["box"], view["ask"]["code"]) if view["box"] else [],
        "standing": None if now else picture.standing(view),
        "manifest": bool(rack) and view["ask"]["code"] == "STAGE",
        "snapshot": json.dumps(offline.standing_of(view["station"]["id"]), separators=(",", ":")),
        "pack_key": offline.public_key(),
        "buffer_look": look,
        "buffer_word": word,
    }


def _dock_parts(view: dict[str, Any]) -> dict[str, Any]:
    map_ = dock_picture.trailer(view["shipment"]) if view["shipment"] else None
    racks = map_["racks"] if map_ else []
    return {
        "trailer": map_,
        "next_rack": dock_picture.hand(view, racks),
        "absent": [rack for rack in racks if rack["look"] in {"away", "awaited"}],
        "departed": picture.departed(view["departed"]),
        "commands": dock_picture.commands(view),
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


@require_POST
@at_station
def language(request: HttpRequest, station: Station) -> HttpResponseBase:
    """The next language, for this browser: nobody is signed on yet. A badge's own is changed by scanning LANGUAGE."""
    answer = HttpResponse(status=204)
    speak_here(answer, following(translation.get_language()))
    return answer


@require_safe
def part_picture(request: HttpRequest, part_id: int) -> HttpResponseBase:
    """The picture of a part from our own disk; for enrolled stations and every role of the plant."""
    if enrolled_station(request) is None and not may(request.user, "part-picture"):
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise _NotYours("not_your_role", _("This needs a role of the plant"))
    part = Part.objects.filter(pk=part_id).exclude(picture="").first()
    name = part.picture.name if part is not None else None
    if part is None or not name or not part.picture.storage.exists(name):
        raise Unknown("no_picture", _("part %(part_id)s has no picture") % {"part_id": part_id})
    kind = PICTURE_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
    answer = FileResponse(part.picture.open("rb"), content_type=kind)
    # The address carries the file's name: a new picture is another address.
    answer["Cache-Control"] = "private, max-age=86400"
    return answer


@require_safe
@at_station
def command_sheet(request: HttpRequest, station: Station) -> HttpResponseBase:
    """Every command, reason and badge of the station as barcodes to laminate."""
    content = printing.paper_now(DocumentKind.COMMAND_SHEET, station, at=timezone.now())
    return pdf_answer(content, f"{station.code}-commands.pdf")


@require_safe
def rack_manifest(request: HttpRequest, rack_id: int) -> HttpResponseBase:
    """The paper that hangs on the rack; for enrolled stations and every role of the plant."""
    if enrolled_station(request) is None and not may(request.user, "rack-manifest"):
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise _NotYours("not_your_role", _("This needs a role of the plant"))
    rack = Rack.objects.filter(pk=rack_id).first()
    if rack is None:
        raise Unknown("no_rack", _("there is no rack %(rack_id)s") % {"rack_id": rack_id})
    content = printing.paper_now(DocumentKind.MANIFEST, rack, at=timezone.now())
    return pdf_answer(content, f"{rack.number}-manifest.pdf")


class _NotYours(Refused):
    status = 403


def pdf_answer(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer
