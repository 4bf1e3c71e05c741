"""`manage.py edi_draft_profile FILE... [--code X]`: a first profile from a partner's sample files."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from edi.formats import ProfileError, draft_profile

PARTNERS = Path(__file__).resolve().parents[2] / "partners"


class Command(BaseCommand):
    """Exit 0 with a profile that loads, 2 when there is nothing to draft from or the folder is there already."""

    requires_system_checks = ()
    help = (
        "Draft profile.toml from sample files of one partner: what the files show is filled in, what a person has "
        "to decide is marked. Prints it; with --code writes it to edi/partners/CODE beside copies of the samples."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the samples, and where the draft goes."""
        parser.add_argument("file", type=Path, nargs="+", metavar="FILE", help="sample files of one partner")
        parser.add_argument("--code", help="name of the new folder below edi/partners")
        parser.add_argument("--into", type=Path, default=PARTNERS, help="where folders of partners stand")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print or write the draft."""
        code = options["code"]
        folder = options["into"] / code if code else None
        if code is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", code):
            raise CommandError(
                f"{code!r} is no name for a folder; use letters, digits, _ and -", returncode=2
            )
        if folder is not None and folder.exists():
            raise CommandError(f"{folder} is there already; nothing was written", returncode=2)
        try:
            samples = [(path.name, path.read_bytes()) for path in options["file"]]
            text = draft_profile(code or "partner", samples)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}", returncode=2) from None
        except (ValueError, ProfileError) as error:
            raise CommandError(str(error), returncode=2) from None
        if folder is None:
            self.stdout.write(text, ending="")
            return
        folder.mkdir(parents=True)
        (folder / "profile.toml").write_text(text, encoding="utf-8")
        for number, (path, (_, data)) in enumerate(zip(options["file"], samples, strict=True), 1):
            suffix = path.suffix if path.suffix not in ("", ".toml", ".json", ".md") else ".edi"
            (folder / f"sample_{number:02d}{suffix}").write_bytes(data)
        shown = os.path.relpath(folder) if folder.is_relative_to(Path.cwd()) else folder
        self.stdout.write(f"{shown}/profile.toml and {len(samples)} sample(s) written")
        self.stdout.write(f"go through its comments, then run: manage.py edi_check_profile {shown}")
