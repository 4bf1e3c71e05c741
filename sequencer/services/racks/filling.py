"""What opens and closes a slot, and what a rack becomes when its last slot is decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Min, QuerySet, Subquery
from django.utils.translation import gettext

from inventory.errors import Stale
from inventory.statements import Change, Question, number
from sequencer import rules
from sequencer.models import (
    CallOff,
    ComponentGroup,
    Rack,
    SealedMove,
    SequenceGap,
    SequenceStream,
    Shipment,
    Slot,
    Unit,
)
from sequencer.services.held import held_groups
from sequencer.services.journal import open_task, record_event
from sequencer.services.racks.cutting_spec import keeps_places
from sequencer.services.racks.locks import lock_racks, move_rack
from sequencer.services.racks.loose import set_loose
from sequencer.states import (
    CLOSED_RACKS,
    GONE_RACKS,
    GapStatus,
    Priority,
    RackStatus,
    SealedChoice,
    ShipmentStatus,
    SlotStatus,
    Stage,
    UnitStatus,
)

BEFORE_FIRST = "before the first call"


def fill_in(slot: Slot, group: ComponentGroup, *, at: datetime) -> None:
    """Puts a group on its slot. A rack that was closed over the accepted gap opens again."""
    rack = slot.rack
    if rack.status != RackStatus.PLANNED:
        # Locked before the look: a station that seals it meanwhile has done so, or sees the call.
        rack = slot.rack = lock_racks([rack.pk])[rack.pk]
        if rack.status in GONE_RACKS:
            raise Stale(f"rack {rack.number}")
    Slot.objects.filter(pk=slot.pk).update(group=group, status=SlotStatus.EMPTY, reason="")
    slot.group, slot.status = group, SlotStatus.EMPTY
    if rack.status in CLOSED_RACKS or rack.status == RackStatus.FULL:
        reopen_locked(rack, at=at, reason=f"call for slot {slot.number} arrived", by="")


# How the reason of a slot begins that is filled again: pages tell by it what happened there.
CALL_CHANGED, SCRAPPED = "call changed to", "scrapped:"


def vacate(slot: Slot, *, at: datetime, to: SlotStatus, by: str, reason: str, goes_on: bool = False) -> None:
    """Takes a group's pieces out of its slot (change, move, cancel). The caller has locked the rack.

    Pieces go to the buffer; what was packed still stands in the slot until the move list or a new piece takes it out.
    `goes_on`: the call wants them still, on another place. A closed rack opens again, because what stands in it is no
    longer what was called.
    """
    group = slot.group
    if group is None:
        return
    if slot.status == SlotStatus.FILLED:
        set_loose(slot, group, at=at, goes_on=goes_on, reason=reason)
    put_back(group)
    keep_group = to in {SlotStatus.REOPENED, SlotStatus.CANCELLED}
    if to is SlotStatus.REOPENED and slot.status != SlotStatus.FILLED:
        to = SlotStatus(slot.status)
    Slot.objects.filter(pk=slot.pk).update(
        status=to,
        group=group if keep_group else None,
        packed_revision=None,
        packed_at=None,
        reason=reason[:120],
    )
    slot.status = to
    rack = slot.rack
    if rack.status in CLOSED_RACKS or rack.status == RackStatus.FULL:
        reopen_locked(rack, at=at, reason=reason, by=by)
    settle_rack(rack, at=at)


def put_back(group: ComponentGroup) -> int:
    """Every piece of a group goes to the buffer and may be taken again for any call it fits."""
    count = (
        Unit.objects.filter(group=group)
        .exclude(status=UnitStatus.SHIPPED)
        .update(status=UnitStatus.BUFFER, group=None, component=None)
    )
    if group.on_hold and not held_groups([group.pk]):
        # What was held was its piece: the call is built of another one.
        ComponentGroup.objects.filter(pk=group.pk).update(on_hold=False)
        group.on_hold = False
    return count


def reopen_locked(rack: Rack, *, at: datetime, reason: str, by: str) -> None:
    """Opens a closed rack whose row is locked; a truck that held it is no longer complete."""
    was_closed = rack.status in CLOSED_RACKS
    if rack.status == RackStatus.LOADED and rack.shipment_id:
        # The door is opened again: its seal is broken.
        Shipment.objects.filter(pk=rack.shipment_id, status=ShipmentStatus.LOADED).update(
            status=ShipmentStatus.OPEN, seal_number="", driver=""
        )
    move_rack(rack, RackStatus.REOPENED, loaded_at=None, holes_approved_by="")
    line = rack.commodity.program.line
    record_event(f"line:{line.pk}", "rack_reopened", rack.number, at=at, by=by, reason=reason)
    if was_closed:
        due = rack_due(rack)
        open_task(line, "REOPENED_RACK", rack.number, f"RACK {rack.number} was opened again: {reason}", at=at,
                  due_at=due)  # fmt: skip


def rack_due(rack: Rack) -> datetime | None:
    """When the OEM's line needs the first piece of a rack."""
    firm = CallOff.objects.filter(groups__slot__rack=rack, stage=Stage.FIRM)
    due: datetime | None = firm.aggregate(due=Min("required_at"))["due"]
    return due


def settle_rack(rack: Rack, *, at: datetime) -> None:
    """Moves a locked rack on when its last slot is decided: FULL, or CANCELLED when nothing is left in it."""
    _give_up_before_first(rack)
    states = _STATES.rows(rack=rack.pk)
    if states and all(status == SlotStatus.CANCELLED for status, _ in states):
        if rack.status in {RackStatus.PLANNED, RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED}:
            move_rack(rack, RackStatus.CANCELLED, shipment=None, load_position=None)
            record_event(f"line:{rack.commodity.program.line_id}", "rack_cancelled", rack.number, at=at)
        return
    decided = {SlotStatus.FILLED, SlotStatus.CANCELLED, SlotStatus.HOLE}
    if rack.status in {RackStatus.LOADING, RackStatus.REOPENED} and all(s in decided for s, _ in states):
        without = any(group is None for _, group in states)
        if without and not rack.closed and not keeps_places(rack.commodity):
            return
        move_rack(rack, RackStatus.FULL)
        record_event(f"line:{rack.commodity.program.line_id}", "rack_full", rack.number, at=at)


def _states_of_slots() -> QuerySet[Slot, tuple[str, int | None]]:
    return Slot.objects.filter(rack=number("rack")).values_list("status", "group_id")


_STATES = Question(_states_of_slots)


def _give_up_before_first(rack: Rack) -> None:
    """Places below the first call the stream ever had are not waited for; a lower call would open them again."""
    first = rack.commodity.program.stream.first_position
    if rack.priority == Priority.NORMAL and first is not None and rack.low_position < first:
        # By the stream as it stands when this is written: a lower call may have come since the rack was read.
        _GIVEN_UP.run(rack=rack.pk, stream=rack.commodity.program.stream_id)


def _before_first() -> tuple[QuerySet[Slot], dict[str, Any]]:
    first = SequenceStream.objects.filter(pk=number("stream")).order_by().values("first_position")
    waiting = Slot.objects.filter(rack=number("rack"), status=SlotStatus.EMPTY, group__isnull=True)
    told = {"status": SlotStatus.CANCELLED, "reason": BEFORE_FIRST}
    return waiting.filter(position__lt=Subquery(first)), told


_GIVEN_UP = Change(_before_first)


def slots_of(rack_id: int) -> list[Slot]:
    """Every slot of a rack in loading order, with its call."""
    return _slots.rows(rack=rack_id)


@Question
def _slots() -> QuerySet[Slot]:
    return Slot.objects.select_related("group__call_off").filter(rack=number("rack")).order_by("number")


def open_gaps(rack: Rack) -> set[int]:
    """Positions of a rack's run whose call is missing, and nobody has accepted that."""
    stream = rack.commodity.program.stream_id
    return {
        position for (position,) in _gaps.rows(stream=stream, low=rack.low_position, high=rack.high_position)
    }


@Question
def _gaps() -> QuerySet[SequenceGap, tuple[int]]:
    gaps = SequenceGap.objects.filter(
        stream=number("stream"),
        status=GapStatus.OPEN,
        position__gte=number("low"),
        position__lte=number("high"),
    )
    return gaps.values_list("position")


@Question
def _to_decide() -> QuerySet[SealedMove, tuple[int | None]]:
    return SealedMove.objects.filter(rack=number("rack"), choice=SealedChoice.OPEN).values_list("slot_id")


def slot_facts(rack: Rack) -> list[rules.SlotFacts]:
    """Every slot against the latest call-off, open gaps, moves not yet decided and quality holds. Four queries."""
    counter = rack.commodity.program.stream.counter
    gaps = open_gaps(rack)
    moved = {slot_id for (slot_id,) in _to_decide.rows(rack=rack.pk)}
    slots = slots_of(rack.pk)
    held = held_groups(slot.group_id for slot in slots)
    facts = [
        _held(replace(_facts_of(slot, counter, gaps), moved=slot.pk in moved), slot, held) for slot in slots
    ]
    kept = {slot.position for slot in slots}
    # Slots filled by count keep none for a missing call: the gap still forbids to close this run.
    facts += [
        rules.SlotFacts(0, counter.text(p), "EMPTY", None, None, None, None, gap=True)
        for p in sorted(gaps - kept)
        if rack.priority == Priority.NORMAL
    ]
    return facts


def _held(facts: rules.SlotFacts, slot: Slot, held: dict[int, str]) -> rules.SlotFacts:
    """A hold counts from its commit on, also for a piece that was scanned while it was placed."""
    why = held.get(slot.group_id) if slot.group_id is not None else None
    return replace(facts, on_hold=True, hold=why) if why else facts


def _facts_of(slot: Slot, counter: rules.Counter, gaps: set[int]) -> rules.SlotFacts:
    group = slot.group
    if group is None:
        sequence = counter.text(slot.position) if slot.position is not None else gettext("not called")
        return rules.SlotFacts(
            slot.number, sequence, slot.status, None, None, None, None, gap=slot.position in gaps
        )
    call = group.call_off
    return rules.SlotFacts(
        slot.number,
        call.sequence_number,
        slot.status,
        slot.packed_revision,
        group.revision,
        group.status,
        call.stage,
        held=call.held,
        on_hold=group.on_hold,
        gap=slot.position in gaps if slot.position is not None else False,
    )
