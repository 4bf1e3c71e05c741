"""861 and VDA 4915 as a plant at work meets them: a file lands in the inbox, and people see what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from edi.management.commands.watch_inbox import Watcher
from edi.models import CallOffRoute, Delivery, DeliveryConfirmation, InboundEvent, TradingPartner
from edi.services import take_ledger
from edi.transport import partner_folders
from inventory.models import DemandSchedule
from sequencer.models import Task
from tests.edi.schedules import advice_861, release_4915
from tests.edi.test_releases import ship
from tests.factories import Plant, person

Drop = Callable[[str, str, bytes], Delivery]

LAYOUT = 'format = "vda"\nbase = "example_vda4915"\n'
PROFILE = (
    'code = "vda"\nidentity = ["production_number"]\ncounter = "transmission"\n[control]\non_gap = "warn"\n'
    'transmission_width = 5\n[layouts]\nvda4915 = "vda4915.toml"\n'
)


@pytest.fixture
def fine(plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TradingPartner:
    """A partner with a 4915 layout of his own."""
    folder = tmp_path / "partners" / "vda"
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text(PROFILE)
    (folder / "vda4915.toml").write_text(LAYOUT)
    monkeypatch.setattr("edi.services.profiles.PARTNERS", folder.parent)
    row = TradingPartner.objects.create(code="VDA", name="Fine calls", customer=plant.customer, profile="vda")
    CallOffRoute.objects.create(partner=row, program=plant.program)
    return row


@pytest.fixture
def drop() -> Iterator[Drop]:
    """Puts a file into a partner's inbox by rename; the watcher takes it in and has it worked off."""
    watchers = []

    def put(code: str, name: str, raw: bytes) -> Delivery:
        watcher = Watcher(inline=True)
        watchers.append(watcher)
        watcher.refresh()
        inbox = partner_folders(code).inbox
        (inbox / f".{name}.tmp").write_bytes(raw)
        (inbox / f".{name}.tmp").rename(inbox / name)
        watcher.scan()
        return Delivery.objects.get(file_name=name)

    yield put
    for watcher in watchers:
        watcher.leave()


@pytest.fixture
def page(client: Client, plant: Plant) -> Callable[[str], str]:
    clerk: User = person("clerk", "logistics", "LOG")
    client.force_login(clerk)
    return lambda link: client.get(link).content.decode()


# VDA 4915


def test_a_4915_is_the_short_range_demand_people_see(
    fine: TradingPartner, drop: Drop, page: Callable[[str], str]
) -> None:
    delivery = drop("VDA", "fab00008.vda", release_4915(7, 8, {"2611230600": 24, "2611231400": 36}))
    assert (delivery.status, delivery.note) == ("PARSED", "")
    row = DemandSchedule.objects.get()
    assert (row.horizon, row.ship_to, row.dock, row.release_number, row.current) == (
        "CALL", "P1", "T12", "000000008", True,
    )  # fmt: skip
    wanted = [(line.first, line.time, int(line.quantity)) for line in row.lines.all()]
    assert wanted == [(date(2026, 11, 23), "06:00", 24), (date(2026, 11, 23), "14:00", 36)]
    shown = page("/demand/")
    assert all(text in shown for text in ("C-A", "T12", ">60<", "release 000000008")), shown
    detail = page(f"/edi/deliveries/{delivery.pk}/")
    assert all(text in detail for text in ("SCHEDULE", "✓ applied", "2026-11-23T14:00", "000000008")), detail
    assert take_ledger().balanced


def test_the_next_4915_replaces_it_and_a_repeat_does_not_count_twice(
    fine: TradingPartner, drop: Drop, page: Callable[[str], str]
) -> None:
    drop("VDA", "a.vda", release_4915(7, 8, {"2611230600": 24}))
    later = release_4915(8, 9, {"2611230600": 10, "2611240600": 5})
    drop("VDA", "b.vda", later)
    again = drop("VDA", "c.vda", later)
    assert again.status == "DUPLICATE"
    assert list(DemandSchedule.objects.values_list("release_number", "current").order_by("pk")) == [
        ("000000008", False), ("000000009", True),
    ]  # fmt: skip
    shown = page("/demand/")
    assert ">15<" in shown
    assert ">24<" not in shown
    assert take_ledger().balanced


def test_a_missing_4915_is_a_gap_to_ask_for(
    fine: TradingPartner, drop: Drop, page: Callable[[str], str]
) -> None:
    drop("VDA", "a.vda", release_4915(7, 8, {"2611230600": 24}))
    drop("VDA", "c.vda", release_4915(9, 10, {"2611230600": 12}))
    assert "4915" in page("/edi/gaps/")
    assert Task.objects.get(kind="EDI_GAP").text == "transmission 00009 of VDA is missing"
    drop("VDA", "b.vda", release_4915(8, 9, {"2611230600": 18}))
    assert not Task.objects.filter(kind="EDI_GAP").exclude(status="DONE").exists()
    current = DemandSchedule.objects.get(current=True)
    assert (current.release_number, int(current.lines.get().quantity)) == ("000000010", 12)


def test_a_4915_of_an_unknown_part_waits_and_says_so(
    fine: TradingPartner, drop: Drop, page: Callable[[str], str]
) -> None:
    delivery = drop("VDA", "a.vda", release_4915(7, 8, {"2611230600": 24}, part="NEW-PART"))
    assert (InboundEvent.objects.get().status, InboundEvent.objects.get().code) == ("HELD", "unknown_part")
    assert "NEW-PART" in page("/edi/quarantine/")
    assert "⚠ held" in page(f"/edi/deliveries/{delivery.pk}/")
    assert take_ledger().balanced


# 861


def test_an_861_confirms_what_left(
    partner: TradingPartner, plant: Plant, drop: Drop, page: Callable[[str], str]
) -> None:
    shipment = ship(plant, [1, 2, 3], "R1")
    delivery = drop("OEM-D", "rcv.x12", advice_861(1, shipment.number, {"C-A": "3"}))
    assert (delivery.status, delivery.note) == ("PARSED", "")
    row = DeliveryConfirmation.objects.get()
    assert (row.shipment, row.customer_part, row.shipped, row.received, row.difference) == (
        shipment, "C-A", 3, 3, 0,
    )  # fmt: skip
    assert row.received_on == "2026-11-23T05:12"
    detail = page(f"/edi/deliveries/{delivery.pk}/")
    assert all(text in detail for text in ("RECEIPT", "✓ applied", f"C-A on {shipment.number} is confirmed"))
    assert not Task.objects.filter(kind="RECEIPT").exists()
    assert take_ledger().balanced


def test_an_861_that_counts_less_asks_a_person(
    partner: TradingPartner, plant: Plant, drop: Drop, page: Callable[[str], str]
) -> None:
    shipment = ship(plant, [1, 2, 3], "R1")
    drop("OEM-D", "rcv.x12", advice_861(1, shipment.number, {"C-A": "2"}))
    text = f"OEM-D confirms 2 of C-A on {shipment.number}; 3 left here"
    assert Task.objects.get(kind="RECEIPT").text == text
    assert text in page(f"/lines/{plant.line.pk}/")


def test_an_861_that_comes_twice_confirms_once(partner: TradingPartner, plant: Plant, drop: Drop) -> None:
    shipment = ship(plant, [1, 2, 3], "R1")
    raw = advice_861(1, shipment.number, {"C-A": "3"})
    drop("OEM-D", "rcv.x12", raw)
    assert drop("OEM-D", "again.x12", raw).status == "DUPLICATE"
    assert DeliveryConfirmation.objects.count() == 1
    assert take_ledger().balanced
