"""Orders that concern the scheduler: a plan with a run, a worker that is killed while it plans, what the rows say."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

KEYS = ("RED", "BLUE", "GREEN")
MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)


def plan() -> int:
    """A press with orders of two colours, a step that searches for a second, and a run of it in the queue."""
    from inventory.models import Part
    from scheduling import services
    from scheduling.models import (
        ManufacturingOrder,
        Operation,
        Resource,
        SequencingStep,
        SetupTime,
        WorkCentre,
    )

    press, part = WorkCentre.objects.create(code="PRESS"), Part.objects.create(number="HOUSING")
    Resource.objects.create(code="P1", work_centre=press)
    SetupTime.objects.create(from_key="*", to_key="*", hours=1)
    for key in KEYS:
        SetupTime.objects.create(from_key=key, to_key=key, hours=0)
    SequencingStep.objects.create(number=10, type="minimise_setup", work_centre=press)
    for number in range(12):
        order = ManufacturingOrder.objects.create(number=f"O{number}", part=part, quantity=1)
        key = KEYS[number % 3]
        Operation.objects.create(order=order, number=10, work_centre=press, hours=1, quantity=1, key=key)
    made = services.plan_from_orders(start=MONDAY, by="planner", at=MONDAY)
    return services.request_run(made.pk, by="planner", at=MONDAY, seconds=1.0).pk


def schedule(milliseconds: str = "") -> int:
    """A worker of the scheduler: killed with -9 after that time, or left alone until nothing waits."""
    from tests.crash.mortal import child

    pid = child(_until_killed if milliseconds else _until_done)
    if milliseconds:
        time.sleep(int(milliseconds) / 1000)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _sweep() -> bool:
    """One sweep and its runs; whether any is still open."""
    from django.utils import timezone

    from scheduling import services
    from scheduling.models import ScheduleRun
    from scheduling.services import runs

    runs.STALE, runs.BEAT_SECONDS, runs.MOST_CLAIMS = timedelta(seconds=0.3), 0.05, 1000
    services.take_back_stale_runs(at=timezone.now())
    for run_id in services.due_runs():
        services.run_schedule(run_id)
    return ScheduleRun.objects.filter(status__in=["QUEUED", "RUNNING"]).exists()


def _until_killed() -> None:
    while True:
        _sweep()
        time.sleep(0.05)


def _until_done() -> None:
    while _sweep():
        time.sleep(0.05)


def planned() -> dict[str, Any]:
    from scheduling.models import Plan, PlanMove, PlannedOperation, ScheduleRun

    run = ScheduleRun.objects.get()
    bars = PlannedOperation.objects.order_by("position").values_list("operation__key", flat=True)
    return {
        "status": run.status,
        "claims": run.claim_count,
        "version": Plan.objects.get().version,
        "runs_written": PlanMove.objects.filter(kind="RUN").count(),
        "keys": list(bars),
    }


ORDERS = {"plan": plan, "schedule": schedule, "planned": planned}
