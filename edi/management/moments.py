"""Times on a command line."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.management.base import CommandError


def moment(text: str, *, otherwise: datetime) -> datetime:
    """A day or a time in ISO 8601; without a zone it is UTC. Refuses what is neither."""
    if not text:
        return otherwise
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is no time; write 2026-11-21 or 2026-11-21T06:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
