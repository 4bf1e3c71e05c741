"""What a paper says, read from the rows when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.errors import Refused
from sequencer.clocks import on_both, our_clock
from sequencer.documents.facts import (
    Facts,
    Lading,
    LadingLine,
    Manifest,
    Piece,
    RackPaper,
    SlotLine,
    Transport,
)
from sequencer.documents.kinds import WORDS, DocumentKind
from sequencer.models import (
    Badge,
    CallComponent,
    ComponentGroup,
    HandlingUnit,
    LabelIssuer,
    OemPlant,
    Rack,
    Shipment,
    Slot,
    Station,
    Unit,
)
from sequencer.services.kits import kit_of
from sequencer.services.printing import sheets
from sequencer.services.weights import in_words, weigh_box, weigh_racks, weigh_trucks
from sequencer.spoken import in_words as state_in_words
from sequencer.spoken import spoken
from sequencer.states import SlotStatus


def facts_for(
    kind: DocumentKind, subject: Any, *, at: datetime, by: str, reason: str = "", supplier: str = ""
) -> Facts:
    """The facts of one paper as they stand now. Refuses a subject this kind is not made for."""
    if kind is DocumentKind.RACK_LABEL and isinstance(subject, Rack):
        return rack_paper(subject)
    if kind is DocumentKind.MANIFEST and isinstance(subject, Rack):
        return manifest(subject)
    if kind is DocumentKind.KIT_LIST and isinstance(subject, Rack):
        return kit_of(subject.pk, at=at)
    if kind is DocumentKind.BADGE_SHEET and isinstance(subject, Badge | Station):
        return sheets.badges(subject)
    if kind is DocumentKind.COMMAND_SHEET and isinstance(subject, Station):
        return sheets.commands(subject)
    issuer = LabelIssuer.objects.filter(active=True).first()
    if kind is DocumentKind.PART_LABEL and isinstance(subject, Unit):
        return unit_piece(subject, issuer)
    if kind is DocumentKind.SEQUENCE_LABEL and isinstance(subject, Slot):
        return slot_piece(subject, issuer)
    if kind is DocumentKind.NOK_STICKER and isinstance(subject, Unit):
        return unit_piece(subject, issuer, reason=reason, by=by, at=our_clock(at, day=True))
    if kind is DocumentKind.MASTER_LABEL and isinstance(subject, Rack):
        return load(subject, issuer, supplier, at)
    if kind is DocumentKind.MASTER_LABEL and isinstance(subject, Unit):
        return load_of_one(subject, issuer, supplier, at)
    if kind is DocumentKind.MASTER_LABEL and isinstance(subject, HandlingUnit):
        return load_of_box(subject, issuer, supplier, at)
    if kind is DocumentKind.BILL_OF_LADING and isinstance(subject, Shipment):
        return lading(subject, issuer)
    raise Refused(
        "no_such_paper",
        _("%(paper)s is not made for %(what)s") % {"paper": WORDS[kind], "what": subject._meta.verbose_name},
    )


def stored(facts: Facts) -> dict[str, Any]:
    """As the job keeps it."""
    return asdict(facts)


def plant_of(subject: Any) -> OemPlant | None:
    """The OEM plant a paper is for; it chooses the layout."""
    if isinstance(subject, Rack):
        return subject.commodity.program.line.plant
    if isinstance(subject, Slot):
        return subject.rack.commodity.program.line.plant
    if isinstance(subject, Shipment):
        return subject.unloading_point.plant
    if isinstance(subject, HandlingUnit):
        return subject.call.unloading_point.plant
    if isinstance(subject, Unit) and subject.group is not None:
        return subject.group.commodity.program.line.plant
    return None


def unit_piece(unit: Unit, issuer: LabelIssuer | None, **more: str) -> Piece:
    group = unit.group
    component = unit.component
    slot = Slot.objects.filter(group=group).select_related("rack").first() if group else None
    return Piece(
        part=unit.part.number,
        customer_part=component.customer_part if component else _customer_part(unit, group),
        description=unit.part.description,
        serial=unit.serial or "",
        supplier=issuer.name if issuer else "",
        **_place(group, slot),
        **more,
    )


def slot_piece(slot: Slot, issuer: LabelIssuer | None) -> Piece:
    """A slot's label: the first part asked for; a set of parts shares the sequence number."""
    group = slot.group
    if group is None:
        raise Refused(
            "empty_slot", _("%(slot)s waits for no vehicle; there is nothing to label") % {"slot": slot}
        )
    component = group.components.filter(required=True).select_related("part").first()
    unit = group.units.order_by("pk").first()
    return Piece(
        part=component.part.number if component and component.part else "",
        customer_part=component.customer_part if component else "",
        description=component.part.description if component and component.part else "",
        serial=(unit.serial or "") if unit else "",
        supplier=issuer.name if issuer else "",
        **_place(group, slot),
    )


def _customer_part(unit: Unit, group: ComponentGroup | None) -> str:
    """A piece in the buffer belongs to no call; the customer's newest number for the part stands on it."""
    names = unit.part.customer_parts.order_by("-valid_from")
    if group is not None:
        names = names.filter(customer=group.commodity.program.line.plant.customer_id)
    name = names.first()
    return name.number if name else ""


def _place(group: ComponentGroup | None, slot: Slot | None) -> dict[str, str]:
    if group is None:
        return {}
    call, line = group.call_off, group.commodity.program.line
    return {
        "sequence": call.sequence_number,
        "vin": call.vin,
        "call_number": call.call_number,
        "rack": slot.rack.number if slot else "",
        "slot": str(slot.number) if slot else "",
        "plant": line.plant.name,
        "line": line.name,
        "dock": call.dock or group.commodity.program.unloading_point.code,
    }


def rack_paper(rack: Rack, slots: list[Slot] | None = None) -> RackPaper:
    program = rack.commodity.program
    counter, shipment = program.stream.counter, rack.shipment
    if slots is None:
        slots = list(rack.slots.select_related("group__call_off").order_by("number"))
    low, high = _range(slots, counter.text(rack.low_position), counter.text(rack.high_position))
    leaves = on_both(shipment.leaves_at, program.line.plant.time_zone, day=True) if shipment else ("", "")
    return RackPaper(
        rack=rack.number,
        carrier=rack.carrier.code if rack.carrier else "",
        low=low,
        high=high,
        plant=program.line.plant.name,
        plant_code=program.line.plant.code,
        line=program.line.name,
        line_code=program.line.code,
        dock=program.unloading_point.code,
        commodity=rack.commodity.name,
        build_order=rack.commodity.rack_type.build_order.lower(),
        filled=sum(slot.status == SlotStatus.FILLED for slot in slots),
        slots=sum(slot.status != SlotStatus.CANCELLED for slot in slots),
        sealed=our_clock(rack.sealed_at, day=True) if rack.sealed_at else "",
        shipment=shipment.number if shipment else "",
        place=str(rack.load_position or ""),
        leaves=leaves[0],
        leaves_oem=leaves[1],
        holes=tuple(_said(slot, counter) for slot in slots if slot.status == SlotStatus.HOLE),
    )


def _range(slots: list[Slot], low: str, high: str) -> tuple[str, str]:
    """What the OEM reads as lowest and highest: the calls in the rack where it has any, else what it is kept for."""
    known = [
        (slot.group.call_off.position, slot.group.call_off.sequence_number)
        for slot in slots
        if slot.group is not None and slot.group.call_off.position is not None
    ]
    return (min(known)[1], max(known)[1]) if known else (low, high)


def _said(slot: Slot, counter: Any) -> str:
    if slot.group is not None:
        return slot.group.call_off.sequence_number
    return (
        str(counter.text(slot.position))
        if slot.position is not None
        else _("slot %(slot)s") % {"slot": slot.number}
    )


def manifest(rack: Rack) -> Manifest:
    slots = list(
        rack.slots.select_related("group__call_off")
        .prefetch_related("group__components__part", "group__units")
        .order_by("number")
    )
    counter = rack.commodity.program.stream.counter
    return Manifest(rack_paper(rack, slots), tuple(_slot_line(slot, counter) for slot in slots))


def _slot_line(slot: Slot, counter: Any) -> SlotLine:
    """What stands in the slot; an empty one says why in capitals, so that nobody reads it as packed."""
    group = slot.group
    sequence = group.call_off.sequence_number if group else ""
    if not sequence and slot.position is not None:
        sequence = counter.text(slot.position)
    if group is None or slot.status != SlotStatus.FILLED:
        state = state_in_words(slot.status).upper()
        reason = spoken(slot.reason) if slot.reason.isupper() else slot.reason
        return SlotLine(str(slot.number), sequence, empty=" · ".join(filter(None, (state, reason))))
    call = group.call_off
    return SlotLine(
        str(slot.number),
        sequence,
        call.vin or call.call_number,
        tuple(_named(c) for c in group.components.all() if c.required),
        tuple(unit.serial for unit in group.units.all() if unit.serial),
    )


def _named(component: CallComponent) -> str:
    description = component.part.description if component.part else ""
    count = f"{component.quantity} x " if component.quantity > 1 else ""
    return f"{count}{component.customer_part} {description}".strip()


def load(rack: Rack, issuer: LabelIssuer | None, supplier: str, at: datetime) -> Transport:
    """The rack as one transport unit. Parts of one number make it a master load, others a mixed one."""
    paper, weight = rack_paper(rack), weigh_racks([rack])[rack.pk]
    packed = CallComponent.objects.filter(
        group__slot__rack=rack, group__slot__status=SlotStatus.FILLED, required=True
    ).select_related("part")
    numbers = {c.customer_part for c in packed}
    if not numbers:
        raise Refused(
            "empty_rack", _("rack %(rack)s is empty; there is no load to label") % {"rack": rack.number}
        )
    first = packed[0] if len(numbers) == 1 else None
    plant = rack.commodity.program.line.plant
    return Transport(
        from_name=issuer.name if issuer else "",
        from_address=issuer.address if issuer else "",
        country=issuer.country_of_origin if issuer else "",
        to_name=plant.name,
        to_code=plant.code,
        dock=paper.dock,
        line=_line_feed(rack),
        supplier=supplier,
        advice=paper.shipment,
        part=first.customer_part if first else "",
        description=first.part.description if first and first.part else "",
        supplier_part=first.part.number if first and first.part else "",
        quantity=sum(c.quantity for c in packed),
        net_kg=in_words(weight.net),
        gross_kg=in_words(weight.gross),
        mixed=len(numbers) != 1,
        date=timezone.localtime(rack.sealed_at or at).strftime("%Y%m%d"),
        low=paper.low,
        high=paper.high,
        rack=paper.rack,
    )


def load_of_one(unit: Unit, issuer: LabelIssuer | None, supplier: str, at: datetime) -> Transport:
    """A single piece as a transport unit of its own: an emergency run, a replacement by parcel."""
    piece, plant = unit_piece(unit, issuer), plant_of(unit)
    slot = (
        Slot.objects.filter(group=unit.group).select_related("rack__shipment").first() if unit.group else None
    )
    shipment = slot.rack.shipment if slot else None
    return Transport(
        from_name=issuer.name if issuer else "",
        from_address=issuer.address if issuer else "",
        country=issuer.country_of_origin if issuer else "",
        to_name=plant.name if plant else "",
        to_code=plant.code if plant else "",
        dock=piece.dock,
        line=unit.group.call_off.line_feed if unit.group else "",
        supplier=supplier,
        advice=shipment.number if shipment else "",
        part=piece.customer_part or piece.part,
        description=piece.description,
        supplier_part=piece.part,
        batch=piece.serial,
        quantity=1,
        net_kg=in_words(unit.part.net_weight_kg),
        single=True,
        date=timezone.localtime(at).strftime("%Y%m%d"),
        low=piece.sequence,
        high=piece.sequence,
        rack=piece.rack,
    )


def load_of_box(box: HandlingUnit, issuer: LabelIssuer | None, supplier: str, at: datetime) -> Transport:
    """A box of one part called by quantity: a single transport unit with its count and, of one lot, its lot."""
    call, plant = box.call, box.call.unloading_point.plant
    lots = list(box.units.order_by().values_list("lot", flat=True).distinct()[:2])
    return Transport(
        from_name=issuer.name if issuer else "",
        from_address=issuer.address if issuer else "",
        country=issuer.country_of_origin if issuer else "",
        to_name=plant.name,
        to_code=plant.code,
        dock=call.unloading_point.code,
        line=call.line_feed,
        supplier=supplier,
        advice=box.shipment.number if box.shipment else "",
        part=call.customer_part,
        description=call.part.description,
        supplier_part=call.part.number,
        batch=lots[0] if len(lots) == 1 else "",
        quantity=box.pieces,
        single=True,
        date=timezone.localtime(at).strftime("%Y%m%d"),
        rack=box.number,
    )


def _line_feed(rack: Rack) -> str:
    """One place at the OEM's line for the whole rack, or none."""
    found = set(
        Slot.objects.filter(rack=rack, group__isnull=False).values_list(
            "group__call_off__line_feed", flat=True
        )
    )
    return str(found.pop()) if len(found) == 1 else ""


def lading(shipment: Shipment, issuer: LabelIssuer | None) -> Lading:
    point = shipment.unloading_point
    load = weigh_trucks([shipment])[shipment.pk]
    leaves = on_both(shipment.leaves_at, point.plant.time_zone, day=True)
    return Lading(
        shipment=shipment.number,
        from_name=issuer.name if issuer else "",
        from_address=issuer.address if issuer else "",
        to_name=point.plant.name,
        to_code=point.plant.code,
        dock=point.code,
        truck=shipment.truck,
        driver=shipment.driver,
        seal=shipment.seal_number,
        leaves=leaves[0],
        leaves_oem=leaves[1],
        departed=our_clock(shipment.departed_at, day=True) if shipment.departed_at else "",
        net_kg=in_words(load.net),
        gross_kg=in_words(load.gross),
        lines=tuple(_lines(shipment)),
    )


def _lines(shipment: Shipment) -> Iterator[LadingLine]:
    """Racks in loading order, then the boxes with their pieces where a rack has its sequences."""
    racks = list(shipment.racks.select_related(
        "carrier__rack_type", "shipment", "commodity__rack_type", "commodity__program__line__plant",
        "commodity__program__unloading_point", "commodity__program__stream",
    ).order_by("load_position", "pk"))  # fmt: skip
    weights = weigh_racks(racks)
    for rack in racks:
        paper = rack_paper(rack)
        yield LadingLine(
            paper.place, paper.rack, paper.carrier, paper.commodity, paper.low, paper.high, paper.filled,
            in_words(weights[rack.pk].gross),
        )  # fmt: skip
    for box in shipment.boxes.select_related("call__part").order_by("pk"):
        yield LadingLine(
            "", box.number, box.package_type, box.call.customer_part, box.call.number, "", box.pieces,
            in_words(weigh_box(box).gross),
        )  # fmt: skip
