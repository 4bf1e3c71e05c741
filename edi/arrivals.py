"""Which files came into an inbox by rename, as the kernel tells it (inotify). A hint: scans find the files.

A rename says that the writer was done, which no size or time can say as fast. Where the kernel offers no
inotify, or loses events, such files wait like all others until they are unchanged for some seconds.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
from pathlib import Path

IN_CLOSE_WRITE = 0x8
IN_MOVED_TO = 0x80
IN_CREATE = 0x100
IN_IGNORED = 0x8000
IN_ONLYDIR = 0x1000000
_EVENT = struct.Struct("iIII")


class Arrivals:
    """Watches folders; `wait` sleeps until something happens in one of them or the time is over."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        start = getattr(self._libc, "inotify_init1", None)
        self._handle: int = start(os.O_NONBLOCK | os.O_CLOEXEC) if start is not None else -1
        self._folders: dict[int, Path] = {}
        self._moved: dict[Path, set[str]] = {}

    def watch(self, folder: Path) -> None:
        """Begins to watch a folder; one that is watched already stays as it is."""
        if self._handle < 0 or folder in self._moved:
            return
        mask = IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_ONLYDIR
        number = self._libc.inotify_add_watch(self._handle, os.fsencode(folder), mask)
        if number >= 0:
            self._folders[number] = folder
            self._moved[folder] = set()

    def forget(self, folder: Path) -> None:
        """Ends the watch of a folder: another one has its path by now."""
        for number in [known for known, path in self._folders.items() if path == folder]:
            self._libc.inotify_rm_watch(self._handle, number)
            del self._folders[number]
        self._moved.pop(folder, None)

    def wait(self, seconds: float) -> None:
        """Sleeps at most so long; wakes early when a file appears or is finished."""
        if self._handle < 0:
            select.select([], [], [], seconds)
            return
        select.select([self._handle], [], [], seconds)
        self._read()

    def moved_in(self, folder: Path) -> frozenset[str]:
        """Names that came by rename and are still there."""
        self._read()
        names = self._moved.get(folder, set())
        names &= set(os.listdir(folder))
        return frozenset(names)

    def _read(self) -> None:
        if self._handle < 0:
            return
        try:
            data = os.read(self._handle, 64 * 1024)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size
            name = os.fsdecode(data[offset : offset + length].rstrip(b"\0"))
            offset += length
            folder = self._folders.get(number)
            if folder is None:
                continue
            if mask & IN_IGNORED:
                # The folder was deleted or unmounted; whoever makes it again has it watched again.
                del self._folders[number], self._moved[folder]
                continue
            # What is written to again after it arrived is not finished by its arrival.
            if mask & IN_MOVED_TO:
                self._moved[folder].add(name)
            else:
                self._moved[folder].discard(name)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
