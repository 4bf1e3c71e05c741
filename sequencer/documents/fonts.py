"""How wide a text is. The widths are Helvetica's; what printers put in its place is no wider."""

from __future__ import annotations

import unicodedata

# Thousandths of the size, from blank to tilde, as the fonts' metrics give them.
PLAIN = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
)  # fmt: skip
BOLD = (
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
    556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
    280, 389, 584,
)  # fmt: skip
OTHER = 1000
# Below this nobody reads a label; a longer text is cut instead.
SMALLEST = 1.6


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """In the unit of `size`."""
    widths = BOLD if bold else PLAIN
    return sum(_width(letter, widths) for letter in text) * size / 1000


def _width(letter: str, widths: tuple[int, ...]) -> int:
    """An accented letter is as wide as its base; what is no Latin letter counts as a full square."""
    base = unicodedata.normalize("NFD", letter)[0]
    if letter in "·–":
        return 556
    return widths[ord(base) - 32] if " " <= base <= "~" else OTHER


def fitting(text: str, size: float, width: float, *, bold: bool = False) -> float:
    """The largest size up to `size` at which the text is no wider than `width`, but never below the smallest."""
    wide = text_width(text, size, bold=bold)
    return size if wide <= width else max(size * width / wide, min(size, SMALLEST))


def cut(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """The text as it stands, or its beginning with dots when even the smallest letters do not fit."""
    if text_width(text, fitting(text, size, width, bold=bold), bold=bold) <= width + 1e-6:
        return text
    small = min(size, SMALLEST)
    while text and text_width(f"{text}...", small, bold=bold) > width:
        text = text[:-1]
    return f"{text.rstrip()}..."
