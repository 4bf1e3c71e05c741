"""Scan verdicts under load: 50 stations, each scanning once a second over HTTP, on PostgreSQL.

Makes a database of its own beside the one DATABASE_URL names (or the machine's own PostgreSQL), starts the web
processes on it, lets every station pack racks for the given time and prints what each post took, as the station saw it.
In turns with it the same posts go to a view that checks the log-in and writes one row (`bench.bare`), under the same
server settings; the ratio is of both. With `--page` the stations post as their browsers do, and each answer carries the
page. The stations are one process with a kept connection each: what they cost stays small beside what is measured.
Without PostgreSQL it says so and measures on SQLite.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parent.parent
RACK = 12
ROUND = 2 * RACK + 3  # rack, part and slot for each place, seal, stage
TURNS, WARM = 3, 4


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


def script(label: str) -> Iterator[tuple[str, str]]:
    """What one operator scans all day: of which kind, and the label."""
    yield "log-in", "%B:OP"
    rack = 0
    while True:
        yield "begin", f"%R:{label}-{rack}"
        for slot in range(1, RACK + 1):
            yield "part", "PA"
            yield "slot", f"%L:{slot}"
        yield "seal", "%C:SEAL"
        yield "stage", f"%R:{label}-{rack}"
        rack += 1


@dataclass
class Way:
    """How one station posts: where to, as whom, and in what words."""

    head: bytes
    body: Callable[[str, str], bytes]


def by_api(token: str, station: int) -> Way:
    head = f"POST /api/v1/scans/ HTTP/1.1\r\nAuthorization: Token {token}\r\nContent-Type: application/json"

    def body(raw: str, nonce: str) -> bytes:
        said = {"station": station, "raw": raw, "nonce": nonce, "scanned_at": _now()}
        return json.dumps(said).encode()

    return Way(head.encode(), body)


def by_page(station: int) -> Way:
    """A browser that a supervisor enrolled as the station."""
    from django.http import HttpResponse

    from sequencer.models import Station
    from sequencer.views.enrolment import COOKIE, enrol

    answer = HttpResponse()
    enrol(answer, Station.objects.get(pk=station))
    secret = "b" * 32
    cookies = f"{COOKIE}={answer.cookies[COOKIE].coded_value}; csrftoken={secret}"
    head = (
        f"POST /station/{station}/scan HTTP/1.1\r\nCookie: {cookies}\r\nX-CSRFToken: {secret}\r\n"
        "Accept: application/json\r\nContent-Type: application/x-www-form-urlencoded"
    )

    def body(raw: str, nonce: str) -> bytes:
        return urlencode({"raw": raw, "nonce": nonce, "scanned_at": _now()}).encode()

    return Way(head.encode(), body)


class Operator:
    """One station with its connection: scans once a second, and never before the last scan is answered."""

    def __init__(self, port: int, way: Way, label: str) -> None:
        self.port, self.way, self.label, self.due = port, way, label, 0.0
        self.link = socket.socket()
        self.scans, self.sent = enumerate(script(label)), 0.0
        self.kind, self.raw, self.heard = "", "", b""

    def begin(self, due: float) -> None:
        """A connection for the scans that follow; the server has closed the last one while nobody scanned."""
        self.link.close()
        self.link, self.due = socket.create_connection(("127.0.0.1", self.port)), due

    def run_ahead(self, scans: int) -> None:
        """So many scans without the second between them."""
        self.begin(time.monotonic())
        for _ in range(scans):
            self.scan()
            while self.answered() is None:
                pass

    def scan(self) -> None:
        """Posts the next scan."""
        n, (self.kind, self.raw) = next(self.scans)
        body = self.way.body(self.raw, f"bench-{n:06}")
        host = b"\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body)
        self.heard, self.sent = b"", time.monotonic()
        self.link.sendall(self.way.head + host + body)

    def answered(self) -> float | None:
        """Takes what the server said; the milliseconds since the post once the answer is whole."""
        came = self.link.recv(1 << 18)
        self.heard += came
        head, whole, body = self.heard.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        if not came:
            raise RuntimeError(f"{self.label}: {self.raw} was not answered: {self.heard[:2000]!r}")
        if not whole or len(body) < int(length):
            return None
        took = (time.monotonic() - self.sent) * 1000
        if not head.startswith(b"HTTP/1.1 200") or b'"accepted":true' not in body.replace(b'": ', b'":'):
            raise RuntimeError(f"{self.label}: {self.raw} was refused: {self.heard[:2000]!r}")
        self.due = max(self.due + 1, time.monotonic())
        return took


def scan_until(operators: list[Operator], until: float) -> list[tuple[str, float]]:
    """Lets every operator scan until this moment; each scan's kind and what it took."""
    took: list[tuple[str, float]] = []
    waiting = [(operator.due, n) for n, operator in enumerate(operators)]
    heapq.heapify(waiting)
    with selectors.DefaultSelector() as answers:
        while waiting or answers.get_map():
            while waiting and waiting[0][0] <= time.monotonic():
                n = heapq.heappop(waiting)[1]
                operators[n].scan()
                answers.register(operators[n].link, selectors.EVENT_READ, n)
            pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 30
            for key, _ in answers.select(pause):
                done = operators[key.data].answered()
                if done is not None:
                    took.append((operators[key.data].kind, done))
                    answers.unregister(key.fileobj)
                    if operators[key.data].due < until:
                        heapq.heappush(waiting, (operators[key.data].due, key.data))
    return took


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
    options.add_argument("--seconds", type=int, default=30, help="of scanning at each of the two servers")
    options.add_argument("--stations", type=int, default=50)
    options.add_argument("--workers", type=int, default=2, help="web processes")
    options.add_argument("--page", action="store_true", help="post as a station's browser does")
    asked = options.parse_args()
    stations, seconds = asked.stations, asked.seconds
    with scratch_database() as address, tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        os.environ.update(
            DATABASE_URL=address,
            JIS_VAR=folder,
            DJANGO_SETTINGS_MODULE="sequencer.settings",
            JIS_LOG_LEVEL="WARNING",
            JIS_DEMO="0",  # a plant has no tray of labels to click
        )
        import django

        django.setup()
        token, places = lay_out(stations, seconds + WARM + ROUND)
        from django.db import connection

        # In a plant autovacuum has counted the rows within a minute; a planner that knows none reads whole tables.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        verdicts = Measured("sequencer.settings", asked.workers, servers)
        bare = Measured("bench.bare", asked.workers, servers)
        for station, label in places:
            verdicts.add(by_page(station) if asked.page else by_api(token, station), label)
            bare.add(by_api(token, station), label)
        connection.close()
        for one in (verdicts, bare):
            one.warm_up()
        # In turns, so that what else the machine does meets both alike.
        for _ in range(TURNS):
            for one in (verdicts, bare):
                one.turn(seconds / TURNS)
    all_took, least = verdicts.all_took(), shares(bare.all_took())
    p50, p95, p99 = shares(all_took)
    print(
        f"{stations} stations, 1 scan/s each, {asked.workers} web processes, {len(all_took)} scans"
        f"{' by page' if asked.page else ''}, load of the machine {os.getloadavg()[0]:.1f}: "
        f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, worst {max(all_took):.0f} ms; "
        f"targets p95 150 ms, ratio {p95 / 150:.2f}, p99 300 ms, ratio {p99 / 300:.2f}; {verdicts.cost()}"
    )
    print(
        f"the same posts as one inserted row each: p50 {least[0]:.0f} ms, p95 {least[1]:.0f} ms, "
        f"p99 {least[2]:.0f} ms; {bare.cost()}; "
        f"a verdict takes {p50 / least[0]:.1f} times that at p50, {p95 / least[1]:.1f} times at p95; target 4"
    )
    print(f"slowest kinds of scan first: {slowest(verdicts.took)}")
    return 0 if len(all_took) >= 0.98 * stations * seconds else 1


class Measured:
    """Web processes under some settings, the operators who scan there, and what their scans took."""

    def __init__(self, settings: str, workers: int, servers: ExitStack) -> None:
        self.port = free_port()
        self.web = serve(self.port, workers, settings)
        servers.callback(self._end)
        self.operators: list[Operator] = []
        self.took: list[tuple[str, float]] = []
        self.cpu = 0.0

    def add(self, way: Way, label: str) -> None:
        self.operators.append(Operator(self.port, way, label))

    def turn(self, seconds: float) -> None:
        begin, before = time.monotonic() + 0.2, cpu_seconds(self.web.pid)
        for n, operator in enumerate(self.operators):
            operator.begin(begin + n / len(self.operators))
        self.took += scan_until(self.operators, begin + seconds)
        self.cpu += cpu_seconds(self.web.pid) - before

    def warm_up(self) -> None:
        """Log-in, rack and first piece at each station: connections are opened, each kind of scan was judged once.

        Then each station goes on to a step of its own: a plant's stations never seal and start racks all in one second.
        """
        self.turn(WARM)
        for n, operator in enumerate(self.operators):
            operator.run_ahead(ROUND * n // len(self.operators))
        self.took, self.cpu = [], 0.0

    def all_took(self) -> list[float]:
        return [milliseconds for _, milliseconds in self.took]

    def cost(self) -> str:
        """What one scan cost the web processes: hardly moved by what else the machine does."""
        return f"{self.cpu * 1000 / len(self.took):.1f} ms CPU of the web process each"

    def _end(self) -> None:
        self.web.terminate()
        self.web.wait()


def cpu_seconds(pid: int) -> float:
    """What a process and its children have used so far; 0 where there is no /proc."""
    try:
        used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK") + sum(cpu_seconds(int(child)) for child in children)


def slowest(took: list[tuple[str, float]]) -> str:
    """Each kind of scan with its number, median and worst."""
    kinds: dict[str, list[float]] = {}
    for kind, milliseconds in took:
        kinds.setdefault(kind, []).append(milliseconds)
    ranked = sorted(kinds.items(), key=lambda one: -statistics.median(one[1]))
    return "; ".join(
        f"{kind} ({len(each)}) p50 {statistics.median(each):.0f} ms, worst {max(each):.0f} ms"
        for kind, each in ranked
    )


def shares(took: list[float]) -> tuple[float, float, float]:
    """Median, 95th and 99th percentile."""
    hundredths = statistics.quantiles(took, n=100)
    return statistics.median(took), hundredths[94], hundredths[98]


if __name__ == "__main__":
    sys.exit(main())
