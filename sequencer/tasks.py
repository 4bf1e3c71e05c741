"""What the clock wakes in the core. Each may run twice or not at all: the next sweep finds the rows."""

from __future__ import annotations

import socket
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from sequencer import services
from sequencer.channels import printers
from sequencer.services import paper, printing

# Rows of transactions that were still open have their id by now, so the chain keeps the order of ids.
SETTLED = timedelta(seconds=5)


@shared_task
def sweep() -> None:
    """Re-resolves unknown parts, releases what is due, finishes racks cut by time, plans shipments, escalates."""
    now = timezone.now()
    steps = (
        services.resolve_unresolved,
        services.release_due,
        services.refresh_lights,
        services.finish_racks_past_time,
        services.plan_shipments,
        services.escalate_asns,
        services.escalate_andons,
        services.expire_overrides,
        services.tell_missed_challenges,
        services.tell_overdue_bypasses,
        paper.tell_stale,
        services.tell_broken_sets,
    )
    failed = []
    for step in steps:
        try:
            step(at=now)
        except Exception as error:  # noqa: BLE001
            # One call that cannot be resolved must not keep trucks from being planned; all are told at the end.
            failed.append(error)
    if failed:
        raise ExceptionGroup("steps of the sweep failed; the next sweep tries them again", failed)


@shared_task
def keep_scans() -> None:
    """The tables of the coming months, and the nonces nobody can repeat any more."""
    now = timezone.now()
    services.make_months(at=now)
    services.forget_nonces(at=now)
    services.forget_lights(at=now)


@shared_task
def render_papers() -> None:
    """The sheets of paper mode, every 15 minutes; looked at each minute, so that a restart delays nothing."""
    paper.render_due(at=timezone.now())


@shared_task
def seal_journal() -> None:
    services.seal_journal(settled_before=timezone.now() - SETTLED)


@shared_task
def sweep_printing() -> None:
    """One task a printer: one that does not answer keeps no other waiting."""
    now = timezone.now()
    printing.adopt_orphans(at=now)
    for printer_id in printing.due_printers(at=now):
        work_printer.apply_async((printer_id,), expires=5)


@shared_task
def work_printer(printer_id: int) -> None:
    printers.work_off(printer_id)


@shared_task
def worker_beat() -> None:
    """Says that beat schedules, the broker carries and a worker works."""
    services.beat(f"worker {socket.gethostname()}", at=timezone.now())
