"""Boxes (handling units): opened for a call, filled by scan, closed with their label, emptied by name."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale, Unknown
from sequencer.documents.envelope import is_own, label_number
from sequencer.documents.kinds import DocumentKind
from sequencer.labels import Kind, Label
from sequencer.models import HandlingUnit, KanbanCard, LabelRecord, QuantityCall, Station, Unit
from sequencer.models.quantity import PIECES_AT_MOST
from sequencer.services import printing
from sequencer.services.quantity.calls import lock_call, progress_of, settle_call, tell
from sequencer.services.quantity.packing import packing_for
from sequencer.states import HANDLING_MOVES, HandlingStatus, QuantityStatus, UnitStatus, check_move

BOX_ROWS = ("call__part", "call__unloading_point__plant", "card")


def open_box(call_id: int, *, by: str, at: datetime, card: KanbanCard | None = None) -> HandlingUnit:
    """A new box for what a call still wants, in the caller's transaction. Stale when the card is not free any more.

    Refuses `no_packing` for a part without packing instruction and `nothing_open` when every piece is in a box or
    promised to an open one. Locks the call.
    """
    call = lock_call(call_id)
    if card is not None and (card.call_id != call.pk or not _is_free(card)):
        # It was packed, begun or withdrawn while its call was waited for.
        raise Stale(f"card {card}")
    packing = packing_for(call.part_id, call.unloading_point_id)
    if packing is None:
        raise Refused(
            "no_packing",
            _("%(part)s has no packing instruction; the planner enters one") % {"part": call.part},
        )
    progress = progress_of(call)
    room = call.quantity - progress.done - progress.promised
    if room <= 0 or call.status == QuantityStatus.CANCELLED:
        raise Refused("nothing_open", _("%(call)s wants nothing more") % {"call": call.number})
    if card is not None and room < packing.pieces:
        told = {"call": call.number, "left": room, "pieces": packing.pieces}
        raise Refused("nothing_open", _("%(call)s wants %(left)s more; a card is a box of %(pieces)s") % told)
    box: HandlingUnit = HandlingUnit.objects.create(
        number=f"new-{uuid.uuid4().hex[:20]}", call=call, card=card, capacity=min(packing.pieces, room),
        package_type=packing.package_type, tare_kg=packing.tare_kg, opened_at=at, opened_by=by[:60],
    )  # fmt: skip
    box.number = f"H-{box.pk:05d}"
    box.save(update_fields=["number"])
    tell(call, "box_opened", at=at, by=by, box=box.number, pieces=box.capacity)
    return box


def _is_free(card: KanbanCard) -> bool:
    rows = KanbanCard.objects.filter(pk=card.pk, closed_at__isnull=True, withdrawn_at__isnull=True)
    return rows.filter(box__isnull=True).exists()


def lock_box(box_id: int) -> HandlingUnit:
    """The box under its call's lock: whoever packs, loads or changes a call of a quantity holds the call."""
    found = HandlingUnit.objects.filter(pk=box_id).values_list("call_id", flat=True).first()
    if found is None:
        raise Unknown("no_box", f"there is no handling unit {box_id}")
    call = lock_call(found)
    box = HandlingUnit.objects.select_related("card", "shipment").get(pk=box_id)
    box.call = call
    return box


def put_in(
    box: HandlingUnit,
    count: int,
    *,
    at: datetime,
    serial: str | None = None,
    lot: str = "",
    supplier: str = "",
) -> Unit | None:
    """So many pieces into a locked box; with a serial it is one. Returns that piece, or None when its serial is used.

    A piece of that serial that lies in the buffer is taken again.
    """
    if not 1 <= count <= min(PIECES_AT_MOST, box.capacity - box.pieces):
        raise Refused("too_many", f"{box.number} takes {box.capacity - box.pieces} more, not {count}")
    part_id = box.call.part_id
    piece = {"part_id": part_id, "lot": lot[:40], "supplier": supplier[:20], "taken_at": at}
    if serial is not None:
        unit = _serial(box, serial, piece)
        if unit is None:
            return None
    else:
        new = Unit.objects.bulk_create(
            Unit(**piece, status=UnitStatus.PACKED, handling_unit=box) for _piece in range(count)
        )
        unit = new[0]
    box.pieces += count
    HandlingUnit.objects.filter(pk=box.pk).update(pieces=box.pieces)
    settle_call(box.call, at=at)
    return unit


def _serial(box: HandlingUnit, serial: str, piece: dict[str, object]) -> Unit | None:
    known = (
        Unit.objects.select_for_update(no_key=True).filter(part_id=box.call.part_id, serial=serial).first()
    )
    if known is not None:
        if known.status != UnitStatus.BUFFER:
            return None
        Unit.objects.filter(pk=known.pk).update(status=UnitStatus.PACKED, handling_unit=box)
        known.refresh_from_db()
        return known
    try:
        with transaction.atomic():
            made: Unit = Unit.objects.create(
                **piece, serial=serial, status=UnitStatus.PACKED, handling_unit=box
            )
            return made
    except IntegrityError:
        return None


def close_box(box: HandlingUnit, *, by: str, at: datetime, station: Station | None = None) -> None:
    """A locked box is full, or goes as it is: its card is closed and its label printed.

    Refuses an empty one, and a kanban box that is not full: its card means a whole box.
    """
    if not box.pieces:
        raise Refused("box_empty", _("nothing is in %(box)s") % {"box": box.number})
    if box.card is not None and box.pieces < box.capacity:
        told = {"card": box.card, "capacity": box.capacity, "pieces": box.pieces}
        raise Refused(
            "card_not_full", _("card %(card)s wants %(capacity)s; %(pieces)s are in the box") % told
        )
    move_box(box, HandlingStatus.CLOSED, closed_at=at, closed_by=by[:60])
    if box.card is not None:
        KanbanCard.objects.filter(pk=box.card.pk).update(closed_at=at, closed_by=by[:60])
    settle_call(box.call, at=at)
    tell(box.call, "box_closed", at=at, by=by, box=box.number, pieces=box.pieces)
    printing.print_document(DocumentKind.MASTER_LABEL, box, at=at, by=by, station=station)


def move_box(box: HandlingUnit, to: HandlingStatus, **fields: object) -> None:
    """One legal move of a box whose call is locked."""
    check_move(HANDLING_MOVES, box.status, to, f"box {box.number}")
    if not HandlingUnit.objects.filter(pk=box.pk, status=box.status).update(status=to, **fields):
        raise Stale(f"box {box.number}")
    box.status = to
    for name, value in fields.items():
        setattr(box, name, value)


def box_of(label: Label, raw: str) -> HandlingUnit | None:
    """The box a label lies on: its licence plate, or its own number."""
    rows = HandlingUnit.objects.select_related(*BOX_ROWS, "shipment")
    if label.kind is Kind.BOX:
        return rows.filter(number=label.value.upper()).first()
    number = label_number(raw)
    if number is None or label.kind is not Kind.GOODS:
        return None
    record = LabelRecord.objects.filter(number=number, subject_type="handlingunit").first()
    return rows.filter(pk=record.subject_id).first() if record is not None else None


def plate_of(box: HandlingUnit) -> str:
    """What the customer reads on the box: its licence plate, else our number where nobody gives plates."""
    record = (
        LabelRecord.objects.filter(
            subject_type="handlingunit",
            subject_id=box.pk,
            kind=DocumentKind.MASTER_LABEL,
            void_at__isnull=True,
        )
        .order_by("-pk")
        .first()
    )
    return record.number if record is not None and record.number and not is_own(record.number) else box.number


def where_is_card(number: str) -> str:
    """Where a card was used that is not open now, in words; empty for a card nobody knows."""
    card = KanbanCard.objects.select_related("call").filter(number=number).order_by("-pk").first()
    if card is None:
        return ""
    if card.closed_at is not None:
        box = HandlingUnit.objects.filter(card=card).first()
        told = {"box": box, "call": card.call.number, "by": card.closed_by}
        return _("its box %(box)s of %(call)s was closed by %(by)s") % told
    return _("it was withdrawn with %(call)s") % {"call": card.call.number}


def open_card(number: str) -> KanbanCard | None:
    rows = KanbanCard.objects.select_related("call__part", "box")
    return rows.filter(number=number, closed_at__isnull=True, withdrawn_at__isnull=True).first()


def may_leave(call: QuantityCall, box: HandlingUnit) -> bool:
    """Whether a call still wants this box: pieces that left or stand on trucks, and these, are not more than called."""
    gone = call.boxes.filter(status__in=[HandlingStatus.LOADED, HandlingStatus.SHIPPED]).exclude(pk=box.pk)
    return sum(gone.values_list("pieces", flat=True)) + box.pieces <= call.quantity
