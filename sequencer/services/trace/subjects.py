"""What can be traced, and everything that belongs to one such thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.db.models import QuerySet

from inventory.errors import Unknown
from inventory.models import CustomerPart, Part
from sequencer.models import CallOff, Carrier, ComponentGroup, Rack, ScanEvent, Shipment, Slot, Unit

# One page is read by a person; what is more stands in the recall list.
MOST = 200


class Kind(StrEnum):
    CALL = "call"
    UNIT = "unit"
    RACK = "rack"
    CARRIER = "carrier"
    SHIPMENT = "shipment"
    LOT = "lot"
    PART = "part"


WORDS = {
    Kind.CALL: "Vehicle",
    Kind.UNIT: "Piece",
    Kind.RACK: "Rack",
    Kind.CARRIER: "Carrier",
    Kind.SHIPMENT: "Shipment",
    Kind.LOT: "Lot",
    Kind.PART: "Part",
}


@dataclass(slots=True)
class Subject:
    """One traced thing and what hangs on it. `names`: under which its journal rows stand.

    `units_left_out`: pieces beyond the first MOST. `since`: nothing of it is older.
    """

    kind: Kind
    key: str
    title: str
    calls: list[CallOff] = field(default_factory=list)
    groups: list[ComponentGroup] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    racks: list[Rack] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    carriers: list[Carrier] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    units_left_out: bool = False
    since: datetime | None = None

    @property
    def word(self) -> str:
        return WORDS[self.kind]

    @property
    def topics(self) -> set[str]:
        """Of the lines and docks it touches: the same call number may be known on another line."""
        lines = {call.program.line_id for call in self.calls} | {
            rack.commodity.program.line_id for rack in self.racks
        }
        points = {shipment.unloading_point_id for shipment in self.shipments}
        return {f"line:{pk}" for pk in lines} | {f"dock:{pk}" for pk in points}


def subject_of(kind: str, key: str) -> Subject:
    """The thing with everything on it, in a fixed number of queries. Refuses (`Unknown`) what does not exist."""
    try:
        load = LOADERS[Kind(kind)]
    except ValueError:
        raise Unknown("no_such_kind", f"'{kind}' is nothing that can be traced") from None
    # No stored text holds a NUL; PostgreSQL does not even compare with one.
    return load(key.replace("\x00", ""))


def calls_with_places() -> QuerySet[CallOff]:
    return CallOff.objects.select_related("program__line__plant", "stream")


def units_with_part() -> QuerySet[Unit]:
    return Unit.objects.select_related("part", "group__call_off", "group__slot__rack").order_by("pk")


def groups_with_places() -> QuerySet[ComponentGroup]:
    return ComponentGroup.objects.select_related(
        "commodity", "call_off__program__line__plant", "call_off__stream", "slot__rack__commodity__program"
    ).order_by("pk")


def _by_key(rows: QuerySet, key: str, what: str):  # type: ignore[no-untyped-def, type-arg]
    row = rows.filter(pk=int(key)).first() if key.isascii() and key.isdigit() and len(key) < 19 else None
    if row is None:
        raise Unknown(f"no_{what}", f"there is no {what} {key}")
    return row


def _call(key: str) -> Subject:
    call = _by_key(calls_with_places(), key, "call")
    subject = Subject(Kind.CALL, key, f"{call.call_number} · {call.sequence_number or 'no sequence'}")
    subject.calls = [call]
    subject.groups = list(groups_with_places().filter(call_off=call))
    subject.since = call.created_at
    _take_places(subject)
    # Pieces that were once taken for it and lie elsewhere now belong to its life as well.
    once = ScanEvent.objects.filter(
        group__in=subject.groups, unit__isnull=False, recorded_at__gte=call.created_at
    )
    ids = set(once.order_by().values_list("unit", flat=True))
    ids |= set(Unit.objects.filter(group__in=subject.groups).values_list("pk", flat=True))
    subject.units = list(units_with_part().filter(pk__in=ids))
    return subject


def _unit(key: str) -> Subject:
    unit = _by_key(units_with_part(), key, "piece")
    name = unit.serial or (f"lot {unit.lot}" if unit.lot else f"no serial, no. {unit.pk}")
    subject = Subject(Kind.UNIT, key, f"{unit.part.number} · {name}")
    subject.units, subject.parts = [unit], [unit.part]
    ids = set(unit.scans.order_by().filter(group__isnull=False).values_list("group", flat=True))
    if unit.group_id is not None:
        ids.add(unit.group_id)
    subject.groups = list(groups_with_places().filter(pk__in=ids))
    subject.calls = list({group.call_off_id: group.call_off for group in subject.groups}.values())
    # Where it lies now; the racks it was taken out of again show in its scans.
    here = [group for group in subject.groups if group.pk == unit.group_id]
    _take_places(subject, here)
    box = unit.handling_unit
    if box is not None and box.shipment is not None:
        subject.shipments = [box.shipment]
    return subject


def _rack(key: str) -> Subject:
    rack = _by_key(
        Rack.objects.select_related("commodity__program__line__plant", "carrier", "shipment"), key, "rack"
    )
    subject = Subject(Kind.RACK, key, rack.number)
    subject.racks = [rack]
    subject.slots = list(
        rack.slots.select_related("group__call_off__program__line__plant", "group__commodity").order_by(
            "number"
        )
    )
    subject.groups = [slot.group for slot in subject.slots if slot.group is not None]
    subject.calls = list({group.call_off_id: group.call_off for group in subject.groups}.values())
    subject.units = list(units_with_part().filter(group__in=subject.groups)[:MOST])
    subject.shipments = [rack.shipment] if rack.shipment else []
    subject.carriers = [rack.carrier] if rack.carrier else []
    subject.names = {rack.number, *(shipment.number for shipment in subject.shipments)}
    subject.since = rack.started_at
    return subject


def _carrier(key: str) -> Subject:
    carrier = _by_key(Carrier.objects.select_related("rack_type"), key, "carrier")
    subject = Subject(Kind.CARRIER, key, carrier.code)
    subject.carriers = [carrier]
    subject.racks = list(
        carrier.racks.select_related("commodity__program__line__plant", "shipment").order_by("-pk")[:MOST]
    )
    subject.shipments = list(
        {rack.shipment.pk: rack.shipment for rack in subject.racks if rack.shipment}.values()
    )
    subject.names = {carrier.code}
    return subject


def _shipment(key: str) -> Subject:
    shipment = _by_key(Shipment.objects.select_related("unloading_point__plant"), key, "shipment")
    subject = Subject(Kind.SHIPMENT, key, shipment.number)
    subject.shipments = [shipment]
    subject.racks = list(
        shipment.racks.select_related("commodity__program__line__plant", "carrier").order_by("load_position")
    )
    units = units_with_part().filter(group__slot__rack__in=subject.racks)
    in_boxes = units_with_part().filter(handling_unit__in=list(shipment.boxes.values_list("pk", flat=True)))
    subject.units = [*units[: MOST + 1], *in_boxes[: MOST + 1]]
    subject.names = {shipment.number}
    subject.since = shipment.opened_at
    return _cut(subject)


def _lot(key: str) -> Subject:
    units = list(units_with_part().filter(lot=key).order_by("-pk")[: MOST + 1])
    if not units:
        raise Unknown("no_lot", f"no piece of lot {key} was ever scanned")
    subject = Subject(Kind.LOT, key, key)
    subject.units = units
    _cut(subject)
    return _with_calls_of_units(subject)


def _part(key: str) -> Subject:
    part = _by_key(Part.objects.all(), key, "part")
    subject = Subject(Kind.PART, key, part.number)
    subject.parts = [part]
    subject.units = list(units_with_part().filter(part=part).order_by("-taken_at")[: MOST + 1])
    return _cut(subject)


def _cut(subject: Subject) -> Subject:
    subject.units_left_out = len(subject.units) > MOST
    subject.units = subject.units[:MOST]
    return subject


def _with_calls_of_units(subject: Subject) -> Subject:
    subject.parts = list({unit.part_id: unit.part for unit in subject.units}.values())
    return subject


def _take_places(subject: Subject, groups: Iterable[ComponentGroup] | None = None) -> None:
    """Slots, racks and shipments of the groups, and the names under which the journal knows all of them."""
    held = Slot.objects.filter(group__in=subject.groups if groups is None else list(groups)).select_related(
        "group__commodity",
        "rack__commodity__program__line",
        "rack__carrier",
        "rack__shipment__unloading_point__plant",
    )
    subject.slots = list(held)
    subject.racks = list({slot.rack_id: slot.rack for slot in subject.slots}.values())
    subject.shipments = list(
        {rack.shipment.pk: rack.shipment for rack in subject.racks if rack.shipment}.values()
    )
    subject.carriers = list(
        {rack.carrier.pk: rack.carrier for rack in subject.racks if rack.carrier}.values()
    )
    families = {f"{group.call_off.call_number} {group.commodity.family}" for group in subject.groups}
    subject.names = {
        *(call.call_number for call in subject.calls),
        *families,
        *(rack.number for rack in subject.racks),
        *(shipment.number for shipment in subject.shipments),
    }


LOADERS: dict[Kind, Callable[[str], Subject]] = {
    Kind.CALL: _call,
    Kind.UNIT: _unit,
    Kind.RACK: _rack,
    Kind.CARRIER: _carrier,
    Kind.SHIPMENT: _shipment,
    Kind.LOT: _lot,
    Kind.PART: _part,
}


def parts_called(number: str) -> list[Part]:
    """Our parts of that number, ours or a customer's."""
    found = {part.pk: part for part in Part.objects.filter(number=number)}
    for known in CustomerPart.objects.filter(number=number).select_related("part"):
        found.setdefault(known.part_id, known.part)
    return list(found.values())
