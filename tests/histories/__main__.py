"""Runs generated histories in parallel and prints the figure.

    python -m tests.histories --count 10000 --jobs 2 [--first 4000] [--keep-going]

A history is its number: `--first N` goes on from there, `--count 1 --first N` runs that one and makes a broken one
short. A process that dies ends the run with its name; nothing is waited for that cannot come.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.histories.spans import spans_of
from tests.histories.workers import prepare, run_span


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

    spans = spans_of(given.first, given.count)
    context = multiprocessing.get_context("spawn")
    done: Counter[str] = Counter()
    moves: Counter[tuple[str, str, str]] = Counter()
    faults, ran, began = 0, 0, time.monotonic()
    with ProcessPoolExecutor(
        max(1, min(given.jobs, len(spans))), context, prepare, (context.Value("i", 0),)
    ) as pool:
        waiting = [pool.submit(run_span, span, 0 if given.keep_going else 60) for span in spans]
        for count, answer in enumerate(as_completed(waiting), 1):
            one = answer.result()
            done += one.done
            moves += one.moves
            if one.fault:
                faults += 1
                print(f"FAULT {one.fault}", flush=True)
                if not given.keep_going:
                    pool.shutdown(cancel_futures=True)
                    break
            else:
                ran += len(one.span)
            if count % 5 == 0:
                took = time.monotonic() - began
                print(f"{ran} histories, {sum_scans(done)} scans, {took:.0f} s", flush=True)
    took = time.monotonic() - began
    print(f"{ran} histories held, {faults} broke: {sum_scans(done)} scans in {took:.0f} s")
    tell_rows(moves)
    return 1 if faults else 0


def sum_scans(done: Counter[str]) -> int:
    return sum(count for name, count in done.items() if name.startswith("scan "))


def tell_rows(moves: Counter[tuple[str, str, str]]) -> None:
    """Which rows of the tables these histories have walked."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from sequencer.states import NETS
    from tests.histories.truth import WATCHED

    rows = [(net, str(a), str(b)) for net in WATCHED for a, to in NETS[net].items() for b in to]
    missed = [f"{net} {a} -> {b}" for net, a, b in rows if not moves[net, a, b]]
    print(f"{len(rows) - len(missed)} of {len(rows)} rows of the nets walked, shared beginnings counted.")
    print(f"Not as a change of a stored row: {', '.join(missed) or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
