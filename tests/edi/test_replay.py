"""Calls rebuilt from the stored bytes: the same as the live ones, and every difference is found."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from edi.models import InboundEvent, TradingPartner
from edi.services import discard_event, replay, reprocess_event
from edi.services.pictures import Difference, compare
from edi.services.replay import gather, live_pictures
from edi.services.sides import make_test_side
from inventory.errors import Refused
from sequencer.models import CallComponent, CallOff, SequencingProgram
from tests.edi.files import Call, Sender
from tests.factories import START, Plant

WIDE = timedelta(days=30)


def a_day(sender: Sender, plant: Plant) -> None:
    """New calls, changes, a swap, a cancel, a late fill, a duplicate, a discarded event and one that was freed."""
    sender.send(Call(1), Call(2), Call(3), Call(6))
    sender.send(Call(1, "CHANGE", part="C-B"), Call(2, "CANCEL"))
    sender.send(Call(5), Call(4))
    sender.send(Call(3, "CHANGE", sequence="0012"))
    sender.send(Call(3, "CHANGE", sequence="0012"), control=sender.control)
    sender.send(Call(9, "CANCEL"))
    discard_event(
        InboundEvent.objects.get(call_number="V0009").pk, by=plant.supervisor, reason="never built", at=START
    )
    SequencingProgram.objects.update(active=False)
    sender.send(Call(10))
    SequencingProgram.objects.update(active=True)
    reprocess_event(InboundEvent.objects.get(call_number="V0010").pk, by=plant.supervisor, at=START)
    sender.send(Call(9))


def replayed(**options: object) -> tuple[int, dict[str, object]]:
    out, status = io.StringIO(), 0
    try:
        call_command("edi_replay", json=True, stdout=out, **options)
    except SystemExit as end:
        status = int(str(end.code))
    return status, json.loads(out.getvalue())


@pytest.mark.django_db(transaction=True)
def test_a_day_is_rebuilt_and_a_touched_call_is_found(sender: Sender, plant: Plant) -> None:
    """Nine calls, two of them touched behind the program's back: the other seven are the same to the letter."""
    make_test_side(sender.partner, at=START)
    sender.partner.refresh_from_db()
    a_day(sender, plant)
    sender.send(Call(1), test=True)
    CallOff.objects.filter(call_number="V0004").update(stage="PLANNED")
    called = CallComponent.objects.filter(group__call_off__call_number="V0001")
    called.filter(group__call_off__program=plant.program).update(customer_part="C-C")
    status, found = replayed()
    assert (found["files"], found["calls"], found["left_out"]) == (9, 9, 0)
    assert status == 1
    assert found["differences"] == [
        {"call_number": "OEM-D V0001", "fact": "parts DOOR", "here": "1 x C-C", "there": "1 x C-B"},
        {"call_number": "OEM-D V0004", "fact": "stage", "here": "PLANNED", "there": "FIRM"},
    ]


def test_only_calls_of_the_period_compare(sender: Sender, partner: TradingPartner) -> None:
    sender.send(Call(1), Call(2))
    between = timezone.now()
    sender.send(Call(2, "CHANGE", part="C-B"), Call(3))
    live, apart = live_pictures([partner], between, between + WIDE)
    assert (sorted(live), apart) == (["OEM-D V0003"], {"OEM-D V0002"})
    live, apart = live_pictures([partner], between - WIDE, between)
    assert (sorted(live), apart) == (["OEM-D V0001"], {"OEM-D V0002"})


def test_a_plant_at_work_is_never_played_into(
    sender: Sender, partner: TradingPartner, tmp_path: Path
) -> None:
    sender.send(Call(1))
    now = timezone.now()
    assert gather(tmp_path, [partner], now - WIDE, now + WIDE) == 1
    with pytest.raises(Refused) as refusal:
        replay.play(tmp_path)
    assert refusal.value.code == "not_empty"
    assert CallOff.objects.count() == 1


@pytest.mark.parametrize(
    ("here", "there", "differences"),
    [
        ({}, {}, []),
        ({"A": {"stage": "FIRM"}}, {"A": {"stage": "FIRM"}}, []),
        (
            {"A": {"stage": "FIRM"}},
            {"A": {"stage": "PLANNED"}},
            [Difference("A", "stage", "FIRM", "PLANNED")],
        ),
        ({"A": {"stage": "FIRM"}}, {}, [Difference("A", "call", "known", "unknown")]),
        ({}, {"A": {}}, [Difference("A", "call", "unknown", "known")]),
        ({"A": {"parts DOOR": "1 x B"}}, {"A": {}}, [Difference("A", "parts DOOR", "1 x B", "")]),
    ],
)
def test_compare(
    here: dict[str, dict[str, str]], there: dict[str, dict[str, str]], differences: list[Difference]
) -> None:
    assert compare(here, there) == differences


def test_a_partner_that_is_none(db: None) -> None:
    with pytest.raises(CommandError, match="no partner X"):
        call_command("edi_replay", partner="X")
