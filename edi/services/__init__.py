"""The verbs of the gate: what comes in, what goes out, and the books."""

from edi.services.alarms import DiskGuard
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
from edi.services.profiles import profile_of
from edi.services.receive import receive_file
from edi.services.sweeps import sweep_intake

__all__ = [
    "DiskGuard",
    "Inbox",
    "Ledger",
    "Outcome",
    "Preview",
    "accept_file",
    "apply_event",
    "deliver",
    "deliver_due",
    "discard_event",
    "issue_asn",
    "issue_due_asns",
    "preview_event",
    "process_delivery",
    "profile_of",
    "receive_file",
    "reprocess_delivery",
    "reprocess_event",
    "rescue_files",
    "resend",
    "run_lane",
    "settle_stale",
    "sweep_intake",
    "sweep_lanes",
    "sweep_outbound",
    "take_answer",
    "take_ledger",
]
