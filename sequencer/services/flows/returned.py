"""OEM-RETURN: a piece that was shipped came back. Quality says later whether it is good (REPAIRED) or scrap (SCRAP)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sequencer.labels import Kind
from sequencer.models import Station, Unit
from sequencer.services.flows.pieces import cards, piece_of
from sequencer.services.reorders import take_back_locked
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged

REASONS = ("OEM-REJECT", "DAMAGED", "WRONG-PART", "SURPLUS")
PIECE, REASON = "PIECE", "REASON"


class OemReturn(Flow):
    """OEM-RETURN, the piece, the reason."""

    command = "OEM-RETURN"
    title = gettext_noop("A piece came back from the OEM")

    def begin(self, judging: Judging) -> Judged:
        judging.wait(self, PIECE)
        return Judged("OK", "OEM-RETURN", hint=_("Scan the piece"), sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        if state == PIECE:
            return Ask("PIECE", _("SCAN THE PIECE"), _("that came back from the OEM, or BACK"))
        return Ask("REASON", _("SCAN THE REASON"), _("why the OEM sent it back, or BACK"), cards(REASONS))

    def step(self, judging: Judging, state: str) -> Judged:
        label = judging.label
        if state == PIECE:
            unit = piece_of(judging)
            judging.wait(self, f"{REASON}:{unit.pk}")
            return Judged(
                "OK", "OEM-RETURN", seen=str(unit), hint=_("Scan the reason"), sound="wait", unit=unit
            )
        if label.kind is not Kind.REASON or label.value not in REASONS:
            return Judged(
                "NOT_NOW", "REASON", seen=label.shown, hint=_("Scan a reason, or BACK"), sound="check"
            )
        unit = Unit.objects.select_related("part").get(pk=int(state.partition(":")[2]))
        group = take_back_locked(
            unit,
            by=str(judging.station.operator),
            reason=label.value.lower(),
            at=judging.at,
            station=judging.station,
        )
        judging.leave()
        return Judged("OK", "OEM-RETURN", seen=str(unit), hint=_("Quality shelf: REPAIRED if good, SCRAP if not"),
                      group=group, unit=unit)  # fmt: skip
