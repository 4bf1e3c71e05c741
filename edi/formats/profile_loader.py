"""Reads `edi/partners/<folder>/profile.toml`; every refusal names the file, the key and what to write."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .layout_choice import parse_layout
from .problems import SEVERITIES
from .profile import (
    COUNTERS,
    CYCLES,
    EDIFACT_FIELDS,
    EDIFACT_SOURCE,
    FEED_EVENTS,
    IDENTITIES,
    STAGE_KINDS,
    X12_FIELDS,
    X12_SOURCE,
    Address,
    AsnRule,
    CallRule,
    ControlRule,
    Fields,
    FileRule,
    LayoutFile,
    Profile,
    ProfileError,
    ReleaseRule,
    SequenceRule,
    Table,
)


def load_profile(folder: Path) -> Profile:
    """Read `folder/profile.toml`; refuse unknown keys and unusable values with a ProfileError."""
    path = folder / "profile.toml"
    return parse_profile(_toml(path, "copy edi/partners/generic_deljit"), path)


def parse_profile(tables: dict[str, Any], path: Path) -> Profile:
    """Return the profile of tables that stand in `path`, or will; refuse like `load_profile`."""
    return _Loader(path).profile(tables)


def _toml(path: Path, remedy: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProfileError(f"{path}: there is no such file; {remedy}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: this is no TOML: {error}") from None
    except OSError as error:
        raise ProfileError(f"{path}: it cannot be read: {error.strerror}") from None


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


def _month_day(value: Any) -> bool:
    """True for a day every year has."""
    if not isinstance(value, str) or not re.fullmatch(r"\d\d-\d\d", value):
        return False
    try:
        return bool(datetime(2001, int(value[:2]), int(value[3:]), tzinfo=UTC))
    except ValueError:
        return False


def _day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _pattern(value: Any) -> bool:
    try:
        return _text(value) and bool(re.compile(value))
    except re.error:
        return False


_Check = tuple[Callable[[Any], bool], str]
_TOP: dict[str, _Check] = {
    "code": (_text, "a short text"),
    "name": (_text, "a text"),
    "status": (_one_of("unverified", "verified"), '"unverified" or "verified"'),
    "timezone": (_time_zone, 'an IANA name such as "Europe/Berlin"'),
    "encoding": (_encoding, 'an ASCII-compatible character set such as "iso8859-1"'),
    "syntax": (_syntax, 'a level and version such as "UNOC:3"'),
    "counter": (_one_of(*COUNTERS), '"sequence", "transmission", "message" or "none"'),
    "event_element": (_one_of("1245", "1229"), '"1245" or "1229"'),
}
_ACKNOWLEDGE: dict[str, tuple[str, tuple[str, ...]]] = {
    "syntax": ("acknowledge", ("none", "CONTRL", "997", "999")),
    "when": ("acknowledge_when", ("always", "requested")),
    "interchange": ("acknowledge_interchange", ("none", "TA1")),
    "business": ("acknowledge_business", ("none", "APERAK", "824")),
}
_EVENT_TABLES = {"1245": "events_1245", "1229": "events_1229", "BSS": "events_bss"}
_NOT_KEYS = {"events_1245", "events_1229", "events_bss"}
_NOT_KEYS |= {f"acknowledge_{name}" for name in ("business", "interchange", "minutes", "when")}
_KEYS = sorted({item.name for item in fields(Profile)} - _NOT_KEYS | {"events"})


class _Loader:
    """Turns parsed TOML into a Profile; every refusal carries file, key and remedy."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readers: dict[str, Callable[[Any], dict[str, Any]]] = {
            "identity": lambda value: {"identity": self.identity(value)},
            "sequence": lambda value: {"sequence": self.sequence(value)},
            "control": lambda value: {"control": self.control(value)},
            "events": self.events,
            "functions": lambda value: {"functions": self.functions(value)},
            "stages": lambda value: {
                "stages": self.codes("stages", Profile().stages, value, (*STAGE_KINDS,))
            },
            "stages_function": lambda value: {"stages_function": self.stages_function(value)},
            "severity": lambda value: {"severity": self.severity(value)},
            "edifact": lambda value: {
                "edifact": self.sources("edifact", EDIFACT_FIELDS, value, EDIFACT_SOURCE)
            },
            "x12": lambda value: {"x12": self.sources("x12", X12_FIELDS, value, X12_SOURCE)},
            "files": lambda value: {"files": self.files(value)},
            "release": lambda value: {"release": self.release(value)},
            "calls": lambda value: {"calls": self.calls(value)},
            "layouts": lambda value: {"layouts": self.layouts(value)},
            "acknowledge": self.acknowledge,
            "asn": lambda value: {"asn": self.asn(value)},
            "our": lambda value: {"our": self.address("our", value)},
            "their": lambda value: {"their": self.address("their", value)},
        }

    def profile(self, tables: dict[str, Any]) -> Profile:
        chosen: dict[str, Any] = {"code": self.path.parent.name}
        for key, value in tables.items():
            if key in self.readers:
                chosen |= self.readers[key](value)
            elif key in _TOP:
                accepts, remedy = _TOP[key]
                chosen[key] = value if accepts(value) else self.refuse(key, f"write {remedy}")
            else:
                self.unknown(key, _KEYS)
        self.counter(chosen)
        profile = Profile(**chosen)
        if "sequence_cycle" in profile.identity and not profile.sequence.cycle:
            self.refuse("identity", "sequence_cycle needs [sequence] cycle, or a number names two calls")
        return profile

    def counter(self, chosen: dict[str, Any]) -> None:
        """`counter` and [sequence] dense have to tell the same story."""
        counter, rule = chosen.get("counter"), chosen.get("sequence", SequenceRule())
        if counter == "sequence":
            chosen["sequence"] = replace(rule, dense=True)
        elif counter is not None and rule.dense:
            self.refuse("counter", f'[sequence] dense says "sequence", this says "{counter}"; keep one')

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
        chosen = dict(self.table("sequence", value))
        dates = chosen.get("cycle_dates", [])
        if not isinstance(dates, list) or not all(_day(day) for day in dates):
            self.refuse("sequence.cycle_dates", 'write a list of days such as ["2026-07-06"]')
        chosen["cycle_dates"] = tuple(dates)
        rule: SequenceRule = self.typed("sequence", chosen, SequenceRule())
        if rule.width < 1 or rule.first < 0 or rule.last <= rule.first or len(str(rule.last)) > rule.width:
            self.refuse("sequence", "write width, first and last: first < last, and last fits the width")
        self.choice("sequence.cycle", rule.cycle, CYCLES)
        if not _month_day(rule.cycle_start):
            self.refuse("sequence.cycle_start", 'write month and day such as "07-01"')
        if (rule.cycle == "dates") != bool(rule.cycle_dates):
            self.refuse("sequence.cycle_dates", 'they go with cycle = "dates": write both or neither')
        if rule.reset_number and (rule.cycle != "reset" or not rule.first <= rule.reset_number <= rule.last):
            self.refuse("sequence.reset_number", 'it goes with cycle = "reset" and lies in first to last')
        return rule

    def control(self, value: Any) -> ControlRule:
        rule: ControlRule = self.typed("control", value, ControlRule())
        self.choice("control.on_gap", rule.on_gap, ("hold", "warn"))
        if not 1 <= rule.transmission_width <= 14:
            self.refuse("control.transmission_width", "write the number of digits, 1 to 14")
        if rule.wrap < 0 or len(str(rule.wrap)) > rule.transmission_width:
            self.refuse("control.wrap", "write the last number before 1 again; it has to fit the width")
        return rule

    def choice(self, key: str, value: str, allowed: tuple[str, ...]) -> None:
        if value not in allowed:
            self.refuse(key, "write " + " or ".join(f'"{item}"' for item in allowed))

    def release(self, value: Any) -> ReleaseRule:
        rule: ReleaseRule = self.typed("release", value, ReleaseRule())
        self.choice("release.mode", rule.mode, ("replace", "amend"))
        self.choice("release.calls", rule.calls, ("none", "short", "firm"))
        if not 1 <= rule.call_hours <= 24 * 31:
            self.refuse(
                "release.call_hours", "write how many hours before it is due a line is called, 1 to 744"
            )
        if rule.cumulative_reset and not _month_day(rule.cumulative_reset):
            self.refuse("release.cumulative_reset", 'write month and day such as "01-01"')
        return rule

    def calls(self, value: Any) -> CallRule:
        rule: CallRule = self.typed("calls", value, CallRule())
        self.choice("calls.mode", rule.mode, ("replace", "amend"))
        return rule

    def files(self, value: Any) -> FileRule:
        chosen = dict(self.table("files", value))
        for name in ("accept", "test"):
            patterns = chosen.get(name, [])
            if not isinstance(patterns, list) or not all(_pattern(pattern) for pattern in patterns):
                self.refuse(f"files.{name}", r"write a list of regular expressions such as ['JIS_\d+\.edi']")
            chosen[name] = tuple(patterns)
        rule: FileRule = self.typed("files", chosen, FileRule())
        try:
            name = rule.out_name("DESADV", "p", 1, our="A", their="B", at=datetime(2001, 1, 1, tzinfo=UTC))
        except (LookupError, ValueError) as error:
            self.refuse(
                "files.out", f"{{kind}} {{partner}} {{number}} {{our}} {{their}} {{date}} {{time}}: {error}"
            )
        if "/" in name or "{number" not in (rule.out or "{number"):
            self.refuse(
                "files.out", "write a bare file name that holds {number}: two messages need two names"
            )
        return rule

    def layouts(self, value: Any) -> Mapping[str, LayoutFile]:
        found = {}
        for name, file in self.table("layouts", value).items():
            if not _text(file) or Path(file).name != file or not file.endswith(".toml"):
                self.refuse(f"layouts.{name}", "write the name of a .toml file in this folder")
            path = self.path.parent / file
            try:
                tables = _toml(path, "write the layout or drop this line")
            except ProfileError as error:
                self.refuse(f"layouts.{name}", str(error))
            found[name] = LayoutFile(str(path), MappingProxyType(tables))
            parse_layout(found[name])
        return MappingProxyType(found)

    def acknowledge(self, value: Any) -> dict[str, Any]:
        entries = {"syntax": value} if isinstance(value, str) else self.table("acknowledge", value)
        chosen: dict[str, Any] = {}
        for name, entry in entries.items():
            if name == "within_minutes":
                if type(entry) is not int or entry < 0:
                    self.refuse("acknowledge.within_minutes", "write minutes, 0 when no time is agreed")
                chosen["acknowledge_minutes"] = entry
            elif name in _ACKNOWLEDGE:
                attribute, allowed = _ACKNOWLEDGE[name]
                key = "acknowledge" if isinstance(value, str) else f"acknowledge.{name}"
                self.choice(key, entry, allowed)
                chosen[attribute] = entry
            else:
                self.unknown(f"acknowledge.{name}", [*_ACKNOWLEDGE, "within_minutes"])
        if chosen.get("acknowledge_when") == "requested" and chosen.get("acknowledge") != "CONTRL":
            self.refuse("acknowledge.when", 'only UNB asks for it: write syntax = "CONTRL" or drop this line')
        return chosen

    def asn(self, value: Any) -> AsnRule:
        rule: AsnRule = self.typed("asn", value, AsnRule())
        self.choice("asn.format", rule.format, ("DESADV", "856", "VDA4913"))
        if rule.format == "DESADV":
            self.choice("asn.directory", rule.directory, ("D.96A", "D.07A"))
        letters = rule.hierarchy
        if letters and (not re.fullmatch(r"S[OTPI]+", letters) or len({*letters}) < len(letters)):
            self.refuse("asn.hierarchy", 'write HL levels from the shipment down, each once, such as "SOTPI"')
        if letters and "I" not in letters:
            self.refuse("asn.hierarchy", 'the items "I" are missing, such as in "SOTPI"')
        self.choice("asn.weights", rule.weights, ("all", "shipment", "none"))
        units = {"DESADV": ("", "KGM", "LBR"), "856": ("", "KG", "LB"), "VDA4913": ("", "KGM")}
        if rule.weight_unit not in units[rule.format]:
            allowed = " or ".join(f'"{unit}"' for unit in units[rule.format] if unit)
            self.refuse("asn.weight_unit", f"write {allowed}, or leave it out for kilograms")
        if rule.due_minutes < 0:
            self.refuse("asn.due_minutes", "write minutes after departure, 0 when no time is set")
        return rule

    def address(self, key: str, value: Any) -> Address:
        address: Address = self.typed(key, value, Address())
        return address if address.id else self.refuse(f"{key}.id", "write the id used in the envelope")

    def codes(self, key: str, start: Table, value: Any, allowed: tuple[str, ...]) -> Table:
        for code, meaning in self.table(key, value).items():
            if meaning not in allowed:
                self.refuse(
                    f"{key}.{code}", f"write one of {', '.join(item or 'an empty text' for item in allowed)}"
                )
        return MappingProxyType({**start, **value})

    def events(self, value: Any) -> dict[str, Table]:
        default = Profile()
        chosen = {}
        for element, codes in self.table("events", value).items():
            if element not in _EVENT_TABLES:
                self.unknown(f"events.{element}", list(_EVENT_TABLES))
            name = _EVENT_TABLES[element]
            chosen[name] = self.codes(f"events.{element}", getattr(default, name), codes, FEED_EVENTS)
        return chosen

    def functions(self, value: Any) -> Table:
        return self.codes("functions", Profile().functions, value, (*FEED_EVENTS, ""))

    def stages_function(self, value: Any) -> Table:
        for both in self.table("stages_function", value):
            if not re.fullmatch(r"[A-Z0-9]{1,3}/[A-Z0-9]{0,3}", both):
                self.refuse(f"stages_function.{both}", 'write "<BGM 1001>/<DE 1225>" such as "242/1"')
        return self.codes("stages_function", {}, value, (*STAGE_KINDS,))

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
