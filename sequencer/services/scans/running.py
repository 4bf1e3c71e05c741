"""Flows at a station: how one begins, which one waits, and what its refusal leaves behind."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils.translation import gettext

from inventory.errors import Refused, Stale
from sequencer.models import Station
from sequencer.services.scans.flow import Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged


def running_flow(judging: Judging) -> tuple[Flow | None, str]:
    """The flow that waits for this scan, and in which state."""
    command, _, state = judging.station.mode.partition(":")
    return judging.flows.get(command), state


def guarded(judging: Judging, act: Callable[[], Judged]) -> Judged:
    """A verb's refusal is an answer at a station: nothing of it is kept, and the flow that asked has ended."""
    station = judging.station
    before = {field.attname: getattr(station, field.attname) for field in station._meta.concrete_fields}
    try:
        with transaction.atomic():
            return act()
    except Stale:
        raise
    except Refused as no:
        for name, value in before.items():
            setattr(station, name, value)
        judging.leave()
        judging.overrides.clear()
        return Judged("NOT_NOW", "REFUSED", seen=judging.label.shown, hint=no.message, sound="check")


def begin_flow(judging: Judging, flow: Flow) -> Judged:
    if judging.station.kind not in flow.kinds:
        told = (
            gettext("Not at a dock")
            if judging.station.kind == Station.Kind.DOCK
            else gettext("Not at a station")
        )
        return Judged(
            "NOT_NOW",
            "COMMAND",
            seen=flow.command,
            hint=told,
            sound="check",
        )
    return guarded(judging, lambda: flow.begin(judging))
