"""From a dropped file to applied events: duplicates, conflicts, rejected envelopes and what is done again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from edi import formats
from edi.models import (
    CallOffRoute,
    InboundEvent,
    InboundMessage,
    Interchange,
    OutboundMessage,
    TradingPartner,
)
from edi.services import reprocess_delivery, run_lane, take_ledger
from inventory.errors import Refused
from sequencer.models import CallOff, PlantEvent, SequenceStream, Task
from tests.edi.files import Call, Sender, contrl, deljit, interchange, message
from tests.factories import START, Plant


def test_a_file_becomes_calls_in_sequence(sender: Sender) -> None:
    delivery = sender.send(Call(1), Call(2), Call(3))
    assert delivery.status == "PARSED"
    assert [call.sequence_number for call in CallOff.objects.order_by("position")] == ["0001", "0002", "0003"]
    assert sender.statuses() == [("V0001", "APPLIED", ""), ("V0002", "APPLIED", ""), ("V0003", "APPLIED", "")]


def test_the_raw_bytes_are_kept_and_archived(sender: Sender, spool: Path) -> None:
    raw = deljit([Call(1)], 1)
    delivery = sender.send_raw(raw)
    delivery.refresh_from_db()
    assert bytes(delivery.raw) == raw
    assert (spool / delivery.archive_path).read_bytes() == raw
    assert delivery.archived_at is not None
    assert list((spool / "OEM-D" / "in").iterdir()) == []
    assert list((spool / "OEM-D" / "work").iterdir()) == []


def test_events_of_a_message_are_applied_in_the_oems_order(sender: Sender, plant: Plant) -> None:
    sender.send(Call(3), Call(1), Call(2))
    taken = CallOff.objects.order_by("pk").values_list("sequence_number", flat=True)
    assert list(taken) == ["0001", "0002", "0003"]


def test_the_same_file_again_has_no_effect_and_is_answered_again(sender: Sender) -> None:
    first = sender.send(Call(1), control=7)
    again = sender.send(Call(1), control=7)
    assert (again.status, again.duplicate_of_id) == ("DUPLICATE", first.pk)
    assert InboundEvent.objects.count() == 1
    assert OutboundMessage.objects.filter(kind="CONTRL").count() == 2


def test_line_ends_make_no_other_content(sender: Sender) -> None:
    raw = deljit([Call(1)], 7)
    sender.send_raw(raw)
    assert sender.send_raw(raw.replace(b"\n", b"\r\n")).status == "DUPLICATE"


def test_same_number_with_other_content_is_parked_with_an_alarm(sender: Sender) -> None:
    sender.send(Call(1), control=7)
    other = sender.send(Call(2), control=7)
    assert other.status == "QUARANTINED"
    row = Interchange.objects.get(delivery=other)
    assert (row.status, row.problems[0]["code_0085"]) == ("CONFLICT", "26")
    assert Task.objects.filter(kind="EDI_DELIVERY", subject=f"delivery {other.pk}").exists()
    assert not CallOff.objects.filter(call_number="V0002").exists()
    answer = OutboundMessage.objects.get(answers=row)
    assert b"+4+26'" in bytes(answer.content)


def test_a_conflict_read_again_after_the_first_was_void_is_still_a_conflict(
    sender: Sender, plant: Plant
) -> None:
    sender.send(Call(1), control=7)
    other = sender.send(Call(2), control=7)
    reprocess_delivery(other.pk, by=plant.supervisor, at=START)
    run_lane(sender.partner.pk)
    other.refresh_from_db()
    assert other.status == "QUARANTINED"
    assert Interchange.objects.filter(delivery=other).count() == 1


def test_a_cut_off_file_may_come_again_under_its_own_number(sender: Sender) -> None:
    whole = deljit([Call(1), Call(2)], 7)
    cut = sender.send_raw(whole[:-40])
    assert cut.status == "QUARANTINED"
    assert "missing_trailer" in {problem["code"] for problem in Interchange.objects.get().problems}
    assert InboundEvent.objects.count() == 0
    assert sender.send_raw(whole).status == "PARSED"
    assert CallOff.objects.count() == 2


def test_a_wrong_message_parks_itself_and_the_rest_goes_on(sender: Sender) -> None:
    good, bad = message([Call(1)], "1"), message([Call(2)], "2")
    bad[-1] = "UNT+99+2"
    delivery = sender.send_raw(interchange([good, bad], 5))
    assert delivery.status == "PARSED"
    rows = InboundMessage.objects.order_by("number")
    assert [(row.ref, row.status) for row in rows] == [("1", "APPLIED"), ("2", "REJECTED")]
    assert rows[1].problems[0]["code"] == "count_mismatch"
    assert CallOff.objects.get().call_number == "V0001"
    assert Task.objects.get(kind="EDI_DELIVERY").status == "OPEN"


def test_two_interchanges_of_one_file_are_judged_apart(sender: Sender) -> None:
    sender.send(Call(1), control=1)
    both = deljit([Call(1)], 1) + deljit([Call(2)], 2)
    delivery = sender.send_raw(both)
    assert delivery.status == "PARSED"
    assert [row.status for row in delivery.interchanges.order_by("number")] == ["DUPLICATE", "ACCEPTED"]
    assert sender.statuses() == [("V0001", "APPLIED", ""), ("V0002", "APPLIED", "")]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "unknown_format"),
        (b"\x00\x01\x02 no EDI at all \xff\xfe", "unknown_format"),
        (b"UNB+UNOC", "truncated"),
        (b"ISA*00*broken~", "bad_separators"),
    ],
)
def test_a_file_that_is_no_interchange_is_parked_with_its_reason(
    sender: Sender, raw: bytes, code: str
) -> None:
    delivery = sender.send_raw(raw)
    assert delivery.status == "QUARANTINED"
    assert delivery.problems[0]["code"] == code
    assert take_ledger().balanced


def test_a_corrected_profile_takes_what_it_rejected(
    sender: Sender, plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, forecast = message([Call(1)], "1"), message([Call(2)], "2", document="297")
    delivery = sender.send_raw(interchange([good, forecast], 5))
    assert InboundMessage.objects.get(ref="2").status == "REJECTED"
    folder = tmp_path / "partners" / "generic_deljit"
    folder.mkdir(parents=True)
    text = (Path(formats.__file__).parent.parent / "partners/generic_deljit/profile.toml").read_text()
    (folder / "profile.toml").write_text(text.replace("[stages]", '[stages]\n297 = "call_off"'))
    monkeypatch.setattr("edi.services.profiles.PARTNERS", tmp_path / "partners")
    reprocess_delivery(delivery.pk, by=plant.supervisor, at=START)
    run_lane(sender.partner.pk)
    assert [row.status for row in InboundMessage.objects.order_by("number")] == ["APPLIED", "APPLIED"]
    assert CallOff.objects.count() == 2
    assert take_ledger().balanced


def test_files_wait_while_the_profile_is_unusable(sender: Sender) -> None:
    TradingPartner.objects.update(profile="no_such_folder")
    delivery = sender.send(Call(1))
    assert delivery.status == "RECEIVED"
    assert Task.objects.get(kind="EDI_PROFILE").status == "OPEN"
    assert take_ledger().files.waiting == 1
    TradingPartner.objects.update(profile="generic_deljit")
    run_lane(sender.partner.pk)
    delivery.refresh_from_db()
    assert delivery.status == "PARSED"
    assert Task.objects.get(kind="EDI_PROFILE").status == "DONE"


def test_an_acknowledgement_is_never_acknowledged(sender: Sender) -> None:
    sender.send_raw(contrl(900, "1"))
    assert OutboundMessage.objects.count() == 0
    assert PlantEvent.objects.filter(kind="answer_unmatched").exists()


def test_a_delivery_that_kills_its_reader_is_parked(sender: Sender, partner: TradingPartner) -> None:
    TradingPartner.objects.update(profile="no_such_folder")
    delivery = sender.send(Call(1))
    TradingPartner.objects.update(profile="generic_deljit")
    type(delivery).objects.update(status="PARSING", attempts=5, claimed_by="dead")
    run_lane(partner.pk)
    delivery.refresh_from_db()
    assert delivery.status == "QUARANTINED"
    assert Task.objects.filter(kind="EDI_DELIVERY").exists()


def test_a_delivery_read_by_a_dead_worker_is_read_again(sender: Sender, partner: TradingPartner) -> None:
    TradingPartner.objects.update(profile="no_such_folder")
    delivery = sender.send(Call(1))
    TradingPartner.objects.update(profile="generic_deljit")
    type(delivery).objects.update(status="PARSING", attempts=1, claimed_by="dead")
    run_lane(partner.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("PARSED", 2)


def test_a_settled_delivery_cannot_be_read_again_as_duplicate(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1), control=7)
    again = sender.send(Call(1), control=7)
    with pytest.raises(Refused) as refusal:
        reprocess_delivery(again.pk, by=plant.supervisor, at=START)
    assert refusal.value.code == "forbidden_move"


def test_an_866_reaches_the_program_of_its_line_feed(plant: Plant) -> None:
    partner = TradingPartner.objects.create(
        code="OEM-X", name="866 partner", customer=plant.customer, profile="generic_866"
    )
    CallOffRoute.objects.create(partner=partner, program=plant.program, dock="03", line_feed="K14R")
    SequenceStream.objects.update(prefix="IPF", width=7, last=9999999)
    lines = ["ISA*00*" + " " * 10 + "*00*" + " " * 10 + "*01*987654321      *01*123456789      "]
    lines[0] += "*261123*0600*U*00401*000000007*0*P*>"
    lines += ["GS*SQ*987654321*123456789*20261123*0600*7*X*004010", "ST*866*0001"]
    lines += ["BSS*05*SP1*20261123*JS*20261123*20261123", "DTM*097*20261123*060000"]
    for number in (1, 2):
        lines += [
            f"LIN**BP*C A*JS*IPF000000{number}*VV*VIN{number:014d}",
            "REF*DK*03",
            "REF*LF*K14R",
            "QTY*01*1",
        ]
    lines += ["CTT*34", "SE*13*0001", "GE*1*7", "IEA*1*000000007"]
    delivery = Sender(partner).send_raw("".join(f"{line}~\n" for line in lines).encode())
    assert (delivery.status, delivery.note) == ("PARSED", "")
    calls = list(CallOff.objects.order_by("position"))
    assert [(call.vin[-1], call.dock, call.line_feed) for call in calls] == [
        ("1", "03", "K14R"),
        ("2", "03", "K14R"),
    ]
    assert calls[0].groups.get().components.get().customer_part == "C A"
    found = InboundMessage.objects.get()
    assert [(item["code"], item["severity"]) for item in found.problems] == [("total_mismatch", "warn")]
    assert OutboundMessage.objects.get().kind == "997"


def test_mutated_files_end_in_a_status_and_balanced_books(sender: Sender) -> None:
    """Whatever a line does to the bytes: no exception, nothing pending, nothing lost."""
    chance = random.Random(11)
    for control in range(1, 61):
        raw = bytearray(deljit([Call(control), Call(control + 100)], control))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(raw))
            kind = chance.randrange(3)
            if kind == 0:
                raw[at] = (
                    chance.choice(b"\x00\x1a\xff\xfe'+:?\n\x7f")
                    if chance.random() < 0.5
                    else chance.randrange(256)
                )
            elif kind == 1:
                del raw[at : at + chance.randint(1, 30)]
            else:
                raw[at:at] = raw[chance.randrange(len(raw)) :][: chance.randint(1, 60)]
        assert sender.send_raw(bytes(raw)).status in ("PARSED", "QUARANTINED", "DUPLICATE")
    assert take_ledger().faults == ()
    assert not InboundEvent.objects.filter(code="defect").exists()
