"""`manage.py edi_inspect FILE [--partner CODE]`: what the program understands of a file; writes nothing."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from edi.formats import Inspection, Profile, ProfileError, load_profile
from edi.models import TradingPartner

PARTNERS = Path(__file__).resolve().parents[2] / "partners"


class Command(BaseCommand):
    """Exit 0 when every message is accepted, 1 when any is rejected, 2 when there is nothing to read."""

    # Looking at a file needs neither routes nor database, so nothing wrong there may stand in the way.
    requires_system_checks = ()
    help = "Print the canonical reading of an EDI file as one JSON object. Writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file and, where a dialect matters, the partner's code or profile folder."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--partner", help="code of a trading partner, or a folder below edi/partners")

    def handle(self, *args: Any, **options: Any) -> None:
        """Stream the JSON to standard output and leave the verdict as exit code."""
        profile = partner_profile(options["partner"]) if options["partner"] else None
        try:
            source = options["file"].open("rb")
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}", returncode=2) from None
        with source:
            inspection = Inspection(source, profile)
            for piece in inspection.pieces():
                self.stdout.write(piece, ending="")
        if not inspection.accepted:
            sys.exit(1)


def partner_profile(code: str) -> Profile:
    """Return the profile of a trading partner, or of a folder when no partner has that code."""
    try:
        row = TradingPartner.objects.filter(code=code).values_list("profile", flat=True).first()
    except DatabaseError:
        # A file can be looked at on a machine that has no database yet.
        row = None
    folder = row or code
    if not (PARTNERS / folder / "profile.toml").is_file() or Path(folder).name != folder:
        raise CommandError(f"{code!r} is neither a trading partner nor a folder in {PARTNERS}", returncode=2)
    try:
        return load_profile(PARTNERS / folder)
    except ProfileError as error:
        raise CommandError(str(error), returncode=2) from None
