"""Broadcasts as JSON and XML: rows that are looked into by paths, and the documents they come from.

A document that is broken as a whole ends where it breaks; what stood before is given out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, runtime_checkable

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from .flat_layout import FlatLayout, Place

CHUNK_BYTES = 64 * 1024
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
MAX_NODES = 20_000
_BOM = b"\xef\xbb\xbf"
_ENDS = b"\r\n\x00\x1a"


@runtime_checkable
class Row(Protocol):
    """One line or element; `role` is "header", "detail" or "trailer"."""

    line: int
    role: str

    def value(self, place: Place) -> str | None: ...

    def children(self, each: str) -> "list[Row]": ...


@dataclass(frozen=True, slots=True)
class BadRow:
    """What could not be read: problem code, a sentence, and whether nothing can follow it."""

    line: int
    code: str
    text: str
    column: str | None = None
    fatal: bool = False


@dataclass(slots=True)
class TreeRow:
    """A JSON object; numbers keep the digits they were sent with."""

    line: int
    role: str
    item: Any

    def value(self, place: Place) -> str | None:
        found = _down(self.item, place.path)
        if found is None or isinstance(found, dict | list):
            return None
        return ("true" if found else "false") if isinstance(found, bool) else str(found).strip() or None

    def children(self, each: str) -> list[Row]:
        found = _down(self.item, each)
        items = found if isinstance(found, list) else [found] if found is not None else []
        return [TreeRow(self.line, self.role, item) for item in items]


def _down(item: Any, path: str) -> Any:
    for step in path.split("/") if path and path != "." else ():
        if isinstance(item, list) and step.isdecimal():
            item = item[int(step)] if int(step) < len(item) else None
        else:
            item = item.get(step) if isinstance(item, dict) else None
    return item


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant)


def json_line(number: int, text: str, role: str) -> Row | BadRow:
    try:
        item = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return BadRow(number, "bad_line", f"the line is no JSON: {error.msg}", str(error.colno))
    except (ValueError, RecursionError) as error:
        return BadRow(number, "bad_line", f"the line is no JSON: {error}")
    if not isinstance(item, dict):
        return BadRow(number, "bad_line", "the line is no JSON object")
    return TreeRow(number, role, item)


def json_rows(source: BinaryIO, layout: FlatLayout) -> Iterator[Row | BadRow]:
    pieces, size = [], 0
    while size <= MAX_DOCUMENT_BYTES and (piece := source.read(CHUNK_BYTES)):
        pieces.append(piece)
        size += len(piece)
    raw = b"".join(pieces)
    if len(raw) > MAX_DOCUMENT_BYTES:
        sentence = "the document is larger than 64 MiB; agree on JSON lines (one object a line)"
        yield BadRow(1, "bad_line", sentence, fatal=True)
        return
    try:
        text = raw.removeprefix(_BOM).rstrip(_ENDS).decode(layout.encoding)
        walker = _JsonWalker(text)
        yield from walker.rows([step for step in layout.list_path.split("/") if step])
    except UnicodeDecodeError as error:
        sentence = f"byte {error.start + 1} is no character of {layout.encoding}"
        yield BadRow(1, "invalid_character", sentence, fatal=True)
    except json.JSONDecodeError as error:
        sentence = f"from here on the document is no JSON: {error.msg}"
        yield BadRow(error.lineno, "bad_line", sentence, str(error.colno), fatal=True)
    except (ValueError, RecursionError) as error:
        yield BadRow(1, "bad_line", f"the document is no JSON: {error}", fatal=True)


class _JsonWalker:
    """Goes down a document to its list and gives out the list's items with the lines they stand on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.counted = 0
        self.line = 1

    def rows(self, path: list[str]) -> Iterator[Row | BadRow]:
        self.blank()
        if path:
            yield from self.member(path)
        elif self.peek() == "[":
            yield from self.items()
        else:
            line = self.line_here()
            item = self.decode()
            yield TreeRow(line, "detail", item) if isinstance(item, dict) else self.no_object(line)
        self.blank()

    def member(self, path: list[str]) -> Iterator[Row | BadRow]:
        """Walk one object; what stands beside the wanted key is given out first as the header, if it came before."""
        self.expect("{")
        beside: dict[str, Any] = {}
        found = False
        while self.blank() != "}":
            line = self.line_here()
            key = self.decode()
            self.blank()
            self.expect(":")
            self.blank()
            if key == path[0]:
                found = True
                yield TreeRow(line, "header", beside)
                yield from self.rows(path[1:])
            else:
                beside[str(key)] = self.decode()
            if self.blank() == ",":
                self.at += 1
        self.expect("}")
        if not found:
            sentence = f"the document has no {path[0]!r}; it has {', '.join(beside) or 'nothing'}"
            yield BadRow(self.line_here(), "missing_field", sentence, path[0], fatal=True)

    def items(self) -> Iterator[Row | BadRow]:
        self.expect("[")
        while self.blank() != "]":
            line = self.line_here()
            item = self.decode()
            yield TreeRow(line, "detail", item) if isinstance(item, dict) else self.no_object(line)
            if self.blank() == ",":
                self.at += 1
        self.expect("]")

    def no_object(self, line: int) -> BadRow:
        return BadRow(line, "bad_line", "an entry of the list is no JSON object")

    def decode(self) -> Any:
        item, self.at = _DECODER.raw_decode(self.text, self.at)
        return item

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def blank(self) -> str:
        while self.peek() and self.peek() in " \t\r\n":
            self.at += 1
        return self.peek()

    def expect(self, sign: str) -> None:
        if self.peek() != sign:
            raise json.JSONDecodeError(f"expecting {sign!r}", self.text, self.at)
        self.at += 1

    def line_here(self) -> int:
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        return self.line


@dataclass(slots=True)
class _Node:
    """An XML element without its namespace."""

    tag: str
    line: int
    attributes: dict[str, str]
    text: str = ""
    nodes: "list[_Node]" = field(default_factory=list)

    def find(self, path: str) -> "list[_Node]":
        found = [self]
        for step in path.split("/") if path and path != "." else ():
            found = [inner for node in found for inner in node.nodes if inner.tag == step]
        return found


@dataclass(slots=True)
class ElementRow:
    """An XML element: "a/b" is text below it, "a/@b" an attribute, "." its own text."""

    line: int
    role: str
    node: _Node

    def value(self, place: Place) -> str | None:
        above, _, last = place.path.rpartition("/")
        if last.startswith("@"):
            nodes = self.node.find(above)
            return (nodes[0].attributes.get(last[1:], "").strip() or None) if nodes else None
        nodes = self.node.find(place.path)
        return (nodes[0].text.strip() or None) if nodes else None

    def children(self, each: str) -> list[Row]:
        return [ElementRow(node.line, self.role, node) for node in self.node.find(each)]


def _whole_chunks(source: BinaryIO) -> Iterator[bytes]:
    """Chunks of one size but the last, however the stream gives them: where a fault is told must not depend on it."""
    while True:
        chunk = b""
        while len(chunk) < CHUNK_BYTES and (more := source.read(CHUNK_BYTES - len(chunk))):
            chunk += more
        if not chunk:
            return
        yield chunk


def xml_rows(source: BinaryIO, layout: FlatLayout) -> Iterator[Row | BadRow]:
    target = _XmlTarget(layout.element)
    # The declaration tells the character set; a DTD, its entities and anything outside the file are refused.
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    target.parser = parser.parser
    try:
        for chunk in _whole_chunks(source):
            parser.feed(chunk.rstrip(b"\x00\x1a") if len(chunk) < CHUNK_BYTES else chunk)
            yield from target.taken()
        parser.close()
        yield from target.taken()
    except DefusedXmlException as error:
        yield from target.taken()
        sentence = (
            f"the document brings a DTD or entities of its own, which is refused ({type(error).__name__})"
        )
        yield BadRow(target.line, "unsafe_xml", sentence, fatal=True)
    except ParseError as error:
        yield from target.taken()
        line, column = getattr(error, "position", (target.line, 0))
        yield BadRow(
            line, "bad_line", f"from here on the document is no XML: {error}", str(column + 1), fatal=True
        )
    except (ValueError, LookupError) as error:
        yield from target.taken()
        yield BadRow(target.line, "bad_line", f"the document cannot be read: {error}", fatal=True)


class _XmlTarget:
    """Builds one broadcast element at a time and forgets it when it was taken."""

    def __init__(self, element: str) -> None:
        self.element = element
        self.parser: Any = None
        self.rows: list[Row | BadRow] = []
        self.path: list[_Node] = []
        self.nodes = 0
        self.depth = 0

    @property
    def line(self) -> int:
        return int(self.parser.CurrentLineNumber)

    def taken(self) -> "list[Row | BadRow]":
        rows, self.rows = self.rows, []
        return rows

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self.depth += 1
        node = _Node(name, self.line, {key.rpartition("}")[2]: value for key, value in attributes.items()})
        if self.path:
            self.nodes += 1
            if self.nodes <= MAX_NODES:
                self.path[-1].nodes.append(node)
                self.path.append(node)
            else:
                self.path.append(_Node(name, node.line, {}))
        elif name == self.element:
            self.nodes = 1
            self.path.append(node)
        elif self.depth == 1:
            self.rows.append(ElementRow(node.line, "header", node))

    def data(self, text: str) -> None:
        if self.path:
            self.path[-1].text += text

    def end(self, tag: str) -> None:
        self.depth -= 1
        if not self.path:
            return
        node = self.path.pop()
        if self.path:
            return
        if self.nodes > MAX_NODES:
            self.rows.append(
                BadRow(node.line, "bad_line", f"the element has more than {MAX_NODES} others in it")
            )
        else:
            self.rows.append(ElementRow(node.line, "detail", node))

    def close(self) -> None:
        return None
