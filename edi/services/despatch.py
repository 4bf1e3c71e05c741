"""What a departed shipment says to the OEM: racks in loading order, each slot with its call. Only reads."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

from edi.formats import Despatch, DespatchLine, DespatchPackage
from sequencer.models import CallComponent, Rack, Shipment, Slot, Unit
from sequencer.states import SlotStatus


def despatch_of(shipment: Shipment) -> Despatch:
    """The canonical despatch advice of a departed shipment. Holes and cancelled slots are not on it."""
    plant = shipment.unloading_point.plant
    racks = shipment.racks.select_related("carrier__rack_type").order_by("load_position", "pk")
    return Despatch(
        shipment_number=shipment.number,
        departed_at=_local(shipment.departed_at, plant.zone),
        ship_to=plant.code,
        dock=shipment.unloading_point.code,
        truck=shipment.truck or None,
        packages=tuple(_package(rack) for rack in racks),
        seal=shipment.seal_number or None,
    )


def _local(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if moment else None


def _package(rack: Rack) -> DespatchPackage:
    slots = list(
        rack.slots.filter(status=SlotStatus.FILLED).select_related("group__call_off").order_by("number")
    )
    groups = [slot.group_id for slot in slots]
    components: dict[int, list[CallComponent]] = defaultdict(list)
    for component in CallComponent.objects.filter(group__in=groups).select_related("part").order_by("pk"):
        components[component.group_id].append(component)
    units: dict[int, list[Unit]] = defaultdict(list)
    for unit in Unit.objects.filter(group__in=groups, serial__isnull=False).order_by("pk"):
        units[unit.group_id or 0].append(unit)
    lines = [
        _line(slot, component, units[slot.group_id or 0])
        for slot in slots
        for component in components[slot.group_id or 0]
        if component.called
    ]
    carrier = rack.carrier
    return DespatchPackage(
        number=carrier.code if carrier else rack.number,
        carrier_code=carrier.rack_type.code if carrier else None,
        lines=tuple(lines),
    )


def _line(slot: Slot, component: CallComponent, units: list[Unit]) -> DespatchLine:
    assert slot.group is not None
    call = slot.group.call_off
    # A called header part is not scanned itself; the pieces it was exploded into carry the serials.
    own = [unit for unit in units if unit.component_id == component.pk or not component.required]
    return DespatchLine(
        call_number=call.call_number,
        production_number=call.production_number or None,
        vin=call.vin or None,
        sequence_number=call.sequence_number or None,
        part_number=component.customer_part,
        supplier_part=component.part.number if component.part else None,
        quantity=str(component.quantity),
        unit=component.unit_code or None,
        slot=str(slot.number),
        serials=tuple(unit.serial for unit in own if unit.serial),
        order_ref=component.order_ref or None,
    )
