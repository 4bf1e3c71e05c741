"""`manage.py edi_inspect FILE [--partner CODE] [--count]`: what the program understands of a file; writes nothing."""

import json
import os
import resource
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from edi.formats import Inspection, Profile, ProfileError, count, load_profile
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
        parser.add_argument(
            "--count", action="store_true", help="print how much it holds and how fast it was read"
        )
        parser.add_argument("--partner", help="code of a trading partner, or a folder below edi/partners")

    def handle(self, *args: Any, **options: Any) -> None:
        """Stream the JSON to standard output and leave the verdict as exit code."""
        profile = partner_profile(options["partner"]) if options["partner"] else None
        try:
            source = options["file"].open("rb")
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}", returncode=2) from None
        with source:
            accepted = self.count(source, profile) if options["count"] else self.print(source, profile)
        if not accepted:
            sys.exit(1)

    def print(self, source: BinaryIO, profile: Profile | None) -> bool:
        inspection = Inspection(source, profile)
        for piece in inspection.pieces():
            self.stdout.write(piece, ending="")
        return inspection.accepted

    def count(self, source: BinaryIO, profile: Profile | None) -> bool:
        size = os.fstat(source.fileno()).st_size
        begun = time.perf_counter()
        found = count(source, profile)
        seconds = time.perf_counter() - begun
        figures = {
            "bytes": size, "segments": found.segments, "messages": found.messages, "call_offs": found.call_offs,
            "seconds": round(seconds, 3), "peak_mb": round(peak_mb(), 1),
        }  # fmt: skip
        self.stdout.write(json.dumps(figures))
        return found.accepted


def peak_mb() -> float:
    """The largest resident size of this process so far, in MB of a million bytes."""
    try:
        # ru_maxrss would count what the starting process held before it became this one.
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


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
