"""SHORT: a named supervisor lets the truck go without the racks that are not on it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sequencer.labels import Kind
from sequencer.models import Badge, Shipment, Station
from sequencer.services import dock
from sequencer.services.flows.loading import DOCK_ONLY, no_truck, reason_cards, truck_here
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.shipping import leave_behind_locked
from sequencer.services.verdicts import Judged

REASONS = ("RACK-LATE", "OEM-ASKS", "TRUCK-FULL", "QUALITY")


class Short(Flow):
    """SHORT, the reason, a supervisor: what is not loaded stays, the truck is complete as it stands."""

    command = "SHORT"
    kinds = DOCK_ONLY
    title = gettext_noop("Send the truck short")

    def begin(self, judging: Judging) -> Judged:
        if truck_here(judging) is None:
            return no_truck("SHORT")
        judging.wait(self)
        return Judged("OK", "SHORT", hint=_("Scan the reason"), sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        return Ask(
            "REASON", _("SCAN THE REASON"), _("why the truck goes short, or BACK"), reason_cards(REASONS)
        )

    def step(self, judging: Judging, state: str) -> Judged:
        if judging.label.kind is not Kind.REASON or judging.label.value not in REASONS:
            return Judged(
                "NOT_NOW", "SHORT", seen=judging.label.shown, hint=_("Scan a reason, or BACK"), sound="check"
            )
        judging.want_supervisor(self, judging.label.value)
        return Judged(
            "OK", "SHORT", seen=judging.label.value, hint=_("Scan the supervisor's badge"), sound="wait"
        )

    def authorised(self, judging: Judging, badge: Badge, state: str) -> Judged:
        shipment = truck_here(judging)
        if shipment is None:
            return no_truck("SHORT")
        # A truck that may not leave goes with what it was planned for: refused, the racks stay with it.
        with transaction.atomic():
            judged = self.send(judging, shipment, badge.user.get_username(), state)
            transaction.set_rollback(not judged.accepted)
        if not judged.accepted:
            shipment.refresh_from_db()
        return judged

    def send(self, judging: Judging, shipment: Shipment, by: str, state: str) -> Judged:
        behind = leave_behind_locked(shipment, by=by, reason=state.replace("-", " ").lower(), at=judging.at)
        left = (
            _("left behind: %(racks)s") % {"racks": ", ".join(behind)} if behind else _("nothing left behind")
        )
        asked = dock.wants(shipment)
        if asked:
            return Judged(
                "OK",
                "SHORT",
                seen=shipment.number,
                hint=(
                    _("%(left)s; scan the seal") if asked == "SEAL" else _("%(left)s; scan the driver's card")
                )
                % {"left": left},
                shipment=shipment,
            )
        gone = dock.depart(judging.station, shipment, judging.at, by=by)
        if gone.accepted:
            return Judged(
                "OK",
                "SHORT",
                seen=shipment.number,
                hint=_("Departed short; %(left)s") % {"left": left},
                shipment=shipment,
            )
        return gone
