"""Open connections of this process that nobody uses just now."""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Hashable
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

# A server process remembers each table it met; it is let go before that grows.
OLDEST_SECONDS = 600.0


class Kept:
    """Keeps up to `most` connections, each to be taken by one thread at a time; the last one back is the first out."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._idle: deque[tuple[Hashable, Any, float]] = deque()

    def take(self, key: Hashable) -> tuple[Any, float] | None:
        """A connection to this database and when it was opened; None when none is kept that still lives."""
        while True:
            try:
                mine, connection, born = self._idle.pop()
            except IndexError:
                return None
            if mine == key and time.monotonic() - born < OLDEST_SECONDS and _is_quiet(connection):
                return connection, born
            connection.close()

    def give(self, key: Hashable, connection: Any, born: float) -> bool:
        """Keeps a connection for the next thread; false when it is in the midst of something, or enough are kept."""
        if len(self._idle) >= self.most or connection.closed:
            return False
        if connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
            return False
        self._idle.append((key, connection, born))
        return True


def _is_quiet(connection: Any) -> bool:
    """An idle server says nothing: what can be read is its farewell."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


# Set by the web process alone, where every request is a thread of its own; elsewhere a closed connection is closed.
kept: Kept | None = None


def keep_connections(most: int) -> None:
    """From now on this process gives connections to its next thread instead of closing them."""
    global kept
    kept = Kept(most)
