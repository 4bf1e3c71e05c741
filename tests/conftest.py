"""What every test stands on: a spool of its own, and tables that the test before it left empty."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as searching

from sequencer.postgres import kept
from tests.scratch import scratch_database
from tests.tables import add_what_only_migrations_make

# How long an example takes is the machine's affair: a busy one makes no test fail.
searching.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
searching.load_profile("untimed")

# Made from the models when the tables are made; no test changes them.
KEPT = {model._meta.db_table for model in (ContentType, Permission)}


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: looking through all of it for garbage is a cost of every test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def empty_written_tables(_: TransactionTestCase) -> None:
    """Leaves what Django's `flush` leaves, at the price of what the test wrote: TRUNCATE of every table makes
    PostgreSQL write a new file for each table and index, a second a test, and the permissions are made anew.
    """
    tables = [name for name in connection.introspection.django_table_names() if name not in KEPT]
    quoted = {name: connection.ops.quote_name(name) for name in tables}
    asked = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {table})" for name, table in quoted.items())
    # Foreign keys are deferred to the end of the transaction, so the order does not matter.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        for (name,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {quoted[name]}")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        add_what_only_migrations_make()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_written_tables)
        # As in the web process: on PostgreSQL each statement of a scan is prepared once a connection.
        keeping = kept.Kept(4)
        patch.setattr(kept, "kept", keeping)
        yield
    # A connection to no database of ours: all that are idle are closed, so that the database can go.
    keeping.take(None)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A request leaves its language with its thread; the next test reads English again."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, settings: Any) -> Path:
    """The partners' folders, empty, for this test alone."""
    folder = tmp_path / "spool"
    folder.mkdir()
    settings.SPOOL_DIR = folder
    return folder


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    """The address of an empty database that exists only for this test."""
    with scratch_database(tmp_path) as address:
        yield address
