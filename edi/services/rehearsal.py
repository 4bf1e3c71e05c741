"""Doing something to see what it would come to, and taking it back: previews, checks and simulations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from inventory.errors import Refused

# Below the second after which PostgreSQL looks for a deadlock: a rehearsal gives way, a scan never does.
LOCK_MILLISECONDS = 400


@contextmanager
def taken_back() -> Iterator[None]:
    """A transaction of its own of which no row stays.

    Refuses (`plant_at_work`) when a row it needs is locked for longer than `LOCK_MILLISECONDS`: rehearsals lock what
    the real intake locks, many rows at once, and the floor must not wait for them or be chosen in a deadlock.
    """
    try:
        with transaction.atomic(durable=True):
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
            try:
                yield
            finally:
                transaction.set_rollback(True)
    except OperationalError as error:
        raise Refused(
            "plant_at_work", "the plant is at work on the same calls or racks; try again in a moment"
        ) from error
