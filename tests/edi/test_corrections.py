"""What came wrong is put right by name and reason: the original stays, nothing is taken twice."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from edi import detail
from edi.models import Delivery, InboundEvent, InboundMessage, OutboundMessage, TradingPartner
from edi.services import (
    correct_delivery,
    correct_event,
    correct_message,
    discard_delivery,
    discard_many,
    discard_message,
    preview_correction,
    release_many,
    reprocess_delivery,
    run_lane,
    take_ledger,
)
from edi.services.corrections import original_of_delivery, original_of_message
from inventory.errors import Invalid, Refused
from sequencer.models import CallOff
from tests.edi.files import Call, Sender, deljit, interchange, message
from tests.factories import Plant, person


@pytest.fixture
def clerk(plant: Plant) -> User:
    return person("clerk", "logistics", "LOG")


@pytest.fixture
def signed(clerk: User) -> dict[str, Any]:
    return {"by": clerk, "reason": "phone, Ms Weber", "at": timezone.now()}


def jumped(sender: Sender) -> InboundEvent:
    sender.send(Call(1))
    sender.send(Call(900))
    return InboundEvent.objects.get(status="HELD")


def one_of_three(sender: Sender) -> InboundMessage:
    """Three messages; the second has a date that cannot be read."""
    raw = interchange([message([Call(n)], ref=str(n)) for n in (1, 2, 3)], 41)
    sender.send_raw(raw.replace(b"SEQ+3+0002:3'\nDTM+2:202611231400", b"SEQ+3+0002:3'\nDTM+2:20261399"))
    return InboundMessage.objects.get(status="REJECTED")


def miscounted(sender: Sender) -> Delivery:
    """The trailer counts four messages where one came: nothing of the file is taken."""
    return sender.send_raw(deljit([Call(1)], 7).replace(b"UNZ+1", b"UNZ+4"))


# one call


def test_a_corrected_call_is_applied_and_the_original_stays(
    sender: Sender, signed: dict[str, Any], clerk: User
) -> None:
    event = jumped(sender)
    done = correct_event(event.pk, {**event.content, "sequence_number": "0002"}, **signed)
    run_lane(sender.partner.pk)
    event.refresh_from_db()
    assert (event.status, event.code, event.by) == ("DISCARDED", "corrected", clerk)
    assert event.content["sequence_number"] == "0900"
    assert (done.kind, done.corrects_event, done.entered_by, done.reason) == (
        "CORRECTION",
        event,
        clerk,
        "phone, Ms Weber",
    )
    assert CallOff.objects.get(call_number="V0900").sequence_number == "0002"
    assert take_ledger().balanced, take_ledger().faults


def test_a_correction_is_shown_beforehand_and_changes_nothing(sender: Sender) -> None:
    event = jumped(sender)
    preview = preview_correction(event.pk, {**event.content, "sequence_number": "0002"}, at=timezone.now())
    assert (preview.status, preview.changes["sequence_number"]) == ("APPLIED", (None, "0002"))
    assert not CallOff.objects.filter(call_number="V0900").exists()
    assert Delivery.objects.count() == 2


def test_the_number_of_the_call_follows_its_facts(sender: Sender, signed: dict[str, Any]) -> None:
    event = jumped(sender)
    facts = {**event.content, "sequence_number": "0002", "production_number": "V0002", "call_number": "typed"}
    correct_event(event.pk, facts, **signed)
    run_lane(sender.partner.pk)
    assert CallOff.objects.filter(call_number="V0002").exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "nothing_changed"),
        ({"event": "MAYBE"}, "bad_facts"),
        ({"sequence_number": 2}, "bad_facts"),
        ({"production_number": None, "vin": None, "sequence_number": None}, "no_call_number"),
    ],
)
def test_facts_that_cannot_be_taken_are_refused(
    sender: Sender, signed: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    event = jumped(sender)
    with pytest.raises(Refused) as refusal:
        correct_event(event.pk, {**event.content, **change}, **signed)
    assert refusal.value.code == code
    event.refresh_from_db()
    assert event.status == "HELD"


def test_an_applied_call_is_not_corrected(sender: Sender, signed: dict[str, Any]) -> None:
    sender.send(Call(1))
    event = InboundEvent.objects.get()
    with pytest.raises(Refused, match="only one that waits"):
        correct_event(event.pk, {**event.content, "dock": "D2"}, **signed)


def test_without_a_reason_nothing_is_corrected(sender: Sender, clerk: User) -> None:
    event = jumped(sender)
    with pytest.raises(Refused, match="why"):
        correct_event(
            event.pk, {**event.content, "sequence_number": "0002"}, by=clerk, reason=" ", at=timezone.now()
        )
    assert Delivery.objects.count() == 2


# one message


def test_a_corrected_message_is_taken_in_its_own_envelope(sender: Sender, signed: dict[str, Any]) -> None:
    found = one_of_three(sender)
    assert set(CallOff.objects.values_list("call_number", flat=True)) == {"V0001", "V0003"}
    original = original_of_message(found)
    assert original.opening == ("UNB+UNOC:3+OEM:ZZ+SUPPLIER:ZZ+261123:0600+41'",)
    assert original.closing == ("UNZ+1+41'",)
    assert original.text.startswith("UNH+2+DELJIT")
    done = correct_message(found.pk, original.text.replace("20261399", "202611231401"), **signed)
    run_lane(sender.partner.pk)
    done.refresh_from_db()
    assert (done.status, done.corrects_message, done.interchanges.get().control_ref) == (
        "PARSED",
        found,
        f"41/k{done.pk}",
    )
    assert CallOff.objects.count() == 3
    found.refresh_from_db()
    assert (found.status, found.settled_by) == ("REJECTED", signed["by"])
    assert found.settled_note == f"corrected by delivery {done.pk}: phone, Ms Weber"
    assert take_ledger().balanced, take_ledger().faults


def test_a_decided_message_is_not_taken_again_when_the_file_is_read_again(
    sender: Sender, signed: dict[str, Any], clerk: User
) -> None:
    found = one_of_three(sender)
    discard_message(found.pk, **signed)
    reprocess_delivery(found.interchange.delivery_id, by=clerk, at=timezone.now())
    run_lane(sender.partner.pk)
    found.refresh_from_db()
    assert (found.status, found.settled_note) == ("REJECTED", "phone, Ms Weber")
    with pytest.raises(Refused, match="decided this before"):
        discard_message(found.pk, **signed)


def test_an_x12_set_is_corrected_with_its_group(
    sender: Sender, partner: TradingPartner, signed: dict[str, Any]
) -> None:
    partner.profile = "generic_866"
    partner.save()
    lines = [
        "ISA*00*          *00*          *ZZ*OEM            *ZZ*SUPPLIER       *261123*0600*U*00401*000000041*0*P*>",
        "GS*SQ*O*S*20261123*0600*7*X*004010",
        "ST*866*0001",
        "BSS*05*1*20261123*JS*20261123*20261123",
        "DTM*097*20261123*1400",
        "LIN**BP*C-A*JS*0001*VV*VIN00000000000001",
        "REF*DK*D1",
        "QTY*01*1",
        "CTT*1",
        "SE*99*0001",
        "GE*1*7",
        "IEA*1*000000041",
    ]
    sender.send_raw("".join(f"{line}~" for line in lines).encode())
    found = InboundMessage.objects.get(status="REJECTED")
    original = original_of_message(found)
    assert [line[:3] for line in original.opening] == ["ISA", "GS*"]
    assert original.closing == ("GE*1*7~", "IEA*1*000000041~")
    correct_message(found.pk, original.text.replace("SE*99", "SE*8"), **signed)
    run_lane(partner.pk)
    assert InboundEvent.objects.get().sequence_number == "0001"


# a file


def test_a_corrected_file_is_taken_and_the_quarantined_one_is_decided(
    sender: Sender, signed: dict[str, Any]
) -> None:
    delivery = miscounted(sender)
    text = original_of_delivery(delivery).text
    done = correct_delivery(delivery.pk, text.replace("UNZ+4", "UNZ+1"), **signed)
    run_lane(sender.partner.pk)
    done.refresh_from_db()
    delivery.refresh_from_db()
    assert (done.status, done.corrects, CallOff.objects.count()) == ("PARSED", delivery, 1)
    assert (delivery.status, delivery.settled_by) == ("QUARANTINED", signed["by"])
    assert bytes(delivery.raw).endswith(b"UNZ+4+7'\n")
    assert take_ledger().balanced, take_ledger().faults


def test_a_corrected_file_is_not_acknowledged_to_the_partner(sender: Sender, signed: dict[str, Any]) -> None:
    delivery = miscounted(sender)
    answers = OutboundMessage.objects.count()
    correct_delivery(delivery.pk, original_of_delivery(delivery).text.replace("UNZ+4", "UNZ+1"), **signed)
    run_lane(sender.partner.pk)
    assert OutboundMessage.objects.count() == answers


def test_what_a_corrected_file_repeats_is_a_duplicate(sender: Sender, signed: dict[str, Any]) -> None:
    good, bad = deljit([Call(1)], 1), deljit([Call(2)], 2).replace(b"UNZ+1", b"UNZ+4")
    delivery = sender.send_raw(good + bad)
    done = correct_delivery(
        delivery.pk, original_of_delivery(delivery).text.replace("UNZ+4", "UNZ+1"), **signed
    )
    run_lane(sender.partner.pk)
    statuses = done.interchanges.order_by("number").values_list("status", flat=True)
    assert list(statuses) == ["DUPLICATE", "ACCEPTED"]
    assert CallOff.objects.count() == 2


def test_text_that_cannot_be_written_is_refused(sender: Sender, signed: dict[str, Any]) -> None:
    delivery = miscounted(sender)
    text = original_of_delivery(delivery).text
    with pytest.raises(Refused) as refusal:
        correct_delivery(delivery.pk, text, **signed)
    assert refusal.value.code == "nothing_changed"
    with pytest.raises(Invalid, match="cannot be written in iso8859-1"):
        correct_delivery(delivery.pk, text.replace("DOC1", "ŽDOC"), **signed)
    assert Delivery.objects.count() == 1


def test_a_message_of_a_refused_envelope_is_corrected_with_its_file(
    sender: Sender, signed: dict[str, Any]
) -> None:
    miscounted(sender)
    row = InboundMessage.objects.get()
    with pytest.raises(Refused) as refusal:
        correct_message(row.pk, "UNH", **signed)
    assert refusal.value.code == "correct_the_file"


# given up


def test_a_discarded_file_keeps_its_bytes_and_its_entry(sender: Sender, signed: dict[str, Any]) -> None:
    delivery = miscounted(sender)
    discard_delivery(delivery.pk, **signed)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.settled_note) == ("QUARANTINED", "phone, Ms Weber")
    with pytest.raises(Refused, match="decided this before"):
        discard_delivery(delivery.pk, **signed)
    with pytest.raises(Refused, match="decided before"):
        reprocess_delivery(delivery.pk, by=signed["by"], at=timezone.now())
    assert take_ledger().files.quarantined == 1


def test_a_good_file_is_not_discarded(sender: Sender, signed: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="only one in quarantine"):
        discard_delivery(sender.send(Call(1)).pk, **signed)


def test_many_are_decided_and_a_refusal_stops_none(sender: Sender, plant: Plant, signed: Any) -> None:
    sender.send(Call(1), Call(900), Call(901))
    held = list(InboundEvent.objects.filter(status="HELD").order_by("pk"))
    file = miscounted(sender)
    keys = [f"event:{held[0].pk}", "event:9999", f"delivery:{file.pk}"]
    decided = discard_many(keys, **signed)
    assert [(d.key, d.status, bool(d.refusal)) for d in decided] == [
        (f"delivery:{file.pk}", "DISCARDED", False),
        (f"event:{held[0].pk}", "DISCARDED", False),
        ("event:9999", "", True),
    ]
    plant.stream.max_jump = 2000
    plant.stream.save()
    released = release_many([f"event:{held[1].pk}"], by=signed["by"], at=timezone.now())
    assert [item.status for item in released] == ["APPLIED"]


@pytest.mark.parametrize("keys", [[], ["event:x"], ["part:1"], [f"event:{n}" for n in range(501)]])
def test_a_choice_that_is_none_is_refused(keys: list[str], db: None, signed: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        discard_many(keys, **signed)


# how it is shown


def test_the_original_and_its_correction_know_each_other(sender: Sender, signed: dict[str, Any]) -> None:
    delivery = miscounted(sender)
    done = correct_delivery(
        delivery.pk, original_of_delivery(delivery).text.replace("UNZ+4", "UNZ+1"), **signed
    )
    assert detail.delivery_facts(delivery.pk)["corrections"] == [done]
    assert not detail.delivery_facts(delivery.pk)["may_correct"]
