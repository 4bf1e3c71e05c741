"""How much working time lies between two moments, by a plant's own clock. Values alone: no clock, no database.

Shifts and breaks are written as a wall clock shows them; lengths are real seconds. So a night shift is an hour
shorter when the clocks go forward in it and an hour longer when they go back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

# A plant that works not at all within this many days has no working time to be silent in.
LOOK_AHEAD_DAYS = 400

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Hours:
    """One shift or break: from `start`, to `end` of the same day, or of the next when that is not after the start.

    `weekday` counts from Monday, 0; None is every day.
    """

    start: time
    end: time
    weekday: int | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a plant works. `special` replaces the shifts of a weekday on one date; an empty tuple is a holiday.

    A shift belongs to the day it starts on, so the night before a holiday runs to its end.
    """

    zone: ZoneInfo
    shifts: tuple[Hours, ...]
    breaks: tuple[Hours, ...] = ()
    special: Mapping[date, tuple[Hours, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def working(self, since: datetime, until: datetime) -> timedelta:
        """The working time between two aware moments; nothing when `until` is not later."""
        return sum((end - begin for begin, end in self.spans(since, until)), timedelta())

    def is_working(self, at: datetime) -> bool:
        """Whether the plant builds at this moment."""
        return self.working(at, at + timedelta(microseconds=1)) > timedelta()

    def after(self, since: datetime, amount: timedelta) -> datetime | None:
        """The moment at which `amount` of working time has passed since; None when that never comes."""
        left = amount
        for begin, end in self.spans(since, since + timedelta(days=LOOK_AHEAD_DAYS)):
            if end - begin >= left:
                return begin + left
            left -= end - begin
        return None

    def spans(self, since: datetime, until: datetime) -> Iterator[Span]:
        """The stretches of working time between two moments, in order, in UTC, breaks taken out."""
        begin, until = since.astimezone(UTC), until.astimezone(UTC)
        day, last = _date_before(begin, self.zone), until.astimezone(self.zone).date()
        while day <= last:
            for shift in sorted(self._shifts_of(day)):
                for start, end in _without(shift, self._breaks_about(day)):
                    start, end = max(start, begin), min(end, until)
                    if start < end:
                        yield start, end
                        begin = end
            day += timedelta(days=1)

    def _shifts_of(self, day: date) -> list[Span]:
        hours = self.special.get(day)
        if hours is None:
            hours = tuple(h for h in self.shifts if h.weekday in (None, day.weekday()))
        return [_span(day, h, self.zone) for h in hours]

    def _breaks_about(self, day: date) -> list[Span]:
        """Breaks a shift of this day can contain: those of the day and of the next."""
        days = (day - timedelta(days=1), day, day + timedelta(days=1))
        return sorted(
            _span(d, h, self.zone) for d in days for h in self.breaks if h.weekday in (None, d.weekday())
        )


def _date_before(moment: datetime, zone: ZoneInfo) -> date:
    """The local day before, as its night shift may still run."""
    return moment.astimezone(zone).date() - timedelta(days=1)


def _span(day: date, hours: Hours, zone: ZoneInfo) -> Span:
    ends = day if hours.end > hours.start else day + timedelta(days=1)
    return _instant(day, hours.start, zone), _instant(ends, hours.end, zone)


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A wall clock time as an instant: the first of a repeated hour; one left out is read as not yet put forward."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _without(shift: Span, breaks: Sequence[Span]) -> Iterator[Span]:
    start, end = shift
    for pause, resumed in breaks:
        if resumed <= start or pause >= end:
            continue
        if pause > start:
            yield start, pause
        start = max(start, resumed)
    if start < end:
        yield start, end
