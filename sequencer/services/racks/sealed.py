"""The OEM moves a call whose rack is closed already: nothing moves by itself, a named person decides in time.

REOPEN: the rack opens, the moved slots are emptied by the move list and verified again. AS_IS: the rack goes in the
order it was sealed, where the OEM takes that. Until then it does not depart.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused, Unknown
from sequencer.models import CallOff, ComponentGroup, Rack, SealedMove, SequenceStream, Slot
from sequencer.rules import Counter
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.services.racks.cutting import close_up, late_rack, place_group
from sequencer.services.racks.cutting_spec import mark_of
from sequencer.services.racks.filling import rack_due, reopen_locked, settle_rack, vacate
from sequencer.services.racks.locks import lock_racks, move_group
from sequencer.states import CLOSED_RACKS, GroupStatus, Priority, RackStatus, SealedChoice, SlotStatus

TASK = "SEALED_MOVE"


def ask_for_sealed(slot: Slot, group: ComponentGroup, call: CallOff, to: int | None, *, at: datetime) -> None:
    """A call leaves a slot of a closed rack: its piece stays, a person is asked. `slot.rack` is locked.

    Asked again for the same call the new place counts; a call that comes back to its slot asks for nothing any more.
    """
    standing = SealedMove.objects.filter(group=group, choice=SealedChoice.OPEN).first()
    first = standing.from_position if standing is not None else call.position
    if standing is not None and to == first:
        _decide(standing, SealedChoice.LAPSED, by="OEM", reason="the call came back", at=at)
        return tell_sealed(slot.rack, at=at)
    if standing is not None:
        SealedMove.objects.filter(pk=standing.pk).update(to_position=to)
    else:
        SealedMove.objects.create(
            rack=slot.rack, group=group, slot=slot, from_position=first, to_position=to, opened_at=at
        )
    return tell_sealed(slot.rack, at=at)


def waits_for_sealed(group: ComponentGroup, call: CallOff, *, at: datetime) -> bool:
    """Whether a group has no slot to take now because a person has yet to decide of a closed rack.

    Either its own piece stands in one, or the place it wants is held by a piece that does; then it is asked for, too.
    """
    if Slot.objects.filter(group=group, status=SlotStatus.FILLED).exists():
        return True
    if group.priority == Priority.RUSH:
        return False
    holder = (
        SealedMove.objects.filter(
            rack__commodity=group.commodity.lead,
            choice=SealedChoice.OPEN,
            slot__isnull=False,
            slot__mark=mark_of(group.commodity),
            from_position=call.position,
        )
        .select_related("rack__commodity__program__line__plant")
        .first()
    )
    SealedMove.objects.filter(group=group, choice=SealedChoice.OPEN).delete()
    if holder is None:
        return False
    SealedMove.objects.create(
        rack=holder.rack, group=group, from_position=None, to_position=call.position, opened_at=at
    )
    tell_sealed(holder.rack, at=at)
    return True


def open_moves(rack: Rack) -> list[SealedMove]:
    """What is to be decided of a rack."""
    found = SealedMove.objects.filter(rack=rack, choice=SealedChoice.OPEN)
    found = found.select_related("group__call_off__program__line__plant", "group__commodity", "slot")
    return list(found.order_by("from_position", "pk"))


def tell_sealed(rack: Rack, *, at: datetime) -> None:
    """Keeps the task and its countdown with what is open: the truck's time, or the OEM's need less transit."""
    moves = open_moves(rack)
    if not any(move.slot_id for move in moves):
        for move in moves:
            _decide(move, SealedChoice.LAPSED, by="OEM", reason="the place is free again", at=at)
        close_tasks(TASK, rack.number, at=at, note="the OEM took the move back")
        return
    line = rack.commodity.program.line
    due = rack_due(rack)
    due = due - timedelta(minutes=line.plant.transit_minutes) if due is not None else None
    if rack.shipment is not None:
        due = min(due, rack.shipment.leaves_at) if due is not None else rack.shipment.leaves_at
    SealedMove.objects.filter(pk__in=[move.pk for move in moves]).update(due_at=due)
    counter = rack.commodity.program.stream.counter
    told = ", ".join(_told(move, counter) for move in moves if move.slot_id)
    text = (
        f"RACK {rack.number} is {rack.status.lower()} and the OEM moved {told}: reopen it or ship it as it is"
    )
    open_task(line, TASK, rack.number, text, at=at, due_at=due)


def _told(move: SealedMove, counter: Counter) -> str:
    old = counter.text(move.from_position) if move.from_position is not None else "?"
    return f"{old} to {counter.text(move.to_position)}" if move.to_position is not None else f"{old} away"


def lapse_sealed(group: ComponentGroup, *, at: datetime, reason: str) -> None:
    """The call is withdrawn: nothing of its move is left to decide."""
    moves = SealedMove.objects.filter(group=group, choice=SealedChoice.OPEN)
    for move in moves.select_related("rack__commodity__program__line__plant", "rack__shipment"):
        _decide(move, SealedChoice.LAPSED, by="OEM", reason=reason, at=at)
        tell_sealed(move.rack, at=at)


def decide_sealed(
    rack_id: int, choice: SealedChoice, *, by: AbstractBaseUser, reason: str, at: datetime
) -> Rack:
    """A named person decides of everything the OEM moved in a closed rack. Stored with name and reason.

    Refuses without a reason (`reason_missing`), when nothing is to be decided (`nothing_moved`), a choice that is none
    (`no_choice`) and AS_IS where the program does not allow it (`not_as_sealed`). Locks stream, shipment, rack.
    """
    with transaction.atomic(durable=True):
        stream_id = (
            Rack.objects.filter(pk=rack_id).values_list("commodity__program__stream_id", flat=True).first()
        )
        if stream_id is None:
            raise Unknown("no_rack", _("there is no rack %(rack_id)s") % {"rack_id": rack_id})
        SequenceStream.objects.select_for_update(no_key=True).get(pk=stream_id)
        return decide_sealed_locked(rack_id, choice, by=str(by), reason=reason, at=at)


def decide_sealed_locked(rack_id: int, choice: SealedChoice, *, by: str, reason: str, at: datetime) -> Rack:
    """The decision, under the stream's lock that the caller holds."""
    if not reason.strip():
        raise Refused("reason_missing", _("say why"))
    rack = lock_racks([rack_id])[rack_id]
    moves = open_moves(rack)
    if not moves:
        raise Refused(
            "nothing_moved",
            _("the OEM moved nothing in rack %(rack)s; there is nothing to decide") % {"rack": rack.number},
        )
    if choice not in {SealedChoice.REOPEN, SealedChoice.AS_IS}:
        raise Refused("no_choice", _("reopen the rack, or ship it as it is"))
    if choice is SealedChoice.AS_IS and not rack.commodity.program.ship_as_sealed:
        raise Refused(
            "not_as_sealed",
            _("the OEM of %(program)s takes no rack out of his sequence")
            % {"program": rack.commodity.program},
        )
    for move in moves:
        _decide(move, choice, by=by, reason=reason, at=at)
    if choice is SealedChoice.REOPEN:
        _reopen(rack, moves, by=by, reason=reason, at=at)
    else:
        _as_is(rack, moves, at=at)
    close_tasks(TASK, rack.number, at=at, note=f"{choice.lower().replace('_', ' ')}: {reason}")
    kind = "sealed_reopened" if choice is SealedChoice.REOPEN else "shipped_as_sealed"
    calls = [move.group.call_off.call_number for move in moves]
    line_id = rack.commodity.program.line_id
    record_event(f"line:{line_id}", kind, rack.number, at=at, by=by, reason=reason, calls=calls)
    return rack


def _decide(move: SealedMove, choice: SealedChoice, *, by: str, reason: str, at: datetime) -> None:
    SealedMove.objects.filter(pk=move.pk, choice=SealedChoice.OPEN).update(
        choice=choice, decided_by=by[:60], decided_at=at, reason=reason[:200]
    )


def _reopen(rack: Rack, moves: list[SealedMove], *, by: str, reason: str, at: datetime) -> None:
    """Every moved piece leaves its slot by the book first; then each call takes the place it has now."""
    if rack.status in CLOSED_RACKS:
        reopen_locked(rack, at=at, reason=reason, by=by)
    for move in moves:
        slot = move.slot
        if slot is None or slot.group_id != move.group_id:
            continue
        slot.rack, slot.group = rack, move.group
        vacate(slot, at=at, to=SlotStatus.EMPTY, by=by, reason="moved by the OEM", goes_on=True)
        move_group(move.group, GroupStatus.RELEASED)
        close_up(slot, move.from_position, at=at)
    for move in sorted(moves, key=lambda move: (move.to_position is None, move.to_position or 0, move.pk)):
        call = move.group.call_off
        if call.position is not None and move.group.status != GroupStatus.CANCELLED:
            place_group(move.group, call, at=at)


def _as_is(rack: Rack, moves: list[SealedMove], *, at: datetime) -> None:
    """The pieces go where they stand: the place each call has now is given up, who wanted theirs gets a rush rack."""
    for move in moves:
        call = move.group.call_off
        if move.group.status == GroupStatus.CANCELLED:
            continue
        if move.slot is None:
            late_rack(move.group, call, at=at)
            continue
        Slot.objects.filter(pk=move.slot.pk).update(position=call.position)
        if call.position is not None:
            _give_up(rack, move, call.position, at=at)


def _give_up(rack: Rack, move: SealedMove, position: int, *, at: datetime) -> None:
    """No piece will come for the place kept at the call's new position; it left with the sealed rack."""
    kept = Slot.objects.filter(
        rack__commodity=rack.commodity_id,
        rack__priority=Priority.NORMAL,
        position=position,
        mark=mark_of(move.group.commodity),
        group__isnull=True,
        status=SlotStatus.EMPTY,
    ).exclude(rack=rack)
    rack_ids = list(kept.exclude(rack__status=RackStatus.CANCELLED).values_list("rack_id", flat=True))
    kept.update(status=SlotStatus.CANCELLED, reason=f"went as sealed in {rack.number}"[:120])
    for other in lock_racks(rack_ids).values():
        settle_rack(other, at=at)
