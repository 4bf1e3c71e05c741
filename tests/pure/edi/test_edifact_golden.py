"""Golden pairs of the EDIFACT messages: written by hand, all names and numbers made up."""

import json
from pathlib import Path

import pytest

from edi.formats import Despatch, Message, Receipt, Release, read

FOLDER = Path(__file__).parent / "edifact_golden"
SAMPLES = sorted(FOLDER.glob("*.edi"))


def first(name: str) -> Message:
    return read((FOLDER / f"synthetic_{name}.edi").read_bytes()).interchanges[0].messages[0]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_message_reads_as_its_json_says(sample: Path) -> None:
    expected = json.loads(sample.with_suffix(".json").read_text(encoding="utf-8"))
    assert read(sample.read_bytes()).as_json() == expected


def test_every_message_has_its_pair() -> None:
    kinds = {
        "delfor_d96a",
        "delfor_d97a",
        "delfor_kanban",
        "desadv_d07a",
        "recadv_d97a",
        "aperak_d96a",
        "contrl_3",
    }
    assert {path.stem for path in SAMPLES} == {
        f"synthetic_{kind}" for kind in (*kinds, "deljit_two_interchanges")
    }


def facts(release: Release) -> tuple[object, ...]:
    return (release.supplier_part, release.unit, release.order_ref, release.line_feed, release.release_number)


def test_a_delfor_tells_what_the_json_has_no_key_for() -> None:
    seat, spare, urgent = first("delfor_d96a").releases
    assert facts(seat) == ("SEAT-FL", "PCE", "4500017/10", None, "LAB-8")
    assert [line.urgency for line in seat.lines] == ["backlog", None, None, None]
    assert facts(spare) == (None, None, None, None, "LAB-8")
    assert (urgent.unit, urgent.lines[0].urgency) == ("KGM", "immediate")
    part, _ = first("delfor_d97a").releases
    assert facts(part) == (None, "PCE", "77001", "S20", "R0091")


def test_a_desadv_tells_which_package_stands_in_which() -> None:
    found = first("desadv_d07a").despatch
    assert isinstance(found, Despatch)
    assert [(package.number, package.parent, package.labels) for package in found.packages] == [
        ("RACK-1", None, ()),
        ("BOX-1", "RACK-1", ("BOX-1", "BOX-2")),
        ("RACK-2", None, ()),
    ]


def test_a_recadv_tells_every_receipt() -> None:
    at = "2026-11-21T05:30"
    assert first("recadv_d97a").receipts == (
        Receipt("SH-7001", "26 550 ZK32A", "SEAT-FL", None, "8", "8", "7", "-1", at),
        Receipt("SH-7000", "26 551 ZK32A", None, None, "4", "4", None, None, at),
    )
