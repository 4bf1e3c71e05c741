"""Two workers at the same thing: one does it, the other comes to no harm."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from edi import transport
from edi.models import CallOffRoute, Delivery, InboundEvent, OutboundMessage, TradingPartner
from edi.services import Inbox, apply_event, deliver, process_delivery, run_lane, take_ledger
from edi.services.intake import accept_file
from edi.services.lanes import LaneLost, take_lane
from edi.transport import partner_folders
from sequencer.models import CallOff
from tests.edi.files import Call, deljit
from tests.factories import START, make_plant

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 4


@pytest.fixture
def partner(transactional_db: None) -> TradingPartner:
    plant = make_plant()
    partner = TradingPartner.objects.create(
        code="OEM-D", name="An OEM", customer=plant.customer, profile="generic_deljit"
    )
    CallOffRoute.objects.create(partner=partner, program=plant.program)
    return partner


def at_once(work: Callable[[int], Any], workers: int = WORKERS) -> list[Any]:
    """Runs `work` in threads that start together; an exception of one is raised here."""
    gate, results, errors = threading.Barrier(workers), [], []

    def run(number: int) -> None:
        try:
            gate.wait()
            results.append(work(number))
        except Exception as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if errors:
        raise errors[0]
    return results


def drop(partner: TradingPartner, files: int) -> Path:
    inbox = partner_folders(partner.code).inbox
    for number in range(1, files + 1):
        transport.drop(partner_folders(partner.code), f"f{number}.edi", deljit([Call(number)], number))
    return inbox


def test_one_file_is_claimed_by_one_worker(partner: TradingPartner) -> None:
    inbox = drop(partner, 1)
    seen = transport.look(inbox)[0]
    claims = at_once(lambda number: transport.claim(partner_folders(partner.code), seen, f"worker{number}"))
    assert sum(claim is not None for claim in claims) == 1


def test_watchers_of_one_inbox_share_its_files(
    partner: TradingPartner, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.EDI_STABLE_SECONDS = 0
    inbox = drop(partner, 12)
    names = threading.local()
    monkeypatch.setattr("edi.services.intake.worker_name", lambda: names.own)

    def watch(number: int) -> int:
        names.own = f"worker{number}"
        return len(Inbox(partner).scan(at=timezone.now()))

    assert sum(at_once(watch)) == 12
    assert list(inbox.iterdir()) == []
    assert Delivery.objects.filter(archived_at__isnull=False).count() == 12


def test_the_same_claim_accepted_twice_is_one_delivery(partner: TradingPartner) -> None:
    """A slow worker and the one that took its file over."""
    drop(partner, 1)
    folders = partner_folders(partner.code)
    mine = transport.claim(folders, transport.look(folders.inbox)[0], "slow")
    assert mine is not None

    def accept(number: int) -> int | None:
        try:
            delivery = accept_file(partner, mine, at=START)
        except FileNotFoundError:
            return None
        return delivery.pk if delivery else None

    found = {pk for pk in at_once(accept) if pk is not None}
    assert len(found) == 1
    assert Delivery.objects.get().archived_at is not None


def test_a_lane_is_worked_by_one_at_a_time(partner: TradingPartner, settings: Any) -> None:
    settings.EDI_STABLE_SECONDS = 0
    drop(partner, 6)
    deliveries = Inbox(partner).scan(at=timezone.now())
    at_once(lambda number: process_delivery(deliveries[number].pk))
    while InboundEvent.objects.filter(status="PENDING").exists() or not run_lane(partner.pk):
        time.sleep(0.05)
    numbers = list(CallOff.objects.order_by("pk").values_list("sequence_number", flat=True))
    assert numbers == [f"{n:04d}" for n in range(1, 7)]
    assert take_ledger().balanced


def test_one_event_is_applied_once(partner: TradingPartner, settings: Any) -> None:
    settings.EDI_STABLE_SECONDS = 0
    drop(partner, 1)
    (delivery,) = Inbox(partner).scan(at=timezone.now())
    process_delivery(delivery.pk)
    InboundEvent.objects.update(status="PENDING", applied_at=None)
    CallOff.objects.get()
    event = InboundEvent.objects.get()
    assert set(at_once(lambda number: apply_event(event.pk, at=START))) == {"DUPLICATE"}
    assert CallOff.objects.count() == 1


def test_a_worker_that_lost_its_lane_commits_nothing(partner: TradingPartner, settings: Any) -> None:
    settings.EDI_STABLE_SECONDS = 0
    drop(partner, 1)
    Inbox(partner).scan(at=timezone.now())
    slow = take_lane(partner.pk, clock=lambda: timezone.now() - timedelta(seconds=60))
    assert slow is not None
    quick = take_lane(partner.pk, clock=timezone.now)
    assert quick is not None
    with pytest.raises(LaneLost):
        slow.renew()
    assert take_lane(partner.pk, clock=timezone.now) is None
    slow.release()
    assert take_lane(partner.pk, clock=timezone.now) is None
    quick.release()
    assert run_lane(partner.pk)
    assert CallOff.objects.count() == 1


def test_one_message_is_sent_once(partner: TradingPartner, settings: Any) -> None:
    settings.EDI_STABLE_SECONDS = 0
    drop(partner, 1)
    (delivery,) = Inbox(partner).scan(at=timezone.now())
    process_delivery(delivery.pk)
    message = OutboundMessage.objects.get()
    later = message.due_at + timedelta(seconds=1)
    assert sorted(at_once(lambda number: deliver(message.pk, at=later))) == [False, False, False, True]
    assert len(list(partner_folders(partner.code).out.iterdir())) == 1
