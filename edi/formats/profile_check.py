"""Holds a partner's folder against itself: does the profile load, do its pairs read as their JSON says?

A pair is a file of the partner (`captured_*` from traffic, `synthetic_*` made up by hand) and beside it, under
the same name with `.json`, the canonical reading a person expects of it. The reader never writes that JSON.
"""

import io
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from .canonical import Despatch, DespatchLine, DespatchPackage, Interchange, Message, Reading
from .layout_choice import layouts_of
from .profile import STAGE_KINDS, Fields, Profile
from .profile_loader import load_profile
from .reader import read, segments
from .write_despatch import write_despatch
from .write_verdicts import write_acknowledgement

# Files of a partner's folder that are no samples.
NO_SAMPLES = {".toml", ".json", ".md"}
CAPTURED = "captured_"
ENDS = ("our", "their")
_DEFAULT_IDS = {"our": "SUPPLIER", "their": "OEM"}
_CALL_FACTS = ("vin", "production_number", "sequence_number", "dock", "line_feed", "required_at")
_PART_FACTS = ("part_number", "supplier_part", "quantity", "family", "order_ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One sample against its JSON; `differences` is empty when it reads as expected."""

    sample: str
    differences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The keys of `edi_check_profile --json`."""
        return {"sample": self.sample, "ok": not self.differences, "differences": list(self.differences)}


@dataclass(slots=True, kw_only=True)
class ProfileCheck:
    """What checking a folder found: `faults` have to be mended, `advice` a person should look at."""

    folder: str
    code: str
    name: str
    status: str
    faults: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    untested: dict[str, list[str]] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """True when nothing has to be mended and every pair reads as expected."""
        return not self.faults and not any(pair.differences for pair in self.pairs)

    def as_json(self) -> dict[str, Any]:
        """The keys of `edi_check_profile --json`."""
        named = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "pairs"}
        return {**named, "good": self.good, "pairs": [pair.as_json() for pair in self.pairs]}


def check_profile(folder: Path) -> ProfileCheck:
    """Check one folder below edi/partners; a profile that cannot be loaded raises ProfileError."""
    profile = load_profile(folder)
    source = (folder / "profile.toml").read_text(encoding="utf-8")
    check = ProfileCheck(folder=folder.name, code=profile.code, name=profile.name, status=profile.status)
    check.guessed = [
        f"line {number}: {line.partition('guessed:')[2].strip()}"
        for number, line in enumerate(source.splitlines(), 1)
        if "guessed:" in line
    ]
    seen = _Seen()
    for sample, expected in _samples(folder, check):
        data = sample.read_bytes()
        reading = read(data, profile)
        seen.take(data, reading)
        differences = tuple(differ(expected, reading.as_json()))
        check.pairs.append(Pair(sample=sample.name, differences=differences))
    layouts_of(profile)
    _judge(profile, check)
    check.untested = seen.untested(profile, tomllib.loads(source))
    return check


def _samples(folder: Path, check: ProfileCheck) -> Iterator[tuple[Path, Any]]:
    """Give out each sample with its expected JSON; what stands alone is a fault."""
    samples = [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix not in NO_SAMPLES and not path.name.startswith(".")
    ]
    expected = {sample.with_suffix(".json") for sample in samples}
    for path in sorted(folder.glob("*.json")):
        if path not in expected:
            check.faults.append(f"{path.name}: the sample it belongs to is missing")
    if not samples:
        check.faults.append("no sample: a profile without a pair is a guess; add a file and its JSON")
    for sample in samples:
        path = sample.with_suffix(".json")
        try:
            yield sample, json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            check.faults.append(f"{sample.name}: {path.name} is missing; write by hand what it should say")
        except (ValueError, UnicodeDecodeError) as error:
            check.faults.append(f"{path.name}: this is no JSON: {error}")


def differ(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Give out every place where two JSON values differ, as "path: expected ..., read ...".

    A `sha256` the expected JSON does not name is not compared.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in [*expected, *(key for key in found if key not in expected)]:
            inner = f"{path}.{key}" if path else key
            if key not in found:
                yield f"{inner}: expected {_short(expected[key])}, but there is no such key"
            elif key in expected:
                yield from differ(expected[key], found[key], inner)
            elif inner != "sha256":
                yield f"{inner}: read {_short(found[key])}, but nothing is said about it"
    elif isinstance(expected, list) and isinstance(found, list):
        for index, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from differ(one, other, f"{path}[{index}]")
        if len(expected) != len(found):
            rest = (expected if len(expected) > len(found) else found)[min(len(expected), len(found)) :]
            yield f"{path}: expected {len(expected)} entries, read {len(found)}; from there on {_short(rest[0])}"
    elif expected != found or type(expected) is not type(found):
        yield f"{path}: expected {_short(expected)}, read {_short(found)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _judge(profile: Profile, check: ProfileCheck) -> None:
    """Book what the tables say against each other."""
    captured = any(pair.sample.startswith(CAPTURED) for pair in check.pairs)
    if profile.status == "verified" and not captured:
        text = f'status "verified", but no sample is named {CAPTURED}...; only his own traffic verifies a profile'
        check.faults.append(text)
    if profile.code != check.folder:
        check.advice.append(f'code is "{profile.code}", the folder is "{check.folder}"; name them alike')
    for name in ENDS:
        if getattr(profile, name).id == _DEFAULT_IDS[name]:
            check.advice.append(f'[{name}] id is still "{_DEFAULT_IDS[name]}"; write the id of the envelope')
    if profile.timezone == "UTC":
        check.advice.append('timezone is "UTC"; write where the plant stands, or every time is read wrong')
    for table in ("edifact", "x12"):
        _judge_places(table, getattr(profile, table), profile, check)
    _judge_writing(profile, check)
    x12_answer = profile.acknowledge in ("997", "999")
    if (x12_answer and profile.asn.format == "DESADV") or (
        profile.acknowledge == "CONTRL" and profile.asn.format == "856"
    ):
        text = (
            f"acknowledge is {profile.acknowledge}, the despatch advice is {profile.asn.format}: two syntaxes"
        )
        check.advice.append(text)


def _judge_writing(profile: Profile, check: ProfileCheck) -> None:
    """Write an ASN and an answer as the profile asks for, and read them back."""
    line = DespatchLine(
        call_number="C1", production_number="P1", vin="ZZZJ1S00000000001", sequence_number=str(profile.sequence.last),
        part_number="PART 1", quantity="1", slot="1", cumulative="100" if profile.asn.cumulative else None,
    )  # fmt: skip
    weight = "12.5" if profile.asn.weights == "all" else None
    package = DespatchPackage(
        number="RACK1", carrier_code="TYPE1", lines=(line,), gross_weight=weight, net_weight=weight
    )
    despatch = Despatch(
        shipment_number="1",
        departed_at="2026-01-01T06:00",
        ship_from="S1",
        ship_to="P1",
        dock="D1",
        packages=(package,),
        gross_weight=weight,
        net_weight=weight,
        weight_unit=profile.asn.unit,
    )
    at = datetime(2026, 1, 1, 6, 0)  # noqa: DTZ001 - plant local
    try:
        written = write_despatch(despatch, profile, control_ref="1", message_ref="1", prepared_at=at)
        if not read(written, profile).accepted:
            check.faults.append(f"[asn] {profile.asn.format}: the reader does not accept what would be sent")
    except ValueError as error:
        check.faults.append(f"[asn] {profile.asn.format}: it cannot be written: {error}")
    message = Message(type="DELJIT", ref="1")
    received = Interchange(
        sender=profile.their.id, recipient=profile.our.id, control_ref="1", prepared_at="2026-01-01T06:00",
        group_ref="1", messages=(message,),
    )  # fmt: skip
    for kind in dict.fromkeys(profile.answers_to(requested=True)):
        try:
            write_acknowledgement(received, profile, control_ref="2", prepared_at=at, kind=kind)
        except ValueError as error:
            check.faults.append(f"acknowledge {kind}: it cannot be written: {error}")


def _judge_places(table: str, places: Fields, profile: Profile, check: ProfileCheck) -> None:
    for rule in profile.identity:
        if rule in ("vin", "production_number") and not getattr(places, rule):
            check.faults.append(f"identity names {rule}, but [{table}] gives no place for it")
    owners: dict[str, str] = {}
    for name in ("vin", "production_number", "call_number", "slot", "dock", "line_feed", "family"):
        for place in getattr(places, name):
            if place in owners:
                text = f'[{table}] "{place}" is read as {owners[place]} and as {name}; one of them is wrong'
                check.faults.append(text)
            owners.setdefault(place, name)


class _Seen:
    """What the samples of a folder use, so that what they leave out can be said."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.events: set[str] = set()
        self.facts: set[str] = set()
        self.codes: dict[str, set[str]] = {
            name: set() for name in ("stages", "functions", "stages_function", "1245", "1229", "BSS")
        }

    def take(self, data: bytes, reading: Reading) -> None:
        for interchange in reading.interchanges:
            for message in interchange.messages:
                self.kinds.add(message.kind)
                for release in message.releases:
                    named = ("part_number", "supplier_part", "dock", "line_feed", "order_ref")
                    self.facts |= {name for name in named if getattr(release, name) is not None}
                    self.facts |= {"quantity"} if release.lines else set()
                for call in message.call_offs:
                    self.events.add(call.event)
                    self.facts |= {name for name in _CALL_FACTS if getattr(call, name) is not None}
                    for part in call.components:
                        self.facts |= {name for name in _PART_FACTS if getattr(part, name) is not None}
        for segment in segments(io.BytesIO(data)):
            self.take_codes(segment.tag, [item[0] if item else "" for item in segment.elements])

    def take_codes(self, tag: str, elements: list[str]) -> None:
        first, _, third = (*elements, "", "", "")[:3]
        if tag == "BGM":
            self.codes["stages"].add(first)
            self.codes["functions"].add(third)
            self.codes["stages_function"].add(f"{first}/{third}")
        elif tag == "SEQ":
            self.codes["1245"].add(first)
            self.codes["1229"].add(first)
        elif tag == "BSS":
            self.codes["BSS"].add(first)

    def untested(self, profile: Profile, tables: dict[str, Any]) -> dict[str, list[str]]:
        """Return by topic what the profile speaks of and no pair shows."""
        named = {**{name: tables.get(name, {}) for name in self.codes}, **tables.get("events", {})}
        codes = [
            f"{name} {code}" for name, table in named.items() if name in self.codes
            for code in table if code not in self.codes[name]
        ]  # fmt: skip
        meant = {event for table in tables.get("events", {}).values() for event in table.values()}
        meant |= {event for event in tables.get("functions", {}).values() if event}
        kinds = {STAGE_KINDS[stage] for stage in (*tables.get("stages", {}).values(),)}
        kinds |= {STAGE_KINDS[stage] for stage in tables.get("stages_function", {}).values()}
        places = {name for table in ("edifact", "x12") for name in tables.get(table, {})}
        found = {
            "events": sorted(meant - self.events),
            "kinds": sorted(kinds - self.kinds),
            "codes": sorted(codes, key=_numbers_last),
            "facts": sorted(places & {*_CALL_FACTS, *_PART_FACTS} - self.facts),
        }
        return {topic: items for topic, items in found.items() if items}


def _numbers_last(text: str) -> tuple[str, int, str]:
    name, _, code = text.partition(" ")
    number = re.match(r"\d+", code)
    return name, int(number[0]) if number else 0, code
