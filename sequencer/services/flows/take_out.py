"""TAKE-OUT: the call of a built piece was cancelled. The operator decides by scan: buffer or scrap."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.errors import Refused
from sequencer.labels import Kind
from sequencer.models import FloorException, LoosePiece, Station
from sequencer.services.exceptions import resolve_exceptions
from sequencer.services.flows.pieces import cards, piece_of
from sequencer.services.journal import close_tasks
from sequencer.services.racks import loose_pieces
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.scrap import scrap_locked
from sequencer.services.verdicts import Judged
from sequencer.states import GroupStatus

CHOICES = ("BUFFER", "SCRAP")


class TakeOut(Flow):
    """TAKE-OUT, the piece or its slot, then BUFFER or SCRAP."""

    command = "TAKE-OUT"
    title = gettext_noop("Take out the piece of a cancelled call")

    def begin(self, judging: Judging) -> Judged:
        judging.wait(self)
        return Judged("OK", "TAKE-OUT", hint=_("Scan the piece or its slot"), sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        if state:
            return Ask(
                "REASON", _("SCAN BUFFER OR SCRAP"), _("what becomes of the piece, or BACK"), cards(CHOICES)
            )
        return Ask("PIECE", _("SCAN PIECE OR SLOT"), _("of the cancelled call, or BACK"))

    def step(self, judging: Judging, state: str) -> Judged:
        label, station = judging.label, judging.station
        if not state:
            piece = self.piece(judging)
            judging.wait(self, str(piece.pk))
            return Judged("OK", "TAKE-OUT", seen=str(piece.unit), hint=_("Scan BUFFER or SCRAP"), sound="wait",
                          unit=piece.unit, group=piece.group)  # fmt: skip
        if label.kind is not Kind.REASON or label.value not in CHOICES:
            return Judged(
                "NOT_NOW", "REASON", seen=label.shown, hint=_("Scan BUFFER or SCRAP, or BACK"), sound="check"
            )
        found = loose_pieces().select_related(
            "unit__part", "group__call_off", "group__commodity__program__line"
        )
        piece_ = found.filter(pk=int(state)).first()
        if piece_ is None:
            raise Refused("taken_out", _("This piece was taken out meanwhile"))
        group, unit, by = piece_.group, piece_.unit, str(station.operator)
        LoosePiece.objects.filter(pk=piece_.pk).delete()
        if label.value == "SCRAP":
            line = group.commodity.program.line
            scrap_locked(unit, line=line, by=by, reason="call cancelled", at=judging.at, station=station,
                         mine=judging.rack())  # fmt: skip
        where = "buffer" if label.value == "BUFFER" else "scrap"
        close_tasks(
            "TAKE_OUT", f"{group.call_off.call_number} {group.commodity.family}", at=judging.at, note=where
        )
        resolve_exceptions(
            FloorException.Kind.CANCELLED, group=group, at=judging.at, by=by, how=f"unit to {where}"
        )
        judging.leave()
        hint = _("Into the buffer") if label.value == "BUFFER" else _("Scrap: NOK sticker on it")
        return Judged("OK", "TAKE-OUT", seen=str(unit), hint=hint, group=group, unit=unit)

    def piece(self, judging: Judging) -> LoosePiece:
        """The loose piece of a cancelled call; refuses any other."""
        label = judging.label
        cancelled = (
            loose_pieces().filter(group__status=GroupStatus.CANCELLED).select_related("unit__part", "group")
        )
        if label.kind is Kind.SLOT:
            slots = cancelled.filter(slot__number=label.slot or 0)
            own = slots.filter(slot__rack=judging.station.rack_id)
            found = list((slots.filter(slot__rack__carrier__code=label.value) if label.value else own)[:2])
        else:
            found = list(cancelled.filter(unit=piece_of(judging))[:2])
        if len(found) != 1:
            raise Refused(
                "not_cancelled",
                _("%(shown)s holds no single piece of a cancelled call")
                % {"shown": label.shown or _("That slot")},
            )
        piece: LoosePiece = found[0]
        return piece
