"""A missing call that comes after all releases what waits for it, whichever way it comes; and what holds a stream."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from inventory.errors import Invalid, Refused
from sequencer.models import CallOff, Commodity, PlantEvent, Rack, SequenceGap, SequenceStream, StreamHold
from sequencer.services import (
    accept_gap,
    hold_stream,
    release_stream_hold,
    restart_stream,
    seal_rack,
    start_stream,
)
from sequencer.states import Stage
from tests.factories import Plant, person

Path = Callable[[Plant], object]


def by_new(plant: Plant) -> None:
    plant.new(2)


def by_firm(plant: Plant) -> None:
    plant.take("FIRM", "V0002", "0002", required=122)


def by_change(plant: Plant) -> None:
    plant.take("CHANGE", "V0002", "0002", required=122)


def by_forecast_then_firm(plant: Plant) -> None:
    plant.take("NEW", "V0002", "0002", required=122, stage=Stage.PLANNED)
    plant.take("FIRM", "V0002", "0002", required=122)


def by_a_preview_that_gets_its_number(plant: Plant) -> None:
    plant.take("PREVIEW", "V0002", "", required=122, stage=Stage.PREVIEW)
    plant.take("FIRM", "V0002", "0002", required=122)


def by_a_call_moved_into_the_place(plant: Plant) -> None:
    plant.new(7)
    plant.take("RESEQUENCE", "V0007", "0002", "", required=122)


def by_a_cancelled_call_put_back(plant: Plant) -> None:
    plant.new(7)
    plant.take("CANCEL", "V0007", part="")
    plant.take("NEW", "V0007", "0002", required=122)


def by_a_displaced_call_that_is_placed(plant: Plant) -> None:
    plant.take("NEW", "V0002", "0001", required=122)
    assert CallOff.objects.get(call_number="V0002").position is None
    plant.take("CHANGE", "V0002", "0002", required=122)


PATHS = [
    by_new, by_firm, by_change, by_forecast_then_firm, by_a_preview_that_gets_its_number,
    by_a_call_moved_into_the_place, by_a_cancelled_call_put_back, by_a_displaced_call_that_is_placed,
]  # fmt: skip
paths = pytest.mark.parametrize("path", PATHS, ids=[path.__name__ for path in PATHS])


def packed_around_the_gap(plant: Plant) -> Rack:
    """0001 and 0003 stand in their rack; 0002 has not come."""
    plant.new(1)
    plant.new(3)
    plant.start_rack()
    plant.pack("A", 1)
    plant.pack("A", 3)
    return plant.rack(1)


@paths
def test_the_late_call_takes_its_kept_slot_and_the_rack_seals(db: None, plant: Plant, path: Path) -> None:
    rack = packed_around_the_gap(plant)
    with pytest.raises(Refused):
        seal_rack(rack.pk, by=plant.supervisor, at=plant.tick())
    path(plant)
    assert SequenceGap.objects.get(position=2).status == "FILLED"
    plant.pack("A", 2)
    seal_rack(rack.pk, by=plant.supervisor, at=plant.tick())


@paths
def test_the_late_call_opens_a_rack_again_that_was_sealed_without_it(
    db: None, plant: Plant, path: Path
) -> None:
    rack = packed_around_the_gap(plant)
    accept_gap(plant.stream.pk, 2, 2, by=plant.supervisor, reason="OEM: no vehicle", at=plant.tick())
    seal_rack(rack.pk, by=plant.supervisor, at=plant.tick())
    path(plant)
    assert SequenceGap.objects.get(position=2).status == "FILLED"
    rack.refresh_from_db()
    assert rack.status == "REOPENED"
    plant.scans("%R:R1")
    plant.pack("A", 2)
    seal_rack(rack.pk, by=plant.supervisor, at=plant.tick())


def test_the_truck_behind_the_gap_leaves_when_the_call_has_come(db: None, plant: Plant) -> None:
    for n in (1, 2, 3, 5, 6):
        plant.new(n)
    behind = plant.rack(4)
    plant.new(4)
    assert not SequenceGap.objects.filter(status="OPEN").exists()
    assert behind.slots.filter(group__isnull=True).count() == 0


# a stream that begins, and begins anew


def test_racks_are_cut_from_the_declared_start_whatever_comes_first(db: None, plant: Plant) -> None:
    start_stream(plant.stream.pk, 1, at=plant.tick())
    for n in (3, 4, 5, 6, 7, 1, 2):
        plant.new(n)
    assert list(Rack.objects.order_by("low_position").values_list("low_position", "high_position")) == [
        (1, 3), (4, 6), (7, 9),
    ]  # fmt: skip


@pytest.mark.parametrize("number", [0, 10_000, -1])
def test_a_start_the_counter_cannot_show_is_refused(db: None, plant: Plant, number: int) -> None:
    with pytest.raises(Invalid, match="outside 1 to 9999"):
        start_stream(plant.stream.pk, number, at=plant.at)
    plant.new(1)
    with pytest.raises(Invalid, match="outside 1 to 9999"):
        restart_stream(plant.stream.pk, number, by=plant.supervisor, reason="x", at=plant.at)


def test_a_new_count_opens_no_gap_and_cuts_the_old_racks_short(db: None, plant: Plant) -> None:
    for n in range(731, 735):
        plant.new(n, required=n)
    restart_stream(plant.stream.pk, 1, by=plant.supervisor, reason="model year", at=plant.tick())
    for n in (1, 2, 3, 4):
        plant.take("NEW", f"N{n}", f"{n:04d}", required=900 + n)
    assert not SequenceGap.objects.exists()
    assert list(CallOff.objects.order_by("position").values_list("call_number", flat=True)) == [
        "V0731", "V0732", "V0733", "V0734", "N1", "N2", "N3", "N4",
    ]  # fmt: skip
    sizes = [rack.slots.count() for rack in Rack.objects.order_by("low_position")]
    assert sizes == [3, 1, 3, 3]
    assert PlantEvent.objects.get(kind="stream_restarted").reason == "model year"


def test_a_number_missing_in_the_new_count_is_a_gap(db: None, plant: Plant) -> None:
    plant.new(734, required=734)
    restart_stream(plant.stream.pk, 1, by=plant.supervisor, reason="model year", at=plant.tick())
    plant.take("NEW", "N3", "0003", required=903)
    assert list(SequenceGap.objects.values_list("sequence_number", flat=True)) == ["0001", "0002"]


@pytest.mark.parametrize(
    ("begun", "reason", "code"), [(False, "x", "not_begun"), (True, " ", "reason_missing")]
)
def test_a_new_count_is_refused(db: None, plant: Plant, begun: bool, reason: str, code: str) -> None:
    if begun:
        plant.new(5)
    with pytest.raises(Refused) as refused:
        restart_stream(plant.stream.pk, 1, by=plant.supervisor, reason=reason, at=plant.at)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("number", "position"),
    [
        # 0734 was the last of 2026; 9,999 numbers a round
        (1, 10_000),
        (2, 10_001),
        # it goes on although the year has changed
        (735, 735),
        (740, 740),
    ],
)
def test_a_new_year_begins_the_count_anew(db: None, plant: Plant, number: int, position: int) -> None:
    plant.new(733, required=733, cycle="2026")
    plant.new(734, required=734, cycle="2026")
    plant.take("NEW", "X", f"{number:04d}", required=999, cycle="2027")
    assert CallOff.objects.get(call_number="X").position == position
    missing = [g.position for g in SequenceGap.objects.filter(status="OPEN")]
    assert missing == list(range(10_000 if position > 9999 else 735, position))


def test_a_late_call_of_the_old_year_finds_its_place(db: None, plant: Plant) -> None:
    plant.new(732, required=732, cycle="2026")
    plant.new(734, required=734, cycle="2026")
    plant.take("NEW", "N1", "0001", required=901, cycle="2027")
    plant.take("NEW", "LATE", "0733", required=733, cycle="2026")
    assert CallOff.objects.get(call_number="LATE").position == 733
    assert not SequenceGap.objects.filter(status="OPEN").exists()
    plant.take("NEW", "N2", "0002", required=902, cycle="2027")
    assert CallOff.objects.get(call_number="N2").position == 10_001


def test_a_missing_call_that_is_only_needed_next_year_is_late_not_new(db: None, plant: Plant) -> None:
    plant.new(732, required=732, cycle="2026")
    plant.new(734, required=734, cycle="2026")
    plant.take("NEW", "LATE", "0733", required=901, cycle="2027")
    assert CallOff.objects.get(call_number="LATE").position == 733


# two counters


@pytest.mark.parametrize(
    ("point", "source", "taken"), [("", "1", True), ("1", "1", True), ("1", "", True), ("1", "2", False)]
)
def test_a_number_counts_at_its_own_broadcast_point(
    db: None, plant: Plant, point: str, source: str, taken: bool
) -> None:
    SequenceStream.objects.update(broadcast_point=point)
    if taken:
        plant.new(1, sequence_source=source)
        return
    with pytest.raises(Refused, match="counted at broadcast point 2") as refused:
        plant.new(1, sequence_source=source)
    assert refused.value.code == "other_counter"


def test_a_sparse_partner_leaves_no_gap(db: None, plant: Plant) -> None:
    plant.new(1, sparse=True)
    plant.new(90, sparse=True)
    assert not SequenceGap.objects.exists()


# holds


def hold(plant: Plant, ref: str = "cause 1") -> bool:
    with transaction.atomic():
        return hold_stream(plant.stream.pk, ref=ref, reason="transmission 7 is missing", at=plant.tick())


def release(plant: Plant, ref: str = "cause 1") -> int:
    with transaction.atomic():
        return release_stream_hold(ref, at=plant.tick(), by="boss", note="it came")


def full(plant: Plant, sequences: tuple[int, ...], carrier: str = "R1") -> Rack:
    for n in sequences:
        plant.new(n)
    plant.start_rack(carrier)
    for slot in range(1, len(sequences) + 1):
        plant.pack("A", slot)
    return Rack.objects.get(carrier__code=carrier, status="FULL")


def test_a_hold_lets_through_what_was_known_before_it(db: None, plant: Plant) -> None:
    before = full(plant, (1, 2, 3))
    assert hold(plant)
    seal_rack(before.pk, by=plant.supervisor, at=plant.tick())
    plant.scans("%R:R1")
    behind = full(plant, (4, 5, 6), "R2")
    with pytest.raises(Refused, match="transmission 7 is missing; wait for it or have it accepted"):
        seal_rack(behind.pk, by=plant.supervisor, at=plant.tick())
    assert release(plant) == 1
    seal_rack(behind.pk, by=plant.supervisor, at=plant.tick())


def test_a_stream_that_has_not_begun_is_held_whole(db: None, plant: Plant) -> None:
    hold(plant)
    rack = full(plant, (1, 2, 3))
    with pytest.raises(Refused, match="transmission 7"):
        seal_rack(rack.pk, by=plant.supervisor, at=plant.tick())


def test_two_causes_hold_until_both_are_gone(db: None, plant: Plant) -> None:
    assert hold(plant)
    assert not hold(plant)
    assert hold(plant, "cause 2")
    rack = full(plant, (1, 2, 3))
    release(plant)
    with pytest.raises(Refused):
        seal_rack(rack.pk, by=plant.supervisor, at=plant.tick())
    release(plant, "cause 2")
    seal_rack(rack.pk, by=plant.supervisor, at=plant.tick())
    assert StreamHold.objects.filter(released_at__isnull=True).count() == 0


@pytest.mark.parametrize(("ref", "reason"), [("", "why"), ("ref", " ")])
def test_a_hold_without_cause_or_reason_is_refused(db: None, plant: Plant, ref: str, reason: str) -> None:
    with pytest.raises(Refused, match="say what holds"), transaction.atomic():
        hold_stream(plant.stream.pk, ref=ref, reason=reason, at=plant.at)


# admin


@pytest.fixture
def administrator(db: None) -> User:
    return person("admin", "administrator", "ADM")


@pytest.mark.django_db(transaction=True)
def test_an_administrator_declares_the_next_number(plant: Plant, administrator: User) -> None:
    client = Client()
    client.force_login(administrator)
    address = f"/admin/sequencer/sequencestream/{plant.stream.pk}/next/"
    assert b"nothing called yet" in client.get(address).content
    assert (
        address.encode() in client.get(f"/admin/sequencer/sequencestream/{plant.stream.pk}/change/").content
    )
    assert b"outside 1 to 9999" in client.post(address, {"number": 0, "reason": "cutover"}).content
    assert client.post(address, {"number": 1, "reason": "cutover plan"}).status_code == 302
    plant.new(3)
    assert list(SequenceGap.objects.values_list("sequence_number", flat=True)) == ["0001", "0002"]
    assert PlantEvent.objects.get(kind="stream_started").reason == "cutover plan"
    assert b"last called 0003" in client.get(address).content
    assert client.post(address, {"number": 1, "reason": ""}).status_code == 200
    assert client.post(address, {"number": 1, "reason": "new model year"}).status_code == 302
    assert PlantEvent.objects.get(kind="stream_restarted").by == "admin"
    assert Commodity.objects.get().cut_from == 10_000


@pytest.mark.django_db(transaction=True)
def test_nobody_else_declares_it(plant: Plant) -> None:
    client = Client()
    client.force_login(plant.supervisor)
    address = f"/admin/sequencer/sequencestream/{plant.stream.pk}/next/"
    assert client.post(address, {"number": 1, "reason": "x"}).status_code == 403
    assert not PlantEvent.objects.filter(kind="stream_started").exists()
