"""CHALLENGE: each challenge label of the station is scanned and must be refused. And the gate that waits for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sequencer.labels import Kind
from sequencer.models import ChallengeLabel, Station
from sequencer.services.challenge import MUST_BE, can_try, is_due, note_check, try_label
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged
from sequencer.states import GroupStatus, OverrideWhat


def labels_of(station: Station) -> list[ChallengeLabel]:
    return list(ChallengeLabel.objects.filter(station=station, active=True).order_by("kind", "pk"))


class Challenge(Flow):
    """The state is the labels refused so far; the check is stored with the last one, or with the first that passes."""

    command = "CHALLENGE"
    title = gettext_noop("Check the check, at shift start")

    def begin(self, judging: Judging) -> Judged:
        station = judging.station
        if not labels_of(station):
            return Judged(
                "NOT_NOW", "CHALLENGE", hint=_("No challenge label is kept for this station"), sound="check"
            )
        if station.hand_group_id is not None:
            return Judged("NOT_NOW", "CHALLENGE", hint=_("First finish the part in your hand"), sound="check")
        rack = judging.rack()
        slot = judging.current(rack) if rack is not None else None
        if not can_try(judging):
            return Judged("NOT_NOW", "CHALLENGE", hint=_("Scan an empty rack first"), sound="check")
        if slot is not None and slot.group is not None and slot.group.status == GroupStatus.VERIFIED:
            return Judged(
                "NOT_NOW",
                "CHALLENGE",
                hint=_("First put the part into slot %(slot)s") % {"slot": slot.number},
                sound="check",
            )
        judging.wait(self)
        return Judged(
            "OK", "CHALLENGE", hint=_("Scan the challenge labels; each must be refused"), sound="wait"
        )

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        done = _done(state)
        left = [label for label in labels_of(station) if str(label.pk) not in done]
        if not left:
            return Ask("CHALLENGE", _("SCAN CHALLENGE"), _("the labels changed meanwhile"))
        cards = tuple((label.name, label.raw, "wrong") for label in left)
        detail = _("%(kind)s; it must be refused") % {"kind": left[0].get_kind_display()}
        return Ask("CHALLENGE_LABEL", f"SCAN {left[0].name}".upper(), detail, cards)

    def step(self, judging: Judging, state: str) -> Judged:
        labels, done = labels_of(judging.station), _done(state)
        scanned = judging.raw.strip(" \r\n\t")
        challenge = next((label for label in labels if label.raw == scanned), None)
        if challenge is None:
            return Judged(
                "NOT_NOW", "CHALLENGE", seen=judging.label.shown, hint=_("This is no challenge label of this station"),
                sound="check",
            )  # fmt: skip
        rack = judging.rack()
        if not can_try(judging):
            judging.leave()
            return Judged(
                "NOT_NOW", "CHALLENGE", hint=_("No part is asked for any more; begin again"), sound="check"
            )
        given = try_label(judging, challenge)
        done.append(str(challenge.pk))
        wanted = MUST_BE[ChallengeLabel.Kind(challenge.kind)]
        left = [label for label in labels if str(label.pk) not in done]
        if left and given.code == wanted:
            judging.wait(self, ",".join(done))
            return Judged(
                "OK",
                "CHALLENGE",
                seen=challenge.name,
                hint=_("Refused, as it must be. %(count)s more") % {"count": len(left)},
                rack=rack,
            )
        judging.leave()
        results = [
            {"label": label.name, "kind": label.kind, "wanted": MUST_BE[ChallengeLabel.Kind(label.kind)],
             "given": given.code if label == challenge else MUST_BE[ChallengeLabel.Kind(label.kind)]}
            for label in labels if str(label.pk) in done
        ]  # fmt: skip
        if note_check(judging.station, results, at=judging.at, by=str(judging.station.operator)):
            return Judged(
                "OK",
                "CHALLENGE",
                seen=challenge.name,
                hint=_("Every label was refused; the check works"),
                rack=rack,
            )
        return Judged(
            "CHALLENGE_FAILED",
            "CHALLENGE",
            expected=wanted,
            seen=given.code,
            rack=rack,
            sound="stop",
            hint=_("%(challenge)s was not refused: do not work, the supervisor is told")
            % {"challenge": challenge.name},
        )


def _done(state: str) -> list[str]:
    return [pk for pk in state.split(",") if pk]


def challenge_due(judging: Judging) -> Judged | None:
    """Gate: no part, slot or seal before this shift's challenge was passed. A piece in the hand is finished first."""
    station = judging.station
    sealing = judging.label.kind is Kind.COMMAND and judging.label.value == "SEAL"
    if not sealing and judging.label.kind not in {Kind.GOODS, Kind.SLOT}:
        return None
    if station.kind == Station.Kind.DOCK:
        return None
    if station.hand_group_id is not None or not is_due(station, judging.at):
        return None
    rack = judging.rack()
    slot = judging.current(rack) if rack is not None else None
    group = slot.group if slot is not None else None
    if group is not None and group.status == GroupStatus.VERIFIED:
        return None
    if judging.lets_pass(OverrideWhat.CHALLENGE_DUE, group):
        return None
    hint = (
        _("Scan CHALLENGE, then the challenge labels")
        if can_try(judging)
        else _("Scan an empty rack, then CHALLENGE")
    )
    return Judged("CHALLENGE_DUE", "CHALLENGE", seen=judging.label.shown, hint=hint, sound="check", rack=rack)


def challenge_banner(station: Station, at: datetime) -> list[dict[str, Any]]:
    if station.commodity is None or not is_due(station, at):
        return []
    text = _("no work before the labels were refused: scan a rack, then CHALLENGE")
    return [{"kind": "challenge", "word": _("CHALLENGE DUE"), "text": text, "until": None}]
