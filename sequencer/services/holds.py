"""What holds a stream though no vehicle number is missing: the gate knows of a transmission that did not come.

The core is told by its caller and asks nobody: `hold_stream` and `release_stream_hold` carry a reference that only
the caller understands. Building goes on; `seal` and `depart` look here as they look at the gaps.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from inventory.errors import Refused, Unknown
from inventory.statements import Question, number
from sequencer.models import Rack, SequenceStream, StreamHold
from sequencer.services.journal import record_event
from sequencer.states import Priority


def hold_stream(stream_id: int, *, ref: str, reason: str, at: datetime, by: str = "") -> bool:
    """What comes after the last position known now is neither sealed nor departs until the hold is released.

    Promise: the same `ref` holds a stream once, so saying it again changes nothing; True when it was new. Runs in
    the caller's transaction, refuses without reference or reason. Locks nothing: what is sealed at this very moment
    is looked at again before it departs.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("hold_stream needs the caller's transaction")
    if not ref.strip() or not reason.strip():
        raise Refused("reason_missing", _("say what holds the stream"))
    stream = SequenceStream.objects.filter(pk=stream_id).order_by().first()
    if stream is None:
        raise Unknown("no_stream", _("there is no stream %(stream_id)s") % {"stream_id": stream_id})
    if StreamHold.objects.filter(stream=stream, ref=ref, released_at__isnull=True).exists():
        return False
    StreamHold.objects.create(
        stream=stream, ref=ref[:80], reason=reason[:200], after_position=stream.last_position, since=at
    )
    record_event(f"line:{stream.line_id}", "stream_held", ref, at=at, by=by, reason=reason)
    return True


def release_stream_hold(ref: str, *, at: datetime, by: str = "", note: str = "") -> int:
    """The cause of that name is gone; returns how many streams it held. Runs in the caller's transaction."""
    held = list(
        StreamHold.objects.filter(ref=ref, released_at__isnull=True).select_related("stream").order_by("pk")
    )
    for hold in held:
        StreamHold.objects.filter(pk=hold.pk).update(released_at=at, released_by=by[:60], note=note[:200])
        record_event(f"line:{hold.stream.line_id}", "stream_released", ref, at=at, by=by, reason=note)
    return len(held)


def holds_before(rack: Rack) -> list[str]:
    """Sentences for every open hold that a rack lies behind. A rush rack stands outside of the order."""
    if rack.priority == Priority.RUSH:
        return []
    reasons = _before.rows(stream=rack.commodity.program.stream_id, high=rack.high_position)
    return [f"{reason}; wait for it or have it accepted" for (reason,) in reasons]


@Question
def _before() -> QuerySet[StreamHold, tuple[str]]:
    past = Q(after_position__isnull=True) | Q(after_position__lt=number("high"))
    holds = StreamHold.objects.filter(past, stream=number("stream"), released_at__isnull=True)
    return holds.order_by(F("after_position").asc(nulls_first=True), "pk").values_list("reason")
