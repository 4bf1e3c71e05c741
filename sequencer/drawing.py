"""The drawing of a rack: which places it has, where each stands before the operator and in which order it is loaded.

A drawing is a small text. One line is one row as the operator stands before that side, the top row first; cells are
parted by blanks:

    [left side]
    o o o | o o o
    o o # | o . o
    [right side]
    ...

`o` is a place, a capital letter a place kept for the commodity of that mark (left and right, front and rear in one
rack), `#` a blocked place (drawn, never filled), `.` nothing at all, `|` parts lanes. A number, alone or with a mark
(`7`, `7L`), gives the place its turn in the loading order; without numbers the path of the hand does.

No clock, no database: text in, places out. A place's `number` is its slot number everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby

from inventory.errors import Invalid

MOST_PLACES, MOST_SIDES = 200, 4
CELL = re.compile(r"(?P<number>[0-9]{1,3})?(?P<mark>[A-Z])?")
HEAD = re.compile(r"\[(?P<name>[^\[\]]{1,30})\]")


class Path(StrEnum):
    """How the hand goes from place to place; a snake turns back at the end of each row or lane."""

    ROWS = "ROWS"
    ROWS_SNAKE = "ROWS_SNAKE"
    LANES = "LANES"
    LANES_SNAKE = "LANES_SNAKE"


class Corner(StrEnum):
    """Where the first piece goes, as the operator stands before the side."""

    BOTTOM_RIGHT = "BOTTOM_RIGHT"
    BOTTOM_LEFT = "BOTTOM_LEFT"
    TOP_RIGHT = "TOP_RIGHT"
    TOP_LEFT = "TOP_LEFT"


class Face(StrEnum):
    """The face of the rack that the OEM takes from; the operator stands at the front."""

    FRONT = "FRONT"
    BACK = "BACK"
    LEFT = "LEFT"
    RIGHT = "RIGHT"


class Seen(StrEnum):
    """What the drawing looks at: shelves from the front, or lanes from above with the operator below."""

    FRONT = "FRONT"
    ABOVE = "ABOVE"


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a rack. `number` counts in loading order from 1; row from the top, column and lane from the left,
    each within its side; `mark` names the commodity it is kept for, empty where the rack holds one commodity."""

    number: int
    row: int
    column: int
    lane: int = 1
    side: int = 1
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One face the operator stands before. `lane_edges`: columns after which a lane ends (the last one left out)."""

    name: str
    rows: int
    columns: int
    lane_edges: tuple[int, ...] = ()
    blocked: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A rack as it stands before the operator. `places` are in loading order: place n is `places[n - 1]`."""

    sides: tuple[Side, ...]
    places: tuple[Place, ...]

    @property
    def capacity(self) -> int:
        return len(self.places)

    @property
    def marks(self) -> tuple[str, ...]:
        """Marks of a mixed rack in loading order; one empty mark where all places are alike."""
        return tuple(dict.fromkeys(place.mark for place in self.places))

    @property
    def sequences(self) -> int:
        """How many sequences fit: the places of the scarcest mark."""
        marks = [place.mark for place in self.places]
        return min(marks.count(mark) for mark in self.marks)

    def places_of(self, mark: str) -> int:
        return sum(place.mark == mark for place in self.places)

    def place(self, number: int) -> Place:
        """The place of a slot; refuses a number the rack does not have."""
        if not 1 <= number <= len(self.places):
            raise Invalid("no_place", f"the rack has places 1 to {len(self.places)}, not {number}")
        return self.places[number - 1]


@dataclass(frozen=True, slots=True)
class _Cell:
    side: int
    row: int
    column: int
    lane: int
    number: int | None
    mark: str


@lru_cache(maxsize=256)
def grid(rows: int, columns: int, path: str = Path.ROWS, corner: str = Corner.BOTTOM_RIGHT) -> Drawing:
    """A plain rack of so many levels and columns; slot 1 stands at the corner, by default low at the right."""
    return read_drawing("\n".join([" ".join(["o"] * columns)] * rows), path, corner)


@lru_cache(maxsize=256)
def read_drawing(text: str, path: str = Path.ROWS, corner: str = Corner.BOTTOM_RIGHT) -> Drawing:
    """Reads a drawing. Refuses (`bad_drawing`) with the line and what to write instead.

    Promise: every place gets one number of 1 to capacity, the same for the same text, path and corner.
    """
    sides: list[Side] = []
    cells: list[_Cell] = []
    for number, (name, rows) in enumerate(_sides_of(text), start=1):
        side, mine = _read_side(number, name, rows)
        sides.append(side)
        cells += mine
    if not cells:
        raise Invalid("bad_drawing", "the drawing has no place; write o for each place")
    if len(cells) > MOST_PLACES:
        raise Invalid("bad_drawing", f"the drawing has {len(cells)} places; a rack has {MOST_PLACES} at most")
    _check_marks(cells)
    numbered = [cell for cell in cells if cell.number is not None]
    if path not in set(Path) or corner not in set(Corner):
        raise Invalid("bad_drawing", f"{path} from {corner} is no way to fill a rack")
    ordered = _by_number(cells) if numbered else _by_path(cells, Path(path), Corner(corner))
    places = (
        Place(n, cell.row, cell.column, cell.lane, cell.side, cell.mark)
        for n, cell in enumerate(ordered, start=1)
    )
    return Drawing(tuple(sides), tuple(places))


def _sides_of(text: str) -> list[tuple[str, list[tuple[int, str]]]]:
    """The sides of a text, each with its name and its numbered lines."""
    sides: list[tuple[str, list[tuple[int, str]]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        head = HEAD.fullmatch(line.strip())
        if head:
            sides.append((head["name"].strip(), []))
        elif not sides:
            sides.append(("", [(number, line)]))
        else:
            sides[-1][1].append((number, line))
    if len(sides) > MOST_SIDES:
        raise Invalid("bad_drawing", f"the drawing has {len(sides)} sides; a rack has {MOST_SIDES} at most")
    for name, lines in sides:
        if not lines:
            raise Invalid("bad_drawing", f"side [{name}] has no rows; draw it or take its name away")
    return sides


def _read_side(side: int, name: str, lines: list[tuple[int, str]]) -> tuple[Side, list[_Cell]]:
    rows = [(number, *_row_of(number, line)) for number, line in lines]
    first, width, edges = rows[0][0], len(rows[0][1]), rows[0][2]
    cells: list[_Cell] = []
    blocked: list[tuple[int, int]] = []
    for row, (number, texts, row_edges) in enumerate(rows, start=1):
        if len(texts) != width:
            raise Invalid(
                "bad_drawing",
                f"line {number} has {len(texts)} cells, line {first} has {width}; write # or . where no place is",
                line=number,
            )
        if row_edges != edges:
            raise Invalid(
                "bad_drawing", f"line {number} parts its lanes elsewhere than line {first}", line=number
            )
        for column, text in enumerate(texts, start=1):
            if text == "#":
                blocked.append((row, column))
            elif text != ".":
                cells.append(_cell_of(text, number, side, row, column, _lane(column, edges)))
    return Side(name, len(rows), width, edges, tuple(blocked)), cells


def _row_of(number: int, line: str) -> tuple[list[str], tuple[int, ...]]:
    """Cells of a line, and after which columns a lane ends."""
    lanes = [lane.split() for lane in line.split("|")]
    if not all(lanes):
        raise Invalid(
            "bad_drawing", f"line {number} has a lane without a cell; | stands between cells", line=number
        )
    cells = [cell for lane in lanes for cell in lane]
    edges, seen = [], 0
    for lane in lanes[:-1]:
        seen += len(lane)
        edges.append(seen)
    return cells, tuple(edges)


def _lane(column: int, edges: tuple[int, ...]) -> int:
    """Without parting every column is a lane of its own."""
    return 1 + sum(edge < column for edge in edges) if edges else column


def _cell_of(text: str, line: int, side: int, row: int, column: int, lane: int) -> _Cell:
    found = CELL.fullmatch("" if text == "o" else text)
    if found is None:
        raise Invalid(
            "bad_drawing",
            f"line {line}: {text!r} is no place; write o, a capital letter, a number, a number with a letter, # or .",
            line=line,
        )
    number = int(found["number"]) if found["number"] else None
    return _Cell(side, row, column, lane, number, found["mark"] or "")


def _check_marks(cells: Sequence[_Cell]) -> None:
    """A vehicle puts one piece on each mark, so marks come in equal numbers or places would stay empty for ever."""
    count = {mark: sum(cell.mark == mark for cell in cells) for mark in sorted({c.mark for c in cells})}
    if len(set(count.values())) > 1:
        told = ", ".join(f"{number} of {mark or 'o'}" for mark, number in count.items())
        raise Invalid("bad_drawing", f"every mark needs equally many places; here are {told}")


def _by_number(cells: Sequence[_Cell]) -> list[_Cell]:
    numbers = sorted(cell.number or 0 for cell in cells)
    if numbers != list(range(1, len(cells) + 1)):
        wanted = set(range(1, len(cells) + 1))
        missing = ", ".join(str(n) for n in sorted(wanted - set(numbers))[:5])
        raise Invalid(
            "bad_drawing",
            f"numbers go from 1 to {len(cells)}, each once, on every place or on none; missing: {missing}",
        )
    return sorted(cells, key=lambda cell: cell.number or 0)


def _by_path(cells: Sequence[_Cell], path: Path, corner: Corner) -> list[_Cell]:
    """Side by side; rows from the corner's level, lanes from the corner's edge, a snake turning after each."""
    up = corner in {Corner.BOTTOM_LEFT, Corner.BOTTOM_RIGHT}
    leftwards = corner in {Corner.BOTTOM_RIGHT, Corner.TOP_RIGHT}
    snake = path in {Path.ROWS_SNAKE, Path.LANES_SNAKE}
    by_rows = path in {Path.ROWS, Path.ROWS_SNAKE}

    def level(cell: _Cell) -> int:
        return -cell.row if up else cell.row

    def across(cell: _Cell) -> int:
        return -cell.column if leftwards else cell.column

    def lane(cell: _Cell) -> int:
        return -cell.lane if leftwards else cell.lane

    ordered: list[_Cell] = []
    for _, of_side in groupby(cells, key=lambda cell: cell.side):
        runs: dict[int, list[_Cell]] = {}
        for cell in of_side:
            runs.setdefault(level(cell) if by_rows else lane(cell), []).append(cell)
        for turn, (_, run) in enumerate(sorted(runs.items())):
            back = -1 if snake and turn % 2 else 1
            if by_rows:
                run.sort(key=lambda cell, back=back: back * across(cell))  # type: ignore[misc]
            else:
                run.sort(key=lambda cell, back=back: (back * level(cell), across(cell)))  # type: ignore[misc]
            ordered += run
    return ordered


@dataclass(frozen=True, slots=True)
class Planned:
    """What a slot is kept for."""

    number: int
    position: int
    mark: str


def slot_plan(drawing: Drawing, positions: Sequence[int], *, reverse: bool) -> list[Planned]:
    """Which sequence stands in which slot, in loading order: forward the lowest is loaded first, reverse the highest.

    Of a mixed rack each mark holds every sequence once. Positions that do not fit are left out by the caller's cut.
    """
    wanted = sorted(positions, reverse=reverse)
    taken = dict.fromkeys(drawing.marks, 0)
    plan = []
    for place in drawing.places:
        turn = taken[place.mark]
        if turn < len(wanted):
            plan.append(Planned(place.number, wanted[turn], place.mark))
            taken[place.mark] += 1
    return plan


def seen_by_oem(drawing: Drawing, face: str) -> Drawing:
    """The same rack as the OEM stands before it: from the back left and right change, numbers stay.

    From a narrow side nothing can be drawn of what stands behind; it stays as the operator sees it. Its own inverse.
    """
    if face != Face.BACK:
        return drawing
    sides = tuple(
        Side(
            side.name,
            side.rows,
            side.columns,
            tuple(sorted(side.columns - edge for edge in side.lane_edges)),
            tuple(sorted((row, side.columns + 1 - column) for row, column in side.blocked)),
        )
        for side in drawing.sides
    )
    lanes = [len(side.lane_edges) + 1 if side.lane_edges else side.columns for side in drawing.sides]
    places = tuple(
        Place(
            place.number,
            place.row,
            drawing.sides[place.side - 1].columns + 1 - place.column,
            lanes[place.side - 1] + 1 - place.lane,
            place.side,
            place.mark,
        )
        for place in drawing.places
    )
    return Drawing(sides, places)


def in_the_way(drawing: Drawing, *, seen: str, face: str, reverse: bool) -> list[str]:
    """Why a rack of lanes cannot be loaded or emptied as it is drawn; empty when it can.

    In a lane pieces stand one behind another: what is loaded later must stand nearer to the operator, and the OEM,
    who wants the lowest sequence first, must find it nearest to the face he takes from.
    """
    if seen != Seen.ABOVE:
        return []
    problems = []
    for lane in _depths(drawing.places):
        where = f"lane {lane[0].lane}" + (f" of side {lane[0].side}" if len(drawing.sides) > 1 else "")
        numbers = [place.number for place in lane]
        if numbers != sorted(numbers):
            problems.append(f"{where}: place {numbers[-1]} is loaded before a place behind it")
        elif len(lane) > 1 and face in {Face.FRONT, Face.BACK} and reverse is (face == Face.BACK):
            order = "highest" if reverse else "lowest"
            problems.append(
                f"{where}: the OEM takes from the {face.lower()} and would meet the "
                f"highest sequence first, as the {order} is loaded first"
            )
    return problems


def _depths(places: Iterable[Place]) -> list[list[Place]]:
    """Columns of places seen from above, the deepest first."""
    columns: dict[tuple[int, int], list[Place]] = {}
    for place in places:
        columns.setdefault((place.side, place.column), []).append(place)
    return [sorted(column, key=lambda place: place.row) for _, column in sorted(columns.items())]
