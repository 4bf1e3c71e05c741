"""Verified pieces into their slot, and a hole that is filled after all."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from inventory.statements import Change, field, number
from sequencer.models import ComponentGroup, FloorException, Rack, Slot, Unit
from sequencer.services.bypass import note_units
from sequencer.services.exceptions import resolve_exceptions, settle_packed
from sequencer.services.journal import close_tasks, record_event
from sequencer.services.racks import move_group, move_rack, reopen_locked, settle_rack
from sequencer.services.scans import breaks
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged
from sequencer.states import CLOSED_RACKS, GroupStatus, RackStatus, SlotStatus, UnitStatus


def judge_slot(judging: Judging) -> Judged:
    rack = judging.rack()
    if rack is None:
        return Judged("NOT_NOW", "SLOT", hint=_("Scan an empty rack first"), sound="check")
    if judging.station.pending_unit_part:
        return Judged("NOT_NOW", "SLOT", hint=_("First the serial of the part"), sound="check", rack=rack)
    here = judging.label.value in {"", rack.carrier.code if rack.carrier else ""}
    slot = judging.current(rack)
    if here and judging.label.slot is not None and is_hole(judging, rack, slot):
        return fill_hole(judging, rack)
    if slot is None or slot.group is None:
        return Judged("NOT_NOW", "SLOT", hint=_("No slot is asked for now"), sound="check", rack=rack)
    if slot.group.status != GroupStatus.VERIFIED:
        return Judged(
            "NOT_NOW",
            "SLOT",
            hint=_("First scan the part"),
            sound="check",
            rack=rack,
            slot=slot,
            group=slot.group,
        )
    if not here or judging.label.slot != slot.number:
        seen = (
            (
                _("%(label)s slot %(slot)s") % {"label": judging.label.value, "slot": judging.label.slot}
            ).strip()
            if not here
            else _("slot %(slot)s") % {"slot": judging.label.slot}
        )
        return Judged(
            "WRONG_POSITION",
            "SLOT",
            expected=_("slot %(slot)s") % {"slot": slot.number},
            seen=seen,
            hint=_("%(sequence)s goes into slot %(slot)s")
            % {"sequence": slot.group.call_off.sequence_number, "slot": slot.number},
            rack=rack,
            slot=slot,
            group=slot.group,
        )
    group = slot.group
    told = pack(judging, rack, slot, group)
    hint = " · ".join(filter(None, (f"slot {slot.number}", group.call_off.sequence_number, told)))
    return Judged(
        "OK",
        "SLOT",
        seen=_("slot %(slot)s") % {"slot": slot.number},
        hint=hint,
        sound="check" if told else "",
        rack=rack,
        slot=slot,
        group=group,
    )


def pack(judging: Judging, rack: Rack, slot: Slot, group: ComponentGroup) -> str:
    """The verified pieces stand in their slot; the revision they were judged by is kept for the host check.

    Returns what else the operator must be told.
    """
    move_group(group, GroupStatus.PACKED)
    _FILLED.run(slot=slot.pk, packed_revision=group.revision, packed_at=judging.at)
    judging.empty_hand()
    slot.status = SlotStatus.FILLED
    _PACKED.run(group=group.pk)
    subject = f"{group.call_off.call_number} {group.commodity.family}"
    close_tasks(
        "LATE_CHANGE", subject, at=judging.at, note="built again", also=(breaks.TASK, "SCRAP", "LATE_CALL")
    )
    if slot.reason or group.attempt > 1:
        settle_packed(group, slot, at=judging.at, by=str(judging.station.operator))
    record_event(
        f"line:{judging.line_id}",
        "packed",
        group.call_off.call_number,
        at=judging.at,
        by=str(judging.station.operator),
        rack=rack.number,
        slot=slot.number,
    )
    if judging.standing.bypassed:
        note_units(judging.station, group, at=judging.at)
    told = breaks.count_unit(judging, group) if judging.station.open_breaks else ""
    settle_rack(rack, at=judging.at)
    return told


def _filled() -> tuple[QuerySet[Slot], dict[str, Any]]:
    told = {name: field(Slot, name) for name in ("packed_revision", "packed_at")}
    nothing = {"reason": "", "announced": ""}
    return Slot.objects.filter(pk=number("slot")), {"status": SlotStatus.FILLED, **told, **nothing}


def _packed() -> tuple[QuerySet[Unit], dict[str, Any]]:
    pieces = Unit.objects.filter(group=number("group"), status=UnitStatus.ALLOCATED)
    return pieces, {"status": UnitStatus.PACKED}


_FILLED, _PACKED = Change(_filled), Change(_packed)


def is_hole(judging: Judging, rack: Rack, current: Slot | None) -> bool:
    busy = current is not None and current.group is not None and current.group.status != GroupStatus.RELEASED
    number = judging.label.slot or 0
    # A place whose piece went ahead with another delivery has no call any more: nothing fills it.
    holes = rack.slots.filter(number=number, status=SlotStatus.HOLE, group__isnull=False)
    return not busy and holes.exists()


def fill_hole(judging: Judging, rack: Rack) -> Judged:
    """The part was found: the hole's own slot is worked again."""
    slot = rack.slots.select_related("group__call_off").get(number=judging.label.slot or 0)
    if rack.status == RackStatus.FULL:
        move_rack(rack, RackStatus.LOADING)
    elif rack.status in CLOSED_RACKS:
        by = str(judging.station.operator)
        reopen_locked(rack, at=judging.at, reason=f"the part of slot {slot.number} was found", by=by)
    Slot.objects.filter(pk=slot.pk).update(status=SlotStatus.EMPTY, reason="")
    group = slot.group
    if group is not None and group.status == GroupStatus.MISSING:
        move_group(group, GroupStatus.RELEASED, problem="")
        close_tasks(
            "MISSING", f"{group.call_off.call_number} {group.commodity.family}", at=judging.at, note="found"
        )
        by = str(judging.station.operator)
        resolve_exceptions(FloorException.Kind.MISSING, group=group, at=judging.at, by=by, how="found")
    Rack.objects.filter(pk=rack.pk).update(holes_approved_by="")
    return Judged(
        "OK",
        "SLOT",
        hint=_("Slot %(slot)s is open again") % {"slot": slot.number},
        sound="wait",
        rack=rack,
        slot=slot,
    )
