"""A plant in a process of its own, on the engine the suite runs on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


class Mortal:
    """Orders to the process that is killed."""

    def __init__(self, process: subprocess.Popen[str], spool: Path) -> None:
        self.process = process
        self.inbox = spool / "OEM-D" / "in"

    def order(self, *words: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the process of the plant ended"
        return json.loads(answer)

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


@pytest.fixture
def mortal(tmp_path: Path, database: str) -> Iterator[Mortal]:
    spool = tmp_path / "crash-spool"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.crash.scratch_settings",
        "DATABASE_URL": database,
        "JIS_VAR": str(tmp_path / "var"),
        "JIS_SPOOL": str(spool),
        "JIS_LOG_LEVEL": "ERROR",
        "REDIS_URL": "",
    }
    command = [sys.executable, "-m", "tests.crash.mortal"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        mortal = Mortal(process, spool)
        mortal.order("make")
        yield mortal
        # Whatever was killed and when: the books balance, the day can be closed, and stays what was closed.
        proof = mortal.order("proof")
        assert proof == {"status": 0, "balanced": True, "unbalanced_days": [], "differs": ""}
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=10) == 0
