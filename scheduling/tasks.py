"""What the clock wakes in scheduling. A task carries a row id at most; the verbs claim first and may run twice."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_init
from django.utils import timezone

from scheduling import services
from scheduling.engine import warm_up

# A run may take an hour; the row's own heartbeat tells a dead worker long before.
RUN_LIMIT = 4000


@worker_init.connect
def compile_first(**_: Any) -> None:
    """Compiles the planning of many operations, or loads it, before the worker forks, so that no run waits for it."""
    warm_up()


@shared_task(name="scheduling.tasks.sweep_runs")
def sweep_runs() -> None:
    """Runs of dead workers go back into the queue, their plans are published, what waits is offered to a worker."""
    services.take_back_stale_runs(at=timezone.now())
    services.publish_left_over(at=timezone.now())
    for run_id in services.due_runs():
        run_schedule.apply_async((run_id,), expires=5)


@shared_task(name="scheduling.tasks.run_schedule", time_limit=RUN_LIMIT, soft_time_limit=RUN_LIMIT - 100)
def run_schedule(run_id: int) -> None:
    services.run_schedule(run_id)


@shared_task(name="scheduling.tasks.start_scheduled")
def start_scheduled() -> None:
    """Plans the clock asks for: nightly, or whenever a scheduled run says."""
    services.start_scheduled_runs(at=timezone.now())
