"""What the templates of the schedule ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from scheduling.boards.plan import alarms

register = template.Library()


@register.filter
def entry(table: Mapping[str, str], name: str) -> str:
    """`{{ known_by|entry:field.name }}`: one entry of a table by a name that is known only then."""
    return table.get(name, "")


@register.simple_tag
def planning_alarms() -> list[dict[str, Any]]:
    """What every page of the schedule says on top."""
    return alarms()


@register.filter
def hours_of(minutes: int) -> str:
    """A difference of minutes in hours with its sign: `+1.5 h`."""
    return f"{minutes / 60:+.1f} h".replace("-", "−")
