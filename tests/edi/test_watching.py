"""The watcher of many inboxes: who comes later, whose folder is gone or shut, and the others all the while."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from edi import transport
from edi.management.commands.watch_inbox import Watcher
from edi.models import CallOffRoute, Delivery, OutboundMessage, TradingPartner
from edi.services import settle_stale, sweep_intake, sweep_outbound
from edi.services.intake import Inbox
from edi.transport import partner_folders
from sequencer.models import PlantEvent, Task
from tests.edi.files import Call, deljit
from tests.factories import Plant

pytestmark = pytest.mark.django_db


@pytest.fixture
def watcher(partner: TradingPartner) -> Iterator[Watcher]:
    watcher = Watcher()
    watcher.refresh()
    yield watcher
    watcher.leave()


@pytest.fixture
def second(partner: TradingPartner, plant: Plant) -> TradingPartner:
    """Behind the first in the alphabet, so that trouble with the first would keep it waiting."""
    return add_partner(plant, "ZZZ")


def add_partner(plant: Plant, code: str) -> TradingPartner:
    partner = TradingPartner.objects.create(
        code=code, name=code, customer=plant.customer, profile="generic_deljit"
    )
    CallOffRoute.objects.create(partner=partner, program=plant.program)
    return partner


def drop(partner: TradingPartner, number: int, inbox: Path | None = None) -> None:
    folder = inbox or partner_folders(partner.code).inbox
    hidden = folder / f".{number}.tmp"
    hidden.write_bytes(deljit([Call(number)], number))
    hidden.rename(folder / f"{number}.edi")


def taken() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("partner__code", flat=True))


def turn(watcher: Watcher) -> None:
    watcher.refresh()
    watcher.scan()


def alarms() -> list[str]:
    return [row.facts["alarm"] for row in PlantEvent.objects.filter(kind="alarm").order_by("pk")]


def test_several_partners_are_watched(
    watcher: Watcher, partner: TradingPartner, second: TradingPartner
) -> None:
    watcher.refresh()
    drop(partner, 1)
    drop(second, 2)
    watcher.scan()
    assert taken() == ["OEM-D", "ZZZ"]


def test_a_partner_entered_while_it_runs_is_watched(watcher: Watcher, plant: Plant) -> None:
    third = add_partner(plant, "LATE")
    watcher.refresh()
    drop(third, 1)
    watcher.scan(everything=False)
    assert taken() == ["LATE"]


def test_a_partner_switched_off_is_not(watcher: Watcher, partner: TradingPartner) -> None:
    drop(partner, 1)
    TradingPartner.objects.update(active=False)
    turn(watcher)
    assert taken() == []
    TradingPartner.objects.update(active=True)
    turn(watcher)
    assert taken() == ["OEM-D"]


def test_a_folder_that_is_shut_keeps_nobody_else_waiting(
    watcher: Watcher, partner: TradingPartner, second: TradingPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher.refresh()
    shut, look = partner_folders("OEM-D").inbox, transport.look

    def shut_out(folder: Path) -> Any:
        if folder == shut:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return look(folder)

    monkeypatch.setattr("edi.transport.look", shut_out)
    drop(partner, 1)
    drop(second, 2)
    for _ in range(3):
        turn(watcher)
    assert taken() == ["ZZZ"]
    assert alarms() == ["EDI_FOLDER"]
    assert "Permission denied" in Task.objects.get(kind="EDI_FOLDER").text
    monkeypatch.undo()
    turn(watcher)
    assert taken() == ["ZZZ", "OEM-D"]
    assert Task.objects.get(kind="EDI_FOLDER").status == "DONE"


def test_a_file_where_the_inbox_should_be(
    watcher: Watcher, partner: TradingPartner, second: TradingPartner
) -> None:
    watcher.refresh()
    inbox = partner_folders("OEM-D").inbox
    inbox.rmdir()
    inbox.write_text("oops")
    drop(second, 2)
    turn(watcher)
    assert taken() == ["ZZZ"]
    assert alarms() == ["EDI_FOLDER"]
    inbox.unlink()
    turn(watcher)
    assert Task.objects.get(kind="EDI_FOLDER", subject="folders of OEM-D").status == "DONE"


def test_an_inbox_that_vanished_is_made_again_watched_and_told(
    watcher: Watcher, partner: TradingPartner
) -> None:
    root = partner_folders("OEM-D").root
    lost = root.with_name("lost")
    root.rename(lost)
    turn(watcher)
    assert "a mount is missing" in Task.objects.get(kind="EDI_FOLDER").text
    drop(partner, 1)
    watcher.scan(everything=False)
    assert taken() == ["OEM-D"]
    turn(watcher)
    assert alarms() == ["EDI_FOLDER"]
    shutil.rmtree(lost)


def test_a_full_disk_leaves_the_file_and_tells_once(
    watcher: Watcher, partner: TradingPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edi.transport.room_for", lambda size, folder: False)
    drop(partner, 1)
    for _ in range(3):
        turn(watcher)
    assert (taken(), alarms()) == ([], ["EDI_FILE"])
    assert "the disk is full" in Task.objects.get(kind="EDI_FILE").text
    monkeypatch.undo()
    turn(watcher)
    assert taken() == ["OEM-D"]
    assert Task.objects.get(kind="EDI_FILE").status == "DONE"


def test_no_space_for_the_work_folder_is_told_and_mends_itself(
    watcher: Watcher, partner: TradingPartner, second: TradingPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher.refresh()
    claim = transport.claim

    def no_space(folders: Any, *rest: Any) -> Any:
        if folders.root.name == "OEM-D":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return claim(folders, *rest)

    monkeypatch.setattr("edi.transport.claim", no_space)
    drop(partner, 1)
    drop(second, 2)
    turn(watcher)
    assert taken() == ["ZZZ"]
    assert "No space left" in Task.objects.get(kind="EDI_FOLDER").text
    monkeypatch.undo()
    turn(watcher)
    assert taken() == ["ZZZ", "OEM-D"]


def test_an_inbox_of_one_partner_knows_only_his_files(
    partner: TradingPartner, second: TradingPartner
) -> None:
    drop(second, 2)
    assert Inbox(partner).scan(at=timezone.now()) == []


def test_a_folder_that_is_away_stops_neither_sweep(
    watcher: Watcher, partner: TradingPartner, second: TradingPartner
) -> None:
    """Claims of the others are rescued and their messages sent, though the first partner's folders are no folders."""
    drop(second, 2)
    folders = partner_folders("ZZZ")
    claimed = transport.claim(folders, transport.look(folders.inbox)[0], "dead-worker")
    assert claimed is not None
    for path in (claimed.path, claimed.path.parent):
        os.utime(path, (1_700_000_000,) * 2)
    first, other = owe(partner, 1), owe(second, 2)
    root = partner_folders("OEM-D").root
    shutil.rmtree(root)
    root.write_text("no folder")
    sweep_intake(at=timezone.now())
    assert taken() == ["ZZZ"]
    sweep_outbound(at=timezone.now())
    first.refresh_from_db()
    other.refresh_from_db()
    assert (first.status, other.status) == ("READY", "SENT")
    assert "the folders of OEM-D" in first.note
    first.status, first.claimed_at = "SENDING", timezone.now() - timedelta(minutes=1)
    first.save()
    assert settle_stale(at=timezone.now()) == 1
    first.refresh_from_db()
    assert first.status == "SENDING"


def owe(partner: TradingPartner, number: int) -> OutboundMessage:
    at = timezone.now()
    return OutboundMessage.objects.create(
        partner=partner, kind="DESADV", control_ref=str(number), file_name=f"{number}.edi", content=b"x",
        created_at=at, due_at=at,
    )  # fmt: skip
