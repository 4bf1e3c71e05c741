"""Watches the inboxes of all active partners and takes in what is finished. Two watchers do no harm."""

from __future__ import annotations

import logging
import signal
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from edi import transport
from edi.arrivals import Arrivals
from edi.models import TradingPartner
from edi.services import DiskGuard, Inbox, process_delivery
from edi.transport import partner_folders, worker_name
from sequencer.services import beat

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25
SCAN_SECONDS = 1.0
PARTNER_SECONDS = 5.0
BEAT_SECONDS = 2.0
DISK_SECONDS = 60.0


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
        for code in active:
            self.arrivals.watch(partner_folders(code).inbox)

    def scan(self, *, everything: bool = True) -> None:
        """Looks into every inbox; between full scans only where a file arrived by rename."""
        for code, inbox in self.inboxes.items():
            moved_in = self.arrivals.moved_in(partner_folders(code).inbox)
            if everything or moved_in:
                for delivery in inbox.scan(at=timezone.now(), moved_in=moved_in):
                    log.info("%s: %s is delivery %s", code, delivery.file_name, delivery.pk)
                    if self.inline:
                        process_delivery(delivery.pk)

    def leave(self) -> None:
        self.arrivals.close()
        for code in self.inboxes:
            transport.leave(partner_folders(code), worker_name())
