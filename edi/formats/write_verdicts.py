"""Our verdict on the syntax of what a partner sent: CONTRL (ISO 9735 part 4) or X12 997 and 999."""

from datetime import datetime

from .canonical import Interchange
from .profile import Profile
from .rendering import localised
from .write_contrl import write_contrl
from .write_x12_verdicts import answerable, write_997, write_999, write_ta1

_X12 = {"997": write_997, "999": write_999, "TA1": write_ta1}


def write_acknowledgement(
    interchange: Interchange,
    profile: Profile,
    *,
    control_ref: str,
    prepared_at: datetime,
    duplicate: bool = False,
    kind: str | None = None,
) -> bytes:
    """Return an acknowledgement of a received interchange, from us to them: of the syntax, or the TA1 (`kind`).

    A CONTRL goes down to UCF when the interchange used functional groups. Raises ValueError when the profile
    agreed to none, and for an interchange of acknowledgements: those are never acknowledged.
    """
    kind = kind or profile.acknowledge
    messages = answerable(interchange)
    at = localised(prepared_at, profile)
    if kind == "CONTRL":
        return write_contrl(interchange, messages, profile, control_ref, at, duplicate=duplicate)
    if kind in _X12:
        write = _X12[kind]
        return write(interchange, profile, control_ref=control_ref, prepared_at=at, duplicate=duplicate)
    raise ValueError(f"{profile.code}: no acknowledgement is agreed; set acknowledge in the profile")
