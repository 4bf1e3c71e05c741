"""The move list: every piece comes where it belongs, never two in one slot, the hold cart used as little as can be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.rules import Move, Standing, plan_moves


def told(*pieces: tuple[int, int | None, int | None]) -> list[tuple[int, int | None, int | None]]:
    return [(m.ref, m.source, m.target) for m in plan_moves(Standing(*piece) for piece in pieces)]


@pytest.mark.parametrize(
    ("pieces", "moves"),
    [
        ([], []),
        ([(1, 5, 7)], [(1, 5, 7)]),
        ([(1, 5, None)], [(1, 5, None)]),
        # a chain is walked from its free end
        ([(1, 5, 6), (2, 6, 7)], [(2, 6, 7), (1, 5, 6)]),
        # a ring needs the cart once
        ([(1, 5, 7), (2, 7, 5)], [(1, 5, None), (2, 7, 5), (1, None, 7)]),
        # what belongs nowhere makes room
        ([(1, 5, 7), (2, 7, None)], [(2, 7, None), (1, 5, 7)]),
        # from the cart into its slot
        ([(1, None, 3)], [(1, None, 3)]),
        ([(1, None, None)], []),
    ],
)
def test_moves(pieces: list[Any], moves: list[Any]) -> None:
    assert told(*pieces) == moves


@st.composite
def racks(draw: Any) -> list[Standing]:
    """Pieces in slots and on the cart; each slot holds one piece at most and is wanted by one at most."""
    count = draw(st.integers(0, 9))
    slots = st.lists(st.integers(1, 9), unique=True, min_size=9, max_size=9)
    at, to = draw(slots), draw(slots)
    pieces = []
    for ref in range(count):
        here = draw(st.sampled_from([at[ref], at[ref], None]))
        there = draw(st.sampled_from([to[ref], to[ref], None]))
        if here is None or here != there:
            pieces.append(Standing(ref, here, there))
    return pieces


def carried_out(pieces: list[Standing], moves: list[Move]) -> tuple[dict[int, int | None], int]:
    """Where all pieces stand after the moves, and how many were put on the cart."""
    where: dict[int, int | None] = {piece.ref: piece.at for piece in pieces}
    parked = 0
    for move in moves:
        assert where[move.ref] == move.source
        assert move.target is None or move.target not in where.values(), "two in one slot"
        where[move.ref] = move.target
        parked += move.target is None
    return where, parked


@given(racks())
def test_every_piece_comes_where_it_belongs(pieces: list[Standing]) -> None:
    where, _ = carried_out(pieces, plan_moves(pieces))
    assert where == {piece.ref: piece.to for piece in pieces}


@given(racks())
def test_the_cart_is_used_once_a_ring(pieces: list[Standing]) -> None:
    _, parked = carried_out(pieces, plan_moves(pieces))
    homeless = sum(piece.to is None and piece.at is not None for piece in pieces)
    follows = {piece.at: piece.to for piece in pieces if piece.at is not None and piece.to is not None}
    rings, seen = 0, set()
    for start in follows:
        path, here = [], start
        while here in follows and here not in seen:
            seen.add(here)
            path.append(here)
            here = follows[here]
        rings += here in path
    assert parked == homeless + rings


@given(racks(), st.randoms(use_true_random=False))
def test_the_list_does_not_depend_on_the_order_of_rows(pieces: list[Standing], dice: Any) -> None:
    shuffled = list(pieces)
    dice.shuffle(shuffled)
    assert plan_moves(shuffled) == plan_moves(pieces)
