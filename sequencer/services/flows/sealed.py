"""REOPEN-RACK and SHIP-AS-IS: a supervisor decides, at a station or the dock, of a closed rack whose calls moved."""

from __future__ import annotations

from datetime import datetime

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.errors import Refused, Stale
from sequencer.labels import Kind
from sequencer.models import Badge, Rack, SequenceStream, Station
from sequencer.services.racks import decide_sealed_locked
from sequencer.services.scans.flow import EVERYWHERE, Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged
from sequencer.states import BOUND_RACKS, SealedChoice


class Decide(Flow):
    """The command, the rack's label, then the supervisor's badge and PIN."""

    kinds = EVERYWHERE
    choice: SealedChoice

    def begin(self, judging: Judging) -> Judged:
        judging.wait(self, "RACK")
        return Judged("OK", self.command, hint=_("Scan the rack"), sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        racks = Rack.objects.filter(sealed_moves__choice=SealedChoice.OPEN, carrier__isnull=False)
        found = racks.select_related("carrier").distinct().order_by("pk")[:3]
        cards = tuple(
            (_("Rack %(rack)s") % {"rack": r.carrier.code}, f"%R:{r.carrier.code}", "rack")
            for r in found
            if r.carrier
        )
        return Ask("RACK", _("SCAN THE RACK"), _("that the OEM changed, or BACK"), cards)

    def step(self, judging: Judging, state: str) -> Judged:
        if judging.label.kind is not Kind.CARRIER:
            return Judged(
                "NOT_NOW",
                self.command,
                seen=judging.label.shown,
                hint=_("Scan the rack's label"),
                sound="check",
            )
        rack = Rack.objects.filter(carrier__code=judging.label.value, status__in=sorted(BOUND_RACKS)).first()
        if rack is None:
            raise Refused("no_rack", _("%(label)s holds no rack") % {"label": judging.label.value})
        if not rack.sealed_moves.filter(choice=SealedChoice.OPEN).exists():
            raise Refused(
                "nothing_moved", _("The OEM moved nothing in rack %(rack)s") % {"rack": rack.number}
            )
        judging.want_supervisor(self, str(rack.pk))
        return Judged(
            "OK",
            self.command,
            seen=rack.number,
            hint=_("Scan the supervisor's badge"),
            sound="wait",
            rack=rack,
        )

    def authorised(self, judging: Judging, badge: Badge, state: str) -> Judged:
        by, rack_id = badge.user.get_username(), int(state)
        stream_id = Rack.objects.values_list("commodity__program__stream_id", flat=True).get(pk=rack_id)
        # Out of the lock order (the station is locked already), so it never waits: if a call is being taken right
        # now, the scan is judged again.
        try:
            with transaction.atomic():
                SequenceStream.objects.select_for_update(no_key=True, nowait=True).get(pk=stream_id)
        except OperationalError as busy:
            raise Stale("stream") from busy
        reason = f"{self.title.lower()}, at {judging.station.code}"
        rack = decide_sealed_locked(rack_id, self.choice, by=by, reason=reason, at=judging.at)
        return Judged(
            "OK",
            self.command,
            seen=rack.number,
            hint=_("%(title)s: decided by %(by)s") % {"title": _(self.title), "by": by},
            rack=rack,
        )


class ReopenRack(Decide):
    command = "REOPEN-RACK"
    title = gettext_noop("Reopen and move")
    choice = SealedChoice.REOPEN


class ShipAsIs(Decide):
    command = "SHIP-AS-IS"
    title = gettext_noop("Ship as it was sealed")
    choice = SealedChoice.AS_IS
