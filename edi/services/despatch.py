"""What a departed shipment says to the OEM: racks in loading order, each slot with its call, then boxes. Only reads.

Weights are those of the papers (`sequencer.services.weights`): what is not known is not said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from edi.formats import AsnRule, Despatch, DespatchLine, DespatchPackage, Profile
from edi.models import TradingPartner
from edi.services.cumulatives import ToDate, shipped_to_date
from sequencer.models import CallComponent, HandlingUnit, Rack, Shipment, Slot, Unit
from sequencer.services.quantity import plate_of
from sequencer.services.weights import Weight, weigh_box, weigh_racks
from sequencer.states import HandlingStatus, SlotStatus

POUNDS = {"LB", "LBR"}
KILOGRAMS_PER_POUND = Decimal("0.45359237")
GRAM = Decimal("0.001")
# VDA 4913 has nine places for a package (715): of a licence plate the number we count, without who gave it.
VDA_PLACES = 9


def despatch_of(shipment: Shipment, partner: TradingPartner, profile: Profile) -> Despatch:
    """The canonical despatch advice of a departed shipment, with what the profile asks for.

    Holes and cancelled slots are not on it.
    """
    plant = shipment.unloading_point.plant
    racks = shipment.racks.select_related("carrier__rack_type").order_by("load_position", "pk")
    weights = weigh_racks(racks)
    loads: list[_Load | _Box] = [_Load(rack, weights[rack.pk]) for rack in racks]
    boxes = shipment.boxes.filter(status=HandlingStatus.SHIPPED).select_related("call__part").order_by("pk")
    loads += [_Box(box) for box in boxes]
    counts: Mapping[str, ToDate] = {}
    if profile.asn.cumulative:
        parts = {part for load in loads for part in load.parts}
        counts = shipped_to_date(partner, profile, shipment, sorted(parts))
    said = Despatch(
        shipment_number=shipment.number,
        departed_at=_local(shipment.departed_at, plant.zone),
        ship_from=plant.ship_from_code or None,
        ship_to=plant.code,
        dock=shipment.unloading_point.code,
        truck=shipment.truck or None,
        packages=tuple(load.package(profile.asn, counts) for load in loads),
        seal=shipment.seal_number or None,
        supplier=plant.supplier_code or None,
        ship_from_name=plant.ship_from_name or None,
    )
    return _weighed(said, loads, profile.asn)


def _weighed(said: Despatch, loads: Iterable[_Load | _Box], rule: AsnRule) -> Despatch:
    if rule.weights == "none":
        return said
    weight = sum((load.weight for load in loads), Weight())
    gross, net = _told(weight.gross, rule), _told(weight.net, rule)
    known = gross or net or any(item.gross_weight or item.net_weight for item in said.packages)
    return replace(said, gross_weight=gross, net_weight=net, weight_unit=rule.unit if known else None)


def _told(kilograms: Decimal | None, rule: AsnRule) -> str | None:
    """A weight in the partner's unit to the thousandth; None for what is not known or nothing at all."""
    if not kilograms:
        return None
    weight = kilograms / KILOGRAMS_PER_POUND if rule.unit in POUNDS else kilograms
    rounded = weight.quantize(GRAM)
    return plain(rounded) if rounded else None


def plain(number: Decimal) -> str:
    """A number as messages carry it: no exponent, no zeros behind."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _local(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if moment else None


class _Load:
    """One rack on the truck: its called pieces in loading order, and what it weighs as far as that is known."""

    def __init__(self, rack: Rack, weight: Weight) -> None:
        self.rack, self.weight = rack, weight
        slots = list(
            rack.slots.filter(status=SlotStatus.FILLED).select_related("group__call_off").order_by("number")
        )
        groups = [slot.group_id for slot in slots]
        components: dict[int, list[CallComponent]] = defaultdict(list)
        for component in CallComponent.objects.filter(group__in=groups).select_related("part").order_by("pk"):
            components[component.group_id].append(component)
        self.units: dict[int, list[Unit]] = defaultdict(list)
        for unit in Unit.objects.filter(group__in=groups, serial__isnull=False).order_by("pk"):
            self.units[unit.group_id or 0].append(unit)
        self.pieces = [
            (slot, component)
            for slot in slots
            for component in components[slot.group_id or 0]
            if component.called
        ]

    @property
    def parts(self) -> set[str]:
        return {component.customer_part for _, component in self.pieces}

    def package(self, rule: AsnRule, counts: Mapping[str, ToDate]) -> DespatchPackage:
        carrier, tells = self.rack.carrier, rule.weights == "all"
        return DespatchPackage(
            number=carrier.code if carrier else self.rack.number,
            carrier_code=carrier.rack_type.code if carrier else None,
            lines=tuple(
                _line(slot, component, self.units[slot.group_id or 0], counts)
                for slot, component in self.pieces
            ),
            gross_weight=_told(self.weight.gross, rule) if tells else None,
            net_weight=_told(self.weight.net, rule) if tells else None,
        )


class _Box:
    """One box of a called quantity: its licence plate, its pieces of one part, what it weighs if that is known."""

    def __init__(self, box: HandlingUnit) -> None:
        self.box, self.weight = box, weigh_box(box)

    @property
    def parts(self) -> set[str]:
        return {self.box.call.customer_part}

    def package(self, rule: AsnRule, counts: Mapping[str, ToDate]) -> DespatchPackage:
        box, call, tells = self.box, self.box.call, rule.weights == "all"
        to_date = counts.get(call.customer_part)
        serials = box.units.filter(serial__isnull=False).order_by("pk").values_list("serial", flat=True)
        line = DespatchLine(
            part_number=call.customer_part,
            supplier_part=call.part.number,
            quantity=str(box.pieces),
            unit=call.unit_code or None,
            serials=tuple(serial for serial in serials if serial),
            order_ref=call.order_ref or call.signal or None,
            cumulative=plain(to_date.quantity) if to_date else None,
            cumulative_since=to_date.since.isoformat() if to_date and to_date.since else None,
        )
        return DespatchPackage(
            number=plate_of(box)[-VDA_PLACES:] if rule.format == "VDA4913" else plate_of(box),
            carrier_code=box.package_type or None,
            lines=(line,),
            gross_weight=_told(self.weight.gross, rule) if tells else None,
            net_weight=_told(self.weight.net, rule) if tells else None,
        )


def _line(
    slot: Slot, component: CallComponent, units: list[Unit], counts: Mapping[str, ToDate]
) -> DespatchLine:
    assert slot.group is not None
    call = slot.group.call_off
    # A called header part is not scanned itself; the pieces it was exploded into carry the serials.
    own = [unit for unit in units if unit.component_id == component.pk or not component.required]
    to_date = counts.get(component.customer_part)
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
        cumulative=plain(to_date.quantity) if to_date else None,
        cumulative_since=to_date.since.isoformat() if to_date and to_date.since else None,
    )
