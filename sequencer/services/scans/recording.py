"""`record_scan`: one verb for every scan at every station. A wrong scan is a value and is stored like a right one."""

from __future__ import annotations

from datetime import datetime

from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from inventory.errors import Refused, Stale, Unknown
from inventory.statements import Change, Given, Insert, field, number
from sequencer.busy import is_deadlock
from sequencer.labels import Kind, read_label
from sequencer.languages import speaking_to
from sequencer.models import HandlingUnit, ScanEvent, Station
from sequencer.services import lights
from sequencer.services.dock import sound_horn
from sequencer.services.flows import FLOWS, GATES
from sequencer.services.journal import record_event
from sequencer.services.overrides import spend
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.nonces import LENGTH, judged_before, refuse_too_old, remember
from sequencer.services.scans.replayed import Kept, judge_replayed
from sequencer.services.scans.routing import judge
from sequencer.services.scans.standing import lock_station
from sequencer.services.verdicts import Judged, Verdict, word_of

# What stands at a station now; master data beside it may be edited at the same time.
FLOOR_FIELDS = [
    "operator",
    "rack",
    "handling_unit",
    "shipment",
    "pending_unit_part",
    "pending_unit_lot",
    "lock_code",
    "lock_need",
    "lock_got",
    "locked_at",
    "mode",
    "hand_group",
    "hand_revision",
    "hand_what",
    "hand_bin",
    "set_aside",
    "andon_at",
    "open_breaks",
    "challenge_passed_at",
    "last_scan_at",
]
FLOOR_KEYS = {kind.name: kind.attname for kind in Station._meta.concrete_fields if kind.name in FLOOR_FIELDS}
STALE_TRIES = 4


def record_scan(
    station_id: int,
    raw: str,
    nonce: str,
    *,
    at: datetime,
    now: datetime | None = None,
    shown: int | None = None,
    kept: Kept | None = None,
) -> Verdict:
    """Judges and stores one scan at one station; the only way anything is scanned.

    Promise: every scan is stored, accepted or not; the same (station, nonce) is judged once and answered alike ever
    after; a part is never matched to another group than the one asked for. Refuses (`Unknown`) a station that does
    not exist, and (`nonce_reused`) a nonce that another label was scanned under. Locks the station, then shipment,
    then rack. `at` is the scanner's time, `now` the server's; `shown` is the group the operator saw asked for: a part
    is never credited to another one that came up meanwhile.
    `kept`: what a browser that was cut off told the operator then.
    """
    for _ in range(STALE_TRIES - 1):
        try:
            return _record_once(station_id, raw, nonce, at, now or at, shown, kept)
        except Stale:
            # A rack changed trucks between the look and the lock: judge again, the operator notices nothing.
            continue
        except OperationalError as error:
            # PostgreSQL chose this scan of two that waited for each other; nothing of it is kept.
            if not is_deadlock(error):
                raise
    return _record_once(station_id, raw, nonce, at, now or at, shown, kept)


def _record_once(
    station_id: int,
    raw: str,
    nonce: str,
    at: datetime,
    now: datetime,
    shown: int | None,
    kept: Kept | None,
) -> Verdict:
    with transaction.atomic(durable=True):
        found = lock_station(station_id, nonce, at=at)
        if found is None:
            raise Unknown(
                "no_station", gettext("there is no station %(station_id)s") % {"station_id": station_id}
            )
        station, standing = found
        known = judged_before(station, nonce) if standing.known else None
        if known is not None:
            if known.raw != _kept(raw):
                raise Refused(
                    "nonce_reused", gettext("this nonce was another label's; give each scan one of its own")
                )
            with speaking_to(station.operator):
                return _verdict_of(known, repeated=True)
        refuse_too_old(at=at, now=now)
        judging = Judging(station, read_label(raw), at, shown, FLOWS, GATES, raw, now, standing=standing)
        judging.label = read_label(raw, _pattern(judging))
        with speaking_to(station.operator):
            judged = judge_replayed(judging, kept, FLOOR_FIELDS) if kept else judge(judging)
        if station.kind == Station.Kind.DOCK:
            sound_horn(station, judged, at)
        station.last_scan_at = at
        _FLOOR.run(station=station.pk, **{name: getattr(station, key) for name, key in FLOOR_KEYS.items()})
        lights.follow(station, judged, at=now)
        if judging.overrides and judged.code == "OK":
            judged.code = "OVERRIDDEN"
        scan = _store(judging, nonce, judged, now)
        if judging.overrides and (judged.accepted or judged.code == "OUT_OF_SEQUENCE"):
            spend(judging.overrides, scan)
    with speaking_to(station.operator):
        return _verdict_of(scan, sound=judged.sound)


def _pattern(judging: Judging) -> str:
    """The label pattern of the part that is asked for; only a goods label is read by it."""
    if judging.label.kind is not Kind.GOODS or judging.station.kind != Station.Kind.PACK:
        return ""
    if judging.station.handling_unit_id is not None:
        boxes = HandlingUnit.objects.filter(pk=judging.station.handling_unit_id)
        return boxes.values_list("call__part__label_pattern", flat=True).first() or ""
    rack = judging.rack()
    slot = judging.current(rack) if rack else None
    return judging.wanted(slot.group).pattern if slot is not None and slot.group is not None else ""


def _store(judging: Judging, nonce: str, judged: Judged, now: datetime) -> ScanEvent:
    station = judging.station
    scan = _STORED.run(
        station=station,
        nonce=nonce[:LENGTH],
        raw=_kept(judging.raw),
        code=judged.code,
        accepted=judged.accepted,
        step=judged.step,
        expected=judged.expected[:200],
        seen=judged.seen[:200],
        hint=judged.hint[:300],
        source=judging.source,
        operator=judging.packer or station.operator,
        rack=judged.rack,
        slot=judged.slot,
        group=judged.group,
        unit=judged.unit,
        shipment=judged.shipment,
        scanned_at=judging.at,
        recorded_at=now,
    )
    remember(scan)
    record_event(
        f"station:{station.pk}",
        "scan",
        station.code,
        at=now,
        by=str(station.operator or ""),
        code=judged.code,
        step=judged.step,
    )
    return scan


def _as_it_stands() -> tuple[QuerySet[Station], dict[str, Given]]:
    return Station.objects.filter(pk=number("station")), {name: field(Station, name) for name in FLOOR_FIELDS}


_FLOOR, _STORED = Change(_as_it_stands), Insert(ScanEvent)


def _kept(raw: str) -> str:
    """A scan as its row keeps it. A PIN is a secret: the scan is stored, its digits are not."""
    return "%P:****" if read_label(raw).kind is Kind.PIN else raw[:400]


def _verdict_of(scan: ScanEvent, *, repeated: bool = False, sound: str = "") -> Verdict:
    # The answer is told again as it was; a log-in plays all four sounds.
    plain = ("test" if scan.step == "BADGE" else "ok") if scan.accepted else "stop"
    return Verdict(
        accepted=scan.accepted,
        code=scan.code,
        word=word_of(scan.code),
        step=scan.step,
        expected=scan.expected,
        seen=scan.seen,
        hint=scan.hint,
        sound=sound or plain,
        scan_id=scan.pk,
        repeated=repeated,
    )
