"""Gateways for OFTP2 and AS2: files change hands in folders, receipts find the message they speak of."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from edi.channels import try_channel
from edi.channels.receipts import read_receipt
from edi.models import FetchedFile, OutboundMessage, PartnerChannel
from edi.services import Inbox, resend, sweep_overdue
from inventory.errors import Refused
from sequencer.models import PlantEvent, Task
from tests.channels.conftest import Site, file_of, make_channel
from tests.channels.test_push import message_to
from tests.factories import Plant

pytestmark = pytest.mark.django_db


def receipt(share: Path, name: str, text: str) -> None:
    (share / "receipts" / name).write_text(text)


def sent(gateway: Site) -> OutboundMessage:
    message = message_to(gateway.channel.partner)
    assert gateway.turn().sent == 1
    message.refresh_from_db()
    return message


def task(kind: str = "EDI_RECEIPT") -> Task:
    return Task.objects.get(kind=kind)


GOOD = [
    ("kind: EERP\nfile: a.edi\n", "EERP", "DELIVERED"),
    ("\ufeffKIND: eerp\r\nFile: C:/out/a.edi\r\n", "EERP", "DELIVERED"),
    ("kind: NERP\nfile: a.edi\nreason: unknown user\n", "NERP", "REFUSED"),
    ('{"kind": "MDN", "file": "a.edi", "status": "processed"}', "MDN", "DELIVERED"),
    (
        "kind: MDN\nfile: a.edi\ndisposition: automatic-action/MDN-sent-automatically; processed\n",
        "MDN",
        "DELIVERED",
    ),
    (
        "kind: MDN\nfile: a.edi\ndisposition: automatic-action/x; processed/error: decryption\n",
        "MDN",
        "REFUSED",
    ),
]


@pytest.mark.parametrize(("text", "kind", "status"), GOOD)
def test_a_receipt_is_read(text: str, kind: str, status: str) -> None:
    read = read_receipt(text.encode())
    assert (read.kind, read.status, read.sent) == (kind, status, False)
    assert read.file.endswith("a.edi")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"hello", b"kind: EERP", b"file: a.edi", b"kind: XX\nfile: a.edi", b"kind: MDN\nfile: a.edi",
        b"kind: MDN\nfile: a\nstatus: perhaps", b'{"kind": ', b"[]", b"\xff\xfe", b"{" * 5000,
        b"kind: EERP\nfile: a\ndirection: up",
    ],
)  # fmt: skip
def test_what_is_no_receipt_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        read_receipt(raw)
    assert refusal.value.code == "bad_receipt"


def test_a_receipt_finds_its_message(gateway: Site, share: Path) -> None:
    message = sent(gateway)
    assert (share / "out" / message.file_name).read_bytes() == bytes(message.content)
    receipt(share, "1.txt", f"kind: EERP\nfile: {message.file_name}\nat: 2026-11-21T14:05:00+01:00\n")
    assert gateway.turn().receipts == 1
    message.refresh_from_db()
    assert (message.status, message.receipt_status) == ("SENT", "DELIVERED")
    assert message.receipt_at is not None
    assert message.receipt_at.isoformat() == "2026-11-21T13:05:00+00:00"
    assert [path.name for path in (share / "receipts" / "done").iterdir()] == ["1.txt"]
    later = timezone.now() + timedelta(hours=2)
    assert sweep_overdue(at=later) == 0


def test_a_refusal_is_a_matter_for_a_person(gateway: Site, share: Path, plant: Plant) -> None:
    message = sent(gateway)
    receipt(share, "1.txt", f"kind: NERP\nfile: {message.file_name}\nreason: unknown user\n")
    gateway.turn()
    assert "unknown user" in task().text
    resend(message.pk, by=plant.supervisor, reason="the partner mended it", at=timezone.now())
    assert task().status == "DONE"
    message.refresh_from_db()
    assert (message.status, message.receipt_status) == ("READY", "")
    assert gateway.turn().sent == 1


def test_the_same_receipt_after_a_crash_changes_nothing(gateway: Site, share: Path) -> None:
    message = sent(gateway)
    text = f"kind: EERP\nfile: {message.file_name}\n"
    for name in ("1.txt", "1.txt"):
        receipt(share, name, text)
        gateway.turn()
    assert PlantEvent.objects.filter(kind="receipt").count() == 1
    assert len(list((share / "receipts" / "done").iterdir())) == 2


def test_a_receipt_settles_what_was_left_in_doubt(gateway: Site, share: Path) -> None:
    message = message_to(gateway.channel.partner, status="ATTENTION", put_at=timezone.now())
    receipt(share, "1.txt", f"kind: EERP\nfile: {message.file_name}\n")
    gateway.turn()
    message.refresh_from_db()
    assert (message.status, message.receipt_status) == ("SENT", "DELIVERED")


def test_what_is_no_receipt_is_told_and_put_aside(gateway: Site, share: Path) -> None:
    receipt(share, "1.txt", "hello")
    receipt(share, "2.txt.tmp", "kind: EERP")
    gateway.turn()
    assert "1.txt" in task().text
    assert [path.name for path in (share / "receipts" / "odd").iterdir()] == ["1.txt"]
    assert (share / "receipts" / "2.txt.tmp").exists()


def test_a_receipt_for_nothing_we_sent_is_kept_in_the_journal(gateway: Site, share: Path) -> None:
    receipt(share, "1.txt", "kind: EERP\nfile: never.edi\n")
    gateway.turn()
    assert PlantEvent.objects.get(kind="receipt_unmatched").subject == "never.edi"


def test_no_receipt_in_time_is_told_once_and_cleared_by_it(gateway: Site, share: Path) -> None:
    message = sent(gateway)
    assert message.sent_at is not None
    at = message.sent_at
    early, late = at + timedelta(minutes=19), at + timedelta(minutes=20)
    assert [sweep_overdue(at=early), sweep_overdue(at=late), sweep_overdue(at=late)] == [0, 1, 0]
    assert "within 20 minutes" in task().text
    receipt(share, "1.txt", f"kind: EERP\nfile: {message.file_name}\n")
    gateway.turn()
    assert task().status == "DONE"


# what we receive: the sender waits for our receipt


def test_the_gateway_hears_when_a_file_is_safe(gateway: Site, share: Path) -> None:
    (share / "in" / "call.edi").write_bytes(file_of(1))
    assert gateway.turn().fetched == 1
    assert list((share / "taken").iterdir()) == []
    Inbox(gateway.channel.partner).scan(at=timezone.now(), moved_in=frozenset({"call.edi"}))
    gateway.turn()
    (note,) = (share / "taken").iterdir()
    assert note.name == "call.edi.taken"
    assert FetchedFile.objects.get().sha256 in note.read_text()
    receipt(share, "1.txt", "kind: EERP\nfile: call.edi\ndirection: sent\n")
    gateway.turn()
    assert FetchedFile.objects.get().receipt_at is not None
    assert sweep_overdue(at=timezone.now() + timedelta(hours=1)) == 0


def test_no_receipt_of_ours_within_20_minutes_is_an_alarm(gateway: Site, share: Path) -> None:
    """Skoda phones the supplier when it sees no EERP in 20 minutes; the plant knows before."""
    (share / "in" / "call.edi").write_bytes(file_of(1))
    gateway.turn()
    at = FetchedFile.objects.get().fetched_at
    early, late = at + timedelta(minutes=19), at + timedelta(minutes=20)
    assert [sweep_overdue(at=early), sweep_overdue(at=late), sweep_overdue(at=late)] == [0, 1, 0]
    assert "not taken in yet" in task().text
    receipt(share, "1.txt", "kind: EERP\nfile: call.edi\ndirection: sent\n")
    gateway.turn()
    assert task().status == "DONE"


# folders


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"in_folder": "/etc"}, "folder_not_allowed"),
    ({"out_folder": "relative"}, "folder_not_allowed"),
    ({"in_folder": "", "out_folder": ""}, "field_missing"),
    ({"archive_folder": ""}, "field_missing"),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED)
def test_a_folder_channel_is_refused(fields: dict[str, Any], code: str, gateway: Site) -> None:
    for name, value in fields.items():
        setattr(gateway.channel, name, value)
    with pytest.raises(Refused) as refusal:
        try_channel(gateway.channel)
    assert refusal.value.code == code


def test_a_link_does_not_lead_out_of_the_folders(gateway: Site, share: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.edi").write_bytes(file_of(1))
    (share / "door").symlink_to(tmp_path / "secret")
    (share / "in" / "b.edi").symlink_to(tmp_path / "secret" / "a.edi")
    gateway.turn()
    assert gateway.inbox == []
    PartnerChannel.objects.update(in_folder=f"{share}/door")
    gateway.turn()
    assert gateway.inbox == []
    assert "JIS_PARTNER_FOLDERS" in gateway.channel.last_error


def test_a_mounted_folder_that_is_gone_is_told(gateway: Site, share: Path) -> None:
    (share / "in").rmdir()
    gateway.turn()
    assert "No such file" in gateway.channel.last_error
    assert PlantEvent.objects.filter(kind="alarm").count() == 1


def test_a_plain_folder_channel_fetches_and_sends(gateway: Site, share: Path) -> None:
    PartnerChannel.objects.update(active=False)
    fields = {"in_folder": f"{share}/in", "out_folder": f"{share}/out", "after_fetch": "DELETE"}
    site = Site(make_channel(gateway.channel.partner, "FOLDER", **fields))
    (share / "in" / "a.edi").write_bytes(file_of(1))
    message = message_to(site.channel.partner)
    done = site.turn()
    assert (done.fetched, done.sent) == (1, 1)
    assert site.inbox == ["a.edi"]
    assert list((share / "in").iterdir()) == []
    assert [path.name for path in (share / "out").iterdir()] == [message.file_name]


def test_json_receipts_are_what_the_page_shows(share: Path) -> None:
    text = json.dumps({"kind": "EERP", "file": "a.edi", "at": "2026-11-21T14:05:00Z"})
    assert read_receipt(text.encode()).at is not None
