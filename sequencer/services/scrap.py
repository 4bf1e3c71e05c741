"""Scrap and build again: the piece is scrapped for ever, its call keeps its slot and is built as the next attempt."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale, Unknown
from sequencer.models import ComponentGroup, FloorException, Line, LoosePiece, Rack, Slot, Station, Unit
from sequencer.services import printing
from sequencer.services.exceptions import (
    latest_time,
    lock_rack_too,
    note_exception,
    refuse_in_box,
    resolve_exceptions,
)
from sequencer.services.journal import close_tasks, open_task
from sequencer.services.printing import DocumentKind
from sequencer.services.racks import SCRAPPED, move_group, put_back, vacate
from sequencer.states import UNIT_MOVES, GroupStatus, SlotStatus, UnitStatus, check_move

TASK = "SCRAP"


def scrap_unit(unit_id: int, *, by: str, reason: str, at: datetime) -> Unit:
    """Scraps a piece wherever it is; the promises and refusals of `scrap_locked`. Owns its transaction."""
    with transaction.atomic(durable=True):
        unit = Unit.objects.select_related("part").filter(pk=unit_id).first()
        if unit is None:
            raise Unknown("no_unit", _("there is no piece %(unit_id)s") % {"unit_id": unit_id})
        slot = Slot.objects.filter(group=unit.group_id).first() if unit.group_id else None
        line = slot.rack.commodity.program.line if slot else _line_of(unit)
        scrap_locked(unit, line=line, by=by, reason=reason, at=at)
    return unit


def scrap_locked(
    unit: Unit,
    *,
    line: Line,
    by: str,
    reason: str,
    at: datetime,
    station: Station | None = None,
    mine: Rack | None = None,
) -> ComponentGroup | None:
    """Scraps a piece in the caller's transaction; returns the group that is built again, if it had one.

    Promise: the piece is never taken again, its labels are void, a NOK sticker is asked for; the group keeps its slot,
    counts one attempt more and is asked for before anything else of that rack. Other pieces of the group go to the
    buffer and are scanned again. Refuses (`forbidden_move`, `has_left`, `in_box`) what is scrapped already, has left or
    lies in a box, and a missing reason. Locks the rack the piece stands in; `mine` is the rack the caller has locked.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("say why it is scrapped"))
    if unit.status == UnitStatus.SHIPPED:
        raise Refused(
            "has_left", _("%(unit)s has left; take it back first when the OEM returns it") % {"unit": unit}
        )
    check_move(UNIT_MOVES, unit.status, UnitStatus.SCRAPPED, f"piece {unit}")
    refuse_in_box(unit)
    group, slot = _group_of(unit), None
    if group is not None:
        slot = Slot.objects.select_related("rack").filter(group=group).first()
        if slot is not None:
            slot.rack = lock_rack_too(slot.rack_id, mine)
            slot.refresh_from_db(fields=["status", "group"])
        group.refresh_from_db(fields=["status", "attempt"])
        # Wherever it is scanned: the line that has to build it again is told.
        line = group.commodity.program.line
        _open_again(group, slot, at=at, by=by, reason=reason)
    here = Unit.objects.filter(pk=unit.pk, handling_unit__isnull=True)
    scrapped = here.exclude(status__in=[UnitStatus.SCRAPPED, UnitStatus.SHIPPED])
    if not scrapped.update(status=UnitStatus.SCRAPPED, group=None, component=None):
        raise Stale(f"unit {unit.pk}")
    unit.status, unit.group, unit.component = UnitStatus.SCRAPPED, None, None
    LoosePiece.objects.filter(unit=unit).delete()
    for kind in (FloorException.Kind.REPAIR, FloorException.Kind.RETURNED):
        resolve_exceptions(kind, unit=unit, at=at, by=by, how=f"scrapped: {reason}")
    printing.void_labels(unit, at=at, reason=f"scrapped: {reason}")
    printing.print_document(DocumentKind.NOK_STICKER, unit, at=at, by=by, station=station, reason=reason)
    _note(unit, group, slot, line, at=at, by=by, reason=reason, station=station)
    return group


def _group_of(unit: Unit) -> ComponentGroup | None:
    """The call's group a piece is scrapped for: its own, or the one that waits for it from repair."""
    rows = ComponentGroup.objects.select_related("call_off", "commodity__program__line__plant")
    if unit.group_id is not None:
        return rows.get(pk=unit.group_id)
    waits = rows.filter(
        status=GroupStatus.REPAIR,
        floor_exceptions__kind=FloorException.Kind.REPAIR,
        floor_exceptions__unit=unit,
        floor_exceptions__resolved_at__isnull=True,
    )
    return waits.first()


def _open_again(group: ComponentGroup, slot: Slot | None, *, at: datetime, by: str, reason: str) -> None:
    if slot is not None and slot.status == SlotStatus.FILLED:
        vacate(slot, at=at, to=SlotStatus.REOPENED, by=by, reason=f"{SCRAPPED} {reason}")
    else:
        put_back(group)
    move_group(group, GroupStatus.RELEASED, attempt=group.attempt + 1)
    if group.status == GroupStatus.RELEASED and slot is not None:
        close_tasks(
            "REPAIR", f"{group.call_off.call_number} {group.commodity.family}", at=at, note="scrapped"
        )
        Slot.objects.filter(pk=slot.pk).update(reason=f"scrapped: {reason}"[:120], announced="")


def _note(
    unit: Unit, group: ComponentGroup | None, slot: Slot | None, line: Line, *, at: datetime, by: str, reason: str,
    station: Station | None,
) -> None:  # fmt: skip
    what = f"piece {unit} scrapped"
    if group is not None and slot is not None:
        what += (
            f"; {group.call_off.sequence_number} is built again for slot {slot.number} of {slot.rack.number}"
        )
    due = latest_time(group) if group is not None else None
    note_exception(
        FloorException.Kind.SCRAP, line=line, text=what, reason=reason, at=at, by=by, station=station, group=group,
        unit=unit, rack=slot.rack if slot else None, slot=slot, due_at=due,
        resolution="" if group is not None else "no call waits for it",
    )  # fmt: skip
    if group is not None:
        call = group.call_off
        where = f"{slot.rack.number} slot {slot.number}" if slot else "no rack yet"
        text = f"BUILD AGAIN {call.sequence_number} for {where}, attempt {group.attempt}: {reason}"
        open_task(
            line, TASK, f"{call.call_number} {group.commodity.family}", text, at=at, due_at=due, group=group
        )


def _line_of(unit: Unit) -> Line:
    """A loose piece belongs to no line; its exception stands with the line that took its part last, else the first."""
    last = unit.scans.filter(rack__isnull=False).order_by("-pk").first()
    if last is not None and last.rack is not None:
        line: Line = last.rack.commodity.program.line
        return line
    first = Line.objects.order_by("pk").first()
    if first is None:
        raise Refused("no_line", _("the plant has no line"))
    return first
