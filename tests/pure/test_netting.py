"""What is left to make of needs: stock and receipts by time, firm orders of their own, whole lots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from scheduling.netting import Need, Receipt, net_needs

pytestmark = pytest.mark.engine_free
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def needs(*quantities: int) -> list[Need]:
    """One a day from Monday on, of several customers: A, B, C ..."""
    return [
        Need("ABCDEFGH"[day], 1, Decimal(quantity), MONDAY + timedelta(days=day), False)
        for day, quantity in enumerate(quantities)
    ]


def netted(
    *quantities: int,
    stock: int = 0,
    receipts: tuple[tuple[int, int | None], ...] = (),
    own: dict[str, int] | None = None,
    settled: tuple[str, ...] = (),
    lot: int | None = None,
) -> dict[str, int]:
    net = net_needs(
        needs(*quantities),
        stock=Decimal(stock),
        receipts=[
            Receipt(Decimal(n), None if day is None else MONDAY + timedelta(days=day)) for n, day in receipts
        ],
        own={key: Decimal(n) for key, n in (own or {}).items()},
        settled=settled,
        lot_size=None if lot is None else Decimal(lot),
    )
    return {key: int(quantity) for key, quantity in net.items()}


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
    assert netted(30, own={"A": 20}) == {}, "no second order beside a firm one that is too small"


def test_a_need_whose_order_is_over_uses_up_stock_and_makes_none() -> None:
    assert netted(30, 20, stock=35, settled=("A",)) == {"B": 15}
    assert netted(30, 20, settled=("A",)) == {"B": 20}


def test_orders_are_whole_lots_and_the_rest_of_a_lot_is_used() -> None:
    assert netted(30, 40, 60, lot=50) == {"A": 50, "B": 50, "C": 50}
    assert netted(30, 20, 60, stock=10, lot=50) == {"A": 50, "C": 50}


@given(
    some.lists(some.integers(0, 90), max_size=8),
    some.integers(0, 200),
    some.lists(some.tuples(some.integers(0, 90), some.integers(0, 9)), max_size=4),
    some.sampled_from([None, 1, 7, 50]),
)
def test_no_day_is_short_and_no_more_than_a_lot_is_left(
    quantities: list[int], stock: int, receipts: list[tuple[int, int]], lot: int | None
) -> None:
    made = netted(*quantities, stock=stock, receipts=tuple(receipts), lot=lot)
    for day in range(len(quantities)):
        there = stock + sum(n for n, at in receipts if at <= day)
        there += sum(made.get("ABCDEFGH"[one], 0) for one in range(day + 1))
        assert there >= sum(quantities[: day + 1])
    if made and not receipts:
        assert stock + sum(made.values()) - sum(quantities) < (lot or 1)


def test_nothing_asked_is_nothing_to_make() -> None:
    assert net_needs([], stock=Decimal(5), receipts=(), own={}, settled=(), lot_size=None) == {}
