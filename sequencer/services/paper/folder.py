"""The folder of a line: every sheet of the next racks, whole or not at all, and nothing that is out of date."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from sequencer.clocks import our_clock
from sequencer.models import Line, PaperFolder, PaperSheet
from sequencer.services.journal import close_tasks, open_task
from sequencer.services.paper.sheets import draw_sheets, pdf_of

EVERY = timedelta(minutes=15)
STALE = timedelta(minutes=30)
# A rack that is not among the next ones any more was built; its sheet may still lie on the floor.
KEPT = timedelta(hours=24)
ALL = "00-all.pdf"
SHEET = re.compile(r"(?P<rack>.+)_v(?P<version>[0-9]+)\.pdf")
KIND = "PAPER_FOLDER"


def folder_of(line: Line) -> Path:
    """The line's own folder, else its own below JIS_PAPER."""
    return (
        Path(line.paper_folder)
        if line.paper_folder
        else settings.PAPER_DIR / _safe(f"{line.plant}-{line.code}")
    )


def name_of(sheet: PaperSheet) -> str:
    return f"{_safe(sheet.rack.number)}_v{sheet.version}.pdf"


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", text).lstrip(".")


def render_due(*, at: datetime) -> int:
    """Renders every line whose sheets are a quarter of an hour old, and those that failed. For a sweep."""
    count = 0
    for line in Line.objects.filter(programs__isnull=False).distinct().select_related("plant", "paper"):
        known = getattr(line, "paper", None)
        if known is not None and not known.problem and known.rendered_at and at - known.rendered_at < EVERY:
            continue
        render_line(line, at=at)
        count += 1
    return count


def render_line(line: Line, *, at: datetime) -> PaperFolder:
    """Draws the sheets of a line's next racks and puts them into its folder.

    Promise: each file appears whole or not at all; a full disk or a missing folder is a task and a sentence on the
    page, never an exception; what stood there before stays. Holds no lock while it writes.
    """
    folder, _ = PaperFolder.objects.get_or_create(line=line)
    path = folder_of(line)
    sheets = draw_sheets(line, at=at)
    problem = ""
    try:
        path.mkdir(parents=True, exist_ok=True)
        for sheet in sheets:
            if not (path / name_of(sheet)).exists():
                _put(path / name_of(sheet), pdf_of([sheet], printed=at))
        codes = [sheet.code for sheet in sheets]
        if sheets and (codes != folder.sheets or not (path / ALL).exists()):
            _put(path / ALL, pdf_of(sheets, printed=at))
        if not sheets:
            (path / ALL).unlink(missing_ok=True)
        _clean(path, {name_of(sheet) for sheet in sheets}, at)
    except OSError as error:
        problem = f"{error.strerror or error}: {error.filename or path}"[:300]
    with transaction.atomic():
        folder.path, folder.tried_at, folder.problem = str(path)[:400], at, problem
        if not problem:
            folder.rendered_at, folder.sheets = at, [sheet.code for sheet in sheets]
            close_tasks(KIND, f"line {line.pk}", at=at, note="the sheets stand in the folder")
        else:
            _alarm(line, f"cannot be written: {problem}", at)
        folder.save()
    return folder


def tell_stale(*, at: datetime) -> int:
    """Lines whose sheets are older than half an hour: nobody would notice before the server is gone. For a sweep."""
    late = PaperFolder.objects.filter(rendered_at__lt=at - STALE, problem="").select_related("line__plant")
    for folder in late:
        assert folder.rendered_at is not None  # filtered
        with transaction.atomic():
            _alarm(folder.line, f"is from {our_clock(folder.rendered_at)}: the rendering does not run", at)
    return len(late)


def _alarm(line: Line, what: str, at: datetime) -> None:
    text = f"PAPER MODE of {line.name} {what}. Without it an outage of the server stops the line"
    open_task(line, KIND, f"line {line.pk}", text, at=at, due_at=at + EVERY)


def _put(path: Path, content: bytes) -> None:
    """By another name and a rename: who prints from the folder never sees half a sheet."""
    part = path.with_name(f".{path.name}.tmp")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _clean(path: Path, current: set[str], at: datetime) -> None:
    """Older versions of a rack go at once; sheets of racks that are built go after a day. Foreign files stay."""
    racks = {found["rack"] for name in current if (found := SHEET.fullmatch(name))}
    for file in path.iterdir():
        found = SHEET.fullmatch(file.name)
        if file.name.startswith(".") and file.name.endswith(".pdf.tmp"):
            file.unlink(missing_ok=True)
        elif found and file.name not in current:
            old = at.timestamp() - file.stat().st_mtime > KEPT.total_seconds()
            if found["rack"] in racks or old:
                file.unlink(missing_ok=True)
