"""An embedded plant (SQLite) has one writer at a time. Who waited too long for a turn is told so, and asks again."""

from __future__ import annotations

from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from inventory.errors import Refused

# Seconds until it is worth asking again: the `Retry-After` of the answer.
AGAIN = "1"


class Busy(Refused):
    """Others wrote for as long as this one could wait (503). Nothing of it was stored: the same may be asked again."""

    status = 503

    def __init__(self) -> None:
        super().__init__("busy", _("The plant's database is busy; nothing was stored, ask again"))


def is_busy(error: Exception) -> bool:
    """SQLite gave up waiting for its one write lock."""
    if connection.vendor != "sqlite" or not isinstance(error, OperationalError):
        return False
    return "database is locked" in str(error) or "database table is locked" in str(error)
