"""What is left to make of a part's needs once stock and open orders are taken off; pure arithmetic."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

NOTHING = Decimal(0)
# Behind the key of a need: its second order and further ones. A key ends in a moment, never so.
FURTHER = " #"


def need_of(key: str) -> str:
    """The key of the need an order is for, from that of the order."""
    return re.sub(rf"{FURTHER}\d+$", "", key)


def further_key(key: str, taken: Collection[str]) -> str:
    """The key of one more order for a need; that of the first is the need's own."""
    return next(
        name for name in (key, *(f"{key}{FURTHER}{n}" for n in range(2, len(taken) + 3))) if name not in taken
    )


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


@dataclass(frozen=True, slots=True)
class Supply:
    """What is known of a part's needs beside stock, by their keys, and what comes beside them.

    `own` is what firm and begun orders of a need bring, `done` what its finished orders were for. A need that is
    `refused` (a person cancelled its order) gets no other.
    """

    own: Mapping[str, Decimal] = field(default_factory=dict)
    done: Mapping[str, Decimal] = field(default_factory=dict)
    refused: Collection[str] = ()
    receipts: Sequence[Receipt] = ()


@dataclass(frozen=True, slots=True)
class Netted:
    """`orders`: what to make of each need, by its key. `short`: what a need lacks and no order makes. `spare`: what
    stock and open orders have more than all needs ask, once the last is served."""

    orders: Mapping[str, Decimal]
    short: Mapping[str, Decimal]
    spare: Decimal


def net_needs(needs: Iterable[Need], supply: Supply, *, stock: Decimal, lot_size: Decimal | None) -> Netted:
    """What to make of each need. Walks the needs by due time and takes off what is there by then.

    A need's `own` orders cover it first, and what they have too much is there for the others; what they have too
    little, as the need has grown, is made by a further order. Of a need with a `done` order only what it has grown
    by is made: what was made for it is in the stock, or has left. An order is rounded up to whole lots, and the rest
    of its last lot is there for the needs behind it. A receipt covers nothing that is due before it: an order that
    comes too late is no reason to make nothing now.

    Promise: up to each due time, stock, receipts, own orders, what is made and what is told to be short are together
    no less than the needs.
    """
    there, orders, short = stock, dict[str, Decimal](), dict[str, Decimal]()
    coming = sorted(
        supply.receipts, key=lambda one: (one.at is not None, one.at.timestamp() if one.at else 0.0)
    )
    for need in sorted(needs, key=lambda need: (need.due_at, need.key)):
        while coming and (coming[0].at is None or coming[0].at <= need.due_at):
            there += coming.pop(0).quantity
        there += supply.own.get(need.key, NOTHING)
        left = max(NOTHING, need.quantity - there)
        there = max(NOTHING, there - need.quantity)
        make = min(left, still_to_order(need, supply))
        if left > make:
            short[need.key] = left - make
        if make:
            orders[need.key] = whole_lots(make, lot_size)
            there += orders[need.key] - make
    return Netted(orders, short, there + sum((one.quantity for one in coming), NOTHING))


def still_to_order(need: Need, supply: Supply) -> Decimal:
    """What of a need no order was ever for."""
    if need.key in supply.refused:
        return NOTHING
    ordered = supply.own.get(need.key, NOTHING) + supply.done.get(need.key, NOTHING)
    return max(NOTHING, need.quantity - ordered)


def whole_lots(quantity: Decimal, lot_size: Decimal | None) -> Decimal:
    """The quantity, or the least number of whole lots that holds it."""
    if not lot_size:
        return quantity
    return (quantity / lot_size).to_integral_value(ROUND_CEILING) * lot_size
