"""Silence is an alarm inside the OEM's working time, once, until the next file; at breaks and weekends it is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from edi.models import (
    CallOffRoute,
    Delivery,
    LinePulse,
    OemCalendar,
    PlannedBreak,
    SpecialDay,
    TradingPartner,
    WorkingHours,
)
from edi.services import check_pulses
from edi.services.pulse import open_pulses, silences
from sequencer.models import Line, OemPlant, PlantEvent, SequenceStream, SequencingProgram, Task
from tests.edi.files import Call, Sender
from tests.factories import Plant

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.fixture
def calendar(plant: Plant) -> OemCalendar:
    """Monday to Friday 06:00 to 22:00 in Berlin, a break at 10:00, the first of January free."""
    OemPlant.objects.update(time_zone="Europe/Berlin")
    calendar = OemCalendar.objects.create(plant=plant.line.plant, name="two shifts")
    for weekday in range(5):
        WorkingHours.objects.create(calendar=calendar, weekday=weekday, start=time(6), end=time(22))
    PlannedBreak.objects.create(calendar=calendar, start=time(10), end=time(10, 30))
    SpecialDay.objects.create(calendar=calendar, day=date(2027, 1, 1), note="New Year")
    return calendar


@pytest.fixture
def pulse(partner: TradingPartner, calendar: OemCalendar) -> LinePulse:
    return LinePulse.objects.create(
        partner=partner, calendar=calendar, expected_seconds=60, allowed_seconds=600
    )


def heard(partner: TradingPartner, at: datetime) -> None:
    """A file came at that moment."""
    count = Delivery.objects.count()
    Delivery.objects.create(
        partner=partner, file_name=f"{count}", inode=count, mtime_ns=0, size=0, sha256="", raw=b"", written_at=at,
        received_at=at,
    )  # fmt: skip


def silent_tasks() -> int:
    return Task.objects.filter(kind="EDI_SILENT").exclude(status="DONE").count()


@pytest.mark.parametrize(
    ("last", "now", "alarm"),
    [
        ("2026-11-23T08:00", "2026-11-23T08:10", False),
        ("2026-11-23T08:00", "2026-11-23T08:11", True),
        # the break does not count
        ("2026-11-23T09:55", "2026-11-23T10:34", False),
        ("2026-11-23T09:55", "2026-11-23T10:36", True),
        # nor the night
        ("2026-11-23T21:55", "2026-11-24T06:04", False),
        ("2026-11-23T21:55", "2026-11-24T06:06", True),
        # a long weekend: Thursday evening to Monday morning
        ("2026-12-31T21:59", "2027-01-04T06:00", False),
        ("2026-12-31T21:59", "2027-01-04T06:08", False),
        ("2026-12-31T21:59", "2027-01-04T06:10", True),
        # nothing is heard on a holiday, and nothing is asked
        ("2026-12-31T21:59", "2027-01-01T12:00", False),
        # the weekend the clocks go back
        ("2026-10-23T21:55", "2026-10-26T06:04", False),
        ("2026-10-23T21:55", "2026-10-26T06:06", True),
    ],
)
def test_silence_counts_in_working_time(
    pulse: LinePulse, partner: TradingPartner, last: str, now: str, alarm: bool
) -> None:
    heard(partner, local(last))
    assert check_pulses(at=local(now)) == int(alarm)
    assert silent_tasks() == int(alarm)


def test_one_alarm_a_silence_and_the_next_file_clears_it(pulse: LinePulse, partner: TradingPartner) -> None:
    heard(partner, local("2026-11-23T08:00"))
    for minute in (12, 13, 14):
        check_pulses(at=local(f"2026-11-23T08:{minute}"))
    assert silent_tasks() == 1
    assert PlantEvent.objects.filter(kind="alarm").count() == 1
    assert "last heard 2026-11-23 08:00 CET" in Task.objects.get(kind="EDI_SILENT").text
    heard(partner, local("2026-11-23T08:15"))
    assert check_pulses(at=local("2026-11-23T08:16")) == 0
    assert silent_tasks() == 0
    check_pulses(at=local("2026-11-23T08:27"))
    assert silent_tasks() == 1


def test_a_partner_that_never_sent_is_not_silent(pulse: LinePulse) -> None:
    assert check_pulses(at=local("2026-11-23T12:00")) == 0


def test_a_pulse_that_is_off_says_nothing(pulse: LinePulse, partner: TradingPartner) -> None:
    heard(partner, local("2026-11-23T08:00"))
    LinePulse.objects.update(active=False)
    assert check_pulses(at=local("2026-11-23T12:00")) == 0


def test_without_calendar_the_line_never_stops(pulse: LinePulse, partner: TradingPartner) -> None:
    LinePulse.objects.update(calendar=None)
    heard(partner, datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
    assert check_pulses(at=datetime(2026, 11, 22, 3, 11, tzinfo=UTC)) == 1


def test_when_the_alarm_will_be(pulse: LinePulse, partner: TradingPartner) -> None:
    heard(partner, local("2026-12-31T21:59"))
    check_pulses(at=local("2026-12-31T22:30"))
    (found,) = silences(open_pulses(), at=local("2026-12-31T22:30"))
    assert found.alarm_at == local("2027-01-04T06:09")
    assert not found.working


def test_one_line_may_be_silent_while_the_other_is_heard(
    sender: Sender, plant: Plant, calendar: OemCalendar
) -> None:
    line = Line.objects.create(plant=plant.line.plant, code="L2", name="Line 2")
    stream = SequenceStream.objects.create(line=line)
    other = SequencingProgram.objects.create(
        code="P2", name="P2", line=line, stream=stream, unloading_point=plant.program.unloading_point
    )
    CallOffRoute.objects.create(partner=sender.partner, dock="D2", program=other)
    for of in (plant.line, line):
        LinePulse.objects.create(partner=sender.partner, line=of, allowed_seconds=600)
    sender.send(Call(1))
    check_pulses(at=Delivery.objects.get().received_at)
    assert LinePulse.objects.get(line=plant.line).last_at == Delivery.objects.get().received_at
    assert LinePulse.objects.get(line=line).last_at is None
    # A call that cannot be taken is heard all the same.
    sender.send(Call(1, dock="D2", part="C-NONE"))
    sender.send(Call(2))
    check_pulses(at=Delivery.objects.order_by("pk").last().received_at)
    second, third = Delivery.objects.order_by("pk")[1:]
    assert LinePulse.objects.get(line=line).last_at == second.received_at
    Delivery.objects.filter(pk=third.pk).update(received_at=third.received_at + timedelta(minutes=9))
    LinePulse.objects.filter(line=plant.line).update(last_at=third.received_at + timedelta(minutes=9))
    assert check_pulses(at=third.received_at + timedelta(minutes=12)) == 1
    assert Task.objects.get(kind="EDI_SILENT").line == line
