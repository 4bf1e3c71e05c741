"""Browsers enrolled as a station: a supervisor gives one a signed cookie, nobody has to log in there again.

The cookie carries the station and its enrolment count; raising the count revokes all its browsers.
The people at the station show themselves by badge.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from inventory.statements import Question, number
from sequencer.models import SequencingProgram, Station

COOKIE = "jis_station"
SALT = "sequencer.station"
LIFE = timedelta(days=400)  # browsers keep no cookie longer


def enrol(response: HttpResponse, station: Station) -> None:
    """Makes the browser that gets this answer the given station."""
    response.set_signed_cookie(
        COOKIE,
        f"{station.pk}:{station.enrolment}",
        salt=SALT,
        max_age=LIFE,
        httponly=True,
        samesite="Lax",
        secure=bool(settings.SESSION_COOKIE_SECURE),
    )


def enrolled_station(request: HttpRequest) -> Station | None:
    """The station this browser was enrolled as, if the enrolment still stands. Asked once a request."""
    if not hasattr(request, "_enrolled_station"):
        request._enrolled_station = _enrolled(request)  # type: ignore[attr-defined]
    found: Station | None = request._enrolled_station  # type: ignore[attr-defined]
    return found


def _enrolled(request: HttpRequest) -> Station | None:
    value = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=LIFE)
    key, _, count = (value or "").partition(":")
    if not key:
        return None
    station = station_of_page.first(station=int(key))
    return station if station is not None and station.enrolment == int(count) else None


@Question
def station_of_page() -> QuerySet[Station]:
    """A station with what tells its line and its dock."""
    joined = ("commodity__program", "unloading_point")
    return Station.objects.select_related(*joined).filter(pk=number("station")).order_by()


def topics_of(station: Station) -> list[str]:
    """What a station's page listens to: itself, its line, or its dock and the lines of its racks."""
    topics = [f"station:{station.pk}"]
    if station.commodity is not None:
        topics.append(f"line:{station.commodity.program.line_id}")
    if station.unloading_point_id is not None:
        topics.append(f"dock:{station.unloading_point_id}")
        lines = SequencingProgram.objects.filter(unloading_point=station.unloading_point_id, active=True)
        topics += [f"line:{pk}" for pk in sorted(set(lines.values_list("line", flat=True)))]
    return topics


def hears(request: HttpRequest, topic: str) -> bool:
    """May this enrolled browser listen to the topic?"""
    station = enrolled_station(request)
    return station is not None and topic in topics_of(station)
