"""What a station and a dock show of boxes. Read-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from sequencer.clocks import both_clocks
from sequencer.models import HandlingUnit, KanbanCard, QuantityCall, Shipment, Station
from sequencer.services.quantity.calls import progress_of
from sequencer.services.quantity.packing import first_calls_for, packing_for
from sequencer.services.quantity.trucks import boxes_on
from sequencer.spoken import spoken
from sequencer.states import HandlingStatus

View = dict[str, Any]
SHOWN = 3
BOX_COUNT = "COUNT"


def box_view(station: Station) -> View | None:
    """The box at a station: its part, how many are in it and in its call, when and where it is wanted."""
    if station.handling_unit_id is None:
        return None
    box = HandlingUnit.objects.select_related("call__part", "call__unloading_point__plant", "card").get(
        pk=station.handling_unit_id
    )
    call, part = box.call, box.call.part
    return {
        "id": box.pk,
        "number": box.number,
        "status": box.status,
        "card": box.card.number if box.card else "",
        "pieces": box.pieces,
        "capacity": box.capacity,
        "left": box.capacity - box.pieces,
        "percent": 100 * box.pieces // box.capacity,
        "part": part.number,
        "part_id": part.pk,
        "customer_part": call.customer_part,
        "description": part.description,
        "bin": part.storage_bin,
        "picture": part.picture.name,
        "trace": part.trace,
        **call_brief(call),
    }


def call_brief(call: QuantityCall) -> View:
    """A call in the words of the station: packed of called, due on our clock and the OEM's."""
    progress = progress_of(call)
    zone = call.unloading_point.plant.time_zone
    return {
        "call": call.number,
        "done": progress.done,
        "shipped": progress.shipped,
        "wanted": call.quantity,
        "open": max(0, call.quantity - progress.done),
        "due_at": call.due_at,
        "zone": zone,
        "due": both_clocks(call.due_at, zone, day=True),
        "to": f"{call.unloading_point} {call.line_feed}".strip(),
        "part": call.part.number,
        "description": call.part.description,
    }


def calls_ahead(station: Station, *, but: str = "") -> list[View]:
    """What is called by quantity at a station and not in boxes yet, the one due first on top."""
    found: list[View] = []
    for call in first_calls_for(station):
        brief = call_brief(call)
        left = brief["open"] - _promised_elsewhere(call, station)
        if left <= 0 or call.number == but:
            continue
        free = {"closed_at__isnull": True, "withdrawn_at__isnull": True, "box__isnull": True}
        cards = list(call.cards.filter(**free).values_list("number", flat=True)[:SHOWN])
        if not cards and call.cards.exists():
            # Every card of it lies in a box already: nothing more is begun for it.
            continue
        packing = packing_for(call.part_id, call.unloading_point_id)
        found.append({**brief, "pack": min(packing.pieces, left) if packing else 0, "cards": cards})
    return found[:SHOWN]


def _promised_elsewhere(call: QuantityCall, station: Station) -> int:
    """Room in the boxes that other stations are filling: it is asked of nobody else."""
    rows = call.boxes.filter(status=HandlingStatus.OPEN, stations__isnull=False).exclude(stations=station)
    return sum(room - pieces for room, pieces in rows.values_list("capacity", "pieces"))


def ask_box(station: Station) -> tuple[str, str, str]:
    """What the band asks for while a box is at the station: code, text, detail."""
    box = HandlingUnit.objects.select_related("call__part").get(pk=station.handling_unit_id or 0)
    if box.status != HandlingStatus.OPEN:
        return "BOX_LABEL", _("STICK THE LABEL ON, SCAN IT"), box.number
    left = box.capacity - box.pieces
    if not left:
        return "BOX_FULL", _("SCAN SEAL"), _("the box is full")
    if station.mode.startswith(BOX_COUNT):
        return "COUNT", _("SCAN PACK OR A COUNT"), _("PACK is %(count)s") % {"count": left}
    if station.pending_unit_part:
        lot = box.call.part.trace == "LOT"
        code, text = ("LOT", _("SCAN LOT")) if lot else ("SERIAL", _("SCAN SERIAL"))
        return code, text, station.pending_unit_part
    told = _("%(part)s: %(pieces)s of %(capacity)s in %(box)s")
    facts = {
        "part": box.call.part.number,
        "pieces": box.pieces,
        "capacity": box.capacity,
        "box": box.number,
    }
    return "PART", _("SCAN PART"), told % facts


def box_cards(station: Station, asked: str) -> list[tuple[str, str, str]]:
    """Labels for a newcomer without scanner."""
    if station.handling_unit_id is None:
        ahead = calls_ahead(station)
        cards = [
            (_("Card %(card)s") % {"card": number}, f"%A:{number}", "card")
            for call in ahead
            for number in call["cards"][:1]
        ]
        return [*cards, (spoken("BOX"), "%C:BOX", "command")] if ahead else []
    box = HandlingUnit.objects.select_related("call__part").get(pk=station.handling_unit_id)
    if box.status != HandlingStatus.OPEN:
        return [(_("Label %(label)s") % {"label": box.number}, f"%H:{box.number}", "box")]
    if asked == "COUNT":
        return [
            (spoken("PACK"), "%Q:PACK", "count"),
            ("5", "%Q:5", "count"),
            (_("Too many"), f"%Q:{box.capacity + 1}", "wrong"),
        ]
    return [(_("Part %(part)s") % {"part": box.call.part.number}, f"P{box.call.part.number}", "part")]


def truck_boxes(shipment: Shipment, at: datetime) -> list[View]:
    """Boxes on a truck's list: they stand beside the racks, in no order among themselves."""
    return [
        {
            "id": box.pk,
            "number": box.number,
            "part": box.call.customer_part,
            "pieces": box.pieces,
            "call": box.call.number,
            "status": box.status,
            "loaded": box.status in {HandlingStatus.LOADED, HandlingStatus.SHIPPED},
            "late": box.call.due_at < at,
        }
        for box in boxes_on(shipment)
    ]


def cards_of(call: QuantityCall) -> list[View]:
    """A kanban call's cards: open, in a box, used, withdrawn."""
    rows = KanbanCard.objects.filter(call=call).select_related("box").order_by("number")
    return [
        {
            "number": card.number,
            "box": getattr(card, "box", None),
            "state": "withdrawn" if card.withdrawn_at else "used" if card.closed_at else "open",
            "by": card.closed_by,
            "at": card.closed_at,
        }
        for card in rows
    ]
