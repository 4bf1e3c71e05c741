"""Our verdict on the syntax of what a partner sent: CONTRL (ISO 9735 part 4) or X12 997."""

from datetime import datetime
from itertools import groupby

from .canonical import Interchange, Message, Problem
from .profile import Profile
from .rendering import EdifactFile, X12File, localised

# DE 0085
_CONTRL_ERRORS = {
    "count_mismatch": "29",
    "ref_mismatch": "28",
    "missing_segment": "13",
    "missing_element": "13",
    "missing_identity": "13",
    "missing_part": "13",
    "missing_trailer": "13",
    "missing_header": "13",
    "invalid_date": "12",
    "invalid_number": "12",
    "unknown_event_code": "12",
    "unknown_document_code": "12",
    "unexpected_segment": "15",
    "invalid_character": "21",
}
_UNSPECIFIED = "18"
_DUPLICATE = "26"

# DE 718, and DE 479 by transaction set
_SET_ERRORS = {"missing_trailer": "2", "ref_mismatch": "3", "count_mismatch": "4"}
_SEGMENTS_IN_ERROR = "5"
_FUNCTIONAL_IDS = {"830": "PS", "856": "SH", "862": "SS", "866": "SQ"}
_ACKNOWLEDGEMENTS = ("CONTRL", "APERAK", "997", "999", "824", "TA1")


def write_acknowledgement(
    interchange: Interchange,
    profile: Profile,
    *,
    control_ref: str,
    prepared_at: datetime,
    duplicate: bool = False,
) -> bytes:
    """Return the acknowledgement the profile agreed to for a received interchange, from us to them.

    A CONTRL goes down to UCF when the interchange used functional groups. Raises ValueError when the profile
    agreed to none, and for an interchange of acknowledgements: those are never acknowledged.
    """
    messages = [message for message in interchange.messages if message.type not in _ACKNOWLEDGEMENTS]
    if interchange.messages and not messages:
        raise ValueError("an acknowledgement is never acknowledged")
    at = localised(prepared_at, profile)
    if profile.acknowledge == "CONTRL":
        return _write_contrl(interchange, messages, profile, control_ref, at, duplicate)
    if profile.acknowledge == "997":
        return _write_997(interchange, messages, profile, control_ref, at, duplicate)
    raise ValueError(f"{profile.code}: no acknowledgement is agreed; set acknowledge in the profile")


def _write_contrl(
    interchange: Interchange,
    messages: list[Message],
    profile: Profile,
    control_ref: str,
    at: datetime,
    duplicate: bool,
) -> bytes:
    out = EdifactFile(profile)
    out.open(profile.our, profile.their, control_ref, at)
    version = ("4", "1") if out.version >= "4" else ("D", "3")
    out.open_message("1", "CONTRL", *version, "UN")
    ends = (_end(interchange.sender, profile), _end(interchange.recipient, profile))
    error = _DUPLICATE if duplicate else _first_error(interchange.problems)
    out.add("UCI", interchange.control_ref, *ends, "4" if error else "7", error)
    for group_ref, members in groupby(messages, key=lambda message: message.group_ref):
        if group_ref is not None and error is None:
            out.add("UCF", group_ref, *ends, "7")
        for message in members if error is None else ():
            _write_ucm(out, message)
    out.close_message()
    return out.close()


def _write_ucm(out: EdifactFile, message: Message) -> None:
    version, _, release = (message.directory or "").partition(".")
    error = _first_error(message.problems)
    identifier = (message.type, version, release, "UN", message.association)
    out.add("UCM", message.ref, identifier, "4" if error else "7", error)
    for problem in message.problems:
        if problem.severity == "reject" and problem.segment is not None:
            # UCS counts from the message's own UNH.
            position = problem.segment - message.segment_first + 1
            out.add("UCS", str(position), _CONTRL_ERRORS.get(problem.code, _UNSPECIFIED))


def _first_error(problems: tuple[Problem, ...]) -> str | None:
    for problem in problems:
        if problem.severity == "reject":
            return _CONTRL_ERRORS.get(problem.code, _UNSPECIFIED)
    return None


def _end(party: str | None, profile: Profile) -> tuple[str | None, str | None]:
    for address in (profile.our, profile.their):
        if address.id == party:
            return party, address.qualifier
    return party, None


def _write_997(
    interchange: Interchange,
    messages: list[Message],
    profile: Profile,
    control_ref: str,
    at: datetime,
    duplicate: bool,
) -> bytes:
    out = X12File()
    out.open("FA", profile.our, profile.their, control_ref, at)
    refused = duplicate or any(problem.severity == "reject" for problem in interchange.problems)
    groups = groupby(messages, key=lambda message: message.group_ref)
    for number, (group_ref, members) in enumerate(groups, 1):
        _write_group_verdict(out, number, group_ref, list(members), refused)
    if not messages:
        raise ValueError("AK1 element 1: the interchange holds no transaction set a 997 could name")
    return out.close()


def _write_group_verdict(
    out: X12File, number: int, group_ref: str | None, messages: list[Message], refused: bool
) -> None:
    out.open_set("997", str(number))
    out.add("AK1", _FUNCTIONAL_IDS.get(messages[0].type, messages[0].type[:2]), group_ref)
    accepted = 0
    for message in messages if not refused else ():
        out.add("AK2", message.type, message.ref)
        codes = _set_errors(message)
        accepted += not codes
        out.add("AK5", "R" if codes else "A", *codes)
    verdict = "A" if accepted == len(messages) else "P" if accepted else "R"
    out.add("AK9", verdict, str(len(messages)), str(len(messages)), str(accepted))
    out.close_set()


def _set_errors(message: Message) -> list[str]:
    codes = [
        _SET_ERRORS.get(problem.code, _SEGMENTS_IN_ERROR)
        for problem in message.problems
        if problem.severity == "reject"
    ]
    return list(dict.fromkeys(codes))[:5]
