"""The README's pictures, from the running program: `make screenshots` writes docs/pictures/.

Starts a demo plant of its own in a scratch folder, lets the twin fill the line, works the waiting station by its tray
up to the moment between two scans, and takes each page in a Chromium of this machine. `ARGS="schedule"` takes those
that are named. After ten minutes it gives up and says what it was at.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

TOP = Path(__file__).resolve().parent.parent
PICTURES = TOP / "docs" / "pictures"
SETTLED_SECONDS = 75
LIMIT_SECONDS = 600
ALL = ("schedule", "line-board", "edi", "dock", "station")
doing = ["starting the plant"]
WIDE: ViewportSize = {"width": 1920, "height": 1080}
STATION: ViewportSize = {"width": 1280, "height": 800}


def main(names: Iterable[str] = ()) -> None:
    asked = set(names) or set(ALL)
    if unknown := asked - set(ALL):
        sys.exit(f"no picture is called {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    PICTURES.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT_SECONDS)
    with (
        tempfile.TemporaryDirectory() as var,
        plant(Path(var)) as (address, paths),
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport=WIDE, reduced_motion="reduce")
        page.set_default_timeout(60_000)
        problems: list[str] = []
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        at("logging in")
        log_in(page, address)
        pages = {
            "schedule": "/schedule/",
            "line-board": paths["line"],
            "edi": paths["edi"],
            "dock": paths["dock"],
        }
        if asked - {"schedule"}:
            at("letting the twin fill the line")
            time.sleep(SETTLED_SECONDS)
        for name in [name for name in pages if name in asked]:
            take(page, address + pages[name], name, WIDE)
        if "station" in asked:
            at("working the station")
            page.set_viewport_size(STATION)
            page.goto(address + paths["station"])
            work(page, ["badge", "rack", "part"])
            take(page, None, "station", STATION)
        for problem in sorted(set(problems)):
            print(f"the browser says: {problem}", file=sys.stderr)
        browser.close()
    signal.alarm(0)


def at(what: str) -> None:
    """Remembers what is under way, for whoever reads why it was given up."""
    doing[:] = [what]


def give_up(_signal: int, _frame: object) -> None:
    raise SystemExit(f"screenshots: given up after {LIMIT_SECONDS} s while {doing[0]}; is the machine busy?")


@contextmanager
def plant(var: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A demo plant on a free port, and the addresses that its own welcome names."""
    port = free_port()
    environment = {**os.environ, "JIS_VAR": str(var), "JIS_PORT": str(port), "JIS_DEMO": "1"}
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        environment.pop(name, None)
    running = subprocess.Popen(
        [sys.executable, "manage.py", "run_plant"],
        cwd=TOP,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        assert running.stdout is not None
        seen: dict[str, str] = {}
        for line in running.stdout:
            word = line.split()[0] if line.split() else ""
            path = word.removeprefix(address)
            if word.startswith(address):
                seen[path.split("/")[1].removesuffix("s")] = path
            if "/api/" in path:
                break
        yield address, seen
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            running.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/login/")
    page.fill("input[name=username]", "supervisor")
    page.fill("input[name=password]", "demo-supervisor")
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")


def work(page: Page, kinds: list[str]) -> None:
    """Clicks one fitting label of each kind, as a newcomer without a scanner does."""
    for kind in kinds:
        label = page.locator(f".tray .label-{kind}").first
        label.wait_for(timeout=10_000)
        label.click()
        page.wait_for_timeout(1_500)


def take(page: Page, address: str | None, name: str, size: ViewportSize) -> None:
    """One picture; with an address the page is opened first."""
    at(f"taking {name}")
    page.set_viewport_size(size)
    if address:
        page.goto(address)
    page.wait_for_timeout(2_500)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    print(f"{path.relative_to(TOP)}  {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
