"""Which step a scan is: who is asked about it, and in which order."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from sequencer.documents.envelope import label_number
from sequencer.labels import KEYBOARD_TEST, Kind, read_label, wrong_layout
from sequencer.models import Station
from sequencer.services import dock, printing
from sequencer.services.scans.boxes import judge_box, seal_box
from sequencer.services.scans.carriers import judge_rack_label
from sequencer.services.scans.hand import end_in_hand, while_late
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.locks import while_locked
from sequencer.services.scans.packing import judge_slot
from sequencer.services.scans.parts import judge_part
from sequencer.services.scans.people import judge_badge, judge_pin
from sequencer.services.scans.running import begin_flow, guarded, running_flow
from sequencer.services.scans.sealing import judge_seal
from sequencer.services.verdicts import Judged


def judge(judging: Judging) -> Judged:
    """The answer to a scan. What takes more than one scan of its own is a `Flow` (`sequencer/services/flows/`)."""
    kind, station = judging.label.kind, judging.station
    if station.replay_left and not judging.kept:
        return while_replaying(judging)
    if kind is Kind.PIN:
        return judge_pin(judging)
    flow, state = running_flow(judging)
    if kind is Kind.BADGE and not (flow is not None and flow.takes_badges):
        return judge_badge(judging)
    bent = wrong_layout(judging.raw, at_log_in=station.operator is None, say=_)
    if kind is Kind.KEYBOARD or bent:
        return keyboard(judging, bent)
    if station.operator is None:
        return Judged("NO_BADGE", "BADGE", hint=_("Scan your badge first"), sound="check")
    if not station.lock_code:
        end = end_in_hand(judging)
        if end is not None:
            told = kind is Kind.COMMAND and judging.label.value in {"ANDON", "CHANGE-OPERATOR"}
            return command(judging) if told else while_late(judging, end)
    if kind is Kind.COMMAND and judging.label.value == "BACK" and (station.mode or not station.lock_code):
        return back(judging)
    if flow is not None:
        return after_flow(judging, guarded(judging, lambda: flow.step(judging, state)))
    if station.lock_code:
        return while_locked(judging)
    if kind is Kind.COMMAND:
        return after_flow(judging, command(judging))
    if kind is Kind.PAPER:
        return after_flow(judging, begin_flow(judging, judging.flows["PAPER"]))
    void = void_label(judging)
    if void is not None:
        return void
    for gate in judging.gates:
        stopped = gate(judging)
        if stopped is not None:
            return stopped
    if station.kind == Station.Kind.DOCK:
        return dock.judge(station, judging.label, judging.at, judging.raw)
    box = judge_box(judging)
    if box is not None:
        return box
    branches: dict[Kind, Callable[[Judging], Judged]] = {
        Kind.CARRIER: judge_rack_label,
        Kind.SLOT: judge_slot,
        Kind.GOODS: judge_part,
    }
    branch = branches.get(kind)
    if branch is None:
        return Judged(
            "NOT_NOW", "LABEL", seen=judging.label.value, hint=_("This label is for the dock"), sound="check"
        )
    return branch(judging)


def while_replaying(judging: Judging) -> Judged:
    """What was scanned before this scan is not judged yet: what stands here now is not what stands in the books."""
    left = judging.station.replay_left
    hint = _("%(left)s kept scans of this station are still to come; leave its browser open") % {"left": left}
    return Judged("REPLAYING", "REPLAY", seen=judging.label.shown, hint=hint, sound="check")


def keyboard(judging: Judging, bent: str) -> Judged:
    """The test label read as printed, or bent by another layout: then no label can be trusted."""
    if not bent and read_label(KEYBOARD_TEST).value == judging.label.value:
        return Judged("OK", "KEYBOARD", hint=_("The keyboard fits the scanner"))
    hint = bent or _("The computer's keyboard is not set as the scanner is: set both alike")
    return Judged("WRONG_LAYOUT", "KEYBOARD", hint=hint)


def void_label(judging: Judging) -> Judged | None:
    """A label that was printed anew counts no longer, whatever it says. Asks only for labels with a number."""
    if judging.station.kind != Station.Kind.PACK or label_number(judging.raw) is None:
        return None
    told = printing.is_void(judging.raw)
    if told is None:
        return None
    return Judged(
        "VOID_LABEL",
        "LABEL",
        seen=judging.label.shown,
        hint=_("%(told)s: use the newer one") % {"told": told},
    )


def after_flow(judging: Judging, judged: Judged) -> Judged:
    """What a command of this station did to the piece in the hand, the operator knows: nothing is told."""
    if judging.station.hand_group_id is not None and judged.accepted:
        judging.slot_asked = None
        if end_in_hand(judging) is not None:
            judging.empty_hand()
            judging.station.pending_unit_part = judging.station.pending_unit_lot = ""
    return judged


def command(judging: Judging) -> Judged:
    value, station = judging.label.value, judging.station
    if value == "CHANGE-OPERATOR":
        station.operator = None
        station.mode = ""
        return Judged("OK", "OPERATOR", hint=_("Scan your badge"), sound="wait")
    if value == "SUPERVISOR":
        station.mode = "SUPERVISOR"
        return Judged("OK", "SUPERVISOR", hint=_("Scan the supervisor's badge"), sound="wait")
    word, _colon, tail = value.partition(":")
    flow = judging.flows.get(word)
    if flow is not None and (not tail or flow.ready):
        return begin_flow(judging, flow)
    if station.kind == Station.Kind.DOCK:
        return dock.command(station, value, judging.at)
    if value == "SEAL":
        for gate in judging.gates:
            stopped = gate(judging)
            if stopped is not None:
                return stopped
        return judge_seal(judging) if station.handling_unit_id is None else seal_box(judging)
    if value == "RETURN":
        return Judged("NOT_NOW", "RETURN", hint=_("The station is not locked"), sound="check")
    return Judged("UNKNOWN_LABEL", "COMMAND", seen=value, hint=_("This command is not known here"))


def back(judging: Judging) -> Judged:
    """Steps out of a half-done command or serial; nothing verified is undone by it."""
    judging.station.mode = ""
    judging.station.pending_unit_part = ""
    return Judged("OK", "BACK", sound="wait")
