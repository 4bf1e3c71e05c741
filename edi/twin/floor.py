"""Hands on the floor: packers and dock teams that read the screen, scan real labels and move real racks.

They decide from what a person sees (`station_view`, `dock_view`) and act only through `record_scan`. Beside the
program's picture stands the physical one, kept here: which piece was put into which slot of which rack.
"""

from __future__ import annotations

import itertools
import logging
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import connection
from django.utils import timezone

from edi.twin.alone import Alone
from edi.twin.oem import Departure, Piece
from inventory.errors import Stale
from sequencer.services import Verdict, dock_view, plan_shipments, record_scan, station_view

logger = logging.getLogger(__name__)

View = dict[str, Any]

# So many refused scans in a row mean that the hands do not understand the screen.
BAFFLED = 60
# A cut lasts so many units at most.
CUT_UNITS = 4


class When(StrEnum):
    """Where the floor stands still for a test: the call is asked for, in its slot, or its rack is staged."""

    ASKED = "ASKED"
    PACKED = "PACKED"
    STAGED = "STAGED"


class Trick(StrEnum):
    """What a packer does wrong on purpose when a call is asked for."""

    WRONG_PART = "WRONG_PART"
    USED_SERIAL = "USED_SERIAL"
    # Nothing wrong: the network is, for a stretch of units.
    CUT_OFF = "CUT_OFF"


@dataclass(slots=True)
class Stop:
    """Hands wait at a moment of one call until they are let go."""

    reached: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Played:
    """A trick and what came of it: `caught` is None until it was played."""

    trick: Trick
    caught: bool | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How long hands take. Zero: as fast as the program answers."""

    scan: tuple[float, float] = (0.0, 0.0)
    idle: float = 0.05
    return_after: float = 0.0


@dataclass(slots=True)
class Yard:
    """What stands where, whatever the program thinks. Shared by all hands."""

    empties: dict[str, deque[str]]
    home: dict[str, str]
    badges: dict[str, str]
    standing: dict[str, dict[int, Piece]] = field(default_factory=dict)
    used: dict[str, list[str]] = field(default_factory=dict)
    rework: dict[str, deque[str]] = field(default_factory=dict)
    away: dict[str, deque[tuple[float, str]]] = field(default_factory=dict)
    departures: list[Departure] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def empty_for(self, program: str) -> str | None:
        with self.lock:
            return self.empties[program].popleft() if self.empties[program] else None

    def put_empty(self, carrier: str) -> None:
        with self.lock:
            self.standing.pop(carrier, None)
            self.empties[self.home[carrier]].append(carrier)

    def bring_back(self, carrier: str) -> None:
        """The dock sends a rack that was opened again back to its station."""
        with self.lock:
            waiting = self.rework.setdefault(self.home[carrier], deque())
            if carrier not in waiting:
                waiting.append(carrier)

    def next_rework(self, program: str) -> str | None:
        with self.lock:
            waiting = self.rework.get(program)
            return waiting.popleft() if waiting else None

    def put_piece(self, carrier: str, slot: int, piece: Piece) -> None:
        with self.lock:
            self.standing.setdefault(carrier, {})[slot] = piece

    def take_piece(self, carrier: str, slot: int) -> Piece | None:
        with self.lock:
            return self.standing.get(carrier, {}).pop(slot, None)

    def depart(self, shipment: str, dock: str, carriers: list[str], return_at: float) -> None:
        """The truck passes the OEM's gate; its racks come back empty later."""
        with self.lock:
            racks = {carrier: dict(self.standing.get(carrier, {})) for carrier in carriers}
            self.departures.append(Departure(shipment, dock, racks))
            self.away.setdefault(dock, deque()).extend((return_at, carrier) for carrier in carriers)

    def next_return(self, dock: str, now: float) -> str | None:
        with self.lock:
            waiting = self.away.get(dock)
            return waiting.popleft()[1] if waiting and waiting[0][0] <= now else None


@dataclass
class Floor:
    """All hands of a plant, what they are told to do differently, and how fast the program answered them."""

    yard: Yard
    pace: Pace
    parts: dict[str, list[str]]
    seed: int
    nonces: str
    plans_trucks: bool = True
    hands: list[Hand] = field(default_factory=list)
    stops: dict[tuple[str, str, When], Stop] = field(default_factory=dict)
    tricks: dict[tuple[str, str], Played] = field(default_factory=dict)
    probes: dict[tuple[str, str], bool] = field(default_factory=dict)
    verdict_ms: deque[float] = field(default_factory=lambda: deque(maxlen=100_000))
    concerned: frozenset[tuple[str, str]] = frozenset()
    scan_count: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        for hand in self.hands:
            hand.start()

    def stop(self, seconds: float = 5.0) -> None:
        self.closing.set()
        until = time.monotonic() + seconds
        for hand in self.hands:
            if hand.is_alive():
                hand.join(max(0.0, until - time.monotonic()))

    def check(self) -> None:
        """Raises what ended a pair of hands."""
        for hand in self.hands:
            if hand.error is not None:
                raise RuntimeError(f"{hand.name} gave up") from hand.error

    def stop_at(self, program: str, sequence: str, when: When) -> Stop:
        """Has the hands stand still at a moment of one call."""
        stop = Stop()
        self.stops[program, sequence, when] = stop
        return stop

    def play(self, program: str, sequence: str, trick: Trick) -> Played:
        played = Played(trick)
        self.tricks[program, sequence] = played
        return played

    def probe_gap(self, program: str, sequence: str) -> None:
        """Has the packer try to seal, and the dock to depart, as soon as only this missing call is waited for."""
        self.probes[program, sequence] = False

    def probed(self, program: str, sequence: str) -> bool:
        return self.probes[program, sequence]


class Hand(threading.Thread, ABC):
    """One person at one scanner."""

    badge_of = ""

    def __init__(self, floor: Floor, station_id: int, code: str) -> None:
        super().__init__(name=code, daemon=True)
        self.floor = floor
        self.station_id = station_id
        self.error: Exception | None = None
        self.refused = 0
        self.count = itertools.count(1)
        self.random = random.Random(f"{floor.seed} {code}")

    def run(self) -> None:
        try:
            while not self.floor.closing.is_set():
                if not self.turn():
                    self.rest(self.floor.pace.idle)
        except Exception as error:  # noqa: BLE001 - told to the shift, which ends with it
            self.error = error
        finally:
            connection.close()

    @abstractmethod
    def turn(self) -> bool:
        """Looks at the screen and does what it asks; False when there was nothing to do."""

    def rest(self, seconds: float) -> None:
        self.floor.closing.wait(seconds)

    def scan(self, raw: str, shown: int | None = None) -> Verdict:
        least, most = self.floor.pace.scan
        if most:
            self.rest(self.random.uniform(least, most))
        nonce = f"{self.floor.nonces}-{next(self.count)}"
        began = time.perf_counter()
        verdict = self.judged(raw, nonce, shown)
        self.floor.verdict_ms.append((time.perf_counter() - began) * 1000)
        self.floor.scan_count += 1
        self.refused = 0 if verdict.accepted else self.refused + 1
        if self.refused > BAFFLED:
            raise RuntimeError(f"{self.name}: {raw} is refused again and again: {verdict}")
        return verdict

    def judged(self, raw: str, nonce: str, shown: int | None) -> Verdict:
        while True:
            # A rack that changed trucks at this moment: the scan left no trace and is made again.
            with suppress(Stale):
                return record_scan(self.station_id, raw, nonce, at=timezone.now(), shown=shown)

    def stand_still(self, program: str, sequence: str, when: When) -> bool:
        """Waits here if a test asks for it; True when it did, so that the screen is looked at again."""
        stop = self.floor.stops.pop((program, sequence, when), None)
        if stop is None:
            return False
        stop.reached.set()
        while not stop.let_go.wait(0.1) and not self.floor.closing.is_set():
            pass
        return True

    def log_in(self) -> bool:
        return self.scan(f"%B:{self.floor.yard.badges[self.badge_of]}").accepted


class Packer(Hand):
    """Fills racks at one packing station."""

    badge_of = "packer"

    def __init__(self, floor: Floor, station_id: int, code: str, program: str) -> None:
        super().__init__(floor, station_id, code)
        self.program = program
        self.held: Piece | None = None

    def turn(self) -> bool:
        view = station_view(self.station_id, at=timezone.now())
        asked = view["ask"]["code"]
        if asked == "BADGE":
            return self.log_in()
        if asked in {"LOCKED", "PUT_BACK"}:
            return self.scan("%C:RETURN").accepted
        if asked in {"RACK", "WAIT"}:
            return self.fetch_rack(view, asked)
        if asked in {"PART", "SERIAL", "SLOT"}:
            return self.serve(view, asked)
        if asked == "SEAL":
            return self.scan("%C:SEAL").accepted
        if asked == "STAGE":
            return self.stage(view)
        if asked.startswith("MOVE"):
            return self.move(view, asked)
        return self.scan("%C:BACK").accepted

    def move(self, view: View, asked: str) -> bool:
        """A piece that stands wrong: taken where the screen says, shown, put into its slot or the return bin."""
        if asked == "MOVES":
            return self.scan("%C:MOVES").accepted
        label = view["ask"]["cards"][-1]["raw"]
        carrier, slot = view["rack"]["carrier"], label.rpartition(":")[2]
        if not self.scan(label).accepted:
            return False
        if asked == "MOVE_FROM":
            self.held = self.floor.yard.take_piece(carrier, int(slot))
        elif asked == "MOVE_TO":
            if slot.isdecimal() and self.held is not None:
                self.floor.yard.put_piece(carrier, int(slot), self.held)
            self.held = None
        return True

    # racks

    def fetch_rack(self, view: View, asked: str) -> bool:
        if view["rack"] is not None and view["rack"]["status"] not in {"STAGED", "LOADED", "CANCELLED"}:
            return self.wait_in_rack(view)
        yard = self.floor.yard
        carrier = yard.next_rework(self.program)
        if carrier is not None:
            self.scan(f"%R:{carrier}")
            return True
        if asked == "WAIT":
            return False
        carrier = yard.empty_for(self.program)
        if carrier is None:
            return False
        verdict = self.scan(f"%R:{carrier}")
        if not verdict.accepted and verdict.code == "NOT_NOW":
            yard.put_empty(carrier)
        return verdict.accepted

    def wait_in_rack(self, view: View) -> bool:
        """Nothing can be picked. If a call is missing, a test may want to see that the rack cannot be closed."""
        for slot in view["rack"]["slots"]:
            probe = self.program, slot["sequence"]
            if slot["status"] == "GAP" and self.floor.probes.get(probe) is False:
                self.floor.probes[probe] = not self.scan("%C:SEAL").accepted
                return True
        return False

    def stage(self, view: View) -> bool:
        accepted = self.scan(f"%R:{view['rack']['carrier']}").accepted
        for slot in view["rack"]["slots"] if accepted else ():
            self.stand_still(self.program, slot["sequence"], When.STAGED)
        return accepted

    # pieces

    def serve(self, view: View, asked: str) -> bool:
        """One call: the piece from its bin, its serial, its slot."""
        now, carrier = view["now"], view["rack"]["carrier"]
        sequence = now["sequence"]
        if asked == "PART":
            if self.stand_still(self.program, sequence, When.ASKED) or self.misbehave(now, sequence):
                return True
            if not self.pick(now):
                return True
        elif asked == "SERIAL" and not self.give_serial(now):
            return True
        if self.held is None:
            self.held = Piece(now["part"])
        if any(check["name"] == "slot" for check in now["checks"]):
            verdict = self.scan(f"%L:{carrier}:{now['slot']}")
            if not verdict.accepted:
                return True
        self.floor.yard.put_piece(carrier, now["slot"], self.held)
        # A piece of a call that a fault concerns may go back to its bin and be used again rightly.
        if self.held.serial and (self.program, sequence) not in self.floor.concerned:
            self.floor.yard.used.setdefault(self.held.part, []).append(self.held.serial)
        self.held = None
        self.stand_still(self.program, sequence, When.PACKED)
        return True

    def pick(self, now: View) -> bool:
        """Scans the piece's label; True when nothing but its place is left to scan."""
        serial = self.new_serial(now["part"]) if _wants_serial(now) else None
        # Half of the suppliers of parts print both facts in one symbol, the others in two.
        in_one = serial is not None and self.random.random() < 0.5
        label = one_label(now["part"], serial) if in_one else f"P{now['part']}"
        verdict = self.scan(label, now["group"])
        if verdict.code == "NEED_SERIAL" and serial is not None:
            verdict = self.scan(f"S{serial}", now["group"])
        self.held = Piece(now["part"], serial) if verdict.accepted else None
        return verdict.accepted

    def give_serial(self, now: View) -> bool:
        part = now["part"]
        serial = self.new_serial(part)
        accepted = self.scan(f"S{serial}", now["group"]).accepted
        self.held = Piece(part, serial) if accepted else None
        return accepted

    def new_serial(self, part: str) -> str:
        return f"{part[:2]}{self.floor.nonces}{next(self.count):06d}"

    # tricks

    def misbehave(self, now: View, sequence: str) -> bool:
        played = self.floor.tricks.pop((self.program, sequence), None)
        if played is None:
            return False
        tricks = {Trick.WRONG_PART: self.show_wrong_part, Trick.USED_SERIAL: self.show_used_serial,
                  Trick.CUT_OFF: self.work_alone}  # fmt: skip
        played.caught = tricks[played.trick](now)
        return True

    def show_wrong_part(self, now: View) -> bool:
        """Another part of the family: must be refused and lock; then even the right part must not open it."""
        other = next(part for part in self.floor.parts[self.program] if part != now["part"])
        wrong = self.scan(f"P{other}")
        right = self.scan(f"P{now['part']}")
        back = self.scan("%C:RETURN")
        return (wrong.code, right.code, back.code) == ("WRONG_PART", "LOCKED", "OK")

    def show_used_serial(self, now: View) -> bool:
        """A label printed twice: the serial that already stands in a rack must be refused by name."""
        used = self.floor.yard.used.get(now["part"])
        if not used:
            return False
        return self.scan(one_label(now["part"], used[0])).code == "DUPLICATE"

    # the network is cut

    def work_alone(self, now: View) -> bool:
        """From here to the next call that another fault concerns the station is cut off, and then the log is sent.

        The answer to the first scan is lost after the server took it. True when nothing was lost or doubled and nobody
        else could scan before the log was drained.
        """
        alone = Alone.cut(self.station_id, f"{self.floor.nonces}-cut{next(self.count)}")
        carrier = station_view(self.station_id, at=timezone.now())["rack"]["carrier"]
        for number in range(CUT_UNITS):
            slot = alone.current()
            # The call of the cut and the next one are its own; from then on other faults may wait.
            if slot is None or (number > 1 and (self.program, slot["sequence"]) in self.floor.concerned):
                break
            if number and not self.refuse_alone(alone, slot):
                return self.tell_cut(alone, "a wrong part was not refused")
            if not self.pack_alone(alone, slot, carrier, lost=number == 0):
                return self.tell_cut(alone, "a right part was refused")
        row = alone.come_back(lambda: self.judged("%C:SEAL", self.new_nonce(), None).code)
        self.floor.scan_count += len(alone.log)
        told = (row.sent, row.taken, row.known, row.doubled, row.holes, row.tasks, row.left)
        if told == (len(alone.log), len(alone.log), 1, 0, 0, 0, 0) and row.closed_at is not None:
            return True
        return self.tell_cut(alone, f"the log came back as {told}, closed {row.closed_at}")

    def tell_cut(self, alone: Alone, why: str) -> bool:
        """Says what an outage stumbled over, for whoever reads the shift's findings. Always False."""
        logger.warning(
            "%s, cut off: %s, after %s", self.name, why, [(kept.raw, kept.code) for kept in alone.log]
        )
        return False

    def refuse_alone(self, alone: Alone, slot: View) -> bool:
        wanted = {need["number"] for need in slot["needs"]}
        other = next(part for part in self.floor.parts[self.program] if part not in wanted)
        scans = f"P{other}", f"P{slot['needs'][0]['number']}", "%C:RETURN"
        return [alone.scan(raw, self.new_nonce()) for raw in scans] == ["WRONG_PART", "LOCKED", "OK"]

    def pack_alone(self, alone: Alone, slot: View, carrier: str, *, lost: bool) -> bool:
        """One unit from the pack; the piece stands in the rack as soon as the station said so."""
        need = slot["needs"][0]
        serial = self.new_serial(need["number"]) if need["serial"] else None
        label, nonce = one_label(need["number"], serial), self.new_nonce()
        if lost:
            self.judged(label, nonce, slot["group"])
        if alone.scan(label, nonce) != "OK":
            return False
        if alone.asks_slot(slot) and alone.scan(f"%L:{carrier}:{slot['number']}", self.new_nonce()) != "OK":
            return False
        piece = Piece(need["number"], serial)
        self.floor.yard.put_piece(carrier, slot["number"], piece)
        return True

    def new_nonce(self) -> str:
        return f"{self.floor.nonces}-{next(self.count)}"


def _wants_serial(now: View) -> bool:
    return any(check["name"] == "serial" for check in now["checks"])


def one_label(part: str, serial: str | None) -> str:
    """An ISO/IEC 15434 symbol, format 06, with part and serial."""
    fields = [f"P{part}", *([f"S{serial}"] if serial else [])]
    return "[)>\x1e06\x1d" + "\x1d".join(fields) + "\x1e\x04"


class Dock(Hand):
    """Loads the trucks of one dock in the order shown, lets them go, takes empties back."""

    badge_of = "dock"

    def __init__(self, floor: Floor, station_id: int, code: str, dock: str) -> None:
        super().__init__(floor, station_id, code)
        self.dock = dock

    def turn(self) -> bool:
        view = dock_view(self.station_id, at=timezone.now())
        asked = view["ask"]["code"]
        if asked == "BADGE":
            return self.log_in()
        if asked == "TRUCK":
            return self.scan(f"%T:{view['shipment']['number']}").accepted
        if asked == "RACK":
            rack = next(rack for rack in view["shipment"]["racks"] if rack["next"])
            return self.scan(f"%R:{rack['carrier']}").accepted
        if asked in {"PLACE", "UNLOAD"}:
            return self.place_or_unload(view, asked)
        if asked == "DOOR_SEAL":
            return self.scan(f"TWIN{view['shipment']['id']:06d}").accepted
        if asked == "DRIVER":
            return self.scan("%D:TWIN DRIVER").accepted
        if asked == "DEPART":
            return self.depart(view)
        if asked == "WAIT":
            return self.while_waiting(view)
        return self.scan("%C:BACK").accepted

    def place_or_unload(self, view: View, asked: str) -> bool:
        """The place the rack belongs to, or the rack that comes off; one opened again goes back to its station."""
        racks = view["shipment"]["racks"]
        if asked == "PLACE":
            rack = next(rack for rack in racks if rack["next"])
            return self.scan(f"%Z:{view['station']['code']}:{rack['lane']}-{rack['place']}").accepted
        rack = next(rack for rack in racks if rack["off_first"])
        return self.scan(f"%R:{rack['carrier']}").accepted

    def depart(self, view: View) -> bool:
        shipment, yard = view["shipment"], self.floor.yard
        carriers = [rack["carrier"] for rack in shipment["racks"]]
        if not self.scan("%C:DEPART").accepted:
            self.rest(self.floor.pace.idle)
            return False
        return_at = time.monotonic() + self.floor.pace.return_after
        yard.depart(shipment["number"], self.dock, carriers, return_at)
        return True

    def while_waiting(self, view: View) -> bool:
        """Empties come back; a rack that was opened again goes back to its station; else a truck is planned."""
        carrier = self.floor.yard.next_return(self.dock, time.monotonic())
        if carrier is not None:
            if self.scan(f"%R:{carrier}").accepted:
                self.floor.yard.put_empty(carrier)
            return True
        if view["shipment"] is None:
            return self.floor.plans_trucks and plan_shipments(at=timezone.now()) > 0
        for rack in view["shipment"]["racks"]:
            if rack["next"] and rack["status"] == "REOPENED" and rack["carrier"]:
                self.floor.yard.bring_back(rack["carrier"])
        return False
