"""What customers want of parts in the next days and weeks: the non-sequenced planner's table. Only reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from inventory.demand import Wanted, left_to_plan
from inventory.models import CumulativeBalance, DemandLine, DemandSchedule
from inventory.services import current_schedules, lines_of

DAYS, WEEKS = 7, 5
ROWS_A_PAGE = 50
FIRM = "firm"
NOTHING = Decimal(0)
Place = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address filters: `show` is "changed" (by the last release) or "differs" (the counts do)."""

    q: str = ""
    feed: str = ""
    ship_to: str = ""
    show: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Span:
    """One column: a day, a week, or what is wanted at once and without end."""

    title: str
    first: date | None
    last: date | None


def columns(today: date) -> list[Span]:
    """At once, a week of days from today on, then the weeks behind them, then all that is later."""
    days = [today + timedelta(days=n) for n in range(DAYS)]
    spans = [Span("at once", None, None), *(Span(f"{day:%a %-d %b}", day, day) for day in days)]
    start = days[-1] + timedelta(days=1)
    for _ in range(WEEKS):
        end = start + timedelta(days=6 - start.weekday())
        spans.append(Span(f"to {end:%-d %b}", start, end))
        start = end + timedelta(days=1)
    return [*spans, Span("later", start, None)]


def demand_table(asked: Asked, *, today: date) -> dict[str, Any]:
    """The columns, one row a part and place, and whether there are more."""
    spans = columns(today)
    places = _places(asked)
    start = (max(1, asked.page) - 1) * ROWS_A_PAGE
    shown = places[start : start + ROWS_A_PAGE]
    schedules = _schedules(shown)
    balances = _balances(shown)
    rows = [_row(schedules[place], balances.get(place), spans, today) for place in shown]
    return {
        "columns": spans,
        "rows": rows,
        "count": len(places),
        "page": asked.page,
        "pages": max(1, -(-len(places) // ROWS_A_PAGE)),
    }


def choices() -> dict[str, list[str]]:
    """What there is to filter by."""
    rows = current_schedules().order_by()
    return {
        "feeds": sorted(set(rows.values_list("feed", flat=True))),
        "ship_tos": sorted(set(rows.values_list("ship_to", flat=True)) - {""}),
    }


def _places(asked: Asked) -> list[Place]:
    rows = current_schedules()
    if asked.q:
        rows = rows.filter(
            Q(customer_part__icontains=asked.q) | Q(part__number__icontains=asked.q)
            | Q(part__description__icontains=asked.q) | Q(order_ref__icontains=asked.q)
        )  # fmt: skip
    if asked.feed:
        rows = rows.filter(feed=asked.feed)
    if asked.ship_to:
        rows = rows.filter(ship_to=asked.ship_to)
    if asked.show == "changed":
        rows = rows.exclude(change="")
    names = rows.order_by("customer_part", "feed", "ship_to", "dock").values_list(
        "feed", "customer_part", "ship_to", "dock"
    )
    places = list(dict.fromkeys(names))
    if asked.show == "differs":
        apart = set(
            CumulativeBalance.objects.exclude(difference=0).values_list(
                "feed", "customer_part", "ship_to", "dock"
            )
        )
        places = [place for place in places if place in apart]
    return places


def _of_places(rows: QuerySet[Any], places: Sequence[Place]) -> Iterable[Any]:
    """Rows of these places: narrowed by the parts in the database, by the place here."""
    wanted = set(places)
    for row in rows.filter(customer_part__in={part for _, part, _, _ in places}):
        if (row.feed, row.customer_part, row.ship_to, row.dock) in wanted:
            yield row


def _schedules(places: Sequence[Place]) -> dict[Place, list[DemandSchedule]]:
    found: dict[Place, list[DemandSchedule]] = defaultdict(list)
    lines = Prefetch("lines", DemandLine.objects.order_by("number"))
    rows = current_schedules().select_related("part", "customer").prefetch_related(lines).order_by("pk")
    for row in _of_places(rows, places):
        found[(row.feed, row.customer_part, row.ship_to, row.dock)].append(row)
    return found


def _balances(places: Sequence[Place]) -> dict[Place, CumulativeBalance]:
    rows = _of_places(CumulativeBalance.objects.all(), places)
    return {(row.feed, row.customer_part, row.ship_to, row.dock): row for row in rows}


def _row(
    schedules: list[DemandSchedule], balance: CumulativeBalance | None, spans: list[Span], today: date
) -> dict[str, Any]:
    lines = wanted_of(schedules)
    cells = [_cell(lines, span, today) for span in spans]
    newest = max(schedules, key=lambda schedule: (schedule.received_at, schedule.pk))
    return {
        "part": newest.part,
        "customer_part": newest.customer_part,
        "feed": newest.feed,
        "ship_to": newest.ship_to,
        "dock": newest.dock,
        "newest": newest,
        "orders": sorted({schedule.order_ref for schedule in schedules} - {""}),
        "withdrawn": all(schedule.withdrawn for schedule in schedules),
        "cells": cells,
        "total": sum((cell["firm"] + cell["planned"] for cell in cells), NOTHING),
        "balance": balance,
    }


def wanted_of(schedules: Iterable[DemandSchedule]) -> list[Wanted]:
    """What is wanted of one part at one place: every call-off, and what the plans add behind them."""
    calls: list[Wanted] = []
    plans: list[Wanted] = []
    for schedule in schedules:
        is_call = schedule.horizon == DemandSchedule.Horizon.CALL
        (calls if is_call else plans).extend(lines_of(schedule))
    return [*calls, *left_to_plan(calls, plans)]


def _cell(lines: Iterable[Wanted], span: Span, today: date) -> dict[str, Decimal]:
    """Firm and planned pieces of a column. A period counts where it begins, one that runs already today."""
    cell = {"firm": NOTHING, "planned": NOTHING}
    for line in lines:
        if _falls_in(line, span, today):
            cell["firm" if line.firmness == FIRM else "planned"] += line.quantity
    return cell


def _falls_in(line: Wanted, span: Span, today: date) -> bool:
    if line.first is None or line.end is None:
        return span.first is None
    if span.first is None or line.end < today:
        return False
    start = max(line.first, today)
    return span.first <= start and (span.last is None or start <= span.last)
