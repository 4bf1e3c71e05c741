"""From the inbox to a durable row: ready, claimed, stored (T1), archived. Nothing is parsed here.

Order that loses nothing: claim by rename, read, insert and COMMIT, and only then move the file to the
archive. A crash anywhere leaves either the file in a work folder, where the next worker takes it, or the row.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from edi import failpoints, formats, transport
from edi.formats import Profile, ProfileError
from edi.models import Delivery, TradingPartner
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.services.profiles import profile_of
from edi.stability import Judgement, Limits, Sighting, State, Watch, judge
from edi.states import DeliveryKind, DeliveryStatus
from edi.transport import Claim, Dropped, Folders, Unfinished, partner_folders, worker_name
from edi.wake import wake
from inventory.errors import Refused

log = logging.getLogger(__name__)

PROCESS_TASK = "edi.tasks.process_delivery"


def limits() -> Limits:
    return Limits(settings.EDI_STABLE_SECONDS, settings.EDI_STUCK_SECONDS, settings.EDI_MAX_BYTES)


@dataclass(slots=True)
class Inbox:
    """One partner's inbox as one watcher sees it: since when each file is unchanged, what was told."""

    partner: TradingPartner
    watch: Watch = field(default_factory=Watch)
    told: set[str] = field(default_factory=set)

    def scan(self, *, at: datetime, moved_in: frozenset[str] = frozenset()) -> list[Delivery]:
        """Takes in every file that is finished, in the order they were written.

        `moved_in`: names the kernel reported as renamed into the folder; they need no waiting. Files claimed
        earlier, by this worker or by one that died, come first.
        """
        folders = partner_folders(self.partner.code)
        transport.keep_alive(folders, worker_name())
        transport.take_over(folders, worker_name())
        taken = self.leftovers(folders, at=at)
        seen = transport.look(folders.inbox)
        failpoints.reach("after_list")
        self.watch.forget_others(item.name for item in seen)
        self.told &= {item.name for item in seen}
        for item in seen:
            verdict = self._judge(folders, item, moved_in=item.name in moved_in)
            if verdict.state in (State.READY, State.REFUSE):
                taken += self._take(folders, item, verdict, at=at)
            elif verdict.state is State.STUCK:
                self._tell(item.name, verdict.text, at=at)
        return taken

    def _judge(self, folders: Folders, item: Sighting, *, moved_in: bool) -> Judgement:
        unchanged = self.watch.unchanged(item, now=time.monotonic(), wall=time.time())
        try:
            return judge(
                item,
                unchanged=unchanged,
                moved_in=moved_in,
                trailer=lambda: _trailer(
                    folders, item.name, self.partner, settled=moved_in or unchanged >= limits().stable_seconds
                ),
                limits=limits(),
            )
        except FileNotFoundError:
            return Judgement(State.IGNORE)

    def _take(self, folders: Folders, item: Sighting, verdict: Judgement, *, at: datetime) -> list[Delivery]:
        if not transport.room_for(item.size, folders.root):
            self._tell(item.name, "the disk is full; the file stays in the inbox", at=at)
            return []
        mine = transport.claim(folders, item, worker_name())
        if mine is None:
            return []
        failpoints.reach("after_claim")
        refusal = Refused(verdict.code, verdict.text) if verdict.state is State.REFUSE else None
        return self._accept(mine, refusal, at=at)

    def leftovers(self, folders: Folders, *, at: datetime) -> list[Delivery]:
        found = transport.claims_in(transport.work_folder(folders, worker_name()))
        still = [item for item in found if transport.is_still(item, settings.EDI_STABLE_SECONDS)]
        return [delivery for item in still for delivery in self._accept(item, None, at=at)]

    def _accept(self, mine: Claim, refusal: Refused | None, *, at: datetime) -> list[Delivery]:
        try:
            delivery = accept_file(self.partner, mine, at=at, refusal=refusal)
        except Unfinished:
            log.warning("%s: %s changed while it was read; it is read again", self.partner, mine.name)
            return []
        except FileNotFoundError:
            return []
        if mine.name in self.told:
            clear_alarm("EDI_FILE", self._subject(mine.name), at=at, note="the file was taken")
        return [delivery] if delivery is not None else []

    def _subject(self, name: str) -> str:
        return f"{self.partner.code}/{name}"

    def _tell(self, name: str, text: str, *, at: datetime) -> None:
        if name not in self.told:
            self.told.add(name)
            with transaction.atomic():
                raise_alarm(self.partner, "EDI_FILE", self._subject(name), f"{name}: {text}", at=at)


def _trailer(folders: Folders, name: str, partner: TradingPartner, *, settled: bool) -> bool | None:
    """Whether the file's last envelope is closed; None when it begins like no format we know.

    A broadcast without a trailer is whole when nobody writes it any more (`settled`).
    """
    profile = _profile_or_none(partner)
    try:
        with transport.opened(folders.inbox / name) as handle, open(handle, "rb", closefd=False) as stream:
            closed = formats.is_complete(stream, profile)
            if closed is not False:
                return settled if closed is None else True
            stream.seek(0)
            return None if formats.sniff(stream.read(256), profile) is None else False
    except Refused:
        return False


def _profile_or_none(partner: TradingPartner) -> Profile | None:
    """The partner's dialect, for the layouts of his files; an unusable one must not keep a file out."""
    try:
        return profile_of(partner)
    except ProfileError:
        return None


def accept_file(
    partner: TradingPartner, mine: Claim, *, at: datetime, refusal: Refused | None = None
) -> Delivery | None:
    """T1: stores a claimed file as a delivery, archives it after the commit, wakes a worker.

    Promise: a crash at any point leads to the same one row and the same archive when the file is accepted
    again (identity: partner, name, inode, mtime, size). A file refused at the gate is a QUARANTINED
    delivery without bytes when it could not be read; what is no file at all goes to quarantine with a
    journal row (None). Raises `Unfinished` when the file changes under the reader. Locks nothing: the
    unique constraint decides.
    """
    file, refusal = _read(mine, refusal or _unexpected(partner, mine.name))
    failpoints.reach("after_read")
    if file is None:
        assert refusal is not None
        _set_aside(partner, mine, refusal, at=at)
        return None
    delivery = _store(partner, mine, file, refusal, at=at)
    settle_in_archive(delivery, mine, at=at)
    if refusal is None and delivery.status == DeliveryStatus.RECEIVED:
        wake(PROCESS_TASK, delivery.pk)
    return delivery


def _unexpected(partner: TradingPartner, name: str) -> Refused | None:
    """Why a file of this name is set aside: the partner's file-name rules do not know it."""
    profile = _profile_or_none(partner)
    if profile is None or profile.files.accepts(name):
        return None
    text = (
        f"{name!r} is no name his profile expects ([files] accept); read it again if it is his all the same"
    )
    return Refused("unexpected_name", text)


def _read(mine: Claim, refusal: Refused | None) -> tuple[Dropped | None, Refused | None]:
    """The file's bytes, or what is known of it without reading and why it is refused."""
    readable = refusal is None or refusal.code in ("bad_name", "unexpected_name")
    try:
        if readable:
            return transport.read_claimed(mine, settings.EDI_MAX_BYTES), refusal
    except Refused as found:
        refusal = found
    return transport.describe_unread(mine), refusal


def _store(
    partner: TradingPartner, mine: Claim, file: Dropped, refusal: Refused | None, *, at: datetime
) -> Delivery:
    identity = {"file_name": mine.name, "inode": file.inode, "mtime_ns": file.mtime_ns, "size": file.size}
    try:
        with flushed_commit():
            delivery = Delivery.objects.create(
                partner=partner,
                **identity,
                sha256=file.sha256,
                raw=file.raw,
                status=DeliveryStatus.QUARANTINED if refusal else DeliveryStatus.RECEIVED,
                written_at=datetime.fromtimestamp(mine.written_ns / 1e9, UTC),
                received_at=at,
                problems=[_gate_problem(refusal)] if refusal else [],
                note=refusal.message[:300] if refusal else "",
            )
            failpoints.reach("after_insert_raw")
            _book_receipt(delivery, refusal, at=at)
            failpoints.reach("before_commit")
    except IntegrityError:
        return Delivery.objects.defer("raw").get(partner=partner, **identity)
    failpoints.reach("after_commit")
    return delivery


def _book_receipt(delivery: Delivery, refusal: Refused | None, *, at: datetime) -> None:
    folder = "quarantine" if refusal else "archive"
    # The content is in the name: after a restore numbers are given again, and nothing may be overwritten.
    name = f"{delivery.pk:09d}-{delivery.sha256[:12] or 'unread'}"
    delivery.archive_path = f"{delivery.partner.code}/{folder}/{at:%Y-%m-%d}/{name}"
    Delivery.objects.filter(pk=delivery.pk).update(archive_path=delivery.archive_path)
    journal("file_received", delivery.file_name, at=at, partner=delivery.partner.code, delivery=delivery.pk)
    if refusal:
        text = f"{delivery.file_name} is refused: {refusal.message}"
        raise_alarm(delivery.partner, "EDI_DELIVERY", f"delivery {delivery.pk}", text, at=at)


def _gate_problem(refusal: Refused) -> dict[str, object]:
    return {
        "code": refusal.code,
        "severity": "reject",
        "segment": None,
        "tag": None,
        "element": None,
        "text": refusal.message,
    }


def settle_in_archive(delivery: Delivery, mine: Claim | None, *, at: datetime) -> bool:
    """Moves the file to its place, which the row already names; True when it lies there. Safe to repeat."""
    failpoints.reach("before_archive")
    if mine is None and delivery.kind != DeliveryKind.FILE:
        transport.keep(delivery.archive_path, bytes(delivery.raw))
    moved = mine is not None and transport.place(mine.path, delivery.archive_path)
    failpoints.reach("after_archive")
    if not moved and not transport.placed(delivery.archive_path):
        return False
    Delivery.objects.filter(pk=delivery.pk, archived_at__isnull=True).update(archived_at=at)
    return True


def _set_aside(partner: TradingPartner, mine: Claim, refusal: Refused, *, at: datetime) -> None:
    relative = f"{partner.code}/quarantine/{at:%Y-%m-%d}/{mine.path.name.partition('.')[0]}"
    with transaction.atomic(durable=True):
        journal(
            "entry_refused", mine.name, at=at, partner=partner.code, code=refusal.code,
            text=refusal.message, kept_at=relative,
        )  # fmt: skip
    transport.place(mine.path, relative)


@contextlib.contextmanager
def flushed_commit() -> Iterator[None]:
    """A transaction that is on the disk when it has committed; the file is archived relying on it.

    SQLite's WAL is otherwise only flushed now and then: a power cut could take back a commit.
    """
    quick = connection.vendor == "sqlite" and not connection.in_atomic_block
    if quick:
        _sqlite_flush("FULL")
    try:
        with transaction.atomic(durable=True):
            yield
    finally:
        if quick:
            _sqlite_flush("NORMAL")


def _sqlite_flush(level: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA synchronous={level}")


def rescue_files(partner: TradingPartner, *, at: datetime) -> list[Delivery]:
    """Takes up what a dead worker left claimed, and marks files that were archived just before a crash."""
    folders = partner_folders(partner.code)
    transport.take_over(folders, worker_name())
    taken = Inbox(partner).leftovers(folders, at=at)
    transport.leave(folders, worker_name())
    for delivery in Delivery.objects.defer("raw").filter(partner=partner, archived_at__isnull=True):
        settle_in_archive(delivery, None, at=at)
    return taken
