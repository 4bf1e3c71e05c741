"""Draws the nets of all apps as text pictures: `manage.py draw_states` writes docs/states.md."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import module_has_submodule

from sequencer.states import Moves

HEAD = """# States

Drawn by `manage.py draw_states` from the tables `NETS` in each app's `states.py`; a test keeps page and tables
together. The first state of each net is where a row begins.
"""


class Command(BaseCommand):
    help = "Writes docs/states.md from the tables of moves."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        (settings.BASE_DIR / "docs" / "states.md").write_text(drawn())


def nets() -> Mapping[str, Moves]:
    """The net of each model that has one, app by app. Found by name, as the core imports no app above it."""
    found: dict[str, Moves] = {}
    for app in apps.get_app_configs():
        if app.module is not None and module_has_submodule(app.module, "states"):
            found |= getattr(import_module(f"{app.name}.states"), "NETS", {})
    return found


def drawn() -> str:
    return "\n".join([HEAD, *(picture(name, moves) for name, moves in nets().items())])


def picture(name: str, moves: Moves) -> str:
    """One net as a mermaid state diagram."""
    lines = [f"    [*] --> {next(iter(moves))}"]
    lines += [f"    {old} --> {new}: {verb}" for old, to in moves.items() for new, verb in to.items()]
    return "\n".join([f"## {name}\n", "```mermaid", "stateDiagram-v2", *lines, "```", ""])
