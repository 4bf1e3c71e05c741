"""What a scanned label says. Pure text in, a `Label` out; whether it fits is for `rules` to judge.

Our own labels carry a prefix (`%B:` badge, `%C:` command, `%M:` reason, `%R:` carrier, `%L:` slot, `%T:` shipment,
`%P:` PIN, `%Z:` place in a trailer, `%D:` driver's card, `%K:` keyboard test, `%H:` box, `%A:` kanban card,
`%Q:` how many, `%W:` paper sheet or a row of it).
Anything else is a part or serial label: an ISO/IEC 15434
format 06 envelope with MH10 data identifiers (P part, 1P supplier part, S serial, 1T or T lot, V, 12V or 18V
supplier), the same identifiers without envelope, or a bare number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
# The number of the paper a code stands on; it tells a void paper, the thing is the same.
MARK = re.compile(r"#L[0-9]{9,}$")
ENVELOPE = "[)>\x1e06\x1d"
GS, RS, EOT = "\x1d", "\x1e", "\x04"


LOT = ("1T", "T")
SUPPLIER = ("18V", "12V", "V")


class Kind(StrEnum):
    BADGE = "B"
    COMMAND = "C"
    REASON = "M"
    CARRIER = "R"
    SLOT = "L"
    SHIPMENT = "T"
    PIN = "P"
    PLACE = "Z"
    DRIVER = "D"
    KEYBOARD = "K"
    BOX = "H"
    CARD = "A"
    QUANTITY = "Q"
    PAPER = "W"
    GOODS = "GOODS"


# Signs that stand on other keys in other countries, and letters that do; no dead keys, which wait for a second one.
KEYBOARD_TEST = "%K:AYZQWM-ayzqwm-0123456789/#;_"
# What a scanner set to a US keyboard types on a computer set to another one: those signs that differ.
LAYOUTS = {
    "German": str.maketrans("yzYZ:;-_/#", "zyZY\u00d6\u00f6\u00df?-\u00a7"),
    "French": str.maketrans(
        "aqwzmAQWZM%:;-_/#0123456789",
        "qazw,QAZW?5Mm)\u00b0!3\u00e0&\u00e9\"'(-\u00e8_\u00e7",
    ),
    "Spanish": str.maketrans(":;-_/#", "\u00d1\u00f1'?-\u00b7"),
    "British": str.maketrans("#", "\u00a3"),
}


def wrong_layout(text: str, *, at_log_in: bool = False, say: Callable[[str], str] = str) -> str:
    """Why a scan reads strange, in words, or nothing: the computer's keyboard is not set as the scanner is.

    The test label tells it at any time. At log-in a badge whose first signs were bent tells it too; later the same
    signs may be a part's own number. `say` gives a sentence in the language of who is told.
    """
    if text != KEYBOARD_TEST and text == KEYBOARD_TEST.swapcase():
        return say("Caps Lock is on: set both alike")
    for country, bent in LAYOUTS.items():
        badge = "%B:".translate(bent)
        if text == KEYBOARD_TEST.translate(bent) or (at_log_in and badge != "%B:" and text.startswith(badge)):
            return say("The computer's keyboard is %(country)s, the scanner types US: set both alike") % {
                "country": country
            }
    shaped = len(text) == len(KEYBOARD_TEST) and text[1:2] in {"K", "k"} and text != KEYBOARD_TEST
    return (
        say("The computer's keyboard is not set as the scanner is: set both alike")
        if at_log_in and shaped
        else ""
    )


@dataclass(frozen=True, slots=True)
class Label:
    """`numbers`: every reading of a part number the text allows, the most literal first. The rest: if it says one."""

    kind: Kind
    value: str
    numbers: tuple[str, ...] = ()
    serial: str | None = None
    slot: int | None = None
    lot: str | None = None
    supplier: str | None = None

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
            return Label(
                Kind.GOODS, text, (number,) if number else (), found.get("serial"), lot=found.get("lot")
            )
    if text.startswith(ENVELOPE):
        return _identified(text, text.removeprefix(ENVELOPE).rstrip(EOT).rstrip(RS).split(GS))
    if GS in text:
        return _identified(text, text.split(GS))
    return _bare(text)


def _own_label(letter: str, value: str) -> Label:
    if letter not in {kind.value for kind in Kind}:
        return Label(Kind.GOODS, f"%{letter}:{value}")
    kind, value = Kind(letter), MARK.sub("", value)
    if kind is Kind.SLOT:
        carrier, _, number = value.rpartition(":")
        return Label(kind, carrier, slot=int(number) if number.isascii() and number.isdigit() else None)
    return Label(kind, value.upper() if kind in {Kind.COMMAND, Kind.REASON} else value)


def _identified(text: str, fields: list[str]) -> Label:
    numbers = tuple(f.removeprefix("1P").removeprefix("P") for f in fields if f.startswith(("P", "1P")))
    serial = next((f[1:] for f in fields if f.startswith("S") and len(f) > 1), None)
    return Label(
        Kind.GOODS, text, numbers, serial, lot=_behind(fields, LOT), supplier=_behind(fields, SUPPLIER)
    )


def _behind(fields: list[str], identifiers: tuple[str, ...]) -> str | None:
    """What follows the first identifier of these that a field begins with; the order tells which counts."""
    found = (f.removeprefix(name) for name in identifiers for f in fields if f.startswith(name) and f != name)
    return next(found, None)


def _bare(text: str) -> Label:
    """A single value: the number as it stands, and without a leading identifier P, S or 1T."""
    if text.startswith("P") and len(text) > 1:
        return Label(Kind.GOODS, text, (text, text[1:]))
    if text.startswith("S") and len(text) > 1:
        return Label(Kind.GOODS, text, (text,), text[1:])
    if text.startswith("1T") and len(text) > 2:
        return Label(Kind.GOODS, text, (text,), lot=text[2:])
    return Label(Kind.GOODS, text, (text,))
