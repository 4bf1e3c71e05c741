"""Understands the part of ZPL II this program writes, as a printer's firmware would: origin, field, symbol, escapes."""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMAND = re.compile(r"([\^~])(A0|[A-Z0-9]{2})([^\^~]*)")


@dataclass
class Field:
    """One printed field. `kind`: TEXT, BOX or the symbol's command; `given` its parameters."""

    x: int = 0
    y: int = 0
    kind: str = ""
    given: tuple[str, ...] = ()
    data: str = ""
    module: int = 2
    reverse: bool = False
    block: tuple[str, ...] = ()


@dataclass
class Label:
    width: int
    height: int
    copies: int
    fields: list[Field]


def read(content: bytes) -> list[Label]:
    """The labels of a stream; anything outside the subset is an error, as an unknown command prints rubbish."""
    labels = []
    for part in content.decode("ascii").split("^XA")[1:]:
        body, closed, rest = part.partition("^XZ")
        assert closed, "a label without end"
        assert not rest.strip(), rest
        labels.append(_label(body))
    return labels


def _label(body: str) -> Label:
    label, field, hexed = Label(0, 0, 1, []), Field(), False
    for sign, name, given in COMMAND.findall(body.replace("\n", "")):
        assert sign == "^", f"{sign}{name} would be taken as a command of its own"
        values = tuple(given.split(","))
        if name == "PW":
            label.width = int(given)
        elif name == "LL":
            label.height = int(given)
        elif name == "PQ":
            label.copies = int(values[0])
        elif name == "FO":
            field, hexed = Field(int(values[0]), int(values[1])), False
        elif name == "BY":
            field.module = int(values[0])
        elif name == "FH":
            hexed = True
        elif name == "FR":
            field.reverse = True
        elif name == "FB":
            field.block = values
        elif name == "A0":
            field.kind, field.given = "TEXT", values
        elif name == "GB":
            field.kind, field.given = "BOX", values
        elif name in {"BX", "BC", "B3", "B7", "BQ"}:
            field.kind, field.given = name, values
        elif name == "FD":
            field.data = _unescaped(given) if hexed else given
        elif name == "FS":
            label.fields.append(field)
        else:
            assert name in {"CI", "LH"}, f"^{name} is not of the subset"
    return label


def _unescaped(data: str) -> str:
    """Hex escapes to UTF-8."""
    raw = bytearray()
    rest = data
    while rest:
        if rest[0] == "_":
            raw.append(int(rest[1:3], 16))
            rest = rest[3:]
        else:
            raw += rest[0].encode()
            rest = rest[1:]
    return raw.decode()


def said(field: Field) -> str:
    """What the symbol will say: the firmware's own prefixes taken off."""
    if field.kind == "BQ":
        level, _, data = field.data.partition(",")
        assert level == "MA"
        return data
    if field.kind == "BX":
        escape = field.given[6]
        assert escape not in field.data, "the firmware would take it as an escape"
    return field.data
