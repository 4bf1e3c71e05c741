"""From the file of a delivery schedule to calls of a quantity, and back to the customer in the despatch advice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from edi import formats
from edi.formats import Profile
from edi.formats.profile import AsnRule, ReleaseRule
from edi.models import TradingPartner
from edi.services import issue_asn, profile_of, run_lane
from edi.services.quantities import call_due_quantities
from inventory.models import CumulativeBalance
from sequencer.models import HandlingUnit, LabelIssuer, PackingInstruction, PrintJob, QuantityCall, Task
from sequencer.services.quantity import QuantityNews, call_quantity
from sequencer.services.shipping import plan_box_truck
from tests.edi.files import Sender
from tests.edi.schedules import x12
from tests.factories import START, Plant

FAR = 24 * 366 * 20


def use(monkeypatch: pytest.MonkeyPatch, partner: TradingPartner, call_hours: int = FAR) -> Profile:
    """The partner's X12 dialect: lines of the 862 are called, the 856 carries cumulative quantities."""
    partner.profile = "generic_866"
    partner.save()
    found = replace(
        profile_of(partner),
        timezone="UTC",
        release=ReleaseRule(calls="short", call_hours=call_hours),
        asn=AsnRule(format="856", cumulative=True),
    )
    for place in ("releases", "receipts", "lanes", "quantities", "outbound"):
        monkeypatch.setattr(f"edi.services.{place}.profile_of", lambda partner: found)
    return found


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch, partner: TradingPartner) -> Profile:
    return use(monkeypatch, partner)


def send_862(
    sender: Sender, number: int, *lines: tuple[str, int], received: int | None = None, issued: str = ""
) -> None:
    """An 862; `lines` are (YYYYMMDD or YYYYMMDDHHMM, pieces), `received` the customer's cumulative count."""
    day = issued or f"202611{22 + number:02d}"
    body = [
        f"BSS*05*{number}*{day}*DL*20261123*20261231**{number}***A",
        "N1*ST**92*P1",
        "LIN**BP*C-A",
        "UIT*EA",
        "REF*DK*D1",
    ]
    for moment, pieces in lines:
        clock = f"**010*{moment[8:]}" if len(moment) > 8 else ""
        body.append(f"FST*{pieces}*C*D*{moment[:8]}{clock}")
    if received is not None:
        body.append(f"SHP*02*{received}*051*20260101")
    sender.send_raw(x12("862", "SS", number, body))


def calls() -> list[tuple[str, int, int, str]]:
    """(due day and time, called, quantity, status) of every call."""
    rows = QuantityCall.objects.order_by("due_at", "pk")
    return [(f"{c.due_at:%d %H:%M}", c.called, c.quantity, c.status) for c in rows]


def pack_and_ship(plant: Plant, boxes: int) -> Any:
    """So many boxes by scan, one truck for them, away."""
    PackingInstruction.objects.get_or_create(
        part=plant.parts["A"], defaults={"pieces": 24, "package_type": "KLT4314"}
    )
    LabelIssuer.objects.get_or_create(
        active=True, defaults={"name": "We", "agency": "UN", "company": "123456789"}
    )
    plant.scan("%B:OP")
    packed = []
    for _ in range(boxes):
        assert plant.scans("%C:BOX", "PA", "%Q:PACK") == ["OK"] * 3
        packed.append(HandlingUnit.objects.latest("pk"))
        assert plant.scans(f"%H:{packed[-1].number}") == ["OK"]
    truck = plan_box_truck(plant.program.unloading_point_id, by="desk", at=plant.tick())
    labels = [f"%H:{box.number}" for box in packed]
    codes = plant.scans("%B:OP", f"%T:{truck.number}", *labels, "%C:DEPART", station=plant.dock)
    assert codes == ["OK"] * (boxes + 3)
    return truck


def test_from_the_862_to_the_856_read_back(
    profile: Profile, sender: Sender, plant: Plant, partner: TradingPartner
) -> None:
    send_862(sender, 1, ("202611231000", 48), ("202611231400", 30), received=0)
    assert calls() == [("23 10:00", 48, 48, "RELEASED"), ("23 14:00", 30, 30, "RELEASED")]
    truck = pack_and_ship(plant, 3)
    assert calls() == [("23 10:00", 48, 48, "SHIPPED"), ("23 14:00", 30, 30, "IN_WORK")]
    message = issue_asn(truck.pk, at=plant.tick())
    assert message is not None
    read = formats.read(bytes(message.content), profile).interchanges[0].messages[0]
    said = read.despatch
    assert said is not None
    assert [
        (p.carrier_code, [(x.part_number, x.quantity, x.cumulative) for x in p.lines]) for p in said.packages
    ] == [("KLT4314", [("C-A", "24", "72")])] * 3
    plates = [
        job.labels.get().number for job in PrintJob.objects.filter(subject_type="handlingunit").order_by("pk")
    ]
    assert [p.number for p in said.packages] == plates
    assert (said.shipment_number, said.dock) == (truck.number, "D1")
    # The next schedule counts what arrived of it: nothing is called twice, nothing forgotten.
    send_862(sender, 2, ("202611231400", 6), ("202611240900", 24), received=72)
    assert calls() == [
        ("23 10:00", 48, 48, "SHIPPED"), ("23 14:00", 6, 30, "IN_WORK"), ("24 09:00", 24, 24, "RELEASED"),
    ]  # fmt: skip
    assert CumulativeBalance.objects.get().difference == 0


COPIES = [
    ("the same file again", lambda sender: send_862(sender, 1, ("202611231000", 48), received=0)),
    ("an older schedule", lambda sender: send_862(sender, 0, ("202611231000", 999), received=0)),
]


@pytest.mark.parametrize("again", [row[1] for row in COPIES], ids=[row[0] for row in COPIES])
def test_copies_never_double(profile: Profile, sender: Sender, plant: Plant, again: Any) -> None:
    send_862(sender, 1, ("202611231000", 48), received=0)
    before = calls()
    again(sender)
    assert call_due_quantities(at=plant.tick()) == 0
    assert calls() == before == [("23 10:00", 48, 48, "RELEASED")]


def test_what_is_on_the_road_is_not_called_again(profile: Profile, sender: Sender, plant: Plant) -> None:
    send_862(sender, 1, ("202611231000", 48), received=0)
    pack_and_ship(plant, 1)
    # He does not count the 24 yet and asks for all 48 again, at the same time and as backlog of a new line.
    send_862(sender, 2, ("202611231000", 48), received=0)
    assert calls() == [("23 10:00", 48, 48, "IN_WORK")]
    send_862(sender, 3, ("202611231200", 48), received=0)
    assert calls() == [("23 10:00", 48, 24, "SHIPPED"), ("23 12:00", 48, 24, "RELEASED")]


def test_amended_withdrawn_and_called_again(profile: Profile, sender: Sender, plant: Plant) -> None:
    send_862(sender, 1, ("202611231000", 48), ("202611231400", 24), received=0)
    send_862(sender, 2, ("202611231000", 60), received=0)
    assert calls() == [("23 10:00", 60, 60, "RELEASED"), ("23 14:00", 24, 0, "CANCELLED")]
    send_862(sender, 3, ("202611231000", 60), ("202611231400", 12), received=0)
    assert calls() == [("23 10:00", 60, 60, "RELEASED"), ("23 14:00", 12, 12, "RELEASED")]


def test_a_line_is_called_when_its_time_comes(
    monkeypatch: pytest.MonkeyPatch, partner: TradingPartner, sender: Sender, plant: Plant
) -> None:
    # Taken in by the real clock, which no hour of this rule reaches.
    use(monkeypatch, partner, call_hours=-FAR)
    send_862(sender, 1, ("20261130", 24), received=0)
    use(monkeypatch, partner, call_hours=48)
    assert call_due_quantities(at=START) == 0
    assert call_due_quantities(at=START + timedelta(days=6)) == 1
    # A day without a time is due in the course of it.
    assert calls() == [("30 23:59", 24, 24, "RELEASED")]


def test_what_was_entered_by_hand_becomes_the_schedules_call(
    profile: Profile, sender: Sender, plant: Plant
) -> None:
    news = QuantityNews(
        unloading_point_id=plant.program.unloading_point_id, part_id=plant.parts["A"].pk, customer_part="C-A",
        due_at=START.replace(hour=10), called=48,
    )  # fmt: skip
    made, _ = call_quantity(news, source="HAND", by="anna", reason="EDI is down, telephone", at=plant.tick())
    send_862(sender, 1, ("202611231000", 48), received=0)
    now = QuantityCall.objects.get()
    assert (now.pk, now.source, now.feed, now.created_by) == (made.pk, "RELEASE", "OEM-D", "anna")


def test_what_cannot_be_called_is_a_task_and_the_rest_is_called(
    profile: Profile, sender: Sender, plant: Plant
) -> None:
    plant.program.unloading_point.__class__.objects.create(plant=plant.line.plant, code="D2")
    sender.send_raw(x12("862", "SS", 1, [
        "BSS*05*1*20261123*DL*20261123*20261231**1***A", "N1*ST**92*P1", "LIN**BP*C-A", "UIT*EA", "REF*DK*D1",
        "FST*24*C*D*20261123**010*1000", "FST*1.5*C*D*20261123**010*1400",
    ]))  # fmt: skip
    assert calls() == [("23 10:00", 24, 24, "RELEASED")]
    assert "1.5" in Task.objects.get(kind="QUANTITY_CALL").text
    send_862(sender, 2, ("202611231000", 24), ("202611231400", 2))
    assert Task.objects.get(kind="QUANTITY_CALL").status == "DONE"


def test_without_the_rule_demand_stays_demand(sender: Sender, partner: TradingPartner, plant: Plant) -> None:
    partner.profile = "generic_866"
    partner.save()
    send_862(sender, 1, ("202611231000", 48), received=0)
    run_lane(partner.pk)
    assert not QuantityCall.objects.exists()
