"""Shipped = confirmed = billed: receipts add up, bills match, a difference is listed until a name settles it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from inventory.errors import Invalid, Refused
from sequencer.boards.deliveries import deliveries
from sequencer.models import BillingLine, ComponentGroup, DeliveryLine, Shipment
from sequencer.services import (
    confirm_by_hand,
    match_billing,
    record_arrival,
    record_delivery,
    settle_billing,
    settle_difference,
    take_billing,
)
from tests.factories import Plant, person


@pytest.fixture
def left(plant: Plant) -> Plant:
    """A truck with two pieces C-A and one C-B has left."""
    for n, part in ((1, "C-A"), (2, "C-A"), (3, "C-B")):
        plant.new(n, part)
    plant.start_rack("R1")
    for slot, part in ((1, "A"), (2, "A"), (3, "B")):
        plant.pack(part, slot)
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    plant.plan()
    number = Shipment.objects.get().number
    assert plant.scans("%B:OP", f"%T:{number}", "%R:R1", "%C:DEPART", station=plant.dock) == ["OK"] * 4
    return plant


def receive(plant: Plant, part: str, quantity: str | None, source: str = "", **more: str) -> None:
    with transaction.atomic():
        record_delivery(
            truck().pk, source=source or f"t{plant.at}{part}", customer_part=part,
            quantity=None if quantity is None else Decimal(quantity), at=plant.tick(), **more,
        )  # fmt: skip


def truck() -> Shipment:
    return Shipment.objects.get()


def bill(plant: Plant, *lines: str) -> object:
    head = "document,line,despatch_number,part,quantity"
    return take_billing("\n".join([head, *lines]).encode(), by="lou", at=plant.tick())


def statuses() -> set[str]:
    return set(ComponentGroup.objects.values_list("status", flat=True))


def test_departure_writes_down_what_left(left: Plant) -> None:
    lines = DeliveryLine.objects.order_by("customer_part").values_list("customer_part", "shipped")
    assert list(lines) == [("C-A", Decimal(2)), ("C-B", Decimal(1))]


def test_arrived_confirmed_billed(left: Plant) -> None:
    record_arrival(truck().pk, at=left.tick(minutes=20), by="lou")
    assert truck().status == "ARRIVED"
    receive(left, "C-A", "2")
    assert truck().status == "ARRIVED", "a part is still open"
    receive(left, "C-B", "1")
    assert (truck().status, statuses()) == ("CONFIRMED", {"CONFIRMED"})
    number = truck().number
    bill(left, f"SB1,1,{number},C-A,2", f"SB1,2,{number},C-B,1")
    assert statuses() == {"CLOSED"}
    page = deliveries(at=left.at)
    assert page["rows"] == []
    assert {tab["code"]: tab["count"] for tab in page["tabs"]} == {
        "differences": 0, "unconfirmed": 0, "unbilled": 0, "agreed": 2, "all": 2,
    }  # fmt: skip


def test_a_receipt_without_arrival_is_an_arrival(left: Plant) -> None:
    receive(left, "C-A", "2")
    assert (truck().status, truck().arrived_at is not None) == ("ARRIVED", True)


def test_the_same_receipt_counts_once_and_several_add_up(left: Plant) -> None:
    for source in ("m1", "m1", "m2"):
        receive(left, "C-A", "1", source)
    assert DeliveryLine.objects.get(customer_part="C-A").confirmed == Decimal(2)


def test_a_receipt_of_the_whole_delivery_confirms_every_part(left: Plant) -> None:
    receive(left, "", None)
    assert truck().status == "CONFIRMED"


def test_a_receipt_of_a_shipment_that_is_here_is_refused(plant: Plant) -> None:
    plant.build([1, 2, 3], "R1")
    plant.plan()
    with pytest.raises(Refused) as refused, transaction.atomic():
        record_delivery(truck().pk, source="x", customer_part="C-A", quantity=Decimal(1), at=plant.at)
    assert refused.value.code == "not_departed"
    with pytest.raises(Refused):
        record_arrival(truck().pk, at=plant.tick(), by="lou")


def words(plant: Plant, show: str = "differences") -> dict[str, list[str]]:
    return {
        row["part"]: [text for _, text in row["words"]] for row in deliveries(at=plant.at, show=show)["rows"]
    }


def test_every_difference_is_named(left: Plant) -> None:
    receive(left, "C-A", "1", discrepancy="SHORT")
    receive(left, "C-Z", "4")
    bill(left, f"SB1,1,{truck().number},C-A,3", f"SB1,2,{truck().number},C-B,1", "SB1,3,OTHER,C-A,1")
    assert words(left) == {
        "C-A": ["confirmed 1 fewer than shipped", "customer says SHORT", "billed 1 more than shipped"],
        "C-Z": ["confirmed 4 more than shipped", "not billed yet"],
    }
    assert words(left, "unconfirmed") == {"C-B": ["not confirmed yet"]}
    assert deliveries(at=left.at)["stray_count"] == 1


def test_a_difference_is_settled_by_a_name_with_a_reason(left: Plant) -> None:
    receive(left, "C-A", "1")
    line = DeliveryLine.objects.get(customer_part="C-A")
    with pytest.raises(Refused, match="say how"):
        settle_difference(line.pk, by="lou", reason=" ", at=left.tick())
    settled = settle_difference(line.pk, by="lou", reason="credited, note 12", at=left.tick())
    assert (settled.settled_by, settled.settled_reason) == ("lou", "credited, note 12")
    assert words(left) == {}


def test_a_confirmation_by_telephone_sets_the_whole_quantity(left: Plant) -> None:
    receive(left, "C-A", "1")
    with pytest.raises(Refused, match="say how"):
        confirm_by_hand(
            truck().pk, customer_part="C-A", quantity=Decimal(2), by="lou", reason="", at=left.tick()
        )
    confirm_by_hand(
        truck().pk, customer_part="C-A", quantity=Decimal(2), by="lou", reason="phone", at=left.tick()
    )
    assert DeliveryLine.objects.get(customer_part="C-A").confirmed == Decimal(2)


def test_a_bill_counts_once_however_often_it_is_given(left: Plant) -> None:
    line = f"SB1,1,{truck().number},C-A,2"
    first, second = bill(left, line), bill(left, line)
    assert (first.taken, first.known, second.taken, second.known) == (1, 0, 0, 1)  # type: ignore[attr-defined]
    assert DeliveryLine.objects.get(customer_part="C-A").billed == Decimal(2)


def test_a_billed_line_is_matched_by_hand_or_closed(left: Plant) -> None:
    bill(left, "SB1,1,LF-99,C-A,2", "SB1,2,LF-99,C-Q,1")
    stray, other = BillingLine.objects.order_by("line")
    line = DeliveryLine.objects.get(customer_part="C-A")
    with pytest.raises(Refused):
        match_billing(stray.pk, line.pk, by="lou", reason="", at=left.tick())
    match_billing(stray.pk, line.pk, by="lou", reason="their number", at=left.tick())
    line.refresh_from_db()
    assert line.billed == Decimal(2)
    with pytest.raises(Refused):
        match_billing(stray.pk, line.pk, by="lou", reason="again", at=left.tick())
    settle_billing(other.pk, by="lou", reason="not ours", at=left.tick())
    assert deliveries(at=left.at)["stray_count"] == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"document,line,part\n1,2,3", "despatch_number is missing"),
        (b"document,line,despatch_number,part,quantity\n", "no line"),
        (b"document,line,despatch_number,part,quantity\nA,1,T-1,,2", "row 2: part is empty"),
        (b"document,line,despatch_number,part,quantity\nA,1,T-1,P,two", "row 2: quantity 'two'"),
        (b"document,line,despatch_number,part,quantity\nA,1,T-1,P,1.0001", "cannot be kept"),
        (b"document;line;despatch_number;part;quantity;date\nA;1;T-1;P;1;1.2.26", "not YYYY-MM-DD"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    content: bytes, said: str, db: None, plant: Plant
) -> None:
    with pytest.raises(Invalid, match=said.replace("(", r"\(")):
        take_billing(content, by="lou", at=plant.tick())
    assert not BillingLine.objects.exists()


def test_semicolons_and_a_decimal_comma(left: Plant) -> None:
    text = f"Document;Line;Despatch_number;Part;Quantity\nSB;1;{truck().number};C-A;2,0\n"
    take_billing(("﻿" + text).encode(), by="lou", at=left.tick())
    assert DeliveryLine.objects.get(customer_part="C-A").billed == Decimal(2)


def test_the_page_takes_a_file_and_settles(left: Plant) -> None:
    client = Client()
    client.force_login(person("lou", "logistics", "LOU"))
    text = f"document,line,despatch_number,part,quantity\nSB,1,{truck().number},C-A,3\nSB,2,XX,C-A,1\n"
    answer = client.post(
        "/deliveries/billing/", {"file": SimpleUploadedFile("sb.csv", text.encode())}, follow=True
    )
    page = answer.content.decode()
    assert "2 billed lines taken, 1 fit no delivery of ours." in page
    assert "billed 1 more than shipped" in page
    line = DeliveryLine.objects.get(customer_part="C-A")
    assert client.get(f"/deliveries/{line.pk}/settle/").status_code == 200
    assert client.post(f"/deliveries/{line.pk}/settle/", {"reason": "agreed"}).status_code == 204
    assert client.post("/deliveries/billing/").status_code == 422
