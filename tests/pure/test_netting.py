"""What is left to make of needs: stock and receipts by time, firm orders of their own, whole lots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from scheduling.netting import Need, Netted, Receipt, Supply, further_key, need_of, net_needs

pytestmark = pytest.mark.engine_free
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def needs(*quantities: int) -> list[Need]:
    """One a day from Monday on, of several customers: A, B, C ..."""
    return [
        Need("ABCDEFGH"[day], 1, Decimal(quantity), MONDAY + timedelta(days=day), False)
        for day, quantity in enumerate(quantities)
    ]


def whole(
    *quantities: int,
    stock: int = 0,
    receipts: tuple[tuple[int, int | None], ...] = (),
    own: dict[str, int] | None = None,
    done: dict[str, int] | None = None,
    refused: tuple[str, ...] = (),
    lot: int | None = None,
) -> Netted:
    coming = [
        Receipt(Decimal(n), None if day is None else MONDAY + timedelta(days=day)) for n, day in receipts
    ]
    mine, over = ({key: Decimal(n) for key, n in (some or {}).items()} for some in (own, done))
    supply = Supply(mine, over, refused, coming)
    return net_needs(
        needs(*quantities), supply, stock=Decimal(stock), lot_size=None if lot is None else Decimal(lot)
    )


def netted(*quantities: int, **given: Any) -> dict[str, int]:
    return {key: int(quantity) for key, quantity in whole(*quantities, **given).orders.items()}


def test_stock_covers_the_earliest_needs_first() -> None:
    assert netted(30, 20, 40, stock=45) == {"B": 5, "C": 40}
    assert netted(30, 20, stock=50) == {}


def test_an_open_order_covers_what_is_due_from_its_day_on() -> None:
    assert netted(30, 20, receipts=((40, 1),)) == {"A": 30}
    assert netted(30, 20, 30, receipts=((40, 1),)) == {"A": 30, "C": 10}
    assert netted(30, receipts=((30, None),)) == {}, "an order without a due time counts at once"


def test_a_firm_order_covers_its_own_need_and_the_rest_covers_others() -> None:
    assert netted(30, 20, own={"B": 25}) == {"A": 30}
    assert netted(30, 20, 10, own={"B": 25}) == {"A": 30, "C": 5}


def test_what_a_firm_order_is_too_small_for_is_a_further_order() -> None:
    assert netted(30, own={"A": 20}) == {"A": 10}
    assert netted(30, stock=4, own={"A": 20}) == {"A": 6}
    assert netted(30, 40, own={"A": 20}, lot=25) == {"A": 25, "B": 25}, "in whole lots, whose rest is used"


def test_a_need_whose_order_is_done_makes_what_it_has_grown_by() -> None:
    assert netted(30, 20, stock=35, done={"A": 30}) == {"B": 15}
    assert netted(30, 20, done={"A": 30}) == {"B": 20}, "what was made has left"
    assert netted(45, stock=30, done={"A": 30}) == {"A": 15}
    assert netted(45, done={"A": 30}) == {"A": 15}
    assert whole(45, done={"A": 30}).short == {"A": 30}, "what is gone is told"


def test_a_need_a_person_refused_makes_none_and_is_short() -> None:
    net = whole(30, 20, stock=5, refused=("A",))
    assert (net.orders, net.short) == ({"B": 20}, {"A": 25})


def test_what_is_too_much_is_spare() -> None:
    assert whole(30, stock=10, own={"A": 25}).spare == 5
    assert whole(30, stock=10, receipts=((40, 9),)).spare == 40
    assert whole(30, stock=10, lot=25).spare == 5, "the rest of a lot as well"


def test_a_further_order_has_a_key_of_its_own_and_the_same_need() -> None:
    keys = ["OEM|C-H|#7 #2|2026-11-24"]
    for _ in range(3):
        keys.append(further_key(keys[0], keys))
    assert keys[1:] == [f"{keys[0]} #{n}" for n in (2, 3, 4)]
    assert {need_of(key) for key in keys} == {keys[0]}
    assert further_key(keys[0], []) == keys[0]


def test_orders_are_whole_lots_and_the_rest_of_a_lot_is_used() -> None:
    assert netted(30, 40, 60, lot=50) == {"A": 50, "B": 50, "C": 50}
    assert netted(30, 20, 60, stock=10, lot=50) == {"A": 50, "C": 50}


@given(
    some.lists(some.integers(0, 90), max_size=8),
    some.integers(0, 200),
    some.lists(some.tuples(some.integers(0, 90), some.integers(0, 9)), max_size=4),
    *(some.dictionaries(some.sampled_from("ABCDEFGH"), some.integers(0, 90), max_size=3) for _ in range(2)),
    some.sets(some.sampled_from("ABCDEFGH"), max_size=2),
    some.sampled_from([None, 1, 7, 50]),
)
def test_no_day_is_short_untold_and_no_more_than_a_lot_is_left(
    quantities: list[int], stock: int, receipts: list[tuple[int, int]], own: dict[str, int], done: dict[str, int],
    refused: set[str], lot: int | None,
) -> None:  # fmt: skip
    net = whole(
        *quantities,
        stock=stock,
        receipts=tuple(receipts),
        own=own,
        done=done,
        refused=tuple(refused),
        lot=lot,
    )
    for day in range(len(quantities)):
        keys = "ABCDEFGH"[: day + 1]
        there = stock + sum(n for n, at in receipts if at <= day) + sum(own.get(key, 0) for key in keys)
        there += int(sum(net.orders.get(key, 0) + net.short.get(key, 0) for key in keys))
        assert there >= sum(quantities[: day + 1])
    assert set(net.short) <= {*done, *refused}, "only what was decided is short"
    if net.orders and not receipts and not own and not net.short:
        assert stock + sum(net.orders.values()) - sum(quantities) < (lot or 1)


def test_nothing_asked_is_nothing_to_make() -> None:
    assert whole(stock=5).orders == {}
