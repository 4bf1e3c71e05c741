"""A small plant for tests, and the moves a test makes in it. Numbers are chosen so that a failure reads easily."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction

from inventory.models import Customer, CustomerPart, Part
from sequencer.models import (
    Badge,
    CallOff,
    Carrier,
    Commodity,
    ComponentGroup,
    Line,
    OemPlant,
    Rack,
    RackType,
    SequenceStream,
    SequencingProgram,
    Station,
    UnloadingPoint,
)
from sequencer.rules import CalledPart, CallNews
from sequencer.services import Taken, Verdict, plan_shipments, record_scan, take_call_off
from sequencer.services.quality import Caught, place_hold

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_nonces = itertools.count(1)


def person(name: str, group: str, badge: str, pin: str = "") -> User:
    user = User.objects.create(username=name, first_name=name.capitalize())
    user.groups.add(Group.objects.get_or_create(name=group)[0])
    card = Badge(code=badge, user=user)
    if pin:
        card.set_pin(pin)
    card.save()
    return user


@dataclass
class Plant:
    """One line, one program, one commodity with racks of `capacity`, a packing station and a dock."""

    customer: Customer
    line: Line
    stream: SequenceStream
    program: SequencingProgram
    commodity: Commodity
    station: Station
    dock: Station
    parts: dict[str, Part]
    operator: User
    supervisor: User
    at: datetime = START

    def tick(self, **delta: float) -> datetime:
        self.at += timedelta(**(delta or {"seconds": 10}))
        return self.at

    def take(self, event: str, number: str, sequence: str = "", part: str = "C-A", **more: Any) -> Taken:
        """One event; the call's parts are customer numbers. `required` counts in minutes from the start."""
        required = more.pop("required", None)
        parts = more.pop("parts", None) or ((CalledPart(part),) if part else ())
        news = CallNews(
            event=event,
            call_number=number,
            sequence_number=sequence,
            required_at=START + timedelta(minutes=required) if required is not None else None,
            parts=parts,
            **more,
        )
        with transaction.atomic():
            return take_call_off(self.program.pk, news, at=self.at, by="test")

    def hold(self, number: int) -> None:
        """Quality holds one vehicle's group."""
        caught = Caught(group_id=self.group(number).pk)
        place_hold(caught, by=str(self.supervisor), reason="scratches", at=self.tick())

    def new(self, sequence: int, part: str = "C-A", **more: Any) -> Taken:
        """A NEW call whose number and sequence agree: call V0007 at 0007, needed a minute apart."""
        more.setdefault("required", 120 + sequence)
        return self.take("NEW", f"V{sequence:04d}", f"{sequence:04d}", part, **more)

    def call(self, sequence: int) -> CallOff:
        return CallOff.objects.get(call_number=f"V{sequence:04d}")

    def group(self, sequence: int) -> ComponentGroup:
        return ComponentGroup.objects.select_related("call_off", "slot__rack").get(
            call_off__call_number=f"V{sequence:04d}", replaces__isnull=True
        )

    def rack(self, low: int) -> Rack:
        return Rack.objects.get(commodity=self.commodity, low_position=low, priority="NORMAL")

    def scan(self, raw: str, *, station: Station | None = None, nonce: str = "") -> Verdict:
        place = station or self.station
        return record_scan(place.pk, raw, nonce or f"n{next(_nonces)}", at=self.tick())

    def scans(self, *raws: str, station: Station | None = None) -> list[str]:
        return [self.scan(raw, station=station).code for raw in raws]

    def start_rack(self, carrier: str = "R1") -> None:
        assert self.scans("%B:OP", f"%R:{carrier}") == ["OK", "OK"]

    def pack(self, part: str, slot: int, serial: str | None = None) -> None:
        label = f"[)>\x1e06\x1dP{part}\x1dS{serial}\x1e\x04" if serial else f"P{part}"
        assert self.scans(label, f"%L:{slot}") == ["OK", "OK"]

    def build(self, sequences: list[int], carrier: str = "R1", part: str = "A") -> Rack:
        """Calls, packs, seals and stages one rack of these sequences."""
        for n in sequences:
            if not CallOff.objects.filter(call_number=f"V{n:04d}").exists():
                self.new(n)
        self.start_rack(carrier)
        rack = Rack.objects.get(carrier__code=carrier, status="LOADING")
        for slot in range(1, len(sequences) + 1):
            self.pack(part, slot)
        assert self.scans("%C:SEAL", f"%R:{carrier}") == ["OK", "OK"]
        rack.refresh_from_db()
        return rack

    def plan(self) -> int:
        return plan_shipments(at=self.tick())


def make_plant(
    *,
    capacity: int = 3,
    build_order: str = "FORWARD",
    dense: bool = True,
    every_vehicle: bool = True,
    racks_per_truck: int = 1,
    load_order: str = "FORWARD",
    slot_check_every: int = 1,
    last: int = 9999,
    max_jump: int = 200,
    serial: bool = False,
) -> Plant:
    """Customer parts C-A, C-B, C-C are our A, B, C; badges OP and BOSS (PIN 4711); carriers R1..R9; dock station D."""
    customer = Customer.objects.create(code="OEM", name="An OEM")
    oem = OemPlant.objects.create(code="P1", name="Plant 1", customer=customer, transit_minutes=20)
    line = Line.objects.create(plant=oem, code="L1", name="Line 1", takt_seconds=60)
    point = UnloadingPoint.objects.create(
        plant=oem, code="D1", racks_per_truck=racks_per_truck, load_order=load_order
    )
    stream = SequenceStream.objects.create(line=line, dense=dense, last=last, max_jump=max_jump)
    program = SequencingProgram.objects.create(
        code="P", name="Program", line=line, stream=stream, unloading_point=point
    )
    rack_type = RackType.objects.create(
        code="RT", rows=1, columns=capacity, build_order=build_order, slot_check_every=slot_check_every
    )
    commodity = Commodity.objects.create(
        program=program,
        family="DOOR",
        name="Doors",
        rack_prefix="R",
        rack_type=rack_type,
        every_vehicle=every_vehicle,
    )
    Carrier.objects.bulk_create(Carrier(code=f"R{n}", rack_type=rack_type) for n in range(1, 10))
    parts = {}
    for name, colour in (("A", "chrome"), ("B", "black"), ("C", "grey")):
        trace = Part.Trace.SERIAL if serial else Part.Trace.NONE
        parts[name] = Part.objects.create(number=name, description=colour, family="DOOR", trace=trace)
        CustomerPart.objects.create(customer=customer, number=f"C-{name}", part=parts[name])
    return Plant(
        customer=customer,
        line=line,
        stream=stream,
        program=program,
        commodity=commodity,
        station=Station.objects.create(code="S1", name="Doors", commodity=commodity),
        dock=Station.objects.create(code="D", name="Dock", kind="DOCK", unloading_point=point),
        parts=parts,
        operator=person("op", "operator", "OP"),
        supervisor=person("boss", "supervisor", "BOSS", pin="4711"),
    )
