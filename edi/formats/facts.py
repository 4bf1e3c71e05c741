"""Pulling facts out of segments by "<tag> <qualifier>", the names profiles use, for both syntaxes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from .groups import Group, Segment
from .problems import Findings
from .tokens import COMPONENT

# Value by place; further components of the same composite stay behind it, cut by COMPONENT.
Facts = dict[str, str]

# DE 1225
FUNCTIONS = {
    "1": "cancellation",
    "2": "addition",
    "4": "change",
    "5": "replace",
    "7": "duplicate",
    "9": "original",
    "31": "copy",
    "35": "retransmission",
    "40": "deletion_request",
    "41": "last_of_series",
    "50": "withdraw",
    "53": "test",
}

# DE 2379: how many digits, which datetime pattern, whether it is a date only.
DATE_FORMATS = {
    "101": ("%y%m%d", 6),
    "102": ("%Y%m%d", 8),
    "201": ("%y%m%d%H%M", 10),
    "202": ("%y%m%d%H%M%S", 12),
    "203": ("%Y%m%d%H%M", 12),
    "204": ("%Y%m%d%H%M%S", 14),
    "303": ("%Y%m%d%H%M", 12),
    "304": ("%Y%m%d%H%M%S", 14),
}
_BY_LENGTH = {8: "102", 12: "203", 14: "204"}
# DE 2379: a code of two moments or periods, and the code of each of the two.
SPANS = {
    "709": "609",
    "710": "610",
    "711": "102",
    "713": "201",
    "715": "615",
    "716": "616",
    "717": "101",
    "718": "102",
    "719": "203",
}
# DE 2379: months and weeks, with or without century.
PERIODS = {"609": ("month", 4), "610": ("month", 6), "615": ("week", 4), "616": ("week", 6)}


class Span(NamedTuple):
    """From when to when, both days included, and the interval that the format itself names."""

    first: str | None = None
    last: str | None = None
    interval: str | None = None


def element(segment: Segment, position: int, component: int = 1) -> str | None:
    """Return a component by the standard's positions (both from 1) without outer blanks, None when empty."""
    if position >= len(segment):
        return None
    parts = segment[position].split(COMPONENT)
    return (parts[component - 1].strip() or None) if component <= len(parts) else None


def edifact_facts(segments: Iterable[Segment], found: Facts) -> Facts:
    """Add what EDIFACT segments say to `found`; the first to fill a place wins, an empty one fills nothing."""
    for segment in segments:
        tag = segment[0]
        if tag in ("DTM", "QTY", "RFF"):
            if len(segment) > 1:
                qualifier, _, rest = segment[1].partition(COMPONENT)
                if rest:
                    found.setdefault(f"{tag} {qualifier}", rest)
        elif tag in ("LOC", "NAD"):
            if len(segment) > 2 and segment[2]:
                found.setdefault(f"{tag} {segment[1]}", segment[2])
        elif tag in ("GIR", "PIA", "LIN"):
            for composite in segment[3 if tag == "LIN" else 2 :]:
                value, _, qualifier = composite.partition(COMPONENT)
                if value:
                    found.setdefault(f"{tag} {qualifier.partition(COMPONENT)[0]}", value)
    return found


def x12_facts(segments: Iterable[Segment], found: Facts) -> Facts:
    """Add what X12 segments say to `found`; the first to name a place wins."""
    for segment in segments:
        tag = segment[0]
        if tag == "LIN":
            for position in range(2, len(segment) - 1, 2):
                found.setdefault(f"LIN {segment[position]}", segment[position + 1])
        elif tag == "N1" and len(segment) > 2:
            found.setdefault(f"N1 {segment[1]}", segment[4] if len(segment) > 4 else segment[2])
        elif tag in ("REF", "DTM", "QTY") and len(segment) > 2:
            found.setdefault(f"{tag} {segment[1]}", COMPONENT.join(segment[2:4]))
            if tag == "REF" and len(segment) > 4:
                # C040: up to three more references, qualifier and value in turn.
                parts = segment[4].split(COMPONENT)
                for at in range(0, len(parts) - 1, 2):
                    if parts[at + 1].strip():
                        found.setdefault(f"REF {parts[at].strip()}", parts[at + 1])
        elif tag == "SN1" and len(segment) > 2:
            found.setdefault("SN1", COMPONENT.join(segment[2:4]))
        elif tag == "PRF" and len(segment) > 1:
            found.setdefault("PRF", segment[1])
    return found


def place(found: Facts, sources: tuple[str, ...]) -> str | None:
    """Return the first of the places that is filled."""
    for source in sources:
        rest = found.get(source)
        if rest and not rest.isspace():
            return source
    return None


def pick(found: Facts, sources: tuple[str, ...]) -> str | None:
    """Return the value at the first filled place, None when all are empty."""
    for source in sources:
        rest = found.get(source)
        if rest is not None:
            value = rest.partition(COMPONENT)[0].strip()
            if value:
                return value
    return None


@lru_cache(maxsize=8192)
def edifact_period(text: str, code: str, offset: str = "") -> Span | None:
    """Return DE 2380 in any format DE 2379 knows here as a span, None when it is no such time.

    Weeks are those of ISO 8601, from Monday to Sunday. Two moments may stand with a hyphen between them or,
    as the list has it, without.
    """
    if code in SPANS:
        first, hyphen, second = text.partition("-")
        if not hyphen:
            first, second = text[: len(text) // 2], text[len(text) // 2 :]
        begins, ends = (edifact_period(part, SPANS[code], offset) for part in (first, second))
        if begins is None or ends is None:
            return None
        return Span(begins.first, ends.last or ends.first, begins.interval)
    if code in PERIODS:
        return _period(text, *PERIODS[code])
    moment = edifact_time(text, code, offset)
    return None if moment is None else Span(moment)


def _period(text: str, interval: str, length: int) -> Span | None:
    if len(text) != length or not text.isdigit() or not text.isascii():
        return None
    year, number = int(text[:-2]) + (2000 if length == 4 else 0), int(text[-2:])
    try:
        if interval == "week":
            first = datetime.fromisocalendar(year, number, 1)
            last = first + timedelta(days=6)
        else:
            first = datetime(year, number, 1)  # noqa: DTZ001 - plant local by design
            last = first.replace(year=year + number // 12, month=number % 12 + 1) - timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return Span(first.date().isoformat(), last.date().isoformat(), interval)


def edifact_time(text: str, code: str, offset: str = "") -> str | None:
    """Return DE 2380 in format DE 2379 as ISO 8601, None when it is no such time.

    203 carries no zone and stays plant local; `offset` is a DTM+735 of the message, as "+0200".
    """
    pattern, length = DATE_FORMATS.get(code, ("", 0))
    digits, zone = text[:length], text[length:].strip()
    if not length or len(digits) != length or not digits.isdigit() or not digits.isascii():
        return None
    if zone and code not in ("303", "304"):
        return None
    iso = _iso(digits, with_century=length in (8, 12, 14) and pattern.startswith("%Y"))
    return None if iso is None else iso + (_offset(offset) if "T" in iso else "")


def x12_time(date: str, time: str = "") -> str | None:
    """Return an X12 date (6 or 8 digits) and time (4 or 6) as ISO 8601, None when they are none."""
    digits = date + time[:6]
    if (
        not digits.isdigit()
        or not digits.isascii()
        or len(date) not in (6, 8)
        or len(time) not in (0, 4, 6, 8)
    ):
        return None
    return _iso(digits, with_century=len(date) == 8)


def _iso(digits: str, *, with_century: bool) -> str | None:
    if not with_century:
        digits = ("19" if digits[:2] >= "70" else "20") + digits
    parts = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, len(digits), 2))]
    try:
        moment = datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - plant local by design
    except ValueError:
        return None
    if len(parts) == 3:
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds" if len(parts) == 6 else "minutes")


def _offset(text: str) -> str:
    return f"{text[:3]}:{text[3:5]}" if len(text) == 5 and text[0] in "+-" and text[1:].isdigit() else ""


@lru_cache(maxsize=8192)
def _moment(rest: str, zone: str) -> str | None:
    return edifact_time(*_stated(rest, zone))


def _stated(rest: str, zone: str) -> tuple[str, str, str]:
    """Return digits and format code of a DTM, and the offset of the message's DTM+735."""
    text, _, code = rest.partition(COMPONENT)
    return text.strip(), code.strip(), zone.partition(COMPONENT)[0]


def edifact_moment(
    found: Facts, sources: tuple[str, ...], groups: Iterable[Group], findings: Findings
) -> str | None:
    """Return the time at the first filled place; book `invalid_date` when something else fills it."""
    source = place(found, sources)
    if source is None:
        return None
    rest, zone = found[source], found.get("DTM 735", "")
    return _moment(rest, zone) or _by_digits(rest, zone, locate(groups, source), findings)


def _by_digits(rest: str, zone: str, number: int | None, findings: Findings) -> str | None:
    """Return a time whose format code is wrong; with a four-digit year the number of digits says all.

    One wrong code must not stop a line: `date_format` tells it. Where digits do not tell either, `invalid_date`.
    """
    text, code, offset = _stated(rest, zone)
    actual = _BY_LENGTH.get(len(text), "") if code in _BY_LENGTH.values() else ""
    moment = edifact_time(text, actual, offset)
    if moment is not None:
        sentence = f"{text!r} has the digits of format {actual}, not of {code}; read as {moment}"
        findings.add("date_format", sentence, segment=number, tag="DTM", element="1.3")
    else:
        sentence = f"{text!r} is no time in format {code!r} (DE 2379); ask the partner to correct it"
        findings.add("invalid_date", sentence, segment=number, tag="DTM", element="1.2")
    return moment


@lru_cache(maxsize=8192)
def _span(rest: str, zone: str) -> Span | None:
    return edifact_period(*_stated(rest, zone))


def edifact_span(found: Facts, sources: tuple[str, ...], group: Group, findings: Findings) -> Span:
    """Return the span at the first filled place; book `invalid_date` when something else fills it."""
    source = place(found, sources)
    if source is None:
        return Span()
    rest, zone = found[source], found.get("DTM 735", "")
    return _span(rest, zone) or Span(_by_digits(rest, zone, locate((group,), source), findings))


def x12_moment(
    found: Facts, sources: tuple[str, ...], groups: Iterable[Group], findings: Findings
) -> str | None:
    """Return the time at the first filled place; book `invalid_date` when something else fills it."""
    source = place(found, sources)
    if source is None:
        return None
    date, _, time = found[source].partition(COMPONENT)
    moment = x12_time(date.strip(), time.strip())
    if moment is None:
        sentence = f"{date!r} {time!r} is no date and time"
        findings.add("invalid_date", sentence, segment=locate(groups, source), tag="DTM", element="2")
    return moment


def locate(groups: Iterable[Group], source: str) -> int | None:
    """Return the number of the first segment in or below `groups` that fills a place, for a problem."""
    tag, _, qualifier = source.partition(" ")
    for group in chain.from_iterable(group.everything() for group in groups):
        for segment, number in zip(group.segments, group.numbers, strict=True):
            if segment[0] == tag and len(segment) > 1 and segment[1].partition(COMPONENT)[0] == qualifier:
                return number
    return None


def amount(
    found: Facts, sources: tuple[str, ...], group: Group, findings: Findings
) -> tuple[str | None, str | None]:
    """Return quantity and unit as sent; book `invalid_number` for a quantity nobody can count."""
    for source in sources:
        rest = found.get(source)
        if rest:
            text, _, tail = rest.partition(COMPONENT)
            # ISO 9735 clause 10: the decimal mark may be a comma, whatever UNA says.
            quantity = text.strip().replace(",", ".", 1)
            if not (quantity.isascii() and quantity.replace(".", "", 1).isdecimal()):
                number = locate((group,), source)
                sentence = f"{text!r} is no quantity; ask the partner how many he wants"
                findings.add("invalid_number", sentence, segment=number, tag="QTY", element="1.2")
            return quantity or None, tail.partition(COMPONENT)[0].strip() or None
    return None, None


def signed(text: str) -> bool:
    """True for a number that may carry a sign in front (ISO 9735 clause 10)."""
    digits = text.removeprefix("-").replace(",", ".", 1)
    return digits.isascii() and digits.replace(".", "", 1).isdecimal()


def order(found: Facts, sources: tuple[str, ...]) -> str | None:
    """Return an order reference, with its line behind a slash when one was sent."""
    for source in sources:
        rest = found.get(source)
        if rest:
            return "/".join(part.strip() for part in rest.split(COMPONENT)[:2] if part.strip()) or None
    return None


def check_ctt(header: Group, counts: tuple[int, ...], told: str, findings: Findings) -> None:
    """Book `total_mismatch` where CTT01 is none of the counts; real feeds count wrongly, so it parks nothing."""
    for segment, number in zip(header.segments, header.numbers, strict=True):
        stated = element(segment, 1) or ""
        if segment[0] == "CTT" and (not stated.isdecimal() or int(stated[:12]) not in counts):
            sentence = f"CTT counts {stated!r} {told}"
            findings.add("total_mismatch", sentence, segment=number, tag="CTT", element="1")
