"""`python -m bench.schedule_size [COUNT ...]`: how long the engine takes for a generated plant, by operations.

20 resources in two work centres, shifts, a holiday, a matrix of colours; each order is pressed and then painted.
Standard, forward, Standard: two runs of the step, three forward passes. Minimise setup: all operations on all 20
resources in one step, two forward passes. One problem a process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from random import Random
from typing import Any

from bench.edi_formats import peak_kib
from scheduling.engine import Budget, read_problem, solve, warm_up

COLOURS = ("RED", "BLU", "GRN", "YEL", "BLK", "WHT")
COUNTS = (100, 1_000, 5_000, 20_000, 50_000)


def generated(count: int) -> dict[str, Any]:
    """A problem of so many operations, the same each time."""
    random = Random(1)
    resources = [
        {"id": f"M{number}", "work_centre": "PRESS" if number < 10 else "PAINT", "state": "RED 01",
         "setup_rule": "resource", "setup_standard": 0.5, "setup_reduced": 0.1}
        for number in range(20)
    ]  # fmt: skip
    orders, operations = [], []
    for number in range(count // 2):
        orders.append({"id": f"O{number}", "due": f"2026-12-{random.randint(1, 28):02d}T12:00"})
        key = f"{random.choice(COLOURS)} {random.randint(1, 30):02d}"
        for place, centre in enumerate(("PRESS", "PAINT")):
            own = random.sample(range(10 * place, 10 * place + 10), 2)
            operations.append(
                {"id": f"O{number}-{place}", "order": f"O{number}", "number": 10 * place, "work_centre": centre,
                 "resources": [f"M{each}" for each in own], "hours": round(random.uniform(0.05, 0.3), 2), "key": key}
            )  # fmt: skip
    part = {"type": "standard", "group_from": 1, "group_to": 3, "seq_from": 4, "max_group_hours": 24}
    return {
        "start": "2026-11-23T06:00", "horizon_days": 200, "resources": resources, "orders": orders,
        "calendar": {"default": [["06:00", "22:00"]] * 5, "closed": ["2026-12-25"]}, "operations": operations,
        "setup": [
            {"from": f"{one}*", "to": f"{other}*", "hours": round(random.uniform(0.2, 1.5), 1)}
            for one in COLOURS for other in COLOURS if one != other
        ],
        "steps": [{"id": 10, "work_centre": "PRESS", **part}, {"id": 20, "type": "forward"},
                  {"id": 30, "work_centre": "PAINT", **part}],
    }  # fmt: skip


def minimised(data: dict[str, Any]) -> dict[str, Any]:
    """The same plant as one work centre with a Minimise setup step, each operation an order of its own."""
    machines = [{**each, "work_centre": "SHOP"} for each in data["resources"]]
    operations = [{**each, "order": each["id"], "work_centre": "SHOP"} for each in data["operations"]]
    due = {each["id"]: each["due"] for each in data["orders"]}
    orders = [{"id": each["id"], "due": due[each["order"]]} for each in data["operations"]]
    step = {"id": 10, "type": "minimise_setup", "work_centre": "SHOP", "group_from": 1, "group_to": 3}
    changed = {"resources": machines, "operations": operations, "orders": orders, "steps": [step]}
    return {**data, **changed, "horizon_days": 999}


def one(way: str, count: int, seconds: float) -> None:
    """Read and plan one problem, and print a row."""
    data = generated(count)
    # Compiles or loads what a worker has from its start.
    warm_up()
    if way == "minimise":
        data = minimised(data)
        solve(read_problem(minimised(generated(100))), Budget(iterations=100))
    begun = time.process_time()
    problem = read_problem(data)
    read, read_at = time.process_time(), time.perf_counter()
    result = solve(problem, Budget(seconds=seconds))
    solved, ended = time.process_time(), time.perf_counter()
    before, after = result.before, result.after
    print(
        f"{way:<9}{count:>7} operations: read {read - begun:.2f}, solved {solved - read:.2f} s CPU, "
        f"{ended - read_at:.2f} s by the clock (load {os.getloadavg()[0]:.1f}); "
        f"setup {before.setup_hours:.0f} to {after.setup_hours:.0f} h, late {before.late_orders} to "
        f"{after.late_orders}, tardiness {before.tardiness_hours:.0f} to {after.tardiness_hours:.0f} h, "
        f"{peak_kib() // 1024} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, metavar="COUNT")
    parser.add_argument(
        "--way", choices=("standard", "minimise"), action="append", help="may stand twice; both"
    )
    parser.add_argument("--seconds", type=float, default=6.0, help="for the search of Minimise setup")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    ways = options.way or ["standard", "minimise"]
    if options.one:
        one(ways[0], options.counts[0], options.seconds)
        return
    for way in ways:
        for count in options.counts or COUNTS:
            row = ["--one", "--way", way, "--seconds", str(options.seconds), str(count)]
            subprocess.run([sys.executable, "-m", "bench.schedule_size", *row], check=True)


if __name__ == "__main__":
    main()
