"""The dialect of a partner: its folder of data, read again when a file of it changes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from edi import formats
from edi.formats import Profile, ProfileError
from edi.models import TradingPartner

PARTNERS = Path(formats.__file__).parent.parent / "partners"


def profile_of(partner: TradingPartner) -> Profile:
    """The partner's profile; raises `ProfileError` with file and key when it cannot be used."""
    folder = PARTNERS / partner.profile
    # A layout counts as much as the profile that names it; the count tells when one was taken away.
    times = sorted(path.stat().st_mtime_ns for path in folder.glob("*.toml"))
    return _read(folder, tuple(times))


def standing_of(partner: TradingPartner) -> str:
    """What a partner's profile is worth: "verified" by his own traffic, "unverified", or "unusable"."""
    try:
        return profile_of(partner).status
    except ProfileError:
        return "unusable"


@lru_cache(maxsize=64)
def _read(folder: Path, changed: tuple[int, ...]) -> Profile:
    return formats.load_profile(folder)
