"""The demo plant's master data: two OEMs, three commodities, racks, stations and people. Safe to run again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction

from inventory.models import Customer, CustomerPart, Part
from sequencer.demo import LOGINS, SUPERVISOR_PIN, password
from sequencer.documents.kinds import DocumentKind
from sequencer.models import (
    Badge,
    Carrier,
    ChallengeLabel,
    Commodity,
    LabelIssuer,
    LabelLayout,
    Line,
    OemPlant,
    PackingInstruction,
    Printer,
    PrinterAssignment,
    ProcessControl,
    RackType,
    SequenceStream,
    SequencingProgram,
    Station,
    TrailerType,
    UnloadingPoint,
)

# The badge of each log-in.
BADGES = {
    "operator": "B1001",
    "logistics": "B3001",
    "quality": "B4001",
    "supervisor": "B2001",
    "planner": "B6001",
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
# Called by quantity, packed in boxes at SEQ-01: number, customer number, description, bin, trace, pieces and box.
SMALL_PARTS = (
    ("CL-9001", "5Q1-868-243", "CLIP · ARMREST", "C-21", Part.Trace.LOT, 50, "KLT3147"),
    ("SC-9002", "N-909-864-01", "SCREW · M6 x 20", "C-22", Part.Trace.NONE, 100, "KLT3147"),
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
RACK_TYPES: dict[str, dict[str, Any]] = {
    "DOOR-LH": {"code": "DOOR12", "name": "Door rack 2 x 6", "rows": 2, "columns": 6},
    "CONSOLE": {
        "code": "CONS6",
        "name": "Console rack 2 x 3, snake",
        "rows": 2,
        "columns": 3,
        "path": "ROWS_SNAKE",
    },
    "SEAT": {
        "code": "SEAT8",
        "name": "Seat rack, two sides of 2 x 2",
        "drawing": "[left side]\no o\no o\n[right side]\no o\no o",
        "build_order": "REVERSE",
        "unload_face": "BACK",
        "slot_check_every": 4,
    },
}
# Nobody uses it yet: what a mixed rack with a post in it looks like in Admin.
MIXED_TYPE: dict[str, Any] = {
    "code": "DOOR-LR",
    "name": "Doors left and right, lanes, a post on each side",
    "drawing": "[left hand]\nL L | L L\nL # | L L\n[right hand]\nR R | R R\nR R | # R",
    "path": "LANES",
}
HOLD_TYPE: dict[str, Any] = {"code": "HOLD4", "name": "Hold cart, four places", "rows": 1, "columns": 4}
HOLD_CARTS = ("H-1", "H-2")
CARRIERS = 60
# unloading point -> what usually comes for it: lanes, places, filled, door, place scanned, seal and driver asked.
TRAILERS = {
    "D1": TrailerType(code="ROLL-2x2", name="Roller bed, two lanes", lanes=2, places=2, fill="ROW", scan_place=True,
                      needs_seal=True, needs_driver=True),
    "D3": TrailerType(code="VAN-1", name="Shuttle van", lanes=1, places=1),
    "03": TrailerType(code="BOX-1x3", name="Box, one lane, last in first out", lanes=1, places=3, needs_seal=True),
}  # fmt: skip


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
    _trailers()
    _hold_carts()
    _stations()
    _small_parts(north)
    _printers()
    _people()


def _trailers() -> None:
    for dock, wanted in TRAILERS.items():
        fields = ("name", "lanes", "places", "fill", "scan_place", "needs_seal", "needs_driver")
        kind, _ = TrailerType.objects.get_or_create(
            code=wanted.code, defaults={name: getattr(wanted, name) for name in fields}
        )
        docks = UnloadingPoint.objects.filter(code=dock, plant__code__in=["NORTH-1", "SOUTH-2"])
        docks.filter(trailer_type=None).update(trailer_type=kind)


def _printers() -> None:
    """A printer whose paper is a folder: a newcomer sees every label as a PDF under var/print/paper."""
    paper, _ = Printer.objects.get_or_create(
        code="PAPER",
        defaults={"driver": Printer.Driver.FOLDER, "folder": "paper", "name": "PDF files in var/print/paper"},
    )
    for kind in DocumentKind:
        PrinterAssignment.objects.get_or_create(kind=kind, station=None, rank=1, defaults={"printer": paper})
    if not LabelIssuer.objects.filter(active=True).exists():
        LabelIssuer.objects.create(
            name="Demo Interior Systems",
            address="1 Example Road, 00000 Sampletown",
            country_of_origin="DE",
            agency="UN",
            company="000000000",
        )
    for plant, design, supplier in (("NORTH-1", "gtl-a5", "0077123"), ("SOUTH-2", "aiag-b10", "SV-4711")):
        LabelLayout.objects.get_or_create(
            kind=DocumentKind.MASTER_LABEL,
            plant=OemPlant.objects.get(code=plant),
            defaults={"design": design, "supplier_code": supplier},
        )


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
            "ship_as_sealed": lane.family == "CONSOLE",
        },
    )
    rack_type = _rack_type(RACK_TYPES[lane.family])
    Commodity.objects.get_or_create(
        program=program,
        family=lane.family,
        defaults={"name": lane.commodity, "rack_prefix": lane.prefix, "rack_type": rack_type},
    )
    for n in range(1, CARRIERS + 1):
        Carrier.objects.get_or_create(code=f"{lane.prefix}{n:03d}", defaults={"rack_type": rack_type})


def _rack_type(drawn: dict[str, Any]) -> RackType:
    return RackType.objects.get_or_create(code=drawn["code"], defaults=drawn)[0]


def _hold_carts() -> None:
    """Where pieces wait that a changed order took off their slot."""
    hold = _rack_type(HOLD_TYPE)
    for code in HOLD_CARTS:
        Carrier.objects.get_or_create(code=code, defaults={"rack_type": hold, "kind": Carrier.Kind.HOLD})
    _rack_type(MIXED_TYPE)


def _stations() -> None:
    doors, consoles, seats = (Commodity.objects.get(family=f) for f in ("DOOR-LH", "CONSOLE", "SEAT"))
    packing = (
        ("SEQ-01", "Consoles", consoles, False),
        ("SEQ-02", "Door panels LH", doors, True),
        ("SEQ-03", "Seats", seats, True),
    )
    for code, name, commodity, twin in packing:
        Station.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "commodity": commodity,
                "twin_works": twin,
                # Seats are built from several pieces: the steps stand in a table.
                "shows_steps": commodity.family == "SEAT",
            },
        )
    for code in ("SEQ-01", "SEQ-02", "SEQ-03"):
        _error_proofing(Station.objects.get(code=code))
    for code, dock in (("DOCK-1", "D1"), ("DOCK-3", "D3"), ("DOCK-4", "03")):
        point = UnloadingPoint.objects.get(code=dock, plant__code__in=["NORTH-1", "SOUTH-2"])
        Station.objects.get_or_create(
            code=code,
            defaults={"name": f"Dock {dock}", "kind": Station.Kind.DOCK, "unloading_point": point},
        )


def _small_parts(customer: Customer) -> None:
    station = Station.objects.get(code="SEQ-01")
    for number, called, description, storage_bin, trace, pieces, box in SMALL_PARTS:
        small = {"description": description, "family": "SMALL", "storage_bin": storage_bin, "trace": trace}
        part, _ = Part.objects.get_or_create(number=number, defaults=small)
        CustomerPart.objects.get_or_create(customer=customer, number=called, defaults={"part": part})
        PackingInstruction.objects.get_or_create(
            part=part, defaults={"pieces": pieces, "package_type": box, "station": station}
        )


def _error_proofing(station: Station) -> None:
    """Labels that must be refused, and the alternate of a device; to be enforced by a tick in Admin."""
    for kind, name, raw in (
        ("BAD_PART", "Master bad part", "PMASTER-BAD"),
        ("WRONG_SLOT", "Master wrong slot", "%L:MASTER:1"),
    ):
        ChallengeLabel.objects.get_or_create(station=station, raw=raw, defaults={"kind": kind, "name": name})
    commodity = station.commodity
    assert commodity is not None  # a packing station has one by constraint
    ProcessControl.objects.get_or_create(
        code=f"TQ-{station.code}",
        defaults={
            "line": commodity.program.line,
            "device": f"Torque gun {station.code}",
            "alternate": "Click wrench, second person marks each screw",
            "restart_check": "Master joint within 5 Nm, three times",
            "approved_by": "Quality",
            "approved_on": date(2026, 1, 12),
        },
    )


def _people() -> None:
    for name in ("operator", "logistics", "quality", "supervisor", "planner", "administrator"):
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
