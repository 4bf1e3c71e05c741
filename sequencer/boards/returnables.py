"""Returnable racks: how many are where, which are out too long, what was lost, when the empties run out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Min, OuterRef, Q, Subquery

from sequencer.models import Carrier, CarrierMovement, Rack, RackType
from sequencer.states import BOUND_RACKS, OUT_RACKS, RackStatus, Stage

Board = dict[str, Any]
Kind = CarrierMovement.Kind
AHEAD = timedelta(hours=12)
LAST_LOOPS = 200
# A rack is started this long before its first piece must leave.
BUILT_BEFORE = timedelta(minutes=30)
ROWS = 60


def returnables(*, at: datetime, rack_type: str = "", show: str = "out") -> Board:
    """The page: one tile a rack type, and a list of carriers (`show`: out, late, lost, free, all)."""
    types = list(RackType.objects.annotate(carrier_count=Count("carriers")).filter(carrier_count__gt=0))
    carriers = list(_carriers(rack_type))
    tiles = [_tile(kind, at) for kind in types]
    rows = [_row(carrier, at) for carrier in carriers]
    chosen = [
        row
        for row in rows
        if show == "all" or row["state"] == show or (show == "out" and row["state"] == "late")
    ]
    chosen.sort(key=lambda row: (-(row["hours"] or 0), row["code"]))
    return {
        "tiles": tiles,
        "rows": chosen[:ROWS],
        "more": max(0, len(chosen) - ROWS),
        "show": show,
        "rack_type": rack_type,
        "counts": {state: sum(row["state"] == state for row in rows) for state in STATES},
        "ledger": list(CarrierMovement.objects.select_related("carrier", "shipment").order_by("-id")[:12]),
    }


STATES = ("free", "work", "out", "late", "lost", "repair")


def _carriers(rack_type: str) -> Any:
    bound = Rack.objects.filter(carrier=OuterRef("pk"), status__in=sorted(BOUND_RACKS))
    found = (
        Carrier.objects.filter(kind=Carrier.Kind.RACK)
        .select_related("rack_type")
        .annotate(
            rack_number=Subquery(bound.values("number")[:1]),
            rack_state=Subquery(bound.values("status")[:1]),
            plant_code=Subquery(bound.values("commodity__program__unloading_point__plant__code")[:1]),
            loop_hours=Subquery(bound.values("commodity__program__unloading_point__plant__loop_hours")[:1]),
            truck=Subquery(bound.values("shipment__number")[:1]),
            left_at=Max("movements__at", filter=Q(movements__kind=Kind.OUT)),
            loops=Count("movements", filter=Q(movements__kind=Kind.BACK)),
            losses=Count("movements", filter=Q(movements__kind=Kind.LOST)),
        )
    )
    return found.filter(rack_type__code=rack_type) if rack_type else found


def _row(carrier: Any, at: datetime) -> Board:
    out = carrier.rack_state in OUT_RACKS
    hours = (at - carrier.left_at).total_seconds() / 3600 if out and carrier.left_at else None
    return {
        "id": carrier.pk,
        "code": carrier.code,
        "type": carrier.rack_type.code,
        "state": _state(carrier, out, hours),
        "rack": carrier.rack_number or "",
        "where": _where(carrier, out),
        "hours": hours,
        "left_at": carrier.left_at if out else None,
        "loops": carrier.loops,
        "losses": carrier.losses,
        "lost_at": carrier.lost_at,
        "may_lose": carrier.lost_at is None and (out or carrier.rack_state is None),
    }


def _state(carrier: Any, out: bool, hours: float | None) -> str:
    if carrier.lost_at is not None:
        return "lost"
    if out:
        return "late" if hours is not None and hours > (carrier.loop_hours or 24) else "out"
    if carrier.rack_state is not None:
        return "work"
    return "repair" if carrier.blocked else "free"


def _where(carrier: Any, out: bool) -> str:
    if out:
        place = "at" if carrier.rack_state == RackStatus.AT_OEM else "on the way to"
        return f"{place} {carrier.plant_code}, {carrier.truck or 'no truck'}"
    if carrier.rack_number:
        return f"rack {carrier.rack_number}"
    return "here"


def _tile(kind: Any, at: datetime) -> Board:
    rows = [_row(carrier, at) for carrier in _carriers(kind.code)]
    count = {state: sum(row["state"] == state for row in rows) for state in STATES}
    loop = loop_hours(kind)
    forecast = empties_forecast(kind, free=count["free"], at=at, loop=loop)
    return {
        "code": kind.code,
        "name": kind.name,
        "total": len(rows),
        **count,
        "loop": loop,
        "loops": sum(row["loops"] for row in rows),
        "losses": sum(row["losses"] for row in rows),
        "forecast": forecast,
        "zone": _zone(kind),
    }


def _zone(kind: RackType) -> str:
    """Whose clock stands beside ours; a type that goes to plants in several zones has ours alone."""
    zones = set(kind.commodities.values_list("program__unloading_point__plant__time_zone", flat=True))
    return str(zones.pop()) if len(zones) == 1 else settings.TIME_ZONE


def loop_hours(kind: RackType) -> float:
    """How long a loop takes: the median of the last ones, else what the plant expects."""
    recent = CarrierMovement.objects.filter(
        kind=Kind.BACK, carrier__rack_type=kind, loop_minutes__isnull=False
    )
    rows = recent.order_by("-id").values_list("loop_minutes", flat=True)[:LAST_LOOPS]
    minutes = [row for row in rows if row is not None]
    if minutes:
        return round(median(minutes) / 60, 1)
    expected = kind.commodities.aggregate(h=Min("program__unloading_point__plant__loop_hours"))["h"]
    return float(expected or 24)


def empties_forecast(kind: RackType, *, free: int, at: datetime, loop: float) -> Board:
    """Hour by hour: empties here, minus racks that are started, plus those expected back. When it runs out, says so."""
    starts = _starts(kind, at)
    returns = _returns(kind, at, loop)
    hours, left, out_at = [], free, None
    for n in range(int(AHEAD.total_seconds() // 3600)):
        left += returns.get(n, 0) - starts.get(n, 0)
        hours.append(left)
        if left < 0 and out_at is None:
            out_at = at + timedelta(hours=n)
    highest = max(1, *(abs(value) for value in hours))
    return {
        "hours": [
            {"left": value, "height": round(100 * max(0, value) / highest), "short": value < 0, "n": n + 1}
            for n, value in enumerate(hours)
        ],
        "runs_out_at": out_at,
        "short": -min(0, *hours),
        "wanted": sum(starts.values()),
        "expected": sum(returns.values()),
    }


def _starts(kind: RackType, at: datetime) -> dict[int, int]:
    """Planned racks by the hour in which they are started."""
    racks = (
        Rack.objects.filter(commodity__rack_type=kind, status=RackStatus.PLANNED)
        .annotate(
            due=Min(
                "slots__group__call_off__required_at", filter=Q(slots__group__call_off__stage=Stage.FIRM)
            ),
            transit=F("commodity__program__unloading_point__plant__transit_minutes"),
        )
        .filter(due__isnull=False)
        .values_list("due", "transit")
    )
    starts = [due - timedelta(minutes=transit) - BUILT_BEFORE for due, transit in racks]
    return _by_hour(starts, at)


def _returns(kind: RackType, at: datetime, loop: float) -> dict[int, int]:
    """Empties by the hour in which they are expected; one that is later than twice its loop is not counted on."""
    out = (
        Carrier.objects.filter(rack_type=kind, lost_at__isnull=True, racks__status__in=sorted(OUT_RACKS))
        .annotate(left_at=Max("movements__at", filter=Q(movements__kind=Kind.OUT)))
        .filter(left_at__gt=at - timedelta(hours=2 * loop))
        .values_list("left_at", flat=True)
    )
    return _by_hour([left + timedelta(hours=loop) for left in out], at)


def _by_hour(moments: Sequence[datetime], at: datetime) -> dict[int, int]:
    """What is overdue already counts for the first hour."""
    hours: dict[int, int] = defaultdict(int)
    for moment in moments:
        n = max(0, int((moment - at).total_seconds() // 3600))
        if n * 3600 < AHEAD.total_seconds():
            hours[n] += 1
    return hours
