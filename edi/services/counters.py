"""Which of a partner's counts has no holes, and what is missing in it.

The profile declares one: the vehicle sequence (the core watches it), the transmission number, the message number,
or none. A break in the transmission or message number is a `TransmissionGap`: it fills by itself when the number
comes late, or a named person accepts it. What was in a missing transmission nobody knows, so it holds every stream
the partner feeds behind the last position known before it: building goes on, sealing and departing past it wait.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from edi.formats import InterchangeStart, Profile, ProfileError
from edi.models import Delivery, TradingPartner, TransmissionCounter, TransmissionGap
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.services.profiles import profile_of
from edi.states import DeliveryKind
from inventory.errors import Refused, Unknown
from sequencer.models import SequenceStream
from sequencer.services import hold_stream, release_stream_hold
from sequencer.states import GapStatus

TRAILING_DIGITS = re.compile(r"[0-9]+$")
# Numbered by message type; everything else by the two ends of its envelope.
BY_TYPE = frozenset({"vda", "flat"})


def vehicles_are_sparse(partner: TradingPartner) -> bool:
    """True when a missing vehicle number is no gap with this partner. Refuses (held) when nobody can tell."""
    return _profile(partner).counter != "sequence"


def cycle_of(partner: TradingPartner, facts: Mapping[str, Any]) -> str:
    """Which count of the partner's a call belongs to; empty when he only wraps, which the stream follows by itself."""
    rule = _profile(partner).sequence
    if rule.counted:
        return str(facts.get("cycle") or "") if rule.cycle == "reset" else ""
    return rule.cycle_of(facts.get("required_at")) or ""


def _profile(partner: TradingPartner) -> Profile:
    try:
        return profile_of(partner)
    except ProfileError as error:
        raise Refused("profile_unusable", f"the profile of {partner} cannot be used: {error}") from None


def unwrapped(number: int, near: int, span: int) -> int:
    """The integer nearest to `near` that a counter of `span` numbers writes as `number`; forward in a draw."""
    cycle = (near - number) // span
    return min((number + (cycle + d) * span for d in (0, 1)), key=lambda p: (abs(p - near), -p))


def written(position: int, span: int, width: int) -> str:
    """How the partner writes a position."""
    return f"{(position - 1) % span + 1:0{width}d}"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One number of a partner's dense counter that has just come in with a delivery."""

    delivery: Delivery
    series: str
    ref: str
    previous: str | None
    prepared_at: str
    profile: Profile
    at: datetime

    @property
    def partner(self) -> TradingPartner:
        return self.delivery.partner

    @property
    def span(self) -> int:
        return self.profile.control.last

    def text(self, position: int) -> str:
        padded = self.ref.isdecimal() and self.ref.startswith("0")
        return written(position, self.span, len(self.ref) if padded else 1)


def count_arrivals(
    delivery: Delivery,
    start: InterchangeStart,
    messages: Sequence[tuple[str, str]],
    profile: Profile,
    *,
    again: bool,
    at: datetime,
) -> None:
    """Books the numbers of an accepted interchange in the counter the profile declares dense.

    `messages`: (type, reference) of those that were accepted in it just now; `again`: the interchange itself was
    accepted before. Promise: a number that comes late fills its gap, a repeat changes nothing, a wrap and a
    declared reset are no gap. What people made of a file, and tests, count nowhere. Runs in the caller's
    transaction, under the partner's lane.
    """
    if delivery.kind == DeliveryKind.MANUAL or (start.test and not delivery.partner.test_partner):
        return
    prepared = (start.prepared_at or "")[:20]
    if profile.counter == "transmission" and not again:
        kind = next((kind for kind, _ in messages), "")
        series = kind if start.format in BY_TYPE else f"{start.sender or ''} > {start.recipient or ''}"
        ref, previous = start.control_ref or "", getattr(start, "previous_ref", None)
        _arrive(Arrival(delivery, series[:100], ref, previous, prepared, profile, at))
    elif profile.counter == "message":
        for kind, ref in messages:
            _arrive(Arrival(delivery, kind[:100], ref, None, prepared, profile, at))


def _number(ref: str | None) -> int | None:
    digits = TRAILING_DIGITS.search(ref or "")
    return int(digits.group()) if digits else None


def _arrive(news: Arrival) -> None:
    number = _number(news.ref)
    if number is None or number > news.span:
        text = (
            f"{news.partner}: {news.ref!r} is no number of a counter that ends at {news.span}; see [control]"
        )
        raise_alarm(news.partner, "EDI_COUNTER", _subject(news), text, at=news.at)
        return
    counter = (
        TransmissionCounter.objects.select_for_update(no_key=True)
        .filter(partner=news.partner, series=news.series)
        .order_by()
        .first()
    )
    if counter is None:
        TransmissionCounter.objects.create(
            partner=news.partner, series=news.series, first_number=number, last_number=number,
            last_ref=news.ref[:35], last_prepared=news.prepared_at, seen_at=news.at,
        )  # fmt: skip
        return
    position = unwrapped(number, counter.last_number, news.span)
    older = bool(news.prepared_at) and news.prepared_at < counter.last_prepared
    if position > counter.last_number + 1 and older:
        # Written before the last one: an old file of this round, not one far ahead in the next.
        position -= news.span
    previous = _number(news.previous)
    if previous == 0 and position != counter.last_number + 1:
        _reset(news, counter, number)
    elif position > counter.last_number:
        _ahead(news, counter, position, previous)
    elif not _fill(news, position):
        _behind(news, counter, position, number)


def _subject(news: Arrival) -> str:
    return f"{news.partner.code} {news.series}"[:80]


def _advance(news: Arrival, counter: TransmissionCounter, position: int) -> None:
    TransmissionCounter.objects.filter(pk=counter.pk).update(
        last_number=position, last_ref=news.ref[:35], last_prepared=news.prepared_at, seen_at=news.at
    )
    clear_alarm("EDI_COUNTER", _subject(news), at=news.at, note="the count goes on")


def _ahead(news: Arrival, counter: TransmissionCounter, position: int, previous: int | None) -> None:
    """A step forward. A partner that names the number before says himself what must have come."""
    before = position - 1 if previous is None else unwrapped(previous, counter.last_number, news.span)
    if before > counter.last_number:
        _open(news, counter.last_number + 1, min(before, position - 1))
    _advance(news, counter, position)


def _reset(news: Arrival, counter: TransmissionCounter, number: int) -> None:
    """The count begins anew: the next round of numbers, and nothing of the old one is missing."""
    span = news.span
    position = number + ((counter.last_number - number) // span + 1) * span
    journal(
        "counter_reset", _subject(news), at=news.at, partner=news.partner.code, last=counter.last_ref, now=news.ref
    )  # fmt: skip
    TransmissionCounter.objects.filter(pk=counter.pk).update(first_number=position)
    _advance(news, counter, position)


def _behind(news: Arrival, counter: TransmissionCounter, position: int, number: int) -> None:
    """A number from before that was not missing: a new count, an old file, or something a person must look at."""
    later = bool(news.prepared_at) and news.prepared_at > counter.last_prepared
    if number == 1 and later and position >= counter.first_number:
        _reset(news, counter, number)
    elif later:
        text = (
            f"{news.partner} {news.series}: number {news.ref} came after {counter.last_ref}, and it was not missing. "
            "If the partner began his count anew, restart it; else ask him"
        )
        raise_alarm(news.partner, "EDI_COUNTER", _subject(news), text, at=news.at)
    else:
        journal(
            "counter_behind", _subject(news), at=news.at, partner=news.partner.code, ref=news.ref,
            last=counter.last_ref,
        )  # fmt: skip


# what is missing


def _open(news: Arrival, first: int, last: int) -> None:
    streams = SequenceStream.objects.filter(programs__in=news.partner.routes.values("program")).distinct()
    ids = list(streams.values_list("pk", flat=True)) if news.profile.control.on_gap == "hold" else []
    gap = TransmissionGap.objects.create(
        partner=news.partner, series=news.series, first=first, last=last, first_ref=news.text(first),
        last_ref=news.text(last), since=news.at, shown_by=news.delivery,
    )  # fmt: skip
    counted = "message" if news.profile.counter == "message" else "transmission"
    one = gap.count == 1
    text = f"{counted}{'' if one else 's'} {numbers(gap)} of {news.partner} {'is' if one else 'are'} missing"
    journal(
        "transmission_gap", numbers(gap), at=news.at, partner=news.partner.code, series=news.series, count=gap.count
    )  # fmt: skip
    if not ids:
        raise_alarm(news.partner, "EDI_GAP", _gap_subject(gap), text, at=news.at)
        return
    gap.hold_ref = f"edi gap {gap.pk}"
    gap.save(update_fields=["hold_ref"])
    for stream_id in ids:
        hold_stream(stream_id, ref=gap.hold_ref, reason=text, at=news.at, by=f"edi:{news.partner.code}")


def _gap_subject(gap: TransmissionGap) -> str:
    """The pieces of one run share the moment it was seen, and so its task."""
    return f"{gap.partner.code} {gap.since:%Y-%m-%d %H:%M:%S.%f}"


def numbers(gap: TransmissionGap) -> str:
    return gap.first_ref if gap.first == gap.last else f"{gap.first_ref} to {gap.last_ref}"


def _fill(news: Arrival, position: int) -> bool:
    """Takes a number that came late out of its run; True when it was missing. The last one ends the hold."""
    gap = (
        TransmissionGap.objects.select_for_update(no_key=True)
        .filter(partner=news.partner, series=news.series, first__lte=position, last__gte=position)
        .exclude(status=GapStatus.FILLED)
        .order_by()
        .first()
    )
    if gap is None:
        return False
    gap.partner = news.partner
    for first, last in ((gap.first, position - 1), (position + 1, gap.last)):
        if first <= last:
            _piece(news, gap, first, last)
    TransmissionGap.objects.filter(pk=gap.pk).update(
        first=position, last=position, first_ref=news.text(position), last_ref=news.text(position),
        status=GapStatus.FILLED, closed_at=news.at, filled_by=news.delivery,
    )  # fmt: skip
    journal(
        "transmission_gap_filled",
        news.text(position),
        at=news.at,
        partner=news.partner.code,
        series=gap.series,
    )
    _settle(gap, at=news.at, by="", note=f"{news.text(position)} came late")
    return True


def _piece(news: Arrival, gap: TransmissionGap, first: int, last: int) -> None:
    """What of a run is still as it was beside the number that came."""
    if first == gap.first:
        # Its first number is taken: the run itself moves out of the way before the piece is written.
        TransmissionGap.objects.filter(pk=gap.pk).update(first=last + 1)
    TransmissionGap.objects.create(
        partner=gap.partner, series=gap.series, first=first, last=last, first_ref=news.text(first),
        last_ref=news.text(last), status=gap.status, since=gap.since, shown_by=gap.shown_by,
        hold_ref=gap.hold_ref, closed_at=gap.closed_at, by=gap.by, reason=gap.reason,
    )  # fmt: skip


def _settle(gap: TransmissionGap, *, at: datetime, by: str, note: str) -> None:
    """Ends the hold, or the task, once no piece of what opened it is missing any more."""
    others = TransmissionGap.objects.filter(partner=gap.partner, series=gap.series, status=GapStatus.OPEN)
    if gap.hold_ref:
        if not others.filter(hold_ref=gap.hold_ref).exists():
            release_stream_hold(gap.hold_ref, at=at, by=by, note=note)
    elif not others.filter(since=gap.since).exists():
        clear_alarm("EDI_GAP", _gap_subject(gap), at=at, note=note)


# what people decide


def accept_transmission_gap(
    gap_id: int, *, by: AbstractBaseUser, reason: str, at: datetime
) -> TransmissionGap:
    """A named person decides that a run of missing transmissions is not waited for; what it held may go.

    Refuses without a reason and a gap that is no longer open. Locks the partner's row, as his lane does.
    """
    if not reason.strip():
        raise Refused("reason_missing", "say why the missing transmissions are not waited for")
    with transaction.atomic(durable=True):
        gap = TransmissionGap.objects.select_related("partner").filter(pk=gap_id).first()
        if gap is None:
            raise Unknown("no_gap", f"there is no transmission gap {gap_id}")
        TradingPartner.objects.select_for_update(no_key=True).get(pk=gap.partner_id)
        open_gap = TransmissionGap.objects.filter(pk=gap_id, status=GapStatus.OPEN)
        if not open_gap.update(status=GapStatus.ACCEPTED, by=by, reason=reason.strip()[:200], closed_at=at):
            raise Refused("no_gap", f"{numbers(gap)} is no longer missing")
        gap.refresh_from_db()
        journal(
            "transmission_gap_accepted", numbers(gap), at=at, by=str(by), reason=reason, partner=gap.partner.code,
            series=gap.series,
        )  # fmt: skip
        _settle(gap, at=at, by=str(by), note=reason)
    return gap


def restart_counter(counter_id: int, number: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> None:
    """A named person says that a partner began his count anew and `number` is the last that came of it.

    Refuses without a reason and a number that is no number of the counter. Gaps of the old count stay as they are.
    """
    if not reason.strip():
        raise Refused("reason_missing", "say who told that the count began anew")
    with transaction.atomic(durable=True):
        counter = TransmissionCounter.objects.select_related("partner").filter(pk=counter_id).first()
        if counter is None:
            raise Unknown("no_counter", f"there is no counter {counter_id}")
        TradingPartner.objects.select_for_update(no_key=True).get(pk=counter.partner_id)
        span = profile_of(counter.partner).control.last
        if not 1 <= number <= span:
            raise Refused("bad_number", f"{number} is outside 1 to {span}")
        counter.refresh_from_db()
        position = number + ((counter.last_number - number) // span + 1) * span
        TransmissionCounter.objects.filter(pk=counter_id).update(
            first_number=position, last_number=position, last_ref=str(number), seen_at=at
        )
        subject = f"{counter.partner.code} {counter.series}"[:80]
        journal("counter_restarted", subject, at=at, by=str(by), reason=reason, number=number)
        clear_alarm("EDI_COUNTER", subject, at=at, note=reason)
