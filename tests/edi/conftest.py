"""A partner of the small plant, and files as he would send them."""

from __future__ import annotations

import pytest

from edi.models import CallOffRoute, TradingPartner
from tests.edi.files import Sender
from tests.factories import Plant, make_plant


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
