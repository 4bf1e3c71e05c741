"""Columns of due times: admin's own date has one clock."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.contrib import admin

from sequencer.clocks import both_clocks


def due_column(field: str, plant: str) -> Callable[[Any], str | None]:
    """A due time on our clock and the OEM's, to sort by. `plant`: where a row has its OEM plant, `line.plant`."""
    moment, zone = attrgetter(field), attrgetter(f"{plant}.time_zone")

    @admin.display(description=field.replace("_", " "), ordering=field)
    def column(row: Any) -> str | None:
        return both_clocks(moment(row), zone(row), day=True) if moment(row) else None

    return column
