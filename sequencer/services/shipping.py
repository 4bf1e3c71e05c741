"""Trucks: planned in loading order, loaded by scan, departed once. The message beside them belongs to edi."""

from __future__ import annotations

import heapq
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale, Unknown
from sequencer import rules
from sequencer.models import (
    CallComponent,
    CarrierMovement,
    ComponentGroup,
    DeliveryLine,
    HandlingUnit,
    Line,
    Rack,
    SequenceGap,
    Shipment,
    Station,
    TrailerType,
    TruckStop,
    Unit,
    UnloadingPoint,
)
from sequencer.services.holds import holds_before
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.services.quantity.calls import calls_on, line_of
from sequencer.services.quantity.trucks import (
    box_objections,
    boxes_loaded,
    boxes_on,
    boxes_waiting,
    free_boxes,
    ship_boxes,
    staged_boxes,
)
from sequencer.services.racks import lock_racks, move_rack, slot_facts
from sequencer.services.sets import set_reasons
from sequencer.services.trips import close_truck, lock_stops, stops_of
from sequencer.services.weights import in_words, weigh_trucks
from sequencer.states import (
    HOUSE_RACKS,
    LEFT_SHIPMENTS,
    SHIPMENT_MOVES,
    AsnStatus,
    GapStatus,
    GroupStatus,
    HandlingStatus,
    Priority,
    RackStatus,
    ShipmentStatus,
    SlotStatus,
    UnitStatus,
    check_move,
)
from sequencer.trailer import come_off

# So many trucks of one dock are planned ahead of the one that is being loaded.
PLANNED_AHEAD = 2
# A truck that is due within this time is planned even when it is not full.
PARTIAL_WITHIN = timedelta(minutes=20)
# Boxes that no rack's truck takes bring a truck of their own when it is to leave within this time.
BOXES_WITHIN = timedelta(hours=1)
# The OEM must have the ASN before the truck; somebody looks at it after the first, must act after the second.
ASN_SOON, ASN_LATE = timedelta(minutes=5), timedelta(minutes=10)
ON_TRUCK = frozenset({RackStatus.LOADED, RackStatus.REOPENED})
# An ASN nobody ever answered is not looked for for ever.
ASN_FORGOTTEN = timedelta(days=2)


def plan_shipments(*, at: datetime) -> int:
    """Sweep: gives racks without truck to the next ones, in sequence; returns how many shipments were planned.

    A truck is planned when enough racks wait for it, or earlier when its last rack was cut short (shift end) or is
    nearly due. Rush racks go with the next truck. Locks the racks it takes; two sweeps at once are harmless.
    """
    planned = 0
    for point in UnloadingPoint.objects.select_related("plant", "trailer_type"):
        planned += _plan_point(point, at)
    return planned


def _plan_point(point: UnloadingPoint, at: datetime) -> int:
    _dissolve_overtaken(point, at)
    # All its calls were withdrawn: a planned truck without a rack would only stand in the way of the next.
    Shipment.objects.filter(
        unloading_point=point,
        status=ShipmentStatus.PLANNED,
        racks__isnull=True,
        boxes__isnull=True,
        planned_at__lt=at,
    ).update(status=ShipmentStatus.CANCELLED, cancelled_at=at)
    ahead = Shipment.objects.filter(
        unloading_point=point, status=ShipmentStatus.PLANNED, kind=Shipment.Kind.NORMAL
    ).count()
    planned = 0
    while ahead + planned < PLANNED_AHEAD:
        racks = _next_load(point, at)
        if not racks or not _plan(point, racks, at):
            break
        planned += 1
    return planned + _plan_boxes(point, at)


def _plan_boxes(point: UnloadingPoint, at: datetime) -> int:
    """Boxes go with the next truck that is not complete; without one they bring their own when they are nearly due."""
    boxes = staged_boxes(point.pk)
    if not boxes:
        return 0
    waits = Shipment.objects.filter(
        unloading_point=point,
        status__in=[ShipmentStatus.PLANNED, ShipmentStatus.OPEN],
        kind=Shipment.Kind.NORMAL,
    )
    first = waits.order_by("pk").first()
    leaves = boxes[0].call.due_at - timedelta(minutes=point.plant.transit_minutes)
    if first is None and leaves - at > BOXES_WITHIN:
        return 0
    with transaction.atomic(durable=True):
        truck = lock_shipment(first.pk) if first is not None else new_shipment(point, [], leaves, at=at)
        if truck.status not in {ShipmentStatus.PLANNED, ShipmentStatus.OPEN}:
            return 0
        free = [box.pk for box in boxes]
        staged = HandlingUnit.objects.filter(pk__in=free, status=HandlingStatus.STAGED, shipment__isnull=True)
        count = staged.update(shipment=truck)
        record_event(f"dock:{point.pk}", "boxes_planned", truck.number, at=at, boxes=count)
    return int(first is None)


def plan_box_truck(point_id: int, *, by: str, at: datetime) -> Shipment:
    """A person plans a truck for the boxes that wait at an unloading point, however far off they are due.

    Refuses when no finished box waits without a truck. Locks the unloading point.
    """
    with transaction.atomic(durable=True):
        point = (
            UnloadingPoint.objects.select_for_update(no_key=True, of=("self",))
            .select_related("plant", "trailer_type")
            .filter(pk=point_id)
            .first()
        )
        boxes = staged_boxes(point_id)
        if point is None or not boxes:
            raise Refused("no_boxes", _("no finished box waits for a truck there"))
        leaves = boxes[0].call.due_at - timedelta(minutes=point.plant.transit_minutes)
        truck = new_shipment(point, [], leaves, at=at)
        staged = HandlingUnit.objects.filter(pk__in=[box.pk for box in boxes], shipment__isnull=True)
        staged.filter(status=HandlingStatus.STAGED).update(shipment=truck)
        record_event(f"dock:{point.pk}", "boxes_planned", truck.number, at=at, by=by, boxes=len(boxes))
    return truck


def waiting_racks(point: UnloadingPoint) -> list[Rack]:
    """Racks of a dock without truck, with the time their first piece is needed (`due`)."""
    free = Rack.objects.filter(commodity__program__unloading_point=point, shipment__isnull=True)
    return list(with_due(free.filter(status__in=sorted(HOUSE_RACKS))))


def with_due(racks: QuerySet[Rack]) -> QuerySet[Rack]:
    return (
        racks.annotate(
            due=Min(
                "slots__group__call_off__required_at", filter=~Q(slots__group__status=GroupStatus.CANCELLED)
            )
        )
        .select_related("commodity__program__line__plant", "commodity__program__stream", "carrier")
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
            kind=Shipment.Kind.NORMAL,
            racks__commodity=rack.commodity_id,
            racks__priority=Priority.NORMAL,
            racks__low_position__gt=rack.low_position,
        )
        if rack.priority != Priority.NORMAL or not later.exists():
            continue
        with transaction.atomic(durable=True):
            held = Shipment.objects.select_for_update(no_key=True).filter(
                unloading_point=point, status=ShipmentStatus.PLANNED, kind=Shipment.Kind.NORMAL
            )
            ids = [shipment.pk for shipment in held.order_by("pk")]
            Rack.objects.filter(shipment__in=ids).update(shipment=None, load_position=None)
            free_boxes(ids)
            # Its number may have been printed, or scanned before it was closed again: it is called off, not forgotten.
            Shipment.objects.filter(pk__in=ids, status=ShipmentStatus.PLANNED).update(
                status=ShipmentStatus.CANCELLED, cancelled_at=at
            )
            record_event(f"dock:{point.pk}", "planned_again", rack.number, at=at, trucks=len(ids))
        return


def _ready(point: UnloadingPoint) -> list[Rack]:
    """Waiting racks that hold a call and have no missing run of calls before them that no rack stands for yet.

    The rack of those calls will belong before them; planning past it would promise a truck that may not leave.
    """
    ready: list[Rack] = []
    barriers: dict[int, int | None] = {}
    for rack in waiting_racks(point):
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
    normal = list(in_truck_order([rack for rack in waiting if rack.priority == Priority.NORMAL]))
    room = racks_on_a_truck(point, point.trailer_type)
    load = [*rush, *normal][:room]
    if not load:
        return []
    full = len(load) == room
    # The last rack of the shift was cut short: nothing follows that could fill the truck.
    ended = bool(load[-1].closed) and len(load) == len(rush) + len(normal)
    transit = timedelta(minutes=point.plant.transit_minutes)
    soon = load[0].due - transit - at <= PARTIAL_WITHIN  # type: ignore[attr-defined]
    return load if full or ended or soon else []


def in_truck_order(racks: list[Rack]) -> Iterator[Rack]:
    """Merges the commodities by due time without ever changing the order of sequence inside one commodity."""
    lanes: dict[int, list[tuple[datetime, int, int, Rack]]] = {}
    for rack in racks:
        lane = lanes.setdefault(rack.commodity_id, [])
        due: datetime = rack.due  # type: ignore[attr-defined]
        if lane:
            due = max(due, lane[-1][0])
        lane.append((due, rack.commodity_id, rack.low_position, rack))
    return (entry[3] for entry in heapq.merge(*lanes.values(), key=lambda entry: entry[:3]))


def racks_on_a_truck(point: UnloadingPoint, trailer: TrailerType | None) -> int:
    """As many as the dock takes, never more than the trailer has places."""
    return min(point.racks_per_truck, trailer.layout.capacity) if trailer else point.racks_per_truck


def loading_order(
    point: UnloadingPoint, trailer: TrailerType | None, in_truck_order: Sequence[Rack]
) -> list[Rack]:
    """Racks as they are loaded: the stop that is driven to first is unloaded first, then by sequence; a trailer
    that unloads last in, first out is loaded the other way round.
    """
    stops = dict(TruckStop.objects.filter(unloading_point=point).values_list("commodity", "number"))
    racks = sorted(in_truck_order, key=lambda rack: stops.get(rack.commodity_id, 0))
    order = (trailer.load_order if trailer else "") or point.load_order
    return racks[::-1] if order == UnloadingPoint.LoadOrder.REVERSE else racks


def _plan(point: UnloadingPoint, racks: list[Rack], at: datetime) -> bool:
    transit = timedelta(minutes=point.plant.transit_minutes)
    leaves = min(rack.due for rack in racks) - transit  # type: ignore[attr-defined]
    with transaction.atomic(durable=True):
        UnloadingPoint.objects.select_for_update(no_key=True).get(pk=point.pk)
        free = Rack.objects.select_for_update(no_key=True).filter(
            pk__in=[r.pk for r in racks], shipment__isnull=True
        )
        if len(free.order_by("pk")) != len(racks):
            return False
        new_shipment(point, loading_order(point, point.trailer_type, racks), leaves, at=at)
    return True


def new_shipment(
    point: UnloadingPoint, racks: Sequence[Rack], leaves_at: datetime, *, at: datetime, **fields: object
) -> Shipment:
    """Writes a shipment with its racks in loading order. The caller has locked the racks, which have no truck."""
    # The number comes from the row's own key: docks plan at the same moment and must not count alike.
    shipment: Shipment = Shipment.objects.create(
        number=f"new-{uuid.uuid4().hex[:20]}", unloading_point=point, trailer_type=point.trailer_type,
        planned_at=at, leaves_at=leaves_at, **fields,
    )  # fmt: skip
    shipment.number = f"{'E' if shipment.kind == Shipment.Kind.EMERGENCY else 'T'}-{shipment.pk:05d}"
    shipment.save(update_fields=["number"])
    for position, rack in enumerate(racks, start=1):
        Rack.objects.filter(pk=rack.pk).update(shipment=shipment, load_position=position)
    record_event(f"dock:{point.pk}", "shipment_planned", shipment.number, at=at, racks=len(racks))
    return shipment


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
        .select_related("unloading_point__plant", "trailer_type")
        .filter(pk=shipment_id)
        .first()
    )
    if shipment is None:
        raise Unknown("no_shipment", _("there is no shipment %(shipment_id)s") % {"shipment_id": shipment_id})
    return shipment


def next_to_load(shipment: Shipment) -> Rack | None:
    """The rack the dock loads now: the lowest loading position not on the truck yet."""
    return (
        Rack.objects.select_related("carrier", "commodity")
        .filter(shipment=shipment, load_position__isnull=False)
        .exclude(status=RackStatus.LOADED)
        .order_by("load_position")
        .first()
    )


def racks_to_come_off(shipment: Shipment) -> list[Rack]:
    """Racks that stand on the truck where they may not, or in the way, in the order they can be taken off.

    A rack that was opened again still stands there until somebody takes it off or works on it at a station.
    """
    racks = {
        rack.pk: rack
        for rack in Rack.objects.filter(shipment=shipment)
        .filter(status__in=sorted(HOUSE_RACKS))
        .select_related("carrier", "commodity")
    }
    at_stations = set(Station.objects.filter(rack__in=racks).values_list("rack_id", flat=True))
    standing = {
        pk: rack.truck_place
        for pk, rack in racks.items()
        if rack.truck_place is not None and rack.status in ON_TRUCK and pk not in at_stations
    }
    wanted = {
        pk: rack.load_position
        for pk, rack in racks.items()
        if rack.load_position is not None and not (rack.status == RackStatus.REOPENED and pk in standing)
    }
    return [racks[pk] for pk in come_off(shipment.layout, standing, wanted)]


def stands_on_truck(rack: Rack) -> bool:
    """Whether a rack is physically on a truck; one that was opened again is, until hands take it away."""
    if rack.truck_place is None or rack.status not in ON_TRUCK:
        return False
    return rack.status == RackStatus.LOADED or not Station.objects.filter(rack=rack).exists()


def host_check_locked(rack: Rack) -> list[str]:
    """What forbids to load or depart a closed rack, against the latest call-off; asked at the seal already."""
    return rules.host_check(slot_facts(rack), holes_approved=bool(rack.holes_approved_by), say=_)


def load_locked(shipment: Shipment, rack: Rack, *, at: datetime, by: str) -> None:
    """Puts a staged rack on its truck; the truck is LOADED with its last rack. Both rows are locked.

    Refuses (`host_check`) a rack that is not what the OEM called last or waits for a supervisor's decision.
    """
    reasons = host_check_locked(rack)
    if reasons:
        text = _("rack %(rack)s: %(reasons)s") % {"rack": rack.number, "reasons": reasons[0]}
        raise Refused("host_check", text, reasons=reasons)
    move_rack(rack, RackStatus.LOADED, loaded_at=at, truck_place=rack.load_position)
    record_event(f"dock:{shipment.unloading_point_id}", "rack_loaded", rack.number, at=at, by=by)
    record_event(f"line:{rack.commodity.program.line_id}", "rack_loaded", rack.number, at=at, by=by)
    settle_truck(shipment)


def settle_truck(shipment: Shipment) -> None:
    """An open truck with everything of its list on it is LOADED. Its row is locked."""
    if (
        shipment.status != ShipmentStatus.OPEN
        or next_to_load(shipment) is not None
        or boxes_waiting(shipment)
    ):
        return
    move_shipment(shipment, ShipmentStatus.LOADED)


def unload_locked(shipment: Shipment, rack: Rack, *, at: datetime, by: str, reason: str) -> None:
    """Takes a rack off its truck; both rows are locked. It keeps its seal, and its truck unless it lost its place.

    A truck whose rack comes off is open again, and the number of the seal on its door is no longer true.
    """
    off: dict[str, object] = {"truck_place": None}
    if rack.load_position is None:
        off["shipment"] = None
    if rack.status == RackStatus.LOADED:
        move_rack(rack, RackStatus.STAGED, loaded_at=None, **off)
    else:
        Rack.objects.filter(pk=rack.pk).update(**off)
        rack.truck_place = None
    record_event(
        f"dock:{shipment.unloading_point_id}", "rack_unloaded", rack.number, at=at, by=by, reason=reason
    )
    record_event(
        f"line:{rack.commodity.program.line_id}", "rack_unloaded", rack.number, at=at, by=by, reason=reason
    )
    open_again(shipment)


def open_again(shipment: Shipment) -> None:
    """Something came off a truck: it is open, and the number of the seal on its door is no longer true."""
    if shipment.status == ShipmentStatus.LOADED:
        move_shipment(shipment, ShipmentStatus.OPEN, seal_number="", driver="")
    elif shipment.seal_number:
        Shipment.objects.filter(pk=shipment.pk).update(seal_number="", driver="")
        shipment.seal_number = shipment.driver = ""


def seal_truck_locked(shipment: Shipment, number: str, *, at: datetime, by: str) -> None:
    """Notes the number of the seal on the truck's door. Refuses a number that is none or was used before."""
    number = number.strip().upper()
    if not (3 <= len(number) <= 20 and number.isascii() and number.replace("-", "").isalnum()):
        raise Refused(
            "bad_seal",
            _("%(number)s is no seal number; 3 to 20 letters and digits")
            % {"number": number[:30] or "nothing"},
        )
    together = Shipment.objects.filter(trip__isnull=False, trip=shipment.trip_id).values("pk")
    used = (
        Shipment.objects.filter(seal_number=number).exclude(pk=shipment.pk).exclude(pk__in=together).first()
    )
    if used is not None:
        raise Refused(
            "seal_used",
            _("seal %(number)s was used on %(used)s; take a new one")
            % {"number": number, "used": used.number},
        )
    Shipment.objects.filter(pk=shipment.pk).update(seal_number=number)
    shipment.seal_number = number
    record_event(
        f"dock:{shipment.unloading_point_id}", "truck_sealed", shipment.number, at=at, by=by, seal=number
    )


def name_driver_locked(shipment: Shipment, driver: str, *, at: datetime, by: str) -> None:
    """Notes who drives. Refuses an empty name. The journal says that it was given, not whose it is."""
    driver = " ".join(driver.split())
    if len(driver) < 2:
        raise Refused("bad_driver", _("scan the driver's card or type the name"))
    Shipment.objects.filter(pk=shipment.pk).update(driver=driver[:60])
    shipment.driver = driver[:60]
    record_event(f"dock:{shipment.unloading_point_id}", "driver_named", shipment.number, at=at, by=by)


# --- departure ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a truck may not leave: a stable code, a sentence for a person, the reasons behind it."""

    code: str
    text: str
    reasons: tuple[str, ...] = ()


def depart_shipment(
    shipment_id: int, *, at: datetime, by: str, seal_number: str = "", driver: str = ""
) -> Shipment:
    """The truck leaves: racks in transit, groups and pieces shipped, in one transaction. edi then finds it.

    Refuses `not_loaded` while a rack is missing, `comes_off` while one stands wrong, `past_gap`, `before_it` when an
    earlier sequence has not left, `host_check` when a slot is not what the OEM called last, `too_heavy` over the
    trailer's payload, `no_seal` and `no_driver` where the trailer asks for them. Locks the shipment, then its racks.
    """
    with transaction.atomic(durable=True):
        shipment = lock_shipment(shipment_id)
        if shipment.status == ShipmentStatus.LOADED:
            if seal_number:
                seal_truck_locked(shipment, seal_number, at=at, by=by)
            if driver:
                name_driver_locked(shipment, driver, at=at, by=by)
        depart_locked(shipment, at=at, by=by)
    return shipment


def depart_locked(shipment: Shipment, *, at: datetime, by: str) -> None:
    """Departs a locked shipment, or refuses with the first objection. On a trip all its stops leave, or none."""
    stops = lock_stops(shipment)
    close_truck(stops)
    waits = next((stop for stop in stops if stop.status != ShipmentStatus.LOADED), None)
    if len(stops) > 1 and waits is not None:
        told = {"truck": waits.number, "point": waits.unloading_point.code, "state": waits.status.lower()}
        raise Refused(
            "not_loaded",
            _("%(truck)s for %(point)s is %(state)s; the truck leaves with all its points") % told,
        )
    for stop in stops:
        _depart(stop, at=at, by=by)


def _depart(shipment: Shipment, *, at: datetime, by: str) -> None:
    racks = lock_racks(Rack.objects.filter(shipment=shipment).values_list("pk", flat=True))
    boxes = _lock_boxes(shipment)
    for objection in objections(shipment, racks.values()):
        raise Refused(objection.code, objection.text, reasons=list(objection.reasons))
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
    in_boxes = ship_boxes(shipment, boxes, at=at)
    _book_what_left(shipment, racks.values(), in_boxes, at=at, by=by)
    record_event(
        f"dock:{shipment.unloading_point_id}", "departed", shipment.number, at=at, by=by, groups=count,
        boxes=len(boxes),
    )  # fmt: skip
    for line_id in {rack.commodity.program.line_id for rack in racks.values()}:
        record_event(f"line:{line_id}", "departed", shipment.number, at=at, by=by, racks=len(ids))


def _lock_boxes(shipment: Shipment) -> list[HandlingUnit]:
    """The boxes of a locked truck, under the locks of their calls: a call that shrinks now waits or is seen."""
    calls_on(shipment.pk)
    return boxes_on(shipment)


def _book_what_left(
    shipment: Shipment, racks: Iterable[Rack], in_boxes: Mapping[str, int], *, at: datetime, by: str
) -> None:
    """The carriers' ledger and the called parts, as the customer will confirm and bill them."""
    racks = list(racks)
    CarrierMovement.objects.bulk_create(
        CarrierMovement(
            carrier_id=rack.carrier_id, kind=CarrierMovement.Kind.OUT, at=at, by=by[:60], shipment=shipment,
            plant_id=shipment.unloading_point.plant_id,
        )
        for rack in racks
        if rack.carrier_id is not None
    )  # fmt: skip
    left = (
        CallComponent.objects.filter(
            called=True, group__slot__rack__in=[r.pk for r in racks], group__status=GroupStatus.SHIPPED
        )
        .order_by()
        .values("customer_part")
        .annotate(pieces=Sum("quantity"))
    )
    pieces = Counter({row["customer_part"]: row["pieces"] for row in left})
    pieces.update(in_boxes)
    DeliveryLine.objects.bulk_create(
        DeliveryLine(shipment=shipment, customer_part=part, shipped=count)
        for part, count in sorted(pieces.items())
    )


def objections(shipment: Shipment, racks: Iterable[Rack]) -> Iterator[Objection]:
    """Everything that keeps a truck here, the most basic first. `racks`: those on its list, locked or just read."""
    racks = sorted(racks, key=lambda rack: (rack.load_position or 0, rack.pk))
    if shipment.status != ShipmentStatus.LOADED:
        state = shipment.status.lower()
        yield Objection(
            "not_loaded",
            _("shipment %(shipment)s is %(state)s; load every rack first")
            % {"shipment": shipment.number, "state": state},
            tuple(
                _("%(rack)s is %(word)s") % {"rack": rack.number, "word": _word(rack)}
                for rack in racks
                if rack.status != RackStatus.LOADED
            )
            + tuple(text for code, text in box_objections(boxes_on(shipment)) if code == "not_loaded"),
        )
    boxes = boxes_on(shipment)
    if not racks and not boxes:
        yield Objection(
            "empty", _("shipment %(shipment)s holds no rack and no box") % {"shipment": shipment.number}
        )
    for code, text in box_objections(boxes):
        yield Objection(code, text)
    if shipment.status in {ShipmentStatus.OPEN, ShipmentStatus.LOADED}:
        off = racks_to_come_off(shipment)
        if off:
            names = tuple(rack.number for rack in off)
            yield Objection(
                "comes_off",
                _("rack %(names)s stands where it may not; take it off") % {"names": names[0]},
                names,
            )
    for rack in racks:
        yield from _against_rack(shipment, rack)
    trailer = shipment.trailer_type
    if trailer is not None and trailer.max_load_kg is not None:
        known = sum((weight.known for weight in weigh_trucks(stops_of(shipment)).values()), Decimal(0))
        if known > trailer.max_load_kg:
            said = {
                "truck": shipment.number,
                "kg": in_words(known),
                "trailer": trailer,
                "limit": trailer.max_load_kg,
            }
            yield Objection(
                "too_heavy",
                _(
                    "shipment %(truck)s weighs %(kg)s kg, a %(trailer)s carries %(limit)s; move a rack to another truck"
                )
                % said,
            )
    if trailer is not None and trailer.needs_seal and not shipment.seal_number:
        yield Objection(
            "no_seal",
            _("shipment %(shipment)s has no seal number; scan the seal") % {"shipment": shipment.number},
        )
    if trailer is not None and trailer.needs_driver and not shipment.driver:
        yield Objection(
            "no_driver",
            _("shipment %(shipment)s has no driver; scan the driver's card") % {"shipment": shipment.number},
        )


def _word(rack: Rack) -> str:
    return rack.status.lower().replace("_", " ")


def _against_rack(shipment: Shipment, rack: Rack) -> Iterator[Objection]:
    if shipment.status == ShipmentStatus.LOADED and rack.status != RackStatus.LOADED:
        yield Objection(
            "not_loaded", _("rack %(rack)s is %(word)s") % {"rack": rack.number, "word": _word(rack)}
        )
    reasons = host_check_locked(rack)
    if reasons:
        yield Objection(
            "host_check",
            _("rack %(rack)s: %(reasons)s") % {"rack": rack.number, "reasons": reasons[0]},
            tuple(reasons),
        )
    broken = set_reasons(rack)
    if broken:
        told = _("rack %(rack)s: %(reasons)s") % {"rack": rack.number, "reasons": broken[0]}
        yield Objection("set_open", told, tuple(broken))
    if rack.priority == Priority.RUSH:
        return
    held = holds_before(rack)
    if held:
        yield Objection(
            "past_gap", _("rack %(rack)s: %(held)s") % {"rack": rack.number, "held": held[0]}, tuple(held)
        )
    gap = (
        SequenceGap.objects.filter(
            stream=rack.commodity.program.stream, status=GapStatus.OPEN, position__lt=rack.low_position
        )
        .order_by("position")
        .first()
    )
    if gap is not None:
        yield Objection(
            "past_gap",
            _("call %(sequence)s is missing and lies before rack %(rack)s; wait or have it accepted")
            % {"sequence": gap.sequence_number, "rack": rack.number},
        )
    earlier = (
        Rack.objects.filter(
            commodity=rack.commodity_id, priority=Priority.NORMAL, low_position__lt=rack.low_position
        )
        .filter(status__in=sorted(HOUSE_RACKS))
        .exclude(shipment=shipment)
        .order_by("low_position")
        .first()
    )
    if earlier is not None:
        yield Objection(
            "before_it",
            _("rack %(earlier)s comes before %(rack)s and has not left")
            % {"earlier": earlier.number, "rack": rack.number},
        )


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
        raise Refused("reason_missing", _("say why the truck goes short"))
    racks = lock_racks(Rack.objects.filter(shipment=shipment).values_list("pk", flat=True))
    behind = [r for r in racks.values() if r.status != RackStatus.LOADED]
    loaded = [r for r in racks.values() if r.status == RackStatus.LOADED]
    if not loaded and not boxes_loaded(shipment):
        raise Refused("empty", _("nothing is on shipment %(shipment)s yet") % {"shipment": shipment.number})
    on_it = next((rack for rack in racks_to_come_off(shipment) if rack.status != RackStatus.LOADED), None)
    if on_it is not None:
        raise Refused(
            "comes_off",
            _("rack %(on_it)s still stands on the truck; take it off first") % {"on_it": on_it.number},
        )
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
                _("rack %(rack)s belongs before %(number)s; take that off or load this")
                % {"rack": rack.number, "number": after[0].number},
            )
    Rack.objects.filter(pk__in=[r.pk for r in behind]).update(
        shipment=None, load_position=None, truck_place=None
    )
    left_boxes = free_boxes([shipment.pk])
    if (behind or left_boxes) and shipment.status == ShipmentStatus.OPEN:
        move_shipment(shipment, ShipmentStatus.LOADED, short_reason=reason.strip()[:120])
    names = sorted([*(r.number for r in behind), *left_boxes])
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


def record_asn_status(
    shipment_id: int, status: AsnStatus, *, at: datetime, note: str = "", answered: bool = True
) -> None:
    """edi reports what became of a shipment's message. A rejected or stuck one becomes a task for a person.

    `answered`: the partner acknowledges; without that SENT is the last word and nobody waits for more.
    """
    shipment = Shipment.objects.select_related("unloading_point").get(pk=shipment_id)
    if shipment.status not in LEFT_SHIPMENTS:
        raise Refused(
            "not_departed",
            _("shipment %(shipment)s has not departed; there is no ASN") % {"shipment": shipment.number},
        )
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
    line = _line_of(shipment)
    if line is None:
        return
    record_event(f"line:{line.pk}", f"asn_{status.value.lower()}", shipment.number, at=at, note=note)
    if status == AsnStatus.ACCEPTED or (status == AsnStatus.SENT and not answered):
        for kind in ("ASN", "ASN_LATE"):
            close_tasks(kind, shipment.number, at=at, note=f"ASN {status.value.lower()}")
    if status in {AsnStatus.REJECTED, AsnStatus.ATTENTION}:
        text = f"ASN of {shipment.number} is {status.value.lower()}: {note or 'see the EDI page'}"
        open_task(line, "ASN", shipment.number, text, at=at, due_at=at + timedelta(minutes=10))


def _line_of(shipment: Shipment) -> Line | None:
    """On whose board a truck's message stands: the line of its racks, else one that its unloading point feeds."""
    own = Line.objects.filter(programs__commodities__racks__shipment=shipment).first()
    return own or line_of(shipment.unloading_point)


def escalate_asns(*, at: datetime) -> int:
    """Sweep: a truck that left without an accepted ASN is a task after 5 minutes, and loud after 10.

    Returns how many are late now. A partner that never answers is late only while nothing was sent.
    """
    left = Shipment.objects.filter(
        status__in=sorted(LEFT_SHIPMENTS), departed_at__lte=at - ASN_SOON, departed_at__gt=at - ASN_FORGOTTEN
    )
    late = left.exclude(asn_status=AsnStatus.ACCEPTED).exclude(asn_status=AsnStatus.SENT, asn_answered=False)
    count = 0
    for shipment in late.select_related("unloading_point"):
        _escalate(shipment, at)
        count += 1
    return count


def _escalate(shipment: Shipment, at: datetime) -> None:
    assert shipment.departed_at is not None
    line = _line_of(shipment)
    if line is None:
        return
    minutes = int((at - shipment.departed_at).total_seconds() // 60)
    loud = at - shipment.departed_at >= ASN_LATE
    state = shipment.asn_status.lower()
    text = f"ASN of {shipment.number} is {state}: more than {10 if loud else 5} min after it left"
    with transaction.atomic(durable=True):
        task = open_task(
            line, "ASN_LATE", shipment.number, text, at=at, due_at=shipment.departed_at + ASN_LATE
        )
        told = _("dock:%(unloading_point_id)s") % {"unloading_point_id": shipment.unloading_point_id}
        if task.opened_at == at or (loud and task.text != text):
            record_event(told, "asn_late", shipment.number, at=at, minutes=minutes, state=state)
