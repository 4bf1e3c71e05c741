"""CONTRL 3 and 4.1: our verdict on the syntax of an EDIFACT interchange, down to the element (ISO 9735 part 4)."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from .canonical import Interchange, Message, Problem
from .profile import Profile
from .rendering import EdifactFile, Element

# DE 0085
_ERRORS = {
    "count_mismatch": "29",
    "ref_mismatch": "28",
    "missing_segment": "13",
    "missing_element": "13",
    "missing_identity": "13",
    "missing_part": "13",
    "missing_trailer": "13",
    "missing_header": "13",
    "bad_header": "13",
    "invalid_date": "12",
    "invalid_number": "12",
    "unknown_event_code": "12",
    "unknown_document_code": "12",
    "unknown_function": "12",
    "unknown_directory": "12",
    "unexpected_segment": "15",
    "invalid_character": "21",
    "unknown_charset": "21",
}
_UNSPECIFIED = "18"
_DUPLICATE = "26"
_SERVICE_TAGS = ("UNA", "UNB", "UNZ", "UNG", "UNE", "UNH", "UNT")
_REJECTED, _ACKNOWLEDGED = "4", "7"


def write_contrl(
    interchange: Interchange,
    messages: list[Message],
    profile: Profile,
    control_ref: str,
    at: datetime,
    *,
    duplicate: bool,
) -> bytes:
    """Return one interchange with the CONTRL for `messages` of a received one, from us to them.

    It goes down to UCF where the interchange used functional groups; a segment in error is named by UCS, an
    element by UCD. Data the character set cannot carry raise ValueError.
    """
    out = EdifactFile(profile, test=interchange.test)
    out.open(profile.our, profile.their, control_ref, at)
    version = ("4", "1") if out.version >= "4" else ("D", "3")
    out.open_message("1", "CONTRL", *version, "UN")
    ends = (_end(interchange.sender, profile), _end(interchange.recipient, profile))
    refusal = _first_refusal(interchange.problems)
    if duplicate:
        out.add("UCI", interchange.control_ref, *ends, _REJECTED, _DUPLICATE)
    else:
        out.add("UCI", interchange.control_ref, *ends, *_verdict(refusal))
    refused = duplicate or refusal is not None
    for group_ref, members in groupby(messages, key=lambda message: message.group_ref):
        inside = list(members)
        if group_ref is not None and not refused:
            parties = (inside[0].group_sender or ends[0], inside[0].group_recipient or ends[1])
            out.add("UCF", group_ref, *parties, _ACKNOWLEDGED)
        for message in inside if not refused else ():
            _write_message(out, message)
    out.close_message()
    return out.close()


def _write_message(out: EdifactFile, message: Message) -> None:
    """Write UCM, and UCS with its UCDs for every segment that has to be corrected."""
    version, _, release = (message.directory or "").partition(".")
    identifier = (message.type, version, release, "UN", message.association)
    refusals = [problem for problem in message.problems if problem.severity == "reject"]
    inside = [item for item in refusals if item.segment is not None and item.tag not in _SERVICE_TAGS]
    own = next((item for item in refusals if item not in inside), None)
    verdict = _verdict(own) if own is not None or not refusals else iter((_REJECTED,))
    out.add("UCM", message.ref, identifier, *verdict)
    inside.sort(key=lambda problem: problem.segment or 0)
    for number, problems in groupby(inside, key=lambda problem: problem.segment):
        _write_segment(out, (number or 0) - message.segment_first + 1, list(problems))


def _write_segment(out: EdifactFile, position: int, problems: list[Problem]) -> None:
    """Write UCS and UCD; DE 0096 counts from UNH, a missing segment is told at the one before its place."""
    whole = next((problem for problem in problems if problem.element is None), None)
    missing = whole is not None and whole.code == "missing_segment"
    out.add("UCS", str(position - missing), _code(whole) if whole is not None else None)
    for problem in problems:
        if problem.element is not None:
            out.add("UCD", _code(problem), _place(problem.element))


def _verdict(refusal: Problem | None) -> Iterator[Element]:
    """Give out DE 0083, 0085, 0013 and S011 of UCI or UCM."""
    if refusal is None:
        yield _ACKNOWLEDGED
        return
    yield _REJECTED
    yield _code(refusal)
    if refusal.tag in _SERVICE_TAGS:
        yield refusal.tag
        yield _place(refusal.element) if refusal.element is not None else None


def _place(element: str) -> tuple[str, str | None]:
    """Return S011: it counts the segment's tag as 1 (DE 0098), components from 1."""
    position, _, component = element.partition(".")
    return str(int(position) + 1), component or None


def _code(problem: Problem) -> str:
    return _ERRORS.get(problem.code, _UNSPECIFIED)


def _first_refusal(problems: tuple[Problem, ...]) -> Problem | None:
    return next((problem for problem in problems if problem.severity == "reject"), None)


def _end(party: str | None, profile: Profile) -> tuple[str | None, str | None]:
    for address in (profile.our, profile.their):
        if address.id == party:
            return party, address.qualifier
    return party, None
