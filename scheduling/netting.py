"""What is left to make of a part's needs once stock and open orders are taken off; pure arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Need:
    """One quantity a release asks for at a place on a day; `key` is the same in the next release.

    What is `over` was wanted in days gone by: it makes no order and cancels none.
    """

    key: str
    part_id: int
    quantity: Decimal
    due_at: datetime
    over: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """Pieces that open orders will bring, from a moment on; without one they count at once."""

    quantity: Decimal
    at: datetime | None


def net_needs(
    needs: Iterable[Need],
    *,
    stock: Decimal,
    receipts: Iterable[Receipt],
    own: Mapping[str, Decimal],
    settled: Collection[str],
    lot_size: Decimal | None,
) -> dict[str, Decimal]:
    """What to make of each need, by its key. Walks the needs by due time and takes off what is there by then.

    A need's `own` firm order covers it first, and what it has too much is there for the others. A need that is
    `settled` (its order is done, or a person cancelled it) uses up stock and makes no order. An order is rounded up
    to whole lots, and the rest of its last lot is there for the needs behind it. A receipt covers nothing that is due
    before it: an order that comes too late is no reason to make nothing now.
    """
    there, orders = stock, dict[str, Decimal]()
    coming = sorted(receipts, key=lambda one: (one.at is not None, one.at.timestamp() if one.at else 0.0))
    for need in sorted(needs, key=lambda need: (need.due_at, need.key)):
        while coming and (coming[0].at is None or coming[0].at <= need.due_at):
            there += coming.pop(0).quantity
        there += own.get(need.key, NOTHING)
        left = max(NOTHING, need.quantity - there)
        there = max(NOTHING, there - need.quantity)
        if not left or need.key in own or need.key in settled:
            continue
        orders[need.key] = whole_lots(left, lot_size)
        there += orders[need.key] - left
    return orders


def whole_lots(quantity: Decimal, lot_size: Decimal | None) -> Decimal:
    """The quantity, or the least number of whole lots that holds it."""
    if not lot_size:
        return quantity
    return (quantity / lot_size).to_integral_value(ROUND_CEILING) * lot_size
