"""What must be so, whoever did what: told by the tables as they stand and by what was said and scanned, never by the
plant's own verbs.

A `World` is the tables read once. `Truth` remembers what the OEM said last and which label was scanned for which call,
and looks at every new world.
"""

# ruff: noqa: E501
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from django.db import connection

from edi.formats import Profile
from edi.formats.profile import AsnRule
from edi.models import TradingPartner
from edi.services.despatch import despatch_of
from sequencer.models import DeliveryLine, Shipment
from sequencer.states import NETS

GONE = frozenset({"SHIPPED", "CONFIRMED", "CLOSED"})
LEFT = frozenset({"DEPARTED", "ARRIVED", "CONFIRMED"})
CLOSED = frozenset({"SEALED", "STAGED", "LOADED"})
ON_THE_ROAD = frozenset({"IN_TRANSIT", "AT_OEM", "RETURNED"})


class Call(NamedTuple):
    id: int
    call_number: str
    stage: str
    held: bool
    position: int | None
    sequence_number: str


class Group(NamedTuple):
    id: int
    call_off_id: int
    status: str
    on_hold: bool
    priority: str
    replaces_id: int | None
    attempt: int
    revision: int


class Slot(NamedTuple):
    id: int
    rack_id: int
    number: int
    group_id: int | None
    status: str
    position: int | None


class Rack(NamedTuple):
    id: int
    number: str
    status: str
    priority: str
    low_position: int
    carrier_id: int | None
    shipment_id: int | None
    load_position: int | None
    holes_approved_by: str


class Unit(NamedTuple):
    id: int
    part_id: int
    serial: str | None
    status: str
    group_id: int | None
    handling_unit_id: int | None


class Truck(NamedTuple):
    id: int
    number: str
    kind: str
    status: str
    seal_number: str
    driver: str


class Loose(NamedTuple):
    id: int
    unit_id: int
    group_id: int
    goes_on: bool
    slot_id: int | None
    cart_id: int | None


class Gap(NamedTuple):
    id: int
    position: int
    status: str


class Hold(NamedTuple):
    id: int
    part_id: int | None
    serial: str
    group_id: int | None
    released_at: object


class Sealed(NamedTuple):
    id: int
    rack_id: int
    group_id: int
    choice: str


class Quant(NamedTuple):
    """A call of a quantity."""

    id: int
    number: str
    part_id: int
    customer_part: str
    quantity: int
    status: str


class Box(NamedTuple):
    id: int
    number: str
    call_id: int
    card_id: int | None
    status: str
    pieces: int
    capacity: int
    shipment_id: int | None


class Card(NamedTuple):
    id: int
    number: str
    call_id: int
    closed_at: object
    withdrawn_at: object


class Place(NamedTuple):
    """A station as it stands; no part of the world that a refusal must leave alone: a lock is an answer."""

    id: int
    kind: str
    operator_id: int | None
    rack_id: int | None
    shipment_id: int | None
    mode: str
    lock_code: str
    hand_group_id: int | None
    set_aside_id: int | None
    handling_unit_id: int | None


READ: Mapping[str, tuple[type, str]] = {
    "calls": (Call, "calloff"),
    "groups": (Group, "componentgroup"),
    "slots": (Slot, "slot"),
    "racks": (Rack, "rack"),
    "units": (Unit, "unit"),
    "trucks": (Truck, "shipment"),
    "loose": (Loose, "loosepiece"),
    "gaps": (Gap, "sequencegap"),
    "holds": (Hold, "qualityhold"),
    "sealed": (Sealed, "sealedmove"),
    "quants": (Quant, "quantitycall"),
    "boxes": (Box, "handlingunit"),
    "cards": (Card, "kanbancard"),
}
# Rows that only grow or end; a refusal adds none.
BOOKS = ("deliveryline", "carriermovement", "overrideuse", "override", "bypass", "floorexception", "carrier")
SQL = {
    name: f"SELECT {', '.join(kind._fields)} FROM sequencer_{table} ORDER BY id"  # type: ignore[attr-defined]
    for name, (kind, table) in READ.items()
}
COUNTS = "SELECT " + ", ".join(f"(SELECT COUNT(*) FROM sequencer_{book})" for book in (*BOOKS, "scanevent"))
PLACES = f"SELECT {', '.join(Place._fields)} FROM sequencer_station ORDER BY id"
EVENTS = "SELECT id, station_id, raw, code, accepted, step, rack_id, slot_id, group_id, unit_id FROM sequencer_scanevent"


class World:
    """The tables of the floor, read once."""

    calls: dict[int, Call]
    groups: dict[int, Group]
    slots: dict[int, Slot]
    racks: dict[int, Rack]
    units: dict[int, Unit]
    trucks: dict[int, Truck]
    loose: dict[int, Loose]
    gaps: dict[int, Gap]
    holds: dict[int, Hold]
    sealed: dict[int, Sealed]
    quants: dict[int, Quant]
    boxes: dict[int, Box]
    cards: dict[int, Card]

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {}
        with connection.cursor() as cursor:
            for name, (kind, _) in READ.items():
                cursor.execute(SQL[name])
                self.rows[name] = [tuple(row) for row in cursor.fetchall()]
                setattr(self, name, {row[0]: kind(*row) for row in self.rows[name]})
            cursor.execute(COUNTS)
            *books, self.scans = cursor.fetchone()
            self.rows["books"] = [tuple(books)]
            cursor.execute(PLACES)
            self.places = {row[0]: Place(*row) for row in cursor.fetchall()}
        self.slot_of = {slot.group_id: slot for slot in self.slots.values() if slot.group_id is not None}
        self.units_of: dict[int, list[Unit]] = {}
        for unit in self.units.values():
            if unit.group_id is not None:
                self.units_of.setdefault(unit.group_id, []).append(unit)
        self.in_boxes: dict[int, list[Unit]] = {}
        for unit in self.units.values():
            if unit.handling_unit_id is not None:
                self.in_boxes.setdefault(unit.handling_unit_id, []).append(unit)

    def of_call(self, number: str) -> list[Group]:
        ids = {call.id for call in self.calls.values() if call.call_number == number}
        return [group for group in self.groups.values() if group.call_off_id in ids]

    def rack_of(self, group: Group | None) -> Rack | None:
        slot = self.slot_of.get(group.id) if group is not None else None
        return self.racks[slot.rack_id] if slot is not None else None

    def in_rack(self, rack_id: int) -> list[Slot]:
        return sorted((s for s in self.slots.values() if s.rack_id == rack_id), key=lambda s: s.number)

    def content(self, rack_id: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """Which pieces stand in which slot."""
        return tuple(
            (slot.number, tuple(sorted(u.id for u in self.units_of.get(slot.group_id or 0, ()))))
            for slot in self.in_rack(rack_id)
            if slot.status == "FILLED"
        )

    def differs(self, before: World) -> list[str]:
        """Which tables are not as they were."""
        return [name for name, rows in self.rows.items() if rows != before.rows[name]]


class Event(NamedTuple):
    id: int
    station_id: int
    raw: str
    code: str
    accepted: bool
    step: str
    rack_id: int | None
    slot_id: int | None
    group_id: int | None
    unit_id: int | None


def last_event() -> Event:
    with connection.cursor() as cursor:
        cursor.execute(f"{EVENTS} ORDER BY id DESC LIMIT 1")
        return Event(*cursor.fetchone())


# What a policy does to the piece that came too early is no acceptance of it.
ACTS_THOUGH_REFUSED = frozenset({"OUT_OF_SEQUENCE", "DETAINED"})


class Broken(AssertionError):
    """Something that must be so is not."""


def must(holds: object, text: str) -> None:
    if not holds:
        raise Broken(text)


@dataclass
class Truth:
    """What the OEM said last, what a person proved by scan, and what has left."""

    parts: dict[int, str]
    serials: bool
    called: dict[str, str] = field(default_factory=dict)
    said: Counter[str] = field(default_factory=Counter)
    held: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    # Unit -> (group, how often the OEM had said another part of its call by then).
    proof: dict[int, tuple[int, int]] = field(default_factory=dict)
    gone: dict[int, int] = field(default_factory=dict)
    # Unit -> box it was scanned for; truck -> pieces of each customer part that left with it.
    boxed: dict[int, int] = field(default_factory=dict)
    shipped: dict[int, Counter[str]] = field(default_factory=dict)
    sealed: dict[int, tuple[tuple[int, tuple[int, ...]], ...]] = field(default_factory=dict)
    departed: set[int] = field(default_factory=set)
    scans: int = 0
    # (net, from, to) seen, for the tables of `sequencer.states`.
    moves: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    # --- what was said and scanned ------------------------------------------------------------------------

    def told_part(self, number: str, part: str) -> None:
        if self.called.get(number) != part:
            self.said[number] += 1
        self.called[number] = part

    def scanned(self, event: Event, before: World, after: World, *, first: int | None, label: tuple[str, str | None] | None) -> None:  # fmt: skip
        """`label`: part and serial the scanned (or put-in) piece really carries; `first`: a swap's first piece."""
        self.scans += 1
        if not event.accepted:
            return
        self.into_box(event, before, after, label)
        if event.step in {"PART", "SLOT"} and event.unit_id is not None and event.group_id is not None:
            unit = after.units[event.unit_id]
            must(label is not None, f"{event.raw} names no piece and yet {unit} was taken")
            assert label is not None
            must(
                self.parts[unit.part_id] == label[0]
                and (not self.serials or unit.serial in {label[1], None}),
                f"label of {label} credited as {self.parts[unit.part_id]} {unit.serial}",
            )
            self.prove(unit.id, event.group_id, after)
        waits = after.places[event.station_id].mode.startswith("SUPERVISOR:")
        if event.step == "SWAP" and first is not None and event.unit_id is not None and not waits:
            one, two = self.proof.get(first), self.proof.get(event.unit_id)
            if one is not None and two is not None:
                self.proof[first], self.proof[event.unit_id] = two, one
        if event.step == "MOVES" and label is not None:
            for piece in before.loose.values():
                unit = before.units[piece.unit_id]
                same = self.parts[unit.part_id] == label[0] and (not self.serials or unit.serial == label[1])
                if piece.goes_on and same and unit.status == "BUFFER":
                    self.prove(unit.id, piece.group_id, before)
        if (
            event.step == "SEAL"
            and event.rack_id is not None
            and before.places[event.station_id].handling_unit_id is None
        ):
            self.sealed[event.rack_id] = after.content(event.rack_id)

    def into_box(
        self, event: Event, before: World, after: World, label: tuple[str, str | None] | None
    ) -> None:
        """Pieces that are in a box now were put there by this scan: of the part whose label was shown, as many as said."""
        new = [
            unit
            for unit in after.units.values()
            if unit.handling_unit_id is not None
            and (
                unit.id not in before.units or before.units[unit.id].handling_unit_id != unit.handling_unit_id
            )
        ]
        if not new:
            return
        box = before.boxes.get(before.places[event.station_id].handling_unit_id or 0)
        must(box is not None and label is not None, f"{event.raw}: {new} came into a box nobody packs")
        assert box is not None
        assert label is not None
        left = box.capacity - box.pieces
        said = left if event.raw == "%Q:PACK" else int(event.raw[3:]) if event.raw.startswith("%Q:") else 1
        must(len(new) == said <= left, f"{event.raw}: {len(new)} pieces came into {box}")
        for unit in new:
            must(unit.handling_unit_id == box.id, f"{event.raw}: {unit} came into another box than {box}")
            must(
                self.parts[unit.part_id] == label[0] and (not self.serials or unit.serial == label[1]),
                f"label of {label} put into {box} as {unit}",
            )
            self.boxed[unit.id] = box.id

    def prove(self, unit_id: int, group_id: int, world: World) -> None:
        self.proof[unit_id] = (group_id, self.said[self.number(group_id, world)])

    @staticmethod
    def number(group_id: int, world: World) -> str:
        return world.calls[world.groups[group_id].call_off_id].call_number

    # --- every moment ---------------------------------------------------------------------------------------

    def look(self, before: World, after: World, *, refused: bool, what: str, code: str = "") -> None:
        """One act is over. `refused`: it was answered by no, and nothing may have changed."""
        must(after.scans == self.scans, f"{what}: {after.scans} scans stored, {self.scans} made")
        must(before.units.keys() <= after.units.keys(), f"{what}: pieces vanished")
        changed = after.differs(before)
        if refused and code not in ACTS_THOUGH_REFUSED:
            must(not changed, f"{what}: refused, and yet changed {', '.join(changed)}")
        if refused and not changed:
            return
        for unit in after.units.values():
            was = before.units.get(unit.id)
            if was is not None and was.status in {"PACKED", "ALLOCATED"} and unit.status in {"BUFFER", "REPAIR", "SCRAPPED"}:  # fmt: skip
                self.proof.pop(unit.id, None)
                self.boxed.pop(unit.id, None)
            if was is not None and was.status == "SHIPPED" and unit.status == "RETURNED":
                # It came back; from now on it may go again, after it was proven again.
                self.gone.pop(unit.id, None)
                self.proof.pop(unit.id, None)
                self.boxed.pop(unit.id, None)
        for rack in after.racks.values():
            if rack.id not in before.racks and rack.status in CLOSED:
                self.taken_along(rack, before, after)
        for truck in after.trucks.values():
            if truck.status in LEFT and truck.id not in self.departed:
                self.departs(truck, before, after)
        self.pieces(after)
        self.boxes(after)
        self.waits_well(after)
        self.trucks(after)

    def taken_along(self, rack: Rack, before: World, after: World) -> None:
        """A packed piece goes ahead in a rack of its own: whoever sends it answers for the check there and then."""
        for _, pieces in after.content(rack.id):
            for unit in pieces:
                must(before.units[unit].status == "PACKED", f"{rack} closed over {before.units[unit]}")
        self.sealed[rack.id] = after.content(rack.id)

    def pieces(self, world: World) -> None:
        """Every piece that stands in a slot was scanned for the call of that slot as the OEM wants it now."""
        for unit in world.units.values():
            if unit.status == "SHIPPED":
                must(unit.id in self.gone, f"{unit} is SHIPPED on no truck")
            if unit.status not in {"PACKED", "ALLOCATED"}:
                continue
            must(unit.id not in self.gone, f"{unit} left already and is in work")
            must(
                (unit.group_id is None) != (unit.handling_unit_id is None),
                f"{unit} is in two places or in none",
            )
            if unit.group_id is None:
                continue
            group = world.groups[unit.group_id]
            number = self.number(group.id, world)
            must(
                self.proof.get(unit.id) == (group.id, self.said[number]),
                f"{unit} counts for {number} (group {group.id}, said {self.said[number]}) but was scanned for "
                f"{self.proof.get(unit.id)}",
            )
            must(
                self.parts[unit.part_id] == self.called[number],
                f"{unit} is {self.parts[unit.part_id]}, {number} calls {self.called[number]}",
            )
            if unit.status == "PACKED":
                slot = world.slot_of.get(group.id)
                must(slot is not None and slot.status == "FILLED", f"{unit} is PACKED in {slot}")
                must(group.status == "PACKED", f"{unit} is PACKED, its group is {group.status}")
        for slot in world.slots.values():
            if slot.status == "FILLED" and slot.group_id is not None:
                pieces = world.units_of.get(slot.group_id, ())
                gone = world.groups[slot.group_id].status in GONE
                must(len(pieces) == 1 or (gone and not pieces), f"{slot} holds {len(pieces)} pieces")

    def boxes(self, world: World) -> None:
        """Every piece in a box was scanned for it and is of the part its call wants; counts and cards agree."""
        for unit in world.units.values():
            if unit.handling_unit_id is None or unit.status not in {"PACKED", "SHIPPED"}:
                continue
            box = world.boxes[unit.handling_unit_id]
            must(
                self.boxed.get(unit.id) == box.id,
                f"{unit} is in {box} and was scanned for {self.boxed.get(unit.id)}",
            )
            must(
                unit.part_id == world.quants[box.call_id].part_id,
                f"{unit} is in {box} of {world.quants[box.call_id]}",
            )
            must((unit.status == "SHIPPED") == (box.status == "SHIPPED"), f"{unit} in {box}")
        for box in world.boxes.values():
            inside = [unit for unit in world.in_boxes.get(box.id, ()) if unit.status == "PACKED"]
            house = box.status in {"OPEN", "CLOSED", "STAGED", "LOADED"}
            must(not house or len(inside) == box.pieces, f"{box} holds {len(inside)} pieces")
            must(
                box.status != "CANCELLED" or not world.in_boxes.get(box.id),
                f"{box} was emptied and holds pieces",
            )
            must(box.pieces <= box.capacity, f"{box} is overfull")
            truck = world.trucks.get(box.shipment_id or 0)
            left = truck is not None and truck.status in LEFT
            must(left == (box.status == "SHIPPED"), f"{box} on {truck}")
            must(truck is None or truck.status != "CANCELLED", f"{box} is on a truck that does not go")
            card = world.cards.get(box.card_id or 0)
            if card is not None:
                must(bool(card.closed_at) == (box.status != "OPEN"), f"{card} of {box}")
                must(box.status == "OPEN" or box.pieces == box.capacity, f"{box} of {card} is closed short")
        used = [box.card_id for box in world.boxes.values() if box.card_id is not None]
        must(len(used) == len(set(used)), "two boxes have one card")
        for call in world.quants.values():
            gone = sum(
                box.pieces
                for box in world.boxes.values()
                if box.call_id == call.id and box.status == "SHIPPED"
            )
            must(gone <= call.quantity, f"{gone} pieces left for {call}")
            must(call.status != "CANCELLED" or call.quantity == 0, f"{call} is called off and wants pieces")

    def waits_well(self, world: World) -> None:
        """What the OEM wants and is not built is asked for somewhere: in a rack that is open or not begun."""
        for slot in world.slots.values():
            group = world.groups.get(slot.group_id or 0)
            if group is None or world.calls[group.call_off_id].stage != "FIRM":
                continue
            rack = world.racks[slot.rack_id]
            if group.status in {"RELEASED", "IN_WORK", "VERIFIED"}:
                must(
                    rack.status in {"PLANNED", "LOADING", "FULL", "REOPENED"}, f"{group} is wanted in {rack}"
                )
                must(slot.status in {"EMPTY", "REOPENED"}, f"{group} is wanted in {slot}")
            if group.status == "MISSING":
                must(slot.status == "HOLE", f"{group} is missing in {slot}, which nobody can fill")

    def trucks(self, world: World) -> None:
        """A rack is on a truck that goes, and has left exactly when the truck has."""
        for rack in world.racks.values():
            truck = world.trucks.get(rack.shipment_id or 0)
            left = truck is not None and truck.status in LEFT
            must(left == (rack.status in ON_THE_ROAD), f"{rack} on {truck}")
            must(truck is None or truck.status != "CANCELLED", f"{rack} is on a truck that does not go")

    # --- the gate -------------------------------------------------------------------------------------------

    def departs(self, truck: Truck, before: World, after: World) -> None:
        """The OEM opens the truck. `before` is how the yard stood when DEPART was said."""
        self.departed.add(truck.id)
        racks = sorted(
            (r for r in after.racks.values() if r.shipment_id == truck.id), key=lambda r: r.load_position or 0
        )
        boxes = [box for box in after.boxes.values() if box.shipment_id == truck.id]
        must(racks or boxes, f"{truck} left empty")
        in_boxes = [self.box_leaves(truck, box, before) for box in boxes]
        lines: list[tuple[str, str, str]] = []
        for rack in racks:
            was = before.racks[rack.id]
            must(was.status == "LOADED", f"{was} left and was not loaded")
            must(
                self.sealed.get(rack.id) == before.content(rack.id),
                f"{rack} left with {before.content(rack.id)}, sealed with {self.sealed.get(rack.id)}",
            )
            lines += self.leaves(truck, rack, before, after)
        self.in_order(racks, before)
        self.told_oem(truck, lines, in_boxes)

    def leaves(self, truck: Truck, rack: Rack, before: World, after: World) -> list[tuple[str, str, str]]:
        lines = []
        for slot in before.in_rack(rack.id):
            if slot.status == "HOLE":
                must(before.racks[rack.id].holes_approved_by, f"{slot} left as a hole nobody approved")
            if slot.status != "FILLED":
                must(slot.status in {"HOLE", "CANCELLED"}, f"{slot} left undecided")
                continue
            assert slot.group_id is not None
            group = after.groups[slot.group_id]
            number = self.number(group.id, after)
            must(group.status == "SHIPPED", f"{group} of {number} left as {group.status}")
            must(number not in self.held, f"{number} left and is held by the OEM")
            must(number not in self.cancelled, f"{number} left and is cancelled")
            pieces = before.units_of[group.id]
            must(len(pieces) == 1, f"{slot} left with {pieces}")
            unit = pieces[0]
            must(unit.id not in self.gone, f"{unit} is on {truck} and on {self.gone.get(unit.id)}")
            must(
                self.proof.get(unit.id) == (group.id, self.said[number]),
                f"{unit} left for {number} and was scanned for {self.proof.get(unit.id)}",
            )
            must(
                self.parts[unit.part_id] == self.called[number],
                f"{self.parts[unit.part_id]} left for {number}, which calls {self.called[number]}",
            )
            must(not self.catches(unit, group.id, before), f"{unit} left and is on quality hold")
            self.gone[unit.id] = truck.id
            lines.append((number, f"C-{self.called[number]}", unit.serial or ""))
        return lines

    def box_leaves(self, truck: Truck, box: Box, before: World) -> tuple[str, int, tuple[str, ...]]:
        """Customer part, pieces and serials of one box that left."""
        was, call = before.boxes[box.id], before.quants[box.call_id]
        must(was.status == "LOADED", f"{was} left and was not loaded")
        must(was.shipment_id == truck.id, f"{was} left with {truck}")
        pieces = before.in_boxes.get(box.id, [])
        must(len(pieces) == box.pieces > 0, f"{box} left with {len(pieces)} pieces")
        for unit in pieces:
            must(unit.id not in self.gone, f"{unit} is on {truck} and on {self.gone.get(unit.id)}")
            must(
                self.boxed.get(unit.id) == box.id,
                f"{unit} left in {box}, scanned for {self.boxed.get(unit.id)}",
            )
            must(not self.catches(unit, None, before), f"{unit} left in {box} and is on quality hold")
            self.gone[unit.id] = truck.id
        return call.customer_part, box.pieces, tuple(sorted(unit.serial for unit in pieces if unit.serial))

    @staticmethod
    def catches(unit: Unit, group_id: int | None, world: World) -> list[Hold]:
        return [
            hold
            for hold in world.holds.values()
            if hold.released_at is None
            and (hold.group_id == group_id if hold.group_id is not None
                 else (hold.part_id in {None, unit.part_id} and hold.serial in {"", unit.serial}))
        ]  # fmt: skip

    def in_order(self, racks: Iterable[Rack], world: World) -> None:
        """Nothing left past a gap or before what comes earlier; a rack sent as it was sealed had its decision."""
        normal = [rack for rack in racks if rack.priority == "NORMAL"]
        as_is = {move.rack_id for move in world.sealed.values() if move.choice == "AS_IS"}
        undecided = {move.rack_id for move in world.sealed.values() if move.choice == "OPEN"}
        must(not undecided & {rack.id for rack in racks}, "left with a move of the OEM nobody decided")
        if not normal or as_is:
            return
        positions = [
            call.position
            for rack in normal
            for slot in world.in_rack(rack.id)
            if slot.status == "FILLED"
            for call in [world.calls[world.groups[slot.group_id or 0].call_off_id]]
            if call.position is not None
        ]
        if not positions:
            return
        here = {rack.id for rack in normal}
        passed = [g for g in world.gaps.values() if g.status == "OPEN" and g.position < max(positions)]
        must(not passed, f"left past {passed}")
        for group in world.groups.values():
            call = world.calls[group.call_off_id]
            if group.priority != "NORMAL" or call.position is None or call.position >= min(positions):
                continue
            rack = world.rack_of(group)
            waits = group.status not in {*GONE, "CANCELLED", "MISSING"} and (
                rack is None or rack.id not in here
            )
            must(
                not waits or rack is None or rack.priority == "RUSH",
                f"left before {call.call_number}, which is {group.status} in {rack}",
            )

    def told_oem(
        self, truck: Truck, lines: list[tuple[str, str, str]], boxes: list[tuple[str, int, tuple[str, ...]]]
    ) -> None:
        """The despatch advice names exactly what is on the truck, with its serials."""
        shipment = Shipment.objects.select_related("unloading_point__plant").get(pk=truck.id)
        profile = cast(Profile, SimpleNamespace(asn=AsnRule()))
        said = despatch_of(shipment, cast(TradingPartner, None), profile)
        told = [
            (line.call_number, line.part_number, *(line.serials or ("",)))
            for package in said.packages
            for line in package.lines
            if line.call_number
        ]
        packed = [
            (str(line.part_number), int(line.quantity or 0), tuple(sorted(line.serials)))
            for package in said.packages
            for line in package.lines
            if not line.call_number
        ]
        must(sorted(packed) == sorted(boxes), f"ASN of {truck.number} says {packed}, in boxes are {boxes}")
        must(sorted(told) == sorted(lines), f"ASN of {truck.number} says {told}, on it are {lines}")
        booked = {row.customer_part: row.shipped for row in DeliveryLine.objects.filter(shipment=shipment)}
        left = Counter(part for _, part, _ in lines)
        for part, pieces, _ in boxes:
            left[part] += pieces
        must(booked == left, f"booked {booked} for {lines} and {boxes}")
        self.shipped[truck.id] = left


# --- every move of every net, as the database saw it -----------------------------------------------------------

WATCHED = {
    "ComponentGroup": ("componentgroup", "status"),
    "Slot": ("slot", "status"),
    "Rack": ("rack", "status"),
    "Shipment": ("shipment", "status"),
    "Unit": ("unit", "status"),
    "CallOff": ("calloff", "stage"),
    "QuantityCall": ("quantitycall", "status"),
    "HandlingUnit": ("handlingunit", "status"),
    "SequenceGap": ("sequencegap", "status"),
    "Override": ("override", "status"),
    "Bypass": ("bypass", "status"),
}


def watch() -> None:
    """Lets the database itself write down every change of a status, past every verb and every queryset."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS net_log (net text, was text, became text)")
        for net, (table, column) in WATCHED.items():
            name = f"watch_{table}"
            if postgres:
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    f"INSERT INTO net_log VALUES ('{net}', OLD.{column}, NEW.{column}); RETURN NULL; END $$"
                )
                cursor.execute(
                    f"CREATE TRIGGER {name} AFTER UPDATE ON sequencer_{table} FOR EACH ROW "
                    f"WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION {name}()"
                )
            else:
                cursor.execute(
                    f"CREATE TEMP TRIGGER IF NOT EXISTS {name} AFTER UPDATE OF {column} ON main.sequencer_{table} "
                    f"WHEN OLD.{column} <> NEW.{column} "
                    f"BEGIN INSERT INTO net_log VALUES ('{net}', OLD.{column}, NEW.{column}); END"
                )


# Two rows that one scan walks in one statement: the part is taken and verified; a piece is taken and lies in its box.
AT_ONCE = {("ComponentGroup", "RELEASED", "VERIFIED"), ("Unit", "BUFFER", "PACKED")}


def moves_made() -> Counter[tuple[str, str, str]]:
    """What `watch` wrote down since it was asked last; a move that no table has is a fault."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT net, was, became FROM net_log")
        made = Counter((net, was, became) for net, was, became in cursor.fetchall())
        if made:
            cursor.execute("DELETE FROM net_log")
    for net, was, became in made:
        allowed = {str(old): {str(new) for new in to} for old, to in NETS[net].items()}
        must(
            became in allowed[was] or (net, was, became) in AT_ONCE,
            f"{net} went {was} -> {became}, which its table does not have",
        )
    return made
