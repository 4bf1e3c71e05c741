"""Sheets of paper: the manifest on a rack, the bill of lading, barcodes to laminate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sequencer.documents.elements import Align, Box, Code, Document, Element, Page, Symbol, Text, line
from sequencer.documents.envelope import marked
from sequencer.documents.facts import (
    Card,
    Lading,
    Manifest,
    PaperLine,
    PaperRack,
    RackPaper,
    Section,
    Sheet,
    SlotLine,
)
from sequencer.marks import gettext_noop

Say = Callable[[str], str]

A4 = (210.0, 297.0)
MARGIN = 14.0
INSIDE = A4[0] - 2 * MARGIN
BOTTOM = A4[1] - 18.0
# 0.33 mm a module: read at arm's length by any hand scanner, and the longest command still fits its column.
MODULE = 0.3387
QUIET = 10 * MODULE


@dataclass(slots=True)
class Flow:
    """Pages filled from the top; `need` begins a new one when the next block would not fit. `say`: translates."""

    say: Say
    y: float = MARGIN
    pages: list[list[Element]] = field(default_factory=lambda: [[]])

    def need(self, height: float) -> bool:
        """True when a page was begun."""
        if self.y + height <= BOTTOM:
            return False
        self.pages.append([])
        self.y = MARGIN
        return True

    def add(self, *elements: Element) -> None:
        self.pages[-1].extend(elements)

    def document(self, title: str, printed: str, number: str, key: str) -> Document:
        """Every page ends with what it is, when it was printed, its number and how many there are."""
        when = self.say("printed %(time)s") % {"time": printed} if printed else ""
        about = " · ".join(
            filter(None, (title, when, number, self.say("job %(key)s") % {"key": key} if key else ""))
        )
        return Document(
            title,
            tuple(
                Page(*A4, (*elements, *self._foot(about, place)))
                for place, elements in enumerate(self.pages, 1)
            ),
        )

    def _foot(self, about: str, place: int) -> list[Element]:
        page = self.say("page %(page)s of %(pages)s") % {"page": place, "pages": len(self.pages)}
        return [
            line(MARGIN, 284, width=INSIDE, thickness=0.15),
            Text(MARGIN, 286, about, 3, width=INSIDE - 25),
            Text(A4[0] - MARGIN - 24, 286, page, 3, align=Align.RIGHT, width=24),
        ]

    def head(self, columns: Sequence[tuple[str, float]]) -> None:
        """The names of a table's columns and the line under them."""
        x = MARGIN
        for word, width in columns:
            self.add(Text(x + 0.6, self.y, self.say(word) if word else "", 2.6, width=width - 1.2))
            x += width
        self.y += 4.4
        self.add(line(MARGIN, self.y, width=INSIDE, thickness=0.3))


COLUMNS = (
    (gettext_noop("SLOT"), 14.0), (gettext_noop("SEQUENCE"), 28.0), (gettext_noop("VEHICLE"), 42.0),
    (gettext_noop("PART"), 64.0), (gettext_noop("SERIAL"), 34.0),
)  # fmt: skip


def manifest(paper: Manifest, number: str, key: str, printed: str, say: Say = str) -> Document:
    """One rack: its range to be read from a fork-lift, its carrier's code, every slot.

    The rack's own number stands in letters only: scanned as a bare code it would be judged as a part.
    """
    flow = Flow(say)
    _manifest_head(flow, paper.rack, number)
    flow.head(COLUMNS)
    for row in paper.lines:
        high = 7.0 + 4.2 * max(0, max(len(row.parts), len(row.serials)) - 1)
        if flow.need(high):
            flow.head(COLUMNS)
        flow.add(*_slot(flow.y, row))
        flow.y += high
        flow.add(line(MARGIN, flow.y, width=INSIDE, thickness=0.15))
    return flow.document(say("Rack %(rack)s") % {"rack": paper.rack.rack}, printed, number, key)


def _manifest_head(flow: Flow, rack: RackPaper, number: str) -> None:
    wide = 108.0 if rack.carrier else INSIDE
    say = flow.say
    sealed = say("sealed %(time)s") % {"time": rack.sealed} if rack.sealed else say("NOT SEALED YET")
    leaves = f"{rack.leaves} (OEM {rack.leaves_oem})" if rack.leaves_oem else rack.leaves
    truck = [rack.shipment, say("place %(place)s") % {"place": rack.place} if rack.place else ""]
    truck.append(say("leaves %(time)s") % {"time": leaves} if rack.shipment else "")
    loaded = {"forward": say("loaded forward"), "reverse": say("loaded reverse")}.get(rack.build_order, "")
    flow.add(
        Text(MARGIN, 13, f"{rack.low} – {rack.high}", 16, bold=True, width=wide),
        Text(MARGIN, 30, rack.rack, 10, bold=True, width=wide),
        Text(
            MARGIN,
            42,
            " · ".join((rack.plant, rack.line, say("dock %(dock)s") % {"dock": rack.dock})),
            4,
            bold=True,
            width=wide,
        ),
        Text(MARGIN, 47, f"{rack.commodity} · {loaded}", 3.6, width=wide),
        Text(MARGIN, 51.5, sealed, 3.6, width=wide),
        Text(MARGIN, 56, ", ".join(filter(None, truck)), 3.6, width=wide),
    )
    if rack.carrier:
        code = marked(f"%R:{rack.carrier}", number)
        left = MARGIN + 112
        flow.add(
            Symbol(left + 20, 13, Code.QR, code, 1.0),
            Symbol(left + QUIET, 41, Code.CODE_128, code, 0.25, 12, room=INSIDE - 114),
            Text(
                left,
                54,
                say("carrier %(carrier)s") % {"carrier": rack.carrier},
                3.2,
                align=Align.CENTRE,
                width=INSIDE - 112,
            ),
        )
    flow.y = 62


def _slot(y: float, row: SlotLine) -> list[Element]:
    edges = _edges()
    found: list[Element] = [
        Text(edges[0][0], y + 1.2, row.slot, 4.4, bold=True, width=edges[0][1]),
        Text(edges[1][0], y + 1.2, row.sequence, 4.4, bold=True, width=edges[1][1]),
    ]
    if row.empty:
        return [*found, Text(edges[3][0], y + 1.4, row.empty, 4, bold=True, width=edges[3][1])]
    found.append(Text(edges[2][0], y + 1.6, row.vehicle, 3.6, width=edges[2][1]))
    for place, part in enumerate(row.parts):
        found.append(Text(edges[3][0], y + 1.6 + 4.2 * place, part, 3.6, bold=True, width=edges[3][1]))
    for place, serial in enumerate(row.serials or ("–",)):
        found.append(Text(edges[4][0], y + 1.6 + 4.2 * place, serial, 3.6, width=edges[4][1]))
    return found


def _edges() -> list[tuple[float, float]]:
    x, found = MARGIN, []
    for _, width in COLUMNS:
        found.append((x + 0.6, width - 1.6))
        x += width
    return found


ROW_HIGH = 15.0
FIELDS = (
    (gettext_noop("SLOT"), 13.0), (gettext_noop("SEQUENCE"), 27.0), (gettext_noop("PART"), 46.0),
    (gettext_noop("VIN END"), 26.0), (gettext_noop("DONE"), 14.0), (gettext_noop("TO TYPE IN"), 50.0),
)  # fmt: skip


def paper_rack(paper: PaperRack, printed: str, say: Say = str) -> Document:
    """One rack to pack by paper: what goes where, a box to tick, and a code a row to type it in afterwards."""
    flow = Flow(say)
    head = f"%W:{paper.code}"
    flow.add(
        Box(MARGIN, 13, 108, 6.5, filled=True),
        Text(
            MARGIN + 2,
            13.8,
            say("PAPER MODE: only while the server is away"),
            4.4,
            bold=True,
            white=True,
            width=104,
        ),
        Text(MARGIN, 21, f"{paper.low} – {paper.high}", 13, bold=True, width=108),
        Text(
            MARGIN,
            36,
            f"{paper.rack}  " + say("version %(version)s") % {"version": paper.version},
            8,
            bold=True,
            width=108,
        ),
        Text(MARGIN, 46, f"{paper.plant} · {paper.line} · {paper.commodity}", 4, width=108),
        Text(MARGIN, 51, say("calls as of %(time)s") % {"time": paper.drawn}, 4, bold=True, width=108),
        Symbol(MARGIN + 112 + 22, 13, Code.QR, head, 1.0),
        Symbol(MARGIN + 112 + QUIET, 41, Code.CODE_128, head, MODULE, 12, room=INSIDE - 114),
        Text(
            MARGIN + 112,
            54,
            say("sheet %(sheet)s") % {"sheet": paper.code},
            3.4,
            align=Align.CENTRE,
            width=INSIDE - 112,
        ),
        *_write(MARGIN, 60, 58, say("Packed by (name, badge)")),
        *_write(MARGIN + 62, 60, 58, say("Rack (label)"), paper.carrier),
        *_write(MARGIN + 124, 60, INSIDE - 124, say("From – to (time)")),
    )
    flow.y = 77
    flow.head(FIELDS)
    for row in paper.lines:
        high = ROW_HIGH + 10.0 * max(0, len(row.parts) - 1)
        if flow.need(high):
            flow.head(FIELDS)
        flow.add(*_paper_row(flow.y, row, paper.code, say))
        flow.y += high
        flow.add(line(MARGIN, flow.y, width=INSIDE, thickness=0.15))
    title = say("Paper %(rack)s v%(version)s") % {"rack": paper.rack, "version": paper.version}
    return flow.document(title, printed, say("sheet %(sheet)s") % {"sheet": paper.code}, "")


def _write(x: float, y: float, width: float, word: str, known: str = "") -> list[Element]:
    """A field for a pen."""
    found: list[Element] = [Text(x, y, word.upper(), 2.6, width=width), Box(x, y + 3.4, width, 10, 0.3)]
    return [*found, Text(x + 2, y + 5.6, known, 5, bold=True, width=width - 4)] if known else found


def _paper_row(y: float, row: PaperLine, code: str, say: Say) -> list[Element]:
    x = [MARGIN]
    for _, width in FIELDS:
        x.append(x[-1] + width)
    found: list[Element] = [
        Text(x[0] + 0.6, y + 2, row.slot, 9, bold=True, width=12),
        Text(x[1] + 0.6, y + (1.2 if row.due_oem else 2), row.sequence, 8, bold=True, width=25.5),
        Text(x[1] + 0.6, y + (9.2 if row.due_oem else 10.4), row.due, 3.2, width=25.5),
    ]
    if row.due_oem:
        found.append(Text(x[1] + 0.6, y + 12.2, f"OEM {row.due_oem}", 2.5, width=25.5))
    for place, part in enumerate(row.parts):
        found.append(Text(x[2] + 0.6, y + 1.6 + 10 * place, part, 5.2, bold=True, width=44.5))
        found.append(Text(x[2] + 0.6, y + 7.4 + 10 * place, row.colours[place], 4.4, width=44.5))
    found.append(Text(x[3] + 0.6, y + 3, row.vin, 4.6, width=25))
    if row.empty:
        return [*found, Text(x[5] + 0.6, y + 3, row.empty.upper(), 5, bold=True, width=48)]
    found.append(Box(x[4] + 2, y + 2.5, 9, 9, 0.4))
    if row.label:
        found.append(Text(x[3] + 0.6, y + 10.4, say("keep its label in reach"), 2.8, width=25))
    return [*found, Symbol(x[5] + QUIET, y + 2, Code.CODE_128, f"%W:{code}:{row.slot}", 0.25, 10, room=50)]


LOAD = (
    (gettext_noop("PLACE"), 16.0), (gettext_noop("RACK"), 34.0), (gettext_noop("CARRIER"), 30.0),
    (gettext_noop("COMMODITY"), 36.0), (gettext_noop("SEQUENCE"), 34.0), (gettext_noop("PIECES"), 14.0),
    (gettext_noop("GROSS KG"), 18.0),
)  # fmt: skip


def lading(paper: Lading, number: str, key: str, printed: str, say: Say = str) -> Document:
    """What the truck carries, in loading order, and who signs for it."""
    flow = Flow(say)
    right = MARGIN + 96
    to = (paper.to_name, f"{paper.to_code} · " + say("dock %(dock)s") % {"dock": paper.dock})
    flow.add(
        Text(MARGIN, 13, say("BILL OF LADING"), 5, bold=True),
        Text(MARGIN, 19, paper.shipment, 13, bold=True, width=92),
        Symbol(right + QUIET, 15, Code.CODE_128, marked(f"%T:{paper.shipment}", number), 0.25, 16, room=82),
        *_block(MARGIN, 38, 88, say("Shipper"), (paper.from_name, paper.from_address)),
        *_block(right, 38, 86, say("Consignee"), to),
        *_block(MARGIN, 58, 40, say("Truck"), (paper.truck or "............",)),
        *_block(MARGIN + 44, 58, 44, say("Seal"), (paper.seal or "............",)),
        *_block(right, 58, 42, say("Leaves"), _both(paper.leaves, paper.leaves_oem)),
        *_block(right + 44, 58, 42, say("Departed"), (paper.departed or say("not yet"),)),
    )
    flow.y = 76
    flow.head(LOAD)
    for row in paper.lines:
        if flow.need(7):
            flow.head(LOAD)
        run = f"{row.low} – {row.high}"
        said = (row.place, row.rack, row.carrier, row.commodity, run, str(row.pieces), row.gross_kg)
        x = MARGIN
        for (_, width), value in zip(LOAD, said, strict=True):
            flow.add(Text(x + 0.6, flow.y + 1.4, value, 4, bold=x == MARGIN, width=width - 1.4))
            x += width
        flow.y += 7
        flow.add(line(MARGIN, flow.y, width=INSIDE, thickness=0.15))
    flow.need(44)
    pieces = sum(row.pieces for row in paper.lines)
    told = [say("racks %(racks)s, pieces %(pieces)s") % {"racks": len(paper.lines), "pieces": pieces}]
    told += [say("net %(kg)s kg") % {"kg": paper.net_kg}] if paper.net_kg else []
    told += [say("gross %(kg)s kg") % {"kg": paper.gross_kg}] if paper.gross_kg else []
    flow.add(Text(MARGIN, flow.y + 3, ", ".join(told), 4.6, bold=True, width=INSIDE))
    for place, word in enumerate(
        (say("Loaded by"), (say("Driver %(name)s") % {"name": paper.driver}).strip(), say("Received by"))
    ):
        x = MARGIN + place * 62
        flow.add(
            line(x, flow.y + 32, width=56, thickness=0.3),
            Text(x, flow.y + 33.5, say("%(who)s, date, signature") % {"who": word}, 3, width=56),
        )
    return flow.document(
        say("Bill of lading %(shipment)s") % {"shipment": paper.shipment}, printed, number, key
    )


def _both(leaves: str, there: str) -> tuple[str, ...]:
    return (leaves, f"OEM {there}") if there else (leaves,)


def _block(x: float, y: float, width: float, title: str, lines: Sequence[str]) -> list[Element]:
    found: list[Element] = [Text(x, y, title.upper(), 2.6, width=width)]
    for place, said in enumerate(lines):
        found.append(Text(x, y + 3.2 + place * 5, said, 4.2, bold=place == 0, width=width))
    return found


CARD_HEIGHT, HEAD_HEIGHT = 34.0, 11.0


def sheet(paper: Sheet, number: str, key: str, printed: str, say: Say = str) -> Document:
    """Barcodes to laminate, as many a row as the section says; a title stays with its first row."""
    flow = Flow(say)
    flow.add(
        Text(MARGIN, MARGIN, paper.title, 8, bold=True, width=INSIDE),
        Text(MARGIN, MARGIN + 9, paper.subtitle, 4, width=INSIDE),
    )
    flow.y = MARGIN + 17
    for section in paper.sections:
        if section.cards:
            _section(flow, section)
    return flow.document(paper.title, printed, number, key)


def _section(flow: Flow, section: Section) -> None:
    flow.need(HEAD_HEIGHT + CARD_HEIGHT)
    flow.add(Text(MARGIN, flow.y, section.title, 5.4, bold=True, width=INSIDE))
    flow.y += HEAD_HEIGHT - 3
    wide = INSIDE / section.columns
    for row in _rows(section):
        flow.need(CARD_HEIGHT)
        for place, card in enumerate(row):
            flow.add(*_card(MARGIN + place * wide, flow.y, wide, card))
        flow.y += CARD_HEIGHT
    flow.y += 5


def _rows(section: Section) -> Iterator[Sequence[Card]]:
    cards, columns = section.cards, section.columns
    return (cards[place : place + columns] for place in range(0, len(cards), columns))


def _card(x: float, y: float, wide: float, card: Card) -> list[Element]:
    return [
        Box(x, y, wide, CARD_HEIGHT, 0.2),
        Text(x + 2, y + 1.8, card.word, 5.4, bold=True, width=wide - 4),
        Symbol(x + QUIET, y + 9.5, Code.CODE_128, card.code, MODULE, 15, room=wide - QUIET),
        Text(x + 2, y + 26.5, "  ".join(filter(None, (card.code, card.hint))), 3.2, width=wide - 4),
    ]
