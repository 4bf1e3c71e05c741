"""Pages to SVG, for the eye: the preview in a browser shows what the printer gets."""

from __future__ import annotations

from html import escape

from sequencer.documents.elements import Align, Box, Page, Symbol, Text
from sequencer.documents.fonts import cut, text_width
from sequencer.documents.pdf import BASE, DPI
from sequencer.documents.symbols import bars

FAMILY = "Helvetica, Arial, Liberation Sans, sans-serif"
ANCHORS = {Align.LEFT: "start", Align.CENTRE: "middle", Align.RIGHT: "end"}


def render(page: Page, title: str) -> str:
    """One page as a picture, in millimetres, black on white whatever the theme."""
    body = "".join(_element(element) for element in page.elements)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(page.width)} {_n(page.height)}" '
        f'width="{_n(page.width)}mm" height="{_n(page.height)}mm" role="img">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{_n(page.width)}" height="{_n(page.height)}" fill="#ffffff"/>{body}</svg>'
    )


def _element(element: Text | Box | Symbol) -> str:
    if isinstance(element, Text):
        return _text(element)
    if isinstance(element, Box):
        return _box(element)
    path = "".join(
        f"M{_n(x)} {_n(y)}h{_n(width)}v{_n(height)}h-{_n(width)}z"
        for x, y, width, height in bars(element, DPI / 25.4)
    )
    return f'<path d="{path}" shape-rendering="crispEdges"/>'


def _text(text: Text) -> str:
    size = text.fitted
    said = cut(text.text, text.size, text.width, bold=text.bold) if text.width else text.text
    shift = {Align.LEFT: 0.0, Align.CENTRE: text.width / 2, Align.RIGHT: text.width}[text.align]
    weight = ' font-weight="700"' if text.bold else ""
    fill = ' fill="#ffffff"' if text.white else ""
    # The printer's letters are not the browser's; the length keeps the picture true whatever font is there.
    length = text_width(said, size, bold=text.bold)
    return (
        f'<text x="{_n(text.x + shift)}" y="{_n(text.y + size * BASE)}" font-size="{_n(size)}" '
        f'font-family="{FAMILY}" text-anchor="{ANCHORS[text.align]}" '
        f'textLength="{_n(length)}" lengthAdjust="spacingAndGlyphs"{weight}{fill}>'
        f"{escape(said)}</text>"
    )


def _box(box: Box) -> str:
    if box.filled:
        return f'<rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}"/>'
    half = box.thickness / 2
    return (
        f'<rect x="{_n(box.x + half)}" y="{_n(box.y + half)}" width="{_n(box.width - box.thickness)}" '
        f'height="{_n(box.height - box.thickness)}" fill="none" stroke="#000000" stroke-width="{_n(box.thickness)}"/>'
    )


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
