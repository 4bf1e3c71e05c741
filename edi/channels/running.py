"""All active channels in one process: a thread each, started and ended as channels are entered and changed."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone

from edi.channels.claims import ChannelLost, Clock, Hold, Stopped, fared_badly, hold
from edi.channels.turns import Works
from edi.models import PartnerChannel

log = logging.getLogger(__name__)

REFRESH_SECONDS = 2.0
STOP_SECONDS = 4.0
# While another process has the channel, or the database is away.
PAUSE_SECONDS = 2.0
# What a channel's own work writes; a change of anything else means that a person edited it.
OWN_FIELDS = frozenset({"last_ok_at", "last_error", "failures", "next_try_at", "held_by", "held_at"})


def form_of(channel: PartnerChannel) -> tuple[object, ...]:
    """What a person entered; a channel is begun anew when it changes."""
    fields = (field.attname for field in channel._meta.concrete_fields if field.name not in OWN_FIELDS)
    return tuple(getattr(channel, name) for name in fields)


def active_channels() -> list[PartnerChannel]:
    rows = PartnerChannel.objects.filter(active=True, partner__active=True)
    return list(rows.select_related("partner").order_by("pk"))


def work_once(*, clock: Clock = timezone.now, everything: bool = False) -> int:
    """One turn of every channel that fetches or sends and is due; returns how many had one. No listeners."""
    done = 0
    for channel in active_channels():
        if channel.kind == "TCP_LISTEN":
            continue
        if not everything and channel.next_try_at is not None and channel.next_try_at > clock():
            continue
        held = hold(channel.pk, clock=clock)
        if held is None:
            continue
        try:
            Works().turn(held)
            done += 1
        finally:
            held.release()
    return done


@dataclass
class Keeper:
    """One channel in a thread of its own."""

    channel: PartnerChannel
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    held: Hold | None = None
    due: float = 0.0

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run, name=f"channel {self.channel}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        works = Works()
        try:
            while not self.stop.is_set():
                self._step(works)
                self.stop.wait(min(PAUSE_SECONDS, max(0.05, self.due - time.monotonic())))
        finally:
            works.close()
            self._let_go()
            connections.close_all()

    def _step(self, works: Works) -> None:
        """Keeps the channel ours, and does its turn when it is time."""
        try:
            if self.held is None:
                self.held = hold(self.channel.pk, clock=timezone.now, stopping=self.stop.is_set)
                self.due = time.monotonic() + (_wait(self.held.channel) if self.held else PAUSE_SECONDS)
            if self.held is None:
                return
            self.held.pace()
            if time.monotonic() >= self.due:
                works.turn(self.held)
                self.due = time.monotonic() + _wait(self.held.channel)
        except (ChannelLost, PartnerChannel.DoesNotExist):
            # Whoever has it now opens the door himself.
            works.close()
            self.held = None
        except Stopped:
            return
        except (OperationalError, InterfaceError) as error:
            log.warning("channel %s: %s", self.channel, error)
            self.due = time.monotonic() + PAUSE_SECONDS
        except Exception as error:
            log.exception("channel %s", self.channel)
            self._tell_defect(error)
        finally:
            close_old_connections()

    def _tell_defect(self, error: Exception) -> None:
        """A defect of ours is booked like a fault of the wire: seen at the channel, told to a person, backed off."""
        self.due = time.monotonic() + PAUSE_SECONDS
        if self.held is None:
            return
        channel = self.held.channel
        try:
            fared_badly(channel, f"{type(error).__name__}: {error}", at=timezone.now(), for_person=True)
            self.due = time.monotonic() + _wait(channel)
        except (OperationalError, InterfaceError):
            log.warning("channel %s: the database is away, too", channel)

    def _let_go(self) -> None:
        if self.held is not None:
            with contextlib.suppress(OperationalError, InterfaceError):
                self.held.release()


def _wait(channel: PartnerChannel) -> float:
    """Seconds until the channel's next turn."""
    return 0.0 if channel.next_try_at is None else (channel.next_try_at - timezone.now()).total_seconds()


class Runner:
    """Starts a keeper for every active channel and ends those that are not active any more."""

    def __init__(self, alive: Callable[[], None] = lambda: None) -> None:
        self.keepers: dict[int, tuple[tuple[object, ...], Keeper]] = {}
        self.running = True
        self.alive = alive

    def stop(self) -> None:
        self.running = False

    def run(self) -> None:
        """Until `stop`; a database that is away is waited for."""
        while self.running:
            try:
                self.refresh()
                self.alive()
            except (OperationalError, InterfaceError) as error:
                log.warning("channels: %s", error)
            finally:
                close_old_connections()
            until = time.monotonic() + REFRESH_SECONDS
            while self.running and time.monotonic() < until:
                time.sleep(0.1)
        self.end(list(self.keepers))

    def refresh(self) -> None:
        """Reads the channels again: new ones start, changed ones start anew, the others go on."""
        wanted = {channel.pk: channel for channel in active_channels()}
        forms = {pk: form_of(channel) for pk, channel in wanted.items()}
        self.end([pk for pk, (form, _) in self.keepers.items() if forms.get(pk) != form])
        for pk in wanted.keys() - self.keepers.keys():
            keeper = Keeper(wanted[pk])
            self.keepers[pk] = (forms[pk], keeper)
            keeper.start()

    def end(self, numbers: list[int]) -> None:
        """Asks keepers to end and waits; one that hangs in a wire dies with the process."""
        ended = [self.keepers.pop(pk)[1] for pk in numbers]
        for keeper in ended:
            keeper.stop.set()
        until = time.monotonic() + STOP_SECONDS
        for keeper in ended:
            if keeper.thread is not None:
                keeper.thread.join(max(0.0, until - time.monotonic()))
