"""The broadcast socket: a telegram is a durable file before it is acknowledged; everything else is refused aloud."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from edi.channels.entry import configured
from edi.channels.listening import Listener
from edi.models import Delivery, InboundEvent, PartnerChannel, TradingPartner
from edi.services import Inbox, process_delivery
from inventory.errors import Refused, Unreachable
from tests.channels import sshd
from tests.channels.conftest import Site, file_of, make_channel

ACK, NAK = b"\x06", b"\x15"


@pytest.fixture
def door(partner: TradingPartner) -> Iterator[Listener]:
    yield from opened(make_channel(partner, "TCP_LISTEN", port=0, framing="STX_ETX"))


def opened(channel: PartnerChannel) -> Iterator[Listener]:
    listener = Listener(channel)
    listener.open()
    yield listener
    listener.close()


class Client:
    def __init__(self, listener: Listener, source: str = "127.0.0.1") -> None:
        self.line = socket.create_connection(("127.0.0.1", listener.port), 5, source_address=(source, 0))
        self.line.settimeout(30)

    def send(self, raw: bytes) -> bytes:
        self.line.sendall(raw)
        return self.line.recv(100)

    def telegram(self, content: bytes) -> bytes:
        return self.send(b"\x02" + content + b"\x03")


def files(listener: Listener) -> list[str]:
    """What has arrived; a hidden name is still being written."""
    return sorted(path.name for path in listener.folders.inbox.iterdir() if path.name[0] != ".")


@pytest.mark.django_db
def test_a_telegram_is_a_file_before_it_is_acknowledged(
    door: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr("edi.transport.sync_folder", lambda folder: synced.extend(files(door)))
    assert Client(door).telegram(file_of(1)) == ACK
    (name,) = files(door)
    assert synced == [name]
    assert (door.folders.inbox / name).read_bytes() == file_of(1)


@pytest.mark.django_db
def test_a_repeat_after_a_lost_acknowledgement_is_known_by_the_intake(door: Listener) -> None:
    client = Client(door)
    client.line.sendall(b"\x02" + file_of(1) + b"\x03")
    client.line.close()
    assert Client(door).telegram(file_of(1)) == ACK
    while len(names := files(door)) < 2:
        time.sleep(0.01)
    partner = door.channel.partner
    for delivery in Inbox(partner).scan(at=timezone.now(), moved_in=frozenset(names)):
        process_delivery(delivery.pk)
    assert sorted(Delivery.objects.values_list("status", flat=True)) == ["DUPLICATE", "PARSED"]
    assert InboundEvent.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("framing", "raw", "word"),
    [
        ("STX_ETX", b"\x02" + b"x" * 101 + b"\x03", b"oversize"),
        ("STX_ETX", b"noise\x02ok\x03", b"no_stx"),
        ("NEWLINE", b"x" * 102 + b"\n", b"oversize"),
        ("LENGTH", b"abcd", b"bad_length"),
        ("LENGTH", b"0101", b"oversize"),
    ],
)
def test_a_broken_telegram_is_refused_with_its_reason(
    framing: str, raw: bytes, word: bytes, partner: TradingPartner
) -> None:
    channel = make_channel(partner, "TCP_LISTEN", port=0, framing=framing, max_telegram_bytes=100)
    for listener in opened(channel):
        assert Client(listener).send(raw).startswith(NAK + word)
        assert "ok" not in " ".join(files(listener)) or framing == "STX_ETX"
        assert listener.tally.take()[1]


@pytest.mark.django_db
def test_behind_a_broken_one_the_next_is_taken(door: Listener) -> None:
    client = Client(door)
    assert client.send(b"noise").startswith(NAK)
    assert client.telegram(b"good") == ACK
    assert len(files(door)) == 1


@pytest.mark.django_db
def test_a_full_disk_is_not_acknowledged(door: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("edi.channels.listening.os.fsync", full)
    client = Client(door)
    assert client.telegram(b"x") == NAK + b"disk_full\n"
    assert files(door) == []
    monkeypatch.undo()
    assert client.telegram(b"x") == ACK


@pytest.mark.django_db
def test_a_half_telegram_is_never_stored(door: Listener) -> None:
    client = Client(door)
    client.line.sendall(b"\x02half")
    client.line.close()
    while not (told := door.tally.take()[1]):
        time.sleep(0.01)
    assert "middle of a telegram" in told
    assert files(door) == []


@pytest.mark.django_db
def test_a_slow_sender_is_sent_away(door: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edi.channels.listening.TELEGRAM_SECONDS", 0.3)
    client = Client(door)
    client.line.sendall(b"\x02")
    for _ in range(600):
        try:
            client.line.sendall(b"x")
        except OSError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("it was listened to for as long as it liked to speak")
    assert "not whole" in door.tally.take()[1]


@pytest.mark.django_db
def test_a_silent_client_is_let_go(partner: TradingPartner) -> None:
    channel = make_channel(partner, "TCP_LISTEN", port=0, idle_seconds=1)
    for listener in opened(channel):
        assert Client(listener).line.recv(1) == b""


@pytest.mark.django_db
def test_who_is_not_on_the_list_is_turned_away(partner: TradingPartner) -> None:
    channel = make_channel(partner, "TCP_LISTEN", port=0, peers="127.0.0.9", framing="STX_ETX")
    for listener in opened(channel):
        assert Client(listener).line.recv(1) == b""
        assert "not on the list" in listener.tally.take()[1]
        assert Client(listener, source="127.0.0.9").telegram(b"x") == ACK


@pytest.mark.django_db
def test_one_client_too_many_hears_busy(partner: TradingPartner) -> None:
    channel = make_channel(partner, "TCP_LISTEN", port=0, max_clients=2, framing="STX_ETX")
    for listener in opened(channel):
        clients = [Client(listener) for _ in range(2)]
        assert [client.telegram(b"x") for client in clients] == [ACK, ACK]
        assert Client(listener).line.recv(20) == NAK + b"busy\n"
        clients[0].line.close()
        until = time.monotonic() + 60
        while time.monotonic() < until and len(listener._clients) > 1:
            time.sleep(0.01)
        assert Client(listener).telegram(b"y") == ACK


@pytest.mark.django_db
def test_many_clients_at_once_lose_nothing(door: Listener) -> None:
    """Each client's own telegrams keep their order in the names."""
    heard: list[bytes] = []

    def talk(number: int) -> None:
        client = Client(door)
        heard.extend(client.telegram(b"%d-%02d" % (number, n)) for n in range(20))

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contents = [(door.folders.inbox / name).read_bytes().decode() for name in files(door)]
    assert heard == [ACK] * 160
    assert len(set(contents)) == 160
    for number in range(8):
        own = [text for text in contents if text.startswith(f"{number}-")]
        assert own == sorted(own)


@pytest.mark.django_db
def test_closing_ends_clients_and_frees_the_port(partner: TradingPartner) -> None:
    port = sshd.free_port()
    channel = make_channel(partner, "TCP_LISTEN", port=port)
    for _ in range(2):
        listener = Listener(channel)
        listener.open()
        client = Client(listener)
        client.send(b"x\n")
        began = time.monotonic()
        listener.close()
        assert time.monotonic() - began < 20
        assert client.line.recv(1) == b""


@pytest.mark.django_db
def test_a_port_in_use_is_said(door: Listener, partner: TradingPartner) -> None:
    second = make_channel(partner, "TCP_LISTEN", name="two", port=door.port)
    with pytest.raises(Unreachable, match="cannot listen"):
        Listener(second).open()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"host": "0.0.0.0"}, "address_not_allowed"),
    ({"host": "name.example"}, "bad_address"),
    ({"peers": "everybody"}, "bad_peers"),
    ({"ack": ""}, "field_missing"),
    ({"ack": r"\x0"}, "bad_answer"),
    ({"nak": "ä€"}, "bad_answer"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("fields", "code"), REFUSED)
def test_a_door_is_refused(fields: dict[str, Any], code: str, partner: TradingPartner) -> None:
    with pytest.raises(Refused) as refusal:
        configured(make_channel(partner, "TCP_LISTEN", **fields))
    assert refusal.value.code == code


@pytest.mark.django_db
def test_an_open_address_needs_peers(partner: TradingPartner, settings: Any) -> None:
    settings.EDI_LISTEN_ADDRESSES = ["0.0.0.0"]
    with pytest.raises(Refused) as refusal:
        configured(make_channel(partner, "TCP_LISTEN", host="0.0.0.0"))
    assert refusal.value.code == "field_missing"


@pytest.mark.django_db
def test_the_turns_of_a_door_are_booked(partner: TradingPartner) -> None:
    site = Site(make_channel(partner, "TCP_LISTEN", port=sshd.free_port(), framing="STX_ETX"))
    site.turn()
    assert site.works.listener is not None
    assert Client(site.works.listener).telegram(b"x") == ACK
    assert site.turn().fetched == 1
    Client(site.works.listener).send(b"noise")
    site.turn()
    assert "outside of STX" in site.channel.last_error
    Client(site.works.listener).telegram(b"x")
    site.turn()
    assert site.channel.last_error == ""
    site.works.close()
