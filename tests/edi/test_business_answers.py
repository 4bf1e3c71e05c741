"""APERAK and RECADV: what a partner's application says about an ASN that his gateway may have accepted."""

from __future__ import annotations

import pytest

from edi.models import OutboundMessage, TradingPartner
from edi.services import sweep_outbound
from sequencer.models import Shipment, Task
from tests.edi.files import Sender, contrl, interchange
from tests.edi.test_outbound import asn_status, truck
from tests.factories import START

__all__ = ["truck"]


def aperak(control: int, ref: str, document: str = "313") -> bytes:
    lines = [f"BGM+{document}+A1+9", "DTM+137:202611230700:203", f"RFF+ACW:{ref}"]
    lines += ["ERC+E12::92", "FTX+AAO+++PART UNKNOWN"] if document == "313" else []
    return interchange([["UNH+1+APERAK:D:96A:UN", *lines, f"UNT+{len(lines) + 2}+1"]], control)


def recadv(control: int, ref: str) -> bytes:
    lines = ["BGM+632+R1+9", "DTM+137:202611230700:203", f"RFF+AAK:{ref}", "NAD+BY+OEM::92", "CPS+1"]
    lines += ["LIN+1++C-A:IN", "QTY+12:3", "QTY+48:2"]
    return interchange([["UNH+1+RECADV:D:96A:UN", *lines, f"UNT+{len(lines) + 2}+1"]], control)


@pytest.mark.parametrize("contrl_first", [False, True])
def test_an_aperak_refuses_an_asn_even_behind_a_contrl_that_accepted_it(
    contrl_first: bool, truck: Shipment, sender: Sender
) -> None:
    sweep_outbound(at=START)
    if contrl_first:
        sender.send_raw(contrl(900, "1"))
        assert asn_status(truck) == "ACCEPTED"
    sender.send_raw(aperak(901, truck.number))
    assert asn_status(truck) == "REJECTED"
    assert "E12: PART UNKNOWN" in OutboundMessage.objects.get(kind="DESADV").note
    assert Task.objects.filter(kind="ASN", status="OPEN").exists()


def test_an_aperak_accepts_an_asn_once_and_again(truck: Shipment, sender: Sender) -> None:
    sweep_outbound(at=START)
    for control in (901, 902):
        sender.send_raw(aperak(control, truck.number, "312"))
    assert asn_status(truck) == "ACCEPTED"


def test_an_aperak_to_another_despatch_changes_nothing(truck: Shipment, sender: Sender) -> None:
    sweep_outbound(at=START)
    sender.send_raw(aperak(901, "1"))
    assert asn_status(truck) == "SENT"


def test_an_aperak_is_never_acknowledged(truck: Shipment, sender: Sender) -> None:
    sweep_outbound(at=START)
    sender.send_raw(aperak(901, truck.number))
    assert not OutboundMessage.objects.filter(kind="CONTRL").exists()
    assert not Task.objects.filter(kind="EDI_ANSWER").exists()


@pytest.mark.parametrize("ref", ["number", "control"])
def test_a_count_is_no_verdict_on_the_message(
    ref: str, truck: Shipment, sender: Sender, partner: TradingPartner
) -> None:
    sweep_outbound(at=START)
    sender.send_raw(recadv(901, truck.number if ref == "number" else "1"))
    assert asn_status(truck) == "SENT"
