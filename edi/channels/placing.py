"""How bytes from a wire enter a partner's inbox: hidden, flushed, renamed, and never over another file."""

from __future__ import annotations

import contextlib
import os
import uuid
from datetime import datetime
from pathlib import Path

from edi import transport
from edi.channels.wires import rename_new
from edi.models import Delivery, PartnerChannel
from edi.transport import Folders


def hidden_name(prefix: str, channel: PartnerChannel) -> str:
    """A name the intake does not take; it names the channel, which alone may tidy it away."""
    return f".{prefix}-{channel.pk}-{uuid.uuid4().hex}.tmp"


def drop_orphans(folders: Folders, prefix: str, channel: PartnerChannel, known: set[str]) -> None:
    """Removes what a dead process of this channel left unfinished; the other side still has those bytes."""
    for name in os.listdir(folders.inbox):
        if name.startswith(f".{prefix}-{channel.pk}-") and name not in known:
            with contextlib.suppress(FileNotFoundError):
                (folders.inbox / name).unlink()


def enter(folders: Folders, hidden: str, name: str) -> None:
    """Gives a flushed file its name in the inbox, durably. FileExistsError while one of that name waits there."""
    rename_new(folders.inbox / hidden, folders.inbox / name)
    settle(folders)


def settle(folders: Folders) -> None:
    """Makes the names in the inbox durable."""
    transport.sync_folder(folders.inbox)


def spare_name(name: str, at: datetime) -> str:
    """Another name for a file whose own is taken; the ending stays, as profiles may look at it."""
    stem, extension = os.path.splitext(name)
    return f"{stem}~{at:%H%M%S%f}{extension}"


def has_arrived(channel: PartnerChannel, folders: Folders, inode: int, size: int, mtime_ns: int) -> bool:
    """Whether a file got into the inbox: it lies there, is claimed, or is a delivery.

    Looked up in the order in which a file moves on, and twice: it may go from a dead worker's folder into one that
    was looked into a moment before.
    """
    return any(_is_here(channel, folders, inode, size, mtime_ns) for _ in range(2))


def _is_here(channel: PartnerChannel, folders: Folders, inode: int, size: int, mtime_ns: int) -> bool:
    if _holds(folders.inbox, inode) or any(_holds(folder, inode) for folder in _work_folders(folders)):
        return True
    return delivered(channel, inode, size, mtime_ns)


def delivered(channel: PartnerChannel, inode: int, size: int, mtime_ns: int) -> bool:
    return Delivery.objects.filter(
        partner=channel.partner_id, inode=inode, size=size, mtime_ns=mtime_ns
    ).exists()


def _work_folders(folders: Folders) -> list[Path]:
    return [path for path in folders.work.iterdir() if path.is_dir()]


def _holds(folder: Path, inode: int) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.inode() == inode and not entry.name.startswith(".") for entry in entries)
    except FileNotFoundError:
        return False
