"""Draws the nets of the core as text pictures: `manage.py draw_states` writes docs/states.md."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from sequencer.states import NETS, Moves

HEAD = """# States

Drawn by `manage.py draw_states` from the tables in `sequencer/states.py`; a test keeps page and tables
together. The first state of each net is where a row begins.
"""


class Command(BaseCommand):
    help = "Writes docs/states.md from the tables of moves."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        (settings.BASE_DIR / "docs" / "states.md").write_text(drawn())


def drawn() -> str:
    return "\n".join([HEAD, *(picture(name, moves) for name, moves in NETS.items())])


def picture(name: str, moves: Moves) -> str:
    """One net as a mermaid state diagram."""
    lines = [f"    [*] --> {next(iter(moves))}"]
    lines += [f"    {old} --> {new}: {verb}" for old, to in moves.items() for new, verb in to.items()]
    return "\n".join([f"## {name}\n", "```mermaid", "stateDiagram-v2", *lines, "```", ""])
