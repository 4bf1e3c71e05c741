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
    SHIPPED = "SHIPPED"
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
    """The physical piece: taken for a group, in its slot, put back to the buffer, or gone."""

    ALLOCATED = "ALLOCATED"
    PACKED = "PACKED"
    BUFFER = "BUFFER"
    SHIPPED = "SHIPPED"


class RackStatus(StrEnum):
    PLANNED = "PLANNED"
    LOADING = "LOADING"
    FULL = "FULL"
    SEALED = "SEALED"
    STAGED = "STAGED"
    LOADED = "LOADED"
    IN_TRANSIT = "IN_TRANSIT"
    RETURNED = "RETURNED"
    REOPENED = "REOPENED"
    CANCELLED = "CANCELLED"


class ShipmentStatus(StrEnum):
    PLANNED = "PLANNED"
    OPEN = "OPEN"
    LOADED = "LOADED"
    DEPARTED = "DEPARTED"


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
        GroupStatus.CANCELLED: "cancel",
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
        GroupStatus.RESOLVED: "set back",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.CANCELLED: "cancel",
    },
    GroupStatus.IN_WORK: {
        GroupStatus.VERIFIED: "verify",
        GroupStatus.RELEASED: "put back",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.MISSING: "report missing",
        GroupStatus.CANCELLED: "cancel",
    },
    GroupStatus.VERIFIED: {
        GroupStatus.PACKED: "pack",
        GroupStatus.RELEASED: "put back",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.CANCELLED: "cancel",
    },
    GroupStatus.PACKED: {
        GroupStatus.SHIPPED: "depart",
        GroupStatus.RELEASED: "reopen",
        GroupStatus.VERIFIED: "verify again",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.CANCELLED: "cancel",
    },
    GroupStatus.MISSING: {
        GroupStatus.RELEASED: "found",
        GroupStatus.UNRESOLVED: "change to unknown part",
        GroupStatus.CANCELLED: "cancel",
    },
    GroupStatus.SHIPPED: {},
    GroupStatus.CANCELLED: {GroupStatus.CREATED: "reinstate"},
}

SLOT_MOVES: Moves = {
    SlotStatus.EMPTY: {
        SlotStatus.FILLED: "pack",
        SlotStatus.HOLE: "leave hole",
        SlotStatus.CANCELLED: "cancel",
    },
    SlotStatus.FILLED: {SlotStatus.REOPENED: "reopen", SlotStatus.CANCELLED: "cancel"},
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
    RackStatus.IN_TRANSIT: {RackStatus.RETURNED: "carrier back"},
    RackStatus.RETURNED: {},
    RackStatus.CANCELLED: {},
}

SHIPMENT_MOVES: Moves = {
    ShipmentStatus.PLANNED: {ShipmentStatus.OPEN: "open"},
    ShipmentStatus.OPEN: {ShipmentStatus.LOADED: "last rack", ShipmentStatus.PLANNED: "close again"},
    ShipmentStatus.LOADED: {ShipmentStatus.DEPARTED: "depart", ShipmentStatus.OPEN: "rack taken off"},
    ShipmentStatus.DEPARTED: {},
}

UNIT_MOVES: Moves = {
    UnitStatus.ALLOCATED: {UnitStatus.PACKED: "pack", UnitStatus.BUFFER: "put back"},
    UnitStatus.PACKED: {UnitStatus.SHIPPED: "depart", UnitStatus.BUFFER: "put back"},
    UnitStatus.BUFFER: {UnitStatus.ALLOCATED: "take again"},
    UnitStatus.SHIPPED: {},
}

GAP_MOVES: Moves = {
    GapStatus.OPEN: {GapStatus.FILLED: "fill", GapStatus.ACCEPTED: "accept"},
    GapStatus.ACCEPTED: {GapStatus.FILLED: "fill late"},
    GapStatus.FILLED: {GapStatus.OPEN: "vacated"},
}

NETS: Mapping[str, Moves] = {
    "CallOff": CALL_MOVES,
    "ComponentGroup": GROUP_MOVES,
    "Slot": SLOT_MOVES,
    "Rack": RACK_MOVES,
    "Shipment": SHIPMENT_MOVES,
    "Unit": UNIT_MOVES,
    "SequenceGap": GAP_MOVES,
}


def check_move(moves: Moves, old: str, new: str, subject: str) -> str:
    """The action that leads from `old` to `new`; raises `Refused("forbidden_move")` when the net has none."""
    action = next((verb for target, verb in moves[_member(moves, old)].items() if target == new), None)
    if action is None:
        raise Refused("forbidden_move", f"{subject} is {old}; it cannot become {new}", old=old, new=new)
    return action


def _member(moves: Moves, value: str) -> StrEnum:
    return next(state for state in moves if state == value)


# A rack in one of these states has passed the host check.
CLOSED_RACKS = frozenset({RackStatus.SEALED, RackStatus.STAGED, RackStatus.LOADED})
GONE_RACKS = frozenset({RackStatus.IN_TRANSIT, RackStatus.RETURNED})
# Racks that stand on the floor with a carrier bound to them.
BOUND_RACKS = frozenset(
    {RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED, *CLOSED_RACKS, RackStatus.IN_TRANSIT}
)
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
    }
)
