"""Returnable racks: out, back, lost by a name, found again, and when the empties run out."""

from __future__ import annotations

import pytest
from django.test import Client

from inventory.errors import Refused
from sequencer.boards.returnables import returnables
from sequencer.models import Carrier, CarrierMovement, Rack, Shipment
from sequencer.services import find_carrier, lose_carrier, record_arrival, return_carrier
from tests.factories import Plant, person


@pytest.fixture
def out(plant: Plant) -> Plant:
    """R1 left with a truck."""
    plant.build([1, 2, 3], "R1")
    plant.plan()
    number = Shipment.objects.get().number
    assert plant.scans("%B:OP", f"%T:{number}", "%R:R1", "%C:DEPART", station=plant.dock) == ["OK"] * 4
    return plant


def kinds() -> list[str]:
    return list(CarrierMovement.objects.order_by("id").values_list("kind", flat=True))


def test_a_loop_is_out_and_back_with_its_time(out: Plant) -> None:
    out.tick(hours=5)
    return_carrier("R1", at=out.tick(), by="lou")
    assert kinds() == ["OUT", "BACK"]
    back = CarrierMovement.objects.get(kind="BACK")
    assert (back.loop_minutes, back.shipment) == (300, Shipment.objects.get())
    with pytest.raises(Refused):
        return_carrier("R1", at=out.tick(), by="lou")


def test_a_rack_comes_back_from_the_oem_too(out: Plant) -> None:
    record_arrival(Shipment.objects.get().pk, at=out.tick(minutes=25), by="lou")
    assert Rack.objects.get().status == "AT_OEM"
    assert out.scan("%R:R1", station=out.dock).code == "OK"
    assert Rack.objects.get().status == "RETURNED"


def test_a_rack_is_lost_by_a_name_with_a_reason(out: Plant) -> None:
    for by, reason in (("", "x"), ("boss", " ")):
        with pytest.raises(Refused, match="say who"):
            lose_carrier("R1", by=by, reason=reason, at=out.tick())
    lose_carrier("R1", by="boss", reason="scrapped at the OEM", at=out.tick())
    with pytest.raises(Refused, match="already"):
        lose_carrier("R1", by="boss", reason="again", at=out.tick())
    lost = CarrierMovement.objects.get(kind="LOST")
    assert (lost.by, lost.reason) == ("boss", "scrapped at the OEM")
    page = returnables(at=out.at, show="lost")
    assert [row["code"] for row in page["rows"]] == ["R1"]
    assert page["tiles"][0]["lost"] == 1


def test_a_lost_rack_is_found_by_a_scan_at_the_dock(out: Plant) -> None:
    lose_carrier("R1", by="boss", reason="x", at=out.tick())
    assert out.scan("%R:R1", station=out.dock).code == "OK"
    assert kinds() == ["OUT", "LOST", "FOUND", "BACK"]
    assert Carrier.objects.get(code="R1").lost_at is None


def test_a_rack_lost_at_home_is_refused_at_the_station_until_it_is_found(plant: Plant) -> None:
    plant.new(1)
    lose_carrier("R5", by="boss", reason="not in the count", at=plant.tick())
    assert plant.scans("%B:OP", "%R:R5") == ["OK", "NOT_NOW"]
    find_carrier("R5", by="boss", at=plant.tick())
    assert plant.scans("%R:R5") == ["OK"]
    with pytest.raises(Refused):
        find_carrier("R5", by="boss", at=plant.tick())


def test_a_rack_with_work_in_it_cannot_be_lost(plant: Plant) -> None:
    plant.new(1)
    plant.start_rack("R1")
    with pytest.raises(Refused) as refused:
        lose_carrier("R1", by="boss", reason="x", at=plant.tick())
    assert refused.value.code == "in_work"


def test_a_rack_is_late_after_the_plants_loop(out: Plant) -> None:
    assert [row["state"] for row in returnables(at=out.at)["rows"]] == ["out"]
    out.tick(hours=25)
    page = returnables(at=out.at, show="late")
    assert [(row["code"], row["state"]) for row in page["rows"]] == [("R1", "late")]


def test_the_forecast_says_when_the_empties_run_out(out: Plant) -> None:
    """Eight are free; ten racks are started in the next hours and one comes back after its loop."""
    for n in range(4, 34):
        out.new(n, required=60 + n)
    tile = returnables(at=out.at)["tiles"][0]
    assert (tile["free"], tile["out"], tile["forecast"]["wanted"]) == (8, 1, 10)
    assert (tile["forecast"]["short"], tile["forecast"]["runs_out_at"] is not None) == (2, True)
    out.plan()
    assert len(tile["forecast"]["hours"]) == 12


def test_the_ledger_counts_what_the_racks_say(out: Plant) -> None:
    """Every carrier that is out has one more OUT than BACK, every other one as many."""
    out.build([4, 5, 6], "R2")
    out.tick(hours=2)
    return_carrier("R1", at=out.tick(), by="lou")
    for carrier in Carrier.objects.all():
        moves = list(carrier.movements.values_list("kind", flat=True))
        away = Rack.objects.filter(carrier=carrier, status__in=["IN_TRANSIT", "AT_OEM"]).exists()
        assert moves.count("OUT") - moves.count("BACK") == int(away)


def test_the_page(out: Plant) -> None:
    client = Client()
    client.force_login(out.supervisor)
    page = client.get("/returnables/").content.decode()
    assert "R1" in page
    assert "8</b>" in page
    client.force_login(out.operator)
    assert client.post("/returnables/R1/lost/", {"reason": "gone"}).status_code == 403
    client.force_login(person("lou", "logistics", "LOU"))
    assert client.get("/returnables/R1/lost/").status_code == 200
    assert client.post("/returnables/R1/lost/", {"reason": "gone"}).status_code == 204
    assert client.post("/returnables/R1/found/").status_code == 204
