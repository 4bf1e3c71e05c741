"""Runs generated histories in parallel and prints the figure.

    python -m tests.histories --count 10000 --jobs 2 [--first 4000] [--keep-going]

A history is its number: `--first N` goes on from there, `--count 1 --first N --short` makes a broken one short.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from typing import Any


def prepare(job: int) -> Any:
    """A database of its own for this process, empty: in memory, or a test database of PostgreSQL."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_test_environment

    # The tables as the models say; every migration one by one would take longer than a hundred histories.
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    setup_test_environment()
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["NAME"] = f"{connection.settings_dict['NAME']}_h{job}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    return connection


def work(job: int, spans: list[range], results: Any, tries: int) -> None:
    """One process: its share of the beginnings, one after the other."""
    connection = prepare(job)
    from sequencer.services import shared_masters  # noqa: F401  # loaded before the clock runs
    from tests.histories.floor import Fault, Floor, begin, run, shortest

    moves: Counter[tuple[str, str, str]] = Counter()

    def tell(floor: Floor) -> None:
        moves.update(floor.truth.moves)

    for span in spans:
        done: Counter[str] = Counter()
        text = ""
        moves.clear()
        try:
            done = run(span, tell=tell)
        except Fault as fault:
            acts = shortest(begin(fault.number)[0], fault.acts, type(fault.why).__name__, tries=tries)
            text = f"{fault}\n  shortest: {acts}"
        except Exception as broken:  # noqa: BLE001  # whatever broke is told, the others go on
            text = f"beginning {span.start}: {type(broken).__name__}: {broken}"
        results.put((span, done, Counter(moves), text))
    connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    results.put(None)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Generated histories of a plant, judged by the OEM's own memory"
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first history")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--keep-going", action="store_true", help="go on after a fault, tell them all at the end"
    )
    given = parser.parse_args()

    from tests.histories.spans import spans_of

    spans = spans_of(given.first, given.count)
    jobs = max(1, min(given.jobs, len(spans)))
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [
        context.Process(
            target=work, args=(job, spans[job::jobs], results, 0 if given.keep_going else 60), daemon=True
        )
        for job in range(jobs)
    ]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    done: Counter[str] = Counter()
    moves: Counter[tuple[str, str, str]] = Counter()
    faults, ran, running = [], 0, jobs
    while running:
        answer = results.get()
        if answer is None:
            running -= 1
            continue
        span, what, made, text = answer
        done += what
        moves += made
        if text:
            faults.append(text)
            print(f"FAULT {text}", flush=True)
            if not given.keep_going:
                break
        else:
            ran += len(span)
        if (ran + len(faults)) % 5 == 0:
            took = time.monotonic() - began
            print(f"{ran} histories, {sum_scans(done)} scans, {took:.0f} s, at {span.stop}", flush=True)
    for worker in workers:
        worker.terminate()
    took = time.monotonic() - began
    print(
        f"{ran} histories held, {len(faults)} broke: {sum_scans(done)} scans in {took:.0f} s with {jobs} processes"
    )
    tell_rows(moves)
    return 1 if faults else 0


def sum_scans(done: Counter[str]) -> int:
    return sum(count for name, count in done.items() if name.startswith("scan "))


def tell_rows(moves: Counter[tuple[str, str, str]]) -> None:
    """Which rows of the tables these histories have walked."""
    from sequencer.states import NETS
    from tests.histories.truth import WATCHED

    rows = [(net, str(a), str(b)) for net in WATCHED for a, to in NETS[net].items() for b in to]
    missed = [f"{net} {a} -> {b}" for net, a, b in rows if not moves[net, a, b]]
    print(
        f"{len(rows) - len(missed)} of {len(rows)} rows of the nets walked; not: {', '.join(missed) or 'none'}"
    )


if __name__ == "__main__":
    sys.exit(main())
