"""The plant's own labels: part, sequence, rack and NOK."""

from __future__ import annotations

from sequencer.documents.elements import Align, Box, Code, Document, Element, Symbol, Text, line, single
from sequencer.documents.envelope import envelope, marked
from sequencer.documents.facts import Piece, RackPaper

# 0.375 mm is three dots at 203 dpi, four or five at 300: read at arm's length by any hand scanner.
CELL = 0.375
BAR = 0.25


def piece_data(piece: Piece, number: str) -> str:
    """What the Data Matrix on a piece says: customer part (P), ours (1P), serial (S) and the label's own number (Z)."""
    return envelope(
        [("P", piece.customer_part or piece.part), ("1P", piece.part), ("S", piece.serial), ("Z", number)]
    )


def part_small(piece: Piece, number: str, key: str) -> Document:
    """50 x 25 mm: the Data Matrix and what a person needs to match it."""
    shown = piece.customer_part or piece.part
    elements: list[Element] = [
        Symbol(2.5, 2.5, Code.DATA_MATRIX, piece_data(piece, number), CELL),
        Text(18, 2, shown, 5.2, bold=True, width=30),
        Text(18, 7.8, piece.description, 3.2, width=30),
        Text(18, 11.6, f"S/N {piece.serial}" if piece.serial else piece.part, 3.4, bold=True, width=30),
        *_foot(2.5, 20.8, 45, number, key),
    ]
    return single(f"Part {shown}", 50, 25, elements)


def part_large(piece: Piece, number: str, key: str) -> Document:
    """102 x 51 mm, 4 x 2 in: readable from the aisle."""
    shown = piece.customer_part or piece.part
    elements: list[Element] = [
        Text(4, 3, shown, 11, bold=True, width=94),
        Text(4, 15, piece.description, 5.5, width=68),
        *_field(4, 22, 33, "Our part", piece.part),
        *_field(38, 22, 34, "Serial (S)", piece.serial or "none"),
        *_field(4, 33, 68, "Supplier", piece.supplier),
        Symbol(76, 17, Code.DATA_MATRIX, piece_data(piece, number), 0.625),
        *_foot(4, 46, 94, number, key),
    ]
    return single(f"Part {shown}", 102, 51, elements)


def sequence(piece: Piece, number: str, key: str) -> Document:
    """102 x 51 mm: the sequence number is what hands look for."""
    elements: list[Element] = [
        Text(4, 2, piece.sequence, 23, bold=True, width=66),
        Text(4, 25, piece.customer_part or piece.part, 7.5, bold=True, width=68),
        Text(4, 33, piece.description, 4.8, width=68),
        Text(4, 38.6, " · ".join(filter(None, (piece.vin or piece.call_number, piece.line))), 3.8, width=68),
        Text(74, 2, "RACK / SLOT", 2.4, width=25),
        Text(74, 4.8, piece.rack, 5, bold=True, width=25),
        Text(74, 10, piece.slot, 8, bold=True, width=25),
        Symbol(76, 20, Code.DATA_MATRIX, piece_data(piece, number), 0.625),
        *_foot(4, 46, 94, number, key),
    ]
    return single(f"Sequence {piece.sequence}", 102, 51, elements)


def rack(paper: RackPaper, number: str, key: str) -> Document:
    """102 x 152 mm, 4 x 6 in: low and high sequence number, plant, line, dock; its code stages the rack."""
    code = marked(f"%R:{paper.carrier}", number) if paper.carrier else ""
    elements: list[Element] = [
        Text(4, 3, "SEQUENCE", 3),
        Text(4, 6, f"{paper.low} – {paper.high}", 18, bold=True, width=94),
        line(4, 26, width=94),
        Text(4, 28, "RACK", 3),
        Text(4, 31, paper.rack, 11, bold=True, width=94),
        line(4, 44, width=94),
        *_field(4, 46, 46, "Plant", f"{paper.plant_code} {paper.plant}".strip()),
        *_field(52, 46, 46, "Line", f"{paper.line_code} {paper.line}".strip()),
        *_field(4, 57, 46, "Dock", paper.dock, 9),
        *_field(52, 57, 46, "Truck / place", " / ".join(filter(None, (paper.shipment, paper.place))), 7),
        *_field(4, 71, 46, "Commodity", paper.commodity),
        *_field(52, 71, 22, "Filled", f"{paper.filled} of {paper.slots}"),
        *_field(76, 71, 22, "Leaves", paper.leaves),
        line(4, 83, width=94),
        *_holes(paper),
    ]
    if paper.leaves_oem:
        elements.append(Text(76, 79, f"OEM {paper.leaves_oem}", 3, width=22))
    if code:
        elements += [
            Symbol(4 + 2.5, 98, Code.CODE_128, code, BAR, 20, room=92),
            Text(4, 119, f"carrier {paper.carrier}", 4, width=60),
            Symbol(76, 122, Code.DATA_MATRIX, code, 0.75),
        ]
    elements += _field(4, 126, 60, "Sealed", paper.sealed or "NOT SEALED")
    elements += _foot(4, 146, 94, number, key)
    return single(f"Rack {paper.rack}", 102, 152, elements)


def _holes(paper: RackPaper) -> list[Element]:
    """A rack that goes with a hole says so where the OEM's hands see it."""
    if not paper.holes:
        return [Text(4, 86, f"loaded {paper.build_order}", 4, width=94)]
    words = ", ".join(paper.holes)
    return [
        Box(4, 85, 94, 9, filled=True),
        Text(6, 86.5, f"HOLE AT {words}", 6, bold=True, width=90, white=True),
    ]


def nok(piece: Piece, number: str, key: str) -> Document:
    """102 x 51 mm: black where a good label is white."""
    elements: list[Element] = [
        Box(0, 0, 102, 18, filled=True),
        Text(4, 1.5, "NOK", 15, bold=True, white=True, width=40),
        Text(44, 6, "DO NOT USE", 7, bold=True, white=True, align=Align.RIGHT, width=54),
        Text(4, 20, piece.reason, 7, bold=True, width=68),
        Text(4, 28.5, piece.customer_part or piece.part, 5, bold=True, width=68),
        Text(4, 34, f"S/N {piece.serial}" if piece.serial else piece.description, 4.4, width=68),
        Text(4, 39.5, " · ".join(filter(None, (f"seq {piece.sequence}" if piece.sequence else "", piece.by, piece.at))),
             3.6, width=68),
        Symbol(76, 21, Code.DATA_MATRIX, piece_data(piece, number), 0.625),
        *_foot(4, 46, 94, number, key),
    ]  # fmt: skip
    return single(f"NOK {piece.part}", 102, 51, elements)


def _field(x: float, y: float, width: float, title: str, value: str, size: float = 5) -> list[Element]:
    return [
        Text(x, y, title.upper(), 2.4, width=width),
        Text(x, y + 2.8, value, size, bold=True, width=width),
    ]


def _foot(x: float, y: float, width: float, number: str, key: str) -> list[Element]:
    """The label's number and the job it came from: the same job twice on the floor is one label printed twice."""
    return [
        Text(x, y, number, 2.6, width=width / 2),
        Text(x + width / 2, y, f"job {key}" if key else "", 2.6, align=Align.RIGHT, width=width / 2),
    ]
