"""A backlog is worked off beside the stations: master data are shared for a moment, and no task runs into its limit."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from edi.models import CallOffRoute, InboundEvent
from edi.services import lanes, process_delivery, run_lane
from inventory.models import CustomerPart, Part
from sequencer.models import CallOff, ComponentGroup, Rack
from sequencer.services import close_stream, masters, recall, shared_masters
from tests.edi.files import Call, Sender, deljit
from tests.factories import Plant


def test_outside_of_a_backlog_everything_is_read_afresh() -> None:
    read = iter(range(9))
    assert [recall("x", lambda: next(read)) for _ in range(3)] == [0, 1, 2]


def test_inside_it_is_read_once_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now, read = [100.0], iter(range(9))
    monkeypatch.setattr(masters.time, "monotonic", lambda: now[0])

    def ask() -> int:
        return recall("x", lambda: next(read))

    with shared_masters():
        assert [ask(), ask()] == [0, 0]
        now[0] += masters.FRESH_SECONDS + 0.1
        assert [ask(), ask()] == [1, 1]
    assert ask() == 2


def test_what_could_not_be_read_is_not_remembered() -> None:
    def fail() -> int:
        raise LookupError

    with shared_masters():
        with pytest.raises(LookupError):
            recall("x", fail)
        assert recall("x", lambda: 7) == 7


def test_a_route_and_a_part_that_are_missing_are_seen_when_they_come(sender: Sender, plant: Plant) -> None:
    CallOffRoute.objects.all().delete()
    sender.send(Call(1))
    assert sender.statuses()[0][1:] == ("QUARANTINED", "no_route")
    CallOffRoute.objects.create(partner=sender.partner, program=plant.program)
    sender.send(Call(2, part="C-NEW"))
    part = Part.objects.create(number="NEW", family="DOOR")
    CustomerPart.objects.create(customer=plant.customer, number="C-NEW", part=part)
    sender.send(Call(3, part="C-NEW"))
    problems = dict(ComponentGroup.objects.values_list("call_off__call_number", "status"))
    assert problems == {"V0002": "UNRESOLVED", "V0003": "RELEASED"}


def test_a_rack_closed_in_between_is_not_cut_over(sender: Sender, plant: Plant) -> None:
    """Where racks are cut from is no master data: it is read under the stream's lock each time."""
    with shared_masters():
        sender.send(Call(1), Call(2))
        close_stream(plant.program.pk, at=plant.tick())
        sender.send(Call(3), Call(4), Call(5), Call(6))
    edges = list(Rack.objects.order_by("low_position").values_list("low_position", "high_position"))
    assert edges == [(1, 2), (3, 5), (6, 8)]


def test_a_call_of_a_backlog_costs_few_statements(sender: Sender, plant: Plant) -> None:
    sender.send(*(Call(n) for n in range(1, 4)))
    with CaptureQueriesContext(connection) as small:
        sender.send(*(Call(n) for n in range(4, 7)))
    with CaptureQueriesContext(connection) as large:
        sender.send(*(Call(n) for n in range(7, 37)))
    # Racks of three: every third call cuts one, which takes a few statements more.
    assert (len(large) - len(small)) / 27 < 27


def test_a_worker_gives_the_lane_up_in_time_and_wakes_another(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[Any] = []
    monkeypatch.setattr(lanes, "wake", lambda task, row: woken.append((task, row)))
    delivery = sender.send(Call(1))
    InboundEvent.objects.update(status="PENDING")
    InboundEvent.objects.get().message.__class__.objects.update(status="PENDING")
    monkeypatch.setattr(lanes, "LANE_SECONDS", -1.0)
    process_delivery(delivery.pk)
    assert woken == [(lanes.PROCESS_TASK, delivery.pk)]
    assert InboundEvent.objects.get().status == "PENDING"
    assert run_lane(sender.partner.pk)
    assert InboundEvent.objects.get().status == "DUPLICATE"
    assert CallOff.objects.count() == 1


def test_a_new_year_of_the_partner_reaches_the_stream(
    sender: Sender, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edi.services import profiles

    folder = tmp_path / "partners" / "generic_deljit"
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text('[sequence]\ndense = true\ncycle = "year"\n')
    monkeypatch.setattr(profiles, "PARTNERS", tmp_path / "partners")
    sender.send(Call(734, required="202612311400"))
    raw = deljit([Call(1, required="202701040800")], 2)
    sender.send_raw(raw.replace(b"VIN00000000000001", b"VINOFNEXTYEAR0001").replace(b"V0001:AN", b"W0001:AN"))
    assert list(CallOff.objects.order_by("position").values_list("position", flat=True)) == [734, 10_000]
