"""What the clock wakes in the core. Each may run twice or not at all: the next sweep finds the rows."""

from __future__ import annotations

import socket
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from sequencer import services

# Rows of transactions that were still open have their id by now, so the chain keeps the order of ids.
SETTLED = timedelta(seconds=5)


@shared_task
def sweep() -> None:
    """Re-resolves unknown parts and plans shipments for what has been cut."""
    now = timezone.now()
    services.resolve_unresolved(at=now)
    services.plan_shipments(at=now)


@shared_task
def seal_journal() -> None:
    services.seal_journal(settled_before=timezone.now() - SETTLED)


@shared_task
def worker_beat() -> None:
    """Says that beat schedules, the broker carries and a worker works."""
    services.beat(f"worker {socket.gethostname()}", at=timezone.now())
