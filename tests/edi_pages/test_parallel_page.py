"""The page of a parallel run: what came on both sides, the verdict large, each difference with its files."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from edi import parallel
from edi.models import CallOffRoute, Delivery, InboundEvent, TradingPartner
from edi.services.sides import make_test_side
from tests.edi.files import Call, Sender
from tests.factories import START, Plant, make_plant, person

PAGE = "/edi/parallel/"


@pytest.fixture
def plant(db: None) -> Plant:
    return make_plant()


@pytest.fixture
def partner(plant: Plant) -> TradingPartner:
    partner = TradingPartner.objects.create(
        code="OEM-D", name="An OEM", customer=plant.customer, profile="generic_deljit"
    )
    CallOffRoute.objects.create(partner=partner, program=plant.program)
    return partner


@pytest.fixture
def side(partner: TradingPartner) -> TradingPartner:
    return make_test_side(partner, at=START)


@pytest.fixture
def sender(partner: TradingPartner, side: TradingPartner) -> Sender:
    return Sender(TradingPartner.objects.get(pk=partner.pk))


@pytest.fixture
def page(client: Client, plant: Plant) -> Client:
    clerk: User = person("clerk", "logistics", "LOG")
    client.force_login(clerk)
    return client


def text(page: Client, asked: str = "") -> str:
    """What stands on the page, without tags, blanks as one."""
    found = re.sub(r"<[^>]+>", " ", page.get(PAGE + asked).content.decode())
    return " ".join(unescape(found).split())


def test_it_is_reached_from_every_page_of_the_gate(page: Client, partner: TradingPartner) -> None:
    assert f'<a href="{PAGE}">Parallel run</a>' in page.get("/edi/").content.decode()
    assert f'<a href="{PAGE}" aria-current="page">' in page.get(PAGE).content.decode()


def test_without_a_test_side_it_says_how_one_is_made(page: Client, partner: TradingPartner) -> None:
    assert "manage.py edi_test_side CODE" in text(page)


def test_before_anything_came_nothing_is_proven(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    shown = text(page)
    assert "Nothing came on the test side" in shown
    assert "1 call in production 0 on the test side" in shown


def test_two_sides_that_agree(page: Client, sender: Sender) -> None:
    sender.send(Call(1), Call(2))
    sender.send(Call(1), Call(2), test=True)
    shown = text(page)
    assert "✓ Both sides say the same" in shown
    assert "2 calls in production 2 on the test side 2 alike 0 differ 0 wait on the test side" in shown
    assert "OEM-D production generic_deljit unverified 1 " in shown
    assert "OEM-D-T test generic_deljit unverified 1 " in shown
    assert "No call differs." in shown


def test_a_difference_shows_both_facts_and_leads_to_both_files(page: Client, sender: Sender) -> None:
    here = sender.send(Call(1), Call(2))
    there = sender.send(Call(1, part="C-B"), Call(2), test=True)
    shown = text(page)
    assert "✕ 1 call differs" in shown
    assert "V0001 parts door 1 x C-A 1 x C-B" in shown, shown
    content = page.get(PAGE).content.decode()
    for delivery in (here, there):
        event = InboundEvent.objects.get(message__interchange__delivery=delivery, call_number="V0001")
        link = f"/edi/deliveries/{delivery.pk}/"
        assert f'href="{link}#e{event.pk}"' in content
        assert page.get(link).status_code == 200


def test_a_call_of_one_side_only_has_one_file(page: Client, sender: Sender) -> None:
    sender.send(Call(1), Call(2))
    sender.send(Call(1), test=True)
    shown = text(page)
    assert "✕ 1 call differs" in shown
    assert "production · none" in shown


def test_what_waits_on_the_test_side_leads_to_the_quarantine(
    page: Client, sender: Sender, side: TradingPartner
) -> None:
    sender.send(Call(1), Call(2), test=True)
    sender.send(Call(1), Call(2))
    sender.send(Call(900), test=True)
    content = page.get(PAGE).content.decode()
    assert f"/edi/quarantine/?partner={side.code}&amp;kind=event" in content
    assert page.get(f"/edi/quarantine/?partner={side.code}&kind=event").status_code == 200


def test_the_period_can_be_chosen(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    sender.send(Call(1), test=True)
    Delivery.objects.update(received_at=timezone.now() - timedelta(days=3))
    assert "Both sides say the same" in text(page)
    assert "Nothing came on the test side" in text(page, "?days=1")
    assert "Both sides say the same" in text(page, "?days=9999999999")


def test_many_differences_are_cut_and_counted(
    page: Client, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "CALLS_SHOWN", 2)
    sender.send(*(Call(n) for n in range(1, 6)))
    sender.send(*(Call(n, dock="D2") for n in range(1, 6)), test=True)
    shown = text(page)
    assert "✕ 5 calls differ" in shown
    assert "and 3 more calls" in shown


def test_an_operator_is_kept_out(client: Client, plant: Plant) -> None:
    client.force_login(plant.operator)
    assert client.get(PAGE).status_code == 403
