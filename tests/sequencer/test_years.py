"""A plant that has run for years answers as on its first day: what a scan, a sweep or a page reads is what is open."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from sequencer.celery import SWEEPS, app
from sequencer.models import (
    CallComponent,
    CallOff,
    Commodity,
    ComponentGroup,
    PlantEvent,
    PrintJob,
    Rack,
    ScanEvent,
    SequenceStream,
    Shipment,
    Slot,
    Task,
    Unit,
)
from sequencer.services.dock_view import dock_view
from sequencer.services.view import station_view
from tests.factories import Plant, make_plant

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="SQLite does not tell what a question read; make test-services runs it on PostgreSQL",
)
CALLS, RACK, TRUCK = 2_400, 3, 4
# Reads of the open part of this plant stay below it, reads of its history are above.
MOST = 400


@pytest.fixture
def plant(db: None, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Years of work behind it: calls long closed, racks that came back, trucks confirmed, tasks done."""
    monkeypatch.setattr(
        connection, "prepare", lambda words: False
    )  # the words are explained, not their names
    plant = make_plant(capacity=RACK, racks_per_truck=2)
    spent(plant)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        # The tables are small here: the planner weighs each row as a plant of years makes it weigh.
        for cost in ("seq_page_cost", "cpu_tuple_cost", "cpu_index_tuple_cost"):
            cursor.execute(f"SET LOCAL {cost} = 100")
    return plant


def spent(plant: Plant) -> None:
    SequenceStream.objects.update(first_position=1 - CALLS, last_position=0)
    Commodity.objects.update(cut_from=1 - CALLS)
    plant.stream.refresh_from_db()
    plant.commodity.refresh_from_db()
    when = [plant.at - timedelta(days=400) + timedelta(hours=4 * n) for n in range(CALLS)]
    trucks = Shipment.objects.bulk_create(
        Shipment(
            number=f"H{n}", unloading_point=plant.dock.unloading_point, status="CONFIRMED", planned_at=at, leaves_at=at,
            opened_at=at, departed_at=at, arrived_at=at, confirmed_at=at, asn_status="ACCEPTED", asn_status_at=at,
            asn_answered=True,
        )
        for n, at in enumerate(when[:: RACK * TRUCK])
    )  # fmt: skip
    racks = Rack.objects.bulk_create(
        Rack(
            number=f"H-{n}", commodity=plant.commodity, status="RETURNED", low_position=RACK * n - CALLS + 1,
            high_position=RACK * (n + 1) - CALLS, closed=True, shipment=trucks[n // TRUCK], load_position=n % TRUCK,
            started_at=at, sealed_at=at, loaded_at=at,
        )
        for n, at in enumerate(when[::RACK])
    )  # fmt: skip
    calls = CallOff.objects.bulk_create(
        CallOff(
            program=plant.program, stream=plant.stream, call_number=f"H{n}", vin=f"H{n}",
            position=n - CALLS + 1, sequence_number=f"{10_000 - CALLS + n:04}",
            stage="FIRM", required_at=at, created_at=at, changed_at=at,
        )
        for n, at in enumerate(when)
    )  # fmt: skip
    groups = ComponentGroup.objects.bulk_create(
        ComponentGroup(
            call_off=call,
            commodity=plant.commodity,
            status="CLOSED",
            verified_at=at,
            shipped_at=at,
            attempt=1,
        )
        for call, at in zip(calls, when, strict=True)
    )
    parts = CallComponent.objects.bulk_create(
        CallComponent(group=group, customer_part="C-A", part=plant.parts["A"], quantity=1) for group in groups
    )
    slots = Slot.objects.bulk_create(
        Slot(
            rack=racks[n // RACK], number=1 + n % RACK, position=group.call_off.position, status="FILLED", group=group,
            packed_revision=1, packed_at=when[n],
        )
        for n, group in enumerate(groups)
    )  # fmt: skip
    units = Unit.objects.bulk_create(
        Unit(
            part=plant.parts["A"], serial=f"H{n}", status="SHIPPED", taken_at=when[n], component=part,
            group=part.group,
        )
        for n, part in enumerate(parts)
    )  # fmt: skip
    ScanEvent.objects.bulk_create(
        ScanEvent(
            station=plant.station, nonce=f"h{n}", raw="PA", code="OK", accepted=True, operator=plant.operator,
            rack=slot.rack, slot=slot, group=slot.group, unit=unit, scanned_at=when[n], recorded_at=when[n],
        )
        for n, (slot, unit) in enumerate(zip(slots, units, strict=True))
    )  # fmt: skip
    PlantEvent.objects.bulk_create(
        PlantEvent(at=at, topic=f"line:{plant.line.pk}", kind="spoke", subject=f"H{n}", by="op", chain="h")
        for n, at in enumerate(when)
    )
    Task.objects.bulk_create(
        Task(
            line=plant.line, kind="MISSING", subject=f"H{n}", text="long ago", status="DONE", opened_at=at,
            closed_at=at,
        )
        for n, at in enumerate(when)
    )  # fmt: skip
    PrintJob.objects.bulk_create(
        PrintJob(
            kind="PART", subject_type="unit", subject_id=n, station=plant.station, status="PRINTED", due_at=at,
            asked_at=at, asked_by="op", sent_at=at, printed_at=at,
        )
        for n, at in enumerate(when)
    )  # fmt: skip


class Reads:
    """What each question read: rows of its scans, those it threw away included."""

    def __init__(self) -> None:
        self.where = ""
        self.wide: dict[str, str] = {}

    @contextmanager
    def of(self, where: str) -> Iterator[None]:
        self.where = where
        with connection.execute_wrapper(self._explained):
            yield

    def _explained(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        asks = re.match(r"\s*SELECT", sql) and not many and context["cursor"].name is None
        if asks:
            execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params, False, context)
            told = context["cursor"].fetchone()[0]
            plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
            if (rows := read_by(plan)) > MOST:
                words = " ".join(sql[sql.find(" FROM ") :].split())
                self.wide.setdefault(f"{self.where}: {words[:300]}", f"{rows} rows")
        return execute(sql, params, many, context)


def read_by(plan: dict[str, Any]) -> int:
    loops = plan.get("Actual Loops", 1)
    own = (
        plan.get("Actual Rows", 0) + plan.get("Rows Removed by Filter", 0)
        if "Scan" in plan["Node Type"]
        else 0
    )
    return int(own * loops) + sum(read_by(one) for one in plan.get("Plans", []))


def told(reads: Reads) -> str:
    return "\n".join(f"{rows} {where}" for where, rows in reads.wide.items())


def test_a_rack_its_truck_and_its_changes_read_what_is_open(plant: Plant) -> None:
    reads = Reads()
    for n in range(1, 13):
        with reads.of("a new call"):
            plant.new(n)
    with reads.of("a scan"):
        plant.build([1, 2, 3])
        plant.build([4, 5, 6], "R2")
        plant.start_rack("R3")
        plant.pack("A", 1)
    with reads.of("a change of the OEM"):
        plant.take("CHANGE", "V0008", "0008", "C-B", required=128)
        plant.take("REORDER", "V0007", "", "")
        plant.take("CANCEL", "V0012", "0012", "", required=132)
    with reads.of("the station's picture"):
        station_view(plant.station.pk, at=plant.tick())
    with reads.of("the truck"):
        plant.plan()
        number = Shipment.objects.filter(status="PLANNED").latest("pk").number
        dock_view(plant.dock.pk, at=plant.tick())
        plant.scans("%B:OP", f"%T:{number}", "%R:R1", "%R:R2", station=plant.dock)
        dock_view(plant.dock.pk, at=plant.tick())
        plant.scans("%C:DEPART", station=plant.dock)
        dock_view(plant.dock.pk, at=plant.tick())
    assert not reads.wide, told(reads)


def test_a_sweep_reads_what_is_open(plant: Plant) -> None:
    plant.build([1, 2, 3])
    app.loader.import_default_modules()
    reads = Reads()
    # The hourly one moves rows of the partition without a month, where this history lies.
    for sweep in sorted(SWEEPS.keys() - {"sequencer.tasks.keep_scans"}):
        with reads.of(sweep):
            app.tasks[sweep].apply(throw=True)
    assert not reads.wide, told(reads)


def test_a_page_reads_what_is_open(plant: Plant) -> None:
    plant.build([1, 2, 3])
    plant.new(4)
    plant.plan()
    browser = Client()
    browser.force_login(User.objects.create(username="root", is_superuser=True, is_staff=True))
    reads, seen = Reads(), {"logout", "login", "events"}
    waiting = [
        "/",
        reverse("rack", args=[plant.rack(1).pk]),
        reverse("trace-subject", args=["call", plant.call(1).pk]),
    ]
    while waiting:
        address = waiting.pop(0)
        try:
            kind = resolve(urlsplit(address).path)
        except Resolver404:
            continue
        name = f"{kind.view_name} {kind.kwargs.get('kind', '')}"
        if name in seen or urlsplit(address).path.startswith(("/admin/", "/static/", "/api/", "/events/")):
            continue
        seen.add(name)
        with reads.of(urlsplit(address).path):
            answer = browser.get(address)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            waiting += re.findall(r'(?:href|hx-get|data-live)="(/[^"#]*)"', answer.content.decode())
    assert len(seen) > 40
    assert not reads.wide, told(reads)
