"""Cumulative quantities: what we shipped of a part against what the partner says he received."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, Sum

from edi.formats import Profile
from edi.models import DeliveryConfirmation, TradingPartner
from edi.services.alarms import clear_alarm, raise_alarm
from inventory.demand import Count, count_starts, difference_in_words
from inventory.models import CumulativeBalance, DemandSchedule
from inventory.services import current_schedules, opening_of, record_balance
from sequencer.models import CallComponent, SequencingProgram, Shipment, UnloadingPoint
from sequencer.services.quantity import shipped_pieces
from sequencer.states import SHIPPED_GROUPS

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to where the partner's books go: what left later is on the road. `text` says how that was told."""

    left_after: datetime | None
    text: str


def compare_counts(
    partner: TradingPartner, profile: Profile, part: str, ship_to: str, dock: str, *, at: datetime
) -> CumulativeBalance:
    """Compares both counts of a part at one place, stores the balance, and keeps a task open while they differ.

    Ours: the opening figure and every called piece of departed shipments since the count began
    (`[release] cumulative_reset`). His: the figure of his newest release and the receipts after it. Runs in the
    caller's transaction.
    """
    zone = ZoneInfo(profile.timezone)
    points = unloading_points(partner, ship_to, dock)
    base = (
        current_schedules()
        .filter(feed=partner.code, customer_part=part, ship_to=ship_to, dock=dock)
        .filter(cumulative_received__isnull=False)
        .order_by("-received_at", "-pk")
        .first()
    )
    since = count_starts(at.astimezone(zone).date(), profile.release.cumulative_reset)
    opening, counted_from = opening_of(partner.customer_id, part, ship_to, since)
    shipments = _shipments(points, counted_from, zone)
    confirmed = _confirmations(partner, part, points, base, since, zone)
    mark = _mark(base, points, zone)
    road = shipments.exclude(pk__in=confirmed.values("shipment"))
    if mark.left_after is not None:
        road = road.filter(departed_at__gt=mark.left_after)
    received = confirmed.aggregate(total=Sum("received"))["total"] or NOTHING
    if base is not None and base.cumulative_received is not None:
        received += base.cumulative_received
    count = Count(opening + _pieces(shipments, part), _pieces(road, part), received)
    balance = record_balance(
        customer_id=partner.customer_id, feed=partner.code, part=part, ship_to=ship_to, dock=dock, since=since,
        count=count, note=mark.text, at=at,
    )  # fmt: skip
    _tell(partner, part, ship_to, dock, count, mark, at=at)
    return balance


def unloading_points(partner: TradingPartner, ship_to: str, dock: str) -> list[UnloadingPoint]:
    """Where the partner's pieces go: the points of his routes, fewer where plant or dock are known by these names."""
    programs = SequencingProgram.objects.filter(pk__in=partner.routes.values("program"))
    points = list(UnloadingPoint.objects.filter(programs__in=programs).select_related("plant").distinct())
    at_plant = [point for point in points if point.plant.code == ship_to] or points
    return [point for point in at_plant if point.code == dock] or at_plant


@dataclass(frozen=True, slots=True)
class ToDate:
    """What left of a part up to and with one truck, and the day that count began; None when it never restarts."""

    quantity: Decimal
    since: date | None


def shipped_to_date(
    partner: TradingPartner, profile: Profile, shipment: Shipment, parts: Iterable[str]
) -> dict[str, ToDate]:
    """Cumulative quantities of a departed shipment's parts at its plant, as its despatch advice tells them.

    Promise: added up from the departed trucks themselves, so each counts once however often its message is written,
    sent, corrected or refused, and one written late does not hold the trucks that left after it. The count restarts
    with `[release] cumulative_reset` or an opening figure entered for the part. Reads only. Pieces in the unit of the
    call-off.
    """
    assert shipment.departed_at is not None
    plant = shipment.unloading_point.plant
    zone = ZoneInfo(profile.timezone)
    left_on = shipment.departed_at.astimezone(zone).date()
    since = count_starts(left_on, profile.release.cumulative_reset)
    points = unloading_points(partner, plant.code, "")
    before = Q(departed_at__lt=shipment.departed_at) | Q(
        departed_at=shipment.departed_at, pk__lte=shipment.pk
    )
    found = {}
    for part in parts:
        opening, counted_from = opening_of(partner.customer_id, part, plant.code, since, until=left_on)
        pieces = _pieces(_shipments(points, counted_from, zone).filter(before), part)
        # An opening of nothing is the partner's restart on that day; any other figure was counted before it.
        found[part] = ToDate(opening + pieces, since if opening else counted_from)
    return found


def on_the_road(
    partner: TradingPartner,
    profile: Profile,
    part: str,
    ship_to: str,
    dock: str,
    received: Decimal,
    *,
    at: datetime,
) -> Decimal:
    """Pieces that left here and are not in the partner's count `received`, which his release tells: never below none.

    What his lines still ask for does not know of them. Reads only.
    """
    zone = ZoneInfo(profile.timezone)
    since = count_starts(at.astimezone(zone).date(), profile.release.cumulative_reset)
    opening, counted_from = opening_of(partner.customer_id, part, ship_to, since)
    left = _pieces(_shipments(unloading_points(partner, ship_to, dock), counted_from, zone), part)
    return max(NOTHING, opening + left - received)


def _shipments(
    points: Sequence[UnloadingPoint], counted_from: date | None, zone: ZoneInfo
) -> QuerySet[Shipment]:
    rows = Shipment.objects.filter(unloading_point__in=points, departed_at__isnull=False)
    return rows if counted_from is None else rows.filter(departed_at__gte=_midnight(counted_from, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _pieces(shipments: QuerySet[Shipment], part: str) -> Decimal:
    found = CallComponent.objects.filter(
        called=True,
        customer_part=part,
        group__status__in=sorted(SHIPPED_GROUPS),
        group__slot__rack__shipment__in=shipments.values("pk"),
    )
    in_racks = found.aggregate(total=Sum("quantity"))["total"] or 0
    return Decimal(in_racks + shipped_pieces(part, shipments.values("pk")))


def pieces_of(shipment: Shipment, part: str) -> Decimal:
    """Called pieces of a part on one shipment."""
    return _pieces(Shipment.objects.filter(pk=shipment.pk), part)


def _confirmations(
    partner: TradingPartner, part: str, points: Sequence[UnloadingPoint], base: DemandSchedule | None,
    since: date | None, zone: ZoneInfo,
) -> QuerySet[DeliveryConfirmation]:  # fmt: skip
    """Receipts his figure cannot hold yet: those that came after the release that told it."""
    rows = DeliveryConfirmation.objects.filter(
        partner=partner, customer_part=part, shipment__unloading_point__in=points
    )
    if base is not None:
        return rows.filter(booked_at__gt=base.received_at)
    return rows if since is None else rows.filter(shipment__departed_at__gte=_midnight(since, zone))


def _mark(base: DemandSchedule | None, points: Sequence[UnloadingPoint], zone: ZoneInfo) -> Mark:
    if base is None:
        return Mark(None, "on the road: what he has not confirmed")
    if base.last_despatch:
        booked = shipment_named(base.last_despatch)
        if booked is not None:
            return Mark(
                booked.departed_at, f"on the road: what left after {booked.number}, the last he booked"
            )
    transit = timedelta(minutes=max((point.plant.transit_minutes for point in points), default=0))
    told = _moment(base.issued, zone) or base.received_at
    unknown = f"; {base.last_despatch}, the last he booked, is none of ours" if base.last_despatch else ""
    return Mark(told - transit, f"on the road: what left in the transit time before his count{unknown}")


def _moment(issued: str, zone: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(issued)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def shipment_named(number: str) -> Shipment | None:
    """The departed shipment a partner speaks of, by its number or the last digits of it; never one of two."""
    departed = Shipment.objects.filter(departed_at__isnull=False)
    exact = departed.filter(number=number).first()
    if exact is not None:
        return exact
    tail = number.lstrip("0")
    found = list(departed.filter(number__endswith=tail).order_by("-pk")[:2]) if len(tail) > 3 else []
    return found[0] if len(found) == 1 else None


def _tell(
    partner: TradingPartner, part: str, ship_to: str, dock: str, count: Count, mark: Mark, *, at: datetime
) -> None:
    subject = " ".join(item for item in (partner.code, part, ship_to, dock) if item)[:80]
    if not count.difference:
        clear_alarm("CUMULATIVE", subject, at=at, note="both counts agree")
        return
    words = difference_in_words(part, str(partner), count)
    raise_alarm(partner, "CUMULATIVE", subject, f"{words}. {mark.text}", at=at)


def open_balances() -> QuerySet[CumulativeBalance]:
    """Parts whose two counts differ."""
    return CumulativeBalance.objects.filter(~Q(difference=0))
