"""Refusal table of envelopes and structure: what is wrong, which code says so, where it stands."""

import pytest

from edi.formats import Interchange, Problem, Profile, read

from .edi_samples import DELJIT_HEAD, ONE_CALL, SEQUENCE_866, deljit, interchange, message, x12

SOUND = deljit()
SOUND_866 = x12(*SEQUENCE_866)


def problems(data: bytes, profile: Profile | None = None) -> list[Problem]:
    reading = read(data, profile)
    found = list(reading.problems)
    for part in reading.interchanges:
        found += part.problems
        for item in part.messages:
            found += item.problems
    return found


def first(data: bytes) -> Interchange:
    return read(data).interchanges[0]


REFUSED = [
    ("count_mismatch", SOUND.replace(b"UNT+12", b"UNT+13"), "UNT"),
    ("count_mismatch", SOUND.replace(b"UNT+12", b"UNT+many"), "UNT"),
    ("ref_mismatch", SOUND.replace(b"UNT+12+1", b"UNT+12+2"), "UNT"),
    ("count_mismatch", SOUND.replace(b"UNZ+1", b"UNZ+2"), "UNZ"),
    ("ref_mismatch", SOUND.replace(b"UNZ+1+77", b"UNZ+1+78"), "UNZ"),
    ("missing_trailer", SOUND.replace(b"UNT+12+1'", b""), "UNH"),
    ("missing_trailer", SOUND.replace(b"UNZ+1+77'", b""), "UNB"),
    ("missing_header", SOUND.replace(b"UNH+1+DELJIT:D:97A:UN'", b""), "UNT"),
    ("missing_header", SOUND + b"UNZ+1+77'", "UNZ"),
    ("outside_message", SOUND.replace(b"UNZ", b"FTX+AAI'UNZ"), "FTX"),
    ("missing_header", SOUND.replace(b"UNZ", b"UNE+1+5'UNZ"), "UNE"),
    ("bad_header", SOUND.replace(b"+77'UNH", b"'UNH"), "UNB"),
    ("unexpected_segment", SOUND.replace(b"LOC+11+D1", b"ZZZ+11+D1"), "ZZZ"),
    ("unexpected_segment", SOUND.replace(b"BGM", b"bgm"), "bgm"),
    ("missing_segment", SOUND.replace(b"BGM+242+CALL1+9'", b"").replace(b"UNT+12", b"UNT+11"), "BGM"),
    ("missing_segment", interchange(message(*DELJIT_HEAD)), "SEQ"),
    ("invalid_date", SOUND.replace(b"202611211430:203", b"202613211430:203"), "DTM"),
    ("invalid_date", SOUND.replace(b"202611211430:203", b"tomorrow:203"), "DTM"),
    ("invalid_number", SOUND.replace(b"QTY+131:1", b"QTY+131:one"), "QTY"),
    ("missing_part", SOUND.replace(b"7L6 881 105:IN", b""), "LIN"),
    ("missing_identity", deljit("SEQ+3", "LIN+1++X:IN"), "SEQ"),
    ("unknown_event_code", SOUND.replace(b"SEQ+3", b"SEQ+77"), "SEQ"),
    ("unknown_document_code", SOUND.replace(b"BGM+242", b"BGM+999"), "BGM"),
    ("unknown_directory", deljit(kind="DELJIT:D:XXX:UN"), "UNH"),
    ("invalid_character", SOUND.replace(b"BODY42", b"BODY\x0142"), "GIR"),
    ("invalid_character", SOUND.replace(b"UNOC", b"UNOA").replace(b"BODY42", b"B\xd6DY42"), "GIR"),
    ("truncated", SOUND[:-3], "UNZ"),
    ("count_mismatch", SOUND_866.replace(b"SE*9", b"SE*8"), "SE"),
    ("ref_mismatch", SOUND_866.replace(b"GE*1*77", b"GE*1*78"), "GE"),
    ("count_mismatch", SOUND_866.replace(b"IEA*1", b"IEA*2"), "IEA"),
    ("missing_trailer", SOUND_866.replace(b"GE*1*77~", b""), "GS"),
    ("unknown_function", SOUND_866.replace(b"BSS*00", b"BSS*13"), "BSS"),
    ("missing_part", SOUND_866.replace(b"BP*26550 ZK32A", b"XX*26550 ZK32A"), "LIN"),
    ("bad_separators", b"ISA*00*too short~", "ISA"),
    ("bad_separators", b"UNA+++++++UNB", "UNB"),
    ("unknown_format", b"\x89PNG", None),
    ("unknown_format", b"", None),
    ("format_not_supported", b"65101CUSTOMER SUPPLIER ".ljust(128), "651"),
]


@pytest.mark.parametrize(("code", "data", "tag"), REFUSED, ids=[f"{row[0]}-{row[2]}" for row in REFUSED])
def test_it_is_refused_by_its_code_at_its_tag(code: str, data: bytes, tag: str | None) -> None:
    found = [problem for problem in problems(data) if problem.code == code]
    assert [(problem.severity, problem.tag) for problem in found[:1]] == [("reject", tag)]
    assert not read(data).accepted


WARNED = [
    ("total_mismatch", SOUND_866.replace(b"CTT*1", b"CTT*34")),
    ("unpadded_isa", SOUND_866.replace(b" " * 10, b" ")),
    ("unknown_charset", SOUND.replace(b"UNOC", b"XXXA")),
    ("unsupported_message", interchange(message("BGM+1+2", kind="IFTMIN:D:96A:UN"))),
    ("missing_party", SOUND.replace(b"OEM:ZZ+", b" +")),
    ("empty_interchange", interchange()),
    ("unreadable_text", deljit(*ONE_CALL, "FTX+AAI+++\x01")),
]


@pytest.mark.parametrize(("code", "data"), WARNED, ids=[row[0] for row in WARNED])
def test_it_is_told_but_stops_nothing(code: str, data: bytes) -> None:
    assert code in [problem.code for problem in problems(data)]
    assert read(data).accepted


def test_a_problem_tells_where_and_what_to_do() -> None:
    (problem,) = problems(SOUND.replace(b"SEQ+3", b"SEQ+77"))
    assert (problem.segment, problem.tag, problem.element) == (6, "SEQ", "1")
    assert "[events]" in problem.text


def test_a_bad_message_is_parked_and_its_neighbours_go_on() -> None:
    lot = [message(*DELJIT_HEAD, *ONE_CALL, ref=ref) for ref in "123"]
    lot[1][-1] = "UNT+99+2"
    accepted = [item.accepted for item in first(interchange(*lot)).messages]
    assert accepted == [True, False, True]


def test_a_message_without_trailer_does_not_swallow_the_next() -> None:
    lot = [message(*DELJIT_HEAD, *ONE_CALL, ref=ref) for ref in "12"]
    lot[0].pop()
    found = first(interchange(*lot)).messages
    assert [(item.ref, item.accepted, len(item.call_offs)) for item in found] == [
        ("1", False, 1),
        ("2", True, 1),
    ]


def test_the_places_of_messages_in_the_file_are_kept() -> None:
    lot = [message(*DELJIT_HEAD, *ONE_CALL, ref=ref) for ref in "12"]
    found = first(interchange(*lot)).messages
    assert [(item.segment_first, item.segment_last) for item in found] == [(2, 13), (14, 25)]


def test_a_profile_turns_a_refusal_into_a_warning_or_into_nothing() -> None:
    data = SOUND.replace(b"UNZ+1", b"UNZ+2")
    assert read(data, Profile(severity={"count_mismatch": "warn"})).accepted
    assert problems(data, Profile(severity={"count_mismatch": "ignore"})) == []


def test_a_profile_turns_a_wrong_total_into_a_refusal() -> None:
    strict = Profile(severity={"total_mismatch": "reject"})
    assert not read(SOUND_866.replace(b"CTT*1", b"CTT*34"), strict).accepted


def test_groups_are_opened_counted_and_closed() -> None:
    group = ["UNG+DELJIT+OEM+SUP+261121:1430+55+UN+D:97A"]
    data = interchange([*group, *message(*DELJIT_HEAD, *ONE_CALL), "UNE+1+55"])
    found = first(data)
    assert (found.group_ref, found.messages[0].group_ref, problems(data)) == ("55", "55", [])


def test_unz_counts_groups_where_there_are_groups() -> None:
    group = ["UNG+DELJIT+OEM+SUP+261121:1430+55+UN+D:97A"]
    two = [*message(*DELJIT_HEAD, *ONE_CALL, ref="1"), *message(*DELJIT_HEAD, *ONE_CALL, ref="2")]
    assert problems(interchange([*group, *two, "UNE+2+55"])) == []


def test_the_test_indicator_is_seen() -> None:
    head = "UNB+UNOC:3+OEM:ZZ+SUP:ZZ+261121:1430+77++++++1"
    assert first(interchange(message(*DELJIT_HEAD, *ONE_CALL), head=head)).test
    assert first(x12(*SEQUENCE_866, test="T")).test
    assert not first(SOUND).test


def test_a_hostile_file_cannot_fill_the_problem_table() -> None:
    lot = message(*DELJIT_HEAD, *["XXX+1"] * 5000)
    found = problems(interchange(lot))
    assert len(found) < 110
    assert found[-1].code == "more_problems"


def test_a_segment_without_end_is_given_up_early() -> None:
    found = problems(SOUND[:-10] + b"X" * 2_000_000)
    assert "segment_too_long" in [problem.code for problem in found]


def test_a_message_without_end_is_given_up() -> None:
    endless = b"UNB+UNOC:3+A+B+261121:1430+1'UNH+1+DELJIT:D:97A:UN'" + b"SEQ+3+0042'" * 3_200_000
    assert "message_too_long" in [problem.code for problem in problems(endless)]
