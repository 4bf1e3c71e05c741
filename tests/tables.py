"""The suite's tables: made straight from the models.

Every step of a migration renders the models around it anew, in each process of the suite.
`tests/frame/test_migrated_tables.py` holds the migrations to the very tables made here.
"""

from __future__ import annotations

from django.apps import apps
from django.db import connection
from django.db.migrations import RunPython, RunSQL
from django.db.migrations.loader import MigrationLoader
from django.test import override_settings


def add_what_only_migrations_make() -> None:
    """The months of the scans, an index over an expression: what migrations do by hand, in their order."""
    with override_settings(MIGRATION_MODULES={}):  # also under `--nomigrations`
        graph = MigrationLoader(connection).graph
    for node in graph._generate_plan(graph.leaf_nodes(), at_end=True):
        for operation in graph.nodes[node].operations:
            with connection.schema_editor(atomic=True) as editor:
                if isinstance(operation, RunPython):
                    operation.code(apps, editor)
                elif isinstance(operation, RunSQL):
                    operation.database_forwards(node[0], editor, None, None)
