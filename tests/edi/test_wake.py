"""A wake-up saves waiting and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from kombu.exceptions import OperationalError

from edi import wake as wakeups
from edi.models import Delivery
from sequencer.celery import app
from tests.edi.files import Call, Sender


@pytest.fixture(autouse=True)
def _broker_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "_silent_until", 0.0)


@pytest.mark.parametrize("error", [OperationalError("away"), ConnectionRefusedError("away")])
def test_intake_goes_on_without_a_broker(
    error: Exception, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def away(task: str, **options: Any) -> None:
        tried.append(task)
        raise error

    monkeypatch.setattr(app, "send_task", away)
    assert sender.send(Call(1)).status == "PARSED"
    assert sender.send(Call(2)).status == "PARSED"
    assert Delivery.objects.filter(archived_at__isnull=False).count() == 2
    assert tried == ["edi.tasks.process_delivery"], "while the broker is away it is not asked again at once"


def test_a_wake_up_carries_the_row_id(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    monkeypatch.setattr(app, "send_task", lambda task, args, **options: sent.append((task, args)))
    delivery = sender.send(Call(1))
    assert sent == [("edi.tasks.process_delivery", [delivery.pk])]


def test_the_tasks_it_names_exist() -> None:
    app.loader.import_default_modules()
    names = {"edi.tasks.process_delivery", "edi.tasks.sweep_intake", "edi.tasks.sweep_outbound"}
    assert names <= set(app.tasks)
