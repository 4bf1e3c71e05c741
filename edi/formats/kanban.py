"""Kanban cards a delivery schedule names: where they stand, ranges of them, and the quantity they belong to.

Known: DE 7405 AL (GIR, GIN) is the number of a kanban card; DE 128 KB and KE are the first and the last of a run.
LIN RC of an 830 or 862 tells which kind of card a part has, not one card: it is read only where a profile says so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .canonical import ReleaseLine
from .facts import element
from .groups import Segment
from .problems import Findings
from .profile import Fields
from .tokens import COMPONENT

CARDS_AT_MOST = 500
LEFT_OUT = "kanban_left_out"


def cards_in(segments: Iterable[Segment], places: Fields, at: int, findings: Findings) -> tuple[str, ...]:
    """Return the cards these segments name, each once, in the order sent; `at` is where a problem is told.

    A run is written out where both ends have the same letters and as many digits; else it is told and left out.
    """
    segments = list(segments)
    found = [
        pair for source in places.kanban_card for item in segments for pair in _named(item, *source.split())
    ]
    ends = [
        last
        for source in places.kanban_last
        for item in segments
        for last, _ in _named(item, *source.split())
    ]
    if ends:
        found = [(first, end or last) for (first, end), last in zip(found, ends, strict=False)]
    cards: list[str] = []
    for first, last in found:
        run = _run(first, last or first)
        if not run:
            sentence = f"{first!r} to {last!r} is no run of cards that can be counted; the cards are left out"
            findings.add(LEFT_OUT, sentence, segment=at)
        cards += run
    return tuple(dict.fromkeys(cards))


def give_cards(
    lines: list[ReleaseLine], cards: tuple[str, ...], at: int, findings: Findings
) -> list[ReleaseLine]:
    """Return the lines with the cards of their part; those of several quantities belong to none and are told."""
    if not cards:
        return lines
    if len(lines) == 1:
        return [with_cards(lines[0], cards)]
    sentence = f"{len(cards)} kanban cards stand with {len(lines)} quantities; nobody can say which is whose"
    findings.add(LEFT_OUT, sentence, segment=at)
    return lines


def with_cards(line: ReleaseLine, cards: tuple[str, ...]) -> ReleaseLine:
    return replace(line, kanban_cards=tuple(dict.fromkeys((*line.kanban_cards, *cards)))) if cards else line


def _named(segment: Segment, tag: str, qualifier: str) -> Iterator[tuple[str, str]]:
    """Give out the numbers a segment names under a qualifier: the first of a run and its last, "" without one."""
    if segment[0] != tag:
        return
    if tag == "GIN":
        if element(segment, 1) == qualifier:
            for position in range(2, len(segment)):
                if first := element(segment, position):
                    yield first, element(segment, position, 2) or ""
    elif tag in ("GIR", "PIA") or (tag == "LIN" and COMPONENT in "".join(segment)):
        for composite in segment[2:]:
            value, _, rest = composite.partition(COMPONENT)
            if value.strip() and rest.partition(COMPONENT)[0] == qualifier:
                yield value.strip(), ""
    elif tag == "RFF":
        if element(segment, 1) == qualifier and (number := element(segment, 1, 2)):
            yield number, ""
    else:
        yield from ((value, "") for value in _x12(segment, qualifier))


def _x12(segment: Segment, qualifier: str) -> Iterator[str]:
    """Give out what LIN, REF or REF04 (C040) of X12 say under a qualifier."""
    start = 2 if segment[0] == "LIN" else 1
    pairs = [segment[at : at + 2] for at in range(start, len(segment) - 1, 2)]
    if segment[0] == "REF":
        more = segment[4].split(COMPONENT) if len(segment) > 4 else []
        pairs = [segment[1:3], *(more[at : at + 2] for at in range(0, len(more) - 1, 2))]
    for code, value in (pair for pair in pairs if len(pair) == 2):
        if code.strip() == qualifier and value.strip():
            yield value.strip()


def _run(first: str, last: str) -> list[str]:
    """Every number from the first to the last; none when they are no run or too long a one."""
    if first == last:
        return [first]
    head = first.rstrip("0123456789")
    begin, end = first.removeprefix(head), last.removeprefix(head)
    if not last.startswith(head) or len(begin) != len(end) or not (begin.isdecimal() and end.isdecimal()):
        return []
    count = int(end) - int(begin) + 1
    if not 1 <= count <= CARDS_AT_MOST:
        return []
    return [f"{head}{int(begin) + step:0{len(begin)}d}" for step in range(count)]
