"""What stands at a station when a scan arrives: its row under lock, then one look at all a check may need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from inventory.statements import Question, moment, number, text
from sequencer.models import Bypass, Override, QualityHold, ScanNonce, Station
from sequencer.services.scans.nonces import LENGTH


@dataclass(slots=True)
class Standing:
    """What may be true here now. A false one need not be asked about; a true one is asked in full where it counts."""

    known: bool = True
    held: bool = True
    overridden: bool = True
    bypassed: bool = True


def lock_station(station_id: int, nonce: str, *, at: datetime) -> tuple[Station, Standing] | None:
    """The station under its lock, with what it works on, and what stands there; None when there is no such station.

    Two queries on purpose. Whoever waited for the lock would get from one query the rows as they were joined before
    the wait: no operator, where one logged in meanwhile. Nothing is kept from one scan to the next.
    """
    if not _LOCK.rows(station=station_id):
        return None
    (station,) = _LOOK.rows(station=station_id, nonce=nonce[:LENGTH], at=at)
    return station, Standing(station.known, station.held, station.overridden, station.bypassed)


def _bare() -> QuerySet[Station, tuple[int]]:
    return (
        Station.objects.select_for_update(no_key=True)
        .filter(pk=number("station"))
        .values_list("pk")
        .order_by()
    )


def _looked_at() -> QuerySet[Any, Any]:
    line = OuterRef("commodity__program__line")
    # A scan that was kept while offline counts under the bypass that stood then, though it is closed by now.
    bypasses = Bypass.objects.filter(
        Q(station__isnull=True) | Q(station=OuterRef("pk")),
        Q(closed_at__isnull=True) | Q(closed_at__gt=moment("at")),
        control__line=line,
    )
    # What has ended may still count for a unit that took the last of it, or for a scan that was kept.
    overrides = Override.objects.filter(line=line, until__gt=moment("at"))
    return (
        Station.objects.select_related(
            "operator__badge",
            "commodity__program__line__plant",
            "commodity__program__stream",
            "commodity__rack_type",
            "rack",
            "lights",
        )
        .annotate(
            known=Exists(ScanNonce.objects.filter(station=OuterRef("pk"), nonce=text("nonce"))),
            held=Exists(QualityHold.objects.filter(released_at__isnull=True, group__isnull=True)),
            overridden=Exists(overrides),
            bypassed=Exists(bypasses),
        )
        .filter(pk=number("station"))
        .order_by()
    )


_LOCK, _LOOK = Question(_bare), Question(_looked_at)
