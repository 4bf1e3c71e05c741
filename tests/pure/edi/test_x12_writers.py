"""What we write in X12 our own reader reads back, and so do two libraries that are not ours."""

import io
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import x12 as ansi
from hypothesis import given
from hypothesis import strategies as st
from pyx12.x12file import X12Reader

from edi.formats import (
    Acknowledged,
    AsnRule,
    CallOffEvent,
    Component,
    Despatch,
    DespatchLine,
    DespatchPackage,
    Interchange,
    Message,
    Problem,
    Profile,
    read,
    write_824,
    write_866,
    write_997,
    write_999,
    write_acknowledgement,
    write_despatch,
    write_ta1,
)
from tests.bounds import searched

from .edi_samples import SEQUENCE_866, interchange, message, x12

NOW = datetime(2026, 11, 21, 14, 0)
WHEN: dict[str, Any] = {"control_ref": "9", "prepared_at": NOW}
SETS: dict[str, Any] = {**WHEN, "message_ref": "1"}
# X12 cannot escape; `*`, `>`, `^` and `~` are refused, all else a plant types goes through.
CHARS = "AZaz09 +:'?-./()&,\"=%"


def read_by_others(data: bytes) -> list[list[str]]:
    """Return the segments as both libraries read them, which have to agree and to find nothing wrong."""
    reader = X12Reader(io.StringIO(data.decode("ascii")))
    first = [str(segment).rstrip("~").split("*") for segment in reader]
    assert reader.pop_errors() == []
    document = ansi.tokenize_x12(data)
    ansi.parse_x12_interchange(document)
    second = [[item.tag, *(part.decode("ascii") for part in item.elements)] for item in document.segments]
    # The ISA differs in what they make of its padding and its separators.
    assert [trimmed(item) for item in first[1:]] == [trimmed(item) for item in second[1:]]
    return second


def trimmed(segment: list[str]) -> list[str]:
    while segment and not segment[-1]:
        segment = segment[:-1]
    return segment


def of_tag(segments: list[list[str]], tag: str) -> list[list[str]]:
    return [segment for segment in segments if segment[0] == tag]


def texts(longest: int = 12) -> st.SearchStrategy[str]:
    return st.text(CHARS, min_size=1, max_size=longest).filter(lambda text: text == text.strip())


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


LINES = st.builds(
    lambda quantity, serials, **facts: DespatchLine(
        quantity=quantity, unit="PCE" if quantity else None, serials=tuple(serials), **facts
    ),
    quantity=maybe(st.integers(1, 99).map(str)),
    serials=st.lists(texts(), max_size=3),
    call_number=maybe(texts()),
    vin=maybe(texts()),
    sequence_number=maybe(texts()),
    part_number=maybe(texts()),
    slot=maybe(st.sampled_from(["1", "2", "3"])),
    order_ref=maybe(st.sampled_from(["PO1", "PO2/10"])),
)
PACKAGES = st.lists(
    st.builds(DespatchPackage, texts(), maybe(texts(4)), st.lists(LINES, max_size=4).map(tuple)),
    max_size=3,
    unique_by=lambda package: package.number,
).map(tuple)
DESPATCHES = st.builds(
    Despatch,
    texts(),
    maybe(st.just("2026-11-21T13:40")),
    maybe(texts()),
    maybe(texts()),
    maybe(texts(4)),
    maybe(texts(4)),
    maybe(texts(8)),
    PACKAGES,
    st.lists(LINES, max_size=3).map(tuple),
)
HIERARCHIES = ["STI", "SOTI", "SOTPI", "STPI", "STIP", "STOI", "STOPI", "SOPI", "SPI", "SOTIP", "SPTI"]


def sorted_lines(lines: tuple[DespatchLine, ...]) -> list[str]:
    return sorted(map(repr, lines))


def laid_open(despatch: Despatch) -> tuple[object, ...]:
    """Return a despatch without the order of its lines, which levels for orders and places change."""
    racks = {(item.number, item.carrier_code): sorted_lines(item.lines) for item in despatch.packages}
    bare = replace(despatch, packages=(), lines=())
    return bare, racks, sorted_lines(despatch.lines)


def read_despatch(data: bytes, profile: Profile) -> Despatch:
    reading = read(data, profile)
    assert [reading.problems, [part.problems for part in reading.interchanges]] == [(), [()]]
    (found,) = reading.interchanges[0].messages
    assert found.problems == ()
    assert found.despatch is not None
    return found.despatch


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
@searched(25)
@given(sent=DESPATCHES)
def test_an_856_of_any_hierarchy_comes_back_as_it_was_sent(hierarchy: str, sent: Despatch) -> None:
    profile = Profile(asn=AsnRule(format="856", hierarchy=hierarchy))
    found = read_despatch(write_despatch(sent, profile, **SETS), profile)
    assert laid_open(found) == laid_open(sent)


@searched(25)
@given(sent=DESPATCHES, hierarchy=st.sampled_from(HIERARCHIES))
def test_others_read_every_rack_of_our_856(sent: Despatch, hierarchy: str) -> None:
    profile = Profile(asn=AsnRule(format="856", hierarchy=hierarchy))
    segments = read_by_others(write_despatch(sent, profile, **SETS))
    levels = of_tag(segments, "HL")
    assert [level[1] for level in levels] == [str(at) for at in range(1, len(levels) + 1)]
    parents = {level[2] for level in levels if level[2]}
    assert {level[1] for level in levels if level[4] == "1"} == parents
    kinds = {level[1]: level[3] for level in levels}
    marks = {mark[2] for mark in of_tag(segments, "REF") if mark[1] == "LS"}
    assert marks == {package.number for package in sent.packages}
    count = len(sent.lines) + sum(len(package.lines) for package in sent.packages)
    assert list(kinds.values()).count("I") == count


def rack(number: str, *orders: str) -> DespatchPackage:
    return DespatchPackage(
        number, "T8", tuple(DespatchLine(part_number="X", order_ref=order) for order in orders)
    )


LOADED = Despatch("SH1", packages=(rack("R1", "PO1", "PO2"), rack("R2", "PO1")))
TREES = {
    "SOI": "1--S 2-1-O 3-2-I 4-2-I 5-1-O 6-5-I",
    "STI": "1--S 2-1-T 3-2-I 4-2-I 5-1-T 6-5-I",
    "SOTI": "1--S 2-1-O 3-2-T 4-3-I 5-2-T 6-5-I 7-1-O 8-7-T 9-8-I",
    "STOI": "1--S 2-1-T 3-2-O 4-3-I 5-2-O 6-5-I 7-1-T 8-7-O 9-8-I",
}


@pytest.mark.parametrize("hierarchy", TREES)
def test_the_profile_chooses_the_hierarchy(hierarchy: str) -> None:
    profile = Profile(asn=AsnRule(format="856", hierarchy=hierarchy))
    levels = of_tag(read_by_others(write_despatch(LOADED, profile, **SETS)), "HL")
    assert " ".join("-".join(level[1:4]) for level in levels) == TREES[hierarchy]


def test_a_hierarchy_with_pieces_gives_each_serial_a_level() -> None:
    line = DespatchLine(part_number="X", serials=("N1", "N2"))
    profile = Profile(asn=AsnRule(format="856", hierarchy="STIP"))
    sent = Despatch("SH1", packages=(DespatchPackage("R1", lines=(line,)),))
    segments = read_by_others(write_despatch(sent, profile, **SETS))
    assert [level[3] for level in of_tag(segments, "HL")] == ["S", "T", "I", "P", "P"]
    assert read_despatch(write_despatch(sent, profile, **SETS), profile) == sent


def test_a_hierarchy_without_racks_names_none() -> None:
    profile = Profile(asn=AsnRule(format="856", hierarchy="SOI"))
    found = read_despatch(write_despatch(LOADED, profile, **SETS), profile)
    assert (found.packages, len(found.lines)) == ((), 3)


def test_an_order_stands_above_or_beside_its_line_but_not_at_both() -> None:
    for hierarchy, told in (("SOTI", ["PRF"]), ("STI", ["REF"])):
        profile = Profile(asn=AsnRule(format="856", hierarchy=hierarchy))
        data = write_despatch(replace(LOADED, packages=(rack("R1", "PO1"),)), profile, **SETS)
        assert [item[0] for item in read_by_others(data) if "PO1" in item] == told


@searched(40)
@given(st.lists(texts(17), min_size=1, max_size=5, unique=True))
def test_others_read_our_866(vins: list[str]) -> None:
    sent = [CallOffEvent("NEW", f"{at:04}", None, vin, components=(Component("A B", None, "1"),))
            for at, vin in enumerate(vins)]  # fmt: skip
    segments = read_by_others(write_866(sent, Profile(), document_number="D1", **SETS))
    found = [dict(zip(item[2::2], item[3::2], strict=True)) for item in of_tag(segments, "LIN")]
    assert [(item["VV"], item["BP"]) for item in found] == [(vin, "A B") for vin in vins]


SOUND = x12(*SEQUENCE_866)


def received(data: bytes) -> Interchange:
    return read(data).interchanges[0]


def verdicts(data: bytes) -> tuple[Acknowledged, ...]:
    reading = read(data)
    assert reading.accepted, reading
    ((found,),) = (part.messages for part in reading.interchanges)
    return found.acknowledged


BROKEN = {
    "a wrong count": (SOUND.replace(b"SE*9", b"SE*8"), ("4",)),
    "a wrong number": (SOUND.replace(b"SE*9*0001", b"SE*9*0002"), ("3",)),
    "a bad date": (
        SOUND.replace(b"DTM*002*20261121", b"DTM*002*20261341"),
        ("5", "8 at DTM, segment 3", "8 at DTM, segment 3, element 2"),
    ),
    "no part": (
        SOUND.replace(b"*BP*", b"*ZZ*"),
        ("5", "8 at LIN, segment 4", "1 at LIN, segment 4, element 3"),
    ),
    "a segment too many": (
        SOUND.replace(b"~REF*DK", b"~ZZ*1~REF*DK").replace(b"SE*9", b"SE*10"),
        ("5", "2 at ZZ, segment 5"),
    ),
    "a bad quantity": (
        SOUND.replace(b"QTY*01*1", b"QTY*01*x"),
        ("5", "8 at QTY, segment 7", "6 at QTY, segment 7, element 1.2"),
    ),
}


@pytest.mark.parametrize("write", [write_997, write_999])
@pytest.mark.parametrize("case", BROKEN)
def test_an_acknowledgement_tells_set_segment_and_element(case: str, write: Any) -> None:
    data, errors = BROKEN[case]
    found = verdicts(write(received(data), Profile(), **WHEN))
    assert found == (Acknowledged("77", False), Acknowledged("0001", False, errors))


@pytest.mark.parametrize("write", [write_997, write_999])
def test_others_read_our_acknowledgement(write: Any) -> None:
    for data, _ in BROKEN.values():
        segments = read_by_others(write(received(data), Profile(), **WHEN))
        assert of_tag(segments, "AK9")[0][1:] == ["R", "1", "1", "0"]
        assert of_tag(segments, "AK2")[0][1:] == ["866", "0001"]


def test_a_sound_set_is_accepted_without_details() -> None:
    segments = read_by_others(write_997(received(SOUND), Profile(), **WHEN))
    inside = [item for item in segments if item[0] not in ("ISA", "GS", "GE", "IEA")]
    assert inside == [
        ["ST", "997", "0001"],
        ["AK1", "SQ", "77"],
        ["AK2", "866", "0001"],
        ["AK5", "A"],
        ["AK9", "A", "1", "1", "1"],
        ["SE", "6", "0001"],
    ]


def two_sets() -> bytes:
    """Return one group with a sound set and one whose count is wrong."""
    head, rest = SOUND.split(b"ST*866*0001~")
    body, tail = rest.split(b"SE*9*0001~")
    second = b"ST*866*0002~" + body + b"SE*7*0002~"
    return head + b"ST*866*0001~" + body + b"SE*9*0001~" + second + tail.replace(b"GE*1", b"GE*2")


def test_a_group_is_accepted_in_part() -> None:
    segments = read_by_others(write_997(received(two_sets()), Profile(), **WHEN))
    assert of_tag(segments, "AK9") == [["AK9", "P", "2", "2", "1"]]
    assert [item[1] for item in of_tag(segments, "AK5")] == ["A", "R"]


def test_a_group_whose_count_is_wrong_is_refused_with_the_reason() -> None:
    segments = read_by_others(write_997(received(SOUND.replace(b"GE*1", b"GE*2")), Profile(), **WHEN))
    assert of_tag(segments, "AK9") == [["AK9", "R", "1", "1", "0", "5"]]
    assert of_tag(segments, "AK2") == []


def test_each_group_has_an_answer_of_its_own() -> None:
    body = SOUND.split(b"X*004010~")[1].split(b"GE*")[0]
    second = b"GS*SQ*OEM*SUP*20261121*1430*78*X*004010~" + body + b"GE*1*78~IEA*2"
    segments = read_by_others(write_997(received(SOUND.replace(b"IEA*1", second)), Profile(), **WHEN))
    assert [item[2] for item in of_tag(segments, "AK1")] == ["77", "78"]


def test_the_profile_chooses_between_997_and_999() -> None:
    for kind in ("997", "999"):
        data = write_acknowledgement(received(SOUND), Profile(acknowledge=kind), **WHEN)
        assert of_tag(read_by_others(data), "ST")[0][1] == kind


def test_a_999_names_its_guide_and_version() -> None:
    segments = read_by_others(write_999(received(SOUND), Profile(), **WHEN))
    assert (segments[0][12], segments[0][11], segments[1][8]) == ("00501", "^", "005010X231A1")
    assert of_tag(segments, "ST") == [["ST", "999", "0001", "005010X231A1"]]


NOTES = [
    (SOUND, False, Acknowledged("000000077", True)),
    (SOUND, True, Acknowledged("000000077", False, ("025",))),
    (
        SOUND.replace(b"IEA*1*000000077", b"IEA*1*000000078"),
        False,
        Acknowledged("000000077", False, ("001",)),
    ),
    (SOUND.replace(b"IEA*1", b"IEA*3"), False, Acknowledged("000000077", False, ("021",))),
    (SOUND.replace(b"IEA*1*000000077~", b""), False, Acknowledged("000000077", False, ("023",))),
    (SOUND.replace(b" " * 10, b" "), False, Acknowledged("000000077", True, ("022",))),
    (SOUND.replace(b"SE*9", b"SE*8"), False, Acknowledged("000000077", True)),
]


@pytest.mark.parametrize(("data", "duplicate", "expected"), NOTES)
def test_a_ta1_speaks_of_the_envelope_alone(data: bytes, duplicate: bool, expected: Acknowledged) -> None:
    assert verdicts(write_ta1(received(data), Profile(), duplicate=duplicate, **WHEN)) == (expected,)


def test_others_read_our_ta1() -> None:
    data = write_ta1(received(SOUND), Profile(), **WHEN)
    found = ansi.parse_x12_interchange(ansi.tokenize_x12(data))
    assert [item.tag for item in ansi.tokenize_x12(data).segments] == ["ISA", "TA1", "IEA"]
    assert found.control_number == b"000000009"
    assert of_tag(read_by_others(data), "TA1") == [["TA1", "000000077", "261121", "1430", "A", "000"]]


def test_a_test_interchange_is_answered_as_a_test() -> None:
    theirs = received(x12(*SEQUENCE_866, test="T"))
    for write in (write_997, write_999, write_ta1):
        assert read(write(theirs, Profile(), **WHEN)).interchanges[0].test


ADVICE: dict[str, Any] = {**SETS, "document_number": "ADV1"}


def advised(of: Message, **how: Any) -> tuple[Acknowledged, ...]:
    return verdicts(write_824(of, Profile(), **ADVICE, **how))


def test_an_824_accepts_what_is_sound() -> None:
    assert advised(received(SOUND).messages[0]) == (Acknowledged("DOC1", True),)


def test_an_824_accepts_with_errors_what_is_only_warned_of() -> None:
    warned = received(SOUND.replace(b"CTT*1", b"CTT*34")).messages[0]
    told = "010 at CTT, segment 8, element 1: CTT counts '34' lines, there are 1"
    assert advised(warned) == (Acknowledged("DOC1", True, (told,)),)


def test_an_824_refuses_with_code_place_and_the_whole_sentence() -> None:
    sound = received(SOUND).messages[0]
    text = "part 26550 ZK32A is built by nobody here since June; name the part that follows it or take the line out > "
    problem = Problem("missing_part", "reject", 6, "LIN", "3", text + "*" * 90)
    (verdict,) = advised(sound, errors=[problem])
    assert (verdict.ref, verdict.accepted) == ("DOC1", False)
    assert verdict.errors == (
        f"007 at LIN, segment 4, element 3: {(text + '*' * 90).replace('*', '?').replace('>', '?')}",
    )


def test_others_read_our_824() -> None:
    sound = received(SOUND).messages[0]
    problem = Problem("invalid_date", "reject", 5, "DTM", "2", "x" * 61)
    segments = read_by_others(write_824(sound, Profile(), errors=[problem], **ADVICE))
    assert of_tag(segments, "OTI") == [
        ["OTI", "TR", "TN", "DOC1", "", "", "", "", "77", "0001", "866", "004010"]
    ]
    assert of_tag(segments, "TED") == [["TED", "009", "x" * 60, "DTM", "3", "2"]]
    assert of_tag(segments, "NTE") == [["NTE", "GEN", "x"]]


def test_nothing_of_ours_answers_an_answer() -> None:
    theirs = received(x12("AK1*SH*42", "AK9*A*1*1*1", kind="997", functional_id="FA"))
    for write in (write_997, write_999, write_ta1):
        with pytest.raises(ValueError, match="never acknowledged"):
            write(theirs, Profile(), **WHEN)
    with pytest.raises(ValueError, match="never acknowledged"):
        write_824(theirs.messages[0], Profile(), **ADVICE)


def test_what_cannot_be_named_is_not_answered() -> None:
    nameless = replace(received(SOUND), prepared_at=None)
    with pytest.raises(ValueError, match="TA1 element 1"):
        write_ta1(nameless, Profile(), **WHEN)
    with pytest.raises(ValueError, match="OTI element 3"):
        write_824(replace(nameless.messages[0], document_number=None, ref=None), Profile(), **ADVICE)
    with pytest.raises(ValueError, match="AK1 element 1"):
        write_997(replace(nameless, messages=()), Profile(), **WHEN)


def test_an_edifact_interchange_is_no_matter_of_a_997() -> None:
    theirs = read(interchange(message("UCI+77+A+B+7", kind="CONTRL:D:3:UN"))).interchanges[0]
    with pytest.raises(ValueError, match="never acknowledged"):
        write_997(theirs, Profile(), **WHEN)
