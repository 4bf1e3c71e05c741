"""One truck with several unloading points: its stops, the order they are loaded in, and who may leave with whom."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale, Unknown
from sequencer.models import Shipment, Trip
from sequencer.services.journal import record_event
from sequencer.states import DONE_SHIPMENTS, ShipmentStatus


def join_shipments(shipment_ids: Sequence[int], *, by: str, at: datetime) -> Trip:
    """Makes one truck of planned shipments of different unloading points; they are named in the order it drives.

    Promise: the stop named first is unloaded first and loaded last; each keeps its own despatch advice and delivery.
    Refuses fewer than two, one that is opened, gone, an emergency run or on a trip already, two of one point, points
    of different plants, and more racks than the trailer of the first has places. Locks the shipments by key.
    """
    if len(set(shipment_ids)) != len(shipment_ids) or len(shipment_ids) < 2:
        raise Refused("trip_stops", _("name two trucks or more, each once"))
    with transaction.atomic(durable=True):
        found = {shipment.pk: shipment for shipment in _locked(shipment_ids)}
        if len(found) != len(shipment_ids):
            raise Unknown("no_shipment", _("one of these trucks does not exist"))
        stops = [found[pk] for pk in shipment_ids]
        _check(stops)
        trip: Trip = Trip.objects.create(
            number=f"new-{uuid.uuid4().hex[:20]}", planned_at=at, planned_by=by[:60]
        )
        trip.number = f"M-{trip.pk:05d}"
        trip.save(update_fields=["number"])
        for stop, shipment in enumerate(stops, start=1):
            Shipment.objects.filter(pk=shipment.pk).update(
                trip=trip,
                stop=stop,
                trailer_type=stops[0].trailer_type_id,
                leaves_at=min(s.leaves_at for s in stops),
            )
            record_event(
                f"dock:{shipment.unloading_point_id}", "trip_planned", shipment.number, at=at, by=by, trip=trip.number,
                stop=stop,
            )  # fmt: skip
    return trip


def part_shipments(trip_id: int, *, by: str, reason: str, at: datetime) -> None:
    """Each shipment of a trip goes by itself again. Refuses without a reason, and once one of them is opened."""
    if not reason.strip():
        raise Refused("reason_missing", _("say why they go apart"))
    with transaction.atomic(durable=True):
        ids = list(Shipment.objects.filter(trip=trip_id).values_list("pk", flat=True))
        stops = [s for s in _locked(ids) if s.trip_id == trip_id and s.status != ShipmentStatus.CANCELLED]
        begun = next((s for s in stops if s.status != ShipmentStatus.PLANNED), None)
        if begun is not None:
            told = {"truck": begun.number, "state": begun.status.lower()}
            raise Refused("trip_begun", _("%(truck)s is %(state)s; close it again first") % told)
        Shipment.objects.filter(trip=trip_id).update(trip=None, stop=None)
        for shipment in stops:
            topic = f"dock:{shipment.unloading_point_id}"
            record_event(topic, "trip_parted", shipment.number, at=at, by=by, reason=reason)


def _locked(shipment_ids: Sequence[int]) -> list[Shipment]:
    rows = Shipment.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=shipment_ids)
    return list(rows.select_related("unloading_point__plant", "trailer_type").order_by("pk"))


def _check(stops: Sequence[Shipment]) -> None:
    for shipment in stops:
        if shipment.trip_id is not None:
            raise Refused(
                "on_a_trip",
                _("%(truck)s is on %(trip)s already") % {"truck": shipment.number, "trip": shipment.trip},
            )
        if shipment.status != ShipmentStatus.PLANNED or shipment.kind != Shipment.Kind.NORMAL:
            raise Refused("trip_begun", _("%(truck)s is no planned truck") % {"truck": shipment.number})
    points = {shipment.unloading_point_id for shipment in stops}
    if len(points) != len(stops) or len({s.unloading_point.plant_id for s in stops}) > 1:
        raise Refused("trip_points", _("a truck unloads once at each point, and at points of one plant"))
    trailer = stops[0].trailer_type
    racks = sum(shipment.racks.count() for shipment in stops)
    if trailer is not None and racks > trailer.layout.capacity:
        told = {"trailer": trailer, "capacity": trailer.layout.capacity, "count": racks}
        raise Refused(
            "too_full", _("a %(trailer)s has %(capacity)s places, these are %(count)s racks") % told
        )


def stops_of(shipment: Shipment) -> list[Shipment]:
    """The shipments of one truck in the order it drives to them; a truck of one point is its only stop."""
    if shipment.trip_id is None:
        return [shipment]
    rows = Shipment.objects.filter(trip=shipment.trip_id).exclude(status=ShipmentStatus.CANCELLED)
    return list(rows.select_related("unloading_point__plant", "trailer_type").order_by("stop"))


def lock_stops(shipment: Shipment) -> list[Shipment]:
    """All shipments of one truck, locked by key, in the order it drives. Stale when one is locked out of that order.

    `shipment` is locked already: another of a lower key is not waited for.
    """
    if shipment.trip_id is None:
        return [shipment]
    ids = [stop.pk for stop in stops_of(shipment)]
    rows = Shipment.objects.select_for_update(no_key=True, of=("self",), skip_locked=True).filter(pk__in=ids)
    found = {
        row.pk: row for row in rows.select_related("unloading_point__plant", "trailer_type").order_by("pk")
    }
    if len(found) != len(ids):
        raise Stale(f"trip of {shipment.number}")
    return [shipment if pk == shipment.pk else found[pk] for pk in ids]


def loaded_before(shipment: Shipment) -> Shipment | None:
    """The stop that has to be complete before this one is loaded: it is unloaded later and stands further in."""
    later = [s for s in stops_of(shipment) if (s.stop or 0) > (shipment.stop or 0)]
    return next((s for s in reversed(later) if s.status != ShipmentStatus.LOADED), None)


def loaded_after(shipment: Shipment) -> Shipment | None:
    """The stop that is loaded when this one is complete: the one unloaded before it that is not."""
    earlier = [s for s in stops_of(shipment) if (s.stop or 0) < (shipment.stop or 0)]
    return next((s for s in reversed(earlier) if s.status != ShipmentStatus.LOADED), None)


def stands_before(shipment: Shipment) -> Shipment | None:
    """A stop whose load stands between this one's and the door, so that nothing of this one can come off."""
    earlier = [s for s in stops_of(shipment) if (s.stop or 0) < (shipment.stop or 0)]
    return next((s for s in earlier if s.racks.filter(truck_place__isnull=False).exists()), None)


def is_one_truck(one: Shipment, other: Shipment | None) -> bool:
    """Whether two shipments travel together."""
    return other is not None and one.trip_id is not None and one.trip_id == other.trip_id


def goes_to(shipment: Shipment) -> set[int]:
    """The unloading points of the truck a shipment travels with."""
    return {stop.unloading_point_id for stop in stops_of(shipment)}


def close_truck(stops: Sequence[Shipment]) -> None:
    """One door, one seal, one driver: what was noted at one stop's shipment holds for the truck. All are locked."""
    for name in ("seal_number", "driver", "truck"):
        said = next((value for stop in stops if (value := getattr(stop, name))), "")
        for stop in stops:
            if said and not getattr(stop, name) and stop.status not in DONE_SHIPMENTS:
                Shipment.objects.filter(pk=stop.pk).update(**{name: said})
                setattr(stop, name, said)
