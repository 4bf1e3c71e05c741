"""What the image does while it is built, a container need not do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command

from scheduling.engine import placing
from scheduling.engine.search import lines

pytestmark = pytest.mark.engine_free
DOCKERFILE = (Path(__file__).resolve().parents[2] / "Dockerfile").read_text()


def test_the_image_holds_the_compiled_loops_where_its_user_finds_and_may_write_them() -> None:
    (folder,) = re.findall(r"NUMBA_CACHE_DIR=(\S+)", DOCKERFILE)
    # What is mounted over /tmp would hide it.
    assert not folder.startswith("/tmp")
    build = DOCKERFILE[: DOCKERFILE.index("USER jis")]
    assert "manage.py compile_loops" in build
    assert re.search(rf"chown -R jis:jis .*{folder}(\s|$)", build[build.index("compile_loops") :])


def test_the_loops_of_planning_are_compiled_by_the_command() -> None:
    call_command("compile_loops")
    for loop in (placing.plan_forward, placing.plan_backward, lines.wander):
        assert loop.signatures, loop
