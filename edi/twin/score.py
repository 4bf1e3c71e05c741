"""Judges a shift from what the OEM received against what it called. Nothing here reads our tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from edi.formats import DespatchLine
from edi.twin.oem import Asn, Call, Departure, Feed, Piece


@dataclass(slots=True)
class Score:
    """What the OEM found. All but the first two must be zero."""

    units_called: int = 0
    units_shipped: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_sequence: int = 0
    wrong_part: int = 0
    asn_missing: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_sequence or self.wrong_part or self.asn_missing)


def score(
    calls: Iterable[Call],
    departures: Iterable[Departure],
    asns: Iterable[Asn],
    customer_numbers: Mapping[str, str],
) -> Score:
    """Walks the OEM's line: every truck that came, every rack in unloading order, every piece at its vehicle.

    `customer_numbers`: our number on a piece's label -> the number the OEM calls it by.
    """
    return _Line(calls, customer_numbers).walk(departures, asns)


class _Line:
    def __init__(self, calls: Iterable[Call], customer_numbers: Mapping[str, str]) -> None:
        self.calls = {call.key: call for call in calls}
        self.feeds = {call.feed.dock: call.feed for call in self.calls.values()}
        self.customer_numbers = customer_numbers
        self.delivered: set[tuple[str, str]] = set()
        self.reached: dict[str, int] = {}
        self.score = Score()

    def walk(self, departures: Iterable[Departure], asns: Iterable[Asn]) -> Score:
        announced: dict[str, list[Asn]] = {}
        for asn in asns:
            announced.setdefault(asn.despatch.shipment_number or "", []).append(asn)
        for truck in departures:
            self.receive(truck, announced.pop(truck.shipment, []))
        score = self.score
        called = {key for key, call in self.calls.items() if not call.cancelled}
        score.units_called, score.units_shipped = len(called), len(self.delivered)
        for key in sorted(called - self.delivered):
            self.found("lost", f"{self.calls[key].sequence} for dock {key[0]} never came")
        for number in announced:
            score.findings.append(f"ASN {number} tells of a truck that never came")
        return score

    def receive(self, truck: Departure, asns: list[Asn]) -> None:
        if not asns:
            self.found("asn_missing", f"truck {truck.shipment} came without ASN")
        for asn in asns:
            feed = self.feeds[truck.dock]
            for rack, line in unloading_order(asn, feed):
                self.consume(feed, line, truck.racks.get(rack or "", {}).get(int(line.slot or 0)))

    def consume(self, feed: Feed, line: DespatchLine, piece: Piece | None) -> None:
        """One piece at its vehicle."""
        key = feed.dock, line.call_number or ""
        call = self.calls.get(key)
        if call is None or call.cancelled:
            self.found("wrong_part", f"{line.part_number} came for {line.call_number}, which is not called")
            return
        if key in self.delivered:
            self.found("doubled", f"{call.sequence} came twice at dock {feed.dock}")
            return
        self.delivered.add(key)
        if (
            call.position <= self.reached.get(feed.dock, call.position - 1)
            or line.sequence_number != call.sequence
        ):
            self.found("out_of_sequence", f"{line.sequence_number} came out of its place at dock {feed.dock}")
        self.reached[feed.dock] = max(call.position, self.reached.get(feed.dock, call.position))
        self.compare(call, line, piece)

    def compare(self, call: Call, line: DespatchLine, piece: Piece | None) -> None:
        """Paper and piece against what was called last."""
        if line.part_number != call.part:
            self.found("wrong_part", f"{call.sequence}: announced {line.part_number}, called {call.part}")
        elif piece is None:
            self.found("wrong_part", f"{call.sequence}: its place in the rack is empty")
        elif self.customer_numbers.get(piece.part) != call.part:
            self.found("wrong_part", f"{call.sequence}: {piece.part} stands in the rack, called {call.part}")
        elif piece.serial and line.serials != (piece.serial,):
            self.found(
                "wrong_part", f"{call.sequence}: serial {piece.serial} stands there, told {line.serials}"
            )

    def found(self, kind: str, text: str) -> None:
        setattr(self.score, kind, getattr(self.score, kind) + 1)
        self.score.findings.append(text)


def unloading_order(asn: Asn, feed: Feed) -> Iterator[tuple[str | None, DespatchLine]]:
    """The lines of an ASN as the OEM's line takes them, each with its rack's label.

    Packages stand in loading order; a truck that is unloaded last in, first out gives them back in reverse.
    """
    packages = asn.despatch.packages
    for package in reversed(packages) if feed.last_rack_first else packages:
        lines = sorted(package.lines, key=lambda line: int(line.slot or 0), reverse=feed.last_slot_first)
        for line in lines:
            yield package.number, line
    for line in asn.despatch.lines:
        yield None, line
