"""Every status of the core and the only moves between them. Models derive their choices from here.

A move not listed is refused by `check_move`; `tests/architecture` walks the tables. Programs configure policies,
never the net.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from inventory.errors import Refused


class Stage(StrEnum):
    """What the OEM says of a call (domain page, CallOff external)."""

    PREVIEW = "PREVIEW"
    PLANNED = "PLANNED"
    FIRM = "FIRM"
    CANCELLED = "CANCELLED"


class GroupStatus(StrEnum):
    """What we did with one commodity of one vehicle (domain page, ComponentGroup internal)."""

    CREATED = "CREATED"
    UNRESOLVED = "UNRESOLVED"
    RESOLVED = "RESOLVED"
    RELEASED = "RELEASED"
    IN_WORK = "IN_WORK"
    VERIFIED = "VERIFIED"
    PACKED = "PACKED"
    MISSING = "MISSING"
    REPAIR = "REPAIR"
    SHIPPED = "SHIPPED"
    CONFIRMED = "CONFIRMED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


class Priority(StrEnum):
    NORMAL = "NORMAL"
    RUSH = "RUSH"


class SlotStatus(StrEnum):
    EMPTY = "EMPTY"
    FILLED = "FILLED"
    HOLE = "HOLE"
    REOPENED = "REOPENED"
    CANCELLED = "CANCELLED"


class UnitStatus(StrEnum):
    """The physical piece: taken for a group, in its slot, in the buffer, in repair, scrapped, gone, or sent back."""

    ALLOCATED = "ALLOCATED"
    PACKED = "PACKED"
    BUFFER = "BUFFER"
    REPAIR = "REPAIR"
    SCRAPPED = "SCRAPPED"
    SHIPPED = "SHIPPED"
    RETURNED = "RETURNED"


class RackStatus(StrEnum):
    PLANNED = "PLANNED"
    LOADING = "LOADING"
    FULL = "FULL"
    SEALED = "SEALED"
    STAGED = "STAGED"
    LOADED = "LOADED"
    IN_TRANSIT = "IN_TRANSIT"
    AT_OEM = "AT_OEM"
    RETURNED = "RETURNED"
    REOPENED = "REOPENED"
    CANCELLED = "CANCELLED"


class SealedChoice(StrEnum):
    """What a person decided of a call that moved after its rack was closed; LAPSED: the OEM took it back first."""

    OPEN = "OPEN"
    REOPEN = "REOPEN"
    AS_IS = "AS_IS"
    LAPSED = "LAPSED"


class BreakPolicy(StrEnum):
    """What a station does with a piece of another vehicle than the one asked for. None of them re-assigns it."""

    STOP = "STOP"
    WARN = "WARN"
    DETAIN_NOW = "DETAIN_NOW"
    DELAYED_THEN_DETAIN = "DELAYED_THEN_DETAIN"
    DELAYED_THEN_SCRAP = "DELAYED_THEN_SCRAP"
    IGNORE = "IGNORE"


class BreakOutcome(StrEnum):
    """What became of a sequence break. CAME_RIGHT: its own vehicle was asked for before it was too late."""

    OPEN = "OPEN"
    CAME_RIGHT = "CAME_RIGHT"
    PUT_BACK = "PUT_BACK"
    RELEASED = "RELEASED"
    DETAINED = "DETAINED"
    SCRAPPED = "SCRAPPED"
    NOTED = "NOTED"


class QuantityStatus(StrEnum):
    """How far a call of a quantity is. One part shipped and the rest open is IN_WORK."""

    RELEASED = "RELEASED"
    IN_WORK = "IN_WORK"
    PACKED = "PACKED"
    SHIPPED = "SHIPPED"
    CONFIRMED = "CONFIRMED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


class HandlingStatus(StrEnum):
    """A box of pieces. CLOSED: full, its label is not on it yet; CANCELLED: emptied."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    STAGED = "STAGED"
    LOADED = "LOADED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"


class ShipmentStatus(StrEnum):
    PLANNED = "PLANNED"
    OPEN = "OPEN"
    LOADED = "LOADED"
    DEPARTED = "DEPARTED"
    ARRIVED = "ARRIVED"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class AsnStatus(StrEnum):
    """The message beside the shipment; edi owns the sending and reports here."""

    NONE = "NONE"
    DUE = "DUE"
    READY = "READY"
    SENDING = "SENDING"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    ATTENTION = "ATTENTION"


class GapStatus(StrEnum):
    OPEN = "OPEN"
    FILLED = "FILLED"
    ACCEPTED = "ACCEPTED"


class TaskStatus(StrEnum):
    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    DONE = "DONE"


class PrintStatus(StrEnum):
    """What became of a document that is to lie on paper. SENT: the printer has it and has not said that it is out."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    PRINTED = "PRINTED"
    FAILED = "FAILED"
    VOID = "VOID"


class OverrideStatus(StrEnum):
    """A supervisor's override. USED: its last unit is taken; every ended one waits for its review."""

    GRANTED = "GRANTED"
    USED = "USED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    REVIEWED = "REVIEWED"


class OverrideWhat(StrEnum):
    """The checks a supervisor may let pass. What a part is and the host check of a changed call are not among them."""

    SLOT_CHALLENGE = "SLOT_CHALLENGE"
    SERIAL_REQUIRED = "SERIAL_REQUIRED"
    LOT_REQUIRED = "LOT_REQUIRED"
    SEQUENCE_ORDER = "SEQUENCE_ORDER"
    HOLE_AT_SEAL = "HOLE_AT_SEAL"
    CHALLENGE_DUE = "CHALLENGE_DUE"


class OverrideScope(StrEnum):
    UNIT = "UNIT"
    STATION = "STATION"
    LINE = "LINE"


class BypassStatus(StrEnum):
    """A device out of work. RESTARTED: its restart check passed; closed by a person afterwards, or broken again."""

    OPEN = "OPEN"
    RESTARTED = "RESTARTED"
    CLOSED = "CLOSED"


Moves = Mapping[StrEnum, Mapping[StrEnum, str]]

CALL_MOVES: Moves = {
    Stage.PREVIEW: {Stage.PLANNED: "sequence", Stage.FIRM: "firm", Stage.CANCELLED: "cancel"},
    Stage.PLANNED: {Stage.FIRM: "firm", Stage.CANCELLED: "cancel"},
    Stage.FIRM: {Stage.PLANNED: "set back", Stage.CANCELLED: "cancel"},
    Stage.CANCELLED: {Stage.PLANNED: "reinstate", Stage.FIRM: "reinstate"},
}

GROUP_MOVES: Moves = {
    GroupStatus.CREATED: {
        GroupStatus.RESOLVED: "resolve",
        GroupStatus.UNRESOLVED: "part unknown",
    },
    GroupStatus.UNRESOLVED: {GroupStatus.RESOLVED: "resolve", GroupStatus.CANCELLED: "cancel"},
    GroupStatus.RESOLVED: {
        GroupStatus.RELEASED: "release",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.CANCELLED: "cancel",
    },
    GroupStatus.RELEASED: {
        GroupStatus.IN_WORK: "take part",
        GroupStatus.MISSING: "report missing",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.CANCELLED: "cancel",
    },
    GroupStatus.IN_WORK: {
        GroupStatus.VERIFIED: "verify",
        GroupStatus.RELEASED: "put back",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.MISSING: "report missing",
        GroupStatus.CANCELLED: "cancel",
        GroupStatus.REPAIR: "send to repair",
    },
    GroupStatus.VERIFIED: {
        GroupStatus.PACKED: "pack",
        GroupStatus.RELEASED: "put back",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.CANCELLED: "cancel",
        GroupStatus.REPAIR: "send to repair",
    },
    GroupStatus.PACKED: {
        GroupStatus.SHIPPED: "depart",
        GroupStatus.RELEASED: "reopen",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.CANCELLED: "cancel",
        GroupStatus.REPAIR: "send to repair",
    },
    GroupStatus.MISSING: {
        GroupStatus.RELEASED: "found",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.CANCELLED: "cancel",
    },
    GroupStatus.REPAIR: {
        GroupStatus.RELEASED: "back from repair",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.CANCELLED: "cancel",
    },
    GroupStatus.SHIPPED: {GroupStatus.CONFIRMED: "confirm delivery"},
    GroupStatus.CONFIRMED: {GroupStatus.CLOSED: "bill"},
    GroupStatus.CLOSED: {},
    GroupStatus.CANCELLED: {GroupStatus.CREATED: "reinstate"},
}

SLOT_MOVES: Moves = {
    SlotStatus.EMPTY: {
        SlotStatus.FILLED: "pack",
        SlotStatus.HOLE: "leave hole",
        SlotStatus.CANCELLED: "cancel",
    },
    SlotStatus.FILLED: {
        SlotStatus.REOPENED: "reopen",
        SlotStatus.CANCELLED: "cancel",
        SlotStatus.EMPTY: "moved away",
    },
    SlotStatus.REOPENED: {
        SlotStatus.FILLED: "pack again",
        SlotStatus.HOLE: "leave hole",
        SlotStatus.CANCELLED: "cancel",
        SlotStatus.EMPTY: "moved away",
    },
    SlotStatus.HOLE: {SlotStatus.EMPTY: "fill hole", SlotStatus.CANCELLED: "cancel"},
    SlotStatus.CANCELLED: {SlotStatus.EMPTY: "reinstate"},
}

RACK_MOVES: Moves = {
    RackStatus.PLANNED: {RackStatus.LOADING: "assign carrier", RackStatus.CANCELLED: "all calls withdrawn"},
    RackStatus.LOADING: {RackStatus.FULL: "last slot", RackStatus.CANCELLED: "all calls withdrawn"},
    RackStatus.FULL: {
        RackStatus.SEALED: "seal",
        RackStatus.REOPENED: "reopen",
        RackStatus.LOADING: "slot opened",
        RackStatus.CANCELLED: "all calls withdrawn",
    },
    RackStatus.SEALED: {RackStatus.STAGED: "stage", RackStatus.REOPENED: "reopen"},
    RackStatus.STAGED: {RackStatus.LOADED: "load", RackStatus.REOPENED: "reopen"},
    RackStatus.LOADED: {
        RackStatus.IN_TRANSIT: "depart",
        RackStatus.STAGED: "unload",
        RackStatus.REOPENED: "reopen",
    },
    RackStatus.REOPENED: {RackStatus.FULL: "last slot verified", RackStatus.CANCELLED: "all calls withdrawn"},
    RackStatus.IN_TRANSIT: {RackStatus.AT_OEM: "arrive", RackStatus.RETURNED: "carrier back"},
    RackStatus.AT_OEM: {RackStatus.RETURNED: "carrier back"},
    RackStatus.RETURNED: {},
    RackStatus.CANCELLED: {},
}

SHIPMENT_MOVES: Moves = {
    ShipmentStatus.PLANNED: {ShipmentStatus.OPEN: "open", ShipmentStatus.CANCELLED: "cancel"},
    ShipmentStatus.OPEN: {
        ShipmentStatus.LOADED: "last rack",
        ShipmentStatus.PLANNED: "close again",
        ShipmentStatus.CANCELLED: "cancel",
    },
    ShipmentStatus.LOADED: {ShipmentStatus.DEPARTED: "depart", ShipmentStatus.OPEN: "rack taken off"},
    ShipmentStatus.DEPARTED: {ShipmentStatus.ARRIVED: "arrive"},
    ShipmentStatus.ARRIVED: {ShipmentStatus.CONFIRMED: "confirm"},
    ShipmentStatus.CONFIRMED: {},
    ShipmentStatus.CANCELLED: {},
}

UNIT_MOVES: Moves = {
    UnitStatus.ALLOCATED: {
        UnitStatus.PACKED: "pack",
        UnitStatus.BUFFER: "put back",
        UnitStatus.REPAIR: "send to repair",
        UnitStatus.SCRAPPED: "scrap",
    },
    UnitStatus.PACKED: {
        UnitStatus.SHIPPED: "depart",
        UnitStatus.BUFFER: "put back",
        UnitStatus.REPAIR: "send to repair",
        UnitStatus.SCRAPPED: "scrap",
    },
    UnitStatus.BUFFER: {
        UnitStatus.ALLOCATED: "take again",
        UnitStatus.REPAIR: "send to repair",
        UnitStatus.SCRAPPED: "scrap",
    },
    UnitStatus.REPAIR: {UnitStatus.BUFFER: "repaired", UnitStatus.SCRAPPED: "scrap"},
    UnitStatus.SCRAPPED: {},
    UnitStatus.SHIPPED: {UnitStatus.RETURNED: "sent back by the OEM"},
    UnitStatus.RETURNED: {UnitStatus.BUFFER: "good again", UnitStatus.SCRAPPED: "scrap"},
}

GAP_MOVES: Moves = {
    GapStatus.OPEN: {GapStatus.FILLED: "fill", GapStatus.ACCEPTED: "accept"},
    GapStatus.ACCEPTED: {GapStatus.FILLED: "fill late"},
    GapStatus.FILLED: {GapStatus.OPEN: "vacated"},
}

PRINT_MOVES: Moves = {
    PrintStatus.QUEUED: {
        PrintStatus.SENDING: "claim",
        PrintStatus.FAILED: "no printer",
        PrintStatus.VOID: "replace",
    },
    PrintStatus.SENDING: {
        PrintStatus.SENT: "hand over",
        PrintStatus.PRINTED: "print",
        PrintStatus.QUEUED: "try again",
        PrintStatus.FAILED: "give up",
        PrintStatus.VOID: "replace",
    },
    PrintStatus.SENT: {
        PrintStatus.PRINTED: "print",
        PrintStatus.QUEUED: "repeat with a new number",
        PrintStatus.VOID: "replace",
    },
    PrintStatus.PRINTED: {PrintStatus.VOID: "replace"},
    PrintStatus.FAILED: {PrintStatus.QUEUED: "try again", PrintStatus.VOID: "replace"},
    PrintStatus.VOID: {},
}

OVERRIDE_MOVES: Moves = {
    OverrideStatus.GRANTED: {
        OverrideStatus.USED: "last unit",
        OverrideStatus.EXPIRED: "time is over",
        OverrideStatus.REVOKED: "revoke",
    },
    OverrideStatus.USED: {OverrideStatus.REVIEWED: "review"},
    OverrideStatus.EXPIRED: {OverrideStatus.REVIEWED: "review"},
    OverrideStatus.REVOKED: {OverrideStatus.REVIEWED: "review"},
    OverrideStatus.REVIEWED: {},
}

BYPASS_MOVES: Moves = {
    BypassStatus.OPEN: {BypassStatus.RESTARTED: "restart check"},
    BypassStatus.RESTARTED: {BypassStatus.CLOSED: "close", BypassStatus.OPEN: "fails again"},
    BypassStatus.CLOSED: {},
}

QUANTITY_MOVES: Moves = {
    QuantityStatus.RELEASED: {
        QuantityStatus.IN_WORK: "first piece",
        QuantityStatus.PACKED: "whole in one scan",
        QuantityStatus.CANCELLED: "withdraw",
    },
    QuantityStatus.IN_WORK: {
        QuantityStatus.PACKED: "last piece",
        QuantityStatus.RELEASED: "box emptied",
        QuantityStatus.SHIPPED: "rest withdrawn",
        QuantityStatus.CANCELLED: "withdraw",
    },
    QuantityStatus.PACKED: {
        QuantityStatus.SHIPPED: "depart",
        QuantityStatus.IN_WORK: "more called or box emptied",
        QuantityStatus.RELEASED: "box emptied",
        QuantityStatus.CANCELLED: "withdraw",
    },
    QuantityStatus.SHIPPED: {
        QuantityStatus.CONFIRMED: "confirm delivery",
        QuantityStatus.IN_WORK: "more called",
        QuantityStatus.PACKED: "more called, packed before",
    },
    QuantityStatus.CONFIRMED: {
        QuantityStatus.CLOSED: "bill",
        QuantityStatus.IN_WORK: "more called",
        QuantityStatus.PACKED: "more called, packed before",
    },
    QuantityStatus.CLOSED: {
        QuantityStatus.IN_WORK: "more called",
        QuantityStatus.PACKED: "more called, packed before",
    },
    QuantityStatus.CANCELLED: {
        QuantityStatus.RELEASED: "called again",
        QuantityStatus.IN_WORK: "called again, packed before",
        QuantityStatus.PACKED: "called again, packed before",
    },
}

HANDLING_MOVES: Moves = {
    HandlingStatus.OPEN: {HandlingStatus.CLOSED: "close", HandlingStatus.CANCELLED: "empty"},
    HandlingStatus.CLOSED: {HandlingStatus.STAGED: "label on", HandlingStatus.CANCELLED: "empty"},
    HandlingStatus.STAGED: {HandlingStatus.LOADED: "load", HandlingStatus.CANCELLED: "empty"},
    HandlingStatus.LOADED: {HandlingStatus.SHIPPED: "depart", HandlingStatus.STAGED: "unload"},
    HandlingStatus.SHIPPED: {},
    HandlingStatus.CANCELLED: {},
}

NETS: Mapping[str, Moves] = {
    "CallOff": CALL_MOVES,
    "ComponentGroup": GROUP_MOVES,
    "Slot": SLOT_MOVES,
    "Rack": RACK_MOVES,
    "Shipment": SHIPMENT_MOVES,
    "Unit": UNIT_MOVES,
    "SequenceGap": GAP_MOVES,
    "QuantityCall": QUANTITY_MOVES,
    "HandlingUnit": HANDLING_MOVES,
    "PrintJob": PRINT_MOVES,
    "Override": OVERRIDE_MOVES,
    "Bypass": BYPASS_MOVES,
}


def check_move(moves: Moves, old: str, new: str, subject: str) -> str:
    """The action that leads from `old` to `new`; raises `Refused("forbidden_move")` when the net has none."""
    action = next((verb for target, verb in moves[_member(moves, old)].items() if target == new), None)
    if action is None:
        raise Refused("forbidden_move", f"{subject} is {old}; it cannot become {new}", old=old, new=new)
    return action


def _member(moves: Moves, value: str) -> StrEnum:
    return next(state for state in moves if state == value)


# A piece in one of these states belongs to no call.
LOOSE_UNITS = frozenset({UnitStatus.BUFFER, UnitStatus.REPAIR, UnitStatus.SCRAPPED, UnitStatus.RETURNED})
# A rack in one of these states has passed the host check.
CLOSED_RACKS = frozenset({RackStatus.SEALED, RackStatus.STAGED, RackStatus.LOADED})
# Out of the house with their carrier.
OUT_RACKS = frozenset({RackStatus.IN_TRANSIT, RackStatus.AT_OEM})
GONE_RACKS = frozenset({*OUT_RACKS, RackStatus.RETURNED})
# Planned, in work or waiting for its truck. Questions name these and not "all but those gone": only so the database
# passes over the history of the plant.
HOUSE_RACKS = frozenset(RackStatus) - GONE_RACKS - {RackStatus.CANCELLED}
# Racks whose carrier is not free: on the floor, on the road or at the OEM.
BOUND_RACKS = frozenset({RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED, *CLOSED_RACKS, *OUT_RACKS})
# Left the yard, whatever became of it since.
LEFT_SHIPMENTS = frozenset({ShipmentStatus.DEPARTED, ShipmentStatus.ARRIVED, ShipmentStatus.CONFIRMED})
# Nothing is loaded on these any more.
DONE_SHIPMENTS = frozenset({*LEFT_SHIPMENTS, ShipmentStatus.CANCELLED})
OPEN_SHIPMENTS = frozenset(ShipmentStatus) - DONE_SHIPMENTS
# Work has begun: a change here concerns hands, not only paper.
TOUCHED_GROUPS = frozenset({GroupStatus.IN_WORK, GroupStatus.VERIFIED, GroupStatus.PACKED})
OPEN_GROUPS = frozenset(
    {
        GroupStatus.CREATED,
        GroupStatus.UNRESOLVED,
        GroupStatus.RESOLVED,
        GroupStatus.RELEASED,
        GroupStatus.IN_WORK,
        GroupStatus.VERIFIED,
        GroupStatus.PACKED,
        GroupStatus.MISSING,
        GroupStatus.REPAIR,
    }
)
# Left the plant: the call is served.
SHIPPED_GROUPS = frozenset({GroupStatus.SHIPPED, GroupStatus.CONFIRMED, GroupStatus.CLOSED})
# Nothing is open under these: what was called has left, or is not wanted.
DONE_QUANTITIES = frozenset(
    {QuantityStatus.SHIPPED, QuantityStatus.CONFIRMED, QuantityStatus.CLOSED, QuantityStatus.CANCELLED}
)
# Pieces in these boxes are in the house.
HOUSE_BOXES = frozenset(
    {HandlingStatus.OPEN, HandlingStatus.CLOSED, HandlingStatus.STAGED, HandlingStatus.LOADED}
)
