"""Racks and pieces between deliveries: into a truck's order, off it, into an emergency run. Status stays intact.

Promise of every verb here: a rack is on one shipment or on the waiting list, never on two and never on none of both;
what a rack or a piece was verified for does not change by the truck it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from inventory.errors import Invalid, Refused, Unknown
from sequencer.models import (
    Carrier,
    ComponentGroup,
    Rack,
    Shipment,
    Slot,
    Station,
    TrailerType,
    UnloadingPoint,
)
from sequencer.services.journal import record_event
from sequencer.services.quantity.trucks import boxes_loaded, free_boxes
from sequencer.services.racks import lock_racks, move_rack, rack_due, reopen_locked, seal_locked, settle_rack
from sequencer.services.shipping import (
    in_truck_order,
    loading_order,
    lock_shipment,
    move_shipment,
    new_shipment,
    racks_on_a_truck,
    stands_on_truck,
    with_due,
)
from sequencer.spoken import in_words
from sequencer.states import (
    BOUND_RACKS,
    CLOSED_RACKS,
    DONE_SHIPMENTS,
    GONE_RACKS,
    HOUSE_RACKS,
    SHIPMENT_MOVES,
    GroupStatus,
    Priority,
    RackStatus,
    ShipmentStatus,
    SlotStatus,
    check_move,
)

NEVER_LOADED = [RackStatus.CANCELLED, *sorted(GONE_RACKS)]


def belongs_before(shipment: Shipment) -> Rack | None:
    """A rack that is not on this truck although one that comes after it is: the truck may not leave like this."""
    on_it = (
        Rack.objects.filter(shipment=shipment, priority=Priority.NORMAL)
        .order_by()
        .values_list("commodity", "low_position")
    )
    highest: dict[int, int] = {}
    for commodity, low in on_it:
        highest[commodity] = max(low, highest.get(commodity, low))
    for commodity, low in sorted(highest.items()):
        rack = (
            Rack.objects.filter(commodity=commodity, priority=Priority.NORMAL, low_position__lt=low)
            .filter(status__in=sorted(HOUSE_RACKS))
            .exclude(shipment=shipment)
            .exclude(shipment__status__in=[ShipmentStatus.OPEN, ShipmentStatus.LOADED])
            .select_related("carrier", "commodity", "shipment")
            .order_by("low_position")
            .first()
        )
        if rack is not None:
            return rack
    return None


def insert_rack(shipment_id: int, rack_id: int, *, by: str, reason: str, at: datetime) -> Shipment:
    """Unload-to-reorder: puts a rack into a truck's order where it belongs; what stands in its way comes off by scan.

    Promise: the racks keep their seals; the one that is needed last loses its place when the truck is full. Refuses
    without a reason, when the truck has left, and a rack that is on a truck already. Locks both shipments, then racks.
    """
    with transaction.atomic(durable=True):
        shipment = lock_both(shipment_id, rack_id)
        insert_locked(shipment, rack_id, by=by, reason=reason, at=at)
    return shipment


def lock_both(shipment_id: int, rack_id: int) -> Shipment:
    """Locks a shipment and the one a rack is on, by primary key, and returns the first."""
    other = Rack.objects.filter(pk=rack_id).values_list("shipment_id", flat=True).first()
    locked = {pk: lock_shipment(pk) for pk in sorted({shipment_id, *([other] if other else [])})}
    return locked[shipment_id]


def insert_locked(shipment: Shipment, rack_id: int, *, by: str, reason: str, at: datetime) -> list[Rack]:
    """The work of `insert_rack` under the caller's locks; returns the racks that lost their place."""
    if not reason.strip():
        raise Refused("reason_missing", _("say why the truck is loaded in another order"))
    if shipment.status in DONE_SHIPMENTS:
        raise Refused(
            "gone",
            _("shipment %(shipment)s is %(status)s")
            % {"shipment": shipment.number, "status": in_words(shipment.status)},
        )
    racks = lock_racks([*_on(shipment), rack_id])
    rack = racks.get(rack_id)
    if rack is None:
        raise Unknown("no_rack", _("there is no rack %(rack_id)s") % {"rack_id": rack_id})
    if rack.shipment_id == shipment.pk and rack.load_position is not None:
        raise Refused(
            "on_it",
            _("rack %(rack)s is on %(shipment)s already")
            % {"rack": rack.number, "shipment": shipment.number},
        )
    _check_free(rack, shipment)
    left = rack.shipment
    wanted = _arranged(shipment, [r.pk for r in racks.values()])
    room = max(racks_on_a_truck(shipment.unloading_point, shipment.trailer_type), 1)
    sequence = _in_sequence(wanted)
    pushed = _pushed_out(sequence, keep=rack, room=room)
    _write_order(shipment, [r for r in wanted if r not in pushed], pushed)
    _tidy(left, at=at)
    if shipment.status == ShipmentStatus.LOADED:
        move_shipment(shipment, ShipmentStatus.OPEN, seal_number="", driver="")
    record_event(
        f"dock:{shipment.unloading_point_id}", "rack_inserted", shipment.number, at=at, by=by, reason=reason,
        rack=rack.number, pushed=[r.number for r in pushed],
    )  # fmt: skip
    return pushed


def _on(shipment: Shipment) -> list[int]:
    return list(Rack.objects.filter(shipment=shipment).order_by("pk").values_list("pk", flat=True))


def _check_free(rack: Rack, shipment: Shipment) -> None:
    """A rack can take this truck: it goes to the same dock, has not left and does not stand on another one."""
    if rack.status in NEVER_LOADED:
        raise Refused(
            "gone",
            _("rack %(rack)s is %(status)s") % {"rack": rack.number, "status": in_words(rack.status)},
        )
    if rack.commodity.program.unloading_point_id != shipment.unloading_point_id:
        raise Refused(
            "other_dock", _("rack %(rack)s goes to another unloading point") % {"rack": rack.number}
        )
    if rack.shipment_id != shipment.pk and stands_on_truck(rack):
        raise Refused(
            "loaded",
            _("rack %(rack)s stands on another truck; take it off there first") % {"rack": rack.number},
        )


def _arranged(shipment: Shipment, rack_ids: Iterable[int]) -> list[Rack]:
    """These racks in the loading order of this truck; rush racks are needed first."""
    racks = list(with_due(Rack.objects.filter(pk__in=list(rack_ids))))
    for rack in racks:
        # A rack whose calls were all withdrawn meanwhile has no due time; it is needed with the truck's first.
        rack.due = rack.due or shipment.leaves_at  # type: ignore[attr-defined]
    rush = [rack for rack in racks if rack.priority == Priority.RUSH]
    normal = list(in_truck_order([rack for rack in racks if rack.priority == Priority.NORMAL]))
    return loading_order(shipment.unloading_point, shipment.trailer_type, [*rush, *normal])


def _in_sequence(racks: Sequence[Rack]) -> list[Rack]:
    """By need: rush first, then by due time without changing the order of sequence inside a commodity."""
    rush = [rack for rack in racks if rack.priority == Priority.RUSH]
    normal = sorted(
        (rack for rack in racks if rack.priority == Priority.NORMAL),
        key=lambda r: (r.commodity_id, r.low_position),
    )
    return [*rush, *in_truck_order(normal)]


def _pushed_out(sequence: Sequence[Rack], *, keep: Rack, room: int) -> list[Rack]:
    """Racks that lose their place because the truck is full: those needed last, never the one that came in."""
    over = max(0, len(sequence) - room)
    out = [rack for rack in reversed(sequence) if rack.pk != keep.pk][:over]
    lane = [r for r in out if r.commodity_id == keep.commodity_id and r.priority == keep.priority]
    if any(rack.low_position < keep.low_position for rack in lane):
        raise Refused(
            "full", _("the truck is full of racks that come before %(keep)s") % {"keep": keep.number}
        )
    return out


def _write_order(shipment: Shipment, order: Sequence[Rack], pushed: Sequence[Rack]) -> None:
    """Loading positions anew. One that is pushed out stays on the truck's list until it is taken off by scan."""
    Rack.objects.filter(shipment=shipment).update(load_position=None)
    for position, rack in enumerate(order, start=1):
        Rack.objects.filter(pk=rack.pk).update(shipment=shipment, load_position=position)
    gone = [rack.pk for rack in pushed if not stands_on_truck(rack)]
    Rack.objects.filter(pk__in=gone).update(shipment=None, load_position=None)


def _tidy(left: Shipment | None, *, at: datetime) -> None:
    """A planned truck that lost its last rack to another one is none any more. Its row is locked."""
    if left is None or left.racks.exists() or left.boxes.exists():
        return
    Shipment.objects.filter(pk=left.pk, status=ShipmentStatus.PLANNED).update(
        status=ShipmentStatus.CANCELLED, cancelled_at=at
    )


def move_rack_to(rack_id: int, shipment_id: int | None, *, by: str, reason: str, at: datetime) -> Rack:
    """Moves a rack to another shipment, or back to the waiting list (`None`), with its status intact.

    Refuses without a reason, a rack that stands on a truck, and a move that would let a later sequence leave first.
    Locks the shipments by key, then the rack.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("say why the rack changes trucks"))
    with transaction.atomic(durable=True):
        if shipment_id is not None:
            target = lock_both(shipment_id, rack_id)
            rack = lock_racks([rack_id]).get(rack_id)
            _check_leaves_none_behind(rack)
            insert_locked(target, rack_id, by=by, reason=reason, at=at)
        else:
            rack = lock_racks([rack_id]).get(rack_id)
            _take_off_list(rack, by=by, reason=reason, at=at)
    moved: Rack = Rack.objects.select_related("shipment").get(pk=rack_id)
    return moved


def _check_leaves_none_behind(rack: Rack | None) -> None:
    """Racks that come after this one must not stay on the truck it leaves."""
    if rack is None or rack.shipment_id is None or rack.priority != Priority.NORMAL:
        return
    after = (
        Rack.objects.filter(
            shipment=rack.shipment_id, commodity=rack.commodity_id, priority=Priority.NORMAL,
            low_position__gt=rack.low_position,
        )
        .order_by("low_position")
        .first()
    )  # fmt: skip
    if after is not None and rack.shipment is not None and rack.shipment.kind == Shipment.Kind.NORMAL:
        ahead = rack.shipment.number
        raise Refused(
            "before_it",
            _("rack %(after)s on %(ahead)s comes after %(rack)s; move that first")
            % {"after": after.number, "ahead": ahead, "rack": rack.number},
        )


def _take_off_list(rack: Rack | None, *, by: str, reason: str, at: datetime) -> None:
    if rack is None or rack.shipment is None:
        raise Refused("no_truck", _("this rack is on no shipment"))
    shipment = rack.shipment
    if rack.status in NEVER_LOADED:
        raise Refused(
            "gone",
            _("rack %(rack)s has left with %(shipment)s")
            % {"rack": rack.number, "shipment": shipment.number},
        )
    if stands_on_truck(rack):
        raise Refused(
            "loaded",
            _("rack %(rack)s stands on the truck; take it off by scan first") % {"rack": rack.number},
        )
    _check_leaves_none_behind(rack)
    Rack.objects.filter(pk=rack.pk).update(shipment=None, load_position=None)
    _tidy(shipment, at=at)
    record_event(
        f"dock:{shipment.unloading_point_id}", "rack_taken_off", shipment.number, at=at, by=by, reason=reason,
        rack=rack.number,
    )  # fmt: skip


def plan_emergency_run(
    unloading_point_id: int, rack_ids: Sequence[int], *, cost_reason: str, note: str, by: str, at: datetime
) -> Shipment:
    """A truck of its own for what cannot wait: own type, own ASN, and who pays is said before it is planned.

    Promise: it overtakes trucks, never the sequence: a rack with an earlier one still here is refused. Refuses
    without racks, cost reason or note. Locks the shipments of the racks, then the racks.
    """
    if cost_reason not in Shipment.CostReason.values or not note.strip():
        raise Refused("reason_missing", _("an emergency run needs its cost reason and a sentence why"))
    with transaction.atomic(durable=True):
        point = (
            UnloadingPoint.objects.select_related("plant", "trailer_type")
            .filter(pk=unloading_point_id)
            .first()
        )
        if point is None:
            raise Unknown(
                "no_dock",
                _("there is no unloading point %(point)s") % {"point": unloading_point_id},
            )
        racks = lock_racks(rack_ids)
        if not racks or len(racks) != len(set(rack_ids)):
            raise Refused("empty", _("choose the racks that go"))
        _check_emergency(point, list(racks.values()))
        left = {rack.shipment_id: rack.shipment for rack in racks.values() if rack.shipment is not None}
        Rack.objects.filter(pk__in=list(racks)).update(shipment=None, load_position=None)
        shipment = new_shipment(
            point,
            [],
            at,
            at=at,
            kind=Shipment.Kind.EMERGENCY,
            cost_reason=cost_reason,
            cost_note=note.strip()[:200],
        )
        _write_order(shipment, _arranged(shipment, list(racks)), [])
        dues = [due for due in (rack_due(rack) for rack in racks.values()) if due]
        if dues:
            leaves = max(at, min(dues) - timedelta(minutes=point.plant.transit_minutes))
            Shipment.objects.filter(pk=shipment.pk).update(leaves_at=leaves)
        for old in left.values():
            _tidy(old, at=at)
        record_event(
            f"dock:{point.pk}", "emergency_run", shipment.number, at=at, by=by, reason=note,
            cost=cost_reason, racks=sorted(rack.number for rack in racks.values()),
        )  # fmt: skip
    return lock_free(shipment.pk)


def lock_free(shipment_id: int) -> Shipment:
    """A shipment as it stands, without lock."""
    found: Shipment = Shipment.objects.select_related("unloading_point__plant", "trailer_type").get(
        pk=shipment_id
    )
    return found


def _check_emergency(point: UnloadingPoint, racks: Sequence[Rack]) -> None:
    chosen = {rack.pk for rack in racks}
    if len(racks) > racks_on_a_truck(point, point.trailer_type):
        raise Refused("full", _("more racks than the truck takes"))
    for rack in racks:
        if rack.commodity.program.unloading_point_id != point.pk:
            raise Refused(
                "other_dock", _("rack %(rack)s goes to another unloading point") % {"rack": rack.number}
            )
        if rack.status in NEVER_LOADED or stands_on_truck(rack):
            raise Refused("loaded", _("rack %(rack)s is on a truck or has left") % {"rack": rack.number})
        if rack.priority == Priority.RUSH:
            continue
        earlier = (
            Rack.objects.filter(
                commodity=rack.commodity_id, priority=Priority.NORMAL, low_position__lt=rack.low_position
            )
            .filter(status__in=sorted(HOUSE_RACKS))
            .exclude(pk__in=chosen)
            .exclude(shipment__status=ShipmentStatus.LOADED)
            .order_by("low_position")
            .first()
        )
        if earlier is not None:
            raise Refused(
                "before_it",
                _("rack %(earlier)s comes before %(rack)s; take it along")
                % {"earlier": earlier.number, "rack": rack.number},
            )


def cancel_shipment(shipment_id: int, *, by: str, reason: str, at: datetime) -> Shipment:
    """Calls a truck off; its racks wait for the next one. Refuses without a reason and while a rack stands on it."""
    if not reason.strip():
        raise Refused("reason_missing", _("say why the truck does not go"))
    with transaction.atomic(durable=True):
        shipment = _lock_with_doors(shipment_id)
        check_move(SHIPMENT_MOVES, shipment.status, ShipmentStatus.CANCELLED, f"shipment {shipment.number}")
        racks = lock_racks(_on(shipment))
        on_it = next((rack for rack in racks.values() if stands_on_truck(rack)), None)
        if on_it is not None:
            raise Refused(
                "loaded",
                _("rack %(on_it)s stands on the truck; take it off by scan first") % {"on_it": on_it.number},
            )
        if boxes_loaded(shipment):
            raise Refused("loaded", _("boxes stand on the truck; take them off by scan first"))
        Rack.objects.filter(pk__in=list(racks)).update(shipment=None, load_position=None)
        free_boxes([shipment.pk])
        move_shipment(shipment, ShipmentStatus.CANCELLED, cancelled_at=at)
        told = _("dock:%(unloading_point_id)s") % {"unloading_point_id": shipment.unloading_point_id}
        record_event(
            told, "shipment_cancelled", shipment.number, at=at, by=by, reason=reason, racks=len(racks)
        )
    return shipment


def close_again(shipment_id: int, *, by: str, at: datetime) -> Shipment:
    """A truck that was opened by mistake, with nothing on it, is only planned again; its door is free."""
    with transaction.atomic(durable=True):
        shipment = _lock_with_doors(shipment_id)
        loaded = any(stands_on_truck(rack) for rack in lock_racks(_on(shipment)).values())
        if loaded or boxes_loaded(shipment):
            raise Refused("loaded", _("%(shipment)s is being loaded") % {"shipment": shipment.number})
        move_shipment(shipment, ShipmentStatus.PLANNED, opened_at=None)
        record_event(f"dock:{shipment.unloading_point_id}", "shipment_closed", shipment.number, at=at, by=by)
    return shipment


def _lock_with_doors(shipment_id: int) -> Shipment:
    """Locks the docks a truck stands at, then the truck, and lets the docks go."""
    doors = Station.objects.select_for_update(no_key=True, of=("self",)).filter(shipment=shipment_id)
    ids = [station.pk for station in doors.order_by("pk")]
    shipment = lock_shipment(shipment_id)
    Station.objects.filter(pk__in=ids).update(shipment=None)
    return shipment


def set_trailer(
    shipment_id: int, *, trailer_type_id: int | None, truck: str, by: str, at: datetime
) -> Shipment:
    """Another trailer came: its places and its plate. Refuses once a rack stands on it, and on a trip. Racks are
    ordered anew."""
    with transaction.atomic(durable=True):
        shipment = lock_shipment(shipment_id)
        if shipment.status not in {ShipmentStatus.PLANNED, ShipmentStatus.OPEN, ShipmentStatus.LOADED}:
            raise Refused(
                "gone",
                _("shipment %(shipment)s is %(status)s")
                % {"shipment": shipment.number, "status": in_words(shipment.status)},
            )
        if trailer_type_id != shipment.trailer_type_id:
            _change_trailer(shipment, trailer_type_id)
        Shipment.objects.filter(pk=shipment.pk).update(truck=truck.strip()[:20])
        told = _("dock:%(unloading_point_id)s") % {"unloading_point_id": shipment.unloading_point_id}
        record_event(
            told, "trailer_set", shipment.number, at=at, by=by, trailer=str(shipment.trailer_type or "")
        )
    return lock_free(shipment_id)


def _change_trailer(shipment: Shipment, trailer_type_id: int | None) -> None:
    if shipment.trip_id is not None:
        told = {"truck": shipment.number, "trip": shipment.trip}
        raise Refused(
            "on_a_trip", _("%(truck)s shares the trailer of %(trip)s; let them go apart first") % told
        )
    racks = lock_racks(_on(shipment))
    if any(stands_on_truck(rack) for rack in racks.values()):
        raise Refused(
            "loaded",
            _("racks stand on %(shipment)s already; the trailer cannot change")
            % {"shipment": shipment.number},
        )
    trailer = TrailerType.objects.filter(pk=trailer_type_id or 0).first()
    if trailer is None and trailer_type_id is not None:
        raise Unknown(
            "no_trailer",
            _("there is no trailer type %(trailer_type_id)s") % {"trailer_type_id": trailer_type_id},
        )
    if trailer is not None and trailer.layout.capacity < len(racks):
        raise Refused(
            "full",
            _("%(trailer)s has %(capacity)s places for %(count)s racks")
            % {"trailer": trailer, "capacity": trailer.layout.capacity, "count": len(racks)},
        )
    Shipment.objects.filter(pk=shipment.pk).update(trailer_type=trailer)
    shipment.trailer_type = trailer
    _write_order(shipment, _arranged(shipment, list(racks)), [])


def move_group(
    group_id: int, carrier_code: str, *, shipment_id: int | None, by: str, reason: str, at: datetime
) -> Rack:
    """One packed group goes with another delivery: into a carrier of its own, sealed, with its pieces and its status.

    Its old slot is a hole that `by` answers for, and the old rack is opened for its seal. Refuses without a reason,
    a group that is not packed, a rack that has left or stands on a truck, and a carrier that is not free. Locks the
    carrier, the shipment, then the rack. The truck is a second transaction: when it refuses, the new rack waits for
    the next one.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("say why the piece takes another delivery"))
    with transaction.atomic(durable=True):
        slot = Slot.objects.filter(group=group_id).select_related("rack").first()
        if slot is None:
            raise Refused("not_packed", _("this call stands in no rack"))
        carrier = _free_carrier(carrier_code)
        old = lock_racks([slot.rack_id])[slot.rack_id]
        slot.refresh_from_db()
        group = ComponentGroup.objects.select_related("call_off").get(pk=group_id)
        _check_may_move(old, slot, group)
        rack = _own_rack(old, slot, group, carrier, by=by, at=at)
        _leave_hole(old, slot, by=by, reason=reason, at=at)
        reasons = seal_locked(rack, at=at, by=by)
        if reasons:
            raise Refused("host_check", "; ".join(reasons[:3]), reasons=reasons)
        move_rack(rack, RackStatus.STAGED)
        record_event(
            f"line:{rack.commodity.program.line_id}", "group_moved", group.call_off.call_number, at=at, by=by,
            reason=reason, taken_from=old.number, into=rack.number,
        )  # fmt: skip
    if shipment_id is not None:
        insert_rack(shipment_id, rack.pk, by=by, reason=reason, at=at)
    return rack


def _free_carrier(code: str) -> Carrier:
    carrier = Carrier.objects.select_for_update(no_key=True, of=("self",)).filter(code=code).first()
    if carrier is None:
        raise Unknown("no_carrier", _("no rack has the label %(code)s") % {"code": code})
    bound = Rack.objects.filter(carrier=carrier, status__in=sorted(BOUND_RACKS)).exists()
    if bound or carrier.blocked or carrier.lost_at is not None:
        raise Refused("not_free", _("%(code)s is not free; take an empty one") % {"code": code})
    return carrier


def _check_may_move(rack: Rack, slot: Slot, group: ComponentGroup) -> None:
    if slot.status != SlotStatus.FILLED or group.status != GroupStatus.PACKED:
        raise Refused(
            "not_packed",
            _("slot %(slot)s of %(rack)s is %(status)s")
            % {"slot": slot.number, "rack": rack.number, "status": in_words(slot.status)},
        )
    if rack.status in GONE_RACKS or stands_on_truck(rack):
        raise Refused("gone", _("rack %(rack)s stands on a truck or has left") % {"rack": rack.number})
    if rack.status not in CLOSED_RACKS | {RackStatus.FULL, RackStatus.LOADING, RackStatus.REOPENED}:
        raise Invalid(
            "not_packed",
            _("rack %(rack)s is %(status)s") % {"rack": rack.number, "status": in_words(rack.status)},
        )


def _own_rack(
    old: Rack, slot: Slot, group: ComponentGroup, carrier: Carrier, *, by: str, at: datetime
) -> Rack:
    """A rack of one slot for the group; it was verified where it stood, so it comes over filled."""
    position = group.call_off.position or 0
    taken = Rack.objects.filter(number__startswith=f"{old.commodity.rack_prefix}-MOVED{group.pk}").count()
    number = f"{old.commodity.rack_prefix}-MOVED{group.pk}" + (f"/{taken + 1}" if taken else "")
    rack = Rack.objects.create(
        number=number, commodity=old.commodity, low_position=position, high_position=position,
        priority=Priority.RUSH, closed=True,
    )  # fmt: skip
    move_rack(rack, RackStatus.LOADING, carrier=carrier, started_at=at)
    revision, packed_at = slot.packed_revision, slot.packed_at
    Slot.objects.filter(pk=slot.pk).update(
        group=None, status=SlotStatus.REOPENED, packed_revision=None, packed_at=None
    )
    Slot.objects.create(
        rack=rack, number=1, position=position, group=group, status=SlotStatus.FILLED, packed_revision=revision,
        packed_at=packed_at,
    )  # fmt: skip
    move_rack(rack, RackStatus.FULL)
    return rack


def _leave_hole(rack: Rack, slot: Slot, *, by: str, reason: str, at: datetime) -> None:
    # His word is for this place; another hole that nobody let go yet still needs one at the seal.
    others = rack.slots.filter(status=SlotStatus.HOLE).exists() and not rack.holes_approved_by
    Slot.objects.filter(pk=slot.pk).update(status=SlotStatus.HOLE, reason=f"went ahead: {reason}"[:120])
    if rack.status in CLOSED_RACKS:
        reopen_locked(rack, at=at, reason=f"slot {slot.number} went with another delivery", by=by)
    answered = "" if others else by[:60]
    Rack.objects.filter(pk=rack.pk).update(holes_approved_by=answered)
    rack.holes_approved_by = answered
    settle_rack(rack, at=at)


def first_due(shipment: Shipment) -> datetime | None:
    """When the OEM needs the first piece of a load."""
    rows = Rack.objects.filter(shipment=shipment).aggregate(due=Min("slots__group__call_off__required_at"))
    due: datetime | None = rows["due"]
    return due
