"""What a page is made of. All lengths in millimetres, the origin is the upper left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sequencer.documents.fonts import fitting


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class Code(StrEnum):
    """The symbologies of the plant's paper."""

    CODE_128 = "CODE_128"
    CODE_39 = "CODE_39"
    PDF_417 = "PDF_417"
    DATA_MATRIX = "DATA_MATRIX"
    QR = "QR"


@dataclass(frozen=True, slots=True)
class Text:
    """One line. `y` is its upper edge, `size` the height of the letters with their leading.

    With a `width` the line is aligned in it and made smaller until it fits; it never runs out of its box.
    """

    x: float
    y: float
    text: str
    size: float
    bold: bool = False
    align: Align = Align.LEFT
    width: float = 0.0
    white: bool = False

    @property
    def fitted(self) -> float:
        return fitting(self.text, self.size, self.width, bold=self.bold) if self.width else self.size


@dataclass(frozen=True, slots=True)
class Box:
    """A frame of that thickness, drawn inwards, or a filled area. A line is a flat filled one."""

    x: float
    y: float
    width: float
    height: float
    thickness: float = 0.3
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Symbol:
    """A machine-readable symbol. `module` is the width of its narrowest bar or cell, `height` that of linear bars.

    `columns`: data columns of a PDF417. `room`: how wide it may become, for data whose length others choose. The
    quiet zone lies outside `x` and `y` and is the layout's to keep.
    """

    x: float
    y: float
    code: Code
    data: str
    module: float
    height: float = 0.0
    columns: int = 0
    room: float = 0.0


Element = Text | Box | Symbol


@dataclass(frozen=True, slots=True)
class Page:
    """One label or one sheet of paper."""

    width: float
    height: float
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    pages: tuple[Page, ...]


def line(x: float, y: float, *, width: float = 0.0, height: float = 0.0, thickness: float = 0.3) -> Box:
    """A rule across or down."""
    return Box(x, y, width or thickness, height or thickness, filled=True)


def single(title: str, width: float, height: float, elements: Sequence[Element]) -> Document:
    return Document(title, (Page(width, height, tuple(elements)),))
