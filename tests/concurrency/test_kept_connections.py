"""A connection outlives the thread of its request, but never a server that is gone or a transaction left open."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INTRANS

from sequencer.postgres import kept
from sequencer.postgres.kept import Kept


class Line:
    """What is kept of a connection: its socket, and what the server is at."""

    def __init__(self) -> None:
        self.ours, self.servers = socket.socketpair()
        self.closed = False
        self.info = SimpleNamespace(transaction_status=TRANSACTION_STATUS_IDLE)

    def fileno(self) -> int:
        return self.ours.fileno()

    def close(self) -> None:
        self.closed = True
        self.ours.close()
        self.servers.close()


@pytest.fixture
def line() -> Iterator[Any]:
    one = Line()
    yield one
    one.close()


def test_what_was_given_back_is_taken_once(line: Any) -> None:
    kept = Kept(1)
    assert kept.give("plant", line, kept_at := 1e9)
    assert kept.take("plant") == (line, kept_at)
    assert kept.take("plant") is None


def test_another_database_is_not_served(line: Any) -> None:
    kept = Kept(1)
    assert kept.give("plant", line, 1e9)
    assert kept.take("other") is None
    assert line.closed


@pytest.mark.parametrize("end", ["server gone", "too old", "closed"])
def test_what_is_no_use_any_more_is_not_taken(line: Any, end: str) -> None:
    kept = Kept(1)
    assert kept.give("plant", line, -1e9 if end == "too old" else 1e9)
    if end == "server gone":
        line.servers.close()
    if end == "closed":
        line.close()
    assert kept.take("plant") is None


def test_an_open_transaction_and_one_too_many_are_not_kept(line: Any) -> None:
    kept = Kept(1)
    line.info.transaction_status = TRANSACTION_STATUS_INTRANS
    assert not kept.give("plant", line, 1e9)
    line.info.transaction_status = TRANSACTION_STATUS_IDLE
    assert kept.give("plant", line, 1e9)
    assert not kept.give("plant", line, 1e9)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server to connect to")
def test_the_next_thread_speaks_to_the_same_server_process(
    django_db_blocker: Any, django_db_setup: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def process() -> int:
        with another.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            number: int = cursor.fetchone()[0]
        another.close()
        return number

    mine = Kept(2)
    monkeypatch.setattr(kept, "kept", mine)
    with django_db_blocker.unblock():
        another = connection.copy()
        first, second = process(), process()
        assert first == second
        last = mine.take(another._key())
        assert last is not None
        last[0].close()
