"""Proves the books of the gate; exit 1 when they do not balance."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from edi.services import take_ledger


class Command(BaseCommand):
    help = "Files and events received against what became of them, and the archive against both."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        ledger = take_ledger()
        if options["json"]:
            self.stdout.write(json.dumps(ledger.as_json()))
        else:
            for name, column in (("files", ledger.files), ("events", ledger.events)):
                self.stdout.write(name + "  " + "  ".join(f"{key} {n}" for key, n in asdict(column).items()))
            self.stdout.write("balanced" if ledger.balanced else "NOT balanced")
        for fault in ledger.faults:
            self.stderr.write(fault)
        if not ledger.balanced:
            raise SystemExit(1)
