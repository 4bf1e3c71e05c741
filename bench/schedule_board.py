"""`python -m bench.schedule_board [OPERATIONS ...]`: how quick the board of such plans is in a headless Chromium.

The plant of `bench.schedule_board_moves` in a scratch folder (or the database of `DATABASE_URL`), behind uvicorn.
Redraw: the whole horizon with every bar, and a day, each after a step along time; the clock stops when the pixels can
be read back, so that nothing is left to a later moment. Beside it, in turns with it so that the machine's load meets
both, a bare canvas of the same size fills one rectangle for each of all bars. Drop: from the act to the changed bars
on the canvas, the server's answer included. Wall milliseconds by the browser's clock, and the processor time of the
browser for a redraw and of the server for a drop, which tell something on a loaded machine as well.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COUNTS = ("5000", "20000")
ROUNDS, REDRAWS, DROPS = 6, 10, 30
TOP = Path(__file__).resolve().parent.parent
# A rectangle a bar, as wide as a bar is when all are in the window.
BARE = """([times, count]) => {
  const { base } = window.board.gantt;
  const canvas = Object.assign(document.createElement("canvas"), { width: base.width, height: base.height });
  const pen = canvas.getContext("2d");
  const spent = [];
  for (let n = 0; n < times; n++) {
    const began = performance.now();
    for (let k = 0; k < count; k++) {
      if (k % (count >> 3) === 0) pen.fillStyle = `hsl(${(k * 360) / count} 40% 60%)`;
      pen.fillRect((k * 6) % base.width, (Math.floor((k * 6) / base.width) * 36) % base.height, 5, 26);
    }
    pen.getImageData(0, 0, 1, 1);
    spent.push(performance.now() - began);
  }
  return spent;
}"""
# One redraw of everything: `draw` runs at once, and reading a pixel waits for what it painted.
REDRAW = """([times, share]) => {
  const { gantt, scale } = window.board;
  const { first, last } = scale;
  const spent = [];
  for (let n = 0; n < times; n++) {
    const span = (last - first) * share;
    scale.show(first + ((last - first - span) * n) / times, span);
    gantt.dirty.base = true;
    const began = performance.now();
    gantt.draw();
    gantt.base.getContext("2d").getImageData(0, 0, 1, 1);
    spent.push(performance.now() - began);
  }
  return spent;
}"""
DROP = """async (times) => {
  const { board } = window;
  const spent = [];
  let seed = 1;
  const next = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let tries = 0; spent.length < times && tries < times * 10; tries++) {
    const row = board.rows.list[next(board.rows.list.length)];
    const bar = row.bars[next(row.bars.length)];
    if (!bar) continue;
    const wanted = { operation: bar.operation, resource: bar.resource, version: board.plan.version };
    wanted.position = Math.max(1, bar.position + next(20) - 10);
    const began = performance.now();
    const done = await board.moving.send(wanted);
    board.gantt.draw();
    board.gantt.base.getContext("2d").getImageData(0, 0, 1, 1);
    if (done) spent.push(performance.now() - began);
  }
  return spent;
}"""


def main() -> None:
    if sys.argv[1:2] == ["--fill"]:
        print(json.dumps(filled(int(sys.argv[2]))))
        return
    rows = [measured(int(count)) for count in sys.argv[1:] or COUNTS]
    print(f"load {os.getloadavg()[0]:.1f}")
    print(f"{'milliseconds':>28}" + "".join(f"{row['bars']:>17,} bars" for row in rows) + f"{'ratio':>9}")
    for name in ("redraw, all bars", "redraw, a day", "bare canvas", "first drop", "drop"):
        for share in (50, 95, 100):
            told(
                f"{name} p{share}" if share < 100 else f"{name} most",
                [percentile(row[name], share) for row in rows],
            )
    for name in ("redraw, all bars", "redraw, a day", "bare canvas", "drop"):
        told(f"{name} processor", [row["processor"][name] for row in rows])
    for name in ("redraw, all bars", "redraw, a day"):
        told(
            f"{name} / bare", [percentile(row[name], 50) / percentile(row["bare canvas"], 50) for row in rows]
        )
        told("of processor time", [row["processor"][name] / row["processor"]["bare canvas"] for row in rows])


def told(name: str, values: list[float]) -> None:
    cells = "".join(f"{value:>22.1f}" for value in values)
    print(f"{name:>28}{cells}{values[-1] / values[0]:>9.1f}" if values[0] else f"{name:>28}{cells}")


def percentile(values: list[float], share: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)]


def measured(count: int) -> dict[str, Any]:
    """The times of one size, in milliseconds."""
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as var,
        served(Path(var), count) as (address, plan, server),
        sync_playwright() as play,
    ):
        path = os.environ.get("JIS_CHROMIUM", "/usr/bin/chromium")
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1920, "height": 1080}, base_url=address)
        context.add_cookies([{"name": plan["cookie"], "value": plan["session"], "url": address}])
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"/schedule/plans/{plan['id']}/")
        page.wait_for_selector("[data-schedule][data-ready]")
        page.evaluate("() => window.board.scale.show(window.board.scale.first, 1e13)")
        page.wait_for_function(f"() => window.board.rows.bars.size >= {plan['bars']}")
        told = browser.new_browser_cdp_session()

        def browsing() -> float:
            """The processor milliseconds of the whole browser."""
            return (
                sum(each["cpuTime"] for each in told.send("SystemInfo.getProcessInfo")["processInfo"]) * 1000
            )

        painted = {
            "redraw, all bars": (REDRAW, 1),
            "redraw, a day": (REDRAW, 86_400_000 / plan["span"]),
            "bare canvas": (BARE, plan["bars"]),
        }
        walls: dict[str, list[float]] = {name: [] for name in painted}
        spent = dict.fromkeys(painted, 0.0)
        for _ in range(ROUNDS):
            for name, (script, said) in painted.items():
                begun = browsing()
                walls[name] += page.evaluate(script, [REDRAWS, said])
                spent[name] += browsing() - begun
        processor = {name: total / (ROUNDS * REDRAWS) for name, total in spent.items()}
        first = page.evaluate(DROP, 1)
        begun = worked(server)
        drops = page.evaluate(DROP, DROPS)
        processor["drop"] = (worked(server) - begun) / len(drops)
        browser.close()
        return {"bars": plan["bars"], **walls, "first drop": first, "drop": drops, "processor": processor}


def worked(process: int) -> float:
    """The processor milliseconds of a process, as Linux counts them."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(var: Path, count: int) -> Iterator[tuple[str, dict[str, Any], int]]:
    """A server of its own on a scratch folder with one plan of so many operations, and its process."""
    environment = {**os.environ, "JIS_VAR": str(var), "JIS_DEMO": "1", "JIS_LOG_LEVEL": "ERROR"}
    filling = subprocess.run(
        [sys.executable, "-m", "bench.schedule_board", "--fill", str(count)],
        cwd=TOP, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serving = [sys.executable, "-m", "uvicorn", "sequencer.asgi:application", "--port", str(port)]
    running = subprocess.Popen(
        [*serving, "--lifespan", "off", "--log-level", "error"], cwd=TOP, env=environment
    )
    try:
        waited_for(port)
        yield f"http://127.0.0.1:{port}", json.loads(filling.stdout.splitlines()[-1]), running.pid
    finally:
        running.terminate()
        running.wait(20)


def waited_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the server did not start")


def filled(count: int) -> dict[str, Any]:
    """Tables, plant, plan and a log-in in the scratch folder; what the browser needs to know of them."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sequencer.settings")
    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    from bench.schedule_board_moves import AT, BY, fill
    from scheduling import services

    call_command("migrate", verbosity=0)
    fill(count)
    plan = services.plan_from_orders(start=AT, by=BY, at=AT)
    client = Client()
    client.force_login(User.objects.create_superuser("bench"))
    last = max(plan.operations.values_list("ends_at", flat=True))
    return {
        "id": plan.pk, "bars": plan.operations.count(), "span": (last - plan.start_at).total_seconds() * 1000,
        "cookie": settings.SESSION_COOKIE_NAME, "session": client.cookies[settings.SESSION_COOKIE_NAME].value,
    }  # fmt: skip


if __name__ == "__main__":
    main()
