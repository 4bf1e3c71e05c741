"""Django's PostgreSQL, whose connections outlive the thread of one request where `keep_connections` was called.

Under ASGI every request has a thread, and Django binds a connection to the thread. A new connection costs more than
all that a scan asks: the server starts a process that knows no table yet. On a connection that stays, the statements
of a scan are prepared, so that the server reads and plans each a few times and not with every scan.
"""

from __future__ import annotations

import time
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel

from inventory.statements import Given, Words
from sequencer.postgres import kept

# What each open connection has prepared, by name.
_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class DatabaseWrapper(base.DatabaseWrapper):
    _born = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        found = kept.kept.take(self._key()) if kept.kept is not None else None
        if found is None:
            self._born = time.monotonic()
            return super().get_new_connection(conn_params)
        self.isolation_level = IsolationLevel.READ_COMMITTED
        connection, self._born = found
        return connection

    def _close(self) -> None:
        if self.connection is None or not self._is_kept():
            super()._close()  # type: ignore[misc]  # the stubs leave it out

    def _is_kept(self) -> bool:
        # After an error it goes with all it has prepared: a migration may have changed what a plan stands on.
        if kept.kept is None or self.errors_occurred:
            return False
        return kept.kept.give(self._key(), self.connection, self._born)

    def _key(self) -> tuple[str, ...]:
        return tuple(str(self.settings_dict[name]) for name in ("HOST", "PORT", "NAME", "USER"))

    def prepare(self, words: Words) -> bool:
        """True when this connection has prepared the statement, by now; false where connections are not kept."""
        if kept.kept is None:
            return False
        mine = _prepared.setdefault(self.connection, set())
        if words.name not in mine:
            with self.wrap_database_errors, self.connection.cursor() as cursor:
                cursor.execute(f"PREPARE {words.name} AS {_numbered(words, cursor)}")
            mine.add(words.name)
        return True


def _numbered(words: Words, cursor: Any) -> str:
    """The SQL with $1, $2 ... for what is given; constants stand in it, for the planner to see."""
    numbers = count(1)
    return words.sql % tuple(
        f"${next(numbers)}" if isinstance(p, Given) else cursor.mogrify("%s", [p]).decode()
        for p in words.params
    )
