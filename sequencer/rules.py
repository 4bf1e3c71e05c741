"""Decisions from values alone: sequence arithmetic, rack cut, scan judgement, host check. No clock, no database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from inventory.errors import Invalid
from sequencer.labels import Label
from sequencer.states import Stage

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


def slot_number(position: int, low: int, high: int, *, reverse: bool) -> int:
    """Slots are numbered in loading order: forward the lowest sequence is 1, reverse the highest."""
    return high - position + 1 if reverse else position - low + 1


def drawn_at(number: int, rows: int, columns: int) -> tuple[int, int]:
    """Row from the top and column from the left of a slot, as the operator stands before the rack.

    Slot 1 is at the operator's side (bottom row), at the right; filling goes leftwards and then up.
    """
    level, place = divmod(number - 1, columns)
    return rows - level, columns - place


@dataclass(frozen=True, slots=True)
class Need:
    """One piece the present group still wants."""

    component_id: int
    part_id: int
    number: str
    accepts: frozenset[str]
    serial: bool
    description: str = ""


@dataclass(frozen=True, slots=True)
class PartJudgement:
    """Which need the label answers, with its serial; or the code of the refusal."""

    code: str
    need: Need | None = None
    serial: str | None = None


def judge_part(label: Label, needs: Sequence[Need], pending: str) -> PartJudgement:
    """Judges a goods label against what is still wanted. `pending`: number of a part whose serial is awaited.

    OK (serial known or not wanted) | NEED_SERIAL | WRONG_PART. Never matches a need of another group.
    """
    if pending:
        waiting = next((n for n in needs if n.number == pending), None)
        if waiting is not None:
            return _judge_serial(label, waiting, needs)
    need = next((n for n in needs if n.accepts.intersection(label.numbers)), None)
    if need is None:
        return PartJudgement("WRONG_PART")
    if need.serial and label.serial is None:
        return PartJudgement("NEED_SERIAL", need)
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


def host_check(slots: Iterable[SlotFacts], *, holes_approved: bool) -> list[str]:
    """Sentences for everything that forbids sealing or departing; empty when the rack is right."""
    reasons = (_slot_reason(slot, holes_approved) for slot in slots)
    return [reason for reason in reasons if reason]


def _slot_reason(slot: SlotFacts, holes_approved: bool) -> str:
    where = f"slot {slot.number} ({slot.sequence})"
    if slot.status == "CANCELLED":
        return ""
    if slot.gap:
        return f"{where}: the call is missing; wait for it or have the gap accepted"
    if slot.status == "HOLE":
        return "" if holes_approved else f"{where}: hole needs a supervisor"
    if slot.status != "FILLED":
        return f"{where}: not filled"
    if slot.on_hold:
        return f"{where}: on quality hold"
    if slot.held:
        return f"{where}: held by the OEM"
    if slot.stage != "FIRM" or slot.group_status != "PACKED":
        return f"{where}: call is {(slot.stage or 'gone').lower()}, unit is {(slot.group_status or 'gone').lower()}"
    if slot.packed_revision != slot.latest_revision:
        return f"{where}: call was changed after the part was scanned"
    return ""


def short_difference(need: str, got: str) -> tuple[int, int]:
    """Where two numbers begin to differ, for underlining: (index in need, index in got)."""
    same = 0
    for a, b in zip(need, got, strict=False):
        if a != b:
            break
        same += 1
    return same, same
