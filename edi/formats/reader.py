"""Bytes in, canonical messages out: whole files, streams, and the bare list of segments."""

import hashlib
import io
from collections.abc import Iterator
from typing import BinaryIO

from .canonical import Interchange, InterchangeEnd, InterchangeStart, Message, Problem, Reading
from .envelopes import EnvelopeReader, Part
from .problems import make_problem
from .profile import Profile
from .tokens import COMPONENT, ELEMENT, HEAD_BYTES, REPETITION, RawSegment, Tokens, sniff


def read(source: bytes | BinaryIO, profile: Profile | None = None) -> Reading:
    """Read a whole file into one Reading; bad bytes become problems, never exceptions.

    Memory grows with the file's messages; `read_stream` is the way for files of any size.
    """
    stream = _Hashing(io.BytesIO(source) if isinstance(source, bytes) else source)
    problems: list[Problem] = []
    interchanges: list[Interchange] = []
    start: InterchangeStart | None = None
    first: InterchangeStart | None = None
    messages: list[Message] = []
    for part in read_stream(stream, profile):  # type: ignore[arg-type]
        if isinstance(part, Message):
            messages.append(part)
        elif isinstance(part, Problem):
            problems.append(part)
        elif isinstance(part, InterchangeStart):
            start, messages = part, []
            first = first or part
        elif start is not None:
            interchanges.append(_interchange(start, part, messages))
    stream.drain()
    return Reading(
        format=first.format if first else sniff(stream.head),
        encoding=first.encoding if first else None,
        sha256=stream.digest.hexdigest(),
        problems=tuple(problems),
        interchanges=tuple(interchanges),
    )


def _interchange(start: InterchangeStart, end: InterchangeEnd, messages: list[Message]) -> Interchange:
    return Interchange(
        sender=start.sender,
        recipient=start.recipient,
        control_ref=start.control_ref,
        prepared_at=start.prepared_at,
        test=start.test,
        group_ref=end.group_ref,
        problems=end.problems,
        messages=tuple(messages),
    )


class _Hashing:
    """Passes a stream on and keeps its SHA-256 and its first bytes."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.digest = hashlib.sha256()
        self.head = b""

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size)
        self.digest.update(data)
        if len(self.head) < HEAD_BYTES:
            self.head += data[:HEAD_BYTES]
        return data

    def drain(self) -> None:
        while self.read(1 << 20):
            pass


def read_stream(source: BinaryIO, profile: Profile | None = None) -> Iterator[Part]:
    """Give out a file part by part: InterchangeStart, its Messages, InterchangeEnd; memory holds one message.

    A Problem on its own concerns the file, not an interchange. A message that cannot be accepted is given out
    with its problems and the rest of the file goes on.
    """
    opened = _open(source, profile)
    if isinstance(opened, Problem):
        yield opened
    else:
        yield from EnvelopeReader(opened, profile or Profile()).parts()


def segments(source: BinaryIO) -> Iterator[RawSegment]:
    """Give out the segments of a file numbered from 1, as the EDI monitor lists them; nothing for no EDI."""
    opened = _open(source, None)
    if isinstance(opened, Problem):
        return
    number = 0
    for batch in opened.batches():
        assert opened.head is not None
        show = opened.head.separators.show
        for text in batch:
            number += 1
            tag, *rest = text.split(ELEMENT)
            elements = [item.replace(REPETITION, COMPONENT).split(COMPONENT) for item in rest]
            yield RawSegment(number, tag, show(text), elements)


def _open(source: BinaryIO, profile: Profile | None) -> Tokens | Problem:
    head = source.read(HEAD_BYTES)
    while len(head) < HEAD_BYTES and (more := source.read(HEAD_BYTES - len(head))):
        head += more
    found = sniff(head)
    if found == "edifact" or found == "x12":
        return Tokens(_Rewound(head, source), found, profile.encoding if profile else None)  # type: ignore[arg-type]
    if found is None:
        return make_problem("unknown_format", "the first bytes are of no format we know")
    return make_problem("format_not_supported", f"{found} files need that partner's layout; there is none")


class _Rewound:
    """A stream whose first bytes were already looked at."""

    def __init__(self, head: bytes, source: BinaryIO) -> None:
        self.head = head
        self.source = source

    def read(self, size: int = -1) -> bytes:
        if not self.head:
            return self.source.read(size)
        head, self.head = self.head, b""
        return head + self.source.read(max(size - len(head), 0) if size >= 0 else size)
