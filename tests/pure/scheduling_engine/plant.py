"""Small plants for the engine's tests: a problem in a line or two, and a plan as text."""

from __future__ import annotations

from typing import Any

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
