"""DESADV: the packaging tree of D.96A and of D.07A in the shape of VDA 4987, read and written."""

import io
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydifact.segmentcollection import Interchange as PydifactInterchange

from edi.formats import (
    AsnRule,
    Despatch,
    DespatchLine,
    DespatchPackage,
    Message,
    Profile,
    read,
    segments,
    write_despatch,
)
from tests.bounds import searched

from .edi_samples import interchange, message

ENVELOPE: dict[str, Any] = {
    "control_ref": "77",
    "message_ref": "1",
    "prepared_at": datetime(2026, 11, 21, 14, 0),
}
D96A, D07A = (Profile(asn=AsnRule(directory=directory)) for directory in ("D.96A", "D.07A"))
HEAD = (
    "BGM+351+SH1+9",
    "DTM+137:202611211400:203",
    "DTM+11:202611211430:203",
    "NAD+BY+OEM::92",
    "NAD+SE+SUP::92",
)


def only_message(*lines: str, kind: str = "DESADV:D:07A:UN:GMI021") -> Message:
    ((found,),) = (part.messages for part in read(interchange(message(*lines, kind=kind))).interchanges)
    return found


def despatch(*lines: str, kind: str = "DESADV:D:07A:UN:GMI021") -> Despatch:
    found = only_message(*HEAD, *lines, kind=kind)
    assert found.problems == ()
    assert found.despatch is not None
    return found.despatch


def test_a_4987_tree_is_outer_packages_with_inner_ones() -> None:
    found = despatch(
        *("NAD+ST+P7::92", "LOC+11+D3::92", "NAD+FW+1::92", "TDT+12++30"),
        *("CPS+1++3", "PAC+1+:35+RACK1::92", "PCI+17+++1", "GIN+ML+LOT 1"),
        *("CPS+2++1", "PAC+3+:35+BOX::92", "QTY+52:294:PCE", "PCI+17+++1", "RFF+ACI:LOT 1"),
        *("GIN+ML+B1", "GIN+ML+B2", "GIN+ML+B3", "LIN+++197.536-21:IN", "PIA+1+S-1:SA+:DR", "QTY+12:600:PCE"),
        *("ALI+CN", "FTX+LIN+++BRACKET", "RFF+ON:5500011089:00010", "LOC+159+3630::92"),
        *(
            "CPS+3++3",
            "PAC+1++RACK2",
            "PCI+17",
            "GIN+ML+LOT 2",
            "CPS+4+3+1",
            "PAC+1++BOX",
            "PCI+17",
            "GIN+ML+B4",
        ),
        *("LIN+++X2:IN", "QTY+12:5"),
    )
    assert (found.shipment_number, found.departed_at, found.ship_to, found.dock) == (
        "SH1",
        "2026-11-21T14:30",
        "P7",
        "D3",
    )
    outer, inner, second, box = found.packages
    assert (outer.number, outer.carrier_code, outer.parent, outer.lines) == ("LOT 1", "RACK1", None, ())
    assert (inner.number, inner.labels, inner.parent) == ("B1", ("B1", "B2", "B3"), "LOT 1")
    (line,) = inner.lines
    assert (line.part_number, line.supplier_part, line.quantity, line.order_ref) == (
        "197.536-21",
        "S-1",
        "600",
        "5500011089/00010",
    )
    assert (second.number, box.number, box.parent) == ("LOT 2", "B4", "LOT 2")


def test_d07a_has_segments_d96a_has_not() -> None:
    found = despatch(
        *("TDT+12++30", "TMD+3", "EQD+CN+TR1", "SEL+S1", "CPS+1++3", "QVR+0", "PAC+1++T8", "PCI+17"),
        *("GIR+3+L1:BX", "DTM+36:20270101:102", "GIN+ML+R1", "COD+1", "MEA+WT", "QTY+1:1"),
        *("LIN+1++X1:IN", "IMD+F++:::SEAT", "QTY+12:1", "ALI+DE", "GIN+BN+SN1+SN2", "GIR+4+V1:VV+B1:AN"),
        *("TMD+3", "FTX+LIN+++SEAT", "PAC+1", "RFF+ON:4500017:10", "DTM+171:20261101:102", "CNT+2:1"),
    )
    (rack,) = found.packages
    (line,) = rack.lines
    assert (rack.number, line.vin, line.production_number, line.serials) == ("R1", "V1", "B1", ("SN1", "SN2"))


@pytest.mark.parametrize("kind", ["DESADV:D:96A:UN", "DESADV:D:97A:UN:A01051", "DESADV:D:07A:UN:GMI020"])
def test_a_tree_without_parent_pointers_and_with_them_is_read_alike(kind: str) -> None:
    racks = [("CPS+2{}", "PAC+1++T8", "PCI+17", "GIN+ML+R1", "LIN+1++X1:IN", "QTY+12:1")]
    for pointer in ("+1+3", "++3", ""):
        lines = ["CPS+1++4", *(line.format(pointer) for line in racks[0])]
        (rack,) = despatch(*lines, kind=kind).packages
        assert (rack.number, rack.parent, len(rack.lines)) == ("R1", None, 1)


def test_the_shape_of_a_written_d07a() -> None:
    line = DespatchLine(
        "C1", "BODY1", "V1", "0042", "X1", "S1", "1", "PCE", "3", serials=("SN1", "SN2"), order_ref="4500017"
    )
    packages = (
        DespatchPackage("R1", "T8"),
        DespatchPackage("B1", "BOX", (line,), parent="R1", labels=("B1", "B2")),
    )
    sent = Despatch("SH1", "2026-11-21T14:30", "SUP", "P7", "D3", "CARR", "TRUCK 7", packages, seal="SEAL9")
    data = write_despatch(sent, D07A, **ENVELOPE)
    assert [item.text for item in segments(io.BytesIO(data))][2:-2] == [
        "BGM+351+SH1+9",
        "DTM+137:202611211400:203",
        "DTM+11:202611211430:203",
        "NAD+BY+OEM::92",
        "NAD+SE+SUPPLIER::92",
        "NAD+SF+SUP::92",
        "NAD+ST+P7::92",
        "LOC+11+D3",
        "TDT+12++30++CARR+++TRUCK 7",
        "EQD+TE+TRUCK 7",
        "SEL+SEAL9",
        "CPS+1",
        "CPS+2+1+3",
        "PAC+1++T8::92",
        "PCI+17",
        "GIN+ML+R1",
        "CPS+3+2+1",
        "PAC+2++BOX::92",
        "PCI+17",
        "GIN+ML+B1",
        "GIN+ML+B2",
        "LIN+1++X1:IN",
        "PIA+1+S1:SA",
        "QTY+12:1:PCE",
        "GIN+BN+SN1+SN2",
        "GIR+4+V1:VV+BODY1:AN+3:AO",
        "RFF+ZZZ:0042",
        "RFF+CR:C1",
        "RFF+ON:4500017",
    ]


NUMBERS = st.text("AZ09 +:'?-", min_size=1, max_size=12).filter(lambda text: text == text.strip())


@st.composite
def trees(draw: st.DrawFn) -> Despatch:
    """Racks with packages inside, those with one or several labels; every number is used once."""
    numbers = iter(draw(st.lists(NUMBERS, min_size=12, max_size=12, unique=True)))
    packages: list[DespatchPackage] = []
    for _ in range(draw(st.integers(1, 3))):
        rack = DespatchPackage(next(numbers), draw(st.none() | st.just("T8")), lines(draw))
        packages.append(rack)
        for _ in range(draw(st.integers(0, 2))):
            number = next(numbers)
            labels = (number, f"{number}X") if draw(st.booleans()) else ()
            packages.append(DespatchPackage(number, None, lines(draw), rack.number, labels))
    return Despatch("SH1", packages=tuple(packages), seal=draw(st.none() | NUMBERS))


def lines(draw: st.DrawFn) -> tuple[DespatchLine, ...]:
    parts = draw(st.lists(NUMBERS, max_size=2))
    return tuple(
        DespatchLine(vin=draw(st.none() | NUMBERS), part_number=part, quantity="1") for part in parts
    )


@pytest.mark.parametrize("profile", [D96A, D07A], ids=["D.96A", "D.07A"])
@searched(60)
@given(sent=trees())
def test_a_tree_comes_back_as_it_was_sent(profile: Profile, sent: Despatch) -> None:
    reading = read(write_despatch(sent, profile, **ENVELOPE), profile)
    assert reading.accepted
    assert reading.interchanges[0].messages[0].despatch == sent


@pytest.mark.parametrize("profile", [D96A, D07A], ids=["D.96A", "D.07A"])
@searched(30)
@given(sent=trees())
def test_pydifact_reads_the_same_tree(profile: Profile, sent: Despatch) -> None:
    data = write_despatch(sent, profile, **ENVELOPE)
    (found,) = PydifactInterchange.from_str(data.decode("latin-1")).get_messages()
    pointers = [segment.elements for segment in found.segments if segment.tag == "CPS"][1:]
    levels = {package.number: str(at) for at, package in enumerate(sent.packages, 2)}
    assert [item[1] for item in pointers] == [levels.get(package.parent, "1") for package in sent.packages]
    labels = [segment.elements[1] for segment in found.segments if segment.tag == "GIN"]
    assert labels == [label for package in sent.packages for label in package.labels or (package.number,)]


RACK = DespatchPackage("R1", "T8")


@pytest.mark.parametrize(
    ("packages", "named"),
    [
        ((replace(RACK, parent="R9"),), "CPS element 2"),
        ((DespatchPackage("B1", parent="R1"), RACK), "CPS element 2"),
        ((replace(RACK, labels=("R2", "R1")),), "GIN element 2.1"),
        ((DespatchPackage(),), "PAC element 3"),
    ],
)
def test_a_tree_that_does_not_hold_is_refused(packages: tuple[DespatchPackage, ...], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        write_despatch(Despatch("SH1", packages=packages), D96A, **ENVELOPE)


@pytest.mark.parametrize("rule", [AsnRule(), AsnRule(directory="D.07A"), AsnRule(format="856")])
@pytest.mark.parametrize("truck", [None, "TRUCK 7"])
def test_a_seal_comes_back_as_it_was_sent(rule: AsnRule, truck: str | None) -> None:
    profile = Profile(asn=rule)
    sent = Despatch("SH1", truck=truck, packages=(RACK,), seal="SEAL9")
    assert (
        read(write_despatch(sent, profile, **ENVELOPE), profile).interchanges[0].messages[0].despatch == sent
    )
