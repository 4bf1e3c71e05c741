"""Trace and recall at size: does every question come back within a second at 50 million scans?

    python -m bench.trace --scans 1000000,50000000

Makes a database of its own on the PostgreSQL of DATABASE_URL, with the program's own tables and indexes, fills it in
bulk (calls, groups, slots, units, racks, shipments, labels, journal and messages in proportion to the scans, over two
years of months), and asks what people ask: each question of another, random thing, so that hardly one page of the
database is asked twice. Prints p50, p95 and the slowest of each, and how much the larger size costs over the smaller.
The database is gone afterwards. Foreign keys, checks and the write-ahead log are left off while it is filled: they
cost writers, not readers.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

SCANS_A_GROUP, FAMILIES, A_RACK, A_TRUCK = 8, 3, 12, 8
CALLS_A_FILE = 10
LOT_SPAN = 30_000  # groups during which a part's lot lasts: 500 pieces
PARTS, STATIONS, CARRIERS = 60, 24, 400
YEARS = 2
PROMISE = 1.0


@contextmanager
def scratch_database() -> Iterator[str]:
    import psycopg2

    server = os.environ.get("DATABASE_URL", "postgres://127.0.0.1:5432/postgres")
    admin = psycopg2.connect(server)
    admin.autocommit = True
    name = f"jis_trace_{os.getpid()}"
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.close()


class Filled:
    """The plant of `scans` scans. Rows are numbered by rule, so that any of them can be named without looking."""

    def __init__(self, scans: int) -> None:
        self.scans = scans
        self.groups = scans // SCANS_A_GROUP
        self.calls = self.groups // FAMILIES
        self.groups = self.calls * FAMILIES
        self.racks = ((self.calls - 1) // A_RACK + 1) * FAMILIES
        self.shipments = (self.racks - 1) // A_TRUCK + 1
        self.end = datetime.now(UTC).replace(microsecond=0)
        self.start = self.end - timedelta(days=365 * YEARS)

    def at(self, share: str) -> str:
        """When, as SQL: the share of the time that has gone."""
        return f"timestamptz '{self.start.isoformat()}' + ({share}) * interval '{365 * YEARS} days'"


def lay_out() -> None:
    from django.contrib.auth.models import User

    from edi.models import CallOffRoute, TradingPartner
    from inventory.models import Customer, CustomerPart, Part
    from sequencer.models import (
        Carrier,
        Commodity,
        Line,
        OemPlant,
        RackType,
        SequenceStream,
        SequencingProgram,
        Station,
        UnloadingPoint,
    )

    customer = Customer.objects.create(code="OEM", name="An OEM")
    plant = OemPlant.objects.create(code="P1", name="Plant 1", customer=customer)
    line = Line.objects.create(plant=plant, code="L1", name="Line 1")
    point = UnloadingPoint.objects.create(plant=plant, code="D1", racks_per_truck=A_TRUCK)
    stream = SequenceStream.objects.create(line=line)
    program = SequencingProgram.objects.create(
        code="P", name="Program", line=line, stream=stream, unloading_point=point
    )
    partner = TradingPartner.objects.create(code="OEM", customer=customer, profile="generic_deljit")
    CallOffRoute.objects.create(partner=partner, program=program)
    rack_type = RackType.objects.create(code="RT", rows=2, columns=6)
    commodities = [
        Commodity.objects.create(
            program=program, family=name, name=name, rack_prefix=name, rack_type=rack_type
        )
        for name in ("DOOR", "SEAT", "DASH")[:FAMILIES]
    ]
    Carrier.objects.bulk_create(
        Carrier(code=f"C{n:04d}", rack_type=rack_type) for n in range(1, CARRIERS + 1)
    )
    for n in range(1, STATIONS + 1):
        Station.objects.create(code=f"S{n:02d}", name=f"Station {n}", commodity=commodities[n % FAMILIES])
        User.objects.create(username=f"op{n:02d}", first_name=f"Operator {n}")
    trace = [Part.Trace.SERIAL, Part.Trace.LOT, Part.Trace.NONE]
    for n in range(PARTS):
        part = Part.objects.create(number=f"PART-{n:03d}", description=f"variant {n}", trace=trace[n % 3])
        CustomerPart.objects.create(customer=customer, number=f"C-PART-{n:03d}", part=part)


def fill(size: Filled, told: Callable[[str], None]) -> None:
    """Every large table by one statement, its indexes after it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute("SET work_mem = '256MB'")
        cursor.execute("SET max_parallel_maintenance_workers = 0")
        cursor.execute("SET synchronous_commit = off")
    for model, count, columns in tables(size):
        began = time.perf_counter()
        _load(model, count, columns, size)
        told(f"{model._meta.db_table}: {count} rows in {time.perf_counter() - began:.0f} s")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET session_replication_role = origin")


def tables(size: Filled) -> list[tuple[Any, int, dict[str, str]]]:
    """(model, rows, SQL of each column that has no default); `i` counts the rows from 1."""
    from django.contrib.auth.models import User

    from edi.models import (
        Delivery,
        InboundEvent,
        InboundMessage,
        Interchange,
        OutboundMessage,
        TradingPartner,
    )
    from inventory.models import Part
    from sequencer.models import (
        CallComponent,
        CallOff,
        Carrier,
        Commodity,
        ComponentGroup,
        LabelRecord,
        PlantEvent,
        PrintJob,
        Rack,
        ScanEvent,
        ScanNonce,
        SequenceStream,
        SequencingProgram,
        Shipment,
        Slot,
        Station,
        Unit,
        UnloadingPoint,
    )

    def first(model: Any) -> int:
        return int(model.objects.order_by("pk").values_list("pk", flat=True)[0])

    part0, family0, station0, carrier0 = first(Part), first(Commodity), first(Station), first(Carrier)
    user0, partner = first(User), str(first(TradingPartner))
    files = (size.calls - 1) // CALLS_A_FILE + 1
    at_rack = size.at(f"i::float8 / {size.racks}")
    at_file = size.at(f"i::float8 / {files}")
    call = f"((g - 1) / {FAMILIES} + 1)"  # of a group g
    rack = f"((({call} - 1) / {A_RACK}) * {FAMILIES} + (g - 1) % {FAMILIES} + 1)"
    shipment = f"(({rack} - 1) / {A_TRUCK} + 1)"
    part = f"(g * 7919 % {PARTS})"

    def in_row(expression: str) -> str:
        return _with_group(expression, "i")

    group_of_scan = f"((i - 1) / {SCANS_A_GROUP} + 1)"
    step = f"((i - 1) % {SCANS_A_GROUP})"
    grp = lambda text: _with_group(text, group_of_scan)  # noqa: E731
    at_scan = size.at(f"i::float8 / {size.scans}")
    # A call is there, and its pieces are taken, before the first of their scans: a life leaves out what was before it.
    at_group = size.at(f"(i - 1)::float8 / {size.groups}")
    at_call = size.at(f"(i - 1)::float8 / {size.calls}")
    recent = size.scans - size.scans * 35 // (365 * YEARS)
    return [
        (
            Shipment,
            size.shipments,
            {
                "number": "'T-' || lpad(i::text, 7, '0')",
                "unloading_point_id": str(first(UnloadingPoint)),
                "status": "'DEPARTED'",
                "planned_at": size.at(f"i::float8 / {size.shipments}"),
                "leaves_at": size.at(f"i::float8 / {size.shipments}"),
                "departed_at": size.at(f"i::float8 / {size.shipments}"),
            },
        ),
        (
            Rack,
            size.racks,
            {
                "number": "'R-' || lpad(i::text, 8, '0')",
                "commodity_id": f"{family0} + (i - 1) % {FAMILIES}",
                # A carrier is out once; its earlier fillings have come back.
                "status": f"CASE WHEN i > {size.racks - CARRIERS} THEN 'IN_TRANSIT' ELSE 'RETURNED' END",
                "low_position": f"(i - 1) / {FAMILIES} * {A_RACK} + 1",
                "high_position": f"(i - 1) / {FAMILIES} * {A_RACK} + {A_RACK}",
                "carrier_id": f"{carrier0} + i % {CARRIERS}",
                "shipment_id": f"(i - 1) / {A_TRUCK} + 1",
                "load_position": f"(i - 1) % {A_TRUCK} + 1",
                "sealed_at": at_rack,
                "loaded_at": at_rack,
                "started_at": size.at(f"(i - 1)::float8 / {size.racks}"),
            },
        ),
        (
            CallOff,
            size.calls,
            {
                "program_id": str(first(SequencingProgram)),
                "stream_id": str(first(SequenceStream)),
                "call_number": "'V' || lpad(i::text, 9, '0')",
                "sequence_number": "lpad((i % 9999 + 1)::text, 4, '0')",
                "position": "i",
                # The last eight characters are the vehicle's own; of two million none is like its neighbour.
                "vin": "'WVWZZZ1KZ' || upper(lpad(to_hex((i * 2654435761) % 4294967291), 8, '0'))",
                "production_number": "'P' || lpad(i::text, 9, '0')",
                "required_at": at_call,
                "created_at": at_call,
                "changed_at": at_call,
            },
        ),
        (
            ComponentGroup,
            size.groups,
            {
                "call_off_id": in_row(call),
                "commodity_id": f"{family0} + (i - 1) % {FAMILIES}",
                "status": "'SHIPPED'",
                "verified_at": at_group,
                "shipped_at": at_group,
            },
        ),
        (
            CallComponent,
            size.groups,
            {"group_id": "i", "customer_part": "'C-PART'", "part_id": f"{part0} + {in_row(part)}"},
        ),
        (
            Slot,
            size.groups,
            {
                "rack_id": in_row(rack),
                "number": f"({in_row(call)} - 1) % {A_RACK} + 1",
                "position": in_row(call),
                "group_id": "i",
                "status": "'FILLED'",
                "packed_revision": "1",
                "packed_at": at_group,
            },
        ),
        (
            Unit,
            size.groups,
            {
                "part_id": f"{part0} + {in_row(part)}",
                "serial": f"CASE WHEN {in_row(part)} % 3 = 0 THEN 'SN' || lpad(i::text, 10, '0') END",
                "lot": f"CASE WHEN {in_row(part)} % 3 = 1"
                f" THEN 'L' || {in_row(part)} || '-' || (i / {LOT_SPAN}) ELSE '' END",
                "supplier": f"CASE WHEN {in_row(part)} % 3 = 1 THEN 'SUP' || {in_row(part)} ELSE '' END",
                "status": "'SHIPPED'",
                "group_id": "i",
                "component_id": "i",
                "taken_at": at_group,
            },
        ),
        (
            Delivery,
            files,
            {
                "partner_id": partner,
                "file_name": "'calls-' || i || '.edi'",
                "inode": "i",
                "mtime_ns": "i",
                "size": "1",
                "sha256": "md5(i::text)",
                "raw": "'x'::bytea",
                "written_at": at_file,
                "received_at": at_file,
            },
        ),
        (
            Interchange,
            files,
            {
                "delivery_id": "i",
                "partner_id": partner,
                "message_type": "'DELJIT'",
                "control_ref": "i::text",
                "period": "'2026'",
                "content_sha256": "md5(i::text)",
            },
        ),
        (
            InboundMessage,
            files,
            {"interchange_id": "i", "number": "1", "type": "'DELJIT'", "kind": "'CALL_OFF'"},
        ),
        (
            InboundEvent,
            size.calls,
            {
                "message_id": f"(i - 1) / {CALLS_A_FILE} + 1",
                "partner_id": partner,
                "number": f"(i - 1) % {CALLS_A_FILE} + 1",
                "event": "'NEW'",
                "call_number": "'V' || lpad(i::text, 9, '0')",
                "content": "'{}'",
                "status": "'APPLIED'",
                "booked_at": at_call,
            },
        ),
        (
            OutboundMessage,
            size.shipments,
            {
                "partner_id": partner,
                "kind": "'DESADV'",
                "shipment_id": "i",
                "control_ref": "i::text",
                "file_name": "'asn-' || i || '.edi'",
                "content": "'x'::bytea",
                "status": "'SENT'",
                "created_at": size.at(f"i::float8 / {size.shipments}"),
                "due_at": size.at(f"i::float8 / {size.shipments}"),
                "sent_at": size.at(f"i::float8 / {size.shipments}"),
            },
        ),
        (
            PrintJob,
            size.racks,
            {
                "kind": "'RACK_LABEL'",
                "subject_type": "'rack'",
                "subject_id": "i",
                "subject": "'R-' || lpad(i::text, 8, '0')",
                "status": "'PRINTED'",
                "due_at": at_rack,
                "asked_at": at_rack,
                "asked_by": "'op07'",
                "printed_at": at_rack,
            },
        ),
        (
            LabelRecord,
            size.racks,
            {
                "number": "'UNJIS' || lpad(i::text, 9, '0')",
                "job_id": "i",
                "kind": "'RACK_LABEL'",
                "subject_type": "'rack'",
                "subject_id": "i",
                "issued_at": at_rack,
            },
        ),
        (
            PlantEvent,
            size.groups * 2,
            {
                "at": size.at(f"i::float8 / {size.groups * 2}"),
                "topic": "'line:1'",
                "kind": "CASE WHEN i % 2 = 0 THEN 'new' ELSE 'packed' END",
                "subject": f"'V' || lpad(((i - 1) / {FAMILIES * 2} + 1)::text, 9, '0')",
                "by": "'op07'",
                "facts": """'{"rack": "R-1", "slot": 7}'""",
                "chain": "md5(i::text) || md5((i + 1)::text)",
            },
        ),
        (
            ScanEvent,
            size.scans,
            {
                "station_id": f"{station0} + (i / 97) % {STATIONS}",
                "nonce": "md5(i::text)",
                "raw": f"'P' || 'PART-' || ({step})",
                "code": f"CASE WHEN {step} = 3 THEN 'WRONG_PART' ELSE 'OK' END",
                "accepted": f"{step} <> 3",
                "step": "'PART'",
                "expected": "'PART-001 variant 1'",
                "seen": "'PART-001'",
                "hint": "'Into slot 7, scan the slot'",
                "operator_id": f"{user0} + (i / 97) % {STATIONS}",
                "rack_id": f"CASE WHEN {step} < 7 THEN {grp(rack)} END",
                "slot_id": f"CASE WHEN {step} IN (0, 1, 2, 4) THEN {group_of_scan} END",
                "group_id": f"CASE WHEN {step} < 5 THEN {group_of_scan} END",
                "unit_id": f"CASE WHEN {step} = 1 THEN {group_of_scan} END",
                "shipment_id": f"CASE WHEN {step} = 6 THEN {grp(shipment)} END",
                "scanned_at": at_scan,
                "recorded_at": at_scan,
            },
        ),
        (
            ScanNonce,
            size.scans - recent,
            {
                "station_id": f"{station0} + ((i + {recent}) / 97) % {STATIONS}",
                "nonce": f"md5((i + {recent})::text)",
                "scan_id": f"i + {recent}",
                "recorded_at": size.at(f"(i + {recent})::float8 / {size.scans}"),
            },
        ),
    ]


def _with_group(expression: str, group: str) -> str:
    import re

    return re.sub(r"\bg\b", group, expression)


def _load(model: Any, count: int, given: dict[str, str], size: Filled) -> None:
    from django.db import connection
    from django.db.models import NOT_PROVIDED

    table = model._meta.db_table
    columns = {"id": "i", **given}
    with connection.cursor() as cursor:
        for column in model._meta.concrete_fields:
            if column.column in columns or column.null:
                continue
            default = column.get_default() if column.default is not NOT_PROVIDED else ""
            prepared = column.get_db_prep_save(default, connection)
            columns[column.column] = cursor.cursor.mogrify("%s", [prepared]).decode()
        made = _strip(cursor, table)
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(columns.values())
        statement = (
            f"INSERT INTO {table} ({names}) SELECT {values} FROM generate_series(%(low)s::bigint, %(high)s) i"
        )
        if table == "sequencer_scanevent":
            _make_months(cursor, size)
        # In pieces: one statement of fifty million rows holds every lock for minutes.
        for low in range(1, count + 1, 5_000_000):
            high = min(low + 4_999_999, count)
            cursor.execute(statement.replace("%(low)s", str(low)).replace("%(high)s", str(high)))
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {count + 1}, false)")
        for index in made:
            cursor.execute(index)


def _make_months(cursor: Any, size: Filled) -> None:
    from sequencer.services.scan_months import _first, _make, _plus, months

    there = {month.first for month in months()}
    month = _first(size.start)
    while month <= _first(size.end):
        if month not in there:
            _make(month)
        month = _plus(month, 1)
    for made in months():
        cursor.execute(f"ALTER TABLE {made.table} SET UNLOGGED")


def _strip(cursor: Any, table: str) -> list[str]:
    """Empties a table and takes constraints and indexes off; returns the statements that make the indexes again."""
    cursor.execute(
        "SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass"
        " ORDER BY contype = 'p'",
        [table],
    )
    again = []
    for name, kind, definition in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE')
        if kind in {"p", "u"}:
            again.append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass",
        [table],
    )
    # Without the foreign keys to it nothing else is emptied along.
    indexes = cursor.fetchall()
    cursor.execute(f"TRUNCATE {table}")
    if table != "sequencer_scanevent":
        cursor.execute(f"ALTER TABLE {table} SET UNLOGGED")
    for name, definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
        again.append(definition.replace(" ON ONLY ", " ON "))
    return again


def questions(size: Filled, chance: random.Random) -> dict[str, Callable[[], object]]:
    """What people ask, each time of another thing."""
    from inventory.models import Part
    from sequencer.models import ScanEvent, Station
    from sequencer.services.scans.nonces import judged_before, remember
    from sequencer.services.trace import Asked, find, life_of, recall_rows, recall_statement

    parts = list(Part.objects.order_by("pk").values_list("number", flat=True))
    part0 = Part.objects.order_by("pk").values_list("pk", flat=True)[0]
    station = Station.objects.first()
    assert station is not None

    def call() -> int:
        return chance.randint(1, size.calls)

    def group() -> int:
        return chance.randint(1, size.groups)

    def vin() -> str:
        return f"WVWZZZ1KZ{(call() * 2654435761) % 4294967291:08X}"

    def serial() -> str:
        n = group()
        while n * 7919 % PARTS % 3:
            n = group()
        return f"SN{n:010d}"

    def lot() -> str:
        return f"L{chance.randrange(1, PARTS, 3)}-{group() // LOT_SPAN}"

    def recall(**asked: Any) -> object:
        question = Asked(**asked)
        rows = list(recall_rows(question))
        statement = recall_statement(question, rows, at=size.end)
        assert rows or "part" in asked, asked
        return statement

    def day() -> dict[str, datetime]:
        first = size.start + timedelta(days=chance.randrange(1, 365 * YEARS - 2))
        return {"first": first, "last": first + timedelta(days=1)}

    def scan() -> object:
        from django.db import transaction

        nonce = f"{chance.getrandbits(120):030x}"
        with transaction.atomic():
            assert judged_before(station, nonce) is None
            row = ScanEvent.objects.create(
                station=station, nonce=nonce, raw="P1", code="OK", accepted=True, step="PART",
                group_id=group(), scanned_at=size.end, recorded_at=size.end,
            )  # fmt: skip
            remember(row)
        return row

    return {
        "find sequence": lambda: find(f"{chance.randint(1, 9999):04d}"),
        "find VIN": lambda: find(vin()),
        "find end of VIN": lambda: find(vin()[-6:]),
        "find serial": lambda: find(serial()),
        "find lot": lambda: find(lot()),
        "find rack": lambda: find(f"R-{chance.randint(1, size.racks):08d}"),
        "find shipment": lambda: find(f"T-{chance.randint(1, size.shipments):07d}"),
        "find label": lambda: find(f"UNJIS{chance.randint(1, size.racks):09d}"),
        "life of vehicle": lambda: life_of("call", str(call())),
        "life of piece": lambda: life_of("unit", str(group())),
        "life of rack": lambda: life_of("rack", str(chance.randint(1, size.racks))),
        "life of carrier": lambda: life_of("carrier", str(chance.randint(1, CARRIERS))),
        "life of shipment": lambda: life_of("shipment", str(chance.randint(1, size.shipments))),
        "life of lot": lambda: life_of("lot", lot()),
        "life of part": lambda: life_of("part", str(part0 + chance.randrange(PARTS))),
        "recall by serial": lambda: recall(serial=serial()),
        "recall by lot": lambda: recall(lot=lot()),
        "recall part, a day": lambda: recall(part=chance.choice(parts), **day()),
        "recall of a vehicle": lambda: recall(vehicle=vin()),
        "recall of a shipment": lambda: recall(shipment=f"T-{chance.randint(1, size.shipments):07d}"),
        "store one scan": scan,
    }


def measure(size: Filled, times: int) -> dict[str, list[float]]:
    chance = random.Random(4711)
    taken: dict[str, list[float]] = {}
    for name, ask in questions(size, chance).items():
        runs = taken.setdefault(name, [])
        for _ in range(times):
            began = time.perf_counter()
            ask()
            runs.append(time.perf_counter() - began)
    return taken


def p95(runs: list[float]) -> float:
    return sorted(runs)[max(0, math.ceil(len(runs) * 0.95) - 1)]


def report(results: dict[int, dict[str, list[float]]]) -> bool:
    sizes = sorted(results)
    head = "".join(f"{f'{n / 1e6:g} M p50':>12}{'p95':>9}{'slowest':>9}" for n in sizes)
    print(f"\n{'question (ms)':<22}{head}{'ratio p50':>11}")
    kept = True
    for name in results[sizes[0]]:
        line = f"{name:<22}"
        for n in sizes:
            runs = results[n][name]
            cells = (statistics.median(runs), p95(runs), max(runs))
            line += f"{cells[0] * 1e3:>12.1f}{cells[1] * 1e3:>9.1f}{cells[2] * 1e3:>9.1f}"
        largest = results[sizes[-1]][name]
        kept &= p95(largest) <= PROMISE
        if len(sizes) > 1:
            line += f"{statistics.median(largest) / statistics.median(results[sizes[0]][name]):>11.1f}"
        print(line)
    print(f"\n{'kept' if kept else 'NOT KEPT'}: every p95 within {PROMISE:g} s at {sizes[-1]} scans")
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--scans", default="1000000", help="sizes, comma between")
    parser.add_argument("--times", type=int, default=40, help="how often each question is asked")
    given = parser.parse_args()
    with scratch_database() as url, tempfile.TemporaryDirectory() as var:
        os.environ.update(DATABASE_URL=url, JIS_VAR=var, DJANGO_SETTINGS_MODULE="sequencer.settings")
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        lay_out()
        results = {}
        for scans in sorted(int(text) for text in given.scans.split(",")):
            size = Filled(scans)
            began = time.perf_counter()
            fill(size, lambda text: print(f"  {text}", flush=True))
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
                stored = cursor.fetchone()[0]
            print(f"{scans} scans, {size.groups} groups, {size.racks} racks: {stored}", flush=True)
            print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
            results[scans] = measure(size, given.times)
        kept = report(results)
        connection.close()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
