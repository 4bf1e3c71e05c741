"""Two that need the same two trucks in opposite order: one is done, the other told that nothing was stored."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from sequencer.models import Rack, Shipment
from sequencer.services.racks import lock_racks
from tests.factories import Plant, make_plant

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer cannot meet another"),
]


@pytest.fixture
def two(transactional_db: None) -> tuple[Plant, Rack, Rack]:
    """Two staged racks, each on a truck of its own; the first truck has the lower key."""
    plant = make_plant(racks_per_truck=1)
    racks = plant.build([1, 2, 3], "R1"), plant.build([4, 5, 6], "R2")
    plant.plan()
    for rack in racks:
        rack.refresh_from_db()
    return plant, *racks


def moved(rack: Rack, to: int) -> tuple[int, str]:
    """The desk gives a rack to another truck: both trucks are locked, the lower key first."""
    desk = Client()
    desk.force_login(User.objects.get(username="boss"))
    try:
        said = {"rack": rack.pk, "to": to, "reason": "it fits"}
        answer = desk.post(reverse("shipment-decide", args=[rack.shipment_id, "move"]), said)
        return answer.status_code, answer.get("Retry-After", "")
    finally:
        connection.close()


def waits_for_a_truck() -> bool:
    """Somebody stands in line for a row of the trucks: he holds its tuple lock meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            "WHERE d.datname = current_database() AND l.locktype = 'tuple' "
            "AND l.relation = 'sequencer_shipment'::regclass"
        )
        return bool(cursor.fetchone()[0])


def test_who_took_the_trucks_one_by_one_meets_the_desk(two: tuple[Plant, Rack, Rack]) -> None:
    """A call that moves from the later truck to the earlier locks rack after rack; the desk locks by key."""
    _, first, second = two
    assert first.shipment_id is not None
    assert second.shipment_id is not None
    assert first.shipment_id < second.shipment_id
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_racks([second.pk])
            desk = pool.submit(moved, second, first.shipment_id)
            deadline = time.monotonic() + 60
            while not waits_for_a_truck() and time.monotonic() < deadline:
                time.sleep(0.01)
            lock_racks([first.pk])
        # PostgreSQL ended the one that waited first; nothing of it was stored, and it is told so.
        assert desk.result(timeout=60) == (503, "1")
    second.refresh_from_db()
    assert Shipment.objects.get(pk=second.shipment_id).status == "PLANNED"
    # Alone it is done, or refused for its own reasons, never an error.
    assert moved(second, first.shipment_id)[0] in {200, 204, 409}
