"""A real Celery worker over the brokerless queue, as `make run` starts it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sequencer.management.commands.run_plant import children

# The queue in files belongs to the embedded plant, which is on SQLite whatever the suite runs on.
pytestmark = pytest.mark.engine_free
TOP = Path(__file__).resolve().parents[2]
SEND = """
import sys
from sequencer.celery import app
for line in sys.stdin:
    app.send_task(line.strip())
    print("sent", flush=True)
"""


class Plant:
    """An embedded plant's data folder with its tables, and a worker over it."""

    def __init__(self, var: Path) -> None:
        self.var = var
        outside = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
        kept = {name: value for name, value in os.environ.items() if name not in outside}
        self.env = {
            **kept,
            "JIS_VAR": str(var),
            "DJANGO_SETTINGS_MODULE": "sequencer.settings",
            "CELERY_SKIP_CHECKS": "1",
        }
        # No past: the tables come from the models.
        made = {**self.env, "DJANGO_SETTINGS_MODULE": "tests.crash.scratch_settings"}
        command = [
            sys.executable,
            "manage.py",
            "migrate",
            "--run-syncdb",
            "--verbosity",
            "0",
            "--skip-checks",
        ]
        subprocess.run(command, env=made, cwd=TOP, check=True)
        self.worker = self.start()
        self.other = subprocess.Popen(
            [sys.executable, "-c", SEND],
            env=self.env,
            cwd=TOP,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def wake(self) -> None:
        """Another process asks for a beat, and has handed the wake-up over."""
        assert self.other.stdin is not None
        assert self.other.stdout is not None
        self.other.stdin.write("sequencer.tasks.worker_beat\n")
        self.other.stdin.flush()
        assert self.other.stdout.readline() == "sent\n"

    def start(self) -> subprocess.Popen[bytes]:
        command = next(child.command for child in children(8000) if child.name == "worker")
        return subprocess.Popen(
            command, env=self.env, cwd=TOP, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )

    def beats(self) -> list[str]:
        with sqlite3.connect(self.var / "jis.sqlite3", timeout=20) as database:
            return [at for (at,) in database.execute("select at from sequencer_heartbeat")]

    def beat_after(self, before: list[str], seconds: float = 60) -> None:
        """Waits for a beat newer than `before`; nothing but the wake-up brings one here."""
        began = time.monotonic()
        while self.beats() == before:
            assert time.monotonic() - began < seconds, f"no task ran within {seconds} s"
            time.sleep(0.02)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    started = Plant(tmp_path)
    yield started
    started.worker.kill()
    started.worker.wait()
    started.other.communicate(timeout=20)


def test_a_wake_up_of_another_process_is_run_and_a_killed_worker_is_replaced(plant: Plant) -> None:
    plant.wake()
    plant.beat_after([])
    warm = plant.beats()
    plant.wake()
    plant.beat_after(warm)

    plant.worker.kill()
    plant.worker.wait()
    before = plant.beats()
    plant.wake()
    assert plant.beats() == before, "nobody is there to run it"
    plant.worker = plant.start()
    plant.beat_after(before)
