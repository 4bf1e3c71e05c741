"""Golden pairs of the X12 sets beside the call-off: written by hand, all names and numbers made up."""

import json
from pathlib import Path

import pytest

from edi.formats import Message, Receipt, Release, read

SAMPLES = sorted((Path(__file__).parent / "x12_golden").glob("*.edi"))


def first(name: str) -> Message:
    path = Path(__file__).parent / "x12_golden" / f"synthetic_{name}.edi"
    return read(path.read_bytes()).interchanges[0].messages[0]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_set_reads_as_its_json_says(sample: Path) -> None:
    assert read(sample.read_bytes()).as_json() == json.loads(sample.with_suffix(".json").read_text())


def test_every_set_has_its_pair() -> None:
    kinds = {"830", "862", "862_kanban", "861", "824", "997", "999", "ta1"}
    assert {path.stem for path in SAMPLES} == {f"synthetic_{kind}" for kind in kinds}


def facts(release: Release) -> tuple[object, ...]:
    counts = (release.cumulative_required, release.cumulative_shipped, release.last_despatch)
    return (release.supplier_part, release.unit, release.order_ref, release.line_feed, *counts)


def test_an_830_tells_what_the_json_has_no_key_for() -> None:
    seat, spare, other = first("830").releases
    assert facts(seat) == ("SEAT-7", "PC", "PO4711", None, "1180", None, "S0099")
    assert [line.order_ref for line in seat.lines] == ["2647", None, None, None]
    assert facts(spare) == facts(other) == (None, "EA", "PO4711", None, None, None, None)
    assert {item.release_number for item in (seat, spare, other)} == {"SYN830-7"}


def test_an_862_tells_what_the_json_has_no_key_for() -> None:
    composite, plain = first("862").releases
    assert facts(composite) == (None, "PC", "SU14685", "SL", None, None, None)
    assert (composite.release_number, plain.order_ref) == ("R12", "PO4711")
    assert [line.order_ref for line in plain.lines] == ["D100", None]


def test_an_861_tells_every_receipt() -> None:
    at = "2026-11-21T05:12"
    assert first("861").receipts == (
        Receipt("S0099", "26550 ZK32A", received="36", received_at=at),
        Receipt("S0098", "26551 ZK32A", "SEAT-8", "PO4711", "10", "7", None, "-5", at),
    )
