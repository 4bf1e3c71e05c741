"""What makes two messages speak of the same call."""

from .profile import Profile

# Stands for the cycle in an identity whose cycle is counted while it is booked.
OPEN_CYCLE = "?"


def identify(
    profile: Profile,
    production_number: str | None,
    vin: str | None,
    document: str | None,
    sequence: str | None,
    *,
    source: str | None = None,
    moment: str | None = None,
) -> str | None:
    """Return the call's identity by the profile's order (settled point 1), None when nothing is there.

    "sequence_cycle" names a call by cycle, broadcast point (`source`, DE 1159) and sequence number: a number
    that comes again next year is another call. The cycle is that of `moment`, the time the call is required; where
    only the count tells it, OPEN_CYCLE stands in its place until the call is booked.
    """
    for rule in profile.identity:
        if rule == "production_number" and production_number:
            return production_number
        if rule == "vin" and vin:
            return vin
        if rule == "sequence_cycle" and sequence and (cycle := _cycle(profile, moment)):
            return "-".join(part for part in (cycle, source, sequence) if part)
        if rule == "document_sequence" and document and sequence:
            return f"{document}-{sequence}"
    return None


def _cycle(profile: Profile, moment: str | None) -> str | None:
    return OPEN_CYCLE if profile.sequence.counted else profile.sequence.cycle_of(moment)
