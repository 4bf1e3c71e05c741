"""The lines of a broadcast in its four shapes, each as a row that can be asked for the value at a place.

What cannot be cut into values is given out as a row that says why, and the rest of the file goes on.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

from .flat_layout import FlatLayout, Place
from .flat_trees import BadRow, Row, json_line, json_rows, xml_rows

CHUNK_BYTES = 64 * 1024
MAX_LINE_BYTES = 256 * 1024
_BOM = b"\xef\xbb\xbf"


def rows_of(source: BinaryIO, layout: FlatLayout) -> Iterator[Row | BadRow]:
    """Give out the rows of a file in its order; memory holds one line, or one document for JSON that is no lines."""
    if layout.shape == "xml":
        yield from xml_rows(source, layout)
    elif layout.shape == "json" and not layout.lines:
        yield from json_rows(source, layout)
    else:
        yield from _line_rows(source, layout)


def numbered_lines(source: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Give out the lines of a stream without their ends, numbered from 1; an endless line comes cut off."""
    number = 0
    held = source.read(CHUNK_BYTES).removeprefix(_BOM)
    while held:
        chunk = source.read(CHUNK_BYTES)
        lines = (held + chunk).splitlines(keepends=True)
        # Half a line waits for its end; so does a CR whose LF may come.
        held = lines.pop() if chunk else b""
        for line in lines:
            number += 1
            yield number, line.rstrip(b"\r\n")
        if len(held) > MAX_LINE_BYTES:
            number += 1
            yield number, held
            held = _after_line(source)


def _after_line(source: BinaryIO) -> bytes:
    while chunk := source.read(CHUNK_BYTES):
        _, end, rest = chunk.partition(b"\n")
        if end:
            return rest or source.read(CHUNK_BYTES)
    return b""


def _line_rows(source: BinaryIO, layout: FlatLayout) -> Iterator[Row | BadRow]:
    names: dict[str, int] | None = None
    for number, raw in numbered_lines(source):
        raw = raw.strip(b"\x00\x1a")
        if not raw.strip():
            continue
        if len(raw) > MAX_LINE_BYTES:
            yield BadRow(number, "bad_line", "the line is longer than a quarter of a million bytes")
            continue
        try:
            text = raw.decode(layout.encoding)
        except UnicodeDecodeError as error:
            text_before = f"byte {error.start + 1} is no character of {layout.encoding}"
            yield BadRow(number, "invalid_character", text_before, str(error.start + 1))
            continue
        if layout.comment and text.startswith(layout.comment):
            continue
        role = _role(text, layout)
        if layout.shape == "delimited":
            row = _columns(number, text, role, layout, names)
            if layout.header_line and names is None and isinstance(row, ColumnRow) and role == "detail":
                names = {name.strip(): at for at, name in enumerate(row.values, 1)}
                yield from _missing_names(number, names, layout)
                continue
            yield row
        elif layout.shape == "json":
            yield json_line(number, text, role)
        else:
            yield _fixed(number, text, role, layout)


def _role(text: str, layout: FlatLayout) -> str:
    if layout.header_begins and text.startswith(layout.header_begins):
        return "header"
    if layout.trailer is not None and text.startswith(layout.trailer.begins):
        return "trailer"
    return "detail" if text.startswith(layout.detail_begins) else "unknown"


@dataclass(slots=True)
class FixedRow:
    """A line whose values stand at fixed characters."""

    line: int
    role: str
    text: str

    def value(self, place: Place) -> str | None:
        return self.text[place.start - 1 : place.start - 1 + place.width].strip() or None

    def children(self, each: str) -> list[Row]:
        return [self]


def _fixed(number: int, text: str, role: str, layout: FlatLayout) -> Row | BadRow:
    if layout.line_length and len(text) != layout.line_length and role == "detail":
        sentence = f"the line has {len(text)} characters, the layout says {layout.line_length}"
        return BadRow(number, "bad_line", sentence, str(min(len(text), layout.line_length) + 1))
    return FixedRow(number, role, text)


@dataclass(slots=True)
class ColumnRow:
    """A line of columns, by number or by the name the header line gives them."""

    line: int
    role: str
    values: list[str]
    names: Mapping[str, int] = field(default_factory=dict)

    def value(self, place: Place) -> str | None:
        at = self.names.get(place.column, 0) if isinstance(place.column, str) else place.column
        return (self.values[at - 1].strip() or None) if 0 < at <= len(self.values) else None

    def children(self, each: str) -> list[Row]:
        return [self]


def _columns(
    number: int, text: str, role: str, layout: FlatLayout, names: Mapping[str, int] | None
) -> Row | BadRow:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE
    reader = csv.reader(
        [text], delimiter=layout.separator, quotechar=layout.quote or None, quoting=quoting, strict=True
    )
    try:
        values = next(reader)
    except csv.Error as error:
        return BadRow(number, "bad_line", f"the line cannot be cut into columns: {error}")
    wanted = layout.columns or (len(names) if names else 0)
    if wanted and len(values) != wanted and role == "detail":
        sentence = f"the line has {len(values)} columns instead of {wanted}"
        return BadRow(number, "bad_line", sentence, str(min(len(values), wanted) + 1))
    return ColumnRow(number, role, values, names or {})


def _missing_names(number: int, names: Mapping[str, int], layout: FlatLayout) -> Iterator[BadRow]:
    """Refuse the whole file when a column the layout reads is not there: its lines would lack a fact each."""
    places = [
        *layout.facts.values(),
        *(p for part in layout.components for p in (*part.facts.values(), *part.options)),
    ]
    for place in (inner for outer in places for inner in (outer.join or (outer,))):
        if isinstance(place.column, str) and place.column not in names:
            sentence = f"the header line names no column {place.column!r}; it has {', '.join(names)}"
            yield BadRow(number, "missing_field", sentence, place.column, fatal=True)
            return


def ends_by(source: BinaryIO, layout: FlatLayout) -> bool | None:
    """Tell by its tail whether a seekable file is whole; None when only its rest shows it."""
    size = source.seek(0, 2)
    source.seek(max(size - MAX_LINE_BYTES, 0))
    tail = source.read()
    text = tail.rstrip(b" \t\r\n\x00\x1a")
    if layout.shape == "xml":
        source.seek(0)
        return _closes_root(source.read(4096), text)
    if layout.shape == "json" and not layout.lines:
        return None if text.endswith((b"]", b"}")) else False
    if layout.trailer is None:
        return None
    line = text.replace(b"\r", b"\n").rpartition(b"\n")[2]
    if not line.startswith(layout.trailer.begins.encode(layout.encoding)):
        return False
    # A line without its end may still grow.
    return True if tail[len(text) :].strip(b"\x00\x1a") else None


def _closes_root(head: bytes, tail: bytes) -> bool:
    for part in head.split(b"<")[1:]:
        if part[:1] not in (b"?", b"!", b"/"):
            name = re.split(rb"[\s/>]", part, maxsplit=1)[0]
            return bool(name) and tail.endswith(b"</" + name + b">")
    return False
