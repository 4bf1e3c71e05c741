"""Quality holds stop pick, pack, seal, load, departure and ASN from their commit on, and name themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory.errors import Refused
from sequencer.boards import shipping as board
from sequencer.models import FloorException, OemPlant, QualityHold, Shipment, Task, Unit
from sequencer.services import depart_shipment, seal_rack, station_view
from sequencer.services.held import held_in_shipment
from sequencer.services.quality import UNDER_WAY, Caught, place_hold, release_hold, where_every_unit_is
from sequencer.services.trace import life_of
from tests.factories import Plant, make_plant


def part(serial: str, number: str = "A") -> str:
    return f"[)>\x1e06\x1dP{number}\x1dS{serial}\x1e\x04"


@pytest.fixture
def floor(db: None) -> Plant:
    """Serial parts, three calls, rack R1 being loaded, piece 11 packed in slot 1."""
    plant = make_plant(serial=True)
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.pack("A", 1, serial="11")
    return plant


def hold(plant: Plant, **caught: object) -> int:
    reason = "cracked clip"
    return place_hold(Caught(**caught), by="quality", reason=reason, at=plant.tick()).pk  # type: ignore[arg-type]


def fill(plant: Plant) -> None:
    plant.pack("A", 2, serial="12")
    plant.pack("A", 3, serial="13")


@pytest.mark.parametrize(
    ("caught", "code"),
    [
        ({"serial": "12"}, "ON_HOLD"),
        ({"part": "A"}, "ON_HOLD"),
        ({"part": "A", "serial": "12"}, "ON_HOLD"),
        ({"part": "B", "serial": "12"}, "OK"),
        ({"serial": "99"}, "OK"),
        ({"lot": "L1"}, "OK"),
    ],
)
def test_a_piece_that_fits_is_not_taken(floor: Plant, caught: dict[str, str], code: str) -> None:
    number = hold(floor, **caught)
    verdict = floor.scan(part("12"))
    assert verdict.code == code
    assert (f"Q-{number} cracked clip" in verdict.hint) == (code == "ON_HOLD")


def test_a_time_window_catches_what_is_scanned_inside_it(floor: Plant) -> None:
    start = floor.at
    hold(floor, made_from=start, made_to=start + timedelta(minutes=5))
    assert floor.scan(part("12")).code == "ON_HOLD"
    floor.tick(minutes=6)
    assert floor.scan(part("12")).code == "OK"


def test_the_piece_in_the_hand_goes_back(floor: Plant) -> None:
    floor.scan(part("12"))
    hold(floor, serial="12")
    assert station_view(floor.station.pk, at=floor.at)["ask"]["code"] == "PUT_BACK"
    assert floor.scan("%L:2").code == "PUT_BACK"


def test_seal_names_the_hold_and_comes_back_after_release(floor: Plant) -> None:
    fill(floor)
    number = hold(floor, serial="11")
    verdict = floor.scan("%C:SEAL")
    assert (verdict.code, f"on quality hold Q-{number} cracked clip" in verdict.hint) == ("ON_HOLD", True)
    with pytest.raises(Refused, match=f"Q-{number}"):
        seal_rack(floor.rack(1).pk, by=floor.supervisor, at=floor.tick())
    release_hold(number, by="quality", reason="measured: good", at=floor.tick())
    assert floor.scan("%C:SEAL").code == "OK"


def loaded(plant: Plant) -> Shipment:
    fill(plant)
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    plant.tick(minutes=100)
    plant.plan()
    return Shipment.objects.get()


def test_the_dock_loads_no_rack_with_a_held_piece(floor: Plant) -> None:
    shipment = loaded(floor)
    number = hold(floor, serial="12")
    floor.scans("%B:OP", f"%T:{shipment.number}", station=floor.dock)
    verdict = floor.scan("%R:R1", station=floor.dock)
    assert (verdict.code, f"Q-{number}" in verdict.hint) == ("ON_HOLD", True)
    release_hold(number, by="quality", reason="good", at=floor.tick())
    assert floor.scan("%R:R1", station=floor.dock).code == "OK"


def test_departure_names_the_hold_and_the_asn_waits(floor: Plant) -> None:
    shipment = loaded(floor)
    assert floor.scans("%B:OP", f"%T:{shipment.number}", "%R:R1", station=floor.dock) == ["OK"] * 3
    number = hold(floor, lot="", serial="12")
    with pytest.raises(Refused, match=f"Q-{number}"):
        depart_shipment(shipment.pk, at=floor.tick(), by="op")
    release_hold(number, by="quality", reason="good", at=floor.tick())
    depart_shipment(shipment.pk, at=floor.tick(), by="op")
    assert held_in_shipment(shipment.pk) == []
    again = hold(floor, serial="12")
    assert held_in_shipment(shipment.pk) == [f"0002 is held: Q-{again} cracked clip"]


def test_a_held_piece_on_the_road_is_a_task_that_says_whom_to_tell(floor: Plant) -> None:
    shipment = loaded(floor)
    floor.scans("%B:OP", f"%T:{shipment.number}", "%R:R1", station=floor.dock)
    OemPlant.objects.update(contact="Ms Weber, +49 841 1234")
    Shipment.objects.update(truck="IN-AB 123")
    hold(floor, serial="99")
    depart_shipment(shipment.pk, at=floor.tick(), by="op")
    assert not Task.objects.filter(kind=UNDER_WAY).exists()
    first, second = hold(floor, serial="12"), hold(floor, part="A")
    task = Task.objects.get(kind=UNDER_WAY)
    shipment.refresh_from_db()
    left = f"{timezone.localtime(shipment.departed_at):%H:%M}"
    for said in (shipment.number, "IN-AB 123", left, "its ASN waits", "0002", "Ms Weber, +49 841 1234"):
        assert said in task.text, (said, task.text)
    (card,) = board.desk(at=floor.at)["awaiting"]
    assert card["held"] == task.text
    told = [entry.what for entry in life_of("shipment", str(shipment.pk)).entries]
    assert any(task.text in text for text in told), told
    release_hold(first, by="quality", reason="good", at=floor.tick())
    assert Task.objects.get(kind=UNDER_WAY).status == "OPEN"
    release_hold(second, by="quality", reason="good", at=floor.tick())
    assert Task.objects.get(kind=UNDER_WAY).status == "DONE"


def test_two_holds_on_one_piece_both_must_go(floor: Plant) -> None:
    first, second = hold(floor, serial="11"), hold(floor, part="A")
    release_hold(first, by="quality", reason="good", at=floor.tick())
    assert floor.group(1).on_hold
    release_hold(second, by="quality", reason="good", at=floor.tick())
    assert not floor.group(1).on_hold


def test_a_hold_on_a_call_holds_its_group_before_anything_is_built(floor: Plant) -> None:
    hold(floor, group_id=floor.group(2).pk)
    assert station_view(floor.station.pk, at=floor.at)["now"]["sequence"] == "0003"


def test_where_every_piece_is_row_task_and_banner(floor: Plant) -> None:
    fill(floor)
    number = hold(floor, part="A")
    found = where_every_unit_is(QualityHold.objects.get(pk=number))
    assert [(r["unit"].serial, r["place"]) for r in found["rows"]] == [
        ("13", "rack R-1 slot 3"), ("12", "rack R-1 slot 2"), ("11", "rack R-1 slot 1"),
    ]  # fmt: skip
    assert (found["total"], found["counts"]) == (3, {"PACKED": 3})
    noted = FloorException.objects.get(kind="HOLD")
    assert (noted.by, noted.reason) == ("quality", "cracked clip")
    assert Task.objects.filter(kind="QUALITY_HOLD", status="OPEN").count() == 1
    banner = station_view(floor.station.pk, at=floor.at)["banners"][-1]
    assert (banner["kind"], banner["text"]) == ("hold", f"Q-{number} A: cracked clip")
    release_hold(number, by="quality", reason="good", at=floor.tick())
    assert FloorException.objects.get(kind="HOLD").resolution == "good"
    assert not Task.objects.filter(kind="QUALITY_HOLD").exclude(status="DONE").exists()


@pytest.mark.parametrize(
    ("caught", "reason", "code"),
    [
        ({}, "why", "says_nothing"),
        ({"part": "A"}, " ", "reason_missing"),
        ({"part": "NIX"}, "why", "no_part"),
        ({"group_id": 10**6}, "why", "no_group"),
    ],
)
def test_what_placing_refuses(floor: Plant, caught: dict[str, object], reason: str, code: str) -> None:
    with pytest.raises((Refused, Exception)) as refused:
        place_hold(Caught(**caught), by="quality", reason=reason, at=floor.tick())  # type: ignore[arg-type]
    assert refused.value.code == code  # type: ignore[attr-defined]


def test_a_hold_is_released_once_and_with_a_reason(floor: Plant) -> None:
    number = hold(floor, part="A")
    with pytest.raises(Refused):
        release_hold(number, by="quality", reason="", at=floor.tick())
    release_hold(number, by="quality", reason="good", at=floor.tick())
    with pytest.raises(Refused):
        release_hold(number, by="quality", reason="good", at=floor.tick())
    assert Unit.objects.get(serial="11").status == "PACKED"
