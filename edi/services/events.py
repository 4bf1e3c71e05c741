"""T3: one pending event, one transaction, one effect. And what people may do with events that wait.

Order within a call: an event waits behind an earlier one of its call that is held (a NEW never waits), and
is not applied any more once a later one of its kind was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Q

from edi import failpoints
from edi.models import CallOffRoute, InboundEvent, InboundMessage, move_row
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.states import EVENT_MOVES, EventStatus, MessageStatus
from inventory.errors import Invalid, Refused, Stale, Unknown
from sequencer.models import CallComponent, CallOff, SequencingProgram
from sequencer.rules import CalledPart, CallNews
from sequencer.services import HOLD_CODES, take_call_off
from sequencer.states import Stage

NO_EFFECT = frozenset({"NOCHANGE", "DELIVERED", "TEST"})
# PLANNED: a forecast that knows the sequence; PREVIEW: one that does not.
BINDING_KIND = "call_off"
# The widest value the core stores; a longer one is refused, never cut.
WIDTHS = {
    "call_number": 40, "sequence_number": 20, "vin": 20, "production_number": 40, "dock": 20, "line_feed": 20,
}  # fmt: skip
PART_WIDTHS = {"part_number": 35, "unit": 3, "order_ref": 35, "family": 20}
STALE_TRIES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an event comes to: its status, why, and a sentence."""

    status: EventStatus
    code: str = ""
    note: str = ""
    program_id: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What applying an event would do. `changes`: fact -> (now, then); nothing was written."""

    status: EventStatus
    code: str
    text: str
    changes: dict[str, tuple[Any, Any]]


def apply_event(event_id: int, *, at: datetime, fence: Callable[[], None] | None = None) -> EventStatus:
    """Applies a PENDING event, or tries a HELD one again, in a transaction of its own.

    Promise: the effect and the event's status commit together, so no crash applies it twice or not at all; a
    refusal parks the event with its code and never raises. An event that is in another state is left alone.
    `fence` raises when another worker holds the partner's lane. Locks the partner's row (by the fence),
    the event, then whatever `take_call_off` locks.
    """
    for _ in range(STALE_TRIES - 1):
        try:
            return _apply_once(event_id, at=at, fence=fence)
        except Stale:
            continue
    return _apply_once(event_id, at=at, fence=fence, hold_stale=True)


def _apply_once(
    event_id: int, *, at: datetime, fence: Callable[[], None] | None, hold_stale: bool = False
) -> EventStatus:
    with transaction.atomic(durable=True):
        if fence is not None:
            fence()
        event = _locked(event_id)
        if event.status not in (EventStatus.PENDING, EventStatus.HELD):
            return EventStatus(event.status)
        retried = event.status == EventStatus.HELD
        outcome = decide(event, at=at, by=f"edi:{event.partner.code}", hold_stale=hold_stale)
        if retried and outcome.status == EventStatus.HELD:
            InboundEvent.objects.filter(pk=event.pk).update(tried_at=at, code=outcome.code)
            return EventStatus.HELD
        book_outcome(event, outcome, at=at)
        if retried:
            settle_message(event.message_id, at=at)
        failpoints.reach("before_commit")
    failpoints.reach("after_commit")
    return outcome.status


def _locked(event_id: int) -> InboundEvent:
    event = (
        InboundEvent.objects.select_for_update(of=("self",), no_key=True)
        .select_related("partner", "message__interchange__delivery")
        .defer("message__interchange__delivery__raw")
        .filter(pk=event_id)
        .first()
    )
    if event is None:
        raise Unknown("no_event", f"there is no event {event_id}")
    return event


def book_outcome(event: InboundEvent, outcome: Outcome, *, at: datetime) -> None:
    """Writes what became of an event, with a journal row when it has to wait."""
    if event.status != EventStatus.PENDING:
        move_row(event, EVENT_MOVES, EventStatus.PENDING)
    done = outcome.status in (EventStatus.APPLIED, EventStatus.DUPLICATE)
    move_row(
        event, EVENT_MOVES, outcome.status, code=outcome.code[:40], note=outcome.note[:300],
        applied_at=at if done else None, tried_at=at,
    )  # fmt: skip
    if not done:
        journal(
            f"event_{outcome.status.value.lower()}", event.call_number, at=at, partner=event.partner.code,
            event=event.pk, code=outcome.code, text=outcome.note,
        )  # fmt: skip


# what an event comes to


def decide(event: InboundEvent, *, at: datetime, by: str, hold_stale: bool = False) -> Outcome:
    """Judges one event and lets the core take it. What the core refuses leaves no trace in the database."""
    try:
        with transaction.atomic():
            return _take(event, at=at, by=by)
    except Refused as refusal:
        if isinstance(refusal, Stale) and not hold_stale:
            raise
        held = refusal.code in HOLD_CODES or refusal.code == "behind_held"
        status = EventStatus.HELD if held else EventStatus.QUARANTINED
        return Outcome(status, refusal.code, refusal.message)


def _take(event: InboundEvent, *, at: datetime, by: str) -> Outcome:
    interchange = event.message.interchange
    if interchange.test and not event.partner.test_partner:
        raise Refused(
            "test_indicator", "the interchange is marked as a test and the partner is no test partner"
        )
    if event.event in NO_EFFECT:
        return Outcome(EventStatus.APPLIED, "no_effect", f"{event.event} is booked and changes nothing")
    _check_order(event)
    program = route(event)
    taken = take_call_off(program.pk, read_news(event, program), at=at, by=by)
    status = EventStatus.DUPLICATE if taken.outcome == "DUPLICATE" else EventStatus.APPLIED
    code = "no_effect" if taken.outcome == "IGNORED" else ""
    return Outcome(status, code, taken.text, program.pk)


def _check_order(event: InboundEvent) -> None:
    """Refuses to pass an earlier event of the same call that waits, or to follow a later one."""
    others = InboundEvent.objects.filter(partner=event.partner_id, call_number=event.call_number)
    is_new = event.event == "NEW"
    for pk, status, kind, code in others.exclude(pk=event.pk).values_list("pk", "status", "event", "code"):
        if pk < event.pk and status == EventStatus.HELD and not is_new:
            raise Refused("behind_held", f"waits behind event {pk} of the same call")
        if pk > event.pk and status == EventStatus.APPLIED and not code and (kind == "NEW") == is_new:
            raise Refused("overtaken", f"a later {kind} of this call was applied (event {pk})")


def route(event: InboundEvent) -> SequencingProgram:
    """The program a call belongs to: the route with most places set that fits. Refuses none and a draw."""
    dock, line_feed = event.content.get("dock") or "", event.content.get("line_feed") or ""
    fits = Q(dock="") | Q(dock=dock), Q(line_feed="") | Q(line_feed=line_feed)
    routes = CallOffRoute.objects.filter(*fits, partner=event.partner_id)
    fitting = list(routes.select_related("program__line__plant", "program__stream"))
    if not fitting:
        raise Refused("no_route", f"no route of {event.partner} fits dock {dock!r}, line feed {line_feed!r}")
    most = max(_places(item) for item in fitting)
    best = [item for item in fitting if _places(item) == most]
    if len(best) > 1:
        raise Refused(
            "ambiguous_route", f"two routes fit dock {dock!r}, line feed {line_feed!r} equally well"
        )
    return best[0].program


def _places(item: CallOffRoute) -> int:
    return bool(item.dock) + bool(item.line_feed)


def read_news(event: InboundEvent, program: SequencingProgram) -> CallNews:
    """The canonical JSON of an event in the core's words. Refuses what the core could not store whole."""
    facts = event.content
    _check_widths(facts, WIDTHS)
    message = event.message
    received = message.interchange.delivery.received_at
    return CallNews(
        event=event.event,
        call_number=facts.get("call_number") or "",
        sequence_number=facts.get("sequence_number") or "",
        sequence_source=facts.get("sequence_source") or "",
        vin=facts.get("vin") or "",
        production_number=facts.get("production_number") or "",
        document_number=message.document_number,
        dock=facts.get("dock") or "",
        line_feed=facts.get("line_feed") or "",
        required_at=plant_time(facts.get("required_at"), program.line.plant.zone, after=received),
        parts=tuple(_part(item) for item in facts.get("components") or ()),
        stage=_stage(message.kind, event.event, facts),
    )


def _stage(kind: str, event: str, facts: dict[str, Any]) -> Stage:
    """A binding message is FIRM; a forecast is PLANNED once it names a sequence, before that PREVIEW."""
    if event == "PREVIEW":
        return Stage.PREVIEW
    if kind == BINDING_KIND or event == "FIRM":
        return Stage.FIRM
    return Stage.PLANNED if facts.get("sequence_number") else Stage.PREVIEW


def _part(facts: dict[str, Any]) -> CalledPart:
    _check_widths(facts, PART_WIDTHS)
    return CalledPart(
        customer_part=facts["part_number"],
        quantity=_whole(facts.get("quantity")),
        unit_code=facts.get("unit") or "",
        options=tuple(facts.get("options") or ()),
        order_ref=facts.get("order_ref") or "",
        family=facts.get("family") or "",
    )


def _whole(text: str | None) -> int:
    """Pieces as a whole number; a line of a JIS call without quantity names one piece of one vehicle."""
    if text is None:
        return 1
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Invalid("bad_quantity", f"quantity {text!r} is no number") from None
    if not number.is_finite() or number != int(number) or not 1 <= number <= 9999:
        raise Invalid("bad_quantity", f"quantity {text!r} is no whole number of pieces")
    return int(number)


def _check_widths(facts: dict[str, Any], widths: dict[str, int]) -> None:
    for name, width in widths.items():
        if len(facts.get(name) or "") > width:
            raise Invalid("value_too_long", f"{name} is longer than {width} characters: {facts[name]!r}")


def plant_time(text: str | None, zone: ZoneInfo, *, after: datetime) -> datetime | None:
    """A local time of the OEM's plant as an instant; one that carries an offset keeps it.

    In the hour that repeats when summer time ends, the first pass is meant unless that lies before the
    broadcast came (`after`): being ready early is safe, and a call never asks for the past. In the hour
    that is left out in spring the clock is read as if it had not been put forward yet.
    """
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return moment
    first = moment.replace(tzinfo=zone, fold=0)
    second = moment.replace(tzinfo=zone, fold=1)
    repeated = second.timestamp() > first.timestamp()
    return second if repeated and first.timestamp() < after.timestamp() else first


# a whole message


def in_oem_order(events: list[tuple[int, str, str]], *, span: int = 0) -> list[int]:
    """Event ids in the order of the OEM's sequence; `events` are (id, call number, sequence number) as sent.

    Numbers are read relative to the first, across the wrap after `span` numbers (0: after the last number of that
    many digits). A message that names a call twice, or holds something without a number, tells its own order and
    is left as it is.
    """
    numbers = [_trailing_number(sequence) for _, _, sequence in events]
    calls = [call for _, call, _ in events]
    if not numbers or None in numbers or len(set(calls)) != len(calls):
        return [pk for pk, _, _ in events]
    cycle: int = span or 10 ** max(len(str(number)) for number in numbers)
    start = numbers[0] or 0

    def step(index: int) -> int:
        distance: int = (numbers[index] or 0) - start
        return (distance + cycle // 2) % cycle

    return [events[index][0] for index in sorted(range(len(events)), key=step)]


def _trailing_number(sequence: str) -> int | None:
    digits = sequence[len(sequence.rstrip("0123456789")) :]
    return int(digits) if digits else None


def settle_message(message_id: int, *, at: datetime) -> None:
    """Brings a message's status in line with its events and keeps one task open while any of them waits.

    Runs in the caller's transaction.
    """
    message = InboundMessage.objects.select_related("interchange__partner").get(pk=message_id)
    counts = dict(message.events.order_by().values_list("status").annotate(n=Count("id")))
    if counts.get(EventStatus.PENDING):
        return
    waiting = counts.get(EventStatus.HELD, 0) + counts.get(EventStatus.QUARANTINED, 0)
    status = MessageStatus.PARTLY_APPLIED if waiting else MessageStatus.APPLIED
    InboundMessage.objects.filter(pk=message_id).update(status=status)
    subject = f"message {message_id}"
    if not waiting:
        clear_alarm("EDI_MESSAGE", subject, at=at, note="every call-off of it is settled")
        return
    first = (
        message.events.filter(status__in=[EventStatus.HELD, EventStatus.QUARANTINED]).order_by("pk").first()
    )
    assert first is not None
    partner = message.interchange.partner
    text = f"{partner} {message}: {waiting} call-off(s) wait; {first.call_number}: {first.note}"
    raise_alarm(partner, "EDI_MESSAGE", subject, text, at=at)


# what people do


def reprocess_event(event_id: int, *, by: AbstractBaseUser, at: datetime) -> EventStatus:
    """A named person has a HELD or QUARANTINED event tried again. Refuses any other state.

    Promise: same rules as the first time; what forbids it then parks it again with the new reason.
    """
    with transaction.atomic(durable=True):
        event = _waiting(event_id)
        outcome = decide(event, at=at, by=str(by), hold_stale=True)
        book_outcome(event, outcome, at=at)
        InboundEvent.objects.filter(pk=event.pk).update(by=by)
        _journal_by(event, "event_reprocessed", by, at=at, reason=outcome.code or outcome.status.value)
        settle_message(event.message_id, at=at)
    return outcome.status


def discard_event(event_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> None:
    """A named person gives up a HELD or QUARANTINED event and says why. Refuses without a reason."""
    if not reason.strip():
        raise Refused("reason_missing", "say why the event is discarded")
    with transaction.atomic(durable=True):
        event = _waiting(event_id)
        move_row(event, EVENT_MOVES, EventStatus.DISCARDED, by=by, note=reason.strip()[:300])
        _journal_by(event, "event_discarded", by, at=at, reason=reason)
        settle_message(event.message_id, at=at)


def preview_event(event_id: int, *, at: datetime) -> Preview:
    """What applying the event now would change, found by doing it in a transaction that is taken back."""
    with transaction.atomic(durable=True):
        event = _waiting(event_id)
        before = _call_facts(event)
        outcome = decide(event, at=at, by="preview", hold_stale=True)
        after = _call_facts(event)
        transaction.set_rollback(True)
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    changes = {key: (before.get(key), after.get(key)) for key in keys}
    return Preview(outcome.status, outcome.code, outcome.note, changes)


def _waiting(event_id: int) -> InboundEvent:
    event = _locked(event_id)
    if event.status not in (EventStatus.HELD, EventStatus.QUARANTINED):
        raise Refused(
            "event_not_waiting", f"the event is {event.status.lower()}; only one that waits can be decided"
        )
    return event


def _journal_by(event: InboundEvent, kind: str, by: AbstractBaseUser, *, at: datetime, reason: str) -> None:
    journal(
        kind, event.call_number, at=at, by=str(by), reason=reason, partner=event.partner.code, event=event.pk
    )


def _call_facts(event: InboundEvent) -> dict[str, Any]:
    """What a person compares: the call's own facts and the parts of each of its families."""
    programs = CallOffRoute.objects.filter(partner=event.partner_id).values("program")
    number = event.content.get("call_number") or ""
    call = CallOff.objects.filter(program__in=programs, call_number=number).first()
    if call is None:
        return {}
    names = ("stage", "held", "sequence_number", "position", "vin", "dock", "line_feed", "required_at")
    facts: dict[str, Any] = {name: getattr(call, name) for name in names}
    rows = CallComponent.objects.filter(group__call_off=call, called=True).order_by("pk")
    for family, part, quantity, status in rows.values_list(
        "group__commodity__family", "customer_part", "quantity", "group__status"
    ):
        facts.setdefault(f"parts {family}", []).append(f"{quantity} x {part}")
        facts[f"status {family}"] = status
    return facts
