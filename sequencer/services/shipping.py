"""Trucks: planned in loading order, loaded by scan, departed once. The message beside them belongs to edi."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q

from inventory.errors import Refused, Stale, Unknown
from sequencer import rules
from sequencer.models import (
    Carrier,
    ComponentGroup,
    Rack,
    SequenceGap,
    Shipment,
    Unit,
    UnloadingPoint,
)
from sequencer.services.holds import holds_before
from sequencer.services.journal import open_task, record_event
from sequencer.services.racks import lock_racks, move_rack, slot_facts
from sequencer.states import (
    GONE_RACKS,
    SHIPMENT_MOVES,
    AsnStatus,
    GapStatus,
    GroupStatus,
    Priority,
    RackStatus,
    ShipmentStatus,
    SlotStatus,
    UnitStatus,
    check_move,
)

# So many trucks of one dock are planned ahead of the one that is being loaded.
PLANNED_AHEAD = 2
# A truck that is due within this time is planned even when it is not full.
PARTIAL_WITHIN = timedelta(minutes=20)


def plan_shipments(*, at: datetime) -> int:
    """Sweep: gives racks without truck to the next ones, in sequence; returns how many shipments were planned.

    A truck is planned when enough racks wait for it, or earlier when its last rack was cut short (shift end) or is
    nearly due. Rush racks go with the next truck. Locks the racks it takes; two sweeps at once are harmless.
    """
    planned = 0
    for point in UnloadingPoint.objects.select_related("plant"):
        planned += _plan_point(point, at)
    return planned


def _plan_point(point: UnloadingPoint, at: datetime) -> int:
    _dissolve_overtaken(point, at)
    ahead = Shipment.objects.filter(unloading_point=point, status=ShipmentStatus.PLANNED).count()
    planned = 0
    while ahead + planned < PLANNED_AHEAD:
        racks = _next_load(point, at)
        if not racks or not _plan(point, racks, at):
            break
        planned += 1
    return planned


def _waiting(point: UnloadingPoint) -> list[Rack]:
    """Racks of a dock without truck, with the time their first piece is needed (`due`)."""
    return list(
        Rack.objects.filter(commodity__program__unloading_point=point, shipment__isnull=True)
        .exclude(status__in=[RackStatus.CANCELLED, *sorted(GONE_RACKS)])
        .annotate(
            due=Min(
                "slots__group__call_off__required_at", filter=~Q(slots__group__status=GroupStatus.CANCELLED)
            ),
            open_slots=Min(
                "slots__number", filter=Q(slots__group__isnull=True, slots__status=SlotStatus.EMPTY)
            ),
        )
        .select_related("commodity__program__line__plant", "commodity__program__stream")
        .order_by("commodity", "low_position")
    )


def _dissolve_overtaken(point: UnloadingPoint, at: datetime) -> None:
    """Planned trucks that nobody has opened are planned again when a rack turns up that belongs before theirs.

    A call that was reinstated, or came late, brings such a rack; the truck could never leave before it.
    """
    for rack in _ready(point):
        later = Shipment.objects.filter(
            unloading_point=point,
            status=ShipmentStatus.PLANNED,
            racks__commodity=rack.commodity_id,
            racks__priority=Priority.NORMAL,
            racks__low_position__gt=rack.low_position,
        )
        if rack.priority != Priority.NORMAL or not later.exists():
            continue
        with transaction.atomic(durable=True):
            held = Shipment.objects.select_for_update(no_key=True).filter(
                unloading_point=point, status=ShipmentStatus.PLANNED
            )
            ids = [shipment.pk for shipment in held.order_by("pk")]
            Rack.objects.filter(shipment__in=ids).update(shipment=None, load_position=None)
            Shipment.objects.filter(pk__in=ids).delete()
            record_event(f"dock:{point.pk}", "planned_again", rack.number, at=at, trucks=len(ids))
        return


def _ready(point: UnloadingPoint) -> list[Rack]:
    """Waiting racks that hold a call and have no missing run of calls before them that no rack stands for yet.

    The rack of those calls will belong before them; planning past it would promise a truck that may not leave.
    """
    ready: list[Rack] = []
    barriers: dict[int, int | None] = {}
    for rack in _waiting(point):
        if rack.commodity_id not in barriers:
            barriers[rack.commodity_id] = _first_gap_without_rack(rack)
        barrier = barriers[rack.commodity_id]
        behind = barrier is not None and rack.low_position > barrier and rack.priority == Priority.NORMAL
        if rack.due is not None and not behind:  # type: ignore[attr-defined]
            ready.append(rack)
    return ready


def _first_gap_without_rack(rack: Rack) -> int | None:
    """The lowest missing position of a rack's stream that lies in no rack of its commodity."""
    stands = Rack.objects.filter(
        commodity=rack.commodity_id,
        priority=Priority.NORMAL,
        low_position__lte=OuterRef("position"),
        high_position__gte=OuterRef("position"),
    ).exclude(status=RackStatus.CANCELLED)
    gaps = SequenceGap.objects.filter(stream=rack.commodity.program.stream, status=GapStatus.OPEN)
    first: int | None = gaps.filter(~Exists(stands)).aggregate(first=Min("position"))["first"]
    return first


def _next_load(point: UnloadingPoint, at: datetime) -> list[Rack]:
    waiting = _ready(point)
    rush = [rack for rack in waiting if rack.priority == Priority.RUSH]
    normal = list(_in_truck_order([rack for rack in waiting if rack.priority == Priority.NORMAL]))
    load = [*rush, *normal][: point.racks_per_truck]
    if not load:
        return []
    full = len(load) == point.racks_per_truck
    # The last rack of the shift was cut short: nothing follows that could fill the truck.
    ended = bool(load[-1].closed) and len(load) == len(rush) + len(normal)
    transit = timedelta(minutes=point.plant.transit_minutes)
    soon = load[0].due - transit - at <= PARTIAL_WITHIN  # type: ignore[attr-defined]
    return load if full or ended or soon else []


def _in_truck_order(racks: list[Rack]) -> Iterator[Rack]:
    """Merges the commodities by due time without ever changing the order of sequence inside one commodity."""
    lanes: dict[int, list[tuple[datetime, int, int, Rack]]] = {}
    for rack in racks:
        lane = lanes.setdefault(rack.commodity_id, [])
        due: datetime = rack.due  # type: ignore[attr-defined]
        if lane:
            due = max(due, lane[-1][0])
        lane.append((due, rack.commodity_id, rack.low_position, rack))
    return (entry[3] for entry in heapq.merge(*lanes.values(), key=lambda entry: entry[:3]))


def _plan(point: UnloadingPoint, racks: list[Rack], at: datetime) -> bool:
    transit = timedelta(minutes=point.plant.transit_minutes)
    leaves = min(rack.due for rack in racks) - transit  # type: ignore[attr-defined]
    if point.load_order == UnloadingPoint.LoadOrder.REVERSE:
        racks = racks[::-1]
    with transaction.atomic(durable=True):
        UnloadingPoint.objects.select_for_update(no_key=True).get(pk=point.pk)
        free = Rack.objects.select_for_update(no_key=True).filter(
            pk__in=[r.pk for r in racks], shipment__isnull=True
        )
        if len(free.order_by("pk")) != len(racks):
            return False
        # The number comes from the row's own key: docks plan at the same moment and must not count alike.
        shipment = Shipment.objects.create(
            number=f"new-{uuid.uuid4().hex[:20]}", unloading_point=point, planned_at=at, leaves_at=leaves
        )
        shipment.number = f"T-{shipment.pk:05d}"
        shipment.save(update_fields=["number"])
        for position, rack in enumerate(racks, start=1):
            Rack.objects.filter(pk=rack.pk).update(shipment=shipment, load_position=position)
        record_event(f"dock:{point.pk}", "shipment_planned", shipment.number, at=at, racks=len(racks))
    return True


def move_shipment(shipment: Shipment, to: ShipmentStatus, **fields: object) -> None:
    """One legal move of a shipment whose row the caller has locked."""
    check_move(SHIPMENT_MOVES, shipment.status, to, f"shipment {shipment.number}")
    if not Shipment.objects.filter(pk=shipment.pk, status=shipment.status).update(status=to, **fields):
        raise Stale(f"shipment {shipment.number}")
    shipment.status = to
    for name, value in fields.items():
        setattr(shipment, name, value)


def lock_shipment(shipment_id: int) -> Shipment:
    shipment = (
        Shipment.objects.select_for_update(no_key=True, of=("self",))
        .select_related("unloading_point__plant")
        .filter(pk=shipment_id)
        .first()
    )
    if shipment is None:
        raise Unknown("no_shipment", f"there is no shipment {shipment_id}")
    return shipment


def next_to_load(shipment: Shipment) -> Rack | None:
    """The rack the dock loads now: the lowest loading position not on the truck yet."""
    return (
        Rack.objects.select_related("carrier", "commodity")
        .filter(shipment=shipment)
        .exclude(status=RackStatus.LOADED)
        .order_by("load_position")
        .first()
    )


def load_locked(shipment: Shipment, rack: Rack, *, at: datetime, by: str) -> None:
    """Puts a staged rack on its truck; the truck is LOADED with its last rack. Both rows are locked."""
    move_rack(rack, RackStatus.LOADED, loaded_at=at)
    record_event(f"dock:{shipment.unloading_point_id}", "rack_loaded", rack.number, at=at, by=by)
    record_event(f"line:{rack.commodity.program.line_id}", "rack_loaded", rack.number, at=at, by=by)
    if next_to_load(shipment) is None:
        move_shipment(shipment, ShipmentStatus.LOADED)


def depart_shipment(shipment_id: int, *, at: datetime, by: str) -> Shipment:
    """The truck leaves: racks in transit, groups and pieces shipped, in one transaction. edi then finds it.

    Refuses `not_loaded` while a rack is missing, `past_gap`, `before_it` when an earlier sequence has not left, and
    `host_check` when a slot is not what the OEM called last. Locks the shipment, then its racks.
    """
    with transaction.atomic(durable=True):
        shipment = lock_shipment(shipment_id)
        depart_locked(shipment, at=at, by=by)
    return shipment


def depart_locked(shipment: Shipment, *, at: datetime, by: str) -> None:
    if shipment.status != ShipmentStatus.LOADED:
        raise Refused(
            "not_loaded", f"shipment {shipment.number} is {shipment.status.lower()}; load every rack first"
        )
    racks = lock_racks(Rack.objects.filter(shipment=shipment).values_list("pk", flat=True))
    if not racks:
        raise Refused("empty", f"shipment {shipment.number} holds no rack")
    for rack in racks.values():
        _check_rack_may_leave(shipment, rack)
    ids = list(racks)
    for rack in racks.values():
        move_rack(rack, RackStatus.IN_TRANSIT)
    packed = ComponentGroup.objects.filter(slot__rack__in=ids, slot__status=SlotStatus.FILLED)
    count = packed.filter(status=GroupStatus.PACKED).update(status=GroupStatus.SHIPPED, shipped_at=at)
    shipped = ComponentGroup.objects.filter(slot__rack__in=ids, status=GroupStatus.SHIPPED)
    Unit.objects.filter(group__in=shipped.values("pk")).update(status=UnitStatus.SHIPPED)
    move_shipment(
        shipment,
        ShipmentStatus.DEPARTED,
        departed_at=at,
        asn_status=AsnStatus.DUE,
        asn_status_at=at,
    )
    record_event(
        f"dock:{shipment.unloading_point_id}", "departed", shipment.number, at=at, by=by, groups=count
    )
    for line_id in {rack.commodity.program.line_id for rack in racks.values()}:
        record_event(f"line:{line_id}", "departed", shipment.number, at=at, by=by, racks=len(ids))


def _check_rack_may_leave(shipment: Shipment, rack: Rack) -> None:
    if rack.status != RackStatus.LOADED:
        raise Refused("not_loaded", f"rack {rack.number} is {rack.status.lower()}")
    reasons = rules.host_check(slot_facts(rack), holes_approved=bool(rack.holes_approved_by))
    if reasons:
        raise Refused("host_check", f"rack {rack.number}: {reasons[0]}", reasons=reasons)
    if rack.priority == Priority.RUSH:
        return
    held = holds_before(rack)
    if held:
        raise Refused("past_gap", f"rack {rack.number}: {held[0]}", reasons=held)
    gap = (
        SequenceGap.objects.filter(
            stream=rack.commodity.program.stream, status=GapStatus.OPEN, position__lt=rack.low_position
        )
        .order_by("position")
        .first()
    )
    if gap is not None:
        raise Refused(
            "past_gap",
            f"call {gap.sequence_number} is missing and lies before rack {rack.number}; wait or have it accepted",
        )
    earlier = (
        Rack.objects.filter(
            commodity=rack.commodity_id, priority=Priority.NORMAL, low_position__lt=rack.low_position
        )
        .exclude(status__in=[RackStatus.CANCELLED, *sorted(GONE_RACKS)])
        .exclude(shipment=shipment)
        .order_by("low_position")
        .first()
    )
    if earlier is not None:
        raise Refused("before_it", f"rack {earlier.number} comes before {rack.number} and has not left")


def send_short(shipment_id: int, *, by: str, reason: str, at: datetime) -> Shipment:
    """A named person lets the truck go without the racks not yet loaded; they go with the next one.

    Refuses without a reason, when nothing is loaded, and when a rack left behind belongs before one on the truck.
    """
    with transaction.atomic(durable=True):
        shipment = lock_shipment(shipment_id)
        leave_behind_locked(shipment, by=by, reason=reason, at=at)
        depart_locked(shipment, at=at, by=by)
    return shipment


def leave_behind_locked(shipment: Shipment, *, by: str, reason: str, at: datetime) -> list[str]:
    """Takes the racks that are not loaded off the shipment. Returns their numbers."""
    if not reason.strip():
        raise Refused("reason_missing", "say why the truck goes short")
    racks = lock_racks(Rack.objects.filter(shipment=shipment).values_list("pk", flat=True))
    behind = [r for r in racks.values() if r.status != RackStatus.LOADED]
    loaded = [r for r in racks.values() if r.status == RackStatus.LOADED]
    if not loaded:
        raise Refused("empty", f"nothing is on shipment {shipment.number} yet")
    for rack in behind:
        after = [
            r
            for r in loaded
            if r.commodity_id == rack.commodity_id
            and r.low_position > rack.low_position
            and rack.priority == r.priority == Priority.NORMAL
        ]
        if after:
            raise Refused(
                "before_it",
                f"rack {rack.number} belongs before {after[0].number}; take that off or load this",
            )
    Rack.objects.filter(pk__in=[r.pk for r in behind]).update(shipment=None, load_position=None)
    if behind and shipment.status == ShipmentStatus.OPEN:
        move_shipment(shipment, ShipmentStatus.LOADED)
    names = sorted(r.number for r in behind)
    record_event(
        f"dock:{shipment.unloading_point_id}",
        "sent_short",
        shipment.number,
        at=at,
        by=by,
        reason=reason,
        racks=names,
    )
    return names


def return_carrier(carrier_code: str, *, at: datetime, by: str) -> Rack:
    """An empty carrier is back from the OEM and may be filled again. Refuses one that is not out."""
    with transaction.atomic(durable=True):
        return return_carrier_locked(carrier_code, at=at, by=by)


def return_carrier_locked(carrier_code: str, *, at: datetime, by: str) -> Rack:
    carrier = Carrier.objects.filter(code=carrier_code).first()
    if carrier is None:
        raise Unknown("no_carrier", f"no rack has the label {carrier_code}")
    rack_id = (
        Rack.objects.filter(carrier=carrier, status=RackStatus.IN_TRANSIT)
        .values_list("pk", flat=True)
        .first()
    )
    if rack_id is None:
        raise Refused("not_out", f"rack {carrier_code} is not on its way; nothing to take back")
    rack = lock_racks([rack_id])[rack_id]
    move_rack(rack, RackStatus.RETURNED)
    record_event(f"line:{rack.commodity.program.line_id}", "carrier_back", carrier_code, at=at, by=by)
    return rack


def record_asn_status(
    shipment_id: int, status: AsnStatus, *, at: datetime, note: str = "", answered: bool = True
) -> None:
    """edi reports what became of a shipment's message. A rejected or stuck one becomes a task for a person.

    `answered`: the partner acknowledges; without that SENT is the last word and nobody waits for more.
    """
    shipment = Shipment.objects.select_related("unloading_point").get(pk=shipment_id)
    if shipment.status != ShipmentStatus.DEPARTED:
        raise Refused("not_departed", f"shipment {shipment.number} has not departed; there is no ASN")
    Shipment.objects.filter(pk=shipment_id).update(
        asn_status=status, asn_status_at=at, asn_note=note[:200], asn_answered=answered
    )
    record_event(
        f"dock:{shipment.unloading_point_id}",
        f"asn_{status.value.lower()}",
        shipment.number,
        at=at,
        note=note,
    )
    rack = Rack.objects.filter(shipment=shipment).select_related("commodity__program__line").first()
    if rack is None:
        return
    line = rack.commodity.program.line
    record_event(f"line:{line.pk}", f"asn_{status.value.lower()}", shipment.number, at=at, note=note)
    if status in {AsnStatus.REJECTED, AsnStatus.ATTENTION}:
        text = f"ASN of {shipment.number} is {status.value.lower()}: {note or 'see the EDI page'}"
        open_task(line, "ASN", shipment.number, text, at=at, due_at=at + timedelta(minutes=10))
