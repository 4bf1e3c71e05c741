"""Which release counts, what is left of a plan, how two counts compare: each rule as a table."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from inventory.demand import (
    Count,
    Stamp,
    Wanted,
    amended,
    change_in_words,
    count_starts,
    difference_in_words,
    judge_order,
    left_to_plan,
    number_in_words,
    skipped,
)

MONDAY = date(2026, 11, 23)


def day(number: int, quantity: str = "10") -> Wanted:
    """Pieces on a day of the week of 23 November; 0 is the Monday."""
    return Wanted(Decimal(quantity), MONDAY + timedelta(days=number))


def week(start: date, quantity: str = "50") -> Wanted:
    return Wanted(Decimal(quantity), start, interval="week")


def shown(lines: list[Wanted]) -> list[str]:
    return [f"{line.first} {line.quantity}" for line in lines]


@pytest.mark.parametrize(
    ("known", "news", "order"),
    [
        (Stamp("17", issued="2026-11-20T08:00"), Stamp("18", issued="2026-11-21T08:00"), "NEWER"),
        (Stamp("18", issued="2026-11-21T08:00"), Stamp("17", issued="2026-11-20T08:00"), "OLDER"),
        (Stamp("17", issued="2026-11-20T08:00"), Stamp("17", issued="2026-11-20T08:00"), "SAME"),
        (Stamp("17"), Stamp("17"), "SAME"),
        (Stamp("17"), Stamp("18"), "NEWER"),
        (Stamp("9"), Stamp("10"), "NEWER"),
        (Stamp("10"), Stamp("9"), "OLDER"),
        (Stamp("999", issued="2026-11-20"), Stamp("1", issued="2026-11-21"), "NEWER"),
        (Stamp("999"), Stamp("001", previous="999"), "NEWER"),
        (Stamp("001", previous="999"), Stamp("999"), "OLDER"),
        (Stamp("AGREEMENT", issued="2026-11-20T08:00"), Stamp("AGREEMENT", issued="2026-11-20T09:00"), "NEWER"),
        (Stamp("17", issued="2026-11-20T08:00"), Stamp("18", issued="2026-11-20"), "NEWER"),
        (Stamp(issued="2026-11-21"), Stamp(issued="2026-11-20"), "OLDER"),
        (Stamp(), Stamp(), "NEWER"),
        (Stamp("A"), Stamp("B"), "NEWER"),
    ],
    ids=[
        "later and higher", "earlier and lower", "both the same", "number alone the same", "number alone",
        "a number is no text", "lower number", "the day beats a number that wrapped", "wrap told by the predecessor",
        "the predecessor comes late", "one number for all, sent later", "same day, number decides", "day alone",
        "nothing is told", "no numbers",
    ],
)  # fmt: skip
def test_which_release_is_newer(known: Stamp, news: Stamp, order: str) -> None:
    assert judge_order(known, news).name == order


@pytest.mark.parametrize(
    ("known", "news", "missing"),
    [
        (Stamp("17"), Stamp("18", previous="17"), False),
        (Stamp("17"), Stamp("19", previous="18"), True),
        (Stamp("17"), Stamp("19"), False),
        (Stamp(""), Stamp("19", previous="18"), False),
    ],
)
def test_a_release_in_between_is_missed(known: Stamp, news: Stamp, missing: bool) -> None:
    assert skipped(known, news) is missing


@pytest.mark.parametrize(
    ("calls", "plans", "left"),
    [
        ([], [week(MONDAY)], ["2026-11-23 50"]),
        ([day(0)], [day(0, "99"), day(1)], ["2026-11-24 10"]),
        ([day(0), day(4)], [day(2, "7")], []),
        ([day(0), day(1)], [week(MONDAY)], ["2026-11-25 30"]),
        ([day(0, "60")], [week(MONDAY)], []),
        ([day(0), day(6)], [week(MONDAY)], []),
        ([day(0)], [week(date(2026, 11, 30))], ["2026-11-30 50"]),
        ([Wanted(Decimal(5))], [day(0)], ["2026-11-23 10"]),
    ],
    ids=[
        "only a plan", "the call-off's own day", "a day between two call-offs", "a week begun by call-offs",
        "more called than planned", "a week called to its end", "a week behind", "backlog has no horizon",
    ],
)  # fmt: skip
def test_a_plan_never_counts_what_is_called(
    calls: list[Wanted], plans: list[Wanted], left: list[str]
) -> None:
    assert shown(left_to_plan(calls, plans)) == left


def test_called_and_left_add_up_to_the_planned_week() -> None:
    calls = [day(0, "12"), day(1, "9")]
    (rest,) = left_to_plan(calls, [week(MONDAY, "50")])
    assert rest.quantity + sum(call.quantity for call in calls) == 50


@pytest.mark.parametrize(
    ("known", "news", "wanted"),
    [
        ([day(0), day(1)], [day(1, "7")], ["2026-11-23 10", "2026-11-24 7"]),
        ([day(0), day(1)], [day(1, "0")], ["2026-11-23 10"]),
        ([day(0)], [day(2)], ["2026-11-23 10", "2026-11-25 10"]),
        ([week(MONDAY)], [day(1, "7")], ["2026-11-24 7"]),
        ([day(0), day(8)], [week(MONDAY, "40")], ["2026-11-23 40", "2026-12-01 10"]),
        ([Wanted(Decimal(5)), day(0)], [Wanted(Decimal(3))], ["None 3", "2026-11-23 10"]),
    ],
    ids=["a day", "a day taken away", "a day more", "a day of a week", "a week of days", "the backlog"],
)  # fmt: skip
def test_an_amendment_speaks_of_the_periods_it_names(
    known: list[Wanted], news: list[Wanted], wanted: list[str]
) -> None:
    assert shown(amended(known, news)) == wanted


@pytest.mark.parametrize(
    ("known", "news", "step", "words"),
    [
        ([day(0)], [day(0)], "0", ""),
        ([day(0)], [day(0, "14")], "4", "+4 on 23 Nov"),
        ([day(0), day(1)], [day(1)], "-10", "−10 on 23 Nov"),
        ([day(0)], [day(0), day(9, "99")], "0", ""),
        ([week(MONDAY)], [week(MONDAY, "40")], "-10", "−10 from 23 Nov to 29 Nov"),
        (
            [day(n) for n in range(5)],
            [day(n, "11") for n in range(5)],
            "5",
            "+1 on 23 Nov, +1 on 24 Nov, +1 on 25 Nov, and 2 more",
        ),
        ([Wanted(Decimal(5))], [Wanted(Decimal(4))], "-1", "−1 at once"),
    ],
    ids=["nothing", "more", "a day gone", "the far end", "a week", "many", "backlog"],
)
def test_change_in_words(known: list[Wanted], news: list[Wanted], step: str, words: str) -> None:
    assert change_in_words(known, news, MONDAY) == (Decimal(step), words)


def test_days_gone_by_are_no_change() -> None:
    assert change_in_words([day(0), day(1)], [day(1)], date(2026, 11, 24)) == (Decimal(0), "")


@pytest.mark.parametrize(
    ("line", "end"),
    [
        (Wanted(Decimal(1), MONDAY), MONDAY),
        (Wanted(Decimal(1), MONDAY, interval="week"), date(2026, 11, 29)),
        (Wanted(Decimal(1), date(2026, 11, 1), interval="month"), date(2026, 11, 30)),
        (Wanted(Decimal(1), date(2026, 11, 16), interval="month"), date(2026, 12, 15)),
        (Wanted(Decimal(1), date(2027, 1, 31), interval="month"), date(2027, 2, 27)),
        (Wanted(Decimal(1), MONDAY, date(2026, 11, 25), interval="week"), date(2026, 11, 25)),
        (Wanted(Decimal(1)), None),
    ],
)
def test_where_a_period_ends(line: Wanted, end: date | None) -> None:
    assert line.end == end


@pytest.mark.parametrize(
    ("today", "reset", "start"),
    [
        (date(2026, 11, 23), "01-01", date(2026, 1, 1)),
        (date(2026, 11, 23), "12-01", date(2025, 12, 1)),
        (date(2026, 12, 1), "12-01", date(2026, 12, 1)),
        (date(2027, 6, 1), "02-29", date(2027, 3, 1)),
        (date(2028, 6, 1), "02-29", date(2028, 2, 29)),
        (date(2026, 11, 23), "", None),
    ],
)
def test_when_a_count_began(today: date, reset: str, start: date | None) -> None:
    assert count_starts(today, reset) == start


@pytest.mark.parametrize(
    ("shipped", "road", "received", "difference", "end"),
    [
        ("1240", "20", "1220", "0", ""),
        ("1240", "20", "1200", "20", "20 are missing in his count"),
        ("1240", "0", "1241.5", "-1.5", "1.5 more than left here"),
    ],
)
def test_two_counts(shipped: str, road: str, received: str, difference: str, end: str) -> None:
    count = Count(Decimal(shipped), Decimal(road), Decimal(received))
    assert count.difference == Decimal(difference)
    if end:
        words = difference_in_words("C-A", "OEM-D", count)
        assert words.startswith(f"C-A: {shipped} shipped, {road} of them on the road, OEM-D has received ")
        assert words.endswith(end)


@pytest.mark.parametrize(
    ("number", "text"), [("1200", "1200"), ("0.500", "0.5"), ("1E+3", "1000"), ("0", "0")]
)
def test_a_quantity_as_people_write_it(number: str, text: str) -> None:
    assert number_in_words(Decimal(number)) == text
