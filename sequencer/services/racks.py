"""Racks: the cut into slots, what opens and closes a slot, seal, holes, gaps that a person accepts.

Lock order (docs/concurrency.md): SequenceStream -> Station -> Shipment -> Rack -> Slot, ComponentGroup, Unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Max, Min, Q, QuerySet

from inventory.errors import Invalid, Refused, Stale, Unknown
from sequencer import rules
from sequencer.models import (
    CallOff,
    Commodity,
    ComponentGroup,
    Rack,
    SequenceGap,
    SequenceStream,
    SequencingProgram,
    Shipment,
    Slot,
    Unit,
)
from sequencer.services.holds import holds_before
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.states import (
    CLOSED_RACKS,
    GONE_RACKS,
    GROUP_MOVES,
    RACK_MOVES,
    GapStatus,
    GroupStatus,
    Priority,
    RackStatus,
    ShipmentStatus,
    SlotStatus,
    Stage,
    UnitStatus,
    check_move,
)

# Below every position a stream can reach.
LIFTED = -(10**15)


def lock_racks(rack_ids: Iterable[int]) -> dict[int, Rack]:
    """Locks racks, their shipments first, each by primary key. Raises `Stale` if a rack changed trucks meanwhile."""
    ids = sorted(set(rack_ids))
    shipment_ids = set(
        Rack.objects.filter(pk__in=ids, shipment__isnull=False).values_list("shipment_id", flat=True)
    )
    list(Shipment.objects.select_for_update(no_key=True).filter(pk__in=shipment_ids).order_by("pk"))
    racks = {
        rack.pk: rack
        for rack in Rack.objects.select_for_update(no_key=True, of=("self",))
        .select_related("commodity__program__line", "commodity__rack_type", "commodity__program__stream")
        .filter(pk__in=ids)
        .order_by("pk")
    }
    if any(rack.shipment_id and rack.shipment_id not in shipment_ids for rack in racks.values()):
        raise Stale("a rack's shipment")
    return racks


def move_group(group: ComponentGroup, to: GroupStatus, **fields: object) -> None:
    """One legal move of a group; a group that is already there stays. Zero rows moved is `Stale`."""
    if group.status == to and not fields:
        return
    if group.status != to:
        check_move(GROUP_MOVES, group.status, to, f"group {group}")
    if not ComponentGroup.objects.filter(pk=group.pk, status=group.status).update(status=to, **fields):
        raise Stale(f"group {group.pk}")
    group.status = to
    for name, value in fields.items():
        setattr(group, name, value)


def move_rack(rack: Rack, to: RackStatus, **fields: object) -> None:
    """One legal move of a rack whose row the caller has locked."""
    check_move(RACK_MOVES, rack.status, to, f"rack {rack.number}")
    if not Rack.objects.filter(pk=rack.pk, status=rack.status).update(status=to, **fields):
        raise Stale(f"rack {rack.number}")
    rack.status = to
    for name, value in fields.items():
        setattr(rack, name, value)


def place_group(group: ComponentGroup, call: CallOff, *, at: datetime) -> Slot | None:
    """Gives a group its slot. A late call whose rack has left gets a rush rack and a task for a person.

    Runs under the stream's lock. A call without position (displaced) stays without slot.
    """
    if call.position is None:
        return None
    commodity = group.commodity
    if group.priority == Priority.RUSH:
        return rush_rack(group, call)
    if commodity.every_vehicle:
        slot = _slot_by_position(commodity, call.position)
    else:
        slot = _slot_by_count(commodity, group, call.position)
    if slot is None:
        ComponentGroup.objects.filter(pk=group.pk).update(priority=Priority.RUSH)
        group.priority = Priority.RUSH
        line = call.program.line
        text = f"CALL {call.sequence_number} came after its place had gone; it waits in a rack of its own"
        open_task(line, "LATE_CALL", f"{call.call_number} {commodity.family}", text, at=at, group=group,
                  due_at=call.required_at)  # fmt: skip
        return rush_rack(group, call)
    _fill_in(slot, group, at=at)
    return slot


def _slot_by_position(commodity: Commodity, position: int) -> Slot | None:
    """The slot kept for a position, its rack cut when it does not stand yet; None when the rack has gone."""
    kept = Slot.objects.select_related("rack").filter(
        rack__commodity=commodity,
        rack__priority=Priority.NORMAL,
        rack__low_position__lte=position,
        rack__high_position__gte=position,
        position=position,
        group__isnull=True,
    )
    slot = kept.exclude(rack__status__in=[RackStatus.CANCELLED, *GONE_RACKS]).order_by().first()
    if slot is not None:
        return slot
    rack = (
        Rack.objects.filter(
            commodity=commodity,
            priority=Priority.NORMAL,
            low_position__lte=position,
            high_position__gte=position,
        )
        .exclude(status=RackStatus.CANCELLED)
        .order_by()
        .first()
    )
    if rack is None:
        rack = _cut_rack(commodity, position)
    if rack.status in GONE_RACKS:
        return None
    return (
        Slot.objects.select_related("rack").filter(rack=rack, position=position, group__isnull=True).first()
    )


def _cut_rack(commodity: Commodity, position: int) -> Rack:
    # The row may have been read a moment ago; the cut has to go by what stands now.
    commodity.refresh_from_db(fields=["cut_from"])
    if commodity.cut_from is None:
        start = commodity.program.stream.first_position
        commodity.cut_from = position if start is None else min(start, position)
        Commodity.objects.filter(pk=commodity.pk).update(cut_from=commodity.cut_from)
    capacity = commodity.rack_type.capacity
    low, high = rules.cut(position, commodity.cut_from, capacity)
    # A rack closed early leaves a run that is shorter than the regular cut: never overlap a neighbour.
    standing = Rack.objects.filter(commodity=commodity, priority=Priority.NORMAL).exclude(
        status=RackStatus.CANCELLED
    )
    edges = standing.aggregate(
        below=Max("high_position", filter=Q(high_position__lt=position)),
        above=Min("low_position", filter=Q(low_position__gt=position)),
    )
    low = max(low, (edges["below"] + 1) if edges["below"] is not None else low)
    high = min(high, (edges["above"] - 1) if edges["above"] is not None else high)
    return _make_rack(commodity, low, high, positions=True)


def _make_rack(commodity: Commodity, low: int, high: int, *, positions: bool) -> Rack:
    number = f"{commodity.rack_prefix}-{low}"
    taken = Rack.objects.filter(Q(number=number) | Q(number__startswith=f"{number}/")).count()
    number += f"/{taken + 1}" if taken else ""
    rack = Rack.objects.create(number=number, commodity=commodity, low_position=low, high_position=high)
    capacity = commodity.rack_type.capacity
    if positions:
        reverse = commodity.rack_type.build_order == "REVERSE"
        given_up = set(
            SequenceGap.objects.filter(
                stream_id=commodity.program.stream_id,
                status=GapStatus.ACCEPTED,
                position__gte=low,
                position__lte=high,
            ).values_list("position", flat=True)
        )
        slots = [
            Slot(
                rack=rack,
                number=rules.slot_number(p, low, high, reverse=reverse),
                position=p,
                status=SlotStatus.CANCELLED if p in given_up else SlotStatus.EMPTY,
            )
            for p in range(low, high + 1)
        ]
    else:
        slots = [Slot(rack=rack, number=n) for n in range(1, capacity + 1)]
    Slot.objects.bulk_create(slots)
    return rack


def _slot_by_count(commodity: Commodity, group: ComponentGroup, position: int) -> Slot | None:
    """The next free slot in sequence order; not-started racks are cut again when a call comes in between.

    Up to the last sequence a started rack was cut for, only a place that another call moved out of can take
    it (two vehicles that swap); None otherwise: the operator's hands are past it.
    """
    racks = Rack.objects.filter(commodity=commodity, priority=Priority.NORMAL).exclude(
        status=RackStatus.CANCELLED
    )
    last = racks.order_by("-low_position").first()
    if last is None or (position > last.high_position and not _has_room(last)):
        return _ordered(_make_rack(commodity, position, position, positions=False))[0]
    if position > last.high_position:
        slot = _ordered(last).filter(group__isnull=True, status=SlotStatus.EMPTY).first()
        Rack.objects.filter(pk=last.pk).update(high_position=position)
        return slot
    touched = racks.exclude(status=RackStatus.PLANNED).aggregate(high=Max("high_position"))["high"]
    if touched is not None and position <= touched:
        return _left_place(racks, position)
    cut_again(commodity, joining=group)
    return Slot.objects.select_related("rack").get(group=group)


def _left_place(racks: QuerySet[Rack], position: int) -> Slot | None:
    """The place in a started rack that a call moved out of while it had this position."""
    left = Slot.objects.select_related("rack").filter(
        rack__in=racks, position=position, group__isnull=True, status=SlotStatus.CANCELLED
    )
    return left.exclude(rack__status__in=[RackStatus.PLANNED, *GONE_RACKS]).first()


def _ordered(rack: Rack) -> QuerySet[Slot]:
    """A rack's slots in sequence order, whatever way it is built."""
    order = "-number" if rack.commodity.rack_type.build_order == "REVERSE" else "number"
    return Slot.objects.select_related("rack").filter(rack=rack).order_by(order)


def _has_room(rack: Rack) -> bool:
    open_rack = rack.status in {RackStatus.PLANNED, RackStatus.LOADING} and not rack.closed
    return open_rack and rack.slots.filter(group__isnull=True, status=SlotStatus.EMPTY).exists()


def cut_again(commodity: Commodity, joining: ComponentGroup | None = None) -> None:
    """Cuts the racks nobody has started again, in sequence order, with a group that joins. Deterministic.

    Only for slots filled by count. A rack that is left without any call disappears, and with its last rack the
    planned truck.
    """
    racks = list(
        Rack.objects.select_related("commodity__rack_type")
        .filter(commodity=commodity, priority=Priority.NORMAL, status=RackStatus.PLANNED)
        .order_by("low_position")
    )
    held = Slot.objects.filter(rack__in=racks, group__isnull=False).select_related("group__call_off")
    order = [(_position_of(slot.group), slot.group, slot.status) for slot in held if slot.group is not None]
    if joining is not None:
        order.append((_position_of(joining), joining, SlotStatus.EMPTY))
    order.sort(key=lambda entry: (entry[0], entry[1].pk))
    Slot.objects.filter(rack__in=racks).update(group=None, status=SlotStatus.EMPTY)
    # Low edges are unique: lift them all out of the way before they are set.
    Rack.objects.filter(pk__in=[rack.pk for rack in racks]).update(low_position=LIFTED - F("pk"))
    for rack in racks:
        order = _refill(rack, order)
    while order:
        order = _refill(_make_rack(commodity, order[0][0], order[0][0], positions=False), order)


def _refill(
    rack: Rack, order: list[tuple[int, ComponentGroup, str]]
) -> list[tuple[int, ComponentGroup, str]]:
    """Fills one rack from the front of `order` and returns the rest; an empty rack is removed."""
    slots = list(_ordered(rack))
    mine, rest = order[: len(slots)], order[len(slots) :]
    if not mine:
        shipment_id = rack.shipment_id
        rack.delete()
        if shipment_id is not None and not Rack.objects.filter(shipment=shipment_id).exists():
            Shipment.objects.filter(pk=shipment_id, status=ShipmentStatus.PLANNED).delete()
        return rest
    for slot, (_, group, status) in zip(slots, mine, strict=False):
        Slot.objects.filter(pk=slot.pk).update(group=group, status=status)
    Rack.objects.filter(pk=rack.pk).update(low_position=mine[0][0], high_position=mine[-1][0])
    return rest


def _position_of(group: ComponentGroup) -> int:
    position = group.call_off.position
    assert position is not None  # only placed calls stand in a slot
    return position


def rush_rack(group: ComponentGroup, call: CallOff) -> Slot:
    """A rack of one slot for a replacement or a late call; the dock loads it first. It keeps its rack when it moves."""
    position = call.position if call.position is not None else 0
    standing = Slot.objects.select_related("rack").filter(group=group).first()
    if standing is not None:
        Slot.objects.filter(pk=standing.pk).update(position=position)
        Rack.objects.filter(pk=standing.rack_id).update(low_position=position, high_position=position)
        return standing
    rack = Rack.objects.create(
        number=f"{group.commodity.rack_prefix}-RUSH{group.pk}",
        commodity=group.commodity,
        low_position=position,
        high_position=position,
        priority=Priority.RUSH,
        closed=True,
    )
    return Slot.objects.create(rack=rack, number=1, position=position, group=group)


def _fill_in(slot: Slot, group: ComponentGroup, *, at: datetime) -> None:
    """Puts a group on its slot. A rack that was closed over the accepted gap opens again."""
    Slot.objects.filter(pk=slot.pk).update(group=group, status=SlotStatus.EMPTY, reason="")
    slot.group, slot.status = group, SlotStatus.EMPTY
    rack = slot.rack
    if rack.status in CLOSED_RACKS or rack.status == RackStatus.FULL:
        rack = lock_racks([rack.pk])[rack.pk]
        reopen_locked(rack, at=at, reason=f"call for slot {slot.number} arrived", by="")


def vacate(slot: Slot, *, at: datetime, to: SlotStatus, by: str, reason: str) -> None:
    """Takes a group's pieces out of its slot (change, move, cancel). The caller has locked the rack.

    Pieces go to the buffer. A closed rack opens again, because what stands in it is no longer what was called.
    """
    group = slot.group
    if group is None:
        return
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
    return (
        Unit.objects.filter(group=group)
        .exclude(status=UnitStatus.SHIPPED)
        .update(status=UnitStatus.BUFFER, group=None, component=None)
    )


def reopen_locked(rack: Rack, *, at: datetime, reason: str, by: str) -> None:
    """Opens a closed rack whose row is locked; a truck that held it is no longer complete."""
    was_closed = rack.status in CLOSED_RACKS
    if rack.status == RackStatus.LOADED and rack.shipment_id:
        Shipment.objects.filter(pk=rack.shipment_id, status=ShipmentStatus.LOADED).update(
            status=ShipmentStatus.OPEN
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
    states = list(rack.slots.values_list("status", "group_id"))
    if states and all(status == SlotStatus.CANCELLED for status, _ in states):
        if rack.status in {RackStatus.PLANNED, RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED}:
            move_rack(rack, RackStatus.CANCELLED, shipment=None, load_position=None)
            record_event(f"line:{rack.commodity.program.line_id}", "rack_cancelled", rack.number, at=at)
        return
    decided = {SlotStatus.FILLED, SlotStatus.CANCELLED, SlotStatus.HOLE}
    if rack.status in {RackStatus.LOADING, RackStatus.REOPENED} and all(s in decided for s, _ in states):
        if not rack.commodity.every_vehicle and not rack.closed and any(g is None for _, g in states):
            return
        move_rack(rack, RackStatus.FULL)
        record_event(f"line:{rack.commodity.program.line_id}", "rack_full", rack.number, at=at)


BEFORE_FIRST = "before the first call"


def _give_up_before_first(rack: Rack) -> None:
    """Places below the first call the stream ever had are not waited for; a lower call would open them again."""
    first = rack.commodity.program.stream.first_position
    if rack.priority == Priority.NORMAL and first is not None and rack.low_position < first:
        rack.slots.filter(status=SlotStatus.EMPTY, group__isnull=True, position__lt=first).update(
            status=SlotStatus.CANCELLED, reason=BEFORE_FIRST
        )


def slot_facts(rack: Rack) -> list[rules.SlotFacts]:
    """Every slot of a rack against the latest call-off and the open gaps. Two queries."""
    stream = rack.commodity.program.stream
    counter = stream.counter
    gaps = set(
        SequenceGap.objects.filter(
            stream=stream,
            status=GapStatus.OPEN,
            position__gte=rack.low_position,
            position__lte=rack.high_position,
        ).values_list("position", flat=True)
    )
    slots = rack.slots.select_related("group__call_off").order_by("number")
    facts = [_facts_of(slot, counter, gaps) for slot in slots]
    kept = {slot.position for slot in slots}
    # Slots filled by count keep none for a missing call: the gap still forbids to close this run.
    facts += [
        rules.SlotFacts(0, counter.text(p), "EMPTY", None, None, None, None, gap=True)
        for p in sorted(gaps - kept)
        if rack.priority == Priority.NORMAL
    ]
    return facts


def _facts_of(slot: Slot, counter: rules.Counter, gaps: set[int]) -> rules.SlotFacts:
    group = slot.group
    if group is None:
        sequence = counter.text(slot.position) if slot.position is not None else "not called"
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


def seal_locked(rack: Rack, *, at: datetime, by: str) -> list[str]:
    """The host check and the seal of a locked rack; returns the reasons that forbid it, or an empty list."""
    reasons = rules.host_check(slot_facts(rack), holes_approved=bool(rack.holes_approved_by))
    reasons += holds_before(rack)
    if reasons:
        return reasons
    move_rack(rack, RackStatus.SEALED, sealed_at=at)
    close_tasks("REOPENED_RACK", rack.number, at=at, note="sealed again")
    record_event(f"line:{rack.commodity.program.line_id}", "rack_sealed", rack.number, at=at, by=by)
    return []


def _locked(rack_id: int) -> Rack:
    rack = lock_racks([rack_id]).get(rack_id)
    if rack is None:
        raise Unknown("no_rack", f"there is no rack {rack_id}")
    return rack


def seal_rack(rack_id: int, *, by: AbstractBaseUser, at: datetime) -> Rack:
    """Seals a full rack after checking every slot against the latest call-off.

    Refuses (`not_full`, `host_check`) with the slots that are wrong. Locks the rack.
    """
    with transaction.atomic(durable=True):
        rack = _locked(rack_id)
        if rack.status != RackStatus.FULL:
            raise Refused("not_full", f"rack {rack.number} is {rack.status.lower()}; it is sealed when full")
        reasons = seal_locked(rack, at=at, by=str(by))
        if reasons:
            raise Refused("host_check", "; ".join(reasons[:3]), reasons=reasons)
    return rack


def reopen_rack(rack_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> Rack:
    """Opens a rack by hand; every slot is verified again. Refuses without a reason and after departure."""
    if not reason.strip():
        raise Refused("reason_missing", "say why the rack is opened")
    with transaction.atomic(durable=True):
        rack = _locked(rack_id)
        if rack.status not in CLOSED_RACKS | {RackStatus.FULL}:
            raise Refused(
                "not_closed", f"rack {rack.number} is {rack.status.lower()}; only a full one is opened"
            )
        reopen_locked(rack, at=at, reason=reason, by=str(by))
        for slot in rack.slots.filter(status=SlotStatus.FILLED).select_related("group"):
            if slot.group is not None:
                put_back(slot.group)
                move_group(slot.group, GroupStatus.RELEASED)
            Slot.objects.filter(pk=slot.pk).update(
                status=SlotStatus.REOPENED, packed_revision=None, packed_at=None, reason=reason[:120]
            )
    return rack


def approve_holes(rack_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> Rack:
    """A named person lets a rack go with its holes. Refuses a rack without holes."""
    with transaction.atomic(durable=True):
        rack = _locked(rack_id)
        approve_holes_locked(rack, by=str(by), reason=reason, at=at)
    return rack


def approve_holes_locked(rack: Rack, *, by: str, reason: str, at: datetime) -> None:
    holes = list(rack.slots.filter(status=SlotStatus.HOLE).values_list("number", flat=True))
    if not holes:
        raise Refused("no_holes", f"rack {rack.number} has no hole to approve")
    Rack.objects.filter(pk=rack.pk).update(holes_approved_by=by[:60])
    rack.holes_approved_by = by[:60]
    line = rack.commodity.program.line_id
    record_event(f"line:{line}", "holes_approved", rack.number, at=at, by=by, reason=reason, slots=holes)


def accept_gap(
    stream_id: int, first: int, last: int, *, by: AbstractBaseUser, reason: str, at: datetime
) -> int:
    """A named person decides that positions `first` to `last` will not come: their slots become holes.

    Returns how many gaps were accepted. Refuses without a reason and when none is open. Locks stream, then racks.
    """
    if not reason.strip():
        raise Refused("reason_missing", "say why the missing calls are not waited for")
    with transaction.atomic(durable=True):
        stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=stream_id)
        gaps = list(
            SequenceGap.objects.filter(
                stream=stream, status=GapStatus.OPEN, position__gte=first, position__lte=last
            )
        )
        if not gaps:
            raise Refused("no_gap", "none of these positions is missing")
        SequenceGap.objects.filter(pk__in=[g.pk for g in gaps]).update(
            status=GapStatus.ACCEPTED, accepted_by=by, reason=reason[:200], closed_at=at
        )
        _leave_holes(stream, [g.position for g in gaps], reason=reason, at=at)
        record_event(
            f"line:{stream.line_id}",
            "gap_accepted",
            f"{gaps[0].sequence_number}-{gaps[-1].sequence_number}",
            at=at,
            by=str(by),
            reason=reason,
        )
    return len(gaps)


def _leave_holes(stream: SequenceStream, positions: list[int], *, reason: str, at: datetime) -> None:
    """An accepted gap was decided by name already: its slots are cancelled, not holes that ask again."""
    slots = Slot.objects.filter(
        rack__commodity__program__stream=stream,
        rack__priority=Priority.NORMAL,
        position__in=positions,
        group__isnull=True,
        status=SlotStatus.EMPTY,
    )
    rack_ids = set(slots.values_list("rack_id", flat=True))
    racks = lock_racks(rack_ids)
    slots.update(status=SlotStatus.CANCELLED, reason=f"gap accepted: {reason}"[:120])
    for rack in racks.values():
        settle_rack(rack, at=at)


def start_stream(stream_id: int, first: int, *, at: datetime, by: str = "", reason: str = "") -> None:
    """Cutover: declares the first number that will be called, so that a later file taken first leaves a gap.

    Without it the first call that arrives is where the stream begins. Refuses a stream that has begun and a
    number that its counter cannot show.
    """
    with transaction.atomic(durable=True):
        stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=stream_id)
        if stream.last_position is not None:
            raise Refused("has_begun", f"{stream} has begun at {stream.first_position}")
        _check_shown(stream, first)
        SequenceStream.objects.filter(pk=stream_id).update(first_position=first, last_position=first - 1)
        record_event(
            f"line:{stream.line_id}",
            "stream_started",
            stream.counter.text(first),
            at=at,
            by=by,
            reason=reason,
        )


def _check_shown(stream: SequenceStream, number: int) -> None:
    if not stream.first <= number <= stream.last:
        raise Invalid("bad_sequence", f"{number} is outside {stream.first} to {stream.last}", sequence=number)


def restart_stream(stream_id: int, first: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> int:
    """The OEM began its count anew: the number `first` is the next that is called, whatever came before.

    Promise: nothing of the old count is touched; its last racks are cut short so that they can go, and what of
    the new count is not called before `first` opens no gap. Returns the position of `first`. Refuses without a
    reason, a number the counter cannot show, and a stream that has not begun. Locks stream, then racks.
    """
    if not reason.strip():
        raise Refused("reason_missing", "say who told that the count begins anew")
    with transaction.atomic(durable=True):
        stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=stream_id)
        if stream.last_position is None:
            raise Refused("not_begun", f"{stream} has not begun; declare where it starts instead")
        position = begin_again(stream, first, at=at)
        text = stream.counter.text(position)
        record_event(f"line:{stream.line_id}", "stream_restarted", text, at=at, by=str(by), reason=reason)
    return position


def begin_again(stream: SequenceStream, first: int, *, at: datetime) -> int:
    """Moves a locked stream to the number `first` of its next round; returns that position."""
    counter, last = stream.counter, stream.last_position
    assert last is not None
    _check_shown(stream, first)
    position = first + ((last - first) // counter.span + 1) * counter.span
    for program in stream.programs.all():
        program.stream = stream
        for commodity in program.commodities.select_related("rack_type"):
            commodity.program = program
            _close_commodity(commodity, stream, at=at)
            Commodity.objects.filter(pk=commodity.pk, cut_from__isnull=False).update(cut_from=position)
    SequenceStream.objects.filter(pk=stream.pk).update(last_position=position - 1)
    stream.last_position = position - 1
    return position


def close_stream(program_id: int, *, at: datetime, by: str = "") -> int:
    """CLOSE or end of shift: cuts the last partial racks of a program short so that they can be sealed and go.

    Returns how many racks were cut. The next call starts a new rack. Locks stream, then racks.
    """
    with transaction.atomic(durable=True):
        program = SequencingProgram.objects.select_related("stream").get(pk=program_id)
        stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=program.stream_id)
        done = 0
        for commodity in program.commodities.select_related("rack_type"):
            done += _close_commodity(commodity, stream, at=at)
        if done:
            record_event(f"line:{program.line_id}", "closed", program.code, at=at, by=by, racks=done)
    return done


def _close_commodity(commodity: Commodity, stream: SequenceStream, *, at: datetime) -> int:
    rack = (
        Rack.objects.filter(commodity=commodity, priority=Priority.NORMAL, closed=False)
        .exclude(status=RackStatus.CANCELLED)
        .order_by("-low_position")
        .first()
    )
    if rack is None or stream.last_position is None:
        return 0
    rack = lock_racks([rack.pk])[rack.pk]
    tail = rack.slots.filter(group__isnull=True, status=SlotStatus.EMPTY)
    if commodity.every_vehicle:
        tail = tail.filter(position__gt=stream.last_position)
    removed = list(tail.values_list("pk", flat=True))
    if removed and len(removed) == rack.slots.count():
        return 0
    Slot.objects.filter(pk__in=removed).delete()
    high = min(rack.high_position, stream.last_position) if commodity.every_vehicle else rack.high_position
    Rack.objects.filter(pk=rack.pk).update(closed=True, high_position=high)
    rack.closed, rack.high_position = True, high
    if rack.status == RackStatus.PLANNED and commodity.rack_type.build_order == "REVERSE":
        _number_again(rack)
    Commodity.objects.filter(pk=commodity.pk).update(cut_from=high + 1)
    settle_rack(rack, at=at)
    return 1 if removed else 0


def _number_again(rack: Rack) -> None:
    """A reverse rack cut short: its highest remaining sequence is loaded first."""
    slots = list(rack.slots.order_by("number"))
    for number, slot in enumerate(slots, start=1):
        Slot.objects.filter(pk=slot.pk).update(number=number)


def needed_by(required_at: datetime, positions_before: int, takt: int, transit: int) -> datetime:
    """When a missing position must be known: what follows it is required at `required_at`."""
    return required_at - timedelta(seconds=positions_before * takt, minutes=transit)
