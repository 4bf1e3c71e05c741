"""SCRAP: a piece is no good. It is scrapped for ever; its call keeps the slot and is built again first."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sequencer.models import Line, Slot, Unit
from sequencer.services.flows.of_a_piece import OfAPiece
from sequencer.services.scans.judging import Judging
from sequencer.services.scrap import scrap_locked
from sequencer.services.verdicts import Judged

REASONS = ("DAMAGED", "DIMENSION", "SURFACE", "FUNCTION")


class Scrap(OfAPiece):
    """Scraps the piece for ever; its call is built again first, for the same slot."""

    command = "SCRAP"
    title = gettext_noop("Scrap a piece, build it again")
    reasons = REASONS
    goes = gettext_noop("%(unit)s becomes scrap, or BACK")
    what = gettext_noop("what becomes scrap, or BACK")

    def settle(self, judging: Judging, piece: Unit, line: Line, reason: str) -> Judged:
        station, mine = judging.station, judging.rack()
        group = scrap_locked(
            piece, line=line, by=str(station.operator), reason=reason, at=judging.at, station=station, mine=mine,
        )  # fmt: skip
        judging.leave()
        slot = Slot.objects.select_related("rack").filter(group=group).first() if group is not None else None
        if slot is None or group is None:
            return Judged("OK", "SCRAP", seen=str(piece), hint=_("Scrap: NOK sticker on it"), unit=piece)
        station.pending_unit_part = station.pending_unit_lot = ""
        where = (
            _("slot %(slot)s") % {"slot": slot.number}
            if slot.rack_id == station.rack_id
            else _("%(rack)s slot %(slot)s") % {"rack": slot.rack, "slot": slot.number}
        )
        hint = _("NOK sticker on it; %(sequence)s again for %(where)s, attempt %(attempt)s") % {
            "sequence": group.call_off.sequence_number,
            "where": where,
            "attempt": group.attempt,
        }
        return Judged(
            "OK", "SCRAP", seen=str(piece), hint=hint, rack=slot.rack, slot=slot, group=group, unit=piece
        )
