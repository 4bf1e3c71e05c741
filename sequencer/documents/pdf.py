"""Pages to PDF. Only this module knows reportlab."""

from __future__ import annotations

import unicodedata
from io import BytesIO
from typing import TYPE_CHECKING

from sequencer.documents.elements import Align, Box, Document, Page, Symbol, Text
from sequencer.documents.fonts import cut
from sequencer.documents.symbols import bars

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

# In points, the unit of PDF.
mm = 72 / 25.4
# Page printers have 600 dots an inch; bars on a grid of 300 are whole dots there too.
DPI = 300
# Where the base line stands in a line of text.
BASE = 0.78


def render(document: Document, dpi: int = DPI) -> bytes:
    """The document, a page a page, its bars on the grid of that resolution. The same document, the same bytes."""
    # Loaded where paper is drawn: few processes of a plant draw any.
    from reportlab.pdfgen.canvas import Canvas

    content = BytesIO()
    canvas = Canvas(content, invariant=1)
    canvas.setTitle(document.title)
    canvas.setAuthor("jis-sequencer")
    for page in document.pages:
        canvas.setPageSize((page.width * mm, page.height * mm))
        _draw(canvas, page, dpi / 25.4)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def _draw(canvas: Canvas, page: Page, dots_per_mm: float) -> None:
    for element in page.elements:
        canvas.setFillGray(0)
        if isinstance(element, Text):
            _text(canvas, page, element)
        elif isinstance(element, Box):
            _box(canvas, page, element)
        else:
            _symbol(canvas, page, element, dots_per_mm)


def _text(canvas: Canvas, page: Page, text: Text) -> None:
    size = text.fitted
    said = cut(text.text, text.size, text.width, bold=text.bold) if text.width else text.text
    canvas.setFont("Helvetica-Bold" if text.bold else "Helvetica", size * mm)
    canvas.setFillGray(1 if text.white else 0)
    y = (page.height - text.y - size * BASE) * mm
    if text.align is Align.CENTRE:
        canvas.drawCentredString((text.x + text.width / 2) * mm, y, printable(said))
    elif text.align is Align.RIGHT:
        canvas.drawRightString((text.x + text.width) * mm, y, printable(said))
    else:
        canvas.drawString(text.x * mm, y, printable(said))


def printable(text: str) -> str:
    """The standard fonts know Western letters; others lose their accent rather than become black boxes."""
    return "".join(letter if _western(letter) else unicodedata.normalize("NFD", letter)[0] for letter in text)


def _western(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _box(canvas: Canvas, page: Page, box: Box) -> None:
    if box.filled:
        canvas.rect(
            box.x * mm,
            (page.height - box.y - box.height) * mm,
            box.width * mm,
            box.height * mm,
            stroke=0,
            fill=1,
        )
        return
    half = box.thickness / 2
    canvas.setLineWidth(box.thickness * mm)
    canvas.rect(
        (box.x + half) * mm,
        (page.height - box.y - box.height + half) * mm,
        (box.width - box.thickness) * mm,
        (box.height - box.thickness) * mm,
        stroke=1,
        fill=0,
    )


def _symbol(canvas: Canvas, page: Page, symbol: Symbol, dots_per_mm: float) -> None:
    """One path for all bars: a page of barcodes stays small."""
    path = canvas.beginPath()
    for x, y, width, height in bars(symbol, dots_per_mm):
        path.rect(x * mm, (page.height - y - height) * mm, width * mm, height * mm)
    canvas.drawPath(path, stroke=0, fill=1)
