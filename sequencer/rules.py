"""Decisions from values alone: sequence arithmetic, rack cut, scan judgement, host check. No clock, no database."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo

from inventory.errors import Invalid
from sequencer.labels import Label
from sequencer.marks import gettext_noop
from sequencer.states import BreakPolicy, GroupStatus, Stage

SEQUENCE_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class CalledPart:
    """One part as the OEM called it."""

    customer_part: str
    quantity: int = 1
    unit_code: str = ""
    options: tuple[str, ...] = ()
    order_ref: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True)
class CallNews:
    """What one event says of one call. Times are aware; absent text is empty.

    `cycle` names the count a sequence number belongs to, where the partner begins anew each year, say.
    `sparse`: the partner counts something else without holes, so a vehicle number that is missing is no gap.
    `whole`: `parts` are all there is; a CHANGE takes families it does not name off the call.
    """

    event: str
    call_number: str
    sequence_number: str = ""
    sequence_source: str = ""
    vin: str = ""
    production_number: str = ""
    document_number: str = ""
    dock: str = ""
    line_feed: str = ""
    required_at: datetime | None = None
    parts: tuple[CalledPart, ...] = ()
    stage: Stage = Stage.FIRM
    sparse: bool = False
    cycle: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Counter:
    """How a stream writes its numbers: prefix, zero-padded width, first and last value before it wraps."""

    prefix: str
    width: int
    first: int
    last: int

    @property
    def span(self) -> int:
        return self.last - self.first + 1

    def read(self, text: str) -> int:
        """The number in `text`; refuses another prefix, non-digits or a value outside first..last."""
        digits = text.removeprefix(self.prefix)
        if not text.startswith(self.prefix) or not SEQUENCE_DIGITS.fullmatch(digits):
            raise Invalid(
                "bad_sequence",
                f"sequence {text!r} is not {self.prefix or 'digits'} followed by up to {self.width} digits",
                sequence=text,
            )
        number = int(digits)
        if not self.first <= number <= self.last:
            raise Invalid(
                "bad_sequence", f"sequence {text!r} is outside {self.first} to {self.last}", sequence=text
            )
        return number

    def position(self, text: str, near: int | None) -> int:
        """The unwrapped integer of `text` nearest to `near` (the stream's last); the number itself at the start."""
        number = self.read(text)
        if near is None:
            return number
        cycle = round((near - number) / self.span)
        return min((number + (cycle + d) * self.span for d in (-1, 0, 1)), key=lambda p: (abs(p - near), -p))

    def text(self, position: int) -> str:
        """How the OEM writes a position: the inverse of `position`."""
        number = (position - self.first) % self.span + self.first
        return f"{self.prefix}{number:0{self.width}d}"


def missing_between(last: int | None, position: int) -> range:
    """Positions a dense stream skipped when `position` follows `last`."""
    return range(position, position) if last is None else range(last + 1, position)


def cut(position: int, cut_from: int, capacity: int) -> tuple[int, int]:
    """Lowest and highest position of the rack that holds `position`, racks being counted off from `cut_from`.

    Deterministic in both directions: the same position always gives the same rack.
    """
    low = cut_from + (position - cut_from) // capacity * capacity
    return low, low + capacity - 1


CutValue = int | str | tuple[time, ...]


def read_cut_value(kind: str, value: str) -> CutValue:
    """The value of a cut rule: a count, minutes, times of day or an option's beginning. Refuses what it cannot be."""
    text = value.strip()
    if kind in {"MAX_SEQUENCES", "MINUTES"}:
        if not SEQUENCE_DIGITS.fullmatch(text) or not 1 <= int(text) <= 10_000:
            raise Invalid("bad_cut_value", f"{value!r} is no whole number from 1 to 10000")
        return int(text)
    if kind == "CLOCK":
        try:
            clocks = tuple(sorted({time.fromisoformat(word) for word in text.replace(",", " ").split()}))
        except ValueError as error:
            raise Invalid(
                "bad_cut_value", f"{value!r} is no list of times; write 06:00 14:00 22:00"
            ) from error
        if not clocks or any(clock.tzinfo for clock in clocks):
            raise Invalid("bad_cut_value", "write times of the OEM's day, for example 06:00 14:00 22:00")
        return clocks
    if kind == "OWN_OPTION" and (not text or " " in text):
        raise Invalid("bad_cut_value", "write how the option code begins, without blanks, for example COL-")
    if kind.startswith("OWN_") and kind != "OWN_OPTION" and text:
        raise Invalid("bad_cut_value", "this kind of cut takes no value")
    return text


@dataclass(frozen=True, slots=True)
class CutSpec:
    """How the racks of one commodity are cut: places per mark, most sequences, time, and what gets racks of its own.

    `own` names what parts calls into racks of their own; the caller puts it into the `key` of each. Without `places`
    only the other rules cut.
    """

    places: tuple[tuple[str, int], ...]
    most: int | None = None
    span: timedelta | None = None
    clocks: tuple[time, ...] = ()
    zone: str = "UTC"
    own: tuple[str, ...] = ()
    option: str = ""

    @property
    def sequences(self) -> int:
        """The most sequences a rack can hold."""
        room = min(count for _, count in self.places)
        return room if self.most is None else min(room, self.most)

    @property
    def by_content(self) -> bool:
        """What stands in a rack depends on what is called, so that no place can be kept for a call not known yet."""
        return bool(self.own or self.span is not None or self.clocks)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One group that wants a slot: `ref` is the caller's key of it, `due` when the OEM's line needs it."""

    position: int
    mark: str = ""
    ref: int = 0
    key: str = ""
    due: datetime | None = None


def cut_runs(
    entries: Iterable[Entry], spec: CutSpec, edges: Collection[tuple[str, int]] = ()
) -> list[tuple[Entry, ...]]:
    """Cuts groups into racks; each run is one rack in sequence order, the runs by their lowest position.

    Promise: the result depends on the entries alone, never on the order they are given in; each entry is in one run;
    groups of one vehicle stay together; within one key a run ends before the next begins. `edges`: pairs of key and
    position after which a rack was cut short by a person.
    """
    by_key: dict[str, list[Entry]] = {}
    for entry in sorted(entries):
        by_key.setdefault(entry.key, []).append(entry)
    runs = [
        tuple(run)
        for key, mine in by_key.items()
        for run in _cut_key(mine, spec, sorted(edge for name, edge in edges if name == key))
    ]
    return sorted(runs)


def _cut_key(entries: list[Entry], spec: CutSpec, edges: list[int]) -> Iterator[list[Entry]]:
    run: list[Entry] = []
    for _, vehicle in groupby(entries, key=lambda entry: entry.position):
        joining = list(vehicle)
        if run and not _joins(run, joining, spec, edges):
            yield run
            run = []
        run += joining
    if run:
        yield run


def _joins(run: list[Entry], joining: list[Entry], spec: CutSpec, edges: list[int]) -> bool:
    """Whether a vehicle still goes into the rack: place, count, a cut by hand, the time span, the clock."""
    together = run + joining
    room = dict(spec.places)
    if room and any(
        sum(e.mark == mark for e in together) > room.get(mark, 0) for mark in {e.mark for e in joining}
    ):
        return False
    if spec.most is not None and len({entry.position for entry in together}) > spec.most:
        return False
    if bisect_left(edges, run[-1].position) != bisect_left(edges, joining[0].position):
        return False
    dues = [entry.due for entry in together if entry.due is not None]
    if len(dues) < 2:
        return True
    if spec.span is not None and max(dues) - min(dues) > spec.span:
        return False
    return len({shift_of(due, spec.clocks, spec.zone) for due in dues}) == 1


def shift_of(due: datetime, clocks: tuple[time, ...], zone: str) -> tuple[date, int]:
    """Which stretch between two clock times a moment lies in; a moment at the clock time belongs to the new one."""
    if not clocks:
        return date.min, 0
    local = due.astimezone(ZoneInfo(zone))
    turn = bisect_right(clocks, local.time())
    return (local.date(), turn) if turn else (local.date() - timedelta(days=1), len(clocks))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a piece stands in a rack and where it belongs; None: on a hold cart, or nowhere in this rack."""

    ref: int
    at: int | None
    to: int | None


@dataclass(frozen=True, slots=True)
class Move:
    """One piece from a slot to another; None is the hold cart."""

    ref: int
    source: int | None
    target: int | None


def plan_moves(standing: Iterable[Standing]) -> list[Move]:
    """The moves, in order, that bring every piece to its place without ever two in one slot.

    Promise: as few as can be. A piece goes to the hold cart only if it belongs nowhere in this rack, or once in each
    ring of pieces that stand on each other's places. The same pieces always give the same moves.
    """
    pieces = list(standing)
    where = {piece.ref: piece.at for piece in pieces}
    goes = {piece.ref: piece.to for piece in pieces}
    order = sorted(where, key=lambda ref: (where[ref] is None, where[ref] or 0, ref))
    moves: list[Move] = []
    while True:
        taken = {at for at in where.values() if at is not None}
        ref = next((r for r in order if goes[r] is not None and goes[r] not in taken), None)
        target = goes[ref] if ref is not None else None
        if ref is None:
            ref = next((r for r in order if goes[r] is None and where[r] is not None), None)
        if ref is None:
            ref = next((r for r in order if goes[r] is not None and where[r] is not None), None)
        if ref is None:
            return moves
        moves.append(Move(ref, where[ref], target))
        if target is None:
            where[ref] = None
        else:
            # Landed: it stands where it belongs and takes that slot for good.
            where[ref], goes[ref] = target, None
            order.remove(ref)


@dataclass(frozen=True, slots=True)
class Need:
    """One piece the present group still wants."""

    component_id: int
    part_id: int
    number: str
    accepts: frozenset[str]
    serial: bool
    description: str = ""
    left: int = 1
    lot: bool = False
    bin: str = ""


@dataclass(frozen=True, slots=True)
class PartJudgement:
    """Which need the label answers, with its serial and lot; or the code of the refusal."""

    code: str
    need: Need | None = None
    serial: str | None = None
    lot: str | None = None
    supplier: str | None = None


def judge_part(label: Label, needs: Sequence[Need], pending: str) -> PartJudgement:
    """Judges a goods label against what is still wanted. `pending`: number of a part whose serial or lot is awaited.

    OK (what is traced is known) | NEED_SERIAL | NEED_LOT | WRONG_PART. Never matches a need of another group.
    """
    judgement = _judge_part(label, needs, pending)
    if judgement.need is None or judgement.lot is not None:
        return judgement
    return replace(judgement, lot=label.lot, supplier=label.supplier)


def _judge_part(label: Label, needs: Sequence[Need], pending: str) -> PartJudgement:
    if pending:
        waiting = next((n for n in needs if n.number == pending), None)
        if waiting is not None:
            return (_judge_lot if waiting.lot else _judge_serial)(label, waiting, needs)
    need = next((n for n in needs if n.accepts.intersection(label.numbers)), None)
    if need is None:
        return PartJudgement("WRONG_PART")
    if need.serial and label.serial is None:
        return PartJudgement("NEED_SERIAL", need)
    if need.lot and label.lot is None:
        return PartJudgement("NEED_LOT", need)
    return PartJudgement("OK", need, label.serial if need.serial else None)


def _judge_serial(label: Label, waiting: Need, needs: Sequence[Need]) -> PartJudgement:
    if any(n.accepts.intersection(label.numbers) for n in needs) and label.serial is None:
        return PartJudgement("NEED_SERIAL", waiting)
    if label.serial is not None:
        # A full label of another part must not lend its serial.
        stated = [n for n in label.numbers if n != label.value]
        if stated and not waiting.accepts.intersection(stated):
            return PartJudgement("WRONG_PART")
        return PartJudgement("OK", waiting, label.serial)
    return PartJudgement("OK", waiting, label.value)


def _judge_lot(label: Label, waiting: Need, needs: Sequence[Need]) -> PartJudgement:
    """A bare number is the lot itself; a full label lends its lot only if it is of the same part."""
    stated = [n for n in label.numbers if n != label.value]
    if stated and not waiting.accepts.intersection(stated):
        return PartJudgement("WRONG_PART")
    if label.lot is None and any(n.accepts.intersection(label.numbers) for n in needs):
        return PartJudgement("NEED_LOT", waiting)
    return PartJudgement("OK", waiting, lot=label.lot or label.value)


class BreakAction(StrEnum):
    """What follows from a piece of another vehicle. No action takes it for the vehicle asked for."""

    QUIET = "QUIET"
    NOTE = "NOTE"
    WARN = "WARN"
    STOP = "STOP"
    WAIT = "WAIT"
    DETAIN = "DETAIN"
    SCRAP = "SCRAP"


AT_ONCE = {
    BreakPolicy.STOP: BreakAction.STOP,
    BreakPolicy.WARN: BreakAction.WARN,
    BreakPolicy.DETAIN_NOW: BreakAction.DETAIN,
    BreakPolicy.IGNORE: BreakAction.NOTE,
}
IN_THE_END = {
    BreakPolicy.DELAYED_THEN_DETAIN: BreakAction.DETAIN,
    BreakPolicy.DELAYED_THEN_SCRAP: BreakAction.SCRAP,
}


def judge_break(policy: BreakPolicy, *, after: int, passed: int, announced: bool) -> BreakAction:
    """A piece of another vehicle came: what the station does. The piece is refused whatever the answer.

    `after` units may be packed before a delayed policy acts, `passed` were since the piece was first seen. A break that
    was announced (repair, QA pull) was alarmed where it arose and is only noted here.
    """
    if announced:
        return BreakAction.QUIET
    if policy in AT_ONCE:
        return AT_ONCE[policy]
    return BreakAction.WAIT if passed < after else IN_THE_END[policy]


class HandEnd(StrEnum):
    """Why the piece in the hand is not wanted any more. DONE: it went where it belongs, nobody has to be told."""

    DONE = "DONE"
    CHANGED = "CHANGED"
    CANCELLED = "CANCELLED"
    MOVED = "MOVED"
    HELD = "HELD"
    ON_HOLD = "ON HOLD"


@dataclass(frozen=True, slots=True)
class HandFacts:
    """The call whose part is in the hand, as it stands now; `here`: its slot is in the rack at the station."""

    revision: int
    status: str
    stage: str
    held: bool = False
    on_hold: bool = False
    here: bool = True


def judge_hand(scanned_revision: int, now: HandFacts) -> HandEnd | None:
    """Whether what was scanned for a call is still wanted for it; None while it is."""
    if now.status == GroupStatus.CANCELLED or now.stage == Stage.CANCELLED:
        return HandEnd.CANCELLED
    if now.status not in {*WANTS_A_HAND, GroupStatus.UNRESOLVED}:
        return HandEnd.DONE
    if now.revision != scanned_revision or now.status == GroupStatus.UNRESOLVED:
        return HandEnd.CHANGED
    if now.on_hold:
        return HandEnd.ON_HOLD
    if now.held or now.stage != Stage.FIRM:
        return HandEnd.HELD
    if now.status == GroupStatus.RELEASED or not now.here:
        return HandEnd.MOVED
    return None


# What else a group may be, somebody decided: packed, missing, in repair, gone.
WANTS_A_HAND = frozenset({GroupStatus.RELEASED, GroupStatus.IN_WORK, GroupStatus.VERIFIED})


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """One slot as the host check sees it, read under the rack's lock."""

    number: int
    sequence: str
    status: str
    packed_revision: int | None
    latest_revision: int | None
    group_status: str | None
    stage: str | None
    held: bool = False
    on_hold: bool = False
    gap: bool = False
    moved: bool = False
    hold: str = ""


# Sentences of the host check; `say` finds them in the catalogues.
MOVED = gettext_noop(
    "slot %(slot)s (%(sequence)s): the OEM moved the call after the seal; a supervisor decides"
)
GAP = gettext_noop("slot %(slot)s (%(sequence)s): the call is missing; wait for it or have the gap accepted")
HOLE = gettext_noop("slot %(slot)s (%(sequence)s): hole needs a supervisor")
NOT_FILLED = gettext_noop("slot %(slot)s (%(sequence)s): not filled")
HELD_BY_US = gettext_noop("slot %(slot)s (%(sequence)s): on quality hold %(hold)s")
HELD_BY_OEM = gettext_noop("slot %(slot)s (%(sequence)s): held by the OEM")
NOT_OPEN = gettext_noop("slot %(slot)s (%(sequence)s): call is %(call)s, unit is %(unit)s")
CHANGED = gettext_noop("slot %(slot)s (%(sequence)s): call was changed after the part was scanned")


class Sentence(str):
    """A sentence for a person that still knows what it was made of, whatever language it is in."""

    template = ""


def is_hole(reason: str) -> bool:
    """Whether a sentence of the host check is of a hole, and nothing that only has the word in it."""
    return isinstance(reason, Sentence) and reason.template == HOLE


def is_held(reason: str) -> bool:
    """Whether a sentence of the host check is of a piece on quality hold."""
    return isinstance(reason, Sentence) and reason.template == HELD_BY_US


def host_check(
    slots: Iterable[SlotFacts], *, holes_approved: bool, say: Callable[[str], str] = str
) -> list[str]:
    """Sentences for everything that forbids sealing or departing; empty when the rack is right.

    `say` gives a sentence in the language of who is told.
    """
    reasons = (_slot_reason(slot, holes_approved, say) for slot in slots)
    return [reason for reason in reasons if reason]


def _slot_reason(slot: SlotFacts, holes_approved: bool, say: Callable[[str], str]) -> str:
    facts = {"slot": slot.number, "sequence": slot.sequence, "hold": slot.hold}
    facts |= {"call": (slot.stage or "gone").lower(), "unit": (slot.group_status or "gone").lower()}
    template = _slot_fault(slot, holes_approved)
    told = Sentence((say(template) % facts).rstrip()) if template else Sentence()
    told.template = template
    return told


def _slot_fault(slot: SlotFacts, holes_approved: bool) -> str:
    """What is wrong with a slot, as the sentence catalogues know; nothing when it is right."""
    faults = (
        (slot.moved, MOVED),
        (slot.gap, GAP),
        (slot.status == "HOLE", "" if holes_approved else HOLE),
        (slot.status != "FILLED", NOT_FILLED),
        (slot.on_hold, HELD_BY_US),
        (slot.held, HELD_BY_OEM),
        (slot.stage != "FIRM" or slot.group_status != "PACKED", NOT_OPEN),
        (slot.packed_revision != slot.latest_revision, CHANGED),
    )
    if slot.status == "CANCELLED":
        return ""
    return next((sentence for wrong, sentence in faults if wrong), "")


def short_difference(need: str, got: str) -> tuple[int, int]:
    """Where two numbers begin to differ, for underlining: (index in need, index in got)."""
    same = 0
    for a, b in zip(need, got, strict=False):
        if a != b:
            break
        same += 1
    return same, same
