"""What a channel can do on the partner's side, whatever the wire is; and the wire that is a folder.

Every failure of the other side is `Unreachable`; what a person has to put right first is `Refused`. An `OSError`
that leaves here would be ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edi import transport
from inventory.errors import Refused, Unreachable

CHUNK = 32 * 1024
_NOREPLACE = 1
_AT_FDCWD = -100

# Called at every chunk: keeps the claim alive, and raises when the process is to stop.
Pace = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Remote:
    """One entry on the other side, without opening it."""

    name: str
    regular: bool
    size: int
    mtime: int

    @property
    def form(self) -> tuple[int, int]:
        return self.size, self.mtime


class FileFault(Unreachable):
    """The other side answers, but not for this file: gone, forbidden. The others may still go."""


class Wire(Protocol):
    """The verbs of a channel. Paths are the other side's own, with slashes."""

    def look(self, folder: str) -> list[Remote]:
        """What lies in a folder, nothing opened or followed."""

    def facts(self, path: str) -> Remote | None:
        """One entry now; None when it is not there."""

    def fetch(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, piece by piece."""

    def put(self, path: str, content: bytes, pace: Pace) -> None:
        """Writes a file whole and flushed; one of that name is overwritten."""

    def publish(self, hidden: str, path: str) -> None:
        """Gives a written file its name in one step; under `unique_name` where that is taken and in the way."""

    def rename_new(self, path: str, target: str) -> None:
        """Moves a file; one that has the target's name already is never overwritten."""

    def remove(self, path: str) -> None: ...

    def close(self) -> None: ...


def unique_name(path: str, content_sha256: str) -> str:
    """A second name for the same content where the first is taken: ours to know again, never used by another."""
    stem, extension = posixpath.splitext(path)
    return f"{stem}-{content_sha256[:8]}{extension}"


def digest_of(wire: Wire, path: str, pace: Pace) -> str:
    """The sha256 of a file on the other side; empty when it is not there."""
    if wire.facts(path) is None:
        return ""
    total = hashlib.sha256()
    for chunk in wire.fetch(path):
        total.update(chunk)
        pace()
    return total.hexdigest()


def rename_new(source: Path, target: Path) -> None:
    """Renames without ever replacing what has the name; raises FileExistsError then."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "renameat2"):
        arguments = (_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _NOREPLACE)
        if libc.renameat2(*arguments) == 0:
            return
        code = ctypes.get_errno()
        if code not in (errno.ENOSYS, errno.EINVAL):
            raise OSError(code, os.strerror(code), str(target))
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "the name is taken", str(target))
    os.rename(source, target)


class FolderWire:
    """A folder of this machine that another program fills and empties: a mounted share, a gateway's folders.

    Works only below `roots`; a path that leads out of them is refused, links too.
    """

    def __init__(self, roots: list[Path]) -> None:
        self.roots = [root.resolve() for root in roots]

    def folder(self, path: str) -> Path:
        """A folder with all links followed. Refuses one that is not absolute or leads out of the roots."""
        real = Path(path).resolve()
        if not Path(path).is_absolute() or not any(
            real == root or root in real.parents for root in self.roots
        ):
            raise Refused("folder_not_allowed", f"{path} is below none of the folders in JIS_PARTNER_FOLDERS")
        return real

    def _path(self, path: str) -> Path:
        folder, name = posixpath.split(path)
        return self.folder(folder) / name

    def look(self, folder: str) -> list[Remote]:
        with _told(folder), os.scandir(self.folder(folder)) as entries:
            seen = []
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    seen.append(_remote(entry.name, entry.stat(follow_symlinks=False)))
        return seen

    def facts(self, path: str) -> Remote | None:
        with _told(path):
            try:
                return _remote(posixpath.basename(path), os.lstat(self._path(path)))
            except FileNotFoundError:
                return None

    def fetch(self, path: str) -> Iterator[bytes]:
        with _told(path), transport.opened(self._path(path)) as handle:
            while chunk := os.read(handle, CHUNK):
                yield chunk

    def put(self, path: str, content: bytes, pace: Pace) -> None:
        with _told(path), transport.created(self._path(path)) as stream:
            for start in range(0, len(content), CHUNK):
                pace()
                stream.write(content[start : start + CHUNK])
            stream.flush()
            os.fsync(stream.fileno())

    def publish(self, hidden: str, path: str) -> None:
        with _told(path):
            target = self._path(path)
            os.rename(self._path(hidden), target)
            transport.sync_folder(target.parent)

    def rename_new(self, path: str, target: str) -> None:
        with _told(path):
            place = self._path(target)
            place.parent.mkdir(exist_ok=True)
            rename_new(self._path(path), place)
            transport.sync_folder(place.parent)

    def remove(self, path: str) -> None:
        with _told(path):
            self._path(path).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is held open."""


def _remote(name: str, facts: os.stat_result) -> Remote:
    return Remote(name, stat.S_ISREG(facts.st_mode), facts.st_size, facts.st_mtime_ns)


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """Turns what the file system says into our words; a taken name stays what it is."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        fault = FileFault if error.errno in (errno.ENOENT, errno.EACCES, errno.EPERM) else Unreachable
        raise fault(f"{path}: {error.strerror or error}") from error
