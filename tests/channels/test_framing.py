"""Telegrams come out as they were sent, however the bytes are cut; what is broken is named and never kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.channels.framing import Broken, Framer, Telegram

# Bytes in, telegrams out.
pytestmark = pytest.mark.engine_free


def framed(framing: str, content: bytes) -> bytes:
    return {
        "NEWLINE": content + b"\r\n",
        "STX_ETX": b"\x02" + content + b"\x03",
        "LENGTH": b"%04d" % len(content) + content,
    }[framing]


def told(framing: str, data: bytes, limit: int = 20) -> list[str]:
    """Contents of the telegrams, and `!word` for each break."""
    seen = []
    for found in Framer(framing, limit).feed(data):
        seen.append(found.content.decode() if isinstance(found, Telegram) else f"!{found.word}")
    return seen


SPEECH = [
    ("NEWLINE", b"one\r\ntwo\n\nthr", ["one", "two"]),
    ("NEWLINE", b"x" * 21 + b"\nnext\n", ["!oversize", "next"]),
    ("NEWLINE", b"x" * 20 + b"\r\n", ["x" * 20]),
    ("STX_ETX", b"\x02one\x03\r\n\x02two\x03", ["one", "two"]),
    ("STX_ETX", b"noise\x02one\x03", ["!no_stx", "one"]),
    ("STX_ETX", b"\x02half\x02whole\x03", ["!no_etx", "whole"]),
    ("STX_ETX", b"\x02" + b"x" * 21 + b"\x03\x02next\x03", ["!oversize", "next"]),
    ("STX_ETX", b"\x02\x03", ["!empty"]),
    ("LENGTH", b"0003one0003two", ["one", "two"]),
    ("LENGTH", b"0021" + b"x" * 21 + b"0003one", ["!oversize", "one"]),
    ("LENGTH", b"0000" + b"0003one", ["!empty", "one"]),
    ("LENGTH", b"12a4rest", ["!bad_length"]),
    ("LENGTH", b"+003one", ["!bad_length"]),
]


@pytest.mark.parametrize(("framing", "data", "expected"), SPEECH)
def test_telegrams(framing: str, data: bytes, expected: list[str]) -> None:
    assert told(framing, data) == expected


@pytest.mark.parametrize(("framing", "data", "expected"), SPEECH)
def test_the_same_byte_by_byte(framing: str, data: bytes, expected: list[str]) -> None:
    framer, seen = Framer(framing, 20), []
    for n in range(len(data)):
        for found in framer.feed(data[n : n + 1]):
            seen.append(found.content.decode() if isinstance(found, Telegram) else f"!{found.word}")
        if seen and seen[-1] == "!bad_length":
            break
    assert seen == expected


CONTENT = st.binary(min_size=1, max_size=50).filter(lambda raw: not set(raw) & set(b"\2\3\r\n"))


@given(
    framing=st.sampled_from(["NEWLINE", "STX_ETX", "LENGTH"]),
    contents=st.lists(
        st.binary(min_size=1, max_size=50).filter(lambda raw: not set(raw) & set(b"\2\3\r\n")), max_size=8
    ),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=30),
)
def test_however_the_bytes_are_cut(framing: str, contents: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(framed(framing, content) for content in contents)
    framer, seen, place, turn = Framer(framing, 50), [], 0, 0
    while place < len(stream):
        size = cuts[turn % len(cuts)]
        seen += list(framer.feed(stream[place : place + size]))
        place, turn = place + size, turn + 1
    assert seen == [Telegram(content) for content in contents]
    assert not framer.is_open


@given(
    framing=st.sampled_from(["NEWLINE", "STX_ETX", "LENGTH"]),
    pieces=st.lists(st.binary(max_size=200), max_size=20),
)
def test_noise_is_never_kept(framing: str, pieces: list[bytes]) -> None:
    framer = Framer(framing, 64)
    for piece in pieces:
        for found in framer.feed(piece):
            assert not isinstance(found, Telegram) or 0 < len(found.content) <= 64
            if isinstance(found, Broken) and found.lost:
                return
        assert len(framer._held) <= 64 + 4
