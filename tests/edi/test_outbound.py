"""From a departed truck to a message the partner has, and what he says to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edi import formats
from edi.models import OutboundMessage, TradingPartner
from edi.services import (
    deliver,
    deliver_due,
    issue_asn,
    issue_due_asns,
    profile_of,
    resend,
    settle_stale,
    sweep_outbound,
)
from edi.transport import Outbox, partner_folders
from inventory.errors import Refused
from sequencer.models import Shipment, Task
from tests.edi.files import Call, Sender, contrl
from tests.factories import START, Plant


@pytest.fixture
def truck(plant: Plant, partner: TradingPartner) -> Shipment:
    """Three calls, one rack, departed."""
    return depart(plant, [1, 2, 3], "R1")


def depart(plant: Plant, sequences: list[int], carrier: str) -> Shipment:
    plant.build(sequences, carrier)
    plant.plan()
    shipment = Shipment.objects.order_by("-pk")[0]
    codes = plant.scans("%B:OP", f"%T:{shipment.number}", f"%R:{carrier}", "%C:DEPART", station=plant.dock)
    assert codes[1:] == ["OK", "OK", "OK"]
    shipment.refresh_from_db()
    return shipment


def asn_status(shipment: Shipment) -> str:
    shipment.refresh_from_db()
    return str(shipment.asn_status)


def out_files(partner: TradingPartner) -> list[Path]:
    return sorted(partner_folders(partner.code).out.iterdir())


def test_a_departed_truck_gets_its_asn(truck: Shipment, partner: TradingPartner) -> None:
    assert sweep_outbound(at=START) == 1
    assert asn_status(truck) == "SENT"
    (file,) = out_files(partner)
    assert file.name == "DESADV_OEM-D_000000001.edi"
    reading = formats.read(file.read_bytes(), profile_of(partner))
    assert reading.accepted, reading.as_json()
    despatch = reading.interchanges[0].messages[0].despatch
    assert despatch is not None
    assert (despatch.shipment_number, despatch.dock) == (truck.number, "D1")
    (package,) = despatch.packages
    assert package.number == "R1"
    lines = [(line.call_number, line.part_number, line.supplier_part, line.slot) for line in package.lines]
    assert lines == [("V0001", "C-A", "A", "1"), ("V0002", "C-A", "A", "2"), ("V0003", "C-A", "A", "3")]


def test_nothing_is_sent_before_departure(plant: Plant, partner: TradingPartner) -> None:
    plant.build([1, 2, 3])
    plant.plan()
    assert sweep_outbound(at=START) == 0
    assert out_files(partner) == []


def test_one_asn_a_shipment_however_often_it_is_swept(truck: Shipment, partner: TradingPartner) -> None:
    for _ in range(3):
        sweep_outbound(at=START)
    issue_asn(truck.pk, at=START)
    assert OutboundMessage.objects.count() == 1
    assert len(out_files(partner)) == 1


def test_control_numbers_follow_one_another(plant: Plant, partner: TradingPartner) -> None:
    depart(plant, [1, 2, 3], "R1")
    depart(plant, [4, 5, 6], "R2")
    issue_due_asns(at=START)
    assert list(OutboundMessage.objects.order_by("pk").values_list("control_ref", flat=True)) == ["1", "2"]


@pytest.mark.parametrize(
    ("action", "status", "task"),
    [("7", "ACCEPTED", False), ("8", "ACCEPTED", False), ("4", "REJECTED", True)],
)
def test_the_partners_answer(action: str, status: str, task: bool, truck: Shipment, sender: Sender) -> None:
    sweep_outbound(at=START)
    sender.send_raw(contrl(900, "1", action=action))
    assert asn_status(truck) == status
    assert OutboundMessage.objects.get(kind="DESADV").status == status
    assert Task.objects.filter(kind="ASN", status="OPEN").exists() == task


def test_an_856_and_its_997(truck: Shipment, partner: TradingPartner) -> None:
    TradingPartner.objects.update(profile="generic_866", next_control_number=30)
    sweep_outbound(at=START)
    (file,) = out_files(partner)
    assert b"GS*SH*" in file.read_bytes()
    group = file.read_bytes().split(b"GS*SH*")[1].split(b"~")[0].split(b"*")[4].decode()
    header = "ISA*00*" + " " * 10 + "*00*" + " " * 10 + "*01*987654321      *01*123456789      "
    lines = [
        header + "*261123*0601*U*00401*000000009*0*P*>",
        "GS*FA*987654321*123456789*20261123*0601*9*X*004010",
    ]
    lines += ["ST*997*0001", f"AK1*SH*{group}", "AK2*856*0001", "AK5*A", "AK9*A*1*1*1", "SE*6*0001"]
    lines += ["GE*1*9", "IEA*1*000000009"]
    Sender(partner).send_raw("".join(f"{line}~" for line in lines).encode())
    assert asn_status(truck) == "ACCEPTED"


def test_an_answer_with_leading_zeros_is_found(truck: Shipment, sender: Sender) -> None:
    sweep_outbound(at=START)
    sender.send_raw(contrl(900, "00000001"))
    assert asn_status(truck) == "ACCEPTED"


def test_an_answer_to_another_number_changes_nothing(truck: Shipment, sender: Sender) -> None:
    sweep_outbound(at=START)
    sender.send_raw(contrl(900, "77"))
    assert asn_status(truck) == "SENT"


def test_an_answer_proves_that_he_has_it(truck: Shipment, sender: Sender) -> None:
    issue_due_asns(at=START)
    OutboundMessage.objects.update(status="SENDING", claimed_at=START, put_at=START)
    sender.send_raw(contrl(900, "1"))
    assert asn_status(truck) == "ACCEPTED"


def _no_route(partner: TradingPartner) -> None:
    partner.routes.all().delete()


def _inactive(partner: TradingPartner) -> None:
    TradingPartner.objects.update(active=False)


def _second(partner: TradingPartner) -> None:
    other = TradingPartner.objects.create(
        code="OTHER", name="x", customer=partner.customer, profile="generic_deljit"
    )
    other.routes.create(program=partner.routes.get().program)


def _no_profile(partner: TradingPartner) -> None:
    TradingPartner.objects.update(profile="none_such")


@pytest.mark.parametrize("spoil", [_no_route, _inactive, _second, _no_profile])
def test_an_asn_that_cannot_be_written_is_a_task(
    spoil: Any, truck: Shipment, partner: TradingPartner
) -> None:
    spoil(partner)
    assert sweep_outbound(at=START) == 0
    assert asn_status(truck) == "ATTENTION"
    assert Task.objects.get(kind="ASN").status == "OPEN"
    told = truck.asn_status_at
    sweep_outbound(at=START.replace(hour=23))
    assert asn_status(truck) == "ATTENTION"
    assert truck.asn_status_at == told


def test_it_goes_by_itself_when_the_route_is_entered(
    truck: Shipment, partner: TradingPartner, plant: Plant
) -> None:
    _no_route(partner)
    sweep_outbound(at=START)
    partner.routes.create(program=plant.program)
    sweep_outbound(at=START)
    assert asn_status(truck) == "SENT"
    assert Task.objects.get(kind="ASN").status == "DONE"


def test_a_test_partner_beside_the_real_one_gets_no_asn(truck: Shipment, partner: TradingPartner) -> None:
    _second(partner)
    TradingPartner.objects.filter(code="OTHER").update(test_partner=True)
    sweep_outbound(at=START)
    assert OutboundMessage.objects.get().partner == partner


# a sender that died


@pytest.fixture
def sending(truck: Shipment, partner: TradingPartner) -> OutboundMessage:
    """Claimed an hour ago by somebody who gave no sign since."""
    issue_due_asns(at=START)
    OutboundMessage.objects.update(
        status="SENDING", claimed_by="dead", claimed_at=START.replace(hour=1), put_at=START.replace(hour=1)
    )
    return OutboundMessage.objects.get()


def test_a_stale_sender_that_never_put_is_tried_again(sending: OutboundMessage, truck: Shipment) -> None:
    OutboundMessage.objects.update(put_at=None)
    assert settle_stale(at=START) == 1
    assert asn_status(truck) == "READY"


def test_a_stale_sender_whose_hidden_file_is_there_is_tried_again(
    sending: OutboundMessage, truck: Shipment, partner: TradingPartner
) -> None:
    Outbox(partner.code).prepare(sending.file_name, b"half")
    assert sweep_outbound(at=START) == 1
    assert asn_status(truck) == "SENT"
    assert [file.read_bytes() for file in out_files(partner)] == [bytes(sending.content)]


def test_a_stale_sender_whose_file_is_there_has_sent(
    sending: OutboundMessage, truck: Shipment, partner: TradingPartner
) -> None:
    (partner_folders(partner.code).out / sending.file_name).write_bytes(bytes(sending.content))
    settle_stale(at=START)
    assert asn_status(truck) == "SENT"


def test_other_bytes_under_the_name_prove_nothing(
    sending: OutboundMessage, truck: Shipment, partner: TradingPartner
) -> None:
    (partner_folders(partner.code).out / sending.file_name).write_bytes(b"other")
    settle_stale(at=START)
    assert asn_status(truck) == "ATTENTION"


def test_when_nobody_can_know_a_person_decides(
    sending: OutboundMessage, truck: Shipment, plant: Plant, partner: TradingPartner
) -> None:
    settle_stale(at=START)
    assert asn_status(truck) == "ATTENTION"
    assert Task.objects.get(kind="ASN").status == "OPEN"
    resend(sending.pk, by=plant.supervisor, reason="OEM does not have it", at=START)
    assert deliver(sending.pk, at=START)
    assert asn_status(truck) == "SENT"
    assert len(out_files(partner)) == 1


def test_a_fresh_sender_is_left_alone(sending: OutboundMessage, truck: Shipment) -> None:
    OutboundMessage.objects.update(claimed_at=START)
    assert settle_stale(at=START) == 0


def test_a_folder_that_does_not_answer_is_tried_later(truck: Shipment, partner: TradingPartner) -> None:
    issue_due_asns(at=START)
    message = OutboundMessage.objects.get()
    blocked = partner_folders(partner.code).out / f".{message.file_name}.tmp"
    blocked.mkdir()
    assert deliver_due(at=START) == []
    message.refresh_from_db()
    assert (message.status, message.due_at > START) == ("READY", True)
    assert deliver_due(at=START) == []
    blocked.rmdir()
    assert deliver_due(at=message.due_at) == [message.pk]


@pytest.mark.parametrize(
    ("status", "code"),
    [("SENDING", "being_sent"), ("READY", "forbidden_move"), ("ACCEPTED", "forbidden_move")],
)
def test_resend_refusals(status: str, code: str, truck: Shipment, plant: Plant) -> None:
    issue_due_asns(at=START)
    OutboundMessage.objects.update(status=status, sent_at=START)
    with pytest.raises(Refused) as refusal:
        resend(OutboundMessage.objects.get().pk, by=plant.supervisor, reason="why not", at=START)
    assert refusal.value.code == code


def test_resend_needs_a_reason(truck: Shipment, plant: Plant) -> None:
    sweep_outbound(at=START)
    with pytest.raises(Refused) as refusal:
        resend(OutboundMessage.objects.get().pk, by=plant.supervisor, reason="", at=START)
    assert refusal.value.code == "reason_missing"


def test_a_contrl_goes_out_after_receipt(sender: Sender, partner: TradingPartner) -> None:
    sender.send(Call(1), control=42)
    assert sweep_outbound(at=START.replace(year=2030)) == 1
    (file,) = out_files(partner)
    reading = formats.read(file.read_bytes(), profile_of(partner))
    told = reading.interchanges[0].messages[0].acknowledged[0]
    assert (told.ref, told.accepted) == ("42", True)
