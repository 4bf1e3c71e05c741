"""APERAK D.95A to D.04B: what a partner's application says about something we sent."""

from collections.abc import Iterator

from .canonical import Acknowledged
from .drafts import Content, Draft
from .facts import FUNCTIONS, Facts, edifact_facts, edifact_moment, element, pick
from .groups import Group, Segment, compile_table, walk
from .problems import Findings
from .profile import Profile
from .tokens import COMPONENT

APERAK = compile_table("""
    BGM! DTM FTX CNT ( DOC! DTM ) ( RFF! DTM ) ( NAD! CTA COM ) ( ERC! FTX ( RFF! FTX ) )
""")

# DE 1001: acknowledgement, error message. DE 4343: what the response is where the document code is another one.
_ACCEPTED, _REFUSED = "312", "313"
_RESPONSES = {"AP": True, "AC": True, "AF": True, "29": True, "RE": False, "NA": False, "27": False}
# DE 1153: previous message, original message, despatch advice, despatch note.
_SPEAKS_OF = ("ACW", "AGO", "AAK", "AAU")


def read_aperak(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return an APERAK's verdict: the reference it names, yes or no, each ERC with its text.

    An ERC may also say how something was accepted (UN/EDIFACT: "error or acknowledgement"), so only document
    code 313 or a refusing DE 4343 refuses; where neither tells, a person has to read it.
    """
    header = Group("")
    groups = list(walk(APERAK, draft.texts, header, draft.number, findings))
    facts: Facts = edifact_facts(header.segments, {})
    beginning = header.first("BGM")
    code, function = element(beginning, 1), element(beginning, 3)
    errors = tuple(_error(group) for group in groups if group.tag == "ERC")
    accepted = _RESPONSES.get(element(beginning, 4) or "", code != _REFUSED) and code != _REFUSED
    if code not in (_ACCEPTED, _REFUSED) and element(beginning, 4) not in _RESPONSES and errors:
        sentence = (
            f"document code {code!r} says neither accepted (312) nor error (313); read {errors[0]!r} and decide, "
            'or set [severity] unclear_verdict = "warn" to take it as accepted'
        )
        number = header.numbers[0] if header.numbers else draft.number
        findings.add("unclear_verdict", sentence, segment=number, tag="BGM", element="1.1")
    for group in groups:
        if group.tag == "NAD":
            edifact_facts(group.segments, facts)
    return Content(
        function=FUNCTIONS.get(function, function) if function else None,
        kind="application_error",
        document_number=element(beginning, 2),
        issued_at=edifact_moment(facts, ("DTM 137",), (header,), findings),
        buyer=pick(facts, profile.edifact.buyer),
        supplier=pick(facts, profile.edifact.supplier),
        ship_to=pick(facts, profile.edifact.ship_to),
        acknowledged=tuple(Acknowledged(ref, accepted, errors) for ref in _references(groups)),
    )


def _references(groups: list[Group]) -> list[str | None]:
    """Return what the message speaks of: the references of the best qualifier there is, else the first."""
    named: dict[str, list[str | None]] = {}
    for group in groups:
        if group.tag == "RFF":
            segment = group.segments[0]
            named.setdefault(element(segment, 1) or "", []).append(element(segment, 1, 2))
    for qualifier in (*_SPEAKS_OF, *named):
        if qualifier in named:
            return named[qualifier]
    return [None]


def _error(group: Group) -> str:
    """Return an ERC as its code, its text and the reference it concerns, whatever of the three is there."""
    code = element(group.segments[0], 1) or ""
    inner = [segment for each in group.everything() for segment in each.segments[1:] if segment[0] == "FTX"]
    text = " ".join(part for segment in inner for part in _texts(segment))
    refs = (element(each.segments[0], 1, 2) for each in group.groups if each.tag == "RFF")
    about = ", ".join(ref for ref in refs if ref)
    told = f"{code}: {text}" if text else code
    return f"{told} ({about})" if about else told


def _texts(segment: Segment) -> Iterator[str]:
    if len(segment) > 4:
        yield from (part.strip() for part in segment[4].split(COMPONENT) if part.strip())
