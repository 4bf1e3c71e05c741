"""`schedule_solve --workers`: searches side by side; same seed, iterations and workers, same plan."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.pure.scheduling_engine.plant import operation, problem


def solved(path: Path, *arguments: str) -> dict[str, Any]:
    chance = Random(3)
    keys = [f"{colour}{tool}" for colour in "ABCDEF" for tool in "123456"]
    data = problem(
        operations=[operation(f"O{n}", key=chance.choice(keys)) for n in range(60)],
        setup=[
            {"from": one, "to": other, "hours": chance.randint(1, 9) / 4}
            for one in keys
            for other in keys
            if one != other
        ],
        steps=[{"id": 10, "type": "minimise_setup", "work_centre": "PRESS"}],
    )
    path.write_text(json.dumps(data))
    out = StringIO()
    call_command("schedule_solve", str(path), "--iterations", "400", "--seed", "5", *arguments, stdout=out)
    return {**json.loads(out.getvalue()), "seconds": 0}


def test_workers_search_side_by_side_and_repeat_themselves(tmp_path: Path) -> None:
    alone, two, again = (solved(tmp_path / "p.json", "--workers", count) for count in ("1", "2", "2"))
    assert two == again
    assert (alone["iterations"], two["iterations"]) == (400, 800)
    assert two["after"]["setup_hours"] <= alone["after"]["setup_hours"]
    assert solved(tmp_path / "p.json") == alone


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_no_workers_are_refused(count: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="must be a whole number from 1"):
        solved(tmp_path / "p.json", "--workers", count)
