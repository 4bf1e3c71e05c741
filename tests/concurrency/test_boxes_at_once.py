"""Boxes at two stations in the same moment: one card one box, one box one station, no piece promised twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sequencer.models import HandlingUnit, LabelIssuer, PackingInstruction, QuantityCall, Station
from sequencer.services.quantity import QuantityNews, call_quantity, change_call
from tests.concurrency.test_core_at_once import at_once, scan
from tests.factories import START, Plant, make_plant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plant() -> Plant:
    plant = make_plant()
    LabelIssuer.objects.create(name="We", agency="UN", company="123456789")
    for part in plant.parts.values():
        PackingInstruction.objects.create(part=part, pieces=24)
    return plant


@pytest.fixture
def two(plant: Plant) -> tuple[Station, Station]:
    other = Station.objects.create(code="S2", name="Doors 2", commodity=plant.commodity)
    for station in (plant.station, other):
        assert scan(plant, station, "%B:OP", f"badge {station.code}") == "OK"
    return plant.station, other


def call(plant: Plant, called: int = 24, **more: Any) -> QuantityCall:
    news = QuantityNews(
        unloading_point_id=plant.program.unloading_point_id, part_id=plant.parts["A"].pk, customer_part="C-A",
        due_at=START + timedelta(hours=4), called=called, **more,
    )  # fmt: skip
    return call_quantity(news, source="API", by="erp", at=plant.tick())[0]


def both(plant: Plant, two: tuple[Station, Station], raw: str) -> list[str]:
    one, other = two
    return at_once(lambda: scan(plant, one, raw, f"a {raw}"), lambda: scan(plant, other, raw, f"b {raw}"))


@pytest.mark.parametrize("cards", [("K-1",), ("K-1", "K-2")])
def test_one_card_scanned_at_two_stations_begins_one_box(
    plant: Plant, two: tuple[Station, Station], cards: tuple[str, ...]
) -> None:
    call(plant, 0, cards=cards)
    assert sorted(both(plant, two, "%A:K-1")) == ["CARD_USED", "OK"]
    assert HandlingUnit.objects.count() == 1
    assert Station.objects.filter(handling_unit__isnull=False).count() == 1


def test_the_last_box_of_a_call_is_begun_once(plant: Plant, two: tuple[Station, Station]) -> None:
    call(plant)
    assert sorted(both(plant, two, "%C:BOX")) == ["NOT_NOW", "OK"]
    assert HandlingUnit.objects.count() == 1


def test_who_comes_second_gets_the_next_call(plant: Plant, two: tuple[Station, Station]) -> None:
    call(plant)
    call(plant, signal="PULL-2")
    assert both(plant, two, "%C:BOX") == ["OK", "OK"]
    assert HandlingUnit.objects.values("call").distinct().count() == 2


def test_a_box_that_was_left_is_taken_up_by_one(plant: Plant, two: tuple[Station, Station]) -> None:
    call(plant)
    assert scan(plant, plant.station, "%C:BOX", "begin") == "OK"
    Station.objects.update(handling_unit=None)
    assert sorted(both(plant, two, "%C:BOX")) == ["NOT_NOW", "OK"]
    assert Station.objects.filter(handling_unit__isnull=False).count() == 1


def test_two_stations_fill_one_call_and_never_more_than_it_wants(
    plant: Plant, two: tuple[Station, Station]
) -> None:
    made = call(plant, 48)
    assert both(plant, two, "%C:BOX") == ["OK", "OK"]
    assert both(plant, two, "PA") == ["OK", "OK"]
    one, other = two
    at_once(
        lambda: scan(plant, one, "%Q:PACK", "one pack"),
        lambda: scan(plant, other, "%Q:PACK", "other pack"),
        lambda: change_call(made.pk, 30, by="planner", reason="telephone", at=plant.at),
    )
    made.refresh_from_db()
    packed = sum(HandlingUnit.objects.values_list("pieces", flat=True))
    assert packed in {24, 48}, "either came before the change or was refused by it"
    assert made.quantity == 30
    assert made.status == ("PACKED" if packed == 48 else "IN_WORK")
