"""When the clock last asked for something that comes by weekday and time of day; pure arithmetic of a plant's clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo


def last_due(clock: time, weekdays: str, zone: tzinfo, at: datetime) -> datetime | None:
    """The newest moment up to `at`, in UTC, at which the clock of `zone` showed that time on one of the weekdays.

    `weekdays` are digits, 1 for Monday. A time the clock shows twice, when summer time ends, counts the first time
    alone; one it leaves out, when summer time begins, counts an hour later by that clock, so each named day has
    exactly one moment. None where no day of the last week is named.
    """
    today = at.astimezone(zone).date()
    for days in range(8):
        day = today - timedelta(days=days)
        # Compared in UTC: two moments of one zone are compared by their faces, which a change of the clock betrays.
        moment = datetime.combine(day, clock.replace(fold=0), tzinfo=zone).astimezone(UTC)
        if str(day.isoweekday()) in weekdays and moment <= at:
            return moment
    return None
