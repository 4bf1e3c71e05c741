"""A partner with channels: over a real OpenSSH server, over folders, over a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from edi.channels import Hold, Works, hold
from edi.channels.turns import Worked
from edi.models import PartnerChannel, TradingPartner
from edi.transport import partner_folders
from tests.channels import sshd
from tests.edi.conftest import partner, plant, sender
from tests.edi.files import Call, deljit

__all__ = ["partner", "plant", "sender"]


@pytest.fixture(scope="session")
def running_server() -> Iterator[sshd.Server]:
    with sshd.running() as server:
        yield server


@pytest.fixture
def secrets(tmp_path: Path, settings: Any) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    settings.EDI_SECRETS_DIR = folder
    settings.EDI_PARTNER_HOSTS = ["127.0.0.1"]
    return folder


@pytest.fixture
def server(running_server: sshd.Server, secrets: Path) -> Iterator[sshd.Server]:
    """The session's server with empty folders and one key that every account takes."""
    public = sshd.make_key(secrets / "plant")
    for user in running_server.users:
        running_server.authorize(user, public)
    yield running_server
    for user in running_server.users:
        for path in running_server.home(user).glob("*/*"):
            path.rmdir() if path.is_dir() else path.unlink()


class Site:
    """One channel worked by hand, turn by turn."""

    def __init__(self, channel: PartnerChannel) -> None:
        self.channel = channel
        self.works = Works()
        self.folders = partner_folders(channel.partner.code)

    def turn(self, clock: Callable[[], datetime] = timezone.now, works: Works | None = None) -> Worked:
        held = hold(self.channel.pk, clock=clock)
        assert held is not None, "another process has the channel"
        try:
            return (works or self.works).turn(held)
        finally:
            held.release()
            self.channel.refresh_from_db()

    @property
    def inbox(self) -> list[str]:
        return sorted(path.name for path in self.folders.inbox.iterdir() if not path.name.startswith("."))

    @property
    def hidden(self) -> list[str]:
        return sorted(path.name for path in self.folders.inbox.iterdir() if path.name.startswith("."))


def make_channel(partner: TradingPartner, kind: str, **fields: Any) -> PartnerChannel:
    given = {"name": kind.lower().replace("_", "-"), "active": True, "stable_seconds": 0, **fields}
    return PartnerChannel.objects.create(partner=partner, kind=kind, **given)


@pytest.fixture
def sftp_fields(server: sshd.Server) -> dict[str, Any]:
    user = server.users[0]
    return {
        "host": "127.0.0.1", "port": server.port, "user": user, "key_name": "plant",
        "known_hosts": server.known_hosts, "in_folder": server.seen(user, "in"),
        "archive_folder": server.seen(user, "done"),
    }  # fmt: skip


@pytest.fixture
def pull(partner: TradingPartner, sftp_fields: dict[str, Any]) -> Site:
    return Site(make_channel(partner, "SFTP_PULL", **sftp_fields))


@pytest.fixture
def push(partner: TradingPartner, sftp_fields: dict[str, Any], server: sshd.Server) -> Site:
    fields = {**sftp_fields, "in_folder": "", "out_folder": server.seen(server.users[0], "out")}
    return Site(make_channel(partner, "SFTP_PUSH", **fields))


@pytest.fixture
def share(tmp_path: Path, settings: Any) -> Path:
    """Folders of another program, allowed by the administrator."""
    root = tmp_path / "share"
    for name in ("in", "out", "done", "receipts", "taken"):
        (root / name).mkdir(parents=True)
    settings.EDI_PARTNER_FOLDERS = [str(root)]
    return root


@pytest.fixture
def gateway(partner: TradingPartner, share: Path) -> Site:
    fields = {
        "in_folder": f"{share}/in", "out_folder": f"{share}/out", "archive_folder": f"{share}/done",
        "receipt_folder": f"{share}/receipts", "taken_folder": f"{share}/taken",
    }  # fmt: skip
    return Site(make_channel(partner, "GATEWAY", **fields))


def held_of(channel: PartnerChannel) -> Hold:
    held = hold(channel.pk, clock=timezone.now)
    assert held is not None
    return held


def file_of(number: int, calls: int = 1) -> bytes:
    return deljit([Call(number * 10 + n) for n in range(calls)], number)
