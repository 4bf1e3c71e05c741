"""What is particular about one partner: data from `edi/partners/<folder>/profile.toml`, never a code path."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .problems import SEVERITIES

Sources = tuple[str, ...]
Table = Mapping[str, str]

EVENTS = (
    "NEW", "CHANGE", "RESEQUENCE", "CANCEL", "HOLD", "RELEASE", "REORDER", "NOCHANGE", "DELIVERED", "TEST",
    "PREVIEW", "FIRM",
)  # fmt: skip
KINDS = ("call_off", "sequence_forecast")
IDENTITIES = ("production_number", "vin", "document_sequence")


def _table(**entries: str) -> Table:
    return MappingProxyType({key.lstrip("_"): value for key, value in entries.items()})


# Same position, same digits, other meaning: DE 1245 up to D.98A, DE 1229 from D.98B.
EVENTS_1245 = _table(
    _1="CHANGE", _2="CANCEL", _3="NEW", _4="NOCHANGE", _5="CHANGE", _9="TEST", _10="DELIVERED"
)
EVENTS_1229 = _table(
    _1="NEW", _2="CANCEL", _3="CHANGE", _4="NOCHANGE",
    _37="CANCEL", _38="CHANGE", _39="NEW", _42="DELIVERED",
)  # fmt: skip
EVENTS_BSS = _table(_00="NEW", _01="CANCEL", _02="NEW", _03="CANCEL", _04="CHANGE", _05="CHANGE")
STAGES = _table(_240="call_off", _241="call_off", _242="call_off")


class ProfileError(ValueError):
    """A profile that cannot be used: the sentence names the file, the key and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRule:
    """How the partner counts: prefix text, digits, first and last number, whether the counter is dense.

    `max_jump` is the largest step that still counts as a gap; a larger one is a misread or a reset.
    """

    prefix: str = ""
    width: int = 4
    first: int = 1
    last: int = 9999
    dense: bool = False
    max_jump: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AsnRule:
    """The despatch advice this partner wants; `directory` matters for DESADV only."""

    format: str = "DESADV"
    directory: str = "D.96A"
    expects_ack: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One end of an envelope: UNB S002/S003 or ISA05-08, and GS02/GS03 (the id again when empty)."""

    id: str = ""
    qualifier: str = ""
    group_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Where each fact stands, most trusted place first: "<tag> <qualifier>", such as "GIR VV" or "REF DK"."""

    vin: Sources = ()
    production_number: Sources = ()
    sequence_number: Sources = ()
    call_number: Sources = ()
    slot: Sources = ()
    dock: Sources = ()
    line_feed: Sources = ()
    required_at: Sources = ()
    part_number: Sources = ()
    supplier_part: Sources = ()
    quantity: Sources = ()
    order_ref: Sources = ()
    family: Sources = ()
    buyer: Sources = ()
    supplier: Sources = ()
    ship_to: Sources = ()
    ship_from: Sources = ()


# A DELJIT's sequence number is SEQ itself; "RFF ZZZ" carries it in a despatch advice, where no code exists.
EDIFACT_FIELDS = Fields(
    vin=("GIR VV",),
    production_number=("GIR AN",),
    sequence_number=("RFF ZZZ",),
    call_number=("RFF CR",),
    slot=("GIR AO",),
    dock=("LOC 11",),
    line_feed=("LOC 159",),
    required_at=("DTM 2",),
    part_number=("LIN IN", "LIN BP", "PIA IN", "PIA BP"),
    supplier_part=("PIA SA", "LIN SA"),
    quantity=("QTY 131", "QTY 1", "QTY 113"),
    order_ref=("RFF ON",),
    buyer=("NAD BY",),
    supplier=("NAD SE", "NAD SU", "NAD CZ"),
    ship_to=("NAD ST", "NAD CN", "NAD DP"),
    ship_from=("NAD SF", "NAD CZ"),
)
X12_FIELDS = Fields(
    vin=("LIN VV", "REF VT"),
    production_number=("REF MH",),
    sequence_number=("LIN JS",),
    call_number=("REF CR",),
    slot=("REF LU",),
    dock=("REF DK",),
    line_feed=("REF LF",),
    required_at=("DTM 002", "DTM 106"),
    part_number=("LIN BP", "LIN IN"),
    supplier_part=("LIN VP",),
    quantity=("QTY 01",),
    order_ref=("REF PO",),
    buyer=("N1 BY", "N1 BT"),
    supplier=("N1 SU", "N1 SE"),
    ship_to=("N1 ST",),
    ship_from=("N1 SF",),
)
EDIFACT_SOURCE = re.compile(r"(GIR|LOC|DTM|QTY|RFF|PIA|LIN|NAD|IMD) [A-Z0-9]{1,3}")
X12_SOURCE = re.compile(r"(LIN|REF|DTM|QTY|N1|PID) [A-Z0-9]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One partner's dialect. The defaults are settled point 4; a profile says only what differs.

    `event_element` forces the SEQ code list ("1245" or "1229") where a partner's directory lies about it;
    `encoding` does the same for the character set. `stages` turns BGM 1001 into the kind of a DELJIT.
    """

    code: str = "generic"
    name: str = "Generic partner"
    status: str = "unverified"
    timezone: str = "UTC"
    encoding: str | None = None
    syntax: str = "UNOC:3"
    identity: tuple[str, ...] = IDENTITIES
    sequence: SequenceRule = SequenceRule()
    event_element: str | None = None
    events_1245: Table = field(default_factory=lambda: EVENTS_1245)
    events_1229: Table = field(default_factory=lambda: EVENTS_1229)
    events_bss: Table = field(default_factory=lambda: EVENTS_BSS)
    stages: Table = field(default_factory=lambda: STAGES)
    edifact: Fields = EDIFACT_FIELDS
    x12: Fields = X12_FIELDS
    severity: Table = field(default_factory=lambda: MappingProxyType({}))
    acknowledge: str = "none"
    asn: AsnRule = AsnRule()
    our: Address = Address(id="SUPPLIER", qualifier="ZZ")
    their: Address = Address(id="OEM", qualifier="ZZ")


def load_profile(folder: Path) -> Profile:
    """Read `folder/profile.toml`; refuse unknown keys and unusable values with a ProfileError."""
    path = folder / "profile.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProfileError(f"{path}: there is no such file; copy edi/partners/generic_deljit") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: this is no TOML: {error}") from None
    return _Loader(path).profile(tables)


def _one_of(*allowed: str) -> Callable[[Any], bool]:
    return lambda value: value in allowed


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _time_zone(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _encoding(value: Any) -> bool:
    try:
        return isinstance(value, str) and "A".encode(value) == b"A"
    except LookupError:
        return False


def _syntax(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"UNO[A-KLWY]:[1-4]", value) is not None


_Check = tuple[Callable[[Any], bool], str]
_TOP: dict[str, _Check] = {
    "code": (_text, "a short text"),
    "name": (_text, "a text"),
    "status": (_one_of("unverified", "verified"), '"unverified" or "verified"'),
    "timezone": (_time_zone, 'an IANA name such as "Europe/Berlin"'),
    "encoding": (_encoding, 'an ASCII-compatible character set such as "iso8859-1"'),
    "syntax": (_syntax, 'a level and version such as "UNOC:3"'),
    "event_element": (_one_of("1245", "1229"), '"1245" or "1229"'),
    "acknowledge": (_one_of("none", "CONTRL", "997"), '"none", "CONTRL" or "997"'),
}
_EVENT_TABLES = {"1245": "events_1245", "1229": "events_1229", "BSS": "events_bss"}


class _Loader:
    """Turns parsed TOML into a Profile; every refusal carries file, key and remedy."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def profile(self, tables: dict[str, Any]) -> Profile:
        chosen: dict[str, Any] = {"code": self.path.parent.name}
        default = Profile()
        for key, value in tables.items():
            match key:
                case "identity":
                    chosen[key] = self.identity(value)
                case "sequence":
                    chosen[key] = self.sequence(value)
                case "events":
                    chosen |= self.events(default, value)
                case "stages":
                    chosen[key] = self.codes(key, default.stages, value, KINDS)
                case "severity":
                    chosen[key] = self.severity(value)
                case "edifact":
                    chosen[key] = self.sources(key, EDIFACT_FIELDS, value, EDIFACT_SOURCE)
                case "x12":
                    chosen[key] = self.sources(key, X12_FIELDS, value, X12_SOURCE)
                case "asn":
                    chosen[key] = self.asn(value)
                case "our" | "their":
                    chosen[key] = self.address(key, value)
                case _ if key in _TOP:
                    accepts, remedy = _TOP[key]
                    chosen[key] = value if accepts(value) else self.refuse(key, f"write {remedy}")
                case _:
                    self.unknown(key, [item.name for item in fields(Profile)])
        return Profile(**chosen)

    def refuse(self, key: str, remedy: str) -> Any:
        raise ProfileError(f"{self.path}: {key}: {remedy}")

    def unknown(self, key: str, known: list[str]) -> None:
        self.refuse(key, f"no such key; remove it or use one of {', '.join(known)}")

    def table(self, key: str, value: Any) -> dict[str, Any]:
        return value if isinstance(value, dict) else self.refuse(key, f"write a table [{key}]")

    def identity(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not value or any(item not in IDENTITIES for item in value):
            self.refuse("identity", f"write a list of {', '.join(IDENTITIES)}, the preferred one first")
        return tuple(value)

    def typed(self, key: str, value: Any, start: Any) -> Any:
        known = {item.name: type(getattr(start, item.name)) for item in fields(start)}
        for name, entry in self.table(key, value).items():
            if name not in known:
                self.unknown(f"{key}.{name}", list(known))
            if type(entry) is not known[name]:
                self.refuse(f"{key}.{name}", f"write a value of type {known[name].__name__}")
        return replace(start, **value)

    def sequence(self, value: Any) -> SequenceRule:
        rule: SequenceRule = self.typed("sequence", value, SequenceRule())
        if rule.width < 1 or rule.first < 0 or rule.last <= rule.first or len(str(rule.last)) > rule.width:
            self.refuse("sequence", "write width, first and last: first < last, and last fits the width")
        return rule

    def asn(self, value: Any) -> AsnRule:
        rule: AsnRule = self.typed("asn", value, AsnRule())
        if rule.format not in ("DESADV", "856"):
            self.refuse("asn.format", 'write "DESADV" or "856"')
        if rule.format == "DESADV" and rule.directory not in ("D.96A", "D.07A"):
            self.refuse("asn.directory", 'write "D.96A" or "D.07A"')
        return rule

    def address(self, key: str, value: Any) -> Address:
        address: Address = self.typed(key, value, Address())
        return address if address.id else self.refuse(f"{key}.id", "write the id used in the envelope")

    def codes(self, key: str, start: Table, value: Any, allowed: tuple[str, ...]) -> Table:
        for code, meaning in self.table(key, value).items():
            if meaning not in allowed:
                self.refuse(f"{key}.{code}", f"write one of {', '.join(allowed)}")
        return MappingProxyType({**start, **value})

    def events(self, default: Profile, value: Any) -> dict[str, Table]:
        chosen = {}
        for element, codes in self.table("events", value).items():
            if element not in _EVENT_TABLES:
                self.unknown(f"events.{element}", list(_EVENT_TABLES))
            name = _EVENT_TABLES[element]
            chosen[name] = self.codes(f"events.{element}", getattr(default, name), codes, EVENTS)
        return chosen

    def severity(self, value: Any) -> Table:
        for code in self.table("severity", value):
            if code not in SEVERITIES:
                self.unknown(f"severity.{code}", sorted(SEVERITIES))
        return self.codes("severity", {}, value, ("reject", "warn", "ignore"))

    def sources(self, key: str, start: Fields, value: Any, pattern: re.Pattern[str]) -> Fields:
        known = [item.name for item in fields(Fields)]
        for name, places in self.table(key, value).items():
            if name not in known:
                self.unknown(f"{key}.{name}", known)
            if not isinstance(places, list) or not all(
                isinstance(place, str) and pattern.fullmatch(place) for place in places
            ):
                example = '["GIR VV"]' if key == "edifact" else '["REF DK"]'
                self.refuse(f"{key}.{name}", f"write a list of places such as {example}")
        return replace(start, **{name: tuple(places) for name, places in value.items()})
