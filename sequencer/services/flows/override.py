"""OVERRIDE: which check, why, how far; then a supervisor's own badge and PIN. There is no PIN that several know.

The three may stand on one label of the command sheet: `%C:OVERRIDE:SC:LD:TU`. Then it is three scans in all.
"""

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

# What happens most, each on a label of its own; the narrowest extent that helps.
USUAL = (
    ("SLOT-CHALLENGE", "LABEL-DAMAGED", "THIS-UNIT"),
    ("SLOT-CHALLENGE", "LABEL-DAMAGED", "STATION-5-UNITS"),
    ("SERIAL-REQUIRED", "LABEL-DAMAGED", "THIS-UNIT"),
    ("LOT-REQUIRED", "LABEL-DAMAGED", "THIS-UNIT"),
    ("SEQUENCE-ORDER", "OEM-AGREED", "STATION-10-MIN"),
    ("HOLE-AT-SEAL", "PART-LATE", "STATION-10-MIN"),
    ("HOLE-AT-SEAL", "OEM-AGREED", "STATION-10-MIN"),
    ("CHALLENGE-DUE", "LABEL-DAMAGED", "STATION-10-MIN"),
)


def short(word: str) -> str:
    """A word as it stands on a label with others: its initials, numbers whole. SLOT-CHALLENGE is SC."""
    return "".join(part if part.isdigit() else part[0] for part in word.split("-"))


class OverrideFlow(Flow):
    """The state is what was scanned so far, in the order of `STEPS`. Nothing is granted before the PIN fits."""

    command = "OVERRIDE"
    title = gettext_noop("Let a check pass")
    of_the_unit = True
    ready = tuple((":".join(map(short, words)), words) for words in USUAL)

    def begin(self, judging: Judging) -> Judged:
        said: list[str] = []
        for word in judging.label.value.split(":")[1:]:
            known = _choices(said)
            found = next((choice for choice in known if word in {choice, short(choice)}), "")
            if not found:
                hint = gettext("This label names no check that may pass: print the command sheet anew")
                return Judged("NOT_ALLOWED", "OVERRIDE", seen=judging.label.value, hint=hint)
            said.append(found)
        return self._go_on(judging, said)

    def decides(self, state: str) -> str:
        return " · ".join(spoken(word) for word in (self.command, *_said(state)))

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
        return self._go_on(judging, [*said, label.value])

    def _go_on(self, judging: Judging, said: list[str]) -> Judged:
        """The next thing that is not said yet; after the last one the supervisor."""
        if len(said) < len(STEPS):
            judging.wait(self, ":".join(said))
            hint = gettext(STEPS[len(said)][1]).capitalize()
        else:
            judging.want_supervisor(self, ":".join(said))
            hint = gettext("Scan the supervisor's badge")
        return Judged("OK", "OVERRIDE", seen=judging.label.value, hint=hint, sound="wait")

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


def _choices(said: list[str]) -> tuple[str, ...]:
    """What may be said next; nothing when all is said."""
    return STEPS[len(said)][3] if len(said) < len(STEPS) else ()


def _said(state: str) -> list[str]:
    return [word for word in state.split(":") if word]
