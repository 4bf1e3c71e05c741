"""Sending over a real OpenSSH server: the file appears whole, and whoever dies, nobody sends on a guess."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from edi.channels.sending import WireOutbox
from edi.channels.sftp import SftpWire
from edi.channels.wires import unique_name
from edi.models import OutboundMessage, PartnerChannel, TradingPartner
from edi.services import deliver_due, resend, settle_stale
from edi.transport import partner_folders
from inventory.errors import Refused, Unreachable
from sequencer.models import PlantEvent, Task
from tests.channels import sshd
from tests.channels.conftest import Site, make_channel
from tests.factories import Plant

EARLY = datetime(2026, 1, 5, 6, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def message_to(
    partner: TradingPartner, number: int = 1, content: bytes = b"UNB+x'", **fields: Any
) -> OutboundMessage:
    given = {
        "kind": "DESADV", "control_ref": str(number), "file_name": f"DESADV_{partner.code}_{number:09d}.edi",
        "content": content, "created_at": EARLY, "due_at": EARLY, **fields,
    }  # fmt: skip
    return OutboundMessage.objects.create(partner=partner, **given)


def out_names(server: sshd.Server) -> list[str]:
    return sorted(os.listdir(server.home() / "out"))


def statuses() -> list[str]:
    return list(OutboundMessage.objects.order_by("pk").values_list("status", flat=True))


def test_a_message_goes_out_under_its_name(push: Site, server: sshd.Server) -> None:
    message = message_to(push.channel.partner, content=b"x" * 100_000)
    assert push.turn().sent == 1
    message.refresh_from_db()
    assert (message.status, message.channel) == ("SENT", push.channel)
    assert message.put_at is not None
    assert out_names(server) == [message.file_name]
    assert (server.home() / "out" / message.file_name).read_bytes() == b"x" * 100_000
    assert push.turn().sent == 0


def test_what_a_channel_sends_never_goes_to_the_local_folder(push: Site) -> None:
    """Switched off, too: its messages wait, and a person is told by the overdue sweep."""
    message_to(push.channel.partner)
    assert deliver_due(at=timezone.now()) == []
    PartnerChannel.objects.update(active=False)
    assert deliver_due(at=timezone.now()) == []
    assert list(partner_folders(push.channel.partner.code).out.iterdir()) == []
    # Emptying the folder gives the partner his `out` back.
    PartnerChannel.objects.update(out_folder="")
    assert len(deliver_due(at=timezone.now())) == 1


def test_nothing_to_send_means_no_log_in(push: Site) -> None:
    PartnerChannel.objects.update(port=sshd.free_port())
    push.turn()
    assert (push.channel.failures, push.channel.last_ok_at) == (0, None)


def test_the_order_is_kept_when_one_does_not_go(push: Site, server: sshd.Server) -> None:
    first, second = message_to(push.channel.partner, 1), message_to(push.channel.partner, 2)
    blocked = server.home() / "out" / f".{first.file_name}.tmp"
    blocked.mkdir()
    assert push.turn().sent == 0
    assert statuses() == ["READY", "READY"]
    assert push.channel.last_error
    blocked.rmdir()
    OutboundMessage.objects.update(due_at=EARLY)
    assert push.turn().sent == 2
    assert out_names(server) == [first.file_name, second.file_name]


def test_a_missing_folder_is_told_at_once(push: Site) -> None:
    PartnerChannel.objects.update(out_folder="nowhere")
    message_to(push.channel.partner)
    push.turn()
    assert statuses() == ["READY"]
    assert PlantEvent.objects.filter(kind="alarm").count() == 1


@pytest.mark.parametrize("after", [0, 1500, 4000, 30_000, 60_000])
def test_a_line_cut_while_sending(after: int, push: Site, server: sshd.Server) -> None:
    cable = sshd.Cable(server.port)
    PartnerChannel.objects.update(port=cable.port)
    content = bytes(range(256)) * 256
    message = message_to(push.channel.partner, content=content)
    cable.cut(after=after, towards_server=True)
    push.turn()
    assert [name for name in out_names(server) if not name.startswith(".")] == []
    cable.mend()
    OutboundMessage.objects.update(due_at=EARLY)
    assert push.turn().sent == 1
    assert (server.home() / "out" / message.file_name).read_bytes() == content
    assert out_names(server) == [message.file_name]
    cable.close()


def test_a_line_that_breaks_at_the_rename_is_not_settled_at_once(
    push: Site, server: sshd.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may still be at it: the message stays SENDING until a later look finds it there."""
    rename = SftpWire.publish

    def answer_lost(wire: SftpWire, hidden: str, path: str) -> None:
        rename(wire, hidden, path)
        raise Unreachable("the line broke before the answer")

    monkeypatch.setattr(SftpWire, "publish", answer_lost)
    message = message_to(push.channel.partner)
    push.turn()
    assert statuses() == ["SENDING"]
    monkeypatch.undo()
    push.turn()
    assert statuses() == ["SENDING"]
    push.turn(clock=lambda: timezone.now() + timedelta(seconds=11))
    assert statuses() == ["SENT"]
    assert out_names(server) == [message.file_name]


# a sender that died at the rename: the folder over there tells


@pytest.fixture
def dying(push: Site) -> OutboundMessage:
    long_ago = timezone.now() - timedelta(seconds=60)
    return message_to(
        push.channel.partner, status="SENDING", claimed_at=long_ago, claimed_by="gone", put_at=long_ago
    )


def test_its_hidden_file_means_it_was_not_sent(
    dying: OutboundMessage, push: Site, server: sshd.Server
) -> None:
    (server.home() / "out" / f".{dying.file_name}.tmp").write_bytes(b"half")
    (server.home() / "out" / f".{dying.file_name}.tmp").chmod(0o666)
    push.turn()
    assert statuses() == ["SENT"]
    assert (server.home() / "out" / dying.file_name).read_bytes() == bytes(dying.content)


def test_our_bytes_under_its_name_mean_it_was_sent(
    dying: OutboundMessage, push: Site, server: sshd.Server
) -> None:
    (server.home() / "out" / dying.file_name).write_bytes(bytes(dying.content))
    push.turn()
    dying.refresh_from_db()
    assert (dying.status, dying.sent_at) == ("SENT", dying.put_at)


def test_when_the_partner_may_have_taken_it_a_person_decides(
    dying: OutboundMessage, push: Site, server: sshd.Server, plant: Plant
) -> None:
    push.turn()
    assert statuses() == ["ATTENTION"]
    assert out_names(server) == []
    resend(dying.pk, by=plant.supervisor, reason="he has not got it", at=EARLY)
    assert push.turn().sent == 1
    assert out_names(server) == [dying.file_name]


def test_a_server_that_is_down_decides_nothing(dying: OutboundMessage, push: Site) -> None:
    PartnerChannel.objects.update(port=sshd.free_port())
    push.turn()
    assert statuses() == ["SENDING"]
    assert settle_stale(at=timezone.now()) == 0


def test_a_repeat_replaces_what_the_partner_did_not_fetch(
    push: Site, server: sshd.Server, plant: Plant
) -> None:
    message = message_to(push.channel.partner)
    push.turn()
    resend(message.pk, by=plant.supervisor, reason="he asks again", at=EARLY)
    assert push.turn().sent == 1
    assert out_names(server) == [message.file_name]


def test_without_posix_rename_the_plain_one_never_replaces(
    push: Site, server: sshd.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that knows only SFTP 3: an earlier file under the name stays, ours gets a name of its own."""

    def unsupported(self: Any, old: str, new: str) -> None:
        raise OSError("Operation unsupported")

    monkeypatch.setattr("paramiko.SFTPClient.posix_rename", unsupported)
    message = message_to(push.channel.partner)
    assert push.turn().sent == 1
    assert out_names(server) == [message.file_name]
    (server.home() / "out" / message.file_name).write_bytes(b"another")
    other = message_to(push.channel.partner, 2, b"more")
    (server.home() / "out" / other.file_name).write_bytes(b"in the way")
    assert push.turn().sent == 1
    names = out_names(server)
    assert len(names) == 3
    held = _held(push)
    wire = _wire(push)
    assert WireOutbox(held, wire).holds(other.file_name, b"more")
    wire.close()
    held.release()
    assert (server.home() / "out" / other.file_name).read_bytes() == b"in the way"


def _held(site: Site) -> Any:
    from tests.channels.conftest import held_of

    return held_of(site.channel)


def _wire(site: Site) -> SftpWire:
    from edi.channels.entry import open_wire

    wire = open_wire(site.channel)
    assert isinstance(wire, SftpWire)
    return wire


def test_a_unique_name_keeps_folder_and_ending() -> None:
    assert unique_name("/out/a.b/x.edi", "0123456789abcdef") == "/out/a.b/x-01234567.edi"


def test_two_active_ways_out_are_refused(push: Site, share: Path) -> None:
    from edi.channels import configured

    second = make_channel(push.channel.partner, "FOLDER", out_folder=f"{share}/out")
    with pytest.raises(Refused) as refusal:
        configured(second)
    assert refusal.value.code == "two_ways_out"


def test_a_test_wire_is_for_a_test_partner_only(push: Site) -> None:
    PartnerChannel.objects.update(test_side=True)
    message_to(push.channel.partner)
    push.turn()
    assert statuses() == ["READY"]
    assert "set the same test side" in push.channel.last_error
    TradingPartner.objects.update(test_partner=True)
    assert push.turn().sent == 1


def test_a_stuck_message_is_told_once(push: Site) -> None:
    from edi.services import sweep_overdue

    PartnerChannel.objects.update(active=False)
    message_to(push.channel.partner, created_at=EARLY, due_at=EARLY)
    later: datetime = EARLY + timedelta(minutes=11)
    assert [sweep_overdue(at=EARLY), sweep_overdue(at=later), sweep_overdue(at=later)] == [0, 1, 0]
    assert "is off" in Task.objects.get(kind="EDI_OVERDUE").text
    PartnerChannel.objects.update(active=True)
    push.turn()
    assert Task.objects.get(kind="EDI_OVERDUE").status == "DONE"
