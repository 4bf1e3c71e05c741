"""`python -m bench.schedule_board_moves [OPERATIONS] [MOVES]`: how long a drop on the board takes.

In a scratch database a generated plant of 20 resources, two operations an order, is planned forward; then bars are
moved, previewed and taken back at random places. Wall and processor milliseconds of the verbs, and of the first drop
of a process that has not parsed the plan.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

BY, AT = "bench", datetime(2026, 11, 23, 6, tzinfo=UTC)


def fill(count: int) -> None:
    """The plant of `bench.schedule_size` as rows."""
    from bench.schedule_size import generated
    from inventory.models import Part
    from scheduling.models import (
        ManufacturingOrder,
        Operation,
        Resource,
        SetupTime,
        Shift,
        ShiftCalendar,
        WorkCentre,
    )

    data = generated(count)
    part = Part.objects.create(number="PART")
    calendar = ShiftCalendar.objects.create(code="DAY")
    for day in range(5):
        Shift.objects.create(calendar=calendar, weekday=day, starts="06:00", ends="22:00")
    centres = {code: WorkCentre.objects.create(code=code) for code in ("PRESS", "PAINT")}
    resources = {
        row["id"]: Resource.objects.create(
            code=row["id"], work_centre=centres[row["work_centre"]], calendar=calendar, state=row["state"],
            setup_rule="resource", setup_standard=0.5, setup_reduced=0.1,
        )
        for row in data["resources"]
    }  # fmt: skip
    SetupTime.objects.bulk_create(
        SetupTime(from_key=row["from"], to_key=row["to"], hours=row["hours"]) for row in data["setup"]
    )
    orders = ManufacturingOrder.objects.bulk_create(
        ManufacturingOrder(
            number=row["id"],
            part=part,
            quantity=1,
            due_at=datetime.fromisoformat(row["due"]).replace(tzinfo=UTC),
        )
        for row in data["orders"]
    )
    of = {order.number: order for order in orders}
    rows = data["operations"]
    operations = Operation.objects.bulk_create(
        Operation(
            order=of[row["order"]], number=row["number"], work_centre=centres[row["work_centre"]], hours=row["hours"],
            quantity=1, key=row["key"],
        )
        for row in rows
    )  # fmt: skip
    through = Operation.resources.through
    through.objects.bulk_create(
        through(operation_id=operation.pk, resource_id=resources[code].pk)
        for operation, row in zip(operations, rows, strict=True)
        for code in row["resources"]
    )


def timed(verb: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall and processor milliseconds, and what came of it."""
    begun, worked = time.perf_counter(), time.process_time()
    came = verb()
    return (time.perf_counter() - begun) * 1000, (time.process_time() - worked) * 1000, came


def told(name: str, walls: list[float], cpus: list[float], bars: list[int]) -> None:
    walls, cpus = sorted(walls), sorted(cpus)
    p95 = min(int(len(walls) * 0.95), len(walls) - 1)
    print(
        f"{name:>14}: wall median {walls[len(walls) // 2]:.0f} ms, p95 {walls[p95]:.0f}, most {walls[-1]:.0f}; "
        f"processor median {cpus[len(cpus) // 2]:.0f}, p95 {cpus[p95]:.0f}; bars changed median "
        f"{sorted(bars)[len(bars) // 2]}, most {max(bars)}"
    )


def measure(moves: int) -> None:
    from inventory.errors import Refused
    from scheduling import services
    from scheduling.models import PlannedOperation

    wall, _, plan = timed(lambda: services.plan_from_orders(start=AT, by=BY, at=AT))
    print(f"plan from orders: {wall / 1000:.1f} s")
    wall, cpu, shown = timed(lambda: services.picture(plan.pk))
    print(f"first picture, plan not parsed: {wall:.0f} ms, {len(shown['bars'])} bars")
    random, version = Random(1), 1
    bars = list(PlannedOperation.objects.filter(plan=plan).values_list("operation_id", flat=True))
    figures: dict[str, tuple[list[float], list[float], list[int]]] = {}
    refusals = 0
    for number in range(moves):
        bar = PlannedOperation.objects.get(plan=plan, operation=random.choice(bars))
        allowed = list(bar.operation.resources.values_list("pk", flat=True))
        to = bar.operation_id, random.choice(allowed), random.randint(1, 300)
        verbs = ["preview", "move"] + ["undo"] * (number % 3 == 2)
        if number == moves - 1:
            services.forget_boards()
            verbs = ["move, not parsed"]
        for name in verbs:
            if name == "preview":
                verb: Callable[[], Any] = partial(services.preview_move, plan.pk, *to, version=version)
            elif name == "undo":
                verb = partial(services.undo_move, plan.pk, version=version, by=BY, at=AT)
            else:
                verb = partial(services.move_operation, plan.pk, *to, version=version, by=BY, at=AT)
            try:
                wall, cpu, came = timed(verb)
            except Refused:
                refusals += 1
                continue
            walls, cpus, counts = figures.setdefault(name, ([], [], []))
            walls.append(wall)
            cpus.append(cpu)
            if name != "preview":
                version = came.version
            counts.append(len(came.bars) if name != "preview" else 0)
    for name, (walls, cpus, counts) in figures.items():
        told(name, walls, cpus, counts)
    print(f"{refusals} refused")


def main() -> None:
    count, moves = (int(word) for word in (sys.argv[1:] + ["5000", "60"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("JIS_VAR", folder)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sequencer.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        fill(count)
        measure(moves)


if __name__ == "__main__":
    main()
