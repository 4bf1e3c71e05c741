"""`python -m bench.schedule_small [--seconds S]`: small Minimise setup steps, with and without the solver.

Ten generated problems of each size: three machines in two shifts, six colours, half of them with due dates that bind.
Each is planned twice with the same seconds: the search alone, and the search with its share beside CP-SAT. A row tells
how many the solver's way made better or worse, and what is proven.
"""

from __future__ import annotations

import argparse
import os
from random import Random
from typing import Any
from unittest.mock import patch

from scheduling.engine import Budget, read_problem, solve
from scheduling.engine.search import exact
from scheduling.engine.sequencing import Searched
from scheduling.management.commands.schedule_bench import warm_up

COLOURS = ("RED", "BLU", "GRN", "YEL", "BLK", "WHT")
SIZES = (10, 20, 30, 40)
EACH = 10
# Hours of setup are told apart by seconds.
SAME = 1 / 3600


def generated(size: int, seed: int) -> dict[str, Any]:
    """One problem, the same each time."""
    random = Random(1000 * size + seed)
    orders: list[dict[str, Any]] = [
        {"id": f"O{number}", "weight": random.randint(1, 3)} for number in range(size)
    ]
    if seed % 2:
        for order in orders:
            order["due"] = f"2026-11-{random.randint(23, 23 + size // 8):02d}T{random.randint(10, 21)}:00"
    return {
        "start": "2026-11-23T06:00", "horizon_days": 99, "calendar": {"default": [["06:00", "22:00"]] * 5},
        "resources": [{"id": f"M{number}", "work_centre": "PRESS", "state": "RED"} for number in range(3)],
        "orders": orders,
        "operations": [
            {"id": f"{order['id']}-10", "order": order["id"], "number": 10, "work_centre": "PRESS",
             "resources": [f"M{each}" for each in random.sample(range(3), 2)],
             "hours": round(random.uniform(0.3, 3), 1), "key": random.choice(COLOURS)}
            for order in orders
        ],
        "setup": [
            {"from": one, "to": other, "hours": 0.0 if one == other else round(random.uniform(0.3, 4), 1)}
            for one in COLOURS for other in COLOURS
        ],
        "steps": [{"id": 10, "type": "minimise_setup", "work_centre": "PRESS", "lambda": (0.1, 1.0)[seed % 4 > 1]}],
    }  # fmt: skip


def searched(data: dict[str, Any], seconds: float) -> Searched:
    """What the search of the problem's one step says of itself."""
    return solve(read_problem(data), Budget(seconds=seconds)).searches[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    warm_up()
    if not exact.available():
        parser.exit(2, "OR-Tools is not installed; the extra `exact` brings it\n")
    for size in SIZES:
        better = worse = proven = 0
        gaps, change = list[float](), 0.0
        for seed in range(EACH):
            data = generated(size, seed)
            with patch.object(exact, "fits", return_value=False):
                alone = searched(data, options.seconds)
            both = searched(data, options.seconds)
            better += both.hours < alone.hours - SAME
            worse += both.hours > alone.hours + SAME
            change += 100 * (both.hours - alone.hours) / max(alone.hours, SAME)
            proven += both.gap_percent == 0
            gaps += [] if both.gap_percent is None or both.gap_percent == 0 else [both.gap_percent]
        told = ", ".join(f"{gap:.0f}" for gap in sorted(gaps)) or "none"
        print(
            f"{size} operations, {options.seconds:g} s, load {os.getloadavg()[0]:.1f}: of {EACH} the solver made "
            f"{better} better, {worse} worse ({change / EACH:+.2f} percent on average); {proven} proven, gaps of "
            f"others {told}",
            flush=True,
        )


if __name__ == "__main__":
    main()
