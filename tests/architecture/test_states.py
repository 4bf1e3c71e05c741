"""The nets of all apps: forbidden pairs refuse, every state can be reached, nothing ships unverified."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from inventory.errors import Refused
from sequencer.management.commands.draw_states import drawn
from sequencer.management.commands.draw_states import nets as all_nets
from sequencer.states import GROUP_MOVES, GroupStatus, Moves, check_move

pytestmark = pytest.mark.engine_free

TOP = Path(__file__).resolve().parents[2]
NETS = all_nets()
nets = pytest.mark.parametrize("moves", NETS.values(), ids=NETS)


def reached(moves: Moves, start: StrEnum, without: frozenset[StrEnum] = frozenset()) -> set[StrEnum]:
    """Every state that can follow `start` without passing through `without`."""
    seen, ahead = {start}, [start]
    while ahead:
        fresh = [state for state in moves[ahead.pop()] if state not in seen and state not in without]
        seen.update(fresh)
        ahead.extend(fresh)
    return seen


def pairs(moves: Moves) -> list[tuple[StrEnum, StrEnum]]:
    return [(old, new) for old in moves for new in moves]


def test_the_nets_of_the_core_and_of_scheduling_are_walked() -> None:
    assert {"CallOff", "Rack", "Shipment", "ManufacturingOrder", "Plan", "ScheduleRun"} <= set(NETS)


@pytest.mark.parametrize("name", NETS)
def test_a_net_moves_what_its_model_can_be(name: str) -> None:
    model = next(model for model in apps.get_models() if model.__name__ == name)
    states = [
        {str(value) for value, _ in field.choices or ()}
        for field in model._meta.fields
        if field.name in ("status", "stage")
    ]
    assert {str(state) for state in NETS[name]} in states


@nets
def test_each_state_of_the_enumeration_has_its_row(moves: Moves) -> None:
    assert set(moves) == set(type(next(iter(moves))))


@nets
def test_a_listed_move_gives_its_action(moves: Moves) -> None:
    for old, new in pairs(moves):
        if new in moves[old]:
            assert check_move(moves, old, new, "it") == moves[old][new]


@nets
def test_every_other_pair_is_refused(moves: Moves) -> None:
    for old, new in pairs(moves):
        if new not in moves[old]:
            with pytest.raises(Refused, match="cannot become") as refusal:
                check_move(moves, old, new, "it")
            assert refusal.value.code == "forbidden_move"


@nets
def test_every_state_is_reached_from_the_first(moves: Moves) -> None:
    assert reached(moves, next(iter(moves))) == set(moves)


def test_no_path_to_shipped_avoids_verified() -> None:
    unverified = reached(GROUP_MOVES, GroupStatus.CREATED, frozenset({GroupStatus.VERIFIED}))
    assert GroupStatus.SHIPPED not in unverified
    assert GroupStatus.PACKED not in unverified


def test_the_walk_sees_a_short_cut() -> None:
    """The test above can fail: a net with a move from RELEASED to PACKED is caught."""
    broken: Mapping[StrEnum, Mapping[StrEnum, str]] = {
        **GROUP_MOVES,
        GroupStatus.RELEASED: {**GROUP_MOVES[GroupStatus.RELEASED], GroupStatus.PACKED: "short cut"},
    }
    assert GroupStatus.SHIPPED in reached(broken, GroupStatus.CREATED, frozenset({GroupStatus.VERIFIED}))


def test_the_drawn_nets_are_up_to_date() -> None:
    assert (TOP / "docs" / "states.md").read_text() == drawn(), "run: .venv/bin/python manage.py draw_states"


STATUS_FIELDS = [
    (model, field)
    for app in ("inventory", "sequencer", "edi", "scheduling", "plc")
    for model in apps.get_app_config(app).get_models()
    for field in model._meta.fields
    if field.name == "stage" or field.name.endswith("status")
]


def test_there_are_status_fields_to_check() -> None:
    assert len(STATUS_FIELDS) >= 10


@pytest.mark.parametrize(
    ("model", "field"),
    STATUS_FIELDS,
    ids=[f"{model.__name__}.{field.name}" for model, field in STATUS_FIELDS],
)
def test_the_database_knows_every_status(model: type[models.Model], field: models.Field) -> None:
    """A status outside the enumeration is refused by a constraint of the table, whatever the code does."""
    wanted = {str(value) for value, _ in field.choices or ()}
    held = [
        {str(item) for item in value}
        for constraint in model._meta.constraints
        if isinstance(constraint, models.CheckConstraint) and isinstance(constraint.condition, models.Q)
        for child in constraint.condition.children
        if isinstance(child, tuple)
        for name, value in [child]
        if name == f"{field.name}__in"
    ]
    assert wanted in held, f"{model.__name__}.{field.name} has no CheckConstraint of its states"
