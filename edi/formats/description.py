"""What the first bytes of a file say about how it is written, for people who look at it."""

from dataclasses import dataclass

from .manual import is_manual
from .tokens import HEAD_BYTES, edifact_head, sniff, x12_head

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n\x00\x1a"
VDA_RECORD = 128


@dataclass(frozen=True, slots=True)
class Description:
    """Format, character set and separators by name; `element`, `component`, `release` are the bare characters."""

    format: str | None
    encoding: str
    signs: tuple[tuple[str, str], ...] = ()
    una: str = ""
    terminator: str = "\n"
    element: str = ""
    component: str = ""
    release: str = ""

    @property
    def has_segments(self) -> bool:
        """True for formats with envelopes, whose messages can be taken out one by one."""
        return self.format in ("edifact", "x12")


def describe(head: bytes, encoding: str | None = None) -> Description:
    """Describe a file by its first 256 bytes; `encoding` is the one a partner's profile forces."""
    if is_manual(head):
        return Description("manual", "utf-8")
    head = head.removeprefix(_BOM).lstrip(_BLANK)[:HEAD_BYTES]
    found = sniff(head)
    read = None
    if found == "edifact":
        read = edifact_head(head, encoding)
    elif found == "x12":
        read = x12_head(head, encoding)
    if read is None:
        return Description(found, encoding or ("iso8859-1" if found == "vda" else "utf-8"))
    signs = read.separators
    named = (
        ("component", signs.component),
        ("element", signs.element),
        ("release", signs.release),
        ("repetition", signs.repetition),
        ("segment", signs.segment),
    )
    una = head[: read.skip].decode("latin-1") if found == "edifact" else ""
    return Description(
        found,
        read.encoding,
        tuple((name, show_sign(sign)) for name, sign in named),
        una=una,
        terminator=signs.segment,
        element=signs.element,
        component=signs.component,
        release=signs.release,
    )


def mark(text: str, place: str, form: Description) -> list[tuple[str, bool]]:
    """Cut a segment's text into (piece, is at `place`), `place` being an element's position such as "2" or "2.1".

    A place the segment does not reach, or a format without elements, gives the text in one unmarked piece.
    """
    element, _, component = place.partition(".")
    if not form.element or not element.isdecimal():
        return [(text, False)]
    start, end = 0, len(text)
    for sign, wanted in ((form.element, element), (form.component, component)):
        if not wanted:
            continue
        # Positions of elements count from 1 behind the tag, those of components from 1 inside their element.
        span = _nth(text, start, end, sign, int(wanted) - (sign == form.component), form.release)
        if span is None:
            return [(text, False)]
        start, end = span
    pieces = [(text[:start], False), (text[start:end], True), (text[end:], False)]
    return [piece for piece in pieces if piece[0] or piece[1]]


def _nth(text: str, start: int, end: int, sign: str, wanted: int, release: str) -> tuple[int, int] | None:
    """Where the piece number `wanted`, from 0, of text[start:end] lies when it is cut at unreleased `sign`s."""
    cuts = [start]
    at = start
    while at < end:
        if release and text[at] == release:
            at += 2
            continue
        if text[at] == sign:
            cuts.append(at + 1)
        at += 1
    cuts.append(end + 1)
    return (cuts[wanted], cuts[wanted + 1] - 1) if 0 <= wanted < len(cuts) - 1 else None


def show_sign(sign: str) -> str:
    """A separator as people read it; one that cannot be seen is named by its code."""
    if not sign:
        return "none"
    if sign.isprintable() and not sign.isspace():
        return sign
    return " ".join({"\r": "CR", "\n": "LF", " ": "blank"}.get(s, f"0x{ord(s):02X}") for s in sign)
