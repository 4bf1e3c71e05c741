"""The README's pictures, from the running program: `make screenshots` writes docs/pictures/.

Starts a demo plant of its own in a scratch folder, lets the twin fill the line, works the waiting station by its tray
up to the moment between two scans, and takes each page in a Chromium of this machine.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

TOP = Path(__file__).resolve().parent.parent
PICTURES = TOP / "docs" / "pictures"
SETTLED_SECONDS = 75
WIDE = {"width": 1920, "height": 1080}
STATION = {"width": 1280, "height": 800}


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as var,
        plant(Path(var)) as (address, paths),
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport=WIDE, reduced_motion="reduce")
        problems: list[str] = []
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        log_in(page, address)
        time.sleep(SETTLED_SECONDS)
        take(page, address + paths["line"], "line-board", WIDE)
        take(page, address + paths["edi"], "edi", WIDE)
        take(page, address + paths["dock"], "dock", WIDE)
        page.set_viewport_size(STATION)
        page.goto(address + paths["station"])
        work(page, ["badge", "rack", "part"])
        take(page, None, "station", STATION)
        for problem in sorted(set(problems)):
            print(f"the browser says: {problem}", file=sys.stderr)
        browser.close()


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
        running.communicate(timeout=20)


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


def take(page: Page, address: str | None, name: str, size: dict[str, int]) -> None:
    """One picture; with an address the page is opened first."""
    page.set_viewport_size(size)  # type: ignore[arg-type]
    if address:
        page.goto(address)
    page.wait_for_timeout(2_500)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    print(f"{path.relative_to(TOP)}  {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
