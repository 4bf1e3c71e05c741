"""When the clock last asked: over midnight, on days that are not named, and where the clock itself changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.due import last_due

BERLIN = ZoneInfo("Europe/Berlin")


def here(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


# Time and weekdays, now by the plant's clock, and the moment of the last due time in UTC.
@pytest.mark.parametrize(
    ("clock", "weekdays", "now", "due"),
    [
        ("04:30", "1", here("2026-11-23T04:30"), "2026-11-23T03:30"),
        ("04:30", "1", here("2026-11-23T04:29"), "2026-11-16T03:30"),
        ("04:30", "12345", here("2026-11-22T12:00"), "2026-11-20T03:30"),
        # Around midnight: due at 23:55, looked at on the next day, and the next week.
        ("23:55", "1234567", here("2026-11-24T00:10"), "2026-11-23T22:55"),
        ("23:55", "7", here("2026-11-23T09:00"), "2026-11-22T22:55"),
        ("00:00", "2", here("2026-11-24T00:00"), "2026-11-23T23:00"),
        ("00:00", "1", here("2026-11-29T23:59"), "2026-11-22T23:00"),
        # Summer time begins: half past two is left out, and counts an hour later.
        ("02:30", "7", here("2026-03-29T01:59"), "2026-03-22T01:30"),
        ("02:30", "7", here("2026-03-29T03:29"), "2026-03-22T01:30"),
        ("02:30", "7", here("2026-03-29T03:30"), "2026-03-29T01:30"),
        ("04:30", "7", here("2026-03-29T04:30"), "2026-03-29T02:30"),
        # It ends: half past two comes twice, and counts the first time.
        ("02:30", "7", here("2026-10-25T02:29"), "2026-10-18T00:30"),
        ("02:30", "7", here("2026-10-25T02:30"), "2026-10-25T00:30"),
        ("02:30", "7", here("2026-10-25T02:29", fold=1), "2026-10-25T00:30"),
        ("02:30", "7", here("2026-10-25T02:31", fold=1), "2026-10-25T00:30"),
        ("04:30", "7", here("2026-10-25T04:29"), "2026-10-18T02:30"),
        ("04:30", "7", here("2026-10-25T04:30"), "2026-10-25T03:30"),
    ],
)
def test_the_last_due_time(clock: str, weekdays: str, now: datetime, due: str) -> None:
    told = last_due(time.fromisoformat(clock), weekdays, BERLIN, now.astimezone(UTC))
    assert told == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize("clock", ["00:00", "02:00", "02:30", "03:00", "23:59"])
def test_each_day_of_a_year_is_due_once(clock: str) -> None:
    moment, seen = here("2026-01-01T12:00").astimezone(UTC), set[datetime | None]()
    for _ in range(365 * 24):
        seen.add(last_due(time.fromisoformat(clock), "1234567", BERLIN, moment))
        moment += timedelta(hours=1)
    assert None not in seen
    assert len(seen) in (365, 366), "one for each day, and the one before the first look"


def test_no_day_is_named() -> None:
    assert last_due(time(4), "", BERLIN, here("2026-11-23T04:30")) is None
