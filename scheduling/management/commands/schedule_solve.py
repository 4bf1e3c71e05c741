"""`manage.py schedule_solve PROBLEM.json`: one problem in, one JSON result out; no database."""

from __future__ import annotations

import json
import math
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling.engine import Budget, ProblemError, read_problem, solve

# Seconds for the searching steps of a run that names neither seconds nor iterations.
CEILING = 60.0


class Command(BaseCommand):
    help = (
        "Plan a problem file (docs/scheduling-engine.md) and print the result as one JSON object. Exit 2 with a "
        "sentence when the file cannot be planned as it is."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("problem", metavar="PROBLEM.json", type=Path)
        parser.add_argument(
            "--seconds",
            type=_seconds,
            default=None,
            help="time for the searching steps together; without it and --iterations at most 60 s",
        )
        parser.add_argument("--seed", type=int, default=0, help="seed of a search, told in the result")
        parser.add_argument(
            "--iterations",
            type=_iterations,
            default=None,
            help="moves tried by the searching steps together, by each worker: the same plan on every machine",
        )
        parser.add_argument("--workers", type=_workers, default=1, help="cores to use")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["problem"]
        try:
            data = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}", returncode=2) from error
        except ValueError as error:
            raise CommandError(f"{path} is not JSON: {error}", returncode=2) from error
        except RecursionError:
            raise CommandError(f"{path} is nested too deeply to be a problem", returncode=2) from None
        try:
            limits = options["seconds"], options["iterations"], options["seed"], options["workers"]
            budget = Budget(*limits, ceiling=CEILING)
            result = solve(read_problem(data), budget)
        except ProblemError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(json.dumps(result.as_json(), indent=1))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a file; refuses a key that is there twice, of which one would count and nobody knows which."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"an object has {max(names, key=names.count)!r} twice")
    return found


def _seconds(text: str) -> float:
    """A time limit a search can keep."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ArgumentTypeError(f"must be a number of seconds from 0, not {text!r}")
    return seconds


def _iterations(text: str) -> int:
    """So many moves."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"must be a whole number from 0, not {text!r}")
    return int(text)


def _workers(text: str) -> int:
    """So many searches side by side."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return int(text)
