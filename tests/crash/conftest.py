"""A plant in a process of its own, on the engine the suite runs on.

Loading the program and making tables takes longer than most of what is killed here, so both are done once: a stem has
loaded it, each test's plant is forked from the stem and works on a copy of the tables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scratch import scratch_database

ROOT = Path(__file__).parents[2]


class Stem:
    """The process that has the program loaded; while a plant lives, the orders are the plant's."""

    def __init__(self, process: subprocess.Popen[str], tables: str) -> None:
        self.process = process
        self.tables = tables

    def order(self, *words: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the process of the plant ended"
        return json.loads(answer)


class Mortal:
    """Orders to the process that is killed."""

    def __init__(self, stem: Stem, spool: Path) -> None:
        self.order = stem.order
        self.inbox = spool / "OEM-D" / "in"

    def drop(self, name: str, raw: bytes) -> None:
        hidden = self.inbox / f".{name}.tmp"
        hidden.write_bytes(raw)
        hidden.rename(self.inbox / name)

    def work_until_quiet(self) -> dict[str, Any]:
        """Workers that nobody kills, until a round finds nothing left; the books then."""
        for _ in range(20):
            assert self.order("work") == 0
            books: dict[str, Any] = self.order("books")
            if not books["left"] and not books["faults"] and set(books["outbound"]) <= {"SENT", "ACCEPTED"}:
                return books
        raise AssertionError(f"the plant does not come to rest: {books}")


def environment(**own: str) -> dict[str, str]:
    scratch = {
        "DJANGO_SETTINGS_MODULE": "tests.crash.scratch_settings",
        "JIS_LOG_LEVEL": "ERROR",
        "REDIS_URL": "",
    }
    return {**os.environ, **scratch, **own}


@pytest.fixture(scope="package")
def stem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stem]:
    folder = tmp_path_factory.mktemp("stem")
    with scratch_database(folder) as tables:
        own = environment(DATABASE_URL=tables, JIS_VAR=str(folder), JIS_SPOOL=str(folder / "spool"))
        command = [sys.executable, "-m", "tests.crash.mortal"]
        with subprocess.Popen(
            command, cwd=ROOT, env=own, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            stem = Stem(process, tables)
            stem.order("tables")
            yield stem
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(timeout=10) == 0


@pytest.fixture
def database(stem: Stem, tmp_path: Path) -> Iterator[str]:
    """The plant's own, with the stem's empty tables."""
    with scratch_database(tmp_path, like=stem.tables) as address:
        yield address


@pytest.fixture
def mortal(stem: Stem, tmp_path: Path, database: str) -> Iterator[Mortal]:
    spool = tmp_path / "crash-spool"
    mortal = Mortal(stem, spool)
    (tmp_path / "environment.json").write_text(
        json.dumps(environment(DATABASE_URL=database, JIS_VAR=str(tmp_path / "var"), JIS_SPOOL=str(spool)))
    )
    mortal.order("grow", str(tmp_path / "environment.json"))
    try:
        mortal.order("make")
        yield mortal
        # Whatever was killed and when: the books balance, the day can be closed, and stays what was closed.
        proof = mortal.order("proof")
        assert proof == {"status": 0, "balanced": True, "unbalanced_days": [], "differs": ""}
    finally:
        assert mortal.order("leave") == 0
