"""A rack as it stands before the operator, for every page that draws one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from inventory.statements import Question, number
from sequencer.drawing import Drawing, seen_by_oem, slot_plan
from sequencer.models import Rack, RackType, Slot
from sequencer.rules import Counter
from sequencer.services.racks.filling import open_gaps
from sequencer.services.racks.loose import loose_pieces
from sequencer.states import GroupStatus, SlotStatus

View = dict[str, Any]


def rack_view(rack: Rack, slots: Iterable[Slot], now: Slot | None = None) -> View:
    """The rack, its sides and every slot with its place: row from the top, column and lane from the left, side, mark.

    `slots` come with `group__call_off`; `now` is the slot that is asked for. A slot's `status` is its own, or GAP (the
    call is missing) or WAITING (not called yet); `loose` is the sequence of a piece that stands there though no slot
    holds it. Two queries, for the open gaps and the loose pieces.
    """
    slots = list(slots)
    loose = dict(_loose.rows(rack=rack.pk))
    rack_type = rack.commodity.rack_type
    layout, counter = rack_type.layout, rack.commodity.program.stream.counter
    gaps = open_gaps(rack)
    return {
        "id": rack.pk,
        "number": rack.number,
        "carrier": rack.carrier.code if rack.carrier else None,
        "status": rack.status,
        "fill": sum(slot.status == SlotStatus.FILLED for slot in slots),
        "capacity": len(slots),
        "low": counter.text(rack.low_position),
        "high": counter.text(rack.high_position),
        "build_order": rack_type.build_order,
        "seen": rack_type.seen,
        "unload_face": rack_type.unload_face,
        "rows": layout.sides[0].rows,
        "columns": layout.sides[0].columns,
        "sides": _sides(layout),
        "slots": [
            {
                **_slot(slot, counter, gaps, now),
                **_place(layout, slot.number),
                "loose": loose.get(slot.pk, ""),
            }
            for slot in slots
        ],
        "shipment": rack.shipment.number if rack.shipment else None,
        "leaves_at": rack.shipment.leaves_at if rack.shipment else None,
    }


@Question
def _loose() -> QuerySet[Any, tuple[int | None, str]]:
    pieces = loose_pieces().filter(slot__rack=number("rack"))
    return pieces.values_list("slot_id", "group__call_off__sequence_number")


def type_view(rack_type: RackType, *, by_oem: bool = False) -> View:
    """A rack type as `rack_view` gives a rack, filled with its first sequences: 1, 2, 3 ... Refuses a bad drawing.

    `by_oem`: as the OEM stands before it, behind the rack.
    """
    layout = seen_by_oem(rack_type.layout, rack_type.unload_face) if by_oem else rack_type.layout
    plan = slot_plan(layout, range(1, layout.sequences + 1), reverse=rack_type.reverse)
    return {
        "number": rack_type.code,
        "capacity": layout.capacity,
        "low": "1",
        "high": str(layout.sequences),
        "build_order": rack_type.build_order,
        "unload_face": rack_type.unload_face,
        "sides": _sides(layout),
        "slots": [
            {
                "number": want.number,
                "sequence": str(want.position),
                "status": "SAMPLE",
                "now": False,
                "loose": "",
                **_place(layout, want.number),
            }
            for want in plan
        ],
    }


def _sides(layout: Drawing) -> list[View]:
    return [
        {
            "name": side.name,
            "rows": side.rows,
            "columns": side.columns,
            "lane_edges": list(side.lane_edges),
            "blocked": [list(place) for place in side.blocked],
        }
        for side in layout.sides
    ]


def _slot(slot: Slot, counter: Counter, gaps: set[int], now: Slot | None) -> View:
    status: str = slot.status
    sequence = ""
    if slot.group is not None:
        sequence = slot.group.call_off.sequence_number
    elif slot.position is not None:
        sequence = counter.text(slot.position)
        if slot.status == SlotStatus.EMPTY:
            status = "GAP" if slot.position in gaps else "WAITING"
    elif slot.status == SlotStatus.EMPTY:
        status = "WAITING"
    return {
        "number": slot.number,
        "sequence": sequence,
        "status": status,
        "now": now is not None and slot.pk == now.pk,
        "reason": slot.reason,
        "held": slot.status == SlotStatus.FILLED and slot.group is not None and slot.group.on_hold,
        "repair": slot.reason if slot.group is not None and slot.group.status == GroupStatus.REPAIR else "",
    }


def _place(layout: Drawing, number: int) -> View:
    place = layout.place(number)
    return {
        "row": place.row,
        "column": place.column,
        "lane": place.lane,
        "side": place.side,
        "mark": place.mark,
    }
