"""Bytes to records of 128 bytes: lines ended by CRLF, LF or CR, or no line ends at all, and both in one file."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from .vda_layout import RECORD_BYTES

CHUNK_BYTES = 64 * 1024
_BETWEEN = b"\r\n\x00\x1a"
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n\x00\x1a"


class RawRecord(NamedTuple):
    """One record: its number in the file from 1, its bytes without line end, and whether it is the last."""

    number: int
    data: bytes
    last: bool = False

    @property
    def type(self) -> str:
        return self.data[:3].decode("latin-1")


def cut_records(source: BinaryIO) -> Iterator[RawRecord]:
    """Give out the records of a stream; memory holds one chunk.

    A line end inside 128 bytes ends a record early. What stands behind 128 bytes on the same line is a record of
    its own when it begins with three digits, otherwise it belongs to the record before it, which is then too
    long. Blank lines, NUL and ^Z between records are nothing.
    """
    number = 0
    held: bytes | None = None
    for data, follows in _pieces(source):
        if held is not None and follows and not data[:3].isdigit():
            # A file out of step has no record any more; its bytes are not gathered.
            held = (held + data)[: 8 * RECORD_BYTES]
            continue
        if held is not None:
            number += 1
            yield RawRecord(number, held)
        held = data
    if held is not None:
        yield RawRecord(number + 1, held, True)


def _pieces(source: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Give out pieces of up to 128 bytes, each with whether it follows another on the same line."""
    buffer = source.read(CHUNK_BYTES).removeprefix(_BOM).lstrip(_BLANK)
    follows = False
    at = 0
    ended = False
    while True:
        if len(buffer) - at < RECORD_BYTES + 1 and not ended:
            chunk = source.read(CHUNK_BYTES)
            ended = not chunk
            buffer, at = buffer[at:] + chunk, 0
            continue
        window = buffer[at : at + RECORD_BYTES]
        if not window:
            return
        cut = _line_end(window)
        piece = window if cut < 0 else window[:cut]
        at += len(piece) if cut < 0 else cut + 1
        if piece.strip(_BETWEEN + b" "):
            # NUL is what some senders pad with.
            yield piece.rstrip(b"\x1a").replace(b"\x00", b" "), follows
        follows = cut < 0 and buffer[at : at + 1] not in (b"\r", b"\n", b"")


def _line_end(window: bytes) -> int:
    found = [at for at in (window.find(b"\n"), window.find(b"\r")) if at >= 0]
    return min(found, default=-1)


def ends_with(source: BinaryIO, closes: str, counted: int) -> bool:
    """Tell whether a seekable file ends with a whole record of type `closes`.

    Whole is 128 bytes, or a line end, or at least `counted` bytes: senders leave trailing blanks off.
    """
    size = source.seek(0, 2)
    start = max(size - 8 * RECORD_BYTES, 0)
    source.seek(start)
    tail = source.read(8 * RECORD_BYTES)
    text = tail.rstrip(b"\r\n\x00\x1a")
    line = text.replace(b"\r", b"\n").rpartition(b"\n")[2]
    if len(line) > RECORD_BYTES:
        source.seek(0)
        lead = source.read(1024)
        lead_bytes = len(lead) - len(lead.removeprefix(_BOM).lstrip(_BLANK))
        behind = (
            (start + len(text) - lead_bytes) % RECORD_BYTES
            if len(line) == len(text)
            else len(line) % RECORD_BYTES
        )
        line = line[-(behind or RECORD_BYTES) :]
    ended = len(line) == RECORD_BYTES or tail[len(text) :].startswith((b"\r", b"\n"))
    return line[:3] == closes.encode() and (ended or len(line) >= counted)
