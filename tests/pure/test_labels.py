"""What a scanned label says."""

from __future__ import annotations

import pytest

from sequencer.labels import Kind, read_label

ENVELOPE = "[)>\x1e06\x1dP8R0-853-651 B\x1dS000123\x1e\x04"


@pytest.mark.parametrize(
    ("raw", "kind", "value", "slot"),
    [
        ("%B:1001", Kind.BADGE, "1001", None),
        ("%C:seal", Kind.COMMAND, "SEAL", None),
        ("%R:DP001", Kind.CARRIER, "DP001", None),
        ("%L:DP001:07", Kind.SLOT, "DP001", 7),
        ("%L:7", Kind.SLOT, "", 7),
        ("%L:x", Kind.SLOT, "", None),
        ("%T:T-00031", Kind.SHIPMENT, "T-00031", None),
        ("]C1%B:1001", Kind.BADGE, "1001", None),
        ("%B:1001\r", Kind.BADGE, "1001", None),
    ],
)
def test_own_labels(raw: str, kind: Kind, value: str, slot: int | None) -> None:
    label = read_label(raw)
    assert (label.kind, label.value, label.slot) == (kind, value, slot)


def test_iso_15434_envelope_gives_part_and_serial_with_inner_blank() -> None:
    label = read_label(ENVELOPE)
    assert label.numbers == ("8R0-853-651 B",)
    assert label.serial == "000123"


def test_a_part_number_that_begins_with_p_is_read_both_ways() -> None:
    assert read_label("P4410").numbers == ("P4410", "4410")


def test_bare_serial_identifier() -> None:
    assert read_label("S000123").serial == "000123"


def test_own_pattern_wins() -> None:
    label = read_label("ZF|4410|77", r"ZF\|(?P<part>\d+)\|(?P<serial>\d+)")
    assert (label.numbers, label.serial) == (("4410",), "77")


@pytest.mark.parametrize(
    "raw", ["", "%", "%Z:9", "\x00", "[)>\x1e06\x1d", "[)>\x1e06\x1d\x1e\x04", "]C1", "😀" * 50]
)
def test_rubbish_is_a_label_that_fits_nothing(raw: str) -> None:
    assert read_label(raw).kind in Kind
