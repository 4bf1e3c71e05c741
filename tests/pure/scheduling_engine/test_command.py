"""`schedule_solve`: a file in, one JSON object out, and a sentence for a file that cannot be planned."""

from __future__ import annotations

import json
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.pure.scheduling_engine.plant import operation, plan, problem, step


def test_a_problem_file_becomes_one_json_result(tmp_path: Path) -> None:
    data = problem(operations=[operation("A10", key="RED"), operation("B10", key="BLU")], steps=[step()])
    file = tmp_path / "problem.json"
    file.write_text(json.dumps(data))
    out = StringIO()
    call_command(
        "schedule_solve", str(file), "--seconds", "1", "--seed", "7", "--iterations", "100", stdout=out
    )
    printed = json.loads(out.getvalue())
    expected = plan(data).as_json()
    assert {**printed, "seconds": 0} == {**expected, "seconds": 0, "seed": 7}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ('{"start": "2026-11-23T06:00", "stepps": []}', "unknown key 'stepps'; did you mean 'steps'"),
        (
            json.dumps(problem(steps=[step(group_from=4)])),
            "group_from: is 4 and lies after group_to 3",
        ),
        ("[]", "the problem: is not an object"),
        (
            '{"start": "2026-11-23T06:00", "steps": [], "orders": [], "steps": []}',
            "an object has 'steps' twice",
        ),
        ("[" * 200_000, "is nested too deeply"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_planned_gets_a_sentence(
    tmp_path: Path, text: str | None, sentence: str
) -> None:
    file = tmp_path / "problem.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CommandError, match=sentence) as refused:
        call_command("schedule_solve", str(file))
    assert refused.value.returncode == 2


def test_names_of_any_characters_are_printed_anywhere(tmp_path: Path) -> None:
    """Half a pair of characters has no UTF-8, some consoles have none at all; Windows begins files with a mark."""
    file = tmp_path / "problem.json"
    names = ["Türe", "\ud800"]
    operations = [{**operation("A10"), "id": name} for name in names]
    file.write_text(json.dumps(problem(operations=operations)), encoding="utf-8-sig")
    out = TextIOWrapper(BytesIO(), encoding="ascii")
    call_command("schedule_solve", str(file), stdout=out)
    out.seek(0)
    assert [each["id"] for each in json.load(out)["operations"]] == names


@pytest.mark.parametrize(
    "limit", [("--seconds", "nan"), ("--seconds", "-5"), ("--iterations", "-5"), ("--iterations", "2.5")]
)
def test_a_limit_that_is_none_gets_a_sentence(limit: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=f"argument {limit[0]}: must be a .*number.* from 0, not"):
        call_command("schedule_solve", "problem.json", "=".join(limit))
