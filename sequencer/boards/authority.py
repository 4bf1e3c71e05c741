"""What people let pass: overrides that run, wait for their review and were reviewed; and the count of the shift."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Q

from sequencer.models import Bypass, ErrorProofingCheck, Line, Override, ProcessControl, Station
from sequencer.services.bypass import banners as bypass_banners
from sequencer.services.overrides import ENDED, SAID, count, left, place, words
from sequencer.services.overrides import banner as override_banner
from sequencer.shifts import read_starts, shift_start
from sequencer.states import OverrideStatus

Board = dict[str, Any]
# Reviewed ones are shown so long; admin keeps all.
SHOWN = timedelta(days=7)
ROWS = 100
OWNERS = ("supervisor", "quality", "logistics", "administrator")


def overrides_board(*, at: datetime) -> Board:
    """Running, to review (oldest first), and lately reviewed; with the count of this shift by line."""
    rows = Override.objects.select_related(
        "station", "line__plant", "group__call_off", "granted_by", "reviewed_by"
    )
    waiting = rows.filter(Q(status__in=ENDED) | Q(status=OverrideStatus.GRANTED, until__lte=at))
    reviewed = rows.filter(status=OverrideStatus.REVIEWED, reviewed_at__gt=at - SHOWN)
    return {
        "running": [_row(o, at) for o in rows.filter(status=OverrideStatus.GRANTED, until__gt=at)],
        "waiting": [_row(o, at) for o in waiting.order_by("granted_at", "pk")[:ROWS]],
        "waiting_count": waiting.count(),
        "reviewed": [_row(o, at) for o in reviewed[:ROWS]],
        "lines": [
            {"name": line.name, "count": granted_this_shift(line, at)}
            for line in Line.objects.select_related("plant")
        ],
    }


def _row(override: Override, at: datetime) -> Board:
    return {
        "row": override,
        "what": words(override.what),
        "place": place(override),
        "zone": override.line.plant.time_zone,
        "count": count(override),
        "left": left(override.until, at),
        "reason": override.reason.lower().replace("-", " "),
        "ended": override.status in ENDED,
    }


def granted_this_shift(line: Line, at: datetime) -> int:
    start = shift_start(read_starts(line.shift_starts), line.plant.zone, at)
    return Override.objects.filter(line=line, granted_at__gte=start, granted_at__lte=at).count()


def bypass_board(*, at: datetime) -> Board:
    """The register: open ones first to run out, closed ones of late, and the last check of every challenged station."""
    rows = Bypass.objects.select_related("control__line__plant", "station", "owner").annotate(
        unit_count=Count("units")
    )
    checks = ErrorProofingCheck.objects.select_related("station")
    stations = Station.objects.filter(Q(wants_challenge=True) | Q(challenges__isnull=False)).distinct()
    return {
        "open": [
            {"row": row, "late": row.until <= at, "left": left(row.until, at)}
            for row in rows.filter(closed_at__isnull=True).order_by("until", "pk")
        ],
        "closed": rows.filter(closed_at__gt=at - 4 * SHOWN).order_by("-closed_at")[:ROWS],
        "controls": ProcessControl.objects.select_related("line"),
        "stations": Station.objects.filter(kind=Station.Kind.PACK),
        "owners": User.objects.filter(is_active=True, groups__name__in=OWNERS)
        .distinct()
        .order_by("username"),
        "challenged": [(station, checks.filter(station=station).first()) for station in stations],
    }


def line_authority(line: Line, at: datetime) -> Board:
    """For the line's board: what runs there, and how many were granted since the shift began."""
    start = shift_start(read_starts(line.shift_starts), line.plant.zone, at)
    running = Q(status=OverrideStatus.GRANTED, until__gt=at)
    rows = Override.objects.filter(running | Q(granted_at__gte=start), line=line)
    found = list(rows.select_related(*SAID).order_by("until", "pk"))
    runs = [row for row in found if row.status == OverrideStatus.GRANTED and row.until > at]
    return {
        "banners": [override_banner(row, at) for row in runs] + bypass_banners(Q(control__line=line), at),
        "overrides": sum(start <= row.granted_at <= at for row in found),
    }
