"""Small plants for the engine's tests: a problem in a line or two, and a plan as text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scheduling.engine import Result, read_problem, solve

MONDAY = "2026-11-23T06:00"
DAY_SHIFT = {"default": [["06:00", "22:00"]] * 5}


def problem(**over: Any) -> dict[str, Any]:
    """A problem around the clock with one press; what a test is about it sets itself."""
    plain: dict[str, Any] = {
        "start": MONDAY,
        "horizon_days": 10,
        "resources": [press("M1")],
        "orders": [],
        "operations": [],
        "steps": [],
    }
    plain.update(over)
    if not plain["orders"]:
        named = dict.fromkeys(operation["order"] for operation in plain["operations"])
        plain["orders"] = [{"id": name} for name in named]
    return plain


def press(name: str, **over: Any) -> dict[str, Any]:
    """A resource of the press shop that is set up for nothing."""
    return {"id": name, "work_centre": "PRESS", "state": "", **over}


def operation(name: str, hours: float = 1.0, **over: Any) -> dict[str, Any]:
    """An operation of the order its name begins with: A10 is number 10 of A."""
    order, number = name[0], int(name[1:] or 10)
    plain = {"id": name, "order": order, "number": number, "work_centre": "PRESS", "hours": hours}
    return {**plain, "setup_standard": 0.0, **over}


def keyed(keys: str, **over: Any) -> list[dict[str, Any]]:
    """Orders A, B, C and so on with these keys, an hour each."""
    return [
        operation(f"{'ABCDEFGHIJKL'[place]}10", key=key, **over) for place, key in enumerate(keys.split(","))
    ]


def step(number: int = 10, **over: Any) -> dict[str, Any]:
    """A standard step of the press shop: the first three characters group, the rest sorts."""
    plain = {
        "id": number,
        "type": "standard",
        "work_centre": "PRESS",
        "group_from": 1,
        "group_to": 3,
        "seq_from": 4,
    }
    return {**plain, **over}


def plan(data: dict[str, Any]) -> Result:
    """The result of a problem."""
    return solve(read_problem(data))


def bars(result: Result) -> list[str]:
    """Each operation as `A10 M1 0-2`: resource, and hours since the start of the plan, in order of time."""
    begun = datetime.fromisoformat(MONDAY)

    def since(text: str | None) -> float:
        return (datetime.fromisoformat(text or MONDAY) - begun).total_seconds() / 3600

    placed = [each for each in result.operations if each.start]
    placed.sort(key=lambda each: (since(each.start), each.resource, since(each.end)))
    return [f"{each.id} {each.resource} {since(each.start):g}-{since(each.end):g}" for each in placed]


def sequence(result: Result, resource: str = "M1") -> str:
    """The operations of a resource in their order, their orders' letters only where all are number 10."""
    names = [bar.split()[0] for bar in bars(result) if f" {resource} " in bar]
    return " ".join(name.removesuffix("10") if name.endswith("10") else name for name in names)


def groups(result: Result) -> list[str]:
    """The operations of each group in the order they run, groups in theirs."""
    found: dict[str, list[str]] = {}
    for each in sorted(result.operations, key=lambda each: (each.start or "", each.end or "")):
        if each.group is not None:
            found.setdefault(each.group, []).append(each.id.removesuffix("10"))
    return [" ".join(found[name]) for name in sorted(found, key=lambda name: int(name.split("-")[1]))]
