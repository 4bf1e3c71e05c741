"""A scored shift: calls go out in files, hands work, trucks leave, faults happen, and the OEM counts at its line."""

from __future__ import annotations

import random
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Q
from django.utils import timezone

from edi.models import Delivery, InboundEvent
from edi.states import DeliveryStatus, EventStatus
from edi.twin import plant
from edi.twin.faults import DOORS_ONLY, FAULTS, Waiting
from edi.twin.floor import Floor
from edi.twin.oem import Call, Feed, Oem, Sent, local_minute
from edi.twin.score import Score, score
from sequencer.models import CallOff, ComponentGroup, SequenceStream, SequencingProgram
from sequencer.services import close_stream, start_stream
from sequencer.states import SHIPPED_GROUPS, GroupStatus, Stage

# Which share of the vehicles calls which program, and where its counter stands when the shift begins. Doors begin
# short of their wrap, so that every shift goes across it.
MIX = (("N1-DOOR", 5, 9975), ("S2-SEAT", 3, 2_434_976), ("N1-CONSOLE", 2, 3401))
BATCH, IN_FLIGHT = 6, 3
STEP_SECONDS, STALLED_SECONDS = 0.02, 60.0
FINAL = (DeliveryStatus.PARSED, DeliveryStatus.DUPLICATE, DeliveryStatus.QUARANTINED)
VIN_SIGNS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


def call_list(vehicles: int, seed: int, feeds: dict[str, Feed]) -> list[Call]:
    """The vehicles of a shift in the order of the line; the same seed gives the same."""
    rng = random.Random(seed)
    programs = [code for code, share, _ in MIX for _ in range(share)]
    position = {code: start for code, _, start in MIX}
    now = timezone.now()
    calls = []
    for number in range(1, vehicles + 1):
        code = programs[rng.randrange(len(programs))]
        feed = feeds[code]
        required = local_minute(now + feed.lead + feed.takt * (position[code] % 1000), feed.zone)
        vin = "".join(rng.choices(VIN_SIGNS, k=11)) + f"{number:06d}"
        calls.append(Call(feed, vin, vin, position[code], rng.choice(feed.parts), required))
        position[code] += 1
    return calls


@dataclass
class Shift:
    """Everything one shift knows. `interval`: seconds between vehicles, 0 as fast as the plant takes them."""

    oem: Oem
    floor: Floor
    crew: plant.Crew
    calls: list[Call]
    interval: float
    faults: list[tuple[str, Call]]
    say: Callable[[str], None]
    withheld: set[tuple[str, str]] = field(default_factory=set)
    held_back: set[tuple[str, str]] = field(default_factory=set)
    files: dict[tuple[str, str], tuple[Sent, list[Call]]] = field(default_factory=dict)
    pending: list[Sent] = field(default_factory=list)
    behaved: dict[str, int] = field(default_factory=dict)
    seen_after: list[float] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def play(self) -> Score:
        """The whole shift; returns what the OEM found."""
        waiting = [(name, FAULTS[name](self, call)) for name, call in self.faults]
        self.behaved = {name: 0 for name, _ in self.faults}
        self.floor.concerned = frozenset(self.concerned())
        waiting = self.step(waiting)
        self.agree_on_start()
        self.floor.start()
        try:
            self.send_all(waiting)
            self.end_of_shift()
        finally:
            self.floor.stop()
        found = self.judged()
        found.findings += self.findings
        return found

    def agree_on_start(self) -> None:
        """Cutover: OEM and plant agree on the first number of each stream before the first file."""
        for code, _, first in MIX:
            stream = SequenceStream.objects.get(programs__code=code)
            start_stream(stream.pk, first, at=timezone.now(), by="twin")

    def concerned(self) -> Iterator[tuple[str, str]]:
        """Calls that a fault concerns, with the neighbour that may change places."""
        for _, call in self.faults:
            for position in (call.position, call.position + 1):
                yield call.feed.program, call.feed.counter.text(position)

    # sending

    def send_all(self, waiting: list[tuple[str, Waiting]]) -> None:
        queues = self.batches()
        begin = time.monotonic()
        progress = Progress()
        late: dict[str, deque[list[Call]]] = {code: deque() for code in queues}
        while any(queues.values()) or any(late.values()) or waiting or self.pending:
            for partner, batches in queues.items():
                if self.may_send(partner, begin):
                    self.send_next(partner, batches, late[partner])
            waiting = self.turn(waiting)
            left = sum(map(len, queues.values()))
            if progress.stalled((left, len(waiting), len(self.pending), len(self.oem.asns), self.scans)):
                self.findings.append(f"the shift stood still; faults open: {[name for name, _ in waiting]}")
                return

    def batches(self) -> dict[str, deque[list[Call]]]:
        """Calls by partner in files of a few, as OEMs send them; one a file when the shift has a pace."""
        size = BATCH if self.interval == 0 else 1
        queues: dict[str, deque[list[Call]]] = {}
        for call in self.calls:
            queue = queues.setdefault(call.feed.partner, deque([[]]))
            if len(queue[-1]) == size:
                queue.append([])
            queue[-1].append(call)
        return queues

    def may_send(self, partner: str, begin: float) -> bool:
        if sum(sent.partner == partner for sent in self.pending) >= IN_FLIGHT:
            return False
        gone = sum(len(calls) for _, calls in {id(v): v for v in self.files.values()}.values())
        return time.monotonic() >= begin + self.interval * gone

    def send_next(self, partner: str, batches: deque[list[Call]], late: deque[list[Call]]) -> None:
        """The next file; one that is overtaken follows behind the file after it."""
        if not batches:
            if late:
                self.send(partner, late.popleft())
            return
        batch = batches.popleft()
        if batches and any(call.key in self.held_back for call in batch):
            late.append(batch)
            return
        self.send(partner, batch)
        if late:
            self.send(partner, late.popleft())

    def send(self, partner: str, batch: Sequence[Call]) -> None:
        calls = [call for call in batch if call.key not in self.withheld]
        if not calls:
            return
        sent = self.oem.call(partner, [call.event("NEW") for call in calls])
        self.pending.append(sent)
        for call in calls:
            self.files[call.key] = (sent, calls)

    # what faults ask and order

    def withhold(self, call: Call) -> None:
        self.withheld.add(call.key)

    def hold_back_file_of(self, call: Call) -> None:
        self.held_back.add(call.key)

    def file_of(self, call: Call) -> Sent | None:
        known = self.files.get(call.key)
        return known[0] if known else None

    def calls_in(self, sent: Sent) -> list[Call]:
        return next(calls for known, calls in self.files.values() if known is sent)

    def neighbour(self, call: Call) -> Call | None:
        """The next call of the same program, once it was sent."""
        after = (c for c in self.calls if c.feed is call.feed and c.position == call.position + 1)
        found = next(after, None)
        return found if found is not None and found.key in self.files else None

    def settled(self, sent: Sent) -> bool:
        """Every drop of this name is a delivery that is read, booked as repeated or set aside."""
        deliveries = Delivery.objects.filter(partner__code=sent.partner, file_name=sent.name)
        statuses = list(deliveries.values_list("status", flat=True))
        return len(statuses) >= self.oem.times_sent(sent) and all(status in FINAL for status in statuses)

    def applied(self, sent: Sent) -> bool:
        """Its events have their effect."""
        if not self.settled(sent):
            return False
        events = InboundEvent.objects.filter(
            message__interchange__delivery__file_name=sent.name, partner__code=sent.partner
        )
        return not events.filter(status=EventStatus.PENDING).exists()

    # one turn of the clock

    @property
    def scans(self) -> int:
        return self.floor.scan_count

    def turn(self, waiting: list[tuple[str, Waiting]]) -> list[tuple[str, Waiting]]:
        time.sleep(STEP_SECONDS)
        self.floor.check()
        self.oem.collect()
        self.look_at_board()
        return self.step(waiting)

    def step(self, waiting: list[tuple[str, Waiting]]) -> list[tuple[str, Waiting]]:
        still = []
        for name, fault in waiting:
            try:
                next(fault)
                still.append((name, fault))
            except StopIteration as end:
                self.behaved[name] += bool(end.value)
                self.say(f"fault {name}: {'as it should' if end.value else 'NOT as it should'}")
                if not end.value:
                    self.findings.append(f"fault {name}: the plant did not behave")
        return still

    def look_at_board(self) -> None:
        """How long a file took from its name in the inbox to its calls being there for the board."""
        for sent in list(self.pending):
            numbers = [call.number for call in self.calls_in(sent)]
            if CallOff.objects.filter(call_number__in=numbers).count() == len(numbers):
                self.seen_after.append(time.monotonic() - sent.put_at)
                self.pending.remove(sent)

    # the end

    def end_of_shift(self) -> None:
        for program in SequencingProgram.objects.order_by("pk"):
            close_stream(program.pk, at=timezone.now(), by="twin")
        wanted = {call.key for call in self.calls if not call.cancelled}
        progress = Progress()
        while not self.all_received(wanted):
            self.turn([])
            if progress.stalled((len(self.oem.asns), self.scans, len(self.floor.yard.departures))):
                self.findings.append("not everything left before the plant stood still")
                return
        self.say(f"all received; {len(self.oem.asns)} ASNs")
        self.wait_for_acknowledgements()

    def all_received(self, wanted: set[tuple[str, str]]) -> bool:
        told = {
            (truck.dock, line.call_number)
            for truck in self.floor.yard.departures
            for asn in self.oem.asns
            if asn.despatch.shipment_number == truck.shipment
            for package in asn.despatch.packages
            for line in package.lines
        }
        return len(told) >= len(wanted) and wanted <= told

    def wait_for_acknowledgements(self) -> None:
        """Our own verdicts on the plant's ASNs must have reached it."""
        progress = Progress()
        while not all(self.settled(sent) for sent in self.oem.acknowledgements):
            self.turn([])
            if progress.stalled((len(self.oem.answers),)):
                self.findings.append("an acknowledgement was not taken")
                return

    def judged(self) -> Score:
        return score(self.calls, self.floor.yard.departures, self.oem.asns, plant.customer_numbers())


class Progress:
    """Notices that nothing changes any more."""

    def __init__(self) -> None:
        self.last: tuple[int, ...] = ()
        self.since = time.monotonic()

    def stalled(self, now: tuple[int, ...]) -> bool:
        if now != self.last:
            self.last, self.since = now, time.monotonic()
        return time.monotonic() - self.since > STALLED_SECONDS


def place_faults(
    names: Sequence[str], calls: Sequence[Call], seed: int, times: int
) -> list[tuple[str, Call]]:
    """Gives each fault a call of its own, spread over the shift. Refuses a shift that is too short for it."""
    rng = random.Random(f"faults {seed}")
    wanted = [name for name in names for _ in range(times)]
    rng.shuffle(wanted)
    free = {
        code: _free_places([c for c in calls if c.feed.program == code]) for code in ("N1-DOOR", "S2-SEAT")
    }
    placed = []
    for name in wanted:
        codes = ["N1-DOOR"] if name in DOORS_ONLY else sorted(free, key=lambda code: -len(free[code]))
        place = next((found for code in codes if (found := _take(free[code], name, rng)) is not None), None)
        if place is None:
            raise CommandError(f"the shift is too short for fault {name}; ask for more --vehicles")
        placed.append((name, place))
    return placed


@dataclass(frozen=True, slots=True)
class Place:
    """A call with its rack and place in it; `part_seen`: enough of its part stand in earlier racks."""

    call: Call
    rack: int
    slot: int
    part_seen: bool


def _free_places(calls: Sequence[Call]) -> list[Place]:
    """Every second call of racks that get full, away from their edges: faults must not touch one another."""
    if not calls:
        return []
    capacity = calls[0].feed.capacity
    places = [
        Place(call, *divmod(n, capacity), part_seen=_part_seen(call, calls[: n // capacity * capacity]))
        for n, call in enumerate(calls)
    ]
    full = len(calls) // capacity
    inner = [p for p in places if p.rack < full and 0 < p.slot < capacity - 2]
    return inner[::3] if full else []


def _part_seen(call: Call, earlier: Sequence[Call]) -> bool:
    """More of the part than faults can take away again."""
    return sum(other.part == call.part for other in earlier) > 2


def _take(free: list[Place], name: str, rng: random.Random) -> Call | None:
    """A place fit for the fault: a rack that is staged must be the first of its truck, a used serial needs a past."""
    fitting = [p for p in free if name != "change_after_seal" or p.rack % 2 == 0]
    if name == "duplicate_serial":
        fitting = [p for p in fitting if p.part_seen]
    if name == "change_after_seal":
        # The packer stands still meanwhile, so a truck of two racks cannot leave with the old part.
        fitting = fitting[:-1] or fitting
    if not fitting:
        return None
    place = rng.choice(fitting)
    free.remove(place)
    return place.call


def held_calls() -> int:
    """Calls open under any of the four words at the end: held, unresolved, on hold, waiting behind a gap."""
    waiting = (
        Q(call_off__held=True)
        | Q(status=GroupStatus.UNRESOLVED)
        | Q(on_hold=True)
        | Q(call_off__position=None)
    )
    groups = ComponentGroup.objects.filter(waiting, call_off__stage=Stage.FIRM).exclude(
        status__in=[GroupStatus.CANCELLED, *sorted(SHIPPED_GROUPS)]
    )
    events = InboundEvent.objects.filter(status=EventStatus.HELD)
    return groups.count() + events.count()


def spread(values: Sequence[float], digits: int) -> dict[str, float | None]:
    """p50 and p95, or nulls when nothing was measured."""
    if len(values) < 2:
        only = round(values[0], digits) if values else None
        return {"p50": only, "p95": only}
    return {
        "p50": round(statistics.median(values), digits),
        "p95": round(statistics.quantiles(values, n=20)[18], digits),
    }


def report(shift: Shift, found: Score, seconds: float) -> dict[str, Any]:
    """The keys of the score. `applied`, `duplicates`, `quarantined` are counted by the answers the OEM got."""
    sent = sum(item.events for item in shift.oem.sent)
    duplicates, quarantined = shift.oem.answered_again()
    return {
        "sent": sent,
        "applied": sent - duplicates - quarantined,
        "duplicates": duplicates,
        "quarantined": quarantined,
        "held": held_calls(),
        "units_called": found.units_called,
        "units_shipped": found.units_shipped,
        "lost": found.lost,
        "doubled": found.doubled,
        "out_of_sequence": found.out_of_sequence,
        "wrong_part": found.wrong_part,
        "asn_missing": found.asn_missing,
        "file_to_board_s": spread(shift.seen_after, 3),
        "scan_verdict_ms": spread(list(shift.floor.verdict_ms), 1),
        "faults": shift.behaved,
        "seconds": round(seconds, 1),
    }
