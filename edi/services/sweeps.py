"""The safety net of intake: what a dead worker or a lost wake-up left behind is found here."""

from __future__ import annotations

from datetime import datetime

from edi.models import TradingPartner
from edi.services.intake import rescue_files
from edi.services.lanes import sweep_lanes


def sweep_intake(*, at: datetime) -> int:
    """Takes up files of dead workers, marks late archives, runs every lane with work; returns how many."""
    for partner in TradingPartner.objects.all():
        rescue_files(partner, at=at)
    return sweep_lanes()
