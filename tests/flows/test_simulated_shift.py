"""A whole shift in a plant of its own: real processes, files and scans on the engine the suite runs on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).parents[2]
CLEAN = ("lost", "doubled", "out_of_sequence", "wrong_part", "asn_missing", "held")
TIMINGS = {"seconds", "file_to_board_s", "scan_verdict_ms"}
KEYS = {
    "sent", "applied", "duplicates", "quarantined", "held", "units_called", "units_shipped", "lost", "doubled",
    "out_of_sequence", "wrong_part", "asn_missing", "file_to_board_s", "scan_verdict_ms", "faults", "seconds",
}  # fmt: skip


def shift(tmp_path: Path, *options: str) -> dict[str, Any]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sequencer.settings", "JIS_VAR": str(tmp_path)}
    command = [sys.executable, "manage.py", "simulate_shift", "--json", "--rate", "max", *options]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.timeout(300)
def test_every_fault_in_one_shift_loses_and_doubles_nothing(tmp_path: Path) -> None:
    result = shift(tmp_path, "--vehicles", "84", "--seed", "3", "--faults", "all")
    assert set(result) == KEYS
    assert {key: result[key] for key in CLEAN} == dict.fromkeys(CLEAN, 0)
    assert result["units_shipped"] == result["units_called"] == 82
    assert set(result["faults"].values()) == {1}
    assert len(result["faults"]) == 13
    assert result["duplicates"] > 0
    assert result["quarantined"] > 0
    assert result["sent"] == result["applied"] + result["duplicates"] + result["quarantined"]


@pytest.mark.timeout(300)
def test_the_same_seed_gives_the_same_result(tmp_path: Path) -> None:
    """Whenever and on whatever engine it is played: these figures were made by another run."""
    result = shift(tmp_path, "--vehicles", "20", "--seed", "5", "--faults", "wrong_part,duplicate_files")
    assert {key: value for key, value in result.items() if key not in TIMINGS} == {
        **dict.fromkeys(CLEAN, 0),
        "sent": 32, "applied": 20, "duplicates": 12, "quarantined": 0,
        "units_called": 20, "units_shipped": 20,
        "faults": {"wrong_part": 1, "duplicate_files": 1},
    }  # fmt: skip


# On PostgreSQL the plant's database is made and dropped from this process.
@pytest.mark.django_db(transaction=True)
def test_a_shift_too_short_for_its_faults_is_refused(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "sequencer.settings")
    with pytest.raises(SystemExit) as stop:
        call_command("simulate_shift", "--vehicles", "3", "--faults", "all")
    assert stop.value.code == 1
    assert "too short for fault" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--faults", "earthquake", "no such fault"), ("--rate", "soon", "neither max nor")],
)
def test_wrong_options_are_named(option: str, value: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("simulate_shift", option, value)
