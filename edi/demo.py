"""The partners of the demo plant: one speaks EDIFACT, one X12."""

from __future__ import annotations

from datetime import time

from edi.models import CallOffRoute, LinePulse, OemCalendar, TradingPartner, WorkingHours
from inventory.models import Customer
from sequencer.models import SequencingProgram

# (partner, name, customer, profile, {dock: program})
PARTNERS = (
    ("NORTH", "Northern Motor Works EDI", "NORTH", "generic_deljit", {"D1": "N1-DOOR", "D3": "N1-CONSOLE"}),
    ("SOUTH", "Southern Vehicles EDI", "SOUTH", "generic_866", {"03": "S2-SEAT"}),
)


def add_demo_partners() -> None:
    """Enters the demo partners with their routes; what stands is left as it is."""
    for code, name, customer, profile, routes in PARTNERS:
        partner, _ = TradingPartner.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "customer": Customer.objects.get(code=customer),
                "profile": profile,
                "pulse_seconds": 60,
            },
        )
        for dock, program in routes.items():
            CallOffRoute.objects.get_or_create(
                partner=partner,
                dock=dock,
                line_feed="",
                defaults={"program": SequencingProgram.objects.get(code=program)},
            )
        _listen(partner)


def _listen(partner: TradingPartner) -> None:
    """The demo OEM builds in three shifts on every day, as its twin does; ten silent minutes are an alarm."""
    for route in partner.routes.select_related("program__line__plant"):
        line = route.program.line
        calendar, is_new = OemCalendar.objects.get_or_create(plant=line.plant, name="Three shifts")
        if is_new:
            WorkingHours.objects.bulk_create(
                WorkingHours(calendar=calendar, weekday=day, start=time(start), end=time((start + 8) % 24))
                for day in range(7)
                for start in (6, 14, 22)
            )
        LinePulse.objects.get_or_create(partner=partner, line=line, defaults={"calendar": calendar})
