"""Working time, dated capacity, clock changes and production days, each as a table."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest

from scheduling.engine.calendars import (
    ALWAYS,
    HOUR,
    DelayCalendar,
    NoWorkingTimeError,
    PlantTime,
    ShiftCalendar,
    WorkClock,
)

LOCAL = PlantTime()
BERLIN = PlantTime(ZoneInfo("Europe/Berlin"))
DAYS = ShiftCalendar((((360, 1320),),) * 5 + ((), ()), frozenset({date(2026, 12, 25)}))
NIGHTS = ShiftCalendar((((1320, 1800),),) * 5 + ((), ()))
SUNDAY_NIGHT = ShiftCalendar(((),) * 6 + (((1320, 1800),),))


def at(text: str, plant: PlantTime = LOCAL) -> int:
    return plant.seconds(datetime.fromisoformat(text))


def clock(calendar: ShiftCalendar, plant: PlantTime = LOCAL, capacity: tuple = ()) -> WorkClock:
    return WorkClock(plant, calendar, at("2026-10-19T06:00", plant), capacity)


@pytest.mark.parametrize(
    ("begin", "hours", "end"),
    [
        ("2026-11-23T06:00", 16, "2026-11-23T22:00"),
        ("2026-11-23T06:00", 17, "2026-11-24T07:00"),
        ("2026-11-23T03:00", 1, "2026-11-23T07:00"),
        ("2026-11-27T21:00", 2, "2026-11-30T07:00"),
        ("2026-12-24T21:00", 2, "2026-12-28T07:00"),
        ("2026-11-28T12:00", 0, "2026-11-28T12:00"),
        ("2026-11-23T06:00", 16 * 5 * 10, "2027-02-01T22:00"),
    ],
    ids=[
        "to the end",
        "over night",
        "before the shift",
        "weekend",
        "closed day",
        "nothing",
        "ten weeks with Christmas Day",
    ],
)
def test_working_time_is_added(begin: str, hours: int, end: str) -> None:
    assert LOCAL.text(clock(DAYS).add(at(begin), hours * HOUR))[:16] == end


def test_a_night_shift_belongs_to_the_day_it_starts_on() -> None:
    night = clock(NIGHTS)
    assert night.opens(at("2026-11-28T05:00")) == at("2026-11-28T05:00"), "Friday's night runs into Saturday"
    assert night.opens(at("2026-11-29T23:00")) == at("2026-11-30T22:00"), "none starts on Sunday"


@pytest.mark.parametrize(
    ("plant", "begin", "hours"),
    [(BERLIN, "2026-10-24T12:00", 9), (BERLIN, "2027-03-27T12:00", 7), (LOCAL, "2026-10-24T12:00", 8)],
    ids=["clocks go back", "clocks go forward", "no zone"],
)
def test_a_night_has_its_real_length_when_the_clocks_change(plant: PlantTime, begin: str, hours: int) -> None:
    saturday_night = ShiftCalendar(((),) * 5 + (((1320, 1800),), ()))
    since = at(begin, plant)
    assert clock(saturday_night, plant).between(since, since + 86_400) == hours * HOUR


def test_moments_of_a_zone_are_written_with_their_offset() -> None:
    assert BERLIN.text(at("2026-11-23T06:00", BERLIN)) == "2026-11-23T06:00:00+01:00"
    assert LOCAL.text(at("2026-11-23T06:00")) == "2026-11-23T06:00:00"


def test_capacity_counts_from_its_day_on() -> None:
    six, eight = date(2026, 11, 24), date(2026, 11, 25)
    work = clock(DAYS, capacity=((six, 0.5), (eight, 2.0)))
    assert work.make(at("2026-11-23T06:00"), 16 * HOUR) == at("2026-11-23T22:00"), "1 before the first date"
    assert work.make(at("2026-11-24T06:00"), 8 * HOUR) == at("2026-11-24T22:00")
    assert work.make(at("2026-11-24T06:00"), 10 * HOUR) == at("2026-11-25T07:00")
    assert work.add(at("2026-11-24T06:00"), 10 * HOUR) == at("2026-11-24T16:00"), "a setup takes its hours"


def test_capacity_zero_is_no_working_time() -> None:
    work = clock(DAYS, capacity=((date(2026, 11, 24), 0.0), (date(2026, 11, 25), 1.0)))
    assert work.opens(at("2026-11-24T08:00")) == at("2026-11-25T06:00")
    assert work.add(at("2026-11-23T21:00"), 2 * HOUR) == at("2026-11-25T07:00")


def test_a_calendar_that_never_works_is_told() -> None:
    with pytest.raises(NoWorkingTimeError):
        clock(ShiftCalendar(((),) * 7))


@pytest.mark.parametrize(
    "calendar", [DAYS, NIGHTS, ALWAYS, SUNDAY_NIGHT], ids=["days", "nights", "always", "one"]
)
@pytest.mark.parametrize("plant", [LOCAL, BERLIN], ids=["local", "zone"])
def test_adding_and_measuring_agree_with_counting(calendar: ShiftCalendar, plant: PlantTime) -> None:
    """Against minute after minute, over the autumn's change of clocks."""
    change = date(2026, 10, 24)
    work = WorkClock(plant, calendar, at("2026-10-19T06:00", plant), ((change, 0.5),))
    open_minutes = []
    for back in range(-1, 14):
        day = date(2026, 10, 19) + timedelta(days=back)
        for first, last in calendar.week[day.weekday()]:
            open_minutes += range(plant.at(day, first) // 60, plant.at(day, last) // 60)
    assert all(one < other for one, other in pairwise(open_minutes))
    opened, slow = set(open_minutes), plant.at(change, 0) // 60
    random = Random(5)
    start = at("2026-10-19T06:00", plant) // 60
    for _ in range(60):
        begin = start + random.randrange(7 * 1440)
        later = begin + random.randrange(3 * 1440)
        counted = [minute for minute in range(begin, later) if minute in opened]
        assert work.between(begin * 60, later * 60) == 60 * len(counted)
        if counted:
            made = sum(30.0 if minute >= slow else 60.0 for minute in counted)
            assert work.add(begin * 60, 60 * len(counted)) == (counted[-1] + 1) * 60
            assert work.make(begin * 60, made) == (counted[-1] + 1) * 60
            assert work.unmake(later * 60, made) == counted[0] * 60


@pytest.mark.parametrize(
    ("begin", "days", "end"),
    [
        ("2026-11-23T08:00", 4, "2026-11-27T08:00"),
        ("2026-11-27T08:00", 4, "2026-12-03T08:00"),
        ("2026-11-28T08:00", 1, "2026-12-01T00:00"),
        ("2026-12-24T08:00", 1, "2026-12-28T08:00"),
    ],
    ids=["Monday", "Friday", "from a Saturday", "holiday"],
)
def test_the_delay_calendar_counts_production_days(begin: str, days: int, end: str) -> None:
    delay = DelayCalendar(LOCAL, frozenset({date(2026, 12, 25)}))
    assert LOCAL.text(delay.add(at(begin), days * 24 * HOUR))[:16] == end


def test_a_production_day_is_one_day_where_the_clocks_change() -> None:
    delay = DelayCalendar(BERLIN, weekend=frozenset())
    assert delay.add(at("2026-10-24T08:00", BERLIN), 24 * HOUR) == at("2026-10-25T08:00", BERLIN)
