"""Bytes to segments, for EDIFACT (ISO 9735) and X12 alike.

Every chunk is brought into one normal form before it is split: the file's own separators become the control
characters ISO 9735 level B reserves for that purpose, and released characters become plain data. After that
splitting is plain, whatever the UNA or the ISA said.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, Literal, NamedTuple

from .canonical import Problem
from .problems import make_problem

Format = Literal["edifact", "x12", "vda", "flat"]

COMPONENT = "\x1f"
REPETITION = "\x1e"
ELEMENT = "\x1d"
SEGMENT = "\x1c"

CHUNK_BYTES = 64 * 1024
HEAD_BYTES = 256
TAIL_BYTES = 1024
MAX_SEGMENT_CHARS = 256 * 1024

# ISO 9735 annex A (S001/0001). A and B are seven bit; W and Y are UTF-8.
CHARSETS = {
    "UNOA": "ascii",
    "UNOB": "ascii",
    "UNOC": "iso8859-1",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOL": "iso8859-15",
    "UNOW": "utf-8",
    "UNOY": "utf-8",
}

_BOM = codecs.BOM_UTF8
_BLANK = b" \t\r\n\x00\x1a"
_PADDING = " \t\r\n\x00\x1a"
_CONTROLS = bytes(range(0x20)) + b"\x7f"
_UNREADABLE = re.compile("[\ufffd\x00\x1a]")
_EMPTY_SEGMENTS = re.compile(f"{SEGMENT}[{SEGMENT} ]+")
# Noncharacters: legal in no interchange, so they can stand for released characters while a chunk is split.
_HELD = ("\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3", "\ufdd4")
# The records that open a VDA transmission: 4905, 4915, 4916, 4906 to 4908, 4913 and their kin.
VDA_HEADERS = ("511", "551", "651", "611", "621", "671", "711", "811", "821")
_VDA_RECORD = re.compile("({})[0-9A-Z]{{2}}".format("|".join(VDA_HEADERS)).encode())


class RawSegment(NamedTuple):
    """One segment as the EDI monitor lists it: its number in the file, its text, elements of components."""

    number: int
    tag: str
    text: str
    elements: list[list[str]]


@dataclass(frozen=True, slots=True)
class Separators:
    """The characters that cut a file; an empty string where the syntax has none."""

    component: str
    element: str
    release: str
    repetition: str
    segment: str

    def show(self, text: str) -> str:
        """Return a normal-form segment as it would stand in the file."""
        if self.release:
            for sign in (self.release, self.segment, self.element, self.component):
                text = text.replace(sign, self.release + sign)
        if {self.element, self.component, self.repetition} & {ELEMENT, COMPONENT, REPETITION}:
            # A file that uses control characters in other roles: one after the other would mix them up.
            signs = ((ELEMENT, self.element), (COMPONENT, self.component), (REPETITION, self.repetition))
            return text.translate({ord(own): sign for own, sign in signs})
        text = text.replace(ELEMENT, self.element).replace(COMPONENT, self.component)
        return text.replace(REPETITION, self.repetition)


@dataclass(frozen=True, slots=True)
class Head:
    """What the first bytes of an interchange say about how to read it."""

    separators: Separators
    encoding: str
    skip: int
    problems: tuple[Problem, ...] = ()


def sniff(head: bytes) -> Format | None:
    """Tell the format of a file from its first bytes (128 are enough), or None when it is no text we know."""
    head = head.removeprefix(_BOM).lstrip(_BLANK)
    if head.startswith((b"UNA", b"UNB")):
        return "edifact"
    if head.startswith(b"ISA"):
        return "x12"
    if _VDA_RECORD.match(head):
        return "vda"
    printable = not head.translate(None, bytes(range(0x20, 0x100)) + b"\t\r\n")
    return "flat" if head and printable and b"\n" in head else None


def edifact_head(head: bytes, encoding: str | None = None) -> Head | None:
    """Read UNA and UNB S001; None when they cannot be made out (ISO 9735 clause 7, annex B)."""
    una = head[:9].decode("latin-1") if head.startswith(b"UNA") and len(head) > 9 else ""
    skip = len(una)
    unb = head[skip:].lstrip(b" \r\n").decode("latin-1")
    signs = una[3:] or _implied_signs(unb)
    if len(signs) != 6 or not _distinct(signs[0], signs[1], signs[5]):
        return None
    level, _, rest = unb[4:].partition(signs[0])
    version = rest[:1]
    # Syntax 1 to 3 have no repetition separator: UNA's fifth character is then filler (some write '*' there).
    repetition = signs[4].strip() if version >= "4" else ""
    separators = Separators(signs[0], signs[1], signs[3].strip(), repetition, signs[5])
    problems: tuple[Problem, ...] = ()
    if encoding is None and level not in CHARSETS:
        sentence = (
            f"{level[:4]!r} is no ISO 9735 character set; read as ASCII (the profile may set `encoding`)"
        )
        problems = (make_problem("unknown_charset", sentence, tag="UNB", element="1.1"),)
    return Head(separators, encoding or CHARSETS.get(level, "ascii"), skip, problems)


def _implied_signs(unb: str) -> str:
    """Return UNA's six characters for an interchange that came without UNA."""
    return f"{COMPONENT}{ELEMENT},  {SEGMENT}" if unb[3:4] == ELEMENT else ":+.? '"


def x12_head(head: bytes, encoding: str | None = None) -> Head | None:
    """Read the ISA's separators, padded to 106 bytes or not; None when it has no sixteen elements (X12.5)."""
    text = head.decode("latin-1")
    element = text[3:4]
    fields = text.split(element, 16) if element else []
    if len(fields) != 17 or len(fields[16]) < 2:
        return None
    # Who sends no composites may leave ISA16 empty; then the next segment stands right behind the terminator.
    behind = fields[16][1:].lstrip("\r\n" if fields[16][0] == "~" else "")
    is_bare = behind.startswith((f"GS{element}", f"TA1{element}", f"IEA{element}"))
    component, segment = ("", fields[16][0]) if is_bare else (fields[16][0], fields[16][1])
    if not _distinct(element, component, segment):
        return None
    # From 00402 ISA11 is the repetition separator, before that it says "U" for the standard's home.
    has_repetition = fields[12] >= "00402" and len(fields[11]) == 1 and not fields[11].isalnum()
    separators = Separators(component, element, "", fields[11] if has_repetition else "", segment)
    problems: tuple[Problem, ...] = ()
    if is_bare:
        sentence = "ISA16 is empty, so composites cannot be told apart; the sender should name a separator"
        problems = (make_problem("unpadded_isa", sentence, tag="ISA", element="16"),)
    elif len(text) - len(fields[16]) != 104:
        sentence = "the ISA's elements are not padded to their fixed widths"
        problems = (make_problem("unpadded_isa", sentence, tag="ISA"),)
    return Head(separators, encoding or "iso8859-1", 0, problems)


def _distinct(*signs: str) -> bool:
    return len(set(signs)) == len(signs) and not any(sign.isalnum() or sign == " " for sign in signs)


@dataclass(slots=True)
class Tokens:
    """Normal-form segment texts of a stream, in batches that never span two interchanges.

    `head` belongs to the batch last given out. Memory is bounded by one chunk and one segment.
    """

    source: BinaryIO
    format: Format
    encoding: str | None = None
    head: Head | None = None
    problems: list[Problem] = field(default_factory=list)

    def batches(self) -> Iterator[list[str]]:
        """Give out the segments of one chunk after the other; stop at bytes that cannot be read at all."""
        normalise = None
        carry = ""
        for piece in self._pieces():
            if not carry.strip(_PADDING) and piece.startswith((b"UNA", b"UNB", b"ISA")):
                head = self._read_head(piece)
                if head is not None:
                    self.head, carry = head, ""
                    normalise = _Normaliser(head)
                    piece = piece[head.skip :]
            if normalise is None:
                self._report_head()
                return
            texts, carry = _cut(carry + normalise(piece))
            if normalise.dirty:
                texts = [_UNREADABLE.sub("\ufffd", text) for text in texts]
            if len(carry) > MAX_SEGMENT_CHARS:
                sentence = "no segment ends within a quarter of a million characters; ask for the file again"
                self._report("segment_too_long", sentence, carry.strip(_PADDING)[:3])
                return
            if texts:
                yield texts
        rest = carry.strip(_PADDING)
        if rest and self.head is not None and self.head.separators.segment in "\r\n":
            # Where a line is a segment the last line need not end.
            yield [rest]
        elif rest:
            sentence = (
                f"the file ends inside the segment {rest[:3]}; the rest was cut off: ask for the file again"
            )
            self._report("truncated", sentence, rest[:3])

    def _read_head(self, piece: bytes) -> Head | None:
        if self.format == "edifact" and not piece.startswith(b"ISA"):
            # UNB directly after UNA is the same interchange, and a piece of its own would be.
            return edifact_head(piece[:HEAD_BYTES], self.encoding)
        if self.format == "x12" and piece.startswith(b"ISA"):
            return x12_head(piece[:HEAD_BYTES], self.encoding)
        return None

    def _report_head(self) -> None:
        if self.format == "x12":
            sentence = (
                "the ISA has not sixteen elements and a terminator behind them; have the file sent again"
            )
            self.problems.append(make_problem("bad_separators", sentence, segment=1, tag="ISA", element="16"))
        else:
            sentence = "the file's first segment does not say how the file is cut; ask for the file again"
            self._report("bad_separators", sentence, "UNB", "1")

    def _report(self, code: str, text: str, tag: str, element: str | None = None) -> None:
        self.problems.append(make_problem(code, text, tag=tag, element=element))

    def _pieces(self) -> Iterator[bytes]:
        """Cut the bytes before everything that might open an interchange; a wrong guess does no harm."""
        opening = rb"ISA" if self.format == "x12" else rb"UNA|UNB"
        candidate = re.compile(opening)
        held = self.source.read(CHUNK_BYTES).removeprefix(_BOM).lstrip(_BLANK)
        while held:
            chunk = self.source.read(CHUNK_BYTES)
            limit = len(held) - HEAD_BYTES if chunk else len(held)
            start = 0
            for match in candidate.finditer(held):
                if match.start() >= limit:
                    break
                follows_una = held[start : start + 3] == b"UNA" and match.start() - start < 16
                if match.start() > start and not follows_una:
                    yield held[start : match.start()]
                    start = match.start()
            # The head of an interchange is never torn apart: what is left waits for the next chunk.
            if not chunk or limit - start >= HEAD_BYTES:
                yield held[start:limit]
                start = limit
            held = held[start:] + chunk


class _Signs:
    """What turns the signs of one interchange into the normal form; the same for every one that is cut alike."""

    def __init__(self, signs: Separators) -> None:
        self.release = signs.release
        own = "".join((signs.component, signs.element, signs.repetition, signs.segment))
        pairs = [(signs.component, COMPONENT), (signs.element, ELEMENT), (signs.repetition, REPETITION)]
        if signs.segment in "\r\n":
            # Where a line is a segment a file that passed through other machines mixes their line ends.
            pairs += [("\r", SEGMENT), ("\n", SEGMENT)]
            own += "\r\n"
        else:
            pairs.append((signs.segment, SEGMENT))
        self.separators = tuple(pair for pair in pairs if pair[0] and pair[0] != pair[1])
        # One after the other is fastest, unless a sign of the file is the normal form of another one.
        targets = {target for _, target in self.separators}
        clash = any(sign in targets for sign, _ in self.separators)
        self.table = {ord(sign): target for sign, target in self.separators} if clash else None
        releasable = (signs.release, signs.component, signs.element, signs.segment, signs.repetition)
        holds = [(sign, held) for sign, held in zip(releasable, _HELD, strict=True) if sign]
        self.held = {signs.release + sign: held for sign, held in holds}
        self.released = re.compile(f"{re.escape(signs.release)}[{re.escape(''.join(releasable))}]")
        self.given_back = [(held, "\ufffd" if ord(sign) < 0x20 else sign) for sign, held in holds]
        # A line end inside a segment is a mainframe's 80-column wrap, never data; it may be the terminator.
        self.line_ends = bytes(set(b"\r\n") - set(own.encode("latin-1")))
        self.foreign = bytes(set(_CONTROLS) - set(own.encode("latin-1")) - set(b"\r\n\x00\x1a"))
        self.unreadable = dict.fromkeys((*self.foreign, *map(ord, _HELD)), "\ufffd")


# A file may open an interchange in every few bytes; partners differ in a handful of ways.
_signs_of = lru_cache(maxsize=64)(_Signs)


class _Normaliser:
    """Turns raw bytes of one interchange into normal form, chunk by chunk."""

    def __init__(self, head: Head) -> None:
        self.signs = _signs_of(head.separators)
        self.decoder = codecs.getincrementaldecoder(head.encoding)("replace")
        self.pending = ""
        self.dirty = False

    def __call__(self, raw: bytes) -> str:
        raw = raw.translate(None, self.signs.line_ends)
        text = self.decoder.decode(raw)
        if len(raw.translate(None, self.signs.foreign)) != len(raw) or any(sign in text for sign in _HELD):
            text = text.translate(self.signs.unreadable)
        self.dirty = self.dirty or "\ufffd" in text or "\x00" in text or "\x1a" in text
        if self.signs.release:
            return self._released(self.pending + text)
        return self._separated(text)

    def _released(self, text: str) -> str:
        trailing = len(text) - len(text.rstrip(self.signs.release))
        cut = len(text) - trailing % 2
        text, self.pending = text[:cut], text[cut:]
        if self.signs.release not in text:
            return self._separated(text)
        text = self.signs.released.sub(lambda match: self.signs.held[match[0]], text)
        text = self._separated(text.replace(self.signs.release, ""))
        for held, sign in self.signs.given_back:
            text = text.replace(held, sign)
        return text

    def _separated(self, text: str) -> str:
        if self.signs.table is not None:
            return text.translate(self.signs.table)
        for sign, own in self.signs.separators:
            text = text.replace(sign, own)
        return text


def _cut(text: str) -> tuple[list[str], str]:
    """Split normal form into whole segments and the unfinished rest; blanks between segments are no data."""
    text = _EMPTY_SEGMENTS.sub(SEGMENT, text)
    texts = text.lstrip(SEGMENT + " ").split(SEGMENT)
    return texts, texts.pop()


def is_complete(source: BinaryIO) -> bool:
    """Tell whether the last UNZ or IEA is there and terminated; reads only head and tail of a seekable file.

    Trailing line ends, ^Z and NUL are tolerated. False also for everything that is neither EDIFACT nor X12.
    """
    source.seek(0)
    head = source.read(HEAD_BYTES).removeprefix(_BOM).lstrip(_BLANK)
    found = sniff(head)
    if found not in ("edifact", "x12"):
        return False
    read = edifact_head(head) if found == "edifact" else x12_head(head)
    if read is None:
        return False
    size = source.seek(0, 2)
    source.seek(max(size - TAIL_BYTES, 0))
    return _ends(source.read(TAIL_BYTES), read.separators, b"UNZ" if found == "edifact" else b"IEA")


def _ends(tail: bytes, signs: Separators, tag: bytes) -> bool:
    """Tell whether a file's tail is `tag`, two elements, a terminator, and nothing behind it that matters."""
    terminator, separator = signs.segment.encode("latin-1"), signs.element.encode("latin-1")
    if terminator in b"\r\n":
        tail, terminator = tail.replace(b"\r", b"\n"), b"\n"
    last = tail.rstrip(_BLANK.replace(terminator, b""))
    start = last.rfind(tag + separator)
    if start < 0 or not last.endswith(terminator):
        return False
    if start > 0 and not last[:start].rstrip(b" \r\n".replace(terminator, b"")).endswith(terminator):
        return False
    fields = last[start:].rstrip(terminator + _BLANK).split(separator)
    return len(fields) >= 3 and bool(fields[1].strip() and fields[2].strip()) and terminator not in fields[2]
