"""Who may import whom, as import-linter reads it from pyproject.toml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine_free

TOP = Path(__file__).resolve().parents[2]


def test_import_contracts_are_kept() -> None:
    pytest.importorskip(
        "importlinter", reason="import-linter comes with `make lint`, which runs the contracts too"
    )
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    ran = subprocess.run(
        command, cwd=TOP, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(TOP)}
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-1000:]
