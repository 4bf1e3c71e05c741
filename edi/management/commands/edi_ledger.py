"""Proves the books of the gate: the balance, the closing of days, and that closed days are what they were."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from edi.services import close_books, take_ledger, verify_closings
from inventory.errors import Refused


class Command(BaseCommand):
    help = "Files and events received against what became of them, and the archive against both."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--close",
            nargs="?",
            const="",
            metavar="DAY",
            help="close every day up to DAY (default: yesterday)",
        )
        parser.add_argument(
            "--verify",
            action="store_true",
            help="recompute the chain of closed days; exit 1 at the first difference",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["close"] is not None:
            self.close(options["close"])
        if options["verify"]:
            self.verify()
        if options["close"] is None and not options["verify"]:
            self.balance(as_json=options["json"])

    def balance(self, *, as_json: bool) -> None:
        """The books as they stand; exit 1 when they do not balance."""
        ledger = take_ledger()
        if as_json:
            self.stdout.write(json.dumps(ledger.as_json()))
        else:
            for name, column in (("files", ledger.files), ("events", ledger.events)):
                self.stdout.write(name + "  " + "  ".join(f"{key} {n}" for key, n in asdict(column).items()))
            self.stdout.write("balanced" if ledger.balanced else "NOT balanced")
        for fault in ledger.faults:
            self.stderr.write(fault)
        if not ledger.balanced:
            raise SystemExit(1)

    def close(self, day: str) -> None:
        try:
            until = date.fromisoformat(day) if day else None
            closed = close_books(at=timezone.now(), until=until)
        except ValueError:
            raise CommandError(f"{day!r} is no day; write it as 2026-11-23") from None
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        for closing in closed:
            words = "balanced" if closing.balanced else "NOT balanced: " + "; ".join(closing.faults)
            self.stdout.write(f"{closing.day} closed, {words}, {closing.chain[:16]}")
        if not closed:
            self.stdout.write(
                "no day to close: all are closed, or one still waits for a file that is being read"
            )

    def verify(self) -> None:
        found = verify_closings()
        if found is None:
            self.stdout.write("every closed day is what it was")
            return
        self.stderr.write(f"{found.day} {found.row_class}: {found.text}")
        raise SystemExit(1)
