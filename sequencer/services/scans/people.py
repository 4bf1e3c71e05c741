"""Badges and PINs: who works here, and what a supervisor decides."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import translation
from django.utils.translation import gettext

from sequencer.languages import language_of
from sequencer.models import Badge, Line, ScanEvent, Station
from sequencer.services import dock
from sequencer.services.andon import answer_andon
from sequencer.services.journal import open_task, record_event
from sequencer.services.overrides import left
from sequencer.services.racks import approve_holes_locked
from sequencer.services.scans import breaks
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.running import guarded
from sequencer.services.sets import release_sets_locked, set_reasons
from sequencer.services.verdicts import Judged
from sequencer.states import BreakOutcome, SlotStatus

SUPERVISORS = ("supervisor", "administrator")
PIN_TRIES, PIN_WINDOW = 5, timedelta(minutes=5)
# A badge whose PIN is guessed at, at whatever stations, is shut everywhere; after that with each further wrong PIN.
MOST_WRONG = 9999
BADGE_SHUT, TASK = timedelta(minutes=15), "BADGE_SHUT"


def judge_badge(judging: Judging) -> Judged:
    badge = (
        Badge.objects.select_related("user")
        .filter(code=judging.label.value, active=True, user__is_active=True)
        .first()
    )
    if badge is None:
        driver = dock.driver_badge(judging.station, judging.label.value, judging.at)
        if driver is not None:
            return driver
        return Judged(
            "UNKNOWN_LABEL",
            "BADGE",
            seen=judging.label.value,
            hint=gettext("This badge is not known or blocked"),
        )
    if judging.station.mode.startswith("SUPERVISOR"):
        return supervisor_badge(judging, badge)
    if judging.station.andon_at is not None and badge.user_id != judging.station.operator_id:
        helped = answer_andon(judging.station, badge, at=judging.at)
        if helped is not None:
            return helped
    judging.station.operator = badge.user
    translation.activate(language_of(badge.user) or translation.get_language())
    judging.station.mode = ""
    # The four sounds are played: who does not hear them will not hear STOP.
    return Judged(
        "OK", "BADGE", seen=badge.user.get_short_name() or badge.user.get_username(), hint=gettext("Welcome"),
        sound="test",
    )  # fmt: skip


def supervisor_badge(judging: Judging, badge: Badge) -> Judged:
    if not badge.user.groups.filter(name__in=SUPERVISORS).exists():
        return Judged(
            "NOT_ALLOWED",
            "SUPERVISOR",
            seen=str(badge.user),
            hint=gettext("This badge is not a supervisor's"),
        )
    purpose = judging.station.mode.partition(":")[2]
    judging.station.mode = f"PIN:{badge.pk}:{purpose}"
    return Judged("OK", "SUPERVISOR", seen=str(badge.user), hint=gettext("Enter the PIN"), sound="wait")


def judge_pin(judging: Judging) -> Judged:
    mode, _, rest = judging.station.mode.partition(":")
    if mode != "PIN":
        return Judged("NOT_NOW", "PIN", hint=gettext("Scan SUPERVISOR and the badge first"), sound="check")
    badge_id, _, purpose = rest.partition(":")
    now = judging.now or judging.at
    # Under its lock: whoever guesses at ten stations at once is counted ten times.
    badge = Badge.objects.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=badge_id)
    if too_many_tries(judging):
        return Judged("BAD_PIN", "PIN", hint=gettext("Too many wrong PINs; wait five minutes"))
    if badge.pin_shut_until is not None and now < badge.pin_shut_until:
        return Judged("BAD_PIN", "PIN", seen=str(badge.user), hint=_is_shut(badge, now))
    if not badge.pin_fits(judging.label.value):
        return wrong_pin(judging, badge, now)
    if badge.wrong_pins:
        Badge.objects.filter(pk=badge.pk).update(wrong_pins=0, pin_shut_until=None)
    judging.station.mode = ""
    return authorised(judging, badge, purpose)


def wrong_pin(judging: Judging, badge: Badge, now: datetime) -> Judged:
    """Counts it for the badge, whose row is locked: the fifth since a PIN fitted shuts it at every station."""
    station, name = judging.station, badge.user.get_username()
    badge.wrong_pins = min(badge.wrong_pins + 1, MOST_WRONG)
    if badge.wrong_pins >= PIN_TRIES:
        badge.pin_shut_until = now + BADGE_SHUT
    badge.save(update_fields=["wrong_pins", "pin_shut_until"])
    line = line_of(station)
    shut = badge.pin_shut_until is not None
    record_event(
        f"line:{line.pk}", "badge_shut" if shut else "wrong_pin", name, at=judging.at,
        by=str(station.operator or ""), station=station.code, tries=badge.wrong_pins,
    )  # fmt: skip
    if not shut:
        return Judged("BAD_PIN", "PIN", seen=name, hint=gettext("The PIN does not fit this badge"))
    text = f"BADGE OF {name} shut: {badge.wrong_pins} wrong PINs, the last at {station.code}. Ask {name} who had it"
    open_task(line, TASK, name, text, at=now, due_at=now)
    return Judged("BAD_PIN", "PIN", seen=name, hint=_is_shut(badge, now))


def _is_shut(badge: Badge, now: datetime) -> str:
    assert badge.pin_shut_until is not None
    return gettext("Too many wrong PINs for this badge; it is shut for %(left)s") % {
        "left": left(badge.pin_shut_until, now)
    }


def line_of(station: Station) -> Line:
    """The line whose people are told; of a dock the first that loads there."""
    if station.commodity is not None:
        return station.commodity.program.line
    return Line.objects.filter(programs__unloading_point=station.unloading_point_id).order_by("pk")[0]


def too_many_tries(judging: Judging) -> bool:
    wrong = ScanEvent.objects.filter(
        station=judging.station, code="BAD_PIN", recorded_at__gt=(judging.now or judging.at) - PIN_WINDOW
    )
    return wrong.count() >= PIN_TRIES


def authorised(judging: Judging, badge: Badge, purpose: str) -> Judged:
    """A supervisor has shown badge and PIN: what stood in the way is decided and noted by name."""
    station, by = judging.station, badge.user.get_username()
    command, _, state = purpose.partition(":")
    flow = judging.flows.get(command)
    if flow is not None:
        return guarded(judging, lambda: flow.authorised(judging, badge, state))
    if station.kind == Station.Kind.DOCK:
        return dock.authorised(station, purpose, by, judging.at)
    if station.lock_code:
        record_event(
            f"line:{judging.line_id}",
            "lock_cleared",
            station.code,
            at=judging.at,
            by=by,
            reason=station.lock_code,
        )
        if station.lock_code == "OUT_OF_SEQUENCE":
            breaks.close_stopped(station, BreakOutcome.RELEASED, at=judging.at, by=by)
        judging.unlock()
        return Judged("OK", "UNLOCK", hint=gettext("Released by %(by)s") % {"by": by})
    rack = judging.rack()
    if rack is not None and set_reasons(rack):
        release_sets_locked(rack, by=by, reason="at the station", at=judging.at)
        return Judged(
            "OK",
            "SETS",
            hint=gettext("Goes without its set, released by %(by)s; scan SEAL") % {"by": by},
            rack=rack,
        )
    if rack is not None and rack.slots.filter(status=SlotStatus.HOLE).exists():
        approve_holes_locked(rack, by=by, reason="at the station", at=judging.at)
        return Judged(
            "OK", "HOLES", hint=gettext("Holes approved by %(by)s; scan SEAL") % {"by": by}, rack=rack
        )
    return Judged("NOT_NOW", "SUPERVISOR", hint=gettext("Nothing here needs a supervisor"), sound="check")
