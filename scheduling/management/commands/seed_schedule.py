"""`manage.py seed_schedule`: the production of the demo plant; running it again changes nothing that stands."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from scheduling.demo import add_demo_production


class Command(BaseCommand):
    help = "Seeds the demo plant's production: moulding and paint, orders, setup matrix, steps, a published plan."

    def handle(self, *args: Any, **options: Any) -> None:
        add_demo_production(at=timezone.now())
        if options["verbosity"]:
            self.stdout.write("demo production is in place")
