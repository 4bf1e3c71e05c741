"""The gate beside people, sweeps and other processes: who waits for whom, what is told once, what survives."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from edi import transport
from edi.channels import placing
from edi.channels.wires import FolderWire
from edi.management.commands.watch_inbox import Watcher
from edi.models import (
    CallOffRoute,
    Delivery,
    FeedUsage,
    InboundEvent,
    ManualEntry,
    PartnerChannel,
    TradingPartner,
)
from edi.services import (
    accept_usage,
    approve_entry,
    enter_calls,
    lanes,
    preview_event,
    process_delivery,
    reprocess_event,
    sweep_intake,
    sweep_lanes,
    sweeps,
    usage,
)
from edi.services.intake import Inbox
from edi.services.manual import check_calls
from edi.transport import Outbox, partner_folders
from inventory.errors import Refused, Unreachable
from sequencer.models import PlantEvent, Task
from tests.edi.files import Call, Sender, deljit
from tests.factories import START, Plant, person

postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer; nobody can be in the way"
)


@contextmanager
def somebody_holds(sql: str) -> Iterator[None]:
    """Another session has run `sql` in a transaction that goes on."""
    with connection.copy().cursor() as other:
        other.execute("BEGIN")
        other.execute(sql)
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.connection.close()


# a profile that cannot be used


def test_files_that_wait_for_a_profile_wake_nobody_in_a_circle(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    TradingPartner.objects.update(profile="no_such_folder")
    delivery = sender.send(Call(1))
    woken: list[int] = []
    monkeypatch.setattr(lanes, "wake", lambda task, pk: woken.append(pk))
    process_delivery(delivery.pk)
    assert woken == []


def test_what_is_left_after_the_time_of_a_task_wakes_the_next(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = deljit([Call(n) for n in range(1, 4)], 1)
    delivery = Delivery.objects.create(
        partner=sender.partner, file_name="a", inode=1, mtime_ns=1, size=len(raw), sha256="0" * 64, raw=raw,
        written_at=START, received_at=START,
    )  # fmt: skip
    woken: list[int] = []
    monkeypatch.setattr(lanes, "wake", lambda task, pk: woken.append(pk))
    monkeypatch.setattr(lanes, "LANE_SECONDS", 0.0)
    process_delivery(delivery.pk)
    assert woken == [delivery.pk]


def test_a_condition_that_stays_is_journalled_once(sender: Sender) -> None:
    TradingPartner.objects.update(profile="no_such_folder")
    sender.send(Call(1))
    for _ in range(3):
        sweep_lanes()
    assert PlantEvent.objects.filter(kind="alarm").count() == 1
    Task.objects.update(status="DONE", closed_at=START)
    sweep_lanes()
    assert PlantEvent.objects.filter(kind="alarm").count() == 2, "somebody closed it, and it is still there"


def test_one_partners_defect_keeps_no_answer_back(
    partner: TradingPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = []

    def fail() -> int:
        raise RuntimeError("a defect")

    monkeypatch.setattr(sweeps, "sweep_lanes", fail)
    monkeypatch.setattr(sweeps, "issue_business_answers", lambda at: answered.append(at))
    with pytest.raises(RuntimeError):
        sweep_intake(at=START)
    assert answered == [START]


# people beside the lane


@postgresql
@pytest.mark.django_db(transaction=True)
def test_a_person_waits_for_the_partners_lane(sender: Sender, plant: Plant) -> None:
    """Otherwise a later event of the same call could be applied between the look at the order and the effect."""
    sender.send(Call(1))
    sender.send(Call(900))
    event = InboundEvent.objects.get(status="HELD")
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 200")
    try:
        with somebody_holds("UPDATE edi_tradingpartner SET lane_at = now()"), pytest.raises(OperationalError):
            reprocess_event(event.pk, by=plant.supervisor, at=START)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
    assert reprocess_event(event.pk, by=plant.supervisor, at=START) == "HELD"


@postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["preview", "entry"])
def test_a_look_gives_way_to_whoever_works(sender: Sender, plant: Plant, what: str) -> None:
    sender.send(Call(1))
    sender.send(Call(900))
    event = InboundEvent.objects.get(status="HELD")
    looks: dict[str, Callable[[], Any]] = {
        "preview": lambda: preview_event(event.pk, at=START),
        "entry": lambda: check_calls(sender.partner, [facts(2)], at=START),
    }
    with somebody_holds("SELECT 1 FROM sequencer_sequencestream FOR UPDATE"):
        began = time.monotonic()
        with pytest.raises(Refused, match="at work"):
            looks[what]()
        assert time.monotonic() - began < 20
    looks[what]()


def facts(number: int) -> dict[str, Any]:
    return {
        "event": "NEW", "production_number": f"V{number:04d}", "sequence_number": f"{number:04d}", "dock": "D1",
        "line_feed": "F1", "required_at": "2026-11-23T14:00", "components": [{"part_number": "C-A", "quantity": "1"}],
    }  # fmt: skip


def test_what_a_check_rejects_by_now_is_not_approved(partner: TradingPartner, plant: Plant) -> None:
    clerk = person("clerk", "logistics", "LOG")
    entry = enter_calls(partner.pk, [facts(1)], by=clerk, reason="phone", at=START)
    CallOffRoute.objects.all().delete()
    with pytest.raises(Refused, match="no route"):
        approve_entry(entry.pk, by=plant.supervisor, at=START)
    assert ManualEntry.objects.get().status == "ENTERED"
    assert not Delivery.objects.exists()


def test_an_acceptance_is_not_overwritten_by_a_file_that_was_being_measured(
    sender: Sender, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner, boss = sender.partner, plant.supervisor
    sender.send(Call(1))
    accept_usage(partner, None, by=boss, reason="looked", at=START)
    measured = usage.measure

    def measure(*args: Any) -> Any:
        monkeypatch.setattr(usage, "measure", measured)
        accept_usage(partner, None, by=boss, reason="and looked again", at=START + timedelta(minutes=1))
        return measured(*args)

    monkeypatch.setattr(usage, "measure", measure)
    sender.send(Call(1, "CANCEL"))
    row = FeedUsage.objects.get(message_type="DELJIT")
    assert row.reason == "and looked again"
    assert row.told, "and the change is told all the same"


# the spool


def test_what_somebody_put_into_a_work_folder_keeps_nobody_waiting(
    partner: TradingPartner, settings: Any
) -> None:
    settings.EDI_STABLE_SECONDS = 0.02
    folders = partner_folders(partner.code)
    dead = folders.work / "host-1-dead"
    dead.mkdir()
    (folders.inbox / "a.edi").write_bytes(deljit([Call(1)], 1))
    (seen,) = transport.look(folders.inbox)
    assert transport.claim(folders, seen, "host-1-dead") is not None
    for name in (".nfs0001", "note.txt", "1-abcdef01.x"):
        (dead / name).write_bytes(b"x")
    os.utime(dead, (0, 0))
    time.sleep(0.05)
    sweep_intake(at=timezone.now())
    Inbox(partner).scan(at=timezone.now())
    assert Delivery.objects.get().file_name == "a.edi"
    assert len(list(dead.iterdir())) == 3


def test_a_file_is_found_while_it_goes_from_a_dead_worker_to_another(
    partner: TradingPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = partner_folders(partner.code)
    old, new = folders.work / "old", folders.work / "new"
    for folder in (old, new):
        folder.mkdir()
    file = old / "1-abcdef01.YQ=="
    file.write_bytes(b"x")
    inode, looked = file.stat().st_ino, placing._holds

    def look(folder: Path, wanted: int) -> bool:
        found = looked(folder, wanted)
        if folder == new and file.exists():
            file.rename(new / file.name)
        return found

    monkeypatch.setattr(placing, "_holds", look)
    monkeypatch.setattr(placing, "_work_folders", lambda folders: [new, old])
    channel = PartnerChannel(partner=partner, name="x", kind="FOLDER")
    assert placing.has_arrived(channel, folders, inode, 1, 1)


@pytest.mark.parametrize("way", ["out folder", "channel"])
def test_nothing_is_written_through_a_link(partner: TradingPartner, tmp_path: Path, way: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"as it was")
    share = tmp_path / "share"
    share.mkdir()
    place = partner_folders(partner.code).out if way == "out folder" else share
    (place / ".ASN1.tmp").symlink_to(victim)
    outbox, wire = Outbox(partner.code), FolderWire([tmp_path])
    put = {
        "out folder": lambda: outbox.prepare("ASN1", b"UNB"),
        "channel": lambda: wire.put(f"{share}/.ASN1.tmp", b"UNB", lambda: None),
    }[way]
    with pytest.raises(Unreachable):
        put()
    assert victim.read_bytes() == b"as it was"


def test_the_watcher_sees_that_a_partner_has_another_profile(partner: TradingPartner) -> None:
    watcher = Watcher()
    watcher.refresh()
    TradingPartner.objects.update(profile="generic_866")
    watcher.refresh()
    assert watcher.inboxes[partner.code].partner.profile == "generic_866"
    watcher.leave()
