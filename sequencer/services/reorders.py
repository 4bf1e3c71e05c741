"""Another piece for a vehicle already served, and pieces the OEM sends back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale, Unknown
from sequencer.models import ComponentGroup, FloorException, SequenceStream, Slot, Station, Unit
from sequencer.rules import CalledPart, CallNews
from sequencer.services.calls import take_call_off
from sequencer.services.exceptions import note_exception, resolve_exceptions
from sequencer.services.journal import close_tasks
from sequencer.spoken import in_words
from sequencer.states import GONE_RACKS, SHIPPED_GROUPS, UNIT_MOVES, GroupStatus, UnitStatus, check_move

BUILT = frozenset({GroupStatus.PACKED, *SHIPPED_GROUPS})


def reorder_group(group_id: int, *, by: str, reason: str, at: datetime) -> ComponentGroup:
    """Orders the same parts once more for the vehicle of a built or delivered group; returns the new group.

    Promise: the new group `replaces` the old one, keeps its sequence number, jumps the queue (RUSH) in a rack of its
    own. A piece that has left keeps its status and history; one that is still here is withdrawn: its rack opens, the
    slot is given up, and nothing is sealed before the piece was taken out by scan (TAKE-OUT). Refuses
    without a reason, a group that is not built yet (scrap it instead), one that was re-ordered already, and what the
    calls refuse. Locks the stream, then racks.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("say why it is ordered again"))
    with transaction.atomic(durable=True):
        rows = ComponentGroup.objects.select_related("call_off__program__line", "commodity")
        group = rows.filter(pk=group_id).first()
        if group is None:
            raise Unknown("no_group", _("there is no group %(group_id)s") % {"group_id": group_id})
        # Locked before the look: two that press the button at once order one piece.
        SequenceStream.objects.select_for_update(no_key=True).get(pk=group.call_off.stream_id)
        group.refresh_from_db(fields=["status"])
        if ComponentGroup.objects.filter(replaces=group).exists():
            raise Refused(
                "reordered", _("%(group)s was ordered again already; order that one again") % {"group": group}
            )
        if group.status not in BUILT and not _left_as_hole(group):
            raise Refused(
                "not_built",
                _("%(group)s is %(status)s; it is built anyway, scrap it if it is bad")
                % {"group": group, "status": in_words(group.status)},
            )
        call = group.call_off
        parts = tuple(
            CalledPart(c.customer_part, c.quantity, c.unit_code, tuple(c.options.split()), c.order_ref)
            for c in group.components.filter(called=True).order_by("pk")
        )
        again = CallNews("REORDER", call.call_number, sequence_number=call.sequence_number, parts=parts)
        take_call_off(call.program_id, again, at=at, by=by)
        new = ComponentGroup.objects.select_related("call_off", "commodity").get(replaces=group)
        when = "after delivery" if group.status in SHIPPED_GROUPS else "before delivery"
        slot = Slot.objects.select_related("rack").filter(group=new).first()
        subject = f"{call.call_number} {group.commodity.family}"
        close_tasks("MISSING", subject, at=at, note=f"ordered again: {reason}")
        resolve_exceptions(FloorException.Kind.MISSING, group=group, at=at, by=by, how="ordered again")
        note_exception(
            FloorException.Kind.REORDER, line=call.program.line, at=at, by=by, reason=reason, group=new,
            text=f"{group} ordered again {when}", rack=slot.rack if slot else None, slot=slot, due_at=call.required_at,
        )  # fmt: skip
    return new


def _left_as_hole(group: ComponentGroup) -> bool:
    """Its rack left without it: nobody builds it any more unless it is ordered again."""
    return (
        group.status == GroupStatus.MISSING
        and Slot.objects.filter(group=group, rack__status__in=sorted(GONE_RACKS)).exists()
    )


def take_back_locked(
    unit: Unit, *, by: str, reason: str, at: datetime, station: Station
) -> ComponentGroup | None:
    """A shipped piece came back from the OEM; runs in the caller's transaction, returns the call it was shipped for.

    Promise: it is nobody's until quality finds it good (REPAIRED) or scraps it; the group it was shipped for keeps its
    status. Refuses a piece that has not left.
    """
    if unit.status != UnitStatus.SHIPPED:
        raise Refused(
            "not_shipped",
            _("%(unit)s is %(status)s; it has not left") % {"unit": unit, "status": in_words(unit.status)},
        )
    check_move(UNIT_MOVES, unit.status, UnitStatus.RETURNED, f"piece {unit}")
    rows = ComponentGroup.objects.select_related("call_off", "commodity__program__line")
    group = rows.filter(pk=unit.group_id or 0).first()
    back = Unit.objects.filter(pk=unit.pk, status=UnitStatus.SHIPPED)
    if not back.update(status=UnitStatus.RETURNED, group=None, component=None, handling_unit=None):
        raise Stale(f"unit {unit.pk}")
    left_in = unit.handling_unit
    unit.status, unit.group, unit.component, unit.handling_unit = UnitStatus.RETURNED, None, None, None
    commodity = station.commodity if station.commodity is not None else group.commodity if group else None
    assert commodity is not None  # it is scanned at a packing station, which has one by constraint
    of = group.call_off.sequence_number if group else f"box {left_in}"
    text = f"piece {unit} of {of} came back from the OEM"
    note_exception(
        FloorException.Kind.RETURNED, line=commodity.program.line, at=at, by=by, reason=reason, group=group, unit=unit,
        station=station, text=text,
    )  # fmt: skip
    return group


def good_again_locked(unit: Unit, *, by: str, at: datetime) -> None:
    """A returned piece was found good: it lies in the buffer like any other. Runs in the caller's transaction."""
    check_move(UNIT_MOVES, unit.status, UnitStatus.BUFFER, f"piece {unit}")
    if not Unit.objects.filter(pk=unit.pk, status=UnitStatus.RETURNED).update(status=UnitStatus.BUFFER):
        raise Stale(f"unit {unit.pk}")
    unit.status = UnitStatus.BUFFER
    resolve_exceptions(FloorException.Kind.RETURNED, unit=unit, at=at, by=by, how="found good")
