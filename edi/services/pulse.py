"""Silence is an alarm: a partner that is expected every minute and is not heard of inside the OEM's working time.

A `LinePulse` says how often a partner is heard of, on one line or at all, and how long he may be silent. Only
working time of the OEM counts, so breaks, nights and long weekends raise nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from edi.models import Delivery, InboundEvent, LinePulse, OemCalendar
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.states import DeliveryKind
from edi.worktime import Calendar, Hours
from sequencer.services import open_task

ALARM = "EDI_SILENT"


@dataclass(frozen=True, slots=True)
class Silence:
    """How one pulse stands: `lasted` in working time, and when it becomes an alarm if nothing comes."""

    pulse: LinePulse
    last_at: datetime | None
    lasted: timedelta
    working: bool
    alarm_at: datetime | None

    @property
    def too_long(self) -> bool:
        return self.last_at is not None and self.lasted.total_seconds() > self.pulse.allowed_seconds


def calendar_of(row: OemCalendar) -> Calendar:
    """A stored calendar as the arithmetic wants it. Three queries."""
    special: dict[date, tuple[Hours, ...]] = defaultdict(tuple)
    for extra in row.special_days.all():
        known = special[extra.day]
        works = Hours(extra.start, extra.end) if extra.start and extra.end else None
        special[extra.day] = (*known, works) if works else known
    return Calendar(
        row.plant.zone,
        tuple(Hours(h.start, h.end, h.weekday) for h in row.hours.all()),
        tuple(Hours(h.start, h.end, h.weekday) for h in row.breaks.all()),
        dict(special),
    )


def silences(pulses: Iterable[LinePulse], *, at: datetime) -> list[Silence]:
    """How each of these pulses stands now. Reads nothing twice for pulses of one calendar."""
    calendars: dict[int, Calendar] = {}
    found = []
    for pulse in pulses:
        calendar = None
        if pulse.calendar is not None:
            if pulse.calendar.pk not in calendars:
                calendars[pulse.calendar.pk] = calendar_of(pulse.calendar)
            calendar = calendars[pulse.calendar.pk]
        found.append(judge(pulse, calendar, at=at))
    return found


def judge(pulse: LinePulse, calendar: Calendar | None, *, at: datetime) -> Silence:
    """One pulse by what was last heard; a partner that has never sent anything is not silent yet."""
    last = pulse.last_at
    allowed = timedelta(seconds=pulse.allowed_seconds)
    working = calendar is None or calendar.is_working(at)
    if last is None:
        return Silence(pulse, None, timedelta(0), working, None)
    if calendar is None:
        return Silence(pulse, last, max(at - last, timedelta(0)), working, last + allowed)
    return Silence(pulse, last, calendar.working(last, at), working, calendar.after(last, allowed))


def open_pulses() -> list[LinePulse]:
    return list(
        LinePulse.objects.filter(active=True, partner__active=True)
        .select_related("partner", "line__plant", "calendar__plant")
        .order_by("partner__code", "line__code", "pk")
    )


def check_pulses(*, at: datetime) -> int:
    """Sweep: notes what was heard, raises an alarm for a silence that is too long and clears it with the next file.

    Promise: one alarm a silence, however often it runs and with two beats at once. Returns how many are silent.
    """
    pulses = open_pulses()
    for pulse in pulses:
        _listen(pulse)
    found = silences(pulses, at=at)
    for silence in found:
        if silence.too_long:
            _raise(silence, at=at)
        elif silence.pulse.silent_since is not None:
            _clear(silence, at=at)
    return sum(silence.too_long for silence in found)


def _listen(pulse: LinePulse) -> None:
    """Brings `last_at` up to date: the newest file, or the newest call-off of the line and the file it came in."""
    heard = _last_file(pulse) if pulse.line_id is None else _last_call(pulse)
    if heard is None or (pulse.last_at is not None and heard[1] <= pulse.last_at):
        return
    pulse.last_event, pulse.last_at = heard
    LinePulse.objects.filter(pk=pulse.pk).update(last_event=pulse.last_event, last_at=pulse.last_at)


def _last_file(pulse: LinePulse) -> tuple[int, datetime] | None:
    files = Delivery.objects.filter(partner=pulse.partner_id, kind=DeliveryKind.FILE)
    return files.order_by("-received_at").values_list("pk", "received_at").first()


def _last_call(pulse: LinePulse) -> tuple[int, datetime] | None:
    received = "message__interchange__delivery__received_at"
    events = InboundEvent.objects.filter(
        partner=pulse.partner_id,
        program__line=pulse.line_id,
        pk__gt=pulse.last_event,
        message__interchange__delivery__kind=DeliveryKind.FILE,
    )
    return events.order_by("-pk").values_list("pk", received).first()


def _subject(pulse: LinePulse) -> str:
    return f"{pulse.partner.code} {pulse.line.code}" if pulse.line else pulse.partner.code


def _raise(silence: Silence, *, at: datetime) -> None:
    pulse, subject = silence.pulse, _subject(silence.pulse)
    assert silence.last_at is not None
    with transaction.atomic(durable=True):
        if not LinePulse.objects.filter(pk=pulse.pk, silent_since__isnull=True).update(
            silent_since=silence.last_at
        ):
            return
        zone = pulse.line.plant.zone if pulse.line else pulse.calendar.plant.zone if pulse.calendar else None
        last = silence.last_at.astimezone(zone)
        text = (
            f"{subject} is silent: last heard {last:%Y-%m-%d %H:%M %Z}, expected every {pulse.expected_seconds} s. "
            "Ask the partner whether his line stands, and look at the connection"
        )
        if pulse.line is None:
            raise_alarm(pulse.partner, ALARM, subject, text, at=at)
        else:
            journal("alarm", subject, at=at, partner=pulse.partner.code, alarm=ALARM, text=text)
            open_task(pulse.line, ALARM, subject, text, at=at)


def _clear(silence: Silence, *, at: datetime) -> None:
    pulse, subject = silence.pulse, _subject(silence.pulse)
    with transaction.atomic(durable=True):
        if LinePulse.objects.filter(pk=pulse.pk, silent_since__isnull=False).update(silent_since=None):
            clear_alarm(ALARM, subject, at=at, note="heard again")
            journal("heard_again", subject, at=at, partner=pulse.partner.code)
