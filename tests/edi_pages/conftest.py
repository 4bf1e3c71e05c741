"""A partner of the small plant, and somebody at a desk who looks after his messages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from edi.models import CallOffRoute, TradingPartner
from tests.edi.files import Sender
from tests.factories import Plant, make_plant, person


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
def sender(partner: TradingPartner) -> Sender:
    return Sender(partner)


@pytest.fixture
def clerk(plant: Plant) -> User:
    return person("clerk", "logistics", "LOG")


@pytest.fixture
def page(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client
