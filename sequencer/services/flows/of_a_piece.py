"""What SCRAP and REPAIR share: the command, the piece (its label or its slot), the reason."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime

from django.utils.translation import gettext as _

from sequencer.labels import Kind
from sequencer.models import Line, Station, Unit
from sequencer.services.flows.pieces import cards, in_hand, piece_of
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged
from sequencer.spoken import spoken

PIECE, REASON = "PIECE", "REASON"


class OfAPiece(Flow):
    """Asks for one piece and why. A reason at once means the piece in the hand; a wrong one is told the right ones.

    `goes`: what becomes of `%(unit)s`, `what`: what is asked for; both as the sentence catalogues know them.
    """

    reasons: tuple[str, ...]
    goes: str
    what: str

    @abstractmethod
    def settle(self, judging: Judging, piece: Unit, line: Line, reason: str) -> Judged:
        """Does it with the piece. Runs under the station's lock; refuses as its verb does."""

    def begin(self, judging: Judging) -> Judged:
        mine = in_hand(judging) is not None
        judging.wait(self, PIECE)
        hint = _("Scan the reason, or another piece") if mine else _("Scan the piece or its slot")
        return Judged("OK", self.command, hint=hint, sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        if state.startswith(REASON):
            told = _(self.goes) % {"unit": _chosen(state)}
            return Ask("REASON", _("SCAN THE REASON"), told, cards(self.reasons))
        if station.hand_group_id is not None:
            told = _("for the part in your hand, or scan another piece")
            return Ask("PIECE", _("SCAN THE REASON"), told, cards(self.reasons))
        return Ask("PIECE", _("SCAN PIECE OR SLOT"), _(self.what))

    def step(self, judging: Judging, state: str) -> Judged:
        label = judging.label
        if label.kind is not Kind.REASON:
            unit = piece_of(judging)
            judging.wait(self, f"{REASON}:{unit.pk}")
            return Judged(
                "OK", self.command, seen=str(unit), hint=_("Scan the reason"), sound="wait", unit=unit
            )
        piece = in_hand(judging) if state == PIECE else _chosen(state)
        if piece is None:
            return Judged("NOT_NOW", "PIECE", hint=_("First the piece, then the reason"), sound="check")
        if label.value not in self.reasons:
            hint = _("Reasons: %(reasons)s") % {"reasons": ", ".join(map(spoken, self.reasons)).lower()}
            return Judged("NOT_NOW", "REASON", seen=label.shown, hint=hint, sound="check")
        commodity = judging.station.commodity
        assert commodity is not None  # a packing station has one by constraint
        return self.settle(judging, piece, commodity.program.line, label.value.lower().replace("-", " "))


def _chosen(state: str) -> Unit | None:
    return Unit.objects.select_related("part").filter(pk=int(state.partition(":")[2] or 0)).first()
