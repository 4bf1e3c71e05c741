"""PROBLEM from rows: what the tables say at one moment, as the engine reads it. Nothing is asked of the database here.

A resource that is inactive is not there; an order with an operation no resource is left for is left out whole, with a
warning, so that no plan shows half of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from scheduling.engine.problem import Status
from scheduling.engine.sentences import Sentence
from scheduling.models import (
    ManufacturingOrder,
    NonProductionDay,
    Operation,
    PlanningRules,
    Resource,
    SequencingStep,
    SetupTime,
    ShiftCalendar,
)
from scheduling.states import OperationStatus
from scheduling.steps import initial_entry, step_entry

KEPT = (Status.SEQUENCED, Status.SEQUENCE_LOCKED, Status.LOCKED)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a problem is made from; every relation it follows is fetched.

    `may_run` names, by operation, the resources it is bound to; without an entry all of its work centre.
    """

    rules: PlanningRules
    non_production: Sequence[NonProductionDay]
    resources: Sequence[Resource]
    setup_times: Sequence[SetupTime]
    steps: Sequence[SequencingStep]
    orders: Sequence[ManufacturingOrder]
    operations: Sequence[Operation]
    may_run: Mapping[int, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Built:
    """A problem, the operation behind each of its ids, and what was left out and why."""

    problem: dict[str, Any]
    operation_ids: dict[str, int]
    warnings: list[str]


def build_problem(rows: Rows, *, start: datetime, zone: str, keep: bool) -> Built:
    """The problem of these rows from a moment on. With `keep`, what earlier plans sequenced (15) keeps its order.

    Locked operations (17, 20) and those in progress keep their places either way.
    """
    builder = _Builder(rows, keep)
    operations = builder.operations()
    problem = {
        "start": start.isoformat(timespec="seconds"),
        "zone": zone,
        "calendar": {},
        "resources": [_resource(resource) for resource in rows.resources],
        "delay_calendar": {
            "non_production": [row.day.isoformat() for row in rows.non_production],
            "weekend": rows.rules.weekend,
        },
        "initial_step": initial_entry(rows.rules),
        "setup": [_setup_time(row) for row in rows.setup_times],
        "orders": [_order(order) for order in rows.orders if order.pk in builder.kept_orders],
        "operations": operations,
        "steps": [step_entry(step) for step in rows.steps],
    }
    return Built(problem, builder.ids, builder.warnings)


class _Builder:
    """Operations with what they wait for; orders that cannot be planned drop out first."""

    def __init__(self, rows: Rows, keep: bool) -> None:
        self._rows = rows
        self._keep = keep
        self._codes = {resource.pk: resource.code for resource in rows.resources}
        self._centres: dict[int, list[str]] = {}
        for resource in rows.resources:
            self._centres.setdefault(resource.work_centre_id, []).append(resource.code)
        self.warnings: list[str] = []
        self._of_order: dict[int, list[Operation]] = {}
        for operation in rows.operations:
            self._of_order.setdefault(operation.order_id, []).append(operation)
        self.kept_orders = {order.pk for order in rows.orders if self._can_run(order)}
        self.ids = {
            str(operation): operation.pk
            for operation in rows.operations
            if operation.order_id in self.kept_orders
        }
        self._waits = self._component_waits()

    def operations(self) -> list[dict[str, Any]]:
        """The entries of all operations that are planned."""
        return [
            self._operation(operation)
            for operation in self._rows.operations
            if operation.order_id in self.kept_orders
        ]

    def _can_run(self, order: ManufacturingOrder) -> bool:
        operations = self._of_order.get(order.pk, [])
        if not operations:
            self.warnings.append(Sentence("no-open-operation", order=order.number, part=str(order.part)))
            return False
        for operation in operations:
            if not self._allowed(operation):
                self.warnings.append(
                    Sentence(
                        "no-active-resource",
                        order=order.number,
                        operation=str(operation),
                        centre=str(operation.work_centre),
                    )
                )
                return False
        return True

    def _allowed(self, operation: Operation) -> list[str]:
        """The active resources an operation may run on."""
        if operation.forced_resource_id is not None:
            return (
                [self._codes[operation.forced_resource_id]]
                if operation.forced_resource_id in self._codes
                else []
            )
        bound = self._rows.may_run.get(operation.pk)
        if bound is None:
            return self._centres.get(operation.work_centre_id, [])
        active = set(self._codes.values())
        return [code for code in bound if code in active]

    def _component_waits(self) -> dict[int, list[str]]:
        """By operation, the last operations of the component orders its order waits for."""
        waits: dict[int, list[str]] = {}
        for order in self._rows.orders:
            parent = order.parent_id
            if parent in self.kept_orders and order.pk in self.kept_orders:
                first = min(self._of_order[parent], key=lambda operation: operation.number)
                last = max(self._of_order[order.pk], key=lambda operation: operation.number)
                waits.setdefault(first.pk, []).append(str(last))
        return waits

    def _operation(self, operation: Operation) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "id": str(operation),
            "order": operation.order.number,
            "number": operation.number,
            "work_centre": operation.work_centre.code,
            "hours": operation.hours,
            "quantity": float(operation.quantity),
            "key": operation.key,
        }
        if operation.pk in self._rows.may_run or operation.forced_resource_id is not None:
            entry["resources"] = self._allowed(operation)
        for name in ("setup_standard", "setup_reduced"):
            if (value := getattr(operation, name)) is not None:
                entry[name] = value
        if operation.pk in self._waits:
            entry["predecessors"] = self._waits[operation.pk]
        first = min(each.number for each in self._of_order[operation.order_id])
        if operation.order.not_before is not None and operation.number == first:
            entry["earliest"] = _moment(operation.order.not_before)
        return {**entry, **self._standing(operation), **operation.more}

    def _standing(self, operation: Operation) -> dict[str, Any]:
        """Where it stands: in progress, locked, in its order, or free."""
        if operation.operation_status == OperationStatus.IN_PROGRESS:
            assert operation.actual_resource_id is not None  # by constraint
            code = self._codes.get(operation.actual_resource_id) or self._allowed(operation)[0]
            return {"operation_status": 50, "resource": code, "start": _moment(operation.started_at)}
        status, resource = operation.sequencing_status, self._codes.get(operation.planned_resource_id or 0)
        kept = KEPT if self._keep else KEPT[1:]
        if status in kept and resource is not None and operation.planned_starts_at is not None:
            return {"status": status, "resource": resource, "start": _moment(operation.planned_starts_at)}
        if operation.forced_resource_id is not None:
            return {"resource": self._codes[operation.forced_resource_id]}
        return {}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _order(order: ManufacturingOrder) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": order.number, "weight": order.weight, "firm": order.firm}
    if order.due_at is not None:
        entry["due"] = _moment(order.due_at)
    if order.schedule_number:
        entry["schedule_number"] = order.schedule_number
    return entry


def _resource(resource: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": resource.code,
        "work_centre": resource.work_centre.code,
        "calendar": _calendar(resource.calendar),
        "efficiency": resource.efficiency,
        "priority": resource.sequencing_priority,
        "setup_rule": resource.setup_rule,
    }
    if resource.state:
        entry["state"] = resource.state
    for name in ("setup_standard", "setup_reduced"):
        if (value := getattr(resource, name)) is not None:
            entry[name] = value
    capacities = [[row.from_date.isoformat(), row.factor] for row in resource.capacities.all()]
    if capacities:
        entry["capacity"] = capacities
    return {**entry, **resource.more}


def _calendar(calendar: ShiftCalendar | None) -> dict[str, Any]:
    """A calendar written out at its resource; none is around the clock."""
    if calendar is None:
        return {}
    week: list[list[list[str]]] = [[] for _ in range(7)]
    for shift in calendar.shifts.all():
        week[shift.weekday].append([_clock(shift.starts), _clock(shift.ends)])
    closed = [row.day.isoformat() for row in calendar.closed_days.all()]
    return {"default": week, "closed": closed}


def _clock(moment: time) -> str:
    return moment.isoformat(timespec="minutes")


def _setup_time(row: SetupTime) -> dict[str, Any]:
    entry: dict[str, Any] = {"from": row.from_key, "to": row.to_key, "hours": row.hours}
    if row.resource is not None:
        entry["resource"] = row.resource.code
    if row.forbidden:
        entry["forbidden"] = True
    if str(row.valid_from) != "2000-01-01":
        entry["valid_from"] = str(row.valid_from)
    if row.valid_to is not None:
        entry["valid_to"] = str(row.valid_to)
    return entry
