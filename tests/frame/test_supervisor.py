"""The supervisor keeps children alive and leaves nothing behind. The children here are tiny programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

# Its children are lines of Python; none opens a database.
pytestmark = pytest.mark.engine_free
TOP = Path(__file__).resolve().parents[2]

# One child leaves its pid in a file and sleeps, with a grandchild in its group; the second dies at once.
PLANT = """
    import os, sys, time
    from sequencer.supervisor import Child, Supervisor
    pids = sys.argv[1]
    steady = f"import os, subprocess, sys, time; p = subprocess.Popen(['sleep', '60']);" \\
             f"open({pids!r}, 'a').write(f'{{os.getpid()}} {{p.pid}}\\\\n'); print('here'); time.sleep(600)"
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)"
    dead = "import sys; print('going'); sys.exit(3)"
    children = {"steady": steady, "deaf": deaf, "dead": dead}
    chosen = [Child(name, [sys.executable, "-u", "-c", children[name]]) for name in sys.argv[2].split(",")]
    supervisor = Supervisor(chosen, os.environ, lambda line: print(line, flush=True), grace=1.0)
    sys.exit(supervisor.run(lambda: sys.argv[3] == "ready", lambda: None, chosen[0].name))
"""


@pytest.fixture
def start(tmp_path: Path):
    started: list[subprocess.Popen[str]] = []

    def run(names: str, ready: str = "ready") -> subprocess.Popen[str]:
        plant = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PLANT), str(tmp_path / "pids"), names, ready],
            stdout=subprocess.PIPE,
            text=True,
            cwd=TOP,
            start_new_session=True,
        )
        started.append(plant)
        return plant

    yield run
    for plant in started:
        plant.kill()
        plant.communicate()


def until(seen: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Runs, and is no zombie that waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pids(folder: Path) -> list[int]:
    path = folder / "pids"
    until(lambda: path.exists() and path.read_text().endswith("\n"))
    return [int(word) for word in path.read_text().split()]


def lines_until(plant: subprocess.Popen[str], word: str) -> list[str]:
    assert plant.stdout is not None
    seen: list[str] = []
    for line in plant.stdout:
        seen.append(line.rstrip())
        if word in line:
            return seen
    raise AssertionError(f"no {word!r} in {seen}")


def test_lines_carry_the_name_of_the_child(start) -> None:
    assert "steady  | here" in lines_until(start("steady"), "here")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_child_and_grandchild(start, tmp_path: Path, number: signal.Signals) -> None:
    plant = start("steady")
    lines_until(plant, "here")
    family = pids(tmp_path)
    plant.send_signal(number)
    assert plant.wait(60) == 0
    until(lambda: not any(alive(pid) for pid in family))


def test_a_deaf_child_is_ended_after_the_grace(start) -> None:
    plant = start("deaf")
    lines_until(plant, "deaf")
    plant.terminate()
    # By itself the child would end ten minutes later.
    assert plant.wait(60) == 0


def test_a_dead_child_starts_again_later_each_time(start) -> None:
    plant = start("steady,dead")
    told = [line for line in lines_until(plant, "again in 4 s") if "ended" in line]
    assert told == [f"dead ended (exit code 3); it starts again in {wait} s" for wait in (1, 2, 4)]


def test_a_vital_child_that_never_comes_up_stops_the_plant(start) -> None:
    plant = start("dead,steady", "never")
    assert "dead does not start" in lines_until(plant, "does not start")[-1]
    assert plant.wait(60) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with a killed parent")
def test_killing_the_supervisor_ends_its_children(start, tmp_path: Path) -> None:
    plant = start("steady")
    lines_until(plant, "here")
    child = pids(tmp_path)[0]
    os.kill(plant.pid, signal.SIGKILL)
    until(lambda: not alive(child))
