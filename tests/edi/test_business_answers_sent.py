"""APERAK and 824: our answer to what a message says, once it is settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from edi import formats
from edi.formats import Profile
from edi.models import Delivery, InboundEvent, OutboundMessage, TradingPartner
from edi.services import business, discard_event, profile_of
from edi.services.business import issue_business_answers
from edi.services.sweeps import sweep_intake
from tests.edi.files import Call, Sender, deljit
from tests.factories import START, Plant


@pytest.fixture(autouse=True)
def agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The partner of these tests wants an APERAK."""

    def profile(partner: TradingPartner) -> Profile:
        return replace(profile_of(partner), acknowledge_business="APERAK")

    monkeypatch.setattr(business, "profile_of", profile)


def answers() -> list[formats.Message]:
    rows = OutboundMessage.objects.filter(kind="APERAK").order_by("pk")
    readings = [formats.read(bytes(row.content)) for row in rows]
    assert all(reading.accepted for reading in readings)
    return [reading.interchanges[0].messages[0] for reading in readings]


def verdicts() -> list[tuple[str | None, bool]]:
    return [(found.acknowledged[0].ref, found.acknowledged[0].accepted) for found in answers()]


def received_now() -> None:
    Delivery.objects.update(received_at=START)


def test_a_message_that_was_taken_is_accepted_once(sender: Sender) -> None:
    sender.send(Call(1), Call(2))
    received_now()
    assert [issue_business_answers(at=START) for _ in range(3)] == [1, 0, 0]
    assert verdicts() == [("DOC1", True)]
    row = OutboundMessage.objects.get(kind="APERAK")
    assert (row.status, row.file_name) == ("READY", f"APERAK_OEM-D_{int(row.control_ref):09d}.edi")


def test_the_sweep_of_the_intake_answers_by_itself(sender: Sender) -> None:
    sender.send(Call(1))
    received_now()
    sweep_intake(at=START)
    assert verdicts() == [("DOC1", True)]


def test_nothing_is_answered_while_a_line_waits(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1), Call(2, "CANCEL"))
    received_now()
    assert issue_business_answers(at=START) == 0
    event = InboundEvent.objects.exclude(status="APPLIED").get()
    discard_event(event.pk, by=plant.supervisor, reason="OEM called: never built", at=START)
    assert issue_business_answers(at=START) == 1
    (found,) = answers()
    assert (found.acknowledged[0].ref, found.acknowledged[0].accepted) == ("DOC1", False)
    assert "CANCEL V0002: OEM called: never built" in found.acknowledged[0].errors[0]


def test_a_message_nobody_could_read_is_refused_with_its_problems(sender: Sender) -> None:
    sender.send_raw(deljit([Call(1)], 5).replace(b"UNT+1", b"UNT+7"))
    received_now()
    issue_business_answers(at=START)
    (found,) = answers()
    assert not found.acknowledged[0].accepted
    assert "UNT 1: UNT counts" in found.acknowledged[0].errors[0]


def test_a_repeated_file_is_not_answered_again(sender: Sender) -> None:
    sender.send(Call(1), control=7)
    sender.send(Call(1), control=7)
    received_now()
    issue_business_answers(at=START)
    assert verdicts() == [("DOC1", True)]


def test_what_came_before_it_was_agreed_is_left_alone(sender: Sender) -> None:
    sender.send(Call(1))
    received_now()
    assert issue_business_answers(at=START + timedelta(days=3)) == 0


def test_nothing_is_said_unless_agreed(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(business, "profile_of", profile_of)
    sender.send(Call(1))
    received_now()
    assert issue_business_answers(at=START) == 0
