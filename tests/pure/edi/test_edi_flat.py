"""Broadcasts by a layout file: bad lines, headers and trailers, hostile documents, and layouts that are refused."""

import io
import tomllib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.formats import (
    LayoutFile,
    Profile,
    ProfileError,
    flat_layout,
    is_complete,
    read,
    read_stream,
    segments,
    sniff,
)
from edi.formats.canonical import CallOffEvent, Message, Problem
from edi.formats.layout_choice import parse_layout
from tests.pure.edi.edi_golden import GOLDEN, layout_file, with_layout

FIXED = (GOLDEN / "fixed.edi").read_bytes().split(b"\r\n")[:-1]
LINES = """
format = "flat"
shape = "json"
lines = true
[facts]
sequence_number = { path = "seq" }
vin = { path = "vin" }
[events]
"" = "NEW"
[[component]]
part_number = { path = "part" }
quantity = { path = "qty" }
"""
COLUMNS = """
format = "flat"
shape = "delimited"
[facts]
event = { column = 1 }
sequence_number = { column = 2 }
vin = { column = 3 }
[events]
N = "NEW"
[[component]]
part_number = { column = 4 }
quantity = { column = 5 }
"""


def layout(text: str) -> LayoutFile:
    return LayoutFile("feed.toml", tomllib.loads(text))


def profile(text: str) -> Profile:
    return with_layout(layout(text))


def named(name: str) -> Profile:
    return with_layout(layout_file(name))


def fixed(*lines: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in lines)


def found(data: bytes, dialect: Profile) -> list[tuple[str, int | None, str | None]]:
    told: list[Problem] = []
    for part in read_stream(io.BytesIO(data), dialect):
        told += [part] if isinstance(part, Problem) else getattr(part, "problems", ())
    return [(problem.code, problem.segment, problem.element) for problem in told]


def calls(data: bytes, dialect: Profile) -> list[CallOffEvent]:
    parts = read_stream(io.BytesIO(data), dialect)
    return [call for part in parts if isinstance(part, Message) for call in part.call_offs]


# a bad line is its own problem, and the rest of the file goes on

BAD_COLUMNS = [
    ("bad_line", b'N;0002;V2;"A;1', None),
    ("bad_line", b'N;0002;V2;"A"B;1', None),
    ("unknown_event_code", b"X;0002;V2;A;1", "1"),
    ("missing_identity", b"N;;;A;1", None),
    ("missing_part", b"N;0002;V2;;1", "4"),
    ("invalid_number", b"N;0002;V2;A;one", "5"),
    ("invalid_number", b"N;0002;V2;A;-1", "5"),
    ("invalid_character", b"N;0002;V2;A\xff;1", "12"),
]


@pytest.mark.parametrize(
    ("code", "line", "column"), BAD_COLUMNS, ids=[f"{row[0]} {row[2]}" for row in BAD_COLUMNS]
)
def test_a_bad_line_is_told_with_line_and_column_and_the_others_are_read(
    code: str, line: bytes, column: str | None
) -> None:
    data = b"N;0001;V1;A;1\n" + line + b"\nN;0003;V3;A;1\n"
    dialect = profile(COLUMNS)
    assert found(data, dialect) == [(code, 2, column)]
    assert [call.vin for call in calls(data, dialect)] == ["V1", "V3"]
    messages = read(data, dialect).interchanges[0].messages
    assert [(message.accepted, message.segment_first, message.segment_last) for message in messages] == [
        (False, 2, 2),
        (True, 1, 3),
    ]


def test_each_line_is_a_message_of_its_own_where_the_layout_says_so() -> None:
    dialect = profile('message = "line"\n' + COLUMNS)
    messages = read(b"N;0001;V1;A;1\nX;0002;V2;A;1\nN;0003;V3;A;1\n", dialect).interchanges[0].messages
    assert [(item.accepted, len(item.call_offs)) for item in messages] == [(True, 1), (False, 0), (True, 1)]


def test_a_severity_of_the_profile_holds_for_lines_too() -> None:
    dialect = with_layout(layout(COLUMNS), profile=Profile(severity={"invalid_number": "warn"}))
    data = b"N;0001;V1;A;one\n"
    (message,) = read(data, dialect).interchanges[0].messages
    assert message.accepted
    assert message.call_offs[0].components[0].quantity == "one"


def test_a_line_left_out_by_a_severity_is_still_shown() -> None:
    dialect = with_layout(layout(COLUMNS), profile=Profile(severity={"unknown_event_code": "warn"}))
    messages = read(b"X;0001;V1;A;1\nN;0002;V2;A;1\n", dialect).interchanges[0].messages
    assert [(item.segment_first, len(item.problems), len(item.call_offs)) for item in messages] == [
        (1, 1, 0),
        (2, 0, 1),
    ]


def test_columns_are_counted_when_the_layout_says_how_many() -> None:
    dialect = profile("columns = 5\n" + COLUMNS)
    assert found(b"N;0001;V1;A\nN;0002;V2;A;1;2\n", dialect)[:2] == [
        ("bad_line", 1, "5"),
        ("bad_line", 2, "6"),
    ]


def test_a_line_of_another_width_is_refused() -> None:
    lines = [FIXED[0], FIXED[1] + b"X", FIXED[2][:-1], b"T00002"]
    assert found(fixed(*lines), named("fixed")) == [("bad_line", 2, "61"), ("bad_line", 3, "60")]


def test_a_line_that_begins_like_none_of_the_layout_is_refused_and_counted() -> None:
    lines = [FIXED[0], FIXED[1], b"?".ljust(60), b"T00002"]
    assert found(fixed(*lines), named("fixed")) == [("bad_line", 3, "1")]


def test_a_header_line_without_a_column_the_layout_reads_refuses_the_file() -> None:
    data = (GOLDEN / "delimited.edi").read_bytes().replace(b";FEED;", b";FEAD;")
    assert found(data, named("delimited"))[0] == ("missing_field", 1, "FEED")
    assert calls(data, named("delimited")) == []


def test_a_required_fact_that_is_empty_is_told() -> None:
    data = (GOLDEN / "delimited.edi").read_bytes().replace(b"0042;BODY42", b"0042;")
    assert ("missing_field", 2, "BODY") in found(data, named("delimited"))


@pytest.mark.parametrize("time", ["202611311430", "2026-11-2114", "abc"])
def test_what_is_no_time_of_the_layouts_form_is_told_with_its_place(time: str) -> None:
    line = FIXED[1][:23] + time.ljust(12).encode() + FIXED[1][35:]
    assert found(fixed(FIXED[0], line, b"T00001"), named("fixed")) == [("invalid_date", 2, "24-35")]


def test_empty_columns_of_a_part_this_vehicle_does_not_have_are_no_part() -> None:
    line = FIXED[1][:47] + b" " * 13
    (call,) = calls(fixed(FIXED[0], line, b"T00001"), named("fixed"))
    assert [component.part_number for component in call.components] == ["A 1"]


def test_quotes_protect_the_separator_and_may_be_switched_off() -> None:
    data = b'N;1;V1;"A;1";2\n'
    assert calls(data, profile(COLUMNS))[0].components[0].part_number == "A;1"
    plain = profile('quote = ""\n' + COLUMNS)
    assert calls(b'N;1;V1;"A;2\n', plain)[0].components[0].part_number == '"A'


def test_tabulators_separate() -> None:
    tabs = profile('separator = "\\t"\n' + COLUMNS)
    assert calls(b"N\t1\tV1\tA\t2\n", tabs)[0].components[0].quantity == "2"


def test_leading_zeros_and_inner_blanks_stay() -> None:
    (call,) = calls(b"N;0007; V 1 ;A  B;01\n", profile(COLUMNS))
    assert (call.sequence_number, call.vin, call.components[0].part_number) == ("0007", "V 1", "A  B")
    assert call.components[0].quantity == "01"


def test_comments_and_blank_lines_are_no_broadcast() -> None:
    data = b"# made up\n\nN;1;V1;A;1\n\r\n"
    assert len(calls(data, profile('comment = "#"\n' + COLUMNS))) == 1


def test_a_bom_is_no_data() -> None:
    assert calls(b"\xef\xbb\xbfN;1;V1;A;1\n", profile(COLUMNS))[0].event == "NEW"


# header, trailer, reference


@pytest.mark.parametrize(
    ("stated", "code"), [("00002", None), ("00003", "count_mismatch"), ("", "count_mismatch")]
)
def test_the_trailers_count_is_held_against_the_lines(stated: str, code: str | None) -> None:
    data = fixed(*FIXED[:3], f"T{stated}".encode())
    told = read(data, named("fixed")).interchanges[0]
    assert [problem.code for problem in told.problems] == ([code] if code else [])


def test_a_missing_trailer_means_that_the_file_was_cut_off() -> None:
    told = read(fixed(*FIXED[:3]), named("fixed")).interchanges[0]
    assert [(problem.code, problem.severity) for problem in told.problems] == [("missing_trailer", "reject")]


def test_a_line_behind_the_trailer_is_told() -> None:
    assert ("outside_message", 5, None) in found(fixed(*FIXED, FIXED[1]), named("fixed"))


def test_a_header_without_the_reference_is_told() -> None:
    data = fixed(b"H      202611211400", *FIXED[1:])
    assert ("bad_header", 1, "control_ref") in found(data, named("fixed"))


def test_a_feed_without_a_number_is_known_by_its_content() -> None:
    data, dialect = b"N;1;V1;A;1\n", profile(COLUMNS)
    first, again = (read(data, dialect).interchanges[0].control_ref for _ in range(2))
    other = read(data + b"N;2;V2;A;1\n", dialect).interchanges[0].control_ref
    assert first == again != other
    assert first == read(data, dialect).sha256[:32]


def test_a_feed_may_carry_its_number_on_every_line() -> None:
    dialect = profile(COLUMNS.replace("[events]", "control_ref = { column = 6 }\n[events]"))
    assert read(b"N;1;V1;A;1;B17\n", dialect).interchanges[0].control_ref == "B17"


def test_a_test_mark_is_told() -> None:
    data = (GOLDEN / "json_list.edi").read_bytes().replace(b'"trial": false', b'"trial": true')
    assert read(data, named("json_list")).interchanges[0].test


def test_a_file_without_a_line_is_told() -> None:
    told = read(b"# nothing\n", profile('comment = "#"\n' + COLUMNS)).interchanges[0]
    assert [problem.code for problem in told.problems] == ["empty_interchange"]


# which layout


def test_text_is_a_broadcast_only_when_the_profile_names_a_layout() -> None:
    (problem,) = read(b"N;1;V1;A;1\n").problems
    assert problem.code == "format_not_supported"
    assert "[layouts]" in problem.text


def test_two_layouts_are_told_apart_by_how_their_files_begin() -> None:
    first = layout('starts = "N;"\n' + COLUMNS)
    both = with_layout(first, layout_file("fixed"), layout('starts = "[{]"\n' + LINES))
    assert calls(b"N;1;V1;A;1\n", both)[0].vin == "V1"
    assert calls(b'{"seq": 1, "vin": "V2"}\n', both)[0].vin == "V2"
    assert calls(fixed(*FIXED), both)[0].vin == "ZZZJ1S00000000042"


def test_a_broadcast_that_begins_like_vda_is_read_by_the_layout_that_claims_it() -> None:
    data = b"51102;0001;V1;A;1\n"
    claimed = profile('starts = "51102;"\n' + COLUMNS.replace('N = "NEW"', '51102 = "NEW"'))
    assert (sniff(data), sniff(data, claimed)) == ("vda", "flat")
    assert calls(data, claimed)[0].vin == "V1"


def test_a_partner_with_a_layout_may_send_edifact_too() -> None:
    data = b"UNB+UNOC:3+A+B+261121:1430+1'UNZ+0+1'"
    assert read(data, profile(COLUMNS)).format == "edifact"


@pytest.mark.parametrize("data", [b"", b"\x00\x01", b"   \r\n"])
def test_nothing_is_no_broadcast(data: bytes) -> None:
    assert not read(data, profile(COLUMNS)).accepted


# JSON


def test_numbers_of_json_keep_their_digits() -> None:
    (call,) = calls(b'{"seq": 42, "vin": "V1", "part": 10450, "qty": 1.50}\n', profile(LINES))
    assert (call.sequence_number, call.components[0].part_number) == ("42", "10450")
    assert call.components[0].quantity == "1.50"


BAD_JSON = [
    (b'{"seq": 1, "vin": }\n', ("bad_line", 2, "19")),
    (b'["seq"]\n', ("bad_line", 2, None)),
    (b'{"seq": NaN, "vin": "V"}\n', ("bad_line", 2, None)),
    (b'{"a":' * 100_000 + b"\n", ("bad_line", 2, None)),
    (b'{"seq": {"no": 1}}\n', ("missing_identity", 2, None)),
]


@pytest.mark.parametrize(("line", "told"), BAD_JSON, ids=range(len(BAD_JSON)))
def test_a_bad_line_of_json_is_told_and_the_others_are_read(
    line: bytes, told: tuple[str, int, str | None]
) -> None:
    data = b'{"seq": 1, "vin": "V1"}\n' + line + b'{"seq": 3, "vin": "V3"}\n'
    told_by_us = found(data, profile(LINES))
    assert [(code, number) for code, number, _ in told_by_us] == [told[:2]]
    assert told[2] is None or told_by_us[0][2] == told[2]
    assert [call.vin for call in calls(data, profile(LINES))] == ["V1", "V3"]


def test_a_document_that_breaks_in_the_middle_keeps_what_stood_before() -> None:
    data = (GOLDEN / "json_list.edi").read_bytes().replace(b'{"seq": "0043"', b'{"seq" "0043"')
    ((code, number, _),) = found(data, named("json_list"))
    assert (code, number) == ("bad_line", 6)
    assert [call.sequence_number for call in calls(data, named("json_list"))] == ["0042"]


def test_a_document_without_its_list_is_refused_with_what_it_has() -> None:
    dialect = named("json_list")
    (message,) = read(b'{"plant": 1, "food": []}\n', dialect).interchanges[0].messages
    assert [(item.code, item.element) for item in message.problems] == [("missing_field", "feed")]
    assert "food" in message.problems[0].text


def test_a_list_at_the_top_needs_no_path() -> None:
    text = LINES.replace("lines = true\n", "")
    data = b'[\n {"seq": 1, "vin": "V1"},\n 7,\n {"seq": 2, "vin": "V2"}\n]\n'
    assert found(data, profile(text)) == [("bad_line", 3, None)]
    assert [call.vin for call in calls(data, profile(text))] == ["V1", "V2"]


# XML


def xml(body: str, dtd: str = "") -> bytes:
    return f'<?xml version="1.0"?>{dtd}<feed number="1" plant="P">{body}</feed>'.encode()


VEHICLE = '<vehicle action="add"><sequence>1</sequence><body>B1</body></vehicle>'
BOMB = '<!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE feed [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "data",
    [
        xml(VEHICLE.replace("B1", "&c;"), BOMB),
        xml(VEHICLE.replace("B1", "&secret;"), OUTSIDE),
        xml(VEHICLE, '<!DOCTYPE feed SYSTEM "http://127.0.0.1/feed.dtd">'),
    ],
    ids=["entities in entities", "a file from outside", "a DTD from outside"],
)
def test_entity_bombs_and_outside_entities_are_refused(data: bytes) -> None:
    (told,) = read(data, named("xml")).interchanges[0].messages
    assert [problem.code for problem in told.problems] == ["unsafe_xml"]
    assert calls(data, named("xml")) == []


def test_a_document_that_breaks_keeps_the_elements_before_and_tells_where() -> None:
    data = xml(VEHICLE + "\n<vehicle>\n")
    ((code, number, _),) = found(data, named("xml"))
    assert (code, number) == ("bad_line", 3)
    assert [call.production_number for call in calls(data, named("xml"))] == ["B1"]


def test_an_element_full_of_elements_is_refused_and_forgotten() -> None:
    data = xml(f"<vehicle>{'<x/>' * 30_000}</vehicle>{VEHICLE}")
    assert [code for code, _, _ in found(data, named("xml"))] == ["bad_line"]
    assert len(calls(data, named("xml"))) == 1


def test_problems_name_the_line_of_the_element() -> None:
    data = xml(f"\n{VEHICLE}\n\n{VEHICLE.replace('add', 'other')}\n")
    assert found(data, named("xml")) == [("unknown_event_code", 4, "@action")]


# memory, monitor, completeness


def test_memory_holds_one_line_where_each_is_a_message() -> None:
    data = b"".join(b"N;%06d;V%06d;A;1\n" % (number, number) for number in range(8_000))
    dialect = profile('message = "line"\n' + COLUMNS)
    tracemalloc.start()
    count = sum(isinstance(part, Message) for part in read_stream(io.BytesIO(data), dialect))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, peak < 1_500_000) == (8_000, True)


def test_an_endless_line_is_one_bad_line() -> None:
    data = b"N;1;V1;A;1\n" + b"x" * 1_000_000 + b"\nN;2;V2;A;1\n"
    assert [code for code, _, _ in found(data, profile(COLUMNS))] == ["bad_line"]
    assert [call.vin for call in calls(data, profile(COLUMNS))] == ["V1", "V2"]


def test_more_calls_than_a_message_may_hold_are_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edi.formats.flat.MAX_CALLS", 2)
    data = b"".join(b"N;%d;V%d;A;1\n" % (number, number) for number in range(3))
    (message,) = read(data, profile(COLUMNS)).interchanges[0].messages
    assert (message.problems[0].code, message.call_offs) == ("too_many_lines", ())
    assert 'message = "line"' in message.problems[0].text


def test_the_monitor_lists_numbered_lines() -> None:
    listed = list(segments(io.BytesIO(fixed(*FIXED))))
    assert [(item.number, item.tag) for item in listed] == [(number, "LINE") for number in range(1, 5)]
    assert listed[3].text == "T00002"


def test_the_monitor_lists_a_document_on_one_line_too() -> None:
    assert [item.tag for item in segments(io.BytesIO(xml(VEHICLE)))] == ["LINE"]


def test_a_trailer_that_may_still_grow_does_not_end_a_file() -> None:
    data = fixed(*FIXED)
    assert is_complete(io.BytesIO(data), named("fixed")) is True
    assert is_complete(io.BytesIO(data[:-2]), named("fixed")) is None
    assert is_complete(io.BytesIO(fixed(*FIXED[:3])), named("fixed")) is False


# layouts that cannot be used

WRONG = [
    ("shape", COLUMNS.replace('shape = "delimited"', 'shape = "table"'), "shape: write one of"),
    ("key", "colour = 1\n" + COLUMNS, "colour: no such key"),
    ("foreign key", "line_length = 60\n" + COLUMNS, "line_length: a delimited layout has no such key"),
    ("fact", COLUMNS.replace("vin =", "wine ="), "facts.wine: no such key"),
    ("place", COLUMNS.replace("{ column = 3 }", "{ path = 'a' }"), "facts.vin: in a delimited layout a place"),
    ("place key", COLUMNS.replace("{ column = 3 }", "{ col = 3 }"), "facts.vin.col: no such key"),
    ("name", COLUMNS.replace("{ column = 3 }", "{ column = 'VIN' }"), "names need header_line = true"),
    ("column 0", COLUMNS.replace("{ column = 3 }", "{ column = 0 }"), "write a whole number from 1"),
    ("time", COLUMNS.replace("{ column = 3 }", "{ column = 3, time = '%d.%m.' }"), "write a format with a year"),
    ("event", COLUMNS.replace('"NEW"', '"NEWS"'), "events.N: write one of"),
    ("no event", COLUMNS.replace("event = { column = 1 }\n", ""), "no place holds the event"),
    ("no name", COLUMNS.replace("sequence_number", "dock").replace("vin", "line_feed"), "facts: name the place"),
    ("component", COLUMNS.replace("part_number = { column = 4 }\n", ""), "component.part_number: a component needs"),
    ("step", COLUMNS.replace("[[component]]", "[[component]]\ntimes = 3"), "component.step: write by how many"),
    ("list", COLUMNS.replace("[[component]]", '[[component]]\neach = "x"'), "component.each: lists are for JSON"),
    ("separator", 'separator = ";;"\n' + COLUMNS, "separator: write a single character"),
    ("encoding", 'encoding = "latin-99"\n' + COLUMNS, "encoding: write a character set"),
    ("pattern", 'starts = "("\n' + COLUMNS, "starts: this is no regular expression"),
    ("required", 'required = ["dock"]\n' + COLUMNS, "required: 'dock' has no place"),
    ("header", COLUMNS + "[header]\nsender = { column = 1 }\n", "header.begins: write how"),
    ("kind", 'kind = "release"\n' + COLUMNS, "kind: write one of"),
    ("element", COLUMNS.replace("delimited", "xml").replace("column = ", "path = "), "element: write a text"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_layout_that_cannot_be_used_is_refused_with_file_key_and_remedy(text: str, sentence: str) -> None:
    with pytest.raises(ProfileError) as refusal:
        parse_layout(layout(text))
    assert str(refusal.value).startswith("feed.toml: ")
    assert sentence in str(refusal.value)


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=8)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8))
def test_a_written_table_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    quoted = [[cell.replace('"', '""') for cell in row] for row in rows]
    data = "".join(f'N;"{a}";"V{b}";"P{c}";1\n' for a, b, c in quoted).encode()
    told = calls(data, profile(COLUMNS))
    assert [call.vin for call in told] == [f"V{b}".strip() for _, b, _ in rows]
    assert [call.components[0].part_number for call in told] == [f"P{c}".strip() for _, _, c in rows]


PAGE = (GOLDEN.parents[3] / "docs" / "flat-layouts.md").read_text()


def test_the_page_about_layouts_shows_one_that_works_and_names_every_key() -> None:
    block = next(part for part in PAGE.split("```toml\n") if part.startswith('format = "flat"')).split("```")[
        0
    ]
    shown = with_layout(layout(block))
    assert calls(fixed(*FIXED), shown)[0].required_at == "2026-11-21T14:30"
    keys = {
        *flat_layout.TOP_KEYS,
        *flat_layout.CALL_FACTS,
        *flat_layout.HEADER_FACTS,
        *flat_layout.PART_FACTS,
    }
    assert [key for key in sorted(keys) if f"`{key}" not in PAGE and f"[{key}]" not in PAGE] == []
