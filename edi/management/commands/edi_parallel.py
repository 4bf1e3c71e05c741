"""Compares a partner's test side with production, call by call."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from edi.management.moments import moment
from edi.models import TradingPartner
from edi.services.sides import compare_sides
from inventory.errors import Refused


class Command(BaseCommand):
    help = "How the same calls stand on the test side and in production; exit 1 when they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("partner", metavar="CODE")
        parser.add_argument(
            "--from", dest="since", default="", help="a day or time; a week ago when left out"
        )
        parser.add_argument("--to", dest="until", default="", help="a day or time; now when left out")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = TradingPartner.objects.filter(code=options["partner"]).first()
        if partner is None:
            raise CommandError(f"there is no partner {options['partner']}")
        now = timezone.now()
        since = moment(options["since"], otherwise=now - timedelta(days=7))
        until = moment(options["until"], otherwise=now)
        try:
            run = compare_sides(partner, since, until)
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        if options["json"]:
            self.stdout.write(json.dumps({**asdict(run), "agrees": run.agrees}))
        else:
            self.stdout.write(
                f"production {run.production} calls, test {run.test}, alike {run.same}, waiting {run.waiting}"
            )
            for item in run.differences:
                self.stdout.write(f"{item.call_number} {item.fact}: {item.here or '—'} | {item.there or '—'}")
        if not run.agrees:
            raise SystemExit(1)
