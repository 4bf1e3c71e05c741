"""What one test wrote, the next must not read: the suite's own way to empty the tables."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import TransactionTestCase

from sequencer.models import CallOff
from tests.conftest import KEPT
from tests.factories import make_plant


def rows() -> dict[str, int]:
    """Every table that holds rows, with their number."""
    counts = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")
            counts[table] = cursor.fetchone()[0]
    return {table: count for table, count in counts.items() if count}


@pytest.mark.django_db(transaction=True)
def test_a_transactional_test_leaves_what_the_models_made() -> None:
    made = rows()
    assert set(made) == KEPT
    plant = make_plant()
    plant.build([1, 2, 3])
    assert CallOff.objects.count() == 3
    TransactionTestCase()._fixture_teardown()
    assert rows() == made


@pytest.mark.django_db(transaction=True)
def test_the_rows_that_stay_are_those_of_the_models() -> None:
    """A test that added or removed one is found here, whichever ran before."""
    models = [model._meta for model in apps.get_models()]
    types = set(ContentType.objects.values_list("app_label", "model"))
    assert types == {(meta.app_label, meta.model_name) for meta in models}
    permissions = set(Permission.objects.values_list("content_type__app_label", "codename"))
    assert permissions == {
        (meta.app_label, codename)
        for meta in models
        for codename in [
            *(f"{action}_{meta.model_name}" for action in meta.default_permissions),
            *dict(meta.permissions),
        ]
    }
