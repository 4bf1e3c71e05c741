"""One truck for two unloading points: loaded last stop first, refused in words, one advice and delivery each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import reverse

from edi.models import CallOffRoute, TradingPartner
from edi.services import issue_asn
from inventory.errors import Refused
from inventory.models import CustomerPart, Part
from sequencer.models import (
    CallOff,
    Commodity,
    Rack,
    SequenceStream,
    SequencingProgram,
    Shipment,
    Station,
    TrailerType,
    Trip,
    UnloadingPoint,
)
from sequencer.services import (
    depart_shipment,
    dock_view,
    join_shipments,
    part_shipments,
    record_delivery,
    set_trailer,
)
from sequencer.services.shipping import new_shipment
from sequencer.views.dock_picture import trailer
from tests.factories import Plant

Two = tuple[Plant, Plant]


@pytest.fixture
def two(plant: Plant) -> Two:
    """Doors to D1, roofs to D2, both packed here; a trailer of four places with its door at the rear."""
    UnloadingPoint.objects.update(racks_per_truck=2)
    point = UnloadingPoint.objects.create(plant=plant.line.plant, code="D2", racks_per_truck=2)
    UnloadingPoint.objects.update(
        trailer_type=TrailerType.objects.create(code="T4", lanes=1, places=4, needs_seal=True)
    )
    stream = SequenceStream.objects.create(line=plant.line, broadcast_point="ROOF", dense=False)
    program = SequencingProgram.objects.create(
        code="P2", name="Roofs", line=plant.line, stream=stream, unloading_point=point
    )
    commodity = Commodity.objects.create(
        program=program, family="ROOF", name="Roofs", rack_prefix="F", rack_type=plant.commodity.rack_type
    )
    part = Part.objects.create(number="F", description="roof", family="ROOF")
    CustomerPart.objects.create(customer=plant.customer, number="C-F", part=part)
    station = Station.objects.create(code="S2", name="Roofs", commodity=commodity)
    roofs = replace(
        plant, stream=stream, program=program, commodity=commodity, station=station, parts={"F": part}
    )
    return plant, roofs


def filled(plant: Plant, carrier: str, first: int, part: str) -> Rack:
    for sequence in range(first, first + 3):
        plant.new(sequence, f"C-{part}")
    plant.start_rack(carrier)
    for slot in range(1, 4):
        plant.pack(part, slot)
    assert plant.scans("%C:SEAL", f"%R:{carrier}") == ["OK", "OK"]
    return Rack.objects.get(carrier__code=carrier)


def truck(plant: Plant, racks: list[Rack]) -> Shipment:
    point = UnloadingPoint.objects.select_related("plant", "trailer_type").get(
        pk=plant.program.unloading_point_id
    )
    with transaction.atomic():
        return new_shipment(point, racks, plant.at, at=plant.tick())


@pytest.fixture
def trip(two: Two) -> tuple[Shipment, Shipment]:
    """D1 is unloaded first, so D2 is loaded first: two racks of roofs, then one of doors."""
    doors, roofs = two
    first = truck(doors, [filled(doors, "R1", 1, "A")])
    second = truck(roofs, [filled(roofs, "R2", 101, "F"), filled(roofs, "R3", 104, "F")])
    join_shipments([first.pk, second.pk], by="boss", at=doors.tick())
    return first, second


def at_dock(plant: Plant, *raws: str) -> list[tuple[str, str]]:
    found = [plant.scan(raw, station=plant.dock) for raw in raws]
    return [(one.code, one.hint) for one in found]


def codes(plant: Plant, *raws: str) -> list[str]:
    return [code for code, _ in at_dock(plant, *raws)]


def test_the_last_stop_is_loaded_first_and_stands_at_the_cab(
    two: Two, trip: tuple[Shipment, Shipment]
) -> None:
    plant, (first, second) = two[0], trip
    assert at_dock(plant, "%B:OP", f"%T:{first.number}")[1] == (
        "WRONG_ORDER", f"{second.number} for D2 is unloaded later: load it first",
    )  # fmt: skip
    assert codes(plant, f"%T:{second.number}") == ["OK"]
    wrong = at_dock(plant, "%R:R1")[0]
    assert wrong == ("WRONG_ORDER", "This rack goes to D1; D2 is unloaded later and loaded now")
    assert at_dock(plant, "%R:R2", "%R:R3")[1] == ("OK", "F-104 on lane 1 place 2")
    ask = dock_view(plant.dock.pk, at=plant.at)["ask"]
    assert (ask["code"], ask["text"]) == ("TRUCK", f"SCAN TRUCK {first.number}")
    assert at_dock(plant, f"%T:{first.number}", "%R:R1")[1] == ("OK", "R-1 on lane 1 place 3")
    assert list(Shipment.objects.order_by("pk").values_list("status", flat=True)) == ["LOADED", "LOADED"]


def test_the_map_is_the_whole_trailer_and_each_rack_knows_its_point(
    two: Two, trip: tuple[Shipment, Shipment]
) -> None:
    plant, (first, second) = two[0], trip
    codes(plant, "%B:OP", f"%T:{second.number}", "%R:R2", "%R:R3", f"%T:{first.number}")
    shown = dock_view(plant.dock.pk, at=plant.at)["shipment"]
    row = trailer(shown)["rows"][0]
    assert [(one["look"], one.get("point", "")) for one in row] == [
        ("other", "D2"), ("other", "D2"), ("next", "D1"), ("empty", ""),
    ]  # fmt: skip
    assert [(one["point"], one["loaded"], one["here"]) for one in shown["stops"]] == [
        ("D2", True, False), ("D1", False, True),
    ]  # fmt: skip
    page = Client()
    page.force_login(User.objects.create(username="root", is_superuser=True))
    assert "D2" in page.get(reverse("dock", args=[plant.dock.pk])).content.decode()
    assert first.number in page.get(reverse("shipment", args=[second.pk])).content.decode()


def test_one_seal_and_one_departure_with_an_advice_and_a_delivery_each(
    two: Two, trip: tuple[Shipment, Shipment]
) -> None:
    plant, (first, second) = two[0], trip
    partner = TradingPartner.objects.create(
        code="OEM-D", name="An OEM", customer=plant.customer, profile="generic_deljit"
    )
    for each in two:
        CallOffRoute.objects.create(
            partner=partner, program=each.program, dock=each.program.unloading_point.code
        )
    loading = ("%B:OP", f"%T:{second.number}", "%R:R2", "%R:R3")
    assert codes(plant, *loading) == ["OK"] * 4
    # Half a truck neither asks for its seal nor leaves.
    assert codes(plant, "SEAL-1", "%C:DEPART") == ["NOT_NOW", "NOT_NOW"]
    with pytest.raises(Refused, match="leaves with all its points"):
        depart_shipment(second.pk, at=plant.tick(), by="boss")
    assert codes(plant, f"%T:{first.number}", "%R:R1", "%C:DEPART", "SEAL-1", "%C:DEPART") == [
        "OK", "OK", "NOT_NOW", "OK", "OK",
    ]  # fmt: skip
    left = list(Shipment.objects.order_by("pk"))
    assert {(one.status, one.seal_number, one.departed_at) for one in left} == {
        ("DEPARTED", "SEAL-1", plant.at)
    }
    said = [issue_asn(one.pk, at=plant.tick()) for one in left]
    told = [bytes(message.content).decode() if message else "" for message in said]
    assert [("LOC+11+D1" in text, "LOC+11+D2" in text) for text in told] == [(True, False), (False, True)]
    assert [sorted(one.lines.values_list("customer_part", "shipped")) for one in left] == [
        [("C-A", 3)],
        [("C-F", 6)],
    ]
    with transaction.atomic():
        record_delivery(left[1].pk, source="r2", customer_part="", quantity=None, at=plant.tick(hours=1))
    assert list(Shipment.objects.order_by("pk").values_list("status", flat=True)) == ["DEPARTED", "CONFIRMED"]


def test_nothing_of_the_inner_stop_comes_off_past_the_outer_one(
    two: Two, trip: tuple[Shipment, Shipment]
) -> None:
    plant, (first, second) = two[0], trip
    codes(plant, "%B:OP", f"%T:{second.number}", "%R:R2", "%R:R3", f"%T:{first.number}", "%R:R1")
    assert at_dock(plant, f"%T:{second.number}")[0] == (
        "WRONG_ORDER", f"{first.number} for D1 stands before it: take that off first",
    )  # fmt: skip
    off = ("%C:UNLOAD", "%M:DAMAGED", "%B:BOSS", "%P:4711", "%R:R1", "%C:BACK")
    assert codes(plant, *off) == ["OK"] * 6
    assert codes(plant, f"%T:{second.number}") == ["OK"]


REFUSALS: list[tuple[str, Callable[[Shipment, Shipment, Shipment], list[int]], str]] = [
    ("one alone", lambda one, two, same: [one.pk], "trip_stops"),
    ("the same twice", lambda one, two, same: [one.pk, one.pk], "trip_stops"),
    ("two of one point", lambda one, two, same: [one.pk, same.pk], "trip_points"),
    ("nobody's", lambda one, two, same: [one.pk, 10**6], "no_shipment"),
]


@pytest.mark.parametrize(("stops", "code"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_what_is_no_trip(
    two: Two, stops: Callable[[Shipment, Shipment, Shipment], list[int]], code: str
) -> None:
    doors, roofs = two
    one, other, same = truck(doors, []), truck(roofs, []), truck(doors, [])
    with pytest.raises(Refused) as no:
        join_shipments(stops(one, other, same), by="boss", at=doors.tick())
    assert (no.value.code, Trip.objects.exists()) == (code, False)


def test_a_truck_is_on_one_trip_and_no_trailer_holds_more_than_its_places(two: Two) -> None:
    doors, roofs = two
    TrailerType.objects.update(places=2)
    first = truck(doors, [filled(doors, "R1", 1, "A")])
    second = truck(roofs, [filled(roofs, "R2", 101, "F"), filled(roofs, "R3", 104, "F")])
    with pytest.raises(Refused, match="2 places, these are 3 racks"):
        join_shipments([first.pk, second.pk], by="boss", at=doors.tick())
    TrailerType.objects.update(places=3)
    trip = join_shipments([first.pk, second.pk], by="boss", at=doors.tick())
    with pytest.raises(Refused, match="is on M-"):
        join_shipments([truck(doors, []).pk, second.pk], by="boss", at=doors.tick())
    with pytest.raises(Refused, match="go apart first"):
        set_trailer(first.pk, trailer_type_id=None, truck="", by="lou", at=doors.tick())
    codes(doors, "%B:OP", f"%T:{second.number}")
    with pytest.raises(Refused, match="close it again first"):
        part_shipments(trip.pk, by="boss", reason="two trucks came", at=doors.tick())


def test_parted_again_each_goes_as_before(two: Two, trip: tuple[Shipment, Shipment]) -> None:
    plant, (first, _) = two[0], trip
    part_shipments(Trip.objects.get().pk, by="boss", reason="two trucks came", at=plant.tick())
    assert codes(plant, "%B:OP", f"%T:{first.number}", "%R:R1", "SEAL-9", "%C:DEPART") == ["OK"] * 5
    assert list(Shipment.objects.order_by("pk").values_list("status", flat=True)) == ["DEPARTED", "PLANNED"]
    assert CallOff.objects.count() == 9


def test_the_desk_and_the_api_join_and_part(two: Two) -> None:
    doors, roofs = two
    one, other = truck(doors, []), truck(roofs, [])
    client = Client()
    client.force_login(User.objects.create(username="root", is_superuser=True))
    assert "D2" in client.get(reverse("shipment-ask", args=[one.pk, "join"])).content.decode()
    said = {"to": str(other.pk), "first": "other", "reason": "one trailer"}
    assert client.post(reverse("shipment-decide", args=[one.pk, "join"]), said).status_code < 300
    assert list(Shipment.objects.order_by("stop").values_list("pk", flat=True)) == [other.pk, one.pk]
    path = f"/api/v1/shipment-decisions/{one.pk}/part/"
    answer = client.post(path, {"reason": "two came"}, content_type="application/json")
    assert (answer.status_code, answer.json()["trip"]) == (200, None)
    joined = client.post(
        "/api/v1/shipment-decisions/join/", {"stops": [one.pk, other.pk]}, content_type="application/json"
    )
    assert (joined.status_code, joined.json()["stop"]) == (200, 1)
