"""The tables of production scheduling."""

from scheduling.models.orders import ManufacturingOrder, Operation, Routing, RoutingOperation
from scheduling.models.plans import ExportRow, Plan, PlanMove, PlannedOperation, ScheduledRun, ScheduleRun
from scheduling.models.plant import (
    ClosedDay,
    KeyRule,
    NonProductionDay,
    PlanningRules,
    Resource,
    ResourceCapacity,
    SequencingStep,
    SetupTime,
    Shift,
    ShiftCalendar,
    WorkCentre,
)
from scheduling.models.words import move_row

__all__ = [
    "ClosedDay",
    "ExportRow",
    "KeyRule",
    "ManufacturingOrder",
    "NonProductionDay",
    "Operation",
    "Plan",
    "PlanMove",
    "PlannedOperation",
    "PlanningRules",
    "Resource",
    "ResourceCapacity",
    "Routing",
    "RoutingOperation",
    "ScheduleRun",
    "ScheduledRun",
    "SequencingStep",
    "SetupTime",
    "Shift",
    "ShiftCalendar",
    "WorkCentre",
    "move_row",
]
