"""Buffer tiles: one a commodity of a line.

Buffer minutes answer "when does the OEM's line miss us": the moment the first unit that is not yet safe must
leave, less now. Safe means in its slot in a rack that has passed the host check. A missing call counts too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from sequencer.boards.units import (
    BINDING,
    SAFE_RACKS,
    SOON_MINUTES,
    WORDS,
    Board,
    UnitFacts,
    concerns,
    level,
    minutes,
    progress,
    transit,
)
from sequencer.models import Commodity, ComponentGroup, Line, SequenceGap, Slot
from sequencer.services.pacing import first_waiting, waits_until
from sequencer.states import OPEN_GROUPS, GroupStatus, SlotStatus

# The bar shows units due from just consumed to this far ahead.
HORIZON = timedelta(hours=3)
JUST_CONSUMED = timedelta(minutes=10)
TREND = timedelta(minutes=15)
# Host check, staging and loading of a rack that is full.
LOAD_MINUTES = 10

Gaps = Mapping[int, list[SequenceGap]]
Limits = Mapping[int, ComponentGroup]
# (position, sequence, state)
Unit = tuple[int, str, str]
# (must leave by, sequence, is a gap)
Limit = tuple[datetime, str, bool]


def tiles(lines: Sequence[Line], gaps: Gaps, at: datetime, family: str = "") -> dict[int, list[Board]]:
    """The tiles of each line."""
    commodities = list(_commodities(lines, at, family))
    wanted = {pk for c in commodities for pk in (c.limit_group, c.limit_before, c.sealed_since) if pk}
    limits = {g.pk: g for g in ComponentGroup.objects.filter(pk__in=wanted).select_related("call_off")}
    units = _units_in_sight(commodities, at)
    by_line = {line.pk: line for line in lines}
    found: dict[int, list[Board]] = {line.pk: [] for line in lines}
    for commodity in commodities:
        line = by_line[commodity.program.line_id]
        own = [gap for gap in gaps[line.pk] if concerns(gap, commodity)]
        tile = _tile(commodity, line, limits, own, units[commodity.pk], at)
        found[line.pk].append(tile | {"waits_until": _waits(commodity, at), "zone": line.plant.time_zone})
    return found


def _unsafe() -> QuerySet[ComponentGroup]:
    """Units the OEM counts on that are not yet in a sealed rack. What the OEM set out is not counted on."""
    return ComponentGroup.objects.filter(
        status__in=sorted(OPEN_GROUPS),
        call_off__stage__in=BINDING,
        call_off__held=False,
        call_off__required_at__isnull=False,
    ).exclude(slot__status=SlotStatus.FILLED, slot__rack__status__in=SAFE_RACKS)


def _commodities(lines: Sequence[Line], at: datetime, family: str) -> QuerySet[Any]:
    """With the unit that limits the buffer now, and what may have limited it a quarter of an hour ago."""
    unsafe = _unsafe().filter(commodity=OuterRef("pk")).order_by("call_off__required_at", "pk")
    sealed_since = Slot.objects.filter(
        rack__commodity=OuterRef("pk"), rack__sealed_at__gt=at - TREND, group__isnull=False
    ).order_by("group__call_off__required_at")
    found = Commodity.objects.filter(program__line__in=lines, program__active=True)
    if family:
        found = found.filter(family=family)
    return (
        found.select_related("rack_type", "program__stream")
        .annotate(
            limit_group=Subquery(unsafe.values("pk")[:1]),
            limit_before=Subquery(unsafe.filter(call_off__created_at__lte=at - TREND).values("pk")[:1]),
            sealed_since=Subquery(sealed_since.values("group")[:1]),
            waits_for=Subquery(
                first_waiting().filter(commodity=OuterRef("pk")).values("call_off__required_at")[:1]
            ),
        )
        .order_by("program__line", "program__code", "family")
    )


def _waits(commodity: Any, at: datetime) -> datetime | None:
    """When its next call is given to the floor, where a pace holds it back."""
    return waits_until(commodity.program_id, commodity.waits_for, at=at) if commodity.waits_for else None


def _tile(
    commodity: Any,
    line: Line,
    limits: Limits,
    gaps: Sequence[SequenceGap],
    units: Sequence[Unit],
    at: datetime,
) -> Board:
    limit = _limit(commodity, line, limits, gaps)
    left = minutes(limit[0], at) if limit else None
    before = minutes(_limit_before(commodity, line, limits, gaps, at), at - TREND)
    need = commodity.rack_type.layout.sequences * line.takt_seconds / 60 + LOAD_MINUTES
    return {
        "id": commodity.pk,
        "family": commodity.family,
        "name": commodity.name,
        "line_id": line.pk,
        "stream": commodity.program.stream_id,
        "per_hour": round(3600 / line.takt_seconds),
        "minutes": left,
        "hours": None if left is None or left < 600 else left // 60,
        "level": level(left, need),
        "need": round(need),
        "soon": round(need + SOON_MINUTES),
        "limit": limit[1] if limit else "",
        "limit_is_gap": bool(limit and limit[2]),
        "trend": _trend(left, before),
        "bar": _bar(gaps, units),
    }


def _limit(commodity: Any, line: Line, limits: Limits, gaps: Sequence[SequenceGap]) -> Limit | None:
    """What must leave first among what is not safe. A gap's time is already less transit."""
    found: list[Limit] = [(gap.needed_by, gap.sequence_number, True) for gap in gaps]
    if commodity.limit_group:
        call = limits[commodity.limit_group].call_off
        assert call.required_at is not None
        found.append((call.required_at - transit(line), call.sequence_number or call.call_number, False))
    return min(found, default=None)


def _limit_before(
    commodity: Any, line: Line, limits: Limits, gaps: Sequence[SequenceGap], at: datetime
) -> datetime | None:
    """The same a quarter of an hour ago, from what was known and not sealed then."""
    found = [gap.needed_by for gap in gaps if gap.opened_at <= at - TREND]
    for pk in (commodity.limit_before, commodity.sealed_since):
        call = limits[pk].call_off if pk else None
        if call and call.required_at and call.created_at <= at - TREND:
            found.append(call.required_at - transit(line))
    return min(found, default=None)


def _trend(now: int | None, before: int | None) -> str:
    if now is None or before is None:
        return ""
    if abs(now - before) <= 2:
        return "flat"
    return "up" if now > before else "down"


def _units_in_sight(commodities: Sequence[Commodity], at: datetime) -> dict[int, list[Unit]]:
    """Every unit due between just consumed and the horizon, by commodity, in sequence."""
    rows = (
        ComponentGroup.objects.filter(
            commodity__in=commodities,
            call_off__stream__in={commodity.program.stream_id for commodity in commodities},
            call_off__stage__in=BINDING,
            call_off__position__isnull=False,
            call_off__required_at__gt=at - JUST_CONSUMED,
            call_off__required_at__lte=at + HORIZON,
        )
        .exclude(status=GroupStatus.CANCELLED)
        .order_by("commodity", "call_off__position", "pk")
        .values_list(
            "commodity_id",
            "call_off__position",
            "call_off__sequence_number",
            "status",
            "call_off__required_at",
            "call_off__held",
            "on_hold",
            "slot__status",
            "slot__rack__status",
        )
    )
    units: dict[int, list[Unit]] = defaultdict(list)
    for commodity, position, sequence, status, required_at, held, on_hold, slot, rack in rows:
        assert position is not None
        facts = UnitFacts(status, required_at, held, on_hold, slot, rack)
        units[commodity].append((position, sequence, progress(facts, at)))
    return units


def _bar(gaps: Sequence[SequenceGap], units: Sequence[Unit]) -> list[Board]:
    """Runs of the same state in sequence order; a gap is a run of its own."""
    if not units:
        return []
    low, high = units[0][0], units[-1][0]
    missing = [(g.position, g.sequence_number, "gap") for g in gaps if low <= g.position <= high]
    runs: list[Board] = []
    for state, run in groupby(sorted([*units, *missing]), key=lambda unit: unit[2]):
        runs.append(_run(state, runs[-1]["end"] if runs else 0, [sequence for _, sequence, _ in run]))
    return runs


def _run(state: str, x: int, sequences: Sequence[str]) -> Board:
    return {
        "state": state,
        "word": WORDS[state] or state,
        "x": x,
        "width": len(sequences),
        "end": x + len(sequences),
        "low": sequences[0],
        "high": sequences[-1],
    }
