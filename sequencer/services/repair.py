"""The repair loop: a piece leaves its slot, its call waits for it, and everybody sees until when."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale
from sequencer.clocks import both_clocks
from sequencer.models import ComponentGroup, FloorException, Line, LoosePiece, Rack, Slot, Station, Unit
from sequencer.services.exceptions import (
    latest_time,
    lock_rack_too,
    note_exception,
    refuse_in_box,
    resolve_exceptions,
)
from sequencer.services.journal import close_tasks, open_task
from sequencer.services.racks import move_group, put_back, vacate
from sequencer.spoken import in_words
from sequencer.states import UNIT_MOVES, GroupStatus, SlotStatus, UnitStatus, check_move

TASK = "REPAIR"
KIND = FloorException.Kind.REPAIR


def send_to_repair_locked(
    unit: Unit,
    *,
    line: Line,
    by: str,
    reason: str,
    at: datetime,
    station: Station | None = None,
    mine: Rack | None = None,
) -> tuple[ComponentGroup | None, Slot | None]:
    """Takes a piece out of its place into repair, in the caller's transaction; returns its call's group and slot.

    Promise: the group waits for this piece in its slot, which says until when it is needed; building goes on behind
    it, the rack is not sealed without it; a task carries the deadline. Refuses what has left, is scrap, in repair or
    in a box. Locks the rack the piece stands in; `mine` is the rack the caller has locked.
    """
    if unit.status == UnitStatus.SHIPPED:
        raise Refused("has_left", _("%(unit)s has left") % {"unit": unit})
    check_move(UNIT_MOVES, unit.status, UnitStatus.REPAIR, f"piece {unit}")
    refuse_in_box(unit)
    group, slot = None, None
    if unit.group_id is not None:
        rows = ComponentGroup.objects.select_related("call_off", "commodity__program__line__plant")
        group = rows.get(pk=unit.group_id)
        # Wherever it is scanned: the line whose call waits for it is told.
        line = group.commodity.program.line
        slot = Slot.objects.select_related("rack").filter(group=group).first()
        if slot is not None:
            slot.rack = lock_rack_too(slot.rack_id, mine)
            slot.refresh_from_db(fields=["status", "group"])
        group.refresh_from_db(fields=["status"])
        if slot is not None and slot.status == SlotStatus.FILLED:
            vacate(slot, at=at, to=SlotStatus.REOPENED, by=by, reason="in repair")
        else:
            put_back(group)
        move_group(group, GroupStatus.REPAIR)
    sent = Unit.objects.filter(
        pk=unit.pk, status__in=[UnitStatus.BUFFER, UnitStatus.ALLOCATED, UnitStatus.PACKED],
        handling_unit__isnull=True,
    )  # fmt: skip
    if not sent.update(status=UnitStatus.REPAIR, group=None, component=None):
        raise Stale(f"unit {unit.pk}")
    unit.status, unit.group, unit.component = UnitStatus.REPAIR, None, None
    LoosePiece.objects.filter(unit=unit).delete()
    due = latest_time(group) if group is not None else None
    until = (
        f"needed by {_both_clocks(due, group)}" if due is not None and group is not None else "no time given"
    )
    where = f" for {slot.rack.number} slot {slot.number}" if slot is not None else ""
    note_exception(
        KIND, line=line, text=f"piece {unit} in repair{where}, {until}", reason=reason, at=at, by=by, group=group,
        unit=unit, rack=slot.rack if slot else None, slot=slot, station=station, due_at=due,
    )  # fmt: skip
    if group is not None:
        if slot is not None:
            said = f"in repair, {until}"
            Slot.objects.filter(pk=slot.pk).update(reason=said[:120], announced="repair")
        call = group.call_off
        text = (
            f"REPAIR {call.sequence_number}{where}: {unit}, {reason}; {until}, else scrap it and build again"
        )
        open_task(line, TASK, _subject(group), text, at=at, due_at=due, group=group)
    return group, slot


def back_from_repair_locked(
    unit: Unit, *, by: str, at: datetime, mine: Rack | None = None
) -> tuple[ComponentGroup | None, Slot | None]:
    """The repaired piece is good again: it may be scanned like any other, and the call that waited asks for it.

    Runs in the caller's transaction. Refuses a piece that is not in repair. Locks the rack its call waits in.
    """
    if unit.status != UnitStatus.REPAIR:
        raise Refused(
            "not_in_repair",
            _("%(unit)s is %(status)s, not in repair") % {"unit": unit, "status": in_words(unit.status)},
        )
    open_ = FloorException.objects.filter(kind=KIND, unit=unit, resolved_at__isnull=True)
    row = open_.select_related("group__call_off", "group__commodity").first()
    group, slot = row.group if row is not None else None, None
    if group is not None:
        slot = Slot.objects.select_related("rack").filter(group=group).first()
        if slot is not None:
            slot.rack = lock_rack_too(slot.rack_id, mine)
        group.refresh_from_db(fields=["status"])
    if not Unit.objects.filter(pk=unit.pk, status=UnitStatus.REPAIR).update(status=UnitStatus.BUFFER):
        raise Stale(f"unit {unit.pk}")
    unit.status = UnitStatus.BUFFER
    resolve_exceptions(KIND, unit=unit, at=at, by=by, how="repaired")
    if group is None or group.status != GroupStatus.REPAIR:
        return None, None
    move_group(group, GroupStatus.RELEASED)
    if slot is not None:
        Slot.objects.filter(pk=slot.pk).update(reason="back from repair", announced="")
    close_tasks(TASK, _subject(group), at=at, note="repaired")
    return group, slot


def _subject(group: ComponentGroup) -> str:
    return f"{group.call_off.call_number} {group.commodity.family}"


def _both_clocks(moment: datetime, group: ComponentGroup) -> str:
    return both_clocks(moment, group.commodity.program.line.plant.time_zone)
