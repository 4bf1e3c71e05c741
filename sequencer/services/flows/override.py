"""OVERRIDE: which check, why, how far; then a supervisor's own badge and PIN. There is no PIN that several know."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext, gettext_noop

from sequencer.labels import Kind
from sequencer.models import Badge, Station
from sequencer.services.overrides import EXTENTS, grant_override, left, words
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.packing import pack
from sequencer.services.verdicts import Judged
from sequencer.spoken import spoken
from sequencer.states import GroupStatus, OverrideWhat

WHAT_REASONS = tuple(what.replace("_", "-") for what in OverrideWhat)
WHY_REASONS = ("LABEL-DAMAGED", "SCANNER-BROKEN", "DEVICE-BROKEN", "OEM-AGREED", "PART-LATE")
EXTENT_REASONS = tuple(EXTENTS)

STEPS = (
    (
        "OVERRIDE_WHAT",
        gettext_noop("SCAN WHICH CHECK"),
        gettext_noop("which check may pass, or BACK"),
        WHAT_REASONS,
    ),
    ("OVERRIDE_WHY", gettext_noop("SCAN THE REASON"), gettext_noop("why it may pass, or BACK"), WHY_REASONS),
    (
        "OVERRIDE_EXTENT",
        gettext_noop("SCAN HOW FAR"),
        gettext_noop("this unit, station or line, or BACK"),
        EXTENT_REASONS,
    ),
)


class OverrideFlow(Flow):
    """The state is what was scanned so far, in the order of `STEPS`. Nothing is granted before the PIN fits."""

    command = "OVERRIDE"
    title = gettext_noop("Let a check pass")
    of_the_unit = True

    def begin(self, judging: Judging) -> Judged:
        judging.wait(self)
        return Judged("OK", "OVERRIDE", hint=gettext("Scan which check may pass"), sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        code, text, detail, choices = STEPS[len(_said(state))]
        cards = tuple((spoken(word), f"%M:{word}", "command") for word in choices)
        return Ask(code, gettext(text), gettext(detail), cards)

    def step(self, judging: Judging, state: str) -> Judged:
        said = _said(state)
        _, text, _, choices = STEPS[len(said)]
        label = judging.label
        if label.kind is not Kind.REASON:
            return Judged(
                "NOT_NOW", "OVERRIDE", seen=label.shown, hint=gettext(text).capitalize(), sound="check"
            )
        if label.value not in choices:
            hint = gettext("%(check)s is no choice here") % {"check": spoken(label.value).capitalize()}
            if not said:
                hint = gettext("Nobody may override %(value)s") % {"value": spoken(label.value).lower()}
            return Judged("NOT_ALLOWED", "OVERRIDE", seen=label.value, hint=hint)
        said = [*said, label.value]
        if len(said) < len(STEPS):
            judging.wait(self, ":".join(said))
            return Judged(
                "OK",
                "OVERRIDE",
                seen=label.value,
                hint=gettext(STEPS[len(said)][1]).capitalize(),
                sound="wait",
            )
        judging.want_supervisor(self, ":".join(said))
        return Judged(
            "OK", "OVERRIDE", seen=label.value, hint=gettext("Scan the supervisor's badge"), sound="wait"
        )

    def authorised(self, judging: Judging, badge: Badge, state: str) -> Judged:
        named, why, extent = state.split(":")
        what = OverrideWhat(named.replace("-", "_"))
        station, at = judging.station, judging.at
        rack = judging.rack()
        slot = judging.current(rack) if rack is not None else None
        group = slot.group if slot is not None else None
        granted = grant_override(
            station, what, extent=extent, reason=why, by=badge.user, at=at, group=group
        )  # fmt: skip
        judging.standing.overridden = True
        if what in {OverrideWhat.SERIAL_REQUIRED, OverrideWhat.LOT_REQUIRED}:
            # The part's own label is scanned again: what it is, is judged as ever.
            station.pending_unit_part = station.pending_unit_lot = ""
        told = gettext("%(check)s may pass for %(left)s") % {
            "check": words(what).capitalize(),
            "left": left(granted.until, at),
        }
        judged = Judged("OK", "OVERRIDE", seen=badge.user.get_username(), hint=told, rack=rack)
        in_hand = slot is not None and group is not None and group.status == GroupStatus.VERIFIED
        if what is OverrideWhat.SLOT_CHALLENGE and in_hand:
            assert rack is not None and slot is not None and group is not None  # noqa: PT018
            judging.lets_pass(what, group)
            packed = pack(judging, rack, slot, group)
            judged.slot, judged.group = slot, group
            judged.hint = " · ".join(
                filter(None, (gettext("Into slot %(slot)s") % {"slot": slot.number}, told, packed))
            )
            judged.sound = "check" if packed else ""
        return judged


def _said(state: str) -> list[str]:
    return [word for word in state.split(":") if word]
