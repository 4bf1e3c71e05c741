"""The row every exception of the floor leaves: who, when, why, until when, and how it ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale
from sequencer.models import ComponentGroup, FloorException, Line, Rack, Shipment, Slot, Station, Unit
from sequencer.services.journal import record_event
from sequencer.services.racks import lock_racks


def note_exception(
    kind: FloorException.Kind,
    *,
    line: Line,
    text: str,
    reason: str,
    at: datetime,
    by: str,
    station: Station | None = None,
    group: ComponentGroup | None = None,
    unit: Unit | None = None,
    rack: Rack | None = None,
    slot: Slot | None = None,
    due_at: datetime | None = None,
    resolution: str = "",
) -> FloorException:
    """Stores an exception in the caller's transaction and tells the journal. `resolution`: it is over at once.

    Refuses one without a reason or a name.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("say why"))
    if not by.strip():
        raise Refused("name_missing", _("an exception is made by somebody; scan your badge"))
    done = {"resolved_at": at, "resolved_by": by[:60], "resolution": resolution[:200]} if resolution else {}
    row: FloorException = FloorException.objects.create(
        kind=kind, line=line, text=text[:200], reason=reason.strip()[:200], at=at, by=by[:60], station=station,
        group=group, unit=unit, rack=rack, slot=slot, due_at=due_at, **done,
    )  # fmt: skip
    record_event(
        f"line:{line.pk}", f"exception_{kind.value.lower()}", _subject(group, unit, rack), at=at, by=by,
        reason=reason, text=text,
    )  # fmt: skip
    return row


def resolve_exceptions(
    kind: FloorException.Kind,
    *,
    at: datetime,
    by: str,
    how: str,
    group: ComponentGroup | None = None,
    unit: Unit | None = None,
) -> int:
    """Ends the open exceptions of that kind on a call's group or a piece. Runs in the caller's transaction."""
    rows = FloorException.objects.filter(kind=kind, resolved_at__isnull=True)
    rows = rows.filter(group=group) if group is not None else rows
    rows = rows.filter(unit=unit) if unit is not None else rows
    return rows.update(resolved_at=at, resolved_by=(by or "the floor")[:60], resolution=how[:200])


def settle_packed(group: ComponentGroup, slot: Slot, *, at: datetime, by: str) -> int:
    """A group was packed again: what was open for its place is over. Runs in the scan's transaction."""
    rows = FloorException.objects.filter(group=group, resolved_at__isnull=True)
    how = f"packed in slot {slot.number}, attempt {group.attempt}"
    return rows.update(resolved_at=at, resolved_by=by[:60], resolution=how)


def latest_time(group: ComponentGroup) -> datetime | None:
    """When a group's piece must leave the house: its due time less the way to the OEM."""
    due, plant = group.call_off.required_at, group.commodity.program.line.plant
    return due - timedelta(minutes=plant.transit_minutes) if due else None


def lock_rack_too(rack_id: int, mine: Rack | None) -> Rack:
    """Locks the rack a piece stands in, beside the station's own when that is locked already.

    A second rack comes out of the lock order, so it is never waited for: `Stale` lets the scan be judged again.
    """
    if mine is not None and mine.pk == rack_id:
        return mine
    if mine is None:
        return lock_racks([rack_id])[rack_id]
    try:
        with transaction.atomic():
            shipments = Shipment.objects.select_for_update(no_key=True, nowait=True)
            list(shipments.filter(racks=rack_id).order_by("pk"))
            Rack.objects.select_for_update(no_key=True, nowait=True).get(pk=rack_id)
    except OperationalError as busy:
        raise Stale("rack") from busy
    return lock_racks([rack_id])[rack_id]


def _subject(group: ComponentGroup | None, unit: Unit | None, rack: Rack | None) -> str:
    if group is not None:
        return group.call_off.call_number
    if unit is not None:
        return unit.serial or str(unit)
    return rack.number if rack is not None else ""


def refuse_in_box(unit: Unit) -> None:
    """Refuses a piece that lies in a box: the count on its label would be wrong; the box is emptied first."""
    if unit.handling_unit_id is not None:
        told = {"unit": unit, "box": unit.handling_unit}
        raise Refused("in_box", _("%(unit)s lies in %(box)s: empty that box first") % told)
