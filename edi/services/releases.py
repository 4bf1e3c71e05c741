"""Delivery schedules (DELFOR, 830, 862, VDA 4905 and 4915) become demand of the part, one event a part and place."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from edi.formats import Message, Profile, Release, ReleaseLine, as_json
from edi.formats.schedules import discrete_lines
from edi.models import InboundEvent
from edi.services.alarms import clear_alarm, raise_alarm
from edi.services.cumulatives import compare_counts
from edi.services.profiles import profile_of
from edi.services.quantities import call_quantities
from inventory.demand import Wanted
from inventory.errors import Invalid
from inventory.models import DemandSchedule
from inventory.services import ReleaseNews, TakenRelease, take_release

SCHEDULE = "SCHEDULE"
# Short-range call-offs; every other release is the long-range plan behind them.
CALLS = frozenset({"862", "DELJIT", "4915", "VDA4915"})
# Facts of a release that are no keys of the canonical JSON.
HIDDEN = (
    "supplier_part", "unit", "order_ref", "line_feed", "release_number", "previous_number", "cumulative_shipped",
    "cumulative_required", "last_despatch", "is_cumulative",
)  # fmt: skip
# DE 1225 in words (`edi.formats.facts.FUNCTIONS`).
REPEATS = frozenset({"duplicate", "copy", "retransmission"})
CORRECTS = frozenset({"replace", "change", "addition"})
WITHDRAWS = frozenset({"cancellation", "deletion_request", "withdraw"})


def release_content(message: Message, release: Release) -> dict[str, Any]:
    """What an event keeps of a release: its canonical reading, the facts beside it and what the header says."""
    content = as_json(release)
    assert isinstance(content, dict)
    hidden = {name: getattr(release, name) for name in HIDDEN}
    return {
        **content,
        **hidden,
        "ship_to": release.ship_to or message.ship_to,
        "issued_at": message.issued_at,
        "beside_lines": [[line.order_ref, line.urgency, [*line.kanban_cards]] for line in release.lines],
        "call_number": release.part_number,
    }


def take_schedule(event: InboundEvent, *, at: datetime) -> TakenRelease:
    """Lets the inventory take one release, in the caller's transaction, and compares the cumulative counts.

    Refuses what `take_release` refuses, and a quantity or day that is none. A test side's releases are kept apart.
    """
    partner = event.partner
    profile = profile_of(partner)
    news = read_release(event, profile, at=at)
    taken = take_release(news, at=at)
    subject = f"{partner.code} {news.customer_part} {news.ship_to}"[:80]
    if taken.skipped and news.mode == "amend":
        raise_alarm(partner, "RELEASE_GAP", subject, f"{partner}: {taken.text}; ask for it", at=at)
    elif taken.outcome == "APPLIED" and not taken.skipped:
        clear_alarm("RELEASE_GAP", subject, at=at, note=taken.text)
    if taken.outcome == "APPLIED" and news.cumulative_received is not None and not news.test:
        compare_counts(partner, profile, news.customer_part, news.ship_to, news.dock, at=at)
    if taken.outcome == "APPLIED":
        call_quantities(partner, profile, news.customer_part, at=at)
    return taken


def read_release(event: InboundEvent, profile: Profile, *, at: datetime) -> ReleaseNews:
    """The stored reading of a release in the inventory's words."""
    facts, message = event.content, event.message
    function = message.function
    return ReleaseNews(
        customer_id=event.partner.customer_id,
        feed=event.partner.code,
        test=event.partner.test_partner,
        horizon="CALL" if message.type in CALLS else "PLAN",
        customer_part=facts.get("part_number") or "",
        ship_to=facts.get("ship_to") or "",
        dock=facts.get("dock") or "",
        line_feed=facts.get("line_feed") or "",
        order_ref=facts.get("order_ref") or "",
        unit=facts.get("unit") or "",
        release_number=facts.get("release_number") or message.document_number,
        previous_number=facts.get("previous_number") or "",
        issued=facts.get("issued_at") or "",
        source=f"event {event.pk}",
        message=f"message {event.message_id}",
        received_at=message.interchange.delivery.received_at,
        today=today_at(profile, at),
        lines=tuple(_wanted(line) for line in _lines(facts)),
        mode=profile.release.mode,
        repeats=function in REPEATS,
        corrects=function in CORRECTS,
        withdraws=function in WITHDRAWS,
        cumulative_received=_number(facts.get("cumulative_received")),
        cumulative_required=_number(facts.get("cumulative_required")),
        last_despatch=facts.get("last_despatch") or "",
    )


def today_at(profile: Profile, at: datetime) -> date:
    """The day on the clock of the partner's plant."""
    return at.astimezone(ZoneInfo(profile.timezone)).date()


def _lines(facts: dict[str, Any]) -> tuple[ReleaseLine, ...]:
    named = facts.get("lines") or ()
    beside = facts.get("beside_lines") or [(None, None)] * len(named)
    lines = tuple(
        ReleaseLine(
            line["quantity"],
            line.get("from"),
            line.get("to"),
            line.get("firmness"),
            line.get("interval"),
            *more,
        )
        for line, more in zip(named, beside, strict=True)
    )
    release = Release(
        facts.get("part_number") or "",
        cumulative_received=facts.get("cumulative_received"),
        cumulative_required=facts.get("cumulative_required"),
        lines=lines,
        is_cumulative=bool(facts.get("is_cumulative")),
    )
    try:
        return discrete_lines(release)
    except (ValueError, InvalidOperation) as error:
        raise Invalid("bad_quantity", str(error)) from None


def _wanted(line: ReleaseLine) -> Wanted:
    quantity = _number(line.quantity)
    if quantity is None:
        raise Invalid("bad_quantity", "a line of the release has no quantity")
    return Wanted(
        quantity, _day(line.from_), _day(line.to), line.firmness or "", line.interval or "",
        (line.from_ or "")[11:16], line.urgency or "", line.order_ref or "", tuple(line.kanban_cards),
    )  # fmt: skip


def _number(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Invalid("bad_quantity", f"quantity {text!r} is no number") from None
    if not number.is_finite() or number != round(number, 3):
        raise Invalid("bad_quantity", f"quantity {text!r} cannot be kept to three decimals")
    return number


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Invalid("bad_period", f"{text!r} is no day") from None


def schedule_facts(event: InboundEvent) -> dict[str, Any]:
    """What a person compares of a part: the release that counts and what it wants, period by period."""
    facts = event.content
    rows = DemandSchedule.objects.filter(
        feed=event.partner.code, customer_part=facts.get("part_number") or "", current=True,
        horizon="CALL" if event.message.type in CALLS else "PLAN", ship_to=facts.get("ship_to") or "",
        dock=facts.get("dock") or "", line_feed=facts.get("line_feed") or "",
        order_ref=facts.get("order_ref") or "",
    )  # fmt: skip
    schedule = rows.first()
    if schedule is None:
        return {}
    found: dict[str, Any] = {"release": schedule.release_number, "withdrawn": schedule.withdrawn}
    for line in schedule.lines.all():
        until = f" to {line.last}" if line.last and line.last != line.first else ""
        key = f"{line.first or 'at once'}{until} {line.time}".strip()
        found[key] = (
            f"{found[key]} + {line.quantity.normalize():f}"
            if key in found
            else (f"{line.quantity.normalize():f} {line.firmness}".strip())
        )
    return found
