"""The production of the demo plant: trims are moulded and painted, sequenced to save tool and colour changes."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random

from django.db import transaction
from django.utils import timezone

from inventory.demand import Wanted
from inventory.models import Customer, CustomerPart, Part
from inventory.services import ReleaseNews, record_stock_count, take_release
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

# What customers plan with us: where it goes, and of each part the pieces by days from now.
CUSTOMERS = {"NORTH": "Northern Motor Works", "SOUTH": "Southern Vehicles"}
RELEASES = (
    ("NORTH", "NORTH-1", "D1", {"TR-100-WHT": {5: 160, 8: 160, 12: 160}, "TR-300-BLK": {6: 60, 13: 60}}),
    ("NORTH", "NORTH-1", "D3", {"TR-100-WHT": {6: 40, 13: 40}}),
    ("SOUTH", "SOUTH-2", "03", {"TR-200-SIL": {5: 60, 9: 90, 12: 60}, "TR-300-BLK": {7: 80}}),
    ("SOUTH", "SOUTH-2", "05", {"TR-200-RED": {8: 70}, "TR-100-WHT": {9: 50}}),
)
# Pieces in the house; planned orders of them are netted, in lots. Nobody counted TR-300-BLK; TR-200-RED is not netted.
COUNTED = {"TR-100-WHT": 150, "TR-200-SIL": 75}
NETTED, LOT = (*COUNTED, "TR-300-BLK"), 20


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
    _releases(at)
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


def _releases(at: datetime) -> None:
    """Two customers' long-range schedules for four docks, counted stock, and the orders that are left to make."""
    today = timezone.localtime(at).date()
    for code, plant, dock, parts in RELEASES:
        customer, _ = Customer.objects.get_or_create(code=code, defaults={"name": CUSTOMERS[code]})
        for number, wanted in parts.items():
            part = Part.objects.get(number=number)
            called = f"{code[0]} {number}"
            CustomerPart.objects.get_or_create(customer=customer, number=called, defaults={"part": part})
            lines = tuple(
                Wanted(Decimal(pieces), today + timedelta(days=days), time="14:00", interval="date")
                for days, pieces in wanted.items()
            )
            news = ReleaseNews(
                customer_id=customer.pk, feed=code, horizon="PLAN", customer_part=called, ship_to=plant, dock=dock,
                source=f"demo {dock} {called}", message=f"demo {dock} {called}", release_number="1", received_at=at,
                today=today, lines=lines,
            )  # fmt: skip
            with transaction.atomic():
                take_release(news, at=at)
    Routing.objects.filter(part__number__in=NETTED).update(net=True, lot_size=LOT)
    for number, pieces in COUNTED.items():
        record_stock_count(number, Decimal(pieces), counted_at=at, by=BY, at=at, note="demo plant")
    services.take_releases(by=BY, at=at)


def _plans(start: datetime, at: datetime) -> None:
    plan = services.plan_from_orders(start=start, by=BY, at=at, name="This week")
    run = services.request_run(plan.pk, by=BY, at=at, seconds=1.0, seed=1)
    services.run_schedule(run.pk)
    plan.refresh_from_db()
    services.publish_plan(plan.pk, version=plan.version, by=BY, at=at)
    services.copy_plan(plan.pk, by=BY, at=at, name="To try things on")
