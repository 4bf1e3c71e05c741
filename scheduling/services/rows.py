"""Between tables and the engine: rows gathered for a problem, results written as bars."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from scheduling.engine import Problem, ProblemError, read_problem
from scheduling.engine.manual import positions
from scheduling.models import (
    ManufacturingOrder,
    NonProductionDay,
    Operation,
    Plan,
    PlannedOperation,
    PlanningRules,
    Resource,
    SequencingStep,
    SetupTime,
)
from scheduling.problems import Built, Rows, build_problem
from scheduling.sayings import refusal
from scheduling.states import OperationStatus, OrderStatus

# Names in one question, well below what any database takes.
CHUNK = 400
PUT = """
UPDATE scheduling_plannedoperation SET resource_id = new.column2, position = new.column3, starts_at = new.column4,
ends_at = new.column5, setup_hours = new.column6, status = new.column7, late_minutes = new.column8,
late = new.column8 > 0, secondary_id = CAST(new.column9 AS bigint)
FROM (VALUES {values}) AS new WHERE plan_id = %s AND operation_id = new.column1
"""
OPEN_ORDERS = (OrderStatus.PLANNED, OrderStatus.FIRM, OrderStatus.RELEASED)


def rules() -> PlanningRules:
    """The initial step; its defaults where nobody entered one."""
    return PlanningRules.objects.first() or PlanningRules(pk=1)


def gathered() -> Rows:
    """All open orders with what they are planned from."""
    orders = ManufacturingOrder.objects.filter(status__in=OPEN_ORDERS).select_related("part").order_by("pk")
    operations = list(
        Operation.objects.filter(order__status__in=OPEN_ORDERS)
        .exclude(operation_status=OperationStatus.DONE)
        .select_related("order", "work_centre")
        .order_by("order_id", "number")
    )
    may_run: dict[int, list[str]] = {}
    bound = Operation.resources.through.objects.filter(operation__order__status__in=OPEN_ORDERS)
    for operation_id, code in bound.order_by("pk").values_list("operation_id", "resource__code"):
        may_run.setdefault(operation_id, []).append(code)
    resources = Resource.objects.filter(active=True).select_related("work_centre", "calendar")
    return Rows(
        rules=rules(),
        non_production=list(NonProductionDay.objects.all()),
        resources=list(resources.prefetch_related("capacities", "calendar__shifts", "calendar__closed_days")),
        setup_times=list(SetupTime.objects.exclude(resource__active=False).select_related("resource")),
        steps=list(SequencingStep.objects.select_related("work_centre")),
        orders=list(orders),
        operations=operations,
        may_run=may_run,
    )


def built(*, start: datetime, keep: bool) -> Built:
    """The problem of this moment."""
    return build_problem(gathered(), start=start, zone=settings.TIME_ZONE, keep=keep)


def parsed(problem: Mapping[str, Any]) -> Problem:
    """A problem as the engine has it; refuses (422) with the engine's own sentence."""
    try:
        return read_problem(problem)
    except ProblemError as error:
        raise refusal("bad_planning_data", error) from error


def operation_ids(names: Iterable[str]) -> dict[str, int]:
    """The rows behind the ids of a problem, by `ORDER/NUMBER`."""
    orders = sorted({name.rpartition("/")[0] for name in names})
    found: dict[str, int] = {}
    for begin in range(0, len(orders), CHUNK):
        rows = Operation.objects.filter(order__number__in=orders[begin : begin + CHUNK]).order_by()
        for pk, order, number in rows.values_list("pk", "order__number", "number"):
            found[f"{order}/{number}"] = pk
    return found


def late_minutes(seconds: int) -> int:
    """Whole minutes late, a begun one counted."""
    return math.ceil(seconds / 60)


class Put(NamedTuple):
    """One bar's new place."""

    operation_id: int
    resource_id: int
    position: int
    starts_at: datetime
    ends_at: datetime
    setup_hours: float
    status: int
    late_minutes: int
    secondary_id: int | None


def put(plan_id: int, bars: Sequence[Put]) -> None:
    """New places of bars the plan has, in the caller's transaction. A drop may put thousands: one UPDATE a chunk."""
    moment = connection.ops.adapt_datetimefield_value
    for begin in range(0, len(bars), CHUNK):
        chunk, said = bars[begin : begin + CHUNK], list[Any]()
        for bar in chunk:
            said += [*bar[:3], moment(bar.starts_at), moment(bar.ends_at), *bar[5:]]
        values = ", ".join([f"({', '.join(['%s'] * len(Put._fields))})"] * len(chunk))
        with connection.cursor() as cursor:
            cursor.execute(PUT.format(values=values), [*said, plan_id])


def bars_of(plan: Plan, problem: Problem, result: Mapping[str, Any]) -> list[PlannedOperation]:
    """The bars a result says, not yet stored. What it left out, and what is no longer there, has none."""
    placed = [entry for entry in result["operations"] if entry["resource"] is not None]
    starts = {
        entry["id"]: (
            entry["resource"],
            problem.plant.seconds(datetime.fromisoformat(entry["start"])),
            problem.plant.seconds(datetime.fromisoformat(entry["end"])),
        )
        for entry in placed
    }
    place = positions(problem.operations, starts)
    late = _late(problem, starts)
    ids = operation_ids(starts)
    resources = dict(Resource.objects.values_list("code", "pk"))
    return [
        PlannedOperation(
            plan=plan,
            operation_id=ids[entry["id"]],
            resource_id=resources[entry["resource"]],
            secondary_id=resources.get(entry["secondary"]),
            position=place[entry["id"]],
            starts_at=problem.plant.moment(starts[entry["id"]][1]),
            ends_at=problem.plant.moment(starts[entry["id"]][2]),
            setup_hours=entry["setup_hours"],
            status=entry["status"],
            late=late[entry["id"]] > 0,
            late_minutes=late[entry["id"]],
            rule=entry["rule"],
            told=entry["told"],
            group=entry["group"] or "",
        )
        for entry in placed
        if entry["id"] in ids
    ]


def _late(problem: Problem, starts: Mapping[str, tuple[str, int, int]]) -> dict[str, int]:
    """By operation, the minutes its order ends after it is due."""
    due = {order.id: order.due for order in problem.orders}
    ends: dict[str, int] = {}
    order_of = {operation.id: operation.order for operation in problem.operations}
    for name, (_, _, end) in starts.items():
        ends[order_of[name]] = max(end, ends.get(order_of[name], 0))
    found = {}
    for name in starts:
        wanted = due[order_of[name]]
        found[name] = 0 if wanted is None else late_minutes(max(0, ends[order_of[name]] - wanted))
    return found
