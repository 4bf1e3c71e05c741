"""Entering a channel: who may, what is refused with the reason, and trying it before it carries anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from edi.models import PartnerChannel, TradingPartner
from tests.channels.conftest import Site, make_channel

pytestmark = pytest.mark.django_db


def logged_in(role: str) -> Client:
    user = User.objects.create_user(role, password="x", is_staff=True)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, channel: PartnerChannel, **changes: Any) -> Any:
    page = reverse("admin:edi_partnerchannel_change", args=[channel.pk])
    form = client.get(page).context["adminform"].form
    data = {name: "" if value is None else value for name, value in form.initial.items()}
    data = {name: value for name, value in {**data, **changes}.items() if value is not False}
    return client.post(page, data)


def test_an_administrator_enters_and_others_only_read(gateway: Site) -> None:
    page = reverse("admin:edi_partnerchannel_change", args=[gateway.channel.pk])
    assert post(logged_in("administrator"), gateway.channel, poll_seconds=30).status_code == 302
    assert PartnerChannel.objects.get().poll_seconds == 30
    reader = logged_in("supervisor")
    assert reader.get(page).status_code == 200
    assert reader.post(page, {}).status_code == 403


def test_an_active_channel_that_cannot_work_is_refused(gateway: Site) -> None:
    client = logged_in("administrator")
    answer = post(client, gateway.channel, in_folder="/etc")
    assert "JIS_PARTNER_FOLDERS" in answer.content.decode()
    assert PartnerChannel.objects.get().in_folder != "/etc"
    assert post(client, gateway.channel, in_folder="/etc", active=False).status_code == 302


def test_no_secret_is_shown_or_stored(gateway: Site, secrets: Path) -> None:
    (secrets / "plant").write_text("PRIVATE")
    names = {field.name for field in PartnerChannel._meta.get_fields()}
    assert not {"password", "passphrase", "private_key", "key"} & names
    page = reverse("admin:edi_partnerchannel_change", args=[gateway.channel.pk])
    assert "PRIVATE" not in logged_in("administrator").get(page).content.decode()


@pytest.mark.parametrize(("role", "does"), [("administrator", True), ("supervisor", False)])
def test_the_connection_is_tested_from_the_list(role: str, does: bool, gateway: Site) -> None:
    page = reverse("admin:edi_partnerchannel_changelist")
    data = {"action": "test_connection", "_selected_action": [gateway.channel.pk]}
    answer = logged_in(role).post(page, data, follow=True)
    assert ("it works: 0 files wait" in answer.content.decode()) is does


def test_what_is_wrong_is_said_in_the_list(partner: TradingPartner, share: Path) -> None:
    channel = make_channel(partner, "FOLDER", in_folder=f"{share}/nowhere", after_fetch="KEEP")
    page = reverse("admin:edi_partnerchannel_changelist")
    data = {"action": "test_connection", "_selected_action": [channel.pk]}
    text = logged_in("administrator").post(page, data, follow=True).content.decode()
    assert "does not answer" in text
    assert "No such file" in text
