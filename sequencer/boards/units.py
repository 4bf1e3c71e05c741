"""How far a unit is, how long a line can wait, and the words for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext_noop

from sequencer.models import Commodity, Line, SequenceGap, Task
from sequencer.states import (
    CLOSED_RACKS,
    GONE_RACKS,
    SHIPPED_GROUPS,
    GapStatus,
    GroupStatus,
    SlotStatus,
    Stage,
    TaskStatus,
)

Board = dict[str, Any]

# What the OEM counts on; a preview may still move anywhere.
BINDING = [Stage.FIRM, Stage.PLANNED]
SAFE_RACKS = sorted(CLOSED_RACKS | GONE_RACKS)
SOON_MINUTES = 15

# From stopped to consumed; the least advanced commodity speaks for the vehicle.
WAY = (
    "hole",
    "unresolved",
    "reopened",
    "on_hold",
    "held",
    "called",
    "released",
    "work",
    "verified",
    "packed",
    "staged",
    "transit",
    "consumed",
)
GONE = frozenset({"transit", "consumed"})
# Nothing is said of what merely waits its turn.
WORDS = {
    "gap": gettext_noop("GAP"),
    "held": gettext_noop("HELD"),
    "hole": gettext_noop("hole"),
    "unresolved": gettext_noop("part?"),
    "reopened": gettext_noop("reopened"),
    "on_hold": gettext_noop("on hold"),
    "called": "",
    "released": "",
    "work": gettext_noop("in work"),
    "verified": gettext_noop("verified"),
    "packed": gettext_noop("packed"),
    "staged": gettext_noop("staged"),
    "transit": gettext_noop("in transit"),
    "consumed": gettext_noop("consumed"),
    "accepted": gettext_noop("gap accepted"),
    "cancelled": gettext_noop("cancelled"),
    "later": gettext_noop("not called"),
}
BY_STATUS = {
    GroupStatus.CREATED: "called",
    GroupStatus.RESOLVED: "called",
    GroupStatus.UNRESOLVED: "unresolved",
    GroupStatus.RELEASED: "released",
    GroupStatus.IN_WORK: "work",
    GroupStatus.VERIFIED: "verified",
    GroupStatus.PACKED: "packed",
    GroupStatus.MISSING: "hole",
    GroupStatus.REPAIR: "hole",
}


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What decides how far a unit is."""

    status: str
    required_at: datetime | None
    held: bool = False
    on_hold: bool = False
    slot: str | None = None
    rack: str | None = None


def progress(unit: UnitFacts, at: datetime) -> str:
    """The word of WAY for a unit. A stop (held, hole, unknown part) outranks how far the piece is."""
    if unit.status in SHIPPED_GROUPS:
        return "consumed" if unit.required_at and unit.required_at <= at else "transit"
    if unit.held or unit.on_hold:
        return "held" if unit.held else "on_hold"
    if unit.slot == SlotStatus.HOLE:
        return "hole"
    if unit.slot == SlotStatus.REOPENED:
        return "reopened"
    if unit.status == GroupStatus.PACKED and unit.rack in CLOSED_RACKS:
        return "staged"
    return BY_STATUS[GroupStatus(unit.status)]


def minutes(until: datetime | None, at: datetime) -> int | None:
    """Whole minutes left, rounded down: late is negative."""
    return None if until is None else int((until - at).total_seconds() // 60)


def level(left: int | None, need: float) -> str:
    """Red under the minutes the remedy takes, amber within a quarter of an hour of that."""
    if left is None or left >= need + SOON_MINUTES:
        return ""
    return "stop" if left < need else "soon"


def transit(line: Line) -> timedelta:
    return timedelta(minutes=line.plant.transit_minutes)


def line_head(line: Line) -> Board:
    return {
        "id": line.pk,
        "code": line.code,
        "name": line.name,
        "plant": line.plant.name,
        "zone": line.plant.time_zone,
        "takt": line.takt_seconds,
        "per_hour": round(3600 / line.takt_seconds),
        "transit": line.plant.transit_minutes,
    }


def concerns(gap: SequenceGap, commodity: Commodity) -> bool:
    """A missing position is a missing unit only where every vehicle has one."""
    return commodity.every_vehicle and gap.stream_id == commodity.program.stream_id


def open_gaps(lines: Sequence[Line]) -> dict[int, list[SequenceGap]]:
    """By line, in the order of the sequence."""
    found: dict[int, list[SequenceGap]] = {line.pk: [] for line in lines}
    gaps = SequenceGap.objects.filter(stream__line__in=lines, status=GapStatus.OPEN)
    for gap in gaps.select_related("stream").order_by("stream", "position"):
        found[gap.stream.line_id].append(gap)
    return found


def open_tasks(lines: Sequence[Line]) -> dict[int, list[Task]]:
    found: dict[int, list[Task]] = {line.pk: [] for line in lines}
    tasks = Task.objects.filter(line__in=lines).exclude(status=TaskStatus.DONE)
    for task in tasks.select_related("owner").order_by("due_at", "pk"):
        found[task.line_id].append(task)
    return found


def name_of(person: AbstractUser | None, *, names: bool = True) -> str:
    """The person's name; nothing on a wall board."""
    return (person.get_full_name() or person.get_username()) if person and names else ""
