"""Overrides: a supervisor lets one named check pass, at one place, for a time; each use counts and is reviewed.

What may be let pass is `OverrideWhat`, nothing else. What a part is, whose it is, a quality hold and the host check of
a changed call ask nobody here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from inventory.errors import Refused, Stale, Unknown
from inventory.statements import Given, Question, moment, number
from sequencer.clocks import our_clock
from sequencer.models import ComponentGroup, Line, Override, OverrideUse, ScanEvent, Station
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.spoken import spoken
from sequencer.states import OVERRIDE_MOVES, OverrideScope, OverrideStatus, OverrideWhat, check_move

TASK = "OVERRIDE_REVIEW"
# Ended longer ago than this and nobody has looked at it: it becomes somebody's task.
REVIEW_WITHIN = timedelta(hours=24)
ENDED = frozenset({OverrideStatus.USED, OverrideStatus.EXPIRED, OverrideStatus.REVOKED})
# What its words need.
SAID = ("station", "granted_by", "group__call_off", "line")
GRANTERS = ("supervisor", "administrator")


@dataclass(frozen=True, slots=True)
class Extent:
    """How far an override reaches: where, how long, and how many units at most."""

    scope: OverrideScope
    time: timedelta
    limit: int | None = None


# The only extents there are; every one ends by the clock.
EXTENTS = {
    "THIS-UNIT": Extent(OverrideScope.UNIT, timedelta(minutes=10), 1),
    "STATION-10-MIN": Extent(OverrideScope.STATION, timedelta(minutes=10)),
    "STATION-5-UNITS": Extent(OverrideScope.STATION, timedelta(minutes=60), 5),
    "LINE-10-MIN": Extent(OverrideScope.LINE, timedelta(minutes=10)),
}


def grant_override(
    station: Station,
    what: str,
    *,
    extent: str,
    reason: str,
    by: User,
    at: datetime,
    group: ComponentGroup | None = None,
) -> Override:
    """Lets one check pass. For the flow that has badge and PIN of `by`; runs in its scan's transaction.

    Refuses what is not in `OverrideWhat`, a person who may not, the operator of the station, a missing reason, and
    a second one while the same runs.
    """
    if what not in set(OverrideWhat):
        raise Refused(
            "not_overridable",
            gettext("Nobody may override %(what)s") % {"what": what.replace("_", " ").lower()},
        )
    if extent not in EXTENTS:
        raise Refused("no_extent", gettext("Choose how far: %(extents)s") % {"extents": ", ".join(EXTENTS)})
    if not reason.strip():
        raise Refused("reason_missing", gettext("Say why"))
    if not by.groups.filter(name__in=GRANTERS).exists():
        raise Refused("not_your_role", gettext("An override is for supervisors"))
    if by.pk == station.operator_id:
        raise Refused("own_override", gettext("Who works here does not grant it: another supervisor"))
    reach = EXTENTS[extent]
    if reach.scope is OverrideScope.UNIT and group is None:
        raise Refused("no_unit", gettext("No part is asked for: choose station or line"))
    own = group if reach.scope is OverrideScope.UNIT else None
    running = in_force(station, what, at=at, group_id=own.pk if own else None)
    if running is not None and running.status == OverrideStatus.GRANTED and running.scope == reach.scope:
        raise Refused(
            "runs_already",
            gettext("It runs already, until %(until)s") % {"until": our_clock(running.until)},
        )
    commodity = station.commodity
    assert commodity is not None  # a packing station has one by constraint
    line = commodity.program.line
    granted = Override.objects.create(
        line=line, station=station, what=what, scope=reach.scope, group=own, reason=reason[:60], granted_by=by,
        granted_at=at, operator=str(station.operator or "")[:60], until=at + reach.time, limit=reach.limit,
    )  # fmt: skip
    record_event(
        f"line:{line.pk}", "override_granted", station.code, at=at, by=by.get_username(), reason=reason,
        what=what, scope=reach.scope, until=granted.until.isoformat(), limit=reach.limit,
    )  # fmt: skip
    return granted


def in_force(
    station: Station, what: str, *, at: datetime, group_id: int | None = None, kept: bool = False
) -> Override | None:
    """The override that lets this check pass here now, the narrowest first.

    A unit that took the last of a limit keeps it to the end: its second serial is the same unit. `kept`: the scan was
    made while the station was cut off; what ran at its time counts though the clock has ended it since. One that was
    revoked meanwhile does not.
    """
    commodity = station.commodity
    if commodity is None:
        return None
    mine = Q(status=OverrideStatus.GRANTED)
    if kept:
        mine = Q(status__in=[OverrideStatus.GRANTED, OverrideStatus.EXPIRED], granted_at__lte=at)
    if group_id is not None:
        mine |= Q(status=OverrideStatus.USED, uses__group=group_id)
    where = Q(scope=OverrideScope.LINE) | Q(scope=OverrideScope.STATION, station=station)
    if group_id is not None:
        where |= Q(scope=OverrideScope.UNIT, station=station, group=group_id)
    found = Override.objects.filter(mine, where, line=commodity.program.line_id, what=what, until__gt=at)
    # UNIT, STATION, LINE: the alphabet happens to end with the narrowest.
    return found.select_related("granted_by").order_by("-scope", "pk").first()


def spend(overrides: Sequence[Override], scan: ScanEvent) -> None:
    """Counts what a scan used, in its transaction, after everything else is locked.

    Raises `Stale` when another station took the last unit or somebody revoked it meanwhile: the scan is judged again.
    """
    for _, override in sorted({found.pk: found for found in overrides}.items()):
        unit = Q(group=scan.group_id) if scan.group_id else Q(rack=scan.rack_id)
        known = OverrideUse.objects.filter(unit, override=override).exists()
        if not known:
            # A kept scan is counted on an override that has run out after it.
            ran = Q(status=OverrideStatus.GRANTED) | Q(
                status=OverrideStatus.EXPIRED, until__gt=scan.scanned_at
            )
            counted = (
                Override.objects.filter(ran, pk=override.pk)
                .filter(Q(limit__isnull=True) | Q(used__lt=F("limit")))
                .update(used=F("used") + 1)
            )
            if not counted:
                raise Stale(f"override {override.pk}")
            full = Override.objects.filter(
                pk=override.pk, status=OverrideStatus.GRANTED, limit__isnull=False, used__gte=F("limit")
            )
            full.update(
                status=OverrideStatus.USED, ended_at=scan.scanned_at, ended_by=str(scan.operator or "")[:60]
            )
        OverrideUse.objects.create(
            override=override, scan_id=scan.pk, recorded_at=scan.recorded_at, station_id=scan.station_id,
            operator=str(scan.operator or "")[:60], group_id=scan.group_id, rack_id=scan.rack_id,
        )  # fmt: skip


def expire_overrides(*, at: datetime) -> int:
    """Ends what ran out, and makes a task of what nobody reviewed within a day. For a sweep, safe to run twice."""
    ended = Override.objects.filter(status=OverrideStatus.GRANTED, until__lte=at).update(
        status=OverrideStatus.EXPIRED, ended_at=F("until"), ended_by="clock"
    )
    waiting = Override.objects.filter(status__in=ENDED, ended_at__lte=at - REVIEW_WITHIN)
    counts = dict(waiting.order_by().values_list("line").annotate(Count("pk")))
    for line in Line.objects.filter(pk__in=counts):
        with transaction.atomic():
            number = counts[line.pk]
            text = (
                f"{number} override{'s' if number > 1 else ''} of {line.name} wait for review since yesterday"
            )
            open_task(line, TASK, f"line {line.pk}", text, at=at)
    return ended


def revoke_override(override_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> Override:
    """Ends one before its time. Refuses without a reason and one that has ended already."""
    if not reason.strip():
        raise Refused("reason_missing", gettext("Say why it ends now"))
    with transaction.atomic(durable=True):
        found = _move(
            override_id, OverrideStatus.REVOKED, ended_at=at, ended_by=str(by)[:60], review_note=reason[:200]
        )
        record_event(
            f"line:{found.line_id}", "override_revoked", found.station.code, at=at, by=str(by), reason=reason
        )
    return found


def review_override(override_id: int, *, by: AbstractBaseUser, note: str, at: datetime) -> Override:
    """A person other than the one who granted it has looked at it. Refuses the granter, no note, and one that runs."""
    if not note.strip():
        raise Refused("note_missing", gettext("Say in a few words what you found"))
    with transaction.atomic(durable=True):
        known = Override.objects.filter(pk=override_id).first()
        if known is not None and known.granted_by_id == by.pk:
            raise Refused("own_override", gettext("You granted it: another person reviews it"))
        found = _move(
            override_id, OverrideStatus.REVIEWED, reviewed_by=by, reviewed_at=at, review_note=note[:200]
        )
        record_event(
            f"line:{found.line_id}", "override_reviewed", found.station.code, at=at, by=str(by), reason=note
        )
        if not Override.objects.filter(line=found.line_id, status__in=ENDED).exists():
            close_tasks(TASK, f"line {found.line_id}", at=at, note="all reviewed")
    return found


def _move(override_id: int, to: OverrideStatus, **fields: Any) -> Override:
    found = Override.objects.select_related("station").filter(pk=override_id).first()
    if found is None:
        raise Unknown(
            "no_override", gettext("there is no override %(override_id)s") % {"override_id": override_id}
        )
    check_move(OVERRIDE_MOVES, found.status, to, f"override {override_id}")
    if not Override.objects.filter(pk=override_id, status=found.status).update(status=to, **fields):
        raise Stale(f"override {override_id}")
    found.refresh_from_db()
    return found


def lines_of(station: Station) -> Q:
    """The lines a station's screen stands for: a dock loads for every line that delivers to it."""
    if station.commodity is not None:
        return Q(line=station.commodity.program.line_id)
    return Q(line__programs__unloading_point=station.unloading_point_id)


def override_banner(station: Station, at: datetime) -> list[dict[str, Any]]:
    if station.commodity is None:
        return banners(lines_of(station), at)
    return _told({pk for (pk,) in _running_on_line.rows(line=station.commodity.program.line_id, at=at)}, at)


def banners(where: Q, at: datetime) -> list[dict[str, Any]]:
    """What runs on these lines, soonest to end first."""
    running = Override.objects.filter(where, status=OverrideStatus.GRANTED, until__gt=at)
    return _told(set(running.order_by().values_list("pk", flat=True)), at)


def running_on(line: Given | OuterRef) -> QuerySet[Override]:
    """What runs on a line at the moment that is given as `at`."""
    return Override.objects.filter(
        line=line, status=OverrideStatus.GRANTED, until__gt=moment("at")
    ).order_by()


@Question
def _running_on_line() -> QuerySet[Any, tuple[int]]:
    return running_on(number("line")).values_list("pk")


def _told(ids: set[int], at: datetime) -> list[dict[str, Any]]:
    # Nearly every page of the floor asks this and hears nothing: the words are fetched only for what runs.
    found = Override.objects.filter(pk__in=ids).select_related(*SAID).order_by("until", "pk") if ids else ()
    return [banner(row, at) for row in found]


def banner(row: Override, at: datetime) -> dict[str, Any]:
    """One running override in words, with the time it has left."""
    said = (
        place(row),
        spoken(row.reason).lower(),
        row.granted_by.get_username(),
        count(row),
        gettext("%(time)s left") % {"time": left(row.until, at)},
    )
    word = gettext("OVERRIDE %(check)s") % {"check": words(row.what).upper()}
    return {"kind": "override", "word": word, "text": " · ".join(said), "until": row.until}


def words(what: str) -> str:
    return spoken(what).lower()


def place(override: Override) -> str:
    if override.scope == OverrideScope.LINE:
        return str(override.line)
    if override.scope == OverrideScope.UNIT and override.group is not None:
        sequence = override.group.call_off.sequence_number
        return gettext("%(sequence)s at %(station)s") % {
            "sequence": sequence,
            "station": override.station.code,
        }
    return override.station.code


def count(override: Override) -> str:
    told = gettext("%(used)s of %(limit)s used") if override.limit else gettext("%(used)s used")
    return told % {"used": override.used, "limit": override.limit}


def left(until: datetime, at: datetime) -> str:
    minutes = max(0, int((until - at).total_seconds() + 59) // 60)
    return f"{minutes} min"
