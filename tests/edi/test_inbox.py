"""What lies in an inbox: ready files, hostile entries, files that never finish, workers that died."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from edi import transport
from edi.arrivals import Arrivals
from edi.models import Delivery, InboundEvent, TradingPartner
from edi.services import Inbox, rescue_files, sweep_intake, take_ledger
from edi.services.alarms import DiskGuard
from edi.transport import Unfinished, partner_folders, worker_name
from inventory.errors import Refused
from sequencer.models import Heartbeat, PlantEvent, Task
from tests.edi.files import Call, Sender, deljit
from tests.factories import START

RAW = deljit([Call(1)], 1)


@pytest.fixture
def box(partner: TradingPartner, settings: Any) -> Path:
    settings.EDI_STABLE_SECONDS = 0.05
    settings.EDI_STUCK_SECONDS = 3600
    return partner_folders(partner.code).inbox


def put(path: Path, raw: bytes = RAW) -> Path:
    path.write_bytes(raw)
    return path


def scan(partner: TradingPartner, *, settle: float = 0.08, inbox: Inbox | None = None) -> list[Delivery]:
    time.sleep(settle)
    return (inbox or Inbox(partner)).scan(at=START)


def test_a_still_file_is_taken(partner: TradingPartner, box: Path) -> None:
    put(box / "a.edi")
    assert [delivery.file_name for delivery in scan(partner)] == ["a.edi"]


def test_a_file_that_is_being_written_is_left(partner: TradingPartner, box: Path, settings: Any) -> None:
    settings.EDI_STABLE_SECONDS = 60
    put(box / "a.edi")
    put(box / "b.edi.part")
    assert scan(partner, settle=0) == []
    assert sorted(path.name for path in box.iterdir()) == ["a.edi", "b.edi.part"]


def test_a_renamed_file_needs_no_waiting(partner: TradingPartner, box: Path, settings: Any) -> None:
    settings.EDI_STABLE_SECONDS = 60
    arrivals = Arrivals()
    arrivals.watch(box)
    put(box / ".a.tmp").rename(box / "a.edi")
    put(box / "b.edi")
    moved_in = arrivals.moved_in(box)
    assert moved_in == {"a.edi"}
    taken = Inbox(partner).scan(at=START, moved_in=moved_in)
    assert [delivery.file_name for delivery in taken] == ["a.edi"]
    arrivals.close()


def test_a_renamed_file_that_is_written_to_again_waits(box: Path) -> None:
    arrivals = Arrivals()
    arrivals.watch(box)
    put(box / ".a.tmp").rename(box / "a.edi")
    with (box / "a.edi").open("ab") as stream:
        stream.write(b"more")
    assert arrivals.moved_in(box) == frozenset()
    arrivals.close()


def test_a_file_without_trailer_raises_one_alarm_and_stays(
    partner: TradingPartner, box: Path, settings: Any
) -> None:
    settings.EDI_STUCK_SECONDS = 0.2
    put(box / "a.edi", RAW[:-20])
    inbox = Inbox(partner)
    assert scan(partner, settle=0.25, inbox=inbox) == []
    assert scan(partner, settle=0, inbox=inbox) == []
    assert PlantEvent.objects.filter(kind="alarm").count() == 1
    assert Task.objects.get(kind="EDI_FILE").subject == "OEM-D/a.edi"
    assert take_ledger().files.waiting == 1
    with (box / "a.edi").open("ab") as stream:
        stream.write(RAW[-20:])
    assert len(scan(partner, inbox=inbox)) == 1
    assert Task.objects.get(kind="EDI_FILE").status == "DONE"


def test_bytes_of_no_format_are_parked_in_the_end(partner: TradingPartner, box: Path, settings: Any) -> None:
    put(box / "a.bin", b"\x7fELF garbage")
    assert scan(partner) == []
    settings.EDI_STUCK_SECONDS = 0.2
    (delivery,) = scan(partner, settle=0.25)
    sweep_intake(at=START)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.problems[0]["code"]) == ("QUARANTINED", "unknown_format")


def _symlink(box: Path, outside: Path) -> None:
    (box / "evil.edi").symlink_to(outside)


def _pipe(box: Path, outside: Path) -> None:
    os.mkfifo(box / "evil.edi")


def _folder(box: Path, outside: Path) -> None:
    (box / "evil.edi").mkdir()
    put(box / "evil.edi" / "inner")


@pytest.mark.parametrize("make", [_symlink, _pipe, _folder])
def test_what_is_no_file_is_set_aside(make: Any, partner: TradingPartner, box: Path, tmp_path: Path) -> None:
    outside = put(tmp_path / "secret", b"secret")
    make(box, outside)
    assert scan(partner) == []
    assert list(box.iterdir()) == []
    event = PlantEvent.objects.get(kind="entry_refused")
    assert (event.subject, event.facts["code"]) == ("evil.edi", "not_a_file")
    assert os.path.lexists(box.parent.parent / event.facts["kept_at"])
    assert outside.read_bytes() == b"secret"
    assert Delivery.objects.count() == 0


def test_a_hard_link_is_refused_unread(partner: TradingPartner, box: Path, tmp_path: Path) -> None:
    outside = put(tmp_path / "secret", b"secret")
    (box / "evil.edi").hardlink_to(outside)
    (delivery,) = scan(partner)
    assert (delivery.status, delivery.problems[0]["code"]) == ("QUARANTINED", "several_links")
    assert bytes(delivery.raw) == b""
    assert take_ledger().balanced


@pytest.mark.parametrize(
    "name", ["a\nb.edi", "-rf.edi", "ünïcode.edi", "a;b.edi", "..edi", "a" * 130 + ".edi"]
)
def test_a_strange_name_is_kept_and_parked(name: str, partner: TradingPartner, box: Path) -> None:
    put(box / name)
    found = scan(partner)
    if name.startswith("."):
        assert found == []
        return
    assert (found[0].status, found[0].problems[0]["code"]) == ("QUARANTINED", "bad_name")
    assert bytes(found[0].raw) == RAW
    assert take_ledger().balanced


def test_a_name_that_is_no_text_is_shown_with_escapes(partner: TradingPartner, box: Path) -> None:
    put(Path(os.fsdecode(os.fsencode(box) + b"/\xff\xfe.edi")))
    (delivery,) = scan(partner)
    assert delivery.file_name == "\\xff\\xfe.edi"


def test_a_name_cannot_lead_out_of_the_inbox(partner: TradingPartner, box: Path) -> None:
    with pytest.raises(Refused) as refusal:
        transport.drop(partner_folders(partner.code), "../out/x.edi", RAW)
    assert refusal.value.code == "bad_name"
    with pytest.raises(Refused) as refusal:
        partner_folders("../other")
    assert refusal.value.code == "bad_partner_code"


def test_a_huge_file_is_refused_unread(partner: TradingPartner, box: Path, settings: Any) -> None:
    settings.EDI_MAX_BYTES = 100
    put(box / "a.edi")
    (delivery,) = scan(partner, settle=0)
    assert (delivery.problems[0]["code"], bytes(delivery.raw), delivery.size) == ("too_large", b"", len(RAW))


def test_a_full_disk_leaves_the_file_where_it_is(
    partner: TradingPartner, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "SPARE_BYTES", 1 << 60)
    put(box / "a.edi")
    assert scan(partner) == []
    assert (box / "a.edi").exists()
    assert Task.objects.get(kind="EDI_FILE").text.endswith("the disk is full; the file stays in the inbox")


def test_the_disk_guard_tells_once_a_level(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    free = {"now": 30}
    usage = type("Usage", (), {"total": 100, "free": property(lambda self: free["now"])})
    monkeypatch.setattr("edi.services.alarms.shutil.disk_usage", lambda path: usage())
    guard = DiskGuard()
    for free["now"] in (30, 19, 18, 9, 2, 30, 19):
        guard.check(at=START)
    levels = list(
        PlantEvent.objects.filter(kind="disk_low").order_by("pk").values_list("facts__level", flat=True)
    )
    assert levels == [20, 10, 3, 20]


def test_a_file_that_changes_under_the_reader_is_read_again(partner: TradingPartner, box: Path) -> None:
    path = put(box / "a.edi")
    seen = transport.look(box)[0]
    with path.open("ab") as stream:
        stream.write(b"more")
    mine = transport.claim(partner_folders(partner.code), seen, worker_name())
    assert mine is not None
    with pytest.raises(Unfinished):
        transport.read_claimed(mine, 10_000)


def test_the_claim_of_a_dead_worker_is_taken_over(sender: Sender, box: Path) -> None:
    partner = sender.partner
    put(box / "a.edi")
    folders = partner_folders(partner.code)
    transport.claim(folders, transport.look(box)[0], "dead-worker")
    assert rescue_files(partner, at=START) == []
    os.utime(folders.work / "dead-worker", (time.time() - 60, time.time() - 60))
    time.sleep(0.08)
    assert [delivery.file_name for delivery in rescue_files(partner, at=START)] == ["a.edi"]
    assert not (folders.work / "dead-worker").exists()
    sweep_intake(at=START)
    assert sender.statuses() == [("V0001", "APPLIED", "")]
    assert take_ledger().balanced


def test_watch_inbox_once_inline(sender: Sender, box: Path) -> None:
    put(box / "a.edi")
    time.sleep(0.08)
    call_command("watch_inbox", once=True, inline=True)
    assert sender.statuses() == [("V0001", "APPLIED", "")]
    assert Heartbeat.objects.count() == 0


def test_the_ledger_sees_an_altered_and_a_missing_archive_file(sender: Sender, spool: Path) -> None:
    first, second = sender.send(Call(1)), sender.send(Call(2))
    (spool / first.archive_path).write_bytes(b"altered")
    (spool / second.archive_path).unlink()
    put((spool / first.archive_path).parent / "stranger")
    faults = take_ledger().faults
    assert len(faults) == 3
    assert take_ledger().files.archived == 0


def test_the_ledger_sees_a_lost_event(sender: Sender) -> None:
    sender.send(Call(1), Call(2))
    InboundEvent.objects.first().delete()
    assert take_ledger().faults == ("events: 2 were read, 1 are booked",)


def test_edi_ledger_prints_the_books(sender: Sender, capsys: pytest.CaptureFixture[str]) -> None:
    sender.send(Call(1))
    call_command("edi_ledger", json=True)
    assert capsys.readouterr().out.strip() == (
        '{"files": {"received": 1, "archived": 1, "duplicate": 0, "quarantined": 0, "waiting": 0}, '
        '"events": {"received": 1, "applied": 1, "duplicate": 0, "held": 0, "quarantined": 0, "discarded": 0}, '
        '"balanced": true}'
    )


def test_edi_receive_prints_one_line_a_message(
    partner: TradingPartner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("edi_receive", str(put(tmp_path / "a.edi")), partner="OEM-D")
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(" PARSED")
    assert second == "  DELJIT 1 1 APPLIED applied 1"
