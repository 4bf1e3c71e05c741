"""`python -m bench.schedule_standard [COUNT ...]`: how long the engine takes for a generated plant, by operations.

20 resources in two work centres, shifts, a holiday, a matrix of colours; each order is pressed and then painted.
Standard, forward, Standard: two runs of the step, three forward passes. Processor seconds, one problem a process.
"""

from __future__ import annotations

import subprocess
import sys
import time
from random import Random
from typing import Any

from bench.edi_formats import peak_kib
from scheduling.engine import read_problem, solve

COLOURS = ("RED", "BLU", "GRN", "YEL", "BLK", "WHT")
COUNTS = ("100", "1000", "5000", "20000")


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


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        data = generated(int(sys.argv[2]))
        begun = time.process_time()
        problem = read_problem(data)
        read = time.process_time()
        result = solve(problem)
        solved = time.process_time()
        print(
            f"{sys.argv[2]:>10} operations: read {read - begun:.2f} s, solved {solved - read:.2f} s, "
            f"setup {result.before.setup_hours:.0f} h to {result.after.setup_hours:.0f} h, "
            f"late orders {result.before.late_orders} to {result.after.late_orders}, {peak_kib() // 1024} MB"
        )
        return
    for count in sys.argv[1:] or COUNTS:
        subprocess.run([sys.executable, "-m", "bench.schedule_standard", "--one", count], check=True)


if __name__ == "__main__":
    main()
