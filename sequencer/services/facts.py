"""What a call is known by, put right without touching what is built: for calls that people entered by hand."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused
from sequencer.models import CallOff
from sequencer.services.journal import record_event

NAMES = ("call_number", "vin", "production_number", "document_number", "dock", "line_feed")


def amend_facts(call: CallOff, *, at: datetime, by: str = "", reason: str = "", **facts: str) -> list[str]:
    """Writes facts that name a call but change no part, place or time; returns the names of those that differed.

    Promise: an empty text changes nothing, and what differs stands in the journal with old and new value.
    Refuses a call number that another call of the program has. Runs in the caller's transaction, under the
    lock of the call's stream that `take_call_off` takes as well.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("amend_facts needs the caller's transaction")
    unknown = set(facts) - set(NAMES)
    if unknown:
        raise TypeError(f"{', '.join(sorted(unknown))}: not a fact that can be amended")
    changed = {name: value for name, value in facts.items() if value and value != getattr(call, name)}
    if not changed:
        return []
    number = changed.get("call_number")
    if number and CallOff.objects.filter(program=call.program_id, call_number=number).exists():
        raise Refused("call_number_taken", _("there is a call %(number)s already") % {"number": number})
    pairs = {name: [getattr(call, name), value] for name, value in changed.items()}
    for name, value in changed.items():
        setattr(call, name, value)
    CallOff.objects.filter(pk=call.pk).update(**changed, changed_at=at)
    topic = f"line:{call.program.line_id}"
    record_event(topic, "call_amended", call.call_number, at=at, by=by, reason=reason, changes=pairs)
    return sorted(changed)
