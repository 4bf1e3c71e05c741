"""`make run`: a whole plant on this machine under one supervisor, ended by one Ctrl-C."""

from __future__ import annotations

import errno
import fcntl
import http.client
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import Error, run_checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from sequencer import demo, env, wakeups
from sequencer.celery import app
from sequencer.checks import PLANT
from sequencer.models import Line, Station
from sequencer.supervisor import Child, Supervisor

HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "Migrates, seeds the demo plant if it is empty, and runs web, worker, beat, watcher and OEM twin."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        port = env.number("JIS_PORT", 8000, least=1, most=65535)
        with only_plant(settings.VAR_DIR):
            refuse_busy_port(port)
            self.prepare()
            supervisor = Supervisor(children(port, channels=has_channels()), child_environment(), self.say)
            code = supervisor.run(
                is_ready=lambda: answers(port), on_ready=lambda: self.welcome(port, began), vital="web"
            )
            self.say(
                "The plant did not start."
                if code
                else f"The plant has stopped; its data is in {settings.VAR_DIR}"
            )
        sys.exit(code)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def prepare(self) -> None:
        """Tables, demo plant, queue. Each part is left alone when it is in place."""
        broken = [found for found in run_checks(tags=[PLANT]) if isinstance(found, Error)]
        if broken:
            raise CommandError("\n".join(f"{found.id} {found.msg} {found.hint or ''}" for found in broken))
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.say("Making the tables ...")
            call_command("migrate", verbosity=0, interactive=False)
        if settings.DEMO and not Line.objects.exists():
            self.say("Setting up the demo plant ...")
            call_command("seed_demo", history=True, verbosity=0)
        if settings.BROKERLESS:
            wakeups.declare_queue(app)
        connection.close()

    def welcome(self, port: int, began: float) -> None:
        """What a newcomer needs: the address, the log-ins and what to look at first."""
        for line in welcome_text(f"http://{HOST}:{port}", time.monotonic() - began):
            self.say(line)
        connection.close()


def welcome_text(at: str, seconds: float) -> Iterator[str]:
    yield f"\n  The plant runs at {at}   (up after {seconds:.1f} s; Ctrl-C stops it)\n"
    if settings.DEMO:
        yield "  Log in as       password"
        for name, does in demo.LOGINS:
            yield f"    {name:<13} {demo.password(name):<17} {does}"
        yield ""
    for path, what in sights():
        yield f"  {at + path:<38} {what}"
    yield ""


def sights() -> Iterator[tuple[str, str]]:
    """The pages worth opening first, in the order of a part's way through the plant."""
    line = Line.objects.order_by("pk").first()
    if line is not None:
        yield f"/lines/{line.pk}/", f"line board: {line.name}, live"
    for station in Station.objects.filter(kind=Station.Kind.PACK, twin_works=False).order_by("pk")[:1]:
        yield f"/station/{station.pk}/", f"station {station.code} {station.name}: waits for you"
    for dock in Station.objects.filter(kind=Station.Kind.DOCK).order_by("pk")[:1]:
        yield f"/dock/{dock.pk}/", f"dock {dock.code}: trucks, departure, ASN"
    yield "/edi/", "EDI: files in and out, problems, reprocess"
    yield "/schedule/", "scheduling board: moulding and paint, one plan published, one to try"
    yield "/schedule/work/", "work lists of the machines"
    yield "/admin/", "master data"
    yield "/api/docs/", "REST API"


def has_channels() -> bool:
    """Whether any wire to a partner is active. The gate above us is named, not imported."""
    found = apps.get_model("edi", "PartnerChannel")._default_manager.filter(active=True).exists()
    connection.close()
    return found


def children(port: int, *, channels: bool = False) -> list[Child]:
    """The processes of an embedded plant.

    Beat is a process of its own: one inside the worker outlives a killed worker and then beats twice.
    Worker threads instead of processes keep the plant small; rows are claimed, so a hung one is taken over.
    """
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    celery = [sys.executable, "-m", "celery", "-A", "sequencer"]
    quiet = ["--loglevel", "WARNING"]
    web = [sys.executable, "-m", "uvicorn", "sequencer.asgi:application", "--host", HOST, "--port", str(port)]
    lone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    schedule = str(settings.VAR_DIR / "beat")
    twin = [Child("twin", [*manage, "simulate_shift", "--live"], after_ready=True)] if settings.DEMO else []
    wires = [Child("channels", [*manage, "edi_channels"])] if channels else []
    return [
        Child("web", [*web, "--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "3"]),
        Child("worker", [*celery, "-q", "worker", "--pool", "threads", "--concurrency", "3", *lone, *quiet]),
        Child("beat", [*celery, "-q", "beat", "--schedule", schedule, "--pidfile=", *quiet]),
        Child("watcher", [*manage, "watch_inbox"]),
        *wires,
        *twin,
    ]


def child_environment() -> dict[str, str]:
    """Ours, quiet unless asked otherwise, and without the checks that a worker repeats at each start."""
    wanted = {
        "JIS_LOG_LEVEL": "WARNING",
        "CELERY_SKIP_CHECKS": "1",
        "PYTHONUNBUFFERED": "1",
        # A newcomer's container runs as root; a plant runs the Dockerfile's own user.
        # WhiteNoise sends files by a plain iterator; Django consumes it whole and says so at every file.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges,"
        "ignore:StreamingHttpResponse must consume synchronous iterators",
    }
    return {**wanted, **os.environ, "PYTHONPATH": str(settings.BASE_DIR)}


@contextmanager
def only_plant(folder: Path) -> Iterator[None]:
    """Two supervisors over one set of data would start everything twice."""
    with (folder / "plant.lock").open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            raise CommandError(
                f"This plant already runs (process {held.read().strip()}). Stop it there, or start another "
                "with data of its own: JIS_VAR=/another/folder JIS_PORT=8001 make run"
            ) from None
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        yield


def refuse_busy_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            reason = (
                "is in use by another program" if error.errno == errno.EADDRINUSE else f"is refused: {error}"
            )
            raise CommandError(
                f"Port {port} {reason}. Choose another: JIS_PORT={port + 1} make run"
            ) from None


def answers(port: int) -> bool:
    """Does the web process serve the log-in page?"""
    asked = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        asked.request("GET", "/login/")
        return asked.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()
