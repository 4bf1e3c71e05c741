"""The Compose file is whole, holds no secret, and our services run by their own commands on real servers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.printers import free_port

TOP = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((TOP / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("web", "worker", "beat", "watcher", "channels")
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def test_the_services_of_a_plant_are_there() -> None:
    assert {*OURS, "postgres", "redis", "sftp"} <= set(SERVICES)


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_a_service_has_a_command_a_health_check_and_restarts(name: str) -> None:
    service = SERVICES[name]
    assert service["command"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


def test_named_volumes_are_declared_and_used() -> None:
    used = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}
    assert {name for name in used if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_secrets_come_from_outside_and_their_absence_is_said() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|DATABASE_URL", name):
                assert ":?" in value, f"{name} has a value or a default in the Compose file"


def test_redis_keeps_its_log_and_evicts_nothing() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_the_ports_are_bound_to_loopback_unless_asked() -> None:
    for service in SERVICES.values():
        for port in service.get("ports", []):
            assert ":-127.0.0.1}" in port, port


def test_the_sftp_door_takes_keys_only_and_locks_in() -> None:
    text = (TOP / "docker" / "sftp" / "sshd_config").read_text()
    for line in ("PasswordAuthentication no", "ChrootDirectory /srv/spool/%u", "AllowTcpForwarding no"):
        assert line in text.splitlines()
    assert re.search(r"^ForceCommand internal-sftp\b", text, re.MULTILINE)


def filled(value: str, given: dict[str, str]) -> str:
    """The value as Compose would fill it."""
    return VARIABLE.sub(lambda found: given.get(found[1], found[3] if found[2] == "-" else ""), value)


@pytest.fixture(scope="module")
def plant(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """The environment of our services over a PostgreSQL database made for this module, with its tables."""
    address, redis = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    if not address.startswith("postgres") or not redis:
        pytest.skip("needs PostgreSQL and Redis: make test-services")
    import psycopg2

    name = f"compose_{os.getpid()}"
    parts = urlsplit(address)
    admin = psycopg2.connect(parts._replace(path="/postgres").geturl())
    admin.autocommit = True
    admin.cursor().execute(f'create database "{name}"')
    var = tmp_path_factory.mktemp("var")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("JIS_")}
    environment = {
        **kept,
        "DJANGO_SETTINGS_MODULE": "sequencer.settings",
        "JIS_PRODUCTION": "1",
        "JIS_SECRET_KEY": "k9-mW2x_r7Qp4vTz8LbN3sYc6HdJf5GaEuVwXo1iRtPqMnBkZs0",
        "JIS_HOSTS": "jis.example.com",
        "JIS_VAR": str(var),
        "DATABASE_URL": parts._replace(path=f"/{name}").geturl(),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    try:
        for words in (
            SERVICES["migrate"]["command"],
            ["python", "manage.py", "collectstatic", "--noinput", "-v0"],
        ):
            subprocess.run(words, env=environment, cwd=TOP, check=True, capture_output=True)
        yield environment
    finally:
        admin.cursor().execute(f'drop database "{name}" with (force)')
        admin.close()


def command_of(service: str, port: int, var: str) -> list[str]:
    """The Compose file's own words, on a port and a schedule file that collide with nothing here."""
    words = [filled(word, {}) for word in SERVICES[service]["command"]]
    moved = {
        "--port=8000": f"--port={port}",
        "--host=0.0.0.0": "--host=127.0.0.1",
        "--schedule=/tmp/beat": f"--schedule={var}/beat",
    }
    return [moved.get(word, word) for word in words]


def health_of(service: str, port: int) -> list[str]:
    words = SERVICES[service]["healthcheck"]["test"][1:]
    return [*words, "--port", str(port)] if service == "web" else words


def test_each_service_runs_by_its_own_command_until_its_own_health_check_passes(
    plant: dict[str, Any],
) -> None:
    port = free_port()
    started = {
        name: subprocess.Popen(
            command_of(name, port, plant["JIS_VAR"]),
            env=plant,
            cwd=TOP,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for name in OURS
    }
    try:
        waiting, until = set(OURS), time.monotonic() + 200
        while waiting:
            assert time.monotonic() < until, f"{waiting} did not become healthy"
            for name in sorted(waiting):
                assert started[name].poll() is None, f"{name} ended with {started[name].returncode}"
                ran = subprocess.run(health_of(name, port), env=plant, cwd=TOP, capture_output=True)
                waiting -= {name} if ran.returncode == 0 else set()
    finally:
        for process in started.values():
            os.killpg(process.pid, signal.SIGTERM)
        codes = {name: process.wait(20) for name, process in started.items()}
    assert codes["web"] in (0, -signal.SIGTERM)
    assert codes["worker"] == codes["beat"] == codes["watcher"] == codes["channels"] == 0
