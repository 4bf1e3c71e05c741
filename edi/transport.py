"""The spool: a partner's folders, claim by rename, archive, and how bytes are put out. Its only user.

<spool>/<partner>/in           the partner drops files here
                  work/<worker>  one folder a worker; a file in it is claimed
                  archive/<day>  what was received, after it is in the database
                  quarantine/<day> what was refused at the gate
                  out          what we send; the partner fetches it
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import shutil
import socket
import stat
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from edi import failpoints
from edi.stability import Sighting
from inventory.errors import Refused, Unreachable

STALE_SECONDS = 10
# Room for the row, its log and the archive beside the file itself.
SPARE_BYTES = 64 * 1024 * 1024
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# What a claimed file is called before its encoded name: when it was finished, and chance.
TICKET = re.compile(r"[0-9]+-[0-9a-f]{8}")
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Folders:
    root: Path
    inbox: Path
    work: Path
    archive: Path
    quarantine: Path
    out: Path


@dataclass(frozen=True, slots=True)
class Claim:
    """A file in our own work folder: nobody else takes it.

    `written_ns`: when the partner finished it. `form`: inode, size and mtime it was judged finished with.
    """

    path: Path
    name: str
    written_ns: int
    form: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """What the open file said of itself, and its bytes when they were read."""

    inode: int
    size: int
    mtime_ns: int
    raw: bytes
    sha256: str


class Unfinished(Exception):
    """The file changed while it was read: it stays claimed and is read again."""


def partner_folders(code: str) -> Folders:
    """The folders of a partner; missing ones are made. Refuses a code that is no plain word."""
    if not CODE.fullmatch(code):
        raise Refused("bad_partner_code", f"partner code {code!r} is no folder name")
    root = Path(settings.SPOOL_DIR) / code
    folders = Folders(root, root / "in", root / "work", root / "archive", root / "quarantine", root / "out")
    for folder in (folders.inbox, folders.work, folders.archive, folders.quarantine, folders.out):
        folder.mkdir(parents=True, exist_ok=True)
    return folders


@lru_cache(maxsize=4)
def _worker_of(pid: int) -> str:
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:40]
    return f"{host}-{pid}-{uuid.uuid4().hex[:8]}"


def worker_name() -> str:
    """The name of this process, used once: a restarted process has another."""
    return _worker_of(os.getpid())


# the inbox


def look(folder: Path) -> list[Sighting]:
    """What lies in a folder, oldest first, without opening or following anything."""
    seen = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                seen.append(_sighting(entry.name, entry.stat(follow_symlinks=False)))
    return sorted(seen, key=lambda item: (item.mtime_ns, item.name))


def _sighting(name: str, facts: os.stat_result) -> Sighting:
    return Sighting(
        name,
        stat.S_ISREG(facts.st_mode),
        facts.st_nlink,
        facts.st_ino,
        facts.st_size,
        facts.st_mtime_ns,
        facts.st_ctime_ns,
    )


def created(path: Path) -> BinaryIO:
    """A file to write, emptied if it was there; never through a link that somebody put under its name."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    return open(os.open(path, flags, 0o666), "wb")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of a regular file with one name; refuses everything else and never blocks on a pipe."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Refused("not_a_file", f"cannot be opened: {error.strerror}") from error
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise Refused("not_a_file", "it is no regular file")
        if facts.st_nlink != 1:
            raise Refused("several_links", "the file has a second name by which it can be changed")
        yield handle
    finally:
        os.close(handle)


def room_for(size: int, folder: Path) -> bool:
    """Whether the disk holds what taking a file of `size` bytes needs."""
    return shutil.disk_usage(folder).free >= 3 * size + SPARE_BYTES


def claim(folders: Folders, seen: Sighting, worker: str) -> Claim | None:
    """Takes a file by renaming it into the worker's own folder; None when somebody else was first.

    The partner's name is kept inside the new name, encoded, so that it survives a crash and is never a path.
    """
    label = base64.urlsafe_b64encode(os.fsencode(seen.name)).decode()
    if len(label) > 200:
        label = base64.urlsafe_b64encode(os.fsencode(seen.name)[:150]).decode()
    target = work_folder(folders, worker) / f"{seen.ctime_ns}-{uuid.uuid4().hex[:8]}.{label}"
    try:
        os.rename(folders.inbox / seen.name, target)
    except FileNotFoundError:
        return None
    return Claim(target, _shown(seen.name), seen.ctime_ns, (seen.inode, seen.size, seen.mtime_ns))


def _shown(name: str) -> str:
    """A name as it may be stored and shown: bytes that are no text become visible escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")[:255]


def claims_in(folder: Path) -> list[Claim]:
    """The claimed files of one work folder, in the order they were finished.

    What somebody else put there is none of ours and stays; it keeps no claimed file waiting.
    """
    found = []
    for entry in sorted(folder.iterdir(), key=lambda path: path.name) if folder.is_dir() else []:
        ticket, _, label = entry.name.partition(".")
        if not TICKET.fullmatch(ticket):
            continue
        try:
            name = os.fsdecode(base64.urlsafe_b64decode(label))
        except ValueError:
            continue
        found.append(Claim(entry, _shown(name), int(ticket.partition("-")[0])))
    return sorted(found, key=lambda item: item.written_ns)


def is_still(item: Claim, seconds: float) -> bool:
    """Whether a claimed file was not written for so long; it may have been claimed half-written."""
    try:
        facts = os.lstat(item.path)
        return time.time() - min(facts.st_mtime, facts.st_ctime) >= seconds
    except FileNotFoundError:
        return False


def work_folder(folders: Folders, worker: str) -> Path:
    folder = folders.work / worker
    folder.mkdir(exist_ok=True)
    return folder


def keep_alive(folders: Folders, worker: str) -> None:
    """The heartbeat of a work folder is its own change time; nothing else has to be cleaned up."""
    os.utime(work_folder(folders, worker))


def leave(folders: Folders, worker: str) -> None:
    """Removes the worker's folder when it is empty; claimed files keep it for the next worker."""
    with contextlib.suppress(OSError):
        (folders.work / worker).rmdir()


def take_over(folders: Folders, worker: str) -> int:
    """Moves files of workers without heartbeat into our own folder; returns how many.

    A worker that was only slow finds its file gone; the delivery's identity makes both come to the same row.
    """
    taken = 0
    for folder in folders.work.iterdir():
        if folder.name == worker or not _is_stale(folder):
            continue
        for item in claims_in(folder):
            with contextlib.suppress(FileNotFoundError):
                os.rename(item.path, work_folder(folders, worker) / item.path.name)
                taken += 1
        with contextlib.suppress(OSError):
            folder.rmdir()
    return taken


def _is_stale(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > STALE_SECONDS
    except FileNotFoundError:
        return False


def read_claimed(item: Claim, max_bytes: int) -> Dropped:
    """The bytes of a claimed file. Refuses what is no plain file or too large; `Unfinished` if it moves."""
    with opened(item.path) as handle:
        before = os.fstat(handle)
        if before.st_size > max_bytes:
            raise Refused("too_large", f"{before.st_size} bytes; at most {max_bytes} are taken")
        raw = b"".join(_chunks(handle, before.st_size + 1))
        after = os.fstat(handle)
    form = (before.st_ino, len(raw), before.st_mtime_ns)
    if len(raw) != after.st_size or before.st_mtime_ns != after.st_mtime_ns or item.form not in (None, form):
        raise Unfinished(item.name)
    return Dropped(before.st_ino, before.st_size, before.st_mtime_ns, raw, hashlib.sha256(raw).hexdigest())


def _chunks(handle: int, limit: int) -> Iterator[bytes]:
    while limit > 0 and (chunk := os.read(handle, min(CHUNK, limit))):
        limit -= len(chunk)
        yield chunk


def describe_unread(item: Claim) -> Dropped | None:
    """What is known of a refused file without reading it; None when it is no regular file."""
    facts = os.lstat(item.path)
    if not stat.S_ISREG(facts.st_mode):
        return None
    return Dropped(facts.st_ino, facts.st_size, facts.st_mtime_ns, b"", "")


# the archive


def place(path: Path, relative: str) -> bool:
    """Moves a claimed file to its place below the spool, durably; False when it is not there any more."""
    target = Path(settings.SPOOL_DIR) / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(path, target)
    except FileNotFoundError:
        return False
    sync_folder(target.parent)
    sync_folder(path.parent)
    return True


def keep(relative: str, content: bytes) -> None:
    """Writes bytes that people made to their place below the spool, durably; what lies there stays."""
    target = Path(settings.SPOOL_DIR) / relative
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not beside its place: the ledger would take what a crash leaves there for a file without a delivery.
    hidden = Path(settings.SPOOL_DIR) / relative.partition("/")[0] / "work" / f".{uuid.uuid4().hex}.tmp"
    hidden.parent.mkdir(parents=True, exist_ok=True)
    _write(hidden, content)
    os.rename(hidden, target)
    sync_folder(target.parent)


def placed(relative: str) -> bool:
    return bool(relative) and (Path(settings.SPOOL_DIR) / relative).exists()


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(path: Path) -> str:
    """The sha256 of a file on disk, empty when it is not there."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def drop(folders: Folders, name: str, raw: bytes) -> Sighting:
    """Puts bytes into the inbox as a good partner does: hidden name, sync, rename. Never overwrites."""
    if name != os.path.basename(name) or name in ("", ".", ".."):
        raise Refused("bad_name", f"{name!r} is no name of a file")
    hidden = folders.inbox / f".{uuid.uuid4().hex}.tmp"
    _write(hidden, raw)
    try:
        os.link(hidden, folders.inbox / name)
    except FileExistsError:
        raise Refused("name_taken", f"a file {name} already waits in the inbox") from None
    finally:
        hidden.unlink()
    sync_folder(folders.inbox)
    return _sighting(name, os.stat(folders.inbox / name))


# the way out


class Outbox:
    """The folder a partner fetches from. A channel (`edi.channels.sending`) offers the same four verbs."""

    settles_at_once = True

    def __init__(self, code: str) -> None:
        try:
            self.folder = partner_folders(code).out
        except OSError as error:
            raise Unreachable(f"the folders of {code}: {error.strerror}") from error

    def _hidden(self, name: str) -> Path:
        return self.folder / f".{name}.tmp"

    def prepare(self, name: str, content: bytes) -> None:
        """Writes the bytes durably under a name the partner does not fetch."""
        try:
            failpoints.reach("out_tmp")
            _write(self._hidden(name), content)
            failpoints.reach("out_fsync")
        except OSError as error:
            raise Unreachable(f"{self.folder}: {error.strerror}") from error

    def publish(self, name: str) -> None:
        """Gives the file its name. After this the partner may have it."""
        try:
            os.rename(self._hidden(name), self.folder / name)
            failpoints.reach("out_rename")
            sync_folder(self.folder)
        except OSError as error:
            raise Unreachable(f"{self.folder}: {error.strerror}") from error

    def is_prepared(self, name: str) -> bool:
        """The hidden file is still there: this attempt was never published."""
        return self._hidden(name).exists()

    def holds(self, name: str, content: bytes) -> bool:
        """The published file is there with exactly these bytes."""
        return digest(self.folder / name) == hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    with created(path) as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
