"""The main job in one breath: calls, rack, scans, seal, truck, departure."""

from __future__ import annotations

from sequencer.models import Shipment
from tests.factories import Plant


def test_three_calls_become_a_departed_truck(plant: Plant) -> None:
    rack = plant.build([1, 2, 3])
    assert rack.status == "STAGED"
    assert plant.plan() == 1
    truck = Shipment.objects.get()
    codes = plant.scans("%B:OP", f"%T:{truck.number}", "%R:R1", "%C:DEPART", station=plant.dock)
    assert codes == ["OK", "OK", "OK", "OK"]
    truck.refresh_from_db()
    assert (truck.status, truck.asn_status) == ("DEPARTED", "DUE")
    assert [plant.group(n).status for n in (1, 2, 3)] == ["SHIPPED"] * 3
