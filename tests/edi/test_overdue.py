"""An acknowledgement that does not come is told once, at the time the profile agrees, and cleared by the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from edi.formats import Acknowledged, ProfileError
from edi.models import OutboundMessage, TradingPartner
from edi.services import resend, sweep_outbound, sweep_overdue, take_answer
from sequencer.celery import SWEEPS
from sequencer.models import PlantEvent, Shipment, Task
from tests.edi.test_outbound import truck
from tests.factories import START, Plant

__all__ = ["truck"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def asn(truck: Shipment) -> OutboundMessage:
    """Sent at START; the generic partner acknowledges with CONTRL and names no time, so 60 minutes count."""
    sweep_outbound(at=START)
    return OutboundMessage.objects.get()


def minutes(number: float) -> Any:
    return START + timedelta(minutes=number)


def told() -> list[str]:
    return list(Task.objects.filter(kind="EDI_OVERDUE").values_list("status", flat=True))


def test_an_overdue_acknowledgement_is_told_once(asn: OutboundMessage) -> None:
    assert [sweep_overdue(at=minutes(n)) for n in (59.9, 60, 61, 600)] == [0, 1, 0, 0]
    assert told() == ["OPEN"]
    assert f"has not acknowledged DESADV {asn.control_ref}" in Task.objects.get(kind="EDI_OVERDUE").text
    assert PlantEvent.objects.filter(kind="alarm").count() == 1


@pytest.mark.parametrize("accepted", [True, False])
def test_the_answer_clears_it(asn: OutboundMessage, partner: TradingPartner, accepted: bool) -> None:
    sweep_overdue(at=minutes(60))
    verdict = Acknowledged(ref=asn.control_ref, accepted=accepted, errors=())
    assert take_answer(partner, "CONTRL", (verdict,), at=minutes(70))
    assert told() == ["DONE"]
    asn.refresh_from_db()
    assert asn.overdue_at is None
    assert sweep_overdue(at=minutes(600)) == 0


def test_an_answer_in_time_leaves_nothing_to_tell(asn: OutboundMessage, partner: TradingPartner) -> None:
    take_answer(
        partner, "CONTRL", (Acknowledged(ref=asn.control_ref, accepted=True, errors=()),), at=minutes(5)
    )
    assert sweep_overdue(at=minutes(600)) == 0


def test_sent_again_it_counts_anew(asn: OutboundMessage, plant: Plant) -> None:
    sweep_overdue(at=minutes(60))
    resend(asn.pk, by=plant.supervisor, reason="he lost it", at=minutes(70))
    assert told() == ["DONE"]
    sweep_outbound(at=minutes(70))
    assert [sweep_overdue(at=minutes(n)) for n in (129, 130)] == [0, 1]
    assert told() == ["DONE", "OPEN"] or told() == ["OPEN"]


def test_a_partner_that_does_not_acknowledge_owes_nothing(asn: OutboundMessage) -> None:
    OutboundMessage.objects.update(ack_expected=False)
    assert sweep_overdue(at=minutes(600)) == 0


def test_the_profile_says_how_long(asn: OutboundMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from edi.formats import Profile

    profile = replace(Profile(), acknowledge_minutes=10)
    monkeypatch.setattr("edi.services.overdue.profile_of", lambda partner: profile)
    assert [sweep_overdue(at=minutes(n)) for n in (9, 10)] == [0, 1]


def test_an_unusable_profile_does_not_silence_the_alarm(
    asn: OutboundMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(partner: TradingPartner) -> None:
        raise ProfileError("no")

    monkeypatch.setattr("edi.services.overdue.profile_of", broken)
    assert sweep_overdue(at=minutes(60)) == 1


def test_beat_sends_the_sweep_round() -> None:
    assert SWEEPS["edi.tasks.sweep_overdue"] <= 60
