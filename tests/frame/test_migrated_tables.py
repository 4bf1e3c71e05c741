"""A plant's tables come from its migrations, the suite's from the models: both must be the same tables."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dj_database_url
import pytest
from django.db import connection
from django.db.utils import ConnectionHandler

TOP = Path(__file__).resolve().parents[2]
# A column is named with its table; the order of columns is that in which they came.
POSTGRES = """
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || ' ' || a.attidentity::text || ' '
    || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' ' || coalesce(l.collname, '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
 WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'table ' || relname || ' ' || relkind::text || ' ' || coalesce(pg_get_expr(relpartbound, oid), '') || ' '
    || CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid) ELSE '' END
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'function ' || proname || ' ' || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


def made_of(to: Any) -> set[str]:
    """Every column, constraint, index, part, trigger and function of a database, a line each."""
    with to.cursor() as cursor:
        if to.vendor == "postgresql":
            cursor.execute(POSTGRES)
            # Django's own tables of groups and permissions differ in the width of a key. Which months there are
            # depends on today alone.
            lines = [line for (line,) in cursor.fetchall() if not line.startswith("column auth_")]
            return {re.sub(r"\d{4}[-_]\d\d(-\d\d)?", "MONTH", line) for line in lines}
        cursor.execute("SELECT type || ' ' || tbl_name || ' ', sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {head + part for head, sql in cursor.fetchall() for part in parts(sql)}


def parts(sql: str) -> list[str]:
    """A statement of SQLite; that of a table cut at the commas between its columns and constraints."""
    if not sql.startswith("CREATE TABLE"):
        return [sql]
    found, depth = [""], 0
    for sign in sql[sql.index("(") + 1 : sql.rindex(")")]:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return [part.strip() for part in found]


@pytest.mark.django_db
@pytest.mark.timeout(600)
def test_migrations_end_in_the_tables_of_the_models(database: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"],
        cwd=TOP, env={**os.environ, "DATABASE_URL": database}, check=True, timeout=600,
    )  # fmt: skip
    migrated = ConnectionHandler({"default": dj_database_url.parse(database)})["default"]
    try:
        by_migrations, by_models = made_of(migrated), made_of(connection)
    finally:
        migrated.close()
    assert len(by_models) > 1000
    # Which migrations ran is written down where they ran; here nobody asks.
    differ = {line for line in by_migrations ^ by_models if "django_migrations" not in line}
    assert not differ, "\n".join(sorted(differ))
