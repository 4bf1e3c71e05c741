"""What the boards show: plain dictionaries, read with a fixed number of queries however long the sequence is.

Buffer minutes answer "when does the OEM's line miss us": the moment the first unit that is not yet safe must leave,
less now. Safe means in its slot in a rack that has passed the host check.
"""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Count, F, Max, Min, OuterRef, Prefetch, Q, QuerySet, Subquery

from inventory.errors import Unknown
from sequencer.models import (
    CallOff,
    Commodity,
    ComponentGroup,
    Heartbeat,
    Line,
    Rack,
    ScanEvent,
    SequenceGap,
    SequenceStream,
    Shipment,
    Slot,
    Station,
    Task,
)
from sequencer.states import (
    CLOSED_RACKS,
    GONE_RACKS,
    OPEN_GROUPS,
    AsnStatus,
    GapStatus,
    GroupStatus,
    RackStatus,
    ShipmentStatus,
    SlotStatus,
    Stage,
    TaskStatus,
)

Board = dict[str, Any]

SAFE_RACKS = sorted(CLOSED_RACKS | GONE_RACKS)
BINDING = [Stage.FIRM, Stage.PLANNED]
HORIZON = timedelta(hours=3)
JUST_CONSUMED = timedelta(minutes=10)
TREND = timedelta(minutes=15)
STRIP_CELLS = 20
STRIP_BEHIND = 2
# From a full rack to a loaded truck: host check, staging, loading.
LOAD_MINUTES = 10
SOON_MINUTES = 15
RUNNING = timedelta(minutes=5)
ASN_LATE = timedelta(minutes=5)
RACK_ROWS, TODO_ROWS, TRUCK_ROWS, LEFT_ROWS = 9, 40, 5, 3

# A unit's way from called to consumed; the least advanced commodity speaks for the vehicle.
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
WORDS = {
    "gap": "GAP",
    "held": "HELD",
    "hole": "hole",
    "unresolved": "part?",
    "reopened": "reopened",
    "on_hold": "on hold",
    "called": "",
    "released": "",
    "work": "in work",
    "verified": "verified",
    "packed": "packed",
    "staged": "staged",
    "transit": "in transit",
    "consumed": "consumed",
    "accepted": "accepted gap",
    "later": "not called",
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
}


# --- one unit -------------------------------------------------------------------------------------------------------


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
    if unit.status == GroupStatus.SHIPPED:
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
    """Red under what filling and loading one rack takes, amber within a quarter of an hour of that."""
    if left is None or left >= need + SOON_MINUTES:
        return ""
    return "stop" if left < need else "soon"


# --- tiles ----------------------------------------------------------------------------------------------------------


def overview(*, at: datetime) -> Board:
    """Lines, stations and docks of the plant (start page)."""
    lines = Line.objects.select_related("plant").order_by("plant__code", "code")
    stations = list(Station.objects.order_by("code"))
    return {
        "lines": [_line_head(line) for line in lines],
        "stations": [s for s in stations if s.kind == Station.Kind.PACK],
        "docks": [s for s in stations if s.kind == Station.Kind.DOCK],
    }


def lines_board(*, at: datetime) -> Board:
    """Every line with its tiles, what is to be done there and how soon."""
    lines = list(Line.objects.select_related("plant").order_by("plant__code", "code"))
    gaps = _open_gaps(lines)
    tiles = _tiles(lines, gaps, at)
    tasks = _open_tasks(lines)
    rows = [_line_summary(line, tiles[line.pk], gaps[line.pk], tasks[line.pk]) for line in lines]
    return {"at": at, "lines": rows}


def _line_summary(line: Line, tiles: list[Board], gaps: list[SequenceGap], tasks: list[Task]) -> Board:
    return _line_head(line) | {"tiles": tiles, "gap_count": len(gaps), "task_count": len(tasks)}


def _line_head(line: Line) -> Board:
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


def _unsafe() -> QuerySet[ComponentGroup]:
    """Units the OEM counts on that are not yet in a sealed rack. What the OEM set out is not counted on."""
    return ComponentGroup.objects.filter(
        status__in=sorted(OPEN_GROUPS),
        call_off__stage__in=BINDING,
        call_off__held=False,
        call_off__required_at__isnull=False,
    ).exclude(slot__status=SlotStatus.FILLED, slot__rack__status__in=SAFE_RACKS)


def _commodities(lines: Sequence[Line], at: datetime, family: str = "") -> QuerySet[Commodity]:
    """With the unit that limits the buffer now, and the one that did a quarter of an hour ago."""
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
        )
        .order_by("program__line", "program__code", "family")
    )


def _tiles(
    lines: Sequence[Line], gaps: Mapping[int, list[SequenceGap]], at: datetime, family: str = ""
) -> dict[int, list[Board]]:
    commodities = list(_commodities(lines, at, family))
    wanted = {pk for c in commodities for pk in (c.limit_group, c.limit_before, c.sealed_since) if pk}
    limits = {g.pk: g for g in ComponentGroup.objects.filter(pk__in=wanted).select_related("call_off")}
    units = _units_in_sight(commodities, at)
    by_line = {line.pk: line for line in lines}
    tiles: dict[int, list[Board]] = {line.pk: [] for line in lines}
    for commodity in commodities:
        line = by_line[commodity.program.line_id]
        own_gaps = [g for g in gaps[line.pk] if _concerns(g, commodity)]
        tiles[line.pk].append(_tile(commodity, line, limits, own_gaps, units[commodity.pk], at))
    return tiles


def _concerns(gap: SequenceGap, commodity: Commodity) -> bool:
    return commodity.every_vehicle and gap.stream_id == commodity.program.stream_id


def _tile(
    commodity: Commodity,
    line: Line,
    limits: Mapping[int, ComponentGroup],
    gaps: Sequence[SequenceGap],
    units: Sequence[tuple[int, str, str]],
    at: datetime,
) -> Board:
    limit = _limit(commodity, line, limits, gaps)
    left = minutes(limit[0], at) if limit else None
    need = commodity.rack_type.capacity * line.takt_seconds / 60 + LOAD_MINUTES
    before = _limit_before(commodity, line, limits, gaps, at)
    return {
        "id": commodity.pk,
        "family": commodity.family,
        "name": commodity.name,
        "line_id": line.pk,
        "line": line.name,
        "per_hour": round(3600 / line.takt_seconds),
        "minutes": left,
        "hours": None if left is None or left < 600 else left // 60,
        "level": level(left, need),
        "need": round(need),
        "soon": round(need + SOON_MINUTES),
        "limit": limit[1] if limit else "",
        "limit_is_gap": bool(limit and limit[2]),
        "trend": _trend(left, minutes(before, at - TREND)),
        "bar": _bar(commodity, gaps, units),
    }


Limit = tuple[datetime, str, bool]


def _limit(
    commodity: Any, line: Line, limits: Mapping[int, ComponentGroup], gaps: Sequence[SequenceGap]
) -> Limit | None:
    """Until when the first unit that is not safe must leave, its sequence, and whether it is a gap."""
    found: list[Limit] = [(g.needed_by, g.sequence_number, True) for g in gaps]
    if commodity.limit_group:
        call = limits[commodity.limit_group].call_off
        assert call.required_at is not None
        found.append((call.required_at - _transit(line), call.sequence_number or call.call_number, False))
    return min(found, default=None)


def _limit_before(
    commodity: Any, line: Line, limits: Mapping[int, ComponentGroup], gaps: Sequence[SequenceGap], at: datetime
) -> datetime | None:
    """The same a quarter of an hour ago, from what was known and not sealed then."""
    found = [g.needed_by for g in gaps if g.opened_at <= at - TREND]
    for pk in (commodity.limit_before, commodity.sealed_since):
        call = limits[pk].call_off if pk else None
        if call and call.required_at and call.created_at <= at - TREND:
            found.append(call.required_at - _transit(line))
    return min(found, default=None)


def _transit(line: Line) -> timedelta:
    return timedelta(minutes=line.plant.transit_minutes)


def _trend(now: int | None, before: int | None) -> str:
    if now is None or before is None:
        return ""
    if abs(now - before) <= 2:
        return "flat"
    return "up" if now > before else "down"


def _units_in_sight(commodities: Sequence[Commodity], at: datetime) -> dict[int, list[tuple[int, str, str]]]:
    """(position, sequence, state) of every unit due between just consumed and the horizon, by commodity."""
    rows = (
        ComponentGroup.objects.filter(
            commodity__in=commodities,
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
    units: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for commodity, position, sequence, *facts in rows:
        units[commodity].append((position, sequence, progress(UnitFacts(*facts), at)))
    return units


def _bar(
    commodity: Commodity, gaps: Sequence[SequenceGap], units: Sequence[tuple[int, str, str]]
) -> list[Board]:
    """Runs of the same state in sequence order, a hole or gap being a run of its own."""
    if not units:
        return []
    low, high = units[0][0], units[-1][0]
    holes = [(g.position, g.sequence_number, "gap") for g in gaps if low <= g.position <= high]
    runs, x = [], 0
    for state, run in groupby(sorted([*units, *holes]), key=lambda unit: unit[2]):
        cells = list(run)
        runs.append(_run(state, x, [sequence for _, sequence, _ in cells]))
        x += len(cells)
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


# --- the board of a line --------------------------------------------------------------------------------------------


def line_board(line_id: int, *, at: datetime, family: str = "", names: bool = True) -> Board:
    """Everything the board of one line shows; `names` false leaves persons out (wall board)."""
    line = Line.objects.select_related("plant").filter(pk=line_id).first()
    if line is None:
        raise Unknown("unknown_line", f"There is no line {line_id}.", line=line_id)
    gaps = _open_gaps([line])
    tiles = _tiles([line], gaps, at, family)[line.pk]
    stations = _stations(line, at, family, names)
    trucks = _trucks(line, at)
    todo = _todo(line, gaps[line.pk], tiles, stations, trucks, at, names)
    return {
        "at": at,
        "line": _line_head(line),
        "topics": ",".join([f"line:{line.pk}", *(f"dock:{pk}" for pk in _docks(line)), "edi"]),
        "tiles": tiles,
        "strips": _strips(line, gaps[line.pk], at),
        "displaced": _displaced(line),
        "racks": _racks(line, gaps[line.pk], at, family),
        "trucks": trucks,
        "stations": stations,
        "todo": todo[:TODO_ROWS],
        "todo_more": max(0, len(todo) - TODO_ROWS),
    }


def _docks(line: Line) -> list[int]:
    return sorted(set(line.programs.values_list("unloading_point_id", flat=True)))


def families(line_id: int) -> list[tuple[str, str]]:
    """(family, name) of the line's commodities, for the filter."""
    found = Commodity.objects.filter(program__line=line_id, program__active=True).order_by("family")
    return list(found.values_list("family", "name"))


def _open_gaps(lines: Sequence[Line]) -> dict[int, list[SequenceGap]]:
    found: dict[int, list[SequenceGap]] = {line.pk: [] for line in lines}
    gaps = SequenceGap.objects.filter(stream__line__in=lines, status=GapStatus.OPEN)
    for gap in gaps.select_related("stream").order_by("stream", "position"):
        found[gap.stream.line_id].append(gap)
    return found


def _open_tasks(lines: Sequence[Line]) -> dict[int, list[Task]]:
    found: dict[int, list[Task]] = {line.pk: [] for line in lines}
    tasks = Task.objects.filter(line__in=lines).exclude(status=TaskStatus.DONE)
    for task in tasks.select_related("owner").order_by("due_at", "pk"):
        found[task.line_id].append(task)
    return found


# --- sequence strip -------------------------------------------------------------------------------------------------


def _strips(line: Line, gaps: Sequence[SequenceGap], at: datetime) -> list[Board]:
    """The next twenty positions of each counter of the line, from just before what the OEM builds now."""
    streams = list(_streams(line, at))
    starts = {s.pk: _start(s) for s in streams}
    calls = _calls_from(streams, starts)
    closed = _accepted_gaps(streams, starts)
    return [
        {
            "stream": stream.pk,
            "point": stream.broadcast_point,
            "cells": _cells(stream, starts[stream.pk], calls[stream.pk], gaps, closed, at),
        }
        for stream in streams
    ]


def _streams(line: Line, at: datetime) -> QuerySet[SequenceStream]:
    placed = CallOff.objects.filter(stream=OuterRef("pk"), stage__in=BINDING, position__isnull=False)
    unshipped = ComponentGroup.objects.filter(
        commodity__program__stream=OuterRef("pk"),
        status__in=sorted(OPEN_GROUPS),
        call_off__stage__in=BINDING,
        call_off__position__isnull=False,
    )
    return SequenceStream.objects.filter(line=line).annotate(
        ahead=Subquery(placed.filter(required_at__gt=at).order_by("required_at").values("position")[:1]),
        behind=Subquery(unshipped.order_by("call_off__position").values("call_off__position")[:1]),
    )


def _start(stream: Any) -> int | None:
    """Just before what is built now; further back when units are behind, but never more than half the strip."""
    if stream.last_position is None:
        return None
    ahead = stream.ahead if stream.ahead is not None else stream.last_position + 1
    behind = ahead if stream.behind is None else min(ahead, stream.behind)
    return int(max(behind, ahead - STRIP_CELLS // 2) - STRIP_BEHIND)


def _window(streams: Iterable[SequenceStream], starts: Mapping[int, int | None]) -> Q:
    """Positions each strip may show. A sparse counter skips numbers, so its twenty calls reach further."""
    where = Q(pk__in=[])
    for stream in streams:
        start = starts[stream.pk]
        if start is not None:
            reach = STRIP_CELLS if stream.dense else STRIP_CELLS * 10
            where |= Q(stream=stream, position__gte=start, position__lt=start + reach)
    return where


def _calls_from(
    streams: Sequence[SequenceStream], starts: Mapping[int, int | None]
) -> dict[int, dict[int, CallOff]]:
    groups = ComponentGroup.objects.select_related("slot__rack", "commodity")
    found: dict[int, dict[int, CallOff]] = {s.pk: {} for s in streams}
    calls = CallOff.objects.filter(_window(streams, starts)).order_by("position")
    for call in calls.prefetch_related(Prefetch("groups", groups)):
        assert call.position is not None
        found[call.stream_id][call.position] = call
    return found


def _accepted_gaps(
    streams: Sequence[SequenceStream], starts: Mapping[int, int | None]
) -> set[tuple[int, int]]:
    gaps = SequenceGap.objects.filter(_window(streams, starts), status=GapStatus.ACCEPTED)
    return set(gaps.values_list("stream_id", "position"))


def _cells(
    stream: SequenceStream,
    start: int | None,
    calls: Mapping[int, CallOff],
    gaps: Sequence[SequenceGap],
    accepted: set[tuple[int, int]],
    at: datetime,
) -> list[Board]:
    if start is None:
        return []
    if not stream.dense:
        return [_call_cell(call, at) for call in list(calls.values())[:STRIP_CELLS]]
    missing = {g.position for g in gaps if g.stream_id == stream.pk}
    first = start if stream.first_position is None else max(start, stream.first_position)
    cells = []
    for position in range(first, first + STRIP_CELLS):
        if position in calls:
            cells.append(_call_cell(calls[position], at))
        else:
            state = "gap" if position in missing else "later"
            state = "accepted" if (stream.pk, position) in accepted else state
            cells.append(_bare_cell(stream.counter.text(position), state))
    return cells


def _bare_cell(sequence: str, state: str) -> Board:
    return {"sequence": sequence, "state": state, "word": WORDS[state], "changed": False, "families": []}


def _call_cell(call: CallOff, at: datetime) -> Board:
    if call.stage == Stage.CANCELLED:
        return _bare_cell(call.sequence_number, "accepted") | {"word": "cancelled", "call": call.call_number}
    families = [
        {"name": group.commodity.name, "state": _group_state(group, call, at)}
        for group in call.groups.all()
        if group.status != GroupStatus.CANCELLED
    ]
    state = min((f["state"] for f in families), key=WAY.index, default="held" if call.held else "called")
    changed = call.revision > 1 and state not in {"transit", "consumed"} and at - call.changed_at < HORIZON
    late = bool(call.required_at and call.required_at <= at and state not in {"transit", "consumed", "held"})
    word = "changed" if changed and state in {"called", "released", "work"} else WORDS[state]
    return {
        "sequence": call.sequence_number,
        "state": state,
        "word": word,
        "changed": changed,
        "late": late,
        "call": call.call_number,
        "vin": call.vin,
        "required_at": call.required_at,
        "families": families,
    }


def _group_state(group: ComponentGroup, call: CallOff, at: datetime) -> str:
    slot = getattr(group, "slot", None)
    facts = UnitFacts(
        status=group.status,
        required_at=call.required_at,
        held=call.held,
        on_hold=group.on_hold,
        slot=slot.status if slot else None,
        rack=slot.rack.status if slot else None,
    )
    return progress(facts, at)


def _displaced(line: Line) -> list[Board]:
    """Calls without a place in the sequence: another call took their number, or it was sent twice."""
    calls = CallOff.objects.filter(
        stream__line=line,
        position__isnull=True,
        stage__in=BINDING,
        groups__status__in=sorted(OPEN_GROUPS),
    ).distinct()
    return [
        {
            "call": call.call_number,
            "sequence": call.sequence_number,
            "required_at": call.required_at,
            "held": call.held,
        }
        for call in calls.order_by("required_at")[:STRIP_CELLS]
    ]


# --- racks, trucks, stations ----------------------------------------------------------------------------------------


def _racks(line: Line, gaps: Sequence[SequenceGap], at: datetime, family: str) -> Board:
    racks = Rack.objects.filter(commodity__program__line=line).exclude(
        status__in=sorted(GONE_RACKS | {RackStatus.CANCELLED})
    )
    if family:
        racks = racks.filter(commodity__family=family)
    rows = list(
        racks.select_related("commodity__rack_type", "commodity__program__stream", "shipment")
        .annotate(
            needed_at=Min("slots__group__call_off__required_at"),
            slot_count=Count("slots", filter=~Q(slots__status=SlotStatus.CANCELLED)),
            filled=Count("slots", filter=Q(slots__status=SlotStatus.FILLED)),
            holes=Count("slots", filter=Q(slots__status=SlotStatus.HOLE)),
            reopened=Count("slots", filter=Q(slots__status=SlotStatus.REOPENED)),
        )
        .order_by(F("needed_at").asc(nulls_last=True), "low_position", "pk")
    )
    transit = _transit(line)
    return {
        "rows": [_rack(rack, gaps, transit, at) for rack in rows[:RACK_ROWS]],
        "more": max(0, len(rows) - RACK_ROWS),
    }


def _rack(rack: Any, gaps: Sequence[SequenceGap], transit: timedelta, at: datetime) -> Board:
    counter = rack.commodity.program.stream.counter
    gap_count = sum(_in_rack(gap, rack) for gap in gaps)
    leaves = rack.needed_at - transit if rack.needed_at else None
    return {
        "id": rack.pk,
        "number": rack.number,
        "commodity": rack.commodity.name,
        "low": counter.text(rack.low_position),
        "high": counter.text(rack.high_position),
        "status": rack.status.lower(),
        "rush": rack.priority == "RUSH",
        "filled": rack.filled,
        "capacity": rack.slot_count or rack.commodity.rack_type.capacity,
        "holes": rack.holes,
        "reopened": rack.reopened,
        "gaps": gap_count,
        "shipment": rack.shipment.number if rack.shipment else "",
        "minutes": minutes(leaves, at),
    }


def _in_rack(gap: SequenceGap, rack: Rack) -> bool:
    return _concerns(gap, rack.commodity) and rack.low_position <= gap.position <= rack.high_position


def _trucks(line: Line, at: datetime) -> Board:
    """Loads that will leave, soonest first, and the last that left. A dock may serve other lines too."""
    shipments = (
        Shipment.objects.filter(unloading_point__programs__line=line)
        .filter(~Q(status=ShipmentStatus.DEPARTED) | Q(departed_at__gte=at - 2 * HORIZON))
        .distinct()
        .select_related("unloading_point")
        .annotate(
            rack_count=Count("racks", distinct=True),
            loaded=Count("racks", filter=Q(racks__loaded_at__isnull=False), distinct=True),
        )
    )
    rows = [_truck(shipment, at) for shipment in shipments]
    left = sorted((t for t in rows if t["departed_at"]), key=lambda t: t["departed_at"], reverse=True)
    coming = sorted((t for t in rows if not t["departed_at"]), key=lambda t: t["leaves_at"])
    return {
        "rows": [*coming[:TRUCK_ROWS], *left[:LEFT_ROWS]],
        "more": max(0, len(coming) - TRUCK_ROWS),
        "left": left,
    }


def _truck(shipment: Any, at: datetime) -> Board:
    left = (shipment.leaves_at - at).total_seconds()
    asn_age = at - shipment.departed_at if shipment.departed_at else timedelta()
    return {
        "id": shipment.pk,
        "number": shipment.number,
        "truck": shipment.truck,
        "dock": shipment.unloading_point.code,
        "status": shipment.status.lower(),
        "racks": shipment.rack_count,
        "loaded": shipment.loaded,
        "leaves_at": shipment.leaves_at,
        "leaves_in": left,
        "late": -left,
        "minutes": int(left // 60),
        "level": level(int(left // 60), 5) if not shipment.departed_at else "",
        "departed_at": shipment.departed_at,
        "asn": shipment.asn_status,
        "asn_at": shipment.asn_status_at,
        "asn_note": shipment.asn_note,
        "asn_level": _asn_level(shipment.asn_status, asn_age),
    }


def _asn_level(status: str, age: timedelta) -> str:
    if status in {AsnStatus.REJECTED, AsnStatus.ATTENTION}:
        return "stop"
    if status in {AsnStatus.SENT, AsnStatus.ACCEPTED}:
        return ""
    return "stop" if age > 2 * ASN_LATE else "soon" if age > ASN_LATE else ""


def _stations(line: Line, at: datetime, family: str, names: bool) -> list[Board]:
    here = Q(commodity__program__line=line) | Q(unloading_point__programs__line=line)
    if family:
        here = Q(commodity__program__line=line, commodity__family=family) | Q(
            unloading_point__programs__line=line
        )
    found = list(
        Station.objects.filter(here)
        .distinct()
        .select_related("operator", "commodity", "rack", "shipment")
        .order_by("kind", "code")
    )
    pace = _packed_lately(found, at)
    return [_station(s, pace.get(s.pk, 0), line, at, names) for s in sorted(found, key=_packers_first)]


def _packers_first(station: Station) -> tuple[bool, str]:
    return station.kind == Station.Kind.DOCK, station.code


def _packed_lately(stations: Sequence[Station], at: datetime) -> dict[int, int]:
    scans = ScanEvent.objects.filter(
        station__in=stations, accepted=True, slot__isnull=False, recorded_at__gt=at - TREND
    )
    rows = scans.order_by().values("station").annotate(slots=Count("slot", distinct=True))
    return {row["station"]: row["slots"] for row in rows}


def _station(station: Station, packed: int, line: Line, at: datetime, names: bool) -> Board:
    operator = station.operator
    return {
        "id": station.pk,
        "code": station.code,
        "name": station.name,
        "dock": station.kind == Station.Kind.DOCK,
        "commodity": station.commodity_id,
        "operator": (operator.get_full_name() or operator.get_username()) if operator and names else "",
        "state": _station_state(station, at),
        "lock": station.lock_code,
        "need": station.lock_need,
        "got": station.lock_got,
        "locked_minutes": minutes(at, station.locked_at) if station.locked_at else None,
        "work": _work(station),
        "pace": round(TREND.total_seconds() / packed) if packed >= 2 else None,
        "takt": line.takt_seconds,
    }


def _work(station: Station) -> str:
    if station.rack:
        return station.rack.number
    return station.shipment.number if station.shipment else ""


def _station_state(station: Station, at: datetime) -> str:
    if station.lock_code:
        return "locked"
    if station.operator_id is None:
        return "nobody"
    recent = station.last_scan_at is not None and at - station.last_scan_at < RUNNING
    return "running" if recent else "waiting"


# --- what waits for a person ----------------------------------------------------------------------------------------


def _todo(
    line: Line,
    gaps: Sequence[SequenceGap],
    tiles: Sequence[Board],
    stations: Sequence[Board],
    trucks: Board,
    at: datetime,
    names: bool,
) -> list[Board]:
    """Every open condition with the minutes it leaves and its one remedy, the most pressing first."""
    rows = [
        *_gap_rows(line, gaps, at),
        *_part_rows(line, at),
        *_locked_rows(stations, tiles),
        *_task_rows(_open_tasks([line])[line.pk], at, names),
        *_held_rows(line, at),
        *_displaced_rows(line, at),
        *_asn_rows(trucks["left"]),
    ]
    for row in rows:
        row["level"] = row.get("level") or level(row["minutes"], SOON_MINUTES * 2)
    return sorted(rows, key=lambda row: (row["minutes"] is None, row["minutes"] or 0, row["title"]))


def gap_ranges(gaps: Sequence[SequenceGap]) -> list[list[SequenceGap]]:
    """Neighbouring missing positions of one counter stand together."""
    ranges: list[list[SequenceGap]] = []
    for gap in gaps:
        if ranges and ranges[-1][-1].stream_id == gap.stream_id and ranges[-1][-1].position == gap.position - 1:
            ranges[-1].append(gap)
        else:
            ranges.append([gap])
    return ranges


def range_words(first: str, last: str) -> str:
    return first if first == last else f"{first}–{last}"


def _gap_rows(line: Line, gaps: Sequence[SequenceGap], at: datetime) -> list[Board]:
    if not gaps:
        # The same number of queries with and without: see the query tests.
        list(Slot.objects.none())
        return []
    slots = Slot.objects.filter(
        rack__commodity__program__stream__in={g.stream_id for g in gaps},
        position__gte=min(g.position for g in gaps),
        position__lte=max(g.position for g in gaps),
        group__isnull=True,
    ).exclude(rack__status__in=sorted(GONE_RACKS | {RackStatus.CANCELLED}))
    needing = list(slots.values_list("rack__commodity__program__stream_id", "position", "rack__number"))
    return [_gap_row(run, needing, line, at) for run in gap_ranges(gaps)]


def _gap_row(
    run: Sequence[SequenceGap], needing: Iterable[tuple[int, int | None, str]], line: Line, at: datetime
) -> Board:
    first, last = run[0], run[-1]
    by = min(gap.needed_by for gap in run)
    positions = {gap.position for gap in run}
    racks = sorted({number for stream, pos, number in needing if stream == first.stream_id and pos in positions})
    where = f"needed in rack {', '.join(racks)} by" if racks else "needed by"
    return {
        "kind": "gap",
        "title": f"GAP {range_words(first.sequence_number, last.sequence_number)} {line.name}",
        "text": f"{where} {_clock(by, line)}; sealing and departing past it wait",
        "minutes": minutes(by, at),
        "who": "",
        "stream": first.stream_id,
        "first": first.position,
        "last": last.position,
    }


def _clock(moment: datetime, line: Line) -> str:
    return moment.astimezone(zoneinfo.ZoneInfo(line.plant.time_zone)).strftime("%H:%M")


def _part_rows(line: Line, at: datetime) -> list[Board]:
    """Unknown parts, each once with the first call it stops."""
    groups = (
        ComponentGroup.objects.filter(
            commodity__program__line=line,
            status=GroupStatus.UNRESOLVED,
            components__called=True,
            components__part__isnull=True,
        )
        .values("components__customer_part", "commodity__program__line__plant__customer_id")
        .annotate(calls=Count("pk", distinct=True), first=Min("call_off__required_at"), some=Max("problem"))
        .order_by("first")
    )
    first_call = {
        row["components__customer_part"]: row["call_off__sequence_number"]
        for row in ComponentGroup.objects.filter(
            commodity__program__line=line, status=GroupStatus.UNRESOLVED, components__part__isnull=True
        )
        .order_by("-call_off__required_at")
        .values("components__customer_part", "call_off__sequence_number")
    }
    return [_part_row(row, first_call, line, at) for row in groups]


def _part_row(row: Mapping[str, Any], first_call: Mapping[str, str], line: Line, at: datetime) -> Board:
    part = row["components__customer_part"]
    calls = row["calls"]
    return {
        "kind": "part",
        "title": f"UNKNOWN PART {part} in {first_call.get(part, '?')}",
        "text": f"{calls} call{'s wait' if calls > 1 else ' waits'}; adding the part releases "
        f"{'them' if calls > 1 else 'it'}",
        "minutes": minutes(row["first"] - _transit(line), at) if row["first"] else None,
        "who": "",
        "part": part,
        "customer": row["commodity__program__line__plant__customer_id"],
    }


def _locked_rows(stations: Sequence[Board], tiles: Sequence[Board]) -> list[Board]:
    left = {tile["id"]: tile["minutes"] for tile in tiles}
    return [
        {
            "kind": "station",
            "title": f"STATION {station['code']} locked {station['locked_minutes'] or 0} min",
            "text": _lock_text(station),
            "minutes": left.get(station["commodity"]),
            "level": "",
            "who": station["operator"],
            "station": station["id"],
            "dock": station["dock"],
        }
        for station in stations
        if station["state"] == "locked"
    ]


def _lock_text(station: Board) -> str:
    parts = [station["lock"].replace("_", " ").lower()]
    if station["need"]:
        parts.append(f"need {station['need']}")
    if station["got"]:
        parts.append(f"got {station['got']}")
    return " · ".join(parts)


def _task_rows(tasks: Sequence[Task], at: datetime, names: bool) -> list[Board]:
    return [
        {
            "kind": "task",
            "title": f"{task.kind.replace('_', ' ').upper()} {task.subject}",
            "text": task.text,
            "minutes": minutes(task.due_at, at),
            "who": (task.owner.get_full_name() or task.owner.get_username()) if task.owner and names else "",
            "task": task.pk,
            "acknowledged": task.status == TaskStatus.ACKNOWLEDGED,
        }
        for task in tasks
    ]


def _held_rows(line: Line, at: datetime) -> list[Board]:
    calls = CallOff.objects.filter(
        stream__line=line, held=True, stage__in=BINDING, groups__status__in=sorted(OPEN_GROUPS)
    ).distinct()
    return [
        {
            "kind": "call",
            "title": f"HELD {call.sequence_number or call.call_number} by the OEM",
            "text": "set out; its slot stays open until the OEM releases or cancels it",
            "minutes": minutes(call.required_at - _transit(line), at) if call.required_at else None,
            "who": "",
            "call": call.call_number,
        }
        for call in calls.order_by("required_at")[:TODO_ROWS]
    ]


def _displaced_rows(line: Line, at: datetime) -> list[Board]:
    return [
        {
            "kind": "call",
            "title": f"NO PLACE {call['sequence'] or '?'} call {call['call']}",
            "text": "its sequence number now belongs to another call; a resequence must give it a new one",
            "minutes": minutes(call["required_at"] - _transit(line), at) if call["required_at"] else None,
            "who": "",
            "call": call["call"],
        }
        for call in _displaced(line)
    ]


def _asn_rows(left: Sequence[Board]) -> list[Board]:
    return [
        {
            "kind": "asn",
            "title": f"ASN of {truck['number']} {truck['asn'].lower()}",
            "text": truck["asn_note"] or "the truck is on its way; the OEM must have the ASN before it arrives",
            "minutes": None,
            "level": truck["asn_level"],
            "who": "",
            "shipment": truck["number"],
        }
        for truck in left
        if truck["asn_level"]
    ]


# --- one gap --------------------------------------------------------------------------------------------------------


def gap_facts(stream_id: int, first: int, last: int, *, at: datetime) -> Board:
    """One run of open gaps for the person who decides it, with the text to send to the OEM."""
    gaps = list(
        SequenceGap.objects.filter(
            stream=stream_id, position__gte=first, position__lte=last, status=GapStatus.OPEN
        )
        .select_related("stream__line__plant")
        .order_by("position")
    )
    if not gaps:
        raise Unknown("no_open_gap", "That gap is no longer open.", stream=stream_id, first=first, last=last)
    line = gaps[0].stream.line
    row = _gap_row(gaps, _needing(gaps), line, at)
    return row | {"count": len(gaps), "line_id": line.pk, "resend": _resend_text(gaps, line, at)}


def _needing(gaps: Sequence[SequenceGap]) -> list[tuple[int, int | None, str]]:
    slots = Slot.objects.filter(
        rack__commodity__program__stream=gaps[0].stream_id,
        position__in=[g.position for g in gaps],
        group__isnull=True,
    )
    return list(slots.values_list("rack__commodity__program__stream_id", "position", "rack__number"))


def _resend_text(gaps: Sequence[SequenceGap], line: Line, at: datetime) -> str:
    by = min(gap.needed_by for gap in gaps)
    numbers = range_words(gaps[0].sequence_number, gaps[-1].sequence_number)
    return (
        f"Plant {line.plant.code}, line {line.code}: we have not received sequence {numbers} "
        f"({len(gaps)} call{'s' if len(gaps) > 1 else ''}). The numbers before and after have arrived.\n"
        f"Please send {'them' if len(gaps) > 1 else 'it'} again by {_clock(by, line)} ({line.plant.time_zone}), "
        "or confirm that no vehicle carries "
        f"{'these numbers' if len(gaps) > 1 else 'this number'}."
    )


# --- health ---------------------------------------------------------------------------------------------------------


def heartbeats(*, at: datetime) -> list[Board]:
    """Who reported when; older than a minute is worth a look."""
    return [
        {"name": beat.name, "at": beat.at, "seconds": (at - beat.at).total_seconds(), "late": at - beat.at > BEAT}
        for beat in Heartbeat.objects.order_by("name")
    ]


BEAT = timedelta(seconds=60)
