"""The dialect of a partner: its folder of data, read again when the file changes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from edi import formats
from edi.formats import Profile
from edi.models import TradingPartner

PARTNERS = Path(formats.__file__).parent.parent / "partners"


def profile_of(partner: TradingPartner) -> Profile:
    """The partner's profile; raises `ProfileError` with file and key when it cannot be used."""
    folder = PARTNERS / partner.profile
    try:
        changed = (folder / "profile.toml").stat().st_mtime_ns
    except FileNotFoundError:
        changed = 0
    return _read(folder, changed)


@lru_cache(maxsize=64)
def _read(folder: Path, changed: int) -> Profile:
    return formats.load_profile(folder)
