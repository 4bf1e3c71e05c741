"""The months into which PostgreSQL cuts the scans: made ahead, written to an archive file, brought back.

SQLite keeps one table and has no months; asking for one there is refused. The bounds are midnights of UTC.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from inventory.errors import Refused, Unknown
from sequencer.models import ScanArchive, ScanEvent
from sequencer.services.journal import record_event
from sequencer.services.scans.nonces import NONCES_KEPT

TABLE = ScanEvent._meta.db_table
DEFAULT = f"{TABLE}_default"
AHEAD = 3
# Whoever waits longer for the table would make stations wait behind him.
PATIENCE = "2s"
TOPIC = "scans"


@dataclass(frozen=True, slots=True)
class Month:
    """One month's table. `rows` is the database's estimate, exact only after ANALYZE."""

    first: date
    table: str
    rows: int
    size: int


def months() -> list[Month]:
    """The months in the table, oldest first; none on SQLite."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid) FROM pg_inherits i"
            " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass AND c.relname <> %s"
            " ORDER BY c.relname",
            [TABLE, DEFAULT],
        )
        return [Month(_month_in(name), name, rows, size) for name, rows, size in cursor.fetchall()]


def make_months(*, at: datetime) -> list[str]:
    """Makes the tables of this month and the next ones; returns the names of those that were missing.

    A scan of a month without a table waits in the default one and is moved here. Safe to run twice; gives up after
    two seconds when a station is at the table, the next sweep tries again.
    """
    if connection.vendor != "postgresql":
        return []
    there = {month.first for month in months()}
    wanted = [_plus(_first(at), n) for n in range(AHEAD + 1)]
    made = []
    for month in [*_months_in_default(), *wanted]:
        if month in there:
            continue
        with _briefly("the scans' table is busy"), transaction.atomic(durable=True):
            _make(month)
        there.add(month)
        made.append(_name(month))
    return made


def archive_month(month: date, *, at: datetime, by: str, reason: str) -> ScanArchive:
    """Writes a month of scans to a file, proves the file against the table and takes the month out of it.

    Promise: the month leaves the table only after its file was read back whole; the file, its count and its sha256
    stand in `ScanArchive` and in the journal. What was packed, shipped and when stays in the tables of units, slots
    and racks, so a recall loses nothing but who scanned it. Refuses: without a reason, on SQLite, a month that is
    not in the table or that a repeat may still be answered from.
    """
    month = month.replace(day=1)
    if not reason.strip():
        raise Refused("no_reason", "say why the scans are archived")
    _refuse_without_months()
    if month not in {there.first for there in months()}:
        raise Unknown("no_month", f"no scans of {month:%Y-%m} are in the table")
    if _midnight(_plus(month, 1)) > at - NONCES_KEPT:
        raise Refused("month_in_use", f"{month:%Y-%m} ended less than {NONCES_KEPT.days} days ago; wait")
    path = _folder() / f"{_name(month)}.csv.gz"
    written, digest = _write(month, path)
    count, first_id, last_id = _extent(month)
    if written != count or _hash(path) != digest:
        path.unlink(missing_ok=True)
        raise Refused(
            "archive_differs", f"{path.name} does not read back as the table; nothing was taken out"
        )
    fields = {
        "scan_count": count,
        "first_id": first_id,
        "last_id": last_id,
        "file": path.name,
        "sha256": digest,
        "archived_at": at,
        "archived_by": by[:60],
        "reason": reason[:200],
    }
    with _briefly("the scans' table is busy"), transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {_name(month)}")
            cursor.execute(f"SELECT count(*) FROM {_name(month)}")  # noqa: S608 - the name is made here
            if cursor.fetchone() != (count,):
                raise Refused("month_moved", f"{month:%Y-%m} got scans meanwhile; archive it again")
            cursor.execute(f"DROP TABLE {_name(month)}")
        archive = ScanArchive.objects.create(month=month, **fields)
        record_event(
            TOPIC, "scans_archived", f"{month:%Y-%m}", at=at, by=by, reason=reason, scans=count, sha256=digest
        )
    return archive


def bring_back_month(month: date, *, at: datetime, by: str, reason: str) -> int:
    """Puts an archived month into the table again; returns its scans. Refuses a file that is gone or was changed."""
    month = month.replace(day=1)
    _refuse_without_months()
    archive = ScanArchive.objects.filter(month=month).first()
    if archive is None:
        raise Unknown("no_archive", f"there is no archive of {month:%Y-%m}")
    path = _folder() / archive.file
    if not path.exists():
        raise Refused("archive_gone", f"{archive.file} is not in the archive folder; restore it first")
    if _hash(path) != archive.sha256:
        raise Refused(
            "archive_changed", f"{archive.file} is not the file that was written; find the right copy"
        )
    with _briefly("the scans' table is busy"), transaction.atomic(durable=True):
        name = _name(month)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS)")
            with gzip.open(path, "rb") as file:
                # By name: the table may have got columns since.
                columns = file.readline().decode().strip()
                _copy(cursor, f"COPY {name} ({columns}) FROM STDIN WITH (FORMAT csv)", file)
            # A slot may have been planned away since; its rack and group never are.
            cursor.execute(
                f"UPDATE {name} s SET slot_id = NULL WHERE slot_id IS NOT NULL"  # noqa: S608
                " AND NOT EXISTS (SELECT 1 FROM sequencer_slot WHERE id = s.slot_id)"
            )
            _attach_table(cursor, month)
        archive.delete()
        record_event(TOPIC, "scans_brought_back", f"{month:%Y-%m}", at=at, by=by, reason=reason)
    return archive.scan_count


def month_text(text: str) -> date:
    """`2026-03` as its first day. Refuses everything else."""
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise Refused("bad_month", f"'{text}' is no month; write it like 2026-03") from None


def _make(month: date) -> None:
    """The month's table, with what waited for it in the default one."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {_name(month)} (LIKE {TABLE} INCLUDING DEFAULTS)")
        bounds = [_midnight(month), _midnight(_plus(month, 1))]
        cursor.execute(
            f"WITH moved AS (DELETE FROM {DEFAULT} WHERE recorded_at >= %s AND recorded_at < %s RETURNING *)"  # noqa: S608
            f" INSERT INTO {_name(month)} SELECT * FROM moved",
            bounds,
        )
        _attach_table(cursor, month)


def _attach_table(cursor: Any, month: date) -> None:
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute(
        f"ALTER TABLE {TABLE} ATTACH PARTITION {_name(month)} FOR VALUES FROM (%s) TO (%s)",
        [_midnight(month), _midnight(_plus(month, 1))],
    )


def _months_in_default() -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT date_trunc('month', recorded_at AT TIME ZONE 'UTC')::date FROM {DEFAULT} ORDER BY 1"  # noqa: S608
        )
        return [row[0] for row in cursor.fetchall()]


def _extent(month: date) -> tuple[int, int | None, int | None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), min(id), max(id) FROM {_name(month)}")  # noqa: S608
        count, first, last = cursor.fetchone()
    return count, first, last


class _Hashed:
    """A file that hashes what is written through it."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.sha = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.sha.update(data)
        self.file.write(data)
        return len(data)


def _write(month: date, path: Path) -> tuple[int, str]:
    """The month as gzipped CSV by temporary name and rename; returns its rows and the hash of the text."""
    part = path.with_suffix(".part")
    with part.open("wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed, connection.cursor() as cursor:
            hashed = _Hashed(packed)
            query = f"SELECT * FROM {_name(month)} ORDER BY id"  # noqa: S608
            _copy(cursor, f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER)", hashed)
            rows: int = cursor.rowcount
        raw.flush()
        os.fsync(raw.fileno())
    part.rename(path)
    return rows, hashed.sha.hexdigest()


def _hash(path: Path) -> str:
    """Of the text in the file, whatever the packing."""
    sha = hashlib.sha256()
    with gzip.open(path, "rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def _copy(cursor: Any, statement: str, file: Any) -> None:
    cursor.cursor.copy_expert(statement, file)


def _folder() -> Path:
    folder = Path(settings.VAR_DIR) / "archive"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _briefly(busy: str) -> Iterator[None]:
    """Waits for a lock no longer than stations can; a lock not got is a refusal to try again later."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{PATIENCE}'")
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != "55P03":
            raise
        raise Refused("busy", f"{busy}; try again") from error
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def _refuse_without_months() -> None:
    if connection.vendor != "postgresql":
        raise Refused("no_months", "only PostgreSQL cuts the scans by month; SQLite keeps them all")


def _name(month: date) -> str:
    return f"{TABLE}_{month:%Y_%m}"


def _month_in(name: str) -> date:
    year, month = name.removeprefix(f"{TABLE}_").split("_")
    return date(int(year), int(month), 1)


def _first(at: datetime) -> date:
    return at.astimezone(UTC).date().replace(day=1)


def _plus(month: date, count: int) -> date:
    for _ in range(count):
        month = (month + timedelta(days=31)).replace(day=1)
    return month


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
