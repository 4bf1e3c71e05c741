"""Weights, cumulative quantities and ship-from party of a despatch advice: written where known, read back equal."""

import io
import tomllib
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydifact.segmentcollection import Interchange as PydifactInterchange

from edi.formats import (
    Address,
    AsnRule,
    Despatch,
    DespatchLine,
    DespatchPackage,
    LayoutFile,
    Message,
    Profile,
    as_json,
    load_profile,
    read,
    segments,
    write_despatch,
)
from edi.formats.profile import ProfileError
from edi.formats.vda_layout import SHIPPED
from edi.formats.write_vda import carried
from tests.bounds import searched

from .edi_golden import with_layout
from .edi_samples import interchange, message
from .test_edi_round_trip import EDIFACT_CHARS, X12_CHARS, despatches, texts
from .test_x12_writers import DESPATCHES, HIERARCHIES, laid_open, of_tag, read_by_others

ENVELOPE: dict[str, Any] = {
    "control_ref": "77",
    "message_ref": "1",
    "prepared_at": datetime(2026, 11, 21, 14, 0),
}
D96A, D07A = (Profile(asn=AsnRule(directory=directory)) for directory in ("D.96A", "D.07A"))
X856 = Profile(asn=AsnRule(format="856"))
VDA = Profile(asn=AsnRule(format="VDA4913"), our=Address(id="LF0815"), their=Address(id="KD4711"))

LINE = DespatchLine(
    part_number="X1",
    quantity="2",
    unit="PCE",
    cumulative="1204",
    cumulative_since="2026-07-01",
    order_ref="PO1",
)
FULL = Despatch(
    "T-00012", "2026-11-21T14:30", "SF1", "P7",
    packages=(
        DespatchPackage("R1", "T8", (LINE,), gross_weight="131.5", net_weight="31.5"),
        DespatchPackage("R2", "T8", (replace(LINE, part_number="X2", cumulative="7"),), gross_weight="120"),
    ),
    supplier="4711", ship_from_name="SEATS LTD", gross_weight="251.5", weight_unit="KGM",
)  # fmt: skip


def told(data: bytes) -> list[str]:
    """Segments that carry what this page is about, in the order written."""
    tags = ("MEA", "NAD", "N1", "TD1", "SN1", "QTY", "DTM+51", "CPS", "HL")
    return [item.text for item in segments(io.BytesIO(data)) if item.text.startswith(tags)]


def only(data: bytes, profile: Profile) -> Message:
    reading = read(data, profile)
    assert reading.accepted, reading
    ((found,),) = (part.messages for part in reading.interchanges)
    assert found.problems == ()
    return found


@pytest.mark.parametrize("profile", [D96A, D07A], ids=["D.96A", "D.07A"])
def test_a_desadv_tells_weights_to_date_and_from_where(profile: Profile) -> None:
    assert told(write_despatch(FULL, profile, **ENVELOPE)) == [
        "MEA+AAX+AAD+KGM:251.5",
        "NAD+BY+OEM::92",
        "NAD+SE+4711::92",
        "NAD+SF+SF1::92++SEATS LTD",
        "NAD+ST+P7::92",
        "CPS+1",
        "CPS+2+1+3",
        "MEA+AAY+AAB+KGM:131.5",
        "MEA+AAY+AAA+KGM:31.5",
        "QTY+12:2:PCE",
        "QTY+3:1204:PCE",
        "DTM+51:20260701:102",
        "CPS+3+1+3",
        "MEA+AAY+AAB+KGM:120",
        "QTY+12:2:PCE",
        "QTY+3:7:PCE",
        "DTM+51:20260701:102",
    ]


def test_an_856_tells_them_too() -> None:
    data = write_despatch(replace(FULL, weight_unit="LB"), X856, **ENVELOPE)
    assert told(data) == [
        "HL*1**S*1",
        "TD1******G*251.5*LB",
        "N1*SU**92*4711",
        "N1*SF*SEATS LTD*92*SF1",
        "N1*ST**92*P7",
        "HL*2*1*T*1",
        "TD1******G*131.5*LB",
        "TD1******N*31.5*LB",
        "HL*3*2*I*0",
        "SN1**2*PCE*1204",
        "HL*4*1*T*1",
        "TD1******G*120*LB",
        "HL*5*4*I*0",
        "SN1**2*PCE*7",
    ]
    assert next(item[6:] for item in of_tag(read_by_others(data), "TD1")) == ["G", "251.5", "LB"]


@pytest.mark.parametrize("profile", [D96A, D07A, X856], ids=["D.96A", "D.07A", "856"])
def test_what_is_not_known_is_left_out(profile: Profile) -> None:
    bare = Despatch(
        "SH1", packages=(DespatchPackage("R1", lines=(DespatchLine(part_number="X", quantity="1"),)),)
    )
    written = told(write_despatch(bare, profile, **ENVELOPE))
    assert not [text for text in written if text.startswith(("MEA", "TD1", "DTM", "QTY+3", "NAD+SF", "N1"))]
    found = only(write_despatch(bare, profile, **ENVELOPE), profile).despatch
    assert found == bare


@pytest.mark.parametrize("profile", [D96A, D07A, X856], ids=["D.96A", "D.07A", "856"])
def test_the_supplier_of_the_plant_stands_in_the_message(profile: Profile) -> None:
    sent = replace(FULL, weight_unit=profile.asn.unit)
    found = only(write_despatch(sent, profile, **ENVELOPE), profile)
    assert found.supplier == "4711"
    wanted = replace(sent, supplier=None)
    if profile is X856:
        # SN1 has no place for the day the count began.
        racks = [
            replace(item, lines=tuple(replace(line, cumulative_since=None) for line in item.lines))
            for item in sent.packages
        ]
        wanted = replace(wanted, packages=tuple(racks))
    assert found.despatch == wanted


def test_they_are_no_keys_of_the_canonical_json() -> None:
    shown = as_json(FULL)
    assert isinstance(shown, dict)
    assert list(shown) == [
        "shipment_number", "departed_at", "ship_from", "ship_to", "dock", "carrier", "truck", "packages", "lines",
    ]  # fmt: skip
    assert "weight" not in str(shown)
    assert "cumulative" not in str(shown)


WEIGHTS = st.none() | st.integers(1, 10**7).map(
    lambda grams: f"{grams // 1000}.{grams % 1000 or 5:03}".rstrip("0")
)
COUNTS = st.none() | st.integers(0, 10**7).map(str)


@st.composite
def figured(draw: st.DrawFn, bare: st.SearchStrategy[Despatch], unit: str, chars: str) -> Despatch:
    """A despatch with figures at some of its places."""
    since = st.none() | st.just("2026-07-01") if unit == "KGM" else st.none()

    def line(item: DespatchLine) -> DespatchLine:
        return replace(item, cumulative=draw(COUNTS), cumulative_since=draw(since)) if item.quantity else item

    sent = draw(bare)
    packages = tuple(
        replace(
            item, lines=tuple(map(line, item.lines)), gross_weight=draw(WEIGHTS), net_weight=draw(WEIGHTS)
        )
        for item in sent.packages
    )
    gross, net = draw(WEIGHTS), draw(WEIGHTS)
    known = gross or net or any(item.gross_weight or item.net_weight for item in packages)
    return replace(
        sent, packages=packages, lines=tuple(map(line, sent.lines)), gross_weight=gross, net_weight=net,
        weight_unit=unit if known else None,
        ship_from_name=draw(st.none() | texts(chars, 35)) if sent.ship_from else None,
    )  # fmt: skip


@pytest.mark.parametrize("profile", [D96A, D07A], ids=["D.96A", "D.07A"])
@searched(80)
@given(sent=figured(despatches(EDIFACT_CHARS), "KGM", EDIFACT_CHARS))
def test_a_desadv_with_figures_comes_back_as_it_was_sent(profile: Profile, sent: Despatch) -> None:
    assert only(write_despatch(sent, profile, **ENVELOPE), profile).despatch == sent


@searched(60)
@given(sent=figured(despatches("AZaz09 +:'?-"), "KGM", "AZaz09 +:'?-"))
def test_pydifact_reads_the_same_figures(sent: Despatch) -> None:
    data = write_despatch(sent, D96A, **ENVELOPE)
    (found,) = PydifactInterchange.from_str(data.decode("latin-1")).get_messages()
    weighed = [item.elements for item in found.segments if item.tag == "MEA"]
    everything = (sent, *sent.packages)
    values = [value for item in everything for value in (item.gross_weight, item.net_weight) if value]
    assert [item[2] for item in weighed] == [["KGM", value] for value in values]
    lines = [*sent.lines, *(line for package in sent.packages for line in package.lines)]
    counts = [
        item.elements[0][1] for item in found.segments if item.tag == "QTY" and item.elements[0][0] == "3"
    ]
    assert counts == [line.cumulative for line in lines if line.cumulative]


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
@searched(25)
@given(sent=figured(DESPATCHES, "LB", X12_CHARS))
def test_an_856_with_figures_comes_back_as_it_was_sent(hierarchy: str, sent: Despatch) -> None:
    profile = Profile(asn=AsnRule(format="856", hierarchy=hierarchy))
    data = write_despatch(sent, profile, **ENVELOPE)
    found = only(data, profile).despatch
    assert found is not None
    assert laid_open(found) == laid_open(sent)
    weights = {item.number: (item.gross_weight, item.net_weight) for item in found.packages}
    assert weights == {item.number: (item.gross_weight, item.net_weight) for item in sent.packages}


@searched(25)
@given(sent=figured(DESPATCHES, "KG", X12_CHARS), hierarchy=st.sampled_from(HIERARCHIES))
def test_others_read_each_weight_of_our_856_once(sent: Despatch, hierarchy: str) -> None:
    """A rack below several orders is told several times; who adds up its weights must not get more than it weighs."""
    profile = Profile(asn=AsnRule(format="856", hierarchy=hierarchy))
    found = of_tag(read_by_others(write_despatch(sent, profile, **ENVELOPE)), "TD1")
    everything = (sent, *sent.packages)
    gross = sorted(item.gross_weight for item in everything if item.gross_weight)
    assert sorted(item[7] for item in found if item[6] == "G") == gross
    assert {item[8] for item in found} <= {"KG"}


# VDA 4913


def test_vda_has_fields_for_the_trucks_weight_in_whole_kilograms() -> None:
    sent = replace(FULL, ship_from="SF1", gross_weight="251.5", net_weight="62.49")
    data = write_despatch(sent, VDA, **ENVELOPE)
    transport = next(item.text for item in segments(io.BytesIO(data)) if item.tag == "712")
    assert (transport[13:16], transport[40:47], transport[47:54]) == ("SF1", "0000252", "0000062")
    note = next(item.text for item in segments(io.BytesIO(data)) if item.tag == "713")
    assert note[76:85] == "4711     "
    found = only(data, VDA)
    assert found.despatch == carried(sent, VDA)
    assert (found.despatch.gross_weight, found.despatch.net_weight, found.despatch.weight_unit) == (
        "252",
        "62",
        "KGM",
    )
    assert found.supplier == "4711"


def test_zeros_in_a_vda_weight_are_a_weight_that_is_not_known() -> None:
    sent = replace(
        FULL,
        gross_weight=None,
        weight_unit=None,
        packages=(replace(FULL.packages[0], gross_weight=None, net_weight=None),),
    )
    found = only(write_despatch(sent, VDA, **ENVELOPE), VDA).despatch
    assert found is not None
    assert (found.gross_weight, found.net_weight, found.weight_unit) == (None, None, None)


def test_a_partners_layout_may_have_a_field_for_the_cumulative_quantity() -> None:
    standard = (SHIPPED / "vda4913.toml").read_text()
    own = standard.replace(
        'name = "second quantity", width = 13, type = "number", decimals = 3',
        'name = "quantity to date", width = 13, type = "number", decimals = 3, fact = "cumulative_shipped"',
    )
    assert own != standard
    profile = with_layout(LayoutFile("own.toml", tomllib.loads(own)), profile=VDA)
    found = only(write_despatch(FULL, profile, **ENVELOPE), profile).despatch
    assert found == carried(FULL, profile)
    assert [line.cumulative for item in found.packages for line in item.lines] == ["1204", "7"]
    assert [line.cumulative for item in carried(FULL, VDA).packages for line in item.lines] == [None, None]


# what is refused


@pytest.mark.parametrize(
    ("sent", "profile", "named"),
    [
        (replace(FULL, weight_unit=None), D96A, "the weights have no unit"),
        (replace(FULL, weight_unit=None), X856, "the weights have no unit"),
        (replace(FULL, ship_from_name="S" * 36), D96A, "NAD element 4.1"),
        (replace(FULL, ship_from="S" * 36), D96A, "NAD element 2.1"),
        (replace(FULL, ship_from_name="SEATS*LTD"), X856, "N1 element 2"),
        (replace(FULL, weight_unit="LBR"), VDA, "counts in kilograms, not in 'LBR'"),
        (replace(FULL, ship_from="SF12"), VDA, "712 plant of the supplier: 'SF12' is longer than 3"),
        (replace(FULL, gross_weight="12345678"), VDA, "712 gross weight"),
    ],
)  # fmt: skip
def test_figures_a_format_cannot_carry_are_refused_by_element(
    sent: Despatch, profile: Profile, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        write_despatch(sent, profile, **ENVELOPE)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("weight_unit = 'LB'", "asn.weight_unit"),
        ("weight_unit = 'T'", "asn.weight_unit"),
        ("format = '856'\nweight_unit = 'LBR'", "asn.weight_unit"),
        ("format = 'VDA4913'\nweight_unit = 'LBR'", "asn.weight_unit"),
        ("weights = 'racks'", "asn.weights"),
        ("cumulative = 'yes'", "asn.cumulative"),
    ],
)
def test_a_profile_that_asks_for_what_there_is_not_is_refused(text: str, named: str, tmp_path: Any) -> None:
    (tmp_path / "profile.toml").write_text(f"[asn]\n{text}\n")
    with pytest.raises(ProfileError, match=named):
        load_profile(tmp_path)


@pytest.mark.parametrize(
    ("weight", "unit"),
    [
        ("", "KGM"),
        ("weight_unit = 'LBR'", "LBR"),
        ("format = '856'", "KG"),
        ("format = '856'\nweight_unit = 'LB'", "LB"),
    ],
)
def test_the_unit_is_the_profiles_or_the_kilogram_of_the_syntax(
    weight: str, unit: str, tmp_path: Any
) -> None:
    (tmp_path / "profile.toml").write_text(f"[asn]\n{weight}\n")
    assert load_profile(tmp_path).asn.unit == unit


def test_what_a_partner_writes_otherwise_is_read() -> None:
    """Gross as G, net as AAL, a decimal comma, and an attribute that is no weight beside them."""
    lines = (
        "BGM+351+SH1+9", "DTM+137:202611211400:203", "MEA+AAX+SQ+PCE:4", "MEA+AAX+G+KGM:12,5", "MEA+PD+AAL+KGM:7",
        "NAD+SF+S1::92++SEATS:LTD", "CPS+1", "CPS+2+1+3", "PAC+1++T8", "MEA+AAY+G+KGM:12,5", "PCI+17", "GIN+ML+R1",
        "LIN+1++X1:IN", "QTY+3:40:PCE", "QTY+12:1:PCE",
    )  # fmt: skip
    ((found,),) = (
        part.messages for part in read(interchange(message(*lines, kind="DESADV:D:96A:UN"))).interchanges
    )
    despatch = found.despatch
    assert despatch is not None
    assert (despatch.gross_weight, despatch.net_weight, despatch.weight_unit) == ("12.5", "7", "KGM")
    assert (despatch.ship_from, despatch.ship_from_name) == ("S1", "SEATS")
    (package,) = despatch.packages
    assert (package.gross_weight, package.net_weight) == ("12.5", None)
    assert [(line.quantity, line.cumulative) for line in package.lines] == [("1", "40")]
