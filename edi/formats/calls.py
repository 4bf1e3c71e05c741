"""What makes two messages speak of the same call."""

from .profile import Profile


def identify(
    profile: Profile,
    production_number: str | None,
    vin: str | None,
    document: str | None,
    sequence: str | None,
) -> str | None:
    """Return the call's identity by the profile's order (settled point 1), None when nothing is there."""
    for rule in profile.identity:
        if rule == "production_number" and production_number:
            return production_number
        if rule == "vin" and vin:
            return vin
        if rule == "document_sequence" and document and sequence:
            return f"{document}-{sequence}"
    return None
