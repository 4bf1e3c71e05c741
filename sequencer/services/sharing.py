"""Share links: an OEM sees his shipments without a log-in, until the link expires or is withdrawn."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext

from inventory.errors import Refused, Unknown
from sequencer.models import OemPlant, ShareLink
from sequencer.services.journal import record_event

SALT = "sequencer.share"
LONGEST = timedelta(days=90)


class LinkClosed(Refused):
    """The link was good once."""

    status = 410


def share(plant_id: int, *, name: str, days: int, by: str, at: datetime) -> ShareLink:
    """Makes a link for one OEM plant. Refuses without a name and a life of none or more than 90 days."""
    if not name.strip():
        raise Refused("name_missing", gettext("say who gets the link"))
    if not timedelta() < timedelta(days=days) <= LONGEST:
        raise Refused("bad_life", gettext("a link lives 1 to %(days)s days") % {"days": LONGEST.days})
    with transaction.atomic(durable=True):
        plant = OemPlant.objects.filter(pk=plant_id).first()
        if plant is None:
            raise Unknown("no_plant", gettext("there is no OEM plant %(plant_id)s") % {"plant_id": plant_id})
        link: ShareLink = ShareLink.objects.create(
            name=name.strip()[:60], plant=plant, nonce=secrets.token_urlsafe(16)[:22], created_at=at,
            created_by=by[:60], expires_at=at + timedelta(days=days),
        )  # fmt: skip
        record_event("sharing", "link_made", plant.code, at=at, by=by, name=name, days=days)
    return link


def revoke_share(link_id: int, *, by: str, at: datetime) -> ShareLink:
    """Withdraws a link at once. Refuses one that is withdrawn already."""
    with transaction.atomic(durable=True):
        done = ShareLink.objects.filter(pk=link_id, revoked_at__isnull=True).update(
            revoked_at=at, revoked_by=by[:60]
        )
        if not done:
            raise Refused("revoked", gettext("this link is withdrawn already or does not exist"))
        link: ShareLink = ShareLink.objects.select_related("plant").get(pk=link_id)
        record_event("sharing", "link_revoked", link.plant.code, at=at, by=by, name=link.name)
    return link


def token_of(link: ShareLink) -> str:
    """The signed text of a link; it names the row, so that withdrawing the row ends it."""
    return signing.Signer(salt=SALT).sign(f"{link.pk}.{link.nonce}")


def open_share(token: str, *, at: datetime) -> ShareLink:
    """The link behind a token; counts that it was opened. Refuses a forged, expired or withdrawn one."""
    try:
        key, _, nonce = signing.Signer(salt=SALT).unsign(token).partition(".")
    except signing.BadSignature:
        raise Unknown("no_link", gettext("This link is not known here.")) from None
    link: ShareLink | None = (
        ShareLink.objects.select_related("plant").filter(pk=int(key), nonce=nonce).first()
        if key.isdecimal()
        else None
    )
    if link is None:
        raise Unknown("no_link", gettext("This link is not known here."))
    if link.revoked_at is not None:
        raise LinkClosed("revoked", "This link was withdrawn. Ask your supplier for a new one.")
    if at >= link.expires_at:
        raise LinkClosed("expired", "This link has expired. Ask your supplier for a new one.")
    ShareLink.objects.filter(pk=link.pk).update(opened_count=F("opened_count") + 1, opened_at=at)
    return link
