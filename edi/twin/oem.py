"""What an OEM knows of its own vehicles, sends in files and gets back. It never looks into our tables."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from edi import formats
from edi.formats import CallOffEvent, Component, Despatch, Profile
from sequencer.rules import Counter


@dataclass(frozen=True, slots=True)
class Feed:
    """One program as the OEM sees it: where it calls, what it may call, in which order its line unloads."""

    program: str
    partner: str
    dock: str
    zone: ZoneInfo
    counter: Counter
    parts: tuple[str, ...]
    capacity: int
    lead: timedelta
    takt: timedelta
    last_rack_first: bool
    last_slot_first: bool


@dataclass(slots=True)
class Call:
    """What one program was last told of one vehicle. `position` is its place in the line, unwrapped."""

    feed: Feed
    number: str
    vin: str
    position: int
    part: str
    required_at: str
    cancelled: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.feed.dock, self.number

    @property
    def sequence(self) -> str:
        return self.feed.counter.text(self.position)

    def event(self, kind: str) -> CallOffEvent:
        return CallOffEvent(
            event=kind,
            sequence_number=self.sequence,
            vin=self.vin,
            production_number=self.number,
            dock=self.feed.dock,
            required_at=self.required_at,
            components=(Component(self.part, quantity="1"),),
            call_number=self.number,
        )


def local_minute(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as the OEM writes it: plant local, to the minute."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


@dataclass(frozen=True, slots=True)
class Sent:
    """One file in the plant's inbox. `put_at`: when it got its name, by the machine's own clock."""

    partner: str
    name: str
    ref: str
    content: bytes
    events: int
    put_at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The plant's word on one interchange of ours."""

    partner: str
    ref: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Asn:
    partner: str
    despatch: Despatch


@dataclass(frozen=True, slots=True)
class Piece:
    """A part as it stands in a rack: what its label says."""

    part: str
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """A truck at the OEM's gate: its number, and the racks on it by their own labels with what stands in them."""

    shipment: str
    dock: str
    racks: dict[str, dict[int, Piece]]


@dataclass(slots=True)
class Desk:
    """The EDI desk of one partner: his dialect, his folders and the next number of what he sends."""

    profile: Profile
    inbox: Path
    out: Path
    next_ref: int

    @property
    def mirrored(self) -> Profile:
        """The same dialect from the other side of the gate."""
        return replace(self.profile, our=self.profile.their, their=self.profile.our)


@dataclass(slots=True)
class Oem:
    """The OEMs of the plant: sends files, fetches what lies in `out`, acknowledges the ASNs among it."""

    desks: dict[str, Desk]
    sent: list[Sent] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    asns: list[Asn] = field(default_factory=list)
    acknowledgements: list[Sent] = field(default_factory=list)
    fetched: dict[tuple[str, str], str] = field(default_factory=dict)

    def call(self, partner: str, events: Sequence[CallOffEvent]) -> Sent:
        """One file with these events; an X12 file can say only one kind of event."""
        ref = self._ref(partner)
        return self.put(partner, f"CALL_{ref}.edi", ref, self.written(partner, ref, events), len(events))

    def written(self, partner: str, ref: str, events: Sequence[CallOffEvent]) -> bytes:
        desk = self.desks[partner]
        writer = formats.write_866 if desk.profile.asn.format == "856" else formats.write_deljit
        return writer(
            events,
            desk.profile,
            control_ref=ref,
            message_ref="1",
            document_number=ref,
            prepared_at=datetime.now(ZoneInfo(desk.profile.timezone)),
        )

    def put(self, partner: str, name: str, ref: str, content: bytes, events: int) -> Sent:
        """A file as a well-behaved partner drops it: under a hidden name, then renamed."""
        put_at = _drop(self.desks[partner].inbox, name, content)
        sent = Sent(partner, name, ref, content, events, put_at)
        self.sent.append(sent)
        return sent

    def waits(self, sent: Sent) -> bool:
        """The plant has not taken the file from its inbox yet."""
        return (self.desks[sent.partner].inbox / sent.name).exists()

    def times_sent(self, sent: Sent) -> int:
        """How often a file of this name was put into the inbox."""
        return sum(item.partner == sent.partner and item.name == sent.name for item in self.sent)

    def refused(self, sent: Sent) -> bool:
        return Answer(sent.partner, _plain(sent.ref), accepted=False) in self.answers

    def collect(self) -> list[Asn]:
        """Fetches every finished file from every `out`; returns the ASNs that were new."""
        fresh: list[Asn] = []
        for code, desk in self.desks.items():
            for path in sorted(desk.out.glob("[!.]*")):
                content = path.read_bytes()
                path.unlink()
                fresh += self._read(code, desk, content)
        self.asns += fresh
        return fresh

    def _read(self, code: str, desk: Desk, content: bytes) -> Iterator[Asn]:
        """The wire is at-least-once under a stable number: the same bytes under it are one message."""
        for interchange in formats.read(content, desk.profile).interchanges:
            key, print_ = (code, str(interchange.control_ref)), hashlib.sha256(content).hexdigest()
            if self.fetched.get(key) == print_:
                continue
            self.fetched[key] = print_
            for message in interchange.messages:
                self._take_answer(code, message)
                if message.despatch is not None:
                    yield Asn(code, message.despatch)
            if desk.profile.asn.expects_ack and any(message.despatch for message in interchange.messages):
                self._acknowledge(code, desk, interchange)

    def _take_answer(self, code: str, message: formats.Message) -> None:
        """The first verdict names the interchange or group, the others what was inside."""
        if message.acknowledged:
            accepted = all(verdict.accepted for verdict in message.acknowledged)
            self.answers.append(Answer(code, _plain(message.acknowledged[0].ref or ""), accepted))

    def _acknowledge(self, code: str, desk: Desk, interchange: formats.Interchange) -> None:
        ref = self._ref(code)
        content = formats.write_acknowledgement(
            interchange,
            desk.mirrored,
            control_ref=ref,
            prepared_at=datetime.now(ZoneInfo(desk.profile.timezone)),
        )
        name = f"ACK_{ref}.edi"
        put_at = _drop(desk.inbox, name, content)
        self.acknowledgements.append(Sent(code, name, ref, content, 0, put_at))

    def _ref(self, partner: str) -> str:
        desk = self.desks[partner]
        ref = str(desk.next_ref)
        desk.next_ref += 1
        return ref

    def answered_again(self) -> tuple[int, int]:
        """Call-offs in files the plant took as a repeat, and in files it refused, by the answers it gave.

        A file is identified by partner and control number; the first accepted answer took it.
        """
        repeats = refused = 0
        events = {(sent.partner, sent.ref): sent.events for sent in reversed(self.sent)}
        for answer, times in Tally(self.answers).items():
            count = events.get((answer.partner, answer.ref), 0)
            if answer.accepted:
                repeats += (times - 1) * count
            else:
                refused += times * count
        return repeats, refused


def _plain(ref: str) -> str:
    return ref.strip().lstrip("0")


def _drop(inbox: Path, name: str, content: bytes) -> float:
    hidden = inbox / f".{name}.tmp"
    hidden.write_bytes(content)
    put_at = time.monotonic()
    os.rename(hidden, inbox / name)
    return put_at
