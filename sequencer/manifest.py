"""Paper: the manifest on a rack and the sheet of barcodes at a station. Only this module knows reportlab."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from io import BytesIO

from django.utils import timezone
from reportlab.graphics.barcode.code128 import Code128
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from inventory.errors import Unknown
from sequencer.models import Badge, CallComponent, Rack, Slot, Station
from sequencer.states import SlotStatus

PACK_COMMANDS = ("SEAL", "MISSING", "RETURN", "BACK", "SUPERVISOR", "CHANGE-OPERATOR")
DOCK_COMMANDS = ("DEPART", "SHORT", "BACK", "SUPERVISOR", "CHANGE-OPERATOR")
REASONS = ("EMPTY-BIN", "DAMAGED", "WRONG-DELIVERY", "QUALITY")
HINTS = {
    "SEAL": "the rack is full",
    "MISSING": "the part is not there; then a reason",
    "RETURN": "hangs on the return bin: the wrong part lies in it",
    "BACK": "out of a command",
    "SUPERVISOR": "then badge and PIN",
    "CHANGE-OPERATOR": "then the new badge",
    "DEPART": "the truck leaves, the ASN goes",
    "SHORT": "leave racks behind; needs a supervisor",
}
PEOPLE = {Station.Kind.PACK: ("operator", "supervisor"), Station.Kind.DOCK: ("logistics", "supervisor")}

GREY, HAIR = HexColor("#59636d"), HexColor("#c8ced4")
MARGIN = 14 * mm
# 0.33 mm a module: read at arm's length by any hand scanner, and the longest command still fits its column.
MODULE = 0.33 * mm

SMALL = ParagraphStyle("small", fontName="Helvetica", fontSize=8.5, leading=10.5, textColor=GREY)
CELL = ParagraphStyle("cell", fontName="Helvetica", fontSize=9.5, leading=11.5)
STRONG = ParagraphStyle("strong", parent=CELL, fontName="Helvetica-Bold", fontSize=11, leading=13)
TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=15, leading=18)
WORD = ParagraphStyle("word", fontName="Helvetica-Bold", fontSize=14, leading=17)


@dataclass(frozen=True, slots=True)
class Paper:
    """A printed page and the number it goes by."""

    number: str
    content: bytes


def rack_manifest(rack_id: int, *, at: datetime) -> Paper:
    """The manifest of one rack as it stands now. Refuses (`Unknown`) a rack that does not exist."""
    rack = (
        Rack.objects.select_related(
            "carrier", "shipment", "commodity__rack_type", "commodity__program__line__plant",
            "commodity__program__unloading_point", "commodity__program__stream",
        )
        .filter(pk=rack_id)
        .first()
    )  # fmt: skip
    if rack is None:
        raise Unknown("no_rack", f"there is no rack {rack_id}")
    story = [_manifest_head(rack), Spacer(1, 5 * mm), _slot_table(rack)]
    return Paper(rack.number, _document(story, f"Rack {rack.number}", at))


def _manifest_head(rack: Rack) -> Flowable:
    """Rack number and sequence range to be read from a fork-lift; the code is the carrier's own.

    The rack's own number stands in letters only: scanned as a bare code it would be judged as a part.
    """
    program, counter = rack.commodity.program, rack.commodity.program.stream.counter
    low, high = counter.text(rack.low_position), counter.text(rack.high_position)
    point = program.unloading_point
    left = [
        _Big(f"{low} – {high}", 44),
        _Big(rack.number, 28),
        Spacer(1, 2 * mm),
        _text(f"{program.line.plant.name} · {program.line.name} · dock {point.code}", STRONG),
        _text(f"{rack.commodity.name} · loaded {rack.commodity.rack_type.build_order.lower()}", CELL),
        _text(_journey(rack), CELL),
    ]
    if rack.carrier is None:
        return Table([[left]], colWidths=[A4[0] - 2 * MARGIN])
    code = f"%R:{rack.carrier.code}"
    right = [_qr(code, 34 * mm), _bars(code, 13 * mm), _text(f"carrier {rack.carrier.code}", SMALL)]
    table = Table([[left, right]], colWidths=[108 * mm, A4[0] - 2 * MARGIN - 108 * mm])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)]))
    return table


def _journey(rack: Rack) -> str:
    sealed = f"sealed {_clock(rack.sealed_at)}" if rack.sealed_at else "NOT SEALED YET"
    if rack.shipment is None:
        return sealed
    place = f", place {rack.load_position}" if rack.load_position else ""
    return f"{sealed} · {rack.shipment.number}{place}, leaves {_clock(rack.shipment.leaves_at)}"


def _clock(at: datetime) -> str:
    return timezone.localtime(at).strftime("%d.%m. %H:%M")


def _slot_table(rack: Rack) -> Flowable:
    head = ["Slot", "Sequence", "Vehicle", "Part", "Serial"]
    rows: list[list[object]] = [[Paragraph(word, SMALL) for word in head]]
    slots = (
        rack.slots.select_related("group__call_off")
        .prefetch_related("group__components__part", "group__units__part")
        .order_by("number")
    )
    counter = rack.commodity.program.stream.counter
    for slot in slots:
        sequence = counter.text(slot.position) if slot.position is not None else ""
        rows.append([Paragraph(str(slot.number), STRONG), *_slot_cells(slot, sequence)])
    table = Table(rows, colWidths=[13 * mm, 28 * mm, 42 * mm, 63 * mm, 36 * mm], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, HAIR),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def _slot_cells(slot: Slot, sequence: str) -> list[Flowable]:
    """What stands in the slot; an empty one says why in capitals, so that nobody reads it as packed."""
    group = slot.group
    said = group.call_off.sequence_number if group else sequence
    if group is None or slot.status != SlotStatus.FILLED:
        why = " · ".join(filter(None, (slot.status, slot.reason)))
        return [_text(said, STRONG), _text(""), _text(why, STRONG), _text("")]
    call = group.call_off
    parts = [c for c in group.components.all() if c.required]
    named = "<br/>".join(_named(c) for c in parts)
    serials = "\n".join(unit.serial for unit in group.units.all() if unit.serial)
    return [
        _text(said, STRONG),
        _text(call.vin or call.call_number),
        Paragraph(named, CELL),
        _text(serials or "–"),
    ]


def _named(component: CallComponent) -> str:
    description = component.part.description if component.part else ""
    return f"<b>{escape(component.customer_part)}</b> {escape(description)}"


def _text(text: str, style: ParagraphStyle = CELL) -> Paragraph:
    """Plain text: master data may hold an ampersand."""
    return Paragraph(escape(text).replace("\n", "<br/>"), style)


def command_sheet(station: Station) -> bytes:
    """Every command, reason, slot and badge that is scanned at this station, as barcodes to laminate."""
    dock = station.kind == Station.Kind.DOCK
    words = DOCK_COMMANDS if dock else PACK_COMMANDS
    story: list[Flowable] = [*_section("Commands", [_label(w, f"%C:{w}", HINTS[w]) for w in words])]
    if not dock:
        story += _section("Why a part is missing", [_label(w, f"%M:{w}", "after MISSING") for w in REASONS])
        story += _section("Slots", [_label(f"SLOT {n}", f"%L:{n}", "") for n in _slot_numbers(station)])
    story += _section("Badges", list(_badges(station)))
    return _document(story, f"{station.code} · {station.name}", timezone.now())


def _slot_numbers(station: Station) -> range:
    return range(1, station.commodity.rack_type.capacity + 1) if station.commodity else range(0)


def _badges(station: Station) -> Iterator[list[Flowable]]:
    groups = PEOPLE[Station.Kind(station.kind)]
    badges = Badge.objects.filter(active=True, user__is_active=True, user__groups__name__in=groups)
    for badge in badges.select_related("user").distinct().order_by("code"):
        yield _label(badge.user.get_full_name() or badge.user.get_username(), f"%B:{badge.code}", "badge")


def _label(word: str, code: str, hint: str) -> list[Flowable]:
    return [_text(word.replace("-", " "), WORD), _bars(code, 15 * mm), _text(f"{code}  {hint}", SMALL)]


def _section(title: str, labels: list[list[Flowable]]) -> list[Flowable]:
    """Two labels a row; the title stays with its first row."""
    if not labels:
        return []
    width = (A4[0] - 2 * MARGIN) / 2
    rows = [_row(labels[i : i + 2], width) for i in range(0, len(labels), 2)]
    head = KeepTogether([_text(title, TITLE), Spacer(1, 2 * mm), rows[0]])
    return [head, *rows[1:], Spacer(1, 5 * mm)]


def _row(labels: list[list[Flowable]], width: float) -> Table:
    table = Table([[*labels, *[""] * (2 - len(labels))]], colWidths=[width, width])
    table.setStyle(
        TableStyle(
            [
                ("BOX", (0, 0), (-1, -1), 0.4, HAIR),
                ("INNERGRID", (0, 0), (-1, -1), 0.4, HAIR),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
            ]
        )
    )
    return table


def _bars(code: str, height: float) -> Flowable:
    quiet = 10 * MODULE
    return Code128(code, barHeight=height, barWidth=MODULE, quiet=True, lquiet=quiet, rquiet=quiet)


def _qr(code: str, size: float) -> Drawing:
    widget = QrCodeWidget(code, barLevel="M")
    left, bottom, right, top = widget.getBounds()
    scale = size / max(right - left, top - bottom)
    drawing = Drawing(size, size, transform=[scale, 0, 0, scale, 0, 0])
    drawing.add(widget)
    return drawing


class _Big(Flowable):
    """One line as large as asked, smaller only when it would not fit."""

    def __init__(self, text: str, size: float) -> None:
        super().__init__()
        self.text, self.size = text, size

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        while self.size > 8 and stringWidth(self.text, "Helvetica-Bold", self.size) > width:
            self.size -= 1
        return width, self.size * 1.2

    def draw(self) -> None:
        self.canv.setFont("Helvetica-Bold", self.size)
        self.canv.setFillColor(black)
        self.canv.drawString(0, self.size * 0.25, self.text)


def _document(story: list[Flowable], title: str, at: datetime) -> bytes:
    """The finished PDF, every page with its title, print time and number."""
    content = BytesIO()

    def foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(GREY)
        canvas.drawString(MARGIN, 9 * mm, f"{title} · printed {_clock(at)}")
        canvas.drawRightString(A4[0] - MARGIN, 9 * mm, f"page {document.page}")

    SimpleDocTemplate(
        content, pagesize=A4, title=title, author="jis-sequencer",
        leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=16 * mm,
    ).build(story, onFirstPage=foot, onLaterPages=foot)  # fmt: skip
    return content.getvalue()
