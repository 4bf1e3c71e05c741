"""Which kanban cards a schedule names, in every syntax, and to which of its quantities they belong."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from edi.formats import Message, Profile, read
from edi.formats.profile import EDIFACT_FIELDS, X12_FIELDS

from .edi_golden import profile_for
from .edi_samples import interchange, message, x12

FOLDER = Path(__file__).parent
HEAD = ("BGM+241+CALL-8+9", "DTM+137:202611210600:203")
FIRST = ("SCC+1", "QTY+113:24:PCE", "DTM+2:202611230600:203")
SECOND = ("SCC+1", "QTY+113:48:PCE", "DTM+2:202611231400:203")
# A ship schedule told as DELJIT: BGM 1001 makes it a release.
SHIP_SCHEDULE = Profile(stages=MappingProxyType({"241": "release"}))


def delfor(*segments: str, profile: Profile | None = None) -> Message:
    raw = interchange(message(*HEAD, "LIN+1++X1:IN", *segments, kind="DELFOR:D:97A:UN"))
    return read(raw, profile).interchanges[0].messages[0]


def deljit(*segments: str) -> Message:
    raw = interchange(message(*HEAD, *segments, kind="DELJIT:D:04B:UN"))
    return read(raw, SHIP_SCHEDULE).interchanges[0].messages[0]


def short(*segments: str, profile: Profile | None = None) -> Message:
    head = ("BSS*00*SYN1*20261121*SH*20261123*20261127", "LIN**BP*X*RC*K77")
    return read(x12(*head, *segments, kind="862", functional_id="SS"), profile).interchanges[0].messages[0]


def cards(found: Message) -> list[tuple[str, ...]]:
    return [line.kanban_cards for release in found.releases for line in release.lines]


RFF = replace(Profile(), edifact=replace(EDIFACT_FIELDS, kanban_card=("RFF ZZZ",)))
RC = replace(Profile(), x12=replace(X12_FIELDS, kanban_card=("LIN RC",), kanban_last=()))

NAMED = [
    ("GIR of the part", delfor("GIR+3+C1:AL+C2:AL+X:VV", *FIRST), [("C1", "C2")]),
    ("GIN of the part", delfor("GIN+AL+C1+C2", *FIRST), [("C1", "C2")]),
    ("a run in its packages",
     delfor(*FIRST, "PAC+3", "PCI+17", "GIN+AL+S-009:S-011"), [("S-009", "S-010", "S-011")]),
    ("another number of a package", delfor(*FIRST, "PAC+3", "PCI+17", "GIN+ML+P1"), [()]),
    ("a place of his own",
     delfor(*FIRST, "RFF+ZZZ:C1", *SECOND, "RFF+ZZZ:C2", profile=RFF), [("C1",), ("C2",)]),
    ("once, said twice", delfor("GIR+3+C1:AL", *FIRST, "PAC+1", "PCI+17", "GIN+AL+C1"), [("C1",)]),
    ("GIR of a SEQ", deljit("SEQ+1", "GIR+3+C1:AL", "LIN+1++X1:IN", *FIRST[1:]), [("C1",)]),
    ("packages of a SEQ",
     deljit("SEQ+1", "PAC+2", "PCI+17", "GIN+AL+C1+C2", "LIN+1++X1:IN", *FIRST[1:]), [("C1", "C2")]),
    ("REF of the part", short("REF*KB*017", "FST*24*C*D*20261123"), [("017",)]),
    ("reference of an FST", short("FST*24*C*D*20261123****KB*017"), [("017",)]),
    ("REF of each time",
     short("FST*48*C*D*20261123", "JIT*24*0600", "REF*KB*1", "JIT*24*1400", "REF*KB*2"), [("1",), ("2",)]),
    ("a run of X12", short("FST*72*C*D*20261123", "JIT*72*0600", "REF*KB*098", "REF*KE*100"), [("098", "099", "100")]),
    ("composite of a REF", short("FST*24*C*D*20261123", "JIT*24*0600", "REF*P5***KB>7"), [("7",)]),
    ("the kind of card is no card", short("FST*24*C*D*20261123"), [()]),
    ("unless his profile says so", short("FST*24*C*D*20261123", profile=RC), [("K77",)]),
]  # fmt: skip


@pytest.mark.parametrize(("found", "expected"), [row[1:] for row in NAMED], ids=[row[0] for row in NAMED])
def test_the_cards_of_a_quantity(found: Message, expected: list[tuple[str, ...]]) -> None:
    assert (cards(found), [item.code for item in found.problems]) == (expected, [])


TOLD = [
    ("of two quantities", delfor("GIR+3+C1:AL", *FIRST, *SECOND), [(), ()]),
    ("of two days", short("REF*KB*1", "FST*24*C*D*20261123", "FST*24*C*D*20261124"), [(), ()]),
    ("a run backwards", delfor(*FIRST, "PAC+3", "PCI+17", "GIN+AL+S-9:S-1"), [()]),
    ("a run of other letters", delfor(*FIRST, "PAC+3", "PCI+17", "GIN+AL+S-1:T-9"), [()]),
    ("a run without end", delfor(*FIRST, "PAC+3", "PCI+17", "GIN+AL+S-0001:S-9999"), [()]),
]


@pytest.mark.parametrize(("found", "expected"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD])
def test_cards_nobody_can_place_are_told_and_never_guessed(
    found: Message, expected: list[tuple[str, ...]]
) -> None:
    assert cards(found) == expected
    assert [(item.code, item.severity) for item in found.problems] == [("kanban_left_out", "warn")]


def test_cards_of_the_golden_samples() -> None:
    """They are no key of the canonical JSON, so the pairs do not show them."""
    samples = {
        "edifact_golden/synthetic_delfor_kanban.edi": [
            ("C-00017", "C-00018"),
            ("S-0009", "S-0010", "S-0011"),
        ],
        "x12_golden/synthetic_862_kanban.edi": [("000417",), ("000998", "000999")],
        "golden/example_vda4915.edi": [("KB-00000017", "KB-00000018"), ("KB-00000019",)],
    }
    for name, expected in samples.items():
        path = FOLDER / name
        profile = profile_for(path.stem) if "golden/example" in name else None
        assert cards(read(path.read_bytes(), profile).interchanges[0].messages[0]) == expected
