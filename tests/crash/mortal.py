"""The process that is killed. It loads the program once and forks a worker for each order that comes in a line.

tables                    makes the tables that each plant has a copy of
grow FILE                 forks a process for one plant, with the environment in a JSON file; the orders below are
                          that one's, until `leave`
make                      plant and partner
work [failpoint[:count]]  one worker does everything due, or dies at the failpoint; answers its exit status
loop MILLISECONDS         one worker works without end and is killed with -9 after that time
depart FIRST              a truck with the rack of the call FIRST departs
books                     one JSON object of facts
...                       and those of carrier.py, planner.py, press.py and outage.py
proof                     what `edi_ledger` says of the balance, of closing the day, and of the closed day
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from tests.crash import carrier, outage, planner, press

STALE = 0.05


def main() -> None:
    django.setup()
    from edi import transport

    transport.STALE_SECONDS = STALE  # type: ignore[misc]
    orders: dict[str, Any] = {
        "make": make,
        "work": work,
        "loop": loop,
        "depart": depart,
        "books": books,
        "proof": proof,
    }
    orders |= carrier.ORDERS | press.ORDERS | outage.ORDERS | planner.ORDERS
    for name, *words in map(str.split, sys.stdin):
        if name == "tables":
            answer(call_command("migrate", run_syncdb=True, verbosity=0))
        elif name != "grow":
            answer("there is no plant")  # it died of an error, which is told on its standard error
        elif pid := os.fork():
            answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        else:
            answer(grow(*words))
            for order, *more in iter(lambda: sys.stdin.readline().split(), ["leave"]):
                answer(orders[order](*more))
            return


def answer(found: Any) -> None:
    # First, for whoever hears the answer may copy the database.
    connections.close_all()
    print(json.dumps(found), flush=True)


def grow(path: str) -> None:
    """The settings read anew, for a plant of its own."""
    os.environ.update(json.loads(Path(path).read_text()))
    for module in ("sequencer.settings", "tests.crash.scratch_settings"):
        importlib.reload(sys.modules[module])
    settings._setup()  # type: ignore[attr-defined]
    connections.settings = connections.configure_settings(settings.DATABASES)
    del connections["default"]


def make() -> None:
    from edi.models import CallOffRoute, TradingPartner
    from edi.transport import partner_folders
    from tests.factories import make_plant

    plant = make_plant(capacity=1, max_jump=100_000, last=9_999_999)
    partner = TradingPartner.objects.create(
        code="OEM-D", name="An OEM", customer=plant.customer, profile="generic_deljit"
    )
    CallOffRoute.objects.create(partner=partner, program=plant.program)
    partner_folders(partner.code)
    # With what a worker loads at its first round loaded here, none of the many that are forked loads it again.
    everything_due()
    gc.freeze()


def everything_due() -> None:
    from django.utils import timezone

    from edi.management.commands.watch_inbox import Watcher
    from edi.services import sweep_intake, sweep_outbound

    watcher = Watcher()
    watcher.refresh()
    watcher.scan()
    sweep_intake(at=timezone.now())
    sweep_outbound(at=timezone.now())
    watcher.leave()


def child(task: Any) -> int:
    """Forks a worker; its output goes to ours so that a traceback is seen."""
    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        task()
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def work(failpoint: str = "") -> int:
    from edi import failpoints

    def task() -> None:
        failpoints._armed = failpoints.read_setting(failpoint, production=False)
        everything_due()

    time.sleep(STALE * 1.5)
    return os.waitstatus_to_exitcode(os.waitpid(child(task), 0)[1])


def loop(milliseconds: str) -> int:
    def task() -> None:
        while True:
            everything_due()

    pid = child(task)
    time.sleep(int(milliseconds) / 1000)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def depart(first: str) -> str:
    """Builds the rack of one call at the station and lets its truck go."""
    from sequencer.models import Carrier, Rack, Shipment, Station
    from sequencer.services import plan_shipments, record_scan
    from tests.factories import START

    number = int(first)
    carrier = Carrier.objects.exclude(racks__status__in=["IN_TRANSIT"]).order_by("pk")[0].code
    pack, dock = Station.objects.get(code="S1"), Station.objects.get(code="D")

    def scan(station: Station, raw: str) -> str:
        return record_scan(station.pk, raw, f"{raw}-{first}-{time.monotonic_ns()}", at=START).code

    codes = [scan(pack, raw) for raw in ("%B:OP", f"%R:{carrier}", "PA", "%L:1", "%C:SEAL", f"%R:{carrier}")]
    plan_shipments(at=START)
    rack = Rack.objects.get(low_position=number)
    shipment = Shipment.objects.get(racks=rack)
    codes += [scan(dock, raw) for raw in ("%B:OP", f"%T:{shipment.number}", f"%R:{carrier}", "%C:DEPART")]
    assert set(codes) <= {"OK", "ALREADY"}, codes
    return shipment.number


def books() -> dict[str, Any]:
    from edi.models import Delivery, InboundEvent, OutboundMessage
    from edi.services import take_ledger
    from edi.transport import partner_folders
    from inventory.models import DemandSchedule
    from sequencer.models import CallOff, Shipment

    ledger = take_ledger()
    folders = partner_folders("OEM-D")
    calls = CallOff.objects.order_by("call_number").values_list("call_number", "revision")
    demand = DemandSchedule.objects.values_list(
        "dock", "release_number", "current", "lines__quantity", "lines__first"
    )
    return {
        "faults": list(ledger.faults),
        "files": ledger.as_json()["files"],
        "events": Counter(InboundEvent.objects.values_list("status", flat=True)),
        "deliveries": Counter(Delivery.objects.values_list("status", flat=True)),
        "calls": [list(call) for call in calls],
        "demand": sorted(
            [dock, int(number), now, int(wanted), f"{day}"] for dock, number, now, wanted, day in demand
        ),
        "outbound": Counter(OutboundMessage.objects.values_list("status", flat=True)),
        "sent": sorted(OutboundMessage.objects.values_list("file_name", flat=True)),
        "out": sorted(path.name for path in folders.out.iterdir()),
        "asn": Counter(Shipment.objects.filter(status="DEPARTED").values_list("asn_status", flat=True)),
        "left": sorted(path.name for path in [*folders.inbox.iterdir(), *folders.work.rglob("*.*")]),
    }


def proof() -> dict[str, Any]:
    """The command a person would run, and the closing as it will be made tomorrow."""
    import io
    from datetime import timedelta

    from django.utils import timezone

    from edi.services import close_books, verify_closings

    out = io.StringIO()
    try:
        call_command("edi_ledger", "--json", stdout=out)
        status = 0
    except SystemExit as end:
        status = end.code
    closed = close_books(at=timezone.now() + timedelta(days=2))
    return {
        "status": status,
        "balanced": json.loads(out.getvalue())["balanced"],
        "unbalanced_days": [closing.faults for closing in closed if not closing.balanced],
        "differs": str(verify_closings() or ""),
    }


if __name__ == "__main__":
    main()
