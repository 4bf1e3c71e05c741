"""`python -m bench.schedule_plants [--seconds S]`: three plants, planned first come, by Standard and by Minimise setup.

A paint shop with colours from light to dark, injection moulding with moulds, materials and colours, and a press shop
with dies that fit some presses only. Due dates bind: first come is late everywhere. The same data each time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from scheduling.engine import Budget, read_problem, solve

# The wall clock of a problem without a zone.
MONDAY = datetime.fromisoformat("2026-11-23T06:00")
TWO_SHIFTS = {"default": [["06:00", "22:00"]] * 5, "closed": ["2026-12-25"]}
COLOURS = ("WHT", "IVO", "YEL", "ORG", "RED", "BLU", "GRN", "GRY", "BRN", "BLK")
MATERIALS = ("ABS", "PP0", "PA6", "PC0")


def matrix(keys: list[str], hours: Callable[[str, str], float]) -> list[dict[str, Any]]:
    """A record for each pair of different patterns."""
    return [
        {"from": f"{one}*", "to": f"{other}*", "hours": round(hours(one, other), 2)}
        for one in keys for other in keys if one != other
    ]  # fmt: skip


def plant(
    random: Random, machines: list[dict[str, Any]], setup: list[dict[str, Any]], orders: Iterator[dict[str, Any]],
    load: float, grouping: tuple[int, int],
) -> dict[str, Any]:  # fmt: skip
    """Orders until the machines are full for four weeks; due dates that bind."""
    made, hours = [], 0.0
    full = 4 * 80 * len(machines) * load
    for number, each in enumerate(orders):
        if hours > full:
            break
        hours += each["hours"]
        made.append({**each, "id": f"{number}-10", "order": str(number), "number": 10, "work_centre": "SHOP"})
    weeks = timedelta(weeks=4)
    due = [
        {"id": each["order"], "weight": random.choice([1, 1, 1, 2, 5]),
         "due": (MONDAY + weeks * (0.05 + 0.8 * random.random())).isoformat(timespec="minutes")}
        for each in made
    ]  # fmt: skip
    return {
        "start": MONDAY.isoformat(timespec="minutes"), "horizon_days": 200, "calendar": TWO_SHIFTS,
        "resources": machines, "setup": setup, "orders": due, "operations": made,
        "steps": [{"id": 10, "work_centre": "SHOP", "group_from": grouping[0], "group_to": grouping[1]}],
    }  # fmt: skip


def paint() -> dict[str, Any]:
    """Two lines; darker costs little, lighter costs much, and a carrier is changed in between."""
    random = Random(11)
    shade = {colour: place for place, colour in enumerate(COLOURS)}

    def rinse(one: str, other: str) -> float:
        step = shade[other] - shade[one]
        return 0.15 + 0.05 * step if step > 0 else 0.4 - 0.12 * step

    machines = [{"id": f"LINE{n}", "work_centre": "SHOP", "state": "WHT A", "setup_rule": "resource",
                 "setup_standard": 0.3, "setup_reduced": 0.1} for n in (1, 2)]  # fmt: skip

    def orders() -> Iterator[dict[str, Any]]:
        while True:
            yield {
                "key": f"{random.choice(COLOURS)} {random.choice('ABC')}",
                "hours": round(random.uniform(0.5, 3), 2),
            }

    return plant(random, machines, matrix(list(COLOURS), rinse), orders(), 0.85, (1, 3))


def moulding() -> dict[str, Any]:
    """Six machines of two sizes; a mould takes hours, a material is purged, a colour takes a while."""
    random = Random(12)
    moulds = [f"M{n:02d}" for n in range(24)]
    keys = [f"{mould}{random.choice(MATERIALS)}" for mould in moulds]

    def change(one: str, other: str) -> float:
        return 1.5 + (0.8 if one[3:] != other[3:] else 0.0)

    names = [f"IMM{n}" for n in range(6)]
    machines = [{"id": name, "work_centre": "SHOP", "state": f"{keys[n]}WHT", "setup_rule": "resource",
                 "setup_standard": 0.4, "setup_reduced": 0.0, "efficiency": 1.0 if n < 4 else 1.2}
                for n, name in enumerate(names)]  # fmt: skip
    fits = {key: sorted(random.sample(names, 3)) for key in keys}

    def orders() -> Iterator[dict[str, Any]]:
        while True:
            key = random.choice(keys)
            yield {"key": f"{key}{random.choice(COLOURS[:5])}", "hours": round(random.uniform(1, 8), 2),
                   "resources": fits[key]}  # fmt: skip

    return plant(random, machines, matrix(keys, change), orders(), 0.8, (1, 6))


def press() -> dict[str, Any]:
    """Five presses; a die fits two or three of them, and a coil is changed with the thickness."""
    random = Random(13)
    dies = [f"D{n:02d}" for n in range(30)]
    family = {die: random.randrange(5) for die in dies}
    names = [f"P{n}" for n in range(5)]
    machines = [{"id": name, "work_centre": "SHOP", "state": f"{dies[n]} 1", "setup_rule": "resource",
                 "setup_standard": 0.35, "setup_reduced": 0.0, "capacity": [["2026-12-07", 0.8]] if n == 0 else []}
                for n, name in enumerate(names)]  # fmt: skip
    fits = {die: sorted(random.sample(names, random.choice([2, 3]))) for die in dies}

    def orders() -> Iterator[dict[str, Any]]:
        while True:
            die = random.choice(dies)
            yield {
                "key": f"{die} {random.randint(1, 4)}",
                "hours": round(random.uniform(0.3, 4), 2),
                "resources": fits[die],
            }

    setup = matrix(dies, lambda one, other: 0.6 if family[one] == family[other] else 1.2)
    return plant(random, machines, setup, orders(), 0.8, (1, 3))


PLANTS: dict[str, Callable[[], dict[str, Any]]] = {"paint": paint, "moulding": moulding, "press": press}
FIRST_COME, DUE = "first come", "by due date"
WAYS: dict[str, dict[str, Any]] = {
    FIRST_COME: {},
    DUE: {},
    "Standard 16 h": {"type": "standard", "max_group_hours": 16},
    "Standard 40 h": {"type": "standard", "max_group_hours": 40},
    "Standard 80 h": {"type": "standard", "max_group_hours": 80},
    "Minimise setup": {"type": "minimise_setup"},
}


def planned(data: dict[str, Any], way: str, seconds: float) -> list[float]:
    """Setup hours, late orders, hours of tardiness, the same times the orders' weights, and processor seconds."""
    orders = [{"id": each["id"]} for each in data["orders"]] if way == FIRST_COME else data["orders"]
    steps = [{**data["steps"][0], **WAYS[way]}] if WAYS[way] else []
    problem = read_problem({**data, "steps": steps, "orders": orders})
    begun = time.process_time()
    done = solve(problem, Budget(seconds=seconds))
    took = time.process_time() - begun
    by_id = {each["id"]: each for each in data["orders"]}
    late = []
    for each in done.operations:
        order = by_id[each.id.removesuffix("-10")]
        over = datetime.fromisoformat(each.end or "") - datetime.fromisoformat(order["due"])
        if over > timedelta():
            late.append((over / timedelta(hours=1), order["weight"]))
    tardiness, weighted = sum(hours for hours, _ in late), sum(hours * weight for hours, weight in late)
    return [done.after.setup_hours, len(late), tardiness, weighted, took]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="for the search of Minimise setup")
    seconds = parser.parse_args().seconds
    print("plant    operations  planned          setup h  late  tardiness h  weighted  CPU s")
    for name, make in PLANTS.items():
        data = make()
        for way in WAYS:
            setup, late, hours, weighted, took = planned(data, way, seconds)
            print(
                f"{name:<9}{len(data['operations']):>10}  {way:<15}{setup:>9.1f}{late:>6.0f}{hours:>13.1f}"
                f"{weighted:>10.0f}{took:>7.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
