"""Racks, trucks and stations of a line as they stand now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q

from sequencer.boards.units import Board, concerns, level, minutes, name_of, transit
from sequencer.models import Line, Rack, ScanEvent, SequenceGap, Shipment, Station
from sequencer.states import (
    HOUSE_RACKS,
    OPEN_SHIPMENTS,
    AsnStatus,
    Priority,
    SlotStatus,
)

RACK_ROWS, TRUCK_ROWS, LEFT_ROWS = 8, 3, 2
LEFT_LATELY = timedelta(hours=6)
RUNNING = timedelta(minutes=5)
PACE = timedelta(minutes=15)
# A loaded truck still has to be closed and signed for.
CLOSE_MINUTES = 5
# The OEM must have the ASN well before the truck: amber after this, red after twice of it.
ASN_LATE = timedelta(minutes=5)


def racks(line: Line, gaps: Sequence[SequenceGap], at: datetime, family: str) -> Board:
    """Racks that have not left, by when their first unit must leave."""
    found = Rack.objects.filter(commodity__program__line=line, status__in=sorted(HOUSE_RACKS))
    if family:
        found = found.filter(commodity__family=family)
    found = found.select_related("commodity__rack_type", "commodity__program__stream", "shipment").annotate(
        needed_at=Min("slots__group__call_off__required_at"),
        slot_count=Count("slots", filter=~Q(slots__status=SlotStatus.CANCELLED)),
        filled=Count("slots", filter=Q(slots__status=SlotStatus.FILLED)),
        holes=Count("slots", filter=Q(slots__status=SlotStatus.HOLE)),
        reopened=Count("slots", filter=Q(slots__status=SlotStatus.REOPENED)),
    )
    rows = list(found.order_by(F("needed_at").asc(nulls_last=True), "low_position", "pk"))
    return {
        "rows": [_rack(rack, gaps, line, at) for rack in rows[:RACK_ROWS]],
        "more": max(0, len(rows) - RACK_ROWS),
    }


def _rack(rack: Any, gaps: Sequence[SequenceGap], line: Line, at: datetime) -> Board:
    counter = rack.commodity.program.stream.counter
    leaves = rack.needed_at - transit(line) if rack.needed_at else None
    return {
        "id": rack.pk,
        "number": rack.number,
        "commodity": rack.commodity.name,
        "low": counter.text(rack.low_position),
        "high": counter.text(rack.high_position),
        "status": rack.status.lower(),
        "rush": rack.priority == Priority.RUSH,
        "filled": rack.filled,
        "capacity": rack.slot_count or rack.commodity.rack_type.capacity,
        "holes": rack.holes,
        "reopened": rack.reopened,
        "gaps": sum(_in_rack(gap, rack) for gap in gaps),
        "shipment": rack.shipment.number if rack.shipment else "",
        "minutes": minutes(leaves, at),
    }


def _in_rack(gap: SequenceGap, rack: Rack) -> bool:
    return concerns(gap, rack.commodity) and rack.low_position <= gap.position <= rack.high_position


def trucks(line: Line, at: datetime) -> Board:
    """Loads that will leave, soonest first, and the last that left. A dock may serve other lines too."""
    found = (
        Shipment.objects.filter(unloading_point__in=line.programs.values("unloading_point"))
        .filter(Q(status__in=sorted(OPEN_SHIPMENTS)) | Q(departed_at__gte=at - LEFT_LATELY))
        .select_related("unloading_point")
        .annotate(rack_count=Count("racks"), loaded=Count("racks", filter=Q(racks__loaded_at__isnull=False)))
    )
    rows = [_truck(shipment, at) for shipment in found]
    left = sorted((t for t in rows if t["departed_at"]), key=lambda t: t["departed_at"], reverse=True)
    coming = sorted((t for t in rows if not t["departed_at"]), key=lambda t: t["leaves_at"])
    return {
        "rows": [*coming[:TRUCK_ROWS], *left[:LEFT_ROWS]],
        "more": max(0, len(coming) - TRUCK_ROWS),
        "left": left,
    }


def _truck(shipment: Any, at: datetime) -> Board:
    seconds = (shipment.leaves_at - at).total_seconds()
    age = at - shipment.departed_at if shipment.departed_at else timedelta()
    return {
        "id": shipment.pk,
        "number": shipment.number,
        "dock": shipment.unloading_point.code,
        "status": shipment.status.lower(),
        "racks": shipment.rack_count,
        "loaded": shipment.loaded,
        "leaves_at": shipment.leaves_at,
        "leaves_in": seconds,
        "late": -seconds,
        "minutes": int(seconds // 60),
        "level": "" if shipment.departed_at else level(int(seconds // 60), CLOSE_MINUTES),
        "departed_at": shipment.departed_at,
        "asn": shipment.asn_status,
        "asn_at": shipment.asn_status_at,
        "asn_note": shipment.asn_note,
        "asn_level": _asn_level(shipment.asn_status, age),
    }


def _asn_level(status: str, age: timedelta) -> str:
    if status in {AsnStatus.REJECTED, AsnStatus.ATTENTION}:
        return "stop"
    if status in {AsnStatus.SENT, AsnStatus.ACCEPTED}:
        return ""
    return "stop" if age > 2 * ASN_LATE else "soon" if age > ASN_LATE else ""


def stations(line: Line, at: datetime, family: str, names: bool) -> list[Board]:
    """Packing stations of the line's commodities, then the docks they load at."""
    packs = Q(commodity__program__line=line)
    if family:
        packs &= Q(commodity__family=family)
    docks = Q(unloading_point__in=line.programs.values("unloading_point"))
    found = list(Station.objects.filter(packs | docks).select_related("operator", "rack", "shipment"))
    pace = _packed_lately(found, at)
    return [
        _station(station, pace.get(station.pk, 0), line, at, names)
        for station in sorted(found, key=lambda s: (s.kind == Station.Kind.DOCK, s.code))
    ]


def _packed_lately(found: Sequence[Station], at: datetime) -> dict[int, int]:
    """Slots filled at each station in the last quarter of an hour."""
    scans = ScanEvent.objects.filter(
        station__in=found, accepted=True, slot__isnull=False, recorded_at__gt=at - PACE
    )
    rows = scans.order_by().values("station").annotate(slots=Count("slot", distinct=True))
    return {row["station"]: row["slots"] for row in rows}


def _station(station: Station, packed: int, line: Line, at: datetime, names: bool) -> Board:
    return {
        "id": station.pk,
        "code": station.code,
        "name": station.name,
        "dock": station.kind == Station.Kind.DOCK,
        "commodity": station.commodity_id,
        "operator": name_of(station.operator, names=names),
        "state": _state(station, at),
        "lock": station.lock_code,
        "need": station.lock_need,
        "got": station.lock_got,
        "locked_minutes": minutes(at, station.locked_at) if station.locked_at else None,
        "work": _work(station),
        "pace": round(PACE.total_seconds() / packed) if packed > 1 else None,
        "takt": line.takt_seconds,
    }


def _work(station: Station) -> str:
    if station.rack:
        return station.rack.number
    return station.shipment.number if station.shipment else ""


def _state(station: Station, at: datetime) -> str:
    if station.lock_code:
        return "locked"
    if station.operator_id is None:
        return "nobody"
    recent = station.last_scan_at is not None and at - station.last_scan_at < RUNNING
    return "running" if recent else "waiting"
