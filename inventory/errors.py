"""The three ways a verb says no. They live in the lowest app so that every app may raise and catch them."""

from __future__ import annotations


class Refused(Exception):
    """The caller asked for what the rules forbid: a stable code, a sentence for a person, facts for the log."""

    status = 409

    def __init__(self, code: str, message: str, **facts: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.facts = facts


class Invalid(Refused):
    """The data itself is wrong (422)."""

    status = 422


class Unknown(Refused):
    """What the caller named does not exist (404)."""

    status = 404


class Stale(Refused):
    """Somebody else moved the row first; read again and decide again."""

    def __init__(self, subject: str, **facts: object) -> None:
        super().__init__("stale", f"{subject} was changed by someone else; read it again", **facts)


class Unreachable(Exception):
    """A file system, broker, SFTP host or device does not answer; retried with back-off."""
