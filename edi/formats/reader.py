"""Bytes in, canonical messages out: whole files, streams, and the bare list of segments."""

import hashlib
import io
from collections.abc import Iterator
from typing import BinaryIO

from .canonical import Interchange, InterchangeEnd, InterchangeStart, Message, Problem, Reading
from .envelopes import EnvelopeReader, Part
from .flat import FlatReader
from .flat_rows import ends_by, numbered_lines
from .layout_choice import claims, flat_layout, vda_layouts
from .problems import make_problem
from .profile import Profile
from .tokens import COMPONENT, ELEMENT, HEAD_BYTES, REPETITION, Format, RawSegment, Tokens
from .tokens import is_complete as has_trailer
from .tokens import sniff as sniff_syntax
from .vda import VdaReader
from .vda_layout import RECORD_BYTES
from .vda_records import cut_records, ends_with

# The tag of a broadcast's line in the monitor; no syntax has a segment of this name.
LINE_TAG = "LINE"
# A document may stand on one long line.
_DOCUMENTS = (b"{", b"[", b"<")
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n\x00\x1a"


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
        format=first.format if first else sniff(stream.head, profile),
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
    """Passes a stream on and keeps its SHA-256 and its first bytes; what is read again is not counted again."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.digest = hashlib.sha256()
        self.head = b""
        self.at = 0
        self.counted = 0
        self.start = source.tell() if _can_go_back(source) else 0

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size)
        fresh = data[max(self.counted - self.at, 0) :]
        self.digest.update(fresh)
        if len(self.head) < HEAD_BYTES:
            self.head += fresh[:HEAD_BYTES]
        self.at += len(data)
        self.counted = max(self.counted, self.at)
        return data

    def seekable(self) -> bool:
        return _can_go_back(self.source)

    def tell(self) -> int:
        return self.at

    def seek(self, position: int) -> int:
        self.source.seek(self.start + position)
        self.at = position
        return position

    def drain(self) -> None:
        while self.read(1 << 20):
            pass


def _can_go_back(source: BinaryIO) -> bool:
    seekable = getattr(source, "seekable", None)
    return seekable is not None and bool(seekable())


def read_stream(source: BinaryIO, profile: Profile | None = None) -> Iterator[Part]:
    """Give out a file part by part: InterchangeStart, its Messages, InterchangeEnd; memory holds one message.

    A Problem on its own concerns the file, not an interchange. A message that cannot be accepted is given out
    with its problems and the rest of the file goes on. A transmission of VDA records is one interchange, a
    broadcast by a layout is one too.
    """
    profile = profile or Profile()
    head = _head_of(source)
    whole: BinaryIO = _Rewound(head, source)  # type: ignore[assignment]
    found = sniff(head, profile)
    if found == "edifact" or found == "x12":
        yield from EnvelopeReader(Tokens(whole, found, profile.encoding), profile).parts()
    elif found == "vda":
        yield from _vda_parts(whole, head, profile)
    elif found is None:
        yield make_problem("unknown_format", "the first bytes are of no format we know")
    else:
        yield from _flat_parts(whole, head, profile)


def _vda_parts(source: BinaryIO, head: bytes, profile: Profile) -> Iterator[Part]:
    layouts = vda_layouts(profile)
    opens = head.removeprefix(_BOM).lstrip(_BLANK)[:3].decode("latin-1")
    if opens in layouts:
        yield from VdaReader(source, layouts, profile).parts()
        return
    text = f"records {opens} need the layout of your partner; enter it ([layouts], docs/vda-layouts.md)"
    yield make_problem("format_not_supported", text, segment=1, tag=opens)


def _flat_parts(source: BinaryIO, head: bytes, profile: Profile) -> Iterator[Part]:
    layout = flat_layout(profile, _text_of(head))
    if layout is None:
        text = (
            "the file is text of no syntax; if it is a broadcast, its partner's profile has to name a layout"
        )
        yield make_problem("format_not_supported", f"{text} ([layouts], docs/flat-layouts.md)")
    else:
        yield from FlatReader(source, layout, profile, _text_of(head)).parts()


def sniff(head: bytes, profile: Profile | None = None) -> Format | None:
    """Tell the format of a file from its first bytes (128 are enough), or None when it is no text we know.

    "flat" is plain text; it can be read only by a layout of the profile. A layout that names the beginning of
    its files has the first word, for a broadcast may begin like anything.
    """
    head = _text_of(head)
    if profile is not None and profile.layouts:
        if claims(profile, head):
            return "flat"
        if head[:3].decode("latin-1") in vda_layouts(profile) and head[3:5].isalnum():
            return "vda"
    found = sniff_syntax(head)
    if found is None and head and profile is not None and flat_layout(profile, head) is not None:
        return "flat"
    return found


def is_complete(source: BinaryIO, profile: Profile | None = None) -> bool | None:
    """Tell whether the last envelope of a seekable file is closed; reads only its head and its tail.

    None for a broadcast whose layout has no trailer: only that nobody writes it any more shows that it is whole.
    """
    source.seek(0)
    head = _text_of(source.read(HEAD_BYTES))
    profile = profile or Profile()
    found = sniff(head, profile)
    if found == "vda":
        layout = vda_layouts(profile).get(head[:3].decode("latin-1"))
        closes = layout.closes if layout is not None else head[:2].decode("latin-1") + "9"
        counted = (
            [item.end for item in layout.records[closes].fields if item.counts] if layout is not None else []
        )
        return ends_with(source, closes, max(counted, default=RECORD_BYTES))
    if found == "flat":
        flat = flat_layout(profile, head)
        return False if flat is None else ends_by(source, flat)
    return has_trailer(source)


def segments(source: BinaryIO, profile: Profile | None = None) -> Iterator[RawSegment]:
    """Give out the segments, records or lines of a file numbered from 1, as the EDI monitor lists them.

    With a profile, records that only its layouts know are records, too. Nothing for what is no text.
    """
    head = _head_of(source)
    whole: BinaryIO = _Rewound(head, source)  # type: ignore[assignment]
    found = sniff_syntax(head) if profile is None else sniff(head, profile)
    if found == "vda":
        for raw in cut_records(whole):
            # Padded, so that a transmission without its trailing blanks has the same content as with them.
            text = raw.data.decode("latin-1").ljust(RECORD_BYTES)
            yield RawSegment(raw.number, raw.type, text, [[text[3:]]])
    elif found == "flat" or _text_of(head).startswith(_DOCUMENTS):
        for number, line in numbered_lines(whole):
            text = line.decode("utf-8", "replace")
            yield RawSegment(number, LINE_TAG, text, [[text]])
    elif found is not None:
        yield from _segments(Tokens(whole, found, None))


def envelope_tags(profile: Profile) -> frozenset[str]:
    """Return the tags of the segments and records that open an interchange, the partner's own layouts included."""
    return frozenset({"UNB", "ISA", *vda_layouts(profile)})


def _segments(tokens: Tokens) -> Iterator[RawSegment]:
    number = 0
    for batch in tokens.batches():
        assert tokens.head is not None
        show = tokens.head.separators.show
        for text in batch:
            number += 1
            tag, *rest = text.split(ELEMENT)
            elements = [item.replace(REPETITION, COMPONENT).split(COMPONENT) for item in rest]
            yield RawSegment(number, tag, show(text), elements)


def _head_of(source: BinaryIO) -> bytes:
    head = source.read(HEAD_BYTES)
    while len(head) < HEAD_BYTES and (more := source.read(HEAD_BYTES - len(head))):
        head += more
    return head


def _text_of(head: bytes) -> bytes:
    return head.removeprefix(_BOM).lstrip(_BLANK)


class _Rewound:
    """A stream whose first bytes were already looked at; it can be read twice when the stream itself can."""

    def __init__(self, head: bytes, source: BinaryIO) -> None:
        self.head = head
        self.first = head
        self.source = source
        self.place = source.tell() if _can_go_back(source) else None

    def read(self, size: int = -1) -> bytes:
        if not self.head:
            return self.source.read(size)
        head, self.head = self.head, b""
        return head + self.source.read(max(size - len(head), 0) if size >= 0 else size)

    def again(self) -> bool:
        """Go back to the first byte; False when the stream cannot."""
        if self.place is None:
            return False
        self.source.seek(self.place)
        self.head = self.first
        return True
