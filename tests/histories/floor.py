"""What people do in a plant, as data: an act is a name and three numbers, so that a history can be drawn from a seed,
replayed and made shorter. What the numbers choose from is what stands there when the act is done.
"""

# ruff: noqa: E501
from __future__ import annotations

import copy
import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import transaction

from inventory.errors import Refused
from inventory.models import Part
from sequencer.models import (
    Carrier,
    ChallengeLabel,
    Override,
    ProcessControl,
    RackType,
    Station,
    TrailerType,
    UnloadingPoint,
)
from sequencer.services import (
    accept_gap,
    cancel_shipment,
    close_again,
    close_bypass,
    expire_overrides,
    fail_again,
    insert_rack,
    move_group,
    move_rack_to,
    open_bypass,
    pass_restart_check,
    plan_emergency_run,
    plan_shipments,
    record_arrival,
    record_scan,
    reopen_rack,
    review_override,
    revoke_override,
    send_short,
    station_view,
)
from sequencer.services.quality import Caught, place_hold, release_hold
from sequencer.services.reorders import reorder_group
from sequencer.states import OverrideWhat, Stage
from tests.factories import Plant, make_plant, person
from tests.histories import boxes
from tests.histories.boxes import Boxes
from tests.histories.spans import BRANCHES
from tests.histories.truth import (
    CLOSED,
    LEFT,
    Place,
    Rack,
    Slot,
    Truth,
    Unit,
    World,
    last_event,
    moves_made,
    watch,
)

Act = tuple[str, int, int, int]
BOUND = frozenset({"LOADING", "FULL", "REOPENED", *CLOSED, "IN_TRANSIT", "AT_OEM"})
PARTS = "ABC"
POLICIES = ("STOP", "WARN", "DETAIN_NOW", "DELAYED_THEN_DETAIN", "DELAYED_THEN_SCRAP", "IGNORE")
EXTENTS = ("THIS-UNIT", "STATION-10-MIN", "STATION-5-UNITS", "LINE-10-MIN")

# How often each act is drawn. Most of a shift is plain work; the rest would never come about without it.
WEIGHTS = {
    "work": 30, "other_station": 10, "dock": 16, "second_door": 3, "rack_through": 4,
    "next": 5, "skip": 1, "fill": 2, "change": 4, "cancel": 3, "reinstate": 2, "swap_places": 3, "move_away": 1,
    "oem_hold": 2, "oem_free": 3, "accept": 2, "again": 1, "preview": 2, "firm": 2, "planned": 2, "oem_reorder": 1, "unknown_part": 1,
    "wrong_part": 2, "wrong_slot": 1, "duplicate": 2, "stray": 2, "void_or_unknown": 1, "seal_early": 1, "repeat": 1,
    "bare": 1, "missing": 2, "lend": 2, "fill_hole": 2, "approve": 2, "scrap": 2, "scrap_hand": 1, "repair": 2,
    "repair_hand": 1, "repaired": 3, "swap": 3, "repack": 2, "reopen": 1, "take_out": 3, "moves": 3, "oem_return": 2,
    "reorder": 2, "reprint": 1, "andon": 1, "relief": 1, "back": 1, "half": 2,
    "grant": 3, "revoke": 1, "later": 1, "review": 1, "bypass": 2, "sealed": 4,
    "hold": 2, "free": 3, "plan": 4, "unload": 1, "short": 1, "emergency": 1, "call_off_truck": 1, "close_again": 1,
    "insert": 1, "other_truck": 1, "piece_away": 1, "arrive": 1, "empties": 1,
    **boxes.WEIGHTS,
}  # fmt: skip


T = TypeVar("T")


def pick(found: Sequence[T], index: int) -> T | None:
    """One of what there is, or nothing where there is none."""
    return found[index % len(found)] if found else None


def draw(seed: str, length: int) -> list[Act]:
    """The acts of one history; the same seed gives the same ones for ever."""
    rng = random.Random(seed)  # no secret
    names = rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=length)
    return [(name, rng.randrange(1000), rng.randrange(1000), rng.randrange(1000)) for name in names]


def plant_of(seed: str) -> tuple[Plant, list[Station]]:
    """A small plant whose settings are drawn as well: two stations of one commodity, two doors of one dock."""
    rng = random.Random(seed)
    plant = make_plant(
        capacity=rng.choice((2, 2, 3)),
        build_order=rng.choice(("FORWARD", "FORWARD", "REVERSE")),
        dense=rng.random() < 0.7,
        every_vehicle=rng.random() < 0.7,
        racks_per_truck=rng.choice((1, 2)),
        load_order=rng.choice(("FORWARD", "REVERSE")),
        slot_check_every=rng.choice((0, 1, 1, 2)),
        serial=rng.random() < 0.75,
    )
    program = plant.program
    program.sequence_break, program.break_after = rng.choice(POLICIES), 2
    program.ship_as_sealed = rng.random() < 0.6
    program.save()
    if rng.random() < 0.3:
        trailer = TrailerType.objects.create(
            code="T", lanes=1, places=2, scan_place=rng.random() < 0.5, needs_seal=True, needs_driver=True
        )
        UnloadingPoint.objects.update(trailer_type=trailer)
    boxes.with_boxes(plant, plates=rng.random() < 0.5)
    if rng.random() < 0.2:
        Station.objects.filter(pk=plant.station.pk).update(wants_challenge=True)
        ChallengeLabel.objects.create(station=plant.station, kind="BAD_PART", name="bad", raw="PMASTER-BAD")
    cart = RackType.objects.create(code="CART", rows=1, columns=4)
    Carrier.objects.create(code="H1", kind=Carrier.Kind.HOLD, rack_type=cart)
    ProcessControl.objects.create(
        line=plant.line, code="TQ", device="torque gun", alternate="by hand", restart_check="three good ones",
        approved_by="qm", approved_on=dt.date(2026, 1, 1),
    )  # fmt: skip
    person("op2", "operator", "OP2")
    person("second", "supervisor", "SECOND", pin="4712")
    twin = Station.objects.create(code="S2", name="Doors 2", commodity=plant.commodity)
    door = Station.objects.create(
        code="E", name="Door E", kind="DOCK", unloading_point=plant.dock.unloading_point
    )
    return plant, [plant.station, twin, plant.dock, door]


class Floor(Boxes):
    """People at two stations and two doors, an OEM, and the truth beside them."""

    def __init__(self, seed: str) -> None:
        self.plant, self.stations = plant_of(seed)
        self.parts = dict(Part.objects.values_list("pk", "number"))
        self.serial = bool(self.plant.parts["A"].trace == Part.Trace.SERIAL)
        self.truth = Truth(self.parts, self.serial)
        self.sequence: dict[str, int] = {}
        self.skipped: list[int] = []
        self.previews: list[str] = []
        self.head = 0
        self.nonce = 0
        self.pieces = 0
        self.wrong: dict[int, tuple[str, str | None]] = {}
        self.pending: dict[int, tuple[str, str | None]] = {}
        self.told: dict[int, tuple[str, str, str, str]] = {}
        self.holes: dict[int, int] = {}
        self.in_box: dict[int, tuple[str, str | None]] = {}
        self.calls_made = 0
        self.done: Counter[str] = Counter()
        self.raws: list[str] = []
        watch()
        self.world = World()

    def __deepcopy__(self, memo: dict[int, Any]) -> Floor:
        twin = copy.copy(self)
        for name in (
            "truth",
            "sequence",
            "skipped",
            "previews",
            "wrong",
            "pending",
            "told",
            "in_box",
            "done",
            "raws",
            "plant",
        ):
            value = getattr(self, name)
            setattr(twin, name, copy.copy(value) if name == "plant" else copy.deepcopy(value, memo))
        return twin

    # --- one act ------------------------------------------------------------------------------------------

    def act(self, act: Act) -> None:
        name, *numbers = act
        getattr(self, name)(*numbers)
        self.done[name] += 1

    def verb(self, name: str, do: Callable[[], Any]) -> bool:
        """A verb of the office: done whole, or refused and nothing changed."""
        before = self.world
        self.plant.tick()
        try:
            do()
            refused = False
        except Refused as no:
            refused = True
            self.told[0] = (no.code, "", "", no.message)
        self.world = World()
        self.truth.moves += moves_made()
        self.truth.look(before, self.world, refused=refused, what=name)
        self.done[f"{name} {'refused' if refused else 'done'}"] += 1
        return not refused

    def scan(
        self, raw: str, at: int = 0, *, label: tuple[str, str | None] | None = None, first: int | None = None
    ) -> str:
        """One scan at a station, by its place in the list. `label`: what the piece behind the label really is."""
        station, before = self.stations[at], self.world
        self.nonce += 1
        self.raws.append(f"{station.code} {raw}")
        verdict = record_scan(station.pk, raw, f"h{self.nonce}", at=self.plant.tick())
        self.world = World()
        self.truth.moves += moves_made()
        event = last_event()
        self.raws[-1] += f" -> {event.code} {event.step} {verdict.hint}"
        if event.code == "WRONG_PART" and label is not None:
            self.wrong[station.pk] = label
        if label is None and raw.startswith("%L:") and before.places[station.pk].lock_code:
            label = self.wrong.get(station.pk)
        self.truth.scanned(event, before, self.world, first=first, label=label)
        self.told[station.pk] = (event.code, event.step, verdict.expected, verdict.hint)
        self.truth.look(
            before, self.world, refused=not event.accepted, what=f"{station.code} {raw}", code=event.code
        )
        self.done[f"scan {event.step} {event.code}"] += 1
        return event.code

    # --- what a person sees ---------------------------------------------------------------------------------

    def place(self, at: int) -> Place:
        return self.world.places[self.stations[at].pk]

    def rack(self, at: int) -> Rack | None:
        return self.world.racks.get(self.place(at).rack_id or 0)

    def asked(self, at: int) -> Slot | None:
        """The slot that is worked now, found as a person reads the drawing."""
        rack = self.rack(at)
        if rack is None:
            return None
        work = []
        for slot in self.world.in_rack(rack.id):
            group = self.world.groups.get(slot.group_id or 0)
            if group is None or slot.status not in {"EMPTY", "REOPENED"}:
                continue
            call = self.world.calls[group.call_off_id]
            if group.status in {"RELEASED", "IN_WORK", "VERIFIED"} and not group.on_hold and not call.held and call.stage == "FIRM":  # fmt: skip
                work.append((group.status == "RELEASED", -group.attempt, slot.number, slot))
        return min(work)[3] if work else None

    def wanted(self, slot: Slot | None) -> str | None:
        group = self.world.groups.get(slot.group_id or 0) if slot is not None else None
        return self.truth.called.get(Truth.number(group.id, self.world)) if group is not None else None

    def label(self, part: str, serial: str | None) -> str:
        return f"[)>\x1e06\x1dP{part}\x1dS{serial}\x1e\x04" if serial else f"P{part}"

    def fresh(self, part: str) -> tuple[str, str | None]:
        self.pieces += 1
        return part, f"N{self.pieces}" if self.serial else None

    def what(self, unit: Unit) -> tuple[str, str | None]:
        return self.parts[unit.part_id], unit.serial

    def show(self, piece: tuple[str, str | None], at: int = 0) -> str:
        return self.scan(self.label(*piece), at, label=piece)

    def units(self, *states: str) -> list[Unit]:
        return [unit for unit in self.world.units.values() if unit.status in states]

    def name_of(self, unit: Unit) -> tuple[str, tuple[str, str | None] | None] | None:
        """A label by which a station knows a piece: its own, or its slot's."""
        if unit.serial:
            return self.label(*self.what(unit)), self.what(unit)
        slot = self.world.slot_of.get(unit.group_id or 0)
        if slot is None:
            return None
        code = self.carrier(self.world.racks[slot.rack_id])
        return (f"%L:{code}:{slot.number}", None) if code else None

    def carrier(self, rack: Rack) -> str:
        return self.carriers.get(rack.carrier_id or 0, "")

    @property
    def carriers(self) -> dict[int, str]:
        if not hasattr(self, "_carriers"):
            self._carriers = dict(Carrier.objects.filter(kind="RACK").values_list("pk", "code"))
        return self._carriers

    # --- a station ------------------------------------------------------------------------------------------

    def work(self, index: int, *_: int) -> None:
        self.follow(0, 2 + index % 5)

    def other_station(self, index: int, *_: int) -> None:
        self.follow(1, 1 + index % 4)

    def follow(self, at: int, times: int) -> None:
        """Does as the screen says."""
        for _ in range(times):
            raw, piece = self.next_scan(at)
            if raw and (self.scan(raw, at, label=piece) == "NOT_NOW" or raw == "%C:BACK"):
                return

    def next_scan(self, at: int) -> tuple[str, tuple[str, str | None] | None]:
        place, rack = self.place(at), self.rack(at)
        code, step, _, hint = self.told.get(place.id, ("", "", "", ""))
        if place.operator_id is None:
            return ("%B:OP", None) if at == 0 else ("%B:OP2", None)
        if place.mode.startswith("PIN"):
            return "%P:4711", None
        if place.mode == "SUPERVISOR":
            return "%B:BOSS", None
        if place.mode.startswith("MOVES:"):
            return self.next_move(at)
        if (
            place.handling_unit_id is not None
            and not place.lock_code
            and (not place.mode or place.mode.startswith("COUNT"))
        ):
            return self.next_in_box(at, self.pieces)
        if place.mode:
            return "%C:BACK", None
        if place.lock_code or code == "PUT_BACK":
            return "%C:RETURN", None
        if code == "CHALLENGE_DUE" and rack is not None:
            for raw in ("%C:CHALLENGE", "PMASTER-BAD"):
                self.scan(raw, at)
            return "", None
        if rack is None or rack.status in {
            "STAGED",
            "CANCELLED",
            "LOADED",
            *LEFT,
            "IN_TRANSIT",
            "AT_OEM",
            "RETURNED",
        }:
            aside = self.world.racks.get(place.set_aside_id or 0)
            if aside is not None and aside.status in {"LOADING", "FULL", "REOPENED"}:
                return f"%R:{self.carrier(aside)}", None
            waits = [
                r for r in self.world.racks.values() if r.status in {"LOADING", "FULL", "REOPENED", "SEALED"}
            ]
            taken = {p.rack_id for p in self.world.places.values()}
            left = next((r for r in waits if r.id not in taken), None)
            if left is not None:
                return f"%R:{self.carrier(left)}", None
            bound = {r.carrier_id for r in self.world.racks.values() if r.status in BOUND}
            free = [c for pk, c in self.carriers.items() if pk not in bound]
            return (f"%R:{free[0]}" if free else "%C:BACK"), None
        slot = self.asked(at)
        if code == "OUT_OF_DATE_CALL" and "MOVES" in hint:
            return "%C:MOVES", None
        if rack.status == "FULL":
            return "%C:SEAL", None
        if rack.status == "SEALED":
            return f"%R:{self.carrier(rack)}", None
        loose = [
            x for x in self.world.loose.values() if x.slot_id in {s.id for s in self.world.in_rack(rack.id)}
        ]
        if loose and step != "MOVES" and (slot is None or any(x.goes_on for x in loose)):
            return "%C:MOVES", None
        if slot is None:
            return "%C:BACK", None
        group = self.world.groups[slot.group_id or 0]
        if group.status == "VERIFIED":
            return f"%L:{slot.number}", None
        part = self.wanted(slot)
        if part is None:
            return "%C:BACK", None
        buffer = [u for u in self.units("BUFFER") if self.parts[u.part_id] == part and u.serial]
        piece = self.what(buffer[0]) if buffer and self.pieces % 2 else self.fresh(part)
        return self.label(*piece), piece

    def next_move(self, at: int) -> tuple[str, tuple[str, str | None] | None]:
        """The move list is read from the screen."""
        ask = station_view(self.stations[at].pk, at=self.plant.at)["ask"]
        raw = str(ask["cards"][-1]["raw"]) if ask["cards"] else "%C:BACK"
        if ask["code"] != "MOVE_PIECE":
            return raw, None
        for unit in self.units("BUFFER"):
            part, serial = self.what(unit)
            if raw == (f"S{serial}" if serial else f"P{part}"):
                return raw, (part, serial)
        return raw, None

    def flow(self, *steps: str | tuple[str, tuple[str, str | None] | None], at: int = 0) -> None:
        """A command and what it asks for, in a hand that is free for it; ends where it is refused."""
        place = self.place(at)
        if place.operator_id is None or place.mode:
            self.follow(at, 1)
        for step in steps:
            raw, label = step if isinstance(step, tuple) else (step, None)
            code = self.scan(raw, at, label=label)
            if code not in {"OK", "OVERRIDDEN", "NEED_SERIAL"}:
                if self.place(at).mode:
                    self.scan("%C:BACK", at)
                return

    # --- wrong scans ----------------------------------------------------------------------------------------

    def wrong_part(self, index: int, other: int, at: int) -> None:
        wanted = self.wanted(self.asked(at % 2))
        others = [part for part in PARTS if part != wanted]
        self.show(self.fresh(others[index % 2]), at % 2)
        if other % 3 == 0:
            self.scan(f"%L:{1 + other % 4}", at % 2)

    def wrong_slot(self, index: int, _: int, at: int) -> None:
        self.scan(f"%L:{1 + index % 4}", at % 2)

    def duplicate(self, index: int, _: int, at: int) -> None:
        unit = pick([u for u in self.world.units.values() if u.serial], index)
        if unit is not None:
            self.show(self.what(unit), at % 2)

    def stray(self, index: int, _: int, at: int) -> None:
        """A piece that is in work for another call, shown for the one asked for."""
        slot = self.asked(at % 2)
        strays = [u for u in self.units("ALLOCATED") if slot is None or u.group_id != slot.group_id]
        unit = pick(strays, index)
        if unit is not None:
            self.show(self.what(unit), at % 2)

    def void_or_unknown(self, index: int, _: int, at: int) -> None:
        raws = (
            "%B:NOBODY",
            "%R:NONE",
            "GIBBERISH",
            "%C:NOTHING",
            "%M:DAMAGED",
            "%P:9999",
            "%T:S-1",
            "%C:RETURN",
        )
        self.scan(raws[index % len(raws)], at % 4)

    def seal_early(self, _: int, __: int, at: int) -> None:
        self.scan("%C:SEAL", at % 2)

    def repeat(self, *_: int) -> None:
        """The answer was lost, the browser asks again: one scan, one answer."""
        if not self.nonce:
            return
        event = last_event()
        before = self.world
        again = record_scan(event.station_id, event.raw, f"h{self.nonce}", at=self.plant.tick())
        self.world = World()
        assert again.repeated
        assert (again.code, again.scan_id) == (event.code, event.id)
        self.truth.look(before, self.world, refused=True, what="repeat")

    def bare(self, _: int, __: int, at: int) -> None:
        """The part's own label first, its serial by itself."""
        slot = self.asked(at % 2)
        part = self.wanted(slot)
        if part is None or not self.serial:
            return
        piece = self.fresh(part)
        if self.scan(f"P{part}", at % 2, label=piece) == "NEED_SERIAL":
            self.scan(f"S{piece[1]}", at % 2, label=piece)

    def back(self, _: int, __: int, at: int) -> None:
        self.scan("%C:BACK", at % 4)

    def half(self, index: int, _: int, at: int) -> None:
        """A command that nobody goes on with."""
        words = ("MISSING", "SCRAP", "REPAIR", "SWAP", "REPACK", "TAKE-OUT", "MOVES", "OVERRIDE", "REOPEN-RACK", "UNLOAD",
                 "SHORT", "SUPERVISOR", "REPRINT", "CHALLENGE")  # fmt: skip
        self.scan(f"%C:{words[index % len(words)]}", at % 4)

    # --- exceptions -----------------------------------------------------------------------------------------

    def missing(self, _: int, __: int, at: int) -> None:
        self.flow("%C:MISSING", "%M:EMPTY-BIN", at=at % 2)

    def lend(self, index: int, _: int, at: int) -> None:
        """The missing part is found: in the buffer, or built into a later call."""
        part = self.wanted(self.asked(at % 2))
        found = [u for u in self.units("PACKED", "BUFFER") if u.serial and self.parts[u.part_id] == part]
        unit = pick(found, index)
        if unit is not None:
            self.flow("%C:MISSING", (self.label(*self.what(unit)), self.what(unit)), at=at % 2)

    def fill_hole(self, index: int, _: int, at: int) -> None:
        rack = self.rack(at % 2)
        holes = [s for s in self.world.in_rack(rack.id) if s.status == "HOLE"] if rack is not None else []
        hole = pick(holes, index)
        if hole is not None:
            self.scan(f"%L:{hole.number}", at % 2)

    def approve(self, _: int, __: int, at: int) -> None:
        self.flow("%C:SUPERVISOR", "%B:BOSS", "%P:4711", at=at % 2)

    def on_piece(self, command: str, reason: str, states: Sequence[str], index: int, at: int) -> None:
        unit = pick(self.units(*states), index)
        name = self.name_of(unit) if unit is not None else None
        if name is not None:
            self.flow(f"%C:{command}", name, *([f"%M:{reason}"] if reason else []), at=at % 2)

    def scrap(self, index: int, _: int, at: int) -> None:
        self.on_piece(
            "SCRAP", "DAMAGED", ("PACKED", "PACKED", "ALLOCATED", "BUFFER", "REPAIR", "RETURNED"), index, at
        )

    def scrap_hand(self, _: int, __: int, at: int) -> None:
        self.flow("%C:SCRAP", "%M:SURFACE", at=at % 2)

    def repair(self, index: int, _: int, at: int) -> None:
        self.on_piece("REPAIR", "SCRATCH", ("PACKED", "ALLOCATED", "BUFFER"), index, at)

    def repair_hand(self, _: int, __: int, at: int) -> None:
        self.flow("%C:REPAIR", "%M:LOOSE", at=at % 2)

    def repaired(self, index: int, _: int, at: int) -> None:
        self.on_piece("REPAIRED", "", ("REPAIR", "RETURNED"), index, at)

    def swap(self, index: int, other: int, at: int) -> None:
        packed = self.units("PACKED")
        one = pick(packed, index)
        two = pick(
            [u for u in packed if one is not None and (u.part_id == one.part_id or other % 4 == 0)], other
        )
        names = [self.name_of(u) for u in (one, two) if u is not None]
        if len(names) < 2 or names[0] is None or names[1] is None or one is None:
            return
        self.flow("%C:SWAP", names[0], at=at % 2)
        if self.place(at % 2).mode.startswith("SWAP:") and self.place(at % 2).mode != "SWAP:":
            self.scan(names[1][0], at % 2, label=names[1][1], first=one.id)
            if self.place(at % 2).mode.startswith("SUPERVISOR:SWAP:"):
                self.scan("%B:BOSS", at % 2)
                self.scan("%P:4711", at % 2, first=one.id)
            if self.place(at % 2).mode:
                self.scan("%C:BACK", at % 2)

    def repack(self, index: int, _: int, at: int) -> None:
        rack = pick([r for r in self.world.racks.values() if r.status in {*CLOSED, "FULL"}], index)
        if rack is not None:
            self.flow("%C:REPACK", f"%R:{self.carrier(rack)}", "%M:CHECK", at=at % 2)

    def reopen(self, index: int, *_: int) -> None:
        rack = pick(list(self.world.racks.values()), index)
        if rack is not None:
            at = self.plant.at
            self.verb("reopen", lambda: reopen_rack(rack.id, by=self.plant.supervisor, reason="check", at=at))

    def take_out(self, index: int, choice: int, at: int) -> None:
        loose = [x for x in self.world.loose.values() if self.world.groups[x.group_id].status == "CANCELLED"]
        piece = pick(loose, index)
        if piece is None:
            return
        unit = self.world.units[piece.unit_id]
        slot = self.world.slots.get(piece.slot_id or 0)
        if unit.serial:
            name = self.label(*self.what(unit))
        elif slot is not None:
            name = f"%L:{self.carrier(self.world.racks[slot.rack_id])}:{slot.number}"
        else:
            return
        self.flow("%C:TAKE-OUT", name, f"%M:{('BUFFER', 'SCRAP')[choice % 2]}", at=at % 2)

    def moves(self, times: int, _: int, at: int) -> None:
        self.flow("%C:MOVES", at=at % 2)
        for _i in range(3 + times % 6):
            if not self.place(at % 2).mode.startswith("MOVES:"):
                return
            raw, label = self.next_move(at % 2)
            self.scan(raw, at % 2, label=label)

    def oem_return(self, index: int, _: int, at: int) -> None:
        unit = pick([u for u in self.units("SHIPPED") if u.serial], index)
        if unit is not None:
            name = (self.label(*self.what(unit)), self.what(unit))
            self.flow("%C:OEM-RETURN", name, "%M:DAMAGED", at=at % 2)

    def reorder(self, index: int, *_: int) -> None:
        group = pick(list(self.world.groups.values()), index)
        if group is not None:
            at = self.plant.at
            self.verb("reorder", lambda: reorder_group(group.id, by="boss", reason="lost", at=at))

    def reprint(self, index: int, _: int, at: int) -> None:
        rack = pick([r for r in self.world.racks.values() if r.status in {"LOADING", "FULL", *CLOSED}], index)
        if rack is not None:
            self.flow("%C:REPRINT", f"%R:{self.carrier(rack)}", "%M:TORN", at=at % 2)

    def andon(self, index: int, _: int, at: int) -> None:
        self.scan("%C:ANDON", at % 2)
        if index % 2:
            self.scan("%B:BOSS", at % 2)

    def relief(self, index: int, _: int, at: int) -> None:
        """Another operator comes; now and then the supervisor works himself."""
        self.scan("%C:CHANGE-OPERATOR", at % 2)
        self.scan(("%B:OP", "%B:OP2", "%B:BOSS")[index % 3], at % 2)

    # --- authority ------------------------------------------------------------------------------------------

    def grant(self, what: int, extent: int, at: int) -> None:
        check = list(OverrideWhat)[what % len(OverrideWhat)].replace("_", "-")
        self.flow(
            "%C:OVERRIDE", f"%M:{check}", "%M:LABEL-DAMAGED", f"%M:{EXTENTS[extent % 4]}", "%B:SECOND", "%P:4712",
            at=at % 2,
        )  # fmt: skip
        part = self.wanted(self.asked(at % 2))
        if part is not None:
            piece = self.fresh(part)
            # A piece whose serial is not read: that is what the override of a serial is for.
            if self.serial and check in {"SERIAL-REQUIRED", "LOT-REQUIRED"}:
                self.scan(f"P{part}", at % 2, label=(part, None))
            else:
                self.show(piece, at % 2)

    def revoke(self, index: int, *_: int) -> None:
        row = pick(list(Override.objects.order_by("pk")), index)
        if row is not None:
            at = self.plant.at
            self.verb("revoke", lambda: revoke_override(row.pk, by=self.plant.supervisor, reason="x", at=at))

    def later(self, index: int, *_: int) -> None:
        """Time passes: overrides run out, shifts begin."""
        self.plant.tick(minutes=(11, 61, 480)[index % 3])
        self.verb("later", lambda: expire_overrides(at=self.plant.at))

    def review(self, index: int, *_: int) -> None:
        row = pick(list(Override.objects.order_by("pk")), index)
        if row is not None:
            at = self.plant.at
            self.verb("review", lambda: review_override(row.pk, by=self.plant.supervisor, note="fine", at=at))

    def bypass(self, index: int, *_: int) -> None:
        control = ProcessControl.objects.get()
        running = control.bypasses.exclude(status="CLOSED").first()
        by, at = self.plant.supervisor, self.plant.at
        if running is None:
            self.verb(
                "bypass open", lambda: open_bypass(control.pk, owner=by, minutes=60, reason="x", by=by, at=at)
            )
            return
        do = (
            lambda: pass_restart_check(running.pk, result="good", by=by, at=at),
            lambda: fail_again(running.pk, reason="x", by=by, at=at),
            lambda: close_bypass(running.pk, note="x", by=by, at=at),
        )[index % 3]
        self.verb("bypass", do)

    def sealed(self, index: int, choice: int, at: int) -> None:
        """A supervisor decides of a closed rack whose calls the OEM moved; asked for before where nothing is open."""
        open_ = [m for m in self.world.sealed.values() if m.choice == "OPEN"]
        if not open_:
            closed = [
                s for r in self.world.racks.values() if r.status in CLOSED
                for s in self.world.in_rack(r.id) if s.status == "FILLED"
            ]  # fmt: skip
            slot = pick(closed, index)
            if slot is None or slot.group_id is None:
                return
            self.resequence(Truth.number(slot.group_id, self.world), self.head + 1)
            self.head += 1
            return
        rack = self.world.racks[open_[index % len(open_)].rack_id]
        word = ("REOPEN-RACK", "SHIP-AS-IS")[choice % 2]
        self.flow(f"%C:{word}", f"%R:{self.carrier(rack)}", "%B:BOSS", "%P:4711", at=at % 4)

    # --- quality --------------------------------------------------------------------------------------------

    def hold(self, index: int, kind: int, *_: int) -> None:
        unit = pick(list(self.world.units.values()), index)
        group = pick(list(self.world.groups.values()), index)
        caught = Caught(part=PARTS[index % 3])
        if kind % 3 and unit is not None and unit.serial:
            caught = Caught(serial=unit.serial)
        elif kind % 3 and group is not None:
            caught = Caught(group_id=group.id)
        at = self.plant.at
        self.verb("hold", lambda: place_hold(caught, by="quinn", reason="x", at=at))

    def free(self, index: int, *_: int) -> None:
        hold = pick([h for h in self.world.holds.values() if h.released_at is None], index)
        if hold is not None:
            at = self.plant.at
            self.verb("free", lambda: release_hold(hold.id, by="quinn", reason="x", at=at))

    # --- the OEM --------------------------------------------------------------------------------------------

    def tell(self, event: str, number: str, sequence: int | None, part: str, **more: Any) -> bool:
        """One event of the OEM. What he said counts from the moment the plant has taken it."""
        text = f"{sequence:04d}" if sequence is not None else ""
        return self.verb(
            event.lower(),
            lambda: self.plant.take(event, number, text, part, required=200 + self.head, **more),
        )

    def known(self, index: int) -> str | None:
        """A vehicle that was called and has not left for good."""
        return pick(sorted(set(self.truth.called) - self.truth.cancelled), index)

    def has_left(self, number: str) -> bool:
        return any(group.status in {"SHIPPED", "CONFIRMED", "CLOSED"} for group in self.world.of_call(number))

    def next(self, part: int, *_: int) -> None:
        self.head += 1
        self.bring(self.head, PARTS[part % 3])

    def bring(self, sequence: int, part: str, event: str = "NEW", **more: Any) -> None:
        number = f"V{sequence:04d}"
        if number in self.truth.called:
            return
        self.truth.called[number] = part
        if self.tell(event, number, sequence, f"C-{part}", **more):
            self.sequence[number] = sequence
        else:
            del self.truth.called[number]

    def skip(self, part: int, *_: int) -> None:
        self.head += 1
        self.skipped.append(self.head)
        self.next(part)

    def fill(self, index: int, part: int, *_: int) -> None:
        if self.skipped:
            self.bring(self.skipped.pop(index % len(self.skipped)), PARTS[part % 3])

    def preview(self, part: int, *_: int) -> None:
        self.head += 1
        self.bring(self.head, PARTS[part % 3], "PREVIEW", stage=Stage.PREVIEW)
        self.previews.append(f"V{self.head:04d}")

    def firm(self, index: int, *_: int) -> None:
        number = pick(self.previews, index)
        if number is not None and number in self.truth.called and number not in self.truth.cancelled:
            self.tell("FIRM", number, self.sequence[number], f"C-{self.truth.called[number]}")

    def planned(self, index: int, other: int, *_: int) -> None:
        """A preview gets its place in the sequence, or a firm call goes back to a plan."""
        number = pick(self.previews, index) if other % 2 else self.known(index)
        if number is not None and number in self.truth.called and number not in self.truth.cancelled:
            part = f"C-{self.truth.called[number]}"
            self.tell("NEW", number, self.sequence[number], part, stage=Stage.PLANNED)

    def change(self, index: int, part: int, *_: int) -> None:
        number = self.known(index)
        if number is None:
            return
        self.changes(number, PARTS[part % 3])

    def changes(self, number: str, part: str) -> None:
        left, old, said = self.has_left(number), self.truth.called[number], self.truth.said[number]
        again = any(group.replaces_id is not None for group in self.world.of_call(number))
        if left and not again:
            # Too late: a person is told, what left stays what it was.
            self.tell("CHANGE", number, None, f"C-{part}")
            return
        if left:
            return
        self.truth.told_part(number, part)
        if not self.tell("CHANGE", number, None, f"C-{part}"):
            self.truth.called[number], self.truth.said[number] = old, said

    def unknown_part(self, index: int, part: int, *_: int) -> None:
        """A part nobody knows, and the right one behind it."""
        number = self.known(index)
        if number is None or self.has_left(number):
            return
        old = self.truth.called[number]
        self.truth.told_part(number, "?")
        if not self.tell("CHANGE", number, None, "C-UNKNOWN"):
            self.truth.called[number] = old
        elif part % 3:
            self.changes(number, PARTS[part % 3])

    def cancel(self, index: int, *_: int) -> None:
        number = self.known(index)
        if number is None:
            return
        left = self.has_left(number)
        if not left:
            self.truth.cancelled.add(number)
        if not self.tell("CANCEL", number, None, "") and not left:
            self.truth.cancelled.discard(number)
        elif left:
            self.truth.cancelled.add(number)

    def reinstate(self, index: int, part: int, *_: int) -> None:
        number = pick(sorted(self.truth.cancelled), index)
        if number is None:
            return
        old, said = self.truth.called[number], self.truth.said[number]
        self.truth.cancelled.discard(number)
        self.truth.told_part(number, PARTS[part % 3])
        if not self.tell("NEW", number, self.sequence[number], f"C-{PARTS[part % 3]}"):
            self.truth.called[number], self.truth.said[number] = old, said
            self.truth.cancelled.add(number)

    def resequence(self, number: str, to: int) -> None:
        if self.tell("RESEQUENCE", number, to, ""):
            self.sequence[number] = to

    def swap_places(self, first: int, second: int, *_: int) -> None:
        one, two = self.known(first), self.known(second)
        if one is None or two is None or one == two or self.has_left(one) or self.has_left(two):
            return
        to_one, to_two = self.sequence[two], self.sequence[one]
        self.resequence(one, to_one)
        self.resequence(two, to_two)

    def move_away(self, index: int, *_: int) -> None:
        """Out of the line and behind everything, as after a rework."""
        number = self.known(index)
        if number is not None:
            self.head += 1
            self.resequence(number, self.head)

    def oem_hold(self, index: int, *_: int) -> None:
        number = self.known(index)
        if number is not None and self.tell("HOLD", number, None, ""):
            self.truth.held.add(number)

    def oem_free(self, index: int, *_: int) -> None:
        number = pick(sorted(self.truth.held), index)
        if number is not None and self.tell("RELEASE", number, None, ""):
            self.truth.held.discard(number)

    def accept(self, index: int, *_: int) -> None:
        gap = pick([g for g in self.world.gaps.values() if g.status == "OPEN"], index)
        if gap is not None:
            by, at = self.plant.supervisor, self.plant.at
            stream = self.plant.stream.pk
            self.verb(
                "accept", lambda: accept_gap(stream, gap.position, gap.position, by=by, reason="x", at=at)
            )

    def again(self, index: int, *_: int) -> None:
        number = self.known(index)
        if number is not None and number not in self.previews:
            self.tell("NEW", number, self.sequence[number], f"C-{self.truth.called[number]}")

    def oem_reorder(self, index: int, *_: int) -> None:
        number = self.known(index)
        if number is not None and not self.has_left(number):
            self.tell("REORDER", number, None, "")

    # --- the yard -------------------------------------------------------------------------------------------

    def dock(self, index: int, *_: int) -> None:
        self.load(2, 2 + index % 4)

    def second_door(self, index: int, *_: int) -> None:
        self.load(3, 1 + index % 3)

    def rack_through(self, _: int, __: int, at: int) -> None:
        """A rack on its whole way, as far as nothing is in the way."""
        self.follow(at % 2, 9)
        self.load(2 + at % 2, 6)

    def load(self, at: int, times: int) -> None:
        if any(r.status == "STAGED" and r.shipment_id is None for r in self.world.racks.values()):
            self.verb("plan", lambda: plan_shipments(at=self.plant.at))
        for _ in range(times):
            raw = self.next_load(at)
            if self.scan(raw, at) == "NOT_NOW" or raw == "%C:BACK":
                return

    def next_load(self, at: int) -> str:
        place = self.place(at)
        code, _, expected, hint = self.told.get(place.id, ("", "", "", ""))
        if place.operator_id is None:
            return "%B:OP" if at == 2 else "%B:OP2"
        if place.mode.startswith("PLACE:"):
            rack = self.world.racks.get(int(place.mode.partition(":")[2]))
            return f"%Z:1-{rack.load_position or 1}" if rack is not None else "%C:BACK"
        if place.mode:
            return "%C:BACK"
        truck = self.world.trucks.get(place.shipment_id or 0)
        if truck is None or truck.status in {*LEFT, "CANCELLED"}:
            doors = {p.shipment_id for p in self.world.places.values()}
            waits = [
                t
                for t in self.world.trucks.values()
                if t.status not in {*LEFT, "CANCELLED"} and t.id not in doors
            ]
            return f"%T:{waits[0].number}" if waits else "%C:BACK"
        if code in {"WRONG_ORDER", "WRONG_RACK"} and expected:
            return f"%R:{expected.split(' ')[0]}"
        racks = sorted(
            (r for r in self.world.racks.values() if r.shipment_id == truck.id and r.status != "LOADED"),
            key=lambda r: r.load_position or 0,
        )
        if racks:
            return f"%R:{self.carrier(racks[0])}"
        packed = [b for b in self.world.boxes.values() if b.shipment_id == truck.id and b.status == "STAGED"]
        if packed:
            return f"%H:{packed[0].number}"
        if "seal" in hint or (truck.seal_number == "" and code == "NOT_NOW"):
            return f"X{truck.id}"
        return "%D:JO" if "driver" in hint else "%C:DEPART"

    def plan(self, index: int, *_: int) -> None:
        self.plant.tick(minutes=index % 30)
        self.verb("plan", lambda: plan_shipments(at=self.plant.at))

    def unload(self, index: int, _: int, at: int) -> None:
        rack = pick([r for r in self.world.racks.values() if r.status == "LOADED"], index)
        off = [f"%R:{self.carrier(rack)}"] if rack is not None else []
        self.flow("%C:UNLOAD", "%M:DAMAGED", "%B:BOSS", "%P:4711", *off, "%C:BACK", at=2 + at % 2)

    def short(self, index: int, by_scan: int, at: int) -> None:
        if by_scan % 2:
            self.flow("%C:SHORT", "%M:RACK-LATE", "%B:BOSS", "%P:4711", at=2 + at % 2)
            return
        truck = pick(list(self.world.trucks.values()), index)
        if truck is not None:
            now = self.plant.at
            self.verb("short", lambda: send_short(truck.id, by="boss", reason="x", at=now))

    def emergency(self, index: int, *_: int) -> None:
        rack = pick(list(self.world.racks.values()), index)
        point = self.plant.dock.unloading_point_id
        if rack is not None and point is not None:
            at = self.plant.at
            self.verb(
                "emergency",
                lambda: plan_emergency_run(point, [rack.id], cost_reason="OTHER", note="x", by="boss", at=at),
            )

    def call_off_truck(self, index: int, *_: int) -> None:
        truck = pick(list(self.world.trucks.values()), index)
        if truck is not None:
            at = self.plant.at
            self.verb("cancel truck", lambda: cancel_shipment(truck.id, by="boss", reason="x", at=at))

    def close_again(self, index: int, *_: int) -> None:
        truck = pick(list(self.world.trucks.values()), index)
        if truck is not None:
            at = self.plant.at
            self.verb("close again", lambda: close_again(truck.id, by="boss", at=at))

    def insert(self, index: int, other: int, *_: int) -> None:
        truck, rack = pick(list(self.world.trucks.values()), index), pick(list(self.world.racks), other)
        if truck is not None and rack is not None:
            at = self.plant.at
            self.verb("insert", lambda: insert_rack(truck.id, rack, by="boss", reason="x", at=at))

    def other_truck(self, index: int, other: int, *_: int) -> None:
        trucks = [None, *self.world.trucks]
        rack = pick(list(self.world.racks), other)
        if rack is not None:
            at, to = self.plant.at, trucks[index % len(trucks)]
            self.verb("other truck", lambda: move_rack_to(rack, to, by="boss", reason="x", at=at))

    def piece_away(self, index: int, other: int, *_: int) -> None:
        """One call's piece goes by itself, in a rack of its own; that rack is sealed by the next who works it."""
        group = pick(list(self.world.groups), index)
        bound = {r.carrier_id for r in self.world.racks.values() if r.status in BOUND}
        free = pick([code for pk, code in self.carriers.items() if pk not in bound], other)
        if group is not None and free is not None:
            at = self.plant.at
            self.verb(
                "piece away", lambda: move_group(group, free, shipment_id=None, by="boss", reason="x", at=at)
            )

    def arrive(self, index: int, *_: int) -> None:
        truck = pick([t for t in self.world.trucks.values() if t.status in LEFT], index)
        if truck is not None:
            at = self.plant.at
            self.verb("arrive", lambda: record_arrival(truck.id, at=at, by="lou"))

    def empties(self, index: int, _: int, at: int) -> None:
        rack = pick([r for r in self.world.racks.values() if r.status in {"IN_TRANSIT", "AT_OEM"}], index)
        if rack is not None:
            self.scan(f"%R:{self.carrier(rack)}", 2 + at % 2)


# --- running them --------------------------------------------------------------------------------------------


@contextmanager
def undone() -> Iterator[None]:
    """Whatever was done in it is taken back, so that each history begins on the same tables."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # the verbs own durable transactions
    with block:
        yield
        transaction.set_rollback(True)


# How many acts the common beginning has, and how many each history has of its own behind it. Every third beginning is a
# long day, so that what comes late (receipts, billing, pieces sent back) comes about.
BEGINNING, LONG_BEGINNING, ENDING = 30, 90, 5
# Calls that are there before anybody scans.
CALLED_FIRST = 5


def begin(number: int) -> tuple[str, list[Act]]:
    """The plant and the first acts of history `number`."""
    seed = f"begin {number // BRANCHES}"
    length = LONG_BEGINNING if number // BRANCHES % 3 == 1 else BEGINNING
    return seed, [("next", n, 0, 0) for n in range(CALLED_FIRST)] + draw(seed, length)


def end(number: int) -> list[Act]:
    return draw(f"end {number}", ENDING)


class Fault(AssertionError):
    """A history that broke something: its number, its acts and what was seen."""

    def __init__(self, number: int, acts: list[Act], floor: Floor | None, why: BaseException) -> None:
        self.number, self.acts, self.why = number, acts, why
        scans = "\n  ".join(floor.raws[-25:]) if floor is not None else ""
        super().__init__(f"history {number}: {type(why).__name__}: {why}\n  {scans}")


def run(numbers: range, *, tell: Callable[[Floor], None] | None = None) -> Counter[str]:
    """Runs histories of one beginning; returns what was done in them. Raises `Fault` with the first that breaks."""
    seed, acts = begin(numbers.start)
    with undone():
        floor = Floor(seed)
        go(floor, acts, numbers.start)
        done = Counter(floor.done)
        for number in numbers:
            with undone():
                branch = copy.deepcopy(floor)
                branch.done.clear()
                go(branch, end(number), number, before=acts)
                done += branch.done
                if tell is not None:
                    tell(branch)
    return done


def go(floor: Floor, acts: list[Act], number: int, *, before: Sequence[Act] = ()) -> None:
    for count, act in enumerate(acts, 1):
        try:
            floor.act(act)
        except Exception as why:
            raise Fault(number, [*before, *acts[:count]], floor, why) from why


def replay(seed: str, acts: Sequence[Act]) -> BaseException | None:
    """What breaks when these acts are done on that plant; nothing when all is well."""
    with undone():
        floor = Floor(seed)
        try:
            go(floor, list(acts), 0)
        except Fault as fault:
            return fault
    return None


def shortest(seed: str, acts: list[Act], why: str, *, tries: int = 150) -> list[Act]:
    """Leaves out acts as long as the same thing breaks."""
    size = len(acts) // 2
    while size and tries:
        at = 0
        while at < len(acts) and tries:
            shorter = [*acts[:at], *acts[at + size :]]
            tries -= 1
            found = replay(seed, shorter)
            if isinstance(found, Fault) and type(found.why).__name__ == why:
                acts = found.acts
            else:
                at += size
        size //= 2
    return acts
