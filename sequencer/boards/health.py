"""Is the plant alive: database, processes, disk."""

from __future__ import annotations

import shutil
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from sequencer.boards.units import Board
from sequencer.models import Heartbeat, Printer

# Processes report every few seconds.
BEAT_SOON, BEAT_STOP = timedelta(seconds=60), timedelta(minutes=5)
DISK_SOON, DISK_STOP = 20, 10


def health(*, at: datetime) -> list[Board]:
    """What a system administrator looks at first, with a word and a level each."""
    return [_database(), *_processes(at), *_printers(), _disk()]


def _database() -> Board:
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    took = (time.perf_counter() - begun) * 1000
    return {"name": f"Database ({connection.vendor})", "text": f"answers in {took:.1f} ms", "level": ""}


def _processes(at: datetime) -> list[Board]:
    beats = [_process(beat, at - beat.at) for beat in Heartbeat.objects.order_by("name")]
    return beats or [{"name": "Workers and watcher", "text": "none has reported yet", "level": "soon"}]


def _process(beat: Heartbeat, age: timedelta) -> Board:
    level = "stop" if age > BEAT_STOP else "soon" if age > BEAT_SOON else ""
    return {"name": beat.name, "text": f"reported {int(age.total_seconds())} s ago", "level": level}


def _printers() -> list[Board]:
    """Nothing to say of printers that are well."""
    broken = Printer.objects.filter(active=True, failures__gt=0)
    return [
        {"name": f"Printer {row.code}", "text": row.state_note or row.get_state_display(), "level": "stop"}
        for row in broken
    ]


def _disk() -> Board:
    usage = shutil.disk_usage(settings.SPOOL_DIR)
    free = usage.free * 100 // usage.total
    level = "stop" if free < DISK_STOP else "soon" if free < DISK_SOON else ""
    return {"name": "Disk of the spool", "text": f"{free} % free", "level": level}
