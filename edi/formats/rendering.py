"""Segments to bytes: escaping, character sets, lengths and envelopes of both syntaxes.

Data that a syntax cannot carry is refused with a ValueError that names segment and element; nothing is
shortened and no character is replaced, because the partner would book what he reads.
"""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from .profile import Address, Profile
from .tokens import CHARSETS

Element = str | None | tuple[str | None, ...]

# ISO 9735 annex A: level A has no lower case letters, level B has.
_LEVEL_A = re.compile(r"[A-Z0-9 .,\-()/='+:?!\"%&*;<>]*")
_LEVEL_B = re.compile(r"[A-Za-z0-9 .,\-()/='+:?!\"%&*;<>]*")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffd]")
_X12_PRINTABLE = re.compile(r"[ -)+-=?-\]_`a-}]*")
_X12_UNPRINTABLE = re.compile(r"[^ -)+-=?-\]_`a-}]")

# Maximum lengths that bite (D.96A; GIR, GIN, LIN and PIA numbers are an..35).
LENGTHS = {
    ("UNB", 2, 1): 35,
    ("UNB", 3, 1): 35,
    ("UNB", 5, 1): 14,
    ("UNH", 1, 1): 14,
    ("BGM", 2, 1): 35,
    ("SEQ", 2, 1): 10,
    ("LOC", 2, 1): 25,
    ("NAD", 2, 1): 35,
    ("NAD", 4, 1): 35,
    ("MEA", 3, 2): 18,
    ("RFF", 1, 2): 35,
    ("QTY", 1, 2): 15,
    ("LIN", 3, 1): 35,
    ("TDT", 5, 1): 17,
}
_NUMBER_TAGS = ("GIR", "GIN", "PIA")


class EdifactFile:
    """One EDIFACT interchange being written, with UNA and the separators everybody knows."""

    def __init__(self, profile: Profile, *, test: bool = False) -> None:
        self.test = test
        self.level, _, self.version = profile.syntax.partition(":")
        self.segments: list[str] = []
        self.control_ref = ""
        self.message_ref = ""
        self.message_start = 0
        self.messages = 0

    def add(self, tag: str, *elements: Element) -> None:
        """Append a segment; empty elements and components at the end are left off."""
        rendered = [self._element(tag, at, item) for at, item in enumerate(elements, 1)]
        while rendered and not rendered[-1]:
            rendered.pop()
        self.segments.append("+".join((tag, *rendered)))

    def open(self, sender: Address, recipient: Address, control_ref: str, at: datetime) -> None:
        """Write UNB; the date has eight digits from syntax 4 on (ISO 9735 S004)."""
        self.control_ref = control_ref
        date = at.strftime("%Y%m%d" if self.version >= "4" else "%y%m%d")
        self.add(
            "UNB",
            (self.level, self.version),
            (sender.id, sender.qualifier),
            (recipient.id, recipient.qualifier),
            (date, at.strftime("%H%M")),
            control_ref,
            # DE 0035 is the eleventh element.
            *((None,) * 5 + ("1",) if self.test else ()),
        )

    def open_message(self, ref: str, *identifier: str) -> None:
        """Write UNH with its S009: type, version, release, agency."""
        self.message_ref, self.message_start = ref, len(self.segments)
        self.messages += 1
        self.add("UNH", ref, identifier)

    def close_message(self) -> None:
        """Write UNT with the true count."""
        self.add("UNT", str(len(self.segments) - self.message_start + 1), self.message_ref)

    def close(self) -> bytes:
        """Write UNZ and return the file's bytes, one segment a line for people who have to look at it."""
        self.add("UNZ", str(self.messages), self.control_ref)
        text = "UNA:+.? '\r\n" + "".join(f"{segment}'\r\n" for segment in self.segments)
        return text.encode(CHARSETS[self.level])

    def legible(self, text: str) -> str:
        """Return free text with what the level cannot carry as a full stop; only for sentences, never for data."""
        text = text.upper() if self.level == "UNOA" else text
        return "".join(sign if self._carries(sign) else "." for sign in text)

    def _element(self, tag: str, position: int, element: Element) -> str:
        parts = element if isinstance(element, tuple) else (element,)
        rendered = [self._component(tag, position, at, part or "") for at, part in enumerate(parts, 1)]
        while rendered and not rendered[-1]:
            rendered.pop()
        return ":".join(rendered)

    def _component(self, tag: str, position: int, component: int, value: str) -> str:
        limit = 35 if tag in _NUMBER_TAGS else LENGTHS.get((tag, position, component))
        if limit is not None and len(value) > limit:
            raise ValueError(
                f"{tag} element {position}.{component}: {value!r} is longer than {limit} characters"
            )
        if not self._carries(value):
            raise ValueError(f"{tag} element {position}.{component}: {self.level} cannot carry {value!r}")
        for sign in "?'+:":
            value = value.replace(sign, "?" + sign)
        return value

    def _carries(self, value: str) -> bool:
        if self.level == "UNOA":
            return _LEVEL_A.fullmatch(value) is not None
        if self.level == "UNOB":
            return _LEVEL_B.fullmatch(value) is not None
        try:
            value.encode(CHARSETS[self.level])
        except UnicodeEncodeError:
            return False
        return _CONTROL.search(value) is None


class X12File:
    """One X12 interchange being written with `*`, `>`, `^` and `~`; X12 has no way to escape them.

    `version` is GS08's, and ISA12 with it; `convention` is the implementation guide GS08 names instead.
    """

    def __init__(self, version: str = "004010", convention: str | None = None, *, test: bool = False) -> None:
        self.version = version
        self.convention = convention
        self.test = test
        self.groups = 0
        self.segments: list[str] = []
        self.control_ref = ""
        self.group_ref = ""
        self.set_ref = ""
        self.set_start = 0
        self.sets = 0

    def add(self, tag: str, *elements: Element) -> None:
        """Append a segment; a tuple is a composite, empty elements and components at the end are left off."""
        rendered = []
        for position, item in enumerate(elements, 1):
            parts = [part or "" for part in (item if isinstance(item, tuple) else (item,))]
            for value in parts:
                if not _X12_PRINTABLE.fullmatch(value):
                    raise ValueError(f"{tag} element {position}: X12 cannot carry {value!r}")
            rendered.append(">".join(parts).rstrip(">"))
        while rendered and not rendered[-1]:
            rendered.pop()
        self.segments.append("*".join((tag, *rendered)))

    def open(
        self, functional_id: str, sender: Address, recipient: Address, control_ref: str, at: datetime
    ) -> None:
        """Write ISA and GS; ISA13 is nine digits, so other control references are refused."""
        self.open_interchange(sender, recipient, control_ref, at)
        self.group_ref, self.groups = str(int(control_ref)), 1
        ids = (sender.group_id or sender.id, recipient.group_id or recipient.id)
        version = self.convention or self.version
        self.add("GS", functional_id, *ids, f"{at:%Y%m%d}", f"{at:%H%M}", self.group_ref, "X", version)

    def open_interchange(self, sender: Address, recipient: Address, control_ref: str, at: datetime) -> None:
        """Write the ISA alone, as a TA1 needs it; from 00402 on ISA11 is the repetition separator."""
        if not re.fullmatch(r"[0-9]{1,9}", control_ref):
            raise ValueError(f"ISA element 13: {control_ref!r} is no number of up to nine digits")
        self.control_ref = control_ref.zfill(9)
        for position, address in ((6, sender), (8, recipient)):
            if len(address.id) > 15 or len(address.qualifier) > 2:
                raise ValueError(f"ISA element {position}: {address.id!r} is longer than 15 characters")
        blanks = " " * 10
        ends = (*_isa(sender), *_isa(recipient))
        moment = (f"{at:%y%m%d}", f"{at:%H%M}")
        version, usage = self.version[:5], "T" if self.test else "P"
        if version < "00402":
            version = "00401"
        self.add(
            "ISA", "00", blanks, "00", blanks, *ends, *moment, "U", version, self.control_ref, "0", usage
        )
        if version != "00401":
            self.segments[-1] = self.segments[-1].replace(f"*U*{version}", f"*^*{version}")
        self.segments[-1] += "*>"

    def open_set(self, kind: str, ref: str, convention: str | None = None) -> None:
        """Write ST; ST02 has at least four characters, ST03 names an implementation guide."""
        self.set_ref, self.set_start = ref.zfill(4), len(self.segments)
        if len(self.set_ref) > 9:
            raise ValueError(f"ST element 2: {ref!r} is longer than 9 characters")
        self.sets += 1
        self.add("ST", kind, self.set_ref, convention)

    def close_set(self) -> None:
        """Write SE with the true count."""
        self.add("SE", str(len(self.segments) - self.set_start + 1), self.set_ref)

    def close(self) -> bytes:
        """Write GE and IEA and return the file's bytes, one segment a line."""
        if self.groups:
            self.add("GE", str(self.sets), self.group_ref)
        self.add("IEA", str(self.groups), self.control_ref)
        return "".join(f"{segment}~\r\n" for segment in self.segments).encode("ascii")


def x12_text(text: str) -> str:
    """Return a sentence of ours with what X12 cannot carry turned into question marks; never for data."""
    return _X12_UNPRINTABLE.sub("?", text)


def _isa(address: Address) -> tuple[str, str]:
    return address.qualifier.ljust(2), address.id.ljust(15)


def plant_local(text: str, profile: Profile) -> datetime:
    """Return ISO 8601 text as plant-local time; an offset is turned into the plant's own time."""
    return localised(datetime.fromisoformat(text), profile)


def localised(moment: datetime, profile: Profile) -> datetime:
    """Return a moment in the partner's plant time; a naive one is plant local already."""
    return moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(profile.timezone))


def edifact_date(qualifier: str, text: str, profile: Profile) -> tuple[str, str, str]:
    """Return DTM C507 for ISO 8601 text: 102 for a date, 203 to the minute, 204 to the second."""
    moment = plant_local(text, profile)
    if len(text) == 10:
        return qualifier, f"{moment:%Y%m%d}", "102"
    if moment.second:
        return qualifier, f"{moment:%Y%m%d%H%M%S}", "204"
    return qualifier, f"{moment:%Y%m%d%H%M}", "203"


def x12_date(text: str, profile: Profile) -> tuple[str, str]:
    """Return X12 date and time for ISO 8601 text; the time is empty for a date alone."""
    moment = plant_local(text, profile)
    if len(text) == 10:
        return f"{moment:%Y%m%d}", ""
    return f"{moment:%Y%m%d}", f"{moment:%H%M%S}" if moment.second else f"{moment:%H%M}"
