"""One vehicle, two voices: what people entered by hand and what the partner says of it later are one call.

The partner's message finds the call that was entered by hand, by its number or, where that was not known, by
VIN, production number or place in the sequence. Same content is a duplicate, other content a change whose
difference is told; the vehicle is never doubled. The other way round an entry finds the call that came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from edi.models import Delivery, InboundEvent
from edi.states import DeliveryKind, EventStatus
from inventory.errors import Invalid, Refused
from sequencer.models import CallComponent, CallOff, SequenceStream, SequencingProgram
from sequencer.rules import CallNews
from sequencer.services import Taken, amend_facts, take_call_off
from sequencer.states import Stage

# Events that say the whole of a call, and may therefore differ from what was entered.
WHOLE = frozenset({"NEW", "FIRM", "CHANGE"})
# So long after an entry by hand the partner's own message is still looked for among the entries.
REMEMBERED = timedelta(days=60)
FACTS = ("sequence_number", "vin", "production_number", "dock", "line_feed", "required_at")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What the core made of an event. `code` and `text` tell when it met a call entered by hand."""

    taken: Taken
    code: str = ""
    text: str = ""


def take(
    event: InboundEvent, program: SequencingProgram, news: CallNews, *, at: datetime, by: str
) -> Reconciled:
    """Lets the core take an event, as one with the call that people entered for the same vehicle.

    Runs in the caller's transaction; refuses what `take_call_off` refuses. An event of a vehicle nobody
    touched by hand goes straight through.
    """
    by_hand = event.message.interchange.delivery.kind == DeliveryKind.MANUAL
    if by_hand:
        return Reconciled(take_call_off(program.pk, _as_known(program, news), at=at, by=by))
    call = _entered_call(event, program, news) if _entered_lately(event, at=at) else None
    if call is None:
        return Reconciled(take_call_off(program.pk, news, at=at, by=by))
    return _meet(call, program, news, at=at, by=by)


def _entered_lately(event: InboundEvent, *, at: datetime) -> bool:
    """Whether anything was entered by hand that this event could speak of; with most partners nothing ever is."""
    entered = Delivery.objects.filter(partner=event.partner_id, kind=DeliveryKind.MANUAL)
    return entered.filter(received_at__gt=at - REMEMBERED).order_by().exists()


def _meet(call: CallOff, program: SequencingProgram, news: CallNews, *, at: datetime, by: str) -> Reconciled:
    """The partner's word on a call that was entered by hand: his number and facts win, with the difference."""
    before = call_picture(call)
    number = call.call_number
    reason = "the partner's message for a call entered by hand"
    amend_facts(call, at=at, by=by, reason=reason, call_number=news.call_number)
    taken = _taken(program, news, at=at, by=by)
    if news.event in WHOLE:
        call.refresh_from_db()
        amend_facts(
            call, at=at, by=by, reason=reason, vin=news.vin, production_number=news.production_number,
            document_number=news.document_number, dock=news.dock, line_feed=news.line_feed,
        )  # fmt: skip
    after = call_picture(CallOff.objects.get(pk=call.pk))
    changes = differences(before, after)
    if number != news.call_number:
        changes = [f"call number {number} → {news.call_number}", *changes]
    if not changes:
        text = "the call was entered by hand with the same content"
        return Reconciled(Taken("DUPLICATE", taken.event, call.pk, text), "reconciled", text)
    text = f"entered by hand otherwise: {'; '.join(changes)}"
    return Reconciled(Taken("APPLIED", taken.event, call.pk, text), "reconciled_changed", text)


def _taken(program: SequencingProgram, news: CallNews, *, at: datetime, by: str) -> Taken:
    """A NEW for the known call is first a repeat; where it differs it is a change."""
    if news.event not in WHOLE - {"CHANGE"}:
        return take_call_off(program.pk, news, at=at, by=by)
    change = replace(news, event="CHANGE")
    try:
        with transaction.atomic():
            taken = take_call_off(program.pk, news, at=at, by=by)
    except Refused as refusal:
        if refusal.code != "call_differs":
            raise
        return take_call_off(program.pk, change, at=at, by=by)
    # A repeat does not look at the time; a change does.
    return take_call_off(program.pk, change, at=at, by=by) if taken.outcome == "DUPLICATE" else taken


def _entered_call(event: InboundEvent, program: SequencingProgram, news: CallNews) -> CallOff | None:
    """The one call this event speaks of, if people entered it and the partner has not spoken of it yet."""
    calls = CallOff.objects.select_related("program__line__plant", "stream").filter(program=program)
    own = calls.filter(call_number=news.call_number).first()
    if own is not None:
        return own if _is_by_hand(event, own) else None
    found = [call for call in _same_vehicle(calls, program, news) if _is_by_hand(event, call)]
    return found[0] if len(found) == 1 else None


def _is_by_hand(event: InboundEvent, call: CallOff) -> bool:
    """The last word on the call came from our own people; a repeat counts when it is the partner's."""
    kind = "message__interchange__delivery__kind"
    repeat = Q(status=EventStatus.DUPLICATE) & ~Q(**{kind: DeliveryKind.MANUAL})
    last = (
        InboundEvent.objects.filter(
            Q(status=EventStatus.APPLIED) | repeat, partner=event.partner_id, call_number=call.call_number
        )
        .exclude(code="no_effect")
        .order_by("-pk")
        .values_list(kind, flat=True)
        .first()
    )
    return last == DeliveryKind.MANUAL


def _as_known(program: SequencingProgram, news: CallNews) -> CallNews:
    """An entry for a vehicle that came after all speaks of the call that came, whatever number it was given."""
    calls = CallOff.objects.filter(program=program)
    if calls.filter(call_number=news.call_number).exists():
        return news
    found = list(_same_vehicle(calls, program, news))
    return replace(news, call_number=found[0].call_number) if len(found) == 1 else news


def _same_vehicle(calls: Any, program: SequencingProgram, news: CallNews) -> list[CallOff]:
    """Open calls of the same vehicle: VIN or production number agree, or the place does and no VIN differs."""
    named = Q()
    for name in ("vin", "production_number"):
        if value := getattr(news, name):
            named |= Q(**{name: value})
    place = _place(program, news)
    if place is not None:
        vin = Q(vin="") | Q(vin=news.vin) if news.vin else Q()
        number = news.production_number
        named |= Q(position=place) & vin & (Q(production_number__in=["", number]) if number else Q())
    if not named:
        return []
    return list(calls.filter(named).exclude(stage=Stage.CANCELLED)[:2])


def _place(program: SequencingProgram, news: CallNews) -> int | None:
    # Not the program's own copy: that may have been read a moment ago, and the count has gone on.
    stream = SequenceStream.objects.get(pk=program.stream_id)
    if not news.sequence_number:
        return None
    try:
        return stream.counter.position(news.sequence_number, stream.last_position)
    except Invalid:
        return None


def call_picture(call: CallOff) -> dict[str, str]:
    """What a call says, in words: its facts and the called parts of each family."""
    facts = {name: str(getattr(call, name) or "") for name in FACTS}
    if call.required_at is not None:
        zone = call.program.line.plant.zone
        facts["required_at"] = call.required_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    rows = CallComponent.objects.filter(group__call_off=call, group__replacement__isnull=True, called=True)
    parts: dict[str, list[str]] = {}
    for family, part, quantity in rows.order_by("pk").values_list(
        "group__commodity__family", "customer_part", "quantity"
    ):
        parts.setdefault(f"parts {family}", []).append(f"{quantity} x {part}")
    return facts | {name: ", ".join(items) for name, items in parts.items()}


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """`name old → new` for every fact that differs."""
    names = [name for name in {**before, **after} if before.get(name, "") != after.get(name, "")]
    return [
        f"{name.replace('_', ' ')} {before.get(name) or '—'} → {after.get(name) or '—'}" for name in names
    ]
