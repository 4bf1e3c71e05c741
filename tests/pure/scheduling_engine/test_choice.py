"""Chosen operations: their setup as placed, a better order of them, and that order made."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine.choice import MOST, PROVEN, arrange, weigh
from scheduling.engine.manual import Board, MoveError
from tests.bounds import searched
from tests.pure.scheduling_engine.test_manual import HOUR, board, workable


def line(keys: str, locked: int | None = None) -> Board:
    """One machine; operation A0 has the first letter as its key, and so on. Another letter costs an hour."""
    operations: list[dict[str, Any]] = [
        {"id": f"A{n}", "order": f"A{n}", "number": 10, "work_centre": "W", "hours": 1, "key": key}
        for n, key in enumerate(keys)
    ]
    if locked is not None:
        operations[locked] |= {"status": 20, "resource": "M", "start": "2026-11-23T06:00"}
    letters = sorted(set(keys))
    return board(
        {
            "start": "2026-11-23T06:00",
            "resources": [{"id": "M", "work_centre": "W", "state": keys[0]}],
            "orders": [{"id": f"A{n}", "due": f"2026-11-24T{n:02d}:00"} for n in range(len(keys))],
            "operations": operations,
            "setup": [{"from": a, "to": b, "hours": 1} for a in letters for b in letters if a != b],
        }
    )


def order(plan: Board) -> str:
    return "".join(plan.shop.operations[number].key for number in plan.sequences[0])


def test_the_best_order_is_told_and_made() -> None:
    plan = line("RBRB")
    weighed = weigh(plan, ["A0", "A1", "A2", "A3"])
    assert (weighed.placed, weighed.best, weighed.proven) == (3 * HOUR, HOUR, True)
    made = arrange(plan, weighed.order)
    assert order(made) == "RRBB"
    assert sum(place.setup for place in made.places if place) == weighed.best
    workable(made)


def test_what_stands_between_stays_and_what_follows_counts() -> None:
    plan = line("RBGRB")
    weighed = weigh(plan, ["A1", "A3"])
    # Swapped, A3 costs nothing behind A0, and A1 nothing before A4.
    assert (weighed.placed, weighed.best) == (4 * HOUR, 2 * HOUR)
    assert order(arrange(plan, weighed.order)) == "RRGBB"


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        (["A1"], "how_many"),
        ([f"A{n}" for n in range(MOST + 1)], "how_many"),
        (["A1", "X"], "not_in_plan"),
        (["A0", "A1"], "never_moves"),
    ],
)
def test_what_cannot_be_weighed_is_refused(chosen: list[str], code: str) -> None:
    with pytest.raises(MoveError) as refused:
        weigh(line("RBRB", locked=0), chosen)
    assert refused.value.code == code


@given(st.text("RGB", min_size=2, max_size=9))
@searched(20)
def test_an_order_is_never_worse_and_the_proven_one_is_the_best(keys: str) -> None:
    plan = line(keys)
    names = [plan.shop.operations[number].id for number in plan.sequences[0]]
    weighed = weigh(plan, names)
    assert weighed.best <= weighed.placed
    made = arrange(plan, weighed.order)
    assert sum(place.setup for place in made.places if place) == weighed.best
    if len(keys) <= 5:
        sums = [
            sum(a != b for a, b in itertools.pairwise([keys[0], *tried]))
            for tried in itertools.permutations(keys)
        ]
        assert weighed.best == min(sums) * HOUR
    assert weighed.proven == (len(keys) <= PROVEN)
