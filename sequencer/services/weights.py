"""What racks and trucks weigh, from the weights entered for parts and rack types.

Where one figure is missing, every sum it belongs to is not known: nothing is guessed on a paper that is signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, DecimalField, ExpressionWrapper, F, Sum

from sequencer.models import CallComponent, HandlingUnit, Rack, Shipment
from sequencer.states import SlotStatus

GRAM = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Weight:
    """Kilograms; None: not known. `known`: the part of `gross` that is, so a truck can be found too heavy early."""

    net: Decimal | None = Decimal(0)
    gross: Decimal | None = Decimal(0)
    known: Decimal = Decimal(0)

    def __add__(self, other: Weight) -> Weight:
        return Weight(_plus(self.net, other.net), _plus(self.gross, other.gross), self.known + other.known)


def weigh_racks(racks: Iterable[Rack]) -> dict[int, Weight]:
    """Each rack with what stands in it now, by key. One query; the racks come with carrier and its type."""
    racks = list(racks)
    called = CallComponent.objects.filter(
        group__slot__rack__in=[rack.pk for rack in racks], group__slot__status=SlotStatus.FILLED, called=True
    )
    kilograms = ExpressionWrapper(
        F("quantity") * F("part__net_weight_kg"), output_field=DecimalField(max_digits=16, decimal_places=4)
    )
    rows = called.order_by().values("group__slot__rack").annotate(
        net=Sum(kilograms), of=Count("pk"), told=Count("part__net_weight_kg")
    )  # fmt: skip
    packed = {row["group__slot__rack"]: row for row in rows}
    return {rack.pk: _weight(rack, packed.get(rack.pk)) for rack in racks}


def weigh_box(box: HandlingUnit) -> Weight:
    """One box of a called quantity; it comes with its call's part."""
    each = box.call.part.net_weight_kg
    net = None if each is None else each * box.pieces
    return Weight(net, _plus(net, box.tare_kg), (net or Decimal(0)) + (box.tare_kg or 0))


def weigh_trucks(shipments: Iterable[Shipment]) -> dict[int, Weight]:
    """Racks and boxes of each shipment together, by key. Three queries, however many there are."""
    ids = [shipment.pk for shipment in shipments]
    racks = list(Rack.objects.filter(shipment__in=ids).select_related("carrier__rack_type"))
    weighed = weigh_racks(racks)
    found = {pk: Weight() for pk in ids}
    for rack in racks:
        found[rack.shipment_id or 0] += weighed[rack.pk]
    for box in HandlingUnit.objects.filter(shipment__in=ids).select_related("call__part"):
        found[box.shipment_id or 0] += weigh_box(box)
    return found


def _weight(rack: Rack, packed: Mapping[str, Any] | None) -> Weight:
    tare = rack.carrier.rack_type.tare_kg if rack.carrier else None
    pieces = Decimal(packed["net"] or 0) if packed else Decimal(0)
    net = pieces if packed is None or packed["of"] == packed["told"] else None
    return Weight(net, _plus(net, tare), pieces + (tare or 0))


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


def in_words(kilograms: Decimal | None) -> str:
    """As papers and screens print it, to the gram and without zeros behind; empty for what is not known or nothing."""
    if not kilograms:
        return ""
    text = f"{kilograms.quantize(GRAM):f}"
    return text.rstrip("0").rstrip(".")
