"""Rack drawings: any drawing is read into places, each number stands once, and the loading order follows the path."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import Invalid
from sequencer.drawing import Corner, Drawing, Path, grid, in_the_way, read_drawing, seen_by_oem, slot_plan

# A slow draw on a busy machine is no fault of the drawing.
TWO_SIDES = """
[left hand]
L L # L
L L L L
[right hand]
R R R #
R R R R
"""


def numbers(drawing: Drawing, side: int = 1) -> list[list[int]]:
    """The drawing as rows of slot numbers; 0 where no place is."""
    face = drawing.sides[side - 1]
    at = {(p.row, p.column): p.number for p in drawing.places if p.side == side}
    return [[at.get((r, c), 0) for c in range(1, face.columns + 1)] for r in range(1, face.rows + 1)]


@pytest.mark.parametrize(
    ("path", "corner", "drawn"),
    [
        ("ROWS", "BOTTOM_RIGHT", [[6, 5, 4], [3, 2, 1]]),
        ("ROWS", "TOP_LEFT", [[1, 2, 3], [4, 5, 6]]),
        ("ROWS_SNAKE", "BOTTOM_RIGHT", [[4, 5, 6], [3, 2, 1]]),
        ("ROWS_SNAKE", "TOP_LEFT", [[1, 2, 3], [6, 5, 4]]),
        ("LANES", "BOTTOM_RIGHT", [[6, 4, 2], [5, 3, 1]]),
        ("LANES", "TOP_LEFT", [[1, 3, 5], [2, 4, 6]]),
        ("LANES_SNAKE", "TOP_LEFT", [[1, 4, 5], [2, 3, 6]]),
    ],
)
def test_the_path_of_the_hand(path: str, corner: str, drawn: list[list[int]]) -> None:
    assert numbers(grid(2, 3, path, corner)) == drawn


def test_a_snake_turns_where_the_hand_is_not_where_the_steel_is() -> None:
    """A row without places is no turn: the hand goes on from the end it is at."""
    drawing = read_drawing("o o o\n# # #\no o o", Path.ROWS_SNAKE, Corner.BOTTOM_LEFT)
    assert numbers(drawing) == [[6, 5, 4], [0, 0, 0], [1, 2, 3]]


def test_lanes_hold_several_columns() -> None:
    drawing = read_drawing("o o | o o\no o | o o", Path.LANES, Corner.TOP_LEFT)
    assert numbers(drawing) == [[1, 2, 5, 6], [3, 4, 7, 8]]
    assert {(p.number, p.lane) for p in drawing.places if p.number in (4, 5)} == {(4, 1), (5, 2)}


def test_two_sides_with_a_commodity_each_and_blocked_places() -> None:
    drawing = read_drawing(TWO_SIDES)
    assert (drawing.capacity, drawing.sequences, drawing.marks) == (14, 7, ("L", "R"))
    assert numbers(drawing, 1) == [[7, 6, 0, 5], [4, 3, 2, 1]]
    assert numbers(drawing, 2) == [[14, 13, 12, 0], [11, 10, 9, 8]]
    assert [side.name for side in drawing.sides] == ["left hand", "right hand"]
    assert drawing.sides[0].blocked == ((1, 3),)


def test_written_numbers_are_the_loading_order() -> None:
    drawing = read_drawing("1L 2R 5L\n3L 4R 6R")
    assert numbers(drawing) == [[1, 2, 5], [3, 4, 6]]
    plan = [(w.number, w.position, w.mark) for w in slot_plan(drawing, [10, 11], reverse=False)]
    assert plan == [(1, 10, "L"), (2, 10, "R"), (3, 11, "L"), (4, 11, "R")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no place"),
        ("# . #", "no place"),
        ("o o\no o o", "line 2 has 3 cells, line 1 has 2"),
        ("o o | o\no | o o", "parts its lanes elsewhere"),
        ("o | | o", "lane without a cell"),
        ("o x", "'x' is no place"),
        ("1 2\n3 o", "each once, on every place or on none; missing: 4"),
        ("1 2\n2 3", "missing: 4"),
        ("0 1", "missing: 2"),
        ("L L\nR o", "every mark needs equally many places"),
        ("[left]\n[right]\no", "side [left] has no rows"),
        ("[a]\no\n[b]\no\n[c]\no\n[d]\no\n[e]\no", "5 sides"),
        ("\n".join(["o " * 51] * 4), "204 places"),
    ],
)
def test_a_drawing_that_cannot_be_is_refused_with_the_place(text: str, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_drawing(text)
    assert refused.value.code == "bad_drawing"
    assert told in refused.value.message


def test_a_number_the_rack_does_not_have_is_refused() -> None:
    with pytest.raises(Invalid, match="places 1 to 6, not 7"):
        grid(2, 3).place(7)


@st.composite
def drawings(draw: Any) -> tuple[str, str, str]:
    """Any drawing of up to three sides, some places blocked or missing, lanes parted anywhere."""
    sides = []
    for side in range(draw(st.integers(1, 3))):
        rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 6))
        edges = draw(st.sets(st.integers(1, columns - 1), max_size=2)) if columns > 1 else set()
        cells = draw(st.lists(st.sampled_from("ooo#."), min_size=rows * columns, max_size=rows * columns))
        if side == 0:
            cells[0] = "o"
        lines = [
            " ".join(
                cell + (" |" if column in edges else "")
                for column, cell in enumerate(cells[row * columns : (row + 1) * columns], start=1)
            )
            for row in range(rows)
        ]
        sides.append(f"[side {side}]\n" + "\n".join(lines))
    return "\n".join(sides), draw(st.sampled_from(list(Path))), draw(st.sampled_from(list(Corner)))


@given(drawings())
def test_the_drawing_is_a_bijection(asked: tuple[str, str, str]) -> None:
    """Numbers 1 to n, each on one place; no two numbers on one place; blocked places have none."""
    drawing = read_drawing(*asked)
    places = {(p.side, p.row, p.column) for p in drawing.places}
    blocked = {(n, *place) for n, side in enumerate(drawing.sides, start=1) for place in side.blocked}
    assert [p.number for p in drawing.places] == list(range(1, drawing.capacity + 1))
    assert len(places) == drawing.capacity == asked[0].count("o")
    assert not places & blocked
    assert all(drawing.place(p.number) is p for p in drawing.places)


@given(drawings())
def test_numbers_written_out_give_the_same_drawing(asked: tuple[str, str, str]) -> None:
    """What the path gave can be written as numbers, and then the path says nothing any more."""
    drawing = read_drawing(*asked)
    turns = {(p.side, p.row, p.column): str(p.number) for p in drawing.places}
    side, row, lines = 0, 0, []
    for line in asked[0].splitlines():
        if line.startswith("["):
            side, row = side + 1, 0
            lines.append(line)
            continue
        row, column, cells = row + 1, 0, []
        for cell in line.split():
            column += cell != "|"
            cells.append(turns.get((side, row, column), cell) if cell == "o" else cell)
        lines.append(" ".join(cells))
    assert read_drawing("\n".join(lines), Path.ROWS, Corner.TOP_LEFT).places == drawing.places


@given(drawings(), st.sampled_from(["FRONT", "BACK", "LEFT", "RIGHT"]))
def test_the_oems_view_is_its_own_inverse(asked: tuple[str, str, str], face: str) -> None:
    drawing = read_drawing(*asked)
    other = seen_by_oem(drawing, face)
    assert seen_by_oem(other, face) == drawing
    assert [p.number for p in other.places] == [p.number for p in drawing.places]


@given(drawings(), st.integers(-5, 5000), st.booleans())
def test_each_position_stands_in_exactly_one_slot(
    asked: tuple[str, str, str], low: int, reverse: bool
) -> None:
    drawing = read_drawing(*asked)
    plan = slot_plan(drawing, range(low, low + drawing.sequences), reverse=reverse)
    assert sorted(want.position for want in plan) == list(range(low, low + drawing.capacity))
    assert [want.number for want in plan] == list(range(1, drawing.capacity + 1))


@given(drawings(), st.integers(1, 300))
def test_forward_and_reverse_are_inverse(asked: tuple[str, str, str], low: int) -> None:
    """What forward loads first, reverse loads last: the two orders mirror each other, snake or not."""
    drawing = read_drawing(*asked)
    positions = range(low, low + drawing.sequences)
    forward = [want.position for want in slot_plan(drawing, positions, reverse=False)]
    backward = [want.position for want in slot_plan(drawing, positions, reverse=True)]
    assert backward == forward[::-1]


@given(st.integers(1, 6), st.integers(1, 9), st.sampled_from(list(Corner)))
def test_a_snake_never_jumps(rows: int, columns: int, corner: Corner) -> None:
    """Neighbouring numbers stand beside or above each other: the hand never crosses the rack."""
    for path in (Path.ROWS_SNAKE, Path.LANES_SNAKE):
        places = grid(rows, columns, path, corner).places
        steps = [abs(a.row - b.row) + abs(a.column - b.column) for a, b in pairwise(places)]
        assert set(steps) <= {1}


@given(st.integers(1, 6), st.integers(1, 9), st.sampled_from(list(Corner)))
def test_a_snake_walked_back_is_the_snake_from_its_other_end(rows: int, columns: int, corner: Corner) -> None:
    forth = [(p.row, p.column) for p in grid(rows, columns, Path.ROWS_SNAKE, corner).places]
    last = forth[-1]
    vertical = "BOTTOM" if last[0] == rows else "TOP"
    ends = [Corner(f"{vertical}_{side}") for side in ("LEFT", "RIGHT")]
    backs = [[(p.row, p.column) for p in grid(rows, columns, Path.ROWS_SNAKE, end).places] for end in ends]
    if rows > 1:
        assert forth[::-1] in backs


# --- lanes seen from above: what stands behind what ---------------------------------------------------------

DEEP = "o | o\no | o\no | o"


@pytest.mark.parametrize(
    ("corner", "reverse", "face", "told"),
    [
        ("TOP_LEFT", False, "BACK", ""),
        ("TOP_LEFT", True, "FRONT", ""),
        ("TOP_LEFT", False, "FRONT", "would meet the highest sequence first"),
        ("TOP_LEFT", True, "BACK", "would meet the highest sequence first"),
        ("TOP_LEFT", False, "LEFT", ""),
        ("BOTTOM_LEFT", True, "FRONT", "is loaded before a place behind it"),
    ],
)
def test_a_lane_must_be_loadable_and_give_the_lowest_first(
    corner: str, reverse: bool, face: str, told: str
) -> None:
    drawing = read_drawing(DEEP, Path.LANES, corner)
    problems = in_the_way(drawing, seen="ABOVE", face=face, reverse=reverse)
    assert bool(problems) is bool(told)
    assert all(told in problem for problem in problems)
    assert in_the_way(drawing, seen="FRONT", face=face, reverse=reverse) == []
