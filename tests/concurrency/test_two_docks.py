"""Two docks at once: a truck stands at one door, a rack is on one truck, the order of departure holds."""

from __future__ import annotations

import pytest

from sequencer.models import Rack, Shipment, Station, UnloadingPoint
from sequencer.services import move_rack_to
from tests.concurrency.test_core_at_once import at_once, scan
from tests.factories import Plant, make_plant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plant() -> Plant:
    return make_plant()


def two_docks(plant: Plant) -> tuple[Station, Station]:
    """Two doors of one unloading point, each with an operator."""
    other = Station.objects.create(
        code="E", name="Door E", kind="DOCK", unloading_point=plant.dock.unloading_point
    )
    for door in (plant.dock, other):
        assert scan(plant, door, "%B:OP", f"badge {door.code}") == "OK"
    return plant.dock, other


def test_one_truck_scanned_at_two_docks_stands_at_one(plant: Plant) -> None:
    plant.build([1, 2, 3], "R1")
    plant.plan()
    number = Shipment.objects.get().number
    one, two = two_docks(plant)
    codes = at_once(
        lambda: scan(plant, one, f"%T:{number}", "one"), lambda: scan(plant, two, f"%T:{number}", "two")
    )
    assert sorted(codes) == ["OK", "WRONG_DOOR"]
    assert Station.objects.filter(shipment__isnull=False).count() == 1


def test_two_docks_load_their_own_trucks_at_once(plant: Plant) -> None:
    plant.build([1, 2, 3], "R1")
    plant.build([4, 5, 6], "R2")
    plant.plan()
    first, second = Shipment.objects.order_by("pk")
    one, two = two_docks(plant)
    assert scan(plant, one, f"%T:{first.number}", "t1") == "OK"
    assert scan(plant, two, f"%T:{second.number}", "t2") == "OK"
    codes = at_once(lambda: scan(plant, one, "%R:R1", "r1"), lambda: scan(plant, two, "%R:R2", "r2"))
    assert codes == ["OK", "OK"]
    # The second truck may not leave before the first; whoever is first decides nothing about the order.
    codes = at_once(lambda: scan(plant, one, "%C:DEPART", "d1"), lambda: scan(plant, two, "%C:DEPART", "d2"))
    assert codes[0] == "OK"
    assert scan(plant, two, "%C:DEPART", "d3") == ("OK" if codes[1] == "NOT_NOW" else "NOT_NOW")
    assert Shipment.objects.filter(status="DEPARTED").count() == 2


def test_one_rack_given_to_two_trucks_at_once_goes_with_one(plant: Plant) -> None:
    plant.build([1, 2, 3], "R1")
    plant.build([4, 5, 6], "R2")
    plant.build([7, 8, 9], "R3")
    UnloadingPoint.objects.update(racks_per_truck=2)
    plant.plan()
    plant.tick(hours=3)
    Rack.objects.filter(carrier__code="R3").update(shipment=None, load_position=None)
    Shipment.objects.filter(racks__isnull=True).delete()
    first = Shipment.objects.order_by("pk")[0]
    other = Shipment.objects.create(
        number="T-X", unloading_point=first.unloading_point, planned_at=plant.at, leaves_at=plant.at
    )
    rack = Rack.objects.get(carrier__code="R3")
    at_once(
        lambda: move_rack_to(rack.pk, first.pk, by="a", reason="x", at=plant.at),
        lambda: move_rack_to(rack.pk, other.pk, by="b", reason="x", at=plant.at),
    )
    rack.refresh_from_db()
    assert rack.shipment_id in {first.pk, other.pk}
    positions = list(Rack.objects.filter(shipment=rack.shipment).values_list("load_position", flat=True))
    assert len(positions) == len(set(positions))
    for shipment in (first, other):
        assert all(n is not None for n in shipment.racks.values_list("load_position", flat=True))
