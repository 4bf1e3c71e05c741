"""Gives a partner a test side beside production."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from edi.models import TradingPartner
from edi.services.sides import make_test_side
from inventory.errors import Refused


class Command(BaseCommand):
    help = (
        "Makes the test side of a partner: what arrives marked as a test is applied there and nowhere else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("partner", metavar="CODE")
        parser.add_argument("--profile", default="", help="folder below edi/partners that is to be certified")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = TradingPartner.objects.filter(code=options["partner"]).first()
        if partner is None:
            raise CommandError(f"there is no partner {options['partner']}; enter it in the admin first")
        try:
            side = make_test_side(partner, profile=options["profile"], at=timezone.now())
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{side.code} takes the tests of {partner.code}, read by {side.profile}")
        for route in side.routes.select_related("program"):
            self.stdout.write(f"  {route} -> {route.program.code}")
