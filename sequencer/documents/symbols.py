"""Data to bars and cells. Only this module knows zint."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, cast

import zint

from sequencer.documents.elements import Code, Symbol

KINDS = {
    Code.CODE_128: zint.Symbology.CODE128,
    Code.CODE_39: zint.Symbology.CODE39,
    Code.PDF_417: zint.Symbology.PDF417,
    Code.DATA_MATRIX: zint.Symbology.DATAMATRIX,
    Code.QR: zint.Symbology.QRCODE,
}
LINEAR = frozenset({Code.CODE_128, Code.CODE_39})
# A row of PDF417 is three modules high; level 5 corrects 64 code words, as the label standards ask.
PDF_ROW, PDF_LEVEL = 3, 5
# Share of a QR symbol that may be lost: M, 15 %.
QR_LEVEL = 2
# The coarsest label printers, 203 dots an inch, need the most room.
COARSE = 203 / 25.4
CODE_39_LETTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%")


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of dark (True) and light modules. `row_height` in modules; 0: a linear symbol, as high as asked."""

    rows: tuple[tuple[bool, ...], ...]
    row_height: int

    @property
    def across(self) -> int:
        return len(self.rows[0])


def cells(symbol: Symbol) -> Cells:
    """The symbol's modules. ValueError when the data cannot be said in that symbology."""
    return _encoded(symbol.code, symbol.data, symbol.columns)


@lru_cache(maxsize=512)
def _encoded(code: Code, data: str, columns: int) -> Cells:
    if not data:
        raise ValueError(f"a {code} symbol needs data")
    if code is Code.CODE_39 and not CODE_39_LETTERS.issuperset(data):
        wrong = "".join(sorted(set(data) - CODE_39_LETTERS))
        raise ValueError(f"Code 39 cannot say {wrong!r} in {data!r}; choose a design with Code 128")
    maker = zint.Symbol()
    maker.symbology = KINDS[code]
    maker.input_mode = zint.InputMode.UNICODE
    if code is Code.PDF_417:
        maker.option_1 = PDF_LEVEL
        maker.option_2 = columns
    elif code is Code.QR:
        maker.option_1 = QR_LEVEL
    elif code is Code.DATA_MATRIX:
        maker.option_3 = zint.DataMatrixOptions.SQUARE
    try:
        maker.encode(data)
    except Exception as error:  # the binding raises its own and plain RuntimeErrors
        raise ValueError(f"{data!r} does not fit a {code} symbol: {error}") from error
    packed: list[list[int]] = cast(Any, maker.encoded_data).tolist()
    rows = tuple(
        tuple(bool(row[column >> 3] >> (column & 7) & 1) for column in range(maker.width))
        for row in packed[: maker.rows]
    )
    if code is Code.CODE_39:
        rows = tuple(_three_to_one(row) for row in rows)
    return Cells(rows, 0 if code in LINEAR else PDF_ROW if code is Code.PDF_417 else 1)


def _three_to_one(row: tuple[bool, ...]) -> tuple[bool, ...]:
    """Wide bars of Code 39 three times the narrow ones, as the label standards want them; zint draws two."""
    return tuple(dark for dark, run in groupby(row) for _ in range(3 if len(list(run)) > 1 else 1))


def dots(length: float, dots_per_mm: float) -> int:
    """A module in whole printer dots: bars of unequal width are what scanners fail at."""
    return max(1, round(length * dots_per_mm))


def size(symbol: Symbol, dots_per_mm: float) -> tuple[float, float]:
    """Width and height in mm when printed with whole dots."""
    found = cells(symbol)
    module = dots(symbol.module, dots_per_mm) / dots_per_mm
    if not found.row_height:
        return found.across * module, symbol.height
    return found.across * module, len(found.rows) * found.row_height * module


def check_room(symbol: Symbol) -> None:
    """ValueError for a symbol that runs out of its field: nobody may find that out at the OEM's goods-in."""
    wide = size(symbol, COARSE)[0]
    if symbol.room and wide > symbol.room + 1e-6:
        raise ValueError(
            f"{symbol.data!r} needs {wide:.0f} mm as {symbol.code}; its field has {symbol.room:.0f} mm. "
            "Choose a design with more room"
        )


def bars(symbol: Symbol, dots_per_mm: float) -> list[tuple[float, float, float, float]]:
    """The dark areas (x, y, width, height) in mm on the page, each row's neighbours joined to one."""
    found = cells(symbol)
    module = dots(symbol.module, dots_per_mm) / dots_per_mm
    high = found.row_height * module or symbol.height
    dark = []
    for number, row in enumerate(found.rows):
        start = None
        for column, is_dark in enumerate((*row, False)):
            if is_dark and start is None:
                start = column
            elif not is_dark and start is not None:
                dark.append(
                    (symbol.x + start * module, symbol.y + number * high, (column - start) * module, high)
                )
                start = None
    return dark
