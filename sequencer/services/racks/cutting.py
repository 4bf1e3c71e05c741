"""The cut: which rack and slot a group gets, and how racks nobody has started are cut again.

Two ways. Where every vehicle has its piece and the cut is a count, each position keeps its place, missing calls
included. Otherwise slots are filled by count in the order of the stream, and what is cut is what is called. Either
way the racks that nobody has started follow from the calls alone, whatever order those arrived in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils.translation import gettext

from inventory.errors import Refused, Unknown
from sequencer import drawing, rules
from sequencer.models import (
    CallOff,
    Commodity,
    ComponentGroup,
    Rack,
    SequenceGap,
    SequenceStream,
    Shipment,
    Slot,
)
from sequencer.services.journal import open_task, record_event
from sequencer.services.racks.cutting_spec import entry_of, keeps_places, mark_of, marks_in_use
from sequencer.services.racks.filling import fill_in, settle_rack
from sequencer.services.racks.locks import lock_racks
from sequencer.states import GONE_RACKS, GapStatus, Priority, RackStatus, ShipmentStatus, SlotStatus

# Below every position a stream can reach, and above every slot number.
LIFTED = -(10**15)
ABOVE = 10_000
# Racks cut by position follow one another and those of one cut key do: more keys than this no commodity has.
NEAREST = 100


def place_group(group: ComponentGroup, call: CallOff, *, at: datetime) -> Slot | None:
    """Gives a group its slot. A late call whose rack has left gets a rush rack and a task for a person.

    Runs under the stream's lock. A call without position (displaced) stays without slot.
    """
    if call.position is None:
        return None
    # What a person moved into a rack of its own stays there, too, when its sequence changes.
    if (
        group.priority == Priority.RUSH
        or Slot.objects.filter(group=group, rack__priority=Priority.RUSH).exists()
    ):
        return rush_rack(group, call)
    lead = group.commodity.lead
    lead.program = group.commodity.program
    group.call_off = call
    spec = lead.cut_spec
    if keeps_places(lead, spec):
        slot = _slot_by_position(lead, spec, call.position, mark_of(group.commodity))
    else:
        slot = _slot_by_count(lead, spec, group, call.position, at=at)
    if slot is None:
        return late_rack(group, call, at=at)
    fill_in(slot, group, at=at)
    return slot


def late_rack(group: ComponentGroup, call: CallOff, *, at: datetime) -> Slot:
    """Its place has gone: the call waits in a rack of its own, and a person is told."""
    ComponentGroup.objects.filter(pk=group.pk).update(priority=Priority.RUSH)
    group.priority = Priority.RUSH
    text = f"CALL {call.sequence_number} came after its place had gone; it waits in a rack of its own"
    open_task(call.program.line, "LATE_CALL", f"{call.call_number} {group.commodity.family}", text, at=at, group=group,
              due_at=call.required_at)  # fmt: skip
    return rush_rack(group, call)


def rush_rack(group: ComponentGroup, call: CallOff) -> Slot:
    """A rack of one slot for a replacement or a late call; the dock loads it first. It keeps its rack when it moves."""
    position = call.position if call.position is not None else 0
    standing = Slot.objects.select_related("rack").filter(group=group).first()
    if standing is not None:
        Slot.objects.filter(pk=standing.pk).update(position=position)
        Rack.objects.filter(pk=standing.rack_id).update(low_position=position, high_position=position)
        return standing
    commodity, mark = group.commodity, mark_of(group.commodity)
    rack = Rack.objects.create(
        number=_unused(f"{commodity.rack_prefix}-RUSH{group.pk}"),
        commodity=commodity.lead,
        low_position=position,
        high_position=position,
        priority=Priority.RUSH,
        closed=True,
    )
    first = next(place.number for place in commodity.lead.rack_type.layout.places if place.mark == mark)
    return Slot.objects.create(rack=rack, number=first, mark=mark, position=position, group=group)


def _standing(lead: Commodity) -> QuerySet[Rack]:
    """Racks of the normal run of a commodity."""
    return Rack.objects.filter(commodity=lead, priority=Priority.NORMAL).exclude(status=RackStatus.CANCELLED)


def _before(lead: Commodity, position: int) -> list[Rack]:
    """The nearest standing racks that begin at or before a position, nearest first: not those of years ago."""
    return list(_standing(lead).filter(low_position__lte=position).order_by("-low_position")[:NEAREST])


def _holding(lead: Commodity, position: int) -> Rack | None:
    """The standing rack whose run this position lies in."""
    return next((rack for rack in _before(lead, position) if rack.high_position >= position), None)


# --- places kept by position ---------------------------------------------------------------------------------


def _slot_by_position(lead: Commodity, spec: rules.CutSpec, position: int, mark: str) -> Slot | None:
    """The slot kept for a position, its rack cut when it does not stand yet; None when the rack has gone."""
    rack = _holding(lead, position) or _cut_rack(lead, spec, position)
    if rack.status in GONE_RACKS:
        return None
    found = Slot.objects.select_related("rack").filter(rack=rack, position=position, mark=mark)
    return found.filter(group__isnull=True).first()


def _cut_rack(lead: Commodity, spec: rules.CutSpec, position: int) -> Rack:
    # The row may have been read a moment ago; the cut has to go by what stands now.
    lead.refresh_from_db(fields=["cut_from"])
    start = lead.program.stream.first_position
    begin = position if start is None else min(start, position)
    if lead.cut_from is None:
        _cut_from(lead, begin)
    elif begin < lead.cut_from and not _begun(lead):
        # Files may be taken in any order: as long as nobody has started, the racks count from the lowest call.
        _cut_from(lead, begin)
        _rebuild_positions(lead, spec, joining=position)
        rebuilt = _holding(lead, position)
        assert rebuilt is not None
        return rebuilt
    assert lead.cut_from is not None
    low, high = _between_neighbours(lead, position, rules.cut(position, lead.cut_from, spec.sequences))
    return _make_rack(lead, low, high, wants=_kept(lead, range(low, high + 1)))


def _cut_from(lead: Commodity, position: int) -> None:
    lead.cut_from = position
    Commodity.objects.filter(pk=lead.pk).update(cut_from=position)


def _begun(lead: Commodity) -> bool:
    """Whether a rack was started, or cut short by a person: what stands from then on is not moved any more."""
    return _standing(lead).filter(~Q(status=RackStatus.PLANNED) | Q(closed=True)).exists()


def _between_neighbours(lead: Commodity, position: int, run: tuple[int, int]) -> tuple[int, int]:
    """A rack closed early leaves a run that is shorter than the regular cut: never overlap a neighbour."""
    low, high = run
    below = max(
        (r.high_position for r in _before(lead, position) if r.high_position < position), default=None
    )
    above = _standing(lead).filter(low_position__gt=position).order_by("low_position").first()
    low = low if below is None else max(low, below + 1)
    high = high if above is None else min(high, above.low_position - 1)
    return low, high


def _rebuild_positions(lead: Commodity, spec: rules.CutSpec, joining: int | None = None) -> None:
    """Cuts every rack nobody has started again by position; places keep what stands on them."""
    racks = _planned(lead)
    slots = list(Slot.objects.filter(rack__in=racks).select_related("group"))
    held = {(slot.position, slot.mark): slot for slot in slots if slot.position is not None}
    called = {slot.position for slot in slots if slot.position is not None and slot.group_id is not None}
    positions = sorted(called | ({joining} if joining is not None else set()))
    if not positions or lead.cut_from is None:
        return
    _lift(racks)
    between = _standing(lead).filter(
        low_position__gt=positions[0], low_position__lte=positions[-1] + spec.sequences
    )
    lifted = {rack.pk for rack in racks}
    beside = [rack for rack in [*_before(lead, positions[0]), *between] if rack.pk not in lifted]
    frozen = [(rack.low_position, rack.high_position) for rack in beside]
    runs = sorted({_clipped(p, rules.cut(p, lead.cut_from, spec.sequences), frozen) for p in positions})
    spare = list(racks)
    for low, high in runs:
        wants = [_as_held(want, held) for want in _kept(lead, range(low, high + 1))]
        _take_rack(lead, spare, "", low, high, wants)
    _remove(spare)


def _clipped(position: int, run: tuple[int, int], frozen: Iterable[tuple[int, int]]) -> tuple[int, int]:
    low, high = run
    for below, above in frozen:
        if above < position:
            low = max(low, above + 1)
        if below > position:
            high = min(high, below - 1)
    return low, high


def _as_held(want: Want, held: dict[tuple[int, str], Slot]) -> Want:
    slot = held.get((want.position, want.mark)) if want.position is not None else None
    if slot is None:
        return want
    return replace(want, group=slot.group, status=slot.status, reason=slot.reason)


# --- places filled by count ----------------------------------------------------------------------------------


def _slot_by_count(
    lead: Commodity, spec: rules.CutSpec, group: ComponentGroup, position: int, *, at: datetime
) -> Slot | None:
    """The next free slot in sequence order; not-started racks are cut again when a call comes in between.

    Up to the last sequence a started rack was cut for, only a place that another call moved out of can take
    it (two vehicles that swap); None otherwise: the operator's hands are past it.
    """
    entry = entry_of(group, position, spec)
    racks = _standing(lead).filter(cut_key=entry.key)
    last = racks.order_by("-low_position").first()
    if last is None:
        return _first_of_new_rack(lead, spec, entry)
    if position > last.high_position:
        return _append(lead, spec, last, group, entry, at=at)
    # Locked before the look: a station that starts a rack meanwhile has done so, or waits until the cut is made.
    _planned(lead)
    # Only the last rack of a key grows, so the last that was touched reaches furthest.
    touched = racks.exclude(status=RackStatus.PLANNED).order_by("-low_position").first()
    if touched is not None and position <= touched.high_position:
        return _beside(last, entry) or _left_place(racks, entry)
    cut_again(lead, joining=group)
    return Slot.objects.select_related("rack").get(group=group)


def _append(
    lead: Commodity,
    spec: rules.CutSpec,
    last: Rack,
    group: ComponentGroup,
    entry: rules.Entry,
    *,
    at: datetime,
) -> Slot | None:
    """A call after all others: into the last rack while it has room and its rules allow, else into a new one."""
    last.commodity = lead
    free = _free(last, entry.mark)
    takes = last.status in {RackStatus.PLANNED, RackStatus.LOADING} and not last.closed
    if free is None or not takes or (spec.by_content and not _fits(last, spec, entry)):
        if spec.by_content and takes:
            finish_rack(last, at=at)
        return _first_of_new_rack(lead, spec, entry)
    Rack.objects.filter(pk=last.pk).update(high_position=entry.position)
    free.rack.high_position = entry.position
    return free


def _fits(rack: Rack, spec: rules.CutSpec, entry: rules.Entry) -> bool:
    held = Slot.objects.filter(
        rack=rack, group__isnull=False, group__replacement__isnull=True
    ).select_related("group__call_off", "group__commodity")
    standing = [
        replace(entry_of(slot.group, _position_of(slot.group), spec), key=entry.key)
        for slot in held
        if slot.group is not None and slot.group.call_off.position is not None
    ]
    return len(rules.cut_runs([*standing, entry], spec)) == 1


def _beside(last: Rack, entry: rules.Entry) -> Slot | None:
    """The other piece of the vehicle that was placed last goes beside it, also into a rack in work."""
    if entry.position != last.high_position or not entry.mark or last.closed:
        return None
    return _free(last, entry.mark) if last.status in {RackStatus.PLANNED, RackStatus.LOADING} else None


def _free(rack: Rack, mark: str) -> Slot | None:
    order = "-number" if rack.commodity.rack_type.reverse else "number"
    free = Slot.objects.select_related("rack").filter(rack=rack, mark=mark, group__isnull=True)
    return free.filter(status=SlotStatus.EMPTY, position__isnull=True).order_by(order).first()


def _first_of_new_rack(lead: Commodity, spec: rules.CutSpec, entry: rules.Entry) -> Slot | None:
    rack = _make_rack(
        lead, entry.position, entry.position, wants=_counted(lead, spec, (), full=True), key=entry.key
    )
    rack.commodity = lead
    return _free(rack, entry.mark)


def _left_place(racks: QuerySet[Rack], entry: rules.Entry) -> Slot | None:
    """The place in a started rack that a call moved out of while it had this position."""
    left = Slot.objects.select_related("rack").filter(
        rack__in=racks,
        position=entry.position,
        mark=entry.mark,
        group__isnull=True,
        status=SlotStatus.CANCELLED,
    )
    return left.exclude(rack__status__in=[RackStatus.PLANNED, *GONE_RACKS]).first()


def finish_rack(rack: Rack, *, at: datetime) -> None:
    """Nothing more comes into a rack filled by count: its empty tail is taken away so that it can be full."""
    rack = lock_racks([rack.pk])[rack.pk]
    removed, _ = rack.slots.filter(
        group__isnull=True, status=SlotStatus.EMPTY, position__isnull=True
    ).delete()
    if not removed:
        return
    if rack.status == RackStatus.PLANNED:
        number_again(rack)
    settle_rack(rack, at=at)


def close_up(slot: Slot, position: int | None, *, at: datetime) -> None:
    """A left place that no position keeps: not-started racks are cut again, elsewhere the place is given up.

    A given-up place remembers the position it was for, so that the next call there stands in sequence.
    """
    rack = slot.rack
    if keeps_places(rack.commodity):
        return
    if rack.status == RackStatus.PLANNED:
        cut_again(rack.commodity)
        return
    Slot.objects.filter(pk=slot.pk).update(
        status=SlotStatus.CANCELLED, reason="call moved away", position=position
    )
    settle_rack(rack, at=at)


def cut_again(commodity: Commodity, joining: ComponentGroup | None = None) -> None:
    """Cuts the racks nobody has started again, in sequence order, with a group that joins. Deterministic.

    Only for slots filled by count. A rack that is left without any call disappears, and with its last rack the
    planned truck. Locks the racks; one that a station started meanwhile stays as it is.
    """
    lead = commodity.lead
    spec = lead.cut_spec
    racks = _planned(lead)
    # What was ordered again gives its place up: its call may stand anywhere by now, with the piece that follows it.
    held = Slot.objects.filter(
        rack__in=racks, group__isnull=False, group__replacement__isnull=True
    ).select_related(
        "group__call_off", "group__commodity__rides_with__rack_type", "group__commodity__rack_type"
    )
    standing = {slot.group_id: slot for slot in held if slot.group is not None}
    groups = {slot.group.pk: slot.group for slot in standing.values() if slot.group is not None}
    if joining is not None:
        groups[joining.pk] = joining
    entries = [entry_of(group, _position_of(group), spec) for group in groups.values()]
    edges = {(rack.cut_key, rack.high_position) for rack in racks if rack.closed}
    _lift(racks)
    spare = list(racks)
    runs = rules.cut_runs(entries, spec, edges)
    for turn, run in enumerate(runs):
        later = any(after[0].key == run[0].key for after in runs[turn + 1 :])
        closed = any(key == run[0].key and run[-1].position <= edge for key, edge in edges)
        wants = [
            _filled(want, groups, standing)
            for want in _counted(lead, spec, run, full=not (later and spec.by_content) and not closed)
        ]
        rack = _take_rack(lead, spare, run[0].key, run[0].position, run[-1].position, wants)
        if rack.closed is not closed:
            Rack.objects.filter(pk=rack.pk).update(closed=closed)
    _remove(spare)


def _filled(want: Want, groups: dict[int, ComponentGroup], standing: dict[int | None, Slot]) -> Want:
    if want.ref is None:
        return want
    slot = standing.get(want.ref)
    status, reason = (slot.status, slot.reason) if slot is not None else (str(SlotStatus.EMPTY), "")
    return replace(want, group=groups[want.ref], status=status, reason=reason)


def _position_of(group: ComponentGroup) -> int:
    position = group.call_off.position
    assert position is not None  # only placed calls stand in a slot
    return position


# --- laying racks out ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Want:
    """One slot as it shall stand: `ref` is the key of the group that goes there."""

    number: int
    position: int | None
    mark: str
    ref: int | None = None
    group: ComponentGroup | None = None
    status: str = SlotStatus.EMPTY
    reason: str = ""


def _kept(lead: Commodity, positions: range) -> list[Want]:
    """A place for each position, in the loading order of the drawing; accepted gaps are given up at once."""
    given_up = set(
        SequenceGap.objects.filter(
            stream_id=lead.program.stream_id,
            status=GapStatus.ACCEPTED,
            position__gte=positions.start,
            position__lt=positions.stop,
        ).values_list("position", flat=True)
    )
    used = marks_in_use(lead)
    plan = drawing.slot_plan(lead.rack_type.layout, positions, reverse=lead.rack_type.reverse)
    return [
        Want(
            planned.number,
            planned.position,
            planned.mark,
            status=SlotStatus.CANCELLED if planned.position in given_up else SlotStatus.EMPTY,
        )
        for planned in plan
        if planned.mark in used
    ]


def _counted(lead: Commodity, spec: rules.CutSpec, run: Iterable[rules.Entry], *, full: bool) -> list[Want]:
    """Places for a run in sequence order; a `full` rack has the places that no call has yet, too."""
    wants: list[Want] = []
    waiting: dict[str, list[rules.Entry]] = {}
    for entry in run:
        waiting.setdefault(entry.mark, []).append(entry)
    for mark in marks_in_use(lead):
        mine = waiting.get(mark, [])
        numbers = [place.number for place in lead.rack_type.layout.places if place.mark == mark]
        numbers = numbers[: max(spec.sequences, len(mine)) if full else len(mine)]
        if lead.rack_type.reverse:
            numbers.reverse()
        for turn, number in enumerate(numbers):
            ref = mine[turn].ref if turn < len(mine) else None
            wants.append(Want(number, None, mark, ref))
    return wants


def _planned(lead: Commodity) -> list[Rack]:
    """The racks nobody has started, under their locks, in sequence order."""
    ids = _standing(lead).filter(status=RackStatus.PLANNED).values_list("pk", flat=True)
    locked = lock_racks(ids).values()
    return sorted((r for r in locked if r.status == RackStatus.PLANNED), key=lambda r: r.low_position)


def _lift(racks: list[Rack]) -> None:
    """Low edges and groups are unique: all out of the way before the new ones are written."""
    ids = [rack.pk for rack in racks]
    Slot.objects.filter(rack__in=ids).update(group=None)
    Rack.objects.filter(pk__in=ids).update(low_position=LIFTED - F("pk"))


def _take_rack(lead: Commodity, spare: list[Rack], key: str, low: int, high: int, wants: list[Want]) -> Rack:
    """Lays a run out in the next spare rack of its kind, or in a new one; the number follows the lowest sequence."""
    rack = next((rack for rack in spare if rack.cut_key == key), None)
    if rack is None:
        return _make_rack(lead, low, high, wants=wants, key=key)
    spare.remove(rack)
    if rack.number.partition("/")[0] != f"{lead.rack_prefix}-{low}":
        rack.number = _number_for(lead, low)
    Rack.objects.filter(pk=rack.pk).update(number=rack.number, low_position=low, high_position=high)
    rack.low_position, rack.high_position = low, high
    _lay_out(rack, wants)
    return rack


def _make_rack(lead: Commodity, low: int, high: int, *, wants: list[Want], key: str = "") -> Rack:
    rack = Rack.objects.create(
        number=_number_for(lead, low), commodity=lead, cut_key=key, low_position=low, high_position=high
    )
    Slot.objects.bulk_create(_slot(rack, want) for want in wants)
    return rack


def _number_for(lead: Commodity, low: int) -> str:
    return _unused(f"{lead.rack_prefix}-{low}")


def _unused(number: str) -> str:
    """A rack's number, or the next one with a turn behind it when such a rack stands or stood already."""
    numbers = set(
        Rack.objects.filter(Q(number=number) | Q(number__startswith=f"{number}/")).values_list(
            "number", flat=True
        )
    )
    if number not in numbers:
        return number
    return next(name for turn in range(2, len(numbers) + 3) if (name := f"{number}/{turn}") not in numbers)


def _slot(rack: Rack, want: Want) -> Slot:
    return Slot(
        rack=rack,
        number=want.number,
        position=want.position,
        mark=want.mark,
        group=want.group,
        status=want.status,
        reason=want.reason,
    )


def _lay_out(rack: Rack, wants: list[Want]) -> None:
    """Brings the slots of a rack nobody has started to what is wanted; rows that stay keep their key."""
    standing = {slot.number: slot for slot in rack.slots.all()}
    kept, fresh = [], []
    for want in wants:
        slot = standing.pop(want.number, None)
        if slot is None:
            fresh.append(_slot(rack, want))
            continue
        slot.position, slot.mark, slot.group = want.position, want.mark, want.group
        slot.status, slot.reason = want.status, want.reason
        kept.append(slot)
    Slot.objects.filter(pk__in=[slot.pk for slot in standing.values()]).delete()
    Slot.objects.bulk_update(kept, ["position", "mark", "group", "status", "reason"])
    Slot.objects.bulk_create(fresh)


def _remove(spare: list[Rack]) -> None:
    """Racks that no call needs any more go, and with its last rack the planned truck."""
    for rack in spare:
        shipment_id = rack.shipment_id
        rack.delete()
        if shipment_id is not None and not Rack.objects.filter(shipment=shipment_id).exists():
            # One that was scanned keeps its number; the next sweep calls it off.
            unseen = Shipment.objects.filter(
                pk=shipment_id, status=ShipmentStatus.PLANNED, scans__isnull=True
            )
            unseen.delete()


def number_again(rack: Rack) -> None:
    """A rack nobody has started was cut short: it is loaded from its first place on again."""
    rack_type = rack.commodity.rack_type
    numbers = {
        mark: [place.number for place in rack_type.layout.places if place.mark == mark]
        for mark in rack_type.layout.marks
    }
    slots = list(rack.slots.order_by("number"))
    rack.slots.update(number=F("number") + ABOVE)
    for slot in slots:
        Slot.objects.filter(pk=slot.pk).update(number=numbers[slot.mark].pop(0))


def finish_racks_past_time(*, at: datetime) -> int:
    """Sweep: what is called from now on is needed later than now; where that is past a time cut, the rack is finished.

    Promise: such a rack becomes full with the pieces it has, without waiting for the call that begins the next one.
    Returns how many were finished. One transaction a rack; locks the stream, then the rack.
    """
    done = 0
    timed = Commodity.objects.filter(cut_rules__kind__in=["MINUTES", "CLOCK"], rides_with__isnull=True)
    for commodity in timed.select_related("program__line__plant", "rack_type").distinct():
        waiting = _standing(commodity).filter(
            status__in=[RackStatus.PLANNED, RackStatus.LOADING],
            closed=False,
            slots__group__isnull=True,
            slots__status=SlotStatus.EMPTY,
        )
        for rack_id in waiting.order_by("low_position").values_list("pk", flat=True).distinct():
            done += _finish_past_time(commodity, rack_id, at)
    return done


def _finish_past_time(commodity: Commodity, rack_id: int, at: datetime) -> int:
    with transaction.atomic(durable=True):
        program = commodity.program
        program.stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=program.stream_id)
        rack = _standing(commodity).filter(pk=rack_id).first()
        if rack is None:
            return 0
        last: datetime | None = rack.slots.aggregate(last=Max("group__call_off__required_at"))["last"]
        if last is None:
            return 0
        spec = commodity.cut_spec
        next_call = rules.Entry(rack.high_position + 1, key=rack.cut_key, due=max(at, last))
        rack.commodity = commodity
        if _fits(rack, replace(spec, places=(), most=None), next_call):
            return 0
        finish_rack(rack, at=at)
    return 1


def cut_commodity_again(commodity_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> int:
    """After a change of rack type or cut rules: cuts every rack of a commodity that nobody has started again.

    Promise: the same calls and rules give the same racks; what is started stays. Returns how many racks stand then.
    Refuses without a reason and for a commodity that rides in another's racks. Locks the stream, then the racks.
    """
    if not reason.strip():
        raise Refused("reason_missing", gettext("say why the racks are cut again"))
    with transaction.atomic(durable=True):
        commodity = (
            Commodity.objects.select_related("program__line__plant", "rack_type")
            .filter(pk=commodity_id)
            .first()
        )
        if commodity is None:
            raise Unknown(
                "no_commodity",
                gettext("there is no commodity %(commodity_id)s") % {"commodity_id": commodity_id},
            )
        if commodity.rides_with_id is not None:
            raise Refused(
                "rides",
                gettext("%(commodity)s rides in the racks of %(rides_with)s; cut those")
                % {"commodity": commodity.name, "rides_with": commodity.rides_with},
            )
        program = commodity.program
        program.stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=program.stream_id)
        spec = commodity.cut_spec
        if keeps_places(commodity, spec):
            _rebuild_positions(commodity, spec)
        else:
            cut_again(commodity)
        left = _standing(commodity).filter(status=RackStatus.PLANNED).count()
        record_event(
            f"line:{program.line_id}",
            "cut_again",
            commodity.name,
            at=at,
            by=str(by),
            reason=reason,
            racks=left,
        )
    return left
