"""System checks of the gate: what would keep a partner's files from us.

They read the database, so they run with `manage.py check --database default`, not at each start.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.utils import DatabaseError

from edi.models import TradingPartner

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
