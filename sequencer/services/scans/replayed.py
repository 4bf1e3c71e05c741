"""A scan that was judged by a browser while it was cut off, judged again by the server in its own time."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from sequencer.models import Station
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.routing import judge
from sequencer.services.scans.slots import workable_slots
from sequencer.services.verdicts import Judged


@dataclass(frozen=True, slots=True)
class Kept:
    """What the operator was told then. A piece that was refused lies in the return bin, whatever is right now."""

    code: str

    @property
    def accepted(self) -> bool:
        return self.code in {"OK", "OVERRIDDEN", "NEED_SERIAL", "NEED_LOT"}


class _Taken(Exception):
    """The server would take what the operator was told to put away."""


def judge_replayed(judging: Judging, kept: Kept, fields: list[str]) -> Judged:
    """Judges a kept scan. Promise: what the operator was refused is never credited, and what he put into a slot is
    judged against the call of that slot, also when another call came up in front of it meanwhile."""
    station = judging.station
    judging.kept, judging.source = True, "OFFLINE"
    if station.rack_id is not None and judging.shown is not None:
        rack = judging.rack()
        assert rack is not None
        judging.slot_asked = workable_slots(rack.pk).filter(group=judging.shown).first()
    if kept.accepted:
        return judge(judging)
    before = {name: getattr(station, name) for name in _attributes(station, fields)}
    try:
        with transaction.atomic():
            judged = judge(judging)
            if judged.accepted:
                raise _Taken
    except _Taken:
        for name, value in before.items():
            setattr(station, name, value)
        judging.overrides.clear()
        hint = _("Refused while offline: it was put away")
        return Judged(kept.code, judged.step, seen=judging.label.shown, hint=hint, rack=judged.rack)
    return judged


def _attributes(station: Station, fields: list[str]) -> list[str]:
    names = {field.name: field.attname for field in station._meta.concrete_fields}
    return [names[name] for name in fields]
