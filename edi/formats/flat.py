"""Proprietary broadcasts: rows by a layout to call-offs. One file is one interchange."""

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import BinaryIO

from .calls import identify
from .canonical import CallOffEvent, Component, InterchangeEnd, InterchangeStart, Message, Problem
from .flat_layout import HEADER_FACTS, FlatLayout, PartPlaces, Place
from .flat_rows import rows_of
from .flat_trees import BadRow, Row
from .problems import Findings
from .profile import Profile

Part = InterchangeStart | Message | InterchangeEnd | Problem

# One message holds its calls in memory; a partner who sends more says message = "line" in his layout.
MAX_CALLS = 50_000
_QUANTITY = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_REFERENCE_DIGITS = 32
# XML names its own character set; the layout's counts for the other shapes.
_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding=["']([A-Za-z0-9._-]{1,30})["']""")


@dataclass(slots=True)
class _Said:
    """What a broadcast says that counts for the file as a whole."""

    facts: dict[str, str | None] = field(default_factory=dict)

    def fill(self, facts: dict[str, str | None]) -> None:
        for name, value in facts.items():
            if self.facts.get(name) is None:
                self.facts[name] = value


class FlatReader:
    """Reads one broadcast file; a bad line is a message of its own that is not accepted, the rest goes on.

    Calls are one message a file, or one a line where the layout says so (`message = "line"`).
    """

    def __init__(self, source: BinaryIO, layout: FlatLayout, profile: Profile, head: bytes = b"") -> None:
        self.layout = layout
        declared = _DECLARED.match(head) if layout.shape == "xml" else None
        self.encoding = declared[1].decode().lower() if declared else layout.encoding
        self.profile = profile
        self.findings = Findings(profile.severity)
        self.said = _Said()
        self.calls: list[CallOffEvent] = []
        self.first = 0
        self.last = 0
        self.counted = 0
        self.ended = False
        self.fatal = False
        self.overflow = False
        self.source, self.control_ref = self.referenced(source)

    def referenced(self, source: BinaryIO) -> tuple[BinaryIO, str | None]:
        """Return the stream and, where the feed has no number of its own, a reference made of its content."""
        if "control_ref" in self.layout.header or "control_ref" in self.layout.facts:
            return source, None
        again = getattr(source, "again", None)
        digest = hashlib.sha256()
        kept = io.BytesIO()
        can_go_back = again is not None and again()
        while chunk := source.read(1 << 16):
            digest.update(chunk)
            if not can_go_back:
                kept.write(chunk)
        if can_go_back and again is not None:
            again()
            return source, digest.hexdigest()[:_REFERENCE_DIGITS]
        kept.seek(0)
        return kept, digest.hexdigest()[:_REFERENCE_DIGITS]

    def parts(self) -> Iterator[Part]:
        """Give out the interchange: start, messages, end."""
        rows = rows_of(self.source, self.layout)
        first = self.after_header(rows)
        self.learn(first)
        yield self.start()
        for row in chain([] if first is None else [first], rows):
            yield from self.row(row)
            if self.fatal:
                break
        yield from self.gathered()
        self.check_end()
        yield InterchangeEnd(problems=self.findings.all(), segment_last=self.last)

    def after_header(self, rows: Iterator[Row | BadRow]) -> Row | BadRow | None:
        """Read the header's facts and return the first row behind it."""
        for row in rows:
            if isinstance(row, BadRow) or row.role != "header":
                return row
            self.last = row.line
            self.said.fill(self.read(row, self.layout.header, self.findings))
        return None

    def learn(self, row: Row | BadRow | None) -> None:
        """Take from the first broadcast line what the header did not say."""
        if isinstance(row, Row) and row.role == "detail":
            places = {name: self.layout.facts[name] for name in self.layout.facts if name in HEADER_FACTS}
            self.said.fill(self.read(row, places, Findings({})))

    def start(self) -> InterchangeStart:
        facts = self.said.facts
        reference = self.control_ref or facts.get("control_ref")
        if reference is None:
            sentence = "the file carries no reference where its layout says one stands"
            self.findings.add("bad_header", sentence, segment=1, element="control_ref")
        test = facts.get("test")
        return InterchangeStart(
            format="flat",
            encoding=self.encoding,
            sender=facts.get("sender") or self.layout.sender,
            recipient=facts.get("recipient"),
            control_ref=reference,
            prepared_at=facts.get("prepared_at"),
            test=test is not None and test == self.layout.test_value,
            segment_first=1,
        )

    def row(self, row: Row | BadRow) -> Iterator[Part]:
        self.last = max(self.last, row.line)
        if isinstance(row, BadRow):
            # A trailer's count includes the lines that could not be read.
            self.counted += 1
            self.fatal = row.fatal
            yield from self.refused(row)
        elif self.ended:
            text = "a line stands behind the trailer"
            self.findings.add("outside_message", text, segment=row.line, tag=self.layout.type)
        elif row.role == "header":
            self.said.fill(self.read(row, self.layout.header, self.findings))
        elif row.role == "trailer":
            self.compare(row)
        elif row.role == "unknown":
            self.counted += 1
            begins = f"the line does not begin with {self.layout.detail_begins!r}"
            yield from self.refused(BadRow(row.line, "bad_line", begins, "1"))
        else:
            self.counted += 1
            yield from self.call(row)

    def refused(self, row: BadRow) -> Iterator[Part]:
        findings = Findings(self.profile.severity)
        findings.add(row.code, row.text, segment=row.line, tag=self.layout.type, element=row.column)
        yield from self.unread(row.line, findings)

    def unread(self, line: int, findings: Findings) -> Iterator[Part]:
        """Give out a line without a call as a message of its own, so that it is seen and can be read again alone."""
        message = self.message((), line, line, findings)
        if message.problems:
            yield message

    def call(self, row: Row) -> Iterator[Part]:
        findings = Findings(self.profile.severity)
        call = self.call_off(row, findings)
        sound = call is not None and not any(item.severity == "reject" for item in findings.all())
        if not sound or call is None:
            yield from self.unread(row.line, findings)
        elif self.layout.per_line:
            yield self.message((call,), row.line, row.line, findings)
        elif len(self.calls) >= MAX_CALLS:
            self.overflow = True
        else:
            self.calls.append(call)
            self.first = self.first or row.line
            for problem in findings.all():
                self.findings.take(problem)

    def gathered(self) -> Iterator[Part]:
        """Give out the file's calls as one message; it stands behind its bad lines."""
        findings = Findings(self.profile.severity)
        if self.overflow:
            text = f'the file holds more than {MAX_CALLS} calls; say message = "line" in its layout and read it again'
            findings.add("too_many_lines", text, segment=self.last, tag=self.layout.type)
            yield self.message((), self.first, self.last, findings)
        elif self.calls:
            yield self.message(tuple(self.calls), self.first, self.last, findings)

    def message(self, calls: tuple[CallOffEvent, ...], first: int, last: int, findings: Findings) -> Message:
        facts = self.said.facts
        return Message(
            type=self.layout.type,
            kind=self.layout.kind,
            document_number=facts.get("document_number"),
            issued_at=facts.get("issued_at"),
            buyer=facts.get("buyer"),
            supplier=facts.get("supplier"),
            ship_to=facts.get("ship_to"),
            call_offs=calls,
            problems=findings.all(),
            segment_first=first,
            segment_last=last,
        )

    def compare(self, row: Row) -> None:
        self.ended = True
        trailer = self.layout.trailer
        if trailer is None or trailer.count is None:
            return
        stated = row.value(trailer.count) or ""
        if not (stated.isascii() and stated.isdecimal()) or int(stated[:12]) != self.counted:
            text = f"the trailer counts {stated!r} lines, there are {self.counted}"
            self.findings.add("count_mismatch", text, segment=row.line, element=trailer.count.name)

    def check_end(self) -> None:
        if self.layout.trailer is not None and not self.ended:
            text = f"no line begins with {self.layout.trailer.begins!r}; the file was cut off"
            self.findings.add("missing_trailer", text, segment=self.last)
        if not self.counted:
            self.findings.add("empty_interchange", "the file holds no broadcast line")

    # one line

    def read(self, row: Row, places: Mapping[str, Place], findings: Findings) -> dict[str, str | None]:
        return {name: self.fact(row, place, findings) for name, place in places.items()}

    def fact(self, row: Row, place: Place, findings: Findings) -> str | None:
        """Return the value at a place, a time as ISO 8601; book what is no time of the layout's format."""
        if place.join:
            parts = [self.fact(row, item, findings) for item in place.join]
            text = " ".join(part for part in parts if part) or None
        else:
            text = place.value or row.value(place)
        if text is None or not place.time:
            return text
        moment = _moment(text, place.time)
        if moment is None:
            sentence = f"{text!r} is no time in the form {place.time!r}"
            findings.add("invalid_date", sentence, segment=row.line, tag=self.layout.type, element=place.name)
        return moment

    def call_off(self, row: Row, findings: Findings) -> CallOffEvent | None:
        layout = self.layout
        said = self.read(row, layout.facts, findings)
        for name in layout.required:
            if said.get(name) is None:
                place = layout.facts[name].name
                text = f"{name} is empty, and the layout requires it"
                findings.add("missing_field", text, segment=row.line, tag=layout.type, element=place)
        event = self.event(row, said, findings)
        document = said.get("document_number") or self.said.facts.get("document_number")
        number, vin, sequence = (said.get(fact) for fact in ("production_number", "vin", "sequence_number"))
        source, required_at = said.get("sequence_source"), said.get("required_at")
        call_number = identify(
            self.profile, number, vin, document, sequence, source=source, moment=required_at
        )
        if call_number is None:
            text = "neither production number, VIN nor document and sequence: nobody could name it"
            findings.add("missing_identity", text, segment=row.line, tag=layout.type)
        components = tuple(self.components(row, findings))
        if event is None or call_number is None:
            return None
        return CallOffEvent(
            event=event,
            sequence_number=sequence,
            sequence_source=source,
            vin=vin,
            production_number=number,
            dock=said.get("dock"),
            line_feed=said.get("line_feed"),
            required_at=required_at,
            components=components,
            call_number=call_number,
        )

    def event(self, row: Row, said: dict[str, str | None], findings: Findings) -> str | None:
        code = said.get("event") or ""
        event = self.layout.events.get(code)
        if event is None:
            place = self.layout.facts.get("event")
            text = f"event code {code!r} is not settled; say in [events] of the layout what it means"
            name = place.name if place is not None else None
            findings.add("unknown_event_code", text, segment=row.line, tag=self.layout.type, element=name)
        return event

    def components(self, row: Row, findings: Findings) -> Iterator[Component]:
        for places in self.layout.components:
            for item in row.children(places.each) if places.each else [row]:
                component = self.component(item, places, findings)
                if component is not None:
                    yield component

    def component(self, row: Row, places: PartPlaces, findings: Findings) -> Component | None:
        said = self.read(row, places.facts, findings)
        part, quantity = said.get("part_number"), said.get("quantity")
        if part is None:
            # Columns for a part that this vehicle does not have are empty; a quantity without a part is not.
            if quantity is not None and not places.facts["quantity"].value:
                name = places.facts["part_number"].name
                text = f"a quantity of {quantity} has no part number"
                findings.add("missing_part", text, segment=row.line, tag=self.layout.type, element=name)
            return None
        if quantity is not None:
            quantity = quantity.replace(",", ".", 1)
            if not _QUANTITY.fullmatch(quantity):
                name = places.facts["quantity"].name
                text = f"{quantity!r} is no quantity"
                findings.add("invalid_number", text, segment=row.line, tag=self.layout.type, element=name)
        options = (self.fact(row, place, findings) for place in places.options)
        return Component(
            part,
            said.get("supplier_part"),
            quantity,
            said.get("unit"),
            said.get("family"),
            said.get("order_ref"),
            tuple(option for option in options if option),
        )


def _moment(text: str, form: str) -> str | None:
    """Return text in a strptime form as ISO 8601, a date alone when the form has no hour."""
    try:
        moment = datetime.strptime(text, form)  # noqa: DTZ007 - plant local by design
    except ValueError:
        return None
    if not re.search("%[HIcXT]", form):
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds" if re.search("%[ScXT]", form) else "minutes")
