"""What a truck weighs: on papers, labels and the desk the same figures, and nothing guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.errors import Refused
from inventory.models import Part
from sequencer.boards import shipping as board
from sequencer.models import RackType, Shipment, TrailerType, UnloadingPoint
from sequencer.services import depart_shipment
from sequencer.services.printing import gather
from sequencer.services.weights import weigh_trucks
from tests.factories import Plant, make_plant


@pytest.fixture
def plant(db: None) -> Plant:
    """A truck with R1 (three pieces of A) loaded, its trailer without a limit."""
    plant = make_plant()
    UnloadingPoint.objects.update(trailer_type=TrailerType.objects.create(code="T", places=4))
    plant.build([1, 2, 3], "R1")
    plant.plan()
    truck = Shipment.objects.get()
    assert plant.scans("%B:OP", f"%T:{truck.number}", "%R:R1", station=plant.dock) == ["OK"] * 3
    return plant


@pytest.mark.parametrize(
    ("piece", "tare", "net", "gross", "known"),
    [
        ("2.5", "40", "7.5", "47.5", "47.5"),
        (None, "40", None, None, "40"),
        ("2.5", None, "7.5", None, "7.5"),
        (None, None, None, None, "0"),
    ],
)
def test_a_sum_with_an_unknown_part_is_not_known(
    plant: Plant, piece: str | None, tare: str | None, net: str | None, gross: str | None, known: str
) -> None:
    Part.objects.update(net_weight_kg=piece)
    RackType.objects.update(tare_kg=tare)
    truck = Shipment.objects.get()
    found = weigh_trucks([truck])[truck.pk]
    wanted = [None if text is None else Decimal(text) for text in (net, gross, known)]
    assert [found.net, found.gross, found.known] == wanted
    paper = gather.lading(Shipment.objects.get(), None)
    label = gather.load(plant.rack(1), None, "", plant.at)
    card = board.truck(Shipment.objects.get().pk, at=plant.at)["card"]
    assert {(one.net_kg, one.gross_kg) for one in (paper, label)} == {(net or "", gross or "")}
    assert (card["net_kg"], card["gross_kg"]) == (net or "", gross or "")


@pytest.mark.parametrize(("limit", "leaves"), [(None, True), (48, True), (47, False)])
def test_a_truck_over_its_payload_does_not_leave(plant: Plant, limit: int | None, leaves: bool) -> None:
    Part.objects.update(net_weight_kg="2.5")
    RackType.objects.update(tare_kg=40)
    TrailerType.objects.update(max_load_kg=limit)
    truck = Shipment.objects.get()
    (card,) = board.desk(at=plant.at)["loading"]
    assert card["too_heavy"] is not leaves
    if leaves:
        depart_shipment(truck.pk, at=plant.tick(), by="op")
        return
    with pytest.raises(Refused, match=r"weighs 47.5 kg, a T carries 47; move a rack") as refused:
        depart_shipment(truck.pk, at=plant.tick(), by="op")
    assert refused.value.code == "too_heavy"
