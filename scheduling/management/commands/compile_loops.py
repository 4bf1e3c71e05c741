"""Compiles the scheduler's loops where nobody waits for it: while an image is built, while CI reads the sources."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from scheduling import engine
from scheduling.engine.search import lines
from scheduling.management.commands import schedule_bench


class Command(BaseCommand):
    help = "Compiles the loops of planning and keeps them in NUMBA_CACHE_DIR, else beside the source."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        engine.warm_up()
        lines.warm_up()
        schedule_bench.warm_up()
