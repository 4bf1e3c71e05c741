"""What a truck's despatch advice says of weights, ship-from and the quantity to date, from the plant's own rows."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from edi import formats
from edi.formats import AsnRule, Despatch, DespatchLine, Profile, ReleaseRule
from edi.models import OutboundMessage, TradingPartner
from edi.services import (
    deliver_due,
    issue_asn,
    issue_due_asns,
    profile_of,
    resend,
    settle_stale,
    sweep_outbound,
)
from edi.services.cumulatives import compare_counts
from edi.services.despatch import despatch_of
from inventory.errors import Refused
from inventory.models import CumulativeOpening, Part
from sequencer.models import OemPlant, RackType, Shipment
from tests.bounds import seeds
from tests.edi.files import Sender, contrl
from tests.edi.test_outbound import depart
from tests.factories import START, Plant

pytestmark = pytest.mark.django_db


@pytest.fixture
def dialect(monkeypatch: pytest.MonkeyPatch, partner: TradingPartner) -> Any:
    """The partner's profile with these rules of the ASN and the release."""

    def change(*, reset: str = "", **rules: Any) -> Profile:
        asn = replace(profile_of(partner).asn, **rules)
        profile = replace(profile_of(partner), asn=asn, release=ReleaseRule(cumulative_reset=reset))
        monkeypatch.setattr("edi.services.outbound.profile_of", lambda partner: profile)
        return profile

    return change


def told(shipment: Shipment) -> Despatch:
    """The despatch advice as the partner reads it."""
    message = OutboundMessage.objects.get(shipment=shipment)
    found = formats.read(bytes(message.content)).interchanges[0].messages[0].despatch
    assert found is not None
    return found


def lines(shipment: Shipment) -> list[DespatchLine]:
    return [line for package in told(shipment).packages for line in package.lines]


def to_date(shipment: Shipment) -> str | None:
    """The quantity to date, which all lines of the one part tell alike."""
    (figure,) = {line.cumulative for line in lines(shipment)}
    return figure


def weigh(part: str | None = "2.5", tare: str | None = "100") -> None:
    Part.objects.update(net_weight_kg=part)
    RackType.objects.update(tare_kg=tare)


# weights


@pytest.mark.parametrize(
    ("part", "tare", "rules", "truck", "rack", "unit"),
    [
        ("2.5", "100", {}, ("107.5", "7.5"), ("107.5", "7.5"), "KGM"),
        ("2.5", "100", {"weights": "shipment"}, ("107.5", "7.5"), (None, None), "KGM"),
        ("2.5", "100", {"weights": "none"}, (None, None), (None, None), None),
        ("2.5", None, {}, (None, "7.5"), (None, "7.5"), "KGM"),
        (None, "100", {}, (None, None), (None, None), None),
        ("2.5", "100", {"weight_unit": "LBR"}, ("236.997", "16.535"), ("236.997", "16.535"), "LBR"),
        ("0.0001", "100", {}, ("100", None), ("100", None), "KGM"),
    ],
)
def test_the_weights_are_those_of_parts_and_racks(
    part: str | None, tare: str | None, rules: dict[str, str], truck: Any, rack: Any, unit: str | None,
    plant: Plant, partner: TradingPartner, dialect: Any,
) -> None:  # fmt: skip
    weigh(part, tare)
    dialect(**rules)
    shipment = depart(plant, [1, 2, 3], "R1")
    issue_due_asns(at=START)
    said = told(shipment)
    (package,) = said.packages
    assert ((said.gross_weight, said.net_weight), said.weight_unit) == (truck, unit)
    assert (package.gross_weight, package.net_weight) == rack


def test_one_part_without_a_weight_leaves_the_sum_out_and_no_zero(
    plant: Plant, partner: TradingPartner, dialect: Any
) -> None:
    weigh()
    Part.objects.filter(number="B").update(net_weight_kg=None)
    dialect()
    for number, part in ((1, "C-A"), (2, "C-B"), (3, "C-A")):
        plant.new(number, part=part)
    plant.start_rack("R1")
    for slot, part in ((1, "A"), (2, "B"), (3, "A")):
        plant.pack(part, slot)
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    shipment = _leave(plant, "R1")
    issue_due_asns(at=START)
    said = told(shipment)
    assert (said.gross_weight, said.net_weight, said.weight_unit) == (None, None, None)
    assert b"MEA" not in bytes(OutboundMessage.objects.get().content)


def _leave(plant: Plant, carrier: str) -> Shipment:
    plant.plan()
    shipment = Shipment.objects.order_by("-pk")[0]
    plant.scans("%B:OP", f"%T:{shipment.number}", f"%R:{carrier}", "%C:DEPART", station=plant.dock)
    shipment.refresh_from_db()
    return shipment


@pytest.mark.parametrize(
    ("model", "field"), [(Part, "net_weight_kg"), (RackType, "tare_kg")], ids=["part", "rack"]
)
def test_nothing_weighs_nothing(model: Any, field: str, plant: Plant) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**{field: 0})


# ship-from


def test_the_plants_own_codes_name_us(plant: Plant, partner: TradingPartner, dialect: Any) -> None:
    dialect()
    OemPlant.objects.update(ship_from_code="SF1", ship_from_name="Seats North", supplier_code="4711")
    shipment = depart(plant, [1, 2, 3], "R1")
    issue_due_asns(at=START)
    assert (told(shipment).ship_from, told(shipment).ship_from_name) == ("SF1", "Seats North")
    message = formats.read(bytes(OutboundMessage.objects.get().content)).interchanges[0].messages[0]
    assert message.supplier == "4711"


def test_without_codes_nobody_is_named_and_the_envelope_tells_who_we_are(
    plant: Plant, partner: TradingPartner, dialect: Any
) -> None:
    profile = dialect()
    shipment = depart(plant, [1, 2, 3], "R1")
    issue_due_asns(at=START)
    assert (told(shipment).ship_from, told(shipment).ship_from_name) == (None, None)
    message = formats.read(bytes(OutboundMessage.objects.get().content)).interchanges[0].messages[0]
    assert message.supplier == profile.our.id


def test_a_name_needs_its_code(plant: Plant) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        OemPlant.objects.update(ship_from_name="Seats North")


# the quantity to date


def test_only_a_profile_that_asks_for_it_gets_it(plant: Plant, partner: TradingPartner, dialect: Any) -> None:
    dialect()
    shipment = depart(plant, [1, 2, 3], "R1")
    issue_due_asns(at=START)
    assert [line.cumulative for line in lines(shipment)] == [None, None, None]


def test_each_truck_counts_what_left_up_to_it_by_part(
    plant: Plant, partner: TradingPartner, dialect: Any
) -> None:
    dialect(cumulative=True)
    trucks = [depart(plant, [1, 2, 3], "R1"), depart(plant, [4, 5, 6], "R2")]
    for number in (7, 8, 9):
        plant.new(number, part="C-B")
    trucks.append(depart_of(plant, [7, 8, 9], "R3", "B"))
    # Written late and in the wrong order: none holds what left after it.
    for truck in reversed(trucks):
        issue_asn(truck.pk, at=START)
    assert [to_date(truck) for truck in trucks] == ["3", "6", "3"]


def depart_of(plant: Plant, sequences: list[int], carrier: str, part: str) -> Shipment:
    plant.build(sequences, carrier, part)
    return _leave(plant, carrier)


@pytest.mark.parametrize(
    ("reset", "opening", "figures", "since"),
    [
        ("", None, ["3", "6"], None),
        ("11-23", None, ["3", "6"], "2026-11-23"),
        ("01-01", None, ["3", "6"], "2026-01-01"),
        ("11-24", None, ["3", "3"], "2026-11-24"),
        ("", (100, date(2026, 11, 23)), ["103", "106"], None),
        ("01-01", (100, date(2026, 3, 1)), ["103", "106"], "2026-01-01"),
        # A model year that begins on a day of its own: an opening of nothing.
        ("", (0, date(2026, 11, 24)), ["3", "3"], "2026-11-24"),
        # An opening of another year's count says nothing.
        ("01-01", (100, date(2025, 12, 31)), ["3", "6"], "2026-01-01"),
    ],
)
def test_the_count_restarts_on_its_day_and_begins_with_the_opening_figure(
    reset: str, opening: Any, figures: list[str], since: str | None,
    plant: Plant, partner: TradingPartner, dialect: Any,
) -> None:  # fmt: skip
    profile = dialect(cumulative=True, reset=reset)
    if opening is not None:
        quantity, day = opening
        CumulativeOpening.objects.create(
            customer=plant.customer, customer_part="C-A", quantity=quantity, day=day
        )
    first = depart(plant, [1, 2, 3], "R1")
    second = depart(plant, [4, 5, 6], "R2")
    Shipment.objects.filter(pk=second.pk).update(departed_at=first.departed_at + timedelta(days=1))
    issue_due_asns(at=START)
    assert [to_date(truck) for truck in (first, second)] == figures
    assert {line.cumulative_since for line in lines(second)} == {since}
    # The planner compares the partner's receipts with the same count.
    at = START + timedelta(days=1, hours=4)
    balance = compare_counts(partner, profile, "C-A", "P1", "D1", at=at)
    assert balance.shipped == Decimal(figures[-1])


def test_trucks_of_one_moment_count_in_their_order(
    plant: Plant, partner: TradingPartner, dialect: Any
) -> None:
    dialect(cumulative=True)
    trucks = [depart(plant, [1, 2, 3], "R1"), depart(plant, [4, 5, 6], "R2")]
    Shipment.objects.update(departed_at=trucks[0].departed_at)
    issue_due_asns(at=START)
    assert [to_date(truck) for truck in trucks] == ["3", "6"]


def test_what_stands_at_the_dock_is_not_shipped(plant: Plant, partner: TradingPartner, dialect: Any) -> None:
    dialect(cumulative=True)
    first = depart(plant, [1, 2, 3], "R1")
    plant.build([4, 5, 6], "R2")
    plant.plan()
    issue_due_asns(at=START)
    assert to_date(first) == "3"


STEPS = ("depart", "issue", "issue_again", "send", "reject", "resend", "die", "settle")


@pytest.mark.parametrize("seed", seeds(6))
def test_whatever_becomes_of_the_messages_each_truck_counts_once(
    seed: int, plant: Plant, partner: TradingPartner, sender: Sender, dialect: Any
) -> None:
    """Random histories of writing, sending, refusing, losing and sending again: the count is that of the trucks."""
    dialect(cumulative=True)
    dice = random.Random(seed)
    trucks: list[Shipment] = []
    sent: dict[int, bytes] = {}
    at, control = START + timedelta(hours=1), 900
    steps = ["depart", *dice.choices(STEPS, k=25)]
    for step in steps:
        at += timedelta(seconds=30)
        if step == "depart" and len(trucks) < 5:
            numbers = [len(trucks) * 3 + at for at in (1, 2, 3)]
            trucks.append(depart(plant, numbers, f"R{len(trucks) + 1}"))
            continue
        rows = list(OutboundMessage.objects.exclude(shipment=None))
        row = dice.choice(rows) if rows else None
        if step == "issue":
            issue_asn(dice.choice(trucks).pk, at=at)
        elif step == "issue_again" and row is not None:
            issue_asn(row.shipment_id, at=at)
        elif step == "send":
            deliver_due(at=at)
        elif step == "reject" and row is not None:
            control += 1
            sender.send_raw(contrl(control, row.control_ref, action="4"))
        elif step == "resend" and row is not None:
            try:
                resend(row.pk, by=plant.supervisor, reason="he asks for it", at=at)
            except Refused:
                continue
        elif step == "die" and row is not None and row.status == "READY":
            OutboundMessage.objects.filter(pk=row.pk).update(status="SENDING", claimed_at=at, put_at=at)
        elif step == "settle":
            settle_stale(at=at + timedelta(minutes=1))
        for message in OutboundMessage.objects.exclude(shipment=None):
            assert sent.setdefault(message.pk, bytes(message.content)) == bytes(message.content)
    sweep_outbound(at=at + timedelta(minutes=5))
    assert [to_date(truck) for truck in trucks] == [str(3 * (number + 1)) for number in range(len(trucks))]


def test_the_count_has_no_row_that_a_second_message_could_count_up(
    plant: Plant, partner: TradingPartner
) -> None:
    profile = Profile(asn=AsnRule(cumulative=True))
    shipment = depart(plant, [1, 2, 3], "R1")
    first = despatch_of(shipment, partner, profile)
    assert despatch_of(shipment, partner, profile) == first
    assert {line.cumulative for package in first.packages for line in package.lines} == {"3"}


def test_an_x12_partner_gets_them_in_his_words(plant: Plant, partner: TradingPartner, dialect: Any) -> None:
    weigh()
    OemPlant.objects.update(ship_from_code="SF1", ship_from_name="Seats North", supplier_code="4711")
    dialect(format="856", cumulative=True, weight_unit="LB")
    depart(plant, [1, 2, 3], "R1")
    issue_due_asns(at=datetime(2026, 11, 23, 9, 0, tzinfo=START.tzinfo))
    written = bytes(OutboundMessage.objects.get().content).decode().split("~\r\n")
    assert "TD1******G*236.997*LB" in written
    assert "N1*SU**92*4711" in written
    assert "N1*SF*Seats North*92*SF1" in written
    assert [text for text in written if text.startswith("SN1")] == ["SN1**1**3"] * 3
