"""Who works a channel, and how it fares: the claim with its heartbeat, back-off, alarms.

Two processes never work one channel at a time. A claim without heartbeat for `LEASE_SECONDS` is taken over; the
slow one finds out at its next step and commits nothing more.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from edi.models import PartnerChannel
from edi.services.alarms import clear_alarm, raise_alarm
from edi.transport import worker_name

LEASE_SECONDS = 30
RENEW_SECONDS = 5.0
FIRST_WAIT, LONGEST_WAIT = 2.0, 900.0
# One lost connection is weather; so many in a row want a person.
ALARM_AFTER = 3
ALARM = "EDI_CHANNEL"

Clock = Callable[[], datetime]


class ChannelLost(Exception):
    """Another process took the channel over; whatever was not committed is its now."""


class Stopped(Exception):
    """The process is to end; the step under way was left where the next start takes it up."""


@dataclass(slots=True)
class Hold:
    """A channel while it is ours."""

    channel: PartnerChannel
    holder: str
    clock: Clock
    stopping: Callable[[], bool]
    renewed: float = field(default_factory=time.monotonic)

    def pace(self) -> None:
        """At every chunk: stops when the process is to stop, renews now and then."""
        if self.stopping():
            raise Stopped
        if time.monotonic() - self.renewed > RENEW_SECONDS:
            self.renew()

    def renew(self) -> None:
        """Renews the claim; raises `ChannelLost` when it is no longer ours. Locks the channel's row."""
        mine = PartnerChannel.objects.filter(pk=self.channel.pk, held_by=self.holder)
        if not mine.update(held_at=self.clock()):
            raise ChannelLost(f"channel {self.channel} was taken over")
        self.renewed = time.monotonic()

    def release(self) -> None:
        PartnerChannel.objects.filter(pk=self.channel.pk, held_by=self.holder).update(held_by="")


def hold(channel_id: int, *, clock: Clock, stopping: Callable[[], bool] = lambda: False) -> Hold | None:
    """Takes a channel; None while another process has it."""
    now, holder = clock(), f"{worker_name()}-{uuid.uuid4().hex[:6]}"[:80]
    free = Q(held_by="") | Q(held_at__isnull=True) | Q(held_at__lt=now - timedelta(seconds=LEASE_SECONDS))
    if not PartnerChannel.objects.filter(free, pk=channel_id).update(held_by=holder, held_at=now):
        return None
    channel = PartnerChannel.objects.select_related("partner").get(pk=channel_id)
    return Hold(channel, holder, clock, stopping)


def back_off(failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubled each time, shortened by chance, capped.

    The chance keeps many channels to one dead server from knocking at the same moment.
    """
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 20))
    return wait * random.uniform(0.5, 1.0)


def fared_well(channel: PartnerChannel, *, at: datetime, again_in: float, worked: bool = True) -> None:
    """The other side answered: no error any more, the alarm cleared.

    Not `worked`: there was no reason to ask it, so nothing is known and nothing is written.
    """
    due = at + timedelta(seconds=again_in)
    if not worked:
        channel.next_try_at = due
        return
    with transaction.atomic():
        if channel.failures or channel.last_error:
            clear_alarm(ALARM, subject_of(channel), at=at, note="the channel works again")
        _update(channel, {"last_ok_at": at, "last_error": "", "failures": 0, "next_try_at": due})


def fared_badly(
    channel: PartnerChannel, text: str, *, at: datetime, for_person: bool, again_in: float | None = None
) -> None:
    """Books a failure: the next try later each time; a person is told at once when only he can mend it.

    Told once a reason, so that a server that is down for a night is one alarm. `again_in` replaces the back-off
    where most went well.
    """
    failures = channel.failures + 1
    due = at + timedelta(seconds=back_off(failures) if again_in is None else again_in)
    tell = failures == ALARM_AFTER or (for_person and channel.last_error != text[:300])
    with transaction.atomic():
        if tell:
            told = f"channel {channel} ({channel.get_kind_display()}) does not work: {text}"
            raise_alarm(channel.partner, ALARM, subject_of(channel), told, at=at)
        _update(channel, {"failures": failures, "last_error": text[:300], "next_try_at": due})


def _update(channel: PartnerChannel, fields: dict[str, object]) -> None:
    """Writes what a turn came to, and nothing a person may be editing just now."""
    PartnerChannel.objects.filter(pk=channel.pk).update(**fields)
    for name, value in fields.items():
        setattr(channel, name, value)


def subject_of(channel: PartnerChannel) -> str:
    return f"channel {channel}"
