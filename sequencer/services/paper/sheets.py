"""What stands on the sheets: the next racks of a line as their calls are now, a version for each change."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Count, Prefetch, Value, When
from django.utils.translation import gettext

from inventory.models import Part
from sequencer.clocks import on_both, our_clock
from sequencer.documents import pdf
from sequencer.documents.elements import Document
from sequencer.documents.facts import PaperLine, PaperRack
from sequencer.documents.papers import paper_rack
from sequencer.languages import speaking_on_paper
from sequencer.models import CallComponent, Commodity, ComponentGroup, Line, PaperSheet, Rack, Slot
from sequencer.states import Priority, RackStatus, SlotStatus

Row = dict[str, Any]

SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
OPEN_RACKS = (RackStatus.LOADING, RackStatus.REOPENED, RackStatus.FULL)
FEWEST, MOST = 2, 40


def next_racks(line: Line) -> list[Rack]:
    """Racks in work and the next ones until the hours of JIS_PAPER_HOURS are filled, each commodity in its order."""
    found: list[Rack] = []
    for commodity in (
        Commodity.objects.filter(program__line=line, stations__isnull=False).distinct().order_by("pk")
    ):
        mine = commodity.racks.select_related(
            "carrier", "commodity__program__line__plant", "commodity__program__stream"
        )
        found += mine.filter(status__in=OPEN_RACKS).order_by("low_position")[:MOST]
        wanted = settings.PAPER_HOURS * 3600 / max(line.takt_seconds, 1)
        planned = mine.filter(status=RackStatus.PLANNED, slots__group__isnull=False).annotate(
            pieces=Count("slots__group")
        )
        rush = Case(When(priority=Priority.RUSH, then=Value(0)), default=Value(1))
        for number, rack in enumerate(planned.order_by(rush, "low_position")[:MOST]):
            if wanted <= 0 and number >= FEWEST:
                break
            found.append(rack)
            wanted -= rack.pieces
    return found


def draw_sheets(line: Line, *, at: datetime) -> list[PaperSheet]:
    """The sheets of the next racks. A rack whose calls are as printed keeps its version; else a new one is made."""
    return [_sheet(rack, at=at) for rack in next_racks(line)]


def _sheet(rack: Rack, *, at: datetime) -> PaperSheet:
    picture = picture_of(rack)
    with transaction.atomic():
        last = latest_sheet(rack.pk)
        if last is not None and last.picture == picture:
            return last
        code = "".join(secrets.choice(SIGNS) for _ in range(8))
        return PaperSheet.objects.create(
            code=code, rack=rack, version=last.version + 1 if last else 1, picture=picture, rendered_at=at
        )


def latest_sheet(rack_id: int) -> PaperSheet | None:
    return PaperSheet.objects.select_related("rack").filter(rack=rack_id).order_by("-version").first()


def sheet_of(code: str) -> PaperSheet | None:
    sheets = PaperSheet.objects.select_related("rack__carrier", "rack__commodity", "packed_by")
    return sheets.filter(code=code.upper()).first()


def picture_of(rack: Rack) -> list[Row]:
    """Every slot with what its call wants now, as a row of the sheet."""
    wanted = CallComponent.objects.filter(required=True).select_related("part").order_by("pk")
    slots = (
        Slot.objects.filter(rack=rack)
        .select_related("group__call_off__program__line__plant")
        .prefetch_related(Prefetch("group__components", wanted, to_attr="wanted"))
        .order_by("number")
    )
    return [row_of(slot) for slot in slots]


def row_of(slot: Slot) -> Row:
    """One slot. `filled`: packed before the sheet was drawn."""
    group = slot.group
    if group is None:
        return {"slot": slot.number, "group": None}
    call = group.call_off
    parts = [_part(component) for component in _wanted(group) if component.part is not None]
    return {
        "slot": slot.number,
        "group": group.pk,
        "sequence": call.sequence_number,
        "call": call.call_number,
        "vin": (call.vin or call.call_number)[-8:],
        "due": call.required_at.isoformat() if call.required_at else "",
        "parts": parts,
        "open": not group.on_hold and not call.held and call.stage == "FIRM",
        "filled": slot.status == SlotStatus.FILLED,
    }


def _wanted(group: ComponentGroup) -> list[CallComponent]:
    known: list[CallComponent] | None = getattr(group, "wanted", None)
    if known is not None:
        return known
    return list(group.components.filter(required=True).select_related("part").order_by("pk"))


def _part(component: CallComponent) -> Row:
    assert component.part is not None
    return {
        "number": component.part.number,
        "customer": component.customer_part,
        "colour": component.part.description,
        "count": component.quantity,
        "label": component.part.trace in {Part.Trace.SERIAL, Part.Trace.LOT},
    }


def document_of(sheet: PaperSheet, *, printed: datetime | None = None) -> Document:
    """The pages of a sheet, in the plant's language whoever asks."""
    with speaking_on_paper():
        return _document_of(sheet, printed)


def _document_of(sheet: PaperSheet, printed: datetime | None) -> Document:
    rack = sheet.rack
    line = rack.commodity.program.line
    lines = []
    for row in sheet.picture:
        if row["group"] is None:
            lines.append(PaperLine(str(row["slot"]), empty=gettext("nothing called")))
            continue
        due, there = ("", "")
        if row["due"]:
            due, there = on_both(datetime.fromisoformat(row["due"]), line.plant.time_zone, day=True)
        why = (
            gettext("packed before") if row["filled"] else "" if row["open"] else gettext("held: leave empty")
        )
        lines.append(
            PaperLine(
                slot=str(row["slot"]), sequence=row["sequence"], vin=row["vin"], due=due, due_oem=there,
                empty=why,
                parts=tuple(_said(part) for part in row["parts"]),
                colours=tuple(part["colour"] for part in row["parts"]),
                label=any(part["label"] for part in row["parts"]),
            )
        )  # fmt: skip
    sequences = [row["sequence"] for row in sheet.picture if row["group"] is not None]
    paper = PaperRack(
        code=sheet.code, rack=rack.number, version=sheet.version, line=line.name, plant=line.plant.name,
        commodity=rack.commodity.name, carrier=rack.carrier.code if rack.carrier else "",
        low=sequences[0] if sequences else "", high=sequences[-1] if sequences else "", lines=tuple(lines),
        drawn=our_clock(sheet.rendered_at, day=True),
    )  # fmt: skip
    return paper_rack(paper, our_clock(printed or sheet.rendered_at, day=True), gettext)


def _said(part: Row) -> str:
    number = part["customer"] or part["number"]
    return f"{part['count']} x {number}" if part["count"] > 1 else number


def pdf_of(sheets: list[PaperSheet], *, printed: datetime | None = None) -> bytes:
    """One sheet, or all in the order to build."""
    documents = [document_of(sheet, printed=printed) for sheet in sheets]
    pages = tuple(page for document in documents for page in document.pages)
    return pdf.render(Document(documents[0].title if len(documents) == 1 else "Paper mode", pages))
