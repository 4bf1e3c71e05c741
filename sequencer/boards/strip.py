"""The sequence strip: the next twenty vehicles of each counter of a line and what is missing between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from sequencer.boards.units import BINDING, GONE, WAY, WORDS, Board, UnitFacts, progress
from sequencer.models import CallOff, ComponentGroup, Line, SequenceGap, SequenceStream
from sequencer.states import OPEN_GROUPS, GapStatus, GroupStatus, Stage

CELLS = 20
# Vehicles already on their way, for orientation.
BEHIND = 3
# A sparse counter skips numbers, so its twenty calls reach further.
SPARSE_REACH = 10
CHANGED_LATELY = timedelta(hours=3)


def strips(line: Line, gaps: Sequence[SequenceGap], at: datetime) -> list[Board]:
    """One strip a counter, from just before the first vehicle that waits for us."""
    streams = list(_streams(line, at))
    starts = {stream.pk: _start(stream) for stream in streams}
    calls = _calls(streams, starts)
    accepted = _accepted(streams, starts)
    return [
        {
            "stream": stream.pk,
            "name": ", ".join(c.name for p in stream.programs.all() for c in p.commodities.all()),
            "cells": _cells(stream, starts[stream.pk], calls[stream.pk], gaps, accepted, at),
        }
        for stream in streams
    ]


def displaced(line: Line) -> list[Board]:
    """Calls without a place in the sequence: another call took their number, or it was sent twice."""
    calls = CallOff.objects.filter(
        stream__line=line,
        position__isnull=True,
        stage__in=BINDING,
        groups__status__in=sorted(OPEN_GROUPS),
        # What is open of the line is few; its calls of all time are many.
        groups__commodity__program__line=line,
    ).distinct()
    return [
        {"call": call.call_number, "sequence": call.sequence_number, "required_at": call.required_at}
        for call in calls.order_by("required_at")[:CELLS]
    ]


def _streams(line: Line, at: datetime) -> QuerySet[Any]:
    """With the position the OEM's line needs next (`ahead`) and the first that has not left us (`behind`)."""
    placed = CallOff.objects.filter(stream=OuterRef("pk"), stage__in=BINDING, position__isnull=False)
    unshipped = ComponentGroup.objects.filter(
        commodity__program__stream=OuterRef("pk"),
        status__in=sorted(OPEN_GROUPS),
        call_off__stage__in=BINDING,
        call_off__position__isnull=False,
    )
    return (
        SequenceStream.objects.filter(line=line)
        .annotate(
            ahead=Subquery(placed.filter(required_at__gt=at).order_by("required_at").values("position")[:1]),
            behind=Subquery(unshipped.order_by("call_off__position").values("call_off__position")[:1]),
        )
        .prefetch_related("programs__commodities")
        .order_by("broadcast_point", "pk")
    )


def _start(stream: Any) -> int | None:
    """Just before the first vehicle that waits for us; one that is stuck far behind does not pin the strip."""
    if stream.last_position is None:
        return None
    ahead = stream.last_position + 1 if stream.ahead is None else stream.ahead
    waits = ahead if stream.behind is None else stream.behind
    start = max(waits, ahead - CELLS // 2) - BEHIND
    return start if stream.first_position is None else max(start, stream.first_position)


def _window(streams: Iterable[SequenceStream], starts: Mapping[int, int | None]) -> Q:
    """The positions each strip may show."""
    where = Q(pk__in=[])
    for stream in streams:
        start = starts[stream.pk]
        if start is not None:
            reach = CELLS if stream.dense else CELLS * SPARSE_REACH
            where |= Q(stream=stream, position__gte=start, position__lt=start + reach)
    return where


def _calls(
    streams: Sequence[SequenceStream], starts: Mapping[int, int | None]
) -> dict[int, dict[int, CallOff]]:
    groups = ComponentGroup.objects.select_related("slot__rack", "commodity")
    found: dict[int, dict[int, CallOff]] = {stream.pk: {} for stream in streams}
    calls = CallOff.objects.filter(_window(streams, starts)).order_by("position")
    for call in calls.prefetch_related(Prefetch("groups", groups)):
        assert call.position is not None
        found[call.stream_id][call.position] = call
    return found


def _accepted(streams: Sequence[SequenceStream], starts: Mapping[int, int | None]) -> set[tuple[int, int]]:
    gaps = SequenceGap.objects.filter(_window(streams, starts), status=GapStatus.ACCEPTED)
    return set(gaps.values_list("stream_id", "position"))


def _cells(
    stream: SequenceStream,
    start: int | None,
    calls: Mapping[int, CallOff],
    gaps: Sequence[SequenceGap],
    accepted: set[tuple[int, int]],
    at: datetime,
) -> list[Board]:
    if start is None:
        return []
    if not stream.dense:
        return [_call(call, at) for call in list(calls.values())[:CELLS]]
    missing = {gap.position for gap in gaps if gap.stream_id == stream.pk}
    accepted_here = {position for pk, position in accepted if pk == stream.pk}
    cells = []
    for position in range(start, start + CELLS):
        if position in calls:
            cells.append(_call(calls[position], at))
        else:
            state = "gap" if position in missing else "accepted" if position in accepted_here else "later"
            cells.append(_bare(stream.counter.text(position), state))
    return cells


def _bare(sequence: str, state: str) -> Board:
    return {"sequence": sequence, "state": state, "word": _word(state), "changed": False, "families": []}


def _call(call: CallOff, at: datetime) -> Board:
    if call.stage == Stage.CANCELLED:
        return _bare(call.sequence_number, "cancelled") | {"call": call.call_number}
    families = [
        {"name": group.commodity.name, "state": _state(group, call, at)}
        for group in call.groups.all()
        if group.status != GroupStatus.CANCELLED
    ]
    state = min((f["state"] for f in families), key=WAY.index, default="held" if call.held else "called")
    changed = call.revision > 1 and state not in GONE and at - call.changed_at < CHANGED_LATELY
    late = bool(call.required_at and call.required_at <= at and state not in GONE | {"held"})
    return {
        "sequence": call.sequence_number,
        "state": state,
        "word": _("changed") if changed and state in {"called", "released", "work"} else _word(state),
        "changed": changed,
        "late": late,
        "call": call.call_number,
        "vin": call.vin,
        "families": families,
    }


def _state(group: ComponentGroup, call: CallOff, at: datetime) -> str:
    slot = getattr(group, "slot", None)
    facts = UnitFacts(
        status=group.status,
        required_at=call.required_at,
        held=call.held,
        on_hold=group.on_hold,
        slot=slot.status if slot else None,
        rack=slot.rack.status if slot else None,
    )
    return progress(facts, at)


def _word(state: str) -> str:
    """An empty word stays empty: a catalogue answers it with its own head."""
    return _(WORDS[state]) if WORDS[state] else ""
