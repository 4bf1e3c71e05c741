"""Which round of a partner's count a vehicle number belongs to, where the calendar does not tell.

A number that wraps, or that the partner sets back when he likes, names a vehicle only together with its round. The
rounds are counted here, by broadcast point, while a file is booked: so a call has the same name however often it is
told, and a file that comes late has the name its vehicle had then.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime

from django.utils import timezone

from edi.formats import CallOffEvent, Profile
from edi.formats.calls import OPEN_CYCLE
from edi.models import SequenceCycle, TradingPartner
from edi.services.alarms import journal
from edi.services.counters import unwrapped

# Only what may be a vehicle's first call says that a count began anew.
CREATING = frozenset({"NEW", "PREVIEW", "FIRM"})
RESET = "RESET"


class Cycles:
    """The rounds of one partner as one file sees and moves them; `save` keeps what it moved.

    Runs in the caller's transaction under the partner's lane, so nobody else moves them meanwhile. `prepared` is when
    the partner wrote the interchange (ISO 8601): what he wrote before a round began belongs to the one before it.
    """

    def __init__(self, partner: TradingPartner, profile: Profile) -> None:
        self.partner = partner
        self.rule = profile.sequence
        self.rounds: dict[str, list[SequenceCycle]] = defaultdict(list)
        self.moved: dict[int, SequenceCycle] = {}
        for row in SequenceCycle.objects.filter(partner=partner).order_by("number"):
            self.rounds[row.point].append(row)

    def name(self, call: CallOffEvent, prepared: str, *, at: datetime) -> str | None:
        """The round a call belongs to; None for one without a number of the counter. A RESET begins the next."""
        index = self._index(call.sequence_number)
        point = (call.sequence_source or "")[:10]
        if call.event == RESET:
            for each in [point] if point else sorted({*self.rounds, ""}):
                self._begin(each, prepared, at=at)
        elif index is None:
            return None
        row = self._round(point, prepared, at=at)
        if index is None or call.event == RESET:
            return row.name
        if self.rule.cycle == "wrap":
            return self._wrapped(row, index, prepared, at=at)
        if call.event in CREATING and self._starts_anew(row, index, prepared):
            row = self._begin(point, prepared, at=at)
        self._reach(row, index)
        return row.name

    def save(self, *, at: datetime) -> None:
        for row in self.moved.values():
            if row._state.adding and row.number > 1:
                place = f"{self.partner.code} {row.point}".strip()
                journal(
                    "cycle_began", place, at=at, partner=self.partner.code, cycle=row.name, began=row.began
                )
            row.save()
        self.moved = {}

    def _index(self, sequence: str | None) -> int | None:
        """Place of a number in the count, from 1; None for what is no number of it."""
        digits = re.search(r"[0-9]+$", sequence or "")
        number = int(digits.group()) if digits else 0
        return (
            number - self.rule.first + 1 if digits and self.rule.first <= number <= self.rule.last else None
        )

    def _round(self, point: str, prepared: str, *, at: datetime) -> SequenceCycle:
        rows = self.rounds[point]
        if not rows:
            return self._add(point, 1, "", at=at)
        began = [row for row in rows if not prepared or row.began <= prepared]
        return began[-1] if began else rows[0]

    def _add(self, point: str, number: int, began: str, *, at: datetime) -> SequenceCycle:
        row = SequenceCycle(partner=self.partner, point=point, number=number, began=began, seen_at=at)
        self.rounds[point].append(row)
        self.moved[id(row)] = row
        return row

    def _begin(self, point: str, prepared: str, *, at: datetime) -> SequenceCycle:
        """The next round, unless what the partner wrote then, or later, began one already."""
        row = self._round(point, "", at=at)
        if row.began and prepared and prepared <= row.began:
            return self._round(point, prepared, at=at)
        return self._add(point, row.number + 1, prepared, at=at)

    def _starts_anew(self, row: SequenceCycle, index: int, prepared: str) -> bool:
        """The number by which the partner begins comes far behind the last of the present round, written later."""
        rule = self.rule
        begins = bool(rule.reset_number) and index == rule.reset_number - rule.first + 1
        newest = row is self.rounds[row.point][-1] and (not prepared or prepared > row.began)
        return begins and newest and row.last - index > rule.max_jump

    def _wrapped(self, row: SequenceCycle, index: int, prepared: str, *, at: datetime) -> str:
        """The number nearest to the last one is meant: behind the end it is of the next round, before 1 of the last."""
        row = self.rounds[row.point][-1]
        span = self.rule.last - self.rule.first + 1
        step = (unwrapped(index, row.last, span) - 1) // span if row.last else 0
        if step > 0:
            row = self._add(row.point, row.number + step, prepared, at=at)
        elif step < 0:
            return SequenceCycle(number=row.number + step).name
        self._reach(row, index)
        return row.name

    def _reach(self, row: SequenceCycle, index: int) -> None:
        if index > row.last:
            row.last = index
            self.moved[id(row)] = row


def named(call_number: str | None, cycle: str | None) -> str | None:
    """An identity with its round put in; None when it needs one and there is none."""
    if call_number is None or not call_number.startswith(OPEN_CYCLE):
        return call_number
    return cycle + call_number[len(OPEN_CYCLE) :] if cycle else None


def cycle_in(call_number: str | None) -> str | None:
    """The round an identity names, None when it names none."""
    found = re.match(r"c[0-9]{4,}(?=-)", call_number or "")
    return found[0] if found else None


def named_by_hand(partner: TradingPartner, profile: Profile, call: CallOffEvent, number: str) -> str | None:
    """The identity of a call that people write down: in the round as it stands now, and none begins by it."""
    if not number.startswith(OPEN_CYCLE):
        return number
    said = CallOffEvent("CHANGE", call.sequence_number, call.sequence_source)
    return named(number, Cycles(partner, profile).name(said, "", at=timezone.now()))
