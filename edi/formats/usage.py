"""What a partner's feed makes use of, and where a file leaves what is known: segments, codes, lengths, signs.

Measured on the bare segments, before and apart from any reading: a field that grew by a digit or a qualifier
nobody has seen is told even where the reading would have gone through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from .description import Description, describe
from .layout_choice import vda_layouts
from .profile import Profile
from .reader import segments
from .tokens import HEAD_BYTES, RawSegment
from .vda_layout import VdaLayout

# A place with more values than this holds no codes; what else comes there is told no more.
MAX_CODES = 200
# Key of a feed's own line: its separators, character set and envelopes.
ENVELOPE = {"edifact": "UNB", "x12": "ISA", "vda": "VDA", "flat": "flat"}
OPENS = {"UNH": "2.1", "ST": "1"}
_OUTSIDE = {"UNA", "UNB", "UNG", "UNE", "UNZ", "ISA", "GS", "GE", "IEA", "TA1"}

# Where codes stand, by the standard's positions. "2+.2" is the second component of the second element and of
# every one behind it, "2+2" every second element from the second on.
_EDIFACT_CODES = """
    UNB 1.1 1.2 9 11   UNG 1 7.1 7.2 7.3   UNH 2.1 2.2 2.3 2.4 2.5   BGM 1.1 3 4   DTM 1.1 1.3   RFF 1.1
    NAD 1 2.3   LOC 1   SEQ 1 2.2   GIR 1 2+.2   LIN 2 3.2   PIA 1 2+.2   IMD 1 2   QTY 1.1 1.3   SCC 1 2 3.1 3.2
    FTX 1   ALI 1 2 3   PAC 2.1 2.2   PCI 1   GIN 1   TDT 1 3.1   CTA 1   COM 1.2   MEA 1 2.1 3.1   GIS 1.1
    GEI 1 2.1   CPS 3   UNS 1   CNT 1.1   QVR 1.2   ERC 1.1   STS 1.1   TOD 1   EQD 1   HAN 1   PRI 1.1
    UCI 4 5   UCM 3 4   UCF 4 5
"""
_X12_CODES = """
    ISA 5 7 11 12 14 15   GS 1 8   ST 1   BSS 1 4 11   BFR 1 4 5   BSN 1 5   DTM 1   REF 1   N1 1 3   LIN 2+2   QTY 1
    FST 2 3 6 8   SHP 1 3   SDP 1 2   UIT 1.1   HL 3 4   SN1 3   TD1 1   TD5 1 2 4   TD3 1   MAN 1   PER 1   PID 1
    OTI 1 2   TED 1   BRA 3 4   RCD 3   AK1 1   AK5 1   AK9 1   ATH 1   SAC 1 2   MEA 1 2   PWK 1   LM 1
"""
# Tags whose first code is what the rest speaks of.
_QUALIFIED = {
    "DTM", "RFF", "NAD", "LOC", "QTY", "FTX", "GIN", "PCI", "MEA", "CTA", "TDT", "REF", "N1", "FST", "SHP", "MAN",
    "PER", "TD1", "TD3", "TD5", "STS", "CNT",
}  # fmt: skip
# Counts, quantities and free text grow without any harm.
_FREE = {
    "FTX", "IMD", "CTA", "COM", "PID", "PER", "N2", "N3", "N4", "MSG", "NTE", "UNT", "UNZ", "UNE", "SE", "GE", "IEA",
    "CTT", "CNT",
}  # fmt: skip
_FREE_PLACES = {
    "UNB 5", "UNG 5", "UNH 1", "LIN 1", "CPS 1", "CPS 2", "QTY 1.2", "PAC 1", "QVR 1.1", "GS 6", "ST 2", "HL 1",
    "HL 2", "SHP 2", "JIT 1", "SN1 2", "QTY 2", "N1 2",
}  # fmt: skip


def _compiled(text: str) -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    tag = ""
    for word in text.split():
        if word[0].isalpha():
            tag = word
            table[tag] = set()
        else:
            table[tag] |= _unfolded(word)
    return {tag: frozenset(places) for tag, places in table.items()}


def _unfolded(word: str) -> set[str]:
    if word == "2+.2":
        return {f"{position}.2" for position in range(2, 7)}
    if word == "2+2":
        return {str(position) for position in range(2, 62, 2)}
    return {word}


_CODES = {"edifact": _compiled(_EDIFACT_CODES), "x12": _compiled(_X12_CODES)}
_FIRST = {
    tag: min(places, key=lambda place: [int(part) for part in place.split(".")])
    for table in reversed(_CODES.values())
    for tag, places in table.items()
}


@dataclass(slots=True, kw_only=True)
class TypeUsage:
    """What was seen of one message type; `codes` and `lengths` go by place, such as "DTM 1.1" or "RFF ON 1.2"."""

    type: str
    messages: int = 0
    first_seen: str = ""
    last_seen: str = ""
    signs: set[str] = field(default_factory=set)
    segments: Counter[str] = field(default_factory=Counter)
    codes: dict[str, Counter[str]] = field(default_factory=dict)
    lengths: dict[str, tuple[int, int]] = field(default_factory=dict)

    def code(self, place: str, value: str) -> None:
        """Count a code; a place that turns out to hold no codes keeps those it has."""
        known = self.codes.setdefault(place, Counter())
        if value in known or len(known) < MAX_CODES:
            known[value] += 1

    def length(self, place: str, low: int, high: int) -> None:
        """Widen the known lengths of a place."""
        old = self.lengths.get(place)
        self.lengths[place] = (min(low, old[0]), max(high, old[1])) if old else (low, high)

    def add(self, other: TypeUsage) -> None:
        """Add what somebody else saw of the same type."""
        self.messages += other.messages
        self.first_seen = min(filter(None, (self.first_seen, other.first_seen)), default="")
        self.last_seen = max(self.last_seen, other.last_seen)
        self.signs |= other.signs
        self.segments += other.segments
        for place, values in other.codes.items():
            for value, count in values.items():
                self.code(place, value)
                if value in self.codes[place]:
                    self.codes[place][value] += count - 1
        for place, (low, high) in other.lengths.items():
            self.length(place, low, high)

    def as_json(self) -> dict[str, Any]:
        """The row's facts, ready for `json.dumps`."""
        return {
            "messages": self.messages,
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "signs": sorted(self.signs),
            "segments": dict(sorted(self.segments.items())),
            "codes": {place: dict(sorted(self.codes[place].items())) for place in sorted(self.codes)},
            "lengths": {place: list(self.lengths[place]) for place in sorted(self.lengths)},
        }


def from_json(kind: str, facts: Mapping[str, Any]) -> TypeUsage:
    """Return what `as_json` made."""
    return TypeUsage(
        type=kind,
        messages=facts["messages"],
        first_seen=facts["first_seen"],
        last_seen=facts["last_seen"],
        signs=set(facts["signs"]),
        segments=Counter(facts["segments"]),
        codes={place: Counter(values) for place, values in facts["codes"].items()},
        lengths={place: (low, high) for place, (low, high) in facts["lengths"].items()},
    )


Usage = dict[str, TypeUsage]


def measure(source: BinaryIO, seen: str, profile: Profile | None = None) -> Usage:
    """Return what one file uses, by message type; `seen` is when it came (ISO 8601). Nothing for no text.

    Memory grows with what is used, not with the file. With a profile the fields of VDA records are told apart.
    """
    head = source.read(HEAD_BYTES)
    description = describe(head, profile.encoding if profile else None)
    if description.format not in ENVELOPE:
        return {}
    source.seek(0)
    meter = _Meter(description, seen, profile)
    for segment in segments(source):
        meter.take(segment)
    return meter.usage


def merge(into: Usage, other: Usage) -> None:
    """Add the usage of another file to `into`."""
    for kind, usage in other.items():
        into.setdefault(kind, TypeUsage(type=kind)).add(usage)


class _Meter:
    def __init__(self, description: Description, seen: str, profile: Profile | None) -> None:
        self.format = description.format or ""
        self.usage: Usage = {}
        self.seen = seen
        self.codes = _CODES.get(self.format, {})
        self.layouts: dict[str, VdaLayout] = vda_layouts(profile or Profile()) if self.format == "vda" else {}
        self.layout: VdaLayout | None = None
        self.outer = self.type(ENVELOPE[self.format])
        self.outer.signs.add(_signs(description))
        self.inner = self.outer

    def type(self, name: str) -> TypeUsage:
        usage = self.usage.setdefault(name, TypeUsage(type=name))
        usage.first_seen = usage.last_seen = self.seen
        return usage

    def take(self, segment: RawSegment) -> None:
        tag = segment.tag
        if self.format in ("edifact", "x12"):
            if tag in OPENS:
                self.inner = self.type(_at(segment, OPENS[tag]) or "?")
                self.inner.messages += 1
            usage = self.outer if tag in _OUTSIDE else self.inner
            usage.segments[tag] += 1
            self.elements(usage, segment)
        elif self.format == "vda":
            self.record(tag, segment.text)
        else:
            self.outer.segments[tag] += 1
            self.outer.length(f"{tag} line", len(segment.text), len(segment.text))

    def elements(self, usage: TypeUsage, segment: RawSegment) -> None:
        """Count codes and lengths of one segment."""
        tag = segment.tag
        coded = self.codes.get(tag, frozenset())
        qualifier = _at(segment, _FIRST[tag]) if tag in _QUALIFIED and tag in _FIRST else ""
        spoken = f"{tag} {qualifier}" if qualifier else tag
        free = tag in _FREE
        for number, element in enumerate(segment.elements, 1):
            simple = len(element) == 1 and not (tag == "UIT" and number == 1)
            for at, value in enumerate(element, 1):
                if not value:
                    continue
                place = f"{number}.{at}"
                if place in coded or (at == 1 and str(number) in coded):
                    usage.code(f"{tag} {place if place in coded else number}", value)
                elif not free:
                    self.length(
                        usage, tag, spoken, element, number if simple and at == 1 else place, len(value)
                    )

    def length(
        self, usage: TypeUsage, tag: str, spoken: str, element: list[str], place: int | str, length: int
    ) -> None:
        position = str(place)
        if f"{tag} {position}" in _FREE_PLACES or (tag == "NAD" and position[:2] not in ("2", "2.")):
            return
        if tag in ("GIR", "PIA", "LIN") and len(element) > 1 and position.endswith(".1"):
            # Each composite is qualified by its own second component, wherever it stands.
            spoken, position = f"{tag} {element[1]}", "1"
        usage.length(f"{spoken} {position}", length, length)

    def record(self, tag: str, text: str) -> None:
        """Count a VDA record, field by field where a layout is known."""
        if tag in self.layouts:
            self.layout = self.layouts[tag]
            self.inner = self.type(self.layout.message)
            self.inner.messages += 1
        elif self.layout is None:
            self.inner = self.outer
        usage = self.inner
        usage.segments[tag] += 1
        usage.length(f"{tag} record", len(text), len(text))
        known = self.layout.records.get(tag) if self.layout else None
        for item in known.fields if known else ():
            value = text[item.start : item.end].strip()
            if value and item.type == "text":
                if item.width <= 2 and not item.counts:
                    usage.code(f"{tag} {item.name}", value)
                else:
                    usage.length(f"{tag} {item.name}", len(value), len(value))


def _at(segment: RawSegment, place: str) -> str:
    number, _, component = place.partition(".")
    element = segment.elements[int(number) - 1] if len(segment.elements) >= int(number) else []
    at = int(component or 1)
    return element[at - 1] if len(element) >= at else ""


def _signs(description: Description) -> str:
    signs = " ".join(f"{name} {sign}" for name, sign in description.signs)
    return f"{description.encoding}; {signs}" if signs else description.encoding


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing a feed never did before: what, where in which message type, and a sentence."""

    type: str
    what: str
    where: str
    text: str

    def as_json(self) -> dict[str, str]:
        """The keys of `edi_usage --json`."""
        return {"type": self.type, "what": self.what, "where": self.where, "text": self.text}


def drift(known: Usage, now: Usage) -> list[Drift]:
    """Return what `now` does that `known` never did, in a stable order; empty when all of it is known.

    A value that got shorter is told only where it always had one length.
    """
    found: list[Drift] = []
    for kind, usage in sorted(now.items()):
        if kind not in known:
            text = f"messages of type {kind} never came before"
            found.append(Drift(kind, "new_message", kind, text))
            continue
        found += _drift(known[kind], usage)
    return found


def _drift(known: TypeUsage, now: TypeUsage) -> Iterator[Drift]:
    kind = now.type
    for signs in sorted(now.signs - known.signs):
        text = f"separators or character set changed: {signs}"
        yield Drift(kind, "signs", ENVELOPE.get(kind, kind), text)
    for tag in sorted(now.segments.keys() - known.segments.keys()):
        yield Drift(kind, "new_segment", tag, f"segment {tag} never came before ({now.segments[tag]} times)")
    yield from _new_codes(known, now)
    for place in sorted(now.lengths):
        tag = place.split()[0]
        if tag not in known.segments:
            continue
        low, high = now.lengths[place]
        if place not in known.lengths:
            if _has_spoken(known, place):
                yield Drift(
                    kind, "new_element", place, f"{place} was never filled before ({high} characters)"
                )
            continue
        least, most = known.lengths[place]
        if high > most:
            yield Drift(
                kind, "longer", place, f"{place} has {high} characters, never more than {most} before"
            )
        if low < least and least == most:
            yield Drift(kind, "shorter", place, f"{place} has {low} characters, always {most} before")


def _new_codes(known: TypeUsage, now: TypeUsage) -> Iterator[Drift]:
    for place in sorted(now.codes):
        if place.split()[0] not in known.segments:
            continue
        old = known.codes.get(place, Counter())
        if len(old) >= MAX_CODES:
            continue
        for code in sorted(now.codes[place].keys() - old.keys()):
            yield Drift(now.type, "new_code", place, f"{place} says {code!r}, which never came before")


def _has_spoken(known: TypeUsage, place: str) -> bool:
    """True when the place's tag and qualifier are known: else the new qualifier is told already."""
    spoken = place.rpartition(" ")[0]
    tag, _, qualifier = spoken.partition(" ")
    if not qualifier:
        return True
    return any(qualifier in values for at, values in known.codes.items() if at.split()[0] == tag)


def as_lines(usage: Usage) -> Iterable[str]:
    """Give out a report for a person, one message type after the other."""
    for kind in sorted(usage):
        row = usage[kind]
        yield f"{kind}: {row.messages} message(s), first {row.first_seen}, last {row.last_seen}"
        for signs in sorted(row.signs):
            yield f"  signs     {signs}"
        yield "  segments  " + ", ".join(f"{tag} {count}" for tag, count in sorted(row.segments.items()))
        for place in sorted(row.codes):
            values = ", ".join(f"{code} {count}" for code, count in sorted(row.codes[place].items()))
            yield f"  codes     {place}: {values}"
        for place, (low, high) in sorted(row.lengths.items()):
            yield f"  length    {place}: {low if low == high else f'{low} to {high}'}"
