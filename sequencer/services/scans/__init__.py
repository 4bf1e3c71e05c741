"""Scans: `record_scan` stores each, `routing.judge` finds the step that answers, a `Flow` takes several scans."""

from sequencer.services.scans.flow import Ask, Banner, Flow, Gate
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.slots import current_slot, needs_of, next_rack, slot_is_asked, where_is

__all__ = [
    "Ask",
    "Banner",
    "Flow",
    "Gate",
    "Judging",
    "current_slot",
    "needs_of",
    "next_rack",
    "slot_is_asked",
    "where_is",
]
