"""Releases become demand: one verb, `take_release`, for whatever a customer sends of a part's next days and weeks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet

from inventory import bom
from inventory.demand import Count, Order, Stamp, Wanted, amended, change_in_words, judge_order, skipped
from inventory.errors import Invalid, Refused
from inventory.models import CumulativeBalance, CumulativeOpening, DemandLine, DemandSchedule
from inventory.services.masters import master_for

LINES_AT_MOST = 5000
WIDTHS = {
    "customer_part": 35, "ship_to": 35, "dock": 35, "line_feed": 35, "order_ref": 35, "unit": 3,
    "release_number": 40, "previous_number": 40, "issued": 25,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNews:
    """One release as the gate hands it over; absent text is empty.

    `mode`: a new release "replace"s what is known of its place, or "amend"s the periods it names. `repeats`: the
    message says of itself that it is a copy. `corrects`: it may change a release under the same number.
    `withdraws`: it takes the release of that number back. `today` is the day at the customer's plant.
    """

    customer_id: int
    feed: str
    horizon: str
    customer_part: str
    source: str
    message: str
    received_at: datetime
    today: date
    lines: tuple[Wanted, ...]
    test: bool = False
    ship_to: str = ""
    dock: str = ""
    line_feed: str = ""
    order_ref: str = ""
    unit: str = ""
    release_number: str = ""
    previous_number: str = ""
    issued: str = ""
    mode: str = "replace"
    repeats: bool = False
    corrects: bool = False
    withdraws: bool = False
    cumulative_received: Decimal | None = None
    cumulative_required: Decimal | None = None
    last_despatch: str = ""

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.release_number, self.previous_number, self.issued)

    @property
    def place(self) -> dict[str, str]:
        names = ("feed", "horizon", "customer_part", "ship_to", "dock", "line_feed", "order_ref")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class TakenRelease:
    """APPLIED, DUPLICATE (said before) or OLDER (kept, but a newer one counts); `skipped`: one before is missing."""

    outcome: str
    schedule: DemandSchedule
    text: str
    skipped: bool = False


def take_release(news: ReleaseNews, *, at: datetime) -> TakenRelease:
    """Makes a release the demand of its part and place, inside the caller's transaction.

    Promise: a repeat changes nothing; an older release is kept and never replaces a newer one. Refuses
    (`Refused.code`): `unknown_part` (wait for the master), `release_twice` (one message, two schedules of a place),
    `release_conflict` (the same release with other content), `nothing_to_withdraw`, `no_lines`, `no_place`,
    `value_too_long`, `bad_quantity`. Locks the place's current schedule.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("take_release needs the caller's transaction")
    _check(news)
    part_id = _part(news)
    current = (
        DemandSchedule.objects.select_for_update(no_key=True)
        .filter(**news.place, current=True)
        .order_by()
        .first()
    )
    if current is None:
        return _first(news, part_id, at=at)
    if current.message == news.message:
        raise Refused(
            "release_twice",
            f"this message speaks of {news.customer_part} at the same place twice; ask the customer which counts",
        )
    return _follow(current, news, part_id, at=at)


def _check(news: ReleaseNews) -> None:
    for name, width in WIDTHS.items():
        if len(getattr(news, name)) > width:
            raise Invalid(
                "value_too_long", f"{name} is longer than {width} characters: {getattr(news, name)!r}"
            )
    if not news.customer_part:
        raise Invalid("no_part", "the release names no part")
    if len(news.lines) > LINES_AT_MOST:
        raise Invalid("too_many_lines", f"{len(news.lines)} periods; at most {LINES_AT_MOST} of one part")
    for line in news.lines:
        if line.quantity < 0 or line.quantity >= 10**12:
            raise Invalid(
                "bad_quantity", f"quantity {line.quantity} of {news.customer_part} cannot be wanted"
            )
        if line.first and line.last and line.last < line.first:
            raise Invalid("bad_period", f"{line.first} to {line.last}: the period ends before it begins")


def _part(news: ReleaseNews) -> int:
    master = master_for(news.customer_id, [news.customer_part])
    first = min((line.first for line in news.lines if line.first), default=news.today)
    on = max(first, news.today)
    part_id = bom.cross_refer(news.customer_part, master.references, on) or master.own.get(news.customer_part)
    if part_id is None:
        raise Refused(
            "unknown_part",
            f"part {news.customer_part} is unknown on {on}; enter it, then its release is taken by itself",
            part=news.customer_part,
        )
    return part_id


def _first(news: ReleaseNews, part_id: int, *, at: datetime) -> TakenRelease:
    if news.withdraws:
        raise Refused("nothing_to_withdraw", f"no release of {news.customer_part} is known to be withdrawn")
    if not news.lines and news.mode == "amend":
        raise _no_lines(news)
    schedule = _store(news, part_id, news.lines)
    return TakenRelease("APPLIED", schedule, f"first release of {news.customer_part}: {_amount(news.lines)}")


def _follow(current: DemandSchedule, news: ReleaseNews, part_id: int, *, at: datetime) -> TakenRelease:
    known = Stamp(current.release_number, current.previous_number, current.issued)
    order = judge_order(known, news.stamp)
    lines = lines_of(current)
    if news.withdraws:
        return _withdraw(current, news, part_id, order, lines, at=at)
    said = sorted(news.lines, key=_key)
    same = sorted(lines, key=_key) == said and not current.withdrawn
    if order is Order.SAME and news.mode == "amend":
        same = not current.withdrawn and amended(lines, news.lines) == amended(lines, ())
    if order is Order.SAME and same:
        return TakenRelease("DUPLICATE", current, f"release {_name(current)} is known with the same content")
    if order is Order.SAME and not news.corrects:
        what = "a copy of it" if news.repeats else "the same release"
        raise Refused(
            "release_conflict",
            f"release {_name(current)} of {news.customer_part} is known; {what} came with other quantities",
        )
    if order is Order.OLDER:
        late = _store(news, part_id, news.lines, replaced_at=at)
        text = f"release {_name(late)} is older than {_name(current)}, which stays"
        return TakenRelease("OLDER", late, text)
    return _replace(current, news, part_id, lines, at=at)


def _replace(
    current: DemandSchedule, news: ReleaseNews, part_id: int, lines: list[Wanted], *, at: datetime
) -> TakenRelease:
    if news.mode == "amend":
        if not news.lines:
            raise _no_lines(news)
        wanted: Iterable[Wanted] = amended(lines, news.lines)
    else:
        wanted = news.lines
    wanted = tuple(wanted)
    step, words = change_in_words(lines, wanted, news.today)
    missing = skipped(Stamp(current.release_number, current.previous_number), news.stamp)
    _retire(current, at=at)
    schedule = _store(news, part_id, wanted, change=words, change_quantity=step)
    text = f"{news.customer_part}: {words}" if words else f"{news.customer_part}: nothing changes"
    if missing:
        text += f"; release {news.previous_number} before it never came"
    return TakenRelease("APPLIED", schedule, text, missing)


def _withdraw(
    current: DemandSchedule,
    news: ReleaseNews,
    part_id: int,
    order: Order,
    lines: list[Wanted],
    *,
    at: datetime,
) -> TakenRelease:
    """The customer takes a release back: nothing is wanted until he sends another. What is not the current one
    has no effect left that could be taken back."""
    named = news.release_number in ("", current.release_number)
    if not named:
        older = order is Order.OLDER
        text = f"release {news.release_number} is withdrawn; {_name(current)} stays"
        if not older:
            raise Refused(
                "nothing_to_withdraw", f"release {news.release_number} to withdraw was never received"
            )
        return TakenRelease("OLDER", _store(news, part_id, (), replaced_at=at, withdrawn=True), text)
    if current.withdrawn:
        return TakenRelease("DUPLICATE", current, f"release {_name(current)} is withdrawn already")
    step, words = change_in_words(lines, (), news.today)
    _retire(current, at=at)
    schedule = _store(news, part_id, (), withdrawn=True, change=words, change_quantity=step)
    return TakenRelease("APPLIED", schedule, f"release {_name(current)} is withdrawn; nothing is wanted")


def _no_lines(news: ReleaseNews) -> Refused:
    return Refused(
        "no_lines",
        f"the release of {news.customer_part} amends nothing: it names no period; is it a withdrawal?",
    )


def _key(line: Wanted) -> tuple[object, ...]:
    days = (line.first or date.min, line.last or date.min, line.time)
    return (
        *days,
        line.quantity,
        line.firmness,
        line.interval,
        line.urgency,
        line.order_ref,
        line.kanban_cards,
    )


def _name(schedule: DemandSchedule) -> str:
    return schedule.release_number or schedule.issued or f"of {schedule.received_at:%Y-%m-%d %H:%M}"


def _amount(lines: Iterable[Wanted]) -> str:
    total = sum((line.quantity for line in lines), Decimal(0))
    return f"{total.normalize():f} pieces" if total else "nothing is wanted"


def _retire(schedule: DemandSchedule, *, at: datetime) -> None:
    DemandSchedule.objects.filter(pk=schedule.pk).update(current=False, replaced_at=at)


def _store(news: ReleaseNews, part_id: int, lines: Iterable[Wanted], **more: object) -> DemandSchedule:
    schedule: DemandSchedule = DemandSchedule.objects.create(
        **news.place,
        customer_id=news.customer_id,
        part_id=part_id,
        test=news.test,
        unit=news.unit,
        release_number=news.release_number,
        previous_number=news.previous_number,
        issued=news.issued,
        received_at=news.received_at,
        source=news.source,
        message=news.message,
        current="replaced_at" not in more,
        cumulative_received=news.cumulative_received,
        cumulative_required=news.cumulative_required,
        last_despatch=news.last_despatch[:35],
        **{name: value[:200] if isinstance(value, str) else value for name, value in more.items()},
    )
    DemandLine.objects.bulk_create(
        DemandLine(
            schedule=schedule, number=number, first=line.first, last=line.last, time=line.time[:5],
            quantity=line.quantity, firmness=line.firmness[:8], interval=line.interval[:5],
            urgency=line.urgency[:10], order_ref=line.order_ref[:35], kanban_cards=list(line.kanban_cards),
        )
        for number, line in enumerate(lines, 1)
    )  # fmt: skip
    return schedule


def current_schedules(*, test: bool = False) -> QuerySet[DemandSchedule]:
    """What counts now, one schedule a place; those of test sides only when asked for."""
    return DemandSchedule.objects.filter(current=True, test=test)


def lines_of(schedule: DemandSchedule) -> list[Wanted]:
    """The lines of a schedule as the pure rules take them, in the order sent."""
    return [
        Wanted(
            line.quantity,
            line.first,
            line.last,
            line.firmness,
            line.interval,
            line.time,
            line.urgency,
            line.order_ref,
            tuple(line.kanban_cards),
        )
        for line in schedule.lines.all()
    ]


# cumulative counts


def opening_of(
    customer_id: int, part: str, ship_to: str, since: date | None, *, until: date | None = None
) -> tuple[Decimal, date | None]:
    """What had left before this program counted, and the day its own count begins; (0, `since`) without an entry.

    `until`: an entry of a later day is not looked at; it says nothing of what left before.
    """
    rows = CumulativeOpening.objects.filter(customer=customer_id, customer_part=part)
    rows = rows.filter(Q(ship_to="") | Q(ship_to=ship_to))
    if since is not None:
        rows = rows.filter(day__gte=since)
    if until is not None:
        rows = rows.filter(day__lte=until)
    # An entry for the place itself is more to the point than one for everywhere.
    newest = rows.order_by("-day", "-ship_to").first()
    return (Decimal(0), since) if newest is None else (newest.quantity, newest.day)


def record_balance(
    *, customer_id: int, feed: str, part: str, ship_to: str, dock: str, since: date | None, count: Count,
    note: str, at: datetime,
) -> CumulativeBalance:  # fmt: skip
    """Stores how the two counts of a part stand; one row a place, the last comparison. In the caller's transaction."""
    balance, _ = CumulativeBalance.objects.update_or_create(
        feed=feed, customer_part=part, ship_to=ship_to, dock=dock,
        defaults={
            "customer_id": customer_id, "since": since, "shipped": count.shipped,
            "in_transit": count.in_transit, "received": count.received, "difference": count.difference,
            "note": note[:200], "compared_at": at,
        },
    )  # fmt: skip
    return balance
