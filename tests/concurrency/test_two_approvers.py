"""Two people decide one thing at the same moment: one of them is heard, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from edi.models import CallOffRoute, Delivery, ManualEntry, TradingPartner
from edi.services import approve_entry, correct_delivery, enter_calls, refuse_entry, run_lane
from edi.services.corrections import original_of_delivery
from inventory.errors import Refused
from sequencer.models import CallOff
from tests.edi.files import Call, Sender, deljit
from tests.factories import make_plant, person

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*verbs: Callable[[], Any]) -> list[str]:
    """Runs the verbs in threads that start together; what each came to."""
    start, outcomes = threading.Barrier(len(verbs)), [""] * len(verbs)

    def run(index: int, verb: Callable[[], Any]) -> None:
        try:
            start.wait()
            verb()
            outcomes[index] = "done"
        except Refused as refusal:
            outcomes[index] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(outcomes)


@pytest.fixture
def partner() -> TradingPartner:
    plant = make_plant()
    partner = TradingPartner.objects.create(
        code="OEM-D", name="An OEM", customer=plant.customer, profile="generic_deljit"
    )
    CallOffRoute.objects.create(partner=partner, program=plant.program)
    return partner


def test_an_entry_is_approved_once(partner: TradingPartner) -> None:
    clerk, one, two = (person(name, "supervisor", name.upper()) for name in ("clerk", "one", "two"))
    call = {
        "event": "NEW",
        "production_number": "V0001",
        "sequence_number": "0001",
        "components": [{"part_number": "C-A"}],
    }
    entry = enter_calls(partner.pk, [call], by=clerk, reason="phone", at=timezone.now())
    now = timezone.now()
    outcomes = at_once(
        lambda: approve_entry(entry.pk, by=one, at=now),
        lambda: approve_entry(entry.pk, by=two, at=now),
        lambda: refuse_entry(entry.pk, by=two, reason="no", at=now),
    )
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "decided_already", "stale"}
    run_lane(partner.pk)
    approved = ManualEntry.objects.get().status == "APPROVED"
    assert Delivery.objects.count() == CallOff.objects.count() == int(approved)


def test_a_file_is_corrected_once(partner: TradingPartner) -> None:
    delivery = Sender(partner).send_raw(deljit([Call(1)], 7).replace(b"UNZ+1", b"UNZ+4"))
    text = original_of_delivery(Delivery.objects.get(pk=delivery.pk)).text.replace("UNZ+4", "UNZ+1")
    people = [person(name, "logistics", name.upper()) for name in ("one", "two")]
    outcomes = at_once(
        *(
            lambda who=who: correct_delivery(  # type: ignore[misc]
                delivery.pk, text, by=who, reason="phone", at=timezone.now()
            )
            for who in people
        )
    )
    assert outcomes == ["decided_already", "done"]
    assert Delivery.objects.filter(kind="CORRECTION").count() == 1
