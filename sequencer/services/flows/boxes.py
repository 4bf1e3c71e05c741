"""BOX, BOX-ASIDE and EMPTY-BOX: a box of a called quantity is begun, left for later, or emptied with a reason."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.errors import Refused
from sequencer.labels import Kind
from sequencer.models import Station
from sequencer.services.quantity.boxes import box_of
from sequencer.services.quantity.emptying import empty_box
from sequencer.services.scans.boxes import begin_box
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged

REASONS = ("WRONG-COUNT", "CALL-CHANGED", "QUALITY", "DAMAGED")
BOX, REASON = "BOX", "REASON"


class Box(Flow):
    """BOX: the next box of what is called by quantity at this station."""

    command = "BOX"
    title = gettext_noop("A box of parts called by quantity")

    def begin(self, judging: Judging) -> Judged:
        return begin_box(judging)


class BoxAside(Flow):
    """BOX-ASIDE: the box waits with what is in it, and the station is free for a rack; BOX goes on with it.

    The way out where a box cannot go on: its pieces are not here, a rush rack came, or the server is away.
    """

    command = "BOX-ASIDE"
    title = gettext_noop("The box waits, the station is free for a rack")

    def begin(self, judging: Judging) -> Judged:
        station = judging.station
        if station.handling_unit is None:
            return Judged("NOT_NOW", "ASIDE", hint=_("No box is here"), sound="check")
        box, station.handling_unit = station.handling_unit, None
        station.mode = station.pending_unit_part = station.pending_unit_lot = ""
        hint = _("%(box)s waits: BOX goes on with it") % {"box": box.number}
        return Judged("OK", "ASIDE", seen=box.number, hint=hint)


class EmptyBox(Flow):
    """EMPTY-BOX, the box's label, the reason. With a box at the station the reason comes at once."""

    command = "EMPTY-BOX"
    title = gettext_noop("The pieces of a box go back, its label is void")

    def begin(self, judging: Judging) -> Judged:
        here = judging.station.handling_unit_id
        judging.wait(self, f"{REASON}:{here}" if here else BOX)
        hint = _("Scan the reason") if here else _("Scan the label of the box")
        return Judged("OK", "EMPTY", hint=hint, sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        if state == BOX:
            return Ask("BOX_LABEL", _("SCAN THE BOX"), _("that is emptied, or BACK"))
        cards = tuple((word.replace("-", " "), f"%M:{word}", "command") for word in REASONS)
        return Ask("REASON", _("SCAN THE REASON"), _("why the box is emptied, or BACK"), cards)

    def step(self, judging: Judging, state: str) -> Judged:
        label = judging.label
        if state == BOX:
            box = box_of(label, judging.raw)
            if box is None:
                raise Refused("no_box", _("%(label)s is no box of ours") % {"label": label.shown})
            judging.wait(self, f"{REASON}:{box.pk}")
            return Judged("OK", "EMPTY", seen=box.number, hint=_("Scan the reason"), sound="wait")
        if label.kind is not Kind.REASON or label.value not in REASONS:
            return Judged(
                "NOT_NOW", "REASON", seen=label.shown, hint=_("Scan a reason, or BACK"), sound="check"
            )
        reason = label.value.replace("-", " ").lower()
        box = empty_box(
            int(state.partition(":")[2]),
            by=str(judging.station.operator),
            reason=reason,
            at=judging.at,
            station=judging.station,
        )
        if judging.station.handling_unit_id == box.pk:
            judging.station.handling_unit = None
        judging.station.pending_unit_part = judging.station.pending_unit_lot = ""
        judging.leave()
        return Judged(
            "OK",
            "EMPTY",
            seen=box.number,
            hint=_("%(box)s is empty; put the pieces back") % {"box": box.number},
        )
