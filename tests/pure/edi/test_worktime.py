"""Working time by a plant's clock, as a table: silence counts only while cars are built."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from edi.worktime import Calendar, Hours

BERLIN = ZoneInfo("Europe/Berlin")
DETROIT = ZoneInfo("America/Detroit")


def clock(text: str) -> time:
    return time.fromisoformat(text)


def hours(start: str, end: str, weekday: int | None = None) -> Hours:
    return Hours(clock(start), clock(end), weekday)


# Monday to Friday 06:00 to 14:00 and 14:00 to 22:00, a break at 10:00; New Year's Day free, one Saturday worked.
TWO_SHIFTS = Calendar(
    BERLIN,
    tuple(hours(a, b, day) for day in range(5) for a, b in (("06:00", "14:00"), ("14:00", "22:00"))),
    (hours("10:00", "10:30"), hours("18:00", "18:45", 4)),
    {date(2027, 1, 1): (), date(2026, 11, 28): (hours("06:00", "12:00"),)},
)
NIGHTS = Calendar(BERLIN, tuple(hours("22:00", "06:00", day) for day in range(7)), (hours("02:30", "03:00"),))


def local(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        ("2026-11-23T07:00", "2026-11-23T07:05", 5),
        ("2026-11-23T05:00", "2026-11-23T06:10", 10),
        ("2026-11-23T09:55", "2026-11-23T10:35", 10),
        ("2026-11-23T10:05", "2026-11-23T10:25", 0),
        ("2026-11-23T13:58", "2026-11-23T14:03", 5),
        ("2026-11-23T21:55", "2026-11-24T06:03", 8),
        # a Friday has a second break
        ("2026-11-27T17:55", "2026-11-27T18:50", 10),
        ("2026-11-26T17:55", "2026-11-26T18:50", 55),
        # a whole weekend, once with the extra shift of its Saturday
        ("2026-12-04T21:59", "2026-12-07T06:01", 2),
        ("2026-11-27T21:59", "2026-11-30T06:01", 2 + 6 * 60 - 30),
        # a long weekend: the holiday is a Friday
        ("2026-12-31T21:59", "2027-01-04T06:01", 2),
        # nothing backwards
        ("2026-11-23T07:05", "2026-11-23T07:00", 0),
        ("2026-11-23T07:00", "2026-11-23T07:00", 0),
        # a whole week
        ("2026-11-16T00:00", "2026-11-23T00:00", 5 * (16 * 60 - 30) - 45),
    ],
)
def test_working_minutes(since: str, until: str, minutes: int) -> None:
    assert TWO_SHIFTS.working(local(since), local(until)) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("evening", "minutes"),
    [
        ("2026-11-21", 7 * 60 + 30),
        # 2026-03-29 02:00 becomes 03:00: an hour less, and the break falls away with the hour it lies in
        ("2026-03-28", 7 * 60),
        # 2026-10-25 03:00 becomes 02:00 again: an hour more, and the break lasts until it is 03:00 for good
        ("2026-10-24", 9 * 60 - 90),
    ],
)
def test_a_night_shift_over_the_change_of_clocks(evening: str, minutes: int) -> None:
    begin = local(f"{evening}T21:00")
    worked = NIGHTS.working(begin, begin.astimezone(UTC) + timedelta(hours=11))
    assert worked == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("zone", "at", "works"),
    [
        (BERLIN, "2026-11-23T06:30", True),
        (DETROIT, "2026-11-23T06:30", False),
        (DETROIT, "2026-11-23T12:30", True),
    ],
)
def test_the_plants_own_zone_decides(zone: ZoneInfo, at: str, works: bool) -> None:
    calendar = Calendar(zone, (hours("06:00", "14:00"),))
    assert calendar.is_working(local(at)) is works


@pytest.mark.parametrize(
    ("since", "minutes", "then"),
    [
        ("2026-11-23T07:00", 10, "2026-11-23T07:10"),
        ("2026-11-23T09:55", 10, "2026-11-23T10:35"),
        ("2026-11-20T21:55", 10, "2026-11-23T06:05"),
        ("2026-12-31T21:55", 10, "2027-01-04T06:05"),
    ],
)
def test_when_so_much_working_time_has_passed(since: str, minutes: int, then: str) -> None:
    assert TWO_SHIFTS.after(local(since), timedelta(minutes=minutes)) == local(then)


def test_a_plant_that_never_works_is_never_silent_too_long() -> None:
    assert Calendar(BERLIN, ()).after(local("2026-11-23T07:00"), timedelta(minutes=1)) is None


def test_overlapping_shifts_count_once() -> None:
    calendar = Calendar(BERLIN, (hours("06:00", "14:00"), hours("13:00", "20:00")))
    assert calendar.working(local("2026-11-23T00:00"), local("2026-11-24T00:00")) == timedelta(hours=14)


def test_a_day_and_night_plant_never_stops() -> None:
    calendar = Calendar(BERLIN, (hours("00:00", "00:00"),))
    since = local("2026-10-24T12:00")
    assert calendar.working(since, since.astimezone(UTC) + timedelta(hours=48)) == timedelta(hours=48)
