"""A proprietary broadcast as data: how its lines are cut and where each canonical fact stands.

Four shapes: fixed width, delimited (csv), JSON and XML. docs/flat-layouts.md explains each key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .layout_tables import Tables
from .profile import FEED_EVENTS, LayoutFile, Table

SHAPES = ("fixed", "delimited", "json", "xml")
KINDS = ("call_off", "sequence_forecast")
CALL_FACTS = (
    "event", "sequence_number", "sequence_source", "vin", "production_number", "dock", "line_feed", "required_at",
)  # fmt: skip
FILE_FACTS = ("document_number", "issued_at", "buyer", "supplier", "ship_to")
HEADER_FACTS = ("control_ref", "sender", "recipient", "prepared_at", "test", *FILE_FACTS)
PART_FACTS = ("part_number", "supplier_part", "quantity", "unit", "family", "order_ref")
TOP_KEYS = (
    "format", "about", "shape", "type", "kind", "message", "encoding", "starts", "separator", "quote", "header_line",
    "line_length", "columns", "lines", "path", "element", "comment", "sender", "test_value", "required", "header",
    "detail", "trailer", "facts", "events", "component",
)  # fmt: skip
_PLACE = ("start", "width", "column", "path", "value", "time", "join")
_HOLDS = {"fixed": ("start", "width"), "delimited": ("column",), "json": ("path",), "xml": ("path",)}
# Without a year a time would have to be guessed.
_YEAR = re.compile("%[yYcx]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value stands in a line: columns and characters count from 1, `path` goes down by "/".

    `value` is what the layout says instead of the file; `join` puts several places together with a blank.
    """

    start: int = 0
    width: int = 0
    column: int | str = 0
    path: str = ""
    value: str = ""
    time: str = ""
    join: tuple["Place", ...] = ()

    @property
    def name(self) -> str:
        """How a problem names this place."""
        if self.join:
            return " + ".join(place.name for place in self.join)
        if self.width:
            return f"{self.start}-{self.start + self.width - 1}"
        return str(self.path or self.column or "value")

    def moved(self, by: int) -> "Place":
        """Return the same place of the next repetition."""
        column = self.column + by if isinstance(self.column, int) and self.column else self.column
        start = self.start + by if self.width else 0
        return replace(self, start=start, column=column, join=tuple(item.moved(by) for item in self.join))


Places = Mapping[str, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPlaces:
    """Where one component stands; `each` names the list or the child elements that repeat it."""

    facts: Places
    options: tuple[Place, ...] = ()
    each: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trailer:
    """The last line of a file: how it begins and where it counts the broadcast lines."""

    begins: str
    count: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatLayout:
    """One partner's broadcast."""

    path: str
    shape: str
    type: str
    kind: str = "call_off"
    per_line: bool = False
    encoding: str = "utf-8"
    starts: re.Pattern[bytes] | None = None
    separator: str = ";"
    quote: str = '"'
    header_line: bool = False
    line_length: int = 0
    columns: int = 0
    lines: bool = False
    list_path: str = ""
    element: str = ""
    comment: str = ""
    sender: str | None = None
    test_value: str = ""
    required: tuple[str, ...] = ()
    header: Places = field(default_factory=dict)
    header_begins: str = ""
    detail_begins: str = ""
    trailer: Trailer | None = None
    facts: Places = field(default_factory=dict)
    events: Table = field(default_factory=dict)
    components: tuple[PartPlaces, ...] = ()

    @property
    def by_lines(self) -> bool:
        """True when every line stands for itself."""
        return self.shape in ("fixed", "delimited") or self.lines


def parse_flat_layout(file: LayoutFile) -> FlatLayout:
    """Return the layout a TOML file describes; refuse one that could not name a call with a ProfileError."""
    return _Parser(file).layout()


class _Parser(Tables):
    def __init__(self, file: LayoutFile) -> None:
        super().__init__(file.path)
        self.tables = file.tables
        self.shape = self.one_of("shape", file.tables.get("shape"), SHAPES)

    def layout(self) -> FlatLayout:
        tables = self.tables
        self.known("", tables, TOP_KEYS)
        self.check_shape()
        header = dict(self.table("header", tables.get("header", {})))
        header_begins = self.text("header.begins", header.pop("begins", ""), empty=True)
        detail = self.table("detail", tables.get("detail", {}))
        self.known("detail.", detail, ("begins",))
        facts = self.places("facts", tables.get("facts"), (*CALL_FACTS, *FILE_FACTS, "control_ref"))
        layout = FlatLayout(
            path=self.path,
            shape=self.shape,
            type=self.text("type", tables.get("type", "BROADCAST")),
            kind=self.one_of("kind", tables.get("kind", "call_off"), KINDS),
            per_line=self.one_of("message", tables.get("message", "file"), ("file", "line")) == "line",
            encoding=self.encoding(tables.get("encoding", "utf-8")),
            starts=self.pattern(tables.get("starts")),
            separator=self.sign("separator", tables.get("separator", ";")),
            quote=self.sign("quote", tables.get("quote", '"'), empty=True),
            header_line=self.flag("header_line", tables.get("header_line", False)),
            line_length=self.number("line_length", tables.get("line_length", 0), 0, 100_000),
            columns=self.number("columns", tables.get("columns", 0), 0, 10_000),
            lines=self.flag("lines", tables.get("lines", False)),
            list_path=self.text("path", tables.get("path", ""), empty=True),
            element=self.text("element", tables.get("element", ""), empty=True),
            comment=self.text("comment", tables.get("comment", ""), empty=True),
            sender=tables.get("sender"),
            test_value=self.text("test_value", tables.get("test_value", ""), empty=True),
            required=self.texts("required", tables.get("required", [])),
            header=self.places("header", header, HEADER_FACTS),
            header_begins=header_begins,
            detail_begins=self.text("detail.begins", detail.get("begins", ""), empty=True),
            trailer=self.trailer(tables.get("trailer")),
            facts=facts,
            events=self.codes("events", tables.get("events", {}), FEED_EVENTS),
            components=tuple(self.components(tables.get("component", []))),
        )
        self.check(layout)
        return layout

    def check_shape(self) -> None:
        foreign = {
            "fixed": ("separator", "quote", "header_line", "columns", "lines", "path", "element"),
            "delimited": ("line_length", "lines", "path", "element"),
            "json": ("separator", "quote", "header_line", "columns", "line_length", "element", "comment"),
            "xml": (
                "separator",
                "quote",
                "header_line",
                "columns",
                "line_length",
                "lines",
                "path",
                "comment",
            ),
        }[self.shape]
        for key in foreign:
            if key in self.tables:
                self.refuse(key, f"a {self.shape} layout has no such key; remove it")
        if self.shape == "xml":
            self.text("element", self.tables.get("element"))
        if self.shape in ("json", "xml") and not self.tables.get("lines") and "trailer" in self.tables:
            self.refuse("trailer", "the document's own end is its trailer; remove it")

    def encoding(self, value: Any) -> str:
        try:
            "A".encode(self.text("encoding", value))
        except LookupError:
            self.refuse("encoding", 'write a character set such as "utf-8" or "iso8859-1"')
        return str(value)

    def pattern(self, value: Any) -> re.Pattern[bytes] | None:
        if value is None:
            return None
        try:
            return re.compile(self.text("starts", value).encode())
        except re.error as error:
            return self.refuse("starts", f"this is no regular expression: {error}")  # type: ignore[no-any-return]

    def sign(self, key: str, value: Any, *, empty: bool = False) -> str:
        text = self.text(key, value, empty=True) if empty or value == "\t" else self.text(key, value)
        return text if len(text) <= 1 else str(self.refuse(key, "write a single character"))

    def places(self, key: str, value: Any, allowed: tuple[str, ...]) -> Places:
        entries = self.table(key, value)
        self.known(f"{key}.", entries, allowed)
        return {name: self.place(f"{key}.{name}", entry) for name, entry in entries.items()}

    def place(self, key: str, value: Any) -> Place:
        entries = self.table(key, value)
        self.known(f"{key}.", entries, _PLACE)
        time = self.text(f"{key}.time", entries.get("time", ""), empty=True)
        if time and not _YEAR.search(time):
            self.refuse(f"{key}.time", 'write a format with a year (%Y or %y), such as "%Y%m%d%H%M"')
        if "join" in entries:
            parts = tuple(
                self.place(f"{key}.join", item) for item in self.rows(f"{key}.join", entries["join"])
            )
            return Place(join=parts, time=time)
        if "value" in entries:
            return Place(value=self.text(f"{key}.value", entries["value"]), time=time)
        for name in _HOLDS[self.shape]:
            if name not in entries:
                self.refuse(key, f"in a {self.shape} layout a place says {' and '.join(_HOLDS[self.shape])}")
        if self.shape == "fixed":
            start = self.number(f"{key}.start", entries["start"], 1, 100_000)
            return Place(
                start=start, width=self.number(f"{key}.width", entries["width"], 1, 10_000), time=time
            )
        if self.shape == "delimited":
            return Place(column=self.column(f"{key}.column", entries["column"]), time=time)
        return Place(path=self.text(f"{key}.path", entries["path"]), time=time)

    def column(self, key: str, value: Any) -> int | str:
        if isinstance(value, str):
            if not self.tables.get("header_line"):
                self.refuse(key, "names need header_line = true; else write the column's number from 1")
            return self.text(key, value)
        return self.number(key, value, 1, 10_000)

    def trailer(self, value: Any) -> Trailer | None:
        if value is None:
            return None
        entries = self.table("trailer", value)
        self.known("trailer.", entries, ("begins", "count"))
        count = self.place("trailer.count", entries["count"]) if "count" in entries else None
        return Trailer(begins=self.text("trailer.begins", entries.get("begins")), count=count)

    def components(self, value: Any) -> list[PartPlaces]:
        found: list[PartPlaces] = []
        for row in self.rows("component", value) if value else []:
            entries = dict(row)
            times = self.number("component.times", entries.pop("times", 1), 1, 200)
            step = self.number("component.step", entries.pop("step", 0), 0, 10_000)
            each = self.text("component.each", entries.pop("each", ""), empty=True)
            if each and self.shape not in ("json", "xml"):
                self.refuse("component.each", "lists are for JSON and XML; write times and step for columns")
            if times > 1 and not step:
                self.refuse(
                    "component.step", "write by how many columns or characters the next one stands further"
                )
            options = [self.place("component.options", item) for item in entries.pop("options", [])]
            facts = self.places("component", entries, PART_FACTS)
            if "part_number" not in facts:
                self.refuse("component.part_number", "a component needs the place of its part number")
            for by in range(0, times * step if step else 1, step or 1):
                moved = {name: place.moved(by) for name, place in facts.items()}
                found.append(
                    PartPlaces(facts=moved, options=tuple(item.moved(by) for item in options), each=each)
                )
        return found

    def check(self, layout: FlatLayout) -> None:
        if "event" not in layout.facts and "" not in layout.events:
            self.refuse("events", 'no place holds the event; say what a line means, as "" = "NEW"')
        if not layout.facts.keys() & {"production_number", "vin", "sequence_number"}:
            self.refuse("facts", "name the place of production_number, vin or sequence_number")
        for name in layout.required:
            if name not in layout.facts:
                self.refuse("required", f"{name!r} has no place in [facts]")
        if layout.header and layout.by_lines and not layout.header_begins:
            self.refuse("header.begins", "write how the header line begins")
