"""The processes that run histories. Apart from `__main__`, which a process that is spawned cannot load."""

from __future__ import annotations

import os
from collections import Counter
from multiprocessing import util
from typing import Any, NamedTuple


class Ran(NamedTuple):
    """What one process made of the histories of one beginning."""

    span: range
    done: Counter[str]
    moves: Counter[tuple[str, str, str]]
    fault: str


def prepare(jobs: Any) -> None:
    """A database of its own for this process, empty: in memory, or a test database of PostgreSQL."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_test_environment

    with jobs.get_lock():
        jobs.value += 1
        job = jobs.value
    # The tables as the models say; every migration one by one would take longer than a hundred histories.
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    setup_test_environment()
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["NAME"] = f"{connection.settings_dict['NAME']}_h{job}"
    plain = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    util.Finalize(
        None, connection.creation.destroy_test_db, args=(plain,), kwargs={"verbosity": 0}, exitpriority=1
    )

    from sequencer.services import shared_masters  # noqa: F401  # loaded before the clock runs


def run_span(span: range, tries: int) -> Ran:
    """The histories of one beginning, up to the first that breaks; that one is made short in so many tries."""
    from tests.histories.floor import Fault, Floor, begin, run, shortest

    moves: Counter[tuple[str, str, str]] = Counter()
    done: Counter[str] = Counter()
    fault = ""

    def tell(floor: Floor) -> None:
        moves.update(floor.truth.moves)

    try:
        done = run(span, tell=tell)
    except Fault as broken:
        acts = shortest(begin(broken.number)[0], broken.acts, type(broken.why).__name__, tries=tries)
        fault = f"{broken}\n  shortest: {acts}"
    except Exception as broken:  # noqa: BLE001  # whatever broke is told, the others go on
        fault = f"beginning {span.start}: {type(broken).__name__}: {broken}"
    return Ran(span, done, moves, fault)
