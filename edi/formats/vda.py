"""VDA transmissions: 128-byte records to interchanges and messages, by the layout of their header record.

One transmission is one interchange: its new number is the control reference, its old number tells whether one
before it is missing. Problems count records from 1 and name record type and field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from .canonical import InterchangeEnd, InterchangeStart, Message, Problem
from .drafts import Content
from .problems import Findings
from .profile import Profile
from .vda_calls import CallBuilder
from .vda_despatch import DespatchBuilder
from .vda_layout import RECORD_BYTES, VdaLayout, VdaRecord
from .vda_order import Fault, Order
from .vda_records import RawRecord, cut_records
from .vda_schedule import ReleaseBuilder
from .vda_values import MESSAGE_FACTS, Builder, Values

Part = InterchangeStart | Message | InterchangeEnd | Problem

BUILDERS: Mapping[str, type[Builder]] = {
    "release": ReleaseBuilder,
    "call_off": CallBuilder,
    "sequence_forecast": CallBuilder,
    "despatch_advice": DespatchBuilder,
}
# 32 MiB, as for the other syntaxes: what is larger is no message.
MAX_MESSAGE_RECORDS = 32 * 1024 * 1024 // RECORD_BYTES
# Facts of the header that the messages of the transmission rely on.
_HEADER_FACTS = ("sender", "recipient", "control_ref", "previous_ref", "prepared_at", "buyer", "supplier")


@dataclass(slots=True)
class _Unit:
    """The message being read."""

    first: int
    builder: Builder
    findings: Findings
    records: int = 0
    last: int = 0


@dataclass(slots=True)
class _Transmission:
    """The transmission being read."""

    layout: VdaLayout
    number: int
    order: Order
    header: dict[str, str | None]
    version: str | None
    encoding: str
    counts: dict[str, int] = field(default_factory=dict)
    unit: _Unit | None = None


class VdaReader:
    """Reads the transmissions of a stream; memory holds one message.

    `layouts` maps the type of a header record to its layout. A record that no layout knows is told and left out; a
    message with such a record is not accepted, the ones beside it are.
    """

    def __init__(self, source: BinaryIO, layouts: Mapping[str, VdaLayout], profile: Profile) -> None:
        self.source = source
        self.layouts = layouts
        self.profile = profile
        self.findings = Findings(profile.severity)
        self.open: _Transmission | None = None
        self.number = 0

    def parts(self) -> Iterator[Part]:
        """Give out transmissions as interchanges, message by message."""
        for raw in cut_records(self.source):
            self.number = raw.number
            layout = self.layouts.get(raw.type)
            if layout is not None:
                yield from self.close(None)
                yield from self.findings.all()
                yield self.opened(raw, layout)
            elif self.open is None:
                text = f"a record {raw.type!r} stands in no transmission; it needs its header before it"
                self.findings.add("outside_message", text, segment=raw.number, tag=raw.type)
            else:
                yield from self.record(self.open, raw)
        yield from self.close(None)
        if not self.number:
            self.findings.add("bad_header", "the file holds no record")
        yield from self.findings.all()

    def opened(self, raw: RawRecord, layout: VdaLayout) -> InterchangeStart:
        self.findings = Findings(self.profile.severity)
        encoding = self.encoding(layout)
        record = layout.records[layout.opens]
        text = self.text(raw, record, encoding, self.findings)
        values = Values(record, text, raw.number, self.findings)
        facts = {fact: values.get(fact) for fact in _HEADER_FACTS}
        if facts["control_ref"] is None:
            sentence = "the header carries no new transmission number; nobody could tell it from another one"
            values.add("bad_header", sentence, values.name_of("control_ref"))
        if facts["sender"] is None:
            values.add("missing_party", "nobody is named as sender", values.name_of("sender"))
        order = Order(layout, raw.number)
        version = text[3:5].strip() or None
        self.open = _Transmission(layout, raw.number, order, facts, version, encoding, {raw.type: 1})
        return InterchangeStart(
            format="vda",
            encoding=encoding,
            sender=facts["sender"],
            recipient=facts["recipient"],
            control_ref=facts["control_ref"],
            prepared_at=facts["prepared_at"],
            segment_first=raw.number,
            previous_ref=facts["previous_ref"],
        )

    def encoding(self, layout: VdaLayout) -> str:
        """Return the character set; the profile's own wins unless its characters have several bytes."""
        chosen = self.profile.encoding
        try:
            return chosen if chosen and len("é".encode(chosen)) == 1 else layout.encoding
        except UnicodeEncodeError:
            return layout.encoding

    def record(self, open_: _Transmission, raw: RawRecord) -> Iterator[Part]:
        record = open_.layout.records.get(raw.type)
        if record is None:
            known = ", ".join(open_.layout.records)
            text = f"{raw.type!r} is no record of VDA {open_.layout.message}; its layout knows {known}"
            self.current().add("unknown_record", text, segment=raw.number, tag=raw.type)
            return
        open_.counts[raw.type] = open_.counts.get(raw.type, 0) + 1
        faults = open_.order.take(record, raw.number)
        begins = raw.type == open_.layout.message_starts or not open_.order.inside(
            open_.layout.message_starts
        )
        # What a record closes lacked something belongs to the message before it, the rest to its own.
        self.tell(fault for fault in faults if fault.number != raw.number)
        if begins:
            yield from self.close_unit()
        if raw.type == open_.layout.message_starts:
            builder = BUILDERS[open_.layout.kind](open_.layout, self.profile, open_.header)
            open_.unit = _Unit(raw.number, builder, Findings(self.profile.severity))
        self.tell(fault for fault in faults if fault.number == raw.number)
        findings = self.current()
        text = self.text(raw, record, open_.encoding, findings)
        if raw.type == open_.layout.closes:
            self.compare(open_, Values(record, text, raw.number, self.findings))
            yield from self.close(raw)
        elif open_.unit is not None:
            self.add(open_.unit, Values(record, text, raw.number, findings))
        else:
            # What stands above the messages counts for those that follow it.
            values = Values(record, text, raw.number, findings)
            open_.header |= {fact: values.get(fact) for fact in values.filled if fact in MESSAGE_FACTS}

    def add(self, unit: _Unit, values: Values) -> None:
        unit.records += 1
        unit.last = values.number
        if unit.records <= MAX_MESSAGE_RECORDS:
            unit.builder.take(values)

    def current(self) -> Findings:
        """Return where a problem of this place belongs: the message being read, else the transmission."""
        unit = self.open.unit if self.open is not None else None
        return unit.findings if unit is not None else self.findings

    def tell(self, faults: Iterator[Fault]) -> None:
        for fault in faults:
            self.current().add(fault.code, fault.text, segment=fault.number, tag=fault.type)

    def text(self, raw: RawRecord, record: VdaRecord, encoding: str, findings: Findings) -> str:
        """Return a record's 128 characters; a short one is padded, whatever its width is wrong by is told."""
        if len(raw.data) != RECORD_BYTES:
            self.tell_width(raw, record, findings)
        text = raw.data[:RECORD_BYTES].decode(encoding, "replace")
        if not text.isprintable() or "\ufffd" in text:
            sentence = f"a byte of the record is no character of {encoding}"
            findings.add("invalid_character", sentence, segment=raw.number, tag=raw.type)
        return text.ljust(RECORD_BYTES)

    def tell_width(self, raw: RawRecord, record: VdaRecord, findings: Findings) -> None:
        """Only the last record of a file may lack its blanks; anywhere else bytes were lost on the way."""
        size = len(raw.data)
        cut = next(
            (item for item in record.telling if item.start < size < item.end and item.type != "text"), None
        )
        if raw.last and size < RECORD_BYTES and cut is None:
            sentence = f"the record has {size} bytes and is read as if blanks followed"
            findings.add("short_record", sentence, segment=raw.number, tag=raw.type)
            return
        inside = f", inside its field {cut.name!r}" if cut is not None else ""
        sentence = f"the record has {size} bytes instead of 128{inside}; ask for the file again"
        name = cut.name if cut is not None else None
        findings.add("wrong_width", sentence, segment=raw.number, tag=raw.type, element=name)

    def compare(self, open_: _Transmission, values: Values) -> None:
        """Hold the trailer's counters against what was read; they stand in the order the layout gives."""
        for item, value in values.fields:
            if item.counts is None:
                continue
            stated = int(value) if value.isascii() and value.isdecimal() else None
            counted = open_.counts.get(item.counts, 0)
            if stated != counted and (value or counted):
                text = f"the trailer counts {value!r} records of {item.counts}, there are {counted}"
                values.add("count_mismatch", text, item.name)

    def close_unit(self) -> Iterator[Part]:
        """Give out the message that has been read, if one is open."""
        open_ = self.open
        if open_ is None or open_.unit is None:
            return
        unit, open_.unit = open_.unit, None
        content: Content = unit.builder.content()
        if unit.records > MAX_MESSAGE_RECORDS:
            unit.findings.add("message_too_long", "the message is larger than 32 MiB", segment=unit.first)
            content = Content()
        yield Message(
            type=open_.layout.message,
            directory=open_.version,
            function=content.function,
            kind=content.kind,
            document_number=content.document_number,
            issued_at=content.issued_at,
            buyer=content.buyer,
            supplier=content.supplier,
            ship_to=content.ship_to,
            call_offs=content.call_offs,
            releases=content.releases,
            despatch=content.despatch,
            problems=unit.findings.all(),
            segment_first=unit.first,
            segment_last=unit.last,
        )

    def close(self, trailer: RawRecord | None) -> Iterator[Part]:
        """Give out what is left of a transmission and its end; without a trailer it is not accepted."""
        open_ = self.open
        if open_ is None:
            return
        if trailer is None:
            faults = open_.order.close(1)
            self.tell(iter(faults))
            yield from self.close_unit()
            text = f"the transmission that {open_.layout.opens} opens has no {open_.layout.closes}; it was cut off"
            self.findings.add("missing_trailer", text, segment=open_.number, tag=open_.layout.opens)
        else:
            self.tell(fault for fault in open_.order.close(0) if fault.type == open_.layout.opens)
        problems, self.findings = self.findings.all(), Findings(self.profile.severity)
        self.open = None
        last = trailer.number if trailer is not None else self.number
        yield InterchangeEnd(problems=problems, segment_last=last)
