"""T3: one pending event, one transaction, one effect. And what people may do with events that wait.

Order within a call: an event waits behind an earlier one of its call that is held (a NEW never waits), and
is not applied any more once a later one of its kind was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Q

from edi import failpoints
from edi.models import CallOffRoute, InboundEvent, InboundMessage, TradingPartner, move_row
from edi.services import meaning
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.services.counters import cycle_of, vehicles_are_sparse
from edi.services.cycles import RESET
from edi.services.parts import check_widths, parts_of
from edi.services.receipts import RECEIPT, take_receipt
from edi.services.rehearsal import taken_back
from edi.services.releases import SCHEDULE, schedule_facts, take_schedule
from edi.states import EVENT_MOVES, EventStatus, MessageStatus
from inventory.errors import Refused, Stale, Unknown
from sequencer.models import CallComponent, CallOff, SequencingProgram
from sequencer.rules import CallNews
from sequencer.services import HOLD_CODES, recall

NO_EFFECT = frozenset({"NOCHANGE", "DELIVERED", "TEST", RESET})
# The widest value the core stores; a longer one is refused, never cut.
WIDTHS = {
    "call_number": 40, "sequence_number": 20, "vin": 20, "production_number": 40, "dock": 20, "line_feed": 20,
}  # fmt: skip
STALE_TRIES = 3
# Beside those of the core: what an event needs may still come.
WAITING_CODES = frozenset({"behind_held", "profile_unusable", "unknown_part"})


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
        event = locked_event(event_id)
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


def locked_event(event_id: int) -> InboundEvent:
    event = InboundEvent.objects.select_for_update(no_key=True).filter(pk=event_id).first()
    if event is None:
        raise Unknown("no_event", f"there is no event {event_id}")
    event.message = recall(("message", event.message_id), lambda: _message(event.message_id))
    event.partner = event.message.interchange.partner
    return event


def _message(message_id: int) -> InboundMessage:
    """A message with what stands above it; nothing of that changes while its events are applied."""
    found = InboundMessage.objects.select_related("interchange__partner", "interchange__delivery")
    return found.defer("interchange__delivery__raw").get(pk=message_id)


def book_outcome(event: InboundEvent, outcome: Outcome, *, at: datetime) -> None:
    """Writes what became of an event, with a journal row when it has to wait."""
    if event.status != EventStatus.PENDING:
        move_row(event, EVENT_MOVES, EventStatus.PENDING)
    done = outcome.status in (EventStatus.APPLIED, EventStatus.DUPLICATE)
    move_row(
        event, EVENT_MOVES, outcome.status, code=outcome.code[:40], note=outcome.note[:300],
        applied_at=at if done else None, tried_at=at, program_id=outcome.program_id or event.program_id,
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
        held = refusal.code in HOLD_CODES or refusal.code in WAITING_CODES
        status = EventStatus.HELD if held else EventStatus.QUARANTINED
        return Outcome(status, refusal.code, refusal.message, _line_of(event))


def _line_of(event: InboundEvent) -> int | None:
    """The program an event that waits would go to: its line is not silent because a call is refused."""
    if event.event in (SCHEDULE, RECEIPT):
        return None
    try:
        return route(event).pk
    except Refused:
        return None


def _take(event: InboundEvent, *, at: datetime, by: str) -> Outcome:
    interchange = event.message.interchange
    if interchange.test and not event.partner.test_partner:
        raise Refused(
            "test_indicator", "the interchange is marked as a test and the partner is no test partner"
        )
    if event.event in NO_EFFECT:
        return Outcome(EventStatus.APPLIED, "no_effect", f"{event.event} is booked and changes nothing")
    if event.event in (SCHEDULE, RECEIPT):
        if event.message.function == "test":
            return Outcome(EventStatus.APPLIED, "no_effect", "the message calls itself a test")
        return _take_schedule(event, at=at) if event.event == SCHEDULE else _take_receipt(event, at=at)
    _check_order(event)
    program = route(event)
    met = meaning.take(event, program, read_news(event, program), at=at, by=by)
    taken = met.taken
    status = EventStatus.DUPLICATE if taken.outcome == "DUPLICATE" else EventStatus.APPLIED
    code = "no_effect" if taken.outcome == "IGNORED" else met.code
    return Outcome(status, code, met.text or taken.text, program.pk)


def _take_schedule(event: InboundEvent, *, at: datetime) -> Outcome:
    taken = take_schedule(event, at=at)
    status = EventStatus.DUPLICATE if taken.outcome == "DUPLICATE" else EventStatus.APPLIED
    return Outcome(status, "older_release" if taken.outcome == "OLDER" else "", taken.text)


def _take_receipt(event: InboundEvent, *, at: datetime) -> Outcome:
    row = take_receipt(event, at=at)
    if row.shipment is None:
        return Outcome(
            EventStatus.APPLIED, "no_shipment", f"{row.despatch_number or 'it'} is no shipment of ours"
        )
    return Outcome(EventStatus.APPLIED, "", f"{row.customer_part} on {row.shipment.number} is confirmed")


def _check_order(event: InboundEvent) -> None:
    """Refuses to pass an earlier event of the same call that waits, or to follow a later one."""
    others = InboundEvent.objects.filter(partner=event.partner_id, call_number=event.call_number)
    is_new = event.event == "NEW"
    for pk, status, kind, code in others.exclude(pk=event.pk).values_list("pk", "status", "event", "code"):
        if pk < event.pk and status == EventStatus.HELD and not is_new:
            raise Refused("behind_held", f"waits behind event {pk} of the same call")
        effective = status == EventStatus.APPLIED and code != "no_effect"
        if pk > event.pk and effective and (kind == "NEW") == is_new:
            raise Refused("overtaken", f"a later {kind} of this call was applied (event {pk})")


def route(event: InboundEvent) -> SequencingProgram:
    """The program a call belongs to: the route with most places set that fits. Refuses none and a draw."""
    places = tuple(event.content.get(name) or "" for name in ("dock", "line_feed", "sequence_source"))
    return recall(("route", event.partner_id, places), lambda: _find_route(event, *places))


def _find_route(event: InboundEvent, dock: str, line_feed: str, point: str) -> SequencingProgram:
    fits = (
        Q(dock="") | Q(dock=dock),
        Q(line_feed="") | Q(line_feed=line_feed),
        Q(broadcast_point="") | Q(broadcast_point=point),
    )
    routes = CallOffRoute.objects.filter(*fits, partner=event.partner_id)
    fitting = list(routes.select_related("program__line__plant", "program__stream"))
    where = f"dock {dock!r}, line feed {line_feed!r}, broadcast point {point!r}"
    if not fitting:
        raise Refused("no_route", f"no route of {event.partner} fits {where}")
    most = max(_places(item) for item in fitting)
    best = [item for item in fitting if _places(item) == most]
    if len(best) > 1:
        raise Refused("ambiguous_route", f"two routes fit {where} equally well")
    program = best[0].program
    if event.partner.test_partner:
        _refuse_production(event, program)
    return program


def _refuse_production(event: InboundEvent, program: SequencingProgram) -> None:
    """A test never touches a call that is built: its route may not lead where production calls go."""
    others = CallOffRoute.objects.filter(
        program=program, partner__test_partner=False, partner__active=True
    ).select_related("partner")
    found = others.first()
    if found is not None:
        raise Refused(
            "production_program",
            f"the test side's route leads to {program.code}, where calls of {found.partner} are built; "
            "give it a program of its own",
        )


def _places(item: CallOffRoute) -> int:
    return bool(item.dock) + bool(item.line_feed) + bool(item.broadcast_point)


def read_news(event: InboundEvent, program: SequencingProgram) -> CallNews:
    """The canonical JSON of an event in the core's words. Refuses what the core could not store whole."""
    facts = event.content
    check_widths(facts, WIDTHS)
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
        parts=parts_of(facts),
        stage=meaning.stage_of(event),
        sparse=vehicles_are_sparse(event.partner),
        cycle=cycle_of(event.partner, facts),
    )


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
    text = f"{partner} {message}: {waiting} line(s) of it wait; {first.call_number}: {first.note}"
    raise_alarm(partner, "EDI_MESSAGE", subject, text, at=at)


# what people do


def reprocess_event(event_id: int, *, by: AbstractBaseUser, at: datetime) -> EventStatus:
    """A named person has a HELD or QUARANTINED event tried again. Refuses any other state.

    Promise: same rules as the first time; what forbids it then parks it again with the new reason. Locks the
    partner's row as his lane does, so that no later event of the call is applied between the look at the order and
    the effect, then the event.
    """
    with transaction.atomic(durable=True):
        _wait_for_lane(event_id)
        event = waiting_event(event_id)
        outcome = decide(event, at=at, by=str(by), hold_stale=True)
        book_outcome(event, outcome, at=at)
        InboundEvent.objects.filter(pk=event.pk).update(by=by)
        journal_by(event, "event_reprocessed", by, at=at, reason=outcome.code or outcome.status.value)
        settle_message(event.message_id, at=at)
    return outcome.status


def _wait_for_lane(event_id: int) -> None:
    """Until the caller's transaction ends the partner's lane applies nothing."""
    partner = InboundEvent.objects.filter(pk=event_id).values("partner")
    TradingPartner.objects.select_for_update(no_key=True).filter(pk__in=partner).order_by().first()


def discard_event(event_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> None:
    """A named person gives up a HELD or QUARANTINED event and says why. Refuses without a reason."""
    if not reason.strip():
        raise Refused("reason_missing", "say why the event is discarded")
    with transaction.atomic(durable=True):
        event = waiting_event(event_id)
        move_row(event, EVENT_MOVES, EventStatus.DISCARDED, by=by, note=reason.strip()[:300])
        journal_by(event, "event_discarded", by, at=at, reason=reason)
        settle_message(event.message_id, at=at)


def preview_event(event_id: int, *, at: datetime) -> Preview:
    """What applying the event now would change, found by doing it and taking it back."""
    with taken_back():
        event = waiting_event(event_id)
        before = facts_of(event)
        outcome = decide(event, at=at, by="preview", hold_stale=True)
        after = facts_of(event)
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    changes = {key: (before.get(key), after.get(key)) for key in keys}
    return Preview(outcome.status, outcome.code, outcome.note, changes)


def waiting_event(event_id: int) -> InboundEvent:
    event = locked_event(event_id)
    if event.status not in (EventStatus.HELD, EventStatus.QUARANTINED):
        raise Refused(
            "event_not_waiting", f"the event is {event.status.lower()}; only one that waits can be decided"
        )
    return event


def journal_by(event: InboundEvent, kind: str, by: AbstractBaseUser, *, at: datetime, reason: str) -> None:
    journal(
        kind, event.call_number, at=at, by=str(by), reason=reason, partner=event.partner.code, event=event.pk
    )


def facts_of(event: InboundEvent) -> dict[str, Any]:
    """What a person compares: the call's own facts and the parts of each of its families, or a part's schedule."""
    if event.event == SCHEDULE:
        return schedule_facts(event)
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
