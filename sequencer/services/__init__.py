"""The verbs of the shop floor. Everything that changes state goes through one of these."""

from sequencer.services.calls import (
    HOLD_CODES,
    Taken,
    free_group,
    hold_group,
    resolve_unresolved,
    take_call_off,
)
from sequencer.services.facts import amend_facts
from sequencer.services.holds import hold_stream, release_stream_hold
from sequencer.services.journal import (
    acknowledge_task,
    beat,
    broken_link,
    close_task,
    close_tasks,
    open_task,
    record_event,
    seal_journal,
)
from sequencer.services.masters import recall, shared_masters
from sequencer.services.racks import (
    accept_gap,
    approve_holes,
    close_stream,
    reopen_rack,
    restart_stream,
    seal_rack,
    start_stream,
)
from sequencer.services.scans import record_scan
from sequencer.services.shipping import (
    depart_shipment,
    plan_shipments,
    record_asn_status,
    return_carrier,
    send_short,
)
from sequencer.services.verdicts import Verdict
from sequencer.services.view import dock_view, station_view

__all__ = [
    "HOLD_CODES",
    "Taken",
    "Verdict",
    "accept_gap",
    "acknowledge_task",
    "amend_facts",
    "approve_holes",
    "beat",
    "broken_link",
    "close_stream",
    "close_task",
    "close_tasks",
    "depart_shipment",
    "dock_view",
    "free_group",
    "hold_group",
    "hold_stream",
    "open_task",
    "plan_shipments",
    "recall",
    "record_asn_status",
    "record_event",
    "record_scan",
    "release_stream_hold",
    "reopen_rack",
    "resolve_unresolved",
    "restart_stream",
    "return_carrier",
    "seal_journal",
    "seal_rack",
    "send_short",
    "shared_masters",
    "start_stream",
    "station_view",
    "take_call_off",
]
