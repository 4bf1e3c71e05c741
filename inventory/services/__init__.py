"""What the apps above ask of the part master and of demand."""

from inventory.services.masters import master_for
from inventory.services.releases import (
    ReleaseNews,
    TakenRelease,
    current_schedules,
    lines_of,
    opening_of,
    record_balance,
    take_release,
)
from inventory.services.stock import record_stock_count

__all__ = [
    "ReleaseNews",
    "TakenRelease",
    "current_schedules",
    "lines_of",
    "master_for",
    "opening_of",
    "record_balance",
    "record_stock_count",
    "take_release",
]
