"""ANDON: an operator calls for help, a named person comes, and who does not come is told of again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from sequencer.models import Badge, Station, Task
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.services.verdicts import Judged
from sequencer.states import TaskStatus

TASK, ESCALATED = "ANDON", "ANDON_ESCALATED"
# Until somebody must be there, and until the next one up is told.
ANSWER_WITHIN, ESCALATE_AFTER = timedelta(minutes=2), timedelta(minutes=5)
HELPERS = ("supervisor", "quality", "logistics", "administrator")


def call_help(station: Station, *, at: datetime) -> bool:
    """Opens the call, in the scan's transaction; false when one is open already."""
    if station.andon_at is not None:
        return False
    station.andon_at = at
    commodity = station.commodity
    assert commodity is not None  # a packing station has one by constraint
    text = f"HELP at {station.code} {station.name}: {station.operator} calls"
    open_task(commodity.program.line, TASK, station.code, text, at=at, due_at=at + ANSWER_WITHIN)
    return True


def answer_andon(station: Station, badge: Badge, *, at: datetime) -> Judged | None:
    """The helper's badge at the station ends the call; the operator stays logged in. None: no helper's badge."""
    since = station.andon_at
    if since is None or not badge.user.groups.filter(name__in=HELPERS).exists():
        return None
    who = badge.user.get_username()
    station.andon_at = None
    seconds = int((at - since).total_seconds())
    for kind in (TASK, ESCALATED):
        close_tasks(kind, station.code, at=at, note=f"{who} came after {seconds} s")
    record_event(f"station:{station.pk}", "andon_answered", station.code, at=at, by=who, seconds=seconds)
    return Judged(
        "OK",
        "ANDON",
        seen=who,
        hint=_("%(name)s is here") % {"name": badge.user.get_short_name() or who},
    )


def escalate_andons(*, at: datetime) -> int:
    """Calls nobody answered become a second task, once each; for a sweep, safe to run twice."""
    late = Station.objects.filter(andon_at__lte=at - ESCALATE_AFTER).select_related(
        "commodity__program__line", "operator"
    )
    told = set(
        Task.objects.filter(kind=ESCALATED).exclude(status=TaskStatus.DONE).values_list("subject", flat=True)
    )
    count = 0
    for station in late:
        if station.code in told or station.commodity is None or station.andon_at is None:
            continue
        with transaction.atomic():
            minutes = int((at - station.andon_at).total_seconds() // 60)
            text = f"NOBODY CAME to {station.code} {station.name} for {minutes} min: {station.operator} needs help"
            open_task(
                station.commodity.program.line,
                ESCALATED,
                station.code,
                text,
                at=at,
                due_at=station.andon_at + ESCALATE_AFTER,
            )
        count += 1
    return count


def andon_banner(station: Station, at: datetime) -> list[dict[str, Any]]:
    """Shown until the helper's badge was scanned; after five minutes it says so."""
    if station.andon_at is None:
        return []
    late = at - station.andon_at >= ESCALATE_AFTER
    text = _("nobody came yet; the next one up is told") if late else _("the helper scans a badge here")
    return [
        {
            "kind": "andon",
            "word": _("HELP CALLED"),
            "text": text,
            "since": station.andon_at,
            "until": station.andon_at + ESCALATE_AFTER,
        }
    ]
