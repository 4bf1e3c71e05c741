"""What an event of a call comes to: the function of its message, the stage it speaks of, what it leaves unsaid.

One message type serves as reference record, forecast and call-off. What binds us is said once: a forecast after the
call-off changes nothing, and a later stage of a known call moves that call on, whatever else it changes of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from edi.formats import Profile
from edi.formats.facts import FUNCTIONS
from edi.models import InboundEvent
from edi.services import reconcile
from edi.services.parts import parts_of
from edi.services.profiles import profile_of
from edi.services.reconcile import Reconciled
from edi.services.releases import REPEATS, WITHDRAWS
from edi.states import EventStatus
from inventory.errors import Refused
from sequencer.models import CallOff, SequencingProgram
from sequencer.rules import CalledPart, CallNews
from sequencer.services import Taken
from sequencer.states import Stage

# A binding message makes a call FIRM; PLANNED is a forecast that knows the sequence, PREVIEW one that does not.
BINDING_KIND = "call_off"
BEFORE_FIRM = frozenset({Stage.PREVIEW, Stage.PLANNED})
# Events that say the whole of a call.
WHOLE = frozenset({"NEW", "CHANGE", "FIRM", "PREVIEW"})
FUNCTION_CODES = {words: code for code, words in FUNCTIONS.items()}


def is_binding(event: InboundEvent) -> bool:
    """Whether the partner may hold us to it."""
    if event.event == "PREVIEW":
        return False
    return event.message.kind == BINDING_KIND or event.event == "FIRM"


def stage_of(event: InboundEvent) -> Stage:
    """The stage an event speaks of."""
    if is_binding(event):
        return Stage.FIRM
    named = event.event != "PREVIEW" and event.content.get("sequence_number")
    return Stage.PLANNED if named else Stage.PREVIEW


def event_meant(event: InboundEvent, profile: Profile) -> str:
    """The event with the message's function (DE 1225) in mind: a message that takes something back cancels what its
    lines describe, unless the profile's [functions] says what its code means."""
    function = event.message.function
    ruled = FUNCTION_CODES.get(function, function) in profile.functions
    takes_back = function in WITHDRAWS and not ruled and event.event in WHOLE | {"RESEQUENCE"}
    return "CANCEL" if takes_back else event.event


def take(
    event: InboundEvent, program: SequencingProgram, news: CallNews, *, at: datetime, by: str
) -> Reconciled:
    """Lets the core take an event as its message means it, in the caller's transaction.

    Refuses what the core refuses, and `copy_differs`: a message that calls itself a copy changes no call.
    """
    profile = profile_of(event.partner)
    news = replace(news, event=event_meant(event, profile), stage=stage_of(event))
    if not is_binding(event) and _is_called_off(event):
        text = f"call {news.call_number} is called off; a forecast changes nothing"
        return Reconciled(Taken("IGNORED", news.event, None, text))
    known = CallOff.objects.filter(program=program, call_number=news.call_number).order_by().first()
    if known is not None and event.message.function in REPEATS:
        return _repeat(event, program, news, at=at, by=by)
    if known is None or news.event not in WHOLE:
        return reconcile.take(event, program, news, at=at, by=by)
    if profile.calls.mode == "replace" and is_binding(event):
        news = replace(news, parts=_parts_of_message(event, news), whole=True)
    if known.stage in BEFORE_FIRM or (news.whole and known.stage != Stage.CANCELLED):
        return _change_and_advance(event, program, news, at=at, by=by)
    return reconcile.take(event, program, news, at=at, by=by)


def _is_called_off(event: InboundEvent) -> bool:
    """Whether a binding event of the call was applied before; a forecast comes behind it."""
    applied = InboundEvent.objects.filter(
        partner=event.partner_id, call_number=event.call_number, status=EventStatus.APPLIED
    )
    binding = applied.filter(message__kind=BINDING_KIND).exclude(event="PREVIEW") | applied.filter(
        event="FIRM"
    )
    return binding.exclude(code="no_effect").exists()


def _repeat(
    event: InboundEvent, program: SequencingProgram, news: CallNews, *, at: datetime, by: str
) -> Reconciled:
    """A copy of something: of a known call it may only say what stands there."""
    try:
        with transaction.atomic():
            met = _change_and_advance(event, program, news, at=at, by=by)
            if met.taken.outcome == "APPLIED":
                raise _differs(event, met.taken.text)
    except Refused as refusal:
        if refusal.code != "call_differs":
            raise
        raise _differs(event, refusal.message) from None
    return met


def _differs(event: InboundEvent, text: str) -> Refused:
    function = event.message.function.replace("_", " ")
    return Refused(
        "copy_differs", f"the message calls itself a {function}, but it would change a call: {text}"
    )


def _change_and_advance(
    event: InboundEvent, program: SequencingProgram, news: CallNews, *, at: datetime, by: str
) -> Reconciled:
    """What differs of a known call is changed, then its stage moves on. Other events go through as they are."""
    if news.event not in WHOLE:
        return reconcile.take(event, program, news, at=at, by=by)
    changed = reconcile.take(event, program, replace(news, event="CHANGE"), at=at, by=by)
    advanced = reconcile.take(event, program, replace(news, event="NEW", whole=False), at=at, by=by)
    if advanced.taken.outcome != "APPLIED":
        return changed
    if changed.taken.outcome != "APPLIED":
        return advanced
    return replace(
        changed, taken=replace(advanced.taken, text=f"{changed.taken.text}; {advanced.taken.text}")
    )


def _parts_of_message(event: InboundEvent, news: CallNews) -> tuple[CalledPart, ...]:
    """All parts the message names for the call: it may tell its families one by one."""
    siblings = event.message.events.filter(call_number=event.call_number, event__in=sorted(WHOLE))
    others = siblings.exclude(pk=event.pk).order_by("number").values_list("content", flat=True)
    return (*news.parts, *(part for content in others for part in parts_of(content)))
