"""Lays out the demo plant and the partners that feed it; running it again changes nothing that stands."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from edi.demo import add_demo_partners
from sequencer.demo_history import add_demo_history
from sequencer.demo_plant import build_demo_plant


class Command(BaseCommand):
    help = "Seeds the demo plant: two OEMs, three commodities, stations, people. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--history", action="store_true", help="with what happened yesterday")

    def handle(self, *args: Any, **options: Any) -> None:
        build_demo_plant()
        add_demo_partners()
        # The scheduler is another app above the core: named, not imported.
        call_command("seed_schedule", verbosity=0)
        if options["history"]:
            add_demo_history(at=timezone.now())
        if options["verbosity"]:
            self.stdout.write("demo plant is in place")
