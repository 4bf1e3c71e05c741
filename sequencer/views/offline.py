"""For a station that is cut off: its work pack before, its log after, and the certificates of all outages."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from inventory.errors import Invalid
from sequencer.access import guarded
from sequencer.labels import Kind, read_label
from sequencer.models import OfflineSpell, Station
from sequencer.services import offline
from sequencer.services.offline import KeptScan
from sequencer.services.offline.replay import KIND
from sequencer.services.verdicts import WORDS
from sequencer.views.board import person
from sequencer.views.floor import at_station

SHOWN = 50
LONGEST = 400


@require_GET
@at_station
def pack(request: HttpRequest, station: Station) -> HttpResponseBase:
    """The signed work pack. The body is sent as text: the signature is over these very bytes."""
    body = json.dumps(offline.work_pack(station.pk, at=timezone.now()), separators=(",", ":"))
    return JsonResponse({"body": body, "signature": offline.sign(body)})


@require_safe
@at_station
def worker(request: HttpRequest, station: Station) -> HttpResponseBase:
    """The service worker, served from the station's own address: it may keep this page and no other."""
    path = finders.find("js/offline/worker.js")
    if path is None:
        raise Invalid("no_worker", _("js/offline/worker.js is missing among the static files"))
    with open(path, "rb") as file:
        return HttpResponse(file.read(), content_type="text/javascript")


@require_POST
@at_station
def replay(request: HttpRequest, station: Station) -> HttpResponseBase:
    """A batch of the browser's log; the answer is the certificate as far as it goes."""
    now = timezone.now()
    said = _said(request.body)
    try:
        scans = [_scan(one) for one in said["scans"]]
        row = offline.replay(
            station.pk, str(said["spell"])[:40], scans,
            client=str(said["client"])[:40], pack=str(said["pack"])[:60], since=_time(said["since"]),
            skew=(_time(said["clock"]) - now).total_seconds(), last=bool(said["last"]), now=now,
            until=int(said["until"]) if said.get("until") else None,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("bad_log", _("this is no log of kept scans: %(error)s") % {"error": error}) from error
    return JsonResponse(certificate(row))


def certificate(row: OfflineSpell) -> dict[str, Any]:
    names = ("sent", "taken", "known", "agreed", "conflicts", "doubled", "holes", "tasks")
    return {"id": row.pk, "closed": row.closed_at is not None, **{name: getattr(row, name) for name in names}}


def _said(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise Invalid("bad_log", _("the log is no JSON")) from error
    if not isinstance(said, dict):
        raise Invalid("bad_log", _("the log is no JSON object"))
    return said


def _scan(one: dict[str, Any]) -> KeptScan:
    raw, nonce, code = str(one["raw"]), str(one["nonce"]), str(one["code"])
    if not 1 <= len(raw) <= LONGEST or not 8 <= len(nonce) <= 40 or code not in WORDS:
        raise ValueError(f"scan {one['counter']} is not as a station writes it")
    if read_label(raw).kind is Kind.PIN:
        raise ValueError("a PIN is never kept")
    shown = int(one["shown"]) if one.get("shown") else None
    return KeptScan(int(one["counter"]), nonce, raw, _time(one["at"]), code, str(one["step"]), shown)


def _time(text: Any) -> datetime:
    found = parse_datetime(str(text))
    if found is None or found.tzinfo is None:
        raise ValueError(f"{text!r} is no time with a zone")
    return found


@guarded
@require_POST
def give_up(request: HttpRequest, spell_id: int) -> HttpResponseBase:
    reason = request.POST.get("reason", "")
    offline.give_up(spell_id, by=person(request), reason=reason, at=timezone.now())
    return redirect("offline")


@guarded
@require_safe
def spells(request: HttpRequest) -> HttpResponse:
    """Every outage with its figures: sent, accepted, doubled, tasks."""
    rows = list(OfflineSpell.objects.select_related("station")[:SHOWN])
    return render(
        request,
        "offline/spells.html",
        {"rows": rows, "section": "offline", "kind": KIND, "now_at": timezone.now()},
    )
