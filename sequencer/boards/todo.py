"""What waits for a person, by the minutes it leaves, each with its one remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Min

from inventory.errors import Unknown
from sequencer.boards.strip import displaced
from sequencer.boards.units import BINDING, Board, level, minutes, name_of, open_gaps, open_tasks, transit
from sequencer.clocks import both_clocks
from sequencer.models import CallComponent, CallOff, Line, Rack, SequenceGap, Slot, StreamHold, Task
from sequencer.states import (
    HOUSE_RACKS,
    OPEN_GROUPS,
    GapStatus,
    GroupStatus,
    Priority,
    TaskStatus,
)

# Its remedy stands on the rack's own page.
SEALED_MOVE = "SEALED_MOVE"
# Under so many minutes a decision is too late for the rack it concerns.
DECIDE_MINUTES = 30
PART_ROWS, HELD_ROWS = 2000, 40

# (stream, position, rack number)
Needing = Sequence[tuple[int, int | None, str]]


def todo(
    line: Line,
    gaps: Sequence[SequenceGap],
    tiles: Sequence[Board],
    stations: Sequence[Board],
    trucks: Board,
    at: datetime,
    names: bool,
) -> list[Board]:
    """Every open condition of a line, the most pressing first. What has a task is listed as that task."""
    tasks = open_tasks([line])[line.pk]
    tasked = {(task.kind, task.subject) for task in tasks}
    rows = [
        *_gap_rows(line, gaps, _stream_names(tiles), at),
        *_hold_rows(line, at),
        *_part_rows(line, at),
        *_locked_rows(stations, tiles),
        *_task_rows(tasks, at, names),
        *_held_rows(line, at),
        *(row for row in _displaced_rows(line, at) if ("DISPLACED", row["call"]) not in tasked),
        *(row for row in _asn_rows(trucks["left"]) if ("ASN", row["shipment"]) not in tasked),
    ]
    for row in rows:
        row["level"] = row.get("level") or level(row["minutes"], DECIDE_MINUTES)
    return sorted(rows, key=lambda row: (row["minutes"] is None, row["minutes"] or 0, row["title"]))


def gap_ranges(gaps: Sequence[SequenceGap]) -> list[list[SequenceGap]]:
    """Neighbouring missing positions of one counter stand together."""
    ranges: list[list[SequenceGap]] = []
    for gap in gaps:
        last = ranges[-1][-1] if ranges else None
        if last and last.stream_id == gap.stream_id and last.position == gap.position - 1:
            ranges[-1].append(gap)
        else:
            ranges.append([gap])
    return ranges


def _numbers(run: Sequence[SequenceGap]) -> str:
    first, last = run[0].sequence_number, run[-1].sequence_number
    return first if first == last else f"{first}–{last}"


def _gap_rows(line: Line, gaps: Sequence[SequenceGap], names: Mapping[int, str], at: datetime) -> list[Board]:
    needing = _needing(gaps) if gaps else []
    return [_gap_row(run, needing, line, names.get(run[0].stream_id, ""), at) for run in gap_ranges(gaps)]


def _stream_names(tiles: Sequence[Board]) -> dict[int, str]:
    """What a counter counts, where a line has several."""
    names: dict[int, list[str]] = {}
    for tile in tiles:
        names.setdefault(tile["stream"], []).append(tile["name"])
    return {stream: ", ".join(found) for stream, found in names.items()} if len(names) > 1 else {}


def _needing(gaps: Sequence[SequenceGap]) -> Needing:
    """The racks that keep a slot for a missing position."""
    slots = Slot.objects.filter(
        rack__commodity__program__stream__in={gap.stream_id for gap in gaps},
        position__in=[gap.position for gap in gaps],
        group__isnull=True,
        rack__status__in=sorted(HOUSE_RACKS),
    )
    return list(slots.values_list("rack__commodity__program__stream_id", "position", "rack__number"))


def _stops(run: Sequence[SequenceGap]) -> list[str]:
    """Where no rack keeps a slot for the missing call: the first of each commodity that cannot leave before it."""
    found: dict[int, str] = {}
    racks = Rack.objects.filter(
        commodity__program__stream=run[0].stream_id,
        priority=Priority.NORMAL,
        high_position__gte=run[0].position,
        status__in=sorted(HOUSE_RACKS),
    )
    for commodity, number in racks.order_by("commodity_id", "low_position").values_list(
        "commodity_id", "number"
    ):
        found.setdefault(commodity, number)
    return sorted(found.values())


def _gap_row(run: Sequence[SequenceGap], needing: Needing, line: Line, counted: str, at: datetime) -> Board:
    by = min(gap.needed_by for gap in run)
    keys = {(gap.stream_id, gap.position) for gap in run}
    racks = sorted({number for stream, position, number in needing if (stream, position) in keys})
    stops = [] if racks else _stops(run)
    where = f"needed in rack {', '.join(racks)} by" if racks else "needed by"
    where = f"rack {', '.join(stops)} waits for it; {where}" if stops else where
    since = min(gap.opened_at for gap in run)
    return {
        "kind": "gap",
        "title": f"GAP {_numbers(run)} {counted or line.name}",
        "text": f"{where} {both_clocks(by, line.plant.time_zone)}; sealing and departing past it wait",
        "minutes": minutes(by, at),
        "who": "",
        "stream": run[0].stream_id,
        "first": run[0].position,
        "last": run[-1].position,
        "numbers": _numbers(run),
        "count": len(run),
        "first_number": run[0].sequence_number,
        "last_number": run[-1].sequence_number,
        "racks": racks or stops,
        "by": by,
        "since": since,
        "age": (at - since).total_seconds(),
        "plant": line.plant.code,
        "line": line.code,
        "zone": line.plant.time_zone,
    }


def gap_runs(*, at: datetime) -> list[Board]:
    """Every open run of missing numbers of every line, the most pressing first."""
    lines = list(Line.objects.select_related("plant").order_by("pk"))
    found: list[Board] = []
    for line_id, gaps in open_gaps(lines).items():
        line = next(line for line in lines if line.pk == line_id)
        found += _gap_rows(line, gaps, {}, at) if gaps else []
    for row in found:
        row["level"] = level(row["minutes"], DECIDE_MINUTES)
    return sorted(found, key=lambda row: (row["minutes"], row["title"]))


def _hold_rows(line: Line, at: datetime) -> list[Board]:
    """What holds the line's streams though no number is missing, with the minutes to the first rack behind it."""
    holds = StreamHold.objects.filter(stream__line=line, released_at__isnull=True).select_related(
        "stream__line__plant"
    )
    return [_hold_row(hold, line, at) for hold in holds.order_by("since", "pk")]


def _hold_row(hold: StreamHold, line: Line, at: datetime) -> Board:
    due = hold_due(hold)
    after = hold.stream.counter.text(hold.after_position) if hold.after_position is not None else ""
    past = f"sealing and departing past {after} wait" if after else "sealing and departing wait"
    return {
        "kind": "hold",
        "title": f"WAITS {line.name}: {hold.reason}",
        "text": f"needed by {both_clocks(due, line.plant.time_zone)}; {past}" if due else past,
        "minutes": minutes(due, at),
        "who": "",
        "hold": hold.pk,
        "level": "" if due else "soon",
    }


def hold_due(hold: StreamHold) -> datetime | None:
    """When the first truck behind a hold has to leave; None when nothing called waits behind it."""
    behind = CallOff.objects.filter(stream=hold.stream_id, stage__in=BINDING)
    if hold.after_position is not None:
        behind = behind.filter(position__gt=hold.after_position)
    behind = behind.filter(groups__status__in=sorted(OPEN_GROUPS))
    first: datetime | None = behind.aggregate(first=Min("required_at"))["first"]
    return first - transit(hold.stream.line) if first else None


def _part_rows(line: Line, at: datetime) -> list[Board]:
    """Unknown parts, each once with the first call it stops."""
    found = (
        CallComponent.objects.filter(
            group__commodity__program__line=line,
            group__status=GroupStatus.UNRESOLVED,
            called=True,
            part__isnull=True,
        )
        .order_by("group__call_off__required_at", "pk")
        .values_list("customer_part", "group__call_off__sequence_number", "group__call_off__required_at")
    )
    calls: dict[str, list[tuple[str, datetime | None]]] = {}
    for part, sequence, required in found[:PART_ROWS]:
        calls.setdefault(part, []).append((sequence, required))
    return [_part_row(part, stopped, line, at) for part, stopped in calls.items()]


def _part_row(part: str, stopped: Sequence[tuple[str, datetime | None]], line: Line, at: datetime) -> Board:
    sequence, required = stopped[0]
    wait, them = ("calls wait", "them") if len(stopped) > 1 else ("call waits", "it")
    return {
        "kind": "part",
        "title": f"UNKNOWN PART {part} in {sequence}",
        "text": f"{len(stopped)} {wait}; entering the part releases {them}",
        "minutes": minutes(required - transit(line), at) if required else None,
        "who": "",
        "part": part,
        "customer": line.plant.customer_id,
    }


def _locked_rows(stations: Sequence[Board], tiles: Sequence[Board]) -> list[Board]:
    """A locked station leaves as many minutes as its commodity has buffer."""
    left = {tile["id"]: tile["minutes"] for tile in tiles}
    return [
        {
            "kind": "station",
            "title": f"STATION {station['code']} locked {station['locked_minutes'] or 0} min",
            "text": _lock_words(station),
            "minutes": left.get(station["commodity"]),
            "who": station["operator"],
            "station": station["id"],
            "dock": station["dock"],
        }
        for station in stations
        if station["state"] == "locked"
    ]


def _lock_words(station: Board) -> str:
    words = [station["lock"].replace("_", " ").lower()]
    words += [f"need {station['need']}"] if station["need"] else []
    words += [f"got {station['got']}"] if station["got"] else []
    return " · ".join(words)


def _task_rows(tasks: Sequence[Task], at: datetime, names: bool) -> list[Board]:
    numbers = [task.subject for task in tasks if task.kind == SEALED_MOVE]
    racks = dict(Rack.objects.filter(number__in=numbers).values_list("number", "pk")) if numbers else {}
    return [
        {
            "kind": "task",
            "title": f"{task.kind.replace('_', ' ').upper()} {task.subject}",
            "text": task.text,
            "minutes": minutes(task.due_at, at),
            "who": name_of(task.owner, names=names),
            "task": task.pk,
            "acknowledged": task.status == TaskStatus.ACKNOWLEDGED,
            "rack": racks.get(task.subject) if task.kind == SEALED_MOVE else None,
        }
        for task in tasks
    ]


def _held_rows(line: Line, at: datetime) -> list[Board]:
    calls = CallOff.objects.filter(
        stream__line=line,
        held=True,
        stage__in=BINDING,
        groups__status__in=sorted(OPEN_GROUPS),
        groups__commodity__program__line=line,
    ).distinct()
    return [
        {
            "kind": "call",
            "title": f"HELD {call.sequence_number or call.call_number} by the OEM",
            "text": "set out; its slot stays open until the OEM releases or cancels it",
            "minutes": minutes(call.required_at - transit(line), at) if call.required_at else None,
            "who": "",
            "call": call.call_number,
        }
        for call in calls.order_by("required_at")[:HELD_ROWS]
    ]


def _displaced_rows(line: Line, at: datetime) -> list[Board]:
    return [
        {
            "kind": "call",
            "title": f"NO PLACE {call['sequence'] or '?'} call {call['call']}",
            "text": "its sequence number now belongs to another call; the OEM must give it a new one",
            "minutes": minutes(call["required_at"] - transit(line), at) if call["required_at"] else None,
            "who": "",
            "call": call["call"],
        }
        for call in displaced(line)
    ]


def _asn_rows(left: Iterable[Board]) -> list[Board]:
    return [
        {
            "kind": "asn",
            "title": f"ASN of {truck['number']} {truck['asn'].lower()}",
            "text": truck["asn_note"] or "the truck is on its way; the OEM needs the ASN before it arrives",
            "minutes": None,
            "level": truck["asn_level"],
            "who": "",
            "shipment": truck["number"],
        }
        for truck in left
        if truck["asn_level"]
    ]


def gap_facts(stream_id: int, first: int, last: int, *, at: datetime) -> dict[str, Any]:
    """One run of open gaps for the person who decides it, with the text to send to the OEM."""
    run = list(
        SequenceGap.objects.filter(
            stream=stream_id, position__gte=first, position__lte=last, status=GapStatus.OPEN
        )
        .select_related("stream__line__plant")
        .order_by("position")
    )
    if not run:
        raise Unknown("no_open_gap", "That gap is no longer open.", stream=stream_id, first=first, last=last)
    line = run[0].stream.line
    row = _gap_row(run, _needing(run), line, "", at)
    return row | {"resend": _resend_text(run, line)}


def _resend_text(run: Sequence[SequenceGap], line: Line) -> str:
    # A letter to the OEM: on his clock, which it names.
    by = f"{min(gap.needed_by for gap in run).astimezone(line.plant.zone):%H:%M}"
    calls, them, these = ("calls", "them", "these numbers") if len(run) > 1 else ("call", "it", "this number")
    return (
        f"Plant {line.plant.code}, line {line.code}: we have not received sequence {_numbers(run)} "
        f"({len(run)} {calls}). The numbers before and after have arrived.\n"
        f"Please send {them} again by {by} ({line.plant.time_zone}), "
        f"or confirm that no vehicle carries {these}."
    )
