"""Files read by a layout through the whole intake: VDA call-offs and broadcasts become applied events."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edi import formats, transport
from edi.formats.vda_layout import SHIPPED
from edi.models import (
    CallOffRoute,
    InboundEvent,
    InboundMessage,
    Interchange,
    OutboundMessage,
    TradingPartner,
    TransmissionGap,
)
from edi.services import issue_due_asns, reprocess_delivery, run_lane, take_ledger
from edi.services.intake import Inbox
from edi.transport import partner_folders
from inventory.models import DemandSchedule
from sequencer.models import CallOff, Shipment
from tests.edi.files import Sender
from tests.factories import START, Plant

PROFILE = 'code = "made_up"\nidentity = ["production_number", "vin"]\n'
JSON_LAYOUT = """
format = "flat"
shape = "json"
lines = true
[facts]
event = { path = "action" }
sequence_number = { path = "seq" }
production_number = { path = "body" }
vin = { path = "vin" }
[events]
add = "NEW"
drop = "CANCEL"
[[component]]
each = "parts"
part_number = { path = "no" }
quantity = { path = "qty" }
"""


class Partner:
    """A partner with a folder of his own below edi/partners."""

    def __init__(self, folder: Path, plant: Plant) -> None:
        self.folder = folder
        self.row = TradingPartner.objects.create(
            code="OEM-L", name="Partner with layouts", customer=plant.customer, profile=folder.name
        )
        CallOffRoute.objects.create(partner=self.row, program=plant.program)
        self.sender = Sender(self.row)

    def named(self, text: str, **layouts: str) -> None:
        """Write the profile and its layouts; a later change is another version of the file."""
        lines = "".join(f'{name} = "{name}.toml"\n' for name in layouts)
        self.version = getattr(self, "version", 0) + 1
        self.write("profile", text + (f"[layouts]\n{lines}" if lines else ""))
        for name, layout in layouts.items():
            self.write(name, layout)

    def write(self, name: str, text: str) -> None:
        path = self.folder / f"{name}.toml"
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
            os.utime(path, ns=(self.version, self.version))


@pytest.fixture
def oem(plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Partner:
    folder = tmp_path / "partners" / "made_up"
    folder.mkdir(parents=True)
    monkeypatch.setattr("edi.services.profiles.PARTNERS", folder.parent)
    return Partner(folder, plant)


def record(kind: str, *fields: tuple[str, int]) -> str:
    return (kind + "01" + "".join(value.ljust(width) for value, width in fields)).ljust(128)


def vda_4916(old: int, new: int, *calls: tuple[int, str], part: str = "C-A") -> bytes:
    """A transmission in the invented layout, without line ends."""
    numbers = (f"{old:05d}", 5), (f"{new:05d}", 5)
    records = [record("651", ("KD4711", 9), ("LF0815", 9), *numbers, ("261121", 6))]
    records.append(record("652", ("054", 3), (f"{new:09d}", 9), ("261121", 6)))
    for number, event in calls:
        body, vin = (f"BODY{number:04d}", 10), (f"VIN{number:014d}", 17)
        places = ("D1", 5), ("F1", 14), ("261123", 6), ("1400", 4)
        records.append(record("653", (event, 1), (f"{number:04d}", 8), body, vin, *places))
        records.append(record("654", (part, 22), ("000000001", 9), ("ST", 2)))
    counts = (1, 1, len(calls), len(calls), 1)
    records.append(record("659", *((f"{count:07d}", 7) for count in counts)))
    return "".join(records).encode()


def base(name: str) -> str:
    return f'format = "vda"\nbase = "{name}"\n'


def test_a_vda_call_off_becomes_applied_calls(oem: Partner) -> None:
    oem.named(PROFILE, vda4916=base("example_vda4916"))
    delivery = oem.sender.send_raw(vda_4916(11, 12, (1, "N"), (2, "N")))
    assert (delivery.status, delivery.note) == ("PARSED", "")
    assert oem.sender.statuses() == [("BODY0001", "APPLIED", ""), ("BODY0002", "APPLIED", "")]
    call = CallOff.objects.get(call_number="BODY0002")
    assert (call.sequence_number, call.vin[-1], call.dock, call.line_feed) == ("0002", "2", "D1", "F1")
    assert call.groups.get().components.get().customer_part == "C-A"
    row = Interchange.objects.get()
    assert (row.control_ref, row.sender, row.message_type) == ("00012", "KD4711", "4916")
    assert take_ledger().balanced


def test_the_same_transmission_with_line_ends_or_without_its_last_blanks_is_a_duplicate(oem: Partner) -> None:
    oem.named(PROFILE, vda4916=base("example_vda4916"))
    raw = vda_4916(11, 12, (1, "N"))
    first = oem.sender.send_raw(raw)
    lines = b"\r\n".join(raw[at : at + 128] for at in range(0, len(raw), 128))
    for same in (lines, raw.rstrip()):
        again = oem.sender.send_raw(same)
        assert (again.status, again.duplicate_of_id) == ("DUPLICATE", first.pk)


def test_two_transmissions_of_one_file_are_judged_apart(oem: Partner) -> None:
    oem.named(PROFILE, vda4916=base("example_vda4916"))
    oem.sender.send_raw(vda_4916(11, 12, (1, "N")))
    both = oem.sender.send_raw(vda_4916(11, 12, (1, "N")) + vda_4916(12, 13, (2, "N")))
    assert [row.status for row in both.interchanges.order_by("number")] == ["DUPLICATE", "ACCEPTED"]


def with_own_records(text: str) -> str:
    """The invented layout, or a file of it, under record types nobody has but this partner."""
    for kind in range(651, 660):
        text = text.replace(f'"{kind}"', f'"{kind + 270}"')
    return text


def own_4916(*transmissions: bytes) -> bytes:
    """Transmissions of the partner's own record family 921 to 929."""
    raw = b"".join(transmissions)
    cut = [raw[at : at + 128] for at in range(0, len(raw), 128)]
    return b"".join(str(int(item[:3]) + 270).encode() + item[3:] for item in cut)


@pytest.mark.parametrize("own", [False, True], ids=["651", "records of the partner's own"])
def test_each_transmission_of_a_file_is_known_by_its_own_content(oem: Partner, own: bool) -> None:
    text = (SHIPPED / "example_vda4916.toml").read_text()
    oem.named(PROFILE, vda4916=with_own_records(text) if own else text)
    file = own_4916 if own else lambda *parts: b"".join(parts)
    first, second = vda_4916(11, 12, (1, "N")), vda_4916(12, 13, (2, "N"))
    sent = oem.sender.send_raw(file(first, second))
    assert [row.status for row in sent.interchanges.order_by("number")] == ["ACCEPTED", "ACCEPTED"]
    assert sent.interchanges.values("content_sha256").distinct().count() == 2
    again = oem.sender.send_raw(file(second))
    assert (again.status, again.duplicate_of_id) == ("DUPLICATE", sent.pk)
    changed = oem.sender.send_raw(file(first, vda_4916(12, 13, (3, "N"))))
    assert [row.status for row in changed.interchanges.order_by("number")] == ["DUPLICATE", "CONFLICT"]
    assert "for other content" in changed.note
    assert list(CallOff.objects.order_by("pk").values_list("call_number", flat=True)) == [
        "BODY0001",
        "BODY0002",
    ]


def test_one_number_with_other_content_is_parked(oem: Partner) -> None:
    oem.named(PROFILE, vda4916=base("example_vda4916"))
    oem.sender.send_raw(vda_4916(11, 12, (1, "N")))
    assert oem.sender.send_raw(vda_4916(11, 12, (2, "N"))).status == "QUARANTINED"
    assert not CallOff.objects.filter(call_number="BODY0002").exists()


def test_a_transmission_that_was_cut_off_books_nothing(oem: Partner) -> None:
    oem.named(PROFILE, vda4916=base("example_vda4916"))
    cut = oem.sender.send_raw(vda_4916(11, 12, (1, "N"), (2, "N"))[:-128])
    assert (cut.status, InboundEvent.objects.count()) == ("QUARANTINED", 0)
    assert oem.sender.send_raw(vda_4916(11, 12, (1, "N"), (2, "N"))).status == "PARSED"


def test_a_broadcast_becomes_applied_calls(oem: Partner) -> None:
    oem.named(PROFILE, feed=JSON_LAYOUT)
    lines = [
        '{"action":"add","seq":"0001","body":"B1","vin":"V1","parts":[{"no":"C-A","qty":1}]}',
        '{"action":"add","seq":"0002","body":"B2","vin":"V2","parts":[{"no":"C-A","qty":1}]}',
    ]
    delivery = oem.sender.send_raw("\n".join(lines).encode(), "feed.json")
    assert (delivery.status, delivery.note) == ("PARSED", "")
    assert oem.sender.statuses() == [("B1", "APPLIED", ""), ("B2", "APPLIED", "")]
    assert oem.sender.send_raw(b'{"action":"drop","seq":"0002","body":"B2"}').status == "PARSED"
    assert CallOff.objects.get(call_number="B2").groups.get().status == "CANCELLED"
    assert take_ledger().balanced


def test_a_bad_line_parks_itself_and_a_corrected_layout_takes_it(oem: Partner, plant: Plant) -> None:
    oem.named(PROFILE, feed=JSON_LAYOUT)
    parts = '"parts":[{"no":"C-A","qty":1}]'
    lines = [
        f'{{"action":"{word}","seq":"000{n}","body":"B{n}",{parts}}}' for n, word in ((1, "add"), (2, "neu"))
    ]
    delivery = oem.sender.send_raw("\n".join(lines).encode())
    rejected = InboundMessage.objects.get(status="REJECTED")
    assert (rejected.segment_first, rejected.problems[0]["code"]) == (2, "unknown_event_code")
    assert rejected.problems[0]["element"] == "action"
    assert oem.sender.statuses() == [("B1", "APPLIED", "")]
    oem.named(PROFILE, feed=JSON_LAYOUT.replace("[events]", '[events]\nneu = "NEW"'))
    reprocess_delivery(delivery.pk, by=plant.supervisor, at=START)
    run_lane(oem.row.pk)
    assert set(CallOff.objects.values_list("call_number", flat=True)) == {"B1", "B2"}
    assert not InboundMessage.objects.filter(status="REJECTED").exists()
    assert take_ledger().balanced


def test_text_without_a_layout_is_parked_with_what_to_do(oem: Partner) -> None:
    oem.named(PROFILE)
    delivery = oem.sender.send_raw(b"0001;A;B\n0002;A;B\n")
    assert (delivery.status, delivery.problems[0]["code"]) == ("QUARANTINED", "format_not_supported")
    assert "[layouts]" in delivery.problems[0]["text"]


def test_a_broadcast_without_trailer_is_taken_when_nobody_writes_it(
    oem: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    oem.named(PROFILE, feed=JSON_LAYOUT)
    folders = partner_folders("OEM-L")
    folders.inbox.mkdir(parents=True, exist_ok=True)
    (folders.inbox / "feed.json").write_bytes(b'{"action":"add","seq":"0001","body":"B1"}')
    inbox = Inbox(oem.row)
    assert inbox.scan(at=START) == []
    monkeypatch.setattr("edi.services.intake.settings.EDI_STABLE_SECONDS", 0)
    assert [delivery.file_name for delivery in inbox.scan(at=START)] == ["feed.json"]
    assert not list(transport.look(folders.inbox))


def test_a_departed_truck_gets_a_vda_4913_that_names_its_vehicles(oem: Partner, plant: Plant) -> None:
    addresses = '[asn]\nformat = "VDA4913"\n[our]\nid = "LF0815"\n[their]\nid = "KD4711"\n'
    oem.named(PROFILE + addresses, vda4916=base("example_vda4916"))
    oem.sender.send_raw(vda_4916(11, 12, (1, "N"), (2, "N"), (3, "N")))
    plant.build([1, 2, 3], "R1")
    plant.plan()
    shipment = Shipment.objects.get()
    plant.scans("%B:OP", f"%T:{shipment.number}", "%R:R1", "%C:DEPART", station=plant.dock)
    (message_id,) = issue_due_asns(at=START)
    message = OutboundMessage.objects.get(pk=message_id)
    assert message.kind == "VDA4913"
    told = formats.read(bytes(message.content)).interchanges[0]
    assert (told.sender, told.recipient, told.control_ref) == ("LF0815", "KD4711", "00001")
    despatch = told.messages[0].despatch
    assert despatch is not None
    assert despatch.shipment_number == shipment.number
    (package,) = despatch.packages
    assert package.number == "R1"
    assert [line.production_number for line in package.lines] == ["BODY0001", "BODY0002", "BODY0003"]
    assert {line.part_number for line in package.lines} == {"C-A"}


def vda_4905(old: int, new: int, call: str, former: str, *dates: str) -> bytes:
    """A schedule of one part: `dates` are date and quantity in fifteen characters each."""
    numbers = (f"{old:05d}", 5), (f"{new:05d}", 5)
    part = (
        (call, 9),
        ("261120", 6),
        (former, 9),
        ("261113", 6),
        ("C-A", 22),
        ("", 22),
        ("", 12),
        ("T12", 5),
        ("", 4),
    )
    received = ("261119", 6), ("00021905", 8), ("261118", 6), ("000000000000", 12), ("0000019427", 10)
    records = [
        record("511", ("KD4711", 9), ("LF0815", 9), *numbers, ("261120", 6), ("260101", 6)),
        record("512", ("054", 3), *part, ("ST", 2), ("T", 1)),
        record("513", *received, *((date, 15) for date in dates)),
        record("519", *((f"{count:07d}", 7) for count in (1, 1, 1, 0, 0, 0, 1, 0))),
    ]
    return "".join(records).encode()


def test_a_vda_schedule_becomes_demand_and_the_next_one_replaces_it(oem: Partner) -> None:
    oem.named(PROFILE)
    first = vda_4905(41, 42, "310", "309", "333333000000040", "261123000000120", "000000000000000")
    assert oem.sender.send_raw(first).status == "PARSED"
    schedule = DemandSchedule.objects.get(current=True)
    assert (schedule.customer_part, schedule.ship_to, schedule.dock) == ("C-A", "054", "T12")
    assert (schedule.release_number, schedule.cumulative_received) == ("310", 19427)
    lines = schedule.lines.values_list("first", "quantity", "urgency", "interval")
    assert [(str(day), int(quantity), urgency, interval) for day, quantity, urgency, interval in lines] == [
        ("None", 40, "backlog", ""),
        ("2026-11-23", 120, "", "day"),
    ]
    oem.sender.send_raw(vda_4905(42, 43, "311", "310", "261124000000090", "000000000000000"))
    assert DemandSchedule.objects.get(current=True).release_number == "311"
    assert take_ledger().balanced


def test_old_and_new_number_of_a_transmission_show_the_one_that_is_missing(oem: Partner) -> None:
    oem.named('counter = "transmission"\n' + PROFILE + "[control]\nwrap = 99999\ntransmission_width = 5\n")
    end = "000000000000000"
    oem.sender.send_raw(vda_4905(99997, 99998, "310", "309", "261123000000001", end))
    assert not TransmissionGap.objects.exists()
    oem.sender.send_raw(vda_4905(99999, 1, "312", "311", "261123000000003", end))
    assert [(gap.first_ref, gap.status) for gap in TransmissionGap.objects.all()] == [("99999", "OPEN")]
    oem.sender.send_raw(vda_4905(99998, 99999, "311", "310", "261123000000002", end))
    assert not TransmissionGap.objects.filter(status="OPEN").exists()
