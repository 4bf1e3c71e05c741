"""The verbs of the shop floor. Everything that changes state goes through one of these."""

from sequencer.services.andon import escalate_andons
from sequencer.services.billing import (
    confirm_by_hand,
    match_billing,
    record_arrival,
    record_delivery,
    settle_billing,
    settle_difference,
    take_billing,
)
from sequencer.services.bypass import (
    close_bypass,
    fail_again,
    open_bypass,
    pass_restart_check,
    tell_overdue_bypasses,
)
from sequencer.services.calls import (
    HOLD_CODES,
    Taken,
    resolve_unresolved,
    take_call_off,
)
from sequencer.services.challenge import tell_missed_challenges
from sequencer.services.dock_view import dock_view
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
from sequencer.services.lights import forget_lights, refresh_lights
from sequencer.services.masters import recall, shared_masters
from sequencer.services.moves import (
    cancel_shipment,
    close_again,
    insert_rack,
    move_group,
    move_rack_to,
    plan_emergency_run,
    set_trailer,
)
from sequencer.services.overrides import expire_overrides, review_override, revoke_override
from sequencer.services.pacing import note_consumption, release_due
from sequencer.services.racks import (
    accept_gap,
    approve_holes,
    close_stream,
    finish_racks_past_time,
    reopen_rack,
    restart_stream,
    seal_rack,
    start_stream,
)
from sequencer.services.returnables import find_carrier, lose_carrier, return_carrier
from sequencer.services.scan_months import archive_month, bring_back_month, make_months
from sequencer.services.scans.nonces import forget_nonces
from sequencer.services.scans.recording import record_scan
from sequencer.services.sets import racks_with_open_sets, release_sets, tell_broken_sets
from sequencer.services.sharing import open_share, revoke_share, share, token_of
from sequencer.services.shipping import (
    depart_shipment,
    escalate_asns,
    plan_shipments,
    record_asn_status,
    send_short,
)
from sequencer.services.trips import join_shipments, part_shipments
from sequencer.services.verdicts import Verdict
from sequencer.services.view import station_view

__all__ = [
    "HOLD_CODES",
    "Taken",
    "Verdict",
    "accept_gap",
    "acknowledge_task",
    "amend_facts",
    "approve_holes",
    "archive_month",
    "beat",
    "bring_back_month",
    "broken_link",
    "cancel_shipment",
    "close_again",
    "close_bypass",
    "close_stream",
    "close_task",
    "close_tasks",
    "confirm_by_hand",
    "depart_shipment",
    "dock_view",
    "escalate_andons",
    "escalate_asns",
    "expire_overrides",
    "fail_again",
    "find_carrier",
    "finish_racks_past_time",
    "forget_lights",
    "forget_nonces",
    "hold_stream",
    "insert_rack",
    "join_shipments",
    "lose_carrier",
    "make_months",
    "match_billing",
    "move_group",
    "move_rack_to",
    "note_consumption",
    "open_bypass",
    "open_share",
    "open_task",
    "part_shipments",
    "pass_restart_check",
    "plan_emergency_run",
    "plan_shipments",
    "racks_with_open_sets",
    "recall",
    "record_arrival",
    "record_asn_status",
    "record_delivery",
    "record_event",
    "record_scan",
    "refresh_lights",
    "release_due",
    "release_sets",
    "release_stream_hold",
    "reopen_rack",
    "resolve_unresolved",
    "restart_stream",
    "return_carrier",
    "review_override",
    "revoke_override",
    "revoke_share",
    "seal_journal",
    "seal_rack",
    "send_short",
    "set_trailer",
    "settle_billing",
    "settle_difference",
    "share",
    "shared_masters",
    "start_stream",
    "station_view",
    "take_billing",
    "take_call_off",
    "tell_broken_sets",
    "tell_missed_challenges",
    "tell_overdue_bypasses",
    "token_of",
]
