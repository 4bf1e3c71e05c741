"""Every problem code a reading can contain, how grave it is by default, and the collector of problems."""

from collections.abc import Mapping

from .canonical import Problem, Severity

# What it means is said where it is found; here stands only whether it parks the message.
SEVERITIES: Mapping[str, Severity] = {
    # the file
    "unknown_format": "reject",
    "format_not_supported": "reject",
    "bad_separators": "reject",
    "segment_too_long": "reject",
    "truncated": "reject",
    "unpadded_isa": "warn",
    "unknown_charset": "warn",
    # envelopes
    "bad_header": "reject",
    "missing_header": "reject",
    "missing_party": "warn",
    "missing_trailer": "reject",
    "outside_message": "reject",
    "count_mismatch": "reject",
    "ref_mismatch": "reject",
    "empty_interchange": "warn",
    # a message
    "message_too_long": "reject",
    "unsupported_message": "warn",
    "unknown_directory": "reject",
    "unknown_document_code": "reject",
    "unknown_function": "reject",
    "unexpected_segment": "reject",
    "missing_segment": "reject",
    "missing_element": "reject",
    "invalid_character": "reject",
    "unreadable_text": "warn",
    "invalid_date": "reject",
    "date_format": "warn",
    "invalid_number": "reject",
    "repetition_ignored": "warn",
    "total_mismatch": "warn",
    # a call-off
    "unknown_event_code": "reject",
    "missing_identity": "reject",
    "missing_part": "reject",
    # a delivery schedule
    "unknown_commitment": "warn",
    "quantity_left_out": "warn",
    "kanban_left_out": "warn",
    "cumulative_quantities": "warn",
    "share_mismatch": "warn",
    # records of fixed width (VDA)
    "unknown_record": "reject",
    "record_order": "reject",
    "missing_record": "reject",
    "wrong_width": "reject",
    "short_record": "warn",
    "unsettled_date": "reject",
    "unknown_interval": "reject",
    # a broadcast with a layout of its own
    "bad_line": "reject",
    "missing_field": "reject",
    "too_many_lines": "reject",
    "unsafe_xml": "reject",
    # a verdict
    "unclear_verdict": "reject",
    # a despatch advice
    "bad_hierarchy": "reject",
    "more_problems": "warn",
}

# A hostile file must not turn into a hundred thousand problem rows.
MAX_PROBLEMS = 100


def make_problem(
    code: str,
    text: str,
    *,
    segment: int | None = None,
    tag: str | None = None,
    element: str | None = None,
) -> Problem:
    """Return a problem with the default severity of its code."""
    return Problem(code, SEVERITIES[code], segment, tag, element, text)


class Findings:
    """Collects the problems of one file, interchange or message, under a partner's severities."""

    def __init__(self, severities: Mapping[str, str]) -> None:
        self._severities = severities
        self._found: list[Problem] = []
        self._refused = False
        self._dropped = 0
        # How often something was found, listed or not: equal before and after means sound.
        self.seen = 0

    def add(
        self,
        code: str,
        text: str,
        *,
        segment: int | None = None,
        tag: str | None = None,
        element: str | None = None,
    ) -> None:
        """Book a problem unless the profile ignores its code."""
        self.take(make_problem(code, text, segment=segment, tag=tag, element=element))

    def take(self, problem: Problem) -> None:
        """Book a problem that somebody else found."""
        self.seen += 1
        severity = self._severities.get(problem.code, problem.severity)
        if severity == "ignore":
            return
        chosen: Severity = "warn" if severity == "warn" else "reject"
        if len(self._found) >= MAX_PROBLEMS and (chosen == "warn" or self._refused):
            self._dropped += 1
            return
        self._refused = self._refused or chosen == "reject"
        where = (problem.segment, problem.tag, problem.element, problem.text)
        self._found.append(Problem(problem.code, chosen, *where))

    def all(self) -> tuple[Problem, ...]:
        """Return what was found, in the order of finding, and a note of how much was left out."""
        if not self._dropped:
            return tuple(self._found)
        note = make_problem("more_problems", f"{self._dropped} more problems are not listed")
        return (*self._found, note)
