"""X12 as it comes from the wire: envelopes, separators, counts, and what is said of each thing that is wrong."""

import io
import re
from pathlib import Path

import pytest

from edi.formats import Interchange, Message, Problem, Profile, is_complete, read, segments

from .edi_samples import SEQUENCE_866, x12

SOUND = x12(*SEQUENCE_866)
CALLS = read(SOUND).interchanges[0].messages[0].call_offs
HEAD, BODY, TAIL = (
    SOUND.partition(b"GS*")[0],
    SOUND[SOUND.index(b"ST*") : SOUND.index(b"GE*")],
    b"IEA*1*000000077~",
)
SECOND = SOUND.replace(b"000000077", b"000000078")


def problems(data: bytes, profile: Profile | None = None) -> list[Problem]:
    reading = read(data, profile)
    found = list(reading.problems)
    for part in reading.interchanges:
        found += part.problems
        for item in part.messages:
            found += item.problems
    return found


def messages(data: bytes) -> list[Message]:
    return [item for part in read(data).interchanges for item in part.messages]


def cut_with(
    element: str, component: str, segment: str, repetition: str = "U", version: str = "00401"
) -> bytes:
    """Return the sound file with separators of its own."""
    text = SOUND.decode().replace("*U*00401*", f"*{repetition}*{version}*")
    signs = {"*": element, ">": component, "~": segment}
    return "".join(signs.get(sign, sign) for sign in text).encode("latin-1")


SEPARATORS = {
    "the usual ones": ("*", ">", "~"),
    "control characters": ("\x1d", "\x1f", "\x1c"),
    "control characters in other roles": ("\x1f", "\x1d", "\x1e"),
    "a rotation of our own": ("\x1c", "\x1e", "\x1d"),
    "bell and vertical tab": ("\x07", "\x15", "\x0b"),
    "tabs and quotes": ("\t", "|", "'"),
    "a line feed ends a segment": ("*", ">", "\n"),
    "a carriage return ends a segment": ("*", ">", "\r"),
    "a line of two characters ends a segment": ("*", ">", "\r\n"),
    "at and exclamation": ("*", "@", "!"),
    "bytes above 127": ("\xa6", "\xa7", "\xb6"),
}


@pytest.mark.parametrize("signs", SEPARATORS.values(), ids=SEPARATORS)
def test_any_separators_read_the_same(signs: tuple[str, str, str]) -> None:
    data = cut_with(*signs)
    assert problems(data) == []
    assert [item.call_offs for item in messages(data)] == [CALLS]
    assert is_complete(io.BytesIO(data))


def test_a_repetition_separator_counts_from_00402_on() -> None:
    twice = b"REF*DK*03^04"
    old, new = (
        cut_with("*", ">", "~", sign, version).replace(b"REF*DK*03", twice)
        for sign, version in (("U", "00401"), ("^", "00402"))
    )
    assert messages(old)[0].call_offs[0].dock == "03^04"
    assert messages(new)[0].call_offs[0].dock == "03"
    assert [problem.code for problem in problems(new)] == ["repetition_ignored"]


def test_isa11_before_00402_is_the_standards_home_whatever_it_says() -> None:
    data = cut_with("*", ">", "~", "^", "00400").replace(b"REF*DK*03", b"REF*DK*0^3")
    assert messages(data)[0].call_offs[0].dock == "0^3"


def test_a_letter_in_isa11_separates_nothing() -> None:
    assert problems(cut_with("*", ">", "~", "U", "00501")) == []


def test_an_isa_that_lost_its_padding_is_read_and_told() -> None:
    bare = re.sub(rb" +\*", b"*", HEAD) + SOUND[len(HEAD) :]
    assert [item.call_offs for item in messages(bare)] == [CALLS]
    (problem,) = problems(bare)
    assert (problem.code, problem.severity, problem.segment, problem.tag) == (
        "unpadded_isa",
        "warn",
        1,
        "ISA",
    )


@pytest.mark.parametrize("terminator", [b"~", b"\n", b"~\r\n", b"'"])
def test_an_isa_may_name_no_component_separator(terminator: bytes) -> None:
    data = SOUND.replace(b"*P*>~", b"*P*~").replace(b"~", terminator)
    assert [item.call_offs for item in messages(data)] == [CALLS]
    (problem,) = problems(data)
    assert (problem.code, problem.severity, problem.element) == ("unpadded_isa", "warn", "16")


def test_mixed_line_ends_where_a_line_is_a_segment() -> None:
    lines = cut_with("*", ">", "\n").split(b"\n")
    mixed = b"".join(line + (b"\r\n", b"\n", b"\r")[at % 3] for at, line in enumerate(lines) if line)
    for data in (mixed, mixed.rstrip(b"\r\n")):
        assert [item.call_offs for item in messages(data)] == [CALLS]
        assert problems(data) == []
    assert is_complete(io.BytesIO(mixed))


def test_line_ends_behind_terminators_mean_nothing() -> None:
    lines = SOUND.split(b"~")
    mixed = b"".join(
        line + b"~" + (b"\r\n", b"\n", b"", b"\r", b"  \n")[at % 5] for at, line in enumerate(lines[:-1])
    )
    assert [item.call_offs for item in messages(mixed)] == [CALLS]
    assert problems(mixed) == []


@pytest.mark.parametrize("rest", [b"\x1a", b"\x00" * 64, b"   \r\n\x1a\x00", b"\r\n\r\n"])
def test_what_old_machines_append_is_no_data(rest: bytes) -> None:
    for data in (SOUND + rest, SOUND + rest + SECOND + rest):
        assert problems(data) == []
        assert is_complete(io.BytesIO(data))
    assert len(read(SOUND + rest + SECOND).interchanges) == 2


def test_blanks_behind_an_element_are_no_data_and_inner_ones_are() -> None:
    data = SOUND.replace(b"26550 ZK32A*", b" 26550  ZK32A   *").replace(b"*0001~", b"*0001  ~")
    assert problems(data) == []
    assert messages(data)[0].call_offs[0].components[0].part_number == "26550  ZK32A"


def test_several_interchanges_stand_in_one_file_each_with_its_separators() -> None:
    other = cut_with("|", "<", "\n").replace(b"000000077", b"000000078")
    found = read(SOUND + b"\r\n" + other + SECOND.replace(b"078", b"079")).interchanges
    assert [part.control_ref for part in found] == ["000000077", "000000078", "000000079"]
    assert [item.call_offs for part in found for item in part.messages] == [CALLS] * 3


def test_several_groups_stand_in_one_interchange() -> None:
    second = b"GS*SQ*OEM*SUP*20261121*1430*78*X*004010~" + BODY + b"GE*1*78~IEA*2*"
    data = SOUND.replace(b"IEA*1*", second)
    assert [(item.group_ref, item.call_offs) for item in messages(data)] == [("77", CALLS), ("78", CALLS)]
    assert read(data).accepted


def test_a_broken_set_parks_itself_and_not_its_neighbour() -> None:
    bad = BODY.replace(b"*0001", b"*0002").replace(b"SE*9", b"SE*8")
    data = SOUND.replace(b"GE*1", bad + b"GE*2")
    assert [(item.ref, item.accepted) for item in messages(data)] == [("0001", True), ("0002", False)]


def test_the_name_of_the_opening_segment_may_stand_in_data() -> None:
    data = SOUND.replace(b"26550 ZK32A", b"ISA 32A")
    assert problems(data) == []
    assert messages(data)[0].call_offs[0].components[0].part_number == "ISA 32A"


# Each row: what is wrong, the file, then code, segment, tag and element of the problem that says so.
REFUSED: dict[str, tuple[bytes, str, int | None, str | None, str | None]] = {
    "SE counts wrong": (SOUND.replace(b"SE*9", b"SE*8"), "count_mismatch", 11, "SE", "1"),
    "SE counts nothing": (SOUND.replace(b"SE*9*", b"SE**"), "count_mismatch", 11, "SE", "1"),
    "SE names another": (SOUND.replace(b"SE*9*0001", b"SE*9*0002"), "ref_mismatch", 11, "SE", "2"),
    "GE counts wrong": (SOUND.replace(b"GE*1", b"GE*2"), "count_mismatch", 12, "GE", "1"),
    "GE names another": (SOUND.replace(b"GE*1*77", b"GE*1*78"), "ref_mismatch", 12, "GE", "2"),
    "IEA counts wrong": (SOUND.replace(b"IEA*1", b"IEA*2"), "count_mismatch", 13, "IEA", "1"),
    "IEA names another": (
        SOUND.replace(b"IEA*1*000000077", b"IEA*1*000000070"),
        "ref_mismatch",
        13,
        "IEA",
        "2",
    ),
    "no SE": (SOUND.replace(b"SE*9*0001~", b""), "missing_trailer", 3, "ST", None),
    "no GE": (SOUND.replace(b"GE*1*77~", b""), "missing_trailer", 2, "GS", None),
    "no IEA": (SOUND.replace(TAIL, b""), "missing_trailer", 1, "ISA", None),
    "no ST": (SOUND.replace(b"ST*866*0001~", b""), "missing_header", 10, "SE", None),
    "no GS": (
        SOUND.replace(b"GS*SQ*OEM*SUP*20261121*1430*77*X*004010~", b""),
        "missing_header",
        11,
        "GE",
        None,
    ),
    "a TA1 before any ISA": (SOUND + b"TA1*000000042*261121*1430*A*000~", "missing_header", 14, "TA1", None),
    "text between sets": (SOUND.replace(b"GE*1", b"NTE*GEN*HELLO~GE*1"), "outside_message", 12, "NTE", None),
    "a lower case tag": (SOUND.replace(b"LIN*", b"lin*"), "unexpected_segment", 6, "lin", None),
    "a lower case group": (SOUND.replace(b"GS*", b"gs*"), "outside_message", 2, "gs", None),
    "a tag from nowhere": (SOUND.replace(b"REF*LF", b"ZZZ*LF"), "unexpected_segment", 8, "ZZZ", None),
    "no BSS": (
        SOUND.replace(b"BSS*00*DOC1*20261121*JS*20261121*20261121~", b""),
        "missing_segment",
        4,
        "BSS",
        None,
    ),
    "a date that is none": (
        SOUND.replace(b"DTM*002*20261121", b"DTM*002*20261321"),
        "invalid_date",
        5,
        "DTM",
        "2",
    ),
    "a quantity that is none": (
        SOUND.replace(b"QTY*01*1", b"QTY*01*1,5x"),
        "invalid_number",
        9,
        "QTY",
        "1.2",
    ),
    "a control character in data": (SOUND.replace(b"IPF", b"I\x01F"), "invalid_character", 6, "LIN", "5"),
    "no part number": (SOUND.replace(b"*BP*", b"*QQ*"), "missing_part", 6, "LIN", "3"),
    "a purpose without meaning": (SOUND.replace(b"BSS*00", b"BSS*13"), "unknown_function", 4, "BSS", "1"),
    "an ISA that is cut off": (SOUND[:60], "bad_separators", 1, "ISA", "16"),
    "an ISA without terminator": (SOUND[:105], "bad_separators", 1, "ISA", "16"),
    "an ISA whose terminator is a letter": (SOUND.replace(b"*>~", b"*>A"), "bad_separators", 1, "ISA", "16"),
    "an end inside a segment": (SOUND[:-4], "truncated", None, "IEA", None),
}


@pytest.mark.parametrize("case", REFUSED)
def test_every_refusal_says_what_where_and_what_to_do(case: str) -> None:
    data, code, segment, tag, element = REFUSED[case]
    assert not read(data).accepted
    found = next(problem for problem in problems(data) if problem.code == code)
    assert (found.severity, found.tag, found.element) == ("reject", tag, element)
    if segment is not None:
        assert found.segment == segment
    assert len(found.text.split()) >= 5, found.text


@pytest.mark.parametrize("case", ["SE counts wrong", "GE names another", "IEA counts wrong"])
def test_a_partner_may_be_let_off_a_wrong_count_or_reference(case: str) -> None:
    data, code, *_ = REFUSED[case]
    assert read(data, Profile(severity={code: "warn"})).accepted
    assert problems(data, Profile(severity={code: "ignore"})) == []


def test_a_lower_case_tag_in_a_ship_notice_is_not_taken_for_just_any_segment() -> None:
    tree = ("BSN*00*S1*20261121*1430", "HL*1**S", "HL*2*1*I", "lin**BP*X", "SN1**1*EA")
    (problem,) = problems(x12(*tree, kind="856", functional_id="SH"))
    assert (problem.code, problem.segment, problem.tag) == ("unexpected_segment", 7, "lin")
    assert "capital letters" in problem.text


def test_a_wrong_ctt_is_told_and_stops_nothing() -> None:
    data = SOUND.replace(b"CTT*1", b"CTT*34")
    assert [(problem.code, problem.severity) for problem in problems(data)] == [("total_mismatch", "warn")]
    assert not read(data, Profile(severity={"total_mismatch": "reject"})).accepted


def ta1(*, before_group: bool) -> bytes:
    verdict = b"TA1*000000042*261121*0530*R*025~"
    if before_group:
        return SOUND.replace(b"GS*", verdict + b"GS*")
    return HEAD + verdict + TAIL.replace(b"IEA*1", b"IEA*0")


def the_ta1(part: Interchange) -> Message:
    return next(item for item in part.messages if item.type == "TA1")


@pytest.mark.parametrize("before_group", [True, False])
def test_a_ta1_is_read_although_it_is_no_transaction_set(before_group: bool) -> None:
    data = ta1(before_group=before_group)
    assert problems(data) == []
    found = the_ta1(read(data).interchanges[0])
    assert (found.kind, found.segment_first, found.segment_last) == ("acknowledgement", 2, 2)
    (verdict,) = found.acknowledged
    assert (verdict.ref, verdict.accepted, verdict.errors) == ("000000042", False, ("025",))


def test_a_lone_ta1_may_be_counted_as_a_group() -> None:
    assert problems(ta1(before_group=False).replace(b"IEA*0", b"IEA*1")) == []
    (problem,) = problems(ta1(before_group=False).replace(b"IEA*0", b"IEA*2"))
    assert (problem.code, problem.severity) == ("count_mismatch", "reject")


def test_a_ta1_that_names_nothing_or_says_nothing_is_refused() -> None:
    data = ta1(before_group=False)
    for bad, element in ((data.replace(b"*000000042*", b"**"), "1"), (data.replace(b"*R*", b"*Q*"), "4")):
        (problem,) = problems(bad)
        assert (problem.severity, problem.segment, problem.tag, problem.element) == (
            "reject",
            2,
            "TA1",
            element,
        )


def test_the_monitor_lists_the_segments_of_any_separators_as_they_came() -> None:
    data = cut_with("\x1f", "\x1d", "\x1e")
    listed = list(segments(io.BytesIO(data)))
    assert [item.number for item in listed] == list(range(1, 14))
    assert "".join(item.text + "\x1e" for item in listed).encode("latin-1") == data


def version(of: str) -> bytes:
    """Return the sound 866 as another release writes it: six-digit dates before 004010."""
    data = SOUND.replace(b"X*004010", b"X*" + of.encode())
    isa = b"*^*00501*" if of >= "005010" else b"*U*" + (of[:5].encode()) + b"*"
    data = data.replace(b"*U*00401*", isa)
    return data if of >= "004010" else re.sub(rb"\*20(\d{6})(?=[*~])", rb"*\1", data)


@pytest.mark.parametrize("of", ["002001", "002040", "003010", "003050", "004010", "004030", "005010"])
def test_an_866_of_every_release_says_the_same(of: str) -> None:
    (found,) = messages(version(of))
    assert (found.problems, found.directory, found.call_offs) == ((), of, CALLS)
    assert found.issued_at == "2026-11-21"


def test_no_sample_of_others_is_in_the_repository() -> None:
    synthetic = Path(__file__).parent / "x12_golden"
    assert all(path.name.startswith("synthetic_") for path in synthetic.iterdir())
