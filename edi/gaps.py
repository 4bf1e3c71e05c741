"""What the gaps page shows: missing calls, missing transmissions, who is silent, and the requests to send again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from edi.models import LedgerClosing, TradingPartner, TransmissionCounter, TransmissionGap
from edi.services.counters import numbers
from edi.services.profiles import profile_of
from edi.services.pulse import Silence, open_pulses, silences
from edi.services.resend_requests import Missing, Request, resend_request
from inventory.errors import Unknown
from sequencer import boards
from sequencer.models import OemPlant, StreamHold
from sequencer.states import GapStatus

Rows = list[dict[str, Any]]
DECIDED_ROWS, CLOSING_ROWS = 20, 60


def gap_page(*, at: datetime) -> dict[str, Any]:
    """Everything that is missing and everybody who is silent, the most pressing first."""
    return {
        "at": at,
        "runs": boards.gap_runs(at=at),
        "transmissions": transmissions(at=at),
        "decided": decided(at=at),
        "pulses": [_pulse(silence, at) for silence in silences(open_pulses(), at=at)],
        "counters": list(
            TransmissionCounter.objects.select_related("partner").order_by("partner__code", "series")
        ),
    }


def transmissions(*, at: datetime) -> Rows:
    """Open runs of the transmission and message counters, with what they hold."""
    gaps = TransmissionGap.objects.filter(status=GapStatus.OPEN).select_related("partner", "shown_by")
    rows = [_transmission(gap, at) for gap in gaps.order_by("since", "pk")]
    return sorted(rows, key=lambda row: (row["by"] is None, row["by"] or row["since"]))


def _transmission(gap: TransmissionGap, at: datetime) -> dict[str, Any]:
    holds = StreamHold.objects.filter(ref=gap.hold_ref, released_at__isnull=True) if gap.hold_ref else ()
    held = [_hold(hold) for hold in holds and holds.select_related("stream__line__plant")]
    dues = [hold["by"] for hold in held if hold["by"]]
    by = min(dues, default=None)
    return {
        "gap": gap,
        "partner": gap.partner.code,
        "numbers": numbers(gap),
        "count": gap.count,
        "series": gap.series,
        "since": gap.since,
        "age": (at - gap.since).total_seconds(),
        "held": held,
        "by": by,
        "zone": held[0]["zone"] if held else "",
        "minutes": int((by - at).total_seconds() // 60) if by else None,
        "level": "stop" if held else "soon",
    }


def _hold(hold: StreamHold) -> dict[str, Any]:
    line = hold.stream.line
    after = hold.stream.counter.text(hold.after_position) if hold.after_position is not None else ""
    zone = line.plant.time_zone
    return {"line": line.name, "after": after, "by": boards.hold_due(hold), "zone": zone}


def decided(*, at: datetime) -> Rows:
    """The last runs that came late or were accepted."""
    gaps = TransmissionGap.objects.exclude(status=GapStatus.OPEN).select_related("partner", "by", "filled_by")
    return [
        {
            "gap": gap,
            "numbers": numbers(gap),
            "lasted": ((gap.closed_at or at) - gap.since).total_seconds(),
            "who": (gap.by.get_full_name() or gap.by.get_username()) if gap.by else "",
        }
        for gap in gaps.order_by("-closed_at")[:DECIDED_ROWS]
    ]


def _pulse(silence: Silence, at: datetime) -> dict[str, Any]:
    pulse = silence.pulse
    lasted = silence.lasted.total_seconds()
    soon = silence.last_at is not None and lasted > pulse.expected_seconds * 3
    line = pulse.line.name if pulse.line else "any file"
    calendar = pulse.calendar
    return {
        "partner": pulse.partner.code,
        "line": line,
        "last": silence.last_at,
        "zone": pulse.line.plant.time_zone if pulse.line else calendar.plant.time_zone if calendar else "",
        "lasted": lasted,
        "expected": pulse.expected_seconds,
        "allowed": pulse.allowed_seconds,
        "working": silence.working,
        "calendar": str(calendar) if calendar else "never stops",
        "alarm_at": silence.alarm_at,
        "level": "stop" if silence.too_long else "soon" if soon and silence.working else "",
    }


# requests to send again


def run_requests(stream_id: int, first: int, last: int, *, at: datetime) -> list[Request]:
    """A request to each partner that feeds the stream of a run of missing calls. Refuses a run that is closed."""
    facts = boards.gap_facts(stream_id, first, last, at=at)
    missing = Missing(
        counter="sequence",
        first=facts["first_number"],
        last=facts["last_number"],
        **{name: facts[name] for name in ("count", "plant", "line", "zone", "by")},
    )
    partners = TradingPartner.objects.filter(active=True, routes__program__stream=stream_id).distinct()
    return [resend_request(partner, missing) for partner in partners.order_by("code")]


def transmission_request(gap_id: int, *, at: datetime) -> Request:
    """The request for a run of missing transmissions. Refuses one that is no longer missing."""
    row = transmission_facts(gap_id, at=at)
    gap = row["gap"]
    plants = OemPlant.objects.filter(lines__programs__in=gap.partner.routes.values("program")).distinct()
    plant = plants.order_by("code").first()
    lines = sorted({hold["line"] for hold in row["held"]})
    counted = "message" if profile_of(gap.partner).counter == "message" else "transmission"
    missing = Missing(
        counter=counted,
        first=gap.first_ref,
        last=gap.last_ref,
        count=gap.count,
        plant=plant.code if plant else "",
        line=", ".join(lines) or "every line",
        zone=plant.time_zone if plant else timezone.get_default_timezone_name(),
        by=row["by"],
    )
    return resend_request(gap.partner, missing)


def transmission_facts(gap_id: int, *, at: datetime) -> dict[str, Any]:
    gap = TransmissionGap.objects.select_related("partner").filter(pk=gap_id, status=GapStatus.OPEN).first()
    if gap is None:
        raise Unknown("no_open_gap", "That gap is no longer open.", gap=gap_id)
    return _transmission(gap, at)


def closings() -> list[LedgerClosing]:
    """The last closed days, the newest first."""
    return list(LedgerClosing.objects.order_by("-day")[:CLOSING_ROWS])
