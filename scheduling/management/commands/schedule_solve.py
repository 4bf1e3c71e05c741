"""`manage.py schedule_solve PROBLEM.json`: one problem in, one JSON result out; no database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling.engine import ProblemError, read_problem, solve


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
            type=float,
            default=None,
            help="time for searching; standard and forward steps search nothing",
        )
        parser.add_argument("--seed", type=int, default=0, help="seed of a search, told in the result")
        parser.add_argument("--iterations", type=int, default=None, help="most iterations of a search")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["problem"]
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}", returncode=2) from error
        except ValueError as error:
            raise CommandError(f"{path} is not JSON: {error}", returncode=2) from error
        try:
            result = solve(read_problem(data), seed=options["seed"])
        except ProblemError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(json.dumps(result.as_json(), ensure_ascii=False, indent=1))
