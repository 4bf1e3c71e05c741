"""Lines of delivery schedules become calls of a quantity, as the partner's profile says (`[release] calls`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction

from edi.formats import Profile
from edi.models import TradingPartner
from edi.services.alarms import clear_alarm, raise_alarm
from edi.services.cumulatives import on_the_road, unloading_points
from edi.services.profiles import profile_of
from inventory.demand import Wanted, left_to_plan
from inventory.errors import Refused
from inventory.models import DemandSchedule
from inventory.services import current_schedules, lines_of
from sequencer.models import UnloadingPoint
from sequencer.services.quantity import QuantityNews, follow_schedule

ALARM = "QUANTITY_CALL"
# A line with a day and no time is wanted in the course of that day.
END_OF_DAY = time(23, 59)
DAYS = frozenset({"", "day", "date"})


def call_quantities(
    partner: TradingPartner, profile: Profile, customer_part: str, *, at: datetime
) -> list[str]:
    """Makes the calls of a partner's part what his current schedules want now; returns what changed, in words.

    Promise: it follows from the schedules that count alone, so a copy, an older release or this verb called again
    changes nothing. What is on the road and not in his count yet is taken off the lines due first. What it cannot
    call (no single unloading point, no whole pieces) is an alarm, and the rest is called. Runs in the caller's
    transaction.
    """
    if profile.release.calls == "none" or partner.test_partner:
        return []
    schedules = [
        schedule
        for schedule in current_schedules().filter(feed=partner.code, customer_part=customer_part)
        if profile.release.calls == "firm" or schedule.horizon == DemandSchedule.Horizon.CALL
    ]
    points: dict[int, list[DemandSchedule]] = {}
    problems = []
    for schedule in schedules:
        found = unloading_points(partner, schedule.ship_to, schedule.dock)
        if len(found) == 1:
            points.setdefault(found[0].pk, []).append(schedule)
        else:
            place = f"{schedule.ship_to} {schedule.dock}".strip() or "no place"
            problems.append(
                f"{place} is {'no' if not found else 'more than one'} unloading point of his routes"
            )
    told: list[str] = []
    for point in UnloadingPoint.objects.select_related("plant").filter(pk__in=points):
        wanted, wrong = _wanted(partner, profile, point, points[point.pk], at=at)
        problems += wrong
        try:
            with transaction.atomic():
                told += follow_schedule(partner.code, customer_part, [point.pk], wanted, at=at)
        except Refused as no:
            problems.append(no.message)
    subject = f"{partner.code} {customer_part}"[:80]
    if problems:
        raise_alarm(
            partner, ALARM, subject, f"{customer_part} cannot be called: {'; '.join(problems)}"[:300], at=at
        )
    else:
        clear_alarm(ALARM, subject, at=at, note="called")
    return told


def call_due_quantities(*, at: datetime) -> int:
    """Sweep: lines whose time has come by the clock alone. Returns how many calls changed."""
    changed = 0
    for partner in TradingPartner.objects.filter(active=True, test_partner=False).order_by("pk"):
        profile = profile_of(partner)
        if profile.release.calls == "none":
            continue
        parts = (
            current_schedules().filter(feed=partner.code).order_by().values_list("customer_part", flat=True)
        )
        for part in parts.distinct():
            with transaction.atomic(durable=True):
                TradingPartner.objects.select_for_update(no_key=True).get(pk=partner.pk)
                changed += len(call_quantities(partner, profile, part, at=at))
    return changed


def _wanted(
    partner: TradingPartner,
    profile: Profile,
    point: UnloadingPoint,
    schedules: list[DemandSchedule],
    *,
    at: datetime,
) -> tuple[list[QuantityNews], list[str]]:
    """Every line that is to be called now, the one due first on top, less what is on the road; and what is wrong."""
    zone = ZoneInfo(profile.timezone)
    rows = sorted(
        ((_due(line, schedule, zone), schedule, line) for schedule, line in _lines(profile, schedules)),
        key=lambda row: (row[0], row[1].pk),
    )
    # The newest count, of the short-range call-offs first: their lines begin where it ends.
    counted = sorted(
        (s for s in schedules if s.cumulative_received is not None),
        key=lambda s: (s.horizon != DemandSchedule.Horizon.CALL, -s.received_at.timestamp(), -s.pk),
    )
    road: Decimal | None = None
    if counted:
        first = counted[0]
        received = Decimal(first.cumulative_received or 0)
        road = on_the_road(partner, profile, first.customer_part, first.ship_to, first.dock, received, at=at)
    found: dict[tuple[object, ...], QuantityNews] = {}
    problems = []
    for due, schedule, line in rows:
        if line.quantity != int(line.quantity):
            problems.append(f"{line.quantity} are no whole pieces")
            continue
        # A card stands for itself: it is called until its box has left, whatever else is on the road.
        covered = min(line.quantity, road) if road is not None and not line.kanban_cards else None
        if road is not None and covered is not None:
            road -= covered
        if due > at + timedelta(hours=profile.release.call_hours) or not line.quantity:
            continue
        signal = line.order_ref or schedule.order_ref
        if line.first is None:
            signal = signal or schedule.release_number or schedule.issued
        key = (schedule.line_feed, signal, due)
        called = int(line.quantity)
        left = None if covered is None else called - int(covered)
        cards = line.kanban_cards
        before = found.get(key)
        if before is not None:
            called += before.called
            cards = (*before.cards, *cards)
            left = None if left is None or before.open is None else left + before.open
        found[key] = QuantityNews(
            unloading_point_id=point.pk, part_id=schedule.part_id, customer_part=schedule.customer_part, due_at=due,
            called=called, open=left, line_feed=schedule.line_feed, signal=signal[:35],
            order_ref=line.order_ref or schedule.order_ref, unit_code=schedule.unit, cards=cards,
        )  # fmt: skip
    return list(found.values()), problems


def _lines(profile: Profile, schedules: list[DemandSchedule]) -> Iterable[tuple[DemandSchedule, Wanted]]:
    """Lines of the short-range call-offs, and under "firm" what the plan adds to them in firm days."""
    short = [s for s in schedules if s.horizon == DemandSchedule.Horizon.CALL and not s.withdrawn]
    plans = [s for s in schedules if s.horizon == DemandSchedule.Horizon.PLAN and not s.withdrawn]
    called = [(s, line) for s in short for line in lines_of(s) if line.firmness in {"", "firm"}]
    yield from called
    if profile.release.calls == "firm":
        for schedule in plans:
            firm = [w for w in lines_of(schedule) if w.firmness == "firm" and w.interval in DAYS]
            for line in left_to_plan([line for _, line in called], firm):
                yield schedule, line


def _due(line: Wanted, schedule: DemandSchedule, zone: ZoneInfo) -> datetime:
    if line.first is None:
        return schedule.received_at
    clock = time.fromisoformat(line.time) if line.time else END_OF_DAY
    return datetime.combine(line.first, clock, tzinfo=zone).astimezone(UTC)
