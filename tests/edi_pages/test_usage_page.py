"""The page of feed usage: what changed stands first, and whoever accepts it gives name and reason."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from edi.models import FeedUsage, TradingPartner
from edi.services import accept_usage
from tests.edi.files import Call, Sender
from tests.factories import Plant, person


def shown(page: Client) -> str:
    return page.get("/edi/usage/").content.decode()


def test_a_feed_nobody_accepted_says_so(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    assert "by nobody yet: a change is not told" in shown(page)


def test_it_is_accepted_with_name_and_reason(
    page: Client, sender: Sender, partner: TradingPartner, clerk: User
) -> None:
    sender.send(Call(1))
    address = f"/edi/usage/{partner.pk}/accept/"
    assert "Accept what the feed of OEM-D uses" in page.get(address).content.decode()
    assert page.post(address, {"reason": " "}).status_code == 409
    assert not FeedUsage.objects.exists()
    assert page.post(address, {"reason": "compared with the guide"}).status_code == 204
    row = FeedUsage.objects.get(message_type="DELJIT")
    assert (row.accepted_by, row.reason) == (clerk, "compared with the guide")
    text = shown(page)
    assert "nothing new" in text
    assert "DELJIT: 1 message, 9 segments" in text


def test_a_change_is_shown_with_its_place(
    page: Client, sender: Sender, partner: TradingPartner, plant: Plant
) -> None:
    sender.send(Call(1))
    accept_usage(partner, None, by=plant.supervisor, reason="looked", at=plant.at)
    sender.send(Call(1, "CANCEL"))
    text = shown(page)
    assert "1 change" in text
    assert "DELJIT: SEQ 1 says &#x27;2&#x27;, which never came before" in text
    assert "which never came before" in page.get(f"/edi/usage/{partner.pk}/accept/").content.decode()


def test_a_partner_that_is_gone(page: Client, plant: Plant) -> None:
    assert page.get("/edi/usage/4711/accept/").status_code == 404


def test_quality_looks_and_does_not_accept(client: Client, sender: Sender, partner: TradingPartner) -> None:
    sender.send(Call(1))
    client.force_login(person("tester", "quality", "QUA"))
    assert "Accept …" not in shown(client)
    assert client.post(f"/edi/usage/{partner.pk}/accept/", {"reason": "x"}).status_code == 403


def test_an_unverified_profile_is_shown_on_the_overview(page: Client, sender: Sender) -> None:
    sender.send(Call(1))
    assert ">unverified</span>" in page.get("/edi/").content.decode()
