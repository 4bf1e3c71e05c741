"""Delivery schedules become demand: what replaces what, what never counts twice, and how the counts compare."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from edi.formats import Profile
from edi.formats.profile import ReleaseRule
from edi.models import DeliveryConfirmation, InboundEvent, InboundMessage, TradingPartner
from edi.services import lanes, profile_of, run_lane, sweep_lanes, take_ledger
from edi.services.cumulatives import compare_counts
from inventory.models import CumulativeBalance, CumulativeOpening, CustomerPart, DemandSchedule, Part
from sequencer.models import Shipment, Task
from tests.edi.files import Sender, interchange
from tests.factories import START, Plant


def delfor(
    number: str,
    *lines: tuple[str, str],
    part: str = "C-A",
    previous: str = "",
    issued: str = "202611230600",
    function: str = "9",
    dock: str = "D1",
    order: str = "4711",
    received: str = "",
    last: str = "",
    parts: tuple[str, ...] = (),
) -> list[str]:
    """A DELFOR D.97A; `lines` are (day as YYYYMMDD, quantity)."""
    body = [f"BGM+241+{number}+{function}", f"DTM+137:{issued}:203"]
    body += [f"RFF+AIF:{previous}"] if previous else []
    body += ["NAD+ST+P1::92"]
    for name in parts or (part,):
        body += [f"LIN+1++{name}:IN", f"LOC+11+{dock}", f"RFF+ON:{order}"]
        body += [f"QTY+70:{received}"] if received else []
        body += [f"RFF+AAU:{last}"] if last and received else []
        for day, quantity in lines:
            body += ["SCC+1", f"QTY+113:{quantity}:PCE", f"DTM+2:{day}:102"]
    return ["UNH+1+DELFOR:D:97A:UN", *body, f"UNT+{len(body) + 2}+1"]


class Scheduler:
    """A partner that sends releases."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.control = 0

    def send(self, number: str, *lines: tuple[str, str], **more: Any) -> None:
        self.control += 1
        self.sender.send_raw(interchange([delfor(number, *lines, **more)], self.control))

    def outcomes(self) -> list[tuple[str, str]]:
        rows = InboundEvent.objects.filter(event="SCHEDULE").order_by("pk")
        return list(rows.values_list("status", "code"))


@pytest.fixture
def releases(sender: Sender) -> Scheduler:
    return Scheduler(sender)


@pytest.fixture
def dialect(monkeypatch: pytest.MonkeyPatch, partner: TradingPartner) -> Any:
    """The partner's profile with other rules for releases."""

    def change(**rules: str) -> Profile:
        profile = replace(profile_of(partner), release=ReleaseRule(**rules))
        for place in ("edi.services.releases", "edi.services.receipts", "edi.services.lanes"):
            monkeypatch.setattr(f"{place}.profile_of", lambda partner: profile)
        return profile

    return change


def wanted(part: str = "C-A") -> list[tuple[str, str]]:
    """(day, quantity) of what counts now."""
    rows = DemandSchedule.objects.filter(customer_part=part, current=True).order_by("pk")
    return [(str(line.first), f"{line.quantity.normalize():f}") for row in rows for line in row.lines.all()]


def test_a_release_lands_as_demand_of_the_part(releases: Scheduler, plant: Plant) -> None:
    releases.send("18", ("20261124", "120"), ("20261125", "60.5"), previous="17")
    row = DemandSchedule.objects.get()
    assert (row.part, row.horizon, row.ship_to, row.dock, row.order_ref) == (
        plant.parts["A"], "PLAN", "P1", "D1", "4711",
    )  # fmt: skip
    assert (row.release_number, row.previous_number, row.issued, row.unit) == (
        "18", "17", "2026-11-23T06:00", "PCE",
    )  # fmt: skip
    assert [(line.first, line.quantity, line.firmness) for line in row.lines.all()] == [
        (date(2026, 11, 24), 120, "firm"),
        (date(2026, 11, 25), Decimal("60.5"), "firm"),
    ]
    assert InboundMessage.objects.get().status == "APPLIED"
    assert take_ledger().balanced


Sent = tuple[str, str, dict[str, str]]
FIRST: Sent = ("1", "10", {})


def under(function: str, number: str = "1", quantity: str = "10") -> Sent:
    return (number, quantity, {"function": function})


ORDER: list[tuple[str, list[Sent], list[str], str]] = [
    ("the next replaces", [FIRST, ("2", "20", {})], ["APPLIED", "APPLIED"], "20"),
    (
        "an older one",
        [("2", "20", {"issued": "202611230700"}), FIRST],
        ["APPLIED", "APPLIED older_release"],
        "20",
    ),
    ("the same again", [FIRST, FIRST], ["APPLIED", "DUPLICATE"], "10"),
    ("other content", [FIRST, ("1", "11", {})], ["APPLIED", "QUARANTINED release_conflict"], "10"),
    ("corrected", [FIRST, under("5", quantity="11")], ["APPLIED", "APPLIED"], "11"),
    ("a copy", [FIRST, under("31")], ["APPLIED", "DUPLICATE"], "10"),
    (
        "a copy that differs",
        [FIRST, under("31", "1", "11")],
        ["APPLIED", "QUARANTINED release_conflict"],
        "10",
    ),
    ("a copy of what never came", [under("35")], ["APPLIED"], "10"),
    ("withdrawn", [FIRST, under("50")], ["APPLIED", "APPLIED"], ""),
    ("withdrawn twice", [FIRST, under("1"), under("1")], ["APPLIED", "APPLIED", "DUPLICATE"], ""),
    ("withdrawn, then the next", [FIRST, under("40"), ("2", "9", {})], ["APPLIED"] * 3, "9"),
    (
        "an old one withdrawn",
        [FIRST, ("2", "20", {}), under("50")],
        ["APPLIED", "APPLIED", "APPLIED older_release"],
        "20",
    ),
    (
        "one withdrawn that never came",
        [FIRST, under("50", "2")],
        ["APPLIED", "QUARANTINED nothing_to_withdraw"],
        "10",
    ),
    ("nothing to withdraw", [under("1")], ["QUARANTINED nothing_to_withdraw"], ""),
    ("a test", [under("53")], ["APPLIED no_effect"], ""),
]


@pytest.mark.parametrize(("name", "sent", "outcomes", "left"), ORDER, ids=[row[0] for row in ORDER])
def test_which_release_counts(
    name: str,
    sent: list[Sent],
    outcomes: list[str],
    left: str,
    releases: Scheduler,
) -> None:
    for number, quantity, more in sent:
        releases.send(number, ("20261124", quantity), **more)
    assert [f"{status} {code}".strip() for status, code in releases.outcomes()] == outcomes
    assert wanted() == ([("2026-11-24", left)] if left else [])
    assert take_ledger().balanced


def test_every_release_is_kept(releases: Scheduler) -> None:
    releases.send("2", ("20261124", "20"), issued="202611230700")
    releases.send("1", ("20261124", "10"))
    releases.send("3", ("20261124", "25"), issued="202611230800")
    rows = DemandSchedule.objects.order_by("release_number")
    assert [(row.release_number, row.current, row.replaced_at is None) for row in rows] == [
        ("1", False, False), ("2", False, False), ("3", True, True),
    ]  # fmt: skip
    assert (rows[2].change, rows[2].change_quantity) == ("+5 on 24 Nov", 5)


def test_a_profile_may_amend(releases: Scheduler, dialect: Any) -> None:
    dialect(mode="amend")
    releases.send("1", ("20261124", "10"), ("20261125", "10"))
    releases.send("2", ("20261125", "0"), ("20261126", "7"))
    assert wanted() == [("2026-11-24", "10"), ("2026-11-26", "7")]
    releases.send("3")
    assert releases.outcomes()[-1] == ("QUARANTINED", "no_lines")


def test_an_amendment_that_was_missed_is_told(releases: Scheduler, dialect: Any) -> None:
    dialect(mode="amend")
    releases.send("1", ("20261124", "10"))
    releases.send("3", ("20261125", "10"), previous="2")
    assert "release 2 before it never came" in Task.objects.get(kind="RELEASE_GAP").text
    releases.send("4", ("20261125", "10"), previous="3")
    assert Task.objects.get(kind="RELEASE_GAP").status == "DONE"


def test_places_orders_and_parts_stand_for_themselves(releases: Scheduler) -> None:
    releases.send("1", ("20261124", "10"))
    releases.send("1", ("20261124", "20"), dock="D2")
    releases.send("1", ("20261124", "30"), order="4712")
    releases.send("1", ("20261124", "40"), part="C-B")
    assert wanted() == [("2026-11-24", "10"), ("2026-11-24", "20"), ("2026-11-24", "30")]
    assert wanted("C-B") == [("2026-11-24", "40")]


def test_one_message_never_says_two_things_of_one_place(releases: Scheduler) -> None:
    releases.send("1", ("20261124", "10"), parts=("C-A", "C-A"))
    assert releases.outcomes() == [("APPLIED", ""), ("QUARANTINED", "release_twice")]
    assert wanted() == [("2026-11-24", "10")]


def test_an_unknown_part_waits_alone_and_frees_itself(releases: Scheduler, plant: Plant) -> None:
    releases.send("1", ("20261124", "10"), parts=("C-A", "C-NEW"))
    assert releases.outcomes() == [("APPLIED", ""), ("HELD", "unknown_part")]
    assert InboundMessage.objects.get().status == "PARTLY_APPLIED"
    assert Task.objects.filter(kind="EDI_MESSAGE").exists()
    part = Part.objects.create(number="NEW")
    CustomerPart.objects.create(customer=plant.customer, number="C-NEW", part=part)
    InboundEvent.objects.update(tried_at=START - timedelta(days=30))
    sweep_lanes()
    assert releases.outcomes() == [("APPLIED", ""), ("APPLIED", "")]
    assert wanted("C-NEW") == [("2026-11-24", "10")]
    assert InboundMessage.objects.get().status == "APPLIED"
    assert not Task.objects.exclude(status="DONE").filter(kind="EDI_MESSAGE").exists()


def test_a_release_that_waited_does_not_overwrite_the_one_behind_it(
    releases: Scheduler, plant: Plant
) -> None:
    releases.send("1", ("20261124", "10"), part="C-NEW")
    CustomerPart.objects.create(
        customer=plant.customer, number="C-NEW", part=Part.objects.create(number="NEW")
    )
    releases.send("2", ("20261124", "20"), part="C-NEW")
    assert releases.outcomes() == [("APPLIED", "older_release"), ("APPLIED", "")]
    assert wanted("C-NEW") == [("2026-11-24", "20")]


def test_a_crash_between_effect_and_book_entry_takes_both_back(
    releases: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        """As sudden as a power cut: nothing catches it."""

    def die(name: str) -> None:
        if name == "before_commit" and DemandSchedule.objects.exists():
            raise Died

    monkeypatch.setattr("edi.failpoints.reach", die)
    with pytest.raises(Died):
        releases.send("1", ("20261124", "10"), parts=("C-A", "C-B"))
    assert (DemandSchedule.objects.count(), InboundEvent.objects.filter(status="PENDING").count()) == (0, 2)
    assert not take_ledger().balanced
    monkeypatch.undo()
    monkeypatch.setattr(lanes.transport, "STALE_SECONDS", -1)
    assert run_lane(TradingPartner.objects.get().pk)
    assert releases.outcomes() == [("APPLIED", ""), ("APPLIED", "")]
    assert DemandSchedule.objects.count() == 2
    assert take_ledger().balanced


def test_the_database_takes_an_event_once(releases: Scheduler) -> None:
    releases.send("1", ("20261124", "10"))
    InboundEvent.objects.update(status="PENDING")
    InboundMessage.objects.update(status="PENDING")
    run_lane(TradingPartner.objects.get().pk)
    assert DemandSchedule.objects.count() == 1
    assert wanted() == [("2026-11-24", "10")]


SHIP_862 = (
    "ISA*00*          *00*          *ZZ*OEM            *ZZ*SUPPLIER       *261123*0600*U*00401*{n:09d}*0*P*>~"
    "GS*SS*OEM*SUPPLIER*20261123*0600*{n}*X*004010~ST*862*0001~BSS*00*{n}*20261123*DL*20261123*20261130**{n}***A~"
    "N1*ST**92*P1~LIN**BP*C-A~UIT*EA~FST*{q}*C*D*20261124~SHP*02*{cum}*051*20260101~SE*8*0001~GE*1*{n}~IEA*1*{n:09d}~"
)


def test_an_862_is_the_call_off_before_the_plan(sender: Sender, releases: Scheduler) -> None:
    releases.send("1", ("20261124", "10"), ("20261130", "50"), dock="")
    sender.send_raw(SHIP_862.format(n=1, q=12, cum=0).encode())
    rows = DemandSchedule.objects.filter(current=True).values_list("horizon", "lines__quantity")
    assert sorted((horizon, int(quantity)) for horizon, quantity in rows) == [
        ("CALL", 12), ("PLAN", 10), ("PLAN", 50),
    ]  # fmt: skip


def test_the_test_sides_releases_are_kept_apart(releases: Scheduler, partner: TradingPartner) -> None:
    TradingPartner.objects.update(test_partner=True)
    releases.send("1", ("20261124", "10"))
    assert DemandSchedule.objects.get().test


# cumulative counts


def ship(plant: Plant, sequences: list[int], carrier: str, *, minutes: int = 0) -> Shipment:
    """A rack of doors leaves."""
    rack = plant.build(sequences, carrier)
    plant.plan()
    shipment = Shipment.objects.get(racks=rack)
    codes = plant.scans("%B:OP", f"%T:{shipment.number}", f"%R:{carrier}", "%C:DEPART", station=plant.dock)
    assert codes == ["OK"] * 4
    shipment.refresh_from_db()
    return shipment


def balance() -> tuple[str, str, str, str]:
    row = CumulativeBalance.objects.get()
    values = (row.shipped, row.in_transit, row.received, row.difference)
    return tuple(f"{value.normalize():f}" for value in values)  # type: ignore[return-value]


def test_our_count_and_his_agree(releases: Scheduler, plant: Plant) -> None:
    first = ship(plant, [1, 2, 3], "R1")
    ship(plant, [4, 5, 6], "R2")
    releases.send("1", ("20261124", "10"), received="3", last=first.number)
    assert balance() == ("6", "3", "3", "0")
    assert not Task.objects.filter(kind="CUMULATIVE").exists()


def test_a_difference_is_stored_shown_and_told_until_it_is_gone(releases: Scheduler, plant: Plant) -> None:
    first = ship(plant, [1, 2, 3], "R1")
    releases.send("1", ("20261124", "10"), received="2", last=first.number)
    assert balance() == ("3", "0", "2", "1")
    text = Task.objects.exclude(status="DONE").get(kind="CUMULATIVE").text
    assert text.startswith("C-A: 3 shipped, 0 of them on the road, OEM-D has received 2: 1 are missing")
    assert first.number in text
    releases.send("2", ("20261124", "10"), received="3", last=first.number)
    assert balance() == ("3", "0", "3", "0")
    assert Task.objects.get(kind="CUMULATIVE").status == "DONE"


def test_what_left_in_the_transit_time_is_on_the_road(releases: Scheduler, plant: Plant) -> None:
    shipment = ship(plant, [1, 2, 3], "R1")
    assert shipment.departed_at is not None
    # Berlin is an hour ahead; the plant is twenty minutes away.
    early = shipment.departed_at + timedelta(minutes=60 + 10)
    late = shipment.departed_at + timedelta(minutes=60 + 30)
    releases.send("1", ("20261124", "10"), received="0", issued=f"{early:%Y%m%d%H%M}")
    assert balance() == ("3", "3", "0", "0")
    releases.send("2", ("20261124", "10"), received="0", issued=f"{late:%Y%m%d%H%M}")
    assert balance() == ("3", "0", "0", "3")


def test_the_count_restarts_and_begins_with_an_opening_figure(
    releases: Scheduler, plant: Plant, dialect: Any
) -> None:
    dialect(cumulative_reset="11-01")
    shipment = ship(plant, [1, 2, 3], "R1")
    CumulativeOpening.objects.create(
        customer=plant.customer, customer_part="C-A", quantity=997, day=date(2026, 11, 20)
    )
    CumulativeOpening.objects.create(
        customer=plant.customer, customer_part="C-A", quantity=5, day=date(2026, 10, 31)
    )
    releases.send("1", ("20261124", "10"), received="1000", last=shipment.number)
    assert balance() == ("1000", "0", "1000", "0")
    assert CumulativeBalance.objects.get().since == date(2026, 11, 1)


def test_what_left_before_the_restart_counts_no_more(
    plant: Plant, partner: TradingPartner, dialect: Any
) -> None:
    profile = dialect(cumulative_reset="11-24")
    ship(plant, [1, 2, 3], "R1")
    for at, shipped in ((START, 3), (START + timedelta(days=1), 0)):
        with transaction.atomic():
            row = compare_counts(partner, profile, "C-A", "P1", "D1", at=at)
        assert row.shipped == shipped


# receipts


def recadv(control: int, shipment: str, received: str, part: str = "C-A") -> bytes:
    body = [
        f"BGM+632+R{control}+9", "DTM+137:202611231200:203", "DTM+50:202611231130:203", f"RFF+AAU:{shipment}",
        "NAD+ST+P1::92", "CPS+1", f"LIN+1++{part}:IN", f"QTY+48:{received}:PCE", f"QTY+194:{received}:PCE",
    ]  # fmt: skip
    return interchange([["UNH+1+RECADV:D:97A:UN", *body, f"UNT+{len(body) + 2}+1"]], control)


def test_a_receipt_is_stored_beside_what_left(sender: Sender, plant: Plant) -> None:
    shipment = ship(plant, [1, 2, 3], "R1")
    sender.send_raw(recadv(1, shipment.number, "3"))
    row = DeliveryConfirmation.objects.get()
    assert (row.shipment, row.shipped, row.received, row.difference) == (shipment, 3, 3, 0)
    assert not Task.objects.filter(kind="RECEIPT").exists()
    assert take_ledger().balanced


def test_a_receipt_confirms_the_shipment_and_its_calls(sender: Sender, plant: Plant) -> None:
    """The core hears of it in the same transaction: arrived, confirmed, and what it counts stands beside what left."""
    shipment = ship(plant, [1, 2, 3], "R1")
    sender.send_raw(recadv(1, shipment.number, "3"))
    shipment.refresh_from_db()
    assert (shipment.status, shipment.lines.get().confirmed) == ("CONFIRMED", 3)
    assert {plant.group(n).status for n in (1, 2, 3)} == {"CONFIRMED"}


def test_a_receipt_of_less_is_a_task(sender: Sender, plant: Plant) -> None:
    shipment = ship(plant, [1, 2, 3], "R1")
    sender.send_raw(recadv(1, shipment.number, "2"))
    assert DeliveryConfirmation.objects.get().difference == -1
    text = Task.objects.get(kind="RECEIPT").text
    assert text == f"OEM-D confirms 2 of C-A on {shipment.number}; 3 left here"


def test_a_receipt_of_another_systems_delivery_is_kept(sender: Sender) -> None:
    sender.send_raw(recadv(1, "ERP-4711", "3"))
    assert DeliveryConfirmation.objects.get().shipment is None
    assert InboundEvent.objects.get().code == "no_shipment"


def test_a_receipt_moves_the_partners_count(releases: Scheduler, plant: Plant) -> None:
    first = ship(plant, [1, 2, 3], "R1")
    second = ship(plant, [4, 5, 6], "R2")
    releases.send("1", ("20261124", "10"), received="3", last=first.number)
    assert balance() == ("6", "3", "3", "0")
    releases.sender.send_raw(recadv(9, second.number, "2"))
    assert balance() == ("6", "0", "5", "1")
