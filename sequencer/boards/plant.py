"""Whole boards: the plant's doors, all lines, one line."""

from __future__ import annotations

from datetime import datetime

from inventory.errors import Unknown
from sequencer.boards import floor, strip
from sequencer.boards.authority import line_authority
from sequencer.boards.tiles import tiles
from sequencer.boards.todo import todo
from sequencer.boards.units import Board, line_head, open_gaps, open_tasks
from sequencer.models import Commodity, Line, Station


def overview() -> Board:
    """Lines, stations and docks of the plant (start page)."""
    stations = list(Station.objects.order_by("code"))
    return {
        "lines": [line_head(line) for line in _lines()],
        "stations": [s for s in stations if s.kind == Station.Kind.PACK],
        "docks": [s for s in stations if s.kind == Station.Kind.DOCK],
    }


def _lines() -> list[Line]:
    return list(Line.objects.select_related("plant").order_by("plant__code", "code"))


def lines_board(*, at: datetime) -> Board:
    """Every line with its tiles and how much waits there for a decision."""
    lines = _lines()
    gaps, tasks = open_gaps(lines), open_tasks(lines)
    found = tiles(lines, gaps, at)
    return {
        "at": at,
        "lines": [
            line_head(line)
            | {"tiles": found[line.pk], "gap_count": len(gaps[line.pk]), "task_count": len(tasks[line.pk])}
            for line in lines
        ],
    }


def line_board(line_id: int, *, at: datetime, family: str = "", names: bool = True) -> Board:
    """Everything the board of one line shows; `names` false leaves persons out (wall board)."""
    line = Line.objects.select_related("plant").filter(pk=line_id).first()
    if line is None:
        raise Unknown("unknown_line", f"There is no line {line_id}.", line=line_id)
    gaps = open_gaps([line])
    own = gaps[line.pk]
    found = tiles([line], gaps, at, family)[line.pk]
    stations = floor.stations(line, at, family, names)
    trucks = floor.trucks(line, at)
    rows = todo(line, own, found, stations, trucks, at, names)
    return {
        "at": at,
        "line": line_head(line),
        "topics": _topics(line),
        "tiles": found,
        "strips": strip.strips(line, own, at),
        "displaced": strip.displaced(line),
        "racks": floor.racks(line, own, at, family),
        "trucks": trucks,
        "stations": stations,
        "todo": rows,
        "authority": line_authority(line, at),
    }


def _topics(line: Line) -> str:
    """What the line's page listens to."""
    docks = sorted(set(line.programs.values_list("unloading_point_id", flat=True)))
    return ",".join([f"line:{line.pk}", *(f"dock:{dock}" for dock in docks), "edi"])


def families(line_id: int) -> list[tuple[str, str]]:
    """(family, name) of the line's commodities, for the filter."""
    found = Commodity.objects.filter(program__line=line_id, program__active=True).order_by("family")
    return list(found.values_list("family", "name"))
