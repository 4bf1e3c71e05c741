"""Rules of a profile that the gate itself obeys: names of files, and when an ASN has to be there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from edi.checks import profile_faults
from edi.models import Delivery, OutboundMessage, TradingPartner
from edi.services import issue_asn, profile_of, profiles, reprocess_delivery, run_lane, sweep_overdue
from edi.services.profiles import standing_of
from sequencer.models import Shipment, Task
from tests.edi.files import Call, Sender, deljit
from tests.edi.test_outbound import asn_status, depart
from tests.factories import START, Plant


@pytest.fixture
def dialect(partner: TradingPartner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The profile of the partner, to be written by the test."""
    monkeypatch.setattr(profiles, "PARTNERS", tmp_path)
    folder = tmp_path / partner.profile
    folder.mkdir()
    return folder / "profile.toml"


def test_a_file_of_another_name_waits_for_a_person(
    dialect: Path, sender: Sender, partner: TradingPartner, plant: Plant
) -> None:
    dialect.write_text("[files]\naccept = ['JIS_[0-9]+[.]edi']")
    assert sender.send(Call(1), name="JIS_7.edi").status == "PARSED"
    odd = sender.send_raw(deljit([Call(2)], 2), "ORDERS.edi")
    assert (odd.status, odd.problems[0]["code"]) == ("QUARANTINED", "unexpected_name")
    assert bytes(odd.raw) == deljit([Call(2)], 2)
    assert "[files] accept" in Task.objects.get(kind="EDI_DELIVERY").text
    reprocess_delivery(odd.pk, by=plant.supervisor, at=START)
    run_lane(partner.pk)
    assert Delivery.objects.get(pk=odd.pk).status == "PARSED"


@pytest.fixture
def truck(plant: Plant, partner: TradingPartner, sender: Sender) -> Shipment:
    return depart(plant, [1, 2, 3], "R1")


def test_what_we_send_has_the_name_the_partner_wants(dialect: Path, truck: Shipment) -> None:
    dialect.write_text(
        "timezone = 'Europe/Berlin'\n[files]\nout = '{our}.{kind}.{date}.{number:05d}'\n[our]\nid = 'S-77'"
    )
    message = issue_asn(truck.pk, at=START)
    assert message is not None
    assert message.file_name == f"S-77.DESADV.{START:%Y%m%d}.00001"


@pytest.mark.parametrize(
    ("rule", "said"),
    [("{their}{number}", "which is no file name"), ("ASN{number}", "a second time")],
)
def test_a_name_that_cannot_be_is_told(
    dialect: Path, truck: Shipment, partner: TradingPartner, rule: str, said: str
) -> None:
    dialect.write_text(f"[files]\nout = '{rule}'\n[their]\nid = '/A/B'")
    if rule == "ASN{number}":
        OutboundMessage.objects.create(
            partner=partner, kind="997", control_ref="x", file_name="ASN1", content=b"", created_at=START, due_at=START
        )  # fmt: skip
    assert issue_asn(truck.pk, at=START) is None
    assert asn_status(truck) == "ATTENTION"
    truck.refresh_from_db()
    assert said in truck.asn_note


def test_an_asn_is_late_when_the_profile_says_so(
    dialect: Path, truck: Shipment, partner: TradingPartner
) -> None:
    dialect.write_text("[asn]\ndue_minutes = 25")
    assert profile_of(partner).asn.due_minutes == 25
    assert issue_asn(truck.pk, at=START) is not None
    assert sweep_overdue(at=START + timedelta(minutes=24)) == 0
    assert sweep_overdue(at=START + timedelta(minutes=25)) == 1
    assert "since 25 minutes" in Task.objects.get(kind="EDI_OVERDUE").text


def warnings(partner: TradingPartner) -> list[tuple[str, str]]:
    return [(found.id or "", found.msg) for found in profile_faults(partner)]


def test_a_stream_that_counts_otherwise_than_the_profile_is_pointed_out(
    dialect: Path, partner: TradingPartner, plant: Plant
) -> None:
    stream = plant.stream
    said = f"width = {stream.width}\nfirst = {stream.first}\nlast = {stream.last}\n"
    zone = f"timezone = '{stream.line.plant.time_zone}'\n[sequence]\n"
    dialect.write_text(f"{zone}{said}dense = {str(stream.dense).lower()}\nprefix = '{stream.prefix}'")
    assert warnings(partner) == []
    dialect.write_text(f"{zone}{said}dense = {str(not stream.dense).lower()}\nprefix = 'Q'")
    ((code, text),) = warnings(partner)
    assert code == "jis.W106"
    assert f"prefix {stream.prefix} instead of Q, dense {stream.dense} instead of {not stream.dense}" in text


def test_a_profile_that_keeps_files_waiting_is_pointed_out(dialect: Path, partner: TradingPartner) -> None:
    dialect.write_text("colour = 'red'")
    ((code, text),) = warnings(partner)
    assert (code, "colour: no such key" in text) == ("jis.W105", True)


def test_two_clocks_for_one_plant_are_pointed_out(
    dialect: Path, partner: TradingPartner, plant: Plant
) -> None:
    dialect.write_text("timezone = 'Asia/Tokyo'")
    found = dict(warnings(partner))
    assert f"goes by {plant.line.plant.time_zone}" in found["jis.W107"]
    assert "Asia/Tokyo" in found["jis.W107"]


def test_the_standing_of_a_profile(dialect: Path, partner: TradingPartner) -> None:
    dialect.write_text("status = 'verified'")
    assert standing_of(partner) == "verified"
    dialect.write_text("# changed\nstatus = 'unverified'")
    assert standing_of(partner) == "unverified"
    dialect.write_text("# changed again\nstatus = 'fine'")
    assert standing_of(partner) == "unusable"
