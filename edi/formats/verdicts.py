"""What partners say about the syntax of our messages: CONTRL (ISO 9735); what they say in X12 stands in `advices`."""

from .canonical import Acknowledged
from .drafts import Content, Draft
from .facts import element
from .groups import Group, compile_table, walk
from .problems import Findings
from .profile import Profile

CONTRL = compile_table("""
    UCI! ( UCM! ( UCS! UCD ) ) ( UCF! ( UCM! ( UCS! UCD ) ) )
""")

# DE 0083: 4 rejects this level and all below, 6 the UNB/UNZ; 7 acknowledges, 8 says received, no more.
ACCEPTING_ACTIONS = ("7", "8")


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
    error, tag = element(segment, action + 1), element(segment, action + 2)
    errors = [_located(error, tag or "", element(segment, action + 3), segment, action + 3)] if error else []
    for group in details:
        position = ""
        for item in group.segments:
            if item[0] == "UCS":
                position = f"segment {element(item, 1) or '?'}"
                if code := element(item, 2):
                    errors.append(f"{code} at {position}")
            elif item[0] == "UCD" and (code := element(item, 1)):
                errors.append(_located(code, position, element(item, 2), item, 2))
    accepted = element(segment, action) in ACCEPTING_ACTIONS
    return Acknowledged(element(segment, 1), accepted, tuple(errors))


def _located(code: str, place: str, position: str | None, segment: list[str], at: int) -> str:
    """Return an error code with its place; S011 counts the tag as 1, so element 4 of it is element 3 to us."""
    if position is None or not position.isdecimal():
        return f"{code} at {place}" if place else code
    component = element(segment, at, 2)
    where = f"element {int(position) - 1}" + (f".{component}" if component else "")
    return f"{code} at {place}, {where}" if place else f"{code} at {where}"
