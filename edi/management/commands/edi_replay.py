"""Rebuilds call-offs from the raw archive in a scratch database and compares them with the live ones."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from argparse import SUPPRESS
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from edi.management.moments import moment
from edi.models import TradingPartner
from edi.services.replay import Replay, gather, judge, live_pictures, play
from edi.twin.plant import MANAGE, make_tables, scratch_environment


class Command(BaseCommand):
    help = (
        "Plays the stored files of a period through the intake of an empty plant; exit 1 when a call differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="since", default="", help="a day or time; a day ago when left out")
        parser.add_argument("--to", dest="until", default="", help="a day or time; now when left out")
        parser.add_argument("--partner", default="", metavar="CODE", help="this one and its test side only")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--play", default="", help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["play"]:
            make_tables()
            play(Path(options["play"]))
            return
        now = timezone.now()
        since = moment(options["since"], otherwise=now - timedelta(days=1))
        until = moment(options["until"], otherwise=now)
        partners = self.partners(options["partner"])
        with tempfile.TemporaryDirectory(prefix="jis-replay-") as name:
            folder = Path(name)
            files = gather(folder, partners, since, until)
            live, apart = live_pictures(partners, since, until)
            in_scratch_plant(folder)
            found = judge(folder, files, live, apart)
        self.tell(found, as_json=options["json"])
        if found.differences:
            sys.exit(1)

    def partners(self, code: str) -> list[TradingPartner]:
        if not code:
            return list(TradingPartner.objects.order_by("pk"))
        partner = TradingPartner.objects.select_related("test_side").filter(code=code).first()
        if partner is None:
            raise CommandError(f"there is no partner {code}")
        return [one for one in (partner, partner.test_side) if one is not None]

    def tell(self, found: Replay, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(found)))
            return
        for item in found.differences:
            self.stdout.write(
                f"{item.call_number} {item.fact}: live {item.here or '—'}, rebuilt {item.there or '—'}"
            )
        self.stdout.write(
            f"{found.files} files, {found.calls} calls compared, {len(found.differences)} facts differ, "
            f"{found.left_out} calls left out (heard of outside the period too)"
        )


def in_scratch_plant(folder: Path) -> None:
    """Plays the job in a database of its own on the configured engine, which is gone afterwards."""
    with scratch_environment() as env:
        # The scratch plant sends nothing and serves nobody; what production demands of a server is not its matter.
        env = {**env, "JIS_PRODUCTION": "0"}
        command = [*MANAGE, "edi_replay", "--skip-checks", "--play", str(folder)]
        played = subprocess.run(command, env=env, stdout=sys.stderr, check=False)
    if played.returncode:
        raise CommandError("the replay itself failed; nothing was compared")
