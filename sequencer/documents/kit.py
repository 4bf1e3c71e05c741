"""The kit list of a pick cart: what is picked for each vehicle of a rack, in the order the cart is filled."""

from __future__ import annotations

from sequencer.documents.elements import Box, Document, Text, line
from sequencer.documents.facts import Kit, KitLine, KitPart
from sequencer.documents.papers import INSIDE, MARGIN, Flow, Say
from sequencer.marks import gettext_noop

COLUMNS = (
    (gettext_noop("SLOT"), 14.0), (gettext_noop("SEQUENCE"), 28.0), (gettext_noop("BIN"), 30.0),
    (gettext_noop("QTY"), 14.0), (gettext_noop("PART"), 40.0), ("", 46.0), ("", 10.0),
)  # fmt: skip
ROW = 6.4


def kit_list(kit: Kit, number: str = "", key: str = "", printed: str = "", say: Say = str) -> Document:
    """One rack on as many sheets as it takes; a vehicle is never cut over two."""
    flow = Flow(say)
    flow.add(
        Text(MARGIN, 14, say("KIT LIST %(rack)s") % {"rack": kit.rack}, 9, bold=True, width=INSIDE),
        Text(MARGIN, 25, f"{kit.line} · {kit.commodity}", 4.4, width=INSIDE - 60),
        Text(
            MARGIN + INSIDE - 58, 25, say("needed %(time)s") % {"time": kit.needed}, 4.4, bold=True, width=58
        ),
    )
    if kit.needed_oem:
        flow.add(Text(MARGIN + INSIDE - 58, 29.8, f"OEM {kit.needed_oem}", 3.4, width=58))
    flow.y = 34
    flow.head(COLUMNS)
    for row in kit.lines:
        if flow.need(max(1, len(row.parts)) * ROW + 2):
            flow.head(COLUMNS)
        _vehicle(flow, row)
    if kit.totals:
        if flow.need(12 + ROW):
            flow.head(COLUMNS)
        flow.y += 5
        flow.add(Text(MARGIN, flow.y, say("TO FETCH, BY BIN"), 3.4, bold=True))
        flow.y += 6
        for part in kit.totals:
            flow.need(ROW)
            _part(flow, part)
            flow.y += ROW
    return flow.document(say("Kit list %(rack)s") % {"rack": kit.rack}, printed, number, key)


def _vehicle(flow: Flow, row: KitLine) -> None:
    edges = _edges()
    flow.add(
        Text(edges[0][0], flow.y + 1.2, row.slot, 4.4, bold=True, width=edges[0][1]),
        Text(edges[1][0], flow.y + 1.2, row.sequence, 4.4, bold=True, width=edges[1][1]),
    )
    if row.note:
        flow.add(Text(edges[2][0], flow.y + 1.4, row.note, 4, bold=True, width=INSIDE - 50))
        flow.y += ROW
    for part in row.parts:
        _part(flow, part)
        flow.y += ROW
    flow.y += 1
    flow.add(line(MARGIN, flow.y, width=INSIDE, thickness=0.1))


def _part(flow: Flow, part: KitPart) -> None:
    edges = _edges()
    texts = (
        (2, part.bin or "–", True),
        (3, str(part.quantity), True),
        (4, part.part, True),
        (5, part.description, False),
    )
    flow.add(
        *(
            Text(edges[at][0], flow.y + 1.4, text, 3.8, bold=bold, width=edges[at][1])
            for at, text, bold in texts
        ),
        Box(edges[6][0] + 2, flow.y + 1.2, 4.2, 4.2),
    )


def _edges() -> list[tuple[float, float]]:
    x, found = MARGIN, []
    for _, width in COLUMNS:
        found.append((x + 0.6, width - 1.6))
        x += width
    return found
