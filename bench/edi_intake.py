"""The backlog of an eight-hour outage against the scanner: 14,400 call-offs come in while 20 stations scan.

Makes a database of its own, puts the files of two partners and four lines into their inboxes, and starts what a plant
runs: web, watcher, a worker of two processes, beat. Every station scans once every five seconds over HTTP until the
last call-off stands in its rack. Prints the seconds from the first look into the inboxes and what a scan took
meanwhile, each against its target. Every call-off is counted afterwards: one that is missing fails the run.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.scan_verdict import ROOT, _now, free_port, lay_out, scratch_database, script, serve

CALLS, SECONDS, SCAN_MS, SCAN_EVERY = 14_400, 300, 150, 5.0
STATIONS, LINES, A_FILE = 20, 4, 10
REDIS = "redis://127.0.0.1:6379"


@contextmanager
def broker() -> Iterator[str]:
    """An empty Redis database, given back empty; the file broker of the embedded plant where there is none."""
    try:
        import redis

        for number in range(15, 0, -1):
            server = redis.Redis.from_url(f"{REDIS}/{number}")
            if server.dbsize() == 0:
                break
        else:
            raise RuntimeError("every Redis database is in use")
    except Exception as error:  # noqa: BLE001 - any reason means: go without, and say so
        print(f"no Redis ({error}); wake-ups go by files")
        yield ""
        return
    try:
        yield f"{REDIS}/{number}"
    finally:
        server.flushdb()


def lay_out_lines(partners: int) -> list[tuple[str, str]]:
    """The lines whose calls come in; returns (partner, dock) for each."""
    from edi.models import CallOffRoute, TradingPartner
    from inventory.models import Customer
    from sequencer.models import (
        Commodity,
        Line,
        OemPlant,
        RackType,
        SequenceStream,
        SequencingProgram,
        UnloadingPoint,
    )

    plant, places = OemPlant.objects.get(), []
    for n in range(LINES):
        line = Line.objects.create(plant=plant, code=f"IN{n}", name=f"Intake {n}", takt_seconds=48)
        dock = UnloadingPoint.objects.create(plant=plant, code=f"IN{n}")
        stream = SequenceStream.objects.create(line=line, width=6, last=999_999)
        program = SequencingProgram.objects.create(
            code=f"IN{n}", name=f"IN{n}", line=line, stream=stream, unloading_point=dock
        )
        Commodity.objects.create(
            program=program,
            family="DOOR",
            name="Doors",
            rack_prefix=f"IN{n}",
            rack_type=RackType.objects.get(),
        )
        partner, _ = TradingPartner.objects.get_or_create(
            code=f"OEM-{n % partners}",
            defaults={"name": "An OEM", "customer": Customer.objects.get(), "profile": "generic_deljit"},
        )
        CallOffRoute.objects.create(partner=partner, dock=f"IN{n}", program=program)
        places.append((partner.code, f"IN{n}"))
    return places


def write_files(places: list[tuple[str, str]], calls: int) -> int:
    """The waiting files, each of some calls of one line, as they piled up; returns how many."""
    from edi.transport import partner_folders

    counters = {partner: itertools.count(1) for partner, _ in places}
    files = 0
    for start in range(0, calls, A_FILE * len(places)):
        for place, (partner, dock) in enumerate(places):
            first = start // len(places)
            most = min(A_FILE, (calls - place + len(places) - 1) // len(places) - first)
            if most <= 0:
                continue
            number = next(counters[partner])
            raw = deljit(dock, range(first + 1, first + most + 1), number)
            hidden = partner_folders(partner).inbox / f".{number:05d}.edi.tmp"
            hidden.write_bytes(raw)
            hidden.rename(hidden.with_name(f"{number:05d}.edi"))
            files += 1
    return files


def deljit(dock: str, numbers: range, control: int) -> bytes:
    body = [f"BGM+242+{dock}{control}+9", "DTM+137:202611230600:203"]
    for number in numbers:
        minute = 14 * 60 + number * 48 // 60
        body += [
            f"SEQ+3+{number:06d}:3",
            f"DTM+2:202611{23 + minute // 1440:02d}{minute % 1440 // 60:02d}{minute % 60:02d}:203",
            f"GIR+4+{dock}{number:013d}:VV'GIR+4+{dock}{number:06d}:AN",
            f"LOC+11+{dock}",
            "LIN+1++C-A:IN",
            "QTY+131:1:PCE",
        ]
    count = sum(line.count("'") + 1 for line in body) + 2
    lines = [f"UNB+UNOC:3+OEM:ZZ+SUPPLIER:ZZ+261123:0600+{control}", "UNH+1+DELJIT:D:97A:UN", *body]
    lines += [f"UNT+{count}+1", f"UNZ+1+{control}"]
    return "".join(f"{line}'\n" for line in lines).encode()


class Stations:
    """Twenty operators, a scan every five seconds each, until they are told to stop."""

    def __init__(self, port: int, token: str, places: list[tuple[int, str]]) -> None:
        self.port, self.token = port, token
        self.took: list[float] = []
        self.faults: list[str] = []
        self.over = threading.Event()
        begin = time.monotonic() + 0.5
        self.threads = [
            threading.Thread(target=self.operate, args=(*place, begin + n * SCAN_EVERY / len(places)))
            for n, place in enumerate(places)
        ]
        for thread in self.threads:
            thread.start()

    def operate(self, station: int, label: str, begin: float) -> None:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        for n, raw in enumerate(script(label)):
            if self.over.wait(max(0.0, begin + n * SCAN_EVERY - time.monotonic())):
                return
            body = json.dumps({"station": station, "raw": raw, "nonce": f"i{n}", "scanned_at": _now()})
            since = time.monotonic()
            link.request("POST", "/api/v1/scans/", body, headers)
            answer: dict[str, Any] = json.loads(link.getresponse().read())
            self.took.append((time.monotonic() - since) * 1000)
            # The server lets an idle connection go after five seconds, just when the next scan comes.
            link.close()
            if not answer.get("accepted"):
                self.faults.append(f"{label}: {raw} was refused: {answer}")
                return

    def end(self) -> list[float]:
        self.over.set()
        for thread in self.threads:
            thread.join()
        return self.took


@contextmanager
def process(*words: str) -> Iterator[None]:
    """One process of the plant, ended with us."""
    started = subprocess.Popen([sys.executable, *words], cwd=ROOT)
    try:
        yield
    finally:
        started.terminate()
        try:
            started.wait(timeout=20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def progress() -> tuple[int, int]:
    """Call-offs that stand in a rack, and events that are done with or wait for a person."""
    from django.db import connection

    from edi.models import InboundEvent

    done = InboundEvent.objects.filter(status="APPLIED").count()
    stopped = InboundEvent.objects.exclude(status__in=["APPLIED", "PENDING"]).count()
    connection.close()
    return done, stopped


def wait_for(calls: int, limit: float) -> bool:
    """True when every call-off was applied; what is held or quarantined, or the limit, ends the wait."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        done, stopped = progress()
        if stopped or done >= calls:
            return done >= calls and not stopped
        time.sleep(0.5)
    return False


def judge(calls: int, places: list[tuple[str, str]]) -> list[str]:
    """What is wrong with the plant afterwards; nothing when each call-off stands once and the books balance."""
    from edi.services import take_ledger
    from sequencer.models import CallOff, SequenceGap, Slot

    docks = [dock for _, dock in places]
    ours = CallOff.objects.filter(program__code__in=docks)
    placed = Slot.objects.filter(group__call_off__in=ours).count()
    found = list(take_ledger().faults)
    found += [f"{ours.count()} of {calls} calls"] if ours.count() != calls else []
    found += [f"{placed} of {calls} have a slot"] if placed != calls else []
    gaps = SequenceGap.objects.filter(stream__line__code__in=docks).exclude(status="FILLED").count()
    return found + ([f"{gaps} gaps"] if gaps else [])


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=CALLS, help="fewer for a small try")
    options.add_argument("--partners", type=int, default=2, help="whose files; each has a lane of his own")
    options.add_argument("--limit", type=int, default=1200, help="give up after so many seconds")
    asked = options.parse_args()
    with ExitStack() as stack:
        address = stack.enter_context(scratch_database())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ.update(
            DATABASE_URL=address, REDIS_URL=stack.enter_context(broker()), JIS_VAR=folder,
            DJANGO_SETTINGS_MODULE="sequencer.settings", JIS_LOG_LEVEL="ERROR",
            PYTHONWARNINGS="ignore:You're running the worker with superuser privileges,",
        )  # fmt: skip
        os.environ.pop("CELERY_BROKER_URL", None)
        return measure(asked.calls, asked.partners, asked.limit, folder)


def measure(calls: int, partners: int, limit: int, folder: str) -> int:
    import django

    django.setup()
    from django.db import connection

    token, stations = lay_out(STATIONS, max(60, limit // int(SCAN_EVERY)))
    places = lay_out_lines(partners)
    files = write_files(places, calls)
    connection.close()
    port = free_port()
    web = serve(port, 1)
    celery = ("-m", "celery", "-A", "sequencer", "-q")
    try:
        with ExitStack() as plant:
            pool = ("--pool=prefork", "--concurrency=2", "--loglevel=ERROR")
            plant.enter_context(process(*celery, "worker", *pool))
            schedule = f"--schedule={Path(folder) / 'beat'}"
            plant.enter_context(process(*celery, "beat", schedule, "--pidfile=", "--loglevel=ERROR"))
            time.sleep(5)
            operators = Stations(port, token, stations)
            began = time.monotonic()
            plant.enter_context(process("manage.py", "watch_inbox"))
            whole = wait_for(calls, limit)
            seconds = time.monotonic() - began
            took = operators.end()
    finally:
        web.terminate()
        web.wait()
    faults = [*operators.faults, *judge(calls, places)]
    report(calls, files, partners, seconds, took)
    for fault in faults[:10]:
        print(fault)
    return 0 if whole and not faults else 1


def report(calls: int, files: int, partners: int, seconds: float, took: list[float]) -> None:
    allowed = SECONDS * calls / CALLS
    p95 = statistics.quantiles(took, n=20)[18] if len(took) > 1 else float("nan")
    print(
        f"{calls} call-offs in {files} files of {partners} partner(s) applied in {seconds:.0f} s, "
        f"{calls / seconds:.0f}/s; target {allowed:.0f} s, ratio {seconds / allowed:.2f}"
    )
    print(
        f"{STATIONS} stations, a scan every {SCAN_EVERY:.0f} s each, {len(took)} scans meanwhile: "
        f"p50 {statistics.median(took):.0f} ms, p95 {p95:.0f} ms, worst {max(took):.0f} ms; "
        f"target p95 {SCAN_MS} ms, ratio {p95 / SCAN_MS:.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
