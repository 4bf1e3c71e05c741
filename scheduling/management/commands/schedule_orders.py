"""`manage.py schedule_orders FILE.csv [--dry-run]`: manufacturing orders from a file, or what the file would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inventory.errors import Refused
from scheduling import services


class Command(BaseCommand):
    help = (
        "Take manufacturing orders from a CSV file (docs/scheduling.md) whole, or refuse it whole with its lines. "
        "--dry-run prints what each line would do and changes nothing; exit 2 when a line is refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE.csv", type=Path)
        parser.add_argument("--dry-run", action="store_true")
        parser.add_argument("--by", default="schedule_orders", help="who does it, for the journal")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            text = services.read_order_file(path.read_bytes())
            if options["dry_run"]:
                judged = services.judge_orders(text)
            else:
                judged = services.import_orders(text, by=options["by"], at=timezone.now())
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}", returncode=2) from error
        except Refused as refusal:
            raise CommandError(refusal.message, returncode=2) from refusal
        for row in judged:
            if row.does != "same" or options["verbosity"] > 1:
                self.stdout.write(f"{row.line}: {row.does} {row.number} {row.column} {row.words}".rstrip())
        counts = services.counts_of(judged)
        self.stdout.write(", ".join(f"{count} {name}" for name, count in counts.items()))
        if counts["refuse"]:
            raise CommandError(f"{counts['refuse']} lines cannot be taken", returncode=2)
