"""The desk and what an OEM sees: columns, checks with reasons, acts by role, share links that end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from inventory.errors import Refused
from sequencer.boards import shipping as board
from sequencer.models import PlantEvent, Rack, ShareLink, Shipment, TrailerType, UnloadingPoint
from sequencer.services import record_asn_status, revoke_share, share, token_of
from sequencer.states import AsnStatus
from tests.factories import Plant, make_plant, person


@pytest.fixture
def plant(db: None) -> Plant:
    """R1 and R2 staged for one truck, R3 staged without one."""
    plant = make_plant(racks_per_truck=2)
    for n in range(3):
        plant.build([3 * n + 1, 3 * n + 2, 3 * n + 3], f"R{n + 1}")
    plant.plan()
    return plant


@pytest.fixture
def boss(plant: Plant) -> Client:
    client = Client()
    client.force_login(plant.supervisor)
    return client


@pytest.fixture
def lou(plant: Plant) -> Client:
    client = Client()
    client.force_login(person("lou", "logistics", "LOU"))
    return client


def truck() -> Shipment:
    return Shipment.objects.order_by("pk")[0]


def depart(plant: Plant) -> None:
    codes = plant.scans("%B:OP", f"%T:{truck().number}", "%R:R1", "%R:R2", "%C:DEPART", station=plant.dock)
    assert codes == ["OK"] * 5


def columns(plant: Plant) -> dict[str, list[str]]:
    desk = board.desk(at=plant.at)
    names = ("ready", "planned", "loading", "awaiting", "sent", "answered")
    return {name: [card["number"] for card in desk[name]] for name in names if desk[name]}


def test_a_truck_walks_through_the_columns(plant: Plant) -> None:
    number = truck().number
    assert columns(plant) == {"ready": ["R-7"], "planned": [number]}
    plant.scans("%B:OP", f"%T:{number}", station=plant.dock)
    assert columns(plant) == {"ready": ["R-7"], "loading": [number]}
    plant.scans("%R:R1", "%R:R2", "%C:DEPART", station=plant.dock)
    assert columns(plant) == {"ready": ["R-7"], "awaiting": [number]}
    record_asn_status(truck().pk, AsnStatus.SENT, at=plant.tick())
    assert columns(plant) == {"ready": ["R-7"], "sent": [number]}
    record_asn_status(truck().pk, AsnStatus.ACCEPTED, at=plant.tick())
    assert columns(plant) == {"ready": ["R-7"], "answered": [number]}


@pytest.mark.parametrize(
    ("minutes", "status", "look"),
    [
        (1, "SENT", ""),
        (5, "SENT", "soon"),
        (10, "SENT", "late"),
        (1, "REJECTED", "late"),
        (60, "ACCEPTED", "accepted"),
    ],
)
def test_the_asn_turns_amber_and_red(minutes: int, status: str, look: str) -> None:
    seen = board.asn_look(status, done=status == "ACCEPTED", age=timedelta(minutes=minutes))
    assert seen["asn_look"] == look
    assert all((seen["asn_sign"], seen["asn_words"])), "never by colour alone"


def test_depart_is_disabled_with_its_reasons(plant: Plant, boss: Client) -> None:
    trailer = TrailerType.objects.create(code="T", lanes=1, places=2, needs_seal=True, needs_driver=True)
    Shipment.objects.update(trailer_type=trailer)
    page = boss.get(f"/shipping/{truck().pk}/").content.decode()
    for said in ("R-1 is staged", "The door is sealed", "has no driver", "disabled"):
        assert said in page
    checks = {check["code"]: check["ok"] for check in board.truck(truck().pk, at=plant.at)["checks"]}
    assert checks == {
        "not_loaded": False, "comes_off": True, "host_check": True, "past_gap": True, "before_it": True,
        "no_seal": False, "no_driver": False,
    }  # fmt: skip


def test_the_desk_reads_no_more_rows_for_more_trucks(
    plant: Plant, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        board.desk(at=plant.at)


def test_logistics_departs_and_a_supervisor_decides(plant: Plant, boss: Client, lou: Client) -> None:
    pk = truck().pk
    plant.scans("%B:OP", f"%T:{truck().number}", "%R:R1", station=plant.dock)
    assert lou.post(f"/shipping/{pk}/do/depart/").status_code == 409
    assert lou.post(f"/shipping/{pk}/decide/short/", {"reason": "x"}).status_code == 403
    assert lou.get(f"/shipping/{pk}/ask/depart/").status_code == 200
    assert boss.post(f"/shipping/{pk}/decide/short/", {"reason": ""}).status_code == 409
    assert boss.post(f"/shipping/{pk}/decide/short/", {"reason": "OEM asks"}).status_code == 204
    assert (truck().status, truck().short_reason) == ("DEPARTED", "OEM asks")
    assert lou.post(f"/shipping/{pk}/do/arrive/").status_code == 204
    assert truck().status == "ARRIVED"
    assert boss.post(f"/shipping/{pk}/do/nothing/").status_code == 404


def test_an_emergency_run_from_the_desk(plant: Plant, boss: Client) -> None:
    assert b"R-1" in boss.get("/shipping/emergency/").content
    rack = Rack.objects.get(carrier__code="R1").pk
    assert boss.post("/shipping/emergency/", {"rack": rack, "note": "x"}).status_code == 409
    asked = {"rack": rack, "note": "line stands", "cost_reason": "OUR_DELAY"}
    assert boss.post("/shipping/emergency/", asked).status_code == 204
    run = Shipment.objects.get(kind="EMERGENCY")
    assert (run.cost_note, list(run.racks.values_list("pk", flat=True))) == ("line stands", [rack])
    assert b"emergency" in boss.get("/shipping/").content
    assert PlantEvent.objects.get(kind="emergency_run").by == "boss"


def test_rack_acts_from_the_desk(plant: Plant, boss: Client, lou: Client) -> None:
    pk, rack = truck().pk, Rack.objects.get(carrier__code="R2").pk
    assert boss.get(f"/shipping/{pk}/ask/move/?rack={rack}").status_code == 200
    assert (
        boss.post(f"/shipping/{pk}/decide/move/", {"rack": rack, "to": "", "reason": "x"}).status_code == 204
    )
    assert Rack.objects.get(pk=rack).shipment is None
    assert boss.post(f"/shipping/{pk}/decide/insert/", {"rack": rack, "reason": "x"}).status_code == 204
    assert boss.post(f"/shipping/{pk}/decide/insert/", {"reason": "x"}).status_code == 422
    trailer = TrailerType.objects.create(code="T", lanes=1, places=2)
    asked = {"trailer": trailer.pk, "truck": "PB 1"}
    assert lou.post(f"/shipping/{pk}/do/trailer/", asked).status_code == 204
    assert (truck().trailer_type, truck().truck) == (trailer, "PB 1")


def test_one_piece_from_the_desk(plant: Plant, boss: Client) -> None:
    pk, rack = truck().pk, Rack.objects.get(carrier__code="R2")
    assert b"0005" in boss.get(f"/shipping/{pk}/ask/piece/?rack={rack.pk}").content
    at = f"/shipping/{pk}/decide/piece/"
    assert boss.post(at, {"carrier": "R8", "reason": "x"}).status_code == 422
    asked = {"group": plant.group(5).pk, "carrier": "R8", "reason": "OEM asks", "to": ""}
    assert boss.post(at, asked).status_code == 204
    assert plant.group(5).slot.rack.carrier.code == "R8"


# --- what an OEM sees ------------------------------------------------------------------------------------


def link(plant: Plant, **more: object) -> ShareLink:
    given = {"name": "Dispatcher Müller", "days": 7, "by": "boss", "at": timezone.now(), **more}
    return share(plant.line.plant_id, **given)  # type: ignore[arg-type]


def test_an_oem_sees_shipments_racks_and_arrival_without_log_in(plant: Plant) -> None:
    depart(plant)
    Shipment.objects.update(departed_at=timezone.now(), driver="JAN KOWALSKI", seal_number="S-1")
    answer = Client().get(f"/share/{token_of(link(plant))}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert all(said in page for said in (truck().number, "0001–0003", "R1", "ETA"))
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow")


def test_no_person_is_named_to_an_oem(plant: Plant) -> None:
    depart(plant)
    Shipment.objects.update(departed_at=timezone.now(), driver="JAN KOWALSKI")
    page = Client().get(f"/share/{token_of(link(plant))}/").content.decode()
    for name in ("KOWALSKI", "Müller", "boss", "Op<", "Boss"):
        assert name not in page


def test_a_link_shows_one_plant_only(plant: Plant) -> None:
    other = UnloadingPoint.objects.get().plant
    other.pk, other.code, other.name = None, "P2", "Plant 2"
    other.save()
    page = Client().get(f"/share/{token_of(share(other.pk, name='x', days=1, by='b', at=timezone.now()))}/")
    assert truck().number not in page.content.decode()


def test_a_link_that_is_forged_expired_or_withdrawn_is_closed(plant: Plant) -> None:
    good = link(plant)
    token = token_of(good)
    assert Client().get(f"/share/{token}x/").status_code == 404
    assert Client().get("/share/1.abc:def/").status_code == 404
    old = link(plant, at=timezone.now() - timedelta(days=8))
    assert Client().get(f"/share/{token_of(old)}/").status_code == 410
    revoke_share(good.pk, by="boss", at=timezone.now())
    assert Client().get(f"/share/{token}/").status_code == 410
    with pytest.raises(Refused):
        revoke_share(good.pk, by="boss", at=timezone.now())


@pytest.mark.parametrize(("name", "days"), [("", 7), ("x", 0), ("x", 91)])
def test_a_link_has_a_name_and_an_end(plant: Plant, name: str, days: int) -> None:
    with pytest.raises(Refused):
        link(plant, name=name, days=days)


def test_a_link_changes_nothing(plant: Plant) -> None:
    assert Client().post(f"/share/{token_of(link(plant))}/").status_code == 405


def test_links_are_made_and_withdrawn_at_the_desk(plant: Plant, lou: Client) -> None:
    asked = {"name": "Dispatcher", "plant": plant.line.plant_id, "days": "7"}
    page = lou.post("/shipping/links/", asked, follow=True).content.decode()
    made = ShareLink.objects.get()
    assert f"/share/{token_of(made)}/" in page
    assert lou.post(f"/shipping/links/{made.pk}/revoke/").status_code == 302
    made.refresh_from_db()
    assert made.revoked_by == "lou"


# --- API -------------------------------------------------------------------------------------------------


def test_the_api_decides_by_role_and_reads_the_ledgers(plant: Plant, boss: Client, lou: Client) -> None:
    pk, json = truck().pk, "application/json"
    at = f"/api/v1/shipment-decisions/{pk}"
    plant.scans("%B:OP", f"%T:{truck().number}", "%R:R1", station=plant.dock)
    assert lou.post(f"{at}/send-short/", {"reason": "x"}, json).status_code == 403
    assert boss.post(f"{at}/send-short/", {}, json).status_code == 422
    answer = boss.post(f"{at}/send-short/", {"reason": "OEM asks"}, json)
    assert (answer.status_code, answer.json()["status"]) == (200, "DEPARTED")
    assert lou.post(f"{at}/arrive/", {}, json).json()["status"] == "ARRIVED"
    assert boss.post(f"{at}/cancel/", {"reason": "x"}, json).status_code == 409
    moves = boss.get("/api/v1/carrier-movements/?carrier=R1").json()["results"]
    assert [(move["kind"], move["shipment"]) for move in moves] == [("OUT", truck().number)]
    lines = boss.get(f"/api/v1/deliveries/?shipment={truck().number}").json()["results"]
    assert [(line["customer_part"], line["shipped"]) for line in lines] == [("C-A", "3.000")]
    assert boss.get("/api/v1/dock-signals/?station=D").json()["results"] == []


def test_an_emergency_run_by_the_api(plant: Plant, boss: Client) -> None:
    rack = Rack.objects.get(carrier__code="R1")
    asked = {"unloading_point": plant.dock.unloading_point_id, "racks": [rack.pk], "cost_reason": "CARRIER",
             "note": "broke down"}  # fmt: skip
    answer = boss.post("/api/v1/shipment-decisions/emergency/", asked, "application/json")
    assert (answer.status_code, answer.json()["kind"]) == (200, "EMERGENCY")
