"""Release pacing: a resolved group of a firm call is given to the floor when its time has come, not as it arrives.

What is sequenced too early loses late changes. A program's lead counts back from the time the OEM's line needs the
vehicle, moved by how late or early that line really is, where it tells. Without a lead a firm call goes at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from inventory.errors import Unknown
from sequencer.models import (
    CallOff,
    ComponentGroup,
    LineConsumption,
    Rack,
    RackType,
    ReleasePace,
    SequenceStream,
    SequencingProgram,
)
from sequencer.rules import CallNews
from sequencer.services.journal import record_event
from sequencer.services.masters import recall
from sequencer.services.racks.locks import move_group
from sequencer.states import HOUSE_RACKS, GroupStatus, Priority, Stage

# A sweep gives so many groups at once; the next one, seconds later, the rest.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Pace:
    """A program's lead and how far its line is behind its plan (negative: ahead of it)."""

    lead: timedelta
    drift: timedelta = timedelta(0)

    def release_at(self, required_at: datetime) -> datetime:
        return required_at + self.drift - self.lead

    def due_until(self, at: datetime) -> datetime:
        """Calls needed up to this moment are released at `at`."""
        return at + self.lead - self.drift


def drift_of(
    consumed_at: datetime,
    due_at: datetime | None,
    next_due: datetime | None,
    *,
    at: datetime,
    trust: timedelta,
    lead: timedelta,
) -> timedelta:
    """How late the line is, from the last vehicle it took: what that one was late, or what the next one is by now.

    A line that stands says nothing, and neither does a broken connection. So a word older than `trust` never delays;
    and no word moves a release by more than the lead, so nothing is released after the line needs it by plan.
    """
    late = consumed_at - due_at if due_at is not None else timedelta(0)
    if at - consumed_at > trust:
        late = min(late, timedelta(0))
    elif next_due is not None:
        late = max(late, at - next_due)
    return max(-lead, min(late, lead))


def pace_of(program_id: int, *, at: datetime) -> Pace | None:
    """The pace of a program at a moment; None: firm calls are released at once."""
    found = recall(("pace", program_id), lambda: _row(program_id))
    if found is None or found.lead_minutes is None:
        return None
    lead = timedelta(minutes=found.lead_minutes)
    trust = timedelta(minutes=found.trust_minutes)
    consumed = LineConsumption.objects.filter(stream__programs=program_id).order_by().first()
    if consumed is None:
        return Pace(lead)
    after = CallOff.objects.filter(
        stream=consumed.stream_id, position__gt=consumed.position, stage=Stage.FIRM, held=False
    )
    next_due = after.order_by("position").values_list("required_at", flat=True).first()
    drift = drift_of(consumed.consumed_at, consumed.due_at, next_due, at=at, trust=trust, lead=lead)
    return Pace(lead, drift)


def _row(program_id: int) -> ReleasePace | None:
    return ReleasePace.objects.filter(program=program_id).order_by().first()


def is_due(group: ComponentGroup, call: CallOff, *, at: datetime) -> bool:
    """Whether a resolved group may go to the floor now: firm, and its time has come. A rush goes at once."""
    if call.stage != Stage.FIRM:
        return False
    if group.priority == Priority.RUSH or call.required_at is None:
        return True
    pace = pace_of(call.program_id, at=at)
    return pace is None or call.required_at <= pace.due_until(at)


def release(group: ComponentGroup, call: CallOff, *, at: datetime) -> None:
    """Hands a resolved group of a firm call to the floor once its time has come; `release_due` finds the others."""
    if group.status == GroupStatus.RESOLVED and is_due(group, call, at=at):
        move_group(group, GroupStatus.RELEASED)


def release_due(*, at: datetime, program_id: int | None = None) -> int:
    """Sweep: releases every group whose time has come, a program at a time; returns how many.

    A rack filled from its highest sequence is released whole, with its first vehicle: its operator begins at the other
    end. Finds also what waits while a lead was taken away. Locks the stream of each program that has something.
    """
    waiting = _waiting().filter(**({"call_off__program": program_id} if program_id else {}))
    done = 0
    for program in SequencingProgram.objects.filter(
        pk__in=waiting.values("call_off__program"), active=True
    ).order_by("pk"):
        if _due(program.pk, at).exists():
            done += _release_program(program, at)
    return done


def _release_program(program: SequencingProgram, at: datetime) -> int:
    with transaction.atomic():
        SequenceStream.objects.select_for_update(no_key=True).get(pk=program.stream_id)
        groups = list(_due(program.pk, at).order_by("call_off__required_at", "pk")[:AT_ONCE])
        for group in groups:
            move_group(group, GroupStatus.RELEASED)
        if groups:
            record_event(
                f"line:{program.line_id}", "released", program.code, at=at, count=len(groups),
                first=groups[0].call_off.sequence_number, last=groups[-1].call_off.sequence_number,
            )  # fmt: skip
    return len(groups)


def _waiting() -> QuerySet[ComponentGroup]:
    return ComponentGroup.objects.filter(status=GroupStatus.RESOLVED, call_off__stage=Stage.FIRM)


def _due(program_id: int, at: datetime) -> QuerySet[ComponentGroup]:
    found = _waiting().filter(call_off__program=program_id).select_related("call_off")
    pace = pace_of(program_id, at=at)
    if pace is None:
        return found
    until = pace.due_until(at)
    begun = Rack.objects.filter(
        pk=OuterRef("slot__rack"),
        commodity__rack_type__build_order=RackType.BuildOrder.REVERSE,
        slots__group__call_off__stage=Stage.FIRM,
        slots__group__call_off__required_at__lte=until,
        status__in=sorted(HOUSE_RACKS),
    )
    return found.filter(Q(call_off__required_at__lte=until) | Q(priority=Priority.RUSH) | Q(Exists(begun)))


# --- where the OEM's line is -----------------------------------------------------------------------------------


def take_position(
    program: SequencingProgram, news: CallNews, *, at: datetime, by: str = ""
) -> CallOff | None:
    """The OEM says which vehicle its line has taken: the releases of the counter's programs follow it.

    Promise: an older position than the one known, or a repeat, changes nothing. None when the vehicle is not known, or
    no program of the counter is paced. Runs in the caller's transaction; locks the stream.
    """
    stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=program.stream_id)
    if not ReleasePace.objects.filter(program__stream=stream, lead_minutes__isnull=False).exists():
        return None
    calls = CallOff.objects.filter(stream=stream, position__isnull=False)
    named = calls.filter(call_number=news.call_number) if news.call_number else calls.none()
    call = named.order_by("-position").first()
    if call is None and news.sequence_number:
        position = stream.counter.position(news.sequence_number, stream.last_position)
        call = calls.filter(position=position).order_by().first()
    if call is None or call.position is None:
        return None
    known = LineConsumption.objects.filter(stream=stream).first()
    if known is not None and call.position <= known.position:
        return call
    LineConsumption.objects.update_or_create(
        stream=stream,
        defaults={
            "position": call.position,
            "sequence_number": call.sequence_number,
            "due_at": call.required_at,
            "consumed_at": at,
        },
    )
    record_event(f"line:{program.line_id}", "line_position", call.sequence_number, at=at, by=by)
    for paced in stream.programs.filter(active=True).order_by("pk"):
        release_due(at=at, program_id=paced.pk)
    return call


def note_consumption(program_id: int, sequence_number: str, *, at: datetime, by: str) -> CallOff:
    """The line's position as another system knows it (a counter at the OEM's line). Refuses (`Unknown`) a program or
    a sequence that is not known, and a program that is not paced."""
    with transaction.atomic(durable=True):
        program = SequencingProgram.objects.filter(pk=program_id).first()
        if program is None:
            raise Unknown("no_program", _("there is no program %(program_id)s") % {"program_id": program_id})
        news = CallNews("POSITION", "", sequence_number=sequence_number)
        call = take_position(program, news, at=at, by=by)
        if call is None:
            raise Unknown(
                "no_call",
                _("%(program)s has no lead, or no call %(sequence)s; nothing is moved by it")
                % {"program": program.code, "sequence": sequence_number},
            )
    return call


# --- what waits ------------------------------------------------------------------------------------------------


def rack_waits_until(rack: Rack, *, at: datetime) -> datetime | None:
    """When the next group of a rack is released, if something in it waits for its time."""
    return _next(_waiting().filter(slot__rack=rack, on_hold=False, call_off__held=False), at)


def first_waiting() -> QuerySet[ComponentGroup]:
    """What waits for its time, the one the line needs first on top."""
    waiting = _waiting().filter(on_hold=False, call_off__held=False, call_off__required_at__isnull=False)
    return waiting.order_by("call_off__required_at")


def waits_until(program_id: int, required_at: datetime, *, at: datetime) -> datetime | None:
    """When a call of a program is released; None where nothing is paced."""
    pace = pace_of(program_id, at=at)
    return max(at, pace.release_at(required_at)) if pace is not None else None


def _next(groups: QuerySet[ComponentGroup], at: datetime) -> datetime | None:
    first = groups.select_related("call_off").order_by("call_off__required_at").first()
    if first is None or first.call_off.required_at is None:
        return None
    return waits_until(first.call_off.program_id, first.call_off.required_at, at=at)
