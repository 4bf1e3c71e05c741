"""A partner's test side beside his production, as its page shows it: what came on both, and which calls differ."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Count, Max, Min, Q

from edi.models import InboundEvent, InboundMessage, TradingPartner
from edi.services.profiles import standing_of
from edi.services.sides import ParallelRun, compare_sides
from edi.states import MessageStatus

# Days a person may look back over; he waits while the calls are compared.
PERIODS = (1, 7, 30)
USUAL = 7
# So many calls are listed; whoever has more has one cause to find, not more calls to read.
CALLS_SHOWN = 100

Row = dict[str, Any]


def parallel_page(code: str, days: str, *, at: datetime) -> Row:
    """The run of one partner (the first that has a test side, if none is named) and the choices beside it."""
    partners = list(
        TradingPartner.objects.filter(test_side__isnull=False).select_related("test_side").order_by("code")
    )
    chosen = next((one for one in partners if one.code == code), partners[0] if partners else None)
    period = int(days) if days.isdecimal() and int(days) in PERIODS else USUAL
    page: Row = {"partners": partners, "partner": chosen, "days": period, "periods": PERIODS}
    if chosen is None or chosen.test_side is None:
        return page
    since = at - timedelta(days=period)
    run = compare_sides(chosen, since, at)
    sides = [_side(one, since, at) for one in (chosen, chosen.test_side)]
    calls = list(_calls(run, sides, since, at))
    return page | {
        "since": since, "until": at, "run": run, "sides": sides, "types": _types(sides), "calls": calls[:CALLS_SHOWN],
        "differ": len(calls), "more": max(0, len(calls) - CALLS_SHOWN), "verdict": _verdict(run, len(calls)),
    }  # fmt: skip


def _verdict(run: ParallelRun, differ: int) -> Row:
    """The one sentence a person came for, what to do about it, and its colour."""
    if not run.test:
        level, text = "soon", "Nothing came on the test side"
        then = "Send the same messages marked as a test, or wait for the partner's; until then nothing is proven."
    elif differ:
        level, text = "stop", "1 call differs" if differ == 1 else f"{differ} calls differ"
        then = (
            "Look at the files on both sides: a call on one side only was not sent there, other facts are read "
            "otherwise."
        )
    elif run.waiting:
        level, text = "soon", "The same calls, but some wait on the test side"
        then = "What is held or quarantined there stands in the quarantine."
    else:
        level, text = "ok", "Both sides say the same"
        then = "Every call of the period stands alike, and the test side left nothing undecided."
    return {"level": level, "text": text, "then": then}


def _side(partner: TradingPartner, since: datetime, until: datetime) -> Row:
    """What one side received in the period, by message type."""
    rows = InboundMessage.objects.filter(
        interchange__partner=partner,
        interchange__delivery__received_at__gte=since,
        interchange__delivery__received_at__lt=until,
    )
    counts = rows.order_by().values_list("type").annotate(
        messages=Count("pk"), rejected=Count("pk", filter=Q(status=MessageStatus.REJECTED))
    )  # fmt: skip
    heard = rows.aggregate(
        files=Count("interchange__delivery", distinct=True),
        first=Min("interchange__delivery__received_at"),
        last=Max("interchange__delivery__received_at"),
    )
    types = {kind: {"messages": messages, "rejected": rejected} for kind, messages, rejected in counts}
    return {"partner": partner, "standing": standing_of(partner), "types": types, **heard}


def _types(sides: list[Row]) -> list[Row]:
    """Message types of either side with both counts."""
    none = {"messages": 0, "rejected": 0}
    here, there = (side["types"] for side in sides)
    return [
        {"name": kind or "no type", "here": here.get(kind, none), "there": there.get(kind, none)}
        for kind in sorted({*here, *there})
    ]


def _calls(run: ParallelRun, sides: list[Row], since: datetime, until: datetime) -> Iterable[Row]:
    """Each call that differs with its facts and the newest file of either side that speaks of it."""
    found = [
        (number, list(facts)) for number, facts in groupby(run.differences, lambda item: item.call_number)
    ]
    shown = [number for number, _ in found[:CALLS_SHOWN]]
    files = [_files(side["partner"], shown, since, until) for side in sides]
    for number, facts in found:
        yield {"number": number, "facts": facts, "here": files[0].get(number), "there": files[1].get(number)}


def _files(partner: TradingPartner, numbers: list[str], since: datetime, until: datetime) -> dict[str, Row]:
    events = InboundEvent.objects.filter(
        partner=partner,
        call_number__in=numbers,
        message__interchange__delivery__received_at__gte=since,
        message__interchange__delivery__received_at__lt=until,
    ).order_by("pk")
    rows = events.values_list("call_number", "pk", "message__interchange__delivery")
    return {number: {"event": event, "delivery": delivery} for number, event, delivery in rows}
