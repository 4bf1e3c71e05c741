"""What `make run` prints leads somewhere, and what it cannot do it says."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import resolve

from sequencer.management.commands import run_plant
from sequencer.models import FloorException, QualityHold


def test_a_busy_port_is_named_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind((run_plant.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=rf"Port {port} is in use.*JIS_PORT={port + 1} make run"):
            run_plant.refuse_busy_port(port)


def test_a_free_port_is_not_refused() -> None:
    with socket.socket() as other:
        other.bind((run_plant.HOST, 0))
        port = other.getsockname()[1]
    try:
        run_plant.refuse_busy_port(port)
    except CommandError as refusal:
        pytest.fail(f"a free port was refused: {refusal}")


def test_a_second_plant_over_the_same_data_is_refused(tmp_path: Path) -> None:
    second = run_plant.only_plant(tmp_path)
    with run_plant.only_plant(tmp_path), pytest.raises(CommandError, match="already runs"):
        second.__enter__()


def test_the_lock_goes_with_the_plant(tmp_path: Path) -> None:
    for _ in range(2):
        with run_plant.only_plant(tmp_path):
            assert (tmp_path / "plant.lock").read_text()


def test_nobody_answers_on_a_port_nobody_serves() -> None:
    with socket.socket() as other:
        other.bind((run_plant.HOST, 0))
        assert not run_plant.answers(other.getsockname()[1])


@pytest.mark.django_db
def test_a_plant_with_a_broken_setting_does_not_start(settings: Any) -> None:
    settings.BROKERLESS, settings.WORKER_HOSTS = True, 2
    with pytest.raises(CommandError, match=r"jis\.E002"):
        run_plant.Command().prepare()


@pytest.mark.django_db(transaction=True)
def test_every_address_in_the_welcome_has_a_page() -> None:
    call_command("seed_demo", verbosity=0)
    text = list(run_plant.welcome_text("http://x", 1.0))
    paths = [
        line.split()[0].removeprefix("http://x") for line in text if line.strip().startswith("http://x/")
    ]
    assert {path.split("/")[1] for path in paths} == {
        "lines",
        "station",
        "dock",
        "edi",
        "schedule",
        "admin",
        "api",
    }
    for path in paths:
        assert resolve(path)


@pytest.mark.django_db(transaction=True)
def test_the_welcome_names_log_ins_that_work(client: Any, settings: Any) -> None:
    settings.DEMO = True
    call_command("seed_demo", history=True, verbosity=0)
    call_command("seed_demo", history=True, verbosity=0)
    assert (FloorException.objects.filter(resolved_at=None).count(), QualityHold.objects.count()) == (2, 1)
    client.force_login(User.objects.get(username="supervisor"))
    for path, said in (
        ("exceptions", "loose hinge"),
        ("quality", "cracked clip"),
        ("overrides", "label"),
        ("quantity", "5q1-868-243"),
    ):
        assert said in client.get(f"/{path}/").content.decode().lower(), path
    words = [line.split() for line in run_plant.welcome_text("http://x", 1.0) if "demo-" in line]
    assert len(words) == 6
    for name, password, *_ in words:
        assert client.login(username=name, password=password), name
