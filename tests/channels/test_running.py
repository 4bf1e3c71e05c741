"""One process for all channels: starts what is entered, begins anew what is changed, ends in time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as plant_settings
from django.core.management import call_command
from django.utils import timezone

from edi.channels import Runner, work_once
from edi.channels.claims import back_off
from edi.models import PartnerChannel, TradingPartner
from edi.transport import partner_folders
from sequencer.management.commands.run_plant import children
from sequencer.models import Heartbeat, Task
from tests.channels import sshd
from tests.channels.conftest import file_of, make_channel
from tests.edi.conftest import partner, plant

__all__ = ["partner", "plant"]

TOP = Path(__file__).parents[2]


def until(true: Callable[[], Any], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it did not come"
        time.sleep(0.02)


def speak(port: int, content: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        line.sendall(content + b"\n")
        return line.recv(10)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.end(list(runner.keepers))


@pytest.mark.django_db(transaction=True)
def test_channels_start_change_and_end(runner: Runner, partner: TradingPartner, share: Path) -> None:
    fields = {"in_folder": f"{share}/in", "archive_folder": f"{share}/done", "poll_seconds": 1}
    make_channel(partner, "FOLDER", **fields)
    first, second = sshd.free_port(), sshd.free_port()
    door = make_channel(partner, "TCP_LISTEN", port=first)
    runner.refresh()
    (share / "in" / "a.edi").write_bytes(file_of(1))
    inbox = partner_folders(partner.code).inbox
    until(lambda: (inbox / "a.edi").exists())
    until(lambda: is_open(first))
    assert speak(first, b"hello") == b"\x06"
    PartnerChannel.objects.filter(pk=door.pk).update(port=second)
    runner.refresh()
    until(lambda: is_open(second))
    assert not is_open(first)
    # What the work itself writes is no change.
    before = runner.keepers[door.pk][1]
    PartnerChannel.objects.filter(pk=door.pk).update(last_error="x")
    runner.refresh()
    assert runner.keepers[door.pk][1] is before
    PartnerChannel.objects.update(active=False)
    runner.refresh()
    assert runner.keepers == {}
    until(lambda: not is_open(second))
    assert set(PartnerChannel.objects.values_list("held_by", flat=True)) == {""}


@pytest.mark.django_db(transaction=True)
def test_a_second_process_takes_over_when_the_first_is_gone(runner: Runner, partner: TradingPartner) -> None:
    port = sshd.free_port()
    door = make_channel(partner, "TCP_LISTEN", port=port, held_by="gone", held_at=timezone.now())
    runner.refresh()
    time.sleep(0.3)
    assert not is_open(port)
    PartnerChannel.objects.filter(pk=door.pk).update(held_by="")
    until(lambda: is_open(port))


@pytest.mark.django_db(transaction=True)
def test_a_partner_that_is_not_active_has_no_channels(runner: Runner, partner: TradingPartner) -> None:
    make_channel(partner, "TCP_LISTEN", port=sshd.free_port())
    TradingPartner.objects.update(active=False)
    runner.refresh()
    assert runner.keepers == {}


@pytest.mark.django_db
def test_once_works_what_is_due(partner: TradingPartner, share: Path) -> None:
    fields = {"in_folder": f"{share}/in", "archive_folder": f"{share}/done"}
    make_channel(partner, "FOLDER", **fields)
    assert [work_once(), work_once(), work_once(everything=True)] == [1, 0, 1]


@pytest.mark.django_db(transaction=True)
def test_the_command_ends_on_sigterm_with_an_open_client(partner: TradingPartner, tmp_path: Path) -> None:
    port = sshd.free_port()
    make_channel(partner, "TCP_LISTEN", port=port)
    database = plant_settings.DATABASES["default"]
    address = (
        f"sqlite:///{database['NAME']}"
        if plant_settings.EMBEDDED_DATABASE
        else os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{database['NAME']}"
    )
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "sequencer.settings", "DATABASE_URL": address,
        "JIS_SPOOL": str(plant_settings.SPOOL_DIR), "JIS_VAR": str(tmp_path / "var"), "REDIS_URL": "",
    }  # fmt: skip
    command = [sys.executable, "manage.py", "edi_channels"]
    with subprocess.Popen(command, cwd=TOP, env=environment) as process:
        try:
            until(lambda: is_open(port))
            client = socket.create_connection(("127.0.0.1", port), 30)
            client.sendall(b"one\n")
            assert client.recv(10) == b"\x06"
            until(lambda: Heartbeat.objects.filter(name="edi_channels").exists())
            call_command("alive", "edi_channels")
            process.send_signal(signal.SIGTERM)
            # The client stays connected: a process that waited for it would not end at all.
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert PartnerChannel.objects.get().held_by == ""
    client.close()


def test_the_embedded_plant_starts_the_process_only_where_it_has_work() -> None:
    assert "channels" not in [child.name for child in children(8000)]
    assert "channels" in [child.name for child in children(8000, channels=True)]


def test_the_wait_doubles_is_capped_and_never_the_same() -> None:
    for failures in range(1, 40):
        waits = {back_off(failures) for _ in range(20)}
        longest = min(900.0, 2.0**failures)
        assert len(waits) > 1
        assert all(longest / 2 <= wait <= longest for wait in waits)


@pytest.mark.django_db(transaction=True)
def test_a_defect_in_a_turn_is_told_and_backed_off(
    runner: Runner, partner: TradingPartner, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = []

    def turn(works: Any, held: Any) -> None:
        turns.append(held)
        raise ZeroDivisionError("a defect of ours")

    monkeypatch.setattr("edi.channels.turns.Works.turn", turn)
    channel = make_channel(partner, "FOLDER", in_folder=f"{share}/in", after_fetch="DELETE")
    runner.refresh()
    until(lambda: PartnerChannel.objects.get(pk=channel.pk).failures)
    row = PartnerChannel.objects.get(pk=channel.pk)
    assert row.last_error == "ZeroDivisionError: a defect of ours"
    assert row.next_try_at is not None
    assert Task.objects.get(kind="EDI_CHANNEL").text.endswith("ZeroDivisionError: a defect of ours")
    assert len(turns) == 1
