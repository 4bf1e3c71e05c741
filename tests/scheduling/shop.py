"""A small shop in the database: two presses and a paint line, with what a plan needs."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from inventory.models import Part
from scheduling.models import (
    ManufacturingOrder,
    Operation,
    Resource,
    SequencingStep,
    SetupTime,
    Shift,
    ShiftCalendar,
    WorkCentre,
)

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class Shop:
    """Presses P1 and P2 in PRESS, one shift from 06:00 to 22:00; COAT paints around the clock after them."""

    def __init__(self) -> None:
        self.calendar = ShiftCalendar.objects.create(code="DAY")
        Shift.objects.bulk_create(
            Shift(calendar=self.calendar, weekday=day, starts=time(6), ends=time(22)) for day in range(5)
        )
        self.press = WorkCentre.objects.create(code="PRESS")
        self.paint = WorkCentre.objects.create(code="PAINT")
        self.p1 = Resource.objects.create(code="P1", work_centre=self.press, calendar=self.calendar)
        self.p2 = Resource.objects.create(code="P2", work_centre=self.press, calendar=self.calendar)
        self.coat = Resource.objects.create(code="COAT", work_centre=self.paint, sequencing_priority=20)
        self.part = Part.objects.create(number="HOUSING")
        SetupTime.objects.create(from_key="*", to_key="*", hours=1.0)
        for key in ("RED", "BLUE"):
            SetupTime.objects.create(from_key=key, to_key=key, hours=0.0)

    def order(
        self, number: str, key: str = "RED", hours: float = 2.0, due_hours: float = 48.0, **more: Any
    ) -> ManufacturingOrder:
        """An order of one press operation (10) and one paint operation (20)."""
        order = ManufacturingOrder.objects.create(
            number=number, part=self.part, quantity=10, due_at=MONDAY + timedelta(hours=due_hours), **more
        )
        for step, centre in ((10, self.press), (20, self.paint)):
            Operation.objects.create(
                order=order, number=step, work_centre=centre, hours=hours, quantity=10, key=key
            )
        return order

    def step(self, **more: Any) -> SequencingStep:
        """A Standard step on the presses that groups by the whole colour."""
        return SequencingStep.objects.create(
            **{"number": 10, "work_centre": self.press, "group_from": 1, "group_to": 4, **more}
        )


def browser(role: str = "planner") -> Client:
    """A test client logged in as somebody of that group."""
    user = User.objects.create(username=role)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    client = Client()
    client.force_login(user)
    return client
