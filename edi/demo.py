"""The partners of the demo plant: one speaks EDIFACT, one X12."""

from __future__ import annotations

from edi.models import CallOffRoute, TradingPartner
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
