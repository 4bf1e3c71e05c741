"""Pieces that change their call: lent to an earlier one, or exchanged. Both calls keep their history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale
from sequencer.models import ComponentGroup, FloorException, LoosePiece, Rack, Slot, Station, Unit
from sequencer.services import printing
from sequencer.services.bypass import note_units
from sequencer.services.exceptions import latest_time, lock_rack_too, note_exception, refuse_in_box
from sequencer.services.held import held_groups
from sequencer.services.printing import DocumentKind
from sequencer.services.racks import move_group, vacate
from sequencer.states import CLOSED_RACKS, GroupStatus, SlotStatus, UnitStatus


def lend_locked(
    unit: Unit, borrower: ComponentGroup, *, by: str, at: datetime, station: Station | None, mine: Rack | None
) -> None:
    """Takes a packed piece out of a later call for one that is due earlier; the later one is built again.

    Promise: the piece lies in the buffer until it is scanned for the borrower, the lender keeps its slot and a row says
    for whom. Refuses a closed rack and a piece in a box. Locks the lender's rack. Runs in the caller's transaction.
    """
    refuse_in_box(unit)
    lender = ComponentGroup.objects.select_related("call_off", "commodity__program__line__plant").get(
        pk=unit.group_id or 0
    )
    slot = Slot.objects.select_related("rack").get(group=lender)
    slot.rack = lock_rack_too(slot.rack_id, mine)
    slot.refresh_from_db(fields=["status", "group"])
    if slot.rack.status in CLOSED_RACKS or slot.status != SlotStatus.FILLED:
        raise Refused("rack_closed", _("rack %(rack)s is closed; open it first") % {"rack": slot.rack.number})
    lender.refresh_from_db(fields=["status"])
    wanted = borrower.call_off.sequence_number
    vacate(slot, at=at, to=SlotStatus.REOPENED, by=by, reason=f"lent to {wanted}")
    LoosePiece.objects.filter(unit=unit).delete()
    move_group(lender, GroupStatus.RELEASED)
    note_exception(
        FloorException.Kind.SWAP, line=lender.commodity.program.line, at=at, by=by, station=station, group=lender,
        text=f"{unit} of {lender.call_off.sequence_number} ({slot.rack.number} slot {slot.number}) went to {wanted}",
        reason="part missing for an earlier call", unit=unit, rack=slot.rack, slot=slot, due_at=latest_time(lender),
    )  # fmt: skip


def check_interchangeable(first: Unit, second: Unit) -> None:
    """Refuses two pieces that are never exchanged, whoever agrees."""
    for unit in (first, second):
        refuse_in_box(unit)
    if first.part_id != second.part_id:
        raise Refused(
            "other_part",
            _("%(first)s and %(second)s are not the same part; they are never exchanged")
            % {"first": first, "second": second},
        )
    if {first.status, second.status} != {UnitStatus.PACKED}:
        raise Refused("not_packed", _("only two pieces that stand in their slots are exchanged"))
    if first.group_id == second.group_id:
        raise Refused("same_call", _("both pieces are of one call"))


def apart(first: Unit, second: Unit) -> tuple[Rack, Rack] | None:
    """The racks of two pieces that may leave at different times: neither one rack nor two of one truck."""
    slots = Slot.objects.filter(group__in=[first.group_id, second.group_id]).select_related("rack")
    racks = {slot.group_id: slot.rack for slot in slots}
    one, two = racks.get(first.group_id), racks.get(second.group_id)
    if one is None or two is None or one.pk == two.pk:
        return None
    return None if one.shipment_id is not None and one.shipment_id == two.shipment_id else (one, two)


def swap_locked(
    first: Unit,
    second: Unit,
    *,
    by: str,
    reason: str,
    at: datetime,
    station: Station | None,
    mine: Rack | None,
) -> tuple[ComponentGroup, ComponentGroup]:
    """Exchanges two interchangeable packed pieces between their calls, in the caller's transaction.

    Promise: same part, so both calls stay verified for what they called; each piece stands where the other stood, and
    a row at each call says with which; labels that name the vehicle are printed anew. Refuses different parts, a piece
    that is not packed, one of one call, a held or closed one. Locks both racks.
    """
    check_interchangeable(first, second)
    rows = ComponentGroup.objects.select_related("call_off", "commodity__program__line__plant")
    groups = rows.in_bulk([first.group_id, second.group_id])
    slots = {slot.group_id: slot for slot in Slot.objects.select_related("rack").filter(group__in=groups)}
    for pk in sorted(slots, key=lambda pk: slots[pk].rack_id):
        slot = slots[pk]
        slot.rack = lock_rack_too(slot.rack_id, mine)
        mine = mine or slot.rack
        slot.refresh_from_db(fields=["status", "group"])
        if slot.status != SlotStatus.FILLED or slot.rack.status in CLOSED_RACKS:
            raise Refused(
                "rack_closed", _("rack %(rack)s is closed; open it first") % {"rack": slot.rack.number}
            )
    held = held_groups(groups)
    if held:
        raise Refused(
            "held", _("%(next)s: a held piece is not exchanged") % {"next": next(iter(held.values()))}
        )
    for unit, other in ((first, second), (second, first)):
        moved = Unit.objects.filter(pk=unit.pk, status=UnitStatus.PACKED, group=unit.group_id)
        if not moved.update(group=other.group_id, component=other.component_id):
            raise Stale(f"unit {unit.pk}")
    _label_anew((first, second), slots.values(), by=by, reason=reason, at=at, station=station)
    mine_, theirs = groups[first.group_id or 0], groups[second.group_id or 0]
    if station is not None and station.commodity is not None:
        # Nobody but the people here looked at what they changed: a bypassed device did not.
        note_units(station, mine_, at=at)
        note_units(station, theirs, at=at)
    for unit, other, group in ((first, second, mine_), (second, first, theirs)):
        slot, to = slots[group.pk], theirs if group is mine_ else mine_
        note_exception(
            FloorException.Kind.SWAP, line=group.commodity.program.line, at=at, by=by, station=station, group=group,
            text=f"piece {unit} of {group.call_off.sequence_number} went to {to.call_off.sequence_number} for {other}",
            reason=reason, unit=unit, rack=slot.rack, slot=slot, resolution="exchanged",
        )  # fmt: skip
    return mine_, theirs


def _label_anew(
    units: Iterable[Unit],
    slots: Iterable[Slot],
    *,
    by: str,
    reason: str,
    at: datetime,
    station: Station | None,
) -> None:
    """A label that is out names the vehicle its piece went to no longer: it becomes void and a new one is asked for."""
    papers: list[tuple[DocumentKind, Unit | Slot]] = [(DocumentKind.PART_LABEL, unit) for unit in units]
    papers += [(DocumentKind.SEQUENCE_LABEL, slot) for slot in slots]
    for kind, subject in papers:
        if printing.counts(kind, subject):
            subject.refresh_from_db()
            printing.print_document(kind, subject, at=at, by=by, station=station, reason=reason)
