"""Reads paper back the way a goods-in clerk's scanner does: by a decoder that shares nothing with the encoder."""

from __future__ import annotations

import pypdfium2
import zxingcpp
from PIL import Image

# What a goods-in scanner is set to read. With everything on, six letters of Code 39 are an Italian pharmacy number.
FORMATS = (
    zxingcpp.BarcodeFormat.Code128,
    zxingcpp.BarcodeFormat.Code39Std,
    zxingcpp.BarcodeFormat.PDF417,
    zxingcpp.BarcodeFormat.DataMatrix,
    zxingcpp.BarcodeFormat.QRCode,
)


def rasters(pdf: bytes, dpi: int) -> list[Image.Image]:
    """Every page in grey, at the resolution a printer has."""
    pages = pypdfium2.PdfDocument(pdf)
    return [pages[n].render(scale=dpi / 72, grayscale=True).to_pil() for n in range(len(pages))]


def decoded(image: Image.Image) -> list[tuple[str, bytes]]:
    """(symbology, data) of every symbol on a picture, from top to bottom, then left to right."""
    found = sorted(
        zxingcpp.read_barcodes(image, formats=FORMATS),
        key=lambda symbol: (round(symbol.position.top_left.y / 20), symbol.position.top_left.x),
    )
    return [(str(symbol.format).replace(" ", "").replace("Std", ""), symbol.bytes) for symbol in found]


def codes(pdf: bytes, dpi: int = 300) -> list[str]:
    """The data of every symbol of a document."""
    return [data.decode() for image in rasters(pdf, dpi) for _, data in decoded(image)]


def words(pdf: bytes) -> str:
    """Every text of a document."""
    pages = pypdfium2.PdfDocument(pdf)
    return " ".join(pages[n].get_textpage().get_text_bounded() for n in range(len(pages)))
