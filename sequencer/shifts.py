"""When a shift began. Pure: times of the plant's clock in, a moment out."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

from inventory.errors import Invalid


def read_starts(text: str) -> tuple[time, ...]:
    """The starts of a day's shifts, `06:00, 14:00, 22:00`. Refuses what is no time of day."""
    starts = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        try:
            starts.append(time.fromisoformat(word))
        except ValueError:
            raise Invalid(
                "bad_shift_start", f"{word!r} is no time of day; write for example 06:00, 14:00"
            ) from None
    return tuple(sorted(starts))


def shift_start(starts: tuple[time, ...], zone: tzinfo, at: datetime) -> datetime:
    """The latest start at or before `at`, in the plant's clock; midnight where no shifts are named.

    A shift that begins in the hour a clock leaves out begins at the first minute that exists.
    """
    today = at.astimezone(zone).date()
    days = (today - timedelta(days=1), today)
    begun = [datetime.combine(day, start, zone) for day in days for start in starts or (time(0),)]
    return max(moment for moment in begun if moment.timestamp() <= at.timestamp())
