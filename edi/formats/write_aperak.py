"""APERAK D.96A: what our application says about a message that was sound but could not be taken as it is."""

from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap

from .canonical import Message, Problem
from .profile import Profile
from .rendering import EdifactFile, edifact_date, localised

# DE 9321 has eight characters and no list of its own; these are ours, told as such by DE 3055 = 91.
_CODES = {
    "missing_identity": "IDENTITY",
    "missing_part": "PART",
    "invalid_date": "DATE",
    "invalid_number": "QUANTITY",
    "unknown_event_code": "EVENT",
    "unknown_document_code": "DOCUMENT",
    "unknown_function": "FUNCTION",
    "overtaken": "TOOLATE",
}
_OTHER = "REFUSED"
_LINE, _LINES = 70, 5


def write_aperak(
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
    """Return one interchange with the APERAK for a message of the partner, from us to them.

    Document code 312 when there is nothing to complain of, else 313 with ERC and FTX for every error: those
    given, or the rejecting problems of the message itself. RFF+ACW names what he sent by his own document
    number, else by UNH. A message without either is refused with a ValueError; so is an acknowledgement.
    """
    about = message.document_number or message.ref
    if about is None:
        raise ValueError("RFF element 1.2: the message has neither document number nor reference")
    if message.kind in ("acknowledgement", "application_error"):
        raise ValueError("an acknowledgement is never acknowledged")
    found = [problem for problem in message.problems if problem.severity == "reject"]
    told = found if errors is None else errors
    at = localised(prepared_at, profile)
    out = EdifactFile(profile, test=test)
    out.open(profile.our, profile.their, control_ref, at)
    out.open_message(message_ref, "APERAK", "D", "96A", "UN")
    out.add("BGM", "313" if told else "312", document_number, "9", "RE" if told else "AP")
    out.add("DTM", ("137", f"{at:%Y%m%d%H%M}", "203"))
    out.add("RFF", ("ACW", about))
    if message.issued_at is not None:
        out.add("DTM", edifact_date("171", message.issued_at, profile))
    out.add("NAD", "BY", (profile.their.id, None, "92"))
    out.add("NAD", "SE", (profile.our.id, None, "92"))
    for problem in told:
        out.add("ERC", (_CODES.get(problem.code, _OTHER), None, "91"))
        out.add("FTX", "AAO", None, None, _lines(problem, out))
    out.close_message()
    return out.close()


def _lines(problem: Problem, out: EdifactFile) -> tuple[str, ...]:
    """Return where and what as FTX C108: five lines of seventy, in characters the level carries."""
    where = f"{problem.tag or ''} {problem.element or ''}".strip()
    place = f"segment {problem.segment} {where}: ".replace(" : ", ": ") if problem.segment is not None else ""
    text = out.legible(place + problem.text)
    return tuple(wrap(text, _LINE, max_lines=_LINES, placeholder=" ..."))
