"""A first profile from sample files: what they show is written down, what they cannot show is left to a person.

Words in the comments: "seen" is what stands in the files, "guessed" what was concluded from them, "fill in" what no
file can tell.
"""

import io
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from .deljit import event_element
from .description import describe
from .envelopes import READERS
from .profile import EDIFACT_FIELDS, EDIFACT_SOURCE, STAGES, X12_FIELDS, X12_SOURCE, Fields, Profile, Table
from .profile_loader import parse_profile
from .reader import read, segments
from .tokens import RawSegment

_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
# What else a guide uses for a fact when the first place is empty, by how often it is met.
_OTHERS: dict[str, dict[str, tuple[str, ...]]] = {
    "edifact": {
        "production_number": ("GIR AN", "GIR CN", "GIR BN", "GIR AL", "GIR AQ"),
        "dock": ("LOC 11", "LOC 7", "LOC 18"),
        "line_feed": ("LOC 159", "LOC 54", "LOC 18"),
        "required_at": ("DTM 2", "DTM 206", "DTM 10", "DTM 94", "DTM 63", "DTM 64", "DTM 194"),
        "part_number": ("LIN IN", "LIN BP", "PIA IN", "PIA BP", "LIN EN"),
        "supplier_part": ("PIA SA", "LIN SA"),
        "quantity": ("QTY 131", "QTY 1", "QTY 113", "QTY 12"),
        "order_ref": ("RFF ON", "RFF AAN", "RFF CT"),
        "buyer": ("NAD BY",),
        "supplier": ("NAD SE", "NAD SU", "NAD CZ", "NAD SF"),
        "ship_to": ("NAD ST", "NAD CN", "NAD DP"),
    },
    "x12": {
        "production_number": ("REF MH", "LIN MN", "REF VT", "LIN SN"),
        "sequence_number": ("LIN JS", "LIN SQ", "REF JS"),
        "dock": ("REF DK", "REF LU"),
        "line_feed": ("REF LF", "REF LU"),
        "required_at": ("DTM 002", "DTM 106", "DTM 097", "DTM 010"),
        "part_number": ("LIN BP", "LIN IN", "LIN PN"),
        "supplier_part": ("LIN VP",),
        "quantity": ("QTY 01",),
        "order_ref": ("REF PO", "REF DO", "REF ON"),
        "buyer": ("N1 BY", "N1 BT"),
        "supplier": ("N1 SU", "N1 SE"),
        "ship_to": ("N1 ST",),
    },
}
_SOURCES = {"edifact": EDIFACT_SOURCE, "x12": X12_SOURCE}
_DEFAULTS = {"edifact": EDIFACT_FIELDS, "x12": X12_FIELDS}
MAX_DIGITS = 12
_HEADER = {"buyer", "supplier", "ship_to"}
_RELEASES = {"DELFOR", "830", "862"}
_CALLS = {"DELJIT", "866"}


@dataclass(slots=True)
class _Places:
    """How often each place is filled below the first SEQ, LIN or DTM, by how many values and of which form."""

    filled: Counter[str] = field(default_factory=Counter)
    values: dict[str, set[str]] = field(default_factory=dict)
    vins: Counter[str] = field(default_factory=Counter)

    def fill(self, place: str, value: str) -> None:
        if not value:
            return
        self.filled[place] += 1
        known = self.values.setdefault(place, set())
        if len(known) < 10_000:
            known.add(value)
        self.vins[place] += _VIN.fullmatch(value) is not None


@dataclass(slots=True)
class _Evidence:
    """What the samples show."""

    files: list[str] = field(default_factory=list)
    formats: Counter[str] = field(default_factory=Counter)
    encodings: Counter[str] = field(default_factory=Counter)
    syntaxes: Counter[str] = field(default_factory=Counter)
    senders: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    recipients: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    types: Counter[tuple[str, str]] = field(default_factory=Counter)
    documents: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    events: dict[str, Counter[str]] = field(default_factory=dict)
    places: dict[str, _Places] = field(default_factory=lambda: {"edifact": _Places(), "x12": _Places()})
    calls: Counter[str] = field(default_factory=Counter)
    sequences: list[str] = field(default_factory=list)
    groups: int = 0
    tests: int = 0
    wants_answer: int = 0


def draft_profile(code: str, samples: Sequence[tuple[str, bytes]]) -> str:
    """Return the text of a first profile.toml from sample files (name, bytes) of one partner.

    It loads as it stands; ValueError when no sample is of a format we know.
    """
    evidence = _Evidence()
    for name, data in samples:
        _Witness(evidence).take(name, data)
    if not evidence.formats:
        raise ValueError("none of the files is EDIFACT, X12, VDA or text; look at them with edi_inspect")
    text = "\n".join(_Draft(code, evidence).lines()) + "\n"
    return _with_outcome(text, code, samples)


def _with_outcome(text: str, code: str, samples: Sequence[tuple[str, bytes]]) -> str:
    """Put on top what reading the samples with this draft comes to."""
    profile = parse_profile(tomllib.loads(text), Path(code) / "profile.toml")
    lines = []
    for name, data in samples:
        reading = read(data, profile)
        messages = [message for item in reading.interchanges for message in item.messages]
        calls = sum(len(message.call_offs) for message in messages)
        releases = sum(len(message.releases) for message in messages)
        lines.append(
            f"# {_one_line(name)}: {len(messages)} message(s), {calls} call-off(s), {releases} release(s)"
        )
        found = [*reading.problems, *(p for item in reading.interchanges for p in item.problems)]
        found += [problem for message in messages for problem in message.problems]
        counts = Counter((problem.severity, problem.code, problem.text) for problem in found)
        for (severity, what, sentence), count in counts.most_common(5):
            lines.append(f"#   {count} x {severity} {what}: {_one_line(sentence)}")
    return "\n".join(["# Read with this draft:", *lines, "", text])


def _one_line(text: str) -> str:
    """Text of a file may not break out of a comment."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in text)
    return plain if len(plain) <= 160 else f"{plain[:157]}..."


class _Witness:
    """Takes down what one file shows."""

    def __init__(self, evidence: _Evidence) -> None:
        self.evidence = evidence
        self.type = ""
        self.directory = ""
        self.document = ""
        self.below = False

    def take(self, name: str, data: bytes) -> None:
        description = describe(data[:512])
        found = description.format
        if found is None or found == "manual":
            return
        evidence = self.evidence
        evidence.files.append(name)
        evidence.formats[found] += 1
        evidence.encodings[description.encoding] += 1
        for segment in segments(io.BytesIO(data)):
            if found == "edifact":
                self.edifact(segment)
            elif found == "x12":
                self.x12(segment)
        if found == "vda":
            for interchange in read(data).interchanges:
                evidence.senders[(interchange.sender or "", "", "")] += 1
                evidence.recipients[(interchange.recipient or "", "", "")] += 1
                evidence.types.update(
                    (message.type, message.directory or "") for message in interchange.messages
                )

    def edifact(self, segment: RawSegment) -> None:
        evidence, tag = self.evidence, segment.tag
        places = evidence.places["edifact"]
        if tag == "UNB":
            evidence.syntaxes[f"{_at(segment, 1)}:{_at(segment, 1, 2)}"] += 1
            evidence.senders[(_at(segment, 2), _at(segment, 2, 2), "")] += 1
            evidence.recipients[(_at(segment, 3), _at(segment, 3, 2), "")] += 1
            evidence.wants_answer += _at(segment, 9) == "1"
            evidence.tests += _at(segment, 11) == "1"
        elif tag == "UNG":
            evidence.groups += 1
        elif tag == "UNH":
            self.type, self.below = _at(segment, 2), False
            self.directory = f"{_at(segment, 2, 2)}.{_at(segment, 2, 3)}"
            evidence.types[(self.type, self.directory)] += 1
        elif tag == "BGM":
            self.document = _at(segment, 1)
            evidence.documents[(self.type, self.document, _at(segment, 3))] += 1
        elif tag == "SEQ":
            self.below = True
            evidence.calls["edifact"] += 1
            element = event_element(self.directory, Profile()) or "?"
            evidence.events.setdefault(element, Counter())[_at(segment, 1)] += 1
            evidence.sequences.append(_at(segment, 2))
        elif tag == "NAD":
            places.fill(f"NAD {_at(segment, 1)}", _at(segment, 2))
        elif tag in ("DTM", "QTY", "RFF") and (self.below or self.type in _RELEASES):
            places.fill(f"{tag} {_at(segment, 1)}", _at(segment, 1, 2))
        elif tag == "LOC":
            places.fill(f"LOC {_at(segment, 1)}", _at(segment, 2))
        elif tag in ("GIR", "PIA", "LIN"):
            self.below = self.below or tag == "LIN"
            for composite in segment.elements[2 if tag == "LIN" else 1 :]:
                places.fill(f"{tag} {composite[1] if len(composite) > 1 else ''}", composite[0])

    def x12(self, segment: RawSegment) -> None:
        evidence, tag = self.evidence, segment.tag
        places = evidence.places["x12"]
        if tag == "ISA":
            self.sender = (_at(segment, 6).strip(), _at(segment, 5).strip())
            self.recipient = (_at(segment, 8).strip(), _at(segment, 7).strip())
            evidence.tests += _at(segment, 15) == "T"
        elif tag == "GS":
            self.directory = _at(segment, 8)
            evidence.senders[(*self.sender, _other(_at(segment, 2), self.sender[0]))] += 1
            evidence.recipients[(*self.recipient, _other(_at(segment, 3), self.recipient[0]))] += 1
        elif tag == "ST":
            self.type = _at(segment, 1)
            evidence.types[(self.type, self.directory)] += 1
        elif tag in ("BSS", "BFR"):
            evidence.documents[(self.type, _at(segment, 4), _at(segment, 1))] += 1
            if self.type == "866":
                evidence.events.setdefault("BSS", Counter())[_at(segment, 1)] += 1
        elif tag == "LIN":
            evidence.calls["x12"] += 1
            for position in range(2, len(segment.elements), 2):
                places.fill(f"LIN {_at(segment, position)}", _at(segment, position + 1))
        elif tag == "N1":
            places.fill(f"N1 {_at(segment, 1)}", _at(segment, 4) or _at(segment, 2))
        elif tag in ("REF", "DTM", "QTY"):
            places.fill(f"{tag} {_at(segment, 1)}", _at(segment, 2))


def _at(segment: RawSegment, position: int, component: int = 1) -> str:
    element = segment.elements[position - 1] if len(segment.elements) >= position else []
    return element[component - 1] if len(element) >= component else ""


def _other(group_id: str, own: str) -> str:
    return "" if group_id == own else group_id


class _Draft:
    """Writes what was seen as TOML, a reason at each value."""

    def __init__(self, code: str, evidence: _Evidence) -> None:
        self.code = code
        self.evidence = evidence
        self.chosen: dict[str, dict[str, str]] = {"edifact": {}, "x12": {}}

    def lines(self) -> Iterator[str]:
        """Give out the file line by line; top-level keys come before the tables."""
        places = {name: list(self.places(name)) for name in ("edifact", "x12")}
        yield from self.top()
        yield from self.sequence()
        yield from self.tables()
        for name, rows in places.items():
            if rows:
                yield ""
                yield f"[{name}]"
                yield from rows
        if self.types() & _RELEASES or "vda" in self.evidence.formats:
            yield ""
            yield "[release]"
            yield 'mode = "replace"  # guessed: the newest schedule is all there is'
            yield 'cumulative_reset = ""  # fill in: the day (MM-DD) his cumulative figures begin again'
        yield from self.asn()
        yield from self.ends()

    def types(self) -> set[str]:
        return {kind for kind, _ in self.evidence.types}

    def top(self) -> Iterator[str]:
        evidence = self.evidence
        kinds = ", ".join(f"{kind} {version}".strip() for kind, version in sorted(evidence.types))
        yield f"# Drafted from {len(evidence.files)} sample file(s): {_one_line(kinds) or 'text of no syntax'}."
        yield '# Hold every value marked "guessed" or "fill in" against the guide of the partner.'
        for kind in sorted(self.types() - {*READERS, "4905", "4913"}):
            yield f"# {_one_line(kind)} has no reader here; such messages are kept as they came."
        if evidence.groups:
            yield f"# {evidence.groups} group(s) (UNG) seen; they are read as they come."
        if evidence.tests:
            yield f"# {evidence.tests} interchange(s) carry the test indicator: they reach a test partner only."
        yield f"code = {_quoted(self.code)}"
        yield f"name = {_quoted(self.code)}  # fill in: the partner's name for people"
        yield 'status = "unverified"'
        yield 'timezone = "UTC"  # fill in: where the plant stands, such as "Europe/Berlin"; no file tells'
        if evidence.syntaxes:
            syntax, count = evidence.syntaxes.most_common(1)[0]
            if re.fullmatch(r"UNO[A-KLWY]:[1-4]", syntax):
                yield f"syntax = {_quoted(syntax)}  # seen in {count} interchange(s); used for what we send"
        yield from self.identity()
        yield from self.answer()
        if set(evidence.formats) == {"vda"}:
            yield 'counter = "transmission"  # guessed: VDA counts its transmissions without holes'
        if "flat" in evidence.formats:
            yield "# A sample is text of no syntax: describe it in a layout file (docs/flat-layouts.md), named here:"
            yield "# [layouts]"
            yield '# broadcast = "broadcast.toml"'

    def identity(self) -> Iterator[str]:
        evidence = self.evidence
        filled = [
            name
            for name in ("production_number", "vin")
            if any(name in chosen for chosen in self.chosen.values())
        ]
        if evidence.calls:
            names = ", ".join(_quoted(name) for name in (*filled, "document_sequence"))
            yield f"identity = [{names}]  # guessed: what the calls carry"

    def answer(self) -> Iterator[str]:
        wanted = self.evidence.wants_answer
        if wanted:
            yield f'acknowledge = "CONTRL"  # guessed: UNB asks for it in {wanted} interchange(s)'
        else:
            yield 'acknowledge = "none"  # fill in: CONTRL or 997 only where it was agreed'

    def sequence(self) -> Iterator[str]:
        numbers = [text for text in self.numbers() if text]
        if not numbers:
            return
        prefix = numbers[0][: len(numbers[0]) - len(numbers[0].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ-/ "))]
        digits = [text.removeprefix(prefix) for text in numbers]
        if not all(text.isdecimal() and text.isascii() for text in digits):
            yield "# Sequence numbers are no plain numbers, so nothing can be counted:"
            yield f"# {_one_line(', '.join(numbers[:5]))}"
            return
        width = max(len(text) for text in digits)
        if width > MAX_DIGITS:
            yield f"# Sequence numbers of {width} digits are references rather than a count."
            return
        holes = _holes([int(text) for text in digits])
        yield ""
        yield "[sequence]"
        if prefix:
            yield f"prefix = {_quoted(prefix)}  # seen at {len(numbers)} number(s)"
        least = min(len(text) for text in digits)
        yield f"width = {width}  # seen: {width if least == width else f'{least} to {width}'} digits"
        yield "first = 1  # guessed: the number after the wrap"
        yield f"last = {10**width - 1}  # guessed: the largest number of that width"
        if len(numbers) > 2 and not holes:
            yield f"dense = true  # guessed: {len(numbers)} numbers without a hole; does he send you every vehicle?"
        else:
            few = f"only {len(numbers)} number(s) to judge by"
            reason = f"{holes} hole(s) in {len(numbers)} numbers" if holes else few
            yield f"dense = false  # guessed: {reason}"

    def numbers(self) -> list[str]:
        if self.evidence.sequences:
            return list(dict.fromkeys(self.evidence.sequences))
        source = self.chosen["x12"].get("sequence_number", "")
        return sorted(self.evidence.places["x12"].values.get(source, set()))

    def tables(self) -> Iterator[str]:
        default = Profile()
        known = {"1245": default.events_1245, "1229": default.events_1229, "BSS": default.events_bss}
        for element, counts in sorted(self.evidence.events.items()):
            yield ""
            if element not in known:
                yield "# The directory does not tell which list SEQ's codes are from: set event_element above."
                continue
            yield f"[events.{element}]"
            yield from _codes(counts, known[element], "what does this code do to a call?")
        stages = Counter(
            {code: 0 for kind, code, _ in self.evidence.documents if kind == "DELJIT"}
        )  # fmt: skip
        for (kind, code, _), count in self.evidence.documents.items():
            if kind == "DELJIT":
                stages[code] += count
        if stages:
            yield ""
            yield "[stages]"
            yield from _codes(
                stages, STAGES, "call_off, sequence_forecast, reference, cancellation or release?"
            )
        functions = sorted(
            {function for kind, _, function in self.evidence.documents if kind == "DELJIT" and function}
        )
        if functions and functions != ["9"]:
            yield f"# Functions seen (DE 1225): {', '.join(_one_line(code) for code in functions)}; see [functions]."

    def places(self, name: str) -> Iterator[str]:
        """Give out the lines of [edifact] or [x12], and remember what was chosen."""
        seen = self.evidence.places[name]
        if not seen.filled:
            return
        defaults: Fields = _DEFAULTS[name]
        calls = self.evidence.calls[name] or None
        taken: set[str] = set()
        vins = [
            place
            for place, count in seen.vins.items()
            if _SOURCES[name].fullmatch(place) and count and count >= seen.filled[place] * 0.9
        ]
        vins.sort(key=lambda place: -seen.filled[place])
        if vins:
            taken |= set(vins[:1])
            self.chosen[name]["vin"] = vins[0]
            yield f"vin = [{_quoted(vins[0])}]  # seen: {seen.filled[vins[0]]} value(s) of 17 signs"
        for fact, others in _OTHERS[name].items():
            candidates = [place for place in others if seen.filled[place] and place not in taken]
            if not candidates:
                continue
            own = getattr(defaults, fact)
            chosen = [place for place in candidates if place in own] or candidates[:1]
            taken |= set(chosen)
            self.chosen[name][fact] = chosen[0]
            of = f" at {calls} call(s)" if calls and fact not in _HEADER else ""
            count = f"{seen.filled[chosen[0]]} value(s){of}"
            word = "seen" if chosen[0] in own else "guessed: the usual place is empty;"
            yield f"{fact} = [{', '.join(_quoted(place) for place in chosen)}]  # {word} {count}"
        if name == "edifact" and calls and not any(self.evidence.sequences):
            yield from self.running_number(seen, taken, calls)
        rest = sorted(place for place in seen.filled if place not in taken)
        if rest:
            yield f"# Filled and not read: {_one_line(', '.join(f'{place} {seen.filled[place]}' for place in rest))}"

    def running_number(self, seen: _Places, taken: set[str], calls: int) -> Iterator[str]:
        """A guide that leaves SEQ empty numbers the vehicle in a GIR of digits at every call."""
        for place, count in seen.filled.most_common():
            values = seen.values[place]
            if place[:4] != "GIR " or place in taken or count < calls or not EDIFACT_SOURCE.fullmatch(place):
                continue
            if all(value.isdecimal() for value in values):
                taken.add(place)
                self.evidence.sequences = sorted(values)
                yield f"sequence_number = [{_quoted(place)}]  # guessed: SEQ is empty; {count} value(s) of digits"
                return

    def asn(self) -> Iterator[str]:
        formats = self.evidence.formats
        chosen = "856" if formats["x12"] else "VDA4913" if formats["vda"] else "DESADV"
        yield ""
        yield "[asn]"
        yield f"format = {_quoted(chosen)}  # guessed: the syntax he writes himself"
        yield "due_minutes = 0  # fill in: minutes after departure until it has to be there"

    def ends(self) -> Iterator[str]:
        for name, counts in (("our", self.evidence.recipients), ("their", self.evidence.senders)):
            found = [ends for ends, _ in counts.most_common() if ends[0]]
            if not found:
                continue
            yield ""
            if len(found) > 1:
                others = ", ".join(_one_line(ends[0]) for ends in found[1:6])
                yield f"# More than one id was seen; the others: {others}"
            end_id, qualifier, group_id = found[0]
            yield f"[{name}]"
            yield f"id = {_quoted(end_id)}  # seen in {counts[found[0]]} envelope(s)"
            yield f"qualifier = {_quoted(qualifier)}"
            if group_id:
                yield f"group_id = {_quoted(group_id)}"


def _codes(counts: Counter[str], known: Table, question: str) -> Iterator[str]:
    """Give out one line a code: with its meaning where the standard gives one, else as a question."""
    for code, count in sorted(counts.items()):
        if not code:
            yield f"# No code at all in {count} place(s)."
        elif code in known:
            yield f"{_key(code)} = {_quoted(known[code])}  # guessed: the standard's meaning; seen {count} time(s)"
        else:
            yield f'# {_one_line(_key(code))} = ""  # fill in: {question} seen {count} time(s)'


def _holes(numbers: list[int]) -> int:
    return sum(later - earlier != 1 for earlier, later in pairwise(numbers))


def _key(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z0-9_-]+", code) else _quoted(code)


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's."""
    return json.dumps(text).replace("\x7f", "\\u007f")
