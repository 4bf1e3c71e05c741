"""Pure rules of demand: which release is the newer one, what is left to deliver, how two counts compare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

NOTHING = Decimal(0)
SHOWN_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A quantity in a period, both days included. No first day: at once. No last day: that one day.

    `urgency` says why it has no day: "backlog" or "immediate". `order_ref` is an order of this quantity alone,
    `kanban_cards` are the cards it is called by.
    """

    quantity: Decimal
    first: date | None = None
    last: date | None = None
    firmness: str = ""
    interval: str = ""
    time: str = ""
    urgency: str = ""
    order_ref: str = ""
    kanban_cards: tuple[str, ...] = ()

    @property
    def end(self) -> date | None:
        """The last day of the period; a week or month of which only the start was sent runs its length."""
        if self.last is not None or self.first is None:
            return self.last or self.first
        if self.interval == "week":
            return self.first + timedelta(days=6)
        if self.interval == "month":
            following = (self.first.replace(day=1) + timedelta(days=31)).replace(day=min(self.first.day, 28))
            return following - timedelta(days=1)
        return self.first


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells the order of two releases. `issued` is ISO 8601 text; absent facts are empty."""

    number: str = ""
    previous: str = ""
    issued: str = ""


class Order(Enum):
    NEWER = "newer"
    SAME = "same"
    OLDER = "older"


def judge_order(known: Stamp, news: Stamp) -> Order:
    """How `news` stands to the release that is `known`.

    A release that names the other as its predecessor follows it. Else the time of issue decides, as far as both
    tell it, then the number. What tells nothing is taken in the order it came.
    """
    if news.number and news.number == known.number and news.issued == known.issued:
        return Order.SAME
    if news.number != known.number:
        if news.previous and news.previous == known.number:
            return Order.NEWER
        if known.previous and known.previous == news.number:
            return Order.OLDER
    told = min(len(known.issued), len(news.issued))
    if told and known.issued[:told] != news.issued[:told]:
        return Order.NEWER if news.issued[:told] > known.issued[:told] else Order.OLDER
    if news.number == known.number:
        return Order.SAME if news.number or news.issued else Order.NEWER
    numbers = _count(known.number), _count(news.number)
    if numbers[0] is None or numbers[1] is None:
        return Order.NEWER
    return Order.NEWER if numbers[1] > numbers[0] else Order.OLDER


def _count(number: str) -> int | None:
    digits = re.search(r"[0-9]+$", number)
    return int(digits.group()) if digits else None


def skipped(known: Stamp, news: Stamp) -> bool:
    """True when a release that follows names another predecessor than the one that is known."""
    return bool(news.previous and known.number and news.previous not in (known.number, news.number))


def amended(known: Iterable[Wanted], news: Sequence[Wanted]) -> list[Wanted]:
    """What is wanted when `news` speaks only of the periods it names: of these it says everything."""
    kept = [line for line in known if not any(_meet(line, other) for other in news)]
    wanted = [*kept, *(line for line in news if line.quantity)]
    return sorted(wanted, key=lambda line: (line.first or date.min, line.time))


def _meet(line: Wanted, other: Wanted) -> bool:
    if line.first is None or other.first is None:
        return line.first is other.first
    assert line.end is not None
    assert other.end is not None
    return line.first <= other.end and other.first <= line.end


def left_to_plan(calls: Iterable[Wanted], plans: Iterable[Wanted]) -> list[Wanted]:
    """What a plan still adds to the call-offs of the same part, so that nothing counts twice.

    Up to the last day the call-offs speak of, they are all that is wanted. A planned period that reaches beyond
    that day counts with what was not called within it.
    """
    called = list(calls)
    days = [line.end for line in called if line.end is not None]
    if not days:
        return list(plans)
    horizon = max(days)
    return [rest for line in plans if (rest := _rest(line, called, horizon)) is not None]


def _rest(line: Wanted, called: list[Wanted], horizon: date) -> Wanted | None:
    if line.first is None or line.end is None or line.end <= horizon:
        return None
    if line.first > horizon:
        return line
    taken = sum((call.quantity for call in called if _meet(call, line)), NOTHING)
    left = max(NOTHING, line.quantity - taken)
    return replace(line, quantity=left, first=horizon + timedelta(days=1)) if left else None


def change_in_words(known: Sequence[Wanted], news: Sequence[Wanted], today: date) -> tuple[Decimal, str]:
    """What a new release changes in the days both speak of: pieces more or less, and a sentence.

    Days gone by and the far end that every release adds say nothing about a change.
    """
    ends = [line.end for line in known if line.end is not None]
    horizon = max(ends, default=today)
    was, now = _by_period(known, today, horizon), _by_period(news, today, horizon)
    steps = [
        (period, now.get(period, NOTHING) - was.get(period, NOTHING))
        for period in sorted(
            {**was, **now}, key=lambda period: (period[0] or date.min, period[1] or date.min)
        )
    ]
    steps = [(period, step) for period, step in steps if step]
    words = [f"{_signed(step)} {_period(*period)}" for period, step in steps[:SHOWN_CHANGES]]
    if len(steps) > SHOWN_CHANGES:
        words.append(f"and {len(steps) - SHOWN_CHANGES} more")
    return sum((step for _, step in steps), NOTHING), ", ".join(words)


Period = tuple[date | None, date | None]


def _by_period(lines: Iterable[Wanted], today: date, horizon: date) -> dict[Period, Decimal]:
    found: dict[Period, Decimal] = {}
    for line in lines:
        if line.end is not None and (line.end < today or line.end > horizon):
            continue
        key = (line.first, line.end)
        found[key] = found.get(key, NOTHING) + line.quantity
    return found


def _signed(step: Decimal) -> str:
    return f"{'+' if step > 0 else '−'}{number_in_words(abs(step))}"


def _period(first: date | None, last: date | None) -> str:
    if first is None:
        return "at once"
    if last is None or last == first:
        return f"on {first:%-d %b}"
    return f"from {first:%-d %b} to {last:%-d %b}"


def number_in_words(quantity: Decimal) -> str:
    """A quantity without empty decimals: 1200, 0.5."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count_starts(day: date, reset: str) -> date | None:
    """The day a cumulative count that restarts every year on `reset` (MM-DD) began; None: it never restarts.

    A count that restarts on 29 February does so on 1 March in other years.
    """
    if not reset:
        return None
    month, dom = (int(item) for item in reset.split("-"))

    def in_year(year: int) -> date:
        try:
            return date(year, month, dom)
        except ValueError:
            return date(year, month, dom - 1) + timedelta(days=1)

    start = in_year(day.year)
    return start if start <= day else in_year(day.year - 1)


@dataclass(frozen=True, slots=True)
class Count:
    """Our count of a part against the customer's: shipped, of that still on the road, received by his books."""

    shipped: Decimal
    in_transit: Decimal
    received: Decimal

    @property
    def difference(self) -> Decimal:
        """Pieces that left and were not on the road any more, less what he has booked. Above zero: he lacks some."""
        return self.shipped - self.in_transit - self.received


def difference_in_words(part: str, who: str, count: Count) -> str:
    """The sentence for the person who has to find the pieces."""
    shipped, road, received = (
        number_in_words(value) for value in (count.shipped, count.in_transit, count.received)
    )
    missing = count.difference > 0
    pieces = number_in_words(abs(count.difference))
    end = f"{pieces} are missing in his count" if missing else f"{pieces} more than left here"
    return f"{part}: {shipped} shipped, {road} of them on the road, {who} has received {received}: {end}"
