"""SWAP: two pieces of the same part change their calls."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.errors import Refused
from sequencer.models import Badge, Station, Unit
from sequencer.services.flows.pieces import piece_of
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.swap import apart, check_interchangeable, swap_locked
from sequencer.services.verdicts import Judged


class Swap(Flow):
    """SWAP, one piece or its slot, the other piece or its slot. Both stand in their slots, in open racks.

    Between racks that may leave at different times a supervisor's badge and PIN follow.
    """

    command = "SWAP"
    title = gettext_noop("Exchange two equal pieces")

    def begin(self, judging: Judging) -> Judged:
        judging.wait(self)
        return Judged("OK", "SWAP", hint=_("Scan the first piece or its slot"), sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        if not state:
            return Ask("PIECE", _("SCAN THE FIRST PIECE"), _("or its slot, or BACK"))
        unit = Unit.objects.select_related("part").filter(pk=int(state)).first()
        return Ask(
            "PIECE", _("SCAN THE OTHER PIECE"), _("that changes with %(unit)s, or BACK") % {"unit": unit}
        )

    def step(self, judging: Judging, state: str) -> Judged:
        unit = piece_of(judging)
        if not state:
            judging.wait(self, str(unit.pk))
            return Judged(
                "OK", "SWAP", seen=str(unit), hint=_("Scan the other piece"), sound="wait", unit=unit
            )
        first = Unit.objects.select_related("part").get(pk=int(state))
        check_interchangeable(first, unit)
        racks = apart(first, unit)
        if racks is not None:
            judging.want_supervisor(self, f"{first.pk}:{unit.pk}")
            said = {"one": racks[0].number, "two": racks[1].number}
            hint = _("Between %(one)s and %(two)s: scan the supervisor's badge") % said
            return Judged("OK", "SWAP", seen=str(unit), hint=hint, sound="wait", unit=unit)
        return self.exchange(judging, first, unit, "exchanged at the station")

    def authorised(self, judging: Judging, badge: Badge, state: str) -> Judged:
        keys = [int(pk) for pk in state.split(":")]
        pieces = Unit.objects.select_related("part").in_bulk(keys)
        if len(pieces) < 2:
            raise Refused("no_piece", _("One of the pieces is gone; begin again"))
        first, second = (pieces[pk] for pk in keys)
        reason = f"exchanged between two racks, agreed by {badge.user.get_username()}"
        return self.exchange(judging, first, second, reason)

    def exchange(self, judging: Judging, first: Unit, unit: Unit, reason: str) -> Judged:
        one, two = swap_locked(
            first, unit, by=str(judging.station.operator), reason=reason, at=judging.at,
            station=judging.station, mine=judging.rack(),
        )  # fmt: skip
        judging.leave()
        names = one.call_off.sequence_number, two.call_off.sequence_number
        return Judged(
            "OK",
            "SWAP",
            seen=str(unit),
            hint=_("%(names)s and %(names_2)s exchanged: change the pieces now")
            % {"names": names[0], "names_2": names[1]},
            group=one,
            unit=unit,
        )
