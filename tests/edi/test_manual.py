"""A call entered by hand: two people, the same intake, and one vehicle whatever the partner says of it later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from edi.models import Delivery, InboundEvent, ManualEntry, TradingPartner
from edi.services import (
    approve_entry,
    check_calls,
    enter_calls,
    refuse_entry,
    run_lane,
    sweep_intake,
    take_ledger,
)
from edi.services.manual import read_csv
from inventory.errors import Invalid, Refused
from sequencer.models import CallOff, Task
from tests.edi.files import Call, Sender
from tests.factories import Plant, person

Entered = Callable[..., Delivery]


@pytest.fixture
def clerk(plant: Plant) -> User:
    return person("clerk", "logistics", "LOG")


def facts(number: int, **other: Any) -> dict[str, Any]:
    """What Call(number) of the files says, as a person would enter it."""
    known = {
        "event": "NEW",
        "production_number": f"V{number:04d}",
        "vin": f"VIN{number:014d}",
        "sequence_number": f"{number:04d}",
        "dock": "D1",
        "line_feed": "F1",
        "required_at": "2026-11-23T14:00",
        "components": [{"part_number": "C-A", "quantity": "1", "unit": "PCE"}],
    }
    return {**known, **other}


@pytest.fixture
def entered(partner: TradingPartner, clerk: User, plant: Plant) -> Entered:
    """Enters a call as the clerk, approves it as the supervisor, lets the worker do its part."""

    def enter(*calls: dict[str, Any]) -> Delivery:
        entry = enter_calls(partner.pk, calls, by=clerk, reason="phone, Ms Weber", at=timezone.now())
        delivery = approve_entry(entry.pk, by=plant.supervisor, at=timezone.now())
        assert run_lane(partner.pk)
        delivery.refresh_from_db()
        return delivery

    return enter


# two people


def test_nothing_happens_before_a_second_person_approves(partner: TradingPartner, clerk: User) -> None:
    entry = enter_calls(partner.pk, [facts(1)], by=clerk, reason="phone", at=timezone.now())
    assert (entry.status, CallOff.objects.count(), Delivery.objects.count()) == ("ENTERED", 0, 0)
    assert Task.objects.get().kind == "EDI_MANUAL"


def test_who_entered_it_cannot_approve_it(partner: TradingPartner, clerk: User) -> None:
    entry = enter_calls(partner.pk, [facts(1)], by=clerk, reason="phone", at=timezone.now())
    with pytest.raises(Refused, match="another person") as refusal:
        approve_entry(entry.pk, by=clerk, at=timezone.now())
    assert refusal.value.code == "same_person"
    assert ManualEntry.objects.get().status == "ENTERED"


def test_the_table_itself_refuses_one_person_for_both(entered: Entered) -> None:
    entered(facts(1))
    entry = ManualEntry.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        ManualEntry.objects.filter(pk=entry.pk).update(decided_by=entry.entered_by)


def test_an_entry_is_decided_once(entered: Entered, plant: Plant) -> None:
    entered(facts(1))
    for verb in (
        lambda pk: approve_entry(pk, by=plant.supervisor, at=timezone.now()),
        lambda pk: refuse_entry(pk, by=plant.supervisor, reason="no", at=timezone.now()),
    ):
        with pytest.raises(Refused, match="before"):
            verb(ManualEntry.objects.get().pk)
    assert Delivery.objects.count() == 1


def test_a_refused_entry_carries_name_and_reason_and_does_nothing(
    partner: TradingPartner, clerk: User, plant: Plant
) -> None:
    entry = enter_calls(partner.pk, [facts(1)], by=clerk, reason="phone", at=timezone.now())
    with pytest.raises(Refused, match="why"):
        refuse_entry(entry.pk, by=plant.supervisor, reason=" ", at=timezone.now())
    refuse_entry(entry.pk, by=plant.supervisor, reason="wrong vehicle", at=timezone.now())
    entry.refresh_from_db()
    assert (entry.status, entry.decided_by, entry.decided_note) == (
        "REFUSED",
        plant.supervisor,
        "wrong vehicle",
    )
    assert (CallOff.objects.count(), Task.objects.get().status) == (0, "DONE")


# the same intake


def test_an_approved_call_goes_through_the_intake_and_the_books_balance(entered: Entered) -> None:
    delivery = entered(facts(1))
    assert (delivery.kind, delivery.status, delivery.reason) == ("MANUAL", "PARSED", "phone, Ms Weber")
    assert delivery.archived_at is not None
    call = CallOff.objects.get()
    assert (call.call_number, call.sequence_number, call.vin) == ("V0001", "0001", f"VIN{1:014d}")
    ledger = take_ledger()
    assert ledger.balanced, ledger.faults
    assert (ledger.files.received, ledger.files.archived, ledger.events.applied) == (1, 1, 1)


def test_a_crash_after_the_approval_is_made_good_by_the_sweep(
    partner: TradingPartner, clerk: User, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    entry = enter_calls(partner.pk, [facts(1)], by=clerk, reason="phone", at=timezone.now())
    with monkeypatch.context() as broken:
        broken.setattr("edi.services.manual.release_delivery", died)
        with pytest.raises(KeyboardInterrupt):
            approve_entry(entry.pk, by=plant.supervisor, at=timezone.now())
    assert Delivery.objects.get().archived_at is None
    sweep_intake(at=timezone.now())
    assert CallOff.objects.get().call_number == "V0001"
    assert take_ledger().balanced, take_ledger().faults


def test_a_partner_cannot_send_our_own_words(sender: Sender, entered: Entered) -> None:
    by_hand = bytes(entered(facts(1)).raw)
    sent = sender.send_raw(by_hand.replace(b"V0001", b"V0002"), "manual.json")
    assert sent.status == "QUARANTINED"
    assert CallOff.objects.count() == 1


# what the partner says later


def test_the_same_content_later_is_a_duplicate(sender: Sender, entered: Entered) -> None:
    entered(facts(1))
    sender.send(Call(1))
    assert sender.statuses() == [("V0001", "APPLIED", ""), ("V0001", "DUPLICATE", "reconciled")]
    assert CallOff.objects.count() == 1


@pytest.mark.parametrize(
    ("by_hand", "told"),
    [
        ({"components": [{"part_number": "C-B"}]}, "parts DOOR 1 x C-B → 1 x C-A"),
        ({"required_at": "2026-11-23T15:30"}, "required at 2026-11-23 15:30 → 2026-11-23 14:00"),
        ({"sequence_number": "0002"}, "sequence number 0002 → 0001"),
        ({"vin": "VIN99999999999999"}, f"vin VIN99999999999999 → VIN{1:014d}"),
        ({"vin": None}, f"vin — → VIN{1:014d}"),
        ({"line_feed": None}, "line feed — → F1"),
    ],
    ids=["part", "time", "sequence", "vin", "no vin", "line feed"],
)
def test_other_content_later_is_a_change_with_its_difference(
    sender: Sender, entered: Entered, by_hand: dict[str, Any], told: str
) -> None:
    entered(facts(1, **by_hand))
    sender.send(Call(1))
    event = InboundEvent.objects.order_by("pk").last()
    assert (event.status, event.code) == ("APPLIED", "reconciled_changed")
    assert event.note == f"entered by hand otherwise: {told}"
    call = CallOff.objects.get()
    assert (call.sequence_number, call.vin, call.line_feed) == ("0001", f"VIN{1:014d}", "F1")


@pytest.mark.parametrize(
    "by_hand",
    [{"production_number": None}, {"production_number": "TYPED-BY-HAND"}],
    ids=["known by its VIN only", "with another number"],
)
def test_a_vehicle_entered_under_another_number_is_not_doubled(
    sender: Sender, entered: Entered, by_hand: dict[str, Any]
) -> None:
    entered(facts(1, **by_hand))
    assert CallOff.objects.get().call_number != "V0001"
    sender.send(Call(1))
    assert CallOff.objects.get().call_number == "V0001"
    event = InboundEvent.objects.order_by("pk").last()
    assert event.code == "reconciled_changed"
    assert "call number" in event.note


def test_the_place_in_the_sequence_tells_the_vehicle_when_nothing_else_does(
    sender: Sender, entered: Entered
) -> None:
    entered(facts(1, production_number="P-1", vin=None))
    sender.send_raw(
        b"UNB+UNOC:3+OEM:ZZ+SUPPLIER:ZZ+261123:0600+9'UNH+1+DELJIT:D:97A:UN'BGM+242+D+9'DTM+137:202611230600:203'SEQ+3+0001:3'"
        b"DTM+2:202611231400:203'GIR+4+VIN00000000000001:VV'LOC+11+D1'LOC+159+F1'LIN+1++C-A:IN'QTY+131:1:PCE'"
        b"UNT+11+1'UNZ+1+9'"
    )
    assert CallOff.objects.get().vin == "VIN00000000000001"


def test_another_vehicle_at_that_place_is_another_call(sender: Sender, entered: Entered) -> None:
    entered(facts(1, production_number="P-1", vin="VINOTHER000000000"))
    sender.send(Call(1))
    assert set(CallOff.objects.values_list("call_number", flat=True)) == {"P-1", "V0001"}


def test_after_it_was_reconciled_the_partners_own_rules_hold_again(sender: Sender, entered: Entered) -> None:
    entered(facts(1))
    sender.send(Call(1))
    sender.send(Call(1, part="C-B"))
    assert sender.statuses()[-1] == ("V0001", "QUARANTINED", "call_differs")


def test_a_plant_that_has_only_the_file_of_an_entry_reconciles_it_too(
    sender: Sender, entered: Entered
) -> None:
    """As in a plant rebuilt from the raw archive."""
    entered(facts(1, production_number=None))
    ManualEntry.objects.all().delete()
    sender.send(Call(1))
    assert CallOff.objects.get().call_number == "V0001"


def test_a_cancel_of_the_partner_reaches_the_call_entered_by_hand(sender: Sender, entered: Entered) -> None:
    entered(facts(1, production_number=None))
    sender.send(Call(1, event="CANCEL"))
    call = CallOff.objects.get()
    assert (call.call_number, call.stage) == ("V0001", "CANCELLED")


def test_entered_after_it_came_is_a_duplicate_and_refused_beforehand(
    sender: Sender, entered: Entered, partner: TradingPartner
) -> None:
    sender.send(Call(1))
    (check,) = check_calls(partner, [facts(1, production_number=None)], at=timezone.now())
    assert [(f.severity, f.text) for f in check.findings if f.field == "event"] == [
        ("warn", "it would change nothing: call V0001 is known, nothing new")
    ]
    entered(facts(1, production_number=None))
    assert CallOff.objects.get().call_number == "V0001"
    assert sender.statuses()[-1][1] == "DUPLICATE"


def test_what_came_between_entry_and_approval_is_not_doubled(
    sender: Sender, partner: TradingPartner, clerk: User, plant: Plant
) -> None:
    entry = enter_calls(
        partner.pk, [facts(1, production_number=None)], by=clerk, reason="phone", at=timezone.now()
    )
    sender.send(Call(1))
    approve_entry(entry.pk, by=plant.supervisor, at=timezone.now())
    run_lane(partner.pk)
    assert CallOff.objects.get().call_number == "V0001"


# the checks


@pytest.mark.parametrize(
    ("wrong", "severity", "field", "says"),
    [
        ({"event": "HOLD"}, "reject", "event", "not offered"),
        ({"event": "nonsense"}, "reject", "event", "is none of"),
        ({"sequence_number": 1}, "reject", "event", "written as text"),
        ({"production_number": None, "vin": None}, "reject", "production_number", "names the vehicle"),
        ({"components": []}, "reject", "part_number", "at least one part"),
        ({"sequence_number": None}, "reject", "sequence_number", "has a sequence number"),
        ({"sequence_number": "A17"}, "reject", "sequence_number", "digits"),
        ({"required_at": "tomorrow"}, "reject", "required_at", "is no time"),
        ({"components": [{"part_number": "C-A", "quantity": "0"}]}, "reject", "quantity", "no whole number"),
        ({"components": [{"quantity": "1"}]}, "reject", "event", "no part_number"),
        ({"vin": "SHORT"}, "warn", "vin", "17 letters"),
        ({"components": [{"part_number": "C-X", "family": "DOOR"}]}, "warn", "part_number", "no part of OEM"),
        ({"required_at": None}, "warn", "required_at", "takt"),
        ({"required_at": "2020-01-01T00:00"}, "warn", "required_at", "past"),
    ],
)
def test_a_check_names_the_field_and_what_to_do(
    partner: TradingPartner, wrong: dict[str, Any], severity: str, field: str, says: str
) -> None:
    (check,) = check_calls(partner, [facts(1, **wrong)], at=timezone.now())
    found = [item.text for item in check.findings if (item.severity, item.field) == (severity, field)]
    assert any(says in text for text in found), check.findings
    assert check.good == (severity == "warn")


def test_a_call_that_rejects_is_not_stored(partner: TradingPartner, clerk: User) -> None:
    with pytest.raises(Invalid, match="at least one part"):
        enter_calls(partner.pk, [facts(1, components=[])], by=clerk, reason="phone", at=timezone.now())
    assert ManualEntry.objects.count() == 0


def test_the_same_call_twice_or_in_two_entries_is_refused(partner: TradingPartner, clerk: User) -> None:
    with pytest.raises(Invalid, match="stands twice"):
        enter_calls(partner.pk, [facts(1), facts(1)], by=clerk, reason="phone", at=timezone.now())
    enter_calls(partner.pk, [facts(1)], by=clerk, reason="phone", at=timezone.now())
    with pytest.raises(Invalid, match="another entry"):
        enter_calls(partner.pk, [facts(1)], by=clerk, reason="phone", at=timezone.now())


def test_checking_writes_nothing(partner: TradingPartner) -> None:
    (check,) = check_calls(partner, [facts(1)], at=timezone.now())
    assert check.preview is not None
    assert (check.preview.status, check.preview.changes["sequence_number"]) == ("APPLIED", (None, "0001"))
    assert not CallOff.objects.exists()
    assert not Delivery.objects.exists()


def test_a_place_without_route_is_told(partner: TradingPartner) -> None:
    partner.routes.update(dock="D9")
    (check,) = check_calls(partner, [facts(1)], at=timezone.now())
    assert [f.field for f in check.findings if f.severity == "reject"] == ["dock"]


# the table


def test_lines_of_one_vehicle_are_one_call() -> None:
    calls = read_csv(
        "production_number;sequence_number;part_number;quantity;options\n"
        "V1;0001;C-A;1;LHD HEAT\nV1;0001;C-B;2;\n\nV2;0002;C-A;1;\n"
    )
    assert [(c["production_number"], len(c["components"])) for c in calls] == [("V1", 2), ("V2", 1)]
    assert calls[0]["components"][0]["options"] == ["LHD", "HEAT"]
    assert (calls[0]["event"], calls[0]["vin"]) == ("NEW", None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("a,b\n1,2", "'a' is no column"),
        ("vin\nX", "no column part_number"),
        ("vin,part_number\nX,Y,Z", "line 2 has 3 fields"),
        ("vin,dock,part_number\nX,D1,Y\nX,D2,Z", "line 3: dock differs"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_csv(text)
