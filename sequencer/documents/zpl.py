"""Pages to ZPL II, for label printers. Data never speaks to the printer: whatever is not plain is hex-escaped."""

from __future__ import annotations

from sequencer.documents.elements import Align, Box, Code, Document, Page, Symbol, Text
from sequencer.documents.fonts import cut
from sequencer.documents.symbols import PDF_LEVEL, PDF_ROW, dots

# What ^FD takes as it stands; `_` starts a hex escape, `^` and `~` start commands, `\` and `>` mean things to symbols.
PLAIN = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 !\"#$%&'()*+,-./:;<=?@[]`{|}"
)
# The escape sign inside a Data Matrix; the first one that the data does not hold. Never `~`: it starts a command.
ESCAPES = "`{}|"
ALIGN = {Align.LEFT: "L", Align.CENTRE: "C", Align.RIGHT: "R"}
MAGNIFICATION_MOST = 10


def render(document: Document, dpi: int, copies: int = 1) -> bytes:
    """The commands for a printer of that resolution (203 or 300 dpi). ValueError for what ZPL cannot say."""
    return "".join(_page(page, dpi / 25.4, copies) for page in document.pages).encode()


def _page(page: Page, dpmm: float, copies: int) -> str:
    """UTF-8 data, one label, home at the corner, so many copies."""
    head = f"^XA^CI28^PW{_d(page.width, dpmm)}^LL{_d(page.height, dpmm)}^LH0,0"
    body = "\n".join(_element(element, dpmm) for element in page.elements)
    return f"{head}\n{body}\n^PQ{copies},0,0,N^XZ\n"


def _element(element: Text | Box | Symbol, dpmm: float) -> str:
    origin = f"^FO{_d(element.x, dpmm)},{_d(element.y, dpmm)}"
    if isinstance(element, Text):
        return f"{origin}{_text(element, dpmm)}^FS"
    if isinstance(element, Box):
        return f"{origin}{_box(element, dpmm)}^FS"
    return f"{origin}{_symbol(element, dpmm)}^FS"


def _text(text: Text, dpmm: float) -> str:
    size = _d(text.fitted, dpmm)
    said = cut(text.text, text.size, text.width, bold=text.bold) if text.width else text.text
    reverse = "^FR" if text.white else ""
    block = f"^FB{_d(text.width, dpmm)},1,0,{ALIGN[text.align]}" if text.width else ""
    return f"{reverse}^A0N,{size},{size}{block}{field(said)}"


def _box(box: Box, dpmm: float) -> str:
    width, height = max(1, _d(box.width, dpmm)), max(1, _d(box.height, dpmm))
    thickness = min(width, height) if box.filled else max(1, _d(box.thickness, dpmm))
    return f"^GB{width},{height},{thickness}"


def _symbol(symbol: Symbol, dpmm: float) -> str:
    module, height = dots(symbol.module, dpmm), _d(symbol.height, dpmm)
    if symbol.code is Code.CODE_128:
        return f"^BY{module}^BCN,{height},N,N,N,A{field(symbol.data)}"
    if symbol.code is Code.CODE_39:
        return f"^BY{module},3.0^B3N,N,{height},N,N{field(symbol.data)}"
    if symbol.code is Code.PDF_417:
        if "\\" in symbol.data:
            raise ValueError(
                "a backslash means something else inside a PDF417 of a label printer; leave it out"
            )
        return f"^BY{module}^B7N,{module * PDF_ROW},{PDF_LEVEL},{symbol.columns},,N{field(symbol.data)}"
    if symbol.code is Code.QR:
        return f"^BQN,2,{min(module, MAGNIFICATION_MOST)}{field(f'MA,{symbol.data}')}"
    escape = next((sign for sign in ESCAPES if sign not in symbol.data), None)
    if escape is None:
        raise ValueError(f"{symbol.data!r} holds every sign that could escape a Data Matrix")
    return f"^BXN,{module},200,,,,{escape}{field(symbol.data)}"


def field(data: str) -> str:
    """A field's data with hex escapes for everything that is not plain, byte by byte of its UTF-8."""
    return "^FH^FD" + "".join(
        letter if letter in PLAIN else "".join(f"_{byte:02X}" for byte in letter.encode()) for letter in data
    )


def _d(length: float, dpmm: float) -> int:
    return round(length * dpmm)
