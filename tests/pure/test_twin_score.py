"""The score can fail: each kind of damage at the OEM's gate is counted as what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from edi.formats import Despatch, DespatchLine, DespatchPackage
from edi.twin.oem import Asn, Call, Departure, Feed, Piece
from edi.twin.score import Score, score
from sequencer.rules import Counter

FEED = Feed(
    "P", "OEM", "D1", ZoneInfo("UTC"), Counter("", 4, 1, 9999), ("C-A", "C-B"), 3,
    timedelta(hours=1), timedelta(minutes=1), last_rack_first=False, last_slot_first=False,
)  # fmt: skip
NUMBERS = {"A": "C-A", "B": "C-B"}
CALLS = [Call(FEED, f"V{n}", f"V{n}", n, "C-A", "2026-11-23T08:00") for n in (1, 2, 3)]


def line(n: int, slot: int, part: str = "C-A") -> DespatchLine:
    return DespatchLine(
        call_number=f"V{n}",
        production_number=f"V{n}",
        vin=f"V{n}",
        sequence_number=f"{n:04d}",
        part_number=part,
        supplier_part="A",
        quantity="1",
        unit="PCE",
        slot=str(slot),
        serials=(),
        order_ref=None,
    )


def asn(lines: list[DespatchLine], number: str = "T-1") -> Asn:
    package = DespatchPackage(number="R1", carrier_code="R1", lines=tuple(lines))
    return Asn(
        "OEM",
        Despatch(
            shipment_number=number,
            departed_at=None,
            ship_from=None,
            ship_to=None,
            dock="D1",
            carrier=None,
            truck=None,
            packages=(package,),
            lines=(),
        ),
    )


def truck(pieces: dict[int, str], number: str = "T-1") -> Departure:
    return Departure(number, "D1", {"R1": {slot: Piece(part) for slot, part in pieces.items()}})


RIGHT = [line(1, 1), line(2, 2), line(3, 3)]
FULL = {1: "A", 2: "A", 3: "A"}


def judged(
    lines: list[DespatchLine], pieces: dict[int, str] | None = None, calls: list[Call] | None = None
) -> Score:
    return score(calls or CALLS, [truck(pieces or FULL)], [asn(lines)], NUMBERS)


def test_a_right_truck_is_clean() -> None:
    found = judged(RIGHT)
    assert found.clean
    assert (found.units_called, found.units_shipped) == (3, 3)


@pytest.mark.parametrize(
    ("lines", "pieces", "kind"),
    [
        (RIGHT[:2], FULL, "lost"),
        ([line(1, 1), line(1, 2), line(2, 3), line(3, 4)], {**FULL, 4: "A"}, "doubled"),
        ([line(2, 1), line(1, 2), line(3, 3)], FULL, "out_of_sequence"),
        ([line(1, 1, "C-B"), line(2, 2), line(3, 3)], FULL, "wrong_part"),
        (RIGHT, {1: "A", 2: "B", 3: "A"}, "wrong_part"),
        (RIGHT, {1: "A", 3: "A"}, "wrong_part"),
        ([*RIGHT, replace(line(9, 4))], {**FULL, 4: "A"}, "wrong_part"),
    ],
)
def test_damage_is_counted(lines: list[DespatchLine], pieces: dict[int, str], kind: str) -> None:
    found = judged(lines, pieces)
    assert getattr(found, kind) == 1
    assert not found.clean


def test_a_truck_without_asn_is_missed_and_so_are_its_parts() -> None:
    found = score(CALLS, [truck(FULL)], [], NUMBERS)
    assert (found.asn_missing, found.lost) == (1, 3)


def test_a_cancelled_call_must_not_come() -> None:
    cancelled = [*CALLS[:2], replace(CALLS[2], cancelled=True)]
    assert judged(RIGHT, calls=cancelled).wrong_part == 1
    assert judged(RIGHT[:2], {1: "A", 2: "A"}, calls=cancelled).clean


def test_an_asn_without_truck_is_told() -> None:
    found = score(CALLS, [truck(FULL)], [asn(RIGHT), asn([], "T-9")], NUMBERS)
    assert found.findings == ["ASN T-9 tells of a truck that never came"]
