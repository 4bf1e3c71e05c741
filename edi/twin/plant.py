"""The plant a shift is played in: its processes, its feeds as the OEM knows them, its hands."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import Q

from edi.demo import add_demo_partners
from edi.models import CallOffRoute, TradingPartner
from edi.services.profiles import profile_of
from edi.transport import partner_folders
from edi.twin.floor import Dock, Floor, Pace, Packer, Yard
from edi.twin.oem import Desk, Feed, Oem
from inventory.models import CustomerPart
from sequencer.celery import app
from sequencer.demo_plant import TWIN_BADGES, build_demo_plant
from sequencer.models import Carrier, Heartbeat, Rack, Station
from sequencer.states import BOUND_RACKS, RackStatus

MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]
CELERY = [sys.executable, "-m", "celery", "-A", "sequencer", "-q"]
READY_SECONDS = 60.0
LONE = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


@contextmanager
def scratch_environment() -> Iterator[dict[str, str]]:
    """The environment of a plant of its own on the configured engine; database and spool are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="jis-twin-"))
    name = f"jis_twin_{uuid.uuid4().hex[:8]}"
    wanted = {
        "JIS_VAR": str(folder),
        "JIS_SPOOL": str(folder / "spool"),
        "JIS_QUEUE": name,
        "JIS_DEMO": "1",
        "JIS_LOG_LEVEL": "WARNING",
        "CELERY_SKIP_CHECKS": "1",
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    postgres = connection.vendor == "postgresql"
    try:
        if postgres:
            _administer(f"CREATE DATABASE {name}")
            wanted["DATABASE_URL"] = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        else:
            wanted["DATABASE_URL"] = f"sqlite:///{folder}/twin.sqlite3"
        yield {**os.environ, **wanted}
    finally:
        if postgres:
            _administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        shutil.rmtree(folder, ignore_errors=True)


def make_tables() -> None:
    """The tables of a scratch plant. It has no past: they come straight from the models, in half the time."""
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)


def lay_out() -> None:
    """The demo plant's lines, stations and partners. Nobody logs in to a scratch plant, and nobody plans there."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    build_demo_plant()
    add_demo_partners()


def _administer(statement: str) -> None:
    """CREATE and DROP DATABASE, from beside the configured database, which need not exist."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


@dataclass
class Crew:
    """Worker, beat and watcher of a scratch plant, so that a kill -9 has something to hit."""

    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: int = 0

    def start(self) -> None:
        """Starts all three and returns when the watcher has looked and a worker has done something."""
        for name in ("worker", "beat", "watcher"):
            self._start(name)
        app.send_task("sequencer.tasks.worker_beat", ignore_result=True)
        until = time.monotonic() + READY_SECONDS
        while Heartbeat.objects.filter(Q(name__startswith="worker ") | Q(name="watch_inbox")).count() < 2:
            if time.monotonic() > until:
                raise CommandError(f"worker and watcher did not come up in {READY_SECONDS:.0f} s")
            time.sleep(0.1)

    def _start(self, name: str) -> None:
        # Whoever reads standard output gets the score and nothing else.
        self.processes[name] = subprocess.Popen(
            self._command(name), stdout=sys.stderr, cwd=settings.BASE_DIR, start_new_session=True
        )

    def _command(self, name: str) -> list[str]:
        if name == "watcher":
            return [*MANAGE, "watch_inbox"]
        if name == "beat":
            schedule = str(settings.VAR_DIR / "beat")
            return [*CELERY, "beat", "--schedule", schedule, "--pidfile=", "--loglevel", "ERROR"]
        pool = ["--pool", "threads", "--concurrency", "3"]
        return [*CELERY, "worker", *pool, *LONE, "--loglevel", "ERROR"]

    def kill(self, name: str) -> None:
        """kill -9, and a new one in its place."""
        process = self.processes[name]
        process.kill()
        process.wait()
        self.kills += 1
        self._start(name)

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 5
        for process in self.processes.values():
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def feeds() -> dict[str, Feed]:
    """Every program as its OEM sees it, by program code."""
    routes = CallOffRoute.objects.select_related(
        "partner", "program__line__plant", "program__stream", "program__unloading_point"
    ).order_by("pk")
    return {route.program.code: _feed(route) for route in routes}


def _feed(route: CallOffRoute) -> Feed:
    program = route.program
    commodity = program.commodities.select_related("rack_type").get()
    numbers = CustomerPart.objects.filter(
        part__family=commodity.family, customer=program.line.plant.customer
    ).order_by("number")
    return Feed(
        program=program.code,
        partner=route.partner.code,
        dock=route.dock,
        zone=program.line.plant.zone,
        counter=program.stream.counter,
        parts=tuple(numbers.values_list("number", flat=True)),
        capacity=commodity.rack_type.capacity,
        lead=timedelta(minutes=program.lead_minutes),
        takt=timedelta(seconds=program.line.takt_seconds),
        last_rack_first=program.unloading_point.load_order == "REVERSE",
        last_slot_first=commodity.rack_type.build_order == "REVERSE",
    )


def oem(first_ref: int) -> Oem:
    """The OEMs' EDI desks, one a partner."""
    desks = {}
    for partner in TradingPartner.objects.filter(active=True):
        folders = partner_folders(partner.code)
        desks[partner.code] = Desk(profile_of(partner), folders.inbox, folders.out, first_ref)
    return Oem(desks)


def customer_numbers() -> dict[str, str]:
    """Our number on a piece's label -> the number the OEM calls it by."""
    return dict(CustomerPart.objects.values_list("part__number", "number"))


def floor(*, seed: int, nonces: str, pace: Pace, live: bool) -> Floor:
    """Hands for every station and dock; in a live plant only for those the twin works."""
    stations = Station.objects.select_related("commodity__program", "unloading_point").order_by("pk")
    if live:
        stations = stations.filter(twin_works=True)
    parts: dict[str, list[str]] = {}
    for code, number in CustomerPart.objects.values_list("part__family", "part__number").order_by(
        "part__number"
    ):
        parts.setdefault(code, []).append(number)
    hands_floor = Floor(_yard(), pace, {}, seed, nonces, plans_trucks=not live)
    for station in stations:
        if station.commodity is not None:
            program = station.commodity.program.code
            hands_floor.parts[program] = parts[station.commodity.family]
            hands_floor.hands.append(Packer(hands_floor, station.pk, station.code, program))
        elif station.unloading_point is not None:
            hands_floor.hands.append(
                Dock(hands_floor, station.pk, station.code, station.unloading_point.code)
            )
    return hands_floor


def _yard() -> Yard:
    """Where the steel stands: bound carriers are at work or on their way back, the others are empty."""
    bound = dict(
        Rack.objects.filter(status__in=sorted(BOUND_RACKS), carrier__isnull=False).values_list(
            "carrier__code", "status"
        )
    )
    homes = Carrier.objects.filter(blocked=False, rack_type__commodities__isnull=False).values_list(
        "code", "rack_type__commodities__program__code"
    )
    home = dict(homes.order_by("code"))
    empties: dict[str, deque[str]] = {program: deque() for program in home.values()}
    for code, program in home.items():
        if code not in bound:
            empties[program].append(code)
    yard = Yard(empties, home, {"packer": TWIN_BADGES["twin-packer"], "dock": TWIN_BADGES["twin-dock"]})
    docks = {route.program.code: route.dock for route in CallOffRoute.objects.select_related("program")}
    for code, status in bound.items():
        if status == RackStatus.IN_TRANSIT and code in home:
            yard.away.setdefault(docks[home[code]], deque()).append((time.monotonic(), code))
    return yard
