"""What every test stands on: a spool of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, settings: Any) -> Path:
    """The partners' folders, empty, for this test alone."""
    folder = tmp_path / "spool"
    folder.mkdir()
    settings.SPOOL_DIR = folder
    return folder
