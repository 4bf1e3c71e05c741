"""The demo plant's master data: two OEMs, three commodities, racks, stations and people. Safe to run again."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group, User
from django.db import transaction

from inventory.models import Customer, CustomerPart, Part
from sequencer.demo import LOGINS, SUPERVISOR_PIN, password
from sequencer.models import (
    Badge,
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

# The badge of each log-in.
BADGES = {
    "operator": "B1001",
    "logistics": "B3001",
    "quality": "B4001",
    "supervisor": "B2001",
    "admin": "B9001",
}
TWIN_USERS = (("twin-packer", "Operator 12", "operator"), ("twin-dock", "Dock team", "logistics"))
TWIN_BADGES = {"twin-packer": "B5012", "twin-dock": "B5004"}

# (number, customer number, description, family, bin, serial)
PARTS = (
    ("DL-4410-A", "8R0-853-651 A", "CHROME · HEATED · LHD", "DOOR-LH", "B-11", True),
    ("DL-4410-B", "8R0-853-651 B", "BLACK · HEATED · LHD", "DOOR-LH", "B-12", True),
    ("DL-4410-C", "8R0-853-651 C", "BLACK · PLAIN · LHD", "DOOR-LH", "B-13", True),
    ("DL-4420-B", "8R0-853-652 B", "BLACK · HEATED · RHD", "DOOR-LH", "B-14", True),
    ("CO-7701", "5Q1-863-241 A", "PIANO BLACK · ARMREST", "CONSOLE", "C-01", False),
    ("CO-7702", "5Q1-863-241 B", "GREY · ARMREST", "CONSOLE", "C-02", False),
    ("CO-7703", "5Q1-863-241 C", "GREY · NO ARMREST", "CONSOLE", "C-03", False),
    ("SE-2200-1", "26550 ZK32A", "LEATHER · HEATED", "SEAT", "S-1", True),
    ("SE-2200-2", "26550 ZK30A", "CLOTH · HEATED", "SEAT", "S-2", True),
    ("SE-2200-3", "26550 ZK28A", "CLOTH · PLAIN", "SEAT", "S-3", True),
)


@dataclass(frozen=True, slots=True)
class Lane:
    """One program with its line, dock, stream and single commodity."""

    code: str
    name: str
    plant: str
    line: str
    broadcast_point: str
    dock: str
    family: str
    commodity: str
    prefix: str
    lead_minutes: int
    racks_per_truck: int
    load_order: str
    counter: tuple[str, int, int, int]


LANES = (
    Lane("N1-DOOR", "Door panels to North line 1", "NORTH-1", "L1", "1", "D1", "DOOR-LH", "Door panels LH", "DP",
         75, 2, "FORWARD", ("", 4, 1, 9999)),
    Lane("N1-CONSOLE", "Consoles to North line 1", "NORTH-1", "L1", "2", "D3", "CONSOLE", "Consoles", "CN",
         240, 1, "FORWARD", ("", 4, 1, 9999)),
    Lane("S2-SEAT", "Seats to South line 2", "SOUTH-2", "L2", "", "03", "SEAT", "Seats", "ST",
         90, 2, "REVERSE", ("IPF", 7, 1, 9_999_999)),
)  # fmt: skip
RACK_TYPES = {
    "DOOR-LH": ("DOOR12", "Door rack 2 x 6", 2, 6, "FORWARD", 1),
    "CONSOLE": ("CONS6", "Console rack 2 x 3", 2, 3, "FORWARD", 1),
    "SEAT": ("SEAT8", "Seat rack 2 x 4", 2, 4, "REVERSE", 4),
}
CARRIERS = 60


@transaction.atomic
def build_demo_plant() -> None:
    """Lays the plant out, or brings missing pieces of it back; changes nothing that stands."""
    north = _customer("NORTH", "Northern Motor Works")
    south = _customer("SOUTH", "Southern Vehicles")
    _plant("NORTH-1", "Northern Motor Works, plant 1", north, "Europe/Berlin", {"L1": ("Line 1", 50)})
    _plant("SOUTH-2", "Southern Vehicles, plant 2", south, "America/Chicago", {"L2": ("Line 2", 60)})
    for number, called, description, family, storage_bin, serial in PARTS:
        _part(number, called, description, family, storage_bin, serial, south if family == "SEAT" else north)
    for lane in LANES:
        _lane(lane)
    _stations()
    _people()


def _customer(code: str, name: str) -> Customer:
    return Customer.objects.get_or_create(code=code, defaults={"name": name})[0]


def _plant(code: str, name: str, customer: Customer, zone: str, lines: dict[str, tuple[str, int]]) -> None:
    plant, _ = OemPlant.objects.get_or_create(
        code=code, defaults={"name": name, "customer": customer, "time_zone": zone, "transit_minutes": 20}
    )
    for line, (line_name, takt) in lines.items():
        Line.objects.get_or_create(plant=plant, code=line, defaults={"name": line_name, "takt_seconds": takt})


def _part(
    number: str,
    called: str,
    description: str,
    family: str,
    storage_bin: str,
    serial: bool,
    customer: Customer,
) -> None:
    trace = Part.Trace.SERIAL if serial else Part.Trace.NONE
    part, _ = Part.objects.get_or_create(
        number=number,
        defaults={"description": description, "family": family, "storage_bin": storage_bin, "trace": trace},
    )
    CustomerPart.objects.get_or_create(customer=customer, number=called, defaults={"part": part})


def _lane(lane: Lane) -> None:
    plant = OemPlant.objects.get(code=lane.plant)
    line = Line.objects.get(plant=plant, code=lane.line)
    point, _ = UnloadingPoint.objects.get_or_create(
        plant=plant,
        code=lane.dock,
        defaults={
            "name": f"Dock {lane.dock}",
            "racks_per_truck": lane.racks_per_truck,
            "load_order": lane.load_order,
        },
    )
    prefix, width, first, last = lane.counter
    stream, _ = SequenceStream.objects.get_or_create(
        line=line,
        broadcast_point=lane.broadcast_point,
        defaults={"prefix": prefix, "width": width, "first": first, "last": last, "dense": True},
    )
    program, _ = SequencingProgram.objects.get_or_create(
        code=lane.code,
        defaults={
            "name": lane.name,
            "line": line,
            "stream": stream,
            "unloading_point": point,
            "lead_minutes": lane.lead_minutes,
        },
    )
    code, name, rows, columns, order, check = RACK_TYPES[lane.family]
    rack_type, _ = RackType.objects.get_or_create(
        code=code,
        defaults={
            "name": name,
            "rows": rows,
            "columns": columns,
            "build_order": order,
            "slot_check_every": check,
        },
    )
    Commodity.objects.get_or_create(
        program=program,
        family=lane.family,
        defaults={"name": lane.commodity, "rack_prefix": lane.prefix, "rack_type": rack_type},
    )
    for n in range(1, CARRIERS + 1):
        Carrier.objects.get_or_create(code=f"{lane.prefix}{n:03d}", defaults={"rack_type": rack_type})


def _stations() -> None:
    doors, consoles, seats = (Commodity.objects.get(family=f) for f in ("DOOR-LH", "CONSOLE", "SEAT"))
    packing = (
        ("SEQ-01", "Consoles", consoles, False),
        ("SEQ-02", "Door panels LH", doors, True),
        ("SEQ-03", "Seats", seats, True),
    )
    for code, name, commodity, twin in packing:
        Station.objects.get_or_create(
            code=code, defaults={"name": name, "commodity": commodity, "twin_works": twin}
        )
    for code, dock in (("DOCK-1", "D1"), ("DOCK-3", "D3"), ("DOCK-4", "03")):
        point = UnloadingPoint.objects.get(code=dock, plant__code__in=["NORTH-1", "SOUTH-2"])
        Station.objects.get_or_create(
            code=code,
            defaults={"name": f"Dock {dock}", "kind": Station.Kind.DOCK, "unloading_point": point},
        )


def _people() -> None:
    for name in ("operator", "logistics", "quality", "supervisor", "administrator"):
        Group.objects.get_or_create(name=name)
    for name, _ in LOGINS:
        group = "administrator" if name == "admin" else name
        _person(name, name.capitalize(), group, BADGES[name], password(name))
    for name, shown, group in TWIN_USERS:
        _person(name, shown, group, TWIN_BADGES[name], None)


def _person(name: str, shown: str, group: str, badge_code: str, secret: str | None) -> None:
    user, made = User.objects.get_or_create(username=name, defaults={"first_name": shown})
    if made:
        user.set_password(secret)
        user.is_staff = user.is_superuser = group == "administrator"
        user.save()
    user.groups.add(Group.objects.get(name=group))
    badge, made = Badge.objects.get_or_create(code=badge_code, defaults={"user": user})
    if made and group in {"supervisor", "administrator"}:
        badge.set_pin(SUPERVISOR_PIN)
        badge.save()
