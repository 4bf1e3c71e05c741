"""REPACK: a closed rack is opened and every slot verified again."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.errors import Refused
from sequencer.labels import Kind
from sequencer.models import Badge, FloorException, Rack, Station
from sequencer.services.exceptions import lock_rack_too, note_exception
from sequencer.services.flows.pieces import cards
from sequencer.services.racks import rack_due, repack_locked
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged
from sequencer.states import BOUND_RACKS, CLOSED_RACKS

REASONS = ("DAMAGED-RACK", "WRONG-ORDER", "UNPACK", "CHECK")


class Repack(Flow):
    """REPACK, the rack, the reason. A reason at once means the rack at the station.

    A rack that is sealed was promised to a truck: a supervisor's badge and PIN follow.
    """

    command = "REPACK"
    title = gettext_noop("Open a rack, verify every slot again")

    def begin(self, judging: Judging) -> Judged:
        if judging.station.hand_group_id is not None:
            raise Refused("in_hand", _("First finish the part in your hand"))
        judging.wait(self)
        return Judged("OK", "REPACK", hint=_("Scan the rack, or the reason for this one"), sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        if state:
            rack = Rack.objects.filter(pk=int(state)).first()
            return Ask(
                "REASON",
                _("SCAN THE REASON"),
                _("%(rack)s is opened, every slot scanned again") % {"rack": rack},
                cards(REASONS),
            )
        return Ask(
            "RACK", _("SCAN THE RACK"), _("or the reason for the one at the station, or BACK"), cards(REASONS)
        )

    def step(self, judging: Judging, state: str) -> Judged:
        label, station = judging.label, judging.station
        if label.kind is Kind.CARRIER:
            found = Rack.objects.filter(carrier__code=label.value, status__in=sorted(BOUND_RACKS)).first()
            if found is None or found.commodity_id != station.commodity_id:
                raise Refused(
                    "no_rack", _("%(label)s holds no rack of this station") % {"label": label.value}
                )
            judging.wait(self, str(found.pk))
            return Judged(
                "OK", "REPACK", seen=label.value, hint=_("Scan the reason"), sound="wait", rack=found
            )
        if label.kind is not Kind.REASON or label.value not in REASONS:
            return Judged(
                "NOT_NOW", "REASON", seen=label.shown, hint=_("Scan a reason, or BACK"), sound="check"
            )
        rack_id = int(state) if state else station.rack_id
        if rack_id is None:
            raise Refused("no_rack", _("Scan the rack first"))
        reason = label.value.lower().replace("-", " ")
        status = Rack.objects.values_list("status", flat=True).get(pk=rack_id)
        if status in CLOSED_RACKS:
            judging.want_supervisor(self, f"{rack_id}:{label.value}")
            return Judged("OK", "REPACK", seen=label.value, hint=_("It is sealed: scan the supervisor's badge"),
                          sound="wait")  # fmt: skip
        return self.open(judging, rack_id, reason)

    def authorised(self, judging: Judging, badge: Badge, state: str) -> Judged:
        rack_id, word = state.split(":", 1)
        agreed = f"{word.lower().replace('-', ' ')}, agreed by {badge.user.get_username()}"
        return self.open(judging, int(rack_id), agreed)

    def open(self, judging: Judging, rack_id: int, reason: str) -> Judged:
        station, by = judging.station, str(judging.station.operator)
        rack = lock_rack_too(rack_id, judging.rack())
        opened = repack_locked(rack, by=by, reason=reason, at=judging.at)
        note_exception(
            FloorException.Kind.REPACK, line=rack.commodity.program.line, at=judging.at, by=by, reason=reason,
            text=f"rack {rack.number} opened, {opened} slots are verified again", station=station, rack=rack,
            due_at=rack_due(rack), resolution="opened; the seal closes it",
        )  # fmt: skip
        judging.leave()
        if station.rack_id is None and not Station.objects.filter(rack=rack).exists():
            station.rack = rack
        return Judged(
            "OK",
            "REPACK",
            seen=rack.number,
            hint=_("Open: scan every piece of %(rack)s again") % {"rack": rack.number},
            rack=rack,
        )
