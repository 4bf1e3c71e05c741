"""Sequence breaks: a piece of another vehicle than the one asked for. It is never taken for that one.

What happens besides is the station's policy, or its program's; `rules.judge_break` decides, this module does it.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from inventory.errors import Stale
from sequencer import rules
from sequencer.models import ComponentGroup, FloorException, Rack, SequenceBreak, Slot, Station, Unit
from sequencer.rules import BreakAction
from sequencer.services import printing
from sequencer.services.exceptions import lock_rack_too, note_exception
from sequencer.services.journal import open_task, record_event
from sequencer.services.printing import DocumentKind
from sequencer.services.racks import move_group
from sequencer.services.scans.judging import Judging
from sequencer.services.scrap import scrap_locked
from sequencer.services.verdicts import Judged
from sequencer.spoken import in_words
from sequencer.states import (
    UNIT_MOVES,
    BreakOutcome,
    BreakPolicy,
    GroupStatus,
    OverrideWhat,
    UnitStatus,
    check_move,
)

ENDS = {BreakAction.DETAIN: BreakOutcome.DETAINED, BreakAction.SCRAP: BreakOutcome.SCRAPPED}
TASK = "SEQUENCE_BREAK"
# What an override of the sequence order softens to a warning.
HARSH = frozenset({BreakAction.STOP, BreakAction.DETAIN, BreakAction.SCRAP})


def policy_of(station: Station) -> tuple[BreakPolicy, int]:
    """The station's own policy and patience, else its program's."""
    commodity = station.commodity
    assert commodity is not None  # a packing station has one by constraint
    if station.sequence_break:
        return BreakPolicy(station.sequence_break), station.break_after
    return BreakPolicy(commodity.program.sequence_break), commodity.program.break_after


def announced(found: ComponentGroup) -> str:
    """Why a vehicle's piece is known to be out of its turn, or nothing: repair, quality hold, or said on its slot."""
    if found.status == GroupStatus.REPAIR:
        return "repair"
    if found.on_hold:
        return _("quality hold")
    said = Slot.objects.filter(group=found).values_list("announced", flat=True).first()
    return said or ""


def announce_break(group_id: int, *, why: str) -> None:
    """Carries an announced break on the slot, so that later stations do not alarm again; empty takes it back.

    For the verb that decides it (repair, QA pull), in its transaction. Packing the slot ends it by itself.
    """
    Slot.objects.filter(group=group_id).update(announced=why[:60])


def take_break(judging: Judging, rack: Rack, slot: Slot, found: ComponentGroup, unit: Unit | None) -> Judged:
    """A label of `found` was scanned while the slot's group is asked for. Refuses it, and acts by the policy."""
    asked = slot.group
    assert asked is not None
    station, at = judging.station, judging.at
    policy, after = policy_of(station)
    known = SequenceBreak.objects.filter(station=station, found=found, outcome=BreakOutcome.OPEN).first()
    why = announced(found)
    action = rules.judge_break(policy, after=after, passed=known.passed if known else 0, announced=bool(why))
    if action in HARSH and judging.lets_pass(OverrideWhat.SEQUENCE_ORDER, asked):
        # The piece is put aside and neither locks nor is detained; it is still nobody's but its own vehicle's.
        action = BreakAction.WARN
    row = known or SequenceBreak.objects.create(
        station=station, asked=asked, found=found, unit=unit, policy=policy, after=after, announced=why,
        opened_at=at, opened_by=str(station.operator),
    )  # fmt: skip
    need, got = asked.call_off.sequence_number, found.call_off.sequence_number
    record_event(
        f"line:{judging.line_id}", "sequence_break", station.code, at=at, by=str(station.operator),
        reason=why, policy=policy, action=action, need=need, got=got,
    )  # fmt: skip
    hint, sound, code = act(judging, row, action, need, got)
    return Judged(
        code,
        "PART",
        expected=_("seq %(need)s") % {"need": need},
        seen=_("seq %(got)s") % {"got": got},
        hint=hint,
        sound=sound,
        rack=rack,
        slot=slot,
        group=asked,
        unit=unit,
    )


def act(
    judging: Judging, row: SequenceBreak, action: BreakAction, need: str, got: str
) -> tuple[str, str, str]:
    """Does what the policy says; returns hint, sound and verdict."""
    by = str(judging.station.operator)
    if action is BreakAction.STOP:
        judging.lock("OUT_OF_SEQUENCE", _("seq %(need)s") % {"need": need}, _("seq %(got)s") % {"got": got})
        return _("Put it back and scan the return bin, or call a supervisor"), "stop", "OUT_OF_SEQUENCE"
    if action is BreakAction.WAIT:
        judging.station.open_breaks = open_breaks(judging.station)
        left = row.after - row.passed
        return (
            _("%(got)s may come within %(left)s more; now scan %(need)s")
            % {"got": got, "left": left, "need": need},
            "check",
            "OUT_OF_SEQUENCE",
        )
    if action in ENDS:
        carry_out(judging, row, action)
        done = (
            _("The piece of %(got)s is detained: hold cart. Scan %(need)s")
            if action is BreakAction.DETAIN
            else _("The piece of %(got)s is scrap: NOK sticker on it. Scan %(need)s")
        )
        return done % {"got": got, "need": need}, "stop", "DETAINED"
    close(row, BreakOutcome.NOTED, at=judging.at, by=by)
    if action is BreakAction.WARN:
        return (
            _("It belongs to %(got)s: put it aside, scan %(need)s") % {"got": got, "need": need},
            "check",
            "OUT_OF_SEQUENCE",
        )
    told = (
        _("Piece of %(got)s, announced: %(why)s: put it aside")
        if row.announced
        else _("Piece of %(got)s: put it aside")
    )
    return told % {"got": got, "why": row.announced}, "wait", "OUT_OF_SEQUENCE"


def count_unit(judging: Judging, group: ComponentGroup) -> str:
    """A unit was packed at a station with open breaks: one of them came right, the others wait one unit less.

    Returns what the operator must be told, or nothing.
    """
    station, told = judging.station, []
    mine = SequenceBreak.objects.filter(station=station, outcome=BreakOutcome.OPEN)
    for row in mine.filter(found=group):
        close(row, BreakOutcome.CAME_RIGHT, at=judging.at, by=str(station.operator))
    mine.update(passed=F("passed") + 1)
    for row in mine.filter(passed__gte=F("after"), policy__in=list(rules.IN_THE_END)).select_related(
        "found__call_off", "found__commodity", "unit__part"
    ):
        action = rules.IN_THE_END[BreakPolicy(row.policy)]
        if not carry_out(judging, row, action):
            continue
        told.append(
            _("%(sequence)s %(end)s: put it aside")
            % {"sequence": row.found.call_off.sequence_number, "end": in_words(ENDS[action])}
        )
    station.open_breaks = open_breaks(station)
    return "; ".join(told)


def carry_out(judging: Judging, row: SequenceBreak, action: BreakAction) -> bool:
    """Detains or scraps the piece; false when it has gone its right way meanwhile."""
    station, found, by = judging.station, row.found, str(judging.station.operator)
    unit = Unit.objects.select_related("part").get(pk=row.unit_id) if row.unit_id is not None else None
    if unit is not None and (unit.group_id != row.found_id or unit.status != UnitStatus.ALLOCATED):
        close(row, BreakOutcome.CAME_RIGHT, at=judging.at, by=by)
        return False
    reason = f"out of sequence at {station.code}"
    line = found.commodity.program.line
    if unit is not None and action is BreakAction.SCRAP:
        scrap_locked(
            unit, line=line, by=by, reason=reason, at=judging.at, station=station, mine=judging.locked_rack
        )
    elif unit is not None:
        detain(judging, unit, found, reason)
    close(row, ENDS[action], at=judging.at, by=by)
    text = f"{ENDS[action]} {found.call_off.sequence_number} at {station.code}: {reason}; build it again"
    open_task(line, TASK, f"{found.call_off.call_number} {found.commodity.family}", text, at=judging.at,
              due_at=found.call_off.required_at, group=found)  # fmt: skip
    return True


def detain(judging: Judging, unit: Unit, found: ComponentGroup, reason: str) -> None:
    """The piece goes to repair, where somebody looks at it; its call is built again."""
    station, at, by = judging.station, judging.at, str(judging.station.operator)
    take_off(unit, found, UnitStatus.REPAIR, judging.locked_rack)
    printing.print_document(DocumentKind.NOK_STICKER, unit, at=at, by=by, station=station, reason=reason)
    note_exception(
        FloorException.Kind.REPAIR, line=found.commodity.program.line, at=at, by=by, reason=reason,
        text=f"{unit} detained: it came for {found.call_off.sequence_number}", station=station, unit=unit,
    )  # fmt: skip


def take_off(unit: Unit, found: ComponentGroup, to: UnitStatus, mine: Rack | None) -> None:
    """The piece leaves its call, whose slot is worked again. Both racks are locked for it."""
    rack_id = Slot.objects.filter(group=found).values_list("rack_id", flat=True).first()
    if rack_id is not None:
        lock_rack_too(rack_id, mine)
    check_move(UNIT_MOVES, unit.status, to, f"unit {unit}")
    moved = Unit.objects.filter(pk=unit.pk, status=unit.status, group=found)
    if not moved.update(status=to, group=None, component=None):
        raise Stale(f"unit {unit.pk}")
    if found.status in {GroupStatus.IN_WORK, GroupStatus.VERIFIED}:
        move_group(found, GroupStatus.RELEASED)


def close(row: SequenceBreak, outcome: BreakOutcome, *, at: datetime, by: str) -> None:
    SequenceBreak.objects.filter(pk=row.pk).update(outcome=outcome, closed_at=at, closed_by=by[:60])
    row.outcome = outcome


def close_stopped(station: Station, outcome: BreakOutcome, *, at: datetime, by: str) -> None:
    """The lock of a STOP was opened: by the return bin or by a supervisor."""
    stopped = SequenceBreak.objects.filter(
        station=station, outcome=BreakOutcome.OPEN, policy=BreakPolicy.STOP
    )
    stopped.update(outcome=outcome, closed_at=at, closed_by=by[:60])


def open_breaks(station: Station) -> int:
    return SequenceBreak.objects.filter(
        station=station, outcome=BreakOutcome.OPEN, policy__in=list(rules.IN_THE_END)
    ).count()
