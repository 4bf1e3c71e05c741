"""Lays out the demo plant and the partners that feed it; running it again changes nothing that stands."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from edi.demo import add_demo_partners
from sequencer.demo_plant import build_demo_plant


class Command(BaseCommand):
    help = "Seeds the demo plant: two OEMs, three commodities, stations, people. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        build_demo_plant()
        add_demo_partners()
        if options["verbosity"]:
            self.stdout.write("demo plant is in place")
