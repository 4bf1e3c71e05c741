"""Golden pairs: every synthetic sample of every partner reads exactly as its JSON says."""

import io
import json
from pathlib import Path

import pytest

from edi.formats import Inspection, load_profile, read

ROOT = Path(__file__).resolve().parents[3]
PARTNERS = ROOT / "edi" / "partners"
SAMPLES = sorted(path for path in PARTNERS.glob("*/*") if path.suffix not in (".toml", ".json", ".md"))


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("sample", SAMPLES, ids=name)
def test_a_sample_reads_as_its_json_says(sample: Path) -> None:
    expected = json.loads(sample.with_suffix(".json").read_text())
    assert read(sample.read_bytes(), load_profile(sample.parent)).as_json() == expected


@pytest.mark.parametrize("sample", SAMPLES, ids=name)
def test_streamed_inspection_says_the_same(sample: Path) -> None:
    expected = json.loads(sample.with_suffix(".json").read_text())
    inspection = Inspection(io.BytesIO(sample.read_bytes()), load_profile(sample.parent))
    assert json.loads("".join(inspection.pieces())) == expected


def test_inspection_of_something_else_is_still_one_json_object() -> None:
    inspection = Inspection(io.BytesIO(b"\x00\x01\x02"))
    told = json.loads("".join(inspection.pieces()))
    assert (told["format"], told["interchanges"], inspection.accepted) == (None, [], False)


def test_every_partner_folder_ships_a_profile_and_a_sample() -> None:
    folders = [path for path in PARTNERS.iterdir() if path.is_dir()]
    assert {path.name for path in folders} >= {"generic_deljit", "generic_866"}
    assert all((path / "profile.toml").is_file() for path in folders)
    assert {sample.parent for sample in SAMPLES} == set(folders)
