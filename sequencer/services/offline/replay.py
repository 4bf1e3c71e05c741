"""The return: kept scans go through `record_scan` in the order they were made, and the outage gets its certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max

from inventory.errors import Refused, Unknown
from sequencer.models import ComponentGroup, OfflineSpell, ScanEvent, Station, Task
from sequencer.services.journal import open_task, record_event
from sequencer.services.scans.recording import record_scan
from sequencer.services.scans.replayed import Kept
from sequencer.services.verdicts import Verdict

KIND, LOST = "OFFLINE_CONFLICT", "OFFLINE_LOST"
# What follows from another conflict in the same rack needs no task of its own.
FOLLOWS = {"NOT_NOW", "LOCKED", "WRONG_RACK"}
# A person has this long where the call itself has no due time.
DECIDE_WITHIN = timedelta(minutes=10)
UNIT_STEPS = {"PART", "SLOT"}
RACK_STEPS = {"RACK", "STAGE", "SEAL"}
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class KeptScan:
    """One scan of the browser's log. `code` and `step`: what the operator was told; `shown`: the call on the screen."""

    counter: int
    nonce: str
    raw: str
    at: datetime
    code: str
    step: str
    shown: int | None = None


def replay(
    station_id: int,
    spell: str,
    scans: Sequence[KeptScan],
    *,
    client: str,
    pack: str,
    since: datetime,
    skew: float,
    last: bool,
    now: datetime,
    until: int | None = None,
) -> OfflineSpell:
    """Judges a batch of kept scans and adds it to the certificate of the outage.

    Promise: each scan is judged once however often the batch comes; scans are judged in the order of their counters;
    a hole in the counters is told; what was taken offline and is refused now becomes a task with a deadline, and the
    station stops where a piece is wrong. From the first batch until the log is drained (`until`: the highest counter
    the browser holds) nothing else is scanned at the station, whatever happens to the browser in between. Refuses a
    too long batch and one out of order. Each scan is a transaction of its own under the station's lock; the
    certificate's row follows it.
    """
    if len(scans) > MOST_AT_ONCE:
        raise Refused("too_many_scans", f"send at most {MOST_AT_ONCE} kept scans at once")
    counters = [scan.counter for scan in scans]
    if counters != sorted(set(counters)):
        raise Refused("out_of_order", "kept scans come in the order of their counters, each once")
    span = (counters[0], max(counters[-1], until or 0)) if counters else None
    row = _open(station_id, spell, client=client, pack=pack, since=since, skew=skew, now=now, span=span)
    at = row.last_scan_at
    for scan in scans:
        # A clock that was set back during the outage never turns the order round.
        at = min(max(scan.at, at or scan.at), now)
        if row.next_counter is not None and scan.counter < row.next_counter:
            continue  # came before; the answer was lost
        _one(row, scan, at=at, now=now)
    if last and row.closed_at is None:
        _close(row, now=now)
    return row


def _open(
    station_id: int, spell: str, *, client: str, pack: str, since: datetime, skew: float, now: datetime,
    span: tuple[int, int] | None,
) -> OfflineSpell:  # fmt: skip
    with transaction.atomic(durable=True):
        # The station's row is the lock: two tabs that return together make one certificate.
        station = Station.objects.select_for_update(no_key=True).filter(pk=station_id).first()
        if station is None or station.commodity_id is None:
            raise Unknown("no_packing_station", f"station {station_id} packs nothing")
        before = OfflineSpell.objects.filter(station=station, client=client).aggregate(n=Max("next_counter"))
        row, made = OfflineSpell.objects.get_or_create(
            station=station,
            spell=spell,
            defaults={
                "client": client, "pack": pack, "since": min(since, now), "back_at": now,
                "skew_seconds": round(skew, 1), "next_counter": before["n"],
            },
        )  # fmt: skip
        if made:
            record_event(
                f"station:{station.pk}", "offline_back", station.code, at=now, since=row.since.isoformat(),
                pack=pack, skew=row.skew_seconds,
            )  # fmt: skip
        if span is not None:
            first, told = span
            # A browser's first outage here begins where its log begins.
            row.next_counter = first if row.next_counter is None else row.next_counter
            row.last_counter = max(row.last_counter or 0, told)
            row.save(update_fields=["next_counter", "last_counter"])
        _hold(station)
    return row


def _hold(station: Station) -> None:
    """How many kept scans are still to come, over all its browsers; under the station's lock."""
    open_spells = OfflineSpell.objects.filter(station=station, closed_at__isnull=True)
    station.replay_left = min(sum(spell.left for spell in open_spells), 1_000_000)
    station.save(update_fields=["replay_left"])


def _one(row: OfflineSpell, scan: KeptScan, *, at: datetime, now: datetime) -> None:
    kept = Kept(scan.code)
    verdict = record_scan(row.station_id, scan.raw, scan.nonce, at=at, now=now, shown=scan.shown, kept=kept)
    with transaction.atomic(durable=True):
        station = _locked(row)
        row.refresh_from_db()
        if row.next_counter is not None and scan.counter < row.next_counter:
            return  # the same batch, sent again while this one was judged, has counted it
        row.holes += scan.counter - row.next_counter if row.next_counter is not None else 0
        row.first_counter = scan.counter if row.first_counter is None else row.first_counter
        row.next_counter = scan.counter + 1
        row.last_scan_at = at
        row.sent += 1
        row.taken += 1
        row.known += verdict.repeated
        row.doubled += ScanEvent.objects.filter(station=row.station_id, nonce=scan.nonce).count() - 1
        row.agreed += verdict.accepted == kept.accepted
        if _conflicts(scan, kept, verdict):
            row.conflicts += 1
            _settle(row, station, scan, verdict, at=now)
        row.save()
        _hold(station)


def _locked(row: OfflineSpell) -> Station:
    return (
        Station.objects.select_for_update(no_key=True, of=("self",))
        .select_related("commodity__program__line", "rack")
        .get(pk=row.station_id)
    )


def _conflicts(scan: KeptScan, kept: Kept, verdict: Verdict) -> bool:
    """What was done on the floor is not what stands in the books."""
    if kept.accepted and not verdict.accepted:
        return scan.step in UNIT_STEPS | RACK_STEPS
    if kept.code == "OVERRIDDEN" and verdict.code != "OVERRIDDEN":
        return True  # revoked, or its units were used up elsewhere: the check it skipped is still to be done
    if kept.accepted and scan.step == "STAGE":
        return verdict.step != "STAGE"
    # Taken before the cut, refused by the browser that had not heard of it.
    return verdict.repeated and verdict.accepted and not kept.accepted and verdict.step in UNIT_STEPS


def _settle(row: OfflineSpell, station: Station, scan: KeptScan, verdict: Verdict, *, at: datetime) -> None:
    """A task for people, and STOP where a piece is wrong. Later scans are judged on their own merit first."""
    assert station.commodity is not None
    group = ComponentGroup.objects.select_related("call_off").filter(pk=scan.shown or 0).first()
    rack = station.rack.number if station.rack else ""
    if scan.step == "STAGE":
        # It stands on the floor unsealed; whoever scans its label takes it up again.
        Station.objects.filter(pk=station.pk).update(rack=None, pending_unit_part="", mode="")
    if scan.step in UNIT_STEPS:
        _keep_lock(station, scan, verdict, group, at)
    of_rack = f"{station.code} {row.spell[:8]} {rack}"
    known = Task.objects.filter(kind=KIND, subject__startswith=of_rack).exists()
    if known and (verdict.code in FOLLOWS or scan.step == "STAGE"):
        return
    sequence = group.call_off.sequence_number if group else ""
    what = f"seq {sequence}" if sequence else f"rack {rack}"
    word = "OVERRIDE DID NOT HOLD" if verdict.accepted and scan.code == "OVERRIDDEN" else verdict.word
    text = f"{station.code} offline, {what}: {word}. {verdict.hint or verdict.seen}"
    due = group.call_off.required_at if group and group.call_off.required_at else None
    line = station.commodity.program.line
    open_task(
        line, KIND, f"{of_rack} {scan.counter}", text, at=at, due_at=due or at + DECIDE_WITHIN, group=group
    )
    row.tasks += 1


STOP_CODE = "OFFLINE_CONFLICT"


def _keep_lock(
    station: Station, scan: KeptScan, verdict: Verdict, group: ComponentGroup | None, at: datetime
) -> None:
    """The scans behind are judged on their own merit; nobody else scans here before all is judged, and then the
    station stands still. The journal keeps what for until then."""
    sequence = group.call_off.sequence_number if group else ""
    if station.lock_code:
        Station.objects.filter(pk=station.pk).update(
            lock_code="", lock_need="", lock_got="", locked_at=None, mode=""
        )
    record_event(
        f"line:{station.commodity.program.line_id if station.commodity else 0}", "offline_conflict", station.code,
        at=at, reason=verdict.word, need=verdict.expected or f"seq {sequence}", got=verdict.seen or scan.raw[:60],
        sequence=sequence, counter=scan.counter,
    )  # fmt: skip


def _close(row: OfflineSpell, *, now: datetime) -> None:
    with transaction.atomic(durable=True):
        station = _locked(row)
        row.refresh_from_db()
        if row.closed_at is not None:
            return
        row.closed_at = now
        row.save()
        _hold(station)
        wrong = Task.objects.filter(
            kind=KIND, subject__startswith=f"{station.code} {row.spell[:8]} ", opened_at__gte=row.back_at
        ).exclude(group=None)
        first = wrong.order_by("pk").select_related("group__call_off").first()
        if first is not None and not station.lock_code and first.group is not None:
            station.lock_code = STOP_CODE
            station.lock_need = f"seq {first.group.call_off.sequence_number}"
            station.lock_got = "changed"
            station.locked_at = now
            station.save(update_fields=["lock_code", "lock_need", "lock_got", "locked_at"])
        record_event(
            f"station:{station.pk}", "offline_closed", station.code, at=now, sent=row.sent, taken=row.taken,
            doubled=row.doubled, holes=row.holes, conflicts=row.conflicts, tasks=row.tasks,
        )  # fmt: skip


def give_up(spell_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> OfflineSpell:
    """A named person says that the rest of a log never comes: its browser is broken. The station is free again.

    Promise: what is missing becomes a task, and is still judged if it comes after all. Refuses without a reason and an
    outage that is complete. Locks the station.
    """
    if not reason.strip():
        raise Refused("reason_missing", "say why the rest of the log never comes")
    with transaction.atomic(durable=True):
        row = OfflineSpell.objects.filter(pk=spell_id).first()
        if row is None:
            raise Unknown("no_spell", f"there is no outage {spell_id}")
        station = _locked(row)
        row.refresh_from_db()
        if row.closed_at is not None:
            raise Refused("spell_closed", f"the log of {row} is complete")
        assert station.commodity is not None
        row.closed_at, row.given_up_by, row.given_up_why = at, str(by)[:60], reason.strip()[:200]
        row.save()
        _hold(station)
        text = (
            f"{row.left} kept scans of {station.code} never came ({reason}): check what stands in its racks"
        )
        line = station.commodity.program.line
        open_task(line, LOST, f"{station.code} {row.spell[:8]}", text, at=at, due_at=at + DECIDE_WITHIN)
        record_event(
            f"station:{station.pk}", "offline_given_up", station.code, at=at, by=str(by), reason=reason,
            missing=row.left,
        )  # fmt: skip
    return row
