"""Django's PostgreSQL, whose connections outlive the thread of one request where `keep_connections` was called.

Under ASGI every request has a thread, and Django binds a connection to the thread. A new connection costs more than
all that a scan asks: the server starts a process that knows no table yet.
"""

from __future__ import annotations

import time
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel

from sequencer.postgres import kept


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
        mine = self.connection
        if mine is None or kept.kept is None or not kept.kept.give(self._key(), mine, self._born):
            super()._close()  # type: ignore[misc]  # the stubs leave it out

    def _key(self) -> tuple[str, ...]:
        return tuple(str(self.settings_dict[name]) for name in ("HOST", "PORT", "NAME", "USER"))
