"""What becomes of single events: the table of refusals, order within a call, what people may do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edi.models import CallOffRoute, InboundEvent, InboundMessage, TradingPartner
from edi.services import discard_event, preview_event, reprocess_event, sweep_lanes, take_ledger
from edi.services.events import in_oem_order, plant_time
from inventory.errors import Refused
from sequencer.models import CallOff, SequencingProgram, Task
from tests.edi.files import Call, Sender
from tests.factories import START, Plant


def _no_routes(plant: Plant) -> None:
    CallOffRoute.objects.all().delete()


def _two_routes(plant: Plant) -> None:
    partner = TradingPartner.objects.get()
    CallOffRoute.objects.create(partner=partner, program=plant.program, dock="D1")
    CallOffRoute.objects.create(partner=partner, program=plant.program, line_feed="F1")


def _closed(plant: Plant) -> None:
    SequencingProgram.objects.update(active=False)


REFUSALS: list[tuple[str, Call, Any, str, str]] = [
    ("no route", Call(1), _no_routes, "QUARANTINED", "no_route"),
    ("two routes fit", Call(1), _two_routes, "QUARANTINED", "ambiguous_route"),
    ("program closed", Call(1), _closed, "QUARANTINED", "program_inactive"),
    ("half a piece", Call(1, quantity="1.5"), None, "QUARANTINED", "bad_quantity"),
    ("no piece", Call(1, quantity="0"), None, "QUARANTINED", "bad_quantity"),
    ("dock name too long", Call(1, dock="D" * 21), None, "QUARANTINED", "value_too_long"),
    ("no part", Call(1, part=""), None, "QUARANTINED", "no_parts"),
    ("letters as sequence", Call(1, sequence="12X4"), None, "QUARANTINED", "bad_sequence"),
    ("cancel of an unknown call", Call(1, "CANCEL"), None, "HELD", "unknown_call"),
    ("nothing to do", Call(1, "NOCHANGE"), None, "APPLIED", "no_effect"),
    ("already delivered", Call(1, "DELIVERED"), None, "APPLIED", "no_effect"),
    ("test event", Call(1, "TEST"), None, "APPLIED", "no_effect"),
]


@pytest.mark.parametrize(
    ("name", "call", "before", "status", "code"), REFUSALS, ids=[row[0] for row in REFUSALS]
)
def test_refusals(
    name: str, call: Call, before: Any, status: str, code: str, sender: Sender, plant: Plant
) -> None:
    if before is not None:
        before(plant)
    sender.send(call)
    assert sender.statuses() == [("V0001", status, code)]
    assert CallOff.objects.count() == 0
    waits = status != "APPLIED"
    assert InboundMessage.objects.get().status == ("PARTLY_APPLIED" if waits else "APPLIED")
    assert Task.objects.filter(kind="EDI_MESSAGE").exists() == (waits and code != "no_route")
    assert take_ledger().balanced


def test_the_route_with_most_places_wins(sender: Sender, plant: Plant) -> None:
    other = SequencingProgram.objects.create(
        code="P2", name="Other", line=plant.line, stream=plant.stream,
        unloading_point=plant.program.unloading_point, active=False,
    )  # fmt: skip
    CallOffRoute.objects.create(partner=sender.partner, program=other, dock="D1")
    CallOffRoute.objects.create(partner=sender.partner, program=plant.program, dock="D1", line_feed="F1")
    sender.send(Call(1))
    sender.send(Call(2, line_feed="F2"))
    assert sender.statuses() == [("V0001", "APPLIED", ""), ("V0002", "QUARANTINED", "program_inactive")]


def test_one_bad_call_does_not_block_the_next(sender: Sender) -> None:
    sender.send(Call(1), Call(2, dock="D" * 21), Call(3))
    assert [status for _, status, _ in sender.statuses()] == ["APPLIED", "QUARANTINED", "APPLIED"]


def test_a_test_interchange_touches_nothing(sender: Sender) -> None:
    sender.send(Call(1), test=True)
    assert sender.statuses() == [("V0001", "QUARANTINED", "test_indicator")]
    assert CallOff.objects.count() == 0


def test_a_test_partner_is_applied(sender: Sender) -> None:
    TradingPartner.objects.update(test_partner=True)
    sender.send(Call(1), test=True)
    assert sender.statuses() == [("V0001", "APPLIED", "")]


def test_a_held_event_is_applied_when_its_call_arrives(sender: Sender) -> None:
    sender.send(Call(1))
    sender.send(Call(2, "CANCEL"))
    assert sender.statuses()[-1] == ("V0002", "HELD", "unknown_call")
    sender.send(Call(2))
    assert sender.statuses()[1:] == [("V0002", "APPLIED", ""), ("V0002", "APPLIED", "")]
    assert CallOff.objects.get(call_number="V0002").stage == "CANCELLED"
    assert not Task.objects.filter(kind="EDI_MESSAGE").exclude(status="DONE").exists()


def test_a_later_event_waits_behind_a_held_one_of_its_call(sender: Sender) -> None:
    sender.send(Call(2, "CANCEL"))
    sender.send(Call(2, "CHANGE", part="C-B"))
    assert sender.statuses() == [("V0002", "HELD", "unknown_call"), ("V0002", "HELD", "behind_held")]


def test_held_events_are_tried_again_by_the_sweep(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1))
    sender.send(Call(900))
    assert sender.statuses()[-1] == ("V0900", "HELD", "sequence_jump")
    plant.stream.__class__.objects.update(max_jump=2000)
    InboundEvent.objects.filter(status="HELD").update(tried_at=START.replace(year=2020))
    sweep_lanes()
    assert sender.statuses()[-1] == ("V0900", "APPLIED", "")


def test_the_sweep_leaves_a_fresh_held_event_alone(sender: Sender) -> None:
    sender.send(Call(2, "CANCEL"))
    before = InboundEvent.objects.get().tried_at
    sweep_lanes()
    assert InboundEvent.objects.get().tried_at == before


def test_an_overtaken_event_is_not_applied_any_more(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1))
    sender.send(Call(1, "CHANGE", part="C-B", dock="D" * 21))
    sender.send(Call(1, "CHANGE", part="C-C"))
    old = InboundEvent.objects.get(code="value_too_long")
    old.content["dock"] = "D1"
    old.save()
    assert reprocess_event(old.pk, by=plant.supervisor, at=START) == "QUARANTINED"
    assert InboundEvent.objects.get(pk=old.pk).code == "overtaken"
    components = CallOff.objects.get().groups.get().components.all()
    assert [component.customer_part for component in components] == ["C-C"]


def test_reprocess_applies_after_the_reason_is_gone(sender: Sender, plant: Plant) -> None:
    CallOffRoute.objects.all().delete()
    sender.send(Call(1))
    event = InboundEvent.objects.get()
    CallOffRoute.objects.create(partner=sender.partner, program=plant.program)
    assert reprocess_event(event.pk, by=plant.supervisor, at=START) == "APPLIED"
    event.refresh_from_db()
    assert (event.by, event.message.status) == (plant.supervisor, "APPLIED")
    with pytest.raises(Refused) as refusal:
        reprocess_event(event.pk, by=plant.supervisor, at=START)
    assert refusal.value.code == "event_not_waiting"


def test_discard_needs_a_reason_and_a_name(sender: Sender, plant: Plant) -> None:
    sender.send(Call(2, "CANCEL"))
    event = InboundEvent.objects.get()
    with pytest.raises(Refused) as refusal:
        discard_event(event.pk, by=plant.supervisor, reason=" ", at=START)
    assert refusal.value.code == "reason_missing"
    discard_event(event.pk, by=plant.supervisor, reason="OEM called: never built", at=START)
    event.refresh_from_db()
    assert (event.status, event.by, event.note) == ("DISCARDED", plant.supervisor, "OEM called: never built")
    assert take_ledger().events.discarded == 1


def test_preview_shows_the_change_and_writes_nothing(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1))
    SequencingProgram.objects.update(active=False)
    sender.send(Call(1, "CHANGE", part="C-B"))
    SequencingProgram.objects.update(active=True)
    event = InboundEvent.objects.get(status="QUARANTINED")
    preview = preview_event(event.pk, at=START)
    assert preview.status == "APPLIED"
    assert preview.changes["parts DOOR"] == (["1 x C-A"], ["1 x C-B"])
    event.refresh_from_db()
    assert event.status == "QUARANTINED"
    assert CallOff.objects.get().groups.get().components.get().customer_part == "C-A"


def test_a_defect_parks_the_event_after_three_tries(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("edi.services.reconcile.take_call_off", broken)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            sender.send(Call(1)) if not InboundEvent.objects.exists() else sweep_lanes()
    assert sender.statuses() == [("V0001", "QUARANTINED", "defect")]
    assert sweep_lanes() in (0, 1)
    assert TradingPartner.objects.get().lane_worker == ""


BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("2026-11-23T14:00", NIGHT, "2026-11-23T13:00"),
        ("2026-11-23T14:00+0200", NIGHT, "2026-11-23T12:00"),
        ("2026-10-25T02:30", NIGHT, "2026-10-25T00:30"),
        ("2026-10-25T02:30", NIGHT.replace(minute=45), "2026-10-25T01:30"),
        ("2026-03-29T02:30", NIGHT.replace(month=3, day=28), "2026-03-29T01:30"),
        ("2026-03-29T02:30", NIGHT.replace(month=4), "2026-03-29T01:30"),
    ],
    ids=["winter", "own offset", "first pass", "second pass", "left out hour", "left out, sent later"],
)
def test_plant_time(text: str, after: datetime, expected: str) -> None:
    moment = plant_time(text, BERLIN, after=after)
    assert moment is not None
    assert moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") == expected


@pytest.mark.parametrize(
    ("sequences", "order"),
    [
        (["0003", "0001", "0002"], [2, 3, 1]),
        (["0001", "9999", "9998"], [3, 2, 1]),
        (["IPF0012", "IPF0011"], [2, 1]),
        (["0002", "", "0001"], [1, 2, 3]),
        ([], []),
    ],
)
def test_in_oem_order(sequences: list[str], order: list[int]) -> None:
    events = [(pk, f"V{pk}", text) for pk, text in enumerate(sequences, 1)]
    assert in_oem_order(events) == order


def test_a_counter_may_wrap_anywhere() -> None:
    events = [(1, "V1", "0001"), (2, "V2", "4999"), (3, "V3", "5000")]
    assert in_oem_order(events, span=5000) == [2, 3, 1]


def test_a_message_that_names_a_call_twice_keeps_its_order() -> None:
    assert in_oem_order([(1, "V1", "0005"), (2, "V1", "0003")]) == [1, 2]
