"""The months of scans on PostgreSQL: `manage.py scan_months`, `... archive 2026-03 --by ANNA --reason "retention"`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inventory.errors import Refused
from sequencer.models import ScanArchive
from sequencer.services import archive_month, bring_back_month, make_months
from sequencer.services.scan_months import month_text, months


class Command(BaseCommand):
    help = "Lists the months of scans, makes the coming ones, archives an old one or brings it back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "act", nargs="?", default="list", choices=["list", "make", "archive", "bring-back"]
        )
        parser.add_argument("month", nargs="?", default="", help="like 2026-03")
        parser.add_argument("--by", default="", help="who decided it")
        parser.add_argument("--reason", default="")

    def handle(self, *args: Any, act: str, month: str, by: str, reason: str, **options: Any) -> None:
        now = timezone.now()
        try:
            if act == "list":
                self.show()
            elif act == "make":
                self.stdout.write("\n".join(make_months(at=now)) or "nothing was missing")
            elif not by.strip():
                raise CommandError("--by: say who decided it")
            elif act == "archive":
                archive = archive_month(month_text(month), at=now, by=by, reason=reason)
                self.stdout.write(f"{archive.scan_count} scans in {archive.file}, sha256 {archive.sha256}")
            else:
                count = bring_back_month(month_text(month), at=now, by=by, reason=reason)
                self.stdout.write(f"{count} scans are back")
        except Refused as no:
            raise CommandError(no.message) from no

    def show(self) -> None:
        for month in months():
            self.stdout.write(f"{month.first:%Y-%m}  {month.rows:>12} scans  {month.size / 1e6:>10.1f} MB")
        for archive in ScanArchive.objects.all():
            self.stdout.write(f"{archive.month:%Y-%m}  {archive.scan_count:>12} scans  in {archive.file}")
