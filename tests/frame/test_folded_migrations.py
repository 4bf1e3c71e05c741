"""A new plant's tables are made whole by one migration an app; a plant that came by the steps goes on by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState
from django.db.utils import ConnectionHandler
from django.test import override_settings

pytestmark = pytest.mark.engine_free
Step = tuple[str, str]


@pytest.fixture(autouse=True)
def with_migrations() -> Iterator[None]:
    with override_settings(MIGRATION_MODULES={}):  # also under `--nomigrations`
        yield


@pytest.fixture
def plant(django_db_blocker: Any) -> Iterator[DatabaseWrapper]:
    """A database in memory with no tables yet."""
    handler = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
    scratch = connections["plant"] = DatabaseWrapper(handler.settings["default"], "plant")
    with django_db_blocker.unblock():
        yield scratch
        scratch.close()
    del connections["plant"]


def planned(to: DatabaseWrapper) -> list[Step]:
    """What `migrate` would do next."""
    executor = MigrationExecutor(to)
    executor.loader.check_consistent_history(to)
    return [
        (step.app_label, step.name) for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())
    ]


def by_the_steps() -> MigrationLoader:
    return MigrationLoader(None, replace_migrations=False)


def folds() -> dict[Step, Migration]:
    return {key: step for key, step in by_the_steps().disk_migrations.items() if step.replaces}


def in_order() -> list[Step]:
    """Every step there is but the folds, each after what it stands on."""
    graph, folded = by_the_steps().graph, folds()
    return [step for step in graph._generate_plan(graph.leaf_nodes(), at_end=True) if step not in folded]


def test_a_new_plant_is_made_by_the_folds(plant: DatabaseWrapper) -> None:
    steps = planned(plant)
    assert (
        set(folds())
        == {
            ("edi", "0001_tables_to_0003"),
            ("inventory", "0001_tables_to_0006"),
            ("scheduling", "0001_tables_to_0006"),
            ("sequencer", "0001_tables_to_0014"),
        }
        <= set(steps)
    )
    assert not {old for fold in folds().values() for old in fold.replaces} & set(steps)


def test_a_plant_that_came_by_the_steps_has_nothing_to_do(plant: DatabaseWrapper) -> None:
    recorder = MigrationRecorder(plant)
    for step in in_order():
        recorder.record_applied(*step)
    assert planned(plant) == []


def test_a_plant_between_two_steps_goes_on_by_the_steps(plant: DatabaseWrapper) -> None:
    """At whatever step it stands: an app none of whose steps is done is made by its fold, the rest by what is left."""
    recorder, steps, folded = MigrationRecorder(plant), in_order(), folds()
    replaced = {old for fold in folded.values() for old in fold.replaces}
    for done, step in enumerate(steps, start=1):
        recorder.record_applied(*step)
        begun = {app for app, _ in steps[:done]}
        left = [old for old in steps[done:] if old[0] in begun or old not in replaced]
        new = [fold for fold in folded if fold[0] not in begun]
        assert sorted(planned(plant)) == sorted(left + new), step


@pytest.mark.parametrize("fold", sorted(folds()), ids=lambda step: step[0])
def test_a_fold_ends_where_its_steps_end(fold: Step) -> None:
    """To each field, constraint and index: what is added later stands on the same in every plant."""
    last = folds()[fold].replaces[-1]
    stepped, made_whole = by_the_steps().project_state(last), MigrationLoader(None).project_state(fold)
    for one, other in ((stepped, made_whole), (made_whole, stepped)):
        assert differ(one, other, fold[0]) == []


def differ(one: ProjectState, other: ProjectState, app: str) -> list[str]:
    found = MigrationAutodetector(one, other).changes(by_the_steps().graph, trim_to_apps={app})
    return [operation.describe() for step in found.get(app, []) for operation in step.operations]
