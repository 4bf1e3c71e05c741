"""What a feed uses, and what it never did before. The bare segments tell, not the reading."""

import io
from pathlib import Path

import pytest

from edi.formats import Drift, Usage, drift, measure, merge, usage_from_json, usage_lines
from edi.formats.usage import MAX_CODES, TypeUsage

PARTNERS = Path(__file__).resolve().parents[3] / "edi" / "partners"

BODY = """UNH+1+DELJIT:D:97A:UN'BGM+242+DOC1+9'DTM+137:202611210600:203'NAD+SE+S1::92'
SEQ+3+0042:3'GIR+4+VIN00000000000042:VV+P0042:AN'LOC+11+D1'LIN+1++AB 12:IN'RFF+ON:4711'QTY+131:1:PCE'
UNT+10+1'"""


def feed(body: str = BODY, head: str = "UNA:+.? '", unb: str = "UNOC:3+OEM:ZZ+SUP:ZZ+261121:0600+7") -> Usage:
    return measure(io.BytesIO(f"{head}UNB+{unb}'{body}UNZ+1+7'".encode("latin-1")), "2026-11-21T06:00")


def said(changed: str, old: str, new: str) -> list[tuple[str, str]]:
    assert old in BODY, changed
    return [(item.what, item.where) for item in drift(feed(), feed(BODY.replace(old, new)))]


def test_a_file_is_counted_by_message_type() -> None:
    usage = feed()
    assert set(usage) == {"UNB", "DELJIT"}
    deljit = usage["DELJIT"]
    assert deljit.messages == 1
    assert deljit.segments == {
        "UNH": 1, "BGM": 1, "DTM": 1, "NAD": 1, "SEQ": 1, "GIR": 1, "LOC": 1, "LIN": 1, "RFF": 1, "QTY": 1, "UNT": 1,
    }  # fmt: skip
    assert deljit.codes["BGM 1.1"] == {"242": 1}
    assert deljit.codes["GIR 2.2"] == {"VV": 1}
    assert deljit.codes["GIR 3.2"] == {"AN": 1}
    assert deljit.codes["UNH 2.3"] == {"97A": 1}
    assert deljit.lengths["GIR VV 1"] == (17, 17)
    assert deljit.lengths["SEQ 2.1"] == (4, 4)
    assert deljit.lengths["RFF ON 1.2"] == (4, 4)
    assert deljit.lengths["LOC 11 2"] == (2, 2)
    assert "QTY 1.2" not in deljit.lengths, "quantities grow without any harm"
    assert "VIN00000000000042" not in str(usage), "what is no code is not kept"


def test_a_known_feed_is_silent() -> None:
    assert drift(feed(), feed()) == []


@pytest.mark.parametrize(
    ("changed", "old", "new", "what"),
    [
        ("segment", "LOC+11", "ALI+DE'LOC+11", ("new_segment", "ALI")),
        ("qualifier", "LOC+11", "LOC+159", ("new_code", "LOC 1")),
        ("event code", "SEQ+3", "SEQ+5", ("new_code", "SEQ 1")),
        ("function", "+9'", "+5'", ("new_code", "BGM 3")),
        ("date format", ":203", ":102", ("new_code", "DTM 1.3")),
        ("directory", "97A", "98B", ("new_code", "UNH 2.3")),
        ("association", "97A:UN", "97A:UN:A09051", ("new_code", "UNH 2.5")),
        ("vehicle qualifier", ":AN", ":CN", ("new_code", "GIR 3.2")),
        ("longer number", "0042:3", "00042:3", ("longer", "SEQ 2.1")),
        ("shorter number", "0042:3", "42:3", ("shorter", "SEQ 2.1")),
        ("longer order", "ON:4711", "ON:47110", ("longer", "RFF ON 1.2")),
        ("order line", "ON:4711", "ON:4711:10", ("new_element", "RFF ON 1.3")),
        ("longer part", "AB 12:IN", "AB 12 C:IN", ("longer", "LIN IN 1")),
    ],
)
def test_a_change_is_told_at_its_place(changed: str, old: str, new: str, what: tuple[str, str]) -> None:
    assert what in said(changed, old, new)


def test_only_the_change_is_told() -> None:
    assert drift(feed(), feed(BODY.replace("SEQ+3", "SEQ+5"))) == [
        Drift("DELJIT", "new_code", "SEQ 1", "SEQ 1 says '5', which never came before")
    ]


@pytest.mark.parametrize(
    ("changed", "old", "new"),
    [
        ("quantity", "131:1:", "131:1500:"),
        ("count", "UNT+10", "UNT+1000"),
        ("text", "LIN", "IMD+F++:::LONG'LIN"),
    ],
)
def test_what_grows_without_harm_is_not_told_as_longer(changed: str, old: str, new: str) -> None:
    assert not [item for item in said(changed, old, new) if item[0] in ("longer", "new_element")]


def test_separators_and_character_set_are_the_feeds_own() -> None:
    signs = drift(feed(), feed(head="UNA:+.! '"))
    assert [(item.type, item.what) for item in signs] == [("UNB", "signs")]
    level = drift(feed(), feed(unb="UNOA:3+OEM:ZZ+SUP:ZZ+261121:0600+7"))
    assert {item.what for item in level} == {"signs", "new_code"}


def test_a_type_that_never_came_is_one_change() -> None:
    other = feed(BODY.replace("DELJIT", "DELFOR"))
    assert [(item.type, item.what) for item in drift(feed(), other)] == [("DELFOR", "new_message")]


def test_usage_survives_json_and_adds_up() -> None:
    whole = feed()
    merge(whole, feed(BODY.replace("0042:3", "00042:4")))
    back = {kind: usage_from_json(kind, row.as_json()) for kind, row in whole.items()}
    assert {kind: row.as_json() for kind, row in back.items()} == {
        k: row.as_json() for k, row in whole.items()
    }
    row = back["DELJIT"]
    assert (row.messages, row.segments["SEQ"], row.lengths["SEQ 2.1"]) == (2, 2, (4, 5))
    assert row.codes["SEQ 2.2"] == {"3": 1, "4": 1}
    assert drift(back, feed(BODY.replace("0042:3", "00042:3"))) == []


def test_first_and_last_seen_hold_the_span() -> None:
    usage = TypeUsage(type="X", first_seen="2026-11-02", last_seen="2026-11-03")
    usage.add(TypeUsage(type="X", first_seen="2026-11-01", last_seen="2026-11-02"))
    assert (usage.first_seen, usage.last_seen) == ("2026-11-01", "2026-11-03")


def test_a_place_with_too_many_values_holds_no_codes() -> None:
    known = TypeUsage(type="X")
    for number in range(MAX_CODES + 50):
        known.code("LOC 1", str(number))
    known.segments["LOC"] = 1
    now = TypeUsage(type="X")
    now.code("LOC 1", "new")
    now.segments["LOC"] = 1
    assert len(known.codes["LOC 1"]) == MAX_CODES
    assert drift({"X": known}, {"X": now}) == []


def test_x12_codes_stand_in_every_second_element_of_lin() -> None:
    sample = next((PARTNERS / "nissan_866").glob("*sequence.edi")).read_bytes()
    usage = measure(io.BytesIO(sample), "2026-11-21")
    assert set(usage) == {"ISA", "866"}
    assert usage["866"].codes["LIN 2"] == {"BP": 3}
    assert usage["866"].codes["LIN 4"] == {"JS": 3}
    assert usage["866"].codes["REF 1"] == {"DK": 3, "LF": 3}
    assert usage["866"].lengths["REF DK 2"] == (2, 2)
    assert usage["ISA"].codes["ISA 12"] == {"00401": 1}
    spoiled = sample.replace(b"REF*LF", b"REF*LU", 1)
    assert [item.text for item in drift(usage, measure(io.BytesIO(spoiled), ""))] == [
        "REF 1 says 'LU', which never came before"
    ]


def test_vda_records_are_told_field_by_field() -> None:
    sample = (PARTNERS / "vw_vda" / "synthetic_schedule.vda").read_bytes()
    usage = measure(io.BytesIO(sample), "2026-11-20")
    assert usage["4905"].segments["512"] == 2
    assert usage["4905"].codes["512 delivery interval"] == {"T": 1, "W": 1}
    spoiled = sample.replace(b"STT", b"STM")
    assert [item.where for item in drift(usage, measure(io.BytesIO(spoiled), ""))] == [
        "512 delivery interval"
    ]


def test_lines_of_a_broadcast_have_a_length() -> None:
    usage = measure(io.BytesIO(b"D0001AB\nD0002AB\n"), "2026-11-20")
    now = measure(io.BytesIO(b"D0001AB\nD0002ABC\n"), "2026-11-20")
    assert [item.what for item in drift(usage, now)] == ["longer"]


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", b"UNA"])
def test_what_is_no_text_uses_nothing(data: bytes) -> None:
    assert not [row for row in measure(io.BytesIO(data), "").values() if row.messages]


def test_a_report_for_a_person_names_every_place() -> None:
    text = "\n".join(usage_lines(feed()))
    assert "DELJIT: 1 message(s), first 2026-11-21T06:00, last 2026-11-21T06:00" in text
    assert "codes     SEQ 1: 3 1" in text
    assert "length    GIR VV 1: 17" in text
