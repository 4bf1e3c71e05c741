"""The dense count of a partner: what is missing is stored, holds what lies behind it, and fills by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edi.models import CallOffRoute, InboundEvent, TradingPartner, TransmissionCounter, TransmissionGap
from edi.services import accept_transmission_gap, profiles, reprocess_delivery, restart_counter, run_lane
from edi.services.counters import unwrapped, written
from inventory.errors import Refused
from sequencer.models import Commodity, SequenceGap, SequenceStream, SequencingProgram, StreamHold, Task
from sequencer.services import depart_shipment, seal_rack
from tests.edi.files import Call, Sender, deljit, interchange, message
from tests.factories import Plant

Profiled = Callable[[str], None]


@pytest.fixture
def profiled(partner: TradingPartner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profiled:
    """Gives the partner a profile of a few lines."""
    monkeypatch.setattr(profiles, "PARTNERS", tmp_path / "partners")

    def write(text: str) -> None:
        folder = tmp_path / "partners" / partner.profile
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "profile.toml").write_text(text)
        profiles._read.cache_clear()

    return write


TRANSMISSIONS = 'counter = "transmission"\n[control]\ntransmission_width = 3\n'


@pytest.fixture
def counted(profiled: Profiled, sender: Sender) -> Sender:
    profiled(TRANSMISSIONS)
    return sender


def runs(**wanted: str) -> list[tuple[str, str, str]]:
    return list(TransmissionGap.objects.filter(**wanted).values_list("first_ref", "last_ref", "status"))


def held() -> list[int | None]:
    return list(StreamHold.objects.filter(released_at__isnull=True).values_list("after_position", flat=True))


# continuity


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ([1, 2, 3], []),
        ([41, 42], []),
        ([1, 3], [("2", "2")]),
        ([1, 5, 9], [("2", "4"), ("6", "8")]),
        ([1, 3, 2], []),
        ([1, 5, 3], [("2", "2"), ("4", "4")]),
        ([1, 5, 2], [("3", "4")]),
        ([1, 5, 4], [("2", "3")]),
        ([1, 5, 4, 3, 2], []),
        # after 999 comes 1
        ([998, 999, 1, 2], []),
        ([998, 2], [("999", "1")]),
        ([998, 2, 999, 1], []),
    ],
)
def test_what_is_missing(counted: Sender, numbers: list[int], missing: list[tuple[str, str]]) -> None:
    for place, number in enumerate(numbers, start=1):
        counted.send(Call(place), control=number)
    assert [run[:2] for run in runs(status="OPEN")] == missing
    assert len(held()) == len(
        {f for f, _ in StreamHold.objects.filter(released_at=None).values_list("ref", "id")}
    )
    assert bool(held()) == bool(missing)


def test_a_repeat_counts_once(counted: Sender) -> None:
    for _ in range(2):
        counted.send(Call(1), control=1)
    counted.send(Call(2), control=2)
    assert runs() == []
    assert TransmissionCounter.objects.get().last_ref == "2"


def test_a_rejected_file_has_not_come(counted: Sender) -> None:
    counted.send(Call(1), control=1)
    counted.send_raw(deljit([Call(2)], 2).replace(b"UNZ+1+2", b"UNZ+1+9"))
    counted.send(Call(3), control=3)
    assert runs() == [("2", "2", "OPEN")]
    counted.send(Call(2), control=2)
    assert runs() == [("2", "2", "FILLED")]


def test_a_file_read_again_by_a_person_fills_its_own_gap(
    counted: Sender, plant: Plant, profiled: Profiled
) -> None:
    counted.send(Call(1), control=1)
    bad = counted.send_raw(deljit([Call(2)], 2).replace(b"UNZ+1+2", b"UNZ+7+2"))
    counted.send(Call(3), control=3)
    assert held() == [1]
    profiled(TRANSMISSIONS + '[severity]\ncount_mismatch = "warn"\n')
    reprocess_delivery(bad.pk, by=plant.supervisor, at=plant.at)
    run_lane(bad.partner_id)
    assert runs() == [("2", "2", "FILLED")]
    assert held() == []


def test_an_old_file_from_before_the_start_is_no_new_round(counted: Sender) -> None:
    counted.send(Call(2), control=700)
    counted.send_raw(deljit([Call(1)], 1).replace(b"+261123:0600+", b"+261123:0500+"))
    counted.send(Call(3), control=701)
    assert runs() == []
    assert TransmissionCounter.objects.get().last_ref == "701"


def test_the_count_begins_anew_with_one(counted: Sender) -> None:
    counted.send(Call(1), control=1)
    counted.send(Call(2), control=2)
    counted.send_raw(deljit([Call(3)], 1).replace(b"+261123:0600+", b"+270104:0600+"))
    counted.send_raw(deljit([Call(4)], 2).replace(b"+261123:0600+", b"+270104:0601+"))
    assert runs() == []
    assert not Task.objects.filter(kind="EDI_COUNTER").exists()


def test_a_count_that_began_anew_in_the_middle_is_for_a_person(counted: Sender, plant: Plant) -> None:
    counted.send(Call(1), control=500)
    counted.send_raw(deljit([Call(2)], 301).replace(b"+261123:0600+", b"+261124:0600+"))
    assert runs() == []
    task = Task.objects.get(kind="EDI_COUNTER")
    assert "301" in task.text
    counter = TransmissionCounter.objects.get()
    with pytest.raises(Refused, match="say who"):
        restart_counter(counter.pk, 301, by=plant.supervisor, reason=" ", at=plant.at)
    restart_counter(counter.pk, 301, by=plant.supervisor, reason="new server at the OEM", at=plant.at)
    counted.send_raw(deljit([Call(3)], 303).replace(b"+261123:0600+", b"+261124:0601+"))
    assert runs() == [("302", "302", "OPEN")]
    task.refresh_from_db()
    assert task.status == "DONE"


def test_a_number_the_counter_cannot_show_is_told(counted: Sender) -> None:
    counted.send(Call(1), control=1000)
    assert "no number of a counter that ends at 999" in Task.objects.get(kind="EDI_COUNTER").text


def test_message_numbers_can_be_the_dense_ones(profiled: Profiled, sender: Sender) -> None:
    profiled('counter = "message"\n[control]\ntransmission_width = 4\n')
    sender.send_raw(interchange([message([Call(1)], "7"), message([Call(2)], "8")], 100))
    sender.send_raw(interchange([message([Call(3)], "10")], 300))
    assert runs() == [("9", "9", "OPEN")]
    sender.send_raw(interchange([message([Call(4)], "9")], 200))
    assert runs() == [("9", "9", "FILLED")]


def test_tests_of_a_partner_count_nowhere(counted: Sender) -> None:
    counted.send(Call(1), control=1)
    counted.send(Call(2), control=900, test=True)
    counted.send(Call(2), control=2)
    assert runs() == []


@pytest.mark.parametrize("counter", ["transmission", "message", "none"])
def test_vehicles_are_sparse_when_something_else_is_dense(
    profiled: Profiled, sender: Sender, counter: str
) -> None:
    profiled(f'counter = "{counter}"\n')
    sender.send(Call(1))
    sender.send(Call(40))
    assert not SequenceGap.objects.exists()


def test_two_broadcast_points_of_a_line_count_for_themselves(sender: Sender, plant: Plant) -> None:
    line, point = plant.line, plant.program.unloading_point
    CallOffRoute.objects.all().delete()
    for source in ("1", "2"):
        stream = SequenceStream.objects.create(line=line, broadcast_point=source, max_jump=50)
        program = SequencingProgram.objects.create(
            code=f"P{source}", name=source, line=line, stream=stream, unloading_point=point
        )
        Commodity.objects.create(
            program=program,
            family="DOOR",
            name=source,
            rack_prefix=f"X{source}",
            rack_type=plant.commodity.rack_type,
        )
        CallOffRoute.objects.create(partner=sender.partner, program=program, broadcast_point=source)
    for number in range(1, 4):
        for source, first in (("1", 0), ("2", 700)):
            raw = deljit([Call(first + number)], sender.control + 1).replace(
                b":3'", f":{source}'".encode(), 1
            )
            sender.control += 1
            sender.send_raw(raw)
    assert {status for _, status, _ in sender.statuses()} == {"APPLIED"}
    assert not SequenceGap.objects.exists()


def test_a_number_of_another_point_is_held_not_taken_for_a_gap(sender: Sender, plant: Plant) -> None:
    SequenceStream.objects.filter(pk=plant.stream.pk).update(broadcast_point="3")
    sender.send(Call(1))
    sender.send_raw(deljit([Call(9)], 50).replace(b"SEQ+3+0009:3'", b"SEQ+3+0009:2'"))
    assert sender.statuses()[1][1:] == ("HELD", "other_counter")
    assert not SequenceGap.objects.exists()


# what a missing transmission holds


def full_rack(plant: Plant, sender: Sender, first: int, carrier: str) -> Any:
    """Packs the three calls from `first` on, up to the seal."""
    plant.start_rack(carrier)
    for slot in (1, 2, 3):
        plant.pack("A", slot)
    return plant.rack(first)


def test_building_goes_on_and_sealing_past_it_waits(counted: Sender, plant: Plant) -> None:
    counted.send(*(Call(n) for n in (1, 2, 3)), control=1)
    counted.send(*(Call(n) for n in (4, 5, 6)), control=3)
    before = full_rack(plant, counted, 1, "R1")
    seal_rack(before.pk, by=plant.supervisor, at=plant.tick())
    plant.scans("%R:R1")
    behind = full_rack(plant, counted, 4, "R2")
    with pytest.raises(Refused, match="transmission 2 of OEM-D is missing") as refused:
        seal_rack(behind.pk, by=plant.supervisor, at=plant.tick())
    assert refused.value.code == "host_check"
    assert plant.scan("%C:SEAL").code != "OK"
    counted.send(control=2)
    assert runs() == [("2", "2", "FILLED")]
    seal_rack(behind.pk, by=plant.supervisor, at=plant.tick())


def test_a_rack_sealed_before_it_was_known_does_not_depart(counted: Sender, plant: Plant) -> None:
    counted.send(*(Call(n) for n in (1, 2, 3)), control=1)
    counted.send(control=2)
    rack = plant.build([1, 2, 3])
    # The gap is seen only now; what it holds begins before the rack.
    counted.send(control=4)
    StreamHold.objects.update(after_position=0)
    plant.plan()
    shipment = rack.__class__.objects.get(pk=rack.pk).shipment
    assert shipment is not None
    assert plant.scans("%B:OP", f"%T:{shipment.number}", "%R:R1", station=plant.dock) == ["OK"] * 3
    with pytest.raises(Refused, match="transmission 3 of OEM-D is missing") as refused:
        depart_shipment(shipment.pk, at=plant.tick(), by="dock")
    assert refused.value.code == "past_gap"
    gap = TransmissionGap.objects.get()
    accept_transmission_gap(gap.pk, by=plant.supervisor, reason="dispatcher: it was empty", at=plant.tick())
    depart_shipment(shipment.pk, at=plant.tick(), by="dock")


def test_accepting_wants_a_name_a_reason_and_an_open_gap(counted: Sender, plant: Plant) -> None:
    counted.send(Call(1), control=1)
    counted.send(Call(2), control=5)
    gap = TransmissionGap.objects.get()
    with pytest.raises(Refused, match="say why"):
        accept_transmission_gap(gap.pk, by=plant.supervisor, reason="  ", at=plant.at)
    accept_transmission_gap(gap.pk, by=plant.supervisor, reason="never sent", at=plant.at)
    gap.refresh_from_db()
    assert (gap.status, gap.by, gap.reason) == ("ACCEPTED", plant.supervisor, "never sent")
    assert held() == []
    with pytest.raises(Refused, match="no longer missing"):
        accept_transmission_gap(gap.pk, by=plant.supervisor, reason="again", at=plant.at)
    # What comes after all is taken, and the books keep both facts.
    counted.send(Call(3), control=3)
    assert runs() == [("2", "2", "ACCEPTED"), ("3", "3", "FILLED"), ("4", "4", "ACCEPTED")]
    assert {status for _, status, _ in counted.statuses()} == {"APPLIED"}


def test_each_piece_of_a_run_holds_until_the_last(counted: Sender) -> None:
    counted.send(Call(1), control=1)
    counted.send(Call(2), control=5)
    for number, open_pieces in ((3, 1), (2, 1), (4, 0)):
        counted.send(control=number)
        assert len(held()) == open_pieces, number


def test_a_profile_that_only_warns_holds_nothing(profiled: Profiled, sender: Sender) -> None:
    profiled(TRANSMISSIONS + 'on_gap = "warn"\n')
    sender.send(Call(1), control=1)
    sender.send(Call(2), control=3)
    assert held() == []
    task = Task.objects.get(kind="EDI_GAP")
    assert "transmission 2 of OEM-D is missing" in task.text
    sender.send(control=2)
    task.refresh_from_db()
    assert task.status == "DONE"


def test_every_event_behind_the_gap_was_taken(counted: Sender) -> None:
    counted.send(Call(1), control=1)
    counted.send(Call(2), control=3)
    assert not InboundEvent.objects.exclude(status="APPLIED").exists()


# arithmetic


@pytest.mark.parametrize(
    ("number", "near", "position"),
    [
        (5, 4, 5),
        (1, 999, 1000),
        (999, 1000, 999),
        (998, 1001, 998),
        (2, 1998, 2000),
        (500, 0, -499),
        (3, 3, 3),
    ],
)
def test_unwrapped(number: int, near: int, position: int) -> None:
    assert unwrapped(number, near, 999) == position


@pytest.mark.parametrize(
    ("position", "text"), [(1, "001"), (999, "999"), (1000, "001"), (1999, "001"), (0, "999")]
)
def test_written(position: int, text: str) -> None:
    assert written(position, 999, 3) == text
