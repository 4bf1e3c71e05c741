"""Who got no turn at the database is told so, and asks again.

An embedded plant (SQLite) has one writer at a time. PostgreSQL has many; where two waited for each other it ends one.
"""

from __future__ import annotations

from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from inventory.errors import Refused

# Seconds until it is worth asking again: the `Retry-After` of the answer.
AGAIN = "1"
DEADLOCK = "40P01"


class Busy(Refused):
    """Others wrote for as long as this one could wait (503). Nothing of it was stored: the same may be asked again."""

    status = 503

    def __init__(self) -> None:
        super().__init__("busy", _("The plant's database is busy; nothing was stored, ask again"))


def is_busy(error: Exception) -> bool:
    """SQLite gave up waiting for its one write lock, or PostgreSQL chose this one of two that waited for each other."""
    if not isinstance(error, OperationalError):
        return False
    if connection.vendor != "sqlite":
        return is_deadlock(error)
    return "database is locked" in str(error) or "database table is locked" in str(error)


def is_deadlock(error: OperationalError) -> bool:
    """PostgreSQL ended this one of two that waited for each other. The two drivers name the code differently."""
    return DEADLOCK in {getattr(error.__cause__, name, "") for name in ("sqlstate", "pgcode")}
