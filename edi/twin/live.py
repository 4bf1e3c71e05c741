"""The twin beside `make run`: an endless shift at a pace a newcomer can watch."""

from __future__ import annotations

import random
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from itertools import count

from django.db import connection
from django.utils import timezone

from edi.twin import plant
from edi.twin.floor import Floor, Pace
from edi.twin.oem import Call, Feed, Oem, local_minute
from edi.twin.shift import MIX, VIN_SIGNS
from sequencer.models import ComponentGroup, SequenceStream, Station
from sequencer.states import GroupStatus

# A newcomer's station gets calls only while few are open: nobody else builds them.
NEWCOMERS_OPEN = 8
# Every so many calls the OEM makes a mild mess: a call comes a minute late, or a part changes.
MESS_EVERY, LATE_SECONDS = 15, 75.0
PACE = Pace(scan=(1.5, 3.5), idle=1.0, return_after=90.0)


def live(*, interval: float, seed: int) -> None:
    """Feeds the demo partners, works the stations and docks it may, answers ASNs; until SIGTERM."""
    closing = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: closing.set())
    hands = plant.floor(seed=seed, nonces=uuid.uuid4().hex[:8], pace=PACE, live=True)
    lines = [_Feeding(feed, hands, seed) for feed in plant.feeds().values()]
    # Numbers are never used twice, also after a restart; an X12 control number has nine digits.
    oem = plant.oem(first_ref=int(time.time()) % 1_000_000_000)
    hands.start()
    try:
        for turn in _turns(closing):
            hands.check()
            oem.collect()
            lines[turn % len(lines)].turn(oem, interval)
            connection.close()
    finally:
        hands.stop(seconds=2.0)


def _turns(closing: threading.Event) -> Iterator[int]:
    for turn in count():
        if closing.wait(0.5):
            return
        yield turn


class _Feeding:
    """One program's feed at a steady pace, with a little mess now and then."""

    def __init__(self, feed: Feed, floor: Floor, seed: int) -> None:
        self.feed, self.floor = feed, floor
        self.random = random.Random(f"{seed} {feed.program} {time.time()}")
        stream = SequenceStream.objects.get(programs__code=feed.program)
        start = next(start for code, _, start in MIX if code == feed.program)
        self.position = stream.last_position + 1 if stream.last_position is not None else start - 60
        self.due = time.monotonic()
        self.sent = 0
        self.late: list[tuple[float, Call]] = []
        self.newcomers = Station.objects.filter(
            commodity__program__code=feed.program, twin_works=False
        ).exists()

    def turn(self, oem: Oem, interval: float) -> None:
        now = time.monotonic()
        for due, call in [entry for entry in self.late if entry[0] <= now]:
            self.late.remove((due, call))
            oem.call(self.feed.partner, [call.event("NEW")])
        if now < self.due or (self.newcomers and self.open_calls() >= NEWCOMERS_OPEN):
            return
        # The first rack comes at once, so that there is something to see.
        first_rack = self.sent < self.feed.capacity
        self.due = now + (0.3 if first_rack else interval * self.random.uniform(0.8, 1.2))
        self.send(oem, now)

    def open_calls(self) -> int:
        open_states = [
            GroupStatus.RELEASED,
            GroupStatus.IN_WORK,
            GroupStatus.VERIFIED,
            GroupStatus.UNRESOLVED,
        ]
        return ComponentGroup.objects.filter(
            commodity__program__code=self.feed.program, status__in=open_states
        ).count()

    def send(self, oem: Oem, now: float) -> None:
        call = self.next_call()
        self.sent += 1
        messy = self.sent % MESS_EVERY == 0 and not self.newcomers
        if messy and self.sent % (2 * MESS_EVERY) == 0:
            self.late.append((now + LATE_SECONDS, call))
            return
        oem.call(self.feed.partner, [call.event("NEW")])
        if messy:
            call.part = self.random.choice(self.feed.parts)
            oem.call(self.feed.partner, [call.event("CHANGE")])

    def next_call(self) -> Call:
        vin = "".join(self.random.choices(VIN_SIGNS, k=17))
        ahead = self.feed.lead + self.feed.takt * self.open_calls()
        required = local_minute(timezone.now() + ahead, self.feed.zone)
        call = Call(self.feed, vin, vin, self.position, self.random.choice(self.feed.parts), required)
        self.position += 1
        return call
