"""Every status of production scheduling and the only moves between them. Models derive their choices from here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum


class OrderStatus(StrEnum):
    """A manufacturing order. PLANNED follows its release, FIRM stands whatever the release says, RELEASED is begun."""

    PLANNED = "PLANNED"
    FIRM = "FIRM"
    RELEASED = "RELEASED"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class OrderSource(StrEnum):
    """Where an order comes from: a customer's delivery schedule, a person, or a file."""

    RELEASE = "RELEASE"
    HAND = "HAND"
    CSV = "CSV"


class OperationStatus(IntEnum):
    """What the floor says of an operation."""

    OPEN = 20
    IN_PROGRESS = 50
    DONE = 90


class PlanStatus(StrEnum):
    """A plan. Only a DRAFT changes; what is PUBLISHED the floor works by, and there is one of it."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    ARCHIVED = "ARCHIVED"


class RunStatus(StrEnum):
    """One run of the engine over a plan."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class MoveKind(StrEnum):
    """What changed a plan: a bar put elsewhere, bars locked or let go by hand, a run."""

    MOVE = "MOVE"
    LOCK = "LOCK"
    UNLOCK = "UNLOCK"
    RUN = "RUN"


Moves = Mapping[StrEnum, Mapping[StrEnum, str]]

ORDER_MOVES: Moves = {
    OrderStatus.PLANNED: {
        OrderStatus.FIRM: "firm_order",
        OrderStatus.RELEASED: "start_operation",
        OrderStatus.CANCELLED: "cancel_order",
    },
    OrderStatus.FIRM: {OrderStatus.RELEASED: "start_operation", OrderStatus.CANCELLED: "cancel_order"},
    OrderStatus.RELEASED: {OrderStatus.DONE: "finish_operation"},
    OrderStatus.DONE: {},
    OrderStatus.CANCELLED: {},
}
PLAN_MOVES: Moves = {
    PlanStatus.DRAFT: {PlanStatus.PUBLISHED: "publish_plan"},
    PlanStatus.PUBLISHED: {
        PlanStatus.ARCHIVED: "publish_plan of another",
        PlanStatus.DRAFT: "unpublish_plan",
    },
    PlanStatus.ARCHIVED: {PlanStatus.PUBLISHED: "unpublish_plan of the next"},
}
RUN_MOVES: Moves = {
    RunStatus.QUEUED: {RunStatus.RUNNING: "run_schedule", RunStatus.CANCELLED: "cancel_run"},
    RunStatus.RUNNING: {
        RunStatus.DONE: "run_schedule",
        RunStatus.FAILED: "run_schedule",
        RunStatus.CANCELLED: "cancel_run",
        RunStatus.QUEUED: "take_back_stale_runs",
    },
    RunStatus.DONE: {},
    RunStatus.CANCELLED: {},
    RunStatus.FAILED: {},
}
# By model, as docs/states.md draws them.
NETS: Mapping[str, Moves] = {
    "ManufacturingOrder": ORDER_MOVES,
    "Plan": PLAN_MOVES,
    "ScheduleRun": RUN_MOVES,
}
