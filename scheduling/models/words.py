"""What several tables of scheduling say alike: choices of an enumeration, columns of JSON, a move along a net."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from inventory.errors import Stale
from scheduling.states import Moves
from sequencer.states import check_move


def choices(members: Iterable[Enum]) -> list[tuple[Any, str]]:
    """Model choices of an enumeration."""
    return [(member.value, member.name.replace("_", " ").lower()) for member in members]


def json_object(value: Any) -> None:
    """A column that holds names and values."""
    if not isinstance(value, dict):
        raise ValidationError('Write an object, such as {"colour": "RED"}.')


def move_row(row: models.Model, moves: Moves, new: str, **fields: Any) -> None:
    """Moves one row along its net by a conditional UPDATE and brings `row` up to date.

    Refuses a move the net does not have; raises `Stale` when somebody else moved the row first.
    """
    old: str = row.status  # type: ignore[attr-defined]
    check_move(moves, old, new, str(row))
    rows = type(row)._default_manager.filter(pk=row.pk, status=old)
    if not rows.update(status=new, **fields):
        raise Stale(str(row))
    for name, value in {"status": new, **fields}.items():
        setattr(row, name, value)
