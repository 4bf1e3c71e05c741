"""Scan verdicts under load: 50 stations, each scanning once a second over HTTP, on PostgreSQL.

Makes a database of its own beside the one DATABASE_URL names (or the machine's own PostgreSQL), starts the web
processes on it, lets every station pack racks for the given time and prints what each post took, as the station saw it;
then the same posts to a view that checks the log-in and writes one row (`bench.bare`), and the ratio of both.
Without PostgreSQL it says so and measures on SQLite.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
RACK = 12


@contextmanager
def scratch_database() -> Iterator[str]:
    """The address of an empty database that is gone afterwards."""
    server = os.environ.get("DATABASE_URL", "postgres://127.0.0.1:5432/postgres")
    try:
        import psycopg2

        admin = psycopg2.connect(server)
    except Exception as error:  # noqa: BLE001 - any reason means: measure on SQLite and say why
        print(f"no PostgreSQL ({str(error).strip().splitlines()[0]}); measured on SQLite")
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.sqlite3"
        return
    admin.autocommit = True
    name = f"jis_bench_{os.getpid()}"
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.close()


def lay_out(stations: int, seconds: int) -> tuple[str, list[tuple[int, str]]]:
    """The stations with calls enough for the whole run; returns an API token and (station, rack label) pairs."""
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from rest_framework.authtoken.models import Token

    from sequencer.models import (
        Carrier,
        Commodity,
        Line,
        RackType,
        SequenceStream,
        SequencingProgram,
        Station,
    )
    from tests.factories import make_plant

    call_command("migrate", verbosity=0)
    plant = make_plant(capacity=RACK)
    rack_type = RackType.objects.get()
    places = []
    for n in range(stations):
        line = Line.objects.create(plant=plant.line.plant, code=f"B{n}", name=f"Line {n}")
        stream = SequenceStream.objects.create(line=line)
        plant.program = SequencingProgram.objects.create(
            code=f"B{n}",
            name=f"B{n}",
            line=line,
            stream=stream,
            unloading_point=plant.program.unloading_point,
        )
        commodity = Commodity.objects.create(
            program=plant.program, family="DOOR", name="Doors", rack_prefix=f"B{n}", rack_type=rack_type
        )
        for call in range(1, seconds // 2 + RACK):
            plant.new(call)
        station = Station.objects.create(code=f"B{n}", name="Doors", commodity=commodity)
        Carrier.objects.bulk_create(
            Carrier(code=f"B{n}-{k}", rack_type=rack_type) for k in range(seconds // RACK + 2)
        )
        places.append((station.pk, f"B{n}"))
    user = User.objects.create(username="bench")
    user.groups.add(Group.objects.get_or_create(name="operator")[0])
    return Token.objects.create(user=user).key, places


def script(label: str) -> Iterator[str]:
    """What one operator scans all day."""
    yield "%B:OP"
    rack = 0
    while True:
        yield f"%R:{label}-{rack}"
        for slot in range(1, RACK + 1):
            yield "PA"
            yield f"%L:{slot}"
        yield "%C:SEAL"
        yield f"%R:{label}-{rack}"
        rack += 1


def operate(
    port: int, token: str, station: int, label: str, start: float, seconds: int, took: list[float]
) -> None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    for n, raw in enumerate(script(label)):
        due = start + n
        if n >= seconds:
            break
        time.sleep(max(0.0, due - time.monotonic()))
        body = {"station": station, "raw": raw, "nonce": f"b{n}", "scanned_at": _now()}
        began = time.monotonic()
        link.request("POST", "/api/v1/scans/", json.dumps(body), headers)
        answer: dict[str, Any] = json.loads(link.getresponse().read())
        took.append((time.monotonic() - began) * 1000)
        if not answer.get("accepted"):
            raise RuntimeError(f"{label}: {raw} was refused: {answer}")


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat()


def serve(port: int, workers: int, settings: str = "sequencer.settings") -> subprocess.Popen[bytes]:
    web = [
        sys.executable,
        "-m",
        "uvicorn",
        "sequencer.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "warning",
        "--workers",
        str(workers),
    ]
    process = subprocess.Popen(web, cwd=ROOT, env={**os.environ, "DJANGO_SETTINGS_MODULE": settings})
    for _ in range(150):
        time.sleep(0.2)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
    process.terminate()
    raise RuntimeError("the web process did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=30)
    options.add_argument("--stations", type=int, default=50)
    options.add_argument("--workers", type=int, default=2, help="web processes")
    asked = options.parse_args()
    stations, seconds = asked.stations, asked.seconds
    with scratch_database() as address, tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            DATABASE_URL=address,
            JIS_VAR=folder,
            DJANGO_SETTINGS_MODULE="sequencer.settings",
            JIS_LOG_LEVEL="WARNING",
        )
        import django

        django.setup()
        token, places = lay_out(stations, seconds)
        from django.db import connection

        # In a plant autovacuum has counted the rows within a minute; a planner that knows none reads whole tables.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        connection.close()
        took, bare = (
            measured(settings, asked.workers, token, places, seconds)
            for settings in ("sequencer.settings", "bench.bare")
        )
    p50, p95, p99 = shares(took)
    least = shares(bare)
    print(
        f"{stations} stations, 1 scan/s each, {asked.workers} web processes, {len(took)} scans: "
        f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, worst {max(took):.0f} ms; "
        f"targets p95 150 ms, ratio {p95 / 150:.2f}, p99 300 ms, ratio {p99 / 300:.2f}"
    )
    print(
        f"the same posts as one inserted row each: p50 {least[0]:.0f} ms, p95 {least[1]:.0f} ms, "
        f"p99 {least[2]:.0f} ms; "
        f"a verdict takes {p50 / least[0]:.1f} times that at p50, {p95 / least[1]:.1f} times at p95; target 4"
    )
    return 0 if len(took) == stations * seconds else 1


def measured(
    settings: str, workers: int, token: str, places: list[tuple[int, str]], seconds: int
) -> list[float]:
    port = free_port()
    web = serve(port, workers, settings)
    try:
        return run(port, token, places, seconds)
    finally:
        web.terminate()
        web.wait()


def shares(took: list[float]) -> tuple[float, float, float]:
    """Median, 95th and 99th percentile."""
    hundredths = statistics.quantiles(took, n=100)
    return statistics.median(took), hundredths[94], hundredths[98]


def run(port: int, token: str, places: list[tuple[int, str]], seconds: int) -> list[float]:
    took: list[float] = []
    begin = time.monotonic() + 1
    threads = [
        threading.Thread(
            target=operate, args=(port, token, station, label, begin + n / len(places), seconds, took)
        )
        for n, (station, label) in enumerate(places)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


if __name__ == "__main__":
    sys.exit(main())
