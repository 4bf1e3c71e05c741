"""Fetching from a real OpenSSH server: whole, once, in order, and nothing removed there that is not safe here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from edi.channels import Works, try_channel
from edi.channels.fetching import _Turn, bad_name, shortened
from edi.channels.sftp import SftpWire
from edi.models import Delivery, FetchedFile, PartnerChannel
from edi.services import Inbox
from inventory.errors import Refused, Unreachable
from sequencer.models import PlantEvent, Task
from tests.channels import sshd
from tests.channels.conftest import Site, file_of, held_of, make_channel

pytestmark = pytest.mark.django_db


def drop(server: sshd.Server, name: str, raw: bytes, user: str = sshd.ACCOUNTS[0]) -> Path:
    path = server.home(user) / "in" / name
    path.write_bytes(raw)
    path.chmod(0o666)
    return path


def test_a_file_comes_whole_and_is_archived_over_there(pull: Site, server: sshd.Server) -> None:
    drop(server, "a.edi", file_of(1))
    assert pull.turn().fetched == 1
    assert pull.inbox == ["a.edi"]
    assert (pull.folders.inbox / "a.edi").read_bytes() == file_of(1)
    assert os.listdir(server.home() / "in") == []
    assert os.listdir(server.home() / "done") == ["a.edi"]
    row = FetchedFile.objects.get()
    assert None not in (row.placed_at, row.removed_at)
    assert pull.channel.last_ok_at is not None
    assert pull.turn().fetched == 0


def test_the_oldest_comes_first(pull: Site, server: sshd.Server) -> None:
    for age, name in enumerate(["c.edi", "a.edi", "b.edi"]):
        path = drop(server, name, file_of(age + 1))
        os.utime(path, (1_700_000_000 + age,) * 2)
    pull.turn()
    names = list(FetchedFile.objects.order_by("pk").values_list("local_name", flat=True))
    assert names == ["c.edi", "a.edi", "b.edi"]
    assert [item.file_name for item in Inbox(pull.channel.partner).scan(
        at=timezone.now(), moved_in=frozenset(names)
    )] == names  # fmt: skip


def test_files_that_wait_together_share_the_flushes_behind_their_copies(
    pull: Site, server: sshd.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[bool] = []
    commits: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(
        "os.fsync", lambda handle: (flushed.append(stat.S_ISDIR(os.fstat(handle).st_mode)), fsync(handle))
    )
    monkeypatch.setattr("edi.channels.fetching.BATCH_SECONDS", 60)
    book = _Turn._book
    monkeypatch.setattr(
        _Turn, "_book", lambda turn, copied: (commits.append(len(copied)), book(turn, copied))[1]
    )
    for number in range(1, 11):
        drop(server, f"f{number:02}.edi", file_of(number))
    assert pull.turn().fetched == 10
    # Ten copies one by one, then the names of all; one transaction books them.
    assert (flushed.count(False), flushed.count(True), commits) == (10, 1, [10])
    rows = FetchedFile.objects.all()
    assert all(row.placed_at and row.removed_at for row in rows)
    assert len(os.listdir(server.home() / "done")) == 10


def test_the_first_of_many_does_not_wait_for_the_last(
    pull: Site, server: sshd.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edi.channels.fetching.BATCH_SECONDS", 60)
    monkeypatch.setattr("edi.channels.fetching.BATCH_FILES", 2)
    landed: list[int] = []
    land = _Turn._land
    monkeypatch.setattr(_Turn, "_land", lambda turn: (landed.append(len(turn.copied)), land(turn))[1])
    for number in range(1, 6):
        drop(server, f"f{number:02}.edi", file_of(number))
    assert pull.turn().fetched == 5
    assert landed == [2, 2, 1]


def test_what_is_whole_here_lands_when_the_line_dies_behind_it(
    pull: Site, server: sshd.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 4):
        drop(server, f"f{number:02}.edi", file_of(number))
    fetch = SftpWire.fetch

    def cut(wire: SftpWire, path: str) -> Iterator[bytes]:
        if path.endswith("f03.edi"):
            raise Unreachable("the line is dead")
        return fetch(wire, path)

    monkeypatch.setattr("edi.channels.fetching.BATCH_SECONDS", 60)
    monkeypatch.setattr(SftpWire, "fetch", cut)
    assert pull.turn().fetched == 0, "the turn is a failure, whatever came of it"
    assert pull.inbox == ["f01.edi", "f02.edi"]
    assert pull.hidden == []
    monkeypatch.setattr(SftpWire, "fetch", fetch)
    assert pull.turn().fetched == 1
    assert FetchedFile.objects.count() == 3


@pytest.mark.parametrize("name", [".a.edi", "a.tmp", "a.edi.part", "b.filepart", "other.txt"])
def test_what_is_unfinished_or_not_asked_for_stays(name: str, pull: Site, server: sshd.Server) -> None:
    PartnerChannel.objects.update(file_pattern=r".*\.edi|.*\.tmp|.*part")
    drop(server, name, file_of(1))
    assert pull.turn().fetched == 0
    assert os.listdir(server.home() / "in") == [name]


def test_a_growing_file_waits_until_it_is_still(pull: Site, server: sshd.Server) -> None:
    PartnerChannel.objects.update(stable_seconds=1)
    raw = file_of(1)
    path = drop(server, "a.edi", raw[:40])
    assert pull.turn().again_in == pytest.approx(1.1)
    path.write_bytes(raw)
    assert pull.turn().fetched == 0
    pull.works.puller.since["a.edi"] = (pull.works.puller.since["a.edi"][0], -10.0)
    assert pull.turn().fetched == 1


def test_a_file_that_stopped_in_the_middle_is_not_taken(
    pull: Site, server: sshd.Server, settings: Any
) -> None:
    settings.EDI_STUCK_SECONDS = 0
    raw = file_of(1)
    path = drop(server, "a.edi", raw[:-12])
    assert [pull.turn().fetched for _ in range(3)] == [0, 0, 0]
    assert pull.inbox == pull.hidden == []
    assert "does not end as an interchange ends" in PlantEvent.objects.get(kind="alarm").facts["text"]
    path.write_bytes(raw)
    assert pull.turn().fetched == 1
    assert (pull.folders.inbox / "a.edi").read_bytes() == raw


def test_a_name_that_waits_in_the_inbox_is_never_overwritten(pull: Site, server: sshd.Server) -> None:
    (pull.folders.inbox / "a.edi").write_bytes(b"earlier")
    drop(server, "a.edi", file_of(1))
    assert pull.turn().fetched == 1
    assert (pull.folders.inbox / "a.edi").read_bytes() == b"earlier"
    assert len(pull.inbox) == 2


def test_the_same_name_again_is_another_file(pull: Site, server: sshd.Server) -> None:
    """Same name, size and second: only the first is gone over there, so the second is new."""
    for number in (1, 2):
        path = drop(server, "a.edi", file_of(number))
        os.utime(path, (1_700_000_000,) * 2)
        assert pull.turn().fetched == 1
        Inbox(pull.channel.partner).scan(at=timezone.now(), moved_in=frozenset({"a.edi"}))
    assert Delivery.objects.count() == 2
    assert sorted(os.listdir(server.home() / "done"))[-1] == "a.edi"
    assert len(os.listdir(server.home() / "done")) == 2


def test_a_file_that_took_the_place_of_a_fetched_one_is_not_deleted(pull: Site, server: sshd.Server) -> None:
    """Died before the archive; meanwhile another file of that name, size and second lies there."""
    PartnerChannel.objects.update(after_fetch="KEEP")
    first, second = file_of(1), file_of(2)
    assert len(first) == len(second)
    path = drop(server, "a.edi", first)
    os.utime(path, (1_700_000_000,) * 2)
    pull.turn()
    path.write_bytes(second)
    os.utime(path, (1_700_000_000,) * 2)
    PartnerChannel.objects.update(after_fetch="DELETE")
    assert pull.turn().fetched == 1
    contents = [(pull.folders.inbox / name).read_bytes() for name in pull.inbox]
    assert sorted(contents) == sorted([first, second])
    assert os.listdir(server.home() / "in") == []


def test_an_alarm_of_an_earlier_process_is_cleared(pull: Site, server: sshd.Server, settings: Any) -> None:
    settings.EDI_STUCK_SECONDS = 0
    path = drop(server, "a.edi", file_of(1)[:-12])
    for _ in range(3):
        pull.turn()
    assert Task.objects.get(kind="EDI_FILE").status == "OPEN"
    path.write_bytes(file_of(1))
    Site(pull.channel).turn()
    assert Task.objects.get(kind="EDI_FILE").status == "DONE"


def test_an_active_channel_that_cannot_work_fails_the_check(pull: Site, settings: Any) -> None:
    from edi.checks import check_channels

    assert check_channels(None, ["default"]) == []
    settings.EDI_PARTNER_HOSTS = []
    (found,) = check_channels(None, ["default"])
    assert (found.id, "JIS_PARTNER_HOSTS" in found.msg) == ("jis.E104", True)
    PartnerChannel.objects.update(active=False)
    assert check_channels(None, ["default"]) == []


def test_a_booked_copy_that_is_gone_is_fetched_again(pull: Site, server: sshd.Server) -> None:
    """Neither hidden nor in the inbox, no claim, no delivery: only the partner still has it."""
    PartnerChannel.objects.update(after_fetch="KEEP")
    drop(server, "a.edi", file_of(1))
    pull.turn()
    (pull.folders.inbox / "a.edi").unlink()
    FetchedFile.objects.update(placed_at=None)
    assert pull.turn().fetched == 1
    assert pull.inbox == ["a.edi"]
    assert FetchedFile.objects.count() == 1


@pytest.mark.parametrize("change", [b"more", b""])
def test_a_file_that_changes_while_it_is_fetched_is_left(
    change: bytes, pull: Site, server: sshd.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer, or of the same size written again: what was read may be half of either."""
    path = drop(server, "a.edi", file_of(1))
    fetch = SftpWire.fetch

    def while_it_is_written(wire: SftpWire, remote: str) -> Any:
        yield from fetch(wire, remote)
        path.write_bytes(file_of(1) + change)
        os.utime(path, (1_700_000_000,) * 2)

    monkeypatch.setattr(SftpWire, "fetch", while_it_is_written)
    assert pull.turn().fetched == 0
    assert pull.inbox == pull.hidden == []
    monkeypatch.undo()
    path.write_bytes(file_of(2))
    assert pull.turn().fetched == 1
    assert (pull.folders.inbox / "a.edi").read_bytes() == file_of(2)


def test_keep_fetches_once_and_leaves_it(pull: Site, server: sshd.Server) -> None:
    PartnerChannel.objects.update(after_fetch="KEEP")
    path = drop(server, "a.edi", file_of(1))
    assert [pull.turn().fetched for _ in range(3)] == [1, 0, 0]
    assert Site(pull.channel).turn().fetched == 0
    path.unlink()
    pull.turn()
    assert FetchedFile.objects.get().removed_at is not None


def test_delete_removes_it(pull: Site, server: sshd.Server) -> None:
    PartnerChannel.objects.update(after_fetch="DELETE")
    drop(server, "a.edi", file_of(1))
    assert pull.turn().fetched == 1
    assert os.listdir(server.home() / "in") == os.listdir(server.home() / "done") == []


def test_an_archive_that_is_missing_loses_nothing_and_tells(pull: Site, server: sshd.Server) -> None:
    PartnerChannel.objects.update(archive_folder="nowhere")
    drop(server, "a.edi", file_of(1))
    drop(server, "b.edi", file_of(2))
    assert pull.turn().fetched == 2
    assert pull.turn().fetched == 0
    assert "nowhere" in pull.channel.last_error or "No such file" in pull.channel.last_error
    assert PlantEvent.objects.filter(kind="alarm").count() == 1
    PartnerChannel.objects.update(archive_folder=server.seen(server.users[0], "done"))
    pull.turn()
    assert sorted(os.listdir(server.home() / "done")) == ["a.edi", "b.edi"]
    assert pull.channel.last_error == ""
    assert pull.inbox == ["a.edi", "b.edi"]


@pytest.mark.skipif(sshd.ROOT is False, reason="as root: another account's file cannot be read")
def test_one_unreadable_file_does_not_keep_the_others(pull: Site, server: sshd.Server) -> None:
    drop(server, "a.edi", file_of(1)).chmod(0o600)
    drop(server, "b.edi", file_of(2))
    assert pull.turn().fetched == 1
    assert pull.inbox == ["b.edi"]
    assert "a.edi" in pull.channel.last_error


def test_no_room_leaves_the_file_with_the_partner(
    pull: Site, server: sshd.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edi.transport.room_for", lambda size, folder: False)
    drop(server, "a.edi", file_of(1))
    assert pull.turn().fetched == 0
    assert "no room for a.edi" in pull.channel.last_error
    assert os.listdir(server.home() / "in") == ["a.edi"]
    monkeypatch.undo()
    assert pull.turn().fetched == 1
    assert Task.objects.filter(kind="EDI_CHANNEL", status="OPEN").count() == 0


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "", ".", "..", "a\0b", "a\udcff"])
def test_a_name_that_is_a_path_or_no_text_is_refused(name: str) -> None:
    assert bad_name(name)


def test_a_long_name_keeps_its_end() -> None:
    assert shortened("ä" * 200 + ".edi").endswith(".edi")
    assert len(shortened("ä" * 200 + ".edi").encode()) <= 180


# the door: host key, our key, the list of hosts


def test_an_unknown_host_key_is_refused_with_its_fingerprint(pull: Site, server: sshd.Server) -> None:
    PartnerChannel.objects.update(known_hosts="")
    drop(server, "a.edi", file_of(1))
    assert pull.turn().fetched == 0
    shown = pull.channel.last_error
    assert "SHA256:" in shown
    assert "by phone" in shown
    # What it says to enter is what works.
    line = server.known_hosts.split()
    with pytest.raises(Refused) as refusal:
        try_channel(PartnerChannel.objects.select_related("partner").get())
    assert (refusal.value.code, f"{line[0]} {line[1]}" in refusal.value.message) == ("host_key_unknown", True)
    assert PlantEvent.objects.filter(kind="alarm").count() == 1
    pull.turn()
    assert PlantEvent.objects.filter(kind="alarm").count() == 1
    assert pull.channel.failures == 2
    PartnerChannel.objects.update(known_hosts=f"{line[0]} {line[1]}")
    assert pull.turn().fetched == 1
    assert (pull.channel.failures, pull.channel.last_error) == (0, "")


def test_another_host_key_is_refused_before_we_say_who_we_are(
    pull: Site, server: sshd.Server, tmp_path: Path
) -> None:
    PartnerChannel.objects.update(known_hosts=sshd.make_key(tmp_path / "other"))
    log = (server.base / "log").read_text()
    drop(server, "a.edi", file_of(1))
    assert pull.turn().fetched == 0
    assert "somebody may stand between" in pull.channel.last_error
    assert "publickey" not in (server.base / "log").read_text()[len(log) :]


def test_a_key_he_does_not_take(pull: Site, server: sshd.Server, secrets: Path) -> None:
    sshd.make_key(secrets / "stranger")
    PartnerChannel.objects.update(key_name="stranger")
    assert pull.turn().fetched == 0
    assert "does not take our key" in pull.channel.last_error
    assert pull.channel.next_try_at is not None
    assert pull.channel.next_try_at > timezone.now() + timedelta(seconds=0.5)


def test_a_key_with_a_passphrase(pull: Site, server: sshd.Server, secrets: Path) -> None:
    public = sshd.make_key(secrets / "locked", passphrase="open sesame")
    server.authorize(server.users[0], public)
    (secrets / "locked.pass").write_text("open sesame\n")
    (secrets / "locked.pass").chmod(0o600)
    PartnerChannel.objects.update(key_name="locked", passphrase_name="locked.pass")
    drop(server, "a.edi", file_of(1))
    assert pull.turn().fetched == 1


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"host": "10.9.8.7"}, "host_not_allowed"),
    ({"host": "evil.example"}, "host_not_allowed"),
    ({"user": ""}, "field_missing"),
    ({"key_name": ""}, "field_missing"),
    ({"in_folder": ""}, "field_missing"),
    ({"archive_folder": ""}, "field_missing"),
    ({"key_name": "../plant"}, "bad_secret_name"),
    ({"key_name": "nobodys"}, "key_missing"),
    ({"known_hosts": "what is this"}, "bad_host_key"),
    ({"known_hosts": "@cert-authority * ssh-ed25519 AAAA"}, "bad_host_key"),
    ({"file_pattern": "("}, "bad_pattern"),
    ({"test_side": True}, "wrong_side"),
    ({"passphrase_name": "missing"}, "passphrase_missing"),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED, ids=[f"{code}-{next(iter(f))}" for f, code in REFUSED])
def test_a_channel_is_refused(fields: dict[str, Any], code: str, pull: Site) -> None:
    for name, value in fields.items():
        setattr(pull.channel, name, value)
    with pytest.raises(Refused) as refusal:
        try_channel(pull.channel)
    assert refusal.value.code == code


def test_a_key_others_may_read_is_refused(pull: Site, secrets: Path) -> None:
    (secrets / "plant").chmod(0o644)
    with pytest.raises(Refused) as refusal:
        try_channel(pull.channel)
    assert refusal.value.code == "secret_open"


def test_a_trial_says_what_it_found_and_changes_nothing(pull: Site, server: sshd.Server) -> None:
    drop(server, "a.edi", file_of(1))
    assert "1 files wait" in try_channel(pull.channel)
    assert os.listdir(server.home() / "in") == ["a.edi"]
    assert not FetchedFile.objects.exists()


@pytest.mark.skipif(not sshd.ROOT, reason="a jail per partner needs root, as sshd changes the root folder")
def test_each_partner_is_shut_into_his_own_folder(pull: Site, server: sshd.Server) -> None:
    other = server.users[1]
    drop(server, "mine.edi", file_of(1))
    drop(server, "his.edi", file_of(2), user=other)
    second = Site(make_channel(pull.channel.partner, "SFTP_PULL", name="second", **{
        name: getattr(pull.channel, name)
        for name in ("host", "port", "key_name", "known_hosts", "in_folder", "archive_folder")
    }, user=other))  # fmt: skip
    assert pull.turn().fetched == second.turn().fetched == 1
    assert pull.inbox == ["his.edi", "mine.edi"]
    PartnerChannel.objects.filter(pk=second.channel.pk).update(in_folder=str(server.home() / "in"))
    second.turn()
    assert "No such file" in second.channel.last_error


# the line


@pytest.fixture
def cable(server: sshd.Server) -> Any:
    cable = sshd.Cable(server.port)
    yield cable
    cable.close()


def test_a_line_cut_in_the_middle_of_a_file(pull: Site, server: sshd.Server, cable: sshd.Cable) -> None:
    PartnerChannel.objects.update(port=cable.port)
    raw = file_of(1, calls=3000)
    drop(server, "a.edi", raw)
    cable.cut(after=len(raw) // 2)
    assert pull.turn().fetched == 0
    assert (pull.inbox, pull.channel.failures) == ([], 1)
    assert os.listdir(server.home() / "in") == ["a.edi"]
    cable.mend()
    assert pull.turn().fetched == 1
    assert (pull.folders.inbox / "a.edi").read_bytes() == raw
    assert pull.hidden == []


@pytest.mark.parametrize("after", range(0, 12_000, 1_500))
def test_a_line_cut_anywhere_loses_and_doubles_nothing(
    after: int, pull: Site, server: sshd.Server, cable: sshd.Cable
) -> None:
    PartnerChannel.objects.update(port=cable.port)
    raws = {f"{number}.edi": file_of(number) for number in range(1, 4)}
    for name, raw in raws.items():
        drop(server, name, raw)
    cable.cut(after=after)
    pull.turn()
    cable.mend()
    pull.turn()
    assert {name: (pull.folders.inbox / name).read_bytes() for name in pull.inbox} == raws
    assert sorted(os.listdir(server.home() / "done")) == sorted(raws)


def test_a_server_that_is_down_is_asked_later_each_time_and_told_once(pull: Site) -> None:
    PartnerChannel.objects.update(port=sshd.free_port())
    waits = []
    for _ in range(6):
        began = timezone.now()
        pull.turn()
        assert pull.channel.next_try_at is not None
        waits.append((pull.channel.next_try_at - began).total_seconds())
    for number, wait in enumerate(waits):
        assert 2**number <= wait <= 2 ** (number + 1) + 1
    assert PlantEvent.objects.filter(kind="alarm").count() == 1


def test_a_channel_is_worked_by_one(pull: Site) -> None:
    from edi.channels import ChannelLost, hold

    first = held_of(pull.channel)
    assert hold(pull.channel.pk, clock=timezone.now) is None
    PartnerChannel.objects.update(held_at=timezone.now() - timedelta(seconds=31))
    second = hold(pull.channel.pk, clock=timezone.now)
    assert second is not None
    with pytest.raises(ChannelLost):
        Works().puller.turn(first, _OneFile())
    assert pull.inbox == []


class _OneFile:
    """A wire with one file, for a puller that has lost its channel."""

    def look(self, folder: str) -> list[Any]:
        from edi.channels.wires import Remote

        return [Remote("a.edi", True, len(file_of(1)), 1)]

    def facts(self, path: str) -> Any:
        return self.look("")[0]

    def fetch(self, path: str) -> Any:
        yield file_of(1)
