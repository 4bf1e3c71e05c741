"""What symbols say: ISO/IEC 15434 envelopes of MH10.8.2 data identifiers, and label numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable

GS, RS, EOT = "\x1d", "\x1e", "\x04"
HEAD, TAIL = f"[)>{RS}06{GS}", f"{RS}{EOT}"
# Licence plates by what they lie on: one piece, a load of like parts, a load of unlike parts.
PIECE, MASTER, MIXED = "1J", "6J", "5J"
PLATES = re.compile(r"[1-6]?J(?P<number>[A-Z]{2,3}[A-Z0-9]+)")
# Our own number on labels that are no transport labels: mutually defined, so any identifier may be taken; ours is Z.
OWN = re.compile(r"Z(?P<number>L[0-9]{9,})")
MARK = re.compile(r"%[A-Z]:.*#(?P<number>L[0-9]{9,})", re.DOTALL)


def envelope(fields: Iterable[tuple[str, str]]) -> str:
    """A format 06 message of (data identifier, value). Empty values are left out.

    ValueError when a value holds one of the envelope's own separators: the reader would cut it there.
    """
    said = []
    for identifier, value in fields:
        if not value:
            continue
        if any(sign in value for sign in (GS, RS, EOT)):
            raise ValueError(f"{value!r} holds a separator of the envelope")
        said.append(f"{identifier}{value}")
    return f"{HEAD}{GS.join(said)}{TAIL}"


def marked(code: str, number: str) -> str:
    """One of our own codes with the number of the label it stands on: `%R:C-7#L000000123`."""
    return f"{code}#{number}" if number else code


def is_own(number: str) -> bool:
    """A number of ours, no licence plate."""
    return OWN.fullmatch(f"Z{number}") is not None


def label_number(raw: str) -> str | None:
    """The number of the label that was scanned, if what it says holds one."""
    text = re.sub(r"^\][A-Za-z][0-9A-Za-z]", "", raw.strip("\r\n\t\x02\x03"))
    own = MARK.fullmatch(text)
    if own:
        return own["number"]
    inner = text.removeprefix(HEAD).rstrip(EOT).rstrip(RS)
    for part in inner.split(GS):
        found = OWN.fullmatch(part) or PLATES.fullmatch(part)
        if found:
            return found["number"]
    return None
