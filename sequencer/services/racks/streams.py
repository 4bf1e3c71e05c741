"""What is decided of a whole stream: gaps accepted, where a count begins, the end of a shift."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Invalid, Refused
from sequencer.models import Commodity, Rack, SequenceGap, SequenceStream, SequencingProgram, Slot
from sequencer.services.journal import record_event
from sequencer.services.racks.cutting import number_again
from sequencer.services.racks.cutting_spec import keeps_places
from sequencer.services.racks.filling import settle_rack
from sequencer.services.racks.locks import lock_racks
from sequencer.states import GapStatus, Priority, RackStatus, SlotStatus


def accept_gap(
    stream_id: int, first: int, last: int, *, by: AbstractBaseUser, reason: str, at: datetime
) -> int:
    """A named person decides that positions `first` to `last` will not come: their slots become holes.

    Returns how many gaps were accepted. Refuses without a reason and when none is open. Locks stream, then racks.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("say why the missing calls are not waited for"))
    with transaction.atomic(durable=True):
        stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=stream_id)
        gaps = list(
            SequenceGap.objects.filter(
                stream=stream, status=GapStatus.OPEN, position__gte=first, position__lte=last
            )
        )
        if not gaps:
            raise Refused("no_gap", _("none of these positions is missing"))
        SequenceGap.objects.filter(pk__in=[g.pk for g in gaps]).update(
            status=GapStatus.ACCEPTED, accepted_by=by, reason=reason[:200], closed_at=at
        )
        _leave_holes(stream, [g.position for g in gaps], reason=reason, at=at)
        record_event(
            f"line:{stream.line_id}",
            "gap_accepted",
            f"{gaps[0].sequence_number}-{gaps[-1].sequence_number}",
            at=at,
            by=str(by),
            reason=reason,
        )
    return len(gaps)


def _leave_holes(stream: SequenceStream, positions: list[int], *, reason: str, at: datetime) -> None:
    """An accepted gap was decided by name already: its slots are cancelled, not holes that ask again."""
    slots = Slot.objects.filter(
        rack__commodity__program__stream=stream,
        rack__priority=Priority.NORMAL,
        position__in=positions,
        group__isnull=True,
        status=SlotStatus.EMPTY,
    )
    rack_ids = set(slots.values_list("rack_id", flat=True))
    racks = lock_racks(rack_ids)
    slots.update(status=SlotStatus.CANCELLED, reason=f"gap accepted: {reason}"[:120])
    for rack in racks.values():
        settle_rack(rack, at=at)


def start_stream(stream_id: int, first: int, *, at: datetime, by: str = "", reason: str = "") -> None:
    """Cutover: declares the first number that will be called, so that a later file taken first leaves a gap.

    Without it the first call that arrives is where the stream begins. Refuses a stream that has begun and a
    number that its counter cannot show.
    """
    with transaction.atomic(durable=True):
        stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=stream_id)
        if stream.last_position is not None:
            raise Refused(
                "has_begun",
                _("%(stream)s has begun at %(first_position)s")
                % {"stream": stream, "first_position": stream.first_position},
            )
        _check_shown(stream, first)
        SequenceStream.objects.filter(pk=stream_id).update(first_position=first, last_position=first - 1)
        record_event(
            f"line:{stream.line_id}",
            "stream_started",
            stream.counter.text(first),
            at=at,
            by=by,
            reason=reason,
        )


def _check_shown(stream: SequenceStream, number: int) -> None:
    if not stream.first <= number <= stream.last:
        raise Invalid(
            "bad_sequence",
            _("%(number)s is outside %(first)s to %(last)s")
            % {"number": number, "first": stream.first, "last": stream.last},
            sequence=number,
        )


def restart_stream(stream_id: int, first: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> int:
    """The OEM began its count anew: the number `first` is the next that is called, whatever came before.

    Promise: nothing of the old count is touched; its last racks are cut short so that they can go, and what of
    the new count is not called before `first` opens no gap. Returns the position of `first`. Refuses without a
    reason, a number the counter cannot show, and a stream that has not begun. Locks stream, then racks.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("say who told that the count begins anew"))
    with transaction.atomic(durable=True):
        stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=stream_id)
        if stream.last_position is None:
            raise Refused(
                "not_begun",
                _("%(stream)s has not begun; declare where it starts instead") % {"stream": stream},
            )
        position = begin_again(stream, first, at=at)
        text = stream.counter.text(position)
        record_event(f"line:{stream.line_id}", "stream_restarted", text, at=at, by=str(by), reason=reason)
    return position


def begin_again(stream: SequenceStream, first: int, *, at: datetime) -> int:
    """Moves a locked stream to the number `first` of its next round; returns that position."""
    counter, last = stream.counter, stream.last_position
    assert last is not None
    _check_shown(stream, first)
    position = first + ((last - first) // counter.span + 1) * counter.span
    for program in stream.programs.all():
        program.stream = stream
        for commodity in program.commodities.select_related("rack_type"):
            commodity.program = program
            _close_commodity(commodity, stream, at=at)
            Commodity.objects.filter(pk=commodity.pk, cut_from__isnull=False).update(cut_from=position)
    SequenceStream.objects.filter(pk=stream.pk).update(last_position=position - 1)
    stream.last_position = position - 1
    return position


def close_stream(program_id: int, *, at: datetime, by: str = "") -> int:
    """CLOSE or end of shift: cuts the last partial racks of a program short so that they can be sealed and go.

    Returns how many racks were cut. The next call starts a new rack. Locks stream, then racks.
    """
    with transaction.atomic(durable=True):
        program = SequencingProgram.objects.select_related("stream").get(pk=program_id)
        stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=program.stream_id)
        done = 0
        for commodity in program.commodities.select_related("rack_type"):
            done += _close_commodity(commodity, stream, at=at)
        if done:
            record_event(f"line:{program.line_id}", "closed", program.code, at=at, by=by, racks=done)
    return done


def _close_commodity(commodity: Commodity, stream: SequenceStream, *, at: datetime) -> int:
    """Cuts the last rack short, of each dock, line, colour or option that has racks of its own."""
    if commodity.rides_with_id is not None:
        return 0
    open_racks = Rack.objects.filter(commodity=commodity, priority=Priority.NORMAL).exclude(
        status=RackStatus.CANCELLED
    )
    last: dict[str, Rack] = {}
    for rack in open_racks.filter(closed=False).order_by("low_position"):
        last[rack.cut_key] = rack
    return sum(_close_rack(rack, commodity, stream, at=at) for rack in last.values())


def _close_rack(rack: Rack, commodity: Commodity, stream: SequenceStream, *, at: datetime) -> int:
    if stream.last_position is None:
        return 0
    rack = lock_racks([rack.pk])[rack.pk]
    kept = keeps_places(commodity)
    tail = rack.slots.filter(group__isnull=True, status=SlotStatus.EMPTY)
    if kept:
        tail = tail.filter(position__gt=stream.last_position)
    removed = list(tail.values_list("pk", flat=True))
    if removed and len(removed) == rack.slots.count():
        return 0
    Slot.objects.filter(pk__in=removed).delete()
    high = min(rack.high_position, stream.last_position) if kept else rack.high_position
    Rack.objects.filter(pk=rack.pk).update(closed=True, high_position=high)
    rack.closed, rack.high_position = True, high
    if removed and rack.status == RackStatus.PLANNED and commodity.rack_type.reverse:
        number_again(rack)
    Commodity.objects.filter(pk=commodity.pk).update(cut_from=high + 1)
    settle_rack(rack, at=at)
    return 1 if removed else 0


def needed_by(required_at: datetime, positions_before: int, takt: int, transit: int) -> datetime:
    """When a missing position must be known: what follows it is required at `required_at`."""
    return required_at - timedelta(seconds=positions_before * takt, minutes=transit)
