"""Wake-ups and sweeps. A task carries at most a row id; the verbs claim first and are safe to run twice."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from edi import services


@shared_task(name="edi.tasks.process_delivery")
def process_delivery(delivery_id: int) -> None:
    services.process_delivery(delivery_id)


@shared_task(name="edi.tasks.sweep_intake")
def sweep_intake() -> None:
    services.sweep_intake(at=timezone.now())


@shared_task(name="edi.tasks.sweep_outbound")
def sweep_outbound() -> None:
    services.sweep_outbound(at=timezone.now())


@shared_task(name="edi.tasks.sweep_overdue")
def sweep_overdue() -> None:
    services.sweep_overdue(at=timezone.now())


@shared_task(name="edi.tasks.call_due_quantities")
def call_due_quantities() -> None:
    """Lines of delivery schedules whose time to be called has come."""
    services.call_due_quantities(at=timezone.now())


@shared_task(name="edi.tasks.sweep_pulses")
def sweep_pulses() -> None:
    """Who has been silent for too long, and who is heard again."""
    services.check_pulses(at=timezone.now())


@shared_task(name="edi.tasks.close_books")
def close_books() -> None:
    """Closes the days that are over; each once."""
    services.close_books(at=timezone.now())
