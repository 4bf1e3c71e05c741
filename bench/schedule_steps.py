"""`python -m bench.schedule_steps [COUNT]`: processor seconds of one step of each type on a generated plant.

Ten presses and ten saws with shifts and a matrix; each order is pressed and then sawn. One step on the presses,
grouping time a day; the search of Minimise setup is measured in `bench.schedule_size`.
"""

from __future__ import annotations

import sys
import time
from random import Random
from typing import Any

from scheduling.engine import read_problem, solve

COLOURS = ["RED", "BLU", "GRN", "YEL", "WHT"]
PART = {"group_from": 1, "group_to": 3}
STEPS: dict[str, dict[str, Any]] = {
    "standard": PART,
    "cyclic": {**PART, "profile": COLOURS},
    "multi_level": {"levels": [{"from": 1, "to": 3, "by": "minimise"}, {"from": 5, "to": 5, "by": "sort"}]},
    "oven": PART,
    "batch_size": {**PART, "batch_size": 50},
}


def generated(count: int) -> dict[str, Any]:
    """A problem of so many operations without a step, the same each time."""
    random = Random(1)
    orders = [{"id": f"O{number}", "due": "2027-03-01T06:00"} for number in range(count // 2)]
    return {
        "start": "2026-11-23T06:00", "horizon_days": 900, "calendar": {"default": [["06:00", "22:00"]] * 5},
        "resources": [
            {"id": f"{centre}{number}", "work_centre": centre, "state": "RED",
             "oven": {"unit": "pieces", "capacity": 60}}
            for centre in ("PRESS", "SAW") for number in range(10)
        ],
        "setup": [
            {"from": f"{one}*", "to": f"{other}*", "hours": 0.2}
            for one in COLOURS for other in COLOURS if one != other
        ],
        "orders": orders,
        "operations": [
            {"id": f"{order['id']}-{number}", "order": order["id"], "number": number, "work_centre": centre,
             "hours": random.choice([0.25, 0.5, 1]), "quantity": 10, "setup_standard": 0.1,
             "key": f"{random.choice(COLOURS)} {random.randint(1, 9)}"}
            for order in orders for number, centre in ((10, "PRESS"), (20, "SAW"))
        ],
    }  # fmt: skip


def main(count: int) -> None:
    """Print a line for each type, and one for no step at all."""
    data = generated(count)
    for kind, parameters in {"none": {}, **STEPS}.items():
        step = {"id": 10, "type": kind, "work_centre": "PRESS", "max_group_hours": 24, **parameters}
        problem = read_problem({**data, "steps": [] if kind == "none" else [step]})
        begun = time.process_time()
        after = solve(problem).after
        print(f"{kind:12} {time.process_time() - begun:5.1f} s  {after.setup_hours:8.1f} h of setup")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
