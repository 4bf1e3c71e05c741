"""Watches the inboxes of all active partners and takes in what is finished. Two watchers do no harm.

One partner's folder that cannot be read or written is told to a person and keeps nobody else waiting.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from edi import transport
from edi.arrivals import Arrivals
from edi.models import TradingPartner
from edi.services import DiskGuard, Inbox, process_delivery
from edi.services.alarms import clear_alarm, raise_alarm
from edi.transport import partner_folders, worker_name
from inventory.errors import Refused
from sequencer.services import beat

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25
SCAN_SECONDS = 1.0
PARTNER_SECONDS = 5.0
BEAT_SECONDS = 2.0
DISK_SECONDS = 60.0
ALARM = "EDI_FOLDER"


class Command(BaseCommand):
    help = "Watches every partner's inbox; a finished file becomes a delivery."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="scan once and end")
        parser.add_argument("--inline", action="store_true", help="also process here, without workers")

    def handle(self, *args: Any, **options: Any) -> None:
        watcher = Watcher(inline=options["inline"])
        if options["once"]:
            watcher.refresh()
            watcher.scan()
        else:
            signal.signal(signal.SIGTERM, watcher.stop)
            signal.signal(signal.SIGINT, watcher.stop)
            watcher.run()
        watcher.leave()


class Watcher:
    def __init__(self, *, inline: bool = False) -> None:
        self.inline = inline
        self.inboxes: dict[str, Inbox] = {}
        self.arrivals = Arrivals()
        self.disk = DiskGuard()
        self.running = True
        self.due: dict[str, float] = {}
        # Which folder each inbox was, and of whose we told that something is wrong.
        self.places: dict[str, tuple[int, int]] = {}
        self.troubled: set[str] = set()

    def stop(self, signum: int, frame: FrameType | None) -> None:
        self.running = False

    def run(self) -> None:
        while self.running:
            try:
                self.turn()
            except (OperationalError, InterfaceError, OSError):
                # Files stay where they are; nothing is lost while the database or the disk is away.
                log.exception("inbox scan failed; it is tried again")
                connection.close()
                time.sleep(1)
            self.arrivals.wait(POLL_SECONDS)

    def turn(self) -> None:
        if self._is_due("partners", PARTNER_SECONDS):
            self.refresh()
        if self._is_due("beat", BEAT_SECONDS):
            beat("watch_inbox", at=timezone.now())
        if self._is_due("disk", DISK_SECONDS):
            self.disk.check(at=timezone.now())
        self.scan(everything=self._is_due("scan", SCAN_SECONDS))

    def _is_due(self, name: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self.due.get(name, 0.0):
            return False
        self.due[name] = now + seconds
        return True

    def refresh(self) -> None:
        """Reads the partners again: one that was entered a moment ago gets its folders here."""
        active = {partner.code: partner for partner in TradingPartner.objects.filter(active=True)}
        self.inboxes = {code: self.inboxes.get(code, Inbox(partner)) for code, partner in active.items()}
        for code, inbox in self.inboxes.items():
            # Somebody may have given him another profile, and with it other names and layouts of his files.
            inbox.partner = active[code]
        for code, partner in active.items():
            with self._told(partner, clears=False):
                self._watch(partner, partner_folders(code).inbox)

    def _watch(self, partner: TradingPartner, inbox: Path) -> None:
        """Watches an inbox; tells when it is another folder than before, as behind a lost mount."""
        facts = inbox.stat()
        place = (facts.st_dev, facts.st_ino)
        before = self.places.get(partner.code)
        self.places[partner.code] = place
        if before not in (None, place):
            self.arrivals.forget(inbox)
            text = (
                f"the inbox of {partner} is another folder than before: it was deleted and made again, or a mount "
                f"is missing. Look whether files of the partner lie elsewhere; {inbox} is watched now"
            )
            with transaction.atomic():
                raise_alarm(partner, ALARM, f"replaced {partner.code}", text, at=timezone.now())
        self.arrivals.watch(inbox)

    @contextlib.contextmanager
    def _told(self, partner: TradingPartner, *, clears: bool) -> Iterator[None]:
        """Tells once that something is wrong with one partner's folders, and clears it after a whole scan."""
        subject = f"folders of {partner.code}"
        try:
            yield
        except (OSError, Refused) as error:
            log.warning("%s: %s", partner, error)
            if partner.code not in self.troubled:
                text = f"files of {partner} wait, its folders cannot be worked in: {error}. Give them to this user"
                with transaction.atomic():
                    raise_alarm(partner, ALARM, subject, text, at=timezone.now())
                self.troubled.add(partner.code)
            return
        if clears and partner.code in self.troubled:
            clear_alarm(ALARM, subject, at=timezone.now(), note="its folders can be worked in again")
            self.troubled.discard(partner.code)

    def scan(self, *, everything: bool = True) -> None:
        """Looks into every inbox; between full scans only where a file arrived by rename."""
        for inbox in self.inboxes.values():
            # What is broken is looked at again with the full scan only.
            if everything or inbox.partner.code not in self.troubled:
                with self._told(inbox.partner, clears=everything):
                    self._scan_one(inbox, everything=everything)

    def _scan_one(self, inbox: Inbox, *, everything: bool) -> None:
        code = inbox.partner.code
        moved_in = self.arrivals.moved_in(partner_folders(code).inbox)
        if everything or moved_in:
            for delivery in inbox.scan(at=timezone.now(), moved_in=moved_in):
                log.info("%s: %s is delivery %s", code, delivery.file_name, delivery.pk)
                if self.inline:
                    process_delivery(delivery.pk)

    def leave(self) -> None:
        self.arrivals.close()
        for code in self.inboxes:
            with contextlib.suppress(OSError, Refused):
                transport.leave(partner_folders(code), worker_name())
