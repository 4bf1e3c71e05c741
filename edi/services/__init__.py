"""The verbs of the gate: what comes in, what goes out, and the books."""

from edi.services.alarms import DiskGuard
from edi.services.closing import close_books, verify_closings
from edi.services.corrections import (
    correct_delivery,
    correct_event,
    correct_message,
    preview_correction,
)
from edi.services.counters import accept_transmission_gap, restart_counter
from edi.services.events import (
    Outcome,
    Preview,
    apply_event,
    discard_event,
    preview_event,
    reprocess_event,
)
from edi.services.intake import Inbox, accept_file, rescue_files
from edi.services.lanes import process_delivery, reprocess_delivery, run_lane, sweep_lanes
from edi.services.ledger import Ledger, take_ledger
from edi.services.manual import (
    CALL_COLUMNS,
    COLUMNS,
    approve_entry,
    check_calls,
    enter_calls,
    read_csv,
    refuse_entry,
)
from edi.services.outbound import (
    deliver,
    deliver_due,
    issue_asn,
    issue_due_asns,
    resend,
    settle_stale,
    sweep_outbound,
    take_answer,
)
from edi.services.overdue import sweep_overdue
from edi.services.profiles import profile_of
from edi.services.pulse import check_pulses
from edi.services.quantities import call_due_quantities
from edi.services.receive import receive_file
from edi.services.settling import discard_delivery, discard_many, discard_message, release_many
from edi.services.simulate import Simulation, simulate_delivery
from edi.services.sweeps import sweep_intake
from edi.services.usage import FeedReport, accept_usage, feed_report, watch_usage

__all__ = [
    "CALL_COLUMNS",
    "COLUMNS",
    "DiskGuard",
    "FeedReport",
    "Inbox",
    "Ledger",
    "Outcome",
    "Preview",
    "Simulation",
    "accept_file",
    "accept_transmission_gap",
    "accept_usage",
    "apply_event",
    "approve_entry",
    "call_due_quantities",
    "check_calls",
    "check_pulses",
    "close_books",
    "correct_delivery",
    "correct_event",
    "correct_message",
    "deliver",
    "deliver_due",
    "discard_delivery",
    "discard_event",
    "discard_many",
    "discard_message",
    "enter_calls",
    "feed_report",
    "issue_asn",
    "issue_due_asns",
    "preview_correction",
    "preview_event",
    "process_delivery",
    "profile_of",
    "read_csv",
    "receive_file",
    "refuse_entry",
    "release_many",
    "reprocess_delivery",
    "reprocess_event",
    "rescue_files",
    "resend",
    "restart_counter",
    "run_lane",
    "settle_stale",
    "simulate_delivery",
    "sweep_intake",
    "sweep_lanes",
    "sweep_outbound",
    "sweep_overdue",
    "take_answer",
    "take_ledger",
    "verify_closings",
    "watch_usage",
]
