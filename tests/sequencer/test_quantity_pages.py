"""Pages and API of what is called by quantity: who may do what, said again, refused in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory.errors import Refused
from sequencer.models import HandlingUnit, PackingInstruction, QuantityCall
from sequencer.services import station_view
from sequencer.services.dock_view import dock_view
from sequencer.services.shipping import plan_box_truck
from sequencer.services.trace.recall import Asked, recall_rows
from tests.factories import Plant, person


@pytest.fixture
def desk(plant: Plant, client: Client) -> Client:
    PackingInstruction.objects.create(part=plant.parts["A"], pieces=24)
    client.force_login(person("desk", "logistics", "DESK"))
    return client


def said(plant: Plant, **more: Any) -> dict[str, Any]:
    return {
        "point": plant.program.unloading_point_id,
        "part": "C-A",
        "due": "2026-11-23T10:00",
        "pieces": 48,
        **more,
    }


def test_the_api_calls_once_changes_and_withdraws(plant: Plant, desk: Client) -> None:
    def post(address: str, body: dict[str, Any]) -> Any:
        return desk.post(f"/api/v1/quantity-calls/{address}", body, content_type="application/json")

    made = post("", said(plant))
    assert (made.status_code, made.json()["quantity"], made.json()["created_by"]) == (201, 48, "desk")
    assert post("", said(plant)).status_code == 200
    differs = post("", said(plant, pieces=50))
    assert (differs.status_code, differs.json()["code"]) == (409, "call_differs")
    call = made.json()["id"]
    assert post(f"{call}/change/", {"pieces": 24, "reason": "telephone"}).json()["quantity"] == 24
    assert post(f"{call}/withdraw/", {"reason": ""}).status_code in {400, 422}
    assert post(f"{call}/withdraw/", {"reason": "model change"}).json()["status"] == "CANCELLED"
    desk.force_login(plant.operator)
    assert post("", said(plant)).status_code == 403
    assert desk.get("/api/v1/quantity-calls/?status=CANCELLED").json()["results"][0]["id"] == call


WRONG = [
    ({"part": "NOBODY"}, "unknown_part"),
    ({"due": "tomorrow"}, "bad_due"),
    ({"point": 999999}, "no_point"),
    ({"cards": ["K-1"], "pieces": 7}, "bad_quantity"),
]


@pytest.mark.parametrize(("more", "code"), WRONG)
def test_the_api_says_what_is_wrong(plant: Plant, desk: Client, more: dict[str, Any], code: str) -> None:
    answer = desk.post("/api/v1/quantity-calls/", said(plant, **more), content_type="application/json")
    assert answer.json()["code"] == code
    assert not QuantityCall.objects.exists()


def test_by_hand_from_the_page_to_the_truck_and_the_trace(plant: Plant, desk: Client) -> None:
    answer = desk.post(reverse("quantity-enter"), said(plant, reason="EDI is down, Mr Berg called"))
    call = QuantityCall.objects.get()
    assert (answer.status_code, call.created_by, call.reason) == (302, "desk", "EDI is down, Mr Berg called")
    shown = station_view(plant.station.pk, at=plant.tick())
    assert [(c["part"], c["open"], c["pack"]) for c in shown["by_quantity"]] == [("A", 48, 24)]
    assert plant.scans("%B:OP", "%C:BOX") == ["OK", "OK"]
    shown = station_view(plant.station.pk, at=plant.at)
    assert (shown["ask"]["code"], shown["box"]["wanted"], shown["box"]["left"]) == ("PART", 48, 24)
    plant.scans("PA", "%Q:PACK")
    box = HandlingUnit.objects.get()
    plant.scan(f"%H:{box.number}")
    for name, args in (("quantity", []), ("quantity-call", [call.pk]), ("quantity-enter", [])):
        page = desk.get(reverse(name, args=args))
        assert page.status_code == 200, name
    assert box.number in desk.get(reverse("quantity-call", args=[call.pk])).content.decode()
    assert desk.post(reverse("quantity-truck", args=[call.unloading_point_id])).status_code == 302
    box.refresh_from_db()
    truck = box.shipment
    assert truck is not None
    plant.scans("%B:OP", f"%T:{truck.number}", station=plant.dock)
    shown = dock_view(plant.dock.pk, at=plant.tick())
    assert (shown["ask"]["code"], [b["number"] for b in shown["shipment"]["boxes"]]) == ("BOX", [box.number])
    assert plant.scans(f"%H:{box.number}", "%C:DEPART", station=plant.dock) == ["OK", "OK"]
    # A recall finds the pieces both ways: by what they are, and by the truck they left with.
    for asked in (Asked(part="A"), Asked(shipment=truck.number)):
        rows = list(recall_rows(asked))
        assert {(row.rack, row.call_number, row.shipment, row.place) for row in rows} == {
            (box.number, call.number, truck.number, "shipped")
        }
        assert len(rows) == 24


def test_a_box_is_emptied_by_name(plant: Plant, desk: Client) -> None:
    desk.post(reverse("quantity-enter"), said(plant, reason="telephone"))
    assert plant.scans("%B:OP", "%C:BOX", "PA", "%Q:PACK") == ["OK"] * 4
    box = HandlingUnit.objects.get()
    assert desk.post(reverse("quantity-empty", args=[box.pk]), {"reason": ""}).status_code != 302
    assert desk.post(reverse("quantity-empty", args=[box.pk]), {"reason": "damp"}).status_code == 302
    box.refresh_from_db()
    assert (box.status, box.emptied_reason, box.call.status) == ("CANCELLED", "damp", "RELEASED")
    with pytest.raises(Refused, match="no finished box"):
        plan_box_truck(box.call.unloading_point_id, by="desk", at=plant.tick())
