"""Proves a recall list that somebody shows: `manage.py verify_recall RC-000001.csv`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sequencer.models import RecallList
from sequencer.services.trace import proof_of


class Command(BaseCommand):
    help = "Compares a recall list with its row, its signature and the journal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        numbers = [line.split(",")[1] for line in lines if line.startswith("#list,")]
        number = numbers[0].removeprefix("RC-") if len(numbers) == 1 else ""
        issued = RecallList.objects.filter(pk=int(number)).first() if number.isdecimal() else None
        if issued is None:
            raise CommandError(f"{file} names no recall list of this plant")
        wrong = proof_of(issued, lines)
        if wrong:
            raise CommandError(f"{issued.number} is not proven: {'; '.join(wrong)}")
        word = "complete" if issued.complete else "NOT complete"
        self.stdout.write(f"{issued.number} is genuine: {issued.piece_count} pieces, {word}")
