"""The Celery application: wake-ups that carry a row id, and the sweeps that find every due row again.

Nothing is scheduled by a message (no ETA, no countdown): what is due stands in a row. A sweep that waited
longer than its own period is dropped, the next one does its work.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

from sequencer import wakeups  # noqa: F401 - makes the wakeups:// scheme known

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sequencer.settings")

SWEEPS = {
    "edi.tasks.sweep_outbound": 2.0,
    "edi.tasks.sweep_intake": 5.0,
    "edi.tasks.sweep_overdue": 20.0,
    "edi.tasks.sweep_pulses": 15.0,
    "edi.tasks.call_due_quantities": 60.0,
    "edi.tasks.close_books": 300.0,
    "scheduling.tasks.sweep_runs": 1.0,
    "scheduling.tasks.start_scheduled": 30.0,
    "sequencer.tasks.sweep": 5.0,
    "sequencer.tasks.sweep_printing": 1.0,
    "sequencer.tasks.seal_journal": 5.0,
    "sequencer.tasks.keep_scans": 3600.0,
    "sequencer.tasks.render_papers": 60.0,
    "sequencer.tasks.worker_beat": 10.0,
}

# Who answers a scan comes first: what works off a backlog leaves the processor to the stations.
NICE = 5


@worker_init.connect
def stand_back(**_: Any) -> None:
    """Lowers the priority of the worker and of every process it forks."""
    os.nice(NICE)


app = Celery("sequencer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
    for name, seconds in SWEEPS.items()
}
