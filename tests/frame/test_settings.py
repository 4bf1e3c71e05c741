"""The environment is read loudly, production passes Django's check, and ours find what breaks a plant."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edi import checks as gate
from sequencer import checks, env

# Each command gets an environment of its own; that of the suite, its engine included, reaches none.
pytestmark = pytest.mark.engine_free
TOP = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "JIS_PRODUCTION": "1",
    "JIS_SECRET_KEY": "k9-mW2x_r7Qp4vTz8LbN3sYc6HdJf5GaEuVwXo1iRtPqMnBkZs0",
    "JIS_HOSTS": "jis.example.com",
    "DATABASE_URL": "postgres://jis@127.0.0.1:5432/jis",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}


def manage(var: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command as an administrator runs it; nothing of the suite's environment reaches it."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("JIS_", "CELERY_"))}
    for name in ("DATABASE_URL", "REDIS_URL"):
        ours.pop(name, None)
    environment = {**ours, "DJANGO_SETTINGS_MODULE": "sequencer.settings", "JIS_VAR": str(var), **more}
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True)


def test_production_settings_pass_the_deployment_check(tmp_path: Path) -> None:
    ran = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert (ran.returncode, ran.stderr.strip()) == (0, "")
    assert "no issues (0 silenced)" in ran.stdout


@pytest.mark.parametrize("missing", ["JIS_SECRET_KEY"])
def test_production_does_not_start_without(missing: str, tmp_path: Path) -> None:
    ran = manage(tmp_path, "check", **{name: value for name, value in PRODUCTION.items() if name != missing})
    assert ran.returncode != 0
    assert f"{missing} is not set" in ran.stderr


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"DATABASE_URL": "", "JIS_WORKER_HOSTS": "2"}, {"jis.E001", "jis.W001"}),
        ({"REDIS_URL": "", "JIS_WORKER_HOSTS": "2", "JIS_DEMO": "1"}, {"jis.E002", "jis.E003", "jis.E006"}),
        ({"REDIS_URL": "", "JIS_DEBUG": "1"}, {"jis.E003", "jis.E005"}),
    ],
)
def test_settings_that_break_a_plant_are_errors(
    more: dict[str, str], found: set[str], tmp_path: Path
) -> None:
    ran = manage(tmp_path, "check", "--tag", "plant", **{**PRODUCTION, **more})
    assert ran.returncode == 1
    assert set(re.findall(r"jis\.[EW]\d+", ran.stderr)) == found


def test_sqlite_in_production_is_a_warning_only(tmp_path: Path) -> None:
    ran = manage(tmp_path, "check", "--tag", "plant", **{**PRODUCTION, "DATABASE_URL": ""})
    assert ran.returncode == 0
    assert "jis.W001" in ran.stderr


def test_the_embedded_default_has_no_finding(tmp_path: Path) -> None:
    ran = manage(tmp_path, "check", "--tag", "plant")
    assert (ran.returncode, ran.stderr) == (0, "System check identified no issues (0 silenced).\n") or (
        "no issues" in ran.stdout
    )


def test_a_time_limit_above_the_visibility_timeout_is_an_error(settings: Any) -> None:
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 100}
    settings.CELERY_TASK_TIME_LIMIT = 120
    assert [found.id for found in checks.broker()] == ["jis.E004"]


def test_a_spool_we_cannot_write_is_an_error(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL_DIR = tmp_path / "absent"
    assert [found.id for found in checks.spool()] == ["jis.E007"]


def test_a_partner_without_inbox_is_an_error(tmp_path: Path) -> None:
    assert [found.id for found in gate.folders(tmp_path / "OEM1")] == ["jis.E101"]
    (tmp_path / "OEM1" / "in").mkdir(parents=True)
    assert not list(gate.folders(tmp_path / "OEM1"))


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system at hand")
def test_folders_on_two_file_systems_are_an_error(tmp_path: Path) -> None:
    if tmp_path.stat().st_dev == Path("/dev/shm").stat().st_dev:
        pytest.skip("the temporary folder is on the same file system")
    (tmp_path / "in").mkdir()
    (tmp_path / "archive").symlink_to("/dev/shm", target_is_directory=True)
    assert [found.id for found in gate.folders(tmp_path)] == ["jis.E103"]


def test_an_unset_value_without_default_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JIS_X", raising=False)
    with pytest.raises(env.EnvError, match="JIS_X is not set"):
        env.text("JIS_X")


@pytest.mark.parametrize(("written", "read"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False)])
def test_a_flag_is_read(monkeypatch: pytest.MonkeyPatch, written: str, read: bool) -> None:
    monkeypatch.setenv("JIS_X", written)
    assert env.flag("JIS_X", not read) is read


@pytest.mark.parametrize("read", [lambda: env.flag("JIS_X", False), lambda: env.number("JIS_X", 1)])
def test_a_value_that_is_no_flag_or_number_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, read: Any
) -> None:
    monkeypatch.setenv("JIS_X", "perhaps")
    with pytest.raises(env.EnvError, match="JIS_X='perhaps'"):
        read()


def test_a_number_outside_its_bounds_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIS_X", "70000")
    with pytest.raises(env.EnvError, match="JIS_X=70000 is outside 1 to 65535"):
        env.number("JIS_X", 8000, least=1, most=65535)


def test_a_relative_folder_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIS_X", "var")
    with pytest.raises(env.EnvError, match="not an absolute path"):
        env.folder("JIS_X", TOP)
