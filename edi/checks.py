"""System checks of the gate: what would keep a partner's files from us.

They read the database, so they run with `manage.py check --database default`, not at each start.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.utils import DatabaseError

from edi.channels import configured
from edi.formats import ProfileError
from edi.models import PartnerChannel, TradingPartner
from edi.services.profiles import profile_of
from inventory.errors import Refused

# A file is claimed, archived and put out by renaming it between these.
MOVED_BETWEEN = ("in", "work", "archive", "quarantine", "out")


@register(Tags.database)
def check_partner_folders(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    if "default" not in (databases or ()):
        return []
    try:
        codes = list(TradingPartner.objects.filter(active=True).values_list("code", flat=True))
    except DatabaseError:
        connections["default"].close()
        return []  # the tables are not made yet: `migrate` runs this check, too
    return [message for code in codes for message in folders(Path(settings.SPOOL_DIR) / code)]


@register(Tags.database)
def check_channels(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Active channels that cannot work as they are entered, or that the environment does not allow any more."""
    if "default" not in (databases or ()):
        return []
    try:
        return list(_channel_faults())
    except DatabaseError:
        connections["default"].close()
        return []


def _channel_faults() -> Iterator[CheckMessage]:
    for channel in PartnerChannel.objects.filter(active=True, partner__active=True).select_related("partner"):
        try:
            configured(channel)
        except Refused as refusal:
            yield Error(
                f"Channel {channel} cannot work: {refusal.message}.",
                hint="Correct it in admin under Channels, or switch it off; its files and messages wait.",
                id="jis.E104",
            )


@register(Tags.database)
def check_profiles(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Profiles of active partners that cannot be used, and streams that count otherwise than they say."""
    if "default" not in (databases or ()):
        return []
    try:
        paths = ("routes__program__stream", "routes__program__line__plant")
        partners = TradingPartner.objects.filter(active=True).prefetch_related(*paths)
        return [message for partner in partners for message in profile_faults(partner)]
    except DatabaseError:
        connections["default"].close()
        return []


def profile_faults(partner: TradingPartner) -> Iterator[CheckMessage]:
    """What keeps a partner's files waiting, or makes a gap of a number that is none."""
    try:
        profile = profile_of(partner)
    except ProfileError as error:
        yield Warning(
            f"The profile of partner {partner.code} cannot be used, so its files wait: {error}",
            hint=f"Mend it and run manage.py edi_check_profile {partner.profile}.",
            id="jis.W105",
        )
        return
    rule = profile.sequence
    told = (rule.prefix, rule.width, rule.first, rule.last, rule.dense)
    programs = [route.program for route in partner.routes.all()]
    for plant in {
        program.line.plant for program in programs if program.line.plant.time_zone != profile.timezone
    }:
        yield Warning(
            f"OEM plant {plant} goes by {plant.time_zone}, the profile of partner {partner.code} by "
            f"{profile.timezone}: times of calls and of schedules would be read by different clocks.",
            hint="Correct the plant in the admin or timezone in the profile, whichever is wrong.",
            id="jis.W107",
        )
    streams = {program.stream_id: program.stream for program in programs}
    for stream in streams.values():
        entered = (stream.prefix, stream.width, stream.first, stream.last, stream.dense)
        names = ("prefix", "width", "first", "last", "dense")
        pairs = zip(names, told, entered, strict=True)
        differing = [f"{name} {ours} instead of {his}" for name, his, ours in pairs if his != ours]
        if differing:
            yield Warning(
                f"Sequence stream {stream} counts otherwise than the profile of partner {partner.code} says: "
                f"{', '.join(differing)}.",
                hint="Correct the stream in the admin or [sequence] in the profile, whichever is wrong.",
                id="jis.W106",
            )


def folders(root: Path) -> Iterator[CheckMessage]:
    """What is wrong with one partner's folders."""
    inbox = root / "in"
    if not inbox.is_dir():
        yield Error(
            f"Partner {root.name} has no inbox: nothing it sends arrives.",
            hint=f"Make {inbox} writable for the partner and for us, or set the partner inactive.",
            id="jis.E101",
        )
        return
    if not os.access(inbox, os.R_OK | os.W_OK | os.X_OK):
        yield Error(
            f"The inbox of partner {root.name} cannot be read and emptied by this user.",
            hint=f"Give this user {inbox}.",
            id="jis.E102",
        )
    devices = {(root / name).stat().st_dev for name in MOVED_BETWEEN if (root / name).is_dir()}
    if len(devices) > 1:
        yield Error(
            f"The folders of partner {root.name} are not on one file system: a rename between them copies, "
            "and a crash leaves half a file.",
            hint=f"Mount the whole of {root}, not single folders below it.",
            id="jis.E103",
        )
