"""REPAIR takes a piece out of its place until it is good again; REPAIRED brings it back."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sequencer.models import Line, Slot, Station, Unit
from sequencer.services.flows.of_a_piece import OfAPiece
from sequencer.services.flows.pieces import piece_of
from sequencer.services.reorders import good_again_locked
from sequencer.services.repair import back_from_repair_locked, send_to_repair_locked
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged
from sequencer.states import UnitStatus

REASONS = ("SCRATCH", "MISSING-CLIP", "LOOSE", "FUNCTION")


class Repair(OfAPiece):
    """Takes the piece out of its place; its slot waits for it or for another."""

    command = "REPAIR"
    title = gettext_noop("Send a piece to repair")
    reasons = REASONS
    goes = gettext_noop("%(unit)s goes to repair, or BACK")
    what = gettext_noop("what goes to repair, or BACK")

    def settle(self, judging: Judging, piece: Unit, line: Line, reason: str) -> Judged:
        station, mine = judging.station, judging.rack()
        group, slot = send_to_repair_locked(
            piece, line=line, by=str(station.operator), reason=reason, at=judging.at, station=station, mine=mine,
        )  # fmt: skip
        judging.leave()
        said = (
            Slot.objects.filter(pk=slot.pk).values_list("reason", flat=True).first()
            if slot is not None
            else ""
        )
        hint = (
            _("slot %(slot)s: %(said)s") % {"slot": slot.number, "said": said}
            if slot is not None
            else _("Take it to repair")
        )
        return Judged("OK", "REPAIR", seen=str(piece), hint=hint, rack=slot.rack if slot else None, slot=slot,
                      group=group, unit=piece)  # fmt: skip


class Repaired(Flow):
    """REPAIRED, the piece: its call asks for it again."""

    command = "REPAIRED"
    title = gettext_noop("A piece is back from repair")

    def begin(self, judging: Judging) -> Judged:
        judging.wait(self)
        return Judged("OK", "REPAIRED", hint=_("Scan the piece"), sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        return Ask("PIECE", _("SCAN THE PIECE"), _("that is back from repair, or BACK"))

    def step(self, judging: Judging, state: str) -> Judged:
        unit = piece_of(judging)
        if unit.status == UnitStatus.RETURNED:
            good_again_locked(unit, by=str(judging.station.operator), at=judging.at)
            judging.leave()
            return Judged("OK", "REPAIRED", seen=str(unit), hint=_("Good again: into the buffer"), unit=unit)
        group, slot = back_from_repair_locked(
            unit, by=str(judging.station.operator), at=judging.at, mine=judging.rack()
        )
        judging.leave()
        if group is None or slot is None:
            return Judged("OK", "REPAIRED", seen=str(unit), hint=_("Good again: into the buffer"), unit=unit)
        hint = _("%(sequence)s waits for it: scan it for %(rack)s slot %(slot)s") % {
            "sequence": group.call_off.sequence_number,
            "rack": slot.rack.number,
            "slot": slot.number,
        }
        return Judged(
            "OK", "REPAIRED", seen=str(unit), hint=hint, rack=slot.rack, slot=slot, group=group, unit=unit
        )
