"""`manage.py edi_usage --partner CODE`: what a partner's feed makes use of, and what of it is new."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from edi.formats import Profile, ProfileError, usage_lines
from edi.models import FeedUsage, TradingPartner
from edi.services import FeedReport, accept_usage, feed_report, profile_of
from inventory.errors import Refused


class Command(BaseCommand):
    help = (
        "Report what a partner's newest files use: message types, segments, codes, lengths, separators, character "
        "sets. Exit 1 when something differs from what a person accepted. With --accept that person takes it as "
        "known."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--partner", required=True, metavar="CODE", help="code of the trading partner")
        parser.add_argument(
            "--last", type=int, default=500, metavar="N", help="how many of the newest files (500)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--accept", action="store_true", help="take what is used now as known")
        parser.add_argument("--by", metavar="USER", help="who accepts it")
        parser.add_argument("--reason", default="", help="why it is right")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = TradingPartner.objects.filter(code=options["partner"]).first()
        if partner is None:
            raise CommandError(
                f"there is no partner {options['partner']}; enter it in the admin", returncode=2
            )
        try:
            profile: Profile | None = profile_of(partner)
        except ProfileError as error:
            # The bare segments can be counted without a dialect.
            self.stderr.write(str(error))
            profile = None
        if options["accept"]:
            self.accept(partner, profile, options)
            return
        report = feed_report(partner, profile, last=options["last"])
        if options["json"]:
            self.stdout.write(json.dumps(self.as_json(partner, report), ensure_ascii=False, indent=1))
        else:
            self.tell(partner, report)
        if report.drift:
            sys.exit(1)

    def accept(self, partner: TradingPartner, profile: Profile | None, options: dict[str, Any]) -> None:
        person = get_user_model().objects.filter(username=options["by"] or "", is_active=True).first()
        if person is None:
            raise CommandError("name an active user with --by; a usage is accepted by a person", returncode=2)
        try:
            kinds = accept_usage(
                partner, profile, by=person, reason=options["reason"], at=timezone.now(), last=options["last"]
            )
        except Refused as refusal:
            raise CommandError(refusal.message, returncode=2) from None
        self.stdout.write(f"{partner}: {kinds} type(s) accepted by {person}")

    def as_json(self, partner: TradingPartner, report: FeedReport) -> dict[str, Any]:
        return {
            "partner": partner.code,
            "files": report.files,
            "accepted": report.accepted,
            "types": {kind: usage.as_json() for kind, usage in sorted(report.usage.items())},
            "drift": [item.as_json() for item in report.drift],
        }

    def tell(self, partner: TradingPartner, report: FeedReport) -> None:
        self.stdout.write(f"{partner}: {report.files} file(s)")
        for line in usage_lines(report.usage):
            self.stdout.write(line)
        if not report.accepted:
            self.stdout.write("nobody accepted this use yet: --accept --by USER --reason TEXT")
            return
        row = FeedUsage.objects.filter(partner=partner, accepted_at__isnull=False).latest("accepted_at")
        self.stdout.write(f"accepted by {row.accepted_by} on {row.accepted_at:%Y-%m-%d}: {row.reason}")
        for item in report.drift:
            self.stdout.write(f"NEW  {item.type}: {item.text}")
