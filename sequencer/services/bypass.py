"""Bypass register: a device is out of work, its approved alternate stands in, and what was packed meanwhile is known.

IATF 16949 8.5.6.1.1: an owner, a longest time, the pieces made under it, and a restart check before it is closed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale, Unknown
from inventory.statements import Given, Question, number
from sequencer.models import Bypass, BypassUnit, ComponentGroup, ProcessControl, Station
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.states import BYPASS_MOVES, BypassStatus, check_move

TASK = "BYPASS_OVERDUE"


def open_bypass(
    control_id: int,
    *,
    owner: User,
    minutes: int,
    reason: str,
    by: AbstractBaseUser,
    at: datetime,
    station: Station | None = None,
) -> Bypass:
    """The approved alternate stands in from now on. Locks the control.

    Refuses without a reason, for longer than the control allows, at a station of another line, and while the same
    device is bypassed there already.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("Say what is broken"))
    with transaction.atomic(durable=True):
        control = (
            ProcessControl.objects.select_for_update(no_key=True, of=("self",))
            .select_related("line")
            .filter(pk=control_id)
            .first()
        )
        if control is None:
            raise Unknown("no_control", _("there is no control %(control_id)s") % {"control_id": control_id})
        if not 1 <= minutes <= control.max_minutes:
            raise Refused(
                "too_long",
                _("%(device)s may be bypassed for 1 to %(max_minutes)s minutes")
                % {"device": control.device, "max_minutes": control.max_minutes},
            )
        if station is not None and (
            station.commodity is None or station.commodity.program.line_id != control.line_id
        ):
            raise Refused(
                "other_line",
                _("%(station)s is not at %(line)s") % {"station": station.code, "line": control.line},
            )
        mine = Q(station__isnull=True) | Q(station=station) if station is not None else Q()
        if Bypass.objects.filter(mine, control=control).exclude(status=BypassStatus.CLOSED).exists():
            raise Refused(
                "bypassed_already",
                _("%(device)s is bypassed already; close that first") % {"device": control.device},
            )
        bypass = Bypass.objects.create(
            control=control, station=station, owner=owner, reason=reason[:120], opened_at=at,
            opened_by=str(by)[:60], until=at + timedelta(minutes=minutes),
        )  # fmt: skip
        record_event(
            f"line:{control.line_id}", "bypass_opened", control.code, at=at, by=str(by), reason=reason,
            owner=owner.get_username(), until=bypass.until.isoformat(),
        )  # fmt: skip
    return bypass


def pass_restart_check(bypass_id: int, *, result: str, by: AbstractBaseUser, at: datetime) -> Bypass:
    """The device was tried and works again. Refuses without the result in words."""
    if not result.strip():
        raise Refused("result_missing", _("Say what the restart check showed"))
    return _move(
        bypass_id, BypassStatus.RESTARTED, "bypass_restarted", by=by, at=at, reason=result,
        checked_at=at, checked_by=str(by)[:60], check_result=result[:200],
    )  # fmt: skip


def fail_again(bypass_id: int, *, reason: str, by: AbstractBaseUser, at: datetime) -> Bypass:
    """It broke again after its restart check: the alternate goes on, the check counts for nothing."""
    if not reason.strip():
        raise Refused("reason_missing", _("Say what failed"))
    return _move(
        bypass_id, BypassStatus.OPEN, "bypass_failed_again", by=by, at=at, reason=reason,
        checked_at=None, checked_by="", check_result="",
    )  # fmt: skip


def close_bypass(bypass_id: int, *, note: str, by: AbstractBaseUser, at: datetime) -> Bypass:
    """The device checks again. Refuses before its restart check passed, and without a note on the pieces made."""
    if not note.strip():
        raise Refused("note_missing", _("Say what became of the pieces made under it"))
    return _move(
        bypass_id, BypassStatus.CLOSED, "bypass_closed", by=by, at=at, reason=note,
        closed_at=at, closed_by=str(by)[:60], close_note=note[:200],
    )  # fmt: skip


def _move(
    bypass_id: int,
    to: BypassStatus,
    kind: str,
    *,
    by: AbstractBaseUser,
    at: datetime,
    reason: str,
    **fields: Any,
) -> Bypass:
    with transaction.atomic(durable=True):
        bypass = Bypass.objects.select_related("control").filter(pk=bypass_id).first()
        if bypass is None:
            raise Unknown("no_bypass", _("there is no bypass %(bypass_id)s") % {"bypass_id": bypass_id})
        if to is BypassStatus.CLOSED and bypass.status == BypassStatus.OPEN:
            raise Refused(
                "no_restart_check",
                _("First the restart check: %(check)s") % {"check": bypass.control.restart_check},
            )
        check_move(BYPASS_MOVES, bypass.status, to, f"bypass of {bypass.control.device}")
        if not Bypass.objects.filter(pk=bypass_id, status=bypass.status).update(status=to, **fields):
            raise Stale(f"bypass {bypass_id}")
        if to is BypassStatus.CLOSED:
            close_tasks(TASK, _subject(bypass), at=at, note=reason)
        record_event(
            f"line:{bypass.control.line_id}", kind, bypass.control.code, at=at, by=str(by), reason=reason
        )
    bypass.refresh_from_db()
    return bypass


def note_units(station: Station, group: ComponentGroup, *, at: datetime) -> None:
    """Links pieces packed or exchanged here to every bypass that was open at that moment, which for a scan made offline
    lies back. In the scan's transaction; mostly one question.
    """
    commodity = station.commodity
    assert commodity is not None  # a packing station has one by constraint
    here = Q(station__isnull=True) | Q(station=station)
    stood = Q(closed_at__isnull=True) | Q(closed_at__gt=at)
    standing = Bypass.objects.filter(here, stood, control__line=commodity.program.line_id, opened_at__lte=at)
    ids = list(standing.values_list("pk", flat=True))
    if not ids:
        return
    units = group.units.values_list("pk", flat=True)
    rows = [BypassUnit(bypass_id=bypass, unit_id=unit, packed_at=at) for unit in units for bypass in ids]
    BypassUnit.objects.bulk_create(rows, ignore_conflicts=True)


def tell_overdue_bypasses(*, at: datetime) -> int:
    """Bypasses past their time become a task each. For a sweep, safe to run twice."""
    late = Bypass.objects.filter(until__lte=at, closed_at__isnull=True).select_related(
        "control__line", "owner"
    )
    for bypass in late:
        with transaction.atomic():
            owner = bypass.owner.get_username()
            text = f"BYPASS OVER ITS TIME: {bypass.control.device}, owner {owner}; restart or stop"
            open_task(bypass.control.line, TASK, _subject(bypass), text, at=at, due_at=bypass.until)
    return len(late)


def _subject(bypass: Bypass) -> str:
    return f"{bypass.control.code} {bypass.pk}"


def bypass_banner(station: Station, at: datetime) -> list[dict[str, Any]]:
    if station.commodity is not None:
        return _told({pk for (pk,) in _open_on_line.rows(line=station.commodity.program.line_id)}, at)
    return banners(Q(control__line__programs__unloading_point=station.unloading_point_id), at)


def banners(where: Q, at: datetime) -> list[dict[str, Any]]:
    """What is bypassed on these lines and what is done instead."""
    found = Bypass.objects.filter(where, closed_at__isnull=True)
    return _told(set(found.order_by().values_list("pk", flat=True)), at)


def open_on(line: Given | OuterRef) -> QuerySet[Bypass]:
    """What is bypassed on a line now."""
    return Bypass.objects.filter(control__line=line, closed_at__isnull=True).order_by()


@Question
def _open_on_line() -> QuerySet[Any, tuple[int]]:
    return open_on(number("line")).values_list("pk")


def _told(ids: set[int], at: datetime) -> list[dict[str, Any]]:
    # Nearly every page of the floor asks this and hears nothing: the words are fetched only for what stands.
    if not ids:
        return []
    found = Bypass.objects.filter(pk__in=ids).select_related("control", "station", "owner")
    return [
        {
            "kind": "bypass",
            "word": _("BYPASS %(device)s") % {"device": row.control.device.upper()},
            "text": _("%(station)s · do instead: %(alternate)s · %(stands)s")
            % {
                "station": row.station or _("line"),
                "alternate": row.control.alternate,
                "stands": _stands(row, at),
            },
            "until": row.until,
        }
        for row in found.order_by("until", "pk")
    ]


def _stands(bypass: Bypass, at: datetime) -> str:
    if bypass.status == BypassStatus.RESTARTED:
        return _("restart check passed, not closed yet")
    if bypass.until <= at:
        return _("OVER ITS TIME, call %(owner)s") % {"owner": bypass.owner.get_username()}
    return _("owner %(owner)s") % {"owner": bypass.owner.get_username()}
