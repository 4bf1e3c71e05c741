"""Calls of a quantity and kanban calls, from the line of a schedule to the box on the truck."""

from sequencer.services.quantity.boxes import plate_of
from sequencer.services.quantity.calls import (
    QuantityNews,
    call_quantity,
    change_call,
    follow_schedule,
    progress_of,
    settle_deliveries,
    shipped_pieces,
    withdraw_call,
)
from sequencer.services.quantity.packing import calls_for, packing_for

__all__ = [
    "QuantityNews",
    "call_quantity",
    "calls_for",
    "change_call",
    "follow_schedule",
    "packing_for",
    "plate_of",
    "progress_of",
    "settle_deliveries",
    "shipped_pieces",
    "withdraw_call",
]
