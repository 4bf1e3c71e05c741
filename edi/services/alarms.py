"""What the gate tells people: a journal row always, a task on the board where the partner has a line."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from django.conf import settings

from edi.models import TradingPartner
from sequencer.models import Line, Task
from sequencer.services import close_tasks, open_task, record_event
from sequencer.states import TaskStatus

TOPIC = "edi"
# Percent of the spool's disk that is free.
DISK_LEVELS = (20, 10, 3)


def journal(
    kind: str, subject: str, *, at: datetime, by: str = "", reason: str = "", **facts: object
) -> None:
    """A row of the EDI page's journal, in the caller's transaction."""
    record_event(TOPIC, kind, subject, at=at, by=by, reason=reason, **facts)


def raise_alarm(partner: TradingPartner, kind: str, subject: str, text: str, *, at: datetime) -> None:
    """Something at the gate needs a person. The same open condition is one task; its text is refreshed.

    Sweeps come by every few seconds: what stands on the board in these words is not told again, nor journalled.
    """
    line = Line.objects.filter(programs__in=partner.routes.values("program")).order_by("pk").first()
    said = Task.objects.filter(kind=kind, subject=subject[:80], text=text[:300])
    if line is not None and said.exclude(status=TaskStatus.DONE).exists():
        return
    journal("alarm", subject, at=at, partner=partner.code, alarm=kind, text=text)
    if line is not None:
        open_task(line, kind, subject, text, at=at)


def clear_alarm(kind: str, subject: str, *, at: datetime, note: str = "") -> None:
    """The condition cleared by itself."""
    close_tasks(kind, subject, at=at, note=note)


class DiskGuard:
    """Tells once when the spool's disk falls below 20, 10 and 3 percent free; again after it recovered."""

    def __init__(self) -> None:
        self.level = 100

    def check(self, *, at: datetime) -> int:
        """The free space in percent, booked when it crossed a level downwards."""
        usage = shutil.disk_usage(Path(settings.SPOOL_DIR))
        free = usage.free * 100 // usage.total
        crossed = [level for level in DISK_LEVELS if free < level]
        level = min(crossed, default=100)
        if level < self.level:
            journal("disk_low", str(settings.SPOOL_DIR), at=at, free_percent=free, level=level)
        self.level = level
        return free
