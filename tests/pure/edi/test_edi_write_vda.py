"""A VDA 4913 as we write it: byte for byte, read back equal, and refused where a field cannot hold the fact."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.formats import (
    Address,
    AsnRule,
    Despatch,
    DespatchLine,
    DespatchPackage,
    InterchangeStart,
    LayoutFile,
    Profile,
    read,
    read_stream,
    write_despatch,
)
from edi.formats.write_vda import carried, transmission_numbers
from tests.pure.edi.edi_golden import with_layout

OURS = Profile(
    timezone="Europe/Berlin",
    asn=AsnRule(format="VDA4913"),
    our=Address(id="LF0815"),
    their=Address(id="KD4711"),
)
AT = datetime(2026, 11, 21, 13, 31, tzinfo=UTC)


def line(number: int, part: str = "7L6 881 105", quantity: str = "1") -> DespatchLine:
    return DespatchLine(
        call_number=f"B{number}",
        production_number=f"{number:010d}",
        vin=f"ZZZJ1S{number:011d}",
        sequence_number=f"{number:04d}",
        part_number=part,
        supplier_part="S-105",
        quantity=quantity,
        unit="PCE",
        slot=str(number),
        serials=(f"SN{number}",),
        order_ref="4500001234",
    )


def rack(number: str, *lines: DespatchLine) -> DespatchPackage:
    return DespatchPackage(number, "R12", lines)


def truck(*racks: DespatchPackage, **facts: object) -> Despatch:
    start = Despatch("T-00012", "2026-11-21T14:30", None, "054", "T12", None, "B-XY 12", racks)
    return replace(start, **facts)  # type: ignore[arg-type]


FULL = truck(rack("RACK7", *(line(number) for number in range(1, 13))))


def written(despatch: Despatch, control_ref: str = "7", profile: Profile = OURS) -> bytes:
    return write_despatch(despatch, profile, control_ref=control_ref, message_ref="1", prepared_at=AT)


def records(despatch: Despatch) -> list[str]:
    return written(despatch).decode().split("\r\n")[:-1]


def test_twelve_vehicles_of_one_part_are_one_item_and_two_records_of_production_numbers() -> None:
    numbers = "".join(f"{number:010d}" for number in range(1, 12))
    assert [record.rstrip() for record in records(FULL)] == [
        "71103KD4711   LF0815   0000600007261121                   J",
        "71203T-00012                  261121143000000000000000   0001              01B-XY 12                  "
        "         000000    000",
        "7130300000012261121T12        4500001234  40    054                         LF0815",
        "714037L6 881 105           S-105                    0000000012000ST0000000000000  000 001P               S",
        "71503R12                                         00000000000010010000000000000RACK7    RACK7    "
        "                            S",
        f"7180200000012{numbers}",
        "71802000000120000000012",
        "71902" + "0000001" * 5 + "0000000" + "0000002" + "0000001" + "0000000",
    ]


def test_every_record_has_128_bytes_and_the_trailer_counts_true() -> None:
    despatch = truck(rack("RACK7", line(1), line(2, "B")), rack("RACK8", line(3)))
    told = records(despatch)
    assert {len(record) for record in told} == {128}
    assert read(written(despatch)).accepted


def test_what_we_write_reads_back_equal() -> None:
    despatch = truck(
        rack("RACK7", line(1), line(2), line(3, "B"), line(4, "B", "4"), line(5)),
        rack("RACK8", line(6)),
        lines=(line(7, "C", "2.5"), replace(line(8), production_number=None)),
        carrier="SPED", ship_from="W1",
    )  # fmt: skip
    message = read(written(despatch)).interchanges[0].messages[0]
    assert message.despatch == carried(despatch, OURS)
    assert (message.kind, message.document_number, message.issued_at) == (
        "despatch_advice", "T-00012", "2026-11-21",
    )  # fmt: skip
    assert (message.buyer, message.supplier, message.ship_to) == ("KD4711", "LF0815", "054")


def test_what_the_format_has_no_field_for_is_left_out_and_nothing_else() -> None:
    (told,) = carried(truck(rack("R", line(1))), OURS).packages[0].lines
    assert told == DespatchLine(
        production_number="0000000001", part_number="7L6 881 105", supplier_part="S-105", quantity="1", unit="ST",
        order_ref="4500001234",
    )  # fmt: skip


def test_loading_order_stays_when_variants_alternate() -> None:
    lines = tuple(line(number, "AB"[number % 2]) for number in range(1, 7))
    despatch = truck(rack("RACK7", *lines))
    told = read(written(despatch)).interchanges[0].messages[0].despatch
    assert told is not None
    assert [item.production_number for item in told.packages[0].lines] == [
        item.production_number for item in lines
    ]


@pytest.mark.parametrize(
    ("count", "old", "new"),
    [
        ("1", "00000", "00001"),
        ("2", "00001", "00002"),
        ("99999", "99998", "99999"),
        ("100000", "99999", "00001"),
        ("100001", "00001", "00002"),
        ("199999", "99999", "00001"),
    ],
)
def test_each_transmission_names_the_one_before_it_and_99999_is_followed_by_00001(
    count: str, old: str, new: str
) -> None:
    assert transmission_numbers(count) == (old, new)
    (start,) = [
        part for part in read_stream(io.BytesIO(written(FULL, count))) if isinstance(part, InterchangeStart)
    ]
    assert (start.previous_ref, start.control_ref) == (old, new)


def test_times_are_those_of_the_plant() -> None:
    told = read(written(truck(rack("R", line(1)), departed_at="2026-11-21T23:30+00:00")))
    despatch = told.interchanges[0].messages[0].despatch
    assert despatch is not None
    assert despatch.departed_at == "2026-11-22T00:30"


@pytest.mark.parametrize(
    ("despatch", "sentence"),
    [
        (replace(FULL, shipment_number=None), "712 shipment number: the despatch advice has no"),
        (replace(FULL, shipment_number="T-12-3"), "713 delivery note number: shipment 'T-12-3'"),
        (replace(FULL, shipment_number="T-123456789"), "713 delivery note number"),
        (replace(FULL, shipment_number="TRUCK-0012"), "712 shipment number: 'TRUCK-0012' is longer than 8"),
        (replace(FULL, dock="DOCK-12"), "713 unloading point: 'DOCK-12' is longer than 5 characters"),
        (replace(FULL, ship_to="Ł1"), "713 plant of the customer: iso8859-1 cannot carry 'Ł1'"),
        (replace(FULL, truck="B\nXY"), "712 transport number: iso8859-1 cannot carry"),
        (replace(FULL, carrier=" X"), "712 carrier: ' X' would lose its outer blanks"),
        (truck(rack("RACK-000012", line(1))), "715 package number from: 'RACK-000012' is longer than 9"),
        (truck(DespatchPackage(None, "R12", (line(1),))), "715 package number: package None needs"),
        (truck(rack("R1")), "715 package number: package 'R1' needs"),
        (truck(rack("R1", line(1)), rack("R1", line(2))), "715 package number: package 'R1' needs"),
        (truck(rack("R", replace(line(1), part_number=None))), "714 part number: line 1"),
        (truck(rack("R", replace(line(1), quantity=None))), "714 quantity: line 1"),
        (truck(rack("R", replace(line(1), quantity="1.2345"))), "714 quantity: '1.2345' is no number with"),
        (truck(rack("R", replace(line(1), quantity="-1"))), "714 quantity: '-1' is no number"),
        (truck(rack("R", replace(line(1), unit="BOX"))), "714 unit: 'BOX' is longer than 2 characters"),
        (truck(rack("R", replace(line(1), production_number="12345678901"))), "718 production number 1:"),
        (truck(rack("R", line(1), replace(line(2), order_ref="X"))), "713 order number: one delivery note"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_it_is_refused_naming_record_and_field(despatch: Despatch, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^7") as refusal:
        written(despatch)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("control_ref", ["", "0", "A1", "-3"])
def test_a_transmission_has_a_number_from_one_on(control_ref: str) -> None:
    with pytest.raises(ValueError, match="711 new transmission number"):
        written(FULL, control_ref)


def test_a_partners_own_layout_is_written_by_too() -> None:
    unit = LayoutFile("own.toml", {"format": "vda", "base": "vda4913", "units": {"PCE": "PC"}})
    told = read(written(FULL, profile=with_layout(unit, profile=OURS)))
    despatch = told.interchanges[0].messages[0].despatch
    assert despatch is not None
    assert {item.unit for item in despatch.packages[0].lines} == {"PC"}


texts = st.text(
    st.characters(codec="latin-1", exclude_categories=("Cc", "Cf", "Zs", "Zl", "Zp")), min_size=1, max_size=8
)
quantities = st.one_of(st.just("1"), st.integers(1, 10**9).map(str))
line_facts = st.builds(
    DespatchLine,
    call_number=texts,
    production_number=st.none() | texts,
    vin=texts,
    part_number=st.sampled_from(["A", "B"]),
    supplier_part=st.none() | st.just("S"),
    quantity=quantities,
    unit=st.sampled_from([None, "ST", "PCE", "KG"]),
)


@given(
    racks=st.lists(st.lists(line_facts, min_size=1, max_size=30), max_size=5),
    loose=st.lists(line_facts, max_size=4),
    dock=st.none() | st.text("ABC123", min_size=1, max_size=5),
)
def test_whatever_can_be_written_is_read_back_equal(
    racks: list[list[DespatchLine]], loose: list[DespatchLine], dock: str | None
) -> None:
    packages = tuple(rack(f"R{number}", *lines) for number, lines in enumerate(racks))
    despatch = truck(*packages, lines=tuple(loose), dock=dock)
    if not loose and not racks:
        despatch = replace(despatch, lines=(line(1),))
    told = read(written(despatch))
    assert told.accepted
    assert told.interchanges[0].messages[0].despatch == carried(despatch, OURS)
