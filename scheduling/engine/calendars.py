"""Working time: when a resource works, how fast, and which days count as production days.

All times are whole seconds. Without a zone they are wall clock seconds and each day has 24 hours; with one they are
real seconds, so a night shift is an hour shorter when the clocks go forward in it and an hour longer when they go back.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

DAY = 86_400
HOUR = 3_600
MINUTES = 1_440
# Latest starts may lie before the schedule's start; further back nobody asks for exact shifts.
DAYS_BACK = 60
# An operation that does not fit into this many days has a calendar without working time.
DAYS_AHEAD = 365 * 20
# Work is counted as a product of seconds and capacity; what is less than this is rounding.
DUST = 1e-6

# Behind every moment somebody asks for.
ENDLESS = 1 << 50

# The wall clock of a problem without a zone.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001

Window = tuple[int, int]
"""Minutes of a day from its midnight; an end beyond 1440 lies on the next day."""


Column = NDArray[np.int64]
Shares = NDArray[np.float64]


class NoWorkingTimeError(Exception):
    """A calendar never works long enough."""


@dataclass(frozen=True, slots=True)
class PlantTime:
    """How moments are written: by a wall clock without a zone, or by the clock of one."""

    zone: ZoneInfo | None = None

    def seconds(self, moment: datetime) -> int:
        """A moment as seconds. One without an offset is local; with a zone, the first of a repeated hour."""
        if self.zone is None:
            return round((moment - _EPOCH).total_seconds())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
        return round(aware.timestamp())

    def moment(self, seconds: int) -> datetime:
        """Seconds as a moment, aware when there is a zone."""
        if self.zone is None:
            return _EPOCH + timedelta(seconds=seconds)
        return datetime.fromtimestamp(seconds, UTC).astimezone(self.zone)

    def text(self, seconds: int) -> str:
        """Seconds as the result file writes them."""
        return self.moment(seconds).isoformat(timespec="seconds")

    def texts(self, seconds: Sequence[int]) -> list[str]:
        """Many moments at once as the result file writes them."""
        if self.zone is None:
            found: list[str] = np.datetime_as_string(np.array(seconds, dtype="datetime64[s]")).tolist()
            return found
        text = cache(self.text)
        return [text(each) for each in seconds]

    def at(self, day: date, minute: int) -> int:
        """The second at which the wall clock of a day shows so many minutes; 1440 is the next midnight."""
        days, minute = divmod(minute, MINUTES)
        clock = time(minute // 60, minute % 60)
        return self.seconds(datetime.combine(day + timedelta(days=days), clock))


@dataclass(frozen=True, slots=True)
class ShiftCalendar:
    """Windows of work per weekday from Monday, and days on which no shift starts.

    A window belongs to the day it starts on, so the night before a closed day runs to its end.
    """

    week: tuple[tuple[Window, ...], ...]
    closed: frozenset[date] = frozenset()


ALWAYS = ShiftCalendar((((0, MINUTES),),) * 7)

Capacity = tuple[tuple[date, float], ...]
"""From each day on, how many times its normal output a resource makes; 1 before the first day."""


class WorkClock:
    """Adds and measures the working time of one calendar with its dated capacity, each in O(log n).

    Two measures run side by side: working seconds (setup, gaps, resource time) and work, which is working seconds
    times capacity (operation time). A stretch with capacity 0 is neither.
    """

    def __init__(
        self, plant: PlantTime, calendar: ShiftCalendar, start: int, capacity: Capacity = ()
    ) -> None:
        self._plant = plant
        self._calendar = calendar
        self._capacity = capacity
        self._changes = [plant.at(day, 0) for day, _ in capacity]
        self._day = plant.moment(start).date() - timedelta(days=DAYS_BACK)
        self._last_day = self._day + timedelta(days=DAYS_BACK + DAYS_AHEAD)
        self._chunk = 2 * DAYS_BACK
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._rates: list[float] = []
        self._worked: list[int] = []
        self._made: list[float] = []
        self._extend()

    def opens(self, moment: int) -> int:
        """The first working second at or after a moment."""
        i = self._at(moment)
        return moment if moment > self._starts[i] else self._starts[i]

    def add(self, moment: int, seconds: int) -> int:
        """The moment at which so many working seconds have passed; the moment itself for none."""
        if not seconds:
            return moment
        i = self._at(moment)
        begin = moment if moment > self._starts[i] else self._starts[i]
        if begin + seconds <= self._ends[i]:
            return begin + seconds
        target = self._worked[i] - (self._ends[i] - begin) + seconds
        while self._worked[-1] < target:
            self._extend()
        j = bisect_left(self._worked, target)
        return self._ends[j] - (self._worked[j] - target)

    def make(self, moment: int, work: float) -> int:
        """The moment at which so much work is done, in nominal seconds; the moment itself for none."""
        if not work:
            return moment
        i = self._at(moment)
        begin = moment if moment > self._starts[i] else self._starts[i]
        left = (self._ends[i] - begin) * self._rates[i]
        if left >= work - DUST:
            return begin + math.ceil(work / self._rates[i] - DUST)
        target = self._made[i] - left + work
        while self._made[-1] < target:
            self._extend()
        j = bisect_left(self._made, target - DUST)
        return self._ends[j] - math.floor((self._made[j] - target) / self._rates[j] + DUST)

    def unmake(self, moment: int, work: float) -> int:
        """The latest moment from which so much work is done by another. Where no shifts are written each second works.

        That is long before the start, and behind the last day: many a system writes 2099 for no due date.
        """
        try:
            target = self._done(moment) - work
        except NoWorkingTimeError:
            return moment - math.ceil(work - DUST)
        if target < 0:
            return self._starts[0] - math.ceil(-target - DUST)
        j = bisect_right(self._made, target + DUST)
        if j == len(self._made):
            return moment
        return min(moment, self._ends[j] - math.ceil((self._made[j] - target) / self._rates[j] - DUST))

    def between(self, moment: int, later: int) -> int:
        """The working seconds between two moments; none when the second is not later."""
        if later <= moment:
            return 0
        i = self._at(moment)
        if moment >= self._starts[i] and later <= self._ends[i]:
            return later - moment
        j = self._at(later)
        until = self._worked[j] - (self._ends[j] - max(later, self._starts[j]))
        return until - self._worked[i] + (self._ends[i] - max(moment, self._starts[i]))

    def stretches(self, begin: int, end: int) -> list[tuple[int, int]]:
        """The stretches of working time between two moments, cut at both."""
        found: list[tuple[int, int]] = []
        i = self._at(begin)
        while self._starts[i] < end:
            first, last = max(begin, self._starts[i]), min(end, self._ends[i])
            if found and found[-1][1] == first:
                found[-1] = found[-1][0], last
            else:
                found.append((first, last))
            if self._ends[i] >= end:
                break
            i = self._at(self._ends[i])
        return found

    def columns(self, start: int, seconds: float) -> tuple[Column, Column, Shares, Shares]:
        """The stretches from a moment on: starts, ends, capacity and work done, until so much work is surely done.

        The last one has no end, so that whoever runs over it needs no question.
        """
        first = self._at(start)
        try:
            while (
                self._worked[-1] - self._worked[first] < seconds
                or self._made[-1] - self._made[first] < seconds
            ):
                self._extend()
        except NoWorkingTimeError:
            # It stops working somewhen; what does not fit before is refused when it is placed.
            pass
        opens, closes = np.array(self._starts[first:]), np.array(self._ends[first:])
        rates, made = np.array(self._rates[first:]), np.array(self._made[first:])
        end = closes[-1] + 1
        made = np.append(made, made[-1] + float(ENDLESS - end))
        return np.append(opens, end), np.append(closes, ENDLESS), np.append(rates, 1.0), made

    @property
    def complete(self) -> bool:
        """Whether all is written out that ever will be."""
        return self._day >= self._last_day

    @property
    def count(self) -> int:
        """How many stretches are written out."""
        return len(self._ends)

    def write_on(self) -> None:
        """Write out as many days again; raises NoWorkingTimeError where it does not work in them."""
        self._extend()

    def written(self) -> tuple[Column, Column, Column, Shares, Shares]:
        """All stretches written out: starts, ends, working seconds and work up to their ends, and capacity."""
        whole = (np.array(each, dtype=np.int64) for each in (self._starts, self._ends, self._worked))
        shares = (np.array(each, dtype=np.float64) for each in (self._made, self._rates))
        return (*whole, *shares)  # type: ignore[return-value]

    def _done(self, moment: int) -> float:
        """The work a resource can have done up to a moment."""
        i = self._at(moment)
        return self._made[i] - (self._ends[i] - max(moment, self._starts[i])) * self._rates[i]

    def _at(self, moment: int) -> int:
        """The stretch a moment lies in, else the next."""
        while self._ends[-1] <= moment:
            self._extend()
        return bisect_right(self._ends, moment)

    def _extend(self) -> None:
        """Write out more days; as many again as there are."""
        known = self._ends[-1] if self._ends else None
        while (self._ends[-1] if self._ends else None) == known:
            if self._day >= self._last_day:
                raise NoWorkingTimeError
            for _ in range(self._chunk):
                for begin, end in self._windows(self._day):
                    self._append(begin, end)
                self._day += timedelta(days=1)
            self._chunk *= 2

    def _windows(self, day: date) -> Iterator[tuple[int, int]]:
        if day in self._calendar.closed:
            return
        for first, last in self._calendar.week[day.weekday()]:
            yield self._plant.at(day, first), self._plant.at(day, last)

    def _append(self, begin: int, end: int) -> None:
        """One window, cut where the capacity changes and where the window before still runs."""
        if self._ends:
            begin = max(begin, self._ends[-1])
        while begin < end:
            k = bisect_right(self._changes, begin)
            until = min(end, self._changes[k]) if k < len(self._changes) else end
            rate = self._capacity[k - 1][1] if k else 1.0
            if rate:
                self._write(begin, until, rate)
            begin = until

    def _write(self, begin: int, end: int, rate: float) -> None:
        worked = (self._worked[-1] if self._worked else 0) + end - begin
        made = (self._made[-1] if self._made else 0.0) + (end - begin) * rate
        if self._ends and self._ends[-1] == begin and self._rates[-1] == rate:
            self._ends[-1], self._worked[-1], self._made[-1] = end, worked, made
            return
        self._starts.append(begin)
        self._ends.append(end)
        self._rates.append(rate)
        self._worked.append(worked)
        self._made.append(made)


@dataclass(frozen=True, slots=True)
class DelayCalendar:
    """Production days: what the grouping time and the sequencing horizon are counted in. Not a shift calendar.

    Counted on the wall clock: a production day is one day, also where the clocks change.
    """

    plant: PlantTime
    non_production: frozenset[date] = frozenset()
    weekend: frozenset[int] = frozenset({6, 7})

    def counts(self, day: date) -> bool:
        """Whether a day is a production day."""
        return day.isoweekday() not in self.weekend and day not in self.non_production

    def add(self, moment: int, seconds: int) -> int:
        """The moment at which so much of production days has passed, at most 20 years on; other days stand still."""
        wall = self.plant.moment(moment).replace(tzinfo=None)
        left = timedelta(seconds=seconds)
        for _ in range(DAYS_AHEAD):
            midnight = datetime.combine(wall.date() + timedelta(days=1), time())
            if self.counts(wall.date()):
                if left <= midnight - wall:
                    return self.plant.seconds(wall + left)
                left -= midnight - wall
            wall = midnight
        return self.plant.seconds(wall)


def hours(seconds: float) -> float:
    """Seconds as hours for a person or a file."""
    return round(seconds / HOUR, 6)


def all_hours(seconds: Column) -> list[float]:
    """The same of many whole seconds at once: in millionths of an hour, a ninth of which is never half of one."""
    found: list[float] = ((seconds * 5_000 + 9) // 18 / 1e6).tolist()
    return found
