"""What a scanned label says. Pure text in, a `Label` out; whether it fits is for `rules` to judge.

Our own labels carry a prefix (`%B:` badge, `%C:` command, `%M:` reason, `%R:` carrier, `%L:` slot, `%T:` shipment,
`%P:` PIN). Anything else is a part or serial label: an ISO/IEC 15434 format 06 envelope with MH10 data identifiers
(P part, 1P supplier part, S serial), the same identifiers without envelope, or a bare number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
ENVELOPE = "[)>\x1e06\x1d"
GS, RS, EOT = "\x1d", "\x1e", "\x04"


class Kind(StrEnum):
    BADGE = "B"
    COMMAND = "C"
    REASON = "M"
    CARRIER = "R"
    SLOT = "L"
    SHIPMENT = "T"
    PIN = "P"
    GOODS = "GOODS"


@dataclass(frozen=True, slots=True)
class Label:
    """`numbers`: every reading of a part number the text allows, the most literal first. `serial`: if it says one."""

    kind: Kind
    value: str
    numbers: tuple[str, ...] = ()
    serial: str | None = None
    slot: int | None = None

    @property
    def shown(self) -> str:
        """For a person: the part number without its identifier."""
        return self.numbers[-1] if self.kind is Kind.GOODS and self.numbers else self.value


def read_label(raw: str, pattern: str = "") -> Label:
    """Reads one scan. `pattern` is the expected part's own label pattern with groups `part` and `serial`."""
    text = AIM.sub("", raw.strip("\r\n\t\x02\x03"))
    if len(text) > 3 and text[0] == "%" and text[2] == ":":
        return _own_label(text[1].upper(), text[3:].strip())
    if pattern:
        match = re.fullmatch(pattern, text)
        if match:
            found = match.groupdict()
            number = found.get("part")
            return Label(Kind.GOODS, text, (number,) if number else (), found.get("serial"))
    if text.startswith(ENVELOPE):
        return _identified(text, text.removeprefix(ENVELOPE).rstrip(EOT).rstrip(RS).split(GS))
    if GS in text:
        return _identified(text, text.split(GS))
    return _bare(text)


def _own_label(letter: str, value: str) -> Label:
    if letter not in {kind.value for kind in Kind}:
        return Label(Kind.GOODS, f"%{letter}:{value}")
    kind = Kind(letter)
    if kind is Kind.SLOT:
        carrier, _, number = value.rpartition(":")
        return Label(kind, carrier, slot=int(number) if number.isascii() and number.isdigit() else None)
    return Label(kind, value.upper() if kind in {Kind.COMMAND, Kind.REASON} else value)


def _identified(text: str, fields: list[str]) -> Label:
    numbers = tuple(f.removeprefix("1P").removeprefix("P") for f in fields if f.startswith(("P", "1P")))
    serial = next((f[1:] for f in fields if f.startswith("S") and len(f) > 1), None)
    return Label(Kind.GOODS, text, numbers, serial)


def _bare(text: str) -> Label:
    """A single value: the number as it stands, and without a leading identifier P or S."""
    if text.startswith("P") and len(text) > 1:
        return Label(Kind.GOODS, text, (text, text[1:]))
    if text.startswith("S") and len(text) > 1:
        return Label(Kind.GOODS, text, (text,), text[1:])
    return Label(Kind.GOODS, text, (text,))
