"""`manage.py schedule_bench atsp|wtsds FILE...`: what the search finds on public benchmark files; no database."""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from scheduling.engine.search import (
    Limits,
    Problem,
    TardinessProblem,
    Unreadable,
    exact,
    read_atsp,
    read_wtsds,
    search,
    tours,
)

READERS: dict[str, Callable[[str], Problem]] = {"atsp": read_atsp, "wtsds": read_wtsds}


class Command(BaseCommand):
    """Read all files first, so that a bad one is named before any time is spent; then search one after the other."""

    requires_system_checks = ()
    help = "Search benchmark files within a time limit and print what was found. Needs no database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the kind, the files and the limits."""
        parser.add_argument("kind", choices=READERS)
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--seconds", type=float, help="for each file; 10 unless --iterations is given")
        parser.add_argument("--iterations", type=int, help="of each worker; the same result on every machine")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--workers", type=int, default=2, help="cores to use")
        parser.add_argument(
            "--best", type=Path, help="CSV of instance,best: the gap is printed where it names one"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each file, or one JSON list."""
        seconds = options["seconds"]
        if seconds is None and options["iterations"] is None:
            seconds = 10.0
        try:
            limits = Limits(seconds, options["iterations"], options["seed"], options["workers"], prove=True)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from None
        best = read_best(options["best"]) if options["best"] else {}
        problems = [(path.stem, read(options["kind"], path)) for path in options["files"]]
        warm_up()
        rows = [figures(name, problem, limits, best.get(name)) for name, problem in problems]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            told = "  ".join(f"{key} {value}" for key, value in row.items() if value is not None)
            self.stdout.write(told + ("  proven" if row["proven_gap_percent"] == 0 else ""))


def figures(name: str, problem: Problem, limits: Limits, best: int | None) -> dict[str, Any]:
    """Search one problem; the gap is to the named best, else the one that is proven, null without either."""
    found = exact.search(problem, limits)
    proven = found.proven_gap_percent
    proven = None if proven is None else round(proven, 4)
    return {
        "instance": name,
        "objective": found.objective,
        "seconds": round(found.seconds, 3),
        "iterations": found.iterations,
        "gap_percent": proven if not best else round(100 * (found.objective - best) / best, 4),
        "bound": found.bound,
        "proven_gap_percent": proven,
    }


def read(kind: str, path: Path) -> Problem:
    try:
        return READERS[kind](path.read_text(encoding="latin-1"))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", returncode=2) from None
    except Unreadable as error:
        raise CommandError(f"{path}: {error}", returncode=2) from None


def read_best(path: Path) -> dict[str, int]:
    """Return the best known objective by instance, the first two columns of a CSV with a head."""
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))[1:]
        return {row[0].strip(): int(row[1]) for row in rows if row}
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", returncode=2) from None
    except (IndexError, ValueError):
        raise CommandError(f"{path} is no CSV of instance,best", returncode=2) from None


def warm_up() -> None:
    """Compile, or load what was compiled before: a plant's worker does so when it starts, not while somebody waits."""
    exact.available()
    tours.warm_up()
    setups = np.arange(1, 43).reshape(7, 6)
    search(TardinessProblem(setups, setups[0], setups[0], setups[0]), Limits(iterations=1))
