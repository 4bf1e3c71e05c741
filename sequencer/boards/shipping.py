"""The shipping desk's pictures: the board of trucks, one truck with its checks, what an OEM sees of both."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from inventory.errors import Unknown
from sequencer.models import OemPlant, Rack, Shipment, Slot, Station, Task, TrailerType, UnloadingPoint
from sequencer.services.dock_view import departed_view, shipment_view, where
from sequencer.services.moves import belongs_before
from sequencer.services.quality import UNDER_WAY
from sequencer.services.shipping import ASN_LATE, ASN_SOON, ON_TRUCK, objections, waiting_racks
from sequencer.services.weights import Weight, in_words, weigh_trucks
from sequencer.states import (
    DONE_SHIPMENTS,
    HOUSE_RACKS,
    LEFT_SHIPMENTS,
    OPEN_SHIPMENTS,
    AsnStatus,
    GroupStatus,
    Priority,
    RackStatus,
    ShipmentStatus,
    SlotStatus,
    TaskStatus,
)

Board = dict[str, Any]
# Somebody still has to close the door, seal and sign.
SOON_MINUTES = 15
SENT_ROWS, ANSWERED_ROWS = 12, 12
SHOWN_FOR = timedelta(hours=12)
READY = frozenset({RackStatus.SEALED, RackStatus.STAGED})

# What stands in the way of a departure, in the words of the desk.
CHECKS = (
    ("not_loaded", "Every rack is on the truck"),
    ("comes_off", "Every rack stands where it belongs"),
    ("host_check", "Every slot is what the OEM called last"),
    ("past_gap", "No call is missing before it"),
    ("before_it", "Nothing that comes earlier stays here"),
    ("too_heavy", "The trailer can carry it"),
    ("no_seal", "The door is sealed"),
    ("no_driver", "The driver is known"),
)


def desk(*, at: datetime, point: int | None = None) -> Board:
    """Every truck by how far it is: racks ready, loading, ASN awaited, sent, answered."""
    points = UnloadingPoint.objects.select_related("plant", "trailer_type").order_by("plant__code", "code")
    chosen = [p for p in points if point in (None, p.pk)]
    trucks = _trucks(chosen, at)
    here = [truck for truck in trucks if not truck["departed_at"]]
    gone = [truck for truck in trucks if truck["departed_at"]]
    gone.sort(key=lambda truck: truck["departed_at"], reverse=True)
    return {
        "points": [{"id": p.pk, "name": str(p), "on": p.pk == point} for p in points],
        "point": point,
        "ready": [card for p in chosen for card in _ready_racks(p, at)],
        "planned": [t for t in here if t["status"] == ShipmentStatus.PLANNED],
        "loading": [t for t in here if t["status"] != ShipmentStatus.PLANNED],
        "awaiting": [t for t in gone if t["asn_status"] in AWAITING],
        "sent": [t for t in gone if t["asn_status"] == AsnStatus.SENT][:SENT_ROWS],
        "answered": [t for t in gone if t["asn_status"] in ANSWERED][:ANSWERED_ROWS],
    }


AWAITING = frozenset({AsnStatus.NONE, AsnStatus.DUE, AsnStatus.READY, AsnStatus.SENDING, AsnStatus.ATTENTION})
ANSWERED = frozenset({AsnStatus.ACCEPTED, AsnStatus.REJECTED})


def _ready_racks(point: UnloadingPoint, at: datetime) -> list[Board]:
    """Racks that wait without a truck, the one needed first on top."""
    transit = timedelta(minutes=point.plant.transit_minutes)
    racks = [rack for rack in waiting_racks(point) if rack.status in READY]
    racks.sort(key=lambda rack: rack.due or at)  # type: ignore[attr-defined]
    return [
        {
            "id": rack.pk,
            "number": rack.number,
            "carrier": rack.carrier.code if rack.carrier else "",
            "dock": str(point),
            "status": rack.status.lower(),
            "low": rack.commodity.program.stream.counter.text(rack.low_position),
            "high": rack.commodity.program.stream.counter.text(rack.high_position),
            "minutes": int((rack.due - transit - at).total_seconds() // 60) if rack.due else None,  # type: ignore[attr-defined]
        }
        for rack in racks
    ]


def _trucks(points: Iterable[UnloadingPoint], at: datetime) -> list[Board]:
    earlier = Rack.objects.filter(
        commodity=OuterRef("commodity"),
        priority=Priority.NORMAL,
        low_position__lt=OuterRef("low_position"),
        status__in=sorted(HOUSE_RACKS),
    )
    # Planned trucks leave in the order of their keys; an emergency run leaves before all of them.
    later = Q(shipment__gt=OuterRef("shipment"), shipment__kind=Shipment.Kind.NORMAL)
    broken = Rack.objects.filter(shipment=OuterRef("pk"), priority=Priority.NORMAL).filter(
        Exists(earlier.filter(Q(shipment__isnull=True) | later))
    )
    found = (
        Shipment.objects.filter(unloading_point__in=list(points))
        .filter(Q(status__in=sorted(OPEN_SHIPMENTS)) | Q(departed_at__gte=at - SHOWN_FOR))
        .select_related("unloading_point__plant", "trailer_type")
        .annotate(
            rack_count=Count("racks", distinct=True),
            on_truck=Count("racks", filter=Q(racks__status=RackStatus.LOADED), distinct=True),
            ready=Count("racks", filter=Q(racks__status__in=[*READY, RackStatus.LOADED]), distinct=True),
            broken=Exists(broken),
        )
        .order_by("leaves_at", "pk")
    )
    doors = dict(Station.objects.filter(shipment__in=found).values_list("shipment", "code"))
    held = _held_under_way(shipment.number for shipment in found)
    weights = weigh_trucks(found)
    return [
        {
            **_card(shipment, doors.get(shipment.pk, ""), at),
            **_weight(shipment, weights[shipment.pk]),
            "held": held.get(shipment.number),
        }
        for shipment in found
    ]


def _weight(shipment: Shipment, weight: Weight) -> Board:
    """As far as it is known: a figure with nothing missing, or "at least" so much."""
    limit = shipment.trailer_type.max_load_kg if shipment.trailer_type else None
    return {
        "net_kg": in_words(weight.net),
        "gross_kg": in_words(weight.gross),
        "known_kg": in_words(weight.known),
        "limit_kg": limit,
        "too_heavy": limit is not None and weight.known > limit,
    }


def _held_under_way(numbers: Iterable[str]) -> dict[str, str]:
    """What a person still has to tell the OEM of trucks that left with held pieces."""
    tasks = Task.objects.filter(kind=UNDER_WAY, subject__in=list(numbers)).exclude(status=TaskStatus.DONE)
    return dict(tasks.values_list("subject", "text"))


def _card(shipment: Any, door: str, at: datetime) -> Board:
    gone = departed_view(shipment, at)
    minutes = int((shipment.leaves_at - at).total_seconds() // 60)
    age = at - shipment.departed_at if shipment.departed_at else timedelta()
    return {
        **gone,
        "emergency": shipment.kind == Shipment.Kind.EMERGENCY,
        "dock": str(shipment.unloading_point),
        "door": door,
        "truck": shipment.truck,
        "leaves_at": shipment.leaves_at,
        "arrives_at": eta(shipment),
        "minutes": minutes,
        "look": "late" if minutes < 0 else "soon" if minutes < SOON_MINUTES else "",
        "loaded": shipment.on_truck,
        "absent": shipment.rack_count - shipment.ready,
        "contiguous": not shipment.broken,
        "zone": shipment.unloading_point.plant.time_zone,
        **asn_look(shipment.asn_status, done=gone["asn_done"], age=age),
    }


ASN_WORDS = {
    "NONE": "ASN not due",
    "DUE": "ASN goes in a moment",
    "READY": "ASN ready",
    "SENDING": "ASN being sent",
    "SENT": "ASN sent, no answer yet",
    "ACCEPTED": "ASN accepted",
    "REJECTED": "ASN REJECTED",
    "ATTENTION": "ASN needs a person",
}


def asn_look(status: str, *, done: bool, age: timedelta) -> Board:
    """Sign, words and colour of an ASN: amber 5 minutes after departure without acceptance, red after 10."""
    words = "ASN sent" if status == AsnStatus.SENT and done else ASN_WORDS[status]
    if done:
        return {"asn_look": "accepted", "asn_sign": "✓", "asn_words": words}
    if status in {AsnStatus.REJECTED, AsnStatus.ATTENTION} or age >= ASN_LATE:
        return {"asn_look": "late", "asn_sign": "✕", "asn_words": words}
    look, sign = ("soon", "▲") if age >= ASN_SOON else ("", "…")
    return {"asn_look": look, "asn_sign": sign, "asn_words": words}


def eta(shipment: Shipment) -> datetime | None:
    """When it arrives, or arrived, at the OEM's line."""
    if shipment.arrived_at is not None:
        return shipment.arrived_at
    left = shipment.departed_at or shipment.leaves_at
    return left + timedelta(minutes=shipment.unloading_point.plant.transit_minutes)


# --- one truck ------------------------------------------------------------------------------------------


def truck(shipment_id: int, *, at: datetime) -> Board:
    """One shipment: its card, racks by loading order, checks with the reasons, what may be done now."""
    shipment = (
        Shipment.objects.select_related("unloading_point__plant", "trailer_type")
        .filter(pk=shipment_id)
        .first()
    )
    if shipment is None:
        raise Unknown("no_shipment", f"there is no shipment {shipment_id}")
    row = Shipment.objects.filter(pk=shipment_id).annotate(
        rack_count=Count("racks", distinct=True),
        on_truck=Count("racks", filter=Q(racks__status=RackStatus.LOADED), distinct=True),
        ready=Count("racks", filter=Q(racks__status__in=[*READY, RackStatus.LOADED]), distinct=True),
        broken=Exists(Rack.objects.none()),
    )
    counted = row.select_related("unloading_point__plant", "trailer_type").get()
    door = Station.objects.filter(shipment=shipment).values_list("code", flat=True).first() or ""
    left = shipment.status in LEFT_SHIPMENTS
    checks = [] if shipment.status in DONE_SHIPMENTS else _checks(shipment)
    first = belongs_before(shipment) if shipment.status in {"OPEN", "LOADED"} else None
    return {
        "shipment": shipment,
        "card": {
            **_card(counted, door, at),
            **_weight(shipment, weigh_trucks([shipment])[shipment.pk]),
            "held": _held_under_way([shipment.number]).get(shipment.number),
        },
        "view": shipment_view(shipment, at),
        "checks": checks,
        "blocked": [reason for check in checks for reason in check["reasons"]],
        "belongs_before": {"id": first.pk, "number": first.number, "where": where(first)} if first else None,
        "left": left,
        "here": shipment.status not in DONE_SHIPMENTS,
        "lines": list(shipment.lines.all()) if left else [],
        "trailers": list(TrailerType.objects.all()),
        "partners": _partners(shipment),
        "others": _other_trucks(shipment),
        "waiting": [] if left else waiting_racks(shipment.unloading_point),
        "pieces": _pieces(shipment),
        "at": at,
    }


def _partners(shipment: Shipment) -> list[Shipment]:
    """Planned trucks of other unloading points of the plant, that one truck could take along."""
    if shipment.status != ShipmentStatus.PLANNED or shipment.trip_id is not None or shipment.kind != "NORMAL":
        return []
    found = Shipment.objects.filter(
        unloading_point__plant=shipment.unloading_point.plant_id, status=ShipmentStatus.PLANNED,
        kind=Shipment.Kind.NORMAL, trip__isnull=True,
    )  # fmt: skip
    others = found.exclude(unloading_point=shipment.unloading_point_id).select_related("unloading_point")
    return list(others.order_by("pk"))


def _checks(shipment: Shipment) -> list[Board]:
    """Every check, met or not; a check that is not met says why in sentences."""
    racks = Rack.objects.filter(shipment=shipment).select_related(
        "commodity__program__stream", "commodity__program__line"
    )
    said: dict[str, list[str]] = {}
    for objection in objections(shipment, list(racks)):
        code = "not_loaded" if objection.code == "empty" else objection.code
        said.setdefault(code, []).extend(objection.reasons or [objection.text])
    trailer = shipment.trailer_type
    asked = {
        "too_heavy": bool(trailer and trailer.max_load_kg),
        "no_seal": bool(trailer and trailer.needs_seal),
        "no_driver": bool(trailer and trailer.needs_driver),
    }
    return [
        {
            "code": code,
            "words": words,
            "ok": code not in said,
            "reasons": list(dict.fromkeys(said.get(code, []))),
        }
        for code, words in CHECKS
        if asked.get(code, True)
    ]


def emergency_choices() -> list[Rack]:
    """Racks an emergency run could take: sealed, or on the list of a truck that has not left, and on none."""
    found = (
        Rack.objects.filter(status__in=sorted(HOUSE_RACKS - {RackStatus.PLANNED} - set(ON_TRUCK)))
        .select_related("carrier", "shipment", "commodity")
        .order_by("commodity", "low_position")
    )
    return list(found[:60])


def _other_trucks(shipment: Shipment) -> list[Shipment]:
    found = Shipment.objects.filter(unloading_point=shipment.unloading_point).exclude(pk=shipment.pk)
    return list(found.filter(status__in=sorted(OPEN_SHIPMENTS)).order_by("pk"))


def _pieces(shipment: Shipment) -> int:
    return Slot.objects.filter(rack__shipment=shipment, status=SlotStatus.FILLED).count()


# --- what the OEM sees ----------------------------------------------------------------------------------


def shared(plant: OemPlant, *, at: datetime) -> Board:
    """Shipments of one OEM plant with racks and times; no person, no station and no reason of ours is on it."""
    found = (
        Shipment.objects.filter(unloading_point__plant=plant)
        .filter(Q(status__in=sorted(OPEN_SHIPMENTS)) | Q(departed_at__gte=at - SHOWN_FOR))
        .select_related("unloading_point__plant", "trailer_type")
        .order_by("leaves_at", "pk")
    )
    trucks = [_shared_truck(shipment, at) for shipment in found]
    road = [t for t in trucks if t["state"] in {"on the road", "arrived", "confirmed"}]
    road.sort(key=lambda t: t["departed_at"], reverse=True)
    return {"plant": plant, "coming": [t for t in trucks if t not in road], "road": road, "at": at}


STATE_WORDS = {
    ShipmentStatus.PLANNED: "planned",
    ShipmentStatus.OPEN: "being loaded",
    ShipmentStatus.LOADED: "loaded",
    ShipmentStatus.DEPARTED: "on the road",
    ShipmentStatus.ARRIVED: "arrived",
    ShipmentStatus.CONFIRMED: "confirmed",
}


def _shared_truck(shipment: Shipment, at: datetime) -> Board:
    racks: QuerySet[Rack] = (
        shipment.racks.select_related("carrier", "commodity__program__stream")
        .annotate(
            pieces=Count("slots", filter=Q(slots__status=SlotStatus.FILLED)),
            due=Count("slots", filter=~Q(slots__group__status=GroupStatus.CANCELLED)),
        )
        .order_by("load_position")
    )
    arrives = eta(shipment)
    return {
        "number": shipment.number,
        "dock": shipment.unloading_point.code,
        "emergency": shipment.kind == Shipment.Kind.EMERGENCY,
        "state": STATE_WORDS[ShipmentStatus(shipment.status)],
        "departed_at": shipment.departed_at,
        "arrives_at": arrives,
        "minutes": int((arrives - at).total_seconds() // 60) if arrives else None,
        "racks": [
            {
                "name": rack.carrier.code if rack.carrier else rack.number,
                "commodity": rack.commodity.name,
                "low": rack.commodity.program.stream.counter.text(rack.low_position),
                "high": rack.commodity.program.stream.counter.text(rack.high_position),
                "pieces": rack.pieces,  # type: ignore[attr-defined]
            }
            for rack in racks
        ],
    }
