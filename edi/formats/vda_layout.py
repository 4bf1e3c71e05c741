"""A VDA message as data: its records, their order, their fields and which canonical fact each field carries.

The layouts of VDA 4905 and VDA 4913 come with the program. Those of VDA 4915 and VDA 4916 are between partners
only; docs/vda-layouts.md tells how to enter them.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .layout_tables import Tables
from .profile import FEED_EVENTS, LayoutFile, Table

SHIPPED = Path(__file__).parent / "layouts"
# What a transmission is read with when the partner's profile names no layout of its own for it.
STANDARD = ("vda4905", "vda4913")

RECORD_BYTES = 128
KINDS = ("release", "call_off", "sequence_forecast", "despatch_advice")
ROLES = (
    "header", "trailer", "text", "release", "schedule", "call", "component", "shipment", "note", "item",
    "package", "references",
)  # fmt: skip
TYPES = ("text", "number", "date", "time", "schedule")
FACTS = (
    "sender", "recipient", "control_ref", "previous_ref", "prepared_at", "buyer", "supplier", "ship_to",
    "document_number", "issued_at", "release_number", "previous_number", "part_number", "supplier_part", "order_ref",
    "dock", "line_feed", "unit", "interval", "family", "option", "cumulative_received", "last_despatch",
    "schedule_date", "quantity", "production_until", "material_until", "event", "sequence_number", "vin",
    "production_number", "required_on", "required_time", "shipment_number", "ship_from", "carrier", "truck",
    "departed_on", "departed_time", "note_number", "line_number", "carrier_code", "package_from", "package_to",
    "package_count", "mixed", "transport_kind", "gross_weight", "net_weight", "cumulative_shipped", "kanban_card",
)  # fmt: skip
MARKS = ("end", "none", "backlog", "immediate", "periods")
INTERVALS = ("day", "week", "month", "date")
# Where each kind of message gets its lines from.
_BEGINS = {
    "release": "release",
    "call_off": "call",
    "sequence_forecast": "call",
    "despatch_advice": "shipment",
}
_TOP = (
    "format", "base", "about", "message", "kind", "opens", "closes", "message_starts", "encoding", "dates",
    "intervals", "events", "units", "record",
)  # fmt: skip
_RECORD = ("type", "name", "role", "under", "occurs", "any_order", "fields")
_FIELD = ("name", "width", "type", "decimals", "fact", "counts", "write", "times", "of")
_TEMPLATE = re.compile(r"(YY|MM|WW|[0-9])+")


@dataclass(frozen=True, slots=True, kw_only=True)
class VdaField:
    """One field: where it stands in the record, how it is written, what it says.

    `counts` names the record type a trailer's counter is for; `write` is what we send when no fact fills it.
    """

    name: str
    start: int
    width: int
    type: str = "text"
    decimals: int = 0
    fact: str | None = None
    counts: str | None = None
    write: str = ""

    @property
    def end(self) -> int:
        return self.start + self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class VdaRecord:
    """One record type: what stands above it, how often it may stand there, its fields in order."""

    type: str
    name: str
    role: str
    under: str
    occurs: str
    any_order: bool
    place: int
    fields: tuple[VdaField, ...]
    telling: tuple[VdaField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DateCodes:
    """What stands in a schedule's date beside dates. Templates left empty are not settled with the partner."""

    marks: Table = field(default_factory=lambda: MappingProxyType({}))
    week: str = ""
    month: str = ""
    span: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VdaLayout:
    """One VDA message; `message_starts` is the record each message of a transmission begins with."""

    path: str
    message: str
    kind: str
    opens: str
    closes: str
    message_starts: str
    encoding: str
    dates: DateCodes
    intervals: Table
    events: Table
    units: Table
    records: Mapping[str, VdaRecord]

    def below(self, kind: str) -> list[VdaRecord]:
        """Return the records that stand directly under a record type, in their order."""
        return [record for record in self.records.values() if record.under == kind]

    def of_role(self, role: str) -> VdaRecord | None:
        return next((record for record in self.records.values() if record.role == role), None)


@lru_cache(maxsize=16)
def shipped_layout(name: str) -> VdaLayout:
    """Return a layout that comes with the program, by the name of its file."""
    path = SHIPPED / f"{name}.toml"
    return parse_vda_layout(LayoutFile(path.name, tomllib.loads(path.read_text(encoding="utf-8"))))


def parse_vda_layout(file: LayoutFile) -> VdaLayout:
    """Return the layout a TOML file describes; refuse one that does not fit 128 bytes or contradicts itself.

    A file with `base = "vda4905"` says only what its partner does otherwise; records it names replace those of
    the base as a whole.
    """
    return _Parser(file).layout()


class _Parser(Tables):
    def __init__(self, file: LayoutFile) -> None:
        super().__init__(file.path)
        self.tables = self.based(dict(file.tables))

    def based(self, tables: dict[str, Any]) -> dict[str, Any]:
        name = tables.get("base")
        if name is None:
            return tables
        path = SHIPPED / f"{name}.toml"
        if not isinstance(name, str) or not re.fullmatch("[a-z0-9_]+", name) or not path.is_file():
            names = ", ".join(sorted(item.stem for item in SHIPPED.glob("*vda*.toml")))
            self.refuse("base", f"write one of {names}")
        start = tomllib.loads(path.read_text(encoding="utf-8"))
        merged = start | tables
        for key in ("dates", "intervals", "events", "units"):
            merged[key] = {**start.get(key, {}), **self.table(key, tables.get(key, {}))}
        own = {row.get("type"): row for row in tables.get("record", [])}
        rows = [own.pop(row["type"], row) for row in start["record"]]
        merged["record"] = [*rows, *own.values()]
        return merged

    def layout(self) -> VdaLayout:
        tables = self.tables
        self.known("", tables, _TOP)
        self.one_of("format", tables.get("format"), ("vda",))
        records = self.records(tables.get("record"))
        opens, closes = (self.record_type(key, tables.get(key), records) for key in ("opens", "closes"))
        starts = self.record_type("message_starts", tables.get("message_starts", opens), records)
        kind = self.one_of("kind", tables.get("kind"), KINDS)
        if not any(record.role == _BEGINS[kind] for record in records.values()):
            self.refuse("record", f"a {kind} needs a record with role {_BEGINS[kind]!r}")
        layout = VdaLayout(
            path=self.path,
            message=self.text("message", tables.get("message")),
            kind=kind,
            opens=opens,
            closes=closes,
            message_starts=starts,
            encoding=self.encoding(tables.get("encoding", "iso8859-1")),
            dates=self.dates(tables.get("dates", {})),
            intervals=self.codes("intervals", tables.get("intervals", {}), INTERVALS),
            events=self.codes("events", tables.get("events", {}), FEED_EVENTS),
            units={key: self.text(f"units.{key}", value) for key, value in tables.get("units", {}).items()},
            records=records,
        )
        self.check(layout)
        return layout

    def encoding(self, value: Any) -> str:
        try:
            if len("é".encode(self.text("encoding", value))) != 1:
                self.refuse(
                    "encoding", "fields are cut by bytes, so write a set of single bytes: iso8859-1, cp850"
                )
        except (LookupError, UnicodeEncodeError):
            self.refuse("encoding", 'write a character set such as "iso8859-1" or "cp850"')
        return str(value)

    def record_type(self, key: str, value: Any, records: Mapping[str, VdaRecord]) -> str:
        return value if value in records else str(self.refuse(key, "write the type of one of the records"))

    def records(self, value: Any) -> dict[str, VdaRecord]:
        found: dict[str, VdaRecord] = {}
        for place, row in enumerate(self.rows("record", value)):
            kind = row.get("type")
            if not isinstance(kind, str) or not re.fullmatch("[0-9A-Z]{3}", kind) or kind in found:
                self.refuse("record.type", f"write three digits, each type once, instead of {kind!r}")
            found[str(kind)] = self.record(f"record {kind}.", row, place)
        for record in found.values():
            if record.under and record.under not in found:
                self.refuse(f"record {record.type}.under", f"there is no record {record.under}")
        return found

    def record(self, key: str, row: Mapping[str, Any], place: int) -> VdaRecord:
        self.known(key, row, _RECORD)
        fields = tuple(self.fields(f"{key}fields", row.get("fields"), 3))
        end = fields[-1].end
        if end != RECORD_BYTES:
            self.refuse(f"{key}fields", f"with the type's 3 bytes the widths make {end}, they must make 128")
        return VdaRecord(
            type=row["type"],
            name=self.text(f"{key}name", row.get("name")),
            role=self.one_of(f"{key}role", row.get("role", "text"), ROLES),
            under=self.text(f"{key}under", row.get("under", ""), empty=True),
            occurs=self.one_of(f"{key}occurs", row.get("occurs", "1"), ("1", "?", "*", "+")),
            any_order=self.flag(f"{key}any_order", row.get("any_order", False)),
            place=place,
            fields=fields,
            telling=tuple(item for item in fields if item.fact or item.counts),
        )

    def fields(self, key: str, value: Any, start: int, suffix: str = "") -> list[VdaField]:
        found: list[VdaField] = []
        for row in self.rows(key, value):
            self.known(f"{key}.", row, _FIELD)
            at = found[-1].end if found else start
            if "times" not in row:
                found.append(self.one_field(key, row, at, suffix))
                continue
            for number in range(1, self.number(f"{key}.times", row["times"], 1, 40) + 1):
                at = found[-1].end if found else start
                found += self.fields(key, row.get("of"), at, f" {number}")
        return found

    def one_field(self, key: str, row: Mapping[str, Any], start: int, suffix: str) -> VdaField:
        name = self.text(f"{key}.name", row.get("name")) + suffix
        key = f"{key} {name}."
        fact = row.get("fact")
        return VdaField(
            name=name,
            start=start,
            width=self.number(f"{key}width", row.get("width"), 1, RECORD_BYTES - 3),
            type=self.one_of(f"{key}type", row.get("type", "text"), TYPES),
            decimals=self.number(f"{key}decimals", row.get("decimals", 0), 0, 9),
            fact=None if fact is None else self.one_of(f"{key}fact", fact, FACTS),
            counts=row.get("counts"),
            write=self.text(f"{key}write", row.get("write", ""), empty=True),
        )

    def dates(self, value: Any) -> DateCodes:
        entries = dict(self.table("dates", value))
        templates = {name: entries.pop(name, "") for name in ("week", "month", "span")}
        for name, template in templates.items():
            usable = isinstance(template, str) and (not template or _fits(name, template))
            if not usable:
                self.refuse(
                    f"dates.{name}", 'write six places of YY, MM, WW and digits, such as "YY00WW", or ""'
                )
        for code in entries:
            if not re.fullmatch("[0-9]{6}", code):
                self.refuse(f"dates.{code}", "a date's code has six digits")
        return DateCodes(marks=self.codes("dates", entries, MARKS), **templates)

    def check(self, layout: VdaLayout) -> None:
        """Refuse what would only show when the first file comes."""
        header, trailer = layout.records[layout.opens], layout.records[layout.closes]
        if header.role != "header" or trailer.role != "trailer" or trailer.under != layout.opens:
            self.refuse(
                "opens, closes", "give them role header and role trailer, the trailer under the header"
            )
        if not any(item.fact == "control_ref" for item in header.fields):
            self.refuse(
                "opens", "one field of the header has to carry control_ref, the new transmission number"
            )
        for item in trailer.fields:
            if item.counts is not None and item.counts not in layout.records:
                self.refuse(
                    f"record {trailer.type} {item.name}.counts", f"there is no record {item.counts!r}"
                )
        carried = {item.fact for record in layout.records.values() for item in record.fields}
        if (
            layout.kind in ("call_off", "sequence_forecast")
            and "event" not in carried
            and "" not in layout.events
        ):
            self.refuse("events", 'no field carries the event; say what a call means, as "" = "NEW"')


def _fits(name: str, template: str) -> bool:
    wanted = {"week": ("YY", "WW"), "month": ("YY", "MM"), "span": ("YY", "WW", "WW")}[name]
    parts = re.findall("YY|MM|WW", template)
    return (
        len(template) == 6 and _TEMPLATE.fullmatch(template) is not None and sorted(parts) == sorted(wanted)
    )
