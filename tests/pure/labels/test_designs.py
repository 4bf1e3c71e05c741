"""Every design: its symbols read back by an independent decoder, its picture as it was looked at and found good."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from sequencer.documents import pdf, svg, zpl
from sequencer.documents.designs import DESIGNS, USUAL
from sequencer.documents.drawing import LABELS, PAPERS
from sequencer.documents.elements import Align, Box, Code, Document, Symbol, Text
from sequencer.documents.fonts import text_width
from sequencer.documents.kinds import DocumentKind
from sequencer.documents.symbols import size
from tests.decoding import codes, decoded, rasters
from tests.pure.labels.examples import EXAMPLES, LOAD, MIXED, OWN, PLATE, RACK, example
from tests.zpl_reader import read, said

GOLDEN = Path(__file__).parent / "golden"
NAMES = {
    Code.CODE_128: "Code128",
    Code.CODE_39: "Code39",
    Code.PDF_417: "PDF417",
    Code.DATA_MATRIX: "DataMatrix",
    Code.QR: "QRCode",
}
COMMANDS = {
    Code.CODE_128: "BC",
    Code.CODE_39: "B3",
    Code.PDF_417: "B7",
    Code.DATA_MATRIX: "BX",
    Code.QR: "BQ",
}

designs = pytest.mark.parametrize("design", EXAMPLES)
labels = pytest.mark.parametrize("design", LABELS)
resolutions = pytest.mark.parametrize("dpi", [203, 300])


def symbols(document: Document) -> list[Symbol]:
    return [e for page in document.pages for e in page.elements if isinstance(e, Symbol)]


def test_every_design_has_its_layout_and_its_example() -> None:
    assert set(DESIGNS) == set(LABELS) | set(PAPERS) == set(EXAMPLES)
    assert set(USUAL) == set(DocumentKind)
    assert all(kind in DESIGNS[design].kinds for kind, design in USUAL.items())


@resolutions
@designs
def test_every_symbol_on_paper_says_what_was_meant(design: str, dpi: int) -> None:
    """Group and record separators included, at the resolution of the printer."""
    document = example(design)
    found = sorted(symbol for image in rasters(pdf.render(document, dpi), dpi) for symbol in decoded(image))
    assert found == sorted((NAMES[s.code], s.data.encode()) for s in symbols(document))


@resolutions
@labels
def test_the_commands_for_a_label_printer_say_the_same(design: str, dpi: int) -> None:
    """The subset of ZPL read back: each symbol once, at its place, within the label with its quiet zone."""
    document = example(design)
    (label,) = read(zpl.render(document, dpi, 2))
    page, dpmm = document.pages[0], dpi / 25.4
    assert (label.width, label.height, label.copies) == (
        round(page.width * dpmm),
        round(page.height * dpmm),
        2,
    )
    wanted = symbols(document)
    drawn = [field for field in label.fields if field.kind in COMMANDS.values()]
    assert [(f.kind, said(f)) for f in drawn] == [(COMMANDS[s.code], s.data) for s in wanted]
    for field, symbol in zip(drawn, wanted, strict=True):
        wide, high = (length * dpmm for length in size(symbol, dpmm))
        quiet = 10 * field.module if symbol.code in {Code.CODE_128, Code.CODE_39} else 2
        assert field.x >= quiet - 2
        assert field.x + wide + quiet <= label.width + 2
        assert field.y + high <= label.height
    texts = [field.data for field in label.fields if field.kind == "TEXT"]
    assert texts == [element.text for element in page.elements if isinstance(element, Text)]


@designs
def test_nothing_runs_out_of_the_paper(design: str) -> None:
    for page in example(design).pages:
        for element in page.elements:
            wide, high = extent(element)
            assert element.x >= 0
            assert element.y >= 0
            assert element.x + wide <= page.width + 0.01, element
            assert element.y + high <= page.height + 0.01, element


def extent(element: Text | Box | Symbol) -> tuple[float, float]:
    if isinstance(element, Box):
        return element.width, element.height
    if isinstance(element, Symbol):
        return size(element, 203 / 25.4)
    return element.width or text_width(element.text, element.size, bold=element.bold), element.fitted


@designs
def test_no_symbol_touches_a_letter_or_another_symbol(design: str) -> None:
    """A line through a bar code is what scanners fail at first."""
    for page in example(design).pages:
        inked = [e for e in page.elements if isinstance(e, Symbol | Text)]
        for symbol in (e for e in inked if isinstance(e, Symbol)):
            x, y, right, bottom = ink(symbol)
            for other in (e for e in inked if e is not symbol):
                left, top, end, low = ink(other)
                assert left >= right or end <= x or top >= bottom or low <= y, (symbol, other)


def ink(element: Text | Symbol) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what is really black."""
    wide, high = extent(element)
    x = element.x
    if isinstance(element, Text):
        black = text_width(element.text, element.fitted, bold=element.bold)
        x += {Align.LEFT: 0.0, Align.CENTRE: (wide - black) / 2, Align.RIGHT: wide - black}[element.align]
        wide, high = black, high * 0.8
    return x, element.y, x + wide, element.y + high


@designs
def test_the_picture_is_the_one_that_was_looked_at(design: str) -> None:
    """Golden images at 100 dpi. `JIS_GOLDEN=write` stores them anew: then look at each before it is kept."""
    picture = rasters(pdf.render(example(design)), 100)[0]
    kept = GOLDEN / f"{design}.png"
    if os.environ.get("JIS_GOLDEN") == "write":
        picture.quantize(16).save(kept, optimize=True)
    golden = Image.open(kept).convert("L")
    assert golden.size == picture.size
    different = ImageChops.difference(golden, picture).point(lambda level: 255 if level > 96 else 0)
    share = different.histogram()[255] / (picture.width * picture.height)
    assert share < 0.001, f"{share:.2%} of the picture differ"


@labels
def test_the_commands_are_the_ones_that_were_read(design: str) -> None:
    """Golden ZPL at 203 dpi, to the byte."""
    content = zpl.render(example(design), 203)
    kept = GOLDEN / f"{design}.zpl"
    if os.environ.get("JIS_GOLDEN") == "write":
        kept.write_bytes(content)
    assert content == kept.read_bytes()


@designs
def test_the_preview_draws_every_element(design: str) -> None:
    for page in example(design).pages:
        drawn = svg.render(page, "title & more")
        assert "title &amp; more" in drawn
        assert drawn.count("<text") == sum(isinstance(e, Text) for e in page.elements)
        assert drawn.count("<path") == sum(isinstance(e, Symbol) for e in page.elements)


def test_a_picture_that_is_not_the_golden_one_is_seen() -> None:
    """The comparison above can fail: another sequence range is another picture."""
    golden = Image.open(GOLDEN / "rack-102x152.png").convert("L")
    other = rasters(pdf.render(example("rack-102x152", replace(RACK, low="3486"))), 100)[0]
    different = ImageChops.difference(golden, other).point(lambda level: 255 if level > 96 else 0)
    assert different.histogram()[255] / (other.width * other.height) > 0.001


@pytest.mark.parametrize(
    ("facts", "letters"),
    [(LOAD, ("6J", "M")), (MIXED, ("5J", "G")), (replace(LOAD, single=True), ("1J", "S"))],
)
def test_the_identifier_tells_what_kind_of_load_it_is(facts: object, letters: tuple[str, str]) -> None:
    plate, package = letters
    assert f"{plate}{PLATE}" in codes(pdf.render(example("gtl-a5", facts)))
    assert f"{plate}{PLATE}" in codes(pdf.render(example("aiag-b10", facts)))
    assert f"{package}000000123" in codes(pdf.render(example("vda-4902", facts)))


def test_a_mixed_load_claims_no_part_number() -> None:
    for design in ("gtl-a5", "aiag-b10", "odette-otl", "vda-4902"):
        said = codes(pdf.render(example(design, MIXED)))
        assert not any("8R0-853-651" in code for code in said), design


def test_the_data_matrix_of_a_gtl_is_one_scan_for_all() -> None:
    said = next(code for code in codes(pdf.render(example("gtl-a5"))) if code.startswith("[)>"))
    assert said == (
        "[)>\x1e06\x1d12PGTL3\x1d6JUN123456789A000000123\x1d2LP1\x1d21LD4\x1d20LLF-12\x1dV0012345678"
        "\x1dP8R0-853-651 A\x1d1PDL-4410-A\x1dQ12\x1d3QPCE\x1d2P002\x1d1TB-2231\x1d16D20261121\x1d2SS-000031"
        "\x1d4LDE\x1d7Q214.5GT\x1e\x04"
    )


def test_every_label_names_its_number_and_its_job() -> None:
    for design in LABELS:
        texts = [e.text for e in example(design).pages[0].elements if isinstance(e, Text)]
        assert any("123-1" in text for text in texts), design
        assert any(OWN in text or "000000123" in text.replace(" ", "") for text in texts), design


def test_a_number_too_long_for_its_bars_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"needs 1\d\d mm"):
        example("aiag-b10", replace(LOAD, part="8R0-853-651-A-WITH-A-VERY-LONG-TAIL"))


def test_a_letter_code_39_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="cannot say 'ä'"):
        pdf.render(example("vda-4902", replace(LOAD, part="8R0ä")))


def test_an_optional_number_too_long_for_bars_stands_in_letters() -> None:
    long = "DL-4410-A-SUPPLIER-NUMBER-OF-35-SIGN"
    document = example("odette-otl", replace(LOAD, supplier_part=long))
    assert not any(long in symbol.data for symbol in symbols(document))
    assert any(isinstance(e, Text) and e.text == long for e in document.pages[0].elements)
