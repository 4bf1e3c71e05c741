"""Tests and production apart: where an interchange marked as a test goes, and how both sides are compared."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from edi.formats.profile import FileRule
from edi.models import CallOffRoute, InboundEvent, Interchange, TradingPartner
from edi.services import profile_of, simulate_delivery, take_ledger
from edi.services.sides import compare_sides, make_test_side
from inventory.errors import Refused
from sequencer.models import CallOff, Rack, SequenceStream, SequencingProgram
from tests.edi.files import Call, Sender, deljit
from tests.factories import START, Plant


@pytest.fixture
def side(partner: TradingPartner) -> TradingPartner:
    made = make_test_side(partner, at=START)
    partner.refresh_from_db()
    return made


def calls(program: str) -> list[str]:
    return list(CallOff.objects.filter(program__code=program).values_list("call_number", flat=True))


def test_a_test_interchange_goes_to_the_test_side(sender: Sender, side: TradingPartner) -> None:
    sender.send(Call(1))
    sender.send(Call(2), test=True)
    assert (calls("P"), calls("P-T")) == (["V0001"], ["V0002"])
    rows = Interchange.objects.order_by("pk").values_list("partner__code", "delivery__partner__code", "test")
    assert list(rows) == [("OEM-D", "OEM-D", False), ("OEM-D-T", "OEM-D", True)]
    assert take_ledger().balanced


def test_the_same_call_is_known_on_both_sides_and_neither_touches_the_other(
    sender: Sender, side: TradingPartner, plant: Plant
) -> None:
    sender.send(Call(1))
    sender.send(Call(1, part="C-B"), Call(7), test=True)
    sender.send(Call(1, "CANCEL"), test=True)
    live = CallOff.objects.get(program=plant.program)
    assert (live.stage, live.groups.get().components.get().customer_part) == ("FIRM", "C-A")
    assert CallOff.objects.get(program__code="P-T", call_number="V0001").stage == "CANCELLED"
    plant.stream.refresh_from_db()
    assert plant.stream.last_position == 1
    assert not Rack.objects.filter(
        commodity=plant.commodity, slots__group__call_off__program__code="P-T"
    ).exists()


def test_tests_count_their_own_control_numbers(sender: Sender, side: TradingPartner) -> None:
    sender.send(Call(1), control=7)
    other = sender.send(Call(2), control=7, test=True)
    assert other.status == "PARSED"
    assert calls("P-T") == ["V0002"]


def test_a_file_name_may_mark_a_test(
    sender: Sender, side: TradingPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = replace(profile_of(sender.partner), files=FileRule(test=("test_.*",)))
    monkeypatch.setattr("edi.services.lanes.profile_of", lambda partner: profile)
    sender.send(Call(1), name="test_1.edi")
    assert (calls("P"), calls("P-T")) == ([], ["V0001"])


def test_the_test_side_reads_by_its_own_dialect(
    sender: Sender, side: TradingPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = []
    monkeypatch.setattr("edi.services.lanes.profile_of", lambda one: by.append(one.code) or profile_of(one))
    sender.send(Call(1))
    sender.send(Call(2), test=True)
    assert by == ["OEM-D", "OEM-D", "OEM-D", "OEM-D-T"]


def test_without_a_test_side_a_test_touches_nothing(sender: Sender) -> None:
    sender.send(Call(1), test=True)
    assert sender.statuses() == [("V0001", "QUARANTINED", "test_indicator")]


def test_a_test_side_that_leads_to_production_is_refused(
    sender: Sender, side: TradingPartner, plant: Plant
) -> None:
    CallOffRoute.objects.filter(partner=side).update(program=plant.program)
    sender.send(Call(1), test=True)
    event = InboundEvent.objects.get()
    assert (event.partner, event.status, event.code) == (side, "QUARANTINED", "production_program")
    assert calls("P") == []


def test_a_trial_of_a_test_shows_the_test_side(sender: Sender, side: TradingPartner) -> None:
    found = simulate_delivery(deljit([Call(1)], 1, test=True), sender.partner, at=START)
    assert [message["partner"] for message in found.messages] == ["OEM-D-T"]
    assert found.counts == {"APPLIED": 1}


def test_made_again_a_test_side_stays_as_it_is(partner: TradingPartner, side: TradingPartner) -> None:
    assert make_test_side(partner, at=START) == side
    assert SequencingProgram.objects.count() == 2
    assert SequenceStream.objects.count() == 2
    with pytest.raises(Refused) as refusal:
        make_test_side(side, at=START)
    assert refusal.value.code == "is_test_side"


def test_a_test_side_has_no_test_side(partner: TradingPartner, side: TradingPartner) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        TradingPartner.objects.filter(pk=side.pk).update(test_side=partner)


# parallel run


def run(partner: TradingPartner) -> tuple[int, int, int, list[tuple[str, str, str, str]], bool]:
    now = timezone.now()
    found = compare_sides(partner, now - timedelta(days=1), now + timedelta(days=1))
    differences = [(item.call_number, item.fact, item.here, item.there) for item in found.differences]
    return found.production, found.test, found.same, differences, found.agrees


def test_both_sides_agree(sender: Sender, side: TradingPartner) -> None:
    for test in (False, True):
        sender.send(Call(1), Call(2), test=test)
        sender.send(Call(1, "CHANGE", part="C-B"), test=test)
    assert run(sender.partner) == (2, 2, 2, [], True)


def test_each_difference_is_named(sender: Sender, side: TradingPartner) -> None:
    sender.send(Call(1), Call(2), Call(3), Call(4))
    sender.send(Call(1, part="C-B"), Call(2, sequence="0007"), Call(3), test=True)
    assert run(sender.partner) == (
        4, 3, 1,
        [
            ("V0001", "parts DOOR", "1 x C-A", "1 x C-B"),
            ("V0002", "sequence_number", "0002", "0007"),
            ("V0004", "call", "known", "unknown"),
        ],
        False,
    )  # fmt: skip


def test_a_call_that_stands_on_neither_side_is_no_agreement(sender: Sender, side: TradingPartner) -> None:
    for test in (False, True):
        sender.send(Call(1), test=test)
        sender.send(Call(9, "CANCEL"), test=test)
    assert run(sender.partner)[:4] == (2, 2, 1, [])


def test_a_test_side_that_heard_nothing_proves_nothing(sender: Sender, side: TradingPartner) -> None:
    assert not run(sender.partner)[-1]


def test_what_waits_on_the_test_side_is_no_agreement(sender: Sender, side: TradingPartner) -> None:
    for test in (False, True):
        sender.send(Call(1), test=test)
    sender.send(Call(1, "CHANGE", dock="D" * 21), test=True)
    assert run(sender.partner)[3:] == ([], False)


def test_the_commands(sender: Sender, partner: TradingPartner) -> None:
    with pytest.raises(CommandError, match="edi_test_side OEM-D"):
        call_command("edi_parallel", "OEM-D")
    out = io.StringIO()
    call_command("edi_test_side", "OEM-D", stdout=out)
    assert out.getvalue().startswith("OEM-D-T takes the tests of OEM-D, read by generic_deljit")
    sender.partner.refresh_from_db()
    sender.send(Call(1), Call(2))
    sender.send(Call(1), test=True)
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("edi_parallel", "OEM-D", stdout=out)
    assert "V0002 call: known | unknown" in out.getvalue()
    sender.send(Call(2), test=True)
    out = io.StringIO()
    call_command("edi_parallel", "OEM-D", json=True, stdout=out)
    assert json.loads(out.getvalue())["agrees"]
    with pytest.raises(CommandError, match="is no time"):
        call_command("edi_parallel", "OEM-D", since="yesterday")
