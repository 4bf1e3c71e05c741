"""The production of the demo plant: trims are moulded and painted, sequenced to save tool and colour changes."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random

from inventory.models import Part
from scheduling import services
from scheduling.models import (
    KeyRule,
    PlanningRules,
    Resource,
    Routing,
    RoutingOperation,
    ScheduledRun,
    SequencingStep,
    SetupTime,
    Shift,
    ShiftCalendar,
    WorkCentre,
)
from scheduling.states import OrderSource

BY = "planner"
ORDERS = 30
TOOLS = {"T1": "Door trim LH", "T2": "Door trim RH", "T3": "Console lid"}
# From light to dark: the digit puts them in that order, and the way back costs a cleaning.
COLOURS = {"WHITE": "1WHT", "SILVER": "2SIL", "RED": "3RED", "BLUE": "4BLU", "BLACK": "5BLK"}
# (code, name, work centre, priority, last setup key)
RESOURCES = (
    ("IM-1", "Moulding machine 1", "MOULD", 10, "T1 5BLK"),
    ("IM-2", "Moulding machine 2", "MOULD", 10, "T2 1WHT"),
    ("IM-3", "Moulding machine 3", "MOULD", 10, "T3 1WHT"),
    ("PAINT-1", "Paint line 1", "PAINT", 20, "1WHT T1"),
    ("PAINT-2", "Paint line 2", "PAINT", 20, "5BLK T3"),
)


def add_demo_production(*, at: datetime) -> None:
    """Enters plant, orders and two plans, one published and a draft to try things on; what stands is left as it is."""
    if WorkCentre.objects.exists():
        return
    centres = _plant()
    _matrix()
    _steps(centres)
    _parts(centres)
    start = at.replace(minute=0, second=0, microsecond=0)
    _orders(start)
    _plans(start, at)


def _plant() -> dict[str, WorkCentre]:
    calendars = {
        code: ShiftCalendar.objects.create(code=code, name=f"{name} shifts, Monday to Saturday")
        for code, name in (("3-SHIFT", "Three"), ("2-SHIFT", "Two"))
    }
    for day in range(6):
        for begin in (6, 14, 22):
            Shift.objects.create(
                calendar=calendars["3-SHIFT"], weekday=day, starts=time(begin), ends=time((begin + 8) % 24)
            )
            if begin < 22:
                Shift.objects.create(
                    calendar=calendars["2-SHIFT"], weekday=day, starts=time(begin), ends=time(begin + 8)
                )
    centres = {code: WorkCentre.objects.create(code=code, name=name) for code, name in
               (("MOULD", "Injection moulding"), ("PAINT", "Paint shop"))}  # fmt: skip
    for code, name, centre, priority, state in RESOURCES:
        shifts = calendars["3-SHIFT" if centre == "MOULD" else "2-SHIFT"]
        Resource.objects.create(
            code=code, name=name, work_centre=centres[centre], calendar=shifts, sequencing_priority=priority,
            state=state, setup_rule="resource",
        )  # fmt: skip
    return centres


def _matrix() -> None:
    """Another tool takes an hour and a half, another resin half an hour; paint gets darker quickly, lighter slowly."""
    rows = [("T?*", "T?*", 1.5)]
    for tool in TOOLS:
        rows += [(f"{tool} *", f"{tool} *", 0.5)]
        rows += [(f"{tool} {code}", f"{tool} {code}", 0.0) for code in COLOURS.values()]
    shades = list(COLOURS.values())
    for place, shade in enumerate(shades):
        for other, code in enumerate(shades):
            hours = 0.0 if place == other else 0.3 if place < other else 1.2
            rows.append((f"{shade}*", f"{code}*", hours))
    SetupTime.objects.bulk_create(
        SetupTime(from_key=old, to_key=new, hours=hours) for old, new, hours in rows
    )


def _steps(centres: dict[str, WorkCentre]) -> None:
    PlanningRules(horizon_days=10, run_seconds=10).save()
    SequencingStep.objects.create(
        number=10, work_centre=centres["MOULD"], description="Keep tools on their machines", group_from=1, group_to=2,
        seq_from=4, seq_to=7, max_group_hours=36, break_if_delay=True,
    )  # fmt: skip
    SequencingStep.objects.create(number=20, type="forward", description="True times for the paint shop")
    SequencingStep.objects.create(
        number=30, type="minimise_setup", work_centre=centres["PAINT"], group_from=1, group_to=4,
        description="Least colour changes, late orders count", more={"lambda": 0.2},
    )  # fmt: skip
    pieces = {"MOULD": (("tool", 3), ("colour", 4)), "PAINT": (("colour", 5), ("tool", 2))}
    for centre, attributes in pieces.items():
        for position, (attribute, length) in enumerate(attributes, 1):
            KeyRule.objects.create(
                work_centre=centres[centre], position=position, attribute=attribute, length=length
            )
    ScheduledRun.objects.create(name="Every night", at=time(4), weekdays="123456", seconds=30, active=False)


def _parts(centres: dict[str, WorkCentre]) -> None:
    for tool, name in TOOLS.items():
        for colour, code in COLOURS.items():
            number = f"TR-{tool[1]}00-{code[1:]}"
            part, _ = Part.objects.get_or_create(
                number=number,
                defaults={"description": f"{name.upper()} · {colour}", "family": "TRIM", "colour": colour},
            )
            routing = Routing.objects.create(part=part)
            for step, centre, each in ((10, "MOULD", 0.012), (20, "PAINT", 0.009)):
                RoutingOperation.objects.create(
                    routing=routing, number=step, work_centre=centres[centre], hours_fixed=0.25, hours_each=each,
                    attributes={"tool": tool, "colour": code},
                )  # fmt: skip


def _orders(start: datetime) -> None:
    random = Random(7)
    parts = list(Part.objects.filter(family="TRIM").order_by("number").values_list("number", flat=True))
    for number in range(1, ORDERS + 1):
        facts = {
            "number": f"MO-{1000 + number}", "part": random.choice(parts), "quantity": random.randrange(60, 320, 20),
            "due_at": start + timedelta(hours=40 + 4 * number), "not_before": None, "weight": 1.0,
            "schedule_number": "", "parent": "",
        }  # fmt: skip
        services.write_order(facts, source=OrderSource.HAND)


def _plans(start: datetime, at: datetime) -> None:
    plan = services.plan_from_orders(start=start, by=BY, at=at, name="This week")
    run = services.request_run(plan.pk, by=BY, at=at, seconds=1.0, seed=1)
    services.run_schedule(run.pk)
    plan.refresh_from_db()
    services.publish_plan(plan.pk, version=plan.version, by=BY, at=at)
    services.copy_plan(plan.pk, by=BY, at=at, name="To try things on")
