"""Our verdict on what a partner sent in X12: TA1 on the interchange, 997 or 999 on the syntax, 824 on the content."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from .canonical import Interchange, Message, Problem
from .profile import Profile
from .rendering import X12File, localised, plant_local, x12_text

ACKNOWLEDGEMENTS = ("CONTRL", "APERAK", "997", "999", "824", "TA1")

# DE 479 by transaction set
_FUNCTIONAL_IDS = {
    "810": "IN",
    "820": "RA",
    "830": "PS",
    "846": "IB",
    "850": "PO",
    "855": "PR",
    "856": "SH",
    "860": "PC",
    "861": "RC",
    "862": "SS",
    "864": "TX",
    "866": "SQ",
    "870": "RS",
}
# DE 718, 716 and 720: what is wrong with a set, a group, a segment
_SET_ERRORS = {"missing_trailer": "2", "ref_mismatch": "3", "count_mismatch": "4", "unsupported_message": "1"}
_SEGMENTS_IN_ERROR = "5"
_GROUP_ERRORS = {"missing_trailer": "3", "ref_mismatch": "4", "count_mismatch": "5"}
_SEGMENT_ERRORS = {"unexpected_segment": "2", "missing_segment": "3"}
_ELEMENTS_IN_ERROR = "8"
# DE 723
_ELEMENT_ERRORS = {
    "missing_element": "1",
    "missing_part": "1",
    "missing_identity": "1",
    "invalid_character": "6",
    "invalid_number": "6",
    "invalid_date": "8",
}
_INVALID_VALUE = "7"
# DE I18: what is wrong with an interchange, by our code and the segment it was found at
_NOTES = {
    ("ref_mismatch", "IEA"): "001",
    ("missing_party", "ISA"): "006",
    ("bad_header", "ISA"): "018",
    ("count_mismatch", "IEA"): "021",
    ("missing_trailer", "ISA"): "023",
    ("empty_interchange", "ISA"): "024",
}
_INVALID_STRUCTURE, _DUPLICATE, _NO_ERROR = "022", "025", "000"
# DE 647
_ADVICE_ERRORS = {
    "missing_segment": "007",
    "missing_element": "007",
    "missing_identity": "007",
    "missing_part": "007",
    "invalid_date": "009",
    "total_mismatch": "010",
    "count_mismatch": "010",
    "ref_mismatch": "011",
    "invalid_number": "848",
    "unknown_event_code": "848",
    "unknown_function": "848",
    "unknown_document_code": "848",
}
_OTHER_REASON = "024"
_TED_TEXT, _NTE_TEXT = 60, 80


@dataclass(frozen=True, slots=True)
class _Dialect:
    """Where 997 and 999 differ: the tags of their verdicts, and the version they are written in."""

    kind: str
    segment: str
    element: str
    verdict: str
    version: str
    convention: str | None


_997 = _Dialect("997", "AK3", "AK4", "AK5", "004010", None)
_999 = _Dialect("999", "IK3", "IK4", "IK5", "005010", "005010X231A1")


def answerable(interchange: Interchange) -> list[Message]:
    """Return the messages of an interchange that may be answered; refuses one of acknowledgements alone."""
    messages = [message for message in interchange.messages if message.type not in ACKNOWLEDGEMENTS]
    if interchange.messages and not messages:
        raise ValueError("an acknowledgement is never acknowledged")
    return messages


def write_997(
    interchange: Interchange,
    profile: Profile,
    *,
    control_ref: str,
    prepared_at: datetime,
    duplicate: bool = False,
) -> bytes:
    """Return a 997 for a received interchange, from us to them: one set for each functional group.

    Each refused set lists its segments and elements in error (AK3, AK4). Raises ValueError where there is no
    set to speak of, and for acknowledgements.
    """
    return _Verdict(_997, interchange, profile, duplicate).file(control_ref, prepared_at)


def write_999(
    interchange: Interchange,
    profile: Profile,
    *,
    control_ref: str,
    prepared_at: datetime,
    duplicate: bool = False,
) -> bytes:
    """Return a 999 (005010X231A1) for a received interchange; it says what a 997 says, in IK3, IK4 and IK5."""
    return _Verdict(_999, interchange, profile, duplicate).file(control_ref, prepared_at)


class _Verdict:
    def __init__(
        self, dialect: _Dialect, interchange: Interchange, profile: Profile, duplicate: bool
    ) -> None:
        self.dialect = dialect
        self.interchange = interchange
        self.profile = profile
        self.messages = answerable(interchange)
        self.refused = duplicate or any(problem.severity == "reject" for problem in interchange.problems)
        self.out = X12File(dialect.version, dialect.convention, test=interchange.test)

    def file(self, control_ref: str, prepared_at: datetime) -> bytes:
        if not self.messages:
            raise ValueError("AK1 element 1: the interchange holds no transaction set an answer could name")
        at = localised(prepared_at, self.profile)
        self.out.open("FA", self.profile.our, self.profile.their, control_ref, at)
        groups = groupby(self.messages, key=lambda message: message.group_ref)
        for number, (group_ref, members) in enumerate(groups, 1):
            self.group(number, group_ref, list(members))
        return self.out.close()

    def group(self, number: int, group_ref: str | None, messages: list[Message]) -> None:
        out, dialect = self.out, self.dialect
        out.open_set(dialect.kind, str(number), dialect.convention)
        version = messages[0].directory if dialect.convention else None
        out.add("AK1", _FUNCTIONAL_IDS.get(messages[0].type, "ZZ"), group_ref, version)
        accepted = 0
        for message in messages if not self.refused else ():
            accepted += self.set(message)
        verdict = "A" if accepted == len(messages) else "P" if accepted else "R"
        count = str(len(messages))
        out.add("AK9", verdict, count, count, str(accepted), *self.group_errors())
        out.close_set()

    def group_errors(self) -> list[str]:
        found = [
            _GROUP_ERRORS[problem.code]
            for problem in self.interchange.problems
            if problem.severity == "reject" and problem.tag in ("GS", "GE") and problem.code in _GROUP_ERRORS
        ]
        return list(dict.fromkeys(found))[:5]

    def set(self, message: Message) -> bool:
        """Write one set's verdict with its errors; returns whether it is accepted."""
        self.out.add("AK2", message.type, message.ref)
        errors = [problem for problem in message.problems if problem.severity == "reject"]
        inside = [problem for problem in errors if problem.code not in _SET_ERRORS]
        codes = [_SET_ERRORS.get(problem.code, _SEGMENTS_IN_ERROR) for problem in errors]
        located = [problem for problem in inside if problem.segment is not None and _is_tag(problem.tag)]
        for (position, tag), found in groupby(located, key=lambda problem: (problem.segment, problem.tag)):
            assert position is not None
            self.segment(str(position - message.segment_first + 1), tag, list(found))
        self.out.add(self.dialect.verdict, "R" if errors else "A", *list(dict.fromkeys(codes))[:5])
        return not errors

    def segment(self, position: str, tag: str | None, problems: list[Problem]) -> None:
        """Write one segment in error (AK3) and its elements (AK4); AK401 counts elements and components from 1."""
        codes = dict.fromkeys(_SEGMENT_ERRORS.get(item.code, _ELEMENTS_IN_ERROR) for item in problems)
        self.out.add(self.dialect.segment, tag, position, None, *list(codes)[:5])
        for problem in problems:
            if problem.element and problem.code not in _SEGMENT_ERRORS:
                place = tuple(problem.element.split("."))
                code = _ELEMENT_ERRORS.get(problem.code, _INVALID_VALUE)
                self.out.add(self.dialect.element, place, None, code)


def _is_tag(tag: str | None) -> bool:
    return tag is not None and 2 <= len(tag) <= 3 and tag.isalnum() and tag.isascii()


def write_ta1(
    interchange: Interchange,
    profile: Profile,
    *,
    control_ref: str,
    prepared_at: datetime,
    duplicate: bool = False,
) -> bytes:
    """Return an interchange with one TA1 on a received interchange's envelope, and nothing else (X12.5).

    Raises ValueError for an interchange that is itself such an answer, or has no number or date to name it by.
    """
    answerable(interchange)
    if interchange.control_ref is None or interchange.prepared_at is None:
        raise ValueError("TA1 element 1: the interchange has no control number or no date to name it by")
    verdict, note = ("R", _DUPLICATE) if duplicate else _envelope_verdict(interchange.problems)
    sent = plant_local(interchange.prepared_at, profile)
    out = X12File(test=interchange.test)
    at = localised(prepared_at, profile)
    out.open_interchange(profile.our, profile.their, control_ref, at)
    out.add("TA1", interchange.control_ref, f"{sent:%y%m%d}", f"{sent:%H%M}", verdict, note)
    return out.close()


def _envelope_verdict(problems: Sequence[Problem]) -> tuple[str, str]:
    """Return TA104 and TA105; what is wrong with a group is said by the 997."""
    found = [problem for problem in problems if problem.tag in ("ISA", "IEA", "TA1", None)]
    for severity, verdict in (("reject", "R"), ("warn", "E")):
        for problem in found:
            if problem.severity == severity:
                return verdict, _NOTES.get((problem.code, problem.tag or ""), _INVALID_STRUCTURE)
    return "A", _NO_ERROR


def write_824(
    message: Message,
    profile: Profile,
    *,
    control_ref: str,
    message_ref: str,
    document_number: str,
    prepared_at: datetime,
    errors: Sequence[Problem] | None = None,
    test: bool = False,
) -> bytes:
    """Return one interchange with the 824 for a message of the partner, from us to them.

    TA when there is nothing to complain of, TE for warnings alone, else TR; one TED for each of the errors given,
    or of the message's own problems. OTI03 names what he sent by his own document number, else by ST02. A
    message without either is refused with a ValueError; so is an acknowledgement.
    """
    about = message.document_number or message.ref
    if about is None:
        raise ValueError("OTI element 3: the message has neither document number nor reference")
    if message.kind in ("acknowledgement", "application_error"):
        raise ValueError("an acknowledgement is never acknowledged")
    told = message.problems if errors is None else tuple(errors)
    refused = any(problem.severity == "reject" for problem in told)
    at = localised(prepared_at, profile)
    out = X12File(test=test)
    out.open("AG", profile.our, profile.their, control_ref, at)
    out.open_set("824", message_ref)
    # 11 is a response (DE 353).
    out.add("BGN", "11", document_number, f"{at:%Y%m%d}", f"{at:%H%M}")
    group = message.group_ref if (message.group_ref or "").isdecimal() else None
    verdict = "TR" if refused else "TE" if told else "TA"
    where = (group, message.ref, message.type, message.directory)
    out.add("OTI", verdict, "TN", about, None, None, None, None, *where)
    for problem in told:
        _write_error(out, problem, message)
    out.close_set()
    return out.close()


def _write_error(out: X12File, problem: Problem, message: Message) -> None:
    first, *more = _pieces(x12_text(problem.text or problem.code))
    position = problem.segment - message.segment_first + 1 if problem.segment is not None else 0
    tag = problem.tag if _is_tag(problem.tag) else None
    element = problem.element.partition(".")[0] if problem.element else None
    code = _ADVICE_ERRORS.get(problem.code, _OTHER_REASON)
    out.add("TED", code, first, tag, str(position) if position > 0 else None, element)
    for text in more:
        out.add("NTE", "GEN", text)


def _pieces(text: str) -> Iterator[str]:
    """Cut a sentence to what TED02 and the NTEs behind it hold; nothing is left off."""
    yield text[:_TED_TEXT]
    for start in range(_TED_TEXT, len(text), _NTE_TEXT):
        yield text[start : start + _NTE_TEXT]
