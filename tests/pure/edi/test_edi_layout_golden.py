"""Golden pairs of VDA and broadcasts, and that line ends, streaming and pieces of any size change nothing."""

import hashlib
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from edi.formats import Inspection, is_complete, read, read_stream
from tests.pure.edi import fuzzing
from tests.pure.edi.edi_golden import GOLDEN, profile_for

PAIRS = sorted(GOLDEN.glob("*.edi"))
VDA = [path for path in PAIRS if "vda" in path.stem]


def expected(path: Path) -> object:
    told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for interchange in told["interchanges"]:
        if interchange["control_ref"] == "HASH":
            interchange["control_ref"] = digest[:32]
    return told | {"sha256": digest}


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_a_file_reads_as_its_json_says(path: Path) -> None:
    reading = read(path.read_bytes(), profile_for(path.stem))
    assert reading.as_json() == expected(path)
    assert reading.accepted


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_streamed_inspection_says_the_same(path: Path) -> None:
    inspection = Inspection(io.BytesIO(path.read_bytes()), profile_for(path.stem))
    assert json.loads("".join(inspection.pieces())) == expected(path)


class Dripping(io.RawIOBase):
    """A stream that cannot go back and gives out a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self.rest = io.BytesIO(data)
        self.size = size

    def read(self, size: int = -1) -> bytes:
        return self.rest.read(self.size if size < 0 else min(size, self.size))


def parts(data: bytes, name: str, size: int) -> Iterator[object]:
    yield from read_stream(Dripping(data, size), profile_for(name))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
@pytest.mark.parametrize("size", [1, 7, 127, 129])
def test_the_size_of_the_pieces_changes_nothing(path: Path, size: int) -> None:
    data = path.read_bytes()
    assert list(parts(data, path.stem, size)) == list(parts(data, path.stem, 1 << 20))


@pytest.mark.parametrize("path", VDA, ids=lambda path: path.stem)
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r", b"\r\n\r\n", b"\x00\r\n"], ids=repr)
def test_a_vda_file_reads_alike_with_any_line_ends_or_none(path: Path, end: bytes) -> None:
    data = path.read_bytes().replace(b"\r", b"").replace(b"\n", b"")
    records = [data[at : at + 128] for at in range(0, len(data), 128)]
    told = read(end.join([*records, b""]), profile_for(path.stem))
    assert told.interchanges == read(path.read_bytes(), profile_for(path.stem)).interchanges
    assert (told.format, told.problems) == ("vda", ())


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_a_whole_file_is_complete_and_no_beginning_of_it_is(path: Path) -> None:
    data, profile = path.read_bytes(), profile_for(path.stem)
    whole = is_complete(io.BytesIO(data), profile)
    # Without a trailer only the writer's silence tells.
    assert whole is (None if path.stem in ("delimited", "json_list") else True)
    # Up to its last counter a VDA trailer may lack only blanks; a broadcast may lack only its last line end.
    needed = len(data.rstrip()) if path in VDA else len(data) - 2
    cut = [length for length in range(needed) if is_complete(io.BytesIO(data[:length]), profile)]
    assert cut == []


SEEDS = tuple(fuzzing.Seed(path.stem, path.read_bytes(), profile_for(path.stem)) for path in PAIRS)


def test_damaged_files_of_every_layout_throw_nothing() -> None:
    chance = random.Random(20261121)
    for number in range(600):
        data, profile = fuzzing.mutated(chance, SEEDS)
        step = chance.choice((1, 7, 129)) if number % 10 == 0 and len(data) < 20_000 else 0
        assert list(fuzzing.broken_promises(data, profile, step)) == [], data
        is_complete(io.BytesIO(data), profile)


@pytest.mark.parametrize("path", VDA, ids=lambda path: path.stem)
def test_a_lost_character_of_a_transmission_is_never_accepted(path: Path) -> None:
    data, profile = path.read_bytes().replace(b"\r", b"").replace(b"\n", b""), profile_for(path.stem)
    # In the trailer only a padding zero could be lost, and nothing else would shift.
    for at in range(len(data) - 128):
        reading = read(data[:at] + data[at + 1 :], profile)
        assert not reading.accepted, at
