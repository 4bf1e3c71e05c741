"""The defects that other readers are known for, each by name: what arrives in plants and has to be read right."""

import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest

from edi.formats import InterchangeStart, Message, Problem, Profile, is_complete, read, read_stream
from edi.formats.profile import EDIFACT_FIELDS

from .edi_samples import DELJIT_HEAD, ONE_CALL, UNB, deljit, interchange, message

SOUND = deljit()
GROUP = "UNG+DELJIT+OEM+SUP+261121:1430+{}+UN+D:97A"


def problems(data: bytes, profile: Profile | None = None) -> list[Problem]:
    reading = read(data, profile)
    found = list(reading.problems)
    for part in reading.interchanges:
        found += part.problems
        for item in part.messages:
            found += item.problems
    return found


def calls(data: bytes, profile: Profile | None = None) -> list[str | None]:
    reading = read(data, profile)
    assert reading.accepted, problems(data, profile)
    messages = [item for part in reading.interchanges for item in part.messages]
    return [call.call_number for item in messages for call in item.call_offs]


def call(number: int, ref: str | None = None) -> list[str]:
    lines = [line.replace("0042", f"{number:04}").replace("BODY42", f"B{number}") for line in ONE_CALL]
    return message(*DELJIT_HEAD, *lines, ref=ref or str(number))


def grouped(*groups: tuple[str, list[list[str]]], counted: int | None = None) -> bytes:
    flat: list[str] = []
    for ref, messages in groups:
        flat += [
            GROUP.format(ref),
            *(line for item in messages for line in item),
            f"UNE+{len(messages)}+{ref}",
        ]
    count = len(groups) if counted is None else counted
    return "".join(f"{line}'" for line in [UNB, *flat, f"UNZ+{count}+77"]).encode("latin-1")


# envelopes


def test_two_interchanges_in_a_file_are_never_merged() -> None:
    second = interchange(call(2), head=UNB.replace("+77", "+78"), ref="78")
    found = read(interchange(call(1)) + b"\r\n" + second).interchanges
    assert [(part.control_ref, len(part.messages), part.problems) for part in found] == [
        ("77", 1, ()),
        ("78", 1, ()),
    ]


def test_several_groups_keep_their_own_references_and_counts() -> None:
    data = grouped(("55", [call(1), call(2)]), ("56", [call(3)]))
    ((found),) = read(data).interchanges
    assert (found.group_ref, problems(data)) == ("55", [])
    assert [(item.ref, item.group_ref) for item in found.messages] == [("1", "55"), ("2", "55"), ("3", "56")]


@pytest.mark.parametrize(
    ("damage", "code", "tag", "element"),
    [
        ((b"UNE+2+55", b"UNE+3+55"), "count_mismatch", "UNE", "1"),
        ((b"UNE+2+55", b"UNE+2+57"), "ref_mismatch", "UNE", "2"),
        ((b"UNZ+2+77", b"UNZ+3+77"), "count_mismatch", "UNZ", "1"),
        ((b"UNE+2+55'", b""), "missing_trailer", "UNG", None),
        ((b"UNG+DELJIT+OEM+SUP+261121:1430+56+UN+D:97A'", b""), "missing_header", "UNE", None),
    ],
)
def test_a_group_that_does_not_add_up_is_told(
    damage: tuple[bytes, bytes], code: str, tag: str, element: str | None
) -> None:
    found = problems(grouped(("55", [call(1), call(2)]), ("56", [call(3)])).replace(*damage))
    assert (code, "reject", tag, element) in [(one.code, one.severity, one.tag, one.element) for one in found]


def test_a_partner_who_counts_messages_where_groups_count_is_read_by_his_severity() -> None:
    data = grouped(("55", [call(1), call(2)]), counted=2)
    assert not read(data).accepted
    assert calls(data, Profile(severity={"count_mismatch": "warn"})) == ["B1", "B2"]


@pytest.mark.parametrize("code", ["count_mismatch", "ref_mismatch"])
def test_wrong_counts_and_references_are_as_grave_as_the_partner_makes_them(code: str) -> None:
    data = SOUND.replace(b"UNT+12+1", b"UNT+11+1" if code == "count_mismatch" else b"UNT+12+9")
    assert [(one.code, one.severity) for one in problems(data)] == [(code, "reject")]
    assert [one.severity for one in problems(data, Profile(severity={code: "warn"}))] == ["warn"]
    assert problems(data, Profile(severity={code: "ignore"})) == []


def test_ten_thousand_calls_come_as_several_messages_and_all_are_read() -> None:
    lot = [message(*DELJIT_HEAD, *(ONE_CALL * 400), ref=str(at)) for at in range(25)]
    assert len(calls(interchange(*lot))) == 10_000


# UNA and separators


@pytest.mark.parametrize(
    ("una", "signs"),
    [
        (b"", b":+'?"),
        (b"UNA:+.? '", b":+'?"),
        (b"UNA:+,? '", b":+'?"),
        (b"UNA:+.?*'", b":+'?"),
        (b"UNA:+.? '\r\n", b":+'?"),
        (b"UNA:+.?*~", b":+~?"),
        (b"UNA|^.\\ ~", b"|^~\\"),
        (b"UNA\x1f\x1d.? \x1c", b"\x1f\x1d\x1c?"),
        (b"UNA>*.?^~", b">*~?"),
    ],
    ids=["none", "usual", "decimal comma", "asterisk", "line end", "tilde", "odd", "level b", "x12 like"],
)
def test_every_una_is_obeyed(una: bytes, signs: bytes) -> None:
    data = SOUND.replace(b"BODY42", b"B??42").translate(bytes.maketrans(b":+'?", signs))
    assert calls(una + data) == ["B?42".replace("?", chr(signs[3]))]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_line_end_may_be_the_terminator(end: bytes) -> None:
    assert calls(b"UNA:+.? " + end + SOUND.replace(b"'", end)) == ["BODY42"]


@pytest.mark.parametrize("syntax", ["1", "2", "3"])
def test_an_asterisk_in_una_is_no_repetition_before_syntax_4(syntax: str) -> None:
    data = SOUND.replace(b"UNOC:3", b"UNOC:" + syntax.encode()).replace(b"BODY42", b"BODY*42")
    assert calls(b"UNA:+.?*'" + data) == ["BODY*42"]


def test_repetitions_are_cut_from_syntax_4_on() -> None:
    data = SOUND.replace(b"UNOC:3", b"UNOC:4").replace(b"BODY42:AN", b"BODY42:AN*B43:AN")
    assert (calls(b"UNA:+.?*'" + data), problems(b"UNA:+.?*'" + data)[0].code) == (
        ["BODY42"],
        "repetition_ignored",
    )


def test_a_blank_repetition_sign_is_none_in_syntax_4_either() -> None:
    assert calls(b"UNA:+.? '" + SOUND.replace(b"UNOC:3", b"UNOC:4")) == ["BODY42"]


def test_a_released_control_character_is_no_data() -> None:
    data = SOUND.replace(b"BODY42", b"B?+42").translate(bytes.maketrans(b":+'", b"\x1f\x1d\x1c"))
    assert [one.code for one in problems(b"UNA\x1f\x1d.? \x1c" + data)] == ["invalid_character"]


def test_a_release_that_releases_nothing_and_one_that_dangles() -> None:
    assert calls(SOUND.replace(b"BODY42", b"BO?DY42")) == ["BODY42"]
    assert [one.code for one in problems(SOUND[:-1] + b"?")] == ["truncated", "missing_trailer"]


# characters


@pytest.mark.parametrize(
    ("level", "text"),
    [
        ("UNOA", "BODY 1"),
        ("UNOB", "Body 1"),
        ("UNOC", "BÖDY"),
        ("UNOD", "BŘDY"),
        ("UNOE", "БОДИ"),
        ("UNOF", "ΒΟΔΥ"),
        ("UNOG", "BĦDY"),
        ("UNOH", "BĀDY"),
        ("UNOI", "بدي"),
        ("UNOJ", "בדי"),
        ("UNOK", "BİDY"),
        ("UNOL", "BŒ€Y"),
        ("UNOW", "BÖ€Ř"),
        ("UNOY", "BÖБ漢"),
    ],
)
def test_the_character_set_is_the_one_unb_declares(level: str, text: str) -> None:
    encodings = dict(zip("ABCDEFGHIJKLWY", (
        "ascii", "ascii", "iso8859-1", "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-3", "iso8859-4",
        "iso8859-6", "iso8859-8", "iso8859-9", "iso8859-15", "utf-8", "utf-8",
    ), strict=True))  # fmt: skip
    data = SOUND.replace(b"UNOC", level.encode()).replace(b"BODY42", text.encode(encodings[level[3]]))
    assert calls(data) == [text]


def test_the_profile_may_know_better_than_unb() -> None:
    data = SOUND.replace(b"UNOC", b"UNOA").replace(b"BODY42", "BÖDY".encode("cp1252"))
    assert calls(data, Profile(encoding="cp1252")) == ["BÖDY"]


def test_a_character_torn_by_a_chunk_border_is_whole() -> None:
    fill = b"UNH+0+IFTMIN:D:96A:UN'" + b"FTX+AAI+++" + b"x" * 70 + b"'"
    for shift in range(4):
        head = UNB.replace("UNOC:3", "UNOW:4").encode() + b"'" + fill * (65536 // len(fill)) + b"x" * shift
        assert "\ufffd" not in str(read(head + "Ö€漢".encode() * 20))


def test_signs_that_stand_in_for_released_ones_cannot_be_smuggled_in() -> None:
    data = SOUND.replace(b"UNOC", b"UNOW").replace(b"BODY42", "B\ufdd0Y".encode())
    assert "invalid_character" in [one.code for one in problems(data)]


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n", b"\x00\x00", b"  \r\n"])
@pytest.mark.parametrize("behind", [b"", b"\x1a", b"\x00" * 40, b"\r\n\x1a\x00", b"\n\n  "])
def test_byte_order_mark_and_what_old_machines_append_are_nothing(before: bytes, behind: bytes) -> None:
    assert calls(before + SOUND + behind) == ["BODY42"]
    assert is_complete(io.BytesIO(before + SOUND + behind))


@pytest.mark.parametrize(
    "ends", [(b"",), (b"\n",), (b"\r\n",), (b"\r",), (b"\n", b"\r\n", b"", b"\r"), (b"\r\n\r\n", b"")]
)
def test_no_line_ends_and_mixed_line_ends_read_the_same(ends: tuple[bytes, ...]) -> None:
    lines = SOUND.split(b"'")
    data = b"".join(line + b"'" + ends[at % len(ends)] for at, line in enumerate(lines[:-1]))
    assert calls(data) == ["BODY42"]


# dates


@pytest.mark.parametrize(
    ("syntax", "date", "expected"),
    [
        ("UNOC:3", "261121:1430", "2026-11-21T14:30"),
        ("UNOC:4", "20261121:1430", "2026-11-21T14:30"),
        ("UNOC:3", "20261121:1430", "2026-11-21T14:30"),
        ("UNOC:4", "261121:1430", "2026-11-21T14:30"),
        ("UNOC:3", "991231:2359", "1999-12-31T23:59"),
        ("UNOC:3", "261321:1430", None),
    ],
)
def test_unb_has_a_date_of_six_or_eight_digits(syntax: str, date: str, expected: str | None) -> None:
    head = UNB.replace("UNOC:3", syntax).replace("261121:1430", date)
    (start, *_) = read_stream(io.BytesIO(interchange(call(1), head=head)))
    assert isinstance(start, InterchangeStart)
    assert start.prepared_at == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("261121:101", "2026-11-21"),
        ("20261121:102", "2026-11-21"),
        ("2611211430:201", "2026-11-21T14:30"),
        ("202611211430:203", "2026-11-21T14:30"),
        ("20261121143005:204", "2026-11-21T14:30:05"),
        ("202611211430CET:303", "2026-11-21T14:30"),
    ],
)
def test_every_usual_date_format_is_read_and_none_gets_a_zone_it_has_not(date: str, expected: str) -> None:
    ((found,),) = (
        part.messages for part in read(SOUND.replace(b"202611211430:203", date.encode())).interchanges
    )
    assert (found.call_offs[0].required_at, found.problems) == (expected, ())


def test_a_date_with_the_digits_of_another_format_is_read_and_told() -> None:
    data = SOUND.replace(b"202611211430:203", b"20261121143005:203")
    assert calls(data) == ["BODY42"]
    (found,) = problems(data)
    assert (found.code, found.severity, found.segment, found.element) == ("date_format", "warn", 7, "1.3")


# content


def test_an_empty_placeholder_segment_is_no_fact_and_hides_none() -> None:
    empty = (
        "SEQ+3+0042:3",
        "DTM+2",
        *ONE_CALL[1:2],
        "GIR+4",
        "GIR+4+:VV",
        ONE_CALL[2],
        "LOC+11",
        *ONE_CALL[3:],
    )
    head = (*DELJIT_HEAD[:2], "NAD+BY", DELJIT_HEAD[2])
    ((found,),) = (part.messages for part in read(deljit(*empty, head=head)).interchanges)
    assert (found.problems, found.buyer) == ((), "OEM")
    (read_call,) = found.call_offs
    assert (read_call.required_at, read_call.vin, read_call.dock) == (
        "2026-11-21T14:30",
        "ZZZJ1S00000000042",
        "D1",
    )


@pytest.mark.parametrize("association", ["A09051", "GAVA31", "GMI020"])
def test_an_association_code_breaks_nothing(association: str) -> None:
    assert calls(deljit(kind=f"DELJIT:D:97A:UN:{association}")) == ["BODY42"]


def test_sequence_numbers_keep_zeros_and_letters() -> None:
    ((found,),) = (part.messages for part in read(SOUND.replace(b"0042:3", b"00A0042:2")).interchanges)
    assert (found.call_offs[0].sequence_number, found.call_offs[0].sequence_source) == ("00A0042", "2")


def test_part_numbers_keep_inner_blanks_and_lose_outer_ones() -> None:
    ((found,),) = (
        part.messages for part in read(SOUND.replace(b"7L6 881 105:IN", b" 7L6 881 105  :IN")).interchanges
    )
    assert found.call_offs[0].components[0].part_number == "7L6 881 105"


@pytest.mark.parametrize(("directory", "event"), [("D:98A", "NEW"), ("D:98B", "CHANGE")])
def test_one_digit_means_two_things_in_two_directories(directory: str, event: str) -> None:
    ((found,),) = (part.messages for part in read(deljit(kind=f"DELJIT:{directory}:UN")).interchanges)
    assert found.call_offs[0].event == event


def test_the_same_fact_stands_elsewhere_for_another_partner() -> None:
    profile = Profile(
        edifact=replace(EDIFACT_FIELDS, required_at=("DTM 206",), production_number=("GIR CN",))
    )
    data = SOUND.replace(b"DTM+2:", b"DTM+206:").replace(b"BODY42:AN", b"C42:CN")
    assert calls(data, profile) == ["C42"]


# every rejection can be acted on

REMEDIES = ("ask ", "set ", "Set ", "say ", "add it", "check ", "has to", "read ")
REFUSED = [
    SOUND.replace(b"UNT+12", b"UNT+13"),
    SOUND.replace(b"UNT+12+1", b"UNT+12+2"),
    SOUND.replace(b"UNZ+1+77", b"UNZ+1+78"),
    SOUND.replace(b"UNT+12+1'", b""),
    SOUND.replace(b"UNZ+1+77'", b""),
    SOUND.replace(b"UNH+1+DELJIT:D:97A:UN'", b""),
    SOUND + b"UNZ+1+77'",
    SOUND.replace(b"UNZ", b"FTX+AAI'UNZ"),
    SOUND.replace(b"UNZ", b"UNE+1+5'UNZ"),
    SOUND.replace(b"+77'UNH", b"'UNH"),
    SOUND.replace(b"LOC+11+D1", b"ZZZ+11+D1"),
    SOUND.replace(b"BGM+242+CALL1+9'", b""),
    SOUND.replace(b"BGM+242", b"BGM+999"),
    SOUND.replace(b"202611211430:203", b"tomorrow:203"),
    SOUND.replace(b"QTY+131:1", b"QTY+131:one"),
    SOUND.replace(b"7L6 881 105:IN", b""),
    deljit("SEQ+3", "LIN+1++X:IN"),
    SOUND.replace(b"SEQ+3", b"SEQ+77"),
    deljit(kind="DELJIT:D:XXX:UN"),
    SOUND.replace(b"BODY42", b"BODY\x0142"),
    SOUND[:-3],
    b"UNA+++++++UNB",
    SOUND.replace(b"UNT", b"LIN+1++" + b"X" * 300_000 + b"'UNT"),
    interchange(message("BGM+305+A+9", "DTM+137:20261121:102", "RFF+ACW:1", "ERC+1", kind="APERAK:D:96A:UN")),
]


@pytest.mark.parametrize("data", REFUSED, ids=range(len(REFUSED)))
def test_every_rejection_says_code_place_and_what_to_do(data: bytes) -> None:
    rejected = [one for one in problems(data) if one.severity == "reject"]
    assert rejected
    for one in rejected:
        assert (one.code and one.segment and one.tag) is not None, one
        assert any(
            word in one.text
            for word in ("ask ", "set ", "Set ", "say ", "add it", "check ", "has to", "split", "read ")
        ), one


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        ((b"QTY+131:1", b"QTY+131:one"), (12, "QTY", "1.2")),
        ((b"BODY42", b"BODY\x0142"), (8, "GIR", "3.1")),
        ((b"D1", b"D\x01"), (9, "LOC", "2")),
        ((b"SEQ+3", b"SEQ+77"), (6, "SEQ", "1")),
        ((b"UNT+12+1", b"UNT+12+2"), (13, "UNT", "2")),
    ],
)
def test_a_rejection_points_at_the_element(damage: tuple[bytes, bytes], place: tuple[int, str, str]) -> None:
    (found,) = problems(SOUND.replace(*damage))
    assert (found.segment, found.tag, found.element) == place


# size


class Endless(io.RawIOBase):
    """An interchange of as many messages as asked for, made while it is read."""

    def __init__(self, messages: int) -> None:
        self.parts = self.made(messages)
        self.held = b""

    def made(self, messages: int) -> Iterator[bytes]:
        yield UNB.encode() + b"'"
        body = "".join(f"{line}'" for line in message(*DELJIT_HEAD, *(ONE_CALL * 50))).encode()
        for _ in range(messages):
            yield body
        yield f"UNZ+{messages}+77'".encode()

    def read(self, size: int = -1) -> bytes:
        while len(self.held) < size and (more := next(self.parts, None)) is not None:
            self.held += more
        data, self.held = self.held[:size], self.held[size:]
        return data


def peak(messages: int) -> int:
    tracemalloc.start()
    count = sum(len(part.call_offs) for part in read_stream(Endless(messages)) if isinstance(part, Message))  # type: ignore[arg-type]
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == messages * 50
    return highest


def test_memory_holds_one_message_however_many_there_are() -> None:
    peak(5)
    assert peak(120) < peak(30) * 1.2
