"""What we write our own reader reads back equal, and pydifact, which is not ours, reads it too."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydifact.segmentcollection import Interchange as PydifactInterchange

from edi.formats import (
    Acknowledged,
    AsnRule,
    CallOffEvent,
    Component,
    Despatch,
    DespatchLine,
    DespatchPackage,
    Message,
    Profile,
    read,
    write_866,
    write_acknowledgement,
    write_deljit,
    write_despatch,
)
from tests.bounds import searched

from .edi_samples import DELJIT_HEAD, ONE_CALL, SEQUENCE_866, deljit, interchange, message, x12

NOW = datetime(2026, 11, 21, 14, 0)
ENVELOPE: dict[str, Any] = {"control_ref": "77", "message_ref": "1", "prepared_at": NOW}
CALLS: dict[str, Any] = {**ENVELOPE, "document_number": "CALL1"}
ASN_RULES = [AsnRule(), AsnRule(directory="D.07A"), AsnRule(format="856")]
ASN_NAMES = ["DESADV D.96A", "DESADV D.07A", "856"]

# The characters a plant types, with those that cut segments; outer blanks are no part of any number.
EDIFACT_CHARS = "AZaz09 +:'?*-./ÄÜßé"
X12_CHARS = "AZaz09 +:'?-./"


def texts(alphabet: str, longest: int = 20) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=1, max_size=longest).filter(lambda text: text == text.strip())


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def moments() -> st.SearchStrategy[str]:
    plain = st.datetimes(datetime(2000, 1, 1), datetime(2069, 1, 1))
    return plain.map(lambda moment: moment.replace(second=0, microsecond=0).isoformat(timespec="minutes"))


def components(alphabet: str) -> st.SearchStrategy[Component]:
    quantities = st.integers(0, 999).map(str)
    return st.builds(
        lambda part, supplier, quantity, unit, order, options: Component(
            part, supplier, quantity, unit if quantity else None, None, order, tuple(options)
        ),
        texts(alphabet),
        maybe(texts(alphabet)),
        maybe(quantities),
        maybe(st.sampled_from(["PCE", "EA"])),
        maybe(texts(alphabet)),
        st.lists(texts(alphabet, 60), max_size=2),
    )


def calls(alphabet: str, parts: int) -> st.SearchStrategy[CallOffEvent]:
    return st.builds(
        lambda number, vin, sequence, dock, feed, at, found: CallOffEvent(
            "NEW", sequence, None, vin, number, dock, feed, at, tuple(found), number
        ),
        texts(alphabet),
        maybe(texts(alphabet, 17)),
        maybe(texts(alphabet, 10)),
        maybe(texts(alphabet)),
        maybe(texts(alphabet)),
        maybe(moments()),
        st.lists(components(alphabet), min_size=parts, max_size=3),
    )


def distinct(strategy: st.SearchStrategy[CallOffEvent]) -> st.SearchStrategy[list[CallOffEvent]]:
    return st.lists(strategy, min_size=1, max_size=4, unique_by=lambda call: call.call_number)


def despatches(alphabet: str) -> st.SearchStrategy[Despatch]:
    line = st.builds(
        lambda quantity, unit, serials, **facts: DespatchLine(
            quantity=quantity, unit=unit if quantity else None, serials=tuple(serials), **facts
        ),
        quantity=maybe(st.integers(1, 99).map(str)),
        unit=maybe(st.just("PCE")),
        serials=st.lists(texts(alphabet), max_size=7),
        call_number=maybe(texts(alphabet)),
        production_number=maybe(texts(alphabet)),
        vin=maybe(texts(alphabet, 17)),
        sequence_number=maybe(texts(alphabet, 10)),
        part_number=maybe(texts(alphabet)),
        supplier_part=maybe(texts(alphabet)),
        slot=maybe(texts(alphabet, 5)),
        order_ref=maybe(texts(alphabet)),
    )
    lines = st.lists(line, max_size=3).map(tuple)
    package = st.builds(DespatchPackage, texts(alphabet), maybe(texts(alphabet, 10)), lines)
    return st.builds(
        Despatch,
        texts(alphabet),
        maybe(moments()),
        maybe(texts(alphabet, 15)),
        maybe(texts(alphabet, 15)),
        maybe(texts(alphabet, 10)),
        maybe(texts(alphabet, 10)),
        maybe(texts(alphabet, 10)),
        st.lists(package, max_size=3).map(tuple),
        lines,
    )


def read_one(data: bytes, profile: Profile) -> Message:
    reading = read(data, profile)
    assert reading.accepted, reading
    ((found,),) = (part.messages for part in reading.interchanges)
    assert found.problems == ()
    return found


@searched(150)
@given(
    sent=distinct(calls(EDIFACT_CHARS, 0)), directory=st.sampled_from(["D.96A", "D.97A", "D.98B", "D.04B"])
)
def test_a_deljit_comes_back_as_it_was_sent(sent: list[CallOffEvent], directory: str) -> None:
    data = write_deljit(sent, Profile(), directory=directory, **CALLS)
    assert list(read_one(data, Profile()).call_offs) == sent


@searched(150)
@given(sent=distinct(calls(X12_CHARS, 1)))
def test_an_866_comes_back_as_it_was_sent(sent: list[CallOffEvent]) -> None:
    assert list(read_one(write_866(sent, Profile(), **CALLS), Profile()).call_offs) == sent


@pytest.mark.parametrize("rule", ASN_RULES, ids=ASN_NAMES)
@searched(80)
@given(data=st.data())
def test_an_asn_comes_back_as_it_was_sent(rule: AsnRule, data: st.DataObject) -> None:
    sent = data.draw(despatches(X12_CHARS if rule.format == "856" else EDIFACT_CHARS))
    profile = Profile(asn=rule)
    assert read_one(write_despatch(sent, profile, **ENVELOPE), profile).despatch == sent


@searched(60)
@given(sent=despatches("AZaz09 +:'?-"))
def test_pydifact_reads_our_desadv(sent: Despatch) -> None:
    data = write_despatch(sent, Profile(), **ENVELOPE)
    (found,) = PydifactInterchange.from_str(data.decode("latin-1")).get_messages()
    (beginning,) = (segment for segment in found.segments if segment.tag == "BGM")
    assert beginning.elements[1] == sent.shipment_number
    vins = [
        composite[0]
        for segment in found.segments
        if segment.tag == "GIR"
        for composite in segment.elements[1:]
        if isinstance(composite, list) and composite[-1] == "VV"
    ]
    lines = [*sent.lines, *(line for package in sent.packages for line in package.lines)]
    assert vins == [line.vin for line in lines if line.vin]


@searched(60)
@given(sent=distinct(calls("AZaz09 +:'?-", 1)))
def test_pydifact_reads_our_deljit(sent: list[CallOffEvent]) -> None:
    data = write_deljit(sent, Profile(), **CALLS)
    (found,) = PydifactInterchange.from_str(data.decode("latin-1")).get_messages()
    parts = [segment.elements[2][0] for segment in found.segments if segment.tag == "LIN"]
    assert parts == [part.part_number for call in sent for part in call.components]


CALL = CallOffEvent(
    "NEW", "0042", None, "V1", "P1", components=(Component("X", None, "1", "PCE"),), call_number="P1"
)
ASN = Despatch("SH1", packages=(DespatchPackage("R1", "T8", (DespatchLine(part_number="X"),)),))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (CALL._replace(event="HOLD"), "SEQ element 1"),
        (CALL._replace(sequence_number="1" * 11), "SEQ element 2.1"),
        (CALL._replace(vin="V" * 36), "GIR element 2.1"),
        (CALL._replace(dock="Ж"), "LOC element 2.1"),
        (CALL._replace(vin="A\nB"), "GIR element 2.1"),
        (CALL._replace(components=(Component("X", family="SEAT"),)), "family"),
    ],
)
def test_what_a_deljit_cannot_carry_is_refused_by_element(call: CallOffEvent, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        write_deljit([call], Profile(), **CALLS)


def test_level_a_has_no_small_letters() -> None:
    with pytest.raises(ValueError, match="UNOA cannot carry 'v1'"):
        write_deljit([CALL._replace(vin="v1")], Profile(syntax="UNOA:3"), **CALLS)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (CALL._replace(vin="A*B"), "LIN element"),
        (CALL._replace(dock="Ü"), "REF element 2"),
        (CALL._replace(components=()), "LIN element 3"),
        (CALL._replace(event="HOLD"), "BSS element 1"),
    ],
)
def test_what_an_866_cannot_carry_is_refused_by_element(call: CallOffEvent, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        write_866([call], Profile(), **CALLS)


@pytest.mark.parametrize("rule", ASN_RULES, ids=ASN_NAMES)
def test_a_despatch_without_number_is_refused(rule: AsnRule) -> None:
    with pytest.raises(ValueError, match="no shipment number"):
        write_despatch(replace(ASN, shipment_number=None), Profile(asn=rule), **ENVELOPE)


def test_an_aware_departure_is_told_in_plant_time() -> None:
    profile = Profile(timezone="Europe/Berlin")
    at = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    data = write_despatch(
        replace(ASN, departed_at=at.isoformat()), profile, **{**ENVELOPE, "prepared_at": at}
    )
    found = read_one(data, profile)
    assert found.despatch is not None
    assert (found.despatch.departed_at, found.issued_at) == ("2026-07-01T14:00", "2026-07-01T14:00")


def acknowledged(data: bytes, profile: Profile, **how: Any) -> tuple[Acknowledged, ...]:
    ours = write_acknowledgement(
        read(data, profile).interchanges[0], profile, control_ref="9", prepared_at=NOW, **how
    )
    return read_one(ours, profile).acknowledged


CONTRL = Profile(acknowledge="CONTRL")
X997 = Profile(acknowledge="997")


def test_a_contrl_accepts_interchange_and_message() -> None:
    assert acknowledged(deljit(), CONTRL) == (Acknowledged("77", True), Acknowledged("1", True))


def test_a_contrl_rejects_only_the_bad_message() -> None:
    good, bad = (message(*DELJIT_HEAD, *ONE_CALL, ref=ref) for ref in "12")
    bad[-1] = "UNT+99+2"
    verdicts = acknowledged(interchange(good, bad), CONTRL)
    assert [(item.ref, item.accepted) for item in verdicts] == [("77", True), ("1", True), ("2", False)]
    assert verdicts[2].errors == ("29 at UNT, element 1",)


def test_a_contrl_names_the_group_where_there_is_one() -> None:
    group = ["UNG+DELJIT+OEM+SUP+261121:1430+55+UN+D:97A", *message(*DELJIT_HEAD, *ONE_CALL), "UNE+1+55"]
    assert [item.ref for item in acknowledged(interchange(group), CONTRL)] == ["77", "55", "1"]


def test_a_duplicate_is_rejected_as_such() -> None:
    assert acknowledged(deljit(), CONTRL, duplicate=True) == (Acknowledged("77", False, ("26",)),)


def test_a_997_accepts_group_and_set() -> None:
    assert acknowledged(x12(*SEQUENCE_866), X997) == (Acknowledged("77", True), Acknowledged("0001", True))


def test_a_997_rejects_a_set_with_a_wrong_count() -> None:
    bad = x12(*SEQUENCE_866).replace(b"SE*9", b"SE*8")
    assert acknowledged(bad, X997) == (Acknowledged("77", False), Acknowledged("0001", False, ("4",)))


def test_an_acknowledgement_is_never_acknowledged() -> None:
    theirs = interchange(message("UCI+77+A+B+7", kind="CONTRL:D:3:UN"))
    with pytest.raises(ValueError, match="never acknowledged"):
        acknowledged(theirs, CONTRL)


def test_nothing_is_acknowledged_unless_agreed() -> None:
    with pytest.raises(ValueError, match="no acknowledgement is agreed"):
        acknowledged(deljit(), Profile())


def test_an_856_item_finds_its_rack_by_parent_pointer_not_by_place() -> None:
    tree = ("HL*1**S", "HL*2*1*T", "REF*LS*R1", "HL*3*1*T", "REF*LS*R2", "HL*4*2*I", "LIN**BP*X", "SN1**1*EA")
    found = read_one(x12("BSN*00*S1*20261121*1430", *tree, kind="856", functional_id="SH"), Profile())
    assert found.despatch is not None
    assert [(rack.number, len(rack.lines)) for rack in found.despatch.packages] == [("R1", 1), ("R2", 0)]


@pytest.mark.parametrize("tree", [("HL*1**S", "HL*1*1*T"), ("HL*1**S", "HL*2*7*T"), ("HL***S",)])
def test_an_856_tree_that_is_none_is_refused(tree: tuple[str, ...]) -> None:
    reading = read(x12("BSN*00*S1*20261121*1430", *tree, kind="856", functional_id="SH"))
    assert [problem.code for problem in reading.interchanges[0].messages[0].problems] == ["bad_hierarchy"]
