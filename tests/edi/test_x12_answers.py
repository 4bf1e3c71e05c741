"""What an X12 partner answers to our ship notices, one after the other: TA1, 997, 824."""

from __future__ import annotations

import pytest

from edi.models import OutboundMessage, TradingPartner
from edi.services import sweep_outbound
from sequencer.models import Shipment
from tests.edi.files import Sender
from tests.edi.test_outbound import asn_status, depart, truck
from tests.factories import START, Plant

__all__ = ["truck"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def control_ref(truck: Shipment, partner: TradingPartner) -> str:
    """The control number of the 856 that went out for the truck."""
    TradingPartner.objects.update(profile="generic_866", next_control_number=30)
    sweep_outbound(at=START)
    return OutboundMessage.objects.get(shipment=truck).control_ref


def send(partner: TradingPartner, number: int, *segments: str, functional_id: str = "") -> None:
    blank = " " * 10
    head = f"ISA*00*{blank}*00*{blank}*01*987654321      *01*123456789      *261123*0601*U*00401*{number:09}*0*P*>"
    lines = [head]
    if functional_id:
        lines += [f"GS*{functional_id}*987654321*123456789*20261123*0601*{number}*X*004010", *segments]
        lines += [f"SE*{len(segments) + 1}*0001", f"GE*1*{number}", f"IEA*1*{number:09}"]
    else:
        lines += [*segments, f"IEA*0*{number:09}"]
    Sender(partner).send_raw("".join(f"{line}~" for line in lines).encode())


def ta1(partner: TradingPartner, number: int, ref: str, verdict: str) -> None:
    note = "000" if verdict == "A" else "021"
    send(partner, number, f"TA1*{ref.zfill(9)}*261123*0600*{verdict}*{note}")


def functional(partner: TradingPartner, number: int, ref: str, verdict: str) -> None:
    accepted = int(verdict == "A")
    lines = (
        "ST*997*0001",
        f"AK1*SH*{ref}",
        "AK2*856*0001",
        f"AK5*{verdict}",
        f"AK9*{verdict}*1*1*{accepted}",
    )
    send(partner, number, *lines, functional_id="FA")


@pytest.mark.parametrize(("verdict", "status"), [("A", "ACCEPTED"), ("R", "REJECTED")])
def test_a_ta1_accepts_the_envelope_and_the_997_decides(
    verdict: str, status: str, truck: Shipment, partner: TradingPartner, control_ref: str
) -> None:
    ta1(partner, 9, control_ref, "A")
    assert asn_status(truck) == "SENT"
    functional(partner, 10, control_ref, verdict)
    assert asn_status(truck) == status


def test_a_ta1_that_refuses_is_the_end_of_it(
    truck: Shipment, partner: TradingPartner, control_ref: str
) -> None:
    ta1(partner, 9, control_ref, "R")
    assert asn_status(truck) == "REJECTED"
    assert "021" in OutboundMessage.objects.get(shipment=truck).note


def test_one_824_speaks_of_several_trucks(
    truck: Shipment, plant: Plant, partner: TradingPartner, control_ref: str
) -> None:
    other = depart(plant, [4, 5, 6], "R2")
    sweep_outbound(at=START)
    verdicts = (f"OTI*TA*TN*{truck.number}", f"OTI*TR*TN*{other.number}", "TED*848*WRONG DOCK*REF*9")
    send(partner, 9, "ST*824*0001", "BGN*11*ADV1*20261123", *verdicts, functional_id="AG")
    assert (asn_status(truck), asn_status(other)) == ("ACCEPTED", "REJECTED")
    assert "848 at REF, segment 9: WRONG DOCK" in OutboundMessage.objects.get(shipment=other).note
