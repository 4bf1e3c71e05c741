"""Works every active channel: fetches, sends, listens. Two of these do no harm; each channel is worked by one."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from edi.channels import Runner, work_once
from sequencer.services import beat


class Command(BaseCommand):
    help = "Fetches from, sends to and listens for partners over their active channels (docs/transports.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="one turn of each fetching or sending channel"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            work_once(everything=True)
            return
        runner = Runner(alive=lambda: beat("edi_channels", at=timezone.now()))

        def stop(number: int, frame: FrameType | None) -> None:
            runner.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        runner.run()
