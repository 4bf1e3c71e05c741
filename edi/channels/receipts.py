"""The seam to OFTP2 and AS2 gateways: programs of their own that speak these protocols and meet us in folders.

`Gateway` says what such a program must offer; `FolderGateway` is the one that exists. Its receipts are small files, one
a receipt, as `docs/transports.md` lays down.
"""

from __future__ import annotations

import json
import posixpath
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from edi.channels.claims import Hold
from edi.channels.placing import delivered
from edi.channels.sending import WireOutbox
from edi.channels.wires import Wire
from edi.models import FetchedFile, PartnerChannel
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.services.outbound import RECEIPT_ALARM, take_receipt
from edi.services.overdue import RECENT, owed_subject
from edi.stability import UNFINISHED
from edi.states import ReceiptStatus
from inventory.errors import Refused

KINDS = ("EERP", "NERP", "MDN")
GOOD = ("delivered", "processed", "received", "ok")
BAD = ("refused", "failed", "error", "rejected")
LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Receipt:
    """One end-to-end receipt. `sent`: it is ours, for a file we fetched; else the partner's, for one we sent."""

    kind: str
    file: str
    status: ReceiptStatus
    sent: bool
    at: datetime | None
    reason: str
    place: str


@dataclass(frozen=True, slots=True)
class Odd:
    """A file in the receipt folder that is no receipt."""

    place: str
    text: str


class Gateway(ABC):
    """A program that carries files to and from a partner and hears whether they arrived."""

    @abstractmethod
    def outbox(self) -> WireOutbox:
        """Where a message is handed over: prepare, publish, is_prepared, holds."""

    @abstractmethod
    def wire(self) -> Wire:
        """Where received files are fetched from."""

    @abstractmethod
    def receipts(self) -> Iterator[Receipt | Odd]:
        """Receipts that were not settled yet, oldest first. The same one may come again after a crash."""

    @abstractmethod
    def settled(self, receipt: Receipt | Odd) -> None:
        """The receipt is booked here, or told to a person; the gateway need not show it again."""

    @abstractmethod
    def taken(self, name: str, sha256: str, at: datetime) -> None:
        """Tells that a received file is safe here, so that its receipt may be sent. Safe to repeat."""


class FolderGateway(Gateway):
    """Any gateway program that reads and writes folders (all of them do)."""

    def __init__(self, held: Hold, wire: Wire) -> None:
        self.held = held
        self.channel: PartnerChannel = held.channel
        self._wire = wire

    def outbox(self) -> WireOutbox:
        return WireOutbox(self.held, self._wire)

    def wire(self) -> Wire:
        return self._wire

    def receipts(self) -> Iterator[Receipt | Odd]:
        folder = self.channel.receipt_folder
        if not folder:
            return
        for item in sorted(self._wire.look(folder), key=lambda one: (one.mtime, one.name)):
            if not item.regular or item.name.startswith(".") or item.name.lower().endswith(UNFINISHED):
                continue
            self.held.pace()
            place = posixpath.join(folder, item.name)
            if item.size > LARGEST:
                yield Odd(place, f"{item.size} bytes are no receipt")
                continue
            try:
                yield read_receipt(b"".join(self._wire.fetch(place)), place)
            except Refused as refusal:
                yield Odd(place, refusal.message)

    def settled(self, receipt: Receipt | Odd) -> None:
        folder, name = posixpath.split(receipt.place)
        done = posixpath.join(folder, "odd" if isinstance(receipt, Odd) else "done")
        try:
            self._wire.rename_new(receipt.place, posixpath.join(done, name))
        except FileExistsError:
            stamp = self.held.clock().strftime("%Y%m%d%H%M%S%f")
            self._wire.rename_new(receipt.place, posixpath.join(done, f"{stamp}-{name}"))

    def taken(self, name: str, sha256: str, at: datetime) -> None:
        folder = self.channel.taken_folder
        note = f"file: {name}\nsha256: {sha256}\nat: {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode()
        hidden = posixpath.join(folder, f".{name}.taken.tmp")
        self._wire.put(hidden, note, self.held.pace)
        self._wire.publish(hidden, posixpath.join(folder, f"{name}.taken"))


def read_receipt(raw: bytes, place: str = "") -> Receipt:
    """A receipt file: a JSON object, or lines `key: value`. Refuses what it cannot be sure of."""
    try:
        text = raw.decode("utf-8-sig")
        facts = json.loads(text) if text.lstrip().startswith("{") else _lines(text)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Refused("bad_receipt", "it is neither lines `key: value` nor a JSON object") from None
    facts = {str(key).strip().lower(): str(value).strip() for key, value in facts.items()}
    kind, file = facts.get("kind", "").upper(), posixpath.basename(facts.get("file", ""))
    if kind not in KINDS:
        raise Refused("bad_receipt", f"kind is {kind or 'missing'}; it must be one of {', '.join(KINDS)}")
    if not file:
        raise Refused("bad_receipt", "file is missing: the name of the file that is confirmed")
    status = _status(kind, facts.get("status") or facts.get("disposition") or "")
    direction = facts.get("direction", "received").lower()
    if direction not in ("received", "sent"):
        raise Refused("bad_receipt", f"direction is {direction}; it must be received or sent")
    moment, reason = _moment(facts.get("at", "")), facts.get("reason", "")
    return Receipt(kind, file, status, direction == "sent", moment, reason[:200], place)


def _lines(text: str) -> dict[str, str]:
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    if not pairs or not all(mark for _, mark, _ in pairs):
        raise ValueError
    return {key.strip(): value for key, _, value in pairs}


def _status(kind: str, told: str) -> ReceiptStatus:
    """EERP says yes and NERP no by themselves; an MDN says it by its disposition."""
    if kind == "NERP":
        return ReceiptStatus.REFUSED
    words = told.lower().replace("/", " ").replace(";", " ").replace(":", " ").split()
    if any(word in BAD for word in words):
        return ReceiptStatus.REFUSED
    if kind == "EERP" or any(word in GOOD for word in words):
        return ReceiptStatus.DELIVERED
    raise Refused("bad_receipt", f"status {told!r} of the MDN says neither {GOOD[0]} nor {BAD[0]}")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def settle_receipts(held: Hold, gateway: Gateway) -> int:
    """Books every receipt at the message or file it speaks of; returns how many.

    Promise: committed first, moved away after, so a crash books the same one again, which changes nothing. One
    that fits nothing is told to a person and put aside.
    """
    done = 0
    for found in gateway.receipts():
        with transaction.atomic(durable=True):
            held.renew()
            _book(held, found)
        gateway.settled(found)
        done += 1
    return done


def _book(held: Hold, found: Receipt | Odd) -> None:
    channel, at = held.channel, held.clock()
    if isinstance(found, Odd):
        text = f"{posixpath.basename(found.place)} in the receipt folder of {channel}: {found.text}"
        raise_alarm(channel.partner, RECEIPT_ALARM, f"odd {channel}", text, at=at)
        return
    known = _owed(channel, found, at=at) if found.sent else take_receipt(
        channel.partner, found.file, found.status, found.kind, found.reason, at=found.at or at
    )  # fmt: skip
    if not known:
        text = f"{found.kind} for {found.file} fits nothing that went over {channel}"
        journal("receipt_unmatched", found.file, at=at, partner=channel.partner.code, text=text)


def _owed(channel: PartnerChannel, found: Receipt, *, at: datetime) -> bool:
    """Our own receipt for a file we fetched went out."""
    rows = FetchedFile.objects.filter(
        channel=channel, receipt_at__isnull=True, remote_path=posixpath.join(channel.in_folder, found.file)
    )
    row = rows.order_by("pk").first()
    if row is None:
        return False
    if found.status == ReceiptStatus.REFUSED:
        text = (
            f"the gateway told the partner that {found.file} was refused: {found.reason or 'no reason given'}"
        )
        raise_alarm(channel.partner, RECEIPT_ALARM, owed_subject(row), text, at=at)
    else:
        clear_alarm(RECEIPT_ALARM, owed_subject(row), at=at, note="the receipt went out")
    row.receipt_at = found.at or at
    row.save(update_fields=["receipt_at"])
    return True


def tell_taken(held: Hold, gateway: Gateway) -> int:
    """Tells the gateway of every file fetched of late that is a delivery by now; returns how many."""
    waiting = FetchedFile.objects.filter(
        channel=held.channel,
        taken_at__isnull=True,
        placed_at__isnull=False,
        fetched_at__gte=held.clock() - RECENT,
    )
    told = 0
    for row in waiting.order_by("pk"):
        if delivered(held.channel, row.inode, row.size, row.local_mtime_ns):
            gateway.taken(posixpath.basename(row.remote_path), row.sha256, held.clock())
            row.taken_at = held.clock()
            row.save(update_fields=["taken_at"])
            told += 1
    return told
