"""`manage.py edi_check_profile DIR [--json]`: does a partner's profile load, and do its pairs read as they should?"""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from edi.formats import ProfileCheck, ProfileError, check_profile

PARTNERS = Path(__file__).resolve().parents[2] / "partners"
# More differences than these help nobody to find the first one.
SHOWN = 20


class Command(BaseCommand):
    """Exit 0 when all is well, 1 when something has to be mended, 2 when the profile cannot be loaded."""

    requires_system_checks = ()
    help = (
        "Check a partner's folder: load profile.toml, hold its tables against each other, read every sample and "
        "compare it with its JSON. Says which values are guessed and what no sample shows. Writes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the folders; a bare name is looked for in edi/partners."""
        parser.add_argument("folder", type=Path, nargs="+", help="folder of a partner, or its name")
        parser.add_argument("--json", action="store_true", help="print one JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check each folder and leave the verdict as exit code."""
        checks = []
        for folder in options["folder"]:
            try:
                checks.append(check_profile(_found(folder)))
            except ProfileError as error:
                raise CommandError(str(error), returncode=2) from None
        if options["json"]:
            self.stdout.write(json.dumps([check.as_json() for check in checks], ensure_ascii=False, indent=1))
        else:
            for check in checks:
                self.tell(check)
        if not all(check.good for check in checks):
            sys.exit(1)

    def tell(self, check: ProfileCheck) -> None:
        """Print one folder's findings for a person."""
        out = self.stdout.write
        out(f"{check.folder}: {check.name}, {check.status}, {len(check.guessed)} value(s) guessed")
        for pair in check.pairs:
            out(f"  {'DIFFERS' if pair.differences else 'ok     '} {pair.sample}")
            for difference in pair.differences[:SHOWN]:
                out(f"          {difference}")
            if len(pair.differences) > SHOWN:
                out(f"          and {len(pair.differences) - SHOWN} more")
        for fault in check.faults:
            out(f"  FAULT   {fault}")
        for advice in check.advice:
            out(f"  look at {advice}")
        for topic, items in check.untested.items():
            out(f"  no pair shows {topic}: {', '.join(items)}")


def _found(folder: Path) -> Path:
    """Return the folder meant: as given, or below edi/partners."""
    if not folder.is_dir() and len(folder.parts) == 1 and (PARTNERS / folder).is_dir():
        return PARTNERS / folder
    return folder
