"""Whoever fetches or sends over SFTP dies, at every step and at any moment; each file comes and goes once."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from edi import failpoints
from tests.bounds import SOAK
from tests.channels import sshd
from tests.crash.conftest import Mortal
from tests.edi.files import Call, deljit

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800 if SOAK else 120)]


class Site:
    """The partner's server, what he put there, and the plant that fetches it."""

    def __init__(self, server: sshd.Server, mortal: Mortal, folder: Path) -> None:
        self.server = server
        self.mortal = mortal
        self.folder = folder
        self.files = 0
        self.owed: list[str] = []
        self.archives = True

    def enter(self, kind: str, **fields: str) -> None:
        user = self.server.users[0]
        known = {
            "name": kind.lower(), "kind": kind, "host": "127.0.0.1", "port": self.server.port, "user": user,
            "key_name": "plant", "known_hosts": self.server.known_hosts, **fields,
        }  # fmt: skip
        path = self.folder / f"{kind}.json"
        path.write_text(json.dumps(known))
        self.mortal.order("channel", str(path))

    def put(self, count: int) -> None:
        for _ in range(count):
            self.files += 1
            path = self.server.home() / "in" / f"f{self.files:04d}.edi"
            hidden = path.with_name(f".{path.name}")
            hidden.write_bytes(deljit([Call(self.files)], self.files))
            hidden.chmod(0o666)
            hidden.rename(path)

    def check_fetched(self) -> None:
        """All archived over there, each one delivery here, none of them a duplicate, every call once."""
        assert self.mortal.order("carry") == 0
        books = self.mortal.work_until_quiet() if not self.owed else self.mortal.order("books")
        assert os.listdir(self.server.home() / "in") == []
        assert len(os.listdir(self.server.home() / "done")) == (self.files if self.archives else 0)
        assert books["deliveries"] == {"PARSED": self.files}
        assert books["calls"] == [[f"V{n:04d}", 1] for n in range(1, self.files + 1)]
        assert books["faults"] == []
        assert os.listdir(self.mortal.inbox) == []

    def owe(self) -> None:
        name = f"OUT{len(self.owed):05d}"
        self.owed.append(name)
        self.mortal.order("owe", name)

    def check_sent(self) -> None:
        for _ in range(3):
            assert self.mortal.order("carry") == 0
        out = self.server.home() / "out"
        assert sorted(os.listdir(out)) == self.owed
        assert all((out / name).read_bytes() == name.encode() * 1000 for name in self.owed)
        assert self.mortal.order("books")["outbound"] == {"SENT": len(self.owed)}


@pytest.fixture
def wired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    secrets = tmp_path / "secrets"
    sshd.need_sshd()
    sshd.make_key(secrets / "plant")
    monkeypatch.setenv("JIS_SECRETS", str(secrets))
    monkeypatch.setenv("JIS_PARTNER_HOSTS", "127.0.0.1")
    return secrets


@pytest.fixture
def site(wired: Path, mortal: Mortal, tmp_path: Path) -> Iterator[Site]:
    with sshd.running() as server:
        for user in server.users:
            server.authorize(user, (wired / "plant.pub").read_text())
        yield Site(server, mortal, tmp_path)


def folder(site: Site, name: str) -> str:
    return site.server.seen(site.server.users[0], name)


# Steps that files which wait together take at once; the others come to each file by itself.
TOGETHER = ("sftp_listed", "sftp_booked", "sftp_marked")
STEPS = [
    (name, count, intake_between)
    for name in failpoints.CHANNEL_NAMES
    for count in ((1,) if name in TOGETHER or not SOAK else (1, 2))
    for intake_between in ((False, True) if SOAK or name in ("sftp_booked", "sftp_placed") else (True,))
]


def kill_at(site: Site, steps: list[tuple[str, int, bool]]) -> None:
    """With and without the intake having taken the file before the next puller looks."""
    for name, count, intake_between in steps:
        site.put(2)
        assert site.mortal.order("carry", f"{name}:{count}") == 137, f"{name}:{count} was not reached"
        if intake_between:
            assert site.mortal.order("work") == 0
        site.check_fetched()


def test_a_puller_killed_at_every_step(site: Site) -> None:
    site.enter("SFTP_PULL", in_folder=folder(site, "in"), archive_folder=folder(site, "done"))
    kill_at(site, STEPS)


def test_a_puller_that_deletes_killed_where_it_matters(site: Site) -> None:
    site.enter("SFTP_PULL", in_folder=folder(site, "in"), after_fetch="DELETE")
    site.archives = False
    kill_at(site, [("sftp_marked", 1, True), ("sftp_cleared", 1, False)])


def test_a_puller_killed_at_any_moment(site: Site) -> None:
    site.enter("SFTP_PULL", in_folder=folder(site, "in"), archive_folder=folder(site, "done"))
    chance = random.Random(11)
    for _ in range(200 if SOAK else 6):
        site.put(chance.randint(1, 3))
        assert site.mortal.order("carry_loop", str(chance.randint(100, 400))) == -9
        if chance.random() < 0.5:
            site.mortal.order("work")
    site.check_fetched()


def test_a_sender_killed_at_every_step(site: Site) -> None:
    site.enter("SFTP_PUSH", out_folder=folder(site, "out"))
    for name in ("out_tmp", "out_fsync", "out_rename", "before_mark"):
        for count in (1, 2) if SOAK else (1,):
            site.owe()
            site.owe()
            assert site.mortal.order("carry", f"{name}:{count}") == 137
            site.check_sent()


def test_a_sender_killed_at_any_moment(site: Site) -> None:
    site.enter("SFTP_PUSH", out_folder=folder(site, "out"))
    chance = random.Random(12)
    for _ in range(200 if SOAK else 5):
        for _ in range(chance.randint(1, 3)):
            site.owe()
        assert site.mortal.order("carry_loop", str(chance.randint(100, 400))) == -9
    site.check_sent()
