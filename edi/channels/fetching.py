"""From the partner's side into his inbox here, once, whatever dies on the way.

Looked at twice, fetched under a hidden name, flushed, booked as a FetchedFile, renamed into the inbox, marked, and only
then archived or deleted over there. The row names inode and time of our copy, so after a crash it can be looked up
whether the copy got into the inbox; when it did not, the other side still has the file.

Files that wait together go together through these steps, each step of all before the next of any: one flush a step
instead of one a file. Only the copies are flushed one by one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import posixpath
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction

from edi import failpoints, formats, transport
from edi.channels.claims import Hold
from edi.channels.placing import drop_orphans, has_arrived, hidden_name, settle, spare_name
from edi.channels.wires import FileFault, Remote, Wire, digest_of, rename_new
from edi.formats import Profile, ProfileError
from edi.models import FetchedFile, PartnerChannel
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.services.intake import flushed_commit
from edi.services.profiles import profile_of
from edi.stability import UNFINISHED
from edi.states import AfterFetch
from edi.transport import Folders, partner_folders
from inventory.errors import Refused, Unreachable

log = logging.getLogger(__name__)

PREFIX = "fetch"
LONGEST_NAME = 180
ALARM = "EDI_FILE"
DISK_FULL = "disk_full"
# So many files, or what came within so many seconds, take the steps behind the copy together. The first of them has to
# wait for the last, so this is little against the seconds a broadcast has.
BATCH_FILES, BATCH_SECONDS = 16, 0.5

Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Copy:
    """Our hidden copy of a remote file, flushed."""

    hidden: str
    inode: int
    mtime_ns: int
    size: int
    sha256: str


@dataclass(slots=True)
class Round:
    """What one look at the other side came to. `growing`: look again soon. `faults`: files that would not go."""

    fetched: int = 0
    growing: bool = False
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Puller:
    """One channel's fetching as one process sees it: since when each file is unchanged, what was told."""

    since: dict[str, tuple[tuple[int, int], float]] = field(default_factory=dict)
    cut: dict[str, tuple[int, int]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def turn(self, held: Hold, wire: Wire) -> Round:
        """Fetches every finished file, oldest first, and finishes what an earlier turn left open.

        Raises `Unreachable` when the other side or the wire fails and `Refused` when our disk is full; what
        was booked by then stays, the rest comes next time. One bad file does not keep the others waiting.
        """
        return _Turn(self, held, wire).run()


class _Turn:
    def __init__(self, puller: Puller, held: Hold, wire: Wire) -> None:
        self.memory = puller
        self.held = held
        self.wire = wire
        self.channel: PartnerChannel = held.channel
        self.folders: Folders = partner_folders(self.channel.partner.code)
        self.done = Round()
        self.copied: list[tuple[Remote, Copy]] = []
        self.copying_since = 0.0

    def run(self) -> Round:
        booked = self._settle_booked()
        listed = sorted(self._wanted(), key=lambda item: (item.mtime, item.name))
        failpoints.reach("sftp_listed")
        self._forget_others(listed)
        try:
            for item in listed:
                self.held.pace()
                with self._fault_of(item):
                    row = booked.pop((self._path(item), *item.form), None)
                    if row is None:
                        self._take(item)
                    elif self.channel.after_fetch != AfterFetch.KEEP:
                        self._finish(row, item)
                if self._batch_is_due():
                    self._land()
        except (Refused, Unreachable):
            # What is whole here needs no second fetching.
            self._land()
            raise
        self._land()
        # What is no longer over there needs no more work there.
        self._mark_removed(booked.values())
        return self.done

    @contextlib.contextmanager
    def _fault_of(self, item: Remote) -> Iterator[None]:
        """One bad file does not keep the others waiting."""
        try:
            yield
        except FileFault as fault:
            self.done.faults.append(str(fault))
        except Refused as refusal:
            if refusal.code == DISK_FULL:
                raise
            self.done.faults.append(f"{item.name}: {refusal.message}")

    def _batch_is_due(self) -> bool:
        late = time.monotonic() - self.copying_since > BATCH_SECONDS
        return len(self.copied) >= BATCH_FILES or (late and bool(self.copied))

    def _path(self, item: Remote) -> str:
        return posixpath.join(self.channel.in_folder, item.name)

    def _wanted(self) -> Iterator[Remote]:
        for item in self.wire.look(self.channel.in_folder):
            name = item.name
            if not item.regular or name.startswith(".") or name.lower().endswith(UNFINISHED):
                continue
            if self.channel.file_pattern and not re.fullmatch(self.channel.file_pattern, name):
                continue
            if fault := bad_name(name):
                self._tell(repr(name)[:80], f"a file waits at {self.channel.host or 'the partner'} that is not "
                           f"fetched: {fault}; ask the partner to give it another name")  # fmt: skip
                continue
            yield item

    def _forget_others(self, listed: list[Remote]) -> None:
        names = {item.name for item in listed}
        for gone in self.memory.since.keys() - names:
            del self.memory.since[gone]
        for gone in self.memory.cut.keys() - names:
            del self.memory.cut[gone]

    # what an earlier turn left

    def _settle_booked(self) -> dict[Key, FetchedFile]:
        """Every row still open, each certainly in the inbox; one whose copy never got there is forgotten."""
        rows = {}
        for row in FetchedFile.objects.filter(channel=self.channel, removed_at__isnull=True):
            if row.placed_at is None and not self._settle(row):
                row.delete()
                continue
            rows[row.remote_path, row.size, row.mtime] = row
        drop_orphans(self.folders, PREFIX, self.channel, set())
        return rows

    def _settle(self, row: FetchedFile) -> bool:
        """Decides about a copy that was booked and perhaps not renamed; False when it is lost."""
        hidden = self.folders.inbox / row.hidden_name
        if hidden.exists() and hidden.stat().st_ino == row.inode:
            self._place([row])
            return True
        if not has_arrived(self.channel, self.folders, row.inode, row.size, row.local_mtime_ns):
            log.warning("%s: the copy of %s is gone; it is fetched again", self.channel, row.remote_path)
            return False
        self._mark_placed([row])
        return True

    def _finish(self, row: FetchedFile, item: Remote) -> None:
        """A file fetched earlier is still over there. Only the very bytes we have are archived or deleted.

        The same name, size and second may be another file by now; then that one is fetched.
        """
        if digest_of(self.wire, self._path(item), self.held.pace) == row.sha256:
            self._clear(row)
            self._mark_removed([row])
        else:
            self._mark_removed([row])
            self._take(item)

    # one new file

    def _take(self, item: Remote) -> None:
        if self.memory.cut.get(item.name) == item.form:
            self._tell_cut(item)
            return
        if not self._is_still(item):
            self.done.growing = True
            return
        if item.size > settings.EDI_MAX_BYTES:
            limit = settings.EDI_MAX_BYTES
            self._tell(
                item.name, f"it has {item.size} bytes and stays with the partner; at most {limit} are taken"
            )
            return
        copy = self._copy(item)
        if copy is None:
            self.done.growing = True
            return
        failpoints.reach("sftp_fetched")
        if self._is_cut(copy):
            (self.folders.inbox / copy.hidden).unlink()
            self.memory.cut[item.name] = item.form
            return
        if not self.copied:
            self.copying_since = time.monotonic()
        self.copied.append((item, copy))

    def _land(self) -> None:
        """Brings the copies into the inbox, oldest first, and clears over there what is safe here by then."""
        if not self.copied:
            return
        copied, self.copied = self.copied, []
        rows = self._book(copied)
        failpoints.reach("sftp_booked")
        self._place(rows)
        self.done.fetched += len(rows)
        if self.channel.after_fetch == AfterFetch.KEEP:
            return
        cleared: list[FetchedFile] = []
        try:
            for (item, _), row in zip(copied, rows, strict=True):
                with self._fault_of(item):
                    if self._unchanged(item):
                        self._clear(row)
                        cleared.append(row)
        finally:
            self._mark_removed(cleared)

    def _is_still(self, item: Remote) -> bool:
        form, since = self.memory.since.get(item.name, (None, 0.0))
        now = time.monotonic()
        if form != item.form:
            self.memory.since[item.name] = (item.form, now)
            since = now
        return now - since >= self.channel.stable_seconds

    def _unchanged(self, item: Remote) -> bool:
        now = self.wire.facts(self._path(item))
        return now is not None and now.form == item.form

    def _copy(self, item: Remote) -> Copy | None:
        """Fetches the bytes under a hidden name; None when the file changed meanwhile."""
        if not transport.room_for(item.size, self.folders.root):
            raise Refused(
                DISK_FULL, f"no room for {item.name} ({item.size} bytes); it stays with the partner"
            )
        hidden = self.folders.inbox / hidden_name(PREFIX, self.channel)
        total, size = hashlib.sha256(), 0
        try:
            with hidden.open("xb") as stream:
                for chunk in self.wire.fetch(self._path(item)):
                    self.held.pace()
                    size += len(chunk)
                    if size > item.size:
                        break
                    total.update(chunk)
                    stream.write(chunk)
                stream.flush()
                os.fsync(stream.fileno())
            facts = os.stat(hidden)
            if size == item.size and self._unchanged(item):
                return Copy(hidden.name, facts.st_ino, facts.st_mtime_ns, size, total.hexdigest())
        except BaseException as error:
            hidden.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise _own_disk(error) from error
            raise
        hidden.unlink()
        return None

    def _is_cut(self, copy: Copy) -> bool:
        """The copy begins like an interchange and does not end like one: its writer paused."""
        profile = self._profile()
        with (self.folders.inbox / copy.hidden).open("rb") as stream:
            if formats.is_complete(stream, profile) is not False:
                return False
            stream.seek(0)
            return copy.size == 0 or formats.sniff(stream.read(256), profile) is not None

    def _profile(self) -> Profile | None:
        """The partner's dialect, for the layouts of his files; an unusable one must not keep a file out."""
        try:
            return profile_of(self.channel.partner)
        except ProfileError:
            return None

    def _tell_cut(self, item: Remote) -> None:
        _, since = self.memory.since.get(item.name, (None, time.monotonic()))
        if time.monotonic() - since >= settings.EDI_STUCK_SECONDS:
            self._tell(
                item.name, "it does not end as an interchange ends and stays with the partner until it does"
            )

    def _book(self, copied: Sequence[tuple[Remote, Copy]]) -> list[FetchedFile]:
        """The rows, on the disk before a copy enters the inbox. Fenced: a lost channel books nothing."""
        with flushed_commit():
            self.held.renew()
            return [self._booked(item, copy) for item, copy in copied]

    def _booked(self, item: Remote, copy: Copy) -> FetchedFile:
        row: FetchedFile = FetchedFile.objects.create(
            channel=self.channel,
            remote_path=self._path(item),
            size=item.size,
            mtime=item.mtime,
            sha256=copy.sha256,
            local_name=shortened(item.name),
            hidden_name=copy.hidden,
            inode=copy.inode,
            local_mtime_ns=copy.mtime_ns,
            fetched_at=self.held.clock(),
        )
        journal(
            "file_fetched", item.name, at=row.fetched_at, partner=self.channel.partner.code,
            channel=self.channel.name, size=item.size, sha256=copy.sha256,
        )  # fmt: skip
        return row

    def _place(self, rows: Sequence[FetchedFile]) -> None:
        """Gives the copies their names; all names are on the disk before a row says so."""
        inbox = self.folders.inbox
        for row in rows:
            try:
                rename_new(inbox / row.hidden_name, inbox / row.local_name)
            except FileExistsError:
                row.local_name = spare_name(row.local_name, self.held.clock())
                row.save(update_fields=["local_name"])
                rename_new(inbox / row.hidden_name, inbox / row.local_name)
            failpoints.reach("sftp_placed")
        settle(self.folders)
        self._mark_placed(rows)

    def _mark_placed(self, rows: Iterable[FetchedFile]) -> None:
        at = self.held.clock()
        with transaction.atomic():
            self.held.renew()
            for row in rows:
                row.placed_at = at
                row.save(update_fields=["placed_at"])
                # An earlier process may have told of it, so what this one remembers does not matter.
                name = posixpath.basename(row.remote_path)
                self.memory.told.discard(name)
                clear_alarm(ALARM, self._subject(name), at=at, note="the file was fetched")
        failpoints.reach("sftp_marked")

    def _clear(self, row: FetchedFile) -> None:
        """Archives or deletes over there what is safe here; `_mark_removed` follows, or the next turn finds it gone."""
        if self.channel.after_fetch == AfterFetch.DELETE:
            self.wire.remove(row.remote_path)
        else:
            self._archive(row)
        failpoints.reach("sftp_cleared")

    def _archive(self, row: FetchedFile) -> None:
        name = posixpath.basename(row.remote_path)
        target = posixpath.join(self.channel.archive_folder, name)
        try:
            self.wire.rename_new(row.remote_path, target)
        except FileExistsError:
            self.wire.rename_new(
                row.remote_path, posixpath.join(self.channel.archive_folder, f"{row.pk}-{name}")
            )

    def _mark_removed(self, rows: Iterable[FetchedFile]) -> None:
        ids = [row.pk for row in rows]
        if ids:
            FetchedFile.objects.filter(pk__in=ids).update(removed_at=self.held.clock())

    # people

    def _subject(self, name: str) -> str:
        return f"{self.channel}/{name}"

    def _tell(self, name: str, text: str) -> None:
        if name in self.memory.told:
            return
        self.memory.told.add(name)
        with transaction.atomic():
            raise_alarm(
                self.channel.partner, ALARM, self._subject(name), f"{name}: {text}", at=self.held.clock()
            )


def bad_name(name: str) -> str:
    """Why a name from the other side is not used as it is; empty when it may be."""
    if "/" in name or "\0" in name or name in ("", ".", ".."):
        return "its name is a path"
    try:
        name.encode()
    except (UnicodeEncodeError, AttributeError):
        return "its name is no text"
    return ""


def shortened(name: str) -> str:
    """The name as a file here may have it; the end stays, as it carries the ending."""
    raw = name.encode()
    return name if len(raw) <= LONGEST_NAME else raw[-LONGEST_NAME:].decode(errors="ignore")


def _own_disk(error: OSError) -> Exception:
    """A fault of our disk in words: full is a matter for a person, anything else is tried again."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refused(
            DISK_FULL, "our disk is full; the file stays with the partner. Free space in the spool"
        )
    return Unreachable(f"our spool: {error.strerror or error}")
