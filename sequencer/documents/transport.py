"""Transport labels by the standards: AIAG B-10, Odette OTL, VDA 4902 and the Global Transport Label (VDA 4994).

Fields, data identifiers and symbologies follow what is public of these standards; `docs/labels.md` says what was
not held against the paid texts. Empty fields keep their place, so that a goods-in clerk finds each where he is
used to it.
"""

from __future__ import annotations

from sequencer.documents.elements import Align, Box, Code, Document, Element, Page, Symbol, Text
from sequencer.documents.envelope import MASTER, MIXED, PIECE, envelope
from sequencer.documents.facts import Transport
from sequencer.documents.symbols import COARSE
from sequencer.documents.symbols import size as size_of

A5 = (210.0, 148.0)
# 0.25 mm is two dots at 203 dpi and three at 300, the narrowest bar the standards let through a goods-in scanner.
NARROW = 0.25
QUIET = 10 * NARROW
# Bars a receiver can do without: too long a number stands in letters only.
OPTIONAL = frozenset({"30S", "H"})


def identifier(load: Transport) -> str:
    """Which kind of licence plate: a single piece, like parts, or unlike parts."""
    return PIECE if load.single else MIXED if load.mixed else MASTER


def plate_text(plate: str) -> str:
    """In groups of four from the right side of the agency: what is read out over a telephone."""
    head, rest = plate[:2], plate[2:]
    return " ".join([head, *(rest[i : i + 4] for i in range(0, len(rest), 4))])


def gtl_data(load: Transport, plate: str) -> str:
    """The Data Matrix of a GTL: one scan instead of six."""
    return envelope(
        [
            ("12P", "GTL3"),
            (identifier(load), plate),
            ("2L", load.to_code),
            ("21L", load.dock),
            ("20L", load.line),
            ("V", load.supplier),
            ("P", "" if load.mixed else load.part),
            ("1P", "" if load.mixed else load.supplier_part),
            ("Q", str(load.quantity) if load.quantity else ""),
            ("3Q", load.unit if load.quantity else ""),
            ("2P", load.engineering),
            ("1T", load.batch),
            ("16D", load.date),
            ("2S", load.advice),
            ("4L", load.country),
            ("7Q", f"{load.gross_kg}GT" if load.gross_kg else ""),
            ("B", load.package_type),
        ]
    )


def gtl_a5(load: Transport, plate: str, key: str) -> Document:
    """210 x 148 mm: the large label for racks and pallets."""
    part = "MIXED LOAD" if load.mixed else load.part
    what = "no single part number" if load.mixed else load.description
    elements: list[Element] = [
        Box(3, 3, 204, 142, 0.4),
        *_cell(3, 3, 66, 24, "Ship from", load.from_name, 5, load.from_address),
        *_cell(69, 3, 76, 24, "Ship to", load.to_name, 5, load.to_code),
        *_cell(145, 3, 62, 24, "Unloading point", load.dock, 12, load.line),
        *_cell(3, 27, 142, 30, "Part number (P)", part, 17, what),
        Text(147, 28, "GTL3", 2.4, bold=True),
        Symbol(155, 33, Code.DATA_MATRIX, gtl_data(load, plate), 0.9),
        *_cell(3, 57, 62, 24, "Quantity (Q)", f"{load.quantity} {load.unit}", 14),
        *_cell(65, 57, 80, 24, "Sequence", _range(load), 13, load.rack),
        *_cell(3, 81, 46, 16, "Shipment (2S)", load.advice, 5.5),
        *_cell(49, 81, 34, 16, "Supplier (V)", load.supplier, 5.5),
        *_cell(83, 81, 36, 16, "Supplier part (1P)", load.supplier_part, 5),
        *_cell(119, 81, 26, 16, "Date (16D)", load.date, 5),
        *_cell(145, 81, 31, 16, "Gross weight", _kg(load.gross_kg), 5),
        *_cell(176, 81, 31, 16, "Origin / batch", " / ".join(filter(None, (load.country, load.batch))), 5),
        Text(6, 99, f"LICENCE PLATE ({identifier(load)})", 2.6),
        Text(90, 98.6, plate_text(plate), 6.5, bold=True, align=Align.RIGHT, width=114),
        Symbol(6 + QUIET, 107, Code.CODE_128, f"{identifier(load)}{plate}", 0.375, 30, room=195),
        *_job(6, 140, 198, key),
    ]
    return Document(f"GTL {plate}", (Page(*A5, tuple(elements)),))


def gtl_small(load: Transport, plate: str, key: str) -> Document:
    """210 x 74 mm: the same for small load carriers with a label holder."""
    part = "MIXED LOAD" if load.mixed else load.part
    elements: list[Element] = [
        Box(2, 2, 206, 70, 0.4),
        *_cell(2, 2, 58, 17, "Ship from", load.from_name, 4, load.from_address),
        *_cell(60, 2, 62, 17, "Ship to", load.to_name, 4, load.to_code),
        *_cell(122, 2, 42, 17, "Unloading point", load.dock, 8, load.line),
        *_cell(2, 19, 120, 18, "Part number (P)", part, 11),
        *_cell(122, 19, 42, 18, "Quantity (Q)", f"{load.quantity} {load.unit}", 8),
        Symbol(168, 4, Code.DATA_MATRIX, gtl_data(load, plate), 0.75),
        *_cell(2, 37, 44, 12, "Shipment (2S)", load.advice, 4.5),
        *_cell(46, 37, 30, 12, "Supplier (V)", load.supplier, 4.5),
        *_cell(76, 37, 46, 12, "Sequence", _range(load), 4.5),
        *_cell(122, 37, 42, 12, "Date (16D)", load.date, 4.5),
        Text(4, 50, f"({identifier(load)}) {plate_text(plate)}", 4.5, bold=True, width=120),
        Symbol(4 + QUIET, 55.5, Code.CODE_128, f"{identifier(load)}{plate}", 0.375, 12.5, room=160),
        *_job(4, 68.6, 200, key),
    ]
    return Document(f"GTL {plate}", (Page(210, 74, tuple(elements)),))


def package_number(plate: str) -> str:
    """OTL and VDA 4902 number packages with nine digits of the supplier; ours are the last nine of the plate."""
    digits = "".join(letter for letter in plate if letter.isdigit())
    return digits[-9:].rjust(9, "0")


def odette(load: Transport, plate: str, key: str) -> Document:
    """Odette transport label: sixteen numbered areas, Code 39, letter S, M or G before the package number."""
    return _sixteen(load, plate, key, ODETTE_WORDS, "ODETTE OTL")


def vda_4902(load: Transport, plate: str, key: str) -> Document:
    """VDA 4902: the Odette areas under their German names."""
    return _sixteen(load, plate, key, VDA_WORDS, "VDA 4902")


ODETTE_WORDS = (
    "Receiver", "Dock / gate", "Advice note no. (N)", "Supplier address", "Net weight", "Gross weight", "No. of boxes",
    "Part no. (P)", "Quantity (Q)", "Description", "Supplier part number (30S)", "Supplier (V)", "Date",
    "Engineering change", "Serial no.", "Batch no. (H)",
)  # fmt: skip
VDA_WORDS = (
    "Warenempfänger", "Abladestelle - Lagerort - Verwendungsschlüssel", "Lieferschein-Nr. (N)",
    "Lieferantenanschrift (Kurzname, Werk, PLZ, Ort)", "Gewicht netto", "Gewicht brutto", "Anzahl Packstücke",
    "Sach-Nr. Kunde (P)", "Füllmenge (Q)", "Bezeichnung Lieferung, Leistung", "Sach-Nr. Lieferant (30S)",
    "Lieferanten-Nr. (V)", "Datum", "Änderungsstand Konstruktion", "Packstück-Nr.", "Chargen-Nr. (H)",
)  # fmt: skip


def _sixteen(load: Transport, plate: str, key: str, words: tuple[str, ...], name: str) -> Document:
    letter = "S" if load.single else "G" if load.mixed else "M"
    package = package_number(plate)
    part = "MIXED" if load.mixed else load.part
    named = tuple(f"({number}) {word}" for number, word in enumerate(words, 1))
    elements: list[Element] = [
        Box(3, 3, 204, 142, 0.4),
        *_cell(3, 3, 102, 23, named[0], load.to_name, 6, load.to_code),
        *_cell(105, 3, 102, 23, named[1], " ".join(filter(None, (load.dock, load.line))), 12),
        *_coded(3, 26, 102, 24, named[2], load.advice, "N"),
        *_cell(105, 26, 102, 12, named[3], f"{load.from_name}, {load.from_address}".strip(", "), 4),
        *_cell(105, 38, 34, 12, named[4], _kg(load.net_kg), 5),
        *_cell(139, 38, 34, 12, named[5], _kg(load.gross_kg), 5),
        *_cell(173, 38, 34, 12, named[6], str(load.packages), 5),
        *_coded(3, 50, 204, 30, named[7], part, "" if load.mixed else "P", 13),
        *_coded(3, 80, 84, 24, named[8], str(load.quantity) if load.quantity else "", "Q", 10),
        *_cell(87, 80, 120, 12, named[9], "mixed load" if load.mixed else load.description, 5),
        *_coded(87, 92, 120, 20, named[10], "" if load.mixed else load.supplier_part, "30S", 5),
        *_coded(3, 104, 84, 20, named[11], load.supplier, "V", 5),
        *_cell(87, 112, 44, 12, named[12], f"D{load.date[2:]}" if load.date else "", 5),
        *_cell(131, 112, 76, 12, named[13], load.engineering, 5),
        *_coded(3, 124, 114, 21, f"{named[14]} ({letter})", package, letter, 5),
        *_coded(117, 124, 90, 21, named[15], load.batch, "H", 5),
        *_job(5, 141.6, 110, f"{key}  {name}" if key else name),
    ]
    return Document(f"{name} {package}", (Page(*A5, tuple(elements)),))


def aiag(load: Transport, plate: str, key: str) -> Document:
    """AIAG B-10, 4 x 6 in: building blocks with Code 39, the licence plate in Code 128, everything in a PDF417."""
    part = "MIXED LOAD" if load.mixed else load.part
    plate_word = "MIXED" if load.mixed else "UNIT" if load.single else "MASTER"
    elements: list[Element] = [
        *_cell(1, 1, 50, 19, "From", load.from_name, 4, load.from_address),
        *_cell(51, 1, 50, 19, "To", load.to_name, 4, load.to_code),
        *_coded(1, 20, 100, 25, "Part # cust (P)", part, "" if load.mixed else "P", 8, 12),
        *_coded(1, 45, 38, 22, "Quantity (Q)", str(load.quantity) if load.quantity else "", "Q", 7, 9.5),
        *_coded(39, 45, 62, 22, "Supplier ID (V)", load.supplier, "V", 7, 9.5),
        *_cell(1, 67, 50, 11, "Description", "mixed load" if load.mixed else load.description, 4),
        *_cell(51, 67, 50, 11, "PLT / dock", " ".join(filter(None, (load.to_code, load.dock))), 5.5),
        *_cell(1, 78, 34, 10, "Shipment (2S)", load.advice, 4),
        *_cell(35, 78, 33, 10, "Sequence", _range(load), 4),
        *_cell(68, 78, 33, 10, "Date / origin", " ".join(filter(None, (load.date, load.country))), 4),
        Box(1, 88, 100, 32, 0.3),
        Text(2, 88.8, f"LICENSE PLATE {plate_word} ({identifier(load)})", 2.2),
        Text(2, 91.3, plate_text(plate), 5, bold=True, width=97),
        Symbol(2 + QUIET, 98, Code.CODE_128, f"{identifier(load)}{plate}", NARROW, 20, room=94),
        Box(1, 120, 100, 31, 0.3),
        Symbol(6, 122.5, Code.PDF_417, aiag_data(load, plate), NARROW, columns=11, room=92),
        *_job(2, 147.8, 98, key),
    ]
    return Document(f"AIAG B-10 {plate}", (Page(102, 152, tuple(elements)),))


def aiag_data(load: Transport, plate: str) -> str:
    """The PDF417 of a B-10: what the blocks above it say."""
    return envelope(
        [
            ("P", "" if load.mixed else load.part),
            ("Q", str(load.quantity) if load.quantity else ""),
            ("V", load.supplier),
            (identifier(load), plate),
            ("2L", load.to_code),
            ("21L", load.dock),
            ("2S", load.advice),
            ("1P", "" if load.mixed else load.supplier_part),
            ("16D", load.date),
            ("4L", load.country),
            ("1T", load.batch),
        ]
    )


def _cell(
    x: float, y: float, width: float, height: float, title: str, value: str, size: float, below: str = ""
) -> list[Element]:
    """A framed field: its name small, its value large, a second line where one is asked."""
    found: list[Element] = [
        Box(x, y, width, height, 0.3),
        Text(x + 1.2, y + 0.8, title.upper(), 2.2, width=width - 2.4),
        Text(x + 1.2, y + 3.4, value, size, bold=True, width=width - 2.4),
    ]
    if below:
        found.append(Text(x + 1.2, y + 4 + size, below, min(size, 4.5), width=width - 2.4))
    return found


def _coded(
    x: float,
    y: float,
    width: float,
    height: float,
    title: str,
    value: str,
    letter: str,
    size: float = 6,
    bars: float = 0.0,
) -> list[Element]:
    """A field whose value stands in Code 39 under it, behind its data identifier."""
    found = _cell(x, y, width, height, title, value, size)
    if value and letter:
        top = y + 4.2 + size
        high = bars or height - 5.4 - size
        room = width - 2 * QUIET
        symbol = Symbol(x + QUIET, top, Code.CODE_39, f"{letter}{value}", NARROW, high, room=room)
        if letter not in OPTIONAL or size_of(symbol, COARSE)[0] <= room:
            found.append(symbol)
    return found


def _range(load: Transport) -> str:
    return load.low if load.low == load.high else f"{load.low} – {load.high}"


def _kg(weight: str) -> str:
    return f"{weight} kg" if weight else ""


def _job(x: float, y: float, width: float, key: str) -> list[Element]:
    return [Text(x, y, f"job {key}", 2.2, align=Align.RIGHT, width=width)] if key else []
