"""What a file may look like before anybody asks what it says."""

import io
import random

import pytest

from edi.formats import is_complete, read, segments, sniff
from edi.formats import tokens as tokens_module

from .edi_samples import ONE_CALL, SEQUENCE_866, deljit, interchange, message, x12

SOUND = deljit()


def call_numbers(data: bytes) -> list[str | None]:
    reading = read(data)
    assert reading.accepted, reading
    messages = [item for part in reading.interchanges for item in part.messages]
    return [call.call_number for item in messages for call in item.call_offs]


@pytest.mark.parametrize(
    "una",
    [b"", b"UNA:+.? '", b"UNA:+,? '", b"UNA:+.? '\r\n", b"UNA:+.?*'", b"UNA:+.  '"],
    ids=["none", "dot", "comma", "line end", "filler", "no release"],
)
def test_every_usual_una_reads_the_same(una: bytes) -> None:
    assert call_numbers(una + SOUND) == ["BODY42"]


def test_una_may_name_any_separators() -> None:
    other = SOUND.translate(bytes.maketrans(b":+'", b"|^~"))
    assert call_numbers(b"UNA|^.? ~" + other) == ["BODY42"]


def test_level_b_separators_need_no_una() -> None:
    other = SOUND.translate(bytes.maketrans(b":+'", b"\x1f\x1d\x1c")).replace(b"UNOC", b"UNOB")
    assert call_numbers(other) == ["BODY42"]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r", b"\r\n\r\n", b"\n    "])
def test_line_ends_and_indents_between_segments_do_not_matter(line_end: bytes) -> None:
    assert call_numbers(SOUND.replace(b"'", b"'" + line_end)) == ["BODY42"]


def test_a_file_wrapped_at_80_columns_is_whole_again() -> None:
    wrapped = b"\r\n".join(SOUND[at : at + 80] for at in range(0, len(SOUND), 80))
    assert call_numbers(wrapped) == ["BODY42"]


@pytest.mark.parametrize("rest", [b"\x1a", b"\x00" * 512, b"\r\n\x1a", b"   \r\n"])
def test_what_old_machines_append_is_ignored(rest: bytes) -> None:
    assert call_numbers(SOUND + rest) == ["BODY42"]


def test_a_byte_order_mark_is_ignored() -> None:
    assert call_numbers(b"\xef\xbb\xbf" + SOUND) == ["BODY42"]


def test_released_characters_are_data() -> None:
    data = deljit(*ONE_CALL).replace(b"BODY42", b"B?'O?+D?:Y??")
    assert call_numbers(data) == ["B'O+D:Y?"]


def test_a_release_before_an_ordinary_character_releases_nothing() -> None:
    assert call_numbers(deljit().replace(b"BODY42", b"BO?DY42")) == ["BODY42"]


def test_an_asterisk_is_data_where_syntax_3_knows_no_repetition() -> None:
    assert call_numbers(b"UNA:+.?*'" + deljit().replace(b"BODY42", b"BODY*42")) == ["BODY*42"]


def test_syntax_4_repetitions_are_reported_not_mixed_up() -> None:
    data = b"UNA:+.?*'" + deljit().replace(b"UNOC:3", b"UNOC:4").replace(b"BODY42:AN", b"BODY42:AN*X:CN")
    codes = [problem.code for problem in read(data).interchanges[0].messages[0].problems]
    assert (call_numbers(data), codes) == (["BODY42"], ["repetition_ignored"])


def test_the_declared_character_set_is_honoured() -> None:
    data = deljit(*ONE_CALL, "RFF+ON:x").replace(b"BODY42", "BÖDY".encode("latin-1"))
    assert call_numbers(data) == ["BÖDY"]
    utf8 = deljit().replace(b"UNOC", b"UNOW").replace(b"BODY42", "BÖDYč".encode())
    assert call_numbers(utf8) == ["BÖDYč"]


def test_two_interchanges_with_different_separators_stand_in_one_file() -> None:
    other = deljit().translate(bytes.maketrans(b":+'", b"|^~")).replace(b"BODY42", b"BODY43")
    assert call_numbers(SOUND + b"\r\n" + b"UNA|^.? ~" + other + SOUND) == ["BODY42", "BODY43", "BODY42"]


@pytest.mark.parametrize("chunk", [257, 300, 401])
def test_chunk_borders_change_nothing(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lot = [message("BGM+242+C+9", "DTM+137:20261121:102", *ONE_CALL, ref=str(at)) for at in range(20)]
    data = interchange(*lot).replace(b"BODY42", b"B??O?'D?+Y")
    whole = read(data + b"UNA:+.? '" + data)
    monkeypatch.setattr(tokens_module, "CHUNK_BYTES", chunk)
    assert read(data + b"UNA:+.? '" + data) == whole
    assert len(whole.interchanges) == 2


class OneByteAtATime(io.RawIOBase):
    """A pipe at its slowest."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self.data.read(min(size, 1) if size >= 0 else -1)


def test_a_source_that_trickles_reads_the_same() -> None:
    assert read(OneByteAtATime(SOUND)) == read(SOUND)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (SOUND, "edifact"),
        (b"UNA:+.? '", "edifact"),
        (b"\r\n" + x12(*SEQUENCE_866), "x12"),
        (b"51102CUSTOMER SUPPLIER " + b" " * 105, "vda"),
        (b"0001;A;B\r\n", "flat"),
        (b"PK\x03\x04", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_the_format(head: bytes, found: str | None) -> None:
    assert sniff(head) == found


@pytest.mark.parametrize("rest", [b"", b"\r\n", b"\x1a", b"\x00\x00", b"\r\n\x1a\r\n"])
@pytest.mark.parametrize("sound", [SOUND, x12(*SEQUENCE_866)], ids=["edifact", "x12"])
def test_a_terminated_trailer_completes_a_file(sound: bytes, rest: bytes) -> None:
    assert is_complete(io.BytesIO(sound + rest))


@pytest.mark.parametrize("sound", [SOUND, x12(*SEQUENCE_866)], ids=["edifact", "x12"])
def test_no_beginning_of_a_file_is_complete(sound: bytes) -> None:
    lengths = [
        *range(120),
        *random.Random(7).sample(range(len(sound)), 60),
        *range(len(sound) - 25, len(sound)),
    ]
    assert not any(is_complete(io.BytesIO(sound[:length])) for length in lengths)


def test_x12_with_a_line_per_segment_is_complete_with_its_line_end() -> None:
    lines = x12(*SEQUENCE_866).replace(b"~", b"\n")
    assert is_complete(io.BytesIO(lines)), "the last line end is the terminator"


def test_segments_are_numbered_from_one_with_their_text() -> None:
    listed = list(segments(io.BytesIO(deljit().replace(b"BODY42", b"B?+42"))))
    assert [item.number for item in listed] == list(range(1, len(listed) + 1))
    identity = listed[7]
    assert (identity.tag, identity.text) == ("GIR", "GIR+4+ZZZJ1S00000000042:VV+B?+42:AN")
    assert identity.elements == [["4"], ["ZZZJ1S00000000042", "VV"], ["B+42", "AN"]]


def test_segments_of_something_else_are_none() -> None:
    assert list(segments(io.BytesIO(b"%PDF-1.7"))) == []
