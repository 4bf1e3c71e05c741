"""The seal at the station, with the host check and what lets it pass."""

from __future__ import annotations

from django.utils.translation import gettext as _

from sequencer import rules
from sequencer.services.printing import DocumentKind
from sequencer.services.racks import approve_holes_locked, seal_locked
from sequencer.services.scans.carriers import print_papers
from sequencer.services.scans.judging import Judging
from sequencer.services.sets import set_reasons
from sequencer.services.verdicts import Judged
from sequencer.states import OverrideWhat, RackStatus, SlotStatus


def judge_seal(judging: Judging) -> Judged:
    rack = judging.rack()
    if rack is None:
        return Judged("NOT_NOW", "SEAL", hint=_("There is no rack to seal"), sound="check")
    if rack.status != RackStatus.FULL:
        reopened = rack.slots.filter(status=SlotStatus.REOPENED).select_related("group__call_off")
        open_again = [
            _("slot %(slot)s (%(sequence)s) is open again: %(reason)s")
            % {"slot": slot.number, "sequence": slot.group.call_off.sequence_number, "reason": slot.reason}
            for slot in reopened.order_by("number")[:2]
            if slot.group is not None
        ]
        hint = "; ".join(open_again) or _("The rack is not full yet")
        code = "OUT_OF_DATE_CALL" if open_again else "NOT_NOW"
        return Judged(code, "SEAL", hint=hint, sound="check", rack=rack)
    reasons = seal_locked(rack, at=judging.at, by=str(judging.station.operator))
    if reasons and all(map(rules.is_hole, reasons)):
        # Holes alone may be let pass; the host check itself is asked again in full.
        override = judging.lets_pass(OverrideWhat.HOLE_AT_SEAL)
        if override is not None:
            why = _("override %(override)s: %(reason)s") % {
                "override": override.pk,
                "reason": override.reason,
            }
            approve_holes_locked(rack, by=override.granted_by.get_username(), reason=why, at=judging.at)
            reasons = seal_locked(rack, at=judging.at, by=str(judging.station.operator))
    if not reasons:
        print_papers(judging, rack, DocumentKind.RACK_LABEL, DocumentKind.MANIFEST)
        return Judged(
            "OK", "SEAL", seen=rack.number, hint=_("Hang the manifest on and scan the rack"), rack=rack
        )
    if any(map(rules.is_hole, reasons)):
        judging.station.mode = "SUPERVISOR"
        return Judged(
            "NOT_ALLOWED",
            "SEAL",
            hint=_("%(reasons)s: scan the supervisor's badge") % {"reasons": reasons[0]},
            sound="check",
            rack=rack,
        )
    if reasons == set_reasons(rack):
        # What stands in the rack is right; the other half of a vehicle is not there yet.
        return Judged("SET_OPEN", "SEAL", hint="; ".join(reasons[:2]), sound="check", rack=rack)
    # The call is as it was; it is the piece that may not go.
    code = "ON_HOLD" if all(map(rules.is_held, reasons)) else "OUT_OF_DATE_CALL"
    return Judged(code, "SEAL", hint="; ".join(reasons[:2]), rack=rack)
