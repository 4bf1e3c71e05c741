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
