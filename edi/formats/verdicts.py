"""What partners say about the syntax of our messages: CONTRL (ISO 9735) and X12 997."""

from .canonical import Acknowledged
from .drafts import Content, Draft
from .facts import element
from .groups import Group, compile_table, walk
from .problems import Findings
from .profile import Profile

CONTRL = compile_table("""
    UCI! ( UCM! ( UCS! UCD ) ) ( UCF! ( UCM! ( UCS! UCD ) ) )
""")
FUNCTIONAL_ACKNOWLEDGEMENT = compile_table("""
    AK1! ( AK2! ( AK3! AK4 ) AK5! ) AK9!
""")

# DE 0083: 4 rejects this level and all below, 6 the UNB/UNZ; 7 acknowledges, 8 says received, no more.
ACCEPTING_ACTIONS = ("7", "8")
ACCEPTING_CODES = ("A", "E")


def read_contrl(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return a CONTRL's verdicts: first the interchange's, then each group's and message's it names."""
    header = Group("")
    groups = list(walk(CONTRL, draft.texts, header, draft.number, findings))
    verdicts = [_contrl_verdict(segment, 4, []) for segment in header.segments if segment[0] == "UCI"]
    for group in groups:
        for inner in group.everything():
            if inner.tag in ("UCM", "UCF"):
                verdicts.append(
                    _contrl_verdict(inner.segments[0], 3 if inner.tag == "UCM" else 4, inner.groups)
                )
    return Content(kind="acknowledgement", acknowledged=tuple(verdicts))


def _contrl_verdict(segment: list[str], action: int, details: list[Group]) -> Acknowledged:
    errors = [element(segment, action + 1)]
    for group in details:
        for item in group.segments:
            if item[0] in ("UCS", "UCD"):
                position = 2 if item[0] == "UCS" else 1
                errors.append(element(item, position))
    accepted = element(segment, action) in ACCEPTING_ACTIONS
    return Acknowledged(element(segment, 1), accepted, tuple(error for error in errors if error))


def read_997(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return a 997's verdicts: first the group's (AK1, AK9), then each transaction set's (AK2, AK5).

    "P" (part of the group rejected) does not accept the group.
    """
    header = Group("")
    sets = list(walk(FUNCTIONAL_ACKNOWLEDGEMENT, draft.texts, header, draft.number, findings))
    by_tag = {segment[0]: segment for segment in header.segments}
    group = by_tag.get("AK1", ["AK1"])
    verdict = by_tag.get("AK9", ["AK9"])
    verdicts = [
        Acknowledged(element(group, 2), element(verdict, 1) in ACCEPTING_CODES, _errors(verdict, 5)),
        *(_set_verdict(item) for item in sets),
    ]
    return Content(kind="acknowledgement", acknowledged=tuple(verdicts))


def _set_verdict(group: Group) -> Acknowledged:
    segments = [segment for inner in group.everything() for segment in inner.segments]
    verdict = next((item for item in segments if item[0] == "AK5"), ["AK5"])
    details = [error for item in segments if item[0] == "AK3" for error in _errors(item, 4)]
    details += [code for item in segments if item[0] == "AK4" if (code := element(item, 3))]
    accepted = element(verdict, 1) in ACCEPTING_CODES
    return Acknowledged(element(group.segments[0], 2), accepted, (*_errors(verdict, 2), *details))


def _errors(segment: list[str], first: int) -> tuple[str, ...]:
    return tuple(code for at in range(first, len(segment)) if (code := element(segment, at)))
