"""Plans: made from the open orders, copied, compared, published and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale, Unknown
from scheduling.engine import ProblemError, solve
from scheduling.engine.sentences import told
from scheduling.models import ExportRow, Operation, Plan, PlannedOperation, move_row
from scheduling.models.plans import ScheduleRun
from scheduling.sayings import refusal
from scheduling.services.rows import bars_of, built, parsed
from scheduling.states import PLAN_MOVES, OperationStatus, PlanStatus, RunStatus
from sequencer.services.journal import record_event

BATCH = 500
TOPIC = "schedule"


def plan_from_orders(
    *, start: datetime, by: str, at: datetime, name: str = "", keep: bool = True, slot: str = ""
) -> Plan:
    """A draft of all open orders, planned forward without sequencing, so that the board shows something at once.

    Promise: the plan keeps its problem; later changes of master data and orders do not reach it. With `keep`, what
    the published plan sequenced keeps its order. Refuses planning data the engine cannot read (422), and a second
    plan for the same `slot` of a scheduled run (409).
    """
    made = built(start=start, keep=keep)
    problem = parsed(made.problem)
    try:
        result = solve(replace(problem, steps=())).as_json()
    except ProblemError as error:
        raise refusal("cannot_be_planned", error, Refused) from error
    with transaction.atomic(durable=True):
        plan = _new(
            name=name, slot=slot, start_at=start, problem=made.problem, figures=result["after"],
            warnings=[*(told(one) for one in made.warnings), *result["told"]], created_by=by[:60], created_at=at,
        )  # fmt: skip
        PlannedOperation.objects.bulk_create(bars_of(plan, problem, result), batch_size=BATCH)
        record_event(TOPIC, "plan_made", str(plan), at=at, by=by, plan=plan.number)
    return plan


def copy_plan(plan_id: int, *, by: str, at: datetime, name: str = "") -> Plan:
    """A draft that is the same: what is published or was tried stays as it is."""
    source = found(plan_id)
    with transaction.atomic(durable=True):
        plan = _new(
            name=name or source.name, start_at=source.start_at, problem=source.problem, figures=source.figures,
            warnings=source.warnings, batches=source.batches, copied_from=source, created_by=by[:60], created_at=at,
        )  # fmt: skip
        bars = list(PlannedOperation.objects.filter(plan=source))
        for bar in bars:
            bar.pk, bar.plan = None, plan
        PlannedOperation.objects.bulk_create(bars, batch_size=BATCH)
        record_event(TOPIC, "plan_copied", str(plan), at=at, by=by, source=source.number)
    return plan


def found(plan_id: int) -> Plan:
    """One plan; refuses (404) one that is not there."""
    # The problem is megabytes that a drop does not need: whoever reads it has it fetched then.
    plan = Plan.objects.defer("problem").filter(pk=plan_id).first()
    if plan is None:
        raise Unknown("unknown_plan", f"There is no plan with the id {plan_id}.")
    return plan


def _new(**fields: Any) -> Plan:
    """A plan with the next number, in the caller's transaction. Two at once: one is told to try again."""
    number = (Plan.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    try:
        with transaction.atomic():
            return Plan.objects.create(number=number, **fields)
    except IntegrityError as error:
        raise Stale(f"plan {number}") from error


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One order that ends at another time."""

    order: str
    part: str
    due: datetime | None
    before: datetime | None
    after: datetime | None
    minutes: int

    @property
    def hours(self) -> float:
        return self.minutes / 60


@dataclass(frozen=True, slots=True)
class Comparison:
    """Plan `before` against plan `after`; minutes above 0 are later. Lead time is from first start to last end."""

    later: list[OrderChange]
    earlier: list[OrderChange]
    only_before: list[str]
    only_after: list[str]
    moved_count: int
    setup_hours: tuple[float, float]
    late_orders: tuple[int, int]
    tardiness_hours: tuple[float, float]
    lead_time_hours: tuple[float, float]
    utilisation: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Side:
    """What one plan says: bars by operation, and first start, last end and facts by order."""

    bars: Mapping[int, tuple[int, datetime, datetime]]
    spans: Mapping[str, tuple[datetime, datetime]]
    orders: Mapping[str, tuple[str, datetime | None]]
    setup_hours: float
    utilisation: Mapping[str, float]

    @classmethod
    def of(cls, plan: Plan) -> _Side:
        bars: dict[int, tuple[int, datetime, datetime]] = {}
        spans: dict[str, tuple[datetime, datetime]] = {}
        orders: dict[str, tuple[str, datetime | None]] = {}
        setup = 0.0
        rows = PlannedOperation.objects.filter(plan=plan).order_by().values_list(
            "operation_id", "resource_id", "starts_at", "ends_at", "setup_hours", "operation__order__number",
            "operation__order__part__number", "operation__order__due_at",
        )  # fmt: skip
        for pk, resource, starts, ends, hours, order, part, due in rows.iterator(chunk_size=2000):
            bars[pk] = resource, starts, ends
            first, last = spans.get(order, (starts, ends))
            spans[order] = min(first, starts), max(last, ends)
            orders[order] = part, due
            setup += hours
        utilisation = dict(plan.figures.get("utilisation", {}))
        return cls(bars, spans, orders, round(setup, 6), utilisation)

    def late(self) -> list[float]:
        """Hours late of each late order."""
        found = []
        for order, (_begin, end) in self.spans.items():
            due = self.orders[order][1]
            if due is not None and end > due:
                found.append((end - due).total_seconds() / 3600)
        return found

    def lead_time(self) -> float:
        """Hours from first start to last end, on average."""
        spans = [(last - first).total_seconds() / 3600 for first, last in self.spans.values()]
        return round(sum(spans) / len(spans), 3) if spans else 0.0


def compare_plans(before_id: int, after_id: int) -> Comparison:
    """What the second plan does otherwise than the first."""
    before, after = _Side.of(found(before_id)), _Side.of(found(after_id))
    changes = [
        _change(order, before, after)
        for order in sorted(set(before.spans) & set(after.spans))
        if before.spans[order][1] != after.spans[order][1]
    ]
    changes.sort(key=lambda change: -abs(change.minutes))
    return Comparison(
        later=[change for change in changes if change.minutes > 0],
        earlier=[change for change in changes if change.minutes < 0],
        only_before=sorted(set(before.spans) - set(after.spans)),
        only_after=sorted(set(after.spans) - set(before.spans)),
        moved_count=sum(
            before.bars[pk] != after.bars[pk] for pk in set(before.bars) & set(after.bars)
        ),
        setup_hours=(before.setup_hours, after.setup_hours),
        late_orders=(len(before.late()), len(after.late())),
        tardiness_hours=(round(sum(before.late()), 3), round(sum(after.late()), 3)),
        lead_time_hours=(before.lead_time(), after.lead_time()),
        utilisation={
            code: (before.utilisation.get(code, 0.0), after.utilisation.get(code, 0.0))
            for code in sorted({*before.utilisation, *after.utilisation})
        },
    )  # fmt: skip


def _change(order: str, before: _Side, after: _Side) -> OrderChange:
    part, due = after.orders[order]
    was, now = before.spans[order][1], after.spans[order][1]
    return OrderChange(order, part, due, was, now, round((now - was).total_seconds() / 60))


def publish_plan(plan_id: int, *, version: int, by: str, at: datetime) -> Plan:
    """The floor works by this plan from now on; the one before is archived and comes back by `unpublish_plan`.

    Promise: the planned columns of the operations, the work lists and the rows for the ERP are those of this plan.
    What the floor has begun or done meanwhile keeps its own place. Refuses a plan that is no draft, that a run is
    working on, or that is not the version the person saw (409). Locks the plan, then the one before.
    """
    with transaction.atomic(durable=True):
        return put_into_force(plan_id, version=version, by=by, at=at)


def put_into_force(
    plan_id: int, *, version: int, by: str, at: datetime, asked_at: datetime | None = None
) -> Plan:
    """`publish_plan` in the caller's transaction.

    With `asked_at` it refuses as well where another plan was published since: whoever did knew more than a run
    that was asked for before.
    """
    plan = locked(plan_id, version)
    refuse_running(plan)
    before = Plan.objects.select_for_update(no_key=True).filter(status=PlanStatus.PUBLISHED).first()
    if before is not None and asked_at is not None and before.published_at and before.published_at > asked_at:
        told = f"{before.published_by} published {before} meanwhile."
        raise Refused("other_published", told, plan=before.pk)
    if before is not None:
        move_row(before, PLAN_MOVES, PlanStatus.ARCHIVED)
    move_row(plan, PLAN_MOVES, PlanStatus.PUBLISHED, published_by=by[:60], published_at=at, replaced=before)
    _write_export(plan, before)
    _write_operations(plan)
    old = before and before.number
    record_event(TOPIC, "plan_published", str(plan), at=at, by=by, plan=plan.number, before=old)
    return plan


def unpublish_plan(plan_id: int, *, by: str, at: datetime) -> Plan | None:
    """Takes a plan back: it is a draft again, and the plan before it is published. Gives that plan.

    Refuses a plan that is not published. Locks both.
    """
    with transaction.atomic(durable=True):
        plan = locked(plan_id, None)
        before = plan.replaced
        move_row(plan, PLAN_MOVES, PlanStatus.DRAFT, published_by="", published_at=None, replaced=None)
        ExportRow.objects.filter(plan=plan).delete()
        if before is not None:
            move_row(before, PLAN_MOVES, PlanStatus.PUBLISHED)
            _write_operations(before)
        else:
            _clear_operations()
        record_event(TOPIC, "plan_taken_back", str(plan), at=at, by=by, plan=plan.number)
    return before


def locked(plan_id: int, version: int | None) -> Plan:
    """The plan's row under a lock; refuses another version than the person saw (409)."""
    plan = Plan.objects.select_for_update(no_key=True).filter(pk=plan_id).first()
    if plan is None:
        raise Unknown("unknown_plan", f"There is no plan with the id {plan_id}.")
    if version is not None and plan.version != version:
        raise Stale(str(plan), version=plan.version, seen=version)
    return plan


def refuse_running(plan: Plan) -> None:
    """A run writes the whole plan: whoever changes it meanwhile would lose that."""
    run = ScheduleRun.objects.filter(plan=plan, status__in=[RunStatus.QUEUED, RunStatus.RUNNING]).first()
    if run is not None:
        raise Refused(
            "plan_runs",
            _("A run works on plan %(plan)s; wait for it or cancel it.") % {"plan": plan.number},
            run=run.pk,
        )


def _clear_operations() -> None:
    Operation.objects.filter(operation_status=OperationStatus.OPEN).exclude(planned_resource=None).update(
        sequencing_status=10, planned_resource=None, planned_position=None, planned_starts_at=None,
        planned_ends_at=None,
    )  # fmt: skip


def _write_operations(plan: Plan) -> None:
    """The planned columns of the operations nobody has begun, as this plan has them."""
    _clear_operations()
    rows = PlannedOperation.objects.filter(plan=plan, operation__operation_status=OperationStatus.OPEN)
    operations = [
        Operation(
            pk=bar.operation_id, sequencing_status=bar.status, planned_resource_id=bar.resource_id,
            planned_position=bar.position, planned_starts_at=bar.starts_at, planned_ends_at=bar.ends_at,
        )
        for bar in rows
    ]  # fmt: skip
    columns = [
        "sequencing_status", "planned_resource", "planned_position", "planned_starts_at", "planned_ends_at",
    ]  # fmt: skip
    Operation.objects.bulk_update(operations, columns, batch_size=BATCH)


def _write_export(plan: Plan, before: Plan | None) -> None:
    """One row an order, with what the plan before said of it."""
    now, was = _Side.of(plan), _Side.of(before) if before is not None else None
    quantities = dict(
        PlannedOperation.objects.filter(plan=plan)
        .order_by()
        .values_list("operation__order__number", "operation__order__quantity")
    )
    made = _quantities_made(plan)
    ExportRow.objects.filter(plan=plan).delete()
    rows = []
    for order, (starts, ends) in now.spans.items():
        part, due = now.orders[order]
        old = was.spans.get(order) if was is not None else None
        late = (ends - due).total_seconds() / 60 if due is not None and ends > due else 0
        rows.append(
            ExportRow(
                plan=plan, order_number=order, part_number=part,
                quantity=made.get(order, quantities[order]),
                quantity_before=quantities[order], due_at=due, starts_at=starts, ends_at=ends,
                starts_before=old and old[0], ends_before=old and old[1], late_minutes=round(late),
                changed=old != (starts, ends) or order in made,
            )
        )  # fmt: skip
    ExportRow.objects.bulk_create(rows, batch_size=BATCH)


def _quantities_made(plan: Plan) -> dict[str, Decimal]:
    """By order, the quantity its batch makes it, where that is another than it asks for."""
    changes = [
        change for batch in plan.batches for side in ("components", "parents") for change in batch[side]
    ]
    return {
        change["order"]: Decimal(str(change["after"]))
        for change in changes
        if change["after"] != change["before"]
    }


def bumped(plan: Plan, figures: Mapping[str, Any]) -> None:
    """Counts the version up where it is still that of the plan in hand, and a draft; else refuses (409)."""
    counted = Plan.objects.filter(pk=plan.pk, version=plan.version, status=PlanStatus.DRAFT)
    if not counted.update(version=plan.version + 1, figures=figures):
        refuse_other(found(plan.pk), plan.version)
        raise Stale(str(plan))


def refuse_other(plan: Plan, version: int) -> None:
    """Says why a plan cannot be changed by who saw that version."""
    if plan.status != PlanStatus.DRAFT:
        words = _("Plan %(plan)s is no draft; copy it and change the copy.")
        raise Refused("no_draft", words % {"plan": plan.number}, status=plan.status)
    if plan.version != version:
        raise Stale(str(plan), version=plan.version, seen=version)
