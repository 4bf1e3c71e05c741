"""Our verdict on the syntax of what a partner sent: CONTRL (ISO 9735 part 4) or X12 997 and 999."""

from datetime import datetime

from .canonical import Interchange
from .profile import Profile
from .rendering import localised
from .write_contrl import write_contrl
from .write_x12_verdicts import answerable, write_997, write_999


def write_acknowledgement(
    interchange: Interchange,
    profile: Profile,
    *,
    control_ref: str,
    prepared_at: datetime,
    duplicate: bool = False,
) -> bytes:
    """Return the acknowledgement the profile agreed to for a received interchange, from us to them.

    A CONTRL goes down to UCF when the interchange used functional groups. Raises ValueError when the profile
    agreed to none, and for an interchange of acknowledgements: those are never acknowledged.
    """
    messages = answerable(interchange)
    at = localised(prepared_at, profile)
    if profile.acknowledge == "CONTRL":
        return write_contrl(interchange, messages, profile, control_ref, at, duplicate=duplicate)
    if profile.acknowledge in ("997", "999"):
        write = write_997 if profile.acknowledge == "997" else write_999
        return write(interchange, profile, control_ref=control_ref, prepared_at=at, duplicate=duplicate)
    raise ValueError(f"{profile.code}: no acknowledgement is agreed; set acknowledge in the profile")
