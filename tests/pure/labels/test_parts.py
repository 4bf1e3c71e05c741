"""The pieces of the label engine: envelopes, numbers, letters, what printers say, what jobs store."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.documents import host_status, pdf, zpl
from sequencer.documents.drawing import facts_of
from sequencer.documents.elements import Code, Symbol, Text, single
from sequencer.documents.envelope import envelope, label_number, marked
from sequencer.documents.fonts import cut, fitting, text_width
from sequencer.labels import Kind, read_label
from tests.decoding import decoded, rasters
from tests.pure.labels.examples import EXAMPLES, OWN
from tests.zpl_reader import read, said

SIGNS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)


@settings(max_examples=25)
@given(
    values=st.lists(SIGNS, min_size=1, max_size=4),
    code=st.sampled_from([Code.DATA_MATRIX, Code.PDF_417, Code.QR]),
)
def test_any_envelope_comes_back_from_paper_as_it_went(values: list[str], code: Code) -> None:
    """Separators are no letters to a person and all the difference to a scanner."""
    data = envelope([("P", value) for value in values])
    document = single("x", 120, 120, [Symbol(10, 10, code, data, 0.6)])
    (image,) = rasters(pdf.render(document, 203), 203)
    assert [raw for _, raw in decoded(image)] == [data.encode()]


@settings(max_examples=200)
@given(text=st.text(max_size=60))
def test_no_text_can_speak_to_the_printer(text: str) -> None:
    """Whatever a master record holds, the stream has the same commands and the data comes back whole."""
    document = single("x", 100, 50, [Text(1, 1, text, 4)])
    (label,) = read(zpl.render(document, 203))
    assert [(field.kind, field.data) for field in label.fields] == [("TEXT", text)]


@settings(max_examples=100)
@given(data=SIGNS.filter(lambda text: not set("`{}|") <= set(text)))
def test_a_data_matrix_keeps_every_sign(data: str) -> None:
    (label,) = read(zpl.render(single("x", 100, 50, [Symbol(1, 1, Code.DATA_MATRIX, data, 0.5)]), 203))
    assert said(label.fields[0]) == data


def test_an_envelope_refuses_its_own_separators() -> None:
    with pytest.raises(ValueError, match="separator"):
        envelope([("P", "A\x1dB")])


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (f"%R:C-7#{OWN}", OWN),
        (f"]d2[)>\x1e06\x1dP8R0\x1dS1\x1dZ{OWN}\x1e\x04", OWN),
        ("6JUN123456789A000000123", "UN123456789A000000123"),
        ("[)>\x1e06\x1d12PGTL3\x1d5JUN123000000009\x1dQ3\x1e\x04", "UN123000000009"),
        ("%R:C-7", None),
        ("8R0-853-651 A", None),
        ("[)>\x1e06\x1dP8R0\x1dS1\x1e\x04", None),
        ("%C:SEAL", None),
    ],
)
def test_the_number_of_a_label_is_found_in_what_it_says(raw: str, number: str | None) -> None:
    assert label_number(raw) == number


def test_the_mark_of_a_paper_leaves_its_code_as_it_was() -> None:
    label = read_label(marked("%R:C-7", OWN))
    assert (label.kind, label.value) == (Kind.CARRIER, "C-7")
    slot = read_label(marked("%L:C-7:4", OWN))
    assert (slot.value, slot.slot) == ("C-7", 4)


def test_a_piece_is_read_by_the_station_as_part_and_serial() -> None:
    label = read_label(f"[)>\x1e06\x1dP8R0-853-651 A\x1d1PDL-4410-A\x1dS123\x1dZ{OWN}\x1e\x04")
    assert (label.numbers, label.serial) == (("8R0-853-651 A", "DL-4410-A"), "123")


@pytest.mark.parametrize("design", EXAMPLES)
def test_what_a_job_stores_is_what_is_drawn(design: str) -> None:
    stored = json.loads(json.dumps(asdict(EXAMPLES[design])))
    assert facts_of(design, stored) == EXAMPLES[design]
    assert facts_of(design, {**stored, "of_a_later_version": 1}) == EXAMPLES[design]


def test_a_text_is_made_to_fit_and_never_runs_over() -> None:
    wide = "WWWWWWWWWWWWWWWWWWWW"
    assert text_width(wide, fitting(wide, 10, 60, bold=True), bold=True) <= 60 + 1e-9
    short = cut(wide * 10, 10, 30)
    assert short.endswith("...")
    assert text_width(short, fitting(short, 10, 30)) <= 30 + 1e-6


READY = (
    b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n"
    b"\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n"
    b"\x020000,0\x03\r\n"
)  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "state", "done"),
    [
        (b"030,0,0", b"030,0,0", "READY", True),
        (b"030,0,0", b"030,1,0", "PAPER_OUT", False),
        (b"030,0,0", b"030,0,1", "PAUSED", False),
        (b",000,0,0,0,000", b",003,0,0,0,000", "READY", False),
        (b",000,0,0,0,000", b",003,1,0,0,000", "BUSY", False),
        (b"000,0,0,0,0,2", b"000,0,1,0,0,2", "HEAD_OPEN", False),
        (b"000,0,0,0,0,2", b"000,0,0,1,0,2", "RIBBON_OUT", False),
        (b"00000000,1", b"00000002,1", "READY", False),
        (b"4,0,00000000", b"4,1,00000000", "READY", False),
    ],
)
def test_a_printer_is_believed_when_it_says_what_is_wrong(
    old: bytes, new: bytes, state: str, done: bool
) -> None:
    status = host_status.read(READY.replace(old, new, 1))
    assert (status.state, status.done) == (state, done)


@pytest.mark.parametrize(
    "answer", [b"", b"hello", b"\x02a\x03\x02b\x03\x02c\x03", READY.replace(b"030,0", b"030,x")]
)
def test_what_is_no_status_is_refused(answer: bytes) -> None:
    with pytest.raises(ValueError, match="no host status"):
        host_status.read(answer)
