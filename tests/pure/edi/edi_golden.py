"""The hand-written pairs of formats whose layout is data: NAME.edi, NAME.json and the layout, NAME.toml.

All made up. A pair without a TOML file of its own is read with the layout of that name that comes with the program.
"""

import tomllib
from dataclasses import replace
from pathlib import Path

from edi.formats import LayoutFile, Profile
from edi.formats.vda_layout import SHIPPED

GOLDEN = Path(__file__).parent / "golden"


def layout_file(name: str) -> LayoutFile:
    """Return a layout by name, a pair's own or a shipped one, as a profile carries it."""
    own = GOLDEN / f"{name}.toml"
    path = own if own.is_file() else SHIPPED / f"{name}.toml"
    return LayoutFile(path.name, tomllib.loads(path.read_text(encoding="utf-8")))


def with_layout(*files: LayoutFile, profile: Profile | None = None) -> Profile:
    """Return a profile that names these layouts."""
    return replace(profile or Profile(), layouts={str(at): file for at, file in enumerate(files)})


def profile_for(name: str) -> Profile:
    """Return the profile that a pair is read with; the standard layouts are not named, as they need not be."""
    return Profile() if name in ("vda4905", "vda4913") else with_layout(layout_file(name))
